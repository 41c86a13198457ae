package contract

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

// breach is how a service breaks a rule: by what it makes of a request, or of its
// answer.
type breach struct {
	before func(req *http.Request)
	after  func(req *http.Request, a *answer)
}

// breaches are rules that are broken, by the check that has to notice.
var breaches = map[string]breach{
	"401 for a token that nobody has":                {after: status(401, 403)},
	"401 without a token":                            {after: status(401, 404)},
	"404 for a stack that is missing":                {after: replace("/no-such-stack", `"code":404`, `"code":0`)},
	"404 for the state of a stack that is missing":   {after: replace("/export", `"code":404`, `"code":0`)},
	"404 for the updates of a stack that is missing": {after: replace("/updates", `"code":404`, `"code":0`)},
	"error responses have a request ID": {after: func(_ *http.Request, a *answer) {
		if a.status == http.StatusUnauthorized {
			a.header.Del("X-Pulumi-Request-ID")
		}
	}},
	"404 or 403 for an organization of others":                      {after: status(404, 400)},
	"400 for a parameter out of its range":                          {after: status(400, 422)},
	"OAuth's own errors from the exchange of tokens":                {after: replace("/oauth/", `"error":`, `"message":`)},
	"gzip when asked for":                                           {after: func(_ *http.Request, a *answer) { a.unpack() }},
	"pages of stacks follow by token, and end":                      {after: replace("/user/stacks", `"continuationToken":"[^"]*"`, `"continuationToken":null`)},
	"the last page of stacks has no token":                          {after: replace("/user/stacks", `^{"stacks":\[\].*`, `{"stacks":[],"continuationToken":"more"}`)},
	"stacks are filtered":                                           {before: dropParam("project")},
	"pages of members follow by token, and end":                     {after: replace("/members", `^.*`, `{"members":[]}`)},
	"pages of access tokens follow by token, and end":               {before: setParam("maxResults", "1000")},
	"pages of Insights accounts follow by token, and end":           {after: replace("/accounts", `"nextToken":"[^"]*"`, `"nextToken":""`)},
	"pages of updates are numbered from 1, and end":                 {before: setParam("page", "1")},
	"pages of previews are numbered from 1, and end":                {before: setParam("asc", "true")},
	"policy issues come by rows, and end":                           {before: replaceSent(`"startRow":40`, `"startRow":0`)},
	"policy issues are counted, and their last row is not included": {before: replaceSent(`"endRow":2`, `"endRow":3`)},
	"stacks are searched by rows, and end":                          {before: replaceSent(`"startRow":30`, `"startRow":0`)},
	"policy violations end":                                         {after: replace("/violationsv2", `"continuationToken":("[^"]*"|null)`, `"continuationToken":"again"`)},
	"the audit log lies between its bounds, the newest first":       {before: dropParam("endTime")},
	"version 1 of the audit log begins at startTime, and goes back": {before: func(req *http.Request) {
		if strings.HasSuffix(req.URL.Path, "/auditlogs") {
			setParam("startTime", "99999999999")(req)
		}
	}},
	"a stack says of itself what the list says": {after: replace("/stacks/acme", `"pulumi:project":"`, `"pulumi:project":"x`)},
	"times are seconds":                         {after: replace("/updates", `"startTime":(\d+)`, `"startTime":${1}0`)},
	"a state has a version and a deployment":    {after: replace("/export", `^{"version":\d`, `{"version":0`)},
	"the organization's webhooks are an array":  {after: replace("/hooks", `^(.*)`, `{"webhooks":$1}`)},
	"teams are found by their names":            {after: replace("/teams/", `"name":"`, `"name":"x`)},
	"account names are decoded twice": {before: func(req *http.Request) {
		req.URL.RawPath = strings.ReplaceAll(req.URL.RawPath, "%252F", "%25252F")
		req.URL.Path, _ = url.PathUnescape(req.URL.RawPath)
	}},
	"pages of activity are numbered from 1, and end":         {before: setParam("page", "1")},
	"pages of the audit log go back in time":                 {before: dropParam("continuationToken")},
	"the export of the audit log is CSV, and always gzip":    {after: func(_ *http.Request, a *answer) { a.unpack() }},
	"capabilities can be asked without an organization":      {after: status(200, 404)},
	"an update that has ended says so, with all it printed":  {after: replace("/update/", `"status":"(succeeded|failed)"`, `"status":"running"`)},
	"events come in order, and end":                          {after: replace("/events", `("preludeEvent":.*?"timestamp":)\d+`, `${1}1999999999`)},
	"each event has one payload, under the name of its type": {after: replace("/events", `"type":"stdoutEvent"|"type":"preludeEvent"`, `"type":"errorEvent"`)},
	"events are filtered by resource":                        {before: dropParam("urn")},
	"an update is found by its version":                      {after: replace("/updates/", `"updateID":"`, `"updateID":"x`)},
	"a stack is created once: its name is taken":             {after: status(409, 400)},
	"a new stack has no updates":                             {after: replace("/updates", `"total":0`, `"total":1`)},
	"a project exists while it has stacks": {after: func(req *http.Request, a *answer) {
		if req.Method == http.MethodHead {
			a.status = http.StatusOK
		}
	}},
	"a stack is deleted":                            {after: status(404, 400)},
	"a tag is created once, changed, and deleted":   {after: status(400, 409)},
	"tags of bad names and long values are refused": {after: status(400, 204)},
	"built-in tags stay":                            {after: status(400, 204)},
	"replacing tags replaces all":                   {after: replace("/stacks/acme", `"tags":{`, `"tags":{"contract:old":"x",`)},
	"a state survives import and export":            {after: replace("/export", "12345678901234567890", "1234567890")},
	"a stack with resources is deleted by force only": {before: func(req *http.Request) {
		if req.Method == http.MethodDelete {
			setParam("force", "true")(req)
		}
	}},
	"a stack is renamed": {after: status(409, 400)},
	"a webhook is created, changed, pinged and deleted": {after: replace("/deliveries", `Pulumi-Webhook-Signature: .`, `Pulumi-Webhook-Signature: `)},
}

