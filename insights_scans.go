package pulumiapi

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"strconv"
)

// InsightsScan is one discovery of an account's resources.
type InsightsScan struct {
	WorkflowRun

	AccountName string `json:"accountName"`
	// ResourceCount is how many resources were found.
	ResourceCount int `json:"resourceCount"`
}

// InsightsScanStartRequest says how an account is to be scanned. What is nil is as
// the service has it.
type InsightsScanStartRequest struct {
	// ListConcurrency and ReadConcurrency are how many requests the scan sends to
	// the provider at a time, to find resources and to read them.
	ListConcurrency *int `json:"listConcurrency,omitzero"`
	ReadConcurrency *int `json:"readConcurrency,omitzero"`
	// BatchSize is how many resources are worked on together.
	BatchSize *int `json:"batchSize,omitzero"`
	// ReadTimeout is how long it may take to read a resource, as Go writes
	// durations: "30s".
	ReadTimeout *string `json:"readTimeout,omitzero"`
	// AgentPoolID is the pool of agents that scan; the account's if nil.
	AgentPoolID *string `json:"agentPoolID,omitzero"`
}

var insightsStartScanEndpoint = Endpoint{Method: http.MethodPost, Template: "/api/preview/insights/{orgName}/accounts/{accountName}/scan"}

// StartScan begins to discover the resources of an Insights account, and returns
// the run that does. Of an account with children, the children are scanned, each by
// a run of its own, which [InsightsService.ListScans] finds: what is returned is
// empty then, without an ID. An account that is being scanned already is a status
// 400, and one that does not exist is [ErrNotFound].
//
// Pulumi Cloud: POST /api/preview/insights/{orgName}/accounts/{accountName}/scan
func (s *InsightsService) StartScan(ctx context.Context, org, account string, req InsightsScanStartRequest) (*WorkflowRun, error) {
	body, err := jsonBody("req", req)
	if err != nil {
		return nil, err
	}
	run, _, err := fetchOptional[WorkflowRun](ctx, s.client, call{
		endpoint: insightsStartScanEndpoint, args: accountArgs(org, account), body: body,
	})
	switch {
	case err != nil:
		return nil, err
	case run == nil:
		return &WorkflowRun{}, nil
	}
	return run, nil
}

// InsightsScanStatus is an account's last scan, and when the next one will be.
type InsightsScanStatus struct {
	WorkflowRun

	// NextScan is when the account is scanned next; zero if that is not planned.
	NextScan Timestamp `json:"nextScan"`
}

var insightsGetScanStatusEndpoint = Endpoint{Method: http.MethodGet, Template: "/api/preview/insights/{orgName}/accounts/{accountName}/scan"}

// GetScanStatus returns the last scan of an Insights account. An account that was
// never scanned is [ErrNotFound].
//
// Pulumi Cloud: GET /api/preview/insights/{orgName}/accounts/{accountName}/scan
func (s *InsightsService) GetScanStatus(ctx context.Context, org, account string) (*InsightsScanStatus, error) {
	return fetch[InsightsScanStatus](ctx, s.client, call{endpoint: insightsGetScanStatusEndpoint, args: accountArgs(org, account)})
}

// InsightsScanListOptions choose a part of an account's scans.
type InsightsScanListOptions struct {
	// PageSize is how many scans an answer holds at most, up to 1,000; the
	// service's default, 100, if zero.
	PageSize int `url:"-"`
	// Cursor is where to begin: a [Page.Next] of this list.
	Cursor Cursor `url:"-"`
	// NoPrefetch fetches a page only when the loop gets there, never ahead.
	NoPrefetch bool `url:"-"`
}

func (o *InsightsScanListOptions) walkOptions() walkOptions {
	return walkOptions{cursor: &o.Cursor, noPrefetch: o.NoPrefetch}
}

var insightsListScansEndpoint = Endpoint{Method: http.MethodGet, Template: "/api/preview/insights/{orgName}/accounts/{accountName}/scans"}

// ListScans walks the scans of an Insights account and its children, over all
// pages. The sequence yields a nil scan with the first error, and ends.
//
// Pulumi Cloud: GET /api/preview/insights/{orgName}/accounts/{accountName}/scans
func (s *InsightsService) ListScans(ctx context.Context, org, account string, opts *InsightsScanListOptions) iter.Seq2[*InsightsScan, error] {
	return walk(ctx, opts, func(ctx context.Context, o *InsightsScanListOptions) (*Page[InsightsScan], error) {
		return s.ListScansPage(ctx, org, account, o)
	})
}

