package operations_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/internal/testkit"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

const scanEndpoint = "GET /api/preview/insights/{orgName}/accounts/{accountName}/scans/{scanId}"

// scanning is a scan of an account of acme that runs.
func scanning(t *testing.T) (srv *pulumiapitest.Server, client *pulumiapi.Client, scanID string) {
	t.Helper()
	srv, client = testkit.CloudWithStack(t)
	require.NoError(t, srv.AddInsightsAccount("acme", pulumiapitest.InsightsAccount{
		Name: testkit.Account, Provider: "aws", Environment: "insights/aws",
	}))
	run, err := client.Insights.StartScan(t.Context(), "acme", testkit.Account, pulumiapi.InsightsScanStartRequest{})
	require.NoError(t, err)
	return srv, client, run.ID
}

// scanLooks returns how often clients have asked for a scan.
func scanLooks(srv *pulumiapitest.Server) int { return requestsTo(srv, scanEndpoint) }

func TestInsights_WaitForScan_ReturnsWhenTheScanHasEnded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, client, scanID := scanning(t)
		time.AfterFunc(10*time.Minute, func() {
			assert.NoError(t, srv.FinishInsightsScan("acme", testkit.Account, pulumiapitest.Succeeded))
		})
		start := time.Now()
		scan, err := client.Insights.WaitForScan(t.Context(), "acme", testkit.Account, scanID, nil)
		require.NoError(t, err)
		took := time.Since(start)
		assert.GreaterOrEqual(t, took, 10*time.Minute)
		assert.LessOrEqual(t, took, 10*time.Minute+15*time.Second)
		assert.Equal(t, scanID, scan.ID)
		assert.Equal(t, pulumiapi.WorkflowRunStatusSucceeded, scan.Status)
		assert.Greater(t, scanLooks(srv), 600/15, "at the longest interval")
		assert.Less(t, scanLooks(srv), 600/7+6, "at half of it")

		start = time.Now()
		_, err = client.Insights.WaitForScan(t.Context(), "acme", testkit.Account, scanID, nil)
		require.NoError(t, err)
		assert.Zero(t, time.Since(start), "it has ended already")
	})
}

func TestInsights_WaitForScan_LooksAsOftenAsItIsTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, client, scanID := scanning(t)
		time.AfterFunc(time.Hour-time.Second, func() {
			assert.NoError(t, srv.FinishInsightsScan("acme", testkit.Account, pulumiapitest.Succeeded))
		})
		start := time.Now()
		_, err := client.Insights.WaitForScan(t.Context(), "acme", testkit.Account, scanID,
			&pulumiapi.WaitOptions{MinInterval: time.Minute, MaxInterval: time.Minute})
		require.NoError(t, err)
		assert.Equal(t, time.Hour, time.Since(start))
		assert.Equal(t, 61, scanLooks(srv))
	})
}

func TestInsights_WaitForScan_TellsAFailedScanFromAFailedCall(t *testing.T) {
	t.Parallel()
	for how, end := range map[string]func(context.Context, *pulumiapitest.Server, *pulumiapi.Client) error{
		"failed": func(_ context.Context, srv *pulumiapitest.Server, _ *pulumiapi.Client) error {
			return srv.FinishInsightsScan("acme", testkit.Account, pulumiapitest.Failed)
		},
		"cancelled": func(ctx context.Context, _ *pulumiapitest.Server, client *pulumiapi.Client) error {
			return client.Insights.CancelScan(ctx, "acme", testkit.Account)
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			srv, client, scanID := scanning(t)
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			time.AfterFunc(time.Minute, func() { assert.NoError(t, end(ctx, srv, client), how) })
			scan, err := client.Insights.WaitForScan(ctx, "acme", testkit.Account, scanID, nil)
			var failed *pulumiapi.InsightsScanFailedError
			require.ErrorAs(t, err, &failed, how)
			assert.Equal(t, pulumiapi.InsightsScanFailedError{
				Org: "acme", Account: testkit.Account, ScanID: scanID, Status: pulumiapi.WorkflowRunStatusFailed, Scan: scan,
			}, *failed)
			assert.Equal(t, scanID, scan.ID, how)
			assert.Equal(t, pulumiapi.WorkflowRunStatusFailed, scan.Status, how)
			require.EqualError(t, err, "pulumiapi: scan "+scanID+" of account "+testkit.Account+": failed")
			assert.False(t, isOfACall(err), how)
		})
	}
	srv, client, scanID := scanning(t)
	srv.Inject(pulumiapitest.Fault{Endpoint: scanEndpoint, Status: http.StatusForbidden})
	scan, err := client.Insights.WaitForScan(t.Context(), "acme", testkit.Account, scanID, nil)
	require.ErrorIs(t, err, pulumiapi.ErrForbidden)
	var failed *pulumiapi.InsightsScanFailedError
	require.NotErrorAs(t, err, &failed)
	assert.Nil(t, scan)
}

