package pulumiapitest_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

const poolsEndpoint = "GET /api/orgs/{orgName}/agent-pools"

// callPools calls an operation that the cloud has no state for, by the package's client.
func callPools(ctx context.Context, client *pulumiapi.Client, out any) error {
	_, err := client.Do(ctx, pulumiapi.Request{
		Endpoint: pulumiapi.Endpoint{Method: http.MethodGet, Template: "/api/orgs/{orgName}/agent-pools"},
		Args:     []string{"acme"},
	}, out)
	return err
}

func TestServer_WithoutStateSaysHowToScript(t *testing.T) {
	t.Parallel()
	srv := pulumiapitest.NewServer(pulumiapitest.ForTest(t))
	err := callPools(t.Context(), srv.Client(), nil)
	refused, is := errors.AsType[*pulumiapi.APIError](err)
	require.True(t, is, "%v", err)
	assert.Equal(t, http.StatusNotImplemented, refused.StatusCode)
	assert.Equal(t, 1, refused.Attempts)
	require.Contains(t, refused.Message, `srv.Handle("GET /api/orgs/acme/agent-pools", pulumiapitest.Respond(http.StatusOK, value))`)

	// What it says works as it stands.
	srv.Handle("GET /api/orgs/acme/agent-pools", pulumiapitest.Respond(http.StatusOK, map[string]any{"agentPools": []string{"p1"}}))
	var pools struct {
		AgentPools []string `json:"agentPools"`
	}
	require.NoError(t, callPools(t.Context(), srv.Client(), &pools))
	assert.Equal(t, []string{"p1"}, pools.AgentPools)
}

func TestServer_Handle_GetsTheRequest(t *testing.T) {
	t.Parallel()
	srv := pulumiapitest.NewServer(pulumiapitest.ForTest(t))
	const endpoint = "POST /api/preview/insights/{orgName}/accounts/{accountName}/check"
	srv.Handle(endpoint, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		assert.EqualValues(t, len(body), r.ContentLength)
		_, _ = fmt.Fprintf(w, "%s|%s|%s|%s|%s", r.PathValue("orgName"), r.PathValue("accountName"), r.URL.Path, r.URL.Query().Get("q"), body)
	}))
	// An account name is decoded twice by the service.
	a := do(t, srv, http.MethodPost, "/api/preview/insights/ac%20me/accounts/a%252Fb/check?q=1", `{"x":1}`)
	assert.Equal(t, http.StatusOK, a.status)
	assert.Equal(t, `ac me|a/b|/api/preview/insights/ac me/accounts/a%2Fb/check|1|{"x":1}`, a.body)
	requests := srv.Requests()
	require.Len(t, requests, 1)
	assert.Equal(t, endpoint, requests[0].Endpoint)
	assert.Equal(t, http.StatusOK, requests[0].Status)
	assert.Equal(t, requests[0].RequestID, a.header.Get("X-Pulumi-Request-ID"))
}

func TestServer_Handle_ReadsCompressedBodies(t *testing.T) {
	t.Parallel()
	srv := pulumiapitest.NewServer(pulumiapitest.ForTest(t))
	srv.Handle("POST /api/echo", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Empty(t, r.Header.Get("Content-Encoding"))
		_, _ = io.Copy(w, r.Body)
	}))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, pulumiapitest.BaseURL+"/api/echo", strings.NewReader(gzipped(t, "plain")))
	require.NoError(t, err)
	req.Header.Set("Content-Encoding", "gzip")
	req.Header.Set("Authorization", "token "+srv.Token())
	resp, err := srv.HTTPClient().Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	assert.Equal(t, "plain", string(body))
}

func TestServer_Handle_OverridesAndIsRemoved(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	const endpoint = "GET /api/stacks/{orgName}/{projectName}/{stackName}"
	id := pulumiapi.StackIdentifier{Org: "acme", Project: "web", Stack: "prod"}
	srv.Handle(endpoint, pulumiapitest.Respond(http.StatusTeapot, nil))
	srv.Handle(endpoint, pulumiapitest.Respond(http.StatusOK, json.RawMessage(`{"projectName":"scripted"}`)))
	stack, err := srv.Client().Stacks.Get(t.Context(), id)
	require.NoError(t, err)
	assert.Equal(t, "scripted", stack.ProjectName)

	srv.Handle(endpoint, nil)
	stack, err = srv.Client().Stacks.Get(t.Context(), id)
	require.NoError(t, err)
	assert.Equal(t, "web", stack.ProjectName)
}

