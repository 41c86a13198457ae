package pulumiapi

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"strconv"
)

// InsightsResourceIdentifier names a resource that was discovered in an account.
type InsightsResourceIdentifier struct {
	// Account is the name of the Insights account.
	Account string
	// Type is the type's full token: "aws:s3/bucket:Bucket".
	Type string
	// ID names the resource with its provider.
	ID string
}

// args are the placeholders of a resource, and what comes after it.
func (id InsightsResourceIdentifier) args(org string, more ...pathArg) ([]pathArg, error) {
	if err := checkNotEmpty("id.Type", id.Type); err != nil {
		return nil, err
	}
	if err := checkNotEmpty("id.ID", id.ID); err != nil {
		return nil, err
	}
	both := pathArg{"id", id.Type + "::" + id.ID}
	return append(orgArgs(org, pathArg{"id.Account", id.Account}, both), more...), nil
}

// versionArgs are the placeholders of a version of a resource.
func (id InsightsResourceIdentifier) versionArgs(org string, version int) ([]pathArg, error) {
	if err := checkNotNegative("version", version); err != nil {
		return nil, err
	}
	return id.args(org, pathArg{"version", strconv.Itoa(version)})
}

// InsightsResource is a resource that was discovered, at one of its versions.
type InsightsResource struct {
	// Account is the name of the Insights account.
	Account string `json:"account"`
	// Type is the type's full token, ID names the resource with its provider.
	Type string `json:"type"`
	ID   string `json:"id"`
	// Version counts the states that scans have found the resource in.
	Version int `json:"version"`
	// Modified is when the resource came to be so.
	Modified Timestamp `json:"modified"`
	// PolicyState is what policies say of it; empty if the service doesn't tell.
	PolicyState string `json:"policyState"`
	// State is the resource's properties, as JSON.
	State json.RawMessage `json:"state"`
}

var (
	insightsGetResourceEndpoint = Endpoint{
		Method: http.MethodGet, Template: "/api/preview/insights/{orgName}/accounts/{accountName}/resources/{resourceTypeAndId}",
	}
	insightsGetResourceAtVersionEndpoint = Endpoint{
		Method: http.MethodGet, Template: "/api/preview/insights/{orgName}/accounts/{accountName}/resources/{resourceTypeAndId}/versions/{resourceVersion}",
	}
)

// GetResource returns a discovered resource as the last scan has found it. One
// that does not exist is [ErrNotFound]. Errors and records show account, type and
// ID as they are sent: escaped twice, as the service decodes them twice.
//
// Pulumi Cloud: GET /api/preview/insights/{orgName}/accounts/{accountName}/resources/{resourceTypeAndId}
func (s *InsightsService) GetResource(ctx context.Context, org string, id InsightsResourceIdentifier) (*InsightsResource, error) {
	args, err := id.args(org)
	if err != nil {
		return nil, err
	}
	return fetch[InsightsResource](ctx, s.client, call{endpoint: insightsGetResourceEndpoint, args: args})
}

// GetResourceAtVersion returns a discovered resource as it was in one of its
// versions. One that it never had is [ErrNotFound].
//
// Pulumi Cloud: GET /api/preview/insights/{orgName}/accounts/{accountName}/resources/{resourceTypeAndId}/versions/{resourceVersion}
func (s *InsightsService) GetResourceAtVersion(ctx context.Context, org string, id InsightsResourceIdentifier, version int) (*InsightsResource, error) {
	args, err := id.versionArgs(org, version)
	if err != nil {
		return nil, err
	}
	return fetch[InsightsResource](ctx, s.client, call{endpoint: insightsGetResourceAtVersionEndpoint, args: args})
}

// InsightsResourceUpsertRequest is a resource as a scanner has found it.
type InsightsResourceUpsertRequest struct {
	// Type is the type's full token, ID names the resource with its provider.
	Type string `json:"type"`
	ID   string `json:"id"`
	// Inputs and State are the resource's properties, each as a JSON object.
	Inputs json.RawMessage `json:"inputs"`
	State  json.RawMessage `json:"state"`
	// Dependencies are the resources by way of which it was found.
	Dependencies []InsightsResourceDependency `json:"dependencies,omitzero"`
}

