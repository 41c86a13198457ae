package pulumiapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
)

// clientToken must not be found where a token must not show.
const clientToken = "pul-canary-93ad0e"

// scripted is a transport that answers the nth request, counted from 1. It
// keeps the requests with their bodies.
type scripted struct {
	answer func(n int, req *http.Request) (*http.Response, error)

	mu     sync.Mutex
	sent   []*http.Request
	bodies []string
}

func (a *scripted) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		body, _ = io.ReadAll(req.Body)
		_ = req.Body.Close()
	}
	a.mu.Lock()
	a.sent = append(a.sent, req)
	a.bodies = append(a.bodies, string(body))
	n := len(a.sent)
	a.mu.Unlock()
	resp, err := a.answer(n, req)
	if resp != nil {
		resp.Request = req
	}
	return resp, err
}

// answer returns an answer. header is pairs of name and value.
func answer(status int, body string, header ...string) *http.Response {
	resp := &http.Response{
		StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{},
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}
	for i := 0; i+1 < len(header); i += 2 {
		resp.Header.Add(header[i], header[i+1])
	}
	return resp
}

// always answers every request alike.
func always(status int, body string, header ...string) *scripted {
	return &scripted{answer: func(int, *http.Request) (*http.Response, error) { return answer(status, body, header...), nil }}
}

// statuses answers the nth request with the nth status, and the last one from
// then on; 0 is a connection that breaks, -1 one that is refused.
func statuses(list ...int) *scripted {
	return &scripted{answer: func(n int, _ *http.Request) (*http.Response, error) {
		switch status := list[min(n, len(list))-1]; {
		case status == 0:
			return nil, io.ErrUnexpectedEOF
		case status < 0:
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
		case status < 300:
			return answer(status, ""), nil
		default:
			return answer(status, fmt.Sprintf(`{"code":%d,"message":"no"}`, status)), nil
		}
	}}
}

// atOnce retries without waiting.
var atOnce = pulumiapi.WithRetry(pulumiapi.RetryPolicy{MinWait: 1, MaxWait: time.Second})

// clientOver returns a client that talks to a.
func clientOver(t *testing.T, a http.RoundTripper, opts ...pulumiapi.Option) *pulumiapi.Client {
	t.Helper()
	client, err := pulumiapi.NewClient(append([]pulumiapi.Option{
		pulumiapi.WithToken(clientToken), pulumiapi.WithBaseURL("https://pulumi.example.com/below"),
		pulumiapi.WithHTTPClient(&http.Client{Transport: a}), atOnce,
	}, opts...)...)
	require.NoError(t, err, "NewClient")
	return client
}

var (
	getThing    = pulumiapi.Endpoint{Method: http.MethodGet, Template: "/api/things/{thing}"}
	deleteThing = pulumiapi.Endpoint{Method: http.MethodDelete, Template: "/api/things/{thing}"}
	revokeThing = pulumiapi.Endpoint{Method: http.MethodDelete, Template: "/api/things/tokens/{thing}"}
	claimThing  = pulumiapi.Endpoint{Method: http.MethodGet, Template: "/api/things/{thing}/claim", NoRetry: true}
	setThings   = pulumiapi.Endpoint{Method: http.MethodPatch, Template: "/api/things", Idempotent: true}
	postThings  = pulumiapi.Endpoint{Method: http.MethodPost, Template: "/api/things"}
	findThings  = pulumiapi.Endpoint{Method: http.MethodPost, Template: "/api/things/search", Read: true}
	thingStack  = pulumiapi.StackIdentifier{Org: "acme", Project: "web", Stack: "prod"}
)

type thing struct {
	Name  string          `json:"name"`
	Count int             `json:"count"`
	Raw   json.RawMessage `json:"raw"`
}

func getA(e pulumiapi.Endpoint) pulumiapi.Request {
	return pulumiapi.Request{Endpoint: e, Args: []string{"a"}}
}

func requireArgumentError(t *testing.T, err error, name, called string) {
	t.Helper()
	_ = argumentErrorOf(t, err, name, called)
}

func argumentErrorOf(t *testing.T, err error, name, called string) *pulumiapi.ArgumentError {
	t.Helper()
	var refused *pulumiapi.ArgumentError
	require.ErrorAs(t, err, &refused, called)
	require.Equal(t, name, refused.Name, called)
	return refused
}

// assertNoToken checks that the token shows nowhere: not in the error, not in
// what it wraps, not in their fields.
func assertNoToken(t *testing.T, v any, called string) {
	t.Helper()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X"} {
		text := fmt.Sprintf(verb, v)
		for _, form := range []string{clientToken, fmt.Sprintf("%x", clientToken), fmt.Sprintf("%X", clientToken)} {
			assert.NotContains(t, text, form, "%s: %s of a %T", called, verb, v)
		}
	}
	if err, ok := v.(error); ok {
		if refused, ok := errors.AsType[*pulumiapi.APIError](err); ok {
			assert.NotContains(t, fmt.Sprintf("%+v %+v", *refused, refused.Header), clientToken, "%s: the APIError", called)
		}
		if failed, ok := errors.AsType[*pulumiapi.CallError](err); ok {
			assert.NotContains(t, fmt.Sprintf("%+v %+v", *failed, failed.Err), clientToken, "%s: the CallError", called)
		}
	}
}

func TestNewClient_RefusesBadOptions(t *testing.T) {
	t.Parallel()
	token := pulumiapi.WithToken(clientToken)
	retry := pulumiapi.WithRetry
	for _, c := range []struct {
		what, name string
		opts       []pulumiapi.Option
	}{
		{"nothing", "opts", nil},
		{"no token", "opts", []pulumiapi.Option{pulumiapi.WithBaseURL("https://example.com")}},
		{"a nil option", "opts[0]", []pulumiapi.Option{nil}},
		{"a nil option among others", "opts[1]", []pulumiapi.Option{token, nil}},
		{"an empty token", "WithToken", []pulumiapi.Option{pulumiapi.WithToken("")}},
		{"an empty token after a good one", "WithToken", []pulumiapi.Option{token, pulumiapi.WithToken("")}},
		{"an empty token before a good one", "WithToken", []pulumiapi.Option{pulumiapi.WithToken(""), token}},
		{"no HTTP client", "WithHTTPClient", []pulumiapi.Option{token, pulumiapi.WithHTTPClient(nil)}},
		{"no logger", "WithLogger", []pulumiapi.Option{token, pulumiapi.WithLogger(nil)}},
		{"an empty user agent", "WithUserAgent", []pulumiapi.Option{token, pulumiapi.WithUserAgent("")}},
		{"a blank user agent", "WithUserAgent", []pulumiapi.Option{token, pulumiapi.WithUserAgent("  ")}},
		{"a user agent with a line break", "WithUserAgent", []pulumiapi.Option{token, pulumiapi.WithUserAgent("a\r\nX-Evil: 1")}},
		{"a user agent with a tab", "WithUserAgent", []pulumiapi.Option{token, pulumiapi.WithUserAgent("a\tb")}},
		{"a user agent beyond ASCII", "WithUserAgent", []pulumiapi.Option{token, pulumiapi.WithUserAgent("ä/1")}},
		{"a user agent that is not UTF-8", "WithUserAgent", []pulumiapi.Option{token, pulumiapi.WithUserAgent("a\xff")}},
		{"negative attempts", "WithRetry", []pulumiapi.Option{token, retry(pulumiapi.RetryPolicy{MaxAttempts: -1})}},
		{"a negative MinWait", "WithRetry", []pulumiapi.Option{token, retry(pulumiapi.RetryPolicy{MinWait: -1})}},
		{"a negative MaxWait", "WithRetry", []pulumiapi.Option{token, retry(pulumiapi.RetryPolicy{MaxWait: -1})}},
		{"MinWait above MaxWait", "WithRetry", []pulumiapi.Option{token, retry(pulumiapi.RetryPolicy{MinWait: 2, MaxWait: 1})}},
	} {
		a := always(http.StatusOK, "{}")
		opts := c.opts
		if len(opts) > 0 && opts[0] != nil {
			opts = append([]pulumiapi.Option{pulumiapi.WithHTTPClient(&http.Client{Transport: a})}, opts...)
		}
		client, err := pulumiapi.NewClient(opts...)
		name := c.name
		if name == "opts[1]" {
			name = "opts[2]" // one came before
		}
		requireArgumentError(t, err, name, "NewClient with "+c.what)
		assert.Nil(t, client, "NewClient with %s", c.what)
		assert.Empty(t, a.sent, "NewClient with %s", c.what)
	}
}

