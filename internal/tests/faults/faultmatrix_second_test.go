package faults_test

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/internal/testkit"
)

// series is an operation that takes several requests, and what each is answered.
type series struct {
	name string
	// page returns a good answer.
	page func(req *http.Request) []byte
	// collect returns the names of all that came, in order, also with an error.
	collect func(ctx context.Context, client *pulumiapi.Client) ([]string, error)
	// want are all names there are, and first those of the first answer.
	want, first []string
	// requests is how many it takes if all is well.
	requests int
	// endures says that it goes on for minutes when it has begun.
	endures bool
}

// namesOf collects a list, an item of which is known by what name returns.
func namesOf[T any](list iter.Seq2[*T, error], name func(*T) string) ([]string, error) {
	items, err := pulumiapi.Collect(list)
	var all []string
	for i := range items {
		all = append(all, name(&items[i]))
	}
	return all, err
}

// pagesOf answers with pages of two of six items each, the one that at says.
func pagesOf(at func(req *http.Request) int, format func(items string, page int) string, item func(n int) string) func(req *http.Request) []byte {
	return func(req *http.Request) []byte {
		page := at(req)
		return []byte(format(item(2*page)+","+item(2*page+1), page))
	}
}

// byToken reads a page's number from a query's continuation token: "page-1".
func byToken(req *http.Request) int {
	var page int
	_, _ = fmt.Sscanf(req.URL.Query().Get("continuationToken"), "page-%d", &page)
	return page
}

// tokenAfter is the token of the page after the given one.
func tokenAfter(page int) string {
	if page == 2 {
		return ""
	}
	return fmt.Sprintf("page-%d", page+1)
}

// someSeries are one of each way in which requests follow one another.
func someSeries() []series {
	urns := []string{"0", "1", "2", "3", "4", "5"}
	events := pagesOf(byToken, func(items string, page int) string {
		return fmt.Sprintf(`{"events":[%s],"continuationToken":%q}`, items, tokenAfter(page))
	}, func(n int) string {
		return fmt.Sprintf(`{"sequence":%d,"timestamp":1,"stdoutEvent":{"message":"%d"}}`, n, n)
	})
	eventName := func(e *pulumiapi.EngineEvent) string { return fmt.Sprint(e.Sequence) }
	return []series{
		{
			name: "Stacks.List", want: urns, first: urns[:2], requests: 3,
			page: pagesOf(byToken, func(items string, page int) string {
				return fmt.Sprintf(`{"stacks":[%s],"continuationToken":%q}`, items, tokenAfter(page))
			}, func(n int) string { return fmt.Sprintf(`{"stackName":"%d"}`, n) }),
			collect: func(ctx context.Context, client *pulumiapi.Client) ([]string, error) {
				return namesOf(client.Stacks.List(ctx, nil), func(s *pulumiapi.StackSummary) string { return s.StackName })
			},
		},
		{
			name: "Updates.List", want: urns, first: urns[:2], requests: 3,
			page: pagesOf(func(req *http.Request) int {
				page := 1
				_, _ = fmt.Sscan(req.URL.Query().Get("page"), &page)
				return page - 1
			}, func(items string, _ int) string {
				return `{"updates":[` + items + `],"itemsPerPage":2,"total":6}`
			}, func(n int) string { return fmt.Sprintf(`{"updateID":"%d"}`, n) }),
			collect: func(ctx context.Context, client *pulumiapi.Client) ([]string, error) {
				return namesOf(client.Updates.List(ctx, testkit.Prod, nil), func(u *pulumiapi.Update) string { return u.UpdateID })
			},
		},
		{
			name: "PolicyIssues.List", want: urns, first: urns[:2], requests: 3,
			page: pagesOf(func(req *http.Request) int {
				var rows struct {
					StartRow int `json:"startRow"`
				}
				_ = json.NewDecoder(req.Body).Decode(&rows)
				return rows.StartRow / 2
			}, func(items string, _ int) string {
				return `{"policyIssues":[` + items + `],"rowCount":6}`
			}, func(n int) string { return fmt.Sprintf(`{"id":"%d"}`, n) }),
			collect: func(ctx context.Context, client *pulumiapi.Client) ([]string, error) {
				return namesOf(client.PolicyIssues.List(ctx, "acme", nil), func(p *pulumiapi.PolicyIssue) string { return p.ID })
			},
		},
		{
			name: "Updates.ListEvents", want: urns, first: urns[:2], requests: 3, page: events,
			collect: func(ctx context.Context, client *pulumiapi.Client) ([]string, error) {
				return namesOf(client.Updates.ListEvents(ctx, testkit.Prod, "938cd018", nil), eventName)
			},
		},
		{
			// The events' pages, the status, and the events once more.
			name: "Updates.Follow", want: urns, first: urns[:2], requests: 5, endures: true,
			page: func(req *http.Request) []byte {
				if strings.HasSuffix(req.URL.Path, "/events") {
					return events(req)
				}
				return []byte(`{"status":"succeeded","events":[]}`)
			},
			collect: func(ctx context.Context, client *pulumiapi.Client) ([]string, error) {
				return namesOf(client.Updates.Follow(ctx, testkit.Prod, "938cd018", nil), eventName)
			},
		},
		{
			// It returns nothing before the end.
			name: "Updates.Wait", want: urns, requests: 3, endures: true,
			page: pagesOf(byToken, func(items string, page int) string {
				status := map[bool]string{true: "succeeded", false: "running"}[page == 2]
				return fmt.Sprintf(`{"status":%q,"events":[%s],"continuationToken":%q}`, status, items, tokenAfter(page))
			}, func(n int) string { return fmt.Sprintf(`{"kind":"stdout","index":"%d"}`, n) }),
			collect: func(ctx context.Context, client *pulumiapi.Client) ([]string, error) {
				results, err := client.Updates.Wait(ctx, testkit.Prod, "938cd018", nil)
				if err != nil {
					return nil, err
				}
				var all []string
				for _, event := range results.Events {
					all = append(all, event.Index)
				}
				return all, nil
			},
		},
	}
}

