package transport

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// dialsAfterRedirect returns what net/http dials for a call below base whose first
// response is a redirect to location, and the Authorization of each request.
func dialsAfterRedirect(t *testing.T, base *url.URL, location string) (dialed, credentials []string) {
	t.Helper()
	netHTTP := &http.Transport{DialContext: func(_ context.Context, _, addr string) (net.Conn, error) {
		dialed = append(dialed, addr)
		return nil, errBroken
	}}
	first := true
	transport := roundTripper(func(req *http.Request) (*http.Response, error) {
		credentials = append(credentials, req.Header.Get("Authorization"))
		if !first {
			return netHTTP.RoundTrip(req)
		}
		first = false
		return &http.Response{StatusCode: http.StatusTemporaryRedirect, Header: http.Header{"Location": {location}}, Body: http.NoBody}, nil
	})
	call := get(t)
	call.Request.URL = base.JoinPath("stacks")
	client := newClient(t, transport, func(c *Config) { c.Base = base }, withRetry(RetryPolicy{MaxAttempts: 1}))
	_, err := client.Do(call.Call)
	require.Error(t, err, "%s, redirected to %s", call, location)
	return dialed, credentials
}

// requireSameOrigin checks that a redirect is either refused, or leads to where the
// base URL does, with the token. net/http says where it dials.
func requireSameOrigin(t *testing.T, base *url.URL, location string) (followed bool) {
	t.Helper()
	dialed, credentials := dialsAfterRedirect(t, base, location)
	if len(dialed) == 0 {
		return false
	}
	port := base.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[base.Scheme]
	}
	require.Equal(t, []string{net.JoinHostPort(base.Hostname(), port)}, dialed, "what was dialed below %s, redirected to %q", base, location)
	require.Equal(t, []string{"token " + testToken, "token " + testToken}, credentials, "Authorization below %s, redirected to %q", base, location)
	return true
}

// lookalikes returns spellings that some functions consider equal to an ASCII letter, a
// dot, a digit or nothing.
func lookalikes() map[string][]string {
	list := map[string][]string{
		"i": {"İ", "ı", "і", "ⅰ"},
		"k": {"\u212a"}, // the Kelvin sign
		"s": {"ſ", "ẞ", "ß"},
		".": {"。", "．", "｡", "%2e", "%E3%80%82", "..", ""},
		"1": {"１", "①", "¹", "%31"},
		"a": {"а", "ª", "á", "%61", "a\u0301", "a\u00ad", "a\u200b", "a\u200d", "a%00", "a ", "a\\", "a@", "a#", "a?", "a;", "a:"},
	}
	for char := 'a'; char <= 'z'; char++ {
		list[string(char)] = append(list[string(char)], string(char-'a'+'ａ'), string(char-'a'+'Ａ'), string(char-'a'+'ⓐ'))
	}
	return list
}

func TestRedirects_HostsThatLookAlike(t *testing.T) {
	t.Parallel()
	others := lookalikes()
	for _, base := range []string{"http://k8s.api1.test/cloud", "https://k8s.api1.test:8443/cloud", "http://K8S.Api1.Test/cloud"} {
		u := parseURL(t, base)
		host := u.Hostname()
		assert.True(t, requireSameOrigin(t, u, u.Scheme+"://"+u.Host+"/cloud/other"), "the same host is followed below %s", base)
		assert.True(t, requireSameOrigin(t, u, u.Scheme+"://"+strings.ToUpper(u.Host)+"/cloud/other"), "capitals are followed below %s", base)
		for i := range host {
			for _, other := range others[strings.ToLower(host[i:i+1])] {
				location := u.Scheme + "://" + strings.Replace(u.Host, host, host[:i]+other+host[i+1:], 1) + "/cloud/other"
				assert.False(t, requireSameOrigin(t, u, location), "followed to %q below %s", location, base)
			}
		}
	}
}

