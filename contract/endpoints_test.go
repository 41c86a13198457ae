package contract

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/pulumiapi/pulumiapi"
)

// unknownEndpoint is a path segment that no server has.
const unknownEndpoint = "pulumiapi-no-such-endpoint"

// note remembers whether the server has the endpoint of a request, as far as its
// response shows. A server does not have an endpoint if it responds with 405 or 501, or
// with a 404 that looks like its responses to paths that no server has. If an endpoint
// has worked before, the server has it, and the 404 is about a thing that is missing.
func (a *answers) note(req *http.Request, got answer) {
	endpoint, ok := pulumiapi.EndpointFromContext(req.Context())
	if !ok {
		return
	}
	a.mu.Lock()
	known := a.works[endpoint.String()]
	a.mu.Unlock()
	reason := ""
	switch {
	case known:
		return
	case got.status == http.StatusMethodNotAllowed, got.status == http.StatusNotImplemented:
		reason = fmt.Sprintf("the server does not have %s: it responds with %d", endpoint, got.status)
	case got.status == http.StatusNotFound && a.isUnknown(req, endpoint, got):
		reason = fmt.Sprintf("the server does not have %s: it responds with 404, as to any unknown path", endpoint)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.works[endpoint.String()] = got.status < 400
	a.lacking[endpoint.String()] = reason
}

// isUnknown reports whether the server responds to a request as it does to one for an
// endpoint that no server has: beside it, or anywhere.
func (a *answers) isUnknown(req *http.Request, endpoint pulumiapi.Endpoint, got answer) bool {
	template := strings.Split(endpoint.Template, "/")
	path := strings.Split(req.URL.EscapedPath(), "/")
	base, args := path[:len(path)-len(template)+1], path[len(path)-len(template)+1:]
	beside := append([]string{}, args...)
	for i := len(beside) - 1; i >= 0; i-- {
		if !strings.HasPrefix(template[i+1], "{") {
			beside[i] = unknownEndpoint
			break
		}
	}
	for _, probe := range [][]string{beside, {"api", unknownEndpoint}} {
		req, err := newProbe(req, strings.Join(append(append([]string{}, base...), probe...), "/"))
		if err != nil {
			return false
		}
		unknown, err := a.send(req)
		if err != nil {
			return false
		}
		if unknown.status == got.status && bytes.Equal(unknown.form(), got.form()) {
			return true
		}
	}
	return false
}

// newProbe returns a request that reads another path, with the same credentials.
func newProbe(req *http.Request, escapedPath string) (*http.Request, error) {
	path, err := url.PathUnescape(escapedPath)
	if err != nil {
		return nil, err
	}
	probe := req.Clone(req.Context())
	if probe.Method != http.MethodHead { // whose responses have no body to compare
		probe.Method = http.MethodGet
	}
	probe.URL.Path, probe.URL.RawPath, probe.URL.RawQuery = path, escapedPath, ""
	probe.Body, probe.GetBody, probe.ContentLength = nil, nil, 0
	probe.Header.Del("Content-Type")
	return probe, nil
}

// varying is what differs between the responses to requests for unknown endpoints: the
// method, the path, IDs and times.
var varying = regexp.MustCompile(`\b(?:GET|HEAD|POST|PUT|PATCH|DELETE)\b|(?:/[^\s"'<>/]+)+|[0-9A-Fa-f-]{8,}|\d+`)

// form returns the body without what varies from request to request.
func (a answer) form() []byte {
	a.header = a.header.Clone()
	a.unpack()
	return varying.ReplaceAll(a.body, []byte("…"))
}

// lacks returns why an endpoint is not there, or "" if it is.
func (a *answers) lacks(endpoint pulumiapi.Endpoint) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.lacking[endpoint.String()]
}

// judge returns what a check has found as its outcome: a skipped if the check could not
// be made, and nothing else is wrong.
func (c *cloud) judge(err error) error {
	if err == nil {
		return nil
	}
	reasons, only := c.reasons(err)
	switch {
	case !only:
		return err
	case c.strict:
		return fmt.Errorf("skipped, which -strict does not allow: %s", strings.Join(reasons, "; "))
	}
	return skipf("%s", strings.Join(reasons, "; "))
}

// reasons returns why a check could not be made, and whether err says nothing else.
func (c *cloud) reasons(err error) (reasons []string, only bool) {
	switch err := err.(type) { //nolint:errorlint // it goes through the tree itself
	case nil:
		return nil, false
	case *skipped:
		return []string{err.reason}, true
	case *pulumiapi.APIError:
		reason := c.answers.lacks(err.Endpoint)
		return []string{reason}, reason != ""
	case interface{ Unwrap() []error }:
		for _, part := range err.Unwrap() {
			more, only := c.reasons(part)
			if !only {
				return nil, false
			}
			reasons = append(reasons, more...)
		}
		return reasons, true
	}
	return c.reasons(errors.Unwrap(err))
}
