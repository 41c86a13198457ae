package transport

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync/atomic"
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

func TestClient_Do_TLS(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		certificate, roots := newCertificate(t, "api.test")
		other, _ := newCertificate(t, "other.test")
		tests := []struct {
			name     string
			server   func(*tls.Config)
			client   *tls.Config
			attempts int
			check    func(*testing.T, error)
		}{
			{"unknown authority", nil, &tls.Config{}, 1, func(t *testing.T, err error) {
				t.Helper()
				var unknown x509.UnknownAuthorityError
				require.ErrorAs(t, err, &unknown, "Do, unknown authority")
			}},
			{
				"other name", func(c *tls.Config) { c.Certificates = []tls.Certificate{other} },
				&tls.Config{RootCAs: roots}, 1, func(t *testing.T, err error) {
					t.Helper()
					var invalid *tls.CertificateVerificationError
					require.ErrorAs(t, err, &invalid, "Do, other name")
				},
			},
			{
				"no common version", func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 },
				&tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS13}, 4, func(t *testing.T, err error) {
					t.Helper()
					require.ErrorContains(t, err, "version", "Do, no common version")
				},
			},
			{"trusted", nil, &tls.Config{RootCAs: roots}, 1, func(t *testing.T, err error) {
				t.Helper()
				require.NoError(t, err, "Do, trusted")
			}},
		}
		for _, tt := range tests {
			config := &tls.Config{Certificates: []tls.Certificate{certificate}}
			if tt.server != nil {
				tt.server(config)
			}
			s := newServer(t, status(http.StatusOK, ""))
			s.serveOn(t, tls.NewListener(s.listen("api.test:443"), config), s.record(status(http.StatusOK, "")))
			s.transport.TLSClientConfig = tt.client
			call := post(t)
			call.Request.URL.Scheme = "https"
			client := newClient(t, s.transport, func(c *Config) { c.Base = parseURL(t, "https://api.test/cloud") })
			outcome, err := client.Do(call.Call)
			tt.check(t, err)
			assert.Equal(t, Outcome{Attempts: tt.attempts, Transient: tt.attempts > 1}, outcome, "%s, %s: the outcome", call, tt.name)
			assert.Len(t, s.dials(), tt.attempts, "%s, %s: connections", call, tt.name)
		}
	})
}

// A server that speaks no TLS will not learn it within the retries.
func TestClient_Do_PlainServerBehindHTTPSIsNotRetried(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, status(http.StatusOK, ""))
		s.serveOn(t, s.listen("api.test:443"), s.record(status(http.StatusOK, "")))
		call := get(t)
		call.Request.URL.Scheme = "https"
		outcome, err := newClient(t, s.transport).Do(call.Call)
		require.ErrorIs(t, err, http.ErrSchemeMismatch, "%s", call)
		assert.Equal(t, Outcome{Attempts: 1}, outcome, "%s: the outcome", call)
	})
}

func TestClient_Do_OverHTTP2(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		certificate, roots := newCertificate(t, "api.test")
		s := newServer(t, status(http.StatusOK, ""))
		config := &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: []string{"h2"}}
		var protocols [3]atomic.Int32
		s.serveOn(t, tls.NewListener(s.listen("api.test:443"), config), s.record(nth(
			func(_ http.ResponseWriter, r *http.Request) {
				protocols[r.ProtoMajor].Add(1)
				panic(http.ErrAbortHandler) // resets the stream
			},
			func(w http.ResponseWriter, r *http.Request) {
				protocols[r.ProtoMajor].Add(1)
				_, _ = io.Copy(w, r.Body)
			})))
		s.transport.TLSClientConfig = &tls.Config{RootCAs: roots}
		s.refuse = 1
		client := newClient(t, s.transport, withStall,
			func(c *Config) { c.Base = parseURL(t, "https://api.test/cloud") })

		call := post(t)
		call.Request.URL.Scheme = "https"
		outcome, err := client.Do(call.Call)
		require.Error(t, err, "%s", call)
		assert.Equal(t, Outcome{Attempts: 2, Uncertain: true, Transient: true}, outcome,
			"%s, not connected, then reset: the outcome", call)

		again := post(t)
		again.Request.URL.Scheme = "https"
		outcome, err = client.Do(again.Call)
		require.NoError(t, err, "%s", again)
		assert.Equal(t, Outcome{Attempts: 1}, outcome, "%s: the outcome", again)
		assert.JSONEq(t, `{"name":"web"}`, again.body, "%s: the body", again)
		assert.EqualValues(t, 2, protocols[2].Load(), "%s: requests over HTTP/2", again)
	})
}

