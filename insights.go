package pulumiapi

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
)

// InsightsService manages Pulumi Insights: cloud accounts, the scans that discover
// what is in them, and what was discovered. Which resources an account has, only
// the service's resource search tells: GET /api/orgs/{orgName}/search/resourcesv2.
type InsightsService struct {
	client *Client
}

// InsightsAccount is a cloud account whose resources are discovered.
type InsightsAccount struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// OwnedBy is the user who owns it.
	OwnedBy  UserInfo         `json:"ownedBy"`
	Provider InsightsProvider `json:"provider"`
	// ProviderVersion is the version of the provider's plugin.
	ProviderVersion string `json:"providerVersion"`
	// ProviderEnvRef is the Pulumi ESC environment that holds the credentials:
	// "project/environment", with "@version" at the end or not.
	ProviderEnvRef string `json:"providerEnvRef"`
	// ScheduledScanEnabled says that it is scanned again and again.
	ScheduledScanEnabled bool `json:"scheduledScanEnabled"`
	// AgentPoolID is the pool of agents that scan it; empty for the default.
	AgentPoolID string `json:"agentPoolID"`
	// ProviderConfig is the provider's own configuration, as JSON.
	ProviderConfig json.RawMessage `json:"providerConfig"`
	// ScanStatus is the last scan; its Status is empty if there was none, and it
	// is nil if the service doesn't tell.
	ScanStatus *InsightsScan `json:"scanStatus"`
}

// InsightsProvider is a kind of cloud.
type InsightsProvider string

// The kinds of clouds.
const (
	InsightsProviderAWS         InsightsProvider = "aws"
	InsightsProviderGCP         InsightsProvider = "gcp"
	InsightsProviderAzureNative InsightsProvider = "azure-native"
	InsightsProviderOCI         InsightsProvider = "oci"
	InsightsProviderKubernetes  InsightsProvider = "kubernetes"
)

// InsightsAccountCreateRequest describes a new account.
type InsightsAccountCreateRequest struct {
	Provider InsightsProvider `json:"provider"`
	// Environment is the Pulumi ESC environment that holds the credentials:
	// "project/environment", with "@version" at the end or not.
	Environment string `json:"environment"`
	// ScanSchedule is how often the account is scanned.
	ScanSchedule *InsightsScanSchedule `json:"scanSchedule,omitzero"`
	// Cron is when the account is scanned, for installations that have no
	// ScanSchedule.
	//
	// Deprecated: the service has ScanSchedule instead.
	Cron *string `json:"cron,omitzero"`
	// AgentPoolID is the pool of agents that scan it; the default one if nil.
	AgentPoolID *string `json:"agentPoolID,omitzero"`
	// ProviderConfig is the provider's own configuration, as a JSON object:
	// {"regions": ["us-east-1"]} for AWS.
	ProviderConfig json.RawMessage `json:"providerConfig,omitzero"`
}

// InsightsScanSchedule is how often an account is scanned.
type InsightsScanSchedule string

// How often accounts are scanned.
const (
	InsightsScanScheduleNone         InsightsScanSchedule = "none"
	InsightsScanScheduleTwelveHourly InsightsScanSchedule = "12h"
	InsightsScanScheduleDaily        InsightsScanSchedule = "daily"
)

var insightsCreateAccountEndpoint = Endpoint{Method: http.MethodPost, Template: "/api/preview/insights/{orgName}/accounts/{accountName}"}

// CreateAccount makes an Insights account. An environment that does not exist
// is [ErrNotFound].
//
// Pulumi Cloud: POST /api/preview/insights/{orgName}/accounts/{accountName}
func (s *InsightsService) CreateAccount(ctx context.Context, org, name string, req InsightsAccountCreateRequest) error {
	if err := checkNotEmpty("req.Provider", string(req.Provider)); err != nil {
		return err
	}
	if err := checkNotEmpty("req.Environment", req.Environment); err != nil {
		return err
	}
	if err := checkOptionalJSON("req.ProviderConfig", req.ProviderConfig); err != nil {
		return err
	}
	return executeWithBody(ctx, s.client,
		call{endpoint: insightsCreateAccountEndpoint, args: orgArgs(org, pathArg{"name", name})}, "req", req)
}

