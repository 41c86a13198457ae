package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/examples/internal/programtest"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

func TestMain(m *testing.M) { programtest.Main(m) }

const day = 24 * time.Hour

const (
	listUpdates = "GET /api/stacks/{orgName}/{projectName}/{stackName}/updates"
	listIssues  = "POST /api/orgs/{orgName}/policyresults/issues"
)

func TestDemo_Open(t *testing.T) {
	t.Parallel()
	assert.Equal(t, programtest.Result{Stdout: `Gate for 2 stacks of acme-corp, from a Pulumi Cloud in memory

ok    network/prod-eu-west-1  update 158 succeeded 9 days ago
ok    payments-api/staging  update 884 succeeded 4 hours ago

The gate is open.
`}, programtest.Run(t))
}

func TestDemo_Closed(t *testing.T) {
	t.Parallel()
	const want = `Gate for 4 stacks of acme-corp, from a Pulumi Cloud in memory

FAIL  identity/dev
      - policy no-public-access of acme-guard-rails (severity critical) is violated by userpoolclient-1: No public access / Anybody on the internet can reach this.
FAIL  identity/prod
      - policy no-public-access of acme-guard-rails (severity critical) is violated by key-3: No public access / Anybody on the internet can reach this.
FAIL  identity/sso-sandbox
      - there was no update
FAIL  identity/staging
      - the last update failed: refresh 121 by barbara

The gate is closed: 4 of 4 stacks not in order.
`
	assert.Equal(t, programtest.Result{Stdout: want, Status: 3}, programtest.Run(t, "-project", "identity"))
	assert.Equal(t, programtest.Result{Stdout: want, Status: 3}, programtest.Run(t, "-project", "identity", "identity/dev", "identity/dev"),
		"each stack once")

	const annotations = `Gate for 4 stacks of acme-corp, from a Pulumi Cloud in memory

::error title=identity/dev::identity/dev: policy no-public-access of acme-guard-rails (severity critical) is violated by userpoolclient-1: No public access / Anybody on the internet can reach this.
::error title=identity/prod::identity/prod: policy no-public-access of acme-guard-rails (severity critical) is violated by key-3: No public access / Anybody on the internet can reach this.
::error title=identity/sso-sandbox::identity/sso-sandbox: there was no update
::error title=identity/staging::identity/staging: the last update failed: refresh 121 by barbara

The gate is closed: 4 of 4 stacks not in order.
`
	assert.Equal(t, programtest.Result{Stdout: annotations, Status: 3}, programtest.Run(t, "-project", "identity", "-format", "github"))
	command := programtest.Command{Args: []string{"-project", "identity"}, Env: []string{"GITHUB_ACTIONS=true"}}
	assert.Equal(t, programtest.Result{Stdout: annotations, Status: 3}, command.Run(t))
	command.Args = append(command.Args, "-format", "text")
	assert.Equal(t, programtest.Result{Stdout: want, Status: 3}, command.Run(t))
}

// Each check can be switched off.
func TestDemo_Switches(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args   string
		status int
		says   []string
	}{
		{"network/peering-test", 3, []string{"the last update failed: update 7 by grace: Try transit gateway", "611 days ago, more than 30d", "policy no-public-access"}},
		{"-failed=false network/peering-test", 3, []string{"611 days ago, more than 30d", "policy no-public-access"}},
		{"-max-age 0 network/peering-test", 3, []string{"the last update failed", "policy no-public-access"}},
		{"-policy=false network/peering-test", 3, []string{"the last update failed", "611 days ago, more than 30d"}},
		{"-failed=false -policy=false -max-age 612d network/peering-test", 0, []string{"ok    network/peering-test  update 7 failed 611 days ago"}},
		{"-failed=false -policy=false -max-age 36h network/staging", 3, []string{"6 days ago, more than 36h0m0s"}},
		{"-max-age 0 -policy=false identity/sso-sandbox", 0, []string{"ok    identity/sso-sandbox  never updated"}},
		{"-max-age 4m -policy=false payments-api/prod-us", 3, []string{"began 4 minutes ago, more than 4m0s"}},
		{"-max-age 1h -policy=false payments-api/prod-us", 0, []string{"ok    payments-api/prod-us  updated now"}},
	} {
		got := programtest.Run(t, strings.Fields(c.args)...)
		assert.Equal(t, c.status, got.Status, c.args)
		for _, says := range c.says {
			assert.Contains(t, got.Stdout, says, c.args)
		}
		if c.status == 3 {
			assert.Equal(t, len(c.says), strings.Count(got.Stdout, "\n      - "), "%s: and nothing else: %s", c.args, got.Stdout)
		}
	}
}

