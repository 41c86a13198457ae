package pulumiapi

import (
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
