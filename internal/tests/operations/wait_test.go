package operations_test

import (
	"context"
	"errors"
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

const statusEndpoint = "GET /api/stacks/{orgName}/{projectName}/{stackName}/update/{updateID}"

// running is an update of acme/web/prod that runs.
func running(t *testing.T) (*pulumiapitest.Server, *pulumiapi.Client, *pulumiapitest.RunningUpdate) {
	t.Helper()
	srv, client := testkit.CloudWithStack(t)
	update, err := srv.StartUpdate("acme", "web", "prod", pulumiapitest.Update{})
	require.NoError(t, err)
	return srv, client, update
}

// texts returns what the results have of the output.
func texts(results *pulumiapi.UpdateResults) []string {
	var all []string
	for _, event := range results.Events {
		all = append(all, string(event.Fields["text"]))
	}
	return all
}

// looks returns how often clients have asked for the status.
func looks(srv *pulumiapitest.Server) int { return requestsTo(srv, statusEndpoint) }

// requestsTo returns how many requests there have been to an endpoint.
func requestsTo(srv *pulumiapitest.Server, endpoint string) int {
	n := 0
	for _, request := range srv.Requests() {
		if request.Endpoint == endpoint {
			n++
		}
	}
	return n
}

func TestUpdates_Wait_ReturnsWhenTheUpdateHasEnded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, client, update := running(t)
		time.AfterFunc(10*time.Minute, func() { assert.NoError(t, update.Finish(pulumiapitest.Succeeded)) })
		start := time.Now()
		results, err := client.Updates.Wait(t.Context(), testkit.Prod, update.ID(), nil)
		require.NoError(t, err)
		assert.Equal(t, pulumiapi.UpdateStatusSucceeded, results.Status)
		assert.NotNil(t, results.Events)
		took := time.Since(start)
		assert.GreaterOrEqual(t, took, 10*time.Minute)
		assert.LessOrEqual(t, took, 10*time.Minute+15*time.Second)
		assert.Greater(t, looks(srv), 600/15, "at the longest interval")
		assert.Less(t, looks(srv), 600/7+6, "at half of it")
	})
}

func TestUpdates_Wait_TellsAFailedUpdateFromAFailedCall(t *testing.T) {
	t.Parallel()
	for result, status := range map[pulumiapitest.Result]pulumiapi.UpdateStatus{
		pulumiapitest.Failed: pulumiapi.UpdateStatusFailed, pulumiapitest.Cancelled: pulumiapi.UpdateStatusCancelled,
	} {
		synctest.Test(t, func(t *testing.T) {
			_, client, update := running(t)
			require.NoError(t, update.Print(pulumiapitest.OutputLine{Text: "why", Stderr: true}))
			time.AfterFunc(time.Minute, func() { assert.NoError(t, update.Finish(result)) })
			results, err := client.Updates.Wait(t.Context(), testkit.Prod, update.ID(), nil)
			var failed *pulumiapi.UpdateFailedError
			require.ErrorAs(t, err, &failed, result)
			assert.Equal(t, pulumiapi.UpdateFailedError{Stack: testkit.Prod, UpdateID: update.ID(), Status: status, Results: results}, *failed)
			assert.Equal(t, status, results.Status)
			assert.Equal(t, []string{`"why"`}, texts(results))
			require.EqualError(t, err, fmt.Sprintf("pulumiapi: update %s of stack acme/web/prod: %s", update.ID(), status))
			assert.False(t, isOfACall(err), result)
		})
	}
	srv, client, update := running(t)
	srv.Inject(pulumiapitest.Fault{Endpoint: statusEndpoint, Status: http.StatusForbidden})
	results, err := client.Updates.Wait(t.Context(), testkit.Prod, update.ID(), nil)
	require.ErrorIs(t, err, pulumiapi.ErrForbidden)
	var failed *pulumiapi.UpdateFailedError
	assert.NotErrorAs(t, err, &failed)
	assert.Nil(t, results)
}

// isOfACall reports whether a call has failed.
func isOfACall(err error) bool {
	var (
		refused *pulumiapi.APIError
		broken  *pulumiapi.CallError
	)
	return errors.As(err, &refused) || errors.As(err, &broken)
}

func TestUpdates_Wait_AnUpdateThatHasEnded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, client, update := running(t)
		require.NoError(t, update.Finish(pulumiapitest.Succeeded))
		start := time.Now()
		_, err := client.Updates.Wait(t.Context(), testkit.Prod, update.ID(), nil)
		require.NoError(t, err)
		assert.Zero(t, time.Since(start))
		assert.Equal(t, 1, looks(srv))
	})
}

