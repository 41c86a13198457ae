package pulumiapitest

import (
	"fmt"
	"slices"
	"unicode/utf8"
)

var teamRoutes = []route{
	{
		endpoint: "POST /api/orgs/{orgName}/teams/pulumi",
		handle:   (*Server).createPulumiTeam,
	},
	{
		endpoint: "POST /api/orgs/{orgName}/teams/github",
		handle:   (*Server).createGitHubTeam,
	},
	{
		endpoint: "GET /api/orgs/{orgName}/teams",
		handle:   (*Server).listTeams,
	},
	{
		endpoint: "GET /api/orgs/{orgName}/teams/{teamName}",
		handle:   (*Server).getTeam,
	},
	{
		endpoint: "PATCH /api/orgs/{orgName}/teams/{teamName}",
		handle:   (*Server).updateTeam,
	},
	{
		endpoint: "DELETE /api/orgs/{orgName}/teams/{teamName}",
		handle:   (*Server).deleteTeam,
	},
}

// Team is a team of an organization, to put into the cloud with [Server.AddTeam]
// and to look at with [Server.Team].
type Team struct {
	// Name identifies the team in its organization.
	Name string
	// Kind is "pulumi", which is the default, "github" or "scim".
	Kind string
	// DisplayName and Description are what people see.
	DisplayName, Description string
	// Members are the team's members, in the order in which they joined.
	Members []TeamMember
	// Stacks are the stacks that the team was given access to.
	Stacks []TeamStack
	// Environments are the environments that the team was given access to. None of
	// them has to exist.
	Environments []TeamEnvironment
	// RoleID is the ID of the team's role, or "".
	RoleID string
}

// TeamEnvironment is the access of a [Team] to a Pulumi ESC environment.
type TeamEnvironment struct {
	// Project and Environment name the environment.
	Project, Environment string
	// Permission is "none", "read", "open", "write" or "admin".
	Permission string
	// MaxOpenDuration is how long it may stay open ("1h30m"), or "".
	MaxOpenDuration string
}

// TeamMember is a member of a [Team].
type TeamMember struct {
	// Login is the user's login.
	Login string
	// Admin says that the member may change the team.
	Admin bool
}

// TeamStack is the access of a [Team] to a stack.
type TeamStack struct {
	// Project and Stack name the stack.
	Project, Stack string
	// Permission is 0 for none, 101 to read, 102 to edit, 103 for an admin, 104 for
	// who created the stack.
	Permission int
}

// AddTeam puts a team into an organization, which is created if there is none of
// the name. It fails if the team exists, if one of its members is not one of the
// organization, or if there is no such stack.
func (s *Server) AddTeam(org string, t Team) error {
	if err := checkSeedName("team", t.Name); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o, err := s.seededOrg(org)
	if err != nil {
		return err
	}
	if t.Kind == "" {
		t.Kind = "pulumi"
	}
	if o.team(t.Name) != nil {
		return fmt.Errorf("pulumiapitest: team %q of organization %q exists", t.Name, org)
	}
	for _, m := range t.Members {
		if o.member(m.Login) == nil {
			return fmt.Errorf("pulumiapitest: %q is no member of organization %q", m.Login, org)
		}
	}
	for _, grant := range t.Stacks {
		if s.stacks.byID[stackID{org, grant.Project, grant.Stack}] == nil {
			return fmt.Errorf("pulumiapitest: there is no stack %q", stackID{org, grant.Project, grant.Stack})
		}
	}
	o.teams = append(o.teams, new(team(t)).clone())
	return nil
}

// Team returns a team as it is now, and whether there is one of the name.
func (s *Server) Team(org, name string) (Team, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if o := s.orgs[org]; o != nil {
		if t := o.team(name); t != nil {
			return Team(*t.clone()), true
		}
	}
	return Team{}, false
}

type team Team

func (t *team) clone() *team {
	cloned := *t
	cloned.Members = slices.Clone(t.Members)
	cloned.Stacks = slices.Clone(t.Stacks)
	cloned.Environments = slices.Clone(t.Environments)
	return &cloned
}

