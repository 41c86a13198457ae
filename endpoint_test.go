package pulumiapi

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/internal/source"
)

// transportFunc is a transport without a network.
type transportFunc func(req *http.Request) (*http.Response, error)

func (f transportFunc) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// noContent answers whatever is asked with 204.
func noContent(req *http.Request) *http.Response {
	return &http.Response{
		StatusCode: http.StatusNoContent, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: http.NoBody, Request: req,
	}
}

// wireClient returns a client whose requests end in the returned buffer, as
// net/http writes them.
func wireClient(t *testing.T, base string) (*Client, *bytes.Buffer) {
	t.Helper()
	wire := new(bytes.Buffer)
	client, err := NewClient(WithToken(canary), WithBaseURL(base), WithHTTPClient(&http.Client{
		Transport: transportFunc(func(req *http.Request) (*http.Response, error) {
			wire.Reset()
			return noContent(req), req.Write(wire)
		}),
	}))
	require.NoError(t, err, "NewClient with the base URL %q", base)
	return client, wire
}

// odd are values of path arguments, each of which some client has got wrong.
var oddArgs = []string{
	"acme", "FizzBuzz AWS Staging", "a/b", "/", "//", "a/", "/a", "../b", "a/../b", "a/./b", "./a", "...", ". ", " .", "..%", ".\x00.",
	"%", "%2F", "%2f..%2f", "%252F", "100%", "%zz", "%2", "?", "a?b=c", "?force=true", "#", "a#b", "a&b=c", "a;b", "a=b", "a+b", "a,b",
	":", "a:b", "http://evil.example", "//evil.example", "@", "user:pw@host", "~", "!$&'()*+,;=", `\`, `..\b`, "\"<>^`{|}", "[::1]",
	"{orgName}", "{x}", "ä", "é", "日本語", "😀", "\u202e", "\u2028", "\ufeff",
	"\x00", "\x01", "\t", "\n", "\r\n", "a\r\nHost: evil.example\r\n\r\n", "\x7f", "\u0085", "\x1b[31m", "\xff", "a\xffb", "\xc3", "\xed\xa0\x80",
	"urn:pulumi:prod::web::aws:s3/bucket:Bucket::logs", "*", " ", "  ", "\u00a0", "HTTP/1.1", "-", "_", ".a", "a.", "..a", "a..",
	strings.Repeat("a", 10_000), strings.Repeat("/", 10_000), strings.Repeat("😀", 2_500), strings.Repeat("../", 3_334),
}

// segmentsOf returns what a server finds in a path below base that has the
// given placeholders: split at the slashes, then unescaped as often as it does.
func segmentsOf(t *testing.T, requestURI, base, template string) []string {
	t.Helper()
	path, _, _ := strings.Cut(requestURI, "?")
	path, found := strings.CutPrefix(path, base)
	require.True(t, found, "%.200q is below %q", requestURI, base)
	segments := strings.Split(path, "/")
	names := strings.Split(template, "/")
	require.Len(t, segments, len(names), "%.200q has the segments of %s", requestURI, template)
	var values []string
	for i, name := range names {
		if !strings.HasPrefix(name, "{") {
			require.Equal(t, name, segments[i], "%.200q keeps the literals of %s", requestURI, template)
			continue
		}
		value, err := url.PathUnescape(segments[i])
		require.NoError(t, err, "unescape %.200q", segments[i])
		switch name {
		case "{accountName}", "{resourceTypeAndId}", "{object}":
			value, err = url.PathUnescape(value)
			require.NoError(t, err, "unescape %.200q once more", segments[i])
		}
		values = append(values, value)
	}
	return values
}

