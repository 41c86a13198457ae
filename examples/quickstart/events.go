package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pulumiapi/pulumiapi"
)

// How much is read: an update may have tens of thousands of events.
const (
	recentUpdates = 20    // an update to look at is one of the most recent
	maxCandidates = 5     // of which the events are read
	maxEvents     = 20000 // of an update
)

// How much is shown.
const (
	maxChanges  = 10
	maxMessages = 20
)

// story is what is told of an update's events.
type story struct {
	lines   []happening
	summary happening
	changes map[pulumiapi.StepOp]int
	// problems says that there are errors or violated policies.
	problems bool
	// More changes and messages than are shown; and cut that there are more
	// events than were read.
	moreChanges, messages, moreMessages int
	cut                                 bool
	// note is why there is nothing to tell.
	note string
}

// happening is a line of a story: a mark such as ERROR, and what it is about.
type happening struct {
	mark, text string
	tone       tone
}

// eventReader reads events, those of an update once.
type eventReader struct {
	client *pulumiapi.Client
	known  map[*row]*story
}

// read returns the story of a stack's last update. That the events can't be read
// is noted in it.
func (e *eventReader) read(ctx context.Context, r *row) (*story, error) {
	if known, ok := e.known[r]; ok {
		return known, nil
	}
	told := &story{changes: map[pulumiapi.StepOp]int{}}
	events := 0
	for event, err := range e.client.Updates.ListEvents(ctx, r.Identifier(), r.update.UpdateID, nil) {
		if err != nil {
			if told.note, err = excuse(err); err != nil {
				return nil, err
			}
			break
		}
		if events++; events > maxEvents {
			told.cut = true
			break
		}
		told.add(event)
	}
	if e.known == nil {
		e.known = map[*row]*story{}
	}
	e.known[r] = told
	return told, nil
}

// worthLookingAt returns one of the updates, of which the most recent comes first,
// with its story: one that had problems if there is any among the recent ones. It
// returns none where the service doesn't tell the updates' IDs.
func (e *eventReader) worthLookingAt(ctx context.Context, updated []*row) (*row, *story, error) {
	candidates := slices.DeleteFunc(slices.Clone(updated[:min(recentUpdates, len(updated))]), func(r *row) bool {
		return r.update.UpdateID == ""
	})
	if len(candidates) == 0 {
		return nil, &story{note: "(this server does not tell the IDs of updates)"}, nil
	}
	latest := candidates[0]
	// What failed had problems, and others may have had.
	slices.SortStableFunc(candidates, func(a, b *row) int {
		return cmp.Compare(rank(a), rank(b))
	})
	for _, r := range candidates[:min(maxCandidates, len(candidates))] {
		story, err := e.read(ctx, r)
		if err != nil || story.problems {
			return r, story, err
		}
	}
	story, err := e.read(ctx, latest)
	return latest, story, err
}

func rank(r *row) int {
	if r.update.Result == pulumiapi.UpdateResultFailed {
		return 0
	}
	return 1
}

// add goes on with the story by an event.
func (s *story) add(event *pulumiapi.EngineEvent) {
	switch {
	case event.ResOutputsEvent != nil:
		s.addChange(&event.ResOutputsEvent.Metadata)
	case event.ResOpFailedEvent != nil:
		step := event.ResOpFailedEvent.Metadata
		s.problems = true
		s.addMessage(happening{"FAILED", fmt.Sprintf("%s of %s", step.Op, resource(step.URN)), alarm})
	case event.DiagnosticEvent != nil:
		s.addDiagnostic(event.DiagnosticEvent)
	case event.ErrorEvent != nil:
		s.problems = true
		s.addMessage(happening{"ERROR", pulumiapi.StripMarkup(event.ErrorEvent.Error), alarm})
	case event.PolicyEvent != nil:
		s.addViolation(event.PolicyEvent)
	case event.PolicyRemediationEvent != nil:
		policy := event.PolicyRemediationEvent
		s.addMessage(happening{"POLICY remediated", policy.PolicyName + ": changed " + resource(policy.ResourceURN), warning})
	case event.SummaryEvent != nil:
		s.addSummary(event.SummaryEvent)
	}
}

// addChange tells of what was done to a resource. The parts of a replacement are
// told as one.
func (s *story) addChange(step *pulumiapi.StepEventMetadata) {
	if strings.HasSuffix(string(step.Op), "-replacement") || strings.HasSuffix(string(step.Op), "-replaced") {
		return
	}
	s.changes[step.Op]++
	if step.Op == pulumiapi.StepOpSame || step.Op == pulumiapi.StepOpRead {
		return
	}
	if s.changes[step.Op] > maxChanges {
		s.moreChanges++
		return
	}
	sign, word := wordsFor(step.Op)
	s.lines = append(s.lines, happening{mark: strings.TrimSpace(sign + " " + word), text: resource(step.URN) + "  " + step.Type})
}

