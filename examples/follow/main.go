// Follow shows an update while it runs: as a view of the terminal with a progress
// bar, or as plain lines where there is none. Its exit status says how the update
// ended.
//
//	go -C examples/follow run .                                     # a Pulumi Cloud in memory
//	go -C examples/follow run . -live -org acme -stack web/prod     # the real one
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/examples/internal/program"
)

const help = `Follows an update of a stack until it has ended: a progress bar of its resources,
those that change below it, and whatever the engine and the policies complain of.
Not on a terminal, there is a line for each of them instead.

  follow                                     a Pulumi Cloud in memory
  follow -live -org acme -stack web/prod     the real one; only reads

Flags:
  -live                talk to the real Pulumi Cloud; only reads
  -org name            the organization; needed with -live
  -stack project/stack the stack; needed with -live
  -update id           the update, or preview; without it, the newest update, whether
                       it runs or has ended
  -timeout duration    give up after that time, as in 30m; 0 for never (default 0)
  -plain               lines on a terminal, too
  -h                   show this help

In memory only:
  -pace duration       the time that a resource takes (default 60ms)
  -fail                let the update fail

The number of resources is an estimate until the end: it is what the stack has now.
Ctrl-C, or q on a terminal, stops watching, and does nothing to the update.

With -live, the access token is taken from PULUMI_ACCESS_TOKEN, or from what
"pulumi login" left on this machine; the address from PULUMI_BACKEND_URL, from
"pulumi login" or from PULUMI_API, or it is https://api.pulumi.com.

Exit status: 0 if the update has succeeded, 3 if it has failed or was cancelled, 1 if
there was no finding out, 2 for a wrong command line.
"go run" makes 1 of a 3: a pipeline builds the program first.
`

// settings is the command line.
type settings struct {
	cloud   program.Cloud
	stack   string
	id      pulumiapi.StackIdentifier // of the stack
	update  string
	timeout time.Duration
	plain   bool
	demo    demo
}

func main() {
	s := settings{cloud: program.Cloud{UserAgent: "pulumiapi-follow"}}
	program.Main(program.Program{Name: "follow", Help: help, Flags: s.flags, Check: s.check, Run: s.run})
}

func (s *settings) flags(flags *flag.FlagSet) {
	s.cloud.Flags(flags)
	flags.StringVar(&s.stack, "stack", "", "")
	flags.StringVar(&s.update, "update", "", "")
	flags.DurationVar(&s.timeout, "timeout", 0, "")
	flags.BoolVar(&s.plain, "plain", false, "")
	flags.DurationVar(&s.demo.pace, "pace", 60*time.Millisecond, "")
	flags.BoolVar(&s.demo.fails, "fail", false, "")
}

func (s *settings) check(args []string) error {
	if err := program.NoArguments(args); err != nil {
		return err
	}
	if err := s.cloud.Check(); err != nil {
		return err
	}
	switch {
	case s.cloud.Live && s.stack == "":
		return program.Usagef("-live needs to know the stack: add -stack project/stack")
	case s.timeout < 0:
		return program.Usagef("-timeout must not be negative: %s", s.timeout)
	case s.demo.pace < 0:
		return program.Usagef("-pace must not be negative: %s", s.demo.pace)
	}
	var err error
	s.id, err = s.cloud.Stack(cmp.Or(s.stack, demoStack))
	return err
}

func (s *settings) run(ctx context.Context, out *program.Output) error {
	if s.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, s.timeout, fmt.Errorf("the update has not ended after %s: %w", s.timeout, context.DeadlineExceeded))
		defer cancel()
	}
	client, err := s.cloud.Connect() //nolint:contextcheck // the cloud in memory ends with Close
	if err != nil {
		return err
	}
	defer client.Close()
	if client.Demo != nil {
		stop := s.demo.start(ctx, client)
		defer stop()
	}
	u, err := s.find(ctx, client.Client)
	if err != nil {
		return err
	}
	show := showLines
	if out.Terminal && !s.plain && os.Getenv("TERM") != "dumb" {
		show = showScreen
	}
	if err := show(ctx, u, out); err != nil {
		if cause := context.Cause(ctx); errors.Is(err, context.DeadlineExceeded) && cause != nil {
			return cause
		}
		return err
	}
	return nil
}

// update is what is followed.
type update struct {
	client *pulumiapi.Client
	stack  pulumiapi.StackIdentifier
	id     string
	title  string // what it is and who has started it
	// resources is how many there are to be expected; 0 if nobody knows.
	resources int
}

// find looks the update up.
func (s *settings) find(ctx context.Context, client *pulumiapi.Client) (*update, error) {
	stack, err := client.Stacks.Get(ctx, s.id)
	if err != nil {
		return nil, err
	}
	u := &update{client: client, stack: s.id, id: cmp.Or(s.update, stack.ActiveUpdate)}
	if u.id == "" {
		return nil, fmt.Errorf("the stack %s was never updated", s.id)
	}
	u.title = "update " + program.Printable(u.id)
	if op := stack.CurrentOperation; op != nil && u.id == stack.ActiveUpdate {
		u.title = describeOperation(op)
	}
	// How many resources there are is good to know, and no reason to give up.
	if count, err := client.Stacks.GetResourceCount(ctx, s.id); err == nil {
		u.resources = count.ResourceCount
	}
	return u, nil
}

// describeOperation returns what is running, who has started it, and when.
func describeOperation(op *pulumiapi.StackOperation) string {
	text := cmp.Or(program.Printable(string(op.Kind)), "update")
	if author := program.Printable(op.Author); author != "" {
		text += " by " + author
	}
	if !op.Started.IsZero() {
		text += ", started " + program.Ago(time.Since(op.Started.Time))
	}
	return text
}

// follow calls tell with each event, and returns how the update has ended: nil if
// well, and program.ErrFound if not.
func (u *update) follow(ctx context.Context, tell func(*pulumiapi.EngineEvent) error) (pulumiapi.UpdateStatus, error) {
	for event, err := range u.client.Updates.Follow(ctx, u.stack, u.id, nil) {
		if err != nil {
			return "", err
		}
		if err := tell(event); err != nil {
			return "", err
		}
	}
	results, err := u.client.Updates.Wait(ctx, u.stack, u.id, nil)
	if failed, ok := errors.AsType[*pulumiapi.UpdateFailedError](err); ok {
		return failed.Status, program.ErrFound
	}
	if err != nil {
		return "", err
	}
	return results.Status, nil
}
