package transport

import (
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Printable returns text without its control characters, but for white space.
func Printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) || unicode.IsSpace(r) {
			return r
		}
		return -1
	}, text)
}

// OneLine returns text with white space folded and control characters dropped, so
// that foreign text can't forge a line of a log, and cut to limit characters.
func OneLine(text string, limit int) string {
	limit = max(limit, 1)
	var line strings.Builder
	length, space := 0, ""
	for _, r := range text {
		if length > limit {
			break // the rest would be cut
		}
		switch {
		case unicode.IsSpace(r):
			if length > 0 {
				space = " "
			}
		case unicode.IsPrint(r):
			line.WriteString(space)
			line.WriteRune(r)
			length += len(space) + 1
			space = ""
		}
	}
	return Cut(line.String(), limit)
}

// Cut returns the first limit characters of text, with an ellipsis for the last of
// them if there were more.
func Cut(text string, limit int) string {
	if utf8.RuneCountInString(text) <= limit {
		return text
	}
	end := 0
	for range limit - 1 {
		_, size := utf8.DecodeRuneInString(text[end:])
		end += size
	}
	return text[:end] + "…"
}

const (
	requestIDHeader = "X-Pulumi-Request-Id" // canonical
	// maxRequestID is how many characters of a request's ID are passed on.
	maxRequestID = 200
)

// RequestID returns the ID that the service gave the request, fit to be shown.
func RequestID(resp *http.Response) string {
	id := resp.Header.Get(requestIDHeader)
	if id == "" || len(id) <= maxRequestID && !strings.ContainsFunc(id, isNotShownAsIs) {
		return id // the header is redacted
	}
	return OneLine(NewRedactor(resp.Request).Clean(id), maxRequestID)
}

// isNotShownAsIs reports whether OneLine may drop or fold r.
func isNotShownAsIs(r rune) bool {
	return unicode.IsSpace(r) || !unicode.IsPrint(r) || r == utf8.RuneError
}
