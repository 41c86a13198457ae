package pulumiapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/pulumiapi/pulumiapi/internal/jsonx"
	"github.com/pulumiapi/pulumiapi/internal/transport"
)

// StackState is a stack's state: the deployment that the Pulumi engine has
// written, as the bytes it is. [StackState.Decode] gives a typed view of it.
type StackState struct {
	// Version is the version of the deployment's form.
	Version int `json:"version"`
	// Features are what the deployment needs its reader to understand.
	Features []string `json:"features"`
	// Deployment is the deployment's JSON, byte for byte as it was sent.
	Deployment json.RawMessage `json:"deployment"`
}

var stackExportEndpoint = Endpoint{
	Method: http.MethodGet, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/export",
}

// Export returns a stack's state. It is held in memory as a whole, up to 1 GiB
// unless [WithMaxAnswer] says otherwise, which [StacksService.ExportTo] and
// [StacksService.ExportResources] avoid. Secrets in it are encrypted.
//
// Pulumi Cloud: GET /api/stacks/{orgName}/{projectName}/{stackName}/export
func (s *StacksService) Export(ctx context.Context, id StackIdentifier) (*StackState, error) {
	return fetch[StackState](ctx, s.client, call{endpoint: stackExportEndpoint, args: id.pathArgs(), decoding: decoding{state: true}})
}

var stackExportAtVersionEndpoint = Endpoint{
	Method: http.MethodGet, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/export/{version}",
}

// ExportAtVersion returns the state that a stack had after the update that made
// it this version, as [StacksService.Export] returns the present one. A version
// that the stack never had is [ErrNotFound].
//
// Pulumi Cloud: GET /api/stacks/{orgName}/{projectName}/{stackName}/export/{version}
func (s *StacksService) ExportAtVersion(ctx context.Context, id StackIdentifier, version int) (*StackState, error) {
	return fetchVersion[StackState](ctx, s.client, call{endpoint: stackExportAtVersionEndpoint, decoding: decoding{state: true}}, id, version)
}

// StackImport is what importing a state has started.
type StackImport struct {
	// UpdateID is the ID of the update of kind [UpdateKindImport], whose end
	// [UpdatesService.Wait] waits for.
	UpdateID string `json:"updateId"`
}

var stackImportEndpoint = Endpoint{
	Method: http.MethodPost, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/import",
}

// Import replaces a stack's state. The deployment's bytes are sent as they are.
// A state that is not JSON, or without a version, is an [*ArgumentError]; one
// that holds another stack's secrets is an [*APIError] of status 400, and
// while an update runs it is [ErrConflict].
//
// Pulumi Cloud: POST /api/stacks/{orgName}/{projectName}/{stackName}/import
func (s *StacksService) Import(ctx context.Context, id StackIdentifier, state StackState) (*StackImport, error) {
	body, err := state.requestBody()
	if err != nil {
		return nil, err
	}
	return fetch[StackImport](ctx, s.client, call{endpoint: stackImportEndpoint, args: id.pathArgs(), body: body})
}

// requestBody is the state as the body of a request.
func (s StackState) requestBody() (transport.Body, error) {
	encoded, err := s.encode("state")
	if err != nil {
		return transport.Body{}, err
	}
	return transport.BytesBody(encoded), nil
}

// encode writes the state around the deployment's bytes: an encoder would change
// them. name is the argument that the state is.
func (s StackState) encode(name string) ([]byte, error) {
	if s.Version <= 0 {
		return nil, newArgumentError(name+".Version", strconv.Itoa(s.Version), "is not a version of a deployment")
	}
	if !jsonx.IsValid(s.Deployment) {
		return nil, &ArgumentError{Name: name + ".Deployment", Reason: "is not JSON"}
	}
	head, _, err := encodeRequest(struct {
		Version  int      `json:"version"`
		Features []string `json:"features,omitzero"`
	}{s.Version, s.Features})
	if err != nil {
		return nil, &ArgumentError{Name: name + ".Features", Reason: "can't be sent as JSON: " + err.Error()}
	}
	const member = `,"deployment":`
	var encoded bytes.Buffer
	encoded.Grow(len(head) + len(member) + len(s.Deployment))
	encoded.Write(bytes.TrimSuffix(head, []byte("}")))
	encoded.WriteString(member)
	encoded.Write(s.Deployment)
	encoded.WriteByte('}')
	return encoded.Bytes(), nil
}

