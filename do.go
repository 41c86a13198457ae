package pulumiapi

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"github.com/pulumiapi/pulumiapi/internal/transport"
)

// Request is a call of an operation that the package has no method for. See
// [Client.Do].
type Request struct {
	// Endpoint is the operation: its method, its path with placeholders as the
	// service's description writes it, and what says whether it may be retried.
	Endpoint Endpoint
	// Args are the values of the placeholders, in order, as they are: they
	// are escaped here.
	Args []string
	// Query is the URL's query.
	Query url.Values
	// Header replaces headers that would be sent otherwise. A nil value
	// leaves the header out.
	Header http.Header
	// Body is nil, an io.Reader or a []byte or [json.RawMessage] that is sent
	// as it is, or a value that is sent as JSON. A reader is read from its
	// present position on; the request is sent again only if it is an
	// io.Seeker, too.
	Body any
	// ContentType is the body's: application/json unless set.
	ContentType string
}

// Do calls an operation that the package has no method for, with the client's
// credentials, retries and errors. The answer's body goes to out: an
// io.Writer gets it as it is, another pointer is set to what the JSON holds,
// and nil means that it is of no interest: then a success is one whether its body
// arrives as a whole or not.
//
// The error is an [*APIError], a [*CallError] or an [*ArgumentError], as from
// every method. What is known of the answer is returned with an error, too,
// unless nothing was sent.
func (c *Client) Do(ctx context.Context, req Request, out any) (*ResponseInfo, error) {
	r := call{
		endpoint:    req.Endpoint,
		query:       req.Query,
		header:      req.Header,
		contentType: req.ContentType,
	}
	if err := checkEndpoint(req.Endpoint); err != nil {
		return nil, err
	}
	if err := checkHeader(req); err != nil {
		return nil, err
	}
	placeholders := req.Endpoint.placeholders()
	if len(placeholders) != len(req.Args) {
		return nil, &ArgumentError{Name: "req.Args", Reason: fmt.Sprintf(
			"%s has %d placeholders, but there are %d arguments", req.Endpoint, len(placeholders), len(req.Args))}
	}
	for i, value := range req.Args {
		r.args = append(r.args, pathArg{fmt.Sprintf("req.Args[%d] (%s)", i, placeholders[i]), value})
	}
	var err error
	if r.body, err = requestBody(req.Body); err != nil {
		return nil, err
	}
	r.decoding.secret = out != nil && mayBringSecret(reflect.TypeOf(out))
	if r.receive, err = c.receiver(r, out); err != nil { //nolint:bodyclose // what receives a body closes it
		return nil, err
	}
	return c.send(ctx, r)
}

func checkEndpoint(e Endpoint) error {
	switch {
	case e.Read && e.Method != http.MethodPost:
		return newArgumentError("req.Endpoint.Read", e.Method, "is for a POST that only reads")
	case e.Idempotent && e.Method != http.MethodPost && e.Method != http.MethodPatch:
		return newArgumentError("req.Endpoint.Idempotent", e.Method, "is for a POST or PATCH")
	case e.Idempotent && e.Read:
		return &ArgumentError{Name: "req.Endpoint.Idempotent", Reason: "is for a write, and Read is set"}
	case e.NoRetry && !e.isRead():
		return newArgumentError("req.Endpoint.NoRetry", e.Method, "is for a read: a GET, a HEAD, or a POST with Read")
	case e.Method == "" || strings.ContainsFunc(e.Method, func(r rune) bool { return r < 'A' || r > 'Z' }):
		return newArgumentError("req.Endpoint.Method", e.Method, "must be an HTTP method, in capital letters")
	case !strings.HasPrefix(e.Template, "/"):
		return newArgumentError("req.Endpoint.Template", e.Template, "must begin with a slash")
	case strings.ContainsAny(e.Template, "?#%\\ "):
		return newArgumentError("req.Endpoint.Template", e.Template, "must be a path with placeholders: no query, no escapes, no spaces")
	case hasDotSegment(e.Template):
		return newArgumentError("req.Endpoint.Template", e.Template, `must not have "." or ".." in it`)
	case !placeholdersFillSegments(e.Template):
		return newArgumentError("req.Endpoint.Template", e.Template, `must have its placeholders as whole segments: "/{name}/"`)
	}
	return nil
}