func TestEndpoint_Path_ArrivesAsItIs(t *testing.T) {
	t.Parallel()
	for base, prefix := range map[string]string{
		"https://api.pulumi.com":                  "",
		"https://api.pulumi.com/":                 "",
		"https://example.com/pulumi":              "/pulumi",
		"https://example.com/pulumi///":           "/pulumi",
		"https://example.com:8443/a/b/":           "/a/b",
		"http://[2001:db8::1]:8080/pulumi":        "/pulumi",
		"http://[::1]":                            "",
		"https://example.com/a%2Fb/c%20d":         "/a%2Fb/c%20d",
		"https://example.com/a%2F/":               "/a%2F",
		"https://example.com/%2F":                 "/%2F",
		"https://example.com/a b/é":               "/a%20b/%C3%A9",
		"https://example.com/100%25/%7Etilde/a:b": "/100%25/%7Etilde/a:b",
		"https://example.com/a//b":                "/a//b",
	} {
		client, wire := wireClient(t, base)
		host := strings.Split(base, "/")[2]
		for _, template := range []string{
			"/api/stacks/{orgName}/{projectName}/{stackName}",
			"/api/preview/insights/{orgName}/accounts/{accountName}/{resourceTypeAndId}/x",
			"/api/{object}/{objects}/{AccountName}",
		} {
			placeholders := strings.Count(template, "{")
			for i, odd := range oddArgs {
				if len(odd) > 1000 && prefix != "/a%2Fb/c%20d" {
					continue // once is enough for the long ones
				}
				args := make([]string, placeholders)
				for j := range args {
					args[j] = oddArgs[(i+7*j)%(len(oddArgs)-4)]
				}
				args[i%placeholders] = odd
				called := fmt.Sprintf("Do(%s) with base %s and args %.100q", template, base, args)

				_, err := client.Do(t.Context(), Request{Endpoint: Endpoint{Method: http.MethodGet, Template: template}, Args: args}, nil)
				require.NoError(t, err, called)
				requestLine, _, _ := strings.Cut(wire.String(), "\r\n")
				parts := strings.Split(requestLine, " ")
				require.Len(t, parts, 3, "%s: the request line %.200q", called, requestLine)
				require.Equal(t, args, segmentsOf(t, parts[1], prefix, template), called)

				got, err := http.ReadRequest(bufio.NewReader(wire))
				require.NoError(t, err, called)
				require.Equal(t, host, got.Host, called)
				require.Empty(t, got.URL.RawQuery, called)
			}
		}
	}
}

func TestEndpoint_Path_EscapesTwiceWhereTheServiceDecodesTwice(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ template, arg, want string }{
		{"/api/{accountName}", "a/b", "/api/a%252Fb"},
		{"/api/{resourceTypeAndId}", "a/b", "/api/a%252Fb"},
		{"/api/{object}", "a/b", "/api/a%252Fb"},
		{"/api/{accountName}", "FizzBuzz AWS Staging", "/api/FizzBuzz%2520AWS%2520Staging"},
		{"/api/{accountName}", "100%", "/api/100%2525"},
		{"/api/{accountName}", "plain", "/api/plain"},
		{"/api/{orgName}", "a/b", "/api/a%2Fb"},
		{"/api/{orgName}", "FizzBuzz AWS Staging", "/api/FizzBuzz%20AWS%20Staging"},
		{"/api/{orgName}", "100%", "/api/100%25"},
		{"/api/{account}", "a/b", "/api/a%2Fb"},
		{"/api/{accountname}", "a/b", "/api/a%2Fb"},
		{"/api/{insightsAccountName}", "a/b", "/api/a%2Fb"},
		{"/api/{objectName}", "a/b", "/api/a%2Fb"},
		{"/api/{tagName}", "aws:region", "/api/aws:region"},
		{"/api/x{orgName}y", "a b", "/api/xa%20by"},
		{"/api/{a}{b}", "/", "/api/%2F%2F"},
	} {
		args := make([]pathArg, strings.Count(c.template, "{"))
		for i := range args {
			args[i] = pathArg{"name", c.arg}
		}
		got, err := Endpoint{Method: http.MethodGet, Template: c.template}.path(args)
		require.NoError(t, err, "path of %s with %q", c.template, c.arg)
		assert.Equal(t, c.want, got, "path of %s with %q", c.template, c.arg)
	}
}

func TestEndpoint_Path_RefusesWhatCannotBeEscaped(t *testing.T) {
	t.Parallel()
	client, wire := wireClient(t, "https://example.com/pulumi")
	e := Endpoint{Method: http.MethodGet, Template: "/api/stacks/{orgName}/{accountName}"}
	for _, value := range []string{"", ".", ".."} {
		for i, name := range []string{"id.Org", "account"} {
			args := []pathArg{{"id.Org", "acme"}, {"account", "web"}}
			args[i].value = value
			_, err := e.path(args)
			var refused *ArgumentError
			require.ErrorAs(t, err, &refused, "path with %s = %q", name, value)
			assert.Equal(t, name, refused.Name, "path with %s = %q", name, value)
			assert.Equal(t, value, refused.Value, "path with %s = %q", name, value)
		}
		_, err := client.Stacks.Get(t.Context(), StackIdentifier{Org: "acme", Project: value, Stack: "prod"})
		var refused *ArgumentError
		require.ErrorAs(t, err, &refused, "Stacks.Get with the project %q", value)
		assert.Equal(t, "id.Project", refused.Name)

		_, err = client.Do(t.Context(), Request{Endpoint: e, Args: []string{"acme", value}}, nil)
		require.ErrorAs(t, err, &refused, "Do with the argument %q", value)
		assert.Equal(t, "req.Args[1] (accountName)", refused.Name)
	}
	assert.Zero(t, wire.Len(), "nothing is sent")

	for _, value := range []string{"...", ". ", " .", "..a", "%2E", "%2e%2e", ".\x00", "\\..", " ", "\x00"} {
		_, err := e.path([]pathArg{{"id.Org", value}, {"account", value}})
		require.NoError(t, err, "path with %q", value)
	}
}