func TestNewClient_RefusesTokensWithControlCharacters(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"\n", "\r\n", "\t", " ", "\x00", "\x7f", "\u0080", "ä", "\xff", "\u2028", "\r\nX-Evil: 1"} {
		for _, token := range []string{clientToken + bad, bad + clientToken, clientToken[:5] + bad + clientToken} {
			_, err := pulumiapi.NewClient(pulumiapi.WithToken(token))
			refused := argumentErrorOf(t, err, "WithToken", fmt.Sprintf("NewClient with the token %q", token))
			assert.Empty(t, refused.Value, "the Value for the token %q", token)
			assertNoToken(t, err, fmt.Sprintf("NewClient with the token %q", token))
		}
	}
}

func TestNewClient_RefusesBadBaseURLs(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{
		"", " ", "/", "api.pulumi.com", "//api.pulumi.com", "https:", "https://", "https:///path", "https:/api.pulumi.com", "https:api.pulumi.com",
		"ftp://example.com", "file:///home/user/.pulumi", "s3://bucket", "javascript:alert(1)", "unix:///var/run/x.sock",
		"https://:443", "https://?x", "https://example.com:port", "https://exa mple.com", "https://[::1", "https://%zz", "https://example.com/%zz",
		"https://example.com/?", "https://example.com/?a=b", "https://example.com?", "https://example.com/p?a",
		"https://example.com/#", "https://example.com#x", "https://example.com/p#x",
		"https://example.com/.", "https://example.com/..", "https://example.com/a/../b", "https://example.com/a/./b", "https://example.com/a/..",
		"https://example.com/%2e%2E/b", "https://example.com/a%2F..%2Fb", "https://example.com/.%2e/",
		"https://user@example.com", "https://user:password@example.com", "https://:@example.com", "https://@example.com",
		"https://example.com\n", "https://example.com/\x00", "https://exa\x7fmple.com",
		"https://bücher.example", "https://b%C3%BCcher.example", "https://EXAMPLİ.com", "https://exampl\u212a.com", "https://example。com", "https://１27.0.0.1",
		"https://example.com%ff", "https://[fe80::1%25ö]",
	} {
		for order, opts := range map[string][]pulumiapi.Option{
			"last":  {pulumiapi.WithToken(clientToken), pulumiapi.WithBaseURL(bad)},
			"first": {pulumiapi.WithBaseURL(bad), pulumiapi.WithToken(clientToken), pulumiapi.WithBaseURL("https://example.com")},
		} {
			_, err := pulumiapi.NewClient(opts...)
			requireArgumentError(t, err, "WithBaseURL", fmt.Sprintf("NewClient with the base URL %q %s", bad, order))
		}
	}
}

// Where it leads would be decided anew for each request, by net/http.
func TestNewClient_InternationalHostIsRefused(t *testing.T) {
	t.Parallel()
	_, err := pulumiapi.NewClient(pulumiapi.WithToken(clientToken), pulumiapi.WithBaseURL("https://bücher.example/cloud"))
	refused := argumentErrorOf(t, err, "WithBaseURL", "NewClient with an international host")
	assert.Contains(t, refused.Reason, "xn--", "the reason says what to write")
	assert.Equal(t, "https://bücher.example/cloud", refused.Value, "the Value")
}

func TestNewClient_BaseURLErrorShowsNoPassword(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{
		"https://user:*@example.com", "https://*@example.com", "https://user:*@example.com:port", "https://user:*@exa mple.com", "https://user:*@[::1",
		"https://user:*@example.com/%zz", "https://user:*@", "https://user:*", "ftp://user:*@example.com", "s3://user:*@bucket",
		"https//user:*@example.com", "https:user:*@example.com", "https:/user:*@example.com", "https:///user:*@example.com", "user:*@example.com",
		"://user:*@example.com", "//user:*@example.com", "user:*@https://example.com", " https://user:*@example.com", "https:// user:*@example.com",
		"https://us er:*@example.com", "https://user:*\n@example.com", "https://example.com\\user:*@x", "*@example.com",
		"https://example.com/?token=*", "https://example.com?*", "https://example.com/#*", "https://example.com/p#access_token=*", "example.com?token=*",
	} {
		text := strings.ReplaceAll(bad, "*", clientToken)
		_, err := pulumiapi.NewClient(pulumiapi.WithToken("other"), pulumiapi.WithBaseURL(text))
		refused := argumentErrorOf(t, err, "WithBaseURL", fmt.Sprintf("NewClient with the base URL %q", text))
		assertNoToken(t, err, fmt.Sprintf("NewClient with the base URL %q", text))
		assert.Empty(t, refused.Value, "NewClient with the base URL %q", text)
	}
	_, err := pulumiapi.NewClient(pulumiapi.WithBaseURL("https://example.com/" + strings.Repeat("ä", 10_000) + "/../"))
	refused := argumentErrorOf(t, err, "WithBaseURL", "NewClient with a long base URL")
	assert.Equal(t, 100, utf8.RuneCountInString(refused.Value), "the Value of a long base URL")
}

func TestNewClient_KeepsTheBaseURLsPath(t *testing.T) {
	t.Parallel()
	for base, want := range map[string]string{
		"":                                "https://api.pulumi.com/api/things/a",
		"https://example.com":             "https://example.com/api/things/a",
		"HTTPS://Example.com/":            "https://example.com/api/things/a",
		"https://XN--BCHER-KVA.example":   "https://xn--bcher-kva.example/api/things/a",
		"https://EXAMPLE.com:/":           "https://example.com/api/things/a",
		"http://[FE80::1%25En0]:8080":     "http://[fe80::1%25En0]:8080/api/things/a",
		"http://example.com:8080/pulumi/": "http://example.com:8080/pulumi/api/things/a",
		"https://[::1]:8443/a/b":          "https://[::1]:8443/a/b/api/things/a",
		"https://example.com/a%2Fb//":     "https://example.com/a%2Fb/api/things/a",
		"https://example.com/a/%2F":       "https://example.com/a/%2F/api/things/a",
	} {
		a := always(http.StatusNoContent, "")
		opts := []pulumiapi.Option{pulumiapi.WithToken(clientToken), pulumiapi.WithHTTPClient(&http.Client{Transport: a})}
		if base != "" {
			opts = append(opts, pulumiapi.WithBaseURL(base))
		}
		client, err := pulumiapi.NewClient(opts...)
		require.NoError(t, err, "NewClient with the base URL %q", base)
		_, err = client.Do(t.Context(), getA(getThing), nil)
		require.NoError(t, err, "Do with the base URL %q", base)
		require.Len(t, a.sent, 1)
		assert.Equal(t, want, a.sent[0].URL.String(), "the URL with the base URL %q", base)
		assert.Equal(t, want, client.BaseURL()+"/api/things/a", "BaseURL with the base URL %q", base)
		assert.Equal(t, a.sent[0].URL.Host, a.sent[0].Host, "the Host header with the base URL %q", base)
	}
}

func TestNewClient_OptionOrderDoesNotMatter(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	var attempts int
	a := always(http.StatusNoContent, "")
	opts := []pulumiapi.Option{
		pulumiapi.WithToken(clientToken),
		pulumiapi.WithBaseURL("https://example.com/below"),
		pulumiapi.WithHTTPClient(&http.Client{Transport: a}),
		pulumiapi.WithUserAgent("acme/1"),
		pulumiapi.WithLogger(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))),
		pulumiapi.WithObserver(pulumiapi.Observer{OnAttempt: func(context.Context, pulumiapi.Attempt) { attempts++ }}),
	}
	for i := range opts {
		rotated := append(append([]pulumiapi.Option{}, opts[i:]...), opts[:i]...)
		for _, order := range [][]pulumiapi.Option{rotated, reversed(rotated)} {
			a.sent, attempts = nil, 0
			log.Reset()
			client, err := pulumiapi.NewClient(order...)
			require.NoError(t, err, "NewClient with the options from the %dth", i)
			_, err = client.Do(t.Context(), getA(getThing), nil)
			require.NoError(t, err, "Do with the options from the %dth", i)
			require.Len(t, a.sent, 1)
			assert.Equal(t, "https://example.com/below/api/things/a", a.sent[0].URL.String())
			assert.Equal(t, "token "+clientToken, a.sent[0].Header.Get("Authorization"))
			assert.Regexp(t, `^acme/1 pulumiapi/`, a.sent[0].Header.Get("User-Agent"))
			assert.Equal(t, 1, attempts, "the observer")
			assert.Contains(t, log.String(), "/api/things/a", "the logger")
		}
	}
}

