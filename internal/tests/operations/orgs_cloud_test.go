package operations_test

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/internal/testkit"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

var logBucket = pulumiapi.AuditLogS3ConfigRequest{S3BucketName: "logs", IAMRoleARN: "arn:aws:iam::1:role/a"}

// requireBadRequest wants the service's error of status 400.
func requireBadRequest(t *testing.T, err error) {
	t.Helper()
	var refused *pulumiapi.APIError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, http.StatusBadRequest, refused.StatusCode, refused)
}

func TestCloud_ATeamsLife(t *testing.T) {
	t.Parallel()
	srv, client := testkit.CloudWithStack(t)
	ctx := t.Context()
	require.NoError(t, srv.AddMember("acme", pulumiapitest.Member{User: pulumiapitest.User{Login: "bea", Name: "Bea"}}))
	require.NoError(t, srv.AddTeam("acme", pulumiapitest.Team{Name: "ops", Members: []pulumiapitest.TeamMember{{Login: "bea"}}}))
	require.NoError(t, client.Teams.Update(ctx, "acme", "ops", pulumiapi.TeamUpdateRequest{DisplayName: new("Operations")}))
	require.NoError(t, client.Teams.PromoteMember(ctx, "acme", "ops", "bea"))
	require.NoError(t, client.Teams.GrantStackAccess(ctx, "ops", testkit.Prod, pulumiapi.StackPermissionRead))
	require.NoError(t, client.Teams.UpdateStackAccess(ctx, "ops", testkit.Prod, pulumiapi.StackPermissionEdit))
	access := pulumiapi.TeamEnvironmentAccessRequest{Permission: pulumiapi.EnvironmentPermissionOpen, MaxOpenDuration: new("1h")}
	require.ErrorIs(t, client.Teams.UpdateEnvironmentAccess(ctx, "ops", testkit.ProdEnvironment, access), pulumiapi.ErrNotFound)
	require.NoError(t, client.Teams.GrantEnvironmentAccess(ctx, "ops", testkit.ProdEnvironment, access))
	require.ErrorIs(t, client.Teams.GrantEnvironmentAccess(ctx, "ops", testkit.ProdEnvironment, access), pulumiapi.ErrConflict)
	role, err := client.Teams.EnableRoles(ctx, "acme", "ops")
	require.NoError(t, err)
	team, err := client.Teams.Get(ctx, "acme", "ops")
	require.NoError(t, err)
	assert.Equal(t, "Operations", team.DisplayName)
	assert.Equal(t, pulumiapi.TeamRoleAdmin, team.Members[0].Role)
	assert.Equal(t, pulumiapi.StackPermissionEdit, team.Stacks[0].Permission)
	assert.Equal(t, "1h", team.Environments[0].MaxOpenDuration)
	assert.Equal(t, []string{role.ID}, team.RoleIDs)
	names, err := client.Orgs.ListMemberTeams(ctx, "acme", "bea")
	require.NoError(t, err)
	assert.Equal(t, []string{"Operations"}, names)
	allowed, err := client.Orgs.GetMemberStackAccess(ctx, "bea", testkit.Prod)
	require.NoError(t, err)
	require.Len(t, allowed.TeamPermissions, 1)
	assert.Equal(t, pulumiapi.StackPermissionEdit, allowed.TeamPermissions[0].Permission)

	require.NoError(t, client.Teams.DemoteMember(ctx, "acme", "ops", "bea"))
	require.NoError(t, client.Teams.RemoveEnvironmentAccess(ctx, "ops", testkit.ProdEnvironment))
	require.NoError(t, client.Teams.RemoveRole(ctx, "acme", "ops", role.ID))
	require.ErrorIs(t, client.Teams.SetRole(ctx, "acme", "ops", "none"), pulumiapi.ErrNotFound)
	roles, err := client.Teams.ListRoles(ctx, "acme", "ops")
	require.NoError(t, err)
	assert.Empty(t, roles)
}

