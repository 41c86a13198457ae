package pulumiapi_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/internal/testkit"
)

// script is what a client has sent.
type script struct {
	// answer makes the responses if the script is itself a transport.
	answer func(n int, req *http.Request) (*http.Response, error)
	sent   []*http.Request
}

// RoundTrip implements [http.RoundTripper].
func (s *script) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		_, _ = io.Copy(io.Discard, req.Body)
		_ = req.Body.Close()
	}
	s.sent = append(s.sent, req)
	return s.answer(len(s.sent), req)
}

func (s *script) methods() []string { return testkit.MethodsOf(s.sent) }

// scriptedClient returns a client that gets what answer returns for the nth request,
// counted from 1.
func scriptedClient(t *testing.T, answer func(n int, req *http.Request) (*http.Response, error)) (*pulumiapi.Client, *script) {
	t.Helper()
	s := new(script)
	client, _ := testkit.Client(t, func(n int, req *http.Request) (*http.Response, error) {
		s.sent = append(s.sent, req)
		return answer(n, req)
	})
	return client, s
}

// respond returns an answer. header is pairs of name and value.
func respond(status int, body []byte, header ...string) *http.Response {
	return testkit.Respond(status, body, header...)
}

const signInPage = testkit.SignInPage

func gzipped(tb testing.TB, data []byte) []byte {
	tb.Helper()
	return testkit.Gzipped(tb, data)
}

// withstand runs check for every operation in a bubble of its own, where waits
// take no time and a goroutine left behind is a failure.
func withstand(t *testing.T, check func(t *testing.T, o operation)) {
	t.Helper()
	for _, o := range operations() {
		t.Run(o.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { check(t, o) })
		})
	}
}

func TestOperations_SucceedAndSendTheDocumentedHeaders(t *testing.T) {
	t.Parallel()
	withstand(t, func(t *testing.T, o operation) {
		client, s := scriptedClient(t, func(int, *http.Request) (*http.Response, error) {
			return respond(http.StatusOK, o.body(t)), nil
		})
		_, err := o.call(t.Context(), client)
		require.NoError(t, err, o.name)
		require.Len(t, s.sent, 1, o.name)
		req := s.sent[0]
		assert.Equal(t, "token pul-canary", req.Header.Get("Authorization"))
		assert.Equal(t, "application/vnd.pulumi+8", req.Header.Get("Accept"))
		assert.Equal(t, "application/json", req.Header.Get("Content-Type"))
		assert.True(t, strings.HasPrefix(req.URL.EscapedPath(), "/below/here/api/"), "%s sent %s", o.name, req.URL)
		endpoint, ok := pulumiapi.EndpointFromContext(req.Context())
		assert.True(t, ok, "%s: the request's context names the endpoint", o.name)
		assert.Equal(t, req.Method, endpoint.Method)
	})
}

func TestOperations_Refused(t *testing.T) {
	t.Parallel()
	sentinels := map[int]error{
		http.StatusBadRequest:          nil,
		http.StatusUnauthorized:        pulumiapi.ErrUnauthorized,
		http.StatusForbidden:           pulumiapi.ErrForbidden,
		http.StatusNotFound:            pulumiapi.ErrNotFound,
		http.StatusConflict:            pulumiapi.ErrConflict,
		http.StatusUnprocessableEntity: nil,
	}
	withstand(t, func(t *testing.T, o operation) {
		for status, sentinel := range sentinels {
			client, s := scriptedClient(t, func(int, *http.Request) (*http.Response, error) {
				return respond(status, []byte(`{"code":1,"message":"no such luck"}`), "X-Pulumi-Request-ID", "8f2c"), nil
			})
			_, err := o.call(t.Context(), client)
			if o.asks && status == http.StatusNotFound {
				require.NoError(t, err, o.name)
				assert.Equal(t, o.on404, s.methods(), o.name)
				continue
			}
			var refused *pulumiapi.APIError
			require.ErrorAs(t, err, &refused, "%s answered %d", o.name, status)
			assert.Equal(t, status, refused.StatusCode)
			want := "no such luck"
			if o.bringsSecret(t) {
				want = http.StatusText(status) + " (not shown, as it may hold a secret)"
			}
			assert.Equal(t, want, refused.Message, o.name)
			assert.Equal(t, "8f2c", refused.RequestID)
			assert.Equal(t, 1, refused.Attempts)
			require.NotErrorIs(t, err, pulumiapi.ErrOutcomeUnknown, "%s answered %d", o.name, status)
			if sentinel != nil {
				require.ErrorIs(t, err, sentinel, "%s answered %d", o.name, status)
			}
			if status == http.StatusNotFound {
				assert.Equal(t, o.on404, s.methods(), "%s answered %d", o.name, status)
			} else {
				assert.Len(t, s.sent, 1, "%s answered %d", o.name, status)
			}
		}
	})
}

