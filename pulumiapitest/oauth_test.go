package pulumiapitest_test

import (
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

// exchange posts a form to where tokens are exchanged, without a token.
func exchange(t *testing.T, srv *pulumiapitest.Server, form url.Values) answer {
	t.Helper()
	req := newRequest(t, srv, http.MethodPost, "/api/oauth/token", form.Encode())
	req.Header.Del("Authorization")
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	a, err := send(t, srv, req)
	require.NoError(t, err)
	return a
}

type grant struct {
	Access string `json:"access_token"`
	Type   string `json:"issued_token_type"`
	In     int    `json:"expires_in"`
	Scope  string `json:"scope"`
}

func identityForm(changes ...string) url.Values {
	form := url.Values{
		"grant_type":           {"urn:ietf:params:oauth:grant-type:token-exchange"},
		"subject_token_type":   {"urn:ietf:params:oauth:token-type:id_token"},
		"requested_token_type": {"urn:pulumi:token-type:access_token:organization"},
		"audience":             {"urn:pulumi:org:acme"},
		"subject_token":        {"trusted"},
	}
	for i := 0; i < len(changes); i += 2 {
		form.Set(changes[i], changes[i+1])
	}
	return form
}

func TestServer_ExchangeIdentityToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		defer srv.Close()
		srv.TrustIdentityToken("acme", "trusted")
		a := exchange(t, srv, identityForm("expiration", "60", "scope", "admin"))
		require.Equal(t, http.StatusOK, a.status, a.body)
		got := decode[grant](t, a)
		assert.Equal(t, grant{got.Access, "urn:pulumi:token-type:access_token:organization", 60, "admin"}, got)

		assert.Equal(t, http.StatusOK, as(t, srv, got.Access, http.MethodGet, tokensPath).status)
		assert.Len(t, getJSON[tokenList](t, srv, tokensPath+"?filter=all").Tokens, 1, "the user's tokens")
		time.Sleep(time.Minute)
		assert.Equal(t, http.StatusUnauthorized, as(t, srv, got.Access, http.MethodGet, tokensPath).status)

		srv.SetTokenLifetime(time.Second)
		assert.Equal(t, 1, decode[grant](t, exchange(t, srv, identityForm("expiration", "60"))).In)
		srv.SetTokenLifetime(0)
		got = decode[grant](t, exchange(t, srv, identityForm()))
		assert.Equal(t, 7200, got.In)
		srv.RevokeExchangedTokens()
		assert.Equal(t, http.StatusUnauthorized, as(t, srv, got.Access, http.MethodGet, tokensPath).status)
		assert.Equal(t, http.StatusOK, as(t, srv, srv.Token(), http.MethodGet, tokensPath).status)
	})
}

func TestServer_ExchangeRefreshToken(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {srv.AddRefreshToken()}}
	for range 2 {
		got := decode[grant](t, exchange(t, srv, form))
		assert.Equal(t, http.StatusOK, as(t, srv, got.Access, http.MethodGet, tokensPath).status)
	}
	assert.NotEqual(t, form.Get("refresh_token"), srv.AddRefreshToken())
}

func TestServer_ExchangeIsRefused(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	srv.TrustIdentityToken("acme", "trusted")
	team := []string{"requested_token_type", "urn:pulumi:token-type:access_token:team"}
	for _, c := range []struct {
		form url.Values
		code string
	}{
		{url.Values{}, "unsupported_grant_type"},
		{identityForm("grant_type", "password"), "unsupported_grant_type"},
		{identityForm("subject_token", "other"), "invalid_grant"},
		{identityForm("audience", "urn:pulumi:org:other"), "invalid_target"},
		{identityForm("subject_token_type", "jwt"), "invalid_request"},
		{identityForm("requested_token_type", "urn:pulumi:token-type:access_token:robot"), "invalid_request"},
		{identityForm("requested_token_type", "organization"), "invalid_request"},
		{identityForm("expiration", "soon"), "invalid_request"},
		{identityForm("expiration", "0"), "invalid_request"},
		{identityForm("scope", "everything"), "invalid_scope"},
		{identityForm(team...), "invalid_scope"},
		{identityForm(append(team, "scope", "team:")...), "invalid_scope"},
		{identityForm(append(team, "scope", "user:ada")...), "invalid_scope"},
		{url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"pulr-x"}}, "invalid_grant"},
	} {
		a := exchange(t, srv, c.form)
		assert.Equal(t, http.StatusBadRequest, a.status, c.form)
		refused := decode[map[string]string](t, a)
		assert.Equal(t, c.code, refused["error"], "%v: %s", c.form, a.body)
		assert.NotEmpty(t, refused["error_description"])
	}
	// With a token, and as JSON.
	req := newRequest(t, srv, http.MethodPost, "/api/oauth/token", identityForm().Encode())
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	a, err := send(t, srv, req)
	require.NoError(t, err)
	assert.Contains(t, a.body, "without an Authorization header")
	assert.Contains(t, do(t, srv, http.MethodPost, "/api/oauth/token", `{}`).body, "form-encoded")
}
