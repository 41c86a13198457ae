package operations_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/internal/testkit"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

const eventsEndpoint = statusEndpoint + "/events"

// numbered returns events whose messages are numbers.
func numbered(from, to int) []pulumiapitest.EngineEvent {
	var events []pulumiapitest.EngineEvent
	for i := from; i < to; i++ {
		events = append(events, pulumiapitest.StdoutEvent(fmt.Sprint(i)))
	}
	return events
}

// requireNumbered checks that these are the first n numbered events.
func requireNumbered(t *testing.T, n int, events []pulumiapi.EngineEvent) {
	t.Helper()
	got, want := []string{}, []string{}
	for _, event := range events {
		got = append(got, event.StdoutEvent.Message)
	}
	for i := range n {
		want = append(want, fmt.Sprint(i))
	}
	require.Equal(t, want, got)
}

// emitting lets an update emit 60 events during ten minutes, and end.
func emitting(t *testing.T, update *pulumiapitest.RunningUpdate) {
	t.Helper()
	for i := range 60 {
		time.AfterFunc(time.Duration(i)*10*time.Second, func() { assert.NoError(t, update.Emit(numbered(i, i+1)...)) })
	}
	time.AfterFunc(10*time.Minute, func() { assert.NoError(t, update.Finish(pulumiapitest.Failed)) })
}

func TestUpdates_Follow_YieldsEventsAsTheyAppear(t *testing.T) {
	t.Parallel()
	for _, selfHosted := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			srv, client, update := running(t)
			srv.SetSelfHosted(selfHosted)
			srv.SetPageSize(3)
			emitting(t, update)
			start := time.Now()
			var events []pulumiapi.EngineEvent
			for event, err := range client.Updates.Follow(t.Context(), testkit.Prod, update.ID(), nil) {
				require.NoError(t, err)
				late := time.Since(start) - time.Duration(len(events))*10*time.Second
				assert.LessOrEqual(t, late, 5*time.Second, "event %d is late", len(events))
				events = append(events, *event)
			}
			requireNumbered(t, 60, events)
			took := time.Since(start)
			assert.GreaterOrEqual(t, took, 10*time.Minute)
			assert.LessOrEqual(t, took, 10*time.Minute+5*time.Second)
			// Ten seconds with nothing new: after 0.5, 1, 2, 4 s, and each at least half of it.
			assert.Less(t, looks(srv), 60*8)
			assert.Greater(t, looks(srv), 60*3)
		})
	}
}

func TestUpdates_Follow_AnUpdateThatHasEnded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, client, update := running(t)
		srv.SetPageSize(3)
		require.NoError(t, update.Emit(numbered(0, 8)...))
		require.NoError(t, update.Finish(pulumiapitest.Cancelled))
		start := time.Now()
		seq := client.Updates.Follow(t.Context(), testkit.Prod, update.ID(), nil)
		for range 2 { // from its start again
			events, err := pulumiapi.Collect(seq)
			require.NoError(t, err)
			requireNumbered(t, 8, events)
		}
		assert.Zero(t, time.Since(start))
	})
}

// hooked is a client of the cloud that calls after, when an answer has come.
func hooked(t *testing.T, srv *pulumiapitest.Server, after func(endpoint string, n int)) *pulumiapi.Client {
	t.Helper()
	n := 0
	client, err := pulumiapi.NewClient(append(srv.Options(), pulumiapi.WithObserver(pulumiapi.Observer{
		OnAttempt: func(_ context.Context, attempt pulumiapi.Attempt) {
			n++
			after(attempt.Endpoint.String(), n)
		},
	}))...)
	require.NoError(t, err)
	return client
}

// Between the newest page and the status, more has happened.
func TestUpdates_Follow_EndsBehindTheLastEvent(t *testing.T) {
	t.Parallel()
	for _, emitted := range []int{0, 1, 3, 10} {
		synctest.Test(t, func(t *testing.T) {
			srv, _, update := running(t)
			srv.SetPageSize(3)
			require.NoError(t, update.Emit(numbered(0, 4)...))
			client := hooked(t, srv, func(endpoint string, n int) {
				if endpoint == eventsEndpoint && n == 3 { // it has nothing new, and the status comes next
					assert.NoError(t, update.Emit(append(numbered(4, 4+emitted), pulumiapitest.StdoutEvent(fmt.Sprint(4+emitted)))...))
					assert.NoError(t, update.Finish(pulumiapitest.Succeeded))
				}
			})
			events, err := pulumiapi.Collect(client.Updates.Follow(t.Context(), testkit.Prod, update.ID(), nil))
			require.NoError(t, err)
			requireNumbered(t, 5+emitted, events)
		})
	}
}

