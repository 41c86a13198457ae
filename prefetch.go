package pulumiapi

import (
	"context"
	"iter"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"time"
)

// walkOptions is what a list's options say about walking it.
type walkOptions struct {
	cursor     *Cursor // the field itself
	noPrefetch bool
	parallel   int
}

// maxParallel is how many pages of a list are fetched at a time at most.
const maxParallel = 16

// pagesAhead returns how many pages may be fetched ahead of the caller.
func (o walkOptions) pagesAhead() (int, error) {
	switch {
	case o.parallel < 0:
		return 0, newArgumentError("opts.Parallel", strconv.Itoa(o.parallel), "is negative")
	case o.noPrefetch:
		return 0, nil
	default:
		return min(max(o.parallel, 1), maxParallel), nil
	}
}

// listOptions are a pointer to the options O of a list.
type listOptions[O any] interface {
	*O
	// walkOptions returns the options for walking the list's pages.
	walkOptions() walkOptions
}

// walk returns a list's iterator. It fetches each page with a copy of opts whose
// cursor is the page's.
func walk[O, T any, P listOptions[O]](ctx context.Context, opts *O, listPage func(context.Context, *O) (*Page[T], error)) iter.Seq2[*T, error] {
	first := optionsOf(opts)
	return func(yield func(*T, error) bool) {
		maxAhead, err := P(&first).walkOptions().pagesAhead()
		if err != nil {
			yield(nil, err)
			return
		}
		w := walker[T]{ctx: ctx, maxAhead: maxAhead, fetch: func(ctx context.Context, cursor Cursor) (*Page[T], error) {
			o := first
			if cursor != "" {
				*P(&o).walkOptions().cursor = cursor
			}
			return listPage(ctx, &o)
		}}
		defer w.stop() // also when the loop's body panics
		w.yieldItems(yield)
		w.discard()
	}
}

// walker goes through a list once. It belongs to the goroutine of the range
// loop; only the pages ahead of the one that the loop is at are fetched in others.
type walker[T any] struct {
	ctx   context.Context //nolint:containedctx // the range loop's; a walker lives no longer
	fetch func(context.Context, Cursor) (*Page[T], error)
	// maxAhead is how many pages may be fetched ahead: none, the next one, or more.
	maxAhead int

	// What is known of the page that the loop is at.
	started  bool
	progress progress[T]
	next     Cursor
	total    int
	// longest is the number of items on the longest page so far.
	longest int

	// ahead are the pages that are being fetched, or have been, in order.
	ahead []*pageAhead[T]
	// aheadCtx is their context, and cancel ends it; nil before the first.
	aheadCtx context.Context //nolint:containedctx // derived from ctx
	cancel   context.CancelFunc
}

// yieldItems walks the items. The pages behind the present one are asked for when
// the loop wants a second item of this one: who is content with the first of a
// list costs the service one request.
func (w *walker[T]) yieldItems(yield func(*T, error) bool) {
	for w.more() {
		page, err := w.nextPage()
		if err != nil {
			yield(nil, err)
			return
		}
		for i := range page.Items {
			if i == 1 {
				w.fetchAhead()
			}
			if !yield(&page.Items[i], nil) {
				return
			}
		}
	}
}

// yieldPages walks the pages. The third page is asked for when the loop wants the
// second, and so on: who is content with the first costs one request here, too.
func (w *walker[T]) yieldPages(yield func(*Page[T], error) bool) {
	for w.more() {
		isFirst := !w.started
		page, err := w.nextPage()
		if err != nil {
			yield(nil, err)
			return
		}
		if !isFirst {
			w.fetchAhead()
		}
		if !yield(page, nil) {
			return
		}
	}
}

// more reports whether there is another page.
func (w *walker[T]) more() bool { return !w.started || w.next != "" }

// nextPage goes on to the next page, and waits for it if need be.
func (w *walker[T]) nextPage() (*Page[T], error) {
	if w.ctx == nil {
		return nil, &ArgumentError{Name: "ctx", Reason: "is nil"}
	}
	if w.started && w.maxAhead > 1 {
		w.fetchAhead() // a page of one item has not done it
	}
	if w.ctx.Err() != nil {
		w.discard() // pages that are there already come too late
	}
	cursor := w.next
	page, err := w.takePage(cursor)
	if err == nil {
		err = w.progress.check(cursor, page)
	}
	if err != nil {
		w.stop()
		return nil, err
	}
	w.started = true
	w.next, w.total = page.Next, page.Total
	w.longest = max(w.longest, len(page.Items))
	if w.next == "" {
		w.stop()
	}
	return page, nil
}

