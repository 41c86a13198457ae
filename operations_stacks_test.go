package pulumiapi_test

import (
	"context"
	"encoding/json"

	"github.com/pulumiapi/pulumiapi"
)

const (
	userAnswer = `{"name":"Ada","githubLogin":"ada","avatarUrl":"https://example.com/ada"}`

	infoAnswer = `{"kind":"update","startTime":1760000000,"message":"more","environment":{"exec.kind":"cli"},
		"config":{"aws:region":{"string":"eu-west-1","secret":false,"object":false}},"result":"succeeded","endTime":1760000060,
		"version":7,"resourceChanges":{"create":2,"same":1},"resourceCount":3}`

	updateAnswer = `{"info":` + infoAnswer + `,"updateID":"938cd018","githubCommitInfo":{"slug":"acme/web","sha":"0a1b","url":"https://example.com/c",
		"message":"m","author":` + userAnswer + `},"version":7,"latestVersion":9,"requestedBy":` + userAnswer + `,"requestedByToken":"ci",
		"policyPacks":[{"name":"rules","displayName":"Rules","version":2,"versionTag":"1.0","config":{"p":{"max":3}},"environments":["a/b"]}]}`

	summaryAnswer = `{"result":"failed","startTime":1760000000,"endTime":1760000060,"resourceCount":3}`

	resourceAnswer = `{"resource":{"urn":"urn:pulumi:prod::web::aws:s3/bucket:Bucket::b","id":"b-1","type":"aws:s3/bucket:Bucket","custom":true,
		"delete":true,"external":true,"protect":true,"retainOnDelete":true,"inputs":{"acl":"private"},"outputs":{"arn":["a",{"b":1}]},
		"providerInputs":{"region":"eu-west-1"},"parent":"urn:p","dependencies":["urn:d"],"deletedWith":"urn:w","aliases":["urn:a"],
		"initErrors":["slow"],"additionalSecretOutputs":["arn"]}}`

	resourcesAnswer = `{"resources":[` + resourceAnswer + `],"region":"eu-west-1","version":7}`

	referencesAnswer = `{"referencedStacks":[{"organization":"acme","routingProject":"network","name":"prod","version":4}]}`

	metadataAnswer = `{"orgName":"acme","projectName":"web","stackName":"prod","ownedBy":` + userAnswer + `,
		"notificationSettings":{"notifyUpdateSuccess":true,"notifyUpdateFailure":true}}`

	deploymentAnswer = `{"id":"d1","version":3,"latestVersion":4,"pulumiOperation":"update","status":"succeeded","jobs":[{"status":"succeeded",
		"steps":[{"name":"clone","status":"succeeded","started":"2026-01-02T03:04:05Z","lastUpdated":"2026-01-02T03:04:06Z"}],
		"started":"2026-01-02T03:04:05Z","lastUpdated":"2026-01-02T03:04:06Z"}],"configuration":{"environmentVariables":
		[{"name":"A","value":"b","secret":true}],"source":{"git":{"repoURL":"https://example.com","repoDir":"infra","branch":"main","commit":"0a1b"},
		"template":{"sourceUrl":"registry://templates/x"}}},"requestedBy":` + userAnswer + `,"initiator":"console",
		"created":"2026-01-02 03:04:05.000","modified":"2026-01-02 03:04:06.000","updates":[` + updateAnswer + `]}`

	activityAnswer = `{"activity":[{"deployment":` + deploymentAnswer + `},{"update":` + updateAnswer + `}],"itemsPerPage":100,"total":2}`

	timelineAnswer = `{"update":` + updateAnswer + `,"collatedPullRequest":{"repoSlug":"acme/web","number":12,"title":"More","sourceRef":"more",
		"targetRef":"main","mergeCommitSHA":"0a1b","wasMerged":true,"createdAt":1760000000,"closedAt":1760000060},
		"collatedUpdateEvents":[` + updateAnswer + `],"previews":[` + updateAnswer + `]}`

	updatesAnswer = `{"updates":[` + updateAnswer + `],"itemsPerPage":100,"total":1}`
)

