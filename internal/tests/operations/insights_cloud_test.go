package operations_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/internal/testkit"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

// Names that the service decodes twice come back as they were.
func TestCloud_InsightsOfOddNames(t *testing.T) {
	t.Parallel()
	srv, client := testkit.CloudWithStack(t)
	ctx := t.Context()
	object := json.RawMessage(`{"n":1.0}`)
	for _, name := range []string{"FizzBuzz AWS Staging", "a/b", "100%", "%2F", "ü&?#+"} {
		require.NoError(t, client.Insights.CreateAccount(ctx, "acme", name, pulumiapi.InsightsAccountCreateRequest{
			Provider: pulumiapi.InsightsProviderAWS, Environment: "a/b",
		}))
		exists, err := client.Insights.AccountExists(ctx, "acme", name)
		require.NoError(t, err)
		assert.True(t, exists, name)
		id := pulumiapi.InsightsResourceIdentifier{Account: name, Type: "aws:s3/bucket:Bucket", ID: name}
		require.NoError(t, client.Insights.UpsertResources(ctx, "acme", name, []pulumiapi.InsightsResourceUpsertRequest{
			{Type: id.Type, ID: id.ID, Inputs: object, State: object},
		}))
		resource, err := client.Insights.GetResource(ctx, "acme", id)
		require.NoError(t, err)
		assert.Equal(t, name+" "+name+" 1", resource.Account+" "+resource.ID+" "+string(rune('0'+resource.Version)))

		run, err := client.Insights.StartScan(ctx, "acme", name, pulumiapi.InsightsScanStartRequest{})
		require.NoError(t, err)
		require.NoError(t, srv.LogInsightsScan("acme", name, "one"))
		lines, err := pulumiapi.Collect(client.Insights.ListScanLogs(ctx, "acme", name, run.ID, nil))
		require.NoError(t, err)
		assert.Len(t, lines, 1, "so far")
		require.NoError(t, srv.FinishInsightsScan("acme", name, pulumiapitest.Succeeded))
		scan, err := client.Insights.GetScan(ctx, "acme", name, run.ID)
		require.NoError(t, err)
		assert.Equal(t, pulumiapi.WorkflowRunStatusSucceeded, scan.Status)
		assert.Equal(t, 1, scan.ResourceCount)
		lines, err = pulumiapi.Collect(client.Insights.ListScanLogs(ctx, "acme", name, run.ID, nil))
		require.NoError(t, err)
		require.Len(t, lines, 1)
		assert.Equal(t, "one", lines[0].Line)
		require.NoError(t, client.Insights.DeleteAccount(ctx, "acme", name))
		exists, err = client.Insights.AccountExists(ctx, "acme", name)
		require.NoError(t, err)
		assert.False(t, exists, name)
	}
}
