package pulumiapitest_test

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

// The canaries have this in them, which escaping leaves alone.
const canaryCore = "c4n4ry"

const (
	canaryToken    = "pul-c4n4ry/token+8d1f=="
	canaryHook     = `hook-c4n4ry"&<s3cret>\é`
	canaryIdentity = "eyJhbGciOi.c4n4ry-identity.c2ln"
	canaryPassword = "c4n4ry-passw0rd"
)

// assertNoCanary looks for a part of the canaries, in the forms in which bytes get
// into text.
func assertNoCanary(t *testing.T, text string) {
	t.Helper()
	forms := []string{canaryCore, hex.EncodeToString([]byte(canaryCore)), strings.ToUpper(hex.EncodeToString([]byte(canaryCore)))}
	for shift := range 3 {
		encoded := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("x", shift) + canaryCore))
		forms = append(forms, encoded[(shift+2)/3*4:len(encoded)-2])
	}
	for _, form := range forms {
		if at := strings.Index(text, form); at >= 0 {
			t.Errorf("%q is in …%s…", form, text[max(0, at-150):min(len(text), at+150)])
		}
	}
}

// Everything that a client can do with secrets, in one session with the cloud.
func TestRecord_NoSecretGetsIntoTheFile(t *testing.T) {
	t.Parallel()
	const org = pulumiapitest.DemoOrganization
	srv := pulumiapitest.Demo()
	defer srv.Close()
	srv.TrustIdentityToken(org, canaryIdentity)
	scope := pulumiapi.OrgScope(org)
	hookSecret := pulumiapi.NewSecret(canaryHook)
	id := pulumiapi.StackIdentifier{Org: org, Project: "canaries", Stack: "dev"}

	var issued []string // what the cloud has made up itself
	session := func(client *pulumiapi.Client, exchanged pulumiapi.TokenSource) {
		ctx := t.Context()
		token, _, err := exchanged.Token(ctx)
		require.NoError(t, err)
		issued = append(issued, token.Reveal())

		hook, err := client.Webhooks.Create(ctx, scope, pulumiapi.WebhookCreateRequest{
			Name: new("canary"), DisplayName: "canary", PayloadURL: "https://u:" + canaryPassword + "@hooks.acme-corp.test/x?token=" + canaryPassword, Secret: &hookSecret,
		})
		require.NoError(t, err)
		_, err = client.Webhooks.Update(ctx, scope, hook.Name, pulumiapi.WebhookUpdateRequest{DisplayName: "canary", PayloadURL: "https://hooks.acme-corp.test/x", Secret: pulumiapi.NullableOf(hookSecret)})
		require.NoError(t, err)
		_, err = client.Webhooks.Ping(ctx, scope, hook.Name)
		require.NoError(t, err)
		_, err = client.Webhooks.ListDeliveries(ctx, scope, hook.Name)
		require.NoError(t, err)

		for _, create := range []func() (*pulumiapi.CreatedAccessToken, error){
			func() (*pulumiapi.CreatedAccessToken, error) {
				return client.Tokens.Create(ctx, pulumiapi.AccessTokenCreateRequest{Description: "mine"})
			},
			func() (*pulumiapi.CreatedAccessToken, error) {
				return client.Orgs.CreateToken(ctx, org, pulumiapi.OrgTokenCreateRequest{Name: "ours", Description: "ours"})
			},
		} {
			created, err := create()
			require.NoError(t, err)
			require.False(t, created.TokenValue.IsZero())
			issued = append(issued, created.TokenValue.Reveal())
		}
		_, err = pulumiapi.Collect(client.Tokens.List(ctx, nil))
		require.NoError(t, err)

		_, err = client.Stacks.Create(ctx, id, pulumiapi.StackCreateRequest{})
		require.NoError(t, err)
		_, err = client.Stacks.Import(ctx, id, pulumiapi.StackState{Version: 3, Deployment: json.RawMessage(`{"secrets_providers":{"state":{"salt":"x"}},"resources":[{"urn":"urn:pulumi:dev::canaries::pulumi:pulumi:Stack::canaries-dev","type":"pulumi:pulumi:Stack",` +
			`"outputs":{"a":{"4dabf18193072939515e22adb298388d":"1b47061264138c4ac30d75fd1eb44270","plaintext":"\"` + canaryPassword + `\""},` +
			`"dbPassword":"` + canaryPassword + `","key":"-----BEGIN PRIVATE KEY-----\nc4n4ry\n-----END PRIVATE KEY-----\n"}}]}`)})
		require.NoError(t, err)
		_, err = client.Stacks.Export(ctx, id)
		require.NoError(t, err)
		require.NoError(t, client.Stacks.CreateTag(ctx, id, "note", canaryPassword), "known by now")

		_, err = client.Do(ctx, pulumiapi.Request{
			Endpoint: pulumiapi.Endpoint{Method: http.MethodPost, Template: "/api/things/{name}"},
			Args:     []string{canaryToken},
			Query:    url.Values{"token": {canaryPassword}, "q": {canaryToken}},
			Header:   http.Header{"X-Api-Key": {canaryPassword}, "Cookie": {"session=" + canaryPassword}, "Authorization": {"Bearer " + canaryToken}},
			Body:     map[string]any{"ciphertext": []byte(canaryPassword), "note": "the token is " + canaryToken},
		}, nil)
		requireNotImplemented(t, err)
		require.NoError(t, client.Stacks.Delete(ctx, id, &pulumiapi.StackDeleteOptions{Force: true}))
		_, err = client.AuditLogs.ListPage(ctx, org, nil)
		require.NoError(t, err)
	}
	exchange := pulumiapi.OIDCExchange{
		Organization: org,
		IdentityToken: func(context.Context, string) (pulumiapi.Secret, error) {
			return pulumiapi.NewSecret(canaryIdentity), nil
		},
	}

	file := filepath.Join(t.TempDir(), "canaries.json")
	recorder, err := pulumiapitest.Record(file, pulumiapitest.WithTransport(srv.HTTPClient().Transport))
	require.NoError(t, err)
	over := []pulumiapi.Option{pulumiapi.WithBaseURL(pulumiapitest.BaseURL), pulumiapi.WithHTTPClient(&http.Client{Transport: recorder})}
	source, err := pulumiapi.NewOIDCTokenSource(exchange, over...)
	require.NoError(t, err)
	session(clientOver(t, srv, recorder), source)
	require.NoError(t, recorder.Close())
	text := readText(t, file)
	assertNoCanary(t, text)
	for _, token := range append(issued, srv.Token()) {
		assert.NotContains(t, text, token)
	}

	// And it can be played.
	srv.Close()
	replayer := replayOf(t, file)
	source, err = pulumiapi.NewOIDCTokenSource(exchange, replayer.Options()[1:]...)
	require.NoError(t, err)
	session(replayer.Client(), source)
	require.Empty(t, replayer.Unused())
	require.NoError(t, replayer.Close())
}

