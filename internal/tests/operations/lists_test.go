package operations_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/internal/testkit"
)

// withstandPages runs check for every list of several pages, with every way to fetch
// the pages that its options have, each in a bubble.
func withstandPages(t *testing.T, check func(t *testing.T, o testkit.Operation, options map[string]any)) {
	t.Helper()
	lists := 0
	for _, o := range testkit.Must(testkit.Operations()) {
		if !o.IsPagedList() {
			continue
		}
		lists++
		for _, options := range []map[string]any{{}, {"NoPrefetch": true}, {"Parallel": 4}} {
			if options["Parallel"] != nil && !o.HasOption("Parallel") {
				continue
			}
			t.Run(fmt.Sprint(o.Name, options), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { check(t, o, options) })
			})
		}
	}
	require.Greater(t, lists, 25, "lists of several pages")
}

const itemsPerPage = 2

// pageAsked returns the number, from 0, of the page that a request asks for: in a
// list by number or by row.
func pageAsked(t *testing.T, req *http.Request) int {
	t.Helper()
	if number := req.URL.Query().Get("page"); number != "" {
		page, err := strconv.Atoi(number)
		assert.NoError(t, err)
		return page - 1
	}
	var rows struct {
		StartRow int `json:"startRow"`
	}
	assert.NoError(t, json.NewDecoder(req.Body).Decode(&rows))
	return rows.StartRow / itemsPerPage
}

// pageClient returns a client that gets the nth page, from 0, of a list.
func pageClient(t *testing.T, o testkit.Operation, page func(n int) (numbers []int, token string, total int)) (*pulumiapi.Client, *testkit.Script) {
	t.Helper()
	return testkit.Client(t, func(n int, req *http.Request) (*http.Response, error) {
		if n > 5000 {
			return testkit.Respond(http.StatusBadRequest, []byte(`{"message":"the walk does not end"}`)), nil
		}
		asked := n - 1
		if !o.ByToken() {
			asked = pageAsked(t, req)
		}
		body, err := o.PageOf(page(asked))
		return testkit.Respond(http.StatusOK, body), err
	})
}

func TestLists_PagesInACircleAreAnError(t *testing.T) {
	t.Parallel()
	withstandPages(t, func(t *testing.T, o testkit.Operation, options map[string]any) {
		for _, length := range []int{1, 2, 3, 7} {
			for _, before := range []int{0, 5} { // pages before the circle
				for _, total := range []int{0, 100_000} {
					if total > 0 && o.ByToken() {
						continue
					}
					client, script := pageClient(t, o, func(n int) ([]int, string, int) {
						if n >= before {
							n = before + (n-before)%length
						}
						return []int{itemsPerPage * n, itemsPerPage*n + 1}, fmt.Sprintf("token-%d", n), total
					})
					items, err := o.Walk(t.Context(), client, options)
					called := fmt.Sprintf("%s %v, %d pages before a circle of %d, total %d", o.Name, options, before, length, total)
					if length == 1 && grows(o) {
						require.NoError(t, err, called+": the token that was sent is the end")
						continue
					}
					var failed *pulumiapi.CallError
					require.ErrorAs(t, err, &failed, called)
					require.ErrorContains(t, err, "would not end", called)
					assert.Equal(t, o.Endpoint, failed.Endpoint, called)
					assert.GreaterOrEqual(t, items, itemsPerPage*(before+length), "%s: the items of the pages that differ", called)
					assert.LessOrEqual(t, len(script.Sent()), before+3*max(length, before)+8, "%s: requests", called)
				}
			}
		}
	})
}

// grows reports whether a list can be read while it grows.
func grows(o testkit.Operation) bool { return o.Items == "events" || o.Items == "lines" }

func TestLists_EmptyPagesWithNewTokensAreBounded(t *testing.T) {
	t.Parallel()
	withstandPages(t, func(t *testing.T, o testkit.Operation, options map[string]any) {
		if len(options) > 0 {
			return // after an empty page, nothing is fetched ahead
		}
		client, script := pageClient(t, o, func(n int) ([]int, string, int) {
			if n == 0 {
				return []int{1, 2}, "start", 0
			}
			return nil, strconv.Itoa(n), 0
		})
		start := time.Now()
		items, err := o.Walk(t.Context(), client, options)
		assert.Equal(t, itemsPerPage, items, o.Name)
		if !o.ByToken() {
			require.NoError(t, err, "%s: an empty page is the end", o.Name)
			assert.Len(t, script.Sent(), 2, o.Name)
			return
		}
		var failed *pulumiapi.CallError
		require.ErrorAs(t, err, &failed, o.Name)
		require.ErrorContains(t, err, "1000 pages in a row are empty", o.Name)
		assert.Equal(t, o.Endpoint, failed.Endpoint, o.Name)
		assert.Len(t, script.Sent(), 1001, o.Name)
		assert.Greater(t, time.Since(start), 8*time.Minute, "%s: about one request a second", o.Name)
		assert.Less(t, time.Since(start), 20*time.Minute, o.Name)

		// A deadline ends the waits.
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		start = time.Now()
		client, script = pageClient(t, o, func(n int) ([]int, string, int) { return nil, strconv.Itoa(n), 0 })
		_, err = o.Walk(ctx, client, options)
		require.ErrorIs(t, err, context.DeadlineExceeded, o.Name)
		assert.Equal(t, 10*time.Second, time.Since(start), o.Name)
		assert.Less(t, len(script.Sent()), 40, "%s: requests in ten seconds", o.Name)
	})
}

// A few empty pages, as a filter leaves them, are no error and take little time.
func TestLists_SomeEmptyPagesAreNoError(t *testing.T) {
	t.Parallel()
	withstandPages(t, func(t *testing.T, o testkit.Operation, options map[string]any) {
		if !o.ByToken() {
			return // an empty page is the end
		}
		const pages = 60
		client, script := pageClient(t, o, func(n int) ([]int, string, int) {
			token := strconv.Itoa(n)
			switch {
			case n == pages-1:
				return []int{itemsPerPage * n, itemsPerPage*n + 1}, "", 0
			case n%20 == 0:
				return []int{itemsPerPage * n, itemsPerPage*n + 1}, token, 0
			}
			return nil, token, 0
		})
		start := time.Now()
		items, err := o.Walk(t.Context(), client, options)
		require.NoError(t, err, o.Name)
		assert.Equal(t, 4*itemsPerPage, items, o.Name)
		assert.Len(t, script.Sent(), pages, o.Name)
		assert.Less(t, time.Since(start), time.Minute, o.Name)
	})
}
