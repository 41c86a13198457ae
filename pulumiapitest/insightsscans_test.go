package pulumiapitest_test

import (
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

type scanOf struct {
	ID, Status, AccountName string
	StartedAt, FinishedAt   *time.Time
	ResourceCount           *int
	NextScan                *time.Time
	Jobs                    []struct {
		Status string
		Steps  []struct{ Name, Status string }
	}
}

// startScan starts a scan of the child.
func startScan(t *testing.T, srv *pulumiapitest.Server) scanOf {
	t.Helper()
	a := do(t, srv, http.MethodPost, accountPath(child)+"/scan", `{}`)
	require.Equal(t, http.StatusOK, a.status, a.body)
	return decode[scanOf](t, a)
}

func TestServer_Scan_FromBeginningToEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := newAccountServer(t)
		defer srv.Close()
		path := accountPath(child)
		requireError(t, srv, http.StatusNotFound, "Scan for account", http.MethodGet, path+"/scan", "")
		started := startScan(t, srv)
		assert.Equal(t, "running", started.Status)
		assert.Nil(t, started.FinishedAt)
		require.Len(t, started.Jobs, 1)
		require.Len(t, started.Jobs[0].Steps, 1)
		assert.Equal(t, "running Discover resources", started.Jobs[0].Status+" "+started.Jobs[0].Steps[0].Name)
		requireAudit(t, srv, "Insights Account Scan Started", `Started a scan of Insights account "`+child+`"`)

		time.Sleep(time.Minute)
		running := getJSON[scanOf](t, srv, path+"/scans/"+started.ID)
		assert.Equal(t, child+" running", running.AccountName+" "+running.Status, "it runs until a test ends it")
		assert.Nil(t, running.ResourceCount)
		requireNoContent(t, srv, http.MethodPost, path+"/resources", `{"resources":[{"type":"t","id":"1","inputs":{},"state":{}}]}`)
		require.NoError(t, srv.FinishInsightsScan("acme", child, pulumiapitest.Succeeded))
		ended := getJSON[scanOf](t, srv, path+"/scans/"+started.ID)
		assert.Equal(t, "succeeded", ended.Status)
		assert.Equal(t, "succeeded", ended.Jobs[0].Steps[0].Status)
		assert.Equal(t, time.Minute, ended.FinishedAt.Sub(*ended.StartedAt))
		assert.Equal(t, 1, *ended.ResourceCount)
		assert.Equal(t, started.ID, getJSON[scanOf](t, srv, path+"/scan").ID)
		assert.Equal(t, "succeeded", getJSON[accountOf](t, srv, path).ScanStatus.Status)

		startScan(t, srv)
		require.NoError(t, srv.FinishInsightsScan("acme", child, pulumiapitest.Failed))
		assert.Equal(t, "failed", getJSON[scanOf](t, srv, path+"/scan").Status)
	})
}

func TestServer_StartScan_OfAParentScansTheChildren(t *testing.T) {
	t.Parallel()
	srv := newAccountServer(t)
	require.NoError(t, srv.AddInsightsAccount("acme", pulumiapitest.InsightsAccount{Name: odd + "/other", Provider: "aws"}))
	requireNoContent(t, srv, http.MethodPost, accountPath(odd)+"/scan", `{}`)
	requireError(t, srv, http.StatusNotFound, "Scan for account", http.MethodGet, accountPath(odd)+"/scan", "")
	for _, name := range []string{child, odd + "/other"} {
		assert.Equal(t, "running", getJSON[scanOf](t, srv, accountPath(name)+"/scan").Status)
		requireError(t, srv, http.StatusBadRequest, "in progress", http.MethodPost, accountPath(name)+"/scan", `{}`)
	}
	require.NoError(t, srv.FinishInsightsScan("acme", odd+"/other", pulumiapitest.Succeeded))
	requireError(t, srv, http.StatusBadRequest, "'"+odd+"/child' is already in progress", http.MethodPost, accountPath(odd)+"/scan", `{}`)
	assert.Len(t, getJSON[struct{ ScanStatuses []scanOf }](t, srv, accountPath(odd)+"/scans").ScanStatuses, 2)
}

func TestServer_StartScan_Errors(t *testing.T) {
	t.Parallel()
	srv := newAccountServer(t)
	path := accountPath(child) + "/scan"
	requireError(t, srv, http.StatusBadRequest, "no duration", http.MethodPost, path, `{"readTimeout":"soon"}`)
	requireError(t, srv, http.StatusBadRequest, "does not know", http.MethodPost, path, `{"timeout":"1s"}`)
	requireError(t, srv, http.StatusNotFound, "Account", http.MethodPost, accountPath("none")+"/scan", `{}`)
	requireError(t, srv, http.StatusNotFound, "Scan for account", http.MethodGet, path, "")
	requireNoAudit(t, srv)
}

