package pulumiapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/go-querystring/query"

	"github.com/pulumiapi/pulumiapi/internal/jsonx"
	"github.com/pulumiapi/pulumiapi/internal/transport"
)

const (
	// mediaType asks for the form of answers that the documentation shows.
	mediaType = "application/vnd.pulumi+8"
	jsonType  = "application/json"

	requestIDHeader = "X-Pulumi-Request-ID"

	// maxAnswer is the longest JSON answer that is read into memory.
	maxAnswer = 64 << 20
	// maxErrorBody is how much of a refusal is read.
	maxErrorBody = 64 << 10
)

// call is one call of the service, before there is a request for it.
type call struct {
	endpoint Endpoint
	args     []pathArg
	query    url.Values
	body     *transport.Body
	// contentType is the body's; JSON unless set.
	contentType string
	// header replaces what the request would carry otherwise.
	header http.Header
	// unlimited lifts the limit on a JSON answer, which an export may exceed.
	unlimited bool
	// secrets are in the body, and must not show if the answer repeats them.
	secrets []Secret
	// receive reads the body of a success; nil means that nothing in it is of
	// interest. It may run more than once, each time on a new answer.
	receive func(resp *http.Response) error
}

// send makes the call. It returns what is known of the last answer.
func (c *Client) send(ctx context.Context, r call) (*ResponseInfo, error) {
	if c.transport == nil {
		return nil, &ArgumentError{Name: "client", Reason: "was not made by NewClient"}
	}
	if ctx == nil {
		return nil, &ArgumentError{Name: "ctx", Reason: "is nil"}
	}
	captured, capturing := ctx.Value(captureKey{}).(*ResponseInfo)
	if capturing {
		*captured = ResponseInfo{}
	}
	path, err := r.endpoint.path(r.args)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		if cause := context.Cause(ctx); !errors.Is(err, cause) {
			err = fmt.Errorf("%w: %w", err, cause)
		}
		return nil, &CallError{Endpoint: r.endpoint, Path: path, Err: err}
	}
	ctx = context.WithValue(ctx, endpointKey{}, r.endpoint)
	req := (&http.Request{
		Method:     r.endpoint.Method,
		URL:        c.url(path, r.query),
		Host:       c.base.Host,
		Header:     c.header(r),
		Proto:      "HTTP/1.1",
		ProtoMajor: 1,
		ProtoMinor: 1,
	}).WithContext(ctx)

	info := new(ResponseInfo)
	outcome, err := c.transport.Do(&transport.Call{ //nolint:contextcheck // the context is the request's
		Request:    req,
		Body:       r.body,
		Idempotent: r.endpoint.isIdempotent(),
		Endpoint:   r.endpoint.String(),
		Path:       path,
		OnAnswer: func(resp *http.Response, sofar transport.Outcome) {
			*info = ResponseInfo{
				StatusCode: resp.StatusCode,
				Header:     resp.Header,
				RequestID:  resp.Header.Get(requestIDHeader),
				Attempts:   sofar.Attempts,
			}
		},
		Handle: func(resp *http.Response, sofar transport.Outcome) error {
			return r.handle(resp, path, sofar)
		},
	})
	if info.Attempts != outcome.Attempts {
		// The last attempt was not answered; what an earlier one was is no
		// answer to the call.
		*info = ResponseInfo{Attempts: outcome.Attempts}
	}
	if capturing {
		*captured = *info
	}
	if err != nil {
		return info, r.failure(err, path, info.RequestID, outcome)
	}
	return info, nil
}

// url returns the request's URL. path is escaped, and stays as it is.
func (c *Client) url(path string, query url.Values) *url.URL {
	u := *c.base
	u.RawPath = c.base.EscapedPath() + path
	// A placeholder's escapes are ours and valid; a template's are its author's.
	if decoded, err := url.PathUnescape(u.RawPath); err == nil {
		u.Path = decoded
	} else {
		u.Path = u.RawPath
	}
	u.RawQuery = query.Encode()
	return &u
}