func TestOrgs_ListRoles_OfOnePurpose(t *testing.T) {
	t.Parallel()
	srv, client := testkit.CloudWithStack(t)
	ctx := t.Context()
	require.NoError(t, testkit.ErrorOf(srv.AddRole("acme", pulumiapitest.Role{Name: "Auditor", Description: "Reads everything"})))
	require.NoError(t, testkit.ErrorOf(srv.AddRole("acme", pulumiapitest.Role{Name: "Reader", UXPurpose: "policy"})))
	for purpose, want := range map[pulumiapi.RolePurpose][]string{
		"":                          {"Member", "Admin", "Billing Manager", "Auditor"},
		pulumiapi.RolePurposeRole:   {"Member", "Admin", "Billing Manager", "Auditor"},
		pulumiapi.RolePurposePolicy: {"Reader"},
		pulumiapi.RolePurposeSet:    nil,
	} {
		roles, err := client.Orgs.ListRoles(ctx, "acme", &pulumiapi.RoleListOptions{UXPurpose: purpose})
		require.NoError(t, err)
		var names []string
		for _, role := range roles {
			names = append(names, role.Name)
		}
		assert.Equal(t, want, names, purpose)
	}

	roles, err := client.Orgs.ListRoles(ctx, "acme", nil)
	require.NoError(t, err)
	require.Len(t, roles, 4)
	assert.Equal(t, "admin", roles[1].DefaultIdentifier, "it is built in")
	auditor := roles[3]
	assert.Empty(t, auditor.DefaultIdentifier)
	assert.Equal(t, "Reads everything", auditor.Description)
	require.NoError(t, srv.AddMember("acme", pulumiapitest.Member{User: pulumiapitest.User{Login: "ada"}}))
	require.NoError(t, client.Orgs.UpdateMember(ctx, "acme", "ada", pulumiapi.OrgMemberUpdateRequest{FGARoleID: &auditor.ID}))
	require.ErrorIs(t, testkit.ErrorOf(client.Orgs.ListRoles(ctx, "none", nil)), pulumiapi.ErrNotFound)
}

func TestCloud_TokensBelongToTheirOwners(t *testing.T) {
	t.Parallel()
	srv, client := testkit.CloudWithStack(t)
	ctx := t.Context()
	require.NoError(t, srv.AddTeam("acme", pulumiapitest.Team{Name: "ops"}))
	ofTeam, err := client.Teams.CreateToken(ctx, "acme", "ops", pulumiapi.TeamTokenCreateRequest{Name: "ci"})
	require.NoError(t, err)
	require.ErrorIs(t, testkit.ErrorOf(client.Orgs.CreateToken(ctx, "acme", pulumiapi.OrgTokenCreateRequest{Name: "ci"})), pulumiapi.ErrConflict)
	ofOrg, err := client.Orgs.CreateToken(ctx, "acme", pulumiapi.OrgTokenCreateRequest{Name: "cd", Admin: true})
	require.NoError(t, err)
	tokens, err := pulumiapi.Collect(client.Orgs.ListTokens(ctx, "acme", nil))
	require.NoError(t, err)
	require.Len(t, tokens, 1)
	assert.Equal(t, pulumiapi.AccessTokenTypeOrganization, tokens[0].Type)
	assert.True(t, tokens[0].Admin)
	require.ErrorIs(t, client.Orgs.DeleteToken(ctx, "acme", ofTeam.ID), pulumiapi.ErrNotFound, "a team's")
	require.ErrorIs(t, client.Tokens.Delete(ctx, ofOrg.ID), pulumiapi.ErrNotFound, "the organization's")
	require.NoError(t, client.Orgs.DeleteToken(ctx, "acme", ofOrg.ID))
	require.NoError(t, client.Teams.DeleteToken(ctx, "acme", "ops", ofTeam.ID, nil))
	tokens, err = pulumiapi.Collect(client.Teams.ListTokens(ctx, "acme", "ops", nil))
	require.NoError(t, err)
	assert.Empty(t, tokens)
}

