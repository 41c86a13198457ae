package transport

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"
)

const (
	testBase  = "http://api.test/cloud"
	testToken = "tok-0123456789abcdef" // of no known shape
)

var testPolicy = RetryPolicy{MaxAttempts: 4, MinWait: time.Second, MaxWait: 30 * time.Second, Budget: -1}

// network is a network in memory whose connections are pipes: a goroutine that
// waits for a socket keeps the clock of a synctest bubble from advancing.
type network struct {
	mu     sync.Mutex
	hosts  map[string]*host
	dialed []string
	refuse int                                      // so many of the next dials are refused
	wrap   func(dial int, client net.Conn) net.Conn // nil: leave connections alone
}

// host is a net.Listener of a network.
type host struct {
	addr  string
	queue chan net.Conn
	done  chan struct{}
	shut  func()
}

func newNetwork() *network { return &network{hosts: make(map[string]*host)} }

func (n *network) listen(addr string) *host {
	h := &host{addr: addr, queue: make(chan net.Conn), done: make(chan struct{})}
	h.shut = sync.OnceFunc(func() { close(h.done) })
	n.mu.Lock()
	defer n.mu.Unlock()
	n.hosts[addr] = h
	return h
}

func (n *network) dial(ctx context.Context, _, addr string) (net.Conn, error) {
	n.mu.Lock()
	n.dialed = append(n.dialed, addr)
	number, h, wrap, refused := len(n.dialed), n.hosts[addr], n.wrap, n.refuse > 0
	if refused {
		n.refuse--
	}
	n.mu.Unlock()
	if h == nil || refused {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	client, server := net.Pipe()
	select {
	case h.queue <- server:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-h.done:
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	if wrap != nil {
		client = wrap(number, client)
	}
	return client, nil
}

// dials returns the addresses to which connections were opened, in order.
func (n *network) dials() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]string(nil), n.dialed...)
}

func (h *host) Accept() (net.Conn, error) {
	select {
	case conn := <-h.queue:
		return conn, nil
	case <-h.done:
		return nil, net.ErrClosed
	}
}

func (h *host) Close() error {
	h.shut()
	return nil
}

func (h *host) Addr() net.Addr  { return h }
func (h *host) Network() string { return "memory" }
func (h *host) String() string  { return h.addr }

// serve starts a real server at addr, until the test ends. It is for bubbles:
// stopping it takes a second.
func (n *network) serve(t *testing.T, addr string, handler http.Handler) {
	t.Helper()
	n.serveOn(t, n.listen(addr), handler)
}

func (n *network) serveOn(t *testing.T, listener net.Listener, handler http.Handler) {
	t.Helper()
	var running atomic.Int32
	server := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			running.Add(1)
			defer running.Add(-1)
			handler.ServeHTTP(w, r)
		}),
		ErrorLog:          log.New(io.Discard, "", 0),
		ReadHeaderTimeout: 24 * time.Hour,
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener)
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-done
		// A server lingers half a second over a request that it has not read, and
		// a handler for as long as it wants.
		time.Sleep(time.Second)
		for running.Load() > 0 {
			time.Sleep(time.Minute)
		}
	})
}

// server is an http.Server on a network of its own, and what it has seen.
type server struct {
	*network
	transport *http.Transport

	mu       sync.Mutex
	requests []*http.Request
}

// newServer starts a server for testBase's host.
func newServer(t *testing.T, handler http.HandlerFunc) *server {
	t.Helper()
	s := &server{network: newNetwork()}
	s.serve(t, "api.test:80", s.record(handler))
	s.transport = newHTTPTransport(new(load))
	s.transport.Proxy = nil
	s.transport.DialContext = s.dial
	t.Cleanup(s.transport.CloseIdleConnections)
	return s
}

func (s *server) record(handler http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.requests = append(s.requests, r)
		s.mu.Unlock()
		handler(w, r)
	})
}

// seen returns the requests that have reached the server, as "GET /path".
func (s *server) seen() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := make([]string, len(s.requests))
	for i, r := range s.requests {
		seen[i] = r.Method + " " + r.URL.Path
	}
	return seen
}

// nth answers the nth request (from 0) with the nth handler, and further ones
// with the last.
func nth(handlers ...http.HandlerFunc) http.HandlerFunc {
	var (
		mu   sync.Mutex
		next int
	)
	return func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		handler := handlers[min(next, len(handlers)-1)]
		next++
		mu.Unlock()
		handler(w, r)
	}
}

func status(code int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}
}

// hijacked takes the connection away from the server, after the request has
// been read, for what no server would do. It is closed afterwards.
func hijacked(do func(conn net.Conn)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		defer conn.Close()
		do(conn)
	}
}

// raw answers with exactly these bytes, and hangs up.
func raw(answer string) http.HandlerFunc {
	return hijacked(func(conn net.Conn) { _, _ = io.WriteString(conn, answer) })
}

var hangUp = raw("")

// silent reads the request and says nothing until the client is gone.
func silent(_ http.ResponseWriter, r *http.Request) {
	// The server watches the connection only once the body has been read.
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

// startOf sends the start of an answer, and then nothing until the client is gone.
func startOf(code int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(code)
		send(w, body)
		silent(w, r)
	}
}

func send(w http.ResponseWriter, text string) {
	_, _ = io.WriteString(w, text)
	_ = http.NewResponseController(w).Flush()
}

