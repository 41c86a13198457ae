package transport

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// slowDial takes a second for a connection, and counts those it makes.
type slowDial struct {
	mu      sync.Mutex
	made    int
	failure error
}

func (d *slowDial) dial(context.Context, string, string) (net.Conn, error) {
	d.mu.Lock()
	d.made++
	d.mu.Unlock()
	time.Sleep(time.Second)
	if d.failure != nil {
		return nil, d.failure
	}
	conn, other := net.Pipe()
	_ = other.Close()
	return conn, nil
}

func TestThriftyDialer_OpensWhatRequestsNeed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		slow := new(slowDial)
		d := &thriftyDialer{load: new(load), dial: slow.dial}
		d.load.requests.Store(50)
		start := time.Now()
		for range 50 {
			go func() { _, _ = d.DialContext(t.Context(), "tcp", "example.com:80") }()
		}
		synctest.Wait()
		assert.Equal(t, 50, slow.made, "all at once")
		assert.Zero(t, time.Since(start))
		time.Sleep(time.Minute)
		assert.EqualValues(t, 50, d.load.conns.Load())
	})
}

func TestThriftyDialer_OpensNothingForARequestThatHasAConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		slow := new(slowDial)
		d := &thriftyDialer{load: new(load), dial: slow.dial}
		d.load.requests.Store(1)
		d.load.conns.Store(1)
		st := new(state)
		ctx := context.WithValue(t.Context(), stateKey{}, st)
		// There are as many connections as requests: one is about to be its own.
		time.AfterFunc(5*time.Millisecond, func() { st.hasConn.Store(true) })
		_, err := d.DialContext(ctx, "tcp", "example.com:80")
		require.ErrorIs(t, err, errNotNeeded)
		assert.Zero(t, slow.made)
		assert.EqualValues(t, 1, d.load.conns.Load())
	})
}

func TestThriftyDialer_DoesNotWaitForGood(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		slow := new(slowDial)
		d := &thriftyDialer{load: new(load), dial: slow.dial}
		d.load.requests.Store(1)
		d.load.conns.Store(9) // none of which becomes idle
		start := time.Now()
		conn, err := d.DialContext(t.Context(), "tcp", "example.com:80")
		require.NoError(t, err)
		assert.Equal(t, maxThrift+time.Second, time.Since(start))
		assert.EqualValues(t, 10, d.load.conns.Load())
		require.NoError(t, conn.Close())
		_ = conn.Close() // counts once
		assert.EqualValues(t, 9, d.load.conns.Load())
	})
}

func TestThriftyDialer_Failures(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		slow := &slowDial{failure: errors.New("refused")}
		d := &thriftyDialer{load: new(load), dial: slow.dial}
		d.load.requests.Store(1)
		_, err := d.DialContext(t.Context(), "tcp", "example.com:80")
		require.ErrorIs(t, err, slow.failure)
		assert.Zero(t, d.load.conns.Load(), "what was not opened counts for nothing")

		d.load.conns.Store(1)
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond/2)
		defer cancel()
		_, err = d.DialContext(ctx, "tcp", "example.com:80")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.EqualValues(t, 1, d.load.conns.Load())
	})
}

func TestNewHTTPTransport_HasNoHardLimit(t *testing.T) {
	t.Parallel()
	transport := newHTTPTransport(new(load))
	assert.Zero(t, transport.MaxConnsPerHost)
	assert.NotNil(t, transport.Proxy)
	assert.NotSame(t, http.DefaultTransport, transport)
}
