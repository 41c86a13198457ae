package testkit

import (
	"context"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
)

// AtOnce retries without waiting.
var AtOnce = pulumiapi.WithRetry(pulumiapi.RetryPolicy{MinWait: 1, MaxWait: time.Second})

// Responding returns a client whose requests are all answered so.
func Responding(t *testing.T, header http.Header, body func() io.Reader, opts ...pulumiapi.Option) *pulumiapi.Client {
	t.Helper()
	client, err := pulumiapi.NewClient(append([]pulumiapi.Option{
		pulumiapi.WithToken("token"),
		pulumiapi.WithHTTPClient(&http.Client{Transport: RoundTripperFunc(func(req *http.Request) (*http.Response, error) {
			return &http.Response{
				StatusCode: http.StatusOK, Header: header.Clone(), Body: io.NopCloser(body()), ContentLength: -1, Request: req,
			}, nil
		})}),
	}, opts...)...)
	require.NoError(t, err)
	return client
}

// SlowLimiter lets one request pass every so often.
type SlowLimiter struct {
	Every time.Duration

	mu   sync.Mutex
	next time.Time
}

// Wait implements [pulumiapi.RateLimiter].
func (l *SlowLimiter) Wait(ctx context.Context) error {
	l.mu.Lock()
	now := time.Now()
	at := l.next
	if at.Before(now) {
		at = now
	}
	l.next = at.Add(l.Every)
	l.mu.Unlock()
	select {
	case <-time.After(at.Sub(now)):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// LastRequest makes the call against a server that responds with answer, and
// returns what was sent last: method, path and query, body.
func LastRequest(t *testing.T, answer string, call func(*pulumiapi.Client) error) (request, body string) {
	t.Helper()
	client, err := pulumiapi.NewClient(pulumiapi.WithToken("pul-test"), pulumiapi.WithHTTPClient(&http.Client{
		Transport: RoundTripperFunc(func(req *http.Request) (*http.Response, error) {
			request = req.Method + " " + req.URL.RequestURI()
			body = ""
			if req.Body != nil {
				data, err := io.ReadAll(req.Body)
				if err != nil {
					return nil, err
				}
				body = string(data)
			}
			return Respond(http.StatusOK, []byte(answer)), nil
		}),
	}))
	require.NoError(t, err)
	require.NoError(t, call(client))
	return request, body
}

// ClientOver returns a client whose requests go to the transport, with the waits of
// every client.
func ClientOver(t *testing.T, transport http.RoundTripper, opts ...pulumiapi.Option) *pulumiapi.Client {
	t.Helper()
	client, err := pulumiapi.NewClient(append([]pulumiapi.Option{
		pulumiapi.WithToken(CanaryToken), pulumiapi.WithHTTPClient(&http.Client{Transport: transport}),
	}, opts...)...)
	require.NoError(t, err)
	return client
}
