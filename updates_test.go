package pulumiapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/internal/testkit"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

func TestUpdates_List_BothFormsOfAnUpdate(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{
		"the service's": `{"updates":[{"info":{"kind":"update","version":7,"result":"succeeded"},"updateID":"u7","version":7,"latestVersion":9}],"total":1,"itemsPerPage":10}`,
		"the older":     `{"updates":[{"kind":"update","version":7,"result":"succeeded"}]}`,
	} {
		client, _ := testkit.Client(t, func(n int, _ *http.Request) (*http.Response, error) {
			if n > 1 {
				return testkit.Respond(http.StatusOK, []byte(`{"updates":[]}`)), nil
			}
			return testkit.Respond(http.StatusOK, []byte(answer)), nil
		})
		updates, err := pulumiapi.Collect(client.Updates.List(t.Context(), testkit.Prod, nil))
		require.NoError(t, err, name)
		require.Len(t, updates, 1, name)
		assert.Equal(t, pulumiapi.UpdateKindUpdate, updates[0].Kind, name)
		assert.Equal(t, 7, updates[0].Version, name)
		assert.Equal(t, pulumiapi.UpdateResultSucceeded, updates[0].Result, name)
	}
}

func TestUpdates_Lists_AskForAPageInTheServicesForm(t *testing.T) {
	t.Parallel()
	client, s := testkit.Client(t, func(int, *http.Request) (*http.Response, error) {
		return testkit.Respond(http.StatusOK, []byte(`{"updates":[]}`)), nil
	})
	for _, call := range []func() error{
		func() error { _, err := client.Updates.ListPage(t.Context(), testkit.Prod, nil); return err },
		func() error {
			_, err := client.Updates.ListPage(t.Context(), testkit.Prod, &pulumiapi.UpdateListOptions{PageSize: 7})
			return err
		},
		func() error { _, err := client.Updates.ListPreviewsPage(t.Context(), testkit.Prod, nil); return err },
		func() error {
			_, err := client.Updates.ListPreviewsPage(t.Context(), testkit.Prod, &pulumiapi.PreviewListOptions{Ascending: true, PageSize: 7})
			return err
		},
	} {
		require.NoError(t, call())
	}
	var queries []string
	for _, req := range s.Sent() {
		queries = append(queries, req.URL.RawQuery)
	}
	assert.Equal(t, []string{
		"output-type=service&page=1&pageSize=100",
		"output-type=service&page=1&pageSize=7",
		"asc=false&page=1&pageSize=100",
		"asc=true&page=1&pageSize=7",
	}, queries)
}

// historyServer answers the page that is asked for of a history with total
// updates, newest first.
func historyServer(total *int, most int) func(int, *http.Request) (*http.Response, error) {
	return func(_ int, req *http.Request) (*http.Response, error) {
		var page, size int
		_, _ = fmt.Sscan(req.URL.Query().Get("page"), &page)
		_, _ = fmt.Sscan(req.URL.Query().Get("pageSize"), &size)
		size = min(size, most)
		var updates []string
		for i := (page - 1) * size; i < min(page*size, *total); i++ {
			version := *total - i
			updates = append(updates, fmt.Sprintf(`{"info":{"kind":"update","version":%d},"updateID":"u%d","version":%d}`, version, version, version))
		}
		return testkit.Respond(http.StatusOK, fmt.Appendf(nil, `{"updates":[%s],"itemsPerPage":%d,"total":%d}`,
			strings.Join(updates, ","), size, *total)), nil
	}
}

func TestUpdates_List_PageSizeCutDownByTheService(t *testing.T) {
	t.Parallel()
	total := 250
	client, s := testkit.Client(t, historyServer(&total, 100))
	updates, err := pulumiapi.Collect(client.Updates.List(t.Context(), testkit.Prod, &pulumiapi.UpdateListOptions{PageSize: 1000}))
	require.NoError(t, err)
	assert.Len(t, updates, 250)
	assert.Len(t, s.Sent(), 3)
	page, err := client.Updates.ListPage(t.Context(), testkit.Prod, &pulumiapi.UpdateListOptions{PageSize: 1000})
	require.NoError(t, err)
	assert.Equal(t, 250, page.Total)
}

