package pulumiapitest_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

// resourcePath escapes a resource's type and ID as a good client does: twice.
func resourcePath(account, typeAndID string) string {
	return accountPath(account) + "/resources/" + url.PathEscape(url.PathEscape(typeAndID))
}

const (
	bucket        = "aws:s3/bucket:Bucket::b/1%"
	foundURN      = "urn:pulumi:a/b 100%::insights::" + bucket
	dependencyURN = "urn:pulumi:a/b 100%::insights::t::p"
)

// upsertBucket tells the server of acme of a bucket with a state, found by way of
// the resource t::p.
func upsertBucket(t *testing.T, srv *pulumiapitest.Server, state string) {
	t.Helper()
	requireNoContent(t, srv, http.MethodPost, accountPath(odd)+"/resources", `{"resources":[{"type":"aws:s3/bucket:Bucket","id":"b/1%","inputs":{},
		"state":`+state+`,"dependencies":[{"type":"t","id":"p"}]},{"type":"t","id":"p","inputs":{},"state":{}}]}`)
}

type resourceOf struct {
	Account, Type, ID string
	Version           int
	PolicyState       string
	State             map[string]int
}

func TestServer_UpsertResources(t *testing.T) {
	t.Parallel()
	srv := newAccountServer(t)
	path := resourcePath(odd, bucket)
	requireError(t, srv, http.StatusNotFound, "Resource", http.MethodGet, path, "")
	for _, state := range []string{`{"n":1}`, `{"n":1}`, `{"n":2}`} {
		upsertBucket(t, srv, state)
	}
	want := resourceOf{Account: odd, Type: "aws:s3/bucket:Bucket", ID: "b/1%", Version: 2, State: map[string]int{"n": 2}}
	assert.Equal(t, want, getJSON[resourceOf](t, srv, path), "what is the same is no new version")
	want.Version, want.State = 1, map[string]int{"n": 1}
	assert.Equal(t, want, getJSON[resourceOf](t, srv, path+"/versions/1"))
	requireNoContent(t, srv, http.MethodPost, accountPath(odd)+"/resources",
		`{"resources":[{"type":"aws:s3/bucket:Bucket","id":"b/1%","inputs":{},"state":{"n":2}}]}`)
	assert.Equal(t, 3, getJSON[resourceOf](t, srv, path).Version, "it has lost its dependency")

	for _, item := range []string{
		`{"type":"t","id":"x","inputs":{}}`, `{"type":"t","id":"x","state":{}}`, `{"type":"","id":"x","inputs":{},"state":{}}`,
		`{"type":"t","id":"","inputs":{},"state":{}}`, `{"type":"t","id":"x","inputs":{},"state":[]}`,
	} {
		requireError(t, srv, http.StatusBadRequest, "needs", http.MethodPost, accountPath(odd)+"/resources",
			`{"resources":[{"type":"t","id":"good","inputs":{},"state":{}},`+item+`]}`)
	}
	requireError(t, srv, http.StatusNotFound, "Resource", http.MethodGet, resourcePath(odd, "t::good"), "")
	requireError(t, srv, http.StatusNotFound, "Account", http.MethodPost, accountPath("none")+"/resources", `{"resources":[]}`)
	requireError(t, srv, http.StatusNotFound, "Resource", http.MethodGet, resourcePath(child, bucket), "")
}

func TestServer_GetDiscoveredResource_Errors(t *testing.T) {
	t.Parallel()
	srv := newAccountServer(t)
	upsertBucket(t, srv, `{}`)
	path := resourcePath(odd, bucket)
	for _, rest := range []string{"", "/edges", "/references", "/stack_edges", "/versions", "/versions/1", "/versions/1/edges"} {
		assert.Equal(t, http.StatusOK, do(t, srv, http.MethodGet, path+rest, "").status, rest)
		requireError(t, srv, http.StatusNotFound, "Account 'none'", http.MethodGet, resourcePath("none", bucket)+rest, "")
		requireError(t, srv, http.StatusNotFound, "Resource 't::none'", http.MethodGet, resourcePath(odd, "t::none")+rest, "")
		requireError(t, srv, http.StatusBadRequest, "type::id", http.MethodGet, resourcePath(odd, "none")+rest, "")
	}
	for _, number := range []string{"0", "2", "-1"} {
		requireError(t, srv, http.StatusNotFound, "Resource Version '"+number+"'", http.MethodGet, path+"/versions/"+number, "")
	}
	requireError(t, srv, http.StatusBadRequest, "invalid resource version", http.MethodGet, path+"/versions/x/edges", "")
}

func TestServer_ListDiscoveredVersions(t *testing.T) {
	t.Parallel()
	srv := newAccountServer(t)
	for i := range 5 {
		upsertBucket(t, srv, fmt.Sprintf(`{"n":%d}`, i))
	}
	path := resourcePath(odd, bucket) + "/versions"
	type versions struct {
		Versions []struct {
			Version int
			Created string
		}
		NextToken string
	}
	var got []int
	for token := ""; ; {
		page := getJSON[versions](t, srv, path+"?count=2&continuationToken="+escape(token))
		for _, v := range page.Versions {
			assert.NotEmpty(t, v.Created)
			got = append(got, v.Version)
		}
		if token = page.NextToken; token == "" {
			break
		}
	}
	assert.Equal(t, []int{1, 2, 3, 4, 5}, got)
	for _, bad := range []string{"count=0", "count=501", "continuationToken=x"} {
		assert.Equal(t, http.StatusBadRequest, do(t, srv, http.MethodGet, path+"?"+bad, "").status, bad)
	}
}

