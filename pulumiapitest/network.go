package pulumiapitest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
)

const (
	memoryHost = "api.pulumi.test"
	basePath   = "/pulumi-cloud"
)

// BaseURL is the address of every [Server] on its own in-memory network, which
// [Server.HTTPClient] reaches. It leads nowhere on any other network.
const BaseURL = "http://api.pulumi.test/pulumi-cloud"

// memoryNetwork is a network with one host, whose connections are pipes. It is
// the net.Listener of that host, which is named by its address. Sockets won't do, as a goroutine that waits for
// one keeps the clock of a synctest bubble from advancing.
type memoryNetwork struct {
	addr         string
	queue        chan net.Conn
	done         chan struct{}
	shut         func()
	opened, open atomic.Int64
}

func newMemoryNetwork(addr string) *memoryNetwork {
	n := &memoryNetwork{addr: addr, queue: make(chan net.Conn), done: make(chan struct{})}
	n.shut = sync.OnceFunc(func() { close(n.done) })
	return n
}

// dial has the signature of http.Transport's DialContext.
func (n *memoryNetwork) dial(ctx context.Context, _, addr string) (net.Conn, error) {
	if addr != n.addr {
		return nil, fmt.Errorf("pulumiapitest: dial %s: the in-memory network has no other host than %s", addr, n.addr)
	}
	client, server := net.Pipe()
	gone := sync.OnceFunc(func() { n.open.Add(-1) })
	dropped := new(atomic.Bool)
	n.open.Add(1)
	select {
	case n.queue <- &memoryConn{Conn: server, gone: gone, dropped: dropped}:
		n.opened.Add(1)
		return &memoryConn{Conn: client, gone: gone, dropped: dropped}, nil
	case <-ctx.Done():
		gone()
		return nil, ctx.Err()
	case <-n.done:
		gone()
		return nil, fmt.Errorf("pulumiapitest: dial %s: the server is closed: %w", addr, net.ErrClosed)
	}
}

// Accept implements [net.Listener].
func (n *memoryNetwork) Accept() (net.Conn, error) {
	select {
	case conn := <-n.queue:
		return conn, nil
	case <-n.done:
		return nil, net.ErrClosed
	}
}

// Close implements [net.Listener].
func (n *memoryNetwork) Close() error {
	n.shut()
	return nil
}

// Addr implements [net.Listener].
func (n *memoryNetwork) Addr() net.Addr { return n }

// Network implements [net.Addr].
func (n *memoryNetwork) Network() string { return "memory" }

func (n *memoryNetwork) String() string { return n.addr }

// memoryConn is an end of a pipe. The connection counts as gone when either end
// is closed, since nothing passes through it any more.
type memoryConn struct {
	net.Conn
	gone    func()
	dropped *atomic.Bool // of both ends: by a fault
}

// errDropped is what the client reads at the end of a connection that a fault has
// dropped. To programs it is the end that a real network would show.
var errDropped = fmt.Errorf("pulumiapitest: a fault dropped the connection: %w", io.ErrUnexpectedEOF)

// drop makes the other end's last read fail with errDropped. The end closes after it.
func (c *memoryConn) drop() { c.dropped.Store(true) }

// Read implements [net.Conn].
func (c *memoryConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if errors.Is(err, io.EOF) && c.dropped.Load() {
		err = errDropped
	}
	return n, err
}

// Close implements [net.Conn].
func (c *memoryConn) Close() error {
	c.gone()
	return c.Conn.Close()
}