func TestEndpoint_Path_CountsArguments(t *testing.T) {
	t.Parallel()
	e := Endpoint{Method: http.MethodGet, Template: "/api/{a}/{b}"}
	for count := range 5 {
		args := make([]pathArg, count)
		for i := range args {
			args[i] = pathArg{"name", "value"}
		}
		path, err := e.path(args)
		if count == 2 {
			require.NoError(t, err)
			assert.Equal(t, "/api/value/value", path)
			continue
		}
		require.Error(t, err, "path with %d arguments for 2 placeholders", count)
	}
	// An argument that looks like a placeholder is none.
	path, err := e.path([]pathArg{{"a", "{b}"}, {"b", "{a}"}})
	require.NoError(t, err)
	assert.Equal(t, "/api/%7Bb%7D/%7Ba%7D", path)
}

// Whatever a template holds, arguments stay what they are.
func TestEndpoint_Path_OddTemplates(t *testing.T) {
	t.Parallel()
	client, wire := wireClient(t, "https://example.com/pulumi")
	for template, want := range map[string]string{
		"/api/é/{x}":      "/pulumi/api/%C3%A9/a%2Fb",
		"/api/a\nb/{x}":   "/pulumi/api/a%0Ab/a%2Fb",
		"/api/\"<>/{x}":   "/pulumi/api/%22%3C%3E/a%2Fb",
		"/api/a|b^c/{x}":  "/pulumi/api/a%7Cb%5Ec/a%2Fb",
		"/api/{x}/😀":      "/pulumi/api/a%2Fb/%F0%9F%98%80",
		"/api/{x}/a:b@c+": "/pulumi/api/a%2Fb/a:b@c+",
		"/{x}":            "/pulumi/a%2Fb",
	} {
		_, err := client.Do(t.Context(), Request{Endpoint: Endpoint{Method: http.MethodGet, Template: template}, Args: []string{"a/b"}}, nil)
		require.NoError(t, err, "Do(%q)", template)
		requestLine, _, _ := strings.Cut(wire.String(), "\r\n")
		assert.Equal(t, "GET "+want+" HTTP/1.1", requestLine, "Do(%q)", template)
	}
}

func TestEndpoint_Query_IsEscaped(t *testing.T) {
	t.Parallel()
	client, wire := wireClient(t, "https://example.com/pulumi")
	query := url.Values{"a b": {"c d", "&=?#/%+é😀\r\n"}, "empty": {""}, "\xff": {"\xff"}}
	_, err := client.Do(t.Context(), Request{
		Endpoint: Endpoint{Method: http.MethodGet, Template: "/api/{x}"}, Args: []string{"a?b"}, Query: query,
	}, nil)
	require.NoError(t, err)
	got, err := http.ReadRequest(bufio.NewReader(wire))
	require.NoError(t, err)
	assert.Equal(t, "/pulumi/api/a%3Fb", got.URL.EscapedPath())
	assert.Equal(t, query, got.URL.Query())
}

func TestEndpointFromContext(t *testing.T) {
	t.Parallel()
	var seen []Endpoint
	client, err := NewClient(WithToken(canary), WithHTTPClient(&http.Client{
		Transport: transportFunc(func(req *http.Request) (*http.Response, error) {
			e, ok := EndpointFromContext(req.Context())
			assert.True(t, ok, "EndpointFromContext in a RoundTripper, for %s", req.URL)
			seen = append(seen, e)
			return noContent(req), nil
		}),
	}))
	require.NoError(t, err)
	id := StackIdentifier{"acme", "web", "prod"}
	require.NoError(t, client.Stacks.DeleteTag(t.Context(), id, "owner"))
	own := Endpoint{Method: http.MethodPost, Template: "/api/{x}/search", Read: true}
	_, err = client.Do(t.Context(), Request{Endpoint: own, Args: []string{"a"}}, nil)
	require.NoError(t, err)
	assert.Equal(t, []Endpoint{stackDeleteTagEndpoint, own}, seen)
	assert.Equal(t, "DELETE /api/stacks/{orgName}/{projectName}/{stackName}/tags/{tagName}", seen[0].String())

	e, ok := EndpointFromContext(t.Context())
	assert.False(t, ok, "EndpointFromContext of another context: %v", e)
	e, ok = EndpointFromContext(context.WithValue(t.Context(), endpointKey{}, &own))
	assert.True(t, ok)
	assert.Equal(t, own, e)
}

