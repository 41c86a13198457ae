package pulumiapi

import (
	"context"
	"encoding/json"
	"net/http"
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
// it before, and returns what holds it now; only Environment, if the server sends no
// body. An environment that does not exist is
// an [*APIError] of status 400.
//
// Pulumi Cloud: PUT /api/stacks/{orgName}/{projectName}/{stackName}/config
func (s *StacksService) UpdateConfig(ctx context.Context, id StackIdentifier, req StackConfigUpdateRequest) (*StackConfig, error) {
	if err := checkNotEmpty("req.Environment", req.Environment); err != nil {
		return nil, err
	}
	return fetchWithBody[StackConfig](ctx, s.client, call{
		endpoint: stackUpdateConfigEndpoint, args: id.pathArgs(), known: &StackConfig{Environment: req.Environment},
	}, "req", req)
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

// PolicyGroupSummary is a policy group: policy packs, and what has to obey them.
type PolicyGroupSummary struct {
	Name string `json:"name"`
	// EntityType is what the group is for, Mode what becomes of an offence.
	EntityType PolicyGroupEntityType `json:"entityType"`
	Mode       PolicyGroupMode       `json:"mode"`
	// IsOrgDefault says that whatever is in no other group is in this one.
	IsOrgDefault          bool `json:"isOrgDefault"`
	NumStacks             int  `json:"numStacks"`
	NumAccounts           int  `json:"numAccounts"`
	NumEnabledPolicyPacks int  `json:"numEnabledPolicyPacks"`
}

// PolicyGroupEntityType is what a policy group is for.
type PolicyGroupEntityType string

// What policy groups are for.
const (
	PolicyGroupEntityTypeStacks   PolicyGroupEntityType = "stacks"
	PolicyGroupEntityTypeAccounts PolicyGroupEntityType = "accounts"
)

// PolicyGroupMode is what becomes of an offence against a policy.
type PolicyGroupMode string

// The modes of policy groups.
const (
	// PolicyGroupModeAudit lets the update go on, and makes a note.
	PolicyGroupModeAudit PolicyGroupMode = "audit"
	// PolicyGroupModePreventative ends the update.
	PolicyGroupModePreventative PolicyGroupMode = "preventative"
)

var stackListPolicyGroupsEndpoint = Endpoint{
	Method: http.MethodGet, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/policygroups",
}

// ListPolicyGroups returns the policy groups that a stack is in.
//
// Pulumi Cloud: GET /api/stacks/{orgName}/{projectName}/{stackName}/policygroups
func (s *StacksService) ListPolicyGroups(ctx context.Context, id StackIdentifier) ([]PolicyGroupSummary, error) {
	answer, err := fetch[struct {
		PolicyGroups []PolicyGroupSummary `json:"policyGroups"`
	}](ctx, s.client, call{endpoint: stackListPolicyGroupsEndpoint, args: id.pathArgs()})
	if err != nil {
		return nil, err
	}
	return answer.PolicyGroups, nil
}

// RequiredPolicy is a policy pack that a stack's updates have to pass.
type RequiredPolicy struct {
	Name        string `json:"name"`
	DisplayName string `json:"displayName"`
	Version     int    `json:"version"`
	VersionTag  string `json:"versionTag"`
	// PackLocation is a URL from which the pack can be downloaded.
	PackLocation string `json:"packLocation"`
	// Config is the policies' configuration, as JSON, by policy.
	Config map[string]json.RawMessage `json:"config"`
	// Environments are the Pulumi ESC environments that the pack uses.
	Environments []string `json:"environments"`
}

// StackPolicyPackListOptions choose among the policy packs of a stack.
type StackPolicyPackListOptions struct {
	// Mode leaves only the packs of policy groups of this mode.
	Mode PolicyGroupMode `url:"mode,omitempty"`
}

var stackListPolicyPacksEndpoint = Endpoint{
	Method: http.MethodGet, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/policypacks",
}

// ListPolicyPacks returns the policy packs that a stack's updates have to pass,
// because of the policy groups that it is in.
//
// Pulumi Cloud: GET /api/stacks/{orgName}/{projectName}/{stackName}/policypacks
func (s *StacksService) ListPolicyPacks(ctx context.Context, id StackIdentifier, opts *StackPolicyPackListOptions) ([]RequiredPolicy, error) {
	values, err := encodeQuery(optionsOf(opts))
	if err != nil {
		return nil, err
	}
	answer, err := fetch[struct {
		RequiredPolicies []RequiredPolicy `json:"requiredPolicies"`
	}](ctx, s.client, call{endpoint: stackListPolicyPacksEndpoint, args: id.pathArgs(), query: values})
	if err != nil {
		return nil, err
	}
	return answer.RequiredPolicies, nil
}
