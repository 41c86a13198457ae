package pulumiapi

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
)

// InsightsPolicyResultsUpdateRequest is what policies have found.
type InsightsPolicyResultsUpdateRequest struct {
	// ClaimID is the task that the service has given to whoever evaluates policies.
	ClaimID string                `json:"claimId"`
	Results InsightsPolicyResults `json:"results"`
}

// InsightsPolicyResults are the violations of policies, if there are any.
type InsightsPolicyResults struct {
	// Succeeded says that there are none.
	Succeeded  bool                      `json:"succeeded"`
	Violations []InsightsPolicyViolation `json:"violations,omitzero"`
}

// InsightsPolicyViolation is a violation of a policy.
type InsightsPolicyViolation struct {
	// Message is for people to read.
	Message           string                 `json:"message"`
	PolicyName        string                 `json:"policyName"`
	PolicyPackName    string                 `json:"policyPackName"`
	PolicyPackVersion string                 `json:"policyPackVersion"`
	EnforcementLevel  PolicyEnforcementLevel `json:"enforcementLevel"`
	Kind              PolicyKind             `json:"kind"`
	// ResourceURN is the resource that violates it.
	ResourceURN string `json:"resourceURN"`
}

// check refuses results without a claim, and violations of no policy or of nothing.
func (r InsightsPolicyResultsUpdateRequest) check() error {
	if err := checkNotEmpty("req.ClaimID", r.ClaimID); err != nil {
		return err
	}
	for i, violation := range r.Results.Violations {
		item := fmt.Sprintf("req.Results.Violations[%d].", i)
		if err := cmp.Or(
			checkNotEmpty(item+"PolicyName", violation.PolicyName),
			checkNotEmpty(item+"PolicyPackName", violation.PolicyPackName),
			checkNotEmpty(item+"EnforcementLevel", string(violation.EnforcementLevel)),
			checkNotEmpty(item+"Kind", string(violation.Kind)),
			checkNotEmpty(item+"ResourceURN", violation.ResourceURN),
		); err != nil {
			return err
		}
	}
	return nil
}

var (
	insightsUpdateResourcePolicyResultsEndpoint = Endpoint{
		Method: http.MethodPut, Template: "/api/preview/insights/{orgName}/accounts/{accountName}/resources/{resourceTypeAndId}/versions/{resourceVersion}/policy/results",
	}
	insightsUpdateStackPolicyResultsEndpoint = Endpoint{
		Method: http.MethodPut, Template: "/api/preview/insights/{orgName}/policy/stacks/{projectName}/{stackName}/updates/{version}/results",
	}
)

// UpdateResourcePolicyResults tells what policies have found in a version of a
// discovered resource, in the place of what was told before. It is for those who
// evaluate policies. A version that does not exist is [ErrNotFound].
//
// Pulumi Cloud: PUT /api/preview/insights/{orgName}/accounts/{accountName}/resources/{resourceTypeAndId}/versions/{resourceVersion}/policy/results
func (s *InsightsService) UpdateResourcePolicyResults(ctx context.Context, org string, id InsightsResourceIdentifier, version int, req InsightsPolicyResultsUpdateRequest) error {
	args, err := id.versionArgs(org, version)
	if err != nil {
		return err
	}
	if err := req.check(); err != nil {
		return err
	}
	return executeWithBody(ctx, s.client, call{endpoint: insightsUpdateResourcePolicyResultsEndpoint, args: args}, "req", req)
}

// UpdateStackPolicyResults tells what policies have found in a stack after the
// update that made it this version, in the place of what was told before. It is
// for those who evaluate policies. A version that the stack never had is
// [ErrNotFound].
//
// Pulumi Cloud: PUT /api/preview/insights/{orgName}/policy/stacks/{projectName}/{stackName}/updates/{version}/results
func (s *InsightsService) UpdateStackPolicyResults(ctx context.Context, id StackIdentifier, version int, req InsightsPolicyResultsUpdateRequest) error {
	args, err := id.versionArgs(version)
	if err != nil {
		return err
	}
	if err := req.check(); err != nil {
		return err
	}
	return executeWithBody(ctx, s.client, call{endpoint: insightsUpdateStackPolicyResultsEndpoint, args: args}, "req", req)
}