// ListScansPage returns one page of what [InsightsService.ListScans] walks: the
// first, or the one at the Cursor of opts.
//
// Pulumi Cloud: GET /api/preview/insights/{orgName}/accounts/{accountName}/scans
func (s *InsightsService) ListScansPage(ctx context.Context, org, account string, opts *InsightsScanListOptions) (*Page[InsightsScan], error) {
	o := optionsOf(opts)
	type answer struct {
		ScanStatuses      []InsightsScan `json:"scanStatuses"`
		ContinuationToken string         `json:"continuationToken"`
	}
	return fetchTokenPage(ctx, s.client, call{endpoint: insightsListScansEndpoint, args: accountArgs(org, account)},
		paging{cursor: o.Cursor, size: o.PageSize, tokenName: "continuationToken", sizeName: "pageSize"}, o,
		func(a *answer) (*[]InsightsScan, *string) { return &a.ScanStatuses, &a.ContinuationToken })
}

// scanArgs are the placeholders of a scan.
func scanArgs(org, account, scanID string) []pathArg {
	return accountArgs(org, account, pathArg{"scanID", scanID})
}

var insightsGetScanEndpoint = Endpoint{Method: http.MethodGet, Template: "/api/preview/insights/{orgName}/accounts/{accountName}/scans/{scanId}"}

// GetScan returns a scan of an Insights account: how far it has come, and what it
// has found. One that does not exist is [ErrNotFound].
//
// Pulumi Cloud: GET /api/preview/insights/{orgName}/accounts/{accountName}/scans/{scanId}
func (s *InsightsService) GetScan(ctx context.Context, org, account, scanID string) (*InsightsScan, error) {
	return fetch[InsightsScan](ctx, s.client, call{endpoint: insightsGetScanEndpoint, args: scanArgs(org, account, scanID)})
}

// InsightsScanLogListOptions choose a part of a scan's log.
type InsightsScanLogListOptions struct {
	// PageSize is how many lines an answer holds at most, up to 499; the service's
	// default if zero.
	PageSize int `url:"-"`
	// Cursor is where to begin: a [Page.Next] of this list.
	Cursor Cursor `url:"-"`
	// NoPrefetch fetches a page only when the loop gets there, never ahead.
	NoPrefetch bool `url:"-"`
}

func (o *InsightsScanLogListOptions) walkOptions() walkOptions {
	return walkOptions{cursor: &o.Cursor, noPrefetch: o.NoPrefetch}
}

var insightsGetScanLogsEndpoint = Endpoint{
	Method: http.MethodGet, Template: "/api/preview/insights/{orgName}/accounts/{accountName}/scans/{scanId}/logs",
}

// ListScanLogs walks the lines that a scan has written so far, of all its steps,
// over all pages. The sequence yields a nil line with the first error, and ends.
//
// Pulumi Cloud: GET /api/preview/insights/{orgName}/accounts/{accountName}/scans/{scanId}/logs
func (s *InsightsService) ListScanLogs(ctx context.Context, org, account, scanID string, opts *InsightsScanLogListOptions) iter.Seq2[*DeploymentLogLine, error] {
	return walk(ctx, opts, func(ctx context.Context, o *InsightsScanLogListOptions) (*Page[DeploymentLogLine], error) {
		return s.ListScanLogsPage(ctx, org, account, scanID, o)
	})
}

// ListScanLogsPage returns one page of what [InsightsService.ListScanLogs] walks:
// the first, or the one at the Cursor of opts.
//
// Pulumi Cloud: GET /api/preview/insights/{orgName}/accounts/{accountName}/scans/{scanId}/logs
func (s *InsightsService) ListScanLogsPage(ctx context.Context, org, account, scanID string, opts *InsightsScanLogListOptions) (*Page[DeploymentLogLine], error) {
	o := optionsOf(opts)
	type answer struct {
		Lines     []DeploymentLogLine `json:"lines"`
		NextToken string              `json:"nextToken"`
	}
	return fetchTokenPage(ctx, s.client, call{endpoint: insightsGetScanLogsEndpoint, args: scanArgs(org, account, scanID)},
		paging{cursor: o.Cursor, size: o.PageSize, tokenName: "continuationToken", sizeName: "count", grows: true}, o,
		func(a *answer) (*[]DeploymentLogLine, *string) { return &a.Lines, &a.NextToken })
}

// InsightsScanStepLogOptions choose a part of a step's log.
type InsightsScanStepLogOptions struct {
	// Offset is where to begin: a [DeploymentStepLogs.NextOffset].
	Offset int `url:"offset,omitempty"`
}