// A server that repeats all it was sent, in every form.
func TestRecord_NoSecretThatComesBackGetsIntoTheFile(t *testing.T) {
	t.Parallel()
	echo := roundTripper(func(req *http.Request) (*http.Response, error) {
		sent, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		authorization := req.Header.Get("Authorization")
		all := authorization + "\n" + req.Header.Get("Cookie") + "\n" + req.URL.String() + "\n" + string(sent)
		inJSON, err := json.Marshal(map[string]string{"all": all, "sent": string(sent)})
		if err != nil {
			return nil, err
		}
		bodies := map[string]string{
			"text": all, "html": "<p>" + html.EscapeString(all), "json": string(inJSON),
			"json lines": string(inJSON) + "\n" + string(inJSON), "cut": string(inJSON)[:len(inJSON)-3],
			"query": url.QueryEscape(all), "quoted": fmt.Sprintf("%q", all), "bytes": "\xff" + all,
		}
		return &http.Response{
			StatusCode: http.StatusBadRequest, ContentLength: -1,
			Header: http.Header{"X-Echo": {authorization}, "Location": {"/" + url.PathEscape(all)}, "Set-Cookie": {"a=" + canaryPassword}},
			Body:   io.NopCloser(strings.NewReader(bodies[req.URL.Query().Get("as")])),
		}, nil
	})
	file := filepath.Join(t.TempDir(), "echo.json")
	recorder, err := pulumiapitest.Record(file, pulumiapitest.WithTransport(echo))
	require.NoError(t, err)
	send := func(over http.RoundTripper, as, contentType, body string) error {
		req := newPlainRequest(t, http.MethodPost, "https://pulumi.test/api/echo?as="+url.QueryEscape(as), body)
		req.Header.Set("Authorization", "token "+canaryToken)
		req.Header.Set("Cookie", "session="+canaryPassword)
		req.Header.Set("Content-Type", contentType)
		resp, err := over.RoundTrip(req)
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, resp.Body)
		require.NoError(t, err)
		return resp.Body.Close()
	}
	all := func(over http.RoundTripper) {
		for _, as := range []string{"text", "html", "json", "json lines", "cut", "query", "quoted", "bytes"} {
			secret, err := json.Marshal(map[string]any{"secret": canaryHook, "oidcToken": canaryIdentity})
			require.NoError(t, err)
			require.NoError(t, send(over, as, "application/json", string(secret)), as)
			require.NoError(t, send(over, as, "application/x-www-form-urlencoded", url.Values{"client_secret": {canaryHook}, "x": {"y"}}.Encode()), as)
			require.NoError(t, send(over, as, "application/x-yaml", "a:\n  fn::secret: "+canaryPassword+"\n"), as)
		}
	}
	all(recorder)
	require.NoError(t, recorder.Close())
	assertNoCanary(t, readText(t, file))
	replayer := replayOf(t, file)
	all(replayer)
	assert.NoError(t, replayer.Close())
}

// The answers of a replay are as good as they were, but for what was scrubbed.
func TestRecord_WhatIsScrubbedIsStillValid(t *testing.T) {
	t.Parallel()
	base := roundTripper(func(req *http.Request) (*http.Response, error) {
		body := `{"id":"1","tokenValue":"` + canaryToken + `","plaintext":"` + base64.StdEncoding.EncodeToString([]byte(canaryPassword)) + `","expires":1700000000}`
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body))}, nil
	})
	file := filepath.Join(t.TempDir(), "valid.json")
	recorder, err := pulumiapitest.Record(file, pulumiapitest.WithTransport(base))
	require.NoError(t, err)
	requireAnswer(t, recorder, http.MethodPost, "https://pulumi.test/api/x", "")
	require.NoError(t, recorder.Close())
	var answer struct {
		Token     pulumiapi.Secret    `json:"tokenValue"`
		Plaintext []byte              `json:"plaintext"`
		Expires   pulumiapi.Timestamp `json:"expires"`
	}
	require.NoError(t, json.Unmarshal([]byte(requireAnswer(t, replayOf(t, file), http.MethodPost, "https://pulumi.test/api/x", "")), &answer))
	assert.Equal(t, "pul-scrubbed0001", answer.Token.Reveal())
	assert.Len(t, answer.Plaintext, 9)
	assert.True(t, answer.Expires.Equal(time.Unix(1700000000, 0)))
}
