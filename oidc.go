package pulumiapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/pulumiapi/pulumiapi/internal/transport"
)

// IdentityTokenFunc returns a token by which an identity provider says who the
// program is, for the given audience: "urn:pulumi:org:acme".
type IdentityTokenFunc func(ctx context.Context, audience string) (Secret, error)

// OIDCExchange says which identity token is exchanged for which access token.
// Organization and IdentityToken are required. At most one of Admin, Team, User
// and Runner may be set; with none, the token stands for the organization.
type OIDCExchange struct {
	// Organization is the one that trusts the identity provider.
	Organization string
	// IdentityToken is asked for a token before each exchange:
	// [GitHubActionsIdentityToken], [IdentityTokenFile], or a program's own.
	IdentityToken IdentityTokenFunc
	// Admin asks for an organization's token with the rights of an administrator.
	Admin bool
	// Team asks for a token of that team.
	Team string
	// User asks for a personal token of the user with that login.
	User string
	// Runner asks for a token of that runner of deployments.
	Runner string
	// Lifetime is how long the access token is to be good, in whole seconds: two
	// hours if zero. The service may shorten it.
	Lifetime time.Duration
}

const defaultTokenLifetime = 2 * time.Hour

// OIDCTokenSource gets access tokens in exchange for identity tokens, so that a
// CI job needs no secret. Make it with [NewOIDCTokenSource], and give it to
// [WithTokenSource]. It is safe for concurrent use.
type OIDCTokenSource struct {
	client   *Client // without credentials
	exchange OIDCExchange
	form     url.Values
}

// NewOIDCTokenSource returns a source of access tokens. It takes the options of
// [NewClient], of which those about access tokens are of no account, and the
// address has to be that of the client which gets the tokens: [NewClient] sees to
// that, unless the source is wrapped in another. It sends nothing.
//
// An exchange has retries, a rate limiter, an observer and a logger only if they
// are among opts, whatever the client has.
func NewOIDCTokenSource(exchange OIDCExchange, opts ...Option) (*OIDCTokenSource, error) {
	requested, scope, err := exchange.requested()
	if err != nil {
		return nil, err
	}
	c, err := newConfig(opts)
	if err != nil {
		return nil, err
	}
	if c.fromEnvironment {
		if _, err := c.readAddress(true); err != nil {
			return nil, err
		}
	}
	client, err := c.newClient()
	if err != nil {
		return nil, err
	}
	lifetime := exchange.Lifetime
	if lifetime == 0 {
		lifetime = defaultTokenLifetime
	}
	form := url.Values{
		"grant_type":           {"urn:ietf:params:oauth:grant-type:token-exchange"},
		"subject_token_type":   {"urn:ietf:params:oauth:token-type:id_token"},
		"requested_token_type": {"urn:pulumi:token-type:access_token:" + requested},
		"audience":             {exchange.audience()},
		"expiration":           {strconv.FormatInt(int64(lifetime/time.Second), 10)},
	}
	if scope != "" {
		form.Set("scope", scope)
	}
	return &OIDCTokenSource{client: client, exchange: exchange, form: form}, nil
}

func (e OIDCExchange) audience() string { return "urn:pulumi:org:" + e.Organization }

// requested returns the type and the scope of the token that is asked for.
func (e OIDCExchange) requested() (kind, scope string, err error) {
	var set []string
	choose := func(chosen bool, name, as, with string) {
		if chosen {
			set = append(set, "exchange."+name)
			kind, scope = as, with
		}
	}
	kind = "organization"
	choose(e.Admin, "Admin", "organization", "admin")
	choose(e.Team != "", "Team", "team", "team:"+e.Team)
	choose(e.User != "", "User", "personal", "user:"+e.User)
	choose(e.Runner != "", "Runner", "runner", "runner:"+e.Runner)
	switch {
	case e.Organization == "":
		return "", "", &ArgumentError{Name: "exchange.Organization", Reason: "is empty"}
	case e.IdentityToken == nil:
		return "", "", &ArgumentError{Name: "exchange.IdentityToken", Reason: "is nil"}
	case len(set) > 1:
		return "", "", &ArgumentError{Name: set[1], Reason: "can't be set together with " + set[0]}
	case e.Lifetime < 0 || e.Lifetime%time.Second != 0:
		return "", "", newArgumentError("exchange.Lifetime", e.Lifetime.String(), "must be whole seconds, and not negative")
	}
	return kind, scope, nil
}

