package main

import (
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/examples/internal/programtest"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

func TestMain(m *testing.M) { programtest.Main(m) }

const (
	getStack   = "GET /api/stacks/{orgName}/{projectName}/{stackName}"
	listEvents = "GET /api/stacks/{orgName}/{projectName}/{stackName}/update/{updateID}/events"
)

func newCloud(t *testing.T) *pulumiapitest.Server {
	t.Helper()
	srv := pulumiapitest.NewServer()
	t.Cleanup(srv.Close)
	require.NoError(t, srv.AddStack(pulumiapitest.Stack{Org: "acme", Project: "web", Name: "prod", ResourceCount: 3}))
	return srv
}

var live = []string{"-org", "acme", "-stack", "web/prod"}

// ended are the events of an update that has ended.
func ended(result pulumiapitest.Result) []pulumiapitest.EngineEvent {
	create := pulumiapitest.Step{Op: "create", URN: urn("a"), ID: "1"}
	return []pulumiapitest.EngineEvent{
		pulumiapitest.PreludeEvent(nil),
		pulumiapitest.ResourcePreEvent(create),
		pulumiapitest.DiagnosticEvent("warning", urn("a"), "rather old"),
		pulumiapitest.ResOutputsEvent(create),
		pulumiapitest.SummaryEvent(pulumiapitest.Summary{Result: result, Duration: time.Minute, ResourceChanges: map[string]int{"create": 1}}),
	}
}

func TestFollow_Demo(t *testing.T) {
	t.Parallel()
	got := programtest.Run(t, "-pace", "2ms")
	assert.Equal(t, 0, got.Status)
	assert.Empty(t, got.Stderr)
	lines := strings.Split(strings.TrimSpace(got.Stdout), "\n")
	assert.Equal(t, "acme-corp/payments-api/prod-us  update by margaret, started 4 minutes ago", lines[0])
	assert.Contains(t, lines, "+ created     queue-11  aws:sqs/queue:Queue")
	assert.Contains(t, lines, "WARNING       taskdefinition-4: the property acl is deprecated: use a policy instead")
	assert.Contains(t, lines, "POLICY        metricalarm-7: required-tags: There is no tag costCenter. (acme-guard-rails, low severity)")
	assert.Regexp(t, `^SUCCEEDED     after 4m\d+s: \+8 created, ~14 updated, ±9 replaced, 85 unchanged$`, lines[len(lines)-1])
	assert.NotContains(t, got.Stdout, "\x1b", "no colour, as this is no terminal")
}

func TestFollow_DemoFails(t *testing.T) {
	t.Parallel()
	got := programtest.Run(t, "-pace", "2ms", "-fail")
	assert.Equal(t, 3, got.Status)
	assert.Empty(t, got.Stderr)
	assert.Contains(t, got.Stdout, "\nVIOLATION     ")
	assert.Contains(t, got.Stdout, "\nFAILED        updating ")
	assert.Contains(t, got.Stdout, "\nFAILED        after 4m0s: ")
}

func TestFollow_Help(t *testing.T) {
	t.Parallel()
	got := programtest.Run(t, "-h")
	assert.Equal(t, 0, got.Status)
	assert.Equal(t, help, got.Stdout)
}

func TestFollow_Ended(t *testing.T) {
	t.Parallel()
	for result, status := range map[pulumiapitest.Result]int{pulumiapitest.Succeeded: 0, pulumiapitest.Failed: 3, pulumiapitest.Cancelled: 3} {
		srv := newCloud(t)
		id, err := srv.AddUpdate("acme", "web", "prod", pulumiapitest.Update{Result: result, Events: ended(result)})
		require.NoError(t, err)
		got := programtest.RunLive(t, srv, live...)
		assert.Equal(t, status, got.Status, result)
		assert.Empty(t, got.Stderr)
		assert.Equal(t, "acme/web/prod  update "+id+"\n"+
			"WARNING       a: rather old\n+ created     a  d:e:F\n"+
			(strings.ToUpper(string(result)) + strings.Repeat(" ", 14))[:14]+"after 1m0s: +1 created\n", got.Stdout)
	}
}

// The lines come as things happen, not at the end.
func TestFollow_Running(t *testing.T) {
	t.Parallel()
	srv := newCloud(t)
	_, err := srv.AddUpdate("acme", "web", "prod", pulumiapitest.Update{Result: pulumiapitest.Failed})
	require.NoError(t, err)
	running, err := srv.StartUpdate("acme", "web", "prod", pulumiapitest.Update{Kind: "destroy", RequestedBy: pulumiapitest.User{Login: "grace"}})
	require.NoError(t, err)
	process := programtest.Command{Args: append([]string{"-live"}, live...), Cloud: srv}.Start(t)
	process.WaitForOutput("acme/web/prod  destroy by grace, started just now\n")
	step := pulumiapitest.Step{Op: "delete", URN: urn("a"), ID: "1"}
	require.NoError(t, running.Emit(pulumiapitest.ResourcePreEvent(step), pulumiapitest.ResOutputsEvent(step)))
	process.WaitForOutput("- deleted     a  d:e:F\n")
	srv.Inject(pulumiapitest.Fault{Endpoint: listEvents, Status: http.StatusServiceUnavailable, Header: http.Header{"Retry-After": {"0"}}, Times: 5})
	require.NoError(t, running.Emit(pulumiapitest.DiagnosticEvent("error", "", "no permission")))
	process.WaitForOutput("ERROR         no permission\n") // in spite of the faults
	require.NoError(t, running.Finish(pulumiapitest.Succeeded))
	got := process.Wait()
	assert.Equal(t, 0, got.Status, got.Stderr)
	assert.Contains(t, got.Stdout, "\nSUCCEEDED     -1 deleted\n")
}

func TestFollow_OlderUpdate(t *testing.T) {
	t.Parallel()
	srv := newCloud(t)
	id, err := srv.AddUpdate("acme", "web", "prod", pulumiapitest.Update{Result: pulumiapitest.Failed})
	require.NoError(t, err)
	_, err = srv.AddUpdate("acme", "web", "prod", pulumiapitest.Update{})
	require.NoError(t, err)
	got := programtest.RunLive(t, srv, append(live, "-update", id)...)
	assert.Equal(t, 3, got.Status)
	assert.Equal(t, "acme/web/prod  update "+id+"\nFAILED\n", got.Stdout)
}

func TestFollow_Timeout(t *testing.T) {
	t.Parallel()
	for _, terminal := range []bool{false, true} {
		srv := newCloud(t)
		_, err := srv.StartUpdate("acme", "web", "prod", pulumiapitest.Update{})
		require.NoError(t, err)
		got := programtest.Command{Args: append([]string{"-live", "-timeout", "700ms"}, live...), Cloud: srv, Terminal: terminal}.Run(t)
		assert.Equal(t, 1, got.Status)
		assert.Contains(t, got.Stdout+got.Stderr, "follow: the update has not ended after 700ms: context deadline exceeded")
	}
}

func TestFollow_Interrupted(t *testing.T) {
	t.Parallel()
	for _, terminal := range []bool{false, true} {
		process := programtest.Command{Args: []string{"-pace", "1h"}, Terminal: terminal}.Start(t)
		process.WaitForOutput("update by margaret")
		process.WaitForOutput("ledger-0")
		process.Signal(os.Interrupt)
		got := process.Wait()
		assert.Equal(t, 1, got.Status)
		assert.Contains(t, got.Stdout+got.Stderr, "follow: interrupted")
	}
}

func TestFollow_Terminal(t *testing.T) {
	t.Parallel()
	got := programtest.Command{Args: []string{"-pace", "10ms"}, Terminal: true}.Run(t)
	assert.Equal(t, 0, got.Status, got.Stdout)
	const enter, leave = "\x1b[?1049h", "\x1b[?1049l" // the screen of its own
	require.Contains(t, got.Stdout, enter)
	before, after, found := strings.Cut(got.Stdout, leave)
	require.True(t, found, "it is left")
	assert.Contains(t, before, "118 resources")
	assert.Contains(t, before, "q: stop watching")
	assert.Contains(t, after, "WARNING\x1b[0m       taskdefinition-4: ")
	assert.Regexp(t, `\x1b\[32mSUCCEEDED\x1b\[0m     after 4m\d+s: \+8 created, ~14 updated, ±9 replaced, 85 unchanged\r\n`, after)
	assert.Equal(t, 1, strings.Count(after, "queue-11"))

	for _, command := range []programtest.Command{
		{Args: []string{"-plain", "-pace", "0s"}, Terminal: true},
		{Args: []string{"-pace", "0s"}, Env: []string{"TERM=dumb"}, Terminal: true},
	} {
		got = command.Run(t)
		assert.NotContains(t, got.Stdout, enter)
		assert.Contains(t, got.Stdout, "queue-11")
	}
	got = programtest.Command{Args: []string{"-pace", "0s"}, Env: []string{"NO_COLOR=1"}, Terminal: true}.Run(t)
	assert.NotRegexp(t, `\x1b\[[\d;]*m`, got.Stdout)
}

func TestFollow_CannotFindOut(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fault pulumiapitest.Fault
		want  string
	}{
		"unauthorized":  {pulumiapitest.Fault{Status: http.StatusUnauthorized}, ": 401: "},
		"no such stack": {pulumiapitest.Fault{Endpoint: getStack, Status: http.StatusNotFound}, ": 404: "},
		"unavailable":   {pulumiapitest.Fault{Endpoint: listEvents, Status: http.StatusServiceUnavailable, Header: http.Header{"Retry-After": {"0"}}}, ": 503: "},
		"gone":          {pulumiapitest.Fault{Endpoint: listEvents, Skip: 1, Status: http.StatusForbidden}, ": 403: "},
	} {
		for _, terminal := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				srv := newCloud(t)
				_, err := srv.StartUpdate("acme", "web", "prod", pulumiapitest.Update{Events: ended(pulumiapitest.Failed)[:4]})
				require.NoError(t, err)
				srv.Inject(test.fault)
				got := programtest.Command{Args: append([]string{"-live"}, live...), Cloud: srv, Terminal: terminal}.Run(t)
				assert.Equal(t, 1, got.Status)
				assert.Contains(t, got.Stdout+got.Stderr, "follow: pulumiapi: ")
				assert.Contains(t, got.Stdout+got.Stderr, test.want)
			})
		}
	}
}

