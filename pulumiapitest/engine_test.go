package pulumiapitest_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

const program = `{
	"name": "web", "runtime": "go", "main": "", "description": "",
	"options": {"localPolicyPackPaths": [], "color": "never", "dryRun": false, "parallel": 16, "showConfig": false,
		"showReplacementSteps": false, "showNames": false, "summary": false, "debug": false},
	"config": {"aws:region": {"string": "us-west-2", "secret": false, "object": false}},
	"metadata": {"message": "By wire", "environment": {"exec.kind": "cli"}}
}`

// engine plays the engine for one update.
type engine struct {
	t     *testing.T
	srv   *pulumiapitest.Server
	path  string
	lease string
}

func createUpdate(t *testing.T, srv *pulumiapitest.Server, kind, body string) *engine {
	t.Helper()
	a := do(t, srv, http.MethodPost, prodPath+"/"+kind, body)
	require.Equal(t, http.StatusOK, a.status, a.body)
	var created struct {
		UpdateID string `json:"updateID"`
	}
	require.NoError(t, json.Unmarshal([]byte(a.body), &created))
	return &engine{t: t, srv: srv, path: prodPath + "/" + kind + "/" + created.UpdateID, lease: "none"}
}

// start starts the update, and returns its version.
func (e *engine) start(body string) int {
	e.t.Helper()
	a := do(e.t, e.srv, http.MethodPost, e.path, body)
	require.Equal(e.t, http.StatusOK, a.status, a.body)
	var started struct {
		Version         int    `json:"version"`
		Token           string `json:"token"`
		TokenExpiration int64  `json:"tokenExpiration"`
	}
	require.NoError(e.t, json.Unmarshal([]byte(a.body), &started))
	assert.InDelta(e.t, time.Now().Add(5*time.Minute).Unix(), started.TokenExpiration, 60)
	require.NotEmpty(e.t, started.Token)
	e.lease = started.Token
	return started.Version
}

// do sends a request with the lease.
func (e *engine) do(method, path, body string) answer {
	e.t.Helper()
	req := newRequest(e.t, e.srv, method, e.path+path, body)
	req.Header.Set("Authorization", "update-token "+e.lease)
	a, err := send(e.t, e.srv, req)
	require.NoError(e.t, err)
	return a
}

func TestServer_Engine(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	for i, kind := range []string{"update", "refresh", "destroy"} {
		e := createUpdate(t, srv, kind, program)
		watch := strings.Replace(e.path, "/"+kind+"/", "/update/", 1)
		assert.Equal(t, "not started", getJSON[updateStatus](t, srv, watch).Status)
		assert.Equal(t, i, getJSON[updateList](t, srv, prodPath+"/updates?output-type=service").Total, "not before it has started")
		assert.Equal(t, i+1, e.start(`{"tags":{"owner":"ada"}}`))
		assert.Equal(t, map[string]string{"owner": "ada", "pulumi:project": "web"}, stackTags(t, srv, prodPath))
		assert.Equal(t, kind, getStackOf(t, srv).CurrentOperation.Kind)

		a := e.do(http.MethodPost, "/events/batch", `{"events": [
			{"sequence": 2, "timestamp": 8, "summaryEvent": {"resourceChanges": {"same": 4}}},
			{"sequence": 1, "timestamp": 7, "stdoutEvent": {"message": "a", "color": "raw"}, "preludeEvent": null}
		]}`)
		assert.Equal(t, http.StatusOK, a.status, a.body)
		assert.Empty(t, a.body)
		list := getJSON[eventList](t, srv, watch+"/events")
		require.Len(t, list.Events, 2)
		assert.Equal(t, map[string]any{
			"sequence": 1.0, "timestamp": 7.0, "type": "stdoutEvent", "stdoutEvent": map[string]any{"message": "a", "color": "raw"},
		}, list.Events[0])

		deployment := `{"version": 3, "isInvalid": false, "deployment": {"resources":[ {}, {} ]}}`
		assert.Equal(t, http.StatusNoContent, e.do(http.MethodPatch, "/checkpoint", deployment).status)
		assertExport(t, srv, prodPath, `{"version":3,"deployment":{"resources":[ {}, {} ]}}`)

		old := e.lease
		a = e.do(http.MethodPost, "/renew_lease", `{"token":"","duration":300}`)
		require.Equal(t, http.StatusOK, a.status, a.body)
		assertError(t, e.do(http.MethodPost, "/complete", `{"status":"failed"}`), http.StatusForbidden, "The provided update token has expired")
		var renewed struct {
			Token string `json:"token"`
		}
		require.NoError(t, json.Unmarshal([]byte(a.body), &renewed))
		e.lease = renewed.Token
		assert.NotEqual(t, old, e.lease)

		assert.Equal(t, http.StatusNoContent, e.do(http.MethodPost, "/complete", `{"status":"failed"}`).status)
		assert.Equal(t, "failed", getJSON[updateStatus](t, srv, watch).Status)
		info := getJSON[updateList](t, srv, prodPath+"/updates?output-type=service").Updates[0].Info
		assert.Equal(t, kind, info.Kind)
		assert.Equal(t, "By wire", info.Message)
		assert.Equal(t, map[string]int{"same": 4}, info.ResourceChanges)
		assert.Equal(t, 2, info.ResourceCount)
		assertError(t, e.do(http.MethodPost, "/complete", `{"status":"succeeded"}`), http.StatusConflict, "already completed")
		requireError(t, srv, http.StatusConflict, "already completed", http.MethodPost, e.path+"/cancel", "")
		requireError(t, srv, http.StatusConflict, "already completed", http.MethodPost, e.path, `{}`)
	}
}

