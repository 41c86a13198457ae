package pulumiapitest_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

func TestServer_LimitRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := newStackServer(t)
		srv.LimitRate(3, time.Minute)
		assert.Equal(t, []int{200, 200, 200, 429, 429}, statuses(t, srv, 5), "all at once")
		a := do(t, srv, http.MethodGet, "/api/user", "")
		assertError(t, a, http.StatusTooManyRequests, "rate limit")
		assert.Equal(t, "20", a.header.Get("Retry-After"), "one for all endpoints")

		time.Sleep(20*time.Second - time.Nanosecond)
		a = do(t, srv, http.MethodGet, prodPath, "")
		assert.Equal(t, http.StatusTooManyRequests, a.status)
		assert.Equal(t, "1", a.header.Get("Retry-After"), "rounded up")
		time.Sleep(time.Nanosecond)
		assert.Equal(t, []int{200, 429}, statuses(t, srv, 2), "as soon as Retry-After says; what was rejected does not count")
		time.Sleep(40 * time.Second)
		assert.Equal(t, []int{200, 200, 429}, statuses(t, srv, 3))
		time.Sleep(time.Hour)
		assert.Equal(t, []int{200, 200, 200, 429}, statuses(t, srv, 4), "a long pause saves up no more")

		requireError(t, srv, http.StatusTooManyRequests, "rate limit", http.MethodDelete, prodPath, "")
		requireError(t, srv, http.StatusTooManyRequests, "rate limit", http.MethodGet, "/api/nothing", "")
		srv.LimitRate(0, 0)
		assert.Equal(t, []int{200, 200, 200, 200}, statuses(t, srv, 4), "what was rejected had no effect")
		srv.LimitRate(1, -time.Second)
		assert.Equal(t, []int{200, 200}, statuses(t, srv, 2))
		srv.LimitRate(1, time.Second)
		assert.Equal(t, []int{200, 429}, statuses(t, srv, 2))
	})
}

// The client makes up for a limit by waiting as long as it is told to.
func TestServer_LimitRate_ClientWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := newStackServer(t)
		srv.LimitRate(5, 5*time.Second)
		client := srv.Client()
		start := time.Now()
		for range 12 {
			_, err := client.Stacks.Get(t.Context(), pulumiapi.StackIdentifier{Org: "acme", Project: "web", Stack: "prod"})
			require.NoError(t, err)
		}
		assert.GreaterOrEqual(t, time.Since(start), 7*time.Second)
		rejected := 0
		for _, request := range srv.Requests() {
			if request.Status == http.StatusTooManyRequests {
				rejected++
			}
		}
		assert.Positive(t, rejected)
	})
}

// A fault that gives the answer itself goes before the limit, and does not count.
func TestServer_LimitRate_WithFaults(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	srv.LimitRate(1, time.Hour)
	srv.Inject(pulumiapitest.Fault{Times: 2, Status: http.StatusBadGateway})
	srv.Inject(pulumiapitest.Fault{Times: 2, Header: http.Header{"X-Pulumi-Warning": {"w"}}})
	assert.Equal(t, []int{502, 502, 200, 429, 429}, statuses(t, srv, 5))
}
