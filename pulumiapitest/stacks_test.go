package pulumiapitest_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

type stackList struct {
	Stacks []struct {
		ProjectName, StackName string
	}
	ContinuationToken *string
}

func (l stackList) names() []string {
	names := []string{}
	for _, st := range l.Stacks {
		names = append(names, st.StackName)
	}
	return names
}

func TestServer_CreateStack(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	a := do(t, srv, http.MethodPost, "/api/stacks/acme/web", `{
		"stackName": "prod",
		"tags": {"owner": "ada", "pulumi:runtime": "go"},
		"teams": ["platform"],
		"state": {"version": 3, "deployment": {"resources": [{}, {}]}},
		"config": {"environment": "web/prod"}
	}`)
	assert.Equal(t, http.StatusOK, a.status)
	assert.JSONEq(t, `{"messages":[]}`, a.body)

	a = do(t, srv, http.MethodGet, "/api/stacks/acme/web/prod", "")
	assert.JSONEq(t, `{
		"id": "acme/web/prod", "orgName": "acme", "projectName": "web", "stackName": "prod",
		"activeUpdate": "", "version": 0,
		"config": {"environment": "web/prod"},
		"tags": {"owner": "ada", "pulumi:project": "web", "pulumi:runtime": "go"}
	}`, a.body)
	requireError(t, srv, http.StatusBadRequest, "Bad Request: Stack still contains resources.", http.MethodDelete, "/api/stacks/acme/web/prod", "")
}

func TestServer_CreateStack_OwnOrganization(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	a := do(t, srv, http.MethodPost, "/api/stacks/"+srv.User()+"/web", `{"stackName":"prod"}`)
	assert.Equal(t, http.StatusOK, a.status, a.body)
}

func TestServer_CreateStack_Conflict(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	requireError(t, srv, http.StatusConflict, "Stack 'acme/web/prod' already exists", http.MethodPost, "/api/stacks/acme/web", `{"stackName":"prod"}`)
}

func TestServer_CreateStack_UnknownOrganization(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	requireError(t, srv, http.StatusNotFound, "Organization 'nobody' not found", http.MethodPost, "/api/stacks/nobody/web", `{"stackName":"prod"}`)
}

func TestServer_CreateStack_Names(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	for _, name := range []string{"a", "A.b_c-9", "...", strings.Repeat("x", 100)} {
		a := do(t, srv, http.MethodPost, "/api/stacks/acme/web", `{"stackName":"`+name+`"}`)
		assert.Equal(t, http.StatusOK, a.status, a.body)
	}
	for _, name := range []string{"", ".", "..", "a b", "a/b", "é", `a\n`, strings.Repeat("x", 101)} {
		requireError(t, srv, http.StatusBadRequest, "invalid stack name", http.MethodPost, "/api/stacks/acme/web", `{"stackName":"`+name+`"}`)
	}
	requireError(t, srv, http.StatusBadRequest, "invalid project name 'a b'", http.MethodPost, "/api/stacks/acme/a%20b", `{"stackName":"prod"}`)
}

func TestServer_CreateStack_Tags(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	for tags, message := range map[string]string{
		`{"a b":"x"}`:               "invalid tag name 'a b'",
		`{"a":null}`:                "must be text, not null",
		`{"pulumi:project":"shop"}`: "must be 'web', the project",
		`{"a":"` + strings.Repeat("x", 257) + `"}`: "257 bytes",
	} {
		requireError(t, srv, http.StatusBadRequest, message, http.MethodPost, "/api/stacks/acme/web", `{"stackName":"prod","tags":`+tags+`}`)
	}
	a := do(t, srv, http.MethodPost, "/api/stacks/acme/web", `{"stackName":"prod","tags":{"pulumi:project":"web"}}`)
	assert.Equal(t, http.StatusOK, a.status, a.body)
}

func TestServer_CreateStack_BadDeployment(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	requireError(t, srv, http.StatusBadRequest, "invalid deployment", http.MethodPost, "/api/stacks/acme/web",
		`{"stackName":"prod","state":{"deployment":[]}}`)
	a := do(t, srv, http.MethodPost, "/api/stacks/acme/web", `{"stackName":"prod","state":{"version":3}}`)
	assert.Equal(t, http.StatusOK, a.status, a.body)
}

