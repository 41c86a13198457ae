package transport

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Which targets are the same service, with the base URL below a path and not.
func TestRedirectPolicy_objection(t *testing.T) {
	t.Parallel()
	const (
		ok      = ""
		origin  = "another origin"
		user    = "it names a user"
		outside = "outside the base URL's path"
		dots    = `"." or ".." in its path`
	)
	tests := []struct {
		target       string
		below, above string // the objection with base http://api.test/cloud, and with http://api.test
	}{
		{"http://api.test/cloud", ok, ok},
		{"http://api.test/cloud/", ok, ok},
		{"http://api.test/cloud/stacks?page=2#end", ok, ok},
		{"http://api.test:80/cloud/stacks", ok, ok},
		{"http://api.test:/cloud/stacks", ok, ok},
		{"HTTP://API.Test/cloud/stacks", ok, ok},
		{"http://api.test/cloud//stacks", ok, ok},
		{"http://api.test/cloud/acme%2Fweb", ok, ok},
		{"http://api.test/%63loud/stacks", ok, ok},
		{"http://api.test/cloud/a%252Fb/100%25/a%5Cb/a;b=c/.hidden/a..b/...", ok, ok},

		{"http://api.test:8080/cloud/stacks", origin, origin},
		{"http://api.test:443/cloud/stacks", origin, origin},
		{"https://api.test/cloud/stacks", origin, origin},
		{"https://api.test:80/cloud/stacks", origin, origin},
		{"http://evil.test/cloud/stacks", origin, origin},
		{"http://api.test.evil.test/cloud/stacks", origin, origin},
		{"http://api.test./cloud/stacks", origin, origin},
		{"http://apİ.test/cloud/stacks", origin, origin},
		{"http://api.teſt/cloud/stacks", origin, origin},
		{"http://api.te%C5%BFt/cloud/stacks", origin, origin},
		{"http://ａｐｉ.test/cloud/stacks", origin, origin},
		{"http://api。test/cloud/stacks", origin, origin},
		{"http://api．test/cloud/stacks", origin, origin},
		{"http://api.test%E3%80%82/cloud/stacks", origin, origin},
		{"http://api\u00ad.test/cloud/stacks", origin, origin},
		{"http://api.test:080/cloud/stacks", origin, origin},
		{"http://evil.test:80@api.test.evil.test/cloud", origin, origin},
		{"ftp://api.test/cloud/stacks", origin, origin},
		{"file:///cloud/stacks", origin, origin},
		{"http:cloud/stacks", origin, origin},
		{"http:///cloud/stacks", origin, origin},
		{"//api.test/cloud", origin, origin}, // relative ones are resolved before

		{"http://user@api.test/cloud/stacks", user, user},
		{"http://user:password@api.test/cloud/stacks", user, user},

		{"http://api.test", outside, ok},
		{"http://api.test/", outside, ok},
		{"http://api.test/login", outside, ok},
		{"http://api.test/cloudy", outside, ok},
		{"http://api.test/Cloud/stacks", outside, ok},
		{"http://api.test/cloud/..", dots, dots},
		{"http://api.test/cloud/../login", dots, dots},
		{"http://api.test/cloud/./../login", dots, dots},
		{"http://api.test/cloud/a/../../login", dots, dots},
		{"http://api.test/cloud/%2e%2e/login", dots, dots},
		{"http://api.test/cloud/%2E./login", dots, dots},
		{"http://api.test/cloud%2f..%2flogin", dots, dots},
		{"http://api.test/cloud/..%2flogin", dots, dots},
		{"http://api.test/../login", dots, dots},
		{"http://api.test/cloud%2Fstacks", outside, ok},
		{"http://api.test//cloud/stacks", outside, ok},
		{"http://api.test/cloud/a/../stacks", dots, dots}, // net/http resolves it before
		{"http://api.test/cloud/%2e/stacks", dots, dots},
		{"http://api.test/cloud/..;/login", dots, dots},
		{"http://api.test/cloud/..;a=b/login", dots, dots},
		{"http://api.test/cloud/%2e%2e%3b/login", dots, dots},
		{"http://api.test/cloud/..%253bx/login", dots, dots},
		{"http://api.test/cloud/.;/login", dots, dots},
		{"http://api.test/cloud/..%5clogin", dots, dots},
		{"http://api.test/cloud/a%5c..%5c..%5clogin", dots, dots},
		{"http://api.test/cloud/..%255Clogin", dots, dots},
		{`http://api.test/cloud/..\login`, dots, dots},
		{"http://api.test/cloud/%252e%252e/login", dots, dots},
		{"http://api.test/cloud/%25252e%25252e%25252flogin", dots, dots},
		{"http://api.test/cloud/%2525252525252e./login", dots, dots},
		{"http://api.test/cloud/%25zz/%252e%252e/login", dots, dots},
		{"http://api.test/cloud/%2e%252e%2f/login", dots, dots},
		{"http://api.test/cloud/..%20/login", dots, dots},
		{"http://api.test/cloud/..%00/login", dots, dots},
		{"http://api.test/cloud/%09../login", dots, dots},
		{"http://api.test/cloud/%c0%ae%c0%ae/login", dots, dots},
		{"http://api.test/cloud/%25c0%25ae./login", dots, dots},
	}
	for _, tt := range tests {
		target := parseURL(t, tt.target)
		for base, want := range map[string]string{testBase: tt.below, testBase + "/": tt.below, "http://api.test": tt.above, "http://api.test/": tt.above} {
			assert.Equal(t, want, redirectPolicy{base: parseURL(t, base)}.objection(target), "objection(%s) with base %s", target, base)
		}
	}
	https := redirectPolicy{base: parseURL(t, "https://api.test:443/cloud")}
	assert.Empty(t, https.objection(parseURL(t, "https://api.test/cloud/a")), "objection without port, with base %s", https.base)
	assert.NotEmpty(t, https.objection(parseURL(t, "http://api.test:443/cloud/a")), "objection of http, with base %s", https.base)
	ipv6 := redirectPolicy{base: parseURL(t, "http://[::1]:8080/cloud")}
	assert.Empty(t, ipv6.objection(parseURL(t, "http://[::1]:8080/cloud/a")), "objection of the same, with base %s", ipv6.base)
	assert.NotEmpty(t, ipv6.objection(parseURL(t, "http://[::2]:8080/cloud/a")), "objection of another host, with base %s", ipv6.base)
}

