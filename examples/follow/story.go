package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/examples/internal/program"
)

// line is something to tell: a mark such as ERROR, and what it is about. Its texts
// are printable.
type line struct {
	mark, text string
	paint      func(string) string // nil for what needs no attention
}

// String returns the line, with its mark in its colour.
func (l line) String() string {
	mark := l.mark
	if l.paint != nil {
		mark = l.paint(mark)
	}
	return strings.TrimRight(mark+strings.Repeat(" ", max(0, markWidth-len([]rune(l.mark))))+"  "+l.text, " ")
}

// markWidth is the width of most marks.
const markWidth = 12

// story is what an update's events have told up to now.
type story struct {
	expected int // resources
	begun    map[string]bool
	done     map[string]bool // by URN
	counts   map[pulumiapi.StepOp]int
	// changes are the resources that change, in the order in which they began, and
	// places says where in it a URN is.
	changes  []change
	places   map[string]int
	messages []line
	summary  *pulumiapi.SummaryEvent
}

// change is a resource that changes.
type change struct {
	step  step
	name  string
	kind  string
	state changeState
}

type changeState int

const (
	changing changeState = iota
	changed
	failed
)

func newStory(expected int) *story {
	return &story{
		expected: expected, begun: map[string]bool{}, done: map[string]bool{},
		counts: map[pulumiapi.StepOp]int{}, places: map[string]int{},
	}
}

// add goes on with the story by an event, and returns what there is to tell of it.
func (s *story) add(event *pulumiapi.EngineEvent) (news []line) {
	switch {
	case event.ResourcePreEvent != nil:
		s.begin(&event.ResourcePreEvent.Metadata)
	case event.ResOutputsEvent != nil:
		return s.end(&event.ResOutputsEvent.Metadata, changed)
	case event.ResOpFailedEvent != nil:
		return s.end(&event.ResOpFailedEvent.Metadata, failed)
	case event.DiagnosticEvent != nil:
		return s.say(diagnostic(event.DiagnosticEvent))
	case event.StdoutEvent != nil:
		return s.say(line{mark: "ENGINE", text: program.Printable(event.StdoutEvent.Text())})
	case event.ErrorEvent != nil:
		return s.say(line{"ERROR", program.Printable(pulumiapi.StripMarkup(event.ErrorEvent.Error)), program.Red})
	case event.PolicyEvent != nil:
		return s.say(violation(event.PolicyEvent))
	case event.PolicyRemediationEvent != nil:
		p := event.PolicyRemediationEvent
		return s.say(line{"REMEDIATED", program.Printable(p.PolicyName + ": changed " + resource(p.ResourceURN)), program.Yellow})
	case event.CancelEvent != nil && s.summary == nil:
		return s.say(line{"CANCELLED", "", program.Yellow})
	case event.SummaryEvent != nil:
		s.summary = event.SummaryEvent
		if s.summary.MaybeCorrupt {
			return s.say(line{"ERROR", "what really exists may differ from the state", program.Red})
		}
	}
	return nil
}

// say keeps a message, unless it is empty.
func (s *story) say(l line) []line {
	if l.mark == "" {
		return nil
	}
	s.messages = append(s.messages, l)
	return []line{l}
}

// isPart reports whether a step is a part of a replacement, which is told as one.
func isPart(op pulumiapi.StepOp) bool {
	return strings.HasSuffix(string(op), "-replacement") || strings.HasSuffix(string(op), "-replaced")
}

// begin notes that a resource is being worked on.
func (s *story) begin(m *pulumiapi.StepEventMetadata) {
	s.begun[m.URN] = true
	if step := stepOf(m.Op); !isPart(m.Op) && step.changes {
		s.change(m, step)
	}
}

// change returns the change of a resource, which begins here if it is not yet known.
func (s *story) change(m *pulumiapi.StepEventMetadata, step step) *change {
	place, known := s.places[m.URN]
	if !known {
		place = len(s.changes)
		s.places[m.URN] = place
		s.changes = append(s.changes, change{})
	}
	s.changes[place] = change{step: step, name: resource(m.URN), kind: program.Printable(m.Type)}
	return &s.changes[place]
}

// end notes that a resource is done, and tells of it if it has changed.
func (s *story) end(m *pulumiapi.StepEventMetadata, state changeState) []line {
	if isPart(m.Op) && state != failed {
		return nil
	}
	s.done[m.URN] = true
	step := stepOf(m.Op)
	if state == changed {
		s.counts[m.Op]++
		if !step.changes {
			return nil
		}
	}
	c := s.change(m, step)
	c.state = state
	return []line{c.line()}
}

// line tells of a change.
func (c change) line() line {
	text := strings.TrimSpace(c.name + "  " + c.kind)
	switch c.state {
	case failed:
		return line{"FAILED", c.step.doing + " " + text, program.Red}
	case changing:
		return line{strings.TrimSpace(c.step.sign + " " + c.step.doing), text, program.Faint}
	case changed:
	}
	return line{strings.TrimSpace(c.step.sign + " " + c.step.did), text, program.Green}
}

