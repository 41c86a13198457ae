package conformance_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

// tours lead through the in-memory cloud: each through what one service has
// there. Together they call every operation of the package with success.
var tours = []struct {
	name string
	walk func(*testing.T, *pulumiapitest.Server, *pulumiapi.Client)
}{
	{"updates", tourOfUpdates},
	{"stacks", tourOfStacks},
	{"members", tourOfMembers},
	{"teams", tourOfTeams},
	{"tokens", tourOfTokens},
	{"webhooks", tourOfWebhooks},
	{"audit logs", tourOfAuditLogs},
	{"Insights", tourOfInsights},
	{"Insights in depth", tourOfInsightsInDepth},
	{"policy issues", tourOfPolicyIssues},
	{"a stack's life", tourOfAStacksLife},
	{"stacks in depth", tourOfStacksInDepth},
	{"versions", tourOfVersions},
	{"the user", tourOfTheUser},
	{"organizations", tourOfOrganizations},
	{"policies", tourOfPolicies},
	{"refusals", tourOfRefusals},
}

// tourOfUpdates looks at all that the demo has of updates, and at one update
// that has everything.
func tourOfUpdates(t *testing.T, cloud *pulumiapitest.Server, client *pulumiapi.Client) {
	t.Helper()
	ctx := t.Context()
	require.NoError(t, cloud.AddStack(pulumiapitest.Stack{
		Org: pulumiapitest.DemoOrganization, Project: "everything", Name: "set", Environment: "conformance/env",
		ResourceCount: 3, Tags: map[string]string{"größe": "漢字"},
	}))
	full := pulumiapitest.Update{
		Message: "everything", Environment: map[string]string{"exec.kind": "cli"},
		Config:          map[string]pulumiapitest.ConfigValue{"aws:region": {String: "eu-west-1", Secret: true, Object: true}},
		ResourceChanges: map[string]int{"create": 3}, ResourceCount: new(3),
		RequestedBy: pulumiapitest.User{Login: "ada", Name: "Ada"}, RequestedByToken: "ci",
		PolicyPacks: []pulumiapitest.RequiredPolicyPack{{
			Name: "rules", DisplayName: "Rules", Version: 2, VersionTag: "1.0", Config: map[string]map[string]any{"rule": {"max": 3}},
		}},
		Commit: &pulumiapitest.Commit{Slug: "acme/web", SHA: "938cd018", Message: "more", Author: pulumiapitest.User{Login: "ada"}},
		Output: []pulumiapitest.OutputLine{{Text: "out"}, {Text: "err", Stderr: true}},
	}
	for _, kind := range []string{"update", "refresh", "destroy", "import", "rename", "Pupdate", "Prefresh", "Pdestroy", "Pimport", "Prename"} {
		full.Kind = kind
		_, err := cloud.AddUpdate(pulumiapitest.DemoOrganization, "everything", "set", full)
		require.NoError(t, err)
	}
	for stack, err := range client.Stacks.List(ctx, nil) {
		require.NoError(t, err)
		id := stack.Identifier()
		updates, err := pulumiapi.Collect(client.Updates.List(ctx, id, &pulumiapi.UpdateListOptions{PageSize: 3}))
		require.NoError(t, err)
		previews, err := pulumiapi.Collect(client.Updates.ListPreviews(ctx, id, nil))
		require.NoError(t, err)
		for _, update := range append(updates, previews...) {
			_, err := client.Updates.GetStatus(ctx, id, update.UpdateID, nil)
			require.NoError(t, err)
			_, err = pulumiapi.Collect(client.Updates.ListEvents(ctx, id, update.UpdateID, nil))
			require.NoError(t, err)
		}
	}
}

