package pulumiapi_test

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/pulumiapi/pulumiapi"
)

const (
	account = "FizzBuzz AWS Staging"

	runMembers = `"id":"r1","orgId":"o1","userId":"u1","status":"running","startedAt":"2026-01-02T03:04:05Z","finishedAt":null,
		"lastUpdatedAt":"2026-01-02T03:04:06Z","jobTimeout":"2026-01-02T04:04:05Z","jobs":[{"status":"running","started":"2026-01-02T03:04:05Z",
		"lastUpdated":"2026-01-02T03:04:06Z","timeout":3600000000000,"worker":{"name":"w"},"steps":[{"name":"list","status":"running",
		"started":"2026-01-02T03:04:05Z","lastUpdated":"2026-01-02T03:04:06Z"}]}]`

	scanAnswer = `{` + runMembers + `,"accountName":"aws","resourceCount":3}`

	insightsResourceAnswer = `{"account":"aws","type":"aws:s3/bucket:Bucket","id":"b-1","version":7,"modified":"2026-01-02T03:04:05Z",
		"policyState":"passed","state":{"acl":["private",{"n":1}]}}`

	edgesAnswer = `{"edges":[{"sourceUrn":"urn:a","sourceVersion":7,"destUrn":"urn:b","edgeType":"parent"}],"nextToken":"t"}`

	indexedAnswer = `{"urn":"urn:a","id":"b-1","name":"b","type":"aws:s3/bucket:Bucket","package":"aws","module":"s3","category":"storage",
		"project":"web","stack":"prod","account":"aws","managed":"discovered","created":"2026-01-02T03:04:05Z","modified":"2026-01-02T03:04:06Z",
		"custom":true,"delete":true,"external":true,"protected":true,"pending":"creating","parent_urn":"urn:p","provider_urn":"urn:q",
		"dependencies":["urn:d"],"dependents":["urn:e"],"teams":["ops"],"fingerprint":"f","sourceCount":2,"matches":{"name":[{"m":"b"}]},
		"metadata":{"a":[1]},"properties":{"acl":"private"}}`

	relatedAnswer = `{"urn":"urn:a","resource":` + insightsResourceAnswer + `,"indexedResource":` + indexedAnswer + `,"to":[],"from":[]}`

	relationsAnswer = `{"urn":"urn:a","resource":` + insightsResourceAnswer + `,"indexedResource":` + indexedAnswer +
		`,"to":[` + relatedAnswer + `],"from":[` + relatedAnswer + `]}`

	discoveredAnswer = `{"resources":[{"name":"b","cloudProviderId":"arn:b","managedBy":"CloudFormation","originType":"AWS::S3::Bucket",
		"providerType":"aws:s3/bucket:Bucket","migrationStatus":"Ready","annotation":{"note":"n","statusOverride":"Migrated",
		"linkedResourceUrn":"urn:l"},"virtualState":{"acl":"private"},"resource":{"urn":"urn:b","type":"t","custom":true,"delete":true,
		"dependencies":["urn:d"],"inputs":{"acl":"private"}}}],"continuationToken":"t"}`
)

var bucket = pulumiapi.InsightsResourceIdentifier{Account: account, Type: "aws:s3/bucket:Bucket", ID: "b-1"}

// writes is the operation of a method that sends a request of this HTTP method, and
// returns only an error.
func writes(name, method string, call func(ctx context.Context, client *pulumiapi.Client) error) operation {
	return operation{
		name: name, on404: []string{method}, resends: method == "PUT" || method == "DELETE",
		call: func(ctx context.Context, client *pulumiapi.Client) (any, error) { return write(call(ctx, client)) },
	}
}

// sets is writes for a method that sets something, so that its POST or PATCH is sent
// again.
func sets(name, method string, call func(ctx context.Context, client *pulumiapi.Client) error) operation {
	o := writes(name, method, call)
	o.idempotent, o.resends = true, true
	return o
}