func TestUpdates_Follow_ResumesAfterFaults(t *testing.T) {
	t.Parallel()
	for _, endpoint := range []string{eventsEndpoint, statusEndpoint, ""} {
		for name, fault := range lasting {
			t.Run(endpoint+" "+name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					srv, client, update := running(t)
					srv.SetPageSize(3)
					emitting(t, update)
					fault.Endpoint, fault.Times = endpoint, 6
					if fault.Delay > 0 {
						fault.Times = 4
					}
					for i := range 3 { // one more would never strike the status, which is asked for less often
						fault.Skip = 5 + 3*i // since the one before is gone
						srv.Inject(fault)
					}
					events, err := pulumiapi.Collect(client.Updates.Follow(t.Context(), testkit.Prod, update.ID(), nil))
					require.NoError(t, err)
					requireNumbered(t, 60, events)
				})
			})
		}
	}
}

func TestUpdates_Follow_FaultsThatLastTooLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, client, update := running(t)
		require.NoError(t, update.Emit(numbered(0, 4)...))
		srv.Inject(pulumiapitest.Fault{Skip: 3, Drop: true})
		start := time.Now()
		events, err := pulumiapi.Collect(client.Updates.Follow(t.Context(), testkit.Prod, update.ID(), nil))
		var failed *pulumiapi.CallError
		require.ErrorAs(t, err, &failed)
		require.ErrorContains(t, err, "/events: gave up after 5m0s of faults: ")
		requireNumbered(t, 4, events)
		assert.Greater(t, time.Since(start), 4*time.Minute+30*time.Second)
		assert.Less(t, time.Since(start), 6*time.Minute)
	})
}

func TestUpdates_Follow_EndsWithARefusal(t *testing.T) {
	t.Parallel()
	for name, fault := range lastingRefusals {
		for skip := range 4 { // it strikes the events and the status, at first and later
			synctest.Test(t, func(t *testing.T) {
				srv, client, update := running(t)
				fault.Skip = skip
				srv.Inject(fault)
				calls := 0
				for event, err := range client.Updates.Follow(t.Context(), testkit.Prod, update.ID(), nil) {
					calls++
					assert.Nil(t, event, name)
					assert.True(t, isOfACall(err), name)
				}
				assert.Equal(t, 1, calls, name)
				assert.Len(t, srv.Requests(), skip+1, name)
			})
		}
	}
}

// What a script says of pages and states, the last of each for ever.
type followScript struct {
	pages    map[string][]string // by the token that was sent
	statuses []string
}

func (f *followScript) answer(_ int, req *http.Request) (*http.Response, error) {
	next := func(answers []string) ([]string, string) {
		if len(answers) > 1 {
			return answers[1:], answers[0]
		}
		return answers, answers[0]
	}
	var body string
	if endpoint, _ := pulumiapi.EndpointFromContext(req.Context()); endpoint.String() == statusEndpoint {
		f.statuses, body = next(f.statuses)
		return testkit.Respond(http.StatusOK, []byte(`{"status":"`+body+`"}`)), nil
	}
	token := req.URL.Query().Get("continuationToken")
	if len(f.pages[token]) == 0 {
		return testkit.Respond(http.StatusBadRequest, nil), nil
	}
	f.pages[token], body = next(f.pages[token])
	return testkit.Respond(http.StatusOK, []byte(body)), nil
}

