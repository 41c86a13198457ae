package pulumiapi

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"slices"
	"strings"
)

// EngineEvent is one event of the Pulumi engine during an update. Exactly one
// of the pointers is set: the one that Type names. For a type that is newer than
// this package, none is.
type EngineEvent struct {
	// Sequence orders the events of an update, where the service tells it;
	// otherwise it is 0. Events are listed in order in any case.
	Sequence  int       `json:"sequence"`
	Timestamp Timestamp `json:"timestamp"`
	// Type is what has happened.
	Type EngineEventType `json:"type"`

	CancelEvent                    *CancelEvent                    `json:"cancelEvent"`
	StdoutEvent                    *StdoutEvent                    `json:"stdoutEvent"`
	DiagnosticEvent                *DiagnosticEvent                `json:"diagnosticEvent"`
	PreludeEvent                   *PreludeEvent                   `json:"preludeEvent"`
	SummaryEvent                   *SummaryEvent                   `json:"summaryEvent"`
	ResourcePreEvent               *ResourcePreEvent               `json:"resourcePreEvent"`
	ResOutputsEvent                *ResOutputsEvent                `json:"resOutputsEvent"`
	ResOpFailedEvent               *ResOpFailedEvent               `json:"resOpFailedEvent"`
	PolicyEvent                    *PolicyEvent                    `json:"policyEvent"`
	PolicyRemediationEvent         *PolicyRemediationEvent         `json:"policyRemediationEvent"`
	PolicyLoadEvent                *PolicyLoadEvent                `json:"policyLoadEvent"`
	PolicyAnalyzeSummaryEvent      *PolicyAnalyzeSummaryEvent      `json:"policyAnalyzeSummaryEvent"`
	PolicyRemediateSummaryEvent    *PolicyRemediateSummaryEvent    `json:"policyRemediateSummaryEvent"`
	PolicyAnalyzeStackSummaryEvent *PolicyAnalyzeStackSummaryEvent `json:"policyAnalyzeStackSummaryEvent"`
	StartDebuggingEvent            *StartDebuggingEvent            `json:"startDebuggingEvent"`
	ProgressEvent                  *ProgressEvent                  `json:"progressEvent"`
	ErrorEvent                     *ErrorEvent                     `json:"errorEvent"`
}

// EngineEventType is what an event of the engine is about.
type EngineEventType string

// The types of events.
const (
	EngineEventTypeCancel                    EngineEventType = "cancelEvent"
	EngineEventTypeStdout                    EngineEventType = "stdoutEvent"
	EngineEventTypeDiagnostic                EngineEventType = "diagnosticEvent"
	EngineEventTypePrelude                   EngineEventType = "preludeEvent"
	EngineEventTypeSummary                   EngineEventType = "summaryEvent"
	EngineEventTypeResourcePre               EngineEventType = "resourcePreEvent"
	EngineEventTypeResOutputs                EngineEventType = "resOutputsEvent"
	EngineEventTypeResOpFailed               EngineEventType = "resOpFailedEvent"
	EngineEventTypePolicy                    EngineEventType = "policyEvent"
	EngineEventTypePolicyRemediation         EngineEventType = "policyRemediationEvent"
	EngineEventTypePolicyLoad                EngineEventType = "policyLoadEvent"
	EngineEventTypePolicyAnalyzeSummary      EngineEventType = "policyAnalyzeSummaryEvent"
	EngineEventTypePolicyRemediateSummary    EngineEventType = "policyRemediateSummaryEvent"
	EngineEventTypePolicyAnalyzeStackSummary EngineEventType = "policyAnalyzeStackSummaryEvent"
	EngineEventTypeStartDebugging            EngineEventType = "startDebuggingEvent"
	EngineEventTypeProgress                  EngineEventType = "progressEvent"
	EngineEventTypeError                     EngineEventType = "errorEvent"
)

