package pulumiapi

import (
	"context"
	"encoding/json"
	"io"
	"iter"
	"net/http"
	"net/url"
	"slices"
)

// PolicyIssuesService reads and triages policy issues: what policies have found
// in stacks and Insights accounts.
type PolicyIssuesService struct {
	client *Client
}

// PolicyIssue is something that a policy has found.
type PolicyIssue struct {
	ID string `json:"id"`
	// EntityType, EntityProject and EntityID say where: a stack by its project
	// and name, or an Insights account by its parent and name.
	EntityType    PolicyEntityType `json:"entityType"`
	EntityProject string           `json:"entityProject"`
	EntityID      string           `json:"entityId"`
	// StackVersion or ResourceVersion is the version in which it was found.
	StackVersion    int `json:"stackVersion"`
	ResourceVersion int `json:"resourceVersion"`
	// PolicyPack, PolicyPackTag and PolicyName say by which policy.
	PolicyPack    string `json:"policyPack"`
	PolicyPackTag string `json:"policyPackTag"`
	PolicyName    string `json:"policyName"`
	// ResourceURN and what follows say in which resource.
	ResourceURN      string `json:"resourceURN"`
	ResourceProvider string `json:"resourceProvider"`
	ResourceType     string `json:"resourceType"`
	ResourceName     string `json:"resourceName"`
	Message          string `json:"message"`
	// ObservedAt is when it was found first, LastModified when the issue was
	// changed last.
	ObservedAt   Timestamp `json:"observedAt"`
	LastModified Timestamp `json:"lastModified"`
	// Level is what the policy leads to.
	Level    PolicyEnforcementLevel `json:"level"`
	Severity PolicySeverity         `json:"severity"`
	Status   PolicyIssueStatus      `json:"status"`
	Kind     PolicyKind             `json:"kind"`
	Priority PolicyIssuePriority    `json:"priority"`
	// AssignedTo is the user who is to look after it; nil if nobody is.
	AssignedTo *UserInfo `json:"assignedTo"`
	// PolicyGroupName and PolicyGroupType are the policy group's, if there is one.
	PolicyGroupName string          `json:"policyGroupName"`
	PolicyGroupType PolicyGroupType `json:"policyGroupType"`
}

// PolicyEntityType is what an issue was found in.
type PolicyEntityType string

// What issues are found in.
const (
	PolicyEntityTypeStack           PolicyEntityType = "stack"
	PolicyEntityTypeInsightsAccount PolicyEntityType = "insights-account"
)

// PolicyIssueStatus is what has become of an issue.
type PolicyIssueStatus string

// The states of issues. By hand an issue can be made open, in progress or
// ignored; the others are the service's to find.
const (
	PolicyIssueStatusOpen       PolicyIssueStatus = "open"
	PolicyIssueStatusInProgress PolicyIssueStatus = "in_progress"
	PolicyIssueStatusByDesign   PolicyIssueStatus = "by_design"
	PolicyIssueStatusFixed      PolicyIssueStatus = "fixed"
	PolicyIssueStatusIgnored    PolicyIssueStatus = "ignored"
)

// PolicyIssuePriority is how urgent an issue is: p0 the most.
type PolicyIssuePriority string

// The priorities of issues.
const (
	PolicyIssuePriorityP0 PolicyIssuePriority = "p0"
	PolicyIssuePriorityP1 PolicyIssuePriority = "p1"
	PolicyIssuePriorityP2 PolicyIssuePriority = "p2"
	PolicyIssuePriorityP3 PolicyIssuePriority = "p3"
	PolicyIssuePriorityP4 PolicyIssuePriority = "p4"
)

// PolicyKind is when a policy looks.
type PolicyKind string

// When policies look.
const (
	// PolicyKindAudit looks at what is there.
	PolicyKindAudit PolicyKind = "audit"
	// PolicyKindPreventative looks at what an update is about to do.
	PolicyKindPreventative PolicyKind = "preventative"
)

// PolicyGroupType is what a policy group applies to.
type PolicyGroupType string

