package benchmarks

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/benchmarks/internal/cloud"
	"github.com/pulumiapi/pulumiapi/benchmarks/internal/workload"
)

func BenchmarkW1GetStack(b *testing.B)              { compare(b) }
func BenchmarkW2ListStacks(b *testing.B)            { compare(b) }
func BenchmarkW2ListStacksSlowly(b *testing.B)      { compare(b) }
func BenchmarkW3ExportTo(b *testing.B)              { compare(b) }
func BenchmarkW3ExportToGzip(b *testing.B)          { compare(b) }
func BenchmarkW3Export(b *testing.B)                { compare(b) }
func BenchmarkW3ExportResources(b *testing.B)       { compare(b) }
func BenchmarkW4ListEvents(b *testing.B)            { compare(b) }
func BenchmarkW4ListEventsKeptRaw(b *testing.B)     { compare(b) }
func BenchmarkW5ListUpdates(b *testing.B)           { compare(b) }
func BenchmarkW5ListUpdatesInParallel(b *testing.B) { compare(b) }
func BenchmarkW5ListUpdatesNoPrefetch(b *testing.B) { compare(b) }
func BenchmarkW6ListAuditLog(b *testing.B)          { compare(b) }
func BenchmarkW7CreateTag(b *testing.B)             { compare(b) }

// compare does the workload that the benchmark is named after in both ways.
func compare(b *testing.B) {
	b.Helper()
	w, err := workload.Find(b.Name()[len("Benchmark"):])
	require.NoError(b, err)
	url := startServer(b, w.Load)
	for _, way := range workload.Ways() {
		b.Run(way, func(b *testing.B) {
			job := start(b, w, way, url)
			b.ReportAllocs()
			if w.Load.StateBytes > 0 {
				b.SetBytes(w.Load.StateBytes)
			}
			for b.Loop() {
				_, err := job.Do(b.Context())
				require.NoError(b, err, "%s in the way %s", w.Name, way)
			}
		})
	}
}

// BenchmarkGrowth lists stacks. The time for a page, and the heap, stay the same
// however many pages there are.
func BenchmarkGrowth(b *testing.B) {
	w, err := workload.Find("W2ListStacks")
	require.NoError(b, err)
	for _, pages := range []int{1, 10, 100, 1000} {
		b.Run(fmt.Sprintf("pages=%d", pages), func(b *testing.B) {
			job := start(b, w, workload.Package, startServer(b, cloud.Load{Items: pages * cloud.StacksPage}))
			do := func() error {
				seen, err := job.Do(b.Context())
				if err == nil && seen.Items != pages*cloud.StacksPage {
					err = fmt.Errorf("%d stacks instead of %d pages of %d", seen.Items, pages, cloud.StacksPage)
				}
				return err
			}
			require.NoError(b, do(), "a list of %d pages", pages) // makes the connection
			for b.Loop() {
				require.NoError(b, do(), "a list of %d pages", pages)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*pages), "ns/page")
			// What is held counts here, and not what waits to be collected.
			defer debug.SetGCPercent(debug.SetGCPercent(5))
			peak, err := workload.PeakHeapOf(do)
			require.NoError(b, err, "a list of %d pages", pages)
			b.ReportMetric(float64(peak), "peak-heap-B")
		})
	}
}

// BenchmarkSharing gets a stack from goroutines that share a client, in both ways.
// The time for a call goes down until the cores are busy. Where it then goes up
// again, so must raw's: the lock is net/http's.
func BenchmarkSharing(b *testing.B) {
	w, err := workload.Find("W1GetStack")
	require.NoError(b, err)
	url := startServer(b, w.Load)
	for _, goroutines := range []int{1, 10, 100} {
		for _, way := range workload.Ways() {
			b.Run(fmt.Sprintf("goroutines=%d/%s", goroutines, way), func(b *testing.B) {
				job := start(b, w, way, url)
				b.ReportAllocs()
				require.NoError(b, share(b.Context(), job, goroutines, goroutines), "making the connections")
				b.ResetTimer()
				require.NoError(b, share(b.Context(), job, goroutines, b.N), "%d goroutines", goroutines)
			})
		}
	}
}

// share does the job some times in all, in that many goroutines. It returns the
// first error.
func share(ctx context.Context, job *workload.Doer, goroutines, times int) error {
	var (
		group sync.WaitGroup
		begun atomic.Int64
		first atomic.Pointer[error]
	)
	for range goroutines {
		group.Go(func() {
			for begun.Add(1) <= int64(times) {
				if _, err := job.Do(ctx); err != nil {
					first.CompareAndSwap(nil, &err)
					return
				}
			}
		})
	}
	group.Wait()
	if err := first.Load(); err != nil {
		return *err
	}
	return nil
}

// startServer returns the base URL of a server that runs until the end of the test.
func startServer(tb testing.TB, load cloud.Load) string {
	tb.Helper()
	server, err := cloud.Start()
	require.NoError(tb, err, "cloud.Start")
	tb.Cleanup(func() { require.NoError(tb, server.Close(), "Close") })
	url, err := server.URL(load)
	require.NoError(tb, err, "URL(%+v)", load)
	return url
}

func start(tb testing.TB, w *workload.Workload, way, url string) *workload.Doer {
	tb.Helper()
	job, err := w.Start(way, url)
	require.NoError(tb, err, "Start of %s in the way %s", w.Name, way)
	tb.Cleanup(job.Close)
	return job
}
