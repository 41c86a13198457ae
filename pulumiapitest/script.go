package pulumiapitest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// Handle makes handler answer the requests of an endpoint: a method and a path
// template, as the service's description writes them. It is for operations that
// this cloud has no state for, and which otherwise return status 501. An endpoint
// that the cloud does have is overridden.
//
//	srv.Handle("GET /api/orgs/{orgName}/agent-pools", pulumiapitest.Respond(http.StatusOK, pools))
//
// The last handler of an endpoint counts; nil removes it. Where two templates match
// a path, the one with fixed text is chosen before the one with a parameter. The
// handler finds the values of the parameters, decoded, with [http.Request.PathValue],
// and the path without the server's base path in the URL. The body is decompressed.
// The handler may be called from several goroutines at a time, may call the methods
// of the server, and may stream its response.
//
// Everything before the handler is as for other endpoints: the request is recorded
// ([Server.Requests]), faults strike it, and its access token is checked. A request
// with another kind of authorization than an access token reaches the handler.
//
// Handle panics if endpoint is not a method and a path.
func (s *Server) Handle(endpoint string, handler http.Handler) {
	method, path, _ := strings.Cut(endpoint, " ")
	if method == "" || method != strings.ToUpper(method) || !strings.HasPrefix(path, "/") || strings.ContainsAny(path, "? ") {
		panic(fmt.Sprintf("pulumiapitest: Handle: %q is not a method and a path, like %q", endpoint, "GET /api/orgs/{orgName}/agent-pools"))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.scripts.remove(endpoint)
	if handler != nil {
		scripted := route{endpoint: endpoint, script: handler}
		if own := s.routes.find(endpoint); own != nil {
			scripted.open, scripted.lease = own.open, own.lease
		}
		s.scripts.add(scripted)
	}
}

// Respond returns a handler for [Server.Handle] that sends a status and, unless
// value is nil, value as JSON. A [json.RawMessage] is sent as the bytes it is.
//
// Use values with the names of the service's JSON: types of your own, maps, or text.
// The package's response types are made for reading, and a [pulumiapi.Secret] in them
// cannot be sent. Respond panics if value cannot be encoded.
//
// [pulumiapi.Secret]: https://pkg.go.dev/github.com/pulumiapi/pulumiapi#Secret
func Respond(status int, value any) http.HandlerFunc {
	var body []byte
	switch value := value.(type) {
	case nil:
	case json.RawMessage:
		body = value
	default:
		var err error
		if body, err = json.Marshal(value); err != nil {
			panic(fmt.Sprintf("pulumiapitest: Respond: %v", err))
		}
	}
	return func(w http.ResponseWriter, _ *http.Request) {
		if body != nil {
			w.Header().Set("Content-Type", "application/json")
		}
		w.WriteHeader(status)
		_, _ = w.Write(body) // fails if the client has gone
	}
}

// noState is the error for a request that neither a route nor a script is for. It
// says how to script it.
func noState(method, path string) error {
	return errorf(http.StatusNotImplemented,
		"pulumiapitest has no state for %s %s. To script it: srv.Handle(%q, pulumiapitest.Respond(http.StatusOK, value))",
		method, path, method+" "+unescapedPath(path))
}

func unescapedPath(path string) string {
	if plain, err := url.PathUnescape(path); err == nil {
		return plain
	}
	return path
}

// scripted returns the request as a script's handler gets it.
//
//nolint:contextcheck,nolintlint // the request has its context
func (a *arrival) scripted() *http.Request {
	r := a.request.Clone(a.request.Context())
	r.Body = io.NopCloser(bytes.NewReader(a.body))
	r.ContentLength = int64(len(a.body))
	r.Header.Del("Content-Encoding") // the body is plain
	r.URL = &url.URL{Path: unescapedPath(a.path), RawPath: a.path, RawQuery: a.rawQuery}
	for name, value := range a.params {
		r.SetPathValue(name, value)
	}
	return r
}

func (a *arrival) isScripted() bool { return a.route != nil && a.route.script != nil }

// admitScripted is admit for a request that a script answers, where nothing is locked.
func (s *Server) admitScripted(a *arrival) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.admit(a)
}

// stream lets a script answer a request itself, piece by piece if it likes.
func (s *Server) stream(w http.ResponseWriter, a *arrival) {
	w.Header().Set("X-Pulumi-Request-ID", a.record.RequestID)
	if err := s.admitScripted(a); err != nil {
		resp := errorResponse(err)
		s.setStatus(a, resp.status)
		resp.send(w)
		return
	}
	writer := &statusWriter{ResponseWriter: w}
	defer func() { s.setStatus(a, cmp.Or(writer.status, http.StatusOK)) }() // net/http sends 200
	a.route.script.ServeHTTP(writer, a.scripted())
}

// statusWriter remembers the status of a response.
type statusWriter struct {
	http.ResponseWriter

	status int
}

// WriteHeader implements [http.ResponseWriter].
func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 && status >= http.StatusOK {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements [http.ResponseWriter].
func (w *statusWriter) Write(data []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(data)
}

// Flush implements [http.Flusher].
func (w *statusWriter) Flush() { _ = http.NewResponseController(w.ResponseWriter).Flush() }

// Unwrap is for [http.ResponseController].
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// recordScript lets a script answer a request into memory, where a fault can change the
// response.
func (a *arrival) recordScript() response {
	recorder := &responseRecorder{header: http.Header{}}
	a.route.script.ServeHTTP(recorder, a.scripted())
	recorder.WriteHeader(http.StatusOK)
	return recorder.response()
}

// responseRecorder is a response under way into memory.
type responseRecorder struct {
	header, sent http.Header
	status       int
	body         bytes.Buffer
}

// Header implements [http.ResponseWriter].
func (r *responseRecorder) Header() http.Header { return r.header }

// WriteHeader implements [http.ResponseWriter].
func (r *responseRecorder) WriteHeader(status int) {
	if r.status == 0 && status >= http.StatusOK {
		r.status, r.sent = status, r.header.Clone()
	}
}

// Write implements [http.ResponseWriter].
func (r *responseRecorder) Write(data []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(data)
}

// Flush implements [http.Flusher]: there is nothing to wait for.
func (r *responseRecorder) Flush() {}

func (r *responseRecorder) response() response {
	return response{status: r.status, header: r.sent, body: r.body.Bytes()}
}
