// Scaffold prints the first draft of an operation from the service's description.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/pulumiapi/pulumiapi/conformance/internal/scaffold"
	"github.com/pulumiapi/pulumiapi/conformance/internal/spec"
	"github.com/pulumiapi/pulumiapi/internal/source"
)

const usage = `Scaffold prints the first draft of an operation from the service's description: a file of the package, and one of
pulumiapitest. What you make of it is yours: give it names, merge types that stand for the same thing, and write the
comments. The linter refuses those that are left.

	go -C conformance run ./cmd/scaffold [flags] "GET /api/orgs/{orgName}/agent-pools"

Exit status: 0 if the draft was printed, 2 if something failed.

`

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("scaffold", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		_, _ = fmt.Fprint(stderr, usage)
		flags.PrintDefaults()
	}
	description := flags.String("openapi", os.Getenv("PULUMI_OPENAPI"), "the `file` with the service's description; PULUMI_OPENAPI by default")
	exceptions := flags.String("exceptions", "exceptions.txt", "the `file` with the exceptions to the description")
	var names scaffold.Names
	flags.StringVar(&names.Service, "service", "", "the `field` of the client: AgentPools; guessed by default")
	flags.StringVar(&names.Method, "method", "", "the `name` of the method: List; guessed by default")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	case flags.NArg() != 1:
		_, _ = fmt.Fprintln(stderr, `scaffold: name one operation: "GET /api/…"; see scaffold -h`)
		return 2
	}
	if err := printDraft(stdout, *description, *exceptions, flags.Arg(0), names); err != nil {
		_, _ = fmt.Fprintln(stderr, "scaffold:", err)
		return 2
	}
	return 0
}

// printDraft prints the draft of an operation.
func printDraft(out io.Writer, description, exceptionsFile, operation string, names scaffold.Names) error {
	if description == "" {
		return errors.New("neither -openapi nor PULUMI_OPENAPI names the service's description")
	}
	exceptions, err := spec.ReadExceptions(exceptionsFile)
	if err != nil {
		return err
	}
	s, err := spec.Load(description, exceptions)
	if err != nil {
		return err
	}
	root, err := source.Root()
	if err != nil {
		return err
	}
	src, err := source.Load(root)
	if err != nil {
		return err
	}
	drafter, err := scaffold.New(root, s, src)
	if err != nil {
		return err
	}
	draft, err := drafter.Draft(operation, names)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "// --- %s.%s, %s: a file of the package ---\n\n%s\n// --- a file of pulumiapitest ---\n\n%s",
		draft.Service, draft.Method, draft.Shape, draft.Go, draft.Route)
	return err
}
