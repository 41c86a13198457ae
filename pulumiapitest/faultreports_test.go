package pulumiapitest_test

import (
	"fmt"
	"net/http"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

// fakeTest is a test of somebody else's, to see what becomes of it.
type fakeTest struct {
	skipped  bool
	cleanups []func()
	errors   []string
}

func (f *fakeTest) Helper()                {}
func (f *fakeTest) Skipped() bool          { return f.skipped }
func (f *fakeTest) Cleanup(cleanup func()) { f.cleanups = append(f.cleanups, cleanup) }
func (f *fakeTest) Errorf(format string, a ...any) {
	f.errors = append(f.errors, fmt.Sprintf(format, a...))
}

// end ends the test, and returns how it failed.
func (f *fakeTest) end() []string {
	for _, cleanup := range f.cleanups {
		cleanup()
	}
	return f.errors
}

func TestForTest_FaultThatNeverStruckFailsTheTest(t *testing.T) {
	t.Parallel()
	const stack = "GET /api/stacks/{orgName}/{projectName}/{stackName}"
	for name, test := range map[string]struct {
		fault  pulumiapitest.Fault
		reason string
	}{
		"no request":           {pulumiapitest.Fault{Endpoint: "GET /api/user", Status: 503}, `requests to "GET /api/user": 0, and it skips the first 0`},
		"too few requests":     {pulumiapitest.Fault{Endpoint: stack, Skip: 4, Status: 503}, `requests to "` + stack + `": 3, and it skips the first 4`},
		"too few of any":       {pulumiapitest.Fault{Skip: 9, Status: 503}, `requests to any endpoint: 3, and it skips the first 9`},
		"misspelt":             {pulumiapitest.Fault{Endpoint: "GET /api/user/stack", Status: 503}, `: 0, and it skips the first 0; the server has no such endpoint, the nearest is "GET /api/user/stacks"`},
		"misspelt placeholder": {pulumiapitest.Fault{Endpoint: "GET /api/stacks/{org}/{project}/{stack}", Status: 503}, `the nearest is "` + stack + `"`},
		"misspelt method":      {pulumiapitest.Fault{Endpoint: "get /api/user", Status: 503}, `the nearest is "GET /api/user"`},
		"nonsense":             {pulumiapitest.Fault{Endpoint: " ", Status: 503}, `requests to " ": 0`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run := &fakeTest{}
			srv := pulumiapitest.NewServer(pulumiapitest.ForTest(run))
			require.NoError(t, srv.AddStack(pulumiapitest.Stack{Org: "acme", Project: "web", Name: "prod"}))
			fault := srv.Inject(test.fault)
			assert.Equal(t, []int{200, 200, 200}, statuses(t, srv, 3))
			assert.Zero(t, fault.Struck())
			fault.Remove() // which changes nothing
			require.ErrorContains(t, srv.Unused(), test.reason)
			require.ErrorContains(t, srv.Unused(), "the fault that was injected at faultreports_test.go:")
			srv.Close()
			errs := run.end()
			require.Len(t, errs, 1)
			assert.Equal(t, srv.Unused().Error(), errs[0])
		})
	}
}

func TestForTest_FaultThatStruckIsNotReported(t *testing.T) {
	t.Parallel()
	run := &fakeTest{}
	srv := pulumiapitest.NewServer(pulumiapitest.ForTest(run))
	require.NoError(t, srv.AddStack(pulumiapitest.Stack{Org: "acme", Project: "web", Name: "prod"}))
	twice := srv.Inject(pulumiapitest.Fault{Endpoint: getEndpoint, Times: 2, Status: 503})
	always := srv.Inject(pulumiapitest.Fault{Status: 500})
	assert.Equal(t, 0, twice.Struck())
	require.Error(t, srv.Unused())
	assert.Equal(t, []int{503, 503, 500, 500, 500}, statuses(t, srv, 5))
	assert.Equal(t, 2, twice.Struck())
	assert.Equal(t, 3, always.Struck())
	require.NoError(t, srv.Unused())
	assert.Empty(t, run.end())
	_, err := send(t, srv, newRequest(t, srv, http.MethodGet, prodPath, ""))
	require.Error(t, err, "ForTest closes the server")
}

func TestForTest_SkippedTestIsNotFailed(t *testing.T) {
	t.Parallel()
	run := &fakeTest{skipped: true}
	srv := pulumiapitest.Demo(pulumiapitest.ForTest(run))
	srv.Inject(pulumiapitest.Fault{Status: 503})
	assert.Empty(t, run.end())
}

// Without a test to fail, Close panics: once, and not over what ends the test already.
func TestServer_Close_PanicsIfAFaultNeverStruck(t *testing.T) {
	t.Parallel()
	newUnused := func() *pulumiapitest.Server {
		srv := pulumiapitest.NewServer()
		srv.Inject(pulumiapitest.Fault{Endpoint: getEndpoint, Status: 503})
		return srv
	}
	srv := newUnused()
	require.PanicsWithError(t, srv.Unused().Error(), srv.Close)
	assert.NotPanics(t, srv.Close)

	assert.PanicsWithValue(t, "the test's own", func() {
		defer newUnused().Close()
		panic("the test's own")
	})

	ended := make(chan any, 1)
	go func() {
		defer close(ended)
		defer func() {
			if r := recover(); r != nil {
				ended <- r
			}
		}()
		defer newUnused().Close()
		runtime.Goexit()
	}()
	assert.Nil(t, <-ended, "t.FailNow ends the goroutine")
}
