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
	"reflect"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/internal/testkit"
)

// always answers every request alike.
func always(status int, body string, header ...string) *testkit.Script {
	return &testkit.Script{Answer: func(int, *http.Request) (*http.Response, error) {
		return testkit.Respond(status, []byte(body), header...), nil
	}}
}

// statuses answers the nth request with the nth status, and the last one from
// then on; 0 is a connection that breaks, -1 one that is refused.
func statuses(list ...int) *testkit.Script {
	return &testkit.Script{Answer: func(n int, _ *http.Request) (*http.Response, error) {
		switch status := list[min(n, len(list))-1]; {
		case status == 0:
			return nil, io.ErrUnexpectedEOF
		case status < 0:
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
		case status < 300:
			return testkit.Respond(status, nil), nil
		default:
			return testkit.Respond(status, []byte(fmt.Sprintf(`{"code":%d,"message":"no"}`, status))), nil
		}
	}}
}

// clientOver returns a client that talks to a.
func clientOver(t *testing.T, a http.RoundTripper, opts ...pulumiapi.Option) *pulumiapi.Client {
	t.Helper()
	client, err := pulumiapi.NewClient(append([]pulumiapi.Option{
		pulumiapi.WithToken(testkit.CanaryToken), pulumiapi.WithBaseURL("https://pulumi.example.com/below"),
		pulumiapi.WithHTTPClient(&http.Client{Transport: a}), testkit.AtOnce,
	}, opts...)...)
	require.NoError(t, err, "NewClient")
	return client
}

var (
	deleteThing = pulumiapi.Endpoint{Method: http.MethodDelete, Template: "/api/things/{thing}"}
	revokeThing = pulumiapi.Endpoint{Method: http.MethodDelete, Template: "/api/things/tokens/{thing}"}
	claimThing  = pulumiapi.Endpoint{Method: http.MethodGet, Template: "/api/things/{thing}/claim", NoRetry: true}
	setThings   = pulumiapi.Endpoint{Method: http.MethodPatch, Template: "/api/things", Idempotent: true}
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

func TestNewClient_RefusesBadOptions(t *testing.T) {
	t.Parallel()
	token := pulumiapi.WithToken(testkit.CanaryToken)
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
		testkit.RequireArgumentError(t, err, name, "NewClient with "+c.what)
		assert.Nil(t, client, "NewClient with %s", c.what)
		assert.Empty(t, a.Sent(), "NewClient with %s", c.what)
	}
}

func TestNewClient_RefusesTokensWithControlCharacters(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"\n", "\r\n", "\t", " ", "\x00", "\x7f", "\u0080", "ä", "\xff", "\u2028", "\r\nX-Evil: 1"} {
		for _, token := range []string{testkit.CanaryToken + bad, bad + testkit.CanaryToken, testkit.CanaryToken[:5] + bad + testkit.CanaryToken} {
			_, err := pulumiapi.NewClient(pulumiapi.WithToken(token))
			refused := testkit.ArgumentErrorOf(t, err, "WithToken", fmt.Sprintf("NewClient with the token %q", token))
			assert.Empty(t, refused.Value, "the Value for the token %q", token)
			testkit.AssertNoToken(t, err, fmt.Sprintf("NewClient with the token %q", token))
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
			"last":  {pulumiapi.WithToken(testkit.CanaryToken), pulumiapi.WithBaseURL(bad)},
			"first": {pulumiapi.WithBaseURL(bad), pulumiapi.WithToken(testkit.CanaryToken), pulumiapi.WithBaseURL("https://example.com")},
		} {
			_, err := pulumiapi.NewClient(opts...)
			testkit.RequireArgumentError(t, err, "WithBaseURL", fmt.Sprintf("NewClient with the base URL %q %s", bad, order))
		}
	}
}

