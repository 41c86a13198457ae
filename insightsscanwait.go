package pulumiapi

import (
	"context"
	"fmt"
)

// InsightsScanFailedError says that a scan has ended without success. The calls
// that found it out have not failed: those are an [*APIError] or a [*CallError].
type InsightsScanFailedError struct {
	// Org, Account and ScanID name the scan.
	Org     string
	Account string
	ScanID  string
	// Status is [WorkflowRunStatusFailed], or an end that only newer services know.
	Status WorkflowRunStatus
	// Scan is the status again, and what else the service tells of the scan.
	Scan *InsightsScan
}

// Error returns the scan and how it ended.
func (e *InsightsScanFailedError) Error() string {
	return fmt.Sprintf("pulumiapi: scan %s of account %s: %s",
		oneLine(e.ScanID, maxErrorPath), oneLine(e.Account, maxErrorPath), oneLine(string(e.Status), maxErrorPath))
}

// WaitForScan waits until a scan of an Insights account has ended, and returns it.
// One that has failed or was cancelled is an [*InsightsScanFailedError]; the scan
// is returned with it, too.
//
// The wait itself fails with any other error, as that of [UpdatesService.Wait]
// does, and without a scan. To give up at all if the scan never ends, ctx needs a
// deadline.
//
// Pulumi Cloud: GET /api/preview/insights/{orgName}/accounts/{accountName}/scans/{scanId}
func (s *InsightsService) WaitForScan(ctx context.Context, org, account, scanID string, opts *WaitOptions) (*InsightsScan, error) {
	o := optionsOf(opts)
	if err := o.check(); err != nil {
		return nil, err
	}
	p := o.poller()
	for {
		// An end that this package does not know has its time nevertheless.
		scan, err := ask(ctx, p, func() (*InsightsScan, error) { return s.GetScan(ctx, org, account, scanID) })
		switch {
		case err != nil:
			return nil, err
		case scan.Status == WorkflowRunStatusRunning, !scan.Status.IsFinal() && scan.FinishedAt.IsZero():
			p.pause(ctx)
		case scan.Status != WorkflowRunStatusSucceeded:
			return scan, &InsightsScanFailedError{Org: org, Account: account, ScanID: scanID, Status: scan.Status, Scan: scan}
		default:
			return scan, nil
		}
	}
}
