package pulumiapitest_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

// newHistory returns a server whose stack has had two updates, each after two
// previews, the second of which was of the same commit, and one preview since.
func newHistory(t *testing.T) (srv *pulumiapitest.Server, ids []string) {
	t.Helper()
	srv = newStackServer(t)
	commit := map[string]string{"git.head": "0a1b"}
	for i, u := range []pulumiapitest.Update{
		{Kind: "Pupdate"},
		{Kind: "Pupdate", Environment: commit},
		{Environment: commit, ResourceChanges: map[string]int{"create": 3}, ResourceCount: new(3)},
		{Kind: "Prefresh"},
		{Kind: "Pupdate"},
		{Kind: "refresh", Result: pulumiapitest.Failed},
		{Kind: "Pdestroy"},
	} {
		u.Started = time.Unix(1760000000+int64(i), 0)
		id, err := srv.AddUpdate("acme", "web", "prod", u)
		require.NoError(t, err)
		ids = append(ids, id)
	}
	return srv, ids
}

type oneUpdate struct {
	UpdateID string
	Version  int
}

func TestServer_UpdatesByVersion(t *testing.T) {
	t.Parallel()
	srv, ids := newHistory(t)
	assert.Equal(t, oneUpdate{ids[2], 1}, getJSON[oneUpdate](t, srv, prodPath+"/updates/1"))
	assert.Equal(t, oneUpdate{ids[5], 2}, getJSON[oneUpdate](t, srv, prodPath+"/updates/2"))
	assert.Equal(t, oneUpdate{ids[5], 2}, getJSON[oneUpdate](t, srv, prodPath+"/updates/latest"))
	assert.JSONEq(t, `{"result":"succeeded","startTime":1760000002,"endTime":1760000002,"resourceCount":3}`,
		do(t, srv, http.MethodGet, prodPath+"/updates/1/summary", "").body)
	assert.JSONEq(t, `{"summary":"update: succeeded\n    3 create\n"}`,
		do(t, srv, http.MethodGet, "/api/console/stacks/acme/web/prod/updates/"+ids[2]+"/summary", "").body)
	assert.JSONEq(t, `{"summary":"refresh: failed\n"}`,
		do(t, srv, http.MethodGet, "/api/console/stacks/acme/web/prod/updates/latest/summary", "").body)
	for _, path := range []string{"/updates/3", "/updates/0", "/updates/3/summary", "/updates/3/timeline"} {
		requireError(t, srv, http.StatusNotFound, "of stack 'acme/web/prod' not found", http.MethodGet, prodPath+path, "")
	}
	requireError(t, srv, http.StatusBadRequest, "invalid 'version'", http.MethodGet, prodPath+"/updates/first", "")
	requireError(t, newStackServer(t), http.StatusNotFound, "Update 0", http.MethodGet, prodPath+"/updates/latest", "")
}

func TestServer_PreviewsByVersionAndID(t *testing.T) {
	t.Parallel()
	srv, ids := newHistory(t)
	for version, want := range map[string][]string{"1": {ids[3], ids[4]}, "2": {ids[6]}, "latest": {ids[6]}, "3": {}} {
		list := getJSON[struct{ Updates []oneUpdate }](t, srv, prodPath+"/updates/"+version+"/previews?asc=true&page=1&pageSize=5")
		got := []string{}
		for _, u := range list.Updates {
			got = append(got, u.UpdateID)
		}
		assert.Equal(t, want, got, version)
	}
	assert.Equal(t, ids[3], getJSON[oneUpdate](t, srv, prodPath+"/previews/"+ids[3]).UpdateID)
	assert.JSONEq(t, `{"result":"succeeded","startTime":1760000003,"endTime":1760000003,"resourceCount":0}`,
		do(t, srv, http.MethodGet, prodPath+"/previews/"+ids[3]+"/summary", "").body)
	requireError(t, srv, http.StatusNotFound, "Update", http.MethodGet, prodPath+"/previews/"+ids[2], "")
}

func TestServer_Timeline(t *testing.T) {
	t.Parallel()
	srv, ids := newHistory(t)
	type timeline struct {
		Update                         oneUpdate
		Previews, CollatedUpdateEvents []oneUpdate
	}
	assert.Equal(t, timeline{
		Update: oneUpdate{ids[2], 1}, Previews: []oneUpdate{{ids[0], 1}}, CollatedUpdateEvents: []oneUpdate{{ids[1], 1}},
	}, getJSON[timeline](t, srv, prodPath+"/updates/1/timeline"))
	assert.Equal(t, timeline{
		Update: oneUpdate{ids[5], 2}, Previews: []oneUpdate{{ids[3], 2}, {ids[4], 2}}, CollatedUpdateEvents: []oneUpdate{},
	}, getJSON[timeline](t, srv, prodPath+"/updates/latest/timeline"))
}

func TestServer_Activity(t *testing.T) {
	t.Parallel()
	srv, ids := newHistory(t)
	list := getJSON[struct {
		Activity            []struct{ Update oneUpdate }
		ItemsPerPage, Total int
	}](t, srv, prodPath+"/activity?page=2&pageSize=3")
	assert.Equal(t, 7, list.Total)
	assert.Equal(t, 3, list.ItemsPerPage)
	require.Len(t, list.Activity, 3)
	assert.Equal(t, ids[3], list.Activity[0].Update.UpdateID)
	requireError(t, srv, http.StatusBadRequest, "pageSize", http.MethodGet, prodPath+"/activity?page=1", "")
}

func TestServer_UpdatesOfAKind(t *testing.T) {
	t.Parallel()
	srv, ids := newHistory(t)
	for kind, id := range map[string]string{"preview": ids[6], "refresh": ids[5]} {
		assert.Equal(t, http.StatusOK, do(t, srv, http.MethodGet, prodPath+"/"+kind+"/"+id, "").status)
		assert.Equal(t, http.StatusOK, do(t, srv, http.MethodGet, prodPath+"/"+kind+"/"+id+"/events", "").status)
		requireError(t, srv, http.StatusNotFound, "not of kind "+kind, http.MethodGet, prodPath+"/"+kind+"/"+ids[2], "")
		requireError(t, srv, http.StatusNotFound, "not of kind destroy", http.MethodGet, prodPath+"/destroy/"+id+"/events", "")
	}
}