func reversed(opts []pulumiapi.Option) []pulumiapi.Option {
	var all []pulumiapi.Option
	for i := range opts {
		all = append(all, opts[len(opts)-1-i])
	}
	return all
}

func TestNewClient_TheLastOptionOfAKindCounts(t *testing.T) {
	t.Parallel()
	first, last := always(http.StatusNoContent, ""), statuses(http.StatusServiceUnavailable)
	client, err := pulumiapi.NewClient(
		pulumiapi.WithToken("first"), pulumiapi.WithBaseURL("https://first.example.com"), pulumiapi.WithUserAgent("first/1"),
		pulumiapi.WithHTTPClient(&http.Client{Transport: first}), pulumiapi.WithRetry(pulumiapi.RetryPolicy{MaxAttempts: 5, MinWait: 1}),
		pulumiapi.WithToken("last"), pulumiapi.WithBaseURL("https://last.example.com"), pulumiapi.WithUserAgent("last/1"),
		pulumiapi.WithHTTPClient(&http.Client{Transport: last}), pulumiapi.WithRetry(pulumiapi.RetryPolicy{MaxAttempts: 2, MinWait: 1}),
	)
	require.NoError(t, err)
	_, err = client.Do(t.Context(), getA(getThing), nil)
	require.Error(t, err)
	assert.Empty(t, first.sent)
	require.Len(t, last.sent, 2)
	assert.Equal(t, "https://last.example.com/api/things/a", last.sent[0].URL.String())
	assert.Equal(t, "token last", last.sent[0].Header.Get("Authorization"))
	assert.Regexp(t, `^last/1 pulumiapi/`, last.sent[0].Header.Get("User-Agent"))
}

func TestWithHTTPClient_CopiesAndDoesNotChange(t *testing.T) {
	t.Parallel()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	a := &scripted{answer: func(n int, req *http.Request) (*http.Response, error) {
		if n == 1 {
			return answer(http.StatusTemporaryRedirect, "", "Location", "/below/api/elsewhere", "Set-Cookie", "session=1; Path=/"), nil
		}
		return answer(http.StatusNoContent, ""), nil
	}}
	hc := &http.Client{Transport: a, Jar: jar, Timeout: time.Minute}
	hc.CheckRedirect = func(*http.Request, []*http.Request) error {
		assert.Fail(t, "the user's CheckRedirect was asked")
		return nil
	}
	policy := reflect.ValueOf(hc.CheckRedirect).Pointer()

	client := clientOver(t, a, pulumiapi.WithHTTPClient(hc))
	unchanged := func(when string) {
		assert.Same(t, a, hc.Transport, "Transport "+when)
		assert.Equal(t, policy, reflect.ValueOf(hc.CheckRedirect).Pointer(), "CheckRedirect "+when)
		assert.Same(t, jar, hc.Jar, "Jar "+when)
		assert.Equal(t, time.Minute, hc.Timeout, "Timeout "+when)
	}
	unchanged("after NewClient")
	_, err = client.Do(t.Context(), getA(getThing), nil)
	require.NoError(t, err)
	unchanged("after a call")
	require.Len(t, a.sent, 2)
	assert.Equal(t, "/below/api/elsewhere", a.sent[1].URL.Path, "the redirect was followed")
	assert.Equal(t, "session=1", a.sent[1].Header.Get("Cookie"), "the jar was used")

	// Nor does what happens to it later reach the client.
	hc.Transport, hc.Jar, hc.Timeout = always(http.StatusTeapot, ""), nil, 1
	_, err = client.Do(t.Context(), getA(getThing), nil)
	require.NoError(t, err)
	require.Len(t, a.sent, 3)
	assert.Equal(t, "session=1", a.sent[2].Header.Get("Cookie"))
}

func TestWithHTTPClient_TimeoutLimitsAnAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := &scripted{answer: func(_ int, req *http.Request) (*http.Response, error) {
			<-req.Context().Done()
			return nil, req.Context().Err()
		}}
		client := clientOver(t, a, pulumiapi.WithHTTPClient(&http.Client{Transport: a, Timeout: 7 * time.Second}),
			pulumiapi.WithRetry(pulumiapi.RetryPolicy{MaxAttempts: 3, MinWait: 1, MaxWait: 1}))
		start := time.Now()
		_, err := client.Do(t.Context(), getA(getThing), nil)
		var failed *pulumiapi.CallError
		require.ErrorAs(t, err, &failed, "Do with a silent server")
		assert.Equal(t, 3, failed.Attempts, "each attempt has its own timeout")
		assert.InDelta(t, 21*time.Second, time.Since(start), float64(time.Second), "three attempts of 7 s")
		require.NoError(t, t.Context().Err())
	})
}

func TestClient_SendsTheDocumentedHeaders(t *testing.T) {
	t.Parallel()
	calls := map[string]func(context.Context, *pulumiapi.Client) error{
		"Do": func(ctx context.Context, c *pulumiapi.Client) error {
			_, err := c.Do(ctx, getA(getThing), nil)
			return err
		},
		"Do with POST": func(ctx context.Context, c *pulumiapi.Client) error {
			_, err := c.Do(ctx, pulumiapi.Request{Endpoint: postThings, Body: thing{}}, nil)
			return err
		},
		"DeleteTag": func(ctx context.Context, c *pulumiapi.Client) error { return c.Stacks.DeleteTag(ctx, thingStack, "a") },
		"CreateTag": func(ctx context.Context, c *pulumiapi.Client) error {
			return c.Stacks.CreateTag(ctx, thingStack, "a", "b")
		},
		"Do with a 503": func(ctx context.Context, c *pulumiapi.Client) error {
			_, err := c.Do(ctx, getA(deleteThing), nil)
			return err
		},
	}
	for called, call := range calls {
		a := statuses(http.StatusNoContent)
		if called == "Do with a 503" {
			a = statuses(http.StatusServiceUnavailable, http.StatusNoContent)
		}
		require.NoError(t, call(t.Context(), clientOver(t, a)), called)
		for _, req := range a.sent {
			assert.Equal(t, []string{"token " + clientToken}, req.Header["Authorization"], called)
			assert.Equal(t, []string{"application/vnd.pulumi+8"}, req.Header["Accept"], called)
			assert.Equal(t, []string{"application/json"}, req.Header["Content-Type"], called)
			require.Len(t, req.Header["User-Agent"], 1, called)
			assert.Regexp(t, `^pulumiapi/\d+\.\d+\.\d+(-[\w.]+)?$`, req.Header.Get("User-Agent"), called)
			assert.Equal(t, "pulumi.example.com", req.Host, called)
			assert.NotContains(t, req.URL.String(), clientToken, called)
		}
	}
}

func TestWithUserAgent_ComesFirst(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"acme-inventory/1.2", " acme-inventory/1.2 ", "acme-inventory/1.2 (+https://example.com)"} {
		a := always(http.StatusNoContent, "")
		_, err := clientOver(t, a, pulumiapi.WithUserAgent(name)).Do(t.Context(), getA(getThing), nil)
		require.NoError(t, err)
		assert.Regexp(t, "^"+regexp.QuoteMeta(strings.TrimSpace(name))+` pulumiapi/\d+\.\d+\.\d+$`, a.sent[0].Header.Get("User-Agent"))
	}
}

