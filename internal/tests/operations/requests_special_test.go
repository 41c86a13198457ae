package operations_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/internal/testkit"
)

// What every method sends is in internal/tests/operations. This is what is special.
func TestRequests_OnTheWire(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	since := time.Date(2026, 3, 1, 12, 0, 0, 999, time.FixedZone("", 3600))
	cases := []struct {
		name    string
		call    func(c *pulumiapi.Client) error
		answer  string // {} if empty
		request string
		body    string // JSON; empty for none
	}{
		{
			name: "a state from a reader, from where it stands",
			call: func(c *pulumiapi.Client) error {
				file := strings.NewReader(`skipped{ "version" : 3, "deployment": {"b":1.50, "b":2} }`)
				if _, err := file.Seek(int64(len("skipped")), io.SeekStart); err != nil {
					return err
				}
				return testkit.ErrorOf(c.Stacks.ImportFrom(ctx, testkit.Prod, file))
			},
			request: "POST /api/stacks/acme/web/prod/import",
			body:    `{ "version" : 3, "deployment": {"b":1.50, "b":2} }`,
		},
		{
			name: "members of the other kind",
			call: func(c *pulumiapi.Client) error {
				return testkit.ErrorOf(c.Orgs.ListMembersPage(ctx, "acme", &pulumiapi.OrgMemberListOptions{Type: pulumiapi.OrgMemberSourceFrontend}))
			},
			request: "GET /api/orgs/acme/members?type=frontend",
		},
		{
			name: "a member's built-in role",
			call: func(c *pulumiapi.Client) error {
				return c.Orgs.UpdateMember(ctx, "acme", "ada", pulumiapi.OrgMemberUpdateRequest{Role: new(pulumiapi.OrgRoleAdmin)})
			},
			request: "PATCH /api/orgs/acme/members/ada",
			body:    `{"role":"admin"}`,
		},
		{
			name: "a member's custom role",
			call: func(c *pulumiapi.Client) error {
				return c.Orgs.UpdateMember(ctx, "acme", "ada", pulumiapi.OrgMemberUpdateRequest{FGARoleID: new("r1")})
			},
			request: "PATCH /api/orgs/acme/members/ada",
			body:    `{"fgaRoleId":"r1"}`,
		},
		{
			name: "audit log between two times",
			call: func(c *pulumiapi.Client) error {
				return testkit.ErrorOf(c.AuditLogs.ListPage(ctx, "acme", &pulumiapi.AuditLogListOptions{Since: since, Until: since.Add(time.Hour), UserFilter: "ada", EventFilter: "x"}))
			},
			request: "GET /api/orgs/acme/auditlogs/v2?endTime=1772366400&eventFilter=x&startTime=1772362800&userFilter=ada",
		},
		{
			name: "an account",
			call: func(c *pulumiapi.Client) error {
				return c.Insights.CreateAccount(ctx, "acme", "a/b 100%", pulumiapi.InsightsAccountCreateRequest{
					Provider: pulumiapi.InsightsProviderAWS, Environment: "insights/aws@2", ScanSchedule: new(pulumiapi.InsightsScanScheduleDaily),
					AgentPoolID: new("pool"), ProviderConfig: json.RawMessage(`{"regions":["us-east-1"]}`),
				})
			},
			request: "POST /api/preview/insights/acme/accounts/a%252Fb%2520100%2525",
			body:    `{"provider":"aws","environment":"insights/aws@2","scanSchedule":"daily","agentPoolID":"pool","providerConfig":{"regions":["us-east-1"]}}`,
		},
		{
			name: "closed issues, in order",
			call: func(c *pulumiapi.Client) error {
				return testkit.ErrorOf(c.PolicyIssues.ListPage(ctx, "acme", &pulumiapi.PolicyIssueListOptions{
					Closed: true, PageSize: 7, Sort: []pulumiapi.GridSort{{Column: "severity", Descending: true}, {Column: "policyName"}},
				}))
			},
			request: "POST /api/orgs/acme/policyresults/issues?closed=true",
			body: `{"startRow":0,"endRow":7,"rowGroupCols":[],"valueCols":[],"groupKeys":[],"filterModel":{"type":"AND","conditions":[]},
				"sortModel":[{"colId":"severity","sort":"desc"},{"colId":"policyName","sort":"asc"}]}`,
		},
		{
			name: "an issue that nobody is to look after any more",
			call: func(c *pulumiapi.Client) error {
				return testkit.ErrorOf(c.PolicyIssues.Update(ctx, "acme", "i", pulumiapi.PolicyIssueUpdateRequest{AssignedTo: pulumiapi.Null[string]()}))
			},
			request: "PATCH /api/orgs/acme/policyresults/issues/i",
			body:    `{"assignedTo":null}`,
		},
		{
			name: "an issue that stays with whoever has it",
			call: func(c *pulumiapi.Client) error {
				return testkit.ErrorOf(c.PolicyIssues.Update(ctx, "acme", "i", pulumiapi.PolicyIssueUpdateRequest{Priority: new(pulumiapi.PolicyIssuePriorityP0)}))
			},
			request: "PATCH /api/orgs/acme/policyresults/issues/i",
			body:    `{"priority":"p0"}`,
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			answer := c.answer
			if answer == "" {
				answer = "{}"
			}
			request, body := testkit.LastRequest(t, answer, c.call)
			assert.Equal(t, c.request, request)
			if c.body == "" {
				assert.Empty(t, body)
				return
			}
			assert.JSONEq(t, c.body, body)
		})
	}
}

