package pulumiapi

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"net/url"
)

// DiscoveredStack is a group of resources that were deployed together by a tool
// other than Pulumi, and that a scan has found.
type DiscoveredStack struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// Provider is the tool: "aws-cloudformation", "azure-arm".
	Provider      string            `json:"provider"`
	ResourceCount int               `json:"resourceCount"`
	LastScanTime  Timestamp         `json:"lastScanTime"`
	Tags          map[string]string `json:"tags"`
}

// DiscoveredStackListOptions choose a part of a project's discovered stacks.
type DiscoveredStackListOptions struct {
	// Cursor is where to begin: a [Page.Next] of this list.
	Cursor Cursor `url:"-"`
	// NoPrefetch fetches a page only when the loop gets there, never ahead.
	NoPrefetch bool `url:"-"`
}

func (o *DiscoveredStackListOptions) walkOptions() walkOptions {
	return walkOptions{cursor: &o.Cursor, noPrefetch: o.NoPrefetch}
}

var insightsListDiscoveredStacksEndpoint = Endpoint{
	Method: http.MethodGet, Template: "/api/preview/insights/{orgName}/discovered-stacks/{projectName}",
}

// ListDiscoveredStacks walks the stacks of a project that were discovered, over
// all pages. The sequence yields a nil stack with the first error, and ends. A
// project in which none were is [ErrNotFound].
//
// Pulumi Cloud: GET /api/preview/insights/{orgName}/discovered-stacks/{projectName}
func (s *InsightsService) ListDiscoveredStacks(ctx context.Context, org, project string, opts *DiscoveredStackListOptions) iter.Seq2[*DiscoveredStack, error] {
	return walk(ctx, opts, func(ctx context.Context, o *DiscoveredStackListOptions) (*Page[DiscoveredStack], error) {
		return s.ListDiscoveredStacksPage(ctx, org, project, o)
	})
}

// ListDiscoveredStacksPage returns one page of what
// [InsightsService.ListDiscoveredStacks] walks: the first, or the one at the
// Cursor of opts.
//
// Pulumi Cloud: GET /api/preview/insights/{orgName}/discovered-stacks/{projectName}
func (s *InsightsService) ListDiscoveredStacksPage(ctx context.Context, org, project string, opts *DiscoveredStackListOptions) (*Page[DiscoveredStack], error) {
	o := optionsOf(opts)
	type answer struct {
		Project struct {
			Stacks []DiscoveredStack `json:"stacks"`
		} `json:"project"`
		ContinuationToken string `json:"continuationToken"`
	}
	return fetchTokenPage(ctx, s.client,
		call{endpoint: insightsListDiscoveredStacksEndpoint, args: orgArgs(org, pathArg{"project", project})},
		paging{cursor: o.Cursor, tokenName: "continuationToken"}, o,
		func(a *answer) (*[]DiscoveredStack, *string) { return &a.Project.Stacks, &a.ContinuationToken })
}

// DiscoveredStackDetail is a discovered stack with where it belongs.
type DiscoveredStackDetail struct {
	ID          string `json:"id"`
	OrgName     string `json:"orgName"`
	ProjectName string `json:"projectName"`
	StackName   string `json:"stackName"`
	// Provider is the tool: "aws-cloudformation", "azure-arm".
	Provider      string            `json:"provider"`
	ResourceCount int               `json:"resourceCount"`
	LastScanTime  Timestamp         `json:"lastScanTime"`
	Tags          map[string]string `json:"tags"`
}

var insightsGetDiscoveredStackEndpoint = Endpoint{
	Method: http.MethodGet, Template: "/api/preview/insights/{orgName}/discovered-stacks/{projectName}/{stackName}",
}

// GetDiscoveredStack returns a stack that was discovered. One that was not is
// [ErrNotFound].
//
// Pulumi Cloud: GET /api/preview/insights/{orgName}/discovered-stacks/{projectName}/{stackName}
func (s *InsightsService) GetDiscoveredStack(ctx context.Context, id StackIdentifier) (*DiscoveredStackDetail, error) {
	return fetch[DiscoveredStackDetail](ctx, s.client, call{endpoint: insightsGetDiscoveredStackEndpoint, args: id.pathArgs()})
}

// DiscoveredResource is a resource of a stack that is to be migrated to one of
// Pulumi.
type DiscoveredResource struct {
	// Name is for people to read.
	Name string `json:"name"`
	// CloudProviderID names the resource with its provider: an ARN, for instance.
	CloudProviderID string `json:"cloudProviderId"`
	// ManagedBy is the tool that manages it: "CloudFormation", "ARM", "Pulumi".
	ManagedBy string `json:"managedBy"`
	// OriginType is the type as that tool calls it, ProviderType as Pulumi does;
	// empty if there is none.
	OriginType   string `json:"originType"`
	ProviderType string `json:"providerType"`
	// MigrationStatus is how far it is migrated.
	MigrationStatus MigrationStatus `json:"migrationStatus"`
	// Annotation is what somebody has noted about it; nil if nobody has.
	Annotation *MigrationAnnotation `json:"annotation"`
	Resource   Resource             `json:"resource"`
	// VirtualState is the state that the resource would have in a stack of
	// Pulumi, each property as JSON; nil if the service doesn't know it.
	VirtualState map[string]json.RawMessage `json:"virtualState"`
}