// Where it leads would be decided anew for each request, by net/http.
func TestNewClient_InternationalHostIsRefused(t *testing.T) {
	t.Parallel()
	_, err := pulumiapi.NewClient(pulumiapi.WithToken(testkit.CanaryToken), pulumiapi.WithBaseURL("https://bücher.example/cloud"))
	refused := testkit.ArgumentErrorOf(t, err, "WithBaseURL", "NewClient with an international host")
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
		text := strings.ReplaceAll(bad, "*", testkit.CanaryToken)
		_, err := pulumiapi.NewClient(pulumiapi.WithToken("other"), pulumiapi.WithBaseURL(text))
		refused := testkit.ArgumentErrorOf(t, err, "WithBaseURL", fmt.Sprintf("NewClient with the base URL %q", text))
		testkit.AssertNoToken(t, err, fmt.Sprintf("NewClient with the base URL %q", text))
		assert.Empty(t, refused.Value, "NewClient with the base URL %q", text)
	}
	_, err := pulumiapi.NewClient(pulumiapi.WithBaseURL("https://example.com/" + strings.Repeat("ä", 10_000) + "/../"))
	refused := testkit.ArgumentErrorOf(t, err, "WithBaseURL", "NewClient with a long base URL")
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
		opts := []pulumiapi.Option{pulumiapi.WithToken(testkit.CanaryToken), pulumiapi.WithHTTPClient(&http.Client{Transport: a})}
		if base != "" {
			opts = append(opts, pulumiapi.WithBaseURL(base))
		}
		client, err := pulumiapi.NewClient(opts...)
		require.NoError(t, err, "NewClient with the base URL %q", base)
		_, err = client.Do(t.Context(), getA(testkit.GetThing), nil)
		require.NoError(t, err, "Do with the base URL %q", base)
		require.Len(t, a.Sent(), 1)
		assert.Equal(t, want, a.Sent()[0].URL.String(), "the URL with the base URL %q", base)
		assert.Equal(t, want, client.BaseURL()+"/api/things/a", "BaseURL with the base URL %q", base)
		assert.Equal(t, a.Sent()[0].URL.Host, a.Sent()[0].Host, "the Host header with the base URL %q", base)
	}
}

