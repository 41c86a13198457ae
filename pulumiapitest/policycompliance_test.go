package pulumiapitest_test

import (
	"encoding/csv"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

const policyResultsPath = "/api/orgs/acme/policyresults"

// newComplianceServer returns a server with issues of two policies, in two packs: six
// resources, of which four have issues.
func newComplianceServer(t *testing.T) *pulumiapitest.Server {
	t.Helper()
	srv := newServer(t)
	for _, p := range []pulumiapitest.PolicyIssue{
		{Project: "web", Stack: "prod", Pack: "rules", Policy: "tags", URN: "urn:1", Severity: "high"},
		{Project: "web", Stack: "prod", Pack: "rules", Policy: "tags", URN: "urn:1", Severity: "high", Status: "fixed"},
		{Project: "web", Stack: "prod", Pack: "rules", Policy: "tags", URN: "urn:2", Severity: "high", Status: "fixed"},
		{Project: "web", Stack: "dev", Pack: "rules", Policy: "tags", URN: "urn:3", Severity: "high", Status: "ignored"},
		{Project: "web", Stack: "dev", Pack: "limits", Policy: "size", URN: "urn:4", Severity: "low"},
		{Account: "aws", Pack: "limits", Policy: "size", URN: "urn:5", Severity: "low", Status: "in_progress", Message: `a "quoted", text`},
		{Account: "aws", Pack: "limits", Policy: "size", URN: "urn:6", Severity: "low"},
	} {
		_, err := srv.AddPolicyIssue("acme", p)
		require.NoError(t, err)
	}
	return srv
}

func post[T any](t *testing.T, srv *pulumiapitest.Server, path, body string) T {
	t.Helper()
	a := do(t, srv, http.MethodPost, path, body)
	require.Equal(t, http.StatusOK, a.status, "%s: %s", body, a.body)
	return decode[T](t, a)
}

func TestServer_PolicyResultsMetadata(t *testing.T) {
	t.Parallel()
	srv := newComplianceServer(t)
	assert.JSONEq(t, `{"policyTotalCount":2,"policyWithIssuesCount":2,"resourcesTotalCount":6,"resourcesWithIssuesCount":4}`,
		do(t, srv, http.MethodGet, policyResultsPath+"/metadata", "").body)
	require.NoError(t, srv.AddOrganization("empty"))
	assert.JSONEq(t, `{"policyTotalCount":0,"policyWithIssuesCount":0,"resourcesTotalCount":0,"resourcesWithIssuesCount":0}`,
		do(t, srv, http.MethodGet, "/api/orgs/empty/policyresults/metadata", "").body)
	requireError(t, srv, http.StatusNotFound, "Organization", http.MethodGet, "/api/orgs/none/policyresults/metadata", "")
}

func TestServer_PolicyCompliance(t *testing.T) {
	t.Parallel()
	srv := newComplianceServer(t)
	const path = policyResultsPath + "/compliance"
	for entity, rows := range map[string]string{
		"stack":    `[{"entityName":"dev","scores":[0,100]},{"entityName":"prod","scores":[-1,50]}]`,
		"account":  `[{"entityName":"aws","scores":[0,-1]}]`,
		"severity": `[{"entityName":"high","scores":[-1,66]},{"entityName":"low","scores":[0,-1]}]`,
	} {
		assert.JSONEq(t, `{"columns":["limits","rules"],"rows":`+rows+`}`, do(t, srv, http.MethodPost, path, `{"entity":"`+entity+`"}`).body, entity)
	}
	type page struct {
		Columns           []string
		ContinuationToken string
		Rows              []struct{ EntityName string }
	}
	first := post[page](t, srv, path, `{"entity":"stack","size":1}`)
	require.Len(t, first.Rows, 1)
	last := post[page](t, srv, path, `{"entity":"stack","size":1,"continuationToken":"`+first.ContinuationToken+`"}`)
	require.Len(t, last.Rows, 1)
	assert.Equal(t, "dev prod", first.Rows[0].EntityName+" "+last.Rows[0].EntityName)
	assert.Empty(t, last.ContinuationToken)
	assert.Equal(t, first.Columns, last.Columns)
	for body, message := range map[string]string{`{}`: "Invalid entity", `{"entity":"region"}`: "Invalid entity", `{"entity":"stack","size":0}`: "Invalid size"} {
		requireError(t, srv, http.StatusBadRequest, message, http.MethodPost, path, body)
	}
	requireError(t, srv, http.StatusNotFound, "Organization", http.MethodPost, "/api/orgs/none/policyresults/compliance", `{"entity":"stack"}`)
}

const anyRows = `"rowGroupCols":[],"valueCols":[],"groupKeys":[]`

func TestServer_ListPolicies(t *testing.T) {
	t.Parallel()
	srv := newComplianceServer(t)
	const path = policyResultsPath + "/policies"
	type list struct {
		TotalCount int
		Policies   []struct {
			PolicyPack, PolicyName, Severity                      string
			FailingResources, GovernedResources, PercentCompliant int
		}
	}
	everything := `{` + anyRows + `,"sortModel":[],"filterModel":{"type":"AND","conditions":[]}`
	all := post[list](t, srv, path, everything+`}`)
	require.Len(t, all.Policies, 2)
	assert.Equal(t, 2, all.TotalCount)
	size, tags := all.Policies[0], all.Policies[1]
	assert.Equal(t, "limits size low, rules tags high", size.PolicyPack+" "+size.PolicyName+" "+size.Severity+", "+tags.PolicyPack+" "+tags.PolicyName+" "+tags.Severity)
	assert.Equal(t, []int{3, 3, 0}, []int{size.FailingResources, size.GovernedResources, size.PercentCompliant})
	assert.Equal(t, []int{1, 3, 66}, []int{tags.FailingResources, tags.GovernedResources, tags.PercentCompliant})

	second := post[list](t, srv, path, everything+`,"startRow":1,"endRow":2}`)
	require.Len(t, second.Policies, 1)
	assert.Equal(t, tags, second.Policies[0])
	assert.Equal(t, 2, second.TotalCount)
	sorted := post[list](t, srv, path, `{`+anyRows+`,"sortModel":[{"colId":"percentCompliant","sort":"desc"}],"filterModel":{"type":"AND","conditions":[]}}`)
	assert.Equal(t, tags, sorted.Policies[0])
	found := post[list](t, srv, path, `{`+anyRows+`,"sortModel":[],"filterModel":{"type":"AND","conditions":[{"filterType":"text","colId":"severity","type":"equals","filter":"low"}]}}`)
	require.Len(t, found.Policies, 1)
	assert.Equal(t, size, found.Policies[0])
	assert.Equal(t, 1, found.TotalCount)
	assert.Empty(t, post[list](t, srv, path, everything+`,"startRow":7,"endRow":9}`).Policies)
	requireError(t, srv, http.StatusBadRequest, "column", http.MethodPost, path, `{`+anyRows+`,"sortModel":[{"colId":"status","sort":"asc"}],"filterModel":{"type":"AND","conditions":[]}}`)
	requireError(t, srv, http.StatusNotFound, "Organization", http.MethodPost, "/api/orgs/none/policyresults/policies", everything+`}`)
}

func TestServer_PolicyIssueFilters(t *testing.T) {
	t.Parallel()
	srv := newComplianceServer(t)
	const path = issuesPath + "/filters"
	for query, values := range map[string]string{
		"":             `[{"name":"limits","count":3},{"name":"rules","count":1}]`,
		"?closed=true": `[{"name":"rules","count":3}]`,
	} {
		assert.JSONEq(t, `{"field":"policyPack","values":`+values+`}`, do(t, srv, http.MethodPost, path+query, `{"field":"policyPack"}`).body, query)
	}
	assert.JSONEq(t, `{"field":"status","values":[{"name":"in_progress","count":1},{"name":"open","count":2}]}`, do(t, srv, http.MethodPost, path,
		`{"field":"status","filterModel":{"type":"AND","conditions":[{"filterType":"text","colId":"policyPack","type":"equals","filter":"limits"}]}}`).body)
	for _, body := range []string{`{}`, `{"field":"percentCompliant"}`} {
		requireError(t, srv, http.StatusBadRequest, "Field parameter is required", http.MethodPost, path, body)
	}
	requireError(t, srv, http.StatusBadRequest, "closed", http.MethodPost, path+"?closed=maybe", `{"field":"status"}`)
	requireError(t, srv, http.StatusNotFound, "Organization", http.MethodPost, "/api/orgs/none/policyresults/issues/filters", `{"field":"status"}`)
}

func TestServer_ExportPolicyIssues(t *testing.T) {
	t.Parallel()
	srv := newComplianceServer(t)
	const path = issuesPath + "/export"
	export := func(query, body string) (lines []map[string]string) {
		a := do(t, srv, http.MethodPost, path+query, body)
		require.Equal(t, http.StatusOK, a.status, a.body)
		assert.Contains(t, a.header.Get("Content-Type"), "text/plain")
		records, err := csv.NewReader(strings.NewReader(a.body)).ReadAll()
		require.NoError(t, err)
		for _, record := range records[1:] {
			line := map[string]string{}
			for i, name := range records[0] {
				line[name] = record[i]
			}
			lines = append(lines, line)
		}
		return lines
	}
	byURN := `{` + anyRows + `,"startRow":0,"endRow":1,"sortModel":[{"colId":"resourceURN","sort":"desc"}],"filterModel":{"type":"AND","conditions":[]}}`
	open := export("", byURN)
	require.Len(t, open, 4, "all of them, whatever rows are asked for")
	assert.Equal(t, "urn:6", open[0]["resourceURN"])
	assert.Equal(t, `urn:5 in_progress a "quoted", text`, open[1]["resourceURN"]+" "+open[1]["status"]+" "+open[1]["message"])
	assert.Len(t, export("?closed=true", byURN), 3)
	assert.Len(t, export("", `{`+anyRows+`,"sortModel":[],"filterModel":{"type":"AND","conditions":[{"filterType":"text","colId":"policyPack","type":"equals","filter":"rules"}]}}`), 1)
	requireError(t, srv, http.StatusBadRequest, "column", http.MethodPost, path, `{`+anyRows+`,"sortModel":[{"colId":"x","sort":"asc"}],"filterModel":{"type":"AND","conditions":[]}}`)
	requireError(t, srv, http.StatusNotFound, "Organization", http.MethodPost, "/api/orgs/none/policyresults/issues/export", byURN)
}