func TestRedirects_HostsAndPorts(t *testing.T) {
	t.Parallel()
	tests := []struct {
		base, location string
		follows        bool
	}{
		{"http://api.test", "http://api.test:80/other", true},
		{"http://api.test", "http://api.test:/other", true},
		{"http://api.test", "http://api.test:080/other", false},
		{"http://api.test", "http://api.test:0/other", false},
		{"http://api.test", "http://api.test:443/other", false},
		{"http://api.test", "http://api.test./other", false},
		{"http://api.test.", "http://api.test/other", false},
		{"http://api.test.", "http://api.test./other", true},
		{"http://api.test:080", "http://api.test:80/other", false},
		{"https://api.test:443", "https://API.test/other", true},
		{"http://xn--bcher-kva.test", "http://bücher.test/other", false},
		{"http://xn--bcher-kva.test", "http://XN--BCHER-KVA.test/other", true},
		{"http://bücher.test", "http://BÜCHER.test/other", false},
		{"http://127.0.0.1", "http://127.1/other", false},
		{"http://127.0.0.1", "http://１27.0.0.1/other", false},
		{"http://[::1]:8080", "http://[::1]:8080/other", true},
		{"http://[::1]:8080", "http://[0:0:0:0:0:0:0:1]:8080/other", false},
		{"http://[::1]", "http://[::1%25lo]/other", false},
		{"http://[fe80::1%25en0]", "http://[fe80::1%25en0]/other", true},
		{"http://[fe80::1%25en0]", "http://[FE80::1%25EN0]/other", true}, // to the base URL's zone
		{"http://[fe80::1%25en0]", "http://[fe80::1%25en1]/other", false},
		{"http://[fe80::1%25en0]", "http://[fe80::1]/other", false},
	}
	for _, tt := range tests {
		assert.Equal(t, tt.follows, requireSameOrigin(t, parseURL(t, tt.base), tt.location), "below %s, redirected to %s", tt.base, tt.location)
	}
}

// Whatever a Location is, net/http dials nothing but the base URL's host and port.
func FuzzRedirectLocation(f *testing.F) {
	for _, host := range []string{"api.test", "apİ.test", "API.TEST:80", "api。test", "api.test:", "[::1%25en0]:80", "a@api.test", `api.test\@evil.test`, "api.test%00.evil.test"} {
		for _, path := range []string{"/cloud/other", "/cloud/..;/login", "/cloud/%252e%252e/login", `/cloud\..\..`} {
			f.Add("http://"+host+path, "http://api.test/cloud")
			f.Add("//"+host+path, "https://"+host+"/cloud")
		}
	}
	f.Fuzz(func(t *testing.T, location, address string) {
		base, err := url.Parse(address)
		if err != nil || base.Host == "" || base.User != nil || base.Scheme != "http" && base.Scheme != "https" ||
			strings.ContainsFunc(base.Host, func(r rune) bool { return r > '~' }) {
			return // NewClient refuses it
		}
		requireSameOrigin(t, base, location)
	})
}

// After a host in capitals, net/http leaves out Authorization; and then the response
// to the second request could show the token.
func TestClient_Do_RedirectFromAHostInCapitalsKeepsTheToken(t *testing.T) {
	t.Parallel()
	for base, location := range map[string]string{
		"http://API.test/cloud": "http://api.test/cloud/other",
		"http://api.test/cloud": "http://API.test:80/cloud/other",
	} {
		base := parseURL(t, base)
		hops := 0
		transport := roundTripper(func(req *http.Request) (*http.Response, error) {
			hops++
			if hops < 3 {
				return &http.Response{StatusCode: http.StatusTemporaryRedirect, Header: http.Header{"Location": {location}}, Body: http.NoBody}, nil
			}
			assert.Equal(t, base.Host, req.URL.Host, "the host, redirected to %s", location)
			assert.Equal(t, "token "+testToken, req.Header.Get("Authorization"), "Authorization, redirected to %s", location)
			return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"X-Echo": {testToken}}, Body: http.NoBody}, nil
		})
		call := get(t)
		call.Request.URL = base.JoinPath("stacks")
		_, err := newClient(t, transport, func(c *Config) { c.Base = base }).Do(call.Call)
		require.NoError(t, err, "%s, redirected to %s", call, location)
		assert.Equal(t, 3, hops, "%s: requests", call)
		assert.Equal(t, "[redacted]", call.header.Get("X-Echo"), "%s: the token in the response's header", call)
	}
}
