package pulumiapitest_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

const odd = "a/b 100%"

// newAccountServer returns a server with an account and a child of it.
func newAccountServer(t *testing.T) *pulumiapitest.Server {
	t.Helper()
	srv := newServer(t)
	for _, name := range []string{odd, odd + "/child"} {
		require.NoError(t, srv.AddInsightsAccount("acme", pulumiapitest.InsightsAccount{Name: name, Provider: "aws", Environment: "a/b"}))
	}
	return srv
}

func TestServer_AccountsFromBeginningToEnd(t *testing.T) {
	t.Parallel()
	srv := newAccountServer(t)
	answer := decode[struct {
		Accounts []accountOf
		Failures []struct{ Name, Error string }
	}](t, do(t, srv, http.MethodPost, accountsPath, `{"accounts":[{"name":"new","provider":"aws","environment":"a/b","scanSchedule":"12h"},
		{"name":"a/b 100%","provider":"aws","environment":"a/b"},{"name":"x","provider":"nimbus","environment":"a/b"}],"skipAutoEnablePolicyPacks":true}`))
	require.Len(t, answer.Accounts, 1)
	assert.True(t, answer.Accounts[0].ScheduledScanEnabled)
	require.Len(t, answer.Failures, 2)
	assert.Contains(t, answer.Failures[0].Error, "already exists")
	requireError(t, srv, http.StatusBadRequest, "accounts is empty", http.MethodPost, accountsPath, `{"accounts":[]}`)

	requireNoContent(t, srv, http.MethodPatch, accountPath("new"), `{"environment":"c/d","scanSchedule":"none","agentPoolID":"p","providerConfig":{"a":1}}`)
	changed := getJSON[accountOf](t, srv, accountPath("new"))
	assert.Equal(t, "c/d p", changed.ProviderEnvRef+" "+changed.AgentPoolID)
	assert.False(t, changed.ScheduledScanEnabled)
	requireError(t, srv, http.StatusBadRequest, "invalid environment", http.MethodPatch, accountPath("new"), `{}`)

	require.NoError(t, srv.AddMember("acme", pulumiapitest.Member{User: pulumiapitest.User{Login: "ada"}}))
	before := decode[struct{ GithubLogin string }](t, do(t, srv, http.MethodPost, accountPath("new")+"/ownership", `{"githubLogin":"ada","name":"","avatarUrl":""}`))
	assert.Equal(t, srv.User(), before.GithubLogin)
	assert.Equal(t, "ada", getJSON[accountOf](t, srv, accountPath("new")).OwnedBy.GithubLogin)

	assert.Equal(t, http.StatusNoContent, do(t, srv, http.MethodHead, accountPath("new"), "").status)
	requireNoContent(t, srv, http.MethodDelete, accountPath("new"), "")
	assert.Equal(t, http.StatusNotFound, do(t, srv, http.MethodHead, accountPath("new"), "").status)
}

func TestServer_AccountTagsAndTeams_AreTheParents(t *testing.T) {
	t.Parallel()
	srv := newAccountServer(t)
	require.NoError(t, srv.AddTeam("acme", pulumiapitest.Team{Name: "ops"}))
	child := accountPath(odd + "/child")
	requireNoContent(t, srv, http.MethodPut, accountPath(odd)+"/tags", `{"tags":{"owner":"ada"}}`)
	requireError(t, srv, http.StatusForbidden, "parent", http.MethodPut, child+"/tags", `{"tags":{}}`)
	requireError(t, srv, http.StatusBadRequest, "invalid tag", http.MethodPut, accountPath(odd)+"/tags", `{"tags":{"no name":""}}`)
	type tags struct {
		Tags map[string]struct{ Value string }
	}
	assert.Equal(t, "ada", getJSON[tags](t, srv, child+"/tags").Tags["owner"].Value)
	requireNoContent(t, srv, http.MethodPut, accountPath(odd)+"/tags", `{"tags":{}}`)
	assert.Empty(t, getJSON[tags](t, srv, child+"/tags").Tags)

	requireNoContent(t, srv, http.MethodPatch, accountPath(odd)+"/teams/ops", `{"permissions":2}`)
	requireError(t, srv, http.StatusForbidden, "parent", http.MethodPatch, child+"/teams/ops", `{"permissions":1}`)
	requireError(t, srv, http.StatusBadRequest, "permission", http.MethodPatch, accountPath(odd)+"/teams/ops", `{"permissions":4}`)
	assert.JSONEq(t, `{"accountName":"a/b 100%/child","teams":[{"name":"ops","displayName":"","description":"","isMember":false,"permission":2}]}`,
		do(t, srv, http.MethodGet, child+"/teams", "").body)
	requireNoContent(t, srv, http.MethodPatch, accountPath(odd)+"/teams/ops", `{}`)
	assert.JSONEq(t, `{"accountName":"a/b 100%/child","teams":[]}`, do(t, srv, http.MethodGet, child+"/teams", "").body)

	require.NoError(t, srv.AddPolicyGroup("acme", pulumiapitest.PolicyGroup{Name: "g", Accounts: []string{odd}, Packs: []pulumiapitest.RequiredPolicyPack{{Name: "rules"}}}))
	assert.Contains(t, do(t, srv, http.MethodGet, accountPath(odd)+"/policy/packs", "").body, `"rules"`)
	assert.JSONEq(t, `{"packs":[]}`, do(t, srv, http.MethodGet, child+"/policy/packs", "").body)
}

