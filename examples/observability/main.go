// Observability shows what an operator can see of a program's calls of Pulumi
// Cloud: spans of OpenTelemetry, metrics of Prometheus, and log records. The
// Pulumi Cloud is one in memory.
//
//	go -C examples/observability run .
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer) error {
	srv := pulumiapitest.Demo() //nolint:contextcheck // a server lives until it is closed
	defer srv.Close()
	srv.Inject(pulumiapitest.Fault{ // something to see
		Endpoint: "GET /api/stacks/{orgName}/{projectName}/{stackName}",
		Status:   http.StatusServiceUnavailable,
		Header:   http.Header{"X-Pulumi-Warning": {"Maintenance until noon."}},
		Times:    1,
	})

	spans, records := new(bytes.Buffer), new(bytes.Buffer)
	tracers := sdktrace.NewTracerProvider(sdktrace.WithSyncer(spanPrinter{spans}))
	registry := prometheus.NewRegistry()
	logger := slog.New(slog.NewTextHandler(records, &slog.HandlerOptions{Level: slog.LevelDebug}))

	client, err := newClient(srv.HTTPClient().Transport, tracers, registry, logger, srv.Options()...)
	if err != nil {
		return err
	}
	if err := work(ctx, client, tracers.Tracer("observability")); err != nil {
		return err
	}
	if err := tracers.Shutdown(ctx); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(out, "Spans:\n\n%s\nLog:\n\n%s\nMetrics:\n\n", spans, records); err != nil {
		return err
	}
	return writeMetrics(out, registry)
}

// newClient returns a client with all three. opts are the other options, such
// as pulumiapi.FromEnvironment().
func newClient(
	transport http.RoundTripper, tracers trace.TracerProvider, registry prometheus.Registerer, logger *slog.Logger, opts ...pulumiapi.Option,
) (*pulumiapi.Client, error) {
	observer, err := newObserver(registry)
	if err != nil {
		return nil, err
	}
	return pulumiapi.NewClient(append(opts,
		pulumiapi.WithHTTPClient(&http.Client{Transport: traced(transport, tracers)}),
		pulumiapi.WithObserver(observer),
		pulumiapi.WithLogger(logger),
	)...)
}

// work is what the program is there for: it looks at two stacks, one of which
// doesn't exist. A span of its own holds those of its requests together.
func work(ctx context.Context, client *pulumiapi.Client, tracer trace.Tracer) error {
	ctx, span := tracer.Start(ctx, "look at stacks")
	defer span.End()
	for _, name := range []string{"prod", "no-such-stack"} {
		_, err := client.Stacks.Get(ctx, pulumiapi.StackIdentifier{Org: pulumiapitest.DemoOrganization, Project: "webshop", Stack: name})
		if err != nil && !errors.Is(err, pulumiapi.ErrNotFound) {
			return err
		}
	}
	_, err := client.Stacks.ListPage(ctx, &pulumiapi.StackListOptions{Organization: pulumiapitest.DemoOrganization})
	return err
}

// spanPrinter prints spans as they end: the name, then the attributes.
type spanPrinter struct {
	out *bytes.Buffer
}

func (p spanPrinter) ExportSpans(_ context.Context, spans []sdktrace.ReadOnlySpan) error {
	for _, span := range spans {
		fmt.Fprintln(p.out, span.Name())
		for _, attr := range span.Attributes() {
			fmt.Fprintf(p.out, "    %s=%s\n", attr.Key, attr.Value.String())
		}
	}
	return nil
}

func (spanPrinter) Shutdown(context.Context) error { return nil }

// writeMetrics writes what a Prometheus server would get.
func writeMetrics(out io.Writer, registry prometheus.Gatherer) error {
	families, err := registry.Gather()
	if err != nil {
		return err
	}
	for _, family := range families {
		if _, err := expfmt.MetricFamilyToText(out, family); err != nil {
			return err
		}
	}
	return nil
}