func TestServer_GetStack(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	started := time.Date(2026, 3, 4, 5, 6, 7, 8, time.UTC)
	require.NoError(t, srv.AddStack(pulumiapitest.Stack{
		Org: "acme", Project: "web", Name: "prod",
		Tags:             map[string]string{"owner": "ada"},
		LastUpdate:       started,
		Version:          42,
		Environment:      "web/prod",
		CurrentOperation: &pulumiapitest.Operation{Kind: "update", Author: "ada", Started: started},
	}))
	a := do(t, srv, http.MethodGet, "/api/stacks/acme/web/prod", "")
	assert.Equal(t, http.StatusOK, a.status)
	assert.JSONEq(t, `{
		"id": "acme/web/prod", "orgName": "acme", "projectName": "web", "stackName": "prod",
		"activeUpdate": "00000001-0000-4000-9000-00000000002a", "version": 42,
		"config": {"environment": "web/prod"},
		"currentOperation": {"kind": "update", "author": "ada", "started": 1772600767},
		"tags": {"owner": "ada", "pulumi:project": "web"}
	}`, a.body)
}

func TestServer_GetStack_NotFound(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	for _, path := range []string{"acme/web/dev", "acme/shop/prod", "nobody/web/prod", "acme/web/PROD"} {
		requireError(t, srv, http.StatusNotFound, "Stack '"+path+"' not found", http.MethodGet, "/api/stacks/"+path, "")
	}
}

func TestServer_GetStack_Escaping(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	for _, name := range []string{
		"a b", "a/b", "a%2Fb", "100%", "a+b", "a?b#c", "ü 🚀", "a;b&c=d", `"quoted"`, "a//b", "../x", "%2e%2e", "tags",
	} {
		require.NoError(t, srv.AddStack(pulumiapitest.Stack{Org: name, Project: name, Name: name}), name)
		segment := url.PathEscape(name)
		path := "/api/stacks/" + segment + "/" + segment + "/" + segment
		got := getJSON[struct{ OrgName, ProjectName, StackName string }](t, srv, path)
		assert.Equal(t, name, got.OrgName)
		assert.Equal(t, name, got.ProjectName)
		assert.Equal(t, name, got.StackName)

		list := getJSON[stackList](t, srv, "/api/user/stacks?organization="+url.QueryEscape(name))
		assert.Equal(t, []string{name}, list.names())
		requireNoContent(t, srv, http.MethodDelete, path, "")
	}
}

func TestServer_DeleteStack(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	full := pulumiapitest.Stack{Org: "acme", Project: "web", Name: "full", ResourceCount: 3}
	require.NoError(t, srv.AddStack(full))

	requireNoContent(t, srv, http.MethodDelete, "/api/stacks/acme/web/prod", "")
	requireError(t, srv, http.StatusNotFound, "Stack 'acme/web/prod' not found", http.MethodDelete, "/api/stacks/acme/web/prod", "")
	requireError(t, srv, http.StatusNotFound, "Stack 'acme/web/prod' not found", http.MethodGet, "/api/stacks/acme/web/prod", "")

	requireError(t, srv, http.StatusBadRequest, "Bad Request: Stack still contains resources.", http.MethodDelete, "/api/stacks/acme/web/full", "")
	requireError(t, srv, http.StatusBadRequest, "Bad Request: Stack still contains resources.", http.MethodDelete, "/api/stacks/acme/web/full?force=false", "")
	requireError(t, srv, http.StatusBadRequest, "force must be true or false", http.MethodDelete, "/api/stacks/acme/web/full?force=maybe", "")
	assert.Equal(t, []string{"full"}, getJSON[stackList](t, srv, "/api/user/stacks").names())
	requireNoContent(t, srv, http.MethodDelete, "/api/stacks/acme/web/full?force=true", "")
	assert.Empty(t, getJSON[stackList](t, srv, "/api/user/stacks").Stacks)
	require.NoError(t, srv.AddStack(full), "the name is free again")
}

func TestServer_DeleteStack_WhileUpdating(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	require.NoError(t, srv.AddStack(pulumiapitest.Stack{
		Org: "acme", Project: "web", Name: "prod", CurrentOperation: &pulumiapitest.Operation{Kind: "destroy"},
	}))
	requireError(t, srv, http.StatusConflict, "under way: destroy", http.MethodDelete, "/api/stacks/acme/web/prod?force=true", "")
}

