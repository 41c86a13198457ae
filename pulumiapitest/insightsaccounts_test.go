package pulumiapitest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

const (
	odd   = "a/b 100%"
	child = odd + "/child"
)

// newAccountServer returns a server with an account and a child of it.
func newAccountServer(t *testing.T) *pulumiapitest.Server {
	t.Helper()
	srv := newServer(t)
	for _, name := range []string{odd, child} {
		require.NoError(t, srv.AddInsightsAccount("acme", pulumiapitest.InsightsAccount{Name: name, Provider: "aws", Environment: "a/b"}))
	}
	return srv
}

func TestServer_BulkCreateAccounts(t *testing.T) {
	t.Parallel()
	srv := newAccountServer(t)
	answer := decode[struct {
		Accounts []accountOf
		Failures []struct{ Name, Error string }
	}](t, do(t, srv, http.MethodPost, accountsPath, `{"accounts":[{"name":"new","provider":"aws","environment":"a/b","scanSchedule":"12h","agentPoolID":"p",
		"providerConfig":{"regions":["a"]}},{"name":"a/b 100%","provider":"aws","environment":"a/b"},{"name":"x","provider":"nimbus","environment":"a/b"},
		{"name":"..","provider":"aws","environment":"a/b"}],"skipAutoEnablePolicyPacks":true}`))
	require.Len(t, answer.Accounts, 1)
	created := answer.Accounts[0]
	assert.Equal(t, "new aws a/b p", created.Name+" "+created.Provider+" "+created.ProviderEnvRef+" "+created.AgentPoolID)
	assert.JSONEq(t, `{"regions":["a"]}`, string(created.ProviderConfig))
	assert.True(t, created.ScheduledScanEnabled)
	assert.Equal(t, created, getJSON[accountOf](t, srv, accountPath("new")), "it is there")
	requireAudit(t, srv, "Insights Account Created", `Created Insights account "new"`)
	require.Len(t, answer.Failures, 3)
	for i, want := range []string{"already exists", "invalid provider", "invalid account name"} {
		assert.Contains(t, answer.Failures[i].Error, want)
	}
	assert.Equal(t, []string{odd, child, "new"}, getJSON[accountList](t, srv, accountsPath).names())

	many := `{"accounts":[` + strings.TrimSuffix(strings.Repeat(`{"name":"x","provider":"aws","environment":"a/b"},`, 101), ",") + `]}`
	requireError(t, srv, http.StatusBadRequest, "accounts is empty", http.MethodPost, accountsPath, `{"accounts":[]}`)
	requireError(t, srv, http.StatusBadRequest, "more than 100", http.MethodPost, accountsPath, many)
	requireError(t, srv, http.StatusNotFound, "Organization", http.MethodPost, "/api/preview/insights/none/accounts", `{"accounts":[]}`)
	assert.Len(t, getJSON[accountList](t, srv, accountsPath).Accounts, 3)
}

func TestServer_UpdateAccount(t *testing.T) {
	t.Parallel()
	srv := newAccountServer(t)
	path := accountPath(odd)
	requireNoContent(t, srv, http.MethodPatch, path, `{"environment":"c/d@3","scanSchedule":"daily","agentPoolID":"p","providerConfig":{"a":1}}`)
	changed := getJSON[accountOf](t, srv, path)
	assert.Equal(t, "c/d@3 p", changed.ProviderEnvRef+" "+changed.AgentPoolID)
	assert.JSONEq(t, `{"a":1}`, string(changed.ProviderConfig))
	assert.True(t, changed.ScheduledScanEnabled)
	requireAudit(t, srv, "Insights Account Updated", `Changed Insights account "`+odd+`"`)

	requireNoContent(t, srv, http.MethodPatch, path, `{"environment":"c/e","providerConfig":null}`)
	changed.ProviderEnvRef = "c/e"
	assert.Equal(t, changed, getJSON[accountOf](t, srv, path), "what is left out stays")
	requireNoContent(t, srv, http.MethodPatch, path, `{"environment":"c/e","scanSchedule":"none","agentPoolID":""}`)
	changed = getJSON[accountOf](t, srv, path)
	assert.False(t, changed.ScheduledScanEnabled)
	assert.Empty(t, changed.AgentPoolID)

	for body, message := range map[string]string{
		`{}`:                  "invalid environment",
		`{"environment":"c"}`: "invalid environment",
		`{"environment":"c/d","scanSchedule":"hourly"}`: "invalid scanSchedule",
		`{"environment":"c/d","providerConfig":[]}`:     "invalid providerConfig",
		`{"environment":"c/d","provider":"gcp"}`:        "does not know",
	} {
		requireError(t, srv, http.StatusBadRequest, message, http.MethodPatch, path, body)
	}
	assert.Equal(t, changed, getJSON[accountOf](t, srv, path), "what is refused changes nothing")
	requireError(t, srv, http.StatusNotFound, "Account 'none' not found", http.MethodPatch, accountPath("none"), `{"environment":"c/d"}`)
}