// The types of policy groups.
const (
	PolicyGroupTypeAudit        PolicyGroupType = "audit"
	PolicyGroupTypePreventative PolicyGroupType = "preventative"
	PolicyGroupTypeAccounts     PolicyGroupType = "accounts"
)

// PolicyIssueListOptions choose among an organization's policy issues.
type PolicyIssueListOptions struct {
	// Closed lists the issues that are closed, instead of those that are not.
	Closed bool
	// Filter narrows the list down; see [FilterAnd].
	Filter GridFilter
	// Sort orders the list: by its first element, then by the second, and so on.
	Sort []GridSort
	// PageSize is how many issues an answer holds at most: 100 if zero.
	PageSize int
	// Cursor is where to begin: a [Page.Next] of this list.
	Cursor Cursor
	// NoPrefetch fetches a page only when the loop gets there, never ahead.
	NoPrefetch bool
	// Parallel is how many pages List fetches at a time once the first has told
	// the list's length: at most 16, one if zero. NoPrefetch goes before it, and
	// ListPage takes no notice.
	Parallel int
}

func (o *PolicyIssueListOptions) walkOptions() walkOptions {
	return walkOptions{cursor: &o.Cursor, noPrefetch: o.NoPrefetch, parallel: o.Parallel}
}

var policyIssueListEndpoint = Endpoint{
	Method: http.MethodPost, Template: "/api/orgs/{orgName}/policyresults/issues", Read: true,
}

// List walks the policy issues of an organization, over all pages. The sequence
// yields a nil issue with the first error, and ends.
//
// Pulumi Cloud: POST /api/orgs/{orgName}/policyresults/issues
func (s *PolicyIssuesService) List(ctx context.Context, org string, opts *PolicyIssueListOptions) iter.Seq2[*PolicyIssue, error] {
	o := optionsOf(opts)
	o.Sort = slices.Clone(o.Sort)
	return walk(ctx, &o, func(ctx context.Context, o *PolicyIssueListOptions) (*Page[PolicyIssue], error) {
		return s.ListPage(ctx, org, o)
	})
}

// ListPage returns one page of what [PolicyIssuesService.List] walks: the first,
// or the one at the Cursor of opts. Its Total is how many issues there are,
// where the service says so.
//
// Pulumi Cloud: POST /api/orgs/{orgName}/policyresults/issues
func (s *PolicyIssuesService) ListPage(ctx context.Context, org string, opts *PolicyIssueListOptions) (*Page[PolicyIssue], error) {
	o := optionsOf(opts)
	answer, p, err := s.fetchRows(ctx, org, o.Closed, gridRows{
		kind: rowCursor, cursor: o.Cursor, size: o.PageSize, filter: o.Filter, sort: o.Sort,
	})
	if err != nil {
		return nil, err
	}
	return rowPage(p, answer.PolicyIssues, answer.RowCount), nil
}

// PolicyIssueGroupOptions choose how policy issues are grouped.
type PolicyIssueGroupOptions struct {
	// GroupBy are the columns to group by: by the first one, within its groups
	// by the second, and so on.
	GroupBy []GridColumn
	// GroupKeys lead to the groups within a group: the first key is a value of
	// the first column, and so on. Without any, the groups of the first column
	// are listed.
	GroupKeys []string
	// Values are the columns of which each group tells a value.
	Values []GridColumn
	// Closed groups the issues that are closed, instead of those that are not.
	Closed bool
	// Filter narrows the issues down; see [FilterAnd].
	Filter GridFilter
	// Sort orders the groups.
	Sort []GridSort
	// PageSize is how many groups an answer holds at most: 100 if zero.
	PageSize int
	// Cursor is where to begin: a [Page.Next] of this list.
	Cursor Cursor
	// NoPrefetch fetches a page only when the loop gets there, never ahead.
	NoPrefetch bool
	// Parallel is how many pages ListGroups fetches at a time once the first has told
	// the list's length: at most 16, one if zero. NoPrefetch goes before it, and
	// ListGroupsPage takes no notice.
	Parallel int
}

func (o *PolicyIssueGroupOptions) walkOptions() walkOptions {
	return walkOptions{cursor: &o.Cursor, noPrefetch: o.NoPrefetch, parallel: o.Parallel}
}

