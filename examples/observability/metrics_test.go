package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

// observedClient returns a client, and where its metrics are.
func observedClient(t *testing.T, srv *pulumiapitest.Server) (*pulumiapi.Client, *prometheus.Registry) {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	observer, err := newObserver(registry)
	require.NoError(t, err)
	client, err := pulumiapi.NewClient(append(srv.Options(), pulumiapi.WithObserver(observer))...)
	require.NoError(t, err)
	return client, registry
}

func TestNewObserver_Counts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, registry := observedClient(t, newCloud(t))
		makeCalls(t.Context(), t, client)

		attempts := map[request]int{}
		for _, r := range wantRequests {
			attempts[r]++
		}
		want := "# HELP pulumi_api_attempts_total Requests to Pulumi Cloud, each attempt of a call counted.\n" +
			"# TYPE pulumi_api_attempts_total counter\n"
		for r, n := range attempts {
			want += fmt.Sprintf("pulumi_api_attempts_total{endpoint=%q,outcome=%q,status=%q} %d\n", r.endpoint, r.outcome, r.status, n)
		}
		want += `
# HELP pulumi_api_retries_total Attempts of a call after its first one.
# TYPE pulumi_api_retries_total counter
pulumi_api_retries_total{endpoint="` + getStack + `"} 1
pulumi_api_retries_total{endpoint="` + exportStack + `"} 1
pulumi_api_retries_total{endpoint="` + listUpdates + `"} 3
# HELP pulumi_api_warnings_total Warnings of Pulumi Cloud; their texts are in the log.
# TYPE pulumi_api_warnings_total counter
pulumi_api_warnings_total{endpoint="` + getStack + `"} 2
`
		require.NoError(t, testutil.GatherAndCompare(registry, strings.NewReader(want),
			"pulumi_api_attempts_total", "pulumi_api_retries_total", "pulumi_api_warnings_total"))
	})
}

func TestNewObserver_Durations(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // where only the server's delay takes time
		client, registry := observedClient(t, newSlowCloud(t))
		_, err := client.Stacks.Get(t.Context(), stackID)
		require.NoError(t, err)
		want := `
# HELP pulumi_api_attempt_duration_seconds Time until the answer to a request had been read; of a stream, until it began.
# TYPE pulumi_api_attempt_duration_seconds histogram
`
		for _, le := range []string{"0.05", "0.1", "0.25", "0.5", "1", "2.5"} {
			want += fmt.Sprintf("pulumi_api_attempt_duration_seconds_bucket{endpoint=%q,le=%q} 1\n", getStack, le)
		}
		for _, le := range []string{"5", "10", "30", "60", "+Inf"} {
			want += fmt.Sprintf("pulumi_api_attempt_duration_seconds_bucket{endpoint=%q,le=%q} 2\n", getStack, le)
		}
		want += fmt.Sprintf("pulumi_api_attempt_duration_seconds_sum{endpoint=%q} 3\n", getStack) +
			fmt.Sprintf("pulumi_api_attempt_duration_seconds_count{endpoint=%q} 2\n", getStack)
		require.NoError(t, testutil.GatherAndCompare(registry, strings.NewReader(want), "pulumi_api_attempt_duration_seconds"))
	})
}

func TestNewObserver_LabelsHoldTemplatesAndNoIdentifiers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, registry := observedClient(t, newCloud(t))
		makeCalls(t.Context(), t, client)

		families, err := registry.Gather()
		require.NoError(t, err)
		assert.Len(t, families, 4)
		values := map[string]map[string]bool{} // of each label
		for _, family := range families {
			for _, metric := range family.GetMetric() {
				for _, label := range metric.GetLabel() {
					if values[label.GetName()] == nil {
						values[label.GetName()] = map[string]bool{}
					}
					values[label.GetName()][label.GetValue()] = true
					assert.NotContains(t, label.GetValue(), mark, "the label %s of %s", label.GetName(), family.GetName())
				}
			}
		}
		assert.Equal(t, []string{"endpoint", "outcome", "status"}, slices.Sorted(maps.Keys(values)))
		endpoints := map[string]bool{}
		for _, r := range wantRequests {
			endpoints[r.endpoint] = true
		}
		assert.Equal(t, endpoints, values["endpoint"])
	})
}

func TestNewObserver_Cancelled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := newSlowCloud(t)
		client, registry := observedClient(t, srv)
		// The first answer takes three seconds.
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		_, err := client.Stacks.Get(ctx, stackID)
		require.ErrorIs(t, err, context.Canceled)
		srv.Inject(pulumiapitest.Fault{Endpoint: getStack, Delay: time.Minute})
		ctx, cancel = context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = client.Stacks.Get(ctx, stackID)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		want := `
# HELP pulumi_api_attempts_total Requests to Pulumi Cloud, each attempt of a call counted.
# TYPE pulumi_api_attempts_total counter
pulumi_api_attempts_total{endpoint="` + getStack + `",outcome="cancelled",status="none"} 1
pulumi_api_attempts_total{endpoint="` + getStack + `",outcome="failed",status="none"} 1
`
		require.NoError(t, testutil.GatherAndCompare(registry, strings.NewReader(want), "pulumi_api_attempts_total"))
	})
}

func TestNewObserver_NamesAreAsPrometheusWantsThem(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, registry := observedClient(t, newCloud(t))
		makeCalls(t.Context(), t, client)
		problems, err := testutil.GatherAndLint(registry)
		require.NoError(t, err)
		assert.Empty(t, problems)
	})
}

func TestNewObserver_TwiceInOneRegistry(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	_, err := newObserver(registry)
	require.NoError(t, err)
	_, err = newObserver(registry)
	var registered prometheus.AlreadyRegisteredError
	require.ErrorAs(t, err, &registered)
}
