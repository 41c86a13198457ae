package pulumiapitest_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

const (
	prodPath = "/api/stacks/acme/web/prod"
	tagsPath = prodPath + "/tags"
)

func stackTags(t *testing.T, srv *pulumiapitest.Server, path string) map[string]string {
	t.Helper()
	return getJSON[struct{ Tags map[string]string }](t, srv, path).Tags
}

func newTagServer(t *testing.T) *pulumiapitest.Server {
	t.Helper()
	srv := newServer(t)
	require.NoError(t, srv.AddStack(pulumiapitest.Stack{
		Org: "acme", Project: "web", Name: "prod", Tags: map[string]string{"owner": "ada", "pulumi:runtime": "go"},
	}))
	return srv
}

func TestServer_AddStackTag(t *testing.T) {
	t.Parallel()
	srv := newTagServer(t)
	longest := strings.Repeat("é", 128)
	requireNoContent(t, srv, http.MethodPost, tagsPath, `{"name":"a-Z_0.9:x","value":"`+longest+`"}`)
	requireNoContent(t, srv, http.MethodPost, tagsPath, `{"name":"empty","value":""}`)
	requireNoContent(t, srv, http.MethodPost, tagsPath, `{"name":"vcs:owner","value":"acme"}`)
	assert.Equal(t, map[string]string{
		"owner": "ada", "pulumi:runtime": "go", "pulumi:project": "web",
		"a-Z_0.9:x": longest, "empty": "", "vcs:owner": "acme",
	}, stackTags(t, srv, prodPath))
}

func TestServer_AddStackTag_Errors(t *testing.T) {
	t.Parallel()
	srv := newTagServer(t)
	for body, message := range map[string]string{
		`{"name":"owner","value":"bob"}`:                          "tag 'owner' already exists on stack 'acme/web/prod'",
		`{"name":"pulumi:project","value":"x"}`:                   "already exists",
		`{"name":"a b","value":"x"}`:                              "invalid tag name 'a b'",
		`{"name":"","value":"x"}`:                                 "invalid tag name",
		`{"name":"ü","value":"x"}`:                                "invalid tag name",
		`{"name":"a\n","value":"x"}`:                              "invalid tag name",
		`{"name":"a/b","value":"x"}`:                              "invalid tag name",
		`{"name":"a"}`:                                            "needs a name and a value",
		`{"value":"x"}`:                                           "needs a name and a value",
		`{"name":"a","value":null}`:                               "needs a name and a value",
		`{"name":"a","value":"x","description":"y"}`:              `"description"`,
		`{"name":"` + strings.Repeat("x", 41) + `","value":"x"}`:  "invalid tag name",
		`{"name":"a","value":"` + strings.Repeat("é", 129) + `"}`: "258 bytes",
	} {
		requireError(t, srv, http.StatusBadRequest, message, http.MethodPost, tagsPath, body)
	}
	assert.Len(t, stackTags(t, srv, prodPath), 3)
	requireError(t, srv, http.StatusNotFound, "Stack 'acme/web/dev' not found", http.MethodPost, "/api/stacks/acme/web/dev/tags", `{"name":"a","value":"b"}`)
}

func TestServer_UpdateStackTag(t *testing.T) {
	t.Parallel()
	srv := newTagServer(t)
	requireNoContent(t, srv, http.MethodPatch, tagsPath+"/owner", `{"name":"owner","value":"bob"}`)
	assert.Equal(t, "bob", stackTags(t, srv, prodPath)["owner"])
}

