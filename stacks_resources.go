package pulumiapi

import (
	"context"
	"encoding/json"
	"net/http"
)

// StackResources are all resources of a stack at one of its versions.
type StackResources struct {
	// Resources are the resources, each after those it depends on.
	Resources []ResourceInfo `json:"resources"`
	// Region is the cloud's region; empty if the service can't tell.
	Region string `json:"region"`
	// Version is the stack's version that has them.
	Version int `json:"version"`
}

// StackResource is one resource of a stack at one of its versions.
type StackResource struct {
	Resource ResourceInfo `json:"resource"`
	// Region is the cloud's region; empty if the service can't tell.
	Region string `json:"region"`
	// Version is the stack's version that has it.
	Version int `json:"version"`
}

// ResourceInfo is a resource with what the service adds to it.
type ResourceInfo struct {
	Resource Resource `json:"resource"`
}

// Resource is a resource that Pulumi manages, as the service tells of it. In a
// stack's state it is a [StateResource].
type Resource struct {
	// URN names the resource within its stack, ID with its provider.
	URN string `json:"urn"`
	ID  string `json:"id"`
	// Type is the type's full token: "aws:s3/bucket:Bucket".
	Type string `json:"type"`
	// Custom says that a provider manages the resource: it is no component.
	Custom bool `json:"custom"`
	// Delete says that the next update will delete it.
	Delete bool `json:"delete"`
	// External says that Pulumi only reads it.
	External bool `json:"external"`
	// Protect says that it can't be deleted.
	Protect bool `json:"protect"`
	// RetainOnDelete says that deleting it makes Pulumi forget it, and no more.
	RetainOnDelete bool `json:"retainOnDelete"`
	// Inputs are what the provider was given, Outputs what it returned, and
	// ProviderInputs what it was configured with, each as JSON.
	Inputs         map[string]json.RawMessage `json:"inputs"`
	Outputs        map[string]json.RawMessage `json:"outputs"`
	ProviderInputs map[string]json.RawMessage `json:"providerInputs"`
	// Parent, Dependencies and DeletedWith are the URNs of other resources.
	Parent       string   `json:"parent"`
	Dependencies []string `json:"dependencies"`
	DeletedWith  string   `json:"deletedWith"`
	// Aliases are URNs that the resource had before.
	Aliases []string `json:"aliases"`
	// InitErrors are what went wrong when it was made, although it is there.
	InitErrors []string `json:"initErrors"`
	// AdditionalSecretOutputs are outputs that are secrets because the program
	// says so.
	AdditionalSecretOutputs []string `json:"additionalSecretOutputs"`
}

var stackGetResourcesEndpoint = Endpoint{
	Method: http.MethodGet, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/resources/latest",
}

// GetResources returns the resources that a stack has now. They are held in
// memory all together, however many they are.
//
// Pulumi Cloud: GET /api/stacks/{orgName}/{projectName}/{stackName}/resources/latest
func (s *StacksService) GetResources(ctx context.Context, id StackIdentifier) (*StackResources, error) {
	return fetch[StackResources](ctx, s.client, call{endpoint: stackGetResourcesEndpoint, args: id.pathArgs(), decoding: decoding{state: true}})
}

var stackGetResourcesAtVersionEndpoint = Endpoint{
	Method: http.MethodGet, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/resources/{version}",
}

// GetResourcesAtVersion returns the resources that a stack had at one of its
// versions. One that it never had is [ErrNotFound].
//
// Pulumi Cloud: GET /api/stacks/{orgName}/{projectName}/{stackName}/resources/{version}
func (s *StacksService) GetResourcesAtVersion(ctx context.Context, id StackIdentifier, version int) (*StackResources, error) {
	return fetchVersion[StackResources](ctx, s.client, call{endpoint: stackGetResourcesAtVersionEndpoint, decoding: decoding{state: true}}, id, version)
}

var stackGetResourceEndpoint = Endpoint{
	Method: http.MethodGet, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/resources/latest/{urn}",
}

// GetResource returns one of the resources that a stack has now. One that it does
// not have is [ErrNotFound].
//
// Pulumi Cloud: GET /api/stacks/{orgName}/{projectName}/{stackName}/resources/latest/{urn}
func (s *StacksService) GetResource(ctx context.Context, id StackIdentifier, urn string) (*StackResource, error) {
	return fetch[StackResource](ctx, s.client, call{
		endpoint: stackGetResourceEndpoint,
		args:     append(id.pathArgs(), pathArg{"urn", urn}),
	})
}

