package pulumiapitest_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

func TestServer_ProjectExists(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	for path, want := range map[string]int{"acme/web": 200, "acme/shop": 404, "nobody/web": 404} {
		a := do(t, srv, http.MethodHead, "/api/stacks/"+path, "")
		assert.Equal(t, want, a.status, path)
		assert.Empty(t, a.body)
	}
}

func TestServer_RenameStack(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	require.NoError(t, srv.AddStack(pulumiapitest.Stack{Org: "acme", Project: "web", Name: "taken"}))
	require.NoError(t, srv.AddTeam("acme", pulumiapitest.Team{Name: "ops", Stacks: []pulumiapitest.TeamStack{{Project: "web", Stack: "prod", Permission: 102}}}))
	const path = prodPath + "/rename"
	requireError(t, srv, http.StatusBadRequest, "No rename to apply", http.MethodPost, path, `{"newName":"prod","newProject":""}`)
	requireError(t, srv, http.StatusBadRequest, "are required", http.MethodPost, path, `{"newName":"live"}`)
	requireError(t, srv, http.StatusBadRequest, "invalid stack name", http.MethodPost, path, `{"newName":"a b","newProject":""}`)
	requireError(t, srv, http.StatusBadRequest, "invalid project name", http.MethodPost, path, `{"newName":"","newProject":"a b"}`)
	requireError(t, srv, http.StatusConflict, "already exists", http.MethodPost, path, `{"newName":"taken","newProject":""}`)
	running, err := srv.StartUpdate("acme", "web", "prod", pulumiapitest.Update{})
	require.NoError(t, err)
	requireError(t, srv, http.StatusConflict, "currently in progress", http.MethodPost, path, `{"newName":"live","newProject":""}`)
	require.NoError(t, running.Finish(pulumiapitest.Succeeded))

	a := do(t, srv, http.MethodPost, path, `{"newName":"live","newProject":"shop"}`)
	require.Equal(t, http.StatusOK, a.status, a.body)
	requireError(t, srv, http.StatusNotFound, "not found", http.MethodGet, prodPath, "")
	got := getJSON[struct {
		ActiveUpdate string
		Tags         map[string]string
	}](t, srv, "/api/stacks/acme/shop/live")
	assert.Equal(t, "shop", got.Tags["pulumi:project"])
	assert.JSONEq(t, `{"updateId":"`+got.ActiveUpdate+`"}`, a.body)
	team, _ := srv.Team("acme", "ops")
	assert.Equal(t, []pulumiapitest.TeamStack{{Project: "shop", Stack: "live", Permission: 102}}, team.Stacks)
}

type deletedList struct {
	DeletedStacks []struct{ ProgramID, ProjectName, StackName string }
}

func TestServer_RestoreStack(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	require.NoError(t, srv.AddStack(pulumiapitest.Stack{Org: "acme", Project: "web", Name: "zz", Tags: map[string]string{"owner": "ada"}}))
	requireNoContent(t, srv, http.MethodDelete, prodPath, "")
	list := getJSON[deletedList](t, srv, "/api/orgs/acme/restore-stack")
	require.Len(t, list.DeletedStacks, 1)
	path := "/api/orgs/acme/restore-stack/" + list.DeletedStacks[0].ProgramID
	require.NoError(t, srv.AddStack(pulumiapitest.Stack{Org: "acme", Project: "web", Name: "prod"}))
	requireError(t, srv, http.StatusConflict, "already exists", http.MethodPost, path, `{"stackName":"prod"}`)
	requireError(t, srv, http.StatusBadRequest, "invalid stack name", http.MethodPost, path, `{"stackName":""}`)
	requireError(t, srv, http.StatusNotFound, "program", http.MethodPost, "/api/orgs/acme/restore-stack/none", `{"stackName":"old"}`)
	requireNoContent(t, srv, http.MethodPost, path, `{"stackName":"old"}`)
	assert.Equal(t, []string{"old", "zz", "prod"}, getJSON[stackList](t, srv, "/api/user/stacks").names())
	assert.Equal(t, http.StatusOK, do(t, srv, http.MethodGet, prodPath, "").status, "the one that took its name is still there")
	assert.Empty(t, getJSON[deletedList](t, srv, "/api/orgs/acme/restore-stack").DeletedStacks)
	requireError(t, srv, http.StatusNotFound, "program", http.MethodPost, path, `{"stackName":"again"}`)
}

func TestServer_RestoreStack_TheNewest25(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	for i := range 27 {
		name := fmt.Sprintf("s%d", i)
		require.NoError(t, srv.AddStack(pulumiapitest.Stack{Org: "acme", Project: "web", Name: name, Version: i % 2}))
		requireNoContent(t, srv, http.MethodDelete, "/api/stacks/acme/web/"+name, "")
	}
	list := getJSON[deletedList](t, srv, "/api/orgs/acme/restore-stack")
	require.Len(t, list.DeletedStacks, 25)
	assert.Equal(t, "s26", list.DeletedStacks[0].StackName)
}

func TestServer_TransferAllStacks(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	require.NoError(t, srv.AddOrganization("other"))
	require.NoError(t, srv.AddStack(pulumiapitest.Stack{Org: "acme", Project: "web", Name: "dev"}))
	const path = "/api/orgs/acme/bulk-transfer/stacks"
	requireError(t, srv, http.StatusBadRequest, "the path about", http.MethodPost, path, `{"fromOrg":"x","toOrg":"other"}`)
	requireError(t, srv, http.StatusBadRequest, "another organization", http.MethodPost, path, `{"fromOrg":"acme","toOrg":"acme"}`)
	requireError(t, srv, http.StatusNotFound, "Organization 'none'", http.MethodPost, path, `{"fromOrg":"acme","toOrg":"none"}`)
	require.NoError(t, srv.AddStack(pulumiapitest.Stack{Org: "other", Project: "web", Name: "dev"}))
	requireError(t, srv, http.StatusConflict, "other/web/dev", http.MethodPost, path, `{"fromOrg":"acme","toOrg":"other"}`)
	assert.Len(t, getJSON[stackList](t, srv, "/api/user/stacks?organization=acme").Stacks, 2, "all or none")
	requireNoContent(t, srv, http.MethodDelete, "/api/stacks/other/web/dev", "")
	a := do(t, srv, http.MethodPost, path, `{"fromOrg":"acme","toOrg":"other"}`)
	assert.Equal(t, http.StatusOK, a.status, a.body)
	assert.Empty(t, getJSON[stackList](t, srv, "/api/user/stacks?organization=acme").Stacks)
	assert.Len(t, getJSON[stackList](t, srv, "/api/user/stacks?organization=other").Stacks, 2)
}
