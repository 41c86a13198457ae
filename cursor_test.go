package pulumiapi

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	cursorKinds = []cursorKind{tokenCursor, pageCursor, rowCursor, afterCursor, linkCursor, guessedCursor, groupCursor}
	cursorLists = []Endpoint{
		stackListEndpoint,
		{Method: http.MethodGet, Template: "/api/user/tokens"},
		{Method: http.MethodPost, Template: "/api/orgs/acme/policyresults/issues", Read: true},
		{Method: http.MethodPost, Template: "/api/orgs/acme/policyresults/issues"},
	}
)

// plainText is what a cursor is written in.
var plainText = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// placesOf returns places that a cursor of that kind can hold.
func placesOf(kind cursorKind) []string {
	if kind == pageCursor || kind == rowCursor || kind == groupCursor {
		return []string{"1", "2", "100", "2147483648"}
	}
	return []string{
		"", "a", "1", "-1", canary, "tok en", "a/b?c=d&e#f%", "two\nlines\n", "\x00\xff", "ä😀", "https://api.pulumi.com/api/search?cursor=abc",
		strings.Repeat("x", 10_000),
	}
}

func TestCursor_RoundTrips(t *testing.T) {
	t.Parallel()
	for _, kind := range cursorKinds {
		for _, list := range cursorLists {
			for _, size := range []int{0, 1, 100, maxPageSize} {
				for _, at := range placesOf(kind) {
					called := fmt.Sprintf("startOf a %s cursor of %s, size %d, at %.40q", kind, list, size, at)
					want := position{kind: kind, list: list, path: list.Template, size: size, start: at}
					cursor := want.cursor()
					require.NotEmpty(t, cursor, called)
					// The cursor's page size goes before that of the options.
					for _, asked := range []int{0, 7} {
						got, err := startOf(kind, list, cursor, asked)
						require.NoError(t, err, called)
						require.Equal(t, want, got, called)
					}
					require.Equal(t, cursor, position{kind: kind, list: list, path: list.Template, size: size, start: "elsewhere"}.next(at), "%s: next", called)

					// It is text that can be kept anywhere.
					require.Regexp(t, plainText, string(cursor), called)
					data, err := json.Marshal(cursor)
					require.NoError(t, err)
					var again Cursor
					require.NoError(t, json.Unmarshal(data, &again))
					require.Equal(t, cursor, again, called)
				}
			}
		}
	}
}

func TestCursor_Start(t *testing.T) {
	t.Parallel()
	for _, kind := range cursorKinds {
		got, err := startOf(kind, stackListEndpoint, "", 7)
		require.NoError(t, err)
		assert.Equal(t, position{kind: kind, list: stackListEndpoint, path: stackListEndpoint.Template, size: 7}, got)
		assert.Equal(t, 3, got.number(3), "number at the start")

		_, err = startOf(kind, stackListEndpoint, "", -1)
		var refused *ArgumentError
		require.ErrorAs(t, err, &refused, "startOf with a negative page size")
		assert.Equal(t, "opts.PageSize", refused.Name)
		assert.Equal(t, "-1", refused.Value)
	}
	p, err := startOf(pageCursor, stackListEndpoint, position{kind: pageCursor, list: stackListEndpoint, path: stackListEndpoint.Template, start: "12"}.cursor(), 0)
	require.NoError(t, err)
	assert.Equal(t, 12, p.number(1), "number of a cursor")
}

func TestCursor_HidesItsText(t *testing.T) {
	t.Parallel()
	cursor := position{kind: tokenCursor, list: stackListEndpoint, path: stackListEndpoint.Template, size: 100, start: canary}.cursor()
	for _, text := range []string{canary, "canary", "token", "/api/user/stacks", "GET", "100"} {
		assert.NotContains(t, string(cursor), text, "the cursor %s", cursor)
	}
}

// requireNoCursor checks that a list refuses a cursor before anything is sent.
func requireNoCursor(t *testing.T, kind cursorKind, list Endpoint, cursor Cursor, called string) {
	t.Helper()
	_, err := startOf(kind, list, cursor, 10)
	var refused *ArgumentError
	require.ErrorAs(t, err, &refused, called)
	require.Equal(t, "opts.Cursor", refused.Name, called)
	require.LessOrEqual(t, len([]rune(refused.Value)), maxErrorValue, called)
}

func TestCursor_OfAnotherKindOrList(t *testing.T) {
	t.Parallel()
	for _, kind := range cursorKinds {
		for _, list := range cursorLists {
			cursor := position{kind: kind, list: list, path: list.Template, size: 10, start: "1"}.cursor()
			for _, otherKind := range cursorKinds {
				for _, otherList := range cursorLists {
					called := fmt.Sprintf("startOf a %s list of %+v with a %s cursor of %+v", otherKind, otherList, kind, list)
					if otherKind == kind && otherList == list {
						_, err := startOf(otherKind, otherList, cursor, 0)
						require.NoError(t, err, called)
						continue
					}
					requireNoCursor(t, otherKind, otherList, cursor, called)
				}
			}
		}
	}
}

