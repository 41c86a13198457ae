package pulumiapi

import (
	"context"
	"encoding/json"
	"net/http"
)

// Role is a role for fine-grained access: what whoever has it may do.
type Role struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description"`
	// OrgID is the ID of the organization that the role belongs to.
	OrgID string `json:"orgId"`
	// ResourceType is what the role is about: "stack".
	ResourceType string      `json:"resourceType"`
	UXPurpose    RolePurpose `json:"uxPurpose"`
	// Details is what is permitted, as JSON: a tree of conditions and permissions.
	Details json.RawMessage `json:"details"`
	// DefaultIdentifier is the built-in role that it is; empty for a custom one.
	DefaultIdentifier string `json:"defaultIdentifier"`
	// IsOrgDefault says that new members of the organization get it.
	IsOrgDefault bool      `json:"isOrgDefault"`
	Version      int       `json:"version"`
	Created      Timestamp `json:"created"`
	Modified     Timestamp `json:"modified"`
}

// RolePurpose is what the console shows a role as.
type RolePurpose string

// What roles are shown as.
const (
	RolePurposeRole          RolePurpose = "role"
	RolePurposeRolePrivate   RolePurpose = "role_private"
	RolePurposeRoleTemporary RolePurpose = "role_temporary"
	RolePurposePolicy        RolePurpose = "policy"
	RolePurposeSet           RolePurpose = "set"
)

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

var teamSetRoleEndpoint = Endpoint{Method: http.MethodPost, Template: "/api/orgs/{orgName}/teams/{teamName}/roles/{roleID}"}

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