// What was printed is fetched once, and returned as a whole.
func TestUpdates_Wait_CollectsTheOutputOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, client, update := running(t)
		srv.SetPageSize(3)
		var want []string
		printed := func(from, to int) []pulumiapitest.OutputLine {
			var lines []pulumiapitest.OutputLine
			for i := from; i < to; i++ {
				lines = append(lines, pulumiapitest.OutputLine{Text: fmt.Sprint(i)})
				want = append(want, fmt.Sprintf(`"%d"`, i))
			}
			return lines
		}
		require.NoError(t, update.Print(printed(0, 7)...))
		time.AfterFunc(time.Minute, func() { assert.NoError(t, update.Print(printed(7, 9)...)) })
		time.AfterFunc(2*time.Minute, func() {
			assert.NoError(t, update.Print(printed(9, 20)...))
			assert.NoError(t, update.Finish(pulumiapitest.Succeeded))
		})
		results, err := client.Updates.Wait(t.Context(), testkit.Prod, update.ID(), nil)
		require.NoError(t, err)
		assert.Equal(t, want, texts(results))
		assert.Empty(t, results.ContinuationToken)
		tokens := map[string]int{}
		for _, request := range srv.Requests() {
			tokens[request.Query.Get("continuationToken")]++
		}
		assert.Equal(t, 1, tokens[""], "the start is asked for once")
	})
}

// inTurn answers with one status after the other, and the last for ever.
func inTurn(answers ...string) func(int, *http.Request) (*http.Response, error) {
	return func(n int, _ *http.Request) (*http.Response, error) {
		return testkit.Respond(http.StatusOK, []byte(answers[min(n, len(answers))-1])), nil
	}
}

func TestUpdates_Wait_AnswersOfOtherInstallations(t *testing.T) {
	t.Parallel()
	const a, b, c = `{"index":"0","fields":{"text":"a"}}`, `{"index":"1","fields":{"text":"b"}}`, `{"index":"2","fields":{"text":"c"}}`
	for name, answers := range map[string][]string{
		"states that nobody knows": {
			`{"status":"not started"}`, `{"status":"requested"}`, `{"status":"in-progress"}`, `{"status":""}`, `{}`,
			`{"status":"succeeded","events":[` + a + `,` + b + `,` + c + `]}`,
		},
		"no token before the end": {
			`{"status":"running","events":[` + a + `]}`, `{"status":"running","events":[` + a + `,` + b + `],"continuationToken":""}`,
			`{"status":"running","events":[` + a + `,` + b + `]}`, `{"status":"succeeded","events":[` + a + `,` + b + `,` + c + `]}`,
		},
		"the same token with the same events and more": {
			`{"status":"running","events":[` + a + `],"continuationToken":"x"}`, `{"status":"running","events":[` + b + `],"continuationToken":"x"}`,
			`{"status":"succeeded","events":[` + b + `,` + c + `],"continuationToken":"x"}`,
		},
		"more pages after the final state": {
			`{"status":"succeeded","events":[` + a + `],"continuationToken":"x"}`, `{"status":"succeeded","events":[` + b + `],"continuationToken":"y"}`,
			`{"status":"succeeded","events":[` + c + `],"continuationToken":"z"}`, `{"status":"succeeded","events":[],"continuationToken":"z"}`,
		},
		"a new token with nothing": {
			`{"status":"running","events":[` + a + `,` + b + `],"continuationToken":"x"}`, `{"status":"running","events":[],"continuationToken":"y"}`,
			`{"status":"succeeded","events":[` + c + `],"continuationToken":"z"}`, `{"status":"succeeded","events":[],"continuationToken":"w"}`,
		},
		"an answer that is shorter than before": {
			`{"status":"running","events":[` + a + `,` + b + `]}`, `{"status":"running","events":[]}`,
			`{"status":"succeeded","events":[` + a + `,` + b + `,` + c + `]}`,
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			client, s := testkit.Client(t, inTurn(answers...))
			results, err := client.Updates.Wait(t.Context(), testkit.Prod, "u1", nil)
			require.NoError(t, err, name)
			assert.Equal(t, []string{`"a"`, `"b"`, `"c"`}, texts(results), name)
			assert.Len(t, s.Sent(), len(answers), name)
		})
	}
}

