package pulumiapitest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

const (
	issuesPath     = "/api/orgs/acme/policyresults/issues"
	violationsPath = "/api/orgs/acme/policyresults/violationsv2"
)

type issueOf struct {
	ID, EntityType, EntityProject, EntityID       string
	StackVersion, ResourceVersion                 *int
	PolicyPack, PolicyName, ResourceName, Message string
	Level, Severity, Status, Kind, Priority       string
	ObservedAt, LastModified                      *time.Time
	AssignedTo                                    *struct{ Name, GithubLogin string }
	PolicyGroupName, PolicyGroupType              string
}

type issueList struct {
	PolicyIssues []issueOf
	GroupData    []map[string]any
	RowCount     int
}

func (l issueList) ids() string {
	var ids []string
	for _, i := range l.PolicyIssues {
		ids = append(ids, i.ID)
	}
	return strings.Join(ids, " ")
}

// newIssueServer returns a server with the issues a to f.
func newIssueServer(t *testing.T) *pulumiapitest.Server {
	t.Helper()
	srv := newPeopleServer(t)
	for i, p := range []pulumiapitest.PolicyIssue{
		{ID: "a", Project: "web", Stack: "prod", Version: 9, Severity: "high", Policy: "No public access", AssignedTo: "ada"},
		{ID: "b", Project: "web", Stack: "dev", Version: 10, Severity: "low", Policy: "required-tags", Status: "in_progress"},
		{ID: "c", Account: "Acme AWS/us-east-1", Version: 2, Severity: "high", Policy: "required-tags", Message: "50% of it"},
		{ID: "d", Project: "data", Stack: "prod", Version: 1, Status: "fixed", Severity: "low"},
		{ID: "e", Project: "data", Stack: "prod", Version: 1, Status: "ignored", Severity: "low"},
		{ID: "f", Account: "alone", Status: "by_design"},
	} {
		p.Observed = time.Date(2025, 1, i+1, 0, 0, 0, 0, time.UTC)
		_, err := srv.AddPolicyIssue("acme", p)
		require.NoError(t, err)
	}
	return srv
}

func listIssues(t *testing.T, srv *pulumiapitest.Server, query, body string) issueList {
	t.Helper()
	a := do(t, srv, http.MethodPost, issuesPath+query, body)
	require.Equal(t, http.StatusOK, a.status, "%s: %s", body, a.body)
	return decode[issueList](t, a)
}

func TestServer_ListIssues(t *testing.T) {
	t.Parallel()
	srv := newIssueServer(t)
	// As the documentation has it, with only some of the arrays, and as the description does.
	for _, body := range []string{
		`{"startRow":0,"endRow":50,"filterModel":{"type":"OR","conditions":[]},"sortModel":[]}`,
		`{"startRow":0,"endRow":50,"rowGroupCols":[],"valueCols":[],"groupKeys":[],"filterModel":{"type":"AND","conditions":[]},"sortModel":[]}`,
		`{}`,
	} {
		list := listIssues(t, srv, "", body)
		assert.Equal(t, "a b c", list.ids())
		assert.Equal(t, 3, list.RowCount)
		assert.Nil(t, list.GroupData)
	}
	closed := listIssues(t, srv, "?closed=true", `{}`)
	assert.Equal(t, "d e f", closed.ids())
	assert.Equal(t, "a b c", listIssues(t, srv, "?closed=false", `{}`).ids())
	assert.Contains(t, do(t, srv, http.MethodPost, issuesPath, `{}`).body, `"groupData":null`)
	assert.Equal(t, "alone", closed.PolicyIssues[2].EntityProject+closed.PolicyIssues[2].EntityID)

	list := listIssues(t, srv, "", `{}`)
	a, c := list.PolicyIssues[0], list.PolicyIssues[2]
	assert.Equal(t, "stack web prod 9", fmt.Sprint(a.EntityType, " ", a.EntityProject, " ", a.EntityID, " ", *a.StackVersion))
	assert.Nil(t, a.ResourceVersion)
	assert.Equal(t, "ada", a.AssignedTo.GithubLogin)
	assert.Equal(t, "advisory open audit p4", a.Level+" "+a.Status+" "+a.Kind+" "+a.Priority)
	assert.Equal(t, time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC), *a.ObservedAt)
	assert.Equal(t, "insights-account Acme AWS us-east-1 2", fmt.Sprint(c.EntityType, " ", c.EntityProject, " ", c.EntityID, " ", *c.ResourceVersion))
	assert.Nil(t, c.AssignedTo)
	requireNoAudit(t, srv)
}

