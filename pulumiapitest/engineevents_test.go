package pulumiapitest_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

type eventList struct {
	Events            []map[string]any
	ContinuationToken *string
}

const bucketURN = "urn:pulumi:prod::web::acme:web:Site$aws:s3/bucket:Bucket::assets"

func addEvents(t *testing.T, srv *pulumiapitest.Server, events ...pulumiapitest.EngineEvent) (path string) {
	t.Helper()
	updateID, err := srv.AddUpdate("acme", "web", "prod", pulumiapitest.Update{Started: time.Unix(7, 0), Events: events})
	require.NoError(t, err)
	return prodPath + "/update/" + updateID + "/events"
}

func TestServer_ListEngineEvents(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	step := pulumiapitest.Step{Op: "create", URN: bucketURN, ID: "b-1", Parent: "p", Provider: "q", Inputs: map[string]any{"a": 1}, Planning: true}
	path := addEvents(t, srv,
		pulumiapitest.PreludeEvent(nil),
		pulumiapitest.ResourcePreEvent(step),
		pulumiapitest.DiagnosticEvent("warning", bucketURN, "old"),
		pulumiapitest.PolicyEvent(pulumiapitest.ViolatedPolicy{Pack: "aws", Policy: "acl", PackVersion: "1", Level: "mandatory", Severity: "high"}, bucketURN, "no"),
		pulumiapitest.ResOpFailedEvent(pulumiapitest.Step{Op: "delete", URN: bucketURN}),
		pulumiapitest.EngineEvent{Type: "shinyEvent", Payload: []byte(` {"x": 1} `), Time: time.Unix(9, 0)},
		pulumiapitest.SummaryEvent(pulumiapitest.Summary{
			Result: pulumiapitest.Cancelled, Duration: 90 * time.Second, ResourceChanges: map[string]int{"create": 1}, Preview: true,
		}),
	)
	assert.JSONEq(t, `{"events": [
		{"timestamp": 7, "type": "preludeEvent", "preludeEvent": {"config": {}}},
		{"timestamp": 7, "type": "resourcePreEvent", "resourcePreEvent": {"planning": true, "metadata": {
			"op": "create", "urn": "`+bucketURN+`", "type": "aws:s3/bucket:Bucket", "logical": true, "provider": "q", "old": null,
			"new": {"type": "aws:s3/bucket:Bucket", "urn": "`+bucketURN+`", "custom": true, "id": "b-1", "parent": "p",
				"inputs": {"a": 1}, "outputs": {}, "provider": "q"}
		}}},
		{"timestamp": 7, "type": "diagnosticEvent", "diagnosticEvent": {
			"urn": "`+bucketURN+`", "prefix": "<{%fg 3%}>warning: <{%reset%}>", "message": "<{%reset%}>old<{%reset%}>\n", "color": "raw", "severity": "warning"}},
		{"timestamp": 7, "type": "policyEvent", "policyEvent": {
			"resourceUrn": "`+bucketURN+`", "message": "<{%reset%}>no<{%reset%}>\n", "color": "raw", "policyName": "acl", "policyPackName": "aws",
			"policyPackVersion": "1", "policyPackVersionTag": "1", "enforcementLevel": "mandatory", "severity": "high"}},
		{"timestamp": 7, "type": "resOpFailedEvent", "resOpFailedEvent": {"status": 0, "steps": 1, "metadata": {
			"op": "delete", "urn": "`+bucketURN+`", "type": "aws:s3/bucket:Bucket", "logical": true, "provider": "", "new": null,
			"old": {"type": "aws:s3/bucket:Bucket", "urn": "`+bucketURN+`", "id": "", "parent": "", "inputs": {}, "outputs": {}, "provider": ""}
		}}},
		{"timestamp": 9, "type": "shinyEvent", "shinyEvent": {"x": 1}},
		{"timestamp": 7, "type": "summaryEvent", "summaryEvent": {"maybeCorrupt": false, "durationSeconds": 90,
			"resourceChanges": {"create": 1}, "PolicyPacks": {}, "isPreview": true, "result": "canceled"}}
	], "continuationToken": null}`, do(t, srv, http.MethodGet, path, "").body)
	info := getJSON[updateList](t, srv, prodPath+"/updates?output-type=service").Updates[0].Info
	assert.Equal(t, map[string]int{"create": 1}, info.ResourceChanges, "as the summary says")

	srv.SetSelfHosted(true)
	first := getJSON[eventList](t, srv, path).Events[0]
	assert.NotContains(t, first, "type")
	assert.Contains(t, first, "preludeEvent")
}

