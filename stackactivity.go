package pulumiapi

import (
	"context"
	"iter"
	"net/http"
)

// StackActivity is something that was done with a stack: a deployment, or an
// update that none made.
type StackActivity struct {
	// Deployment is nil if the activity is an update, and Update if it is a
	// deployment.
	Deployment *DeploymentWithUpdates `json:"deployment"`
	Update     *Update                `json:"update"`
}

// DeploymentWithUpdates is a deployment with the updates that it has made.
type DeploymentWithUpdates struct {
	Deployment

	Updates []Update `json:"updates"`
}

// StackActivityListOptions choose a part of a stack's activity.
type StackActivityListOptions struct {
	// PageSize is how many activities an answer holds at most: 100 if zero.
	PageSize int `url:"-"`
	// Cursor is where to begin: a [Page.Next] of this list.
	Cursor Cursor `url:"-"`
	// NoPrefetch fetches a page only when the loop gets there, never ahead.
	NoPrefetch bool `url:"-"`
	// Parallel is how many pages ListActivity fetches at a time once the first has told
	// the list's length: at most 16, one if zero. NoPrefetch goes before it, and
	// ListActivityPage takes no notice.
	Parallel int `url:"-"`
}

func (o *StackActivityListOptions) walkOptions() walkOptions {
	return walkOptions{cursor: &o.Cursor, noPrefetch: o.NoPrefetch, parallel: o.Parallel}
}

var stackListActivityEndpoint = Endpoint{
	Method: http.MethodGet, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/activity",
}

// ListActivity walks what was done with a stack, newest first, over all pages:
// updates, previews and deployments. The sequence yields a nil activity with the
// first error, and ends.
//
// Pulumi Cloud: GET /api/stacks/{orgName}/{projectName}/{stackName}/activity
func (s *StacksService) ListActivity(ctx context.Context, id StackIdentifier, opts *StackActivityListOptions) iter.Seq2[*StackActivity, error] {
	return walk(ctx, opts, func(ctx context.Context, o *StackActivityListOptions) (*Page[StackActivity], error) {
		return s.ListActivityPage(ctx, id, o)
	})
}

// ListActivityPage returns one page of what [StacksService.ListActivity] walks:
// the first, or the one at the Cursor of opts.
//
// Pulumi Cloud: GET /api/stacks/{orgName}/{projectName}/{stackName}/activity
func (s *StacksService) ListActivityPage(ctx context.Context, id StackIdentifier, opts *StackActivityListOptions) (*Page[StackActivity], error) {
	o := optionsOf(opts)
	type answer struct {
		Activity     []StackActivity `json:"activity"`
		ItemsPerPage int             `json:"itemsPerPage"`
		Total        int             `json:"total"`
	}
	return fetchNumberedPage(ctx, s.client, call{endpoint: stackListActivityEndpoint, args: id.pathArgs()}, o.Cursor, o.PageSize, o,
		func(a *answer) ([]StackActivity, int, int) { return a.Activity, a.Total, a.ItemsPerPage })
}
