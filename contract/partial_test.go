package contract

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

// stackRoutes are what a server has that has only stacks: the list, creating, getting
// and deleting them, and their tags.
var stackRoutes = regexp.MustCompile(`^(?:GET /api/user/stacks|POST /api/stacks/[^/]+/[^/]+|(?:GET|DELETE) /api/stacks/[^/]+/[^/]+/[^/]+|` +
	`(?:POST|PATCH) /api/stacks/[^/]+/[^/]+/[^/]+/tags|(?:PATCH|DELETE) /api/stacks/[^/]+/[^/]+/[^/]+/tags/[^/]+)$`)

// partial is a server that has only stacks.
type partial struct {
	full    http.Handler
	unknown http.HandlerFunc // responds to requests for all other endpoints
	uniform atomic.Bool      // 404s of things that are missing look like those of unknown
	noIDs   atomic.Bool      // error responses have no request ID
}

// newPartial returns a partial server in front of a cloud in memory.
func newPartial(srv *pulumiapitest.Server, unknown http.HandlerFunc) *partial {
	base, _ := url.Parse(pulumiapitest.BaseURL) // a constant
	return &partial{unknown: unknown, full: &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(base) },
		Transport: srv.HTTPClient().Transport,
	}}
}

// ServeHTTP implements [http.Handler].
func (p *partial) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rec := httptest.NewRecorder()
	if stackRoutes.MatchString(r.Method + " " + r.URL.Path) {
		p.full.ServeHTTP(rec, r)
	} else {
		p.unknown(rec, r)
	}
	if p.uniform.Load() && rec.Code == http.StatusNotFound {
		rec = httptest.NewRecorder()
		p.unknown(rec, r)
	}
	maps.Copy(w.Header(), rec.Header())
	if p.noIDs.Load() {
		w.Header().Del("X-Pulumi-Request-ID")
	}
	w.WriteHeader(rec.Code)
	_, _ = w.Write(rec.Body.Bytes())
}

func respondJSON404(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Pulumi-Request-ID", r.URL.Path)
	w.WriteHeader(http.StatusNotFound)
	_, _ = io.WriteString(w, `{"code":404,"message":"Not Found"}`)
}

func respond404WithThePath(w http.ResponseWriter, r *http.Request) {
	http.Error(w, "no route for "+r.Method+" "+r.URL.Path+", request 0a1b2c3d", http.StatusNotFound)
}

func respond(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
}

// madeOfStacks are the checks that need nothing but stacks.
var madeOfStacks = []string{
	"pages of stacks follow by token, and end", "the last page of stacks has no token", "stacks are filtered",
	"a stack says of itself what the list says", "401 for a token that nobody has", "401 without a token",
	"404 for a stack that is missing", "a stack is created once: its name is taken", "a stack is deleted",
	"a tag is created once, changed, and deleted", "tags of bad names and long values are refused", "built-in tags stay",
	"replacing tags replaces all", "error responses have a request ID", "gzip when asked for",
}

// Whatever a server responds to requests for endpoints that it does not have, their
// checks are skipped, and the others pass.
func TestContract_AServerThatHasOnlyStacks(t *testing.T) {
	t.Parallel()
	for name, unknown := range map[string]http.HandlerFunc{
		"404 of net/http": http.NotFound, "404 with the path": respond404WithThePath, "404 as JSON": respondJSON404,
		"404 without a body": respond(404), "405": respond(405), "501": respond(501),
	} {
		for _, uniform := range []bool{false, true} {
			if uniform && name != "404 as JSON" {
				continue // the others are not in the service's form
			}
			p, srv, ts := startPartial(t, unknown)
			p.uniform.Store(uniform)
			c, err := connect(pulumiapitest.DemoOrganization, ts.Client().Transport, pulumiapi.WithBaseURL(ts.URL),
				pulumiapi.WithToken(srv.Token()), pulumiapi.WithRetry(pulumiapi.RetryPolicy{MaxAttempts: 1}))
			require.NoError(t, err)
			c.project, c.receiver = "partial", "https://hooks.contract.test/x"
			var passed []string
			for _, o := range runAll(t, c) {
				switch {
				case o.err == nil:
					passed = append(passed, o.name)
				case assert.True(t, o.isSkipped(), "%s: %s: %v", name, o.name, o.err):
					assert.Contains(t, o.err.Error(), "the server does not have ", "%s: %s", name, o.name)
				}
			}
			assert.ElementsMatch(t, madeOfStacks, passed, name)

			c.strict, c.project = true, "partial-strict"
			for _, o := range runAll(t, c) {
				assert.False(t, o.isSkipped(), "%s: %s", name, o.name)
				if !slices.Contains(madeOfStacks, o.name) {
					assert.ErrorContains(t, o.err, "skipped, which -strict does not allow: the server does not have ", "%s: %s", name, o.name)
				}
			}
		}
	}
}

func startPartial(t *testing.T, unknown http.HandlerFunc) (*partial, *pulumiapitest.Server, *httptest.Server) {
	t.Helper()
	srv := newLiveServer(t)
	p := newPartial(srv, unknown)
	ts := httptest.NewServer(p)
	t.Cleanup(ts.Close)
	return p, srv, ts
}