// Token gets an identity token, exchanges it for a new access token, and returns
// that and when it expires. It keeps nothing: a [Client] does. A refusal is an
// [*APIError] with the status and the error code of OAuth, "invalid_grant" for
// instance. It does not quote the response, which may hold a token.
//
// Pulumi Cloud: POST /api/oauth/token
func (s *OIDCTokenSource) Token(ctx context.Context) (Secret, time.Time, error) {
	if s == nil || s.client == nil {
		return Secret{}, time.Time{}, &ArgumentError{Name: "source", Reason: "was not made by NewOIDCTokenSource"}
	}
	if ctx == nil {
		return Secret{}, time.Time{}, &ArgumentError{Name: "ctx", Reason: "is nil"}
	}
	identity, err := s.exchange.IdentityToken(ctx, s.exchange.audience())
	if err != nil {
		return Secret{}, time.Time{}, fmt.Errorf("identity token: %w", err)
	}
	if identity.IsZero() {
		return Secret{}, time.Time{}, errors.New("identity token: it is empty")
	}
	granted, err := s.client.exchangeToken(ctx, tokenExchangeEndpoint, s.form, "subject_token", identity)
	if err != nil {
		return Secret{}, time.Time{}, err
	}
	return granted.AccessToken, granted.expires, nil
}

// CloseIdleConnections closes the connections that no exchange uses at the moment.
// Without [WithHTTPClient], the source has connections of its own.
func (s *OIDCTokenSource) CloseIdleConnections() {
	if s != nil && s.client != nil {
		s.client.CloseIdleConnections()
	}
}

// checkTokenSource refuses a source whose tokens belong to another address.
func checkTokenSource(source TokenSource, base *url.URL) error {
	oidc, ok := source.(*OIDCTokenSource)
	switch {
	case !ok:
		return nil
	case oidc.client == nil:
		return &ArgumentError{Name: "WithTokenSource", Reason: "the OIDCTokenSource was not made by NewOIDCTokenSource"}
	case !isSameAddress(oidc.client.base, base):
		return newArgumentError("WithTokenSource", oidc.client.base.String(),
			"the tokens are for that address, and must not be sent to "+base.String())
	}
	return nil
}

// isSameAddress reports whether two base URLs lead to the same place.
func isSameAddress(a, b *url.URL) bool {
	port := func(u *url.URL) string {
		if u.Port() == "" {
			return map[string]string{"http": "80", "https": "443"}[u.Scheme]
		}
		return u.Port()
	}
	return a.Scheme == b.Scheme && strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b) && a.EscapedPath() == b.EscapedPath()
}

// lenientNumber is a number, also one that is written as text; 0 if it is neither.
type lenientNumber float64

// UnmarshalJSON never fails.
func (n *lenientNumber) UnmarshalJSON(data []byte) error {
	number, err := strconv.ParseFloat(strings.Trim(string(data), `"`), 64)
	if err != nil || math.IsNaN(number) {
		number = 0
	}
	*n = lenientNumber(number)
	return nil
}

// tokenGrant is the service's answer to an exchange.
type tokenGrant struct {
	AccessToken  Secret `json:"access_token"`
	RefreshToken Secret `json:"refresh_token"`
	// ExpiresIn is in seconds; 0 where that can't be read.
	ExpiresIn lenientNumber `json:"expires_in"`

	expires time.Time
}

var (
	// tokenExchangeEndpoint counts as a read: one access token more changes nothing,
	// and a call that never went out because of it has a known outcome.
	tokenExchangeEndpoint = Endpoint{Method: http.MethodPost, Template: "/api/oauth/token", Read: true}

	// tokenRenewalEndpoint is for a refresh token, which the service may replace: if
	// the response is lost, the old one is no longer valid, and a second request with
	// it may make the service revoke the new one as well (RFC 9700, section 4.14.2).
	tokenRenewalEndpoint = tokenExchangeEndpoint.asNoRetry()
)

// exchangeToken gets an access token for a secret, which goes into the form under
// the given name.
func (c *Client) exchangeToken(ctx context.Context, endpoint Endpoint, form url.Values, name string, secret Secret) (*tokenGrant, error) {
	filled := url.Values{name: {secret.Reveal()}}
	maps.Copy(filled, form)
	start := time.Now().Round(0) // a clock that stands still while the machine sleeps is of no use
	granted, err := fetch[tokenGrant](ctx, c, call{
		endpoint:    endpoint,
		body:        transport.BytesBody([]byte(filled.Encode()), secret.Reveal()),
		contentType: "application/x-www-form-urlencoded",
		anonymous:   true,
	})
	if err != nil {
		return nil, err
	}
	if granted.AccessToken.IsZero() {
		return nil, fmt.Errorf("pulumiapi: %s: the answer has no access token", endpoint)
	}
	if granted.ExpiresIn > 0 {
		// What no Duration holds is as good as never.
		granted.expires = start.Add(time.Duration(min(float64(granted.ExpiresIn), maxTokenLifetime.Seconds())) * time.Second)
	}
	return granted, nil
}

const maxTokenLifetime = 100 * 365 * 24 * time.Hour

// IdentityTokenFile reads the identity token from a file, anew each time, as
// Kubernetes and some CI systems replace it there.
func IdentityTokenFile(path string) IdentityTokenFunc {
	return func(context.Context, string) (Secret, error) {
		data, err := os.ReadFile(path) //nolint:gosec // it is the caller who names the file
		if err != nil {
			return Secret{}, err
		}
		token := NewSecret(string(bytes.TrimSpace(data)))
		if token.IsZero() {
			return Secret{}, fmt.Errorf("the file %s is empty", path)
		}
		return token, nil
	}
}

