package pulumiapitest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

// oddDeployment has what an encoder would change: white space, escapes, characters
// that need none, numbers that no float64 holds, a name twice, bytes that are not UTF-8.
const oddDeployment = "{ \"resources\" : [ { \"urn\":\"a\\u003cb\\/<&>\\u2028\u2028\" } ,\t{}\n],\n" +
	"\"big\": 123456789012345678901234567890.10, \"huge\": 1e999, \"twice\": 1, \"twice\": 2, \"bad\": \"\xff\xfe\", \"lone\": \"\\ud800\" }"

// assertExport wants these very bytes.
func assertExport(t *testing.T, srv *pulumiapitest.Server, path, want string) {
	t.Helper()
	a := do(t, srv, http.MethodGet, path+"/export", "")
	assert.Equal(t, http.StatusOK, a.status)
	assert.Equal(t, want, a.body)
}

func TestServer_ExportStack_Unchanged(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	a := do(t, srv, http.MethodPost, prodPath+"/import", ` { "features": ["refreshBeforeUpdate", "<&>"], "deployment" : `+oddDeployment+` , "version" : 4 } `)
	require.Equal(t, http.StatusOK, a.status, a.body)
	assert.JSONEq(t, `{"updateId": "00000001-0000-4000-9000-000000000001"}`, a.body)
	exported := do(t, srv, http.MethodGet, prodPath+"/export", "")
	assert.Equal(t, http.StatusOK, exported.status)
	assert.Equal(t, "application/json", exported.header.Get("Content-Type"))
	assertExport(t, srv, prodPath, `{"version":4,"features":["refreshBeforeUpdate","\u003c\u0026\u003e"],"deployment":`+oddDeployment+`}`)

	// And again, what was exported; and large enough to be compressed.
	large := strings.TrimSuffix(oddDeployment, "}") + `, "more": "` + strings.Repeat("x\xff", 5000) + `"}`
	require.Equal(t, http.StatusOK, do(t, srv, http.MethodPost, prodPath+"/import", exported.body).status)
	assert.Equal(t, exported.body, do(t, srv, http.MethodGet, prodPath+"/export", "").body)
	require.NoError(t, srv.SetState("acme", "web", "prod", []byte(" "+large+"\n"), 7))
	assertExport(t, srv, prodPath, `{"version":7,"deployment":`+large+`}`)
}

func TestServer_ExportStack_NoState(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	assert.JSONEq(t, `{"version": 3, "deployment": {"manifest": {"time": "0001-01-01T00:00:00Z", "magic": "", "version": ""}}}`,
		do(t, srv, http.MethodGet, prodPath+"/export", "").body)
	requireError(t, srv, http.StatusNotFound, "Stack 'acme/web/dev' not found", http.MethodGet, "/api/stacks/acme/web/dev/export", "")
}

func TestServer_ExportStack_OfCreation(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	a := do(t, srv, http.MethodPost, "/api/stacks/acme/web", `{"stackName":"prod","state":{"version":3,"deployment":{"resources":[ {} ]}}}`)
	require.Equal(t, http.StatusOK, a.status, a.body)
	assertExport(t, srv, prodPath, `{"version":3,"deployment":{"resources":[ {} ]}}`)
}

func TestServer_ImportStack(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	require.NoError(t, srv.AddStack(pulumiapitest.Stack{Org: "acme", Project: "web", Name: "prod", Version: 41, ResourceCount: 9}))
	a := do(t, srv, http.MethodPost, prodPath+"/import", `{"version":3,"deployment":{"resources":[{},{}]}}`)
	require.Equal(t, http.StatusOK, a.status, a.body)

	stack := getStackOf(t, srv)
	assert.Equal(t, 42, stack.Version)
	assert.Equal(t, "00000001-0000-4000-9000-00000000002a", stack.ActiveUpdate)
	assert.Contains(t, a.body, stack.ActiveUpdate)
	assert.Nil(t, stack.CurrentOperation)
	list := getJSON[updateList](t, srv, prodPath+"/updates?output-type=service")
	require.Len(t, list.Updates, 1)
	assert.Equal(t, stack.ActiveUpdate, list.Updates[0].UpdateID)
	assert.Equal(t, "import", list.Updates[0].Info.Kind)
	assert.Equal(t, "succeeded", list.Updates[0].Info.Result)
	assert.Equal(t, 2, list.Updates[0].Info.ResourceCount)
	assert.Equal(t, srv.User(), list.Updates[0].RequestedBy.GitHubLogin)
	assert.JSONEq(t, `{"status":"succeeded","events":[]}`, do(t, srv, http.MethodGet, prodPath+"/update/"+stack.ActiveUpdate, "").body)

	requireError(t, srv, http.StatusBadRequest, "Bad Request: Stack still contains resources.", http.MethodDelete, prodPath, "")
	require.NoError(t, srv.SetState("acme", "web", "prod", []byte(`{}`), 3))
	requireNoContent(t, srv, http.MethodDelete, prodPath, "")
}