// GetScanStepLogs returns lines that one step of a scan has written. job counts the
// jobs of the scan from 0, step the steps of the job.
//
// Pulumi Cloud: GET /api/preview/insights/{orgName}/accounts/{accountName}/scans/{scanId}/logs
func (s *InsightsService) GetScanStepLogs(ctx context.Context, org, account, scanID string, job, step int, opts *InsightsScanStepLogOptions) (*DeploymentStepLogs, error) {
	o := optionsOf(opts)
	if err := cmp.Or(checkNotNegative("job", job), checkNotNegative("step", step), checkNotNegative("opts.Offset", o.Offset)); err != nil {
		return nil, err
	}
	values, err := encodeQuery(o)
	if err != nil {
		return nil, err
	}
	values.Set("job", strconv.Itoa(job))
	values.Set("step", strconv.Itoa(step))
	return fetch[DeploymentStepLogs](ctx, s.client, call{endpoint: insightsGetScanLogsEndpoint, args: scanArgs(org, account, scanID), query: values})
}

var (
	// Canceling a scan that no longer runs has no effect and is no error.
	insightsCancelScanEndpoint = Endpoint{
		Method: http.MethodPost, Template: "/api/preview/insights/{orgName}/accounts/{accountName}/scan/cancel", Idempotent: true,
	}
	// Pausing and resuming set a state.
	insightsPauseScheduledScansEndpoint = Endpoint{
		Method: http.MethodPost, Template: "/api/preview/insights/{orgName}/accounts/{accountName}/scan/pause", Idempotent: true,
	}
	insightsResumeScheduledScansEndpoint = Endpoint{
		Method: http.MethodPost, Template: "/api/preview/insights/{orgName}/accounts/{accountName}/scan/resume", Idempotent: true,
	}
)

// CancelScan ends the scan of an Insights account that is running.
//
// Pulumi Cloud: POST /api/preview/insights/{orgName}/accounts/{accountName}/scan/cancel
func (s *InsightsService) CancelScan(ctx context.Context, org, account string) error {
	return execute(ctx, s.client, call{endpoint: insightsCancelScanEndpoint, args: accountArgs(org, account)})
}

// PauseScheduledScans keeps an Insights account from being scanned as planned,
// until [InsightsService.ResumeScheduledScans]. A scan that is running goes on.
//
// Pulumi Cloud: POST /api/preview/insights/{orgName}/accounts/{accountName}/scan/pause
func (s *InsightsService) PauseScheduledScans(ctx context.Context, org, account string) error {
	return execute(ctx, s.client, call{endpoint: insightsPauseScheduledScansEndpoint, args: accountArgs(org, account)})
}

// ResumeScheduledScans lets an Insights account be scanned as planned again.
//
// Pulumi Cloud: POST /api/preview/insights/{orgName}/accounts/{accountName}/scan/resume
func (s *InsightsService) ResumeScheduledScans(ctx context.Context, org, account string) error {
	return execute(ctx, s.client, call{endpoint: insightsResumeScheduledScansEndpoint, args: accountArgs(org, account)})
}

// InsightsScheduledScanSettings say when and how an account is scanned as planned.
type InsightsScheduledScanSettings struct {
	// ScheduleCron is when, as a cron expression.
	ScheduleCron string `json:"scheduleCron"`
	// Paused says that it is not scanned for now.
	Paused bool `json:"paused"`
	// ListConcurrency and ReadConcurrency are how many requests a scan sends to
	// the provider at a time, to find resources and to read them. As with the
	// others, zero stands for the service's own choice.
	ListConcurrency int `json:"listConcurrency"`
	ReadConcurrency int `json:"readConcurrency"`
	// BatchSize is how many resources are worked on together.
	BatchSize int `json:"batchSize"`
	// ReadTimeout is how long it may take to read a resource, as Go writes
	// durations: "30s".
	ReadTimeout string `json:"readTimeout"`
}

var insightsGetScheduledScanSettingsEndpoint = Endpoint{
	Method: http.MethodGet, Template: "/api/preview/insights/{orgName}/accounts/{accountName}/scan/settings",
}

// GetScheduledScanSettings returns when and how an Insights account is scanned. An
// account for which nothing is planned is [ErrNotFound].
//
// Pulumi Cloud: GET /api/preview/insights/{orgName}/accounts/{accountName}/scan/settings
func (s *InsightsService) GetScheduledScanSettings(ctx context.Context, org, account string) (*InsightsScheduledScanSettings, error) {
	return fetch[InsightsScheduledScanSettings](ctx, s.client, call{endpoint: insightsGetScheduledScanSettingsEndpoint, args: accountArgs(org, account)})
}