var stackGetResourceAtVersionEndpoint = Endpoint{
	Method: http.MethodGet, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/resources/{version}/{urn}",
}

// GetResourceAtVersion returns one of the resources that a stack had at one of
// its versions. A resource or a version that is not there is [ErrNotFound].
//
// Pulumi Cloud: GET /api/stacks/{orgName}/{projectName}/{stackName}/resources/{version}/{urn}
func (s *StacksService) GetResourceAtVersion(ctx context.Context, id StackIdentifier, version int, urn string) (*StackResource, error) {
	return fetchVersion[StackResource](ctx, s.client, call{endpoint: stackGetResourceAtVersionEndpoint}, id, version, pathArg{"urn", urn})
}

// StackResourceCount is how many resources a stack has.
type StackResourceCount struct {
	ResourceCount int `json:"resourceCount"`
	// Version is the stack's version that has them.
	Version int `json:"version"`
}

var stackGetResourceCountEndpoint = Endpoint{
	Method: http.MethodGet, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/resources/count",
}

// GetResourceCount returns how many resources a stack has now, without them.
//
// Pulumi Cloud: GET /api/stacks/{orgName}/{projectName}/{stackName}/resources/count
func (s *StacksService) GetResourceCount(ctx context.Context, id StackIdentifier) (*StackResourceCount, error) {
	return fetch[StackResourceCount](ctx, s.client, call{endpoint: stackGetResourceCountEndpoint, args: id.pathArgs()})
}

// StackOverview is what the Pulumi Cloud console shows first of a stack.
type StackOverview struct {
	Resources StackResources    `json:"resources"`
	Tags      map[string]string `json:"tags"`
	// ReferencedStacks are the stacks of which this one reads outputs.
	ReferencedStacks []StackReference `json:"referencedStacks"`
}

var stackGetOverviewEndpoint = Endpoint{
	Method: http.MethodGet, Template: "/api/console/stacks/{orgName}/{projectName}/{stackName}/overview",
}

// GetOverview returns a stack's resources, tags and upstream references at once.
//
// Pulumi Cloud: GET /api/console/stacks/{orgName}/{projectName}/{stackName}/overview
func (s *StacksService) GetOverview(ctx context.Context, id StackIdentifier) (*StackOverview, error) {
	return fetch[StackOverview](ctx, s.client, call{endpoint: stackGetOverviewEndpoint, args: id.pathArgs(), decoding: decoding{state: true}})
}

// StackReference is a stack that another one reads outputs of, or that reads
// another one's.
type StackReference struct {
	Organization string `json:"organization"`
	// RoutingProject is the stack's project.
	RoutingProject string `json:"routingProject"`
	Name           string `json:"name"`
	// Version is the version of the stack that was read.
	Version int `json:"version"`
}

// Identifier returns the stack's name in full.
func (r *StackReference) Identifier() StackIdentifier {
	return StackIdentifier{Org: r.Organization, Project: r.RoutingProject, Stack: r.Name}
}

var (
	stackListDownstreamReferencesEndpoint = Endpoint{
		Method: http.MethodGet, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/downstreamreferences",
	}
	stackListUpstreamReferencesEndpoint = Endpoint{
		Method: http.MethodGet, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/upstreamreferences",
	}
)

// ListDownstreamReferences returns the stacks that read outputs of a stack: those
// that a change of it may affect.
//
// Pulumi Cloud: GET /api/stacks/{orgName}/{projectName}/{stackName}/downstreamreferences
func (s *StacksService) ListDownstreamReferences(ctx context.Context, id StackIdentifier) ([]StackReference, error) {
	return s.listReferences(ctx, call{endpoint: stackListDownstreamReferencesEndpoint, args: id.pathArgs()})
}

// ListUpstreamReferences returns the stacks of which a stack reads outputs.
//
// Pulumi Cloud: GET /api/stacks/{orgName}/{projectName}/{stackName}/upstreamreferences
func (s *StacksService) ListUpstreamReferences(ctx context.Context, id StackIdentifier) ([]StackReference, error) {
	return s.listReferences(ctx, call{endpoint: stackListUpstreamReferencesEndpoint, args: id.pathArgs()})
}

func (s *StacksService) listReferences(ctx context.Context, r call) ([]StackReference, error) {
	answer, err := fetch[struct {
		ReferencedStacks []StackReference `json:"referencedStacks"`
	}](ctx, s.client, r)
	if err != nil {
		return nil, err
	}
	return answer.ReferencedStacks, nil
}
