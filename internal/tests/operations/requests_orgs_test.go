package operations_test

import (
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/internal/testkit"
)

func TestRequests_OfOrganizations_OnTheWire(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	const (
		org  = "/api/orgs/acme"
		team = org + "/teams/ops"
	)
	expires := time.Unix(1760000000, 5)
	for _, c := range []struct {
		call    func(c *pulumiapi.Client) error
		request string
		body    string // as it is; empty for none
	}{
		{
			func(c *pulumiapi.Client) error {
				return testkit.ErrorOf(c.Teams.CreateToken(ctx, "acme", "ops", pulumiapi.TeamTokenCreateRequest{Name: "ci", Expires: expires, Reason: "a b"}))
			},
			"POST " + team + "/tokens?reason=a+b", `{"name":"ci","description":"","expires":1760000000}`,
		},
		{
			func(c *pulumiapi.Client) error {
				return testkit.ErrorOf(c.Orgs.ListRoles(ctx, "acme", &pulumiapi.RoleListOptions{UXPurpose: pulumiapi.RolePurposePolicy}))
			},
			"GET " + org + "/roles?uxPurpose=policy", "",
		},
		{
			func(c *pulumiapi.Client) error {
				return testkit.ErrorOf(c.Orgs.CreateInvites(ctx, "acme", []pulumiapi.OrgInviteCreateRequest{
					{Email: "a@b", Role: pulumiapi.OrgRoleMember}, {Email: "c@d", Role: pulumiapi.OrgRoleAdmin, RoleID: new("r1")},
				}))
			},
			"POST " + org + "/invites/batch", `{"invites":[{"email":"a@b","role":"member"},{"email":"c@d","role":"admin","roleId":"r1"}]}`,
		},
	} {
		request, body := testkit.LastRequest(t, "{}", c.call)
		assert.Equal(t, c.request, request)
		assert.Equal(t, c.body, body, c.request)
	}
}