// status replaces a status by another, in the body, too.
func status(from, to int) func(*http.Request, *answer) {
	return func(_ *http.Request, a *answer) {
		if a.status == from {
			a.status = to
			a.body = regexp.MustCompile(`"code":\d+`).ReplaceAll(a.body, fmt.Appendf(nil, `"code":%d`, to))
		}
	}
}

// replace replaces text in the answers of some paths.
func replace(path, pattern, with string) func(*http.Request, *answer) {
	rule := regexp.MustCompile(`(?s)` + pattern)
	return func(req *http.Request, a *answer) {
		if strings.Contains(req.URL.Path, path) && a.status < 500 {
			a.unpack()
			a.body = rule.ReplaceAll(a.body, []byte(with))
		}
	}
}

func dropParam(name string) func(*http.Request) {
	return func(req *http.Request) {
		query := req.URL.Query()
		query.Del(name)
		req.URL.RawQuery = query.Encode()
	}
}

// setParam changes a parameter, where there is one; force is always there.
func setParam(name, value string) func(*http.Request) {
	return func(req *http.Request) {
		query := req.URL.Query()
		if !query.Has(name) && name != "force" {
			return
		}
		query.Set(name, value)
		req.URL.RawQuery = query.Encode()
	}
}

// replaceSent replaces text in the bodies of requests.
func replaceSent(text, with string) func(*http.Request) {
	return func(req *http.Request) {
		if req.Body == nil {
			return
		}
		body, _ := io.ReadAll(req.Body) // from memory
		body = bytes.ReplaceAll(body, []byte(text), []byte(with))
		req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	}
}

// breaking is a transport to a service that breaks a rule.
type breaking struct {
	breach

	next http.RoundTripper
}

// RoundTrip implements [http.RoundTripper].
func (b breaking) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	if b.before != nil {
		b.before(req)
	}
	resp, err := b.next.RoundTrip(req)
	if err != nil || b.after == nil {
		return resp, err
	}
	body, err := io.ReadAll(resp.Body)
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		return nil, err
	}
	a := answer{resp.StatusCode, resp.Header, body}
	b.after(req, &a)
	resp.StatusCode, resp.Body, resp.ContentLength = a.status, io.NopCloser(bytes.NewReader(a.body)), int64(len(a.body))
	resp.Header.Del("Content-Length")
	return resp, nil
}

// brokenCloud is a cloud in memory behind a transport that breaks rules.
func brokenCloud(t *testing.T, broken func(next http.RoundTripper) http.RoundTripper) *cloud {
	t.Helper()
	srv := pulumiapitest.Demo()
	t.Cleanup(srv.Close)
	srv.HandleWebhooks("hooks.contract.test", http.NotFoundHandler())
	c, err := connect(pulumiapitest.DemoOrganization, broken(srv.HTTPClient().Transport), pulumiapi.WithBaseURL(pulumiapitest.BaseURL),
		pulumiapi.WithToken(srv.Token()), pulumiapi.WithRetry(pulumiapi.RetryPolicy{MaxAttempts: 1}))
	require.NoError(t, err)
	c.inMemory, c.project, c.receiver = true, "broken", "https://hooks.contract.test/x"
	return c
}

