package pulumiapi

import (
	"context"
	"net/http"
	"strconv"
)

// TeamsService manages the teams of organizations: their members, what they may do,
// and their tokens.
type TeamsService struct {
	client *Client
}

// Team is a team of an organization.
type Team struct {
	Kind TeamKind `json:"kind"`
	// Name names the team in the organization, DisplayName is what is shown.
	Name        string `json:"name"`
	DisplayName string `json:"displayName"`
	Description string `json:"description"`
	// Members are the team's members, where the operation tells them.
	Members []TeamMember `json:"members"`
	// Stacks, Environments and Accounts are what the team's members may do.
	Stacks       []TeamStackAccess       `json:"stacks"`
	Environments []TeamEnvironmentAccess `json:"environments"`
	Accounts     []TeamAccountAccess     `json:"accounts"`
	// ListMembersError says why Members are missing; empty if they are not.
	ListMembersError string `json:"listMembersError"`
	// UserRole is the role of the token's user in the team.
	UserRole TeamRole `json:"userRole"`
	// RoleIDs are the IDs of the team's roles for fine-grained access.
	RoleIDs []string `json:"roleIds"`
}

// TeamKind is who decides about a team's members.
type TeamKind string

// The kinds of teams.
const (
	// TeamKindPulumi is a team that is kept in Pulumi Cloud.
	TeamKindPulumi TeamKind = "pulumi"
	// TeamKindGitHub is a team that mirrors one on GitHub.
	TeamKindGitHub TeamKind = "github"
	// TeamKindSCIM is a team that an identity provider has made.
	TeamKindSCIM TeamKind = "scim"
)

// TeamStackAccess is what a team may do with a stack.
type TeamStackAccess struct {
	ProjectName string          `json:"projectName"`
	StackName   string          `json:"stackName"`
	Permission  StackPermission `json:"permission"`
	// PermissionSetName is the name to show for what is permitted.
	PermissionSetName string `json:"permissionSetName"`
}

// TeamEnvironmentAccess is what a team may do with a Pulumi ESC environment.
type TeamEnvironmentAccess struct {
	ProjectName string                `json:"projectName"`
	EnvName     string                `json:"envName"`
	Permission  EnvironmentPermission `json:"permission"`
	// MaxOpenDuration is how long it may stay open: "1h30m".
	MaxOpenDuration string `json:"maxOpenDuration"`
	// PermissionSetName is the name to show for what is permitted.
	PermissionSetName string `json:"permissionSetName"`
}

// TeamAccountAccess is what a team may do with an Insights account.
type TeamAccountAccess struct {
	AccountName string            `json:"accountName"`
	Permission  AccountPermission `json:"permission"`
	// PermissionSetName is the name to show for what is permitted.
	PermissionSetName string `json:"permissionSetName"`
}

// TeamCreateRequest describes a new team. A team of kind [TeamKindPulumi] has a
// name of its own; one of kind [TeamKindGitHub] takes it from GitHub.
type TeamCreateRequest struct {
	// Kind is [TeamKindPulumi] if empty, or [TeamKindGitHub].
	Kind TeamKind `json:"-"`
	// Name names a Pulumi team in the organization.
	Name string `json:"name"`
	// DisplayName is what is shown, of at most 100 characters.
	DisplayName string `json:"displayName"`
	Description string `json:"description"`
	// GitHubTeamID is the GitHub team to mirror.
	GitHubTeamID int `json:"-"`
}

var (
	teamCreatePulumiEndpoint = Endpoint{Method: http.MethodPost, Template: "/api/orgs/{orgName}/teams/pulumi"}
	teamCreateGitHubEndpoint = Endpoint{Method: http.MethodPost, Template: "/api/orgs/{orgName}/teams/github"}
)

// Create makes a team and returns it. The token's user becomes its first
// member. A name that is taken is [ErrConflict].
//
// Pulumi Cloud: POST /api/orgs/{orgName}/teams/pulumi,
// or POST /api/orgs/{orgName}/teams/github
func (s *TeamsService) Create(ctx context.Context, org string, req TeamCreateRequest) (*Team, error) {
	r := call{args: orgArgs(org)}
	switch req.Kind {
	case "", TeamKindPulumi:
		if err := checkNotEmpty("req.Name", req.Name); err != nil {
			return nil, err
		}
		if req.GitHubTeamID != 0 {
			return nil, newArgumentError("req.GitHubTeamID", strconv.Itoa(req.GitHubTeamID), "is for teams of kind github")
		}
		r.endpoint = teamCreatePulumiEndpoint
		return fetchWithBody[Team](ctx, s.client, r, "req", req)
	case TeamKindGitHub:
		if req.GitHubTeamID == 0 {
			return nil, &ArgumentError{Name: "req.GitHubTeamID", Reason: "is missing"}
		}
		if req.Name != "" || req.DisplayName != "" || req.Description != "" {
			return nil, &ArgumentError{Name: "req", Reason: "a team of kind github takes its names from GitHub"}
		}
		r.endpoint = teamCreateGitHubEndpoint
		return fetchWithBody[Team](ctx, s.client, r, "req", struct {
			GitHubTeamID int `json:"githubTeamID"`
		}{req.GitHubTeamID})
	case TeamKindSCIM:
	}
	return nil, newArgumentError("req.Kind", string(req.Kind), "must be pulumi or github")
}

