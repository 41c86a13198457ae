package transport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// newEchoServer sends back the body, and how it came.
func newEchoServer(t *testing.T, before ...http.HandlerFunc) *server {
	t.Helper()
	return newServer(t, nth(append(before, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Sent-Length", r.Header.Get("Content-Length"))
		w.Header().Set("Sent-Encoding", strings.Join(r.TransferEncoding, ","))
		_, _ = w.Write(body)
	})...))
}

// busy reads the request, and refuses it.
func busy(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	w.WriteHeader(http.StatusServiceUnavailable)
}

// onlyReader hides what else a reader can.
type onlyReader struct{ io.Reader }

// seekerWithoutLen is a file, say.
type seekerWithoutLen struct{ io.ReadSeeker }

func TestClient_Do_BodyLength(t *testing.T) {
	t.Parallel()
	const known, unknown = "", "chunked"
	tests := []struct {
		name     string
		method   string
		body     func() Body
		text     string
		length   string // the header's
		encoding string
	}{
		{"POST without a body", http.MethodPost, func() Body { return Body{} }, "", "0", known},
		{"PUT without a body", http.MethodPut, func() Body { return Body{} }, "", "0", known},
		{"GET without a body", http.MethodGet, func() Body { return Body{} }, "", "", known},
		{"DELETE without a body", http.MethodDelete, func() Body { return Body{} }, "", "", known},
		{"bytes", http.MethodPost, func() Body { return BytesBody([]byte("hello")) }, "hello", "5", known},
		{"no bytes", http.MethodPost, func() Body { return BytesBody(nil) }, "", "0", known},
		{"empty bytes", http.MethodPost, func() Body { return BytesBody([]byte{}) }, "", "0", known},
		{"strings.Reader", http.MethodPost, func() Body { return ReaderBody(strings.NewReader("hello")) }, "hello", "5", known},
		{"empty strings.Reader", http.MethodPost, func() Body { return ReaderBody(strings.NewReader("")) }, "", "0", known},
		{"bytes.Buffer", http.MethodPost, func() Body { return ReaderBody(bytes.NewBufferString("hello")) }, "hello", "5", known},
		{"seeker", http.MethodPost, func() Body { return ReaderBody(seekerWithoutLen{strings.NewReader("hello")}) }, "hello", "", unknown},
		{"reader", http.MethodPost, func() Body { return ReaderBody(onlyReader{strings.NewReader("hello")}) }, "hello", "", unknown},
		{"empty reader", http.MethodPost, func() Body { return ReaderBody(onlyReader{strings.NewReader("")}) }, "", "", unknown},
		{"reader that gives a byte at a time", http.MethodPost, func() Body {
			return ReaderBody(iotest.OneByteReader(strings.NewReader("hello")))
		}, "hello", "", unknown},
		{"reader on GET", http.MethodGet, func() Body { return ReaderBody(onlyReader{strings.NewReader("hello")}) }, "hello", "", unknown},
		{"bytes on DELETE", http.MethodDelete, func() Body { return BytesBody([]byte("hello")) }, "hello", "5", known},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newEchoServer(t)
				call := newCall(t.Context(), t, tt.method, "/stacks", tt.body())
				_, err := newClient(t, s.transport).Do(call.Call)
				require.NoError(t, err, "%s with %s", call, tt.name)
				assert.Equal(t, tt.text, call.body, "%s with %s: the body that arrived", call, tt.name)
				assert.Equal(t, tt.length, call.header.Get("Sent-Length"), "%s with %s: Content-Length", call, tt.name)
				assert.Equal(t, tt.encoding, call.header.Get("Sent-Encoding"), "%s with %s: Transfer-Encoding", call, tt.name)
			})
		})
	}
}

