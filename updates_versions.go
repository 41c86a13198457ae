package pulumiapi

import (
	"context"
	"iter"
	"net/http"
)

var (
	updateGetLatestEndpoint = Endpoint{
		Method: http.MethodGet, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/updates/latest",
	}
	updateGetEndpoint = Endpoint{
		Method: http.MethodGet, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/updates/{version}",
	}
)

// GetLatest returns a stack's last update. A stack that was never updated is
// [ErrNotFound].
//
// Pulumi Cloud: GET /api/stacks/{orgName}/{projectName}/{stackName}/updates/latest
func (s *UpdatesService) GetLatest(ctx context.Context, id StackIdentifier) (*Update, error) {
	return fetch[Update](ctx, s.client, call{endpoint: updateGetLatestEndpoint, args: id.pathArgs()})
}

// Get returns the update that made a stack this version. A version that the stack
// never had is [ErrNotFound].
//
// Pulumi Cloud: GET /api/stacks/{orgName}/{projectName}/{stackName}/updates/{version}
func (s *UpdatesService) Get(ctx context.Context, id StackIdentifier, version int) (*Update, error) {
	return fetchVersion[Update](ctx, s.client, call{endpoint: updateGetEndpoint}, id, version)
}

// UpdateSummary is how an update has ended, in short.
type UpdateSummary struct {
	Result    UpdateResult `json:"result"`
	StartTime Timestamp    `json:"startTime"`
	// EndTime is when the update ended; zero while it runs.
	EndTime Timestamp `json:"endTime"`
	// ResourceCount is how many resources the stack had after the update.
	ResourceCount int `json:"resourceCount"`
}

var updateGetSummaryEndpoint = Endpoint{
	Method: http.MethodGet, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/updates/{version}/summary",
}

// GetSummary returns in short what [UpdatesService.Get] does.
//
// Pulumi Cloud: GET /api/stacks/{orgName}/{projectName}/{stackName}/updates/{version}/summary
func (s *UpdatesService) GetSummary(ctx context.Context, id StackIdentifier, version int) (*UpdateSummary, error) {
	return fetchVersion[UpdateSummary](ctx, s.client, call{endpoint: updateGetSummaryEndpoint}, id, version)
}

var (
	updateGetPreviewEndpoint = Endpoint{
		Method: http.MethodGet, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/previews/{updateID}",
	}
	updateGetPreviewSummaryEndpoint = Endpoint{
		Method: http.MethodGet, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/previews/{updateID}/summary",
	}
)

// GetPreview returns a preview. One that does not exist is [ErrNotFound].
//
// Pulumi Cloud: GET /api/stacks/{orgName}/{projectName}/{stackName}/previews/{updateID}
func (s *UpdatesService) GetPreview(ctx context.Context, id StackIdentifier, updateID string) (*Update, error) {
	return fetch[Update](ctx, s.client, call{endpoint: updateGetPreviewEndpoint, args: id.updateArgs(updateID)})
}

// GetPreviewSummary returns in short what [UpdatesService.GetPreview] does.
//
// Pulumi Cloud: GET /api/stacks/{orgName}/{projectName}/{stackName}/previews/{updateID}/summary
func (s *UpdatesService) GetPreviewSummary(ctx context.Context, id StackIdentifier, updateID string) (*UpdateSummary, error) {
	return fetch[UpdateSummary](ctx, s.client, call{endpoint: updateGetPreviewSummaryEndpoint, args: id.updateArgs(updateID)})
}

var updateListPreviewsAtVersionEndpoint = Endpoint{
	Method: http.MethodGet, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/updates/{version}/previews",
}

// ListPreviewsAtVersion walks the previews that the service counts to a version
// of a stack, over all pages, as [UpdatesService.ListPreviews] does for the
// version of now. The sequence yields a nil update with the first error, and ends.
//
// Pulumi Cloud: GET /api/stacks/{orgName}/{projectName}/{stackName}/updates/{version}/previews
func (s *UpdatesService) ListPreviewsAtVersion(ctx context.Context, id StackIdentifier, version int, opts *PreviewListOptions) iter.Seq2[*Update, error] {
	return walk(ctx, opts, func(ctx context.Context, o *PreviewListOptions) (*Page[Update], error) {
		return s.ListPreviewsAtVersionPage(ctx, id, version, o)
	})
}

// ListPreviewsAtVersionPage returns one page of what
// [UpdatesService.ListPreviewsAtVersion] walks: the first, or the one at the
// Cursor of opts.
//
// Pulumi Cloud: GET /api/stacks/{orgName}/{projectName}/{stackName}/updates/{version}/previews
func (s *UpdatesService) ListPreviewsAtVersionPage(ctx context.Context, id StackIdentifier, version int, opts *PreviewListOptions) (*Page[Update], error) {
	o := optionsOf(opts)
	args, err := id.versionArgs(version)
	if err != nil {
		return nil, err
	}
	return fetchNumberedPage(ctx, s.client, call{endpoint: updateListPreviewsAtVersionEndpoint, args: args}, o.Cursor, o.PageSize, o, (*updateListAnswer).unpack)
}

