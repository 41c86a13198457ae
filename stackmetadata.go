package pulumiapi

import (
	"context"
	"net/http"
)

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

// stackUpdateNotificationSettingsEndpoint is idempotent: it sets both settings.
var stackUpdateNotificationSettingsEndpoint = Endpoint{
	Method: http.MethodPatch, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/notifications/settings", Idempotent: true,
}

// UpdateNotificationSettings changes of which updates the service sends word, and
// returns the stack's metadata; without the owner, if the server sends no body.
//
// Pulumi Cloud: PATCH /api/stacks/{orgName}/{projectName}/{stackName}/notifications/settings
func (s *StacksService) UpdateNotificationSettings(ctx context.Context, id StackIdentifier, req StackNotificationSettingsUpdateRequest) (*StackMetadata, error) {
	return fetchWithBody[StackMetadata](ctx, s.client, call{
		endpoint: stackUpdateNotificationSettingsEndpoint, args: id.pathArgs(),
		known: &StackMetadata{
			OrgName: id.Org, ProjectName: id.Project, StackName: id.Stack,
			NotificationSettings: StackNotificationSettings(req),
		},
	}, "req", req)
}