// transientAnswers are refusals that may be another time's success.
var transientAnswers = map[string]func() *http.Response{
	"429":                      func() *http.Response { return respond(429, []byte(`{"code":429,"message":"slow down"}`)) },
	"429 with seconds":         func() *http.Response { return respond(429, nil, "Retry-After", "7") },
	"429 with a date":          func() *http.Response { return respond(429, nil, "Retry-After", httpDate(7*time.Second)) },
	"500":                      func() *http.Response { return respond(500, []byte(`{"code":500,"message":"oops"}`)) },
	"502 with a proxy's page":  func() *http.Response { return respond(502, []byte("<html>bad gateway</html>")) },
	"503 without a body":       func() *http.Response { return respond(503, nil) },
	"504 with a line of text":  func() *http.Response { return respond(504, []byte("upstream timed out")) },
	"503 with seconds to wait": func() *http.Response { return respond(503, nil, "Retry-After", "7") },
}

func httpDate(in time.Duration) string { return time.Now().Add(in).UTC().Format(http.TimeFormat) }

func TestOperations_RetryReadsAndNeverWrites(t *testing.T) {
	t.Parallel()
	withstand(t, func(t *testing.T, o operation) {
		for name, answer := range transientAnswers {
			what := o.name + " answered " + name

			client, s := scriptedClient(t, func(int, *http.Request) (*http.Response, error) { return answer(), nil })
			_, err := o.call(t.Context(), client)
			var refused *pulumiapi.APIError
			require.ErrorAs(t, err, &refused, what)
			attempts := 1
			if o.resends {
				attempts = 4
			}
			assert.Len(t, s.sent, attempts, what)
			assert.Equal(t, attempts, refused.Attempts, what)
			assert.Equal(t, o.isWrite(), errors.Is(err, pulumiapi.ErrOutcomeUnknown), what)
			assert.Equal(t, refused.StatusCode == 429, errors.Is(err, pulumiapi.ErrRateLimited), what)

			client, s = scriptedClient(t, func(n int, _ *http.Request) (*http.Response, error) {
				if n == 1 {
					return answer(), nil
				}
				return respond(http.StatusOK, o.body(t)), nil
			})
			start := time.Now()
			_, err = o.call(t.Context(), client)
			if o.resends {
				require.NoError(t, err, what+" once")
				assert.Len(t, s.sent, 2, what+" once")
				if answer().Header.Get("Retry-After") != "" {
					assert.GreaterOrEqual(t, time.Since(start), 6*time.Second, what+": waited too little")
				}
			} else {
				require.Error(t, err, what+" once")
				assert.Len(t, s.sent, 1, what+" once")
			}
		}
	})
}

func TestOperations_DontOutwaitARateLimit(t *testing.T) {
	t.Parallel()
	withstand(t, func(t *testing.T, o operation) {
		client, s := scriptedClient(t, func(int, *http.Request) (*http.Response, error) {
			return respond(429, nil, "Retry-After", "3600"), nil
		})
		start := time.Now()
		_, err := o.call(t.Context(), client)
		var refused *pulumiapi.APIError
		require.ErrorAs(t, err, &refused, o.name)
		assert.Equal(t, time.Hour, refused.RetryAfter)
		assert.Zero(t, time.Since(start), o.name)
		assert.Len(t, s.sent, 1, o.name)
	})
}

