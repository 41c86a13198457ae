package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/examples/internal/programtest"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

func TestMain(m *testing.M) { programtest.Main(m) }

const (
	getOrg    = "GET /api/orgs/{orgName}/metadata"
	getTeam   = "GET /api/orgs/{orgName}/teams/{teamName}"
	getAccess = "GET /api/console/orgs/{orgName}/members/{userLogin}/stacks/{projectName}/{stackName}"
	listTeams = "GET /api/orgs/{orgName}/teams"
)

// newCloud returns a cloud with an organization, acme, of three: grace administers
// it, ada's team may write to web/prod, and tim is nobody.
func newCloud(t *testing.T) *pulumiapitest.Server {
	t.Helper()
	srv := pulumiapitest.NewServer()
	t.Cleanup(srv.Close)
	for login, role := range map[string]string{"grace": "admin", "ada": "", "tim": ""} {
		require.NoError(t, srv.AddMember("acme", pulumiapitest.Member{User: pulumiapitest.User{Login: login}, Role: role}))
	}
	require.NoError(t, srv.AddStack(pulumiapitest.Stack{Org: "acme", Project: "web", Name: "prod", Owner: pulumiapitest.User{Login: "grace"}}))
	require.NoError(t, srv.AddStack(pulumiapitest.Stack{Org: "acme", Project: "web", Name: "dev", Owner: pulumiapitest.User{Login: "tim"}}))
	require.NoError(t, srv.AddTeam("acme", pulumiapitest.Team{
		Name: "shop", Members: []pulumiapitest.TeamMember{{Login: "ada", Admin: true}},
		Stacks: []pulumiapitest.TeamStack{{Project: "web", Stack: "prod", Permission: 102}},
	}))
	return srv
}

// reportOf runs the program, and returns the report with what came of the process.
func reportOf(t *testing.T, srv *pulumiapitest.Server, args ...string) (string, programtest.Result) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "access.html")
	args = append([]string{"-o", name}, args...)
	var got programtest.Result
	if srv == nil {
		got = programtest.Run(t, args...)
	} else {
		got = programtest.RunLive(t, srv, append(args, "-org", "acme")...)
	}
	page, err := os.ReadFile(name)
	require.NoError(t, err, got.Stderr)
	return string(page), got
}

func TestAccessreview_Demo(t *testing.T) {
	t.Parallel()
	got := programtest.Run(t)
	assert.Equal(t, 0, got.Status)
	assert.Empty(t, got.Stderr)
	assert.Equal(t, `Access to the stacks of acme-corp, from a Pulumi Cloud in memory

     25 members
      6 teams
     41 stacks

Worth a look:

  Administrators, who can do everything
      barbara, grace, pulumi-tester
  Owners of stacks who are no members
      rosalind (webshop/loyalty-cards)
  Stacks that only administrators and single persons reach
      data-platform/gpu-spike, landing-zone/new-region, network/peering-test, webshop/loyalty-cards
      webshop/pr-3310
  Members in no team
      ci, evelyn, frances, pulumi-tester
  Members who have no account at Pulumi
      intern-2
  Members with a custom role, which may permit more than is shown here
      ci, evelyn, jean

For everything, in a file for a browser: add -o access.html
`, got.Stdout)
}

func TestAccessreview_Help(t *testing.T) {
	t.Parallel()
	got := programtest.Run(t, "-h")
	assert.Equal(t, 0, got.Status)
	assert.Equal(t, help, got.Stdout)
}

func TestAccessreview_Report(t *testing.T) {
	t.Parallel()
	page, got := reportOf(t, newCloud(t))
	assert.Equal(t, 0, got.Status, got.Stderr)
	assert.Contains(t, got.Stdout, "\nWrote ")
	// The columns are ada, grace, pulumi-tester, who administers it, too, and tim.
	contains(t, page, `<tr data-text="web/prod grace shop">
<th scope="row" class="stack">web/<b>prod</b></th>
<td>grace</td>
<td class="n">3</td>
<td class="c r2" data-value="2" title="team shop: write">W</td>
<td class="c r4" data-value="4" title="administrator of the organization: admin; in person: creator">C</td>
<td class="c r3" data-value="3" title="administrator of the organization: admin">A</td>
<td class="c r0" data-value="0"></td>
</tr>`)
	contains(t, page, `<td class="c r4" data-value="4" title="in person: creator">C</td>`)
	contains(t, page, `<tr><th scope="row">ada</th><td>ada</td><td>Member</td><td>shop</td>`)
	lacks(t, page, "This report is not complete")
}