func TestRequests_AreTheDocumentations(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	for fixture, call := range map[string]func(c *pulumiapi.Client) error{
		"insights_create_account_request.json": func(c *pulumiapi.Client) error {
			return c.Insights.CreateAccount(ctx, "pulumi", "FizzBuzz AWS Staging", pulumiapi.InsightsAccountCreateRequest{
				Provider: pulumiapi.InsightsProviderAWS, Environment: "insights/pulumi-staging@2", Cron: new("0 0 * * *"),
				ProviderConfig: json.RawMessage(`{"regions":["us-east-1","us-east-2","us-west-2"]}`),
			})
		},
		"policyissues_update_request.json": func(c *pulumiapi.Client) error {
			return testkit.ErrorOf(c.PolicyIssues.Update(ctx, "acme", "b807f797", pulumiapi.PolicyIssueUpdateRequest{
				Status: new(pulumiapi.PolicyIssueStatusInProgress), Priority: new(pulumiapi.PolicyIssuePriorityP1),
				AssignedTo: pulumiapi.NullableOf("engineer@example.com"),
			}))
		},
	} {
		_, body := testkit.LastRequest(t, "{}", call)
		assert.JSONEq(t, string(testkit.Fixture(t, fixture)), body, fixture)
	}
}

func TestRequests_RefusedBeforeSending(t *testing.T) {
	t.Parallel()
	client, s := testkit.Client(t, func(int, *http.Request) (*http.Response, error) {
		return testkit.Respond(http.StatusOK, []byte("{}")), nil
	})
	ctx := t.Context()
	org := pulumiapi.OrgScope("acme")
	noStack := pulumiapi.StackIdentifier{Org: "acme", Project: "web"}
	var noScope pulumiapi.WebhookScope
	issues := func(filter pulumiapi.GridFilter) error {
		return testkit.ErrorOf(client.PolicyIssues.ListPage(ctx, "acme", &pulumiapi.PolicyIssueListOptions{Filter: filter}))
	}
	for what, c := range map[string]struct {
		argument string
		err      error
	}{
		"a member without a role":        {"role", client.Orgs.AddMember(ctx, "acme", "ada", "")},
		"a member without a name":        {"user", client.Orgs.AddMember(ctx, "acme", "", pulumiapi.OrgRoleAdmin)},
		"a member of no organization":    {"org", client.Orgs.RemoveMember(ctx, "..", "ada")},
		"a change of nothing":            {"req", client.Orgs.UpdateMember(ctx, "acme", "ada", pulumiapi.OrgMemberUpdateRequest{})},
		"a team without a name":          {"req.Name", testkit.ErrorOf(client.Teams.Create(ctx, "acme", pulumiapi.TeamCreateRequest{}))},
		"a Pulumi team of GitHub's":      {"req.GitHubTeamID", testkit.ErrorOf(client.Teams.Create(ctx, "acme", pulumiapi.TeamCreateRequest{Name: "a", GitHubTeamID: 1}))},
		"a GitHub team without its ID":   {"req.GitHubTeamID", testkit.ErrorOf(client.Teams.Create(ctx, "acme", pulumiapi.TeamCreateRequest{Kind: pulumiapi.TeamKindGitHub}))},
		"a GitHub team with a name":      {"req", testkit.ErrorOf(client.Teams.Create(ctx, "acme", pulumiapi.TeamCreateRequest{Kind: pulumiapi.TeamKindGitHub, GitHubTeamID: 1, Name: "a"}))},
		"a team of an identity provider": {"req.Kind", testkit.ErrorOf(client.Teams.Create(ctx, "acme", pulumiapi.TeamCreateRequest{Kind: pulumiapi.TeamKindSCIM}))},
		"a team":                         {"team", client.Teams.Delete(ctx, "acme", "..")},
		"a team's member":                {"user", client.Teams.AddMember(ctx, "acme", "web", "")},
		"a stack to grant":               {"id.Stack", client.Teams.GrantStackAccess(ctx, "ops", noStack, pulumiapi.StackPermissionRead)},
		"a stack to take away":           {"id.Stack", client.Teams.RemoveStackAccess(ctx, "ops", noStack)},
		"a token":                        {"tokenID", client.Tokens.Delete(ctx, "")},
		"no scope":                       {"scope", testkit.ErrorOf(client.Webhooks.List(ctx, noScope))},
		"an empty scope":                 {"scope", testkit.ErrorOf(client.Webhooks.List(ctx, pulumiapi.OrgScope("")))},
		"a scope without a stack":        {"scope.Stack", testkit.ErrorOf(client.Webhooks.Create(ctx, noStack, pulumiapi.WebhookCreateRequest{}))},
		"a webhook":                      {"name", client.Webhooks.Delete(ctx, org, "..")},
		"a delivery":                     {"deliveryID", testkit.ErrorOf(client.Webhooks.Redeliver(ctx, org, "n", ""))},
		"an account":                     {"name", testkit.ErrorOf(client.Insights.GetAccount(ctx, "acme", ".."))},
		"an account of no cloud":         {"req.Provider", client.Insights.CreateAccount(ctx, "acme", "a", pulumiapi.InsightsAccountCreateRequest{Environment: "a/b"})},
		"an account of broken JSON": {"req.ProviderConfig", client.Insights.CreateAccount(ctx, "acme", "a", pulumiapi.InsightsAccountCreateRequest{
			Provider: "aws", Environment: "a/b", ProviderConfig: json.RawMessage(`{`),
		})},
		"an account of no environment":  {"req.Environment", client.Insights.CreateAccount(ctx, "acme", "a", pulumiapi.InsightsAccountCreateRequest{Provider: "aws"})},
		"an issue":                      {"issueID", testkit.ErrorOf(client.PolicyIssues.Get(ctx, "acme", ""))},
		"an issue that does not change": {"req", testkit.ErrorOf(client.PolicyIssues.Update(ctx, "acme", "i", pulumiapi.PolicyIssueUpdateRequest{}))},
		"an empty Or":                   {"opts.Filter", issues(pulumiapi.FilterOr())},
		"an empty Or within":            {"opts.Filter", issues(pulumiapi.FilterAnd(pulumiapi.FilterEquals("a", "b"), pulumiapi.FilterOr()))},
		"an Or of everything":           {"opts.Filter", issues(pulumiapi.FilterOr(pulumiapi.GridFilter{}))},
		"a comparison of no column":     {"opts.Filter", issues(pulumiapi.FilterEquals("", "b"))},
		"an order by no column":         {"opts.Sort[0].Column", testkit.ErrorOf(client.PolicyIssues.ListPage(ctx, "acme", &pulumiapi.PolicyIssueListOptions{Sort: []pulumiapi.GridSort{{}}}))},
		"no groups":                     {"opts.GroupBy", testkit.ErrorOf(client.PolicyIssues.ListGroupsPage(ctx, "acme", nil))},
		"groups that are issues": {"opts.GroupKeys", testkit.ErrorOf(client.PolicyIssues.ListGroupsPage(ctx, "acme", &pulumiapi.PolicyIssueGroupOptions{
			GroupBy: []pulumiapi.GridColumn{{ID: "a"}}, GroupKeys: []string{"x"},
		}))},
	} {
		var wrong *pulumiapi.ArgumentError
		require.ErrorAs(t, c.err, &wrong, what)
		assert.Equal(t, c.argument, wrong.Name, what)
	}
	assert.Empty(t, s.Sent())
}

