package pulumiapi_test

import (
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
)

func TestRequests_OfOrganizations_OnTheWire(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	const (
		org  = "/api/orgs/acme"
		team = org + "/teams/ops"
		env  = "/api/esc/environments/acme/web/prod"
	)
	expires := time.Unix(1760000000, 5)
	access := pulumiapi.TeamEnvironmentAccessRequest{Permission: pulumiapi.EnvironmentPermissionOpen, MaxOpenDuration: new("1h")}
	for _, c := range []struct {
		call    func(c *pulumiapi.Client) error
		request string
		body    string // as it is; empty for none
	}{
		{
			func(c *pulumiapi.Client) error {
				return c.Teams.Update(ctx, "acme", "ops", pulumiapi.TeamUpdateRequest{DisplayName: new("Operations"), Description: new("")})
			},
			"PATCH " + team, `{"newDisplayName":"Operations","newDescription":""}`,
		},
		{
			func(c *pulumiapi.Client) error { return c.Teams.PromoteMember(ctx, "acme", "ops", "ada") },
			"PATCH " + team, `{"memberAction":"promote","member":"ada"}`,
		},
		{
			func(c *pulumiapi.Client) error { return c.Teams.DemoteMember(ctx, "acme", "ops", "ada") },
			"PATCH " + team, `{"memberAction":"demote","member":"ada"}`,
		},
		{
			func(c *pulumiapi.Client) error {
				return c.Teams.UpdateStackAccess(ctx, "ops", prod, pulumiapi.StackPermissionNone)
			},
			"PATCH " + team, `{"editStackPermission":{"projectName":"web","stackName":"prod","permission":0}}`,
		},
		{
			func(c *pulumiapi.Client) error { return c.Teams.GrantEnvironmentAccess(ctx, "ops", prodEnv, access) },
			"PATCH " + team, `{"addEnvironmentPermission":{"projectName":"web","envName":"prod","permission":"open","maxOpenDuration":"1h"}}`,
		},
		{
			func(c *pulumiapi.Client) error {
				return c.Teams.UpdateEnvironmentAccess(ctx, "ops", prodEnv, pulumiapi.TeamEnvironmentAccessRequest{Permission: pulumiapi.EnvironmentPermissionRead})
			},
			"PATCH " + team, `{"editEnvironmentPermission":{"projectName":"web","envName":"prod","permission":"read"}}`,
		},
		{
			func(c *pulumiapi.Client) error { return c.Teams.RemoveEnvironmentAccess(ctx, "ops", prodEnv) },
			"PATCH " + team, `{"removeEnvironment":{"projectName":"web","envName":"prod"}}`,
		},
		{
			func(c *pulumiapi.Client) error { return c.Teams.SetRole(ctx, "acme", "ops", "r/1") },
			"POST " + team + "/roles/r%2F1", "",
		},
		{
			func(c *pulumiapi.Client) error {
				return second(c.Teams.CreateToken(ctx, "acme", "ops", pulumiapi.TeamTokenCreateRequest{Name: "ci", Expires: expires, Reason: "a b"}))
			},
			"POST " + team + "/tokens?reason=a+b", `{"name":"ci","description":"","expires":1760000000}`,
		},
		{
			func(c *pulumiapi.Client) error {
				return c.Teams.DeleteToken(ctx, "acme", "ops", "t1", &pulumiapi.TeamTokenDeleteOptions{Reason: "lost"})
			},
			"DELETE " + team + "/tokens/t1?reason=lost", "",
		},
		{
			func(c *pulumiapi.Client) error {
				return second(c.Orgs.ListTokensPage(ctx, "acme", &pulumiapi.AccessTokenListOptions{Filter: pulumiapi.AccessTokenFilterAll, PageSize: 5}))
			},
			"GET " + org + "/tokens?filter=all&maxResults=5", "",
		},
		{
			func(c *pulumiapi.Client) error {
				return second(c.Orgs.CreateToken(ctx, "acme", pulumiapi.OrgTokenCreateRequest{Name: "ci", Description: "d", RoleID: new("r1")}))
			},
			"POST " + org + "/tokens", `{"name":"ci","description":"d","admin":false,"roleID":"r1","expires":0}`,
		},
		{
			func(c *pulumiapi.Client) error {
				return second(c.Orgs.Update(ctx, "acme", pulumiapi.OrgUpdateRequest{MembersCanCreateTeams: new(false), DefaultAgentPoolID: new("")}))
			},
			"PATCH " + org, `{"setDefaultAgentPoolID":"","setMembersCanCreateTeams":false}`,
		},
		{
			func(c *pulumiapi.Client) error { return second(c.Orgs.ListRoles(ctx, "acme", nil)) },
			"GET " + org + "/roles?uxPurpose=role", "",
		},
		{
			func(c *pulumiapi.Client) error {
				return second(c.Orgs.ListRoles(ctx, "acme", &pulumiapi.RoleListOptions{UXPurpose: pulumiapi.RolePurposePolicy}))
			},
			"GET " + org + "/roles?uxPurpose=policy", "",
		},
		{
			func(c *pulumiapi.Client) error { return second(c.Orgs.GetMemberStackAccess(ctx, "ada", prod)) },
			"GET /api/console/orgs/acme/members/ada/stacks/web/prod", "",
		},
		{
			func(c *pulumiapi.Client) error {
				return second(c.Orgs.CreateInvites(ctx, "acme", []pulumiapi.OrgInviteCreateRequest{
					{Email: "a@b", Role: pulumiapi.OrgRoleMember}, {Email: "c@d", Role: pulumiapi.OrgRoleAdmin, RoleID: new("r1")},
				}))
			},
			"POST " + org + "/invites/batch", `{"invites":[{"email":"a@b","role":"member"},{"email":"c@d","role":"admin","roleId":"r1"}]}`,
		},
		{
			func(c *pulumiapi.Client) error {
				return second(c.Orgs.CreateInviteLink(ctx, "acme", pulumiapi.OrgInviteLinkCreateRequest{Role: pulumiapi.OrgRoleMember}))
			},
			"POST " + org + "/invites/link", `{"role":"member"}`,
		},
		{
			func(c *pulumiapi.Client) error { return c.Orgs.ResendInvite(ctx, "acme", "i1") },
			"POST " + org + "/invites/i1/resend", `{}`,
		},
		{
			func(c *pulumiapi.Client) error { return second(c.PolicyCompliance.ListPage(ctx, "acme", nil)) },
			"POST " + org + "/policyresults/compliance", `{"entity":"stack"}`,
		},
		{
			func(c *pulumiapi.Client) error {
				return second(c.PolicyCompliance.ListPage(ctx, "acme", &pulumiapi.PolicyComplianceListOptions{Entity: pulumiapi.PolicyComplianceEntitySeverity, PageSize: 5}))
			},
			"POST " + org + "/policyresults/compliance", `{"entity":"severity","size":5}`,
		},
		{
			func(c *pulumiapi.Client) error {
				return second(c.PolicyCompliance.ListPoliciesPage(ctx, "acme", &pulumiapi.PolicyCompliancePolicyListOptions{
					Filter: pulumiapi.FilterEquals("severity", "high"), Sort: []pulumiapi.GridSort{{Column: "policyName"}}, PageSize: 5,
				}))
			},
			"POST " + org + "/policyresults/policies",
			`{"startRow":0,"endRow":5,"rowGroupCols":[],"valueCols":[],"groupKeys":[],"filterModel":{"type":"AND","conditions":` +
				`[{"filterType":"text","colId":"severity","type":"equals","filter":"high"}]},"sortModel":[{"colId":"policyName","sort":"asc"}]}`,
		},
		{
			func(c *pulumiapi.Client) error {
				return second(c.PolicyIssues.ListFilterValues(ctx, "acme", "policyName", &pulumiapi.PolicyIssueFilterOptions{Closed: true}))
			},
			"POST " + org + "/policyresults/issues/filters?closed=true", `{"field":"policyName","filterModel":{"type":"AND","conditions":[]}}`,
		},
		{
			func(c *pulumiapi.Client) error {
				return second(c.PolicyIssues.Export(ctx, "acme", &pulumiapi.PolicyIssueExportOptions{Closed: true}))
			},
			"POST " + org + "/policyresults/issues/export?closed=true",
			`{"rowGroupCols":[],"valueCols":[],"groupKeys":[],"filterModel":{"type":"AND","conditions":[]},"sortModel":[]}`,
		},
		{
			func(c *pulumiapi.Client) error {
				return c.AuditLogs.UpdateExportConfig(ctx, "acme", pulumiapi.AuditLogExportConfigUpdateRequest{Enabled: true, S3Configuration: logBucket})
			},
			"POST " + org + "/auditlogs/export/config",
			`{"newEnabled":true,"newS3Configuration":{"s3BucketName":"logs","iamRoleArn":"arn:aws:iam::1:role/a"}}`,
		},
		{
			func(c *pulumiapi.Client) error { return second(c.AuditLogs.ForceExport(ctx, "acme", expires)) },
			"POST " + org + "/auditlogs/export/config/force?timestamp=1760000000", "",
		},
		{
			func(c *pulumiapi.Client) error {
				return second(c.Webhooks.Create(ctx, prodEnv, pulumiapi.WebhookCreateRequest{DisplayName: "d", PayloadURL: "u"}))
			},
			"POST " + env + "/hooks",
			`{"organizationName":"acme","projectName":"web","envName":"prod","displayName":"d","payloadUrl":"u","active":false}`,
		},
		{
			func(c *pulumiapi.Client) error { return c.Webhooks.Delete(ctx, prodEnv, "h") },
			"DELETE " + env + "/hooks/h", "",
		},
		{
			func(c *pulumiapi.Client) error { return second(c.Webhooks.Redeliver(ctx, prodEnv, "h", "d")) },
			"POST " + env + "/hooks/h/deliveries/d/redeliver", "",
		},
	} {
		request, body := lastRequest(t, "{}", c.call)
		assert.Equal(t, c.request, request)
		assert.Equal(t, c.body, body, c.request)
	}
}

