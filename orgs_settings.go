package pulumiapi

import (
	"context"
	"net/http"
	"reflect"
)

// OrgMetadata is how an organization is set up, what it has subscribed to, and how
// much it has.
type OrgMetadata struct {
	ID      string    `json:"id"`
	Kind    OrgKind   `json:"kind"`
	Created Timestamp `json:"created"`
	// BackingOrgLogin is the organization's name at the identity provider.
	BackingOrgLogin string `json:"backingOrgLogin"`
	// UserRole is the role of the token's user in the organization.
	UserRole OrgRole `json:"userRole"`
	// Locked says why the organization is locked; empty or [OrgLockNotLocked] if it
	// isn't.
	Locked OrgLock `json:"locked"`
	// MemberCount and what follows count what there is, whether or not the token's
	// user may see it.
	MemberCount      int `json:"memberCount"`
	StackCount       int `json:"stackCount"`
	EnvironmentCount int `json:"environmentCount"`
	AccountCount     int `json:"accountCount"`
	// MaxMembers and MaxStacks are what the subscription allows; nil if it sets no
	// limit.
	MaxMembers *int `json:"maxMembers"`
	MaxStacks  *int `json:"maxStacks"`
	// DefaultStackPermission and the others are what every member may do.
	DefaultStackPermission       StackPermission       `json:"defaultStackPermission"`
	DefaultEnvironmentPermission EnvironmentPermission `json:"defaultEnvironmentPermission"`
	DefaultAccountPermission     AccountPermission     `json:"defaultAccountPermission"`
	// DefaultRoleID is the ID of the role that new members get; that of the built-in
	// role for members, if it is empty.
	DefaultRoleID string `json:"defaultRoleId"`
	// DefaultDeploymentRoleID is the ID of the role of deployments whose stack names
	// none.
	DefaultDeploymentRoleID  string `json:"defaultDeploymentRoleId"`
	MembersCanCreateAccounts bool   `json:"membersCanCreateAccounts"`
	MembersCanCreateStacks   bool   `json:"membersCanCreateStacks"`
	MembersCanCreateTeams    bool   `json:"membersCanCreateTeams"`
	MembersCanDeleteStacks   bool   `json:"membersCanDeleteStacks"`
	MembersCanTransferStacks bool   `json:"membersCanTransferStacks"`
	// MaxAccessTokenExpiryDays is how long access tokens may be good, in days: one that
	// is good for ever is refused. It is nil if there is no limit.
	MaxAccessTokenExpiryDays *int         `json:"maxAccessTokenExpiryDays"`
	PreferredVCS             PreferredVCS `json:"preferredVCS"`
	// AIEnablement is whether there is help by artificial intelligence: "enabled",
	// "disabled", "opt-in".
	AIEnablement string `json:"aiEnablement"`
	// NeoEnabled says that there is Neo, the service's agent. What is switched off
	// below is a part of it.
	NeoEnabled                 bool               `json:"neoEnabled"`
	NeoAgentDisabled           bool               `json:"neoAgentDisabled"`
	NeoApprovalMode            NeoApprovalMode    `json:"neoApprovalMode"`
	NeoCLIExplanationsDisabled bool               `json:"neoCLIExplanationsDisabled"`
	NeoTaskSharingMode         NeoTaskSharingMode `json:"neoTaskSharingMode"`
	// NaturalLanguageSearchDisabled says that resources can't be searched for in
	// plain words.
	NaturalLanguageSearchDisabled bool `json:"naturalLanguageSearchDisabled"`
	// Product is what the organization has subscribed to; empty for a subscription
	// that is sold no more.
	Product OrgProduct `json:"product"`
	// SubscriptionStatus is the state of the subscription: "active".
	SubscriptionStatus            string    `json:"subscriptionStatus"`
	SubscriptionPeriodEnd         Timestamp `json:"subscriptionPeriodEnd"`
	SubscriptionCancelAtPeriodEnd bool      `json:"subscriptionCancelAtPeriodEnd"`
	SubscriptionTrialEnd          Timestamp `json:"subscriptionTrialEnd"`
	// RetrialExpiration is when a second trial ends; zero if none is under way.
	RetrialExpiration Timestamp `json:"retrialExpiration"`
	// InsightsBillingAccepted says whether Insights may cost something; nil if nobody
	// has decided.
	InsightsBillingAccepted *bool     `json:"insightsBillingAccepted"`
	InsightsTrialEnd        Timestamp `json:"insightsTrialEnd"`
	// InsightsTrialUsingPolicy says that going on as in the trial takes a larger
	// subscription.
	InsightsTrialUsingPolicy bool `json:"insightsTrialUsingPolicy"`
	// Features are what the organization can use.
	Features OrgFeatures `json:"features"`
	// AuditLogsEnabled is whether there is an audit log.
	//
	// Deprecated: Features says it, too.
	AuditLogsEnabled bool `json:"auditLogsEnabled"`
	// WebhooksEnabled is whether there are webhooks.
	//
	// Deprecated: Features says it, too.
	WebhooksEnabled bool `json:"webhooksEnabled"`
}