// cloud returns one with a stack acme/web/prod that was updated like that, the oldest
// update first.
func cloud(t *testing.T, updates ...pulumiapitest.Update) *pulumiapitest.Server {
	t.Helper()
	srv := pulumiapitest.NewServer()
	t.Cleanup(srv.Close)
	require.NoError(t, srv.AddStack(pulumiapitest.Stack{Org: "acme", Project: "web", Name: "prod"}))
	for _, update := range updates {
		_, err := srv.AddUpdate("acme", "web", "prod", update)
		require.NoError(t, err)
	}
	return srv
}

// While an update runs, the one before it counts.
func TestLive_RunningUpdate(t *testing.T) {
	t.Parallel()
	for result, status := range map[pulumiapitest.Result]int{pulumiapitest.Failed: 3, pulumiapitest.Succeeded: 0} {
		srv := cloud(t, pulumiapitest.Update{Started: time.Now().Add(-40 * day), Result: result})
		_, err := srv.StartUpdate("acme", "web", "prod", pulumiapitest.Update{})
		require.NoError(t, err)
		got := programtest.RunLive(t, srv, "-org", "acme", "web/prod")
		assert.Equal(t, status, got.Status)
		assert.Equal(t, result == pulumiapitest.Failed, strings.Contains(got.Stdout, "the last update failed: update 1"), got.Stdout)
		assert.NotContains(t, got.Stdout, "more than 30d")
		for _, request := range srv.Requests() {
			assert.True(t, request.Method == http.MethodGet || strings.HasSuffix(request.Path, "/policyresults/issues"), "it only reads")
		}
	}
}

// Only the open mandatory issues of the stacks in question close the gate.
func TestLive_PolicyIssues(t *testing.T) {
	t.Parallel()
	srv := cloud(t, pulumiapitest.Update{})
	for _, issue := range []pulumiapitest.PolicyIssue{
		{Project: "web", Stack: "prod", Level: "advisory"},
		{Project: "web", Stack: "prod", Level: "mandatory", Status: "fixed"},
		{Project: "web", Stack: "prod", Level: "mandatory", Status: "ignored"},
		{Project: "web", Stack: "dev", Level: "mandatory"},
		{Project: "api", Stack: "prod", Level: "mandatory"},
		{Account: "web/prod", Level: "mandatory"},
	} {
		issue.Pack, issue.Policy, issue.Resource, issue.Message = "rails", "tags", "bucket", "No tags."
		_, err := srv.AddPolicyIssue("acme", issue)
		require.NoError(t, err)
	}
	got := programtest.RunLive(t, srv, "-org", "acme", "web/prod")
	assert.Equal(t, 0, got.Status, got.Stdout)

	for _, status := range []string{"open", "in_progress"} {
		for _, resource := range []string{"bucket", "queue"} {
			_, err := srv.AddPolicyIssue("acme", pulumiapitest.PolicyIssue{
				Project: "web", Stack: "prod", Level: "mandatory", Status: status, Pack: "rails", Policy: "tags", Resource: resource,
			})
			require.NoError(t, err)
		}
	}
	got = programtest.RunLive(t, srv, "-org", "acme", "web/prod")
	assert.Equal(t, 3, got.Status)
	assert.Regexp(t, `\n      - policy tags of rails is violated by (bucket|queue) and 3 others\n\n`, got.Stdout)
	asked := srv.Requests()
	assert.Contains(t, string(asked[len(asked)-1].Body)+string(asked[len(asked)-2].Body), `"colId":"level","type":"equals","filter":"mandatory"`)

	// A service that does not know that column may tell of all of them.
	srv.Inject(pulumiapitest.Fault{Endpoint: listIssues, Body: `{"policyIssues":[
		{"entityType":"stack","entityProject":"web","entityId":"prod","level":"advisory","policyName":"tags"}
	],"rowCount":1}`})
	got = programtest.RunLive(t, srv, "-org", "acme", "web/prod")
	assert.Equal(t, 0, got.Status, got.Stdout)
}

