package transport

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// throttle holds back the requests of a client while the service limits their
// rate. A 429 with a Retry-After pauses all of them until then. After the pause
// they go out one by one, with a gap between them that grows with each further
// 429 and shrinks with each request that is served, until there is none.
type throttle struct {
	active atomic.Bool // false: nothing is held back, and the rest is not looked at

	mu       sync.Mutex
	until    time.Time     // the end of the pause
	next     time.Time     // when the next request may go out after the pause
	gap      time.Duration // between two requests
	slowedAt time.Time     // when gap last grew
	served   uint64        // requests that were served while requests are held back
}

const (
	firstGap = 10 * time.Millisecond
	maxGap   = 500 * time.Millisecond
	// minGap is the gap below which requests are not held back.
	minGap = 100 * time.Microsecond
	// gapDivisor is the part of the gap that each served request takes off.
	gapDivisor = 16
	// throttleMemory is how long an unused gap is remembered.
	throttleMemory = 30 * time.Second
)

// ErrPaused is the error of a call that was not sent, because the service asked
// the client to wait for longer than the call's deadline allows.
var ErrPaused = errors.New("not sent: the service limits the rate of requests, and the deadline is before the end of the pause, or before the call's turn after it")

// pauseOf returns how long a response pauses the client, and whether it does: a
// 429 that says when to come back, and not later than the policy allows.
func (p RetryPolicy) pauseOf(resp *http.Response) (time.Duration, bool) {
	if resp == nil || resp.StatusCode != http.StatusTooManyRequests {
		return 0, false
	}
	asked, ok := RetryAfter(resp.Header, time.Now())
	return asked, ok && asked <= p.MaxWait
}

// refused is called if a request, sent at the given time, got a 429 that pauses
// the client. It returns how many requests were served so far.
func (t *throttle) refused(sent time.Time, pause time.Duration) uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	end := now.Add(pause)
	t.until = later(t.until, end)
	t.next = later(t.next, end)
	// A request that went out before the last one was slowed down by says nothing
	// about the present gap.
	if !t.active.Load() || sent.After(t.slowedAt) {
		t.slowedAt = now
		t.gap = min(max(2*t.gap, firstGap), maxGap)
		t.next = t.until
	}
	t.active.Store(true)
	return t.served
}

// accepted is called if a request, sent at the given time, was not refused with a
// 429.
func (t *throttle) accepted(sent time.Time) {
	if !t.active.Load() {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.served++
	if !sent.After(t.slowedAt) {
		return
	}
	t.gap -= t.gap / gapDivisor
	if t.gap < minGap && !t.until.After(time.Now()) {
		t.stop()
	}
}

// stop ends holding back. Callers hold mu.
func (t *throttle) stop() {
	t.gap = 0
	t.active.Store(false)
}

// reserve gives the caller a turn, and returns when it comes. A turn that would come
// after the context's deadline is [ErrPaused], and taken from nobody. One that would
// come after the given end comes at a random time between the pause and that end, or in
// the second after the pause if there is no such time.
func (t *throttle) reserve(ctx context.Context, end time.Time) (at time.Time, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	at = later(t.until, t.next)
	if now.Sub(at) > throttleMemory {
		t.stop()
	}
	if !at.After(now) {
		t.next = now.Add(t.gap)
		return now, nil
	}
	if deadline, ok := ctx.Deadline(); ok && !at.Before(deadline) {
		return time.Time{}, ErrPaused
	}
	if at.After(end) {
		start := later(now, t.until)
		return start.Add(rand.N(max(end.Sub(start), time.Second))), nil
	}
	t.next = at.Add(t.gap)
	return at.Add(rand.N(t.gap + 1)), nil
}

// isPaused reports whether nothing may be sent at present.
func (t *throttle) isPaused() bool {
	if !t.active.Load() {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.until.After(time.Now())
}

// wait returns when a request may go out: when the pause is over and it is the
// request's turn, or when the given end is there. If the turn comes after the context's
// deadline, wait returns [ErrPaused] at once.
func (t *throttle) wait(ctx context.Context, end time.Time) error {
	for t.active.Load() {
		at, err := t.reserve(ctx, end)
		if err != nil {
			return err
		}
		if err := sleep(ctx, time.Until(at)); err != nil {
			return err
		}
		if !t.isPaused() || !time.Now().Before(end) {
			return nil
		}
	}
	return nil
}

// sleep returns after the given time, or with the context's error when that ends.
func sleep(ctx context.Context, wait time.Duration) error {
	if wait <= 0 {
		return nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