func TestClient_Do_ResendsTheBody(t *testing.T) {
	t.Parallel()
	redirect := func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		http.Redirect(w, r, "/cloud/other", http.StatusPermanentRedirect)
	}
	bodies := map[string]func(*testing.T) Body{
		"bytes": func(*testing.T) Body { return BytesBody([]byte("hello")) },
		"seeker at its start": func(*testing.T) Body {
			return ReaderBody(strings.NewReader("hello"))
		},
		"seeker behind its start": func(t *testing.T) Body {
			t.Helper()
			reader := bytes.NewReader([]byte("not this, but hello"))
			_, err := io.ReadFull(reader, make([]byte, 14))
			require.NoError(t, err, "bytes.Reader.Read")
			return ReaderBody(reader)
		},
		"file": func(t *testing.T) Body {
			t.Helper()
			name := filepath.Join(t.TempDir(), "body")
			require.NoError(t, os.WriteFile(name, []byte("not this, but hello"), 0o600), "os.WriteFile")
			file, err := os.Open(name)
			require.NoError(t, err, "os.Open")
			t.Cleanup(func() { _ = file.Close() })
			_, err = file.Seek(14, io.SeekStart)
			require.NoError(t, err, "os.File.Seek")
			return ReaderBody(file)
		},
	}
	tests := map[string]struct {
		before   []http.HandlerFunc
		attempts int
	}{
		"after answers":              {[]http.HandlerFunc{busy, busy}, 3},
		"after broken connections":   {[]http.HandlerFunc{hangUp, hangUp}, 3},
		"after redirects":            {[]http.HandlerFunc{redirect, redirect}, 1},
		"after everything":           {[]http.HandlerFunc{redirect, busy, hangUp, redirect}, 3},
		"after an answer in between": {[]http.HandlerFunc{status(http.StatusServiceUnavailable, "")}, 2},
	}
	for name, body := range bodies {
		for when, tt := range tests {
			t.Run(name+" "+when, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := newEchoServer(t, tt.before...)
					call := newCall(t.Context(), t, http.MethodPut, "/stacks", body(t))
					outcome, err := newClient(t, s.transport).Do(call.Call)
					require.NoError(t, err, "%s with %s %s", call, name, when)
					assert.Equal(t, "hello", call.body, "%s with %s %s: the body that arrived", call, name, when)
					assert.Equal(t, tt.attempts, outcome.Attempts, "%s with %s %s: attempts", call, name, when)
					if name != "file" {
						assert.Equal(t, "5", call.header.Get("Sent-Length"), "%s with %s %s: Content-Length", call, name, when)
					}
				})
			})
		}
	}
}

// A seeker that fails to seek is read once.
func TestClient_Do_BodyThatCannotSeekAfterAll(t *testing.T) {
	t.Parallel()
	t.Run("at first", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			s := newEchoServer(t, busy)
			call := newCall(t.Context(), t, http.MethodPut, "/stacks", ReaderBody(&brokenSeeker{Reader: strings.NewReader("hello")}))
			outcome, err := newClient(t, s.transport).Do(call.Call)
			requireStatus(t, http.StatusServiceUnavailable, err, call)
			assert.Equal(t, 1, outcome.Attempts, "%s: attempts", call)
		})
	})
	t.Run("later", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			s := newEchoServer(t, busy)
			call := newCall(t.Context(), t, http.MethodPut, "/stacks", ReaderBody(&brokenSeeker{Reader: strings.NewReader("hello"), good: 1}))
			outcome, err := newClient(t, s.transport).Do(call.Call)
			requireStatus(t, http.StatusServiceUnavailable, err, call)
			assert.Equal(t, Outcome{Attempts: 1, Uncertain: true, Transient: true}, outcome, "%s: the outcome", call)
		})
	})
}

// brokenSeeker seeks a few times.
type brokenSeeker struct {
	io.Reader
	good int
}

func (s *brokenSeeker) Seek(int64, int) (int64, error) {
	if s.good > 0 {
		s.good--
		return 0, nil
	}
	return 0, errBroken
}