// UpdateTimeline is an update, and what led to it.
type UpdateTimeline struct {
	Update Update `json:"update"`
	// CollatedPullRequest is the pull request whose merge started the update; nil
	// if none did.
	CollatedPullRequest *GitHubPullRequest `json:"collatedPullRequest"`
	// CollatedUpdateEvents are what belongs to the update: the previews of its pull
	// request, for instance.
	CollatedUpdateEvents []Update `json:"collatedUpdateEvents"`
	// Previews are the other previews of the time.
	Previews []Update `json:"previews"`
}

// GitHubPullRequest is a pull request on GitHub.
type GitHubPullRequest struct {
	// RepoSlug is the repository: "owner/name".
	RepoSlug string `json:"repoSlug"`
	Number   int    `json:"number"`
	Title    string `json:"title"`
	// SourceRef is the branch to be merged, TargetRef the one that it is merged
	// into.
	SourceRef string `json:"sourceRef"`
	TargetRef string `json:"targetRef"`
	// MergeCommitSHA is the commit that merged it; empty unless WasMerged.
	MergeCommitSHA string    `json:"mergeCommitSHA"`
	WasMerged      bool      `json:"wasMerged"`
	CreatedAt      Timestamp `json:"createdAt"`
	// ClosedAt is zero while the pull request is open.
	ClosedAt Timestamp `json:"closedAt"`
}

var (
	updateGetLatestTimelineEndpoint = Endpoint{
		Method: http.MethodGet, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/updates/latest/timeline",
	}
	updateGetTimelineEndpoint = Endpoint{
		Method: http.MethodGet, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/updates/{version}/timeline",
	}
)

// GetLatestTimeline returns what led to a stack's last update. A stack that was
// never updated is [ErrNotFound].
//
// Pulumi Cloud: GET /api/stacks/{orgName}/{projectName}/{stackName}/updates/latest/timeline
func (s *UpdatesService) GetLatestTimeline(ctx context.Context, id StackIdentifier) (*UpdateTimeline, error) {
	return fetch[UpdateTimeline](ctx, s.client, call{endpoint: updateGetLatestTimelineEndpoint, args: id.pathArgs()})
}

// GetTimeline returns what led to the update that made a stack this version. A
// version that the stack never had is [ErrNotFound].
//
// Pulumi Cloud: GET /api/stacks/{orgName}/{projectName}/{stackName}/updates/{version}/timeline
func (s *UpdatesService) GetTimeline(ctx context.Context, id StackIdentifier, version int) (*UpdateTimeline, error) {
	return fetchVersion[UpdateTimeline](ctx, s.client, call{endpoint: updateGetTimelineEndpoint}, id, version)
}

// ConsoleUpdateSummary is what an update has done, as text for people.
type ConsoleUpdateSummary struct {
	// Summary is what the command line shows at the end of an update.
	Summary string `json:"summary"`
}

var (
	updateGetLatestConsoleSummaryEndpoint = Endpoint{
		Method: http.MethodGet, Template: "/api/console/stacks/{orgName}/{projectName}/{stackName}/updates/latest/summary",
	}
	updateGetConsoleSummaryEndpoint = Endpoint{
		Method: http.MethodGet, Template: "/api/console/stacks/{orgName}/{projectName}/{stackName}/updates/{updateID}/summary",
	}
)

// GetLatestConsoleSummary returns what a stack's last update has done, as text. A
// stack that was never updated is [ErrNotFound].
//
// Pulumi Cloud: GET /api/console/stacks/{orgName}/{projectName}/{stackName}/updates/latest/summary
func (s *UpdatesService) GetLatestConsoleSummary(ctx context.Context, id StackIdentifier) (*ConsoleUpdateSummary, error) {
	return fetch[ConsoleUpdateSummary](ctx, s.client, call{endpoint: updateGetLatestConsoleSummaryEndpoint, args: id.pathArgs()})
}

// GetConsoleSummary returns what an update has done, as text. One that does not
// exist is [ErrNotFound].
//
// Pulumi Cloud: GET /api/console/stacks/{orgName}/{projectName}/{stackName}/updates/{updateID}/summary
func (s *UpdatesService) GetConsoleSummary(ctx context.Context, id StackIdentifier, updateID string) (*ConsoleUpdateSummary, error) {
	return fetch[ConsoleUpdateSummary](ctx, s.client, call{endpoint: updateGetConsoleSummaryEndpoint, args: id.updateArgs(updateID)})
}
