package pulumiapi

// Deployment is a run of Pulumi Deployments: the service's own machines, or an
// agent of the user's, do something with a stack.
type Deployment struct {
	ID string `json:"id"`
	// Version counts the stack's deployments, LatestVersion is the newest one's.
	Version       int `json:"version"`
	LatestVersion int `json:"latestVersion"`
	// PulumiOperation is what is done; empty for deployments of long ago.
	PulumiOperation DeploymentOperation `json:"pulumiOperation"`
	Status          DeploymentStatus    `json:"status"`
	// Jobs are what the deployment consists of; none until it starts.
	Jobs []DeploymentJob `json:"jobs"`
	// Configuration is where the program came from; nil if the service doesn't
	// tell it.
	Configuration *DeploymentConfiguration `json:"configuration"`
	// RequestedBy is the user who asked for the deployment, Initiator by what
	// means.
	RequestedBy UserInfo  `json:"requestedBy"`
	Initiator   string    `json:"initiator"`
	Created     Timestamp `json:"created"`
	Modified    Timestamp `json:"modified"`
}

// DeploymentOperation is what a deployment does.
type DeploymentOperation string

// The operations of deployments.
const (
	DeploymentOperationUpdate         DeploymentOperation = "update"
	DeploymentOperationPreview        DeploymentOperation = "preview"
	DeploymentOperationDestroy        DeploymentOperation = "destroy"
	DeploymentOperationRefresh        DeploymentOperation = "refresh"
	DeploymentOperationDetectDrift    DeploymentOperation = "detect-drift"
	DeploymentOperationRemediateDrift DeploymentOperation = "remediate-drift"
)

// DeploymentStatus is how far a deployment, or one of its jobs, has come.
type DeploymentStatus string

// The states of deployments and jobs.
const (
	DeploymentStatusNotStarted DeploymentStatus = "not-started"
	DeploymentStatusAccepted   DeploymentStatus = "accepted"
	DeploymentStatusRunning    DeploymentStatus = "running"
	DeploymentStatusFailed     DeploymentStatus = "failed"
	DeploymentStatusSucceeded  DeploymentStatus = "succeeded"
	DeploymentStatusSkipped    DeploymentStatus = "skipped"
)

// DeploymentJob is a part of a deployment.
type DeploymentJob struct {
	Status DeploymentStatus `json:"status"`
	Steps  []DeploymentStep `json:"steps"`
	// Started is zero until the job starts.
	Started     Timestamp `json:"started"`
	LastUpdated Timestamp `json:"lastUpdated"`
}

// DeploymentStep is a part of a deployment's job.
type DeploymentStep struct {
	Name   string               `json:"name"`
	Status DeploymentStepStatus `json:"status"`
	// Started is zero until the step starts.
	Started     Timestamp `json:"started"`
	LastUpdated Timestamp `json:"lastUpdated"`
}

// DeploymentStepStatus is how far a step has come.
type DeploymentStepStatus string

// The states of steps.
const (
	DeploymentStepStatusNotStarted DeploymentStepStatus = "not-started"
	DeploymentStepStatusRunning    DeploymentStepStatus = "running"
	DeploymentStepStatusFailed     DeploymentStepStatus = "failed"
	DeploymentStepStatusSucceeded  DeploymentStepStatus = "succeeded"
)

// DeploymentConfiguration is what a deployment was started with.
type DeploymentConfiguration struct {
	EnvironmentVariables []DeploymentEnvironmentVariable `json:"environmentVariables"`
	// Source is where the program came from; nil if the service doesn't tell it.
	Source *DeploymentSource `json:"source"`
}

// DeploymentEnvironmentVariable is a variable in the environment of a deployment.
type DeploymentEnvironmentVariable struct {
	Name string `json:"name"`
	// Value is empty if the variable is a secret.
	Value  string `json:"value"`
	Secret bool   `json:"secret"`
}

// DeploymentSource is where the program of a deployment came from: one of the two.
type DeploymentSource struct {
	Git      *DeploymentSourceGit      `json:"git"`
	Template *DeploymentSourceTemplate `json:"template"`
}

// DeploymentSourceGit is a repository.
type DeploymentSourceGit struct {
	RepoURL string `json:"repoURL"`
	// RepoDir is where the project is in the repository.
	RepoDir string `json:"repoDir"`
	// Branch or Commit say what was checked out.
	Branch string `json:"branch"`
	Commit string `json:"commit"`
}

// DeploymentSourceTemplate is a template.
type DeploymentSourceTemplate struct {
	SourceURL string `json:"sourceUrl"`
}

// DeploymentLogLine is a line that a deployment, or a scan, has written.
type DeploymentLogLine struct {
	// Header stands before the line where a new step begins; else it is empty.
	Header    string    `json:"header"`
	Timestamp Timestamp `json:"timestamp"`
	Line      string    `json:"line"`
}

// DeploymentStepLogs are lines that one step of a deployment, or of a scan, has
// written.
type DeploymentStepLogs struct {
	// Name is the step's.
	Name  string                  `json:"name"`
	Lines []DeploymentStepLogLine `json:"lines"`
	// NextOffset is the Offset of the lines after these; nil at the end.
	NextOffset *int `json:"nextOffset"`
}

// DeploymentStepLogLine is a line that a step has written.
type DeploymentStepLogLine struct {
	Timestamp Timestamp `json:"timestamp"`
	Line      string    `json:"line"`
}
