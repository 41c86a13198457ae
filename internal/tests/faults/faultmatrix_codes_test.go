package faults_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/internal/testkit"
)

// requestClass is what net/http and the client distinguish when they decide whether a
// request may be sent again.
type requestClass struct {
	endpoint pulumiapi.Endpoint
	bodyName string
	body     func() any // nil for none
	header   http.Header
	// idempotent says that the request may be sent again although the server may have
	// processed it, once that its body can't be read again, and write that it changes
	// something.
	idempotent, once, write bool
}

func (c requestClass) String() string {
	name := c.endpoint.Method
	if c.endpoint.Read {
		name += " that reads"
	}
	for header := range c.header {
		name += " with " + header
	}
	return name + ", " + c.bodyName
}

// requestClasses are all methods, with each trait, and with each kind of body.
func requestClasses() []requestClass {
	const short = `{"a":1}`
	long := strings.Repeat("a", 65<<10) // longer than what is sent together with the header
	bodies := []struct {
		name string
		make func() any
		once bool
	}{
		{"no body", nil, false},
		{"short bytes", func() any { return []byte(short) }, false},
		{"long bytes", func() any { return []byte(long) }, false},
		{"a reader that can seek", func() any { return strings.NewReader(short) }, false},
		{"a reader that can't seek", func() any { return io.MultiReader(strings.NewReader(short)) }, true},
	}
	var list []requestClass
	for _, body := range bodies {
		for _, e := range []pulumiapi.Endpoint{
			{Method: http.MethodGet},
			{Method: http.MethodHead},
			{Method: http.MethodPut},
			{Method: http.MethodDelete},
			{Method: http.MethodPost, Read: true},
			{Method: http.MethodPost},
			{Method: http.MethodPatch},
		} {
			e.Template = "/api/things"
			reads := e.Read || e.Method == http.MethodGet || e.Method == http.MethodHead
			list = append(list, requestClass{
				endpoint: e, bodyName: body.name, body: body.make, once: body.once,
				write: !reads, idempotent: reads || e.Method == http.MethodPut || e.Method == http.MethodDelete,
			})
		}
	}
	return list
}

// codeFault is a way in which an HTTP/2 server ends a request without a response.
type codeFault struct {
	name   string
	strike func(s *http2Stream)
	early  bool // before the request's body is read
	reused bool // on a connection that was used before
	// proves reports whether the client learns that the server has not processed the
	// request.
	proves func(hasBody bool) bool
}

func never(bool) bool { return false }

func inAnyCase(bool) bool { return true }

func withBody(hasBody bool) bool { return hasBody }

// codeFaults are these error codes of HTTP/2, in all places.
func codeFaults(codes ...uint32) []codeFault {
	var list []codeFault
	for _, code := range codes {
		reset := codeFault{
			name: fmt.Sprintf("RST_STREAM %#x", code), proves: never,
			strike: func(s *http2Stream) { s.reset(code) },
		}
		if code == codeRefusedStream {
			reset.proves = withBody
		}
		interim := codeFault{
			name: fmt.Sprintf("RST_STREAM %#x after an interim response", code), proves: reset.proves,
			strike: func(s *http2Stream) {
				s.fields([][2]string{{":status", "103"}})
				s.reset(code)
			},
		}
		included := codeFault{
			name: fmt.Sprintf("GOAWAY %#x with the stream", code), proves: never,
			strike: func(s *http2Stream) {
				s.goAway(s.id, code, "")
				s.hangUp()
			},
		}
		// For the first request of a connection, an error code is an error of net/http's.
		excluded := codeFault{
			name: fmt.Sprintf("GOAWAY %#x without the stream", code), proves: withBody,
			strike: func(s *http2Stream) {
				s.goAway(max(s.id, 2)-2, code, "")
				s.hangUp()
			},
		}
		excludedLater := excluded
		excludedLater.name += ", on a used connection"
		excludedLater.reused = true
		if code != codeNo {
			excluded.proves = inAnyCase
		}
		for _, f := range []codeFault{reset, interim, included, excluded, excludedLater} {
			early := f
			early.name += ", before the body is read"
			early.early = true
			list = append(list, f, early)
		}
	}
	return list
}