// Decode returns a typed view of the deployment. It knows the versions 3 and 4,
// and refuses others.
func (s *StackState) Decode() (*StateSnapshot, error) {
	if err := checkStateVersion(s.Version); err != nil {
		return nil, fmt.Errorf("pulumiapi: %w", err)
	}
	if deployment := bytes.TrimSpace(s.Deployment); len(deployment) == 0 || string(deployment) == "null" {
		return nil, fmt.Errorf("pulumiapi: %w", errNoDeployment)
	}
	snapshot := new(StateSnapshot)
	if err := jsonx.Decode(s.Deployment, snapshot); err != nil {
		return nil, fmt.Errorf("pulumiapi: stack state: %w", err)
	}
	return snapshot, nil
}

// checkStateVersion refuses versions of which nobody knows what they mean.
func checkStateVersion(version int) error {
	if version != 3 && version != 4 {
		return fmt.Errorf("stack state: version %d is not known, only 3 and 4 are", version)
	}
	return nil
}

var errNoDeployment = errors.New("stack state: there is no deployment")

// StateSnapshot is a deployment: what the engine knew about a stack after its
// last update.
type StateSnapshot struct {
	Manifest StateManifest `json:"manifest"`
	// SecretsProvider is what secrets in the state are encrypted with; nil if
	// the state doesn't say.
	SecretsProvider *StateSecretsProvider `json:"secrets_providers"`
	// Resources are the stack's resources, each after those it depends on.
	Resources []StateResource `json:"resources"`
	// PendingOperations had begun when the engine stopped, and may or may not
	// have been carried out.
	PendingOperations []StateOperation `json:"pending_operations"`
	Metadata          StateMetadata    `json:"metadata"`
	// Snippets are pieces of programs that are kept with the state.
	Snippets []StateSnippet `json:"snippets"`
	// Extensions are parameters of extensions, by their references.
	Extensions map[string]StateExtension `json:"extensions"`
}

// StateManifest says when, and by which programs, a state was written.
type StateManifest struct {
	Time Timestamp `json:"time"`
	// Magic is a checksum of the manifest.
	Magic string `json:"magic"`
	// Version is the version of the Pulumi engine.
	Version string        `json:"version"`
	Plugins []StatePlugin `json:"plugins"`
}

// StatePlugin is a plugin that the engine had loaded.
type StatePlugin struct {
	Name    string          `json:"name"`
	Path    string          `json:"path"`
	Type    StatePluginType `json:"type"`
	Version string          `json:"version"`
}

// StatePluginType is what a plugin is for.
type StatePluginType string

// The types of plugins.
const (
	StatePluginTypeAnalyzer  StatePluginType = "analyzer"
	StatePluginTypeLanguage  StatePluginType = "language"
	StatePluginTypeResource  StatePluginType = "resource"
	StatePluginTypeConverter StatePluginType = "converter"
	StatePluginTypeTool      StatePluginType = "tool"
)

// StateSecretsProvider is what secrets in a state are encrypted with.
type StateSecretsProvider struct {
	// Type is the provider's kind: "service", "passphrase", "cloud".
	Type string `json:"type"`
	// State is the provider's own, as JSON.
	State json.RawMessage `json:"state"`
}

