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

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/examples/internal/programtest"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

func TestDemo(t *testing.T) {
	t.Parallel()
	temporary := t.TempDir()
	got := programtest.Command{Env: []string{"TMPDIR=" + temporary, "TMP=" + temporary}}.Run(t)
	require.Equal(t, 0, got.Status, got.Stderr)
	assert.Empty(t, got.Stderr)
	now := time.Now().UTC()
	month := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	said, path, found := strings.Cut(strings.TrimSpace(got.Stdout), ": ")
	require.True(t, found)
	assert.Equal(t, "1000 events of acme-archive from "+month.AddDate(0, -1, 0).Format(time.RFC3339)+" to "+month.Format(time.RFC3339), said)
	assert.Equal(t, temporary, filepath.Dir(filepath.Dir(path)))
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "it is nobody else's business")

	records, err := pulumiapi.Collect(pulumiapi.DecodeAuditLogCSV(strings.NewReader(read(t, path))))
	require.NoError(t, err)
	require.Len(t, records, 1000)
	assert.Equal(t, `Stack Tag Updated for stack "webshop/prod", no. 1000`, records[0].Description)
	assert.Equal(t, `Stack Update Started for stack "webshop/prod", no. 1`, records[999].Description)
	assert.Equal(t, "ada", records[999].User.GitHubLogin)
}

// In the cloud in memory, too, an export goes on.
func TestDemo_InParts(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	whole := programtest.Command{Args: []string{"-o", "whole"}, Dir: folder}.Run(t)
	assert.Equal(t, 0, whole.Status)
	command := programtest.Command{Args: []string{"-o", "parts", "-pages", "40"}, Dir: folder}
	for _, want := range []programtest.Result{
		{Stderr: "What there is so far is kept: run this again to go on.\nauditexport: not complete: 400 events so far\n", Status: 1},
		{Stderr: "Going on after 400 events.\nWhat there is so far is kept: run this again to go on.\nauditexport: not complete: 800 events so far\n", Status: 1},
		{Stderr: "Going on after 800 events.\n", Stdout: strings.ReplaceAll(whole.Stdout, "whole", "parts")},
	} {
		assert.Equal(t, want, command.Run(t))
	}
	assert.Equal(t, read(t, folder, "whole"), read(t, folder, "parts"))
}

// Without -o, every run has a folder of its own, so it says which file to go on with.
func TestDemo_GoesOnWhereItSays(t *testing.T) {
	t.Parallel()
	temporary := t.TempDir()
	env := []string{"TMPDIR=" + temporary, "TMP=" + temporary}
	got := programtest.Command{Args: []string{"-pages", "40"}, Env: env}.Run(t)
	assert.Equal(t, 1, got.Status)
	_, after, found := strings.Cut(got.Stderr, "run this again with -o ")
	require.True(t, found, got.Stderr)
	path, _, found := strings.Cut(after, " to go on.\n")
	require.True(t, found, got.Stderr)
	got = programtest.Command{Args: []string{"-o", path}, Env: env}.Run(t)
	assert.Equal(t, 0, got.Status, got.Stderr)
	assert.Equal(t, "Going on after 400 events.\n", got.Stderr)
}

const evil = "=cmd|' /C calc'!A1\x1b[2J\u009b\u202e, \"q\"\nnext|line=1\\"

// evilCloud has an event in March of which everything is evil.
func evilCloud(t *testing.T) *pulumiapitest.Server {
	t.Helper()
	cloud := pulumiapitest.NewServer()
	t.Cleanup(cloud.Close)
	require.NoError(t, cloud.AddAuditLogEvent("acme", pulumiapitest.AuditLogEvent{
		Time: march.Add(time.Hour), Event: evil, Description: evil, User: pulumiapitest.User{Login: evil, Name: evil},
		SourceIP: evil, TokenID: evil, TokenName: evil, ActorName: evil, ActorURN: evil, AuthFailure: true,
	}))
	require.NoError(t, cloud.AddAuditLogEvent("acme", pulumiapitest.AuditLogEvent{Time: march, Event: "Stack Created", SourceIP: "203.0.113.7"}))
	return cloud
}

const csvHeader = `"Timestamp","Name","Login","Event","Description","SourceIP","RequireOrgAdmin","RequireStackAdmin","AuthenticationFailure",` +
	`"TokenID","TokenName","ActorName","ActorURN"` + "\n"

