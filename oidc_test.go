package pulumiapi_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/internal/testkit"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

const identity = "eyJhbGciOiJSUzI1NiJ9.the-identity-token.signature"

// constantIdentity is an identity provider that has one token.
func constantIdentity(context.Context, string) (pulumiapi.Secret, error) {
	return pulumiapi.NewSecret(identity), nil
}

func newExchanging(t *testing.T, srv *pulumiapitest.Server, exchange pulumiapi.OIDCExchange) *pulumiapi.Client {
	t.Helper()
	opts := testkit.ExchangeOptions(srv)
	source, err := pulumiapi.NewOIDCTokenSource(exchange, opts...)
	require.NoError(t, err)
	client, err := pulumiapi.NewClient(append(opts, pulumiapi.WithTokenSource(source))...)
	require.NoError(t, err)
	return client
}

// exchanges returns the forms that the cloud was sent.
func exchanges(t *testing.T, srv *pulumiapitest.Server) []url.Values {
	t.Helper()
	var forms []url.Values
	for _, request := range srv.Requests() {
		if request.Path != "/api/oauth/token" {
			continue
		}
		assert.Equal(t, "application/x-www-form-urlencoded", request.Header.Get("Content-Type"))
		assert.NotContains(t, request.Header, "Authorization")
		form, err := url.ParseQuery(string(request.Body))
		require.NoError(t, err)
		forms = append(forms, form)
	}
	return forms
}

func TestOIDCTokenSource_Exchanges(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		exchange                pulumiapi.OIDCExchange
		kind, scope, expiration string
	}{
		"an organization's token": {pulumiapi.OIDCExchange{}, "organization", "", "7200"},
		"an administrator's":      {pulumiapi.OIDCExchange{Admin: true, Lifetime: time.Minute}, "organization", "admin", "60"},
		"a team's":                {pulumiapi.OIDCExchange{Team: "platform"}, "team", "team:platform", "7200"},
		"a user's":                {pulumiapi.OIDCExchange{User: "ada"}, "personal", "user:ada", "7200"},
		"a runner's":              {pulumiapi.OIDCExchange{Runner: "r 1"}, "runner", "runner:r 1", "7200"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv := pulumiapitest.Demo()
				defer srv.Close()
				srv.TrustIdentityToken(pulumiapitest.DemoOrganization, identity)
				c.exchange.Organization, c.exchange.IdentityToken = pulumiapitest.DemoOrganization, constantIdentity
				client := newExchanging(t, srv, c.exchange)
				require.NoError(t, testkit.GetWebshop(t.Context(), client))
				require.NoError(t, testkit.GetWebshop(t.Context(), client))
				want := url.Values{
					"grant_type":           {"urn:ietf:params:oauth:grant-type:token-exchange"},
					"subject_token_type":   {"urn:ietf:params:oauth:token-type:id_token"},
					"requested_token_type": {"urn:pulumi:token-type:access_token:" + c.kind},
					"audience":             {"urn:pulumi:org:" + pulumiapitest.DemoOrganization},
					"subject_token":        {identity},
					"expiration":           {c.expiration},
				}
				if c.scope != "" {
					want.Set("scope", c.scope)
				}
				assert.Equal(t, []url.Values{want}, exchanges(t, srv), "one exchange for two calls")
			})
		})
	}
}

func TestOIDCTokenSource_RenewsWhatExpires(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := pulumiapitest.Demo()
		defer srv.Close()
		srv.TrustIdentityToken(pulumiapitest.DemoOrganization, identity)
		srv.SetTokenLifetime(10 * time.Minute)
		client := newExchanging(t, srv, pulumiapi.OIDCExchange{Organization: pulumiapitest.DemoOrganization, IdentityToken: constantIdentity})
		for range 4 {
			require.NoError(t, testkit.GetWebshop(t.Context(), client))
			time.Sleep(9*time.Minute + 30*time.Second)
		}
		assert.Len(t, exchanges(t, srv), 4, "the service said 10 minutes, whatever was asked for")
		srv.RevokeExchangedTokens()
		require.NoError(t, testkit.GetWebshop(t.Context(), client))
		assert.Len(t, exchanges(t, srv), 5)
	})
}