// takePage returns the page at the cursor, which is the first of those ahead, or
// is fetched now.
func (w *walker[T]) takePage(cursor Cursor) (*Page[T], error) {
	if len(w.ahead) == 0 {
		sleep(w.ctx, w.progress.delay)
		return w.fetch(w.ctx, cursor)
	}
	first := w.ahead[0]
	w.ahead = slices.Delete(w.ahead, 0, 1)
	first.running.Wait()
	first.rethrow()
	if captured, ok := w.ctx.Value(captureKey{}).(*ResponseInfo); ok {
		*captured = first.info
	}
	return first.page, first.err
}

// fetchAhead begins to fetch the next page and, where more may be ahead, those that
// come after it if the list and its pages stay as long as they have been so far.
// Only the page before says where a page does begin: after a short one, what was
// fetched for other places is dropped.
func (w *walker[T]) fetchAhead() {
	if w.next == "" || w.maxAhead == 0 {
		return
	}
	if len(w.ahead) > 0 && w.ahead[0].cursor != w.next {
		w.discard()
	}
	if len(w.ahead) == 0 {
		w.startFetch(w.next)
	}
	for len(w.ahead) < w.maxAhead {
		last := w.ahead[len(w.ahead)-1]
		next, ok := cursorAfter(last.cursor, w.longest, w.total)
		if !ok {
			return
		}
		w.startFetch(next)
	}
}

// startFetch starts to fetch the page at the cursor, as the last of those ahead.
func (w *walker[T]) startFetch(cursor Cursor) {
	if w.cancel == nil {
		w.aheadCtx, w.cancel = context.WithCancel(w.ctx) //nolint:gosec // stop calls it
	}
	p := &pageAhead[T]{cursor: cursor}
	p.running.Add(1)
	w.ahead = append(w.ahead, p)
	ctx := w.aheadCtx
	if ctx.Value(captureKey{}) != nil {
		// The caller's is of the page that the loop is at.
		ctx = CaptureResponse(ctx, &p.info)
	}
	wait := w.progress.delay
	if len(w.ahead) > 1 {
		wait = 0 // the first of those ahead waits
	}
	go p.run(ctx, wait, w.fetch)
}

// discard drops the pages ahead. If fetching one has panicked, that is not lost
// although nobody wants the page.
func (w *walker[T]) discard() {
	w.stop()
	for _, p := range w.ahead {
		p.rethrow()
	}
	w.ahead, w.cancel = nil, nil
}

// stop cancels what is under way and waits for its end: no goroutine outlives
// the loop.
func (w *walker[T]) stop() {
	if w.cancel == nil {
		return
	}
	w.cancel()
	for _, p := range w.ahead {
		p.running.Wait()
	}
}

// pageAhead is a page that is fetched by a goroutine of its own. All but the
// cursor is its while it is running.
type pageAhead[T any] struct {
	cursor  Cursor
	running sync.WaitGroup

	page *Page[T]
	err  error
	info ResponseInfo // if the caller captures it
	// panicked is what the goroutine panicked with; exited says that it called
	// runtime.Goexit. A transport of the user's may do either.
	panicked any
	exited   bool
}

func (p *pageAhead[T]) run(ctx context.Context, wait time.Duration, fetch func(context.Context, Cursor) (*Page[T], error)) {
	defer p.running.Done()
	returned := false
	defer func() {
		if !returned {
			p.panicked = recover()
			p.exited = p.panicked == nil
		}
	}()
	sleep(ctx, wait)
	p.page, p.err = fetch(ctx, p.cursor)
	returned = true
}

// rethrow panics, or exits the goroutine, in the caller's goroutine if fetching the
// page did so in its own.
func (p *pageAhead[T]) rethrow() {
	switch {
	case p.panicked != nil:
		panic(p.panicked)
	case p.exited:
		runtime.Goexit()
	}
}
