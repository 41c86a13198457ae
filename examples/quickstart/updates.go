package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pulumiapi/pulumiapi"
)

// mostRecent returns the stacks that have an update, the one that began last
// first.
func mostRecent(rows []row) []*row {
	var updated []*row
	for i := range rows {
		if rows[i].update != nil {
			updated = append(updated, &rows[i])
		}
	}
	slices.SortStableFunc(updated, func(a, b *row) int {
		return b.update.StartTime.Compare(a.update.StartTime.Time)
	})
	return updated
}

// isRunning reports whether nothing is known yet of how the update ended.
func isRunning(update *pulumiapi.Update) bool {
	return update.Result == pulumiapi.UpdateResultInProgress
}

// soFar returns what an update that runs has changed up to now, which only its
// events tell; empty if there is no telling, or if the update has ended.
func soFar(ctx context.Context, events *eventReader, r *row) (string, error) {
	if !isRunning(r.update) || r.update.UpdateID == "" {
		return "", nil
	}
	story, err := events.read(ctx, r)
	if err != nil || story.note != "" {
		return "", err
	}
	return cmp.Or(describeChanges(story.changes), "nothing") + " so far", nil
}

// resultOf returns how an update ended, in a word or two.
func resultOf(update *pulumiapi.Update) string {
	if isRunning(update) {
		return "running"
	}
	return cut(printable(strings.ReplaceAll(string(update.Result), "-", " ")), 20)
}

func toneOf(result pulumiapi.UpdateResult) tone {
	switch result { //nolint:exhaustive // the others went well, or are not known here
	case pulumiapi.UpdateResultFailed:
		return alarm
	case pulumiapi.UpdateResultInProgress:
		return warning
	}
	return plain
}

// printUpdate tells of the latest update: what, who, when, how long, with which
// result, and what it has changed, or what up to now.
func printUpdate(w screen, r *row, sofar string, now time.Time) error {
	u := r.update
	var out strings.Builder
	fmt.Fprintf(&out, "\nThe latest update: %s\n\n", r.name())
	writeUpdate(&out, w, u, now)
	writeItem(&out, "result", w.paint(toneOf(u.Result), resultOf(u))+after(u))
	writeItem(&out, "changes", w.cut(cmp.Or(describeChanges(u.ResourceChanges), sofar, "not told"), itemIndent))
	_, err := io.WriteString(w, out.String())
	return err
}

// writeUpdate writes what an update was for, who started it, and when.
func writeUpdate(out *strings.Builder, w screen, u *pulumiapi.Update, now time.Time) {
	what := printable(string(u.Kind))
	if message := printable(u.Message); message != "" {
		what += ": " + message
	}
	writeItem(out, "what", w.cut(what, itemIndent))
	writeItem(out, "who", w.cut(requester(u), itemIndent))
	when, _ := lastUpdate(u.StartTime.Time, now)
	if !u.StartTime.IsZero() {
		when += u.StartTime.Local().Format(", 2006-01-02 15:04")
	}
	writeItem(out, "when", when)
}

// itemIndent is what stands before the text of an item.
const itemIndent = 11

// writeItem writes a line with a label, if there is anything to tell.
func writeItem(out *strings.Builder, label, text string) {
	if text != "" {
		fmt.Fprintf(out, "  %-*s%s\n", itemIndent-2, label, text)
	}
}

// requester returns who started the update; empty if the service doesn't tell.
func requester(u *pulumiapi.Update) string {
	name, login := printable(u.RequestedBy.Name), printable(u.RequestedBy.GitHubLogin)
	who := cmp.Or(name, login)
	if login != "" && login != who {
		who += " (" + login + ")"
	}
	if token := printable(u.RequestedByToken); token != "" {
		who += ", with the token " + token
	}
	return strings.TrimPrefix(who, ", ")
}

// after returns how long the update took; empty while it runs.
func after(u *pulumiapi.Update) string {
	if isRunning(u) || u.EndTime.IsZero() || u.StartTime.IsZero() {
		return ""
	}
	return " after " + took(u.EndTime.Sub(u.StartTime.Time))
}

func took(d time.Duration) string { return max(0, d).Round(time.Second).String() }

// steps are what can be done to resources: the sign for it, and the word.
var steps = []struct {
	op         pulumiapi.StepOp
	sign, word string
}{
	{pulumiapi.StepOpCreate, "+", "created"},
	{pulumiapi.StepOpUpdate, "~", "updated"},
	{pulumiapi.StepOpReplace, "+-", "replaced"},
	{pulumiapi.StepOpDelete, "-", "deleted"},
	{pulumiapi.StepOpImport, "=", "imported"},
	{pulumiapi.StepOpRefresh, "~", "refreshed"},
	{pulumiapi.StepOpRead, ">", "read"},
	{pulumiapi.StepOpSame, "", "unchanged"},
}

// wordsFor returns the sign and the word for what is done to a resource.
func wordsFor(op pulumiapi.StepOp) (sign, word string) {
	for _, step := range steps {
		if step.op == op {
			return step.sign, step.word
		}
	}
	return "", cut(printable(string(op)), 20)
}

// describeChanges returns the numbers as in "+3 created, ~2 updated".
func describeChanges(changes map[pulumiapi.StepOp]int) string {
	ops := slices.SortedFunc(maps.Keys(changes), func(a, b pulumiapi.StepOp) int {
		return cmp.Or(cmp.Compare(place(a), place(b)), cmp.Compare(a, b))
	})
	var parts []string
	for _, op := range ops {
		if n := changes[op]; n != 0 {
			sign, word := wordsFor(op)
			parts = append(parts, fmt.Sprintf("%s%d %s", sign, n, word))
		}
	}
	return strings.Join(parts, ", ")
}

// place returns where the steps have op; those that they don't have come last.
func place(op pulumiapi.StepOp) int {
	for i, step := range steps {
		if step.op == op {
			return i
		}
	}
	return len(steps)
}