func TestUpdates_Wait_TokensInACircleAreAnError(t *testing.T) {
	t.Parallel()
	for _, status := range []string{"running", "succeeded"} {
		for _, length := range []int{2, 3, 7} {
			synctest.Test(t, func(t *testing.T) {
				client, s := testkit.Client(t, func(n int, _ *http.Request) (*http.Response, error) {
					if n > 1000 {
						return testkit.Respond(http.StatusBadRequest, nil), nil
					}
					return testkit.Respond(http.StatusOK, fmt.Appendf(nil, `{"status":%q,"events":[{"index":"0"}],"continuationToken":"%d"}`, status, n%length)), nil
				})
				results, err := client.Updates.Wait(t.Context(), testkit.Prod, "u1", nil)
				called := fmt.Sprintf("Wait for an update that is %s, pages in a circle of %d", status, length)
				require.ErrorContains(t, err, "would not end", called)
				var failed *pulumiapi.CallError
				require.ErrorAs(t, err, &failed, called)
				assert.Equal(t, statusEndpoint, failed.Endpoint.String(), called)
				assert.Nil(t, results, called)
				assert.LessOrEqual(t, len(s.Sent()), 3*length, called)
			})
		}
	}
}

func TestUpdates_Wait_Intervals(t *testing.T) {
	t.Parallel()
	const s = time.Second
	for name, c := range map[string]struct {
		opts          *pulumiapi.WaitOptions
		first         time.Duration // exactly
		atLeast, most time.Duration // from the seventh on
	}{
		"the defaults":         {nil, s, 15 * s / 2, 15 * s},
		"zero":                 {&pulumiapi.WaitOptions{}, s, 15 * s / 2, 15 * s},
		"always the same":      {&pulumiapi.WaitOptions{MinInterval: 3 * s, MaxInterval: 3 * s}, 3 * s, 3 * s, 3 * s},
		"only the shortest":    {&pulumiapi.WaitOptions{MinInterval: time.Minute}, time.Minute, time.Minute, time.Minute},
		"only the longest":     {&pulumiapi.WaitOptions{MaxInterval: s / 2}, s / 2, s / 2, s / 2},
		"both":                 {&pulumiapi.WaitOptions{MinInterval: 2 * s, MaxInterval: 8 * s}, 2 * s, 4 * s, 8 * s},
		"a longest above half": {&pulumiapi.WaitOptions{MinInterval: 6 * s, MaxInterval: 8 * s}, 6 * s, 6 * s, 8 * s},
	} {
		synctest.Test(t, func(t *testing.T) {
			var at []time.Time
			client, _ := testkit.Client(t, func(n int, _ *http.Request) (*http.Response, error) {
				at = append(at, time.Now())
				return testkit.Respond(http.StatusOK, []byte([]string{`{"status":"running"}`, `{"status":"succeeded"}`}[n/60])), nil
			})
			_, err := client.Updates.Wait(t.Context(), testkit.Prod, "u1", c.opts)
			require.NoError(t, err, name)
			require.Len(t, at, 60, name)
			different := map[time.Duration]bool{}
			for i := range at[1:] {
				interval := at[i+1].Sub(at[i])
				switch {
				case i == 0:
					assert.Equal(t, c.first, interval, name)
				case i >= 6:
					assert.GreaterOrEqual(t, interval, c.atLeast, name)
					assert.LessOrEqual(t, interval, c.most, name)
					different[interval] = true
				}
			}
			assert.Equal(t, c.atLeast != c.most, len(different) > 1, "%s: jitter", name)
		})
	}
}

func TestUpdates_Wait_BadArguments(t *testing.T) {
	t.Parallel()
	client, s := testkit.Client(t, inTurn(`{}`))
	const year = 365 * 24 * time.Hour
	for name, opts := range map[string][]pulumiapi.WaitOptions{
		"opts.MinInterval": {{MinInterval: -1}, {MinInterval: year + 1}, {MinInterval: 2, MaxInterval: 1}},
		"opts.MaxInterval": {{MaxInterval: -1}, {MaxInterval: year + 1}},
	} {
		for _, o := range opts {
			_, err := client.Updates.Wait(t.Context(), testkit.Prod, "u1", &o)
			testkit.RequireArgumentError(t, err, name, fmt.Sprintf("Updates.Wait with %+v", o))
		}
	}
	_, err := client.Updates.Wait(t.Context(), testkit.Prod, "..", nil)
	testkit.RequireArgumentError(t, err, "updateID", "Updates.Wait")
	_, err = client.Updates.Wait(t.Context(), pulumiapi.StackIdentifier{}, "u1", nil)
	testkit.RequireArgumentError(t, err, "id.Org", "Updates.Wait")
	var none context.Context
	_, err = client.Updates.Wait(none, testkit.Prod, "u1", nil)
	testkit.RequireArgumentError(t, err, "ctx", "Updates.Wait")
	assert.Empty(t, s.Sent())
}

