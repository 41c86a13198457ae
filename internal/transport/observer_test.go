package transport

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// after answers like handler, after some time.
func after(wait time.Duration, handler http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		time.Sleep(wait)
		handler(w, r)
	}
}

func identified(id string, handler http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(requestIDHeader, id)
		handler(w, r)
	}
}

func TestClient_Do_ObservesEachAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var got []Attempt
		s := newServer(t, nth(
			after(time.Second, hangUp), // first, as on a used connection net/http would try again by itself
			after(2*time.Second, identified("second", status(http.StatusServiceUnavailable, "busy"))),
			after(3*time.Second, identified("third", raw("HTTP/1.1 200 OK\r\nX-Pulumi-Request-Id: third\r\nContent-Length: 10\r\n\r\nhello"))),
			after(4*time.Second, identified("last", func(w http.ResponseWriter, _ *http.Request) {
				send(w, "hello, ")
				time.Sleep(5 * time.Second)
				send(w, "world")
			})),
		))
		call := get(t)
		_, err := newClient(t, s.transport, withAttempts(&got)).Do(call.Call)
		require.NoError(t, err, "%s", call)
		require.Len(t, got, 4, "%s: attempts observed", call)
		for i, want := range []struct {
			status   int
			id       string
			duration time.Duration
			err      string // in it
			retry    bool
			wait     time.Duration // at most
		}{
			{0, "", time.Second, "EOF", true, time.Second},
			{503, "second", 2 * time.Second, "status 503: busy", true, 2 * time.Second},
			{200, "third", 3 * time.Second, "cut off after 5 bytes: unexpected EOF", true, 4 * time.Second},
			{200, "last", 9 * time.Second, "", false, 0},
		} {
			a := got[i]
			assert.Equal(t, "GET /stacks", a.Endpoint, "%s, attempt %d: Endpoint", call, i+1)
			assert.Equal(t, "/stacks", a.Path, "%s, attempt %d: Path", call, i+1)
			assert.Equal(t, i+1, a.Number, "%s, attempt %d: Number", call, i+1)
			assert.Equal(t, want.status, a.StatusCode, "%s, attempt %d: StatusCode", call, i+1)
			assert.Equal(t, want.id, a.RequestID, "%s, attempt %d: RequestID", call, i+1)
			assert.Equal(t, want.duration, a.Duration, "%s, attempt %d: Duration", call, i+1)
			assert.Equal(t, want.retry, a.WillRetry, "%s, attempt %d: WillRetry", call, i+1)
			assert.LessOrEqual(t, a.Wait, want.wait, "%s, attempt %d: Wait", call, i+1)
			if want.err == "" {
				require.NoError(t, a.Err, "%s, attempt %d: Err", call, i+1)
				continue
			}
			require.ErrorContains(t, a.Err, want.err, "%s, attempt %d: Err", call, i+1)
			assert.NotContains(t, a.Err.Error(), testBase, "%s, attempt %d: Err", call, i+1)
			assert.Positive(t, a.Wait, "%s, attempt %d: Wait", call, i+1)
		}
	})
}

// Wait is what really is waited.
func TestClient_Do_ObservesTheWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var got []Attempt
		c := &clock{next: script(
			answer(http.StatusServiceUnavailable, ""),
			answer(http.StatusTooManyRequests, "").HeaderSet(http.Header{"Retry-After": {"7"}}),
			failure(errBroken),
			answer(http.StatusNotFound, ""))}
		call := get(t)
		_, err := newClient(t, c, withAttempts(&got)).Do(call.Call)
		requireStatus(t, http.StatusNotFound, err, call)
		require.Len(t, got, 4, "%s: attempts observed", call)
		for i, wait := range c.waits() {
			assert.True(t, got[i].WillRetry, "%s, attempt %d: WillRetry", call, i+1)
			assert.Equal(t, wait, got[i].Wait, "%s, attempt %d: Wait", call, i+1)
		}
		assert.False(t, got[3].WillRetry, "%s, last attempt: WillRetry", call)
		assert.Zero(t, got[3].Wait, "%s, last attempt: Wait", call)
	})
}

