package pulumiapitest

import (
	"fmt"
	"slices"
	"time"
)

// Tokens of organizations and of teams. Requests with them are the user's: the cloud
// has nobody else.
var ownedTokenRoutes = []route{
	{
		endpoint: "GET /api/orgs/{orgName}/tokens",
		query:    []string{"filter", "maxResults", tokenParam},
		maxSize:  1000,
		handle:   (*Server).listOwnedTokens,
	},
	{
		endpoint: "POST /api/orgs/{orgName}/tokens",
		query:    []string{"reason"},
		handle:   (*Server).createOrgToken,
	},
	{
		endpoint: "DELETE /api/orgs/{orgName}/tokens/{tokenId}",
		handle:   (*Server).deleteOwnedToken,
	},
	{
		endpoint: "GET /api/orgs/{orgName}/teams/{teamName}/tokens",
		query:    []string{"filter", "maxResults", tokenParam},
		maxSize:  1000,
		handle:   (*Server).listOwnedTokens,
	},
	{
		endpoint: "POST /api/orgs/{orgName}/teams/{teamName}/tokens",
		query:    []string{"reason"},
		handle:   (*Server).createTeamToken,
	},
	{
		endpoint: "DELETE /api/orgs/{orgName}/teams/{teamName}/tokens/{tokenId}",
		query:    []string{"reason"},
		handle:   (*Server).deleteOwnedToken,
	},
}

// tokenOwner is whose a token is: an organization's, or a team's if it has the name of
// one. The zero tokenOwner is the user.
type tokenOwner struct {
	org  *organization
	team string
}

func (owner tokenOwner) tokenType() string {
	switch {
	case owner.org == nil:
		return "personal"
	case owner.team != "":
		return "team"
	}
	return "organization"
}

// role returns the organization's role with an ID, or nil.
func (owner tokenOwner) role(id string) *Role {
	if owner.org == nil {
		return nil
	}
	return owner.org.role(id)
}

// findTokenOwner returns the organization or the team that the path names.
func (s *Server) findTokenOwner(c *call) (tokenOwner, error) {
	if c.param("teamName") == "" {
		o, err := s.findOrg(c)
		return tokenOwner{org: o}, err
	}
	o, t, err := s.findTeam(c)
	if err != nil {
		return tokenOwner{}, err
	}
	return tokenOwner{o, t.Name}, nil
}

func (s *Server) listOwnedTokens(c *call) (reply, error) {
	owner, err := s.findTokenOwner(c)
	if err != nil {
		return reply{}, err
	}
	return s.listTokensOf(c, owner)
}

type wireCreateTeamTokenRequest struct {
	Name        *string `json:"name"`
	Description *string `json:"description"`
	Expires     *int64  `json:"expires"`
}

func (s *Server) createTeamToken(c *call) (reply, error) {
	var req wireCreateTeamTokenRequest
	if err := c.decode(&req); err != nil {
		return reply{}, err
	}
	return s.createOwnedToken(c, req, false, "")
}

type wireCreateOrgTokenRequest struct {
	Name        *string `json:"name"`
	Description *string `json:"description"`
	Expires     *int64  `json:"expires"`
	Admin       *bool   `json:"admin"`
	RoleID      string  `json:"roleID"`
}

func (s *Server) createOrgToken(c *call) (reply, error) {
	var req wireCreateOrgTokenRequest
	if err := c.decode(&req); err != nil {
		return reply{}, err
	}
	if req.Admin == nil {
		return reply{}, badRequest("invalid request body: admin is required")
	}
	return s.createOwnedToken(c, wireCreateTeamTokenRequest{req.Name, req.Description, req.Expires}, *req.Admin, req.RoleID)
}

const (
	maxTokenName = 40
	maxTokenLife = 2 * 366 * 24 * time.Hour
)

func (s *Server) createOwnedToken(c *call, req wireCreateTeamTokenRequest, admin bool, roleID string) (reply, error) {
	owner, err := s.findTokenOwner(c)
	if err != nil {
		return reply{}, err
	}
	switch {
	case req.Name == nil || req.Description == nil || req.Expires == nil:
		return reply{}, badRequest("invalid request body: name, description and expires are required")
	case *req.Name == "" || len(*req.Name) > maxTokenName:
		return reply{}, badRequest("Invalid token name: it has 1 to %d characters", maxTokenName)
	case slices.Contains(owner.org.tokenNames, *req.Name):
		return reply{}, conflict("Token with this name already exists: '%s'", *req.Name)
	case roleID != "" && owner.role(roleID) == nil:
		return reply{}, badRequest("Invalid parameter 'roleID'.")
	}
	t, err := newTokenOf(*req.Description, *req.Expires)
	if err != nil {
		return reply{}, err
	}
	if time.Until(t.Expires) > maxTokenLife {
		return reply{}, badRequest("Invalid expiration: it must be within two years")
	}
	added := s.newOwnedToken(owner, *req.Name, t)
	added.admin, added.roleID = admin, roleID
	s.log(c, owner.org, AuditLogEvent{Event: "Access Token Created", Description: fmt.Sprintf("Created access token %q", added.name), RequiresOrgAdmin: true})
	return ok(wireCreatedToken{added.id, added.value}), nil
}

func (s *Server) newOwnedToken(owner tokenOwner, name string, t Token) *accessToken {
	added := s.newToken(t)
	added.owner, added.name = owner, name
	owner.org.tokenNames = append(owner.org.tokenNames, name)
	return added
}

func (s *Server) deleteOwnedToken(c *call) (reply, error) {
	owner, err := s.findTokenOwner(c)
	if err != nil {
		return reply{}, err
	}
	i := slices.IndexFunc(s.tokens, func(t *accessToken) bool { return t.id == c.param("tokenId") && t.owner.org == owner.org })
	switch {
	case i >= 0 && owner.team != "" && s.tokens[i].owner.team == "":
		return reply{}, badRequest("the requested token is not a team token")
	case i < 0 || s.tokens[i].owner != owner:
		return reply{}, notFound("Token '%s' not found", c.param("tokenId"))
	}
	gone := s.tokens[i]
	s.tokens = slices.Delete(s.tokens, i, i+1)
	s.log(c, owner.org, AuditLogEvent{Event: "Access Token Deleted", Description: fmt.Sprintf("Deleted access token %q", gone.name), RequiresOrgAdmin: true})
	return noContent, nil
}

// deleteTokensOf deletes the tokens of an owner that is gone.
func (s *Server) deleteTokensOf(owner tokenOwner) {
	s.tokens = slices.DeleteFunc(s.tokens, func(t *accessToken) bool { return t.owner == owner })
}
