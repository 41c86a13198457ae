package pulumiapitest_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

func TestServer_Authorization(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	tests := map[string]struct{ header, message string }{
		"none":         {"", "Unauthorized: the request has no access token"},
		"other token":  {"token pul-other", "Unauthorized: nobody has this access token"},
		"other scheme": {"Bearer " + srv.Token(), "Unauthorized: the Authorization header must be"},
		"token alone":  {srv.Token(), "Unauthorized: the Authorization header must be"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			req := newRequest(t, srv, http.MethodGet, "/api/stacks/acme/web/prod", "")
			req.Header.Del("Authorization")
			if test.header != "" {
				req.Header.Set("Authorization", test.header)
			}
			a, err := send(t, srv, req)
			require.NoError(t, err)
			assertError(t, a, http.StatusUnauthorized, test.message)
		})
	}
}

func TestServer_AcceptIsNotRequired(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	req := newRequest(t, srv, http.MethodGet, "/api/stacks/acme/web/prod", "")
	req.Header.Del("Accept")
	a, err := send(t, srv, req)
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, a.status)
}

func TestServer_Paths(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	tests := map[string]struct {
		method, path string
		status       int
		message      string
	}{
		"unknown endpoint":  {http.MethodGet, "/api/unknown", http.StatusNotImplemented, "no state for GET /api/unknown"},
		"too long":          {http.MethodGet, "/api/user/stacks/more", http.StatusNotImplemented, "no state for"},
		"base path alone":   {http.MethodGet, "/", http.StatusBadRequest, "segment"},
		"empty segment":     {http.MethodGet, "/api/stacks/acme//prod", http.StatusBadRequest, "segment"},
		"trailing slash":    {http.MethodGet, "/api/user/stacks/", http.StatusBadRequest, "segment"},
		"dots":              {http.MethodGet, "/api/stacks/acme/web/..", http.StatusBadRequest, "segment"},
		"escaped dots":      {http.MethodDelete, "/api/stacks/acme/web/%2e%2E", http.StatusBadRequest, "segment"},
		"dot":               {http.MethodGet, "/api/stacks/acme/./prod", http.StatusBadRequest, "segment"},
		"not this method":   {http.MethodPut, "/api/user/stacks", http.StatusNotImplemented, "no state for PUT /api/user/stacks"},
		"HEAD is not a GET": {http.MethodGet, "/api/stacks/acme/web", http.StatusNotImplemented, "no state for GET"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requireError(t, srv, test.status, test.message, test.method, test.path, "")
		})
	}
}

func TestServer_OutsideBasePath(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	for _, path := range []string{"/api/user/stacks", "/", "/pulumi-cloudy/api/user/stacks", "/pulumi-cloud"} {
		req := newRequest(t, srv, http.MethodGet, "", "")
		req.URL.Path = path
		a, err := send(t, srv, req)
		require.NoError(t, err)
		assert.Equal(t, http.StatusNotFound, a.status, path)
		assert.Equal(t, "text/plain; charset=utf-8", a.header.Get("Content-Type"))
		assert.NotEmpty(t, a.header.Get("X-Pulumi-Request-Id"))
		assert.Contains(t, a.body, "lives below /pulumi-cloud, and "+path+" is outside")
	}
	assert.Equal(t, "/api/user/stacks", srv.Requests()[0].Path, "in full, as there is no base path to take off")
}

func TestServer_RequestIDsDiffer(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	seen := map[string]bool{}
	for _, path := range []string{"/api/stacks/acme/web/prod", "/api/stacks/acme/web/none", "/api/unknown"} {
		a := do(t, srv, http.MethodGet, path, "")
		seen[a.header.Get("X-Pulumi-Request-Id")] = true
	}
	assert.Len(t, seen, 3)
	assert.NotContains(t, seen, "")
}

