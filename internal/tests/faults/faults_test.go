package faults_test

import (
	"bufio"
	"bytes"
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
	"time"

	"github.com/pulumiapi/pulumiapi/internal/testkit"
)

const (
	faultyBase = "https://pulumi.test/below"
	faultyAddr = "pulumi.test:443"

	// warmUp is the path of requests that are always answered well.
	warmUp = "/api/warm-up"
)

// fault is something that servers and networks do to a request.
type fault struct {
	name string
	// effect is what being struck means to an attempt of an operation.
	effect func(o testkit.Operation, m mode) effect
	// succeeded means that the service's success arrives, and that only its body is
	// broken.
	succeeded bool
	// status is that of the answer, if the effect is to be refused.
	status int
	// says are texts that the error must show.
	says []string
	// stalls says that, once struck, nothing comes any more. slow says that an
	// answer comes, but not before a deadline.
	stalls, slow bool
	// takes is how long an attempt lasts that is struck, at most.
	takes time.Duration
	// follows is how many redirects are followed, where nil is none.
	follows func(o testkit.Operation, m mode) int
	// maxRead is how much of each answer may be read; 0 is no limit.
	maxRead int64

	// refuses says that there is no connection, unread that nothing is read
	// from it, and reused that the request comes on one that was in use before.
	refuses, unread, reused bool
	// strike answers a request that has been read, and says what becomes of the
	// connection.
	strike func(x *exchange) ending
}

// mode is how often a fault strikes a call.
type mode string

const (
	strikesOnce   mode = "once"
	strikesAlways mode = "always"
	withDeadline  mode = "always, with a deadline"
)

// effect is what a fault means to the attempt that it strikes.
type effect int

const (
	// harmless is an answer as good as any.
	harmless effect = iota
	// unsent is a request of which nothing has left: anyone may send it again.
	unsent
	// lost is a request that may have been carried out, without an answer.
	lost
	// refused is an answer that says no, for now.
	refused
	// unusable is an answer that another attempt would not make better, or
	// of which the caller has a part already.
	unusable
)

// every is the effect on whatever operation.
func every(e effect) func(testkit.Operation, mode) effect {
	return func(testkit.Operation, mode) effect { return e }
}

// onValues is the effect on operations that decode a success's body. Others have
// succeeded with its status; text is what it means to those that hand the body on.
func onValues(e, text effect) func(testkit.Operation, mode) effect {
	return func(o testkit.Operation, _ mode) effect {
		switch {
		case o.Text || o.Whole != "":
			return text
		case o.ReturnsValue():
			return e
		}
		return harmless
	}
}

// onStates is the effect on operations that hand on a long state as it comes, and
// otherwise that on the others.
func onStates(e effect, otherwise func(testkit.Operation, mode) effect) func(testkit.Operation, mode) effect {
	return func(o testkit.Operation, m mode) effect {
		if o.Whole != "" {
			return e
		}
		return otherwise(o, m)
	}
}

// ending is what a server does with a connection after an answer.
type ending int

const (
	keeps ending = iota
	hangsUp
	resets
	// holds is to say nothing until the client is gone.
	holds
)

// exchange is a request that has been read, and the connection to answer on.
type exchange struct {
	conn net.Conn
	body []byte // of a good answer
}

// write sends text. A client that is gone shows when the connection is read.
func (x *exchange) write(text string) { _, _ = io.WriteString(x.conn, text) }

// head sends the status line and headers, pairs of name and value, with some
// that repeat the token.
func (x *exchange) head(status string, header ...string) {
	x.write("HTTP/1.1 " + status + "\r\n")
	x.headers(append(header, "X-Echo", testkit.CanaryToken, "X-Pulumi-Request-ID", "8f2c "+testkit.CanaryToken,
		"X-Pulumi-Warning", "the token "+testkit.CanaryToken+" is old")...)
}

func (x *exchange) headers(header ...string) {
	var lines strings.Builder
	for i := 0; i+1 < len(header); i += 2 {
		lines.WriteString(header[i] + ": " + header[i+1] + "\r\n")
	}
	x.write(lines.String() + "\r\n")
}

// answer sends an answer with this body.
func (x *exchange) answer(status string, body []byte, header ...string) ending {
	x.head(status, append(header, "Content-Length", fmt.Sprint(len(body)))...)
	x.write(string(body))
	return keeps
}

// cut announces the body of a success, and sends its first n bytes.
func (x *exchange) cut(n int) {
	x.head("200 OK", "Content-Length", fmt.Sprint(len(x.body)))
	x.write(string(x.body[:n]))
}

// repeat sends text until size bytes are sent, or the client is gone.
func (x *exchange) repeat(text string, size int) {
	piece := []byte(strings.Repeat(text, max(1, 32<<10/len(text))))
	for sent := 0; sent < size; sent += len(piece) {
		if _, err := x.conn.Write(piece); err != nil {
			return
		}
	}
}