func TestClient_Do_OnceReaderIsSentOnce(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		first  http.HandlerFunc
		status int // 0: another error
	}{
		{"refused", status(http.StatusServiceUnavailable, "busy"), 503},
		{"refused after reading", busy, 503},
		{"hung up", hangUp, 0},
		{"redirected", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/cloud/other", http.StatusTemporaryRedirect)
		}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				var attempts []Attempt
				s := newEchoServer(t, tt.first)
				reader := &countingReader{Reader: strings.NewReader("hello")}
				call := newCall(t.Context(), t, http.MethodPut, "/stacks", ReaderBody(reader))
				outcome, err := newClient(t, s.transport, withAttempts(&attempts)).Do(call.Call)
				if tt.status > 0 {
					requireStatus(t, tt.status, err, call)
				} else {
					require.Error(t, err, "%s", call)
				}
				assert.Equal(t, 1, outcome.Attempts, "%s: attempts", call)
				assert.Len(t, s.seen(), 1, "%s: what was sent", call)
				assert.Zero(t, time.Since(start), "%s: the time it took", call)
				require.Len(t, attempts, 1, "%s: attempts observed", call)
				assert.False(t, attempts[0].WillRetry, "%s: WillRetry", call)
			})
		})
	}
}

type countingReader struct {
	io.Reader
	reads atomic.Int32
}

func (r *countingReader) Read(p []byte) (int, error) {
	r.reads.Add(1)
	return r.Reader.Read(p)
}

// Nothing was read of it yet: it can be sent.
func TestClient_Do_OnceReaderIsKeptUntilThereIsAConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newEchoServer(t)
		s.refuse = 2
		reader := &countingReader{Reader: strings.NewReader("hello")}
		call := newCall(t.Context(), t, http.MethodPost, "/stacks", ReaderBody(reader))
		outcome, err := newClient(t, s.transport).Do(call.Call)
		require.NoError(t, err, "%s", call)
		assert.Equal(t, "hello", call.body, "%s: the body that arrived", call)
		assert.Equal(t, Outcome{Attempts: 3}, outcome, "%s: the outcome", call)
	})
}

func TestClient_Do_ReaderThatFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newEchoServer(t)
		call := newCall(t.Context(), t, http.MethodPost, "/stacks",
			ReaderBody(io.MultiReader(strings.NewReader("hello"), iotest.ErrReader(errBroken))))
		_, err := newClient(t, s.transport).Do(call.Call)
		require.ErrorIs(t, err, errBroken, "%s", call)
	})
}

// A reader that blocks can't be interrupted. Do must not wait for it.
func TestClient_Do_ReaderThatBlocks(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		first http.HandlerFunc
		want  error
		code  int
	}{
		{"cancelled", silent, errShutdown, 0},
		{"refused", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Connection", "close") // or the server would read the rest first
			w.WriteHeader(http.StatusServiceUnavailable)
		}, nil, 503},
		// Here net/http does wait, but no longer than for anything else.
		{"hung up", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, nil, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				s := newEchoServer(t, tt.first)
				ctx, cancel := context.WithCancelCause(t.Context())
				time.AfterFunc(time.Minute, func() { cancel(errShutdown) })
				reader, writer := io.Pipe()
				go func() { _, _ = io.WriteString(writer, "hello") }()
				call := newCall(ctx, t, http.MethodPut, "/stacks", ReaderBody(reader))
				outcome, err := newClient(t, s.transport).Do(call.Call)
				took := time.Since(start)
				require.Error(t, err, "%s", call)
				if tt.want != nil {
					require.ErrorIs(t, err, tt.want, "%s", call)
				}
				if tt.code > 0 {
					requireStatus(t, tt.code, err, call)
				}
				assert.Equal(t, Outcome{Attempts: 1, Uncertain: true, Transient: tt.code > 0}, outcome, "%s: the outcome", call)
				assert.LessOrEqual(t, took, time.Minute+time.Second, "%s: the time it took", call)
				// The read that is blocked still ends with the caller's pipe.
				require.NoError(t, writer.Close(), "io.PipeWriter.Close")
				synctest.Wait()
			})
		})
	}
	t.Run("before the connection", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Minute, cancel)
			n := newNetwork()
			h := n.listen("api.test:80")
			defer h.shut()
			reader, writer := io.Pipe()
			defer func() { _ = writer.Close() }()
			call := newCall(ctx, t, http.MethodPut, "/stacks", ReaderBody(reader))
			_, err := newClient(t, &http.Transport{DialContext: n.dial}).Do(call.Call)
			require.ErrorIs(t, err, context.Canceled, "%s", call)
		})
	})
}