// team returns the team of a name, or nil.
func (o *organization) team(name string) *team {
	for _, t := range o.teams {
		if t.Name == name {
			return t
		}
	}
	return nil
}

// member returns the team's member with a login, or nil.
func (t *team) member(login string) *TeamMember {
	for i := range t.Members {
		if t.Members[i].Login == login {
			return &t.Members[i]
		}
	}
	return nil
}

func (t *team) removeMember(login string) {
	t.Members = slices.DeleteFunc(t.Members, func(m TeamMember) bool { return m.Login == login })
}

// grant returns the team's access to a stack, or nil.
func (t *team) grant(project, stack string) *TeamStack {
	for i := range t.Stacks {
		if t.Stacks[i].Project == project && t.Stacks[i].Stack == stack {
			return &t.Stacks[i]
		}
	}
	return nil
}

func (t *team) removeStack(project, stack string) {
	t.Stacks = slices.DeleteFunc(t.Stacks, func(g TeamStack) bool { return g.Project == project && g.Stack == stack })
}

// revokeGrants takes a stack that is gone away from the teams of its organization.
func (s *Server) revokeGrants(id stackID) {
	for _, t := range s.orgs[id.org].teams {
		t.removeStack(id.project, id.name)
	}
}

type wireTeam struct {
	Kind         string                `json:"kind"`
	Name         string                `json:"name"`
	DisplayName  string                `json:"displayName"`
	Description  string                `json:"description"`
	Members      []wireTeamMember      `json:"members"`
	Stacks       []wireTeamStack       `json:"stacks"`
	Environments []wireTeamEnvironment `json:"environments,omitempty"`
	RoleIDs      []string              `json:"roleIds,omitempty"`
	UserRole     string                `json:"userRole"`
}

type wireTeamMember struct {
	Name        string `json:"name"`
	GitHubLogin string `json:"githubLogin"`
	AvatarURL   string `json:"avatarUrl"`
	Role        string `json:"role"`
}

type wireTeamStack struct {
	ProjectName string `json:"projectName"`
	StackName   string `json:"stackName"`
	Permission  int    `json:"permission"`
}

func (m TeamMember) role() string {
	if m.Admin {
		return "admin"
	}
	return "member"
}

func (s *Server) wireTeam(t *team) wireTeam {
	w := wireTeam{
		Kind: t.Kind, Name: t.Name, DisplayName: t.DisplayName, Description: t.Description,
		Members: []wireTeamMember{}, Stacks: []wireTeamStack{}, UserRole: "none",
	}
	if t.RoleID != "" {
		w.RoleIDs = []string{t.RoleID}
	}
	for _, m := range t.Members {
		user := s.users[m.Login].wire()
		w.Members = append(w.Members, wireTeamMember{user.Name, user.GitHubLogin, user.AvatarURL, m.role()})
		if m.Login == userLogin {
			w.UserRole = m.role()
		}
	}
	for _, g := range t.Stacks {
		w.Stacks = append(w.Stacks, wireTeamStack{g.Project, g.Stack, g.Permission})
	}
	for _, g := range t.Environments {
		w.Environments = append(w.Environments, wireTeamEnvironment{g.Environment, g.MaxOpenDuration, g.Permission, g.Project})
	}
	return w
}

func (s *Server) listTeams(c *call) (reply, error) {
	o, err := s.findOrg(c)
	if err != nil {
		return reply{}, err
	}
	if err := o.checkTeams(); err != nil {
		return reply{}, err
	}
	list := []wireTeam{}
	for _, t := range o.teams {
		list = append(list, s.wireTeam(t))
	}
	return ok(map[string]any{"teams": list}), nil
}

func (s *Server) getTeam(c *call) (reply, error) {
	_, t, err := s.findTeam(c)
	if err != nil {
		return reply{}, err
	}
	return ok(s.wireTeam(t)), nil
}

const maxTeamDisplayName = 100 // characters

