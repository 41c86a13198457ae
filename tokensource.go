package pulumiapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// TokenSource is where a client gets access tokens that expire: [NewOIDCTokenSource],
// or a program's own.
type TokenSource interface {
	// Token returns an access token and when it expires; the zero time if that
	// is never, or not known. A client keeps the token until shortly before that
	// and asks for one at a time, but two clients may ask at once.
	//
	// The context has the values of one of the calls that need the token, and ends
	// when none of them waits any longer; Token should return then. It must not
	// call the client that asks.
	Token(ctx context.Context) (Secret, time.Time, error)
}

// TokenSourceFunc is a function as a [TokenSource].
type TokenSourceFunc func(ctx context.Context) (Secret, time.Time, error)

// Token calls f.
func (f TokenSourceFunc) Token(ctx context.Context) (Secret, time.Time, error) { return f(ctx) }

// WithTokenSource makes the client ask source for its access tokens, the first
// time when the first call is made. It goes before what [FromEnvironment] finds,
// and takes the place of [WithToken].
//
// If the service refuses a token with a 401 although it should still be good,
// the client asks for another one, and sends the request once more if its body can
// be read again, beside what [RetryPolicy] allows; the answer to that counts. It
// does so every ten seconds at most: a source should not return what it returned
// before. If source fails, so do the calls that need a token, with a [*CallError].
func WithTokenSource(source TokenSource) Option {
	return func(c *config) error {
		if isNil(source) {
			return &ArgumentError{Name: "WithTokenSource", Reason: "is nil"}
		}
		c.tokenSource, c.token = source, Secret{}
		return nil
	}
}

const (
	// A token is replaced when the tenth part of its life is left, but at most so
	// long before its end: it has to be good until its request has arrived.
	tokenMarginDivisor = 10
	maxTokenMargin     = time.Minute

	// renewalPatience is how long a call waits for a new token while the old one
	// is good.
	renewalPatience = 2 * time.Second

	// renewalPause is how long a source is left alone after it has failed while
	// the old token was good, or after the service has refused a token of its.
	renewalPause = 10 * time.Second
)

// tokenCache keeps the token of a source for as long as it is good. It is the
// [transport.Credentials] of the calls.
type tokenCache struct {
	source TokenSource

	mu         sync.Mutex
	token      cachedToken
	flight     *tokenFlight // nil if nobody is asking the source
	failedAt   time.Time    // the source, last; zero if it succeeded since
	rejectedAt time.Time    // a token, last
}

type cachedToken struct {
	secret  Secret
	renewAt time.Time // zero: never
	expires time.Time // zero: never
}

// newCachedToken returns a token that was got at start.
func newCachedToken(secret Secret, expires, start time.Time) cachedToken {
	if expires.IsZero() {
		return cachedToken{secret: secret}
	}
	expires = expires.Round(0) // by the clock on the wall, which goes on while the machine sleeps
	margin := min(expires.Sub(start.Round(0))/tokenMarginDivisor, maxTokenMargin)
	return cachedToken{secret: secret, expires: expires, renewAt: expires.Add(-margin)}
}

// isDue reports whether the token should be replaced.
func (t cachedToken) isDue(now time.Time) bool {
	return !t.renewAt.IsZero() && !now.Before(t.renewAt)
}

// isGood reports whether the token can be used.
func (t cachedToken) isGood(now time.Time) bool {
	return !t.secret.IsZero() && (t.expires.IsZero() || now.Before(t.expires))
}

// tokenFlight is one question to the source, for all calls that wait for it.
type tokenFlight struct {
	cancel  context.CancelFunc
	waiting int           // guarded by the cache's mu
	done    chan struct{} // closed when token and err are there
	token   cachedToken
	err     error
}

// Authorize implements [transport.Credentials].
func (c *tokenCache) Authorize(ctx context.Context, header http.Header) error {
	token, err := c.get(ctx)
	if err != nil {
		return &tokenError{err}
	}
	setToken(header, token)
	return nil
}

// Rejected implements [transport.Credentials].
func (c *tokenCache) Rejected(header http.Header) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if header.Get("Authorization") != authorization(c.token.secret) {
		return true // another call has got a new one meanwhile
	}
	now := time.Now()
	if !c.rejectedAt.IsZero() && now.Sub(c.rejectedAt) < renewalPause {
		return false // it is not the token that is wrong
	}
	c.rejectedAt = now
	c.token = cachedToken{}
	return true
}

// tokenError says that a call had no token to go out with. What the source was
// told, by the service or by anybody else, is not what the call was told: of
// statuses, only the one that says so much is passed on.
type tokenError struct{ err error }

func (e *tokenError) Error() string { return "no access token: " + e.err.Error() }

