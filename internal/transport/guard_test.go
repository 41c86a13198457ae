package transport

import (
	"compress/gzip"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// That no goroutine is left behind, synctest shows in every test: a bubble
// doesn't end before all that was started in it has.

const stall = time.Minute

func requireStalled(t *testing.T, err error, call *testCall) {
	t.Helper()
	var stalled stallError
	require.ErrorAs(t, err, &stalled, "%s", call)
	assert.Equal(t, stallError(stall), stalled, "%s: the time in the error", call)
	require.ErrorContains(t, err, "no answer: nothing came for 1m0s", "%s", call)
	var timeout interface{ Timeout() bool }
	require.ErrorAs(t, err, &timeout, "%s", call)
	assert.True(t, timeout.Timeout(), "%s: the error's Timeout", call)
}

func TestClient_Do_SilentServerIsGivenUp(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		handler http.HandlerFunc
		outcome Outcome
	}{
		{"no answer", silent, Outcome{Uncertain: true}},
		{"no body", startOf(http.StatusOK, ""), Outcome{Succeeded: true}},
		{"half a body", startOf(http.StatusOK, "hello"), Outcome{Succeeded: true}},
		{"half a body, compressed", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			send(w, string(zip(t, "hello")[:15]))
			silent(w, r)
		}, Outcome{Succeeded: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				s := newServer(t, tt.handler)
				call := post(t)
				outcome, err := newClient(t, s.transport, withStall).Do(call.Call)
				requireStalled(t, err, call)
				assert.Equal(t, stall, time.Since(start), "%s: the time it took", call)
				want := tt.outcome
				want.Attempts, want.Transient = 1, true
				assert.Equal(t, want, outcome, "%s: the outcome", call)
			})
			synctest.Test(t, func(t *testing.T) {
				s := newServer(t, nth(tt.handler, status(http.StatusOK, "hello")))
				call := get(t)
				outcome, err := newClient(t, s.transport, withStall).Do(call.Call)
				require.NoError(t, err, "%s", call)
				assert.Equal(t, "hello", call.body, "%s: the answer", call)
				want := tt.outcome
				want.Attempts = 2
				assert.Equal(t, want, outcome, "%s: the outcome", call)
			})
		})
	}
}

// Nobody accepts: that it was never written is known.
func TestClient_Do_StalledWhileConnecting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork()
		h := n.listen("api.test:80")
		defer h.shut()
		call := post(t)
		outcome, err := newClient(t, &http.Transport{DialContext: n.dial}, withStall).Do(call.Call)
		requireStalled(t, err, call)
		assert.Equal(t, Outcome{Attempts: 4, Transient: true}, outcome, "%s: the outcome", call)
	})
}

func TestClient_Do_WithoutStallTimeWaitsForever(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, func(w http.ResponseWriter, _ *http.Request) {
			time.Sleep(24 * time.Hour)
			_, _ = io.WriteString(w, "hello")
		})
		call := get(t)
		_, err := newClient(t, s.transport).Do(call.Call)
		require.NoError(t, err, "%s", call)
	})
}

// Who sets a deadline has said how long to wait.
func TestClient_Do_DeadlineSwitchesTheWatchdogOff(t *testing.T) {
	t.Parallel()
	slow := func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(10 * stall)
		send(w, "hello, ")
		time.Sleep(10 * stall)
		send(w, "world")
	}
	t.Run("the context's", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			s := newServer(t, slow)
			call := newCall(ctx, t, http.MethodGet, "/stacks", Body{})
			outcome, err := newClient(t, s.transport, withStall).Do(call.Call)
			require.NoError(t, err, "%s", call)
			assert.Equal(t, "hello, world", call.body, "%s: the answer", call)
			assert.Equal(t, Outcome{Attempts: 1}, outcome, "%s: the outcome", call)
		})
	})
	t.Run("the http.Client's", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			s := newServer(t, slow)
			call := get(t)
			outcome, err := newClient(t, s.transport, withStall, withTimeout(time.Hour)).Do(call.Call)
			require.NoError(t, err, "%s", call)
			assert.Equal(t, Outcome{Attempts: 1}, outcome, "%s: the outcome", call)
		})
	})
}

