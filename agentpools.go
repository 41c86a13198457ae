package pulumiapi

import (
	"context"
	"net/http"
)

// AgentPoolsService lists the pools of deployment agents that an organization hosts
// itself.
type AgentPoolsService struct {
	client *Client
}

// AgentPools are the agent pools of an organization.
type AgentPools struct {
	AgentPools []AgentPool `json:"agentPools"`
	// DefaultAgentPoolID is the ID of the organization's default pool. It is empty if
	// Pulumi's own agents are the default.
	DefaultAgentPoolID string `json:"defaultAgentPoolID"`
}

// AgentPool is a pool of agents that run deployments and scans.
type AgentPool struct {
	ID          string                `json:"id"`
	Name        string                `json:"name"`
	Description string                `json:"description"`
	Status      DeploymentAgentStatus `json:"status"`
	// IsDefault reports whether this is the organization's default pool.
	IsDefault bool      `json:"isDefault"`
	Created   Timestamp `json:"created"`
	// LastSeen is when one of the agents last contacted the service, zero if none did.
	LastSeen Timestamp `json:"lastSeen"`
	// LastDeployment is when the pool last ran a deployment, zero if it never did.
	LastDeployment Timestamp `json:"lastDeployment"`
}

// DeploymentAgentStatus is whether an agent, or any agent of a pool, is connected.
type DeploymentAgentStatus string

// The statuses of agents.
const (
	DeploymentAgentStatusOnline  DeploymentAgentStatus = "online"
	DeploymentAgentStatusOffline DeploymentAgentStatus = "offline"
)

var agentPoolListEndpoint = Endpoint{Method: http.MethodGet, Template: "/api/orgs/{orgName}/agent-pools"}

// List returns all agent pools of an organization, and the ID of the default one. A
// user without access to them gets [ErrForbidden].
//
// Pulumi Cloud: GET /api/orgs/{orgName}/agent-pools
func (s *AgentPoolsService) List(ctx context.Context, org string) (*AgentPools, error) {
	return fetch[AgentPools](ctx, s.client, call{endpoint: agentPoolListEndpoint, args: []pathArg{{"org", org}}})
}
