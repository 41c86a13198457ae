package raw

import (
	"encoding/json"
	"time"
)

// The types have the fields of the package's own, and every one of them, but they
// are plain: times that the service sends as numbers are numbers, and JSON of no
// fixed form is what encoding/json makes of it unless it is told otherwise.

// Object is a JSON object of no fixed form. Types that a workload compares in two
// ways have a type parameter for it.
type Object = map[string]any

// Stack has the fields of pulumiapi.Stack.
type Stack struct {
	ID               string            `json:"id"`
	OrgName          string            `json:"orgName"`
	ProjectName      string            `json:"projectName"`
	StackName        string            `json:"stackName"`
	CurrentOperation *StackOperation   `json:"currentOperation"`
	ActiveUpdate     string            `json:"activeUpdate"`
	Tags             map[string]string `json:"tags"`
	Config           *StackConfig      `json:"config"`
	Version          int               `json:"version"`
}

// StackOperation has the fields of pulumiapi.StackOperation.
type StackOperation struct {
	Kind    string `json:"kind"`
	Author  string `json:"author"`
	Started int64  `json:"started"`
}

// StackConfig has the fields of pulumiapi.StackConfig.
type StackConfig struct {
	Environment     string `json:"environment"`
	SecretsProvider string `json:"secretsProvider"`
	EncryptedKey    string `json:"encryptedKey"`
	EncryptionSalt  string `json:"encryptionSalt"`
}

// StackSummary has the fields of pulumiapi.StackSummary.
type StackSummary struct {
	ID            string            `json:"id"`
	OrgName       string            `json:"orgName"`
	ProjectName   string            `json:"projectName"`
	StackName     string            `json:"stackName"`
	LastUpdate    int64             `json:"lastUpdate"`
	ResourceCount int               `json:"resourceCount"`
	Tags          map[string]string `json:"tags"`
	Links         StackLinks        `json:"links"`
}

// StackLinks has the fields of pulumiapi.StackLinks.
type StackLinks struct {
	Self string `json:"self"`
}

// Update has the fields of pulumiapi.Update.
type Update struct {
	UpdateInfo       `json:"info"`
	UpdateID         string               `json:"updateID"`
	GitHubCommitInfo *GitHubCommitInfo    `json:"githubCommitInfo"`
	Version          int                  `json:"version"`
	LatestVersion    int                  `json:"latestVersion"`
	RequestedBy      UserInfo             `json:"requestedBy"`
	RequestedByToken string               `json:"requestedByToken"`
	PolicyPacks      []PolicyPackMetadata `json:"policyPacks"`
}

// UpdateInfo has the fields of pulumiapi.UpdateInfo.
type UpdateInfo struct {
	Kind            string                 `json:"kind"`
	StartTime       int64                  `json:"startTime"`
	Message         string                 `json:"message"`
	Environment     map[string]string      `json:"environment"`
	Config          map[string]ConfigValue `json:"config"`
	Result          string                 `json:"result"`
	EndTime         int64                  `json:"endTime"`
	Version         int                    `json:"version"`
	Deployment      json.RawMessage        `json:"deployment"`
	ResourceChanges map[string]int         `json:"resourceChanges"`
	ResourceCount   int                    `json:"resourceCount"`
}

// ConfigValue has the fields of pulumiapi.ConfigValue.
type ConfigValue struct {
	String string `json:"string"`
	Secret bool   `json:"secret"`
	Object bool   `json:"object"`
}

// GitHubCommitInfo has the fields of pulumiapi.GitHubCommitInfo.
type GitHubCommitInfo struct {
	Slug      string    `json:"slug"`
	SHA       string    `json:"sha"`
	URL       string    `json:"url"`
	Message   string    `json:"message"`
	Author    *UserInfo `json:"author"`
	Committer *UserInfo `json:"committer"`
}

// UserInfo has the fields of pulumiapi.UserInfo.
type UserInfo struct {
	Name        string `json:"name"`
	GitHubLogin string `json:"githubLogin"`
	AvatarURL   string `json:"avatarUrl"`
	Email       string `json:"email"`
}

// PolicyPackMetadata has the fields of pulumiapi.PolicyPackMetadata.
type PolicyPackMetadata struct {
	Name         string   `json:"name"`
	DisplayName  string   `json:"displayName"`
	Version      int      `json:"version"`
	VersionTag   string   `json:"versionTag"`
	Config       Object   `json:"config"`
	Environments []string `json:"environments"`
}

