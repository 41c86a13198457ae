package pulumiapitest_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

func TestServer_DiscoveredResources(t *testing.T) {
	t.Parallel()
	srv := newAccountServer(t)
	const bucket = "aws:s3/bucket:Bucket::b/1%"
	path := accountPath(odd) + "/resources/" + url.PathEscape(url.PathEscape(bucket))
	requireError(t, srv, http.StatusNotFound, "not found", http.MethodGet, path, "")
	for _, state := range []string{`{"n":1}`, `{"n":1}`, `{"n":2}`} {
		requireNoContent(t, srv, http.MethodPost, accountPath(odd)+"/resources", `{"resources":[{"type":"aws:s3/bucket:Bucket","id":"b/1%","inputs":{},
			"state":`+state+`,"dependencies":[{"type":"t","id":"p"}]},{"type":"t","id":"p","inputs":{},"state":{}}]}`)
	}
	requireError(t, srv, http.StatusBadRequest, "needs", http.MethodPost, accountPath(odd)+"/resources", `{"resources":[{"type":"t","id":"x","inputs":{}}]}`)
	type version struct {
		Version     int
		PolicyState string
		State       map[string]int
	}
	assert.Equal(t, version{Version: 2, State: map[string]int{"n": 2}}, getJSON[version](t, srv, path), "what is the same is no new version")
	assert.Equal(t, version{Version: 1, State: map[string]int{"n": 1}}, getJSON[version](t, srv, path+"/versions/1"))
	requireError(t, srv, http.StatusNotFound, "Version", http.MethodGet, path+"/versions/3", "")
	versions := getJSON[struct {
		Versions  []version
		NextToken string
	}](t, srv, path+"/versions?count=1")
	require.Len(t, versions.Versions, 1)
	assert.NotEmpty(t, versions.NextToken)
	requireError(t, srv, http.StatusBadRequest, "count", http.MethodGet, path+"/versions?count=501", "")

	requireNoContent(t, srv, http.MethodPut, path+"/versions/1/policy/results", `{"claimId":"c","results":{"succeeded":false}}`)
	assert.Equal(t, "failed", getJSON[version](t, srv, path+"/versions/1").PolicyState)
	assert.Empty(t, getJSON[version](t, srv, path).PolicyState)

	edges := do(t, srv, http.MethodGet, path+"/versions/1/edges", "").body
	assert.Contains(t, edges, `"sourceVersion":1,"destUrn":"urn:pulumi:a/b 100%::insights::t::p"`)
	type related struct {
		URN      string
		To, From []related
	}
	found := getJSON[related](t, srv, path+"/references")
	require.Len(t, found.To, 1)
	assert.Equal(t, "urn:pulumi:a/b 100%::insights::t::p", found.To[0].URN)
	list := decode[[]related](t, do(t, srv, http.MethodPost, accountPath(odd)+"/resources/references",
		`{"resourceIdentifiers":[{"account":"a/b 100%","type":"t","id":"p","version":1}],"depth":1}`))
	require.Len(t, list[0].From, 1)
	assert.Equal(t, found.URN, list[0].From[0].URN)
	requireError(t, srv, http.StatusNotFound, "Resource Identifier", http.MethodPost, accountPath(odd)+"/resources/references",
		`{"resourceIdentifiers":[{"account":"x","type":"t","id":"p"}]}`)

	code := do(t, srv, http.MethodPost, "/api/preview/insights/acme/import/code/generate", `{"language":"python","urns":["`+found.URN+`"]}`)
	assert.Contains(t, code.body, "# import aws:s3/bucket:Bucket b/1%")
	requireError(t, srv, http.StatusBadRequest, "Invalid language", http.MethodPost, "/api/preview/insights/acme/import/code/generate", `{"language":"latin","urns":["x"]}`)

	const trial = "/api/preview/insights/acme/insightstrial"
	assert.Contains(t, do(t, srv, http.MethodGet, trial+"/summary", "").body, `"totalConsumed":2`)
	requireNoContent(t, srv, http.MethodPut, trial+"/deny", "")
	requireError(t, srv, http.StatusBadRequest, "has ended", http.MethodPut, trial+"/accept", "")
	assert.Empty(t, getJSON[accountList](t, srv, accountsPath).names())
}

func TestServer_DiscoveredStacks(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	require.Equal(t, http.StatusOK, do(t, srv, http.MethodPost, prodPath+"/import",
		`{"version":3,"deployment":{"resources":[{"urn":"urn:a","type":"t","id":"1"},{"urn":"urn:z","type":"t","id":"9"}]}}`).status)
	stack := pulumiapitest.DiscoveredStack{Project: "old", Name: "cfn", Provider: "aws-cloudformation", Resources: []pulumiapitest.DiscoveredResource{
		{URN: "urn:1", ID: "1", Type: "t"}, {URN: "urn:2", ID: "2", Type: "t", State: map[string]json.RawMessage{}}, {URN: "urn:3", ID: "3", Type: "t"}, {URN: "urn:4", ID: "4"},
	}}
	require.NoError(t, srv.AddDiscoveredStack("acme", stack))
	require.ErrorContains(t, srv.AddDiscoveredStack("acme", stack), "exists")
	const base = "/api/preview/insights/acme"
	requireError(t, srv, http.StatusNotFound, "No discovered stacks", http.MethodGet, base+"/discovered-stacks/none", "")
	assert.Contains(t, do(t, srv, http.MethodGet, base+"/discovered-stacks/old", "").body, `"name":"cfn"`)
	const path = base + "/discovered-stacks/old/cfn"
	assert.Contains(t, do(t, srv, http.MethodGet, path, "").body, `"stackName":"cfn"`)
	statuses := func(path string) []string {
		var all []string
		for _, r := range getJSON[struct {
			Resources []struct{ MigrationStatus string }
		}](t, srv, path).Resources {
			all = append(all, r.MigrationStatus)
		}
		return all
	}
	assert.Equal(t, []string{"NotFound", "Ready", "NotFound", "NoMatch"}, statuses(path+"/resources"))
	requireNoContent(t, srv, http.MethodPut, path+"/migration", `{"resourceUrn":"urn:4","statusOverride":"Migrated"}`)
	assert.Equal(t, []string{"Migrated", "Ready", "NotFound", "Migrated", "PulumiOnly"}, statuses(path+"/resources?compareTo=web/prod"))
	requireError(t, srv, http.StatusBadRequest, "must not be empty", http.MethodPut, path+"/migration", `{"resourceUrn":"urn:4"}`)
	requireNoContent(t, srv, http.MethodDelete, path+"/migration?resourceUrn=urn:4", "")
	requireError(t, srv, http.StatusNotFound, "Annotation", http.MethodDelete, path+"/migration?resourceUrn=urn:4", "")
	requireError(t, srv, http.StatusBadRequest, "compareTo", http.MethodGet, path+"/resources?compareTo=web", "")

	requireError(t, srv, http.StatusNotFound, "not found", http.MethodGet, base+"/stacks/old/cfn/migration", "")
	stack.Terraform = true
	require.NoError(t, srv.AddDiscoveredStack("acme", stack))
	assert.Len(t, statuses(base+"/stacks/old/cfn/migration"), 4)
}
