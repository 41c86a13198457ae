// Package transport sends one call of the client over HTTP: with retries,
// redirects that keep the token at home, compression, and a record of each
// attempt. It knows HTTP, and nothing of what is asked for.
//
// Layers, from the outside: [Client.Do] with the retry loop of
// go-retryablehttp, which all calls share, and which finds a call's state in the
// context; net/http's Client, which follows redirects; one
// RoundTripper that counts and guards each attempt; one that decompresses;
// the transport that the user chose.
package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// Config says how a Client sends.
type Config struct {
	// HTTP holds the transport, the timeout of an attempt and the cookie jar.
	// It is copied.
	HTTP *http.Client
	// Base is the URL below which redirects must stay.
	Base *url.URL
	// Retry is the policy, complete.
	Retry RetryPolicy
	// Stall is how long an attempt may go without a byte in either direction,
	// where the call's context has no deadline. Zero is forever.
	Stall time.Duration
	// Limiter, unless nil, is waited for before each attempt.
	Limiter Limiter
	// OnAttempt and OnWarning are called for each attempt, and for each warning
	// of the service.
	OnAttempt []func(context.Context, Attempt)
	OnWarning []func(context.Context, Warning)
}

// Limiter spaces out attempts.
type Limiter interface {
	// Wait returns when the next attempt may go out, or with an error when it
	// must not, because the context ends before that for instance.
	Wait(ctx context.Context) error
}

// Client sends calls. It is safe for concurrent use.
type Client struct {
	loop      *retryablehttp.Client
	transport http.RoundTripper
	config    Config
	budget    *budget
	throttle  throttle
	sent      sentSecrets
}

// New returns a Client.
func New(config Config) *Client {
	client := *config.HTTP
	l := new(load)
	if client.Transport == nil {
		client.Transport = newHTTPTransport(l)
	}
	c := &Client{transport: client.Transport, config: config, budget: newBudget(config.Retry.Budget)}
	g := &guard{
		next:  &headerLimit{next: &decompressor{next: client.Transport}},
		stall: config.Stall, load: l, budget: c.budget,
	}
	g.isNetHTTP, g.plainIsHTTP1 = isNetHTTP(c.transport)
	client.Transport = g
	client.CheckRedirect = redirectPolicy{base: config.Base}.check
	c.loop = &retryablehttp.Client{
		HTTPClient: &client,
		RetryMax:   math.MaxInt, // checkRetry counts
		CheckRetry: c.checkRetry,
		// It is told neither request nor context, so prepareAgain waits.
		Backoff:      func(_, _ time.Duration, _ int, _ *http.Response) time.Duration { return 0 },
		PrepareRetry: c.prepareAgain,
		// What the handler made of the last answer is the error already.
		ErrorHandler: func(resp *http.Response, err error, _ int) (*http.Response, error) {
			return resp, err
		},
	}
	return c
}

// CloseIdleConnections closes the connections that no call uses.
func (c *Client) CloseIdleConnections() {
	if closer, ok := c.transport.(interface{ CloseIdleConnections() }); ok {
		closer.CloseIdleConnections()
	}
}

// Call is one request and what becomes of its answer.
type Call struct {
	// Context is the call's, and Request complete but for it and the body.
	Context context.Context //nolint:containedctx // a request is given it only once, as that copies it
	Request *http.Request
	// Body is sent with it.
	Body Body
	// Idempotent says that sending the request again does no harm although it
	// may have been carried out.
	Idempotent bool
	// Once says that the request must not be sent again if it may have been
	// carried out, whatever the policy allows.
	Once bool
	// Confidential says that the response may hold a secret: no error quotes any
	// of it.
	Confidential bool
	// Handler gets the answers.
	Handler Handler
	// Credentials, unless nil, authorize each attempt. Otherwise the request's
	// header does.
	Credentials Credentials
	// Endpoint and Path name the request in records.
	Endpoint fmt.Stringer
	Path     string

	state state // here, as one piece of memory costs less than two (BenchmarkW7CreateTag)
}

// Handler makes of the answers to a call what the caller gets.
type Handler interface {
	// Value returns what the context of the call's requests has for a key, beside
	// what Context has; nil if nothing.
	Value(key any) any
	// Answered is told of every answer, a redirect's too, before its body is read.
	Answered(resp *http.Response, sofar Outcome)
	// Receive gets every answer but a redirect's, with what is known so far, reads
	// its body and closes it. Its error decides, with the answer's status and what
	// became of its body, whether there is another attempt.
	Receive(resp *http.Response, sofar Outcome) error
}

// Credentials are what a call identifies itself with, where that changes.
type Credentials interface {
	// Authorize puts the present ones into a request's header.
	Authorize(ctx context.Context, header http.Header) error
	// Rejected is told of a header whose credentials the service has refused, and
	// reports whether there may be others.
	Rejected(header http.Header) bool
}

