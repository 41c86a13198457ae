package pulumiapi

import (
	"context"
	"iter"
	"net/http"
	"time"
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

// OrgFeatures are what an organization can use: by its subscription, or because the
// service tries it out there. The service adds and drops some at any time.
type OrgFeatures struct {
	AccessTokenExpiryPolicyEnabled         bool `json:"accessTokenExpiryPolicyEnabled"`
	AgentIntegrationCatalogEnabled         bool `json:"agentIntegrationCatalogEnabled"`
	AgentPoolRegistrationEnabled           bool `json:"agentPoolRegistrationEnabled"`
	AgentScheduledTasksEnabled             bool `json:"agentScheduledTasksEnabled"`
	AIAgentsEnabled                        bool `json:"aiAgentsEnabled"`
	ALEEnabled                             bool `json:"aleEnabled"`
	ApprovalsEnabled                       bool `json:"approvalsEnabled"`
	AuditLogUIFilteringEnabled             bool `json:"auditLogUIFilteringEnabled"`
	AuditLogsEnabled                       bool `json:"auditLogsEnabled"`
	BitbucketVCSEnabled                    bool `json:"bitbucketVCSEnabled"`
	BringYourOwnKeyEnabled                 bool `json:"bringYourOwnKeyEnabled"`
	CLIIntegrationCatalogEnabled           bool `json:"cliIntegrationCatalogEnabled"`
	CrossGuardEnabled                      bool `json:"crossGuardEnabled"`
	CustomRoleCondition                    bool `json:"customRoleCondition"`
	CustomRolesEnabled                     bool `json:"customRolesEnabled"`
	CustomTemplatesEnabled                 bool `json:"customTemplatesEnabled"`
	CustomVCSEnabled                       bool `json:"customVCSEnabled"`
	DependencyCachingEnabled               bool `json:"dependencyCachingEnabled"`
	DeployEnabled                          bool `json:"deployEnabled"`
	DeploymentOIDCSettingsEnabled          bool `json:"deploymentOidcSettingsEnabled"`
	DiscoveredStacksEnabled                bool `json:"discoveredStacksEnabled"`
	DriftDetectionEnabled                  bool `json:"driftDetectionEnabled"`
	DriftRemediationEnabled                bool `json:"driftRemediationEnabled"`
	EnvironmentRevisionTagsEnabled         bool `json:"environmentRevisionTagsEnabled"`
	EnvironmentSecretRotationEnabled       bool `json:"environmentSecretRotationEnabled"`
	EnvironmentsEnabled                    bool `json:"environmentsEnabled"`
	EnvironmentsRestoreEnabled             bool `json:"environmentsRestoreEnabled"`
	ESCEditorRevampEnabled                 bool `json:"escEditorRevampEnabled"`
	ESCOnboardingAzureOAuthClientEnabled   bool `json:"escOnboardingAzureOAuthClientEnabled"`
	ESCOnboardingEnabled                   bool `json:"escOnboardingEnabled"`
	ESCOnboardingGCPOAuthClientEnabled     bool `json:"escOnboardingGcpOAuthClientEnabled"`
	ESCOnboardingV2Enabled                 bool `json:"escOnboardingV2Enabled"`
	ExpandedPolicyEnforcementLevelsEnabled bool `json:"expandedPolicyEnforcementLevelsEnabled"`
	FixDriftWithNeoEnabled                 bool `json:"fixDriftWithNeoEnabled"`
	GHAppDetailedDiffEnabled               bool `json:"ghAppDetailedDiffEnabled"`
	GitHubEnterpriseIntegrationEnabled     bool `json:"gitHubEnterpriseIntegrationEnabled"`
	HasTerraformModules                    bool `json:"hasTerraformModules"`
	IaCCloudImportEnabled                  bool `json:"iacCloudImportEnabled"`
	InsightsAutoPolicyPacksEnabled         bool `json:"insightsAutoPolicyPacksEnabled"`
	InsightsMonetizationEnabled            bool `json:"insightsMonetizationEnabled"`
	IntegrationAssistantEnabled            bool `json:"integrationAssistantEnabled"`
	LegacyDeploymentsOrgToken              bool `json:"legacyDeploymentsOrgToken"`
	MachineTokensEnabled                   bool `json:"machineTokensEnabled"`
	NeoBYOKEnabled                         bool `json:"neoByokEnabled"`
	NeoCodeReviewsEnabled                  bool `json:"neoCodeReviewsEnabled"`
	NeoPlanModeEnabled                     bool `json:"neoPlanModeEnabled"`
	NeoTaskSharingEnabled                  bool `json:"neoTaskSharingEnabled"`
	NeoUsageLimitsEnabled                  bool `json:"neoUsageLimitsEnabled"`
	NLPSearchEnabled                       bool `json:"nlpSearchEnabled"`
	NotificationCenterEnabled              bool `json:"notificationCenterEnabled"`
	PangeaAccountsScanPageEnabled          bool `json:"pangeaAccountsScanPageEnabled"`
	PolicyIssueManagementEnabled           bool `json:"policyIssueManagementEnabled"`
	PolicyManagementV2Enabled              bool `json:"policyManagementV2Enabled"`
	PropertySearchUIEnabled                bool `json:"propertySearchUIEnabled"`
	ResourceExportEnabled                  bool `json:"resourceExportEnabled"`
	ResourceSearchEnabled                  bool `json:"resourceSearchEnabled"`
	RestoreStacksEnabled                   bool `json:"restoreStacksEnabled"`
	SAMLSSOEnabled                         bool `json:"samlSsoEnabled"`
	SCIMEnabled                            bool `json:"scimEnabled"`
	SelfHostedDeploymentsEnabled           bool `json:"selfHostedDeploymentsEnabled"`
	SelfServeIDPRemoval                    bool `json:"selfServeIDPRemoval"`
	ServiceBackedConfigEnabled             bool `json:"serviceBackedConfigEnabled"`
	TagBasedDeploymentTriggersEnabled      bool `json:"tagBasedDeploymentTriggersEnabled"`
	TeamMemberRoleManagementEnabled        bool `json:"teamMemberRoleManagementEnabled"`
	TeamsEnabled                           bool `json:"teamsEnabled"`
	ThemingEnabled                         bool `json:"themingEnabled"`
	UniversalSearchEnabled                 bool `json:"universalSearchEnabled"`
	UsersCustomRolesEnabled                bool `json:"usersCustomRolesEnabled"`
	WebhooksEnabled                        bool `json:"webhooksEnabled"`
	// AIReviewCodeAccessEnabled is of no use any more.
	//
	// Deprecated: the service has no such setting any more, and says false.
	AIReviewCodeAccessEnabled bool `json:"aiReviewCodeAccessEnabled"`
	// DashboardOnboardingUIEnabled is of no use any more.
	//
	// Deprecated: the console has no such page any more, and the service says false.
	DashboardOnboardingUIEnabled bool `json:"dashboardOnboardingUIEnabled"`
	// GetStartedOnboardEnabled is of no use any more.
	//
	// Deprecated: everybody has it, and the service says false nevertheless.
	GetStartedOnboardEnabled bool `json:"getStartedOnboardEnabled"`
	// GitHubEnterpriseIndividualAuthEnabled is of no use any more.
	//
	// Deprecated: each integration says it now.
	GitHubEnterpriseIndividualAuthEnabled bool `json:"gitHubEnterpriseIndividualAuthEnabled"`
	// NeoReadOnlyEnabled is of no use any more.
	//
	// Deprecated: it is always true.
	NeoReadOnlyEnabled bool `json:"neoReadOnlyEnabled"`
	// NeoServerSideApprovalsEnabled is of no use any more.
	//
	// Deprecated: it is always true.
	NeoServerSideApprovalsEnabled bool `json:"neoServerSideApprovalsEnabled"`
	// NeoTokenMeteringEnabled is of no use any more.
	//
	// Deprecated: it is what AIAgentsEnabled is.
	NeoTokenMeteringEnabled bool `json:"neoTokenMeteringEnabled"`
	// UnlinkedGitHubAppRecoveryEnabled is of no use any more.
	//
	// Deprecated: everybody has it, and the service does not say so any more.
	UnlinkedGitHubAppRecoveryEnabled bool `json:"unlinkedGitHubAppRecoveryEnabled"`
}

var orgListTokensEndpoint = Endpoint{Method: http.MethodGet, Template: "/api/orgs/{orgName}/tokens"}

// ListTokens walks the access tokens of an organization, over all pages. The
// sequence yields a nil token with the first error, and ends.
//
// Pulumi Cloud: GET /api/orgs/{orgName}/tokens
func (s *OrgsService) ListTokens(ctx context.Context, org string, opts *AccessTokenListOptions) iter.Seq2[*AccessToken, error] {
	return walk(ctx, opts, func(ctx context.Context, o *AccessTokenListOptions) (*Page[AccessToken], error) {
		return s.ListTokensPage(ctx, org, o)
	})
}

// ListTokensPage returns one page of what [OrgsService.ListTokens] walks: the
// first, or the one at the Cursor of opts.
//
// Pulumi Cloud: GET /api/orgs/{orgName}/tokens
func (s *OrgsService) ListTokensPage(ctx context.Context, org string, opts *AccessTokenListOptions) (*Page[AccessToken], error) {
	return fetchAccessTokens(ctx, s.client, call{endpoint: orgListTokensEndpoint, args: orgArgs(org)}, opts)
}

// OrgTokenCreateRequest describes a new token of an organization.
type OrgTokenCreateRequest struct {
	// Name names the token, in at most 40 characters. It must differ from the names
	// of all tokens that the organization and its teams ever had.
	Name string `json:"name" url:"-"`
	// Description says what the token is for.
	Description string `json:"description" url:"-"`
	// Expires is until when the token is good, in whole seconds, at most two years
	// from now; for ever if zero.
	Expires time.Time `json:"-" url:"-"`
	// Admin gives the token the rights of an administrator.
	Admin bool `json:"admin" url:"-"`
	// RoleID is the ID of a role that narrows the token down.
	RoleID *string `json:"roleID,omitzero" url:"-"`
	// Reason is why the token is made, for the audit log.
	Reason string `json:"-" url:"reason,omitempty"`
}

var orgCreateTokenEndpoint = Endpoint{Method: http.MethodPost, Template: "/api/orgs/{orgName}/tokens"}

// CreateToken makes an access token that belongs to an organization, whoever leaves
// it, and returns it.
//
// Pulumi Cloud: POST /api/orgs/{orgName}/tokens
func (s *OrgsService) CreateToken(ctx context.Context, org string, req OrgTokenCreateRequest) (*CreatedAccessToken, error) {
	if err := checkNotEmpty("req.Name", req.Name); err != nil {
		return nil, err
	}
	values, err := encodeQuery(req)
	if err != nil {
		return nil, err
	}
	return fetchWithBody[CreatedAccessToken](ctx, s.client, call{endpoint: orgCreateTokenEndpoint, args: orgArgs(org), query: values}, "req", struct {
		OrgTokenCreateRequest
		Expires int64 `json:"expires"`
	}{req, unixOrZero(req.Expires)})
}

var orgDeleteTokenEndpoint = Endpoint{Method: http.MethodDelete, Template: "/api/orgs/{orgName}/tokens/{tokenId}"}

// DeleteToken deletes an access token of an organization, by its ID. It is of no
// use from then on. An ID that does not exist is [ErrNotFound]. So is the ID of a
// token that an earlier attempt of the same call may have deleted: then the error is
// [ErrOutcomeUnknown] as well.
//
// Pulumi Cloud: DELETE /api/orgs/{orgName}/tokens/{tokenId}
func (s *OrgsService) DeleteToken(ctx context.Context, org, tokenID string) error {
	return execute(ctx, s.client, call{endpoint: orgDeleteTokenEndpoint, args: orgArgs(org, pathArg{"tokenID", tokenID})})
}