func TestServer_Engine_Preview(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	_, err := srv.StartUpdate("acme", "web", "prod", pulumiapitest.Update{})
	require.NoError(t, err)
	dry := strings.Replace(program, `"dryRun": false`, `"dryRun": true`, 1)
	for kind, want := range map[string]string{"preview": "Pupdate", "refresh": "Prefresh", "destroy": "Pdestroy"} {
		e := createUpdate(t, srv, kind, dry)
		assert.Equal(t, 1, e.start(`{}`), "the stack's version, unchanged")
		if kind != "preview" {
			assertError(t, e.do(http.MethodPatch, "/checkpoint", `{"isInvalid":false,"version":3,"deployment":{}}`), http.StatusForbidden, "not permitted for preview")
		}
		assert.Equal(t, http.StatusNoContent, e.do(http.MethodPost, "/complete", `{"status":"succeeded"}`).status)
		list := getJSON[updateList](t, srv, prodPath+"/updates/latest/previews")
		assert.Equal(t, want, list.Updates[0].Info.Kind)
	}
	assert.Equal(t, "update", getStackOf(t, srv).CurrentOperation.Kind)
}

func TestServer_Engine_Conflicts(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	first, second := createUpdate(t, srv, "update", program), createUpdate(t, srv, "destroy", program)
	assert.NotEqual(t, first.path[len(first.path)-12:], second.path[len(second.path)-12:])
	assertError(t, first.do(http.MethodPost, "/complete", `{"status":"failed"}`), http.StatusConflict, "has not started")
	requireError(t, srv, http.StatusConflict, "has not started", http.MethodPost, first.path+"/cancel", "")
	first.start(`{}`)
	requireError(t, srv, http.StatusConflict, "already started", http.MethodPost, first.path, `{}`)
	requireError(t, srv, http.StatusConflict, "Another update is currently in progress", http.MethodPost, second.path, `{}`)
	requireError(t, srv, http.StatusConflict, "Another update is currently in progress", http.MethodPost, prodPath+"/refresh", program)

	requireNoContent(t, srv, http.MethodPost, first.path+"/cancel", "")
	assert.Equal(t, "cancelled", getJSON[updateStatus](t, srv, first.path).Status)
	assertError(t, first.do(http.MethodPost, "/complete", `{"status":"succeeded"}`), http.StatusConflict, "has been cancelled")
	assert.Equal(t, 2, second.start(`{}`))
}

func TestServer_Engine_CancelsWhatATestStarted(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	running, err := srv.StartUpdate("acme", "web", "prod", pulumiapitest.Update{Kind: "destroy"})
	require.NoError(t, err)
	mine := &engine{t: t, srv: srv, path: prodPath + "/destroy/" + running.ID(), lease: "none"}
	assertError(t, mine.do(http.MethodPost, "/complete", `{"status":"failed"}`), http.StatusForbidden, "The provided update token has expired")
	requireNoContent(t, srv, http.MethodPost, mine.path+"/cancel", "")
	require.ErrorContains(t, running.Finish(pulumiapitest.Succeeded), "has ended: cancelled")
}