func TestOIDCTokenSource_Refusals(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := pulumiapitest.Demo()
		defer srv.Close()
		client := newExchanging(t, srv, pulumiapi.OIDCExchange{Organization: pulumiapitest.DemoOrganization, IdentityToken: constantIdentity})
		err := client.Stacks.CreateTag(t.Context(), testkit.Webshop, "a", "b")
		var refused *pulumiapi.APIError
		require.ErrorAs(t, err, &refused)
		assert.Equal(t, "POST /api/oauth/token", refused.Endpoint.String())
		assert.Equal(t, "Bad Request: invalid_grant (not shown, as it may hold a secret)", refused.Message)
		require.ErrorContains(t, err, "POST /api/stacks/acme-corp/webshop/prod/tags: no access token: ")

		for _, other := range []error{pulumiapi.ErrNotFound, pulumiapi.ErrForbidden, pulumiapi.ErrOutcomeUnknown} {
			require.NotErrorIs(t, err, other)
		}

		// A service that repeats what it was sent.
		fault := srv.Inject(pulumiapitest.Fault{Status: http.StatusBadRequest, Body: `{"error":"invalid_grant","error_description":"bad token ` + identity + `"}`})
		err = testkit.GetWebshop(t.Context(), client)
		require.ErrorAs(t, err, &refused)
		assert.Equal(t, "Bad Request: invalid_grant (not shown, as it may hold a secret)", refused.Message)
		fault.Remove()

		// One that is busy: an exchange changes nothing, and may be repeated.
		srv.TrustIdentityToken(pulumiapitest.DemoOrganization, identity)
		srv.Inject(pulumiapitest.Fault{Endpoint: "POST /api/oauth/token", Status: http.StatusServiceUnavailable, Times: 1})
		require.NoError(t, client.Stacks.CreateTag(t.Context(), testkit.Webshop, "a", "b"))
		srv.Inject(pulumiapitest.Fault{Endpoint: "POST /api/oauth/token", Status: http.StatusServiceUnavailable})
		srv.RevokeExchangedTokens()
		err = client.Stacks.CreateTag(t.Context(), testkit.Webshop, "c", "d")
		require.Error(t, err)
		require.NotErrorIs(t, err, pulumiapi.ErrOutcomeUnknown, "the write was refused with a 401, and not sent again")
	})
}

// What an exchange is answered with is not what the call is answered with: SetTag
// would take a 404 for that of a tag.
func TestOIDCTokenSource_StatusesAreNotTheCalls(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusForbidden, http.StatusNotFound, http.StatusConflict, http.StatusTooManyRequests} {
		synctest.Test(t, func(t *testing.T) {
			srv := pulumiapitest.Demo()
			defer srv.Close()
			client := newExchanging(t, srv, pulumiapi.OIDCExchange{Organization: "acme", IdentityToken: constantIdentity})
			srv.Inject(pulumiapitest.Fault{Endpoint: "POST /api/oauth/token", Status: status})
			err := client.Stacks.SetTag(t.Context(), testkit.Webshop, "owner", "ada")
			for _, sentinel := range []error{pulumiapi.ErrForbidden, pulumiapi.ErrNotFound, pulumiapi.ErrConflict, pulumiapi.ErrRateLimited} {
				require.NotErrorIs(t, err, sentinel, "an exchange answered %d", status)
			}
			var refused *pulumiapi.APIError
			require.ErrorAs(t, err, &refused)
			assert.Equal(t, status, refused.StatusCode, "the exchange's answer can be looked at")
			for _, request := range srv.Requests() {
				assert.Equal(t, "/api/oauth/token", request.Path)
			}
		})
	}
}

