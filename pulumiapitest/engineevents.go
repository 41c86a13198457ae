package pulumiapitest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

var engineEventRoutes = []route{
	{
		endpoint: "GET /api/stacks/{orgName}/{projectName}/{stackName}/update/{updateID}/events",
		query:    []string{"type", "urn", "include_non_activated", tokenParam},
		handle:   (*Server).listEngineEvents,
	},
}

// EngineEvent is something that the engine told of an update. There are functions
// for the common ones, [DiagnosticEvent] for example.
type EngineEvent struct {
	// Type is the name of its type, under which its payload stands: "progressEvent",
	// say. One that the service doesn't have is as good as any.
	Type string
	// Payload is the payload, a JSON object: an empty one, if it is left out.
	Payload json.RawMessage
	// Time is when it happened: the start of the update, if it is left out, or now in
	// an update that runs.
	Time time.Time
	// NotActivated hides it from clients that don't ask for include_non_activated.
	NotActivated bool
}

// eventTypes are the types of events that the service has. The filter by type
// takes the number of one, beginning with 1: numbers of this cloud's own, as the
// service's are not published.
var eventTypes = []string{
	"cancelEvent", "stdoutEvent", "diagnosticEvent", "preludeEvent", "summaryEvent", "resourcePreEvent",
	"resOutputsEvent", "resOpFailedEvent", "policyEvent", "policyRemediationEvent", "policyLoadEvent",
	"policyAnalyzeSummaryEvent", "policyRemediateSummaryEvent", "policyAnalyzeStackSummaryEvent",
	"startDebuggingEvent", "progressEvent", "errorEvent",
}

func event(eventType string, payload any) EngineEvent {
	encoded, err := json.Marshal(payload)
	if err != nil {
		encoded = fmt.Appendf(nil, "%q is not JSON", err) // which is refused where the event goes
	}
	return EngineEvent{Type: eventType, Payload: encoded}
}

// PreludeEvent returns the event at the start of an update, with the stack's
// configuration.
func PreludeEvent(config map[string]string) EngineEvent {
	if config == nil {
		config = map[string]string{}
	}
	return event("preludeEvent", map[string]any{"config": config})
}

// StdoutEvent returns the event for a message of the CLI itself, which is sent as
// it is: a line end is the caller's to add.
func StdoutEvent(message string) EngineEvent {
	return event("stdoutEvent", map[string]any{"message": message, "color": "raw"})
}

// Markup of the engine.
const (
	markReset = "<{%reset%}>"
	markRed   = "<{%fg 1%}>"
)

var markOfSeverity = map[string]string{"error": markRed, "info#err": markRed, "warning": "<{%fg 3%}>"}

// marked returns a message as the engine sends it: with markup and a line end.
func marked(message string) string { return markReset + message + markReset + "\n" }

// DiagnosticEvent returns the event for a message about a resource, or about the
// program if there is no URN. The severity is "info", "info#err", "warning" or
// "error"; with a colon behind it, it is the event's prefix, too. As the engine does,
// it adds markup to both, and a line end to the message.
func DiagnosticEvent(severity, urn, message string) EngineEvent {
	payload := map[string]any{
		"prefix":   cmp.Or(markOfSeverity[severity], "<{%fg 5%}>") + severity + ": " + markReset,
		"message":  marked(message),
		"color":    "raw",
		"severity": severity,
	}
	if urn != "" {
		payload["urn"] = urn
	}
	return event("diagnosticEvent", payload)
}

// Summary is what the engine says when an update has ended.
type Summary struct {
	// Result is how it ended.
	Result Result
	// Duration is how long it took.
	Duration time.Duration
	// ResourceChanges counts resources by what was done to them.
	ResourceChanges map[string]int
	// PolicyPacks are the versions of the policy packs that ran, by name.
	PolicyPacks map[string]string
	// Preview says that it was a preview.
	Preview bool
}

// SummaryEvent returns the event at the end of an update.
func SummaryEvent(summary Summary) EngineEvent {
	payload := wireSummary{
		DurationSeconds: int64(summary.Duration.Seconds()),
		ResourceChanges: summary.ResourceChanges,
		PolicyPacks:     summary.PolicyPacks,
		IsPreview:       summary.Preview,
		Result:          string(summary.Result),
	}
	if payload.ResourceChanges == nil {
		payload.ResourceChanges = map[string]int{}
	}
	if payload.PolicyPacks == nil {
		payload.PolicyPacks = map[string]string{}
	}
	if summary.Result == Cancelled {
		payload.Result = "canceled" // as this enum spells it
	}
	return event("summaryEvent", payload)
}

