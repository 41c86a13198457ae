package pulumiapi_test

import (
	"context"
	"time"

	"github.com/pulumiapi/pulumiapi"
)

var (
	prodEnv = pulumiapi.EnvironmentIdentifier{Org: "acme", Project: "web", Environment: "prod"}

	logBucket = pulumiapi.AuditLogS3ConfigRequest{S3BucketName: "logs", IAMRoleARN: "arn:aws:iam::1:role/a"}
)

const (
	teamAnswer = `{"kind":"pulumi","name":"ops","displayName":"Operations","description":"d","members":[{"name":"Ada","githubLogin":"ada",
		"avatarUrl":"https://example.com/ada","email":"ada@example.com","role":"admin"}],"stacks":[{"projectName":"web","stackName":"prod",
		"permission":103,"permissionSetName":"Admin"}],"environments":[{"projectName":"web","envName":"prod","permission":"open",
		"maxOpenDuration":"1h30m","permissionSetName":"Opener"}],"accounts":[{"accountName":"aws","permission":2,"permissionSetName":"Writer"}],
		"listMembersError":"GitHub is away","userRole":"member","roleIds":["r1"]}`

	roleAnswer = `{"id":"r1","name":"Deployers","description":"d","orgId":"o1","resourceType":"organization","uxPurpose":"role",
		"details":{"__type":"PermissionDescriptorAllow","permissions":["stack:read"]},"defaultIdentifier":"member","isOrgDefault":true,"version":3,
		"created":"2026-01-02T03:04:05Z","modified":"2026-01-02T03:04:06Z"}`

	tokensAnswer = `{"tokens":[{"id":"t1","name":"ci","description":"d","created":"2026-01-02T03:04:05Z","lastUsed":1760000000,"expires":1770000000,
		"admin":true,"createdBy":"ada","role":{"id":"r1","name":"Reader","defaultIdentifier":"stack-read"},"type":"organization"}],
		"continuationToken":null}`

	newTokenAnswer = `{"id":"t1","tokenValue":"pul-secret"}`

	orgAnswer = `{"githubLogin":"acme","name":"Acme","avatarUrl":"https://example.com/acme","repos":[{"orgName":"acme","name":"infra",
		"vcsInfo":{"kind":"github.com","owner":"acme","repoName":"infra"},"projects":[{"orgName":"acme","repoName":"infra","name":"web",
		"description":"d","runtime":"go","settings":{"source":"a","destination":"b","canAddStacks":true,"addStacksDisabledReason":"full"},
		"stacks":[{"name":"prod","programId":"p1","tags":{"owner":"ada"},"lastUpdate":` + summaryAnswer + `,"driftDetected":true,
		"hasDeploymentSettings":true,"protectedByPolicy":true,"routingRepo":"infra","routingProject":"web"}]}]}]}`

	orgMetadataAnswer = `{"id":"o1","kind":"github","created":"2026-01-02T03:04:05Z","backingOrgLogin":"acme-hub","userRole":"admin",
		"locked":"not-locked","memberCount":5,"stackCount":12,"environmentCount":3,"accountCount":2,"maxMembers":10,"maxStacks":100,
		"defaultStackPermission":101,"defaultEnvironmentPermission":"read","defaultAccountPermission":1,"defaultRoleId":"r1",
		"defaultDeploymentRoleId":"r2","membersCanCreateAccounts":true,"membersCanCreateStacks":true,"membersCanCreateTeams":true,
		"membersCanDeleteStacks":true,"membersCanTransferStacks":true,"maxAccessTokenExpiryDays":90,"preferredVCS":"github",
		"aiEnablement":"enabled","neoEnabled":true,"neoAgentDisabled":true,"neoApprovalMode":"balanced","neoCLIExplanationsDisabled":true,
		"neoTaskSharingMode":"org","naturalLanguageSearchDisabled":true,"product":"business-critical","subscriptionStatus":"active",
		"subscriptionPeriodEnd":"2026-12-31T00:00:00Z","subscriptionCancelAtPeriodEnd":true,"subscriptionTrialEnd":1760000000,
		"retrialExpiration":"2026-06-30T00:00:00Z","insightsBillingAccepted":true,"insightsTrialEnd":1770000000,
		"insightsTrialUsingPolicy":true,"auditLogsEnabled":true,"webhooksEnabled":true,
		"features":{"accessTokenExpiryPolicyEnabled":true,"agentIntegrationCatalogEnabled":true,"agentPoolRegistrationEnabled":true,
		"agentScheduledTasksEnabled":true,"aiAgentsEnabled":true,"aiReviewCodeAccessEnabled":true,"aleEnabled":true,"approvalsEnabled":true,
		"auditLogUIFilteringEnabled":true,"auditLogsEnabled":true,"bitbucketVCSEnabled":true,"bringYourOwnKeyEnabled":true,
		"cliIntegrationCatalogEnabled":true,"crossGuardEnabled":true,"customRoleCondition":true,"customRolesEnabled":true,
		"customTemplatesEnabled":true,"customVCSEnabled":true,"dashboardOnboardingUIEnabled":true,"dependencyCachingEnabled":true,
		"deployEnabled":true,"deploymentOidcSettingsEnabled":true,"discoveredStacksEnabled":true,"driftDetectionEnabled":true,
		"driftRemediationEnabled":true,"environmentRevisionTagsEnabled":true,"environmentSecretRotationEnabled":true,"environmentsEnabled":true,
		"environmentsRestoreEnabled":true,"escEditorRevampEnabled":true,"escOnboardingAzureOAuthClientEnabled":true,"escOnboardingEnabled":true,
		"escOnboardingGcpOAuthClientEnabled":true,"escOnboardingV2Enabled":true,"expandedPolicyEnforcementLevelsEnabled":true,
		"fixDriftWithNeoEnabled":true,"getStartedOnboardEnabled":true,"ghAppDetailedDiffEnabled":true,"gitHubEnterpriseIndividualAuthEnabled":true,
		"gitHubEnterpriseIntegrationEnabled":true,"hasTerraformModules":true,"iacCloudImportEnabled":true,"insightsAutoPolicyPacksEnabled":true,
		"insightsMonetizationEnabled":true,"integrationAssistantEnabled":true,"legacyDeploymentsOrgToken":true,"machineTokensEnabled":true,
		"neoByokEnabled":true,"neoCodeReviewsEnabled":true,"neoPlanModeEnabled":true,"neoReadOnlyEnabled":true,"neoServerSideApprovalsEnabled":true,
		"neoTaskSharingEnabled":true,"neoTokenMeteringEnabled":true,"neoUsageLimitsEnabled":true,"nlpSearchEnabled":true,
		"notificationCenterEnabled":true,"pangeaAccountsScanPageEnabled":true,"policyIssueManagementEnabled":true,"policyManagementV2Enabled":true,
		"propertySearchUIEnabled":true,"resourceExportEnabled":true,"resourceSearchEnabled":true,"restoreStacksEnabled":true,"samlSsoEnabled":true,
		"scimEnabled":true,"selfHostedDeploymentsEnabled":true,"selfServeIDPRemoval":true,"serviceBackedConfigEnabled":true,
		"tagBasedDeploymentTriggersEnabled":true,"teamMemberRoleManagementEnabled":true,"teamsEnabled":true,"themingEnabled":true,
		"universalSearchEnabled":true,"unlinkedGitHubAppRecoveryEnabled":true,"usersCustomRolesEnabled":true,"webhooksEnabled":true}}`

	inviteResultsAnswer = `{"sentInvites":[{"id":"i1","acceptInviteUrl":"https://example.com/i1"}],
		"failedInvites":[{"email":"ada@example.com","role":"member","roleId":"r1"}]}`

	complianceAnswer = `{"columns":["rules"],"rows":[{"entityName":"prod","columns":["rules"],"scores":[80]}],"continuationToken":null}`

	policiesAnswer = `{"policies":[{"policyPack":"rules","policyName":"no-public-buckets","policyGroupName":"default","policyGroupType":"audit",
		"severity":"high","governedResources":20,"failingResources":5,"percentCompliant":75}],"totalCount":1}`

	exportResultAnswer = `{"timestamp":1760000000,"message":"access denied"}`
)