func TestClient_Do_SlowBodyThatFlowsIsNotCut(t *testing.T) {
	t.Parallel()
	text := "hello, world"
	plain := func(w http.ResponseWriter, _ *http.Request) {
		for _, b := range []byte(text) {
			time.Sleep(stall - time.Second)
			send(w, string(b))
		}
	}
	tests := []struct {
		name    string
		handler http.HandlerFunc
	}{
		{"plain", plain},
		{"compressed, flushed", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			for _, b := range []byte(text) {
				time.Sleep(stall - time.Second)
				_, _ = z.Write([]byte{b})
				_ = z.Flush()
				send(w, "")
			}
			_ = z.Close()
		}},
		{"compressed, a byte at a time", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			for _, b := range zip(t, text) {
				time.Sleep(stall - time.Second)
				send(w, string([]byte{b}))
			}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newServer(t, tt.handler)
				call := get(t)
				outcome, err := newClient(t, s.transport, withStall).Do(call.Call)
				require.NoError(t, err, "%s", call)
				assert.Equal(t, text, call.body, "%s: the answer", call)
				assert.Equal(t, Outcome{Attempts: 1}, outcome, "%s: the outcome", call)
			})
		})
	}
}

// A caller who gets the body itself takes the time that it takes.
func TestClient_Do_PauseBetweenReadsIsNotCut(t *testing.T) {
	t.Parallel()
	const size = 1 << 20
	for _, zipped := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			text := strings.Repeat("x", size)
			s := newServer(t, func(w http.ResponseWriter, _ *http.Request) {
				if zipped {
					w.Header().Set("Content-Encoding", "gzip")
					text := zip(t, text)
					_, _ = w.Write(text)
					return
				}
				_, _ = io.WriteString(w, text)
			})
			s.transport.IdleConnTimeout = 0 // the connection may have nothing to do long before its reader is done
			client := newClient(t, s.transport, withStall)
			var body io.ReadCloser
			call := get(t)
			call.Handle = func(resp *http.Response, _ Outcome) error {
				body = resp.Body
				return nil
			}
			_, err := client.Do(call.Call)
			require.NoError(t, err, "%s", call)
			time.Sleep(time.Hour)
			total := 0
			for range 8 {
				n, err := io.ReadFull(body, make([]byte, size/8))
				require.NoError(t, err, "%s: reading after %d bytes", call, total)
				total += n
				time.Sleep(time.Hour)
			}
			n, err := body.Read(make([]byte, 1))
			assert.Zero(t, n, "%s: reading at the end", call)
			require.ErrorIs(t, err, io.EOF, "%s: reading at the end", call)
			require.NoError(t, body.Close(), "%s: closing", call)
			second := get(t)
			_, err = client.Do(second.Call)
			require.NoError(t, err, "%s", second)
			assert.Len(t, s.dials(), 1, "%s: connections", second)
		})
	}
}

