package main

import (
	"bytes"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/time/rate"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

// The first five requests go out at once, and each of the others waits its turn.
func TestRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		require.NoError(t, run(t.Context(), &out))
		assert.Equal(t, "20 requests in 1.5 s\n", out.String())
	})
}

// A retry waits as everything does.
func TestWithRateLimiter_Retries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud := pulumiapitest.NewServer()
		defer cloud.Close()
		limiter := rate.NewLimiter(rate.Every(time.Minute), 1)
		client, err := pulumiapi.NewClient(append(cloud.Options(), pulumiapi.WithRateLimiter(limiter))...)
		require.NoError(t, err)
		cloud.Inject(pulumiapitest.Fault{Status: http.StatusServiceUnavailable, Times: 2})
		start := time.Now()
		_, err = client.Stacks.ListPage(t.Context(), nil)
		require.NoError(t, err)
		// The limiter calculates in floating point, and the waits between attempts are
		// random: what is left of a minute may be a nanosecond off.
		assert.InDelta(t, 2*time.Minute, time.Since(start), float64(time.Microsecond), "three attempts, one a minute")
	})
}