func TestEndpoint_IsWriteAndIsIdempotent(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		method            string
		read              bool
		write, idempotent bool
	}{
		{http.MethodGet, false, false, true},
		{http.MethodHead, false, false, true},
		{http.MethodPut, false, true, true},
		{http.MethodDelete, false, true, true},
		{http.MethodPost, false, true, false},
		{http.MethodPatch, false, true, false},
		{"PROPFIND", false, true, false}, // not known: as if it wrote
		{http.MethodGet, true, false, true},
		{http.MethodPost, true, false, true},
		{http.MethodPatch, true, false, true},
		{http.MethodPut, true, false, true},
		{"PROPFIND", true, false, true},
	} {
		e := Endpoint{Method: c.method, Template: "/api/x", Read: c.read}
		assert.Equal(t, c.write, e.isWrite(), "isWrite of %+v", e)
		assert.Equal(t, c.idempotent, e.isIdempotent(), "isIdempotent of %+v", e)

		set := e.asIdempotent()
		assert.Equal(t, c.write, set.isWrite(), "isWrite of %+v", set)
		assert.True(t, set.isIdempotent(), "isIdempotent of %+v", set)
		claim := e.asNoRetry()
		assert.True(t, claim.isWrite(), "isWrite of %+v", claim)
		assert.False(t, claim.isIdempotent(), "isIdempotent of %+v", claim)
	}
}

func TestEndpoint_RevokesToken(t *testing.T) {
	t.Parallel()
	for e, want := range map[Endpoint]bool{
		tokenDeleteEndpoint:     true,
		orgDeleteTokenEndpoint:  true,
		teamDeleteTokenEndpoint: true,
		{Method: http.MethodDelete, Template: "/api/orgs/{orgName}/agent-pools/{poolId}/tokens/{id}"}: true,
		{Method: http.MethodPatch, Template: "/api/user/tokens/{tokenId}"}:                            false,
		{Method: http.MethodDelete, Template: "/api/user/tokens/{tokenId}/name"}:                      false,
		{Method: http.MethodDelete, Template: "/api/user/tokens"}:                                     false,
		stackDeleteEndpoint:      false,
		webhookDeleteOrgEndpoint: false,
	} {
		assert.Equal(t, want, e.revokesToken(), "revokesToken of %s", e)
	}
}

func TestEndpoint_Placeholders(t *testing.T) {
	t.Parallel()
	for template, want := range map[string][]string{
		"/api/user/stacks": nil,
		"/api/stacks/{orgName}/{projectName}/{stackName}": {"orgName", "projectName", "stackName"},
		"/{a}{b}/x{c}y": {"a", "b", "c"},
	} {
		assert.Equal(t, want, Endpoint{Template: template}.placeholders(), "placeholders of %s", template)
	}
}

// The path in errors is the request's, whatever is in it.
func TestEndpoint_PathInErrors(t *testing.T) {
	t.Parallel()
	client, err := NewClient(WithToken(canary), WithBaseURL("https://example.com/below"), WithHTTPClient(&http.Client{
		Transport: transportFunc(func(req *http.Request) (*http.Response, error) {
			resp := noContent(req)
			resp.StatusCode = http.StatusNotFound
			resp.Body = io.NopCloser(strings.NewReader(`{"code":404,"message":"not here"}`))
			return resp, nil
		}),
	}))
	require.NoError(t, err)
	for _, odd := range oddArgs {
		_, err := client.Stacks.Get(t.Context(), StackIdentifier{"acme", odd, "prod"})
		var refused *APIError
		require.ErrorAs(t, err, &refused, "Stacks.Get with the project %.50q", odd)
		want := "/api/stacks/acme/" + url.PathEscape(odd) + "/prod"
		assert.Equal(t, want, refused.Path, "Stacks.Get with the project %.50q", odd)
		assert.Equal(t, stackGetEndpoint, refused.Endpoint)
		assertOneLine(t, refused.Error(), maxErrorText, fmt.Sprintf("Stacks.Get with the project %.50q", odd))
		if utf8.RuneCountInString(want) <= maxErrorPath {
			assert.Equal(t, "pulumiapi: GET "+want+": 404: not here", refused.Error())
		}
	}
}

