package pulumiapitest_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

const orgPath = "/api/orgs/acme"

func TestServer_GetOrganization(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	for _, st := range []pulumiapitest.Stack{
		{Org: "acme", Project: "api", Name: "dev", Version: 3, Tags: map[string]string{"owner": "ada"}}, {Org: "acme", Project: "web", Name: "dev"}, {Org: "other", Project: "web", Name: "dev"},
	} {
		require.NoError(t, srv.AddStack(st))
	}
	require.NoError(t, srv.AddPolicyGroup("acme", pulumiapitest.PolicyGroup{Name: "g", Stacks: []string{"web/prod"}, Packs: []pulumiapitest.RequiredPolicyPack{{Name: "rules"}}}))
	type stackOf struct {
		Name, ProgramID, RoutingProject string
		LastUpdate                      *struct{ Result string }
		Tags                            map[string]string
		ProtectedByPolicy               bool
	}
	type projectOf struct {
		OrgName, RepoName, Name string
		Stacks                  []stackOf
	}
	org := getJSON[struct {
		GithubLogin, Name, AvatarURL string
		Repos                        []struct {
			OrgName, Name string
			Projects      []projectOf
		}
	}](t, srv, orgPath)
	assert.Equal(t, "acme acme", org.GithubLogin+" "+org.Name)
	assert.NotEmpty(t, org.AvatarURL)
	require.Len(t, org.Repos, 2, "a repository for each project")
	api, web := org.Repos[0].Projects[0], org.Repos[1].Projects[0]
	assert.Equal(t, "acme api api", api.OrgName+" "+api.RepoName+" "+api.Name)
	require.Len(t, api.Stacks, 1)
	require.NotNil(t, api.Stacks[0].LastUpdate)
	assert.Equal(t, "succeeded", api.Stacks[0].LastUpdate.Result)
	assert.Equal(t, "ada", api.Stacks[0].Tags["owner"])
	assert.False(t, api.Stacks[0].ProtectedByPolicy)
	require.Len(t, web.Stacks, 2)
	assert.Equal(t, "prod", web.Stacks[0].Name)
	assert.True(t, web.Stacks[0].ProtectedByPolicy)
	assert.Nil(t, web.Stacks[0].LastUpdate, "it was never updated")
	assert.NotEqual(t, web.Stacks[0].ProgramID, web.Stacks[1].ProgramID)
	requireError(t, srv, http.StatusNotFound, "Organization 'none' not found", http.MethodGet, "/api/orgs/none", "")
}

type metadataOf struct {
	ID, Kind, Product, UserRole                                                                     string
	MemberCount, StackCount, AccountCount                                                           int
	DefaultStackPermission, DefaultAccountPermission                                                int
	DefaultEnvironmentPermission, DefaultDeploymentRoleID                                           string
	PreferredVCS, AIEnablement, NeoApprovalMode, NeoTaskSharingMode                                 string
	MaxAccessTokenExpiryDays                                                                        *int
	MembersCanCreateStacks, MembersCanCreateTeams, MembersCanDeleteStacks, MembersCanTransferStacks bool
	MembersCanCreateAccounts, NaturalLanguageSearchDisabled, NeoAgentDisabled                       bool
	NeoCLIExplanationsDisabled, NeoEnabled                                                          bool
	Features                                                                                        map[string]bool
}

func TestServer_GetOrganizationMetadata(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	require.NoError(t, srv.AddMember("acme", pulumiapitest.Member{User: pulumiapitest.User{Login: "ada"}}))
	require.NoError(t, srv.AddInsightsAccount("acme", pulumiapitest.InsightsAccount{Name: "a", Provider: "aws", Environment: "a/b"}))
	m := getJSON[metadataOf](t, srv, orgPath+"/metadata")
	assert.Equal(t, []int{2, 1, 1}, []int{m.MemberCount, m.StackCount, m.AccountCount})
	assert.Equal(t, "pulumi business-critical admin", m.Kind+" "+m.Product+" "+m.UserRole)
	assert.NotEmpty(t, m.ID)
	for _, feature := range []string{"webhooksEnabled", "teamsEnabled", "machineTokensEnabled", "aleEnabled"} {
		assert.True(t, m.Features[feature], feature)
	}
	own := getJSON[metadataOf](t, srv, "/api/orgs/"+srv.User()+"/metadata")
	assert.Equal(t, "single-user individual", own.Kind+" "+own.Product)
	assert.False(t, own.Features["teamsEnabled"], "a user's own organization has no teams")
	assert.False(t, own.Features["aleEnabled"], "the audit log is exported with business-critical only")
	assert.NotEqual(t, m.ID, own.ID)
	requireError(t, srv, http.StatusNotFound, "Organization", http.MethodGet, "/api/orgs/none/metadata", "")
}

