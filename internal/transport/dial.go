package transport

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// newHTTPTransport returns the transport of those who bring none: net/http's
// defaults, but with room for idle connections to the one host there is.
func newHTTPTransport(l *load) *http.Transport {
	dialer := net.Dialer{Timeout: 30 * time.Second}
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&thriftyDialer{load: l, dial: dialer.DialContext}).DialContext,
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           100,
		MaxIdleConnsPerHost:    64,
		IdleConnTimeout:        90 * time.Second,
		TLSHandshakeTimeout:    10 * time.Second,
		ExpectContinueTimeout:  time.Second,
		MaxResponseHeaderBytes: 1 << 20,
	}
}

// load is how much is going on.
type load struct {
	requests atomic.Int64 // under way
	conns    atomic.Int64 // open, or being opened
}

// thriftyDialer opens no more connections than there are requests under way.
// net/http opens one for every request that finds none idle, although the
// request may well get another that becomes idle meanwhile: on a busy machine
// it makes several times as many as there are ever requests at a time.
type thriftyDialer struct {
	load *load
	dial func(ctx context.Context, network, address string) (net.Conn, error)
}

const (
	// maxThrift is how long a request waits for a connection that, by the
	// numbers, must become idle for it. Then it gets one of its own.
	maxThrift   = 100 * time.Millisecond
	thriftCheck = time.Millisecond
)

// errNotNeeded reaches no one: the request that asked has got its connection.
var errNotNeeded = errors.New("the connection is not needed any more")

func (d *thriftyDialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	if err := d.waitForNeed(ctx); err != nil {
		return nil, err
	}
	conn, err := d.dial(ctx, network, address)
	if err != nil {
		d.load.conns.Add(-1)
		return nil, err
	}
	return &countedConn{Conn: conn, load: d.load}, nil
}

// waitForNeed returns when the request needs a connection that is not there,
// which it counts, or an error if it needs none.
func (d *thriftyDialer) waitForNeed(ctx context.Context) error {
	for waited := time.Duration(0); ; waited += thriftCheck {
		if st := stateOf(ctx); st != nil && st.hasConn.Load() {
			return errNotNeeded
		}
		if d.load.conns.Add(1) <= d.load.requests.Load() || waited >= maxThrift {
			return nil
		}
		d.load.conns.Add(-1)
		select {
		case <-time.After(thriftCheck):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// countedConn is a connection that is counted until it is closed.
type countedConn struct {
	net.Conn
	load   *load
	closed atomic.Bool
}

func (c *countedConn) Close() error {
	if !c.closed.Swap(true) {
		c.load.conns.Add(-1)
	}
	return c.Conn.Close()
}
