package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNew_CopiesTheHTTPClient(t *testing.T) {
	t.Parallel()
	hc := &http.Client{Transport: script(answer(http.StatusOK, "")), Timeout: time.Minute}
	before := *hc
	New(Config{HTTP: hc, Base: parseURL(t, testBase), Retry: testPolicy})
	assert.Equal(t, before.Transport, hc.Transport, "New: the caller's http.Client.Transport")
	assert.Nil(t, hc.CheckRedirect, "New: the caller's http.Client.CheckRedirect")
	assert.Equal(t, time.Minute, hc.Timeout, "New: the caller's http.Client.Timeout")
}

func TestNew_WithoutTransportHasOneOfItsOwn(t *testing.T) {
	t.Parallel()
	first := New(Config{HTTP: &http.Client{}, Base: parseURL(t, testBase)})
	second := New(Config{HTTP: &http.Client{}, Base: parseURL(t, testBase)})
	assert.NotSame(t, http.DefaultTransport, first.transport, "New: the transport")
	assert.NotSame(t, first.transport, second.transport, "New twice: the transports")
	transport, ok := first.transport.(*http.Transport)
	require.True(t, ok, "New: the transport is a %T", first.transport)
	assert.NotNil(t, transport.Proxy, "New: the transport's Proxy")
	assert.True(t, transport.ForceAttemptHTTP2, "New: the transport's ForceAttemptHTTP2")
}

func TestClient_CloseIdleConnections(t *testing.T) {
	t.Parallel()
	t.Run("reaches the transport", func(t *testing.T) {
		t.Parallel()
		transport := &closeCounter{RoundTripper: script(answer(http.StatusOK, ""))}
		newClient(t, transport).CloseIdleConnections()
		assert.EqualValues(t, 1, transport.closed.Load(), "Client.CloseIdleConnections: calls of the transport's")
	})
	t.Run("is nothing to a transport that has none", func(t *testing.T) {
		t.Parallel()
		client := newClient(t, roundTripper(func(*http.Request) (*http.Response, error) { return nil, errBroken }))
		assert.NotPanics(t, client.CloseIdleConnections, "Client.CloseIdleConnections")
	})
}

type closeCounter struct {
	http.RoundTripper
	closed atomic.Int32
}

func (c *closeCounter) CloseIdleConnections() { c.closed.Add(1) }

func TestClient_Do_AnswersASuccess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, status(http.StatusOK, "hello"))
		call := get(t)
		outcome, err := newClient(t, s.transport).Do(call.Call)
		require.NoError(t, err, "%s", call)
		assert.Equal(t, Outcome{Attempts: 1}, outcome, "%s: the outcome", call)
		assert.Equal(t, "hello", call.body, "%s: the answer", call)
		assert.Equal(t, []string{"GET /cloud/stacks"}, s.seen(), "%s: what was sent", call)
		assert.Equal(t, "token "+testToken, s.requests[0].Header.Get("Authorization"), "%s: Authorization", call)
	})
}

func TestClient_Do_UsesOneConnectionForAHundredCalls(t *testing.T) {
	t.Parallel()
	answers := []http.HandlerFunc{
		status(http.StatusOK, strings.Repeat("x", 100_000)),
		status(http.StatusNoContent, ""),
		status(http.StatusNotFound, `{"code":404,"message":"no such stack"}`),
		status(http.StatusInternalServerError, "broken"),
		func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(zip(t, strings.Repeat("compressed ", 1000)))
		},
		func(w http.ResponseWriter, _ *http.Request) { // chunked
			for range 10 {
				send(w, "piece")
			}
		},
	}
	synctest.Test(t, func(t *testing.T) {
		var next atomic.Int32
		s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
			answers[int(next.Add(1))%len(answers)](w, r)
		})
		client := newClient(t, s.transport, withRetry(RetryPolicy{MaxAttempts: 1, Budget: -1}))
		var statuses [600]int
		for i := range 100 {
			call := get(t)
			if i%2 == 1 {
				call = post(t)
			}
			if i%3 == 0 { // as a call does that wants nothing of the answer
				call.Handle = func(resp *http.Response, _ Outcome) error {
					call.answers = append(call.answers, resp.StatusCode)
					Discard(resp)
					return nil
				}
			}
			_, err := client.Do(call.Call)
			require.Len(t, call.answers, 1, "%s, call %d: %v", call, i, err)
			statuses[call.answers[0]]++
		}
		for _, code := range []int{200, 204, 404, 500} {
			assert.Positive(t, statuses[code], "100 calls: answers with status %d", code)
		}
		assert.Equal(t, []string{"api.test:80"}, s.dials(), "100 calls: the connections opened")
	})
}