var teamListEndpoint = Endpoint{Method: http.MethodGet, Template: "/api/orgs/{orgName}/teams"}

// List returns the teams of an organization. [TeamsService.Get] tells more about
// each.
//
// Pulumi Cloud: GET /api/orgs/{orgName}/teams
func (s *TeamsService) List(ctx context.Context, org string) ([]Team, error) {
	answer, err := fetch[struct {
		Teams []Team `json:"teams"`
	}](ctx, s.client, call{endpoint: teamListEndpoint, args: orgArgs(org)})
	if err != nil {
		return nil, err
	}
	return answer.Teams, nil
}

var teamGetEndpoint = Endpoint{Method: http.MethodGet, Template: "/api/orgs/{orgName}/teams/{teamName}"}

// Get returns one team with its members and what they may do because of it. A team
// that does not exist is [ErrNotFound].
//
// Pulumi Cloud: GET /api/orgs/{orgName}/teams/{teamName}
func (s *TeamsService) Get(ctx context.Context, org, team string) (*Team, error) {
	return fetch[Team](ctx, s.client, call{endpoint: teamGetEndpoint, args: orgArgs(org, pathArg{"team", team})})
}

var teamDeleteEndpoint = Endpoint{Method: http.MethodDelete, Template: "/api/orgs/{orgName}/teams/{teamName}"}

// Delete deletes a team, and with it what its members might do because of it. A
// team that does not exist is [ErrNotFound].
//
// Pulumi Cloud: DELETE /api/orgs/{orgName}/teams/{teamName}
func (s *TeamsService) Delete(ctx context.Context, org, team string) error {
	return execute(ctx, s.client, call{endpoint: teamDeleteEndpoint, args: orgArgs(org, pathArg{"team", team})})
}

var (
	// teamUpdateEndpoint is not idempotent: what is added twice is ErrConflict, and
	// what is removed twice is ErrNotFound.
	teamUpdateEndpoint = Endpoint{Method: http.MethodPatch, Template: "/api/orgs/{orgName}/teams/{teamName}"}
	// teamSetEndpoint is for changes that set something to a value.
	teamSetEndpoint = teamUpdateEndpoint.asIdempotent()
)

// teamUpdateRequest is one change of a team.
type teamUpdateRequest struct {
	NewDisplayName            *string                     `json:"newDisplayName,omitzero"`
	NewDescription            *string                     `json:"newDescription,omitzero"`
	MemberAction              string                      `json:"memberAction,omitzero"`
	Member                    string                      `json:"member,omitzero"`
	AddStackPermission        *teamStackPermissionRequest `json:"addStackPermission,omitzero"`
	EditStackPermission       *teamStackPermissionRequest `json:"editStackPermission,omitzero"`
	RemoveStack               *teamStackRequest           `json:"removeStack,omitzero"`
	AddEnvironmentPermission  *teamEnvironmentSettings    `json:"addEnvironmentPermission,omitzero"`
	EditEnvironmentPermission *teamEnvironmentSettings    `json:"editEnvironmentPermission,omitzero"`
	RemoveEnvironment         *teamEnvironmentRequest     `json:"removeEnvironment,omitzero"`
}

// update makes a change of the team that args lead to. what names the caller's
// arguments that go into it.
func (s *TeamsService) update(ctx context.Context, args []pathArg, what string, change teamUpdateRequest) error {
	return executeWithBody(ctx, s.client, call{endpoint: teamUpdateEndpoint, args: args}, what, change)
}

// set is update for a change that sets something to a value.
func (s *TeamsService) set(ctx context.Context, args []pathArg, what string, change teamUpdateRequest) error {
	return executeWithBody(ctx, s.client, call{endpoint: teamSetEndpoint, args: args}, what, change)
}

// TeamUpdateRequest changes what is shown of a team. What is nil stays as it is.
type TeamUpdateRequest struct {
	// DisplayName is what is shown, of at most 100 characters.
	DisplayName *string `json:"newDisplayName,omitzero"`
	Description *string `json:"newDescription,omitzero"`
}

// Update changes what is shown of a team. Its name stays. A team that does not
// exist is [ErrNotFound].
//
// Pulumi Cloud: PATCH /api/orgs/{orgName}/teams/{teamName}
func (s *TeamsService) Update(ctx context.Context, org, team string, req TeamUpdateRequest) error {
	if req == (TeamUpdateRequest{}) {
		return &ArgumentError{Name: "req", Reason: "changes nothing: set DisplayName or Description"}
	}
	return s.set(ctx, orgArgs(org, pathArg{"team", team}), "req", teamUpdateRequest{
		NewDisplayName: req.DisplayName, NewDescription: req.Description,
	})
}