// script returns a transport that gives these answers, in turn.
func script(responders ...httpmock.Responder) *httpmock.MockTransport {
	transport := httpmock.NewMockTransport()
	responder := responders[0]
	for _, next := range responders[1:] {
		responder = responder.Then(next)
	}
	transport.RegisterNoResponder(responder)
	return transport
}

func answer(code int, body string) httpmock.Responder { return httpmock.NewStringResponder(code, body) }
func failure(err error) httpmock.Responder            { return httpmock.NewErrorResponder(err) }

// roundTripper is a user's transport that is a function.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// newClient returns a client for testBase that sends through transport.
func newClient(t *testing.T, transport http.RoundTripper, options ...func(*Config)) *Client {
	t.Helper()
	config := Config{
		HTTP:  &http.Client{Transport: transport},
		Base:  parseURL(t, testBase),
		Retry: testPolicy,
	}
	for _, option := range options {
		option(&config)
	}
	return New(config)
}

func withStall(c *Config) { c.Stall = stall }

func withTimeout(timeout time.Duration) func(*Config) {
	return func(c *Config) { c.HTTP.Timeout = timeout }
}

func withRetry(policy RetryPolicy) func(*Config) { return func(c *Config) { c.Retry = policy } }

// withAttempts keeps what the observer is told.
func withAttempts(into *[]Attempt) func(*Config) {
	return func(c *Config) {
		c.OnAttempt = append(c.OnAttempt, func(_ context.Context, a Attempt) { *into = append(*into, a) })
	}
}

func parseURL(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	require.NoError(t, err, "url.Parse(%q)", text)
	return u
}

// testCall is a call that reads its answer as the package's own calls do, and
// keeps what it is told.
type testCall struct {
	*Call
	Handle  func(resp *http.Response, sofar Outcome) error
	answers []int     // the statuses of all answers
	sofar   []Outcome // what was known at each
	header  http.Header
	body    string // the last answer's
}

// newCall returns a call of the path below testBase. It is idempotent if its
// method is.
func newCall(ctx context.Context, t *testing.T, method, path string, body Body) *testCall {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, method, testBase+path, http.NoBody)
	require.NoError(t, err, "http.NewRequest(%s, %s)", method, path)
	req.Body = nil
	req.Header.Set("Authorization", "token "+testToken)
	c := new(testCall)
	c.Handle = c.handle
	c.Call = &Call{
		Context:    ctx,
		Request:    req,
		Body:       body,
		Idempotent: method != http.MethodPost && method != http.MethodPatch,
		Handler:    c,
		Endpoint:   name(method + " " + path),
		Path:       path,
	}
	return c
}

// name is what an endpoint is called.
type name string

func (n name) String() string { return string(n) }

// Value implements Handler.
func (c *testCall) Value(any) any { return nil }

// Answered implements Handler.
func (c *testCall) Answered(*http.Response, Outcome) {}

// Receive implements Handler.
func (c *testCall) Receive(resp *http.Response, sofar Outcome) error { return c.Handle(resp, sofar) }

func get(t *testing.T) *testCall {
	t.Helper()
	return newCall(t.Context(), t, http.MethodGet, "/stacks", Body{})
}

func post(t *testing.T) *testCall {
	t.Helper()
	return newCall(t.Context(), t, http.MethodPost, "/stacks", BytesBody([]byte(`{"name":"web"}`)))
}

func (c *testCall) handle(resp *http.Response, sofar Outcome) error {
	c.answers = append(c.answers, resp.StatusCode)
	c.sofar = append(c.sofar, sofar)
	c.header = resp.Header
	if resp.StatusCode >= http.StatusBadRequest {
		return statusError{resp.StatusCode, string(ReadStart(resp, 1<<10))}
	}
	body, err := io.ReadAll(resp.Body)
	if closeErr := resp.Body.Close(); err == nil {
		err = closeErr
	}
	c.body = string(body)
	if err != nil {
		return fmt.Errorf("cut off after %d bytes: %w", len(body), err)
	}
	return nil
}

func (c *testCall) String() string {
	return fmt.Sprintf("Do(%s %s)", c.Request.Method, c.Request.URL)
}

// statusError is what a testCall makes of a refusal.
type statusError struct {
	code int
	body string
}

func (e statusError) Error() string { return fmt.Sprintf("status %d: %s", e.code, e.body) }

// requireStatus checks that err is, or wraps, the refusal with this status.
func requireStatus(t *testing.T, code int, err error, what fmt.Stringer) {
	t.Helper()
	var refused statusError
	require.ErrorAs(t, err, &refused, "%s", what)
	require.Equal(t, code, refused.code, "%s: the refusal's status", what)
}

var errBroken = errors.New("the wire broke")

// zip returns text compressed.
func zip(t *testing.T, text string) []byte {
	t.Helper()
	var buffer bytes.Buffer
	w := gzip.NewWriter(&buffer)
	_, err := io.WriteString(w, text)
	require.NoError(t, err, "gzip.Writer.Write")
	require.NoError(t, w.Close(), "gzip.Writer.Close")
	return buffer.Bytes()
}

// resetConn is a client's connection that breaks after so many bytes of answer.
type resetConn struct {
	net.Conn
	left int
}

func (c *resetConn) Read(p []byte) (int, error) {
	if c.left == 0 {
		// Not before the server has something to say: it has read the request then.
		_, _ = c.Conn.Read(p)
		return 0, &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
	}
	n, err := c.Conn.Read(p[:min(len(p), c.left)])
	c.left -= n
	return n, err
}