func TestClient_Do_RetriesOnTheSameConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, nth(
			status(http.StatusServiceUnavailable, "a"), status(http.StatusBadGateway, "b"), status(http.StatusOK, "c")))
		call := get(t)
		outcome, err := newClient(t, s.transport).Do(call.Call)
		require.NoError(t, err, "%s", call)
		assert.Equal(t, 3, outcome.Attempts, "%s: attempts", call)
		assert.Len(t, s.dials(), 1, "%s: connections", call)
	})
}

func TestClient_Do_LargeErrorBodyCostsTheConnectionOnly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		s := newServer(t, nth(status(http.StatusNotFound, strings.Repeat("x", 10<<20)), status(http.StatusOK, "hello")))
		client := newClient(t, s.transport)
		call := get(t)
		_, err := client.Do(call.Call)
		requireStatus(t, http.StatusNotFound, err, call)
		var refused statusError
		require.ErrorAs(t, err, &refused, "%s", call)
		assert.Len(t, refused.body, 1<<10, "%s: what was read of the body", call)
		second := get(t)
		_, err = client.Do(second.Call)
		require.NoError(t, err, "%s", second)
		assert.Len(t, s.dials(), 2, "%s, twice: connections", call)
		assert.Zero(t, time.Since(start), "%s, twice: the time it took", call)
	})
}

// The pool of idle connections may be shared with the rest of the program.
func TestClient_Do_KeepsIdleConnectionsWhenItFails(t *testing.T) {
	t.Parallel()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	cancelled := func() context.Context { return ended }
	tests := []struct {
		name   string
		ctx    func() context.Context
		policy RetryPolicy
		first  http.RoundTripper
	}{
		{"refusal", t.Context, RetryPolicy{MaxAttempts: 1, Budget: -1}, script(answer(http.StatusNotFound, ""))},
		{"last attempt", t.Context, RetryPolicy{MaxAttempts: 2, Budget: -1}, script(answer(503, ""), answer(503, ""))},
		{"no answer", t.Context, RetryPolicy{MaxAttempts: 2, Budget: -1}, script(failure(errBroken), failure(errBroken))},
		{"cancelled", cancelled, testPolicy, script(failure(context.Canceled))},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			transport := &closeCounter{RoundTripper: tt.first}
			call := newCall(tt.ctx(), t, http.MethodGet, "/stacks", Body{})
			_, err := newClient(t, transport, withRetry(tt.policy)).Do(call.Call)
			require.Error(t, err, "%s", call)
			assert.Zero(t, transport.closed.Load(), "%s: calls of CloseIdleConnections", call)
		})
	}
	t.Run("cancelled while waiting", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			transport := &closeCounter{RoundTripper: script(answer(503, ""), answer(200, ""))}
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second/4, cancel)
			call := newCall(ctx, t, http.MethodGet, "/stacks", Body{})
			_, err := newClient(t, transport).Do(call.Call)
			require.Error(t, err, "%s", call)
			assert.Zero(t, transport.closed.Load(), "%s: calls of CloseIdleConnections", call)
		})
	})
	t.Run("body that can't be read again", func(t *testing.T) {
		t.Parallel()
		transport := &closeCounter{RoundTripper: script(answer(200, ""))}
		body := ReaderBody(io.MultiReader())
		body.reader.used = true
		call := newCall(t.Context(), t, http.MethodPut, "/stacks", body)
		_, err := newClient(t, transport).Do(call.Call)
		require.ErrorIs(t, err, errBodyUsed, "%s", call)
		assert.Zero(t, transport.closed.Load(), "%s: calls of CloseIdleConnections", call)
	})
}

func TestClient_Do_SecondCallUsesTheConnectionOfAFailedOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, nth(status(http.StatusServiceUnavailable, ""), status(http.StatusOK, "")))
		client := newClient(t, s.transport, withRetry(RetryPolicy{MaxAttempts: 1, Budget: -1}))
		first, second := get(t), get(t)
		_, err := client.Do(first.Call)
		requireStatus(t, http.StatusServiceUnavailable, err, first)
		_, err = client.Do(second.Call)
		require.NoError(t, err, "%s", second)
		assert.Len(t, s.dials(), 1, "%s, twice: connections", first)
	})
}

// Contexts.

var errShutdown = errors.New("the program shuts down")