// payloadType returns the type that the event's payload stands for, which
// self-hosted installations leave out; empty for a payload that is not known.
func (e *EngineEvent) payloadType() EngineEventType {
	switch {
	case e.CancelEvent != nil:
		return EngineEventTypeCancel
	case e.StdoutEvent != nil:
		return EngineEventTypeStdout
	case e.DiagnosticEvent != nil:
		return EngineEventTypeDiagnostic
	case e.PreludeEvent != nil:
		return EngineEventTypePrelude
	case e.SummaryEvent != nil:
		return EngineEventTypeSummary
	case e.ResourcePreEvent != nil:
		return EngineEventTypeResourcePre
	case e.ResOutputsEvent != nil:
		return EngineEventTypeResOutputs
	case e.ResOpFailedEvent != nil:
		return EngineEventTypeResOpFailed
	case e.PolicyEvent != nil:
		return EngineEventTypePolicy
	case e.PolicyRemediationEvent != nil:
		return EngineEventTypePolicyRemediation
	case e.PolicyLoadEvent != nil:
		return EngineEventTypePolicyLoad
	case e.PolicyAnalyzeSummaryEvent != nil:
		return EngineEventTypePolicyAnalyzeSummary
	case e.PolicyRemediateSummaryEvent != nil:
		return EngineEventTypePolicyRemediateSummary
	case e.PolicyAnalyzeStackSummaryEvent != nil:
		return EngineEventTypePolicyAnalyzeStackSummary
	case e.StartDebuggingEvent != nil:
		return EngineEventTypeStartDebugging
	case e.ProgressEvent != nil:
		return EngineEventTypeProgress
	case e.ErrorEvent != nil:
		return EngineEventTypeError
	}
	return ""
}

// CancelEvent says that the update was cancelled, or that no more events come.
type CancelEvent struct{}

// StdoutEvent is a message of the engine as a whole.
type StdoutEvent struct {
	// Message may have the engine's markup: see [StdoutEvent.Text].
	Message string `json:"message"`
	// Color says how the colour codes in Message are to be treated.
	Color string `json:"color"`
}

// DiagnosticEvent is a message about a resource, or about the update.
type DiagnosticEvent struct {
	// URN is the resource's; empty if the message is about none.
	URN string `json:"urn"`
	// Prefix and Message are what the CLI prints, with the engine's markup: see
	// [DiagnosticEvent.Text] and [StripMarkup].
	Prefix  string `json:"prefix"`
	Message string `json:"message"`
	// Color says how the colour codes in Message are to be treated.
	Color    string             `json:"color"`
	Severity DiagnosticSeverity `json:"severity"`
	// StreamID joins messages that belong together.
	StreamID int `json:"streamID"`
	// Ephemeral says that the message is of no lasting interest.
	Ephemeral bool `json:"ephemeral"`
}

// DiagnosticSeverity is how serious a message is.
type DiagnosticSeverity string

// The severities of messages.
const (
	DiagnosticSeverityDebug     DiagnosticSeverity = "debug"
	DiagnosticSeverityInfo      DiagnosticSeverity = "info"
	DiagnosticSeverityInfoError DiagnosticSeverity = "info#err"
	DiagnosticSeverityWarning   DiagnosticSeverity = "warning"
	DiagnosticSeverityError     DiagnosticSeverity = "error"
)

// PreludeEvent begins an update.
type PreludeEvent struct {
	// Config is the stack's configuration. Secrets are hidden.
	Config map[string]string `json:"config"`
}

// SummaryEvent ends an update.
type SummaryEvent struct {
	// MaybeCorrupt says that the state may not be what is really there.
	MaybeCorrupt    bool `json:"maybeCorrupt"`
	DurationSeconds int  `json:"durationSeconds"`
	// ResourceChanges counts resources by what was done to them.
	ResourceChanges map[StepOp]int `json:"resourceChanges"`
	// PolicyPacks are the versions of the policy packs that ran, by name.
	PolicyPacks map[string]string `json:"PolicyPacks"`
	IsPreview   bool              `json:"isPreview"`
	// Result is how it ended; older engines don't say.
	Result SummaryResult `json:"result"`
}