func insightsOperations() []operation {
	return []operation{
		{
			name: "Insights.BulkCreateAccounts", on404: []string{"POST"},
			answer: `{"accounts":[{"id":"a1","name":"aws","ownedBy":` + userAnswer + `,"provider":"aws","providerVersion":"7.8.0","providerEnvRef":"a/b",
				"scheduledScanEnabled":true,"agentPoolID":"p1","providerConfig":{"regions":["a"]},"scanStatus":` + scanAnswer + `}],
				"failures":[{"name":"gcp","error":"no such environment"}]}`,
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Insights.BulkCreateAccounts(ctx, "acme", pulumiapi.InsightsAccountBulkCreateRequest{
					Accounts: []pulumiapi.InsightsAccountBulkCreateItem{{Name: "aws", Provider: pulumiapi.InsightsProviderAWS, Environment: "a/b"}},
				})
			},
		},
		sets("Insights.UpdateAccount", "PATCH", func(ctx context.Context, client *pulumiapi.Client) error {
			return client.Insights.UpdateAccount(ctx, "acme", account, pulumiapi.InsightsAccountUpdateRequest{Environment: "a/b"})
		}),
		writes("Insights.DeleteAccount", "DELETE", func(ctx context.Context, client *pulumiapi.Client) error {
			return client.Insights.DeleteAccount(ctx, "acme", account)
		}),
		{
			name: "Insights.AccountExists", resends: true, on404: []string{"HEAD"}, asks: true,
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return write(second(client.Insights.AccountExists(ctx, "acme", account)))
			},
		},
		{
			name: "Insights.ReassignAccountOwnership", answer: userAnswer, on404: []string{"POST"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Insights.ReassignAccountOwnership(ctx, "acme", account, "grace")
			},
		},
		read("Insights.ListAccountPolicyPacks", `{"packs":[{"name":"rules","displayName":"Rules","version":2,"versionTag":"1.0",
			"packLocation":"https://example.com/pack","config":{"p":{"max":3}},"environments":["a/b"]}]}`, "packs",
			func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Insights.ListAccountPolicyPacks(ctx, "acme", account)
			}),
		read("Insights.GetAccountTags", `{"tags":{"owner":{"name":"owner","value":"ada","created":"2026-01-02T03:04:05Z","modified":"2026-01-02T03:04:06Z"}}}`, "",
			func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Insights.GetAccountTags(ctx, "acme", account)
			}),
		writes("Insights.ReplaceAccountTags", "PUT", func(ctx context.Context, client *pulumiapi.Client) error {
			return client.Insights.ReplaceAccountTags(ctx, "acme", account, map[string]string{"owner": "ada"})
		}),
		read("Insights.ListAccountTeams", `{"accountName":"aws","teams":[{"name":"ops","displayName":"Operations","description":"d","permission":2,"isMember":true}]}`, "teams",
			func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Insights.ListAccountTeams(ctx, "acme", account)
			}),
		sets("Teams.SetInsightsAccountAccess", "PATCH", func(ctx context.Context, client *pulumiapi.Client) error {
			return client.Teams.SetInsightsAccountAccess(ctx, "acme", "ops", account, pulumiapi.AccountPermissionRead)
		}),
		sets("Teams.RemoveInsightsAccountAccess", "PATCH", func(ctx context.Context, client *pulumiapi.Client) error {
			return client.Teams.RemoveInsightsAccountAccess(ctx, "acme", "ops", account)
		}),
	}
}