// AuditLogEvent has the fields of pulumiapi.AuditLogEvent.
type AuditLogEvent struct {
	Timestamp     int64    `json:"timestamp"`
	SourceIP      string   `json:"sourceIP"`
	Event         string   `json:"event"`
	Description   string   `json:"description"`
	User          UserInfo `json:"user"`
	TokenID       string   `json:"tokenID"`
	TokenName     string   `json:"tokenName"`
	ReqOrgAdmin   bool     `json:"reqOrgAdmin"`
	ReqStackAdmin bool     `json:"reqStackAdmin"`
	AuthFailure   bool     `json:"authFailure"`
	ActorName     string   `json:"actorName"`
	ActorURN      string   `json:"actorUrn"`
}

// StackState has the fields of pulumiapi.StackState.
type StackState struct {
	Version    int             `json:"version"`
	Features   []string        `json:"features"`
	Deployment json.RawMessage `json:"deployment"`
}

// StateResource has the fields of pulumiapi.StateResource.
type StateResource struct {
	URN                     string               `json:"urn"`
	Custom                  bool                 `json:"custom"`
	Delete                  bool                 `json:"delete"`
	ID                      string               `json:"id"`
	Type                    string               `json:"type"`
	Inputs                  Object               `json:"inputs"`
	Outputs                 Object               `json:"outputs"`
	Parent                  string               `json:"parent"`
	Protect                 bool                 `json:"protect"`
	Taint                   bool                 `json:"taint"`
	External                bool                 `json:"external"`
	Dependencies            []string             `json:"dependencies"`
	PropertyDependencies    map[string][]string  `json:"propertyDependencies"`
	InitErrors              []string             `json:"initErrors"`
	Provider                string               `json:"provider"`
	PendingReplacement      bool                 `json:"pendingReplacement"`
	AdditionalSecretOutputs []string             `json:"additionalSecretOutputs"`
	Aliases                 []string             `json:"aliases"`
	CustomTimeouts          *StateCustomTimeouts `json:"customTimeouts"`
	ImportID                string               `json:"importID"`
	RetainOnDelete          bool                 `json:"retainOnDelete"`
	DeletedWith             string               `json:"deletedWith"`
	ReplaceWith             []string             `json:"replaceWith"`
	Created                 time.Time            `json:"created"`
	Modified                time.Time            `json:"modified"`
	SourcePosition          string               `json:"sourcePosition"`
	StackTrace              []StateStackFrame    `json:"stackTrace"`
	IgnoreChanges           []string             `json:"ignoreChanges"`
	HideDiff                []string             `json:"hideDiff"`
	ReplaceOnChanges        []string             `json:"replaceOnChanges"`
	ReplacementTrigger      json.RawMessage      `json:"replacementTrigger"`
	RefreshBeforeUpdate     bool                 `json:"refreshBeforeUpdate"`
	ViewOf                  string               `json:"viewOf"`
	ResourceHooks           map[string][]string  `json:"resourceHooks"`
	ExtensionRef            string               `json:"extensionRef"`
	SnippetID               string               `json:"snippetID"`
}

// StateCustomTimeouts has the fields of pulumiapi.StateCustomTimeouts.
type StateCustomTimeouts struct {
	Create float64 `json:"create"`
	Update float64 `json:"update"`
	Delete float64 `json:"delete"`
	Read   float64 `json:"read"`
}

// StateStackFrame has the fields of pulumiapi.StateStackFrame.
type StateStackFrame struct {
	SourcePosition string `json:"sourcePosition"`
}