func TestServer_ListEngineEvents_Filters(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	srv.SetPageSize(2)
	path := addEvents(t, srv,
		pulumiapitest.StdoutEvent("0"), pulumiapitest.StdoutEvent("1"), // a page without any that the filter wants
		pulumiapitest.StdoutEvent("2"), pulumiapitest.DiagnosticEvent("error", bucketURN, "3"),
		pulumiapitest.EngineEvent{Type: "stdoutEvent", NotActivated: true}, pulumiapitest.ResOutputsEvent(pulumiapitest.Step{Op: "same", URN: bucketURN}),
		pulumiapitest.PolicyEvent(pulumiapitest.ViolatedPolicy{}, bucketURN, "6"),
	)
	count := func(filter string) []int {
		counts := []int{}
		query := "?" + filter
		for {
			list := getJSON[eventList](t, srv, path+query)
			counts = append(counts, len(list.Events))
			if list.ContinuationToken == nil {
				return counts
			}
			query = "?" + filter + "&continuationToken=" + escape(*list.ContinuationToken)
		}
	}
	for filter, want := range map[string][]int{
		"":                                {2, 2, 1, 1},
		"include_non_activated=true":      {2, 2, 2, 1},
		"type=3":                          {0, 1, 0, 0},
		"type=3&type=9":                   {0, 1, 0, 1},
		"type=99":                         {0, 0, 0, 0},
		"urn=" + escape(bucketURN):        {0, 1, 1, 1},
		"urn=other":                       {0, 0, 0, 0},
		"type=7&urn=" + escape(bucketURN): {0, 0, 1, 0},
	} {
		assert.Equal(t, want, count(filter), filter)
	}
	requireError(t, srv, http.StatusBadRequest, "type must be a number", http.MethodGet, path+"?type=diagnosticEvent", "")
	next := *getJSON[eventList](t, srv, path).ContinuationToken
	requireError(t, srv, http.StatusBadRequest, "with other filters", http.MethodGet, path+"?type=3&continuationToken="+escape(next), "")
	requireError(t, srv, http.StatusNotFound, "Update 'none' not found", http.MethodGet, prodPath+"/update/none/events", "")
}

func TestServer_ListEngineEvents_WhileRunning(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	srv.SetPageSize(2)
	running, err := srv.StartUpdate("acme", "web", "prod", pulumiapitest.Update{})
	require.NoError(t, err)
	path := prodPath + "/update/" + running.ID() + "/events"
	get := func(token string) (int, string) {
		list := getJSON[eventList](t, srv, path+"?continuationToken="+escape(token))
		if list.ContinuationToken == nil {
			return len(list.Events), ""
		}
		return len(list.Events), *list.ContinuationToken
	}
	n, token := get("")
	assert.Zero(t, n)
	require.NotEmpty(t, token)
	n, same := get(token)
	assert.Zero(t, n)
	assert.Equal(t, token, same, "nothing new")

	require.Error(t, running.Emit(pulumiapitest.StdoutEvent("not added"), pulumiapitest.EngineEvent{}))
	require.NoError(t, running.Emit(pulumiapitest.StdoutEvent("0"), pulumiapitest.StdoutEvent("1"), pulumiapitest.StdoutEvent("2")))
	n, token = get(token)
	assert.Equal(t, 2, n)
	n, last := get(token)
	assert.Equal(t, 1, n)
	n, same = get(last)
	assert.Zero(t, n)
	assert.Equal(t, last, same)
	require.NoError(t, running.Finish(pulumiapitest.Succeeded))
	n, end := get(last)
	assert.Zero(t, n)
	assert.Empty(t, end)
	n, end = get(token)
	assert.Equal(t, 1, n)
	assert.Empty(t, end)
}