// tourOfStacks looks at all stacks of the demo, and deletes one of them in the end.
func tourOfStacks(t *testing.T, cloud *pulumiapitest.Server, client *pulumiapi.Client) {
	t.Helper()
	ctx := t.Context()
	for stack, err := range client.Stacks.List(ctx, nil) {
		require.NoError(t, err)
		_, err = client.Stacks.Get(ctx, stack.Identifier())
		require.NoError(t, err)
		_, err = client.Stacks.Export(ctx, stack.Identifier())
		require.NoError(t, err)
	}
	id := pulumiapi.StackIdentifier{Org: pulumiapitest.DemoOrganization, Project: "everything", Stack: "set"}
	require.NoError(t, client.Stacks.CreateTag(ctx, id, "owner", "ada"))
	require.NoError(t, client.Stacks.SetTag(ctx, id, "owner", "grace"))
	require.NoError(t, client.Stacks.DeleteTag(ctx, id, "owner"))
	state, err := client.Stacks.Export(ctx, id)
	require.NoError(t, err)
	_, err = client.Stacks.Import(ctx, id, *state)
	require.NoError(t, err)
	var file bytes.Buffer
	_, err = client.Stacks.ExportTo(ctx, id, &file)
	require.NoError(t, err)
	_, err = client.Stacks.ImportFrom(ctx, id, &file)
	require.NoError(t, err)
	_, err = pulumiapi.Collect(client.Stacks.ExportResources(ctx, id))
	require.NoError(t, err)
	running, err := cloud.StartUpdate(id.Org, id.Project, id.Stack, pulumiapitest.Update{Started: time.Now()})
	require.NoError(t, err)
	_, err = client.Stacks.Get(ctx, id)
	require.NoError(t, err)
	require.NoError(t, running.Finish(pulumiapitest.Succeeded))
	require.NoError(t, client.Stacks.Transfer(ctx, id, cloud.User()))
	id.Org = cloud.User()
	require.NoError(t, client.Stacks.Delete(ctx, id, &pulumiapi.StackDeleteOptions{Force: true}))
}

const org = pulumiapitest.DemoOrganization

func tourOfMembers(t *testing.T, cloud *pulumiapitest.Server, client *pulumiapi.Client) {
	t.Helper()
	ctx := t.Context()
	for _, from := range []pulumiapi.OrgMemberSource{pulumiapi.OrgMemberSourceBackend, pulumiapi.OrgMemberSourceFrontend} {
		_, err := pulumiapi.Collect(client.Orgs.ListMembers(ctx, org, &pulumiapi.OrgMemberListOptions{Type: from}))
		require.NoError(t, err)
	}
	members, err := pulumiapi.Collect(client.Orgs.ListMembers(ctx, org, nil))
	require.NoError(t, err)
	for _, member := range members {
		if login := member.User.GitHubLogin; login != cloud.User() && login != org {
			require.NoError(t, client.Orgs.RemoveMember(ctx, org, login))
			require.NoError(t, client.Orgs.AddMember(ctx, org, login, pulumiapi.OrgRoleMember))
			require.NoError(t, client.Orgs.UpdateMember(ctx, org, login, pulumiapi.OrgMemberUpdateRequest{Role: new(pulumiapi.OrgRoleAdmin)}))
			return
		}
	}
	require.Fail(t, "the demo has no member who could be removed")
}

func tourOfTeams(t *testing.T, cloud *pulumiapitest.Server, client *pulumiapi.Client) {
	t.Helper()
	ctx := t.Context()
	id := pulumiapi.StackIdentifier{Org: org, Project: "identity", Stack: "prod"}
	for _, req := range []pulumiapi.TeamCreateRequest{
		{Kind: pulumiapi.TeamKindPulumi, Name: "conformance", DisplayName: "Conformance", Description: "checks"},
		{Kind: pulumiapi.TeamKindGitHub, GitHubTeamID: 4711},
	} {
		team, err := client.Teams.Create(ctx, org, req)
		require.NoError(t, err)
		if req.Kind == pulumiapi.TeamKindPulumi {
			// Who creates a team is in it.
			require.NoError(t, client.Teams.RemoveMember(ctx, org, team.Name, cloud.User()))
			require.NoError(t, client.Teams.AddMember(ctx, org, team.Name, cloud.User()))
		}
		require.NoError(t, client.Teams.GrantStackAccess(ctx, team.Name, id, pulumiapi.StackPermissionEdit))
		require.NoError(t, client.Teams.RemoveStackAccess(ctx, team.Name, id))
		require.NoError(t, client.Teams.Delete(ctx, org, team.Name))
	}
}

