package soak_test

import (
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/internal/testkit"
)

func (w *worker) inviteSomebody() {
	email := w.mark("invite") + "@acme.test"
	pending := func() (ids []string) {
		invites, err := w.at("Orgs.ListInvites").Orgs.ListInvites(w.ctx, w.org)
		require.NoError(w, err)
		for _, invite := range invites {
			if invite.Email == email {
				ids = append(ids, invite.ID)
			}
		}
		return ids
	}
	w.change("Orgs.CreateInvites", "Member Invited", email, func(c *pulumiapi.Client) error {
		return testkit.ErrorOf(c.Orgs.CreateInvites(w.ctx, w.org, []pulumiapi.OrgInviteCreateRequest{{Email: email, Role: pulumiapi.OrgRoleMember}}))
	})
	ids := pending()
	require.Len(w, ids, 1)
	w.change("Orgs.CancelInvite", "Invite Canceled", ids[0], func(c *pulumiapi.Client) error { return c.Orgs.CancelInvite(w.ctx, w.org, ids[0]) })
	require.Empty(w, pending())
}

// administerTeam gives a team an environment, a role and a token, and takes them away.
func (w *worker) administerTeam() {
	team := w.mark("administered")
	env := pulumiapi.EnvironmentIdentifier{Org: w.org, Project: soakProject, Environment: team}
	w.change("Teams.Create", "Team Created", team, func(c *pulumiapi.Client) error {
		return testkit.ErrorOf(c.Teams.Create(w.ctx, w.org, pulumiapi.TeamCreateRequest{Name: team}))
	})
	w.change("Teams.GrantEnvironmentAccess", "Team Environment Permission Added", team, func(c *pulumiapi.Client) error {
		return c.Teams.GrantEnvironmentAccess(w.ctx, team, env, pulumiapi.TeamEnvironmentAccessRequest{Permission: pulumiapi.EnvironmentPermissionOpen})
	})
	w.change("Teams.EnableRoles", "Team Roles Enabled", team, func(c *pulumiapi.Client) error {
		return testkit.ErrorOf(c.Teams.EnableRoles(w.ctx, w.org, team))
	})
	w.change("Teams.CreateToken", "Access Token Created", team, func(c *pulumiapi.Client) error {
		return testkit.ErrorOf(c.Teams.CreateToken(w.ctx, w.org, team, pulumiapi.TeamTokenCreateRequest{Name: team}))
	})
	got, err := w.at("Teams.Get").Teams.Get(w.ctx, w.org, team)
	require.NoError(w, err)
	require.Equal(w, []pulumiapi.TeamEnvironmentAccess{{ProjectName: soakProject, EnvName: team, Permission: pulumiapi.EnvironmentPermissionOpen}}, got.Environments)
	require.Len(w, got.RoleIDs, 1)
	tokens, err := pulumiapi.Collect(w.at("Teams.ListTokens").Teams.ListTokens(w.ctx, w.org, team, nil))
	require.NoError(w, err)
	require.Len(w, tokens, 1)

	w.change("Teams.DeleteToken", "Access Token Deleted", team, func(c *pulumiapi.Client) error {
		return c.Teams.DeleteToken(w.ctx, w.org, team, tokens[0].ID, nil)
	})
	w.change("Teams.RemoveRole", "Team Role Removed", team, func(c *pulumiapi.Client) error {
		return c.Teams.RemoveRole(w.ctx, w.org, team, got.RoleIDs[0])
	})
	w.change("Teams.RemoveEnvironmentAccess", "Team Environment Permission Removed", team, func(c *pulumiapi.Client) error {
		return c.Teams.RemoveEnvironmentAccess(w.ctx, team, env)
	})
	kept, _ := w.srv.Team(w.org, team)
	require.Empty(w, kept.RoleID)
	require.Empty(w, kept.Environments)
}
