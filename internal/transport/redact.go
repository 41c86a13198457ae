package transport

import (
	"cmp"
	"errors"
	"html"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

const redacted = "[redacted]"

// Redact returns text without the secrets that the request carried, which a
// server may have sent back: the credentials in its header, and what is secret in
// its body.
func Redact(req *http.Request, text string) string {
	_, token, _ := strings.Cut(req.Header.Get("Authorization"), " ")
	text = redact(text, token)
	if st := stateOf(req.Context()); st != nil && st.call.Body != nil {
		for _, secret := range st.call.Body.secrets {
			text = redact(text, secret)
		}
	}
	return text
}

// redact takes a secret out of text, as it is and as a page, a URL or an error
// would write it.
func redact(text, secret string) string {
	if secret == "" {
		return text
	}
	if !strings.ContainsFunc(secret, isWrittenOtherwise) {
		return strings.ReplaceAll(text, secret, redacted)
	}
	for _, form := range writtenForms(secret) {
		text = strings.ReplaceAll(text, form, redacted)
	}
	return text
}

// isWrittenOtherwise reports whether there are places where r is escaped.
func isWrittenOtherwise(r rune) bool {
	isAlphanumeric := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
	return !isAlphanumeric && r != '-' && r != '_' && r != '.'
}

// writtenForms returns the secret as it stands in HTML, in URLs, in JSON and
// between quotes, and where one of them is in another, as a request's JSON is in a
// proxy's page. The longest come first, as one may be a part of another.
func writtenForms(secret string) []string {
	forms := []string{secret}
	for range 2 {
		for _, form := range forms {
			inHTML := html.EscapeString(form)
			quoted := strconv.Quote(form)
			inJSON := quoted[1 : len(quoted)-1]
			forms = append(forms, inHTML, htmlNames.Replace(inHTML), inJSON, jsonForPages.Replace(inJSON),
				url.QueryEscape(form), url.PathEscape(form), (&url.URL{Path: form}).EscapedPath())
		}
	}
	slices.SortFunc(forms, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	return slices.Compact(forms)
}

// Who writes HTML or JSON has a choice.
var (
	htmlNames    = strings.NewReplacer("&#34;", "&quot;", "&#39;", "&apos;")
	jsonForPages = strings.NewReplacer("&", `\u0026`, "<", `\u003c`, ">", `\u003e`)
)

// redactError returns err, unless its text holds a secret: net/http quotes what
// it could not read, which may be the request that a server has sent back. Then
// only the text is left, as an error below it would show the same.
func redactError(req *http.Request, err error) error {
	text := err.Error()
	safe := Redact(req, text)
	if safe == text {
		return err
	}
	return errors.New(safe)
}

// redactHeader returns the answer's header, or a copy of it if it holds the
// secrets that its request carried: then they are not in the copy.
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