func TestUpdates_Wait_WhatDoesNotExist(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, client, update := running(t)
		start := time.Now()
		_, err := client.Updates.Wait(t.Context(), testkit.Prod, "none", nil)
		require.ErrorIs(t, err, pulumiapi.ErrNotFound)
		_, err = client.Updates.Wait(t.Context(), pulumiapi.StackIdentifier{Org: "acme", Project: "web", Stack: "none"}, update.ID(), nil)
		require.ErrorIs(t, err, pulumiapi.ErrNotFound)
		assert.Zero(t, time.Since(start))
		assert.Len(t, srv.Requests(), 2)
	})
}

// lasting are faults that outlast a call's own attempts, but not a wait.
var lasting = map[string]pulumiapitest.Fault{
	"no answer":               {Drop: true},
	"half an answer":          {Truncate: 5},
	"a status 500":            {Status: http.StatusInternalServerError},
	"a proxy's page":          {Status: http.StatusBadGateway, Body: testkit.SignInPage},
	"a rate limit":            {Status: http.StatusTooManyRequests},
	"a rate limit of 40 s":    {Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"40"}}},
	"a service that's away":   {Status: http.StatusServiceUnavailable, Header: http.Header{"Retry-After": {"31"}}},
	"a service that's silent": {Delay: 61 * time.Second, Drop: true},
}

func TestUpdates_Wait_SurvivesFaults(t *testing.T) {
	t.Parallel()
	for name, fault := range lasting {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv, client, update := running(t)
				fault.Endpoint, fault.Skip, fault.Times = statusEndpoint, 2, 7
				if fault.Delay > 0 {
					fault.Times = 4 // a call's
				}
				srv.Inject(fault)
				srv.Inject(pulumiapitest.Fault{Endpoint: statusEndpoint, Skip: 4, Times: 6, Drop: true})
				time.AfterFunc(15*time.Minute, func() { assert.NoError(t, update.Finish(pulumiapitest.Succeeded)) })
				results, err := client.Updates.Wait(t.Context(), testkit.Prod, update.ID(), nil)
				require.NoError(t, err)
				assert.Equal(t, pulumiapi.UpdateStatusSucceeded, results.Status)
			})
		})
	}
}

func TestUpdates_Wait_FaultsThatLastTooLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, client, update := running(t)
		// One long outage after another doesn't end it, as long as each is short enough.
		for i := range 3 {
			time.AfterFunc(time.Duration(5*i+1)*time.Minute, func() {
				outage := srv.Inject(pulumiapitest.Fault{Drop: true})
				time.AfterFunc(4*time.Minute, outage.Remove)
			})
		}
		start := time.Now()
		time.AfterFunc(20*time.Minute, func() { srv.Inject(pulumiapitest.Fault{Status: http.StatusServiceUnavailable}) })
		_, err := client.Updates.Wait(t.Context(), testkit.Prod, update.ID(), nil)
		var refused *pulumiapi.APIError
		require.ErrorAs(t, err, &refused)
		assert.Equal(t, http.StatusServiceUnavailable, refused.StatusCode)
		require.ErrorContains(t, err, "/update/"+update.ID()+": gave up after 5m0s of faults: ")
		took := time.Since(start)
		assert.GreaterOrEqual(t, took, 24*time.Minute+30*time.Second)
		assert.LessOrEqual(t, took, 25*time.Minute+30*time.Second)
	})
}

func TestUpdates_Wait_DoesNotOutwaitARateLimitOfAnHour(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, client, update := running(t)
		srv.Inject(pulumiapitest.Fault{Skip: 1, Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"3600"}}})
		start := time.Now()
		_, err := client.Updates.Wait(t.Context(), testkit.Prod, update.ID(), nil)
		require.ErrorIs(t, err, pulumiapi.ErrRateLimited)
		assert.Equal(t, time.Second, time.Since(start))
		assert.Len(t, srv.Requests(), 2)
	})
}

