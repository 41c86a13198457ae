// Auditexport writes the audit log of an organization to a file. Interrupted, in
// whatever way, it goes on where it was.
//
//	go -C examples/programs run ./auditexport                                      # a Pulumi Cloud in memory
//	go -C examples/programs run ./auditexport -live -org acme -o ~/auditlog.csv    # the real one, with your credentials
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/examples/internal/program"
)

const help = `Writes a span of an organization's audit log to a file, newest events first.

  auditexport                              last month's, of a Pulumi Cloud in memory
  auditexport -live -org acme              that of the real Pulumi Cloud
  auditexport -live -org acme -from 2026-03-01 -to 2026-04-01 -format cef -o march.cef

Run again after it was interrupted, in whatever way, it goes on where it was: no
event is lost, and none is there twice. The file has its name only when all is in it.
Until then there are three others beside it: .partial, with what there is so far,
.state, which says how far that is, and .lock. Begin again by removing them. A failure
before the first page is in the file leaves none of them.

Flags:
  -live           talk to the real Pulumi Cloud; only reads
  -org name       the organization; needed with -live
  -from time      the first second: 2026-03-01, or 2026-03-01T12:30:00Z; dates are in
                  UTC (default: the first of last month, or what was begun)
  -to time        the second behind the last, not in the future (default: a month
                  after -from, or what was begun)
  -user login     only what this user did
  -event name     only this kind of event
  -format format  csv, cef or json: a line of JSON for each event (default csv)
  -o file         where to write it, seen from the current folder, which go -C changes
                  (default auditlog-ORG-FROM-TO.FORMAT there; without -live, in a new
                  folder for temporary files)
  -pages n        stop after n pages, and go on another time; 0 for no limit
  -h              show this help

In CSV, the columns are those of Pulumi Cloud's own export, and some more. Every field
is quoted. What a spreadsheet would take for a formula begins with an apostrophe. In CSV
and CEF, U+FFFD stands for characters that can't be seen; JSON is exact.

With -live, the access token is taken from PULUMI_ACCESS_TOKEN, or from what
"pulumi login" left on this machine; the address from PULUMI_BACKEND_URL, from
"pulumi login" or from PULUMI_API, or it is https://api.pulumi.com. There are two
requests for each page.

Exit status: 0 if the file is complete, 1 if something failed or -pages were not
enough, 2 for a wrong command line. Where so much happened in one second that the
service may not have told all of it, the file is there, and the status is 1.
`

// settings is the command line.
type settings struct {
	cloud    program.Cloud
	from, to moment
	user     string
	event    string
	format   string
	path     string
	pages    int // 0: no limit
}

func main() {
	s := settings{cloud: program.Cloud{UserAgent: "pulumiapi-auditexport", Seed: seed}}
	program.Main(program.Program{Name: "auditexport", Help: help, Flags: s.flags, Check: s.check, Run: s.run})
}

func (s *settings) flags(flags *flag.FlagSet) {
	s.cloud.Flags(flags)
	flags.Var(&s.from, "from", "")
	flags.Var(&s.to, "to", "")
	flags.StringVar(&s.user, "user", "", "")
	flags.StringVar(&s.event, "event", "", "")
	flags.StringVar(&s.format, "format", "csv", "")
	flags.StringVar(&s.path, "o", "", "")
	flags.IntVar(&s.pages, "pages", 0, "")
}

func (s *settings) check(args []string) error {
	if !s.cloud.Live && s.cloud.Org == "" {
		s.cloud.Org = demoOrg
	}
	_, known := formats[s.format]
	switch {
	case !known:
		return program.Usagef("-format must be csv, cef or json, not %q", s.format)
	case s.pages < 0:
		return program.Usagef("-pages must not be negative: %d", s.pages)
	}
	return errors.Join(s.cloud.Check(), program.NoArguments(args))
}

// moment is a flag for a time; zero if it was not given.
type moment struct{ time.Time }

// Set reads a date, or a time of RFC 3339.
func (m *moment) Set(text string) error {
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			if m.Time = t.UTC(); t.Nanosecond() != 0 {
				return errors.New("must be a whole second")
			}
			return nil
		}
	}
	return errors.New("must be a date, or a time such as 2026-03-01T12:30:00Z")
}