// SummaryResult is how an update ended, in its last event.
type SummaryResult string

// The results in a [SummaryEvent].
const (
	SummaryResultSucceeded SummaryResult = "succeeded"
	SummaryResultFailed    SummaryResult = "failed"
	SummaryResultCanceled  SummaryResult = "canceled"
)

// ResourcePreEvent comes before a resource is changed.
type ResourcePreEvent struct {
	Metadata StepEventMetadata `json:"metadata"`
	// Planning says that nothing is changed yet.
	Planning bool `json:"planning"`
}

// ResOutputsEvent comes when a resource has been changed.
type ResOutputsEvent struct {
	Metadata StepEventMetadata `json:"metadata"`
	// Planning says that nothing is changed yet.
	Planning bool `json:"planning"`
}

// ResOpFailedEvent comes when changing a resource has failed. A
// [DiagnosticEvent] before it mostly says why.
type ResOpFailedEvent struct {
	Metadata StepEventMetadata `json:"metadata"`
	// Status is the engine's numeric code of the failure, and Steps the number
	// of steps that were carried out.
	Status int `json:"status"`
	Steps  int `json:"steps"`
}

// StepEventMetadata is one step: what is done to one resource.
type StepEventMetadata struct {
	Op   StepOp `json:"op"`
	URN  string `json:"urn"`
	Type string `json:"type"`
	// Old and New are the resource before and after; nil if it did not exist.
	Old *StepEventState `json:"old"`
	New *StepEventState `json:"new"`
	// Keys are the properties that make a replacement necessary, and Diffs
	// those that change.
	Keys  []string `json:"keys"`
	Diffs []string `json:"diffs"`
	// DetailedDiff is what changes, by property path. It is nil if nobody has
	// computed it, and empty if there was nothing to tell.
	DetailedDiff map[string]PropertyDiff `json:"detailedDiff"`
	// Logical says that the step is one of the program's, not one that the
	// engine has added.
	Logical bool `json:"logical"`
	// Provider is the URN and the ID of the provider, joined by "::".
	Provider string `json:"provider"`
}

// StepOp is what is done to a resource.
type StepOp string

// What is done to resources.
const (
	StepOpSame                 StepOp = "same"
	StepOpCreate               StepOp = "create"
	StepOpUpdate               StepOp = "update"
	StepOpDelete               StepOp = "delete"
	StepOpReplace              StepOp = "replace"
	StepOpCreateReplacement    StepOp = "create-replacement"
	StepOpDeleteReplaced       StepOp = "delete-replaced"
	StepOpRead                 StepOp = "read"
	StepOpReadReplacement      StepOp = "read-replacement"
	StepOpRefresh              StepOp = "refresh"
	StepOpDiscard              StepOp = "discard"
	StepOpDiscardReplaced      StepOp = "discard-replaced"
	StepOpRemovePendingReplace StepOp = "remove-pending-replace"
	StepOpImport               StepOp = "import"
	StepOpImportReplacement    StepOp = "import-replacement"
)

// PropertyDiff is how one property changes.
type PropertyDiff struct {
	DiffKind PropertyDiffKind `json:"diffKind"`
	// InputDiff says that the inputs differ, and not the state from the inputs.
	InputDiff bool `json:"inputDiff"`
}

// PropertyDiffKind is what happens to a property. Those that end in Replace
// make it necessary to replace the resource.
type PropertyDiffKind string

// What happens to properties.
const (
	PropertyDiffKindAdd           PropertyDiffKind = "add"
	PropertyDiffKindAddReplace    PropertyDiffKind = "add-replace"
	PropertyDiffKindDelete        PropertyDiffKind = "delete"
	PropertyDiffKindDeleteReplace PropertyDiffKind = "delete-replace"
	PropertyDiffKindUpdate        PropertyDiffKind = "update"
	PropertyDiffKindUpdateReplace PropertyDiffKind = "update-replace"
)