func TestCloud_InvitesAndSettings(t *testing.T) {
	t.Parallel()
	_, client := testkit.CloudWithStack(t)
	ctx := t.Context()
	invites := []pulumiapi.OrgInviteCreateRequest{{Email: "a@example.com", Role: pulumiapi.OrgRoleMember}}
	results, err := client.Orgs.CreateInvites(ctx, "acme", invites)
	require.NoError(t, err)
	require.Len(t, results.SentInvites, 1)
	again, err := client.Orgs.CreateInvites(ctx, "acme", invites)
	require.NoError(t, err)
	assert.Equal(t, []pulumiapi.FailedOrgInvite{{Email: "a@example.com", Role: pulumiapi.OrgRoleMember}}, again.FailedInvites)
	id := results.SentInvites[0].ID
	require.NoError(t, client.Orgs.AcceptInvite(ctx, "acme", id))
	require.ErrorIs(t, client.Orgs.AcceptInvite(ctx, "acme", id), pulumiapi.ErrConflict)
	require.ErrorIs(t, client.Orgs.CancelInvite(ctx, "acme", id), pulumiapi.ErrNotFound)

	changed, err := client.Orgs.Update(ctx, "acme", pulumiapi.OrgUpdateRequest{
		MembersCanCreateTeams: new(false), DefaultStackPermission: new(pulumiapi.StackPermissionRead), MaxAccessTokenExpiryDays: new(90),
	})
	require.NoError(t, err)
	assert.False(t, changed.MembersCanCreateTeams)
	assert.Equal(t, 90, *changed.MaxAccessTokenExpiryDays)
	metadata, err := client.Orgs.GetMetadata(ctx, "acme")
	require.NoError(t, err)
	assert.Equal(t, changed, metadata)
	org, err := client.Orgs.Get(ctx, "acme")
	require.NoError(t, err)
	assert.Equal(t, "prod", org.Repos[0].Projects[0].Stacks[0].Name)
	assert.Nil(t, org.Repos[0].Projects[0].Stacks[0].LastUpdate, "it was never updated")
}

func TestCloud_PolicyCompliance(t *testing.T) {
	t.Parallel()
	srv, client := testkit.CloudWithStack(t)
	ctx := t.Context()
	for _, issue := range []pulumiapitest.PolicyIssue{
		{Project: "web", Stack: "prod", Pack: "rules", Policy: "a", URN: "urn:1"},
		{Project: "web", Stack: "prod", Pack: "rules", Policy: "a", URN: "urn:2", Status: "fixed"},
		{Project: "web", Stack: "dev", Pack: "other", Policy: "b", URN: "urn:3", Status: "fixed"},
	} {
		require.NoError(t, testkit.ErrorOf(srv.AddPolicyIssue("acme", issue)))
	}
	results, err := pulumiapi.Collect(client.PolicyCompliance.List(ctx, "acme", &pulumiapi.PolicyComplianceListOptions{PageSize: 1}))
	require.NoError(t, err)
	columns := []string{"other", "rules"}
	assert.Equal(t, []pulumiapi.PolicyComplianceResult{{EntityName: "dev", Columns: columns, Scores: []int{100, -1}}, {EntityName: "prod", Columns: columns, Scores: []int{-1, 50}}}, results)
	policies, err := pulumiapi.Collect(client.PolicyCompliance.ListPolicies(ctx, "acme", &pulumiapi.PolicyCompliancePolicyListOptions{PageSize: 1}))
	require.NoError(t, err)
	require.Len(t, policies, 2)
	assert.Equal(t, 50, policies[1].PercentCompliant)
	metadata, err := client.PolicyCompliance.GetMetadata(ctx, "acme")
	require.NoError(t, err)
	assert.Equal(t, pulumiapi.PolicyResultsMetadata{PolicyTotalCount: 2, PolicyWithIssuesCount: 1, ResourcesTotalCount: 3, ResourcesWithIssuesCount: 1}, *metadata)
	values, err := client.PolicyIssues.ListFilterValues(ctx, "acme", "policyPack", &pulumiapi.PolicyIssueFilterOptions{Closed: true})
	require.NoError(t, err)
	assert.Equal(t, []pulumiapi.PolicyIssueFilterValue{{Name: "other", Count: 1}, {Name: "rules", Count: 1}}, values)
	stream, err := client.PolicyIssues.Export(ctx, "acme", nil)
	require.NoError(t, err)
	text, err := io.ReadAll(stream)
	require.NoError(t, err)
	require.NoError(t, stream.Close())
	assert.Equal(t, 2, strings.Count(string(text), "\n"), "a line of names, and one issue")
}

