package operations_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/internal/testkit"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

// These tests drive the methods against a cloud that keeps state: what one
// changes, others see.

func TestCloud_MembersAndTeams(t *testing.T) {
	t.Parallel()
	srv, client := testkit.CloudWithStack(t)
	ctx := t.Context()
	for _, login := range []string{"ada", "bob"} {
		require.NoError(t, srv.AddUser(pulumiapitest.User{Login: login}))
		require.NoError(t, client.Orgs.AddMember(ctx, "acme", login, pulumiapi.OrgRoleMember))
	}
	require.ErrorIs(t, client.Orgs.AddMember(ctx, "acme", "ada", pulumiapi.OrgRoleMember), pulumiapi.ErrConflict)
	require.ErrorIs(t, client.Orgs.AddMember(ctx, "acme", "nobody", pulumiapi.OrgRoleMember), pulumiapi.ErrNotFound)
	require.NoError(t, client.Orgs.UpdateMember(ctx, "acme", "ada", pulumiapi.OrgMemberUpdateRequest{Role: new(pulumiapi.OrgRoleAdmin)}))
	roles := map[string]pulumiapi.OrgRole{}
	for member, err := range client.Orgs.ListMembers(ctx, "acme", nil) {
		require.NoError(t, err)
		roles[member.User.GitHubLogin] = member.Role
	}
	assert.Equal(t, pulumiapi.OrgRoleAdmin, roles["ada"])
	assert.Equal(t, pulumiapi.OrgRoleMember, roles["bob"])

	team, err := client.Teams.Create(ctx, "acme", pulumiapi.TeamCreateRequest{Name: "ops", DisplayName: "Operations"})
	require.NoError(t, err)
	assert.Equal(t, pulumiapi.TeamKindPulumi, team.Kind)
	require.ErrorIs(t, testkit.ErrorOf(client.Teams.Create(ctx, "acme", pulumiapi.TeamCreateRequest{Name: "ops"})), pulumiapi.ErrConflict)
	require.NoError(t, client.Teams.AddMember(ctx, "acme", "ops", "ada"))
	require.ErrorIs(t, client.Teams.AddMember(ctx, "acme", "ops", "ada"), pulumiapi.ErrConflict)
	require.NoError(t, client.Teams.AddMember(ctx, "acme", "ops", "bob"))
	require.NoError(t, client.Teams.RemoveMember(ctx, "acme", "ops", "bob"))
	require.NoError(t, client.Teams.GrantStackAccess(ctx, "ops", testkit.Prod, pulumiapi.StackPermissionEdit))
	kept, found := srv.Team("acme", "ops")
	require.True(t, found)
	assert.Len(t, kept.Stacks, 1)
	require.NoError(t, client.Teams.RemoveStackAccess(ctx, "ops", testkit.Prod))
	kept, _ = srv.Team("acme", "ops")
	assert.Empty(t, kept.Stacks)

	require.NoError(t, client.Orgs.RemoveMember(ctx, "acme", "ada"))
	kept, _ = srv.Team("acme", "ops")
	for _, member := range kept.Members {
		assert.NotEqual(t, "ada", member.Login, "who has left the organization has left its teams")
	}
	var refused *pulumiapi.APIError
	require.ErrorAs(t, client.Orgs.RemoveMember(ctx, "acme", srv.User()), &refused, "oneself")
	assert.Equal(t, http.StatusBadRequest, refused.StatusCode)
	require.NoError(t, client.Teams.Delete(ctx, "acme", "ops"))
	require.ErrorIs(t, client.Teams.Delete(ctx, "acme", "ops"), pulumiapi.ErrNotFound)
}

