package pulumiapi

import (
	"context"
	"encoding/json"
	"net/http"
)

// MetaService tells about the service itself.
type MetaService struct {
	client *Client
}

// Capability is something that an installation of the service can do, and that
// its clients have to know about.
type Capability struct {
	Capability CapabilityName `json:"capability"`
	// Version is the version of the capability; 0 if it has none.
	Version int `json:"version"`
	// Configuration is what a client needs for it, as JSON; nil if that is nothing.
	Configuration json.RawMessage `json:"configuration"`
}

// CapabilityName names a capability.
type CapabilityName string

// The capabilities.
const (
	CapabilityNameDeltaCheckpointUploads   CapabilityName = "delta-checkpoint-uploads"
	CapabilityNameDeltaCheckpointUploadsV2 CapabilityName = "delta-checkpoint-uploads-v2"
	CapabilityNameBatchEncrypt             CapabilityName = "batch-encrypt"
	CapabilityNameCopilotSummarizeError    CapabilityName = "copilot-summarize-error"
	CapabilityNameCopilotExplainPreview    CapabilityName = "copilot-explain-preview"
	CapabilityNameDeploymentSchemaVersion  CapabilityName = "deployment-schema-version"
	CapabilityNameStackPolicyPacks         CapabilityName = "stack-policy-packs"
	CapabilityNameAPIVersion               CapabilityName = "api-version"
	CapabilityNameNeoCLIMode               CapabilityName = "neo-cli-mode"
)

var metaListCapabilitiesEndpoint = Endpoint{Method: http.MethodGet, Template: "/api/capabilities"}

// ListCapabilities returns what the installation can do beyond what all of them
// can. Old self-hosted ones don't know the question: that is [ErrNotFound].
//
// Pulumi Cloud: GET /api/capabilities
func (s *MetaService) ListCapabilities(ctx context.Context) ([]Capability, error) {
	answer, err := fetch[struct {
		Capabilities []Capability `json:"capabilities"`
	}](ctx, s.client, call{endpoint: metaListCapabilitiesEndpoint})
	if err != nil {
		return nil, err
	}
	return answer.Capabilities, nil
}

// CLIVersion is which versions there are of Pulumi's command line.
type CLIVersion struct {
	// LatestVersion is the newest one, LatestDevVersion the newest one that is
	// still being worked on.
	LatestVersion    string `json:"latestVersion"`
	LatestDevVersion string `json:"latestDevVersion"`
	// OldestWithoutWarning is the oldest one that does not ask to be replaced.
	OldestWithoutWarning string `json:"oldestWithoutWarning"`
}

var metaGetCLIVersionEndpoint = Endpoint{Method: http.MethodGet, Template: "/api/cli/version"}

// GetCLIVersion returns which versions there are of Pulumi's command line.
//
// Pulumi Cloud: GET /api/cli/version
func (s *MetaService) GetCLIVersion(ctx context.Context) (*CLIVersion, error) {
	return fetch[CLIVersion](ctx, s.client, call{endpoint: metaGetCLIVersionEndpoint})
}

var metaGetOpenAPIEndpoint = Endpoint{Method: http.MethodGet, Template: "/api/openapi/pulumi-spec.json"}

// GetOpenAPI returns the installation's own description of its REST API: an
// OpenAPI document, as JSON, of some megabytes.
//
// Pulumi Cloud: GET /api/openapi/pulumi-spec.json
func (s *MetaService) GetOpenAPI(ctx context.Context) (json.RawMessage, error) {
	return fetchRaw(ctx, s.client, call{endpoint: metaGetOpenAPIEndpoint})
}
