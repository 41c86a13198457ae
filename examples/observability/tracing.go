package main

import (
	"net/http"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/pulumiapi/pulumiapi"
)

// traced returns a transport that makes a span of each request that it sends
// through base, named by the request's endpoint.
func traced(base http.RoundTripper, tracers trace.TracerProvider) http.RoundTripper {
	return otelhttp.NewTransport(templateURLs{next: base},
		otelhttp.WithTracerProvider(tracers),
		otelhttp.WithSpanNameFormatter(spanName),
		// Traces end here: the service need not know of them.
		otelhttp.WithPropagators(propagation.NewCompositeTextMapPropagator()),
	)
}

func spanName(_ string, req *http.Request) string {
	if endpoint, ok := pulumiapi.EndpointFromContext(req.Context()); ok {
		return endpoint.String()
	}
	return req.Method
}

// templateURLs stands below otelhttp, which has put the URL into the span by
// now, and puts the template in its place.
type templateURLs struct {
	next http.RoundTripper
}

func (t templateURLs) RoundTrip(req *http.Request) (*http.Response, error) {
	if endpoint, ok := pulumiapi.EndpointFromContext(req.Context()); ok {
		trace.SpanFromContext(req.Context()).SetAttributes(
			semconv.URLTemplate(endpoint.Template),
			semconv.URLFull(req.URL.Scheme+"://"+req.URL.Host+endpoint.Template),
		)
	}
	return t.next.RoundTrip(req)
}
