package pulumiapi

import (
	"context"
	"encoding/json"
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

var insightsListAccountsEndpoint = Endpoint{Method: http.MethodGet, Template: "/api/preview/insights/{orgName}/accounts"}

// ListAccounts walks the Insights accounts of an organization that the token's
// user can see, over all pages. The sequence yields a nil account with the
// first error, and ends.
//
// Pulumi Cloud: GET /api/preview/insights/{orgName}/accounts
func (s *InsightsService) ListAccounts(ctx context.Context, org string, opts *InsightsAccountListOptions) iter.Seq2[*InsightsAccount, error] {
	return walk(ctx, opts, func(o *InsightsAccountListOptions) walkOptions {
		return walkOptions{cursor: &o.Cursor, noPrefetch: o.NoPrefetch}
	}, func(ctx context.Context, o *InsightsAccountListOptions) (*Page[InsightsAccount], error) {
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
		func(a *answer) (*[]InsightsAccount, string) { return &a.Accounts, a.NextToken })
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