func TestServer_DeleteAccount(t *testing.T) {
	t.Parallel()
	srv := newAccountServer(t)
	assert.Equal(t, http.StatusNoContent, do(t, srv, http.MethodHead, accountPath(odd), "").status)
	requireNoContent(t, srv, http.MethodDelete, accountPath(odd), "")
	requireAudit(t, srv, "Insights Account Deleted", `Deleted Insights account "`+odd+`"`)
	assert.Equal(t, http.StatusNotFound, do(t, srv, http.MethodHead, accountPath(odd), "").status)
	requireError(t, srv, http.StatusNotFound, "Account", http.MethodDelete, accountPath(odd), "")
	assert.Equal(t, []string{child}, getJSON[accountList](t, srv, accountsPath).names(), "no other is gone")
	requireNoContent(t, srv, http.MethodPost, accountPath(odd), newAccount)
}

func TestServer_ReassignAccountOwnership(t *testing.T) {
	t.Parallel()
	srv := newAccountServer(t)
	path := accountPath(odd) + "/ownership"
	requireError(t, srv, http.StatusNotFound, "User 'ada' not found", http.MethodPost, path, `{"githubLogin":"ada","name":"","avatarUrl":""}`)
	require.NoError(t, srv.AddMember("acme", pulumiapitest.Member{User: pulumiapitest.User{Login: "ada"}}))
	requireError(t, srv, http.StatusBadRequest, "required", http.MethodPost, path, `{"githubLogin":"ada"}`)
	requireError(t, srv, http.StatusNotFound, "Account", http.MethodPost, accountPath("none")+"/ownership", `{"githubLogin":"ada","name":"","avatarUrl":""}`)
	for _, owners := range [][2]string{{srv.User(), "ada"}, {"ada", "ada"}, {"ada", srv.User()}} {
		before := do(t, srv, http.MethodPost, path, fmt.Sprintf(`{"githubLogin":%q,"name":"","avatarUrl":""}`, owners[1]))
		assert.Equal(t, owners[0], decode[struct{ GithubLogin string }](t, before).GithubLogin)
		assert.Equal(t, owners[1], getJSON[accountOf](t, srv, accountPath(odd)).OwnedBy.GithubLogin)
	}
	requireAudit(t, srv, "Insights Account Ownership Changed", `Gave Insights account "`+odd+`" to another owner`)
}

func TestServer_AccountTags_AreTheParents(t *testing.T) {
	t.Parallel()
	srv := newAccountServer(t)
	ofParent, ofChild := accountPath(odd)+"/tags", accountPath(child)+"/tags"
	type tags struct {
		Tags map[string]struct{ Name, Value, Created, Modified string }
	}
	assert.JSONEq(t, `{"tags":{}}`, do(t, srv, http.MethodGet, ofParent, "").body)
	requireNoContent(t, srv, http.MethodPut, ofParent, `{"tags":{"owner":"ada","cost:center":"7"}}`)
	first := getJSON[tags](t, srv, ofParent)
	assert.Equal(t, "owner ada", first.Tags["owner"].Name+" "+first.Tags["owner"].Value)
	assert.NotEmpty(t, first.Tags["owner"].Created)
	assert.Equal(t, first.Tags["owner"].Value, getJSON[tags](t, srv, ofChild).Tags["owner"].Value)

	requireNoContent(t, srv, http.MethodPut, ofParent, `{"tags":{"owner":"grace"}}`)
	second := getJSON[tags](t, srv, ofChild)
	assert.Len(t, second.Tags, 1, "it replaces all")
	assert.Equal(t, "grace", second.Tags["owner"].Value)
	assert.Equal(t, first.Tags["owner"].Created, getJSON[tags](t, srv, ofParent).Tags["owner"].Created, "it is the same tag")
	requireAudit(t, srv, "Insights Account Tags Changed", `Changed the tags of Insights account "`+odd+`"`)

	requireError(t, srv, http.StatusForbidden, "parent", http.MethodPut, ofChild, `{"tags":{}}`)
	requireError(t, srv, http.StatusBadRequest, "invalid tag", http.MethodPut, ofParent, `{"tags":{"no name":""}}`)
	requireError(t, srv, http.StatusBadRequest, "invalid tag", http.MethodPut, ofParent, `{"tags":{"long":"`+strings.Repeat("x", 257)+`"}}`)
	requireError(t, srv, http.StatusNotFound, "Account", http.MethodPut, accountPath("none")+"/tags", `{"tags":{}}`)
	requireError(t, srv, http.StatusNotFound, "Account", http.MethodGet, accountPath("none")+"/tags", "")
	assert.Equal(t, second, getJSON[tags](t, srv, ofChild))
	requireNoContent(t, srv, http.MethodPut, ofParent, `{"tags":{}}`)
	assert.Empty(t, getJSON[tags](t, srv, ofChild).Tags)
}

