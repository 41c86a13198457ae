package transport

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"sync/atomic"
)

// net/http sends some requests again by itself, although the server may have
// processed them: over HTTP/1.1 a GET, or a request with an Idempotency-Key, if a
// connection breaks that was used before; over HTTP/2, up to seven times, every
// request whose stream the server resets with PROTOCOL_ERROR. Here, the hooks of
// httptrace notice it and end the attempt, whose outcome is then unknown. The retry
// loop decides whether there is another one, counts it, and pays for it.

// errSentAgain ends an attempt that net/http is about to send again. net/http does not
// say why.
var errSentAgain = errors.New("no response: the connection or the stream ended after the request was sent")

// sendOnce ends a hop of an attempt when net/http is about to send its request again.
// Each hop of a redirect has its own, because the hooks of an earlier hop may still be
// called.
type sendOnce struct {
	st     *state
	guard  *guard
	cancel func(cause error) // set before the request is sent

	trace        httptrace.ClientTrace
	isReplayable bool        // net/http sends the request again over HTTP/1.1
	usesHTTP1    atomic.Bool // the connection that the request got last
	wroteHeaders atomic.Bool // on that connection
	answered     atomic.Bool // with more than interim responses; only if the user's transport may care
	interim      atomic.Int64
}

// maxInterim is how long all interim responses to a request may be. net/http has no
// limit if there is a hook for them.
const maxInterim = 64 << 10

var errInterim = errors.New("too many interim responses")

// begin prepares for a request, and returns the hooks.
func (s *sendOnce) begin(st *state, g *guard, req *http.Request) *httptrace.ClientTrace {
	s.st, s.guard, s.isReplayable = st, g, isReplayable(req)
	s.trace = httptrace.ClientTrace{GetConn: s.getConn, GotConn: s.gotConn, WroteHeaders: s.onWroteHeaders}
	if !g.isNetHTTP {
		s.trace.GotFirstResponseByte, s.trace.Got1xxResponse = s.gotResponse, s.gotInterim
	}
	return &s.trace
}

func (s *sendOnce) getConn(string) {
	s.st.askedForConn.Store(true)
	s.st.hasConn.Store(false)
	s.endsHere()
}

func (s *sendOnce) gotConn(info httptrace.GotConnInfo) {
	if s.endsHere() {
		closeUnshared(info.Conn)
	}
	http1 := s.guard.isHTTP1(info.Conn)
	s.usesHTTP1.Store(http1)
	if http1 {
		s.guard.usesHTTP1.Store(true)
	}
	s.st.gotConn.Store(true)
	s.st.hasConn.Store(true)
}

func (s *sendOnce) onWroteHeaders() {
	if s.wroteHeaders.Swap(true) && !s.answered.Load() {
		s.cancel(errSentAgain)
	}
}

func (s *sendOnce) gotResponse() { s.answered.Store(true) }

// gotInterim is called for a response with a status 1xx, after GotFirstResponseByte.
func (s *sendOnce) gotInterim(_ int, header textproto.MIMEHeader) error {
	s.answered.Store(false)
	size := len("HTTP/1.1 103 \r\n\r\n")
	for name, values := range header {
		for _, value := range values {
			size += len(name) + len(value) + len(": \r\n")
		}
	}
	if s.interim.Add(int64(size)) > maxInterim {
		return errInterim
	}
	return nil
}

// endsHere is called when the request is about to be sent on another connection. It
// reports whether it must not be, and then ends the attempt.
func (s *sendOnce) endsHere() bool {
	switch {
	case !s.wroteHeaders.Load():
		return false
	case s.answered.Load():
		// The user's transport sends another request after a response: it
		// authenticates, for example.
	case s.usesHTTP1.Load() && !s.isReplayable:
		// What was written stayed in net/http's buffer, as the connection was
		// already broken. In no other case does it send such a request again.
	default:
		s.cancel(errSentAgain)
		return true
	}
	s.wroteHeaders.Store(false)
	s.answered.Store(false)
	return false
}

