package pulumiapitest_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

const membersPath = "/api/orgs/acme/members"

type memberOf struct {
	Role          string
	User          struct{ Name, GithubLogin, AvatarURL, Email string }
	Created       time.Time
	KnownToPulumi *bool
	VirtualAdmin  *bool
	FGARole       *struct{ ID, Name string }
}

type memberList struct {
	Members           []memberOf
	ContinuationToken *string
}

func (l memberList) roles() map[string]string {
	roles := map[string]string{}
	for _, m := range l.Members {
		roles[m.User.GithubLogin] = m.Role
	}
	return roles
}

// newPeopleServer returns a server with the organization acme, its members ada and
// bob, and carol, who is not one.
func newPeopleServer(t *testing.T) *pulumiapitest.Server {
	t.Helper()
	srv := newServer(t)
	srv.SetPageSize(100)
	require.NoError(t, srv.AddMember("acme", pulumiapitest.Member{
		User: pulumiapitest.User{Login: "ada", Name: "Ada Silva", Email: "ada@acme.test"},
		Role: "admin", Joined: time.Date(2024, 5, 1, 2, 3, 4, 0, time.UTC),
	}))
	require.NoError(t, srv.AddMember("acme", pulumiapitest.Member{User: pulumiapitest.User{Login: "bob"}, Unknown: true}))
	require.NoError(t, srv.AddUser(pulumiapitest.User{Login: "carol", Name: "Carol Diaz"}))
	return srv
}

func TestServer_ListMembers(t *testing.T) {
	t.Parallel()
	srv := newPeopleServer(t)
	list := getJSON[memberList](t, srv, membersPath+"?type=backend")
	assert.Equal(t, map[string]string{"pulumi-tester": "admin", "ada": "admin", "bob": "member"}, list.roles())
	ada := list.Members[1]
	assert.Equal(t, "Ada Silva", ada.User.Name)
	assert.Equal(t, "ada@acme.test", ada.User.Email)
	assert.Equal(t, time.Date(2024, 5, 1, 2, 3, 4, 0, time.UTC), ada.Created)
	require.NotNil(t, ada.FGARole)
	assert.Equal(t, "Admin", ada.FGARole.Name)
	assert.True(t, *ada.KnownToPulumi)
	assert.False(t, *ada.VirtualAdmin)
	assert.False(t, *list.Members[2].KnownToPulumi)
	assert.NotContains(t, do(t, srv, http.MethodGet, membersPath+"?type=backend", "").body, "continuationToken", "absent at the end")
	for _, query := range []string{"", "?type=", "?type=both", "?type=frontend&continuationToken=x"} {
		requireError(t, srv, http.StatusBadRequest, "invalid query parameter", http.MethodGet, membersPath+query, "")
	}
	requireError(t, srv, http.StatusNotFound, "Organization 'none' not found", http.MethodGet, "/api/orgs/none/members?type=backend", "")
}

func TestServer_ListMembers_Pages(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	for i := range 60 {
		require.NoError(t, srv.AddMember("acme", pulumiapitest.Member{User: pulumiapitest.User{Login: fmt.Sprintf("u%02d", i)}}))
	}
	var sizes []int
	seen := map[string]bool{}
	for query := "?type=backend"; query != ""; {
		list := getJSON[memberList](t, srv, membersPath+query)
		sizes = append(sizes, len(list.Members))
		for login := range list.roles() {
			seen[login] = true
		}
		query = ""
		if list.ContinuationToken != nil {
			query = "?type=backend&continuationToken=" + escape(*list.ContinuationToken)
		}
	}
	assert.Equal(t, []int{10, 10, 10, 10, 10, 10, 1}, sizes)
	assert.Len(t, seen, 61)
	frontend := getJSON[memberList](t, srv, membersPath+"?type=frontend")
	assert.Len(t, frontend.Members, 50)
	assert.Nil(t, frontend.ContinuationToken)
	requireError(t, srv, http.StatusBadRequest, "does not know", http.MethodGet, membersPath+"?type=backend&maxResults=5", "")
}

