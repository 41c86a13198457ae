package main

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

// output runs the program in this process.
func output(ctx context.Context, args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = run(ctx, args, screen{Writer: &out}, &errs)
	return code, out.String(), errs.String()
}

// tableLine is a line of the table: name, update, age and day or "never",
// resources, tags.
var tableLine = regexp.MustCompile(`^\S+/\S+ +([\w-]+ [\w ]+?  +)?(never|(just now|\d+ \w+ ago) +\d{4}-\d\d-\d\d) +\d+(  \S.*)?$`)

// table returns the lines of the table, and its header.
func table(stdout string) (header string, lines []string) {
	for line := range strings.Lines(stdout) {
		line = strings.TrimRight(line, "\n")
		switch {
		case strings.HasPrefix(line, "STACK "):
			header = line
		case tableLine.MatchString(line):
			lines = append(lines, line)
		}
	}
	return header, lines
}

func TestRun_Demo(t *testing.T) {
	t.Parallel()
	code, stdout, stderr := output(t.Context())
	assert.Equal(t, exitOK, code)
	assert.Empty(t, stderr, "no progress, as this is no terminal")

	header, lines := table(stdout)
	assert.Regexp(t, `^STACK +LAST UPDATE +WHEN +RESOURCES  TAGS$`, header)
	assert.Len(t, lines, 40, stdout)
	for _, update := range []string{"update succeeded", "update failed", "update running", "destroy succeeded", "refresh failed"} {
		assert.Contains(t, strings.Join(lines, "\n"), "  "+update+"  ")
	}
	assert.Contains(t, stdout, "\nLast updates: 6 failed, 1 running\n")
	assert.NotContains(t, stdout, "\x1b", "no colour, as this is no terminal")
	end := strings.Index(header, "RESOURCES") + len("RESOURCES")
	for _, line := range lines {
		assert.Regexp(t, `\d$`, line[:end], "resources end where their header does: %q", line)
		assert.LessOrEqual(t, utf8.RuneCountInString(line), 160, line)
	}
	assert.Contains(t, stdout, "owner=", "tags that people set")
	assert.NotContains(t, stdout, "pulumi:runtime", "nor those that Pulumi sets")
	assert.Contains(t, stdout, "404: Stack 'acme-corp/no-such-project/no-such-stack' not found (request ")
	assert.Regexp(t, `ErrNotFound\) +true`, stdout)
	assert.NotContains(t, stdout, "There are more")
	for line := range strings.Lines(stdout) {
		assert.Equal(t, strings.TrimRight(line, " \n")+"\n", line, "no blanks at the end of a line")
	}
}

func TestRun_Limit(t *testing.T) {
	t.Parallel()
	for limit, want := range map[string]int{"1": 1, "10": 10, "13": 13, "35": 35, "40": 40, "0": 40} {
		code, stdout, _ := output(t.Context(), "-limit", limit)
		_, lines := table(stdout)
		assert.Equal(t, exitOK, code, "-limit %s", limit)
		assert.Len(t, lines, want, "-limit %s", limit)
		assert.Equal(t, want < 40, strings.Contains(stdout, "There are more stacks"), "-limit %s", limit)
	}
}

func TestRun_AnotherOrganization(t *testing.T) {
	t.Parallel()
	code, stdout, _ := output(t.Context(), "-org", "nobody")
	assert.Equal(t, exitOK, code)
	assert.Contains(t, stdout, "No stacks.")
}

func TestRun_CommandLine(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"-h"}, exitOK, "-live -org acme"},
		{[]string{"--help"}, exitOK, "Exit status"},
		{[]string{"-verbose"}, exitUsage, "-verbose"},
		{[]string{"-limit", "many"}, exitUsage, `"many"`},
		{[]string{"-limit", "-1"}, exitUsage, "-limit must not be negative"},
		{[]string{"acme"}, exitUsage, `unexpected argument: "acme"`},
		{[]string{"-live"}, exitUsage, "add -org"},
	} {
		code, stdout, stderr := output(t.Context(), c.args...)
		assert.Equal(t, c.code, code, "%v", c.args)
		said, silent := stderr, stdout
		if c.code == exitOK {
			said, silent = stdout, stderr
		}
		assert.Contains(t, said, c.says, "%v", c.args)
		assert.Empty(t, silent, "%v", c.args)
	}
}

// noCredentials makes this process one on whose machine nobody has logged in. The
// token is for the test to set.
func noCredentials(t *testing.T) {
	t.Helper()
	t.Setenv("PULUMI_BACKEND_URL", "")
	t.Setenv("PULUMI_API", "")
	t.Setenv("PULUMI_CREDENTIALS_PATH", t.TempDir())
}