// Whatever the arguments are, a request stays on its endpoint's template, and
// the server reads the very same arguments.
func FuzzEndpointPath(f *testing.F) {
	templates := fillableTemplates(f)
	for i := range max(len(oddArgs), len(templates)) {
		arg := func(nth int) string {
			// All but the long ones at the end, which take their time.
			return oddArgs[(i+5*nth)%(len(oddArgs)-4)]
		}
		f.Add(uint16(i), arg(0), arg(1), arg(2), arg(3), arg(4))
		f.Add(uint16(i), "a/b", "100%", "%2F?x=1#f", "../é", "%252e")
		f.Add(uint16(i), "%2F", "%41", "%25", "a/b", "a/b")
		for nth, dots := range []string{"", ".", ".."} {
			args := []string{"acme", "web", "prod", "4e662b3b", "ea01abd2"}
			args[(i+nth)%len(args)] = dots
			f.Add(uint16(i), args[0], args[1], args[2], args[3], args[4])
		}
	}
	bases := map[string]string{"https://api.pulumi.com": "", "https://example.com/a%2Fb/": "/a%2Fb"}
	var wire bytes.Buffer
	clients := make(map[string]*Client)
	for base, prefix := range bases {
		client, err := NewClient(WithToken(canary), WithBaseURL(base), WithHTTPClient(&http.Client{
			Transport: transportFunc(func(req *http.Request) (*http.Response, error) {
				wire.Reset()
				return noContent(req), req.Write(&wire)
			}),
		}))
		require.NoError(f, err)
		clients[prefix] = client
	}
	f.Fuzz(func(t *testing.T, pick uint16, a, b, c, d, e string) {
		template := templates[int(pick)%len(templates)]
		args := []string{a, b, c, d, e}[:strings.Count(template, "{")]
		refused := -1
		for i, arg := range args {
			if refused < 0 && (arg == "" || arg == "." || arg == "..") {
				refused = i
			}
		}
		for prefix, client := range clients {
			wire.Reset()
			_, err := client.Do(t.Context(), Request{Endpoint: Endpoint{Method: http.MethodGet, Template: template}, Args: args}, nil)
			if refused >= 0 {
				var wrong *ArgumentError
				require.ErrorAs(t, err, &wrong, "Do(%s) with %q", template, args)
				require.Contains(t, wrong.Name, "req.Args["+string(rune('0'+refused))+"]")
				require.Zero(t, wire.Len(), "Do(%s) with %q sent %s", template, args, wire.String())
				continue
			}
			require.NoError(t, err, "Do(%s) with %q", template, args)
			requestLine, _, _ := strings.Cut(wire.String(), "\r\n")
			parts := strings.Split(requestLine, " ")
			require.Len(t, parts, 3, "Do(%s) with %q: %q", template, args, requestLine)
			require.Equal(t, args, segmentsOf(t, parts[1], prefix, template), "Do(%s) with %q: %q", template, args, requestLine)
			got, err := http.ReadRequest(bufio.NewReader(&wire))
			require.NoError(t, err, "Do(%s) with %q", template, args)
			require.Empty(t, got.URL.RawQuery)
			require.Len(t, got.Header["Authorization"], 1)
		}
	})
}

// fillableTemplates returns the templates of the package's endpoints that have
// placeholders, and some of endpoints that it does not have yet.
func fillableTemplates(f *testing.F) []string {
	f.Helper()
	templates := []string{
		"/api/preview/insights/{orgName}/accounts/{accountName}/{resourceTypeAndId}",
		"/api/{object}/tags/{a}/{b}/update",
	}
	src, err := source.Load(".")
	require.NoError(f, err)
	for _, endpoint := range src.Endpoints {
		if _, template, _ := strings.Cut(endpoint.Operation, " "); strings.Contains(template, "{") {
			// Below another path, as what is sent to the endpoint itself is held
			// against the description, where a version is no text.
			templates = append(templates, "/fuzz"+template)
		}
	}
	require.Contains(f, templates, "/fuzz"+insightsGetAccountEndpoint.Template)
	slices.Sort(templates)
	return slices.Compact(templates)
}