// StateResource is one resource in a stack's state.
type StateResource struct {
	URN string `json:"urn"`
	// Custom says that a provider's plugin manages the resource.
	Custom bool `json:"custom"`
	// Delete says that the next update deletes the resource.
	Delete bool `json:"delete"`
	// ID is what the provider calls the resource.
	ID string `json:"id"`
	// Type is the resource's type: "aws:s3/bucket:Bucket".
	Type string `json:"type"`
	// Inputs and Outputs are the resource's properties, as JSON objects.
	Inputs  json.RawMessage `json:"inputs"`
	Outputs json.RawMessage `json:"outputs"`
	// Parent is the URN of the resource that this one is a child of.
	Parent string `json:"parent"`
	// Protect says that the resource can't be deleted.
	Protect bool `json:"protect"`
	// Taint says that the next update replaces the resource.
	Taint bool `json:"taint"`
	// External says that Pulumi only reads the resource.
	External bool `json:"external"`
	// Dependencies are the URNs of the resources that this one depends on, and
	// PropertyDependencies the same by input property.
	Dependencies         []string            `json:"dependencies"`
	PropertyDependencies map[string][]string `json:"propertyDependencies"`
	// InitErrors are what went wrong while the resource was initialized.
	InitErrors []string `json:"initErrors"`
	// Provider is the URN and the ID of the provider, joined by "::".
	Provider string `json:"provider"`
	// PendingReplacement says that the resource has been deleted and is still
	// to be created anew.
	PendingReplacement bool `json:"pendingReplacement"`
	// AdditionalSecretOutputs are outputs that the program called secret.
	AdditionalSecretOutputs []string `json:"additionalSecretOutputs"`
	// Aliases are URNs that the resource had before.
	Aliases []string `json:"aliases"`
	// CustomTimeouts are the program's limits for operations on the resource;
	// nil if it has set none.
	CustomTimeouts *StateCustomTimeouts `json:"customTimeouts"`
	// ImportID is the ID under which the resource was imported.
	ImportID string `json:"importID"`
	// RetainOnDelete says that deleting the resource only forgets it.
	RetainOnDelete bool `json:"retainOnDelete"`
	// DeletedWith is the URN of a resource whose deletion takes this one along.
	DeletedWith string `json:"deletedWith"`
	// ReplaceWith are the URNs of resources whose replacement replaces this one.
	ReplaceWith []string `json:"replaceWith"`
	// Created is when Pulumi added the resource to the state, and Modified when
	// its entry changed last. States from before 2023 don't say.
	Created  Timestamp `json:"created"`
	Modified Timestamp `json:"modified"`
	// SourcePosition is the place in the program where the resource stands,
	// and StackTrace the way there.
	SourcePosition string            `json:"sourcePosition"`
	StackTrace     []StateStackFrame `json:"stackTrace"`
	// IgnoreChanges, HideDiff and ReplaceOnChanges are property paths that the
	// program has given these options.
	IgnoreChanges    []string `json:"ignoreChanges"`
	HideDiff         []string `json:"hideDiff"`
	ReplaceOnChanges []string `json:"replaceOnChanges"`
	// ReplacementTrigger is a value, as JSON, whose change replaces the resource.
	ReplacementTrigger json.RawMessage `json:"replacementTrigger"`
	// RefreshBeforeUpdate says that each update refreshes the resource first.
	RefreshBeforeUpdate bool `json:"refreshBeforeUpdate"`
	// ViewOf is the URN of the resource that this one is a view of.
	ViewOf string `json:"viewOf"`
	// ResourceHooks are the names of hooks, by the event they are for.
	ResourceHooks map[string][]string `json:"resourceHooks"`
	// ExtensionRef is the extension that the resource comes from, a key of
	// [StateSnapshot]'s Extensions, and SnippetID the snippet.
	ExtensionRef string `json:"extensionRef"`
	SnippetID    string `json:"snippetID"`
}

// StateCustomTimeouts are limits for operations on a resource, in seconds; 0
// where there is none.
type StateCustomTimeouts struct {
	Create float64 `json:"create"`
	Update float64 `json:"update"`
	Delete float64 `json:"delete"`
	Read   float64 `json:"read"`
}

// StateStackFrame is one frame of a stack trace.
type StateStackFrame struct {
	SourcePosition string `json:"sourcePosition"`
}

// StateOperation is an operation on a resource that had begun.
type StateOperation struct {
	// Resource is the resource as it was when the operation began.
	Resource StateResource      `json:"resource"`
	Type     StateOperationType `json:"type"`
}

// StateOperationType is what an operation does to a resource.
type StateOperationType string

// The types of operations.
const (
	StateOperationTypeCreating  StateOperationType = "creating"
	StateOperationTypeUpdating  StateOperationType = "updating"
	StateOperationTypeDeleting  StateOperationType = "deleting"
	StateOperationTypeReading   StateOperationType = "reading"
	StateOperationTypeImporting StateOperationType = "importing"
)

// StateMetadata is what a state says about itself.
type StateMetadata struct {
	// IntegrityError is what broke the state; nil if nothing did.
	IntegrityError *StateIntegrityError `json:"integrity_error"`
}

// StateIntegrityError says how a state was broken.
type StateIntegrityError struct {
	// Version is that of the engine, Command what it was called with, and
	// EnvVars its Pulumi variables.
	Version string            `json:"version"`
	Command string            `json:"command"`
	Error   string            `json:"error"`
	EnvVars map[string]string `json:"env_vars"`
}

// StateSnippet is a piece of a program that is kept with a state, and that each
// update evaluates.
type StateSnippet struct {
	UUID string `json:"uuid"`
	// Name and Type are those of the resource that the snippet declares.
	Name string `json:"name"`
	Type string `json:"type"`
	// Code is the resource's body in Pulumi's configuration language.
	Code string `json:"code"`
	// Descriptor names the package of the resource's type.
	Descriptor StatePackageDescriptor `json:"descriptor"`
	// References are the URNs of other resources, by their names in Code.
	References map[string]string `json:"references"`
}

// StatePackageDescriptor names a package.
type StatePackageDescriptor struct {
	Name        string `json:"name"`
	Version     string `json:"version"`
	DownloadURL string `json:"downloadURL"`
	// Parameterization is what the package was made with; nil if it is none of
	// those that are made.
	Parameterization *StateParameterization `json:"parameterization"`
}

// StateParameterization is what a package was made with.
type StateParameterization struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Value   []byte `json:"value"`
}

// StateExtension is what an extension was made with.
type StateExtension struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Value   []byte `json:"value"`
}
