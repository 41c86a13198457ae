package transport

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestIsLeftUnprocessed(t *testing.T) {
	t.Parallel()
	const unrepeated = "http2: Transport: cannot retry err [%s] after Request.Body was written; define Request.GetBody to avoid this error"
	for text, want := range map[string]bool{
		fmt.Sprintf(unrepeated, "stream error: stream ID 1; REFUSED_STREAM; received from peer"):                                                                 true,
		fmt.Sprintf(unrepeated, "http2: Transport received Server's graceful shutdown GOAWAY"):                                                                   true,
		"http2: Transport received GOAWAY from server ErrCode:PROTOCOL_ERROR":                                                                                    true,
		"http2: client conn could not be established":                                                                                                            true,
		"net/http: cannot rewind body after connection loss":                                                                                                     true,
		fmt.Sprintf(unrepeated, "stream error: stream ID 1; PROTOCOL_ERROR; received from peer"):                                                                 false,
		fmt.Sprintf(unrepeated, "stream error: stream ID 1; PROTOCOL_ERROR; REFUSED_STREAM; received from peer"):                                                 false,
		fmt.Sprintf(unrepeated, "something else; REFUSED_STREAM; received from peer"):                                                                            false,
		"http2: server sent GOAWAY and closed the connection; LastStreamID=1, ErrCode=NO_ERROR, debug=\"http2: Transport received GOAWAY from server ErrCode:\"": false,
		"stream error: stream ID 1; PROTOCOL_ERROR; received from peer":                                                                                          false,
		"EOF": false,
	} {
		err := errors.New(text)
		assert.Equal(t, want, isLeftUnprocessed(err), "isLeftUnprocessed(%s)", text)
		assert.Equal(t, want, isLeftUnprocessed(&url.Error{Op: "Post", URL: "/", Err: err}), "isLeftUnprocessed of a url.Error with %s", text)
	}
	assert.False(t, isLeftUnprocessed(nil), "isLeftUnprocessed(nil)")
}

// What a user's transport sends after a response is its own decision: only net/http's
// repetitions end an attempt.
func TestClient_Do_UsersTransportAuthenticates(t *testing.T) {
	t.Parallel()
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
					_, _ = io.Copy(io.Discard, r.Body)
					if r.Header.Get("X-Proof") == "" {
						w.WriteHeader(http.StatusProxyAuthRequired)
					}
				})
				transport := roundTripper(func(req *http.Request) (*http.Response, error) {
					resp, err := s.transport.RoundTrip(req)
					if err != nil || resp.StatusCode != http.StatusProxyAuthRequired {
						return resp, err
					}
					_ = resp.Body.Close()
					again := req.Clone(req.Context())
					again.Header.Set("X-Proof", "yes")
					if again.Body != nil {
						again.Body = io.NopCloser(strings.NewReader("hello"))
					}
					return s.transport.RoundTrip(again)
				})
				body := Body{}
				if method == http.MethodPost {
					body = BytesBody([]byte("hello"))
				}
				call := newCall(t.Context(), t, method, "/stacks", body)
				outcome, err := newClient(t, transport).Do(call.Call)
				require.NoError(t, err, "%s", call)
				assert.Equal(t, Outcome{Attempts: 1}, outcome, "%s: the outcome", call)
			})
		})
	}
}

// net/http has no limit for interim responses if there is a hook for them.
func TestClient_Do_InterimResponsesWithoutEnd(t *testing.T) {
	t.Parallel()
	for name, interim := range map[string]string{
		"many": "HTTP/1.1 103 Early Hints\r\n\r\n",
		"long": "HTTP/1.1 103 Early Hints\r\nLink: </" + strings.Repeat("a", 100<<10) + ">\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var sent atomic.Int64
				s := newServer(t, hijacked(func(conn net.Conn) {
					for sent.Load() < 1<<20 {
						n, err := io.WriteString(conn, interim)
						sent.Add(int64(n))
						if err != nil {
							return
						}
					}
				}))
				call := get(t)
				_, err := newClient(t, roundTripper(s.transport.RoundTrip), withRetry(RetryPolicy{MaxAttempts: 1})).Do(call.Call)
				require.ErrorIs(t, err, errInterim, "%s", call)
				assert.Less(t, sent.Load(), int64(256<<10), "%s: bytes that were read", call)
			})
		})
	}
}

// fakeConn is a connection that only knows what was negotiated for it.
type fakeConn struct {
	net.Conn
	protocol string
	isClosed bool
}

func (c *fakeConn) ConnectionState() tls.ConnectionState {
	return tls.ConnectionState{NegotiatedProtocol: c.protocol}
}

func (c *fakeConn) Close() error {
	c.isClosed = true
	return nil
}

// net/http writes a request over HTTP/1.1 even if its context has ended, unless the
// connection is closed. Over HTTP/2, the connection belongs to other requests, too.
func TestSendOnce_ClosesOnlyConnectionsOfHTTP1(t *testing.T) {
	t.Parallel()
	for protocol, want := range map[string]bool{"": true, "http/1.1": true, "h2": false} {
		call := get(t)
		var ended error
		once := &sendOnce{cancel: func(cause error) { ended = cause }}
		trace := once.begin(&state{call: call.Call}, new(guard), call.Request)
		first, second := &fakeConn{protocol: protocol}, &fakeConn{protocol: protocol}

		trace.GotConn(httptrace.GotConnInfo{Conn: first})
		trace.GotConn(httptrace.GotConnInfo{Conn: first})
		require.NoError(t, ended, "%q: another connection before the header is written", protocol)
		trace.WroteHeaders()
		require.NoError(t, ended, "%q: the header is written", protocol)
		trace.GotConn(httptrace.GotConnInfo{Conn: second})
		require.ErrorIs(t, ended, errSentAgain, "%q: another connection", protocol)
		assert.False(t, first.isClosed, "%q: the first connection is closed", protocol)
		assert.Equal(t, want, second.isClosed, "%q: the second connection is closed", protocol)
		trace.GotConn(httptrace.GotConnInfo{}) // a transport that names none
	}
}
