package pulumiapi

import (
	"context"
	"net/http"
)

// OrgsService manages organizations and who belongs to them.
type OrgsService struct {
	client *Client
}

// Org is an organization, and what the token's user can see of its projects and
// stacks.
type Org struct {
	// GitHubLogin names the organization in other methods, Name is what is shown.
	GitHubLogin string          `json:"githubLogin"`
	Name        string          `json:"name"`
	AvatarURL   string          `json:"avatarUrl"`
	Repos       []OrgRepository `json:"repos"`
}

// OrgRepository is a group of projects in an organization.
type OrgRepository struct {
	OrgName  string       `json:"orgName"`
	Name     string       `json:"name"`
	Projects []OrgProject `json:"projects"`
	// VCSInfo is the repository of that name; nil if there is none.
	VCSInfo *VCSInfo `json:"vcsInfo"`
}

// VCSInfo is a repository in a version control system.
type VCSInfo struct {
	// Kind is whose system it is: "github.com".
	Kind     string `json:"kind"`
	Owner    string `json:"owner"`
	RepoName string `json:"repoName"`
}

// OrgProject is a project of an organization.
type OrgProject struct {
	OrgName     string `json:"orgName"`
	RepoName    string `json:"repoName"`
	Name        string `json:"name"`
	Description string `json:"description"`
	// Runtime is what the project's program is written for: "go".
	Runtime string     `json:"runtime"`
	Stacks  []OrgStack `json:"stacks"`
	// Settings are nil where the service doesn't tell them.
	Settings *OrgProjectSettings `json:"settings"`
}

// OrgProjectSettings is how a project is set up.
type OrgProjectSettings struct {
	Source      string `json:"source"`
	Destination string `json:"destination"`
	// CanAddStacks says that the token's user may create stacks in the project, and
	// AddStacksDisabledReason why not.
	CanAddStacks            bool   `json:"canAddStacks"`
	AddStacksDisabledReason string `json:"addStacksDisabledReason"`
}

// OrgStack is a stack as the list of an organization's projects has it.
type OrgStack struct {
	Name string `json:"name"`
	// ProgramID is the ID by which [StacksService.Restore] knows the stack.
	ProgramID string            `json:"programId"`
	Tags      map[string]string `json:"tags"`
	// LastUpdate is nil if the stack was never updated.
	LastUpdate *UpdateSummary `json:"lastUpdate"`
	// DriftDetected says that the last look at it found that somebody else had changed
	// something.
	DriftDetected         bool `json:"driftDetected"`
	HasDeploymentSettings bool `json:"hasDeploymentSettings"`
	// ProtectedByPolicy says that its updates have to pass a policy pack.
	ProtectedByPolicy bool `json:"protectedByPolicy"`
	// RoutingRepo and RoutingProject are where the console shows it.
	RoutingRepo    string `json:"routingRepo"`
	RoutingProject string `json:"routingProject"`
}

var orgGetEndpoint = Endpoint{Method: http.MethodGet, Template: "/api/orgs/{orgName}"}

// Get returns an organization with its projects and stacks. How it is set up says
// [OrgsService.GetMetadata].
//
// Pulumi Cloud: GET /api/orgs/{orgName}
func (s *OrgsService) Get(ctx context.Context, org string) (*Org, error) {
	return fetch[Org](ctx, s.client, call{endpoint: orgGetEndpoint, args: orgArgs(org)})
}
