package pulumiapi

import (
	"context"
	"net/http"
)

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