func teamOperations() []operation {
	return []operation{
		read("Teams.List", `{"teams":[`+teamAnswer+`]}`, "teams",
			func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Teams.List(ctx, "acme")
			}),
		read("Teams.Get", teamAnswer, "",
			func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Teams.Get(ctx, "acme", "ops")
			}),
		{
			name: "Teams.Update", idempotent: true, resends: true, on404: []string{"PATCH"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return write(client.Teams.Update(ctx, "acme", "ops", pulumiapi.TeamUpdateRequest{Description: new("more")}))
			},
		},
		{
			name: "Teams.PromoteMember", on404: []string{"PATCH"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return write(client.Teams.PromoteMember(ctx, "acme", "ops", "ada"))
			},
		},
		{
			name: "Teams.DemoteMember", on404: []string{"PATCH"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return write(client.Teams.DemoteMember(ctx, "acme", "ops", "ada"))
			},
		},
		{
			name: "Teams.UpdateStackAccess", idempotent: true, resends: true, on404: []string{"PATCH"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return write(client.Teams.UpdateStackAccess(ctx, "ops", prod, pulumiapi.StackPermissionEdit))
			},
		},
		{
			name: "Teams.GrantEnvironmentAccess", on404: []string{"PATCH"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return write(client.Teams.GrantEnvironmentAccess(ctx, "ops", prodEnv, pulumiapi.TeamEnvironmentAccessRequest{Permission: pulumiapi.EnvironmentPermissionOpen}))
			},
		},
		{
			name: "Teams.UpdateEnvironmentAccess", idempotent: true, resends: true, on404: []string{"PATCH"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return write(client.Teams.UpdateEnvironmentAccess(ctx, "ops", prodEnv, pulumiapi.TeamEnvironmentAccessRequest{Permission: pulumiapi.EnvironmentPermissionOpen}))
			},
		},
		{
			name: "Teams.RemoveEnvironmentAccess", on404: []string{"PATCH"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return write(client.Teams.RemoveEnvironmentAccess(ctx, "ops", prodEnv))
			},
		},
		{
			name: "Teams.EnableRoles", answer: roleAnswer, on404: []string{"POST"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Teams.EnableRoles(ctx, "acme", "ops")
			},
		},
		read("Teams.ListRoles", `{"roles":[`+roleAnswer+`]}`, "roles",
			func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Teams.ListRoles(ctx, "acme", "ops")
			}),
		{
			name: "Teams.SetRole", idempotent: true, resends: true, on404: []string{"POST"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return write(client.Teams.SetRole(ctx, "acme", "ops", "r1"))
			},
		},
		{
			name: "Teams.RemoveRole", resends: true, on404: []string{"DELETE"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return write(client.Teams.RemoveRole(ctx, "acme", "ops", "r1"))
			},
		},
		read("Teams.ListTokens", tokensAnswer, "tokens",
			func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return firstOf(client.Teams.ListTokens(ctx, "acme", "ops", nil))
			}),
		read("Teams.ListTokensPage", tokensAnswer, "tokens",
			func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return itemsOf(client.Teams.ListTokensPage(ctx, "acme", "ops", nil))
			}),
		{
			name: "Teams.CreateToken", answer: newTokenAnswer, on404: []string{"POST"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Teams.CreateToken(ctx, "acme", "ops", pulumiapi.TeamTokenCreateRequest{Name: "ci"})
			},
		},
		{
			name: "Teams.DeleteToken", resends: true, revokes: true, on404: []string{"DELETE"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return write(client.Teams.DeleteToken(ctx, "acme", "ops", "t1", nil))
			},
		},
	}
}

