package conformance_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

// tourOfAStacksLife leads through what can be done with a stack from its creation
// to its end.
func tourOfAStacksLife(t *testing.T, cloud *pulumiapitest.Server, client *pulumiapi.Client) {
	t.Helper()
	ctx := t.Context()
	id := pulumiapi.StackIdentifier{Org: org, Project: "life", Stack: "born"}
	must := func(err error) {
		t.Helper()
		require.NoError(t, err)
	}
	_, err := client.Stacks.Create(ctx, id, pulumiapi.StackCreateRequest{
		Tags: map[string]string{"pulumi:runtime": "go"}, Teams: []string{"platform"},
		Config: &pulumiapi.StackConfigUpdateRequest{Environment: "life/born"},
		State:  &pulumiapi.StackState{Version: 3, Deployment: json.RawMessage(`{"resources":[{"urn":"urn:a","type":"t","inputs":{"größe":[1]}}]}`)},
	})
	must(err)
	exists, err := client.Stacks.ProjectExists(ctx, id.Org, id.Project)
	must(err)
	require.True(t, exists)
	_, err = client.Stacks.UpdateConfig(ctx, id, pulumiapi.StackConfigUpdateRequest{Environment: "life/born@2"})
	must(err)
	_, err = client.Stacks.GetConfig(ctx, id)
	must(err)
	must(client.Stacks.DeleteConfig(ctx, id))
	_, err = client.Stacks.GetStarterWorkflow(ctx, id, pulumiapi.StarterWorkflowRequest{CISystem: "github"})
	must(err)
	must(client.Stacks.SetAnnotation(ctx, id, "review", pulumiapi.StackAnnotationRequest{Annotation: json.RawMessage(`{"by":"ada"}`)}))
	_, err = client.Stacks.GetAnnotation(ctx, id, "review", nil)
	must(err)
	_, err = client.Stacks.UpdateNotificationSettings(ctx, id, pulumiapi.StackNotificationSettingsUpdateRequest{NotifyUpdateFailure: true})
	must(err)
	_, err = client.Stacks.ReassignOwnership(ctx, id, cloud.User())
	must(err)
	must(cloud.AddCollaborator(id.Org, id.Project, id.Stack, cloud.User()))
	must(client.Stacks.RemoveCollaborator(ctx, id, cloud.User()))
	must(client.Teams.SetStackAccess(ctx, "platform", id, pulumiapi.StackPermissionRead))
	must(client.Stacks.ReplaceTags(ctx, id, map[string]string{"owner": "ada"}))
	_, err = client.Stacks.Rename(ctx, id, pulumiapi.StackRenameRequest{NewName: "old"})
	must(err)
	id.Stack = "old"
	must(client.Stacks.Delete(ctx, id, &pulumiapi.StackDeleteOptions{Force: true}))
	deleted, err := client.Stacks.ListDeleted(ctx, org)
	must(err)
	must(client.Stacks.Restore(ctx, org, deleted[0].ProgramID, "back"))
	must(cloud.AddStack(pulumiapitest.Stack{Org: "leaving", Project: "web", Name: "prod"}))
	must(client.Stacks.TransferAll(ctx, "leaving", org))
}

// tourOfStacksInDepth looks at everything that can be read of the demo's stacks.
func tourOfStacksInDepth(t *testing.T, _ *pulumiapitest.Server, client *pulumiapi.Client) {
	t.Helper()
	ctx := t.Context()
	for stack, err := range client.Stacks.List(ctx, &pulumiapi.StackListOptions{Organization: org}) {
		require.NoError(t, err)
		id := stack.Identifier()
		overview, err := client.Stacks.GetOverview(ctx, id)
		require.NoError(t, err)
		for i, info := range overview.Resources.Resources {
			if i > 3 {
				break
			}
			_, err = client.Stacks.GetResource(ctx, id, info.Resource.URN)
			require.NoError(t, err)
			_, err = client.Stacks.GetResourceAtVersion(ctx, id, overview.Resources.Version, info.Resource.URN)
			require.NoError(t, err)
		}
		for _, read := range []func() error{
			func() error { return second(client.Stacks.GetMetadata(ctx, id)) },
			func() error { return second(client.Stacks.GetResources(ctx, id)) },
			func() error { return second(client.Stacks.GetResourceCount(ctx, id)) },
			func() error { return second(client.Stacks.ListDownstreamReferences(ctx, id)) },
			func() error { return second(client.Stacks.ListUpstreamReferences(ctx, id)) },
			func() error { return second(client.Stacks.ListTeams(ctx, id)) },
			func() error { return second(client.Stacks.ListPolicyGroups(ctx, id)) },
			func() error { return second(client.Stacks.ListPolicyPacks(ctx, id, nil)) },
			func() error { return second(pulumiapi.Collect(client.Stacks.ListActivity(ctx, id, nil))) },
		} {
			require.NoError(t, read())
		}
	}
	_, err := pulumiapi.Collect(client.Stacks.ListSearchResults(ctx, org, nil))
	require.NoError(t, err)
	_, err = pulumiapi.Collect(client.Stacks.ListSearchResults(ctx, org, &pulumiapi.StackSearchOptions{
		GroupBy: []pulumiapi.GridColumn{{ID: "projectName", DisplayName: "Project"}},
	}))
	require.NoError(t, err)
}

