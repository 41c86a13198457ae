package pulumiapi

import (
	"bytes"
	"context"
	"net/http"

	"github.com/pulumiapi/pulumiapi/internal/transport"
)

// StackCreateRequest describes a new stack.
type StackCreateRequest struct {
	// Tags are the stack's tags. Those that Pulumi sets itself can be among them.
	Tags map[string]string `json:"tags,omitzero"`
	// Teams are the names of the teams that get access to the stack.
	Teams []string `json:"teams,omitzero"`
	// Config says where the service keeps the stack's configuration. Without it,
	// that is in a file of the project.
	Config *StackConfigUpdateRequest `json:"config,omitzero"`
	// State is what the stack begins with: nothing, if it is nil. The
	// deployment's bytes are sent as they are.
	State *StackState `json:"-"`
}

// CreatedStack is what the service has to say about a new stack.
type CreatedStack struct {
	// Messages are for the user.
	Messages []ServiceMessage `json:"messages"`
}

// ServiceMessage is a text of the service's that is meant for the user.
type ServiceMessage struct {
	Severity MessageSeverity `json:"severity"`
	Message  string          `json:"message"`
}

// MessageSeverity is how serious a message is.
type MessageSeverity string

// The severities of messages.
const (
	MessageSeverityInfo    MessageSeverity = "info"
	MessageSeverityWarning MessageSeverity = "warning"
	MessageSeverityError   MessageSeverity = "error"
)

var stackCreateEndpoint = Endpoint{Method: http.MethodPost, Template: "/api/stacks/{orgName}/{projectName}"}

// Create makes a stack, and its project if there is none of the name. A stack
// that exists is [ErrConflict]; names, tags or a state that the service does not
// like are an [*APIError] of status 400.
//
// Pulumi Cloud: POST /api/stacks/{orgName}/{projectName}
func (s *StacksService) Create(ctx context.Context, id StackIdentifier, req StackCreateRequest) (*CreatedStack, error) {
	if err := checkNotEmpty("id.Stack", id.Stack); err != nil {
		return nil, err
	}
	body, err := req.requestBody(id.Stack)
	if err != nil {
		return nil, err
	}
	return fetch[CreatedStack](ctx, s.client, call{
		endpoint: stackCreateEndpoint, args: id.projectArgs(), body: body, known: new(CreatedStack),
	})
}

// requestBody writes the request around the state, which an encoder would change.
func (req StackCreateRequest) requestBody(name string) (transport.Body, error) {
	head, err := requestEncoder.Encode(struct {
		StackName string `json:"stackName"`
		StackCreateRequest
	}{name, req})
	if err != nil {
		return transport.Body{}, &ArgumentError{Name: "req", Reason: "can't be sent as JSON: " + err.Error()}
	}
	if req.State == nil {
		return transport.BytesBody(head), nil
	}
	state, err := req.State.encode("req.State")
	if err != nil {
		return transport.Body{}, err
	}
	const member = `,"state":`
	var body bytes.Buffer
	body.Grow(len(head) + len(member) + len(state))
	body.Write(bytes.TrimSuffix(head, []byte("}")))
	body.WriteString(member)
	body.Write(state)
	body.WriteByte('}')
	return transport.BytesBody(body.Bytes()), nil
}

var stackProjectExistsEndpoint = Endpoint{Method: http.MethodHead, Template: "/api/stacks/{orgName}/{projectName}"}

// ProjectExists reports whether an organization has a project of the name that
// the token's user may see. The service says no by a 404, and then anything else
// that answers with a 404 says no, too.
//
// Pulumi Cloud: HEAD /api/stacks/{orgName}/{projectName}
func (s *StacksService) ProjectExists(ctx context.Context, org, project string) (bool, error) {
	return exists(ctx, s.client, call{endpoint: stackProjectExistsEndpoint, args: orgArgs(org, pathArg{"project", project})})
}

// StackRenameRequest names a stack anew. What is empty stays as it is; one of
// the two has to be set.
type StackRenameRequest struct {
	// NewName is what the stack is called from then on, NewProject what its
	// project is.
	NewName    string `json:"newName"`
	NewProject string `json:"newProject"`
}

// StackRename is what renaming a stack has started.
type StackRename struct {
	// UpdateID is the ID of the update of kind [UpdateKindRename]. It is empty where
	// the server does not send it; self-hosted ones may not.
	UpdateID string `json:"updateId"`
}

var stackRenameEndpoint = Endpoint{
	Method: http.MethodPost, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/rename",
}

// Rename gives a stack another name, or moves it to another project, or both.
// While an update runs it is [ErrConflict].
//
// Pulumi Cloud: POST /api/stacks/{orgName}/{projectName}/{stackName}/rename
func (s *StacksService) Rename(ctx context.Context, id StackIdentifier, req StackRenameRequest) (*StackRename, error) {
	if req == (StackRenameRequest{}) {
		return nil, &ArgumentError{Name: "req", Reason: "changes nothing: set NewName or NewProject"}
	}
	return fetchWithBody[StackRename](ctx, s.client,
		call{endpoint: stackRenameEndpoint, args: id.pathArgs(), known: new(StackRename)}, "req", req)
}