// TestFaultMatrix_HTTP2Codes sends a request of each class into each of these faults.
// The server must see as many requests as the client counts attempts.
func TestFaultMatrix_HTTP2Codes(t *testing.T) {
	t.Parallel()
	config, client := http2Configs(t)
	var codes []uint32
	for code := uint32(codeNo); code <= codeLast; code++ {
		codes = append(codes, code)
	}
	all := codeFaults(codes...)
	for column, f := range all {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			for row, class := range requestClasses() {
				if !testkit.InSample(row, column, len(all)) {
					continue
				}
				if f.early && (class.body == nil || class.once) {
					continue // how much of a reader has been read by then depends on chance
				}
				for _, m := range []mode{strikesOnce, strikesAlways} {
					t.Run(fmt.Sprintf("%s, %s", class, m), func(t *testing.T) {
						synctest.Test(t, func(t *testing.T) {
							server := &http2Server{tls: config, strike: f.strike, early: f.early}
							class.check(t, f, m, server, client)
						})
					})
				}
			}
		})
	}
}

// check sends a request of the class into the fault.
func (c requestClass) check(t *testing.T, f codeFault, m mode, server *http2Server, client *tls.Config) {
	t.Helper()
	defer server.close()
	server.once = m == strikesOnce
	if f.reused {
		server.later = 1
	}
	transport := server.transport(client)
	defer transport.CloseIdleConnections()
	w := newWitness(t, pulumiapi.WithBaseURL(faultyBase), pulumiapi.WithHTTPClient(&http.Client{Transport: &countingTransport{next: transport}}))
	if f.reused {
		_, err := w.client.Do(t.Context(), pulumiapi.Request{Endpoint: pulumiapi.Endpoint{Method: http.MethodGet, Template: warmUp}}, nil)
		require.NoError(t, err, "the request before")
		w.forget()
	}
	proved := f.proves(c.body != nil)
	c.send(t, w, fmt.Sprintf("%s: %s, %s", c, f.name, m), m, proved, func() int64 { return server.arrived.Load() - server.later })
}

// send sends the request, and checks how the call ends. proved says that a fault proves
// that the request was not processed, and arrived how many requests the server has seen.
func (c requestClass) send(t *testing.T, w *witness, what string, m mode, proved bool, arrived func() int64) {
	t.Helper()
	req := pulumiapi.Request{Endpoint: c.endpoint, Header: c.header}
	if c.body != nil {
		req.Body = c.body()
	}
	_, err := w.client.Do(t.Context(), req, nil)
	attempts := 1
	if (proved || c.idempotent) && !c.once {
		attempts = 2
		if m == strikesAlways {
			attempts = maxAttempts
		}
	}
	if m == strikesOnce && attempts == 2 {
		require.NoError(t, err, what)
	} else {
		call, ok := errors.AsType[*pulumiapi.CallError](err)
		require.True(t, ok, "%s: %v", what, err)
		assert.Equal(t, attempts, call.Attempts, "%s: the error's attempts", what)
		assert.Equal(t, c.write && !proved, errors.Is(err, pulumiapi.ErrOutcomeUnknown), "%s: is the outcome unknown? %v", what, err)
	}
	assert.Len(t, w.attempts, attempts, "%s: attempts", what)
	assert.EqualValues(t, attempts, arrived(), "%s: requests that the server has seen", what)
}

