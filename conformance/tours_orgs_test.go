package conformance_test

import (
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

// tourOfOrganizations leads through an organization, its teams and tokens, and where its
// audit log goes.
func tourOfOrganizations(t *testing.T, cloud *pulumiapitest.Server, client *pulumiapi.Client) {
	t.Helper()
	ctx := t.Context()
	id := pulumiapi.StackIdentifier{Org: "tour", Project: "web", Stack: "prod"}
	env := pulumiapi.EnvironmentIdentifier{Org: "tour", Project: "web", Environment: "prod"}
	require.NoError(t, cloud.AddStack(pulumiapitest.Stack{Org: id.Org, Project: id.Project, Name: id.Stack}))
	require.NoError(t, cloud.AddMember("tour", pulumiapitest.Member{User: pulumiapitest.User{Login: "ada", Name: "Ada"}}))
	require.NoError(t, cloud.AddTeam("tour", pulumiapitest.Team{
		Name: "ops", DisplayName: "Operations", Members: []pulumiapitest.TeamMember{{Login: "ada"}},
	}))
	access := pulumiapi.TeamEnvironmentAccessRequest{Permission: pulumiapi.EnvironmentPermissionOpen, MaxOpenDuration: new("1h")}
	bucket := pulumiapi.AuditLogS3ConfigRequest{S3BucketName: "logs", S3PathPrefix: new("audit/"), IAMRoleARN: "arn:aws:iam::1:role/a"}
	for _, call := range []func() error{
		func() error {
			return client.Teams.Update(ctx, "tour", "ops", pulumiapi.TeamUpdateRequest{DisplayName: new("Größe"), Description: new("d")})
		},
		func() error { return client.Teams.PromoteMember(ctx, "tour", "ops", "ada") },
		func() error { return client.Teams.DemoteMember(ctx, "tour", "ops", "ada") },
		func() error { return client.Teams.GrantStackAccess(ctx, "ops", id, pulumiapi.StackPermissionRead) },
		func() error { return client.Teams.UpdateStackAccess(ctx, "ops", id, pulumiapi.StackPermissionAdmin) },
		func() error { return client.Teams.GrantEnvironmentAccess(ctx, "ops", env, access) },
		func() error { return client.Teams.UpdateEnvironmentAccess(ctx, "ops", env, access) },
		func() error { return second(client.Orgs.GetMemberStackAccess(ctx, "ada", id)) },
		func() error { return second(client.Orgs.ListMemberTeams(ctx, "tour", "ada")) },
		func() error { return second(client.Teams.List(ctx, "tour")) },
		func() error { return client.Teams.RemoveEnvironmentAccess(ctx, "ops", env) },
		func() error {
			role, err := client.Teams.EnableRoles(ctx, "tour", "ops")
			if err != nil {
				return err
			}
			require.NoError(t, client.Teams.SetRole(ctx, "tour", "ops", role.ID))
			require.NoError(t, second(client.Teams.ListRoles(ctx, "tour", "ops")))
			require.NoError(t, second(client.Teams.Get(ctx, "tour", "ops")))
			return client.Teams.RemoveRole(ctx, "tour", "ops", role.ID)
		},
		func() error {
			require.NoError(t, second(cloud.AddRole("tour", pulumiapitest.Role{Name: "Auditor", Description: "reads", UXPurpose: "policy"})))
			require.NoError(t, second(client.Orgs.ListRoles(ctx, "tour", &pulumiapi.RoleListOptions{UXPurpose: pulumiapi.RolePurposePolicy})))
			return second(client.Orgs.ListRoles(ctx, "tour", nil))
		},
		func() error {
			token, err := client.Teams.CreateToken(ctx, "tour", "ops", pulumiapi.TeamTokenCreateRequest{Name: "team", Reason: "tour"})
			if err != nil {
				return err
			}
			require.NoError(t, second(pulumiapi.Collect(client.Teams.ListTokens(ctx, "tour", "ops", nil))))
			return client.Teams.DeleteToken(ctx, "tour", "ops", token.ID, &pulumiapi.TeamTokenDeleteOptions{Reason: "over"})
		},
		func() error {
			token, err := client.Orgs.CreateToken(ctx, "tour", pulumiapi.OrgTokenCreateRequest{Name: "org", Expires: time.Now().Add(time.Hour)})
			if err != nil {
				return err
			}
			require.NoError(t, second(pulumiapi.Collect(client.Orgs.ListTokens(ctx, "tour", nil))))
			return client.Orgs.DeleteToken(ctx, "tour", token.ID)
		},
		func() error { return second(client.Orgs.Get(ctx, org)) },
		func() error { return second(client.Orgs.GetMetadata(ctx, org)) },
		func() error {
			return second(client.Orgs.Update(ctx, "tour", pulumiapi.OrgUpdateRequest{MembersCanCreateTeams: new(false), MaxAccessTokenExpiryDays: new(90)}))
		},
		func() error {
			return second(client.Orgs.CreateInvites(ctx, "tour", []pulumiapi.OrgInviteCreateRequest{{Email: "a@example.com", Role: pulumiapi.OrgRoleMember}}))
		},
		func() error {
			return second(client.Orgs.CreateUnverifiedInvites(ctx, "tour", []pulumiapi.OrgInviteCreateRequest{{Email: "a@example.com", Role: pulumiapi.OrgRoleAdmin}}))
		},
		func() error {
			invite, err := client.Orgs.CreateInviteLink(ctx, "tour", pulumiapi.OrgInviteLinkCreateRequest{Role: pulumiapi.OrgRoleMember})
			if err != nil {
				return err
			}
			require.NoError(t, second(client.Orgs.ListInvites(ctx, "tour")))
			require.NoError(t, second(client.Orgs.GetInvite(ctx, "tour", invite.ID)))
			require.NoError(t, client.Orgs.ResendInvite(ctx, "tour", invite.ID))
			return client.Orgs.CancelInvite(ctx, "tour", invite.ID)
		},
		func() error {
			invite, err := client.Orgs.CreateInviteLink(ctx, "tour", pulumiapi.OrgInviteLinkCreateRequest{Role: pulumiapi.OrgRoleMember})
			if err != nil {
				return err
			}
			return client.Orgs.AcceptInvite(ctx, "tour", invite.ID)
		},
		func() error { return second(client.AuditLogs.TestExportConfig(ctx, "tour", bucket)) },
		func() error {
			return client.AuditLogs.UpdateExportConfig(ctx, "tour", pulumiapi.AuditLogExportConfigUpdateRequest{Enabled: true, S3Configuration: bucket})
		},
		func() error { return second(client.AuditLogs.ForceExport(ctx, "tour", time.Now())) },
		func() error { return second(client.AuditLogs.GetExportConfig(ctx, "tour")) },
		func() error { return client.AuditLogs.DeleteExportConfig(ctx, "tour") },
		func() error { return second(client.AuditLogs.GetReaderKind(ctx, "tour")) },
		func() error { return cloud.SetProduct("tour", "team-starter") },
		func() error { return client.Orgs.SetSoleAdmin(ctx, "tour", "ada") },
	} {
		require.NoError(t, call())
	}
}

// tourOfPolicies looks at how well the demo obeys its policies.
func tourOfPolicies(t *testing.T, _ *pulumiapitest.Server, client *pulumiapi.Client) {
	t.Helper()
	ctx := t.Context()
	require.NoError(t, second(client.PolicyCompliance.GetMetadata(ctx, org)))
	for _, entity := range []pulumiapi.PolicyComplianceEntity{
		pulumiapi.PolicyComplianceEntityStack, pulumiapi.PolicyComplianceEntityAccount, pulumiapi.PolicyComplianceEntitySeverity,
	} {
		require.NoError(t, second(pulumiapi.Collect(client.PolicyCompliance.List(ctx, org, &pulumiapi.PolicyComplianceListOptions{Entity: entity, PageSize: 1}))))
	}
	require.NoError(t, second(pulumiapi.Collect(client.PolicyCompliance.ListPolicies(ctx, org, &pulumiapi.PolicyCompliancePolicyListOptions{PageSize: 2}))))
	require.NoError(t, second(client.PolicyIssues.ListFilterValues(ctx, org, "policyName", nil)))
	text, err := client.PolicyIssues.Export(ctx, org, nil)
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, text)
	require.NoError(t, err)
	require.NoError(t, text.Close())
}