func encodedCursor(parts ...string) Cursor {
	return Cursor(base64.RawURLEncoding.EncodeToString([]byte(strings.Join(parts, cursorSeparator))))
}

func TestCursor_Garbage(t *testing.T) {
	t.Parallel()
	good := position{kind: pageCursor, list: stackListEndpoint, path: stackListEndpoint.Template, size: 10, start: "2"}.cursor()
	require.Equal(t, encodedCursor("page", "GET", "/api/user/stacks", "false", "/api/user/stacks", "10", "2"), good, "what this test is about")
	_, err := startOf(pageCursor, stackListEndpoint, good, 0)
	require.NoError(t, err)

	garbage := map[string]Cursor{
		"a blank":             " ",
		"text":                "next",
		"a token":             "eyJhbGciOiJIUzI1NiJ9.e30.abc",
		"a NUL":               "\x00",
		"not ASCII":           "ä😀",
		"long text":           Cursor(strings.Repeat("A", 100_000)),
		"padding":             good + "=",
		"more at the end":     good + "A",
		"more at the start":   "A" + good,
		"twice":               good + good,
		"a line break":        good + "\n",
		"a line break inside": good[:8] + "\r\n" + good[8:],
		"a space inside":      good[:8] + " " + good[8:],
		"a negative size":     encodedCursor("page", "GET", "/api/user/stacks", "false", "/api/user/stacks", "-1", "2"),
		"a size with a plus":  encodedCursor("page", "GET", "/api/user/stacks", "false", "/api/user/stacks", "+10", "2"),
		"a size with a zero":  encodedCursor("page", "GET", "/api/user/stacks", "false", "/api/user/stacks", "010", "2"),
		"no size":             encodedCursor("page", "GET", "/api/user/stacks", "false", "/api/user/stacks", "", "2"),
		"a size as text":      encodedCursor("page", "GET", "/api/user/stacks", "false", "/api/user/stacks", "ten", "2"),
		"a size too long":     encodedCursor("page", "GET", "/api/user/stacks", "false", "/api/user/stacks", "99999999999999999999", "2"),
		"a negative page":     encodedCursor("page", "GET", "/api/user/stacks", "false", "/api/user/stacks", "10", "-2"),
		"page zero":           encodedCursor("page", "GET", "/api/user/stacks", "false", "/api/user/stacks", "10", "0"),
		"no page":             encodedCursor("page", "GET", "/api/user/stacks", "false", "/api/user/stacks", "10", ""),
		"a page as text":      encodedCursor("page", "GET", "/api/user/stacks", "false", "/api/user/stacks", "10", "two"),
		"a page and a line":   encodedCursor("page", "GET", "/api/user/stacks", "false", "/api/user/stacks", "10", "2\n"),
		"a page too long":     encodedCursor("page", "GET", "/api/user/stacks", "false", "/api/user/stacks", "10", "99999999999999999999"),
		"no truth":            encodedCursor("page", "GET", "/api/user/stacks", "no", "/api/user/stacks", "10", "2"),
		"another truth":       encodedCursor("page", "GET", "/api/user/stacks", "true", "/api/user/stacks", "10", "2"),
		"another path":        encodedCursor("page", "GET", "/api/user/stacks", "false", "/api/user/tokens", "10", "2"),
		"a size that is huge": encodedCursor("page", "GET", "/api/user/stacks", "false", "/api/user/stacks", "99999999999", "2"),
		"another method":      encodedCursor("page", "POST", "/api/user/stacks", "false", "/api/user/stacks", "10", "2"),
		"no kind":             encodedCursor("", "GET", "/api/user/stacks", "false", "/api/user/stacks", "10", "2"),
		"an unknown kind":     encodedCursor("book", "GET", "/api/user/stacks", "false", "/api/user/stacks", "10", "2"),
		"too few parts":       encodedCursor("page", "GET", "/api/user/stacks", "false", "/api/user/stacks", "10"),
		"nothing but breaks":  encodedCursor("", "", "", "", "", "", ""),
	}
	for end := 1; end < len(good); end++ {
		garbage[fmt.Sprintf("cut to %d", end)] = good[:end]
		garbage[fmt.Sprintf("from %d", end)] = good[end:]
	}
	for what, cursor := range garbage {
		requireNoCursor(t, pageCursor, stackListEndpoint, cursor, fmt.Sprintf("startOf with %s: %.60q", what, cursor))
	}
	for _, kind := range []cursorKind{rowCursor, pageCursor} {
		for _, at := range []string{"-1", "0", "", "x", "1.5", "0x1"} {
			requireNoCursor(t, kind, stackListEndpoint, position{kind: kind, list: stackListEndpoint, path: stackListEndpoint.Template, start: at}.cursor(), "startOf with "+string(kind)+" "+at)
		}
	}
}

