package pulumiapi

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var testList = Endpoint{Method: "GET", Template: "/api/test"}

// numberedList is a service with a list of numbered pages. It walks a list of
// the numbers below total.
type numberedList struct {
	total      int
	cap        int  // of the page size; 0: none
	hideTotal  bool // the older form of answers
	hideSize   bool
	ignorePage bool // answers page 1 whatever is asked
	grow       int  // by so much after each answer
	asked      []string
}

func (l *numberedList) listPage(_ context.Context, cursor Cursor, size int) (*Page[int], error) {
	p, err := startOf(pageCursor, testList, cursor, size)
	if err != nil {
		return nil, err
	}
	number := p.number(1)
	l.asked = append(l.asked, strconv.Itoa(number))
	perPage := p.size
	if l.cap > 0 {
		perPage = min(perPage, l.cap)
	}
	if l.ignorePage {
		number = 1
	}
	var found []int
	for i := (number - 1) * perPage; i < min(number*perPage, l.total); i++ {
		found = append(found, i)
	}
	total := l.total
	l.total += l.grow
	if l.hideTotal {
		total = 0
	}
	if l.hideSize {
		perPage = 0
	}
	return numberedPage(p, found, total, perPage), nil
}

func (l *numberedList) pages(t *testing.T, cursor Cursor, size int) iter.Seq2[*Page[int], error] {
	t.Helper()
	return Pages(t.Context(), func(ctx context.Context, next Cursor) (*Page[int], error) {
		if next == "" {
			next = cursor
		}
		return l.listPage(ctx, next, size)
	})
}

func numbers(n int) []int {
	var all []int
	for i := range n {
		all = append(all, i)
	}
	return all
}

// items walks the pages' items.
func items[T any](pages iter.Seq2[*Page[T], error]) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		for page, err := range pages {
			if err != nil {
				yield(nil, err)
				return
			}
			for i := range page.Items {
				if !yield(&page.Items[i], nil) {
					return
				}
			}
		}
	}
}

func TestPages_Numbered(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		list  numberedList
		size  int
		want  int // numbers
		asked int // pages
	}{
		"a total that is no multiple":          {numberedList{total: 25}, 10, 25, 3},
		"a total that is a multiple":           {numberedList{total: 20}, 10, 20, 2},
		"nothing":                              {numberedList{}, 10, 0, 1},
		"a page size that was cut down":        {numberedList{total: 25, cap: 5}, 100, 25, 5},
		"no total: a short page ends it":       {numberedList{total: 25, hideTotal: true}, 10, 25, 3},
		"no total: an empty page ends it":      {numberedList{total: 20, hideTotal: true}, 10, 20, 3},
		"no total, cut down":                   {numberedList{total: 12, cap: 5, hideTotal: true}, 100, 12, 3},
		"neither total nor size":               {numberedList{total: 20, hideTotal: true, hideSize: true}, 10, 20, 3},
		"a total that grows while it is read":  {numberedList{total: 20, grow: 3}, 10, 26, 3},
		"a total that shrinks while it's read": {numberedList{total: 35, grow: -10}, 10, 20, 3},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := Collect(items(c.list.pages(t, "", c.size)))
			require.NoError(t, err)
			assert.Equal(t, numbers(c.want), got)
			assert.Len(t, c.list.asked, c.asked)
		})
	}
}

func TestPages_NumberedThatRepeatsIsAnError(t *testing.T) {
	t.Parallel()
	list := numberedList{total: 25, ignorePage: true}
	got, err := Collect(items(list.pages(t, "", 10)))
	require.ErrorContains(t, err, "page 2 repeats an earlier one")
	var failed *CallError
	require.ErrorAs(t, err, &failed)
	assert.Equal(t, testList, failed.Endpoint)
	assert.Equal(t, numbers(10), got, "what came before the error is there")
}

func TestPages_ResumesWithTheCursorsPageSize(t *testing.T) {
	t.Parallel()
	list := numberedList{total: 25}
	var kept Cursor
	for page, err := range list.pages(t, "", 10) {
		require.NoError(t, err)
		assert.Equal(t, 25, page.Total)
		kept = page.Next
		break
	}
	// Another page size would make page 2 begin elsewhere.
	got, err := Collect(items(list.pages(t, kept, 7)))
	require.NoError(t, err)
	assert.Equal(t, numbers(25)[10:], got)
}

