package transport

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestClient_Do_TLS(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		certificate, roots := newCertificate(t, "api.test")
		other, _ := newCertificate(t, "other.test")
		tests := []struct {
			name     string
			server   func(*tls.Config)
			client   *tls.Config
			attempts int
			check    func(*testing.T, error)
		}{
			{"unknown authority", nil, &tls.Config{}, 1, func(t *testing.T, err error) {
				t.Helper()
				var unknown x509.UnknownAuthorityError
				require.ErrorAs(t, err, &unknown, "Do, unknown authority")
			}},
			{
				"other name", func(c *tls.Config) { c.Certificates = []tls.Certificate{other} },
				&tls.Config{RootCAs: roots}, 1, func(t *testing.T, err error) {
					t.Helper()
					var invalid *tls.CertificateVerificationError
					require.ErrorAs(t, err, &invalid, "Do, other name")
				},
			},
			{
				"no common version", func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 },
				&tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS13}, 4, func(t *testing.T, err error) {
					t.Helper()
					require.ErrorContains(t, err, "version", "Do, no common version")
				},
			},
			{"trusted", nil, &tls.Config{RootCAs: roots}, 1, func(t *testing.T, err error) {
				t.Helper()
				require.NoError(t, err, "Do, trusted")
			}},
		}
		for _, tt := range tests {
			config := &tls.Config{Certificates: []tls.Certificate{certificate}}
			if tt.server != nil {
				tt.server(config)
			}
			s := newServer(t, status(http.StatusOK, ""))
			s.serveOn(t, tls.NewListener(s.listen("api.test:443"), config), s.record(status(http.StatusOK, "")))
			s.transport.TLSClientConfig = tt.client
			call := post(t)
			call.Request.URL.Scheme = "https"
			client := newClient(t, s.transport, func(c *Config) { c.Base = parseURL(t, "https://api.test/cloud") })
			outcome, err := client.Do(call.Call)
			tt.check(t, err)
			assert.Equal(t, Outcome{Attempts: tt.attempts, Transient: tt.attempts > 1}, outcome, "%s, %s: the outcome", call, tt.name)
			assert.Len(t, s.dials(), tt.attempts, "%s, %s: connections", call, tt.name)
		}
	})
}

// A server that speaks no TLS will not learn it within the retries.
func TestClient_Do_PlainServerBehindHTTPSIsNotRetried(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, status(http.StatusOK, ""))
		s.serveOn(t, s.listen("api.test:443"), s.record(status(http.StatusOK, "")))
		call := get(t)
		call.Request.URL.Scheme = "https"
		outcome, err := newClient(t, s.transport).Do(call.Call)
		require.ErrorIs(t, err, http.ErrSchemeMismatch, "%s", call)
		assert.Equal(t, Outcome{Attempts: 1}, outcome, "%s: the outcome", call)
	})
}

func TestClient_Do_OverHTTP2(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		certificate, roots := newCertificate(t, "api.test")
		s := newServer(t, status(http.StatusOK, ""))
		config := &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: []string{"h2"}}
		var protocols [3]atomic.Int32
		s.serveOn(t, tls.NewListener(s.listen("api.test:443"), config), s.record(nth(
			func(_ http.ResponseWriter, r *http.Request) {
				protocols[r.ProtoMajor].Add(1)
				panic(http.ErrAbortHandler) // resets the stream
			},
			func(w http.ResponseWriter, r *http.Request) {
				protocols[r.ProtoMajor].Add(1)
				_, _ = io.Copy(w, r.Body)
			})))
		s.transport.TLSClientConfig = &tls.Config{RootCAs: roots}
		s.refuse = 1
		client := newClient(t, s.transport, withStall,
			func(c *Config) { c.Base = parseURL(t, "https://api.test/cloud") })

		call := post(t)
		call.Request.URL.Scheme = "https"
		outcome, err := client.Do(call.Call)
		require.Error(t, err, "%s", call)
		assert.Equal(t, Outcome{Attempts: 2, Uncertain: true, Transient: true}, outcome,
			"%s, not connected, then reset: the outcome", call)

		again := post(t)
		again.Request.URL.Scheme = "https"
		outcome, err = client.Do(again.Call)
		require.NoError(t, err, "%s", again)
		assert.Equal(t, Outcome{Attempts: 1}, outcome, "%s: the outcome", again)
		assert.JSONEq(t, `{"name":"web"}`, again.body, "%s: the body", again)
		assert.EqualValues(t, 2, protocols[2].Load(), "%s: requests over HTTP/2", again)
	})
}

// newCertificate returns a server's certificate, and the pool that trusts it.
func newCertificate(t *testing.T, name string) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err, "ecdsa.GenerateKey")
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		DNSNames:     []string{name},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
		IsCA:         true,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	data, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err, "x509.CreateCertificate")
	certificate, err := x509.ParseCertificate(data)
	require.NoError(t, err, "x509.ParseCertificate")
	pool := x509.NewCertPool()
	pool.AddCert(certificate)
	return tls.Certificate{Certificate: [][]byte{data}, PrivateKey: key}, pool
}

// Answers that were cut off.