// TestFaultMatrix_HTTP2EveryOperation drives every operation into one fault of each
// class: those that prove that the request was not processed, and those that don't.
func TestFaultMatrix_HTTP2EveryOperation(t *testing.T) {
	t.Parallel()
	config, client := http2Configs(t)
	chosen := []string{
		"RST_STREAM 0x1", "RST_STREAM 0x7", "GOAWAY 0x0 with the stream", "GOAWAY 0x0 without the stream", "GOAWAY 0x1 without the stream",
	}
	list := slices.DeleteFunc(codeFaults(codeNo, codeProtocol, codeRefusedStream), func(f codeFault) bool { return !slices.Contains(chosen, f.name) })
	require.Len(t, list, len(chosen), "faults of these names")
	for row, o := range matrixOperations() {
		t.Run(o.Name, func(t *testing.T) {
			t.Parallel()
			for column, f := range list {
				if !testkit.InSample(row, column, len(list)) {
					continue
				}
				t.Run(f.name, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) { checkOperation(t, o, f, config, client) })
				})
			}
		})
	}
}

func checkOperation(t *testing.T, o testkit.Operation, f codeFault, config, client *tls.Config) {
	t.Helper()
	server := &http2Server{tls: config, strike: f.strike}
	defer server.close()
	transport := server.transport(client)
	defer transport.CloseIdleConnections()
	w := newWitness(t, pulumiapi.WithBaseURL(faultyBase), pulumiapi.WithHTTPClient(&http.Client{Transport: transport}))
	_, err := o.Call(t.Context(), w.client)
	what := o.Name + ": " + f.name
	proved := f.proves(!server.bodyless.Load())
	attempts := 1
	if proved || o.Resends() {
		attempts = maxAttempts
	}
	call, ok := errors.AsType[*pulumiapi.CallError](err)
	require.True(t, ok, "%s: %v", what, err)
	assert.Equal(t, attempts, call.Attempts, "%s: the error's attempts", what)
	assert.Equal(t, o.Writes() && !proved, errors.Is(err, pulumiapi.ErrOutcomeUnknown), "%s: is the outcome unknown? %v", what, err)
	assert.Len(t, w.attempts, attempts, "%s: attempts", what)
	assert.EqualValues(t, attempts, server.arrived.Load(), "%s: requests that the server has seen", what)
}

// TestFaultMatrix_HTTP1SendsNothingAgain breaks a connection as it is used again, with
// and without the headers that tell net/http to send a request again.
func TestFaultMatrix_HTTP1SendsNothingAgain(t *testing.T) {
	t.Parallel()
	for _, header := range []string{"", "Idempotency-Key", "X-Idempotency-Key"} {
		for end, strike := range map[string]ending{"closed": hangsUp, "reset": resets} {
			for _, class := range requestClasses() {
				if header != "" {
					class.header = http.Header{header: {"7"}}
				}
				for _, m := range []mode{strikesOnce, strikesAlways} {
					what := fmt.Sprintf("%s: %s, %s", class, end, m)
					t.Run(what, func(t *testing.T) {
						t.Parallel()
						synctest.Test(t, func(t *testing.T) {
							server := &faultyServer{fault: fault{strike: func(*exchange) ending { return strike }}, once: m == strikesOnce, page: slowWarmUp}
							defer server.close()
							transport := &http.Transport{DialContext: server.dial, DialTLSContext: server.dial, MaxIdleConnsPerHost: idleConns}
							defer transport.CloseIdleConnections()
							w := newWitness(t, pulumiapi.WithBaseURL(faultyBase), pulumiapi.WithHTTPClient(&http.Client{Transport: transport}))
							openConns(t, transport)
							_, err := w.client.Do(t.Context(), pulumiapi.Request{Endpoint: pulumiapi.Endpoint{Method: http.MethodGet, Template: warmUp}}, nil)
							require.NoError(t, err, "%s: the request before", what)
							w.forget()
							require.EqualValues(t, idleConns, server.open.Load(), "%s: idle connections", what)
							class.send(t, w, what, m, false, server.arrived.Load)
						})
					})
				}
			}
		}
	}
}

// idleConns is how many connections are left when one breaks, and one more.
const idleConns = 5

