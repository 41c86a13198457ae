package pulumiapitest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

const accountsPath = "/api/preview/insights/acme/accounts"

// accountPath escapes a name as a good client does: twice.
func accountPath(name string) string {
	return accountsPath + "/" + url.PathEscape(url.PathEscape(name))
}

type accountOf struct {
	ID, Name, Provider, ProviderVersion, ProviderEnvRef, AgentPoolID string
	OwnedBy                                                          struct{ GithubLogin string }
	ScheduledScanEnabled                                             bool
	ProviderConfig                                                   json.RawMessage
	ScanStatus                                                       struct {
		ID, Status            string
		StartedAt, FinishedAt *time.Time
		ResourceCount         *int
	}
}

type accountList struct {
	Accounts  []accountOf
	NextToken *string
}

func (l accountList) names() []string {
	var names []string
	for _, a := range l.Accounts {
		names = append(names, a.Name)
	}
	return names
}

const newAccount = `{"provider":"aws","environment":"insights/aws@2"}`

func TestServer_CreateAccount(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	assert.Equal(t, "{}", do(t, srv, http.MethodGet, accountsPath, "").body, "neither member when there is none")
	names := []string{"FizzBuzz AWS Staging", "a/b", "100%", "%2F", "ü&?#+", "a%20b"}
	for _, name := range names {
		requireNoContent(t, srv, http.MethodPost, accountPath(name),
			`{"provider":"azure-native","environment":"insights/azure","scanSchedule":"12h","agentPoolID":"pool","providerConfig":{"regions":["a"]}}`)
		a := getJSON[accountOf](t, srv, accountPath(name))
		assert.Equal(t, name, a.Name)
		assert.NotEmpty(t, a.ID)
		assert.Equal(t, "azure-native insights/azure pool pulumi-tester", a.Provider+" "+a.ProviderEnvRef+" "+a.AgentPoolID+" "+a.OwnedBy.GithubLogin)
		assert.JSONEq(t, `{"regions":["a"]}`, string(a.ProviderConfig))
		assert.True(t, a.ScheduledScanEnabled)
		assert.Empty(t, a.ScanStatus.Status)
		assert.True(t, a.ScanStatus.FinishedAt.IsZero())
	}
	assert.Equal(t, names, getJSON[accountList](t, srv, accountsPath).names())
	requireAudit(t, srv, "Insights Account Created", `Created Insights account "a%20b"`)
	assert.Equal(t, "FizzBuzz AWS Staging", getJSON[accountOf](t, srv, accountsPath+"/FizzBuzz%20AWS%20Staging").Name, "once is enough for a space")
	requireError(t, srv, http.StatusNotImplemented, "no state for", http.MethodGet, accountsPath+"/a/b", "")
}

func TestServer_CreateAccount_Schedule(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	for schedule, want := range map[string]bool{
		``: false, `,"scanSchedule":"none"`: false, `,"scanSchedule":"daily"`: true, `,"cron":"0 0 * * *"`: true, `,"providerConfig":null`: false,
	} {
		path := accountPath("x" + schedule)
		requireNoContent(t, srv, http.MethodPost, path, `{"provider":"aws","environment":"a/b"`+schedule+`}`)
		assert.Equal(t, want, getJSON[accountOf](t, srv, path).ScheduledScanEnabled, schedule)
	}
}

func TestServer_CreateAccount_Errors(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	for body, message := range map[string]string{
		`{"provider":"azure","environment":"a/b"}`:                         "invalid provider",
		`{"environment":"a/b"}`:                                            "invalid provider",
		`{"provider":"aws"}`:                                               "invalid environment",
		`{"provider":"aws","environment":"a"}`:                             "invalid environment",
		`{"provider":"aws","environment":"a/b@"}`:                          "invalid environment",
		`{"provider":"aws","environment":"a/b","scanSchedule":"hourly"}`:   "invalid scanSchedule",
		`{"provider":"aws","environment":"a/b","providerConfig":["x"]}`:    "invalid providerConfig",
		`{"provider":"aws","environment":"a/b","agentPoolId":"lowercase"}`: "does not know",
	} {
		requireError(t, srv, http.StatusBadRequest, message, http.MethodPost, accountPath("x"), body)
	}
	for _, name := range []string{"%252E%252E", "%252e", "a%250Ab"} { // "..", "." and a line feed, escaped twice
		requireError(t, srv, http.StatusBadRequest, "invalid account name", http.MethodPost, accountsPath+"/"+name, newAccount)
	}
	requireError(t, srv, http.StatusNotFound, "Organization", http.MethodPost, "/api/preview/insights/none/accounts/x", newAccount)
	requireError(t, srv, http.StatusNotFound, "Account 'x' not found", http.MethodGet, accountPath("x"), "")
	requireNoAudit(t, srv)
	requireNoContent(t, srv, http.MethodPost, accountPath("x"), newAccount)
	requireError(t, srv, http.StatusConflict, "already exists", http.MethodPost, accountPath("x"), newAccount)
}