func TestServer_Handle_ChecksTheToken(t *testing.T) {
	t.Parallel()
	srv := pulumiapitest.NewServer(pulumiapitest.ForTest(t))
	srv.Handle(poolsEndpoint, pulumiapitest.Respond(http.StatusNoContent, nil))
	for authorization, want := range map[string]int{
		"":                         http.StatusUnauthorized,
		"token nobody's":           http.StatusUnauthorized,
		"token " + srv.Token():     http.StatusNoContent,
		"update-token a-lease":     http.StatusNoContent, // the script's to look at
		"Bearer something else":    http.StatusNoContent,
		"token":                    http.StatusUnauthorized,
		"token " + srv.Token()[1:]: http.StatusUnauthorized,
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, pulumiapitest.BaseURL+"/api/orgs/acme/agent-pools", http.NoBody)
		require.NoError(t, err)
		if authorization != "" {
			req.Header.Set("Authorization", authorization)
		}
		resp, err := srv.HTTPClient().Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		assert.Equal(t, want, resp.StatusCode, "Authorization: %s", authorization)
	}
	// An endpoint that asks for no token keeps that.
	srv.Handle("POST /api/oauth/token", pulumiapitest.Respond(http.StatusOK, nil))
	resp, err := srv.HTTPClient().Post(pulumiapitest.BaseURL+"/api/oauth/token", "", nil)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	assert.Equal(t, http.StatusOK, resp.StatusCode)
}

func TestServer_Handle_IsStruckByFaults(t *testing.T) {
	t.Parallel()
	srv := pulumiapitest.NewServer(pulumiapitest.ForTest(t))
	calls := 0
	srv.Handle(poolsEndpoint, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		calls++
		w.Header().Set("X-Script", "yes")
		_, _ = io.WriteString(w, `{"agentPools":[]}`)
	}))
	get := func() answer { return do(t, srv, http.MethodGet, "/api/orgs/acme/agent-pools", "") }

	srv.Inject(pulumiapitest.Fault{Endpoint: poolsEndpoint, Times: 1, Status: http.StatusBadGateway})
	assert.Equal(t, http.StatusBadGateway, get().status)
	assert.Zero(t, calls)
	srv.Inject(pulumiapitest.Fault{Endpoint: poolsEndpoint, Times: 1, Status: http.StatusBadGateway, Applied: true})
	assert.Equal(t, http.StatusBadGateway, get().status)
	assert.Equal(t, 1, calls)
	srv.Inject(pulumiapitest.Fault{Endpoint: poolsEndpoint, Times: 1, Header: http.Header{"X-Fault": {"too"}}})
	a := get()
	assert.Equal(t, http.StatusOK, a.status)
	assert.JSONEq(t, `{"agentPools":[]}`, a.body)
	assert.Equal(t, "yes", a.header.Get("X-Script"))
	assert.Equal(t, "too", a.header.Get("X-Fault"))
	srv.LimitRate(1, 1<<40)
	get()
	assert.Equal(t, http.StatusTooManyRequests, get().status)
}

// A script may answer in pieces, each of which arrives before the next is made.
func TestServer_Handle_Streams(t *testing.T) {
	t.Parallel()
	srv := pulumiapitest.NewServer(pulumiapitest.ForTest(t))
	next := make(chan struct{})
	srv.Handle("GET /api/stream", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for i := range 3 {
			if _, err := fmt.Fprintf(w, "event %d\n", i); err != nil || http.NewResponseController(w).Flush() != nil {
				return
			}
			select {
			case <-next:
			case <-r.Context().Done():
				return
			}
		}
	}))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, pulumiapitest.BaseURL+"/api/stream", http.NoBody)
	require.NoError(t, err)
	req.Header.Set("Authorization", "token "+srv.Token())
	resp, err := srv.HTTPClient().Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	for i := range 3 {
		require.True(t, lines.Scan())
		assert.Equal(t, fmt.Sprintf("event %d", i), lines.Text())
		next <- struct{}{}
	}
	assert.False(t, lines.Scan())
}

func TestServer_Handle_IsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	srv := pulumiapitest.NewServer(pulumiapitest.ForTest(t))
	client := srv.Client()
	srv.Handle(poolsEndpoint, pulumiapitest.Respond(http.StatusOK, struct{}{}))
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for range 20 {
				if i == 0 {
					srv.Handle(poolsEndpoint, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
						srv.SetPageSize(10) // a script may call the server
						_, _ = io.WriteString(w, "{}")
					}))
				}
				assert.NoError(t, callPools(t.Context(), client, new(struct{})))
			}
		})
	}
	group.Wait()
}

func TestServer_Handle_RefusesWhatIsNoEndpoint(t *testing.T) {
	t.Parallel()
	srv := pulumiapitest.NewServer(pulumiapitest.ForTest(t))
	for _, endpoint := range []string{"", "GET", "/api/x", "GET api/x", "get /api/x", "GET  /api/x", "GET /api/x?y=1", "GET /api/x y"} {
		assert.PanicsWithValue(t, fmt.Sprintf(
			"pulumiapitest: Handle: %q is not a method and a path, like \"GET /api/orgs/{orgName}/agent-pools\"", endpoint),
			func() { srv.Handle(endpoint, pulumiapitest.Respond(http.StatusOK, nil)) }, endpoint)
	}
	assert.Panics(t, func() { pulumiapitest.Respond(http.StatusOK, func() {}) })
}