func TestDescribeOperation(t *testing.T) {
	t.Parallel()
	for want, op := range map[string]pulumiapi.StackOperation{
		"destroy by grace": {Kind: "destroy", Author: "grace"},
		"destroy":          {Kind: "destroy"},
		"update by grace":  {Author: "grace"},
		"a b by c, started 2 hours ago": {
			Kind: "a\n\x1b[2Jb", Author: "c\u202e", Started: pulumiapi.Timestamp{Time: time.Now().Add(-2 * time.Hour)},
		},
	} {
		assert.Equal(t, want, describeOperation(&op))
	}
}

func TestFollow_NeverUpdated(t *testing.T) {
	t.Parallel()
	got := programtest.RunLive(t, newCloud(t), live...)
	assert.Equal(t, 1, got.Status)
	assert.Equal(t, "follow: the stack acme/web/prod was never updated\n", got.Stderr)
}

func TestFollow_WrongCommandLine(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"-live":             "-live needs to know the organization",
		"-live -org acme":   "-live needs to know the stack",
		"-stack prod":       `"prod" is not project/stack`,
		"-org a/b -stack c": `"c" is not project/stack`,
		"-update=":          "-update must not be empty", // and not the newest
		"-timeout -1s":      "-timeout must not be negative: -1s",
		"-pace -1s":         "-pace must not be negative: -1s",
		"payments-api/prod": "unexpected argument",
	} {
		got := programtest.Run(t, strings.Fields(args)...)
		assert.Equal(t, 2, got.Status, args)
		assert.Contains(t, got.Stderr, want, args)
	}
}