// While the caller reads a body, silence counts, and the call's context, too.
func TestClient_Do_BodyHandedOn(t *testing.T) {
	t.Parallel()
	handOn := func(ctx context.Context, t *testing.T, s *server) io.ReadCloser {
		t.Helper()
		var body io.ReadCloser
		call := newCall(ctx, t, http.MethodGet, "/stacks", Body{})
		call.Handle = func(resp *http.Response, _ Outcome) error {
			body = resp.Body
			return nil
		}
		_, err := newClient(t, s.transport, withStall).Do(call.Call) //nolint:contextcheck // the call has it
		require.NoError(t, err, "%s", call)
		return body
	}
	t.Run("silence", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			body := handOn(t.Context(), t, newServer(t, startOf(http.StatusOK, "hello")))
			defer body.Close()
			time.Sleep(time.Hour)
			start := time.Now()
			got, err := io.ReadAll(body)
			var stalled stallError
			require.ErrorAs(t, err, &stalled, "reading a body that ends in silence")
			assert.Equal(t, "hello", string(got), "reading a body that ends in silence")
			assert.Equal(t, stall, time.Since(start), "reading a body that ends in silence: the time it took")
		})
	})
	t.Run("cancelled", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			body := handOn(ctx, t, newServer(t, startOf(http.StatusOK, "hello")))
			defer body.Close()
			time.AfterFunc(time.Second, func() { cancel(errShutdown) })
			got, err := io.ReadAll(body)
			require.ErrorIs(t, err, errShutdown, "reading a body whose call was cancelled")
			assert.Equal(t, "hello", string(got), "reading a body whose call was cancelled")
		})
	})
	t.Run("closed early", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			gone := make(chan struct{})
			body := handOn(t.Context(), t, newServer(t, func(w http.ResponseWriter, r *http.Request) {
				send(w, "hello")
				silent(w, r)
				close(gone)
			}))
			require.NoError(t, body.Close(), "closing a body early")
			<-gone
			_, err := body.Read(make([]byte, 1))
			require.Error(t, err, "reading a body that was closed")
			require.NoError(t, body.Close(), "closing a body again")
		})
	})
}

// slowReader gives a piece at a time, after a pause each.
type slowReader struct {
	pieces []string
	pause  time.Duration
}

func (r *slowReader) Read(p []byte) (int, error) {
	if len(r.pieces) == 0 {
		return 0, io.EOF
	}
	time.Sleep(r.pause)
	n := copy(p, r.pieces[0])
	r.pieces = r.pieces[1:]
	return n, nil
}

func TestClient_Do_LongUploadThatFlowsIsNotCut(t *testing.T) {
	t.Parallel()
	pieces := strings.Split("hello, world", "")
	t.Run("slow source", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			s := newServer(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })
			call := newCall(t.Context(), t, http.MethodPost, "/stacks", ReaderBody(&slowReader{pieces, stall - time.Second}))
			_, err := newClient(t, s.transport, withStall).Do(call.Call)
			require.NoError(t, err, "%s", call)
			assert.Equal(t, "hello, world", call.body, "%s: what arrived", call)
		})
	})
	t.Run("slow server", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			s := newServer(t, slowSink(64<<10, stall/2))
			call := newCall(t.Context(), t, http.MethodPost, "/stacks", BytesBody(make([]byte, 1<<20)))
			_, err := newClient(t, s.transport, withStall).Do(call.Call)
			require.NoError(t, err, "%s", call)
			assert.Equal(t, "done", call.body, "%s: the answer", call)
		})
	})
	t.Run("by net/http's own second try", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			var broken atomic.Bool
			s := newServer(t, nth(status(http.StatusOK, ""), slowSink(64<<10, stall/2)))
			s.wrap = func(dial int, conn net.Conn) net.Conn {
				if dial == 1 {
					return &writeBreaker{Conn: conn, broken: &broken}
				}
				return conn
			}
			client := newClient(t, s.transport, withStall)
			first := get(t)
			_, err := client.Do(first.Call)
			require.NoError(t, err, "%s", first)
			broken.Store(true)
			call := newCall(t.Context(), t, http.MethodPost, "/stacks", BytesBody(make([]byte, 1<<20)))
			outcome, err := client.Do(call.Call)
			require.NoError(t, err, "%s", call)
			assert.Equal(t, "done", call.body, "%s: the answer", call)
			assert.Equal(t, Outcome{Attempts: 1}, outcome, "%s: the outcome", call)
		})
	})
	t.Run("after a redirect", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			s := newServer(t, nth(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				http.Redirect(w, r, "/cloud/other", http.StatusTemporaryRedirect)
			}, slowSink(64<<10, stall/2)))
			call := newCall(t.Context(), t, http.MethodPost, "/stacks", BytesBody(make([]byte, 1<<20)))
			_, err := newClient(t, s.transport, withStall).Do(call.Call)
			require.NoError(t, err, "%s", call)
			assert.Equal(t, "done", call.body, "%s: the answer", call)
		})
	})
}

