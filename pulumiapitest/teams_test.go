package pulumiapitest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

const (
	teamsPath = "/api/orgs/acme/teams"
	corePath  = teamsPath + "/core"
)

// newTeamServer returns a server with people, the stack acme/web/prod and the team
// core, whose member is bob.
func newTeamServer(t *testing.T) *pulumiapitest.Server {
	t.Helper()
	srv := newPeopleServer(t)
	require.NoError(t, srv.AddStack(pulumiapitest.Stack{Org: "acme", Project: "web", Name: "prod"}))
	require.NoError(t, srv.AddTeam("acme", pulumiapitest.Team{Name: "core", Members: []pulumiapitest.TeamMember{{Login: "bob"}}}))
	return srv
}

func core(t *testing.T, srv *pulumiapitest.Server) pulumiapitest.Team {
	t.Helper()
	team, found := srv.Team("acme", "core")
	require.True(t, found)
	return team
}

func TestServer_CreateTeam_Pulumi(t *testing.T) {
	t.Parallel()
	srv := newPeopleServer(t)
	a := do(t, srv, http.MethodPost, teamsPath+"/pulumi", `{"name":"core","displayName":"Core team","description":"Does it"}`)
	assert.Equal(t, http.StatusCreated, a.status)
	assert.JSONEq(t, `{
		"kind": "pulumi", "name": "core", "displayName": "Core team", "description": "Does it", "stacks": [], "userRole": "admin",
		"members": [{
			"name": "Pulumi Tester", "githubLogin": "pulumi-tester", "role": "admin",
			"avatarUrl": "https://avatars.pulumi.test/pulumi-tester"
		}]
	}`, a.body)
	assert.Equal(t, "Core team", core(t, srv).DisplayName)
	requireAudit(t, srv, "Team Created", `Created team "core"`)

	requireError(t, srv, http.StatusConflict, "already exists", http.MethodPost, teamsPath+"/pulumi", `{"name":"core","displayName":"","description":""}`)
	longest := strings.Repeat("é", 100)
	assert.Equal(t, http.StatusCreated, do(t, srv, http.MethodPost, teamsPath+"/pulumi", `{"name":"long","displayName":"`+longest+`","description":""}`).status)
	requireError(t, srv, http.StatusBadRequest, "Display name too long. Max length 100", http.MethodPost, teamsPath+"/pulumi", `{"name":"x","displayName":"x`+longest+`","description":""}`)
	for _, name := range []string{"", "a b", "a/b", ".."} {
		requireError(t, srv, http.StatusBadRequest, "invalid team name", http.MethodPost, teamsPath+"/pulumi", `{"name":"`+name+`","displayName":"","description":""}`)
	}
	for _, incomplete := range []string{`{"name":"x"}`, `{"name":"x","displayName":""}`, `{"displayName":"","description":""}`} {
		requireError(t, srv, http.StatusBadRequest, "are required", http.MethodPost, teamsPath+"/pulumi", incomplete)
	}
	requireError(t, srv, http.StatusNotFound, "Organization", http.MethodPost, "/api/orgs/none/teams/pulumi", `{"name":"x"}`)
	requireError(t, srv, http.StatusBadRequest, "individual", http.MethodPost, "/api/orgs/pulumi-tester/teams/pulumi", `{"name":"x","displayName":"","description":""}`)
}

func TestServer_CreateTeam_GitHub(t *testing.T) {
	t.Parallel()
	srv := newPeopleServer(t)
	a := do(t, srv, http.MethodPost, teamsPath+"/github", `{"githubTeamID":7}`)
	assert.Equal(t, http.StatusCreated, a.status)
	team, found := srv.Team("acme", "github-team-7")
	require.True(t, found)
	assert.Equal(t, "github", team.Kind)
	assert.Empty(t, team.Members)
	requireError(t, srv, http.StatusConflict, "already exists", http.MethodPost, teamsPath+"/github", `{"githubTeamID":7}`)
	for _, body := range []string{`{}`, `{"githubTeamID":0}`, `{"githubTeamID":-1}`} {
		requireError(t, srv, http.StatusBadRequest, "No TeamID", http.MethodPost, teamsPath+"/github", body)
	}
	requireError(t, srv, http.StatusBadRequest, "managed elsewhere", http.MethodPatch, teamsPath+"/github-team-7", `{"memberAction":"add","member":"ada"}`)
}

