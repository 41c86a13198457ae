package pulumiapi_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
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
				return second(c.Stacks.Create(ctx, prod, pulumiapi.StackCreateRequest{
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
				return second(c.Stacks.Rename(ctx, prod, pulumiapi.StackRenameRequest{NewProject: "shop"}))
			},
			"POST " + stack + "/rename", `{"newName":"","newProject":"shop"}`,
		},
		{
			func(c *pulumiapi.Client) error {
				return c.Stacks.SetAnnotation(ctx, prod, "a/b", pulumiapi.StackAnnotationRequest{
					Annotation: json.RawMessage(`{ "n" : 1.0 }`), Source: "ci", Version: new(0),
				})
			},
			"PATCH " + stack + "/annotations/a%2Fb?source=ci&version=0", `{ "n" : 1.0 }`,
		},
		{
			func(c *pulumiapi.Client) error {
				return second(c.Stacks.GetResourceAtVersion(ctx, prod, 7, "urn:pulumi:prod::web::a:b/c:D::x y"))
			},
			"GET " + stack + "/resources/7/urn:pulumi:prod::web::a:b%2Fc:D::x%20y", "",
		},
	} {
		request, body := lastRequest(t, "{}", c.call)
		assert.Equal(t, c.request, request)
		assert.Equal(t, c.body, body, c.request)
	}
}

func TestRequests_OfStacksAndTheUser_RefusedBeforeSending(t *testing.T) {
	t.Parallel()
	client, s := scriptedClient(t, func(int, *http.Request) (*http.Response, error) { return respond(http.StatusOK, []byte("{}")), nil })
	ctx := t.Context()
	create := func(req pulumiapi.StackCreateRequest) error { return second(client.Stacks.Create(ctx, prod, req)) }
	noStack := pulumiapi.StackIdentifier{Org: "acme", Project: "web"}
	for what, c := range map[string]struct {
		argument string
		err      error
	}{
		"a stack without a name":      {"id.Stack", second(client.Stacks.Create(ctx, noStack, pulumiapi.StackCreateRequest{}))},
		"a stack without a project":   {"id.Project", second(client.Stacks.Create(ctx, pulumiapi.StackIdentifier{Org: "a", Stack: "b"}, pulumiapi.StackCreateRequest{}))},
		"a tag that is no text":       {"req", create(pulumiapi.StackCreateRequest{Tags: map[string]string{"a": "\xff"}})},
		"a state without its version": {"req.State.Version", create(pulumiapi.StackCreateRequest{State: &pulumiapi.StackState{Deployment: json.RawMessage("{}")}})},
		"a state that is not JSON":    {"req.State.Deployment", create(pulumiapi.StackCreateRequest{State: &pulumiapi.StackState{Version: 3, Deployment: json.RawMessage("{")}})},
		"a name that stays":           {"req", second(client.Stacks.Rename(ctx, prod, pulumiapi.StackRenameRequest{}))},
		"a stack to restore":          {"stackName", client.Stacks.Restore(ctx, "acme", "p", "")},
		"a program to restore":        {"programID", client.Stacks.Restore(ctx, "acme", "..", "a")},
		"nowhere":                     {"toOrg", client.Stacks.TransferAll(ctx, "acme", "")},
		"from nowhere":                {"fromOrg", client.Stacks.TransferAll(ctx, "", "acme")},
		"no environment":              {"req.Environment", second(client.Stacks.UpdateConfig(ctx, prod, pulumiapi.StackConfigUpdateRequest{}))},
		"no CI system":                {"req.CISystem", second(client.Stacks.GetStarterWorkflow(ctx, prod, pulumiapi.StarterWorkflowRequest{}))},
		"an annotation of no kind":    {"kind", second(client.Stacks.GetAnnotation(ctx, prod, "", nil))},
		"an annotation of nothing":    {"req.Annotation", client.Stacks.SetAnnotation(ctx, prod, "a", pulumiapi.StackAnnotationRequest{})},
		"nobody's stack":              {"user", second(client.Stacks.ReassignOwnership(ctx, prod, ""))},
		"no collaborator":             {"user", client.Stacks.RemoveCollaborator(ctx, prod, "")},
		"no team":                     {"team", client.Teams.SetStackAccess(ctx, "", prod, pulumiapi.StackPermissionRead)},
		"a state of version 0":        {"version", second(client.Stacks.ExportAtVersion(ctx, prod, 0))},
		"resources of version -1":     {"version", second(client.Stacks.GetResourcesAtVersion(ctx, prod, -1))},
		"a resource of version 0":     {"version", second(client.Stacks.GetResourceAtVersion(ctx, prod, 0, "urn:a"))},
		"no resource":                 {"urn", second(client.Stacks.GetResource(ctx, prod, ""))},
		"an update of version 0":      {"version", second(client.Updates.Get(ctx, prod, 0))},
		"previews of version 0":       {"version", second(client.Updates.ListPreviewsAtVersionPage(ctx, prod, 0, nil))},
		"a preview":                   {"updateID", second(client.Updates.GetPreview(ctx, prod, ""))},
		"no identity":                 {"identity", second(client.User.SyncIdentityProvider(ctx, ""))},
		"no organization on GitHub":   {"githubOrg", second(client.User.ListGitHubTeams(ctx, ""))},
	} {
		var wrong *pulumiapi.ArgumentError
		require.ErrorAs(t, c.err, &wrong, what)
		assert.Equal(t, c.argument, wrong.Name, what)
	}
	assert.Empty(t, s.sent)
}

func TestUser_HasVerifiedEmail_AlsoBelievesANo(t *testing.T) {
	t.Parallel()
	client, _ := scriptedClient(t, func(int, *http.Request) (*http.Response, error) { return respond(http.StatusOK, []byte("false")), nil })
	verified, err := client.User.HasVerifiedEmail(t.Context())
	require.NoError(t, err)
	assert.False(t, verified)
}
