package pulumiapi

import (
	"context"
	"io"
	"net/http"
)

// PolicyIssueExportOptions choose which policy issues to export.
type PolicyIssueExportOptions struct {
	// Closed exports the issues that are closed, instead of those that are not.
	Closed bool
	// Filter narrows the export down; see [FilterAnd].
	Filter GridFilter
	// Sort orders the lines: by its first element, then by the second, and so on.
	Sort []GridSort
}

var policyIssueExportEndpoint = Endpoint{
	Method: http.MethodPost, Template: "/api/orgs/{orgName}/policyresults/issues/export", Read: true,
}

// Export returns an organization's policy issues as CSV, with which columns is the
// service's choice. The text is read while it arrives: the caller closes it, and keeps
// the context alive until then. A stream that is cut off ends with a [*CallError]
// instead of [io.EOF].
//
// Pulumi Cloud: POST /api/orgs/{orgName}/policyresults/issues/export
func (s *PolicyIssuesService) Export(ctx context.Context, org string, opts *PolicyIssueExportOptions) (io.ReadCloser, error) {
	o := optionsOf(opts)
	r := call{endpoint: policyIssueExportEndpoint, args: orgArgs(org)}
	var err error
	if r.query, err = closedQuery(o.Closed); err != nil {
		return nil, err
	}
	rows, err := gridRows{filter: o.Filter, sort: o.Sort}.selection()
	if err != nil {
		return nil, err
	}
	if r.body, err = jsonBody("opts", rows); err != nil {
		return nil, err
	}
	return openText(ctx, s.client, r)
}

// PolicyIssueFilterValue is a value of a column that policy issues have.
type PolicyIssueFilterValue struct {
	// Name is the value, and Count how many issues have it.
	Name  string `json:"name"`
	Count int    `json:"count"`
}

// PolicyIssueFilterOptions choose the policy issues whose values are wanted.
type PolicyIssueFilterOptions struct {
	// Closed looks at the issues that are closed, instead of those that are not.
	Closed bool
	// Filter narrows the issues down; see [FilterAnd].
	Filter GridFilter
}

var policyIssueListFilterValuesEndpoint = Endpoint{
	Method: http.MethodPost, Template: "/api/orgs/{orgName}/policyresults/issues/filters", Read: true,
}

// ListFilterValues returns the values that an organization's policy issues have in a
// column: what [FilterEquals] can compare it with. Columns are called as the issues'
// members are in JSON ("policyName").
//
// Pulumi Cloud: POST /api/orgs/{orgName}/policyresults/issues/filters
func (s *PolicyIssuesService) ListFilterValues(ctx context.Context, org, column string, opts *PolicyIssueFilterOptions) ([]PolicyIssueFilterValue, error) {
	if err := checkNotEmpty("column", column); err != nil {
		return nil, err
	}
	o := optionsOf(opts)
	model, err := o.Filter.model()
	if err != nil {
		return nil, err
	}
	r := call{endpoint: policyIssueListFilterValuesEndpoint, args: orgArgs(org)}
	if r.query, err = closedQuery(o.Closed); err != nil {
		return nil, err
	}
	answer, err := fetchWithBody[struct {
		Values []PolicyIssueFilterValue `json:"values"`
	}](ctx, s.client, r, "column", struct {
		Field       string   `json:"field"`
		FilterModel gridJoin `json:"filterModel"`
	}{column, model})
	if err != nil {
		return nil, err
	}
	return answer.Values, nil
}
