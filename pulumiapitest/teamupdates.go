package pulumiapitest

import (
	"fmt"
	"slices"
)

type wireUpdateTeamRequest struct {
	NewDisplayName      *string              `json:"newDisplayName"`
	NewDescription      *string              `json:"newDescription"`
	MemberAction        string               `json:"memberAction"`
	Member              string               `json:"member"`
	AddStackPermission  *wireStackPermission `json:"addStackPermission"`
	EditStackPermission *wireStackPermission `json:"editStackPermission"`
	RemoveStack         *wireStackOfTeam     `json:"removeStack"`

	AddEnvironmentPermission  *wireTeamEnvironment   `json:"addEnvironmentPermission"`
	EditEnvironmentPermission *wireTeamEnvironment   `json:"editEnvironmentPermission"`
	RemoveEnvironment         *wireEnvironmentOfTeam `json:"removeEnvironment"`
}

type wireStackPermission struct {
	ProjectName string `json:"projectName"`
	StackName   string `json:"stackName"`
	Permission  *int   `json:"permission"`
}

type wireStackOfTeam struct {
	ProjectName string `json:"projectName"`
	StackName   string `json:"stackName"`
}

const creatorPermission = 104

var stackPermissions = []int{0, 101, 102, 103, creatorPermission}

// updateTeam does all that the body asks for, or nothing of it if one is refused.
func (s *Server) updateTeam(c *call) (reply, error) {
	o, t, err := s.findTeam(c)
	if err != nil {
		return reply{}, err
	}
	var req wireUpdateTeamRequest
	if err := c.decode(&req); err != nil {
		return reply{}, err
	}
	change := teamChange{server: s, org: o, team: t.clone()}
	for _, step := range []func(*wireUpdateTeamRequest) error{
		change.describe, change.changeMember, change.addStack, change.editStack, change.removeStack,
		change.addEnvironment, change.editEnvironment, change.removeEnvironment,
	} {
		if err := step(&req); err != nil {
			return reply{}, err
		}
	}
	if len(change.done) == 0 {
		return reply{}, badRequest("invalid request body: it asks for nothing that this Pulumi Cloud can change of a team")
	}
	*t = *change.team
	for _, event := range change.done {
		event.RequiresOrgAdmin = true
		s.log(c, o, event)
	}
	return noContent, nil
}

// teamChange is a change of a team under way, on a copy.
type teamChange struct {
	server *Server
	org    *organization
	team   *team
	done   []AuditLogEvent
}

func (change *teamChange) did(event, format string, args ...any) {
	change.done = append(change.done, AuditLogEvent{Event: event, Description: fmt.Sprintf(format, args...)})
}

func (change *teamChange) describe(req *wireUpdateTeamRequest) error {
	t := change.team
	if name := req.NewDisplayName; name != nil {
		if err := checkTeamDisplayName(*name); err != nil {
			return err
		}
		t.DisplayName = *name
		change.did("Team Updated", "Changed the display name of team %q", t.Name)
	}
	if req.NewDescription != nil {
		t.Description = *req.NewDescription
		change.did("Team Updated", "Changed the description of team %q", t.Name)
	}
	return nil
}

func (change *teamChange) changeMember(req *wireUpdateTeamRequest) error {
	if req.MemberAction == "" && req.Member == "" {
		return nil
	}
	t, login := change.team, req.Member
	_, known := change.server.users[login]
	switch {
	case !slices.Contains([]string{"add", "remove", "promote", "demote"}, req.MemberAction):
		return badRequest("Invalid memberAction '%s': it must be add, remove, promote or demote", req.MemberAction)
	case login == "":
		return badRequest("invalid request body: member is required with memberAction")
	case t.Kind != "pulumi":
		return badRequest("The members of team '%s' are managed elsewhere: it is of kind %s", t.Name, t.Kind)
	case !known:
		return notFound("User '%s' not found", login)
	}
	m := t.member(login)
	switch {
	case req.MemberAction != "add" && m == nil:
		return notFound("User '%s' is not a member of team '%s'", login, t.Name)
	case req.MemberAction == "add" && m != nil:
		return conflict("User '%s' is already a member of team '%s'", login, t.Name)
	case req.MemberAction == "promote" && m.Admin, req.MemberAction == "demote" && !m.Admin:
		return conflict("User '%s' has the role %s in team '%s' already", login, m.role(), t.Name)
	case req.MemberAction == "add" && change.org.member(login) == nil:
		return badRequest("User '%s' is not a member of the organization", login)
	}
	switch req.MemberAction {
	case "add":
		t.Members = append(t.Members, TeamMember{Login: login})
		change.did("Team Member Added", "Added %q to team %q", login, t.Name)
	case "remove":
		t.removeMember(login)
		change.did("Team Member Removed", "Removed %q from team %q", login, t.Name)
	default:
		m.Admin = req.MemberAction == "promote"
		change.did("Team Member Role Changed", "Changed role of %q in team %q to %s", login, t.Name, m.role())
	}
	return nil
}

// permission checks a permission for a stack of the organization.
func (change *teamChange) permission(p *wireStackPermission) (TeamStack, error) {
	id := stackID{change.org.name, p.ProjectName, p.StackName}
	switch {
	case p.Permission == nil || !slices.Contains(stackPermissions, *p.Permission):
		return TeamStack{}, badRequest("Invalid stack permission: it must be one of %v", stackPermissions)
	case change.server.stacks.byID[id] == nil:
		return TeamStack{}, notFound("Stack '%s' not found", id)
	}
	return TeamStack{p.ProjectName, p.StackName, *p.Permission}, nil
}

func (change *teamChange) addStack(req *wireUpdateTeamRequest) error {
	if req.AddStackPermission == nil {
		return nil
	}
	added, err := change.permission(req.AddStackPermission)
	if err != nil {
		return err
	}
	t := change.team
	if t.grant(added.Project, added.Stack) != nil {
		return conflict("Team '%s' already has a permission for stack '%s/%s'", t.Name, added.Project, added.Stack)
	}
	t.Stacks = append(t.Stacks, added)
	change.did("Team Stack Permission Added", "Gave team %q permission %d for stack \"%s/%s\"", t.Name, added.Permission, added.Project, added.Stack)
	return nil
}

func (change *teamChange) editStack(req *wireUpdateTeamRequest) error {
	if req.EditStackPermission == nil {
		return nil
	}
	edited, err := change.permission(req.EditStackPermission)
	if err != nil {
		return err
	}
	t := change.team
	existing := t.grant(edited.Project, edited.Stack)
	if existing == nil {
		return notFound("Team '%s' has no permission for stack '%s/%s'", t.Name, edited.Project, edited.Stack)
	}
	*existing = edited
	change.did("Team Stack Permission Changed", "Changed permission of team %q for stack \"%s/%s\" to %d", t.Name, edited.Project, edited.Stack, edited.Permission)
	return nil
}

func (change *teamChange) removeStack(req *wireUpdateTeamRequest) error {
	gone := req.RemoveStack
	if gone == nil {
		return nil
	}
	t := change.team
	if t.grant(gone.ProjectName, gone.StackName) == nil {
		return notFound("Team '%s' has no permission for stack '%s/%s'", t.Name, gone.ProjectName, gone.StackName)
	}
	t.removeStack(gone.ProjectName, gone.StackName)
	change.did("Team Stack Permission Removed", "Took permission for stack \"%s/%s\" from team %q", gone.ProjectName, gone.StackName, t.Name)
	return nil
}