func TestNewClient_OptionOrderDoesNotMatter(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	var attempts int
	a := always(http.StatusNoContent, "")
	opts := []pulumiapi.Option{
		pulumiapi.WithToken(testkit.CanaryToken),
		pulumiapi.WithBaseURL("https://example.com/below"),
		pulumiapi.WithHTTPClient(&http.Client{Transport: a}),
		pulumiapi.WithUserAgent("acme/1"),
		pulumiapi.WithLogger(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))),
		pulumiapi.WithObserver(pulumiapi.Observer{OnAttempt: func(context.Context, pulumiapi.Attempt) { attempts++ }}),
	}
	for i := range opts {
		rotated := append(append([]pulumiapi.Option{}, opts[i:]...), opts[:i]...)
		for _, order := range [][]pulumiapi.Option{rotated, reversed(rotated)} {
			a.Forget()
			attempts = 0
			log.Reset()
			client, err := pulumiapi.NewClient(order...)
			require.NoError(t, err, "NewClient with the options from the %dth", i)
			_, err = client.Do(t.Context(), getA(testkit.GetThing), nil)
			require.NoError(t, err, "Do with the options from the %dth", i)
			require.Len(t, a.Sent(), 1)
			assert.Equal(t, "https://example.com/below/api/things/a", a.Sent()[0].URL.String())
			assert.Equal(t, "token "+testkit.CanaryToken, a.Sent()[0].Header.Get("Authorization"))
			assert.Regexp(t, `^acme/1 pulumiapi/`, a.Sent()[0].Header.Get("User-Agent"))
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
	_, err = client.Do(t.Context(), getA(testkit.GetThing), nil)
	require.Error(t, err)
	assert.Empty(t, first.Sent())
	require.Len(t, last.Sent(), 2)
	assert.Equal(t, "https://last.example.com/api/things/a", last.Sent()[0].URL.String())
	assert.Equal(t, "token last", last.Sent()[0].Header.Get("Authorization"))
	assert.Regexp(t, `^last/1 pulumiapi/`, last.Sent()[0].Header.Get("User-Agent"))
}

func TestWithHTTPClient_CopiesAndDoesNotChange(t *testing.T) {
	t.Parallel()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	a := &testkit.Script{Answer: func(n int, req *http.Request) (*http.Response, error) {
		if n == 1 {
			return testkit.Respond(http.StatusTemporaryRedirect, nil, "Location", "/below/api/elsewhere", "Set-Cookie", "session=1; Path=/"), nil
		}
		return testkit.Respond(http.StatusNoContent, nil), nil
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
	_, err = client.Do(t.Context(), getA(testkit.GetThing), nil)
	require.NoError(t, err)
	unchanged("after a call")
	require.Len(t, a.Sent(), 2)
	assert.Equal(t, "/below/api/elsewhere", a.Sent()[1].URL.Path, "the redirect was followed")
	assert.Equal(t, "session=1", a.Sent()[1].Header.Get("Cookie"), "the jar was used")

	// Nor does what happens to it later reach the client.
	hc.Transport, hc.Jar, hc.Timeout = always(http.StatusTeapot, ""), nil, 1
	_, err = client.Do(t.Context(), getA(testkit.GetThing), nil)
	require.NoError(t, err)
	require.Len(t, a.Sent(), 3)
	assert.Equal(t, "session=1", a.Sent()[2].Header.Get("Cookie"))
}

func TestWithHTTPClient_TimeoutLimitsAnAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := &testkit.Script{Answer: func(_ int, req *http.Request) (*http.Response, error) {
			<-req.Context().Done()
			return nil, req.Context().Err()
		}}
		client := clientOver(t, a, pulumiapi.WithHTTPClient(&http.Client{Transport: a, Timeout: 7 * time.Second}),
			pulumiapi.WithRetry(pulumiapi.RetryPolicy{MaxAttempts: 3, MinWait: 1, MaxWait: 1}))
		start := time.Now()
		_, err := client.Do(t.Context(), getA(testkit.GetThing), nil)
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
			_, err := c.Do(ctx, getA(testkit.GetThing), nil)
			return err
		},
		"Do with POST": func(ctx context.Context, c *pulumiapi.Client) error {
			_, err := c.Do(ctx, pulumiapi.Request{Endpoint: testkit.PostThings, Body: thing{}}, nil)
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
		for _, req := range a.Sent() {
			assert.Equal(t, []string{"token " + testkit.CanaryToken}, req.Header["Authorization"], called)
			assert.Equal(t, []string{"application/vnd.pulumi+8"}, req.Header["Accept"], called)
			assert.Equal(t, []string{"application/json"}, req.Header["Content-Type"], called)
			require.Len(t, req.Header["User-Agent"], 1, called)
			assert.Regexp(t, `^pulumiapi/\d+\.\d+\.\d+(-[\w.]+)?$`, req.Header.Get("User-Agent"), called)
			assert.Equal(t, "pulumi.example.com", req.Host, called)
			assert.NotContains(t, req.URL.String(), testkit.CanaryToken, called)
		}
	}
}

func TestWithUserAgent_ComesFirst(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"acme-inventory/1.2", " acme-inventory/1.2 ", "acme-inventory/1.2 (+https://example.com)"} {
		a := always(http.StatusNoContent, "")
		_, err := clientOver(t, a, pulumiapi.WithUserAgent(name)).Do(t.Context(), getA(testkit.GetThing), nil)
		require.NoError(t, err)
		assert.Regexp(t, "^"+regexp.QuoteMeta(strings.TrimSpace(name))+` pulumiapi/\d+\.\d+\.\d+$`, a.Sent()[0].Header.Get("User-Agent"))
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
			_, err := client.Do(t.Context(), getA(testkit.GetThing), nil)
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
				limited := &testkit.Script{Answer: func(n int, _ *http.Request) (*http.Response, error) {
					if n > 1 {
						return testkit.Respond(http.StatusNoContent, nil), nil
					}
					return testkit.Respond(http.StatusTooManyRequests, nil, "Retry-After", fmt.Sprint(int(seconds.Seconds()))), nil
				}}
				start := time.Now()
				_, err := clientOver(t, limited, pulumiapi.WithRetry(c.policy)).Do(t.Context(), getA(testkit.GetThing), nil)
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

// readerOnly hides that a reader can do anything but read.
type readerOnly struct{ io.Reader }

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

func assertEchoIsHidden(t *testing.T, answers map[string]func() *http.Response) {
	t.Helper()
	for what, resp := range answers {
		var log bytes.Buffer
		var attempts []pulumiapi.Attempt
		a := &testkit.Script{Answer: func(int, *http.Request) (*http.Response, error) { return resp(), nil }}
		client := clientOver(t, a,
			pulumiapi.WithLogger(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))),
			pulumiapi.WithObserver(pulumiapi.Observer{OnAttempt: func(_ context.Context, attempt pulumiapi.Attempt) { attempts = append(attempts, attempt) }}))
		_, err := client.Stacks.Get(t.Context(), thingStack)
		require.Error(t, err, "Stacks.Get answered with the token in %s", what)
		testkit.AssertNoToken(t, err, "Stacks.Get answered with the token in "+what)
		testkit.AssertNoToken(t, log.String(), "the log of Stacks.Get answered with the token in "+what)
		assert.NotEmpty(t, attempts)
		for _, attempt := range attempts {
			testkit.AssertNoToken(t, attempt, "the attempts of Stacks.Get answered with the token in "+what)
		}
	}
}