// What a reviewer is told of is what the service itself says of each member.
func TestAccessreview_AgreesWithTheService(t *testing.T) {
	t.Parallel()
	srv := pulumiapitest.Demo()
	t.Cleanup(srv.Close)
	client := srv.Client()
	reader := reader{client: client, org: pulumiapitest.DemoOrganization}
	o, err := reader.readLists(t.Context())
	require.NoError(t, err)
	for _, team := range o.teams {
		for _, stack := range team.Stacks {
			id := pulumiapi.StackIdentifier{Org: o.name, Project: stack.ProjectName, Stack: stack.StackName}
			for _, m := range team.Members {
				access, err := client.Orgs.GetMemberStackAccess(t.Context(), m.GitHubLogin, id)
				require.NoError(t, err)
				i := slices.IndexFunc(o.members, func(member pulumiapi.OrgMember) bool { return member.User.GitHubLogin == m.GitHubLogin })
				got := newAccessTable(o).of(&o.members[i], id)
				want := access.OrganizationDefault
				for _, grant := range access.TeamPermissions {
					want = max(want, grant.Permission)
				}
				if access.OrganizationRole == pulumiapi.OrgRoleAdmin {
					want = pulumiapi.StackPermissionAdmin
				}
				assert.Equal(t, want, got.permission, "%s, %s", m.GitHubLogin, id)
			}
		}
	}
}

// The service may write an organization's name in another way than the user has.
func TestAccessTable_OtherCase(t *testing.T) {
	t.Parallel()
	o := &organization{
		name:   "ACME",
		stacks: []pulumiapi.StackSummary{{OrgName: "acme", ProjectName: "web", StackName: "prod"}},
		teams: []pulumiapi.Team{{
			Members: []pulumiapi.TeamMember{{UserInfo: pulumiapi.UserInfo{GitHubLogin: "ada"}}},
			Stacks:  []pulumiapi.TeamStackAccess{{ProjectName: "web", StackName: "prod", Permission: pulumiapi.StackPermissionEdit}},
		}},
	}
	ada := pulumiapi.OrgMember{User: pulumiapi.UserInfo{GitHubLogin: "ada"}}
	assert.Equal(t, pulumiapi.StackPermissionEdit, newAccessTable(o).of(&ada, o.stacks[0].Identifier()).permission)
}

func TestAccessreview_EverybodyMayRead(t *testing.T) {
	t.Parallel()
	srv := newCloud(t)
	_, err := srv.Client().Orgs.Update(t.Context(), "acme", pulumiapi.OrgUpdateRequest{
		DefaultStackPermission: new(pulumiapi.StackPermissionRead),
	})
	require.NoError(t, err)
	page, got := reportOf(t, srv)
	assert.Equal(t, 0, got.Status, got.Stderr)
	assert.Contains(t, got.Stdout, "Every member may do something with every stack\n      read\n")
	contains(t, page, `title="every member: read; team shop: write">W</td>`)
	contains(t, page, `title="every member: read">R</td>`)
	assert.NotContains(t, got.Stdout, "Stacks that only administrators")
}

func TestAccessreview_CustomRole(t *testing.T) {
	t.Parallel()
	srv := newCloud(t)
	id, err := srv.AddRole("acme", pulumiapitest.Role{Name: "Auditor"})
	require.NoError(t, err)
	require.NoError(t, srv.Client().Orgs.UpdateMember(t.Context(), "acme", "tim", pulumiapi.OrgMemberUpdateRequest{FGARoleID: &id}))
	page, got := reportOf(t, srv)
	assert.Contains(t, got.Stdout, "Members with a custom role, which may permit more than is shown here\n      tim\n")
	contains(t, page, `<td>Auditor</td>`)
}

// A report that lacks something says so, and so does the exit status.
func TestAccessreview_Gaps(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fault *pulumiapitest.Fault
		args  []string
		want  string
	}{
		"team":     {&pulumiapitest.Fault{Endpoint: getTeam, Status: http.StatusForbidden}, nil, "team shop: pulumiapi: GET /api/orgs/acme/teams/shop: 403: "},
		"default":  {&pulumiapitest.Fault{Endpoint: getOrg, Status: http.StatusForbidden}, nil, "what every member may do: pulumiapi: GET "},
		"access":   {&pulumiapitest.Fault{Endpoint: getAccess, Status: http.StatusNotFound, Times: 1}, nil, "what was permitted to "},
		"requests": {nil, []string{"-personal", "5"}, "what was permitted to single persons: it would take 8 requests, and -personal allows 5"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := newCloud(t)
			if test.fault != nil {
				srv.Inject(*test.fault)
			}
			page, got := reportOf(t, srv, test.args...)
			assert.Equal(t, 1, got.Status)
			assert.Contains(t, got.Stderr, "missing: "+test.want)
			assert.Contains(t, got.Stderr, "accessreview: the review is not complete\n")
			contains(t, page, "This report is not complete")
			contains(t, page, "<li>"+test.want)
		})
	}
}

