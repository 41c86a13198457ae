package transport

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestClient_Do_RetriesByStatus(t *testing.T) {
	t.Parallel()
	tests := []struct {
		status    int
		retried   bool // if the call is idempotent
		uncertain bool
	}{
		{400, false, false},
		{401, false, false},
		{403, false, false},
		{404, false, false},
		{408, false, true},
		{409, false, false},
		{422, false, false},
		{429, true, true},
		{500, true, true},
		{501, false, true},
		{502, true, true},
		{503, true, true},
		{504, true, true},
		{599, true, true},
	}
	for _, tt := range tests {
		for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete, http.MethodPost, http.MethodPatch} {
			t.Run(fmt.Sprintf("%s %d", method, tt.status), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					call := newCall(t.Context(), t, method, "/stacks", Body{})
					throttled := tt.status == http.StatusTooManyRequests
					outcome, err := newClient(t, script(answer(tt.status, ""), answer(http.StatusOK, ""))).Do(call.Call)
					if tt.retried && call.Idempotent {
						require.NoError(t, err, "%s answered %d, 200", call, tt.status)
						assert.Equal(t, []int{tt.status, 200}, call.answers, "%s: the answers", call)
						assert.Equal(t, []Outcome{{Attempts: 1}, {Attempts: 2, Uncertain: tt.uncertain, OnlyThrottled: throttled}}, call.sofar,
							"%s answered %d, 200: what is known at each answer", call, tt.status)
						assert.Equal(t, Outcome{Attempts: 2, Uncertain: tt.uncertain, OnlyThrottled: throttled}, outcome,
							"%s answered %d, 200: the outcome", call, tt.status)
						return
					}
					requireStatus(t, tt.status, err, call)
					assert.Equal(t, Outcome{Attempts: 1, Uncertain: tt.uncertain, OnlyThrottled: throttled, Transient: tt.retried}, outcome,
						"%s answered %d: the outcome", call, tt.status)
				})
			})
		}
	}
}

// A POST that only reads is marked as such.
func TestClient_Do_RetriesAPostThatReads(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, nth(status(http.StatusServiceUnavailable, ""), func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(w, r.Body)
		}))
		call := post(t)
		call.Idempotent = true
		outcome, err := newClient(t, s.transport).Do(call.Call)
		require.NoError(t, err, "%s", call)
		assert.Equal(t, 2, outcome.Attempts, "%s: attempts", call)
		assert.JSONEq(t, `{"name":"web"}`, call.body, "%s: the body of the second attempt", call)
	})
}

func TestClient_Do_GivesUpAfterMaxAttempts(t *testing.T) {
	t.Parallel()
	for _, attempts := range []int{0, 1, 2, 5} {
		t.Run(fmt.Sprint(attempts), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var seen []Attempt
				transport := httpmock.NewMockTransport()
				transport.RegisterNoResponder(answer(http.StatusServiceUnavailable, "busy"))
				call := get(t)
				policy := RetryPolicy{MaxAttempts: attempts, MinWait: time.Second, MaxWait: time.Minute, Budget: -1}
				outcome, err := newClient(t, transport, withRetry(policy), withAttempts(&seen)).Do(call.Call)
				requireStatus(t, http.StatusServiceUnavailable, err, call)
				want := max(attempts, 1)
				assert.Equal(t, Outcome{Attempts: want, Uncertain: true, Transient: true}, outcome, "%s: the outcome", call)
				assert.Equal(t, want, transport.GetTotalCallCount(), "%s: requests sent", call)
				assert.Len(t, seen, want, "%s: attempts observed", call)
			})
		})
	}
}