// trickle sends text a byte a second.
func (x *exchange) trickle(text string) {
	for i := range len(text) {
		time.Sleep(time.Second)
		if _, err := io.WriteString(x.conn, text[i:i+1]); err != nil {
			return
		}
	}
}

// chunk sends data as one chunk.
func (x *exchange) chunk(data []byte) { x.write(fmt.Sprintf("%x\r\n%s\r\n", len(data), data)) }

// faultyServer strikes requests with a fault: all of them from the first or a later
// one on, or that one only.
type faultyServer struct {
	fault fault
	later int64 // how many are not struck yet
	once  bool
	body  []byte                         // of a good answer
	page  func(req *http.Request) []byte // the same, where it depends on the request

	arrived  atomic.Int64 // attempts: requests, and connections that are refused or not read
	consumed atomic.Int64 // bytes that the client has read
	open     atomic.Int64 // connections, at the client's end
	running  sync.WaitGroup

	mu     sync.Mutex
	dialed map[string]bool // addresses
	conns  []net.Conn
}

// arrive counts an attempt, and reports whether the fault strikes it.
func (s *faultyServer) arrive() bool {
	n := s.arrived.Add(1) - s.later
	return n == 1 || n > 1 && !s.once
}

// dial connects to the server without a network, whatever the address.
func (s *faultyServer) dial(_ context.Context, _, addr string) (net.Conn, error) {
	s.note(addr)
	if s.fault.refuses && s.arrive() {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	client, server := s.connect()
	s.running.Go(func() { s.serve(server) })
	return client, nil
}

// connect returns the two ends of a connection in memory.
func (s *faultyServer) connect() (client *memoryConn, server *resettableConn) {
	one, other := net.Pipe()
	client = &memoryConn{Conn: one, server: s, gone: make(chan struct{})}
	client.hangUp = sync.OnceFunc(func() {
		s.open.Add(-1)
		close(client.gone)
	})
	s.open.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns = append(s.conns, client)
	return client, &resettableConn{other, client}
}

// note keeps where somebody wants to connect to.
func (s *faultyServer) note(addr string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dialed == nil {
		s.dialed = make(map[string]bool)
	}
	s.dialed[addr] = true
}

// addresses returns where connections were opened to.
func (s *faultyServer) addresses() map[string]bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dialed
}

// close cuts all connections, and returns when the server has noticed.
func (s *faultyServer) close() {
	s.mu.Lock()
	conns := s.conns
	s.mu.Unlock()
	for _, conn := range conns {
		_ = conn.Close()
	}
	s.running.Wait()
}

// serve answers what comes on a connection, which it closes.
func (s *faultyServer) serve(conn net.Conn) {
	defer conn.Close()
	if peer, ok := conn.(*resettableConn); ok && s.fault.unread && s.arrive() {
		<-peer.client.gone
		return
	}
	reader := bufio.NewReader(conn)
	for {
		req, err := http.ReadRequest(reader)
		if err != nil {
			return
		}
		x := &exchange{conn: conn, body: s.body}
		if s.page != nil {
			x.body = s.page(req)
		}
		if _, err := io.Copy(io.Discard, req.Body); err != nil {
			return
		}
		switch s.respond(x, req.URL.Path) {
		case keeps:
			continue
		case resets:
			if lingerer, ok := conn.(interface{ SetLinger(seconds int) error }); ok {
				_ = lingerer.SetLinger(0)
			}
		case holds:
			_, _ = io.Copy(io.Discard, reader)
		case hangsUp:
		}
		return
	}
}

func (s *faultyServer) respond(x *exchange, path string) ending {
	switch {
	case strings.HasSuffix(path, warmUp):
		return x.answer("200 OK", []byte("{}"))
	case s.fault.strike != nil && s.arrive():
		return s.fault.strike(x)
	}
	return x.answer("200 OK", x.body)
}

// memoryConn is the client's end of a connection in memory.
type memoryConn struct {
	net.Conn
	server *faultyServer
	hangUp func()
	gone   chan struct{}
	reset  atomic.Bool // by the server
}

func (c *memoryConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.server.consumed.Add(int64(n))
	if errors.Is(err, io.EOF) && c.reset.Load() {
		err = &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
	}
	return n, err
}

func (c *memoryConn) Close() error {
	c.hangUp()
	return c.Conn.Close()
}

// resettableConn is the server's end of a connection in memory.
type resettableConn struct {
	net.Conn
	client *memoryConn
}

// SetLinger makes Close reset the connection, as a TCP connection's with 0 does.
func (c *resettableConn) SetLinger(int) error {
	c.client.reset.Store(true)
	return nil
}