// String returns nothing: the default depends on the day.
func (m *moment) String() string { return "" }

// span returns what to export: what the flags say, or what was begun, or last month.
func (s *settings) span(begun *exported, now time.Time) (from, to time.Time, err error) {
	from, to = s.from.Time, s.to.Time
	if begun != nil && from.IsZero() {
		from = begun.From
	}
	if begun != nil && to.IsZero() {
		to = begun.To
	}
	if from.IsZero() {
		now = now.UTC()
		from = time.Date(now.Year(), now.Month()-1, 1, 0, 0, 0, 0, time.UTC)
	}
	if to.IsZero() {
		to = from.AddDate(0, 1, 0)
	}
	switch {
	case !from.Before(to):
		err = program.Usagef("there is no time between -from %s and -to %s", from.Format(time.RFC3339), to.Format(time.RFC3339))
	case to.After(now):
		err = program.Usagef("-to must not be in the future, where more will happen: %s", to.Format(time.RFC3339))
	}
	return from, to, err
}

func (s *settings) run(ctx context.Context, out *program.Output) error {
	connection, err := s.cloud.Connect() //nolint:contextcheck // the cloud in memory ends with Close
	if err != nil {
		return err
	}
	defer connection.Close()
	path, err := s.outputPath()
	if err != nil {
		return err
	}
	output, err := open(path, func(begun *exported) (exported, error) {
		from, to, err := s.span(begun, time.Now())
		return exported{
			Cloud: connection.Where, Org: s.cloud.Org, From: from, To: to, User: s.user, Event: s.event, Format: s.format,
		}, err
	})
	if err != nil {
		return err
	}
	defer output.close() //nolint:errcheck // what was written is on the disk
	if err := s.export(ctx, connection.Client, output, out); err != nil {
		if !output.begun() {
			return errors.Join(err, output.discard())
		}
		again := ""
		if s.path == "" && !s.cloud.Live { // where each run has a folder of its own
			again = " with -o " + program.Printable(path)
		}
		out.Say("What there is so far is kept: run this again%s to go on.", again)
		return err
	}
	if err := output.finish(); err != nil {
		return err
	}
	if err := report(out, path, &output.state); err != nil {
		return err
	}
	return output.forget()
}

// export adds to the output what it lacks.
func (s *settings) export(ctx context.Context, client *pulumiapi.Client, output *output, out *program.Output) error {
	if output.state.Complete {
		return nil
	}
	if output.state.Length > 0 {
		out.Say("Going on after %s.", program.Count(output.state.Events, "event"))
	}
	progress := out.Progress(0, "exporting")
	defer progress.Done()
	x := exporter{client: client, output: output, format: formats[s.format]}
	complete, err := x.run(ctx, s.pages, progress)
	if err == nil && !complete {
		err = fmt.Errorf("not complete: %s so far", program.Count(output.state.Events, "event"))
	}
	return err
}

// report says what was written.
func report(out *program.Output, path string, s *state) error {
	_, err := fmt.Fprintf(out.Stdout, "%s of %s from %s to %s: %s\n",
		program.Count(s.Events, "event"), program.Printable(s.Settings.Org),
		s.Settings.From.Format(time.RFC3339), s.Settings.To.Format(time.RFC3339), program.Printable(path))
	return err
}

// outputPath returns where to write.
func (s *settings) outputPath() (string, error) {
	if s.path != "" {
		return s.path, nil
	}
	from, to, err := s.span(nil, time.Now())
	if err != nil {
		return "", err
	}
	const layout = "20060102T150405Z"
	name := fmt.Sprintf("auditlog-%s-%s-%s.%s", fileName(s.cloud.Org), from.Format(layout), to.Format(layout), s.format)
	if s.cloud.Live {
		return name, nil
	}
	folder, err := os.MkdirTemp("", "auditexport-")
	return filepath.Join(folder, name), err
}

// fileName returns text as a part of a file's name.
func fileName(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '-' || r == '_' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' {
			return r
		}
		return '_'
	}, text)
}
