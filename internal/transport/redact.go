package transport

import (
	"cmp"
	"errors"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
	"time"
)

const redacted = "[redacted]"

// shortestSecret is the length of the shortest secret that is looked for where much
// else stands: in the names of headers, and in the responses to other requests.
// Ordinary words are shorter.
const shortestSecret = 8

// Redact returns text as [Redactor.Redact] does.
func Redact(req *http.Request, text string) string {
	return NewRedactor(req).Redact(text)
}

// A Redactor hides the secrets that a server may send back: the credentials of a
// request, the secrets in its body, and those that the client has sent lately. It
// finds them unescaped, and escaped in the ways of HTML, URLs, JSON and string
// literals, inside each other, too.
//
// It holds what is looked for, with spaces for plus signs, as forms confuse them.
type Redactor []string

// NewRedactor returns the Redactor for the response to a request.
func NewRedactor(req *http.Request) Redactor { return appendSecrets(nil, req) }

// appendSecrets is NewRedactor for a caller that has some room for the result.
func appendSecrets(forms Redactor, req *http.Request) Redactor {
	for _, value := range req.Header["Authorization"] {
		forms = forms.with(tokenOf(value))
	}
	st := stateOf(req.Context())
	if st == nil {
		return forms
	}
	for _, secret := range st.call.Body.secrets {
		forms = forms.with(secret)
	}
	return st.sent.appendTo(forms, time.Now())
}

// tokenOf returns the credentials in the value of an Authorization header.
func tokenOf(authorization string) string {
	authorization = strings.TrimSpace(authorization)
	_, token, _ := strings.Cut(authorization, " ")
	return cmp.Or(token, authorization)
}

// with returns r with one more secret.
func (r Redactor) with(secret string) Redactor {
	if secret == "" {
		return r
	}
	r = r.withForm(secret)
	// What looks like an escape in it is decoded with the text.
	u := unescaped{text: secret}
	for range maxUnescapes {
		var more bool
		if u, more = u.again(); !more || len(u.text) < shortestSecret {
			break
		}
		r = r.withForm(u.text)
	}
	return r
}

func (r Redactor) withForm(form string) Redactor {
	form = foldSpaces(form)
	if slices.Contains(r, form) {
		return r
	}
	return append(r, form)
}

// foldSpaces makes plus signs and spaces equal.
func foldSpaces(text string) string { return strings.ReplaceAll(text, "+", " ") }

// span is a part of a text.
type span struct{ start, end int }

// Redact returns text with "[redacted]" in place of each secret, and of what has the
// shape of a well-known kind of token.
func (r Redactor) Redact(text string) string {
	var spans []span
	u := unescaped{text: text}
	for range maxUnescapes + 1 {
		spans = r.find(spans, u)
		var more bool
		if u, more = u.again(); !more {
			break
		}
	}
	return replace(text, spans)
}

// Clean returns text without its secrets and its control characters, wherever these
// stood.
func (r Redactor) Clean(text string) string { return r.Redact(Printable(r.Redact(text))) }

// find appends where in the original the secrets stand that are in u.
func (r Redactor) find(spans []span, u unescaped) []span {
	folded := foldSpaces(u.text)
	for _, form := range r {
		for i := 0; ; i++ { // the next may overlap with this one
			found := strings.Index(folded[i:], form)
			if found < 0 {
				break
			}
			i += found
			spans = append(spans, u.span(i, i+len(form)))
		}
	}
	return findTokens(spans, u)
}

// replace returns text with "[redacted]" in place of the spans.
func replace(text string, spans []span) string {
	if len(spans) == 0 {
		return text
	}
	slices.SortFunc(spans, func(a, b span) int { return cmp.Or(a.start-b.start, b.end-a.end) })
	var out strings.Builder
	end := 0
	for _, s := range spans {
		if s.start >= end {
			out.WriteString(text[end:s.start])
			out.WriteString(redacted)
		}
		end = max(end, s.end)
	}
	out.WriteString(text[end:])
	return out.String()
}

// redactError returns err, unless its text holds a secret, or may hold one: net/http
// quotes what it could not read. Then only the text is left, as an error below it
// would show the same.
func redactError(req *http.Request, err error) error {
	text := err.Error()
	safe := Redact(req, text)
	if st := stateOf(req.Context()); st != nil && st.call.Confidential {
		safe = withoutQuotes(err, safe)
	}
	if safe == text {
		return err
	}
	return errors.New(safe)
}

// withoutQuotes returns an error's text up to where it quotes something.
func withoutQuotes(err error, text string) string {
	at := strings.IndexAny(text, "\"`")
	var malformed textproto.ProtocolError
	if i := strings.Index(text, "line: "); i >= 0 && (at < 0 || i < at) && errors.As(err, &malformed) {
		at = i + len("line: ")
	}
	if at < 0 {
		return text
	}
	return text[:at] + redacted
}

// redactHeader returns the response's header, or a copy of it if it holds secrets:
// then they are not in the copy, nor is a header that has one in its name.
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

// isIn reports whether a secret is in a header's name, whose letters have changed
// their case on the way.
func (r Redactor) isIn(name string) bool {
	u := unescaped{text: name}
	for range maxUnescapes + 1 {
		for _, form := range r {
			if len(form) >= shortestSecret && containsFold(foldSpaces(u.text), form) {
				return true
			}
		}
		var more bool
		if u, more = u.again(); !more {
			break
		}
	}
	return false
}

// containsFold reports whether part is in text, in whatever case.
func containsFold(text, part string) bool {
	for i := 0; i+len(part) <= len(text); i++ {
		if strings.EqualFold(text[i:i+len(part)], part) {
			return true
		}
	}
	return false
}