func TestPolicyIssues_List_ByRows(t *testing.T) {
	t.Parallel()
	const total = 250
	var ranges []string
	client, err := pulumiapi.NewClient(pulumiapi.WithToken("pul-test"), pulumiapi.WithHTTPClient(&http.Client{
		Transport: testkit.RoundTripperFunc(func(req *http.Request) (*http.Response, error) {
			var rows struct {
				StartRow int `json:"startRow"`
				EndRow   int `json:"endRow"`
			}
			if err := json.NewDecoder(req.Body).Decode(&rows); err != nil {
				return nil, err
			}
			ranges = append(ranges, string(testkit.Must(json.Marshal(rows))))
			var answer struct {
				PolicyIssues []map[string]any `json:"policyIssues"`
				RowCount     int              `json:"rowCount"`
			}
			answer.RowCount = total
			for row := rows.StartRow; row < min(rows.EndRow, total); row++ {
				answer.PolicyIssues = append(answer.PolicyIssues, map[string]any{"resourceVersion": row})
			}
			return testkit.Respond(http.StatusOK, testkit.Must(json.Marshal(answer))), nil
		}),
	}))
	require.NoError(t, err)
	next := 0
	for issue, err := range client.PolicyIssues.List(t.Context(), "acme", nil) {
		require.NoError(t, err)
		assert.Equal(t, next, issue.ResourceVersion)
		next++
	}
	assert.Equal(t, total, next)
	assert.Len(t, ranges, 3)
	page, err := client.PolicyIssues.ListPage(t.Context(), "acme", &pulumiapi.PolicyIssueListOptions{PageSize: 10})
	require.NoError(t, err)
	assert.Equal(t, total, page.Total)
	rest, err := pulumiapi.Collect(client.PolicyIssues.List(t.Context(), "acme", &pulumiapi.PolicyIssueListOptions{Cursor: page.Next}))
	require.NoError(t, err)
	assert.Len(t, rest, total-10)
}