func TestAccessreview_CannotRead(t *testing.T) {
	t.Parallel()
	unavailable := http.Header{"Retry-After": {"0"}}
	for name, test := range map[string]struct {
		org   string
		fault *pulumiapitest.Fault
		want  string
	}{
		"unauthorized":           {"acme", &pulumiapitest.Fault{Status: http.StatusUnauthorized}, ": 401: "},
		"no such organization":   {"nobody", nil, ": 404: "},
		"unavailable":            {"acme", &pulumiapitest.Fault{Endpoint: listTeams, Status: http.StatusServiceUnavailable, Header: unavailable}, ": 503: "},
		"unauthorized, half-way": {"acme", &pulumiapitest.Fault{Endpoint: getTeam, Status: http.StatusUnauthorized}, ": 401: "},
		"unavailable, half-way":  {"acme", &pulumiapitest.Fault{Endpoint: getAccess, Status: http.StatusServiceUnavailable, Header: unavailable}, ": 503: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := newCloud(t)
			if test.fault != nil {
				srv.Inject(*test.fault)
			}
			dir := t.TempDir()
			got := programtest.RunLive(t, srv, "-org", test.org, "-o", filepath.Join(dir, "access.html"))
			assert.Equal(t, 1, got.Status)
			assert.Contains(t, got.Stderr, "accessreview: pulumiapi: ")
			assert.Contains(t, got.Stderr, test.want)
			left, err := os.ReadDir(dir)
			require.NoError(t, err)
			assert.Empty(t, left, "no half of a report")
		})
	}
}

func TestAccessreview_Output(t *testing.T) {
	t.Parallel()
	got := programtest.Run(t, "-o", "-")
	assert.Equal(t, 0, got.Status)
	assert.True(t, strings.HasPrefix(got.Stdout, "<!DOCTYPE html>\n"), got.Stdout[:100])
	assert.True(t, strings.HasSuffix(got.Stdout, "</html>\n"), "and nothing else")

	for _, name := range []string{filepath.Join(t.TempDir(), "missing", "access.html"), t.TempDir()} {
		got := programtest.Run(t, "-o", name)
		assert.Equal(t, 1, got.Status, name)
		assert.Contains(t, got.Stderr, "accessreview: ", name)
	}
}

func TestAccessreview_UnwritableOutput(t *testing.T) {
	t.Parallel()
	full := programtest.FullDisk(t)
	for _, args := range [][]string{nil, {"-o", "-"}} {
		got := programtest.Command{Args: args, Stdout: full}.Run(t)
		assert.Equal(t, 1, got.Status)
		assert.Contains(t, got.Stderr, "no space left")
	}
}

// What is no file that can be replaced, is not replaced: a device, a pipe, a folder,
// a link to another place.
func TestAccessreview_OutputIsNoPlainFile(t *testing.T) {
	t.Parallel()
	srv := newCloud(t)
	got := programtest.RunLive(t, srv, "-org", "acme", "-o", t.TempDir())
	assert.Equal(t, 1, got.Status)
	assert.Contains(t, got.Stderr, "accessreview: open ")
	assert.Empty(t, srv.Requests(), "it is found out before the work")

	dir := t.TempDir()
	target, link := filepath.Join(dir, "target.html"), filepath.Join(dir, "link.html")
	require.NoError(t, os.WriteFile(target, []byte("the old one"), 0o600))
	if err := os.Symlink(target, link); err == nil {
		assert.Equal(t, 0, programtest.Run(t, "-o", link).Status)
		info, err := os.Lstat(link)
		require.NoError(t, err)
		assert.NotZero(t, info.Mode()&os.ModeSymlink, "the link is still one")
		page, err := os.ReadFile(target)
		require.NoError(t, err)
		contains(t, string(page), "</html>")
	}

	const pipe = "/dev/fd/2" // the test's end of it
	if _, err := os.Stat(pipe); err != nil {
		t.Skip("this system has no " + pipe)
	}
	got = programtest.Run(t, "-o", pipe)
	assert.Equal(t, 0, got.Status, got.Stderr)
	assert.True(t, strings.HasSuffix(got.Stderr, "</html>\n"))
}