// StepEventState is a resource before or after a step.
type StepEventState struct {
	Type string `json:"type"`
	URN  string `json:"urn"`
	// Custom says that a provider's plugin manages the resource.
	Custom bool `json:"custom"`
	// Delete says that the resource is to be deleted because of a replacement.
	Delete bool `json:"delete"`
	// ID is what the provider calls the resource; empty before it is created.
	ID string `json:"id"`
	// Parent is the URN of the resource that this one is a child of.
	Parent string `json:"parent"`
	// Protect says that the resource can't be deleted.
	Protect bool `json:"protect"`
	// Taint says that the next update replaces the resource.
	Taint bool `json:"taint"`
	// RetainOnDelete says that deleting the resource only forgets it.
	RetainOnDelete bool `json:"retainOnDelete"`
	// Inputs and Outputs are the resource's properties, as JSON objects.
	// Secrets are left out, and large files are replaced by their hashes.
	Inputs  json.RawMessage `json:"inputs"`
	Outputs json.RawMessage `json:"outputs"`
	// Provider is the URN and the ID of the provider, joined by "::".
	Provider string `json:"provider"`
	// InitErrors are what went wrong while the resource was initialized.
	InitErrors []string `json:"initErrors"`
	// External says that Pulumi only reads the resource.
	External bool `json:"external"`
	// HideDiffs are the property paths whose changes are not shown.
	HideDiffs []string `json:"hideDiffs"`
}

// PolicyEvent is a violation of a policy.
type PolicyEvent struct {
	// ResourceURN is the resource's that violates it; empty if the stack as a
	// whole does.
	ResourceURN string `json:"resourceUrn"`
	// Message has the engine's markup: see [PolicyEvent.Text].
	Message string `json:"message"`
	// Color says how the colour codes in Message are to be treated.
	Color                string                 `json:"color"`
	PolicyName           string                 `json:"policyName"`
	PolicyPackName       string                 `json:"policyPackName"`
	PolicyPackVersion    string                 `json:"policyPackVersion"`
	PolicyPackVersionTag string                 `json:"policyPackVersionTag"`
	EnforcementLevel     PolicyEnforcementLevel `json:"enforcementLevel"`
	// Severity is empty if the policy has none.
	Severity PolicySeverity `json:"severity"`
}

// PolicyEnforcementLevel is what a violation of a policy leads to.
type PolicyEnforcementLevel string

// The enforcement levels of policies.
const (
	PolicyEnforcementLevelNone      PolicyEnforcementLevel = "none"
	PolicyEnforcementLevelAdvisory  PolicyEnforcementLevel = "advisory"
	PolicyEnforcementLevelWarning   PolicyEnforcementLevel = "warning"
	PolicyEnforcementLevelMandatory PolicyEnforcementLevel = "mandatory"
	PolicyEnforcementLevelRemediate PolicyEnforcementLevel = "remediate"
	PolicyEnforcementLevelDisabled  PolicyEnforcementLevel = "disabled"
)

// PolicySeverity is how serious a violation of a policy is.
type PolicySeverity string

// The severities of policies.
const (
	PolicySeverityLow      PolicySeverity = "low"
	PolicySeverityMedium   PolicySeverity = "medium"
	PolicySeverityHigh     PolicySeverity = "high"
	PolicySeverityCritical PolicySeverity = "critical"
)

// PolicyRemediationEvent is a resource that a policy has changed.
type PolicyRemediationEvent struct {
	ResourceURN string `json:"resourceUrn"`
	// Color says how colour codes are to be treated.
	Color                string `json:"color"`
	PolicyName           string `json:"policyName"`
	PolicyPackName       string `json:"policyPackName"`
	PolicyPackVersion    string `json:"policyPackVersion"`
	PolicyPackVersionTag string `json:"policyPackVersionTag"`
	// Before and After are the resource's properties, as JSON objects.
	Before json.RawMessage `json:"before"`
	After  json.RawMessage `json:"after"`
}