// Outcome is what is known of a call.
type Outcome struct {
	// Attempts is how often the request was sent.
	Attempts int
	// Uncertain says that the request may have been carried out by an attempt
	// that failed.
	Uncertain bool
	// Succeeded reports whether the service returned a success to an attempt that
	// failed afterwards, because its response could not be read for example.
	Succeeded bool
	// OnlyThrottled says that it is uncertain only because of attempts that got a
	// 429: a part of the work may have been done, but not all of it.
	OnlyThrottled bool
	// Transient says that the last attempt failed, and that another call may go
	// better: the network or the service was at fault.
	Transient bool
	// OverBudget says that there was no other attempt because the client has
	// made too many.
	OverBudget bool
	// TooLate says that there was no other attempt because the context's deadline
	// is before it.
	TooLate bool
}

// Do sends the call, once, until it is answered, or until another attempt would be
// wrong or pointless.
func (c *Client) Do(call *Call) (Outcome, error) {
	st := &call.state
	st.call, st.decompress, st.sent = call, askForGzip(call.Request.Header), &c.sent
	st.onWarning = c.config.OnWarning
	st.Context = call.Context
	*call.Request = *call.Request.WithContext(st)
	// net/http may go on reading a body when its request has failed already.
	defer call.Body.detach()
	if err := c.prepare(st, call.Request); err != nil {
		return Outcome{}, st.explain(err)
	}
	st.request.Request = call.Request
	_, err := c.loop.Do(&st.request) //nolint:bodyclose // the handler closes it, or hands it on
	if st.paid {
		// The context has ended, say, before it could be sent.
		c.budget.refund()
	}
	if err != nil {
		err = st.explain(err)
	}
	return st.outcome(), err
}

// state is one call under way. The retry loop runs in one goroutine; only the
// trace's hooks may come from others.
//
// It is the context of the call's requests, by which their way through net/http
// leads back here.
type state struct {
	context.Context //nolint:containedctx // see above

	call       *Call
	sent       *sentSecrets // of the client
	request    retryablehttp.Request
	decompress bool

	attempts   int
	uncertain  bool     // an attempt so far may have been carried out
	lost       bool     // and by more than a half: it did not get a 429
	succeeded  bool     // an attempt so far got a success, and failed all the same
	renewed    bool     // the credentials, because of a 401
	warnings   []string // that the observers were told
	onWarning  []func(context.Context, Warning)
	transient  bool          // the last attempt failed, and another may go better
	overBudget bool          // there is no other attempt because of the budget
	tooLate    bool          // there is no other attempt because of the deadline
	throttled  bool          // an attempt so far got a 429 that paused the client
	served     uint64        // calls that were served when it last did
	excused    int           // attempts that don't count for the policy
	paid       bool          // the next attempt, out of the budget
	last       error         // of the last attempt that the context's end did not stop
	wait       time.Duration // before the next attempt
	waiting    bool

	hasConn atomic.Bool // what was asked for last

	// What follows is the present attempt's.
	begun        bool
	started      time.Time
	askedForConn atomic.Bool
	gotConn      atomic.Bool
	handled      bool
	dog          *watchdog // the last hop's, if there were redirects
	firstDog     watchdog  // what dog is at first
	zipped       *gzipBody // the last hop's body, if it is decompressed here
	readErr      error     // of the answer's body
	cancelled    bool      // failed because the call's context had ended
}

func (st *state) outcome() Outcome {
	return Outcome{
		Attempts:      st.attempts,
		Uncertain:     st.uncertain,
		OnlyThrottled: st.uncertain && !st.lost,
		Succeeded:     st.succeeded,
		Transient:     st.transient,
		OverBudget:    st.overBudget,
		TooLate:       st.tooLate,
	}
}

// prepareAgain waits until it is time for another attempt, and prepares it.
func (c *Client) prepareAgain(req *http.Request) error {
	st := stateOf(req.Context())
	if err := sleep(req.Context(), st.wait); err != nil {
		return err
	}
	return c.prepare(st, req) //nolint:contextcheck // the state is the context
}

// prepare makes the request fit to be sent: whole, now, and by whom it says.
func (c *Client) prepare(st *state, req *http.Request) error {
	if err := st.call.Body.attach(req); err != nil {
		return err
	}
	// Before the waiting, too: calls that have waited for their turn must not all
	// go out together when the credentials they wait for are there.
	if err := st.authorize(req); err != nil {
		return err
	}
	if c.config.Limiter != nil || c.throttle.active.Load() {
		if err := c.waitForTurn(st); err != nil {
			return err
		}
		if err := st.authorize(req); err != nil {
			return err
		}
	}
	c.sent.remember(req, &st.call.Body)
	return nil
}

