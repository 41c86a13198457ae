package faults_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/internal/testkit"
)

// rateLimited is a service that serves so many requests a second, and refuses
// others with a 429 that asks to come back in a second.
type rateLimited struct {
	rate, burst float64
	latency     time.Duration // before the service looks at a request, and after

	mu              sync.Mutex
	tokens          float64
	filled          time.Time
	served, refused int
}

func newRateLimited(rate, burst int, latency time.Duration) *rateLimited {
	return &rateLimited{rate: float64(rate), burst: float64(burst), latency: latency, tokens: float64(burst), filled: time.Now()}
}

func (s *rateLimited) RoundTrip(req *http.Request) (*http.Response, error) {
	time.Sleep(s.latency)
	defer time.Sleep(s.latency)
	resp := testkit.Respond(http.StatusTooManyRequests, []byte(`{"code":429,"message":"slow down"}`), "Retry-After", "1")
	if s.serves() {
		resp = testkit.Respond(http.StatusOK, []byte(`{}`))
	}
	resp.Request = req
	return resp, nil
}

// serves reports whether the next request is within the limit.
func (s *rateLimited) serves() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.tokens = min(s.burst, s.tokens+now.Sub(s.filled).Seconds()*s.rate)
	s.filled = now
	if s.tokens < 1 {
		s.refused++
		return false
	}
	s.tokens--
	s.served++
	return true
}

// The calls of a program that asks for far more than the service's limit wait for
// their turn, and none fails.
func TestThrottle_NoCallFails(t *testing.T) {
	t.Parallel()
	leaveOutStorms(t)
	const calls = 500
	for _, workers := range []int{4, 8, 16, 32, 64} {
		for _, rate := range []int{20, 50, 100} {
			for _, burst := range []int{1, rate / 2, rate} {
				for _, latency := range []time.Duration{0, 5 * time.Millisecond, 50 * time.Millisecond} {
					t.Run(fmt.Sprintf("%d workers, %d a second, burst %d, latency %s", workers, rate, burst, latency), func(t *testing.T) {
						t.Parallel()
						synctest.Test(t, func(t *testing.T) {
							service := newRateLimited(rate, burst, latency)
							client := testkit.ClientOver(t, service)
							start := time.Now()
							errs := inParallel(workers, calls, func() error { return testkit.GetWebshop(t.Context(), client) })
							assert.Empty(t, errs, "errors of %d calls", calls)
							assert.Equal(t, calls, service.served, "requests that were served")
							assert.Less(t, service.refused, service.served, "requests that were refused, in %s", time.Since(start))
						})
					})
				}
			}
		}
	}
}

// inParallel has workers make so many calls, and returns their errors.
func inParallel(workers, calls int, call func() error) []error {
	jobs := make(chan struct{})
	var mu sync.Mutex
	var errs []error
	var running sync.WaitGroup
	for range workers {
		running.Go(func() {
			for range jobs {
				if err := call(); err != nil {
					mu.Lock()
					errs = append(errs, err)
					mu.Unlock()
				}
			}
		})
	}
	for range calls {
		jobs <- struct{}{}
	}
	close(jobs)
	running.Wait()
	return errs
}

// pausedClient returns a client that the service has just paused for seven seconds,
// and what is sent from then on.
func pausedClient(t *testing.T, o testkit.Operation) (*pulumiapi.Client, *testkit.Script) {
	t.Helper()
	s := &testkit.Script{Answer: func(int, *http.Request) (*http.Response, error) {
		return testkit.Respond(http.StatusTooManyRequests, nil, "Retry-After", "7"), nil
	}}
	client := testkit.ClientOver(t, s)
	_, err := client.Do(t.Context(), pulumiapi.Request{Endpoint: testkit.PostThings}, nil)
	require.ErrorIs(t, err, pulumiapi.ErrRateLimited)
	s.Answer = func(int, *http.Request) (*http.Response, error) {
		return testkit.Respond(http.StatusOK, []byte(o.Response)), nil
	}
	s.Forget()
	return client, s
}