func TestServer_Scans(t *testing.T) {
	t.Parallel()
	srv := newAccountServer(t)
	child := accountPath(odd + "/child")
	requireError(t, srv, http.StatusNotFound, "Scan for account", http.MethodGet, child+"/scan", "")
	require.ErrorContains(t, srv.FinishInsightsScan("acme", odd, pulumiapitest.Succeeded), "not being scanned")
	requireNoContent(t, srv, http.MethodPost, accountPath(odd)+"/scan", `{}`)
	requireError(t, srv, http.StatusBadRequest, "in progress", http.MethodPost, child+"/scan", `{}`)
	require.NoError(t, srv.LogInsightsScan("acme", odd+"/child", "one", "two"))
	require.NoError(t, srv.FinishInsightsScan("acme", odd+"/child", pulumiapitest.Succeeded))
	second := decode[struct{ ID, Status string }](t, do(t, srv, http.MethodPost, child+"/scan", `{"readTimeout":"30s"}`))
	assert.Equal(t, "running", second.Status)
	requireNoContent(t, srv, http.MethodPost, child+"/scan/cancel", "")
	type scans struct {
		ScanStatuses      []struct{ ID, Status, AccountName string }
		ContinuationToken string
	}
	all := getJSON[scans](t, srv, accountPath(odd)+"/scans?pageSize=1")
	require.Len(t, all.ScanStatuses, 1)
	assert.Equal(t, second.ID+" failed", all.ScanStatuses[0].ID+" "+all.ScanStatuses[0].Status)
	all = getJSON[scans](t, srv, accountPath(odd)+"/scans?pageSize=1&continuationToken="+escape(all.ContinuationToken))
	require.Len(t, all.ScanStatuses, 1)
	assert.Equal(t, "succeeded", all.ScanStatuses[0].Status)
	logs := child + "/scans/" + all.ScanStatuses[0].ID + "/logs"
	type lines struct {
		Lines     []struct{ Line, Header string }
		NextToken string
	}
	first := getJSON[lines](t, srv, logs+"?count=1")
	assert.Equal(t, "one", first.Lines[0].Line)
	assert.Equal(t, "two", getJSON[lines](t, srv, logs+"?continuationToken="+escape(first.NextToken)).Lines[0].Line)
	assert.Equal(t, "two", getJSON[lines](t, srv, logs+"?job=0&step=0&offset=1").Lines[0].Line)
	requireError(t, srv, http.StatusBadRequest, "no step", http.MethodGet, logs+"?job=0&step=7", "")
	requireError(t, srv, http.StatusNotFound, "Scan 'x'", http.MethodGet, child+"/scans/x", "")

	requireError(t, srv, http.StatusNotFound, "Scheduled scan", http.MethodGet, child+"/scan/settings", "")
	requireError(t, srv, http.StatusBadRequest, "schedule", http.MethodPut, child+"/scan/settings", `{"paused":false,"scheduleCron":"now"}`)
	requireNoContent(t, srv, http.MethodPut, child+"/scan/settings", `{"paused":false,"scheduleCron":"0 0 * * *","batchSize":3}`)
	assert.Contains(t, do(t, srv, http.MethodGet, child+"/scan", "").body, `"nextScan"`)
	requireNoContent(t, srv, http.MethodPost, child+"/scan/pause", "")
	assert.JSONEq(t, `{"paused":true,"scheduleCron":"0 0 * * *","batchSize":3}`, do(t, srv, http.MethodGet, child+"/scan/settings", "").body)
	assert.NotContains(t, do(t, srv, http.MethodGet, child+"/scan", "").body, `"nextScan"`)
	requireNoContent(t, srv, http.MethodPost, child+"/scan/resume", "")
}