// waitForTurn returns when both the service and the limiter let the request go out.
// A pause that begins while the limiter waits needs the limiter's leave anew.
func (c *Client) waitForTurn(st *state) error {
	end := time.Now().Add(c.config.Retry.MaxWait)
	for {
		switch err := c.throttle.wait(st, end); {
		case errors.Is(err, ErrPaused) && st.last != nil:
			st.tooLate = true
			return err // explain returns the last attempt's
		case err != nil:
			return st.unprepared(err)
		}
		if c.config.Limiter == nil {
			return nil
		}
		if err := c.config.Limiter.Wait(st); err != nil {
			return st.unprepared(fmt.Errorf("rate limiter: %w", err))
		}
		if !c.throttle.isPaused() || !time.Now().Before(end) {
			return nil
		}
	}
}

// authorize puts the present credentials into the request. The state is their
// context, and the limiter's.
func (st *state) authorize(req *http.Request) error {
	if st.call.Credentials == nil {
		return nil
	}
	// A new map: net/http may not be done with that of the attempt before.
	req.Header = req.Header.Clone()
	if err := st.call.Credentials.Authorize(st, req.Header); err != nil {
		return st.unprepared(err)
	}
	return nil
}

// unprepared returns the error of a call that can't send (again): err, unless
// the context's end is the reason, with what the last attempt came to.
func (st *state) unprepared(err error) error {
	st.waiting = false
	if st.Err() != nil {
		st.cancelled = true
		return err
	}
	return withLast(notEnded(err), st.last)
}

// Value implements [context.Context].
func (st *state) Value(key any) any {
	if key == (stateKey{}) {
		return st
	}
	if value := st.call.Handler.Value(key); value != nil {
		return value
	}
	return st.Context.Value(key)
}

// Format implements [fmt.Formatter]. Observers and limiters may print a context, and
// this one holds requests.
func (st *state) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "transport.state") }

type stateKey struct{}

func stateOf(ctx context.Context) *state {
	st, _ := ctx.Value(stateKey{}).(*state)
	return st
}

// begin is called when the request goes to the transport, but not again for
// what a redirect makes of it.
func (st *state) begin() {
	st.attempts++
	st.begun = true
	st.paid = false
	st.transient = false
	st.wait = 0
	st.waiting = false
	st.started = time.Now()
	st.askedForConn.Store(false)
	st.gotConn.Store(false)
	st.handled = false
	st.readErr = nil
}

func (c *Client) handle(st *state, resp *http.Response) error {
	st.handled = true
	resp.Header = redactHeader(resp)
	st.call.Handler.Answered(resp, st.outcome())
	if _, ok := resp.Body.(*guardedBody); !ok {
		// net/http has put a wrapper of its own around it, for its Timeout.
		resp.Body = &guardedBody{ReadCloser: resp.Body, dog: st.dog, st: st, sent: resp.Request}
	}
	c.warn(st, resp)
	if isRedirect(resp) {
		Discard(resp)
		return redirectPolicy{base: c.config.Base}.refusal(resp, st.call.Request.Method)
	}
	return st.call.Handler.Receive(resp, st.outcome())
}

// explain returns the error of a call that failed: err, unless the context's
// end is what stopped it.
func (st *state) explain(err error) error {
	ended := st.Err()
	switch {
	case ended == nil && st.waiting && st.last != nil:
		// The body could not be read again after all, or it would be too late.
		return st.last
	case ended == nil, !st.waiting && !st.cancelled:
		return withoutURL(err)
	}
	return withLast(EndOf(st), st.last)
}

// withoutURL takes off the wrapping in which net/http repeats the method and
// the URL.
func withoutURL(err error) error {
	if outer, ok := err.(*url.Error); ok && outer.Err != nil { //nolint:errorlint // only the outermost layer is in question
		return outer.Err
	}
	return err
}

// EndOf returns the error of a context that has ended, and its cause if that is
// another.
func EndOf(ctx context.Context) error {
	err := ctx.Err()
	if cause := context.Cause(ctx); !errors.Is(err, cause) {
		err = fmt.Errorf("%w: %w", err, cause)
	}
	return err
}

// foreignEndError is an error of a call whose context has not ended, although it looks
// like the error of one: that of an http.Client's Timeout does.
type foreignEndError struct{ err error }

// notEnded returns the error of a call whose context has not ended.
func notEnded(err error) error {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return foreignEndError{err}
	}
	return err
}

func (e foreignEndError) Error() string { return e.err.Error() }

// Is reports whether target is among the causes, and not the end of a context.
func (e foreignEndError) Is(target error) bool {
	return target != context.DeadlineExceeded && target != context.Canceled && errors.Is(e.err, target)
}

// As finds target among the causes.
func (e foreignEndError) As(target any) bool { return errors.As(e.err, target) }

// withLast returns err, with what the last attempt came to if there was one.
func withLast(err, last error) error {
	if last == nil {
		return err
	}
	return fmt.Errorf("%w; before that: %w", err, last)
}