// There may be very many gaps; the report has them all.
func TestAccessreview_ManyGaps(t *testing.T) {
	t.Parallel()
	srv := newCloud(t)
	srv.Inject(pulumiapitest.Fault{Endpoint: getAccess, Status: http.StatusForbidden})
	for i := range 10 {
		require.NoError(t, srv.AddStack(pulumiapitest.Stack{Org: "acme", Project: "web", Name: fmt.Sprint("pr-", i)}))
	}
	page, got := reportOf(t, srv)
	assert.Equal(t, 1, got.Status)
	assert.Equal(t, 48, strings.Count(page, "<li>what was permitted to "))
	assert.Equal(t, 20, strings.Count(got.Stderr, "missing: what was permitted to "))
	assert.Contains(t, got.Stderr, "missing: and 28 more\n")
}

// A report that was there is as it was until the new one is complete.
func TestAccessreview_Interrupted(t *testing.T) {
	t.Parallel()
	srv := newCloud(t)
	busy := make(chan struct{})
	srv.Inject(pulumiapitest.Fault{
		Endpoint: getAccess, Status: http.StatusServiceUnavailable, Header: http.Header{"Retry-After": {"5"}},
		Before: sync.OnceFunc(func() { close(busy) }),
	})
	name := filepath.Join(t.TempDir(), "access.html")
	require.NoError(t, os.WriteFile(name, []byte("the old one"), 0o600))
	process := programtest.Command{Args: []string{"-live", "-org", "acme", "-o", name}, Cloud: srv, Terminal: true}.Start(t)
	process.WaitForOutput("reading members") // the progress line
	<-busy
	process.Signal(os.Interrupt)
	got := process.Wait()
	assert.Equal(t, 1, got.Status)
	assert.Contains(t, got.Stdout, "accessreview: interrupted")
	old, err := os.ReadFile(name)
	require.NoError(t, err)
	assert.Equal(t, "the old one", string(old))
	left, err := os.ReadDir(filepath.Dir(name))
	require.NoError(t, err)
	assert.Len(t, left, 1)
}

func TestAccessreview_WrongCommandLine(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"-live":        "-live needs to know the organization",
		"-personal -1": "-personal must not be negative: -1",
		"report.html":  `unexpected argument: "report.html"`,
	} {
		got := programtest.Run(t, strings.Fields(args)...)
		assert.Equal(t, 2, got.Status, args)
		assert.Contains(t, got.Stderr, want, args)
	}
}

const evil = "\"><script>alert(1)</script><img src=x onerror=alert(2)>'--></style>\x1b[2J\u202e\n{{.Org}}"

// hostileCloud returns a cloud in which every text is an attack.
func hostileCloud(t *testing.T) *pulumiapitest.Server {
	t.Helper()
	srv := newCloud(t)
	require.NoError(t, srv.AddMember("acme", pulumiapitest.Member{User: pulumiapitest.User{Login: "eve" + evil, Name: evil}}))
	require.NoError(t, srv.AddStack(pulumiapitest.Stack{Org: "acme", Project: evil, Name: evil, Owner: pulumiapitest.User{Login: evil, Name: evil}}))
	require.NoError(t, srv.AddTeam("acme", pulumiapitest.Team{
		Name: "evil", DisplayName: evil[:60], Description: evil, Members: []pulumiapitest.TeamMember{{Login: "eve" + evil}},
		Stacks: []pulumiapitest.TeamStack{{Project: evil, Stack: evil, Permission: 101}},
	}))
	return srv
}

func TestAccessreview_HostileText(t *testing.T) {
	t.Parallel()
	page, got := reportOf(t, hostileCloud(t))
	assert.Equal(t, 0, got.Status, got.Stderr)
	lacks(t, page, "<script>alert")
	lacks(t, page, "<img")
	assert.Equal(t, 1, strings.Count(page, "<script>"), "its own")
	contains(t, page, "&lt;script&gt;alert(1)&lt;/script&gt;", "it is shown")
	for _, r := range page + got.Stdout + got.Stderr {
		assert.False(t, (r < ' ' && r != '\n') || (r >= 0x7f && r < 0xa0) || r == '\u202e', "%q", r)
	}
	assert.Empty(t, regexp.MustCompile(`<[a-z]+( [a-z-]+="[^"]*")* (src|href)=|@import|url\(`).FindString(page), "it needs nothing from elsewhere")
}

// contains is assert.Contains, which would show all of a page that lacks something.
func contains(t *testing.T, page, text string, explanation ...any) {
	t.Helper()
	if !strings.Contains(page, text) {
		assert.Fail(t, "it is not there: "+text, explanation...)
	}
}

// lacks is assert.NotContains in the same way.
func lacks(t *testing.T, page, text string) {
	t.Helper()
	if strings.Contains(page, text) {
		assert.Fail(t, "it is there: "+text)
	}
}