func TestCloud_PolicyCompliance_WalksAllPages(t *testing.T) {
	t.Parallel()
	srv, client := testkit.CloudWithStack(t)
	ctx := t.Context()
	for i := range 23 {
		n := strconv.Itoa(10 + i)
		require.NoError(t, testkit.ErrorOf(srv.AddPolicyIssue("acme", pulumiapitest.PolicyIssue{
			Project: "web", Stack: "s" + n, Pack: "rules", Policy: "p" + n, URN: "urn:" + n, Severity: []string{"low", "high"}[i%2],
		})))
	}
	results, err := pulumiapi.Collect(client.PolicyCompliance.List(ctx, "acme", &pulumiapi.PolicyComplianceListOptions{PageSize: 4}))
	require.NoError(t, err)
	require.Len(t, results, 23)
	assert.Equal(t, "s10 s32", results[0].EntityName+" "+results[22].EntityName)

	opts := &pulumiapi.PolicyCompliancePolicyListOptions{PageSize: 2, Sort: []pulumiapi.GridSort{{Column: "policyName", Descending: true}}}
	oneByOne, err := pulumiapi.Collect(client.PolicyCompliance.ListPolicies(ctx, "acme", opts))
	require.NoError(t, err)
	require.Len(t, oneByOne, 23)
	assert.Equal(t, "p32 p10", oneByOne[0].PolicyName+" "+oneByOne[22].PolicyName)
	opts.Parallel = 5
	atOnce, err := pulumiapi.Collect(client.PolicyCompliance.ListPolicies(ctx, "acme", opts))
	require.NoError(t, err)
	assert.Equal(t, oneByOne, atOnce)
	opts.Filter = pulumiapi.FilterEquals("severity", "high")
	page, err := client.PolicyCompliance.ListPoliciesPage(ctx, "acme", opts)
	require.NoError(t, err)
	assert.Equal(t, 11, page.Total)
	rest, err := pulumiapi.Collect(client.PolicyCompliance.ListPolicies(ctx, "acme", &pulumiapi.PolicyCompliancePolicyListOptions{
		PageSize: 2, Sort: opts.Sort, Filter: opts.Filter, Cursor: page.Next,
	}))
	require.NoError(t, err)
	assert.Len(t, append(page.Items, rest...), page.Total)
}

func TestCloud_AuditLogExportConfig(t *testing.T) {
	t.Parallel()
	srv, client := testkit.CloudWithStack(t)
	ctx := t.Context()
	require.ErrorIs(t, testkit.ErrorOf(client.AuditLogs.GetExportConfig(ctx, "acme")), pulumiapi.ErrNotFound)
	require.ErrorIs(t, testkit.ErrorOf(client.AuditLogs.ForceExport(ctx, "acme", time.Now())), pulumiapi.ErrNotFound)
	result, err := client.AuditLogs.TestExportConfig(ctx, "acme", logBucket)
	require.NoError(t, err)
	assert.Empty(t, result.Message)
	req := pulumiapi.AuditLogExportConfigUpdateRequest{Enabled: true, S3Configuration: logBucket}
	require.NoError(t, client.AuditLogs.UpdateExportConfig(ctx, "acme", req))
	config, err := client.AuditLogs.GetExportConfig(ctx, "acme")
	require.NoError(t, err)
	assert.True(t, config.Enabled)
	assert.Equal(t, "logs", config.S3Config.S3BucketName)
	assert.True(t, config.LastResult.Timestamp.IsZero(), "nothing was written yet")
	result, err = client.AuditLogs.ForceExport(ctx, "acme", time.Now().Add(-time.Hour))
	require.NoError(t, err)
	config, err = client.AuditLogs.GetExportConfig(ctx, "acme")
	require.NoError(t, err)
	assert.Equal(t, *result, config.LastResult)

	require.NoError(t, srv.SetProduct("acme", "enterprise"))
	requireBadRequest(t, client.AuditLogs.UpdateExportConfig(ctx, "acme", req))
	require.NoError(t, client.AuditLogs.DeleteExportConfig(ctx, "acme"))
	requireBadRequest(t, client.AuditLogs.DeleteExportConfig(ctx, "acme"))
	kind, err := client.AuditLogs.GetReaderKind(ctx, "acme")
	require.NoError(t, err)
	assert.Equal(t, "dynamodb", kind)
}

