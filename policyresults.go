package pulumiapi

import (
	"context"
	"iter"
	"net/http"
)

// PolicyViolation is something that a policy has found, in the older form.
type PolicyViolation struct {
	ID          string `json:"id"`
	ProjectName string `json:"projectName"`
	// StackName and StackVersion, or AccountName and ResourceVersion, say where.
	StackName       string `json:"stackName"`
	StackVersion    int    `json:"stackVersion"`
	AccountName     string `json:"accountName"`
	ResourceVersion int    `json:"resourceVersion"`
	// PolicyPack, PolicyPackTag and PolicyName say by which policy.
	PolicyPack    string                 `json:"policyPack"`
	PolicyPackTag string                 `json:"policyPackTag"`
	PolicyName    string                 `json:"policyName"`
	ResourceURN   string                 `json:"resourceURN"`
	ResourceType  string                 `json:"resourceType"`
	ResourceName  string                 `json:"resourceName"`
	Message       string                 `json:"message"`
	ObservedAt    Timestamp              `json:"observedAt"`
	Level         PolicyEnforcementLevel `json:"level"`
	Kind          PolicyKind             `json:"kind"`
}

// PolicyViolationListOptions choose a part of an organization's violations.
type PolicyViolationListOptions struct {
	// Cursor is where to begin: a [Page.Next] of this list.
	Cursor Cursor `url:"-"`
	// NoPrefetch fetches a page only when the loop gets there, never ahead.
	NoPrefetch bool `url:"-"`
}

func (o *PolicyViolationListOptions) walkOptions() walkOptions {
	return walkOptions{cursor: &o.Cursor, noPrefetch: o.NoPrefetch}
}

var policyViolationListEndpoint = Endpoint{Method: http.MethodGet, Template: "/api/orgs/{orgName}/policyresults/violationsv2"}

// ListViolations walks the policy violations of an organization, over all
// pages. The sequence yields a nil violation with the first error, and ends.
//
// Deprecated: [PolicyIssuesService.List] is what the service has instead.
//
// Pulumi Cloud: GET /api/orgs/{orgName}/policyresults/violationsv2
func (s *PolicyIssuesService) ListViolations(ctx context.Context, org string, opts *PolicyViolationListOptions) iter.Seq2[*PolicyViolation, error] {
	return walk(ctx, opts, func(ctx context.Context, o *PolicyViolationListOptions) (*Page[PolicyViolation], error) {
		return s.listViolationsPage(ctx, org, o)
	})
}

// ListViolationsPage returns one page of what
// [PolicyIssuesService.ListViolations] walks: the first, or the one at the
// Cursor of opts.
//
// Deprecated: [PolicyIssuesService.ListPage] is what the service has instead.
//
// Pulumi Cloud: GET /api/orgs/{orgName}/policyresults/violationsv2
func (s *PolicyIssuesService) ListViolationsPage(ctx context.Context, org string, opts *PolicyViolationListOptions) (*Page[PolicyViolation], error) {
	return s.listViolationsPage(ctx, org, opts)
}

func (s *PolicyIssuesService) listViolationsPage(ctx context.Context, org string, opts *PolicyViolationListOptions) (*Page[PolicyViolation], error) {
	o := optionsOf(opts)
	type answer struct {
		PolicyViolations  []PolicyViolation `json:"policyViolations"`
		ContinuationToken string            `json:"continuationToken"`
	}
	// Answers have the token, but nothing says that requests may.
	return fetchTokenPage(ctx, s.client, call{endpoint: policyViolationListEndpoint, args: orgArgs(org)},
		paging{kind: guessedCursor, cursor: o.Cursor, tokenName: "continuationToken"}, o,
		func(a *answer) (*[]PolicyViolation, *string) { return &a.PolicyViolations, &a.ContinuationToken })
}