func TestOIDCTokenSource_OddAnswers(t *testing.T) {
	t.Parallel()
	for body, says := range map[string]string{
		`{}`:                        "has no access token",
		`{"access_token":null}`:     "has no access token",
		`{"access_token":7}`:        "JSON of another form",
		`{"access_token":"pul-\n"}`: "line break",
		`<html>sign in</html>`:      "not JSON",
		`access_token=pul-SECRET&expires_in=3600`: "not JSON",
		`{"access_token":"[redacted]"}`:           "JSON of another form",
	} {
		t.Run(body, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv := pulumiapitest.Demo()
				defer srv.Close()
				client := newExchanging(t, srv, pulumiapi.OIDCExchange{Organization: "acme", IdentityToken: constantIdentity})
				srv.Inject(pulumiapitest.Fault{Endpoint: "POST /api/oauth/token", Status: http.StatusOK, Body: body})
				err := testkit.GetWebshop(t.Context(), client)
				require.ErrorContains(t, err, says)
				assert.NotContains(t, err.Error(), "pul-")
			})
		})
	}
	for seconds, again := range map[string]bool{`,"expires_in":0`: false, ``: false, `,"expires_in":9223372036854775807`: false, `,"expires_in":60`: true, `,"expires_in":-5`: false, `,"expires_in":"60"`: true, `,"expires_in":60.5`: true, `,"expires_in":{}`: false} {
		t.Run("a lifetime of"+seconds, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv := pulumiapitest.Demo()
				defer srv.Close()
				client := newExchanging(t, srv, pulumiapi.OIDCExchange{Organization: "acme", IdentityToken: constantIdentity})
				srv.Inject(pulumiapitest.Fault{Endpoint: "POST /api/oauth/token", Status: http.StatusOK, Body: `{"access_token":"` + srv.Token() + `"` + seconds + `}`})
				require.NoError(t, testkit.GetWebshop(t.Context(), client))
				time.Sleep(time.Hour)
				require.NoError(t, testkit.GetWebshop(t.Context(), client))
				assert.Len(t, exchanges(t, srv), map[bool]int{false: 1, true: 2}[again])
			})
		})
	}
}

func TestNewOIDCTokenSource_BadArguments(t *testing.T) {
	t.Parallel()
	good := pulumiapi.OIDCExchange{Organization: "acme", IdentityToken: constantIdentity}
	for name, change := range map[string]func(*pulumiapi.OIDCExchange){
		"exchange.Organization":  func(e *pulumiapi.OIDCExchange) { e.Organization = "" },
		"exchange.IdentityToken": func(e *pulumiapi.OIDCExchange) { e.IdentityToken = nil },
		"exchange.Lifetime":      func(e *pulumiapi.OIDCExchange) { e.Lifetime = 1500 * time.Millisecond },
		"exchange.Team":          func(e *pulumiapi.OIDCExchange) { e.Admin, e.Team = true, "ops" },
		"exchange.Runner":        func(e *pulumiapi.OIDCExchange) { e.User, e.Runner = "ada", "ops" },
	} {
		exchange := good
		change(&exchange)
		_, err := pulumiapi.NewOIDCTokenSource(exchange)
		var refused *pulumiapi.ArgumentError
		require.ErrorAs(t, err, &refused, name)
		assert.Equal(t, name, refused.Name)
	}
	_, err := pulumiapi.NewOIDCTokenSource(good, pulumiapi.WithBaseURL("not an address"))
	require.ErrorContains(t, err, "WithBaseURL")

	// A token is for the address that it comes from.
	source, err := pulumiapi.NewOIDCTokenSource(good, pulumiapi.WithBaseURL("https://one.example.com"))
	require.NoError(t, err)
	_, err = pulumiapi.NewClient(pulumiapi.WithBaseURL("https://other.example.com"), pulumiapi.WithTokenSource(source))
	require.ErrorContains(t, err, "https://one.example.com")
	require.ErrorContains(t, err, "https://other.example.com")

	for _, same := range []string{"https://one.example.com/", "https://ONE.example.com:443"} {
		_, err = pulumiapi.NewClient(pulumiapi.WithBaseURL(same), pulumiapi.WithTokenSource(source))
		require.NoError(t, err, same)
	}
	for _, other := range []string{"http://one.example.com", "https://one.example.com:444", "https://one.example.com/below"} {
		_, err = pulumiapi.NewClient(pulumiapi.WithBaseURL(other), pulumiapi.WithTokenSource(source))
		require.Error(t, err, other)
	}
	source.CloseIdleConnections()
	(*pulumiapi.OIDCTokenSource)(nil).CloseIdleConnections()

	_, _, err = new(pulumiapi.OIDCTokenSource).Token(t.Context())
	require.ErrorContains(t, err, "NewOIDCTokenSource")
	_, _, err = source.Token(nil) //nolint:staticcheck // what if
	require.ErrorContains(t, err, "ctx")
}