// ListGroups walks groups of an organization's policy issues, over all pages.
// A group is a row of the service's grid, as a JSON object. The sequence yields
// a nil group with the first error, and ends.
//
// Pulumi Cloud: POST /api/orgs/{orgName}/policyresults/issues
func (s *PolicyIssuesService) ListGroups(ctx context.Context, org string, opts *PolicyIssueGroupOptions) iter.Seq2[*json.RawMessage, error] {
	o := optionsOf(opts)
	o.GroupBy, o.GroupKeys, o.Values = slices.Clone(o.GroupBy), slices.Clone(o.GroupKeys), slices.Clone(o.Values)
	o.Sort = slices.Clone(o.Sort)
	return walk(ctx, &o, func(ctx context.Context, o *PolicyIssueGroupOptions) (*Page[json.RawMessage], error) {
		return s.ListGroupsPage(ctx, org, o)
	})
}

// ListGroupsPage returns one page of what [PolicyIssuesService.ListGroups]
// walks: the first, or the one at the Cursor of opts. Its Total is how many
// groups there are, where the service says so.
//
// Pulumi Cloud: POST /api/orgs/{orgName}/policyresults/issues
func (s *PolicyIssuesService) ListGroupsPage(ctx context.Context, org string, opts *PolicyIssueGroupOptions) (*Page[json.RawMessage], error) {
	o := optionsOf(opts)
	if len(o.GroupBy) == 0 {
		return nil, &ArgumentError{Name: "opts.GroupBy", Reason: "is empty"}
	}
	if len(o.GroupKeys) >= len(o.GroupBy) {
		return nil, &ArgumentError{Name: "opts.GroupKeys", Reason: "leads to the issues themselves: use List with a filter"}
	}
	answer, p, err := s.fetchRows(ctx, org, o.Closed, gridRows{
		kind: groupCursor, cursor: o.Cursor, size: o.PageSize, filter: o.Filter, sort: o.Sort,
		groupBy: o.GroupBy, groupKeys: o.GroupKeys, values: o.Values,
	})
	if err != nil {
		return nil, err
	}
	return rowPage(p, answer.GroupData, answer.RowCount), nil
}

// policyIssueRows is an answer with rows of the grid.
type policyIssueRows struct {
	PolicyIssues []PolicyIssue     `json:"policyIssues"`
	GroupData    []json.RawMessage `json:"groupData"`
	RowCount     int               `json:"rowCount"`
}

func (s *PolicyIssuesService) fetchRows(ctx context.Context, org string, closed bool, rows gridRows) (*policyIssueRows, position, error) {
	query, err := closedQuery(closed)
	if err != nil {
		return nil, position{}, err
	}
	return fetchRows[policyIssueRows](ctx, s.client, call{endpoint: policyIssueListEndpoint, args: orgArgs(org), query: query}, rows)
}

// closedQuery asks for the issues that are closed, or for those that are not.
func closedQuery(closed bool) (url.Values, error) {
	return encodeQuery(struct {
		Closed bool `url:"closed,omitempty"`
	}{closed})
}

// PolicyIssueDetail is a policy issue with what is known of its policy.
type PolicyIssueDetail struct {
	PolicyIssue PolicyIssue `json:"policyIssue"`
	// Policy and PolicyPack are nil if the service has them no more, or if the
	// operation doesn't tell them.
	Policy     *Policy             `json:"policy"`
	PolicyPack *RegistryPolicyPack `json:"policyPack"`
}

// Policy is a policy in a policy pack.
type Policy struct {
	// Name names the policy in its pack, DisplayName is what is shown.
	Name        string `json:"name"`
	DisplayName string `json:"displayName"`
	Description string `json:"description"`
	// EnforcementLevel is what a violation leads to.
	EnforcementLevel PolicyEnforcementLevel `json:"enforcementLevel"`
	// Message is shown to who violates it.
	Message string `json:"message"`
	// ConfigSchema says how the policy can be configured; nil if it can't be.
	ConfigSchema *PolicyConfigSchema `json:"configSchema"`
	Severity     PolicySeverity      `json:"severity"`
	// Framework is the compliance framework that the policy is a part of; nil
	// if it is part of none.
	Framework *PolicyComplianceFramework `json:"framework"`
	Tags      []string                   `json:"tags"`
	// RemediationSteps says what to do about a violation.
	RemediationSteps string `json:"remediationSteps"`
	// URL leads to more about the policy.
	URL string `json:"url"`
}

