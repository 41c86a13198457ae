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
	// The context has the values of one of the calls that wait for the token, and
	// ends when none of them waits any longer.
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
// the client asks for another one and sends the request once more, beside what
// [RetryPolicy] allows; the answer to that counts. If source fails, so do the
// calls that need a token, with a [*CallError].
func WithTokenSource(source TokenSource) Option {
	return func(c *config) error {
		if source == nil || isNilPointer(source) {
			return &ArgumentError{Name: "WithTokenSource", Reason: "is nil"}
		}
		c.tokenSource, c.token = source, Secret{}
		return nil
	}
}

const (
	// A token is no longer used when this part of its life is left, at most for
	// so long: it has to be good until its request has arrived.
	tokenMarginPart = 10
	maxTokenMargin  = time.Minute
)

// tokenCache keeps the token of a source for as long as it is good. It is the
// [transport.Credentials] of the calls.
type tokenCache struct {
	source TokenSource

	mu     sync.Mutex
	token  cachedToken
	flight *tokenFlight // nil if nobody is asking the source
}

type cachedToken struct {
	secret  Secret
	renewAt time.Time // zero: never
	expires time.Time // zero: never
}

// newCachedToken returns a token that was got at start.
func newCachedToken(secret Secret, expires, start time.Time) cachedToken {
	token := cachedToken{secret: secret, expires: expires}
	if !expires.IsZero() {
		token.renewAt = expires.Add(-min(expires.Sub(start)/tokenMarginPart, maxTokenMargin))
	}
	return token
}

// isFresh reports whether the token can be used without a thought.
func (t cachedToken) isFresh(now time.Time) bool {
	return !t.secret.IsZero() && (t.renewAt.IsZero() || now.Before(t.renewAt))
}

// isGood reports whether the token can be used if need be.
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
		return fmt.Errorf("no access token: %w", err)
	}
	setToken(header, token)
	return nil
}

// Rejected implements [transport.Credentials]. Another call may have got a new
// token meanwhile, which stays.
func (c *tokenCache) Rejected(header http.Header) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if header.Get("Authorization") == authorization(c.token.secret) {
		c.token = cachedToken{}
	}
}

// get returns the token, from the source if need be.
func (c *tokenCache) get(ctx context.Context) (Secret, error) {
	for {
		token, flight := c.join(ctx)
		if flight == nil {
			return token, nil
		}
		select {
		case <-flight.done:
		case <-ctx.Done():
			c.leave(flight)
			return Secret{}, context.Cause(ctx)
		}
		switch {
		case flight.err == nil:
			return flight.token.secret, nil
		case errors.Is(flight.err, errNobodyWaits):
			// It was given up before this call came.
			continue
		}
		return c.makeDo(flight.err)
	}
}

// join returns the token if it is fresh, and the flight to wait for otherwise.
func (c *tokenCache) join(ctx context.Context) (Secret, *tokenFlight) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.token.isFresh(time.Now()) {
		return c.token.secret, nil
	}
	if c.flight == nil {
		c.flight = c.ask(ctx)
	}
	c.flight.waiting++
	return Secret{}, c.flight
}

// makeDo returns the token that was due to be replaced, if it is good for a
// little longer, and err otherwise.
func (c *tokenCache) makeDo(err error) (Secret, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.token.isGood(time.Now()) {
		return c.token.secret, nil
	}
	return Secret{}, err
}

var errNobodyWaits = errors.New("nobody waits for the token any longer")

// ask begins to ask the source, in a goroutine of its own: the call that happens
// to be the first may end before the others. Callers hold mu.
func (c *tokenCache) ask(ctx context.Context) *tokenFlight {
	// The values of the first call, but not what makes it that call.
	ctx = context.WithoutCancel(ctx)
	ctx = context.WithValue(ctx, captureKey{}, nil)
	ctx = context.WithValue(ctx, endpointKey{}, nil)
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
	defer c.mu.Unlock()
	c.flight = nil
	if flight.err == nil {
		c.token = flight.token
	}
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