// faults are those that a server can strike with over HTTP/1.
func faults(t *testing.T) []fault {
	t.Helper()
	return append(connectionFaults(), append(bodyFaults(t), append(headFaults(), answerFaults()...)...)...)
}

// connectionFaults are those before an answer.
func connectionFaults() []fault {
	return []fault{
		{name: "connection refused", effect: every(unsent), refuses: true},
		{name: "accepts and reads nothing", effect: every(lost), unread: true, stalls: true},
		{name: "accepts and stays silent", effect: every(lost), stalls: true, strike: func(*exchange) ending { return holds }},
		{name: "hangs up before the answer", effect: every(lost), strike: func(*exchange) ending { return hangsUp }},
		{name: "reset before the answer", effect: every(lost), strike: func(*exchange) ending { return resets }},
		{
			name: "idle connection closed as it is reused", effect: every(lost), reused: true,
			strike: func(*exchange) ending { return hangsUp },
		},
		{
			name: "idle connection reset as it is reused", effect: every(lost), reused: true,
			strike: func(*exchange) ending { return resets },
		},
	}
}

// bodyFaults are those in the body of a success.
func bodyFaults(t *testing.T) []fault {
	t.Helper()
	return []fault{
		{name: "reset after the headers", succeeded: true, effect: onValues(lost, lost), strike: func(x *exchange) ending {
			x.cut(0)
			return resets
		}},
		{name: "reset after a byte of the body", succeeded: true, effect: onValues(lost, lost), strike: func(x *exchange) ending {
			x.cut(1)
			return resets
		}},
		{name: "reset in the middle of the body", succeeded: true, effect: onValues(lost, unusable), strike: func(x *exchange) ending {
			x.cut(len(x.body) / 2)
			return resets
		}},
		{name: "reset before the body's last byte", succeeded: true, effect: onValues(lost, unusable), strike: func(x *exchange) ending {
			x.cut(len(x.body) - 1)
			return resets
		}},
		{name: "silent in the middle of the body", succeeded: true, effect: onValues(lost, unusable), stalls: true, strike: func(x *exchange) ending {
			x.cut(len(x.body) / 2)
			return holds
		}},
		{name: "hangs up in the middle of the gzip", succeeded: true, effect: onStates(unusable, onValues(lost, lost)), strike: func(x *exchange) ending {
			body := testkit.Gzipped(t, x.body)
			x.head("200 OK", "Content-Encoding", "gzip", "Content-Length", fmt.Sprint(len(body)))
			x.write(string(body[:len(body)/2]))
			return hangsUp
		}},
		{name: "gzip that is plain text", succeeded: true, effect: onValues(lost, lost), strike: func(x *exchange) ending {
			return x.answer("200 OK", x.body, "Content-Encoding", "gzip")
		}},
		{name: "gzip without the header", succeeded: true, effect: onStates(unusable, onValues(unusable, harmless)), strike: func(x *exchange) ending {
			return x.answer("200 OK", testkit.Gzipped(t, x.body))
		}},
		{name: "Content-Length too long", succeeded: true, effect: onValues(lost, unusable), strike: func(x *exchange) ending {
			x.head("200 OK", "Content-Length", fmt.Sprint(len(x.body)+10))
			x.write(string(x.body))
			return hangsUp
		}},
		{name: "Content-Length too short", succeeded: true, effect: onStates(unusable, onValues(lost, harmless)), strike: func(x *exchange) ending {
			x.head("200 OK", "Content-Length", fmt.Sprint(len(x.body)-10))
			x.write(string(x.body))
			return keeps
		}},
		{name: "chunked without an end", succeeded: true, effect: onValues(lost, unusable), strike: func(x *exchange) ending {
			x.head("200 OK", "Transfer-Encoding", "chunked")
			x.chunk(x.body)
			return hangsUp
		}},
		{name: "a trailer that is none", succeeded: true, effect: onValues(lost, unusable), strike: func(x *exchange) ending {
			x.head("200 OK", "Transfer-Encoding", "chunked", "Trailer", "X-Sum")
			x.chunk(x.body)
			x.write("0\r\n" + testkit.CanaryToken + "\r\n\r\n")
			return hangsUp
		}},
		{name: "silent after the chunks", succeeded: true, effect: onValues(lost, unusable), stalls: true, strike: func(x *exchange) ending {
			x.head("200 OK", "Transfer-Encoding", "chunked")
			x.chunk(x.body)
			return holds
		}},
		{name: "one byte a second", effect: every(harmless), slow: true, takes: 24 * time.Hour, strike: func(x *exchange) ending {
			x.trickle(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(x.body), x.body))
			return keeps
		}},
	}
}

