package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/pulumiapi/pulumiapi/examples/internal/program"
)

// maxProblemWidth is as long as a problem gets: messages may be long.
const maxProblemWidth = 300

// report writes what the gate says of each stack, and then of all.
func (s *settings) report(out *program.Output, where string, verdicts []verdict) error {
	var text strings.Builder
	fmt.Fprintf(&text, "Gate for %s of %s, from %s\n\n", program.Count(len(verdicts), "stack"), plain(s.cloud.Org), where)
	for i := range verdicts {
		v := &verdicts[i]
		switch name := plain(v.stack.Project + "/" + v.stack.Stack); {
		case len(v.problems) == 0:
			fmt.Fprintf(&text, "%s    %s  %s\n", program.Green("ok"), name, v.inOrder())
		case s.format == "github":
			for _, problem := range v.problems {
				text.WriteString(annotation(name, plain(problem)))
			}
		default:
			fmt.Fprintf(&text, "%s  %s\n", program.Red("FAIL"), name)
			for _, problem := range v.problems {
				fmt.Fprintf(&text, "      - %s\n", plain(problem))
			}
		}
	}
	if closed := countClosed(verdicts); closed > 0 {
		fmt.Fprintf(&text, "\nThe gate is %s: %d of %s not in order.\n", program.Red("closed"), closed, program.Count(len(verdicts), "stack"))
	} else {
		fmt.Fprintf(&text, "\nThe gate is %s.\n", program.Green("open"))
	}
	_, err := io.WriteString(out.Stdout, text.String())
	return err
}

// inOrder tells of a stack that has no problems.
func (v *verdict) inOrder() string {
	switch {
	case v.running:
		return "updated now"
	case v.last == nil:
		return "never updated"
	}
	return plain(fmt.Sprintf("%s %d %s %s", v.last.Kind, v.last.Version, v.last.Result, program.Ago(v.age)))
}

// plain returns text that comes from other people so that it is no more than text,
// neither to a terminal nor to GitHub Actions, which carries out what is behind ##[
// anywhere in a line. What is behind :: at the start of a line it would carry out, too:
// each line of the report begins with a word of its own.
func plain(text string) string {
	return program.Cut(strings.ReplaceAll(program.Printable(text), "##[", "## ["), maxProblemWidth)
}

// What ends a value in an annotation is escaped, see
// https://docs.github.com/actions/reference/workflow-commands-for-github-actions.
var (
	annotationText  = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	annotationTitle = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

// annotation returns the line from which GitHub Actions makes an error that it shows
// with the run.
func annotation(title, text string) string {
	return fmt.Sprintf("::error title=%s::%s: %s\n", annotationTitle.Replace(title), annotationText.Replace(title), annotationText.Replace(text))
}