func TestRowPage(t *testing.T) {
	t.Parallel()
	walk := func(total int, hide bool, perAnswer int) (got []int, asked int, err error) {
		got, err = Collect(items(Pages(t.Context(), func(_ context.Context, cursor Cursor) (*Page[int], error) {
			asked++
			p, err := startOf(rowCursor, testList, cursor, 10)
			if err != nil {
				return nil, err
			}
			start := p.number(0)
			found := numbers(total)[min(start, total):min(start+min(p.size, perAnswer), total)]
			if hide {
				return rowPage(p, found, 0), nil
			}
			return rowPage(p, found, total), nil
		})))
		return got, asked, err
	}
	for _, c := range []struct {
		name             string
		total, perAnswer int
		hide             bool
		asked            int
	}{
		{"a count", 25, 10, false, 3},
		{"a count that is a multiple", 20, 10, false, 2},
		{"no count: an empty page ends it", 20, 10, true, 3},
		{"fewer rows than asked for", 25, 7, false, 4},
		{"nothing", 0, 10, false, 1},
	} {
		got, asked, err := walk(c.total, c.hide, c.perAnswer)
		require.NoError(t, err, c.name)
		assert.Equal(t, numbers(c.total), got, c.name)
		assert.Equal(t, c.asked, asked, c.name)
	}
}

func TestTokenPage(t *testing.T) {
	t.Parallel()
	p, err := startOf(tokenCursor, testList, "", 0)
	require.NoError(t, err)

	page, err := tokenPage(p, []int{1}, "")
	require.NoError(t, err)
	assert.Empty(t, page.Next, "no token: the end")

	page, err = tokenPage(p, []int(nil), "5-")
	require.NoError(t, err, "an empty page with a new token goes on")
	p, err = startOf(tokenCursor, testList, page.Next, 0)
	require.NoError(t, err)
	assert.Equal(t, "5-", p.start)

	_, err = tokenPage(p, []int{2}, "5-")
	var failed *CallError
	require.ErrorAs(t, err, &failed, "the token that was sent: a loop")
	assert.Equal(t, testList, failed.Endpoint)
}