func (c *Client) header(r call) http.Header {
	contentType := r.contentType
	if contentType == "" {
		contentType = jsonType
	}
	header := http.Header{
		// On the request, and not in a RoundTripper, which would put it onto
		// whatever a redirect leads to.
		"Authorization": {"token " + c.token.Reveal()},
		"Accept":        {mediaType},
		"Content-Type":  {contentType},
		"User-Agent":    {c.userAgent},
	}
	for name, values := range r.header {
		header[http.CanonicalHeaderKey(name)] = values
	}
	return header
}

// handle makes of an answer what the caller gets.
func (r call) handle(resp *http.Response, path string, sofar transport.Outcome) error {
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		refused, byService := r.refusal(resp, path, sofar)
		if byService && r.isDeletedAlready(refused, sofar) {
			return nil
		}
		return refused
	}
	if r.receive == nil {
		return r.receiveNothing(resp)
	}
	return r.receive(resp)
}

// isDeletedAlready reports whether the thing to delete is gone because an
// attempt whose answer was lost has deleted it.
func (r call) isDeletedAlready(refused *APIError, sofar transport.Outcome) bool {
	return refused.StatusCode == http.StatusNotFound && r.endpoint.Method == http.MethodDelete &&
		sofar.Uncertain && r.receive == nil
}

// refusal returns what the answer says, and whether the service can have said
// it, or only something in front of it.
func (r call) refusal(resp *http.Response, path string, sofar transport.Outcome) (refused *APIError, byService bool) {
	e := &APIError{
		StatusCode: resp.StatusCode,
		RequestID:  resp.Header.Get(requestIDHeader),
		Endpoint:   r.endpoint,
		Path:       path,
		Attempts:   sofar.Attempts,
		Header:     resp.Header,
	}
	e.RetryAfter, _ = transport.RetryAfter(resp.Header, time.Now())
	byService = e.readErrorBody(transport.ReadStart(resp, maxErrorBody), r.redactor(resp))
	return e, byService
}

// redactor returns what makes a text of the answer's fit to be shown: it drops
// control characters, and puts "[redacted]" for the token and for the secrets
// that the request carried.
func (r call) redactor(resp *http.Response) func(string) string {
	return func(text string) string {
		text = transport.Redact(resp.Request, printable(text))
		for _, secret := range r.secrets {
			if !secret.IsZero() {
				text = strings.ReplaceAll(text, secret.Reveal(), redacted)
			}
		}
		return text
	}
}

// receiveNothing reads a success whose body is of no interest. The service may
// send one or not, but never a page: that is a proxy's, which wants somebody to
// sign in, and nothing has been done.
func (r call) receiveNothing(resp *http.Response) error {
	if body := transport.ReadStart(resp, maxErrorBody); isPage(resp, body) {
		return r.unexpected("JSON", resp, body)
	}
	return nil
}

