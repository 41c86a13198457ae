package transport

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
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
		{"token ", "an empty token", "an empty token"},
		{"token", "no token", "no token"},
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