const evil = "x\x1b[2J\u009b1m\u202e\n::error::pwned\r\n##[error]pwned, 100% a:b <b>"

func TestLive_OtherPeoplesText(t *testing.T) {
	t.Parallel()
	srv := cloud(t, pulumiapitest.Update{Result: pulumiapitest.Failed, Message: evil, RequestedBy: pulumiapitest.User{Login: evil}})
	_, err := srv.AddPolicyIssue("acme", pulumiapitest.PolicyIssue{
		Project: "web", Stack: "prod", Level: "mandatory", Pack: evil, Policy: evil, Resource: evil, Message: "::error::pwned", Severity: "high",
	})
	require.NoError(t, err)
	require.NoError(t, srv.AddStack(pulumiapitest.Stack{Org: "acme", Project: "web", Name: evil}))
	const harmless = "x1m ::error::pwned  ## [error]pwned, 100% a:b <b>"
	got := programtest.RunLive(t, srv, "-org", "acme", "-project", "web")
	assert.Equal(t, 3, got.Status, got.Stderr)
	assert.Equal(t, "Gate for 2 stacks of acme, from "+srv.URL()+"\n\n"+
		"FAIL  web/prod\n"+
		"      - the last update failed: update 1 by "+harmless+": "+harmless+"\n"+
		"      - policy "+harmless+" of "+harmless+" (severity high) is violated by "+harmless+": ::error::pwned\n"+
		"FAIL  web/"+harmless+"\n"+
		"      - there was no update\n"+
		"\nThe gate is closed: 2 of 2 stacks not in order.\n", got.Stdout)

	got = programtest.RunLive(t, srv, "-org", "acme", "-project", "web", "-format", "github")
	lines := strings.Split(got.Stdout, "\n")
	require.Len(t, lines, 8)
	escaped := strings.ReplaceAll(harmless, "%", "%25")
	assert.Equal(t, []string{
		"::error title=web/prod::web/prod: the last update failed: update 1 by " + escaped + ": " + escaped,
		"::error title=web/prod::web/prod: policy " + escaped + " of " + escaped + " (severity high) is violated by " + escaped + ": ::error::pwned",
		"::error title=web/x1m %3A%3Aerror%3A%3Apwned  ## [error]pwned%2C 100%25 a%3Ab <b>::web/" + escaped + ": there was no update",
	}, lines[2:5])
	assert.NotContains(t, got.Stdout, "##[")
	assert.NotContains(t, got.Stdout, "\x1b")
}

func TestCommandLine(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args string
		says string
	}{
		{"-format xml", `-format must be text or github, not "xml"`},
		{"-failed=false -policy=false -max-age 0", `there is nothing left to check`},
		{"-max-age old", `must be a time such as 90d, 12w or 36h`},
		{"-project=", `must not be empty`},
		{"-live", `add -org and its name`},
		{"-live -org acme", `no stacks: name them as project/stack, or add -project`},
		{"-org other", `no stacks: name them`},
		{"prod", `"prod" is not project/stack`},
		{"acme-corp/webshop/prod", `"acme-corp/webshop/prod" is not project/stack`},
		{"-org acme-corp/webshop prod", `"prod" is not project/stack`},
		{"webshop/prod -policy=false", `"-policy=false" is not project/stack`},
	} {
		got := programtest.Run(t, strings.Fields(c.args)...)
		assert.Equal(t, 2, got.Status, c.args)
		assert.Empty(t, got.Stdout, c.args)
		assert.Contains(t, got.Stderr, c.says, c.args)
	}
	assert.Equal(t, programtest.Result{Stdout: help}, programtest.Run(t, "-h"))
}

