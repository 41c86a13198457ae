package pulumiapi

import (
	"context"
	"errors"
	"iter"
	"net/http"
)

// StacksService manages stacks: their tags, configuration, state and resources,
// and who may do what with them.
type StacksService struct {
	client *Client
}

// Stack is one stack, as [StacksService.Get] returns it.
type Stack struct {
	// ID is the stack's logical identifier in the service.
	ID          string `json:"id"`
	OrgName     string `json:"orgName"`
	ProjectName string `json:"projectName"`
	StackName   string `json:"stackName"`
	// CurrentOperation is what is running on the stack; nil while nothing is.
	CurrentOperation *StackOperation `json:"currentOperation"`
	// ActiveUpdate is the ID of the newest update, whether it runs or has ended.
	ActiveUpdate string `json:"activeUpdate"`
	// Tags are the stack's tags, those that Pulumi sets itself among them.
	Tags map[string]string `json:"tags"`
	// Config says where the service keeps the stack's configuration; nil if it
	// is in a file of the project.
	Config *StackConfig `json:"config"`
	// Version counts the stack's updates.
	Version int `json:"version"`
}

// Identifier returns the stack's name in full.
func (s *Stack) Identifier() StackIdentifier {
	return StackIdentifier{Org: s.OrgName, Project: s.ProjectName, Stack: s.StackName}
}

// StackOperation is an operation that is running on a stack.
type StackOperation struct {
	// Kind is what is running.
	Kind UpdateKind `json:"kind"`
	// Author is the login of the user who started it.
	Author string `json:"author"`
	// Started is when it began.
	Started Timestamp `json:"started"`
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

// StackConfig says where the service keeps a stack's configuration.
type StackConfig struct {
	// Environment is the Pulumi ESC environment that holds it.
	Environment string `json:"environment"`
	// SecretsProvider is how secrets were encrypted.
	//
	// Deprecated: the service has stopped using it.
	SecretsProvider string `json:"secretsProvider"`
	// EncryptedKey is the data key, encrypted by a cloud's key service.
	//
	// Deprecated: the service has stopped using it.
	EncryptedKey string `json:"encryptedKey"`
	// EncryptionSalt is the salt of a passphrase.
	//
	// Deprecated: the service has stopped using it.
	EncryptionSalt string `json:"encryptionSalt"`
}

// StackSummary is one stack in a list.
type StackSummary struct {
	// ID is the stack's logical identifier in the service.
	ID          string `json:"id"`
	OrgName     string `json:"orgName"`
	ProjectName string `json:"projectName"`
	StackName   string `json:"stackName"`
	// LastUpdate is when the last update began; zero if there was none.
	LastUpdate Timestamp `json:"lastUpdate"`
	// ResourceCount is how many resources the stack has.
	ResourceCount int `json:"resourceCount"`
	// Links lead to the stack elsewhere.
	Links StackLinks `json:"links"`
}

// Identifier returns the stack's name in full.
func (s *StackSummary) Identifier() StackIdentifier {
	return StackIdentifier{Org: s.OrgName, Project: s.ProjectName, Stack: s.StackName}
}

// StackLinks are links to a stack.
type StackLinks struct {
	// Self is the stack's page in the Pulumi Cloud console.
	Self string `json:"self"`
}

// StackListOptions narrow a list of stacks down.
type StackListOptions struct {
	// Organization leaves only the stacks of one organization.
	Organization string `url:"organization,omitempty"`
	// Project leaves only the stacks of projects of that name.
	Project string `url:"project,omitempty"`
	// TagName leaves only the stacks that have the tag, and TagValue, which
	// needs TagName, only those on which it has that value.
	TagName  string `url:"tagName,omitempty"`
	TagValue string `url:"tagValue,omitempty"`
	// RoleID leaves only the stacks that are reached through a custom role.
	RoleID string `url:"roleID,omitempty"`
	// PageSize is how many stacks an answer holds at most; the service's
	// default if zero.
	PageSize int `url:"-"`
	// Cursor is where to begin: a [Page.Next] of this list.
	Cursor Cursor `url:"-"`
	// NoPrefetch fetches a page only when the loop gets there, never ahead.
	NoPrefetch bool `url:"-"`
}

func (o *StackListOptions) check() error {
	if o.TagValue != "" && o.TagName == "" {
		return newArgumentError("opts.TagValue", o.TagValue, "needs opts.TagName")
	}
	return nil
}

var stackListEndpoint = Endpoint{Method: http.MethodGet, Template: "/api/user/stacks"}

// List walks the stacks that the token's user can see, over all pages. The
// sequence yields a nil stack with the first error, and ends: an [*APIError], a
// [*CallError] or, for options that can't be right, an [*ArgumentError].
//
// Pulumi Cloud: GET /api/user/stacks
func (s *StacksService) List(ctx context.Context, opts *StackListOptions) iter.Seq2[*StackSummary, error] {
	return walk(ctx, opts, func(o *StackListOptions) walkOptions {
		return walkOptions{cursor: &o.Cursor, noPrefetch: o.NoPrefetch}
	}, s.ListPage)
}

// ListPage returns one page of what [StacksService.List] walks: the first, or
// the one at the Cursor of opts. Its Total is 0: the service does not count.
//
// Pulumi Cloud: GET /api/user/stacks
func (s *StacksService) ListPage(ctx context.Context, opts *StackListOptions) (*Page[StackSummary], error) {
	o := optionsOf(opts)
	if err := o.check(); err != nil {
		return nil, err
	}
	type answer struct {
		Stacks            []StackSummary `json:"stacks"`
		ContinuationToken string         `json:"continuationToken"`
	}
	return fetchTokenPage(ctx, s.client, call{endpoint: stackListEndpoint},
		paging{cursor: o.Cursor, size: o.PageSize, tokenName: "continuationToken", sizeName: "maxResults"}, opts,
		func(a *answer) (*[]StackSummary, string) { return &a.Stacks, a.ContinuationToken })
}

var stackGetEndpoint = Endpoint{
	Method: http.MethodGet, Template: "/api/stacks/{orgName}/{projectName}/{stackName}",
}

// Get returns one stack with its tags and, while one runs, its current
// operation. A stack that does not exist, or that the token's user may not
// see, is an [*APIError] that is [ErrNotFound].
//
// Pulumi Cloud: GET /api/stacks/{orgName}/{projectName}/{stackName}
func (s *StacksService) Get(ctx context.Context, id StackIdentifier) (*Stack, error) {
	return fetch[Stack](ctx, s.client, call{endpoint: stackGetEndpoint, args: id.pathArgs()})
}

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

var stackSetTagEndpoint = Endpoint{
	Method: http.MethodPatch, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/tags/{tagName}",
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
