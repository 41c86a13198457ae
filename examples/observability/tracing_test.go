package main

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

// tracedClient returns a client whose requests go through what wrap makes of
// the transport.
func tracedClient(t *testing.T, srv *pulumiapitest.Server, wrap func(http.RoundTripper) http.RoundTripper) *pulumiapi.Client {
	t.Helper()
	client, err := pulumiapi.NewClient(append(srv.Options(),
		pulumiapi.WithHTTPClient(&http.Client{Transport: wrap(srv.HTTPClient().Transport)}))...)
	require.NoError(t, err)
	return client
}

// attributes returns a span's attributes.
func attributes(span sdktrace.ReadOnlySpan) map[attribute.Key]string {
	all := map[attribute.Key]string{}
	for _, attr := range span.Attributes() {
		all[attr.Key] = attr.Value.String()
	}
	return all
}

func TestTraced_SpansHoldTemplatesAndNoIdentifiers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := newCloud(t)
		recorder := tracetest.NewSpanRecorder()
		tracers := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder))
		client := tracedClient(t, srv, func(base http.RoundTripper) http.RoundTripper { return traced(base, tracers) })
		ctx, parent := tracers.Tracer("test").Start(t.Context(), "parent")
		makeCalls(ctx, t, client)

		spans := recorder.Ended()
		require.Len(t, spans, len(wantRequests), "a span for each attempt, and all have ended")
		for i, span := range spans {
			want := wantRequests[i]
			_, template, _ := strings.Cut(want.endpoint, " ")
			assert.Equal(t, want.endpoint, span.Name())
			assert.Equal(t, trace.SpanKindClient, span.SpanKind())
			assert.Equal(t, parent.SpanContext().SpanID(), span.Parent().SpanID(), "the attempts of a call belong together")

			got := attributes(span)
			assert.Equal(t, template, got["url.template"])
			assert.Equal(t, "http://api.pulumi.test"+template, got["url.full"])
			assert.Equal(t, "api.pulumi.test", got["server.address"])
			assert.Equal(t, strings.Replace(want.status, "none", "", 1), got["http.response.status_code"])
			for key, value := range got {
				assert.NotContains(t, value, mark, "the attribute %s of %s", key, span.Name())
				assert.NotContains(t, value, srv.Token(), "the attribute %s of %s", key, span.Name())
			}
			if want.outcome != "success" {
				assert.Equal(t, codes.Error, span.Status().Code, "%+v", want)
			}
			assert.NotContains(t, span.Status().Description, mark)
			assert.Empty(t, span.Events())
		}
	})
}

// TestTraced_OtelhttpAloneHoldsIdentifiers says what templateURLs is there for.
// If it fails, otelhttp has changed, and so must templateURLs and the page.
func TestTraced_OtelhttpAloneHoldsIdentifiers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		recorder, reader := tracetest.NewSpanRecorder(), metric.NewManualReader()
		tracers := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder))
		meters := metric.NewMeterProvider(metric.WithReader(reader))
		client := tracedClient(t, newCloud(t), func(base http.RoundTripper) http.RoundTripper {
			return otelhttp.NewTransport(base, otelhttp.WithTracerProvider(tracers), otelhttp.WithMeterProvider(meters))
		})
		makeCalls(t.Context(), t, client)

		var betrayers, all []string
		for _, span := range recorder.Ended() {
			for key, value := range attributes(span) {
				all = append(all, string(key))
				if strings.Contains(value, mark) {
					betrayers = append(betrayers, string(key))
				}
			}
		}
		slices.Sort(betrayers)
		assert.Equal(t, []string{"url.full"}, slices.Compact(betrayers))
		slices.Sort(all)
		assert.Equal(t, []string{
			"error.type", "http.request.method", "http.response.status_code", "network.protocol.version", "server.address", "url.full",
		}, slices.Compact(all))

		var measured metricdata.ResourceMetrics
		require.NoError(t, reader.Collect(t.Context(), &measured))
		text, err := json.Marshal(measured)
		require.NoError(t, err)
		assert.Contains(t, string(text), `"http.client.request.duration"`)
		assert.NotContains(t, string(text), mark, "its metrics know no path")
		assert.NotContains(t, string(text), "/api/")
	})
}

// Not parallel: it changes the process's propagator.
func TestTraced_SendsNothingOfTheTrace(t *testing.T) { //nolint:paralleltest // see above
	before := otel.GetTextMapPropagator()
	otel.SetTextMapPropagator(propagation.TraceContext{})
	defer otel.SetTextMapPropagator(before)
	srv := pulumiapitest.Demo()
	defer srv.Close()
	tracers := sdktrace.NewTracerProvider()
	client := tracedClient(t, srv, func(base http.RoundTripper) http.RoundTripper { return traced(base, tracers) })
	_, err := client.Stacks.ListPage(t.Context(), nil)
	require.NoError(t, err)
	require.Len(t, srv.Requests(), 1)
	assert.NotContains(t, srv.Requests()[0].Header, "Traceparent")
}

func TestTraced_OtherRequestsOfTheSameTransport(t *testing.T) {
	t.Parallel()
	srv := pulumiapitest.Demo()
	defer srv.Close()
	recorder := tracetest.NewSpanRecorder()
	tracers := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder))
	hc := &http.Client{Transport: traced(srv.HTTPClient().Transport, tracers)}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, pulumiapitest.BaseURL+"/api/capabilities", http.NoBody)
	require.NoError(t, err)
	resp, err := hc.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	spans := recorder.Ended()
	require.Len(t, spans, 1)
	assert.Equal(t, "GET", spans[0].Name())
	assert.Equal(t, pulumiapitest.BaseURL+"/api/capabilities", attributes(spans[0])["url.full"], "they are not the client's")
	assert.Equal(t, strconv.Itoa(resp.StatusCode), attributes(spans[0])["http.response.status_code"])
}