func TestUpdates_List_AnUpdateIsAddedMeanwhile(t *testing.T) {
	t.Parallel()
	total := 25
	client, _ := testkit.Client(t, historyServer(&total, 10))
	versions := map[int]int{}
	for update, err := range client.Updates.List(t.Context(), testkit.Prod, &pulumiapi.UpdateListOptions{PageSize: 10, NoPrefetch: true}) {
		require.NoError(t, err)
		versions[update.Version]++
		if len(versions) == 10 {
			total = 26 // everything moves down by one
		}
	}
	for version := 1; version <= 25; version++ {
		assert.Positive(t, versions[version], "version %d is lost", version)
	}
}

func TestUpdates_List_APageThatRepeats(t *testing.T) {
	t.Parallel()
	client, s := testkit.Client(t, func(int, *http.Request) (*http.Response, error) {
		return testkit.Respond(http.StatusOK, []byte(`{"updates":[{"info":{"kind":"update","version":1},"updateID":"u1"}],"itemsPerPage":1,"total":9}`)), nil
	})
	updates, err := pulumiapi.Collect(client.Updates.List(t.Context(), testkit.Prod, nil))
	require.ErrorContains(t, err, "page 2 repeats")
	assert.Len(t, updates, 1)
	assert.Len(t, s.Sent(), 2)
}

func TestUpdates_ListEvents_Ends(t *testing.T) {
	t.Parallel()
	const event = `{"timestamp":1,"type":"cancelEvent","cancelEvent":{}}`
	page := func(events int, token string) string {
		list := strings.TrimSuffix(strings.Repeat(event+",", events), ",")
		return `{"events":[` + list + `],"continuationToken":` + token + `}`
	}
	for _, c := range []struct {
		name    string
		answers []string
		events  int
	}{
		{"with the token", []string{page(2, `"a"`), page(1, `null`)}, 3},
		{"with an empty token", []string{page(2, `"a"`), page(1, `""`)}, 3},
		{"when nothing is new", []string{page(2, `"a"`), page(1, `"b"`), page(0, `"b"`)}, 3},
		{"after empty pages with new tokens", []string{page(0, `"a"`), page(0, `"b"`), page(2, `"c"`), page(0, `null`)}, 2},
		{"at once", []string{page(0, `null`)}, 0},
		{"when the token that was sent comes back with events", []string{page(2, `"a"`), page(1, `"a"`)}, 3},
	} {
		client, s := testkit.Client(t, func(n int, _ *http.Request) (*http.Response, error) {
			return testkit.Respond(http.StatusOK, []byte(c.answers[n-1])), nil
		})
		events, err := pulumiapi.Collect(client.Updates.ListEvents(t.Context(), testkit.Prod, "u1", nil))
		require.NoError(t, err, c.name)
		assert.Len(t, events, c.events, c.name)
		assert.Len(t, s.Sent(), len(c.answers), c.name)
	}
}

func TestUpdates_ListEvents_FiltersGoWithEveryPage(t *testing.T) {
	t.Parallel()
	client, s := testkit.Client(t, func(n int, _ *http.Request) (*http.Response, error) {
		return testkit.Respond(http.StatusOK, []byte([]string{`{"events":[],"continuationToken":"t"}`, `{"events":[]}`}[n-1])), nil
	})
	opts := &pulumiapi.EngineEventListOptions{Type: []int{3, 5}, URN: "urn:a&b", IncludeNonActivated: true}
	seq := client.Updates.ListEvents(t.Context(), testkit.Prod, "u1", opts)
	opts.Type[0] = 99 // the options were copied
	_, err := pulumiapi.Collect(seq)
	require.NoError(t, err)
	assert.Equal(t, "include_non_activated=true&type=3&type=5&urn=urn%3Aa%26b", s.Sent()[0].URL.RawQuery)
	assert.Equal(t, "continuationToken=t&include_non_activated=true&type=3&type=5&urn=urn%3Aa%26b", s.Sent()[1].URL.RawQuery)
}