func TestServer_ListTeams(t *testing.T) {
	t.Parallel()
	srv := newTeamServer(t)
	require.NoError(t, srv.AddTeam("acme", pulumiapitest.Team{
		Name: "ops", DisplayName: "Operations", Kind: "scim", Members: []pulumiapitest.TeamMember{{Login: srv.User(), Admin: true}},
		Stacks:       []pulumiapitest.TeamStack{{Project: "web", Stack: "prod", Permission: 101}},
		Environments: []pulumiapitest.TeamEnvironment{{Project: "web", Environment: "prod", Permission: "open", MaxOpenDuration: "1h"}},
	}))
	list := decode[struct{ Teams []map[string]any }](t, do(t, srv, http.MethodGet, teamsPath, ""))
	require.Len(t, list.Teams, 2)
	assert.Equal(t, "core", list.Teams[0]["name"])
	ops := do(t, srv, http.MethodGet, teamsPath+"/ops", "")
	assert.JSONEq(t, `{
		"kind":"scim","name":"ops","displayName":"Operations","description":"","userRole":"admin",
		"members":[{"name":"Pulumi Tester","githubLogin":"pulumi-tester","avatarUrl":"https://avatars.pulumi.test/pulumi-tester","role":"admin"}],
		"stacks":[{"projectName":"web","stackName":"prod","permission":101}],
		"environments":[{"projectName":"web","envName":"prod","permission":"open","maxOpenDuration":"1h"}]
	}`, ops.body)
	assert.Equal(t, decode[map[string]any](t, ops), list.Teams[1])
	requireError(t, srv, http.StatusNotFound, "Team 'none' not found", http.MethodGet, teamsPath+"/none", "")
	requireError(t, srv, http.StatusNotFound, "Organization", http.MethodGet, "/api/orgs/none/teams", "")
	requireError(t, srv, http.StatusBadRequest, "individual", http.MethodGet, "/api/orgs/"+srv.User()+"/teams", "")
}

func TestServer_DeleteTeam(t *testing.T) {
	t.Parallel()
	srv := newTeamServer(t)
	requireNoContent(t, srv, http.MethodDelete, corePath, "")
	_, found := srv.Team("acme", "core")
	assert.False(t, found)
	requireAudit(t, srv, "Team Deleted", `Deleted team "core"`)
	requireError(t, srv, http.StatusNotFound, "Team 'core' not found", http.MethodDelete, corePath, "")
	_, found = srv.Team("none", "core")
	assert.False(t, found)
}

func TestServer_UpdateTeam_Members(t *testing.T) {
	t.Parallel()
	srv := newTeamServer(t)
	change := func(action, login string) string { return `{"memberAction":"` + action + `","member":"` + login + `"}` }

	requireNoContent(t, srv, http.MethodPatch, corePath, change("add", "ada"))
	requireAudit(t, srv, "Team Member Added", `Added "ada" to team "core"`)
	requireNoContent(t, srv, http.MethodPatch, corePath, change("promote", "bob"))
	assert.Equal(t, []pulumiapitest.TeamMember{{Login: "bob", Admin: true}, {Login: "ada"}}, core(t, srv).Members)
	requireNoContent(t, srv, http.MethodPatch, corePath, change("demote", "bob"))
	requireNoContent(t, srv, http.MethodPatch, corePath, change("remove", "ada"))
	assert.Equal(t, []pulumiapitest.TeamMember{{Login: "bob"}}, core(t, srv).Members)

	for _, test := range []struct {
		action, login, message string
		status                 int
	}{
		{"add", "bob", "already a member", http.StatusConflict},
		{"demote", "bob", "has the role member", http.StatusConflict},
		{"remove", "ada", "not a member of team", http.StatusNotFound},
		{"promote", "ada", "not a member of team", http.StatusNotFound},
		{"add", "nobody", "User 'nobody' not found", http.StatusNotFound},
		{"add", "carol", "not a member of the organization", http.StatusBadRequest},
		{"invite", "ada", "Invalid memberAction", http.StatusBadRequest},
		{"", "ada", "Invalid memberAction", http.StatusBadRequest},
		{"add", "", "member is required", http.StatusBadRequest},
	} {
		requireError(t, srv, test.status, test.message, http.MethodPatch, corePath, change(test.action, test.login))
	}
	requireError(t, srv, http.StatusNotImplemented, "no state for POST", http.MethodPost, corePath, change("add", "ada"))
}