// What is known of a write does not get better by what comes later.
func TestClient_Do_UncertaintyStays(t *testing.T) {
	t.Parallel()
	refused := failure(&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED})
	tests := []struct {
		name    string
		answers []httpmock.Responder
		want    Outcome
	}{
		{"refused with a status", []httpmock.Responder{answer(404, "")}, Outcome{Attempts: 1}},
		{"503, then refused", []httpmock.Responder{answer(503, ""), answer(404, "")}, Outcome{Attempts: 2, Uncertain: true}},
		{"429, then refused", []httpmock.Responder{answer(429, ""), answer(404, "")}, Outcome{Attempts: 2, Uncertain: true, OnlyThrottled: true}},
		{"429 twice, then refused", []httpmock.Responder{answer(429, ""), answer(429, ""), answer(404, "")}, Outcome{Attempts: 3, Uncertain: true, OnlyThrottled: true}},
		{"429, then 503, then refused", []httpmock.Responder{answer(429, ""), answer(503, ""), answer(404, "")}, Outcome{Attempts: 3, Uncertain: true}},
		{"no answer, then 429, then refused", []httpmock.Responder{failure(errBroken), answer(429, ""), answer(404, "")}, Outcome{Attempts: 3, Uncertain: true}},
		{"no answer, then refused", []httpmock.Responder{failure(errBroken), answer(404, "")}, Outcome{Attempts: 2, Uncertain: true}},
		{"no answer, then no connection", []httpmock.Responder{failure(errBroken), refused, answer(404, "")}, Outcome{Attempts: 3, Uncertain: true}},
		{"no connection, then refused", []httpmock.Responder{refused, answer(404, "")}, Outcome{Attempts: 2}},
		{"no connection at all", []httpmock.Responder{refused, refused, refused, refused}, Outcome{Attempts: 4, Transient: true}},
		{"no connection, then 503, then refused", []httpmock.Responder{refused, answer(503, ""), answer(404, "")}, Outcome{Attempts: 3, Uncertain: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				call := newCall(t.Context(), t, http.MethodDelete, "/stacks", Body{})
				outcome, err := newClient(t, script(tt.answers...)).Do(call.Call)
				require.Error(t, err, "%s", call)
				assert.Equal(t, tt.want, outcome, "%s: the outcome", call)
				if n := len(call.sofar); n > 0 {
					assert.Equal(t, tt.want, call.sofar[n-1], "%s: what is known at the last answer", call)
				}
			})
		})
	}
}

// A handler may take a refusal for a success: a DELETE does, of a 404 after an
// attempt whose outcome is unknown.
func TestClient_Do_HandlerMakesASuccessOfARefusal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		call := newCall(t.Context(), t, http.MethodDelete, "/stacks", Body{})
		handle := call.Handle
		call.Handle = func(resp *http.Response, sofar Outcome) error {
			if resp.StatusCode == http.StatusNotFound && sofar.Uncertain {
				Discard(resp)
				return nil
			}
			return handle(resp, sofar)
		}
		outcome, err := newClient(t, script(answer(502, ""), answer(404, ""))).Do(call.Call)
		require.NoError(t, err, "%s", call)
		assert.Equal(t, Outcome{Attempts: 2, Uncertain: true}, outcome, "%s: the outcome", call)
	})
}

// Failures without an answer.

func TestClient_Do_RetriesAnyMethodThatWasNotWritten(t *testing.T) {
	t.Parallel()
	bodies := map[string]func() Body{
		"no body":     func() Body { return Body{} },
		"bytes":       func() Body { return BytesBody([]byte("hello")) },
		"seeker":      func() Body { return ReaderBody(strings.NewReader("hello")) },
		"once reader": func() Body { return ReaderBody(io.MultiReader(strings.NewReader("hello"))) },
	}
	for name, body := range bodies {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newServer(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })
				s.refuse = 3
				call := newCall(t.Context(), t, http.MethodPost, "/stacks", body())
				outcome, err := newClient(t, s.transport).Do(call.Call)
				require.NoError(t, err, "%s", call)
				assert.Equal(t, Outcome{Attempts: 4}, outcome, "%s: the outcome", call)
				if name != "no body" {
					assert.Equal(t, "hello", call.body, "%s: the body that arrived", call)
				}
				assert.Equal(t, []string{"POST /cloud/stacks"}, s.seen(), "%s: what arrived", call)
			})
		})
	}
	t.Run("until attempts run out", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			transport := &http.Transport{DialContext: newNetwork().dial}
			call := post(t)
			outcome, err := newClient(t, transport).Do(call.Call)
			require.ErrorIs(t, err, syscall.ECONNREFUSED, "%s", call)
			assert.Equal(t, Outcome{Attempts: 4, Transient: true}, outcome, "%s: the outcome", call)
		})
	})
}

