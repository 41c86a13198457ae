package pulumiapitest_test

import (
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

type updateList struct {
	Updates []struct {
		Info struct {
			Kind, Result, Message  string
			StartTime, EndTime     int64
			Version, ResourceCount int
			ResourceChanges        map[string]int
		}
		UpdateID               string
		Version, LatestVersion int
		RequestedBy            struct{ GitHubLogin, Name string }
	}
	ItemsPerPage, Total int
}

func (l updateList) messages() []string {
	messages := []string{}
	for _, u := range l.Updates {
		messages = append(messages, u.Info.Message)
	}
	return messages
}

type stackOf struct {
	Version          int
	ActiveUpdate     string
	CurrentOperation *struct {
		Kind, Author string
		Started      int64
	}
}

func getStackOf(t *testing.T, srv *pulumiapitest.Server) stackOf {
	t.Helper()
	return getJSON[stackOf](t, srv, prodPath)
}

// addUpdates adds updates or previews with the messages 1, 2 and so on.
func addUpdates(t *testing.T, srv *pulumiapitest.Server, kind string, n int) {
	t.Helper()
	for i := range n {
		_, err := srv.AddUpdate("acme", "web", "prod", pulumiapitest.Update{Kind: kind, Message: fmt.Sprint(i + 1)})
		require.NoError(t, err)
	}
}

func TestServer_ListUpdates(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	started := time.Date(2026, 3, 4, 5, 6, 7, 8, time.UTC)
	_, err := srv.AddUpdate("acme", "web", "prod", pulumiapitest.Update{Started: started})
	require.NoError(t, err)
	updateID, err := srv.AddUpdate("acme", "web", "prod", pulumiapitest.Update{
		Kind: "destroy", Result: pulumiapitest.Failed, Started: started, Ended: started.Add(time.Minute),
		Message:         "Clean up",
		Environment:     map[string]string{"exec.kind": "cli"},
		Config:          map[string]pulumiapitest.ConfigValue{"web:password": {String: "AAAB", Secret: true}},
		ResourceChanges: map[string]int{"delete": 3},
		ResourceCount:   new(5),
		RequestedBy:     pulumiapitest.User{Login: "ada", Name: "Ada Silva"}, RequestedByToken: "ci",
		PolicyPacks: []pulumiapitest.RequiredPolicyPack{{
			Name: "aws", DisplayName: "AWS", Version: 23, VersionTag: "0.1.0",
			Config: map[string]map[string]any{"vpc-sizing": {"maxSubnetPrefixLength": 22}},
		}},
		Commit: &pulumiapitest.Commit{Slug: "acme/web", SHA: "e61b", Message: "Clean up", Author: pulumiapitest.User{Login: "bob"}},
	})
	require.NoError(t, err)
	user := `{"name": "Pulumi Tester", "githubLogin": "pulumi-tester", "avatarUrl": "https://avatars.pulumi.test/pulumi-tester"}`
	assert.JSONEq(t, `{"updates": [
		{
			"info": {
				"kind": "destroy", "startTime": 1772600767, "endTime": 1772600827, "message": "Clean up",
				"environment": {"exec.kind": "cli"},
				"config": {"web:password": {"string": "AAAB", "secret": true, "object": false}},
				"result": "failed", "version": 2, "resourceChanges": {"delete": 3}, "resourceCount": 5
			},
			"updateID": "`+updateID+`", "version": 2, "latestVersion": 2,
			"githubCommitInfo": {
				"slug": "acme/web", "sha": "e61b", "url": "https://github.com/acme/web/commit/e61b", "message": "Clean up",
				"author": {"name": "bob", "githubLogin": "bob", "avatarUrl": "https://avatars.pulumi.test/bob"}
			},
			"requestedBy": {"name": "Ada Silva", "githubLogin": "ada", "avatarUrl": "https://avatars.pulumi.test/ada"},
			"requestedByToken": "ci",
			"policyPacks": [{
				"name": "aws", "displayName": "AWS", "version": 23, "versionTag": "0.1.0",
				"config": {"vpc-sizing": {"maxSubnetPrefixLength": 22}}
			}]
		},
		{
			"info": {
				"kind": "update", "startTime": 1772600767, "endTime": 1772600767, "message": "", "environment": {}, "config": {},
				"result": "succeeded", "version": 1, "resourceCount": 0
			},
			"updateID": "00000001-0000-4000-9000-000000000001", "version": 1, "latestVersion": 2, "requestedBy": `+user+`
		}
	], "itemsPerPage": 10, "total": 2}`, do(t, srv, http.MethodGet, prodPath+"/updates?output-type=service", "").body)
}

func TestServer_ListUpdates_OlderForm(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	_, err := srv.AddUpdate("acme", "web", "prod", pulumiapitest.Update{Started: time.Unix(7, 0), Message: "first"})
	require.NoError(t, err)
	const older = `{"updates": [{
		"kind": "update", "startTime": 7, "endTime": 7, "message": "first", "environment": {}, "config": {},
		"result": "succeeded", "version": 1, "resourceCount": 0
	}]}`
	for _, query := range []string{"", "?output-type=", "?output-type=cli", "?page=1&pageSize=5"} {
		assert.JSONEq(t, older, do(t, srv, http.MethodGet, prodPath+"/updates"+query, "").body, query)
	}
	requireError(t, srv, http.StatusBadRequest, "must be service or cli", http.MethodGet, prodPath+"/updates?output-type=json", "")

	srv.SetSelfHosted(true)
	assert.JSONEq(t, older, do(t, srv, http.MethodGet, prodPath+"/updates?output-type=service", "").body)
	srv.SetSelfHosted(false)
	assert.Equal(t, 1, getJSON[updateList](t, srv, prodPath+"/updates?output-type=service").Total)
}

func TestServer_ListUpdates_Empty(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	assert.JSONEq(t, `{"updates": []}`, do(t, srv, http.MethodGet, prodPath+"/updates", "").body)
	assert.JSONEq(t, `{"updates": [], "itemsPerPage": 10, "total": 0}`, do(t, srv, http.MethodGet, prodPath+"/updates?output-type=service", "").body)
	assert.JSONEq(t, `{"updates": [], "itemsPerPage": 10, "total": 0}`, do(t, srv, http.MethodGet, prodPath+"/updates/latest/previews", "").body)
	for _, path := range []string{"/updates", "/updates/latest/previews"} {
		requireError(t, srv, http.StatusNotFound, "not found", http.MethodGet, "/api/stacks/acme/web/dev"+path, "")
	}
}

func TestServer_ListUpdates_Pages(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	addUpdates(t, srv, "update", 12)
	addUpdates(t, srv, "Pupdate", 2) // not among them
	for query, want := range map[string][]string{
		"":                                       {"12", "11", "10", "9", "8", "7", "6", "5", "4", "3", "2", "1"},
		"&page=0&pageSize=3":                     {"12", "11", "10", "9", "8", "7", "6", "5", "4", "3", "2", "1"},
		"&pageSize=3":                            {"12", "11", "10", "9", "8", "7", "6", "5", "4", "3", "2", "1"},
		"&page=1":                                {"12", "11", "10", "9", "8", "7", "6", "5", "4", "3"},
		"&page=2&pageSize=0":                     {"2", "1"},
		"&page=1&pageSize=1":                     {"12"},
		"&page=3&pageSize=5":                     {"2", "1"},
		"&page=3&pageSize=4":                     {"4", "3", "2", "1"},
		"&page=4&pageSize=4":                     {},
		"&page=999&pageSize=4":                   {},
		"&page=9223372036854775807&pageSize=100": {},
	} {
		list := getJSON[updateList](t, srv, prodPath+"/updates?output-type=service"+query)
		assert.Equal(t, want, list.messages(), query)
		assert.Equal(t, 12, list.Total, query)
	}
	assert.Equal(t, 4, getJSON[updateList](t, srv, prodPath+"/updates?output-type=service&page=1&pageSize=4").ItemsPerPage)
	assert.Equal(t, 100, getJSON[updateList](t, srv, prodPath+"/updates?output-type=service&page=1&pageSize=5000").ItemsPerPage)
	srv.SetPageSize(7)
	assert.Equal(t, 7, getJSON[updateList](t, srv, prodPath+"/updates?output-type=service&page=1").ItemsPerPage)
	for query, message := range map[string]string{
		"page=-1":            "Invalid 'page' value",
		"page=1&pageSize=-1": "Invalid 'pageSize' value",
		"pageSize=-1":        "Invalid 'pageSize' value",
		"page=x":             "Invalid 'page' value",
		"page=1&pageSize=x":  "Invalid 'pageSize' value",
	} {
		requireError(t, srv, http.StatusBadRequest, message, http.MethodGet, prodPath+"/updates?"+query, "")
	}
}

func TestServer_ListPreviews(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	addUpdates(t, srv, "Pupdate", 3)
	addUpdates(t, srv, "Prefresh", 1)
	addUpdates(t, srv, "preview", 1)
	list := getJSON[updateList](t, srv, prodPath+"/updates/latest/previews")
	assert.Equal(t, []string{"1", "1", "3", "2", "1"}, list.messages())
	assert.Equal(t, 5, list.Total)
	assert.Equal(t, 1, list.Updates[0].Version, "the version that the update would have")
	assert.Equal(t, 0, list.Updates[0].LatestVersion)
	assert.Equal(t, "Pupdate", list.Updates[4].Info.Kind)
	assert.Zero(t, getStackOf(t, srv).Version)
	assert.Empty(t, getStackOf(t, srv).ActiveUpdate)
	assert.Empty(t, getJSON[updateList](t, srv, prodPath+"/updates").Updates)

	addUpdates(t, srv, "update", 1)
	assert.Empty(t, getJSON[updateList](t, srv, prodPath+"/updates/latest/previews").Updates, "none since the last update")
	addUpdates(t, srv, "Pdestroy", 1)
	list = getJSON[updateList](t, srv, prodPath+"/updates/latest/previews")
	assert.Len(t, list.Updates, 1)
	assert.Equal(t, 2, list.Updates[0].Version)
	assert.Equal(t, 1, list.Updates[0].LatestVersion)
}

func TestServer_ListPreviews_Pages(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	addUpdates(t, srv, "Pupdate", 5)
	for query, want := range map[string][]string{
		"":                            {"5", "4", "3", "2", "1"},
		"asc=false&page=1&pageSize=2": {"5", "4"},
		"asc=true&page=1&pageSize=2":  {"1", "2"},
		"asc=true&page=3&pageSize=2":  {"5"},
		"page=4&pageSize=2":           {},
		"page=0&pageSize=0&asc=1":     {"1", "2", "3", "4", "5"},
	} {
		list := getJSON[updateList](t, srv, prodPath+"/updates/latest/previews?"+query)
		assert.Equal(t, want, list.messages(), query)
		assert.Equal(t, 5, list.Total)
	}
	for query, message := range map[string]string{
		"pageSize=2":          "Must be 0 or left out",
		"page=0&pageSize=2":   "Must be 0 or left out",
		"page=1":              "Must be >= 1",
		"page=1&pageSize=0":   "Must be >= 1",
		"page=1&pageSize=-1":  "Must be >= 1",
		"page=-1":             "Must be >= 0",
		"asc=maybe":           "must be true or false",
		"output-type=service": `"output-type"`,
	} {
		requireError(t, srv, http.StatusBadRequest, message, http.MethodGet, prodPath+"/updates/latest/previews?"+query, "")
	}
}

func TestServer_AddUpdate_Stack(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	require.NoError(t, srv.AddStack(pulumiapitest.Stack{Org: "acme", Project: "web", Name: "prod", Version: 7, ResourceCount: 3}))
	started := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	updateID, err := srv.AddUpdate("acme", "web", "prod", pulumiapitest.Update{Started: started, ResourceCount: new(12)})
	require.NoError(t, err)
	stack := getStackOf(t, srv)
	assert.Equal(t, 8, stack.Version)
	assert.Equal(t, updateID, stack.ActiveUpdate)
	type summary struct {
		LastUpdate    int64
		ResourceCount int
	}
	summaries := func() []summary {
		return getJSON[struct{ Stacks []summary }](t, srv, "/api/user/stacks?organization=acme").Stacks
	}
	assert.Equal(t, []summary{{started.Unix(), 12}}, summaries())

	// A state counts for itself.
	require.NoError(t, srv.SetState("acme", "web", "prod", []byte(`{"resources":[{}]}`), 3))
	_, err = srv.AddUpdate("acme", "web", "prod", pulumiapitest.Update{Started: started, ResourceCount: new(99)})
	require.NoError(t, err)
	assert.Equal(t, []summary{{started.Unix(), 1}}, summaries())
	list := getJSON[updateList](t, srv, prodPath+"/updates?output-type=service")
	assert.Equal(t, 99, list.Updates[0].Info.ResourceCount)
}

func TestServer_AddUpdate_Results(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	for result, info := range map[pulumiapitest.Result]string{
		pulumiapitest.Succeeded: "succeeded", pulumiapitest.Failed: "failed", pulumiapitest.Cancelled: "failed",
	} {
		updateID, err := srv.AddUpdate("acme", "web", "prod", pulumiapitest.Update{Result: result})
		require.NoError(t, err)
		status := getJSON[struct{ Status string }](t, srv, prodPath+"/update/"+updateID).Status
		assert.Equal(t, string(result), status)
		assert.Equal(t, info, getJSON[updateList](t, srv, prodPath+"/updates?output-type=service&page=1&pageSize=1").Updates[0].Info.Result)
	}
}

func TestServer_AddUpdate_CommitOfEnvironment(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	env := map[string]string{"vcs.kind": "github.com", "vcs.owner": "acme", "vcs.repo": "web", "git.head": "e61b", "git.author": "Ada"}
	commit := func() string {
		_, err := srv.AddUpdate("acme", "web", "prod", pulumiapitest.Update{Message: "M", Environment: env})
		require.NoError(t, err)
		list := getJSON[struct {
			Updates []struct {
				GitHubCommitInfo *struct{ Slug, SHA, Message string }
			}
		}](t, srv, prodPath+"/updates?output-type=service&page=1&pageSize=1")
		return fmt.Sprint(list.Updates[0].GitHubCommitInfo)
	}
	assert.Equal(t, "&{acme/web e61b M}", commit())
	env["vcs.kind"] = "gitlab.com"
	assert.Equal(t, "<nil>", commit())
}

func TestServer_AddUpdate_Errors(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	now := time.Now()
	for message, u := range map[string]pulumiapitest.Update{
		"does not end \"fine\"": {Result: "fine"},
		"ends before it starts": {Started: now, Ended: now.Add(-time.Second)},
		"is no type":            {Events: []pulumiapitest.EngineEvent{{}}},
		"not a JSON object":     {Events: []pulumiapitest.EngineEvent{{Type: "errorEvent", Payload: []byte(`[]`)}}},
	} {
		_, err := srv.AddUpdate("acme", "web", "prod", u)
		require.ErrorContains(t, err, "pulumiapitest: ")
		require.ErrorContains(t, err, message)
	}
	_, err := srv.AddUpdate("acme", "web", "dev", pulumiapitest.Update{})
	require.ErrorContains(t, err, `no stack "acme/web/dev"`)
	assert.Zero(t, getStackOf(t, srv).Version, "nothing was added")

	_, err = srv.StartUpdate("acme", "web", "prod", pulumiapitest.Update{Result: pulumiapitest.Failed})
	require.ErrorContains(t, err, "neither a result nor an end")
	_, err = srv.StartUpdate("acme", "web", "prod", pulumiapitest.Update{})
	require.NoError(t, err)
	_, err = srv.AddUpdate("acme", "web", "prod", pulumiapitest.Update{})
	require.ErrorContains(t, err, "has an update running")
	_, err = srv.StartUpdate("acme", "web", "prod", pulumiapitest.Update{})
	require.ErrorContains(t, err, "has an update running")
	_, err = srv.StartUpdate("acme", "web", "prod", pulumiapitest.Update{Kind: "Pupdate"})
	require.NoError(t, err, "previews may run at any time")
}

func TestServer_AddUpdate_KeepsNoReference(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	u := pulumiapitest.Update{
		ResourceChanges: map[string]int{"create": 1}, ResourceCount: new(1),
		Events: []pulumiapitest.EngineEvent{{Type: "errorEvent", Payload: []byte(`{"error":"a"}`)}},
		Output: []pulumiapitest.OutputLine{{Text: "a"}},
	}
	updateID, err := srv.AddUpdate("acme", "web", "prod", u)
	require.NoError(t, err)
	u.ResourceChanges["create"], *u.ResourceCount, u.Output[0].Text = 2, 2, "b"
	copy(u.Events[0].Payload, `{"error":"b"}`)
	info := getJSON[updateList](t, srv, prodPath+"/updates?output-type=service").Updates[0].Info
	assert.Equal(t, map[string]int{"create": 1}, info.ResourceChanges)
	assert.Equal(t, 1, info.ResourceCount)
	assert.Contains(t, do(t, srv, http.MethodGet, prodPath+"/update/"+updateID, "").body, `"a"`)
	assert.Contains(t, do(t, srv, http.MethodGet, prodPath+"/update/"+updateID+"/events", "").body, `"a"`)
}

type updateStatus struct {
	Status string
	Events []struct {
		Index, Kind string
		Fields      struct{ Text string }
	}
	ContinuationToken *string
}

func TestServer_UpdateStatus(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	srv.SetPageSize(2)
	updateID, err := srv.AddUpdate("acme", "web", "prod", pulumiapitest.Update{
		Output: []pulumiapitest.OutputLine{{Text: "one"}, {Text: "two", Stderr: true}, {Text: "three"}},
	})
	require.NoError(t, err)
	path := prodPath + "/update/" + updateID
	first := getJSON[updateStatus](t, srv, path)
	require.NotNil(t, first.ContinuationToken)
	require.Len(t, first.Events, 2)
	assert.Equal(t, "0", first.Events[0].Index)
	assert.Equal(t, "stderr", first.Events[1].Kind)
	assert.JSONEq(t, `{"status": "succeeded", "events": [{"index": "2", "kind": "stdout", "fields": {"text": "three"}}]}`,
		do(t, srv, http.MethodGet, path+"?continuationToken="+escape(*first.ContinuationToken), "").body)

	requireError(t, srv, http.StatusNotFound, "Update 'none' not found", http.MethodGet, prodPath+"/update/none", "")
	requireError(t, srv, http.StatusBadRequest, "Invalid continuation token", http.MethodGet, path+"?continuationToken=x", "")
	requireError(t, srv, http.StatusBadRequest, "Invalid continuation token", http.MethodGet, path+"/events?continuationToken="+escape(*first.ContinuationToken), "")
	other, err := srv.AddUpdate("acme", "web", "prod", pulumiapitest.Update{})
	require.NoError(t, err)
	requireError(t, srv, http.StatusBadRequest, "Invalid continuation token", http.MethodGet, prodPath+"/update/"+other+"?continuationToken="+escape(*first.ContinuationToken), "")
}

func TestServer_StartUpdate_Watched(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := pulumiapitest.NewServer()
		defer srv.Close()
		require.NoError(t, srv.AddStack(pulumiapitest.Stack{Org: "acme", Project: "web", Name: "prod", Version: 6}))
		began := time.Now()
		running, err := srv.StartUpdate("acme", "web", "prod", pulumiapitest.Update{Kind: "refresh", RequestedBy: pulumiapitest.User{Login: "ada"}})
		require.NoError(t, err)
		stack := getStackOf(t, srv)
		assert.Equal(t, 7, stack.Version)
		assert.Equal(t, running.ID(), stack.ActiveUpdate)
		require.NotNil(t, stack.CurrentOperation)
		assert.Equal(t, "refresh", stack.CurrentOperation.Kind)
		assert.Equal(t, "ada", stack.CurrentOperation.Author)
		assert.Equal(t, began.Unix(), stack.CurrentOperation.Started)

		go func() {
			for i := range 3 {
				time.Sleep(time.Minute)
				_ = running.Emit(pulumiapitest.StdoutEvent(fmt.Sprint(i)))
				_ = running.Print(pulumiapitest.OutputLine{Text: fmt.Sprint(i)})
			}
			time.Sleep(time.Minute)
			_ = running.SetState([]byte(`{"resources":[{},{}]}`), 3)
			_ = running.Finish(pulumiapitest.Succeeded)
		}()

		// The status and the events, each followed to the end with a look every 20 seconds.
		path, query := prodPath+"/update/"+running.ID(), ""
		var lines []string
		same := 0
		for {
			status := getJSON[updateStatus](t, srv, path+query)
			for _, line := range status.Events {
				lines = append(lines, line.Fields.Text)
			}
			if status.ContinuationToken == nil {
				assert.Equal(t, "succeeded", status.Status)
				break
			}
			assert.Equal(t, "running", status.Status)
			next := "?continuationToken=" + escape(*status.ContinuationToken)
			if next == query {
				same++
				assert.Empty(t, status.Events)
			}
			query = next
			time.Sleep(21 * time.Second)
		}
		assert.Equal(t, []string{"0", "1", "2"}, lines)
		assert.Positive(t, same, "the same token: nothing new")
		assert.Equal(t, 4*time.Minute, time.Since(began).Truncate(time.Minute))

		assert.Nil(t, getStackOf(t, srv).CurrentOperation)
		info := getJSON[updateList](t, srv, prodPath+"/updates?output-type=service").Updates[0].Info
		assert.Equal(t, "succeeded", info.Result)
		assert.Equal(t, began.Add(4*time.Minute).Unix(), info.EndTime)
		assert.Equal(t, 2, info.ResourceCount)
		require.ErrorContains(t, running.Emit(pulumiapitest.StdoutEvent("late")), "has ended: succeeded")
		require.ErrorContains(t, running.Print(pulumiapitest.OutputLine{}), "has ended")
		require.ErrorContains(t, running.SetState([]byte(`{}`), 3), "has ended")
		require.ErrorContains(t, running.Finish(pulumiapitest.Failed), "has ended")
	})
}