func TestServer_ListStacks(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	updated := time.Date(2026, 3, 4, 5, 6, 7, 8, time.FixedZone("", 3600))
	require.NoError(t, srv.AddStack(pulumiapitest.Stack{Org: "acme", Project: "my web", Name: "prod", LastUpdate: updated, Version: 2}))
	require.NoError(t, srv.AddStack(pulumiapitest.Stack{Org: "acme", Project: "web", Name: "imported", ResourceCount: 5}))
	require.NoError(t, srv.AddStack(pulumiapitest.Stack{Org: "acme", Project: "web", Name: "dev"}))
	a := do(t, srv, http.MethodGet, "/api/user/stacks", "")
	assert.JSONEq(t, `{"stacks": [
		{"id": "acme/my web/prod", "orgName": "acme", "projectName": "my web", "stackName": "prod",
		 "lastUpdate": 1772597167, "resourceCount": 0, "links": {"self": "https://app.pulumi.test/acme/my%20web/prod"}},
		{"id": "acme/web/imported", "orgName": "acme", "projectName": "web", "stackName": "imported",
		 "resourceCount": 5, "links": {"self": "https://app.pulumi.test/acme/web/imported"}},
		{"id": "acme/web/dev", "orgName": "acme", "projectName": "web", "stackName": "dev",
		 "links": {"self": "https://app.pulumi.test/acme/web/dev"}}
	], "continuationToken": null}`, a.body)
}

func TestServer_ListStacks_Empty(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	assert.JSONEq(t, `{"stacks": [], "continuationToken": null}`, do(t, srv, http.MethodGet, "/api/user/stacks", "").body)
}

func TestServer_ListStacks_Filters(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	for _, st := range []pulumiapitest.Stack{
		{Org: "acme", Project: "web", Name: "a", Tags: map[string]string{"owner": "ada"}},
		{Org: "acme", Project: "web", Name: "b", Tags: map[string]string{"owner": "bob"}},
		{Org: "acme", Project: "api", Name: "c"},
		{Org: "beta", Project: "web", Name: "d", Tags: map[string]string{"owner": "ada", "env:x": "a&b"}},
	} {
		require.NoError(t, srv.AddStack(st))
	}
	for query, want := range map[string][]string{
		"":                                 {"a", "b", "c", "d"},
		"organization=acme":                {"a", "b", "c"},
		"project=web":                      {"a", "b", "d"},
		"organization=acme&project=api":    {"c"},
		"tagName=owner":                    {"a", "b", "d"},
		"tagName=owner&tagValue=ada":       {"a", "d"},
		"tagName=pulumi:project":           {"a", "b", "c", "d"},
		"tagName=env%3Ax&tagValue=a%26b":   {"d"},
		"organization=none":                {},
		"roleID=some-role":                 {"a", "b", "c", "d"},
		"organization=&tagName=&tagValue=": {"a", "b", "c", "d"},
	} {
		assert.Equal(t, want, getJSON[stackList](t, srv, "/api/user/stacks?"+query).names(), query)
	}
	requireError(t, srv, http.StatusBadRequest, "tagValue needs tagName", http.MethodGet, "/api/user/stacks?tagValue=ada", "")
}

func TestServer_AddStack_Errors(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	require.ErrorContains(t, srv.AddStack(pulumiapitest.Stack{Org: "acme", Project: "web", Name: "prod"}), `stack "acme/web/prod" exists`)
	require.ErrorContains(t, srv.AddStack(pulumiapitest.Stack{Project: "web", Name: "x"}), `organization name ""`)
	require.ErrorContains(t, srv.AddStack(pulumiapitest.Stack{Org: "acme", Project: "..", Name: "x"}), `project name ".."`)
	require.ErrorContains(t, srv.AddStack(pulumiapitest.Stack{Org: "acme", Project: "web", Name: "\xff"}), `stack name "\xff"`)
	assert.Equal(t, []string{"prod"}, getJSON[stackList](t, srv, "/api/user/stacks").names())
}

func TestServer_AddStack_KeepsNoReference(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	tags := map[string]string{"owner": "ada"}
	require.NoError(t, srv.AddStack(pulumiapitest.Stack{Org: "new", Project: "web", Name: "prod", Tags: tags}))
	tags["owner"] = "bob"
	assert.Equal(t, "ada", stackTags(t, srv, "/api/stacks/new/web/prod")["owner"])
	assert.Equal(t, http.StatusOK, do(t, srv, http.MethodPost, "/api/stacks/new/web", `{"stackName":"dev"}`).status, "the organization is there")
}

func TestServer_AddOrganization_Errors(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	require.ErrorContains(t, srv.AddOrganization("acme"), `organization "acme" exists`)
	require.ErrorContains(t, srv.AddOrganization(srv.User()), "exists")
	for _, name := range []string{"", ".", "..", "\xff"} {
		require.ErrorContains(t, srv.AddOrganization(name), "cannot be sent in a path")
	}
	require.NoError(t, srv.AddOrganization("a/b c"))
}
