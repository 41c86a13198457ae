package conformance_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

// tourOfInsightsInDepth leads through the life of an account, from its creation to
// the end of the trial.
func tourOfInsightsInDepth(t *testing.T, cloud *pulumiapitest.Server, client *pulumiapi.Client) {
	t.Helper()
	ctx := t.Context()
	const account = "depth/100%"
	id := pulumiapi.InsightsResourceIdentifier{Account: account, Type: "aws:s3/bucket:Bucket", ID: "b/1%"}
	results := pulumiapi.InsightsPolicyResultsUpdateRequest{ClaimID: "c", Results: pulumiapi.InsightsPolicyResults{Succeeded: true}}
	stack := pulumiapi.StackIdentifier{Org: org, Project: "old", Stack: "cfn"}
	for _, terraform := range []bool{false, true} {
		require.NoError(t, cloud.AddDiscoveredStack(org, pulumiapitest.DiscoveredStack{
			Project: stack.Project, Name: stack.Stack, Provider: "aws-cloudformation", Terraform: terraform, Tags: map[string]string{"a": "b"},
			Resources: []pulumiapitest.DiscoveredResource{{URN: "urn:1", ID: "1", Type: "t", OriginType: "o", State: map[string]json.RawMessage{"a": json.RawMessage("{}")}}},
		}))
	}
	require.NoError(t, cloud.AddStack(pulumiapitest.Stack{Org: org, Project: "depth", Name: "prod", Version: 1}))
	var scan string
	for i, call := range []func() error{
		func() error {
			return second(client.Insights.BulkCreateAccounts(ctx, org, pulumiapi.InsightsAccountBulkCreateRequest{Accounts: []pulumiapi.InsightsAccountBulkCreateItem{
				{Name: account, Provider: pulumiapi.InsightsProviderAWS, Environment: "a/b"}, {Name: account, Provider: pulumiapi.InsightsProviderAWS, Environment: "a/b"},
			}}))
		},
		func() error { return second(client.Insights.AccountExists(ctx, org, account)) },
		func() error {
			return client.Insights.UpdateAccount(ctx, org, account, pulumiapi.InsightsAccountUpdateRequest{Environment: "a/b", ScanSchedule: new(pulumiapi.InsightsScanScheduleDaily)})
		},
		func() error { return second(client.Insights.ReassignAccountOwnership(ctx, org, account, cloud.User())) },
		func() error { return second(client.Insights.ListAccountPolicyPacks(ctx, org, account)) },
		func() error {
			return client.Insights.ReplaceAccountTags(ctx, org, account, map[string]string{"owner": "ada"})
		},
		func() error { return second(client.Insights.GetAccountTags(ctx, org, account)) },
		func() error {
			return client.Teams.SetInsightsAccountAccess(ctx, org, "platform", account, pulumiapi.AccountPermissionRead)
		},
		func() error { return second(client.Insights.ListAccountTeams(ctx, org, account)) },
		func() error { return client.Teams.RemoveInsightsAccountAccess(ctx, org, "platform", account) },
		func() error {
			run, err := client.Insights.StartScan(ctx, org, account, pulumiapi.InsightsScanStartRequest{ReadTimeout: new("30s")})
			if err == nil {
				scan = run.ID
			}
			return err
		},
		func() error { return cloud.LogInsightsScan(org, account, "one", "two") },
		func() error { return second(client.Insights.GetScanStatus(ctx, org, account)) },
		func() error { return client.Insights.CancelScan(ctx, org, account) },
		func() error { return second(pulumiapi.Collect(client.Insights.ListScans(ctx, org, account, nil))) },
		func() error { return second(client.Insights.GetScan(ctx, org, account, scan)) },
		func() error {
			return second(pulumiapi.Collect(client.Insights.ListScanLogs(ctx, org, account, scan, nil)))
		},
		func() error { return second(client.Insights.GetScanStepLogs(ctx, org, account, scan, 0, 0, nil)) },
		func() error { return client.Insights.PauseScheduledScans(ctx, org, account) },
		func() error { return client.Insights.ResumeScheduledScans(ctx, org, account) },
		func() error {
			return client.Insights.UpdateScheduledScanSettings(ctx, org, account, pulumiapi.InsightsScheduledScanSettingsUpdateRequest{BatchSize: new(3)})
		},
		func() error { return second(client.Insights.GetScheduledScanSettings(ctx, org, account)) },
		func() error {
			object := json.RawMessage(`{"n":1}`)
			return client.Insights.UpsertResources(ctx, org, account, []pulumiapi.InsightsResourceUpsertRequest{
				{Type: id.Type, ID: id.ID, Inputs: object, State: object, Dependencies: []pulumiapi.InsightsResourceDependency{{Type: "t", ID: "p"}}},
				{Type: "t", ID: "p", Inputs: object, State: object},
			})
		},
		func() error { return second(client.Insights.GetResource(ctx, org, id)) },
		func() error { return client.Insights.UpdateResourcePolicyResults(ctx, org, id, 1, results) },
		func() error { return second(client.Insights.GetResourceAtVersion(ctx, org, id, 1)) },
		func() error {
			return second(pulumiapi.Collect(client.Insights.ListResourceVersions(ctx, org, id, nil)))
		},
		func() error { return second(pulumiapi.Collect(client.Insights.ListResourceEdges(ctx, org, id, nil))) },
		func() error {
			return second(pulumiapi.Collect(client.Insights.ListResourceEdgesAtVersion(ctx, org, id, 1, nil)))
		},
		func() error { return second(client.Insights.ListResourceStackEdges(ctx, org, id)) },
		func() error {
			related, err := client.Insights.GetResourceReferences(ctx, org, id)
			if err != nil {
				return err
			}
			return second(client.Insights.GenerateImportCode(ctx, org, pulumiapi.InsightsImportCodeRequest{Language: "go", URNs: []string{related.URN}}))
		},
		func() error {
			return second(client.Insights.ListResourceReferences(ctx, org, account, pulumiapi.InsightsResourceReferencesRequest{
				ResourceIdentifiers: []pulumiapi.InsightsResourceVersionIdentifier{{Account: account, Type: id.Type, ID: id.ID, Version: new(1)}}, Depth: new(2),
			}))
		},
		func() error {
			return client.Insights.UpdateStackPolicyResults(ctx, pulumiapi.StackIdentifier{Org: org, Project: "depth", Stack: "prod"}, 1, results)
		},
		func() error {
			return second(pulumiapi.Collect(client.Insights.ListDiscoveredStacks(ctx, org, stack.Project, nil)))
		},
		func() error { return second(client.Insights.GetDiscoveredStack(ctx, stack)) },
		func() error {
			return client.Insights.SetMigrationAnnotation(ctx, stack, pulumiapi.MigrationAnnotationRequest{ResourceURN: "urn:1", Note: new("n")})
		},
		func() error {
			return second(pulumiapi.Collect(client.Insights.ListDiscoveredStackResources(ctx, stack, nil)))
		},
		func() error { return client.Insights.DeleteMigrationAnnotation(ctx, stack, "urn:1") },
		func() error { return second(pulumiapi.Collect(client.Insights.ListStackMigration(ctx, stack, nil))) },
		func() error { return second(client.Insights.GetTrialSummary(ctx, org)) },
		func() error { return client.Insights.DeleteAccount(ctx, org, account) },
		func() error { return client.Insights.AcceptBilling(ctx, org) },
		func() error { return client.Insights.TerminateTrial(ctx, "elsewhere") },
	} {
		if i == 0 {
			require.NoError(t, cloud.AddOrganization("elsewhere"))
		}
		require.NoError(t, call(), "call %d", i)
	}
}
