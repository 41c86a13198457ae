package transport

import (
	"net/http"
	"strings"
)

// Redact returns text without the credentials that the request carried, which
// a server may have sent back.
func Redact(req *http.Request, text string) string {
	_, token, _ := strings.Cut(req.Header.Get("Authorization"), " ")
	if token == "" {
		return text
	}
	return strings.ReplaceAll(text, token, "[redacted]")
}

// RedactHeader returns a copy of the answer's header without the credentials
// that its request carried.
func RedactHeader(resp *http.Response) http.Header {
	header := resp.Header.Clone()
	for _, values := range header {
		for i, value := range values {
			values[i] = Redact(resp.Request, value)
		}
	}
	return header
}
