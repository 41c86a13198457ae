package pulumiapitest_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

const (
	getEndpoint    = "GET /api/stacks/{orgName}/{projectName}/{stackName}"
	createEndpoint = "POST /api/stacks/{orgName}/{projectName}"
)

// statuses gets the stack acme/web/prod n times.
func statuses(t *testing.T, srv *pulumiapitest.Server, n int) []int {
	t.Helper()
	var got []int
	for range n {
		got = append(got, do(t, srv, http.MethodGet, prodPath, "").status)
	}
	return got
}

func TestServer_Inject_Status(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	header := http.Header{"Retry-After": {"7"}}
	srv.Inject(pulumiapitest.Fault{Endpoint: getEndpoint, Times: 1, Status: http.StatusTooManyRequests, Header: header})
	header.Set("Retry-After", "8") // changed too late

	assert.Equal(t, http.StatusOK, do(t, srv, http.MethodGet, "/api/user/stacks", "").status, "another endpoint")
	a := do(t, srv, http.MethodGet, prodPath, "")
	assertError(t, a, http.StatusTooManyRequests, "Too Many Requests")
	assert.Equal(t, "7", a.header.Get("Retry-After"))
	assert.Equal(t, http.StatusOK, do(t, srv, http.MethodGet, prodPath, "").status)
}

func TestServer_Inject_BeforeAuthorization(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	srv.Inject(pulumiapitest.Fault{Status: http.StatusServiceUnavailable})
	req := newRequest(t, srv, http.MethodGet, prodPath, "")
	req.Header.Del("Authorization")
	a, err := send(t, srv, req)
	require.NoError(t, err)
	assertError(t, a, http.StatusServiceUnavailable, "Service Unavailable")
}

func TestServer_Inject_Body(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	srv.Inject(pulumiapitest.Fault{Times: 1, Status: http.StatusBadGateway, Body: "<html>bad gateway</html>"})
	a := do(t, srv, http.MethodGet, prodPath, "")
	assert.Equal(t, http.StatusBadGateway, a.status)
	assert.Equal(t, "<html>bad gateway</html>", a.body)
	assert.Equal(t, "text/html; charset=utf-8", a.header.Get("Content-Type"))
	assert.NotEmpty(t, a.header.Get("X-Pulumi-Request-Id"))

	srv.Inject(pulumiapitest.Fault{Times: 1, Body: `{"scripted":true}`})
	a = do(t, srv, http.MethodGet, prodPath, "")
	assert.Equal(t, http.StatusOK, a.status)
	assert.JSONEq(t, `{"scripted":true}`, a.body)
	assert.Equal(t, "application/json", a.header.Get("Content-Type"))

	srv.Inject(pulumiapitest.Fault{Times: 1, Status: http.StatusOK})
	a = do(t, srv, http.MethodGet, prodPath, "")
	assert.Equal(t, http.StatusOK, a.status)
	assert.Empty(t, a.body)

	srv.Inject(pulumiapitest.Fault{Times: 1, Status: http.StatusNoContent, Body: "none may come"})
	requireNoContent(t, srv, http.MethodGet, prodPath, "")
}

func TestServer_Inject_OddStatus(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	for _, status := range []int{-1, 7, 100, 199, 1000} {
		srv.Inject(pulumiapitest.Fault{Times: 1, Status: status})
		requireError(t, srv, http.StatusInternalServerError, "the fault's status", http.MethodGet, prodPath, "")
	}
	srv.Inject(pulumiapitest.Fault{Times: 1, Status: 599})
	requireError(t, srv, 599, "status 599", http.MethodGet, prodPath, "")
}

func TestServer_Inject_Header(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	srv.Inject(pulumiapitest.Fault{Header: http.Header{
		"X-Pulumi-Warning":    {"one", "two"},
		"content-type":        {"text/html"},
		"X-Pulumi-Request-Id": nil,
	}})
	a := do(t, srv, http.MethodGet, prodPath, "")
	assert.Equal(t, http.StatusOK, a.status)
	assert.Contains(t, a.body, `"stackName":"prod"`)
	assert.Equal(t, []string{"one", "two"}, a.header.Values("X-Pulumi-Warning"))
	assert.Equal(t, "text/html", a.header.Get("Content-Type"))
	assert.NotContains(t, a.header, "X-Pulumi-Request-Id")
	assert.Equal(t, http.StatusNoContent, do(t, srv, http.MethodDelete, prodPath, "").status, "takes effect")
	assert.Equal(t, http.StatusNotFound, do(t, srv, http.MethodGet, prodPath, "").status)
}

