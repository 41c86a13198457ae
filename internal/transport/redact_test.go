package transport

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRedact(t *testing.T) {
	t.Parallel()
	tests := []struct {
		authorization, text, want string
	}{
		{"token " + testToken, "nothing to hide", "nothing to hide"},
		{"token " + testToken, testToken, "[redacted]"},
		{"token " + testToken, "bad token " + testToken + ", I said " + testToken + "!", "bad token [redacted], I said [redacted]!"},
		{"token " + testToken, "the word token stays", "the word token stays"},
		{"token " + testToken, `{"message":"` + testToken + `"}`, `{"message":"[redacted]"}`},
		{"Bearer " + testToken, "x" + testToken + "x", "x[redacted]x"},
		{"Basic dXNlcg==", "dXNlcg==", "[redacted]"},
		{testToken, "bad " + testToken, "bad [redacted]"},
		{" " + testToken + " ", "bad " + testToken, "bad [redacted]"},
		{"", "no header", "no header"},
	}
	for _, tt := range tests {
		req := &http.Request{Header: http.Header{}}
		if tt.authorization != "" {
			req.Header.Set("Authorization", tt.authorization)
		}
		assert.Equal(t, tt.want, Redact(req, tt.text), "Redact(%q), Authorization: %s", tt.text, tt.authorization)
	}
	assert.Equal(t, "text", Redact(&http.Request{}, "text"), "Redact, request without headers")
	several := &http.Request{Header: http.Header{"Authorization": {"token abc", "abcdef", "Bearer x y"}}}
	assert.Equal(t, "[redacted], [redacted], [redacted]", Redact(several, "abc, abcdef, x y"), "Redact, several values")
}

// An answer's headers are many, if it wants: what is looked for in them is worked
// out once.
func TestRedactHeader_ManyHeaders(t *testing.T) { //nolint:paralleltest // it counts allocations
	const secret = `a/b+ "c" & <d>`
	ctx := context.WithValue(t.Context(), stateKey{}, &state{call: &Call{Body: BytesBody(nil, secret)}})
	req := (&http.Request{Header: http.Header{"Authorization": {"token " + secret + "e"}}}).WithContext(ctx)
	for name, header := range map[string]http.Header{
		"of one name": {"A": slices.Repeat([]string{"12"}, 20_000)},
		"of many":     manyHeaders(20_000),
	} {
		resp := &http.Response{Header: header, Request: req}
		allocs := testing.AllocsPerRun(1, func() { redactHeader(resp) })
		assert.Less(t, allocs, 2000.0, "allocations for headers %s", name)
	}
}

func manyHeaders(count int) http.Header {
	header := http.Header{}
	for i := range count {
		header[fmt.Sprintf("A-%d-somewhat-longer-than-usual", i)] = []string{"12"}
	}
	return header
}

// Header names have lost their case on the way.
func TestRedactHeader_Names(t *testing.T) {
	t.Parallel()
	req := &http.Request{Header: http.Header{"Authorization": {"token " + testToken}}}
	header := http.Header{http.CanonicalHeaderKey(testToken): {"a"}, http.CanonicalHeaderKey("x-" + testToken + "-y"): {"b"}, "X-Token": {"c"}}
	original := header.Clone()
	assert.Equal(t, http.Header{"X-Token": {"c"}}, redactHeader(&http.Response{Header: header, Request: req}))
	assert.Equal(t, original, header, "the answer's own header")
	// What is so short stands in ordinary names.
	req.Header.Set("Authorization", "token Token")
	assert.Equal(t, http.Header{"X-Token": {"c"}}, redactHeader(&http.Response{Header: http.Header{"X-Token": {"c"}}, Request: req}))
}

