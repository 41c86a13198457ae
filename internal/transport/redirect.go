package transport

import (
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strings"
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
	return strings.ToLower(Redact(req, address(u))) + cutPath(Redact(req, u.EscapedPath()))
}

// cutPath keeps an error from losing one of its ends to the length of the other.
func cutPath(text string) string {
	const longest = 40
	if len(text) > longest {
		return text[:longest] + "…"
	}
	return text
}

// origin returns scheme, host and port, the port always.
func origin(u *url.URL) string { return strings.ToLower(address(u)) }

// address is the origin as the URL writes it.
func address(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return u.Scheme + "://" + u.Hostname() + ":" + port
}

// isBelow reports whether target's path is base's or below it, also after a
// server has resolved the dots in it.
func isBelow(target, base *url.URL) bool {
	prefix := strings.TrimSuffix(base.Path, "/")
	resolved := path.Clean("/" + target.Path)
	return prefix == "" || resolved == prefix || strings.HasPrefix(resolved, prefix+"/")
}
