package workload_test

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/benchmarks/internal/cloud"
	"github.com/pulumiapi/pulumiapi/benchmarks/internal/workload"
)

func TestAll_BothWaysSeeTheSame(t *testing.T) {
	t.Parallel()
	server, err := cloud.Start()
	require.NoError(t, err, "cloud.Start")
	t.Cleanup(func() { require.NoError(t, server.Close(), "Close") })
	for _, w := range workload.All() {
		t.Run(w.Name, func(t *testing.T) {
			t.Parallel()
			url, err := server.URL(w.Short)
			require.NoError(t, err, "URL(%+v)", w.Short)
			seen := map[string]workload.Seen{}
			for _, way := range workload.Ways() {
				job, err := w.Start(way, url)
				require.NoError(t, err, "Start(%s)", way)
				t.Cleanup(job.Close)
				seen[way], err = job.Do(t.Context())
				require.NoError(t, err, "%s in the way %s", w.Name, way)
			}
			assert.Equal(t, seen[workload.Raw], seen[workload.Package], "%s: what raw and the package saw", w.Name)
			assert.NotZero(t, seen[workload.Package].Sum, "%s: the checksum", w.Name)
			want := max(w.Short.Items, 1)
			if w.Name == "W3ExportResources" {
				want = seen[workload.Raw].Items
				assert.Greater(t, want, 100, "%s: resources", w.Name)
			}
			assert.Equal(t, want, seen[workload.Package].Items, "%s: items", w.Name)
		})
	}
}

// What is not there is no short list, but an error.
func TestAll_FailWithoutALoad(t *testing.T) {
	t.Parallel()
	server, err := cloud.Start()
	require.NoError(t, err, "cloud.Start")
	t.Cleanup(func() { require.NoError(t, server.Close(), "Close") })
	url, err := server.URL(cloud.Load{})
	require.NoError(t, err, "URL")
	server.Forget(url)
	for _, w := range workload.All() {
		for _, way := range workload.Ways() {
			job, err := w.Start(way, url)
			require.NoError(t, err, "Start(%s)", way)
			t.Cleanup(job.Close)
			_, err = job.Do(t.Context())
			assert.Error(t, err, "%s in the way %s", w.Name, way)
		}
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	w, err := workload.Find("W7CreateTag")
	require.NoError(t, err, "Find")
	assert.Equal(t, "W7CreateTag", w.Name, "Find")
	_, err = workload.Find("W7")
	require.Error(t, err, "Find of a name that is not whole")
	_, err = w.Start("by magic", "http://example.com")
	require.Error(t, err, "Start in a way that there is not")
}

func TestMeasure(t *testing.T) { //nolint:paralleltest // it measures the process
	var kept [][]byte
	do := func(context.Context) (workload.Seen, error) {
		for range 100 {
			kept = append(kept, make([]byte, 100_000))
		}
		seen := workload.Seen{Items: len(kept)}
		for start := time.Now(); time.Since(start) < 20*time.Millisecond; {
			continue // busy
		}
		kept = nil
		runtime.GC() // the peak is over
		return seen, nil
	}
	m, err := workload.Measure(t.Context(), do, 3)
	require.NoError(t, err, "Measure")
	assert.Equal(t, workload.Seen{Items: 100}, m.Seen, "Seen")
	assert.InDelta(t, 110, m.Allocs, 30, "Allocs")
	assert.InDelta(t, 10e6, m.AllocBytes, 1e6, "AllocBytes")
	assert.GreaterOrEqual(t, m.PeakHeap, uint64(10e6), "PeakHeap")
	assert.Less(t, m.PeakHeap, uint64(15e6), "PeakHeap")
	assert.GreaterOrEqual(t, m.Time, 20*time.Millisecond, "Time")
	assert.Positive(t, m.CPU, "CPU")
}

func TestMeasure_Fails(t *testing.T) { //nolint:paralleltest // as above
	broken := errors.New("broken")
	_, err := workload.Measure(t.Context(), func(context.Context) (workload.Seen, error) { return workload.Seen{}, broken }, 3)
	require.ErrorIs(t, err, broken, "Measure of what fails")
	items := 0
	_, err = workload.Measure(t.Context(), func(context.Context) (workload.Seen, error) {
		items++
		return workload.Seen{Items: items}, nil
	}, 3)
	require.Error(t, err, "Measure of what sees something else each time")
}
