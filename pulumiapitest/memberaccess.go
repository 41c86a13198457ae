package pulumiapitest

import (
	"cmp"
	"fmt"
	"net/http"
)

var memberAccessRoutes = []route{
	{
		endpoint: "GET /api/orgs/{orgName}/members/{user}/teams",
		handle:   (*Server).listMemberTeams,
	},
	{
		endpoint: "POST /api/orgs/{orgName}/members/{userLogin}/set-admin",
		handle:   (*Server).setSoleAdmin,
	},
	{
		endpoint: "GET /api/console/orgs/{orgName}/members/{userLogin}/stacks/{projectName}/{stackName}",
		handle:   (*Server).getMemberStackAccess,
	},
}

func (s *Server) listMemberTeams(c *call) (reply, error) {
	o, err := s.findOrg(c)
	if err != nil {
		return reply{}, err
	}
	names := []string{}
	for _, t := range o.teams {
		if t.member(c.param("user")) != nil {
			names = append(names, cmp.Or(t.DisplayName, t.Name))
		}
	}
	return ok(map[string]any{"teams": names}), nil
}

// setSoleAdmin is for the administrator, who is the server's user or nobody.
func (s *Server) setSoleAdmin(c *call) (reply, error) {
	o, m, err := s.findMember(c)
	if err != nil {
		return reply{}, err
	}
	if o.settings.Product != productTeamStarter && o.settings.Product != productTeamGrowth {
		return reply{}, badRequest("Wrong API. Use the regular update Pulumi organization member endpoint instead.")
	}
	me := o.member(userLogin)
	if me == nil || me.Role != roleAdmin {
		return reply{}, errorf(http.StatusForbidden, "Only the administrator of the organization can appoint another")
	}
	me.Role, me.RoleID = roleMember, ""
	m.Role, m.RoleID = roleAdmin, ""
	s.log(c, o, AuditLogEvent{Event: "Member Role Changed", Description: fmt.Sprintf("Made %q the administrator", m.User.Login), RequiresOrgAdmin: true})
	return noContent, nil
}

type wireMemberStackAccess struct {
	ExplicitPermission  int                  `json:"explicitPermission"`
	OrganizationDefault int                  `json:"organizationDefault"`
	OrganizationRole    string               `json:"organizationRole"`
	TeamPermissions     []wireTeamPermission `json:"teamPermissions"`
	UserInfo            wireUser             `json:"userInfo"`
}

type wireTeamPermission struct {
	Permission int      `json:"permission"`
	Team       wireTeam `json:"team"`
}

// getMemberStackAccess knows of no permissions of a member's own, but the creator's.
func (s *Server) getMemberStackAccess(c *call) (reply, error) {
	o, m, err := s.findMember(c)
	if err != nil {
		return reply{}, err
	}
	st, err := s.findStack(c)
	if err != nil {
		return reply{}, err
	}
	w := wireMemberStackAccess{
		OrganizationDefault: o.settings.DefaultStackPermission, OrganizationRole: m.Role,
		TeamPermissions: []wireTeamPermission{}, UserInfo: m.User.wire(),
	}
	if st.owner.Login == m.User.Login {
		w.ExplicitPermission = creatorPermission
	}
	for _, t := range o.teams {
		if grant := t.grant(st.project, st.name); grant != nil && t.member(m.User.Login) != nil {
			w.TeamPermissions = append(w.TeamPermissions, wireTeamPermission{grant.Permission, s.wireTeam(t)})
		}
	}
	return ok(w), nil
}