func TestRequests_OfOrganizations_RefusedBeforeSending(t *testing.T) {
	t.Parallel()
	client, s := scriptedClient(t, func(int, *http.Request) (*http.Response, error) { return respond(http.StatusOK, []byte("{}")), nil })
	ctx := t.Context()
	access := pulumiapi.TeamEnvironmentAccessRequest{Permission: pulumiapi.EnvironmentPermissionOpen}
	noOrg := pulumiapi.EnvironmentIdentifier{Project: "web", Environment: "prod"}
	noProject := pulumiapi.EnvironmentIdentifier{Org: "acme", Environment: "prod"}
	noName := pulumiapi.EnvironmentIdentifier{Org: "acme", Project: "web"}
	badFilter := pulumiapi.FilterOr()
	for what, c := range map[string]struct {
		argument string
		err      error
	}{
		"a team that stays":              {"req", client.Teams.Update(ctx, "acme", "ops", pulumiapi.TeamUpdateRequest{})},
		"a team without a name":          {"team", second(client.Teams.Get(ctx, "acme", ""))},
		"nobody to promote":              {"user", client.Teams.PromoteMember(ctx, "acme", "ops", "")},
		"a stack without a name":         {"id.Stack", client.Teams.UpdateStackAccess(ctx, "ops", pulumiapi.StackIdentifier{Org: "acme", Project: "web"}, 0)},
		"an environment of nobody":       {"id.Org", client.Teams.GrantEnvironmentAccess(ctx, "ops", noOrg, access)},
		"an environment without project": {"id.Project", client.Teams.UpdateEnvironmentAccess(ctx, "ops", noProject, access)},
		"an environment without a name":  {"id.Environment", client.Teams.RemoveEnvironmentAccess(ctx, "ops", noName)},
		"no permission":                  {"req.Permission", client.Teams.GrantEnvironmentAccess(ctx, "ops", prodEnv, pulumiapi.TeamEnvironmentAccessRequest{})},
		"no role":                        {"roleID", client.Teams.SetRole(ctx, "acme", "ops", "")},
		"a team's token without a name":  {"req.Name", second(client.Teams.CreateToken(ctx, "acme", "ops", pulumiapi.TeamTokenCreateRequest{}))},
		"no token":                       {"tokenID", client.Teams.DeleteToken(ctx, "acme", "ops", "", nil)},
		"a token without a name":         {"req.Name", second(client.Orgs.CreateToken(ctx, "acme", pulumiapi.OrgTokenCreateRequest{}))},
		"an organization that stays":     {"req", second(client.Orgs.Update(ctx, "acme", pulumiapi.OrgUpdateRequest{}))},
		"nobody's access":                {"user", second(client.Orgs.GetMemberStackAccess(ctx, "", prod))},
		"nobody invited":                 {"invites", second(client.Orgs.CreateInvites(ctx, "acme", nil))},
		"an invitation without address":  {"invites[0].Email", second(client.Orgs.CreateInvites(ctx, "acme", []pulumiapi.OrgInviteCreateRequest{{Role: "member"}}))},
		"an invitation without role":     {"invites[0].Role", second(client.Orgs.CreateUnverifiedInvites(ctx, "acme", []pulumiapi.OrgInviteCreateRequest{{Email: "a@b"}}))},
		"a link without role":            {"req.Role", second(client.Orgs.CreateInviteLink(ctx, "acme", pulumiapi.OrgInviteLinkCreateRequest{}))},
		"a link to no role":              {"req.Role", second(client.Orgs.CreateInviteLink(ctx, "acme", pulumiapi.OrgInviteLinkCreateRequest{Role: pulumiapi.OrgRoleNone}))},
		"an invitation to collaborate": {"invites[1].Role", second(client.Orgs.CreateInvites(ctx, "acme", []pulumiapi.OrgInviteCreateRequest{
			{Email: "a@b", Role: pulumiapi.OrgRoleBillingManager}, {Email: "c@d", Role: pulumiapi.OrgRoleStackCollaborator},
		}))},
		"an invitation to become one": {"invites[0].Role", second(client.Orgs.CreateUnverifiedInvites(ctx, "acme", []pulumiapi.OrgInviteCreateRequest{
			{Email: "a@b", Role: pulumiapi.OrgRolePotentialMember},
		}))},
		"a member whose name is no text":  {"user", client.Teams.AddMember(ctx, "acme", "ops", "\xff")},
		"a stack whose name is no text":   {"id", client.Teams.RemoveStackAccess(ctx, "ops", pulumiapi.StackIdentifier{Org: "acme", Project: "web", Stack: "\xff"})},
		"a description that is no text":   {"req", client.Teams.Update(ctx, "acme", "ops", pulumiapi.TeamUpdateRequest{Description: new("\xff")})},
		"no invitation":                   {"inviteID", client.Orgs.AcceptInvite(ctx, "acme", "")},
		"a page of -1 results":            {"opts.PageSize", second(client.PolicyCompliance.ListPage(ctx, "acme", &pulumiapi.PolicyComplianceListOptions{PageSize: -1}))},
		"a cursor of another list":        {"opts.Cursor", second(client.PolicyCompliance.ListPoliciesPage(ctx, "acme", &pulumiapi.PolicyCompliancePolicyListOptions{Cursor: "x"}))},
		"a filter of policies":            {"opts.Filter", second(client.PolicyCompliance.ListPoliciesPage(ctx, "acme", &pulumiapi.PolicyCompliancePolicyListOptions{Filter: badFilter}))},
		"a filter of an export":           {"opts.Filter", second(client.PolicyIssues.Export(ctx, "acme", &pulumiapi.PolicyIssueExportOptions{Filter: badFilter}))},
		"a filter of values":              {"opts.Filter", second(client.PolicyIssues.ListFilterValues(ctx, "acme", "status", &pulumiapi.PolicyIssueFilterOptions{Filter: badFilter}))},
		"values of no column":             {"column", second(client.PolicyIssues.ListFilterValues(ctx, "acme", "", nil))},
		"a log in no bucket":              {"req.S3BucketName", second(client.AuditLogs.TestExportConfig(ctx, "acme", pulumiapi.AuditLogS3ConfigRequest{IAMRoleARN: "r"}))},
		"a log that nobody writes":        {"req.S3Configuration.IAMRoleARN", client.AuditLogs.UpdateExportConfig(ctx, "acme", pulumiapi.AuditLogExportConfigUpdateRequest{S3Configuration: pulumiapi.AuditLogS3ConfigRequest{S3BucketName: "b"}})},
		"a log of no time":                {"at", second(client.AuditLogs.ForceExport(ctx, "acme", time.Time{}))},
		"a webhook of a half environment": {"scope.Environment", second(client.Webhooks.List(ctx, noName))},
	} {
		var wrong *pulumiapi.ArgumentError
		require.ErrorAs(t, c.err, &wrong, what)
		assert.Equal(t, c.argument, wrong.Name, what)
	}
	assert.Empty(t, s.sent)
}

