package pulumiapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/internal/testkit"
)

// pagedService is a transport that answers every list with pages of perPage
// items of total, after a latency, and watches how it is asked. An item's version,
// or its name, is its place in the list.
type pagedService struct {
	total   int
	perPage int
	latency time.Duration
	// noticesLate is how long it takes to notice that a request is cancelled.
	noticesLate time.Duration
	// before, unless nil, is called with the place of the page's first item
	// when the latency is over. What it returns is the answer's.
	before func(req *http.Request, start int) (*http.Response, error)

	mu        sync.Mutex
	starts    []int // of the pages asked for
	under     int   // requests under way
	most      int   // of them at a time
	cancelled int
}

func (s *pagedService) RoundTrip(req *http.Request) (*http.Response, error) {
	start, size, err := s.place(req)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.starts = append(s.starts, start)
	s.under++
	s.most = max(s.most, s.under)
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.under--
	}()
	select {
	case <-time.After(s.latency):
	case <-req.Context().Done():
		time.Sleep(s.noticesLate)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.cancelled++
		return nil, req.Context().Err()
	}
	if s.before != nil {
		if resp, err := s.before(req, start); resp != nil || err != nil {
			return resp, err
		}
	}
	resp := testkit.Respond(http.StatusOK, s.body(start, size), "X-Pulumi-Request-ID", strconv.Itoa(start))
	resp.Request = req
	return resp, nil
}

// place returns which page a request asks for: of a list by token, by page or
// by row.
func (s *pagedService) place(req *http.Request) (start, size int, err error) {
	query := req.URL.Query()
	switch {
	case req.Body != nil:
		defer req.Body.Close()
		var rows struct {
			StartRow int `json:"startRow"`
			EndRow   int `json:"endRow"`
		}
		err = json.NewDecoder(req.Body).Decode(&rows)
		return rows.StartRow, min(rows.EndRow-rows.StartRow, s.perPage), err
	case query.Has("page"):
		page, err := strconv.Atoi(query.Get("page"))
		return (page - 1) * s.perPage, s.perPage, err
	case query.Has("continuationToken"):
		start, err = strconv.Atoi(query.Get("continuationToken"))
	}
	return start, s.perPage, err
}

func (s *pagedService) body(start, size int) []byte {
	answer := map[string]any{"total": s.total, "itemsPerPage": s.perPage, "rowCount": s.total}
	var stacks, updates, issues []any
	end := min(start+size, s.total)
	for i := start; i < end; i++ {
		stacks = append(stacks, map[string]any{"stackName": strconv.Itoa(i)})
		updates = append(updates, map[string]any{"updateID": strconv.Itoa(i), "info": map[string]any{}})
		issues = append(issues, map[string]any{"id": strconv.Itoa(i)})
	}
	answer["stacks"], answer["updates"], answer["policyIssues"] = stacks, updates, issues
	if end < s.total {
		answer["continuationToken"] = strconv.Itoa(end)
	}
	data, err := json.Marshal(answer)
	if err != nil {
		panic(err) // the map can be sent as JSON
	}
	return data
}

func (s *pagedService) client(t *testing.T) *pulumiapi.Client {
	t.Helper()
	client, err := pulumiapi.NewClient(
		pulumiapi.WithToken("pul-test"),
		pulumiapi.WithHTTPClient(&http.Client{Transport: s}),
		pulumiapi.WithRetry(pulumiapi.RetryPolicy{MaxAttempts: 1}),
	)
	require.NoError(t, err)
	return client
}

// asked returns how many pages were asked for by now.
func (s *pagedService) asked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.starts)
}

// names walks a list by the names of its items.
func names[T any](seq iter.Seq2[*T, error], name func(*T) string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for item, err := range seq {
			if err != nil {
				yield("", err)
				return
			}
			if !yield(name(item), nil) {
				return
			}
		}
	}
}

// howToList is what a list's options say about fetching.
type howToList struct {
	noPrefetch bool
	parallel   int
}

// lister walks a list with these options by the names of its items.
type lister func(ctx context.Context, client *pulumiapi.Client, how howToList) iter.Seq2[string, error]

func stackNames(ctx context.Context, client *pulumiapi.Client, how howToList) iter.Seq2[string, error] {
	return names(client.Stacks.List(ctx, &pulumiapi.StackListOptions{NoPrefetch: how.noPrefetch}),
		func(s *pulumiapi.StackSummary) string { return s.StackName })
}

