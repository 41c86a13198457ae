package pulumiapitest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What no endpoint shows yet.

func TestRoutes(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	placeholder := regexp.MustCompile(`\{[a-zA-Z]+\}`)
	for _, r := range allRoutes() {
		assert.Regexp(t, `^(GET|HEAD|POST|PUT|PATCH|DELETE) (/([a-zA-Z0-9._-]+|\{[a-zA-Z]+\}))+$`, r.endpoint)
		assert.NotNil(t, r.handle, r.endpoint)
		shape := placeholder.ReplaceAllString(r.endpoint, "{}")
		assert.False(t, seen[shape], "twice: %s", r.endpoint)
		seen[shape] = true
	}
}

func TestRouter_TheMoreSpecificWins(t *testing.T) {
	t.Parallel()
	var routes []route
	for _, endpoint := range []string{
		"GET /api/esc/{orgName}/{projectName}/{envName}/decrypt",
		"GET /api/esc/{orgName}/yaml/open/{openSessionID}",
		"GET /api/esc/{orgName}/{envName}/versions/{version}",
		"GET /api/esc/{orgName}/{envName}/versions/tags",
		"PATCH /api/esc/{orgName}/{envName}/versions/{version}",
		"HEAD /api/esc/{orgName}/{envName}",
		"GET /api/esc/{orgName}/tags",
	} {
		routes = append(routes, route{endpoint: endpoint})
	}
	rt := newRouter(routes)
	for request, want := range map[string]string{
		"GET /api/esc/acme/web/prod/decrypt":    "GET /api/esc/{orgName}/{projectName}/{envName}/decrypt",
		"GET /api/esc/acme/yaml/open/decrypt":   "GET /api/esc/{orgName}/yaml/open/{openSessionID}",
		"GET /api/esc/acme/yaml/prod/decrypt":   "GET /api/esc/{orgName}/{projectName}/{envName}/decrypt",
		"GET /api/esc/acme/web/versions/tags":   "GET /api/esc/{orgName}/{envName}/versions/tags",
		"PATCH /api/esc/acme/web/versions/tags": "PATCH /api/esc/{orgName}/{envName}/versions/{version}",
		"HEAD /api/esc/acme/tags":               "HEAD /api/esc/{orgName}/{envName}",
		"POST /api/esc/acme/tags":               "",
		"GET /api/esc":                          "",
	} {
		method, path, _ := strings.Cut(request, " ")
		segments, err := splitPath(path)
		require.NoError(t, err)
		got := rt.match(method, segments)
		if want == "" {
			assert.Nil(t, got, request)
			continue
		}
		require.NotNil(t, got, request)
		assert.Equal(t, want, got.endpoint, request)
	}
}

func TestTemplate_DecodedTwice(t *testing.T) {
	t.Parallel()
	tmpl := newTemplate(route{endpoint: "GET /api/{orgName}/accounts/{accountName}"})
	params := func(path string) (map[string]string, error) {
		segments, err := splitPath(path)
		require.NoError(t, err)
		require.True(t, tmpl.matches(segments))
		return tmpl.params(segments)
	}
	got, err := params("/api/a%2520b/accounts/FizzBuzz%2520AWS%252F%2525")
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"orgName": "a%20b", "accountName": "FizzBuzz AWS/%"}, got)

	got, err = params("/api/acme/accounts/FizzBuzz%20AWS")
	require.NoError(t, err, "escaped once works until there is a percent sign")
	assert.Equal(t, "FizzBuzz AWS", got["accountName"])

	_, err = params("/api/acme/accounts/100%25")
	require.ErrorContains(t, err, `decodes accountName twice, and "100%" cannot be decoded again`)
}

func TestUnknownMember(t *testing.T) {
	t.Parallel()
	type item struct {
		ID int `json:"id"`
	}
	type body struct {
		Name  string            `json:"name,omitempty"`
		Items []item            `json:"items"`
		Free  map[string]string `json:"free"`
		Map   map[string]*item  `json:"map"`
		Raw   json.RawMessage   `json:"raw"`
		Any   any               `json:"any"`
		May   optional[[]item]  `json:"may"`
	}
	for text, want := range map[string]string{
		`{"name":"x","items":[{"id":1}],"free":{"a":"b"},"map":{"a":{"id":1}},"raw":{"x":[{"y":1}]},"any":{"x":1}}`: "",
		`{"may":[{"id":1}]}`:                "",
		`{"may":null}`:                      "",
		`{"may":[{"id":1},{"iD":2}]}`:       "may[1].iD",
		`{"Name":"x"}`:                      "Name",
		`{"items":[{"id":1},{"ID":2}]}`:     "items[1].ID",
		`{"map":{"a":{"id":1,"b":2}}}`:      "map.a.b",
		`{"items":{"x":1},"name":{"y":[]}}`: "", // of the wrong type, which decoding says
		`[{"x":1}]`:                         "",
	} {
		var plain any
		require.NoError(t, json.Unmarshal([]byte(text), &plain))
		assert.Equal(t, want, unknownMember(plain, reflect.TypeFor[*body](), ""), text)
	}
}

