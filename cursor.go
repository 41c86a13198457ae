package pulumiapi

import (
	"encoding/base64"
	"errors"
	"net/url"
	"strconv"
	"strings"
)

// Cursor is a place in a list: between two pages. It is text that can be kept
// and used later, by another process, too; what is in it is nobody's business.
// A cursor fits the list that it comes from and no other. It remembers the page
// size, which goes before the PageSize of the options, but not the filters:
// give the same ones again.
type Cursor string

// cursorKind is how a list's pages follow one another.
type cursorKind string

const (
	// tokenCursor: each answer names the next page by a token.
	tokenCursor cursorKind = "token"
	// pageCursor: pages are numbered from 1.
	pageCursor cursorKind = "page"
	// rowCursor: a page is a range of rows.
	rowCursor cursorKind = "row"
	// afterCursor: a page begins after the last item of the one before.
	afterCursor cursorKind = "after"
	// linkCursor: each answer holds the URL of the next page.
	linkCursor cursorKind = "link"
	// groupCursor: a page is a range of rows, each of which is a group.
	groupCursor cursorKind = "group"
	// guessedCursor: like a token, but nothing says that the service takes it.
	guessedCursor cursorKind = "guessed"
)

// position is what a Cursor says.
type position struct {
	kind cursorKind
	list Endpoint
	path string // the list's, with its placeholders filled in
	size int    // 0: the service's default
	// start is where the page begins: a token, the number of a page or of a row,
	// or the key of an item. It is empty at the start.
	start string
}

// maxPageSize keeps sums of page sizes from overflowing. No list has more.
const maxPageSize = 1 << 30

// startOf returns the position of the first page to get: that of cursor, or
// the start of the list at the endpoint with these arguments.
func startOf(kind cursorKind, list Endpoint, cursor Cursor, size int, args ...pathArg) (position, error) {
	if size < 0 {
		return position{}, newArgumentError("opts.PageSize", strconv.Itoa(size), "is negative")
	}
	if size > maxPageSize {
		return position{}, newArgumentError("opts.PageSize", strconv.Itoa(size), "is too large")
	}
	path, err := list.path(args)
	if err != nil {
		return position{}, err
	}
	if cursor == "" {
		return position{kind: kind, list: list, path: path, size: size}, nil
	}
	p, err := parseCursor(cursor)
	if err != nil || p.kind != kind || p.list != list || p.path != path {
		return position{}, newArgumentError("opts.Cursor", string(cursor), "is not a cursor of this list")
	}
	return p, nil
}

const cursorSeparator = "\n"

// cursorBuffer is as long as most cursors, of which a list makes one a page, and
// reads one (BenchmarkW2ListStacks).
type cursorBuffer [512]byte

// cursor returns the position as text.
func (p position) cursor() Cursor {
	var plain, encoded cursorBuffer
	text := plain[:0]
	for _, part := range [...]string{string(p.kind), p.list.Method, p.list.Template, strconv.FormatBool(p.list.Read), p.path} {
		text = append(append(text, part...), cursorSeparator...)
	}
	text = append(strconv.AppendInt(text, int64(p.size), 10), cursorSeparator...)
	text = append(text, p.start...)
	return Cursor(base64.RawURLEncoding.AppendEncode(encoded[:0], text))
}

var errCursor = errors.New("not a cursor")

// parseCursor reads what cursor returns, and nothing else: there is one text for
// each position.
func parseCursor(cursor Cursor) (position, error) {
	if strings.ContainsAny(string(cursor), "\r\n") { // which base64 reads past
		return position{}, errCursor
	}
	var encoded, plain cursorBuffer
	text, err := base64.RawURLEncoding.Strict().AppendDecode(plain[:0], append(encoded[:0], cursor...))
	if err != nil {
		return position{}, errCursor
	}
	var parts [7]string
	rest := string(text)
	for i := range parts[:6] {
		var found bool
		if parts[i], rest, found = strings.Cut(rest, cursorSeparator); !found {
			return position{}, errCursor
		}
	}
	parts[6] = rest
	size, ok := parseNumber(parts[5])
	if !ok || size > maxPageSize || parts[3] != "true" && parts[3] != "false" {
		return position{}, errCursor
	}
	p := position{
		kind:  cursorKind(parts[0]),
		list:  Endpoint{Method: parts[1], Template: parts[2], Read: parts[3] == "true"},
		path:  parts[4],
		size:  size,
		start: parts[6],
	}
	if p.kind == pageCursor || p.kind == rowCursor || p.kind == groupCursor {
		if number, ok := parseNumber(p.start); !ok || number < 1 {
			return position{}, errCursor
		}
	}
	return p, nil
}

// mayRepeat reports whether only the items of a page show that it repeats another: its
// cursor goes on whatever the service does.
func (p position) mayRepeat() bool {
	switch p.kind {
	case pageCursor, rowCursor, groupCursor, guessedCursor:
		return true
	case tokenCursor, afterCursor, linkCursor:
	}
	return false
}

// parseNumber reads a number as strconv.Itoa writes it, if it is not negative.
func parseNumber(text string) (number int, ok bool) {
	number, err := strconv.Atoi(text)
	return number, err == nil && number >= 0 && strconv.Itoa(number) == text
}

// next returns the cursor of the page that begins at the given place.
func (p position) next(start string) Cursor {
	p.start = start
	return p.cursor()
}

// number returns start as a number, which parseCursor has checked. It returns first if start is empty.
func (p position) number(first int) int {
	if number, err := strconv.Atoi(p.start); err == nil {
		return number
	}
	return first
}

// addTo puts the position into a query, under the names that the list's
// parameters have. A list without a page size has an empty sizeName.
func (p position) addTo(values url.Values, startName, sizeName string) {
	both := [...]string{p.start, strconv.Itoa(p.size)} // in one piece of memory (BenchmarkW2ListStacks)
	if p.start != "" {
		values[startName] = both[0:1:1]
	}
	if p.size > 0 && sizeName != "" {
		values[sizeName] = both[1:2:2]
	}
}

// cursorAfter returns the cursor of the page after the one at cursor, where that
// can be known beforehand: in a list of total items by number or by row, if its
// pages have size items.
func cursorAfter(cursor Cursor, size, total int) (next Cursor, ok bool) {
	p, err := parseCursor(cursor)
	if err != nil || size <= 0 {
		return "", false
	}
	number := p.number(0)
	switch p.kind {
	case pageCursor:
		return p.next(strconv.Itoa(number + 1)), number < (total+size-1)/size
	case rowCursor, groupCursor:
		return p.next(strconv.Itoa(number + size)), number < total-size
	case tokenCursor, afterCursor, linkCursor, guessedCursor:
	}
	return "", false
}