func TestWithRetry_Defaults(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	for _, c := range []struct {
		policy   pulumiapi.RetryPolicy
		longest  []time.Duration // of each wait
		obeys    time.Duration   // the longest Retry-After that is waited for
		obeysNot time.Duration
	}{
		{pulumiapi.RetryPolicy{}, []time.Duration{500 * ms, 1000 * ms, 2000 * ms}, 30 * time.Second, 31 * time.Second},
		{pulumiapi.RetryPolicy{MaxAttempts: 1}, nil, 0, 0},
		{pulumiapi.RetryPolicy{MaxAttempts: 2}, []time.Duration{500 * ms}, 30 * time.Second, 31 * time.Second},
		{
			pulumiapi.RetryPolicy{MaxAttempts: 9},
			[]time.Duration{500 * ms, 1000 * ms, 2000 * ms, 4000 * ms, 8000 * ms, 16_000 * ms, 30_000 * ms, 30_000 * ms},
			30 * time.Second, 31 * time.Second,
		},
		{pulumiapi.RetryPolicy{MinWait: 10 * ms}, []time.Duration{10 * ms, 20 * ms, 40 * ms}, 30 * time.Second, 31 * time.Second},
		{pulumiapi.RetryPolicy{MinWait: time.Minute}, []time.Duration{time.Minute, time.Minute, time.Minute}, time.Minute, 61 * time.Second},
		{pulumiapi.RetryPolicy{MaxWait: 100 * ms}, []time.Duration{100 * ms, 100 * ms, 100 * ms}, 0, time.Second},
		{pulumiapi.RetryPolicy{MaxWait: time.Second}, []time.Duration{500 * ms, 1000 * ms, 1000 * ms}, time.Second, 2 * time.Second},
		{pulumiapi.RetryPolicy{MinWait: 5 * ms, MaxWait: 5 * ms}, []time.Duration{5 * ms, 5 * ms, 5 * ms}, 0, time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			called := fmt.Sprintf("Do with %+v", c.policy)
			var waits []time.Duration
			observer := pulumiapi.WithObserver(pulumiapi.Observer{OnAttempt: func(_ context.Context, attempt pulumiapi.Attempt) {
				if attempt.WillRetry {
					waits = append(waits, attempt.Wait)
				}
			}})
			a := statuses(http.StatusServiceUnavailable)
			client := clientOver(t, a, pulumiapi.WithRetry(c.policy), observer)
			_, err := client.Do(t.Context(), getA(getThing), nil)
			require.Error(t, err, called)
			require.Len(t, waits, len(c.longest), called)
			for i, wait := range waits {
				assert.LessOrEqual(t, wait, c.longest[i], "%s: wait %d", called, i+1)
				assert.GreaterOrEqual(t, wait, c.longest[i]/2-1, "%s: wait %d", called, i+1)
			}

			for seconds, obeyed := range map[time.Duration]bool{c.obeys: true, c.obeysNot: false} {
				if seconds == 0 {
					continue
				}
				limited := &scripted{answer: func(n int, _ *http.Request) (*http.Response, error) {
					if n > 1 {
						return answer(http.StatusNoContent, ""), nil
					}
					return answer(http.StatusTooManyRequests, "", "Retry-After", fmt.Sprint(int(seconds.Seconds()))), nil
				}}
				start := time.Now()
				_, err := clientOver(t, limited, pulumiapi.WithRetry(c.policy)).Do(t.Context(), getA(getThing), nil)
				if obeyed {
					require.NoError(t, err, "%s and Retry-After %s", called, seconds)
					assert.GreaterOrEqual(t, time.Since(start), seconds, "%s and Retry-After %s", called, seconds)
					continue
				}
				var refused *pulumiapi.APIError
				require.ErrorAs(t, err, &refused, "%s and Retry-After %s", called, seconds)
				require.ErrorIs(t, err, pulumiapi.ErrRateLimited)
				assert.Equal(t, seconds, refused.RetryAfter, "%s and Retry-After %s", called, seconds)
				assert.Equal(t, 1, refused.Attempts)
				assert.Zero(t, time.Since(start), "%s and Retry-After %s returns at once", called, seconds)
			}
		})
	}
}

func TestClient_Do_RefusesBadRequests(t *testing.T) {
	t.Parallel()
	endpoint := func(method, template string) pulumiapi.Request {
		return pulumiapi.Request{Endpoint: pulumiapi.Endpoint{Method: method, Template: template}}
	}
	var nilThing *thing
	for _, c := range []struct {
		what, name string
		req        pulumiapi.Request
		out        any
	}{
		{"nothing", "req.Endpoint.Method", pulumiapi.Request{}, nil},
		{"no method", "req.Endpoint.Method", endpoint("", "/api/x"), nil},
		{"a small method", "req.Endpoint.Method", endpoint("get", "/api/x"), nil},
		{"a method with a space", "req.Endpoint.Method", endpoint("GET ", "/api/x"), nil},
		{"a method with a line break", "req.Endpoint.Method", endpoint("GET\r\nX", "/api/x"), nil},
		{"no template", "req.Endpoint.Template", endpoint("GET", ""), nil},
		{"a relative template", "req.Endpoint.Template", endpoint("GET", "api/x"), nil},
		{"a URL", "req.Endpoint.Template", endpoint("GET", "https://evil.example/api/x"), nil},
		{"a query", "req.Endpoint.Template", endpoint("GET", "/api/x?a=b"), nil},
		{"a fragment", "req.Endpoint.Template", endpoint("GET", "/api/x#a"), nil},
		{"an escape", "req.Endpoint.Template", endpoint("GET", "/api/%2e%2e/x"), nil},
		{"a backslash", "req.Endpoint.Template", endpoint("GET", `/api\x`), nil},
		{"a space", "req.Endpoint.Template", endpoint("GET", "/api/x y"), nil},
		{"dots", "req.Endpoint.Template", endpoint("GET", "/api/../x"), nil},
		{"a dot at the end", "req.Endpoint.Template", endpoint("GET", "/api/."), nil},
		{"too few arguments", "req.Args", pulumiapi.Request{Endpoint: getThing}, nil},
		{"too many arguments", "req.Args", pulumiapi.Request{Endpoint: getThing, Args: []string{"a", "b"}}, nil},
		{"arguments for nothing", "req.Args", pulumiapi.Request{Endpoint: postThings, Args: []string{"a"}}, nil},
		{"an empty argument", "req.Args[0] (thing)", pulumiapi.Request{Endpoint: getThing, Args: []string{""}}, nil},
		{"a body that is no JSON", "req.Body", pulumiapi.Request{Endpoint: postThings, Body: make(chan int)}, nil},
		{"a body with a function in it", "req.Body", pulumiapi.Request{Endpoint: postThings, Body: map[string]any{"f": func() {}}}, nil},
		{"an out that is no pointer", "out", getA(getThing), thing{}},
		{"an out that is a map", "out", getA(getThing), map[string]any{}},
		{"an out that is a nil pointer", "out", getA(getThing), nilThing},
	} {
		a := always(http.StatusOK, "{}")
		info, err := clientOver(t, a).Do(t.Context(), c.req, c.out)
		requireArgumentError(t, err, c.name, "Do with "+c.what)
		assert.Nil(t, info, "Do with %s", c.what)
		assert.Empty(t, a.sent, "Do with %s", c.what)
	}
}

// readerOnly hides that a reader can do anything but read.
type readerOnly struct{ io.Reader }

