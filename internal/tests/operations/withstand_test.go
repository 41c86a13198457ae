package operations_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/internal/testkit"
)

func TestOperations_SucceedAndSendTheDocumentedHeaders(t *testing.T) {
	t.Parallel()
	testkit.EachOperation(t, func(t *testing.T, o testkit.Operation) {
		client, s := testkit.Client(t, func(int, *http.Request) (*http.Response, error) {
			return testkit.Respond(http.StatusOK, []byte(o.Response)), nil
		})
		_, err := o.Call(t.Context(), client)
		require.NoError(t, err, o.Name)
		require.Len(t, s.Sent(), 1, o.Name)
		req := s.Sent()[0]
		assert.Equal(t, "token pul-canary", req.Header.Get("Authorization"))
		assert.Equal(t, "application/vnd.pulumi+8", req.Header.Get("Accept"))
		assert.Equal(t, "application/json", req.Header.Get("Content-Type"))
		assert.True(t, strings.HasPrefix(req.URL.EscapedPath(), "/below/here/api/"), "%s sent %s", o.Name, req.URL)
		endpoint, ok := pulumiapi.EndpointFromContext(req.Context())
		assert.True(t, ok, "%s: the request's context names the endpoint", o.Name)
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
	testkit.EachOperation(t, func(t *testing.T, o testkit.Operation) {
		for status, sentinel := range sentinels {
			client, s := testkit.Client(t, func(int, *http.Request) (*http.Response, error) {
				return testkit.Respond(status, []byte(`{"code":1,"message":"no such luck"}`), "X-Pulumi-Request-ID", "8f2c"), nil
			})
			_, err := o.Call(t.Context(), client)
			if o.Asks && status == http.StatusNotFound {
				require.NoError(t, err, o.Name)
				assert.Equal(t, o.On404(), testkit.MethodsOf(s.Sent()), o.Name)
				continue
			}
			var refused *pulumiapi.APIError
			require.ErrorAs(t, err, &refused, "%s answered %d", o.Name, status)
			assert.Equal(t, status, refused.StatusCode)
			want := "no such luck"
			if o.BringsSecret(t) {
				want = http.StatusText(status) + " (not shown, as it may hold a secret)"
			}
			assert.Equal(t, want, refused.Message, o.Name)
			assert.Equal(t, "8f2c", refused.RequestID)
			assert.Equal(t, 1, refused.Attempts)
			require.NotErrorIs(t, err, pulumiapi.ErrOutcomeUnknown, "%s answered %d", o.Name, status)
			if sentinel != nil {
				require.ErrorIs(t, err, sentinel, "%s answered %d", o.Name, status)
			}
			if status == http.StatusNotFound {
				assert.Equal(t, o.On404(), testkit.MethodsOf(s.Sent()), "%s answered %d", o.Name, status)
			} else {
				assert.Len(t, s.Sent(), 1, "%s answered %d", o.Name, status)
			}
		}
	})
}

// transientAnswers are refusals that may be another time's success.
var transientAnswers = map[string]func() *http.Response{
	"429":                      func() *http.Response { return testkit.Respond(429, []byte(`{"code":429,"message":"slow down"}`)) },
	"429 with seconds":         func() *http.Response { return testkit.Respond(429, nil, "Retry-After", "7") },
	"429 with a date":          func() *http.Response { return testkit.Respond(429, nil, "Retry-After", httpDate(7*time.Second)) },
	"500":                      func() *http.Response { return testkit.Respond(500, []byte(`{"code":500,"message":"oops"}`)) },
	"502 with a proxy's page":  func() *http.Response { return testkit.Respond(502, []byte("<html>bad gateway</html>")) },
	"503 without a body":       func() *http.Response { return testkit.Respond(503, nil) },
	"504 with a line of text":  func() *http.Response { return testkit.Respond(504, []byte("upstream timed out")) },
	"503 with seconds to wait": func() *http.Response { return testkit.Respond(503, nil, "Retry-After", "7") },
}

func httpDate(in time.Duration) string { return time.Now().Add(in).UTC().Format(http.TimeFormat) }

func TestOperations_RetryReadsAndNeverWrites(t *testing.T) {
	t.Parallel()
	testkit.EachOperation(t, func(t *testing.T, o testkit.Operation) {
		for name, answer := range transientAnswers {
			what := o.Name + " answered " + name

			client, s := testkit.Client(t, func(int, *http.Request) (*http.Response, error) { return answer(), nil })
			_, err := o.Call(t.Context(), client)
			var refused *pulumiapi.APIError
			require.ErrorAs(t, err, &refused, what)
			attempts := 1
			if o.Resends() {
				attempts = 4
			}
			assert.Len(t, s.Sent(), attempts, what)
			assert.Equal(t, attempts, refused.Attempts, what)
			assert.Equal(t, o.Writes(), errors.Is(err, pulumiapi.ErrOutcomeUnknown), what)
			assert.Equal(t, refused.StatusCode == 429, errors.Is(err, pulumiapi.ErrRateLimited), what)

			client, s = testkit.Client(t, func(n int, _ *http.Request) (*http.Response, error) {
				if n == 1 {
					return answer(), nil
				}
				return testkit.Respond(http.StatusOK, []byte(o.Response)), nil
			})
			start := time.Now()
			_, err = o.Call(t.Context(), client)
			if o.Resends() {
				require.NoError(t, err, what+" once")
				assert.Len(t, s.Sent(), 2, what+" once")
				if answer().Header.Get("Retry-After") != "" {
					assert.GreaterOrEqual(t, time.Since(start), 6*time.Second, what+": waited too little")
				}
			} else {
				require.Error(t, err, what+" once")
				assert.Len(t, s.Sent(), 1, what+" once")
			}
		}
	})
}

func TestOperations_DontOutwaitARateLimit(t *testing.T) {
	t.Parallel()
	testkit.EachOperation(t, func(t *testing.T, o testkit.Operation) {
		client, s := testkit.Client(t, func(int, *http.Request) (*http.Response, error) {
			return testkit.Respond(429, nil, "Retry-After", "3600"), nil
		})
		start := time.Now()
		_, err := o.Call(t.Context(), client)
		var refused *pulumiapi.APIError
		require.ErrorAs(t, err, &refused, o.Name)
		assert.Equal(t, time.Hour, refused.RetryAfter)
		assert.Zero(t, time.Since(start), o.Name)
		assert.Len(t, s.Sent(), 1, o.Name)
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
	testkit.EachOperation(t, func(t *testing.T, o testkit.Operation) {
		returnsValue := o.ReturnsValue()
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
					return testkit.Respond(http.StatusOK, []byte(testkit.SignInPage), "Content-Type", "text/html")
				},
				want: `the answer is not JSON: content type "text/html", begins "<!doctype html>`,
			},
			"nothing": {
				resp:      func() *http.Response { return testkit.Respond(http.StatusNoContent, nil) },
				want:      "no body",
				nothingOK: true,
			},
			"nothing, with status 200": {
				resp:      func() *http.Response { return testkit.Respond(http.StatusOK, nil) },
				want:      "no body",
				nothingOK: true,
			},
			"null": {
				resp:      func() *http.Response { return testkit.Respond(http.StatusOK, []byte("null")) },
				want:      "null",
				nothingOK: true,
				arrayOK:   true,
			},
			"JSON of another form": {
				resp:      func() *http.Response { return testkit.Respond(http.StatusOK, []byte(`"yes"`)) },
				want:      "another form",
				nothingOK: true,
				jsonOK:    true,
			},
			"half of the JSON": {
				resp: func() *http.Response {
					body := []byte(o.Response)
					return testkit.Respond(http.StatusOK, body[:len(body)/2])
				},
				want:      "cut off",
				nothingOK: true,
				cutOff:    true,
			},
			"half of the gzip": {
				resp: func() *http.Response {
					body := testkit.Gzipped(t, []byte(o.Response))
					return testkit.Respond(http.StatusOK, body[:len(body)/2], "Content-Encoding", "gzip")
				},
				want:      "cut off",
				nothingOK: true,
				cutOff:    true,
			},
			"text called gzip": {
				resp: func() *http.Response {
					return testkit.Respond(http.StatusOK, []byte("plain text, no gzip at all"), "Content-Encoding", "gzip")
				},
				want:      "cut off",
				nothingOK: true,
				cutOff:    true,
			},
		}
		for name, c := range cases {
			what := o.Name + " answered " + name
			client, s := testkit.Client(t, func(int, *http.Request) (*http.Response, error) { return c.resp(), nil })
			_, err := o.Call(t.Context(), client)
			if !returnsValue && c.nothingOK || strings.HasPrefix(name, "nothing") && knownWithoutBody[o.Name] || o.IsArray() && c.arrayOK || (o.AnyJSON || o.IsText()) && c.jsonOK || o.MayBeEmpty && name == "nothing" {
				require.NoError(t, err, what)
				continue
			}
			var failed *pulumiapi.CallError
			require.ErrorAs(t, err, &failed, what)
			want := c.want
			if o.BringsSecret(t) {
				want, _, _ = strings.Cut(want, ", begins")
			}
			require.ErrorContains(t, err, want, what)
			page := name == "a sign-in page"
			assert.Equal(t, o.Writes() && !page, errors.Is(err, pulumiapi.ErrResponseLost), "%s: has the write succeeded? %v", what, err)
			assert.Equal(t, o.Writes() && page, errors.Is(err, pulumiapi.ErrOutcomeUnknown), "%s: is the outcome unknown? %v", what, err)
			attempts := 1
			if c.cutOff && o.Resends() {
				attempts = 4
			}
			assert.Len(t, s.Sent(), attempts, what)
			assert.Equal(t, attempts, failed.Attempts, what)

			if !c.cutOff || !o.Resends() {
				continue
			}
			client, _ = testkit.Client(t, func(n int, _ *http.Request) (*http.Response, error) {
				if n == 1 {
					return c.resp(), nil
				}
				return testkit.Respond(http.StatusOK, []byte(o.Response)), nil
			})
			_, err = o.Call(t.Context(), client)
			require.NoError(t, err, what+" once")
		}
	})
}

func TestOperations_CancelledBefore(t *testing.T) {
	t.Parallel()
	testkit.EachOperation(t, func(t *testing.T, o testkit.Operation) {
		client, s := testkit.Client(t, func(int, *http.Request) (*http.Response, error) {
			return testkit.Respond(http.StatusOK, []byte(o.Response)), nil
		})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := o.Call(ctx, client)
		require.ErrorIs(t, err, context.Canceled, o.Name)
		require.NotErrorIs(t, err, pulumiapi.ErrOutcomeUnknown, o.Name)
		assert.Empty(t, s.Sent(), o.Name)
	})
}

func TestOperations_CancelledDuring(t *testing.T) {
	t.Parallel()
	testkit.EachOperation(t, func(t *testing.T, o testkit.Operation) {
		client, s := testkit.Client(t, func(_ int, req *http.Request) (*http.Response, error) {
			<-req.Context().Done()
			return nil, req.Context().Err()
		})
		reason := errors.New("the user pressed a key")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(reason) })
		_, err := o.Call(ctx, client)
		require.ErrorIs(t, err, context.Canceled, o.Name)
		require.ErrorIs(t, err, reason, o.Name)
		assert.Equal(t, o.Writes(), errors.Is(err, pulumiapi.ErrOutcomeUnknown), o.Name)
		assert.Len(t, s.Sent(), 1, o.Name)
	})
}