// numberedLists are those that can be fetched in parallel.
var numberedLists = map[string]lister{
	"Updates.List": func(ctx context.Context, client *pulumiapi.Client, how howToList) iter.Seq2[string, error] {
		return names(client.Updates.List(ctx, testkit.Prod, &pulumiapi.UpdateListOptions{NoPrefetch: how.noPrefetch, Parallel: how.parallel}),
			func(u *pulumiapi.Update) string { return u.UpdateID })
	},
	"Updates.ListPreviews": func(ctx context.Context, client *pulumiapi.Client, how howToList) iter.Seq2[string, error] {
		return names(client.Updates.ListPreviews(ctx, testkit.Prod, &pulumiapi.PreviewListOptions{NoPrefetch: how.noPrefetch, Parallel: how.parallel}),
			func(u *pulumiapi.Update) string { return u.UpdateID })
	},
	"PolicyIssues.List": func(ctx context.Context, client *pulumiapi.Client, how howToList) iter.Seq2[string, error] {
		return names(client.PolicyIssues.List(ctx, "acme", &pulumiapi.PolicyIssueListOptions{NoPrefetch: how.noPrefetch, Parallel: how.parallel}),
			func(i *pulumiapi.PolicyIssue) string { return i.ID })
	},
}

// inBubble runs a test for each list, with a service of its own, where the bubble
// fails if a goroutine is left.
func inBubble(t *testing.T, lists map[string]lister, test func(t *testing.T, list lister)) {
	t.Helper()
	for name, list := range lists {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { test(t, list) })
		})
	}
}

func allLists() map[string]lister {
	all := map[string]lister{"Stacks.List": stackNames}
	maps.Copy(all, numberedLists)
	return all
}

// consume walks a list, and works for a while on the last item of each page. It
// checks that the items come in order.
func consume(t *testing.T, seq iter.Seq2[string, error], perPage int, work time.Duration) (items int) {
	t.Helper()
	for name, err := range seq {
		require.NoError(t, err)
		require.Equal(t, strconv.Itoa(items), name)
		items++
		if items%perPage == 0 {
			time.Sleep(work)
		}
	}
	return items
}

const tick = 5 * time.Millisecond

func TestList_FetchesTheNextPageWhileTheLoopWorks(t *testing.T) {
	t.Parallel()
	inBubble(t, allLists(), func(t *testing.T, list lister) {
		for noPrefetch, want := range map[bool]time.Duration{false: 21 * tick, true: 40 * tick} {
			service := &pagedService{total: 200, perPage: 10, latency: tick}
			begin := time.Now()
			assert.Equal(t, 200, consume(t, list(t.Context(), service.client(t), howToList{noPrefetch: noPrefetch}), 10, tick))
			assert.Equal(t, want, time.Since(begin), "NoPrefetch %t", noPrefetch)
			assert.Equal(t, 20, service.asked(), "requests, NoPrefetch %t", noPrefetch)
			assert.Equal(t, 1, service.most, "requests at a time, NoPrefetch %t", noPrefetch)
		}
	})
}

func TestPages_FetchesTheNextPageWhileTheLoopWorks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		service := &pagedService{total: 200, perPage: 10, latency: tick}
		begin := time.Now()
		pages := 0
		for page, err := range stackPages(t, service) {
			require.NoError(t, err)
			require.Equal(t, strconv.Itoa(pages*10), page.Items[0].StackName)
			pages++
			if pages < 3 {
				synctest.Wait()
				assert.Equal(t, []int{0, 1, 3}[pages], service.asked(), "requests at page %d", pages)
			}
			time.Sleep(tick)
		}
		assert.Equal(t, 20, pages)
		assert.Equal(t, 22*tick, time.Since(begin), "the second page is the last to be waited for")
		assert.Equal(t, 1, service.most, "requests at a time")
	})
}

func stackPages(t *testing.T, service *pagedService) iter.Seq2[*pulumiapi.Page[pulumiapi.StackSummary], error] {
	t.Helper()
	client := service.client(t)
	return pulumiapi.Pages(t.Context(), func(ctx context.Context, cursor pulumiapi.Cursor) (*pulumiapi.Page[pulumiapi.StackSummary], error) {
		return client.Stacks.ListPage(ctx, &pulumiapi.StackListOptions{Cursor: cursor})
	})
}