func TestServer_Inject_SkipAndTimes(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	srv.Inject(pulumiapitest.Fault{Endpoint: getEndpoint, Skip: 2, Times: 3, Status: 503})
	assert.Equal(t, []int{200, 200, 503, 503, 503, 200}, statuses(t, srv, 6))
}

func TestServer_Inject_Negative(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	srv.Inject(pulumiapitest.Fault{Skip: -1, Times: -1, Delay: -1, Truncate: -1, Status: 503})
	assert.Equal(t, []int{503, 503, 503}, statuses(t, srv, 3))
}

func TestServer_Inject_Order(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	srv.Inject(pulumiapitest.Fault{Times: 1, Status: 429})
	srv.Inject(pulumiapitest.Fault{Times: 2, Status: 503})
	assert.Equal(t, []int{429, 503, 503, 200}, statuses(t, srv, 4))

	// The first lets one pass to the second, which then has struck once already.
	srv.Inject(pulumiapitest.Fault{Skip: 1, Times: 1, Status: 500})
	srv.Inject(pulumiapitest.Fault{Times: 2, Status: 502})
	assert.Equal(t, []int{502, 500, 502, 200}, statuses(t, srv, 4))
}

func TestServer_Inject_Remove(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	fault := srv.Inject(pulumiapitest.Fault{Status: 503})
	other := srv.Inject(pulumiapitest.Fault{Status: 500})
	assert.Equal(t, []int{503, 503}, statuses(t, srv, 2))
	fault.Remove()
	fault.Remove()
	assert.Equal(t, []int{500}, statuses(t, srv, 1))
	other.Remove()
	assert.Equal(t, []int{200}, statuses(t, srv, 1))
}

func TestServer_Inject_UnknownEndpoint(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	srv.Inject(pulumiapitest.Fault{Endpoint: "GET /api/new/{orgName}/things", Body: `["scripted"]`})
	assert.JSONEq(t, `["scripted"]`, do(t, srv, http.MethodGet, "/api/new/acme/things", "").body)
	requireError(t, srv, http.StatusNotImplemented, "no state for", http.MethodGet, "/api/new/acme/others", "")
	requireError(t, srv, http.StatusNotImplemented, "no state for", http.MethodPost, "/api/new/acme/things", "")
}

func TestServer_Inject_Everything(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	srv.Inject(pulumiapitest.Fault{Status: 503})
	assert.Equal(t, 503, do(t, srv, http.MethodGet, "/api/user/stacks", "").status)
	assert.Equal(t, 503, do(t, srv, http.MethodGet, "/api/unknown", "").status)
	assert.Equal(t, 503, do(t, srv, http.MethodGet, "/api/stacks/..", "").status)
	req := newRequest(t, srv, http.MethodGet, "", "")
	req.URL.Path = "/api/user/stacks"
	a, err := send(t, srv, req)
	require.NoError(t, err)
	assert.Equal(t, http.StatusNotFound, a.status, "not what is outside the base path")
}

func TestServer_Inject_Applied(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	create := func(name string) (answer, error) {
		return send(t, srv, newRequest(t, srv, http.MethodPost, "/api/stacks/acme/web", `{"stackName":"`+name+`"}`))
	}
	exists := func(name string) bool {
		return do(t, srv, http.MethodGet, "/api/stacks/acme/web/"+name, "").status == http.StatusOK
	}

	srv.Inject(pulumiapitest.Fault{Endpoint: createEndpoint, Times: 1, Status: 502})
	a, err := create("refused")
	require.NoError(t, err)
	assert.Equal(t, 502, a.status)
	assert.False(t, exists("refused"))

	srv.Inject(pulumiapitest.Fault{Endpoint: createEndpoint, Times: 1, Status: 502, Applied: true})
	a, err = create("applied")
	require.NoError(t, err)
	assert.Equal(t, 502, a.status)
	assert.True(t, exists("applied"))

	srv.Inject(pulumiapitest.Fault{Endpoint: createEndpoint, Times: 1, Drop: true})
	_, err = create("dropped")
	require.Error(t, err)
	assert.False(t, exists("dropped"))

	srv.Inject(pulumiapitest.Fault{Endpoint: createEndpoint, Times: 1, Drop: true, Applied: true})
	_, err = create("dropped-applied")
	require.Error(t, err)
	assert.True(t, exists("dropped-applied"))

	srv.Inject(pulumiapitest.Fault{Endpoint: createEndpoint, Times: 1, Applied: true})
	a, err = create("once")
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, a.status, "performed once, not twice")

	srv.Inject(pulumiapitest.Fault{Endpoint: createEndpoint, Times: 1, Truncate: 4})
	_, err = create("truncated")
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.True(t, exists("truncated"), "there was an answer to truncate")
}

