package main

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/examples/internal/program"
	"github.com/pulumiapi/pulumiapi/examples/internal/programtest"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

func TestMain(m *testing.M) { programtest.Main(m) }

const (
	updateIssue = "PATCH /api/orgs/{orgName}/policyresults/issues/{issueId}"
	listIssues  = "POST /api/orgs/{orgName}/policyresults/issues"
)

// newCloud returns a cloud with an organization, acme, and its issues.
func newCloud(t *testing.T, issues ...pulumiapitest.PolicyIssue) *pulumiapitest.Server {
	t.Helper()
	srv := pulumiapitest.NewServer()
	t.Cleanup(srv.Close)
	for _, login := range []string{"grace", "ada"} {
		require.NoError(t, srv.AddMember("acme", pulumiapitest.Member{User: pulumiapitest.User{Login: login}}))
	}
	for i, issue := range issues {
		if issue.ID == "" {
			issue.ID = fmt.Sprintf("issue-%02d", i)
		}
		if issue.Account == "" && issue.Project == "" {
			issue.Project, issue.Stack = "web", "prod"
		}
		if issue.Observed.IsZero() {
			issue.Observed = time.Now().Add(-time.Duration(i+1) * 25 * time.Hour)
		}
		_, err := srv.AddPolicyIssue("acme", issue)
		require.NoError(t, err)
	}
	return srv
}

// mixed are issues that differ in everything that filters look at.
func mixed() []pulumiapitest.PolicyIssue {
	return []pulumiapitest.PolicyIssue{
		{Pack: "aws", Policy: "tags", Resource: "vpc", Severity: "low", AssignedTo: "ada", Status: "in_progress"},
		{Pack: "aws", Policy: "public", Resource: "bucket", Severity: "critical", Level: "mandatory", Project: "web", Stack: "dev"},
		{Pack: "AWS", Policy: "public", Resource: "bucket", Severity: "critical", Level: "mandatory"},
		{Pack: "cis", Policy: "logs", Resource: "trail", Severity: "high", Account: "main/us-east-1", Priority: "p1"},
		{Pack: "cis", Policy: "logs", Resource: "trail", Severity: "high", Status: "fixed"},
	}
}

// issuesOf returns what is known of all of acme's issues, by their IDs.
func issuesOf(t *testing.T, srv *pulumiapitest.Server) map[string]pulumiapi.PolicyIssue {
	t.Helper()
	all := map[string]pulumiapi.PolicyIssue{}
	for _, closed := range []bool{false, true} {
		issues, err := pulumiapi.Collect(srv.Client().PolicyIssues.List(t.Context(), "acme", &pulumiapi.PolicyIssueListOptions{Closed: closed}))
		require.NoError(t, err)
		for _, issue := range issues {
			all[issue.ID] = issue
		}
	}
	return all
}

// updated returns the IDs of the issues for which the program has sent a change.
func updated(srv *pulumiapitest.Server) []string {
	var ids []string
	for _, req := range srv.Requests() {
		if req.Method == http.MethodPatch {
			ids = append(ids, req.Path[strings.LastIndex(req.Path, "/")+1:])
		}
	}
	return ids
}

func TestPolicytriage_Demo(t *testing.T) {
	t.Parallel()
	got := programtest.Run(t)
	assert.Equal(t, 0, got.Status)
	assert.Empty(t, got.Stderr)
	assert.Equal(t, `Open policy issues of acme-corp, from a Pulumi Cloud in memory

POLICY PACK       SEVERITY  ISSUES  MANDATORY  IN PROGRESS  UNASSIGNED  OLDEST
acme-guard-rails  critical  43      43         17           26          199 days
acme-guard-rails  high      21      21         11           10          196 days
acme-guard-rails  low       31      0          7            24          198 days
cis-aws           high      37      0          12           25          197 days
cis-aws           medium    38      0          12           26          198 days

170 issues of 2 policy packs
`, got.Stdout)
}

func TestGroupIssues_Order(t *testing.T) {
	t.Parallel()
	var issues []pulumiapi.PolicyIssue
	for _, pack := range []string{"b", "a"} {
		for _, severity := range []pulumiapi.PolicySeverity{"", "low", "medium", "zap", "critical", "high", "low"} {
			issues = append(issues, pulumiapi.PolicyIssue{PolicyPack: pack, Severity: severity})
		}
	}
	var got []string
	for _, g := range groupIssues(issues) {
		got = append(got, fmt.Sprint(g.pack, " ", g.severity, " ", len(g.issues)))
	}
	assert.Equal(t, []string{
		"a critical 1", "a high 1", "a medium 1", "a low 2", "a  1", "a zap 1",
		"b critical 1", "b high 1", "b medium 1", "b low 2", "b  1", "b zap 1",
	}, got)
}