// everyEngineEvent has every payload with every field of the description's
// schemas.
var everyEngineEvent = map[pulumiapi.EngineEventType]string{
	"cancelEvent":     `{}`,
	"stdoutEvent":     `{"message": "m", "color": "raw"}`,
	"diagnosticEvent": `{"urn": "u", "prefix": "p", "message": "m", "color": "raw", "severity": "info#err", "streamID": 3, "ephemeral": true}`,
	"preludeEvent":    `{"config": {"aws:region": "us-west-2"}}`,
	"summaryEvent": `{"maybeCorrupt": true, "durationSeconds": 4, "resourceChanges": {"create": 2, "same": 1},
		"PolicyPacks": {"aws": "v1"}, "isPreview": true, "result": "canceled"}`,
	"resourcePreEvent": `{"metadata": ` + everyStep + `, "planning": true}`,
	"resOutputsEvent":  `{"metadata": ` + everyStep + `, "planning": true}`,
	"resOpFailedEvent": `{"metadata": ` + everyStep + `, "status": 2, "steps": 5}`,
	"policyEvent": `{"resourceUrn": "u", "message": "m", "color": "raw", "policyName": "n", "policyPackName": "pn",
		"policyPackVersion": "1", "policyPackVersionTag": "1.0", "enforcementLevel": "mandatory", "severity": "high"}`,
	"policyRemediationEvent": `{"resourceUrn": "u", "color": "raw", "policyName": "n", "policyPackName": "pn",
		"policyPackVersion": "1", "policyPackVersionTag": "1.0", "before": {"a": 1}, "after": {"a": 2}}`,
	"policyLoadEvent":                `{}`,
	"policyAnalyzeSummaryEvent":      everyPolicySummary,
	"policyRemediateSummaryEvent":    everyPolicySummary,
	"policyAnalyzeStackSummaryEvent": strings.Replace(everyPolicySummary, `"resourceUrn": "u", `, "", 1),
	"startDebuggingEvent":            `{"config": {"port": 1234}}`,
	"progressEvent":                  `{"type": "plugin-download", "id": "i", "message": "m", "received": 1, "total": 2, "done": true}`,
	"errorEvent":                     `{"error": "e"}`,
}

const (
	everyPolicySummary = `{"resourceUrn": "u", "policyPackName": "pn", "policyPackVersion": "1", "policyPackVersionTag": "1.0",
		"passed": ["a"], "failed": ["b"]}`
	everyStep = `{"op": "create-replacement", "urn": "u", "type": "t", "old": ` + everyStepState + `, "new": ` + everyStepState + `,
		"keys": ["k"], "diffs": ["d"], "detailedDiff": {"a.b[0]": {"diffKind": "update-replace", "inputDiff": true}},
		"logical": true, "provider": "p"}`
	everyStepState = `{"type": "t", "urn": "u", "custom": true, "delete": true, "id": "i", "parent": "pa", "protect": true,
		"taint": true, "retainOnDelete": true, "inputs": {"a": {"b": [1]}}, "outputs": {"c": null, "d": "x"}, "provider": "pr",
		"initErrors": ["ie"], "external": true, "hideDiffs": ["hd"]}`
)

func TestUpdates_ListEvents_EveryPayloadWithAndWithoutItsType(t *testing.T) {
	t.Parallel()
	for name, payload := range everyEngineEvent {
		for _, member := range []string{`"type":"` + string(name) + `",`, ""} {
			event := `{"sequence":9,"timestamp":1615872590,` + member + `"` + string(name) + `":` + payload + `}`
			client, _ := testkit.Client(t, func(int, *http.Request) (*http.Response, error) {
				return testkit.Respond(http.StatusOK, []byte(`{"events":[`+event+`]}`)), nil
			})
			events, err := pulumiapi.Collect(client.Updates.ListEvents(t.Context(), testkit.Prod, "u1", nil))
			require.NoError(t, err, name)
			require.Len(t, events, 1, name)
			assert.Equal(t, name, events[0].Type)
			assert.Empty(t, testkit.MissingLeaves(t, testkit.DecodeAny(t, []byte(event)), events[0]), name)
			if payload == "{}" {
				// It has no leaf by which it could be missed.
				assert.True(t, events[0].CancelEvent != nil || events[0].PolicyLoadEvent != nil, name)
			}
		}
	}
}

