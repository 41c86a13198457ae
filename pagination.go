package pulumiapi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"reflect"
	"strconv"
	"time"
)

// Page is a part of a list.
type Page[T any] struct {
	// Items are the page's items, in the service's order. A page can be empty
	// without being the last.
	Items []T
	// Next leads to the next page; it is empty on the last one.
	Next Cursor
	// Total is how many items the whole list has, where the service says so;
	// otherwise 0.
	Total int
}

// tokenPage returns the page at p, whose answer says by next where the page
// after it begins: by a token, the key of an item or a cursor in a link.
func tokenPage[T any](p position, items []T, next string) (*Page[T], error) {
	page := &Page[T]{Items: items}
	switch next {
	case "":
	case p.start:
		return nil, listError(p.list, "the answer continues with the token that was sent: the list would not end")
	default:
		page.Next = p.next(next)
	}
	return page, nil
}

// numberedPage returns the page at p of a list of numbered pages. total and
// perPage are 0 where the answer doesn't tell them; without perPage, nobody knows
// how many items have been read so far, and only an empty page is the end.
func numberedPage[T any](p position, items []T, total, perPage int) *Page[T] {
	number := p.number(1)
	read := (number-1)*perPage + len(items)
	page := &Page[T]{Items: items, Total: max(total, 0)}
	switch {
	case len(items) == 0:
	case perPage > 0 && total > 0 && read >= total:
	case perPage > 0 && total <= 0 && len(items) < perPage:
	default:
		page.Next = p.next(strconv.Itoa(number + 1))
	}
	return page
}

// rowPage returns the page at p of a list of rows, of which there are total,
// or 0 if the answer doesn't say.
func rowPage[T any](p position, items []T, total int) *Page[T] {
	read := p.number(0) + len(items)
	page := &Page[T]{Items: items, Total: max(total, 0)}
	if len(items) > 0 && (total <= 0 || read < total) {
		page.Next = p.next(strconv.Itoa(read))
	}
	return page
}

// paging is what a list's options say about pages, and how the list's
// parameters are called. Lists without a page size have no sizeName.
type paging struct {
	kind                cursorKind // tokenCursor if empty
	cursor              Cursor
	size                int
	tokenName, sizeName string
	// grows says that the list can be read while it grows: the token that was
	// sent is its end for now, and no loop.
	grows bool
}

// maxRoom is the largest page that is given its room before it has come.
const maxRoom = 1000

// fetchTokenPage gets a page of a list whose responses are of type R and name the next
// page by a token. query is what has `url` tags. unpack returns where in a response the
// items and the token are; it is called once, before the response has come.
func fetchTokenPage[R, T any](ctx context.Context, c *Client, r call, p paging, query any, unpack func(*R) (items *[]T, next *string)) (*Page[T], error) {
	pos, err := startOf(cmp.Or(p.kind, tokenCursor), r.endpoint, p.cursor, p.size, r.args...)
	if err != nil {
		return nil, err
	}
	if r.query, err = encodeQuery(query); err != nil {
		return nil, err
	}
	pos.addTo(r.query, p.tokenName, p.sizeName)
	response := new(R)
	items, next := unpack(response)
	r.decoding.secret = mayBringSecret(reflect.TypeFor[R]())
	decoding, limit := r.decoding, c.limits.of(r.decoding)
	r.receive = func(resp *http.Response) error {
		*response = *new(R) // what a broken response has left must not show
		if 0 < pos.size && pos.size <= maxRoom {
			*items = make([]T, 0, pos.size) // which saves growing to it (BenchmarkW2ListStacks)
		}
		return decoding.read(resp, response, limit)
	}
	if _, err := c.send(ctx, r); err != nil {
		return nil, err
	}
	if p.grows && *next == pos.start {
		*next = ""
	}
	return tokenPage(pos, *items, *next)
}

// defaultPageSize is the page size of lists whose pages are numbered. The
// service's own is 10.
const defaultPageSize = 100

