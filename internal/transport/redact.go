package transport

import (
	"errors"
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

// redactError returns err, or its redacted text alone if that shows the credentials:
// net/http quotes what it does not understand of an answer.
func redactError(req *http.Request, err error) error {
	text := err.Error()
	if safe := Redact(req, text); safe != text {
		return errors.New(safe)
	}
	return err
}

// redactHeader returns the answer's header, or a copy of it if it holds the
// credentials that its request carried: then they are not in the copy.
func redactHeader(resp *http.Response) http.Header {
	header := resp.Header
	for name, values := range resp.Header {
		for i, value := range values {
			safe := Redact(resp.Request, value)
			if safe == value {
				continue
			}
			if &header[name][i] == &values[i] {
				header = resp.Header.Clone()
			}
			header[name][i] = safe
		}
	}
	return header
}
