package faults_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/internal/testkit"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

// newLimited returns a client of a cloud, and the times at which its requests go
// out.
func newLimited(t *testing.T, srv *pulumiapitest.Server, limiter pulumiapi.RateLimiter, opts ...pulumiapi.Option) (*pulumiapi.Client, *[]time.Duration) {
	t.Helper()
	var mu sync.Mutex
	var sent []time.Duration
	start := time.Now()
	client, err := pulumiapi.NewClient(append([]pulumiapi.Option{
		pulumiapi.WithBaseURL(pulumiapitest.BaseURL), pulumiapi.WithToken(srv.Token()), pulumiapi.WithRateLimiter(limiter),
		pulumiapi.WithHTTPClient(&http.Client{Timeout: time.Second, Transport: testkit.RoundTripperFunc(func(req *http.Request) (*http.Response, error) {
			mu.Lock()
			defer mu.Unlock()
			sent = append(sent, time.Since(start))
			return srv.HTTPClient().Transport.RoundTrip(req)
		})}),
	}, opts...)...)
	require.NoError(t, err)
	return client, &sent
}

// The HTTP client's Timeout of a second shows that waiting is no part of an attempt.
func TestWithRateLimiter_EachAttemptWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := pulumiapitest.Demo()
		defer srv.Close()
		var durations []time.Duration
		limiter := &testkit.SlowLimiter{Every: 10 * time.Second}
		client, sent := newLimited(t, srv, limiter,
			pulumiapi.WithRetry(pulumiapi.RetryPolicy{MinWait: time.Second}),
			pulumiapi.WithObserver(pulumiapi.Observer{OnAttempt: func(_ context.Context, a pulumiapi.Attempt) { durations = append(durations, a.Duration) }}))
		srv.Inject(pulumiapitest.Fault{Status: http.StatusServiceUnavailable, Times: 2})
		require.NoError(t, testkit.GetWebshop(t.Context(), client))
		assert.Equal(t, []time.Duration{0, 10 * time.Second, 20 * time.Second}, *sent, "a call and two retries")
		assert.Equal(t, []time.Duration{0, 0, 0}, durations, "what an observer is told of the attempts' time")

		// Another client, the same limiter.
		second, err := pulumiapi.NewClient(append(srv.Options(), pulumiapi.WithRateLimiter(limiter))...)
		require.NoError(t, err)
		start := time.Now()
		require.NoError(t, testkit.GetWebshop(t.Context(), second))
		assert.Equal(t, 10*time.Second, time.Since(start))
	})
}

func TestWithRateLimiter_TheContextEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := pulumiapitest.Demo()
		defer srv.Close()
		client, sent := newLimited(t, srv, &testkit.SlowLimiter{Every: time.Hour})
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Minute, errors.New("the job's time is up"))
		defer cancel()
		srv.Inject(pulumiapitest.Fault{Status: http.StatusServiceUnavailable, Times: 1})
		err := testkit.GetWebshop(ctx, client)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, "the job's time is up; before that: ")
		var refused *pulumiapi.APIError
		require.ErrorAs(t, err, &refused, "the answer to the first attempt")
		assert.Len(t, *sent, 1)

		err = testkit.GetWebshop(ctx, client)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Len(t, *sent, 1, "nothing is sent without the limiter's leave")
	})
}

// Calls whose turn has come must not all go out at once when a token is there at
// last.
func TestWithRateLimiter_AndASlowTokenSource(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := pulumiapitest.Demo()
		defer srv.Close()
		client, sent := newLimited(t, srv, &testkit.SlowLimiter{Every: time.Second}, pulumiapi.WithTokenSource(pulumiapi.TokenSourceFunc(
			func(context.Context) (pulumiapi.Secret, time.Time, error) {
				time.Sleep(20 * time.Second)
				return pulumiapi.NewSecret(srv.Token()), time.Time{}, nil
			})))
		var calls sync.WaitGroup
		for range 5 {
			calls.Go(func() { assert.NoError(t, testkit.GetWebshop(t.Context(), client)) })
		}
		calls.Wait()
		want := []time.Duration{20 * time.Second, 21 * time.Second, 22 * time.Second, 23 * time.Second, 24 * time.Second}
		assert.Equal(t, want, *sent)
	})
}

// brokenLimiter lets n requests pass, and then fails.
type brokenLimiter struct{ n int }

var errNoMore = errors.New("the quota is used up")

func (l *brokenLimiter) Wait(context.Context) error {
	if l.n--; l.n < 0 {
		return errNoMore
	}
	return nil
}

func TestWithRateLimiter_Fails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := pulumiapitest.Demo()
		defer srv.Close()
		client, sent := newLimited(t, srv, &brokenLimiter{n: 1})
		srv.Inject(pulumiapitest.Fault{Status: http.StatusServiceUnavailable, Times: 1})
		err := testkit.GetWebshop(t.Context(), client)
		require.ErrorIs(t, err, errNoMore)
		require.ErrorContains(t, err, "rate limiter: the quota is used up; before that: ")
		var failed *pulumiapi.CallError
		require.ErrorAs(t, err, &failed)
		assert.Equal(t, 1, failed.Attempts)

		err = client.Stacks.CreateTag(t.Context(), testkit.Webshop, "a", "b")
		require.ErrorAs(t, err, &failed)
		assert.Zero(t, failed.Attempts)
		require.NotErrorIs(t, err, pulumiapi.ErrOutcomeUnknown)
		assert.Len(t, *sent, 1)
	})
}
