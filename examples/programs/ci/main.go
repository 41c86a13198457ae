// Ci is a gate for a pipeline: it fails if stacks are not in order.
//
//	go -C examples/programs run ./ci                                       # a Pulumi Cloud in memory, with a made-up company in it
//	go -C examples/programs run ./ci -live -org acme -project webshop      # the real one, with your credentials
package main

import (
	"context"
	"flag"
	"os"
	"time"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/examples/internal/program"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

const help = `A gate for a pipeline. It is open if all of this holds for every stack:

  - its last update did not fail; while one runs, the one before it counts
  - that update began less than 30 days ago
  - no mandatory policy issue of the stack is open

  ci                                       two stacks of a Pulumi Cloud in memory
  ci -project payments-api                 all stacks of a project there: the gate is closed
  ci -live -org acme webshop/prod identity/prod
                                           two stacks of the real Pulumi Cloud
  ci -live -org acme -project webshop -max-age 0 -policy=false
                                           only failed updates close the gate

Stacks are given as project/stack. There may be projects and stacks together.

Flags:
  -live            talk to the real Pulumi Cloud; only reads
  -org name        the organization; needed with -live
  -project name    all stacks of the project; may be given several times
  -failed=false    let failed updates pass
  -max-age age     how old the last update may be: 30d, 12w, 36h; 0 for any age, and for
                   stacks without an update (default 30d)
  -policy=false    let policy issues pass
  -format format   text, or github: annotations for GitHub Actions (default text, and
                   github where GITHUB_ACTIONS is true)
  -h               show this help

With -live, the access token is taken from PULUMI_ACCESS_TOKEN, or from what
"pulumi login" left on this machine; the address from PULUMI_BACKEND_URL, from
"pulumi login" or from PULUMI_API, or it is https://api.pulumi.com. There is one
request for each stack, and one for each page of policy issues and of a project's
stacks.

On a terminal, what closes the gate is red, unless NO_COLOR is set.

Exit status: 0 if the gate is open, 1 if something failed, such as a check or a stack
that does not exist, 2 for a wrong command line, 3 if the gate is closed.
`

// settings is the command line.
type settings struct {
	cloud    program.Cloud
	projects program.Texts
	stacks   []pulumiapi.StackIdentifier
	failed   bool
	maxAge   program.Age // 0: any
	policy   bool
	format   string
}

func main() {
	s := settings{cloud: program.Cloud{UserAgent: "pulumiapi-ci"}}
	program.Main(program.Program{Name: "ci", Help: help, Flags: s.flags, Check: s.check, Run: s.run})
}

func (s *settings) flags(flags *flag.FlagSet) {
	s.cloud.Flags(flags)
	s.maxAge = program.Age(30 * 24 * time.Hour)
	format := "text"
	if os.Getenv("GITHUB_ACTIONS") == "true" {
		format = "github"
	}
	flags.Var(&s.projects, "project", "")
	flags.BoolVar(&s.failed, "failed", true, "")
	flags.Var(&s.maxAge, "max-age", "")
	flags.BoolVar(&s.policy, "policy", true, "")
	flags.StringVar(&s.format, "format", format, "")
}

// demoStacks are looked at where no others are named.
var demoStacks = []string{"network/prod-eu-west-1", "payments-api/staging"}

func (s *settings) check(args []string) error {
	switch {
	case s.format != "text" && s.format != "github":
		return program.Usagef("-format must be text or github, not %q", s.format)
	case !s.failed && s.maxAge == 0 && !s.policy:
		return program.Usagef("there is nothing left to check")
	}
	if err := s.cloud.Check(); err != nil {
		return err
	}
	if len(args) == 0 && len(s.projects) == 0 {
		if s.cloud.Live || s.cloud.Org != pulumiapitest.DemoOrganization {
			return program.Usagef("no stacks: name them as project/stack, or add -project")
		}
		args = demoStacks
	}
	for _, arg := range args {
		id, err := s.cloud.Stack(arg)
		if err != nil {
			return err
		}
		s.stacks = append(s.stacks, id)
	}
	return nil
}

func (s *settings) run(ctx context.Context, out *program.Output) error {
	connection, err := s.cloud.Connect() //nolint:contextcheck // the cloud in memory ends with Close
	if err != nil {
		return err
	}
	defer connection.Close()
	verdicts, err := s.judge(ctx, connection.Client, time.Now(), out)
	if err != nil {
		return err
	}
	if err := s.report(out, connection.Where, verdicts); err != nil {
		return err
	}
	if countClosed(verdicts) > 0 {
		return program.ErrFound
	}
	return nil
}
