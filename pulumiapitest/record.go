package pulumiapitest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"sync"
)

// A Recorder is an [http.RoundTripper] that sends requests on and writes a file of
// what came of them, for [Replay]. [Record] makes one. It is safe for concurrent use.
type Recorder struct {
	file    string
	base    http.RoundTripper
	maxBody int64
	names   []string
	texts   []string

	mu        sync.Mutex // guards what is below, and the exchanges
	exchanges []*exchange
	closed    bool
	written   bool // the file
}

// RecordOption changes how a [Recorder] works.
type RecordOption func(*Recorder)

// WithTransport sends the requests over base, and not over
// [http.DefaultTransport].
func WithTransport(base http.RoundTripper) RecordOption {
	return func(r *Recorder) { r.base = base }
}

// WithMaxBody sets how many bytes of a body are recorded at most, after
// decompression: 4 MiB, unless set. Longer ones are passed on as they are, and left
// out of the file.
func WithMaxBody(size int64) RecordOption {
	return func(r *Recorder) { r.maxBody = min(size, math.MaxInt64-1) } // one more is read
}

// WithSecretNames scrubs what stands under these names, too, in JSON, headers,
// queries and forms: "licenseKey". Upper and lower case are one, and hyphens and
// underscores don't count.
func WithSecretNames(names ...string) RecordOption {
	return func(r *Recorder) { r.names = append(r.names, names...) }
}

// WithSecrets scrubs these texts, too: secrets that stand where nothing tells them.
func WithSecrets(texts ...string) RecordOption {
	return func(r *Recorder) { r.texts = append(r.texts, texts...) }
}

const defaultMaxBody = 4 << 20

// Record returns a [Recorder] that sends requests on, to the real service, and
// writes what was sent and answered to the file when it is closed:
//
//	recorder, err := pulumiapitest.Record("testdata/inventory.json")
//	// …
//	client, err := pulumiapi.NewClient(
//		pulumiapi.FromEnvironment(),
//		pulumiapi.WithHTTPClient(&http.Client{Transport: recorder}),
//	)
//	// … what is to be recorded …
//	err = recorder.Close()
//
// The folder of the file is made, if there is none; Record fails if nothing can be
// written there.
//
// Secrets don't get into the file: see the package's documentation for what is
// taken for one.
func Record(file string, opts ...RecordOption) (*Recorder, error) {
	r := &Recorder{file: file, base: http.DefaultTransport, maxBody: defaultMaxBody}
	for _, opt := range opts {
		opt(r)
	}
	if r.base == nil {
		return nil, fmt.Errorf("pulumiapitest: record %s: the transport is nil", file)
	}
	// Now, and not when all the work has been done.
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		return nil, fmt.Errorf("pulumiapitest: record: %w", err)
	}
	probe, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*.tmp")
	if err != nil {
		return nil, fmt.Errorf("pulumiapitest: record: %w", err)
	}
	return r, errors.Join(probe.Close(), os.Remove(probe.Name()))
}

// exchange is a request, and what came of it, as they were.
type exchange struct {
	method  string
	url     url.URL
	header  http.Header
	sent    capture
	status  int // 0 if there was no answer
	answer  http.Header
	got     capture
	err     error // why there was no answer
	aborted error // why the client has stopped waiting, if it has
}

// capture is a body, or what there was of it.
type capture struct {
	data    []byte
	whole   bool // it has arrived to its end
	tooLong bool // and is not kept therefore
	limit   int64
}

// add keeps data, unless it gets longer than the limit.
func (c *capture) add(data []byte) {
	if c.tooLong || int64(len(c.data)+len(data)) > c.limit {
		c.data, c.tooLong = nil, true
		return
	}
	c.data = append(c.data, data...)
}

// RoundTrip sends a request on.
func (r *Recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	x := &exchange{method: req.Method, url: *req.URL, header: req.Header.Clone(), sent: capture{limit: r.maxBody}, got: capture{limit: r.maxBody}}
	sent, err := r.takeBody(req, x)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	closed := r.closed
	if !closed {
		r.exchanges = append(r.exchanges, x)
	}
	r.mu.Unlock()
	if closed {
		closeBody(sent)
		return nil, fmt.Errorf("pulumiapitest: record %s: the recorder is closed", r.file)
	}
	resp, err := r.base.RoundTrip(sent)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		x.err, x.aborted = err, req.Context().Err()
		return nil, err
	}
	x.status, x.answer = resp.StatusCode, resp.Header.Clone()
	resp.Request = req
	switch {
	case resp.Body == nil || resp.Body == http.NoBody || resp.ContentLength == 0 || req.Method == http.MethodHead:
		x.got.whole = true
	default:
		resp.Body = &recordedBody{ReadCloser: resp.Body, recorder: r, x: x, length: resp.ContentLength, ended: req.Context().Err}
	}
	return resp, nil
}