// InsightsAccountListOptions choose among an organization's accounts.
type InsightsAccountListOptions struct {
	// Parent leaves only the accounts that belong to one account.
	Parent string `url:"parent,omitempty"`
	// RoleID leaves only the accounts that are reached through a custom role.
	RoleID string `url:"roleID,omitempty"`
	// PageSize is how many accounts an answer holds at most, up to 1,000; the
	// service's default, 100, if zero.
	PageSize int `url:"-"`
	// Cursor is where to begin: a [Page.Next] of this list.
	Cursor Cursor `url:"-"`
	// NoPrefetch fetches a page only when the loop gets there, never ahead.
	NoPrefetch bool `url:"-"`
}

func (o *InsightsAccountListOptions) walkOptions() walkOptions {
	return walkOptions{cursor: &o.Cursor, noPrefetch: o.NoPrefetch}
}

var insightsListAccountsEndpoint = Endpoint{Method: http.MethodGet, Template: "/api/preview/insights/{orgName}/accounts"}

// ListAccounts walks the Insights accounts of an organization that the token's
// user can see, over all pages. The sequence yields a nil account with the
// first error, and ends.
//
// Pulumi Cloud: GET /api/preview/insights/{orgName}/accounts
func (s *InsightsService) ListAccounts(ctx context.Context, org string, opts *InsightsAccountListOptions) iter.Seq2[*InsightsAccount, error] {
	return walk(ctx, opts, func(ctx context.Context, o *InsightsAccountListOptions) (*Page[InsightsAccount], error) {
		return s.ListAccountsPage(ctx, org, o)
	})
}

// ListAccountsPage returns one page of what [InsightsService.ListAccounts]
// walks: the first, or the one at the Cursor of opts.
//
// Pulumi Cloud: GET /api/preview/insights/{orgName}/accounts
func (s *InsightsService) ListAccountsPage(ctx context.Context, org string, opts *InsightsAccountListOptions) (*Page[InsightsAccount], error) {
	o := optionsOf(opts)
	type answer struct {
		Accounts  []InsightsAccount `json:"accounts"`
		NextToken string            `json:"nextToken"`
	}
	return fetchTokenPage(ctx, s.client, call{endpoint: insightsListAccountsEndpoint, args: orgArgs(org)},
		paging{cursor: o.Cursor, size: o.PageSize, tokenName: "continuationToken", sizeName: "count"}, o,
		func(a *answer) (*[]InsightsAccount, *string) { return &a.Accounts, &a.NextToken })
}

var insightsGetAccountEndpoint = Endpoint{Method: http.MethodGet, Template: "/api/preview/insights/{orgName}/accounts/{accountName}"}

// GetAccount returns an Insights account by its name. One that does not exist is
// [ErrNotFound]. Errors and records show the name as it is sent: escaped twice,
// as the service decodes it twice.
//
// Pulumi Cloud: GET /api/preview/insights/{orgName}/accounts/{accountName}
func (s *InsightsService) GetAccount(ctx context.Context, org, name string) (*InsightsAccount, error) {
	return fetch[InsightsAccount](ctx, s.client, call{endpoint: insightsGetAccountEndpoint, args: orgArgs(org, pathArg{"name", name})})
}

// accountArgs are the placeholders of an account, and what comes after it.
func accountArgs(org, account string, more ...pathArg) []pathArg {
	return orgArgs(org, append([]pathArg{{"account", account}}, more...)...)
}

// InsightsAccountBulkCreateRequest describes several new accounts.
type InsightsAccountBulkCreateRequest struct {
	Accounts []InsightsAccountBulkCreateItem `json:"accounts"`
	// SkipAutoEnablePolicyPacks leaves out the policy packs that the service
	// enables for new accounts by itself.
	SkipAutoEnablePolicyPacks *bool `json:"skipAutoEnablePolicyPacks,omitzero"`
}