func TestPolicyIssues_ListViolations_APageThatRepeats(t *testing.T) {
	t.Parallel()
	for name, tokens := range map[string][]string{"with the same token": {"a", "a"}, "with another token": {"a", "b"}} {
		client, s := testkit.Client(t, func(n int, _ *http.Request) (*http.Response, error) {
			return testkit.Respond(http.StatusOK, []byte(`{"policyViolations":[{"id":"1"}],"continuationToken":"`+tokens[n-1]+`"}`)), nil
		})
		violations, err := pulumiapi.Collect(client.PolicyIssues.ListViolations(t.Context(), "acme", nil))
		require.ErrorContains(t, err, "would not end", name)
		assert.Len(t, violations, 1, name)
		assert.Len(t, s.Sent(), 2, name)
	}
}

func TestGridFilter_EncodesAsTheDocumentationShows(t *testing.T) {
	t.Parallel()
	filterOf := func(filter pulumiapi.GridFilter) json.RawMessage {
		_, body := testkit.LastRequest(t, "{}", func(c *pulumiapi.Client) error {
			return testkit.ErrorOf(c.PolicyIssues.ListPage(t.Context(), "acme", &pulumiapi.PolicyIssueListOptions{Filter: filter, PageSize: 50}))
		})
		var request struct {
			FilterModel json.RawMessage `json:"filterModel"`
		}
		require.NoError(t, json.Unmarshal([]byte(body), &request))
		return request.FilterModel
	}
	openOrInProgress := pulumiapi.FilterOr(pulumiapi.FilterEquals("status", "open"), pulumiapi.FilterEquals("status", "in_progress"))

	// The outermost filter is a join without saying so.
	var example struct {
		FilterModel json.RawMessage `json:"filterModel"`
	}
	require.NoError(t, json.Unmarshal(testkit.Fixture(t, "policyissues_list_request.json"), &example))
	assert.JSONEq(t, string(example.FilterModel), string(filterOf(openOrInProgress)))

	// Within another it says so.
	var nested struct {
		Conditions []json.RawMessage `json:"conditions"`
	}
	require.NoError(t, json.Unmarshal(filterOf(pulumiapi.FilterAnd(openOrInProgress, pulumiapi.FilterBlank("x"))), &nested))
	assert.JSONEq(t, string(testkit.Fixture(t, "policyissues_filter.json")), string(nested.Conditions[0]))

	for want, filter := range map[string]pulumiapi.GridFilter{
		`{"type":"AND","conditions":[]}`: {},
		`{"type":"AND","conditions":[{"filterType":"text","colId":"c","type":"equals","filter":"v"}]}`:      pulumiapi.FilterEquals("c", "v"),
		`{"type":"AND","conditions":[{"filterType":"text","colId":"c","type":"notEqual","filter":"v"}]}`:    pulumiapi.FilterNotEqual("c", "v"),
		`{"type":"AND","conditions":[{"filterType":"text","colId":"c","type":"contains","filter":"v"}]}`:    pulumiapi.FilterContains("c", "v"),
		`{"type":"AND","conditions":[{"filterType":"text","colId":"c","type":"notContains","filter":"v"}]}`: pulumiapi.FilterNotContains("c", "v"),
		`{"type":"AND","conditions":[{"filterType":"text","colId":"c","type":"startsWith","filter":"v"}]}`:  pulumiapi.FilterStartsWith("c", "v"),
		`{"type":"AND","conditions":[{"filterType":"text","colId":"c","type":"endsWith","filter":"v"}]}`:    pulumiapi.FilterEndsWith("c", "v"),
		`{"type":"AND","conditions":[{"filterType":"text","colId":"c","type":"blank","filter":""}]}`:        pulumiapi.FilterBlank("c"),
		`{"type":"AND","conditions":[{"filterType":"text","colId":"c","type":"notBlank","filter":""}]}`:     pulumiapi.FilterNotBlank("c"),
		// What lets everything through adds nothing.
		`{"type":"AND","conditions":[{"filterType":"text","colId":"d","type":"equals","filter":"w"}]}`: pulumiapi.FilterAnd(
			pulumiapi.GridFilter{}, pulumiapi.FilterAnd(), pulumiapi.FilterEquals("d", "w")),
		`{"type":"OR","conditions":[{"filterType":"join","type":"AND","conditions":[{"filterType":"text","colId":"d","type":"equals","filter":"w"}]}]}`: pulumiapi.FilterOr(
			pulumiapi.FilterAnd(pulumiapi.FilterEquals("d", "w"))),
	} {
		assert.JSONEq(t, want, string(filterOf(filter)))
	}
}