// read is the operation of a method that sends a GET.
func read(name, answer, items string, call func(ctx context.Context, client *pulumiapi.Client) (any, error)) operation {
	return operation{name: name, answer: answer, items: items, resends: true, on404: []string{"GET"}, call: call}
}

func stackOperations() []operation {
	return []operation{
		{
			name: "Stacks.Create", answer: `{"messages":[{"severity":"warning","message":"mind the gap"}]}`, on404: []string{"POST"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Stacks.Create(ctx, prod, pulumiapi.StackCreateRequest{Tags: map[string]string{"owner": "ada"}})
			},
		},
		{
			name: "Stacks.ProjectExists", resends: true, on404: []string{"HEAD"}, asks: true,
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return write(second(client.Stacks.ProjectExists(ctx, "acme", "web")))
			},
		},
		{
			name: "Stacks.Rename", answer: `{"updateId":"938cd018"}`, on404: []string{"POST"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Stacks.Rename(ctx, prod, pulumiapi.StackRenameRequest{NewName: "live"})
			},
		},
		read("Stacks.ListDeleted", `{"deletedStacks":[{"id":"s1","programId":"p1","projectName":"web","stackName":"old",
			"deletedAt":1760000000,"version":12,"lastUpdate":`+summaryAnswer+`}]}`, "deletedStacks",
			func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Stacks.ListDeleted(ctx, "acme")
			}),
		{
			name: "Stacks.Restore", on404: []string{"POST"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return write(client.Stacks.Restore(ctx, "acme", "p1", "old"))
			},
		},
		{
			name: "Stacks.TransferAll", on404: []string{"POST"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return write(client.Stacks.TransferAll(ctx, "acme", "other"))
			},
		},
		{
			name: "Stacks.ReplaceTags", idempotent: true, resends: true, on404: []string{"PATCH"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return write(client.Stacks.ReplaceTags(ctx, prod, map[string]string{"owner": "ada"}))
			},
		},
		read("Stacks.GetConfig", `{"environment":"web/prod"}`, "",
			func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Stacks.GetConfig(ctx, prod)
			}),
		{
			name: "Stacks.UpdateConfig", answer: `{"environment":"web/prod"}`, resends: true, on404: []string{"PUT"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Stacks.UpdateConfig(ctx, prod, pulumiapi.StackConfigUpdateRequest{Environment: "web/prod"})
			},
		},
		{
			name: "Stacks.DeleteConfig", resends: true, on404: []string{"DELETE"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return write(client.Stacks.DeleteConfig(ctx, prod))
			},
		},
		read("Stacks.GetMetadata", metadataAnswer, "",
			func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Stacks.GetMetadata(ctx, prod)
			}),
		{
			name: "Stacks.UpdateNotificationSettings", idempotent: true, resends: true, answer: metadataAnswer, on404: []string{"PATCH"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Stacks.UpdateNotificationSettings(ctx, prod, pulumiapi.StackNotificationSettingsUpdateRequest{})
			},
		},
		{
			name: "Stacks.GetStarterWorkflow", answer: `{"content":"name: Pulumi\n"}`, resends: true, on404: []string{"POST"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Stacks.GetStarterWorkflow(ctx, prod, pulumiapi.StarterWorkflowRequest{CISystem: "github"})
			},
		},
		{
			name: "Stacks.ExportAtVersion", fixture: "stacks_export.json", resends: true, on404: []string{"GET"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Stacks.ExportAtVersion(ctx, prod, 7)
			},
		},
		read("Stacks.GetResources", resourcesAnswer, "",
			func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Stacks.GetResources(ctx, prod)
			}),
		read("Stacks.GetResourcesAtVersion", resourcesAnswer, "", func(ctx context.Context, client *pulumiapi.Client) (any, error) {
			return client.Stacks.GetResourcesAtVersion(ctx, prod, 7)
		}),
		read("Stacks.GetResource", `{"resource":`+resourceAnswer+`,"region":"eu-west-1","version":7}`, "",
			func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Stacks.GetResource(ctx, prod, "urn:b")
			}),
		read("Stacks.GetResourceAtVersion", `{"resource":`+resourceAnswer+`,"region":"eu-west-1","version":7}`, "",
			func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Stacks.GetResourceAtVersion(ctx, prod, 7, "urn:b")
			}),
		read("Stacks.GetResourceCount", `{"resourceCount":3,"version":7}`, "",
			func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Stacks.GetResourceCount(ctx, prod)
			}),
		read("Stacks.ListDownstreamReferences", referencesAnswer, "referencedStacks",
			func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Stacks.ListDownstreamReferences(ctx, prod)
			}),
		read("Stacks.ListUpstreamReferences", referencesAnswer, "referencedStacks",
			func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Stacks.ListUpstreamReferences(ctx, prod)
			}),
		read("Stacks.GetOverview", `{"resources":`+resourcesAnswer+`,"tags":{"owner":"ada"},`+referencesAnswer[1:], "",
			func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Stacks.GetOverview(ctx, prod)
			}),
		{
			name: "Stacks.GetAnnotation", answer: `{"reviewedBy":["Ada",{"N":1}]}`, resends: true, on404: []string{"GET"}, anyJSON: true,
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Stacks.GetAnnotation(ctx, prod, "review", nil)
			},
		},
		{
			name: "Stacks.SetAnnotation", on404: []string{"PATCH"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return write(client.Stacks.SetAnnotation(ctx, prod, "review", pulumiapi.StackAnnotationRequest{Annotation: json.RawMessage(`{}`)}))
			},
		},
		{
			name: "Stacks.ReassignOwnership", answer: userAnswer, on404: []string{"POST"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Stacks.ReassignOwnership(ctx, prod, "grace")
			},
		},
		{
			name: "Stacks.RemoveCollaborator", resends: true, on404: []string{"DELETE"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return write(client.Stacks.RemoveCollaborator(ctx, prod, "ada"))
			},
		},
		read("Stacks.ListTeams", `{"projectName":"web","teams":[{"name":"ops","displayName":"Operations","description":"d","permission":102,"isMember":true}]}`,
			"teams", func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Stacks.ListTeams(ctx, prod)
			}),
		{
			name: "Teams.SetStackAccess", idempotent: true, resends: true, on404: []string{"PATCH"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return write(client.Teams.SetStackAccess(ctx, "ops", prod, pulumiapi.StackPermissionEdit))
			},
		},
		read("Stacks.ListPolicyGroups", `{"policyGroups":[{"name":"default","entityType":"stacks","mode":"audit","isOrgDefault":true,
			"numStacks":3,"numAccounts":1,"numEnabledPolicyPacks":2}]}`, "policyGroups",
			func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Stacks.ListPolicyGroups(ctx, prod)
			}),
		read("Stacks.ListPolicyPacks", `{"requiredPolicies":[{"name":"rules","displayName":"Rules","version":2,"versionTag":"1.0",
			"packLocation":"https://example.com/pack","config":{"p":{"max":3}},"environments":["a/b"]}]}`, "requiredPolicies",
			func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Stacks.ListPolicyPacks(ctx, prod, nil)
			}),
		read("Stacks.ListActivity", activityAnswer, "activity", func(ctx context.Context, client *pulumiapi.Client) (any, error) {
			return firstOf(client.Stacks.ListActivity(ctx, prod, nil))
		}),
		read("Stacks.ListActivityPage", activityAnswer, "activity", func(ctx context.Context, client *pulumiapi.Client) (any, error) {
			return itemsOf(client.Stacks.ListActivityPage(ctx, prod, nil))
		}),
		{
			name: "Stacks.ListSearchResults", answer: `{"rowData":[{"stackName":"prod","n":1}],"rowCount":1}`, items: "rowData", resends: true, on404: []string{"POST"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return firstOf(client.Stacks.ListSearchResults(ctx, "acme", nil))
			},
		},
		{
			name: "Stacks.ListSearchResultsPage", answer: `{"rowData":[{"stackName":"prod","n":1}],"rowCount":1}`, items: "rowData", resends: true, on404: []string{"POST"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return itemsOf(client.Stacks.ListSearchResultsPage(ctx, "acme", nil))
			},
		},
	}
}

