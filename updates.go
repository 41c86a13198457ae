package pulumiapi

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"

	"github.com/pulumiapi/pulumiapi/internal/jsonx"
)

// UpdatesService reads the updates of stacks: what they changed, how they
// ended, and the events of the engine meanwhile. Previews, refreshes and
// destroys are updates of other kinds.
type UpdatesService struct {
	client *Client
}

// Update is one entry of a stack's history.
type Update struct {
	// UpdateInfo is what the engine has recorded.
	UpdateInfo `json:"info"`

	// UpdateID names the update in other methods. Old self-hosted
	// installations don't tell it.
	UpdateID string `json:"updateID"`
	// GitHubCommitInfo is the commit that was updated from; nil if the service
	// doesn't know it.
	GitHubCommitInfo *GitHubCommitInfo `json:"githubCommitInfo"`
	// Version is the stack's version after the update.
	Version int `json:"version"`
	// LatestVersion is the stack's version now.
	LatestVersion int `json:"latestVersion"`
	// RequestedBy is the user who started the update, and RequestedByToken the
	// name of the access token, if that was used.
	RequestedBy      UserInfo `json:"requestedBy"`
	RequestedByToken string   `json:"requestedByToken"`
	// PolicyPacks are the policy packs that the update had to pass.
	PolicyPacks []PolicyPackMetadata `json:"policyPacks"`
}

// UnmarshalJSON reads both forms of an update: the service's own, and the older
// one, in which self-hosted installations answer: the engine's record alone.
func (u *Update) UnmarshalJSON(data []byte) error {
	type service Update // without this method
	var update service
	if err := jsonx.Decode(data, &update); err != nil {
		return err
	}
	*u = Update(update)
	if u.UpdateID != "" || u.Kind != "" {
		return nil // by far the most frequent
	}
	var form struct {
		Info *struct{} `json:"info"`
	}
	if err := jsonx.Decode(data, &form); err != nil || form.Info != nil {
		return err
	}
	if err := jsonx.Decode(data, &u.UpdateInfo); err != nil {
		return err
	}
	u.Version = u.UpdateInfo.Version
	return nil
}

// UpdateInfo is what the engine has recorded of an update.
type UpdateInfo struct {
	Kind      UpdateKind `json:"kind"`
	StartTime Timestamp  `json:"startTime"`
	// Message is what the user gave as the update's purpose.
	Message string `json:"message"`
	// Environment describes where the update ran: "git.head", "exec.kind", …
	Environment map[string]string `json:"environment"`
	// Config is the stack's configuration at the time.
	Config map[string]ConfigValue `json:"config"`
	Result UpdateResult           `json:"result"`
	// EndTime is when the update ended; zero while it runs.
	EndTime Timestamp `json:"endTime"`
	// Version is the stack's version after the update.
	Version int `json:"version"`
	// Deployment is the state after the update, as JSON, where it was asked for.
	Deployment json.RawMessage `json:"deployment"`
	// ResourceChanges counts resources by what was done to them.
	ResourceChanges map[StepOp]int `json:"resourceChanges"`
	// ResourceCount is how many resources the stack had after the update.
	ResourceCount int `json:"resourceCount"`
}

// UpdateKind is what an update does, or what a preview looks ahead to.
type UpdateKind string

// The kinds of updates. Those of previews begin with Preview.
const (
	UpdateKindUpdate         UpdateKind = "update"
	UpdateKindPreview        UpdateKind = "preview"
	UpdateKindRefresh        UpdateKind = "refresh"
	UpdateKindRename         UpdateKind = "rename"
	UpdateKindDestroy        UpdateKind = "destroy"
	UpdateKindImport         UpdateKind = "import"
	UpdateKindResourceImport UpdateKind = "resource-import"
	UpdateKindPreviewUpdate  UpdateKind = "Pupdate"
	UpdateKindPreviewRefresh UpdateKind = "Prefresh"
	UpdateKindPreviewDestroy UpdateKind = "Pdestroy"
	UpdateKindPreviewImport  UpdateKind = "Pimport"
	UpdateKindPreviewRename  UpdateKind = "Prename"
)

// UpdateResult is how an update has ended, in the engine's record, where one that
// was cancelled has failed. [UpdatesService.GetStatus] tells them apart.
type UpdateResult string

// The results of updates.
const (
	UpdateResultNotStarted UpdateResult = "not-started"
	UpdateResultInProgress UpdateResult = "in-progress"
	UpdateResultSucceeded  UpdateResult = "succeeded"
	UpdateResultFailed     UpdateResult = "failed"
)