func TestServer_CancelScan(t *testing.T) {
	t.Parallel()
	srv := newAccountServer(t)
	cancel := accountPath(child) + "/scan/cancel"
	requireNoContent(t, srv, http.MethodPost, cancel, "")
	requireNoAudit(t, srv)
	started := startScan(t, srv)
	requireNoContent(t, srv, http.MethodPost, cancel, "")
	requireAudit(t, srv, "Insights Account Scan Cancelled", `Cancelled a scan of Insights account "`+child+`"`)
	ended := getJSON[scanOf](t, srv, accountPath(child)+"/scans/"+started.ID)
	assert.Equal(t, "failed", ended.Status)
	assert.NotNil(t, ended.FinishedAt)
	require.ErrorContains(t, srv.FinishInsightsScan("acme", child, pulumiapitest.Succeeded), "not being scanned")
	requireError(t, srv, http.StatusNotFound, "Account", http.MethodPost, accountPath("none")+"/scan/cancel", "")
	assert.NotEqual(t, started.ID, startScan(t, srv).ID, "another can begin")
}

func TestServer_ListScans_TheNewestFirst(t *testing.T) {
	t.Parallel()
	srv := newAccountServer(t)
	var want []string
	for range 5 {
		scan := startScan(t, srv)
		require.NoError(t, srv.FinishInsightsScan("acme", child, pulumiapitest.Succeeded))
		want = append([]string{scan.ID}, want...)
	}
	type scans struct {
		ScanStatuses      []scanOf
		ContinuationToken string
	}
	for _, account := range []string{odd, odd + "/child"} {
		var got []string
		query := "?pageSize=2"
		for query != "" {
			page := getJSON[scans](t, srv, accountPath(account)+"/scans"+query)
			for _, scan := range page.ScanStatuses {
				assert.Equal(t, child, scan.AccountName)
				got = append(got, scan.ID)
			}
			query = ""
			if page.ContinuationToken != "" {
				query = "?pageSize=2&continuationToken=" + escape(page.ContinuationToken)
			}
		}
		assert.Equal(t, want, got, account)
	}
	path := accountPath(odd) + "/scans"
	for _, bad := range []string{"pageSize=0", "pageSize=1001", "continuationToken=x", "count=1"} {
		assert.Equal(t, http.StatusBadRequest, do(t, srv, http.MethodGet, path+"?"+bad, "").status, bad)
	}
	requireError(t, srv, http.StatusNotFound, "Account", http.MethodGet, accountPath("none")+"/scans", "")
	assert.Equal(t, want[0], getJSON[scanOf](t, srv, path+"/"+want[0]).ID, "a parent has its children's")
	requireError(t, srv, http.StatusNotFound, "Scan 'x'", http.MethodGet, path+"/x", "")
	requireError(t, srv, http.StatusNotFound, "Account", http.MethodGet, accountPath("none")+"/scans/"+want[0], "")
}

func TestServer_ScanLogs(t *testing.T) {
	t.Parallel()
	srv := newAccountServer(t)
	logs := accountPath(child) + "/scans/" + startScan(t, srv).ID + "/logs"
	type lines struct {
		Lines     []struct{ Line, Header, Timestamp string }
		NextToken string
	}
	none := getJSON[lines](t, srv, logs)
	assert.Empty(t, none.Lines)
	require.NoError(t, srv.LogInsightsScan("acme", child, "one", "two"))
	require.NoError(t, srv.LogInsightsScan("acme", child, "three"))
	assert.Len(t, getJSON[lines](t, srv, logs+"?continuationToken="+escape(none.NextToken)).Lines, 3)
	first := getJSON[lines](t, srv, logs+"?count=2")
	require.Len(t, first.Lines, 2)
	assert.Equal(t, "Discover resources: one", first.Lines[0].Header+": "+first.Lines[0].Line)
	assert.NotEmpty(t, first.Lines[0].Timestamp)
	assert.Equal(t, "two", first.Lines[1].Header+first.Lines[1].Line, "the header comes once")
	second := getJSON[lines](t, srv, logs+"?continuationToken="+escape(first.NextToken))
	require.Len(t, second.Lines, 1)
	assert.Equal(t, "three", second.Lines[0].Header+second.Lines[0].Line)
	atEnd := logs + "?continuationToken=" + escape(second.NextToken)
	assert.Equal(t, lines{Lines: none.Lines, NextToken: second.NextToken}, getJSON[lines](t, srv, atEnd), "there may be more: the scan runs")
	require.NoError(t, srv.FinishInsightsScan("acme", child, pulumiapitest.Succeeded))
	assert.JSONEq(t, `{"__type":"DeploymentLogs","lines":[]}`, do(t, srv, http.MethodGet, atEnd, "").body)
	assert.Empty(t, getJSON[lines](t, srv, logs).NextToken)
	assert.Equal(t, http.StatusBadRequest, do(t, srv, http.MethodGet,
		accountPath(child)+"/scans/"+startScan(t, srv).ID+"/logs?continuationToken="+escape(second.NextToken), "").status, "another scan's token")
	for _, bad := range []string{"count=0", "count=500", "continuationToken=x"} {
		assert.Equal(t, http.StatusBadRequest, do(t, srv, http.MethodGet, logs+"?"+bad, "").status, bad)
	}
	requireError(t, srv, http.StatusNotFound, "Scan 'x'", http.MethodGet, accountPath(child)+"/scans/x/logs", "")
	require.ErrorContains(t, srv.LogInsightsScan("acme", odd, "x"), "never scanned")
	require.ErrorContains(t, srv.LogInsightsScan("acme", "none", "x"), "no account")
}

