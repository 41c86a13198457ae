package pulumiapi

import (
	"context"
	"net/http"
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