// The Timeout of the caller's http.Client is an attempt's.
func TestClient_Do_HTTPClientTimeoutIsRetried(t *testing.T) {
	t.Parallel()
	cutOff := startOf(http.StatusOK, "the first half")
	tests := []struct {
		name     string
		call     func(*testing.T) *testCall
		first    http.HandlerFunc
		attempts int
	}{
		{"read, before the answer", get, silent, 2},
		{"read, during the body", get, cutOff, 2},
		{"write, before the answer", post, silent, 1},
		{"write, during the body", post, cutOff, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				s := newServer(t, nth(tt.first, status(http.StatusOK, "hello")))
				call := tt.call(t)
				outcome, err := newClient(t, s.transport, withTimeout(time.Minute)).Do(call.Call)
				answered := strings.Contains(tt.name, "during the body")
				want := Outcome{Attempts: tt.attempts, Uncertain: !answered, Succeeded: answered, Transient: tt.attempts == 1}
				assert.Equal(t, want, outcome, "%s: the outcome", call)
				if tt.attempts > 1 {
					require.NoError(t, err, "%s", call)
					assert.Equal(t, "hello", call.body, "%s: the answer", call)
					return
				}
				require.Error(t, err, "%s", call)
				// Whether it says "Client.Timeout" is left to chance by net/http.
				require.NotErrorIs(t, err, context.DeadlineExceeded, "%s: the context has not ended", call)
				var timeout net.Error
				require.ErrorAs(t, err, &timeout, "%s", call)
				assert.True(t, timeout.Timeout(), "%s: the error's Timeout", call)
				assert.Equal(t, time.Minute, time.Since(start), "%s: the time it took", call)
			})
		})
	}
}

// A call with a deadline, whose attempts time out, ends with the deadline.
func TestClient_Do_HTTPClientTimeoutWithinADeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		s := newServer(t, silent)
		ctx, cancel := context.WithTimeout(t.Context(), 95*time.Second)
		defer cancel()
		call := newCall(ctx, t, http.MethodGet, "/stacks", Body{})
		outcome, err := newClient(t, s.transport, withTimeout(time.Minute)).Do(call.Call)
		require.ErrorIs(t, err, context.DeadlineExceeded, "%s", call)
		require.ErrorContains(t, err, "before that: ", "%s: the first attempt's error", call)
		assert.Equal(t, 2, outcome.Attempts, "%s: attempts", call)
		assert.Equal(t, 95*time.Second, time.Since(start), "%s: the time it took", call)
	})
}

// Errors.

func TestClient_Do_ErrorsDoNotRepeatTheURL(t *testing.T) {
	t.Parallel()
	call := post(t)
	_, err := newClient(t, script(failure(errBroken))).Do(call.Call)
	require.ErrorIs(t, err, errBroken, "%s", call)
	assert.Equal(t, errBroken.Error(), err.Error(), "%s: the error's text", call)
}

func TestState_Explain_TheContextsEnd(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name         string
		ended, cause error
		last         error
		want         string
	}{
		{"plain", context.Canceled, context.Canceled, nil, "context canceled"},
		{"cause", context.Canceled, errShutdown, nil, "context canceled: the program shuts down"},
		{"last", context.DeadlineExceeded, context.DeadlineExceeded, errBroken, "context deadline exceeded; before that: the wire broke"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancelCause(t.Context())
			if tt.ended == context.DeadlineExceeded { //nolint:errorlint // the very one
				var stop context.CancelFunc
				ctx, stop = context.WithDeadline(ctx, time.Now())
				defer stop()
			}
			cancel(tt.cause)
			err := (&state{Context: ctx, call: get(t).Call, cancelled: true, last: tt.last}).explain(errors.New("whatever the transport made of it"))
			assert.Equal(t, tt.want, err.Error(), "explain")
			for _, target := range []error{tt.ended, tt.cause} {
				require.ErrorIs(t, err, target, "explain")
			}
			if tt.last != nil {
				require.ErrorIs(t, err, tt.last, "explain")
			}
		})
	}
}