// Is reports whether target is among the causes, and is not about another call.
func (e *tokenError) Is(target error) bool {
	switch target {
	case ErrForbidden, ErrNotFound, ErrConflict, ErrRateLimited, ErrOutcomeUnknown, ErrResponseLost, ErrRetryBudget:
		return false
	}
	return errors.Is(e.err, target)
}

// As finds target among the causes.
func (e *tokenError) As(target any) bool { return errors.As(e.err, target) }

// tokenCacheKey is the key of the cache that asks a source, in the context of that.
type tokenCacheKey struct{}

var errTokenLoop = errors.New("the token source calls the client that asks it")

// get returns the token, from the source if need be.
func (c *tokenCache) get(ctx context.Context) (Secret, error) {
	if asking, ok := ctx.Value(tokenCacheKey{}).(*tokenCache); ok && asking == c {
		return Secret{}, errTokenLoop
	}
	for {
		old, flight := c.join(ctx)
		if flight == nil {
			return old, nil
		}
		if !c.waitFor(ctx, flight, !old.IsZero()) {
			if ctx.Err() != nil {
				return Secret{}, context.Cause(ctx)
			}
			return old, nil
		}
		switch {
		case flight.err == nil:
			return flight.token.secret, nil
		case !old.IsZero():
			return old, nil
		case !errors.Is(flight.err, errNobodyWaits):
			return Secret{}, flight.err
		}
		// It was given up before this call came.
	}
}

// join returns the token if it is good, and the flight to wait for if there should
// be another.
func (c *tokenCache) join(ctx context.Context) (Secret, *tokenFlight) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	var old Secret
	if c.token.isGood(now) {
		old = c.token.secret
		if !c.token.isDue(now) || !c.failedAt.IsZero() && now.Sub(c.failedAt) < renewalPause {
			return old, nil
		}
	}
	if c.flight == nil {
		c.flight = c.ask(ctx)
	}
	c.flight.waiting++
	return old, c.flight
}

// waitFor reports whether the flight has landed before the context ended, or the
// patience did of a call that can do without it.
func (c *tokenCache) waitFor(ctx context.Context, flight *tokenFlight, impatient bool) bool {
	var enough <-chan time.Time
	if impatient {
		timer := time.NewTimer(renewalPatience)
		defer timer.Stop()
		enough = timer.C
	}
	select {
	case <-flight.done:
		return true
	case <-ctx.Done():
	case <-enough:
	}
	c.leave(flight)
	return false
}

var errNobodyWaits = errors.New("nobody waits for the token any longer")

// ask begins to ask the source, in a goroutine of its own: the call that happens
// to be the first may end before the others. Callers hold mu.
func (c *tokenCache) ask(ctx context.Context) *tokenFlight {
	// The values of the first call, but not what makes it that call.
	ctx = context.WithoutCancel(ctx)
	ctx = context.WithValue(ctx, captureKey{}, nil)
	ctx = context.WithValue(ctx, endpointKey{}, nil)
	ctx = context.WithValue(ctx, tokenCacheKey{}, c)
	ctx, cancel := context.WithCancelCause(ctx)
	flight := &tokenFlight{
		cancel: func() { cancel(errNobodyWaits) },
		done:   make(chan struct{}),
		// What stays if the source ends the goroutine.
		err: errors.New("the token source did not return"),
	}
	go func() {
		defer c.land(flight)
		defer cancel(nil)
		flight.token, flight.err = askSource(ctx, c.source)
	}()
	return flight
}

// land hands what the source has said to those who wait.
func (c *tokenCache) land(flight *tokenFlight) {
	c.mu.Lock()
	c.flight = nil
	if flight.err == nil {
		c.token, c.failedAt = flight.token, time.Time{}
	} else {
		c.failedAt = time.Now()
	}
	c.mu.Unlock()
	close(flight.done)
}

// leave is for a call that waits no longer. The last one gives up the flight.
func (c *tokenCache) leave(flight *tokenFlight) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if flight.waiting--; flight.waiting == 0 {
		flight.cancel()
	}
}

// askSource asks a source for a token, and looks at what it says.
func askSource(ctx context.Context, source TokenSource) (token cachedToken, err error) {
	defer func() {
		if p := recover(); p != nil {
			// In this goroutine, it would end the program whatever the callers do.
			err = fmt.Errorf("the token source panicked: %v", p)
		}
	}()
	start := time.Now()
	secret, expires, err := source.Token(ctx)
	switch {
	case err == nil:
	case errors.Is(context.Cause(ctx), errNobodyWaits):
		return cachedToken{}, fmt.Errorf("%w: %w", errNobodyWaits, err)
	default:
		return cachedToken{}, err
	}
	if _, err := checkToken("token source", secret.Reveal()); err != nil {
		return cachedToken{}, err
	}
	return newCachedToken(secret, expires, start), nil
}