// EngineEvent has the fields of pulumiapi.EngineEvent.
type EngineEvent[O any] struct {
	Sequence                       int                             `json:"sequence"`
	Timestamp                      int64                           `json:"timestamp"`
	Type                           string                          `json:"type"`
	CancelEvent                    *CancelEvent                    `json:"cancelEvent"`
	StdoutEvent                    *StdoutEvent                    `json:"stdoutEvent"`
	DiagnosticEvent                *DiagnosticEvent                `json:"diagnosticEvent"`
	PreludeEvent                   *PreludeEvent                   `json:"preludeEvent"`
	SummaryEvent                   *SummaryEvent                   `json:"summaryEvent"`
	ResourcePreEvent               *ResourcePreEvent[O]            `json:"resourcePreEvent"`
	ResOutputsEvent                *ResOutputsEvent[O]             `json:"resOutputsEvent"`
	ResOpFailedEvent               *ResOpFailedEvent[O]            `json:"resOpFailedEvent"`
	PolicyEvent                    *PolicyEvent                    `json:"policyEvent"`
	PolicyRemediationEvent         *PolicyRemediationEvent[O]      `json:"policyRemediationEvent"`
	PolicyLoadEvent                *PolicyLoadEvent                `json:"policyLoadEvent"`
	PolicyAnalyzeSummaryEvent      *PolicyAnalyzeSummaryEvent      `json:"policyAnalyzeSummaryEvent"`
	PolicyRemediateSummaryEvent    *PolicyRemediateSummaryEvent    `json:"policyRemediateSummaryEvent"`
	PolicyAnalyzeStackSummaryEvent *PolicyAnalyzeStackSummaryEvent `json:"policyAnalyzeStackSummaryEvent"`
	StartDebuggingEvent            *StartDebuggingEvent[O]         `json:"startDebuggingEvent"`
	ProgressEvent                  *ProgressEvent                  `json:"progressEvent"`
	ErrorEvent                     *ErrorEvent                     `json:"errorEvent"`
}

// CancelEvent has the fields of pulumiapi.CancelEvent.
type CancelEvent struct{}

// StdoutEvent has the fields of pulumiapi.StdoutEvent.
type StdoutEvent struct {
	Message string `json:"message"`
	Color   string `json:"color"`
}

// DiagnosticEvent has the fields of pulumiapi.DiagnosticEvent.
type DiagnosticEvent struct {
	URN       string `json:"urn"`
	Prefix    string `json:"prefix"`
	Message   string `json:"message"`
	Color     string `json:"color"`
	Severity  string `json:"severity"`
	StreamID  int    `json:"streamID"`
	Ephemeral bool   `json:"ephemeral"`
}

// PreludeEvent has the fields of pulumiapi.PreludeEvent.
type PreludeEvent struct {
	Config map[string]string `json:"config"`
}

// SummaryEvent has the fields of pulumiapi.SummaryEvent.
type SummaryEvent struct {
	MaybeCorrupt    bool              `json:"maybeCorrupt"`
	DurationSeconds int               `json:"durationSeconds"`
	ResourceChanges map[string]int    `json:"resourceChanges"`
	PolicyPacks     map[string]string `json:"PolicyPacks"`
	IsPreview       bool              `json:"isPreview"`
	Result          string            `json:"result"`
}

// ResourcePreEvent has the fields of pulumiapi.ResourcePreEvent.
type ResourcePreEvent[O any] struct {
	Metadata StepEventMetadata[O] `json:"metadata"`
	Planning bool                 `json:"planning"`
}

// ResOutputsEvent has the fields of pulumiapi.ResOutputsEvent.
type ResOutputsEvent[O any] struct {
	Metadata StepEventMetadata[O] `json:"metadata"`
	Planning bool                 `json:"planning"`
}

// ResOpFailedEvent has the fields of pulumiapi.ResOpFailedEvent.
type ResOpFailedEvent[O any] struct {
	Metadata StepEventMetadata[O] `json:"metadata"`
	Status   int                  `json:"status"`
	Steps    int                  `json:"steps"`
}

// StepEventMetadata has the fields of pulumiapi.StepEventMetadata.
type StepEventMetadata[O any] struct {
	Op           string                  `json:"op"`
	URN          string                  `json:"urn"`
	Type         string                  `json:"type"`
	Old          *StepEventState[O]      `json:"old"`
	New          *StepEventState[O]      `json:"new"`
	Keys         []string                `json:"keys"`
	Diffs        []string                `json:"diffs"`
	DetailedDiff map[string]PropertyDiff `json:"detailedDiff"`
	Logical      bool                    `json:"logical"`
	Provider     string                  `json:"provider"`
}

// PropertyDiff has the fields of pulumiapi.PropertyDiff.
type PropertyDiff struct {
	DiffKind  string `json:"diffKind"`
	InputDiff bool   `json:"inputDiff"`
}

// StepEventState has the fields of pulumiapi.StepEventState.
type StepEventState[O any] struct {
	Type           string   `json:"type"`
	URN            string   `json:"urn"`
	Custom         bool     `json:"custom"`
	Delete         bool     `json:"delete"`
	ID             string   `json:"id"`
	Parent         string   `json:"parent"`
	Protect        bool     `json:"protect"`
	Taint          bool     `json:"taint"`
	RetainOnDelete bool     `json:"retainOnDelete"`
	Inputs         O        `json:"inputs"`
	Outputs        O        `json:"outputs"`
	Provider       string   `json:"provider"`
	InitErrors     []string `json:"initErrors"`
	External       bool     `json:"external"`
	HideDiffs      []string `json:"hideDiffs"`
}

