package contract

import (
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

// liveRun is this test as a process, which takes a server on the loopback interface for
// the real service.
func liveRun(t *testing.T, srv *pulumiapitest.Server, args ...string) *exec.Cmd {
	t.Helper()
	return liveRunAt(t, srv.URL(), srv.Token(), args...)
}

func liveRunAt(t *testing.T, url, token string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), self, append([]string{"-test.run=^TestContract$", "-test.v", "-test.timeout=5m", "-live"}, args...)...)
	cmd.Env = []string{"HOME=" + t.TempDir(), "PULUMI_BACKEND_URL=" + url, "PULUMI_ACCESS_TOKEN=" + token}
	return cmd
}

func newLiveServer(t *testing.T) *pulumiapitest.Server {
	t.Helper()
	srv := pulumiapitest.Demo()
	t.Cleanup(srv.Close)
	srv.HandleWebhooks("hooks.contract.test", http.NotFoundHandler())
	return srv
}

// leftovers returns the stacks that runs have left.
func leftovers(t *testing.T, srv *pulumiapitest.Server) (left []string) {
	t.Helper()
	for stack, err := range srv.Client().Stacks.List(t.Context(), nil) {
		require.NoError(t, err)
		if strings.HasPrefix(stack.ProjectName, projectPrefix) {
			left = append(left, stack.Identifier().String())
		}
	}
	return left
}

func TestContract_LiveOnlyReads(t *testing.T) {
	t.Parallel()
	srv := newLiveServer(t)
	out, err := liveRun(t, srv, "-org", pulumiapitest.DemoOrganization).CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.Contains(t, string(out), "--- PASS: TestContract/pages_of_stacks_follow_by_token,_and_end")
	assert.Contains(t, string(out), "it writes: add -live-writes")
	assert.NotContains(t, string(out), srv.Token())
	for _, request := range srv.Requests() {
		isRead := request.Method == http.MethodGet || strings.Contains(request.Path, "/policyresults/") ||
			strings.HasSuffix(request.Path, "/stacks/search") || request.Path == "/api/oauth/token"
		assert.True(t, isRead, "%s %s", request.Method, request.Path)
	}
}

func TestContract_LiveWritesAreRemoved(t *testing.T) {
	t.Parallel()
	srv := newLiveServer(t)
	old := projectPrefix + "of-a-run-that-was-killed"
	require.NoError(t, srv.AddStack(pulumiapitest.Stack{Org: pulumiapitest.DemoOrganization, Project: old, Name: "left"}))
	out, err := liveRun(t, srv, "-org", pulumiapitest.DemoOrganization, "-live-writes", "-receiver", "https://hooks.contract.test/x").CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.NotContains(t, string(out), "--- SKIP")
	assert.Contains(t, string(out), "left over from an earlier run that was killed: acme-corp/"+old+"/left")
	assert.Equal(t, []string{"acme-corp/" + old + "/left"}, leftovers(t, srv), "what is not its own stays")
}

func TestContract_LiveWritesAreRemovedAfterAnInterrupt(t *testing.T) {
	t.Parallel()
	srv := newLiveServer(t)
	arrived := make(chan struct{})
	srv.Inject(pulumiapitest.Fault{
		Endpoint: "POST /api/stacks/{orgName}/{projectName}/{stackName}/tags", Times: 1,
		Before: func() { close(arrived) }, Delay: time.Hour,
	})
	cmd := liveRun(t, srv, "-org", pulumiapitest.DemoOrganization, "-live-writes")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	require.NoError(t, cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case <-arrived:
	case err := <-ended:
		require.NoError(t, err, "%s", out.String())
		require.FailNow(t, "the run ended without the request", "%s", out.String())
	}
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	require.Error(t, <-ended, "%s", out.String())
	assert.Contains(t, out.String(), "--- FAIL: TestContract/a_tag_is_created_once,_changed,_and_deleted")
	assert.NotContains(t, out.String(), "LEFT OVER")
	assert.Empty(t, leftovers(t, srv))
}

// An organization without data is no failure.
func TestContract_LiveSkipsWhatIsNotThere(t *testing.T) {
	t.Parallel()
	srv := newLiveServer(t)
	require.NoError(t, srv.AddOrganization("empty"))
	out, err := liveRun(t, srv, "-org", "empty").CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.Contains(t, string(out), "--- SKIP: TestContract/stacks_are_filtered")
	assert.Contains(t, string(out), "the organization has no stacks")
	assert.Contains(t, string(out), "--- PASS: TestContract/pages_of_members_follow_by_token,_and_end")
}

func TestContract_LiveFailsWhereNothingCanBeRead(t *testing.T) {
	t.Parallel()
	srv := newLiveServer(t)
	out, err := liveRun(t, srv).CombinedOutput()
	require.Error(t, err, "%s", out)
	assert.Contains(t, string(out), "-live needs to know the organization: add -org and its name")
	srv.Inject(pulumiapitest.Fault{Status: http.StatusForbidden})
	out, err = liveRun(t, srv, "-org", pulumiapitest.DemoOrganization).CombinedOutput()
	require.Error(t, err, "%s", out)
	assert.Contains(t, string(out), "the organization can't be read, so nothing can be checked")
}
