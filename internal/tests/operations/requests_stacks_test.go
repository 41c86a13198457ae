package operations_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/internal/testkit"
)

func TestRequests_OfStacksAndTheUser_OnTheWire(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	const stack = "/api/stacks/acme/web/prod"
	for _, c := range []struct {
		call    func(c *pulumiapi.Client) error
		request string
		body    string // as it is; empty for none
	}{
		{
			func(c *pulumiapi.Client) error {
				return testkit.ErrorOf(c.Stacks.Create(ctx, testkit.Prod, pulumiapi.StackCreateRequest{
					Tags: map[string]string{"a": "b"}, Teams: []string{"ops"}, Config: &pulumiapi.StackConfigUpdateRequest{Environment: "web/prod"},
					State: &pulumiapi.StackState{Version: 4, Features: []string{"f"}, Deployment: json.RawMessage(`{ "n" : 1.0 }`)},
				}))
			},
			"POST /api/stacks/acme/web",
			`{"stackName":"prod","tags":{"a":"b"},"teams":["ops"],"config":{"environment":"web/prod"},` +
				`"state":{"version":4,"features":["f"],"deployment":{ "n" : 1.0 }}}`,
		},
		{
			func(c *pulumiapi.Client) error {
				return testkit.ErrorOf(c.Stacks.Rename(ctx, testkit.Prod, pulumiapi.StackRenameRequest{NewProject: "shop"}))
			},
			"POST " + stack + "/rename", `{"newName":"","newProject":"shop"}`,
		},
		{
			func(c *pulumiapi.Client) error {
				return c.Stacks.SetAnnotation(ctx, testkit.Prod, "a/b", pulumiapi.StackAnnotationRequest{
					Annotation: json.RawMessage(`{ "n" : 1.0 }`), Source: "ci", Version: new(0),
				})
			},
			"PATCH " + stack + "/annotations/a%2Fb?source=ci&version=0", `{ "n" : 1.0 }`,
		},
		{
			func(c *pulumiapi.Client) error {
				return testkit.ErrorOf(c.Stacks.GetResourceAtVersion(ctx, testkit.Prod, 7, "urn:pulumi:prod::web::a:b/c:D::x y"))
			},
			"GET " + stack + "/resources/7/urn:pulumi:prod::web::a:b%2Fc:D::x%20y", "",
		},
	} {
		request, body := testkit.LastRequest(t, "{}", c.call)
		assert.Equal(t, c.request, request)
		assert.Equal(t, c.body, body, c.request)
	}
}

