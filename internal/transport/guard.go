package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
	"time"
)

// guard begins each attempt, and sees to it that none hangs: neither on a
// server that stays silent nor on a body that never ends.
type guard struct {
	next   http.RoundTripper
	stall  time.Duration
	load   *load
	budget *budget

	isNetHTTP, plainIsHTTP1 bool        // what the function isNetHTTP says of the transport
	usesHTTP1               atomic.Bool // a connection that was used so far
}

func (g *guard) RoundTrip(req *http.Request) (*http.Response, error) {
	st := stateOf(req.Context())
	switch {
	case req.Response != nil:
		// A redirect's second half. What became of the redirect's body is of no
		// interest.
		st.readErr = nil
	case req.Context().Err() != nil:
		// Nothing is sent, so this is no attempt.
		st.cancelled = true
		if req.Body != nil {
			_ = req.Body.Close()
		}
		return nil, context.Cause(req.Context())
	default:
		st.begin()
		if st.attempts == 1 {
			g.budget.earn()
		}
	}
	dog := st.newWatchdog()
	// What follows changes the request, which must not be the caller's then.
	dog.request = *req.WithContext(dog.watch(httptrace.WithClientTrace(req.Context(), dog.once.begin(st, g, req)), g.stall, g.load))
	st.dog, req = dog, &dog.request
	dog.watchUpload(&st.call.Body)
	resp, err := g.next.RoundTrip(req)
	if err != nil {
		err = redactError(req, dog.explain(err))
		dog.release()
		return nil, err
	}
	dog.answered()
	if resp == nil {
		// net/http says so.
		dog.release()
		return nil, nil //nolint:nilnil // as the user's transport does
	}
	// Whatever the user's transport says: it is what was sent.
	resp.Request = req
	if isRedirect(resp) {
		hideBadLocation(resp)
		dog.limit(discardPatience)
	}
	if resp.Body == nil {
		dog.release()
		return resp, nil
	}
	dog.body = guardedBody{ReadCloser: resp.Body, dog: dog, st: st, sent: req}
	resp.Body = &dog.body
	return resp, nil
}

// watchdog cancels an attempt that makes no progress. What it watches is in one
// piece of memory with it (BenchmarkW7CreateTag).
type watchdog struct {
	request http.Request // as it is sent
	body    guardedBody  // the answer's
	once    sendOnce

	ctx     context.Context //nolint:containedctx // the attempt's, to be asked why it ended
	cancel  context.CancelCauseFunc
	stall   time.Duration // 0: no limit
	timer   *time.Timer
	overall *time.Timer
	counted sync.Once // release
	load    *load

	mu        sync.Mutex
	uploading bool
}

// newWatchdog returns a new one. Most calls have no need of a second.
func (st *state) newWatchdog() *watchdog {
	if st.dog == nil {
		return &st.firstDog
	}
	return new(watchdog)
}

// watch begins to watch an attempt, returns the context that it cancels, and
// counts the attempt as under way until the watchdog is released. Who set a deadline
// has said how long to wait, and is not interfered with.
func (d *watchdog) watch(ctx context.Context, stall time.Duration, l *load) context.Context {
	d.stall, d.uploading, d.load = stall, true, l
	l.requests.Add(1)
	d.ctx, d.cancel = context.WithCancelCause(ctx)
	d.once.cancel = d.cancel
	if _, ok := ctx.Deadline(); ok {
		d.stall = 0
	}
	if d.stall > 0 {
		d.timer = time.AfterFunc(d.stall, func() {
			d.cancel(stallError(d.stall))
		})
	}
	return d.ctx
}

// watchUpload makes the sending of the request's body progress, also where net/http
// sends it once more by itself.
func (d *watchdog) watchUpload(body *Body) {
	switch {
	case d.request.Body == nil, d.request.Body == http.NoBody:
	case body.isShort():
		d.request.GetBody = d.once.getBody(func() (io.ReadCloser, error) {
			d.uploaded()
			return body.open()
		})
	default:
		d.request.Body = d.watched(d.request.Body, body)
		if d.request.GetBody != nil {
			d.request.GetBody = d.once.getBody(func() (io.ReadCloser, error) {
				upload, err := body.open()
				if err != nil {
					return nil, err
				}
				return d.watched(upload, body), nil
			})
		}
	}
}