func TestServer_ListMembers_TheOrganizationItself(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	require.NoError(t, srv.AddMember("acme", pulumiapitest.Member{User: pulumiapitest.User{Login: "acme"}}))
	list := getJSON[memberList](t, srv, membersPath+"?type=backend")
	assert.NotNil(t, list.Members[0].FGARole)
	assert.Nil(t, list.Members[1].FGARole)
	own := getJSON[memberList](t, srv, "/api/orgs/pulumi-tester/members?type=backend")
	assert.NotNil(t, own.Members[0].FGARole, "a user's own organization is no such case")
}

func TestServer_AddMember(t *testing.T) {
	t.Parallel()
	srv := newPeopleServer(t)
	a := do(t, srv, http.MethodPost, membersPath+"/carol", `{"role":"billing-manager"}`)
	assert.Equal(t, http.StatusOK, a.status)
	carol := decode[memberOf](t, a)
	assert.Equal(t, "billing-manager", carol.Role)
	assert.Equal(t, "Carol Diaz", carol.User.Name)
	assert.Equal(t, "billing-manager", getJSON[memberList](t, srv, membersPath+"?type=backend").roles()["carol"])
	requireAudit(t, srv, "Member Added", `Added "carol" to the organization as billing-manager`)
}

func TestServer_AddMember_Errors(t *testing.T) {
	t.Parallel()
	srv := newPeopleServer(t)
	for _, role := range []string{"owner", "", "Admin", "none", "billingManager"} {
		requireError(t, srv, http.StatusBadRequest, "Invalid organization role", http.MethodPost, membersPath+"/carol", `{"role":"`+role+`"}`)
	}
	requireError(t, srv, http.StatusNotFound, "User 'dave' not found", http.MethodPost, membersPath+"/dave", `{"role":"member"}`)
	requireError(t, srv, http.StatusNotFound, "Organization", http.MethodPost, "/api/orgs/none/members/carol", `{"role":"member"}`)
	requireError(t, srv, http.StatusBadRequest, "does not know", http.MethodPost, membersPath+"/carol", `{"role":"member","fgaRoleId":"x"}`)
	requireNoAudit(t, srv)
}

func TestServer_AddMember_Conflict(t *testing.T) {
	t.Parallel()
	srv := newPeopleServer(t)
	for _, login := range []string{"ada", srv.User()} {
		requireError(t, srv, http.StatusConflict, "already an organization member", http.MethodPost, membersPath+"/"+login, `{"role":"member"}`)
	}
}

func TestServer_UpdateMember(t *testing.T) {
	t.Parallel()
	srv := newPeopleServer(t)
	auditor, err := srv.AddRole("acme", pulumiapitest.Role{Name: "Auditor"})
	require.NoError(t, err)
	bob := func() memberOf { return getJSON[memberList](t, srv, membersPath+"?type=backend").Members[2] }

	requireNoContent(t, srv, http.MethodPatch, membersPath+"/bob", `{"role":"admin"}`)
	assert.Equal(t, "admin", bob().Role)
	assert.Equal(t, "Admin", bob().FGARole.Name)
	requireAudit(t, srv, "Member Role Changed", `Changed organization role for "bob" to admin`)
	admin := bob().FGARole.ID

	requireNoContent(t, srv, http.MethodPatch, membersPath+"/bob", `{"role":"billing-manager","fgaRoleId":"`+auditor+`"}`)
	assert.Equal(t, "member", bob().Role, "the closest of the built-in ones")
	assert.Equal(t, "Auditor", bob().FGARole.Name, "the ID wins")

	requireNoContent(t, srv, http.MethodPatch, membersPath+"/bob", `{"fgaRoleId":"`+admin+`"}`)
	assert.Equal(t, "admin", bob().Role)
	requireNoContent(t, srv, http.MethodPatch, membersPath+"/bob", `{"role":"member"}`)
	assert.Equal(t, "Member", bob().FGARole.Name)
}