// OrgKind is what stands behind an organization.
type OrgKind string

// What stands behind organizations.
const (
	// OrgKindSingleUser is a user's own organization.
	OrgKindSingleUser OrgKind = "single-user"
	OrgKindPulumi     OrgKind = "pulumi"
	OrgKindGitHub     OrgKind = "github"
	OrgKindGitLab     OrgKind = "gitlab"
	OrgKindBitbucket  OrgKind = "bitbucket"
	OrgKindSAML       OrgKind = "saml"
)

// OrgLock is why an organization is locked.
type OrgLock string

// Why organizations are locked.
const (
	OrgLockNotLocked          OrgLock = "not-locked"
	OrgLockBadSubscription    OrgLock = "bad-subscription"
	OrgLockReadOnly           OrgLock = "read-only"
	OrgLockRenameInProgress   OrgLock = "rename-in-progress"
	OrgLockTransferInProgress OrgLock = "transfer-in-progress"
)

// OrgProduct is what an organization has subscribed to.
type OrgProduct string

// The subscriptions.
const (
	OrgProductCommunity        OrgProduct = "community"
	OrgProductIndividual       OrgProduct = "individual"
	OrgProductTeamPerStack     OrgProduct = "team-per-stack"
	OrgProductTeamStarter      OrgProduct = "team-starter"
	OrgProductTeamPro          OrgProduct = "team-pro"
	OrgProductTeamGrowth       OrgProduct = "team-growth"
	OrgProductEnterprise       OrgProduct = "enterprise"
	OrgProductEnterpriseGrowth OrgProduct = "enterprise-growth"
	OrgProductBusinessCritical OrgProduct = "business-critical"
)

// PreferredVCS is where an organization keeps its code.
type PreferredVCS string

// Where organizations keep their code.
const (
	PreferredVCSNone      PreferredVCS = "none"
	PreferredVCSBitbucket PreferredVCS = "bitbucket"
	PreferredVCSGitHub    PreferredVCS = "github"
	PreferredVCSGitLab    PreferredVCS = "gitlab"
)

// NeoApprovalMode is when Neo, the service's agent, asks before it does something.
type NeoApprovalMode string

// When Neo asks.
const (
	NeoApprovalModeManual   NeoApprovalMode = "manual"
	NeoApprovalModeAuto     NeoApprovalMode = "auto"
	NeoApprovalModeBalanced NeoApprovalMode = "balanced"
)

// NeoTaskSharingMode is who sees what Neo was asked to do.
type NeoTaskSharingMode string

// Who sees Neo's tasks.
const (
	NeoTaskSharingModeNone NeoTaskSharingMode = "none"
	NeoTaskSharingModeOrg  NeoTaskSharingMode = "org"
)

var orgGetMetadataEndpoint = Endpoint{Method: http.MethodGet, Template: "/api/orgs/{orgName}/metadata"}

// GetMetadata returns how an organization is set up. Unlike [OrgsService.Get], it
// costs the service little.
//
// Pulumi Cloud: GET /api/orgs/{orgName}/metadata
func (s *OrgsService) GetMetadata(ctx context.Context, org string) (*OrgMetadata, error) {
	return fetch[OrgMetadata](ctx, s.client, call{endpoint: orgGetMetadataEndpoint, args: orgArgs(org)})
}