// takeBody reads the request's body into the exchange, and returns a request that
// has it still. It is read first, as a server may answer before it has all of it.
func (r *Recorder) takeBody(req *http.Request, x *exchange) (*http.Request, error) {
	x.sent.whole = true
	if req.Body == nil || req.Body == http.NoBody {
		return req, nil
	}
	data, err := io.ReadAll(io.LimitReader(req.Body, r.maxBody+1))
	if err != nil {
		closeBody(req)
		return nil, err
	}
	sent := req.WithContext(req.Context())
	x.sent.add(data)
	switch {
	case x.sent.tooLong:
		sent.Body = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(bytes.NewReader(data), req.Body), req.Body}
		return sent, nil
	case len(data) == 0:
		sent.Body, sent.GetBody = http.NoBody, func() (io.ReadCloser, error) { return http.NoBody, nil }
	default:
		sent.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
		sent.Body, _ = sent.GetBody()
	}
	closeBody(req)
	return sent, nil
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
}

// recordedBody is the body of an answer, on its way to the client.
type recordedBody struct {
	io.ReadCloser

	recorder *Recorder
	x        *exchange
	length   int64 // -1 if it is not known
	read     int64
	settled  bool // it has broken, or was closed
	ended    func() error
}

// Read implements [io.Reader].
func (b *recordedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.recorder.mu.Lock()
	defer b.recorder.mu.Unlock()
	b.read += int64(n)
	b.x.got.add(p[:n])
	switch {
	case err == io.EOF, b.read == b.length:
		b.x.got.whole = true
	case err != nil:
		b.settle()
	}
	return n, err
}

// Close implements [io.Closer].
func (b *recordedBody) Close() error {
	b.recorder.mu.Lock()
	b.settle()
	b.recorder.mu.Unlock()
	return b.ReadCloser.Close()
}

// settle decides why there is no more of the body. What ends later, as the context of
// an attempt does, is not the reason.
func (b *recordedBody) settle() {
	if !b.settled && !b.x.got.whole {
		b.x.aborted = b.ended()
	}
	b.settled = true
}

// CloseIdleConnections closes those of the transport below.
func (r *Recorder) CloseIdleConnections() {
	if base, can := r.base.(interface{ CloseIdleConnections() }); can {
		base.CloseIdleConnections()
	}
}

// Close writes the file, in place of one that is there, as a whole or not at all.
// What is under way is not in it, and no request can be sent any more. A body that
// was too long to be recorded is an error, although the file is written: its replay
// will fail there. Closing again does nothing, unless nothing could be written.
func (r *Recorder) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	if r.written {
		return nil
	}
	data, tooLong, err := r.encode()
	if err == nil {
		err = writeWhole(r.file, data)
	}
	if err != nil {
		return fmt.Errorf("pulumiapitest: record %s: %w", r.file, err)
	}
	r.written = true
	return errors.Join(tooLong...)
}

// encode returns the file, and what has to be said about bodies that are left out.
func (r *Recorder) encode() (data []byte, tooLong []error, err error) {
	clean := newScrubber(r.names, r.texts)
	// Twice: what was met late as a secret may have been sent early as something else.
	var recorded []recordedExchange
	for range 2 {
		recorded = []recordedExchange{}
		for _, x := range r.exchanges {
			if x.status == 0 && x.err == nil {
				continue // under way
			}
			recorded = append(recorded, newRecordedExchange(clean, x))
		}
	}
	for _, x := range recorded {
		if x.Response != nil && x.Response.Body.LeftOut {
			tooLong = append(tooLong, fmt.Errorf("pulumiapitest: record %s: %s %s: the answer is longer than %d bytes, and is left out: see WithMaxBody",
				r.file, x.Request.Method, x.Request.URL, r.maxBody))
		}
	}
	data, err = encodeRecording(recording{Format: recordingFormat, SecretNames: r.names, Exchanges: recorded})
	return data, tooLong, err
}

// newRecordedExchange returns the form in which an exchange is written.
func newRecordedExchange(clean *scrubber, x *exchange) recordedExchange {
	clean.learn(x.header)
	recorded := recordedExchange{Request: recordedRequest{
		Method: x.method,
		URL:    clean.url(&x.url),
		Body:   newBody(clean, x.header, x.sent),
	}}
	switch {
	case x.aborted != nil:
		recorded.Aborted, recorded.TimedOut = true, errors.Is(x.aborted, context.DeadlineExceeded)
	case x.err != nil:
		var op *net.OpError
		recorded.Error = &recordedError{
			Text: clean.text(x.err.Error()),
			Dial: errors.As(x.err, &op) && op.Op == "dial",
		}
	default:
		recorded.Response = &recordedResponse{
			Status: x.status,
			Header: clean.header(x.answer),
			Body:   newBody(clean, x.answer, x.got),
			CutOff: !x.got.whole && !x.got.tooLong,
		}
	}
	return recorded
}

// writeWhole writes a file, or leaves everything as it is.
func writeWhole(file string, data []byte) error {
	temp, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*.tmp")
	if err != nil {
		return err
	}
	_, err = temp.Write(data)
	if err = errors.Join(err, temp.Close()); err == nil {
		err = os.Rename(temp.Name(), file)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temp.Name()))
	}
	return nil
}