func TestServer_ListIssues_Rows(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	for i := range 25 {
		_, err := srv.AddPolicyIssue("acme", pulumiapitest.PolicyIssue{ID: fmt.Sprintf("i%02d", i), Project: "p", Stack: "s"})
		require.NoError(t, err)
	}
	for rows, want := range map[string]int{
		`{"startRow":0,"endRow":25}`: 25, `{"startRow":20,"endRow":40}`: 5, `{"startRow":25,"endRow":40}`: 0, `{"startRow":99,"endRow":100}`: 0,
		`{"startRow":3,"endRow":4}`: 1, `{"startRow":3}`: 10, `{}`: 10,
	} {
		list := listIssues(t, srv, "", rows)
		assert.Len(t, list.PolicyIssues, want, rows)
		assert.Equal(t, 25, list.RowCount, rows)
	}
	assert.Equal(t, "i03 i04", listIssues(t, srv, "", `{"startRow":3,"endRow":5}`).ids(), "the end is not part of it")
}

func TestServer_ListIssues_Filter(t *testing.T) {
	t.Parallel()
	srv := newIssueServer(t)
	text := func(column, comparison, value string) string {
		return `{"filterType":"text","colId":"` + column + `","type":"` + comparison + `","filter":"` + value + `"}`
	}
	join := func(how string, conditions ...string) string {
		return `{"filterType":"join","type":"` + how + `","conditions":[` + strings.Join(conditions, ",") + `]}`
	}
	for filter, want := range map[string]string{
		join("AND", text("severity", "equals", "high")):                                                                   "a c",
		join("AND", text("severity", "notEqual", "high")):                                                                 "b",
		join("AND", text("policyName", "contains", "PUBLIC")):                                                             "a",
		join("AND", text("policyName", "notContains", "public")):                                                          "b c",
		join("AND", text("policyName", "startsWith", "required")):                                                         "b c",
		join("AND", text("policyName", "endsWith", "access")):                                                             "a",
		join("AND", text("assignedTo", "blank", "")):                                                                      "b c",
		join("AND", text("assignedTo", "notBlank", "")):                                                                   "a",
		join("AND", text("assignedTo", "equals", "ada")):                                                                  "a",
		join("AND", text("message", "contains", "%")):                                                                     "c",
		join("AND", text("stackVersion", "equals", "10")):                                                                 "b",
		join("OR", text("status", "equals", "open"), text("status", "equals", "in_progress")):                             "a b c",
		join("AND", text("severity", "equals", "high"), text("entityType", "equals", "stack")):                            "a",
		join("OR", text("id", "equals", "b"), join("AND", text("severity", "equals", "high"), text("id", "equals", "c"))): "b c",
		join("AND", join("OR", text("id", "equals", "a"), text("id", "equals", "b")), text("severity", "equals", "low")):  "b",
		join("OR"): "a b c",
		`null`:     "a b c",
		`{"type":"OR","conditions":[` + text("id", "equals", "c") + `]}`: "c",
	} {
		list := listIssues(t, srv, "", `{"filterModel":`+filter+`}`)
		assert.Equal(t, want, list.ids(), filter)
		assert.Equal(t, len(strings.Fields(want)), list.RowCount, filter)
	}
	for filter, message := range map[string]string{
		join("XOR"): "must be AND or OR",
		join("AND", text("owner", "equals", "x")):                                                                         "no column 'owner'",
		join("AND", text("severity", "equal", "x")):                                                                       "no comparison 'equal'",
		join("AND", strings.Replace(text("id", "equals", "1"), `"text"`, `"number"`, 1)):                                  "filterType must be text or join",
		join("AND", `{"colId":"id","type":"equals","filter":"x"}`):                                                        "filterType must be text or join",
		join("AND", strings.Replace(text("id", "equals", "1"), `{`, `{"conditions":[`+text("id", "equals", "1")+`],`, 1)): "a comparison has no conditions",
		join("AND", join("and")):           "must be AND or OR",
		text("id", "equals", "a"):          "must be AND or OR",
		`{"type":"AND","conditions":null}`: "conditions must be an array, not null",
		`{"type":"AND","conditions":[{"filterType":"text","colId":"id","type":"equals","value":"x"}]}`: "does not know the member \"filterModel.conditions[0].value\"",
	} {
		requireError(t, srv, http.StatusBadRequest, message, http.MethodPost, issuesPath, `{"filterModel":`+filter+`}`)
	}
}