// lastingRefusals are answers that are the same another time.
var lastingRefusals = map[string]pulumiapitest.Fault{
	"a bad request":      {Status: http.StatusBadRequest},
	"a token withdrawn":  {Status: http.StatusUnauthorized},
	"a right withdrawn":  {Status: http.StatusForbidden},
	"a stack deleted":    {Status: http.StatusNotFound},
	"not implemented":    {Status: http.StatusNotImplemented},
	"a sign-in page":     {Body: testkit.SignInPage},
	"JSON of other form": {Body: `"yes"`},
}

func TestUpdates_Wait_EndsWithARefusal(t *testing.T) {
	t.Parallel()
	for name, fault := range lastingRefusals {
		synctest.Test(t, func(t *testing.T) {
			srv, client, update := running(t)
			fault.Skip = 2
			srv.Inject(fault)
			results, err := client.Updates.Wait(t.Context(), testkit.Prod, update.ID(), nil)
			require.Error(t, err, name)
			assert.True(t, isOfACall(err), name)
			assert.Nil(t, results, name)
			assert.Len(t, srv.Requests(), 3, name)
		})
	}
}

func TestUpdates_Wait_TheContextEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, client, update := running(t)
		reason := errors.New("the user has left")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Hour+time.Millisecond, func() { cancel(reason) })
		start := time.Now()
		results, err := client.Updates.Wait(ctx, testkit.Prod, update.ID(), &pulumiapi.WaitOptions{MinInterval: time.Minute})
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorIs(t, err, reason)
		var failed *pulumiapi.CallError
		require.ErrorAs(t, err, &failed)
		assert.Equal(t, statusEndpoint, failed.Endpoint.String())
		assert.Nil(t, results)
		assert.Equal(t, time.Hour+time.Millisecond, time.Since(start), "at once")
		assert.Len(t, srv.Requests(), 61)
	})
	synctest.Test(t, func(t *testing.T) {
		srv, client, update := running(t)
		srv.Inject(pulumiapitest.Fault{Skip: 1, Status: http.StatusServiceUnavailable})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		_, err := client.Updates.Wait(ctx, testkit.Prod, update.ID(), nil)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		var refused *pulumiapi.APIError
		require.ErrorAs(t, err, &refused, "what went wrong is there, too")
		assert.Equal(t, http.StatusServiceUnavailable, refused.StatusCode)
		assert.Equal(t, time.Minute, time.Since(start))
	})
}

// The context ends while the last attempt of a call is refused, or breaks.
func TestUpdates_Wait_TheContextEndsDuringTheLastAttempt(t *testing.T) {
	t.Parallel()
	away, broken := http.StatusServiceUnavailable, errors.New("connection reset")
	for name, c := range map[string]struct {
		good int // answers before the faults
		last error
	}{
		"refused, the first call": {0, nil}, "refused, a later call": {1, nil},
		"refused, a call after one that failed": {1, nil}, "broken, a later call": {1, broken},
	} {
		for method, call := range map[string]func(context.Context, *pulumiapi.Client) error{
			"Wait": func(ctx context.Context, client *pulumiapi.Client) error {
				_, err := client.Updates.Wait(ctx, testkit.Prod, "u1", nil)
				return err
			},
			"Follow": func(ctx context.Context, client *pulumiapi.Client) error {
				_, err := pulumiapi.Collect(client.Updates.Follow(ctx, testkit.Prod, "u1", nil))
				return err
			},
		} {
			synctest.Test(t, func(t *testing.T) {
				reason := errors.New("the user has left")
				ctx, cancel := context.WithCancelCause(t.Context())
				last := c.good + 4
				if name == "refused, a call after one that failed" {
					last += 4
				}
				client, _ := testkit.Client(t, func(n int, _ *http.Request) (*http.Response, error) {
					if n <= c.good {
						return testkit.Respond(http.StatusOK, []byte(`{"status":"running","events":[]}`)), nil
					}
					if n == last {
						cancel(reason)
						if c.last != nil {
							return nil, c.last
						}
					}
					return testkit.Respond(away, []byte(`{"message":"away"}`)), nil
				})
				err := call(ctx, client)
				require.ErrorIs(t, err, context.Canceled, "%s: %s", method, name)
				require.ErrorIs(t, err, reason, "%s: %s", method, name)
				var failed *pulumiapi.CallError
				require.ErrorAs(t, err, &failed, "%s: %s", method, name)
				assert.Contains(t, failed.Path, "/update/u1", "%s: %s", method, name)
				assert.Equal(t, 4, failed.Attempts, "%s: %s", method, name)
				var refused *pulumiapi.APIError
				assert.ErrorAs(t, err, &refused, "%s: %s", method, name)
			})
		}
	}
}