func TestClient_Do_Bodies(t *testing.T) {
	t.Parallel()
	const text = "kind: yaml\n\u2028 <&> \x00\xff"
	seekable := strings.NewReader("skipped" + text)
	_, err := seekable.Seek(7, io.SeekStart)
	require.NoError(t, err)
	for what, c := range map[string]struct {
		body any
		want string
	}{
		"nil":                 {nil, ""},
		"a reader":            {readerOnly{strings.NewReader(text)}, text},
		"a reader that seeks": {seekable, text},
		"a buffer":            {bytes.NewBufferString(text), text},
		"an empty reader":     {strings.NewReader(""), ""},
		"bytes":               {[]byte(text), text},
		"no bytes":            {[]byte{}, ""},
		"raw JSON":            {json.RawMessage(`{ "b":1.0, "a" : 1e0}`), `{ "b":1.0, "a" : 1e0}`},
		"a struct":            {thing{Name: "<&>", Raw: json.RawMessage(`{"a":1}`)}, `{"name":"<&>","count":0,"raw":{"a":1}}`},
		"a pointer":           {&thing{Name: "n", Raw: json.RawMessage(`1`)}, `{"name":"n","count":0,"raw":1}`},
		"a map":               {map[string]any{"b": 1, "a": []string(nil)}, `{"a":[],"b":1}`},
		"a string":            {"text", `"text"`},
		"a number":            {7, `7`},
		"a Secret":            {map[string]any{"secret": pulumiapi.NewSecret("s3cret")}, `{"secret":"s3cret"}`},
	} {
		a := always(http.StatusNoContent, "")
		_, err := clientOver(t, a).Do(t.Context(), pulumiapi.Request{Endpoint: postThings, Body: c.body}, nil)
		require.NoError(t, err, "Do with %s", what)
		require.Len(t, a.sent, 1, "Do with %s", what)
		assert.Equal(t, c.want, a.bodies[0], "Do with %s", what)
		assert.Equal(t, "application/json", a.sent[0].Header.Get("Content-Type"), "Do with %s", what)
	}
}

func TestClient_Do_SendsABodyAgain(t *testing.T) {
	t.Parallel()
	seekable := strings.NewReader("skipped text")
	_, err := seekable.Seek(8, io.SeekStart)
	require.NoError(t, err)
	for what, c := range map[string]struct {
		body  any
		times int
	}{
		"bytes":               {[]byte("text"), 4},
		"raw JSON":            {json.RawMessage("text"), 4},
		"a reader that seeks": {seekable, 4},
		"a reader":            {readerOnly{strings.NewReader("text")}, 1},
	} {
		a := statuses(http.StatusServiceUnavailable)
		info, err := clientOver(t, a).Do(t.Context(), pulumiapi.Request{Endpoint: findThings, Body: c.body}, nil)
		var refused *pulumiapi.APIError
		require.ErrorAs(t, err, &refused, "Do with %s", what)
		assert.Equal(t, c.times, refused.Attempts, "Do with %s", what)
		assert.Equal(t, c.times, info.Attempts, "Do with %s", what)
		require.Len(t, a.bodies, c.times, "Do with %s", what)
		for _, body := range a.bodies {
			assert.Equal(t, "text", body, "Do with %s", what)
		}
	}
}

func TestClient_Do_Header(t *testing.T) {
	t.Parallel()
	mine := http.Header{
		"accept":       {"text/yaml"},
		"X-Mine":       {"1", "2"},
		"Content-Type": {"application/x-tar"},
		"User-Agent":   {"mine/1"},
	}
	before := mine.Clone()
	a := statuses(http.StatusServiceUnavailable, http.StatusNoContent)
	_, err := clientOver(t, a).Do(t.Context(), pulumiapi.Request{
		Endpoint: getThing, Args: []string{"a"}, Header: mine, ContentType: "text/ignored", Query: url.Values{"q": {"1", "2"}},
	}, nil)
	require.NoError(t, err)
	require.Len(t, a.sent, 2)
	for _, req := range a.sent {
		assert.Equal(t, []string{"text/yaml"}, req.Header["Accept"])
		assert.Equal(t, []string{"1", "2"}, req.Header["X-Mine"])
		assert.Equal(t, []string{"application/x-tar"}, req.Header["Content-Type"], "Header goes before ContentType")
		assert.Equal(t, []string{"mine/1"}, req.Header["User-Agent"])
		assert.Equal(t, []string{"token " + clientToken}, req.Header["Authorization"])
		assert.Equal(t, "q=1&q=2", req.URL.RawQuery)
	}
	assert.Equal(t, before, mine, "the caller's Header is not changed")

	a = statuses(http.StatusNoContent)
	_, err = clientOver(t, a).Do(t.Context(), pulumiapi.Request{
		Endpoint: postThings, Body: []byte("a=b"), ContentType: "application/x-www-form-urlencoded",
		Header: http.Header{"authorization": nil, "User-Agent": nil, "Accept": nil},
	}, nil)
	require.NoError(t, err)
	require.Len(t, a.sent, 1)
	assert.Equal(t, "application/x-www-form-urlencoded", a.sent[0].Header.Get("Content-Type"))
	var wire strings.Builder
	req := a.sent[0].Clone(t.Context())
	req.Body = io.NopCloser(strings.NewReader("a=b"))
	require.NoError(t, req.Write(&wire))
	for _, absent := range []string{"Authorization", "User-Agent", "Accept:", clientToken} {
		assert.NotContains(t, wire.String(), absent, "what is sent with %s taken out", absent)
	}
}

func TestClient_Do_Out(t *testing.T) {
	t.Parallel()
	body := ` {"name": "n", "raw": { "z": 1.0, "a": 12345678901234567890 }, "unknown": 1} ` + "\n"
	client := clientOver(t, always(http.StatusOK, body, "X-Pulumi-Request-ID", "8f2c"))

	var aThing thing
	info, err := client.Do(t.Context(), getA(getThing), &aThing)
	require.NoError(t, err)
	assert.Equal(t, thing{Name: "n", Raw: json.RawMessage(`{ "z": 1.0, "a": 12345678901234567890 }`)}, aThing)
	assert.Equal(t, http.StatusOK, info.StatusCode)
	assert.Equal(t, "8f2c", info.RequestID)
	assert.Equal(t, 1, info.Attempts)
	assert.Equal(t, "8f2c", info.Header.Get("X-Pulumi-Request-ID"))

	// What a pointer leads to is replaced, not merged into.
	aThing = thing{Name: "old", Count: 7, Raw: json.RawMessage("1")}
	_, err = client.Do(t.Context(), getA(getThing), &aThing)
	require.NoError(t, err)
	assert.Zero(t, aThing.Count, "Count is not in the answer")
	aMap := map[string]any{"old": 1}
	_, err = client.Do(t.Context(), getA(getThing), &aMap)
	require.NoError(t, err)
	assert.NotContains(t, aMap, "old")
	assert.Equal(t, "n", aMap["name"])

	var anything any
	_, err = client.Do(t.Context(), getA(getThing), &anything)
	require.NoError(t, err)
	assert.Contains(t, anything, "name")
	var pointer *thing
	_, err = client.Do(t.Context(), getA(getThing), &pointer)
	require.NoError(t, err)
	assert.Equal(t, "n", pointer.Name)
	var raw json.RawMessage
	_, err = client.Do(t.Context(), getA(getThing), &raw)
	require.NoError(t, err)
	assert.Equal(t, []byte(strings.TrimSpace(body)), []byte(raw), "raw JSON stays as it is")

	var buffer bytes.Buffer
	_, err = client.Do(t.Context(), getA(getThing), &buffer)
	require.NoError(t, err)
	assert.Equal(t, []byte(body), buffer.Bytes(), "a writer gets the bytes")
	_, err = client.Do(t.Context(), getA(getThing), nil)
	require.NoError(t, err)

	// Buffers are used again; what was decoded from them stays.
	_, err = clientOver(t, always(http.StatusOK, strings.Repeat("[", 100)+strings.Repeat("]", 100))).Do(t.Context(), getA(getThing), new(any))
	require.NoError(t, err)
	assert.Equal(t, []byte(strings.TrimSpace(body)), []byte(raw), "raw JSON after another call")
	assert.Equal(t, `{ "z": 1.0, "a": 12345678901234567890 }`, string(aThing.Raw), "raw JSON after another call")
}

func TestClient_Do_WriterGetsWhatIsNotJSON(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"", "null", "kind: yaml\n", "\x1f\x8b\x00", "event: a\n\n"} {
		var buffer bytes.Buffer
		_, err := clientOver(t, always(http.StatusOK, body, "Content-Type", "application/x-tar")).Do(t.Context(), getA(getThing), &buffer)
		require.NoError(t, err, "Do with the answer %q", body)
		assert.Equal(t, body, buffer.String())
	}
	// A refusal is not written.
	var buffer bytes.Buffer
	_, err := clientOver(t, statuses(http.StatusNotFound)).Do(t.Context(), getA(getThing), &buffer)
	require.ErrorIs(t, err, pulumiapi.ErrNotFound)
	assert.Zero(t, buffer.Len())
}