func TestRun_LiveWithoutToken(t *testing.T) {
	noCredentials(t)
	t.Setenv("PULUMI_ACCESS_TOKEN", "")
	code, stdout, stderr := output(t.Context(), "-live", "-org", "acme")
	assert.Equal(t, exitFailure, code)
	assert.Empty(t, stdout)
	assert.Contains(t, stderr, "set PULUMI_ACCESS_TOKEN, or run `pulumi login`")
}

func TestRun_Live(t *testing.T) {
	srv := pulumiapitest.NewServer()
	defer srv.Close()
	require.NoError(t, srv.AddStack(pulumiapitest.Stack{
		Org: "acme", Project: "web", Name: "prod",
		Tags:          map[string]string{"owner": "ada\n\x1b[2Jevil", "vcs:kind": "github.com"},
		LastUpdate:    time.Now().Add(-3 * time.Hour),
		ResourceCount: 7,
	}))
	require.NoError(t, srv.AddStack(pulumiapitest.Stack{Org: "other", Project: "web", Name: "prod"}))
	noCredentials(t)
	t.Setenv("PULUMI_BACKEND_URL", srv.URL())
	t.Setenv("PULUMI_ACCESS_TOKEN", srv.Token())

	code, stdout, stderr := output(t.Context(), "-live", "-org", "acme")
	assert.Equal(t, exitOK, code, stderr)
	_, lines := table(stdout)
	require.Len(t, lines, 1, stdout)
	assert.Regexp(t, `^web/prod +3 hours ago +\S+ +7  owner=ada evil$`, lines[0])
	assert.Contains(t, stdout, "\n1 stack, 7 resources\n")
	assert.Contains(t, stdout, "Stacks of acme, from "+srv.URL()+"\n")
	assert.NotContains(t, stdout, "update:", "the service knows of none")
	for _, req := range srv.Requests() {
		assert.Equal(t, http.MethodGet, req.Method, "it only reads")
	}
}

func TestRun_LiveWithAWrongToken(t *testing.T) {
	srv := pulumiapitest.NewServer()
	defer srv.Close()
	noCredentials(t)
	t.Setenv("PULUMI_BACKEND_URL", srv.URL())
	t.Setenv("PULUMI_ACCESS_TOKEN", "pul-stale")

	code, stdout, stderr := output(t.Context(), "-live", "-org", "acme")
	assert.Equal(t, exitFailure, code)
	assert.NotContains(t, stdout, "No stacks", "which would be a wrong answer")
	assert.Contains(t, stderr, "401")
	assert.Contains(t, stderr, "The access token is not valid")
	assert.NotContains(t, stderr, "pul-stale")
}

func TestRun_Interrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	code, _, stderr := output(ctx)
	assert.Equal(t, exitFailure, code)
	assert.Equal(t, "quickstart: interrupted\n", stderr)
}

// brokenWriter is a full disk.
type brokenWriter struct{}

var errDiskFull = errors.New("no space left on device")

func (brokenWriter) Write([]byte) (int, error) { return 0, errDiskFull }

func TestRun_NowhereToWrite(t *testing.T) {
	t.Parallel()
	var stderr bytes.Buffer
	assert.Equal(t, exitFailure, run(t.Context(), nil, screen{Writer: brokenWriter{}}, &stderr))
	assert.Contains(t, stderr.String(), errDiskFull.Error())
}

func TestReadStacks_AnErrorKeepsWhatCameBefore(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]pulumiapitest.Fault{
		"in the list": {Endpoint: "GET /api/user/stacks", Skip: 2, Status: http.StatusForbidden},
		"in a stack":  {Endpoint: "GET /api/stacks/{orgName}/{projectName}/{stackName}", Skip: 25, Status: http.StatusBadRequest},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := pulumiapitest.Demo()
			defer srv.Close()
			srv.Inject(fault)
			found, err := readStacks(t.Context(), srv.Client(), pulumiapitest.DemoOrganization, 0, &progress{})
			refused, ok := errors.AsType[*pulumiapi.APIError](err)
			require.True(t, ok, "%v", err)
			assert.Equal(t, fault.Status, refused.StatusCode, "the first error, not the cancelling of the others")
			assert.Len(t, found.rows, 20)

			var out bytes.Buffer
			require.NoError(t, printTable(screen{Writer: &out}, found, time.Now()))
			assert.Contains(t, out.String(), "The list is not complete.")
		})
	}
}