// isPage reports whether a body that begins so is HTML, or in an encoding that
// was not asked for.
func isPage(resp *http.Response, start []byte) bool {
	start = trimStart(start)
	return bytes.HasPrefix(start, []byte("<")) || len(start) > 0 &&
		(resp.Header.Get("Content-Encoding") != "" || strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html"))
}

// trimStart returns a body without white space and the mark that some put first.
func trimStart(body []byte) []byte {
	return bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\ufeff")))
}

// failure returns the error that the caller gets for the one that ended the call.
func (r call) failure(err error, path, requestID string, outcome transport.Outcome) error {
	unknown := outcome.Uncertain && r.endpoint.isWrite()
	if refused, ok := err.(*APIError); ok { //nolint:errorlint // one that is wrapped is not the call's outcome
		final := *refused // which observers may have kept
		final.Attempts = outcome.Attempts
		final.outcomeUnknown = unknown
		return &final
	}
	return &CallError{
		Endpoint:       r.endpoint,
		Path:           path,
		RequestID:      requestID,
		Attempts:       outcome.Attempts,
		Err:            err,
		outcomeUnknown: unknown,
	}
}

// answerBuffers holds buffers for answers that are decoded at once.
var answerBuffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// maxPooledBuffer keeps one large answer from holding its memory for good.
const maxPooledBuffer = 4 << 20

// decodeBody reads a success's body, which must be one JSON value of at most
// limit bytes, into v.
func (r call) decodeBody(resp *http.Response, v any, limit int64) error {
	buffer, _ := answerBuffers.Get().(*bytes.Buffer)
	defer func() {
		if buffer.Cap() <= maxPooledBuffer {
			buffer.Reset()
			answerBuffers.Put(buffer)
		}
	}()
	// What a header claims is believed up to the usual limit only.
	if size := resp.ContentLength; size > 0 && size <= maxAnswer {
		buffer.Grow(int(size) + bytes.MinRead)
	}
	_, err := buffer.ReadFrom(io.LimitReader(resp.Body, limit+1))
	if closeErr := resp.Body.Close(); err == nil {
		err = closeErr
	}
	switch body := trimStart(buffer.Bytes()); {
	case err != nil:
		return fmt.Errorf("the answer was cut off after %d bytes: %w", buffer.Len(), err)
	case int64(buffer.Len()) > limit:
		return fmt.Errorf("the answer is longer than the %d MiB that are read at most", limit>>20)
	case len(body) == 0:
		return fmt.Errorf("the answer (status %d) has no body", resp.StatusCode)
	case string(body) == "null" && reflect.TypeOf(v).Elem().Kind() != reflect.Slice:
		return errors.New("the answer is null")
	default:
		return r.decodeAnswer(resp, body, v)
	}
}

func (r call) decodeAnswer(resp *http.Response, body []byte, v any) error {
	err := jsonx.Decode(body, v)
	switch {
	case err == nil:
		return nil
	case jsonx.IsTruncated(err):
		return fmt.Errorf("the answer was cut off after %d bytes: %w", len(body), io.ErrUnexpectedEOF)
	case jsonx.IsSyntaxError(err):
		return r.unexpected("JSON", resp, body)
	default:
		// The decoder's error quotes the answer.
		return fmt.Errorf("the answer is JSON of another form than expected: %s",
			oneLine(r.redactor(resp)(err.Error()), maxErrorText))
	}
}

// unexpected says what came instead of JSON, or of text. What begins like JSON is
// not shown: it is the service's, and may hold secrets.
func (r call) unexpected(wanted string, resp *http.Response, body []byte) error {
	contentType := oneLine(resp.Header.Get("Content-Type"), maxErrorPath)
	start := trimStart(body)
	if bytes.HasPrefix(start, []byte("{")) || bytes.HasPrefix(start, []byte("[")) {
		return fmt.Errorf("the answer is not %s: content type %q, %d bytes that only begin like JSON", wanted, contentType, len(body))
	}
	return fmt.Errorf("the answer is not %s: content type %q, begins %q", wanted, contentType,
		oneLine(r.redactor(resp)(string(start[:min(len(start), maxErrorBody)])), maxExcerpt))
}

// fetch makes a call whose answer is a T.
func fetch[T any](ctx context.Context, c *Client, r call) (*T, error) {
	var value *T
	limit := int64(maxAnswer)
	if r.unlimited {
		limit = math.MaxInt64 - 1
	}
	r.receive = func(resp *http.Response) error {
		// A new one each time: what a broken answer has left must not show.
		fresh := new(T)
		err := r.decodeBody(resp, fresh, limit)
		value = fresh
		return err
	}
	if _, err := c.send(ctx, r); err != nil {
		return nil, err
	}
	return value, nil
}

// fetchAll makes a call whose answer is an array of T, with all there is.
func fetchAll[T any](ctx context.Context, c *Client, r call) ([]T, error) {
	all, err := fetch[[]T](ctx, c, r)
	if err != nil {
		return nil, err
	}
	return *all, nil
}

// fetchWithBody makes a call that sends body as JSON, and whose answer is a T.
// name is the argument that body comes from.
func fetchWithBody[T any](ctx context.Context, c *Client, r call, name string, body any) (*T, error) {
	var err error
	if r.body, err = jsonBody(name, body); err != nil {
		return nil, err
	}
	return fetch[T](ctx, c, r)
}

// execute makes a call whose answer is of no interest.
func execute(ctx context.Context, c *Client, r call) error {
	_, err := c.send(ctx, r)
	return err
}

// executeWithBody makes a call that sends body as JSON, and whose answer is of
// no interest. name is the argument that body comes from.
func executeWithBody(ctx context.Context, c *Client, r call, name string, body any) error {
	var err error
	if r.body, err = jsonBody(name, body); err != nil {
		return err
	}
	return execute(ctx, c, r)
}

// jsonBody returns v as the body of a request. name is the argument it is.
func jsonBody(name string, v any) (*transport.Body, error) {
	data, err := requestEncoder.Encode(v)
	if err != nil {
		return nil, &ArgumentError{Name: name, Reason: "can't be sent as JSON: " + err.Error()}
	}
	return transport.BytesBody(data), nil
}

// encodeQuery returns the options' `url` tags as a query.
func encodeQuery(opts any) (url.Values, error) {
	values, err := query.Values(opts)
	if err != nil {
		return nil, &ArgumentError{Name: "opts", Reason: err.Error()}
	}
	return values, nil
}

// Request is a call of an operation that the package has no method for. See
// [Client.Do].
type Request struct {
	// Endpoint is the operation: its method, its path with placeholders as
	// the service's description writes it, and whether a POST only reads.
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
	if r.receive, err = r.receiver(out); err != nil { //nolint:bodyclose // what receives a body closes it
		return nil, err
	}
	return c.send(ctx, r)
}

func checkEndpoint(e Endpoint) error {
	switch {
	case e.Read && e.Method != http.MethodPost:
		return newArgumentError("req.Endpoint.Read", e.Method, "is for a POST that only reads")
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

func requestBody(body any) (*transport.Body, error) {
	if isNilPointer(body) {
		return nil, &ArgumentError{Name: "req.Body", Reason: fmt.Sprintf("is a nil %T", body)}
	}
	switch body := body.(type) {
	case nil:
		return nil, nil //nolint:nilnil // no body is not an error
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
func (r call) receiver(out any) (func(*http.Response) error, error) {
	if out == nil {
		return nil, nil //nolint:nilnil // nothing to receive is not an error
	}
	if isNilPointer(out) {
		return nil, &ArgumentError{Name: "out", Reason: fmt.Sprintf("is a nil %T", out)}
	}
	if w, ok := out.(io.Writer); ok {
		return func(resp *http.Response) error { return copyBody(resp, w) }, nil
	}
	target := reflect.ValueOf(out)
	if target.Kind() != reflect.Pointer {
		return nil, &ArgumentError{Name: "out", Reason: fmt.Sprintf("must be a pointer or an io.Writer, not %T", out)}
	}
	return func(resp *http.Response) error {
		fresh := reflect.New(target.Type().Elem())
		if err := r.decodeBody(resp, fresh.Interface(), maxAnswer); err != nil {
			return err
		}
		target.Elem().Set(fresh.Elem())
		return nil
	}, nil
}

// copyBody copies a success's body to w as it comes.
func copyBody(resp *http.Response, w io.Writer) error {
	writer := &failingWriter{writer: w}
	n, err := io.Copy(writer, resp.Body)
	if closeErr := resp.Body.Close(); err == nil {
		err = closeErr
	}
	switch {
	case err == nil:
		return nil
	case writer.err != nil:
		return transport.Permanent(fmt.Errorf("the answer could not be written after %d bytes: %w", n, writer.err))
	}
	err = fmt.Errorf("the answer was cut off after %d bytes: %w", n, err)
	if n > 0 {
		// The caller has a part of it already.
		return transport.Permanent(err)
	}
	return err
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

// ResponseInfo is what is known of an answer beside its body.
type ResponseInfo struct {
	// StatusCode is the HTTP status; 0 if there was no answer.
	StatusCode int
	// Header is the answer's header.
	Header http.Header
	// RequestID names the request for Pulumi's support.
	RequestID string
	// Attempts is how often the request was sent.
	Attempts int
}

type captureKey struct{}

// CaptureResponse returns a context with which any method that sends a request
// fills in info when it returns, whether it fails or not. A list fills it in with each page. One
// info serves one call at a time.
func CaptureResponse(ctx context.Context, info *ResponseInfo) context.Context {
	if ctx == nil || info == nil {
		return ctx
	}
	return context.WithValue(ctx, captureKey{}, info)
}
