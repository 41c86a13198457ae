package transport

import (
	"context"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// slowDial takes a second for a connection, and counts how many it makes and
// how many at a time.
type slowDial struct {
	made, current, most int
}

func (d *slowDial) dial(context.Context, string, string) (net.Conn, error) {
	d.made++
	d.current++
	d.most = max(d.most, d.current)
	time.Sleep(time.Second)
	d.current--
	conn, other := net.Pipe()
	_ = other.Close()
	return conn, nil
}

func TestDialGate_LetsAFewAtATime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var slow slowDial
		gate := newDialGate(slow.dial)
		for range 50 {
			go func() { _, _ = gate.DialContext(t.Context(), "tcp", "example.com:80") }()
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		assert.Equal(t, 50, slow.made)
		assert.Equal(t, maxDials, slow.most)
	})
}

func TestDialGate_OpensNothingForARequestThatHasAConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var slow slowDial
		gate := newDialGate(slow.dial)
		st := new(state)
		ctx := context.WithValue(t.Context(), stateKey{}, st)
		_, err := gate.DialContext(ctx, "tcp", "example.com:80")
		require.NoError(t, err)
		st.hasConn.Store(true)
		_, err = gate.DialContext(ctx, "tcp", "example.com:80")
		require.ErrorIs(t, err, errNotNeeded)
		assert.Equal(t, 1, slow.made)
	})
}

func TestDialGate_AContextEndsTheWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		gate := newDialGate(func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})
		for range maxDials {
			go func() { _, _ = gate.DialContext(t.Context(), "tcp", "example.com:80") }()
		}
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		_, err := gate.DialContext(ctx, "tcp", "example.com:80")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, time.Second, time.Since(start))
	})
}

func TestNewHTTPTransport_HasNoHardLimit(t *testing.T) {
	t.Parallel()
	transport := newHTTPTransport()
	assert.Zero(t, transport.MaxConnsPerHost)
	assert.NotNil(t, transport.Proxy)
	assert.NotSame(t, http.DefaultTransport, transport)
}