func TestServer_Inject_Drop(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	statuses(t, srv, 1) // the connection has been used, so that the transport would dare to send again
	srv.Inject(pulumiapitest.Fault{Drop: true, Times: 1, Status: 503, Body: "never sent", Truncate: 3})
	_, err := send(t, srv, newRequest(t, srv, http.MethodGet, prodPath, ""))
	require.Error(t, err)
	requests := srv.Requests()
	assert.Len(t, requests, 2, "sent once")
	assert.Zero(t, requests[1].Status)
	_, open := srv.Connections()
	assert.Zero(t, open)
	assert.Equal(t, []int{200}, statuses(t, srv, 1))
}

func TestServer_Inject_Truncate(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	whole := do(t, srv, http.MethodGet, prodPath, "").body
	get := func(f pulumiapitest.Fault) (answer, error) {
		f.Times = 1
		srv.Inject(f)
		return send(t, srv, newRequest(t, srv, http.MethodGet, prodPath, ""))
	}

	a, err := get(pulumiapitest.Fault{Truncate: 10})
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.Equal(t, http.StatusOK, a.status)
	assert.Equal(t, whole[:10], a.body)

	a, err = get(pulumiapitest.Fault{Truncate: 3, Status: 500, Body: "abcdef"})
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.Equal(t, 500, a.status)
	assert.Equal(t, "abc", a.body)

	for _, n := range []int{len(whole), len(whole) + 1} {
		a, err = get(pulumiapitest.Fault{Truncate: n})
		require.NoError(t, err)
		assert.Equal(t, whole, a.body)
	}
}

func TestServer_Inject_Truncate_Compressed(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	big := pulumiapitest.Stack{Org: "acme", Project: "web", Name: "prod", Tags: map[string]string{"note": strings.Repeat("x", 4000)}}
	require.NoError(t, srv.AddStack(big))
	srv.Inject(pulumiapitest.Fault{Truncate: 50})
	req := newRequest(t, srv, http.MethodGet, prodPath, "")
	req.Header.Set("Accept-Encoding", "gzip")
	a, err := send(t, srv, req)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.Equal(t, "gzip", a.header.Get("Content-Encoding"))
	assert.Len(t, a.body, 50)
}

func TestServer_Inject_Delay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		list := func() int { return len(getJSON[stackList](t, srv, "/api/user/stacks").Stacks) }
		create := func(req *http.Request) error {
			a, err := send(t, srv, req)
			if err == nil {
				require.Equal(t, http.StatusOK, a.status, a.body)
			}
			return err
		}
		patient := func(name string) *http.Request {
			return newRequest(t, srv, http.MethodPost, "/api/stacks/acme/web", `{"stackName":"`+name+`"}`)
		}
		impatient := func(name string) *http.Request {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			t.Cleanup(cancel)
			return patient(name).WithContext(ctx)
		}
		start := time.Now()

		// A delay alone: late, but as ever.
		fault := srv.Inject(pulumiapitest.Fault{Endpoint: createEndpoint, Delay: time.Hour})
		require.NoError(t, create(patient("late")))
		assert.Equal(t, time.Hour, time.Since(start))
		assert.Equal(t, 1, list())

		// A client that gives up ends the delay, and nothing happens.
		require.ErrorIs(t, create(impatient("never")), context.DeadlineExceeded)
		synctest.Wait()
		_, open := srv.Connections()
		assert.Zero(t, open, "the client hung up")
		time.Sleep(2 * time.Hour)
		assert.Equal(t, 1, list())
		fault.Remove()

		// Applied: it happens before the delay.
		fault = srv.Inject(pulumiapitest.Fault{Endpoint: createEndpoint, Delay: time.Hour, Applied: true})
		require.ErrorIs(t, create(impatient("applied")), context.DeadlineExceeded)
		assert.Equal(t, 2, list())
		fault.Remove()

		// And before a drop.
		srv.Inject(pulumiapitest.Fault{Endpoint: createEndpoint, Delay: time.Minute, Drop: true})
		start = time.Now()
		err := create(patient("dropped"))
		require.Error(t, err)
		require.NotErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, time.Minute, time.Since(start))
		assert.Equal(t, 2, list())
	})
}