func TestClient_Do_ConnectionBrokeAfterTheRequestWasWritten(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		call   func(*testing.T) *testCall
		resent bool
	}{
		{"read", get, true},
		{"write", post, false},
	}
	breaks := map[string]func(*server){
		"hung up": func(*server) {},
		"reset": func(s *server) {
			s.wrap = func(dial int, conn net.Conn) net.Conn {
				if dial == 1 {
					return &resetConn{Conn: conn}
				}
				return conn
			}
		},
	}
	for _, tt := range tests {
		for name, prepare := range breaks {
			t.Run(tt.name+", "+name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := newServer(t, nth(hangUp, status(http.StatusOK, "hello")))
					prepare(s)
					call := tt.call(t)
					outcome, err := newClient(t, s.transport).Do(call.Call)
					if tt.resent {
						require.NoError(t, err, "%s", call)
						assert.Equal(t, Outcome{Attempts: 2, Uncertain: true}, outcome, "%s: the outcome", call)
						return
					}
					require.Error(t, err, "%s", call)
					assert.Equal(t, Outcome{Attempts: 1, Uncertain: true, Transient: true}, outcome, "%s: the outcome", call)
					synctest.Wait()
					assert.LessOrEqual(t, len(s.seen()), 1, "%s: what arrived: %v", call, s.seen())
				})
			})
		}
	}
}

// On a connection that has been used before, net/http would try again by itself
// what it takes for harmless.
func TestClient_Do_WriteOnAUsedConnectionIsNotResent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, nth(status(http.StatusOK, ""), hangUp, status(http.StatusOK, "")))
		client := newClient(t, s.transport)
		first, second := get(t), post(t)
		_, err := client.Do(first.Call)
		require.NoError(t, err, "%s", first)
		outcome, err := client.Do(second.Call)
		require.Error(t, err, "%s", second)
		assert.Equal(t, Outcome{Attempts: 1, Uncertain: true, Transient: true}, outcome, "%s: the outcome", second)
		assert.Equal(t, []string{"GET /cloud/stacks", "POST /cloud/stacks"}, s.seen(), "%s: what arrived", second)
	})
}

// A transport that tells httptrace nothing is believed where it could not connect.
func TestClient_Do_TransportWithoutTrace(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		err   error
		known bool
	}{
		{"could not connect", &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, true},
		{"could not connect, wrapped", fmt.Errorf("sending: %w", &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}), true},
		{"no such host", &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host"}}, true},
		{"read", &net.OpError{Op: "read", Err: syscall.ECONNRESET}, false},
		{"write", &net.OpError{Op: "write", Err: syscall.EPIPE}, false},
		{"end of file", io.EOF, false},
		{"connection refused, but by whom", syscall.ECONNREFUSED, false},
		{"anything", errBroken, false},
		{"timeout", os.ErrDeadlineExceeded, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				call := post(t)
				outcome, err := newClient(t, script(failure(tt.err), answer(http.StatusOK, ""))).Do(call.Call)
				if tt.known {
					require.NoError(t, err, "%s", call)
					assert.Equal(t, Outcome{Attempts: 2}, outcome, "%s: the outcome", call)
				} else {
					require.ErrorIs(t, err, tt.err, "%s", call)
					assert.Equal(t, Outcome{Attempts: 1, Uncertain: true, Transient: true}, outcome, "%s: the outcome", call)
				}
				// A read doesn't care.
				call = get(t)
				_, err = newClient(t, script(failure(tt.err), answer(http.StatusOK, ""))).Do(call.Call)
				require.NoError(t, err, "%s", call)
			})
		})
	}
}