func TestPolicytriage_Help(t *testing.T) {
	t.Parallel()
	got := programtest.Run(t, "-h")
	assert.Equal(t, 0, got.Status)
	assert.Equal(t, help, got.Stdout)
}

func TestPolicytriage_List(t *testing.T) {
	t.Parallel()
	srv := newCloud(t, mixed()...)
	got := programtest.RunLive(t, srv, "-org", "acme", "-list")
	assert.Equal(t, 0, got.Status, got.Stderr)
	_, table, _ := strings.Cut(got.Stdout, "\n\n")
	assert.Equal(t, `POLICY PACK  SEVERITY  ISSUES  MANDATORY  IN PROGRESS  UNASSIGNED  OLDEST
AWS          critical  1       1          0            1           3 days
  issue-02  p4  nobody  public  web/prod  bucket  3 days
aws          critical  1       1          0            1           2 days
  issue-01  p4  nobody  public  web/dev  bucket  2 days
aws          low       1       0          1            0           1 day
  issue-00  p4  ada  tags  web/prod  vpc  1 day
cis          high      1       0          0            1           4 days
  issue-03  p1  nobody  logs  main/us-east-1  trail  4 days

4 issues of 3 policy packs
`, table)
}

// Each filter selects what it says, and nothing else is touched.
func TestPolicytriage_Filters(t *testing.T) {
	t.Parallel()
	for args, want := range map[string][]string{
		"":                                  {"issue-00", "issue-01", "issue-02", "issue-03"},
		"-pack aws":                         {"issue-00", "issue-01"}, // the service takes AWS for the same
		"-pack aws -pack cis":               {"issue-00", "issue-01", "issue-03"},
		"-policy public":                    {"issue-01", "issue-02"},
		"-severity low -severity high":      {"issue-00", "issue-03"},
		"-level mandatory -stack web/dev":   {"issue-01"},
		"-stack web/prod":                   {"issue-00", "issue-02"},
		"-stack main/us-east-1":             nil, // an account
		"-status in_progress":               {"issue-00"},
		"-assigned-to ada":                  {"issue-00"},
		"-assigned-to ada -assigned-to bob": {"issue-00"},
		"-unassigned":                       {"issue-01", "issue-02", "issue-03"},
	} {
		t.Run(args, func(t *testing.T) {
			t.Parallel()
			srv := newCloud(t, mixed()...)
			before := issuesOf(t, srv)
			got := programtest.RunLive(t, srv, append([]string{"-org", "acme", "-priority", "p0"}, strings.Fields(args)...)...)
			assert.Equal(t, 0, got.Status, got.Stderr)
			assert.ElementsMatch(t, want, updated(srv))
			for id, issue := range issuesOf(t, srv) {
				was := before[id]
				if len(want) > 0 && strings.Contains(strings.Join(want, " "), id) {
					assert.Equal(t, pulumiapi.PolicyIssuePriorityP0, issue.Priority, id)
					was.Priority, was.LastModified = issue.Priority, issue.LastModified
				}
				assert.Equal(t, was, issue, "nothing else is changed")
			}
		})
	}
}

// Whatever the service lets through, the filter decides.
func TestFilter_Selects(t *testing.T) {
	t.Parallel()
	issue := pulumiapi.PolicyIssue{
		EntityType: pulumiapi.PolicyEntityTypeStack, EntityProject: "web", EntityID: "prod", PolicyPack: "aws", Severity: pulumiapi.PolicySeverityHigh,
	}
	f := filter{packs: program.Texts{"cis", "aws"}, severities: program.Texts{"high"}, stacks: program.Texts{"web/prod"}, unassigned: true}
	assert.True(t, f.selects(&issue))
	for what, change := range map[string]func(*pulumiapi.PolicyIssue){
		"pack":     func(i *pulumiapi.PolicyIssue) { i.PolicyPack = "AWS" },
		"severity": func(i *pulumiapi.PolicyIssue) { i.Severity = "" },
		"account":  func(i *pulumiapi.PolicyIssue) { i.EntityType = pulumiapi.PolicyEntityTypeInsightsAccount },
		"stack":    func(i *pulumiapi.PolicyIssue) { i.EntityID = "dev" },
		"assignee": func(i *pulumiapi.PolicyIssue) { i.AssignedTo = &pulumiapi.UserInfo{GitHubLogin: "ada"} },
	} {
		other := issue
		change(&other)
		assert.False(t, f.selects(&other), what)
	}
	assert.True(t, new(filter).selects(&issue), "an empty one lets everything through")
}