func TestServer_Compression(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	big := pulumiapitest.Stack{Org: "acme", Project: "web", Name: "big", Tags: map[string]string{"note": strings.Repeat("x", 4000)}}
	require.NoError(t, srv.AddStack(big))
	tests := []struct {
		stack, accept string
		compressed    bool
	}{
		{"big", "gzip", true},
		{"big", "br, GZIP;q=0.5", true},
		{"big", "gzip;q=0", false},
		{"big", "gzip; q=x", false},
		{"big", "identity", false},
		{"prod", "gzip", false},
	}
	for _, test := range tests {
		req := newRequest(t, srv, http.MethodGet, "/api/stacks/acme/web/"+test.stack, "")
		req.Header.Set("Accept-Encoding", test.accept) // or the transport would decompress
		a, err := send(t, srv, req)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, a.status)
		if !test.compressed {
			assert.Empty(t, a.header.Get("Content-Encoding"), "%+v", test)
			assert.Contains(t, a.body, `"orgName":"acme"`)
			continue
		}
		assert.Equal(t, "gzip", a.header.Get("Content-Encoding"), "%+v", test)
		assert.Less(t, len(a.body), 1000)
		unzip, err := gzip.NewReader(strings.NewReader(a.body))
		require.NoError(t, err)
		body, err := io.ReadAll(unzip)
		require.NoError(t, err)
		assert.Contains(t, string(body), strings.Repeat("x", 4000))
	}
}

func TestServer_URL(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	base := srv.URL()
	assert.Equal(t, base, srv.URL())
	assert.Regexp(t, `^http://127\.0\.0\.1:[1-9]\d*/pulumi-cloud$`, base)

	client := &http.Client{Transport: &http.Transport{}}
	get := func() (*http.Response, error) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/api/stacks/acme/web/prod", http.NoBody)
		require.NoError(t, err)
		req.Header.Set("Authorization", "token "+srv.Token())
		return client.Do(req)
	}
	resp, err := get()
	require.NoError(t, err)
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	assert.Equal(t, http.StatusOK, resp.StatusCode)
	assert.Contains(t, string(body), `"stackName":"prod"`)
	opened, _ := srv.Connections()
	assert.Zero(t, opened, "sockets are not counted")

	srv.Close() // with a connection that the client would have kept
	_, err = get()
	require.Error(t, err)
	assert.Equal(t, base, srv.URL())
}

func TestServer_URL_AfterClose(t *testing.T) {
	t.Parallel()
	srv := pulumiapitest.NewServer()
	srv.Close()
	assert.Equal(t, "http://127.0.0.1:0/pulumi-cloud", srv.URL())
}

func TestServer_Close(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	do(t, srv, http.MethodGet, "/api/stacks/acme/web/prod", "")
	srv.Close()
	srv.Close()
	opened, open := srv.Connections()
	assert.Equal(t, 1, opened)
	assert.Zero(t, open)
	_, err := send(t, srv, newRequest(t, srv, http.MethodGet, "/api/user/stacks", ""))
	require.ErrorContains(t, err, "the server is closed")
	require.NoError(t, srv.AddOrganization("later"), "what needs no network goes on")
}

func TestServer_NoOtherHost(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	for _, address := range []string{"http://api.pulumi.com/pulumi-cloud", "https://api.pulumi.test/pulumi-cloud"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
		require.NoError(t, err)
		_, err = send(t, srv, req)
		require.ErrorContains(t, err, "no other host than api.pulumi.test:80")
	}
}

func TestServer_Connections(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	for range 100 {
		do(t, srv, http.MethodGet, "/api/stacks/acme/web/prod", "")
	}
	opened, open := srv.Connections()
	assert.Equal(t, 1, opened)
	assert.Equal(t, 1, open)

	srv.HTTPClient().CloseIdleConnections()
	opened, open = srv.Connections()
	assert.Equal(t, 1, opened)
	assert.Zero(t, open)
}