// InsightsAccountBulkCreateItem describes one of several new accounts.
type InsightsAccountBulkCreateItem struct {
	// Name names the account within the organization.
	Name     string           `json:"name"`
	Provider InsightsProvider `json:"provider"`
	// Environment is the Pulumi ESC environment that holds the credentials:
	// "project/environment", with "@version" at the end or not.
	Environment string `json:"environment"`
	// ScanSchedule is how often the account is scanned.
	ScanSchedule *InsightsScanSchedule `json:"scanSchedule,omitzero"`
	// AgentPoolID is the pool of agents that scan it; the default one if nil.
	AgentPoolID *string `json:"agentPoolID,omitzero"`
	// ProviderConfig is the provider's own configuration, as a JSON object.
	ProviderConfig json.RawMessage `json:"providerConfig,omitzero"`
}

// InsightsAccountBulkCreateResults are what has become of several new accounts.
type InsightsAccountBulkCreateResults struct {
	// Accounts are those that were made.
	Accounts []InsightsAccount `json:"accounts"`
	// Failures are those that were not.
	Failures []InsightsAccountBulkCreateFailure `json:"failures"`
}

// InsightsAccountBulkCreateFailure is an account that was not made.
type InsightsAccountBulkCreateFailure struct {
	Name string `json:"name"`
	// Error is the reason, for people to read.
	Error string `json:"error"`
}

var insightsBulkCreateAccountsEndpoint = Endpoint{Method: http.MethodPost, Template: "/api/preview/insights/{orgName}/accounts"}

// BulkCreateAccounts makes several Insights accounts, up to 100, each on its own:
// what is wrong with one does not keep the others from being made, and is no error
// but among the Failures. Of an AWS account, the service makes the children, one
// for each region of its ProviderConfig, by itself.
//
// Pulumi Cloud: POST /api/preview/insights/{orgName}/accounts
func (s *InsightsService) BulkCreateAccounts(ctx context.Context, org string, req InsightsAccountBulkCreateRequest) (*InsightsAccountBulkCreateResults, error) {
	if len(req.Accounts) == 0 {
		return nil, &ArgumentError{Name: "req.Accounts", Reason: "is empty"}
	}
	for i, account := range req.Accounts {
		item := fmt.Sprintf("req.Accounts[%d].", i)
		if err := checkNotEmpty(item+"Name", account.Name); err != nil {
			return nil, err
		}
		if err := checkNotEmpty(item+"Provider", string(account.Provider)); err != nil {
			return nil, err
		}
		if err := checkNotEmpty(item+"Environment", account.Environment); err != nil {
			return nil, err
		}
		if err := checkOptionalJSON(item+"ProviderConfig", account.ProviderConfig); err != nil {
			return nil, err
		}
	}
	return fetchWithBody[InsightsAccountBulkCreateResults](ctx, s.client,
		call{endpoint: insightsBulkCreateAccountsEndpoint, args: orgArgs(org)}, "req", req)
}

// InsightsAccountUpdateRequest says what an account changes to. What is nil stays.
type InsightsAccountUpdateRequest struct {
	// Environment is the Pulumi ESC environment that holds the credentials, and
	// has to be given even if it stays: "project/environment", with "@version" at
	// the end or not.
	Environment string `json:"environment"`
	// ScanSchedule is how often the account is scanned.
	ScanSchedule *InsightsScanSchedule `json:"scanSchedule,omitzero"`
	// AgentPoolID is the pool of agents that scan it.
	AgentPoolID *string `json:"agentPoolID,omitzero"`
	// ProviderConfig is the provider's own configuration, as a JSON object.
	ProviderConfig json.RawMessage `json:"providerConfig,omitzero"`
}

// insightsUpdateAccountEndpoint is idempotent: it sets fields to values.
var insightsUpdateAccountEndpoint = Endpoint{Method: http.MethodPatch, Template: "/api/preview/insights/{orgName}/accounts/{accountName}", Idempotent: true}