func TestCloud_AnInvitationsLife(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, client := testkit.CloudWithStack(t)
		ctx := t.Context()
		requireBadRequest(t, testkit.ErrorOf(client.Orgs.CreateUnverifiedInvites(ctx, "acme", []pulumiapi.OrgInviteCreateRequest{{Email: "nowhere", Role: pulumiapi.OrgRoleMember}})))
		created, err := client.Orgs.CreateInviteLink(ctx, "acme", pulumiapi.OrgInviteLinkCreateRequest{Role: pulumiapi.OrgRoleBillingManager})
		require.NoError(t, err)
		sent := time.Now()
		time.Sleep(time.Hour)
		require.NoError(t, client.Orgs.ResendInvite(ctx, "acme", created.ID))
		invites, err := client.Orgs.ListInvites(ctx, "acme")
		require.NoError(t, err)
		require.Len(t, invites, 1)
		assert.Equal(t, created.ID+" "+created.AcceptInviteURL, invites[0].ID+" "+invites[0].AcceptInviteURL)
		assert.Equal(t, pulumiapi.OrgRoleBillingManager, invites[0].Role)
		assert.True(t, invites[0].SentAt.Equal(sent.Add(time.Hour)))
		org, err := client.Orgs.GetInvite(ctx, "acme", created.ID)
		require.NoError(t, err)
		assert.Equal(t, "acme", org.GitHubLogin)
		require.NoError(t, client.Orgs.CancelInvite(ctx, "acme", created.ID))
		for _, err := range []error{
			testkit.ErrorOf(client.Orgs.GetInvite(ctx, "acme", created.ID)), client.Orgs.ResendInvite(ctx, "acme", created.ID),
			client.Orgs.CancelInvite(ctx, "acme", created.ID),
		} {
			require.ErrorIs(t, err, pulumiapi.ErrNotFound)
		}
		require.ErrorIs(t, client.Orgs.AcceptInvite(ctx, "acme", created.ID), pulumiapi.ErrConflict)
		invites, err = client.Orgs.ListInvites(ctx, "acme")
		require.NoError(t, err)
		assert.Empty(t, invites)
	})
}

func TestCloud_TheSoleAdministrator(t *testing.T) {
	t.Parallel()
	srv, client := testkit.CloudWithStack(t)
	ctx := t.Context()
	require.NoError(t, srv.AddMember("acme", pulumiapitest.Member{User: pulumiapitest.User{Login: "bea"}}))
	requireBadRequest(t, client.Orgs.SetSoleAdmin(ctx, "acme", "bea"))
	require.NoError(t, srv.SetProduct("acme", "team-growth"))
	require.ErrorIs(t, client.Orgs.SetSoleAdmin(ctx, "acme", "nobody"), pulumiapi.ErrNotFound)
	require.NoError(t, client.Orgs.SetSoleAdmin(ctx, "acme", "bea"))
	metadata, err := client.Orgs.GetMetadata(ctx, "acme")
	require.NoError(t, err)
	assert.Equal(t, pulumiapi.OrgProductTeamGrowth, metadata.Product)
	assert.Equal(t, pulumiapi.OrgRoleMember, metadata.UserRole)
	require.ErrorIs(t, client.Orgs.SetSoleAdmin(ctx, "acme", "bea"), pulumiapi.ErrForbidden)
}

