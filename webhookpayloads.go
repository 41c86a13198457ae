package pulumiapi

// webhookPayloads makes what the body of a kind is read into. The kinds that are
// missing have no published form: their body is [WebhookEvent.Raw].
var webhookPayloads = map[WebhookEventKind]func() any{
	WebhookEventKindStack:                      newPayload[WebhookStackPayload],
	WebhookEventKindStackUpdate:                newPayload[WebhookStackUpdatePayload],
	WebhookEventKindStackPreview:               newPayload[WebhookStackUpdatePayload],
	WebhookEventKindDeployment:                 newPayload[WebhookDeploymentPayload],
	WebhookEventKindDriftDetection:             newPayload[WebhookDriftDetectionPayload],
	WebhookEventKindDriftRemediation:           newPayload[WebhookDriftRemediationPayload],
	WebhookEventKindEnvironment:                newPayload[WebhookEnvironmentPayload],
	WebhookEventKindEnvironmentRevision:        newPayload[WebhookEnvironmentRevisionPayload],
	WebhookEventKindEnvironmentRevisionTag:     newPayload[WebhookEnvironmentRevisionTagPayload],
	WebhookEventKindEnvironmentTag:             newPayload[WebhookEnvironmentTagPayload],
	WebhookEventKindImportedEnvironmentChanged: newPayload[WebhookImportedEnvironmentChangedPayload],
	WebhookEventKindTeam:                       newPayload[WebhookTeamPayload],
	WebhookEventKindPing:                       newPayload[WebhookPingPayload],
}

func newPayload[T any]() any { return new(T) }

// WebhookSource says whose doing an event is. It is a part of every payload, but
// for that of a ping.
type WebhookSource struct {
	// User is who did it; empty where nobody did.
	User UserInfo `json:"user"`
	// Organization is the organization it happened in, whose name in other
	// methods is its GitHubLogin.
	Organization UserInfo `json:"organization"`
}

// WebhookAction is what happened to the subject of an event.
type WebhookAction string

// The things that happen to the subjects of events.
const (
	WebhookActionCreated   WebhookAction = "created"
	WebhookActionUpdated   WebhookAction = "updated"
	WebhookActionDeleted   WebhookAction = "deleted"
	WebhookActionRetracted WebhookAction = "retracted"
)

// WebhookStackPayload says that a stack was created or deleted. It is the payload
// of [WebhookEventKindStack].
type WebhookStackPayload struct {
	WebhookSource

	Action      WebhookAction `json:"action"`
	ProjectName string        `json:"projectName"`
	StackName   string        `json:"stackName"`
}

// Identifier returns the stack's identifier.
func (p *WebhookStackPayload) Identifier() StackIdentifier {
	return p.stack(p.ProjectName, p.StackName)
}

// WebhookStackUpdatePayload says that an update or a preview has ended. It is the
// payload of [WebhookEventKindStackUpdate] and [WebhookEventKindStackPreview].
type WebhookStackUpdatePayload struct {
	WebhookSource

	ProjectName string `json:"projectName"`
	StackName   string `json:"stackName"`
	// UpdateURL is the update's page in the console.
	UpdateURL string       `json:"updateUrl"`
	Kind      UpdateKind   `json:"kind"`
	Result    UpdateResult `json:"result"`
	// ResourceChanges counts the resources by what was done to them.
	ResourceChanges map[StepOp]int `json:"resourceChanges"`
	IsPreview       bool           `json:"isPreview"`
}

// Identifier returns the stack's identifier.
func (p *WebhookStackUpdatePayload) Identifier() StackIdentifier {
	return p.stack(p.ProjectName, p.StackName)
}

// WebhookDeploymentPayload says how far a deployment has come. It is the payload
// of [WebhookEventKindDeployment].
type WebhookDeploymentPayload struct {
	WebhookSource

	ProjectName string `json:"projectName"`
	StackName   string `json:"stackName"`
	// DeploymentURL is the deployment's page in the console.
	DeploymentURL string `json:"deploymentUrl"`
	// Version counts the deployments of the stack.
	Version   int                 `json:"version"`
	Operation DeploymentOperation `json:"operation"`
	Status    DeploymentStatus    `json:"status"`
}

// Identifier returns the stack's identifier.
func (p *WebhookDeploymentPayload) Identifier() StackIdentifier {
	return p.stack(p.ProjectName, p.StackName)
}

