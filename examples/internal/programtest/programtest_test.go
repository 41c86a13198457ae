package programtest

import (
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

func TestMain(m *testing.M) { os.Exit(buildAndRun(m, "./testdata/greeter")) }

func TestRun_Demo(t *testing.T) {
	t.Parallel()
	got := Run(t)
	assert.Equal(t, Result{Stdout: "hello 40 of acme-corp from a Pulumi Cloud in memory, width 0\n"}, got)
	got = Run(t, "-org", "greeted")
	assert.Contains(t, got.Stdout, "hello 1 of greeted", "what the program has added")
}

func TestRun_Statuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args           []string
		status         int
		stdout, stderr string
	}{
		{[]string{"-h"}, 0, "Greets the stacks.\n", ""},
		{[]string{"--help"}, 0, "Greets the stacks.\n", ""},
		{[]string{"-then", "fail"}, 1, "hello", "greeter: failed on purpose\n"},
		{[]string{"-then", "usage"}, 2, "hello", "greeter: -then usage is none\nFor help: greeter -h\n"},
		{[]string{"-loud"}, 2, "", "greeter: flag provided but not defined: -loud\nFor help: greeter -h\n"},
		{[]string{"-org", ""}, 2, "", "greeter: -org must not be empty\nFor help: greeter -h\n"},
		{[]string{"-live"}, 2, "", "greeter: -live needs to know the organization: add -org and its name\nFor help: greeter -h\n"},
		{[]string{"acme\x1b"}, 2, "", "greeter: unexpected argument: \"acme\\x1b\"\nFor help: greeter -h\n"},
		{[]string{"-then", "found"}, 3, "hello", ""},
		{[]string{"-live", "-org", "acme"}, 1, "", "greeter: pulumiapi: argument FromEnvironment: no access token for https://api.pulumi.com: set PULUMI_ACCESS_TOKEN, or run `pulumi login`\n"},
	} {
		got := Run(t, c.args...)
		assert.Equal(t, c.status, got.Status, "%q", c.args)
		assert.Contains(t, got.Stdout, c.stdout, "%q", c.args)
		assert.Equal(t, c.stdout == "", got.Stdout == "", "%q", c.args)
		assert.Equal(t, c.stderr, got.Stderr, "%q", c.args)
	}
}

func TestRunLive(t *testing.T) {
	t.Parallel()
	cloud := pulumiapitest.NewServer()
	defer cloud.Close()
	require.NoError(t, cloud.AddStack(pulumiapitest.Stack{Org: "acme", Project: "web", Name: "prod"}))
	got := RunLive(t, cloud, "-org", "acme")
	assert.Equal(t, Result{Stdout: "hello 1 of acme from " + cloud.URL() + ", width 0\n"}, got)
	requests := cloud.Requests()
	require.Len(t, requests, 1)
	assert.Contains(t, requests[0].Header.Get("User-Agent"), "greeter")
}

// What the test's own user has set is not for the program.
func TestRun_Environment(t *testing.T) {
	t.Setenv("PULUMI_ACCESS_TOKEN", "pul-test")
	t.Setenv("NO_COLOR", "1")
	t.Setenv("COLUMNS", "80")
	got := Run(t, "-live", "-org", "acme")
	assert.Equal(t, 1, got.Status)
	assert.Contains(t, got.Stderr, "no access token")
	got = Command{Terminal: true}.Run(t)
	assert.Contains(t, got.Stdout, "\x1b[31mhello\x1b[0m 40 of acme-corp from a Pulumi Cloud in memory, width 100")
}

func TestRunLive_Refused(t *testing.T) {
	t.Parallel()
	for status, advice := range map[int]string{
		http.StatusUnauthorized:    "The access token is not valid (any more): set PULUMI_ACCESS_TOKEN, or run `pulumi login`.\n",
		http.StatusForbidden:       "Is the name right, and may the token's user see what it names?\n",
		http.StatusNotFound:        "Is the name right, and may the token's user see what it names?\n",
		http.StatusTooManyRequests: "The service asks for patience: try again later.\n",
		http.StatusBadRequest:      "",
	} {
		cloud := pulumiapitest.NewServer()
		cloud.Inject(pulumiapitest.Fault{Status: status, Header: http.Header{"Retry-After": {"3600"}}})
		got := RunLive(t, cloud, "-org", "acme")
		cloud.Close()
		assert.Equal(t, 1, got.Status)
		assert.Empty(t, got.Stdout)
		message, more, _ := strings.Cut(got.Stderr, "\n")
		assert.Contains(t, message, "greeter: pulumiapi: GET /api/user/stacks: ")
		assert.Equal(t, advice, more, "status %d", status)
	}
}

// A terminal gets progress, which goes away, and colours, unless they are unwanted.
func TestRun_Terminal(t *testing.T) {
	t.Parallel()
	got := Command{Terminal: true}.Run(t)
	assert.Equal(t, 0, got.Status)
	assert.Contains(t, got.Stdout, "counting")
	_, after, found := strings.Cut(got.Stdout, " \r\x1b[31mhello\x1b[0m 40 of acme-corp")
	require.True(t, found, "%q", got.Stdout)
	assert.Equal(t, " from a Pulumi Cloud in memory, width 100\r\n", after)

	for _, plain := range []string{"NO_COLOR=1", "TERM=dumb"} {
		got = Command{Terminal: true, Env: []string{plain, "COLUMNS=70"}}.Run(t)
		assert.Contains(t, got.Stdout, "\rhello 40", plain)
		assert.Contains(t, got.Stdout, "width 70", plain)
		assert.NotContains(t, got.Stdout, "\x1b", plain)
	}
}

func TestProcess_Interrupted(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("processes can't be sent signals there")
	}
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		p := Command{Args: []string{"-then", "wait"}}.Start(t)
		p.WaitForOutput("hello 40")
		p.Signal(signal)
		got := p.Wait()
		assert.Equal(t, 1, got.Status)
		assert.Equal(t, "greeter: interrupted\n", got.Stderr)
	}

	p := Command{Args: []string{"-then", "hang"}}.Start(t)
	p.WaitForOutput("hello 40")
	p.Signal(os.Interrupt)
	p.WaitForError("told to stop")
	// The program may say so a moment before it stops listening.
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for ended := false; !ended; {
		_ = p.command.Process.Signal(os.Interrupt) // which may have ended by now
		select {
		case <-p.ended:
			ended = true
		case <-ticker.C:
		}
	}
	assert.Equal(t, -1, p.Wait().Status, "the second one kills")
}

func TestProcess_Kill(t *testing.T) {
	t.Parallel()
	p := Command{Args: []string{"-then", "wait"}}.Start(t)
	p.WaitForOutput("hello 40")
	got := p.Kill()
	assert.Equal(t, -1, got.Status)
	assert.Contains(t, got.Stdout, "hello 40")
	assert.Empty(t, got.Stderr)
}

func TestProcess_NeverSaid(t *testing.T) {
	t.Parallel()
	p := Command{}.Start(t)
	assert.False(t, p.stdout.waitFor("good bye"))
}

func TestCommand_NowhereToWrite(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "output")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	readOnly, err := os.Open(path)
	require.NoError(t, err)
	defer func() { assert.NoError(t, readOnly.Close()) }()
	for _, args := range [][]string{nil, {"-h"}} {
		got := Command{Args: args, Stdout: readOnly}.Run(t)
		assert.Equal(t, 1, got.Status)
		assert.Contains(t, got.Stderr, "greeter: write /dev/stdout: ")
	}
}