func TestClient_Do_ObservesOneAttemptAcrossRedirects(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var got []Attempt
		redirect := func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/cloud/other", http.StatusFound)
		}
		s := newServer(t, nth(
			after(time.Second, identified("one", redirect)),
			after(time.Second, identified("two", redirect)),
			after(time.Second, identified("three", status(http.StatusOK, "hello")))))
		call := get(t)
		_, err := newClient(t, s.transport, withAttempts(&got)).Do(call.Call)
		require.NoError(t, err, "%s", call)
		require.Len(t, got, 1, "%s, redirected twice: attempts observed", call)
		assert.Equal(t, Attempt{
			Endpoint: "GET /stacks", Path: "/stacks", Number: 1, StatusCode: 200, RequestID: "three", Duration: 3 * time.Second,
		}, got[0], "%s, redirected twice: the attempt", call)
	})
}

func TestClient_Do_ObservesFailures(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cancelled, cancel := context.WithCancel(t.Context())
		cancel()
		ended := func() context.Context { return cancelled }
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		ending := func() context.Context { return ctx }
		tests := []struct {
			name      string
			context   func() context.Context
			transport http.RoundTripper
			want      []Attempt // without Err
			err       error
		}{
			{"context ended before", ended, script(answer(200, "")), nil, nil},
			{"context ended in it", ending, roundTripper(func(req *http.Request) (*http.Response, error) {
				time.Sleep(time.Second)
				cancel()
				return nil, req.Context().Err()
			}), []Attempt{{Number: 1, Duration: time.Second}}, context.Canceled},
			{
				"no connection", t.Context, &http.Transport{DialContext: newNetwork().dial},
				[]Attempt{{Number: 1}},
				nil,
			},
		}
		for _, tt := range tests {
			var got []Attempt
			call := newCall(tt.context(), t, http.MethodGet, "/stacks", Body{})
			_, err := newClient(t, tt.transport, withAttempts(&got), withRetry(RetryPolicy{MaxAttempts: 1, Budget: -1})).Do(call.Call)
			require.Error(t, err, "%s, %s", call, tt.name)
			require.Len(t, got, len(tt.want), "%s, %s: attempts observed", call, tt.name)
			for i, want := range tt.want {
				require.Error(t, got[i].Err, "%s, %s: Err", call, tt.name)
				if tt.err != nil {
					require.ErrorIs(t, got[i].Err, tt.err, "%s, %s: Err", call, tt.name)
				}
				want.Endpoint, want.Path, want.Err = "GET /stacks", "/stacks", got[i].Err
				assert.Equal(t, want, got[i], "%s, %s: the attempt", call, tt.name)
			}
		}
	})
}

// A stream is observed when it has been handed on.
func TestClient_Do_ObservesAStreamWhenItBegins(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var got []Attempt
		s := newServer(t, after(time.Second, func(w http.ResponseWriter, _ *http.Request) {
			send(w, "hello, ")
			time.Sleep(time.Hour)
			send(w, "world")
		}))
		var body io.ReadCloser
		call := get(t)
		call.Handle = func(resp *http.Response, _ Outcome) error {
			body = resp.Body
			return nil
		}
		_, err := newClient(t, s.transport, withAttempts(&got)).Do(call.Call)
		require.NoError(t, err, "%s", call)
		require.Len(t, got, 1, "%s: attempts observed", call)
		assert.Equal(t, time.Second, got[0].Duration, "%s: Duration", call)
		text, err := io.ReadAll(body)
		require.NoError(t, err, "%s: reading the answer", call)
		assert.Equal(t, "hello, world", string(text), "%s: the answer", call)
		require.NoError(t, body.Close(), "%s: closing the answer", call)
		assert.Len(t, got, 1, "%s: attempts observed, afterwards", call)
	})
}

type contextKey struct{}

