// Package testkit holds what the suites share: a scripted transport, a builder of
// responses, and every operation of the package. It finds the operations by
// reflection and in the source, so that there is no list of them to keep.
package testkit

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"sync"
	"testing"

	"github.com/pulumiapi/pulumiapi"
)

const (
	// Token is the token of the clients that [Client] returns.
	Token = "pul-canary"
	// BaseURL is their base URL. It has a path, as that of a self-hosted installation
	// may have: an absolute path in a request fails loudly.
	BaseURL  = "https://pulumi.example.com" + basePath
	basePath = "/below/here"
)

// Answer returns the response to the nth request, counted from 1.
type Answer func(n int, req *http.Request) (*http.Response, error)

// Always answers every request with response.
func Always(response func() *http.Response) Answer {
	return func(int, *http.Request) (*http.Response, error) { return response(), nil }
}

// Script is a transport that answers by a script, and records what is sent.
type Script struct {
	Answer Answer

	mu     sync.Mutex
	sent   []*http.Request
	bodies [][]byte
}

// RoundTrip implements [http.RoundTripper]. The script gets a request whose body
// can be read from its start.
func (s *Script) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		data, err := io.ReadAll(req.Body)
		if closeErr := req.Body.Close(); err == nil {
			err = closeErr
		}
		if err != nil {
			return nil, err
		}
		body = data
		req = req.Clone(req.Context())
		req.Body = io.NopCloser(bytes.NewReader(body))
	}
	s.mu.Lock()
	s.sent = append(s.sent, req)
	s.bodies = append(s.bodies, body)
	n := len(s.sent)
	s.mu.Unlock()
	resp, err := s.Answer(n, req)
	if resp != nil {
		resp.Request = req
	}
	return resp, err
}

// Sent returns the requests in their order.
func (s *Script) Sent() []*http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sent
}

// Bodies returns the bodies of the requests in their order.
func (s *Script) Bodies() [][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bodies
}

// Forget drops what was sent so far.
func (s *Script) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent, s.bodies = nil, nil
}

// MethodsOf returns the HTTP methods of requests.
func MethodsOf(requests []*http.Request) []string {
	var methods []string
	for _, req := range requests {
		methods = append(methods, req.Method)
	}
	return methods
}

// Client returns a client whose requests are answered by answer, and the script
// that records them. opts override the token and the base URL.
func Client(tb testing.TB, answer Answer, opts ...pulumiapi.Option) (*pulumiapi.Client, *Script) {
	tb.Helper()
	script := &Script{Answer: answer}
	client, err := newClient(script, opts...)
	if err != nil {
		tb.Fatalf("NewClient: %v", err)
	}
	return client, script
}

func newClient(script *Script, opts ...pulumiapi.Option) (*pulumiapi.Client, error) {
	return pulumiapi.NewClient(append([]pulumiapi.Option{
		pulumiapi.WithToken(Token),
		pulumiapi.WithBaseURL(BaseURL),
		pulumiapi.WithHTTPClient(&http.Client{Transport: script}),
	}, opts...)...)
}

// Respond returns a response. header is pairs of name and value.
func Respond(status int, body []byte, header ...string) *http.Response {
	resp := &http.Response{
		StatusCode:    status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        http.Header{},
		Body:          io.NopCloser(bytes.NewReader(body)),
		ContentLength: int64(len(body)),
	}
	for i := 0; i+1 < len(header); i += 2 {
		resp.Header.Add(header[i], header[i+1])
	}
	return resp
}

// SignInPage is what a proxy sends that wants somebody to sign in.
const SignInPage = "<!doctype html><html><title>Sign in</title><body>Please sign in to Example Corp.</body></html>"

// Gzipped returns data, compressed.
func Gzipped(tb testing.TB, data []byte) []byte {
	tb.Helper()
	var buffer bytes.Buffer
	writer := gzip.NewWriter(&buffer)
	if _, err := writer.Write(data); err != nil {
		tb.Fatalf("gzip: %v", err)
	}
	if err := writer.Close(); err != nil {
		tb.Fatalf("gzip: %v", err)
	}
	return buffer.Bytes()
}

// Encode returns the JSON that a client sends for a value: with its secrets.
func Encode(tb testing.TB, v any) []byte {
	tb.Helper()
	client, script := Client(tb, Always(func() *http.Response { return Respond(http.StatusNoContent, nil) }))
	if _, err := client.Do(tb.Context(), pulumiapi.Request{
		Endpoint: pulumiapi.Endpoint{Method: http.MethodPost, Template: "/api/echo"}, Body: v,
	}, nil); err != nil {
		tb.Fatalf("encoding %T: %v", v, err)
	}
	return script.Bodies()[0]
}
