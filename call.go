package pulumiapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/pulumiapi/pulumiapi/internal/jsonx"
	"github.com/pulumiapi/pulumiapi/internal/transport"
)

const (
	// mediaType asks for the form of answers that the documentation shows.
	mediaType = "application/vnd.pulumi+8"
	jsonType  = "application/json"

	// defaultMaxAnswer is the longest JSON answer that is read into memory.
	defaultMaxAnswer = 64 << 20
	// defaultMaxState is that of a stack's state.
	defaultMaxState = 1 << 30
	// maxIncomplete is how long an answer may be that has come as a whole, ends
	// within its JSON, and is fetched again.
	maxIncomplete = 1 << 20
	// maxErrorBody is how much of a refusal is read.
	maxErrorBody = 64 << 10
)

// call is one call of the service, before there is a request for it.
type call struct {
	endpoint Endpoint
	args     []pathArg
	query    url.Values
	body     transport.Body
	// contentType is the body's; JSON unless set.
	contentType string
	// header replaces what the request would carry otherwise.
	header http.Header
	// anonymous leaves out the access token.
	anonymous bool
	// decoding is how the JSON of a success is read.
	decoding decoding
	// known is a pointer to what is known of the result without a response: it is
	// the result if a success has no body. Nil means that a body is required.
	known any
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
	base := c.base.EscapedPath()
	wholePath, err := r.endpoint.pathBelow(base, r.args)
	if err != nil {
		return nil, err
	}
	path := wholePath[len(base):]
	if ctx.Err() != nil {
		return nil, &CallError{Endpoint: r.endpoint, Path: path, Err: transport.EndOf(ctx)}
	}
	x := &exchange{call: r, path: path}
	c.setURL(&x.url, wholePath, r.query)
	x.request = http.Request{
		Method:     r.endpoint.Method,
		URL:        &x.url,
		Host:       c.base.Host,
		Header:     c.header(&x.call),
		Proto:      "HTTP/1.1",
		ProtoMajor: 1,
		ProtoMinor: 1,
	}
	x.sent = transport.Call{
		Context:      ctx,
		Request:      &x.request,
		Body:         r.body,
		Idempotent:   r.endpoint.isIdempotent(),
		Once:         r.endpoint.NoRetry,
		Confidential: r.decoding.secret,
		Handler:      x,
		Credentials:  c.credentials(&x.call),
		Endpoint:     &x.call.endpoint,
		Path:         path,
	}
	outcome, err := c.transport.Do(&x.sent) //nolint:contextcheck // the context is the call's
	if x.info.Attempts != outcome.Attempts {
		// The last attempt was not answered; what an earlier one was is no
		// answer to the call.
		x.info = ResponseInfo{Attempts: outcome.Attempts}
	}
	if capturing {
		*captured = x.info
	}
	if err != nil {
		return &x.info, x.call.failure(err, path, x.info.RequestID, outcome)
	}
	return &x.info, nil
}

// exchange is a call under way. It is the [transport.Handler] of its answers.
type exchange struct {
	call    call
	path    string
	url     url.URL
	request http.Request
	sent    transport.Call
	info    ResponseInfo // of the last answer
}

// Value implements [transport.Handler]: it is what [EndpointFromContext] finds.
func (x *exchange) Value(key any) any {
	if key == (endpointKey{}) {
		return &x.call.endpoint
	}
	return nil
}

// Answered implements [transport.Handler].
func (x *exchange) Answered(resp *http.Response, sofar transport.Outcome) {
	x.info = ResponseInfo{
		StatusCode: resp.StatusCode,
		Header:     resp.Header,
		RequestID:  transport.RequestID(resp),
		Attempts:   sofar.Attempts,
	}
}

// Receive implements [transport.Handler].
func (x *exchange) Receive(resp *http.Response, sofar transport.Outcome) error {
	return x.call.handle(resp, x.path, sofar)
}

// setURL makes u the request's URL. The path, with the base URL's, is escaped, and
// stays as it is.
func (c *Client) setURL(u *url.URL, path string, query url.Values) {
	*u = *c.base
	u.RawPath = path
	// A placeholder's escapes are ours and valid; a template's are its author's.
	if decoded, err := url.PathUnescape(u.RawPath); err == nil {
		u.Path = decoded
	} else {
		u.Path = u.RawPath
	}
	u.RawQuery = query.Encode()
}

// commonHeader returns what the requests of a client have in common, whose values
// they share: a token that does not change is in it. It is a function, as fmt and
// its like would print a map.
type commonHeader func() http.Header

func newHeader(userAgent string) commonHeader {
	header := http.Header{"Accept": {mediaType}, "Content-Type": {jsonType}, "User-Agent": {userAgent}}
	return func() http.Header { return header }
}

func (c *Client) header(r *call) http.Header {
	header := maps.Clone(c.common())
	if r.contentType != "" {
		header["Content-Type"] = []string{r.contentType}
	}
	if r.anonymous {
		delete(header, "Authorization")
	}
	for name, values := range r.header {
		header[http.CanonicalHeaderKey(name)] = values
	}
	return header
}

