package operations_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/internal/testkit"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

func TestCloud_AStacksLife(t *testing.T) {
	t.Parallel()
	srv, client := testkit.CloudWithStack(t)
	ctx := t.Context()
	id := pulumiapi.StackIdentifier{Org: "acme", Project: "shop", Stack: "new"}
	exists, err := client.Stacks.ProjectExists(ctx, "acme", "shop")
	require.NoError(t, err)
	assert.False(t, exists)
	state := pulumiapi.StackState{Version: 3, Deployment: json.RawMessage(`{"resources": [{"urn":"urn:a","type":"t","inputs":{"n":1.0}}]}`)}
	_, err = client.Stacks.Create(ctx, id, pulumiapi.StackCreateRequest{
		Tags: map[string]string{"owner": "ada"}, State: &state, Config: &pulumiapi.StackConfigUpdateRequest{Environment: "shop/new"},
	})
	require.NoError(t, err)
	require.ErrorIs(t, testkit.ErrorOf(client.Stacks.Create(ctx, id, pulumiapi.StackCreateRequest{})), pulumiapi.ErrConflict)
	exists, err = client.Stacks.ProjectExists(ctx, "acme", "shop")
	require.NoError(t, err)
	assert.True(t, exists)
	exported, err := client.Stacks.Export(ctx, id)
	require.NoError(t, err)
	assert.Equal(t, string(state.Deployment), string(exported.Deployment), "the bytes as they were")

	config, err := client.Stacks.GetConfig(ctx, id)
	require.NoError(t, err)
	assert.Equal(t, "shop/new", config.Environment)
	require.NoError(t, client.Stacks.DeleteConfig(ctx, id))
	require.ErrorIs(t, testkit.ErrorOf(client.Stacks.GetConfig(ctx, id)), pulumiapi.ErrNotFound)
	require.NoError(t, client.Stacks.ReplaceTags(ctx, id, map[string]string{"team": "web"}))

	renamed, err := client.Stacks.Rename(ctx, id, pulumiapi.StackRenameRequest{NewName: "live"})
	require.NoError(t, err)
	id.Stack = "live"
	update, err := client.Updates.GetLatest(ctx, id)
	require.NoError(t, err)
	assert.Equal(t, renamed.UpdateID, update.UpdateID)
	assert.Equal(t, pulumiapi.UpdateKindRename, update.Kind)
	resources, err := client.Stacks.GetResourcesAtVersion(ctx, id, update.Version)
	require.NoError(t, err)
	require.Len(t, resources.Resources, 1)
	assert.Equal(t, "1.0", string(resources.Resources[0].Resource.Inputs["n"]))
	require.ErrorIs(t, testkit.ErrorOf(client.Stacks.GetResource(ctx, id, "urn:b")), pulumiapi.ErrNotFound)

	require.NoError(t, client.Stacks.Delete(ctx, id, &pulumiapi.StackDeleteOptions{Force: true}))
	deleted, err := client.Stacks.ListDeleted(ctx, "acme")
	require.NoError(t, err)
	require.Len(t, deleted, 1)
	assert.Equal(t, pulumiapi.UpdateResultSucceeded, deleted[0].LastUpdate.Result)
	require.NoError(t, client.Stacks.Restore(ctx, "acme", deleted[0].ProgramID, "back"))
	id.Stack = "back"
	require.NoError(t, client.Stacks.TransferAll(ctx, "acme", srv.User()))
	id.Org = srv.User()
	stack, err := client.Stacks.Get(ctx, id)
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"team": "web", "pulumi:project": "shop"}, stack.Tags)
}

func TestCloud_AnnotationsDontOverwriteEachOther(t *testing.T) {
	t.Parallel()
	_, client := testkit.CloudWithStack(t)
	ctx := t.Context()
	set := func(text string, version *int) error {
		return client.Stacks.SetAnnotation(ctx, testkit.Prod, "review", pulumiapi.StackAnnotationRequest{Annotation: json.RawMessage(text), Version: version, Source: "ci"})
	}
	require.NoError(t, set(`{"n": 1.0}`, new(0)))
	require.ErrorIs(t, set(`{"n":2}`, new(0)), pulumiapi.ErrConflict)
	require.NoError(t, set(`{"n":2}`, new(1)))
	first, err := client.Stacks.GetAnnotation(ctx, testkit.Prod, "review", &pulumiapi.StackAnnotationOptions{Source: "ci", Version: new(1)})
	require.NoError(t, err)
	assert.Equal(t, `{"n": 1.0}`, string(first), "the bytes as they were")
	newest, err := client.Stacks.GetAnnotation(ctx, testkit.Prod, "review", &pulumiapi.StackAnnotationOptions{Source: "ci"})
	require.NoError(t, err)
	assert.Equal(t, `{"n":2}`, string(newest))
	require.ErrorIs(t, testkit.ErrorOf(client.Stacks.GetAnnotation(ctx, testkit.Prod, "review", nil)), pulumiapi.ErrNotFound, "another source")
}

