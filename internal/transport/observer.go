package transport

import (
	"context"
	"net/http"
	"slices"
	"time"
)

// How many warnings of a call are passed on, and how many characters of each.
const (
	maxWarnings = 20
	maxWarning  = 1000
)

// Attempt is what became of one attempt of a call.
type Attempt struct {
	// Endpoint and Path are the call's.
	Endpoint, Path string
	// Number counts the call's attempts from 1.
	Number int
	// StatusCode is the answer's; 0 if there was none.
	StatusCode int
	// RequestID is the answer's.
	RequestID string
	// Duration is the time until the answer had been read, or handed on.
	Duration time.Duration
	// Err is nil for a success.
	Err error
	// WillRetry says whether there will be another attempt, after Wait.
	WillRetry bool
	Wait      time.Duration
	// OverBudget says that there is no other attempt because of the budget.
	OverBudget bool
}

// Warning is a text of the service meant for the user. It is one line, without
// control characters and secrets.
type Warning struct {
	Endpoint, Text, RequestID string
}

// warn tells the observers what the service warns of.
func (c *Client) warn(st *state, resp *http.Response) {
	texts := resp.Header.Values("X-Pulumi-Warning")
	if len(texts) == 0 || len(c.config.OnWarning) == 0 {
		return
	}
	redactor := NewRedactor(resp.Request)
	for _, text := range texts {
		if !st.warn(redactor.Clean(text), resp) {
			return
		}
	}
}

// Warn warns of something that is wrong with a response whose status is a success,
// and that is used nevertheless. The text must have no secret in it.
//
//nolint:contextcheck,nolintlint // the state of the call is its context
func Warn(resp *http.Response, text string) {
	if body, ok := resp.Body.(*guardedBody); ok {
		body.st.warn(text, resp)
	}
}

// warn tells the observers of a warning that came with a response. Each warning is
// told once a call, although each response may repeat it, and only the first few are
// told. It reports whether more may be.
func (st *state) warn(text string, resp *http.Response) bool {
	if len(st.warnings) == maxWarnings || st.Err() != nil {
		return false
	}
	text = OneLine(text, maxWarning)
	if slices.Contains(st.warnings, text) {
		return true // there are never more than a few
	}
	st.warnings = append(st.warnings, text)
	warning := Warning{Endpoint: st.call.Endpoint.String(), Text: text, RequestID: RequestID(resp)}
	for _, observe := range st.onWarning {
		observe(st, warning)
	}
	return true
}

// observe tells everyone who wants to know about an attempt that has ended.
func (c *Client) observe(ctx context.Context, st *state, resp *http.Response, err error, again bool) {
	if len(c.config.OnAttempt) == 0 {
		return
	}
	attempt := Attempt{
		Endpoint:   st.call.Endpoint.String(),
		Path:       st.call.Path,
		Number:     st.attempts,
		Duration:   time.Since(st.started),
		Err:        withoutURL(err),
		WillRetry:  again,
		Wait:       st.wait,
		OverBudget: st.overBudget,
	}
	if resp != nil {
		attempt.StatusCode = resp.StatusCode
		attempt.RequestID = RequestID(resp)
	}
	for _, observe := range c.config.OnAttempt {
		observe(ctx, attempt)
	}
}
