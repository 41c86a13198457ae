package transport

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// slowDownFor is a 429 that asks to come back after so many seconds.
func slowDownFor(seconds string) httpmock.Responder {
	return answer(http.StatusTooManyRequests, "slow down").HeaderSet(http.Header{"Retry-After": {seconds}})
}

// paused returns a client that another call's 429 has just paused for the given
// number of seconds, and the clock of the requests that follow, which are served.
func paused(t *testing.T, seconds string, options ...func(*Config)) (*Client, *clock) {
	t.Helper()
	transport := script(slowDownFor(seconds))
	c := &clock{next: transport}
	client := newClient(t, c, options...)
	call := post(t) // a write, so that it does not come back itself
	_, err := client.Do(call.Call)
	requireStatus(t, http.StatusTooManyRequests, err, call)
	transport.RegisterNoResponder(answer(http.StatusOK, ""))
	c.times = nil
	return client, c
}

func TestThrottle_PausesOtherCalls(t *testing.T) {
	t.Parallel()
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client, c := paused(t, "7")
				start := time.Now()
				call := newCall(t.Context(), t, method, "/stacks", Body{})
				outcome, err := client.Do(call.Call)
				require.NoError(t, err, "%s", call)
				assert.Equal(t, Outcome{Attempts: 1}, outcome, "%s: the outcome", call)
				assert.GreaterOrEqual(t, c.times[0].Sub(start), 7*time.Second, "%s: sent", call)
				assert.LessOrEqual(t, c.times[0].Sub(start), 7*time.Second+firstGap, "%s: sent", call)
			})
		})
	}
}

// Only a 429 that says when to come back pauses the client, and not for longer than
// the policy allows to wait.
func TestThrottle_WhatDoesNotPause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for name, first := range map[string]httpmock.Responder{
			"429 without a time": answer(http.StatusTooManyRequests, ""),
			"429 for too long":   slowDownFor("31"),
			"503 with a time":    answer(http.StatusServiceUnavailable, "").HeaderSet(http.Header{"Retry-After": {"7"}}),
		} {
			client := newClient(t, script(first, answer(http.StatusOK, "")))
			call := post(t)
			_, err := client.Do(call.Call)
			require.Error(t, err, name)
			start := time.Now()
			call = get(t)
			_, err = client.Do(call.Call)
			require.NoError(t, err, name)
			assert.Zero(t, time.Since(start), "%s: the wait of another call", name)
		}
	})
}

func TestThrottle_DeadlineBeforeTheEndOfThePause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, c := paused(t, "7")
		start := time.Now()
		for left, sent := range map[time.Duration]bool{time.Second: false, 7 * time.Second: false, 8 * time.Second: true} {
			ctx, cancel := context.WithDeadline(t.Context(), start.Add(left))
			call := newCall(ctx, t, http.MethodGet, "/stacks", Body{})
			if !sent {
				outcome, err := client.Do(call.Call)
				require.ErrorIs(t, err, ErrPaused, "%s with %s left", call, left)
				require.NotErrorIs(t, err, context.DeadlineExceeded, "%s with %s left", call, left)
				assert.Zero(t, outcome.Attempts, "%s with %s left: attempts", call, left)
				assert.Zero(t, time.Since(start), "%s with %s left: the wait", call, left)
			}
			cancel()
		}
		assert.Empty(t, c.times, "requests")
		ctx, cancel := context.WithDeadline(t.Context(), start.Add(8*time.Second))
		defer cancel()
		call := newCall(ctx, t, http.MethodGet, "/stacks", Body{})
		_, err := client.Do(call.Call)
		require.NoError(t, err, "%s with 8 s left", call)
	})
}

// A pause that another call makes longer may end a call between two attempts. Its
// error is that of its last attempt.
func TestThrottle_PauseThatGrowsBeyondTheDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := newClient(t, script(slowDownFor("2")))
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		call := newCall(ctx, t, http.MethodGet, "/stacks", Body{})
		var outcome Outcome
		var err error
		var running sync.WaitGroup
		running.Go(func() { outcome, err = client.Do(call.Call) })
		synctest.Wait()
		client.throttle.refused(time.Now(), 20*time.Second) // of a request that was under way
		running.Wait()
		requireStatus(t, http.StatusTooManyRequests, err, call)
		require.NotErrorIs(t, err, context.DeadlineExceeded, "%s", call)
		assert.Equal(t, Outcome{Attempts: 1, Uncertain: true, OnlyThrottled: true, Transient: true, TooLate: true}, outcome, "%s: the outcome", call)
		assert.LessOrEqual(t, time.Since(start), 3*time.Second, "%s: the time it took", call)
	})
}