func TestUpdates_Follow_AnswersOfOtherInstallations(t *testing.T) {
	t.Parallel()
	page := func(from, to int, token string) string {
		list := ""
		for i := from; i < to; i++ {
			list += fmt.Sprintf(`,{"timestamp":1,"stdoutEvent":{"message":"%d"}}`, i)
		}
		return fmt.Sprintf(`{"events":[%s],"continuationToken":%s}`, list[min(1, len(list)):], token)
	}
	const none, empty = "null", `""`
	for name, script := range map[string]followScript{
		"no token while it runs": {
			pages: map[string][]string{
				"":  {page(0, 0, none), page(0, 1, none), page(0, 1, empty), page(0, 3, `"a"`)},
				"a": {page(3, 4, none), page(3, 4, none), page(3, 5, none), page(3, 6, none)},
			},
			statuses: []string{"not started", "in-progress", "in-progress", "in-progress", "in-progress", "succeeded"},
		},
		"events with the token that was sent": {
			pages: map[string][]string{
				"":  {page(0, 2, `"a"`)},
				"a": {page(2, 3, `"a"`), page(2, 3, `"a"`), page(2, 5, `"a"`), page(2, 6, `"a"`)},
			},
			statuses: []string{"running", "running", "failed"},
		},
		"empty pages with new tokens": {
			pages: map[string][]string{
				"": {page(0, 0, `"a"`)}, "a": {page(0, 0, `"b"`)}, "b": {page(0, 6, `"c"`)}, "c": {page(0, 0, `"c"`)},
			},
			statuses: []string{"running", "cancelled"},
		},
		"empty pages between others, when it has ended": {
			pages: map[string][]string{
				"": {page(0, 2, `"a"`)}, "a": {page(0, 0, `"b"`)}, "b": {page(0, 0, `"c"`)}, "c": {page(0, 0, `"d"`)}, "d": {page(2, 4, `"e"`)},
				"e": {page(0, 0, `"f"`)}, "f": {page(4, 6, `"g"`)}, "g": {page(0, 0, none)},
			},
			statuses: []string{"succeeded"},
		},
		"a page that was longer before": {
			pages:    map[string][]string{"": {page(0, 4, none), page(0, 0, none), page(0, 2, none), page(0, 6, none)}},
			statuses: []string{"running", "running", "running", "succeeded"},
		},
		"the state is final before the events are there": {
			pages:    map[string][]string{"": {page(0, 1, `"a"`)}, "a": {page(0, 0, `"a"`), page(1, 3, `"b"`)}, "b": {page(3, 6, `"c"`)}, "c": {page(0, 0, none)}},
			statuses: []string{"succeeded"},
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			client, _ := testkit.Client(t, script.answer)
			events, err := pulumiapi.Collect(client.Updates.Follow(t.Context(), testkit.Prod, "u1", nil))
			require.NoError(t, err, name)
			t.Log(name)
			requireNumbered(t, 6, events)
			assert.Equal(t, pulumiapi.EngineEventTypeStdout, events[0].Type, name)
		})
	}
}

// A service that has a new token with each empty page is asked like any other that
// has nothing new, and for the status, too. When the update has ended, it is asked a
// limited number of times.
func TestUpdates_Follow_EmptyPagesWithNewTokensForEver(t *testing.T) {
	t.Parallel()
	for status, most := range map[string]struct{ pages, looks int }{
		"running": {3600/2.5 + 10, 3600/2.5 + 10}, "succeeded": {1001, 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			pages, looks := 0, 0
			client, _ := testkit.Client(t, func(n int, req *http.Request) (*http.Response, error) {
				if n > 20_000 {
					return testkit.Respond(http.StatusBadRequest, nil), nil
				}
				if endpoint, _ := pulumiapi.EndpointFromContext(req.Context()); endpoint.String() == statusEndpoint {
					looks++
					return testkit.Respond(http.StatusOK, []byte(`{"status":"`+status+`"}`)), nil
				}
				pages++
				return testkit.Respond(http.StatusOK, fmt.Appendf(nil, `{"events":[],"continuationToken":"%d"}`, n)), nil
			})
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			start := time.Now()
			events, err := pulumiapi.Collect(client.Updates.Follow(ctx, testkit.Prod, "u1", nil))
			if status == "running" {
				require.ErrorIs(t, err, context.DeadlineExceeded, status)
			} else {
				require.ErrorContains(t, err, "1000 pages in a row are empty", status)
				assert.Greater(t, time.Since(start), 8*time.Minute, "%s: about one request a second", status)
			}
			assert.Empty(t, events, status)
			assert.LessOrEqual(t, pages, most.pages, status)
			assert.LessOrEqual(t, looks, most.looks, status)
			assert.GreaterOrEqual(t, looks, most.looks/2-10, status)
			assert.Positive(t, looks, status)
		})
	}
}

func TestUpdates_Follow_TokensInACircleAreAnError(t *testing.T) {
	t.Parallel()
	for _, status := range []string{"running", "succeeded"} {
		for _, length := range []int{2, 3, 7} {
			for _, body := range []string{`[]`, `[{"timestamp":1,"stdoutEvent":{"message":"m"}}]`} {
				synctest.Test(t, func(t *testing.T) {
					pages := 0
					client, _ := testkit.Client(t, func(n int, req *http.Request) (*http.Response, error) {
						if n > 1000 {
							return testkit.Respond(http.StatusBadRequest, nil), nil
						}
						if endpoint, _ := pulumiapi.EndpointFromContext(req.Context()); endpoint.String() == statusEndpoint {
							return testkit.Respond(http.StatusOK, []byte(`{"status":"`+status+`"}`)), nil
						}
						pages++
						return testkit.Respond(http.StatusOK, fmt.Appendf(nil, `{"events":%s,"continuationToken":"%d"}`, body, pages%length)), nil
					})
					_, err := pulumiapi.Collect(client.Updates.Follow(t.Context(), testkit.Prod, "u1", nil))
					called := fmt.Sprintf("Follow of an update that is %s, pages of %s in a circle of %d", status, body, length)
					require.ErrorContains(t, err, "would not end", called)
					var failed *pulumiapi.CallError
					require.ErrorAs(t, err, &failed, called)
					assert.Equal(t, eventsEndpoint, failed.Endpoint.String(), called)
					assert.LessOrEqual(t, pages, 3*length, called)
				})
			}
		}
	}
}