func TestCloud_ATokenWorksUntilItIsDeleted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, client := testkit.CloudWithStack(t)
		ctx := t.Context()
		created, err := client.Tokens.Create(ctx, pulumiapi.AccessTokenCreateRequest{Description: "ci", Expires: time.Now().Add(time.Hour)})
		require.NoError(t, err)
		other, err := pulumiapi.NewClient(append(srv.Options(), pulumiapi.WithToken(created.TokenValue.Reveal()))...)
		require.NoError(t, err)
		require.NoError(t, testkit.ErrorOf(other.Stacks.Get(ctx, testkit.Prod)))

		tokens, err := pulumiapi.Collect(client.Tokens.List(ctx, nil))
		require.NoError(t, err)
		found := false
		for _, token := range tokens {
			if token.ID == created.ID {
				found = true
				assert.Equal(t, "ci", token.Description)
				assert.Equal(t, time.Now().Add(time.Hour).Unix(), token.Expires.Unix())
				assert.False(t, token.LastUsed.IsZero(), "it has been used")
			}
		}
		assert.True(t, found)

		time.Sleep(2 * time.Hour)
		require.ErrorIs(t, testkit.ErrorOf(other.Stacks.Get(ctx, testkit.Prod)), pulumiapi.ErrUnauthorized, "it has expired")
		expired, err := pulumiapi.Collect(client.Tokens.List(ctx, &pulumiapi.AccessTokenListOptions{Filter: pulumiapi.AccessTokenFilterExpired}))
		require.NoError(t, err)
		require.Len(t, expired, 1)

		created, err = client.Tokens.Create(ctx, pulumiapi.AccessTokenCreateRequest{Description: "for ever"})
		require.NoError(t, err)
		other, err = pulumiapi.NewClient(append(srv.Options(), pulumiapi.WithToken(created.TokenValue.Reveal()))...)
		require.NoError(t, err)
		require.NoError(t, testkit.ErrorOf(other.Stacks.Get(ctx, testkit.Prod)))
		require.NoError(t, client.Tokens.Delete(ctx, created.ID))
		require.ErrorIs(t, testkit.ErrorOf(other.Stacks.Get(ctx, testkit.Prod)), pulumiapi.ErrUnauthorized)
		require.ErrorIs(t, client.Tokens.Delete(ctx, created.ID), pulumiapi.ErrNotFound)
	})
}

func TestCloud_Webhooks(t *testing.T) {
	t.Parallel()
	for name, scope := range map[string]pulumiapi.WebhookScope{"of an organization": pulumiapi.OrgScope("acme"), "of a stack": testkit.Prod, "of an environment": testkit.ProdEnvironment} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, client := testkit.CloudWithStack(t)
			ctx := t.Context()
			const secret = "s3cret"
			var received []*http.Request
			var bodies [][]byte
			srv.HandleWebhooks("receiver.test", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				assert.NoError(t, err)
				received, bodies = append(received, r), append(bodies, body)
				w.WriteHeader(http.StatusTeapot)
			}))
			hook, err := client.Webhooks.Create(ctx, scope, pulumiapi.WebhookCreateRequest{
				DisplayName: "mine", PayloadURL: "http://receiver.test/hook", Name: new("mine"), Secret: new(pulumiapi.NewSecret(secret)),
			})
			require.NoError(t, err)
			assert.True(t, hook.Active, "a new webhook delivers")
			assert.True(t, hook.HasSecret)
			asleep, err := client.Webhooks.Create(ctx, scope, pulumiapi.WebhookCreateRequest{
				DisplayName: "asleep", PayloadURL: "http://receiver.test/hook", Name: new("asleep"), Inactive: true,
			})
			require.NoError(t, err)
			assert.False(t, asleep.Active)
			require.NoError(t, client.Webhooks.Delete(ctx, scope, asleep.Name))
			require.ErrorIs(t, testkit.ErrorOf(client.Webhooks.Create(ctx, scope, pulumiapi.WebhookCreateRequest{
				DisplayName: "mine", PayloadURL: "http://receiver.test/hook", Name: new("mine"),
			})), pulumiapi.ErrConflict)

			delivery, err := client.Webhooks.Ping(ctx, scope, "mine")
			require.NoError(t, err, "that the receiver refuses it is no error")
			assert.Equal(t, http.StatusTeapot, delivery.ResponseCode)
			assert.Equal(t, pulumiapi.WebhookEventKindPing, delivery.Kind)
			require.Len(t, received, 1)
			mac := hmac.New(sha256.New, []byte(secret))
			mac.Write(bodies[0])
			assert.Equal(t, hex.EncodeToString(mac.Sum(nil)), received[0].Header.Get("Pulumi-Webhook-Signature"))
			assert.Equal(t, delivery.ID, received[0].Header.Get("Pulumi-Webhook-ID"))
			again, err := client.Webhooks.Redeliver(ctx, scope, "mine", delivery.ID)
			require.NoError(t, err)
			assert.Equal(t, delivery.Payload, again.Payload)
			deliveries, err := client.Webhooks.ListDeliveries(ctx, scope, "mine")
			require.NoError(t, err)
			assert.Len(t, deliveries, len(received))

			left, err := client.Webhooks.Update(ctx, scope, "mine", pulumiapi.WebhookUpdateRequest{DisplayName: "ours", PayloadURL: hook.PayloadURL, Active: true})
			require.NoError(t, err)
			assert.Equal(t, "ours", left.DisplayName)
			assert.True(t, left.HasSecret, "the secret was left alone")
			cleared, err := client.Webhooks.Update(ctx, scope, "mine", pulumiapi.WebhookUpdateRequest{
				DisplayName: "ours", PayloadURL: hook.PayloadURL, Active: true, Secret: pulumiapi.Null[pulumiapi.Secret](),
			})
			require.NoError(t, err)
			assert.False(t, cleared.HasSecret)

			hooks, err := client.Webhooks.List(ctx, scope)
			require.NoError(t, err)
			require.Len(t, hooks, 1)
			got, err := client.Webhooks.Get(ctx, scope, "mine")
			require.NoError(t, err)
			assert.Equal(t, hooks[0], *got)
			require.NoError(t, client.Webhooks.Delete(ctx, scope, "mine"))
			require.ErrorIs(t, testkit.ErrorOf(client.Webhooks.Get(ctx, scope, "mine")), pulumiapi.ErrNotFound)
			require.NoError(t, testkit.ErrorOf(client.Stacks.Get(ctx, testkit.Prod)), "the stack is still there")
		})
	}
}