func TestReadStacks_CancelledWhileItWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := pulumiapitest.Demo()
		defer srv.Close()
		srv.Inject(pulumiapitest.Fault{Endpoint: "GET /api/stacks/{orgName}/{projectName}/{stackName}", Skip: 13, Delay: time.Hour})
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Minute, errors.New("Ctrl-C"))
		defer cancel()
		start := time.Now()
		found, err := readStacks(ctx, srv.Client(), pulumiapitest.DemoOrganization, 0, &progress{})
		require.Error(t, err)
		assert.Equal(t, time.Minute, time.Since(start))
		assert.Len(t, found.rows, 10, "the first page")
	})
}

func TestReadStacks_WhatCannotBeReadIsNoted(t *testing.T) {
	t.Parallel()
	srv := pulumiapitest.Demo()
	defer srv.Close()
	const get = "GET /api/stacks/{orgName}/{projectName}/{stackName}"
	srv.Inject(pulumiapitest.Fault{Endpoint: get, Status: http.StatusNotFound, Times: 1})
	srv.Inject(pulumiapitest.Fault{Endpoint: get, Status: http.StatusForbidden, Times: 1})
	found, err := readStacks(t.Context(), srv.Client(), pulumiapitest.DemoOrganization, 0, &progress{})
	require.NoError(t, err)
	notes := map[string]int{}
	for _, r := range found.rows {
		notes[r.note]++
		assert.Equal(t, r.note == "", r.tags != nil, "%s", r.Identifier())
	}
	assert.Equal(t, map[string]int{"": 38, "(deleted meanwhile)": 1, "(not yours to read)": 1}, notes)
}

// crowd counts the requests that are under way at the same time.
type crowd struct {
	next      http.RoundTripper
	now, most atomic.Int64
}

func (c *crowd) RoundTrip(req *http.Request) (*http.Response, error) {
	now := c.now.Add(1)
	defer c.now.Add(-1)
	for most := c.most.Load(); now > most && !c.most.CompareAndSwap(most, now); most = c.most.Load() {
	}
	return c.next.RoundTrip(req)
}

func TestReadStacks_AFewAtATimeAndInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := pulumiapitest.Demo()
		defer srv.Close()
		srv.SetPageSize(100)
		srv.Inject(pulumiapitest.Fault{Delay: time.Second})
		requests := &crowd{next: srv.HTTPClient().Transport}
		client, err := pulumiapi.NewClient(append(srv.Options(), pulumiapi.WithHTTPClient(&http.Client{Transport: requests}))...)
		require.NoError(t, err)

		start := time.Now()
		found, err := readStacks(t.Context(), client, pulumiapitest.DemoOrganization, 0, &progress{})
		require.NoError(t, err)
		assert.EqualValues(t, readers, requests.most.Load())
		assert.Equal(t, (1+2*40/readers)*time.Second, time.Since(start), "the list, and 40 stacks by eights, two requests each")

		listed, err := pulumiapi.Collect(srv.Client().Stacks.List(t.Context(), nil))
		require.NoError(t, err)
		require.Len(t, found.rows, len(listed))
		for i, stack := range listed {
			assert.Equal(t, stack.Identifier(), found.rows[i].Identifier(), "row %d", i)
			assert.Equal(t, stack.ProjectName, found.rows[i].tags["pulumi:project"], "row %d has its own tags", i)
			if !stack.LastUpdate.IsZero() {
				assert.Equal(t, stack.LastUpdate, found.rows[i].update.StartTime, "row %d has its own update", i)
			}
		}
	})
}

func TestProgress(t *testing.T) {
	t.Parallel()
	var terminal bytes.Buffer
	p := &progress{w: &terminal}
	p.clear()
	p.show("%d stacks …", 100)
	p.show("9 …")
	p.clear()
	assert.Equal(t, "\r100 stacks …\r9 …"+strings.Repeat(" ", 9)+"\r   \r", terminal.String())

	file, err := os.Create(filepath.Join(t.TempDir(), "log"))
	require.NoError(t, err)
	assert.Nil(t, newProgress(file).w, "a file is no terminal")
	assert.Nil(t, newProgress(&terminal).w, "nor is a buffer")
	require.NoError(t, file.Close())
}

func TestAgo(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for d, want := range map[time.Duration]string{
		-time.Hour:         "just now",
		59 * time.Second:   "just now",
		time.Minute:        "1 minute ago",
		119 * time.Minute:  "119 minutes ago",
		2 * time.Hour:      "2 hours ago",
		47 * time.Hour:     "47 hours ago",
		48 * time.Hour:     "2 days ago",
		59 * day:           "59 days ago",
		60 * day:           "2 months ago",
		729 * day:          "24 months ago",
		730 * day:          "2 years ago",
		10*365*day + 5*day: "10 years ago",
	} {
		assert.Equal(t, want, ago(d), "%s", d)
	}
}

