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

// FGARole is a role for fine-grained access, built-in or custom.
type FGARole struct {
	ID         string    `json:"id"`
	Name       string    `json:"name"`
	ModifiedAt Timestamp `json:"modifiedAt"`
}

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