// newRedirectServer answers /cloud/stacks with a redirect, and everything else
// on every host with what it got.
func newRedirectServer(t *testing.T, code int, location string) *server {
	t.Helper()
	echo := func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = fmt.Fprintf(w, "%s %s %s", r.Method, r.URL.Path, body)
	}
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/cloud/stacks" {
			echo(w, r)
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
		if location != "" {
			w.Header().Set("Location", location)
		}
		w.Header().Set(requestIDHeader, "8f2c")
		w.WriteHeader(code)
		_, _ = io.WriteString(w, "look elsewhere")
	})
	for _, addr := range []string{"api.test:8080", "evil.test:80"} {
		s.serve(t, addr, s.record(echo))
	}
	return s
}

func TestClient_Do_Redirects(t *testing.T) {
	t.Parallel()
	const (
		moved     = http.StatusMovedPermanently
		found     = http.StatusFound
		seeOther  = http.StatusSeeOther
		temporary = http.StatusTemporaryRedirect
		permanent = http.StatusPermanentRedirect
	)
	targets := []struct {
		location string
		end      string // where it leads, as an error names it
		fine     bool
	}{
		{"http://api.test/cloud/other", "http://api.test:80/cloud/other", true},
		{"/cloud/other", "http://api.test:80/cloud/other", true},
		{"other?page=2", "http://api.test:80/cloud/other", true},
		{"//api.test/cloud/other", "http://api.test:80/cloud/other", true},
		{"http://api.test:8080/cloud/other", "http://api.test:8080/cloud/other", false},
		{"https://api.test/cloud/other", "https://api.test:443/cloud/other", false},
		{"http://evil.test/cloud/other", "http://evil.test:80/cloud/other", false},
		{"//evil.test/cloud/other", "http://evil.test:80/cloud/other", false},
		{"http://user:password@api.test/cloud/other", "http://api.test:80/cloud/other", false},
		{"/login", "http://api.test:80/login", false},
		{"../login", "http://api.test:80/login", false},
		{"/cloud/%2e%2e/login", "http://api.test:80/cloud/%2e%2e/login", false},
		{"/cloud/..;/login", "http://api.test:80/cloud/..;/login", false},
		{`..\login`, "http://api.test:80/cloud/..%5Clogin", false},
		{"/cloud/a/../other", "http://api.test:80/cloud/other", true},
		{"http://API.Test:80/cloud/other", "http://api.test:80/cloud/other", true},
		{"http://apİ.test/cloud/other", "http://apİ.test:80/cloud/other", false},
	}
	// The codes that turn a method into GET.
	turns := map[string][]int{
		http.MethodGet:    nil,
		http.MethodHead:   nil,
		http.MethodPut:    {moved, found, seeOther},
		http.MethodPost:   {moved, found, seeOther},
		http.MethodPatch:  {moved, found, seeOther},
		http.MethodDelete: {moved, found, seeOther},
	}
	for method, refused := range turns {
		for _, code := range []int{moved, found, seeOther, temporary, permanent} {
			for _, tt := range targets {
				t.Run(fmt.Sprintf("%s %d %s", method, code, tt.location), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						s := newRedirectServer(t, code, tt.location)
						var body Body
						if method != http.MethodGet && method != http.MethodHead {
							body = BytesBody([]byte("hello"))
						}
						call := newCall(t.Context(), t, method, "/stacks", body)
						outcome, err := newClient(t, s.transport).Do(call.Call)
						assert.Equal(t, 1, outcome.Attempts, "%s: attempts", call)

						follow := tt.fine
						for _, c := range refused {
							follow = follow && c != code
						}
						if follow {
							require.NoError(t, err, "%s, redirected by %d to %s", call, code, tt.location)
							require.Equal(t, []string{method + " /cloud/stacks", method + " /cloud/other"}, s.seen(),
								"%s, redirected by %d to %s: what was sent", call, code, tt.location)
							assert.Equal(t, "token "+testToken, s.requests[1].Header.Get("Authorization"),
								"%s, redirected: Authorization", call)
							if method != http.MethodHead {
								want := method + " /cloud/other "
								if !body.isEmpty() {
									want += "hello"
								}
								assert.Equal(t, want, call.body, "%s, redirected by %d to %s: the answer", call, code, tt.location)
							}
							return
						}
						require.Error(t, err, "%s, redirected by %d to %s", call, code, tt.location)
						require.ErrorContains(t, err, "redirect refused: ", "%s", call)
						require.ErrorContains(t, err, ": to "+tt.end+", from http://api.test:80/cloud/stacks",
							"%s: the error names both ends", call)
						require.NotContains(t, err.Error(), "password", "%s, redirected to %s", call, tt.location)
						assert.Equal(t, []string{method + " /cloud/stacks"}, s.seen(),
							"%s, redirected by %d to %s: what was sent", call, code, tt.location)
						assert.Equal(t, []string{"api.test:80"}, s.dials(), "%s: connections", call)
						assert.Empty(t, call.answers, "%s: answers handled", call)
					})
				})
			}
		}
	}
}