// What is known of an attempt does not come from the one before it.
func TestClient_Do_ForgetsTheAttemptBefore(t *testing.T) {
	t.Parallel()
	t.Run("that did not connect", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			unreachable := &http.Transport{DialContext: newNetwork().dial}
			attempts := 0
			call := post(t)
			outcome, err := newClient(t, roundTripper(func(req *http.Request) (*http.Response, error) {
				attempts++
				if attempts == 1 {
					return unreachable.RoundTrip(req)
				}
				return nil, errBroken // of a transport that says nothing
			})).Do(call.Call)
			require.ErrorIs(t, err, errBroken, "%s", call)
			assert.Equal(t, Outcome{Attempts: 2, Uncertain: true, Transient: true}, outcome, "%s: the outcome", call)
		})
	})
	t.Run("that was cut off", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			s := newServer(t, nth(raw("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"), status(http.StatusOK, "hello")))
			call := get(t)
			call.Handle = func(resp *http.Response, sofar Outcome) error {
				return errors.Join(call.handle(resp, sofar), errBroken)
			}
			outcome, err := newClient(t, s.transport).Do(call.Call)
			require.ErrorIs(t, err, errBroken, "%s", call)
			assert.Equal(t, "hello", call.body, "%s: the answer", call)
			assert.Equal(t, 2, outcome.Attempts, "%s: attempts", call)
		})
	})
}

// TLS.

func TestClient_Do_AnswerCutOff(t *testing.T) {
	t.Parallel()
	compressed := func(data []byte) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			w.Header().Set("Content-Length", fmt.Sprint(len(data)))
			_, _ = w.Write(data)
		}
	}
	zipped := zip(t, strings.Repeat("the quick brown fox ", 100))
	wrongSum := append([]byte(nil), zipped...)
	wrongSum[len(wrongSum)-8] ^= 0xff // the checksum
	wrongData := append([]byte(nil), zipped...)
	wrongData[10] ^= 0xff // the first block's header
	const head = "HTTP/1.1 200 OK\r\n"

	tests := []struct {
		name  string
		first http.HandlerFunc
		reset int // the connection breaks after so many bytes; 0: it doesn't
	}{
		{"shorter than its Content-Length", raw(head + "Content-Length: 10\r\n\r\nhello"), 0},
		{"handler that writes too little", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "10")
			_, _ = io.WriteString(w, "hello")
		}, 0},
		{"no chunk at all", raw(head + "Transfer-Encoding: chunked\r\n\r\n"), 0},
		{"no last chunk", raw(head + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"), 0},
		{"half a chunk", raw(head + "Transfer-Encoding: chunked\r\n\r\n5\r\nhe"), 0},
		{"garbage for a chunk", raw(head + "Transfer-Encoding: chunked\r\n\r\nhello"), 0},
		{"handler that aborts", func(w http.ResponseWriter, _ *http.Request) {
			send(w, "hello")
			panic(http.ErrAbortHandler)
		}, 0},
		{"half a header", raw(head + "Content-Le"), 0},
		{"garbage for a header", raw("hello\r\n\r\n"), 0},
		{"reset in the header", raw(head + "Content-Length: 10\r\n\r\nhello"), 10},
		{"reset before the body", raw(head + "Content-Length: 10\r\n\r\nhello"), len(head) + 22},
		{"reset in the body", raw(head + "Content-Length: 10\r\n\r\nhello"), len(head) + 25},
		{"gzip, wrong checksum", compressed(wrongSum), 0},
		{"gzip, wrong data", compressed(wrongData), 0},
		{"gzip, truncated", compressed(zipped[:len(zipped)/2]), 0},
		{"gzip, truncated in its header", compressed(zipped[:5]), 0},
		{"gzip, truncated in its trailer", compressed(zipped[:len(zipped)-3]), 0},
		{"gzip that is plain text", compressed([]byte("this is not what it says")), 0},
		{"gzip that is short plain text", compressed([]byte("no")), 0},
	}
	// These break before the status is known to be a success.
	heads := []string{"half a header", "garbage for a header", "reset in the header"}
	for _, tt := range tests {
		succeeded := !slices.Contains(heads, tt.name)
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			t.Run(method+" "+tt.name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := newServer(t, nth(tt.first, status(http.StatusOK, "hello")))
					s.wrap = func(dial int, conn net.Conn) net.Conn {
						if dial == 1 && tt.reset > 0 {
							return &resetConn{Conn: conn, left: tt.reset}
						}
						return conn
					}
					call := newCall(t.Context(), t, method, "/stacks", Body{})
					outcome, err := newClient(t, s.transport).Do(call.Call)
					if call.Idempotent {
						require.NoError(t, err, "%s", call)
						assert.Equal(t, "hello", call.body, "%s: the answer", call)
						assert.Equal(t, Outcome{Attempts: 2, Uncertain: !succeeded, Succeeded: succeeded}, outcome, "%s: the outcome", call)
						return
					}
					require.Error(t, err, "%s", call)
					assert.Equal(t, Outcome{Attempts: 1, Uncertain: !succeeded, Succeeded: succeeded, Transient: true}, outcome, "%s: the outcome", call)
					assert.Equal(t, []string{"POST /cloud/stacks"}, s.seen(), "%s: what arrived", call)
				})
			})
		}
	}
}