// The service is asked for no more than is needed.
func TestPolicytriage_AsksForLess(t *testing.T) {
	t.Parallel()
	srv := newCloud(t, mixed()...)
	assert.Equal(t, 0, programtest.RunLive(t, srv, "-org", "acme", "-severity", "high", "-stack", "web/prod").Status)
	body := string(srv.Requests()[0].Body)
	for _, want := range []string{`"colId":"severity"`, `"filter":"high"`, `"colId":"entityProject"`, `"filter":"web"`, `"colId":"entityId"`} {
		assert.Contains(t, body, want)
	}
}

func TestPolicytriage_DryRun(t *testing.T) {
	t.Parallel()
	srv := newCloud(t, mixed()...)
	got := programtest.RunLive(t, srv, "-org", "acme", "-priority", "p1", "-assign", "grace", "-dry-run")
	assert.Equal(t, 0, got.Status, got.Stderr)
	assert.Contains(t, got.Stdout, `
issue-02  AWS/public  web/prod  bucket: priority p4 → p1, assigned to nobody → grace
issue-01  aws/public  web/dev  bucket: priority p4 → p1, assigned to nobody → grace
issue-00  aws/tags  web/prod  vpc: priority p4 → p1, assigned to ada → grace
issue-03  cis/logs  main/us-east-1  trail: assigned to nobody → grace

Would change 4 of 4 issues; nothing was changed.
`)
	assert.Empty(t, updated(srv))
}

func TestPolicytriage_Change(t *testing.T) {
	t.Parallel()
	srv := newCloud(t, mixed()...)
	args := []string{"-org", "acme", "-priority", "p1", "-assign", "grace"}
	got := programtest.RunLive(t, srv, args...)
	assert.Equal(t, 0, got.Status, got.Stderr)
	assert.Contains(t, got.Stdout, "\nissue-03  cis/logs  main/us-east-1  trail: assigned to nobody → grace\n\nChanged 4 of 4 issues.\n")
	for id, issue := range issuesOf(t, srv) {
		if issue.Status == pulumiapi.PolicyIssueStatusFixed {
			continue
		}
		assert.Equal(t, pulumiapi.PolicyIssuePriorityP1, issue.Priority, id)
		assert.Equal(t, "grace", issue.AssignedTo.GitHubLogin, id)
	}
	changes := len(updated(srv))
	got = programtest.RunLive(t, srv, args...)
	assert.Equal(t, 0, got.Status, got.Stderr)
	assert.Contains(t, got.Stdout, "\nChanged 0 of 4 issues; 4 needed no change.\n")
	assert.Len(t, updated(srv), changes, "what is as it should be is left alone")
}

func TestPolicytriage_SurvivesFailures(t *testing.T) {
	t.Parallel()
	srv := newCloud(t, make([]pulumiapitest.PolicyIssue, 20)...)
	srv.Inject(pulumiapitest.Fault{Endpoint: updateIssue, Skip: 4, Times: 2, Status: http.StatusConflict})
	srv.Inject(pulumiapitest.Fault{Endpoint: updateIssue, Skip: 10, Times: 1, Drop: true, Applied: true})
	got := programtest.RunLive(t, srv, "-org", "acme", "-priority", "p0")
	assert.Equal(t, 1, got.Status)
	assert.Equal(t, 2, strings.Count(got.Stderr, ": not changed: "), got.Stderr)
	assert.Contains(t, got.Stderr, "409")
	assert.Contains(t, got.Stderr, "policytriage: 2 of 20 issues could not be changed\n")
	assert.Contains(t, got.Stdout, "\nChanged 18 of 20 issues; 2 failed.\n")
	assert.Equal(t, 18, strings.Count(got.Stdout, "priority p4 → p0\n"))
	changed := 0
	for _, issue := range issuesOf(t, srv) {
		if issue.Priority == pulumiapi.PolicyIssuePriorityP0 {
			changed++
		}
	}
	assert.Equal(t, 18, changed)
	assert.Len(t, updated(srv), 21, "the one whose response was lost is changed again: that does no harm")
}