func TestCloud_OwnedTokens_WorkAndAreListed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, client := testkit.CloudWithStack(t)
		ctx := t.Context()
		require.NoError(t, srv.AddTeam("acme", pulumiapitest.Team{Name: "ops"}))
		requireBadRequest(t, testkit.ErrorOf(client.Orgs.CreateToken(ctx, "acme", pulumiapi.OrgTokenCreateRequest{Name: "old", Expires: time.Now()})))
		requireBadRequest(t, testkit.ErrorOf(client.Teams.CreateToken(ctx, "acme", "ops", pulumiapi.TeamTokenCreateRequest{Name: "far", Expires: time.Now().AddDate(3, 0, 0)})))
		requireBadRequest(t, testkit.ErrorOf(client.Orgs.CreateToken(ctx, "acme", pulumiapi.OrgTokenCreateRequest{Name: strings.Repeat("x", 41)})))
		var created *pulumiapi.CreatedAccessToken
		for i := range 7 {
			var err error
			created, err = client.Orgs.CreateToken(ctx, "acme", pulumiapi.OrgTokenCreateRequest{Name: strconv.Itoa(i), Expires: time.Now().Add(time.Hour)})
			require.NoError(t, err)
			require.NoError(t, testkit.ErrorOf(client.Teams.CreateToken(ctx, "acme", "ops", pulumiapi.TeamTokenCreateRequest{Name: "ops " + strconv.Itoa(i)})))
		}
		other, err := pulumiapi.NewClient(append(srv.Options(), pulumiapi.WithToken(created.TokenValue.Reveal()))...)
		require.NoError(t, err)
		require.NoError(t, testkit.ErrorOf(other.Stacks.Get(ctx, testkit.Prod)))
		names := func(tokens []pulumiapi.AccessToken, err error) (all []string) {
			require.NoError(t, err)
			for _, token := range tokens {
				all = append(all, token.Name)
			}
			return all
		}
		opts := &pulumiapi.AccessTokenListOptions{PageSize: 3}
		assert.Equal(t, []string{"0", "1", "2", "3", "4", "5", "6"}, names(pulumiapi.Collect(client.Orgs.ListTokens(ctx, "acme", opts))))
		assert.Len(t, names(pulumiapi.Collect(client.Teams.ListTokens(ctx, "acme", "ops", opts))), 7)
		time.Sleep(time.Hour)
		require.ErrorIs(t, testkit.ErrorOf(other.Stacks.Get(ctx, testkit.Prod)), pulumiapi.ErrUnauthorized)
		assert.Empty(t, names(pulumiapi.Collect(client.Orgs.ListTokens(ctx, "acme", opts))))
		opts.Filter = pulumiapi.AccessTokenFilterExpired
		assert.Len(t, names(pulumiapi.Collect(client.Orgs.ListTokens(ctx, "acme", opts))), 7)
		assert.Empty(t, names(pulumiapi.Collect(client.Teams.ListTokens(ctx, "acme", "ops", opts))))
	})
}

func TestCloud_WebhooksOfEnvironments(t *testing.T) {
	t.Parallel()
	_, client := testkit.CloudWithStack(t)
	ctx := t.Context()
	hook, err := client.Webhooks.Create(ctx, testkit.ProdEnvironment, pulumiapi.WebhookCreateRequest{DisplayName: "d", PayloadURL: "https://example.com"})
	require.NoError(t, err)
	assert.Equal(t, []string{"acme", "web", "prod", ""}, []string{hook.OrganizationName, hook.ProjectName, hook.EnvName, hook.StackName})
	for scope, count := range map[pulumiapi.WebhookScope]int{testkit.ProdEnvironment: 1, testkit.Prod: 0, pulumiapi.OrgScope("acme"): 0} {
		hooks, err := client.Webhooks.List(ctx, scope)
		require.NoError(t, err)
		assert.Len(t, hooks, count, scope)
	}
}