func checkTeamDisplayName(name string) error {
	if utf8.RuneCountInString(name) > maxTeamDisplayName {
		return badRequest("Display name too long. Max length %d characters.", maxTeamDisplayName)
	}
	return nil
}

type wireCreatePulumiTeamRequest struct {
	Name        *string `json:"name"`
	DisplayName *string `json:"displayName"`
	Description *string `json:"description"`
}

// createPulumiTeam makes the user who creates the team its first member.
func (s *Server) createPulumiTeam(c *call) (reply, error) {
	var req wireCreatePulumiTeamRequest
	return s.createTeam(c, &req, func() (*team, error) {
		if req.Name == nil || req.DisplayName == nil || req.Description == nil {
			return nil, badRequest("invalid request body: name, displayName and description are required")
		}
		if err := checkName("team", *req.Name); err != nil {
			return nil, err
		}
		return &team{
			Kind: "pulumi", Name: *req.Name, DisplayName: *req.DisplayName, Description: *req.Description,
			Members: []TeamMember{{Login: userLogin, Admin: true}},
		}, checkTeamDisplayName(*req.DisplayName)
	})
}

type wireCreateGitHubTeamRequest struct {
	GitHubTeamID int64 `json:"githubTeamID"`
}

// createGitHubTeam takes any positive number for the ID of a team on GitHub, who
// has no members.
func (s *Server) createGitHubTeam(c *call) (reply, error) {
	var req wireCreateGitHubTeamRequest
	return s.createTeam(c, &req, func() (*team, error) {
		if req.GitHubTeamID <= 0 {
			return nil, badRequest("No TeamID provided.")
		}
		name := gitHubTeamName(req.GitHubTeamID)
		return &team{Kind: "github", Name: name, DisplayName: name}, nil
	})
}

// gitHubTeamName is what the team is called here that mirrors one on GitHub.
func gitHubTeamName(id int64) string { return fmt.Sprintf("github-team-%d", id) }

// createTeam creates the team that newTeam makes of a request, once it is decoded.
func (s *Server) createTeam(c *call, req any, newTeam func() (*team, error)) (reply, error) {
	o, err := s.findOrg(c)
	if err != nil {
		return reply{}, err
	}
	if err := c.decode(req); err != nil {
		return reply{}, err
	}
	t, err := newTeam()
	if err != nil {
		return reply{}, err
	}
	if err := o.checkTeams(); err != nil {
		return reply{}, err
	}
	if o.team(t.Name) != nil {
		return reply{}, conflict("Team with this name already exists: '%s'", t.Name)
	}
	o.teams = append(o.teams, t)
	s.log(c, o, AuditLogEvent{Event: "Team Created", Description: fmt.Sprintf("Created team %q", t.Name), RequiresOrgAdmin: true})
	return created(s.wireTeam(t)), nil
}

// checkTeams fails if the organization can have no teams.
func (o *organization) checkTeams() error {
	if o.individual {
		return badRequest("Teams are not available to individual organizations.")
	}
	return nil
}

func (s *Server) findTeam(c *call) (*organization, *team, error) {
	o, err := s.findOrg(c)
	if err != nil {
		return nil, nil, err
	}
	if err := o.checkTeams(); err != nil {
		return nil, nil, err
	}
	t := o.team(c.param("teamName"))
	if t == nil {
		return nil, nil, notFound("Team '%s' not found", c.param("teamName"))
	}
	return o, t, nil
}

func (s *Server) deleteTeam(c *call) (reply, error) {
	o, t, err := s.findTeam(c)
	if err != nil {
		return reply{}, err
	}
	o.teams = slices.DeleteFunc(o.teams, func(other *team) bool { return other == t })
	s.deleteTokensOf(tokenOwner{o, t.Name})
	for _, a := range o.accounts {
		delete(a.teams, t.Name)
	}
	s.log(c, o, AuditLogEvent{Event: "Team Deleted", Description: fmt.Sprintf("Deleted team %q", t.Name), RequiresOrgAdmin: true})
	return noContent, nil
}