func TestOrgs_AddMember_BothAnswers(t *testing.T) {
	t.Parallel()
	account := pulumiapi.InsightsAccountCreateRequest{Provider: pulumiapi.InsightsProviderOCI, Environment: "insights/oci"}
	for status, body := range map[int]string{http.StatusNoContent: "", http.StatusOK: `{"role":"member","user":{"githubLogin":"ada"}}`, http.StatusCreated: ""} {
		client, _ := testkit.Client(t, func(int, *http.Request) (*http.Response, error) { return testkit.Respond(status, []byte(body)), nil })
		require.NoError(t, client.Orgs.AddMember(t.Context(), "acme", "ada", pulumiapi.OrgRoleMember), "status %d", status)
		require.NoError(t, client.Orgs.RemoveMember(t.Context(), "acme", "ada"), "status %d", status)
		require.NoError(t, client.Teams.Delete(t.Context(), "acme", "web"), "status %d", status)
		require.NoError(t, client.Insights.CreateAccount(t.Context(), "acme", "a", account), "status %d", status)
	}
	client, _ := testkit.Client(t, func(int, *http.Request) (*http.Response, error) {
		return testkit.Respond(http.StatusOK, testkit.Fixture(t, "insights_create_account.json")), nil
	})
	require.NoError(t, client.Insights.CreateAccount(t.Context(), "acme", "a", account))
}