// newCertificate returns a server's certificate, and the pool that trusts it.
func newCertificate(t *testing.T, name string) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err, "ecdsa.GenerateKey")
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		DNSNames:     []string{name},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
		IsCA:         true,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	data, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err, "x509.CreateCertificate")
	certificate, err := x509.ParseCertificate(data)
	require.NoError(t, err, "x509.ParseCertificate")
	pool := x509.NewCertPool()
	pool.AddCert(certificate)
	return tls.Certificate{Certificate: [][]byte{data}, PrivateKey: key}, pool
}

// Answers that were cut off.

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

// Waits.

// clock is a transport that notes when it was asked.
type clock struct {
	next  http.RoundTripper
	times []time.Time
}

func (c *clock) RoundTrip(req *http.Request) (*http.Response, error) {
	c.times = append(c.times, time.Now())
	return c.next.RoundTrip(req)
}

func (c *clock) waits() []time.Duration {
	var waits []time.Duration
	for i := range len(c.times) - 1 {
		waits = append(waits, c.times[i+1].Sub(c.times[i]))
	}
	return waits
}

func TestClient_Do_WaitsExponentially(t *testing.T) {
	t.Parallel()
	full := []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 6 * time.Second, 6 * time.Second}
	var longest, shortest [5]time.Duration
	for range 50 {
		synctest.Test(t, func(t *testing.T) {
			transport := httpmock.NewMockTransport()
			transport.RegisterNoResponder(answer(http.StatusBadGateway, ""))
			c := &clock{next: transport}
			call := get(t)
			_, err := newClient(t, c, withRetry(RetryPolicy{MaxAttempts: 6, MinWait: time.Second, MaxWait: 6 * time.Second, Budget: -1})).Do(call.Call)
			requireStatus(t, http.StatusBadGateway, err, call)
			require.Len(t, c.waits(), 5, "%s: waits", call)
			for i, wait := range c.waits() {
				assert.LessOrEqual(t, wait, full[i], "%s: wait %d", call, i+1)
				assert.GreaterOrEqual(t, wait, full[i]/2, "%s: wait %d", call, i+1)
				longest[i] = max(longest[i], wait)
				if shortest[i] == 0 || wait < shortest[i] {
					shortest[i] = wait
				}
			}
		})
	}
	for i := range full {
		assert.Greater(t, longest[i]-shortest[i], full[i]/8, "50 calls: the spread of wait %d", i+1)
	}
}

func TestRetryPolicy_backoff(t *testing.T) {
	t.Parallel()
	const second = time.Second
	tests := []struct {
		policy  RetryPolicy
		attempt int
		want    time.Duration
	}{
		{RetryPolicy{MinWait: second, MaxWait: 30 * second}, 1, second},
		{RetryPolicy{MinWait: second, MaxWait: 30 * second}, 2, 2 * second},
		{RetryPolicy{MinWait: second, MaxWait: 30 * second}, 5, 16 * second},
		{RetryPolicy{MinWait: second, MaxWait: 30 * second}, 6, 30 * second},
		{RetryPolicy{MinWait: second, MaxWait: 30 * second}, 1 << 30, 30 * second},
		{RetryPolicy{MinWait: second, MaxWait: second}, 1, second},
		{RetryPolicy{MinWait: second, MaxWait: second}, 9, second},
		{RetryPolicy{MinWait: 0, MaxWait: 0}, 3, 0},
		{RetryPolicy{MinWait: 1, MaxWait: 1 << 62}, 100, 1 << 62},
	}
	for _, tt := range tests {
		for range 100 {
			got := tt.policy.backoff(tt.attempt)
			assert.LessOrEqual(t, got, tt.want, "%+v.backoff(%d)", tt.policy, tt.attempt)
			assert.GreaterOrEqual(t, got, tt.want/2, "%+v.backoff(%d)", tt.policy, tt.attempt)
		}
	}
}