func updateOperations() []operation {
	operations := []operation{
		read("Updates.GetLatest", updateAnswer, "",
			func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Updates.GetLatest(ctx, prod)
			}),
		read("Updates.Get", updateAnswer, "",
			func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Updates.Get(ctx, prod, 7)
			}),
		read("Updates.GetSummary", summaryAnswer, "",
			func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Updates.GetSummary(ctx, prod, 7)
			}),
		read("Updates.GetPreview", updateAnswer, "", func(ctx context.Context, client *pulumiapi.Client) (any, error) {
			return client.Updates.GetPreview(ctx, prod, "938cd018")
		}),
		read("Updates.GetPreviewSummary", summaryAnswer, "", func(ctx context.Context, client *pulumiapi.Client) (any, error) {
			return client.Updates.GetPreviewSummary(ctx, prod, "938cd018")
		}),
		read("Updates.ListPreviewsAtVersion", updatesAnswer, "updates", func(ctx context.Context, client *pulumiapi.Client) (any, error) {
			return firstOf(client.Updates.ListPreviewsAtVersion(ctx, prod, 7, nil))
		}),
		read("Updates.ListPreviewsAtVersionPage", updatesAnswer, "updates", func(ctx context.Context, client *pulumiapi.Client) (any, error) {
			return itemsOf(client.Updates.ListPreviewsAtVersionPage(ctx, prod, 7, nil))
		}),
		read("Updates.GetLatestTimeline", timelineAnswer, "", func(ctx context.Context, client *pulumiapi.Client) (any, error) {
			return client.Updates.GetLatestTimeline(ctx, prod)
		}),
		read("Updates.GetTimeline", timelineAnswer, "", func(ctx context.Context, client *pulumiapi.Client) (any, error) {
			return client.Updates.GetTimeline(ctx, prod, 7)
		}),
		read("Updates.GetLatestConsoleSummary", `{"summary":"+ 2 created"}`, "", func(ctx context.Context, client *pulumiapi.Client) (any, error) {
			return client.Updates.GetLatestConsoleSummary(ctx, prod)
		}),
		read("Updates.GetConsoleSummary", `{"summary":"+ 2 created"}`, "", func(ctx context.Context, client *pulumiapi.Client) (any, error) {
			return client.Updates.GetConsoleSummary(ctx, prod, "938cd018")
		}),
	}
	for _, kind := range updateKinds() {
		operations = append(operations,
			operation{
				name: "Updates.Get" + kind.name + "Status", fixture: "updates_get_status.json", resends: true, on404: []string{"GET"},
				call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
					return kind.getStatus(client)(ctx, prod, "938cd018", nil)
				},
			},
			operation{
				name: "Updates.List" + kind.name + "Events", fixture: "updates_list_events.json", items: "events", resends: true, on404: []string{"GET"},
				call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
					return firstOf(kind.listEvents(client)(ctx, prod, "938cd018", nil))
				},
			},
			operation{
				name: "Updates.List" + kind.name + "EventsPage", fixture: "updates_list_events.json", items: "events", resends: true, on404: []string{"GET"},
				call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
					return itemsOf(kind.listEventsPage(client)(ctx, prod, "938cd018", nil))
				},
			})
	}
	return operations
}

