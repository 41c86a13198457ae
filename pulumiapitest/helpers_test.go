package pulumiapitest_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

// newServer returns a strict server with the organization acme, closed at the end of
// the test, which fails if a fault never struck.
func newServer(t *testing.T) *pulumiapitest.Server {
	t.Helper()
	srv := pulumiapitest.NewServer(pulumiapitest.ForTest(t), pulumiapitest.Strict())
	require.NoError(t, srv.AddOrganization("acme"))
	return srv
}

// newStackServer returns a server with the stack acme/web/prod.
func newStackServer(t *testing.T) *pulumiapitest.Server {
	t.Helper()
	srv := newServer(t)
	require.NoError(t, srv.AddStack(pulumiapitest.Stack{Org: "acme", Project: "web", Name: "prod"}))
	return srv
}

// newRequest returns a request for the in-memory network, as a good client sends it.
func newRequest(t *testing.T, srv *pulumiapitest.Server, method, path, body string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, pulumiapitest.BaseURL+path, strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Authorization", "token "+srv.Token())
	req.Header.Set("Accept", "application/vnd.pulumi+8")
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	return req
}

// answer is a response, read to its end.
type answer struct {
	status int
	header http.Header
	body   string
}

func send(t *testing.T, srv *pulumiapitest.Server, req *http.Request) (answer, error) {
	t.Helper()
	resp, err := srv.HTTPClient().Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, string(body)}, err
}

// escape escapes a value for a query.
func escape(value string) string { return url.QueryEscape(value) }

func do(t *testing.T, srv *pulumiapitest.Server, method, path, body string) answer {
	t.Helper()
	a, err := send(t, srv, newRequest(t, srv, method, path, body))
	require.NoError(t, err, "%s %s", method, path)
	return a
}

// requireNoContent sends a request, and wants a 204.
func requireNoContent(t *testing.T, srv *pulumiapitest.Server, method, path, body string) {
	t.Helper()
	a := do(t, srv, method, path, body)
	require.Equal(t, http.StatusNoContent, a.status, "%s %s %s: %s", method, path, body, a.body)
	require.Empty(t, a.body)
}

// requireError sends a request, and wants the service's error body with a
// message that contains the text.
func requireError(t *testing.T, srv *pulumiapitest.Server, status int, message, method, path, body string) {
	t.Helper()
	a := do(t, srv, method, path, body)
	assertError(t, a, status, message)
}

func assertError(t *testing.T, a answer, status int, message string) {
	t.Helper()
	assert.Equal(t, status, a.status, a.body)
	assert.Equal(t, "application/json", a.header.Get("Content-Type"))
	assert.NotEmpty(t, a.header.Get("X-Pulumi-Request-Id"))
	fields := map[string]any{}
	require.NoError(t, json.Unmarshal([]byte(a.body), &fields), a.body)
	assert.Len(t, fields, 2, a.body)
	assert.InDelta(t, status, fields["code"], 0, a.body)
	assert.Contains(t, fields["message"], message)
}

// getJSON gets a path that must answer 200, decoded.
func getJSON[T any](t *testing.T, srv *pulumiapitest.Server, path string) T {
	t.Helper()
	a := do(t, srv, http.MethodGet, path, "")
	require.Equal(t, http.StatusOK, a.status, "GET %s: %s", path, a.body)
	require.Equal(t, "application/json", a.header.Get("Content-Type"))
	return decode[T](t, a)
}

// decode decodes the body of an answer.
func decode[T any](t *testing.T, a answer) T {
	t.Helper()
	var v T
	require.NoError(t, json.Unmarshal([]byte(a.body), &v), a.body)
	return v
}

// requireNotImplemented wants the error of an operation that the cloud has no state for.
func requireNotImplemented(t *testing.T, err error) {
	t.Helper()
	refused, is := errors.AsType[*pulumiapi.APIError](err)
	require.True(t, is, "%v", err)
	require.Equal(t, http.StatusNotImplemented, refused.StatusCode, "%v", err)
}