// slowSink takes so many bytes at a time, with a pause after each.
func slowSink(piece int64, pause time.Duration) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for {
			n, _ := io.CopyN(io.Discard, r.Body, piece)
			if n < piece {
				break
			}
			time.Sleep(pause)
		}
		_, _ = io.WriteString(w, "done")
	}
}

func TestClient_Do_SilenceDuringAndAfterAnUploadIsCut(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		handler http.HandlerFunc
	}{
		{"after it", silent},
		{"during it", func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.CopyN(io.Discard, r.Body, 64<<10)
			time.Sleep(2 * stall)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				s := newServer(t, tt.handler)
				call := newCall(t.Context(), t, http.MethodPost, "/stacks", BytesBody(make([]byte, 1<<20)))
				_, err := newClient(t, s.transport, withStall).Do(call.Call)
				requireStalled(t, err, call)
				assert.Equal(t, stall, time.Since(start), "%s: the time it took", call)
			})
		})
	}
}

// An upload that goes on behind an answer does not count as the answer's progress.
func TestClient_Do_UploadBehindTheAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
			_ = http.NewResponseController(w).EnableFullDuplex()
			send(w, "hello")
			_, _ = io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
		})
		pieces := strings.Split(strings.Repeat("x", 20), "")
		call := newCall(t.Context(), t, http.MethodPost, "/stacks", ReaderBody(&slowReader{pieces, stall / 2}))
		_, err := newClient(t, s.transport, withStall).Do(call.Call)
		requireStalled(t, err, call)
		assert.Less(t, time.Since(start), 3*stall, "%s: the time it took", call)
		time.Sleep(stall) // the read that nobody waits for any more
	})
}

// A refusal's body that never ends is left after a while.
func TestClient_Do_EndlessErrorBody(t *testing.T) {
	t.Parallel()
	endless := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(code)
			drip(w, r, time.Second)
		}
	}
	for name, timeout := range map[string]time.Duration{"": 0, ", http.Client with a timeout": time.Hour} {
		for _, zipped := range []string{"", ", compressed"} {
			t.Run("refusal"+name+zipped, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					start := time.Now()
					handler := endless(http.StatusConflict)
					if zipped != "" {
						handler = func(w http.ResponseWriter, r *http.Request) {
							w.Header().Set("Content-Encoding", "gzip")
							w.WriteHeader(http.StatusConflict)
							z := gzip.NewWriter(w)
							for r.Context().Err() == nil {
								_, _ = io.WriteString(z, "x")
								_ = z.Flush()
								send(w, "")
								time.Sleep(time.Second)
							}
						}
					}
					s := newServer(t, handler)
					call := get(t)
					outcome, err := newClient(t, s.transport, withStall, withTimeout(timeout)).Do(call.Call)
					requireStatus(t, http.StatusConflict, err, call)
					require.ErrorContains(t, err, "status 409: xxxx", "%s", call)
					assert.Equal(t, discardPatience, time.Since(start), "%s: the time it took", call)
					assert.Equal(t, Outcome{Attempts: 1}, outcome, "%s: the outcome", call)
				})
			})
		}
		t.Run("success that nobody wants"+name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				s := newServer(t, endless(http.StatusOK))
				call := get(t)
				call.Handle = func(resp *http.Response, _ Outcome) error {
					Discard(resp)
					return nil
				}
				_, err := newClient(t, s.transport, withStall, withTimeout(timeout)).Do(call.Call)
				require.NoError(t, err, "%s", call)
				assert.Equal(t, discardPatience, time.Since(start), "%s: the time it took", call)
			})
		})
		t.Run("retried refusal"+name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				s := newServer(t, nth(endless(http.StatusServiceUnavailable), status(http.StatusOK, "hello")))
				call := get(t)
				_, err := newClient(t, s.transport, withStall, withTimeout(timeout)).Do(call.Call)
				require.NoError(t, err, "%s", call)
				assert.LessOrEqual(t, time.Since(start), discardPatience+testMinWait, "%s: the time it took", call)
			})
		})
	}
}