func TestDescribeTags(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ö", 100)
	for _, c := range []struct {
		tags map[string]string
		want string
	}{
		{nil, ""},
		{map[string]string{"pulumi:project": "web", "vcs:kind": "github.com", "gitHub:owner": "acme"}, ""},
		{map[string]string{"team": "web", "owner": "ada", "empty": ""}, "empty= owner=ada team=web"},
		{map[string]string{"a": strings.Repeat("x", 30), "b": strings.Repeat("y", 30)}, "a=" + strings.Repeat("x", 30) + " +1 more"},
		{map[string]string{"a": strings.Repeat("x", 25), "b": strings.Repeat("y", 26)}, "a=" + strings.Repeat("x", 25) + " b=" + strings.Repeat("y", 26)},
		{map[string]string{"long": long}, "long=" + long[:2*50] + "…"},
		{map[string]string{"long": long, "more": "1", "owner": "ada"}, "long=" + long[:2*42] + "… +2 more"},
		{map[string]string{"a": "1\t2\x1b[31m3\x1b4"}, "a=1 234"},
	} {
		got := (&row{tags: c.tags}).describeTags(maxTagsWidth)
		assert.Equal(t, c.want, got)
		assert.LessOrEqual(t, utf8.RuneCountInString(got), maxTagsWidth, got)
	}
}

func TestPrintTable_LongNames(t *testing.T) {
	t.Parallel()
	found := listing{rows: []row{
		{StackSummary: pulumiapi.StackSummary{ProjectName: "web", StackName: strings.Repeat("long", 30)}},
		{StackSummary: pulumiapi.StackSummary{ProjectName: "wéb", StackName: "p\x1b[2J", ResourceCount: 1}, note: "(a note)"},
	}}
	var out bytes.Buffer
	require.NoError(t, printTable(screen{Writer: &out}, found, time.Now()))
	lines := strings.Split(out.String(), "\n")
	name := "web/" + strings.Repeat("long", 12) + "lon…"
	assert.Equal(t, name+"               never          0", lines[1])
	assert.Equal(t, "wéb/p"+strings.Repeat(" ", maxNameWidth-5)+"               never          1  (a note)", lines[2])
}

func TestPrintTable_Width(t *testing.T) {
	t.Parallel()
	srv := pulumiapitest.Demo()
	defer srv.Close()
	found, err := readStacks(t.Context(), srv.Client(), pulumiapitest.DemoOrganization, 0, &progress{})
	require.NoError(t, err)
	for width, want := range map[int]struct{ day, tags bool }{
		70: {}, 80: {}, 110: {tags: true}, 140: {tags: true}, 160: {day: true, tags: true}, 0: {day: true, tags: true},
	} {
		var out bytes.Buffer
		require.NoError(t, printTable(screen{Writer: &out, width: width}, found, time.Now()))
		text := out.String()
		for line := range strings.Lines(text) {
			if width > 0 {
				assert.LessOrEqual(t, utf8.RuneCountInString(line)-1, width, line)
			}
		}
		assert.Regexp(t, `(?m)^webshop/prod +update succeeded +31 hours ago .* 67\b`, text, "width %d", width)
		assert.Equal(t, want.day, strings.Contains(text, " ago    20"), "width %d: the day", width)
		assert.Equal(t, want.tags, strings.Contains(text, "environment="), "width %d: tags", width)
		assert.NotEqual(t, want.tags, strings.Contains(text, "a wider terminal"), "width %d", width)
	}
}

// TestProcess runs the program as its users do.
func TestProcess(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "quickstart")
	if runtime.GOOS == "windows" {
		program += ".exe"
	}
	built, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".").CombinedOutput()
	require.NoError(t, err, "%s", built)

	var stdout, stderr bytes.Buffer
	command := exec.CommandContext(t.Context(), program)
	command.Stdout, command.Stderr = &stdout, &stderr
	require.NoError(t, command.Run(), "%s", &stderr)
	_, lines := table(stdout.String())
	assert.Len(t, lines, 40)
	assert.Contains(t, stdout.String(), "POLICY mandatory")
	assert.NotContains(t, stdout.String(), "\x1b", "a pipe has no colours")
	assert.Empty(t, stderr.String())

	err = exec.CommandContext(t.Context(), program, "-verbose").Run()
	failed, ok := errors.AsType[*exec.ExitError](err)
	require.True(t, ok, "%v", err)
	assert.Equal(t, exitUsage, failed.ExitCode())
}
