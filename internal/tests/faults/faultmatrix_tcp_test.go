package faults_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptrace"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/internal/testkit"
)

const (
	// tcpDeadline is that of calls which end by it. Their time is real, and a busy
	// machine must have sent the request before.
	tcpDeadline = time.Second
	// tcpPatience is for a machine that is busy with something else.
	tcpPatience = 20 * time.Second
)

// TestFaultMatrix_TCP drives an operation of each shape into the faults over real
// connections, with the transport of clients that are given none. What takes its
// time does so with a deadline only.
func TestFaultMatrix_TCP(t *testing.T) {
	t.Parallel()
	all := tcpFaults(t)
	for row, o := range shapes(t) {
		for column, f := range all {
			if !testkit.InSample(row, column, len(all)) {
				continue
			}
			for _, m := range []mode{strikesOnce, strikesAlways, withDeadline} {
				lasts := f.stalls || f.slow
				if lasts != (m == withDeadline) || f.refuses && m == strikesOnce {
					continue
				}
				c := cell{o: o, f: f, m: m}
				t.Run(c.String(), func(t *testing.T) {
					t.Parallel()
					c.checkTCP(t)
				})
			}
		}
	}
}

// tcpFaults are the faults that can be had over TCP and without TLS.
func tcpFaults(t *testing.T) []fault {
	t.Helper()
	var list []fault
	for _, f := range faults(t) {
		switch {
		case f.unread: // the kernel reads in any case
		case f.name == "redirect from https to http":
		case f.takes > 0 && !f.slow: // outlasts the deadline
			f.stalls, f.effect = true, every(lost)
			list = append(list, f)
		default:
			list = append(list, f)
		}
	}
	return list
}

// checkTCP makes the call against a server on the loopback interface.
func (c cell) checkTCP(t *testing.T) {
	t.Helper()
	server := &faultyServer{fault: c.f, once: c.m == strikesOnce, body: c.goodAnswer(t)}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server.running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			server.running.Go(func() { server.serve(conn) })
		}
	})
	here := "http://" + listener.Addr().String() + "/"
	if c.f.refuses {
		here = "http://127.0.0.1:1/" // a port of one's own may be somebody else's when it is closed
	}
	c.f.says = slices.Clone(c.f.says)
	for i, text := range c.f.says {
		c.f.says[i] = strings.Replace(text, "https://pulumi.test:443/", here, 1)
	}
	w := newWitness(t, pulumiapi.WithBaseURL(here+"below"), testkit.AtOnce)
	if c.f.reused {
		_, err := w.client.Do(t.Context(), pulumiapi.Request{Endpoint: pulumiapi.Endpoint{Method: http.MethodGet, Template: warmUp}}, nil)
		require.NoError(t, err, "%s: the request before", c)
		w.forget()
	}
	// The transport is the client's own, and tells of each connection that is refused.
	var dialed atomic.Int64
	call := c.o.Call
	c.o.Call = func(ctx context.Context, client *pulumiapi.Client) (any, error) {
		return call(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GetConn: func(string) { dialed.Add(1) }}), client)
	}

	e := c.expect()
	start := time.Now()
	got, err := w.call(t, c, tcpDeadline)
	elapsed := time.Since(start)
	assert.Less(t, elapsed, tcpPatience, "%s: took too long", c)
	if e.deadline {
		assert.GreaterOrEqual(t, elapsed, tcpDeadline, "%s: gave up too early", c)
	}
	w.check(t, c, e, got, err)
	if c.f.refuses {
		assert.EqualValues(t, e.sent, dialed.Load(), "%s: requests that the transport was to send", c)
	} else {
		assert.EqualValues(t, e.sent, server.arrived.Load(), "%s: requests that reached the server", c)
	}

	w.client.CloseIdleConnections()
	_ = listener.Close()
	gone := make(chan struct{})
	go func() {
		server.running.Wait()
		close(gone)
	}()
	select {
	case <-gone:
	case <-time.After(tcpPatience):
		assert.Fail(t, "connections are left", "%s", c)
	}
}