func orgOperations() []operation {
	return []operation{
		read("Orgs.Get", orgAnswer, "",
			func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Orgs.Get(ctx, "acme")
			}),
		read("Orgs.GetMetadata", orgMetadataAnswer, "",
			func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Orgs.GetMetadata(ctx, "acme")
			}),
		{
			name: "Orgs.Update", idempotent: true, resends: true, answer: orgMetadataAnswer, on404: []string{"PATCH"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Orgs.Update(ctx, "acme", pulumiapi.OrgUpdateRequest{MembersCanCreateTeams: new(true)})
			},
		},
		read("Orgs.ListMemberTeams", `{"teams":["Operations"]}`, "teams",
			func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Orgs.ListMemberTeams(ctx, "acme", "ada")
			}),
		read("Orgs.ListRoles", `{"roles":[`+roleAnswer+`]}`, "roles",
			func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Orgs.ListRoles(ctx, "acme", nil)
			}),
		{
			name: "Orgs.SetSoleAdmin", on404: []string{"POST"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return write(client.Orgs.SetSoleAdmin(ctx, "acme", "ada"))
			},
		},
		read("Orgs.GetMemberStackAccess", `{"userInfo":`+userAnswer+`,"organizationRole":"member","organizationDefault":101,"explicitPermission":102,
			"teamPermissions":[{"team":`+teamAnswer+`,"permission":103}]}`, "",
			func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Orgs.GetMemberStackAccess(ctx, "ada", prod)
			}),
		read("Orgs.ListInvites", `{"invites":[{"id":"i1","email":"ada@example.com","role":"member","roleId":"r1","sentBy":`+userAnswer+`,
			"sentAt":1760000000,"status":"pending","acceptInviteUrl":"https://example.com/i1","acceptError":"too late"}]}`, "invites",
			func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Orgs.ListInvites(ctx, "acme")
			}),
		{
			name: "Orgs.CreateInvites", answer: inviteResultsAnswer, on404: []string{"POST"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Orgs.CreateInvites(ctx, "acme", []pulumiapi.OrgInviteCreateRequest{{Email: "ada@example.com", Role: pulumiapi.OrgRoleMember}})
			},
		},
		{
			name: "Orgs.CreateUnverifiedInvites", answer: inviteResultsAnswer, on404: []string{"POST"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Orgs.CreateUnverifiedInvites(ctx, "acme", []pulumiapi.OrgInviteCreateRequest{{Email: "ada@example.com", Role: pulumiapi.OrgRoleMember}})
			},
		},
		{
			name: "Orgs.CreateInviteLink", answer: `{"id":"i1","acceptInviteUrl":"https://example.com/i1"}`, on404: []string{"POST"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Orgs.CreateInviteLink(ctx, "acme", pulumiapi.OrgInviteLinkCreateRequest{Role: pulumiapi.OrgRoleMember})
			},
		},
		read("Orgs.GetInvite", `{"name":"Acme","githubLogin":"acme","avatarUrl":"https://example.com/acme","email":"acme@example.com","role":"none"}`, "",
			func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Orgs.GetInvite(ctx, "acme", "i1")
			}),
		{
			name: "Orgs.AcceptInvite", on404: []string{"PATCH"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return write(client.Orgs.AcceptInvite(ctx, "acme", "i1"))
			},
		},
		{
			name: "Orgs.CancelInvite", resends: true, on404: []string{"DELETE"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return write(client.Orgs.CancelInvite(ctx, "acme", "i1"))
			},
		},
		{
			name: "Orgs.ResendInvite", on404: []string{"POST"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return write(client.Orgs.ResendInvite(ctx, "acme", "i1"))
			},
		},
		read("Orgs.ListTokens", tokensAnswer, "tokens",
			func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return firstOf(client.Orgs.ListTokens(ctx, "acme", nil))
			}),
		read("Orgs.ListTokensPage", tokensAnswer, "tokens",
			func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return itemsOf(client.Orgs.ListTokensPage(ctx, "acme", nil))
			}),
		{
			name: "Orgs.CreateToken", answer: newTokenAnswer, on404: []string{"POST"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Orgs.CreateToken(ctx, "acme", pulumiapi.OrgTokenCreateRequest{Name: "ci"})
			},
		},
		{
			name: "Orgs.DeleteToken", resends: true, revokes: true, on404: []string{"DELETE"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return write(client.Orgs.DeleteToken(ctx, "acme", "t1"))
			},
		},
	}
}

