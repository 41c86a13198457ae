package pulumiapi

import (
	"context"
	"time"

	"github.com/pulumiapi/pulumiapi/internal/transport"
)

// WithObserver makes the client tell o what it does.
func WithObserver(o Observer) Option {
	return func(c *config) error {
		c.observer = o
		return nil
	}
}

// Observer is told what a client does, for metrics for instance. Its functions
// may be nil; they are called by the goroutine that makes the call, or that fetches
// a page of a list ahead, from several at a time, and delay it for as long as they
// run.
type Observer struct {
	// OnAttempt is called when an attempt has ended.
	OnAttempt func(ctx context.Context, attempt Attempt)
	// OnWarning is called when the service answers with a warning that is
	// meant for the user, once for each of the first 20 warnings of a call.
	OnWarning func(ctx context.Context, warning Warning)
}

// Attempt is what became of one attempt of a call.
type Attempt struct {
	// Endpoint is the operation.
	Endpoint Endpoint
	// Path is the request's path, escaped, without the base URL's.
	Path string
	// Number counts the attempts of a call from 1.
	Number int
	// StatusCode is the answer's HTTP status; 0 if there was no answer.
	StatusCode int
	// RequestID names the request for Pulumi's support.
	RequestID string
	// Duration is the time until the answer had been read; for a method that
	// returns a stream, until it began.
	Duration time.Duration
	// Err is what went wrong; nil if nothing did.
	Err error
	// WillRetry says whether there will be another attempt, after Wait or, if the
	// service limits the rate of requests, later ([RetryPolicy]).
	WillRetry bool
	Wait      time.Duration
	// OverBudget says that there is no other attempt because of
	// [RetryPolicy.Budget].
	OverBudget bool
}

// Warning is a text that the service sends for the user to see.
type Warning struct {
	// Endpoint is the operation whose answer it came with.
	Endpoint Endpoint
	// Text is the warning, in one line of at most 1,000 characters and without
	// control characters.
	Text string
	// RequestID names the request for Pulumi's support.
	RequestID string
}

func newAttempt(ctx context.Context, a transport.Attempt) Attempt {
	endpoint, _ := EndpointFromContext(ctx)
	return Attempt{
		Endpoint:   endpoint,
		Path:       a.Path,
		Number:     a.Number,
		StatusCode: a.StatusCode,
		RequestID:  a.RequestID,
		Duration:   a.Duration,
		Err:        a.Err,
		WillRetry:  a.WillRetry,
		Wait:       a.Wait,
		OverBudget: a.OverBudget,
	}
}

func newWarning(ctx context.Context, w transport.Warning) Warning {
	endpoint, _ := EndpointFromContext(ctx)
	return Warning{Endpoint: endpoint, Text: w.Text, RequestID: w.RequestID}
}
