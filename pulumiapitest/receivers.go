package pulumiapitest

import (
	"context"
	"net"
	"net/http"
	"sync"
)

// webhookNetwork takes deliveries to where they go: over pipes to handlers that a
// test has for hosts, and over the network to all others.
type webhookNetwork struct {
	server  *http.Server // of all the handlers
	inside  *http.Transport
	outside *http.Transport

	mu       sync.RWMutex
	handlers map[string]http.Handler
}

// HandleWebhooks lets a handler receive what webhooks deliver to a host, as it
// stands in their payload URLs ("hooks.example.com", with a port if they have
// one), until it is called for that host with another handler, or with nil.
//
// The deliveries come over connections that exist in memory only, https without
// encryption, so they work inside a [testing/synctest] bubble. Those to other hosts
// go over the network: to a server on the loopback interface, say. A handler may
// call the cloud. Its context ends after ten seconds, and with [Server.Close], which
// waits for a handler that doesn't heed it.
func (s *Server) HandleWebhooks(host string, handler http.Handler) {
	n := &s.webhooks
	n.mu.Lock()
	defer n.mu.Unlock()
	if handler == nil {
		delete(n.handlers, host)
		return
	}
	n.handlers[host] = handler
}

// startWebhooks prepares the network of webhooks.
func (s *Server) startWebhooks() {
	n := &s.webhooks
	memory := newMemoryNetwork("webhooks:80")
	n.handlers = map[string]http.Handler{}
	n.inside = &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return memory.dial(ctx, network, memory.addr)
		},
		DisableCompression: true,
	}
	n.outside = &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true}
	n.server = s.newHTTPServer(http.HandlerFunc(n.serveHTTP))
	n.server.ConnState = func(conn net.Conn, state http.ConnState) {
		if state == http.StateHijacked {
			state = http.StateClosed // a handler's own, from here on
		}
		s.trackConn(conn, state)
	}
	s.serve(n.server, memory)
}

func (n *webhookNetwork) handler(host string) http.Handler {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.handlers[host]
}

func (n *webhookNetwork) serveHTTP(w http.ResponseWriter, r *http.Request) {
	handler := n.handler(r.Host)
	if handler == nil { // gone meanwhile
		panic(http.ErrAbortHandler)
	}
	handler.ServeHTTP(w, r)
}

// RoundTrip implements [http.RoundTripper].
func (n *webhookNetwork) RoundTrip(req *http.Request) (*http.Response, error) {
	if n.handler(req.URL.Host) == nil {
		return n.outside.RoundTrip(req)
	}
	req = req.Clone(req.Context())
	req.URL.Scheme = "http"
	return n.inside.RoundTrip(req)
}

func (n *webhookNetwork) closeIdleConnections() {
	n.inside.CloseIdleConnections()
	n.outside.CloseIdleConnections()
}
