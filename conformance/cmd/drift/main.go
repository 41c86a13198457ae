// Drift compares two descriptions of the service, and says what a newer one adds,
// removes or changes, and which methods and types of the package that touches.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/pulumiapi/pulumiapi/conformance/internal/drift"
	"github.com/pulumiapi/pulumiapi/conformance/internal/spec"
	"github.com/pulumiapi/pulumiapi/internal/source"
)

const usage = `Drift compares two descriptions of the service: what the newer one adds, removes or changes, and which methods
and types of the package that touches. What touches the package comes first.

	go -C conformance run ./cmd/drift [flags] OLD NEW

Exit status: 0 if nothing that the package covers is touched; 1 if something is; 2 if something failed.

`

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("drift", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		_, _ = fmt.Fprint(stderr, usage)
		flags.PrintDefaults()
	}
	covered := flags.Bool("covered", false, "print only what touches the package")
	exceptions := flags.String("exceptions", "", "the `file` with the exceptions; exceptions.txt of the module by default")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	case flags.NArg() != 2:
		_, _ = fmt.Fprintf(stderr, "drift: want two descriptions, OLD and NEW, got %d; see drift -h\n", flags.NArg())
		return 2
	}
	changes, err := compare(flags.Arg(0), flags.Arg(1), *exceptions)
	if err != nil {
		_, _ = fmt.Fprintln(stderr, "drift:", err)
		return 2
	}
	touching := show(stdout, changes, *covered)
	if touching > 0 {
		return 1
	}
	return 0
}

func compare(before, after, file string) ([]drift.Change, error) {
	root, err := source.Root()
	if err != nil {
		return nil, err
	}
	if file == "" {
		file = root + "/conformance/exceptions.txt"
	}
	exceptions, err := spec.ReadExceptions(file)
	if err != nil {
		return nil, err
	}
	old, err := spec.Load(before, exceptions)
	if err != nil {
		return nil, err
	}
	current, err := spec.Load(after, exceptions)
	if err != nil {
		return nil, err
	}
	src, err := source.Load(root)
	if err != nil {
		return nil, err
	}
	covered, err := drift.FindCovered(src, old, current)
	if err != nil {
		return nil, err
	}
	changes := drift.Compare(old, current)
	covered.Mark(changes)
	return changes, nil
}

// show writes the changes, those that touch the package first, and returns how
// many these are.
func show(w io.Writer, changes []drift.Change, onlyCovered bool) int {
	touching := 0
	for _, change := range changes {
		if len(change.Touches) > 0 {
			touching++
			_, _ = fmt.Fprintf(w, "%s\n    touches %s\n", change, strings.Join(change.Touches, ", "))
		}
	}
	if !onlyCovered {
		for _, change := range changes {
			if len(change.Touches) == 0 {
				_, _ = fmt.Fprintln(w, change)
			}
		}
	}
	_, _ = fmt.Fprintf(w, "%d changes, %d of them touch the package\n", len(changes), touching)
	return touching
}