func TestRequests_OfStacksAndTheUser_RefusedBeforeSending(t *testing.T) {
	t.Parallel()
	client, s := testkit.Client(t, func(int, *http.Request) (*http.Response, error) {
		return testkit.Respond(http.StatusOK, []byte("{}")), nil
	})
	ctx := t.Context()
	create := func(req pulumiapi.StackCreateRequest) error {
		return testkit.ErrorOf(client.Stacks.Create(ctx, testkit.Prod, req))
	}
	noStack := pulumiapi.StackIdentifier{Org: "acme", Project: "web"}
	for what, c := range map[string]struct {
		argument string
		err      error
	}{
		"a stack without a name":      {"id.Stack", testkit.ErrorOf(client.Stacks.Create(ctx, noStack, pulumiapi.StackCreateRequest{}))},
		"a stack without a project":   {"id.Project", testkit.ErrorOf(client.Stacks.Create(ctx, pulumiapi.StackIdentifier{Org: "a", Stack: "b"}, pulumiapi.StackCreateRequest{}))},
		"a tag that is no text":       {"req", create(pulumiapi.StackCreateRequest{Tags: map[string]string{"a": "\xff"}})},
		"a state without its version": {"req.State.Version", create(pulumiapi.StackCreateRequest{State: &pulumiapi.StackState{Deployment: json.RawMessage("{}")}})},
		"a state that is not JSON":    {"req.State.Deployment", create(pulumiapi.StackCreateRequest{State: &pulumiapi.StackState{Version: 3, Deployment: json.RawMessage("{")}})},
		"a name that stays":           {"req", testkit.ErrorOf(client.Stacks.Rename(ctx, testkit.Prod, pulumiapi.StackRenameRequest{}))},
		"a stack to restore":          {"stackName", client.Stacks.Restore(ctx, "acme", "p", "")},
		"a program to restore":        {"programID", client.Stacks.Restore(ctx, "acme", "..", "a")},
		"nowhere":                     {"toOrg", client.Stacks.TransferAll(ctx, "acme", "")},
		"from nowhere":                {"fromOrg", client.Stacks.TransferAll(ctx, "", "acme")},
		"no environment":              {"req.Environment", testkit.ErrorOf(client.Stacks.UpdateConfig(ctx, testkit.Prod, pulumiapi.StackConfigUpdateRequest{}))},
		"no CI system":                {"req.CISystem", testkit.ErrorOf(client.Stacks.GetStarterWorkflow(ctx, testkit.Prod, pulumiapi.StarterWorkflowRequest{}))},
		"an annotation of no kind":    {"kind", testkit.ErrorOf(client.Stacks.GetAnnotation(ctx, testkit.Prod, "", nil))},
		"an annotation of nothing":    {"req.Annotation", client.Stacks.SetAnnotation(ctx, testkit.Prod, "a", pulumiapi.StackAnnotationRequest{})},
		"nobody's stack":              {"user", testkit.ErrorOf(client.Stacks.ReassignOwnership(ctx, testkit.Prod, ""))},
		"no collaborator":             {"user", client.Stacks.RemoveCollaborator(ctx, testkit.Prod, "")},
		"no team":                     {"team", client.Teams.SetStackAccess(ctx, "", testkit.Prod, pulumiapi.StackPermissionRead)},
		"a state of version 0":        {"version", testkit.ErrorOf(client.Stacks.ExportAtVersion(ctx, testkit.Prod, 0))},
		"resources of version -1":     {"version", testkit.ErrorOf(client.Stacks.GetResourcesAtVersion(ctx, testkit.Prod, -1))},
		"a resource of version 0":     {"version", testkit.ErrorOf(client.Stacks.GetResourceAtVersion(ctx, testkit.Prod, 0, "urn:a"))},
		"no resource":                 {"urn", testkit.ErrorOf(client.Stacks.GetResource(ctx, testkit.Prod, ""))},
		"an update of version 0":      {"version", testkit.ErrorOf(client.Updates.Get(ctx, testkit.Prod, 0))},
		"previews of version 0":       {"version", testkit.ErrorOf(client.Updates.ListPreviewsAtVersionPage(ctx, testkit.Prod, 0, nil))},
		"a preview":                   {"updateID", testkit.ErrorOf(client.Updates.GetPreview(ctx, testkit.Prod, ""))},
		"no identity":                 {"identity", testkit.ErrorOf(client.User.SyncIdentityProvider(ctx, ""))},
		"no organization on GitHub":   {"githubOrg", testkit.ErrorOf(client.User.ListGitHubTeams(ctx, ""))},
	} {
		var wrong *pulumiapi.ArgumentError
		require.ErrorAs(t, c.err, &wrong, what)
		assert.Equal(t, c.argument, wrong.Name, what)
	}
	assert.Empty(t, s.Sent())
}

func TestUser_HasVerifiedEmail_AlsoBelievesANo(t *testing.T) {
	t.Parallel()
	client, _ := testkit.Client(t, func(int, *http.Request) (*http.Response, error) {
		return testkit.Respond(http.StatusOK, []byte("false")), nil
	})
	verified, err := client.User.HasVerifiedEmail(t.Context())
	require.NoError(t, err)
	assert.False(t, verified)
}
