// Greeter says how many stacks there are, and does on request what programs do.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"time"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/examples/internal/program"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

func main() {
	cloud := program.Cloud{UserAgent: "greeter", Seed: seed}
	var then string
	program.Main(program.Program{
		Name: "greeter",
		Help: "Greets the stacks.\n",
		Flags: func(flags *flag.FlagSet) {
			cloud.Flags(flags)
			flags.StringVar(&then, "then", "", "")
		},
		Check: func(args []string) error {
			return errors.Join(cloud.Check(), program.NoArguments(args))
		},
		Run: func(ctx context.Context, out *program.Output) error { return run(ctx, out, &cloud, then) },
	})
}

func seed(srv *pulumiapitest.Server) error {
	return srv.AddStack(pulumiapitest.Stack{Org: "greeted", Project: "web", Name: "prod"})
}

func run(ctx context.Context, out *program.Output, cloud *program.Cloud, then string) error {
	connection, err := cloud.Connect()
	if err != nil {
		return err
	}
	defer connection.Close()
	progress := out.Progress(0, "counting")
	defer progress.Done()
	n := 0
	for _, err := range connection.Stacks.List(ctx, &pulumiapi.StackListOptions{Organization: cloud.Org}) {
		if err != nil {
			return err
		}
		n++
		progress.Add(1)
	}
	progress.Done()
	if _, err := fmt.Fprintf(out.Stdout, "%s %d of %s from %s, width %d\n", program.Red("hello"), n, cloud.Org, connection.Where, out.Width); err != nil {
		return err
	}
	switch then {
	case "found":
		return program.ErrFound
	case "fail":
		return errors.New("failed\x1b[2J\non purpose")
	case "usage":
		return program.Usagef("-then %s is none", then)
	case "wait":
		<-ctx.Done()
		return ctx.Err()
	case "hang":
		<-ctx.Done()
		out.Say("told to %s", "stop")
		time.Sleep(time.Hour)
	}
	return nil
}
