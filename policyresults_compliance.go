package pulumiapi

import (
	"context"
	"iter"
	"net/http"
	"slices"
)

// PolicyComplianceService tells how well an organization obeys its policies.
type PolicyComplianceService struct {
	client *Client
}

// PolicyResultsMetadata is how well an organization obeys its policies, in numbers.
type PolicyResultsMetadata struct {
	PolicyTotalCount         int `json:"policyTotalCount"`
	PolicyWithIssuesCount    int `json:"policyWithIssuesCount"`
	ResourcesTotalCount      int `json:"resourcesTotalCount"`
	ResourcesWithIssuesCount int `json:"resourcesWithIssuesCount"`
}

var policyComplianceGetMetadataEndpoint = Endpoint{Method: http.MethodGet, Template: "/api/orgs/{orgName}/policyresults/metadata"}

// GetMetadata returns how many policies an organization has, how many resources they
// look at, and how many of both have issues.
//
// Pulumi Cloud: GET /api/orgs/{orgName}/policyresults/metadata
func (s *PolicyComplianceService) GetMetadata(ctx context.Context, org string) (*PolicyResultsMetadata, error) {
	return fetch[PolicyResultsMetadata](ctx, s.client, call{endpoint: policyComplianceGetMetadataEndpoint, args: orgArgs(org)})
}

// PolicyComplianceEntity is what the results of policies are put together by.
type PolicyComplianceEntity string

// What results are put together by.
const (
	PolicyComplianceEntityStack    PolicyComplianceEntity = "stack"
	PolicyComplianceEntityAccount  PolicyComplianceEntity = "account"
	PolicyComplianceEntitySeverity PolicyComplianceEntity = "severity"
)

// PolicyComplianceResult is how well something obeys policy packs.
type PolicyComplianceResult struct {
	// EntityName is the name of a stack or an account, or a severity.
	EntityName string `json:"entityName"`
	// Columns are the names of the policy packs, and Scores how well each is obeyed,
	// in the same order: -1 for one that does not apply.
	Columns []string `json:"columns"`
	Scores  []int    `json:"scores"`
}

// PolicyComplianceListOptions choose how the results of policies are put together.
type PolicyComplianceListOptions struct {
	// Entity is what to put them together by: [PolicyComplianceEntityStack] if empty.
	Entity PolicyComplianceEntity
	// PageSize is how many results an answer holds at most; the service's default if
	// zero.
	PageSize int
	// Cursor is where to begin: a [Page.Next] of this list.
	Cursor Cursor
	// NoPrefetch fetches a page only when the loop gets there, never ahead.
	NoPrefetch bool
}

func (o *PolicyComplianceListOptions) walkOptions() walkOptions {
	return walkOptions{cursor: &o.Cursor, noPrefetch: o.NoPrefetch}
}

var policyComplianceListEndpoint = Endpoint{
	Method: http.MethodPost, Template: "/api/orgs/{orgName}/policyresults/compliance", Read: true,
}

// List walks how well the stacks of an organization, or what else Entity names, obey
// its policy packs, over all pages. The sequence yields a nil result with the first
// error, and ends.
//
// Pulumi Cloud: POST /api/orgs/{orgName}/policyresults/compliance
func (s *PolicyComplianceService) List(ctx context.Context, org string, opts *PolicyComplianceListOptions) iter.Seq2[*PolicyComplianceResult, error] {
	return walk(ctx, opts, func(ctx context.Context, o *PolicyComplianceListOptions) (*Page[PolicyComplianceResult], error) {
		return s.ListPage(ctx, org, o)
	})
}

// ListPage returns one page of what [PolicyComplianceService.List] walks: the first,
// or the one at the Cursor of opts.
//
// Pulumi Cloud: POST /api/orgs/{orgName}/policyresults/compliance
func (s *PolicyComplianceService) ListPage(ctx context.Context, org string, opts *PolicyComplianceListOptions) (*Page[PolicyComplianceResult], error) {
	o := optionsOf(opts)
	if o.Entity == "" {
		o.Entity = PolicyComplianceEntityStack
	}
	p, err := startOf(tokenCursor, policyComplianceListEndpoint, o.Cursor, o.PageSize, orgArgs(org)...)
	if err != nil {
		return nil, err
	}
	answer, err := fetchWithBody[struct {
		Columns           []string                 `json:"columns"`
		Rows              []PolicyComplianceResult `json:"rows"`
		ContinuationToken string                   `json:"continuationToken"`
	}](ctx, s.client, call{endpoint: policyComplianceListEndpoint, args: orgArgs(org)}, "opts", struct {
		Entity            PolicyComplianceEntity `json:"entity"`
		Size              int                    `json:"size,omitzero"`
		ContinuationToken string                 `json:"continuationToken,omitzero"`
	}{o.Entity, p.size, p.start})
	if err != nil {
		return nil, err
	}
	for i := range answer.Rows {
		answer.Rows[i].Columns = slices.Clone(answer.Columns) // each row is its receiver's own
	}
	return tokenPage(p, answer.Rows, answer.ContinuationToken)
}

