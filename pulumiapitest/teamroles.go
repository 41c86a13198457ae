package pulumiapitest

import (
	"fmt"
	"time"
)

var teamRoleRoutes = []route{
	{
		endpoint: "POST /api/orgs/{orgName}/teams/{teamName}/enable-team-roles",
		handle:   (*Server).enableTeamRoles,
	},
	{
		endpoint: "GET /api/orgs/{orgName}/teams/{teamName}/roles",
		handle:   (*Server).listTeamRoles,
	},
	{
		endpoint: "POST /api/orgs/{orgName}/teams/{teamName}/roles/{roleID}",
		handle:   (*Server).setTeamRole,
	},
	{
		endpoint: "DELETE /api/orgs/{orgName}/teams/{teamName}/roles/{roleID}",
		handle:   (*Server).removeTeamRole,
	},
}

type wireRole struct {
	Created           time.Time      `json:"created"`
	DefaultIdentifier string         `json:"defaultIdentifier,omitempty"`
	Description       string         `json:"description,omitempty"`
	Details           map[string]any `json:"details"`
	ID                string         `json:"id"`
	IsOrgDefault      bool           `json:"isOrgDefault"`
	Modified          time.Time      `json:"modified"`
	Name              string         `json:"name"`
	OrgID             string         `json:"orgId"`
	UXPurpose         string         `json:"uxPurpose"`
	Version           int            `json:"version"`
}

// wireRole has no permissions in it: the cloud knows roles by name only.
func (o *organization) wireRole(r *Role) wireRole {
	return wireRole{
		Created: r.Modified.UTC(), DefaultIdentifier: r.builtIn, ID: r.ID, IsOrgDefault: r.builtIn == roleMember,
		Description: r.Description, Details: map[string]any{"__type": "PermissionDescriptorGroup", "entries": []any{}},
		Modified: r.Modified.UTC(), Name: r.Name, OrgID: o.settings.ID, UXPurpose: r.purpose(), Version: 1,
	}
}

// enableTeamRoles makes the team's own role.
func (s *Server) enableTeamRoles(c *call) (reply, error) {
	o, t, err := s.findTeam(c)
	if err != nil {
		return reply{}, err
	}
	id := fakeUUID("role of team " + o.name + "/" + t.Name)
	if o.role(id) != nil {
		return reply{}, badRequest("Role with this name already exists")
	}
	o.roles = append(o.roles, Role{ID: id, Name: t.Name + " team role", Modified: time.Now()})
	t.RoleID = id
	s.log(c, o, AuditLogEvent{Event: "Team Roles Enabled", Description: fmt.Sprintf("Enabled roles for team %q", t.Name), RequiresOrgAdmin: true})
	return ok(o.wireRole(o.role(id))), nil
}

func (s *Server) listTeamRoles(c *call) (reply, error) {
	o, t, err := s.findTeam(c)
	if err != nil {
		return reply{}, err
	}
	list := []wireRole{}
	if r := o.role(t.RoleID); r != nil {
		list = append(list, o.wireRole(r))
	}
	return ok(map[string]any{"roles": list}), nil
}

func (s *Server) setTeamRole(c *call) (reply, error) {
	o, t, err := s.findTeam(c)
	if err != nil {
		return reply{}, err
	}
	r := o.role(c.param("roleID"))
	if r == nil {
		return reply{}, notFound("Role '%s' not found", c.param("roleID"))
	}
	t.RoleID = r.ID
	s.log(c, o, AuditLogEvent{Event: "Team Role Changed", Description: fmt.Sprintf("Gave team %q the role %q", t.Name, r.Name), RequiresOrgAdmin: true})
	return noContent, nil
}

func (s *Server) removeTeamRole(c *call) (reply, error) {
	o, t, err := s.findTeam(c)
	if err != nil {
		return reply{}, err
	}
	if t.RoleID != c.param("roleID") {
		return reply{}, notFound("Role '%s' not found", c.param("roleID"))
	}
	t.RoleID = ""
	s.log(c, o, AuditLogEvent{Event: "Team Role Removed", Description: fmt.Sprintf("Took the role from team %q", t.Name), RequiresOrgAdmin: true})
	return noContent, nil
}
