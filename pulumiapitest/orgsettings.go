package pulumiapitest

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

var orgRoutes = []route{
	{
		endpoint: "GET /api/orgs/{orgName}",
		handle:   (*Server).getOrg,
	},
	{
		endpoint: "PATCH /api/orgs/{orgName}",
		handle:   (*Server).updateOrg,
	},
	{
		endpoint: "GET /api/orgs/{orgName}/metadata",
		handle:   (*Server).getOrgMetadata,
	},
}

// The subscriptions that matter here.
const (
	productIndividual       = "individual"
	productTeamStarter      = "team-starter"
	productTeamGrowth       = "team-growth"
	productBusinessCritical = "business-critical"
)

// products are the subscriptions that an organization can have.
var products = []string{
	"community", productIndividual, "team-per-stack", productTeamStarter, "team-pro", productTeamGrowth,
	"enterprise", "enterprise-growth", productBusinessCritical,
}

// SetProduct sets what an organization has subscribed to: "business-critical", if it is
// never called. It creates the organization if there is none of the name, and fails if
// there is no such product. An organization with "team-starter" or "team-growth" has one
// administrator; the audit log is exported with "business-critical" only.
func (s *Server) SetProduct(org, product string) error {
	if !slices.Contains(products, product) {
		return fmt.Errorf("pulumiapitest: there is no product %q", product)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o, err := s.seededOrg(org)
	if err != nil {
		return err
	}
	o.settings.Product = product
	return nil
}

// wireOrgMetadata is how an organization is set up. What can be counted, and what
// depends on who asks, is filled in when somebody does.
type wireOrgMetadata struct {
	AccountCount                  int             `json:"accountCount"`
	AIEnablement                  string          `json:"aiEnablement"`
	AuditLogsEnabled              bool            `json:"auditLogsEnabled"`
	Created                       time.Time       `json:"created"`
	DefaultAccountPermission      int             `json:"defaultAccountPermission"`
	DefaultDeploymentRoleID       string          `json:"defaultDeploymentRoleId,omitempty"`
	DefaultEnvironmentPermission  string          `json:"defaultEnvironmentPermission"`
	DefaultStackPermission        int             `json:"defaultStackPermission"`
	EnvironmentCount              int             `json:"environmentCount"`
	Features                      map[string]bool `json:"features"`
	ID                            string          `json:"id"`
	InsightsTrialUsingPolicy      bool            `json:"insightsTrialUsingPolicy"`
	Kind                          string          `json:"kind"`
	MaxAccessTokenExpiryDays      *int            `json:"maxAccessTokenExpiryDays,omitempty"`
	MemberCount                   int             `json:"memberCount"`
	MembersCanCreateAccounts      bool            `json:"membersCanCreateAccounts"`
	MembersCanCreateStacks        bool            `json:"membersCanCreateStacks"`
	MembersCanCreateTeams         bool            `json:"membersCanCreateTeams"`
	MembersCanDeleteStacks        bool            `json:"membersCanDeleteStacks"`
	MembersCanTransferStacks      bool            `json:"membersCanTransferStacks"`
	NaturalLanguageSearchDisabled bool            `json:"naturalLanguageSearchDisabled"`
	NeoAgentDisabled              bool            `json:"neoAgentDisabled"`
	NeoApprovalMode               string          `json:"neoApprovalMode"`
	NeoCLIExplanationsDisabled    bool            `json:"neoCLIExplanationsDisabled"`
	NeoEnabled                    bool            `json:"neoEnabled"`
	NeoTaskSharingMode            string          `json:"neoTaskSharingMode"`
	PreferredVCS                  string          `json:"preferredVCS"`
	Product                       string          `json:"product,omitempty"`
	StackCount                    int             `json:"stackCount"`
	UserRole                      string          `json:"userRole"`
	WebhooksEnabled               bool            `json:"webhooksEnabled"`
}

func newOrgSettings(name string) wireOrgMetadata {
	m := wireOrgMetadata{
		ID: fakeUUID("organization " + name), Kind: "pulumi", Created: time.Now().UTC(), Product: productBusinessCritical,
		DefaultStackPermission: 0, DefaultEnvironmentPermission: "none",
		MembersCanCreateStacks: true, MembersCanCreateTeams: true, MembersCanDeleteStacks: true,
		PreferredVCS: "none", AIEnablement: "enabled", NeoEnabled: true, NeoApprovalMode: "manual", NeoTaskSharingMode: "none",
		AuditLogsEnabled: true, WebhooksEnabled: true, Features: map[string]bool{},
	}
	for _, feature := range orgFeatures {
		m.Features[feature] = true
	}
	return m
}

// makeIndividual makes an organization a user's own.
func (o *organization) makeIndividual() {
	o.individual = true
	o.settings.Kind, o.settings.Product = "single-user", productIndividual
}

// orgFeatures are what an organization can use: everything, but for what orgMetadata
// takes away.
var orgFeatures = []string{
	"accessTokenExpiryPolicyEnabled", "agentIntegrationCatalogEnabled", "agentPoolRegistrationEnabled", "agentScheduledTasksEnabled", "aiAgentsEnabled", "aleEnabled",
	"approvalsEnabled", "auditLogUIFilteringEnabled", "auditLogsEnabled", "bitbucketVCSEnabled", "bringYourOwnKeyEnabled", "cliIntegrationCatalogEnabled",
	"crossGuardEnabled", "customRoleCondition", "customRolesEnabled", "customTemplatesEnabled", "customVCSEnabled", "dependencyCachingEnabled",
	"deployEnabled", "deploymentOidcSettingsEnabled", "discoveredStacksEnabled", "driftDetectionEnabled", "driftRemediationEnabled",
	"environmentRevisionTagsEnabled", "environmentSecretRotationEnabled", "environmentsEnabled", "environmentsRestoreEnabled",
	"escEditorRevampEnabled", "escOnboardingAzureOAuthClientEnabled", "escOnboardingEnabled", "escOnboardingGcpOAuthClientEnabled", "escOnboardingV2Enabled",
	"expandedPolicyEnforcementLevelsEnabled", "fixDriftWithNeoEnabled", "ghAppDetailedDiffEnabled", "gitHubEnterpriseIntegrationEnabled",
	"iacCloudImportEnabled", "insightsAutoPolicyPacksEnabled", "insightsMonetizationEnabled", "integrationAssistantEnabled",
	"legacyDeploymentsOrgToken", "machineTokensEnabled", "neoByokEnabled", "neoCodeReviewsEnabled", "neoPlanModeEnabled", "neoTaskSharingEnabled",
	"neoUsageLimitsEnabled", "nlpSearchEnabled", "notificationCenterEnabled", "pangeaAccountsScanPageEnabled",
	"policyIssueManagementEnabled", "policyManagementV2Enabled", "propertySearchUIEnabled", "resourceExportEnabled", "resourceSearchEnabled",
	"restoreStacksEnabled", "samlSsoEnabled", "scimEnabled", "selfHostedDeploymentsEnabled", "selfServeIDPRemoval", "serviceBackedConfigEnabled",
	"tagBasedDeploymentTriggersEnabled", "teamMemberRoleManagementEnabled", "teamsEnabled", "themingEnabled", "universalSearchEnabled",
	"usersCustomRolesEnabled", "webhooksEnabled",
}

func (s *Server) orgMetadata(o *organization) wireOrgMetadata {
	m := o.settings
	m.MemberCount, m.AccountCount, m.UserRole = len(o.members), len(o.accounts), "none"
	m.Features = maps.Clone(m.Features)
	m.Features["teamsEnabled"] = !o.individual
	m.Features["aleEnabled"] = o.exportsAuditLog()
	for _, st := range s.stacks.order {
		if st.org == o.name {
			m.StackCount++
		}
	}
	if me := o.member(userLogin); me != nil {
		m.UserRole = me.Role
	}
	return m
}

func (s *Server) getOrgMetadata(c *call) (reply, error) {
	o, err := s.findOrg(c)
	if err != nil {
		return reply{}, err
	}
	return ok(s.orgMetadata(o)), nil
}

type wireUpdateOrgRequest struct {
	SetAIEnablement                  *string `json:"setAiEnablement"`
	SetDefaultAccountPermission      *int    `json:"setDefaultAccountPermission"`
	SetDefaultAgentPoolID            *string `json:"setDefaultAgentPoolID"`
	SetDefaultDeploymentRoleID       *string `json:"setDefaultDeploymentRoleId"`
	SetDefaultEnvironmentPermission  *string `json:"setDefaultEnvironmentPermission"`
	SetDefaultStackPermission        *int    `json:"setDefaultStackPermission"`
	SetMaxAccessTokenExpiryDays      *int    `json:"setMaxAccessTokenExpiryDays"`
	SetMembersCanCreateAccounts      *bool   `json:"setMembersCanCreateAccounts"`
	SetMembersCanCreateStacks        *bool   `json:"setMembersCanCreateStacks"`
	SetMembersCanCreateTeams         *bool   `json:"setMembersCanCreateTeams"`
	SetMembersCanDeleteStacks        *bool   `json:"setMembersCanDeleteStacks"`
	SetMembersCanInviteCollaborators *bool   `json:"setMembersCanInviteCollaborators"`
	SetMembersCanTransferStacks      *bool   `json:"setMembersCanTransferStacks"`
	SetNaturalLanguageSearchDisabled *bool   `json:"setNaturalLanguageSearchDisabled"`
	SetNeoAgentDisabled              *bool   `json:"setNeoAgentDisabled"`
	SetNeoApprovalMode               *string `json:"setNeoApprovalMode"`
	SetNeoCLIExplanationsDisabled    *bool   `json:"setNeoCLIExplanationsDisabled"`
	SetNeoEnabled                    *bool   `json:"setNeoEnabled"`
	SetNeoTaskSharingMode            *string `json:"setNeoTaskSharingMode"`
	SetPreferredVCS                  *string `json:"setPreferredVCS"`
}

// assign sets what a request has a value for.
func assign[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

func (req *wireUpdateOrgRequest) check() error {
	for _, field := range []struct {
		name    string
		value   *string
		allowed []string
	}{
		{"setDefaultEnvironmentPermission", req.SetDefaultEnvironmentPermission, environmentPermissions},
		{"setPreferredVCS", req.SetPreferredVCS, []string{"none", "bitbucket", "github", "gitlab"}},
		{"setNeoApprovalMode", req.SetNeoApprovalMode, []string{"manual", "auto", "balanced"}},
		{"setNeoTaskSharingMode", req.SetNeoTaskSharingMode, []string{"none", "org"}},
	} {
		if field.value != nil && !slices.Contains(field.allowed, *field.value) {
			return badRequest("Invalid organization settings: %s '%s'", field.name, *field.value)
		}
	}
	if p := req.SetDefaultStackPermission; p != nil && !slices.Contains(stackPermissions, *p) {
		return badRequest("Invalid organization settings: setDefaultStackPermission %d", *p)
	}
	if p := req.SetDefaultAccountPermission; p != nil && (*p < 0 || *p > 3) {
		return badRequest("Invalid organization settings: setDefaultAccountPermission %d", *p)
	}
	return nil
}

// updateOrg takes the agent pool and who may invite collaborators, and tells nobody: no
// answer has them.
func (s *Server) updateOrg(c *call) (reply, error) {
	o, err := s.findOrg(c)
	if err != nil {
		return reply{}, err
	}
	var req wireUpdateOrgRequest
	if err := c.decode(&req); err != nil {
		return reply{}, err
	}
	if err := req.check(); err != nil {
		return reply{}, err
	}
	m := &o.settings
	assign(&m.AIEnablement, req.SetAIEnablement)
	assign(&m.DefaultAccountPermission, req.SetDefaultAccountPermission)
	assign(&m.DefaultDeploymentRoleID, req.SetDefaultDeploymentRoleID)
	assign(&m.DefaultEnvironmentPermission, req.SetDefaultEnvironmentPermission)
	assign(&m.DefaultStackPermission, req.SetDefaultStackPermission)
	assign(&m.MembersCanCreateAccounts, req.SetMembersCanCreateAccounts)
	assign(&m.MembersCanCreateStacks, req.SetMembersCanCreateStacks)
	assign(&m.MembersCanCreateTeams, req.SetMembersCanCreateTeams)
	assign(&m.MembersCanDeleteStacks, req.SetMembersCanDeleteStacks)
	assign(&m.MembersCanTransferStacks, req.SetMembersCanTransferStacks)
	assign(&m.NaturalLanguageSearchDisabled, req.SetNaturalLanguageSearchDisabled)
	assign(&m.NeoAgentDisabled, req.SetNeoAgentDisabled)
	assign(&m.NeoApprovalMode, req.SetNeoApprovalMode)
	assign(&m.NeoCLIExplanationsDisabled, req.SetNeoCLIExplanationsDisabled)
	assign(&m.NeoEnabled, req.SetNeoEnabled)
	assign(&m.NeoTaskSharingMode, req.SetNeoTaskSharingMode)
	assign(&m.PreferredVCS, req.SetPreferredVCS)
	if days := req.SetMaxAccessTokenExpiryDays; days != nil {
		if m.MaxAccessTokenExpiryDays = days; *days == 0 {
			m.MaxAccessTokenExpiryDays = nil
		}
	}
	s.log(c, o, AuditLogEvent{Event: "Organization Settings Changed", Description: "Changed the settings of the organization", RequiresOrgAdmin: true})
	return ok(s.orgMetadata(o)), nil
}

type wireOrg struct {
	AvatarURL   string        `json:"avatarUrl"`
	GitHubLogin string        `json:"githubLogin"`
	Name        string        `json:"name"`
	Repos       []wireOrgRepo `json:"repos"`
}

type wireOrgRepo struct {
	Name     string           `json:"name"`
	OrgName  string           `json:"orgName"`
	Projects []wireOrgProject `json:"projects"`
}

type wireOrgProject struct {
	Name     string         `json:"name"`
	OrgName  string         `json:"orgName"`
	RepoName string         `json:"repoName"`
	Stacks   []wireOrgStack `json:"stacks"`
}

type wireOrgStack struct {
	DriftDetected         bool               `json:"driftDetected"`
	HasDeploymentSettings bool               `json:"hasDeploymentSettings"`
	LastUpdate            *wireUpdateSummary `json:"lastUpdate,omitempty"`
	Name                  string             `json:"name"`
	ProgramID             string             `json:"programId"`
	ProtectedByPolicy     bool               `json:"protectedByPolicy"`
	RoutingProject        string             `json:"routingProject"`
	RoutingRepo           string             `json:"routingRepo"`
	Tags                  map[string]string  `json:"tags"`
}

// getOrg has a repository for each project: the cloud knows of no others.
func (s *Server) getOrg(c *call) (reply, error) {
	o, err := s.findOrg(c)
	if err != nil {
		return reply{}, err
	}
	projects := map[string][]wireOrgStack{}
	for _, st := range s.stacks.order {
		if st.org == o.name {
			projects[st.project] = append(projects[st.project], s.wireOrgStack(st))
		}
	}
	w := wireOrg{AvatarURL: User{Login: o.name}.wire().AvatarURL, GitHubLogin: o.name, Name: o.name, Repos: []wireOrgRepo{}}
	for _, name := range slices.Sorted(maps.Keys(projects)) {
		w.Repos = append(w.Repos, wireOrgRepo{Name: name, OrgName: o.name, Projects: []wireOrgProject{
			{Name: name, OrgName: o.name, RepoName: name, Stacks: projects[name]},
		}})
	}
	return ok(w), nil
}

func (s *Server) wireOrgStack(st *stack) wireOrgStack {
	w := wireOrgStack{
		Name: st.name, ProgramID: st.programID(), RoutingProject: st.project, RoutingRepo: st.project, Tags: st.tags,
	}
	if st.version > 0 {
		w.LastUpdate = new(st.lastSummary())
	}
	for _, g := range s.policyGroupsOf(st) {
		w.ProtectedByPolicy = w.ProtectedByPolicy || len(g.Packs) > 0
	}
	return w
}