// InsightsResourceDependency is a resource by way of which another was found.
type InsightsResourceDependency struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

var insightsUpsertResourcesEndpoint = Endpoint{
	Method: http.MethodPost, Template: "/api/preview/insights/{orgName}/accounts/{accountName}/resources",
}

// UpsertResources tells what a scanner of one's own has found in an Insights
// account. A resource that has changed gets a new version.
//
// Pulumi Cloud: POST /api/preview/insights/{orgName}/accounts/{accountName}/resources
func (s *InsightsService) UpsertResources(ctx context.Context, org, account string, resources []InsightsResourceUpsertRequest) error {
	if len(resources) == 0 {
		return &ArgumentError{Name: "resources", Reason: "is empty"}
	}
	for i, resource := range resources {
		item := fmt.Sprintf("resources[%d].", i)
		if err := checkNotEmpty(item+"Type", resource.Type); err != nil {
			return err
		}
		if err := checkNotEmpty(item+"ID", resource.ID); err != nil {
			return err
		}
		if err := checkJSON(item+"Inputs", resource.Inputs); err != nil {
			return err
		}
		if err := checkJSON(item+"State", resource.State); err != nil {
			return err
		}
	}
	return executeWithBody(ctx, s.client, call{endpoint: insightsUpsertResourcesEndpoint, args: accountArgs(org, account)}, "resources", struct {
		Resources []InsightsResourceUpsertRequest `json:"resources"`
	}{resources})
}

// InsightsResourceVersion is one of the versions of a discovered resource.
type InsightsResourceVersion struct {
	Version int       `json:"version"`
	Created Timestamp `json:"created"`
}

// InsightsResourceVersionListOptions choose a part of a resource's versions.
type InsightsResourceVersionListOptions struct {
	// PageSize is how many versions an answer holds at most, up to 500; the
	// service's default, 100, if zero.
	PageSize int `url:"-"`
	// Cursor is where to begin: a [Page.Next] of this list.
	Cursor Cursor `url:"-"`
	// NoPrefetch fetches a page only when the loop gets there, never ahead.
	NoPrefetch bool `url:"-"`
}

func (o *InsightsResourceVersionListOptions) walkOptions() walkOptions {
	return walkOptions{cursor: &o.Cursor, noPrefetch: o.NoPrefetch}
}

var insightsListResourceVersionsEndpoint = Endpoint{
	Method: http.MethodGet, Template: "/api/preview/insights/{orgName}/accounts/{accountName}/resources/{resourceTypeAndId}/versions",
}

// ListResourceVersions walks the versions of a discovered resource, over all
// pages. The sequence yields a nil version with the first error, and ends.
//
// Pulumi Cloud: GET /api/preview/insights/{orgName}/accounts/{accountName}/resources/{resourceTypeAndId}/versions
func (s *InsightsService) ListResourceVersions(ctx context.Context, org string, id InsightsResourceIdentifier, opts *InsightsResourceVersionListOptions) iter.Seq2[*InsightsResourceVersion, error] {
	return walk(ctx, opts, func(ctx context.Context, o *InsightsResourceVersionListOptions) (*Page[InsightsResourceVersion], error) {
		return s.ListResourceVersionsPage(ctx, org, id, o)
	})
}

// ListResourceVersionsPage returns one page of what
// [InsightsService.ListResourceVersions] walks: the first, or the one at the
// Cursor of opts.
//
// Pulumi Cloud: GET /api/preview/insights/{orgName}/accounts/{accountName}/resources/{resourceTypeAndId}/versions
func (s *InsightsService) ListResourceVersionsPage(ctx context.Context, org string, id InsightsResourceIdentifier, opts *InsightsResourceVersionListOptions) (*Page[InsightsResourceVersion], error) {
	args, err := id.args(org)
	if err != nil {
		return nil, err
	}
	o := optionsOf(opts)
	type answer struct {
		Versions  []InsightsResourceVersion `json:"versions"`
		NextToken string                    `json:"nextToken"`
	}
	return fetchTokenPage(ctx, s.client, call{endpoint: insightsListResourceVersionsEndpoint, args: args},
		paging{cursor: o.Cursor, size: o.PageSize, tokenName: "continuationToken", sizeName: "count"}, o,
		func(a *answer) (*[]InsightsResourceVersion, *string) { return &a.Versions, &a.NextToken })
}

