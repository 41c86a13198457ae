package transport

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// newZipServer answers with text, compressed, and as Accept-Encoding and Range
// were asked for in headers of its own.
func newZipServer(t *testing.T, body []byte) *server {
	t.Helper()
	return newServer(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Asked-Encoding", strings.Join(r.Header.Values("Accept-Encoding"), "|"))
		w.Header().Set("Asked-Range", strings.Join(r.Header.Values("Range"), "|"))
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		_, _ = w.Write(body)
	})
}

func TestClient_Do_AsksForGzipAndUndoesIt(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("hello ", 10_000)
	synctest.Test(t, func(t *testing.T) {
		s := newZipServer(t, zip(t, text))
		call := get(t)
		var resp http.Response
		call.Handle = func(r *http.Response, sofar Outcome) error {
			resp = *r
			return call.handle(r, sofar)
		}
		_, err := newClient(t, s.transport).Do(call.Call)
		require.NoError(t, err, "%s", call)
		assert.Equal(t, text, call.body, "%s: the answer", call)
		assert.Equal(t, "gzip", call.header.Get("Asked-Encoding"), "%s: Accept-Encoding", call)
		assert.Empty(t, call.header.Get("Content-Encoding"), "%s: the answer's Content-Encoding", call)
		assert.Empty(t, call.header.Get("Content-Length"), "%s: the answer's Content-Length", call)
		assert.EqualValues(t, -1, resp.ContentLength, "%s: ContentLength", call)
		assert.True(t, resp.Uncompressed, "%s: Uncompressed", call)
	})
}

func TestClient_Do_PlainAnswerStaysAsItIs(t *testing.T) {
	t.Parallel()
	for _, encoding := range []string{"", "identity", "br"} {
		t.Run(encoding, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newServer(t, func(w http.ResponseWriter, _ *http.Request) {
					if encoding != "" {
						w.Header().Set("Content-Encoding", encoding)
					}
					w.Header().Set("Content-Length", "5")
					_, _ = io.WriteString(w, "hello")
				})
				call := get(t)
				_, err := newClient(t, s.transport).Do(call.Call)
				require.NoError(t, err, "%s", call)
				assert.Equal(t, "hello", call.body, "%s: the answer", call)
				assert.Equal(t, encoding, call.header.Get("Content-Encoding"), "%s: Content-Encoding", call)
				assert.Equal(t, "5", call.header.Get("Content-Length"), "%s: Content-Length", call)
			})
		})
	}
}

// Who asks for something, gets what comes.
func TestClient_Do_LeavesACallersEncodingAlone(t *testing.T) {
	t.Parallel()
	zipped := zip(t, "hello")
	tests := []struct {
		name, header, value string
		encoding, span      string
	}{
		{"gzip", "Accept-Encoding", "gzip", "gzip", ""},
		{"identity", "Accept-Encoding", "identity", "identity", ""},
		{"several", "Accept-Encoding", "br, gzip", "br, gzip", ""},
		{"range", "Range", "bytes=0-99", "", "bytes=0-99"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newZipServer(t, zipped)
				s.transport.DisableCompression = true // net/http's own, which would ask with a Range, too
				call := get(t)
				call.Request.Header.Set(tt.header, tt.value)
				_, err := newClient(t, s.transport).Do(call.Call)
				require.NoError(t, err, "%s, %s: %s", call, tt.header, tt.value)
				assert.Equal(t, string(zipped), call.body, "%s, %s: %s: the answer", call, tt.header, tt.value)
				assert.Equal(t, "gzip", call.header.Get("Content-Encoding"), "%s: the answer's Content-Encoding", call)
				assert.Equal(t, tt.encoding, call.header.Get("Asked-Encoding"), "%s: Accept-Encoding", call)
				assert.Equal(t, tt.span, call.header.Get("Asked-Range"), "%s: Range", call)
			})
		})
	}
}

// Where net/http's own compression is on or off makes no difference.
func TestClient_Do_CompressionOfTheTransport(t *testing.T) {
	t.Parallel()
	for _, disabled := range []bool{false, true} {
		t.Run(fmt.Sprint(disabled), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newZipServer(t, zip(t, "hello"))
				s.transport.DisableCompression = disabled
				call := get(t)
				_, err := newClient(t, s.transport).Do(call.Call)
				require.NoError(t, err, "%s with DisableCompression %t", call, disabled)
				assert.Equal(t, "hello", call.body, "%s with DisableCompression %t: the answer", call, disabled)
			})
		})
	}
}