func TestServer_Engine_Errors(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	requireError(t, srv, http.StatusBadRequest, `"options.dry"`, http.MethodPost, prodPath+"/update", `{"options":{"dry":true}}`)
	e := createUpdate(t, srv, "update", program)
	requireError(t, srv, http.StatusBadRequest, "invalid tag name", http.MethodPost, e.path, `{"tags":{"a b":"c"}}`)
	requireError(t, srv, http.StatusNotFound, "it is not of kind destroy", http.MethodPost, strings.Replace(e.path, "update", "destroy", 1), `{}`)
	requireError(t, srv, http.StatusNotFound, "Update 'none' not found", http.MethodPost, prodPath+"/update/none", `{}`)
	e.start(`{}`)
	requireError(t, srv, http.StatusUnauthorized, "update-token", http.MethodPost, e.path+"/complete", `{"status":"failed"}`)
	const event = `"sequence":1,"timestamp":2`
	for _, test := range []struct{ method, path, body, message string }{
		{http.MethodPost, "/events/batch", `{"events":[]}`, "No events provided"},
		{http.MethodPost, "/events/batch", `{"events":[{` + event + `}]}`, "one payload, not 0"},
		{http.MethodPost, "/events/batch", `{"events":[{` + event + `,"cancelEvent":{},"stdoutEvent":{}}]}`, "one payload, not 2"},
		{http.MethodPost, "/events/batch", `{"events":[{"timestamp":2,"cancelEvent":{}}]}`, "a sequence"},
		{http.MethodPost, "/events/batch", `{"events":[{"sequence":"1","timestamp":2,"cancelEvent":{}}]}`, "sequence"},
		{http.MethodPost, "/events/batch", `{"events":[{` + event + `,"type":"cancelEvent","cancelEvent":{}}]}`, `no member "type"`},
		{http.MethodPost, "/events/batch", `{"events":[{` + event + `,"cancelEvent":7}]}`, "not a JSON object"},
		{http.MethodPatch, "/checkpoint", `{"isInvalid":true,"version":3}`, "no longer supported"},
		{http.MethodPatch, "/checkpoint", `{"isInvalid":false,"version":3}`, "must contain a checkpoint"},
		{http.MethodPatch, "/checkpoint", `{"isInvalid":false,"version":3,"deployment":[]}`, "must be a JSON object"},
		{http.MethodPost, "/renew_lease", `{"token":"x"}`, "between 0 and 300"},
		{http.MethodPost, "/renew_lease", `{"token":"x","duration":301}`, "between 0 and 300"},
		{http.MethodPost, "/complete", `{"status":"running"}`, "unrecognized status"},
		{http.MethodPost, "/complete", `{"result":"failed"}`, `"result"`},
	} {
		assertError(t, e.do(test.method, test.path, test.body), http.StatusBadRequest, test.message)
	}
	assert.Equal(t, "running", getJSON[updateStatus](t, srv, e.path).Status)
	assert.Empty(t, getJSON[eventList](t, srv, e.path+"/events").Events)
}

// In a synctest bubble, what is left of an update that never ended would be a
// deadlock, and a lease that ran out would show.
func TestServer_Close_WhileUpdatesRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := pulumiapitest.NewServer()
		for _, name := range []string{"prod", "dev"} {
			require.NoError(t, srv.AddStack(pulumiapitest.Stack{Org: "acme", Project: "web", Name: name}))
		}
		e := createUpdate(t, srv, "update", program)
		e.start(`{}`)
		running, err := srv.StartUpdate("acme", "web", "dev", pulumiapitest.Update{})
		require.NoError(t, err)
		time.Sleep(24 * time.Hour)
		assert.Equal(t, http.StatusNoContent, e.do(http.MethodPost, "/complete", `{"status":"succeeded"}`).status)
		srv.Close()
		require.NoError(t, running.Emit(pulumiapitest.StdoutEvent("what needs no network goes on")))
	})
}

func TestServer_Updates_Concurrency(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	running, err := srv.StartUpdate("acme", "web", "prod", pulumiapitest.Update{})
	require.NoError(t, err)
	var requests []*http.Request
	for _, path := range []string{"", "/export", "/updates", "/updates?output-type=service", "/updates/latest/previews", "/update/" + running.ID(), "/update/" + running.ID() + "/events"} {
		requests = append(requests, newRequest(t, srv, http.MethodGet, prodPath+path, ""))
	}
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			assert.NoError(t, running.Emit(pulumiapitest.StdoutEvent("x")))
			assert.NoError(t, running.Print(pulumiapitest.OutputLine{Text: "x"}))
			assert.NoError(t, running.SetState([]byte(`{"resources":[{}]}`), 3))
			_, err := srv.AddUpdate("acme", "web", "prod", pulumiapitest.Update{Kind: "Pupdate"})
			assert.NoError(t, err)
		})
		for _, req := range requests {
			wg.Go(func() {
				a, err := send(t, srv, req.Clone(t.Context()))
				if assert.NoError(t, err) {
					assert.Equal(t, http.StatusOK, a.status, a.body)
				}
			})
		}
	}
	wg.Wait()
	require.NoError(t, running.Finish(pulumiapitest.Succeeded))
	assert.Len(t, getJSON[updateList](t, srv, prodPath+"/updates").Updates, 1)
	srv.SetPageSize(100)
	assert.Len(t, getJSON[eventList](t, srv, prodPath+"/update/"+running.ID()+"/events").Events, 20)
}