func TestCloud_AuditLog(t *testing.T) {
	t.Parallel()
	srv := pulumiapitest.Demo(pulumiapitest.Strict())
	t.Cleanup(srv.Close)
	client := srv.Client()
	ctx := t.Context()
	const org = pulumiapitest.DemoOrganization
	require.NoError(t, client.Stacks.SetTag(ctx, pulumiapi.StackIdentifier{Org: org, Project: "webshop", Stack: "prod"}, "audited", "yes"))

	events, err := pulumiapi.Collect(client.AuditLogs.List(ctx, org, nil))
	require.NoError(t, err)
	assert.GreaterOrEqual(t, len(events), 500)
	assert.WithinDuration(t, time.Now(), events[0].Timestamp.Time, time.Minute, "the change just made is the newest")
	older, err := pulumiapi.Collect(client.AuditLogs.ListV1(ctx, org, nil))
	require.NoError(t, err)
	assert.Len(t, older, len(events))
	middle := events[len(events)/2].Timestamp.Time
	some, err := pulumiapi.Collect(client.AuditLogs.List(ctx, org, &pulumiapi.AuditLogListOptions{Since: middle}))
	require.NoError(t, err)
	assert.Less(t, len(some), len(events))
	for _, event := range some {
		assert.False(t, event.Timestamp.Before(middle.Truncate(time.Second)))
	}

	for _, declared := range []bool{false, true} {
		srv.SetExportEncoding(declared)
		stream, err := client.AuditLogs.Export(ctx, org, nil)
		require.NoError(t, err)
		records := 0
		for record, err := range pulumiapi.DecodeAuditLogCSV(stream) {
			require.NoError(t, err)
			assert.False(t, record.Timestamp.IsZero())
			records++
		}
		require.NoError(t, stream.Close())
		assert.Equal(t, len(events), records, "the export holds what the list holds")
		stream, err = client.AuditLogs.ExportV1(ctx, org, &pulumiapi.AuditLogExportV1Options{Format: pulumiapi.AuditLogFormatCEF})
		require.NoError(t, err)
		text, err := io.ReadAll(stream)
		require.NoError(t, err)
		require.NoError(t, stream.Close())
		assert.Contains(t, string(text), "CEF:")
	}
}