// What can't be checked is no open gate, and no closed one.
func TestLive_Failures(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault pulumiapitest.Fault
		args  []string
		says  string
	}{
		"unauthorized":  {pulumiapitest.Fault{Status: http.StatusUnauthorized}, []string{"web/prod"}, "The access token is not valid"},
		"no such stack": {pulumiapitest.Fault{Times: 1}, []string{"web/prod", "web/prodd"}, "404: Stack 'acme/web/prodd' not found"},
		"no project":    {pulumiapitest.Fault{Times: 1}, []string{"-project", "wbe"}, "ci: no stacks in project wbe of acme\n"},
		"no list":       {pulumiapitest.Fault{Endpoint: "GET /api/user/stacks", Status: http.StatusForbidden}, []string{"-project", "web"}, ": 403: "},
		"updates down":  {pulumiapitest.Fault{Endpoint: listUpdates, Status: http.StatusServiceUnavailable}, []string{"web/prod"}, "/updates: 503: "},
		"no policies":   {pulumiapitest.Fault{Endpoint: listIssues, Status: http.StatusForbidden}, []string{"web/prod"}, "/policyresults/issues: 403: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := cloud(t, pulumiapitest.Update{Result: pulumiapitest.Failed})
			srv.Inject(c.fault)
			got := programtest.RunLive(t, srv, append([]string{"-org", "acme"}, c.args...)...)
			assert.Equal(t, 1, got.Status)
			assert.Empty(t, got.Stdout)
			assert.Contains(t, got.Stderr, c.says)
		})
	}
}

func TestNowhereToWrite(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "output")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	readOnly, err := os.Open(path)
	require.NoError(t, err)
	defer func() { assert.NoError(t, readOnly.Close()) }()
	for _, project := range []string{"identity", "network"} {
		got := programtest.Command{Args: []string{"-project", project}, Stdout: readOnly}.Run(t)
		assert.Equal(t, 1, got.Status, "a report that nobody sees is no closed gate")
		assert.Contains(t, got.Stderr, "ci: write ")
	}
}

func TestTerminal(t *testing.T) {
	t.Parallel()
	got := programtest.Command{Args: []string{"-project", "network"}, Terminal: true}.Run(t)
	assert.Equal(t, 3, got.Status)
	assert.Contains(t, got.Stdout, "looking for stacks")
	assert.Contains(t, got.Stdout, "checking stacks")
	assert.Contains(t, got.Stdout, "\rGate for 6 stacks of acme-corp")
	assert.Contains(t, got.Stdout, "\n\x1b[31mFAIL\x1b[0m  network/dev\r\n")
	assert.Contains(t, got.Stdout, "\n\x1b[32mok\x1b[0m    network/staging  update 187 succeeded 6 days ago\r\n")
}

// The service may write an organization's name in another way than the user has. The
// gate is closed all the same.
func TestPolicy_OrganizationInOtherCase(t *testing.T) {
	t.Parallel()
	srv := cloud(t, pulumiapitest.Update{})
	_, err := srv.AddPolicyIssue("acme", pulumiapitest.PolicyIssue{Project: "web", Stack: "prod", Level: "mandatory", Policy: "tags"})
	require.NoError(t, err)
	srv.Inject(pulumiapitest.Fault{Endpoint: "GET /api/user/stacks", Body: `{"stacks":[{"orgName":"ACME","projectName":"web","stackName":"prod"}]}`})
	got := programtest.RunLive(t, srv, "-org", "acme", "-project", "web", "-failed=false")
	assert.Equal(t, 3, got.Status, got.Stdout+got.Stderr)
	assert.Contains(t, got.Stdout, "policy tags of ")
}
