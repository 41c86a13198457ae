package pulumiapi

import (
	"context"
	"iter"
	"net/http"
	"strconv"
	"time"
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

// TeamMember is a member of a team.
type TeamMember struct {
	UserInfo

	// Role is the member's role in the team.
	Role TeamRole `json:"role"`
}

// TeamRole is a role in a team.
type TeamRole string

// The roles in a team.
const (
	TeamRoleNone   TeamRole = "none"
	TeamRoleMember TeamRole = "member"
	TeamRoleAdmin  TeamRole = "admin"
)

// AddMember adds a user to a team. One who is in it already is [ErrConflict].
//
// Pulumi Cloud: PATCH /api/orgs/{orgName}/teams/{teamName}
func (s *TeamsService) AddMember(ctx context.Context, org, team, user string) error {
	return s.changeMember(ctx, org, team, user, "add")
}

// RemoveMember removes a user from a team. One who is not in it is [ErrNotFound].
//
// Pulumi Cloud: PATCH /api/orgs/{orgName}/teams/{teamName}
func (s *TeamsService) RemoveMember(ctx context.Context, org, team, user string) error {
	return s.changeMember(ctx, org, team, user, "remove")
}

// PromoteMember makes a member of a team one of its administrators. One who is not
// in the team is [ErrNotFound].
//
// Pulumi Cloud: PATCH /api/orgs/{orgName}/teams/{teamName}
func (s *TeamsService) PromoteMember(ctx context.Context, org, team, user string) error {
	return s.changeMember(ctx, org, team, user, "promote")
}

// DemoteMember makes an administrator of a team an ordinary member again. One who
// is not in the team is [ErrNotFound].
//
// Pulumi Cloud: PATCH /api/orgs/{orgName}/teams/{teamName}
func (s *TeamsService) DemoteMember(ctx context.Context, org, team, user string) error {
	return s.changeMember(ctx, org, team, user, "demote")
}

func (s *TeamsService) changeMember(ctx context.Context, org, team, user, action string) error {
	if err := checkNotEmpty("user", user); err != nil {
		return err
	}
	return s.update(ctx, orgArgs(org, pathArg{"team", team}), "user", teamUpdateRequest{MemberAction: action, Member: user})
}

var teamEnableRolesEndpoint = Endpoint{Method: http.MethodPost, Template: "/api/orgs/{orgName}/teams/{teamName}/enable-team-roles"}

// EnableRoles makes a role for a team and returns it. From then on, the team can be
// given other roles in its place. A role of that name that is there already is an
// [*APIError] of status 400.
//
// Pulumi Cloud: POST /api/orgs/{orgName}/teams/{teamName}/enable-team-roles
func (s *TeamsService) EnableRoles(ctx context.Context, org, team string) (*Role, error) {
	return fetch[Role](ctx, s.client, call{endpoint: teamEnableRolesEndpoint, args: orgArgs(org, pathArg{"team", team})})
}

var teamListRolesEndpoint = Endpoint{Method: http.MethodGet, Template: "/api/orgs/{orgName}/teams/{teamName}/roles"}

// ListRoles returns the roles of a team: one at most, at present.
//
// Pulumi Cloud: GET /api/orgs/{orgName}/teams/{teamName}/roles
func (s *TeamsService) ListRoles(ctx context.Context, org, team string) ([]Role, error) {
	answer, err := fetch[struct {
		Roles []Role `json:"roles"`
	}](ctx, s.client, call{endpoint: teamListRolesEndpoint, args: orgArgs(org, pathArg{"team", team})})
	if err != nil {
		return nil, err
	}
	return answer.Roles, nil
}

// teamSetRoleEndpoint is idempotent: it replaces the role of the team.
var teamSetRoleEndpoint = Endpoint{Method: http.MethodPost, Template: "/api/orgs/{orgName}/teams/{teamName}/roles/{roleID}", Idempotent: true}

// SetRole gives a team a role, in the place of the one that it has.
//
// Pulumi Cloud: POST /api/orgs/{orgName}/teams/{teamName}/roles/{roleID}
func (s *TeamsService) SetRole(ctx context.Context, org, team, roleID string) error {
	return execute(ctx, s.client, call{endpoint: teamSetRoleEndpoint, args: orgArgs(org, pathArg{"team", team}, pathArg{"roleID", roleID})})
}

var teamRemoveRoleEndpoint = Endpoint{Method: http.MethodDelete, Template: "/api/orgs/{orgName}/teams/{teamName}/roles/{roleID}"}

// RemoveRole takes a role away from a team, and with it what the role permits. The
// role itself stays. One that the team doesn't have is [ErrNotFound].
//
// Pulumi Cloud: DELETE /api/orgs/{orgName}/teams/{teamName}/roles/{roleID}
func (s *TeamsService) RemoveRole(ctx context.Context, org, team, roleID string) error {
	return execute(ctx, s.client, call{endpoint: teamRemoveRoleEndpoint, args: orgArgs(org, pathArg{"team", team}, pathArg{"roleID", roleID})})
}

var teamListTokensEndpoint = Endpoint{Method: http.MethodGet, Template: "/api/orgs/{orgName}/teams/{teamName}/tokens"}

// ListTokens walks the access tokens of a team, over all pages. The sequence yields
// a nil token with the first error, and ends.
//
// Pulumi Cloud: GET /api/orgs/{orgName}/teams/{teamName}/tokens
func (s *TeamsService) ListTokens(ctx context.Context, org, team string, opts *AccessTokenListOptions) iter.Seq2[*AccessToken, error] {
	return walk(ctx, opts, func(ctx context.Context, o *AccessTokenListOptions) (*Page[AccessToken], error) {
		return s.ListTokensPage(ctx, org, team, o)
	})
}

// ListTokensPage returns one page of what [TeamsService.ListTokens] walks: the
// first, or the one at the Cursor of opts.
//
// Pulumi Cloud: GET /api/orgs/{orgName}/teams/{teamName}/tokens
func (s *TeamsService) ListTokensPage(ctx context.Context, org, team string, opts *AccessTokenListOptions) (*Page[AccessToken], error) {
	return fetchAccessTokens(ctx, s.client, call{endpoint: teamListTokensEndpoint, args: orgArgs(org, pathArg{"team", team})}, opts)
}

// TeamTokenCreateRequest describes a new token of a team.
type TeamTokenCreateRequest struct {
	// Name names the token, in at most 40 characters. It must differ from the names
	// of all tokens that the organization and its teams ever had.
	Name string `json:"name" url:"-"`
	// Description says what the token is for.
	Description string `json:"description" url:"-"`
	// Expires is until when the token is good, in whole seconds, at most two years
	// from now; for ever if zero.
	Expires time.Time `json:"-" url:"-"`
	// Reason is why the token is made, for the audit log.
	Reason string `json:"-" url:"reason,omitempty"`
}

var teamCreateTokenEndpoint = Endpoint{Method: http.MethodPost, Template: "/api/orgs/{orgName}/teams/{teamName}/tokens"}

// CreateToken makes an access token that may do with stacks what a team may, and
// returns it.
//
// Pulumi Cloud: POST /api/orgs/{orgName}/teams/{teamName}/tokens
func (s *TeamsService) CreateToken(ctx context.Context, org, team string, req TeamTokenCreateRequest) (*CreatedAccessToken, error) {
	if err := checkNotEmpty("req.Name", req.Name); err != nil {
		return nil, err
	}
	values, err := encodeQuery(req)
	if err != nil {
		return nil, err
	}
	return fetchWithBody[CreatedAccessToken](ctx, s.client, call{
		endpoint: teamCreateTokenEndpoint, args: orgArgs(org, pathArg{"team", team}), query: values,
	}, "req", struct {
		TeamTokenCreateRequest
		Expires int64 `json:"expires"`
	}{req, unixOrZero(req.Expires)})
}

// TeamTokenDeleteOptions say more about the end of a token.
type TeamTokenDeleteOptions struct {
	// Reason is why the token is deleted, for the audit log.
	Reason string `url:"reason,omitempty"`
}

var teamDeleteTokenEndpoint = Endpoint{Method: http.MethodDelete, Template: "/api/orgs/{orgName}/teams/{teamName}/tokens/{tokenId}"}

// DeleteToken deletes an access token of a team, by its ID. It is of no use from
// then on. An ID that does not exist is [ErrNotFound], that of a token which is no
// team's an [*APIError] of status 400. The ID of a token that an earlier attempt of
// the same call may have deleted is [ErrNotFound], too: then the error is
// [ErrOutcomeUnknown] as well.
//
// Pulumi Cloud: DELETE /api/orgs/{orgName}/teams/{teamName}/tokens/{tokenId}
func (s *TeamsService) DeleteToken(ctx context.Context, org, team, tokenID string, opts *TeamTokenDeleteOptions) error {
	values, err := encodeQuery(optionsOf(opts))
	if err != nil {
		return err
	}
	return execute(ctx, s.client, call{
		endpoint: teamDeleteTokenEndpoint, args: orgArgs(org, pathArg{"team", team}, pathArg{"tokenID", tokenID}), query: values,
	})
}
