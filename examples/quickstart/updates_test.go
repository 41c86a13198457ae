package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

const (
	listUpdates = "GET /api/stacks/{orgName}/{projectName}/{stackName}/updates"
	listEvents  = "GET /api/stacks/{orgName}/{projectName}/{stackName}/update/{updateID}/events"
)

// reported runs the program against a server, on a screen.
func reported(ctx context.Context, srv *pulumiapitest.Server, org string, s screen) (string, error) {
	var out bytes.Buffer
	s.Writer = &out
	err := report(ctx, srv.Client(), settings{org: org}, "here", s, &progress{})
	return out.String(), err
}

func TestReport_Updates(t *testing.T) {
	t.Parallel()
	srv := pulumiapitest.Demo()
	defer srv.Close()
	got, err := reported(t.Context(), srv, pulumiapitest.DemoOrganization, screen{})
	require.NoError(t, err)
	assert.Regexp(t, `
The latest update: payments-api/prod-us

  what     update: Retry failed payouts \(#1494\)
  who      Margaret Chen \(margaret\)
  when     \d minutes ago, \d{4}-\d\d-\d\d \d\d:\d\d
  result   running
  changes  ~5 updated so far

The last update of landing-zone/sandbox-accounts had problems:

  what     update: Accounts for the interns
  who      Grace Okafor \(grace\)
  when     27 hours ago, .*

  ~ updated         workloads-0  acme:landing:Account
(  .*
)+  POLICY advisory   required-tags: There is no tag costCenter. \(security-1, low severity\)
  POLICY mandatory  no-public-access: Anybody on the internet can reach this. \(security-1, high severity\)
  ERROR             preview failed: a mandatory policy was violated
  SUMMARY           failed after 1m18s: ~6 updated, 52 unchanged
`, got)
	events := 0
	for _, req := range srv.Requests() {
		assert.Equal(t, http.MethodGet, req.Method)
		if req.Endpoint == listEvents {
			events++
		}
		if req.Endpoint == listUpdates {
			assert.Equal(t, "1", req.Query.Get("pageSize"))
		}
	}
	assert.LessOrEqual(t, events, 6*2, "events of at most 6 updates, in few pages")
}

func TestReport_Colour(t *testing.T) {
	t.Parallel()
	srv := pulumiapitest.Demo()
	defer srv.Close()
	got, err := reported(t.Context(), srv, pulumiapitest.DemoOrganization, screen{colour: true, width: 80})
	require.NoError(t, err)
	for _, want := range []string{
		"\x1b[31mPOLICY mandatory\x1b[0m  no-public", "\x1b[33mPOLICY advisory\x1b[0m   required", "\x1b[31mERROR\x1b[0m", "\x1b[31mSUMMARY\x1b[0m",
		"  \x1b[31mupdate failed\x1b[0m      20 months ago", "  \x1b[33mupdate running\x1b[0m     4 minutes ago", "result   \x1b[33mrunning\x1b[0m\n",
		"\n                    (security-1, high severity)\n", // what matters goes on below
	} {
		assert.Contains(t, got, want)
	}
}

func TestNewScreen_NoTerminal(t *testing.T) {
	t.Parallel()
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	require.NoError(t, err)
	s := newScreen(t.Context(), file)
	assert.False(t, s.colour)
	assert.Zero(t, s.width)
	require.NoError(t, file.Close())
}

func TestReport_SelfHosted(t *testing.T) {
	t.Parallel()
	srv := pulumiapitest.Demo()
	defer srv.Close()
	srv.SetSelfHosted(true)
	got, err := reported(t.Context(), srv, pulumiapitest.DemoOrganization, screen{})
	require.NoError(t, err)
	_, lines := table(got)
	assert.Len(t, lines, 40)
	assert.Contains(t, got, "  update failed  ")
	assert.Contains(t, got, "The latest update: payments-api/prod-us\n")
	assert.NotContains(t, got, "\n  who ", "it doesn't tell")
	assert.Contains(t, got, "\n  changes  not told\n")
	assert.Contains(t, got, "\nThere are no events to show (this server does not tell the IDs of updates).\n")
	assert.Contains(t, got, "And this is what an error looks like", "it goes on")
}

