package pulumiapitest_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

func TestServer_ListMemberTeams(t *testing.T) {
	t.Parallel()
	srv := newTeamServer(t)
	require.NoError(t, srv.AddTeam("acme", pulumiapitest.Team{Name: "ops", DisplayName: "Operations", Members: []pulumiapitest.TeamMember{{Login: "bob"}}}))
	assert.JSONEq(t, `{"teams":["core","Operations"]}`, do(t, srv, http.MethodGet, "/api/orgs/acme/members/bob/teams", "").body)
	assert.JSONEq(t, `{"teams":[]}`, do(t, srv, http.MethodGet, "/api/orgs/acme/members/ada/teams", "").body)
	requireError(t, srv, http.StatusNotFound, "Organization", http.MethodGet, "/api/orgs/none/members/bob/teams", "")
}

func TestServer_SetSoleAdmin(t *testing.T) {
	t.Parallel()
	srv := newPeopleServer(t)
	requireError(t, srv, http.StatusBadRequest, "Wrong API", http.MethodPost, "/api/orgs/acme/members/bob/set-admin", "")
	for _, product := range []string{"team-starter", "team-growth"} {
		require.NoError(t, srv.SetProduct(product, product))
		require.NoError(t, srv.AddMember(product, pulumiapitest.Member{User: pulumiapitest.User{Login: "bob"}}))
		list := "/api/orgs/" + product + "/members"
		members := list + "/"
		requireError(t, srv, http.StatusNotFound, "User 'nobody' not found", http.MethodPost, members+"nobody/set-admin", "")
		requireNoContent(t, srv, http.MethodPost, members+srv.User()+"/set-admin", "")
		requireNoContent(t, srv, http.MethodPost, members+"bob/set-admin", "")
		roles := getJSON[memberList](t, srv, list+"?type=backend").roles()
		assert.Equal(t, map[string]string{"bob": "admin", srv.User(): "member"}, roles)
		requireError(t, srv, http.StatusForbidden, "Only the administrator", http.MethodPost, members+"bob/set-admin", "")
	}
}

func TestServer_GetMemberStackAccess(t *testing.T) {
	t.Parallel()
	srv := newTeamServer(t)
	const path = "/api/console/orgs/acme/members/"
	type access struct {
		ExplicitPermission, OrganizationDefault int
		OrganizationRole                        string
		UserInfo                                struct{ GithubLogin string }
		TeamPermissions                         []struct {
			Permission int
			Team       struct{ Name string }
		}
	}
	requireNoContent(t, srv, http.MethodPatch, corePath, `{"addStackPermission":{"projectName":"web","stackName":"prod","permission":102}}`)
	require.Equal(t, http.StatusOK, do(t, srv, http.MethodPatch, orgPath, `{"setDefaultStackPermission":101}`).status)
	bob := getJSON[access](t, srv, path+"bob/stacks/web/prod")
	assert.Equal(t, "bob member", bob.UserInfo.GithubLogin+" "+bob.OrganizationRole)
	assert.Equal(t, []int{0, 101}, []int{bob.ExplicitPermission, bob.OrganizationDefault})
	require.Len(t, bob.TeamPermissions, 1)
	assert.Equal(t, "core", bob.TeamPermissions[0].Team.Name)
	assert.Equal(t, 102, bob.TeamPermissions[0].Permission)
	ada := getJSON[access](t, srv, path+"ada/stacks/web/prod")
	assert.Equal(t, "admin", ada.OrganizationRole)
	assert.Empty(t, ada.TeamPermissions)
	require.Equal(t, http.StatusOK, do(t, srv, http.MethodPost, "/api/stacks/acme/web", `{"stackName":"mine"}`).status)
	assert.Equal(t, 104, getJSON[access](t, srv, path+srv.User()+"/stacks/web/mine").ExplicitPermission, "of who made it")
	requireError(t, srv, http.StatusNotFound, "User 'carol' not found", http.MethodGet, path+"carol/stacks/web/prod", "")
	requireError(t, srv, http.StatusNotFound, "not found", http.MethodGet, path+"bob/stacks/web/none", "")
}