func TestServer_UpdateMember_Errors(t *testing.T) {
	t.Parallel()
	srv := newPeopleServer(t)
	requireError(t, srv, http.StatusBadRequest, "Invalid parameter 'roleID'", http.MethodPatch, membersPath+"/bob", `{"role":"admin","fgaRoleId":"x"}`)
	requireError(t, srv, http.StatusBadRequest, "a role or an fgaRoleId is required", http.MethodPatch, membersPath+"/bob", `{}`)
	requireError(t, srv, http.StatusBadRequest, "Invalid organization role", http.MethodPatch, membersPath+"/bob", `{"role":"x"}`)
	requireError(t, srv, http.StatusBadRequest, "your own role", http.MethodPatch, membersPath+"/"+srv.User(), `{"role":"member"}`)
	requireError(t, srv, http.StatusNotFound, "User 'carol' not found", http.MethodPatch, membersPath+"/carol", `{"role":"member"}`)
	requireNoAudit(t, srv)
}

func TestServer_RemoveMember(t *testing.T) {
	t.Parallel()
	srv := newPeopleServer(t)
	require.NoError(t, srv.AddTeam("acme", pulumiapitest.Team{
		Name: "core", Members: []pulumiapitest.TeamMember{{Login: "ada", Admin: true}, {Login: "bob"}},
	}))
	requireNoContent(t, srv, http.MethodDelete, membersPath+"/ada", "")
	assert.NotContains(t, getJSON[memberList](t, srv, membersPath+"?type=backend").roles(), "ada")
	team, found := srv.Team("acme", "core")
	require.True(t, found)
	assert.Equal(t, []pulumiapitest.TeamMember{{Login: "bob"}}, team.Members, "who leaves the organization leaves its teams")
	requireAudit(t, srv, "Member Removed", `Removed "ada" from the organization`)

	requireError(t, srv, http.StatusNotFound, "User 'ada' not found", http.MethodDelete, membersPath+"/ada", "")
	requireError(t, srv, http.StatusBadRequest, "yourself", http.MethodDelete, membersPath+"/"+srv.User(), "")
	a := do(t, srv, http.MethodPost, membersPath+"/ada", `{"role":"member"}`)
	assert.Equal(t, http.StatusOK, a.status, "the user is still known, and can come back")
}

func TestServer_AddMember_SeedErrors(t *testing.T) {
	t.Parallel()
	srv := newPeopleServer(t)
	user := pulumiapitest.User{Login: "dora"}
	require.ErrorContains(t, srv.AddMember("acme", pulumiapitest.Member{User: pulumiapitest.User{Login: "ada"}}), "is a member")
	require.ErrorContains(t, srv.AddMember("acme", pulumiapitest.Member{User: user, Role: "boss"}), `no built-in role "boss"`)
	require.ErrorContains(t, srv.AddMember("acme", pulumiapitest.Member{User: user, RoleID: "boss"}), `no role with ID "boss"`)
	require.ErrorContains(t, srv.AddMember("", pulumiapitest.Member{User: user}), "organization name")
	require.ErrorContains(t, srv.AddMember("acme", pulumiapitest.Member{}), "user name")
	require.ErrorContains(t, srv.AddUser(pulumiapitest.User{Login: "ada"}), `user "ada" exists`)
	require.ErrorContains(t, srv.AddUser(pulumiapitest.User{}), "user name")
	_, err := srv.AddRole("acme", pulumiapitest.Role{})
	require.ErrorContains(t, err, "has a name")
	_, err = srv.AddRole("acme", pulumiapitest.Role{ID: "r", Name: "R"})
	require.NoError(t, err)
	_, err = srv.AddRole("acme", pulumiapitest.Role{ID: "r", Name: "R"})
	require.ErrorContains(t, err, "exists")
	require.NoError(t, srv.AddMember("new", pulumiapitest.Member{User: user}), "the organization comes with it")
	assert.Len(t, getJSON[memberList](t, srv, "/api/orgs/new/members?type=backend").Members, 2)
}