// fetchNumberedPage gets a page of a list of numbered pages, whose answers are of
// type A, as fetchTokenPage does.
func fetchNumberedPage[A, T any](ctx context.Context, c *Client, r call, cursor Cursor, size int, query any, unpack func(*A) (items []T, total, perPage int)) (*Page[T], error) {
	pos, err := startOf(pageCursor, r.endpoint, cursor, size, r.args...)
	if err != nil {
		return nil, err
	}
	if r.query, err = encodeQuery(query); err != nil {
		return nil, err
	}
	// Without a page, the service sends everything at once.
	pos.size, pos.start = cmp.Or(pos.size, defaultPageSize), cmp.Or(pos.start, "1")
	pos.addTo(r.query, "page", "pageSize")
	answer, err := fetch[A](ctx, c, r)
	if err != nil {
		return nil, err
	}
	found, total, perPage := unpack(answer)
	return numberedPage(pos, found, total, perPage), nil
}

// listError says that a list's answers make no sense together.
func listError(list Endpoint, reason string) error {
	return &CallError{Endpoint: list, Attempts: 1, Err: errors.New(reason)}
}

// Pages walks a list page by page, for those who need [Page.Next] or
// [Page.Total] on the way: to show progress, or to go on later from where they
// were. fetch gets the page at a cursor, as any method List…Page does with
// the cursor in its options. The first time, the cursor is empty: fetch is to
// get the page at which the walk begins. To go on from a cursor that was saved,
// do not overwrite it with the empty one: cmp.Or(cursor, saved) is the page to get.
//
// From the second page on, the next one is fetched while the loop works on the one
// that it has. fetch is then called by another goroutine, one call at a time: it
// must not read variables that the loop changes. To get each page only when it is
// needed, call List…Page in a loop of your own instead.
//
// The sequence yields a nil page with the first error and ends. It can be
// ranged over again from its start. A page that leads back to an earlier one is an
// error. So are 1,000 empty pages in a row, which are fetched at growing intervals of
// up to a second: continue from the Next of the last page, if you need to.
func Pages[T any](ctx context.Context, fetch func(ctx context.Context, cursor Cursor) (*Page[T], error)) iter.Seq2[*Page[T], error] {
	return func(yield func(*Page[T], error) bool) {
		if fetch == nil {
			yield(nil, &ArgumentError{Name: "fetch", Reason: "is nil"})
			return
		}
		w := walker[T]{ctx: ctx, fetch: fetch, maxAhead: 1}
		defer w.stop() // also when the loop's body panics
		w.yieldPages(yield)
		w.discard()
	}
}

// cycle detects that the values of a sequence repeat, by Brent's algorithm. It
// keeps one earlier value, and replaces it each time the number of values has
// doubled. A cycle of any length is found after at most three times the values
// that are distinct.
type cycle[T any] struct {
	kept         T
	steps, limit int
}

// closes reports whether value equals the kept one.
func (c *cycle[T]) closes(value T, equal func(a, b T) bool) bool {
	if c.limit > 0 && equal(c.kept, value) {
		return true
	}
	if c.steps == c.limit {
		c.kept, c.steps, c.limit = value, 0, max(1, 2*c.limit)
	}
	c.steps++
	return false
}

func sameText[T ~string](a, b T) bool { return a == b }

const (
	// maxEmptyPages is how many pages in a row may be empty. A filter can leave
	// many pages empty.
	maxEmptyPages = 1000
	// quickEmptyPages is how many of them are followed by the next page at once.
	quickEmptyPages = 3
	// Between the others there are waits, which double.
	emptyPageMinWait = 50 * time.Millisecond
	emptyPageMaxWait = time.Second
)

// emptyPages counts the empty pages in a row.
type emptyPages struct {
	count   int
	backoff *poller
}