func TestClient_Do_ObserversGetTheCallsContext(t *testing.T) {
	t.Parallel()
	ctx := context.WithValue(t.Context(), contextKey{}, "here")
	var seen []string
	see := func(ctx context.Context) {
		value, _ := ctx.Value(contextKey{}).(string)
		seen = append(seen, value)
		assert.NoError(t, ctx.Err(), "the observer's context")
	}
	client := newClient(t, script(answer(http.StatusOK, "").HeaderSet(http.Header{"X-Pulumi-Warning": {"old"}})),
		func(c *Config) {
			c.OnAttempt = append(c.OnAttempt, func(ctx context.Context, _ Attempt) { see(ctx) }, func(ctx context.Context, _ Attempt) { see(ctx) })
			c.OnWarning = append(c.OnWarning, func(ctx context.Context, _ Warning) { see(ctx) })
		})
	call := newCall(ctx, t, http.MethodGet, "/stacks", Body{})
	_, err := client.Do(call.Call)
	require.NoError(t, err, "%s", call)
	assert.Equal(t, []string{"here", "here", "here"}, seen, "%s: what the observers found in their contexts", call)
}

func TestClient_Do_Warnings(t *testing.T) {
	t.Parallel()
	warn := func(id string, code int, texts ...string) http.HandlerFunc {
		return identified(id, func(w http.ResponseWriter, _ *http.Request) {
			for _, text := range texts {
				w.Header().Add("X-Pulumi-Warning", text)
			}
			w.WriteHeader(code)
		})
	}
	synctest.Test(t, func(t *testing.T) {
		var first, second []Warning
		s := newServer(t, nth(
			warn("a", http.StatusServiceUnavailable, "try later"),
			warn("b", http.StatusOK, "try later", "the stack is old", "the token expires soon, too", "the stack is old"),
			warn("c", http.StatusNotFound, "the stack is gone"),
			warn("d", http.StatusOK)))
		client := newClient(t, s.transport, func(c *Config) {
			c.OnWarning = append(c.OnWarning,
				func(_ context.Context, w Warning) { first = append(first, w) },
				func(_ context.Context, w Warning) { second = append(second, w) })
		})
		call := get(t)
		_, err := client.Do(call.Call)
		require.NoError(t, err, "%s", call)
		_, err = client.Do(get(t).Call)
		requireStatus(t, http.StatusNotFound, err, call)
		_, err = client.Do(get(t).Call)
		require.NoError(t, err, "%s", call)
		want := []Warning{
			{"GET /stacks", "try later", "a"},
			{"GET /stacks", "the stack is old", "b"},
			{"GET /stacks", "the token expires soon, too", "b"},
			{"GET /stacks", "the stack is gone", "c"},
		}
		assert.Equal(t, want, first, "%s, three times: warnings", call)
		assert.Equal(t, want, second, "%s, three times: the second observer's warnings", call)
	})
}

func TestClient_Do_WarningsDoNotShowTheToken(t *testing.T) {
	t.Parallel()
	var warnings []Warning
	client := newClient(t,
		script(answer(http.StatusOK, "").HeaderSet(http.Header{"X-Pulumi-Warning": {"the token " + testToken + " expires soon"}})),
		func(c *Config) {
			c.OnWarning = append(c.OnWarning, func(_ context.Context, w Warning) { warnings = append(warnings, w) })
		})
	call := get(t)
	_, err := client.Do(call.Call)
	require.NoError(t, err, "%s", call)
	require.Len(t, warnings, 1, "%s: warnings", call)
	assert.Equal(t, "the token [redacted] expires soon", warnings[0].Text, "%s: the warning", call)
}

// A response may hold as many warnings as it likes.
func TestClient_Do_ManyWarnings(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var warnings []Warning
		header := http.Header{}
		for i := range 20_000 {
			header.Add("X-Pulumi-Warning", fmt.Sprintf("%d\u202e%s", i/2, strings.Repeat("w", 10)))
		}
		header["X-Pulumi-Warning"][2] = strings.Repeat("long ", 1000)
		client := newClient(t, script(answer(http.StatusServiceUnavailable, "").HeaderSet(header), answer(http.StatusOK, "").HeaderSet(header)),
			func(c *Config) {
				c.OnWarning = append(c.OnWarning, func(_ context.Context, w Warning) { warnings = append(warnings, w) })
			})
		call := get(t)
		_, err := client.Do(call.Call)
		require.NoError(t, err, "%s", call)
		require.Len(t, warnings, 20, "of both responses")
		assert.Equal(t, "0wwwwwwwwww", warnings[0].Text)
		assert.Equal(t, 1000, utf8.RuneCountInString(warnings[1].Text))
		assert.Equal(t, "1wwwwwwwwww", warnings[2].Text)
	})
}