func TestReport_UpdatesThatCannotBeRead(t *testing.T) {
	t.Parallel()
	srv := pulumiapitest.Demo()
	defer srv.Close()
	srv.Inject(pulumiapitest.Fault{Endpoint: listUpdates, Status: http.StatusForbidden, Times: 1})
	srv.Inject(pulumiapitest.Fault{Endpoint: listUpdates, Status: http.StatusNotFound, Times: 1})
	srv.Inject(pulumiapitest.Fault{Endpoint: listEvents, Status: http.StatusNotFound})
	got, err := reported(t.Context(), srv, pulumiapitest.DemoOrganization, screen{})
	require.NoError(t, err)
	assert.Equal(t, 1, strings.Count(got, "  (not yours to read)  "))
	assert.Equal(t, 1, strings.Count(got, "  (deleted meanwhile)  "))
	assert.Contains(t, got, "\n40 stacks, 3718 resources\n")
	assert.Contains(t, got, "\n  changes  not told\n")
	assert.Contains(t, got, "\nWhat happened during it:\n\n  …  (deleted meanwhile)\n")
}

func TestReport_UpdatesFail(t *testing.T) {
	t.Parallel()
	for _, endpoint := range []string{listUpdates, listEvents} {
		srv := pulumiapitest.Demo()
		srv.Inject(pulumiapitest.Fault{Endpoint: endpoint, Status: http.StatusUnauthorized})
		_, err := reported(t.Context(), srv, pulumiapitest.DemoOrganization, screen{})
		require.ErrorIs(t, err, pulumiapi.ErrUnauthorized, endpoint)
		srv.Close()
	}
}

func TestReport_Slow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := pulumiapitest.Demo()
		defer srv.Close()
		srv.SetPageSize(100)
		srv.Inject(pulumiapitest.Fault{Endpoint: listUpdates, Delay: 10 * time.Second})
		srv.Inject(pulumiapitest.Fault{Endpoint: listEvents, Delay: 10 * time.Second})
		start := time.Now()
		got, err := reported(t.Context(), srv, pulumiapitest.DemoOrganization, screen{})
		require.NoError(t, err)
		assert.Contains(t, got, "POLICY mandatory")
		assert.LessOrEqual(t, time.Since(start), 2*time.Minute, "eight at a time, and few events")
	})
}

// tell returns a cloud with one stack, whose last update is u.
func tell(t *testing.T, u pulumiapitest.Update) *pulumiapitest.Server {
	t.Helper()
	srv := pulumiapitest.NewServer()
	t.Cleanup(srv.Close)
	require.NoError(t, srv.AddStack(pulumiapitest.Stack{Org: "acme", Project: "web", Name: "prod"}))
	_, err := srv.AddUpdate("acme", "web", "prod", u)
	require.NoError(t, err)
	return srv
}

func TestReport_HostileText(t *testing.T) {
	t.Parallel()
	const evil = "<{%fg 1%}>red<{%reset%}>\x1b[2J\x1b]0;title\a\u009b31m\u202e\r\n\x00 end\x7f"
	const harmless = "red]0;title31m   end"
	policy := pulumiapitest.ViolatedPolicy{Pack: evil, Policy: evil, Level: evil, Severity: evil}
	srv := tell(t, pulumiapitest.Update{
		Kind: evil, Message: evil, Started: time.Now().Add(-time.Hour), ResourceChanges: map[string]int{evil: 1},
		RequestedBy: pulumiapitest.User{Login: evil, Name: evil + "!"}, RequestedByToken: evil,
		Events: []pulumiapitest.EngineEvent{
			pulumiapitest.ResOutputsEvent(pulumiapitest.Step{Op: evil, URN: "urn:pulumi:prod::web::" + evil + "::" + evil}),
			pulumiapitest.ResOpFailedEvent(pulumiapitest.Step{Op: evil, URN: evil}),
			pulumiapitest.DiagnosticEvent("info", evil, evil),
			pulumiapitest.DiagnosticEvent("error", "", evil),
			pulumiapitest.PolicyEvent(policy, evil, evil),
			pulumiapitest.SummaryEvent(pulumiapitest.Summary{Result: pulumiapitest.Failed, ResourceChanges: map[string]int{evil: 1}}),
		},
	})
	require.NoError(t, srv.AddStack(pulumiapitest.Stack{Org: "acme", Project: evil, Name: evil, Tags: map[string]string{evil: evil}}))
	for _, width := range []int{0, 80} {
		got, err := reported(t.Context(), srv, "acme", screen{width: width})
		require.NoError(t, err)
		for _, r := range got {
			assert.False(t, (r < ' ' && r != '\n') || (r >= 0x7f && r < 0xa0) || r == '\u202e', "%q", r)
		}
		assert.NotContains(t, got, "<{%")
	}
	got, err := reported(t.Context(), srv, "acme", screen{})
	require.NoError(t, err)
	assert.Contains(t, got, "\n  ERROR")
	assert.Contains(t, got, "  "+harmless+"\n")
	assert.Contains(t, got, "with the token "+harmless+"\n")
}