func TestUpdates_ListEvents_ATypeOfTheFuture(t *testing.T) {
	t.Parallel()
	client, _ := testkit.Client(t, func(int, *http.Request) (*http.Response, error) {
		return testkit.Respond(http.StatusOK, []byte(`{"events":[{"type":"newEvent","newEvent":{}},{"otherEvent":{}}]}`)), nil
	})
	events, err := pulumiapi.Collect(client.Updates.ListEvents(t.Context(), testkit.Prod, "u1", nil))
	require.NoError(t, err)
	require.Len(t, events, 2)
	assert.Equal(t, pulumiapi.EngineEventType("newEvent"), events[0].Type)
	assert.Empty(t, events[1].Type)
}

func TestUpdates_DetailedDiff_AbsentIsNotEmpty(t *testing.T) {
	t.Parallel()
	client, _ := testkit.Client(t, func(int, *http.Request) (*http.Response, error) {
		return testkit.Respond(http.StatusOK, []byte(`{"events":[
			{"resourcePreEvent":{"metadata":{"detailedDiff":null}}},
			{"resourcePreEvent":{"metadata":{"detailedDiff":{}}}}]}`)), nil
	})
	events, err := pulumiapi.Collect(client.Updates.ListEvents(t.Context(), testkit.Prod, "u1", nil))
	require.NoError(t, err)
	assert.Nil(t, events[0].ResourcePreEvent.Metadata.DetailedDiff)
	assert.NotNil(t, events[1].ResourcePreEvent.Metadata.DetailedDiff)
}

func TestUpdates_GetStatus_GoesOnFromAToken(t *testing.T) {
	t.Parallel()
	client, s := testkit.Client(t, func(int, *http.Request) (*http.Response, error) {
		return testkit.Respond(http.StatusOK, []byte(`{"status":"running","events":[{"index":"3","kind":"stderr","fields":{"text":"x","n":[1]}}],"continuationToken":"b"}`)), nil
	})
	results, err := client.Updates.GetStatus(t.Context(), testkit.Prod, "u1", &pulumiapi.UpdateStatusOptions{ContinuationToken: "a"})
	require.NoError(t, err)
	assert.Equal(t, "continuationToken=a", s.Sent()[0].URL.RawQuery)
	assert.Equal(t, "b", results.ContinuationToken)
	assert.False(t, results.Status.IsFinal())
	require.Len(t, results.Events, 1)
	assert.Equal(t, pulumiapi.UpdateEventKindStderr, results.Events[0].Kind)
	assert.JSONEq(t, `[1]`, string(results.Events[0].Fields["n"]))
	for status, final := range map[pulumiapi.UpdateStatus]bool{
		"succeeded": true, "failed": true, "cancelled": true, "running": false, "not started": false, "in-progress": false, "": false,
	} {
		assert.Equal(t, final, status.IsFinal(), status)
	}
}

func TestUpdates_UpdateIDsThatCannotBeSent(t *testing.T) {
	t.Parallel()
	client, s := testkit.Client(t, func(int, *http.Request) (*http.Response, error) { return testkit.Respond(204, nil), nil })
	for _, bad := range []string{"", ".", ".."} {
		var wrong *pulumiapi.ArgumentError
		_, err := client.Updates.GetStatus(t.Context(), testkit.Prod, bad, nil)
		require.ErrorAs(t, err, &wrong, "Updates.GetStatus of %q", bad)
		assert.Equal(t, "updateID", wrong.Name)
		_, err = client.Updates.ListEventsPage(t.Context(), testkit.Prod, bad, nil)
		require.ErrorAs(t, err, &wrong, "Updates.ListEventsPage of %q", bad)
	}
	assert.Empty(t, s.Sent())
}

