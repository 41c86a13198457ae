package pulumiapitest

import (
	"cmp"
	"fmt"
	"slices"
)

var stackAccessRoutes = []route{
	{
		endpoint: "POST /api/stacks/{orgName}/{projectName}/{stackName}/ownership",
		handle:   (*Server).reassignOwnership,
	},
	{
		endpoint: "DELETE /api/stacks/{orgName}/{projectName}/{stackName}/collaborators/{userName}",
		handle:   (*Server).removeCollaborator,
	},
	{
		endpoint: "GET /api/stacks/{orgName}/{projectName}/{stackName}/teams",
		handle:   (*Server).listStackTeams,
	},
	{
		endpoint: "PATCH /api/console/stacks/{orgName}/{projectName}/{stackName}/teams/{teamName}",
		handle:   (*Server).setTeamAccess,
	},
	{
		endpoint: "GET /api/stacks/{orgName}/{projectName}/{stackName}/policygroups",
		handle:   (*Server).listStackPolicyGroups,
	},
	{
		endpoint: "GET /api/stacks/{orgName}/{projectName}/{stackName}/policypacks",
		query:    []string{"mode"},
		handle:   (*Server).listStackPolicyPacks,
	},
}

// wireOwner is a user as requests name one, who is known by the login.
type wireOwner struct {
	Name        *string `json:"name"`
	GitHubLogin *string `json:"githubLogin"`
	AvatarURL   *string `json:"avatarUrl"`
	Email       string  `json:"email"`
}

// newOwner returns the member that a request names.
func (o *organization) newOwner(req wireOwner) (*member, error) {
	if req.GitHubLogin == nil || req.Name == nil || req.AvatarURL == nil {
		return nil, badRequest("invalid request body: name, githubLogin and avatarUrl are required")
	}
	owner := o.member(*req.GitHubLogin)
	if owner == nil {
		return nil, notFound("User '%s' not found", *req.GitHubLogin)
	}
	return owner, nil
}

func (s *Server) reassignOwnership(c *call) (reply, error) {
	st, err := s.findStack(c)
	if err != nil {
		return reply{}, err
	}
	var req wireOwner
	if err := c.decode(&req); err != nil {
		return reply{}, err
	}
	owner, err := s.orgs[st.org].newOwner(req)
	if err != nil {
		return reply{}, err
	}
	before := st.owner
	st.owner = owner.User
	s.logStack(c, st, "Stack Ownership Changed", fmt.Sprintf("Made %q the owner of stack %q", owner.User.Login, st.slug()))
	return ok(before.wire()), nil
}

// AddCollaborator gives a user access to a stack, beside what organization and
// teams give. It fails if there is no such stack, or no user of that login.
func (s *Server) AddCollaborator(org, project, stack, login string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	st, err := s.seededStack(org, project, stack)
	if err != nil {
		return err
	}
	if _, known := s.users[login]; !known {
		return fmt.Errorf("pulumiapitest: there is no user %q", login)
	}
	if !slices.Contains(st.collaborators, login) {
		st.collaborators = append(st.collaborators, login)
	}
	return nil
}

func (s *Server) removeCollaborator(c *call) (reply, error) {
	st, err := s.findStack(c)
	if err != nil {
		return reply{}, err
	}
	login := c.param("userName")
	i := slices.Index(st.collaborators, login)
	if i < 0 {
		return reply{}, notFound("User '%s' not found", login)
	}
	st.collaborators = slices.Delete(st.collaborators, i, i+1)
	s.logStack(c, st, "Stack Collaborator Removed", fmt.Sprintf("Removed %q from stack %q", login, st.slug()))
	return noContent, nil
}

type wireStackTeam struct {
	Description string `json:"description"`
	DisplayName string `json:"displayName"`
	IsMember    bool   `json:"isMember"`
	Name        string `json:"name"`
	Permission  int    `json:"permission"`
}

type wireStackTeamList struct {
	ProjectName string          `json:"projectName"`
	Teams       []wireStackTeam `json:"teams"`
}

func (s *Server) listStackTeams(c *call) (reply, error) {
	st, err := s.findStack(c)
	if err != nil {
		return reply{}, err
	}
	list := wireStackTeamList{ProjectName: st.project, Teams: []wireStackTeam{}}
	for _, t := range s.orgs[st.org].teams {
		if grant := t.grant(st.project, st.name); grant != nil {
			list.Teams = append(list.Teams, wireStackTeam{
				Name: t.Name, DisplayName: t.DisplayName, Description: t.Description,
				IsMember: t.member(userLogin) != nil, Permission: grant.Permission,
			})
		}
	}
	return ok(list), nil
}

// setTeamAccess creates or changes what a team may do. Without a permission, or
// with null, it takes it away.
func (s *Server) setTeamAccess(c *call) (reply, error) {
	st, err := s.findStack(c)
	if err != nil {
		return reply{}, err
	}
	_, t, err := s.findTeam(c)
	if err != nil {
		return reply{}, err
	}
	var req struct {
		Permissions *int `json:"permissions"`
	}
	if err := c.decode(&req); err != nil {
		return reply{}, err
	}
	t.removeStack(st.project, st.name)
	if req.Permissions != nil {
		if !slices.Contains([]int{0, 101, 102, 103, creatorPermission}, *req.Permissions) {
			return reply{}, badRequest("Invalid stack permission")
		}
		t.Stacks = append(t.Stacks, TeamStack{st.project, st.name, *req.Permissions})
	}
	s.logStack(c, st, "Stack Team Access Changed", fmt.Sprintf("Changed the access of team %q to stack %q", t.Name, st.slug()))
	return noContent, nil
}

