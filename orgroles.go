package pulumiapi

import (
	"context"
	"net/http"
)

// RoleListOptions choose among the roles of an organization.
type RoleListOptions struct {
	// UXPurpose is the purpose of the roles: [RolePurposeRole] if empty.
	UXPurpose RolePurpose `url:"uxPurpose"`
}

var orgListRolesEndpoint = Endpoint{Method: http.MethodGet, Template: "/api/orgs/{orgName}/roles"}

// ListRoles returns the roles of an organization that have one purpose: those that are
// for members, teams and tokens, unless opts name another. The built-in ones among them
// have a DefaultIdentifier. A purpose that the service does not know is an [*APIError]
// of status 400.
//
// Pulumi Cloud: GET /api/orgs/{orgName}/roles
func (s *OrgsService) ListRoles(ctx context.Context, org string, opts *RoleListOptions) ([]Role, error) {
	o := optionsOf(opts)
	if o.UXPurpose == "" {
		o.UXPurpose = RolePurposeRole
	}
	values, err := encodeQuery(o)
	if err != nil {
		return nil, err
	}
	answer, err := fetch[struct {
		Roles []Role `json:"roles"`
	}](ctx, s.client, call{endpoint: orgListRolesEndpoint, args: orgArgs(org), query: values})
	if err != nil {
		return nil, err
	}
	return answer.Roles, nil
}