// checkHeader refuses what net/http would, but only after the request is counted
// as sent.
func checkHeader(req Request) error {
	for name, values := range req.Header {
		if name == "" || strings.ContainsFunc(name, isNoTokenChar) {
			return newArgumentError("req.Header", name, "is not the name of a header")
		}
		if slices.ContainsFunc(values, isNoHeaderValue) {
			// The value may be a secret.
			return &ArgumentError{Name: "req.Header[" + name + "]", Reason: "holds a character that a header can't carry"}
		}
	}
	if isNoHeaderValue(req.ContentType) {
		return newArgumentError("req.ContentType", req.ContentType, "holds a character that a header can't carry")
	}
	return nil
}

// isNoTokenChar reports whether r can't stand in a header's name (RFC 9110,
// section 5.6.2).
func isNoTokenChar(r rune) bool {
	isAlphanumeric := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
	return !isAlphanumeric && !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
}

// isNoHeaderValue reports whether text can't stand in a header.
func isNoHeaderValue(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
}

func placeholdersFillSegments(template string) bool {
	for segment := range strings.SplitSeq(template, "/") {
		name, opened := strings.CutPrefix(segment, "{")
		name, closed := strings.CutSuffix(name, "}")
		if opened != closed || strings.ContainsAny(name, "{}") || (opened && name == "") {
			return false
		}
	}
	return true
}

func requestBody(body any) (transport.Body, error) {
	if isNilPointer(body) {
		return transport.Body{}, &ArgumentError{Name: "req.Body", Reason: fmt.Sprintf("is a nil %T", body)}
	}
	switch body := body.(type) {
	case nil:
		return transport.Body{}, nil
	case io.Reader:
		return transport.ReaderBody(body), nil
	case []byte:
		return transport.BytesBody(body), nil
	case json.RawMessage:
		return transport.BytesBody(body), nil
	}
	return jsonBody("req.Body", body)
}

// isNilPointer reports whether v is a nil pointer in an interface that is not nil.
func isNilPointer(v any) bool {
	value := reflect.ValueOf(v)
	return value.Kind() == reflect.Pointer && value.IsNil()
}

// receiver returns what reads a success's body into out.
func (c *Client) receiver(r call, out any) (func(*http.Response) error, error) {
	if out == nil {
		return nil, nil //nolint:nilnil // nothing to receive is not an error
	}
	if isNilPointer(out) {
		return nil, &ArgumentError{Name: "out", Reason: fmt.Sprintf("is a nil %T", out)}
	}
	if w, ok := out.(io.Writer); ok {
		return func(resp *http.Response) error {
			_, err := copyBody(resp.Body, w)
			return err
		}, nil
	}
	target := reflect.ValueOf(out)
	if target.Kind() != reflect.Pointer {
		return nil, &ArgumentError{Name: "out", Reason: fmt.Sprintf("must be a pointer or an io.Writer, not %T", out)}
	}
	r.decoding.foreign = true
	return func(resp *http.Response) error {
		fresh := reflect.New(target.Type().Elem())
		if err := r.decoding.read(resp, fresh.Interface(), c.limits.of(r.decoding)); err != nil {
			return err
		}
		target.Elem().Set(fresh.Elem())
		return nil
	}, nil
}

// copyBody copies a success's body to w as it comes, closes it, and returns how
// much w has got.
func copyBody(body io.ReadCloser, w io.Writer) (int64, error) {
	writer := &failingWriter{writer: w}
	n, err := io.Copy(writer, body)
	if closeErr := body.Close(); err == nil {
		err = closeErr
	}
	switch {
	case err == nil:
		return n, nil
	case writer.err != nil:
		return n, transport.Permanent(fmt.Errorf("the answer could not be written after %d bytes: %w", n, writer.err))
	}
	err = cutOff(n, err)
	if n > 0 {
		// The caller has a part of it already.
		err = transport.Permanent(err)
	}
	return n, err
}

// failingWriter remembers how writing failed: that is not the answer's fault.
type failingWriter struct {
	writer io.Writer
	err    error
}

func (w *failingWriter) Write(p []byte) (int, error) {
	n, err := w.writer.Write(p)
	if err != nil {
		w.err = err
	}
	return n, err
}