func TestClient_Do_RetryAfter(t *testing.T) {
	t.Parallel()
	const least, most = testMinWait / 2, testMinWait // the wait without a header
	in := func(d time.Duration) func(time.Time) string {
		return func(now time.Time) string { return now.Add(d).UTC().Format(http.TimeFormat) }
	}
	is := func(text string) func(time.Time) string { return func(time.Time) string { return text } }
	tests := []struct {
		name  string
		value func(now time.Time) string
		least time.Duration
		most  time.Duration
		gives bool // up at once
	}{
		{"none", is(""), least, most, false},
		{"seconds", is("7"), 7 * time.Second, 8 * time.Second, false},
		{"seconds with spaces", is(" 7 "), 7 * time.Second, 8 * time.Second, false},
		{"zero", is("0"), 0, time.Second, false},
		{"as long as MaxWait", is("30"), 30 * time.Second, 31 * time.Second, false},
		{"longer than MaxWait", is("31"), 0, 0, true},
		{"a day", is("86400"), 0, 0, true},
		{"more seconds than a Duration holds", is("9999999999999"), 0, 0, true},
		{"more seconds than an int64 holds", is("99999999999999999999999"), 0, 0, true},
		{"negative", is("-5"), least, most, false},
		{"more negative than an int64 holds", is("-99999999999999999999999"), least, most, false},
		{"garbage", is("soon"), least, most, false},
		{"fraction", is("1.5"), least, most, false},
		{"date", in(9 * time.Second), 9 * time.Second, 10 * time.Second, false},
		{"date in RFC 850", func(now time.Time) string {
			return now.Add(9 * time.Second).UTC().Format("Monday, 02-Jan-06 15:04:05 GMT")
		}, 9 * time.Second, 10 * time.Second, false},
		{"date in the past", in(-time.Hour), 0, time.Second, false},
		{"date after MaxWait", in(31 * time.Second), 0, 0, true},
		{"date in a thousand years", is("Fri, 01 Jan 3000 00:00:00 GMT"), 0, 0, true},
	}
	for _, code := range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable} {
		for _, tt := range tests {
			t.Run(fmt.Sprintf("%d %s", code, tt.name), func(t *testing.T) {
				t.Parallel()
				for range 5 {
					synctest.Test(t, func(t *testing.T) {
						start := time.Now()
						header := make(http.Header)
						if value := tt.value(start); value != "" {
							header.Set("Retry-After", value)
						}
						c := &clock{next: script(answer(code, "busy").HeaderSet(header), answer(http.StatusOK, ""))}
						call := get(t)
						outcome, err := newClient(t, c).Do(call.Call)
						if tt.gives {
							requireStatus(t, code, err, call)
							throttled := code == http.StatusTooManyRequests
							assert.Equal(t, Outcome{Attempts: 1, Uncertain: true, OnlyThrottled: throttled, Transient: true}, outcome, "%s: the outcome", call)
							assert.Zero(t, time.Since(start), "%s: the time it took", call)
							return
						}
						require.NoError(t, err, "%s", call)
						require.Len(t, c.waits(), 1, "%s: waits", call)
						assert.GreaterOrEqual(t, c.waits()[0], tt.least, "%s, Retry-After %q: the wait", call, header.Get("Retry-After"))
						assert.LessOrEqual(t, c.waits()[0], tt.most, "%s, Retry-After %q: the wait", call, header.Get("Retry-After"))
					})
				}
			})
		}
	}
}

