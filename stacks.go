package pulumiapi

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"slices"
)

// StacksService manages stacks: their tags, configuration, state and resources,
// and who may do what with them.
type StacksService struct {
	client *Client
}

// Stack is one stack, as [StacksService.Get] returns it.
type Stack struct {
	// ID is the stack's logical identifier in the service.
	ID          string `json:"id"`
	OrgName     string `json:"orgName"`
	ProjectName string `json:"projectName"`
	StackName   string `json:"stackName"`
	// CurrentOperation is what is running on the stack; nil while nothing is.
	CurrentOperation *StackOperation `json:"currentOperation"`
	// ActiveUpdate is the ID of the newest update, whether it runs or has ended.
	ActiveUpdate string `json:"activeUpdate"`
	// Tags are the stack's tags, those that Pulumi sets itself among them.
	Tags map[string]string `json:"tags"`
	// Config says where the service keeps the stack's configuration; nil if it
	// is in a file of the project.
	Config *StackConfig `json:"config"`
	// Version counts the stack's updates.
	Version int `json:"version"`
}

// Identifier returns the stack's name in full.
func (s *Stack) Identifier() StackIdentifier {
	return StackIdentifier{Org: s.OrgName, Project: s.ProjectName, Stack: s.StackName}
}

// StackOperation is an operation that is running on a stack.
type StackOperation struct {
	// Kind is what is running.
	Kind UpdateKind `json:"kind"`
	// Author is the login of the user who started it.
	Author string `json:"author"`
	// Started is when it began.
	Started Timestamp `json:"started"`
}

// StackSummary is one stack in a list.
type StackSummary struct {
	// ID is the stack's logical identifier in the service.
	ID          string `json:"id"`
	OrgName     string `json:"orgName"`
	ProjectName string `json:"projectName"`
	StackName   string `json:"stackName"`
	// LastUpdate is when the last update began; zero if there was none.
	LastUpdate Timestamp `json:"lastUpdate"`
	// ResourceCount is how many resources the stack has.
	ResourceCount int `json:"resourceCount"`
	// Tags are the stack's tags, where the server sends them. Self-hosted
	// installations do. Pulumi Cloud does not: use [StacksService.Get].
	Tags map[string]string `json:"tags"`
	// Links lead to the stack elsewhere.
	Links StackLinks `json:"links"`
}

// Identifier returns the stack's name in full.
func (s *StackSummary) Identifier() StackIdentifier {
	return StackIdentifier{Org: s.OrgName, Project: s.ProjectName, Stack: s.StackName}
}

// StackLinks are links to a stack.
type StackLinks struct {
	// Self is the stack's page in the Pulumi Cloud console.
	Self string `json:"self"`
}

// StackListOptions narrow a list of stacks down.
type StackListOptions struct {
	// Organization leaves only the stacks of one organization.
	Organization string `url:"organization,omitempty"`
	// Project leaves only the stacks of projects of that name.
	Project string `url:"project,omitempty"`
	// TagName leaves only the stacks that have the tag, and TagValue, which
	// needs TagName, only those on which it has that value.
	TagName  string `url:"tagName,omitempty"`
	TagValue string `url:"tagValue,omitempty"`
	// RoleID leaves only the stacks that are reached through a custom role.
	RoleID string `url:"roleID,omitempty"`
	// PageSize is how many stacks an answer holds at most; the service's
	// default if zero.
	PageSize int `url:"-"`
	// Cursor is where to begin: a [Page.Next] of this list.
	Cursor Cursor `url:"-"`
	// NoPrefetch fetches a page only when the loop gets there, never ahead.
	NoPrefetch bool `url:"-"`
}

func (o *StackListOptions) walkOptions() walkOptions {
	return walkOptions{cursor: &o.Cursor, noPrefetch: o.NoPrefetch}
}

func (o *StackListOptions) check() error {
	if o.TagValue != "" && o.TagName == "" {
		return newArgumentError("opts.TagValue", o.TagValue, "needs opts.TagName")
	}
	return nil
}

var stackListEndpoint = Endpoint{Method: http.MethodGet, Template: "/api/user/stacks"}

// List walks the stacks that the token's user can see, over all pages. The
// sequence yields a nil stack with the first error, and ends: an [*APIError], a
// [*CallError] or, for options that can't be right, an [*ArgumentError].
//
// Pulumi Cloud: GET /api/user/stacks
func (s *StacksService) List(ctx context.Context, opts *StackListOptions) iter.Seq2[*StackSummary, error] {
	return walk(ctx, opts, s.ListPage)
}

// ListPage returns one page of what [StacksService.List] walks: the first, or
// the one at the Cursor of opts. Its Total is 0: the service does not count.
//
// Pulumi Cloud: GET /api/user/stacks
func (s *StacksService) ListPage(ctx context.Context, opts *StackListOptions) (*Page[StackSummary], error) {
	o := optionsOf(opts)
	if err := o.check(); err != nil {
		return nil, err
	}
	type answer struct {
		Stacks            []StackSummary `json:"stacks"`
		ContinuationToken string         `json:"continuationToken"`
	}
	return fetchTokenPage(ctx, s.client, call{endpoint: stackListEndpoint},
		paging{cursor: o.Cursor, size: o.PageSize, tokenName: "continuationToken", sizeName: "maxResults"}, opts,
		func(a *answer) (*[]StackSummary, *string) { return &a.Stacks, &a.ContinuationToken })
}

var stackGetEndpoint = Endpoint{
	Method: http.MethodGet, Template: "/api/stacks/{orgName}/{projectName}/{stackName}",
}

// Get returns one stack with its tags and, while one runs, its current
// operation. A stack that does not exist, or that the token's user may not
// see, is an [*APIError] that is [ErrNotFound].
//
// Pulumi Cloud: GET /api/stacks/{orgName}/{projectName}/{stackName}
func (s *StacksService) Get(ctx context.Context, id StackIdentifier) (*Stack, error) {
	return fetch[Stack](ctx, s.client, call{endpoint: stackGetEndpoint, args: id.pathArgs()})
}

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