// The reader is the caller's again once Do has returned, also where net/http has
// not finished with it.
func TestClient_Do_LeavesTheReaderAloneAfterwards(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		first http.HandlerFunc
	}{
		{"refused early", status(http.StatusConflict, "")},
		{"answered early", status(http.StatusOK, "")},
		{"hung up early", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }},
		{"cancelled", silent},
	}
	for _, tt := range tests {
		for _, seeks := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, can seek: %t", tt.name, seeks), func(t *testing.T) {
				t.Parallel()
				// A read that is over within the moment that Do gives it, and
				// whenever the rest happens.
				for _, pause := range []time.Duration{0, time.Millisecond, detachPatience - 1} {
					synctest.Test(t, func(t *testing.T) {
						s := newServer(t, tt.first)
						ctx, cancel := context.WithCancel(t.Context())
						defer cancel()
						time.AfterFunc(5*time.Second+time.Microsecond, cancel)
						reader := &busyReader{ReadSeeker: bytes.NewReader(make([]byte, 4<<20)), pause: pause}
						body := ReaderBody(reader)
						if !seeks {
							body = ReaderBody(onlyReader{reader})
						}
						call := newCall(ctx, t, http.MethodPost, "/stacks", body)
						_, _ = newClient(t, s.transport).Do(call.Call)
						assert.False(t, reader.busy, "%s: a read is under way afterwards", call)
						before := reader.reads // as does the race detector, this finds whoever reads now
						time.Sleep(time.Minute)
						assert.Equal(t, before, reader.reads, "%s: reads, a minute later", call)
					})
				}
			})
		}
	}
}

// busyReader is a reader that must not be used by two, and takes its time.
type busyReader struct {
	io.ReadSeeker
	pause time.Duration
	busy  bool
	reads int
}

func (r *busyReader) Read(p []byte) (int, error) {
	r.busy = true
	r.reads++
	time.Sleep(r.pause)
	r.busy = false
	return r.ReadSeeker.Read(p)
}

func TestReaderBody(t *testing.T) {
	t.Parallel()
	t.Run("only the newest reading reads", func(t *testing.T) {
		t.Parallel()
		body := ReaderBody(strings.NewReader("hello"))
		first, err := body.reader.open()
		require.NoError(t, err, "open")
		_, err = io.ReadFull(first, make([]byte, 2))
		require.NoError(t, err, "Read")
		second, err := body.reader.open()
		require.NoError(t, err, "open, again")
		_, err = first.Read(make([]byte, 2))
		require.ErrorIs(t, err, errBodySuperseded, "Read of the first reading")
		got, err := io.ReadAll(second)
		require.NoError(t, err, "Read of the second reading")
		assert.Equal(t, "hello", string(got), "Read of the second reading")
		body.detach()
		_, err = second.Read(make([]byte, 2))
		require.ErrorIs(t, err, errBodySuperseded, "Read after detach")
	})
	t.Run("opening is not reading", func(t *testing.T) {
		t.Parallel()
		body := ReaderBody(onlyReader{strings.NewReader("hello")})
		for range 3 {
			_, err := body.reader.open()
			require.NoError(t, err, "open of a reader that nobody has read")
			assert.True(t, body.canReopen(), "canReopen of a reader that nobody has read")
		}
		reading, err := body.reader.open()
		require.NoError(t, err, "open")
		_, err = reading.Read(make([]byte, 1))
		require.NoError(t, err, "Read")
		assert.False(t, body.canReopen(), "canReopen after reading")
		_, err = body.reader.open()
		require.ErrorIs(t, err, errBodyUsed, "open after reading")
	})
	t.Run("nothing waits for a read that blocks", func(t *testing.T) {
		t.Parallel()
		reader, writer := io.Pipe()
		body := ReaderBody(reader)
		reading, err := body.reader.open()
		require.NoError(t, err, "open")
		done := make(chan error)
		go func() {
			_, err := reading.Read(make([]byte, 1))
			done <- err
		}()
		for body.canReopen() { // until the goroutine reads
			time.Sleep(time.Millisecond)
		}
		_, err = body.reader.open()
		require.ErrorIs(t, err, errBodyUsed, "open while a read blocks")
		body.detach()
		require.NoError(t, writer.CloseWithError(errBroken), "CloseWithError")
		require.ErrorIs(t, <-done, errBroken, "Read that was blocked")
	})
	t.Run("no body", func(t *testing.T) {
		t.Parallel()
		var body Body
		assert.True(t, body.canReopen(), "canReopen of nil")
		assert.NotPanics(t, body.detach, "detach of nil")
	})
}