// UpdateAccount changes an Insights account. An account or an environment that
// does not exist is [ErrNotFound].
//
// Pulumi Cloud: PATCH /api/preview/insights/{orgName}/accounts/{accountName}
func (s *InsightsService) UpdateAccount(ctx context.Context, org, name string, req InsightsAccountUpdateRequest) error {
	if err := checkNotEmpty("req.Environment", req.Environment); err != nil {
		return err
	}
	if err := checkOptionalJSON("req.ProviderConfig", req.ProviderConfig); err != nil {
		return err
	}
	return executeWithBody(ctx, s.client,
		call{endpoint: insightsUpdateAccountEndpoint, args: orgArgs(org, pathArg{"name", name})}, "req", req)
}

var insightsDeleteAccountEndpoint = Endpoint{Method: http.MethodDelete, Template: "/api/preview/insights/{orgName}/accounts/{accountName}"}

// DeleteAccount deletes an Insights account and its configuration, for good. An
// account that does not exist is [ErrNotFound].
//
// Pulumi Cloud: DELETE /api/preview/insights/{orgName}/accounts/{accountName}
func (s *InsightsService) DeleteAccount(ctx context.Context, org, name string) error {
	return execute(ctx, s.client, call{endpoint: insightsDeleteAccountEndpoint, args: orgArgs(org, pathArg{"name", name})})
}

var insightsAccountExistsEndpoint = Endpoint{Method: http.MethodHead, Template: "/api/preview/insights/{orgName}/accounts/{accountName}"}

// AccountExists reports whether an organization has an Insights account of this
// name.
//
// Pulumi Cloud: HEAD /api/preview/insights/{orgName}/accounts/{accountName}
func (s *InsightsService) AccountExists(ctx context.Context, org, name string) (bool, error) {
	return exists(ctx, s.client, call{endpoint: insightsAccountExistsEndpoint, args: orgArgs(org, pathArg{"name", name})})
}

var insightsReassignAccountOwnershipEndpoint = Endpoint{
	Method: http.MethodPost, Template: "/api/preview/insights/{orgName}/accounts/{accountName}/ownership",
}

// ReassignAccountOwnership makes a user the owner of an Insights account, and
// returns who was the owner before: the zero UserInfo, if the server sends no body.
// user is a login.
//
// Pulumi Cloud: POST /api/preview/insights/{orgName}/accounts/{accountName}/ownership
func (s *InsightsService) ReassignAccountOwnership(ctx context.Context, org, account, user string) (*UserInfo, error) {
	if err := checkNotEmpty("user", user); err != nil {
		return nil, err
	}
	return fetchWithBody[UserInfo](ctx, s.client,
		call{endpoint: insightsReassignAccountOwnershipEndpoint, args: accountArgs(org, account), known: new(UserInfo)}, "user", newOwnerRequest{GitHubLogin: user})
}

var insightsListAccountPolicyPacksEndpoint = Endpoint{
	Method: http.MethodGet, Template: "/api/preview/insights/{orgName}/accounts/{accountName}/policy/packs",
}

// ListAccountPolicyPacks returns the policy packs that look at what is discovered
// in an Insights account.
//
// Pulumi Cloud: GET /api/preview/insights/{orgName}/accounts/{accountName}/policy/packs
func (s *InsightsService) ListAccountPolicyPacks(ctx context.Context, org, account string) ([]RequiredPolicy, error) {
	answer, err := fetch[struct {
		Packs []RequiredPolicy `json:"packs"`
	}](ctx, s.client, call{endpoint: insightsListAccountPolicyPacksEndpoint, args: accountArgs(org, account)})
	if err != nil {
		return nil, err
	}
	return answer.Packs, nil
}

// InsightsAccountTags are the tags of an account.
type InsightsAccountTags struct {
	// Tags are the tags by their names.
	Tags map[string]InsightsAccountTag `json:"tags"`
}

// InsightsAccountTag is a tag of an account.
type InsightsAccountTag struct {
	Name     string    `json:"name"`
	Value    string    `json:"value"`
	Created  Timestamp `json:"created"`
	Modified Timestamp `json:"modified"`
}

var insightsGetAccountTagsEndpoint = Endpoint{
	Method: http.MethodGet, Template: "/api/preview/insights/{orgName}/accounts/{accountName}/tags",
}

