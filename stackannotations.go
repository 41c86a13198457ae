package pulumiapi

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/pulumiapi/pulumiapi/internal/jsonx"
	"github.com/pulumiapi/pulumiapi/internal/transport"
)

// StackAnnotationOptions choose an annotation among those of a kind.
type StackAnnotationOptions struct {
	// Source is where the annotation comes from.
	Source string `url:"source,omitempty"`
	// Version is the annotation's version; the newest if it is nil.
	Version *int `url:"version,omitempty"`
}

var stackGetAnnotationEndpoint = Endpoint{
	Method: http.MethodGet, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/annotations/{kind}",
}

// GetAnnotation returns an annotation of a stack: JSON that somebody keeps with
// it, under a kind. One that is not there is [ErrNotFound].
//
// Pulumi Cloud: GET /api/stacks/{orgName}/{projectName}/{stackName}/annotations/{kind}
func (s *StacksService) GetAnnotation(ctx context.Context, id StackIdentifier, kind string, opts *StackAnnotationOptions) (json.RawMessage, error) {
	values, err := encodeQuery(optionsOf(opts))
	if err != nil {
		return nil, err
	}
	return fetchRaw(ctx, s.client, call{
		endpoint: stackGetAnnotationEndpoint,
		args:     append(id.pathArgs(), pathArg{"kind", kind}),
		query:    values,
	})
}

// StackAnnotationRequest is an annotation to be kept with a stack.
type StackAnnotationRequest struct {
	// Annotation is a JSON object. Its bytes are sent as they are.
	Annotation json.RawMessage `url:"-"`
	// Source is where the annotation comes from.
	Source string `url:"source,omitempty"`
	// Version is the version that the annotation must have had until now; any,
	// if it is nil.
	Version *int `url:"version,omitempty"`
}

var stackSetAnnotationEndpoint = Endpoint{
	Method: http.MethodPatch, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/annotations/{kind}",
}

// SetAnnotation keeps an annotation with a stack, whether there is one of the kind
// already or not. One that has another version than the request says is
// [ErrConflict]: somebody has changed it meanwhile.
//
// Pulumi Cloud: PATCH /api/stacks/{orgName}/{projectName}/{stackName}/annotations/{kind}
func (s *StacksService) SetAnnotation(ctx context.Context, id StackIdentifier, kind string, req StackAnnotationRequest) error {
	if !jsonx.IsValid(req.Annotation) {
		return &ArgumentError{Name: "req.Annotation", Reason: "is not JSON"}
	}
	values, err := encodeQuery(req)
	if err != nil {
		return err
	}
	return execute(ctx, s.client, call{
		endpoint: stackSetAnnotationEndpoint,
		args:     append(id.pathArgs(), pathArg{"kind", kind}),
		query:    values,
		body:     transport.BytesBody(req.Annotation),
	})
}