type failingWriter struct {
	after int
	err   error
}

func (w *failingWriter) Write(p []byte) (int, error) {
	if w.after < len(p) {
		return w.after, w.err
	}
	w.after -= len(p)
	return len(p), nil
}

type failingReader struct {
	text io.Reader
	err  error
}

func (r *failingReader) Read(p []byte) (int, error) {
	n, err := r.text.Read(p)
	if err != nil {
		err = r.err
	}
	return n, err
}

func TestClient_Do_WriterFailsOrAnswerBreaks(t *testing.T) {
	t.Parallel()
	full := errors.New("disk full")
	for _, after := range []int{0, 3} {
		a := always(http.StatusOK, "text that is long")
		_, err := clientOver(t, a).Do(t.Context(), getA(getThing), &failingWriter{after, full})
		var failed *pulumiapi.CallError
		require.ErrorAs(t, err, &failed, "Do with a writer that fails after %d bytes", after)
		require.ErrorIs(t, err, full, "Do with a writer that fails after %d bytes", after)
		assert.Len(t, a.sent, 1, "a writer that fails is not tried again")
	}
	for text, times := range map[string]int{"": 4, "some": 1} {
		a := &scripted{answer: func(int, *http.Request) (*http.Response, error) {
			resp := answer(http.StatusOK, "")
			resp.ContentLength = 100
			resp.Body = io.NopCloser(&failingReader{strings.NewReader(text), io.ErrUnexpectedEOF})
			return resp, nil
		}}
		var buffer bytes.Buffer
		_, err := clientOver(t, a).Do(t.Context(), getA(getThing), &buffer)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF, "Do with an answer cut off after %q", text)
		require.ErrorContains(t, err, fmt.Sprintf("cut off after %d bytes", len(text)))
		assert.Len(t, a.sent, times, "Do with an answer cut off after %q: not again once the writer has a part", text)
		assert.Equal(t, text, buffer.String())
	}
}

func TestClient_UnusableAnswers(t *testing.T) {
	t.Parallel()
	page := "<!doctype html>\n<html>\x1b[31m" + strings.Repeat("é", 10_000)
	for what, c := range map[string]struct {
		resp func() *http.Response
		says []string
	}{
		"204":              {func() *http.Response { return answer(http.StatusNoContent, "") }, []string{"no body", "204"}},
		"200 without body": {func() *http.Response { return answer(http.StatusOK, " \n") }, []string{"no body", "200"}},
		"null":             {func() *http.Response { return answer(http.StatusOK, " null\n") }, []string{"null"}},
		"HTML": {
			func() *http.Response { return answer(http.StatusOK, page, "Content-Type", "text/html; charset=utf-8") },
			[]string{"not JSON", `"text/html; charset=utf-8"`, `"<!doctype html> <html>[31mééé`, `é…`},
		},
		"HTML called JSON":   {func() *http.Response { return answer(http.StatusOK, page, "Content-Type", "application/json") }, []string{"not JSON", "application/json"}},
		"text":               {func() *http.Response { return answer(http.StatusOK, "OK") }, []string{"not JSON", `begins "OK"`}},
		"JSON and more":      {func() *http.Response { return answer(http.StatusOK, `{"id":"a"} {"id":"b"}`) }, []string{"not JSON"}},
		"an array":           {func() *http.Response { return answer(http.StatusOK, `[{"id":"a"}]`) }, []string{"another form"}},
		"a string":           {func() *http.Response { return answer(http.StatusOK, `"a"`) }, []string{"another form"}},
		"a number as a name": {func() *http.Response { return answer(http.StatusOK, `{"id":1}`) }, []string{"another form", "/id"}},
		"half":               {func() *http.Response { return answer(http.StatusOK, `{"id":"a","tags":{`) }, []string{"cut off after 18 bytes"}},
		"a length that lies": {
			func() *http.Response {
				resp := answer(http.StatusOK, `{"id":`)
				resp.ContentLength = 1 << 62
				return resp
			},
			[]string{"longer than the 64 MiB"},
		},
	} {
		a := &scripted{answer: func(int, *http.Request) (*http.Response, error) { return c.resp(), nil }}
		stack, err := clientOver(t, a).Stacks.Get(t.Context(), thingStack)
		assert.Nil(t, stack, "Stacks.Get answered %s", what)
		var failed *pulumiapi.CallError
		require.ErrorAs(t, err, &failed, "Stacks.Get answered %s", what)
		for _, says := range c.says {
			require.ErrorContains(t, err, says, "Stacks.Get answered %s", what)
		}
		assert.Less(t, utf8.RuneCountInString(err.Error()), 450, "Stacks.Get answered %s: %s", what, err)
		assert.NotContains(t, err.Error(), "\x1b", "Stacks.Get answered %s", what)
		assert.NotContains(t, err.Error(), "\n", "Stacks.Get answered %s", what)
		require.NotErrorIs(t, err, pulumiapi.ErrOutcomeUnknown, "Stacks.Get answered %s", what)

		// What out held before stays, and so does what is known of the answer.
		out := thing{Name: "before"}
		info, err := clientOver(t, a).Do(t.Context(), getA(getThing), &out)
		if what != "a number as a name" { // which is none of a thing's
			require.Error(t, err, "Do answered %s", what)
			assert.Equal(t, thing{Name: "before"}, out, "Do answered %s", what)
		}
		require.NotNil(t, info, "Do answered %s", what)
		assert.NotZero(t, info.StatusCode, "Do answered %s", what)

		// Who asks for nothing is content with anything but a page, which is a proxy's.
		err = clientOver(t, a).Stacks.DeleteTag(t.Context(), thingStack, "a")
		if strings.HasPrefix(what, "HTML") {
			require.ErrorAs(t, err, &failed, "DeleteTag answered %s", what)
			require.ErrorContains(t, err, "not JSON", "DeleteTag answered %s", what)
			continue
		}
		require.NoError(t, err, "DeleteTag answered %s", what)
	}
}

// endless is a body that never ends. It counts what is read from it.
type endless struct {
	read   int64
	closed bool
}

func (e *endless) Read(p []byte) (int, error) {
	e.read += int64(len(p)) // p is left as it is, which costs no memory
	return len(p), nil
}

func (e *endless) Close() error { e.closed = true; return nil }

func TestClient_AnswerLongerThanTheCap(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusOK, http.StatusBadGateway, http.StatusNotFound} {
		var bodies []*endless
		a := &scripted{answer: func(int, *http.Request) (*http.Response, error) {
			resp := answer(status, "")
			body := new(endless)
			bodies = append(bodies, body)
			resp.Body, resp.ContentLength = body, 64<<20 // as announced, so that the buffer grows but once
			return resp, nil
		}}
		_, err := clientOver(t, a, pulumiapi.WithRetry(pulumiapi.RetryPolicy{MaxAttempts: 1})).Stacks.Get(t.Context(), thingStack)
		require.Error(t, err, "Stacks.Get with an endless answer of status %d", status)
		require.Len(t, bodies, 1)
		limit := int64(1 << 20)
		if status == http.StatusOK {
			require.ErrorContains(t, err, "longer than the 64 MiB")
			limit = 66 << 20
		}
		assert.Less(t, bodies[0].read, limit, "what was read of an endless answer of status %d", status)
		assert.True(t, bodies[0].closed, "the body of an endless answer of status %d", status)
	}
}