// headFaults are those in the head of an answer.
func headFaults() []fault {
	return []fault{
		{name: "HTTP/1.0", effect: every(harmless), strike: func(x *exchange) ending {
			x.write("HTTP/1.0 200 OK\r\n\r\n" + string(x.body))
			return hangsUp
		}},
		{name: "1xx answers first", effect: every(harmless), strike: func(x *exchange) ending {
			x.write("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
			return x.answer("200 OK", x.body)
		}},
		{name: "500 headers", effect: every(harmless), strike: func(x *exchange) ending {
			var header []string
			for i := range 500 {
				header = append(header, fmt.Sprintf("X-Header-%d", i), testkit.CanaryToken)
			}
			return x.answer("200 OK", x.body, header...)
		}},
		{name: "a header of 10 MB", effect: every(lost), maxRead: maxHeaderBytes, strike: func(x *exchange) ending {
			x.write("HTTP/1.1 200 OK\r\nX-Long: " + testkit.CanaryToken)
			x.repeat("a", 10<<20)
			x.write("\r\n\r\n")
			return hangsUp
		}},
		{name: "not HTTP", effect: every(lost), strike: func(x *exchange) ending {
			x.write(strings.Repeat("who-is-"+testkit.CanaryToken+"?", 100) + "\r\n\r\n")
			return hangsUp
		}},
		{name: "a status that is none", effect: every(lost), strike: func(x *exchange) ending {
			x.write("HTTP/1.1 " + testkit.CanaryToken + "\r\n\r\n")
			return hangsUp
		}},
	}
}

// maxHeaderBytes is as in the transport of clients that are given none.
const maxHeaderBytes = 1 << 20

// maxErrorBodyRead is how much of a refusal may be read.
const maxErrorBodyRead = 64 << 10

// answerFaults are answers that are no success, or only look like one.
func answerFaults() []fault {
	message := []byte(`{"code":1,"message":"not now, ` + testkit.CanaryToken + `"}`)
	status := func(status string) func(x *exchange) ending {
		return func(x *exchange) ending { return x.answer(status, message) }
	}
	redirect := func(status, location string) func(x *exchange) ending {
		return func(x *exchange) ending { return x.answer(status, nil, "Location", location) }
	}
	elsewhere := "/below/" + testkit.CanaryToken + strings.Repeat("/far", 50) + "?token=" + testkit.CanaryToken
	return []fault{
		{name: "500", effect: every(refused), status: 500, strike: status("500 Internal Server Error")},
		{name: "503", effect: every(refused), status: 503, strike: status("503 Service Unavailable")},
		{name: "429", effect: every(refused), status: 429, strike: status("429 Too Many Requests")},
		{name: "500 with 100 MB of body", effect: every(refused), status: 500, maxRead: maxErrorBodyRead, strike: func(x *exchange) ending {
			x.head("500 Internal Server Error", "Content-Length", fmt.Sprint(100<<20))
			x.repeat("no, "+testkit.CanaryToken+"! ", 100<<20)
			return hangsUp
		}},
		{name: "503 whose body never ends", effect: every(refused), status: 503, takes: 5 * time.Second, maxRead: maxErrorBodyRead, strike: func(x *exchange) ending {
			x.head("503 Service Unavailable", "Transfer-Encoding", "chunked")
			for {
				time.Sleep(time.Second)
				if _, err := io.WriteString(x.conn, "5\r\nwait \r\n"); err != nil {
					return hangsUp
				}
			}
		}},
		{name: "503 and silence", effect: every(refused), status: 503, takes: 5 * time.Second, strike: func(x *exchange) ending {
			x.head("503 Service Unavailable", "Content-Length", "100")
			return holds
		}},
		{
			name: "redirect to another port", effect: every(unusable), says: []string{"https://pulumi.test:443/", "https://pulumi.test:8443/", "refused: another origin"},
			strike: redirect("307 Temporary Redirect", "https://pulumi.test:8443"+elsewhere),
		},
		{
			name: "redirect from https to http", effect: every(unusable), says: []string{"https://pulumi.test:443/", "http://pulumi.test:80/", "refused: another origin"},
			strike: redirect("307 Temporary Redirect", "http://pulumi.test"+elsewhere),
		},
		{
			name: "302 within the service", strike: redirect("302 Found", "/below/elsewhere"),
			effect: func(o testkit.Operation, m mode) effect {
				if m == strikesOnce && o.Endpoint.Method == http.MethodGet {
					return harmless // a GET stays one
				}
				return unusable
			},
			follows: func(o testkit.Operation, m mode) int {
				switch {
				case o.Endpoint.Method != http.MethodGet:
					return 0
				case m == strikesOnce:
					return 1
				}
				return 10 // then it is refused
			},
		},
		{name: "200 with a sign-in page", effect: every(unusable), says: []string{"not "}, strike: func(x *exchange) ending {
			page := bytes.Replace([]byte(testkit.SignInPage), []byte("Please"), []byte("No "+testkit.CanaryToken+", please"), 1)
			return x.answer("200 OK", page, "Content-Type", "text/html")
		}},
	}
}