// MigrationStatus is how far a resource is migrated to Pulumi.
type MigrationStatus string

// How far resources are migrated.
const (
	// MigrationStatusMigrated is in the stack that is compared to.
	MigrationStatusMigrated MigrationStatus = "Migrated"
	// MigrationStatusPulumiOnly is only in the stack that is compared to.
	MigrationStatusPulumiOnly MigrationStatus = "PulumiOnly"
	// MigrationStatusReady has a type of Pulumi, and a state to import.
	MigrationStatusReady MigrationStatus = "Ready"
	// MigrationStatusNotFound has a type of Pulumi, but no state.
	MigrationStatusNotFound MigrationStatus = "NotFound"
	// MigrationStatusNoMatch has no type of Pulumi.
	MigrationStatusNoMatch MigrationStatus = "NoMatch"
	// MigrationStatusNotApplicable can't be migrated alone.
	MigrationStatusNotApplicable MigrationStatus = "NotApplicable"
	// MigrationStatusPending is what the service has called NotFound before.
	MigrationStatusPending MigrationStatus = "Pending"
	// MigrationStatusUnmapped is what the service has called NoMatch before.
	MigrationStatusUnmapped MigrationStatus = "Unmapped"
)

// MigrationAnnotation is what somebody has noted about the migration of a
// resource.
type MigrationAnnotation struct {
	Note string `json:"note"`
	// StatusOverride goes before the status that the service finds out.
	StatusOverride MigrationStatus `json:"statusOverride"`
	// LinkedResourceURN is the resource together with which it was migrated.
	LinkedResourceURN string `json:"linkedResourceUrn"`
}

// DiscoveredResourceListOptions say what the resources are compared to.
type DiscoveredResourceListOptions struct {
	// CompareTo is a stack of the same organization, as "project/stack": what is
	// in it is migrated. One that does not exist is [ErrNotFound].
	CompareTo string `url:"compareTo,omitempty"`
	// Cursor is where to begin: a [Page.Next] of this list.
	Cursor Cursor `url:"-"`
	// NoPrefetch fetches a page only when the loop gets there, never ahead.
	NoPrefetch bool `url:"-"`
}

func (o *DiscoveredResourceListOptions) walkOptions() walkOptions {
	return walkOptions{cursor: &o.Cursor, noPrefetch: o.NoPrefetch}
}

var (
	insightsListDiscoveredStackResourcesEndpoint = Endpoint{
		Method: http.MethodGet, Template: "/api/preview/insights/{orgName}/discovered-stacks/{projectName}/{stackName}/resources",
	}
	insightsListStackMigrationEndpoint = Endpoint{
		Method: http.MethodGet, Template: "/api/preview/insights/{orgName}/stacks/{projectName}/{stackName}/migration",
	}
)

// ListDiscoveredStackResources walks the resources of a discovered stack, and how
// far they are migrated, over all pages. The sequence yields a nil resource with
// the first error, and ends.
//
// Pulumi Cloud: GET /api/preview/insights/{orgName}/discovered-stacks/{projectName}/{stackName}/resources
func (s *InsightsService) ListDiscoveredStackResources(ctx context.Context, id StackIdentifier, opts *DiscoveredResourceListOptions) iter.Seq2[*DiscoveredResource, error] {
	return walk(ctx, opts, func(ctx context.Context, o *DiscoveredResourceListOptions) (*Page[DiscoveredResource], error) {
		return s.ListDiscoveredStackResourcesPage(ctx, id, o)
	})
}

// ListDiscoveredStackResourcesPage returns one page of what
// [InsightsService.ListDiscoveredStackResources] walks: the first, or the one at
// the Cursor of opts.
//
// Pulumi Cloud: GET /api/preview/insights/{orgName}/discovered-stacks/{projectName}/{stackName}/resources
func (s *InsightsService) ListDiscoveredStackResourcesPage(ctx context.Context, id StackIdentifier, opts *DiscoveredResourceListOptions) (*Page[DiscoveredResource], error) {
	return s.listDiscoveredResourcesPage(ctx, call{endpoint: insightsListDiscoveredStackResourcesEndpoint, args: id.pathArgs()}, opts)
}

// ListStackMigration walks the resources of a stack that Pulumi Cloud keeps for
// Terraform, and how far they are migrated, over all pages. The sequence yields a
// nil resource with the first error, and ends. A stack of another kind is
// [ErrNotFound], and so is every one of an organization that can't migrate stacks.
//
// Pulumi Cloud: GET /api/preview/insights/{orgName}/stacks/{projectName}/{stackName}/migration
func (s *InsightsService) ListStackMigration(ctx context.Context, id StackIdentifier, opts *DiscoveredResourceListOptions) iter.Seq2[*DiscoveredResource, error] {
	return walk(ctx, opts, func(ctx context.Context, o *DiscoveredResourceListOptions) (*Page[DiscoveredResource], error) {
		return s.ListStackMigrationPage(ctx, id, o)
	})
}