func TestThrottle_CancelledDuringThePause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, c := paused(t, "7")
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		start := time.Now()
		call := newCall(ctx, t, http.MethodPost, "/stacks", Body{})
		outcome, err := client.Do(call.Call)
		require.ErrorIs(t, err, context.Canceled, "%s", call)
		assert.Equal(t, Outcome{}, outcome, "%s: the outcome", call)
		assert.Equal(t, time.Second, time.Since(start), "%s: the time it took", call)
		assert.Empty(t, c.times, "requests")
	})
}

// countingLimiter lets one request pass every so often.
type countingLimiter struct {
	every time.Duration
	next  time.Time
	mu    sync.Mutex
}

func (l *countingLimiter) Wait(ctx context.Context) error {
	l.mu.Lock()
	at := later(time.Now(), l.next)
	l.next = at.Add(l.every)
	l.mu.Unlock()
	return sleep(ctx, time.Until(at))
}

// What waits for a pause does not go out faster than the user's limiter allows, and
// what the limiter lets go does not go out during a pause.
func TestThrottle_AndALimiter(t *testing.T) {
	t.Parallel()
	for _, pauseAfter := range []time.Duration{0, 1500 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			transport := httpmock.NewMockTransport()
			transport.RegisterNoResponder(answer(http.StatusOK, ""))
			var mu sync.Mutex
			var sent []time.Duration
			start := time.Now()
			client := newClient(t, roundTripper(func(req *http.Request) (*http.Response, error) {
				mu.Lock()
				defer mu.Unlock()
				sent = append(sent, time.Since(start))
				return transport.RoundTrip(req)
			}), func(c *Config) { c.Limiter = &countingLimiter{every: time.Second} })
			time.AfterFunc(pauseAfter, func() { client.throttle.refused(time.Now(), 7*time.Second) })
			time.Sleep(time.Nanosecond)
			var calls sync.WaitGroup
			for range 5 {
				calls.Go(func() {
					call := get(t)
					_, err := client.Do(call.Call)
					assert.NoError(t, err, "%s", call)
				})
			}
			calls.Wait()
			assert.Len(t, sent, 5)
			for i, at := range sent {
				assert.True(t, at <= pauseAfter || at >= pauseAfter+7*time.Second, "a request at %s, in the pause that began at %s", at, pauseAfter)
				if i > 0 {
					assert.GreaterOrEqual(t, at-sent[i-1], time.Second, "between requests %d and %d", i, i+1)
				}
			}
		})
	}
}

// After a pause, requests go out one by one, and faster and faster while they are
// served.
func TestThrottle_SpreadsWhatHasWaited(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		transport := script(slowDownFor("7"))
		var mu sync.Mutex
		var sent []time.Duration
		start := time.Now()
		client := newClient(t, roundTripper(func(req *http.Request) (*http.Response, error) {
			mu.Lock()
			defer mu.Unlock()
			sent = append(sent, time.Since(start))
			return transport.RoundTrip(req)
		}))
		first := post(t)
		_, err := client.Do(first.Call)
		requireStatus(t, http.StatusTooManyRequests, err, first)
		transport.RegisterNoResponder(answer(http.StatusOK, ""))
		var calls sync.WaitGroup
		const waiting = 300
		for range waiting {
			calls.Go(func() {
				call := get(t)
				_, err := client.Do(call.Call)
				assert.NoError(t, err, "%s", call)
			})
		}
		calls.Wait()
		sent = sent[1:]
		assert.Len(t, sent, waiting)
		slices.Sort(sent)
		for i, at := range sent {
			assert.GreaterOrEqual(t, at, 7*time.Second, "request %d", i+1)
			if i >= 10 {
				assert.Greater(t, at-sent[i-10], 8*firstGap, "from request %d to %d", i-9, i+1)
			}
		}
		assert.False(t, client.throttle.active.Load(), "so many served requests end it")

		start = time.Now()
		for range 100 {
			call := get(t)
			_, err := client.Do(call.Call)
			require.NoError(t, err, "%s", call)
		}
		assert.Zero(t, time.Since(start), "100 calls after it has ended")
	})
}