// GetAccountTags returns the tags of an Insights account.
//
// Pulumi Cloud: GET /api/preview/insights/{orgName}/accounts/{accountName}/tags
func (s *InsightsService) GetAccountTags(ctx context.Context, org, account string) (*InsightsAccountTags, error) {
	return fetch[InsightsAccountTags](ctx, s.client, call{endpoint: insightsGetAccountTagsEndpoint, args: accountArgs(org, account)})
}

var insightsReplaceAccountTagsEndpoint = Endpoint{
	Method: http.MethodPut, Template: "/api/preview/insights/{orgName}/accounts/{accountName}/tags",
}

// ReplaceAccountTags gives an Insights account these tags, and no others: those
// that it has besides are deleted. The tags of an AWS account with children become
// theirs, which can't have their own ([ErrForbidden]).
//
// Pulumi Cloud: PUT /api/preview/insights/{orgName}/accounts/{accountName}/tags
func (s *InsightsService) ReplaceAccountTags(ctx context.Context, org, account string, tags map[string]string) error {
	if tags == nil {
		tags = map[string]string{}
	}
	return executeWithBody(ctx, s.client, call{endpoint: insightsReplaceAccountTagsEndpoint, args: accountArgs(org, account)}, "tags", struct {
		Tags map[string]string `json:"tags"`
	}{tags})
}

// InsightsAccountTeam is a team that has access to an account.
type InsightsAccountTeam struct {
	// Name names the team in the organization, DisplayName is what is shown.
	Name        string `json:"name"`
	DisplayName string `json:"displayName"`
	Description string `json:"description"`
	// Permission is what the team's members may do with the account.
	Permission AccountPermission `json:"permission"`
	// IsMember says that the token's user is one of them.
	IsMember bool `json:"isMember"`
}

var insightsListAccountTeamsEndpoint = Endpoint{
	Method: http.MethodGet, Template: "/api/preview/insights/{orgName}/accounts/{accountName}/teams",
}

// ListAccountTeams returns the teams that have access to an Insights account. What
// they may do is changed by [TeamsService.SetInsightsAccountAccess].
//
// Pulumi Cloud: GET /api/preview/insights/{orgName}/accounts/{accountName}/teams
func (s *InsightsService) ListAccountTeams(ctx context.Context, org, account string) ([]InsightsAccountTeam, error) {
	answer, err := fetch[struct {
		Teams []InsightsAccountTeam `json:"teams"`
	}](ctx, s.client, call{endpoint: insightsListAccountTeamsEndpoint, args: accountArgs(org, account)})
	if err != nil {
		return nil, err
	}
	return answer.Teams, nil
}

// InsightsTrialSummary is what an organization has used while it tries Insights.
type InsightsTrialSummary struct {
	// DHRUM counts the resources that were discovered, InsightsScans the scans. Each
	// is nil if the service doesn't tell it.
	DHRUM         *ConsumptionUsage `json:"dhrum"`
	InsightsScans *ConsumptionUsage `json:"insightsScans"`
}

// ConsumptionUsage is how much of a product was used, and what it costs.
type ConsumptionUsage struct {
	TotalConsumed int64 `json:"totalConsumed"`
	// Consumed is the same in parts, which the service names.
	Consumed map[string]int64 `json:"consumed"`
	// UnitRateSchema says by which of the plans below it is paid for; the others
	// are nil.
	UnitRateSchema      UnitRateSchema       `json:"unitRateSchema"`
	UnitRateGraduatedV0 *UnitRateGraduatedV0 `json:"unitRateGraduatedV0"`
	UnitRateGraduatedV1 *UnitRateGraduated   `json:"unitRateGraduatedV1"`
	UnitRateGraduatedV2 *UnitRateGraduated   `json:"unitRateGraduatedV2"`
	// StatsV0 and StatsV1 are what it costs in the first two plans.
	StatsV0 *ConsumptionUsageStatsV0 `json:"statsV0"`
	StatsV1 *ConsumptionUsageStatsV1 `json:"statsV1"`
}

// UnitRateSchema is a plan by which a product is paid for.
type UnitRateSchema string

// The plans.
const (
	UnitRateSchemaGraduatedV0 UnitRateSchema = "graduated-v0"
	UnitRateSchemaGraduatedV1 UnitRateSchema = "graduated-v1"
	UnitRateSchemaGraduatedV2 UnitRateSchema = "graduated-v2"
)