func TestFollow_UnwritableOutput(t *testing.T) {
	t.Parallel()
	got := programtest.Command{Stdout: programtest.FullDisk(t)}.Run(t)
	assert.Equal(t, 1, got.Status)
	assert.Contains(t, got.Stderr, "no space left")
}

func TestFollow_HostileText(t *testing.T) {
	t.Parallel()
	const evil = "<{%fg 1%}>\x1b[2J\x1b]0;title\a\u009b31m\u202e\r\n\x00 end\x7f"
	policy := pulumiapitest.ViolatedPolicy{Pack: evil, Policy: evil, Level: "mandatory", Severity: evil}
	step := pulumiapitest.Step{Op: evil, URN: "urn:pulumi:prod::web::" + evil + "::" + evil}
	srv := newCloud(t)
	_, err := srv.AddUpdate("acme", "web", "prod", pulumiapitest.Update{Kind: evil, Events: []pulumiapitest.EngineEvent{
		pulumiapitest.ResourcePreEvent(step), pulumiapitest.ResOutputsEvent(step), pulumiapitest.ResOpFailedEvent(step),
		pulumiapitest.StdoutEvent(evil), pulumiapitest.DiagnosticEvent("error", evil, evil), pulumiapitest.PolicyEvent(policy, evil, evil),
		pulumiapitest.SummaryEvent(pulumiapitest.Summary{ResourceChanges: map[string]int{evil: 1}}),
	}})
	require.NoError(t, err)
	got := programtest.RunLive(t, srv, live...)
	assert.Equal(t, 0, got.Status, got.Stderr)
	for _, r := range got.Stdout + got.Stderr {
		assert.False(t, (r < ' ' && r != '\n') || (r >= 0x7f && r < 0xa0) || r == '\u202e', "%q", r)
	}
	assert.Contains(t, got.Stdout, "]0;title")
	got = programtest.Command{Args: append([]string{"-live"}, live...), Cloud: srv, Terminal: true}.Run(t)
	assert.Equal(t, 0, got.Status)
	for _, evil := range []string{"\x1b[2J", "\x1b]0;title", "\u202e", "\u009b"} {
		_, after, _ := strings.Cut(got.Stdout, "\x1b[?1049l")
		assert.NotContains(t, after, evil)
	}
}