func TestServer_UpdateStackTag_Errors(t *testing.T) {
	t.Parallel()
	srv := newTagServer(t)
	for _, test := range []struct {
		tag, body string
		status    int
		message   string
	}{
		{"owner", `{"value":"bob"}`, http.StatusBadRequest, "needs a name and a value"},
		{"owner", `{"name":"owner"}`, http.StatusBadRequest, "needs a name and a value"},
		{"owner", `{"name":"other","value":"bob"}`, http.StatusBadRequest, "about tag 'other', the path about tag 'owner'"},
		{"owner", `{"name":"owner","value":"` + strings.Repeat("x", 257) + `"}`, http.StatusBadRequest, "257 bytes"},
		{"absent", `{"name":"absent","value":"x"}`, http.StatusNotFound, "Tag 'absent' not found on stack 'acme/web/prod'"},
		{"pulumi:runtime", `{"name":"pulumi:runtime","value":"nodejs"}`, http.StatusBadRequest, "built in"},
		{"vcs:root", `{"name":"vcs:root","value":"x"}`, http.StatusBadRequest, "built in"},
	} {
		requireError(t, srv, test.status, test.message, http.MethodPatch, tagsPath+"/"+test.tag, test.body)
	}
	assert.Equal(t, map[string]string{"owner": "ada", "pulumi:runtime": "go", "pulumi:project": "web"}, stackTags(t, srv, prodPath))
	requireError(t, srv, http.StatusNotFound, "not found", http.MethodPatch, "/api/stacks/acme/web/dev/tags/owner", `{"name":"owner","value":"b"}`)
}

func TestServer_ReplaceStackTags(t *testing.T) {
	t.Parallel()
	srv := newTagServer(t)
	requireNoContent(t, srv, http.MethodPatch, tagsPath, `{"team":"storefront","pulumi:project":"web"}`)
	assert.Equal(t, map[string]string{"team": "storefront", "pulumi:project": "web"}, stackTags(t, srv, prodPath))
	requireNoContent(t, srv, http.MethodPatch, tagsPath, `{}`)
	assert.Equal(t, map[string]string{"pulumi:project": "web"}, stackTags(t, srv, prodPath), "a stack always has a project")
}

func TestServer_ReplaceStackTags_Errors(t *testing.T) {
	t.Parallel()
	srv := newTagServer(t)
	for body, message := range map[string]string{
		`{"team":"x","pulumi:project":"shop"}`: "must be 'web', the project",
		`{"team":"x","a b":"y"}`:               "invalid tag name 'a b'",
		`{"team":null}`:                        "must be text, not null",
		`{"team":7}`:                           "invalid request body",
		`null`:                                 "a map of tags is expected",
		`[]`:                                   "invalid request body",
		`{"team":"` + strings.Repeat("x", 257) + `"}`: "257 bytes",
	} {
		requireError(t, srv, http.StatusBadRequest, message, http.MethodPatch, tagsPath, body)
	}
	assert.Equal(t, "ada", stackTags(t, srv, prodPath)["owner"], "all or nothing")
	requireError(t, srv, http.StatusNotFound, "not found", http.MethodPatch, "/api/stacks/acme/web/dev/tags", `{}`)
}

func TestServer_DeleteStackTag(t *testing.T) {
	t.Parallel()
	srv := newTagServer(t)
	requireNoContent(t, srv, http.MethodDelete, tagsPath+"/owner", "")
	requireError(t, srv, http.StatusNotFound, "Tag 'owner' not found", http.MethodDelete, tagsPath+"/owner", "")
	for _, builtIn := range []string{
		"pulumi:project", "pulumi:runtime", "pulumi:description", "pulumi:template", "vcs:owner", "vcs:repo", "vcs:kind", "vcs:root",
	} {
		requireError(t, srv, http.StatusBadRequest, "built in", http.MethodDelete, tagsPath+"/"+url.PathEscape(builtIn), "")
	}
	requireError(t, srv, http.StatusNotFound, "Stack 'acme/web/dev' not found", http.MethodDelete, "/api/stacks/acme/web/dev/tags/owner", "")
}

func TestServer_DeleteStackTag_Escaping(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	names := []string{"a b", "a/b", "a%2Fb", "team:x", "ü"}
	tags := map[string]string{}
	for _, name := range names {
		tags[name] = "x"
	}
	require.NoError(t, srv.AddStack(pulumiapitest.Stack{Org: "acme", Project: "web", Name: "prod", Tags: tags}))
	for _, name := range names {
		requireNoContent(t, srv, http.MethodDelete, tagsPath+"/"+url.PathEscape(name), "")
	}
	assert.Len(t, stackTags(t, srv, prodPath), 1)
}