func TestOptional(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]optional[string]{
		`{}`:           {},
		`{"may":null}`: {present: true},
		`{"may":""}`:   {present: true, value: new("")},
		`{"may":"x"}`:  {present: true, value: new("x")},
	} {
		var body struct {
			May optional[string] `json:"may"`
		}
		require.NoError(t, json.Unmarshal([]byte(text), &body))
		assert.Equal(t, want, body.May, text)
	}
}

// Each field of a policy issue is a column, with the text that the field has.
func TestIssueColumns(t *testing.T) {
	t.Parallel()
	srv := NewServer()
	t.Cleanup(srv.Close)
	at := time.Date(2025, 1, 2, 3, 4, 5, 600_000_000, time.UTC)
	for _, p := range []PolicyIssue{
		{
			ID: "i", Project: "p", Stack: "s", Version: 7, Pack: "pack", PackTag: "1", Policy: "policy", URN: "urn", Provider: "aws", Type: "t",
			Resource: "r", Message: "m", Observed: at, Modified: at.Add(time.Hour), Level: "mandatory", Severity: "low", Status: "fixed",
			Kind: "preventative", Priority: "p0", Group: "g", GroupType: "gt", AssignedTo: "ada",
		},
		{Account: "a/b", Version: 8, Observed: at},
	} {
		i := srv.newIssue(srv.orgs[userLogin], p)
		encoded, err := json.Marshal(srv.wireIssue(i))
		require.NoError(t, err)
		var fields map[string]any
		require.NoError(t, json.Unmarshal(encoded, &fields))
		if user, has := fields["assignedTo"].(map[string]any); has {
			fields["assignedTo"] = user["githubLogin"]
		}
		for name, column := range issueColumns {
			want := ""
			if fields[name] != nil {
				want = fmt.Sprint(fields[name])
			}
			assert.Equal(t, want, column(i), name)
		}
	}
	wire := reflect.TypeFor[wireIssue]()
	assert.Len(t, issueColumns, wire.NumField())
}

func TestCompareCells(t *testing.T) {
	t.Parallel()
	for _, ascending := range [][2]string{
		{"9", "10"}, {"", "1"}, {"10", "a"}, {"a", "b"}, {"2025-01-01T00:00:00Z", "2025-01-01T00:00:00.5Z"}, {"", "2025-01-01T00:00:00Z"},
	} {
		assert.Negative(t, compareCells(ascending[0], ascending[1]), ascending)
		assert.Positive(t, compareCells(ascending[1], ascending[0]), ascending)
	}
	assert.Zero(t, compareCells("a", "a"))
}

func TestDeliverLater_AfterClose(t *testing.T) {
	t.Parallel()
	srv := NewServer()
	srv.Close()
	srv.mu.Lock()
	defer srv.mu.Unlock()
	srv.deliverLater(newWebhook(Webhook{PayloadURL: "http://hooks.acme.test"}), webhookMessage{})
	assert.Zero(t, srv.delivering, "nothing starts that nobody would wait for")
}

// Every endpoint reads a compressed body as it reads a plain one.
func TestRoutes_TakeCompressedBodies(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // in which no time passes between the answers
		param := regexp.MustCompile(`\{[a-zA-Z]+\}`)
		names := map[string]string{"{orgName}": "acme", "{projectName}": "web", "{stackName}": "prod", "{updateID}": "00000001-0000-4000-9000-000000000001"}
		type answer struct {
			status int
			body   string
		}
		ask := func(compressed bool, r route) answer {
			srv := NewServer()
			defer srv.Close()
			require.NoError(t, srv.AddStack(Stack{Org: "acme", Project: "web", Name: "prod"}))
			_, err := srv.StartUpdate("acme", "web", "prod", Update{})
			require.NoError(t, err)
			method, path, _ := strings.Cut(r.endpoint, " ")
			path = param.ReplaceAllStringFunc(path, func(name string) string { return cmp.Or(names[name], "x") })
			body := []byte(`{"stackName":"dev","status":"failed","displayName":"x","note":"` + strings.Repeat("x", 100) + `"}`)
			if compressed {
				body = gzipped(body)
			}
			req, err := http.NewRequestWithContext(t.Context(), method, BaseURL+path, bytes.NewReader(body))
			require.NoError(t, err)
			req.Header.Set("Authorization", "token "+srv.Token())
			if r.lease {
				req.Header.Set("Authorization", leaseScheme+"none")
				srv.mu.Lock()
				srv.stacks.order[0].running.lease = "none"
				srv.stacks.order[0].running.segment = strings.Split(path, "/")[6]
				srv.mu.Unlock()
			}
			req.Header.Set("Content-Type", "application/json")
			if compressed {
				req.Header.Set("Content-Encoding", "gzip")
			}
			resp, err := srv.HTTPClient().Do(req)
			require.NoError(t, err)
			defer resp.Body.Close()
			text, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			return answer{resp.StatusCode, string(text)}
		}
		took := 0
		for _, r := range allRoutes() {
			if strings.HasPrefix(r.endpoint, "GET ") || strings.HasPrefix(r.endpoint, "HEAD ") {
				continue
			}
			plain := ask(false, r)
			assert.Equal(t, plain, ask(true, r), r.endpoint)
			if plain.status < 300 {
				took++
			}
		}
		assert.Greater(t, took, 20, "endpoints that had a use for the body, or none for one")
	})
}