func TestClient_RetriesReadsAndNotWrites(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		endpoint pulumiapi.Endpoint
		script   []int
		sent     int
		status   int // that the error has; 0: a CallError; 200: none
		unknown  bool
	}{
		{findThings, []int{503, 429, 0, 204}, 4, 200, false},
		{findThings, []int{503}, 4, 503, false},
		{getThing, []int{0}, 4, 0, false},
		{postThings, []int{503, 204}, 1, 503, true},
		{postThings, []int{429, 204}, 1, 429, true},
		{postThings, []int{408, 204}, 1, 408, true},
		{postThings, []int{0, 204}, 1, 0, true},
		{postThings, []int{-1, -1, 204}, 3, 200, false},
		{postThings, []int{-1}, 4, 0, false},
		{postThings, []int{-1, 400}, 2, 400, false},
		{postThings, []int{-1, 503}, 2, 503, true},
		{postThings, []int{400}, 1, 400, false},
		{postThings, []int{409}, 1, 409, false},
		{deleteThing, []int{503, 204}, 2, 200, false},
		{deleteThing, []int{503}, 4, 503, true},
		{deleteThing, []int{0, 400}, 2, 400, true},
		{getThing, []int{501}, 1, 501, false},
		{getThing, []int{404, 204}, 1, 404, false},

		// A DELETE whose earlier attempt may have worked.
		{deleteThing, []int{404}, 1, 404, false},
		{deleteThing, []int{503, 404}, 2, 200, false},
		{deleteThing, []int{429, 404}, 2, 404, true}, // a 429 has not deleted it
		{deleteThing, []int{429, 503, 404}, 3, 200, false},
		{deleteThing, []int{0, 404}, 2, 200, false},
		{deleteThing, []int{503, -1, 404}, 3, 200, false},
		{deleteThing, []int{-1, 404}, 2, 404, false},
		{deleteThing, []int{400, 404}, 1, 400, false},
		{deleteThing, []int{409, 404}, 1, 409, false},
		{deleteThing, []int{503, 403}, 2, 403, true},
		{getThing, []int{503, 404}, 2, 404, false},

		// An access token, whose ID may be wrong.
		{revokeThing, []int{503, 404}, 2, 404, true},
		{revokeThing, []int{0, 404}, 2, 404, true},
		{revokeThing, []int{429, 404}, 2, 404, true},
		{revokeThing, []int{404}, 1, 404, false},
		{revokeThing, []int{503, 204}, 2, 200, false},

		// Writes that may be sent twice, and reads that must not be.
		{setThings, []int{503, 429, 0, 204}, 4, 200, false},
		{setThings, []int{503}, 4, 503, true},
		{setThings, []int{0, 404}, 2, 404, true},
		{claimThing, []int{-1, 204}, 2, 200, false},
		{claimThing, []int{503, 204}, 1, 503, true},
		{claimThing, []int{429, 204}, 1, 429, true},
		{claimThing, []int{0, 204}, 1, 0, true},
		{claimThing, []int{404}, 1, 404, false},
	} {
		called := fmt.Sprintf("Do(%s) answered %v", c.endpoint, c.script)
		a := statuses(c.script...)
		req := pulumiapi.Request{Endpoint: c.endpoint, Body: []byte("{}")}
		if strings.Contains(c.endpoint.Template, "{") {
			req.Args = []string{"a"}
		}
		info, err := clientOver(t, a).Do(t.Context(), req, nil)
		require.Len(t, a.sent, c.sent, called)
		require.NotNil(t, info, called)
		assert.Equal(t, c.sent, info.Attempts, called)
		var (
			refused *pulumiapi.APIError
			failed  *pulumiapi.CallError
		)
		switch c.status {
		case 200:
			require.NoError(t, err, called)
			continue
		case 0:
			require.ErrorAs(t, err, &failed, called)
			assert.Equal(t, c.sent, failed.Attempts, called)
			assert.Equal(t, c.endpoint, failed.Endpoint, called)
		default:
			require.ErrorAs(t, err, &refused, called)
			assert.Equal(t, c.status, refused.StatusCode, called)
			assert.Equal(t, c.sent, refused.Attempts, called)
			assert.Equal(t, c.endpoint, refused.Endpoint, called)
			assert.Equal(t, c.status, info.StatusCode, called)
		}
		assert.Equal(t, c.unknown, errors.Is(err, pulumiapi.ErrOutcomeUnknown), "%s: is %v an ErrOutcomeUnknown", called, err)
	}
	// Who wants the answer of a DELETE gets the 404: there is no answer.
	_, err := clientOver(t, statuses(503, 404)).Do(t.Context(), getA(deleteThing), new(thing))
	require.ErrorIs(t, err, pulumiapi.ErrNotFound, "Do(%s) answered 503, 404 with an out", deleteThing)
}

func TestClient_APIErrorIsComplete(t *testing.T) {
	t.Parallel()
	a := always(http.StatusBadRequest, `{"code":400,"message":"bad name","documentationUrl":"https://www.pulumi.com/docs/","errors":[{"attribute":"name","errorType":"invalid"}]}`,
		"X-Pulumi-Request-ID", "8f2c", "Retry-After", "120", "X-Other", "1", "X-Other", "2")
	info, err := clientOver(t, a).Do(t.Context(), pulumiapi.Request{Endpoint: getThing, Args: []string{"a/b"}}, new(thing))
	var refused *pulumiapi.APIError
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, pulumiapi.APIError{
		StatusCode: 400, Message: "bad name", DocumentationURL: "https://www.pulumi.com/docs/",
		Details:   []pulumiapi.ErrorDetail{{Attribute: "name", ErrorType: pulumiapi.ErrorTypeInvalid}},
		RequestID: "8f2c", Endpoint: getThing, Path: "/api/things/a%2Fb", RetryAfter: 2 * time.Minute, Attempts: 1,
		Header: http.Header{"X-Pulumi-Request-Id": {"8f2c"}, "Retry-After": {"120"}, "X-Other": {"1", "2"}},
	}, *refused)
	assert.Equal(t, "pulumiapi: GET /api/things/a%2Fb: 400: bad name (request 8f2c, retry after 2m0s)", err.Error())
	assert.Equal(t, pulumiapi.ResponseInfo{StatusCode: 400, Header: refused.Header, RequestID: "8f2c", Attempts: 1}, *info)
}

func TestCaptureResponse(t *testing.T) {
	t.Parallel()
	a := &scripted{answer: func(n int, _ *http.Request) (*http.Response, error) {
		switch n {
		case 1:
			return answer(http.StatusServiceUnavailable, "", "X-Pulumi-Request-ID", "first"), nil
		case 2:
			return answer(http.StatusOK, `{"id":"a"}`, "X-Pulumi-Request-ID", "second", "X-Other", "1"), nil
		case 3:
			return answer(http.StatusForbidden, "", "X-Pulumi-Request-ID", "third"), nil
		case 4:
			return answer(http.StatusOK, "not JSON", "X-Pulumi-Request-ID", "fourth"), nil
		case 5:
			return answer(http.StatusNoContent, "", "X-Pulumi-Request-ID", "fifth"), nil
		}
		return nil, io.ErrUnexpectedEOF
	}}
	client := clientOver(t, a)
	var info pulumiapi.ResponseInfo
	ctx := pulumiapi.CaptureResponse(t.Context(), &info)

	_, err := client.Stacks.Get(ctx, thingStack)
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, info.StatusCode, "after a success")
	assert.Equal(t, "second", info.RequestID, "after a success")
	assert.Equal(t, "1", info.Header.Get("X-Other"), "after a success")
	assert.Equal(t, 2, info.Attempts, "after a success")

	_, err = client.Stacks.Get(ctx, thingStack)
	require.ErrorIs(t, err, pulumiapi.ErrForbidden)
	assert.Equal(t, pulumiapi.ResponseInfo{
		StatusCode: http.StatusForbidden, RequestID: "third", Attempts: 1, Header: http.Header{"X-Pulumi-Request-Id": {"third"}},
	}, info, "after a refusal")

	_, err = client.Stacks.Get(ctx, thingStack)
	require.Error(t, err)
	assert.Equal(t, "fourth", info.RequestID, "after an answer that is not JSON")

	require.NoError(t, client.Stacks.DeleteTag(ctx, thingStack, "a"))
	assert.Equal(t, "fifth", info.RequestID, "after a method that returns nothing")

	got, err := client.Do(ctx, getA(getThing), nil)
	require.Error(t, err)
	assert.Equal(t, pulumiapi.ResponseInfo{Attempts: 4}, info, "without an answer")
	assert.Equal(t, info, *got, "Do returns the same")

	none := pulumiapi.CaptureResponse(t.Context(), nil)
	assert.Equal(t, t.Context(), none, "CaptureResponse without an info")
	_, err = client.Stacks.Get(none, thingStack)
	require.Error(t, err)
}