func TestServer_ListIssues_Sort(t *testing.T) {
	t.Parallel()
	srv := newIssueServer(t)
	for sort, want := range map[string]string{
		`{"colId":"observedAt","sort":"desc"}`:                                     "c b a",
		`{"colId":"severity","sort":"desc"}`:                                       "b a c",
		`{"colId":"severity","sort":"asc"},{"colId":"id","sort":"desc"}`:           "c a b",
		`{"colId":"stackVersion","sort":"asc"}`:                                    "c a b",
		`{"colId":"entityProject","sort":"asc"},{"colId":"entityId","sort":"asc"}`: "c b a",
	} {
		assert.Equal(t, want, listIssues(t, srv, "", `{"sortModel":[`+sort+`]}`).ids(), sort)
	}
	assert.Equal(t, "b", listIssues(t, srv, "", `{"startRow":1,"endRow":2,"sortModel":[{"colId":"id","sort":"desc"}]}`).ids())
}

func TestServer_ListIssues_Groups(t *testing.T) {
	t.Parallel()
	srv := newIssueServer(t)
	const bySeverity = `"rowGroupCols":[{"id":"severity","displayName":"Severity","field":"severity"},{"id":"policyName","displayName":"Policy"}]`
	list := listIssues(t, srv, "", `{`+bySeverity+`,"groupKeys":[]}`)
	assert.Equal(t, []map[string]any{{"severity": "high", "count": 2.0}, {"severity": "low", "count": 1.0}}, list.GroupData)
	assert.Empty(t, list.PolicyIssues)
	assert.Equal(t, 2, list.RowCount)

	list = listIssues(t, srv, "", `{`+bySeverity+`,"startRow":1,"endRow":9,"sortModel":[{"colId":"count","sort":"desc"}]}`)
	assert.Equal(t, []map[string]any{{"severity": "low", "count": 1.0}}, list.GroupData)
	assert.Equal(t, 2, list.RowCount)
	list = listIssues(t, srv, "", `{`+bySeverity+`,"sortModel":[{"colId":"severity","sort":"desc"}]}`)
	assert.Equal(t, "low", list.GroupData[0]["severity"])

	list = listIssues(t, srv, "", `{`+bySeverity+`,"groupKeys":["high"],"valueCols":[{"id":"observedAt","aggFunc":"max"},{"id":"id","aggFunc":"min"},{"id":"kind","aggFunc":"count"}]}`)
	assert.Equal(t, []map[string]any{
		{"policyName": "No public access", "count": 1.0, "id": "a", "kind": 1.0, "observedAt": "2025-01-01T00:00:00Z"},
		{"policyName": "required-tags", "count": 1.0, "id": "c", "kind": 1.0, "observedAt": "2025-01-03T00:00:00Z"},
	}, list.GroupData)

	list = listIssues(t, srv, "", `{"rowGroupCols":[{"id":"severity"}],"valueCols":[{"id":"observedAt","aggFunc":"max"},{"id":"id","aggFunc":"min"}]}`)
	assert.Equal(t, map[string]any{"severity": "high", "count": 2.0, "id": "a", "observedAt": "2025-01-03T00:00:00Z"}, list.GroupData[0])

	list = listIssues(t, srv, "", `{`+bySeverity+`,"groupKeys":["high","required-tags"]}`)
	assert.Equal(t, "c", list.ids(), "the rows of a group")
	assert.Nil(t, list.GroupData)
	list = listIssues(t, srv, "", `{`+bySeverity+`,"filterModel":{"type":"AND","conditions":[{"filterType":"text","colId":"id","type":"equals","filter":"none"}]}}`)
	assert.NotNil(t, list.GroupData)
	assert.Empty(t, list.GroupData)
}