func TestUpdates_Follow_FiltersAndCursor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, client, update := running(t)
		srv.SetPageSize(2)
		about := func(urn string) pulumiapitest.EngineEvent { return pulumiapitest.DiagnosticEvent("info", urn, urn) }
		require.NoError(t, update.Emit(about("a"), about("b"), about("b"), about("b"), about("b"), about("b"), about("a")))
		opts := &pulumiapi.EngineEventListOptions{URN: "a", Type: []int{3}}
		first, err := client.Updates.ListEventsPage(t.Context(), testkit.Prod, update.ID(), opts)
		require.NoError(t, err)
		require.Len(t, first.Items, 1)
		time.AfterFunc(time.Minute, func() {
			assert.NoError(t, update.Emit(about("b"), about("b"), about("b"), about("a"), pulumiapitest.StdoutEvent("no")))
			assert.NoError(t, update.Finish(pulumiapitest.Succeeded))
		})
		seq := client.Updates.Follow(t.Context(), testkit.Prod, update.ID(), opts)
		opts.Cursor = first.Next
		rest := client.Updates.Follow(t.Context(), testkit.Prod, update.ID(), opts)
		opts.Type[0] = 99 // the options were copied
		events, err := pulumiapi.Collect(rest)
		require.NoError(t, err)
		assert.Len(t, events, 2)
		events, err = pulumiapi.Collect(seq)
		require.NoError(t, err)
		assert.Len(t, events, 3)
		for _, event := range events {
			assert.Equal(t, "a", event.DiagnosticEvent.URN)
		}
	})
}

func TestUpdates_Follow_BadArguments(t *testing.T) {
	t.Parallel()
	client, s := testkit.Client(t, func(int, *http.Request) (*http.Response, error) {
		return testkit.Respond(http.StatusOK, []byte(`{}`)), nil
	})
	follow := func(ctx context.Context, updateID string, opts *pulumiapi.EngineEventListOptions) error {
		_, err := testkit.FirstOf(client.Updates.Follow(ctx, testkit.Prod, updateID, opts))
		return err
	}
	testkit.RequireArgumentError(t, follow(t.Context(), "", nil), "updateID", "Updates.Follow")
	testkit.RequireArgumentError(t, follow(t.Context(), "u1", &pulumiapi.EngineEventListOptions{Cursor: "x"}), "opts.Cursor", "Updates.Follow")
	var none context.Context
	testkit.RequireArgumentError(t, follow(none, "u1", nil), "ctx", "Updates.Follow")
	assert.Empty(t, s.Sent())
}

// The bubble fails if a goroutine is left.
func TestUpdates_Follow_AConsumerThatLeaves(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, client, update := running(t)
		require.NoError(t, update.Emit(numbered(0, 4)...))
		seq := client.Updates.Follow(t.Context(), testkit.Prod, update.ID(), nil)
		for event, err := range seq {
			require.NoError(t, err)
			if event.StdoutEvent.Message == "2" {
				break
			}
		}
		assert.Len(t, srv.Requests(), 1)
		assert.PanicsWithValue(t, "0", func() {
			for event, err := range seq {
				require.NoError(t, err)
				panic(event.StdoutEvent.Message)
			}
		})
		time.Sleep(time.Hour)
		assert.Len(t, srv.Requests(), 2, "nothing goes on")
		client.CloseIdleConnections()
		synctest.Wait()
		_, open := srv.Connections()
		assert.Zero(t, open)
	})
}

func TestUpdates_Follow_TheContextEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, client, update := running(t)
		require.NoError(t, update.Emit(numbered(0, 4)...))
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		start := time.Now()
		events, err := pulumiapi.Collect(client.Updates.Follow(ctx, testkit.Prod, update.ID(), nil))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		var failed *pulumiapi.CallError
		require.ErrorAs(t, err, &failed)
		requireNumbered(t, 4, events)
		assert.Equal(t, time.Hour, time.Since(start))
	})
}
