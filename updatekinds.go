package pulumiapi

import (
	"context"
	"iter"
	"net/http"
)

// The service has paths of their own for previews, refreshes and destroys, beside
// those of [UpdatesService.GetStatus] and [UpdatesService.ListEvents], which serve
// updates of every kind.
var (
	updateGetPreviewStatusEndpoint = Endpoint{
		Method: http.MethodGet, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/preview/{updateID}",
	}
	updateGetRefreshStatusEndpoint = Endpoint{
		Method: http.MethodGet, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/refresh/{updateID}",
	}
	updateGetDestroyStatusEndpoint = Endpoint{
		Method: http.MethodGet, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/destroy/{updateID}",
	}
	updateListPreviewEventsEndpoint = Endpoint{
		Method: http.MethodGet, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/preview/{updateID}/events",
	}
	updateListRefreshEventsEndpoint = Endpoint{
		Method: http.MethodGet, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/refresh/{updateID}/events",
	}
	updateListDestroyEventsEndpoint = Endpoint{
		Method: http.MethodGet, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/destroy/{updateID}/events",
	}
)

// GetPreviewStatus returns how far a preview has come, and a part of what it has
// printed, as [UpdatesService.GetStatus] does for updates of every kind.
//
// Pulumi Cloud: GET /api/stacks/{orgName}/{projectName}/{stackName}/preview/{updateID}
func (s *UpdatesService) GetPreviewStatus(ctx context.Context, id StackIdentifier, updateID string, opts *UpdateStatusOptions) (*UpdateResults, error) {
	return s.getStatus(ctx, call{endpoint: updateGetPreviewStatusEndpoint, args: id.updateArgs(updateID)}, opts)
}

// ListPreviewEvents walks the engine's events of a preview, as
// [UpdatesService.ListEvents] does for updates of every kind. The sequence yields a
// nil event with the first error, and ends.
//
// Pulumi Cloud: GET /api/stacks/{orgName}/{projectName}/{stackName}/preview/{updateID}/events
func (s *UpdatesService) ListPreviewEvents(ctx context.Context, id StackIdentifier, updateID string, opts *EngineEventListOptions) iter.Seq2[*EngineEvent, error] {
	return walkEvents(ctx, opts, func(ctx context.Context, o *EngineEventListOptions) (*Page[EngineEvent], error) {
		return s.ListPreviewEventsPage(ctx, id, updateID, o)
	})
}

// ListPreviewEventsPage returns one page of what
// [UpdatesService.ListPreviewEvents] walks, as [UpdatesService.ListEventsPage] does.
//
// Pulumi Cloud: GET /api/stacks/{orgName}/{projectName}/{stackName}/preview/{updateID}/events
func (s *UpdatesService) ListPreviewEventsPage(ctx context.Context, id StackIdentifier, updateID string, opts *EngineEventListOptions) (*Page[EngineEvent], error) {
	return s.listEventsPage(ctx, call{endpoint: updateListPreviewEventsEndpoint, args: id.updateArgs(updateID)}, opts)
}

// GetRefreshStatus returns how far a refresh has come, and a part of what it has
// printed, as [UpdatesService.GetStatus] does for updates of every kind.
//
// Pulumi Cloud: GET /api/stacks/{orgName}/{projectName}/{stackName}/refresh/{updateID}
func (s *UpdatesService) GetRefreshStatus(ctx context.Context, id StackIdentifier, updateID string, opts *UpdateStatusOptions) (*UpdateResults, error) {
	return s.getStatus(ctx, call{endpoint: updateGetRefreshStatusEndpoint, args: id.updateArgs(updateID)}, opts)
}

// ListRefreshEvents walks the engine's events of a refresh, as
// [UpdatesService.ListEvents] does for updates of every kind. The sequence yields a
// nil event with the first error, and ends.
//
// Pulumi Cloud: GET /api/stacks/{orgName}/{projectName}/{stackName}/refresh/{updateID}/events
func (s *UpdatesService) ListRefreshEvents(ctx context.Context, id StackIdentifier, updateID string, opts *EngineEventListOptions) iter.Seq2[*EngineEvent, error] {
	return walkEvents(ctx, opts, func(ctx context.Context, o *EngineEventListOptions) (*Page[EngineEvent], error) {
		return s.ListRefreshEventsPage(ctx, id, updateID, o)
	})
}

// ListRefreshEventsPage returns one page of what
// [UpdatesService.ListRefreshEvents] walks, as [UpdatesService.ListEventsPage] does.
//
// Pulumi Cloud: GET /api/stacks/{orgName}/{projectName}/{stackName}/refresh/{updateID}/events
func (s *UpdatesService) ListRefreshEventsPage(ctx context.Context, id StackIdentifier, updateID string, opts *EngineEventListOptions) (*Page[EngineEvent], error) {
	return s.listEventsPage(ctx, call{endpoint: updateListRefreshEventsEndpoint, args: id.updateArgs(updateID)}, opts)
}

// GetDestroyStatus returns how far a destroy has come, and a part of what it has
// printed, as [UpdatesService.GetStatus] does for updates of every kind.
//
// Pulumi Cloud: GET /api/stacks/{orgName}/{projectName}/{stackName}/destroy/{updateID}
func (s *UpdatesService) GetDestroyStatus(ctx context.Context, id StackIdentifier, updateID string, opts *UpdateStatusOptions) (*UpdateResults, error) {
	return s.getStatus(ctx, call{endpoint: updateGetDestroyStatusEndpoint, args: id.updateArgs(updateID)}, opts)
}

// ListDestroyEvents walks the engine's events of a destroy, as
// [UpdatesService.ListEvents] does for updates of every kind. The sequence yields a
// nil event with the first error, and ends.
//
// Pulumi Cloud: GET /api/stacks/{orgName}/{projectName}/{stackName}/destroy/{updateID}/events
func (s *UpdatesService) ListDestroyEvents(ctx context.Context, id StackIdentifier, updateID string, opts *EngineEventListOptions) iter.Seq2[*EngineEvent, error] {
	return walkEvents(ctx, opts, func(ctx context.Context, o *EngineEventListOptions) (*Page[EngineEvent], error) {
		return s.ListDestroyEventsPage(ctx, id, updateID, o)
	})
}

// ListDestroyEventsPage returns one page of what
// [UpdatesService.ListDestroyEvents] walks, as [UpdatesService.ListEventsPage] does.
//
// Pulumi Cloud: GET /api/stacks/{orgName}/{projectName}/{stackName}/destroy/{updateID}/events
func (s *UpdatesService) ListDestroyEventsPage(ctx context.Context, id StackIdentifier, updateID string, opts *EngineEventListOptions) (*Page[EngineEvent], error) {
	return s.listEventsPage(ctx, call{endpoint: updateListDestroyEventsEndpoint, args: id.updateArgs(updateID)}, opts)
}
