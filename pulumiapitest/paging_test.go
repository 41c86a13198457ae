package pulumiapitest_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

// newPagedServer returns a server with the stacks acme/web/s01 and on.
func newPagedServer(t *testing.T, stacks int) *pulumiapitest.Server {
	t.Helper()
	srv := newServer(t)
	for i := range stacks {
		require.NoError(t, srv.AddStack(pulumiapitest.Stack{Org: "acme", Project: "web", Name: fmt.Sprintf("s%02d", i+1)}))
	}
	return srv
}

// page gets a page of the stacks. The next token is empty at the end.
func page(t *testing.T, srv *pulumiapitest.Server, query, token string) (names []string, next string) {
	t.Helper()
	if token != "" {
		query += "&continuationToken=" + url.QueryEscape(token)
	}
	list := getJSON[stackList](t, srv, "/api/user/stacks?"+query)
	if list.ContinuationToken != nil {
		next = *list.ContinuationToken
		require.NotEmpty(t, next)
	}
	return list.names(), next
}

func TestServer_Pages(t *testing.T) {
	t.Parallel()
	srv := newPagedServer(t, 25)
	var all []string
	var sizes []int
	for token := ""; ; {
		names, next := page(t, srv, "organization=acme", token)
		all, sizes = append(all, names...), append(sizes, len(names))
		if next == "" {
			break
		}
		token = next
	}
	assert.Equal(t, []int{10, 10, 5}, sizes)
	assert.Len(t, all, 25)
	assert.IsIncreasing(t, all)
}

func TestServer_Pages_Size(t *testing.T) {
	t.Parallel()
	srv := newPagedServer(t, 120)
	size := func(query string) int {
		names, _ := page(t, srv, query, "")
		return len(names)
	}
	assert.Equal(t, 10, size(""))
	assert.Equal(t, 3, size("maxResults=3"))
	assert.Equal(t, 100, size("maxResults=1000"), "capped")
	srv.SetPageSize(4)
	assert.Equal(t, 4, size(""))
	assert.Equal(t, 50, size("maxResults=50"))
	srv.SetPageSize(110)
	assert.Equal(t, 110, size(""))
	assert.Equal(t, 110, size("maxResults=1000"))
	srv.SetPageSize(0)
	assert.Equal(t, 10, size(""))
	for _, bad := range []string{"0", "-1", "ten", "1.5"} {
		requireError(t, srv, http.StatusBadRequest, "maxResults must be a positive number", http.MethodGet, "/api/user/stacks?maxResults="+bad, "")
	}
}

func TestServer_Pages_FullLastPage(t *testing.T) {
	t.Parallel()
	srv := newPagedServer(t, 20)
	_, next := page(t, srv, "", "")
	names, next := page(t, srv, "", next)
	assert.Len(t, names, 10)
	assert.Empty(t, next)
}

func TestServer_Pages_SizeMayChange(t *testing.T) {
	t.Parallel()
	srv := newPagedServer(t, 9)
	_, next := page(t, srv, "maxResults=2", "")
	names, next := page(t, srv, "maxResults=5", next)
	assert.Equal(t, []string{"s03", "s04", "s05", "s06", "s07"}, names)
	names, next = page(t, srv, "", next)
	assert.Equal(t, []string{"s08", "s09"}, names)
	assert.Empty(t, next)
}

func TestServer_Pages_WhileStacksComeAndGo(t *testing.T) {
	t.Parallel()
	srv := newPagedServer(t, 12)
	srv.SetPageSize(4)
	first, next := page(t, srv, "", "")
	assert.Equal(t, []string{"s01", "s02", "s03", "s04"}, first)

	for _, name := range []string{"s01", "s04", "s05"} { // before, at and behind the position
		requireNoContent(t, srv, http.MethodDelete, "/api/stacks/acme/web/"+name, "")
	}
	a := do(t, srv, http.MethodPost, "/api/stacks/acme/web", `{"stackName":"s00"}`)
	require.Equal(t, http.StatusOK, a.status)

	second, next := page(t, srv, "", next)
	assert.Equal(t, []string{"s06", "s07", "s08", "s09"}, second)
	third, next := page(t, srv, "", next)
	assert.Equal(t, []string{"s10", "s11", "s12", "s00"}, third)
	assert.Empty(t, next)
}

func TestServer_Pages_AllGone(t *testing.T) {
	t.Parallel()
	srv := newPagedServer(t, 3)
	_, next := page(t, srv, "maxResults=2", "")
	requireNoContent(t, srv, http.MethodDelete, "/api/stacks/acme/web/s03", "")
	a := do(t, srv, http.MethodGet, "/api/user/stacks?continuationToken="+url.QueryEscape(next), "")
	assert.JSONEq(t, `{"stacks": [], "continuationToken": null}`, a.body)
}

func TestServer_Pages_Token(t *testing.T) {
	t.Parallel()
	srv := newPagedServer(t, 30)
	_, next := page(t, srv, "organization=acme&project=web", "")

	list := "/api/user/stacks?"
	requireError(t, srv, http.StatusBadRequest, "Invalid continuation token", http.MethodGet,
		list+"organization=acme&project=web&continuationToken="+next, "") // not escaped: the plus sign is a space
	requireError(t, srv, http.StatusBadRequest, "with other filters", http.MethodGet,
		list+"organization=acme&continuationToken="+url.QueryEscape(next), "")
	names, _ := page(t, srv, "project=web&organization=acme", next)
	assert.Len(t, names, 10, "the order of filters doesn't matter")

	elsewhere := "+" + base64.StdEncoding.EncodeToString([]byte(`{"endpoint":"GET /api/user/tokens","filters":"","after":3}`))
	for _, token := range []string{"x", "5-", "+", "+AAAA", "+!", elsewhere} {
		requireError(t, srv, http.StatusBadRequest, "Invalid continuation token", http.MethodGet,
			list+"continuationToken="+url.QueryEscape(token), "")
	}
	names, _ = page(t, srv, "continuationToken=", "")
	assert.Equal(t, "s01", names[0], "an empty token is none")
}