func TestCloud_InsightsAccounts(t *testing.T) {
	t.Parallel()
	_, client := testkit.CloudWithStack(t)
	ctx := t.Context()
	names := []string{"FizzBuzz AWS Staging", "a/b", "50%", "%2F", "ünïcode 🍹"}
	for _, name := range names {
		require.NoError(t, client.Insights.CreateAccount(ctx, "acme", name, pulumiapi.InsightsAccountCreateRequest{
			Provider: pulumiapi.InsightsProviderAWS, Environment: "insights/aws",
		}), name)
		account, err := client.Insights.GetAccount(ctx, "acme", name)
		require.NoError(t, err, name)
		assert.Equal(t, name, account.Name)
	}
	accounts, err := pulumiapi.Collect(client.Insights.ListAccounts(ctx, "acme", &pulumiapi.InsightsAccountListOptions{PageSize: 2}))
	require.NoError(t, err)
	assert.Len(t, accounts, len(names))
	require.ErrorIs(t, testkit.ErrorOf(client.Insights.GetAccount(ctx, "acme", "none")), pulumiapi.ErrNotFound)
}

func TestCloud_PolicyIssues(t *testing.T) {
	t.Parallel()
	srv := pulumiapitest.Demo(pulumiapitest.Strict())
	t.Cleanup(srv.Close)
	client := srv.Client()
	ctx := t.Context()
	const org = pulumiapitest.DemoOrganization
	open, err := pulumiapi.Collect(client.PolicyIssues.List(ctx, org, nil))
	require.NoError(t, err)
	closed, err := pulumiapi.Collect(client.PolicyIssues.List(ctx, org, &pulumiapi.PolicyIssueListOptions{Closed: true}))
	require.NoError(t, err)
	assert.Equal(t, 300, len(open)+len(closed))
	page, err := client.PolicyIssues.ListPage(ctx, org, &pulumiapi.PolicyIssueListOptions{PageSize: 5})
	require.NoError(t, err)
	assert.Equal(t, len(open), page.Total)

	critical := 0
	for _, issue := range open {
		if issue.Severity == pulumiapi.PolicySeverityCritical {
			critical++
		}
	}
	filtered, err := pulumiapi.Collect(client.PolicyIssues.List(ctx, org, &pulumiapi.PolicyIssueListOptions{
		Filter: pulumiapi.FilterEquals("severity", "critical"),
	}))
	require.NoError(t, err)
	assert.Len(t, filtered, critical)
	groups, err := pulumiapi.Collect(client.PolicyIssues.ListGroups(ctx, org, &pulumiapi.PolicyIssueGroupOptions{
		GroupBy: []pulumiapi.GridColumn{{ID: "severity", DisplayName: "Severity"}},
	}))
	require.NoError(t, err)
	assert.NotEmpty(t, groups)

	id := open[0].ID
	changed, err := client.PolicyIssues.Update(ctx, org, id, pulumiapi.PolicyIssueUpdateRequest{
		Priority: new(pulumiapi.PolicyIssuePriorityP0), AssignedTo: pulumiapi.NullableOf("ada"),
	})
	require.NoError(t, err)
	assert.Equal(t, pulumiapi.PolicyIssuePriorityP0, changed.PolicyIssue.Priority)
	require.NotNil(t, changed.PolicyIssue.AssignedTo)
	changed, err = client.PolicyIssues.Update(ctx, org, id, pulumiapi.PolicyIssueUpdateRequest{Status: new(pulumiapi.PolicyIssueStatusIgnored)})
	require.NoError(t, err)
	assert.NotNil(t, changed.PolicyIssue.AssignedTo, "left alone")
	_, err = client.PolicyIssues.Update(ctx, org, id, pulumiapi.PolicyIssueUpdateRequest{AssignedTo: pulumiapi.Null[string]()})
	require.NoError(t, err)
	got, err := client.PolicyIssues.Get(ctx, org, id)
	require.NoError(t, err)
	assert.Nil(t, got.PolicyIssue.AssignedTo, "unassigned")
	for _, status := range []pulumiapi.PolicyIssueStatus{pulumiapi.PolicyIssueStatusFixed, pulumiapi.PolicyIssueStatusByDesign} {
		var refused *pulumiapi.APIError
		_, err = client.PolicyIssues.Update(ctx, org, id, pulumiapi.PolicyIssueUpdateRequest{Status: new(status)})
		require.ErrorAs(t, err, &refused, status)
		assert.Equal(t, http.StatusBadRequest, refused.StatusCode)
	}
	violations, err := pulumiapi.Collect(client.PolicyIssues.ListViolations(ctx, org, nil))
	require.NoError(t, err)
	assert.NotEmpty(t, violations)
}
