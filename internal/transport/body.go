package transport

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"
)

// Body is a request's body: bytes, or a reader that is read from where it
// stands, and again from there if it can seek. The zero value is none.
type Body struct {
	bytes   []byte
	secrets []string
	reader  *rereader

	// first is the reader of bytes for the first attempt (BenchmarkW7CreateTag).
	first  bytes.Reader
	opened bool
}

// BytesBody returns a Body that sends data. The secrets in it are hidden where an
// answer repeats them, as the credentials are.
func BytesBody(data []byte, secrets ...string) Body { return Body{bytes: data, secrets: secrets} }

// ReaderBody returns a Body that sends what reader holds from its present
// position on. If reader can't seek, the request is not sent again once
// reading has begun.
func ReaderBody(reader io.Reader) Body {
	r := &rereader{reader: reader, size: -1, busy: make(chan struct{}, 1)}
	if sized, ok := reader.(interface{ Len() int }); ok {
		r.size = int64(sized.Len())
	}
	if seeker, ok := reader.(io.Seeker); ok {
		if start, err := seeker.Seek(0, io.SeekCurrent); err == nil {
			r.seeker, r.start = seeker, start
		}
	}
	return Body{reader: r}
}

// attach makes the body that of req, from its start.
func (b *Body) attach(req *http.Request) error {
	if b.isEmpty() {
		// To net/http, a body of length 0 would be one of unknown length.
		return nil
	}
	body, err := b.open()
	if err != nil {
		return err
	}
	req.Body, req.ContentLength = body, int64(len(b.bytes))
	if b.reader != nil {
		req.ContentLength = b.reader.size
	}
	if b.reader == nil || b.reader.seeker != nil {
		req.GetBody = b.open
	}
	// Otherwise net/http must not take the rest of the reader for the whole body.
	return nil
}

// open returns the body to be read from its start.
func (b *Body) open() (io.ReadCloser, error) {
	if b.reader == nil {
		if b.opened {
			// net/http may not be done with the first.
			return io.NopCloser(bytes.NewReader(b.bytes)), nil
		}
		b.opened = true
		b.first.Reset(b.bytes)
		return io.NopCloser(&b.first), nil
	}
	reader, err := b.reader.open()
	if err != nil {
		return nil, err
	}
	return io.NopCloser(reader), nil
}

func (b *Body) isEmpty() bool {
	if b.reader == nil {
		return len(b.bytes) == 0
	}
	return b.reader.size == 0
}

// maxShort is how long a body is at most that goes out at once, with the header.
const maxShort = 64 << 10

// isShort reports whether the body is in memory and goes out at once, so that
// there is no progress to watch. net/http must see that it is in memory, or it
// sends the header by itself (BenchmarkW7CreateTag).
func (b *Body) isShort() bool { return b.reader == nil && len(b.bytes) <= maxShort }

// mayBlock reports whether a read may never return: what can seek is memory or a
// file, whose reads do.
func (b *Body) mayBlock() bool {
	return b.reader != nil && b.reader.seeker == nil
}

// detach ends all reading from the caller's reader. A read that is under way
// has a moment to finish; there is no way to interrupt one that blocks.
func (b *Body) detach() {
	if b.reader == nil {
		return
	}
	b.reader.current.Store(nil)
	select {
	case b.reader.busy <- struct{}{}:
		b.reader.unlock()
	case <-time.After(detachPatience):
	}
}

// canReopen reports whether the body can be sent (once more).
func (b *Body) canReopen() bool {
	return b.reader == nil || b.reader.canReopen()
}

var (
	errBodyUsed       = errors.New("the request's body can't be read a second time")
	errBodySuperseded = errors.New("the request has ended")
)

// rereader reads a reader again from where it stood at first, if it can seek.
// net/http reads a request's body in a goroutine that can outlive the request,
// so each reading is an object of its own, and only the newest one reads.
type rereader struct {
	size    int64 // -1: unknown
	current atomic.Pointer[reading]

	// busy holds a token while somebody reads, which can be for as long as the
	// caller's reader takes: nothing here waits for it for long.
	busy   chan struct{}
	reader io.Reader
	seeker io.Seeker // nil if it can't
	start  int64
	used   bool
	failed bool // for reasons of its own, which sending again won't mend
}

// tryLock reports whether nobody is reading, and nobody will until unlock.
func (r *rereader) tryLock() bool {
	select {
	case r.busy <- struct{}{}:
		return true
	default:
		return false
	}
}

func (r *rereader) unlock() { <-r.busy }

type reading struct {
	source *rereader
}

// open prepares for reading from the start, which may come to nothing.
func (r *rereader) open() (io.Reader, error) {
	if !r.tryLock() {
		return nil, errBodyUsed
	}
	defer r.unlock()
	if r.used {
		if r.seeker == nil {
			return nil, errBodyUsed
		}
		if _, err := r.seeker.Seek(r.start, io.SeekStart); err != nil {
			return nil, err
		}
		r.used = false
	}
	opened := &reading{source: r}
	r.current.Store(opened)
	return opened, nil
}

func (r *rereader) canReopen() bool {
	if !r.tryLock() {
		return false
	}
	defer r.unlock()
	return !r.failed && (r.seeker != nil || !r.used)
}

func (g *reading) Read(p []byte) (int, error) {
	r := g.source
	r.busy <- struct{}{}
	defer r.unlock()
	if r.current.Load() != g {
		return 0, errBodySuperseded
	}
	r.used = true
	n, err := r.reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		r.failed = true
		err = fmt.Errorf("the request's body could not be read: %w", err)
	}
	return n, err
}

// detachPatience is how long a call waits for a read of the caller's reader that
// is under way.
const detachPatience = 100 * time.Millisecond

// How much of a body that nobody wants is read so that its connection can be
// used again, and for how long.
const (
	maxDiscard      = 256 << 10
	discardPatience = 5 * time.Second
)

// Discard reads an answer's body to its end, within limits, and closes it.
func Discard(resp *http.Response) {
	limitTime(resp, discardPatience)
	// It is a courtesy to the next request: failing costs a connection.
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxDiscard))
	_ = resp.Body.Close()
}

// ReadStart reads at most limit bytes of an answer's body, for a few seconds
// at most, and closes it. It returns what came.
func ReadStart(resp *http.Response, limit int64) []byte {
	if guarded, ok := resp.Body.(*guardedBody); ok && guarded.ReadCloser == http.NoBody {
		_ = resp.Body.Close()
		return nil
	}
	limitTime(resp, discardPatience)
	var start bytes.Buffer
	// Whatever goes wrong, the status is what counts.
	_, _ = io.Copy(&start, io.LimitReader(resp.Body, limit))
	_ = resp.Body.Close()
	return start.Bytes()
}

func limitTime(resp *http.Response, patience time.Duration) {
	if body, ok := resp.Body.(*guardedBody); ok {
		body.dog.limit(patience)
	}
}
