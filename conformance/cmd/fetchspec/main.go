// Fetchspec gets the service's OpenAPI description, with the credentials that the
// machine has: PULUMI_ACCESS_TOKEN, or what `pulumi login` left.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/conformance/internal/spec"
)

const usage = `Fetchspec gets the service's OpenAPI description, with the credentials that the machine has.

	go -C conformance run ./cmd/fetchspec [flags]

Exit status: 0 if it was written, 1 if it could not be had, 2 if the flags make no sense.

`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	status := run(ctx, os.Args[1:], os.Stdout, os.Stderr, pulumiapi.FromEnvironment())
	stop()
	os.Exit(status)
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer, options ...pulumiapi.Option) int {
	flags := flag.NewFlagSet("fetchspec", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		_, _ = fmt.Fprint(stderr, usage)
		flags.PrintDefaults()
	}
	output := flags.String("o", "-", "the `file` to write; - for the standard output")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	case flags.NArg() > 0:
		_, _ = fmt.Fprintf(stderr, "fetchspec: unexpected argument %q; see fetchspec -h\n", flags.Arg(0))
		return 2
	}
	if err := fetch(ctx, *output, stdout, options); err != nil {
		_, _ = fmt.Fprintln(stderr, "fetchspec:", err)
		return 1
	}
	return 0
}

var endpoint = pulumiapi.Endpoint{Method: http.MethodGet, Template: "/api/openapi/pulumi-spec.json"}

func fetch(ctx context.Context, output string, stdout io.Writer, options []pulumiapi.Option) error {
	client, err := pulumiapi.NewClient(options...)
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	var description bytes.Buffer
	if _, err := client.Do(ctx, pulumiapi.Request{Endpoint: endpoint}, &description); err != nil {
		return err
	}
	// What a proxy answers instead is not to take a description's place.
	if _, err := spec.Parse(description.Bytes(), nil); err != nil { //nolint:contextcheck // nothing in it waits
		return fmt.Errorf("what came is no description: %w", err)
	}
	if output == "-" {
		_, err = stdout.Write(description.Bytes())
		return err
	}
	return os.WriteFile(output, description.Bytes(), 0o644) //nolint:gosec // it is public
}