func TestFormats_OtherPeoplesText(t *testing.T) {
	t.Parallel()
	cloud := evilCloud(t)
	const (
		csvText = "\"'=cmd|' /C calc'!A1\ufffd[2J\ufffd\ufffd, \"\"q\"\"\nnext|line=1\\\""
		cefName = `=cmd\|' /C calc'!A1` + "\ufffd[2J\ufffd\ufffd" + `, "q" next\|line=1\\`
		cefText = `\=cmd|' /C calc'!A1` + "\ufffd[2J\ufffd\ufffd" + `, "q"\nnext|line\=1\\`
	)
	for format, want := range map[string]string{
		"csv": csvHeader +
			`"2026-03-01T01:00:00Z",` + strings.Repeat(csvText+",", 5) + `"false","false","true",` + strings.Repeat(csvText+",", 3) + csvText + "\n" +
			`"2026-03-01T00:00:00Z","Pulumi Tester","pulumi-tester","Stack Created","","203.0.113.7","false","false","false","","","",""` + "\n",
		"cef": "CEF:0|Pulumi|Pulumi Cloud|1.0|" + cefName + "|" + cefName + "|7|rt=1772326800000 src=" + cefText + " suser=" + cefText + " msg=" + cefText + " outcome=failure" +
			" cs1=" + cefText + " cs1Label=tokenID cs2=" + cefText + " cs2Label=tokenName cs3=" + cefText + " cs3Label=actorName cs4=" + cefText + " cs4Label=actorURN\n" +
			"CEF:0|Pulumi|Pulumi Cloud|1.0|Stack Created|Stack Created|3|rt=1772323200000 src=203.0.113.7 suser=pulumi-tester outcome=success\n",
	} {
		path := filepath.Join(t.TempDir(), "log")
		got := programtest.RunLive(t, cloud, "-org", "acme", "-from", "2026-03-01", "-format", format, "-o", path)
		require.Equal(t, 0, got.Status, got.Stderr)
		assert.Equal(t, want, read(t, path), format)
	}
	path := filepath.Join(t.TempDir(), "log")
	got := programtest.RunLive(t, cloud, "-org", "acme", "-from", "2026-03-01", "-format", "json", "-o", path)
	require.Equal(t, 0, got.Status, got.Stderr)
	assert.Equal(t, []string{evil, ""}, descriptions(t, path), "nothing is changed")
	assert.Equal(t, 2, strings.Count(read(t, path), "\n"))
	assert.NotContains(t, read(t, path), "\u202e")
	for _, request := range cloud.Requests() {
		assert.Equal(t, http.MethodGet, request.Method, "it only reads")
	}
}

func TestNoFormula(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "", "text": "text", "a=b": "a=b", "=1": "'=1", "+1": "'+1", "-1": "'-1", "@a": "'@a", "\ta": "'\ta", "\n=1": "'\n=1", "'=1": "''=1", "＝1": "'＝1",
	} {
		assert.Equal(t, want, noFormula(text))
	}
}

func TestFilters(t *testing.T) {
	t.Parallel()
	cloud := evilCloud(t)
	path := filepath.Join(t.TempDir(), "log")
	got := programtest.RunLive(t, cloud, "-org", "acme", "-from", "2026-03-01", "-format", "json", "-o", path,
		"-user", "pulumi-tester", "-event", "stack-created")
	assert.Equal(t, 0, got.Status, got.Stderr)
	assert.Equal(t, []string{""}, descriptions(t, path))
}

func TestCommandLine(t *testing.T) {
	t.Parallel()
	tomorrow := time.Now().AddDate(0, 0, 1).Format(time.DateOnly)
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"-format", "xml"}, `-format must be csv, cef or json, not "xml"`},
		{[]string{"-pages", "-1"}, `-pages must not be negative: -1`},
		{[]string{"-from", "yesterday"}, `invalid value "yesterday" for flag -from: must be a date, or a time such as 2026-03-01T12:30:00Z`},
		{[]string{"-to", "2026-03-01T12:30:00.5Z"}, `must be a whole second`},
		{[]string{"-from", "2026-03-01", "-to", "2026-03-01"}, `there is no time between -from 2026-03-01T00:00:00Z and -to 2026-03-01T00:00:00Z`},
		{[]string{"-to", "2020-01-01"}, `there is no time between`},
		{[]string{"-to", tomorrow}, `-to must not be in the future`},
		{[]string{"-live"}, `add -org and its name`},
		{[]string{"acme"}, `unexpected argument: "acme"`},
	} {
		got := programtest.Run(t, c.args...)
		assert.Equal(t, 2, got.Status, "%q", c.args)
		assert.Empty(t, got.Stdout, "%q", c.args)
		assert.Contains(t, got.Stderr, c.says, "%q", c.args)
	}
	assert.Equal(t, programtest.Result{Stdout: help}, programtest.Run(t, "-h"))
}