func tourOfTokens(t *testing.T, cloud *pulumiapitest.Server, client *pulumiapi.Client) {
	t.Helper()
	ctx := t.Context()
	created, err := client.Tokens.Create(ctx, pulumiapi.AccessTokenCreateRequest{Description: "x", Expires: time.Now().Add(time.Hour)})
	require.NoError(t, err)
	_, err = pulumiapi.Collect(client.Tokens.List(ctx, &pulumiapi.AccessTokenListOptions{Filter: pulumiapi.AccessTokenFilterAll}))
	require.NoError(t, err)
	require.NoError(t, client.Tokens.Delete(ctx, created.ID))
	cloud.TrustIdentityToken(org, "identity")
	_, err = client.Do(ctx, pulumiapi.Request{
		Endpoint:    pulumiapi.Endpoint{Method: http.MethodPost, Template: "/api/oauth/token", Read: true},
		Header:      http.Header{"Authorization": nil},
		ContentType: "application/x-www-form-urlencoded",
		Body: strings.NewReader(url.Values{
			"grant_type":           {"urn:ietf:params:oauth:grant-type:token-exchange"},
			"subject_token_type":   {"urn:ietf:params:oauth:token-type:id_token"},
			"requested_token_type": {"urn:pulumi:token-type:access_token:team"},
			"audience":             {"urn:pulumi:org:" + org},
			"subject_token":        {"identity"},
			"scope":                {"team:platform"},
		}.Encode()),
	}, nil)
	require.NoError(t, err)
}

func tourOfWebhooks(t *testing.T, _ *pulumiapitest.Server, client *pulumiapi.Client) {
	t.Helper()
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }))
	defer receiver.Close()
	for _, scope := range []pulumiapi.WebhookScope{
		pulumiapi.OrgScope(org),
		pulumiapi.StackIdentifier{Org: org, Project: "identity", Stack: "prod"},
		pulumiapi.EnvironmentIdentifier{Org: org, Project: "identity", Environment: "prod"},
	} {
		tourOfScope(t.Context(), t, client, scope, receiver.URL)
	}
}

func tourOfScope(ctx context.Context, t *testing.T, client *pulumiapi.Client, scope pulumiapi.WebhookScope, payloadURL string) {
	t.Helper()
	hook, err := client.Webhooks.Create(ctx, scope, pulumiapi.WebhookCreateRequest{
		DisplayName: "Conformance", PayloadURL: payloadURL, Name: new("conformance"), Secret: new(pulumiapi.NewSecret("hush")),
		Format: new(pulumiapi.WebhookFormatRaw), Groups: []pulumiapi.WebhookGroup{pulumiapi.WebhookGroupStacks},
	})
	require.NoError(t, err)
	_, err = client.Webhooks.List(ctx, scope)
	require.NoError(t, err)
	_, err = client.Webhooks.Get(ctx, scope, hook.Name)
	require.NoError(t, err)
	_, err = client.Webhooks.Update(ctx, scope, hook.Name, pulumiapi.WebhookUpdateRequest{DisplayName: "Again", PayloadURL: payloadURL, Active: true})
	require.NoError(t, err)
	delivery, err := client.Webhooks.Ping(ctx, scope, hook.Name)
	require.NoError(t, err)
	_, err = client.Webhooks.Redeliver(ctx, scope, hook.Name, delivery.ID)
	require.NoError(t, err)
	_, err = client.Webhooks.ListDeliveries(ctx, scope, hook.Name)
	require.NoError(t, err)
	require.NoError(t, client.Webhooks.Delete(ctx, scope, hook.Name))
}

func tourOfAuditLogs(t *testing.T, cloud *pulumiapitest.Server, client *pulumiapi.Client) {
	t.Helper()
	ctx := t.Context()
	cloud.SetPageSize(100) // the tours before have done a lot in one second
	defer cloud.SetPageSize(0)
	_, err := pulumiapi.Collect(client.AuditLogs.List(ctx, org, nil))
	require.NoError(t, err)
	_, err = pulumiapi.Collect(client.AuditLogs.ListV1(ctx, org, nil))
	require.NoError(t, err)
	for _, export := range []func() (io.ReadCloser, error){
		func() (io.ReadCloser, error) { return client.AuditLogs.Export(ctx, org, nil) },
		func() (io.ReadCloser, error) { return client.AuditLogs.ExportV1(ctx, org, nil) },
	} {
		text, err := export()
		require.NoError(t, err)
		_, err = io.Copy(io.Discard, text)
		require.NoError(t, err)
		require.NoError(t, text.Close())
	}
}

