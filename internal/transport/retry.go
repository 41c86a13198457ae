package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// RetryPolicy says how often, and after which waits, a request is sent again.
type RetryPolicy struct {
	// MaxAttempts counts the first attempt, too.
	MaxAttempts int
	// MinWait is the wait before the second attempt, which doubles from then
	// on up to MaxWait. A wait that the server asks for counts if it is not
	// longer than MaxWait, and else ends the call.
	MinWait, MaxWait time.Duration
	// Budget is how many retries there may be for each first try, beside the
	// first ten; negative is no limit.
	Budget float64
	// ThrottledWrites says that a request which got a 429 is sent again even if it
	// is not idempotent.
	ThrottledWrites bool
}

// permanentError ends a call although its answer, or the lack of one, would
// have been worth another attempt.
type permanentError struct{ error }

func (e permanentError) Unwrap() error { return e.error }

// Permanent marks an error of a call's handler after which there must be no
// other attempt, because part of the answer is in the caller's hands already.
func Permanent(err error) error { return permanentError{err} }

// foreignError is about a response that something else than the service has sent.
type foreignError struct{ error }

func (e foreignError) Unwrap() error { return e.error }

// Foreign marks an error of a call's handler about a response that the service did
// not send, a proxy's page for example. Its status proves nothing about the request.
func Foreign(err error) error { return foreignError{err} }

// checkRetry is called after every attempt. It has the answer read, if there is
// one, and judges.
func (c *Client) checkRetry(ctx context.Context, resp *http.Response, err error) (bool, error) {
	st := stateOf(ctx)
	if err == nil {
		err = c.handle(st, resp) //nolint:contextcheck // the state is the context
	}
	if err != nil && ctx.Err() == nil {
		err = notEnded(withoutURL(err))
	}
	st.waiting = c.conclude(ctx, st, resp, err)
	if st.waiting {
		return true, nil
	}
	return false, err
}

// conclude ends the attempt: it keeps what the attempt says about the call,
// tells the observers, and reports whether there will be another.
func (c *Client) conclude(ctx context.Context, st *state, resp *http.Response, err error) bool {
	if !st.begun {
		// The request never reached the transport, and never will.
		return false
	}
	st.begun = false
	unanswered := !st.handled || st.readErr != nil
	written := resp != nil || !st.neverWritten(err)
	switch {
	case err == nil || !written || isRefusal(resp):
	case isSuccess(resp, err):
		st.succeeded = true
	default:
		st.uncertain = true
		st.lost = st.lost || !isThrottled(resp)
	}
	renewing := st.mayRenew(resp)
	transient := err != nil && st.isTransient(resp, err)
	pausing := c.slowDown(st, resp)
	worthwhile := renewing || transient && c.mayResend(st, resp, written)
	ended := ctx.Err() != nil
	st.cancelled = ended && err != nil && (unanswered || worthwhile)
	st.transient = transient && !st.cancelled
	if !st.cancelled || resp != nil && resp.StatusCode >= http.StatusBadRequest {
		st.last = withoutURL(err)
	}
	again := false
	switch {
	case ended:
	case renewing:
		again = true // at once
	case worthwhile:
		st.wait, again = c.config.Retry.nextWait(st.tries(), resp)
		if deadline, ok := ctx.Deadline(); again && ok && time.Until(deadline) <= st.wait {
			again, st.tooLate, st.wait = false, true, 0
		}
		// The pause holds the client back already.
		if again && !pausing {
			st.paid = c.budget.spend()
			again, st.overBudget = st.paid, !st.paid
		}
	}
	c.observe(ctx, st, resp, err, again)
	return again
}

// maxExcused is how often an attempt may be excused, for each that the policy allows.
const maxExcused = 10

// slowDown tells the throttle what became of an attempt, and reports whether its
// response pauses the client. Then it does not count for the policy if the service
// has served other calls since it refused this one last: it is at work, and this
// call's turn will come.
func (c *Client) slowDown(st *state, resp *http.Response) bool {
	pause, pausing := c.config.Retry.pauseOf(resp)
	if !pausing {
		if resp != nil && !isThrottled(resp) && resp.StatusCode < http.StatusInternalServerError {
			c.throttle.accepted(st.started)
		}
		return false
	}
	served := c.throttle.refused(st.started, pause)
	if st.throttled && served != st.served && st.excused < maxExcused*c.config.Retry.MaxAttempts {
		st.excused++
	}
	st.throttled, st.served = true, served
	return true
}

// isThrottled reports whether the service has refused for the rate of requests.
func isThrottled(resp *http.Response) bool {
	return resp != nil && resp.StatusCode == http.StatusTooManyRequests
}

// mayRenew reports whether the service has refused the call's credentials, and
// the call may go out once more with others: nothing was carried out. It tells
// the credentials.
func (st *state) mayRenew(resp *http.Response) bool {
	if resp == nil || resp.StatusCode != http.StatusUnauthorized || st.call.Credentials == nil || st.renewed {
		return false
	}
	st.renewed = true
	return st.call.Credentials.Rejected(resp.Request.Header) && st.call.Body.canReopen()
}