// The offsets are bytes, so that nobody counts on lines.
func TestServer_ScanLogs_OfAStep(t *testing.T) {
	t.Parallel()
	srv := newAccountServer(t)
	var printed []string
	for i := range 150 {
		printed = append(printed, fmt.Sprintf("line %d", i))
	}
	logs := accountPath(child) + "/scans/" + startScan(t, srv).ID + "/logs"
	step := logs + "?job=0&step=0"
	require.NoError(t, srv.LogInsightsScan("acme", child, printed...))
	type lines struct {
		Name       string
		Lines      []struct{ Line string }
		NextOffset *int
	}
	var got []string
	first := getJSON[lines](t, srv, step)
	assert.Equal(t, "Discover resources", first.Name)
	require.NotNil(t, first.NextOffset)
	assert.Equal(t, 10*len("line 0\n")+90*len("line 10\n"), *first.NextOffset)
	second := getJSON[lines](t, srv, fmt.Sprintf("%s&offset=%d", step, *first.NextOffset))
	assert.Nil(t, second.NextOffset, "this is the end")
	for _, line := range append(first.Lines, second.Lines...) {
		got = append(got, line.Line)
	}
	assert.Equal(t, printed, got)
	assert.Empty(t, getJSON[lines](t, srv, step+"&offset=100000").Lines)
	for _, bad := range []string{"?job=1&step=0", "?job=0&step=1", "?job=0&step=0&offset=-1"} {
		requireError(t, srv, http.StatusBadRequest, "no step", http.MethodGet, logs+bad, "")
	}
}

func TestServer_ScanSettings(t *testing.T) {
	t.Parallel()
	srv := newAccountServer(t)
	scan, settings := accountPath(child)+"/scan", accountPath(child)+"/scan/settings"
	started := startScan(t, srv)
	requireError(t, srv, http.StatusNotFound, "Scheduled scan", http.MethodGet, settings, "")
	for body, message := range map[string]string{
		`{}`: "paused is required", `{"paused":false,"scheduleCron":"now"}`: "Invalid scan schedule", `{"paused":false,"readTimeout":"soon"}`: "no duration",
	} {
		requireError(t, srv, http.StatusBadRequest, message, http.MethodPut, settings, body)
	}
	assert.Nil(t, getJSON[scanOf](t, srv, scan).NextScan)
	requireNoContent(t, srv, http.MethodPut, settings,
		`{"paused":false,"scheduleCron":"0 0 * * *","batchSize":3,"listConcurrency":1,"readConcurrency":2,"readTimeout":"30s"}`)
	assert.JSONEq(t, `{"paused":false,"scheduleCron":"0 0 * * *","batchSize":3,"listConcurrency":1,"readConcurrency":2,"readTimeout":"30s"}`,
		do(t, srv, http.MethodGet, settings, "").body)
	assert.True(t, getJSON[accountOf](t, srv, accountPath(child)).ScheduledScanEnabled)
	next := getJSON[scanOf](t, srv, scan).NextScan
	require.NotNil(t, next)
	assert.WithinDuration(t, started.StartedAt.Add(24*time.Hour), *next, time.Second)

	requireNoContent(t, srv, http.MethodPost, scan+"/pause", "")
	assert.Contains(t, do(t, srv, http.MethodGet, settings, "").body, `"paused":true`)
	assert.Nil(t, getJSON[scanOf](t, srv, scan).NextScan)
	requireNoContent(t, srv, http.MethodPost, scan+"/resume", "")
	assert.NotNil(t, getJSON[scanOf](t, srv, scan).NextScan)
	requireNoContent(t, srv, http.MethodPut, settings, `{"paused":true}`)
	assert.JSONEq(t, `{"paused":true,"scheduleCron":"0 0 * * *"}`, do(t, srv, http.MethodGet, settings, "").body)

	none := accountPath("none") + "/scan"
	for method, paths := range map[string][]string{http.MethodGet: {"", "/settings"}, http.MethodPost: {"/pause", "/resume"}, http.MethodPut: {"/settings"}} {
		for _, path := range paths {
			requireError(t, srv, http.StatusNotFound, "Account", method, none+path, "")
		}
	}
}

func TestServer_FinishInsightsScan_Errors(t *testing.T) {
	t.Parallel()
	srv := newAccountServer(t)
	require.ErrorContains(t, srv.FinishInsightsScan("none", odd, pulumiapitest.Succeeded), "no account")
	require.ErrorContains(t, srv.FinishInsightsScan("acme", "none", pulumiapitest.Succeeded), "no account")
	require.ErrorContains(t, srv.FinishInsightsScan("acme", odd, pulumiapitest.Succeeded), "not being scanned")
	startScan(t, srv)
	require.ErrorContains(t, srv.FinishInsightsScan("acme", child, pulumiapitest.Cancelled), "does not end with")
	assert.Equal(t, "running", getJSON[scanOf](t, srv, accountPath(child)+"/scan").Status)
}