func TestPages_WithAFetchOfTheUsers(t *testing.T) {
	t.Parallel()
	t.Run("nil", func(t *testing.T) {
		t.Parallel()
		_, err := Collect(items(Pages[int](t.Context(), nil)))
		var wrong *ArgumentError
		require.ErrorAs(t, err, &wrong)
	})
	t.Run("returns nothing", func(t *testing.T) {
		t.Parallel()
		_, err := Collect(items(Pages(t.Context(), func(context.Context, Cursor) (*Page[int], error) {
			return nil, nil //nolint:nilnil // the mistake to be found
		})))
		require.ErrorContains(t, err, "neither a page nor an error")
	})
	t.Run("ignores the cursor", func(t *testing.T) {
		t.Parallel()
		got, err := Collect(items(Pages(t.Context(), func(context.Context, Cursor) (*Page[int], error) {
			return &Page[int]{Items: []int{1}, Next: "always"}, nil
		})))
		require.ErrorContains(t, err, "leads to itself")
		assert.Equal(t, []int{1}, got)
	})
	t.Run("has cursors of its own", func(t *testing.T) {
		t.Parallel()
		got, err := Collect(items(Pages(t.Context(), func(_ context.Context, cursor Cursor) (*Page[int], error) {
			n, _ := strconv.Atoi(string(cursor))
			if n == 3 {
				return &Page[int]{Items: []int{7}}, nil
			}
			return &Page[int]{Items: []int{7}, Next: Cursor(strconv.Itoa(n + 1))}, nil
		})))
		require.NoError(t, err, "equal pages are no loop when the user says how they follow")
		assert.Equal(t, []int{7, 7, 7, 7}, got)
	})
	t.Run("has cursors that lead back", func(t *testing.T) {
		t.Parallel()
		for _, length := range []int{2, 3, 7} {
			asked := 0
			_, err := Collect(items(Pages(t.Context(), func(context.Context, Cursor) (*Page[int], error) {
				asked++
				return &Page[int]{Items: []int{asked}, Next: Cursor(strconv.Itoa(asked % length))}, nil
			})))
			var wrong *ArgumentError
			require.ErrorAs(t, err, &wrong, "a circle of %d", length)
			require.ErrorContains(t, err, "would not end", "a circle of %d", length)
			assert.LessOrEqual(t, asked, 3*length, "pages of a circle of %d", length)
		}
	})
	t.Run("has only empty pages", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			begin := time.Now()
			var asked []time.Duration
			pages := 0
			for _, err := range Pages(t.Context(), func(context.Context, Cursor) (*Page[int], error) {
				asked = append(asked, time.Since(begin))
				return &Page[int]{Next: Cursor(strconv.Itoa(len(asked)))}, nil
			}) {
				if err != nil {
					require.ErrorContains(t, err, "1000 pages in a row are empty")
					break
				}
				pages++
			}
			assert.Equal(t, 999, pages, "each empty page is yielded but the last")
			require.Len(t, asked, 1000)
			assert.Zero(t, asked[3], "the first pages are fetched at once")
			for i := 20; i < len(asked); i++ {
				assert.GreaterOrEqual(t, asked[i]-asked[i-1], 500*time.Millisecond, "before page %d", i)
			}
		})
	})
	t.Run("fails", func(t *testing.T) {
		t.Parallel()
		failure := errors.New("no more")
		seq := Pages(t.Context(), func(_ context.Context, cursor Cursor) (*Page[int], error) {
			if cursor != "" {
				return nil, failure
			}
			return &Page[int]{Items: []int{1, 2}, Next: "2"}, nil
		})
		yields := 0
		for page, err := range seq {
			yields++
			if yields == 2 {
				require.ErrorIs(t, err, failure)
				assert.Nil(t, page)
			}
		}
		assert.Equal(t, 2, yields, "the error ends it")
	})
}

func TestCollect(t *testing.T) {
	t.Parallel()
	_, err := Collect[int](nil)
	var wrong *ArgumentError
	require.ErrorAs(t, err, &wrong)
	got, err := Collect(func(yield func(*int, error) bool) {})
	require.NoError(t, err)
	assert.Empty(t, got)
}

// The kinds that no list has yet: a page begins after a key, or where a link
// leads to.
func TestTokenPage_AfterAndLink(t *testing.T) {
	t.Parallel()
	for _, kind := range []cursorKind{afterCursor, linkCursor} {
		got, err := Collect(items(Pages(t.Context(), func(_ context.Context, cursor Cursor) (*Page[int], error) {
			p, err := startOf(kind, testList, cursor, 10)
			if err != nil {
				return nil, err
			}
			start := 0
			if p.start != "" {
				last, err := strconv.Atoi(p.start)
				require.NoError(t, err)
				start = last + 1
			}
			found := numbers(25)[start:min(start+p.size, 25)]
			if start+p.size >= 25 {
				return tokenPage(p, found, "")
			}
			return tokenPage(p, found, strconv.Itoa(found[len(found)-1]))
		})))
		require.NoError(t, err, kind)
		assert.Equal(t, numbers(25), got, kind)
	}
}

// A list whose pages are not what one expects of them is fetched in parallel as it
// is one page after another: with the same items, and the same end.
func TestWalker_InParallelIsAsOneAfterAnother(t *testing.T) {
	t.Parallel()
	for _, kind := range []cursorKind{pageCursor, rowCursor, groupCursor} {
		for seed := range uint64(100) {
			list := oddList{kind: kind, seed: seed}
			want, wantErr := Collect(list.walk(t.Context(), 0))
			for _, ahead := range []int{1, 2, 5, maxParallel} {
				got, err := Collect(list.walk(t.Context(), ahead))
				called := fmt.Sprintf("a %s list, seed %d, %d pages ahead", kind, seed, ahead)
				require.Equal(t, want, got, called)
				require.Equal(t, fmt.Sprint(wantErr), fmt.Sprint(err), called)
			}
		}
	}
}