func TestOperations_WaitWhileTheClientIsPaused(t *testing.T) {
	t.Parallel()
	testkit.EachOperation(t, func(t *testing.T, o testkit.Operation) {
		client, s := pausedClient(t, o)
		start := time.Now()
		_, err := o.Call(t.Context(), client)
		require.NoError(t, err, o.Name)
		assert.Len(t, s.Sent(), 1, o.Name)
		assert.GreaterOrEqual(t, time.Since(start), 7*time.Second, "%s: it waited too little", o.Name)
		assert.Less(t, time.Since(start), 8*time.Second, "%s: it waited too long", o.Name)
	})
}

func TestOperations_DeadlineBeforeTheEndOfThePause(t *testing.T) {
	t.Parallel()
	testkit.EachOperation(t, func(t *testing.T, o testkit.Operation) {
		client, s := pausedClient(t, o)
		ctx, cancel := context.WithTimeout(t.Context(), 6*time.Second)
		defer cancel()
		start := time.Now()
		_, err := o.Call(ctx, client)
		var failed *pulumiapi.CallError
		require.ErrorAs(t, err, &failed, o.Name)
		assert.Zero(t, failed.Attempts, o.Name)
		require.ErrorIs(t, err, pulumiapi.ErrRateLimited, o.Name)
		require.ErrorContains(t, err, "not sent: the service limits the rate of requests, and the deadline is before the end of the pause", o.Name)
		require.NotErrorIs(t, err, context.DeadlineExceeded, "%s: it is not over yet", o.Name)
		require.NotErrorIs(t, err, pulumiapi.ErrOutcomeUnknown, o.Name)
		assert.Zero(t, time.Since(start), "%s waited although it was no use", o.Name)
		assert.Empty(t, s.Sent(), o.Name)
	})
}

// The Timeout of an http.Client ends an attempt. It is not the end of the context.
func TestOperations_TheTimeoutOfAnAttemptIsNoDeadline(t *testing.T) {
	t.Parallel()
	testkit.EachOperation(t, func(t *testing.T, o testkit.Operation) {
		for where, answer := range map[string]func(req *http.Request) (*http.Response, error){
			"before the response": func(req *http.Request) (*http.Response, error) {
				<-req.Context().Done()
				return nil, req.Context().Err()
			},
			"of the transport itself": func(*http.Request) (*http.Response, error) { return nil, context.DeadlineExceeded },
		} {
			client, err := pulumiapi.NewClient(pulumiapi.WithToken(testkit.CanaryToken), pulumiapi.WithRetry(pulumiapi.RetryPolicy{MaxAttempts: 1}),
				pulumiapi.WithHTTPClient(&http.Client{Timeout: time.Second, Transport: testkit.RoundTripperFunc(answer)}))
			require.NoError(t, err)
			_, err = o.Call(t.Context(), client)
			require.Error(t, err, "%s, %s", o.Name, where)
			if o.Waits {
				continue // it has gone on for minutes
			}
			require.NotErrorIs(t, err, context.DeadlineExceeded, "%s, %s", o.Name, where)
			assert.Equal(t, o.Writes(), errors.Is(err, pulumiapi.ErrOutcomeUnknown), "%s, %s", o.Name, where)
		}
	})
}

// A call that waits for a token source is not told what the service said to that.
func TestThrottle_APausedTokenSourceIsNotTheCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &testkit.Script{Answer: func(int, *http.Request) (*http.Response, error) {
			return testkit.Respond(http.StatusTooManyRequests, nil, "Retry-After", "7"), nil
		}}
		inner := testkit.ClientOver(t, s)
		_, err := inner.Do(t.Context(), pulumiapi.Request{Endpoint: testkit.PostThings}, nil)
		require.ErrorIs(t, err, pulumiapi.ErrRateLimited)
		source := pulumiapi.TokenSourceFunc(func(ctx context.Context) (pulumiapi.Secret, time.Time, error) {
			ctx, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			return pulumiapi.Secret{}, time.Time{}, testkit.GetWebshop(ctx, inner)
		})
		client, err := pulumiapi.NewClient(pulumiapi.WithTokenSource(source), pulumiapi.WithHTTPClient(&http.Client{Transport: s}))
		require.NoError(t, err)
		err = testkit.GetWebshop(t.Context(), client)
		require.ErrorContains(t, err, "no access token: ")
		require.NotErrorIs(t, err, pulumiapi.ErrRateLimited)
		assert.Len(t, s.Sent(), 1)
	})
}