// WebhookDriftDetectionPayload says what a search for drift has found. It is the
// payload of [WebhookEventKindDriftDetection].
type WebhookDriftDetectionPayload struct {
	WebhookSource

	ProjectName   string       `json:"projectName"`
	StackName     string       `json:"stackName"`
	DriftDetected bool         `json:"driftDetected"`
	DriftRunID    string       `json:"driftRunId"`
	Status        JobRunStatus `json:"status"`
	// ResourceChanges counts the resources by what would have to be done to them.
	ResourceChanges map[StepOp]int `json:"resourceChanges"`
	// ReferenceURL is the run's page in the console.
	ReferenceURL string `json:"referenceUrl"`
}

// Identifier returns the stack's identifier.
func (p *WebhookDriftDetectionPayload) Identifier() StackIdentifier {
	return p.stack(p.ProjectName, p.StackName)
}

// WebhookDriftRemediationPayload says that drift was undone, or not. It is the
// payload of [WebhookEventKindDriftRemediation].
type WebhookDriftRemediationPayload struct {
	WebhookSource

	ProjectName string       `json:"projectName"`
	StackName   string       `json:"stackName"`
	Status      JobRunStatus `json:"status"`
	// ResourceChanges counts the resources by what was done to them.
	ResourceChanges map[StepOp]int `json:"resourceChanges"`
	// ReferenceURL is the run's page in the console.
	ReferenceURL string `json:"referenceUrl"`
}

// Identifier returns the stack's identifier.
func (p *WebhookDriftRemediationPayload) Identifier() StackIdentifier {
	return p.stack(p.ProjectName, p.StackName)
}

func (s WebhookSource) stack(project, name string) StackIdentifier {
	return StackIdentifier{Org: s.Organization.GitHubLogin, Project: project, Stack: name}
}

// WebhookEnvironmentPayload says that a Pulumi ESC environment was created or
// deleted. It is the payload of [WebhookEventKindEnvironment].
type WebhookEnvironmentPayload struct {
	WebhookSource

	ProjectName     string        `json:"projectName"`
	EnvironmentName string        `json:"environmentName"`
	Action          WebhookAction `json:"action"`
}

// WebhookEnvironmentRevisionPayload says that a revision of an environment was
// created or retracted. It is the payload of
// [WebhookEventKindEnvironmentRevision].
type WebhookEnvironmentRevisionPayload struct {
	WebhookSource

	ProjectName     string        `json:"projectName"`
	EnvironmentName string        `json:"environmentName"`
	Action          WebhookAction `json:"action"`
	Revision        int           `json:"revision"`
}

// WebhookEnvironmentRevisionTagPayload says that a tag of an environment's
// revisions was created, moved or deleted. It is the payload of
// [WebhookEventKindEnvironmentRevisionTag].
type WebhookEnvironmentRevisionTagPayload struct {
	WebhookSource

	ProjectName     string        `json:"projectName"`
	EnvironmentName string        `json:"environmentName"`
	Action          WebhookAction `json:"action"`
	TagName         string        `json:"tagName"`
	// Revision is what the tag stands for.
	Revision int `json:"revision"`
}

// WebhookEnvironmentTagPayload says that a tag of an environment was created,
// changed or deleted. It is the payload of [WebhookEventKindEnvironmentTag].
type WebhookEnvironmentTagPayload struct {
	WebhookSource

	ProjectName     string        `json:"projectName"`
	EnvironmentName string        `json:"environmentName"`
	Action          WebhookAction `json:"action"`
	TagName         string        `json:"tagName"`
}

// WebhookImportedEnvironmentChangedPayload says that an environment has changed
// which this one imports. It is the payload of
// [WebhookEventKindImportedEnvironmentChanged].
type WebhookImportedEnvironmentChangedPayload struct {
	WebhookSource

	ProjectName     string `json:"projectName"`
	EnvironmentName string `json:"environmentName"`
	// AffectedRevisions are the revisions of the environment that import the other.
	AffectedRevisions []int `json:"affectedRevisions"`
	// ImportedEnvironmentReference is the environment that has changed.
	ImportedEnvironmentReference WebhookEnvironmentReference `json:"importedEnvironmentReference"`
}

// WebhookEnvironmentReference names a revision of an environment.
type WebhookEnvironmentReference struct {
	ProjectName     string `json:"projectName"`
	EnvironmentName string `json:"environmentName"`
	Revision        int    `json:"revision"`
}

// WebhookTeamPayload says that a team has changed. It is the payload of
// [WebhookEventKindTeam], which older installations send.
type WebhookTeamPayload struct {
	WebhookSource

	Action WebhookAction `json:"action"`
	// Team is the team as it is now: its kind, name, members and stacks.
	Team Team `json:"team"`
}

// WebhookPingPayload is what a webhook delivers when it is tried out. It is the
// payload of [WebhookEventKindPing].
type WebhookPingPayload struct {
	Timestamp Timestamp `json:"timestamp"`
	Message   string    `json:"message"`
}