// A service that refuses everything ends each call after as many attempts as the
// policy allows, however many calls there are.
func TestThrottle_AlwaysRefused(t *testing.T) {
	t.Parallel()
	for _, attempts := range []int{1, 2, 4} {
		synctest.Test(t, func(t *testing.T) {
			transport := httpmock.NewMockTransport()
			transport.RegisterNoResponder(slowDownFor("7"))
			// A budget that pays for nothing, as nothing has to be paid for.
			policy := RetryPolicy{MaxAttempts: attempts, MinWait: time.Second, MaxWait: 30 * time.Second, Budget: 0}
			client := newClient(t, transport, withRetry(policy))
			client.budget.left.Store(0)
			start := time.Now()
			var calls sync.WaitGroup
			const n = 20
			for range n {
				calls.Go(func() {
					call := get(t)
					outcome, err := client.Do(call.Call)
					requireStatus(t, http.StatusTooManyRequests, err, call)
					assert.Equal(t, Outcome{Attempts: attempts, Uncertain: true, OnlyThrottled: true, Transient: true}, outcome, "%s: the outcome", call)
				})
			}
			calls.Wait()
			assert.Equal(t, n*attempts, transport.GetTotalCallCount(), "requests, in %s", time.Since(start))
			assert.LessOrEqual(t, time.Since(start), time.Duration(attempts)*time.Minute, "the time that %d attempts took", attempts)
		})
	}
}

// A call that alone is refused, while others are served, ends as well.
func TestThrottle_OneEndpointAlwaysRefused(t *testing.T) {
	t.Parallel()
	for _, attempts := range []int{1, 2, 4} {
		synctest.Test(t, func(t *testing.T) {
			policy := RetryPolicy{MaxAttempts: attempts, MinWait: time.Second, MaxWait: 30 * time.Second, Budget: -1}
			refusal, success := slowDownFor("1"), answer(http.StatusOK, "")
			client := newClient(t, roundTripper(func(req *http.Request) (*http.Response, error) {
				if req.URL.Path == "/cloud/search" {
					return refusal(req)
				}
				return success(req)
			}), withRetry(policy))
			ctx, cancel := context.WithCancel(t.Context())
			var others sync.WaitGroup
			others.Go(func() {
				for ctx.Err() == nil {
					call := newCall(ctx, t, http.MethodGet, "/stacks", Body{})
					_, err := client.Do(call.Call) //nolint:contextcheck // the context is the call's
					if err != nil && !errors.Is(err, context.Canceled) {
						t.Errorf("%s: %v", call, err)
					}
					time.Sleep(100 * time.Millisecond)
				}
			})
			call := newCall(t.Context(), t, http.MethodGet, "/search", Body{})
			outcome, err := client.Do(call.Call)
			requireStatus(t, http.StatusTooManyRequests, err, call)
			want := attempts
			if attempts > 1 {
				want += maxExcused * attempts
			}
			assert.Equal(t, want, outcome.Attempts, "%s: attempts of a policy of %d", call, attempts)
			cancel()
			others.Wait()
		})
	}
}

// A storm of other refusals is still held to the budget, also while the client is
// paused.
func TestThrottle_OtherRefusalsCost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		transport := httpmock.NewMockTransport()
		transport.RegisterNoResponder(answer(http.StatusServiceUnavailable, "").HeaderSet(http.Header{"Retry-After": {"7"}}))
		policy := RetryPolicy{MaxAttempts: 4, MinWait: time.Second, MaxWait: 30 * time.Second, Budget: 1e-9}
		client := newClient(t, transport, withRetry(policy))
		client.throttle.refused(time.Now(), time.Second)
		const n = 100
		for range n {
			call := get(t)
			_, err := client.Do(call.Call)
			requireStatus(t, http.StatusServiceUnavailable, err, call)
		}
		assert.Equal(t, n+10, transport.GetTotalCallCount(), "requests of %d calls", n)
	})
}

