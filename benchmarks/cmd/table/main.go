// Table runs the workloads with the package and by hand, prints what both cost, and
// says which goals are missed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"

	"github.com/pulumiapi/pulumiapi/benchmarks/internal/workload"
)

const usage = `Table runs the workloads with the package and by hand, and prints what both cost.

	go -C benchmarks run ./cmd/table [flags]

Each measurement is a process of its own, so that what it costs is the client's cost alone.

Exit status: 0 if all went well; 1 if both ways did not see the same, or with -check if a goal was
missed; 2 if something failed.

`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	status := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// errMissed says that a figure is not what it should be.
var errMissed = errors.New("goals were missed")

// settings are what the flags say.
type settings struct {
	run      *regexp.Regexp
	count    int
	short    bool
	check    bool
	profiles string
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) > 0 && args[0] == clientCommand {
		return exitStatus(runClient(ctx, args[1:], stdout), stderr)
	}
	flags := flag.NewFlagSet("table", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		_, _ = fmt.Fprint(stderr, usage)
		flags.PrintDefaults()
	}
	names := flags.String("run", "", "only the workloads whose names match the `pattern`")
	var s settings
	flags.IntVar(&s.count, "count", 5, "how many times each is measured; the table has the medians")
	flags.BoolVar(&s.short, "short", false, "small loads, once, and only the goals that do not depend on the machine")
	flags.BoolVar(&s.check, "check", false, "exit with 1 if a goal is missed")
	flags.StringVar(&s.profiles, "profiles", "", "write profiles of what the package does into this `folder`")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	case flags.NArg() > 0:
		_, _ = fmt.Fprintf(stderr, "table: unexpected argument %q; see table -h\n", flags.Arg(0))
		return 2
	case s.count < 1:
		_, _ = fmt.Fprintln(stderr, "table: -count must be at least 1")
		return 2
	}
	var err error
	if s.run, err = regexp.Compile(*names); err == nil {
		err = s.table(ctx, workload.All(), stdout, stderr)
	}
	return exitStatus(err, stderr)
}

func exitStatus(err error, stderr io.Writer) int {
	if err != nil {
		_, _ = fmt.Fprintln(stderr, "table:", err)
	}
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errMissed), errors.Is(err, errDifferent):
		return 1
	}
	return 2
}
