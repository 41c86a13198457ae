// Policytriage shows an organization's open policy issues by policy pack and
// severity, and assigns them or changes their priority, any number at a time.
//
//	go -C examples/programs run ./policytriage                                             # a Pulumi Cloud in memory
//	go -C examples/programs run ./policytriage -severity critical -priority p0 -dry-run
//	go -C examples/programs run ./policytriage -live -org acme -pack cis-aws -assign grace # the real one
package main

import (
	"context"
	"flag"
	"fmt"
	"time"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/examples/internal/program"
)

const help = `Shows an organization's open policy issues (those that are not closed) by policy
pack and severity. With -assign or -priority, it changes all of them that the
filters select, and no other.

  policytriage                                       a Pulumi Cloud in memory
  policytriage -severity critical -priority p0 -dry-run
  policytriage -live -org acme -pack cis-aws -stack web/prod -assign grace

Which cloud:
  -live              talk to the real Pulumi Cloud
  -org name          the organization; needed with -live

Which issues (a flag given more than once: any of its values; several flags: all
of them; upper and lower case differ):
  -pack name         of a policy pack
  -policy name       of a policy
  -severity word     critical, high, medium or low
  -level word        mandatory, advisory, remediate or disabled
  -stack project/stack
  -status word       open or in_progress
  -assigned-to login
  -unassigned        of which nobody takes care

What to do:
  -list              show each issue, below its group
  -assign login      assign the issues to a member of the organization
  -priority p        give the issues a priority: p0 (the most urgent) to p4
  -dry-run           only say what would be changed
  -check             exit with status 3 if there are such issues
  -h                 show this help

One change after the other is shown. One that fails is reported on the standard
error, and the others go on, unless all of those that are made at the same time
fail. What is as it should be already is left alone, so the same command can be
given again.

With -live, the access token is taken from PULUMI_ACCESS_TOKEN, or from what
"pulumi login" left on this machine; the address from PULUMI_BACKEND_URL, from
"pulumi login" or from PULUMI_API, or it is https://api.pulumi.com.

Exit status: 0 if all went well, 1 if something failed, 2 for a wrong command line,
3 with -check if there are such issues.
"go run" makes 1 of a 3: a pipeline builds the program first.
`

// settings is the command line.
type settings struct {
	cloud               program.Cloud
	filter              filter
	change              change
	list, dryRun, check bool
}

func main() {
	s := settings{cloud: program.Cloud{UserAgent: "pulumiapi-policytriage"}}
	program.Main(program.Program{Name: "policytriage", Help: help, Flags: s.flags, Check: s.checkArgs, Run: s.run})
}

func (s *settings) flags(flags *flag.FlagSet) {
	s.cloud.Flags(flags)
	flags.Var(&s.filter.packs, "pack", "")
	flags.Var(&s.filter.policies, "policy", "")
	flags.Var(&s.filter.severities, "severity", "")
	flags.Var(&s.filter.levels, "level", "")
	flags.Var(&s.filter.stacks, "stack", "")
	flags.Var(&s.filter.statuses, "status", "")
	flags.Var(&s.filter.assignees, "assigned-to", "")
	flags.BoolVar(&s.filter.unassigned, "unassigned", false, "")
	flags.BoolVar(&s.list, "list", false, "")
	flags.StringVar(&s.change.assign, "assign", "", "")
	flags.StringVar((*string)(&s.change.priority), "priority", "", "")
	flags.BoolVar(&s.dryRun, "dry-run", false, "")
	flags.BoolVar(&s.check, "check", false, "")
}

func (s *settings) checkArgs(args []string) error {
	if err := program.NoArguments(args); err != nil {
		return err
	}
	if err := s.filter.check(); err != nil {
		return program.Usagef("%v", err)
	}
	if err := s.change.check(); err != nil {
		return program.Usagef("%v", err)
	}
	if s.dryRun && s.change.isEmpty() {
		return program.Usagef("-dry-run needs something to do: add -assign or -priority")
	}
	if err := s.cloud.Check(); err != nil {
		return err
	}
	for _, stack := range s.filter.stacks {
		if _, err := s.cloud.Stack(stack); err != nil {
			return err
		}
	}
	return nil
}

func (s *settings) run(ctx context.Context, out *program.Output) error {
	client, err := s.cloud.Connect() //nolint:contextcheck // the cloud in memory ends with Close
	if err != nil {
		return err
	}
	defer client.Close()
	issues, err := s.read(ctx, client.Client, out)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(out.Stdout, "Open policy issues of %s, from %s\n", program.Printable(s.cloud.Org), client.Where); err != nil {
		return err
	}
	groups := groupIssues(issues)
	if err := printGroups(out.Stdout, groups, s.list, time.Now()); err != nil {
		return err
	}
	if !s.change.isEmpty() {
		t := triage{client: client.Client, org: s.cloud.Org, change: s.change, dryRun: s.dryRun, out: out}
		if err := t.run(ctx, groups); err != nil {
			return err
		}
	}
	if s.check && len(issues) > 0 {
		return program.ErrFound
	}
	return nil
}

func (s *settings) read(ctx context.Context, client *pulumiapi.Client, out *program.Output) ([]pulumiapi.PolicyIssue, error) {
	progress := out.Progress(0, "reading policy issues")
	defer progress.Done()
	return readIssues(ctx, client, s.cloud.Org, &s.filter, func() { progress.Add(1) })
}