// A thing that is missing is no missing endpoint: if the server has it for some, or says
// something else of it than of unknown paths, the check fails.
func TestContract_AMissingThingIsNoMissingEndpoint(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]pulumiapitest.Fault{
		"another 404":     {Endpoint: "GET /api/orgs/{orgName}/teams/{teamName}", Status: 404},
		"another 404 too": {Endpoint: "GET /api/stacks/{orgName}/{projectName}/{stackName}/updates/{version}", Status: 404},
	} {
		srv := newLiveServer(t)
		srv.Inject(fault)
		c, err := connect(pulumiapitest.DemoOrganization, srv.HTTPClient().Transport, srv.Options()[:2]...)
		require.NoError(t, err)
		failed := 0
		for _, k := range slices.Concat(readChecks, updateChecks) {
			o := runCheck(t.Context(), c, k)
			assert.False(t, o.isSkipped(), "%s: %s: %v", name, k.name, o.err)
			if o.err != nil {
				failed++
			}
		}
		assert.Equal(t, 1, failed, name)
	}

	// An endpoint that has worked is there, whatever it says later.
	p, srv, ts := startPartial(t, respondJSON404)
	p.uniform.Store(true)
	c, err := connect(pulumiapitest.DemoOrganization, ts.Client().Transport, pulumiapi.WithBaseURL(ts.URL), pulumiapi.WithToken(srv.Token()))
	require.NoError(t, err)
	existing, err := c.client.Stacks.ListPage(t.Context(), nil)
	require.NoError(t, err)
	get := func(id pulumiapi.StackIdentifier) error {
		_, err := c.client.Stacks.Get(t.Context(), id)
		return c.judge(err)
	}
	var skip *skipped
	require.ErrorAs(t, get(c.missing()), &skip, "nothing shows that the server has the endpoint")
	require.NoError(t, get(existing.Items[0].Identifier()))
	err = get(c.missing())
	require.ErrorIs(t, err, pulumiapi.ErrNotFound)
	assert.NotErrorAs(t, err, &skip)
}

// A check that has found something wrong fails, even if a part of it could not be made.
func TestContract_AFailureIsNotHiddenByASkip(t *testing.T) {
	t.Parallel()
	c := brokenCloud(t, func(next http.RoundTripper) http.RoundTripper { return next })
	a, b, wrong := skipf("no data"), skipf("no permission"), errors.New("it is wrong")
	for _, test := range []struct {
		found error
		want  error
	}{
		{nil, nil},
		{wrong, wrong},
		{a, a},
		{fmt.Errorf("a list: %w", a), a},
		{errors.Join(a, b), skipf("no data; no permission")},
		{errors.Join(a, fmt.Errorf("%w, and %w", b, a)), skipf("no data; no permission; no data")},
		{errors.Join(a, wrong), errors.Join(a, wrong)},
		{fmt.Errorf("%w, and %w", wrong, a), fmt.Errorf("%w, and %w", wrong, a)},
	} {
		assert.Equal(t, test.want, c.judge(test.found))
	}
}

// A server that sends no request IDs doesn't have them; one that forgets some is wrong.
func TestContract_RequestIDs(t *testing.T) {
	t.Parallel()
	p, srv, ts := startPartial(t, http.NotFound)
	c, err := connect(pulumiapitest.DemoOrganization, ts.Client().Transport, pulumiapi.WithBaseURL(ts.URL), pulumiapi.WithToken(srv.Token()))
	require.NoError(t, err)
	p.noIDs.Store(true)
	o := runCheck(t.Context(), c, lastChecks[0])
	assert.True(t, o.isSkipped())
	require.EqualError(t, o.err, "the server sends no X-Pulumi-Request-ID")
	p.noIDs.Store(false)
	o = runCheck(t.Context(), c, lastChecks[0])
	assert.False(t, o.isSkipped())
	require.ErrorContains(t, o.err, "these error responses have no X-Pulumi-Request-ID, and others have: 404 of GET /api/stacks/{orgName}/{projectName}/{stackName}, 401 of GET /api/user/stacks")
}

func TestContract_LiveEndsWithATable(t *testing.T) {
	t.Parallel()
	p, srv, ts := startPartial(t, http.NotFound)
	p.noIDs.Store(true)
	passed := len(madeOfStacks) - 1 // without the one of request IDs
	args := []string{"-org", pulumiapitest.DemoOrganization, "-live-writes"}
	out, err := liveRunAt(t, ts.URL, srv.Token(), args...).CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.Empty(t, leftovers(t, srv))
	text := string(out)
	for _, line := range []string{
		`passed   pages of stacks follow by token, and end`,
		`skipped  teams are found by their names +the server does not have GET /api/orgs/\{orgName\}/teams: it responds with 404, as to any unknown path`,
		`skipped  a project exists while it has stacks +the server does not have HEAD /api/stacks/\{orgName\}/\{projectName\}: it responds with 404, as to any unknown path`,
		`skipped  error responses have a request ID +the server sends no X-Pulumi-Request-ID`,
		fmt.Sprintf(`%d passed, %d skipped, 0 failed`, passed, len(allChecks())-passed),
	} {
		assert.Regexp(t, `(?m)^ *`+line+` *$`, text)
	}

	out, err = liveRunAt(t, ts.URL, srv.Token(), append(args, "-strict")...).CombinedOutput()
	require.Error(t, err, "%s", out)
	assert.Contains(t, string(out), "--- FAIL: TestContract/teams_are_found_by_their_names")
	assert.Regexp(t, `(?m)^ *FAILED  teams are found by their names +skipped, which -strict does not allow: the server does not have GET /api/orgs/`, string(out))
	assert.Contains(t, string(out), fmt.Sprintf("%d passed, 0 skipped, %d failed", passed, len(allChecks())-passed))
}