func TestRedact_WhatTheBodyCarried(t *testing.T) {
	t.Parallel()
	const secret = `a "b" & <c>/d\é`
	ctx := context.WithValue(t.Context(), stateKey{}, &state{call: &Call{Body: BytesBody(nil, secret, "other", "")}})
	req := (&http.Request{}).WithContext(ctx)
	for name, form := range map[string]string{
		"itself":          secret,
		"another":         "other",
		"HTML":            "a &#34;b&#34; &amp; &lt;c&gt;/d\\é",
		"named in HTML":   "a &quot;b&quot; &amp; &lt;c&gt;/d\\é",
		"a query":         "a+%22b%22+%26+%3Cc%3E%2Fd%5C%C3%A9",
		"a path segment":  "a%20%22b%22%20&%20%3Cc%3E%2Fd%5C%C3%A9",
		"a path":          "a%20%22b%22%20&%20%3Cc%3E/d%5C%C3%A9",
		"JSON":            `a \"b\" & <c>/d\\é`,
		"JSON in a page":  `a \&#34;b\&#34; &amp; &lt;c&gt;/d\\é`,
		"JSON for a page": `a \"b\" \u0026 \u003cc\u003e/d\\é`,
	} {
		assert.Equal(t, "x [redacted] y", Redact(req, "x "+form+" y"), "Redact, %s", name)
	}
}

// net/http quotes what it can't read as an answer.
func TestClient_Do_ErrorsOfNetHTTPDoNotShowWhatWasSent(t *testing.T) {
	t.Parallel()
	const secret = `hunter2"canary`
	for name, answer := range map[string]string{
		"no status line":     testToken + " " + secret + "\r\n\r\n",
		"a bad header":       "HTTP/1.1 200 OK\r\n" + testToken + " " + secret + "\r\n\r\n",
		"a bad status":       "HTTP/1.1 " + testToken + " " + secret + "\r\n\r\n",
		"a bad encoding":     "HTTP/1.1 200 OK\r\nTransfer-Encoding: " + testToken + " " + secret + "\r\n\r\n",
		"a bad length":       "HTTP/1.1 200 OK\r\nContent-Length: " + testToken + " " + secret + "\r\n\r\n",
		"a bad trailer":      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n0\r\n" + testToken + " " + secret + "\r\n\r\n",
		"a trailer, refused": "HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n0\r\n" + testToken + " " + secret + "\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				dial := func(context.Context, string, string) (net.Conn, error) {
					near, far := net.Pipe()
					go func() {
						defer func() { _ = far.Close() }()
						if req, err := http.ReadRequest(bufio.NewReader(far)); err == nil {
							_, _ = io.Copy(io.Discard, req.Body)
							_, _ = io.WriteString(far, answer)
						}
					}()
					return near, nil
				}
				var seen []error
				client := New(Config{
					HTTP: &http.Client{Transport: &http.Transport{DialContext: dial}}, Base: parseURL(t, testBase), Retry: RetryPolicy{MaxAttempts: 2},
					OnAttempt: []func(context.Context, Attempt){func(_ context.Context, a Attempt) { seen = append(seen, a.Err) }},
				})
				call := get(t)
				call.Body = BytesBody([]byte(secret), secret)
				call.Handle = func(resp *http.Response, _ Outcome) error {
					_, err := io.ReadAll(resp.Body)
					return errors.Join(err, resp.Body.Close())
				}
				_, err := client.Do(call.Call)
				require.Error(t, err)
				for _, err := range append(seen, err) {
					assert.Contains(t, fmt.Sprintf("%+v", err), "[redacted]", "it still says what came")
					for _, sent := range []string{testToken, "hunter2", "canary"} {
						assert.NotContains(t, fmt.Sprintf("%+v %#v", err, err), sent)
					}
				}
			})
		})
	}
}

func TestRedactHeader(t *testing.T) {
	t.Parallel()
	original := http.Header{
		"Www-Authenticate": {"token realm=" + testToken, "other"},
		"X-Echo":           {testToken},
		"Content-Type":     {"text/plain"},
	}
	resp := &http.Response{
		Header:  original.Clone(),
		Request: &http.Request{Header: http.Header{"Authorization": {"token " + testToken}}},
	}
	assert.Equal(t, http.Header{
		"Www-Authenticate": {"token realm=[redacted]", "other"},
		"X-Echo":           {"[redacted]"},
		"Content-Type":     {"text/plain"},
	}, redactHeader(resp), "redactHeader")
	assert.Equal(t, original, resp.Header, "redactHeader: the answer's own header")
	assert.Nil(t, redactHeader(&http.Response{Request: resp.Request}), "redactHeader, answer without headers")
}