func TestList_IsNeverMoreThanAskedForAhead(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		how howToList
		// after are how many requests there are when the loop has been at an
		// item for long.
		after map[int]int
	}{
		{howToList{}, map[int]int{0: 1, 1: 2, 4: 2, 5: 2, 6: 3}},
		{howToList{noPrefetch: true}, map[int]int{0: 1, 1: 1, 4: 1, 5: 2, 6: 2}},
		{howToList{parallel: 1}, map[int]int{0: 1, 1: 2, 5: 2}},
		{howToList{parallel: 4}, map[int]int{0: 1, 1: 5, 5: 5, 6: 6, 10: 6, 11: 7}},
		{howToList{parallel: 4, noPrefetch: true}, map[int]int{0: 1, 1: 1, 5: 2}},
		{howToList{parallel: 1000}, map[int]int{0: 1, 1: 17}},
	} {
		inBubble(t, numberedLists, func(t *testing.T, list lister) {
			service := &pagedService{total: 200, perPage: 5, latency: tick}
			at := 0
			for _, err := range list(t.Context(), service.client(t), c.how) {
				require.NoError(t, err)
				time.Sleep(time.Hour)
				if want, ok := c.after[at]; ok {
					assert.Equal(t, want, service.asked(), "requests at item %d with %+v", at, c.how)
				}
				if at++; at == 20 {
					break
				}
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		service := &pagedService{total: 3, perPage: 1, latency: tick}
		at := 0
		for _, err := range stackNames(t.Context(), service.client(t), howToList{}) {
			require.NoError(t, err)
			time.Sleep(time.Hour)
			at++
			assert.Equal(t, at, service.asked(), "a page of one item has no second one that could be asked for")
		}
	})
}

func TestList_InParallel(t *testing.T) {
	t.Parallel()
	inBubble(t, numberedLists, func(t *testing.T, list lister) {
		for parallel, want := range map[int]time.Duration{1: 41 * tick, 2: 21 * tick, 4: 11 * tick, 16: 4 * tick, 1000: 4 * tick} {
			service := &pagedService{total: 401, perPage: 10, latency: tick}
			begin := time.Now()
			assert.Equal(t, 401, consume(t, list(t.Context(), service.client(t), howToList{parallel: parallel}), 10, 0))
			assert.Equal(t, want, time.Since(begin), "Parallel %d", parallel)
			assert.Equal(t, 41, service.asked(), "requests, Parallel %d", parallel)
			assert.Equal(t, min(parallel, 16), service.most, "requests at a time, Parallel %d", parallel)
		}
		service := &pagedService{total: 401, perPage: 10}
		for item, err := range list(t.Context(), service.client(t), howToList{parallel: -1}) {
			assert.Empty(t, item)
			var refused *pulumiapi.ArgumentError
			require.ErrorAs(t, err, &refused)
			assert.Equal(t, "opts.Parallel", refused.Name)
			assert.Equal(t, "-1", refused.Value)
		}
		assert.Zero(t, service.asked())

		// A page of one item asks for those behind it, too.
		service = &pagedService{total: 9, perPage: 1, latency: tick}
		begin := time.Now()
		assert.Equal(t, 9, consume(t, list(t.Context(), service.client(t), howToList{parallel: 4}), 1, 0))
		assert.Equal(t, 3*tick, time.Since(begin))
	})
}

func TestList_AnErrorComesAfterThePageBefore(t *testing.T) {
	t.Parallel()
	refuse := func(req *http.Request, start int) (*http.Response, error) {
		switch {
		case start == 20:
			time.Sleep(tick)
			fallthrough
		case start == 30:
			return testkit.Respond(http.StatusForbidden, fmt.Appendf(nil, `{"message":"no more from %d"}`, start)), nil
		case start > 30:
			<-req.Context().Done()
			return nil, req.Context().Err()
		}
		return nil, nil //nolint:nilnil // the usual answer
	}
	inBubble(t, allLists(), func(t *testing.T, list lister) {
		for _, how := range []howToList{{}, {noPrefetch: true}, {parallel: 4}} {
			service := &pagedService{total: 200, perPage: 10, latency: tick, before: refuse}
			var got int
			var failures []error
			for _, err := range list(t.Context(), service.client(t), how) {
				if err != nil {
					assert.Zero(t, service.under, "what is under way is cancelled first")
					failures = append(failures, err)
					continue
				}
				got++
				time.Sleep(tick)
			}
			assert.Equal(t, 20, got, "items before the error, %+v", how)
			require.Len(t, failures, 1, "%+v", how)
			require.ErrorIs(t, failures[0], pulumiapi.ErrForbidden)
			require.ErrorContains(t, failures[0], "no more from 20", "the first of the errors, %+v", how)
		}
	})
}

// leave is how a loop can be left.
var leave = map[string]func(seq iter.Seq2[string, error], items int){
	"break": func(seq iter.Seq2[string, error], items int) {
		for _, err := range seq {
			if items--; err != nil || items == 0 {
				synctest.Wait() // the requests are under way
				break
			}
		}
	},
	"panic": func(seq iter.Seq2[string, error], items int) {
		defer func() {
			if recover() != "enough" {
				panic("another panic than the loop's")
			}
		}()
		for _, err := range seq {
			if items--; err != nil || items == 0 {
				synctest.Wait() // the requests are under way
				panic("enough")
			}
		}
	},
	"Goexit": func(seq iter.Seq2[string, error], items int) {
		done := make(chan struct{})
		go func() {
			defer close(done)
			for _, err := range seq {
				if items--; err != nil || items == 0 {
					synctest.Wait() // the requests are under way
					runtime.Goexit()
				}
			}
		}()
		<-done
	},
}

func TestList_ALoopThatIsLeftCancelsAndWaits(t *testing.T) {
	t.Parallel()
	for _, leave := range leave {
		inBubble(t, numberedLists, func(t *testing.T, list lister) {
			for parallel, want := range map[int]int{1: 1, 4: 4} {
				service := &pagedService{total: 200, perPage: 10, latency: tick, noticesLate: time.Second}
				begin := time.Now()
				leave(list(t.Context(), service.client(t), howToList{parallel: parallel}), 2)
				assert.Zero(t, service.under, "requests under way behind the loop")
				assert.Equal(t, want, service.cancelled, "cancelled requests")
				assert.Equal(t, tick+time.Second, time.Since(begin), "it waits until they have noticed, and no longer")
			}
		})
	}
}

func TestList_APanicOfTheTransportIsTheCallers(t *testing.T) {
	t.Parallel()
	broken := errors.New("a broken transport")
	inBubble(t, numberedLists, func(t *testing.T, list lister) {
		for _, how := range []howToList{{}, {noPrefetch: true}, {parallel: 4}} {
			for _, c := range []struct {
				pages  int // that the loop reads
				raised any
			}{{3, broken}, {2, broken}, {1, nil}} {
				if how.noPrefetch && c.pages == 2 {
					c.raised = nil // never asked for
				}
				service := &pagedService{total: 40, perPage: 10, latency: tick, before: func(_ *http.Request, start int) (*http.Response, error) {
					if start >= 20 {
						panic(broken)
					}
					return nil, nil //nolint:nilnil // the usual answer
				}}
				got := 0
				raised := func() (raised any) {
					defer func() { raised = recover() }()
					for _, err := range list(t.Context(), service.client(t), how) {
						require.NoError(t, err)
						got++
						if got == 10*(c.pages-1)+2 || how.parallel > 1 && c.pages == 1 {
							time.Sleep(time.Hour)
							break
						}
					}
					return nil
				}()
				assert.Equal(t, c.raised, raised, "%+v, reading %d pages", how, c.pages)
				assert.Zero(t, service.under)
			}
		}
	})
}

func TestList_AGoexitOfTheTransportIsTheCallers(t *testing.T) {
	t.Parallel()
	inBubble(t, allLists(), func(t *testing.T, list lister) {
		service := &pagedService{total: 40, perPage: 10, before: func(_ *http.Request, start int) (*http.Response, error) {
			if start >= 20 {
				runtime.Goexit()
			}
			return nil, nil //nolint:nilnil // the usual answer
		}}
		seq := list(t.Context(), service.client(t), howToList{})
		got, returned := 0, false
		done := make(chan struct{})
		go func() {
			defer close(done)
			for _, err := range seq {
				assert.NoError(t, err)
				got++
			}
			returned = true
		}()
		<-done
		assert.Equal(t, 20, got)
		assert.False(t, returned, "the loop's goroutine has ended, as it would without another")
	})
}

// An error of an earlier page is told although a later one has panicked, which
// comes behind it.
func TestList_AnErrorComesBeforeThePanicOfALaterPage(t *testing.T) {
	t.Parallel()
	inBubble(t, numberedLists, func(t *testing.T, list lister) {
		service := &pagedService{total: 100, perPage: 10, before: func(_ *http.Request, start int) (*http.Response, error) {
			switch start {
			case 0, 10:
				return nil, nil //nolint:nilnil // the usual answer
			case 20:
				time.Sleep(tick)
				return testkit.Respond(http.StatusForbidden, nil), nil
			}
			panic("a broken transport")
		}}
		var failure error
		assert.PanicsWithValue(t, "a broken transport", func() {
			for _, err := range list(t.Context(), service.client(t), howToList{parallel: 4}) {
				failure = err
			}
		})
		require.ErrorIs(t, failure, pulumiapi.ErrForbidden)
	})
}

func TestList_CapturesTheResponseOfThePageThatTheLoopIsAt(t *testing.T) {
	t.Parallel()
	refuse := func(_ *http.Request, start int) (*http.Response, error) {
		if start == 30 {
			return testkit.Respond(http.StatusForbidden, nil, "X-Pulumi-Request-ID", "refusal"), nil
		}
		return nil, nil //nolint:nilnil // the usual answer
	}
	inBubble(t, allLists(), func(t *testing.T, list lister) {
		for _, how := range []howToList{{}, {noPrefetch: true}, {parallel: 4}} {
			service := &pagedService{total: 50, perPage: 10, latency: tick, before: refuse}
			var info pulumiapi.ResponseInfo
			at := 0
			for _, err := range list(pulumiapi.CaptureResponse(t.Context(), &info), service.client(t), how) {
				time.Sleep(3 * time.Millisecond)
				if err != nil {
					assert.Equal(t, "refusal", info.RequestID, "%+v", how)
					assert.Equal(t, http.StatusForbidden, info.StatusCode)
					continue
				}
				assert.Equal(t, strconv.Itoa(at/10*10), info.RequestID, "at item %d, %+v", at, how)
				at++
			}
			assert.Equal(t, 30, at)
			assert.Equal(t, "refusal", info.RequestID, "%+v", how)
		}
	})
}

func TestList_TheContextIsThatOfAllPages(t *testing.T) {
	t.Parallel()
	type key struct{}
	inBubble(t, allLists(), func(t *testing.T, list lister) {
		for _, how := range []howToList{{}, {noPrefetch: true}, {parallel: 4}} {
			service := &pagedService{total: 50, perPage: 10, latency: tick, before: func(req *http.Request, _ int) (*http.Response, error) {
				assert.Equal(t, "mine", req.Context().Value(key{}))
				return nil, nil //nolint:nilnil // the usual answer
			}}
			ctx, cancel := context.WithTimeout(context.WithValue(t.Context(), key{}, "mine"), 4*tick)
			got := 0
			var failure error
			for _, err := range list(ctx, service.client(t), how) {
				if failure = err; err == nil {
					got++
					time.Sleep(2 * time.Millisecond)
				}
			}
			cancel()
			assert.Equal(t, 10, got, "%+v", how)
			require.ErrorIs(t, failure, context.DeadlineExceeded, "%+v", how)
		}
	})
}

func TestList_LoopsAreIndependent(t *testing.T) {
	t.Parallel()
	inBubble(t, allLists(), func(t *testing.T, list lister) {
		service := &pagedService{total: 100, perPage: 10, latency: tick}
		seq := list(t.Context(), service.client(t), howToList{parallel: 3})
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				for range 2 {
					want := 0
					for name, err := range seq {
						assert.NoError(t, err) //nolint:testifylint // require must not be called outside the test's goroutine
						assert.Equal(t, strconv.Itoa(want), name)
						want++
					}
					assert.Equal(t, 100, want)
				}
			})
		}
		all.Wait()
		assert.Equal(t, 8*2*10, service.asked())
		within := 0
		for _, err := range seq {
			require.NoError(t, err)
			for _, err := range seq {
				require.NoError(t, err)
				within++
			}
			break
		}
		assert.Equal(t, 100, within, "a loop inside another one of the same sequence")
	})
}