type wireSummary struct {
	MaybeCorrupt    bool              `json:"maybeCorrupt"`
	DurationSeconds int64             `json:"durationSeconds"`
	ResourceChanges map[string]int    `json:"resourceChanges"`
	PolicyPacks     map[string]string `json:"PolicyPacks"` // the capital is the service's
	IsPreview       bool              `json:"isPreview"`
	Result          string            `json:"result"`
}

// Step is what the engine does to one resource.
type Step struct {
	// Op is the operation: "create", "update", "delete", "same", "replace" and so on.
	Op string
	// URN names the resource. Its type is in it.
	URN string
	// ID is the resource's ID at its provider. Without one it is no custom resource.
	ID string
	// Parent and Provider are the resource's, or empty.
	Parent, Provider string
	// Inputs and Outputs are its properties.
	Inputs, Outputs map[string]any
	// Diffs are the names of the properties that change.
	Diffs []string
	// Planning says that it is a preview's step.
	Planning bool
}

// ResourcePreEvent returns the event before a step.
func ResourcePreEvent(step Step) EngineEvent {
	return event("resourcePreEvent", wireStepEvent{Metadata: step.metadata(), Planning: step.Planning})
}

// ResOutputsEvent returns the event after a step that was successful.
func ResOutputsEvent(step Step) EngineEvent {
	return event("resOutputsEvent", wireStepEvent{Metadata: step.metadata(), Planning: step.Planning})
}

// ResOpFailedEvent returns the event after a step that failed.
func ResOpFailedEvent(step Step) EngineEvent {
	return event("resOpFailedEvent", wireFailedStepEvent{Metadata: step.metadata(), Steps: 1})
}

type wireStepEvent struct {
	Metadata wireStep `json:"metadata"`
	Planning bool     `json:"planning,omitempty"`
}

type wireFailedStepEvent struct {
	Metadata wireStep `json:"metadata"`
	Status   int      `json:"status"`
	Steps    int      `json:"steps"`
}

type wireStep struct {
	Op       string         `json:"op"`
	URN      string         `json:"urn"`
	Type     string         `json:"type"`
	Old      *wireStepState `json:"old"`
	New      *wireStepState `json:"new"`
	Diffs    []string       `json:"diffs,omitempty"`
	Logical  bool           `json:"logical"`
	Provider string         `json:"provider"`
}

type wireStepState struct {
	Type     string         `json:"type"`
	URN      string         `json:"urn"`
	Custom   bool           `json:"custom,omitempty"`
	ID       string         `json:"id"`
	Parent   string         `json:"parent"`
	Inputs   map[string]any `json:"inputs"`
	Outputs  map[string]any `json:"outputs"`
	Provider string         `json:"provider"`
}

func (s Step) metadata() wireStep {
	state := &wireStepState{
		Type: urnType(s.URN), URN: s.URN, Custom: s.ID != "", ID: s.ID, Parent: s.Parent,
		Inputs: s.Inputs, Outputs: s.Outputs, Provider: s.Provider,
	}
	if state.Inputs == nil {
		state.Inputs = map[string]any{}
	}
	if state.Outputs == nil {
		state.Outputs = map[string]any{}
	}
	step := wireStep{
		Op: s.Op, URN: s.URN, Type: state.Type, Old: state, New: state,
		Diffs: s.Diffs, Logical: true, Provider: s.Provider,
	}
	switch s.Op {
	case "create", "create-replacement", "import", "read":
		step.Old = nil
	case "delete", "delete-replaced", "discard":
		step.New = nil
	}
	return step
}

// urnType returns the type in a URN, which has those of the parents before it:
// urn:pulumi:stack::project::parent$type::name.
func urnType(urn string) string {
	parts := strings.SplitN(urn, "::", 4)
	if len(parts) < 4 {
		return ""
	}
	return parts[2][strings.LastIndex(parts[2], "$")+1:]
}

// ViolatedPolicy is a policy that a resource does not meet.
type ViolatedPolicy struct {
	// Pack and Policy are the names.
	Pack, Policy string
	// PackVersion is the pack's version, as its author calls it.
	PackVersion string
	// Level is how it is enforced: "advisory", "mandatory", "remediate".
	Level string
	// Severity is "low", "medium", "high", "critical", or empty.
	Severity string
}