func TestTokens_Create_WhateverTheSuccess(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusOK, http.StatusCreated, http.StatusNoContent} {
		client, _ := testkit.Client(t, func(int, *http.Request) (*http.Response, error) {
			return testkit.Respond(status, testkit.Fixture(t, "tokens_create.json")), nil
		})
		token, err := client.Tokens.Create(t.Context(), pulumiapi.AccessTokenCreateRequest{Description: "ci"})
		require.NoError(t, err, "status %d", status)
		assert.Equal(t, "pul-75a564ac7f3a48079a0c448c1e1ec95c4cfed141", token.TokenValue.Reveal())
	}
}

func TestAuditLogs_ListV1_TheTokenReplacesTheBound(t *testing.T) {
	t.Parallel()
	client, s := testkit.Client(t, func(n int, _ *http.Request) (*http.Response, error) {
		return testkit.Respond(http.StatusOK, []byte([]string{
			`{"auditLogEvents":[{"timestamp":20}],"continuationToken":"10"}`, `{"auditLogEvents":[{"timestamp":9}]}`,
		}[n-1])), nil
	})
	events, err := pulumiapi.Collect(client.AuditLogs.ListV1(t.Context(), "acme", &pulumiapi.AuditLogListV1Options{StartTime: time.Unix(30, 0), UserFilter: "ada"}))
	require.NoError(t, err)
	assert.Len(t, events, 2)
	assert.Equal(t, "startTime=30&userFilter=ada", s.Sent()[0].URL.RawQuery)
	assert.Equal(t, "continuationToken=10&userFilter=ada", s.Sent()[1].URL.RawQuery)
}

func TestAuditLogs_ListV1_BeginsNow(t *testing.T) {
	t.Parallel()
	client, s := testkit.Client(t, func(int, *http.Request) (*http.Response, error) {
		return testkit.Respond(http.StatusOK, []byte(`{"auditLogEvents":[]}`)), nil
	})
	before := time.Now().Truncate(time.Second)
	_, err := client.AuditLogs.ListV1Page(t.Context(), "acme", nil)
	require.NoError(t, err)
	var start pulumiapi.Timestamp
	require.NoError(t, start.UnmarshalText([]byte(s.Sent()[0].URL.Query().Get("startTime"))))
	assert.WithinRange(t, start.Time, before, time.Now())
}

func TestContextOfAStream(t *testing.T) {
	t.Parallel()
	// The context of a call that has returned a stream ends the stream.
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	client, _ := testkit.Client(t, func(_ int, req *http.Request) (*http.Response, error) {
		resp := testkit.Respond(http.StatusOK, nil)
		resp.ContentLength = -1
		resp.Body = io.NopCloser(io.MultiReader(&repeatedText{left: 600}, testkit.ReaderFunc(func([]byte) (int, error) {
			<-req.Context().Done()
			return 0, req.Context().Err()
		})))
		return resp, nil
	})
	stream, err := client.AuditLogs.Export(ctx, "acme", nil)
	require.NoError(t, err)
	defer stream.Close()
	cancel()
	n, err := io.Copy(io.Discard, stream)
	require.ErrorIs(t, err, context.Canceled)
	assert.EqualValues(t, 600, n)
}

// repeatedText is text of so many bytes.
type repeatedText struct {
	left int64
}

func (e *repeatedText) Read(p []byte) (int, error) {
	n := int(min(int64(len(p)), e.left))
	for i := range p[:n] {
		p[i] = "Timestamp,Name\n"[i%15]
	}
	e.left -= int64(n)
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}
