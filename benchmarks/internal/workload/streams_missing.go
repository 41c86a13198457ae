//go:build !pending

package workload

import (
	"context"
	"net/http"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/benchmarks/internal/cloud"
)

// streams returns the workloads of what the package has no methods for yet, done
// with those that come nearest.
func streams() []Workload {
	inOrder := listUpdates(pulumiapi.UpdateListOptions{PageSize: cloud.UpdatesPage})
	return []Workload{
		exportToWorkload(exportTo),
		exportToGzipWorkload(exportTo),
		walkWorkload(walkResources),
		parallelWorkload(inOrder),
		noPrefetchWorkload(inOrder),
	}
}

func exportTo(ctx context.Context, c *pulumiapi.Client) (seen Seen, err error) {
	var written countingWriter
	_, err = c.Do(ctx, pulumiapi.Request{
		Endpoint: pulumiapi.Endpoint{Method: http.MethodGet, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/export"},
		Args:     []string{stackID.Org, stackID.Project, stackID.Stack},
	}, &written)
	seen.item(int64(written))
	return seen, err
}

func walkResources(ctx context.Context, c *pulumiapi.Client) (seen Seen, err error) {
	state, err := c.Stacks.Export(ctx, stackID)
	if err != nil {
		return seen, err
	}
	snapshot, err := state.Decode()
	if err != nil {
		return seen, err
	}
	for i := range snapshot.Resources {
		resource := &snapshot.Resources[i]
		seen.item(resource.Created.Unix(), resource.URN, resource.ID, resource.Parent)
	}
	return seen, nil
}
