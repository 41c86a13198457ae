package pulumiapi

import (
	"context"
	"net/http"
)

var stackReassignOwnershipEndpoint = Endpoint{
	Method: http.MethodPost, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/ownership",
}

// ReassignOwnership makes a user the owner of a stack, and returns who was the
// owner before: the zero UserInfo, if the server sends no body. user is a login.
//
// Pulumi Cloud: POST /api/stacks/{orgName}/{projectName}/{stackName}/ownership
func (s *StacksService) ReassignOwnership(ctx context.Context, id StackIdentifier, user string) (*UserInfo, error) {
	if err := checkNotEmpty("user", user); err != nil {
		return nil, err
	}
	return fetchWithBody[UserInfo](ctx, s.client,
		call{endpoint: stackReassignOwnershipEndpoint, args: id.pathArgs(), known: new(UserInfo)}, "user", newOwnerRequest{GitHubLogin: user})
}

// newOwnerRequest names a new owner. The service wants a whole user, and goes by
// the login.
type newOwnerRequest struct {
	GitHubLogin string `json:"githubLogin"`
	Name        string `json:"name"`
	AvatarURL   string `json:"avatarUrl"`
}

var stackRemoveCollaboratorEndpoint = Endpoint{
	Method: http.MethodDelete, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/collaborators/{userName}",
}

// RemoveCollaborator takes back what a user was permitted to do with a stack. What
// the user may do as a member of the organization or of a team stays. A user whom
// the service doesn't know is [ErrNotFound].
//
// Pulumi Cloud: DELETE /api/stacks/{orgName}/{projectName}/{stackName}/collaborators/{userName}
func (s *StacksService) RemoveCollaborator(ctx context.Context, id StackIdentifier, user string) error {
	return execute(ctx, s.client, call{
		endpoint: stackRemoveCollaboratorEndpoint,
		args:     append(id.pathArgs(), pathArg{"user", user}),
	})
}

// StackTeam is a team that has access to a stack.
type StackTeam struct {
	// Name names the team in the organization, DisplayName is what is shown.
	Name        string `json:"name"`
	DisplayName string `json:"displayName"`
	Description string `json:"description"`
	// Permission is what the team's members may do with the stack.
	Permission StackPermission `json:"permission"`
	// IsMember says that the token's user is one of them.
	IsMember bool `json:"isMember"`
}

var stackListTeamsEndpoint = Endpoint{
	Method: http.MethodGet, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/teams",
}

// ListTeams returns the teams that have access to a stack. What they may do is
// changed by [TeamsService.SetStackAccess].
//
// Pulumi Cloud: GET /api/stacks/{orgName}/{projectName}/{stackName}/teams
func (s *StacksService) ListTeams(ctx context.Context, id StackIdentifier) ([]StackTeam, error) {
	answer, err := fetch[struct {
		Teams []StackTeam `json:"teams"`
	}](ctx, s.client, call{endpoint: stackListTeamsEndpoint, args: id.pathArgs()})
	if err != nil {
		return nil, err
	}
	return answer.Teams, nil
}

// StackPermission is what somebody may do with a stack.
type StackPermission int

// The permissions for stacks.
const (
	StackPermissionNone    StackPermission = 0
	StackPermissionRead    StackPermission = 101
	StackPermissionEdit    StackPermission = 102
	StackPermissionAdmin   StackPermission = 103
	StackPermissionCreator StackPermission = 104
)

// EnvironmentPermission is what somebody may do with a Pulumi ESC environment.
type EnvironmentPermission string

// The permissions for environments.
const (
	EnvironmentPermissionNone  EnvironmentPermission = "none"
	EnvironmentPermissionRead  EnvironmentPermission = "read"
	EnvironmentPermissionOpen  EnvironmentPermission = "open"
	EnvironmentPermissionWrite EnvironmentPermission = "write"
	EnvironmentPermissionAdmin EnvironmentPermission = "admin"
)

// AccountPermission is what somebody may do with an Insights account.
type AccountPermission int

// The permissions for Insights accounts.
const (
	AccountPermissionNone  AccountPermission = 0
	AccountPermissionRead  AccountPermission = 1
	AccountPermissionWrite AccountPermission = 2
	AccountPermissionAdmin AccountPermission = 3
)
