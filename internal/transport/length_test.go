package transport

import (
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Asking for the length changes nothing of what is read afterwards.
func TestLength(t *testing.T) {
	t.Parallel()
	const limit = 1 << 20
	text := strings.Repeat("hello ", 10_000)
	zipped := zip(t, text)
	noise := make([]byte, 2*limit)
	_, _ = rand.NewChaCha8([32]byte{}).Read(noise)
	for name, c := range map[string]struct {
		body   []byte
		length int64
		want   string
		fails  bool
	}{
		"gzip":                {zipped, int64(len(text)), text, false},
		"gzip twice":          {append(zip(t, text), zipped...), int64(len(text)), text + text, false},
		"more than the limit": {zip(t, string(noise)), -1, string(noise), false},
		"nothing":             {nil, -1, "", false},
		"no gzip":             {[]byte("hey"), -1, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newZipServer(t, c.body)
				call := get(t)
				call.Handle = func(r *http.Response, _ Outcome) error {
					assert.Equal(t, c.length, Length(r, limit), "Length of %s", name)
					assert.Equal(t, int64(-1), Length(&http.Response{Body: http.NoBody, ContentLength: -1}, limit))
					got, err := io.ReadAll(r.Body)
					assert.Equal(t, c.want, string(got), "what is read of %s", name)
					assert.Equal(t, c.fails, err != nil, "reading %s: %v", name, err)
					return r.Body.Close()
				}
				_, err := newClient(t, s.transport).Do(call.Call)
				require.NoError(t, err, "%s", call)
			})
		})
	}
}

func TestLength_OfWhatBreaksOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		zipped := zip(t, strings.Repeat("hello ", 10_000))
		s := newServer(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(zipped[:len(zipped)-20])
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		})
		call := get(t)
		call.Handle = func(r *http.Response, _ Outcome) error {
			assert.Equal(t, int64(-1), Length(r, 1<<20))
			_, err := io.ReadAll(r.Body)
			_ = r.Body.Close()
			return Permanent(err)
		}
		_, err := newClient(t, s.transport).Do(call.Call)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	})
}