// In a synctest bubble everything must have ended when the test function
// returns: a goroutine that is left is a deadlock, and fails the test.
func TestServer_Close_LeavesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := pulumiapitest.NewServer()
		start := time.Now()
		srv.Inject(pulumiapitest.Fault{Delay: time.Hour, Times: 1})
		a, err := send(t, srv, newRequest(t, srv, http.MethodGet, "/api/user/stacks", ""))
		require.NoError(t, err)
		assert.Equal(t, http.StatusOK, a.status)
		assert.Equal(t, time.Hour, time.Since(start))

		// One is waiting and another is being answered when the server closes.
		srv.Inject(pulumiapitest.Fault{Endpoint: "GET /api/user", Delay: 24 * time.Hour})
		failed := make(chan error, 1)
		req := newRequest(t, srv, http.MethodGet, "/api/user", "")
		go func() {
			_, err := srv.HTTPClient().Do(req)
			failed <- err
		}()
		synctest.Wait()
		srv.Close()
		require.Error(t, <-failed)
		_, open := srv.Connections()
		assert.Zero(t, open)
		assert.Equal(t, time.Hour, time.Since(start), "nothing waited for the delay")
	})
}

func TestServer_Close_Unused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(_ *testing.T) {
		pulumiapitest.NewServer().Close()
	})
}

func TestServer_Concurrency(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	srv.SetPageSize(7)
	fault := srv.Inject(pulumiapitest.Fault{Endpoint: "GET /api/user", Skip: 100, Status: http.StatusTeapot})
	var wg sync.WaitGroup
	for i := range 100 {
		name := fmt.Sprintf("s%d", i)
		path := "/api/stacks/acme/web/" + name
		requests := []*http.Request{
			newRequest(t, srv, http.MethodPost, "/api/stacks/acme/web", `{"stackName":"`+name+`"}`),
			newRequest(t, srv, http.MethodPost, path+"/tags", `{"name":"owner","value":"me"}`),
			newRequest(t, srv, http.MethodGet, path, ""),
			newRequest(t, srv, http.MethodGet, "/api/user/stacks?tagName=owner", ""),
		}
		if i%2 == 0 {
			requests = append(requests, newRequest(t, srv, http.MethodDelete, path, ""))
		}
		wg.Go(func() {
			for _, req := range requests {
				a, err := send(t, srv, req)
				if assert.NoError(t, err) {
					assert.Less(t, a.status, 300, a.body)
				}
			}
			_ = srv.AddStack(pulumiapitest.Stack{Org: "acme", Project: "seed", Name: name})
			srv.Inject(pulumiapitest.Fault{Endpoint: "GET /api/user", Times: 1, Status: http.StatusGone})
			assert.Zero(t, fault.Struck())
			assert.ErrorContains(t, srv.Unused(), "never struck") //nolint:testifylint // not the test's goroutine
			srv.Requests()
			srv.Connections()
			srv.URL()
		})
	}
	wg.Wait()
	list := getJSON[stackList](t, srv, "/api/user/stacks?project=web&maxResults=100")
	assert.Len(t, list.Stacks, 50)
	assert.Len(t, srv.Requests(), 451)
	for range 100 {
		assert.Equal(t, http.StatusGone, do(t, srv, http.MethodGet, "/api/user", "").status)
	}
	assert.Equal(t, http.StatusTeapot, do(t, srv, http.MethodGet, "/api/user", "").status)
	assert.Equal(t, 1, fault.Struck())
}

func TestServer_Close_Concurrent(t *testing.T) {
	t.Parallel()
	for range 20 {
		srv := pulumiapitest.NewServer()
		base := srv.URL()
		var wg sync.WaitGroup
		for i := range 20 {
			req := newRequest(t, srv, http.MethodGet, "/api/user/stacks", "")
			loopback, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base, http.NoBody)
			require.NoError(t, err)
			wg.Go(func() { _, _ = send(t, srv, req) })
			wg.Go(func() {
				client := &http.Client{Transport: &http.Transport{}}
				defer client.CloseIdleConnections()
				if resp, err := client.Do(loopback); err == nil {
					resp.Body.Close()
				}
			})
			if i%5 == 4 {
				wg.Go(srv.Close)
			}
		}
		wg.Wait()
	}
}
