package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

// run is the program, but for the process around it.
func run(ctx context.Context, args []string, stdout screen, stderr io.Writer) int {
	settings, err := parseArgs(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		say(stdout, "%s", help)
		return exitOK
	case err != nil:
		say(stderr, "quickstart: %v\nFor help: quickstart -h\n", err)
		return exitUsage
	}
	client, where, done, err := connect(settings.live) //nolint:contextcheck // the cloud in memory ends with done
	if err == nil {
		defer done()
		err = report(ctx, client, settings, where, stdout, newProgress(stderr))
	}
	if err != nil {
		say(stderr, "quickstart: %s\n", explain(err))
		return exitFailure
	}
	return exitOK
}

// say writes a message; if that fails, there is nobody to tell.
func say(w io.Writer, format string, args ...any) {
	_, _ = fmt.Fprintf(w, format, args...)
}

// connect returns a client, where it leads, and what to call when it is done.
func connect(live bool) (client *pulumiapi.Client, where string, done func(), err error) {
	if !live {
		srv := pulumiapitest.Demo()
		return srv.Client(), "a Pulumi Cloud in memory", srv.Close, nil
	}
	client, err = pulumiapi.NewClient(
		pulumiapi.FromEnvironment(),
		pulumiapi.WithUserAgent("pulumiapi-quickstart"),
	)
	if err != nil {
		return nil, "", nil, err
	}
	where = client.BaseURL()
	return client, where, client.CloseIdleConnections, nil
}

// report does the job: the table, the updates, and the error of a stack that is
// missing.
func report(ctx context.Context, client *pulumiapi.Client, s settings, where string, stdout screen, progress *progress) error {
	defer progress.clear()
	if _, err := fmt.Fprintf(stdout, "Stacks of %s, from %s\n\n", printable(s.org), printable(where)); err != nil {
		return err
	}
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
	if err := showUpdates(ctx, client, found.rows, stdout, progress); err != nil {
		return err
	}
	return showError(ctx, client, s.org, stdout)
}

// showUpdates tells of the latest update, and of the events of one.
func showUpdates(ctx context.Context, client *pulumiapi.Client, rows []row, stdout screen, progress *progress) error {
	recent := mostRecent(rows)
	if len(recent) == 0 {
		return nil
	}
	progress.show("reading events …")
	events := eventReader{client: client}
	sofar, err := soFar(ctx, &events, recent[0])
	if err != nil {
		return err
	}
	about, story, err := events.worthLookingAt(ctx, recent)
	progress.clear()
	if err != nil {
		return err
	}
	now := time.Now()
	if err := printUpdate(stdout, recent[0], sofar, now); err != nil {
		return err
	}
	return printStory(stdout, recent[0], about, story, now)
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

  %s

  errors.Is(err, pulumiapi.ErrNotFound)  %t
  refused.StatusCode                     %d
  refused.RequestID                      %s
`, printable(err.Error()), errors.Is(err, pulumiapi.ErrNotFound), refused.StatusCode, printable(refused.RequestID))
	return err
}

// explain returns an error as the user should see it: with what to do about it.
func explain(err error) string {
	text := printable(err.Error())
	switch {
	case errors.Is(err, context.Canceled):
		return "interrupted"
	case errors.Is(err, pulumiapi.ErrUnauthorized):
		return text + "\nThe access token is not valid (any more): set PULUMI_ACCESS_TOKEN, or run `pulumi login`."
	case errors.Is(err, pulumiapi.ErrForbidden), errors.Is(err, pulumiapi.ErrNotFound):
		return text + "\nIs that the organization's name, and are you a member of it?"
	case errors.Is(err, pulumiapi.ErrRateLimited):
		return text + "\nThe service asks for patience: try again later, or with a smaller -limit."
	}
	return text
}
