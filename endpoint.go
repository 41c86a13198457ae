package pulumiapi

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// Endpoint is one operation of the service as data. Everything that depends on
// which operation a request is for (its URL, whether it may be sent again, its
// name in errors, logs and traces) derives from it.
type Endpoint struct {
	// Method is the HTTP method.
	Method string
	// Template is the path as the service's description writes it, with
	// placeholders: "/api/stacks/{orgName}/{projectName}/{stackName}".
	Template string
	// Read marks a POST that changes nothing. It is retried like a GET.
	Read bool
	// Idempotent marks a POST or PATCH that may be sent twice: the second request
	// changes nothing more and gets the same response. It is retried like a PUT.
	Idempotent bool
	// NoRetry marks a read that must not be repeated, because it takes away what it
	// returns. It is retried like a POST: only if it was not sent.
	NoRetry bool
}

// String returns the method and the template: "GET /api/user/stacks". It holds
// no identifiers, which makes it a name for metrics and spans.
func (e Endpoint) String() string { return e.Method + " " + e.Template }

// isWrite reports whether a request to the endpoint can change something.
func (e Endpoint) isWrite() bool { return e.NoRetry || !e.isRead() }

// isRead reports whether the endpoint is there to return something.
func (e Endpoint) isRead() bool {
	return e.Read || e.Method == http.MethodGet || e.Method == http.MethodHead
}

// isIdempotent reports whether a request may be sent again although it may
// have been carried out (RFC 9110, section 9.2.2).
func (e Endpoint) isIdempotent() bool {
	return !e.NoRetry && (e.isRead() || e.Idempotent || e.Method == http.MethodPut || e.Method == http.MethodDelete)
}

// asIdempotent returns the endpoint for requests that may be sent twice, where
// others to the same endpoint may not: what the body says makes the difference.
func (e Endpoint) asIdempotent() Endpoint {
	e.Idempotent = true
	return e
}

// asNoRetry returns the endpoint for requests that must not be repeated, where
// others to the same endpoint may be.
func (e Endpoint) asNoRetry() Endpoint {
	e.NoRetry = true
	return e
}

// revokesToken reports whether the endpoint deletes an access token. A 404 to that
// is never taken for success: the ID may be wrong, and the token still valid.
func (e Endpoint) revokesToken() bool {
	_, id, found := strings.Cut(e.Template, "/tokens/")
	return e.Method == http.MethodDelete && found && !strings.Contains(id, "/")
}

type endpointKey struct{}

// EndpointFromContext returns the endpoint that a request is for, from the
// request's context, and whether there is one. It is for an
// [http.RoundTripper] below the client that names a span or a metric by the
// template and not by the URL.
func EndpointFromContext(ctx context.Context) (Endpoint, bool) {
	if ctx == nil {
		return Endpoint{}, false
	}
	e, ok := ctx.Value(endpointKey{}).(*Endpoint)
	if !ok {
		return Endpoint{}, false
	}
	return *e, true
}

// pathArg is the value of a placeholder, and the name under which the caller
// knows it.
type pathArg struct {
	name, value string
}

// decodedTwice holds the placeholders that the service decodes twice, and that
// its own command-line tool therefore escapes twice. Escaped once, they work
// until a name has a slash or a percent sign.
var decodedTwice = map[string]bool{
	"accountName":       true,
	"resourceTypeAndId": true,
	"object":            true,
}

// path fills the template's placeholders with args, in order, and returns the
// path as it goes onto the wire, each argument one segment of it.
func (e Endpoint) path(args []pathArg) (string, error) { return e.pathBelow("", args) }

// pathBelow returns base and the path after it.
func (e Endpoint) pathBelow(base string, args []pathArg) (string, error) {
	if base == "" && len(args) == 0 && !strings.Contains(e.Template, "{") {
		return escapeLiteral(e.Template), nil // without a copy
	}
	var escaped strings.Builder
	length := len(base) + len(e.Template)
	for _, arg := range args {
		length += len(arg.value)
	}
	escaped.Grow(length)
	escaped.WriteString(base)
	rest := e.Template
	for _, arg := range args {
		literal, after, found := strings.Cut(rest, "{")
		if !found {
			return "", fmt.Errorf("pulumiapi: %s: more arguments than placeholders", e)
		}
		placeholder, after, _ := strings.Cut(after, "}")
		// They can't be escaped, and a proxy or the server would resolve dots
		// into another endpoint.
		if arg.value == "" || arg.value == "." || arg.value == ".." {
			return "", &ArgumentError{Name: arg.name, Value: arg.value, Reason: `must not be empty, "." or ".."`}
		}
		segment := url.PathEscape(arg.value)
		if decodedTwice[placeholder] {
			segment = url.PathEscape(segment)
		}
		escaped.WriteString(escapeLiteral(literal))
		escaped.WriteString(segment)
		rest = after
	}
	if strings.Contains(rest, "{") {
		return "", fmt.Errorf("pulumiapi: %s: fewer arguments than placeholders", e)
	}
	escaped.WriteString(escapeLiteral(rest))
	return escaped.String(), nil
}

// escapeLiteral escapes what a template has beside its placeholders. Anything
// in it that a path can't hold would make net/url escape the path anew, and
// take an argument's slash for a separator.
func escapeLiteral(text string) string {
	return (&url.URL{Path: text}).EscapedPath()
}

// placeholders returns the names of the template's placeholders, in order.
func (e Endpoint) placeholders() []string {
	var names []string
	rest := e.Template
	for {
		_, after, found := strings.Cut(rest, "{")
		if !found {
			return names
		}
		name, after, _ := strings.Cut(after, "}")
		names = append(names, name)
		rest = after
	}
}
