package pulumiapi

import (
	"context"
	"net/http"
)

var stackReplaceTagsEndpoint = Endpoint{
	Method: http.MethodPatch, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/tags",
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

var stackGetConfigEndpoint = Endpoint{
	Method: http.MethodGet, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/config",
}

// GetConfig returns where the service keeps a stack's configuration. A stack
// whose configuration is in a file of the project is [ErrNotFound].
//
// Pulumi Cloud: GET /api/stacks/{orgName}/{projectName}/{stackName}/config
func (s *StacksService) GetConfig(ctx context.Context, id StackIdentifier) (*StackConfig, error) {
	return fetch[StackConfig](ctx, s.client, call{endpoint: stackGetConfigEndpoint, args: id.pathArgs()})
}

// StackConfigUpdateRequest says where the service is to keep a stack's
// configuration.
type StackConfigUpdateRequest struct {
	// Environment is the Pulumi ESC environment that holds it:
	// "project/environment", with "@version" or without.
	Environment string `json:"environment"`
}

var stackUpdateConfigEndpoint = Endpoint{
	Method: http.MethodPut, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/config",
}

// UpdateConfig lets an environment hold a stack's configuration, whatever held
// it before, and returns what holds it now. An environment that does not exist is
// an [*APIError] of status 400.
//
// Pulumi Cloud: PUT /api/stacks/{orgName}/{projectName}/{stackName}/config
func (s *StacksService) UpdateConfig(ctx context.Context, id StackIdentifier, req StackConfigUpdateRequest) (*StackConfig, error) {
	if err := checkNotEmpty("req.Environment", req.Environment); err != nil {
		return nil, err
	}
	return fetchWithBody[StackConfig](ctx, s.client, call{endpoint: stackUpdateConfigEndpoint, args: id.pathArgs()}, "req", req)
}

var stackDeleteConfigEndpoint = Endpoint{
	Method: http.MethodDelete, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/config",
}

// DeleteConfig lets a file of the project hold a stack's configuration again. The
// environment that held it stays.
//
// Pulumi Cloud: DELETE /api/stacks/{orgName}/{projectName}/{stackName}/config
func (s *StacksService) DeleteConfig(ctx context.Context, id StackIdentifier) error {
	return execute(ctx, s.client, call{endpoint: stackDeleteConfigEndpoint, args: id.pathArgs()})
}

// StackMetadata is what the service knows of a stack beside its state.
type StackMetadata struct {
	OrgName     string `json:"orgName"`
	ProjectName string `json:"projectName"`
	StackName   string `json:"stackName"`
	// OwnedBy is the stack's owner, whom [StacksService.ReassignOwnership] changes.
	OwnedBy              UserInfo                  `json:"ownedBy"`
	NotificationSettings StackNotificationSettings `json:"notificationSettings"`
}

// Identifier returns the stack's name in full.
func (m *StackMetadata) Identifier() StackIdentifier {
	return StackIdentifier{Org: m.OrgName, Project: m.ProjectName, Stack: m.StackName}
}

// StackNotificationSettings say of which updates the service sends word.
type StackNotificationSettings struct {
	NotifyUpdateSuccess bool `json:"notifyUpdateSuccess"`
	NotifyUpdateFailure bool `json:"notifyUpdateFailure"`
}

var stackGetMetadataEndpoint = Endpoint{
	Method: http.MethodGet, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/metadata",
}

// GetMetadata returns a stack's owner and its settings.
//
// Pulumi Cloud: GET /api/stacks/{orgName}/{projectName}/{stackName}/metadata
func (s *StacksService) GetMetadata(ctx context.Context, id StackIdentifier) (*StackMetadata, error) {
	return fetch[StackMetadata](ctx, s.client, call{endpoint: stackGetMetadataEndpoint, args: id.pathArgs()})
}

// StackNotificationSettingsUpdateRequest says of which updates the service is to
// send word. Both fields are sent, so that false turns it off.
type StackNotificationSettingsUpdateRequest struct {
	NotifyUpdateSuccess bool `json:"notifyUpdateSuccess"`
	NotifyUpdateFailure bool `json:"notifyUpdateFailure"`
}

var stackUpdateNotificationSettingsEndpoint = Endpoint{
	Method: http.MethodPatch, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/notifications/settings",
}

// UpdateNotificationSettings changes of which updates the service sends word, and
// returns the stack's metadata.
//
// Pulumi Cloud: PATCH /api/stacks/{orgName}/{projectName}/{stackName}/notifications/settings
func (s *StacksService) UpdateNotificationSettings(ctx context.Context, id StackIdentifier, req StackNotificationSettingsUpdateRequest) (*StackMetadata, error) {
	return fetchWithBody[StackMetadata](ctx, s.client,
		call{endpoint: stackUpdateNotificationSettingsEndpoint, args: id.pathArgs()}, "req", req)
}

// StarterWorkflowRequest says for which CI system a workflow is wanted.
type StarterWorkflowRequest struct {
	// CISystem is the system, as the service names it.
	CISystem string `json:"ciSystem"`
	// WorkingDirectory is where the project is in its repository.
	WorkingDirectory string `json:"workingDirectory"`
	// EnablePathFilters lets the workflow run only if something in the working
	// directory has changed.
	EnablePathFilters bool `json:"enablePathFilters"`
}

// StarterWorkflow is a workflow for a CI system that updates a stack.
type StarterWorkflow struct {
	// Content is the workflow's file.
	Content string `json:"content"`
}

// It makes up a text and keeps nothing.
var stackGetStarterWorkflowEndpoint = Endpoint{
	Method: http.MethodPost, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/workflow", Read: true,
}

// GetStarterWorkflow returns a workflow to begin with for a stack. A stack whose
// runtime no tag tells is an [*APIError] of status 400, and a CI system for which
// the service has no workflow is [ErrNotFound].
//
// Pulumi Cloud: POST /api/stacks/{orgName}/{projectName}/{stackName}/workflow
func (s *StacksService) GetStarterWorkflow(ctx context.Context, id StackIdentifier, req StarterWorkflowRequest) (*StarterWorkflow, error) {
	if err := checkNotEmpty("req.CISystem", req.CISystem); err != nil {
		return nil, err
	}
	return fetchWithBody[StarterWorkflow](ctx, s.client, call{endpoint: stackGetStarterWorkflowEndpoint, args: id.pathArgs()}, "req", req)
}