// A refusal that was cut off is a refusal.
func TestClient_Do_RefusalCutOff(t *testing.T) {
	t.Parallel()
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newServer(t, raw("HTTP/1.1 404 Not Found\r\nContent-Length: 10\r\n\r\nhello"))
				call := newCall(t.Context(), t, method, "/stacks", Body{})
				outcome, err := newClient(t, s.transport).Do(call.Call)
				requireStatus(t, http.StatusNotFound, err, call)
				require.ErrorContains(t, err, "hello", "%s", call)
				assert.Equal(t, Outcome{Attempts: 1}, outcome, "%s: the outcome", call)
			})
		})
	}
}

func TestClient_Do_HandlerErrors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		err     error
		retried bool
		foreign bool
	}{
		{"JSON that ends too early", fmt.Errorf("decoding: %w", io.ErrUnexpectedEOF), true, false},
		{"JSON of another form", errBroken, false, false},
		{"another server's page", Foreign(errBroken), false, true},
		{"another server's page, wrapped", fmt.Errorf("reading: %w", Foreign(errBroken)), false, true},
		{"permanent", Permanent(io.ErrUnexpectedEOF), false, false},
		{"permanent, wrapped", fmt.Errorf("copying: %w", Permanent(io.ErrUnexpectedEOF)), false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				call := get(t)
				call.Handle = func(resp *http.Response, sofar Outcome) error {
					Discard(resp)
					if sofar.Attempts == 1 {
						return tt.err
					}
					return nil
				}
				outcome, err := newClient(t, script(answer(http.StatusOK, ""), answer(http.StatusOK, ""))).Do(call.Call)
				if tt.retried {
					require.NoError(t, err, "%s", call)
					assert.Equal(t, 2, outcome.Attempts, "%s: attempts", call)
					return
				}
				require.ErrorIs(t, err, tt.err, "%s", call)
				assert.Equal(t, tt.err.Error(), err.Error(), "%s: the error's text", call)
				assert.Equal(t, Outcome{Attempts: 1, Uncertain: tt.foreign, Succeeded: !tt.foreign}, outcome, "%s: the outcome", call)
			})
		})
	}
}

// Also a 503, and also a broken wire, when a part is in the caller's hands.
func TestClient_Do_PermanentErrorIsNotRetried(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for name, first := range map[string]http.HandlerFunc{
			"503":     status(http.StatusServiceUnavailable, ""),
			"cut off": raw("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"),
		} {
			s := newServer(t, first)
			call := get(t)
			handle := call.Handle
			call.Handle = func(resp *http.Response, sofar Outcome) error { return Permanent(handle(resp, sofar)) }
			outcome, err := newClient(t, s.transport).Do(call.Call)
			require.Error(t, err, "%s, %s", call, name)
			assert.Equal(t, 1, outcome.Attempts, "%s, %s: attempts", call, name)
		}
	})
}

func TestPermanent_KeepsTheError(t *testing.T) {
	t.Parallel()
	err := Permanent(errBroken)
	require.ErrorIs(t, err, errBroken, "Permanent(%v)", errBroken)
	assert.Equal(t, errBroken.Error(), err.Error(), "Permanent(%v): the text", errBroken)
}