func TestUpdates_AnUpdateThatEndsWhileItIsListed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, client := testkit.CloudWithStack(t)
		srv.SetPageSize(3)
		running, err := srv.StartUpdate("acme", "web", "prod", pulumiapitest.Update{})
		require.NoError(t, err)
		for i := range 5 {
			require.NoError(t, running.Emit(pulumiapitest.StdoutEvent(fmt.Sprint(i))))
		}

		status, err := client.Updates.GetStatus(t.Context(), testkit.Prod, running.ID(), nil)
		require.NoError(t, err)
		assert.False(t, status.Status.IsFinal())
		stack := mustGet(t, client)
		require.NotNil(t, stack.CurrentOperation)
		assert.Equal(t, running.ID(), stack.ActiveUpdate)

		// While it runs, the list ends with the newest event.
		events, err := pulumiapi.Collect(client.Updates.ListEvents(t.Context(), testkit.Prod, running.ID(), nil))
		require.NoError(t, err)
		assert.Len(t, events, 5)

		// It ends between the first page and the second.
		var seen []string
		for event, err := range client.Updates.ListEvents(t.Context(), testkit.Prod, running.ID(), nil) {
			require.NoError(t, err)
			if event.StdoutEvent != nil {
				seen = append(seen, event.StdoutEvent.Message)
			} else {
				seen = append(seen, string(event.Type))
			}
			if len(seen) == 1 {
				time.Sleep(time.Minute)
				require.NoError(t, running.Emit(pulumiapitest.StdoutEvent("5"), pulumiapitest.SummaryEvent(pulumiapitest.Summary{})))
				require.NoError(t, running.Finish(pulumiapitest.Succeeded))
			}
		}
		assert.Equal(t, []string{"0", "1", "2", "3", "4", "5", "summaryEvent"}, seen, "nothing lost, nothing twice")

		status, err = client.Updates.GetStatus(t.Context(), testkit.Prod, running.ID(), nil)
		require.NoError(t, err)
		assert.Equal(t, pulumiapi.UpdateStatusSucceeded, status.Status)
		stack = mustGet(t, client)
		assert.Nil(t, stack.CurrentOperation)
		updates, err := pulumiapi.Collect(client.Updates.List(t.Context(), testkit.Prod, nil))
		require.NoError(t, err)
		require.Len(t, updates, 1)
		assert.Equal(t, pulumiapi.UpdateResultSucceeded, updates[0].Result)
		assert.Equal(t, time.Minute, updates[0].EndTime.Sub(updates[0].StartTime.Time))
	})
}

func TestUpdates_AnUpdateInTheWay(t *testing.T) {
	t.Parallel()
	srv, client := testkit.CloudWithStack(t)
	require.NoError(t, srv.AddOrganization("other"))
	running, err := srv.StartUpdate("acme", "web", "prod", pulumiapitest.Update{})
	require.NoError(t, err)
	state := pulumiapi.StackState{Version: 3, Deployment: []byte(`{"resources":[{"urn":"urn:1","type":"t","custom":true}]}`)}

	require.ErrorIs(t, client.Stacks.Transfer(t.Context(), testkit.Prod, "other"), pulumiapi.ErrConflict)
	_, err = client.Stacks.Import(t.Context(), testkit.Prod, state)
	require.ErrorIs(t, err, pulumiapi.ErrConflict)

	require.NoError(t, running.Finish(pulumiapitest.Failed))
	imported, err := client.Stacks.Import(t.Context(), testkit.Prod, state)
	require.NoError(t, err)
	status, err := client.Updates.GetStatus(t.Context(), testkit.Prod, imported.UpdateID, nil)
	require.NoError(t, err)
	assert.True(t, status.Status.IsFinal())

	var refused *pulumiapi.APIError
	require.ErrorAs(t, client.Stacks.Delete(t.Context(), testkit.Prod, nil), &refused, "it has resources")
	assert.Equal(t, http.StatusBadRequest, refused.StatusCode)
	require.NoError(t, client.Stacks.Transfer(t.Context(), testkit.Prod, "other"))
	_, err = client.Stacks.Get(t.Context(), testkit.Prod)
	require.ErrorIs(t, err, pulumiapi.ErrNotFound)
	moved := pulumiapi.StackIdentifier{Org: "other", Project: "web", Stack: "prod"}
	require.NoError(t, client.Stacks.Delete(t.Context(), moved, &pulumiapi.StackDeleteOptions{Force: true}))
}