func TestPolicytriage_WhatMayHaveBeenChanged(t *testing.T) {
	t.Parallel()
	srv := newCloud(t, make([]pulumiapitest.PolicyIssue, 1)...)
	srv.Inject(pulumiapitest.Fault{Endpoint: updateIssue, Drop: true, Applied: true})
	got := programtest.RunLive(t, srv, "-org", "acme", "-priority", "p0")
	assert.Equal(t, 1, got.Status)
	assert.Equal(t, 1, strings.Count(got.Stderr, ": not changed (it may have been changed): "), got.Stderr)
	assert.Contains(t, got.Stdout, "\nChanged 0 of 1 issue; 1 failed.\n")
}

func TestPolicytriage_GivesUp(t *testing.T) {
	t.Parallel()
	for status, most := range map[int]int{http.StatusForbidden: atATime, http.StatusUnauthorized: atATime} {
		srv := newCloud(t, make([]pulumiapitest.PolicyIssue, 20)...)
		srv.Inject(pulumiapitest.Fault{Endpoint: updateIssue, Status: status})
		got := programtest.RunLive(t, srv, "-org", "acme", "-priority", "p0")
		assert.Equal(t, 1, got.Status)
		assert.Len(t, updated(srv), most, "status %d", status)
		assert.Contains(t, got.Stdout, "\nChanged 0 of 20 issues; 8 failed; 12 not tried.\n")
		assert.Contains(t, got.Stderr, "\npolicytriage: gave up: ")
	}
}

func TestPolicytriage_Interrupted(t *testing.T) {
	t.Parallel()
	srv := newCloud(t, make([]pulumiapitest.PolicyIssue, 12)...)
	srv.Inject(pulumiapitest.Fault{Endpoint: updateIssue, Skip: atATime, Delay: time.Minute})
	process := programtest.Command{Args: []string{"-live", "-org", "acme", "-priority", "p0"}, Cloud: srv}.Start(t)
	require.Eventually(t, func() bool { return len(updated(srv)) > atATime }, 10*time.Second, time.Millisecond, "the second batch")
	process.Signal(os.Interrupt)
	got := process.Wait()
	assert.Equal(t, 1, got.Status)
	assert.Contains(t, got.Stdout, "\nChanged 8 of 12 issues; 4 failed.", "it says how far it came")
	assert.Contains(t, got.Stderr, "policytriage: interrupted\n")
}

func TestPolicytriage_UnknownAssignee(t *testing.T) {
	t.Parallel()
	srv := newCloud(t, mixed()...)
	for _, more := range [][]string{nil, {"-dry-run"}} {
		got := programtest.RunLive(t, srv, append([]string{"-org", "acme", "-assign", "garce"}, more...)...)
		assert.Equal(t, 1, got.Status)
		assert.Contains(t, got.Stderr, `policytriage: acme has no member "garce" to assign issues to`)
	}
	assert.Empty(t, updated(srv))
}

func TestPolicytriage_Check(t *testing.T) {
	t.Parallel()
	srv := newCloud(t, mixed()...)
	assert.Equal(t, 3, programtest.RunLive(t, srv, "-org", "acme", "-check", "-severity", "critical").Status)
	got := programtest.RunLive(t, srv, "-org", "acme", "-check", "-severity", "medium")
	assert.Equal(t, 0, got.Status)
	assert.Contains(t, got.Stdout, "\nThere are none.\n")
}

func TestPolicytriage_WrongCommandLine(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"-live":                          "-live needs to know the organization",
		"-stack prod":                    `"prod" is not project/stack`,
		"-stack a/b/c":                   `"a/b/c" is not project/stack`,
		"-severity high -severity Low":   `-severity must be one of [critical high medium low]: "Low"`,
		"-level hard":                    `-level must be one of [mandatory advisory remediate disabled]: "hard"`,
		"-status fixed":                  `-status must be one of [open in_progress]: "fixed"`, // those are closed
		"-priority p5":                   `-priority must be one of p0 to p4: "p5"`,
		"-dry-run":                       "-dry-run needs something to do",
		"-unassigned -assigned-to grace": "-unassigned and -assigned-to leave nothing over",
		"-pack=":                         "must not be empty",
		"-assign=":                       "-assign must not be empty",
		"all":                            `unexpected argument: "all"`,
		"-all":                           "not defined: -all",
	} {
		got := programtest.Run(t, strings.Fields(args)...)
		assert.Equal(t, 2, got.Status, args)
		assert.Contains(t, got.Stderr, want, args)
		assert.Empty(t, got.Stdout, args)
	}
}