// Users' transports, those of tests above all, leave out what they can.
func TestClient_Do_TransportsThatLeaveThingsOut(t *testing.T) {
	t.Parallel()
	body := func() io.ReadCloser { return io.NopCloser(strings.NewReader("hello")) }
	warned := http.Header{"X-Pulumi-Warning": {"old"}}
	tests := []struct {
		name string
		resp *http.Response
		want string // in the error; none without
	}{
		{"success without Request", &http.Response{StatusCode: 200, Body: body(), Header: warned}, ""},
		{"refusal without Request", &http.Response{StatusCode: 404, Body: body(), Header: warned}, "404"},
		{"redirect without Request", &http.Response{StatusCode: 302, Body: body(), Header: http.Header{"Location": {"https://evil.test/"}}}, "redirect"},
		{"success without Header", &http.Response{StatusCode: 200, Body: body()}, ""},
		{"success without Body", &http.Response{StatusCode: 200, Header: http.Header{}}, ""},
		{"success without Body, compressed", &http.Response{StatusCode: 200, Header: http.Header{"Content-Encoding": {"gzip"}}}, ""},
		{"refusal without Body", &http.Response{StatusCode: 404}, "404"},
		{"length without Body", &http.Response{StatusCode: 200, ContentLength: 5}, "nil Body"},
		{"nothing", nil, "nil *Response"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var warnings int
			client := newClient(t, roundTripper(func(*http.Request) (*http.Response, error) { return tt.resp, nil }),
				withRetry(RetryPolicy{MaxAttempts: 1, Budget: -1}),
				func(c *Config) {
					c.OnWarning = append(c.OnWarning, func(context.Context, Warning) { warnings++ })
				})
			call := get(t)
			handle := call.Handle
			call.Handle = func(resp *http.Response, sofar Outcome) error {
				_ = redactHeader(resp) // as is done with every refusal
				return handle(resp, sofar)
			}
			var err error
			require.NotPanics(t, func() { _, err = client.Do(call.Call) }, "%s", call)
			if tt.want == "" {
				require.NoError(t, err, "%s", call)
			} else {
				require.ErrorContains(t, err, tt.want, "%s", call)
			}
			if tt.resp != nil {
				assert.Equal(t, len(tt.resp.Header["X-Pulumi-Warning"]), warnings, "%s: warnings", call)
			}
		})
	}
}

func TestClient_Do_ClosesEveryBody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var bodies []*closingBody
		statuses := []int{503, 429, 200}
		transport := roundTripper(func(req *http.Request) (*http.Response, error) {
			body := &closingBody{Reader: strings.NewReader("text")}
			bodies = append(bodies, body)
			return &http.Response{StatusCode: statuses[len(bodies)-1], Body: body, Header: http.Header{}, Request: req}, nil
		})
		call := get(t)
		_, err := newClient(t, transport).Do(call.Call)
		require.NoError(t, err, "%s", call)
		require.Len(t, bodies, 3, "%s: answers", call)
		for i, body := range bodies {
			assert.Positive(t, body.closed, "%s: Close of answer %d's body", call, i)
		}
	})
}

type closingBody struct {
	io.Reader
	closed int
}

func (b *closingBody) Close() error {
	b.closed++
	return nil
}

func TestClient_Do_ManyAtATime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var flaky atomic.Int32
		s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
			if flaky.Add(1)%3 == 0 {
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			body, _ := io.ReadAll(r.Body)
			_, _ = fmt.Fprintf(w, "%s %s", r.URL.Path, body)
		})
		client := newClient(t, s.transport, withStall,
			withRetry(RetryPolicy{MaxAttempts: 20, MinWait: time.Second, MaxWait: time.Minute, Budget: -1}))
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				for j := range 5 {
					text := fmt.Sprintf("%d-%d", i, j)
					call := newCall(t.Context(), t, http.MethodPut, "/"+text, ReaderBody(strings.NewReader(text)))
					_, err := client.Do(call.Call)
					assert.NoError(t, err, "%s", call) //nolint:testifylint // not in the test's goroutine
					assert.Equal(t, "/cloud/"+text+" "+text, call.body, "%s: the answer", call)
				}
			})
		}
		wg.Wait()
	})
}

// A server that breaks the connection while it is being used by nobody is no
// failure of the next call.
func TestClient_Do_AfterAnIdleConnectionBroke(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var broken atomic.Bool
		s := newServer(t, status(http.StatusOK, "hello"))
		s.wrap = func(dial int, conn net.Conn) net.Conn {
			if dial == 1 {
				return &writeBreaker{Conn: conn, broken: &broken}
			}
			return conn
		}
		client := newClient(t, s.transport)
		first, second := get(t), post(t)
		_, err := client.Do(first.Call)
		require.NoError(t, err, "%s", first)
		broken.Store(true)
		outcome, err := client.Do(second.Call)
		require.NoError(t, err, "%s", second)
		assert.Equal(t, Outcome{Attempts: 1}, outcome, "%s: the outcome", second)
		assert.Len(t, s.dials(), 2, "%s: connections", second)
	})
}

// writeBreaker is a connection that takes nothing any more once it is broken.
type writeBreaker struct {
	net.Conn
	broken *atomic.Bool
}

func (c *writeBreaker) Write(p []byte) (int, error) {
	if c.broken.Load() {
		return 0, &net.OpError{Op: "write", Net: "tcp", Err: syscall.EPIPE}
	}
	return c.Conn.Write(p)
}