func (s *story) addDiagnostic(d *pulumiapi.DiagnosticEvent) {
	about := ""
	if d.URN != "" {
		about = resource(d.URN) + ": "
	}
	told := happening{"INFO", about + d.Text(), plain}
	switch d.Severity { //nolint:exhaustive // everything else is information
	case pulumiapi.DiagnosticSeverityDebug:
		return
	case pulumiapi.DiagnosticSeverityWarning:
		told.mark, told.tone = "WARNING", warning
	case pulumiapi.DiagnosticSeverityError:
		told.mark, told.tone = "ERROR", alarm
		s.problems = true
	}
	if !d.Ephemeral && printable(d.Text()) != "" {
		s.addMessage(told)
	}
}

func (s *story) addViolation(p *pulumiapi.PolicyEvent) {
	told := happening{"POLICY " + string(p.EnforcementLevel), p.PolicyName + ": " + p.Text(), warning}
	if p.EnforcementLevel == pulumiapi.PolicyEnforcementLevelMandatory {
		told.tone = alarm
	}
	var about []string
	if p.ResourceURN != "" {
		about = append(about, resource(p.ResourceURN))
	}
	if p.Severity != "" {
		about = append(about, string(p.Severity)+" severity")
	}
	if len(about) > 0 {
		told.text = strings.TrimSpace(told.text) + " (" + strings.Join(about, ", ") + ")"
	}
	s.problems = true
	s.addMessage(told)
}

func (s *story) addMessage(told happening) {
	if s.messages++; s.messages > maxMessages {
		s.moreMessages++
		return
	}
	s.lines = append(s.lines, told)
}

func (s *story) addSummary(summary *pulumiapi.SummaryEvent) {
	told := happening{mark: "SUMMARY", text: cmp.Or(string(summary.Result), "ended")}
	if summary.Result == pulumiapi.SummaryResultFailed {
		told.tone = alarm
	}
	told.text += " after " + took(time.Duration(summary.DurationSeconds)*time.Second)
	if changes := describeChanges(summary.ResourceChanges); changes != "" {
		told.text += ": " + changes
	}
	if summary.MaybeCorrupt {
		told.tone = alarm
		told.text += "; what really exists may differ from the state"
	}
	s.summary = told
}

// resource returns the name of the resource of a URN, which looks like
// urn:pulumi:stack::project::types::name.
func resource(urn string) string {
	parts := strings.SplitN(urn, "::", 4)
	return parts[len(parts)-1]
}

// printStory writes what happened during a stack's last update, which is the
// latest of all or another one.
func printStory(w screen, latest, about *row, told *story, now time.Time) error {
	var out strings.Builder
	switch about {
	case nil:
		fmt.Fprintf(&out, "\nThere are no events to show %s.\n", told.note)
	case latest:
		fmt.Fprintf(&out, "\nWhat happened during it:\n\n")
		told.write(&out, w)
	default:
		problems := ""
		if told.problems {
			problems = " had problems"
		}
		fmt.Fprintf(&out, "\nThe last update of %s%s:\n\n", about.name(), problems)
		writeUpdate(&out, w, about.update, now)
		out.WriteString("\n")
		told.write(&out, w)
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// write writes the story's lines. What matters is not cut, but goes on below.
func (s *story) write(out *strings.Builder, w screen) {
	lines := s.all()
	marks := 0
	for i := range lines {
		lines[i].mark = cut(printable(lines[i].mark), 20)
		marks = max(marks, utf8.RuneCountInString(lines[i].mark))
	}
	indent := 2 + marks + len(gap)
	for _, line := range lines {
		text := printable(line.text)
		parts := []string{w.cut(text, indent)}
		if line.tone != plain {
			parts = w.wrap(text, indent)
		}
		mark := w.paint(line.tone, line.mark) + strings.Repeat(" ", marks-utf8.RuneCountInString(line.mark))
		text = strings.Join(parts, "\n"+strings.Repeat(" ", indent))
		fmt.Fprintln(out, strings.TrimRight("  "+mark+gap+text, " "))
	}
}

// all returns the story's lines with what belongs after them.
func (s *story) all() []happening {
	lines := slices.Clone(s.lines)
	if rest := s.rest(); rest != "" {
		lines = append(lines, happening{mark: "…", text: rest})
	}
	if s.summary.mark != "" {
		lines = append(lines, s.summary)
	}
	if s.note != "" {
		lines = append(lines, happening{mark: "…", text: s.note})
	}
	if len(lines) == 0 {
		lines = append(lines, happening{mark: "…", text: "nothing that is told"})
	}
	return lines
}

// rest returns what the story leaves out.
func (s *story) rest() string {
	var parts []string
	if s.moreChanges > 0 {
		parts = append(parts, count(s.moreChanges, "resource"))
	}
	if s.moreMessages > 0 {
		parts = append(parts, count(s.moreMessages, "message"))
	}
	text := ""
	if len(parts) > 0 {
		text = "and " + strings.Join(parts, " and ") + " more"
	}
	if s.cut {
		text += fmt.Sprintf(" (of %d events; there are others)", maxEvents)
	}
	return text
}