func TestServer_StartUpdate_InLists(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	running, err := srv.StartUpdate("acme", "web", "prod", pulumiapitest.Update{})
	require.NoError(t, err)
	info := getJSON[updateList](t, srv, prodPath+"/updates?output-type=service").Updates[0].Info
	assert.Equal(t, "in-progress", info.Result)
	assert.Zero(t, info.EndTime)
	requireError(t, srv, http.StatusConflict, "in progress", http.MethodDelete, prodPath+"?force=true", "")
	require.ErrorContains(t, running.Finish("fine"), `does not end "fine"`)

	again, err := srv.RunningUpdate("acme", "web", "prod")
	require.NoError(t, err)
	assert.Equal(t, running.ID(), again.ID())
	require.NoError(t, again.Finish(pulumiapitest.Cancelled))
	_, err = srv.RunningUpdate("acme", "web", "prod")
	require.ErrorContains(t, err, "nothing runs")
	_, err = srv.RunningUpdate("acme", "web", "dev")
	require.ErrorContains(t, err, "no stack")
	requireNoContent(t, srv, http.MethodDelete, prodPath, "")
}

func TestServer_StartUpdate_Preview(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	running, err := srv.StartUpdate("acme", "web", "prod", pulumiapitest.Update{Kind: "Pupdate"})
	require.NoError(t, err)
	assert.Nil(t, getStackOf(t, srv).CurrentOperation, "a preview does not hold the stack")
	assert.Zero(t, getStackOf(t, srv).Version)
	addUpdates(t, srv, "update", 1)
	require.NoError(t, running.Finish(pulumiapitest.Succeeded))
	assert.Equal(t, 1, getStackOf(t, srv).Version)
}