// InsightsScheduledScanSettingsUpdateRequest says when and how an account is to be
// scanned. What becomes of a setting that is nil the service does not say: give
// those that are to hold.
type InsightsScheduledScanSettingsUpdateRequest struct {
	// Paused keeps the account from being scanned as planned. It is always sent:
	// false goes on with what was paused.
	Paused bool `json:"paused"`
	// ScheduleCron is when it is scanned, as a cron expression.
	ScheduleCron *string `json:"scheduleCron,omitzero"`
	// ListConcurrency and ReadConcurrency are how many requests a scan sends to
	// the provider at a time, to find resources and to read them.
	ListConcurrency *int `json:"listConcurrency,omitzero"`
	ReadConcurrency *int `json:"readConcurrency,omitzero"`
	// BatchSize is how many resources are worked on together.
	BatchSize *int `json:"batchSize,omitzero"`
	// ReadTimeout is how long it may take to read a resource, as Go writes
	// durations: "30s".
	ReadTimeout *string `json:"readTimeout,omitzero"`
}

var insightsUpdateScheduledScanSettingsEndpoint = Endpoint{
	Method: http.MethodPut, Template: "/api/preview/insights/{orgName}/accounts/{accountName}/scan/settings",
}

// UpdateScheduledScanSettings changes when and how an Insights account is scanned.
//
// Pulumi Cloud: PUT /api/preview/insights/{orgName}/accounts/{accountName}/scan/settings
func (s *InsightsService) UpdateScheduledScanSettings(ctx context.Context, org, account string, req InsightsScheduledScanSettingsUpdateRequest) error {
	return executeWithBody(ctx, s.client, call{endpoint: insightsUpdateScheduledScanSettingsEndpoint, args: accountArgs(org, account)}, "req", req)
}

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

// WorkflowRun is work that the service does step by step.
type WorkflowRun struct {
	ID     string `json:"id"`
	OrgID  string `json:"orgId"`
	UserID string `json:"userId"`
	// Status is how far it has come; empty if it never began.
	Status        WorkflowRunStatus `json:"status"`
	StartedAt     Timestamp         `json:"startedAt"`
	FinishedAt    Timestamp         `json:"finishedAt"`
	LastUpdatedAt Timestamp         `json:"lastUpdatedAt"`
	// JobTimeout is when its jobs are given up.
	JobTimeout Timestamp `json:"jobTimeout"`
	Jobs       []JobRun  `json:"jobs"`
}

// WorkflowRunStatus is how far a [WorkflowRun] has come.
type WorkflowRunStatus string

// The states of workflow runs.
const (
	WorkflowRunStatusRunning   WorkflowRunStatus = "running"
	WorkflowRunStatusFailed    WorkflowRunStatus = "failed"
	WorkflowRunStatusSucceeded WorkflowRunStatus = "succeeded"
)

// IsFinal reports whether the run has ended, in whatever way.
func (s WorkflowRunStatus) IsFinal() bool {
	return s == WorkflowRunStatusFailed || s == WorkflowRunStatusSucceeded
}

// JobRun is one job of a [WorkflowRun].
type JobRun struct {
	Status      JobRunStatus `json:"status"`
	Started     Timestamp    `json:"started"`
	LastUpdated Timestamp    `json:"lastUpdated"`
	// TimeoutNanoseconds is how long the job may take.
	TimeoutNanoseconds int64     `json:"timeout"`
	Steps              []StepRun `json:"steps"`
	// Worker is what carries the job out, as JSON.
	Worker json.RawMessage `json:"worker"`
}

// JobRunStatus is how far a [JobRun] has come.
type JobRunStatus string

// The states of jobs.
const (
	JobRunStatusNotStarted JobRunStatus = "not-started"
	JobRunStatusAccepted   JobRunStatus = "accepted"
	JobRunStatusRunning    JobRunStatus = "running"
	JobRunStatusFailed     JobRunStatus = "failed"
	JobRunStatusSucceeded  JobRunStatus = "succeeded"
	JobRunStatusSkipped    JobRunStatus = "skipped"
)

// StepRun is one step of a [JobRun].
type StepRun struct {
	Name        string        `json:"name"`
	Status      StepRunStatus `json:"status"`
	Started     Timestamp     `json:"started"`
	LastUpdated Timestamp     `json:"lastUpdated"`
}

// StepRunStatus is how far a [StepRun] has come.
type StepRunStatus string

// The states of steps.
const (
	StepRunStatusNotStarted StepRunStatus = "not-started"
	StepRunStatusRunning    StepRunStatus = "running"
	StepRunStatusFailed     StepRunStatus = "failed"
	StepRunStatusSucceeded  StepRunStatus = "succeeded"
)