func tourOfInsights(t *testing.T, _ *pulumiapitest.Server, client *pulumiapi.Client) {
	t.Helper()
	ctx := t.Context()
	require.NoError(t, client.Insights.CreateAccount(ctx, org, "Größe/漢字 100%", pulumiapi.InsightsAccountCreateRequest{
		Provider: pulumiapi.InsightsProviderAWS, Environment: "conformance/env", ScanSchedule: new(pulumiapi.InsightsScanScheduleDaily),
	}))
	accounts, err := pulumiapi.Collect(client.Insights.ListAccounts(ctx, org, nil))
	require.NoError(t, err)
	for _, account := range accounts {
		_, err := client.Insights.GetAccount(ctx, org, account.Name)
		require.NoError(t, err)
	}
}

func tourOfPolicyIssues(t *testing.T, _ *pulumiapitest.Server, client *pulumiapi.Client) {
	t.Helper()
	ctx := t.Context()
	issues, err := pulumiapi.Collect(client.PolicyIssues.List(ctx, org, nil))
	require.NoError(t, err)
	require.NotEmpty(t, issues, "the demo has no policy issues")
	for _, issue := range issues {
		_, err := client.PolicyIssues.Get(ctx, org, issue.ID)
		require.NoError(t, err)
	}
	_, err = client.PolicyIssues.Update(ctx, org, issues[0].ID, pulumiapi.PolicyIssueUpdateRequest{
		Status: new(pulumiapi.PolicyIssueStatusInProgress), AssignedTo: pulumiapi.Null[string](),
	})
	require.NoError(t, err)
	_, err = pulumiapi.Collect(client.PolicyIssues.ListGroups(ctx, org, &pulumiapi.PolicyIssueGroupOptions{
		GroupBy: []pulumiapi.GridColumn{{ID: "policyName", DisplayName: "Policy"}},
	}))
	require.NoError(t, err)
	_, err = pulumiapi.Collect(client.PolicyIssues.ListViolations(ctx, org, nil)) //nolint:staticcheck // deprecated, and there
	require.NoError(t, err)
}

// tourOfRefusals asks for what the cloud refuses, in each way that it has.
func tourOfRefusals(t *testing.T, cloud *pulumiapitest.Server, client *pulumiapi.Client) {
	t.Helper()
	ctx := t.Context()
	require.NoError(t, cloud.AddStack(pulumiapitest.Stack{Org: "refusals", Project: "web", Name: "prod"}))
	id := pulumiapi.StackIdentifier{Org: "refusals", Project: "web", Stack: "prod"}
	running, err := cloud.StartUpdate(id.Org, id.Project, id.Stack, pulumiapitest.Update{})
	require.NoError(t, err)

	_, err = client.Do(ctx, pulumiapi.Request{
		Endpoint: pulumiapi.Endpoint{Method: http.MethodGet, Template: "/api/stacks/{orgName}/{projectName}/{stackName}"},
		Args:     []string{id.Org, id.Project, id.Stack},
		Header:   http.Header{"Authorization": {"token pul-nobody"}},
	}, nil)
	require.ErrorIs(t, err, pulumiapi.ErrUnauthorized)
	_, err = client.Stacks.Get(ctx, pulumiapi.StackIdentifier{Org: "refusals", Project: "web", Stack: "none"})
	require.ErrorIs(t, err, pulumiapi.ErrNotFound)
	require.ErrorIs(t, client.Stacks.Delete(ctx, id, nil), pulumiapi.ErrConflict)
	require.NoError(t, running.Finish(pulumiapitest.Failed))
	var refused *pulumiapi.APIError
	require.ErrorAs(t, client.Stacks.CreateTag(ctx, id, "no such name", ""), &refused)
	require.Equal(t, http.StatusBadRequest, refused.StatusCode)
}