func TestServer_AddStack_CurrentOperation(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	require.NoError(t, srv.AddStack(pulumiapitest.Stack{
		Org: "acme", Project: "web", Name: "prod", Version: 42,
		CurrentOperation: &pulumiapitest.Operation{Kind: "update", Author: "ada", Started: time.Unix(7, 0)},
	}))
	stack := getStackOf(t, srv)
	assert.Equal(t, 42, stack.Version)
	assert.JSONEq(t, `"running"`, `"`+getJSON[updateStatus](t, srv, prodPath+"/update/"+stack.ActiveUpdate).Status+`"`)
	running, err := srv.RunningUpdate("acme", "web", "prod")
	require.NoError(t, err)
	require.NoError(t, running.Finish(pulumiapitest.Succeeded))
	addUpdates(t, srv, "update", 1)
	assert.Equal(t, 43, getStackOf(t, srv).Version)
	assert.NotEqual(t, stack.ActiveUpdate, getStackOf(t, srv).ActiveUpdate)
}

func TestServer_AddUpdate_ChangesThatAreGivenCount(t *testing.T) {
	t.Parallel()
	srv := pulumiapitest.NewServer()
	defer srv.Close()
	require.NoError(t, srv.AddStack(pulumiapitest.Stack{Org: "acme", Project: "web", Name: "prod"}))
	for _, given := range []map[string]int{{"create": 1}, nil} {
		_, err := srv.AddUpdate("acme", "web", "prod", pulumiapitest.Update{
			ResourceChanges: given,
			Events:          []pulumiapitest.EngineEvent{pulumiapitest.SummaryEvent(pulumiapitest.Summary{ResourceChanges: map[string]int{"update": 2}})},
		})
		require.NoError(t, err)
	}
	page, err := srv.Client().Updates.ListPage(t.Context(), pulumiapi.StackIdentifier{Org: "acme", Project: "web", Stack: "prod"}, nil)
	require.NoError(t, err)
	require.Len(t, page.Items, 2)
	require.Equal(t, map[pulumiapi.StepOp]int{"update": 2}, page.Items[0].ResourceChanges, "the summary's, as nothing was given")
	require.Equal(t, map[pulumiapi.StepOp]int{"create": 1}, page.Items[1].ResourceChanges, "what was given")
}