func TestPolicyIssues_Export_ReadsAsItArrives(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const text = "ID,Policy\n1,no-public-buckets\n"
		client, s := scriptedClient(t, func(n int, _ *http.Request) (*http.Response, error) {
			if n == 1 {
				return respond(http.StatusServiceUnavailable, nil), nil
			}
			return respond(http.StatusOK, []byte(text)), nil
		})
		stream, err := client.PolicyIssues.Export(t.Context(), "acme", nil)
		require.NoError(t, err)
		got, err := io.ReadAll(stream)
		require.NoError(t, err)
		require.NoError(t, stream.Close())
		assert.Equal(t, text, string(got))
		assert.Len(t, s.sent, 2, "it only reads, so it is sent again")
	})
}

func TestPolicyCompliance_List_EachResultHasItsOwnColumns(t *testing.T) {
	t.Parallel()
	client, _ := scriptedClient(t, func(int, *http.Request) (*http.Response, error) {
		return respond(http.StatusOK, []byte(`{"columns":["a","b"],"rows":[{"entityName":"x","scores":[1,-1]},{"entityName":"y","scores":[2,3]}]}`)), nil
	})
	results, err := pulumiapi.Collect(client.PolicyCompliance.List(t.Context(), "acme", nil))
	require.NoError(t, err)
	require.Len(t, results, 2)
	results[0].Columns[0] = "changed"
	assert.Equal(t, pulumiapi.PolicyComplianceResult{EntityName: "y", Columns: []string{"a", "b"}, Scores: []int{2, 3}}, results[1])
}
