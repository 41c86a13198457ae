package pulumiapitest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"
)

// reply is what a handler answers: a status, and a wire form to be encoded as
// JSON, or nil for an empty body. A rawJSON is sent as the bytes it is, where an
// encoder would change what it has of white space and escapes.
type reply struct {
	status int
	body   any
}

type rawJSON []byte

// plainText is a body that is no JSON.
type plainText []byte

// download is the body of a file: compressed whether the client asks for that or
// not, and of no type.
type download struct {
	text []byte
	// declared says that the header Content-Encoding tells of the compression.
	declared bool
}

func (d download) response(status int) response {
	resp := response{
		status: status,
		header: http.Header{"Content-Type": nil}, // or net/http guesses one
		body:   gzipped(d.text),
		packed: true,
	}
	if d.declared {
		resp.header.Set("Content-Encoding", "gzip")
	}
	return resp
}

func ok(body any) reply { return reply{http.StatusOK, body} }

func created(body any) reply { return reply{http.StatusCreated, body} }

var noContent = reply{status: http.StatusNoContent}

// statusError is an error of the service: a handler returns it, the client gets
// it as status and error body.
type statusError struct {
	status  int
	message string
	header  http.Header
}

func (e *statusError) Error() string { return e.message }

func errorf(status int, format string, args ...any) error {
	return &statusError{status: status, message: fmt.Sprintf(format, args...)}
}

func badRequest(format string, args ...any) error {
	return errorf(http.StatusBadRequest, format, args...)
}

func notFound(format string, args ...any) error {
	return errorf(http.StatusNotFound, format, args...)
}

func conflict(format string, args ...any) error {
	return errorf(http.StatusConflict, format, args...)
}

// wireError is the body of every error.
type wireError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

// response is an answer, ready to be sent.
type response struct {
	status int
	header http.Header
	body   []byte
	packed bool // the body is compressed already
	// truncate, if positive, is the number of bytes of the body after which the
	// connection breaks.
	truncate int
}

func jsonResponse(status int, body any) (response, error) {
	resp := response{status: status, header: http.Header{}}
	if body == nil {
		return resp, nil
	}
	if d, isDownload := body.(download); isDownload {
		return d.response(status), nil
	}
	if text, isText := body.(plainText); isText {
		return textResponse(status, string(text)), nil
	}
	encoded, isRaw := body.(rawJSON)
	if !isRaw {
		var err error
		if encoded, err = json.Marshal(body); err != nil {
			return response{}, err
		}
	}
	resp.header.Set("Content-Type", "application/json")
	resp.body = encoded
	return resp, nil
}

// errorResponse answers with the service's error body. What is no statusError is
// a mistake in this package, and a 500.
func errorResponse(err error) response {
	failure, isStatus := errors.AsType[*statusError](err)
	if !isStatus {
		failure = &statusError{status: http.StatusInternalServerError, message: err.Error()}
	}
	resp, _ := jsonResponse(failure.status, wireError{failure.status, failure.message}) // cannot fail: a number and a text
	maps.Copy(resp.header, failure.header)
	return resp
}

func textResponse(status int, text string) response {
	return response{
		status: status,
		header: http.Header{"Content-Type": {"text/plain; charset=utf-8"}},
		body:   []byte(text),
	}
}

// setHeader sets the headers given. A name without a value removes that header.
func (r *response) setHeader(header http.Header) {
	for name, values := range header {
		name = http.CanonicalHeaderKey(name)
		if len(values) == 0 {
			delete(r.header, name)
			continue
		}
		r.header[name] = values
	}
}

// compressFrom is the size in bytes from which it pays to compress a body.
const compressFrom = 1024

func (r *response) compress(acceptEncoding string) {
	if r.packed || len(r.body) <= compressFrom || r.header.Get("Content-Encoding") != "" || !acceptsGzip(acceptEncoding) {
		return
	}
	r.body = gzipped(r.body)
	r.header.Set("Content-Encoding", "gzip")
}

func gzipped(body []byte) []byte {
	var buf bytes.Buffer
	zip := gzip.NewWriter(&buf)
	_, _ = zip.Write(body) // a buffer takes everything
	_ = zip.Close()
	return buf.Bytes()
}

func acceptsGzip(acceptEncoding string) bool {
	for coding := range strings.SplitSeq(acceptEncoding, ",") {
		name, params, _ := strings.Cut(coding, ";")
		if !strings.EqualFold(strings.TrimSpace(name), "gzip") {
			continue
		}
		q, hasQ := strings.CutPrefix(strings.ReplaceAll(params, " ", ""), "q=")
		quality, err := strconv.ParseFloat(q, 64)
		return !hasQ || (err == nil && quality > 0)
	}
	return false
}

// send writes the answer. It breaks the connection in the middle of the body if
// the response says so.
func (r *response) send(w http.ResponseWriter) {
	header := w.Header()
	maps.Copy(header, r.header)
	if r.status != http.StatusNoContent && r.status != http.StatusNotModified {
		header.Set("Content-Length", strconv.Itoa(len(r.body)))
	}
	w.WriteHeader(r.status)
	if r.truncate <= 0 || r.truncate >= len(r.body) {
		_, _ = w.Write(r.body) // fails when the client has gone
		return
	}
	_, _ = w.Write(r.body[:r.truncate])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}
