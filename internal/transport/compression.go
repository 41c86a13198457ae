package transport

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
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
	st.zipped = nil
	if isGzip(resp.Header.Values("Content-Encoding")) {
		compressed := &progress{ReadCloser: resp.Body, dog: st.dog}
		st.zipped = &gzipBody{compressed: compressed, progress: compressed}
		resp.Body = st.zipped
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

var gzipReaders = sync.Pool{New: func() any { return newGzipReader(nil) }}

// gzipReader reads the members of a gzip stream (BenchmarkW3ExportToGzip). It looks
// for the next member itself: the library takes a header that is cut off within its
// optional fields for the end of the stream.
type gzipReader struct {
	source   *bufio.Reader
	member   gzip.Reader
	inMember bool
}

func newGzipReader(source io.Reader) *gzipReader { return &gzipReader{source: bufio.NewReader(source)} }

func (r *gzipReader) reset(source io.Reader) {
	r.source.Reset(source)
	r.inMember = false
}

func (r *gzipReader) Read(p []byte) (int, error) {
	for {
		if !r.inMember {
			if err := r.nextMember(); err != nil {
				return 0, err
			}
		}
		n, err := r.member.Read(p)
		if !errors.Is(err, io.EOF) {
			return n, err
		}
		r.inMember = false
		if n > 0 {
			return n, nil
		}
	}
}

// nextMember reads the header of a member; [io.EOF] is the end of the stream.
func (r *gzipReader) nextMember() error {
	if _, err := r.source.Peek(1); err != nil {
		return err
	}
	err := r.member.Reset(r.source)
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	r.member.Multistream(false)
	r.inMember = err == nil
	return err
}

// gzipBody reads an answer's body that is compressed. It starts at the first
// read, as an answer to HEAD says gzip and has no body.
type gzipBody struct {
	compressed io.ReadCloser
	fetched    io.Reader // what is compressed, if it was fetched for its length
	progress   *progress // counts what is compressed

	// mu is held while somebody reads: a reader in use must not go into the pool.
	mu     sync.Mutex
	reader *gzipReader
	err    error
	// plain is how much was decompressed, and bounded says that there is a bound
	// on it (LimitRatio).
	plain   int64
	bounded bool
}

// A body that is decompressed into memory may have maxRatio bytes for each byte
// that was sent, and freePlain bytes whatever was sent. What the service sends
// rarely gets beyond 30.
const (
	maxRatio  = 200
	freePlain = 256 << 10
)

// ErrRatio is the error of reading a body that would grow too much.
var ErrRatio = fmt.Errorf("the compressed response grows to more than %d times its size", maxRatio)

// LimitRatio makes reading a response's body fail with [ErrRatio] if it is gzip
// that would take much more memory than it took to send. It is for bodies that
// are read into memory.
func LimitRatio(resp *http.Response) {
	// net/http may have put a wrapper around the body, for its Timeout.
	if body, ok := resp.Body.(*guardedBody); ok && body.st.zipped != nil {
		body.st.zipped.mu.Lock()
		defer body.st.zipped.mu.Unlock()
		body.st.zipped.bounded = true
	}
}

func (b *gzipBody) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil {
		return 0, b.err
	}
	if b.reader == nil {
		b.reader, _ = gzipReaders.Get().(*gzipReader)
		b.reader.reset(b.source())
	}
	n, err := b.reader.Read(p)
	b.plain += int64(n)
	if b.bounded && b.plain > freePlain+maxRatio*b.progress.read {
		n, err = 0, ErrRatio
	}
	b.err = err
	return n, err
}

func (b *gzipBody) source() io.Reader {
	if b.fetched != nil {
		return b.fetched
	}
	return b.compressed
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
		b.reader.reset(nil) // the pool must not keep the answer alive
		gzipReaders.Put(b.reader)
		b.reader = nil
	}
	b.err = errBodyClosed
	return err
}
