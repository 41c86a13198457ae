package workload

import (
	"context"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/benchmarks/internal/cloud"
)

// parallelPages is how many pages W5 has on the way at a time.
const parallelPages = 8

// streams returns the workloads of what streams, and of pages that are fetched in
// parallel or not ahead.
func streams() []Workload {
	return []Workload{
		exportToWorkload(exportTo),
		exportToGzipWorkload(exportTo),
		walkWorkload(walkResources),
		parallelWorkload(listUpdates(pulumiapi.UpdateListOptions{PageSize: cloud.UpdatesPage, Parallel: parallelPages})),
		noPrefetchWorkload(listUpdates(pulumiapi.UpdateListOptions{PageSize: cloud.UpdatesPage, NoPrefetch: true})),
	}
}

func exportTo(ctx context.Context, c *pulumiapi.Client) (seen Seen, err error) {
	var written countingWriter
	_, err = c.Stacks.ExportTo(ctx, stackID, &written)
	seen.item(int64(written))
	return seen, err
}

func walkResources(ctx context.Context, c *pulumiapi.Client) (seen Seen, err error) {
	for resource, err := range c.Stacks.ExportResources(ctx, stackID) {
		if err != nil {
			return seen, err
		}
		seen.item(resource.Created.Unix(), resource.URN, resource.ID, resource.Parent)
	}
	return seen, nil
}