func TestServer_ListIssues_Errors(t *testing.T) {
	t.Parallel()
	srv := newIssueServer(t)
	for body, message := range map[string]string{
		`{"rowGroupCols":null}`:                                   "rowGroupCols must be an array, not null",
		`{"valueCols":null}`:                                      "valueCols must be an array, not null",
		`{"groupKeys":null}`:                                      "groupKeys must be an array, not null",
		`{"sortModel":null}`:                                      "sortModel must be an array, not null",
		`{"sortModel":[{"colId":"x","sort":"asc"}]}`:              "no column 'x'",
		`{"sortModel":[{"colId":"count","sort":"asc"}]}`:          "no column 'count'",
		`{"sortModel":[{"colId":"id","sort":"up"}]}`:              "sort must be asc or desc",
		`{"rowGroupCols":[{"id":"x","displayName":"X"}]}`:         "no column 'x'",
		`{"valueCols":[{"id":"x","displayName":"X"}]}`:            "no column 'x'",
		`{"valueCols":[{"id":"id","aggFunc":"avg"}]}`:             "aggFunc",
		`{"groupKeys":["x"]}`:                                     "more groupKeys",
		`{"startRow":-1,"endRow":4}`:                              "startRow",
		`{"startRow":4,"endRow":4}`:                               "endRow",
		`{"sortModel":[{"colId":"id","sort":"asc","nulls":"x"}]}`: "does not know",
		`{"pageSize":4}`:                                          "does not know",
	} {
		requireError(t, srv, http.StatusBadRequest, message, http.MethodPost, issuesPath, body)
	}
	requireError(t, srv, http.StatusBadRequest, "closed must be true or false", http.MethodPost, issuesPath+"?closed=x", `{}`)
	requireError(t, srv, http.StatusNotFound, "Organization", http.MethodPost, "/api/orgs/none/policyresults/issues", `{}`)
}

func TestServer_GetIssue(t *testing.T) {
	t.Parallel()
	srv := newIssueServer(t)
	_, err := srv.AddPolicyIssue("acme", pulumiapitest.PolicyIssue{
		ID: "g/1", Project: "web", Stack: "prod", Policy: "tags", Pack: "aws", PackTag: "0.0.5", Level: "mandatory",
		Definition: &pulumiapitest.PolicyDefinition{DisplayName: "Tags", Description: "Have tags", Message: "None", PackDisplayName: "AWS"},
	})
	require.NoError(t, err)
	type detail struct {
		PolicyIssue issueOf
		Policy      *struct{ Name, DisplayName, Description, EnforcementLevel, Message string }
		PolicyPack  *struct {
			ID, Source, Publisher, Name, Version, DisplayName, AccessLevel string
			EnforcementLevels                                              []string
		}
	}
	full := getJSON[detail](t, srv, issuesPath+"/g%2F1")
	assert.Equal(t, "g/1", full.PolicyIssue.ID)
	assert.Equal(t, "tags Tags Have tags mandatory None",
		strings.Join([]string{full.Policy.Name, full.Policy.DisplayName, full.Policy.Description, full.Policy.EnforcementLevel, full.Policy.Message}, " "))
	assert.Equal(t, "private acme aws 0.0.5 AWS ",
		strings.Join([]string{full.PolicyPack.Source, full.PolicyPack.Publisher, full.PolicyPack.Name, full.PolicyPack.Version, full.PolicyPack.DisplayName, full.PolicyPack.AccessLevel}, " "))
	assert.Nil(t, full.PolicyPack.EnforcementLevels)
	body := do(t, srv, http.MethodGet, issuesPath+"/a", "").body
	assert.Contains(t, body, `"policy":null,"policyPack":null`)
	requireError(t, srv, http.StatusNotFound, "Policy issue 'x' not found", http.MethodGet, issuesPath+"/x", "")
}

