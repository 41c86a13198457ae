package pulumiapi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/pulumiapi/pulumiapi/internal/transport"
)

// WaitOptions say how often to look whether something has ended. Zero fields
// mean the defaults.
type WaitOptions struct {
	// MinInterval is the shortest time between two looks: 1 s by default, or
	// MaxInterval if that is shorter. The time doubles with each look.
	MinInterval time.Duration
	// MaxInterval is the longest time between two looks: 15 s by default, or
	// MinInterval if that is longer. Each is shortened at random by up to a half,
	// but not below MinInterval.
	MaxInterval time.Duration
}

const (
	defaultMinInterval = time.Second
	defaultMaxInterval = 15 * time.Second

	// maxInterval keeps sums of intervals from overflowing.
	maxInterval = 365 * 24 * time.Hour
)

func (o WaitOptions) check() error {
	switch {
	case o.MinInterval < 0:
		return newArgumentError("opts.MinInterval", o.MinInterval.String(), "is negative")
	case o.MaxInterval < 0:
		return newArgumentError("opts.MaxInterval", o.MaxInterval.String(), "is negative")
	case o.MinInterval > maxInterval:
		return newArgumentError("opts.MinInterval", o.MinInterval.String(), "is longer than a year")
	case o.MaxInterval > maxInterval:
		return newArgumentError("opts.MaxInterval", o.MaxInterval.String(), "is longer than a year")
	case o.MaxInterval > 0 && o.MinInterval > o.MaxInterval:
		return newArgumentError("opts.MinInterval", o.MinInterval.String(), "is longer than MaxInterval")
	}
	return nil
}

// poller returns what asks at these intervals.
func (o WaitOptions) poller() *poller {
	longest := cmp.Or(o.MaxInterval, max(defaultMaxInterval, o.MinInterval))
	return newPoller(cmp.Or(o.MinInterval, min(defaultMinInterval, longest)), longest)
}

// maxOutage is how long calls may fail before a poller gives up.
const maxOutage = 5 * time.Minute

// poller asks the service again and again about something that takes its time.
// Once an answer has come, it survives what the calls' own retries did not.
type poller struct {
	// minWait and maxWait bound the waits, which double; wait is the next.
	minWait, maxWait, wait time.Duration

	answered bool      // a call has succeeded
	failing  time.Time // when the first call began that failed; zero if the last one did not
	failure  error     // of the last call that failed since then
}

func newPoller(minWait, maxWait time.Duration) *poller {
	return &poller{minWait: minWait, maxWait: maxWait, wait: minWait}
}

// ask makes a call, again if it fails for a reason that may pass. The first of
// a poller's calls fails as it would anywhere: perhaps nothing is right.
func ask[T any](ctx context.Context, p *poller, call func() (*T, error)) (*T, error) {
	for {
		asked := time.Now()
		answer, err := call()
		if err == nil {
			p.answered, p.failing, p.failure = true, time.Time{}, nil
			return answer, nil
		}
		if ctx != nil && ctx.Err() != nil {
			return nil, p.atEndOf(ctx, err)
		}
		if !p.answered || !isTransient(err) {
			return nil, err
		}
		if p.failing.IsZero() {
			p.failing = asked
		}
		wait := max(p.nextWait(), retryAfterOf(err))
		if wait > maxOutage {
			return nil, err
		}
		if time.Since(p.failing)+wait > maxOutage {
			return nil, gaveUp(err)
		}
		p.failure = err
		sleep(ctx, wait)
	}
}

// pause waits until it is time for the next question. If the context ends
// before, the next call says so.
func (p *poller) pause(ctx context.Context) { sleep(ctx, p.nextWait()) }

// hurry makes the next wait the shortest.
func (p *poller) hurry() { p.wait = p.minWait }

// nextWait returns how long to wait now: twice as long as the last time, and
// jittered so that programs which began together don't go on together.
func (p *poller) nextWait() time.Duration {
	wait := p.wait
	p.wait = min(2*wait, p.maxWait)
	return max(wait-rand.N(wait/2+1), p.minWait) //nolint:gosec // jitter is no secret
}

// atEndOf returns the error of a call that failed when the context had ended. It
// says so, and what had happened until then.
func (p *poller) atEndOf(ctx context.Context, err error) error {
	failed, ok := asCallError(err)
	if !ok { // nothing was sent
		return err
	}
	before := p.failure
	if !errors.Is(err, ctx.Err()) { // it came first
		before, failed.Err = failed.Err, transport.EndOf(ctx)
	}
	if before != nil {
		failed.Err = fmt.Errorf("%w; before that: %w", failed.Err, before)
	}
	return &failed
}

// gaveUp returns the error of the last of the calls that failed for too long.
func gaveUp(err error) error {
	failed, ok := asCallError(err)
	if !ok {
		return err
	}
	failed.Err = fmt.Errorf("gave up after %s of faults: %w", maxOutage, failed.Err)
	return &failed
}

// asCallError returns the error of a call as a CallError, of which a refusal is
// the cause.
func asCallError(err error) (failed CallError, ok bool) {
	if failed, ok := errors.AsType[*CallError](err); ok {
		return *failed, true
	}
	if refused, ok := errors.AsType[*APIError](err); ok {
		return CallError{
			Endpoint: refused.Endpoint, Path: refused.Path, RequestID: refused.RequestID, Attempts: refused.Attempts, Err: refused,
		}, true
	}
	return CallError{}, false
}

func sleep(ctx context.Context, wait time.Duration) {
	if wait <= 0 {
		return
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// isTransient reports whether the call that failed may go better another time.
func isTransient(err error) bool {
	if refused, ok := errors.AsType[*APIError](err); ok {
		return refused.outcome.transient
	}
	failed, ok := errors.AsType[*CallError](err)
	return ok && failed.outcome.transient
}

// retryAfterOf returns how long the service asked to wait; zero if it did not.
func retryAfterOf(err error) time.Duration {
	if refused, ok := errors.AsType[*APIError](err); ok {
		return refused.RetryAfter
	}
	return 0
}

// tail is a place in a list that grows: behind the first seen items of what the
// service has at token.
type tail struct {
	list   Endpoint
	token  string
	seen   int
	tokens cycle[string] // those that the tail was at
}

// take moves on behind items, which the service has at the tail's token, and
// returns those that are new. next is the token that came with them. Without
// one, or with the same, this is the list's end for now: what comes later will be
// at the token of before, behind what was there already. A token that leads back to
// an earlier page is an error.
func take[T any](at *tail, items []T, next string) (news []T, atEnd bool, err error) {
	news = items[min(at.seen, len(items)):]
	if next == "" || next == at.token {
		at.seen = max(at.seen, len(items))
		return news, true, nil
	}
	if at.tokens.closes(next, sameText) {
		return nil, false, listError(at.list, errRepeatedCursor.Error())
	}
	at.token, at.seen = next, 0
	return news, false, nil
}