// PolicyComplianceRow is how well a policy is obeyed.
type PolicyComplianceRow struct {
	// PolicyPack and PolicyName say which policy it is, PolicyGroupName and
	// PolicyGroupType for what it is in force.
	PolicyPack      string          `json:"policyPack"`
	PolicyName      string          `json:"policyName"`
	PolicyGroupName string          `json:"policyGroupName"`
	PolicyGroupType PolicyGroupType `json:"policyGroupType"`
	Severity        PolicySeverity  `json:"severity"`
	// GovernedResources are those that the policy looks at, FailingResources those of
	// them that it has found something in.
	GovernedResources int `json:"governedResources"`
	FailingResources  int `json:"failingResources"`
	// PercentCompliant is how many of a hundred obey, from 0 to 100.
	PercentCompliant int `json:"percentCompliant"`
}

// PolicyCompliancePolicyListOptions choose among the policies of an organization.
type PolicyCompliancePolicyListOptions struct {
	// Filter narrows the list down; see [FilterAnd].
	Filter GridFilter
	// Sort orders the list: by its first element, then by the second, and so on.
	Sort []GridSort
	// PageSize is how many policies an answer holds at most: 100 if zero.
	PageSize int
	// Cursor is where to begin: a [Page.Next] of this list.
	Cursor Cursor
	// NoPrefetch fetches a page only when the loop gets there, never ahead.
	NoPrefetch bool
	// Parallel is how many pages ListPolicies fetches at a time once the first has
	// told the list's length: at most 16, one if zero. NoPrefetch goes before it, and
	// ListPoliciesPage takes no notice.
	Parallel int
}

func (o *PolicyCompliancePolicyListOptions) walkOptions() walkOptions {
	return walkOptions{cursor: &o.Cursor, noPrefetch: o.NoPrefetch, parallel: o.Parallel}
}

var policyComplianceListPoliciesEndpoint = Endpoint{
	Method: http.MethodPost, Template: "/api/orgs/{orgName}/policyresults/policies", Read: true,
}

// ListPolicies walks the policies of an organization and how well each is obeyed,
// over all pages. The sequence yields a nil row with the first error, and ends.
//
// Pulumi Cloud: POST /api/orgs/{orgName}/policyresults/policies
func (s *PolicyComplianceService) ListPolicies(ctx context.Context, org string, opts *PolicyCompliancePolicyListOptions) iter.Seq2[*PolicyComplianceRow, error] {
	o := optionsOf(opts)
	o.Sort = slices.Clone(o.Sort)
	return walk(ctx, &o, func(ctx context.Context, o *PolicyCompliancePolicyListOptions) (*Page[PolicyComplianceRow], error) {
		return s.ListPoliciesPage(ctx, org, o)
	})
}

// ListPoliciesPage returns one page of what [PolicyComplianceService.ListPolicies]
// walks: the first, or the one at the Cursor of opts. Its Total is how many policies
// there are, where the service says so.
//
// Pulumi Cloud: POST /api/orgs/{orgName}/policyresults/policies
func (s *PolicyComplianceService) ListPoliciesPage(ctx context.Context, org string, opts *PolicyCompliancePolicyListOptions) (*Page[PolicyComplianceRow], error) {
	o := optionsOf(opts)
	rows, p, err := fetchRows[struct {
		Policies   []PolicyComplianceRow `json:"policies"`
		TotalCount int                   `json:"totalCount"`
	}](ctx, s.client, call{endpoint: policyComplianceListPoliciesEndpoint, args: orgArgs(org)},
		gridRows{kind: rowCursor, cursor: o.Cursor, size: o.PageSize, filter: o.Filter, sort: o.Sort})
	if err != nil {
		return nil, err
	}
	return rowPage(p, rows.Policies, rows.TotalCount), nil
}