// ConfigValue is one value of a stack's configuration.
type ConfigValue struct {
	// String is the value: plain text, or base64 of what is encrypted if it is
	// a secret, or JSON if it is an object.
	String string `json:"string"`
	// Secret says that the value is encrypted.
	Secret bool `json:"secret"`
	// Object says that the value is JSON.
	Object bool `json:"object"`
}

// GitHubCommitInfo is a commit on GitHub. Which fields are filled in depends on
// what the service could find out.
type GitHubCommitInfo struct {
	// Slug is the repository: "owner/name".
	Slug    string `json:"slug"`
	SHA     string `json:"sha"`
	URL     string `json:"url"`
	Message string `json:"message"`
	// Author and Committer are nil if unknown.
	Author    *UserInfo `json:"author"`
	Committer *UserInfo `json:"committer"`
}

// PolicyPackMetadata is a policy pack that an update had to pass.
type PolicyPackMetadata struct {
	Name        string `json:"name"`
	DisplayName string `json:"displayName"`
	Version     int    `json:"version"`
	VersionTag  string `json:"versionTag"`
	// Config is the policies' configuration, as JSON, by policy.
	Config map[string]json.RawMessage `json:"config"`
	// Environments are the Pulumi ESC environments that the pack uses.
	Environments []string `json:"environments"`
}

// UpdateListOptions choose a part of a stack's history.
type UpdateListOptions struct {
	// PageSize is how many updates an answer holds at most: 100 if zero.
	PageSize int `url:"-"`
	// Cursor is where to begin: a [Page.Next] of this list.
	Cursor Cursor `url:"-"`
	// NoPrefetch fetches a page only when the loop gets there, never ahead.
	NoPrefetch bool `url:"-"`
	// Parallel is how many pages List fetches at a time once the first has told
	// the list's length: at most 16, one if zero. NoPrefetch goes before it, and
	// ListPage takes no notice.
	Parallel int `url:"-"`
}

func (o *UpdateListOptions) walkOptions() walkOptions {
	return walkOptions{cursor: &o.Cursor, noPrefetch: o.NoPrefetch, parallel: o.Parallel}
}

var updateListEndpoint = Endpoint{
	Method: http.MethodGet, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/updates",
}

// List walks a stack's updates, newest first, over all pages. The sequence
// yields a nil update with the first error, and ends.
//
// Pulumi Cloud: GET /api/stacks/{orgName}/{projectName}/{stackName}/updates
func (s *UpdatesService) List(ctx context.Context, id StackIdentifier, opts *UpdateListOptions) iter.Seq2[*Update, error] {
	return walk(ctx, opts, func(ctx context.Context, o *UpdateListOptions) (*Page[Update], error) {
		return s.ListPage(ctx, id, o)
	})
}

// ListPage returns one page of what [UpdatesService.List] walks: the first, or
// the one at the Cursor of opts. Its Total is how many updates there are; old
// self-hosted installations don't tell it.
//
// Pulumi Cloud: GET /api/stacks/{orgName}/{projectName}/{stackName}/updates
func (s *UpdatesService) ListPage(ctx context.Context, id StackIdentifier, opts *UpdateListOptions) (*Page[Update], error) {
	o := optionsOf(opts)
	query := struct {
		OutputType string `url:"output-type"`
	}{"service"} // the form that tells the updates' IDs
	return fetchNumberedPage(ctx, s.client, call{endpoint: updateListEndpoint, args: id.pathArgs()}, o.Cursor, o.PageSize, query, (*updateListAnswer).unpack)
}

// updateListAnswer is a page of a list of updates.
type updateListAnswer struct {
	Updates      []Update `json:"updates"`
	ItemsPerPage int      `json:"itemsPerPage"`
	Total        int      `json:"total"`
}

func (a *updateListAnswer) unpack() (updates []Update, total, perPage int) {
	return a.Updates, a.Total, a.ItemsPerPage
}

// PreviewListOptions choose among a stack's previews.
type PreviewListOptions struct {
	// Ascending lists the oldest first, not the newest.
	Ascending bool `url:"asc"`
	// PageSize is how many previews an answer holds at most: 100 if zero.
	PageSize int `url:"-"`
	// Cursor is where to begin: a [Page.Next] of this list.
	Cursor Cursor `url:"-"`
	// NoPrefetch fetches a page only when the loop gets there, never ahead.
	NoPrefetch bool `url:"-"`
	// Parallel is how many pages ListPreviews fetches at a time once the first has told
	// the list's length: at most 16, one if zero. NoPrefetch goes before it, and
	// ListPreviewsPage takes no notice.
	Parallel int `url:"-"`
}