func (d *watchdog) watched(upload io.ReadCloser, body *Body) io.ReadCloser {
	guarded := &guardedUpload{ReadCloser: upload, dog: d}
	if body.mayBlock() {
		return &abandonedUpload{guardedUpload: guarded}
	}
	return guarded
}

// expect gives the other side another full measure of time.
func (d *watchdog) expect() {
	if d.timer != nil {
		d.timer.Reset(d.stall)
	}
}

// uploaded is called for each piece of the request's body, by a goroutine that
// may go on after the answer has come.
func (d *watchdog) uploaded() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.uploading {
		d.expect()
	}
}

// answered says that the answer's header is there.
func (d *watchdog) answered() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.uploading = false
	d.rest()
}

// rest stops watching while nothing is expected from the other side.
func (d *watchdog) rest() {
	if d.timer != nil {
		d.timer.Stop()
	}
}

// limit ends the attempt after the given time, whatever it does.
func (d *watchdog) limit(patience time.Duration) {
	if d.overall != nil {
		return
	}
	d.overall = time.AfterFunc(patience, func() { d.cancel(errTooSlow) })
}

// release lets go of the timers and the context.
func (d *watchdog) release() {
	d.counted.Do(func() { d.load.requests.Add(-1) })
	d.answered()
	if d.overall != nil {
		d.overall.Stop()
	}
	d.cancel(nil)
}

// explain returns the reason for which the watchdog ended the attempt, if it
// did, and err otherwise.
func (d *watchdog) explain(err error) error {
	cause := context.Cause(d.ctx)
	var stalled stallError
	if errors.As(cause, &stalled) || errors.Is(cause, errTooSlow) || errors.Is(cause, errSentAgain) {
		return cause
	}
	return err
}

// stallError says that the other side was silent for too long.
type stallError time.Duration

func (e stallError) Error() string {
	return fmt.Sprintf("no answer: nothing came for %s", time.Duration(e))
}

// Timeout marks it as a timeout, as net.Error has it.
func (e stallError) Timeout() bool { return true }

var errTooSlow = errors.New("the answer's body took too long")

// guardedUpload is a request's body: what is read from it is progress.
type guardedUpload struct {
	io.ReadCloser
	dog *watchdog
}

func (u *guardedUpload) Read(p []byte) (int, error) {
	u.dog.uploaded()
	return u.ReadCloser.Read(p)
}

// abandonedUpload is a request's body whose source may block for good. net/http
// waits for who reads a body, whatever becomes of the request, so the reading is
// left to a goroutine, and to itself when the attempt ends.
type abandonedUpload struct {
	*guardedUpload
	buffer []byte // not the caller's, which is used for something else afterwards
}

func (u *abandonedUpload) Read(p []byte) (int, error) {
	if len(u.buffer) < len(p) {
		u.buffer = make([]byte, len(p))
	}
	type result struct {
		n   int
		err error
	}
	read := make(chan result, 1)
	buffer := u.buffer[:len(p)]
	go func() {
		n, err := u.guardedUpload.Read(buffer)
		read <- result{n, err}
	}()
	select {
	case r := <-read:
		return copy(p, buffer[:r.n]), r.err
	case <-u.dog.ctx.Done():
		u.buffer = nil
		return 0, context.Cause(u.dog.ctx)
	}
}

// progress is the compressed body below what decompresses it: a piece of it is
// progress, although nothing may come of it for long.
type progress struct {
	io.ReadCloser
	dog  *watchdog
	read int64
}

func (p *progress) Read(data []byte) (int, error) {
	p.dog.expect()
	n, err := p.ReadCloser.Read(data)
	p.read += int64(n)
	return n, err
}

// guardedBody is an answer's body: it is watched while somebody reads it, and
// remembers how reading failed.
type guardedBody struct {
	io.ReadCloser
	dog  *watchdog
	st   *state
	sent *http.Request
}

func (b *guardedBody) Read(p []byte) (int, error) {
	b.dog.expect()
	n, err := b.ReadCloser.Read(p)
	b.dog.rest()
	if err != nil && !errors.Is(err, io.EOF) {
		err = redactError(b.sent, b.dog.explain(err))
		b.st.readErr = err
	}
	return n, err
}

func (b *guardedBody) Close() error {
	err := b.ReadCloser.Close()
	b.dog.release()
	return err
}