// second drops the first of two results.
func second[T any](_ T, err error) error { return err }

// tourOfVersions looks at the updates of a stack in every way in which that can be
// done.
func tourOfVersions(t *testing.T, cloud *pulumiapitest.Server, client *pulumiapi.Client) {
	t.Helper()
	ctx := t.Context()
	id := pulumiapi.StackIdentifier{Org: org, Project: "versions", Stack: "all"}
	require.NoError(t, cloud.AddStack(pulumiapitest.Stack{Org: id.Org, Project: id.Project, Name: id.Stack}))
	ids := map[string]string{}
	commit := map[string]string{"git.head": "0a1b"}
	for _, kind := range []string{"preview", "update", "refresh", "Pdestroy", "destroy", "Pupdate"} {
		updateID, err := cloud.AddUpdate(id.Org, id.Project, id.Stack, pulumiapitest.Update{Kind: kind, Environment: commit, Events: []pulumiapitest.EngineEvent{
			pulumiapitest.StdoutEvent("text"),
		}})
		require.NoError(t, err)
		ids[kind] = updateID
	}
	for version := 1; version <= 3; version++ {
		for _, read := range []func() error{
			func() error { return second(client.Updates.Get(ctx, id, version)) },
			func() error { return second(client.Updates.GetSummary(ctx, id, version)) },
			func() error { return second(client.Updates.GetTimeline(ctx, id, version)) },
			func() error {
				return second(pulumiapi.Collect(client.Updates.ListPreviewsAtVersion(ctx, id, version, nil)))
			},
			func() error { return second(client.Stacks.ExportAtVersion(ctx, id, version)) },
			func() error { return second(client.Stacks.GetResourcesAtVersion(ctx, id, version)) },
		} {
			require.NoError(t, read(), "version %d", version)
		}
	}
	for _, read := range []func() error{
		func() error { return second(client.Updates.GetLatest(ctx, id)) },
		func() error { return second(client.Updates.GetLatestTimeline(ctx, id)) },
		func() error { return second(client.Updates.GetLatestConsoleSummary(ctx, id)) },
		func() error { return second(client.Updates.GetConsoleSummary(ctx, id, ids["update"])) },
		func() error { return second(client.Updates.GetPreview(ctx, id, ids["Pupdate"])) },
		func() error { return second(client.Updates.GetPreviewSummary(ctx, id, ids["Pupdate"])) },
		func() error { return second(client.Updates.GetPreviewStatus(ctx, id, ids["preview"], nil)) },
		func() error { return second(client.Updates.GetRefreshStatus(ctx, id, ids["refresh"], nil)) },
		func() error { return second(client.Updates.GetDestroyStatus(ctx, id, ids["destroy"], nil)) },
		func() error {
			return second(pulumiapi.Collect(client.Updates.ListPreviewEvents(ctx, id, ids["Pupdate"], nil)))
		},
		func() error {
			return second(pulumiapi.Collect(client.Updates.ListRefreshEvents(ctx, id, ids["refresh"], nil)))
		},
		func() error {
			return second(pulumiapi.Collect(client.Updates.ListDestroyEvents(ctx, id, ids["destroy"], nil)))
		},
	} {
		require.NoError(t, read())
	}
}

func tourOfTheUser(t *testing.T, _ *pulumiapitest.Server, client *pulumiapi.Client) {
	t.Helper()
	ctx := t.Context()
	for _, call := range []func() error{
		func() error { return second(client.User.Get(ctx)) },
		func() error { return client.User.UpdateDefaultOrg(ctx, org) },
		func() error { return second(client.User.GetDefaultOrg(ctx)) },
		func() error { return second(client.User.ListInvites(ctx)) },
		func() error { return second(client.User.GetPendingEmail(ctx)) },
		func() error { return client.User.DeletePendingEmail(ctx) },
		func() error { return second(client.User.HasVerifiedEmail(ctx)) },
		func() error { return second(client.User.ListVCSOrgs(ctx)) },
		func() error { return second(client.User.ListGitHubTeams(ctx, org)) },
		func() error { return second(client.User.SyncIdentityProvider(ctx, pulumiapi.IdentityProviderGitHub)) },
		func() error { return second(client.User.DeleteIdentityProvider(ctx, pulumiapi.IdentityProviderGitHub)) },
		func() error { return second(client.Meta.ListCapabilities(ctx)) },
		func() error { return second(client.Meta.GetCLIVersion(ctx)) },
		func() error { return second(client.Meta.GetOpenAPI(ctx)) },
	} {
		require.NoError(t, call())
	}
}