func TestClient_Do_RedirectsWithoutBasePath(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newRedirectServer(t, http.StatusFound, "/anywhere")
		call := get(t)
		_, err := newClient(t, s.transport, func(c *Config) { c.Base = parseURL(t, "http://api.test") }).Do(call.Call)
		require.NoError(t, err, "%s", call)
		assert.Equal(t, "GET /anywhere ", call.body, "%s: the answer", call)
	})
}

func TestClient_Do_RedirectReasons(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		code     int
		location string
		method   string
		body     Body
		want     string
	}{
		{"origin", 302, "http://evil.test/cloud", http.MethodGet, Body{}, "another origin"},
		{"outside", 302, "/login", http.MethodGet, Body{}, "outside the base URL's path"},
		{"user", 302, "http://user@api.test/cloud/other", http.MethodGet, Body{}, "it names a user"},
		{"method", 302, "/cloud/other", http.MethodPost, Body{}, "a 302 would turn the POST into a GET"},
		{"method and origin", 302, "http://evil.test/", http.MethodPost, Body{}, "another origin"},
		{"body", 307, "/cloud/other", http.MethodPut, ReaderBody(io.MultiReader(strings.NewReader("hello"))), "a body that can't be sent again"},
		{"no Location", 302, "", http.MethodGet, Body{}, "status 302 without a usable Location"},
		{"no Location", 307, "", http.MethodPost, Body{}, "status 307 without a usable Location"},
		{"not modified", 304, "", http.MethodGet, Body{}, "status 304 without a usable Location"},
		{"choices", 300, "/cloud/other", http.MethodGet, Body{}, "redirect refused: "},
		{"garbage", 302, "http://[::1", http.MethodGet, Body{}, "status 302 without a usable Location"},
		{"bad escape", 308, "/cloud/%zz", http.MethodPost, Body{}, "status 308 without a usable Location"},
		{"long path", 302, "/login/" + strings.Repeat("x", 1000), http.MethodGet, Body{}, strings.Repeat("x", 33) + "…, from "},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%s %d", tt.name, tt.code), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var attempts []Attempt
				s := newRedirectServer(t, tt.code, tt.location)
				call := newCall(t.Context(), t, tt.method, "/stacks", tt.body)
				outcome, err := newClient(t, s.transport, withAttempts(&attempts)).Do(call.Call)
				require.ErrorContains(t, err, tt.want, "%s, redirected by %d to %s", call, tt.code, tt.location)
				assert.Equal(t, 1, outcome.Attempts, "%s: attempts", call)
				assert.Len(t, s.seen(), 1, "%s: what was sent: %v", call, s.seen())
				require.Len(t, attempts, 1, "%s: attempts observed", call)
				assert.Equal(t, tt.code, attempts[0].StatusCode, "%s: the status observed", call)
				assert.Equal(t, "8f2c", attempts[0].RequestID, "%s: the request ID observed", call)
			})
		})
	}
}

