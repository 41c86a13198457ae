package operations_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/internal/testkit"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

func TestClient_OneForAHundredGoroutines(t *testing.T) {
	t.Parallel()
	// The bubble fails if a goroutine is left.
	synctest.Test(t, func(t *testing.T) {
		srv, _ := testkit.NewCloud(t, 25)
		client := testkit.CloudClient(t, srv, pulumiapi.WithRetry(pulumiapi.RetryPolicy{Budget: -1})) // for 20 retries in a hundred calls
		srv.Inject(pulumiapitest.Fault{Endpoint: "GET /api/user/stacks", Times: 20, Truncate: 30})
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				got, err := pulumiapi.Collect(client.Stacks.List(t.Context(), nil))
				assert.NoError(t, err) //nolint:testifylint // require must not be called outside the test's goroutine
				assert.Len(t, got, 25)
				_, err = testkit.FirstOf(client.Stacks.List(t.Context(), nil))
				assert.NoError(t, err) //nolint:testifylint // as above
				_, err = client.Stacks.Get(t.Context(), testkit.Prod)
				assert.ErrorIs(t, err, pulumiapi.ErrNotFound)
			})
		}
		all.Wait()
		client.CloseIdleConnections()
		synctest.Wait()
		_, open := srv.Connections()
		assert.Zero(t, open, "every connection was idle at the end")
	})
}

// countingServer answers every request after a moment, and counts connections.
func countingServer(t *testing.T, answer http.HandlerFunc) (url string, opened *atomic.Int64) {
	t.Helper()
	opened = new(atomic.Int64)
	srv := httptest.NewUnstartedServer(answer)
	srv.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	srv.Start()
	t.Cleanup(srv.Close)
	return srv.URL, opened
}

func loopbackClient(t *testing.T, url string) *pulumiapi.Client {
	t.Helper()
	client, err := pulumiapi.NewClient(pulumiapi.WithBaseURL(url), pulumiapi.WithToken("pul-test"))
	require.NoError(t, err)
	t.Cleanup(client.CloseIdleConnections)
	return client
}

func TestClient_DefaultTransportKeepsItsConnections(t *testing.T) {
	t.Parallel()
	url, opened := countingServer(t, func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(time.Millisecond)
		_, _ = w.Write([]byte(`{"stackName":"prod"}`))
	})
	client := loopbackClient(t, url)
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			for range 6 {
				_, err := client.Stacks.Get(t.Context(), testkit.Prod)
				assert.NoError(t, err)
			}
		})
	}
	all.Wait()
	assert.LessOrEqual(t, opened.Load(), int64(64), "connections for 300 requests from 50 goroutines")
}

func TestClient_EveryBodyIsReadToItsEnd(t *testing.T) {
	t.Parallel()
	url, opened := countingServer(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodPost:
			w.WriteHeader(http.StatusNoContent)
		case http.MethodDelete:
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write(make([]byte, 10_000))
		default:
			_, _ = w.Write([]byte(`{"stackName":"prod"}` + "\n\n\n"))
		}
	})
	client := loopbackClient(t, url)
	for range 50 {
		_, err := client.Stacks.Get(t.Context(), testkit.Prod)
		require.NoError(t, err)
		require.NoError(t, client.Stacks.CreateTag(t.Context(), testkit.Prod, "a", "b"))
		require.ErrorIs(t, client.Stacks.DeleteTag(t.Context(), testkit.Prod, "a"), pulumiapi.ErrNotFound)
	}
	assert.EqualValues(t, 1, opened.Load(), "connections for 150 calls in a row")
}