// secondFaults are those of the matrix that a list meets on its way, and a reset
// at each of some places.
func secondFaults(t *testing.T) []fault {
	t.Helper()
	chosen := []string{
		"hangs up before the answer", "reset before the answer", "accepts and stays silent", "reset in the middle of the body", "reset before the body's last byte",
		"silent in the middle of the body", "hangs up in the middle of the gzip", "Content-Length too long", "Content-Length too short", "503",
	}
	list := slices.DeleteFunc(faults(t), func(f fault) bool { return !slices.Contains(chosen, f.name) })
	require.Len(t, list, len(chosen), "faults of these names")
	for _, n := range []int{1, 10, 30} {
		list = append(list, fault{name: fmt.Sprintf("reset after byte %d", n), effect: every(lost), strike: func(x *exchange) ending {
			x.cut(n)
			return resets
		}})
	}
	return list
}

// TestFaultMatrix_SecondRequest drives what takes several requests into faults that
// strike the second: nothing is lost or comes twice, and if it has to end, it does
// so behind what the first has brought.
func TestFaultMatrix_SecondRequest(t *testing.T) {
	t.Parallel()
	all, modes := secondFaults(t), []mode{strikesOnce, strikesAlways}
	for row, s := range someSeries() {
		for i, f := range all {
			for j, m := range modes {
				if !testkit.InSample(row, i*len(modes)+j, len(all)*len(modes)) {
					continue
				}
				t.Run(fmt.Sprintf("%s/%s/%s", s.name, f.name, m), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) { s.check(t, f, m) })
				})
			}
		}
	}
}

func (s series) check(t *testing.T, f fault, m mode) {
	t.Helper()
	server := &faultyServer{fault: f, later: 1, once: m == strikesOnce, page: s.page}
	defer server.close()
	sent := &countingTransport{next: &http.Transport{DialContext: server.dial, DialTLSContext: server.dial}}
	w := newWitness(t, pulumiapi.WithBaseURL(faultyBase), pulumiapi.WithHTTPClient(&http.Client{Transport: sent}))
	start := time.Now()
	got, err := s.collect(t.Context(), w.client)
	elapsed := time.Since(start)
	switch {
	case m == strikesOnce:
		require.NoError(t, err)
		assert.Equal(t, s.want, got, "all that there is, in order")
		assert.EqualValues(t, s.requests+1, sent.requests.Load(), "requests")
	case s.endures:
		require.Error(t, err)
		assert.Equal(t, s.first, got, "what came before")
		assert.InDelta(t, maxOutage, elapsed, float64(maxAttempts*stallTimeout+maxBackoff), "how long it has tried")
		assert.Greater(t, sent.requests.Load(), int64(1+maxAttempts), "requests")
	default:
		require.Error(t, err)
		assert.Equal(t, s.first, got, "what came before")
		assert.EqualValues(t, 1+maxAttempts, sent.requests.Load(), "requests")
	}
	assert.Equal(t, sent.requests.Load(), server.arrived.Load(), "requests that reached the server")
	assert.Len(t, w.attempts, int(sent.requests.Load()), "attempts that the observer was told of")
	if err != nil {
		testkit.AssertNoToken(t, err, s.name)
	}

	synctest.Wait() // net/http tidies up in the background
	w.client.CloseIdleConnections()
	synctest.Wait()
	assert.Zero(t, server.open.Load(), "connections left")
}

// maxOutage is how long something that has begun goes on without an answer.
const maxOutage = 5 * time.Minute
