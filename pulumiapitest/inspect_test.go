package pulumiapitest_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestServer_Requests(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	assert.Empty(t, srv.Requests())
	created := do(t, srv, http.MethodPost, "/api/stacks/acme/web", `{"stackName":"prod"}`)
	do(t, srv, http.MethodGet, "/api/stacks/acme/web/a%2Fb%20c", "")
	do(t, srv, http.MethodGet, "/api/user/stacks?project=web&project=x&bad=%zz", "")
	do(t, srv, http.MethodGet, "/api/unknown?a=b", "")

	requests := srv.Requests()
	require.Len(t, requests, 4)

	first := requests[0]
	assert.Equal(t, "POST /api/stacks/{orgName}/{projectName}", first.Endpoint)
	assert.Equal(t, http.MethodPost, first.Method)
	assert.Equal(t, "/api/stacks/acme/web", first.Path)
	assert.Empty(t, first.Query)
	assert.JSONEq(t, `{"stackName":"prod"}`, string(first.Body))
	assert.Equal(t, http.StatusOK, first.Status)
	assert.Equal(t, created.header.Get("X-Pulumi-Request-Id"), first.RequestID)
	assert.Equal(t, []string{"[redacted]"}, first.Header["Authorization"])
	assert.Equal(t, "application/vnd.pulumi+8", first.Header.Get("Accept"))
	assert.Equal(t, "application/json", first.Header.Get("Content-Type"))

	assert.Equal(t, getEndpoint, requests[1].Endpoint)
	assert.Equal(t, "/api/stacks/acme/web/a%2Fb%20c", requests[1].Path)
	assert.Equal(t, http.StatusNotFound, requests[1].Status)

	assert.Equal(t, url.Values{"project": {"web", "x"}}, requests[2].Query, "what can be read")
	assert.Equal(t, http.StatusBadRequest, requests[2].Status)

	assert.Empty(t, requests[3].Endpoint)
	assert.Equal(t, "/api/unknown", requests[3].Path)
	assert.Equal(t, url.Values{"a": {"b"}}, requests[3].Query)

	srv.ResetRequests()
	assert.Empty(t, srv.Requests())
	do(t, srv, http.MethodGet, "/api/user/stacks", "")
	assert.Len(t, srv.Requests(), 1)
}

func TestServer_Requests_WithoutToken(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	req := newRequest(t, srv, http.MethodGet, "/api/user/stacks", "")
	req.Header.Del("Authorization")
	_, err := send(t, srv, req)
	require.NoError(t, err)
	assert.NotContains(t, srv.Requests()[0].Header, "Authorization")
}

func TestServer_Requests_AreCopies(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	do(t, srv, http.MethodPost, "/api/stacks/acme/web?x=y", `{"stackName":"prod"}`)
	mine := srv.Requests()[0]
	mine.Header.Set("Accept", "changed")
	mine.Query.Set("x", "changed")
	mine.Body[0] = '!'
	again := srv.Requests()[0]
	assert.Equal(t, "application/vnd.pulumi+8", again.Header.Get("Accept"))
	assert.Equal(t, "y", again.Query.Get("x"))
	assert.JSONEq(t, `{"stackName":"prod"}`, string(again.Body))
}

func TestServer_Requests_KeepsTheNewest(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	send := func(n int, path string) {
		req := newRequest(t, srv, http.MethodGet, path, "")
		for range n {
			resp, err := srv.HTTPClient().Do(req)
			require.NoError(t, err)
			resp.Body.Close()
		}
	}
	send(3, "/api/old")
	send(9_999, "/api/new")
	requests := srv.Requests()
	require.Len(t, requests, 10_000)
	assert.Equal(t, "/api/old", requests[0].Path)
	assert.Equal(t, "/api/new", requests[1].Path)
	send(1, "/api/last")
	requests = srv.Requests()
	require.Len(t, requests, 10_000)
	assert.Equal(t, "/api/new", requests[0].Path)
	assert.Equal(t, "/api/last", requests[9_999].Path)
	assert.Equal(t, http.StatusNotImplemented, requests[9_999].Status)
}