func TestLive_Failures(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault pulumiapitest.Fault
		says  string
		kept  bool
	}{
		"unauthorized": {pulumiapitest.Fault{Status: http.StatusUnauthorized}, "The access token is not valid", false},
		"no audit log": {pulumiapitest.Fault{Status: http.StatusBadRequest, Body: `{"code":400,"message":"not in your plan\u001b[2J"}`}, ": 400: not in your plan", false},
		"within page":  {pulumiapitest.Fault{Skip: 1, Status: http.StatusServiceUnavailable}, ": 503: ", false},
		"down":         {pulumiapitest.Fault{Skip: 3, Status: http.StatusServiceUnavailable}, ": 503: ", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud := pulumiapitest.NewServer()
			defer cloud.Close()
			require.NoError(t, seed(cloud))
			fault := cloud.Inject(c.fault)
			folder := t.TempDir()
			command := programtest.Command{Cloud: cloud, Dir: folder, Args: []string{"-live", "-org", demoOrg}}
			got := command.Run(t)
			assert.Equal(t, 1, got.Status)
			assert.Empty(t, got.Stdout)
			assert.Equal(t, c.kept, strings.Contains(got.Stderr, "What there is so far is kept: run this again to go on.\n"))
			assert.Equal(t, c.kept, len(names(t, folder)) > 0, "what has nothing in it stands in nobody's way")
			assert.Contains(t, got.Stderr, "auditexport: pulumiapi: GET /api/orgs/acme-archive/auditlogs/v2: ")
			assert.Contains(t, got.Stderr, c.says)
			assert.NotContains(t, got.Stderr, "\x1b")

			fault.Remove()
			got = command.Run(t)
			assert.Equal(t, 0, got.Status, got.Stderr)
			files := names(t, folder)
			require.Len(t, files, 1)
			assert.Regexp(t, `^auditlog-acme-archive-\d{8}T000000Z-\d{8}T000000Z\.csv$`, files[0])
			assert.Equal(t, 1001, strings.Count(read(t, folder, files[0]), "\n"))
		})
	}
}

// A command line with a mistake leaves nothing behind that refuses the correct one.
func TestLive_UnknownOrganization(t *testing.T) {
	t.Parallel()
	cloud := evilCloud(t)
	path := filepath.Join(t.TempDir(), "log")
	got := programtest.RunLive(t, cloud, "-org", "amce", "-from", "2026-03-01", "-o", path)
	assert.Equal(t, 1, got.Status)
	assert.Contains(t, got.Stderr, "auditexport: pulumiapi: GET /api/orgs/amce/auditlogs/v2: 404: ")
	assert.NotContains(t, got.Stderr, "kept")
	assert.Empty(t, names(t, filepath.Dir(path)))
	got = programtest.RunLive(t, cloud, "-org", "acme", "-from", "2026-03-01", "-o", path)
	assert.Equal(t, 0, got.Status, got.Stderr)
}

// An export needs a file of its own, which it says before it asks for anything.
func TestNoFileOfItsOwn(t *testing.T) {
	t.Parallel()
	cloud := evilCloud(t)
	folder := t.TempDir()
	put(t, folder, "target", "precious")
	link, dangling := filepath.Join(folder, "link"), filepath.Join(folder, "dangling")
	require.NoError(t, os.Symlink("target", link))
	require.NoError(t, os.Symlink("missing", dangling))
	before := names(t, folder)
	for _, path := range []string{os.DevNull, "/dev/stdout", folder, link, dangling} {
		got := programtest.RunLive(t, cloud, "-org", "acme", "-from", "2026-03-01", "-o", path)
		assert.Equal(t, programtest.Result{Status: 1, Stderr: "auditexport: " + path + " is a folder, a link, a pipe or a device, " +
			"and an export that can be interrupted needs a file of its own: choose another name with -o\n"}, got)
		assert.NoFileExists(t, path+".lock")
	}
	assert.Equal(t, before, names(t, folder))
	assert.Equal(t, "precious", read(t, folder, "target"))
	assert.Empty(t, cloud.Requests())
}

func TestNowhereToWrite(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for path, says := range map[string]string{
		filepath.Join(folder, "missing", "log"): "no such file or directory",
		folder + "/a\x1b[2Jb/cd":                "ab/cd.lock: no such file",
	} {
		got := programtest.Run(t, "-o", path)
		assert.Equal(t, 1, got.Status)
		assert.Empty(t, got.Stdout)
		assert.Contains(t, got.Stderr, says)
	}
	// A standard output that nothing can be written to.
	readOnly, err := os.Open(os.DevNull)
	require.NoError(t, err)
	defer func() { assert.NoError(t, readOnly.Close()) }()
	command := programtest.Command{Args: []string{"-o", filepath.Join(folder, "log")}, Stdout: readOnly}
	got := command.Run(t)
	assert.Equal(t, 1, got.Status)
	assert.Contains(t, got.Stderr, "auditexport: write ")
	command.Stdout = nil
	got = command.Run(t)
	assert.Equal(t, 0, got.Status, got.Stderr)
	assert.Contains(t, got.Stdout, "1000 events of ")
	assert.Equal(t, []string{"log"}, names(t, folder), "only the message was missing")
}

func TestTerminal(t *testing.T) {
	t.Parallel()
	got := programtest.Command{Terminal: true, Args: []string{"-o", filepath.Join(t.TempDir(), "log")}}.Run(t)
	assert.Equal(t, 0, got.Status)
	assert.Contains(t, got.Stdout, "exporting, back to ")
	assert.Regexp(t, ` \r1000 events of acme-archive `, got.Stdout)
}