const testMinWait = time.Second

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	const year = 365 * 24 * time.Hour
	tests := []struct {
		values []string
		want   time.Duration
		ok     bool
	}{
		{nil, 0, false},
		{[]string{""}, 0, false},
		{[]string{"0"}, 0, true},
		{[]string{"120"}, 2 * time.Minute, true},
		{[]string{"120", "5"}, 2 * time.Minute, true},
		{[]string{"-1"}, 0, false},
		{[]string{"1e3"}, 0, false},
		{[]string{"9223372036854775807"}, year, true},
		{[]string{"9223372036854775808"}, year, true},
		{[]string{"9223372036854775808x"}, 0, false},
		{[]string{"Sun, 01 Mar 2026 12:01:00 GMT"}, time.Minute, true},
		{[]string{"Sun, 01 Mar 2026 11:59:00 GMT"}, 0, true},
		{[]string{"Sun Mar  1 12:01:00 2026"}, time.Minute, true},
		{[]string{"Fri, 31 Dec 9999 23:59:59 GMT"}, year, true},
		{[]string{"2026-03-01T12:01:00Z"}, 0, false},
	}
	for _, tt := range tests {
		got, ok := RetryAfter(http.Header{"Retry-After": tt.values}, now)
		assert.Equal(t, tt.ok, ok, "RetryAfter(%q)", tt.values)
		assert.Equal(t, tt.want, got, "RetryAfter(%q)", tt.values)
	}
}

func TestClient_Do_WaitBeyondTheDeadlineEndsTheCallAtOnce(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		first   httpmock.Responder
		minWait time.Duration
		left    time.Duration
	}{
		{"backoff", answer(http.StatusServiceUnavailable, "busy"), testMinWait, testMinWait / 2},
		{"Retry-After", answer(http.StatusServiceUnavailable, "busy").HeaderSet(http.Header{"Retry-After": {"7"}}), testMinWait, 7 * time.Second},
		{"Retry-After as long as the deadline", answer(http.StatusServiceUnavailable, "busy").HeaderSet(http.Header{"Retry-After": {"7"}}), 0, 7 * time.Second},
		{"no answer", failure(errBroken), testMinWait, testMinWait / 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), tt.left)
				defer cancel()
				call := newCall(ctx, t, http.MethodGet, "/stacks", Body{})
				policy := RetryPolicy{MaxAttempts: 4, MinWait: tt.minWait, MaxWait: time.Minute, Budget: -1}
				outcome, err := newClient(t, script(tt.first), withRetry(policy)).Do(call.Call)
				require.Error(t, err, "%s", call)
				require.NotErrorIs(t, err, context.DeadlineExceeded, "%s", call)
				assert.True(t, outcome.TooLate, "%s: TooLate", call)
				assert.Zero(t, time.Since(start), "%s: the time it took", call)
				assert.Equal(t, 1, outcome.Attempts, "%s: attempts", call)
			})
		})
	}
	t.Run("but a shorter one is waited", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), testMinWait+1)
			defer cancel()
			call := newCall(ctx, t, http.MethodGet, "/stacks", Body{})
			outcome, err := newClient(t, script(answer(503, ""), answer(200, ""))).Do(call.Call)
			require.NoError(t, err, "%s", call)
			assert.Equal(t, 2, outcome.Attempts, "%s: attempts", call)
		})
	})
}

func TestIsMisconfigured(t *testing.T) {
	t.Parallel()
	wrapped := func(err error) error { return &url.Error{Op: "Get", URL: testBase, Err: err} }
	assert.True(t, isMisconfigured(wrapped(&tls.CertificateVerificationError{Err: errBroken})), "isMisconfigured(certificate)")
	assert.True(t, isMisconfigured(wrapped(tls.RecordHeaderError{Msg: "no TLS"})), "isMisconfigured(record header)")
	assert.True(t, isMisconfigured(wrapped(http.ErrSchemeMismatch)), "isMisconfigured(scheme mismatch)")
	assert.False(t, isMisconfigured(wrapped(errors.New("anything else"))), "isMisconfigured(anything else)")
}