func TestNewOIDCTokenSource_FromEnvironment(t *testing.T) {
	t.Setenv("PULUMI_BACKEND_URL", pulumiapitest.BaseURL)
	srv := pulumiapitest.Demo()
	defer srv.Close()
	srv.TrustIdentityToken("acme", identity)
	source, err := pulumiapi.NewOIDCTokenSource(pulumiapi.OIDCExchange{Organization: "acme", IdentityToken: constantIdentity},
		pulumiapi.FromEnvironment(), pulumiapi.WithHTTPClient(srv.HTTPClient()))
	require.NoError(t, err)
	token, expires, err := source.Token(t.Context())
	require.NoError(t, err)
	assert.NotEmpty(t, token.Reveal())
	assert.WithinDuration(t, time.Now().Add(2*time.Hour), expires, time.Minute)
}

func TestIdentityTokenFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "token")
	source := pulumiapi.IdentityTokenFile(path)
	_, err := source(t.Context(), "")
	require.ErrorIs(t, err, os.ErrNotExist)
	for _, content := range []string{"first", " second\r\n"} {
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		token, err := source(t.Context(), "")
		require.NoError(t, err)
		assert.Contains(t, content, token.Reveal(), "it is read anew each time")
		assert.NotContains(t, token.Reveal(), "\n")
	}
	require.NoError(t, os.WriteFile(path, []byte("\n"), 0o600))
	_, err = source(t.Context(), "")
	require.ErrorContains(t, err, "empty")
}

// gitHub is what GitHub Actions answers with.
func gitHub(t *testing.T, answers ...func(req *http.Request) *http.Response) (hc *http.Client, asked *int) {
	t.Helper()
	asked = new(int)
	return &http.Client{Transport: testkit.RoundTripperFunc(func(req *http.Request) (*http.Response, error) {
		assert.Equal(t, "Bearer "+runnerToken, req.Header.Get("Authorization"))
		assert.Equal(t, "https://actions.example.com/id/token?api-version=2.0&audience=urn%3Apulumi%3Aorg%3Aacme", req.URL.String())
		answer := answers[min(*asked, len(answers)-1)]
		*asked++
		return answer(req), nil
	})}, asked
}

const runnerToken = "runner-token-canary"

func answered(status int, header http.Header, body string) func(*http.Request) *http.Response {
	return func(req *http.Request) *http.Response {
		return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(body)), Request: req, ContentLength: -1}
	}
}