func TestReport_LongStory(t *testing.T) {
	t.Parallel()
	var events []pulumiapitest.EngineEvent
	for i := range 30 {
		urn := fmt.Sprintf("urn:pulumi:prod::web::a:b:C$d:e:F::item::%d", i)
		events = append(events,
			pulumiapitest.ResOutputsEvent(pulumiapitest.Step{Op: "create", URN: urn}),
			pulumiapitest.ResOutputsEvent(pulumiapitest.Step{Op: "same", URN: urn}),
			pulumiapitest.ResOutputsEvent(pulumiapitest.Step{Op: "create-replacement", URN: urn}),
			pulumiapitest.ResOutputsEvent(pulumiapitest.Step{Op: "delete-replaced", URN: urn}),
			pulumiapitest.DiagnosticEvent("warning", urn, "rather\nold"))
	}
	srv := tell(t, pulumiapitest.Update{
		Kind: "update", Started: time.Now().Add(-time.Hour), Ended: time.Now().Add(-time.Hour + 90*time.Second), Events: events,
		ResourceChanges: map[string]int{"same": 12, "create": 3, "update": 2, "delete": 1, "replace": 4, "read": 0, "zap": 1},
	})
	got, err := reported(t.Context(), srv, "acme", screen{})
	require.NoError(t, err)
	assert.Contains(t, got, "\n  result   succeeded after 1m30s\n")
	assert.Contains(t, got, "\n  changes  +3 created, ~2 updated, +-4 replaced, -1 deleted, 12 unchanged, 1 zap\n")
	assert.Contains(t, got, "\nWhat happened during it:\n")
	assert.Equal(t, maxChanges, strings.Count(got, "\n  + created  item::"))
	assert.Equal(t, maxMessages, strings.Count(got, ": rather old\n"))
	assert.Contains(t, got, "\n  …          and 20 resources and 10 messages more\n")
	assert.NotContains(t, got, "replacement")
}

func TestReport_OthersSayMore(t *testing.T) {
	t.Parallel()
	started := time.Now().Add(-time.Hour)
	srv := tell(t, pulumiapitest.Update{Started: started})
	for i := range 8 {
		name := fmt.Sprint("other-", i)
		require.NoError(t, srv.AddStack(pulumiapitest.Stack{Org: "acme", Project: "web", Name: name}))
		u := pulumiapitest.Update{Started: started.Add(-time.Duration(i+1) * time.Minute)}
		if i == 3 {
			u.Events = []pulumiapitest.EngineEvent{pulumiapitest.PolicyEvent(pulumiapitest.ViolatedPolicy{Policy: "p", Level: "advisory"}, "", "no")}
		}
		_, err := srv.AddUpdate("acme", "web", name, u)
		require.NoError(t, err)
	}
	got, err := reported(t.Context(), srv, "acme", screen{})
	require.NoError(t, err)
	assert.Contains(t, got, "\nThe latest update: web/prod\n")
	assert.Contains(t, got, "\nThe last update of web/other-3 had problems:\n")
	assert.Contains(t, got, "\n  POLICY advisory  p: no\n")
}
