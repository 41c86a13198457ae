package pulumiapitest

import (
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

var oauthRoutes = []route{
	{
		endpoint: "POST /api/oauth/token",
		open:     true,
		handle:   (*Server).exchangeToken,
	},
}

const (
	tokenExchangeGrant = "urn:ietf:params:oauth:grant-type:token-exchange"
	refreshTokenGrant  = "refresh_token"
	idTokenType        = "urn:ietf:params:oauth:token-type:id_token"
	accessTokenType    = "urn:pulumi:token-type:access_token:"
	audiencePrefix     = "urn:pulumi:org:"

	// defaultExchangeLifetime is how long an exchanged token is good where no
	// expiration is asked for.
	defaultExchangeLifetime = 2 * time.Hour
)

// oauth is what the cloud knows for exchanges of tokens.
type oauth struct {
	identities    map[trusted]bool
	refreshTokens []string
	maxLifetime   time.Duration // 0: as long as is asked for
}

// trusted is an identity token and an organization that trusts it.
type trusted struct{ org, identityToken string }

// TrustIdentityToken makes an organization trust an identity token: clients get
// access tokens in exchange for it. The organization is added if there is none
// of that name.
func (s *Server) TrustIdentityToken(org, identityToken string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.orgs[org] == nil {
		s.newOrganization(org)
	}
	s.oauth.identities[trusted{org, identityToken}] = true
}

// AddRefreshToken returns a new refresh token of the server's user, as
// `pulumi login` stores it: clients get access tokens for it as often as they
// like.
func (s *Server) AddRefreshToken() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	token := "pulr-" + fakeHex("refresh token "+strconv.FormatInt(s.nextSerial(), 10), 40)
	s.oauth.refreshTokens = append(s.oauth.refreshTokens, token)
	return token
}

// SetTokenLifetime limits how long access tokens that are exchanged from now on
// are good, whatever is asked for, in whole seconds and at least one; zero lifts
// the limit.
func (s *Server) SetTokenLifetime(limit time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if limit != 0 {
		limit = max(limit.Truncate(time.Second), time.Second)
	}
	s.oauth.maxLifetime = limit
}

// RevokeExchangedTokens ends all access tokens that were exchanged until now,
// before their time.
func (s *Server) RevokeExchangedTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens = slices.DeleteFunc(s.tokens, func(t *accessToken) bool { return t.exchanged })
}

type wireTokenGrant struct {
	AccessToken     string `json:"access_token"`
	IssuedTokenType string `json:"issued_token_type"`
	TokenType       string `json:"token_type"`
	ExpiresIn       int64  `json:"expires_in"`
	Scope           string `json:"scope"`
}

// wireOAuthError is the body of a refused exchange (RFC 6749, section 5.2).
type wireOAuthError struct {
	Error            string `json:"error"`
	ErrorDescription string `json:"error_description"`
}

func oauthError(code, description string) (reply, error) {
	return reply{http.StatusBadRequest, wireOAuthError{code, description}}, nil
}

func (s *Server) exchangeToken(c *call) (reply, error) {
	mediaType, _, err := mime.ParseMediaType(c.header.Get("Content-Type"))
	form, formErr := url.ParseQuery(string(c.body))
	switch {
	case err != nil || mediaType != "application/x-www-form-urlencoded" || formErr != nil:
		return oauthError("invalid_request", "the request must be form-encoded")
	case c.header.Get("Authorization") != "":
		return oauthError("invalid_request", "an exchange of tokens is made without an Authorization header")
	}
	switch grant := form.Get("grant_type"); grant {
	case tokenExchangeGrant:
		return s.exchangeIdentity(form)
	case refreshTokenGrant:
		if !slices.Contains(s.oauth.refreshTokens, form.Get("refresh_token")) {
			return oauthError("invalid_grant", "the refresh token is invalid or has been revoked")
		}
		return s.grantToken("personal", "", 0), nil
	default:
		return oauthError("unsupported_grant_type", "grant_type "+strconv.Quote(grant)+" is not supported")
	}
}

func (s *Server) exchangeIdentity(form url.Values) (reply, error) {
	kind, isAccessToken := strings.CutPrefix(form.Get("requested_token_type"), accessTokenType)
	scopes := map[string]string{"organization": "", "team": "team:", "personal": "user:", "runner": "runner:"}
	prefix, known := scopes[kind]
	org, isOrg := strings.CutPrefix(form.Get("audience"), audiencePrefix)
	scope := form.Get("scope")
	var lifetime time.Duration
	if text := form.Get("expiration"); text != "" {
		seconds, err := strconv.ParseInt(text, 10, 32)
		if err != nil || seconds <= 0 {
			return oauthError("invalid_request", "expiration must be a number of seconds")
		}
		lifetime = time.Duration(seconds) * time.Second
	}
	switch {
	case form.Get("subject_token_type") != idTokenType:
		return oauthError("invalid_request", "subject_token_type must be "+idTokenType)
	case !isAccessToken || !known:
		return oauthError("invalid_request", "requested_token_type "+strconv.Quote(form.Get("requested_token_type"))+" is not supported")
	case !isOrg || s.orgs[org] == nil:
		return oauthError("invalid_target", "there is no organization "+strconv.Quote(form.Get("audience")))
	case !s.oauth.identities[trusted{org, form.Get("subject_token")}]:
		return oauthError("invalid_grant", "the identity token's issuer is not registered with the organization")
	case kind == "organization" && scope != "" && scope != "admin",
		kind != "organization" && (!strings.HasPrefix(scope, prefix) || scope == prefix):
		return oauthError("invalid_scope", "scope "+strconv.Quote(scope)+" does not go with a token of type "+kind)
	}
	return s.grantToken(kind, scope, lifetime), nil
}

func (s *Server) grantToken(kind, scope string, lifetime time.Duration) reply {
	if lifetime == 0 {
		lifetime = defaultExchangeLifetime
	}
	if limit := s.oauth.maxLifetime; limit > 0 {
		lifetime = min(lifetime, limit)
	}
	added := s.newToken(Token{Description: "Exchanged", Expires: time.Now().Add(lifetime)})
	added.exchanged = true
	return ok(wireTokenGrant{
		AccessToken:     added.value,
		IssuedTokenType: accessTokenType + kind,
		TokenType:       "token",
		ExpiresIn:       int64(lifetime / time.Second),
		Scope:           scope,
	})
}