func TestServer_ListAccounts(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	require.NoError(t, srv.AddInsightsAccount("acme", pulumiapitest.InsightsAccount{Name: "parent", Provider: "aws"}))
	for i := range 124 {
		require.NoError(t, srv.AddInsightsAccount("acme", pulumiapitest.InsightsAccount{Name: fmt.Sprintf("parent/%03d", i)}))
	}
	size := func(query string) int { return len(getJSON[accountList](t, srv, accountsPath+query).Accounts) }
	assert.Equal(t, 10, size(""))
	assert.Equal(t, 120, size("?count=120&roleID=x"))
	first := getJSON[accountList](t, srv, accountsPath+"?count=124&parent=parent")
	assert.Len(t, first.Accounts, 124)
	assert.Nil(t, first.NextToken)
	assert.Equal(t, "parent/000", first.Accounts[0].Name)
	first = getJSON[accountList](t, srv, accountsPath+"?count=100")
	assert.Equal(t, 25, size("?count=100&continuationToken="+escape(*first.NextToken)))
	for _, bad := range []string{"count=0", "count=1001", "count=x", "nextToken=x"} {
		assert.Equal(t, http.StatusBadRequest, do(t, srv, http.MethodGet, accountsPath+"?"+bad, "").status, bad)
	}
	requireError(t, srv, http.StatusBadRequest, "[1, 1000]", http.MethodGet, accountsPath+"?count=1001", "")
	requireError(t, srv, http.StatusNotFound, "Account 'x' not found", http.MethodGet, accountsPath+"?parent=x", "")
	assert.Equal(t, "{}", do(t, srv, http.MethodGet, accountsPath+"?parent=parent/000", "").body)
}

func TestServer_AddInsightsAccount(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	started := time.Date(2025, 2, 3, 12, 1, 0, 0, time.UTC)
	require.NoError(t, srv.AddInsightsAccount("acme", pulumiapitest.InsightsAccount{
		Name: "done", Owner: pulumiapitest.User{Login: "ada"}, ProviderVersion: "7.8.0",
		Scan: &pulumiapitest.InsightsScan{Status: "succeeded", Started: started, Finished: started.Add(time.Minute), ResourceCount: 250},
	}))
	require.NoError(t, srv.AddInsightsAccount("acme", pulumiapitest.InsightsAccount{
		Name: "busy", Scan: &pulumiapitest.InsightsScan{ID: "scan", Status: "running", Started: started},
	}))
	done, busy := getJSON[accountOf](t, srv, accountPath("done")), getJSON[accountOf](t, srv, accountPath("busy"))
	assert.Equal(t, "ada 7.8.0 succeeded", done.OwnedBy.GithubLogin+" "+done.ProviderVersion+" "+done.ScanStatus.Status)
	assert.Equal(t, started.Add(time.Minute), *done.ScanStatus.FinishedAt)
	assert.Equal(t, 250, *done.ScanStatus.ResourceCount)
	assert.Equal(t, "scan", busy.ScanStatus.ID)
	assert.Equal(t, started, *busy.ScanStatus.StartedAt)
	assert.Nil(t, busy.ScanStatus.FinishedAt, "null while it runs")
	require.ErrorContains(t, srv.AddInsightsAccount("acme", pulumiapitest.InsightsAccount{Name: "done"}), "exists")
	require.ErrorContains(t, srv.AddInsightsAccount("acme", pulumiapitest.InsightsAccount{}), "account name")
	require.ErrorContains(t, srv.AddInsightsAccount("", pulumiapitest.InsightsAccount{Name: "x"}), "organization name")
	require.ErrorContains(t, srv.AddInsightsAccount("acme", pulumiapitest.InsightsAccount{Name: "x", ProviderConfig: json.RawMessage("{")}), "not JSON")
}