// The context that the user's transport gets ends with the answer's body.
func TestClient_Do_ReleasesTheAttemptsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var contexts []context.Context
		responders := []func() (*http.Response, error){
			func() (*http.Response, error) { return nil, errBroken },
			func() (*http.Response, error) {
				return &http.Response{StatusCode: 503, Body: http.NoBody, Header: http.Header{}}, nil
			},
			func() (*http.Response, error) {
				return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader("hello")), Header: http.Header{}}, nil
			},
		}
		transport := roundTripper(func(req *http.Request) (*http.Response, error) {
			contexts = append(contexts, req.Context())
			resp, err := responders[len(contexts)-1]()
			if resp != nil {
				resp.Request = req
			}
			return resp, err
		})
		call := get(t)
		call.Handle = func(resp *http.Response, sofar Outcome) error {
			require.NoError(t, contexts[len(contexts)-1].Err(), "%s: the context while the answer is read", call)
			return call.handle(resp, sofar)
		}
		_, err := newClient(t, transport, withStall).Do(call.Call)
		require.NoError(t, err, "%s", call)
		require.Len(t, contexts, 3, "%s: attempts", call)
		for i, ctx := range contexts {
			require.ErrorIs(t, ctx.Err(), context.Canceled, "%s: the context of attempt %d, afterwards", call, i+1)
		}
		require.NoError(t, call.Request.Context().Err(), "%s: the caller's context", call)
	})
}

// net/http uses the buffer for something else once Read has returned.
func TestAbandonedUpload_LeavesTheBufferAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		dog := new(watchdog)
		dog.watch(ctx, 0, new(load))
		defer dog.release()
		reader, writer := io.Pipe()
		upload := &abandonedUpload{guardedUpload: &guardedUpload{ReadCloser: reader, dog: dog}}
		go func() { _, _ = io.WriteString(writer, "hello") }()
		buffer := make([]byte, 10)
		n, err := upload.Read(buffer)
		require.NoError(t, err, "abandonedUpload.Read")
		assert.Equal(t, "hello", string(buffer[:n]), "abandonedUpload.Read")

		time.AfterFunc(time.Second, func() { cancel(errShutdown) })
		n, err = upload.Read(buffer)
		require.ErrorIs(t, err, errShutdown, "abandonedUpload.Read when the attempt ends")
		assert.Zero(t, n, "abandonedUpload.Read when the attempt ends")
		kept := upload.buffer
		_, _ = io.WriteString(writer, "world")
		synctest.Wait()
		assert.Equal(t, "hello", string(buffer[:5]), "the buffer, after the abandoned read has ended")
		assert.NotContains(t, string(kept), "world", "the next read's buffer, after the abandoned read has ended")
	})
}

func TestWatchdog_ExplainsOnlyWhatItDid(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		dog := new(watchdog)
		attempt := dog.watch(ctx, stall, new(load))
		require.ErrorIs(t, dog.explain(errBroken), errBroken, "explain, before anything happened")
		cancel(errShutdown)
		<-attempt.Done()
		require.ErrorIs(t, dog.explain(errBroken), errBroken, "explain, after the caller cancelled")
		dog.release()

		dog = new(watchdog)
		attempt = dog.watch(t.Context(), stall, new(load))
		<-attempt.Done()
		err := dog.explain(errBroken)
		require.NotErrorIs(t, err, errBroken, "explain, after the stall time")
		require.EqualError(t, err, "no answer: nothing came for 1m0s", "explain, after the stall time")
		dog.release()

		dog = new(watchdog)
		attempt = dog.watch(t.Context(), 0, new(load))
		dog.limit(time.Second)
		<-attempt.Done()
		require.ErrorIs(t, dog.explain(errBroken), errTooSlow, "explain, after the limit")
		dog.release()
		require.NotErrorIs(t, attempt.Err(), errTooSlow, "the context's own error")
	})
}