// knownWithoutBody are the writes whose result is known if the service returns no body.
var knownWithoutBody = map[string]bool{
	"Stacks.Create":                     true,
	"Stacks.Rename":                     true,
	"Stacks.UpdateConfig":               true,
	"Stacks.UpdateNotificationSettings": true,
	"Stacks.ReassignOwnership":          true,
	"Orgs.Update":                       true,
	"Insights.ReassignAccountOwnership": true,
}

func TestOperations_UnusableAnswers(t *testing.T) {
	t.Parallel()
	withstand(t, func(t *testing.T, o operation) {
		returnsValue := o.returnsValue()
		// want is what the error says; a method that returns nothing takes
		// whatever the service sends, or doesn't.
		cases := map[string]struct {
			resp      func() *http.Response
			want      string
			nothingOK bool
			arrayOK   bool
			jsonOK    bool
			cutOff    bool
		}{
			"a sign-in page": {
				resp: func() *http.Response {
					return respond(http.StatusOK, []byte(signInPage), "Content-Type", "text/html")
				},
				want: `the answer is not JSON: content type "text/html", begins "<!doctype html>`,
			},
			"nothing": {
				resp:      func() *http.Response { return respond(http.StatusNoContent, nil) },
				want:      "no body",
				nothingOK: true,
			},
			"nothing, with status 200": {
				resp:      func() *http.Response { return respond(http.StatusOK, nil) },
				want:      "no body",
				nothingOK: true,
			},
			"null": {
				resp:      func() *http.Response { return respond(http.StatusOK, []byte("null")) },
				want:      "null",
				nothingOK: true,
				arrayOK:   true,
			},
			"JSON of another form": {
				resp:      func() *http.Response { return respond(http.StatusOK, []byte(`"yes"`)) },
				want:      "another form",
				nothingOK: true,
				jsonOK:    true,
			},
			"half of the JSON": {
				resp: func() *http.Response {
					body := o.body(t)
					return respond(http.StatusOK, body[:len(body)/2])
				},
				want:      "cut off",
				nothingOK: true,
				cutOff:    true,
			},
			"half of the gzip": {
				resp: func() *http.Response {
					body := gzipped(t, o.body(t))
					return respond(http.StatusOK, body[:len(body)/2], "Content-Encoding", "gzip")
				},
				want:      "cut off",
				nothingOK: true,
				cutOff:    true,
			},
			"text called gzip": {
				resp: func() *http.Response {
					return respond(http.StatusOK, []byte("plain text, no gzip at all"), "Content-Encoding", "gzip")
				},
				want:      "cut off",
				nothingOK: true,
				cutOff:    true,
			},
		}
		for name, c := range cases {
			what := o.name + " answered " + name
			client, s := scriptedClient(t, func(int, *http.Request) (*http.Response, error) { return c.resp(), nil })
			_, err := o.call(t.Context(), client)
			if !returnsValue && c.nothingOK || strings.HasPrefix(name, "nothing") && knownWithoutBody[o.name] || o.isArray(t) && c.arrayOK || (o.anyJSON || o.isText(t)) && c.jsonOK || o.mayBeEmpty && name == "nothing" {
				require.NoError(t, err, what)
				continue
			}
			var failed *pulumiapi.CallError
			require.ErrorAs(t, err, &failed, what)
			want := c.want
			if o.bringsSecret(t) {
				want, _, _ = strings.Cut(want, ", begins")
			}
			require.ErrorContains(t, err, want, what)
			page := name == "a sign-in page"
			assert.Equal(t, o.isWrite() && !page, errors.Is(err, pulumiapi.ErrResponseLost), "%s: has the write succeeded? %v", what, err)
			assert.Equal(t, o.isWrite() && page, errors.Is(err, pulumiapi.ErrOutcomeUnknown), "%s: is the outcome unknown? %v", what, err)
			attempts := 1
			if c.cutOff && o.resends {
				attempts = 4
			}
			assert.Len(t, s.sent, attempts, what)
			assert.Equal(t, attempts, failed.Attempts, what)

			if !c.cutOff || !o.resends {
				continue
			}
			client, _ = scriptedClient(t, func(n int, _ *http.Request) (*http.Response, error) {
				if n == 1 {
					return c.resp(), nil
				}
				return respond(http.StatusOK, o.body(t)), nil
			})
			_, err = o.call(t.Context(), client)
			require.NoError(t, err, what+" once")
		}
	})
}