// PolicyEvent returns the event for a violation of a policy by a resource, or by
// the stack if there is no URN.
func PolicyEvent(policy ViolatedPolicy, urn, message string) EngineEvent {
	payload := map[string]any{
		"message":              marked(message),
		"color":                "raw",
		"policyName":           policy.Policy,
		"policyPackName":       policy.Pack,
		"policyPackVersion":    policy.PackVersion,
		"policyPackVersionTag": policy.PackVersion,
		"enforcementLevel":     policy.Level,
	}
	if urn != "" {
		payload["resourceUrn"] = urn
	}
	if policy.Severity != "" {
		payload["severity"] = policy.Severity
	}
	return event("policyEvent", payload)
}

// recordedEvent is an event in the cloud.
type recordedEvent struct {
	EngineEvent
	sequence json.RawMessage // as the engine sent it, or nil
}

// recordEvent checks an event, and gives it a time if it has none.
func recordEvent(e EngineEvent, now time.Time) (recordedEvent, error) {
	e.Payload = bytes.TrimSpace(bytes.Clone(e.Payload))
	if len(e.Payload) == 0 {
		e.Payload = json.RawMessage("{}")
	}
	switch {
	case e.Type == "" || slices.Contains([]string{"type", "timestamp", "sequence"}, e.Type):
		return recordedEvent{}, fmt.Errorf("%q is no type of an event", e.Type)
	case e.Payload[0] != '{' || !json.Valid(e.Payload):
		return recordedEvent{}, fmt.Errorf("the payload of a %s is not a JSON object: %.100s", e.Type, e.Payload)
	}
	if e.Time.IsZero() {
		e.Time = now
	}
	return recordedEvent{EngineEvent: e}, nil
}

// resourceChanges returns what a summary counts, nil for other events.
func (e recordedEvent) resourceChanges() map[string]int {
	if e.Type != "summaryEvent" {
		return nil
	}
	var summary struct {
		ResourceChanges map[string]int `json:"resourceChanges"`
	}
	_ = json.Unmarshal(e.Payload, &summary) // a payload like no summary's counts nothing
	return summary.ResourceChanges
}

// urn returns the URN of the resource that an event is about, or "".
func (e recordedEvent) urn() string {
	var about struct {
		URN         string `json:"urn"`
		ResourceURN string `json:"resourceUrn"`
		Metadata    struct {
			URN string `json:"urn"`
		} `json:"metadata"`
	}
	_ = json.Unmarshal(e.Payload, &about) // a payload of another shape is about nothing
	return about.URN + about.ResourceURN + about.Metadata.URN
}

// wire has a map for the member whose name is the event's type.
func (e recordedEvent) wire(withType bool) map[string]any {
	w := map[string]any{"timestamp": unixSeconds(e.Time), e.Type: e.Payload}
	if withType {
		w["type"] = e.Type
	}
	if e.sequence != nil {
		w["sequence"] = e.sequence
	}
	return w
}

type wireEngineEvents struct {
	Events            []map[string]any `json:"events"`
	ContinuationToken *string          `json:"continuationToken"`
}

// listEngineEvents filters a page after it is cut, as the service does: with a
// filter, a page may be empty and not the last.
func (s *Server) listEngineEvents(c *call) (reply, error) {
	_, u, err := s.findUpdate(c)
	if err != nil {
		return reply{}, err
	}
	all, err := c.boolQuery("include_non_activated")
	if err != nil {
		return reply{}, err
	}
	types := map[string]bool{}
	for _, value := range c.query["type"] {
		code, err := strconv.Atoi(value)
		if err != nil {
			return reply{}, badRequest("invalid query parameter: type must be a number, not %q", value)
		}
		if code >= 1 && code <= len(eventTypes) {
			types[eventTypes[code-1]] = true
		}
	}
	page, next, err := followPage(s, c, "", u.id, u.ended(), u.allEvents())
	if err != nil {
		return reply{}, err
	}
	list := wireEngineEvents{Events: []map[string]any{}, ContinuationToken: next}
	urn := c.query.Get("urn")
	for _, e := range page {
		switch {
		case e.NotActivated && !all:
		case len(c.query["type"]) > 0 && !types[e.Type]:
		case urn != "" && urn != e.urn():
		default:
			list.Events = append(list.Events, e.wire(!s.selfHosted))
		}
	}
	return ok(list), nil
}