func TestClient_Do_CompressedAnswersWithoutABody(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, method string
		status       int
	}{
		{"empty", http.MethodGet, http.StatusOK},
		{"no content", http.MethodPost, http.StatusNoContent},
		{"HEAD", http.MethodHead, http.StatusOK},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newServer(t, func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Content-Encoding", "gzip")
					w.WriteHeader(tt.status)
				})
				client := newClient(t, s.transport)
				for range 2 {
					call := newCall(t.Context(), t, tt.method, "/stacks", Body{})
					outcome, err := client.Do(call.Call)
					require.NoError(t, err, "%s", call)
					assert.Empty(t, call.body, "%s: the answer", call)
					assert.Equal(t, Outcome{Attempts: 1}, outcome, "%s: the outcome", call)
				}
				assert.Len(t, s.dials(), 1, "%s, twice: connections", tt.method)
			})
		})
	}
}

func TestClient_Do_CompressedInSeveralMembers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newZipServer(t, append(zip(t, "hello, "), append(zip(t, ""), zip(t, "world")...)...))
		client := newClient(t, s.transport)
		for range 2 {
			call := get(t)
			_, err := client.Do(call.Call)
			require.NoError(t, err, "%s", call)
			assert.Equal(t, "hello, world", call.body, "%s: the answer", call)
		}
		assert.Len(t, s.dials(), 1, "two calls: connections")
	})
}

func TestClient_Do_CompressedWithGarbageBehind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newZipServer(t, append(zip(t, "hello"), "more than a header of garbage"...))
		call := post(t)
		_, err := newClient(t, s.transport).Do(call.Call)
		require.ErrorIs(t, err, gzip.ErrHeader, "%s", call)
	})
}

func TestClient_Do_CompressedRefusal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "GZip")
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write(zip(t, "no such stack"))
		})
		call := get(t)
		_, err := newClient(t, s.transport).Do(call.Call)
		require.EqualError(t, err, "status 404: no such stack", "%s", call)
	})
}

// Readers of compressed bodies come from a pool: no call may see another's data.
func TestClient_Do_ManyCompressedAnswersAtATime(t *testing.T) {
	t.Parallel()
	text := func(path string) string { return strings.Repeat(path+" ", 2000) }
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			zipped := zip(t, text(r.URL.Path))
			if strings.HasSuffix(r.URL.Path, "3") {
				zipped = zipped[:len(zipped)-4]
			}
			_, _ = w.Write(zipped)
		})
		client := newClient(t, s.transport, withRetry(RetryPolicy{MaxAttempts: 1, Budget: -1}))
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() {
				for j := range 4 {
					path := fmt.Sprintf("/%d-%d", i, j)
					call := newCall(t.Context(), t, http.MethodGet, path, Body{})
					if j == 1 { // left before its end, and closed twice
						call.Handle = func(resp *http.Response, _ Outcome) error {
							_, _ = resp.Body.Read(make([]byte, 100))
							return errors.Join(resp.Body.Close(), resp.Body.Close())
						}
					}
					_, err := client.Do(call.Call)
					if j == 3 {
						assert.Error(t, err, "%s", call) //nolint:testifylint // not in the test's goroutine
						continue
					}
					assert.NoError(t, err, "%s", call) //nolint:testifylint // not in the test's goroutine
					if j != 1 {
						assert.Equal(t, text("/cloud"+path), call.body, "%s: the answer", call)
					}
				}
			})
		}
		wg.Wait()
	})
}

