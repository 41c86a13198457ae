package pulumiapitest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

// A server that is not strict takes what newer clients send.
func TestServer_IgnoresUnknownMembers(t *testing.T) {
	t.Parallel()
	srv := pulumiapitest.NewServer(pulumiapitest.ForTest(t))
	require.NoError(t, srv.AddOrganization("acme"))
	a := do(t, srv, http.MethodPost, "/api/stacks/acme/web", `{"stackName":"prod","new":{"x":[1]},"config":{"environment":"a/b","new":1}}`)
	require.Equal(t, http.StatusOK, a.status, a.body)
	e := createUpdate(t, srv, "update", strings.Replace(program, `"debug": false`, `"debug": false, "new": null`, 1))
	e.start(`{"tags":null,"new":1}`)
	a = e.do(http.MethodPatch, "/checkpoint", `{"isInvalid":false,"version":3,"deployment":{"new":1},"new":1}`)
	require.Equal(t, http.StatusNoContent, a.status, a.body)
	a = e.do(http.MethodPost, "/events/batch", `{"new":1,"events":[
		{"sequence":0,"timestamp":1,"new":1,"stdoutEvent":{"message":"m","color":"raw"}},
		{"sequence":1,"timestamp":1,"brandNewEvent":{"x":1}},
		{"sequence":2,"timestamp":1,"stdoutEvent":{"message":"m","color":"raw"},"brandNewEvent":{"x":1}}]}`)
	require.Equal(t, http.StatusOK, a.status, a.body)
	var types []any
	for _, event := range getJSON[eventList](t, srv, e.path+"/events").Events {
		types = append(types, event["type"])
	}
	assert.Equal(t, []any{"stdoutEvent", "brandNewEvent", "stdoutEvent"}, types)
	assertError(t, e.do(http.MethodPost, "/events/batch", `{"events":[{"sequence":3,"timestamp":1,"new":1}]}`), http.StatusBadRequest, "one payload, not 0")
	a = e.do(http.MethodPost, "/renew_lease", `{"token":"","duration":300,"new":1}`)
	require.Equal(t, http.StatusOK, a.status, a.body)
	e.lease = decode[struct{ Token string }](t, a).Token
	require.Equal(t, http.StatusNoContent, e.do(http.MethodPost, "/complete", `{"status":"succeeded","new":1}`).status)
	require.Equal(t, http.StatusOK, do(t, srv, http.MethodPost, prodPath+"/import", `{"version":3,"deployment":{},"new":1}`).status)
}

func TestServer_TakesNullForAnArray(t *testing.T) {
	t.Parallel()
	srv := pulumiapitest.NewServer(pulumiapitest.ForTest(t))
	_, err := srv.AddPolicyIssue("acme", pulumiapitest.PolicyIssue{ID: "i", Project: "web", Stack: "prod"})
	require.NoError(t, err)
	list := listIssues(t, srv, "", `{"sortModel":null,"rowGroupCols":null,"valueCols":null,"groupKeys":null,"filterModel":{"type":"AND","conditions":null}}`)
	assert.Equal(t, "i", list.ids())
}