func TestServer_UpdateTeam_Stacks(t *testing.T) {
	t.Parallel()
	srv := newTeamServer(t)
	grant := func(verb, stack, permission string) string {
		return `{"` + verb + `StackPermission":{"projectName":"web","stackName":"` + stack + `","permission":` + permission + `}}`
	}
	const remove = `{"removeStack":{"projectName":"web","stackName":"prod"}}`
	requireError(t, srv, http.StatusNotFound, "has no permission", http.MethodPatch, corePath, grant("edit", "prod", "102"))
	requireError(t, srv, http.StatusNotFound, "has no permission", http.MethodPatch, corePath, remove)

	requireNoContent(t, srv, http.MethodPatch, corePath, grant("add", "prod", "101"))
	requireError(t, srv, http.StatusConflict, "already has a permission", http.MethodPatch, corePath, grant("add", "prod", "102"))
	requireNoContent(t, srv, http.MethodPatch, corePath, grant("edit", "prod", "103"))
	assert.Equal(t, []pulumiapitest.TeamStack{{Project: "web", Stack: "prod", Permission: 103}}, core(t, srv).Stacks)
	requireAudit(t, srv, "Team Stack Permission Changed", `Changed permission of team "core" for stack "web/prod" to 103`)
	requireNoContent(t, srv, http.MethodPatch, corePath, remove)
	assert.Empty(t, core(t, srv).Stacks)

	requireError(t, srv, http.StatusNotFound, "Stack 'acme/web/dev' not found", http.MethodPatch, corePath, grant("add", "dev", "101"))
	for _, permission := range []string{"100", "105", "1", "null"} {
		requireError(t, srv, http.StatusBadRequest, "Invalid stack permission", http.MethodPatch, corePath, grant("add", "prod", permission))
	}
	for _, permission := range []string{"0", "102", "104"} {
		requireNoContent(t, srv, http.MethodPatch, corePath, grant("add", "prod", permission))
		requireNoContent(t, srv, http.MethodPatch, corePath, remove)
	}
}

func TestServer_UpdateTeam_AllOrNothing(t *testing.T) {
	t.Parallel()
	srv := newTeamServer(t)
	before := core(t, srv)
	requireError(t, srv, http.StatusNotFound, "Stack", http.MethodPatch, corePath,
		`{"newDisplayName":"X","memberAction":"promote","member":"bob","addStackPermission":{"projectName":"web","stackName":"none","permission":101}}`)
	assert.Equal(t, before, core(t, srv))
	requireError(t, srv, http.StatusBadRequest, "nothing", http.MethodPatch, corePath, `{}`)
	requireError(t, srv, http.StatusBadRequest, "too long", http.MethodPatch, corePath, `{"newDisplayName":"`+strings.Repeat("x", 101)+`"}`)
	requireNoAudit(t, srv)

	requireNoContent(t, srv, http.MethodPatch, corePath, `{"newDisplayName":"X","newDescription":"Y","memberAction":"add","member":"ada"}`)
	after := core(t, srv)
	assert.Equal(t, "X Y", after.DisplayName+" "+after.Description)
	assert.Len(t, after.Members, 2)
}

// A stack that is gone from an organization is gone from its teams.
func TestServer_Teams_WhenStacksGo(t *testing.T) {
	t.Parallel()
	srv := newTeamServer(t)
	require.NoError(t, srv.AddOrganization("other"))
	a := do(t, srv, http.MethodPost, "/api/stacks/acme/web", `{"stackName":"dev","teams":["core","unknown"]}`)
	require.Equal(t, http.StatusOK, a.status)
	assert.Equal(t, []pulumiapitest.TeamStack{{Project: "web", Stack: "dev", Permission: 104}}, core(t, srv).Stacks)
	requireNoContent(t, srv, http.MethodPatch, corePath, `{"addStackPermission":{"projectName":"web","stackName":"prod","permission":101}}`)
	requireNoContent(t, srv, http.MethodDelete, "/api/stacks/acme/web/dev", "")
	assert.Equal(t, []pulumiapitest.TeamStack{{Project: "web", Stack: "prod", Permission: 101}}, core(t, srv).Stacks)
	requireNoContent(t, srv, http.MethodPost, prodPath+"/transfer", `{"toOrg":"other"}`)
	assert.Empty(t, core(t, srv).Stacks)
}

func TestServer_AddTeam_Errors(t *testing.T) {
	t.Parallel()
	srv := newTeamServer(t)
	require.ErrorContains(t, srv.AddTeam("acme", pulumiapitest.Team{}), "team name")
	require.ErrorContains(t, srv.AddTeam("..", pulumiapitest.Team{Name: "x"}), "organization name")
	require.ErrorContains(t, srv.AddTeam("acme", pulumiapitest.Team{Name: "core"}), "exists")
	require.ErrorContains(t, srv.AddTeam("acme", pulumiapitest.Team{Name: "x", Members: []pulumiapitest.TeamMember{{Login: "carol"}}}), "no member")
	require.ErrorContains(t, srv.AddTeam("acme", pulumiapitest.Team{Name: "x", Stacks: []pulumiapitest.TeamStack{{Project: "a", Stack: "b"}}}), `no stack "acme/a/b"`)
	team := core(t, srv)
	team.Members[0].Login = "x"
	assert.Equal(t, "bob", core(t, srv).Members[0].Login, "a copy")
}