// PolicyLoadEvent says that policies are being loaded.
type PolicyLoadEvent struct{}

// PolicyAnalyzeSummaryEvent tells which policies of a pack a resource passed.
type PolicyAnalyzeSummaryEvent struct {
	ResourceURN          string `json:"resourceUrn"`
	PolicyPackName       string `json:"policyPackName"`
	PolicyPackVersion    string `json:"policyPackVersion"`
	PolicyPackVersionTag string `json:"policyPackVersionTag"`
	// Passed and Failed are names of policies.
	Passed []string `json:"passed"`
	Failed []string `json:"failed"`
}

// PolicyRemediateSummaryEvent tells which policies of a pack had to change a
// resource.
type PolicyRemediateSummaryEvent struct {
	ResourceURN          string `json:"resourceUrn"`
	PolicyPackName       string `json:"policyPackName"`
	PolicyPackVersion    string `json:"policyPackVersion"`
	PolicyPackVersionTag string `json:"policyPackVersionTag"`
	// Passed and Failed are names of policies.
	Passed []string `json:"passed"`
	Failed []string `json:"failed"`
}

// PolicyAnalyzeStackSummaryEvent tells which policies of a pack the stack as a
// whole passed.
type PolicyAnalyzeStackSummaryEvent struct {
	PolicyPackName       string `json:"policyPackName"`
	PolicyPackVersion    string `json:"policyPackVersion"`
	PolicyPackVersionTag string `json:"policyPackVersionTag"`
	// Passed and Failed are names of policies.
	Passed []string `json:"passed"`
	Failed []string `json:"failed"`
}

// StartDebuggingEvent says that the engine waits for a debugger.
type StartDebuggingEvent struct {
	// Config is what the debugger needs, as a JSON object.
	Config json.RawMessage `json:"config"`
}

// ProgressEvent is how far something that takes long has come.
type ProgressEvent struct {
	Type ProgressType `json:"type"`
	// ID joins the events about one thing.
	ID      string `json:"id"`
	Message string `json:"message"`
	// Received of Total are there: bytes, for a download.
	Received int64 `json:"received"`
	Total    int64 `json:"total"`
	// Done says that it is finished.
	Done bool `json:"done"`
}

// ProgressType is what takes long.
type ProgressType string

// What takes long.
const (
	ProgressTypePluginDownload ProgressType = "plugin-download"
	ProgressTypePluginInstall  ProgressType = "plugin-install"
)

// ErrorEvent is an error inside the engine itself.
type ErrorEvent struct {
	Error string `json:"error"`
}

// EngineEventListOptions narrow a list of events down.
type EngineEventListOptions struct {
	// Type leaves only events of these types, by the service's numeric codes,
	// which are not published. To choose by [EngineEventType], look at the
	// events.
	Type []int `url:"type,omitempty"`
	// URN leaves only the events of one resource.
	URN string `url:"urn,omitempty"`
	// IncludeNonActivated adds events that don't count yet.
	IncludeNonActivated bool `url:"include_non_activated,omitempty"`
	// Cursor is where to begin: a [Page.Next] of this list.
	Cursor Cursor `url:"-"`
	// NoPrefetch fetches a page only when the loop gets there, never ahead.
	NoPrefetch bool `url:"-"`
}

func (o *EngineEventListOptions) walkOptions() walkOptions {
	return walkOptions{cursor: &o.Cursor, noPrefetch: o.NoPrefetch}
}

var updateListEventsEndpoint = Endpoint{
	Method: http.MethodGet, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/update/{updateID}/events",
}

