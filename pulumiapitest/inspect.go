package pulumiapitest

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"
)

// maxRequests is the number of requests that a server remembers.
const maxRequests = 10_000

// Request is a request as the server received it.
type Request struct {
	// Endpoint is the method and path template of the endpoint, as in
	// "GET /api/stacks/{orgName}/{projectName}/{stackName}". It is empty if the server
	// has none for the request.
	Endpoint string
	// Method is the HTTP method.
	Method string
	// Path is the path, escaped as it was sent, without the base path. That of a
	// request outside the base path is there in full.
	Path string
	// Query has the query parameters.
	Query url.Values
	// Header has the headers. In place of the Authorization header's value it says
	// [redacted].
	Header http.Header
	// Body is the body with the secrets that are in it, decompressed if it was sent with
	// Content-Encoding: gzip.
	Body []byte
	// RequestID is the ID that the answer gave to the request.
	RequestID string
	// Status is the status of the answer: 0 if there is none yet, or never will be.
	Status int
}

// Requests returns the requests that came so far, the oldest first. Beyond
// 10,000 the server forgets the oldest.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	requests := make([]Request, len(s.requests))
	for i, r := range s.requests {
		requests[i] = *r
		requests[i].Query = url.Values(http.Header(r.Query).Clone())
		requests[i].Header = r.Header.Clone()
		requests[i].Body = bytes.Clone(r.Body)
	}
	return requests
}

// ResetRequests forgets the requests that came so far.
func (s *Server) ResetRequests() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = nil
}

// Connections returns how many connections clients have opened on the in-memory
// network, and how many of them are open now.
func (s *Server) Connections() (opened, open int) {
	return int(s.memory.opened.Load()), int(s.memory.open.Load())
}

// remember keeps a request. Callers hold mu.
func (s *Server) remember(r *Request) {
	if len(s.requests) == maxRequests {
		s.requests[0] = nil // or append would keep it in memory until it moves the array
		s.requests = s.requests[1:]
	}
	s.requests = append(s.requests, r)
}

func redact(header http.Header) http.Header {
	header = header.Clone()
	if values, has := header["Authorization"]; has {
		header["Authorization"] = slices.Repeat([]string{"[redacted]"}, len(values))
	}
	return header
}