// UnitRateGraduatedV0 is the first plan: so much at once, and so much for each unit.
type UnitRateGraduatedV0 struct {
	// UpfrontCost is in cents.
	UpfrontCost int64 `json:"upfrontCost"`
	// CreditsIncluded is how many units UpfrontCost has paid for.
	CreditsIncluded int64 `json:"creditsIncluded"`
	// CostPerResource is for people to read: "$0.0005".
	CostPerResource string `json:"costPerResource"`
}

// UnitRateGraduated is a plan whose price depends on how much is used.
type UnitRateGraduated struct {
	Tiers []UnitRateGraduatedTier `json:"tiers"`
}

// UnitRateGraduatedTier is the price of what is used beyond the tier before, and up
// to an upper bound.
type UnitRateGraduatedTier struct {
	// Tier counts the tiers from 0.
	Tier       int64 `json:"tier"`
	UpperBound int64 `json:"upperBound"`
	// FlatFee is paid for the tier, and CostPerResource for each unit in it.
	FlatFee         int64  `json:"flatFee"`
	CostPerResource string `json:"costPerResource"`
}

// ConsumptionUsageStatsV0 is what the use costs in this billing cycle, in cents.
type ConsumptionUsageStatsV0 struct {
	// EstimatedTotalCost is for all of it, EstimatedOnDemandCost for more than the
	// included units, each of which costs OnDemandRate.
	EstimatedTotalCost    float64 `json:"estimatedTotalCost"`
	EstimatedOnDemandCost float64 `json:"estimatedOnDemandCost"`
	OnDemandRate          float64 `json:"onDemandRate"`
	IncludedUnits         int64   `json:"includedUnits"`
	IsIncludedUnitsFree   bool    `json:"isIncludedUnitsFree"`
}

// ConsumptionUsageStatsV1 is what the use costs in a plan whose price depends on how
// much is used.
type ConsumptionUsageStatsV1 struct {
	ConsumptionUsageStatsV0

	// EffectiveRate is what a unit costs on average, in dollars.
	EffectiveRate float64 `json:"effectiveRate"`
	// VolumeSavingsPercentage is what was saved by using much. By the service's
	// documentation it is in dollars.
	VolumeSavingsPercentage float64 `json:"volumeSavingsPercentage"`
}

var (
	insightsGetTrialSummaryEndpoint = Endpoint{Method: http.MethodGet, Template: "/api/preview/insights/{orgName}/insightstrial/summary"}
	insightsAcceptBillingEndpoint   = Endpoint{Method: http.MethodPut, Template: "/api/preview/insights/{orgName}/insightstrial/accept"}
	insightsTerminateTrialEndpoint  = Endpoint{Method: http.MethodPut, Template: "/api/preview/insights/{orgName}/insightstrial/deny"}
)

// GetTrialSummary returns what an organization has used while it tries Insights.
//
// Pulumi Cloud: GET /api/preview/insights/{orgName}/insightstrial/summary
func (s *InsightsService) GetTrialSummary(ctx context.Context, org string) (*InsightsTrialSummary, error) {
	return fetch[InsightsTrialSummary](ctx, s.client, call{endpoint: insightsGetTrialSummaryEndpoint, args: orgArgs(org)})
}

// AcceptBilling ends an organization's trial of Insights: from now on what is used
// costs money.
//
// Pulumi Cloud: PUT /api/preview/insights/{orgName}/insightstrial/accept
func (s *InsightsService) AcceptBilling(ctx context.Context, org string) error {
	return execute(ctx, s.client, call{endpoint: insightsAcceptBillingEndpoint, args: orgArgs(org)})
}

// TerminateTrial ends an organization's trial of Insights, and deletes all its
// Insights accounts.
//
// Pulumi Cloud: PUT /api/preview/insights/{orgName}/insightstrial/deny
func (s *InsightsService) TerminateTrial(ctx context.Context, org string) error {
	return execute(ctx, s.client, call{endpoint: insightsTerminateTrialEndpoint, args: orgArgs(org)})
}