func TestServer_ImportStack_Errors(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	require.NoError(t, srv.SetState("acme", "web", "prod", []byte(`{"kept":true}`), 3))
	for body, message := range map[string]string{
		``:                                           "JSON is expected",
		`{"version":3,"deployment":{}`:               "invalid request body",
		`{"version":3}`:                              "must be a JSON object",
		`{"version":3,"deployment":null}`:            "must be a JSON object",
		`{"version":3,"deployment":[]}`:              "must be a JSON object",
		`{"version":3,"deployment":"{}"}`:            "must be a JSON object",
		`{"deployment":{}}`:                          "the version of its schema",
		`{"version":1e999,"deployment":{}}`:          "invalid request body",
		`{"version":3,"deployment":{"resources":7}}`: "invalid deployment",
		`{"version":3,"deployment":{},"state":{}}`:   `"state"`,
		`{"version":3,"Deployment":{}}`:              `"Deployment"`,
	} {
		requireError(t, srv, http.StatusBadRequest, message, http.MethodPost, prodPath+"/import", body)
	}
	assertExport(t, srv, prodPath, `{"version":3,"deployment":{"kept":true}}`)
	assert.Zero(t, getStackOf(t, srv).Version)

	running, err := srv.StartUpdate("acme", "web", "prod", pulumiapitest.Update{})
	require.NoError(t, err)
	const good = `{"version":3,"deployment":{}}`
	requireError(t, srv, http.StatusConflict, "Another update is currently in progress", http.MethodPost, prodPath+"/import", good)
	require.NoError(t, running.Finish(pulumiapitest.Failed))
	assert.Equal(t, http.StatusOK, do(t, srv, http.MethodPost, prodPath+"/import", good).status)
}

func TestServer_SetState_Errors(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	require.ErrorContains(t, srv.SetState("acme", "web", "dev", []byte(`{}`), 3), `there is no stack "acme/web/dev"`)
	for _, bad := range []string{``, `[]`, `null`, `{`, `{} {}`, `{"resources":{}}`} {
		require.ErrorContains(t, srv.SetState("acme", "web", "prod", []byte(bad), 3), "pulumiapitest: ", bad)
	}
}

func TestServer_SetState_KeepsNoReference(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	mine := []byte(`{"a":1}`)
	require.NoError(t, srv.SetState("acme", "web", "prod", mine, 3))
	mine[5] = '2'
	assertExport(t, srv, prodPath, `{"version":3,"deployment":{"a":1}}`)
}

func TestServer_TransferStack(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	require.NoError(t, srv.AddOrganization("beta"))
	require.NoError(t, srv.AddStack(pulumiapitest.Stack{Org: "beta", Project: "web", Name: "taken"}))
	require.NoError(t, srv.SetState("acme", "web", "prod", []byte(`{"resources":[{}]}`), 3))
	updateID, err := srv.AddUpdate("acme", "web", "prod", pulumiapitest.Update{Message: "before"})
	require.NoError(t, err)

	requireNoContent(t, srv, http.MethodPost, prodPath+"/transfer", `{"toOrg":"beta"}`)
	requireError(t, srv, http.StatusNotFound, "Stack 'acme/web/prod' not found", http.MethodGet, prodPath, "")
	const moved = "/api/stacks/beta/web/prod"
	assertExport(t, srv, moved, `{"version":3,"deployment":{"resources":[{}]}}`)
	list := getJSON[updateList](t, srv, moved+"/updates?output-type=service")
	require.Len(t, list.Updates, 1)
	assert.Equal(t, updateID, list.Updates[0].UpdateID)
	assert.Equal(t, "beta", getJSON[struct{ OrgName string }](t, srv, moved).OrgName)
	assert.Equal(t, []string{"prod", "taken"}, getJSON[stackList](t, srv, "/api/user/stacks?organization=beta").names())

	requireNoContent(t, srv, http.MethodPost, moved+"/transfer", `{"fromOrg":"beta","projectName":"web","stackName":"prod","toOrg":"acme"}`)
	assert.Equal(t, http.StatusOK, do(t, srv, http.MethodGet, prodPath, "").status)
}

func TestServer_TransferStack_Errors(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	require.NoError(t, srv.AddStack(pulumiapitest.Stack{Org: "beta", Project: "web", Name: "prod"}))
	require.NoError(t, srv.AddOrganization("gamma"))
	for _, test := range []struct {
		body    string
		status  int
		message string
	}{
		{`{}`, http.StatusBadRequest, "toOrg is required"},
		{`{"toOrg":"nobody"}`, http.StatusNotFound, "Organization 'nobody' not found"},
		{`{"toOrg":"beta"}`, http.StatusConflict, "Stack 'beta/web/prod' already exists"},
		{`{"toOrg":"acme"}`, http.StatusConflict, "already exists"},
		{`{"toOrg":"gamma","stackName":"dev"}`, http.StatusBadRequest, "it is about 'dev', the path about 'prod'"},
		{`{"toOrg":"gamma","org":"x"}`, http.StatusBadRequest, `"org"`},
	} {
		requireError(t, srv, test.status, test.message, http.MethodPost, prodPath+"/transfer", test.body)
	}
	_, err := srv.StartUpdate("acme", "web", "prod", pulumiapitest.Update{Kind: "refresh"})
	require.NoError(t, err)
	requireError(t, srv, http.StatusConflict, "under way: refresh", http.MethodPost, prodPath+"/transfer", `{"toOrg":"gamma"}`)
	assert.Equal(t, http.StatusOK, do(t, srv, http.MethodGet, prodPath, "").status)
}