func TestServer_ListEdges(t *testing.T) {
	t.Parallel()
	srv := newAccountServer(t)
	upsertBucket(t, srv, `{"n":1}`)
	path := resourcePath(odd, bucket)
	edge := func(version int) string {
		return fmt.Sprintf(`{"edges":[{"sourceUrn":%q,"sourceVersion":%d,"destUrn":%q,"edgeType":"dependency"}]}`, foundURN, version, dependencyURN)
	}
	assert.JSONEq(t, edge(1), do(t, srv, http.MethodGet, path+"/edges", "").body)
	upsertBucket(t, srv, `{"n":2}`)
	assert.JSONEq(t, edge(2), do(t, srv, http.MethodGet, path+"/edges", "").body)
	assert.JSONEq(t, edge(1), do(t, srv, http.MethodGet, path+"/versions/1/edges", "").body)

	requireNoContent(t, srv, http.MethodPost, accountPath(odd)+"/resources",
		`{"resources":[{"type":"t","id":"x","inputs":{},"state":{},"dependencies":[{"type":"t","id":"1"},{"type":"t","id":"2"}]}]}`)
	type edges struct {
		Edges     []struct{ DestURN string }
		NextToken string
	}
	many := resourcePath(odd, "t::x") + "/edges?count=1"
	first := getJSON[edges](t, srv, many)
	require.Len(t, first.Edges, 1)
	second := getJSON[edges](t, srv, many+"&continuationToken="+escape(first.NextToken))
	require.Len(t, second.Edges, 1)
	assert.NotEqual(t, first.Edges, second.Edges)
	assert.Empty(t, second.NextToken)
	assert.Equal(t, http.StatusBadRequest, do(t, srv, http.MethodGet, path+"/edges?count=501", "").status)
}

// A stack manages what has the same type and ID in its state.
func TestServer_ListStackEdges(t *testing.T) {
	t.Parallel()
	srv := newAccountServer(t)
	upsertBucket(t, srv, `{}`)
	path := resourcePath(odd, bucket) + "/stack_edges"
	assert.JSONEq(t, `{"edges":[]}`, do(t, srv, http.MethodGet, path, "").body)
	for _, name := range []string{"prod", "dev"} {
		require.NoError(t, srv.AddStack(pulumiapitest.Stack{Org: "acme", Project: "web", Name: name}))
		require.Equal(t, http.StatusOK, do(t, srv, http.MethodPost, "/api/stacks/acme/web/"+name+"/import", `{"version":3,"deployment":{"resources":[
			{"urn":"urn:`+name+`:bucket","type":"aws:s3/bucket:Bucket","id":"b/1%"},{"urn":"urn:`+name+`:z","type":"t","id":"b/1%"}]}}`).status)
	}
	assert.JSONEq(t, `{"edges":[{"insightsResourceId":"b/1%","stackResourceUrn":"urn:dev:bucket"},{"insightsResourceId":"b/1%","stackResourceUrn":"urn:prod:bucket"}]}`,
		do(t, srv, http.MethodGet, path, "").body)
}

type relatedOf struct {
	URN             string
	Resource        resourceOf
	IndexedResource struct{ Package, Module, Account, Managed string }
	To, From        []relatedOf
}

func TestServer_InsightsReferences(t *testing.T) {
	t.Parallel()
	srv := newAccountServer(t)
	upsertBucket(t, srv, `{"n":1}`)
	upsertBucket(t, srv, `{"n":2}`)
	found := getJSON[relatedOf](t, srv, resourcePath(odd, bucket)+"/references")
	assert.Equal(t, foundURN, found.URN)
	assert.Equal(t, 2, found.Resource.Version)
	assert.Equal(t, "aws s3/bucket discovered", found.IndexedResource.Package+" "+found.IndexedResource.Module+" "+found.IndexedResource.Managed)
	assert.Empty(t, found.From)
	require.Len(t, found.To, 1)
	assert.Equal(t, dependencyURN, found.To[0].URN)
	assert.Empty(t, found.To[0].From, "one step, and no further")

	path := accountPath(odd) + "/resources/references"
	ask := func(body string) []relatedOf {
		a := do(t, srv, http.MethodPost, path, body)
		require.Equal(t, http.StatusOK, a.status, a.body)
		return decode[[]relatedOf](t, a)
	}
	list := ask(`{"resourceIdentifiers":[{"account":"a/b 100%","type":"t","id":"p","version":1},
		{"account":"a/b 100%","type":"aws:s3/bucket:Bucket","id":"b/1%","version":1}],"depth":1}`)
	require.Len(t, list, 2)
	require.Len(t, list[0].From, 1)
	assert.Equal(t, found.URN, list[0].From[0].URN)
	assert.Equal(t, map[string]int{"n": 1}, list[1].Resource.State)
	deep := ask(`{"resourceIdentifiers":[{"account":"a/b 100%","type":"t","id":"p"}],"depth":1000}`)
	assert.Equal(t, foundURN, deep[0].From[0].To[0].From[0].URN, "they go round in circles")
	none := ask(`{"resourceIdentifiers":[{"account":"a/b 100%","type":"t","id":"p"}],"depth":0}`)
	assert.Empty(t, none[0].From)

	for _, id := range []string{
		`{"account":"x","type":"t","id":"p"}`, `{"account":"a/b 100%","type":"t","id":"x"}`, `{"account":"a/b 100%","type":"t","id":"p","version":2}`,
	} {
		requireError(t, srv, http.StatusNotFound, "not found", http.MethodPost, path, `{"resourceIdentifiers":[`+id+`]}`)
	}
	requireError(t, srv, http.StatusNotFound, "Account 'none'", http.MethodPost, accountPath("none")+"/resources/references", `{"resourceIdentifiers":[]}`)
}

