package operations_test

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/internal/testkit"
)

var bucket = pulumiapi.InsightsResourceIdentifier{Account: testkit.Account, Type: "aws:s3/bucket:Bucket", ID: "b-1"}

func TestRequests_OfInsights_OnTheWire(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	const (
		insights = "/api/preview/insights/acme"
		// What is decoded twice is escaped twice.
		odd  = "a/b 100%"
		path = insights + "/accounts/a%252Fb%2520100%2525"
	)
	for _, c := range []struct {
		call    func(c *pulumiapi.Client) error
		request string
		body    string // as it is; empty for none
	}{
		{
			func(c *pulumiapi.Client) error {
				return testkit.ErrorOf(c.Insights.BulkCreateAccounts(ctx, "acme", pulumiapi.InsightsAccountBulkCreateRequest{
					Accounts: []pulumiapi.InsightsAccountBulkCreateItem{
						{Name: odd, Provider: pulumiapi.InsightsProviderAWS, Environment: "a/b", ProviderConfig: json.RawMessage(`{"n":1.0}`)},
					},
					SkipAutoEnablePolicyPacks: new(false),
				}))
			},
			"POST " + insights + "/accounts",
			`{"accounts":[{"name":"a/b 100%","provider":"aws","environment":"a/b","providerConfig":{"n":1.0}}],"skipAutoEnablePolicyPacks":false}`,
		},
		{
			func(c *pulumiapi.Client) error {
				return c.Insights.UpsertResources(ctx, "acme", odd, []pulumiapi.InsightsResourceUpsertRequest{{
					Type: "t", ID: "i", Inputs: json.RawMessage(`{"n":1.0}`), State: json.RawMessage(`{}`),
					Dependencies: []pulumiapi.InsightsResourceDependency{{Type: "u", ID: "j"}},
				}})
			},
			"POST " + path + "/resources",
			`{"resources":[{"type":"t","id":"i","inputs":{"n":1.0},"state":{},"dependencies":[{"type":"u","id":"j"}]}]}`,
		},
	} {
		request, body := testkit.LastRequest(t, "{}", c.call)
		assert.Equal(t, c.request, request)
		assert.Equal(t, c.body, body, c.request)
	}
	request, body := testkit.LastRequest(t, "[]", func(c *pulumiapi.Client) error {
		return testkit.ErrorOf(c.Insights.ListResourceReferences(ctx, "acme", odd, pulumiapi.InsightsResourceReferencesRequest{
			ResourceIdentifiers: []pulumiapi.InsightsResourceVersionIdentifier{{Account: odd, Type: "t", ID: "i", Version: new(0)}}, Depth: new(2),
		}))
	})
	assert.Equal(t, "POST "+path+"/resources/references", request)
	assert.Equal(t, `{"resourceIdentifiers":[{"account":"a/b 100%","type":"t","id":"i","version":0}],"depth":2}`, body) //nolint:testifylint // as it is
}

