package pulumiapi

import (
	"context"
	"encoding/json"
	"net/http"
)

var stackReassignOwnershipEndpoint = Endpoint{
	Method: http.MethodPost, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/ownership",
}

// ReassignOwnership makes a user the owner of a stack, and returns who was the
// owner before. user is a login.
//
// Pulumi Cloud: POST /api/stacks/{orgName}/{projectName}/{stackName}/ownership
func (s *StacksService) ReassignOwnership(ctx context.Context, id StackIdentifier, user string) (*UserInfo, error) {
	if err := checkNotEmpty("user", user); err != nil {
		return nil, err
	}
	return fetchWithBody[UserInfo](ctx, s.client,
		call{endpoint: stackReassignOwnershipEndpoint, args: id.pathArgs()}, "user", newOwnerRequest{GitHubLogin: user})
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

// PolicyGroupSummary is a policy group: policy packs, and what has to obey them.
type PolicyGroupSummary struct {
	Name string `json:"name"`
	// EntityType is what the group is for, Mode what becomes of an offence.
	EntityType PolicyGroupEntityType `json:"entityType"`
	Mode       PolicyGroupMode       `json:"mode"`
	// IsOrgDefault says that whatever is in no other group is in this one.
	IsOrgDefault          bool `json:"isOrgDefault"`
	NumStacks             int  `json:"numStacks"`
	NumAccounts           int  `json:"numAccounts"`
	NumEnabledPolicyPacks int  `json:"numEnabledPolicyPacks"`
}

// PolicyGroupEntityType is what a policy group is for.
type PolicyGroupEntityType string

// What policy groups are for.
const (
	PolicyGroupEntityTypeStacks   PolicyGroupEntityType = "stacks"
	PolicyGroupEntityTypeAccounts PolicyGroupEntityType = "accounts"
)

// PolicyGroupMode is what becomes of an offence against a policy.
type PolicyGroupMode string

// The modes of policy groups.
const (
	// PolicyGroupModeAudit lets the update go on, and makes a note.
	PolicyGroupModeAudit PolicyGroupMode = "audit"
	// PolicyGroupModePreventative ends the update.
	PolicyGroupModePreventative PolicyGroupMode = "preventative"
)

var stackListPolicyGroupsEndpoint = Endpoint{
	Method: http.MethodGet, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/policygroups",
}

// ListPolicyGroups returns the policy groups that a stack is in.
//
// Pulumi Cloud: GET /api/stacks/{orgName}/{projectName}/{stackName}/policygroups
func (s *StacksService) ListPolicyGroups(ctx context.Context, id StackIdentifier) ([]PolicyGroupSummary, error) {
	answer, err := fetch[struct {
		PolicyGroups []PolicyGroupSummary `json:"policyGroups"`
	}](ctx, s.client, call{endpoint: stackListPolicyGroupsEndpoint, args: id.pathArgs()})
	if err != nil {
		return nil, err
	}
	return answer.PolicyGroups, nil
}

// RequiredPolicy is a policy pack that a stack's updates have to pass.
type RequiredPolicy struct {
	Name        string `json:"name"`
	DisplayName string `json:"displayName"`
	Version     int    `json:"version"`
	VersionTag  string `json:"versionTag"`
	// PackLocation is a URL from which the pack can be downloaded.
	PackLocation string `json:"packLocation"`
	// Config is the policies' configuration, as JSON, by policy.
	Config map[string]json.RawMessage `json:"config"`
	// Environments are the Pulumi ESC environments that the pack uses.
	Environments []string `json:"environments"`
}

// StackPolicyPackListOptions choose among the policy packs of a stack.
type StackPolicyPackListOptions struct {
	// Mode leaves only the packs of policy groups of this mode.
	Mode PolicyGroupMode `url:"mode,omitempty"`
}

var stackListPolicyPacksEndpoint = Endpoint{
	Method: http.MethodGet, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/policypacks",
}

// ListPolicyPacks returns the policy packs that a stack's updates have to pass,
// because of the policy groups that it is in.
//
// Pulumi Cloud: GET /api/stacks/{orgName}/{projectName}/{stackName}/policypacks
func (s *StacksService) ListPolicyPacks(ctx context.Context, id StackIdentifier, opts *StackPolicyPackListOptions) ([]RequiredPolicy, error) {
	values, err := encodeQuery(optionsOf(opts))
	if err != nil {
		return nil, err
	}
	answer, err := fetch[struct {
		RequiredPolicies []RequiredPolicy `json:"requiredPolicies"`
	}](ctx, s.client, call{endpoint: stackListPolicyPacksEndpoint, args: id.pathArgs(), query: values})
	if err != nil {
		return nil, err
	}
	return answer.RequiredPolicies, nil
}
