// Inventory lists all stacks of an organization, with who owns them and how old
// they are.
//
//	go -C examples/programs run ./inventory                    # a Pulumi Cloud in memory, with a made-up company in it
//	go -C examples/programs run ./inventory -live -org acme    # the real one, with your credentials
package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"time"

	"github.com/pulumiapi/pulumiapi/examples/internal/program"
)

const help = `Lists all stacks of an organization: who owns each, when it was updated last, how
many resources it has, and its tags but for those that Pulumi sets itself.

  inventory                                a Pulumi Cloud in memory, with a made-up company
  inventory -live -org acme                the real Pulumi Cloud
  inventory -tag environment=prod -tag owner=
                                           the stacks in production that nobody owns
  inventory -format json | jq .owner       a line of JSON for each stack
  inventory -stale 30d -fail-on-stale      a job that fails if stacks were forgotten

Flags:
  -live              talk to the real Pulumi Cloud; only reads
  -org name          the organization; needed with -live
  -tag name=value    only stacks with the tag; "name" alone takes any value, and
                     "name=" stacks on which it is empty or missing; all of them
                     must hold if there are several
  -owner-tag name    the tag that says who owns a stack (default owner)
  -stale age         a stack is stale if its last update began longer ago, or if it
                     had none: 90d, 12w, 36h; 0 if none is (default 90d)
  -fail-on-stale     exit with status 3 if a stack is stale
  -format format     table, or json: a line for each stack (default table)
  -h                 show this help

The owner is whom the tag names. Where it is missing, it is whom Pulumi Cloud calls
the owner, often who created the stack: in parentheses in the table, with
"ownerFrom" "service" in JSON. There, "ageDays" and "lastUpdate" are null if the
stack had no update, and "note" says why something is missing.

With -live, the access token is taken from PULUMI_ACCESS_TOKEN, or from what
"pulumi login" left on this machine; the address from PULUMI_BACKEND_URL, from
"pulumi login" or from PULUMI_API, or it is https://api.pulumi.com. There is one
request for each page of the list, one for each stack, and another for each stack
without the owner's tag; if the list is empty, one for the organization, which may
not exist. Nothing is printed if one of them fails.

On a terminal, stale stacks are yellow, unless NO_COLOR is set.

Exit status: 0 if all went well, 1 if something failed, 2 for a wrong command line,
3 if there are stale stacks and -fail-on-stale is set.
`

// settings is the command line.
type settings struct {
	cloud       program.Cloud
	tags        tagFilters
	ownerTag    string
	stale       program.Age // 0: nothing is stale
	failOnStale bool
	format      string
}

func main() {
	s := settings{cloud: program.Cloud{UserAgent: "pulumiapi-inventory"}}
	program.Main(program.Program{Name: "inventory", Help: help, Flags: s.flags, Check: s.check, Run: s.run})
}

func (s *settings) flags(flags *flag.FlagSet) {
	s.cloud.Flags(flags)
	s.stale = program.Age(90 * 24 * time.Hour)
	flags.Var(&s.tags, "tag", "")
	flags.StringVar(&s.ownerTag, "owner-tag", "owner", "")
	flags.Var(&s.stale, "stale", "")
	flags.BoolVar(&s.failOnStale, "fail-on-stale", false, "")
	flags.StringVar(&s.format, "format", "table", "")
}

func (s *settings) check(args []string) error {
	switch {
	case s.format != "table" && s.format != "json":
		return program.Usagef("-format must be table or json, not %q", s.format)
	case s.failOnStale && s.stale == 0:
		return program.Usagef("-fail-on-stale has nothing to look for with -stale 0")
	}
	return errors.Join(s.cloud.Check(), program.NoArguments(args))
}

func (s *settings) run(ctx context.Context, out *program.Output) error {
	connection, err := s.cloud.Connect() //nolint:contextcheck // the cloud in memory ends with Close
	if err != nil {
		return err
	}
	defer connection.Close()
	stacks, err := s.read(ctx, connection.Client, time.Now(), out)
	if err != nil {
		return err
	}
	if s.format == "json" {
		err = writeJSON(out.Stdout, stacks)
	} else {
		err = s.writeTable(out, connection.Where, stacks)
	}
	if err == nil && s.failOnStale && countStale(stacks) > 0 {
		err = program.ErrFound
	}
	return err
}

func countStale(stacks []stack) int {
	n := 0
	for i := range stacks {
		if stacks[i].Stale {
			n++
		}
	}
	return n
}

// writeJSON writes a line for each stack.
func writeJSON(w io.Writer, stacks []stack) error {
	for i := range stacks {
		line, err := program.JSONLine(&stacks[i])
		if err != nil {
			return err
		}
		if _, err := w.Write(line); err != nil {
			return err
		}
	}
	return nil
}