// PolicyGroup is a set of policy packs, and the stacks or Insights accounts that
// have to obey them, see [Server.AddPolicyGroup].
type PolicyGroup struct {
	// Name identifies the group in its organization.
	Name string
	// Mode is "audit", which is the default, or "preventative".
	Mode string
	// Default says that stacks in no other group are in this one.
	Default bool
	// Stacks are the stacks in it, as "project/stack".
	Stacks []string
	// Accounts are the Insights accounts in it, by their names.
	Accounts []string
	// Packs are its policy packs.
	Packs []RequiredPolicyPack
}

// AddPolicyGroup puts a policy group into an organization, which is created if
// there is none of the name. It fails if the group has no name or exists, or if
// there is no such mode.
func (s *Server) AddPolicyGroup(org string, g PolicyGroup) error {
	g.Mode = cmp.Or(g.Mode, "audit")
	if !slices.Contains(policyGroupModes, g.Mode) {
		return fmt.Errorf("pulumiapitest: there is no mode %q of policy groups", g.Mode)
	}
	if err := checkSeedName("policy group", g.Name); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o, err := s.seededOrg(org)
	if err != nil {
		return err
	}
	for _, other := range o.policyGroups {
		if other.Name == g.Name {
			return fmt.Errorf("pulumiapitest: policy group %q of organization %q exists", g.Name, org)
		}
	}
	g.Stacks, g.Accounts, g.Packs = slices.Clone(g.Stacks), slices.Clone(g.Accounts), slices.Clone(g.Packs)
	o.policyGroups = append(o.policyGroups, g)
	return nil
}

var policyGroupModes = []string{"audit", "preventative"}

// policyGroupsOf returns the policy groups that a stack is in.
func (s *Server) policyGroupsOf(st *stack) []PolicyGroup {
	var named, byDefault []PolicyGroup
	for _, g := range s.orgs[st.org].policyGroups {
		switch {
		case slices.Contains(g.Stacks, st.slug()):
			named = append(named, g)
		case g.Default:
			byDefault = append(byDefault, g)
		}
	}
	if len(named) > 0 {
		return named
	}
	return byDefault
}

type wirePolicyGroup struct {
	EntityType            string `json:"entityType"`
	IsOrgDefault          bool   `json:"isOrgDefault"`
	Mode                  string `json:"mode"`
	Name                  string `json:"name"`
	NumAccounts           int    `json:"numAccounts"`
	NumEnabledPolicyPacks int    `json:"numEnabledPolicyPacks"`
	NumStacks             int    `json:"numStacks"`
}

func (s *Server) listStackPolicyGroups(c *call) (reply, error) {
	st, err := s.findStack(c)
	if err != nil {
		return reply{}, err
	}
	list := []wirePolicyGroup{}
	for _, g := range s.policyGroupsOf(st) {
		list = append(list, wirePolicyGroup{
			EntityType: "stacks", IsOrgDefault: g.Default, Mode: g.Mode, Name: g.Name,
			NumEnabledPolicyPacks: len(g.Packs), NumStacks: len(g.Stacks), NumAccounts: len(g.Accounts),
		})
	}
	return ok(map[string]any{"policyGroups": list}), nil
}

type wireRequiredPolicy struct {
	Config       map[string]map[string]any `json:"config,omitempty"`
	DisplayName  string                    `json:"displayName"`
	Name         string                    `json:"name"`
	PackLocation string                    `json:"packLocation,omitempty"`
	Version      int                       `json:"version"`
	VersionTag   string                    `json:"versionTag"`
}

// listStackPolicyPacks has no packs to download at the locations that it tells.
func (s *Server) listStackPolicyPacks(c *call) (reply, error) {
	st, err := s.findStack(c)
	if err != nil {
		return reply{}, err
	}
	mode := c.query.Get("mode")
	if mode != "" && !slices.Contains(policyGroupModes, mode) {
		return reply{}, badRequest("Invalid mode parameter value")
	}
	return ok(map[string]any{"requiredPolicies": s.requiredPolicies(st, mode)}), nil
}

// requiredPolicies returns the policy packs of the policy groups that a stack is in:
// of those with the mode, or of all if it is empty.
func (s *Server) requiredPolicies(st *stack, mode string) []wireRequiredPolicy {
	list := []wireRequiredPolicy{}
	for _, g := range s.policyGroupsOf(st) {
		if mode != "" && mode != g.Mode {
			continue
		}
		for _, pack := range g.Packs {
			list = append(list, pack.wireRequired())
		}
	}
	return list
}

func (p RequiredPolicyPack) wireRequired() wireRequiredPolicy {
	return wireRequiredPolicy{
		Config: p.Config, DisplayName: p.DisplayName, Name: p.Name, Version: p.Version, VersionTag: p.VersionTag,
		PackLocation: fmt.Sprintf("https://packs.pulumi.test/%s/%d", p.Name, p.Version),
	}
}