func TestPolicytriage_CannotRead(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]*pulumiapitest.Fault{
		"401": {Status: http.StatusUnauthorized},
		"404": nil, // the organization doesn't exist
		"503": {Endpoint: listIssues, Status: http.StatusServiceUnavailable, Header: http.Header{"Retry-After": {"0"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := newCloud(t)
			if fault != nil {
				srv.Inject(*fault)
			}
			got := programtest.RunLive(t, srv, "-org", "nobody", "-priority", "p0")
			assert.Equal(t, 1, got.Status)
			assert.Contains(t, got.Stderr, "policytriage: pulumiapi: ")
			assert.Contains(t, got.Stderr, ": "+name+": ")
			assert.Empty(t, got.Stdout)
		})
	}
}

func TestPolicytriage_UnwritableOutput(t *testing.T) {
	t.Parallel()
	srv := newCloud(t, mixed()...)
	got := programtest.Command{Args: []string{"-live", "-org", "acme", "-priority", "p0"}, Cloud: srv, Stdout: programtest.FullDisk(t)}.Run(t)
	assert.Equal(t, 1, got.Status)
	assert.Contains(t, got.Stderr, "no space left")
	assert.Empty(t, updated(srv), "nothing is changed that can't be told of")
}

func TestPolicytriage_HostileText(t *testing.T) {
	t.Parallel()
	const evil = "\x1b[2J\x1b]0;title\a\u202e\r\n\tcol"
	srv := newCloud(t, pulumiapitest.PolicyIssue{ID: "x", Pack: evil, Policy: evil, Resource: evil, Severity: evil, Project: evil, Stack: evil, AssignedTo: evil})
	srv.Inject(pulumiapitest.Fault{Endpoint: updateIssue, Status: http.StatusConflict, Body: `{"message":"no\u001b[31m"}`, Times: 1})
	got := programtest.RunLive(t, srv, "-org", "acme", "-list", "-assign", "grace")
	assert.Equal(t, 1, got.Status)
	for _, r := range got.Stdout + got.Stderr {
		assert.False(t, (r < ' ' && r != '\n') || (r >= 0x7f && r < 0xa0) || r == '\u202e', "%q", r)
	}
	assert.Contains(t, got.Stdout, "]0;title")
}

func TestPolicytriage_Terminal(t *testing.T) {
	t.Parallel()
	got := programtest.Command{Terminal: true}.Run(t)
	assert.Equal(t, 0, got.Status)
	assert.Contains(t, got.Stdout, "reading policy issues")
	assert.Regexp(t, `\x1b\[31macme-guard-rails  critical .*\x1b\[0m`, got.Stdout)
	got = programtest.Command{Terminal: true, Env: []string{"NO_COLOR=1"}}.Run(t)
	assert.NotContains(t, got.Stdout, "\x1b[")
}

// The standard output has colours, and the standard error, which may be a file all
// the same, has none.
func TestPolicytriage_NoColoursInErrors(t *testing.T) {
	t.Parallel()
	srv := newCloud(t, mixed()...)
	srv.Inject(pulumiapitest.Fault{Endpoint: updateIssue, Status: http.StatusConflict})
	got := programtest.Command{Args: []string{"-live", "-org", "acme", "-priority", "p0"}, Cloud: srv, Terminal: true}.Run(t)
	assert.Equal(t, 1, got.Status)
	assert.Contains(t, got.Stdout, ": not changed: pulumiapi: ")
}

// Of an issue, next to nothing may be known.
func TestWriteIssue_Empty(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	writeIssue(&out, &pulumiapi.PolicyIssue{ID: "x"}, time.Now())
	assert.Equal(t, "  x  -  nobody  -  -  -  -\n", out.String())
	issue := pulumiapi.PolicyIssue{}
	req, needed := change{priority: "p1"}.request(&issue)
	assert.True(t, needed)
	assert.Equal(t, "priority none → p1", describe(&req, &issue, ""))
}
