// Quickstart lists an organization's stacks, when each was last updated, what it
// holds and how it is tagged, and shows what an error looks like.
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
	"time"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	// The first Ctrl-C ends the work under way; a second one, the program.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is the program, but for the process around it.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	settings, err := parseArgs(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		say(stdout, "%s", help)
		return exitOK
	case err != nil:
		say(stderr, "quickstart: %v\nFor help: quickstart -h\n", err)
		return exitUsage
	}
	if err := report(ctx, settings, stdout, stderr); err != nil {
		say(stderr, "quickstart: %s\n", explain(err))
		return exitFailure
	}
	return exitOK
}

// say writes a message; if that fails, there is nobody to tell.
func say(w io.Writer, format string, args ...any) {
	_, _ = fmt.Fprintf(w, format, args...)
}

const help = `Lists an organization's stacks: last update, resources and tags, but for the tags
that Pulumi sets itself. Then asks for a stack that does not exist, to show what
an error looks like.

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
request for each page of the list, and one for each stack, for its tags.

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

// report does the job: the table, and the error of a stack that is missing.
func report(ctx context.Context, s settings, stdout, stderr io.Writer) error {
	client, where, done, err := connect(s.live) //nolint:contextcheck // the cloud in memory ends with done
	if err != nil {
		return err
	}
	defer done()
	if _, err := fmt.Fprintf(stdout, "Stacks of %s, %s\n\n", printable(s.org), where); err != nil {
		return err
	}
	progress := newProgress(stderr)
	found, err := readStacks(ctx, client, s.org, s.limit, progress)
	progress.clear()
	if err != nil {
		// What came before it is worth showing, too.
		if len(found.rows) > 0 {
			return errors.Join(printTable(stdout, found, time.Now()), err)
		}
		return err
	}
	if err := printTable(stdout, found, time.Now()); err != nil {
		return err
	}
	return showError(ctx, client, s.org, stdout)
}

// connect returns a client, where it leads, and what to call when it is done.
func connect(live bool) (client *pulumiapi.Client, where string, done func(), err error) {
	if !live {
		srv := pulumiapitest.Demo()
		return srv.Client(), "from a Pulumi Cloud in memory", srv.Close, nil
	}
	client, err = pulumiapi.NewClient(
		pulumiapi.FromEnvironment(),
		pulumiapi.WithUserAgent("pulumiapi-quickstart"),
	)
	if err != nil {
		return nil, "", nil, err
	}
	return client, "from Pulumi Cloud", client.CloseIdleConnections, nil
}

// showError asks for a stack that does not exist.
func showError(ctx context.Context, client *pulumiapi.Client, org string, stdout io.Writer) error {
	id := pulumiapi.StackIdentifier{Org: org, Project: "no-such-project", Stack: "no-such-stack"}
	_, err := client.Stacks.Get(ctx, id)
	refused, ok := errors.AsType[*pulumiapi.APIError](err)
	if !ok || !errors.Is(err, pulumiapi.ErrNotFound) {
		return err
	}
	_, err = fmt.Fprintf(stdout, `
And this is what an error looks like, here that of a stack that does not exist:

  %v

  errors.Is(err, pulumiapi.ErrNotFound)  %t
  refused.StatusCode                     %d
  refused.RequestID                      %s
`, err, errors.Is(err, pulumiapi.ErrNotFound), refused.StatusCode, refused.RequestID)
	return err
}

// explain returns an error as the user should see it: with what to do about it.
func explain(err error) string {
	switch {
	case errors.Is(err, context.Canceled):
		return "interrupted"
	case errors.Is(err, pulumiapi.ErrUnauthorized):
		return err.Error() + "\nThe access token is not valid (any more): set PULUMI_ACCESS_TOKEN, or run `pulumi login`."
	case errors.Is(err, pulumiapi.ErrForbidden), errors.Is(err, pulumiapi.ErrNotFound):
		return err.Error() + "\nIs that the organization's name, and are you a member of it?"
	case errors.Is(err, pulumiapi.ErrRateLimited):
		return err.Error() + "\nThe service asks for patience: try again later, or with a smaller -limit."
	}
	return err.Error()
}