// A gap that nobody needed for a while is not kept.
func TestThrottle_ForgetsTheGap(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var l throttle
		for range 20 {
			time.Sleep(time.Second)
			l.refused(time.Now(), 0)
		}
		assert.Equal(t, maxGap, l.gap)
		time.Sleep(throttleMemory + maxGap + 1)
		require.NoError(t, l.wait(t.Context(), time.Now()))
		assert.False(t, l.active.Load())
		l.refused(time.Now(), 0)
		assert.Equal(t, firstGap, l.gap)
	})
}

// Many goroutines use it at a time. This is for the race detector.
func TestThrottle_ManyAtATime(t *testing.T) {
	t.Parallel()
	var l throttle
	var running sync.WaitGroup
	for range 8 {
		running.Go(func() {
			for range 100 {
				started := time.Now()
				assert.NoError(t, l.wait(t.Context(), started)) //nolint:testifylint // not in the test's goroutine
				l.refused(started, 0)
				l.isPaused()
				for range 50 {
					l.accepted(time.Now())
				}
			}
		})
	}
	running.Wait()
}

func TestNotEnded(t *testing.T) {
	t.Parallel()
	for _, end := range []error{context.DeadlineExceeded, context.Canceled} {
		err := notEnded(errors.Join(errBroken, end, statusError{code: 503}))
		require.NotErrorIs(t, err, end)
		require.ErrorIs(t, err, errBroken)
		var refused statusError
		require.ErrorAs(t, err, &refused)
		assert.Equal(t, errBroken.Error()+"\n"+end.Error()+"\nstatus 503: ", err.Error())
	}
	assert.Equal(t, errBroken, notEnded(errBroken), "what is no end stays what it is")
}

// Once is stronger than what the policy allows.
func TestClient_Do_ThrottledWrites(t *testing.T) {
	t.Parallel()
	for _, once := range []bool{false, true} {
		for _, refusal := range []httpmock.Responder{answer(http.StatusTooManyRequests, ""), slowDownFor("7")} {
			synctest.Test(t, func(t *testing.T) {
				policy := RetryPolicy{MaxAttempts: 4, MinWait: time.Second, MaxWait: 30 * time.Second, Budget: -1, ThrottledWrites: true}
				call := post(t)
				call.Once = once
				outcome, err := newClient(t, script(refusal, answer(http.StatusOK, "")), withRetry(policy)).Do(call.Call)
				if once {
					requireStatus(t, http.StatusTooManyRequests, err, call)
					assert.Equal(t, 1, outcome.Attempts, "%s: attempts", call)
					return
				}
				require.NoError(t, err, "%s", call)
				assert.Equal(t, Outcome{Attempts: 2, Uncertain: true, OnlyThrottled: true}, outcome, "%s: the outcome", call)
			})
		}
	}
}

// Calls that can't be sent in time must not make others wait.
func TestThrottle_WhoIsNotSentTakesNoTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var throttle throttle
		throttle.refused(time.Now(), time.Second)
		start := time.Now()
		for _, deadline := range []time.Duration{10 * time.Millisecond, 999 * time.Millisecond, time.Second} {
			for range 1000 {
				ctx, cancel := context.WithTimeout(t.Context(), deadline)
				require.ErrorIs(t, throttle.wait(ctx, start.Add(time.Minute)), ErrPaused)
				cancel()
			}
		}
		assert.Zero(t, time.Since(start), "they fail at once")
		require.NoError(t, throttle.wait(t.Context(), start.Add(time.Minute)))
		assert.Less(t, time.Since(start), time.Second+2*firstGap)
	})
}

// Turns that nobody uses, as their calls were cancelled, end with the longest wait that
// the policy allows.
func TestThrottle_NoWaitIsLongerThanItsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var throttle throttle
		throttle.refused(time.Now(), time.Second)
		start := time.Now()
		end := start.Add(5 * time.Second)
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		var mu sync.Mutex
		for range 5000 {
			all.Go(func() { assert.ErrorIs(t, throttle.wait(ctx, end), context.Canceled) })
		}
		synctest.Wait()
		cancel()
		all.Wait()
		times := map[time.Duration]int{}
		for range 100 {
			all.Go(func() {
				if err := throttle.wait(t.Context(), end); err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				times[time.Since(start)]++
			})
		}
		all.Wait()
		assert.Greater(t, len(times), 90, "they don't go out all at once")
		for at := range times {
			assert.True(t, time.Second <= at && at <= 5*time.Second+1, at)
		}
	})
}