func TestGzipBody_Close(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("hello ", 10_000)
	tests := []struct {
		name string
		read func(*testing.T, io.Reader)
	}{
		{"without reading", func(*testing.T, io.Reader) {}},
		{"before the end", func(t *testing.T, r io.Reader) {
			t.Helper()
			_, err := io.ReadFull(r, make([]byte, 10))
			require.NoError(t, err, "gzipBody.Read")
		}},
		{"after the end", func(t *testing.T, r io.Reader) {
			t.Helper()
			got, err := io.ReadAll(r)
			require.NoError(t, err, "gzipBody.Read")
			assert.Equal(t, text, string(got), "gzipBody.Read")
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			under := &closingBody{Reader: bytes.NewReader(zip(t, text))}
			body := &gzipBody{compressed: under}
			tt.read(t, body)
			require.NoError(t, body.Close(), "gzipBody.Close")
			n, err := body.Read(make([]byte, 10))
			assert.Zero(t, n, "gzipBody.Read after Close")
			require.Error(t, err, "gzipBody.Read after Close")
			require.NotErrorIs(t, err, io.EOF, "gzipBody.Read after Close")
			require.NoError(t, body.Close(), "gzipBody.Close, again")
			assert.Equal(t, 2, under.closed, "gzipBody.Close, twice: Close of what is below")
			assert.Nil(t, body.reader, "gzipBody.Close, twice: the reader that it returned to the pool")
		})
	}
}

// A reader that is in use must not go into the pool.
func TestGzipBody_CloseWhileReading(t *testing.T) {
	t.Parallel()
	zipped := zip(t, strings.Repeat("hello ", 20_000))
	for range 10 {
		body := &gzipBody{compressed: &closingBody{Reader: bytes.NewReader(zipped)}}
		var wg sync.WaitGroup
		wg.Go(func() { _, _ = io.Copy(io.Discard, body) })
		wg.Go(func() { _ = body.Close() })
		other := &gzipBody{compressed: &closingBody{Reader: bytes.NewReader(zip(t, "world"))}}
		got, err := io.ReadAll(other)
		require.NoError(t, err, "gzipBody.Read of another")
		assert.Equal(t, "world", string(got), "gzipBody.Read of another")
		require.NoError(t, other.Close(), "gzipBody.Close of another")
		wg.Wait()
	}
}

// A reader whose last body was broken is as good as new.
func TestGzipBody_PoolAfterAFailure(t *testing.T) {
	t.Parallel()
	for range 20 {
		for _, broken := range [][]byte{[]byte("not gzip at all"), zip(t, "hello")[:15], nil} {
			body := &gzipBody{compressed: io.NopCloser(bytes.NewReader(broken))}
			_, err := io.ReadAll(body)
			if broken == nil {
				require.NoError(t, err, "gzipBody.Read of nothing")
			} else {
				require.Error(t, err, "gzipBody.Read of %q", broken)
			}
			_, again := body.Read(make([]byte, 1))
			require.Error(t, again, "gzipBody.Read of %q, again", broken)
			require.NoError(t, body.Close(), "gzipBody.Close")
		}
		body := &gzipBody{compressed: io.NopCloser(bytes.NewReader(zip(t, "hello")))}
		got, err := io.ReadAll(body)
		require.NoError(t, err, "gzipBody.Read")
		assert.Equal(t, "hello", string(got), "gzipBody.Read")
		require.NoError(t, body.Close(), "gzipBody.Close")
	}
}

func TestGzipReader_CutOffAnywhere(t *testing.T) {
	t.Parallel()
	var stream bytes.Buffer
	var ends []int // where a member ends, and the start
	for _, text := range []string{"", "Timestamp,Name\n", strings.Repeat("a member with all there is\n", 100)} {
		ends = append(ends, stream.Len())
		member := gzip.NewWriter(&stream)
		member.Name, member.Comment, member.Extra = "log.csv", "of a month", []byte("more")
		_, err := member.Write([]byte(text))
		require.NoError(t, err)
		require.NoError(t, member.Close())
	}
	ends = append(ends, stream.Len())

	for length := range stream.Len() + 1 {
		cut := stream.Bytes()[:length]
		text, err := io.ReadAll(newGzipReader(bytes.NewReader(cut)))
		if slices.Contains(ends, length) {
			require.NoError(t, err, "%d bytes of %d", length, stream.Len())
		} else {
			require.ErrorIs(t, err, io.ErrUnexpectedEOF, "%d bytes of %d", length, stream.Len())
		}
		if length == stream.Len() {
			assert.Len(t, text, len("Timestamp,Name\n")+100*len("a member with all there is\n"))
		}
	}
}