// InsightsResourceEdge is a relation of a version of a resource to another
// resource.
type InsightsResourceEdge struct {
	SourceURN     string `json:"sourceUrn"`
	SourceVersion int    `json:"sourceVersion"`
	DestURN       string `json:"destUrn"`
	// EdgeType is what kind of relation it is.
	EdgeType string `json:"edgeType"`
}

// InsightsResourceEdgeListOptions choose a part of a resource's edges.
type InsightsResourceEdgeListOptions struct {
	// PageSize is how many edges an answer holds at most, up to 500; the service's
	// default, 100, if zero.
	PageSize int `url:"-"`
	// Cursor is where to begin: a [Page.Next] of this list.
	Cursor Cursor `url:"-"`
	// NoPrefetch fetches a page only when the loop gets there, never ahead.
	NoPrefetch bool `url:"-"`
}

func (o *InsightsResourceEdgeListOptions) walkOptions() walkOptions {
	return walkOptions{cursor: &o.Cursor, noPrefetch: o.NoPrefetch}
}

var (
	insightsListResourceEdgesEndpoint = Endpoint{
		Method: http.MethodGet, Template: "/api/preview/insights/{orgName}/accounts/{accountName}/resources/{resourceTypeAndId}/edges",
	}
	insightsListResourceEdgesAtVersionEndpoint = Endpoint{
		Method: http.MethodGet, Template: "/api/preview/insights/{orgName}/accounts/{accountName}/resources/{resourceTypeAndId}/versions/{resourceVersion}/edges",
	}
)

// ListResourceEdges walks the relations of a discovered resource to others, as the
// last scan has found them, over all pages. The sequence yields a nil edge with
// the first error, and ends.
//
// Pulumi Cloud: GET /api/preview/insights/{orgName}/accounts/{accountName}/resources/{resourceTypeAndId}/edges
func (s *InsightsService) ListResourceEdges(ctx context.Context, org string, id InsightsResourceIdentifier, opts *InsightsResourceEdgeListOptions) iter.Seq2[*InsightsResourceEdge, error] {
	return walk(ctx, opts, func(ctx context.Context, o *InsightsResourceEdgeListOptions) (*Page[InsightsResourceEdge], error) {
		return s.ListResourceEdgesPage(ctx, org, id, o)
	})
}

// ListResourceEdgesPage returns one page of what
// [InsightsService.ListResourceEdges] walks: the first, or the one at the Cursor
// of opts.
//
// Pulumi Cloud: GET /api/preview/insights/{orgName}/accounts/{accountName}/resources/{resourceTypeAndId}/edges
func (s *InsightsService) ListResourceEdgesPage(ctx context.Context, org string, id InsightsResourceIdentifier, opts *InsightsResourceEdgeListOptions) (*Page[InsightsResourceEdge], error) {
	args, err := id.args(org)
	if err != nil {
		return nil, err
	}
	return s.listEdgesPage(ctx, call{endpoint: insightsListResourceEdgesEndpoint, args: args}, opts)
}

// ListResourceEdgesAtVersion walks the relations of a version of a discovered
// resource, as [InsightsService.ListResourceEdges] walks those of the last one.
//
// Pulumi Cloud: GET /api/preview/insights/{orgName}/accounts/{accountName}/resources/{resourceTypeAndId}/versions/{resourceVersion}/edges
func (s *InsightsService) ListResourceEdgesAtVersion(ctx context.Context, org string, id InsightsResourceIdentifier, version int, opts *InsightsResourceEdgeListOptions) iter.Seq2[*InsightsResourceEdge, error] {
	return walk(ctx, opts, func(ctx context.Context, o *InsightsResourceEdgeListOptions) (*Page[InsightsResourceEdge], error) {
		return s.ListResourceEdgesAtVersionPage(ctx, org, id, version, o)
	})
}