// GitHubActionsIdentityToken gets the identity token of a job of GitHub Actions,
// whose workflow must have the permission "id-token: write". hc is used as by
// [WithHTTPClient]; nil is the default.
func GitHubActionsIdentityToken(hc *http.Client) IdentityTokenFunc {
	return func(ctx context.Context, audience string) (Secret, error) {
		address, bearer := gitHubActionsRequest()
		if address == "" || bearer.IsZero() {
			return Secret{}, errors.New("this is no job of GitHub Actions with the permission id-token: write: " +
				"ACTIONS_ID_TOKEN_REQUEST_URL and ACTIONS_ID_TOKEN_REQUEST_TOKEN are not set")
		}
		return fetchGitHubToken(ctx, hc, address, bearer, audience)
	}
}

// fetchGitHubToken asks GitHub, with the retries and the caution of any call.
func fetchGitHubToken(ctx context.Context, hc *http.Client, address string, bearer Secret, audience string) (Secret, error) {
	base, err := url.Parse(address)
	if err != nil || base.Host == "" || base.User != nil || base.Scheme != "https" && base.Scheme != "http" {
		return Secret{}, errors.New("ACTIONS_ID_TOKEN_REQUEST_URL is not the address of a server")
	}
	if _, err := checkToken("ACTIONS_ID_TOKEN_REQUEST_TOKEN", bearer.Reveal()); err != nil {
		return Secret{}, err
	}
	asked := *base
	query := asked.Query()
	query.Set("audience", audience)
	asked.RawQuery = query.Encode()
	base.RawQuery = ""
	if hc == nil {
		hc = &http.Client{}
	}
	client := transport.New(transport.Config{HTTP: hc, Base: base, Retry: RetryPolicy{}.complete(), Stall: stallTimeout})
	if hc.Transport == nil {
		defer client.CloseIdleConnections()
	}
	var answer identityTokenAnswer
	_, err = client.Do(&transport.Call{ //nolint:contextcheck // the context is the call's
		Context: ctx,
		Request: &http.Request{
			Method: http.MethodGet, URL: &asked, Host: asked.Host,
			Header: http.Header{"Authorization": {"Bearer " + bearer.Reveal()}, "Accept": {jsonType}},
		},
		Idempotent:   true,
		Confidential: true,
		Handler:      &gitHubAnswer{path: base.Path, answer: &answer},
		Endpoint:     base,
		Path:         base.Path,
	})
	switch {
	case err != nil:
		return Secret{}, fmt.Errorf("GitHub Actions: %w", err)
	case answer.Value.IsZero():
		return Secret{}, errors.New("GitHub Actions: the answer has no token")
	}
	return answer.Value, nil
}

// identityTokenAnswer is what GitHub Actions answers with.
type identityTokenAnswer struct {
	Value Secret `json:"value"`
}

// confidential is how it is read.
var confidential = decoding{secret: true}

// gitHubAnswer reads it. It is a [transport.Handler].
type gitHubAnswer struct {
	path   string
	answer *identityTokenAnswer
}

// Value implements [transport.Handler].
func (a *gitHubAnswer) Value(any) any { return nil }

// Answered implements [transport.Handler].
func (a *gitHubAnswer) Answered(*http.Response, transport.Outcome) {}

// Receive implements [transport.Handler].
func (a *gitHubAnswer) Receive(resp *http.Response, sofar transport.Outcome) error {
	if resp.StatusCode != http.StatusOK {
		refused, _ := (&call{decoding: confidential}).refusal(resp, a.path, sofar)
		return fmt.Errorf("status %d: %s", refused.StatusCode, oneLine(refused.Message, maxErrorText))
	}
	return confidential.read(resp, a.answer, maxErrorBody)
}

// storedLogin is what `pulumi login` has left: an access token, or a refresh
// token to get one with, or both.
type storedLogin struct {
	token        cachedToken
	refreshToken Secret // zero: the access token is all there is
}

// tokens returns the tokens of the login, which client gets for itself.
func (l *storedLogin) tokens(client *Client) *tokenCache {
	return &tokenCache{source: &refreshTokenSource{client: client, refreshToken: l.refreshToken}, token: l.token}
}

// refreshTokenSource gets access tokens for a refresh token. A [tokenCache] asks
// it, and never twice at a time.
type refreshTokenSource struct {
	client       *Client
	refreshToken Secret // the newest: the service may replace it each time
}

// Token implements [TokenSource].
func (s *refreshTokenSource) Token(ctx context.Context) (Secret, time.Time, error) {
	granted, err := s.client.exchangeToken(ctx, tokenRenewalEndpoint, url.Values{"grant_type": {"refresh_token"}}, "refresh_token", s.refreshToken)
	if err != nil {
		return Secret{}, time.Time{}, fmt.Errorf("the login can't be renewed (set PULUMI_ACCESS_TOKEN, or run `pulumi login`): %w", err)
	}
	if !granted.RefreshToken.IsZero() {
		s.refreshToken = granted.RefreshToken
	}
	return granted.AccessToken, granted.expires, nil
}