func TestOperations_CancelledBefore(t *testing.T) {
	t.Parallel()
	withstand(t, func(t *testing.T, o operation) {
		client, s := scriptedClient(t, func(int, *http.Request) (*http.Response, error) {
			return respond(http.StatusOK, o.body(t)), nil
		})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := o.call(ctx, client)
		require.ErrorIs(t, err, context.Canceled, o.name)
		require.NotErrorIs(t, err, pulumiapi.ErrOutcomeUnknown, o.name)
		assert.Empty(t, s.sent, o.name)
	})
}

func TestOperations_CancelledDuring(t *testing.T) {
	t.Parallel()
	withstand(t, func(t *testing.T, o operation) {
		client, s := scriptedClient(t, func(_ int, req *http.Request) (*http.Response, error) {
			<-req.Context().Done()
			return nil, req.Context().Err()
		})
		reason := errors.New("the user pressed a key")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(reason) })
		_, err := o.call(ctx, client)
		require.ErrorIs(t, err, context.Canceled, o.name)
		require.ErrorIs(t, err, reason, o.name)
		assert.Equal(t, o.isWrite(), errors.Is(err, pulumiapi.ErrOutcomeUnknown), o.name)
		assert.Len(t, s.sent, 1, o.name)
	})
}

func TestOperations_CancelledWhileWaiting(t *testing.T) {
	t.Parallel()
	withstand(t, func(t *testing.T, o operation) {
		if !o.resends {
			return // it does not wait
		}
		client, s := scriptedClient(t, func(int, *http.Request) (*http.Response, error) {
			return respond(http.StatusServiceUnavailable, nil, "Retry-After", "20"), nil
		})
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		start := time.Now()
		_, err := o.call(ctx, client)
		require.ErrorIs(t, err, context.Canceled, o.name)
		var refused *pulumiapi.APIError
		require.ErrorAs(t, err, &refused, "%s: the last answer is there, too", o.name)
		assert.Equal(t, http.StatusServiceUnavailable, refused.StatusCode)
		assert.Equal(t, time.Second, time.Since(start), o.name)
		assert.Len(t, s.sent, 1, o.name)
	})
}

func TestOperations_DeadlineBeforeTheNextAttempt(t *testing.T) {
	t.Parallel()
	withstand(t, func(t *testing.T, o operation) {
		client, s := scriptedClient(t, func(int, *http.Request) (*http.Response, error) {
			return respond(http.StatusServiceUnavailable, nil), nil
		})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		start := time.Now()
		_, err := o.call(ctx, client)
		var refused *pulumiapi.APIError
		require.ErrorAs(t, err, &refused, o.name)
		assert.Zero(t, time.Since(start), "%s waited although it was no use", o.name)
		assert.Len(t, s.sent, 1, o.name)
		const reason = "not retried: the deadline is before the next attempt"
		assert.Equal(t, o.resends, strings.Contains(err.Error(), reason), "%s: %v", o.name, err)
		require.NotErrorIs(t, err, context.DeadlineExceeded, "%s: it is not over yet", o.name)
	})
}