// What a list returns leads on in the same list, and nothing is sent for what
// does not.
func TestCursor_OfAListedPage(t *testing.T) {
	t.Parallel()
	var asked []string
	client, err := NewClient(WithToken(canary), WithHTTPClient(&http.Client{
		Transport: transportFunc(func(req *http.Request) (*http.Response, error) {
			asked = append(asked, req.URL.RawQuery)
			resp := noContent(req)
			resp.StatusCode = http.StatusOK
			resp.Body = io.NopCloser(strings.NewReader(`{"stacks": [{"stackName": "a"}], "continuationToken": "tok/en=="}`))
			return resp, nil
		}),
	}))
	require.NoError(t, err)
	page, err := client.Stacks.ListPage(t.Context(), &StackListOptions{PageSize: 3, Organization: "acme"})
	require.NoError(t, err)
	_, err = client.Stacks.ListPage(t.Context(), &StackListOptions{PageSize: 50, Organization: "acme", Cursor: page.Next})
	require.ErrorContains(t, err, "the list would not end", "the same token again")
	assert.Equal(t, []string{"maxResults=3&organization=acme", "continuationToken=tok%2Fen%3D%3D&maxResults=3&organization=acme"}, asked)

	for _, cursor := range []Cursor{"garbage", page.Next[1:], position{kind: tokenCursor, list: cursorLists[1], path: cursorLists[1].Template, start: "a"}.cursor()} {
		_, err = client.Stacks.ListPage(t.Context(), &StackListOptions{Cursor: cursor})
		var refused *ArgumentError
		require.ErrorAs(t, err, &refused, "ListPage with the cursor %s", cursor)
		assert.Equal(t, "opts.Cursor", refused.Name)
		all, err := Collect(client.Stacks.List(t.Context(), &StackListOptions{Cursor: cursor}))
		require.ErrorAs(t, err, &refused, "List with the cursor %s", cursor)
		assert.Empty(t, all)
	}
	assert.Len(t, asked, 2, "nothing is sent with a bad cursor")
}

// The same list of another organization is another list.
func TestCursor_OfAnotherArgument(t *testing.T) {
	t.Parallel()
	p, err := startOf(tokenCursor, orgListMembersEndpoint, "", 0, orgArgs("acme")...)
	require.NoError(t, err)
	cursor := p.next("5-")
	_, err = startOf(tokenCursor, orgListMembersEndpoint, cursor, 0, orgArgs("acme")...)
	require.NoError(t, err)
	for _, org := range []string{"other", "ACME", "acme/x"} {
		_, err = startOf(tokenCursor, orgListMembersEndpoint, cursor, 0, orgArgs(org)...)
		var refused *ArgumentError
		require.ErrorAs(t, err, &refused, "organization %s", org)
		require.Equal(t, "opts.Cursor", refused.Name)
	}
	_, err = startOf(tokenCursor, orgListMembersEndpoint, "", 0, orgArgs("..")...)
	var refused *ArgumentError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, "org", refused.Name)
	_, err = startOf(rowCursor, stackListEndpoint, "", maxPageSize+1)
	require.ErrorAs(t, err, &refused)
	require.Equal(t, "opts.PageSize", refused.Name)
}

// A text either is no cursor, or the only one for its place.
func FuzzCursor(f *testing.F) {
	for _, kind := range cursorKinds {
		for _, list := range cursorLists {
			for _, at := range placesOf(kind) {
				f.Add(string(position{kind: kind, list: list, path: list.Template, size: 10, start: at}.cursor()))
			}
		}
	}
	for _, text := range []string{
		"", " ", "=", "garbage", "\n", string(encodedCursor("page", "GET", "/api/user/stacks", "false", "/api/user/stacks", "+10", "2")),
		string(encodedCursor("page", "GET", "/api/user/stacks", "false", "/api/user/stacks", "10", "-2")),
		string(encodedCursor("group", "GET", "/api/user/stacks", "false", "/api/user/stacks", "10", "-2")), string(encodedCursor("", "", "", "", "", "", "")),
		string(position{kind: pageCursor, list: stackListEndpoint, path: stackListEndpoint.Template, start: "2"}.cursor()) + "\n",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		cursor := Cursor(text)
		for _, kind := range cursorKinds {
			p, err := startOf(kind, stackListEndpoint, cursor, 3)
			if err != nil {
				var refused *ArgumentError
				require.ErrorAs(t, err, &refused, "startOf(%q)", text)
				require.Equal(t, "opts.Cursor", refused.Name)
				continue
			}
			if text == "" {
				require.Equal(t, position{kind: kind, list: stackListEndpoint, path: stackListEndpoint.Template, size: 3}, p)
				continue
			}
			require.Equal(t, cursor, p.cursor(), "startOf(%q)", text)
		}
		p, err := parseCursor(cursor)
		if err != nil {
			return
		}
		require.Equal(t, cursor, p.cursor(), "parseCursor(%q)", text)
		require.GreaterOrEqual(t, p.size, 0)
		require.LessOrEqual(t, p.size, maxPageSize)
		if p.kind == pageCursor || p.kind == rowCursor || p.kind == groupCursor {
			require.Positive(t, p.number(0), "parseCursor(%q)", text)
		}
	})
}