func TestRequests_OfInsights_RefusedBeforeSending(t *testing.T) {
	t.Parallel()
	client, s := testkit.Client(t, func(int, *http.Request) (*http.Response, error) {
		return testkit.Respond(http.StatusOK, []byte("{}")), nil
	})
	ctx := t.Context()
	bulk := func(accounts ...pulumiapi.InsightsAccountBulkCreateItem) error {
		return testkit.ErrorOf(client.Insights.BulkCreateAccounts(ctx, "acme", pulumiapi.InsightsAccountBulkCreateRequest{Accounts: accounts}))
	}
	upsert := func(resources ...pulumiapi.InsightsResourceUpsertRequest) error {
		return client.Insights.UpsertResources(ctx, "acme", "aws", resources)
	}
	get := func(id pulumiapi.InsightsResourceIdentifier) error {
		return testkit.ErrorOf(client.Insights.GetResource(ctx, "acme", id))
	}
	references := func(ids ...pulumiapi.InsightsResourceVersionIdentifier) error {
		return testkit.ErrorOf(client.Insights.ListResourceReferences(ctx, "acme", "aws", pulumiapi.InsightsResourceReferencesRequest{ResourceIdentifiers: ids}))
	}
	violation := func(v pulumiapi.InsightsPolicyViolation) error {
		return client.Insights.UpdateStackPolicyResults(ctx, testkit.Prod, 1, pulumiapi.InsightsPolicyResultsUpdateRequest{
			ClaimID: "c", Results: pulumiapi.InsightsPolicyResults{Violations: []pulumiapi.InsightsPolicyViolation{v}},
		})
	}
	object := json.RawMessage("{}")
	for what, c := range map[string]struct {
		argument string
		err      error
	}{
		"no accounts":              {"req.Accounts", bulk()},
		"an account without name":  {"req.Accounts[0].Name", bulk(pulumiapi.InsightsAccountBulkCreateItem{})},
		"one without provider":     {"req.Accounts[0].Provider", bulk(pulumiapi.InsightsAccountBulkCreateItem{Name: "a"})},
		"one without environment":  {"req.Accounts[0].Environment", bulk(pulumiapi.InsightsAccountBulkCreateItem{Name: "a", Provider: "aws"})},
		"one with broken settings": {"req.Accounts[0].ProviderConfig", bulk(pulumiapi.InsightsAccountBulkCreateItem{Name: "a", Provider: "aws", Environment: "a/b", ProviderConfig: json.RawMessage("{")})},
		"no account":               {"name", client.Insights.DeleteAccount(ctx, "acme", "")},
		"an account of dots":       {"account", client.Insights.CancelScan(ctx, "acme", "..")},
		"no environment":           {"req.Environment", client.Insights.UpdateAccount(ctx, "acme", "aws", pulumiapi.InsightsAccountUpdateRequest{})},
		"settings that are broken": {"req.ProviderConfig", client.Insights.UpdateAccount(ctx, "acme", "aws", pulumiapi.InsightsAccountUpdateRequest{Environment: "a/b", ProviderConfig: json.RawMessage("{")})},
		"nobody's account":         {"user", testkit.ErrorOf(client.Insights.ReassignAccountOwnership(ctx, "acme", "aws", ""))},
		"no team":                  {"team", client.Teams.RemoveInsightsAccountAccess(ctx, "acme", "", "aws")},
		"no scan":                  {"scanID", testkit.ErrorOf(client.Insights.GetScan(ctx, "acme", "aws", ""))},
		"job -1":                   {"job", testkit.ErrorOf(client.Insights.GetScanStepLogs(ctx, "acme", "aws", "r", -1, 0, nil))},
		"step -1":                  {"step", testkit.ErrorOf(client.Insights.GetScanStepLogs(ctx, "acme", "aws", "r", 0, -1, nil))},
		"offset -1":                {"opts.Offset", testkit.ErrorOf(client.Insights.GetScanStepLogs(ctx, "acme", "aws", "r", 0, 0, &pulumiapi.InsightsScanStepLogOptions{Offset: -1}))},
		"a resource of no account": {"id.Account", get(pulumiapi.InsightsResourceIdentifier{Type: "t", ID: "i"})},
		"a resource of no type":    {"id.Type", get(pulumiapi.InsightsResourceIdentifier{Account: "aws", ID: "i"})},
		"a resource without ID":    {"id.ID", get(pulumiapi.InsightsResourceIdentifier{Account: "aws", Type: "t"})},
		"version -1":               {"version", testkit.ErrorOf(client.Insights.GetResourceAtVersion(ctx, "acme", bucket, -1))},
		"version 0 of a stack":     {"version", client.Insights.UpdateStackPolicyResults(ctx, testkit.Prod, 0, pulumiapi.InsightsPolicyResultsUpdateRequest{})},
		"results of no claim":      {"req.ClaimID", client.Insights.UpdateResourcePolicyResults(ctx, "acme", bucket, 1, pulumiapi.InsightsPolicyResultsUpdateRequest{})},
		"no claim for a stack":     {"req.ClaimID", client.Insights.UpdateStackPolicyResults(ctx, testkit.Prod, 1, pulumiapi.InsightsPolicyResultsUpdateRequest{})},
		"no policy":                {"req.Results.Violations[0].PolicyName", violation(pulumiapi.InsightsPolicyViolation{})},
		"a policy of no pack":      {"req.Results.Violations[0].PolicyPackName", violation(pulumiapi.InsightsPolicyViolation{PolicyName: "p"})},
		"no enforcement level":     {"req.Results.Violations[0].EnforcementLevel", violation(pulumiapi.InsightsPolicyViolation{PolicyName: "p", PolicyPackName: "pp"})},
		"no kind":                  {"req.Results.Violations[0].Kind", violation(pulumiapi.InsightsPolicyViolation{PolicyName: "p", PolicyPackName: "pp", EnforcementLevel: "mandatory"})},
		"a violation of nothing":   {"req.Results.Violations[0].ResourceURN", violation(pulumiapi.InsightsPolicyViolation{PolicyName: "p", PolicyPackName: "pp", EnforcementLevel: "mandatory", Kind: "audit"})},
		"no resources":             {"resources", upsert()},
		"no type":                  {"resources[0].Type", upsert(pulumiapi.InsightsResourceUpsertRequest{})},
		"no ID":                    {"resources[0].ID", upsert(pulumiapi.InsightsResourceUpsertRequest{Type: "t"})},
		"no inputs":                {"resources[0].Inputs", upsert(pulumiapi.InsightsResourceUpsertRequest{Type: "t", ID: "i"})},
		"no state":                 {"resources[0].State", upsert(pulumiapi.InsightsResourceUpsertRequest{Type: "t", ID: "i", Inputs: object})},
		"references of nothing":    {"req.ResourceIdentifiers", references()},
		"references of no account": {"req.ResourceIdentifiers[0].Account", references(pulumiapi.InsightsResourceVersionIdentifier{})},
		"annotation of nothing":    {"req.ResourceURN", client.Insights.SetMigrationAnnotation(ctx, testkit.Prod, pulumiapi.MigrationAnnotationRequest{})},
		"no annotation":            {"resourceURN", client.Insights.DeleteMigrationAnnotation(ctx, testkit.Prod, "")},
		"a project":                {"project", testkit.ErrorOf(client.Insights.ListDiscoveredStacksPage(ctx, "acme", "", nil))},
		"no language":              {"req.Language", testkit.ErrorOf(client.Insights.GenerateImportCode(ctx, "acme", pulumiapi.InsightsImportCodeRequest{}))},
		"code for nothing":         {"req.URNs", testkit.ErrorOf(client.Insights.GenerateImportCode(ctx, "acme", pulumiapi.InsightsImportCodeRequest{Language: "go"}))},
	} {
		var wrong *pulumiapi.ArgumentError
		require.ErrorAs(t, c.err, &wrong, what)
		assert.Equal(t, c.argument, wrong.Name, what)
	}
	assert.Empty(t, s.Sent())
}