func TestCloud_ListActivity_AndSearchResults_WalkAllPages(t *testing.T) {
	t.Parallel()
	srv, client := testkit.CloudWithStack(t)
	ctx := t.Context()
	before, err := pulumiapi.Collect(client.Stacks.ListActivity(ctx, testkit.Prod, nil))
	require.NoError(t, err)
	for range 7 {
		_, err := srv.AddUpdate("acme", "web", "prod", pulumiapitest.Update{Kind: "Pupdate"})
		require.NoError(t, err)
	}
	all, err := pulumiapi.Collect(client.Stacks.ListActivity(ctx, testkit.Prod, &pulumiapi.StackActivityListOptions{PageSize: 2}))
	require.NoError(t, err)
	assert.Len(t, all, len(before)+7)
	page, err := client.Stacks.ListActivityPage(ctx, testkit.Prod, nil)
	require.NoError(t, err)
	assert.Equal(t, len(all), page.Total)

	for _, name := range []string{"a", "b", "c"} {
		require.NoError(t, srv.AddStack(pulumiapitest.Stack{Org: "acme", Project: "search", Name: name}))
	}
	opts := &pulumiapi.StackSearchOptions{
		Filter: pulumiapi.FilterEquals("projectName", "search"), Sort: []pulumiapi.GridSort{{Column: "stackName", Descending: true}}, PageSize: 2,
	}
	rows, err := pulumiapi.Collect(client.Stacks.ListSearchResults(ctx, "acme", opts))
	require.NoError(t, err)
	var names []string
	for _, row := range rows {
		var stack map[string]any
		require.NoError(t, json.Unmarshal(row, &stack))
		names = append(names, fmt.Sprint(stack["stackName"]))
	}
	assert.Equal(t, []string{"c", "b", "a"}, names)

	opts.GroupBy = []pulumiapi.GridColumn{{ID: "projectName"}}
	groups, err := client.Stacks.ListSearchResultsPage(ctx, "acme", opts)
	require.NoError(t, err)
	require.Len(t, groups.Items, 1)
	assert.JSONEq(t, `{"projectName":"search","count":3}`, string(groups.Items[0]))
	opts.GroupKeys, opts.PageSize = []string{"search"}, 2
	inside, err := client.Stacks.ListSearchResultsPage(ctx, "acme", opts)
	require.NoError(t, err)
	assert.Equal(t, 3, inside.Total)
	var wrong *pulumiapi.ArgumentError
	opts.GroupKeys, opts.Cursor = nil, inside.Next
	require.ErrorAs(t, testkit.ErrorOf(client.Stacks.ListSearchResultsPage(ctx, "acme", opts)), &wrong, "a cursor of stacks is none of groups")
	opts.GroupKeys, opts.Cursor = []string{"a", "b"}, ""
	require.ErrorAs(t, testkit.ErrorOf(client.Stacks.ListSearchResultsPage(ctx, "acme", opts)), &wrong)
	assert.Equal(t, "opts.GroupKeys", wrong.Name)
}

func TestCloud_TheUser(t *testing.T) {
	t.Parallel()
	srv, client := testkit.CloudWithStack(t)
	ctx := t.Context()
	require.ErrorIs(t, testkit.ErrorOf(client.User.GetPendingEmail(ctx)), pulumiapi.ErrNotFound)
	verified, err := client.User.HasVerifiedEmail(ctx)
	require.NoError(t, err)
	assert.True(t, verified)
	srv.SetUserAccount(pulumiapitest.UserAccount{Email: "a@example.com", PendingEmail: "b@example.com", Unverified: true})
	pending, err := client.User.GetPendingEmail(ctx)
	require.NoError(t, err)
	assert.Equal(t, "b@example.com", pending.Email)
	verified, err = client.User.HasVerifiedEmail(ctx)
	require.NoError(t, err)
	assert.False(t, verified)
	user, err := client.User.Get(ctx)
	require.NoError(t, err)
	assert.Equal(t, srv.User(), user.GitHubLogin)
}
