package transport

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
)

// askForGzip makes the request ask for compression, and reports whether what
// comes is to be decompressed here: not if the caller has asked for something.
func askForGzip(header http.Header) bool {
	if _, chosen := header["Accept-Encoding"]; chosen || header.Get("Range") != "" {
		return false
	}
	header["Accept-Encoding"] = onlyGzip
	return true
}

// onlyGzip is the value of a header, of all requests.
var onlyGzip = []string{"gzip"}

// decompressor undoes gzip. net/http's own would be switched off by some users'
// transports.
type decompressor struct {
	next http.RoundTripper
}

func (d *decompressor) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := d.next.RoundTrip(req)
	st := stateOf(req.Context())
	if err != nil || resp == nil || resp.Body == nil || !st.decompress {
		return resp, err
	}
	if isGzip(resp.Header.Values("Content-Encoding")) {
		resp.Body = &gzipBody{compressed: &progress{ReadCloser: resp.Body, dog: st.dog}}
		resp.Header.Del("Content-Encoding")
		resp.Header.Del("Content-Length")
		resp.ContentLength = -1
		resp.Uncompressed = true
	}
	return resp, nil
}

// isGzip reports whether the encodings come to gzip and nothing else.
func isGzip(encodings []string) bool {
	gzips := 0
	for name := range strings.SplitSeq(strings.Join(encodings, ","), ",") {
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "gzip", "x-gzip":
			gzips++
		case "", "identity":
		default:
			return false
		}
	}
	return gzips == 1
}

var gzipReaders sync.Pool

// gzipBody reads an answer's body that is compressed. It starts at the first
// read, as an answer to HEAD says gzip and has no body.
type gzipBody struct {
	compressed io.ReadCloser
	fetched    io.Reader // what is compressed, if it was fetched for its length

	// mu is held while somebody reads: a reader in use must not go into the pool.
	mu     sync.Mutex
	reader *gzip.Reader
	err    error
}

func (b *gzipBody) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil {
		return 0, b.err
	}
	if b.reader == nil {
		if b.err = b.start(); b.err != nil {
			return 0, b.err
		}
	}
	n, err := b.reader.Read(p)
	b.err = err
	return n, err
}

func (b *gzipBody) start() error {
	source := io.Reader(b.compressed)
	if b.fetched != nil {
		source = b.fetched
	}
	if pooled, ok := gzipReaders.Get().(*gzip.Reader); ok {
		if err := pooled.Reset(source); err != nil {
			gzipReaders.Put(pooled)
			return err
		}
		b.reader = pooled
		return nil
	}
	reader, err := gzip.NewReader(source)
	if err != nil {
		return err
	}
	b.reader = reader
	return nil
}

// Length returns how long an answer's body says that it will be, or -1. Gzip says
// so at its end: up to limit bytes of what is compressed are fetched into memory
// for that. It is for bodies that are then read into memory, so that it is taken
// once; what it says is a claim, like every header.
func Length(resp *http.Response, limit int64) int64 {
	body, ok := resp.Body.(*guardedBody)
	if !ok {
		return resp.ContentLength
	}
	zipped, ok := body.ReadCloser.(*gzipBody)
	if !ok {
		return resp.ContentLength
	}
	defer body.dog.rest()
	return zipped.length(limit)
}

func (b *gzipBody) length(limit int64) int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.reader != nil || b.err != nil {
		return -1
	}
	fetched := new(bytes.Buffer)
	n, err := fetched.ReadFrom(io.LimitReader(b.compressed, limit))
	b.fetched = fetched
	switch {
	case err != nil:
		b.fetched = io.MultiReader(fetched, failingReader{err})
	case n == limit:
		b.fetched = io.MultiReader(fetched, b.compressed)
	case n >= gzipLength:
		return int64(binary.LittleEndian.Uint32(fetched.Bytes()[n-gzipLength:]))
	}
	return -1
}

// gzipLength is how many bytes at the end of gzip are the text's length (RFC 1952,
// section 2.3.1).
const gzipLength = 4

type failingReader struct{ err error }

func (r failingReader) Read([]byte) (int, error) { return 0, r.err }

var errBodyClosed = errors.New("read on closed body")

func (b *gzipBody) Close() error {
	// First, as it ends a read that is under way.
	err := b.compressed.Close()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.reader != nil {
		gzipReaders.Put(b.reader)
		b.reader = nil
	}
	b.err = errBodyClosed
	return err
}