// isSuccess reports whether the service has carried out the request, and only the
// reading of its response has failed.
func isSuccess(resp *http.Response, err error) bool {
	_, foreign := errors.AsType[foreignError](err)
	return !foreign && resp != nil && resp.StatusCode >= 200 && resp.StatusCode < 300
}

// neverWritten reports whether an attempt that got no answer failed before any
// of the request can have left this machine, or was turned away unread.
func (st *state) neverWritten(err error) bool {
	if isRefusedStream(err) || isLeftUnprocessed(err) {
		return true
	}
	if st.askedForConn.Load() {
		return !st.gotConn.Load()
	}
	// The user's transport doesn't say; a failure to connect speaks for itself.
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// http2StreamError has the form of net/http's own, which is not exported but can be
// had by errors.As.
type http2StreamError struct {
	StreamID uint32
	Code     uint32
	Cause    error
}

func (e http2StreamError) Error() string { return fmt.Sprintf("stream error %d", e.Code) }

// isRefusedStream reports whether the server closed the HTTP/2 stream before it
// looked at the request (RFC 9113, section 8.7).
func isRefusedStream(err error) bool {
	const refusedStream = 0x7
	stream, ok := errors.AsType[http2StreamError](err)
	return ok && stream.Code == refusedStream
}

// isRefusal reports whether the answer proves that the request was not carried
// out. A 429 does not: the service passes on an upstream's from the middle of
// its own work.
func isRefusal(resp *http.Response) bool {
	return resp != nil && resp.StatusCode >= 400 && resp.StatusCode < 500 &&
		resp.StatusCode != http.StatusRequestTimeout && resp.StatusCode != http.StatusTooManyRequests
}

// mayResend reports whether there may be another attempt without harm.
func (c *Client) mayResend(st *state, resp *http.Response, written bool) bool {
	harmless := st.call.Idempotent || !written ||
		c.config.Retry.ThrottledWrites && isThrottled(resp) && !st.call.Once
	return harmless && st.tries() < c.config.Retry.MaxAttempts && st.call.Body.canReopen()
}

// tries returns the number of attempts that count for the policy: not the one that
// only showed that the credentials were no longer good, and none that is excused.
func (st *state) tries() int {
	tries := st.attempts - st.excused
	if st.renewed {
		tries--
	}
	return tries
}

// nextWait returns how long to wait after the given attempt, and whether the policy
// allows to wait that long.
func (p RetryPolicy) nextWait(attempt int, resp *http.Response) (time.Duration, bool) {
	wait := p.backoff(attempt)
	if resp != nil {
		if asked, ok := RetryAfter(resp.Header, time.Now()); ok {
			if asked > p.MaxWait {
				return 0, false
			}
			// Never earlier than asked, and not all at the same moment.
			wait = asked + rand.N(min(p.MinWait, p.MaxWait-asked)+1)
		}
	}
	return wait, true
}

// isTransient reports whether what happened may go better another time.
func (st *state) isTransient(resp *http.Response, err error) bool {
	if _, ok := errors.AsType[permanentError](err); ok {
		return false
	}
	if resp == nil {
		return !isMisconfigured(err)
	}
	switch {
	case resp.StatusCode == http.StatusTooManyRequests:
		return true
	case resp.StatusCode >= 500:
		return resp.StatusCode != http.StatusNotImplemented
	case resp.StatusCode >= 300:
		return false
	}
	// A success that was cut off on the way.
	return st.readErr != nil || errors.Is(err, io.ErrUnexpectedEOF)
}

// isMisconfigured reports whether the two ends can't talk, however often they try.
func isMisconfigured(err error) bool {
	var (
		certificate *tls.CertificateVerificationError
		record      tls.RecordHeaderError
	)
	return errors.As(err, &certificate) || errors.As(err, &record) || errors.Is(err, http.ErrSchemeMismatch)
}

// backoff returns the wait after the given attempt: exponential, and jittered by
// half so that clients which failed together don't return together.
func (p RetryPolicy) backoff(attempt int) time.Duration {
	wait := p.MinWait
	for range attempt - 1 {
		if wait >= p.MaxWait/2 {
			wait = p.MaxWait
			break
		}
		wait *= 2
	}
	return wait - rand.N(wait/2+1)
}

// RetryAfter returns how long the header's Retry-After asks to wait, and
// whether it does. It reads both forms, seconds and an HTTP date; a date in
// the past is no wait.
func RetryAfter(header http.Header, now time.Time) (time.Duration, bool) {
	const longest = 365 * 24 * time.Hour
	text := strings.TrimSpace(header.Get("Retry-After"))
	if text == "" {
		return 0, false
	}
	if strings.Trim(text, "0123456789") == "" {
		seconds, err := strconv.ParseInt(text, 10, 64)
		if err != nil || seconds > int64(longest/time.Second) {
			return longest, true
		}
		return time.Duration(seconds) * time.Second, true
	}
	date, err := http.ParseTime(text)
	if err != nil {
		return 0, false
	}
	return min(max(date.Sub(now), 0), longest), true
}
