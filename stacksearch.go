package pulumiapi

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"slices"
)

// StackSearchOptions choose among an organization's stacks, and how the rows of
// the result are made.
type StackSearchOptions struct {
	// Filter leaves only some stacks.
	Filter GridFilter
	// Sort orders the rows: by the first column, and where that is equal by the
	// next.
	Sort []GridSort
	// GroupBy are the columns to group by: by the first one, within its groups by
	// the second, and so on. Without any, a row is a stack.
	GroupBy []GridColumn
	// GroupKeys lead to the rows within a group: the first key is a value of the
	// first column of GroupBy. With as many keys as columns, the rows are stacks.
	GroupKeys []string
	// Values are the columns of which groups tell a value.
	Values []GridColumn
	// PageSize is how many rows an answer holds at most: 100 if zero.
	PageSize int
	// Cursor is where to begin: a [Page.Next] of this list.
	Cursor Cursor
	// NoPrefetch fetches a page only when the loop gets there, never ahead.
	NoPrefetch bool
	// Parallel is how many pages ListSearchResults fetches at a time once the first has told
	// the list's length: at most 16, one if zero. NoPrefetch goes before it, and
	// ListSearchResultsPage takes no notice.
	Parallel int
}

func (o *StackSearchOptions) walkOptions() walkOptions {
	return walkOptions{cursor: &o.Cursor, noPrefetch: o.NoPrefetch, parallel: o.Parallel}
}

// Nothing is changed by it.
var stackListSearchResultsEndpoint = Endpoint{
	Method: http.MethodPost, Template: "/api/console/orgs/{orgName}/stacks/search", Read: true,
}

// ListSearchResults walks what a search among the stacks of an organization finds,
// over all pages: those that Pulumi manages, and those that Insights has
// discovered. A row is a JSON object, whose members the service describes nowhere.
// The sequence yields a nil row with the first error, and ends.
//
// Pulumi Cloud: POST /api/console/orgs/{orgName}/stacks/search
func (s *StacksService) ListSearchResults(ctx context.Context, org string, opts *StackSearchOptions) iter.Seq2[*json.RawMessage, error] {
	o := optionsOf(opts)
	o.Sort, o.GroupBy = slices.Clone(o.Sort), slices.Clone(o.GroupBy)
	o.GroupKeys, o.Values = slices.Clone(o.GroupKeys), slices.Clone(o.Values)
	return walk(ctx, &o, func(ctx context.Context, o *StackSearchOptions) (*Page[json.RawMessage], error) {
		return s.ListSearchResultsPage(ctx, org, o)
	})
}

// ListSearchResultsPage returns one page of what
// [StacksService.ListSearchResults] walks: the first, or the one at the Cursor of
// opts. Its Total is how many rows there are, where the service says so.
//
// Pulumi Cloud: POST /api/console/orgs/{orgName}/stacks/search
func (s *StacksService) ListSearchResultsPage(ctx context.Context, org string, opts *StackSearchOptions) (*Page[json.RawMessage], error) {
	o := optionsOf(opts)
	if len(o.GroupKeys) > len(o.GroupBy) {
		return nil, &ArgumentError{Name: "opts.GroupKeys", Reason: "has more keys than opts.GroupBy has columns"}
	}
	kind := rowCursor
	if len(o.GroupKeys) < len(o.GroupBy) {
		kind = groupCursor
	}
	answer, p, err := fetchRows[struct {
		RowData  []json.RawMessage `json:"rowData"`
		RowCount int               `json:"rowCount"`
	}](ctx, s.client, call{endpoint: stackListSearchResultsEndpoint, args: orgArgs(org)}, gridRows{
		kind: kind, cursor: o.Cursor, size: o.PageSize, filter: o.Filter, sort: o.Sort,
		groupBy: o.GroupBy, groupKeys: o.GroupKeys, values: o.Values,
	})
	if err != nil {
		return nil, err
	}
	return rowPage(p, answer.RowData, answer.RowCount), nil
}