func scanOperations() []operation {
	const logs = `{"__type":"DeploymentLogs","lines":[{"header":"list","timestamp":"2026-01-02T03:04:05Z","line":"found 3"}],"nextToken":"t"}`
	return []operation{
		{
			name: "Insights.StartScan", answer: `{` + runMembers + `}`, on404: []string{"POST"}, mayBeEmpty: true,
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Insights.StartScan(ctx, "acme", account, pulumiapi.InsightsScanStartRequest{})
			},
		},
		read("Insights.GetScanStatus", `{`+runMembers+`,"nextScan":"2026-01-03T03:04:05Z"}`, "",
			func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Insights.GetScanStatus(ctx, "acme", account)
			}),
		read("Insights.ListScans", `{"scanStatuses":[`+scanAnswer+`],"continuationToken":"t"}`, "scanStatuses",
			func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return firstOf(client.Insights.ListScans(ctx, "acme", account, nil))
			}),
		read("Insights.ListScansPage", `{"scanStatuses":[`+scanAnswer+`],"continuationToken":"t"}`, "scanStatuses",
			func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return itemsOf(client.Insights.ListScansPage(ctx, "acme", account, nil))
			}),
		read("Insights.GetScan", scanAnswer, "", func(ctx context.Context, client *pulumiapi.Client) (any, error) {
			return client.Insights.GetScan(ctx, "acme", account, "r1")
		}),
		{
			name: "Insights.WaitForScan", answer: strings.Replace(scanAnswer, "running", "succeeded", 1), resends: true, waits: true, on404: []string{"GET"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Insights.WaitForScan(ctx, "acme", account, "r1", nil)
			},
		},
		read("Insights.ListScanLogs", logs, "lines", func(ctx context.Context, client *pulumiapi.Client) (any, error) {
			return firstOf(client.Insights.ListScanLogs(ctx, "acme", account, "r1", nil))
		}),
		read("Insights.ListScanLogsPage", logs, "lines", func(ctx context.Context, client *pulumiapi.Client) (any, error) {
			return itemsOf(client.Insights.ListScanLogsPage(ctx, "acme", account, "r1", nil))
		}),
		read("Insights.GetScanStepLogs", `{"name":"list","lines":[{"timestamp":"2026-01-02T03:04:05Z","line":"found 3"}],"nextOffset":8}`, "",
			func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Insights.GetScanStepLogs(ctx, "acme", account, "r1", 0, 1, nil)
			}),
		sets("Insights.CancelScan", "POST", func(ctx context.Context, client *pulumiapi.Client) error {
			return client.Insights.CancelScan(ctx, "acme", account)
		}),
		sets("Insights.PauseScheduledScans", "POST", func(ctx context.Context, client *pulumiapi.Client) error {
			return client.Insights.PauseScheduledScans(ctx, "acme", account)
		}),
		sets("Insights.ResumeScheduledScans", "POST", func(ctx context.Context, client *pulumiapi.Client) error {
			return client.Insights.ResumeScheduledScans(ctx, "acme", account)
		}),
		read("Insights.GetScheduledScanSettings", `{"scheduleCron":"0 0 * * *","paused":true,"listConcurrency":1,"readConcurrency":2,"batchSize":3,"readTimeout":"30s"}`, "",
			func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Insights.GetScheduledScanSettings(ctx, "acme", account)
			}),
		writes("Insights.UpdateScheduledScanSettings", "PUT", func(ctx context.Context, client *pulumiapi.Client) error {
			return client.Insights.UpdateScheduledScanSettings(ctx, "acme", account, pulumiapi.InsightsScheduledScanSettingsUpdateRequest{})
		}),
	}
}

