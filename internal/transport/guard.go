package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// guard begins each attempt, and sees to it that none hangs: neither on a
// server that stays silent nor on a body that never ends.
type guard struct {
	next  http.RoundTripper
	stall time.Duration
}

func (g *guard) RoundTrip(req *http.Request) (*http.Response, error) {
	st := stateOf(req.Context())
	if req.Response == nil {
		// Not a redirect's second half.
		st.begin()
	}
	dog, ctx := watch(req.Context(), g.stall)
	req = req.WithContext(ctx)
	if req.Body != nil && req.Body != http.NoBody {
		req.Body = &guardedUpload{ReadCloser: req.Body, dog: dog}
	}
	resp, err := g.next.RoundTrip(req)
	if err != nil {
		err = dog.explain(err)
		dog.release()
		return nil, err
	}
	dog.answered()
	resp.Body = &guardedBody{ReadCloser: resp.Body, dog: dog, st: st}
	return resp, nil
}

// watchdog cancels an attempt that makes no progress.
type watchdog struct {
	ctx     context.Context //nolint:containedctx // the attempt's, to be asked why it ended
	cancel  context.CancelCauseFunc
	stall   time.Duration // 0: no limit
	timer   *time.Timer
	overall *time.Timer

	mu        sync.Mutex
	uploading bool
}

// watch returns a watchdog and the context that it cancels. Who set a deadline
// has said how long to wait, and is not interfered with.
func watch(ctx context.Context, stall time.Duration) (*watchdog, context.Context) {
	dog := &watchdog{stall: stall, uploading: true}
	dog.ctx, dog.cancel = context.WithCancelCause(ctx)
	if _, ok := ctx.Deadline(); ok {
		dog.stall = 0
	}
	if dog.stall > 0 {
		dog.timer = time.AfterFunc(dog.stall, func() {
			dog.cancel(stallError(dog.stall))
		})
	}
	return dog, dog.ctx
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
	d.overall = time.AfterFunc(patience, func() { d.cancel(errTooSlow) })
}

// release lets go of the timers and the context.
func (d *watchdog) release() {
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
	if errors.As(cause, &stalled) || errors.Is(cause, errTooSlow) {
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

// guardedBody is an answer's body: it is watched while somebody reads it, and
// remembers how reading failed.
type guardedBody struct {
	io.ReadCloser
	dog *watchdog
	st  *state
}

func (b *guardedBody) Read(p []byte) (int, error) {
	b.dog.expect()
	n, err := b.ReadCloser.Read(p)
	b.dog.rest()
	if err != nil && !errors.Is(err, io.EOF) {
		err = b.dog.explain(err)
		b.st.readErr = err
	}
	return n, err
}

func (b *guardedBody) Close() error {
	err := b.ReadCloser.Close()
	b.dog.release()
	return err
}