func TestRequests_OfOrganizations_RefusedBeforeSending(t *testing.T) {
	t.Parallel()
	client, s := testkit.Client(t, func(int, *http.Request) (*http.Response, error) {
		return testkit.Respond(http.StatusOK, []byte("{}")), nil
	})
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
		"a team without a name":          {"team", testkit.ErrorOf(client.Teams.Get(ctx, "acme", ""))},
		"nobody to promote":              {"user", client.Teams.PromoteMember(ctx, "acme", "ops", "")},
		"a stack without a name":         {"id.Stack", client.Teams.UpdateStackAccess(ctx, "ops", pulumiapi.StackIdentifier{Org: "acme", Project: "web"}, 0)},
		"an environment of nobody":       {"id.Org", client.Teams.GrantEnvironmentAccess(ctx, "ops", noOrg, access)},
		"an environment without project": {"id.Project", client.Teams.UpdateEnvironmentAccess(ctx, "ops", noProject, access)},
		"an environment without a name":  {"id.Environment", client.Teams.RemoveEnvironmentAccess(ctx, "ops", noName)},
		"no permission":                  {"req.Permission", client.Teams.GrantEnvironmentAccess(ctx, "ops", testkit.ProdEnvironment, pulumiapi.TeamEnvironmentAccessRequest{})},
		"no role":                        {"roleID", client.Teams.SetRole(ctx, "acme", "ops", "")},
		"a team's token without a name":  {"req.Name", testkit.ErrorOf(client.Teams.CreateToken(ctx, "acme", "ops", pulumiapi.TeamTokenCreateRequest{}))},
		"no token":                       {"tokenID", client.Teams.DeleteToken(ctx, "acme", "ops", "", nil)},
		"a token without a name":         {"req.Name", testkit.ErrorOf(client.Orgs.CreateToken(ctx, "acme", pulumiapi.OrgTokenCreateRequest{}))},
		"an organization that stays":     {"req", testkit.ErrorOf(client.Orgs.Update(ctx, "acme", pulumiapi.OrgUpdateRequest{}))},
		"nobody's access":                {"user", testkit.ErrorOf(client.Orgs.GetMemberStackAccess(ctx, "", testkit.Prod))},
		"nobody invited":                 {"invites", testkit.ErrorOf(client.Orgs.CreateInvites(ctx, "acme", nil))},
		"an invitation without address":  {"invites[0].Email", testkit.ErrorOf(client.Orgs.CreateInvites(ctx, "acme", []pulumiapi.OrgInviteCreateRequest{{Role: "member"}}))},
		"an invitation without role":     {"invites[0].Role", testkit.ErrorOf(client.Orgs.CreateUnverifiedInvites(ctx, "acme", []pulumiapi.OrgInviteCreateRequest{{Email: "a@b"}}))},
		"a link without role":            {"req.Role", testkit.ErrorOf(client.Orgs.CreateInviteLink(ctx, "acme", pulumiapi.OrgInviteLinkCreateRequest{}))},
		"a link to no role":              {"req.Role", testkit.ErrorOf(client.Orgs.CreateInviteLink(ctx, "acme", pulumiapi.OrgInviteLinkCreateRequest{Role: pulumiapi.OrgRoleNone}))},
		"an invitation to collaborate": {"invites[1].Role", testkit.ErrorOf(client.Orgs.CreateInvites(ctx, "acme", []pulumiapi.OrgInviteCreateRequest{
			{Email: "a@b", Role: pulumiapi.OrgRoleBillingManager}, {Email: "c@d", Role: pulumiapi.OrgRoleStackCollaborator},
		}))},
		"an invitation to become one": {"invites[0].Role", testkit.ErrorOf(client.Orgs.CreateUnverifiedInvites(ctx, "acme", []pulumiapi.OrgInviteCreateRequest{
			{Email: "a@b", Role: pulumiapi.OrgRolePotentialMember},
		}))},
		"a member whose name is no text":  {"user", client.Teams.AddMember(ctx, "acme", "ops", "\xff")},
		"a stack whose name is no text":   {"id", client.Teams.RemoveStackAccess(ctx, "ops", pulumiapi.StackIdentifier{Org: "acme", Project: "web", Stack: "\xff"})},
		"a description that is no text":   {"req", client.Teams.Update(ctx, "acme", "ops", pulumiapi.TeamUpdateRequest{Description: new("\xff")})},
		"no invitation":                   {"inviteID", client.Orgs.AcceptInvite(ctx, "acme", "")},
		"a page of -1 results":            {"opts.PageSize", testkit.ErrorOf(client.PolicyCompliance.ListPage(ctx, "acme", &pulumiapi.PolicyComplianceListOptions{PageSize: -1}))},
		"a cursor of another list":        {"opts.Cursor", testkit.ErrorOf(client.PolicyCompliance.ListPoliciesPage(ctx, "acme", &pulumiapi.PolicyCompliancePolicyListOptions{Cursor: "x"}))},
		"a filter of policies":            {"opts.Filter", testkit.ErrorOf(client.PolicyCompliance.ListPoliciesPage(ctx, "acme", &pulumiapi.PolicyCompliancePolicyListOptions{Filter: badFilter}))},
		"a filter of an export":           {"opts.Filter", testkit.ErrorOf(client.PolicyIssues.Export(ctx, "acme", &pulumiapi.PolicyIssueExportOptions{Filter: badFilter}))},
		"a filter of values":              {"opts.Filter", testkit.ErrorOf(client.PolicyIssues.ListFilterValues(ctx, "acme", "status", &pulumiapi.PolicyIssueFilterOptions{Filter: badFilter}))},
		"values of no column":             {"column", testkit.ErrorOf(client.PolicyIssues.ListFilterValues(ctx, "acme", "", nil))},
		"a log in no bucket":              {"req.S3BucketName", testkit.ErrorOf(client.AuditLogs.TestExportConfig(ctx, "acme", pulumiapi.AuditLogS3ConfigRequest{IAMRoleARN: "r"}))},
		"a log that nobody writes":        {"req.S3Configuration.IAMRoleARN", client.AuditLogs.UpdateExportConfig(ctx, "acme", pulumiapi.AuditLogExportConfigUpdateRequest{S3Configuration: pulumiapi.AuditLogS3ConfigRequest{S3BucketName: "b"}})},
		"a log of no time":                {"at", testkit.ErrorOf(client.AuditLogs.ForceExport(ctx, "acme", time.Time{}))},
		"a webhook of a half environment": {"scope.Environment", testkit.ErrorOf(client.Webhooks.List(ctx, noName))},
	} {
		var wrong *pulumiapi.ArgumentError
		require.ErrorAs(t, c.err, &wrong, what)
		assert.Equal(t, c.argument, wrong.Name, what)
	}
	assert.Empty(t, s.Sent())
}

func TestPolicyIssues_Export_ReadsAsItArrives(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const text = "ID,Policy\n1,no-public-buckets\n"
		client, s := testkit.Client(t, func(n int, _ *http.Request) (*http.Response, error) {
			if n == 1 {
				return testkit.Respond(http.StatusServiceUnavailable, nil), nil
			}
			return testkit.Respond(http.StatusOK, []byte(text)), nil
		})
		stream, err := client.PolicyIssues.Export(t.Context(), "acme", nil)
		require.NoError(t, err)
		got, err := io.ReadAll(stream)
		require.NoError(t, err)
		require.NoError(t, stream.Close())
		assert.Equal(t, text, string(got))
		assert.Len(t, s.Sent(), 2, "it only reads, so it is sent again")
	})
}

func TestPolicyCompliance_List_EachResultHasItsOwnColumns(t *testing.T) {
	t.Parallel()
	client, _ := testkit.Client(t, func(int, *http.Request) (*http.Response, error) {
		return testkit.Respond(http.StatusOK, []byte(`{"columns":["a","b"],"rows":[{"entityName":"x","scores":[1,-1]},{"entityName":"y","scores":[2,3]}]}`)), nil
	})
	results, err := pulumiapi.Collect(client.PolicyCompliance.List(t.Context(), "acme", nil))
	require.NoError(t, err)
	require.Len(t, results, 2)
	results[0].Columns[0] = "changed"
	assert.Equal(t, pulumiapi.PolicyComplianceResult{EntityName: "y", Columns: []string{"a", "b"}, Scores: []int{2, 3}}, results[1])
}