func insightsResourceOperations() []operation {
	results := pulumiapi.InsightsPolicyResultsUpdateRequest{ClaimID: "c", Results: pulumiapi.InsightsPolicyResults{Succeeded: true}}
	const versions = `{"versions":[{"version":7,"created":"2026-01-02T03:04:05Z"}],"nextToken":"t"}`
	return []operation{
		read("Insights.GetResource", insightsResourceAnswer, "", func(ctx context.Context, client *pulumiapi.Client) (any, error) {
			return client.Insights.GetResource(ctx, "acme", bucket)
		}),
		read("Insights.GetResourceAtVersion", insightsResourceAnswer, "", func(ctx context.Context, client *pulumiapi.Client) (any, error) {
			return client.Insights.GetResourceAtVersion(ctx, "acme", bucket, 7)
		}),
		writes("Insights.UpsertResources", "POST", func(ctx context.Context, client *pulumiapi.Client) error {
			return client.Insights.UpsertResources(ctx, "acme", account, []pulumiapi.InsightsResourceUpsertRequest{
				{Type: bucket.Type, ID: bucket.ID, Inputs: json.RawMessage("{}"), State: json.RawMessage("{}")},
			})
		}),
		read("Insights.ListResourceVersions", versions, "versions", func(ctx context.Context, client *pulumiapi.Client) (any, error) {
			return firstOf(client.Insights.ListResourceVersions(ctx, "acme", bucket, nil))
		}),
		read("Insights.ListResourceVersionsPage", versions, "versions", func(ctx context.Context, client *pulumiapi.Client) (any, error) {
			return itemsOf(client.Insights.ListResourceVersionsPage(ctx, "acme", bucket, nil))
		}),
		read("Insights.ListResourceEdges", edgesAnswer, "edges", func(ctx context.Context, client *pulumiapi.Client) (any, error) {
			return firstOf(client.Insights.ListResourceEdges(ctx, "acme", bucket, nil))
		}),
		read("Insights.ListResourceEdgesPage", edgesAnswer, "edges", func(ctx context.Context, client *pulumiapi.Client) (any, error) {
			return itemsOf(client.Insights.ListResourceEdgesPage(ctx, "acme", bucket, nil))
		}),
		read("Insights.ListResourceEdgesAtVersion", edgesAnswer, "edges", func(ctx context.Context, client *pulumiapi.Client) (any, error) {
			return firstOf(client.Insights.ListResourceEdgesAtVersion(ctx, "acme", bucket, 7, nil))
		}),
		read("Insights.ListResourceEdgesAtVersionPage", edgesAnswer, "edges", func(ctx context.Context, client *pulumiapi.Client) (any, error) {
			return itemsOf(client.Insights.ListResourceEdgesAtVersionPage(ctx, "acme", bucket, 7, nil))
		}),
		read("Insights.ListResourceStackEdges", `{"edges":[{"insightsResourceId":"i1","stackResourceUrn":"urn:a"}]}`, "edges",
			func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Insights.ListResourceStackEdges(ctx, "acme", bucket)
			}),
		read("Insights.GetResourceReferences", relationsAnswer, "", func(ctx context.Context, client *pulumiapi.Client) (any, error) {
			return client.Insights.GetResourceReferences(ctx, "acme", bucket)
		}),
		{
			name: "Insights.ListResourceReferences", answer: `[` + relationsAnswer + `]`, resends: true, on404: []string{"POST"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Insights.ListResourceReferences(ctx, "acme", account, pulumiapi.InsightsResourceReferencesRequest{
					ResourceIdentifiers: []pulumiapi.InsightsResourceVersionIdentifier{{Account: account, Type: bucket.Type, ID: bucket.ID}},
				})
			},
		},
		writes("Insights.UpdateResourcePolicyResults", "PUT", func(ctx context.Context, client *pulumiapi.Client) error {
			return client.Insights.UpdateResourcePolicyResults(ctx, "acme", bucket, 7, results)
		}),
		writes("Insights.UpdateStackPolicyResults", "PUT", func(ctx context.Context, client *pulumiapi.Client) error {
			return client.Insights.UpdateStackPolicyResults(ctx, prod, 7, results)
		}),
	}
}