func policyAndAuditOperations() []operation {
	return []operation{
		{
			name: "PolicyCompliance.List", answer: complianceAnswer, items: "rows", resends: true, on404: []string{"POST"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return firstOf(client.PolicyCompliance.List(ctx, "acme", nil))
			},
		},
		{
			name: "PolicyCompliance.ListPage", answer: complianceAnswer, items: "rows", resends: true, on404: []string{"POST"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return itemsOf(client.PolicyCompliance.ListPage(ctx, "acme", nil))
			},
		},
		{
			name: "PolicyCompliance.ListPolicies", answer: policiesAnswer, items: "policies", resends: true, on404: []string{"POST"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return firstOf(client.PolicyCompliance.ListPolicies(ctx, "acme", nil))
			},
		},
		{
			name: "PolicyCompliance.ListPoliciesPage", answer: policiesAnswer, items: "policies", resends: true, on404: []string{"POST"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return itemsOf(client.PolicyCompliance.ListPoliciesPage(ctx, "acme", nil))
			},
		},
		read("PolicyCompliance.GetMetadata", `{"policyTotalCount":4,"policyWithIssuesCount":3,"resourcesTotalCount":20,"resourcesWithIssuesCount":5}`, "",
			func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.PolicyCompliance.GetMetadata(ctx, "acme")
			}),
		{
			name: "PolicyIssues.ListFilterValues", answer: `{"field":"policyName","values":[{"name":"no-public-buckets","count":3}]}`, items: "values", resends: true, on404: []string{"POST"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.PolicyIssues.ListFilterValues(ctx, "acme", "policyName", nil)
			},
		},
		read("AuditLogs.GetExportConfig", `{"enabled":true,"s3Config":{"s3BucketName":"logs","s3PathPrefix":"audit/","iamRoleArn":"arn:aws:iam::1:role/a"},
			"lastResult":{"timestamp":1760000000,"message":"access denied"}}`, "",
			func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.AuditLogs.GetExportConfig(ctx, "acme")
			}),
		{
			name: "AuditLogs.UpdateExportConfig", idempotent: true, resends: true, on404: []string{"POST"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return write(client.AuditLogs.UpdateExportConfig(ctx, "acme", pulumiapi.AuditLogExportConfigUpdateRequest{S3Configuration: logBucket}))
			},
		},
		{
			name: "AuditLogs.DeleteExportConfig", resends: true, on404: []string{"DELETE"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return write(client.AuditLogs.DeleteExportConfig(ctx, "acme"))
			},
		},
		{
			name: "AuditLogs.TestExportConfig", answer: exportResultAnswer, on404: []string{"POST"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.AuditLogs.TestExportConfig(ctx, "acme", logBucket)
			},
		},
		{
			name: "AuditLogs.ForceExport", answer: exportResultAnswer, on404: []string{"POST"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.AuditLogs.ForceExport(ctx, "acme", time.Unix(1760000000, 0))
			},
		},
		read("AuditLogs.GetReaderKind", `"elasticsearch"`, "",
			func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.AuditLogs.GetReaderKind(ctx, "acme")
			}),
	}
}
