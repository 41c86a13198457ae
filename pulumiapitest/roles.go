package pulumiapitest

import (
	"cmp"
	"slices"
)

var roleRoutes = []route{
	{
		endpoint: "GET /api/orgs/{orgName}/roles",
		query:    []string{"uxPurpose"},
		handle:   (*Server).listRoles,
	},
}

// rolePurposes are what the console can show a role as.
var rolePurposes = []string{"role", "role_private", "role_temporary", "policy", "set"}

// purpose returns what the console shows a role as.
func (r *Role) purpose() string { return cmp.Or(r.UXPurpose, "role") }

// listRoles answers with the built-in roles, too: they are shown as roles.
func (s *Server) listRoles(c *call) (reply, error) {
	o, err := s.findOrg(c)
	if err != nil {
		return reply{}, err
	}
	purpose := c.query.Get("uxPurpose")
	if !slices.Contains(rolePurposes, purpose) {
		return reply{}, badRequest("Role purpose is not valid: '%s'", purpose)
	}
	list := []wireRole{}
	for i := range o.roles {
		if r := &o.roles[i]; r.purpose() == purpose {
			list = append(list, o.wireRole(r))
		}
	}
	return ok(map[string]any{"roles": list}), nil
}