func discoveredStackOperations() []operation {
	const usage = `{"totalConsumed":9,"consumed":{"2026-01":9},"unitRateSchema":"graduated-v1",
		"unitRateGraduatedV0":{"upfrontCost":1,"creditsIncluded":2,"costPerResource":"$0.1"},
		"unitRateGraduatedV1":{"tiers":[{"tier":1,"upperBound":2,"flatFee":3,"costPerResource":"$0.1"}]},
		"unitRateGraduatedV2":{"tiers":[{"tier":1,"upperBound":2,"flatFee":3,"costPerResource":"$0.1"}]},
		"statsV0":{"estimatedTotalCost":1.5,"estimatedOnDemandCost":0.5,"onDemandRate":0.25,"includedUnits":3,"isIncludedUnitsFree":true},
		"statsV1":{"estimatedTotalCost":1.5,"estimatedOnDemandCost":0.5,"onDemandRate":0.25,"includedUnits":3,"isIncludedUnitsFree":true,
		"effectiveRate":0.125,"volumeSavingsPercentage":12.5}}`
	stacks := `{"project":{"name":"web","orgName":"acme","stacks":[{"id":"s1","name":"prod","provider":"aws-cloudformation","resourceCount":3,
		"lastScanTime":1760000000,"tags":{"owner":"ada"}}]},"continuationToken":"t"}`
	return []operation{
		// Their list is a member of a member.
		read("Insights.ListDiscoveredStacks", stacks, "project.stacks", func(ctx context.Context, client *pulumiapi.Client) (any, error) {
			return firstOf(client.Insights.ListDiscoveredStacks(ctx, "acme", "web", nil))
		}),
		read("Insights.ListDiscoveredStacksPage", stacks, "project.stacks", func(ctx context.Context, client *pulumiapi.Client) (any, error) {
			return itemsOf(client.Insights.ListDiscoveredStacksPage(ctx, "acme", "web", nil))
		}),
		read("Insights.GetDiscoveredStack", `{"id":"s1","orgName":"acme","projectName":"web","stackName":"prod","provider":"azure-arm","resourceCount":3,
			"lastScanTime":1760000000,"tags":{"owner":"ada"}}`, "", func(ctx context.Context, client *pulumiapi.Client) (any, error) {
			return client.Insights.GetDiscoveredStack(ctx, prod)
		}),
		read("Insights.ListDiscoveredStackResources", discoveredAnswer, "resources", func(ctx context.Context, client *pulumiapi.Client) (any, error) {
			return firstOf(client.Insights.ListDiscoveredStackResources(ctx, prod, nil))
		}),
		read("Insights.ListDiscoveredStackResourcesPage", discoveredAnswer, "resources", func(ctx context.Context, client *pulumiapi.Client) (any, error) {
			return itemsOf(client.Insights.ListDiscoveredStackResourcesPage(ctx, prod, nil))
		}),
		read("Insights.ListStackMigration", discoveredAnswer, "resources", func(ctx context.Context, client *pulumiapi.Client) (any, error) {
			return firstOf(client.Insights.ListStackMigration(ctx, prod, nil))
		}),
		read("Insights.ListStackMigrationPage", discoveredAnswer, "resources", func(ctx context.Context, client *pulumiapi.Client) (any, error) {
			return itemsOf(client.Insights.ListStackMigrationPage(ctx, prod, nil))
		}),
		writes("Insights.SetMigrationAnnotation", "PUT", func(ctx context.Context, client *pulumiapi.Client) error {
			return client.Insights.SetMigrationAnnotation(ctx, prod, pulumiapi.MigrationAnnotationRequest{ResourceURN: "urn:a", Note: new("n")})
		}),
		writes("Insights.DeleteMigrationAnnotation", "DELETE", func(ctx context.Context, client *pulumiapi.Client) error {
			return client.Insights.DeleteMigrationAnnotation(ctx, prod, "urn:a")
		}),
		{
			name: "Insights.GenerateImportCode", answer: `{"code":"new Bucket()"}`, resends: true, on404: []string{"POST"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Insights.GenerateImportCode(ctx, "acme", pulumiapi.InsightsImportCodeRequest{Language: "typescript", URNs: []string{"urn:a"}})
			},
		},
		read("Insights.GetTrialSummary", `{"dhrum":`+usage+`,"insightsScans":`+usage+`}`, "", func(ctx context.Context, client *pulumiapi.Client) (any, error) {
			return client.Insights.GetTrialSummary(ctx, "acme")
		}),
		writes("Insights.AcceptBilling", "PUT", func(ctx context.Context, client *pulumiapi.Client) error {
			return client.Insights.AcceptBilling(ctx, "acme")
		}),
		writes("Insights.TerminateTrial", "PUT", func(ctx context.Context, client *pulumiapi.Client) error {
			return client.Insights.TerminateTrial(ctx, "acme")
		}),
	}
}