func TestClient_Do_WarningsEndWithTheContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	told := 0
	client := newClient(t, script(answer(http.StatusOK, "").HeaderSet(http.Header{"X-Pulumi-Warning": {"a", "b", "c"}})),
		func(c *Config) {
			c.OnWarning = append(c.OnWarning, func(context.Context, Warning) {
				told++
				cancel()
			})
		})
	_, _ = client.Do(newCall(ctx, t, http.MethodGet, "/stacks", Body{}).Call)
	assert.Equal(t, 1, told)
}

// Warnings cost as much as the header is long. What looks at each of them once is
// linear; comparing each with each would be a hundred million comparisons more.
func BenchmarkClient_Do_ManyWarnings(b *testing.B) {
	header := http.Header{}
	for i := range 45_000 {
		header.Add("X-Pulumi-Warning", strconv.Itoa(i))
	}
	c := &Client{config: Config{OnWarning: []func(context.Context, Warning){func(context.Context, Warning) {}}}}
	for b.Loop() {
		st := &state{Context: b.Context(), call: &Call{Endpoint: stringer("GET /"), Handler: noValues{}}}
		c.warn(st, &http.Response{Header: header, Request: (&http.Request{}).WithContext(st)})
	}
}

type stringer string

func (s stringer) String() string { return string(s) }

func TestClient_Do_LogsAndIDsAreFitToBeShown(t *testing.T) {
	t.Parallel()
	const odd = "a\u0085b\u009bc\u202ed\u2028e\x1b\xfff tok-0123\u200b456789abcdef"
	var out strings.Builder
	logger := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var ids []string
	client := newClient(t, script(answer(http.StatusOK, "").HeaderSet(http.Header{"X-Pulumi-Warning": {odd}, requestIDHeader: {odd}})),
		func(c *Config) {
			c.OnWarning = append(c.OnWarning, LogWarnings(logger), func(_ context.Context, w Warning) { ids = append(ids, w.RequestID, w.Text) })
			c.OnAttempt = append(c.OnAttempt, LogAttempts(logger), func(_ context.Context, a Attempt) { ids = append(ids, a.RequestID) })
		})
	call := get(t)
	_, err := client.Do(call.Call)
	require.NoError(t, err, "%s", call)
	const clean = "a bcd e\ufffdf [redacted]"
	assert.Equal(t, []string{clean, clean, clean}, ids)
	for _, shown := range []string{`msg="` + clean, `request_id="` + clean} {
		assert.Contains(t, out.String(), shown)
	}
}

func TestClient_Do_HeaderThatIsTooLong(t *testing.T) {
	t.Parallel()
	for name, header := range map[string]http.Header{
		"one value":   {"A": {strings.Repeat("a", maxHeader)}},
		"many values": {"A": slices.Repeat([]string{"12345"}, maxHeader/9)},
		"many names":  manyHeaders(40_000),
		"one name":    {strings.Repeat("a", maxHeader): {""}},
	} {
		body := &closing{Reader: strings.NewReader("hello")}
		attempts := 0
		client := newClient(t, roundTripper(func(*http.Request) (*http.Response, error) {
			attempts++
			return &http.Response{StatusCode: 200, Header: header, Body: body}, nil
		}))
		call := get(t)
		_, err := client.Do(call.Call)
		require.ErrorContains(t, err, "the response's header is longer than 1 MiB", name)
		assert.Equal(t, 1, attempts, name)
		assert.True(t, body.closed, name)
	}
	call := get(t)
	_, err := newClient(t, script(answer(http.StatusOK, "").HeaderSet(http.Header{"A": {strings.Repeat("a", maxHeader-100)}}))).Do(call.Call)
	require.NoError(t, err)
}

type closing struct {
	io.Reader
	closed bool
}

func (c *closing) Close() error {
	c.closed = true
	return nil
}

// Nobody asked: nothing is said, on stderr neither.
func TestClient_Do_WithoutObservers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		call := get(t)
		header := http.Header{"X-Pulumi-Warning": {strings.Repeat("x", 10)}}
		_, err := newClient(t, script(answer(503, "").HeaderSet(header), answer(200, "").HeaderSet(header))).Do(call.Call)
		require.NoError(t, err, "%s", call)
	})
}