// setToken puts an access token into a request's header. It is there, and not
// in a RoundTripper, which would put it onto whatever a redirect leads to.
func setToken(header http.Header, token Secret) {
	header["Authorization"] = []string{authorization(token)}
}

func authorization(token Secret) string { return "token " + token.Reveal() }

// credentials returns what authorizes each attempt of a call anew; nil if the
// call's header does.
func (c *Client) credentials(r *call) transport.Credentials {
	if c.tokens == nil || r.anonymous {
		return nil
	}
	for name := range r.header {
		if http.CanonicalHeaderKey(name) == "Authorization" {
			return nil
		}
	}
	return c.tokens
}

// handle makes of an answer what the caller gets.
func (r *call) handle(resp *http.Response, path string, sofar transport.Outcome) error {
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

// isDeletedAlready reports whether a 404 means that an earlier attempt, whose
// response was lost, has deleted the thing. An attempt that got a 429 has not.
func (r *call) isDeletedAlready(refused *APIError, sofar transport.Outcome) bool {
	return refused.StatusCode == http.StatusNotFound && r.endpoint.Method == http.MethodDelete &&
		(sofar.Succeeded || sofar.Uncertain && !sofar.OnlyThrottled) && r.receive == nil && !r.endpoint.revokesToken()
}

// refusal returns what the answer says, and whether the service can have said
// it, or only something in front of it.
func (r *call) refusal(resp *http.Response, path string, sofar transport.Outcome) (refused *APIError, byService bool) {
	e := &APIError{
		StatusCode: resp.StatusCode,
		RequestID:  transport.RequestID(resp),
		Endpoint:   r.endpoint,
		Path:       path,
		Attempts:   sofar.Attempts,
		Header:     resp.Header,
	}
	e.RetryAfter, _ = transport.RetryAfter(resp.Header, time.Now())
	body := transport.ReadStart(resp, maxErrorBody)
	if r.decoding.secret {
		byService = e.readConfidentialBody(body)
	} else {
		byService = e.readErrorBody(body, redactor(resp))
	}
	return e, byService
}

// redactor returns what makes a text of the answer's fit to be shown: it drops
// control characters, and puts "[redacted]" for the secrets in it.
func redactor(resp *http.Response) func(string) string {
	return transport.NewRedactor(resp.Request).Clean
}

// receiveNothing reads a success whose body is of no interest. The service may
// send one or not, but never a page: that is a proxy's, which wants somebody to
// sign in, and nothing has been done.
func (r *call) receiveNothing(resp *http.Response) error {
	if body := transport.ReadStart(resp, maxErrorBody); isPage(resp, body) {
		return r.decoding.unexpected("JSON", resp, body)
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

// byteOrderMark is what some put first.
const byteOrderMark = "\ufeff"

// trimStart returns a body without white space and the mark.
func trimStart(body []byte) []byte {
	return bytes.TrimSpace(bytes.TrimPrefix(body, []byte(byteOrderMark)))
}

// failure returns the error that the caller gets for the one that ended the call.
func (r *call) failure(err error, path, requestID string, outcome transport.Outcome) error {
	known := callOutcome{
		unknown:    outcome.Uncertain && !outcome.Succeeded && r.endpoint.isWrite(),
		succeeded:  outcome.Succeeded && r.endpoint.isWrite(),
		transient:  outcome.Transient,
		overBudget: outcome.OverBudget,
		tooLate:    outcome.TooLate,
	}
	if refused, ok := err.(*APIError); ok { //nolint:errorlint // one that is wrapped is not the call's outcome
		final := *refused // which observers may have kept
		final.Attempts = outcome.Attempts
		final.outcome = known
		return &final
	}
	return &CallError{
		Endpoint:  r.endpoint,
		Path:      path,
		RequestID: requestID,
		Attempts:  outcome.Attempts,
		Err:       err,
		outcome:   known,
	}
}

// answerBuffers holds buffers for answers that are decoded at once.
var answerBuffers = sync.Pool{New: func() any { return new(answerBuffer) }}

// maxPooledBuffer keeps one large answer from holding its memory for good.
const maxPooledBuffer = 4 << 20

// decoding is how the JSON of a success is read.
type decoding struct {
	// state says that it is a stack's state, which may be large.
	state bool
	// secret says that the response may hold a secret, whatever its status: nothing
	// of it may be shown. See mayBringSecret.
	secret bool
	// foreign says that it is read into a type of the caller's.
	foreign bool
}

// answerLimits are how many bytes of an answer are read into memory.
type answerLimits struct{ state, other int64 }

func (l answerLimits) of(d decoding) int64 {
	if d.state {
		return l.state
	}
	return l.other
}

// read reads a success's body, which must be one JSON value of at most limit
// bytes, into v.
func (d decoding) read(resp *http.Response, v any, limit int64) error {
	if resp.ContentLength > limit {
		return errors.Join(tooLong(limit), resp.Body.Close())
	}
	// What may be large is not copied: what v holds as raw JSON stays in the buffer.
	var buffer *answerBuffer
	decode, size := jsonx.DecodeInPlace, resp.ContentLength
	if d.state {
		buffer = new(answerBuffer)
		size = transport.Length(resp, min(limit, defaultMaxAnswer))
	} else {
		buffer, _ = answerBuffers.Get().(*answerBuffer)
		decode = jsonx.Decode
		defer func() {
			if buffer.Cap() <= maxPooledBuffer {
				buffer.Reset()
				answerBuffers.Put(buffer)
			}
		}()
	}
	transport.LimitRatio(resp)
	buffer.source = io.LimitedReader{R: resp.Body, N: limit + 1}
	err := buffer.fill(min(size, limit))
	buffer.source.R = nil // the pool must not keep the answer alive
	if closeErr := resp.Body.Close(); err == nil {
		err = closeErr
	}
	switch {
	case errors.Is(err, transport.ErrRatio):
		return transport.Permanent(err)
	case err != nil:
		return cutOff(int64(buffer.Len()), err)
	case int64(buffer.Len()) > limit:
		return tooLong(limit)
	default:
		return d.whole(resp, buffer.Bytes(), v, decode)
	}
}

func tooLong(limit int64) error {
	return fmt.Errorf("the answer is longer than the %s that are read at most (WithMaxAnswer)", sizeText(limit))
}

// sizeText returns a number of bytes in MiB, if it is a whole number of them.
func sizeText(size int64) string {
	if size%(1<<20) == 0 {
		return fmt.Sprintf("%d MiB", size>>20)
	}
	return fmt.Sprintf("%d bytes", size)
}

// whole reads a success's body into v with decode, which is one of jsonx.
func (d decoding) whole(resp *http.Response, body []byte, v any, decode func([]byte, any) error) error {
	body = trimStart(body)
	switch {
	case len(body) == 0:
		return noBodyError{resp.StatusCode}
	case string(body) == "null" && reflect.TypeOf(v).Elem().Kind() != reflect.Slice:
		return errors.New("the answer is null")
	}
	switch err := d.decode(resp, body, v, decode); {
	case err == nil:
		return nil
	case errors.Is(err, errTooMuchMemory):
		return err
	case jsonx.IsTruncated(err) && len(body) > maxIncomplete:
		return fmt.Errorf("the answer is incomplete: its JSON ends after %d bytes", len(body))
	case jsonx.IsTruncated(err):
		return cutOff(int64(len(body)), io.ErrUnexpectedEOF)
	case jsonx.IsTooDeep(err):
		return errTooDeep
	case jsonx.IsSyntaxError(err):
		return d.unexpected("JSON", resp, body)
	default:
		return d.otherForm(resp, err)
	}
}

// noBodyError is about a success that has no body, where one is required.
type noBodyError struct{ status int }

// Error implements error.
func (e noBodyError) Error() string {
	return fmt.Sprintf("the response (status %d) has no body", e.status)
}

var errTooDeep = errors.New("the answer is nested too deeply")

// otherForm says that the answer is JSON that does not fit, as the decoder has
// found.
func (d decoding) otherForm(resp *http.Response, err error) error {
	if d.secret {
		return errors.New("the answer is JSON of another form than expected " + notShown)
	}
	// The decoder's error quotes the answer.
	return fmt.Errorf("the answer is JSON of another form than expected: %s",
		oneLine(redactor(resp)(err.Error()), maxErrorText))
}

// notShown is what stands in place of a response that may hold a secret.
const notShown = "(not shown, as it may hold a secret)"

// cutOff says how far an answer came.
func cutOff(read int64, err error) error {
	return fmt.Errorf("the answer was cut off after %d bytes: %w", read, err)
}

// unexpected says what came instead of JSON, or of text. What begins like JSON is
// not shown: it is the service's, and may hold secrets.
func (d decoding) unexpected(wanted string, resp *http.Response, body []byte) error {
	contentType := oneLine(resp.Header.Get("Content-Type"), maxErrorPath)
	start := trimStart(body)
	var err error
	switch {
	case d.secret:
		err = fmt.Errorf("the answer is not %s: content type %q, %d bytes %s", wanted, contentType, len(body), notShown)
	case bytes.HasPrefix(start, []byte("{")) || bytes.HasPrefix(start, []byte("[")):
		return fmt.Errorf("the answer is not %s: content type %q, %d bytes that only begin like JSON", wanted, contentType, len(body))
	default:
		err = fmt.Errorf("the answer is not %s: content type %q, begins %q", wanted, contentType,
			oneLine(redactor(resp)(string(start[:min(len(start), maxErrorBody)])), maxExcerpt))
	}
	if isPage(resp, body) {
		return transport.Foreign(err)
	}
	return err
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
