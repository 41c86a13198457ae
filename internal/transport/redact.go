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
	return NewRedactor(req).Redact(text)
}

// A Redactor does what the function Redact does, with many texts: it holds the
// secrets of a request as they are, and as a page, a URL or an error would write
// them. The longest come first, as one may be a part of another.
type Redactor []string

// NewRedactor returns the Redactor of the secrets that the request carried.
func NewRedactor(req *http.Request) Redactor { return appendSecrets(nil, req) }

// appendSecrets is NewRedactor, but that the caller has some room for the result.
func appendSecrets(forms Redactor, req *http.Request) Redactor {
	for _, value := range req.Header["Authorization"] {
		value = strings.TrimSpace(value)
		_, token, _ := strings.Cut(value, " ")
		forms = forms.with(cmp.Or(token, value))
	}
	if st := stateOf(req.Context()); st != nil {
		for _, secret := range st.call.Body.secrets {
			forms = forms.with(secret)
		}
	}
	if len(forms) < 2 {
		return forms
	}
	slices.SortFunc(forms, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	return slices.Compact(forms)
}

// with returns r with one more secret.
func (r Redactor) with(secret string) Redactor {
	switch {
	case secret == "":
		return r
	case !strings.ContainsFunc(secret, isWrittenOtherwise):
		return append(r, secret)
	}
	return append(r, writtenForms(secret)...)
}

// Redact returns text without the secrets.
func (r Redactor) Redact(text string) string {
	for _, form := range r {
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
// proxy's page.
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
	return forms
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
// secrets that its request carried: then they are not in the copy, nor is a header
// that has one in its name.
func redactHeader(resp *http.Response) http.Header {
	var room [1]string // most calls have no other secret than the token (BenchmarkW1GetStack)
	redactor := appendSecrets(room[:0], resp.Request)
	header, copied := resp.Header, false
	change := func() {
		if !copied {
			header, copied = resp.Header.Clone(), true
		}
	}
	for name, values := range resp.Header {
		if redactor.isIn(name) {
			change()
			delete(header, name)
			continue
		}
		for i, value := range values {
			if safe := redactor.Redact(value); safe != value {
				change()
				header[name][i] = safe
			}
		}
	}
	return header
}

// shortestInName is the shortest secret that is looked for in the names of
// headers: what is shorter stands in ordinary ones.
const shortestInName = 8

// isIn reports whether a secret is in a header's name, whose letters have changed
// their case on the way.
func (r Redactor) isIn(name string) bool {
	for _, form := range r {
		if len(form) < shortestInName {
			continue
		}
		for i := 0; i+len(form) <= len(name); i++ {
			if strings.EqualFold(name[i:i+len(form)], form) {
				return true
			}
		}
	}
	return false
}