// ListResourceEdgesAtVersionPage returns one page of what
// [InsightsService.ListResourceEdgesAtVersion] walks: the first, or the one at the
// Cursor of opts.
//
// Pulumi Cloud: GET /api/preview/insights/{orgName}/accounts/{accountName}/resources/{resourceTypeAndId}/versions/{resourceVersion}/edges
func (s *InsightsService) ListResourceEdgesAtVersionPage(ctx context.Context, org string, id InsightsResourceIdentifier, version int, opts *InsightsResourceEdgeListOptions) (*Page[InsightsResourceEdge], error) {
	args, err := id.versionArgs(org, version)
	if err != nil {
		return nil, err
	}
	return s.listEdgesPage(ctx, call{endpoint: insightsListResourceEdgesAtVersionEndpoint, args: args}, opts)
}

func (s *InsightsService) listEdgesPage(ctx context.Context, r call, opts *InsightsResourceEdgeListOptions) (*Page[InsightsResourceEdge], error) {
	o := optionsOf(opts)
	type answer struct {
		Edges     []InsightsResourceEdge `json:"edges"`
		NextToken string                 `json:"nextToken"`
	}
	return fetchTokenPage(ctx, s.client, r,
		paging{cursor: o.Cursor, size: o.PageSize, tokenName: "continuationToken", sizeName: "count"}, o,
		func(a *answer) (*[]InsightsResourceEdge, *string) { return &a.Edges, &a.NextToken })
}

// InsightsResourceStackEdge says that a stack manages a discovered resource.
type InsightsResourceStackEdge struct {
	InsightsResourceID string `json:"insightsResourceId"`
	// StackResourceURN is the same resource in the stack.
	StackResourceURN string `json:"stackResourceUrn"`
}

var insightsListResourceStackEdgesEndpoint = Endpoint{
	Method: http.MethodGet, Template: "/api/preview/insights/{orgName}/accounts/{accountName}/resources/{resourceTypeAndId}/stack_edges",
}

// ListResourceStackEdges returns by which stacks a discovered resource is managed.
//
// Pulumi Cloud: GET /api/preview/insights/{orgName}/accounts/{accountName}/resources/{resourceTypeAndId}/stack_edges
func (s *InsightsService) ListResourceStackEdges(ctx context.Context, org string, id InsightsResourceIdentifier) ([]InsightsResourceStackEdge, error) {
	args, err := id.args(org)
	if err != nil {
		return nil, err
	}
	answer, err := fetch[struct {
		Edges []InsightsResourceStackEdge `json:"edges"`
	}](ctx, s.client, call{endpoint: insightsListResourceStackEdgesEndpoint, args: args})
	if err != nil {
		return nil, err
	}
	return answer.Edges, nil
}

// InsightsResourceWithReferences is a discovered resource, and those that it is
// related to, in turn with theirs.
type InsightsResourceWithReferences struct {
	URN      string           `json:"urn"`
	Resource InsightsResource `json:"resource"`
	// IndexedResource is the resource as the search finds it.
	IndexedResource ResourceResult `json:"indexedResource"`
	// To are the resources that this one refers to, From those that refer to it.
	To   []InsightsResourceWithReferences `json:"to"`
	From []InsightsResourceWithReferences `json:"from"`
}

