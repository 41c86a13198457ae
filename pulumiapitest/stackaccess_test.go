package pulumiapitest_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

func TestServer_ReassignOwnership(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	require.NoError(t, srv.AddMember("acme", pulumiapitest.Member{User: pulumiapitest.User{Login: "ada", Name: "Ada"}}))
	const path = prodPath + "/ownership"
	requireError(t, srv, http.StatusBadRequest, "are required", http.MethodPost, path, `{"githubLogin":"ada"}`)
	requireError(t, srv, http.StatusNotFound, "User 'bob'", http.MethodPost, path, `{"githubLogin":"bob","name":"","avatarUrl":""}`)
	before := decode[struct{ GitHubLogin string }](t, do(t, srv, http.MethodPost, path, `{"githubLogin":"ada","name":"","avatarUrl":""}`))
	assert.Equal(t, srv.User(), before.GitHubLogin)
	metadata := getJSON[struct{ OwnedBy struct{ Name string } }](t, srv, prodPath+"/metadata")
	assert.Equal(t, "Ada", metadata.OwnedBy.Name)
}

func TestServer_Collaborators(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	require.ErrorContains(t, srv.AddCollaborator("acme", "web", "prod", "ada"), `no user "ada"`)
	require.ErrorContains(t, srv.AddCollaborator("acme", "web", "none", "ada"), "no stack")
	require.NoError(t, srv.AddUser(pulumiapitest.User{Login: "ada"}))
	require.NoError(t, srv.AddCollaborator("acme", "web", "prod", "ada"))
	require.NoError(t, srv.AddCollaborator("acme", "web", "prod", "ada"), "again")
	requireNoContent(t, srv, http.MethodDelete, prodPath+"/collaborators/ada", "")
	requireError(t, srv, http.StatusNotFound, "User 'ada'", http.MethodDelete, prodPath+"/collaborators/ada", "")
}

func TestServer_TeamsOfAStack(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	require.NoError(t, srv.AddTeam("acme", pulumiapitest.Team{Name: "ops", DisplayName: "Operations", Members: []pulumiapitest.TeamMember{{Login: srv.User()}}}))
	const path = "/api/console/stacks/acme/web/prod/teams/"
	assert.JSONEq(t, `{"projectName":"web","teams":[]}`, do(t, srv, http.MethodGet, prodPath+"/teams", "").body)
	requireError(t, srv, http.StatusNotFound, "Team 'none'", http.MethodPatch, path+"none", `{"permissions":101}`)
	requireError(t, srv, http.StatusBadRequest, "Invalid stack permission", http.MethodPatch, path+"ops", `{"permissions":7}`)
	for _, permission := range []string{"101", "103"} {
		requireNoContent(t, srv, http.MethodPatch, path+"ops", `{"permissions":`+permission+`}`)
		assert.JSONEq(t, `{"projectName":"web","teams":[{"name":"ops","displayName":"Operations","description":"","isMember":true,"permission":`+permission+`}]}`,
			do(t, srv, http.MethodGet, prodPath+"/teams", "").body)
	}
	requireNoContent(t, srv, http.MethodPatch, path+"ops", `{"permissions":null}`)
	assert.JSONEq(t, `{"projectName":"web","teams":[]}`, do(t, srv, http.MethodGet, prodPath+"/teams", "").body)
}

func TestServer_PolicyGroupsOfAStack(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	pack := pulumiapitest.RequiredPolicyPack{Name: "rules", DisplayName: "Rules", Version: 2, VersionTag: "1.0", Config: map[string]map[string]any{"r": {"max": 3}}}
	require.NoError(t, srv.AddPolicyGroup("acme", pulumiapitest.PolicyGroup{Name: "default", Default: true}))
	require.ErrorContains(t, srv.AddPolicyGroup("acme", pulumiapitest.PolicyGroup{Name: "default"}), "exists")
	require.ErrorContains(t, srv.AddPolicyGroup("acme", pulumiapitest.PolicyGroup{Name: "x", Mode: "lax"}), "no mode")
	require.ErrorContains(t, srv.AddPolicyGroup("acme", pulumiapitest.PolicyGroup{}), "policy group name")
	type groups struct{ PolicyGroups []struct{ Name string } }
	type packs struct {
		RequiredPolicies []struct{ Name, PackLocation string }
	}
	assert.Equal(t, "default", getJSON[groups](t, srv, prodPath+"/policygroups").PolicyGroups[0].Name)
	assert.Empty(t, getJSON[packs](t, srv, prodPath+"/policypacks").RequiredPolicies)

	require.NoError(t, srv.AddPolicyGroup("acme", pulumiapitest.PolicyGroup{
		Name: "strict", Mode: "preventative", Stacks: []string{"web/prod"}, Packs: []pulumiapitest.RequiredPolicyPack{pack},
	}))
	assert.JSONEq(t, `{"policyGroups":[{"name":"strict","mode":"preventative","entityType":"stacks","isOrgDefault":false,
		"numAccounts":0,"numEnabledPolicyPacks":1,"numStacks":1}]}`, do(t, srv, http.MethodGet, prodPath+"/policygroups", "").body)
	assert.JSONEq(t, `{"requiredPolicies":[{"name":"rules","displayName":"Rules","version":2,"versionTag":"1.0","config":{"r":{"max":3}},
		"packLocation":"https://packs.pulumi.test/rules/2"}]}`, do(t, srv, http.MethodGet, prodPath+"/policypacks?mode=preventative", "").body)
	assert.Empty(t, getJSON[packs](t, srv, prodPath+"/policypacks?mode=audit").RequiredPolicies)
	requireError(t, srv, http.StatusBadRequest, "Invalid mode", http.MethodGet, prodPath+"/policypacks?mode=lax", "")
}

func TestServer_SearchStacks(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	require.NoError(t, srv.AddStack(pulumiapitest.Stack{Org: "acme", Project: "api", Name: "dev", ResourceCount: 7}))
	require.NoError(t, srv.AddStack(pulumiapitest.Stack{Org: "other", Project: "web", Name: "prod"}))
	const path = "/api/console/orgs/acme/stacks/search"
	type rows struct {
		RowCount int
		RowData  []map[string]any
	}
	all := decode[rows](t, do(t, srv, http.MethodPost, path, `{"startRow":0,"endRow":1,"sortModel":[{"colId":"resourceCount","sort":"desc"}]}`))
	assert.Equal(t, 2, all.RowCount)
	require.Len(t, all.RowData, 1)
	assert.Equal(t, "dev", all.RowData[0]["stackName"])
	groups := decode[rows](t, do(t, srv, http.MethodPost, path, `{"rowGroupCols":[{"id":"projectName"}],
		"filterModel":{"type":"AND","conditions":[{"filterType":"text","colId":"stackName","type":"equals","filter":"prod"}]}}`))
	assert.Equal(t, []map[string]any{{"projectName": "web", "count": float64(1)}}, groups.RowData)
	assert.JSONEq(t, `{"rowCount":2,"rowData":[]}`, do(t, srv, http.MethodPost, path, `{"startRow":2,"endRow":3}`).body)
	requireError(t, srv, http.StatusBadRequest, "no column 'x'", http.MethodPost, path, `{"sortModel":[{"colId":"x","sort":"asc"}]}`)
}
