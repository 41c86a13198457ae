package pulumiapi_test

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
	resp := respond(http.StatusTooManyRequests, []byte(`{"code":429,"message":"slow down"}`), "Retry-After", "1")
	if s.serves() {
		resp = respond(http.StatusOK, []byte(`{}`))
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
							client := clientWith(t, service)
							start := time.Now()
							errs := inParallel(workers, calls, func() error { return get(t.Context(), client) })
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

// clientWith returns a client whose requests go to the transport, with the waits of
// every client.
func clientWith(t *testing.T, transport http.RoundTripper, opts ...pulumiapi.Option) *pulumiapi.Client {
	t.Helper()
	client, err := pulumiapi.NewClient(append([]pulumiapi.Option{
		pulumiapi.WithToken(clientToken), pulumiapi.WithHTTPClient(&http.Client{Transport: transport}),
	}, opts...)...)
	require.NoError(t, err)
	return client
}

// pausedClient returns a client that the service has just paused for seven seconds,
// and what is sent from then on.
func pausedClient(t *testing.T, o operation) (*pulumiapi.Client, *script) {
	t.Helper()
	s := &script{answer: func(int, *http.Request) (*http.Response, error) {
		return respond(http.StatusTooManyRequests, nil, "Retry-After", "7"), nil
	}}
	client := clientWith(t, s)
	_, err := client.Do(t.Context(), pulumiapi.Request{Endpoint: postThings}, nil)
	require.ErrorIs(t, err, pulumiapi.ErrRateLimited)
	s.answer = func(int, *http.Request) (*http.Response, error) { return respond(http.StatusOK, o.body(t)), nil }
	s.sent = nil
	return client, s
}

func TestOperations_WaitWhileTheClientIsPaused(t *testing.T) {
	t.Parallel()
	withstand(t, func(t *testing.T, o operation) {
		client, s := pausedClient(t, o)
		start := time.Now()
		_, err := o.call(t.Context(), client)
		require.NoError(t, err, o.name)
		assert.Len(t, s.sent, 1, o.name)
		assert.GreaterOrEqual(t, time.Since(start), 7*time.Second, "%s: it waited too little", o.name)
		assert.Less(t, time.Since(start), 8*time.Second, "%s: it waited too long", o.name)
	})
}

func TestOperations_DeadlineBeforeTheEndOfThePause(t *testing.T) {
	t.Parallel()
	withstand(t, func(t *testing.T, o operation) {
		client, s := pausedClient(t, o)
		ctx, cancel := context.WithTimeout(t.Context(), 6*time.Second)
		defer cancel()
		start := time.Now()
		_, err := o.call(ctx, client)
		var failed *pulumiapi.CallError
		require.ErrorAs(t, err, &failed, o.name)
		assert.Zero(t, failed.Attempts, o.name)
		require.ErrorIs(t, err, pulumiapi.ErrRateLimited, o.name)
		require.ErrorContains(t, err, "not sent: the service limits the rate of requests, and the deadline is before the end of the pause", o.name)
		require.NotErrorIs(t, err, context.DeadlineExceeded, "%s: it is not over yet", o.name)
		require.NotErrorIs(t, err, pulumiapi.ErrOutcomeUnknown, o.name)
		assert.Zero(t, time.Since(start), "%s waited although it was no use", o.name)
		assert.Empty(t, s.sent, o.name)
	})
}

// The Timeout of an http.Client ends an attempt. It is not the end of the context.
func TestOperations_TheTimeoutOfAnAttemptIsNoDeadline(t *testing.T) {
	t.Parallel()
	withstand(t, func(t *testing.T, o operation) {
		for where, answer := range map[string]func(req *http.Request) (*http.Response, error){
			"before the response": func(req *http.Request) (*http.Response, error) {
				<-req.Context().Done()
				return nil, req.Context().Err()
			},
			"of the transport itself": func(*http.Request) (*http.Response, error) { return nil, context.DeadlineExceeded },
		} {
			client, err := pulumiapi.NewClient(pulumiapi.WithToken(clientToken), pulumiapi.WithRetry(pulumiapi.RetryPolicy{MaxAttempts: 1}),
				pulumiapi.WithHTTPClient(&http.Client{Timeout: time.Second, Transport: roundTripperFunc(answer)}))
			require.NoError(t, err)
			_, err = o.call(t.Context(), client)
			require.Error(t, err, "%s, %s", o.name, where)
			if o.waits {
				continue // it has gone on for minutes
			}
			require.NotErrorIs(t, err, context.DeadlineExceeded, "%s, %s", o.name, where)
			assert.Equal(t, o.isWrite(), errors.Is(err, pulumiapi.ErrOutcomeUnknown), "%s, %s", o.name, where)
		}
	})
}

// A call that waits for a token source is not told what the service said to that.
func TestThrottle_APausedTokenSourceIsNotTheCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &script{answer: func(int, *http.Request) (*http.Response, error) {
			return respond(http.StatusTooManyRequests, nil, "Retry-After", "7"), nil
		}}
		inner := clientWith(t, s)
		_, err := inner.Do(t.Context(), pulumiapi.Request{Endpoint: postThings}, nil)
		require.ErrorIs(t, err, pulumiapi.ErrRateLimited)
		source := pulumiapi.TokenSourceFunc(func(ctx context.Context) (pulumiapi.Secret, time.Time, error) {
			ctx, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			return pulumiapi.Secret{}, time.Time{}, get(ctx, inner)
		})
		client, err := pulumiapi.NewClient(pulumiapi.WithTokenSource(source), pulumiapi.WithHTTPClient(&http.Client{Transport: s}))
		require.NoError(t, err)
		err = get(t.Context(), client)
		require.ErrorContains(t, err, "no access token: ")
		require.NotErrorIs(t, err, pulumiapi.ErrRateLimited)
		assert.Len(t, s.sent, 1)
	})
}
