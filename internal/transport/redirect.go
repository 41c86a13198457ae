package transport

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

const maxRedirects = 10

// redirectPolicy follows a redirect only where the request stays the same
// request to the same service: the access token goes along with it.
type redirectPolicy struct {
	base *url.URL
}

// check is net/http's CheckRedirect. Where it refuses, net/http returns the
// redirect itself, with its status and request ID.
func (p redirectPolicy) check(req *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects || p.objection(req.URL) != "" || req.Method != via[0].Method {
		return http.ErrUseLastResponse
	}
	// It is the same origin: in the base URL's spelling, the same is dialed. In another
	// spelling, net/http leaves out the credentials.
	req.URL.Host = p.base.Host
	if credentials, ok := via[0].Header["Authorization"]; ok {
		req.Header["Authorization"] = credentials
	}
	return nil
}

func isRedirect(resp *http.Response) bool {
	return resp.StatusCode >= 300 && resp.StatusCode < 400
}

// hideBadLocation takes away a Location that is not a URL: net/http would repeat
// it in an error, and forget the answer.
func hideBadLocation(resp *http.Response) {
	if _, err := resp.Location(); err != nil {
		resp.Header.Del("Location")
	}
}

// objection returns why the token must not go to target, or nothing.
func (p redirectPolicy) objection(target *url.URL) string {
	switch {
	case origin(target) != origin(p.base):
		return "another origin"
	case target.User != nil:
		return "it names a user"
	case hasDotSegment(target.EscapedPath()):
		return `"." or ".." in its path`
	case !isBelow(target, p.base):
		return "outside the base URL's path"
	}
	return ""
}

// refusal returns the error for an answer that is a redirect still. The reason
// comes first, and what the user knows last: a long error loses its end.
func (p redirectPolicy) refusal(resp *http.Response, method string) error {
	from := resp.Request.URL
	target, err := resp.Location()
	if err != nil {
		return fmt.Errorf("status %d without a usable Location", resp.StatusCode)
	}
	reason := p.objection(target)
	if reason == "" {
		switch resp.StatusCode {
		case http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
			reason = fmt.Sprintf("more than %d redirects, or a body that can't be sent again", maxRedirects)
		default:
			reason = fmt.Sprintf("a %d would turn the %s into a GET, or there were more than %d", resp.StatusCode, method, maxRedirects)
		}
	}
	return fmt.Errorf("redirect refused: %s: to %s, from %s", reason, place(resp.Request, target), place(resp.Request, from))
}

// place returns the URL without what may be confidential in it: the query, a
// user, and what req must not show.
func place(req *http.Request, u *url.URL) string {
	// In this order: a half of a secret, or one in other letters, would stay.
	return lowerASCII(Redact(req, address(u))) + cutPath(Redact(req, u.EscapedPath()))
}

// cutPath keeps an error from losing one of its ends to the length of the other.
func cutPath(text string) string {
	const longest = 40
	if len(text) > longest {
		return text[:longest] + "…"
	}
	return text
}

// origin returns scheme, host and port, the port always. ASCII letters are in lower
// case. Other letters stay as they are: net/http maps them to a host name of ASCII
// letters in a way of its own, and does not dial the host that strings.ToLower returns.
func origin(u *url.URL) string { return lowerASCII(address(u)) }

func lowerASCII(text string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + ('a' - 'A')
		}
		return r
	}, text)
}

// address is the origin as the URL writes it.
func address(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return u.Scheme + "://" + u.Hostname() + ":" + port
}

// isBelow reports whether target's path is base's or below it. Escapes in a segment
// don't matter, but "%2F" does not separate segments.
func isBelow(target, base *url.URL) bool {
	want := strings.Split(strings.TrimSuffix(base.EscapedPath(), "/"), "/")
	got := strings.Split(target.EscapedPath(), "/")
	if len(got) < len(want) {
		return false
	}
	for i := range want {
		if unescape(got[i]) != unescape(want[i]) {
			return false
		}
	}
	return true
}

// hasDotSegment reports whether the path may hold a "." or ".." for a server that
// decodes it more than once, reads a backslash as a slash, or ignores what follows a
// semicolon, spaces and control characters. Invalid UTF-8 may be an overlong dot. What
// stands in the Location as it is has been resolved by net/http.
func hasDotSegment(path string) bool {
	for range maxPathDecodings {
		if !utf8.ValidString(path) {
			return true
		}
		for segment := range strings.FieldsFuncSeq(path, func(r rune) bool { return r == '/' || r == '\\' }) {
			segment, _, _ = strings.Cut(segment, ";")
			segment = strings.TrimFunc(segment, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) })
			if segment == "." || segment == ".." {
				return true
			}
		}
		plain := unescape(path)
		if plain == path {
			return false
		}
		path = plain
	}
	return true // who encodes a path so often has something to hide
}

// maxPathDecodings is how often a path may be decoded until nothing changes.
const maxPathDecodings = 8

// unescape decodes all valid escapes of a path, once. Others stay.
func unescape(path string) string {
	var plain strings.Builder
	for i := 0; i < len(path); i++ {
		if path[i] == '%' && i+2 < len(path) {
			if char, err := strconv.ParseUint(path[i+1:i+3], 16, 8); err == nil {
				plain.WriteByte(byte(char))
				i += 2
				continue
			}
		}
		plain.WriteByte(path[i])
	}
	return plain.String()
}