func TestContract_EachCheckNoticesABreach(t *testing.T) {
	t.Parallel()
	for _, k := range allChecks() {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			b, has := breaches[k.name]
			require.True(t, has, "there is no breach for this check")
			o := runCheck(t.Context(), brokenCloud(t, func(next http.RoundTripper) http.RoundTripper { return breaking{b, next} }), k)
			require.Error(t, o.err)
			assert.False(t, o.isSkipped(), "it was skipped: %v", o.err)
			t.Log(o.err)
		})
	}
	assert.Len(t, breaches, len(allChecks()))
}

// always answers everything alike.
type always answer

// RoundTrip implements [http.RoundTripper].
func (a always) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
	return &http.Response{StatusCode: a.status, Header: http.Header{"X-Pulumi-Request-Id": {"1"}}, Body: io.NopCloser(bytes.NewReader(a.body)), ContentLength: int64(len(a.body)), Request: req}, nil
}

func runAll(t *testing.T, c *cloud) []outcome {
	t.Helper()
	var outcomes []outcome
	for _, k := range allChecks() {
		outcomes = append(outcomes, runCheck(t.Context(), c, k))
	}
	return outcomes
}

func TestContract_FailsWhereNothingWorks(t *testing.T) {
	t.Parallel()
	c := brokenCloud(t, func(http.RoundTripper) http.RoundTripper {
		return always{status: 500, body: []byte(`{"code":500,"message":"down"}`)}
	})
	for _, o := range runAll(t, c) {
		require.Error(t, o.err, o.name)
		assert.False(t, o.isSkipped(), "%s was skipped: %v", o.name, o.err)
	}
}

// A token that may nothing: what is skipped is no success.
func TestContract_FailsWhereEverythingIsSkipped(t *testing.T) {
	t.Parallel()
	c := brokenCloud(t, func(http.RoundTripper) http.RoundTripper {
		return always{status: 200, body: []byte(`{}`)}
	})
	c.project = "" // nothing may be written
	outcomes := runAll(t, c)
	var skips []outcome
	for _, o := range outcomes {
		if o.isSkipped() || o.anywhere {
			skips = append(skips, o)
		}
	}
	require.Greater(t, len(skips), 20)
	c.inMemory = false
	require.ErrorContains(t, verdict(c, skips), "NOTHING WAS CHECKED")
	skips = append(skips, outcome{check: check{name: "one that was made"}})
	require.NoError(t, verdict(c, skips))
	c.inMemory = true
	require.ErrorContains(t, verdict(c, skips), "nothing may be skipped")
	require.NoError(t, verdict(c, []outcome{{check: check{name: "one that was made"}}}))
}

// What a check has made is removed, whatever became of the check and its context.
func TestContract_TheProjectIsRemoved(t *testing.T) { //nolint:tparallel // what its subtest leaves is looked at then
	t.Parallel()
	var srv *pulumiapitest.Server
	var project string
	t.Run("a run that is interrupted", func(t *testing.T) {
		srv = pulumiapitest.Demo()
		c, err := connect(pulumiapitest.DemoOrganization, srv.HTTPClient().Transport, srv.Options()[:2]...)
		require.NoError(t, err)
		ctx, interrupt := context.WithCancel(t.Context())
		c.makeProject(ctx, t)
		project = c.project
		id, err := c.newStack(ctx, "left")
		require.NoError(t, err)
		require.NoError(t, c.importState(ctx, id, pulumiapi.StackState{Version: 3, Deployment: deployment(id)}))
		interrupt()
	})
	defer srv.Close()
	require.True(t, strings.HasPrefix(project, projectPrefix))
	exists, err := srv.Client().Stacks.ProjectExists(t.Context(), pulumiapitest.DemoOrganization, project)
	require.NoError(t, err)
	assert.False(t, exists)

	// What can't be removed is named.
	c, err := connect(pulumiapitest.DemoOrganization, srv.HTTPClient().Transport, srv.Options()[:2]...)
	require.NoError(t, err)
	c.project = "stubborn"
	id, err := c.newStack(t.Context(), "stays")
	require.NoError(t, err)
	srv.Inject(pulumiapitest.Fault{Endpoint: "DELETE /api/stacks/{orgName}/{projectName}/{stackName}", Status: 400})
	left, err := c.removeProject(t.Context())
	require.Error(t, err)
	assert.Equal(t, []pulumiapi.StackIdentifier{id}, left)
}
