package pulumiapitest_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

func TestServer_StackConfig(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	const path = prodPath + "/config"
	requireError(t, srv, http.StatusNotFound, "Stack Config", http.MethodGet, path, "")
	for _, environment := range []string{"", "web", "a b/c"} {
		requireError(t, srv, http.StatusBadRequest, "invalid environment", http.MethodPut, path, `{"environment":"`+environment+`"}`)
	}
	assert.JSONEq(t, `{"environment":"web/prod@2"}`, do(t, srv, http.MethodPut, path, `{"environment":"web/prod@2"}`).body)
	assert.JSONEq(t, `{"environment":"web/prod@2"}`, do(t, srv, http.MethodGet, path, "").body)
	requireNoContent(t, srv, http.MethodDelete, path, "")
	requireError(t, srv, http.StatusNotFound, "Stack Config", http.MethodGet, path, "")
}

func TestServer_StackMetadata(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	require.NoError(t, srv.AddStack(pulumiapitest.Stack{Org: "acme", Project: "web", Name: "prod", Owner: pulumiapitest.User{Login: "ada"}}))
	requireError(t, srv, http.StatusBadRequest, "are required", http.MethodPatch, prodPath+"/notifications/settings", `{"notifyUpdateFailure":true}`)
	want := `{"orgName":"acme","projectName":"web","stackName":"prod",
		"ownedBy":{"name":"ada","githubLogin":"ada","avatarUrl":"https://avatars.pulumi.test/ada"},
		"notificationSettings":{"notifyUpdateFailure":true,"notifyUpdateSuccess":false}}`
	assert.JSONEq(t, want, do(t, srv, http.MethodPatch, prodPath+"/notifications/settings", `{"notifyUpdateFailure":true,"notifyUpdateSuccess":false}`).body)
	assert.JSONEq(t, want, do(t, srv, http.MethodGet, prodPath+"/metadata", "").body)
}

func TestServer_Annotations(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	const path = prodPath + "/annotations/review"
	requireError(t, srv, http.StatusNotFound, "Annotation 'review'", http.MethodGet, path, "")
	requireError(t, srv, http.StatusBadRequest, "not null", http.MethodPatch, path, `null`)
	requireNoContent(t, srv, http.MethodPatch, path+"?version=0", `{"by" : "ada"}`)
	requireError(t, srv, http.StatusConflict, "changed since it was read", http.MethodPatch, path+"?version=0", `{"by":"bob"}`)
	requireNoContent(t, srv, http.MethodPatch, path+"?version=1", `{"by":"bob"}`)
	requireNoContent(t, srv, http.MethodPatch, path, `{"by":"cy"}`)
	requireNoContent(t, srv, http.MethodPatch, path+"?source=ci", `{"by":"ci"}`)
	for query, want := range map[string]string{"": `{"by":"cy"}`, "?version=1": `{"by" : "ada"}`, "?version=2": `{"by":"bob"}`, "?source=ci": `{"by":"ci"}`} {
		assert.Equal(t, want, do(t, srv, http.MethodGet, path+query, "").body, query)
	}
	requireError(t, srv, http.StatusNotFound, "Annotation", http.MethodGet, path+"?version=4", "")
	requireError(t, srv, http.StatusNotFound, "Annotation", http.MethodGet, path+"?version=0", "")
}

func TestServer_StarterWorkflow(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	const path, body = prodPath + "/workflow", `{"ciSystem":"github","enablePathFilters":true,"workingDirectory":"infra"}`
	requireError(t, srv, http.StatusBadRequest, "runtime tag", http.MethodPost, path, body)
	requireNoContent(t, srv, http.MethodPost, prodPath+"/tags", `{"name":"pulumi:runtime","value":"go"}`)
	requireError(t, srv, http.StatusBadRequest, "CISystem", http.MethodPost, path, `{"ciSystem":""}`)
	requireError(t, srv, http.StatusNotFound, "WorkflowTemplate 'teletype'", http.MethodPost, path, `{"ciSystem":"teletype"}`)
	a := do(t, srv, http.MethodPost, path, body)
	assert.Equal(t, http.StatusOK, a.status)
	assert.Contains(t, a.body, `go, in \"infra\", path filters: true`)
}
