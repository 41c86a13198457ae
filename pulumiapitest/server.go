package pulumiapitest

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	userLogin = "pulumi-tester"
	userToken = "pul-pulumiapitest-token"
)

// Server is a Pulumi Cloud in memory. [NewServer] makes one. Its methods may be
// called from any number of goroutines.
type Server struct {
	strict     bool
	reported   bool // by ForTest: Close says nothing about faults
	http       *http.Server
	memory     *memoryNetwork
	transport  *http.Transport
	routes     router
	background func() context.Context // ends with Close
	stop       context.CancelFunc
	running    sync.WaitGroup // the accept loops, one for each open connection, and one for each delivery of a webhook
	webhooks   webhookNetwork

	connMu  sync.Mutex // a lock of its own, as connections change state while mu is held elsewhere
	conns   map[net.Conn]struct{}
	closing bool

	mu         sync.Mutex // guards everything below
	url        string
	received   int
	requests   []*Request
	scripts    router     // that Handle has put there
	faults     []*fault   // in force
	unused     []*fault   // that never struck
	rate       *rateLimit // nil if there is no limit
	pageSize   int
	selfHosted bool
	lastID     int64
	lastSerial int64
	users      map[string]User
	orgs       map[string]*organization
	stacks     stackStore
	tokens     []*accessToken
	oauth      oauth
	account    UserAccount
	defaultOrg string     // "" is the user's own
	rawExports bool       // exports of audit logs don't say that they are compressed
	delivering int        // deliveries that nobody waits for in a request
	delivered  *sync.Cond // on mu: that number is zero
}

// NewServer returns a running cloud with one user and nothing else. Close it at
// the end of the test, or let [ForTest] do that.
//
// A server belongs to the [testing/synctest] bubble in which it was made, if any.
func NewServer(opts ...Option) *Server {
	ctx, stop := context.WithCancel(context.Background())
	s := &Server{
		memory:     newMemoryNetwork(memoryHost + ":80"),
		routes:     newRouter(allRoutes()),
		background: func() context.Context { return ctx },
		stop:       stop,
		conns:      map[net.Conn]struct{}{},
		scripts:    router{},
		pageSize:   defaultPageSize,
		users:      map[string]User{userLogin: testUser},
		orgs:       map[string]*organization{},
		oauth:      oauth{identities: map[trusted]bool{}},
		account:    UserAccount{Email: userLogin + "@pulumi.test", Identities: []string{gitHub}},
		stacks:     stackStore{byID: map[stackID]*stack{}},
	}
	for _, opt := range opts {
		opt(s)
	}
	s.delivered = sync.NewCond(&s.mu)
	s.newOrganization(userLogin).makeIndividual()
	s.newToken(Token{Description: "The test's own"}).value = userToken
	s.transport = &http.Transport{
		DialContext:         s.memory.dial,
		MaxIdleConnsPerHost: 64,
	}
	s.http = s.newHTTPServer(http.HandlerFunc(s.serveHTTP))
	s.serve(s.http, s.memory)
	s.startWebhooks()
	return s
}

func (s *Server) newHTTPServer(handler http.Handler) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: time.Minute,
		ErrorLog:          slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
		BaseContext:       func(net.Listener) context.Context { return s.background() },
		ConnState:         s.trackConn,
	}
}

// Close stops the server, and returns when nothing of it is left: requests under
// way are cut off, connections and ports are closed, its goroutines have ended.
// What was put into the cloud stays there to be looked at, as do the requests. It
// may be called more than once.
//
// The first Close panics if a fault never struck a request: see [Server.Unused]. With
// [ForTest] it does not, and the test fails instead. Nor does it while a panic or
// t.FailNow ends the goroutine.
func (s *Server) Close() {
	s.connMu.Lock()
	first := !s.closing
	s.closing = true
	for conn := range s.conns {
		_ = conn.Close()
	}
	s.connMu.Unlock()

	s.stop()
	_ = s.http.Close()
	_ = s.webhooks.server.Close()
	s.running.Wait()
	s.transport.CloseIdleConnections()
	s.webhooks.closeIdleConnections()

	if err := s.Unused(); err != nil && first && !s.reported && !unwinding() {
		panic(err)
	}
}

// HTTPClient returns an HTTP client on the in-memory network, whose only host is
// that of [BaseURL]. It sends no token by itself. Its Transport serves any other
// client.
func (s *Server) HTTPClient() *http.Client {
	return &http.Client{Transport: s.transport}
}

// Token returns the user's access token.
func (s *Server) Token() string { return userToken }

// User returns the login of the server's one user, which is also the name of the
// user's own organization.
func (s *Server) User() string { return userLogin }

// URL returns the server's base URL on the loopback interface, for clients that
// are not on the in-memory network. The first call opens the port. Its path is
// not empty, as that of a self-hosted Pulumi Cloud may be.
//
// If no port can be opened, or the server was closed before the first call, the
// URL has port 0, where every connection fails.
func (s *Server) URL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.url != "" {
		return s.url
	}
	s.connMu.Lock()
	defer s.connMu.Unlock()
	addr := "127.0.0.1:0"
	if !s.closing {
		var config net.ListenConfig
		if listener, err := config.Listen(context.Background(), "tcp", addr); err == nil {
			addr = listener.Addr().String()
			s.serve(s.http, listener)
		}
	}
	s.url = "http://" + addr + basePath
	return s.url
}

func (s *Server) serve(server *http.Server, listener net.Listener) {
	s.running.Go(func() { _ = server.Serve(listener) })
}

// trackConn follows the connections that the HTTP server accepts. The server
// would do for Close, but that a connection accepted while it closes escapes it.
func (s *Server) trackConn(conn net.Conn, state http.ConnState) {
	s.connMu.Lock()
	defer s.connMu.Unlock()
	switch state {
	case http.StateNew:
		// The accept loop, which calls this, is counted too: no Add from zero while Close waits.
		s.running.Add(1)
		s.conns[conn] = struct{}{}
		if s.closing {
			_ = conn.Close()
		}
	case http.StateClosed:
		delete(s.conns, conn)
		s.running.Done()
	case http.StateActive, http.StateIdle, http.StateHijacked: // what is hijacked is on its way to closed
	}
}

// SetSelfHosted makes the cloud answer as old self-hosted installations do, or no
// longer: engine events come without their type, and a stack's updates in the
// older form without IDs and total, whatever form is asked for.
func (s *Server) SetSelfHosted(selfHosted bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.selfHosted = selfHosted
}

// nextID returns a number larger than those before. Callers hold mu.
func (s *Server) nextID() int64 {
	s.lastID++
	return s.lastID
}

// nextSerial returns a number larger than those before. It counts what is no
// stack, so that the IDs of stacks do not depend on what else there is. Callers
// hold mu.
func (s *Server) nextSerial() int64 {
	s.lastSerial++
	return s.lastSerial
}