// What a 404 means depends on whether an earlier attempt may have deleted the thing.
func TestOperations_A404AfterAnotherAttempt(t *testing.T) {
	t.Parallel()
	reset := errors.New("connection reset by peer")
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	earlier := map[string]struct {
		attempt func() (*http.Response, error)
		done    bool // it may have done the work
		unsent  bool
	}{
		"no connection":       {attempt: func() (*http.Response, error) { return nil, refused }, unsent: true},
		"a 429":               {attempt: func() (*http.Response, error) { return respond(429, nil), nil }},
		"a 429 with seconds":  {attempt: func() (*http.Response, error) { return respond(429, nil, "Retry-After", "7"), nil }},
		"a 503":               {attempt: func() (*http.Response, error) { return respond(503, nil), nil }, done: true},
		"a 503 with seconds":  {attempt: func() (*http.Response, error) { return respond(503, nil, "Retry-After", "7"), nil }, done: true},
		"a 500":               {attempt: func() (*http.Response, error) { return respond(500, nil), nil }, done: true},
		"a broken connection": {attempt: func() (*http.Response, error) { return nil, reset }, done: true},
	}
	withstand(t, func(t *testing.T, o operation) {
		for name, before := range earlier {
			what := o.name + " after " + name
			client, _ := scriptedClient(t, func(n int, _ *http.Request) (*http.Response, error) {
				if n == 1 {
					return before.attempt()
				}
				return respond(http.StatusNotFound, []byte(`{"code":404,"message":"not here"}`)), nil
			})
			_, err := o.call(t.Context(), client)
			switch {
			case !o.resends && !before.unsent:
				require.NotErrorIs(t, err, pulumiapi.ErrNotFound, what)
			case o.asks:
				require.NoError(t, err, what)
			case o.method() == http.MethodDelete && !o.returnsValue() && !o.revokes() && before.done:
				require.NoError(t, err, what)
			default:
				require.ErrorIs(t, err, pulumiapi.ErrNotFound, what)
				// Stacks.SetTag has then sent another request.
				unknown := o.isWrite() && !before.unsent && len(o.on404) == 1
				assert.Equal(t, unknown, errors.Is(err, pulumiapi.ErrOutcomeUnknown), "%s: is the outcome unknown? %v", what, err)
			}
		}
	})
}

// A bulk job may choose to have its writes retried after a 429, but after nothing
// else.
func TestOperations_RetryThrottledWrites(t *testing.T) {
	t.Parallel()
	withstand(t, func(t *testing.T, o operation) {
		for name, answer := range transientAnswers {
			what := o.name + " answered " + name
			throttled := answer().StatusCode == http.StatusTooManyRequests
			for _, times := range []int{1, 100} {
				s := &script{answer: func(n int, _ *http.Request) (*http.Response, error) {
					if n <= times {
						return answer(), nil
					}
					return respond(http.StatusOK, o.body(t)), nil
				}}
				client := clientWith(t, s, pulumiapi.WithRetry(pulumiapi.RetryPolicy{RetryThrottledWrites: true}))
				_, err := o.call(t.Context(), client)
				switch {
				case !throttled && !o.resends:
					require.Error(t, err, what)
					assert.Len(t, s.sent, 1, what)
				case times == 1:
					require.NoError(t, err, what)
					assert.Len(t, s.sent, 2, what)
				default:
					require.Error(t, err, what)
					assert.Len(t, s.sent, 4, what)
				}
				if err != nil {
					assert.Equal(t, o.isWrite(), errors.Is(err, pulumiapi.ErrOutcomeUnknown), what)
				}
			}
		}
	})
}

func TestOperations_ConnectionFails(t *testing.T) {
	t.Parallel()
	withstand(t, func(t *testing.T, o operation) {
		reset := errors.New("connection reset by peer")
		client, s := scriptedClient(t, func(n int, _ *http.Request) (*http.Response, error) {
			if n == 1 {
				return nil, reset
			}
			return respond(http.StatusOK, o.body(t)), nil
		})
		_, err := o.call(t.Context(), client)
		if o.resends {
			require.NoError(t, err, o.name)
			assert.Len(t, s.sent, 2, o.name)
			return
		}
		require.ErrorIs(t, err, reset, o.name)
		require.ErrorIs(t, err, pulumiapi.ErrOutcomeUnknown, o.name)
		assert.Len(t, s.sent, 1, o.name)
	})
}