// PolicyEvent has the fields of pulumiapi.PolicyEvent.
type PolicyEvent struct {
	ResourceURN          string `json:"resourceUrn"`
	Message              string `json:"message"`
	Color                string `json:"color"`
	PolicyName           string `json:"policyName"`
	PolicyPackName       string `json:"policyPackName"`
	PolicyPackVersion    string `json:"policyPackVersion"`
	PolicyPackVersionTag string `json:"policyPackVersionTag"`
	EnforcementLevel     string `json:"enforcementLevel"`
	Severity             string `json:"severity"`
}

// PolicyRemediationEvent has the fields of pulumiapi.PolicyRemediationEvent.
type PolicyRemediationEvent[O any] struct {
	ResourceURN          string `json:"resourceUrn"`
	Color                string `json:"color"`
	PolicyName           string `json:"policyName"`
	PolicyPackName       string `json:"policyPackName"`
	PolicyPackVersion    string `json:"policyPackVersion"`
	PolicyPackVersionTag string `json:"policyPackVersionTag"`
	Before               O      `json:"before"`
	After                O      `json:"after"`
}

// PolicyLoadEvent has the fields of pulumiapi.PolicyLoadEvent.
type PolicyLoadEvent struct{}

// PolicyAnalyzeSummaryEvent has the fields of pulumiapi.PolicyAnalyzeSummaryEvent.
type PolicyAnalyzeSummaryEvent struct {
	ResourceURN          string   `json:"resourceUrn"`
	PolicyPackName       string   `json:"policyPackName"`
	PolicyPackVersion    string   `json:"policyPackVersion"`
	PolicyPackVersionTag string   `json:"policyPackVersionTag"`
	Passed               []string `json:"passed"`
	Failed               []string `json:"failed"`
}

// PolicyRemediateSummaryEvent has the fields of pulumiapi.PolicyRemediateSummaryEvent.
type PolicyRemediateSummaryEvent struct {
	ResourceURN          string   `json:"resourceUrn"`
	PolicyPackName       string   `json:"policyPackName"`
	PolicyPackVersion    string   `json:"policyPackVersion"`
	PolicyPackVersionTag string   `json:"policyPackVersionTag"`
	Passed               []string `json:"passed"`
	Failed               []string `json:"failed"`
}

// PolicyAnalyzeStackSummaryEvent has the fields of pulumiapi.PolicyAnalyzeStackSummaryEvent.
type PolicyAnalyzeStackSummaryEvent struct {
	PolicyPackName       string   `json:"policyPackName"`
	PolicyPackVersion    string   `json:"policyPackVersion"`
	PolicyPackVersionTag string   `json:"policyPackVersionTag"`
	Passed               []string `json:"passed"`
	Failed               []string `json:"failed"`
}

// StartDebuggingEvent has the fields of pulumiapi.StartDebuggingEvent.
type StartDebuggingEvent[O any] struct {
	Config O `json:"config"`
}

// ProgressEvent has the fields of pulumiapi.ProgressEvent.
type ProgressEvent struct {
	Type     string `json:"type"`
	ID       string `json:"id"`
	Message  string `json:"message"`
	Received int64  `json:"received"`
	Total    int64  `json:"total"`
	Done     bool   `json:"done"`
}

// ErrorEvent has the fields of pulumiapi.ErrorEvent.
type ErrorEvent struct {
	Error string `json:"error"`
}

// Tag is a tag to create.
type Tag struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// StackPage is an answer with stacks.
type StackPage struct {
	Stacks            []StackSummary `json:"stacks"`
	ContinuationToken string         `json:"continuationToken"`
}

// UpdatePage is an answer with updates.
type UpdatePage struct {
	Updates      []Update `json:"updates"`
	ItemsPerPage int      `json:"itemsPerPage"`
	Total        int      `json:"total"`
}

// EngineEventPage is an answer with events, whose objects of no fixed form are of
// type O.
type EngineEventPage[O any] struct {
	Events            []EngineEvent[O] `json:"events"`
	ContinuationToken string           `json:"continuationToken"`
}

// AuditLogPage is an answer with entries of an audit log.
type AuditLogPage struct {
	AuditLogEvents    []AuditLogEvent `json:"auditLogEvents"`
	ContinuationToken string          `json:"continuationToken"`
}
