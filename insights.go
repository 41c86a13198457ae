package pulumiapi

// InsightsService manages Pulumi Insights: cloud accounts, the scans that discover
// what is in them, and what was discovered. Which resources an account has, only
// the service's resource search tells: GET /api/orgs/{orgName}/search/resourcesv2.
type InsightsService struct {
	client *Client
}
