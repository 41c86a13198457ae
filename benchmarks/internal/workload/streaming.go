package workload

import (
	"context"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/benchmarks/internal/cloud"
	"github.com/pulumiapi/pulumiapi/benchmarks/internal/raw"
)

type packageJob = func(context.Context, *pulumiapi.Client) (Seen, error)

func exportToWorkload(job packageJob) Workload {
	return Workload{
		Name: "W3ExportTo", Job: "export 50 MB of state to a writer",
		Load: cloud.Load{StateBytes: 50 * megabyte}, Short: cloud.Load{StateBytes: 500 * kilobyte},
		Times: 10,
		Goals: []Goal{AtMost(Time, 1.15), NoMoreThan(PeakHeap, megabyte)},
		Raw:   rawExportTo, Package: job,
	}
}

func exportToGzipWorkload(job packageJob) Workload {
	return Workload{
		Name: "W3ExportToGzip", Job: "the same, from gzip",
		Load:  cloud.Load{StateBytes: 50 * megabyte, Gzip: true},
		Short: cloud.Load{StateBytes: 500 * kilobyte, Gzip: true},
		Times: 4,
		Goals: []Goal{AtMost(Time, 0.75), NoMoreThan(PeakHeap, megabyte)},
		Raw:   rawExportTo, Package: job,
	}
}

func walkWorkload(job packageJob) Workload {
	return Workload{
		Name: "W3ExportResources", Job: "walk the resources of 500 MB of state",
		Load: cloud.Load{StateBytes: 500 * megabyte}, Short: cloud.Load{StateBytes: 2 * megabyte},
		Times: 1,
		Goals: []Goal{NoLessThan(Rate, 100*megabyte), NoMoreThan(PeakHeap, 16*megabyte)},
		Raw:   rawWalkResources, Package: job,
	}
}

func parallelWorkload(job packageJob) Workload {
	return Workload{
		Name: "W5ListUpdatesInParallel", Job: "list 5,000 updates, the same, with parallel pages",
		Load: cloud.Load{Items: 5000, Latency: latency}, Short: cloud.Load{Items: 500, Latency: latency},
		Times: 1,
		Goals: []Goal{AtMost(Time, 0.16)},
		Raw:   rawListUpdates, Package: job,
	}
}

func noPrefetchWorkload(job packageJob) Workload {
	return Workload{
		Name: "W5ListUpdatesNoPrefetch", Job: "list 5,000 updates, the same, no page ahead",
		Load: cloud.Load{Items: 5000, Latency: latency}, Short: cloud.Load{Items: 500, Latency: latency},
		Times: 1,
		Raw:   rawListUpdates, Package: job,
	}
}

// countingWriter counts what is written to it, and does nothing else. io.Discard
// would choose the size of the pieces.
type countingWriter int64

func (w *countingWriter) Write(p []byte) (int, error) {
	*w += countingWriter(len(p))
	return len(p), nil
}

func rawExportTo(ctx context.Context, c *raw.Client) (seen Seen, err error) {
	var written countingWriter
	_, err = c.ExportTo(ctx, stackPath, &written)
	seen.item(int64(written))
	return seen, err
}

func rawWalkResources(ctx context.Context, c *raw.Client) (seen Seen, err error) {
	err = c.ExportResources(ctx, stackPath, func(resource *raw.StateResource) {
		seen.item(resource.Created.Unix(), resource.URN, resource.ID, resource.Parent)
	})
	return seen, err
}