func userOperations() []operation {
	const me = `{"id":"u1","name":"Ada","githubLogin":"ada","avatarUrl":"https://example.com/ada","email":"ada@example.com","hasMFA":true,
		"identities":["github.com","Pulumi"],"organizations":[{"name":"Acme","githubLogin":"acme","avatarUrl":"https://example.com/acme",
		"email":"it@example.com","role":"admin"}],"potentialOrganizations":[{"name":"Other","githubLogin":"other","avatarUrl":"",
		"role":"potential-member"}],"isOrgManaged":true,"isManagedByMultiOrg":true,"isAgent":true,"siteAdmin":true,"registryAdmin":true,
		"tokenInfo":{"name":"ci","organization":"acme","team":"ops"}}`
	return []operation{
		read("User.Get", me, "",
			func(ctx context.Context, client *pulumiapi.Client) (any, error) { return client.User.Get(ctx) }),
		read("User.GetDefaultOrg", `{"GitHubLogin":"acme","Messages":[{"severity":"info","message":"chosen for you"}]}`, "",
			func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.User.GetDefaultOrg(ctx)
			}),
		{
			name: "User.UpdateDefaultOrg", idempotent: true, resends: true, on404: []string{"POST"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return write(client.User.UpdateDefaultOrg(ctx, "acme"))
			},
		},
		read("User.ListInvites", `{"invites":[{"id":"i1","email":"ada@example.com","role":"member","roleId":"r1","sentBy":`+userAnswer+`,
			"sentAt":1760000000,"status":"pending","acceptInviteUrl":"https://example.com/i1","acceptError":"too late"}]}`, "invites",
			func(ctx context.Context, client *pulumiapi.Client) (any, error) { return client.User.ListInvites(ctx) }),
		read("User.GetPendingEmail", `{"email":"new@example.com"}`, "",
			func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.User.GetPendingEmail(ctx)
			}),
		{
			name: "User.DeletePendingEmail", resends: true, on404: []string{"DELETE"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return write(client.User.DeletePendingEmail(ctx))
			},
		},
		{
			name: "User.HasVerifiedEmail", answer: "true", resends: true, on404: []string{"GET"}, asks: true,
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.User.HasVerifiedEmail(ctx)
			},
		},
		{
			name: "User.DeleteIdentityProvider", answer: me, resends: true, on404: []string{"DELETE"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.User.DeleteIdentityProvider(ctx, pulumiapi.IdentityProviderGitHub)
			},
		},
		{
			name: "User.SyncIdentityProvider", idempotent: true, resends: true, answer: me, on404: []string{"POST"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.User.SyncIdentityProvider(ctx, pulumiapi.IdentityProviderGitHub)
			},
		},
		read("User.ListVCSOrgs", `{"organizations":[{"organization":`+userAnswer+`,"vcsKind":"github.com","knownToPulumi":true}]}`, "organizations",
			func(ctx context.Context, client *pulumiapi.Client) (any, error) { return client.User.ListVCSOrgs(ctx) }),
		read("User.ListGitHubTeams", `{"teams":[{"id":4711,"name":"Web","slug":"web","description":"d","knownToPulumi":true}]}`, "teams",
			func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.User.ListGitHubTeams(ctx, "acme")
			}),
		read("Meta.ListCapabilities", `{"capabilities":[{"capability":"batch-encrypt","version":1,"configuration":{"max":100}}]}`, "capabilities",
			func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Meta.ListCapabilities(ctx)
			}),
		read("Meta.GetCLIVersion", `{"latestVersion":"3.204.0","latestDevVersion":"3.205.0-dev.1","oldestWithoutWarning":"3.190.0"}`, "",
			func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Meta.GetCLIVersion(ctx)
			}),
		{
			name: "Meta.GetOpenAPI", answer: `{"openapi":"3.0.3","paths":{"/api/user":{"get":{}}}}`, resends: true, on404: []string{"GET"}, anyJSON: true,
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) { return client.Meta.GetOpenAPI(ctx) },
		},
	}
}