// PolicyConfigSchema says how a policy can be configured.
type PolicyConfigSchema struct {
	// Properties are JSON schemas, by the names of the settings.
	Properties map[string]json.RawMessage `json:"properties"`
	// Required are the names of the settings that there must be.
	Required []string `json:"required"`
	// Type is "object".
	Type string `json:"type"`
}

// PolicyComplianceFramework is a compliance framework.
type PolicyComplianceFramework struct {
	Name          string `json:"name"`
	Version       string `json:"version"`
	Reference     string `json:"reference"`
	Specification string `json:"specification"`
}

// RegistryPolicyPack is a policy pack as the registry has it.
type RegistryPolicyPack struct {
	ID string `json:"id"`
	// Source is where the pack is kept: "private".
	Source string `json:"source"`
	// Publisher is who has published it.
	Publisher string `json:"publisher"`
	// Name names the pack among its publisher's, DisplayName is what is shown.
	Name        string `json:"name"`
	Version     string `json:"version"`
	DisplayName string `json:"displayName"`
	// AccessLevel is what the token's user may do with the pack.
	AccessLevel RegistryAccessLevel `json:"accessLevel"`
	// EnforcementLevels are those that the token's user may choose.
	EnforcementLevels []PolicyEnforcementLevel `json:"enforcementLevels"`
}

// RegistryAccessLevel is what somebody may do with a thing in the registry.
type RegistryAccessLevel string

// The access levels.
const (
	RegistryAccessLevelFull     RegistryAccessLevel = "full"
	RegistryAccessLevelViewOnly RegistryAccessLevel = "view-only"
	RegistryAccessLevelDeny     RegistryAccessLevel = "deny"
)

var policyIssueGetEndpoint = Endpoint{Method: http.MethodGet, Template: "/api/orgs/{orgName}/policyresults/issues/{issueId}"}

// Get returns a policy issue with its policy and the policy's pack.
//
// Pulumi Cloud: GET /api/orgs/{orgName}/policyresults/issues/{issueId}
func (s *PolicyIssuesService) Get(ctx context.Context, org, issueID string) (*PolicyIssueDetail, error) {
	return fetch[PolicyIssueDetail](ctx, s.client, call{endpoint: policyIssueGetEndpoint, args: orgArgs(org, pathArg{"issueID", issueID})})
}

// PolicyIssueUpdateRequest changes a policy issue. What is nil or zero stays as
// it is.
type PolicyIssueUpdateRequest struct {
	Status   *PolicyIssueStatus   `json:"status,omitzero"`
	Priority *PolicyIssuePriority `json:"priority,omitzero"`
	// AssignedTo is the login of the user who is to look after it: [NullableOf]
	// assigns it, and [Null] takes it away from whoever has it.
	AssignedTo Nullable[string] `json:"assignedTo,omitzero"`
}

// policyIssueUpdateEndpoint is idempotent: it sets fields to values.
var policyIssueUpdateEndpoint = Endpoint{Method: http.MethodPatch, Template: "/api/orgs/{orgName}/policyresults/issues/{issueId}", Idempotent: true}

// Update changes a policy issue and returns it. A status that can't be set by
// hand is an [*APIError] of status 400.
//
// Pulumi Cloud: PATCH /api/orgs/{orgName}/policyresults/issues/{issueId}
func (s *PolicyIssuesService) Update(ctx context.Context, org, issueID string, req PolicyIssueUpdateRequest) (*PolicyIssueDetail, error) {
	if req.Status == nil && req.Priority == nil && req.AssignedTo.IsZero() {
		return nil, &ArgumentError{Name: "req", Reason: "changes nothing"}
	}
	return fetchWithBody[PolicyIssueDetail](ctx, s.client,
		call{endpoint: policyIssueUpdateEndpoint, args: orgArgs(org, pathArg{"issueID", issueID})}, "req", req)
}

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