// ResourceResult is a resource as the search finds it: one of a stack, or one that
// was discovered. What does not apply is empty.
type ResourceResult struct {
	URN  string `json:"urn"`
	ID   string `json:"id"`
	Name string `json:"name"`
	// Type is the type's full token; Package, Module and Category are more about
	// it.
	Type     string `json:"type"`
	Package  string `json:"package"`
	Module   string `json:"module"`
	Category string `json:"category"`
	// Project and Stack are where it is managed, Account is the Insights account
	// in which it was discovered.
	Project string `json:"project"`
	Stack   string `json:"stack"`
	Account string `json:"account"`
	// Managed is "managed" for a resource of a stack, or "discovered".
	Managed string `json:"managed"`
	// Created and Modified are when it was found first, and when it has changed.
	Created  Timestamp `json:"created"`
	Modified Timestamp `json:"modified"`
	// Custom says that a provider manages the resource: it is no component.
	Custom bool `json:"custom"`
	// Delete says that the next update will delete it.
	Delete bool `json:"delete"`
	// External says that Pulumi only reads it.
	External bool `json:"external"`
	// Protected says that it can't be deleted.
	Protected bool `json:"protected"`
	// Pending is what is being done to it: "creating", "updating", "deleting".
	Pending string `json:"pending"`
	// ParentURN, ProviderURN, Dependencies and Dependents are other resources.
	ParentURN    string   `json:"parent_urn"`
	ProviderURN  string   `json:"provider_urn"`
	Dependencies []string `json:"dependencies"`
	Dependents   []string `json:"dependents"`
	// Teams are the names of the teams that have access to it.
	Teams []string `json:"teams"`
	// Fingerprint changes with the resource's state.
	Fingerprint string `json:"fingerprint"`
	// SourceCount is in how many places it was found.
	SourceCount int `json:"sourceCount"`
	// Matches are what of it matches the search, by the term, as JSON.
	Matches map[string][]json.RawMessage `json:"matches"`
	// Metadata and Properties are JSON; Properties are there only if asked for.
	Metadata   json.RawMessage `json:"metadata"`
	Properties json.RawMessage `json:"properties"`
}

var insightsGetResourceReferencesEndpoint = Endpoint{
	Method: http.MethodGet, Template: "/api/preview/insights/{orgName}/accounts/{accountName}/resources/{resourceTypeAndId}/references",
}

// GetResourceReferences returns a discovered resource and those that it is related
// to.
//
// Pulumi Cloud: GET /api/preview/insights/{orgName}/accounts/{accountName}/resources/{resourceTypeAndId}/references
func (s *InsightsService) GetResourceReferences(ctx context.Context, org string, id InsightsResourceIdentifier) (*InsightsResourceWithReferences, error) {
	args, err := id.args(org)
	if err != nil {
		return nil, err
	}
	return fetch[InsightsResourceWithReferences](ctx, s.client, call{endpoint: insightsGetResourceReferencesEndpoint, args: args})
}

// InsightsResourceReferencesRequest says of which resources the references are
// wanted.
type InsightsResourceReferencesRequest struct {
	ResourceIdentifiers []InsightsResourceVersionIdentifier `json:"resourceIdentifiers"`
	// Depth is how many references to follow one after another; as many as the
	// service likes if nil.
	Depth *int `json:"depth,omitzero"`
}

// InsightsResourceVersionIdentifier names a version of a discovered resource.
type InsightsResourceVersionIdentifier struct {
	// Account is the name of the Insights account.
	Account string `json:"account"`
	// Type is the type's full token, ID names the resource with its provider.
	Type string `json:"type"`
	ID   string `json:"id"`
	// Version is the last one if nil.
	Version *int `json:"version,omitzero"`
}

var insightsListResourceReferencesEndpoint = Endpoint{
	Method: http.MethodPost, Template: "/api/preview/insights/{orgName}/accounts/{accountName}/resources/references", Read: true,
}

// ListResourceReferences returns what [InsightsService.GetResourceReferences] does,
// of several resources at once, and of versions of theirs. One that does not exist
// makes it [ErrNotFound].
//
// Pulumi Cloud: POST /api/preview/insights/{orgName}/accounts/{accountName}/resources/references
func (s *InsightsService) ListResourceReferences(ctx context.Context, org, account string, req InsightsResourceReferencesRequest) ([]InsightsResourceWithReferences, error) {
	if len(req.ResourceIdentifiers) == 0 {
		return nil, &ArgumentError{Name: "req.ResourceIdentifiers", Reason: "is empty"}
	}
	for i, id := range req.ResourceIdentifiers {
		item := fmt.Sprintf("req.ResourceIdentifiers[%d].", i)
		for _, part := range []pathArg{{"Account", id.Account}, {"Type", id.Type}, {"ID", id.ID}} {
			if err := checkNotEmpty(item+part.name, part.value); err != nil {
				return nil, err
			}
		}
	}
	body, err := jsonBody("req", req)
	if err != nil {
		return nil, err
	}
	return fetchAll[InsightsResourceWithReferences](ctx, s.client,
		call{endpoint: insightsListResourceReferencesEndpoint, args: accountArgs(org, account), body: body})
}

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