// getBody returns the GetBody of a request that net/http sends. Most have none, so
// that net/http can't send the request again: over HTTP/2, its error then tells why it
// would have done so (isLeftUnprocessed). Redirects do not need it.
func (s *sendOnce) getBody(open func() (io.ReadCloser, error)) func() (io.ReadCloser, error) {
	if s.isReplayable || !s.guard.usesHTTP1.Load() {
		return nil
	}
	return func() (io.ReadCloser, error) {
		if s.wroteHeaders.Load() && !s.usesHTTP1.Load() {
			return nil, errSentAgain
		}
		return open()
	}
}

// isReplayable reports whether net/http sends the request again over HTTP/1.1, even if
// the server may have processed it. See the documentation of http.Transport.
func isReplayable(req *http.Request) bool {
	switch req.Method {
	case "", http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return true
	}
	_, hasKey := req.Header["Idempotency-Key"]
	_, hasOldKey := req.Header["X-Idempotency-Key"]
	return hasKey || hasOldKey
}

// isHTTP1 reports whether it is certain that requests are sent on conn over HTTP/1.1.
func (g *guard) isHTTP1(conn net.Conn) bool {
	protocol, isSecure := negotiated(conn)
	if isSecure {
		return protocol != protocolHTTP2
	}
	return g.plainIsHTTP1
}

// closeUnshared closes a connection that net/http is about to use for a request whose
// context has ended. Over HTTP/1.1, net/http would write the request. Over HTTP/2 it
// does not, and other requests use the connection too.
func closeUnshared(conn net.Conn) {
	if protocol, _ := negotiated(conn); protocol != protocolHTTP2 && conn != nil {
		_ = conn.Close()
	}
}

const protocolHTTP2 = "h2"

// negotiated returns the protocol that was negotiated for a TLS connection, and
// whether conn is one.
func negotiated(conn net.Conn) (protocol string, isSecure bool) {
	secure, isSecure := conn.(interface{ ConnectionState() tls.ConnectionState })
	if !isSecure {
		return "", false
	}
	return secure.ConnectionState().NegotiatedProtocol, true
}

// isNetHTTP reports whether the transport is net/http's, without anything of the user's
// around it, and whether it is certain that it uses HTTP/1.1 where there is no TLS.
func isNetHTTP(transport http.RoundTripper) (is, isPlainHTTP1 bool) {
	t, is := transport.(*http.Transport)
	return is, is && (t.Protocols == nil || !t.Protocols.UnencryptedHTTP2())
}

// isLeftUnprocessed reports whether err says that the server did not process the
// request: it was not sent, the server refused the stream, or a GOAWAY excludes it (RFC
// 9113, sections 6.8 and 8.7). Often only the text of net/http's error says so. If a
// newer net/http says it differently, the outcome is unknown.
func isLeftUnprocessed(err error) bool {
	if err == nil {
		return false
	}
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	switch text := err.Error(); text {
	case "http2: client conn could not be established",
		// A body without GetBody was opened for a connection that was then not usable.
		"net/http: cannot rewind body after connection loss":
		return true
	default:
		return strings.HasPrefix(text, "http2: Transport received GOAWAY from server ErrCode:") || isUnprocessedReason(text)
	}
}

// isUnprocessedReason is isLeftUnprocessed for the text of an error that net/http
// returns where it would have sent a request again, but has no GetBody.
func isUnprocessedReason(text string) bool {
	reason, found := strings.CutPrefix(text, "http2: Transport: cannot retry err [")
	if !found {
		return false
	}
	if strings.HasPrefix(reason, "http2: Transport received Server's graceful shutdown GOAWAY]") {
		return true
	}
	stream, isReset := strings.CutPrefix(reason, "stream error: stream ID ")
	_, code, _ := strings.Cut(stream, "; ")
	return isReset && strings.HasPrefix(code, "REFUSED_STREAM; received from peer]")
}