func TestServer_AccountTeams_AreTheParents(t *testing.T) {
	t.Parallel()
	srv := newAccountServer(t)
	require.NoError(t, srv.AddTeam("acme", pulumiapitest.Team{Name: "ops"}))
	ofParent, ofChild := accountPath(odd)+"/teams", accountPath(child)+"/teams"
	requireNoContent(t, srv, http.MethodPatch, ofParent+"/ops", `{"permissions":2}`)
	requireAudit(t, srv, "Insights Account Team Access Changed", `Changed the access of a team to Insights account "`+odd+`"`)
	const team = `{"name":"ops","displayName":"","description":"","isMember":false,"permission":2}`
	assert.JSONEq(t, `{"accountName":"a/b 100%","teams":[`+team+`]}`, do(t, srv, http.MethodGet, ofParent, "").body)
	assert.JSONEq(t, `{"accountName":"a/b 100%/child","teams":[`+team+`]}`, do(t, srv, http.MethodGet, ofChild, "").body)

	requireError(t, srv, http.StatusForbidden, "parent", http.MethodPatch, ofChild+"/ops", `{"permissions":1}`)
	for _, bad := range []string{"4", "-1"} {
		requireError(t, srv, http.StatusBadRequest, "permission", http.MethodPatch, ofParent+"/ops", `{"permissions":`+bad+`}`)
	}
	requireError(t, srv, http.StatusNotFound, "none", http.MethodPatch, ofParent+"/none", `{"permissions":1}`)
	requireError(t, srv, http.StatusNotFound, "Account", http.MethodPatch, accountPath("none")+"/teams/ops", `{"permissions":1}`)
	requireError(t, srv, http.StatusNotFound, "Account", http.MethodGet, accountPath("none")+"/teams", "")

	for _, body := range []string{`{}`, `{"permissions":null}`} {
		requireNoContent(t, srv, http.MethodPatch, ofParent+"/ops", `{"permissions":0}`)
		assert.Contains(t, do(t, srv, http.MethodGet, ofChild, "").body, `"permission":0`, "0 is a permission, too")
		requireNoContent(t, srv, http.MethodPatch, ofParent+"/ops", body)
		assert.JSONEq(t, `{"accountName":"a/b 100%/child","teams":[]}`, do(t, srv, http.MethodGet, ofChild, "").body)
	}
	requireNoContent(t, srv, http.MethodPatch, ofParent+"/ops", `{"permissions":3}`)
	requireNoContent(t, srv, http.MethodDelete, "/api/orgs/acme/teams/ops", "")
	require.NoError(t, srv.AddTeam("acme", pulumiapitest.Team{Name: "ops"}))
	assert.JSONEq(t, `{"accountName":"a/b 100%","teams":[]}`, do(t, srv, http.MethodGet, ofParent, "").body, "another team of the name has no access")
}

func TestServer_ListAccountPolicyPacks(t *testing.T) {
	t.Parallel()
	srv := newAccountServer(t)
	require.NoError(t, srv.AddPolicyGroup("acme", pulumiapitest.PolicyGroup{
		Name: "g", Accounts: []string{odd}, Packs: []pulumiapitest.RequiredPolicyPack{{Name: "rules", Version: 2}},
	}))
	packs := getJSON[struct {
		Packs []struct {
			Name, PackLocation string
			Version            int
		}
	}](t, srv, accountPath(odd)+"/policy/packs").Packs
	require.Len(t, packs, 1)
	assert.Equal(t, "rules 2", fmt.Sprint(packs[0].Name, " ", packs[0].Version))
	assert.NotEmpty(t, packs[0].PackLocation)
	assert.JSONEq(t, `{"packs":[]}`, do(t, srv, http.MethodGet, accountPath(child)+"/policy/packs", "").body)
	requireError(t, srv, http.StatusNotFound, "Account", http.MethodGet, accountPath("none")+"/policy/packs", "")
}