func TestServer_UpdateOrganization(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	before := getJSON[metadataOf](t, srv, orgPath+"/metadata")
	a := do(t, srv, http.MethodPatch, orgPath, `{"setDefaultStackPermission":101,"setMembersCanCreateTeams":false,"setMaxAccessTokenExpiryDays":90}`)
	require.Equal(t, http.StatusOK, a.status, a.body)
	want := before
	want.DefaultStackPermission, want.MembersCanCreateTeams, want.MaxAccessTokenExpiryDays = 101, false, new(90)
	assert.Equal(t, want, decode[metadataOf](t, a), "what was not named stays")
	assert.Equal(t, want, getJSON[metadataOf](t, srv, orgPath+"/metadata"))
	requireAudit(t, srv, "Organization Settings Changed", "Changed the settings of the organization")

	a = do(t, srv, http.MethodPatch, orgPath, `{
		"setAiEnablement":"opt-in","setDefaultAccountPermission":2,"setDefaultAgentPoolID":"p","setDefaultDeploymentRoleId":"r",
		"setDefaultEnvironmentPermission":"open","setMaxAccessTokenExpiryDays":0,"setMembersCanCreateAccounts":true,"setMembersCanCreateStacks":false,
		"setMembersCanDeleteStacks":false,"setMembersCanInviteCollaborators":true,"setMembersCanTransferStacks":true,
		"setNaturalLanguageSearchDisabled":true,"setNeoAgentDisabled":true,"setNeoApprovalMode":"auto","setNeoCLIExplanationsDisabled":true,
		"setNeoEnabled":false,"setNeoTaskSharingMode":"org","setPreferredVCS":"gitlab"}`)
	require.Equal(t, http.StatusOK, a.status, a.body)
	want.AIEnablement, want.DefaultAccountPermission, want.DefaultDeploymentRoleID = "opt-in", 2, "r"
	want.DefaultEnvironmentPermission, want.MaxAccessTokenExpiryDays = "open", nil
	want.MembersCanCreateAccounts, want.MembersCanCreateStacks, want.MembersCanDeleteStacks = true, false, false
	want.MembersCanTransferStacks, want.NaturalLanguageSearchDisabled = true, true
	want.NeoAgentDisabled, want.NeoApprovalMode, want.NeoCLIExplanationsDisabled = true, "auto", true
	want.NeoEnabled, want.NeoTaskSharingMode, want.PreferredVCS = false, "org", "gitlab"
	assert.Equal(t, want, decode[metadataOf](t, a))
}

func TestServer_UpdateOrganization_AllOrNothing(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	before := getJSON[json.RawMessage](t, srv, orgPath+"/metadata")
	for _, wrong := range []string{
		`"setDefaultStackPermission":1`, `"setDefaultAccountPermission":4`, `"setDefaultAccountPermission":-1`, `"setDefaultEnvironmentPermission":"write all"`,
		`"setPreferredVCS":"cvs"`, `"setNeoApprovalMode":"never"`, `"setNeoTaskSharingMode":"all"`,
	} {
		requireError(t, srv, http.StatusBadRequest, "Invalid organization settings", http.MethodPatch, orgPath, `{"setMembersCanCreateStacks":false,`+wrong+`}`)
	}
	assert.JSONEq(t, string(before), string(getJSON[json.RawMessage](t, srv, orgPath+"/metadata")))
	requireNoAudit(t, srv)
	requireError(t, srv, http.StatusNotFound, "Organization", http.MethodPatch, "/api/orgs/none", `{}`)
}

func TestServer_SetProduct(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	require.NoError(t, srv.SetProduct("new", "enterprise"))
	assert.Equal(t, "enterprise", getJSON[metadataOf](t, srv, "/api/orgs/new/metadata").Product)
	require.ErrorContains(t, srv.SetProduct("acme", "gold"), `no product "gold"`)
	require.ErrorContains(t, srv.SetProduct("..", "enterprise"), "organization name")
	assert.Equal(t, "business-critical", getJSON[metadataOf](t, srv, orgPath+"/metadata").Product)
}