func TestClient_Do_RedirectLoopEnds(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		method string
		code   int
	}{
		{http.MethodGet, http.StatusFound},
		{http.MethodPost, http.StatusTemporaryRedirect},
	} {
		t.Run(tt.method, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newRedirectServer(t, tt.code, "/cloud/stacks")
				call := newCall(t.Context(), t, tt.method, "/stacks", Body{})
				outcome, err := newClient(t, s.transport).Do(call.Call)
				require.ErrorContains(t, err, "more than 10", "%s", call)
				assert.Equal(t, 1, outcome.Attempts, "%s: attempts", call)
				assert.Len(t, s.seen(), 11, "%s: what was sent", call)
				assert.Len(t, s.dials(), 1, "%s: connections", call)
			})
		})
	}
}

func TestClient_Do_FollowsTenRedirects(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hops := 0
		s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
			hops++
			if hops <= 10 {
				http.Redirect(w, r, fmt.Sprintf("/cloud/hop/%d", hops), http.StatusTemporaryRedirect)
			}
		})
		call := get(t)
		outcome, err := newClient(t, s.transport).Do(call.Call)
		require.NoError(t, err, "%s", call)
		assert.Equal(t, Outcome{Attempts: 1}, outcome, "%s: the outcome", call)
		assert.Len(t, s.seen(), 11, "%s: what was sent", call)
	})
}

// A hop within the base, and then one that leaves it.
func TestClient_Do_SecondRedirectIsRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, nth(
			func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/cloud/other", http.StatusFound) },
			func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "http://evil.test/other", http.StatusFound)
			}))
		s.serve(t, "evil.test:80", s.record(status(http.StatusOK, "")))
		call := get(t)
		_, err := newClient(t, s.transport).Do(call.Call)
		require.ErrorContains(t, err, "redirect refused: another origin: to http://evil.test:80/other, from http://api.test:80/cloud/other", "%s", call)
		assert.Equal(t, []string{"api.test:80"}, s.dials(), "%s: connections", call)
	})
}

// What a redirect leads to is tried again together with it.
func TestClient_Do_RetriesFromTheStartOfARedirect(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		redirect := func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			http.Redirect(w, r, "/cloud/other", http.StatusTemporaryRedirect)
		}
		echo := func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) }
		s := newServer(t, nth(redirect, status(http.StatusServiceUnavailable, ""), redirect, echo))
		call := newCall(t.Context(), t, http.MethodPut, "/stacks", ReaderBody(strings.NewReader("hello")))
		outcome, err := newClient(t, s.transport).Do(call.Call)
		require.NoError(t, err, "%s", call)
		assert.Equal(t, 2, outcome.Attempts, "%s: attempts", call)
		assert.Equal(t, []string{"PUT /cloud/stacks", "PUT /cloud/other", "PUT /cloud/stacks", "PUT /cloud/other"}, s.seen(),
			"%s: what was sent", call)
		assert.Equal(t, "hello", call.body, "%s: the body that arrived", call)
	})
}