func TestServer_UpdateIssue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := newIssueServer(t)
		defer srv.Close()
		patch := func(body string) issueOf {
			a := do(t, srv, http.MethodPatch, issuesPath+"/a", body)
			require.Equal(t, http.StatusOK, a.status, a.body)
			return decode[struct{ PolicyIssue issueOf }](t, a).PolicyIssue
		}
		i := patch(`{"status":"in_progress","priority":"p1"}`)
		assert.Equal(t, "in_progress p1", i.Status+" "+i.Priority)
		assert.Equal(t, "ada", i.AssignedTo.GithubLogin, "absent leaves")
		assert.True(t, time.Now().Equal(*i.LastModified))
		requireAudit(t, srv, "Policy Issue Updated", `Updated policy issue "a"`)
		assert.Nil(t, patch(`{"assignedTo":null}`).AssignedTo)
		assert.Equal(t, "Carol Diaz", patch(`{"assignedTo":"carol"}`).AssignedTo.Name)
		assert.Equal(t, "ignored", patch(`{"status":"ignored"}`).Status)
		assert.Equal(t, "b c", listIssues(t, srv, "", `{}`).ids(), "and so it is closed")
		assert.Equal(t, "open", patch(`{"status":"open"}`).Status)
		assert.Equal(t, "carol", patch(`{}`).AssignedTo.GithubLogin)
	})
}

func TestServer_UpdateIssue_Errors(t *testing.T) {
	t.Parallel()
	srv := newIssueServer(t)
	for body, message := range map[string]string{
		`{"status":"fixed"}`:     "cannot be set manually",
		`{"status":"by_design"}`: "cannot be set manually",
		`{"status":"closed"}`:    "no status 'closed'",
		`{"status":""}`:          "no status ''",
		`{"status":null}`:        "must not be null",
		`{"priority":"p5"}`:      "p0 to p4",
		`{"priority":null}`:      "p0 to p4",
		`{"assignee":"ada"}`:     "does not know",
		`{"assignedTo":7}`:       "cannot unmarshal",
	} {
		requireError(t, srv, http.StatusBadRequest, message, http.MethodPatch, issuesPath+"/a", body)
	}
	requireError(t, srv, http.StatusNotFound, "User 'nobody' not found", http.MethodPatch, issuesPath+"/a", `{"priority":"p0","assignedTo":"nobody"}`)
	requireError(t, srv, http.StatusNotFound, "Policy issue", http.MethodPatch, issuesPath+"/x", `{}`)
	assert.Equal(t, "p4", listIssues(t, srv, "", `{}`).PolicyIssues[0].Priority, "all or nothing")
	requireNoAudit(t, srv)
}

func TestServer_ListViolations(t *testing.T) {
	t.Parallel()
	srv := newIssueServer(t)
	srv.SetPageSize(2)
	type violations struct {
		PolicyViolations []struct {
			ID, ProjectName, StackName, AccountName, Kind string
			StackVersion, ResourceVersion                 *int
		}
		ContinuationToken *string
	}
	first := getJSON[violations](t, srv, violationsPath)
	require.Len(t, first.PolicyViolations, 2)
	assert.Equal(t, "web prod ", first.PolicyViolations[0].ProjectName+" "+first.PolicyViolations[0].StackName+" "+first.PolicyViolations[0].AccountName)
	last := getJSON[violations](t, srv, violationsPath+"?continuationToken="+escape(*first.ContinuationToken))
	require.Len(t, last.PolicyViolations, 1)
	c := last.PolicyViolations[0]
	assert.Equal(t, "c Acme AWS us-east-1", c.ID+" "+c.ProjectName+" "+c.AccountName)
	assert.Empty(t, c.StackName)
	assert.Nil(t, c.StackVersion)
	require.NotNil(t, last.ContinuationToken)
	assert.Empty(t, *last.ContinuationToken, "the end is an empty one here")
	requireError(t, srv, http.StatusNotFound, "Organization", http.MethodGet, "/api/orgs/none/policyresults/violationsv2", "")
}

func TestServer_AddPolicyIssue_Errors(t *testing.T) {
	t.Parallel()
	srv := newIssueServer(t)
	for message, p := range map[string]pulumiapitest.PolicyIssue{
		"exists":       {ID: "a", Account: "x"},
		"either":       {},
		"account's or": {Account: "x", Stack: "y"},
	} {
		_, err := srv.AddPolicyIssue("acme", p)
		require.ErrorContains(t, err, message)
	}
	_, err := srv.AddPolicyIssue("", pulumiapitest.PolicyIssue{Account: "x"})
	require.ErrorContains(t, err, "organization name")
	id, err := srv.AddPolicyIssue("acme", pulumiapitest.PolicyIssue{Account: "x"})
	require.NoError(t, err)
	assert.Len(t, id, 36)
}