func TestInsights_StartScan_OfAnAccountWithChildrenIsNoRun(t *testing.T) {
	t.Parallel()
	client, _ := testkit.Client(t, func(int, *http.Request) (*http.Response, error) {
		return testkit.Respond(http.StatusNoContent, nil), nil
	})
	run, err := client.Insights.StartScan(t.Context(), "acme", "parent", pulumiapi.InsightsScanStartRequest{})
	require.NoError(t, err)
	assert.Equal(t, &pulumiapi.WorkflowRun{}, run)
}

// The log of a scan that runs ends, for now, with the token that was sent.
func TestInsights_ListScanLogs_EndsWhereThereIsNothingNew(t *testing.T) {
	t.Parallel()
	client, s := testkit.Client(t, func(int, *http.Request) (*http.Response, error) {
		return testkit.Respond(http.StatusOK, []byte(`{"lines":[{"line":"a"}],"nextToken":"t"}`)), nil
	})
	lines, err := pulumiapi.Collect(client.Insights.ListScanLogs(t.Context(), "acme", "aws", "r1", nil))
	require.NoError(t, err)
	assert.Len(t, lines, 2)
	assert.Len(t, s.Sent(), 2)
}

// Nothing says that the service takes the token of these lists.
func TestInsights_ListsOfResourcesToMigrate_APageThatRepeats(t *testing.T) {
	t.Parallel()
	for name, list := range map[string]func(ctx context.Context, c *pulumiapi.Client) iter.Seq2[*pulumiapi.DiscoveredResource, error]{
		"ListDiscoveredStackResources": func(ctx context.Context, c *pulumiapi.Client) iter.Seq2[*pulumiapi.DiscoveredResource, error] {
			return c.Insights.ListDiscoveredStackResources(ctx, testkit.Prod, nil)
		},
		"ListStackMigration": func(ctx context.Context, c *pulumiapi.Client) iter.Seq2[*pulumiapi.DiscoveredResource, error] {
			return c.Insights.ListStackMigration(ctx, testkit.Prod, nil)
		},
	} {
		for _, tokens := range [][]string{{"a", "a"}, {"a", "b"}} {
			client, s := testkit.Client(t, func(n int, _ *http.Request) (*http.Response, error) {
				token := tokens[min(n, len(tokens))-1]
				return testkit.Respond(http.StatusOK, []byte(`{"resources":[{"name":"b"}],"continuationToken":"`+token+`"}`)), nil
			})
			resources, err := pulumiapi.Collect(list(t.Context(), client))
			require.ErrorContains(t, err, "would not end", name)
			assert.Len(t, resources, 1, name)
			assert.Len(t, s.Sent(), 2, name)
		}
	}
}