// slowWarmUp makes each warming request need a connection of its own.
func slowWarmUp(req *http.Request) []byte {
	if strings.HasSuffix(req.URL.Path, warmUp) {
		time.Sleep(time.Second)
	}
	return nil
}

// openConns opens some connections, so that net/http has others when one breaks.
func openConns(t *testing.T, transport http.RoundTripper) {
	t.Helper()
	client, err := pulumiapi.NewClient(pulumiapi.WithToken(testkit.CanaryToken), pulumiapi.WithBaseURL(faultyBase),
		pulumiapi.WithHTTPClient(&http.Client{Transport: transport}))
	require.NoError(t, err, "NewClient")
	var running sync.WaitGroup
	for range idleConns {
		running.Go(func() {
			_, err := client.Do(t.Context(), pulumiapi.Request{Endpoint: pulumiapi.Endpoint{Method: http.MethodGet, Template: warmUp}}, nil)
			assert.NoError(t, err, "a request before")
		})
	}
	running.Wait()
	synctest.Wait()
}

// A server that wants no request at all: none is ever of unknown outcome, whether its
// header was written before the GOAWAY came or not.
func TestFaultMatrix_HTTP2GoAwayAtOnce(t *testing.T) {
	t.Parallel()
	config, client := http2Configs(t)
	for _, code := range []uint32{codeNo, codeProtocol} {
		for name, end := range map[string]ending{"and hangs up": hangsUp, "and stays": keeps} {
			for _, class := range requestClasses() {
				if class.body == nil || class.once {
					continue
				}
				what := fmt.Sprintf("%s: GOAWAY %#x %s", class, code, name)
				t.Run(what, func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						server := &http2Server{tls: config, strike: func(*http2Stream) {}, greet: func(s *http2Stream) ending {
							s.goAway(0, code, "")
							return end
						}}
						defer server.close()
						transport := server.transport(client)
						defer transport.CloseIdleConnections()
						w := newWitness(t, pulumiapi.WithBaseURL(faultyBase), pulumiapi.WithHTTPClient(&http.Client{Transport: transport}))
						_, err := w.client.Do(t.Context(), pulumiapi.Request{Endpoint: class.endpoint, Body: class.body()}, nil)
						require.Error(t, err, what)
						require.NotErrorIs(t, err, pulumiapi.ErrOutcomeUnknown, what)
						assert.Len(t, w.attempts, maxAttempts, "%s: attempts", what)
					})
				})
			}
		}
	}
}

// A connection of HTTP/2 carries other requests, too: they go on when one of them ends.
func TestFaultMatrix_HTTP2OtherStreamsGoOn(t *testing.T) {
	t.Parallel()
	config, client := http2Configs(t)
	synctest.Test(t, func(t *testing.T) {
		var first *http2Stream
		server := &http2Server{tls: config}
		server.body = []byte("{}")
		server.strike = func(s *http2Stream) {
			switch s.id {
			case 1:
				first = s
			case 3:
				first.reset(codeRefusedStream)
				s.answering.Go(func() {
					time.Sleep(10 * time.Second)
					s.answerWell()
				})
			default:
				s.answerWell()
			}
		}
		defer server.close()
		transport := server.transport(client)
		defer transport.CloseIdleConnections()
		c, err := pulumiapi.NewClient(pulumiapi.WithToken(testkit.CanaryToken), pulumiapi.WithBaseURL(faultyBase),
			pulumiapi.WithHTTPClient(&http.Client{Transport: transport}))
		require.NoError(t, err, "NewClient")
		var running sync.WaitGroup
		for range 2 {
			running.Go(func() {
				_, err := c.Do(t.Context(), pulumiapi.Request{Endpoint: testkit.GetThing, Args: []string{"a"}}, nil)
				assert.NoError(t, err, "a request on the same connection")
			})
			synctest.Wait()
		}
		running.Wait()
		assert.EqualValues(t, 3, server.arrived.Load(), "requests that the server has seen")
		assert.EqualValues(t, 1, server.open.Load(), "connections")
	})
}