func TestStacks_ExportAndImport_KeepTheBytesInTheCloud(t *testing.T) {
	t.Parallel()
	_, client := testkit.CloudWithStack(t)
	for name, deployment := range oddDeployments {
		_, err := client.Stacks.Import(t.Context(), testkit.Prod, pulumiapi.StackState{Version: 3, Deployment: []byte(deployment)})
		require.NoError(t, err, name)
		state, err := client.Stacks.Export(t.Context(), testkit.Prod)
		require.NoError(t, err, name)
		assert.Equal(t, deployment, string(state.Deployment), name)
	}
}

func TestUpdates_OfASelfHostedInstallation(t *testing.T) {
	t.Parallel()
	srv := pulumiapitest.Demo(pulumiapitest.Strict())
	t.Cleanup(srv.Close)
	srv.SetSelfHosted(true)
	client := srv.Client()
	id := pulumiapi.StackIdentifier{Org: pulumiapitest.DemoOrganization, Project: "payments-api", Stack: "prod-us"}
	updates, err := pulumiapi.Collect(client.Updates.List(t.Context(), id, nil))
	require.NoError(t, err)
	require.NotEmpty(t, updates)
	for _, update := range updates {
		assert.NotEmpty(t, update.Kind)
		assert.Positive(t, update.Version)
	}
	stack, err := client.Stacks.Get(t.Context(), id)
	require.NoError(t, err)
	events, err := pulumiapi.Collect(client.Updates.ListEvents(t.Context(), id, stack.ActiveUpdate, nil))
	require.NoError(t, err)
	require.NotEmpty(t, events)
	for _, event := range events {
		assert.NotEmpty(t, event.Type, "derived from the payload")
	}
}

func TestUpdates_TheDemoHasEveryKindAndResult(t *testing.T) {
	t.Parallel()
	srv := pulumiapitest.Demo(pulumiapitest.Strict())
	t.Cleanup(srv.Close)
	client := srv.Client()
	kinds, results, types := map[pulumiapi.UpdateKind]int{}, map[pulumiapi.UpdateResult]int{}, map[pulumiapi.EngineEventType]int{}
	for stack, err := range client.Stacks.List(t.Context(), &pulumiapi.StackListOptions{Organization: pulumiapitest.DemoOrganization}) {
		require.NoError(t, err)
		for update, err := range client.Updates.List(t.Context(), stack.Identifier(), nil) {
			require.NoError(t, err)
			kinds[update.Kind]++
			results[update.Result]++
			for event, err := range client.Updates.ListEvents(t.Context(), stack.Identifier(), update.UpdateID, nil) {
				require.NoError(t, err)
				types[event.Type]++
			}
		}
		for preview, err := range client.Updates.ListPreviews(t.Context(), stack.Identifier(), nil) {
			require.NoError(t, err)
			kinds[preview.Kind]++
		}
		state, err := client.Stacks.Export(t.Context(), stack.Identifier())
		require.NoError(t, err)
		snapshot, err := state.Decode()
		require.NoError(t, err)
		assert.Len(t, snapshot.Resources, stack.ResourceCount, "the state of %s", stack.Identifier())
	}
	for _, kind := range []pulumiapi.UpdateKind{
		pulumiapi.UpdateKindUpdate, pulumiapi.UpdateKindRefresh, pulumiapi.UpdateKindDestroy, pulumiapi.UpdateKindImport, pulumiapi.UpdateKindPreviewUpdate,
	} {
		assert.Positive(t, kinds[kind], "updates of kind %s: %v", kind, kinds)
	}
	for _, result := range []pulumiapi.UpdateResult{pulumiapi.UpdateResultSucceeded, pulumiapi.UpdateResultFailed, pulumiapi.UpdateResultInProgress} {
		assert.Positive(t, results[result], "updates that have %s: %v", result, results)
	}
	assert.Positive(t, types[pulumiapi.EngineEventTypePolicy])
	assert.Positive(t, types[pulumiapi.EngineEventTypeDiagnostic])
}