// A redirect's own body can be broken or endless, and does not matter.
func TestClient_Do_RedirectWithABadBody(t *testing.T) {
	t.Parallel()
	location := func(w http.ResponseWriter) {
		w.Header().Set("Location", "/cloud/other")
		w.WriteHeader(http.StatusFound)
	}
	tests := []struct {
		name  string
		first http.HandlerFunc
	}{
		{"cut off", raw("HTTP/1.1 302 Found\r\nLocation: /cloud/other\r\nContent-Length: 10\r\n\r\nhello")},
		{"silent", func(w http.ResponseWriter, r *http.Request) {
			location(w)
			send(w, "hello")
			silent(w, r)
		}},
		{"a byte a second", func(w http.ResponseWriter, r *http.Request) {
			location(w)
			drip(w, r, time.Second)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				s := newServer(t, nth(tt.first, status(http.StatusOK, "hello")))
				call := get(t)
				call.Handle = func(resp *http.Response, sofar Outcome) error {
					_ = call.handle(resp, sofar)
					return errBroken // nothing that another attempt would help
				}
				outcome, err := newClient(t, s.transport, withStall).Do(call.Call)
				require.ErrorIs(t, err, errBroken, "%s", call)
				assert.Equal(t, "hello", call.body, "%s: the answer", call)
				assert.Equal(t, 1, outcome.Attempts, "%s: attempts", call)
				assert.LessOrEqual(t, time.Since(start), discardPatience, "%s: the time it took", call)
			})
		})
	}
}

// drip sends a byte at a time, until the client is gone.
func drip(w http.ResponseWriter, r *http.Request, every time.Duration) {
	for r.Context().Err() == nil {
		send(w, "x")
		select {
		case <-time.After(every):
		case <-r.Context().Done():
		}
	}
}

func TestClient_Do_RedirectErrorsDoNotShowTheToken(t *testing.T) {
	t.Parallel()
	for _, location := range []string{
		"http://evil.test/cloud/" + testToken,
		"/login/" + testToken,
		"http://evil.test/?token=" + testToken,
		"http://" + testToken + "@api.test/cloud/other",
		"http://" + testToken + ".evil.test/cloud/other",
		"http://[" + testToken, // not a URL
	} {
		t.Run(location, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newRedirectServer(t, http.StatusFound, location)
				call := get(t)
				_, err := newClient(t, s.transport).Do(call.Call)
				require.Error(t, err, "%s, redirected to %s", call, location)
				assert.NotContains(t, err.Error(), testToken, "%s, redirected to %s", call, location)
			})
		})
	}
}

func TestRedirectPolicy_refusal(t *testing.T) {
	t.Parallel()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, testBase+"/"+testToken, http.NoBody)
	require.NoError(t, err, "http.NewRequest")
	req.Header.Set("Authorization", "token "+testToken)
	resp := &http.Response{
		StatusCode: http.StatusFound, Request: req,
		Header: http.Header{"Location": {"http://evil.test/" + testToken}},
	}
	err = redirectPolicy{base: parseURL(t, testBase)}.refusal(resp, http.MethodGet)
	require.EqualError(t, err,
		"redirect refused: another origin: to http://evil.test:80/[redacted], from http://api.test:80/cloud/[redacted]",
		"refusal of a redirect from and to paths with the token in it")
}

func TestPlace_ShowsNoQuery(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"http://API.test/cloud/a?secret=x#y":        "http://api.test:80/cloud/a",
		"https://user:password@api.test/acme%2Fweb": "https://api.test:443/acme%2Fweb",
		"https://api.test:8443":                     "https://api.test:8443",
	} {
		assert.Equal(t, want, place(&http.Request{}, parseURL(t, text)), "place(%s)", text)
	}
}

// Cut in half or in other letters, it would no longer be found.
func TestPlace_HidesBeforeItCuts(t *testing.T) {
	t.Parallel()
	const token = "Pul-Canary0123456789"
	req := &http.Request{Header: http.Header{"Authorization": {"token " + token}}}
	for text, want := range map[string]string{
		"https://api.test/" + strings.Repeat("x", 30) + token: "https://api.test:443/" + strings.Repeat("x", 30) + "[redacted…",
		"https://" + token + ".test/":                         "https://[redacted].test:443/",
	} {
		assert.Equal(t, want, place(req, parseURL(t, text)), "place(%s)", text)
	}
}

// A path that is encoded many times is refused before it costs much.
func TestHasDotSegment_PathsThatAreEncodedTooOften(t *testing.T) {
	t.Parallel()
	for levels, want := range map[int]bool{0: false, 1: false, 6: false, 7: true, 8: true, 500_000: true} {
		path := "/a/%" + strings.Repeat("25", levels) + "41"
		assert.Equal(t, want, hasDotSegment(path), "%d levels", levels)
	}
}
