package pulumiapi

import (
	"context"
	"errors"
	"net/http"
)

// stackTagRequest is a tag as the service takes it.
type stackTagRequest struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

var stackCreateTagEndpoint = Endpoint{
	Method: http.MethodPost, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/tags",
}

// CreateTag adds a tag to a stack. If the stack has a tag of that name already,
// or if the service does not like the name or the value, it fails with an
// [*APIError] of status 400; [StacksService.SetTag] changes a tag.
//
// Pulumi Cloud: POST /api/stacks/{orgName}/{projectName}/{stackName}/tags
func (s *StacksService) CreateTag(ctx context.Context, id StackIdentifier, name, value string) error {
	if err := checkNotEmpty("name", name); err != nil {
		return err
	}
	return s.sendTag(ctx, call{endpoint: stackCreateTagEndpoint, args: id.pathArgs()}, name, value)
}

// stackSetTagEndpoint is idempotent: it sets the value of a tag that exists.
var stackSetTagEndpoint = Endpoint{
	Method: http.MethodPatch, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/tags/{tagName}", Idempotent: true,
}

// SetTag gives a tag of a stack a value, whether the stack has the tag or not:
// it changes the tag, and creates it if the service says that it is not there.
// A tag that Pulumi sets itself can't be changed: that is an [*APIError] of
// status 400.
//
// Pulumi Cloud: PATCH /api/stacks/{orgName}/{projectName}/{stackName}/tags/{tagName},
// and POST /api/stacks/{orgName}/{projectName}/{stackName}/tags
func (s *StacksService) SetTag(ctx context.Context, id StackIdentifier, name, value string) error {
	args := append(id.pathArgs(), pathArg{"name", name})
	err := s.sendTag(ctx, call{endpoint: stackSetTagEndpoint, args: args}, name, value)
	if errors.Is(err, ErrNotFound) {
		return s.CreateTag(ctx, id, name, value)
	}
	return err
}

func (s *StacksService) sendTag(ctx context.Context, r call, name, value string) error {
	body, err := jsonBody("name, value", &stackTagRequest{Name: name, Value: value})
	if err != nil {
		return err
	}
	r.body = body
	return execute(ctx, s.client, r)
}

var stackDeleteTagEndpoint = Endpoint{
	Method: http.MethodDelete, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/tags/{tagName}",
}

// DeleteTag removes a tag from a stack. A tag that is not there is an
// [*APIError] that is [ErrNotFound]; one that Pulumi sets itself is one of
// status 400.
//
// Pulumi Cloud: DELETE /api/stacks/{orgName}/{projectName}/{stackName}/tags/{tagName}
func (s *StacksService) DeleteTag(ctx context.Context, id StackIdentifier, name string) error {
	return execute(ctx, s.client, call{
		endpoint: stackDeleteTagEndpoint,
		args:     append(id.pathArgs(), pathArg{"name", name}),
	})
}

// stackReplaceTagsEndpoint is idempotent: it replaces all tags.
var stackReplaceTagsEndpoint = Endpoint{
	Method: http.MethodPatch, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/tags", Idempotent: true,
}

// ReplaceTags gives a stack these tags and no others: those that are not among
// them are gone, also those that Pulumi has set. To change one tag, use
// [StacksService.SetTag]. Names or values that the service does not like are an
// [*APIError] of status 400.
//
// Pulumi Cloud: PATCH /api/stacks/{orgName}/{projectName}/{stackName}/tags
func (s *StacksService) ReplaceTags(ctx context.Context, id StackIdentifier, tags map[string]string) error {
	return executeWithBody(ctx, s.client, call{endpoint: stackReplaceTagsEndpoint, args: id.pathArgs()}, "tags", tags)
}