// oddList is a list by number or by row, some of whose answers are odd: short, empty,
// repeated, refused, with another total or without one. Which ones, the seed says.
type oddList struct {
	kind cursorKind
	seed uint64
}

func (l oddList) walk(ctx context.Context, ahead int) iter.Seq2[*int, error] {
	return func(yield func(*int, error) bool) {
		w := walker[int]{ctx: ctx, maxAhead: ahead, fetch: l.fetch}
		defer w.stop()
		w.yieldItems(yield)
		w.discard()
	}
}

func (l oddList) fetch(_ context.Context, cursor Cursor) (*Page[int], error) {
	p, err := startOf(l.kind, testList, cursor, 10)
	if err != nil {
		return nil, err
	}
	at := p.number(0)
	random := rand.New(rand.NewPCG(l.seed, uint64(at)))
	oddly := func() bool { return l.seed > 0 && random.IntN(8) == 0 }
	if oddly() {
		return nil, fmt.Errorf("refused at %d", at)
	}
	count, total := 10, 95
	if oddly() {
		count = random.IntN(10)
	}
	if oddly() {
		total += random.IntN(100) - 50
	}
	if oddly() || l.seed%10 == 9 {
		total = 0
	}
	if at >= 300 {
		count = 0
	}
	items := make([]int, count)
	for i := range items {
		items[i] = at*100 + i
	}
	if oddly() {
		items = numbers(count) // as other pages, perhaps the one before
	}
	if l.kind == pageCursor {
		return numberedPage(p, items, total, 10), nil
	}
	return rowPage(p, items, total), nil
}

// One short page makes what was fetched behind it useless, but once only.
func TestWalker_AShortPageIsNoNewPageSize(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	w := walker[int]{ctx: t.Context(), maxAhead: 4, fetch: func(_ context.Context, cursor Cursor) (*Page[int], error) {
		asked.Add(1)
		p, err := startOf(rowCursor, testList, cursor, 10)
		if err != nil {
			return nil, err
		}
		start := p.number(0)
		end := min(start+10, 100)
		if start == 20 {
			end = 25
		}
		return rowPage(p, numbers(100)[start:end], 100), nil
	}}
	got, err := Collect(w.yieldItems)
	require.NoError(t, err)
	assert.Equal(t, numbers(100), got)
	assert.EqualValues(t, 6+8, asked.Load(), "requests up to the short page, with three too many, and behind it")
}

func TestCursorAfter(t *testing.T) {
	t.Parallel()
	at := func(kind cursorKind, at string) Cursor {
		return position{kind: kind, list: testList, path: testList.Template, size: 100, start: at}.cursor()
	}
	for _, c := range []struct {
		kind        cursorKind
		at          string
		size, total int
		want        string // none if empty
	}{
		{pageCursor, "2", 10, 21, "3"},
		{pageCursor, "2", 10, 20, ""},
		{pageCursor, "3", 10, 21, ""},
		{pageCursor, "2", 10, 0, ""},
		{pageCursor, "2", 0, 100, ""},
		{rowCursor, "10", 10, 21, "20"},
		{rowCursor, "10", 10, 20, ""},
		{groupCursor, "7", 3, 11, "10"},
		{rowCursor, "10", 10, 0, ""},
		{rowCursor, "10", 0, 100, ""},
		{tokenCursor, "2", 10, 100, ""},
		{afterCursor, "2", 10, 100, ""},
		{linkCursor, "2", 10, 100, ""},
		{guessedCursor, "2", 10, 100, ""},
	} {
		called := fmt.Sprintf("cursorAfter %s %s, size %d, total %d", c.kind, c.at, c.size, c.total)
		got, ok := cursorAfter(at(c.kind, c.at), c.size, c.total)
		assert.Equal(t, c.want != "", ok, called)
		if ok && c.want != "" {
			assert.Equal(t, at(c.kind, c.want), got, called)
		}
	}
	_, ok := cursorAfter("a cursor of the user's own", 10, 100)
	assert.False(t, ok)
}