var stackTransferEndpoint = Endpoint{
	Method: http.MethodPost, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/transfer",
}

// Transfer moves a stack to another organization. The token's user must be a
// member of both. While an update runs it is [ErrConflict].
//
// Pulumi Cloud: POST /api/stacks/{orgName}/{projectName}/{stackName}/transfer
func (s *StacksService) Transfer(ctx context.Context, id StackIdentifier, toOrg string) error {
	if err := checkNotEmpty("toOrg", toOrg); err != nil {
		return err
	}
	body, err := jsonBody("toOrg", struct {
		ToOrg string `json:"toOrg"`
	}{toOrg})
	if err != nil {
		return err
	}
	return execute(ctx, s.client, call{endpoint: stackTransferEndpoint, args: id.pathArgs(), body: body})
}

// StackDeleteOptions say how a stack is deleted.
type StackDeleteOptions struct {
	// Force deletes the stack although it has resources: the service forgets
	// them, and they go on existing.
	Force bool `url:"force,omitempty"`
}

var stackDeleteEndpoint = Endpoint{
	Method: http.MethodDelete, Template: "/api/stacks/{orgName}/{projectName}/{stackName}",
}

// Delete deletes a stack. A stack that has resources is an [*APIError] of
// status 400, unless opts force it.
//
// Pulumi Cloud: DELETE /api/stacks/{orgName}/{projectName}/{stackName}
func (s *StacksService) Delete(ctx context.Context, id StackIdentifier, opts *StackDeleteOptions) error {
	values, err := encodeQuery(optionsOf(opts))
	if err != nil {
		return err
	}
	return execute(ctx, s.client, call{endpoint: stackDeleteEndpoint, args: id.pathArgs(), query: values})
}

// DeletedStack is a stack that was deleted, and can still be restored.
type DeletedStack struct {
	// ID is the stack's logical identifier in the service.
	ID string `json:"id"`
	// ProgramID names the stack to [StacksService.Restore].
	ProgramID   string    `json:"programId"`
	ProjectName string    `json:"projectName"`
	StackName   string    `json:"stackName"`
	DeletedAt   Timestamp `json:"deletedAt"`
	// Version counts the stack's updates, LastUpdate is the last of them.
	Version    int           `json:"version"`
	LastUpdate UpdateSummary `json:"lastUpdate"`
}

var stackListDeletedEndpoint = Endpoint{Method: http.MethodGet, Template: "/api/orgs/{orgName}/restore-stack"}

// ListDeleted returns the stacks of an organization that were deleted last, at
// most 25 of them.
//
// Pulumi Cloud: GET /api/orgs/{orgName}/restore-stack
func (s *StacksService) ListDeleted(ctx context.Context, org string) ([]DeletedStack, error) {
	answer, err := fetch[struct {
		DeletedStacks []DeletedStack `json:"deletedStacks"`
	}](ctx, s.client, call{endpoint: stackListDeletedEndpoint, args: orgArgs(org)})
	if err != nil {
		return nil, err
	}
	return answer.DeletedStacks, nil
}

var stackRestoreEndpoint = Endpoint{Method: http.MethodPost, Template: "/api/orgs/{orgName}/restore-stack/{programID}"}

// Restore brings a deleted stack back, under the given name. programID is its
// [DeletedStack.ProgramID]; one that is not among the deleted stacks is
// [ErrNotFound], a name that is taken meanwhile [ErrConflict].
//
// Pulumi Cloud: POST /api/orgs/{orgName}/restore-stack/{programID}
func (s *StacksService) Restore(ctx context.Context, org, programID, stackName string) error {
	if err := checkNotEmpty("stackName", stackName); err != nil {
		return err
	}
	return executeWithBody(ctx, s.client,
		call{endpoint: stackRestoreEndpoint, args: orgArgs(org, pathArg{"programID", programID})}, "stackName", struct {
			StackName string `json:"stackName"`
		}{stackName})
}

var stackTransferAllEndpoint = Endpoint{Method: http.MethodPost, Template: "/api/orgs/{orgName}/bulk-transfer/stacks"}

// TransferAll moves all stacks of an organization, of which it may have 100 at
// most, to another. Until that is done, no update can begin in the first one.
//
// Pulumi Cloud: POST /api/orgs/{orgName}/bulk-transfer/stacks
func (s *StacksService) TransferAll(ctx context.Context, fromOrg, toOrg string) error {
	if err := checkNotEmpty("toOrg", toOrg); err != nil {
		return err
	}
	return executeWithBody(ctx, s.client,
		call{endpoint: stackTransferAllEndpoint, args: []pathArg{{"fromOrg", fromOrg}}}, "fromOrg, toOrg", struct {
			FromOrg string `json:"fromOrg"`
			ToOrg   string `json:"toOrg"`
		}{fromOrg, toOrg})
}
