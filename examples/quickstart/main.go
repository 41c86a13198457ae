// Quickstart lists an organization's stacks, with the last update of each and how
// they are tagged, tells what the latest update changed and what happened during
// one that had problems, and shows what an error looks like.
//
//	go run ./examples/quickstart                   # a Pulumi Cloud in memory, with a made-up company in it
//	go run ./examples/quickstart -live -org acme   # the real one, with your credentials
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	// The first Ctrl-C ends the work under way; a second one, the program.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], newScreen(ctx, os.Stdout), os.Stderr))
}

const help = `Lists an organization's stacks: the last update of each and how it ended, its
resources, and its tags but for those that Pulumi sets itself. Then tells what the
latest update of all changed, and what happened during one: a recent one with an
error or a violated policy, if there is any. Last, it asks for a stack that does
not exist, to show what an error looks like.

  quickstart                     a Pulumi Cloud in memory, with a made-up company
  quickstart -live -org acme     the real Pulumi Cloud

Flags:
  -live        talk to the real Pulumi Cloud; only reads
  -org name    the organization; needed with -live
  -limit n     list at most n stacks; 0 for all (default 100)
  -h           show this help

With -live, the access token is taken from PULUMI_ACCESS_TOKEN, or from what
"pulumi login" left on this machine; the address from PULUMI_BACKEND_URL, from
"pulumi login" or from PULUMI_API, or it is https://api.pulumi.com. There is one
request for each page of the list, and two for each stack: one for its tags, one
for its last update. The events of at most 6 updates are read.

On a terminal, failures are red and warnings are yellow, unless NO_COLOR is set.

Exit status: 0 if all went well, 1 if something failed, 2 for a wrong command line.
`

// settings is the command line.
type settings struct {
	live  bool
	org   string
	limit int // 0: no limit
}

func parseArgs(args []string) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("quickstart", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // run writes what there is to say
	flags.BoolVar(&s.live, "live", false, "")
	flags.StringVar(&s.org, "org", "", "")
	flags.IntVar(&s.limit, "limit", 100, "")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	switch {
	case flags.NArg() > 0:
		return s, fmt.Errorf("unexpected argument: %q", flags.Arg(0))
	case s.limit < 0:
		return s, fmt.Errorf("-limit must not be negative: %d", s.limit)
	case s.live && s.org == "":
		return s, errors.New("-live needs to know the organization: add -org and its name")
	case s.org == "":
		s.org = pulumiapitest.DemoOrganization
	}
	return s, nil
}
