package pulumiapi_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

const scanEndpoint = "GET /api/preview/insights/{orgName}/accounts/{accountName}/scans/{scanId}"

// scanning is a scan of an account of acme that runs.
func scanning(t *testing.T) (srv *pulumiapitest.Server, client *pulumiapi.Client, scanID string) {
	t.Helper()
	srv, client = cloudWithUpdates(t)
	require.NoError(t, srv.AddInsightsAccount("acme", pulumiapitest.InsightsAccount{
		Name: account, Provider: "aws", Environment: "insights/aws",
	}))
	run, err := client.Insights.StartScan(t.Context(), "acme", account, pulumiapi.InsightsScanStartRequest{})
	require.NoError(t, err)
	return srv, client, run.ID
}

func TestInsights_WaitForScan_ReturnsWhenTheScanHasEnded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, client, scanID := scanning(t)
		time.AfterFunc(10*time.Minute, func() {
			assert.NoError(t, srv.FinishInsightsScan("acme", account, pulumiapitest.Succeeded))
		})
		start := time.Now()
		scan, err := client.Insights.WaitForScan(t.Context(), "acme", account, scanID, nil)
		require.NoError(t, err)
		took := time.Since(start)
		assert.GreaterOrEqual(t, took, 10*time.Minute)
		assert.LessOrEqual(t, took, 10*time.Minute+15*time.Second)
		assert.Equal(t, scanID, scan.ID)
		assert.Equal(t, pulumiapi.WorkflowRunStatusSucceeded, scan.Status)

		start = time.Now()
		_, err = client.Insights.WaitForScan(t.Context(), "acme", account, scanID, nil)
		require.NoError(t, err)
		assert.Zero(t, time.Since(start), "it has ended already")
	})
}

func TestInsights_WaitForScan_TellsAFailedScanFromAFailedCall(t *testing.T) {
	t.Parallel()
	for how, end := range map[string]func(*pulumiapitest.Server, *pulumiapi.Client) error{
		"failed": func(srv *pulumiapitest.Server, _ *pulumiapi.Client) error {
			return srv.FinishInsightsScan("acme", account, pulumiapitest.Failed)
		},
		"cancelled": func(_ *pulumiapitest.Server, client *pulumiapi.Client) error {
			return client.Insights.CancelScan(context.Background(), "acme", account)
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			srv, client, scanID := scanning(t)
			time.AfterFunc(time.Minute, func() { assert.NoError(t, end(srv, client), how) })
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			scan, err := client.Insights.WaitForScan(ctx, "acme", account, scanID, nil)
			var failed *pulumiapi.InsightsScanFailedError
			require.ErrorAs(t, err, &failed, how)
			assert.Equal(t, pulumiapi.InsightsScanFailedError{Account: account, ScanID: scanID, Scan: scan}, *failed)
			assert.Equal(t, pulumiapi.WorkflowRunStatusFailed, scan.Status)
			require.EqualError(t, err, "pulumiapi: scan "+scanID+" of account "+account+": failed")
			assert.False(t, isOfACall(err), how)
		})
	}
	synctest.Test(t, func(t *testing.T) {
		srv, client, scanID := scanning(t)
		srv.Inject(pulumiapitest.Fault{Endpoint: scanEndpoint, Status: http.StatusForbidden})
		scan, err := client.Insights.WaitForScan(t.Context(), "acme", account, scanID, nil)
		require.ErrorIs(t, err, pulumiapi.ErrForbidden)
		var failed *pulumiapi.InsightsScanFailedError
		require.NotErrorAs(t, err, &failed)
		assert.Nil(t, scan)
	})
}

// Faults that may pass don't end a wait that has begun.
func TestInsights_WaitForScan_SurvivesAnOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const running, ended = `{"id":"r1","status":"running"}`, `{"id":"r1","status":"succeeded"}`
		client, _ := scriptedClient(t, func(n int, _ *http.Request) (*http.Response, error) {
			switch {
			case n == 1:
				return respond(http.StatusOK, []byte(running)), nil
			case n < 20:
				return respond(http.StatusServiceUnavailable, nil), nil
			}
			return respond(http.StatusOK, []byte(ended)), nil
		})
		scan, err := client.Insights.WaitForScan(t.Context(), "acme", account, "r1", nil)
		require.NoError(t, err)
		assert.Equal(t, pulumiapi.WorkflowRunStatusSucceeded, scan.Status)
	})
}

func TestInsights_WaitForScan_EndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, client, scanID := scanning(t)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		scan, err := client.Insights.WaitForScan(ctx, "acme", account, scanID, nil)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Nil(t, scan)
		assert.Equal(t, time.Minute, time.Since(start))
	})
}

func TestInsights_WaitForScan_BadArguments(t *testing.T) {
	t.Parallel()
	client, s := scriptedClient(t, inTurn(`{}`))
	wait := func(ctx context.Context, org, account, scanID string, opts *pulumiapi.WaitOptions) error {
		_, err := client.Insights.WaitForScan(ctx, org, account, scanID, opts)
		return err
	}
	requireArgumentError(t, wait(t.Context(), "acme", account, "r1", &pulumiapi.WaitOptions{MinInterval: -1}), "opts.MinInterval", "Insights.WaitForScan")
	requireArgumentError(t, wait(t.Context(), "", account, "r1", nil), "org", "Insights.WaitForScan")
	requireArgumentError(t, wait(t.Context(), "acme", "", "r1", nil), "account", "Insights.WaitForScan")
	requireArgumentError(t, wait(t.Context(), "acme", account, "", nil), "scanID", "Insights.WaitForScan")
	var none context.Context
	requireArgumentError(t, wait(none, "acme", account, "r1", nil), "ctx", "Insights.WaitForScan")
	assert.Empty(t, s.sent)
}
