package transport

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"
)

// maxDials is how many connections are being opened at a time. The more there
// are, the faster a client gets to many connections, and the more of them will
// turn out not to be needed.
const maxDials = 12

// newHTTPTransport returns the transport of those who bring none: net/http's
// defaults, but with room for idle connections to the one host there is.
func newHTTPTransport() *http.Transport {
	dialer := net.Dialer{Timeout: 30 * time.Second}
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            newDialGate(dialer.DialContext).DialContext,
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           100,
		MaxIdleConnsPerHost:    64,
		IdleConnTimeout:        90 * time.Second,
		TLSHandshakeTimeout:    10 * time.Second,
		ExpectContinueTimeout:  time.Second,
		MaxResponseHeaderBytes: 1 << 20,
	}
}

// dialGate keeps net/http from opening connections that nobody needs any more.
// For every request that finds no idle connection net/http opens one, although
// the request may well get another that becomes idle meanwhile; under load that
// makes several times as many connections as there are requests at a time. Here
// requests wait for their turn to open one, and whoever has got a connection by
// then opens none. With n requests at a time there are fewer than n + maxDials
// connections.
type dialGate struct {
	turns chan struct{}
	dial  func(ctx context.Context, network, address string) (net.Conn, error)
}

func newDialGate(dial func(ctx context.Context, network, address string) (net.Conn, error)) *dialGate {
	return &dialGate{turns: make(chan struct{}, maxDials), dial: dial}
}

// errNotNeeded reaches no one: the request that asked has got its connection.
var errNotNeeded = errors.New("the connection is not needed any more")

func (g *dialGate) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	select {
	case g.turns <- struct{}{}:
		defer func() { <-g.turns }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if st := stateOf(ctx); st != nil && st.hasConn.Load() {
		return nil, errNotNeeded
	}
	return g.dial(ctx, network, address)
}
