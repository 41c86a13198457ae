package pulumiapi

import "encoding/json"

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