func TestCaptureResponse_OfEachPage(t *testing.T) {
	t.Parallel()
	a := &scripted{answer: func(n int, _ *http.Request) (*http.Response, error) {
		next := fmt.Sprintf(`"%d"`, n)
		if n == 3 {
			next = "null"
		}
		return answer(http.StatusOK, fmt.Sprintf(`{"stacks":[{"stackName":"%d"}],"continuationToken":%s}`, n, next), "X-Pulumi-Request-ID", fmt.Sprint(n)), nil
	}}
	var info pulumiapi.ResponseInfo
	var seen []string
	for stack, err := range clientOver(t, a).Stacks.List(pulumiapi.CaptureResponse(t.Context(), &info), nil) {
		require.NoError(t, err)
		seen = append(seen, stack.StackName+info.RequestID)
	}
	assert.Equal(t, []string{"11", "22", "33"}, seen)
}

func TestClient_NilContext(t *testing.T) {
	t.Parallel()
	var none context.Context
	a := always(http.StatusOK, "{}")
	client := clientOver(t, a)
	_, err := client.Stacks.Get(none, thingStack)
	requireArgumentError(t, err, "ctx", "Stacks.Get without a context")
	requireArgumentError(t, client.Stacks.SetTag(none, thingStack, "a", "b"), "ctx", "Stacks.SetTag without a context")
	_, err = client.Stacks.ListPage(none, nil)
	requireArgumentError(t, err, "ctx", "Stacks.ListPage without a context")
	_, err = pulumiapi.Collect(client.Stacks.List(none, nil))
	requireArgumentError(t, err, "ctx", "Stacks.List without a context")
	info, err := client.Do(none, getA(getThing), nil)
	requireArgumentError(t, err, "ctx", "Do without a context")
	assert.Nil(t, info)
	assert.Empty(t, a.sent)
}

func TestClient_ContextEndedBefore(t *testing.T) {
	t.Parallel()
	cause := errors.New("the user has left")
	cancelled, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	expired, stop := context.WithDeadline(t.Context(), time.Unix(1, 0))
	defer stop()
	for want, ctx := range map[error]context.Context{context.Canceled: cancelled, context.DeadlineExceeded: expired} {
		a := always(http.StatusOK, "{}")
		client := clientOver(t, a)
		for called, call := range map[string]func() error{
			"Get":       func() error { _, err := client.Stacks.Get(ctx, thingStack); return err },
			"SetTag":    func() error { return client.Stacks.SetTag(ctx, thingStack, "a", "b") },
			"DeleteTag": func() error { return client.Stacks.DeleteTag(ctx, thingStack, "a") },
			"ListPage":  func() error { _, err := client.Stacks.ListPage(ctx, nil); return err },
			"List":      func() error { _, err := pulumiapi.Collect(client.Stacks.List(ctx, nil)); return err },
			"Do":        func() error { _, err := client.Do(ctx, getA(getThing), nil); return err },
		} {
			err := call()
			require.ErrorIs(t, err, want, "%s after the context has ended", called)
			var failed *pulumiapi.CallError
			require.ErrorAs(t, err, &failed, "%s after the context has ended", called)
			assert.Zero(t, failed.Attempts, "%s after the context has ended", called)
			require.NotErrorIs(t, err, pulumiapi.ErrOutcomeUnknown, "%s after the context has ended", called)
		}
		assert.Empty(t, a.sent, "nothing is sent after the context has ended")
	}
}

// A server that sends the token back must not bring it into errors or logs.
func TestClient_EchoedTokenShowsNowhere(t *testing.T) {
	t.Parallel()
	assertEchoIsHidden(t, map[string]func() *http.Response{
		"a message": func() *http.Response {
			return answer(http.StatusUnauthorized, `{"code":401,"message":"bad token `+clientToken+`"}`)
		},
		"details": func() *http.Response {
			return answer(http.StatusBadRequest, `{"message":"no","documentationUrl":"https://x/?`+clientToken+`","errors":[{"resource":"`+clientToken+`","attribute":"`+clientToken+`","errorType":"`+clientToken+`","customMessage":"`+clientToken+`"}]}`)
		},
		"only details": func() *http.Response {
			return answer(http.StatusBadRequest, `{"errors":[{"customMessage":"`+clientToken+`"}]}`)
		},
		"a refusal's page": func() *http.Response { return answer(http.StatusBadGateway, "<html>Authorization: token "+clientToken) },
		"a refusal's header": func() *http.Response {
			return answer(http.StatusForbidden, "", "X-Echo", "token "+clientToken, "X-Echo", clientToken)
		},
		"a success's page": func() *http.Response { return answer(http.StatusOK, "<html>Authorization: token "+clientToken) },
		"a redirect": func() *http.Response {
			return answer(http.StatusFound, "", "Location", "https://evil.example/"+clientToken+"?"+clientToken)
		},
		"a redirect to itself": func() *http.Response {
			return answer(http.StatusMovedPermanently, "", "Location", "https://"+clientToken+".example/")
		},
		"JSON of another form": func() *http.Response { return answer(http.StatusOK, `{"version":"`+clientToken+`"}`) },
		"a request ID":         func() *http.Response { return answer(http.StatusForbidden, "", "X-Pulumi-Request-ID", clientToken) },
		"a content type":       func() *http.Response { return answer(http.StatusOK, "<html>", "Content-Type", "text/"+clientToken) },
		"a half answer":        func() *http.Response { return answer(http.StatusOK, `{"id":"`+clientToken) },
	})
}

func TestClient_EchoedTokenShowsNowhere_InJSON(t *testing.T) {
	t.Parallel()
	assertEchoIsHidden(t, map[string]func() *http.Response{
		"a member's name": func() *http.Response { return answer(http.StatusOK, `{"tags":{"`+clientToken+`":1}}`) },
		"a time": func() *http.Response {
			return answer(http.StatusOK, `{"currentOperation":{"started":"`+clientToken+`","kind":7}}`)
		},
	})
}

func assertEchoIsHidden(t *testing.T, answers map[string]func() *http.Response) {
	t.Helper()
	for what, resp := range answers {
		var log bytes.Buffer
		var attempts []pulumiapi.Attempt
		a := &scripted{answer: func(int, *http.Request) (*http.Response, error) { return resp(), nil }}
		client := clientOver(t, a,
			pulumiapi.WithLogger(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))),
			pulumiapi.WithObserver(pulumiapi.Observer{OnAttempt: func(_ context.Context, attempt pulumiapi.Attempt) { attempts = append(attempts, attempt) }}))
		_, err := client.Stacks.Get(t.Context(), thingStack)
		require.Error(t, err, "Stacks.Get answered with the token in %s", what)
		assertNoToken(t, err, "Stacks.Get answered with the token in "+what)
		assertNoToken(t, log.String(), "the log of Stacks.Get answered with the token in "+what)
		assert.NotEmpty(t, attempts)
		for _, attempt := range attempts {
			assertNoToken(t, attempt, "the attempts of Stacks.Get answered with the token in "+what)
		}
	}
}

func TestClient_ShowsNoToken(t *testing.T) {
	t.Parallel()
	a := statuses(http.StatusNotFound)
	client := clientOver(t, a)
	option := pulumiapi.WithToken(clientToken)
	_, refused := client.Stacks.Get(t.Context(), thingStack)
	require.Error(t, refused)
	_, failed := clientOver(t, statuses(0)).Stacks.Get(t.Context(), thingStack)
	require.Error(t, failed)
	for what, v := range map[string]any{
		"the client": client, "the client itself": *client, "a struct with the client": struct{ client *pulumiapi.Client }{client},
		"a service": client.Stacks, "a service itself": *client.Stacks, "an option": option, "options": []pulumiapi.Option{option},
		"an APIError": refused, "a CallError": failed, "a client in a map": map[string]any{"client": *client},
	} {
		assertNoToken(t, v, what)
		data, err := json.Marshal(map[string]any{"v": v})
		if err == nil {
			assert.NotContains(t, string(data), clientToken, "json.Marshal of %s", what)
		}
		var log bytes.Buffer
		slog.New(slog.NewJSONHandler(&log, nil)).InfoContext(t.Context(), "message", "v", v)
		slog.New(slog.NewTextHandler(&log, nil)).InfoContext(t.Context(), "message", "v", v)
		assert.NotContains(t, log.String(), clientToken, "slog of %s", what)
	}
}
