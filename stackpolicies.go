package pulumiapi

import (
	"context"
	"encoding/json"
	"net/http"
)

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