// It goes by the ends: what a service calls a scan that runs is all the same.
func TestInsights_WaitForScan_StatesThatNobodyKnows(t *testing.T) {
	t.Parallel()
	const never = `"finishedAt":"0001-01-01T00:00:00Z"`
	for status, ends := range map[string]string{"succeeded": "", "failed": "failed", "cancelled": "cancelled"} {
		synctest.Test(t, func(t *testing.T) {
			client, s := testkit.Client(t, inTurn(
				`{"status":"queued"}`, `{"status":"in-progress",`+never+`}`, `{"status":"",`+never+`}`, `{"finishedAt":null}`, `{}`,
				`{"status":"running","finishedAt":"2026-01-02T03:04:05Z"}`,
				`{"status":"`+status+`","finishedAt":"2026-01-02T03:04:05Z"}`,
			))
			scan, err := client.Insights.WaitForScan(t.Context(), "acme", testkit.Account, "r1", nil)
			assert.Len(t, s.Sent(), 7, status)
			require.NotNil(t, scan, status)
			assert.Equal(t, status, string(scan.Status))
			if ends == "" {
				require.NoError(t, err, status)
				return
			}
			var failed *pulumiapi.InsightsScanFailedError
			require.ErrorAs(t, err, &failed, status)
			assert.Equal(t, ends, string(failed.Status))
		})
	}
}

func TestInsightsScanFailedError_IsOneLineWhateverTheServiceSays(t *testing.T) {
	t.Parallel()
	err := &pulumiapi.InsightsScanFailedError{Account: "a\nb", ScanID: "r\t1", Status: "lost\r\n\x1b[31mlevel=info"}
	assert.EqualError(t, err, "pulumiapi: scan r 1 of account a b: lost [31mlevel=info")
}

func TestInsights_WaitForScan_WhatDoesNotExist(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, client, scanID := scanning(t)
		start := time.Now()
		_, err := client.Insights.WaitForScan(t.Context(), "acme", testkit.Account, "none", nil)
		require.ErrorIs(t, err, pulumiapi.ErrNotFound)
		_, err = client.Insights.WaitForScan(t.Context(), "acme", "none", scanID, nil)
		require.ErrorIs(t, err, pulumiapi.ErrNotFound)
		assert.Zero(t, time.Since(start))
		assert.Equal(t, 2, scanLooks(srv))
	})
}

// Faults that may pass don't end a wait that has begun.
func TestInsights_WaitForScan_SurvivesFaults(t *testing.T) {
	t.Parallel()
	for name, fault := range lasting {
		synctest.Test(t, func(t *testing.T) {
			srv, client, scanID := scanning(t)
			fault.Endpoint, fault.Skip, fault.Times = scanEndpoint, 2, 7
			if fault.Delay > 0 {
				fault.Times = 4 // a call's
			}
			srv.Inject(fault)
			time.AfterFunc(15*time.Minute, func() {
				assert.NoError(t, srv.FinishInsightsScan("acme", testkit.Account, pulumiapitest.Succeeded), name)
			})
			scan, err := client.Insights.WaitForScan(t.Context(), "acme", testkit.Account, scanID, nil)
			require.NoError(t, err, name)
			assert.Equal(t, pulumiapi.WorkflowRunStatusSucceeded, scan.Status, name)
		})
	}
}

