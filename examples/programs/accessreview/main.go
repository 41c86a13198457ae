// Accessreview shows who can reach which stack of an organization, and why: as a
// report in one HTML file, with a matrix that can be searched and sorted.
//
//	go -C examples/programs run ./accessreview                                            # what is worth a look; a Pulumi Cloud in memory
//	go -C examples/programs run ./accessreview -o ~/access.html                           # the report
//	go -C examples/programs run ./accessreview -live -org acme -o ~/access.html           # that of the real one
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/pulumiapi/pulumiapi/examples/internal/program"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

const help = `Shows who can reach which stack of an organization, and why: as an administrator,
because everybody can, through a team, or because it was permitted to that person.
Prints what is worth a look; with -o, it also writes a report, one HTML file that
needs no network and can be searched, sorted and printed.

  accessreview -o access.html                    a Pulumi Cloud in memory
  accessreview -live -org acme -o access.html    the real one; only reads

Flags:
  -live        talk to the real Pulumi Cloud; only reads
  -org name    the organization; needed with -live
  -o file      write the report; "-" is the standard output. A relative name is
               relative to the program's folder if it is run with "go -C"
  -personal n  what was permitted to single persons takes a request for each member
               and stack: make at most n of them, or else leave it out, and say so
               in the report (default 5000)
  -h           show this help

A report is complete or says what is missing in it. Then the exit status is 1.

With -live, the access token is taken from PULUMI_ACCESS_TOKEN, or from what
"pulumi login" left on this machine; the address from PULUMI_BACKEND_URL, from
"pulumi login" or from PULUMI_API, or it is https://api.pulumi.com. It takes an
administrator's token to see everything. There is one request for each page of the
lists, for each team and for each stack, and those of -personal.

Exit status: 0 if all went well, 1 if something failed or is missing, 2 for a wrong
command line.
`

// settings is the command line.
type settings struct {
	cloud    program.Cloud
	output   string
	personal int
}

func main() {
	s := settings{cloud: program.Cloud{UserAgent: "pulumiapi-accessreview", Seed: seed}}
	program.Main(program.Program{Name: "accessreview", Help: help, Flags: s.flags, Check: s.check, Run: s.run})
}

// seed gives the organization in memory somebody who has left, and whose stack stays.
func seed(srv *pulumiapitest.Server) error {
	return srv.AddStack(pulumiapitest.Stack{
		Org: pulumiapitest.DemoOrganization, Project: "webshop", Name: "loyalty-cards", ResourceCount: 19, Version: 12,
		LastUpdate: time.Now().AddDate(0, -7, 0), Owner: pulumiapitest.User{Login: "rosalind", Name: "Rosalind Weiss"},
	})
}

func (s *settings) flags(flags *flag.FlagSet) {
	s.cloud.Flags(flags)
	flags.StringVar(&s.output, "o", "", "")
	flags.IntVar(&s.personal, "personal", 5000, "")
}

func (s *settings) check(args []string) error {
	if err := program.NoArguments(args); err != nil {
		return err
	}
	if s.personal < 0 {
		return program.Usagef("-personal must not be negative: %d", s.personal)
	}
	return s.cloud.Check()
}

func (s *settings) run(ctx context.Context, out *program.Output) error {
	client, err := s.cloud.Connect() //nolint:contextcheck // the cloud in memory ends with Close
	if err != nil {
		return err
	}
	defer client.Close()
	file, err := newFile(s.output, out.Stdout) // before the work, as it may not be writable
	if err != nil {
		return err
	}
	defer file.discard()

	reader := reader{client: client.Client, org: s.cloud.Org, personal: s.personal}
	read, err := reader.read(ctx, out)
	if err != nil {
		return err
	}
	report := newReport(read, client.Where, time.Now())
	if s.output != "" {
		if err := report.write(file); err != nil {
			return err
		}
		if err := file.commit(); err != nil {
			return err
		}
	}
	if s.output != "-" {
		if err := printSummary(out.Stdout, report, s.output); err != nil {
			return err
		}
	}
	if len(report.Gaps) > 0 {
		sayGaps(out, report.Gaps)
		return errors.New("the review is not complete")
	}
	return nil
}

// sayGaps tells of what is missing. Without an administrator's token, that is one
// thing for each member and stack.
func sayGaps(out *program.Output, gaps []string) {
	const most = 20
	for _, gap := range gaps[:min(len(gaps), most)] {
		out.Say("missing: %s", gap)
	}
	if more := len(gaps) - most; more > 0 {
		out.Say("missing: and %d more", more)
	}
}

// printSummary writes what is worth a look, and where the report is.
func printSummary(w io.Writer, r *report, output string) error {
	var text strings.Builder
	fmt.Fprintf(&text, "Access to the stacks of %s, from %s\n\n", program.Bold(r.Org), r.Where)
	for _, number := range r.Numbers {
		fmt.Fprintf(&text, "  %5d %s\n", number.Value, number.Label)
	}
	if len(r.Findings) > 0 {
		text.WriteString("\nWorth a look:\n\n")
	}
	for _, f := range r.Findings {
		fmt.Fprintf(&text, "  %s\n", program.Yellow(f.What))
		for names := range slices.Chunk(f.Names[:min(len(f.Names), 12)], 4) {
			fmt.Fprintf(&text, "      %s\n", strings.Join(names, ", "))
		}
		if more := len(f.Names) - 12; more > 0 {
			fmt.Fprintf(&text, "      and %d more\n", more)
		}
	}
	if output == "" {
		text.WriteString("\nFor everything, in a file for a browser: add -o access.html\n")
	} else {
		fmt.Fprintf(&text, "\nWrote %s\n", program.Printable(output))
	}
	_, err := io.WriteString(w, text.String())
	return err
}