func TestGitHubActionsIdentityToken(t *testing.T) {
	t.Setenv("ACTIONS_ID_TOKEN_REQUEST_URL", "https://actions.example.com/id/token?api-version=2.0")
	t.Setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", runnerToken)
	good := answered(http.StatusOK, nil, `{"value":"`+identity+`","count":7}`)
	for name, c := range map[string]struct {
		answers []func(*http.Request) *http.Response
		says    string
	}{
		"the token":       {[]func(*http.Request) *http.Response{good}, ""},
		"after a bad day": {[]func(*http.Request) *http.Response{answered(http.StatusBadGateway, nil, "oops"), good}, ""},
		"a refusal":       {[]func(*http.Request) *http.Response{answered(http.StatusForbidden, nil, "no "+runnerToken)}, "status 403: Forbidden (not shown"},
		"no token":        {[]func(*http.Request) *http.Response{answered(http.StatusOK, nil, `{"value":""}`)}, "no token"},
		"a page":          {[]func(*http.Request) *http.Response{answered(http.StatusOK, nil, `<html>`)}, "not JSON"},
		"another server":  {[]func(*http.Request) *http.Response{answered(http.StatusFound, http.Header{"Location": {"https://evil.example.com/"}}, "")}, "redirect"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				hc, asked := gitHub(t, c.answers...)
				token, err := pulumiapi.GitHubActionsIdentityToken(hc)(t.Context(), "urn:pulumi:org:acme")
				assert.Equal(t, len(c.answers), *asked)
				if c.says == "" {
					require.NoError(t, err)
					assert.Equal(t, identity, token.Reveal())
					return
				}
				require.ErrorContains(t, err, "GitHub Actions: ")
				require.ErrorContains(t, err, c.says)
				assert.NotContains(t, fmt.Sprintf("%+v", err), runnerToken)
				var refused *pulumiapi.APIError
				assert.NotErrorAs(t, err, &refused, "it is not Pulumi Cloud that refuses")
			})
		})
	}
}

func TestGitHubActionsIdentityToken_Elsewhere(t *testing.T) { //nolint:paralleltest // the environment is everybody's
	for _, variables := range [][2]string{{"", ""}, {"https://actions.example.com", ""}, {"", runnerToken}, {"actions", runnerToken}, {"https://u:p@host/", runnerToken}, {"ftp://host/", runnerToken}, {"https://host/", runnerToken + "\n"}} {
		t.Setenv("ACTIONS_ID_TOKEN_REQUEST_URL", variables[0])
		t.Setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", variables[1])
		_, err := pulumiapi.GitHubActionsIdentityToken(nil)(t.Context(), "urn:pulumi:org:acme")
		require.ErrorContains(t, err, "ACTIONS_ID_TOKEN_REQUEST_", "%q", variables)
		assert.NotContains(t, err.Error(), runnerToken)
	}
}

func TestFromEnvironment_RefreshToken(t *testing.T) { //nolint:paralleltest // the environment is everybody's
	for name, c := range map[string]struct {
		account          string // %s: the refresh token
		before, twoHours int    // exchanges at the first call, and two hours later
	}{
		"alone":                          {`{"refreshToken": "%s"}`, 1, 2},
		"beside an old access token":     {`{"refreshToken": "%s"}}, "accessTokens": {"` + pulumiapitest.BaseURL + `": "pul-pulumiapitest-token"`, 1, 2},
		"beside a token that is good":    {`{"refreshToken": "%s", "accessToken": "` + "pul-pulumiapitest-token" + `"}`, 0, 0},
		"beside one that ends in a hour": {`{"refreshToken": "%s", "accessToken": "pul-pulumiapitest-token", "tokenInformation": {"expiresAt": "2000-01-01T01:00:00Z"}}`, 0, 1},
		"beside one that has ended":      {`{"refreshToken": "%s", "accessToken": "pul-x", "tokenInformation": {"expiresAt": 946684000}}`, 1, 2},
		"beside one that is refused":     {`{"refreshToken": "%s", "accessToken": "pul-x"}`, 1, 2},
		"beside an unreadable time":      {`{"refreshToken": "%s", "accessToken": "pul-x", "tokenInformation": {"expiresAt": {"soon": true}}}`, 1, 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := pulumiapitest.Demo()
				defer srv.Close()
				testkit.Login(t, fmt.Sprintf(c.account, srv.AddRefreshToken()))
				client, err := pulumiapi.NewClient(pulumiapi.FromEnvironment(), pulumiapi.WithHTTPClient(srv.HTTPClient()))
				require.NoError(t, err)
				require.NoError(t, testkit.GetWebshop(t.Context(), client))
				assert.Len(t, exchanges(t, srv), c.before)
				time.Sleep(2*time.Hour - time.Second)
				require.NoError(t, testkit.GetWebshop(t.Context(), client))
				assert.Len(t, exchanges(t, srv), c.twoHours)
			})
		})
	}
}

