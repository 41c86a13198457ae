package pulumiapi

import (
	"context"
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