// progress returns how many resources are done, and of how many in all; 0 if there
// is no telling.
func (s *story) progress() (done, total int) {
	return len(s.done), max(s.expected, len(s.done), len(s.begun))
}

func diagnostic(d *pulumiapi.DiagnosticEvent) line {
	text := program.Printable(d.Text())
	if text == "" || d.Ephemeral || d.Severity == pulumiapi.DiagnosticSeverityDebug {
		return line{}
	}
	if d.URN != "" {
		text = resource(d.URN) + ": " + text
	}
	switch d.Severity { //nolint:exhaustive // everything else is information
	case pulumiapi.DiagnosticSeverityWarning:
		return line{"WARNING", text, program.Yellow}
	case pulumiapi.DiagnosticSeverityError:
		return line{"ERROR", text, program.Red}
	}
	return line{mark: "INFO", text: text}
}

func violation(p *pulumiapi.PolicyEvent) line {
	about := []string{program.Printable(p.PolicyPackName)}
	if p.Severity != "" {
		about = append(about, program.Printable(string(p.Severity))+" severity")
	}
	text := program.Printable(p.PolicyName + ": " + p.Text())
	if p.ResourceURN != "" {
		text = resource(p.ResourceURN) + ": " + text
	}
	l := line{"POLICY", fmt.Sprintf("%s (%s)", text, strings.Join(about, ", ")), program.Yellow}
	switch p.EnforcementLevel { //nolint:exhaustive // the others are advice
	case pulumiapi.PolicyEnforcementLevelMandatory, pulumiapi.PolicyEnforcementLevelRemediate:
		l.mark, l.paint = "VIOLATION", program.Red
	}
	return l
}

// closing tells how the update has ended.
func (s *story) closing(status pulumiapi.UpdateStatus) line {
	l := line{mark: strings.ToUpper(program.Printable(string(status))), paint: program.Red}
	if status == pulumiapi.UpdateStatusSucceeded {
		l.paint = program.Green
	}
	changes := s.counts
	var parts []string
	if s.summary != nil {
		parts = append(parts, "after "+(time.Duration(s.summary.DurationSeconds)*time.Second).String())
		if len(s.summary.ResourceChanges) > 0 {
			changes = s.summary.ResourceChanges
		}
	}
	if text := describe(changes); text != "" {
		parts = append(parts, text)
	}
	l.text = strings.Join(parts, ": ")
	return l
}

// resource returns the name of the resource of a URN, which looks like
// urn:pulumi:stack::project::types::name.
func resource(urn string) string {
	parts := strings.SplitN(urn, "::", 4)
	return program.Printable(parts[len(parts)-1])
}

// step is what is done to a resource: the sign for it, and the words.
type step struct {
	op               pulumiapi.StepOp
	sign, doing, did string
	changes          bool // the resource
}

var steps = []step{
	{pulumiapi.StepOpCreate, "+", "creating", "created", true},
	{pulumiapi.StepOpUpdate, "~", "updating", "updated", true},
	{pulumiapi.StepOpReplace, "±", "replacing", "replaced", true},
	{pulumiapi.StepOpDelete, "-", "deleting", "deleted", true},
	{pulumiapi.StepOpImport, "=", "importing", "imported", true},
	{pulumiapi.StepOpRefresh, "~", "refreshing", "refreshed", true},
	{pulumiapi.StepOpRead, ">", "reading", "read", false},
	{pulumiapi.StepOpSame, "", "checking", "unchanged", false},
}

// stepOf returns what an operation is. One that is not known changes something, for
// all we know.
func stepOf(op pulumiapi.StepOp) step {
	if i := place(op); i < len(steps) {
		return steps[i]
	}
	word := program.Cut(program.Printable(string(op)), markWidth)
	return step{op, "", word, word, true}
}

// place returns where the steps have op; those that they don't have come last.
func place(op pulumiapi.StepOp) int {
	if i := slices.IndexFunc(steps, func(s step) bool { return s.op == op }); i >= 0 {
		return i
	}
	return len(steps)
}

// describe returns numbers as in "+3 created, ~2 updated".
func describe(counts map[pulumiapi.StepOp]int) string {
	ops := slices.SortedFunc(maps.Keys(counts), func(a, b pulumiapi.StepOp) int {
		return cmp.Or(cmp.Compare(place(a), place(b)), cmp.Compare(a, b))
	})
	var parts []string
	for _, op := range ops {
		if n := counts[op]; n != 0 {
			parts = append(parts, fmt.Sprintf("%s%d %s", stepOf(op).sign, n, stepOf(op).did))
		}
	}
	return strings.Join(parts, ", ")
}