// ListEvents walks the engine's events of an update of any kind, oldest first,
// over all pages, and ends with the newest there is: it does not wait for the
// end of an update that runs, as [UpdatesService.Follow] does. The sequence yields a nil event with the first
// error, and ends.
//
// Pulumi Cloud: GET /api/stacks/{orgName}/{projectName}/{stackName}/update/{updateID}/events
func (s *UpdatesService) ListEvents(ctx context.Context, id StackIdentifier, updateID string, opts *EngineEventListOptions) iter.Seq2[*EngineEvent, error] {
	return walkEvents(ctx, opts, func(ctx context.Context, o *EngineEventListOptions) (*Page[EngineEvent], error) {
		return s.ListEventsPage(ctx, id, updateID, o)
	})
}

func walkEvents(ctx context.Context, opts *EngineEventListOptions, listPage func(context.Context, *EngineEventListOptions) (*Page[EngineEvent], error)) iter.Seq2[*EngineEvent, error] {
	o := optionsOf(opts)
	o.Type = slices.Clone(o.Type)
	return walk(ctx, &o, listPage)
}

// ListEventsPage returns one page of what [UpdatesService.ListEvents] walks: the
// first, or the one at the Cursor of opts. The service chooses the page size. A
// page can be empty and have a Next nevertheless. Next is empty when there is
// nothing newer, also while the update runs: to look again later, use the Cursor
// of before, and not the empty one.
//
// Pulumi Cloud: GET /api/stacks/{orgName}/{projectName}/{stackName}/update/{updateID}/events
func (s *UpdatesService) ListEventsPage(ctx context.Context, id StackIdentifier, updateID string, opts *EngineEventListOptions) (*Page[EngineEvent], error) {
	return s.listEventsPage(ctx, call{endpoint: updateListEventsEndpoint, args: id.updateArgs(updateID)}, opts)
}

func (s *UpdatesService) listEventsPage(ctx context.Context, r call, opts *EngineEventListOptions) (*Page[EngineEvent], error) {
	o := optionsOf(opts)
	type answer struct {
		Events            []EngineEvent `json:"events"`
		ContinuationToken string        `json:"continuationToken"`
	}
	page := paging{cursor: o.Cursor, tokenName: "continuationToken", grows: true}
	listed, err := fetchTokenPage(ctx, s.client, r, page, o, func(a *answer) (*[]EngineEvent, *string) {
		return &a.Events, &a.ContinuationToken
	})
	if err != nil {
		return nil, err
	}
	for i := range listed.Items {
		if event := &listed.Items[i]; event.Type == "" {
			event.Type = event.payloadType()
		}
	}
	return listed, nil
}

// The engine marks the colours of a message with commands such as <{%fg 1%}> and
// <{%reset%}>.
const (
	markupStart = "<{%"
	markupEnd   = "%}>"
)

// StripMarkup returns text without the commands with which the engine marks its
// colours, such as <{%reset%}>. They stand in the messages and prefixes of events.
func StripMarkup(text string) string {
	if !strings.Contains(text, markupStart) {
		return text
	}
	var plain strings.Builder
	for line := range strings.Lines(text) { // a command is in one line
		for {
			before, rest, isCommand := strings.Cut(line, markupStart)
			_, rest, isWhole := strings.Cut(rest, markupEnd)
			if !isCommand || !isWhole {
				break
			}
			plain.WriteString(before)
			line = rest
		}
		plain.WriteString(line)
	}
	return plain.String()
}

// plainMessage returns a message of the engine as one shows it.
func plainMessage(message string) string { return strings.TrimSpace(StripMarkup(message)) }

// Text returns the message without markup, and without white space around it. See
// [StripMarkup].
func (e *StdoutEvent) Text() string { return plainMessage(e.Message) }

// Text returns the message without markup, and without white space around it. See
// [StripMarkup].
func (e *DiagnosticEvent) Text() string { return plainMessage(e.Message) }

// Text returns the message without markup, and without white space around it. See
// [StripMarkup].
func (e *PolicyEvent) Text() string { return plainMessage(e.Message) }
