// Coverage writes docs/coverage.md: which of the service's operations the package
// covers, and with which methods.
package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/pulumiapi/pulumiapi/conformance/internal/coverage"
	"github.com/pulumiapi/pulumiapi/conformance/internal/spec"
	"github.com/pulumiapi/pulumiapi/internal/source"
)

const usage = `Coverage writes docs/coverage.md: which of the service's operations the package covers.

	go -C conformance run ./cmd/coverage [flags]

Exit status: 0 if the report was written, or with -check is up to date; 1 if it is not; 2 if something failed.

`

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

var errOutdated = errors.New("is out of date; to write it: go -C conformance run ./cmd/coverage")

func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("coverage", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		_, _ = fmt.Fprint(stderr, usage)
		flags.PrintDefaults()
	}
	description := flags.String("openapi", os.Getenv("PULUMI_OPENAPI"), "the `file` with the service's description; PULUMI_OPENAPI by default")
	output := flags.String("o", "", "the `file` to write; docs/coverage.md of the repository by default, - for the standard output")
	check := flags.Bool("check", false, "write nothing, but compare")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	case flags.NArg() > 0:
		_, _ = fmt.Fprintf(stderr, "coverage: unexpected argument %q; see coverage -h\n", flags.Arg(0))
		return 2
	}
	err := report(*description, *output, *check, stdout)
	if err != nil {
		_, _ = fmt.Fprintln(stderr, "coverage:", err)
	}
	switch {
	case errors.Is(err, errOutdated):
		return 1
	case err != nil:
		return 2
	}
	return 0
}

func report(description, output string, check bool, stdout io.Writer) error {
	if description == "" {
		return errors.New("no description: set -openapi or PULUMI_OPENAPI; to get it: go -C conformance run ./cmd/fetchspec")
	}
	s, err := spec.Load(description, nil)
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
	text, err := coverage.Report(s, src)
	if err != nil {
		return err
	}
	if output == "-" {
		_, err := io.WriteString(stdout, text)
		return err
	}
	file := cmp.Or(output, filepath.Join(root, "docs", "coverage.md"))
	if check {
		written, err := os.ReadFile(file) //nolint:gosec // the user's own
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		if string(written) != text {
			return fmt.Errorf("%s %w", file, errOutdated)
		}
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		return err
	}
	return os.WriteFile(file, []byte(text), 0o644) //nolint:gosec // a page of documentation
}