func TestOperations_CancelledWhileWaiting(t *testing.T) {
	t.Parallel()
	testkit.EachOperation(t, func(t *testing.T, o testkit.Operation) {
		if !o.Resends() {
			return // it does not wait
		}
		client, s := testkit.Client(t, func(int, *http.Request) (*http.Response, error) {
			return testkit.Respond(http.StatusServiceUnavailable, nil, "Retry-After", "20"), nil
		})
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		start := time.Now()
		_, err := o.Call(ctx, client)
		require.ErrorIs(t, err, context.Canceled, o.Name)
		var refused *pulumiapi.APIError
		require.ErrorAs(t, err, &refused, "%s: the last answer is there, too", o.Name)
		assert.Equal(t, http.StatusServiceUnavailable, refused.StatusCode)
		assert.Equal(t, time.Second, time.Since(start), o.Name)
		assert.Len(t, s.Sent(), 1, o.Name)
	})
}

func TestOperations_DeadlineBeforeTheNextAttempt(t *testing.T) {
	t.Parallel()
	testkit.EachOperation(t, func(t *testing.T, o testkit.Operation) {
		client, s := testkit.Client(t, func(int, *http.Request) (*http.Response, error) {
			return testkit.Respond(http.StatusServiceUnavailable, nil), nil
		})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		start := time.Now()
		_, err := o.Call(ctx, client)
		var refused *pulumiapi.APIError
		require.ErrorAs(t, err, &refused, o.Name)
		assert.Zero(t, time.Since(start), "%s waited although it was no use", o.Name)
		assert.Len(t, s.Sent(), 1, o.Name)
		const reason = "not retried: the deadline is before the next attempt"
		assert.Equal(t, o.Resends(), strings.Contains(err.Error(), reason), "%s: %v", o.Name, err)
		require.NotErrorIs(t, err, context.DeadlineExceeded, "%s: it is not over yet", o.Name)
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
		"a 429":               {attempt: func() (*http.Response, error) { return testkit.Respond(429, nil), nil }},
		"a 429 with seconds":  {attempt: func() (*http.Response, error) { return testkit.Respond(429, nil, "Retry-After", "7"), nil }},
		"a 503":               {attempt: func() (*http.Response, error) { return testkit.Respond(503, nil), nil }, done: true},
		"a 503 with seconds":  {attempt: func() (*http.Response, error) { return testkit.Respond(503, nil, "Retry-After", "7"), nil }, done: true},
		"a 500":               {attempt: func() (*http.Response, error) { return testkit.Respond(500, nil), nil }, done: true},
		"a broken connection": {attempt: func() (*http.Response, error) { return nil, reset }, done: true},
	}
	testkit.EachOperation(t, func(t *testing.T, o testkit.Operation) {
		for name, before := range earlier {
			what := o.Name + " after " + name
			client, _ := testkit.Client(t, func(n int, _ *http.Request) (*http.Response, error) {
				if n == 1 {
					return before.attempt()
				}
				return testkit.Respond(http.StatusNotFound, []byte(`{"code":404,"message":"not here"}`)), nil
			})
			_, err := o.Call(t.Context(), client)
			switch {
			case !o.Resends() && !before.unsent:
				require.NotErrorIs(t, err, pulumiapi.ErrNotFound, what)
			case o.Asks:
				require.NoError(t, err, what)
			case o.Endpoint.Method == http.MethodDelete && !o.ReturnsValue() && !o.Revokes() && before.done:
				require.NoError(t, err, what)
			default:
				require.ErrorIs(t, err, pulumiapi.ErrNotFound, what)
				// Stacks.SetTag has then sent another request.
				unknown := o.Writes() && !before.unsent && len(o.On404()) == 1
				assert.Equal(t, unknown, errors.Is(err, pulumiapi.ErrOutcomeUnknown), "%s: is the outcome unknown? %v", what, err)
			}
		}
	})
}

// A bulk job may choose to have its writes retried after a 429, but after nothing
// else.
func TestOperations_RetryThrottledWrites(t *testing.T) {
	t.Parallel()
	testkit.EachOperation(t, func(t *testing.T, o testkit.Operation) {
		for name, answer := range transientAnswers {
			what := o.Name + " answered " + name
			throttled := answer().StatusCode == http.StatusTooManyRequests
			for _, times := range []int{1, 100} {
				s := &testkit.Script{Answer: func(n int, _ *http.Request) (*http.Response, error) {
					if n <= times {
						return answer(), nil
					}
					return testkit.Respond(http.StatusOK, []byte(o.Response)), nil
				}}
				client := testkit.ClientOver(t, s, pulumiapi.WithRetry(pulumiapi.RetryPolicy{RetryThrottledWrites: true}))
				_, err := o.Call(t.Context(), client)
				switch {
				case !throttled && !o.Resends():
					require.Error(t, err, what)
					assert.Len(t, s.Sent(), 1, what)
				case times == 1:
					require.NoError(t, err, what)
					assert.Len(t, s.Sent(), 2, what)
				default:
					require.Error(t, err, what)
					assert.Len(t, s.Sent(), 4, what)
				}
				if err != nil {
					assert.Equal(t, o.Writes(), errors.Is(err, pulumiapi.ErrOutcomeUnknown), what)
				}
			}
		}
	})
}

func TestOperations_ConnectionFails(t *testing.T) {
	t.Parallel()
	testkit.EachOperation(t, func(t *testing.T, o testkit.Operation) {
		reset := errors.New("connection reset by peer")
		client, s := testkit.Client(t, func(n int, _ *http.Request) (*http.Response, error) {
			if n == 1 {
				return nil, reset
			}
			return testkit.Respond(http.StatusOK, []byte(o.Response)), nil
		})
		_, err := o.Call(t.Context(), client)
		if o.Resends() {
			require.NoError(t, err, o.Name)
			assert.Len(t, s.Sent(), 2, o.Name)
			return
		}
		require.ErrorIs(t, err, reset, o.Name)
		require.ErrorIs(t, err, pulumiapi.ErrOutcomeUnknown, o.Name)
		assert.Len(t, s.Sent(), 1, o.Name)
	})
}