func (o *PreviewListOptions) walkOptions() walkOptions {
	return walkOptions{cursor: &o.Cursor, noPrefetch: o.NoPrefetch, parallel: o.Parallel}
}

var updateListPreviewsEndpoint = Endpoint{
	Method: http.MethodGet, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/updates/latest/previews",
}

// ListPreviews walks the previews since a stack's last update, over all pages.
// The sequence yields a nil update with the first error, and ends.
//
// Pulumi Cloud: GET /api/stacks/{orgName}/{projectName}/{stackName}/updates/latest/previews
func (s *UpdatesService) ListPreviews(ctx context.Context, id StackIdentifier, opts *PreviewListOptions) iter.Seq2[*Update, error] {
	return walk(ctx, opts, func(ctx context.Context, o *PreviewListOptions) (*Page[Update], error) {
		return s.ListPreviewsPage(ctx, id, o)
	})
}

// ListPreviewsPage returns one page of what [UpdatesService.ListPreviews]
// walks: the first, or the one at the Cursor of opts.
//
// Pulumi Cloud: GET /api/stacks/{orgName}/{projectName}/{stackName}/updates/latest/previews
func (s *UpdatesService) ListPreviewsPage(ctx context.Context, id StackIdentifier, opts *PreviewListOptions) (*Page[Update], error) {
	o := optionsOf(opts)
	return fetchNumberedPage(ctx, s.client, call{endpoint: updateListPreviewsEndpoint, args: id.pathArgs()}, o.Cursor, o.PageSize, o, (*updateListAnswer).unpack)
}

// UpdateStatus is how far an update has come.
type UpdateStatus string

// The states of updates. Self-hosted installations spell those of a running
// update in other ways: [UpdateStatus.IsFinal] asks for the others.
const (
	UpdateStatusNotStarted UpdateStatus = "not started"
	UpdateStatusRequested  UpdateStatus = "requested"
	UpdateStatusRunning    UpdateStatus = "running"
	UpdateStatusFailed     UpdateStatus = "failed"
	UpdateStatusSucceeded  UpdateStatus = "succeeded"
	UpdateStatusCancelled  UpdateStatus = "cancelled"
)

// IsFinal reports whether the update has ended, in whatever way. There may be
// output still to be read: see [UpdateResults].
func (s UpdateStatus) IsFinal() bool {
	return s == UpdateStatusFailed || s == UpdateStatusSucceeded || s == UpdateStatusCancelled
}

// UpdateResults is how far an update has come, and what it has printed.
type UpdateResults struct {
	Status UpdateStatus `json:"status"`
	// Events are lines of output.
	Events []UpdateEvent `json:"events"`
	// ContinuationToken asks for what comes after these events. While the
	// update runs, the same token means that there is nothing new yet. All has
	// been told when the status is final and the token is empty.
	ContinuationToken string `json:"continuationToken"`
}

// UpdateEvent is output of an update. What the engine does is told by
// [UpdatesService.ListEvents].
type UpdateEvent struct {
	// Index orders the events.
	Index string          `json:"index"`
	Kind  UpdateEventKind `json:"kind"`
	// Fields are the event's values, as JSON: "text" is what was printed.
	Fields map[string]json.RawMessage `json:"fields"`
}

// UpdateEventKind is where an update has printed something.
type UpdateEventKind string

// The kinds of output.
const (
	UpdateEventKindStdout UpdateEventKind = "stdout"
	UpdateEventKindStderr UpdateEventKind = "stderr"
)

// UpdateStatusOptions choose what a status tells.
type UpdateStatusOptions struct {
	// ContinuationToken asks for the events after those that
	// [UpdateResults] with that token had.
	ContinuationToken string `url:"continuationToken,omitempty"`
}

var updateGetStatusEndpoint = Endpoint{
	Method: http.MethodGet, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/update/{updateID}",
}

// GetStatus returns how far an update of any kind has come, and a part of what it
// has printed. It does not wait: [UpdatesService.Wait] does.
//
// Pulumi Cloud: GET /api/stacks/{orgName}/{projectName}/{stackName}/update/{updateID}
func (s *UpdatesService) GetStatus(ctx context.Context, id StackIdentifier, updateID string, opts *UpdateStatusOptions) (*UpdateResults, error) {
	return s.getStatus(ctx, call{endpoint: updateGetStatusEndpoint, args: id.updateArgs(updateID)}, opts)
}

func (s *UpdatesService) getStatus(ctx context.Context, r call, opts *UpdateStatusOptions) (*UpdateResults, error) {
	var err error
	if r.query, err = encodeQuery(optionsOf(opts)); err != nil {
		return nil, err
	}
	return fetch[UpdateResults](ctx, s.client, r)
}

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
