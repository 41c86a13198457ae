package pulumiapi

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