func TestReadStart(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		body  io.Reader
		limit int64
		want  string
	}{
		{"all", strings.NewReader("hello"), 10, "hello"},
		{"as much as the limit", strings.NewReader("hello"), 5, "hello"},
		{"more than the limit", strings.NewReader("hello"), 4, "hell"},
		{"nothing", strings.NewReader(""), 4, ""},
		{"broken", io.MultiReader(strings.NewReader("hel"), iotest.ErrReader(errBroken)), 10, "hel"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			body := &closingBody{Reader: tt.body}
			got := ReadStart(&http.Response{Body: body}, tt.limit)
			assert.Equal(t, tt.want, string(got), "ReadStart(%s, %d)", tt.name, tt.limit)
			assert.Equal(t, 1, body.closed, "ReadStart(%s, %d): Close", tt.name, tt.limit)
		})
	}
}

// An error body that is as long as is read of it costs no connection either.
func TestClient_Do_ErrorBodyAsLongAsTheLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, status(http.StatusConflict, strings.Repeat("x", 1<<10)))
		client := newClient(t, s.transport)
		for range 3 {
			call := get(t)
			_, err := client.Do(call.Call)
			requireStatus(t, http.StatusConflict, err, call)
		}
		assert.Len(t, s.dials(), 1, "three calls: connections")
	})
}

func TestDiscard(t *testing.T) {
	t.Parallel()
	for name, reader := range map[string]io.Reader{
		"short":   strings.NewReader("hello"),
		"long":    strings.NewReader(strings.Repeat("x", maxDiscard+10)),
		"endless": endlessReader{},
		"broken":  iotest.ErrReader(errors.New("broken")),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			counter := &byteCounter{Reader: reader}
			body := &closingBody{Reader: counter}
			Discard(&http.Response{Body: body})
			assert.Equal(t, 1, body.closed, "Discard(%s): Close", name)
			assert.LessOrEqual(t, counter.n, maxDiscard, "Discard(%s): what was read", name)
		})
	}
}

type endlessReader struct{}

func (endlessReader) Read(p []byte) (int, error) { return len(p), nil }

type byteCounter struct {
	io.Reader
	n int
}

func (c *byteCounter) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += n
	return n, err
}

// writeCounter is a connection that counts what is written at a time.
type writeCounter struct {
	net.Conn

	writes *atomic.Int64
}

func (c writeCounter) Write(p []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(p)
}

// A header that goes out by itself costs a packet.
func TestClient_Do_ShortBodyGoesOutWithTheHeader(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newEchoServer(t)
		dial, writes := s.transport.DialContext, new(atomic.Int64)
		s.transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dial(ctx, network, address)
			return writeCounter{conn, writes}, err
		}
		call := newCall(t.Context(), t, http.MethodPost, "/stacks", BytesBody([]byte("hello")))
		_, err := newClient(t, s.transport).Do(call.Call)
		require.NoError(t, err)
		assert.Equal(t, "hello", call.body)
		assert.EqualValues(t, 1, writes.Load(), "writes to the connection")
	})
}