// ListStackMigrationPage returns one page of what
// [InsightsService.ListStackMigration] walks: the first, or the one at the Cursor
// of opts.
//
// Pulumi Cloud: GET /api/preview/insights/{orgName}/stacks/{projectName}/{stackName}/migration
func (s *InsightsService) ListStackMigrationPage(ctx context.Context, id StackIdentifier, opts *DiscoveredResourceListOptions) (*Page[DiscoveredResource], error) {
	return s.listDiscoveredResourcesPage(ctx, call{endpoint: insightsListStackMigrationEndpoint, args: id.pathArgs()}, opts)
}

func (s *InsightsService) listDiscoveredResourcesPage(ctx context.Context, r call, opts *DiscoveredResourceListOptions) (*Page[DiscoveredResource], error) {
	o := optionsOf(opts)
	type answer struct {
		Resources         []DiscoveredResource `json:"resources"`
		ContinuationToken string               `json:"continuationToken"`
	}
	// Answers have the token, but nothing says that requests may.
	return fetchTokenPage(ctx, s.client, r, paging{kind: guessedCursor, cursor: o.Cursor, tokenName: "continuationToken"}, o,
		func(a *answer) (*[]DiscoveredResource, *string) { return &a.Resources, &a.ContinuationToken })
}

// MigrationAnnotationRequest is what to note about the migration of a resource: a
// note, a status or both.
type MigrationAnnotationRequest struct {
	ResourceURN string  `json:"resourceUrn"`
	Note        *string `json:"note,omitzero"`
	// StatusOverride goes before the status that the service finds out. It can
	// only be [MigrationStatusMigrated].
	StatusOverride *MigrationStatus `json:"statusOverride,omitzero"`
	// LinkedResourceURN is the resource together with which it was migrated.
	LinkedResourceURN *string `json:"linkedResourceUrn,omitzero"`
}

var (
	insightsSetMigrationAnnotationEndpoint = Endpoint{
		Method: http.MethodPut, Template: "/api/preview/insights/{orgName}/discovered-stacks/{projectName}/{stackName}/migration",
	}
	insightsDeleteMigrationAnnotationEndpoint = Endpoint{
		Method: http.MethodDelete, Template: "/api/preview/insights/{orgName}/discovered-stacks/{projectName}/{stackName}/migration",
	}
)

// SetMigrationAnnotation notes something about the migration of a resource of a
// discovered stack, in the place of what was noted before.
//
// Pulumi Cloud: PUT /api/preview/insights/{orgName}/discovered-stacks/{projectName}/{stackName}/migration
func (s *InsightsService) SetMigrationAnnotation(ctx context.Context, id StackIdentifier, req MigrationAnnotationRequest) error {
	if err := checkNotEmpty("req.ResourceURN", req.ResourceURN); err != nil {
		return err
	}
	return executeWithBody(ctx, s.client, call{endpoint: insightsSetMigrationAnnotationEndpoint, args: id.pathArgs()}, "req", req)
}

// DeleteMigrationAnnotation deletes what was noted about the migration of a
// resource. Where nothing was, it is [ErrNotFound].
//
// Pulumi Cloud: DELETE /api/preview/insights/{orgName}/discovered-stacks/{projectName}/{stackName}/migration
func (s *InsightsService) DeleteMigrationAnnotation(ctx context.Context, id StackIdentifier, resourceURN string) error {
	if err := checkNotEmpty("resourceURN", resourceURN); err != nil {
		return err
	}
	return execute(ctx, s.client, call{
		endpoint: insightsDeleteMigrationAnnotationEndpoint, args: id.pathArgs(), query: url.Values{"resourceUrn": {resourceURN}},
	})
}

// InsightsImportCodeRequest says what code is wanted.
type InsightsImportCodeRequest struct {
	// Language is the programming language, as Pulumi names it: "typescript".
	Language string `json:"language"`
	// URNs are the discovered resources.
	URNs []string `json:"urns"`
}

// InsightsImportCode is a program.
type InsightsImportCode struct {
	Code string `json:"code"`
}

var insightsGenerateImportCodeEndpoint = Endpoint{
	Method: http.MethodPost, Template: "/api/preview/insights/{orgName}/import/code/generate", Read: true,
}

// GenerateImportCode returns a program that takes discovered resources into a
// stack. It changes nothing.
//
// Pulumi Cloud: POST /api/preview/insights/{orgName}/import/code/generate
func (s *InsightsService) GenerateImportCode(ctx context.Context, org string, req InsightsImportCodeRequest) (*InsightsImportCode, error) {
	if err := checkNotEmpty("req.Language", req.Language); err != nil {
		return nil, err
	}
	if len(req.URNs) == 0 {
		return nil, &ArgumentError{Name: "req.URNs", Reason: "is empty"}
	}
	return fetchWithBody[InsightsImportCode](ctx, s.client,
		call{endpoint: insightsGenerateImportCodeEndpoint, args: orgArgs(org)}, "req", req)
}