// Two writers race: both read, and the other one writes first.
func TestServer_Inject_Before(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := newStackServer(t)
		start := time.Now()
		var at []time.Duration
		other := srv.Inject(pulumiapitest.Fault{
			Endpoint: createEndpoint,
			Delay:    time.Minute,
			Before: func() {
				at = append(at, time.Since(start))
				a := do(t, srv, http.MethodPost, "/api/stacks/acme/web", `{"stackName":"dev"}`) // not struck
				assert.Equal(t, http.StatusOK, a.status, a.body)
				time.Sleep(time.Second)
			},
		})
		requireError(t, srv, http.StatusConflict, "already exists", http.MethodPost, "/api/stacks/acme/web", `{"stackName":"dev"}`)
		assert.Equal(t, 61*time.Second, time.Since(start))
		requireNoContent(t, srv, http.MethodDelete, "/api/stacks/acme/web/dev", "")
		requireError(t, srv, http.StatusConflict, "already exists", http.MethodPost, "/api/stacks/acme/web", `{"stackName":"dev"}`)
		assert.Equal(t, []time.Duration{0, 61 * time.Second}, at)
		assert.Equal(t, 2, other.Struck())
	})
}

// Before comes before the effect of an applied fault, too, and before a scripted answer.
func TestServer_Inject_Before_WithTheRest(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	var seen []int
	look := func() { seen = append(seen, do(t, srv, http.MethodGet, prodPath, "").status) }
	srv.Inject(pulumiapitest.Fault{Endpoint: "DELETE /api/stacks/{orgName}/{projectName}/{stackName}", Times: 1, Before: look, Status: 503})
	srv.Inject(pulumiapitest.Fault{Endpoint: "DELETE /api/stacks/{orgName}/{projectName}/{stackName}", Times: 1, Before: look, Status: 502, Applied: true})
	assert.Equal(t, 503, do(t, srv, http.MethodDelete, prodPath, "").status)
	assert.Equal(t, 502, do(t, srv, http.MethodDelete, prodPath, "").status)
	look()
	assert.Equal(t, []int{200, 200, 404}, seen)
}

// A panic of Before costs the request its answer, and nothing else.
func TestServer_Inject_Before_Panics(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	fault := srv.Inject(pulumiapitest.Fault{Endpoint: getEndpoint, Before: func() { panic("a mistake in the test") }})
	for range 2 {
		_, err := send(t, srv, newRequest(t, srv, http.MethodGet, prodPath, ""))
		require.Error(t, err)
	}
	assert.GreaterOrEqual(t, fault.Struck(), 2)
	fault.Remove()
	assert.Equal(t, []int{200}, statuses(t, srv, 1))
}

func TestServer_Inject_Drop_SaysWhoDropped(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	for _, used := range []bool{false, true} { // whether the connection has been used before
		srv.Inject(pulumiapitest.Fault{Drop: true, Times: 1})
		_, err := send(t, srv, newRequest(t, srv, http.MethodGet, prodPath, ""))
		require.ErrorContains(t, err, "pulumiapitest: a fault dropped the connection: unexpected EOF", used)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		statuses(t, srv, 1)
	}
}

// On a real socket there is no such text, but the same kind of error.
func TestServer_Inject_Drop_OnASocket(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	srv.Inject(pulumiapitest.Fault{Drop: true})
	client := &http.Client{Transport: &http.Transport{}}
	t.Cleanup(client.CloseIdleConnections)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL()+prodPath, http.NoBody)
	require.NoError(t, err)
	_, err = client.Do(req)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.NotContains(t, err.Error(), "malformed")
}
