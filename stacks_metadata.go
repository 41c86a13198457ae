package pulumiapi

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"

	"github.com/pulumiapi/pulumiapi/internal/jsonx"
	"github.com/pulumiapi/pulumiapi/internal/transport"
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

// StackActivity is something that was done with a stack: a deployment, or an
// update that none made.
type StackActivity struct {
	// Deployment is nil if the activity is an update, and Update if it is a
	// deployment.
	Deployment *DeploymentWithUpdates `json:"deployment"`
	Update     *Update                `json:"update"`
}

// DeploymentWithUpdates is a deployment with the updates that it has made.
type DeploymentWithUpdates struct {
	Deployment

	Updates []Update `json:"updates"`
}

// StackActivityListOptions choose a part of a stack's activity.
type StackActivityListOptions struct {
	// PageSize is how many activities an answer holds at most: 100 if zero.
	PageSize int `url:"-"`
	// Cursor is where to begin: a [Page.Next] of this list.
	Cursor Cursor `url:"-"`
	// NoPrefetch fetches a page only when the loop gets there, never ahead.
	NoPrefetch bool `url:"-"`
	// Parallel is how many pages ListActivity fetches at a time once the first has told
	// the list's length: at most 16, one if zero. NoPrefetch goes before it, and
	// ListActivityPage takes no notice.
	Parallel int `url:"-"`
}

func (o *StackActivityListOptions) walkOptions() walkOptions {
	return walkOptions{cursor: &o.Cursor, noPrefetch: o.NoPrefetch, parallel: o.Parallel}
}

var stackListActivityEndpoint = Endpoint{
	Method: http.MethodGet, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/activity",
}

// ListActivity walks what was done with a stack, newest first, over all pages:
// updates, previews and deployments. The sequence yields a nil activity with the
// first error, and ends.
//
// Pulumi Cloud: GET /api/stacks/{orgName}/{projectName}/{stackName}/activity
func (s *StacksService) ListActivity(ctx context.Context, id StackIdentifier, opts *StackActivityListOptions) iter.Seq2[*StackActivity, error] {
	return walk(ctx, opts, func(ctx context.Context, o *StackActivityListOptions) (*Page[StackActivity], error) {
		return s.ListActivityPage(ctx, id, o)
	})
}

// ListActivityPage returns one page of what [StacksService.ListActivity] walks:
// the first, or the one at the Cursor of opts.
//
// Pulumi Cloud: GET /api/stacks/{orgName}/{projectName}/{stackName}/activity
func (s *StacksService) ListActivityPage(ctx context.Context, id StackIdentifier, opts *StackActivityListOptions) (*Page[StackActivity], error) {
	o := optionsOf(opts)
	type answer struct {
		Activity     []StackActivity `json:"activity"`
		ItemsPerPage int             `json:"itemsPerPage"`
		Total        int             `json:"total"`
	}
	return fetchNumberedPage(ctx, s.client, call{endpoint: stackListActivityEndpoint, args: id.pathArgs()}, o.Cursor, o.PageSize, o,
		func(a *answer) ([]StackActivity, int, int) { return a.Activity, a.Total, a.ItemsPerPage })
}

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