func TestInsights_WaitForScan_FaultsThatLastTooLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, client, scanID := scanning(t)
		time.AfterFunc(20*time.Minute, func() { srv.Inject(pulumiapitest.Fault{Status: http.StatusServiceUnavailable}) })
		start := time.Now()
		scan, err := client.Insights.WaitForScan(t.Context(), "acme", testkit.Account, scanID, nil)
		var refused *pulumiapi.APIError
		require.ErrorAs(t, err, &refused)
		assert.Equal(t, http.StatusServiceUnavailable, refused.StatusCode)
		require.ErrorContains(t, err, ": gave up after 5m0s of faults: 503: ")
		assert.Nil(t, scan)
		took := time.Since(start)
		assert.GreaterOrEqual(t, took, 24*time.Minute+30*time.Second)
		assert.LessOrEqual(t, took, 25*time.Minute+30*time.Second)
	})
}

func TestInsights_WaitForScan_EndsWithARefusal(t *testing.T) {
	t.Parallel()
	for name, fault := range lastingRefusals {
		synctest.Test(t, func(t *testing.T) {
			srv, client, scanID := scanning(t)
			fault.Endpoint, fault.Skip = scanEndpoint, 2
			srv.Inject(fault)
			scan, err := client.Insights.WaitForScan(t.Context(), "acme", testkit.Account, scanID, nil)
			require.Error(t, err, name)
			assert.True(t, isOfACall(err), name)
			assert.Nil(t, scan, name)
			assert.Equal(t, 3, scanLooks(srv), name)
		})
	}
}

func TestInsights_WaitForScan_TheContextEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, client, scanID := scanning(t)
		reason := errors.New("the user has left")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Hour+time.Millisecond, func() { cancel(reason) })
		start := time.Now()
		scan, err := client.Insights.WaitForScan(ctx, "acme", testkit.Account, scanID, &pulumiapi.WaitOptions{MinInterval: time.Minute})
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorIs(t, err, reason)
		var failed *pulumiapi.CallError
		require.ErrorAs(t, err, &failed)
		assert.Equal(t, scanEndpoint, failed.Endpoint.String())
		assert.Nil(t, scan)
		assert.Equal(t, time.Hour+time.Millisecond, time.Since(start), "at once")
		assert.Equal(t, 61, scanLooks(srv))
	})
	synctest.Test(t, func(t *testing.T) {
		srv, client, scanID := scanning(t)
		srv.Inject(pulumiapitest.Fault{Endpoint: scanEndpoint, Skip: 1, Status: http.StatusServiceUnavailable})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		_, err := client.Insights.WaitForScan(ctx, "acme", testkit.Account, scanID, nil)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		var refused *pulumiapi.APIError
		require.ErrorAs(t, err, &refused, "what went wrong is there, too")
		assert.Equal(t, http.StatusServiceUnavailable, refused.StatusCode)
		assert.Equal(t, time.Minute, time.Since(start))
	})
}

func TestInsights_WaitForScan_BadArguments(t *testing.T) {
	t.Parallel()
	client, s := testkit.Client(t, inTurn(`{}`))
	wait := func(ctx context.Context, org, account, scanID string, opts *pulumiapi.WaitOptions) error {
		_, err := client.Insights.WaitForScan(ctx, org, account, scanID, opts)
		return err
	}
	testkit.RequireArgumentError(t, wait(t.Context(), "acme", testkit.Account, "r1", &pulumiapi.WaitOptions{MinInterval: -1}), "opts.MinInterval", "Insights.WaitForScan")
	testkit.RequireArgumentError(t, wait(t.Context(), "", testkit.Account, "r1", nil), "org", "Insights.WaitForScan")
	testkit.RequireArgumentError(t, wait(t.Context(), "acme", "", "r1", nil), "account", "Insights.WaitForScan")
	testkit.RequireArgumentError(t, wait(t.Context(), "acme", testkit.Account, "", nil), "scanID", "Insights.WaitForScan")
	var none context.Context
	testkit.RequireArgumentError(t, wait(none, "acme", testkit.Account, "r1", nil), "ctx", "Insights.WaitForScan")
	assert.Empty(t, s.Sent())
}