func TestFromEnvironment_RefreshTokenIsRefusedOrReplaced(t *testing.T) { //nolint:paralleltest // the environment is everybody's
	synctest.Test(t, func(t *testing.T) {
		srv := pulumiapitest.Demo()
		defer srv.Close()
		testkit.Login(t, `{"refreshToken": "pulr-first"}`)
		client, err := pulumiapi.NewClient(pulumiapi.FromEnvironment(), pulumiapi.WithHTTPClient(srv.HTTPClient()))
		require.NoError(t, err)
		err = testkit.GetWebshop(t.Context(), client)
		require.ErrorContains(t, err, "run `pulumi login`")
		require.ErrorContains(t, err, "invalid_grant (not shown, as it may hold a secret)")
		assert.NotContains(t, err.Error(), "pulr-first")

		srv.Inject(pulumiapitest.Fault{
			Endpoint: "POST /api/oauth/token", Status: http.StatusOK,
			Body: `{"access_token":"` + srv.Token() + `","expires_in":60,"refresh_token":"pulr-second"}`,
		})
		require.NoError(t, testkit.GetWebshop(t.Context(), client))
		time.Sleep(time.Hour)
		require.NoError(t, testkit.GetWebshop(t.Context(), client))
		forms := exchanges(t, srv)
		assert.Equal(t, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"pulr-first"}}, forms[1])
		assert.Equal(t, "pulr-second", forms[2].Get("refresh_token"), "the newest one")
	})
}

// The service may replace a refresh token when it is used, so a renewal whose
// response is lost is not repeated. An exchange of an identity token is.
func TestFromEnvironment_RenewalIsNotRetried(t *testing.T) { //nolint:paralleltest // the environment is everybody's
	for name, c := range map[string]struct {
		fault pulumiapitest.Fault
		sends int // an exchange of an identity token
	}{
		"a 503":               {pulumiapitest.Fault{Status: http.StatusServiceUnavailable}, 2},
		"a 429":               {pulumiapitest.Fault{Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"1"}}}, 2},
		"a lost response":     {pulumiapitest.Fault{Applied: true, Drop: true}, 2},
		"half of a response":  {pulumiapitest.Fault{Applied: true, Truncate: 10}, 2},
		"a rejected exchange": {pulumiapitest.Fault{Status: http.StatusBadRequest}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := pulumiapitest.Demo()
				defer srv.Close()
				c.fault.Endpoint, c.fault.Times = "POST /api/oauth/token", 1
				testkit.Login(t, `{"refreshToken": "`+srv.AddRefreshToken()+`"}`)
				client, err := pulumiapi.NewClient(pulumiapi.FromEnvironment(), pulumiapi.WithHTTPClient(srv.HTTPClient()),
					pulumiapi.WithRetry(pulumiapi.RetryPolicy{RetryThrottledWrites: true}))
				require.NoError(t, err)
				srv.Inject(c.fault)
				err = testkit.GetWebshop(t.Context(), client)
				require.ErrorContains(t, err, "the login can't be renewed")
				failed, is := errors.AsType[*pulumiapi.CallError](err)
				require.True(t, is, "%v", err)
				says := failed.Err.Error() // which is not cut
				assert.Equal(t, name != "a rejected exchange" && name != "half of a response", strings.Contains(says, "outcome unknown"), says)
				assert.Equal(t, name == "half of a response", strings.Contains(says, "the write succeeded"), says)
				require.NotErrorIs(t, err, pulumiapi.ErrOutcomeUnknown, "of a call that was not sent")
				assert.Len(t, exchanges(t, srv), 1)

				srv.TrustIdentityToken(pulumiapitest.DemoOrganization, identity)
				srv.Inject(c.fault)
				exchanging := newExchanging(t, srv, pulumiapi.OIDCExchange{Organization: pulumiapitest.DemoOrganization, IdentityToken: constantIdentity})
				err = testkit.GetWebshop(t.Context(), exchanging)
				assert.Equal(t, c.sends == 1, err != nil, "%v", err)
				assert.Len(t, exchanges(t, srv), 1+c.sends)
			})
		})
	}
}
