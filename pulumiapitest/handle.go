package pulumiapitest

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// arrival is a request on its way through the server.
type arrival struct {
	call
	request  *http.Request
	method   string
	path     string // escaped, without the base path
	rawQuery string
	outside  bool // of the base path
	err      error
	record   *Request
	fault    *fault // that strikes it, or nil
}

// serveHTTP takes a request through the server: read, recorded, struck by a
// fault perhaps, performed, answered.
func (s *Server) serveHTTP(w http.ResponseWriter, r *http.Request) {
	// To the end and at once: net/http notices that a client has gone only after that.
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler) // nobody there to answer
	}
	a := s.arrive(r, body)
	if a.isScripted() && a.fault == nil {
		s.stream(w, a)
		return
	}

	resp, answered := s.answer(r.Context(), a)
	if !answered {
		if a.fault.Drop {
			s.drop(w)
			return
		}
		panic(http.ErrAbortHandler)
	}
	resp.compress(r.Header.Get("Accept-Encoding"))
	s.setStatus(a, resp.status)
	resp.send(w)
}

// setStatus records the status of the response to a request.
func (s *Server) setStatus(a *arrival, status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a.record.Status = status
}

// arrive finds out what a request wants, records it, and chooses the fault that
// will strike it.
func (s *Server) arrive(r *http.Request, body []byte) *arrival {
	// RequestURI is what was sent; URL.EscapedPath may escape anew what it finds odd.
	path, rawQuery, _ := strings.Cut(r.RequestURI, "?")
	body, badBody := decodeBody(r.Header, body)
	a := &arrival{
		call:    call{header: r.Header, body: body, baseURL: "http://" + r.Host + basePath, strict: s.strict},
		request: r, method: r.Method, rawQuery: rawQuery,
	}

	var segments []string
	if inside, found := strings.CutPrefix(path, basePath+"/"); found {
		a.path = "/" + inside
		if segments, a.err = splitPath(a.path); a.err == nil {
			if a.route = s.find(r.Method, segments); a.route != nil {
				a.params, a.err = a.route.params(segments)
			} else {
				a.err = noState(r.Method, a.path)
			}
		}
	} else {
		a.path, a.outside = path, true
	}
	a.err = cmp.Or(a.err, badBody)

	query, _ := url.ParseQuery(rawQuery) // for the record: as much as can be read
	record := &Request{Method: r.Method, Path: a.path, Query: query, Header: redact(r.Header), Body: body}
	if a.route != nil {
		record.Endpoint = a.route.endpoint
	}
	a.record = record

	s.mu.Lock()
	defer s.mu.Unlock()
	s.received++
	record.RequestID = fmt.Sprintf("%08x-0000-4000-8000-%012x", s.received, s.received)
	s.remember(record)
	if !a.outside {
		a.fault = s.strike(a, segments)
	}
	return a
}

// find returns the route for a request, a scripted one before the server's own, or nil.
func (s *Server) find(method string, segments []string) *template {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.scripts.match(method, segments); t != nil {
		return t
	}
	return s.routes.match(method, segments)
}

// answer returns the answer to a request, false if there is to be none.
func (s *Server) answer(ctx context.Context, a *arrival) (response, bool) {
	if a.fault == nil {
		return s.identify(s.perform(a), a), true
	}
	f := a.fault
	s.runBefore(f)
	var resp response
	if f.Applied {
		resp = s.perform(a)
	}
	if !sleep(ctx, f.Delay) || f.Drop {
		return response{}, false
	}
	switch {
	case f.answers():
		resp = f.response()
	case !f.Applied:
		resp = s.perform(a)
	}
	resp = s.identify(resp, a)
	resp.setHeader(f.Header)
	resp.truncate = f.Truncate
	return resp, true
}

func (s *Server) identify(resp response, a *arrival) response {
	resp.header.Set("X-Pulumi-Request-ID", a.record.RequestID)
	return resp
}

// perform lets a request take effect, and returns the answer of the cloud.
func (s *Server) perform(a *arrival) response {
	if a.outside {
		return textResponse(http.StatusNotFound, fmt.Sprintf(
			"this Pulumi Cloud lives below %s, and %s is outside: the client lost the path of its base URL\n", basePath, a.path))
	}
	if a.isScripted() {
		if err := s.admitScripted(a); err != nil {
			return errorResponse(err)
		}
		return a.recordScript()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	rep, err := s.dispatch(a)
	if err != nil {
		return errorResponse(err)
	}
	resp, err := jsonResponse(rep.status, rep.body)
	if err != nil {
		return errorResponse(err)
	}
	return resp
}

func (s *Server) dispatch(a *arrival) (reply, error) {
	if err := s.admit(a); err != nil {
		return reply{}, err
	}
	if err := a.checkQuery(a.rawQuery); err != nil {
		return reply{}, err
	}
	return a.route.handle(s, &a.call)
}

// admit returns an error if a request may not reach the handler of its route.
func (s *Server) admit(a *arrival) error {
	if err := s.rate.take(time.Now()); err != nil {
		return err
	}
	if a.err != nil {
		return a.err
	}
	if !a.needsToken() {
		return nil
	}
	token, err := s.authorize(a.header)
	a.token = token
	return err
}

// needsToken reports whether a request must have an access token. The handler of a
// route with a lease looks at that itself, and so does a script at other kinds of
// authorization.
func (a *arrival) needsToken() bool {
	if a.route.open || a.route.lease {
		return false
	}
	kind, _, _ := strings.Cut(a.header.Get("Authorization"), " ")
	return !a.isScripted() || kind == "" || kind == "token"
}

// authorize returns the token that a request is sent with, now used once more.
func (s *Server) authorize(header http.Header) (*accessToken, error) {
	value, found := strings.CutPrefix(header.Get("Authorization"), "token ")
	switch {
	case header.Get("Authorization") == "":
		return nil, errorf(http.StatusUnauthorized, "Unauthorized: the request has no access token")
	case !found:
		return nil, errorf(http.StatusUnauthorized, "Unauthorized: the Authorization header must be the word token, a space and an access token")
	}
	now := time.Now()
	for _, token := range s.tokens {
		if token.value != value {
			continue
		}
		if token.expired(now) {
			return nil, errorf(http.StatusUnauthorized, "Unauthorized: the access token has expired")
		}
		token.LastUsed = now
		return token, nil
	}
	return nil, errorf(http.StatusUnauthorized, "Unauthorized: nobody has this access token")
}

// sleep waits, and returns false if the request or the server ended before that.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// drop closes the connection of a request without an answer. It sends the first line
// of one, as http.Transport by itself repeats a request to which not a byte came back
// on a connection used before: what a test sees would depend on the requests that went
// before. A whole line makes the client's error an unexpected end, and not a malformed
// response.
func (s *Server) drop(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	_ = conn.SetDeadline(time.Now().Add(time.Second))
	_, _ = conn.Write([]byte("HTTP/1.1 500 Dropped by a fault of pulumiapitest\r\n"))
	if inMemory, is := conn.(*memoryConn); is {
		inMemory.drop()
	}
	_ = conn.Close()
	s.trackConn(conn, http.StateClosed)
}
