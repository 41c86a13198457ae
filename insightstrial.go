package pulumiapi

import (
	"context"
	"net/http"
)

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
