package pulumiapitest

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

var tokenRoutes = []route{
	{
		endpoint: "GET /api/user/tokens",
		query:    []string{"filter", "maxResults", tokenParam},
		maxSize:  1000,
		handle:   (*Server).listTokens,
	},
	{
		endpoint: "POST /api/user/tokens",
		query:    []string{"reason"},
		handle:   (*Server).createToken,
	},
	{
		endpoint: "DELETE /api/user/tokens/{tokenId}",
		handle:   (*Server).deleteToken,
	},
}

// Token is an access token of the server's user, see [Server.AddToken].
type Token struct {
	// Description is what the user wrote about it.
	Description string
	// Created is when it was created: now, if it is left out.
	Created time.Time
	// LastUsed is when it was used last, zero for never.
	LastUsed time.Time
	// Expires is when it stops being good, zero for never.
	Expires time.Time
}

// AddToken gives the server's user another access token, and returns its ID and
// its value. Requests with that value are authorized until the token expires or
// is deleted.
func (s *Server) AddToken(t Token) (id, value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	added := s.newToken(t)
	return added.id, added.value
}

// accessToken is an access token in the cloud.
type accessToken struct {
	Token
	seq       int64 // its place in lists
	id, value string
	exchanged bool // for another token, and in no list

	// What tokens of organizations and teams have beside.
	owner  tokenOwner // zero for the user's own
	name   string
	admin  bool
	roleID string
}

func (s *Server) newToken(t Token) *accessToken {
	if t.Created.IsZero() {
		t.Created = time.Now()
	}
	seq := s.nextSerial()
	what := fmt.Sprintf("token %d", seq)
	added := &accessToken{Token: t, seq: seq, id: fakeUUID(what), value: "pul-" + fakeHex(what, 40)}
	s.tokens = append(s.tokens, added)
	return added
}

func (t *accessToken) expired(now time.Time) bool {
	return !t.Expires.IsZero() && !now.Before(t.Expires)
}

type wireTokenList struct {
	Tokens            []wireToken `json:"tokens"`
	ContinuationToken *string     `json:"continuationToken"`
}

type wireToken struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description"`
	Created     string `json:"created"`
	LastUsed    int64  `json:"lastUsed"`
	Expires     int64  `json:"expires"`
	Admin       bool   `json:"admin"`
	CreatedBy   string `json:"createdBy"`
	Type        string `json:"type"`

	Role *wireTokenRole `json:"role,omitempty"`
}

type wireTokenRole struct {
	DefaultIdentifier string `json:"defaultIdentifier"`
	ID                string `json:"id"`
	Name              string `json:"name"`
}

// zonelessTime is how the service writes times that its description has as plain
// text.
const zonelessTime = "2006-01-02 15:04:05.000"

func (s *Server) listTokens(c *call) (reply, error) { return s.listTokensOf(c, tokenOwner{}) }

// listTokensOf lists the tokens of an owner.
func (s *Server) listTokensOf(c *call, owner tokenOwner) (reply, error) {
	now := time.Now()
	var found []*accessToken
	for _, t := range s.tokens {
		matches := !t.exchanged && t.owner == owner
		switch filter := c.query.Get("filter"); filter {
		case "", "active":
			matches = matches && !t.expired(now)
		case "expired":
			matches = matches && t.expired(now)
		case "all":
		default:
			return reply{}, badRequest("invalid query parameter: filter must be active, expired or all, not %q", filter)
		}
		if matches {
			found = append(found, t)
		}
	}
	page, next, err := tokenPage(s, c, "maxResults", found, func(t *accessToken) int64 { return t.seq })
	if err != nil {
		return reply{}, err
	}
	list := wireTokenList{Tokens: []wireToken{}, ContinuationToken: next}
	for _, t := range page {
		list.Tokens = append(list.Tokens, t.wire())
	}
	return ok(list), nil
}

func (t *accessToken) wire() wireToken {
	w := wireToken{
		ID: t.id, Name: cmp.Or(t.name, t.id), Description: t.Description, Created: t.Created.UTC().Format(zonelessTime),
		LastUsed: unixSeconds(t.LastUsed), Expires: unixSeconds(t.Expires), Admin: t.admin, CreatedBy: userLogin, Type: t.owner.tokenType(),
	}
	if r := t.owner.role(t.roleID); r != nil {
		w.Role = &wireTokenRole{cmp.Or(r.builtIn, roleMember), r.ID, r.Name}
	}
	return w
}

type wireCreateTokenRequest struct {
	Description *string `json:"description"`
	Expires     *int64  `json:"expires"`
}

type wireCreatedToken struct {
	ID         string `json:"id"`
	TokenValue string `json:"tokenValue"`
}

func (s *Server) createToken(c *call) (reply, error) {
	var req wireCreateTokenRequest
	if err := c.decode(&req); err != nil {
		return reply{}, err
	}
	if req.Description == nil || req.Expires == nil {
		return reply{}, badRequest("invalid request body: description and expires are required")
	}
	t, err := newTokenOf(*req.Description, *req.Expires)
	if err != nil {
		return reply{}, err
	}
	added := s.newToken(t)
	s.logUser(c, AuditLogEvent{Event: "Access Token Created", Description: fmt.Sprintf("Created access token %q", added.Description)})
	return ok(wireCreatedToken{added.id, added.value}), nil
}

// newTokenOf returns a token as a request asks for it, which expires at a time in
// Unix seconds, or never for 0.
func newTokenOf(description string, expires int64) (Token, error) {
	t := Token{Description: description}
	if expires != 0 {
		if t.Expires = time.Unix(expires, 0); !t.Expires.After(time.Now()) {
			return Token{}, badRequest("Invalid expiration: it must be in the future, in seconds since 1970, or 0 for never")
		}
	}
	return t, nil
}

// deleteToken deletes the token of the request itself, too.
func (s *Server) deleteToken(c *call) (reply, error) {
	i := slices.IndexFunc(s.tokens, func(t *accessToken) bool { return t.id == c.param("tokenId") && t.owner == (tokenOwner{}) })
	if i < 0 {
		return reply{}, notFound("Token '%s' not found", c.param("tokenId"))
	}
	gone := s.tokens[i]
	s.tokens = slices.Delete(s.tokens, i, i+1)
	s.logUser(c, AuditLogEvent{Event: "Access Token Deleted", Description: fmt.Sprintf("Deleted access token %q", gone.Description)})
	return noContent, nil
}