// OrgUpdateRequest changes how an organization is set up. What is nil stays as it
// is.
type OrgUpdateRequest struct {
	// DefaultStackPermission and the others are what every member may do.
	DefaultStackPermission       *StackPermission       `json:"setDefaultStackPermission,omitzero"`
	DefaultEnvironmentPermission *EnvironmentPermission `json:"setDefaultEnvironmentPermission,omitzero"`
	DefaultAccountPermission     *AccountPermission     `json:"setDefaultAccountPermission,omitzero"`
	// DefaultDeploymentRoleID is the ID of the role of deployments whose stack names
	// none: there is no such role if it is "".
	DefaultDeploymentRoleID *string `json:"setDefaultDeploymentRoleId,omitzero"`
	// DefaultAgentPoolID is the ID of the agents that run deployments: Pulumi's own,
	// if it is "".
	DefaultAgentPoolID            *string `json:"setDefaultAgentPoolID,omitzero"`
	MembersCanCreateAccounts      *bool   `json:"setMembersCanCreateAccounts,omitzero"`
	MembersCanCreateStacks        *bool   `json:"setMembersCanCreateStacks,omitzero"`
	MembersCanCreateTeams         *bool   `json:"setMembersCanCreateTeams,omitzero"`
	MembersCanDeleteStacks        *bool   `json:"setMembersCanDeleteStacks,omitzero"`
	MembersCanInviteCollaborators *bool   `json:"setMembersCanInviteCollaborators,omitzero"`
	MembersCanTransferStacks      *bool   `json:"setMembersCanTransferStacks,omitzero"`
	// MaxAccessTokenExpiryDays is how long access tokens may be good, in days: one that
	// is good for ever is refused. There is no limit if it is 0.
	MaxAccessTokenExpiryDays *int          `json:"setMaxAccessTokenExpiryDays,omitzero"`
	PreferredVCS             *PreferredVCS `json:"setPreferredVCS,omitzero"`
	// AIEnablement is whether there is help by artificial intelligence: "enabled",
	// "disabled", "opt-in".
	AIEnablement *string `json:"setAiEnablement,omitzero"`
	// NeoEnabled says whether there is Neo. What is switched off below is a part of it.
	NeoEnabled                    *bool               `json:"setNeoEnabled,omitzero"`
	NeoAgentDisabled              *bool               `json:"setNeoAgentDisabled,omitzero"`
	NeoApprovalMode               *NeoApprovalMode    `json:"setNeoApprovalMode,omitzero"`
	NeoCLIExplanationsDisabled    *bool               `json:"setNeoCLIExplanationsDisabled,omitzero"`
	NeoTaskSharingMode            *NeoTaskSharingMode `json:"setNeoTaskSharingMode,omitzero"`
	NaturalLanguageSearchDisabled *bool               `json:"setNaturalLanguageSearchDisabled,omitzero"`
}

// known returns the settings that the request changes, as they are afterwards: the
// fields of [OrgMetadata] that have the same names.
func (r OrgUpdateRequest) known() *OrgMetadata {
	known := new(OrgMetadata)
	for field, set := range reflect.ValueOf(r).Fields() {
		switch setting := reflect.ValueOf(known).Elem().FieldByName(field.Name); {
		case set.IsNil() || !setting.IsValid():
		case setting.Kind() == reflect.Pointer:
			setting.Set(set)
		default:
			setting.Set(set.Elem())
		}
	}
	return known
}

// orgUpdateEndpoint is idempotent: it sets settings to values.
var orgUpdateEndpoint = Endpoint{Method: http.MethodPatch, Template: "/api/orgs/{orgName}", Idempotent: true}

// Update changes how an organization is set up, and returns its settings afterwards;
// only those of req, if the server sends no body.
//
// Pulumi Cloud: PATCH /api/orgs/{orgName}
func (s *OrgsService) Update(ctx context.Context, org string, req OrgUpdateRequest) (*OrgMetadata, error) {
	if req == (OrgUpdateRequest{}) {
		return nil, &ArgumentError{Name: "req", Reason: "changes nothing"}
	}
	return fetchWithBody[OrgMetadata](ctx, s.client, call{endpoint: orgUpdateEndpoint, args: orgArgs(org), known: req.known()}, "req", req)
}