// add counts a page with this number of items, and returns how long to wait before the
// next page is fetched. It returns an error if there have been too many
// empty pages.
func (e *emptyPages) add(items int) (time.Duration, error) {
	if items > 0 {
		*e = emptyPages{}
		return 0, nil
	}
	e.count++
	switch {
	case e.count >= maxEmptyPages:
		return 0, fmt.Errorf("%d pages in a row are empty and the list does not end: use narrower options, or get the pages one by one and continue from a Page.Next", e.count)
	case e.count <= quickEmptyPages:
		return 0, nil
	case e.backoff == nil:
		e.backoff = newPoller(emptyPageMinWait, emptyPageMaxWait)
	}
	return e.backoff.nextWait(), nil
}

// progress checks that the pages of a walk lead to an end.
type progress[T any] struct {
	cursors  cycle[Cursor]
	pages    cycle[[]T]
	previous []T
	// comparesItems says that the list's pages may repeat although their cursors
	// differ. It is known once isStarted.
	isStarted, comparesItems bool
	empty                    emptyPages
	// delay is how long to wait before the next page is fetched.
	delay time.Duration
}

// check returns an error if page, which was fetched for cursor, shows that the walk
// would never end. The first page of a walk has an empty cursor.
func (p *progress[T]) check(cursor Cursor, page *Page[T]) error {
	if page == nil {
		return &ArgumentError{Name: "fetch", Reason: "returned neither a page nor an error"}
	}
	if cursor != "" && page.Next == cursor {
		return &ArgumentError{Name: "fetch", Reason: "returned a page that leads to itself: does it use the cursor?"}
	}
	if !p.isStarted {
		next, err := parseCursor(page.Next)
		p.isStarted, p.comparesItems = true, err == nil && next.mayRepeat()
	}
	if p.comparesItems && p.repeats(page.Items) {
		if at, err := parseCursor(cursor); err == nil {
			return listError(at.list, fmt.Sprintf("%s %s repeats an earlier one: the list would not end", at.kind, at.start))
		}
	}
	p.delay = 0
	if page.Next == "" {
		return nil
	}
	if p.cursors.closes(page.Next, sameText) {
		return endlessError(page.Next, errRepeatedCursor)
	}
	var err error
	if p.delay, err = p.empty.add(len(page.Items)); err != nil {
		return endlessError(page.Next, err)
	}
	return nil
}

// repeats reports whether the items are those of an earlier page.
func (p *progress[T]) repeats(items []T) bool {
	isSame := sameItems(p.previous, items)
	p.previous = items
	return p.pages.closes(items, sameItems) || isSame
}

// sameItems reports whether two pages have the same items, and not none. It
// compares the first items first, which differ in most lists
// (BenchmarkW2ListStacks).
func sameItems[T any](a, b []T) bool {
	return len(a) > 0 && len(a) == len(b) && reflect.DeepEqual(&a[0], &b[0]) && reflect.DeepEqual(a, b)
}

var errRepeatedCursor = errors.New("a page continues with the token of an earlier page: the list would not end")

// endlessError returns the error of a walk that would not end, which was to
// continue at next.
func endlessError(next Cursor, reason error) error {
	at, err := parseCursor(next)
	if err != nil { // a cursor that the caller's fetch made
		return &ArgumentError{Name: "fetch", Reason: reason.Error()}
	}
	return listError(at.list, reason.Error())
}

// Collect returns all that a list yields. With an error it returns what came
// before it, too.
func Collect[T any](seq iter.Seq2[*T, error]) ([]T, error) {
	if seq == nil {
		return nil, &ArgumentError{Name: "seq", Reason: "is nil"}
	}
	var all []T
	for item, err := range seq {
		if err != nil {
			return all, err
		}
		if item == nil {
			return all, &ArgumentError{Name: "seq", Reason: "yields neither an item nor an error"}
		}
		all = append(all, *item)
	}
	return all, nil
}

// optionsOf returns a copy of opts, or the defaults if it is nil.
func optionsOf[T any](opts *T) T {
	if opts == nil {
		var defaults T
		return defaults
	}
	return *opts
}