func TestServer_UpdatePolicyResults(t *testing.T) {
	t.Parallel()
	srv := newAccountServer(t)
	upsertBucket(t, srv, `{"n":1}`)
	upsertBucket(t, srv, `{"n":2}`)
	path := resourcePath(odd, bucket)
	for results, state := range map[string]string{
		`{"succeeded":true}`: "passed",
		`{"succeeded":false,"violations":[{"message":"m","policyName":"p","policyPackName":"pp","policyPackVersion":"1","enforcementLevel":"mandatory",
			"kind":"audit","resourceURN":"urn:a"}]}`: "failed",
	} {
		requireNoContent(t, srv, http.MethodPut, path+"/versions/1/policy/results", `{"claimId":"c","results":`+results+`}`)
		assert.Equal(t, state, getJSON[resourceOf](t, srv, path+"/versions/1").PolicyState)
		assert.Empty(t, getJSON[resourceOf](t, srv, path).PolicyState, "the other version is another matter")
	}
	requireError(t, srv, http.StatusBadRequest, "are required", http.MethodPut, path+"/versions/1/policy/results", `{"claimId":"c"}`)
	requireError(t, srv, http.StatusBadRequest, "are required", http.MethodPut, path+"/versions/1/policy/results", `{"results":{"succeeded":true}}`)
	requireError(t, srv, http.StatusBadRequest, "invalid resource version", http.MethodPut, path+"/versions/x/policy/results", `{}`)
	requireError(t, srv, http.StatusNotFound, "Resource Version", http.MethodPut, path+"/versions/3/policy/results", `{}`)
}

func TestServer_UpdateStackPolicyResults(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	require.NoError(t, srv.AddStack(pulumiapitest.Stack{Org: "acme", Project: "web", Name: "prod", Version: 2}))
	const path = "/api/preview/insights/acme/policy/stacks/web/prod/updates/"
	const results = `{"claimId":"c","results":{"succeeded":true}}`
	requireNoContent(t, srv, http.MethodPut, path+"2/results", results)
	requireAudit(t, srv, "Stack Policy Results Updated", `Found 0 policy violations in version 2 of stack "web/prod"`)
	for _, version := range []string{"0", "3"} {
		requireError(t, srv, http.StatusNotFound, "Program Update", http.MethodPut, path+version+"/results", results)
	}
	assert.Equal(t, http.StatusBadRequest, do(t, srv, http.MethodPut, path+"x/results", results).status)
	requireError(t, srv, http.StatusBadRequest, "are required", http.MethodPut, path+"2/results", `{}`)
	requireError(t, srv, http.StatusNotFound, "Stack", http.MethodPut, "/api/preview/insights/acme/policy/stacks/web/none/updates/1/results", results)
}

func TestServer_GenerateImportCode(t *testing.T) {
	t.Parallel()
	srv := newAccountServer(t)
	upsertBucket(t, srv, `{}`)
	const path = "/api/preview/insights/acme/import/code/generate"
	code := func(language string) string {
		return decode[struct{ Code string }](t, do(t, srv, http.MethodPost, path, fmt.Sprintf(`{"language":%q,"urns":[%q,%q]}`, language, foundURN, dependencyURN))).Code
	}
	assert.Equal(t, "# import aws:s3/bucket:Bucket b/1%\n# import t p\n", code("python"))
	assert.Equal(t, "// import aws:s3/bucket:Bucket b/1%\n// import t p\n", code("typescript"))
	for _, body := range []string{`{"language":"latin","urns":["` + foundURN + `"]}`, `{"language":"go","urns":[]}`, `{"language":"go","urns":["x"]}`} {
		requireError(t, srv, http.StatusBadRequest, "Invalid language or URNs", http.MethodPost, path, body)
	}
	requireError(t, srv, http.StatusNotFound, "Organization", http.MethodPost, "/api/preview/insights/none/import/code/generate", `{}`)
}
