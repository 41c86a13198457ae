package pulumiapitest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pulumiapi/pulumiapi"
)

// ErrNotRecorded says that a request is not in the recording, or was made more often
// than it was recorded.
var ErrNotRecorded = errors.New("pulumiapitest: not recorded")

// A Replayer is an [http.RoundTripper] that answers as a [Recorder] has written it
// down, and sends nothing. [Replay] makes one. It is safe for concurrent use.
type Replayer struct {
	file    string
	baseURL string // "" if the recording doesn't tell
	client  *pulumiapi.Client

	mu      sync.Mutex // guards what is below
	clean   *scrubber
	played  []*recordedPlay
	missing []error // about requests that are not in the recording
}

// recordedPlay is a recorded exchange, to be played once.
type recordedPlay struct {
	recordedExchange

	line  int
	key   requestKey
	used  bool
	heard bool // in the place of one that was aborted
}

// Replay returns a [Replayer] of the file that a [Recorder] has written, or an error
// that names the line where the file can't be right.
//
//	replayer, err := pulumiapitest.Replay("testdata/inventory.json")
//	// …
//	client := replayer.Client()
//	// … what was recorded …
//	err = replayer.Close()
//
// A request is answered by the recorded one that has the same method, URL and body.
// Members of JSON, and parameters of a query, may come in another order; headers
// don't count, and neither do secrets, as long as those that were equal are. A
// request that was recorded several times is answered in that order, and then no
// more; different requests may come in any order.
//
// A list that is left before its end asks for more pages ahead of that, or fewer,
// each time: what is to be played reliably should walk lists to their ends, or get
// pages one by one.
//
// What has no answer fails with an error that is [ErrNotRecorded], and says which
// recorded request is the nearest, and how that differs.
func Replay(file string) (*Replayer, error) {
	data, err := os.ReadFile(file) //nolint:gosec // The path is the user's own.
	if err != nil {
		return nil, fmt.Errorf("pulumiapitest: replay: %w", err)
	}
	recorded, lines, err := decodeRecording(data)
	if err != nil {
		return nil, fmt.Errorf("pulumiapitest: replay %s:%w", file, err)
	}
	r := &Replayer{file: file, clean: newScrubber(recorded.SecretNames, nil)}
	for i, x := range recorded.Exchanges {
		u, err := url.Parse(x.Request.URL)
		if err != nil {
			return nil, fmt.Errorf("pulumiapitest: replay %s:%d: the url can't be read", file, lines[i])
		}
		if base, _, found := strings.Cut(x.Request.URL, "/api/"); found && r.baseURL == "" {
			r.baseURL = base
		}
		r.played = append(r.played, &recordedPlay{recordedExchange: x, line: lines[i], key: newRequestKey(x.Request.Method, u, x.Request.Body)})
	}
	if r.client, err = pulumiapi.NewClient(r.Options()...); err != nil { // only if the file was made up
		return nil, fmt.Errorf("pulumiapitest: replay %s: %w", file, err)
	}
	return r, nil
}

// Client returns a client for what was recorded: [Replayer.Options] are its options.
func (r *Replayer) Client() *pulumiapi.Client { return r.client }

// Options returns options to make a client with: the base URL of the recording, an
// access token that is none, the replayer in place of the network, and retries that
// don't wait.
func (r *Replayer) Options() []pulumiapi.Option {
	opts := []pulumiapi.Option{
		pulumiapi.WithToken("replayer-without-a-token"),
		pulumiapi.WithHTTPClient(&http.Client{Transport: r}),
		pulumiapi.WithRetry(pulumiapi.RetryPolicy{MinWait: time.Nanosecond}),
	}
	if r.baseURL != "" {
		opts = append(opts, pulumiapi.WithBaseURL(r.baseURL))
	}
	return opts
}

// RoundTrip answers as it was recorded. A request that timed out then waits to do so
// again. One that was aborted otherwise was not needed then, but may be this time: it
// is answered as the next one that is equal, or waits if there is none.
func (r *Replayer) RoundTrip(req *http.Request) (*http.Response, error) {
	sent := capture{whole: true}
	if req.Body != nil {
		data, err := io.ReadAll(req.Body)
		_ = req.Body.Close()
		if err != nil {
			return nil, err
		}
		sent.data = data
	}
	if err := context.Cause(req.Context()); err != nil {
		return nil, err
	}
	play, err := r.next(req, sent)
	switch {
	case err != nil:
		return nil, err
	case play.Aborted:
		<-req.Context().Done()
		return nil, context.Cause(req.Context())
	case play.Error != nil && play.Error.Dial:
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New(play.Error.Text)}
	case play.Error != nil:
		return nil, errors.New(play.Error.Text)
	}
	return r.answer(req, play)
}

// next returns the exchange to play for a request.
func (r *Replayer) next(req *http.Request, sent capture) (*recordedPlay, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.clean.learn(req.Header)
	asBody := newBody(r.clean, req.Header, sent)
	scrubbed := r.clean.url(req.URL)
	u, err := url.Parse(scrubbed)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: its URL can't be read", ErrNotRecorded, req.Method)
	}
	key := newRequestKey(req.Method, u, asBody)
	var aborted *recordedPlay
	for _, play := range r.played {
		if play.used || !play.key.answers(key) {
			continue
		}
		if aborted == nil {
			play.used = true
			if play.Aborted && !play.TimedOut {
				aborted = play
				continue
			}
			return play, nil
		}
		if !play.Aborted {
			play.heard = true
			return play, nil
		}
	}
	if aborted != nil {
		return aborted, nil
	}
	err = fmt.Errorf("%w: %s %s: %s", ErrNotRecorded, req.Method, scrubbed, r.nearest(key))
	if !slices.ContainsFunc(r.missing, func(other error) bool { return other.Error() == err.Error() }) { // as a retry's is
		r.missing = append(r.missing, err)
	}
	return nil, err
}

// nearest says which recorded request differs the least from one that has none.
func (r *Replayer) nearest(key requestKey) string {
	var times []string
	for _, play := range r.played {
		if play.key.answers(key) {
			times = append(times, fmt.Sprintf("%s:%d", r.file, play.line))
		}
	}
	if len(times) > 0 {
		return fmt.Sprintf("it was recorded %s, and has been played: %s", count(len(times), "time"), strings.Join(times, ", "))
	}
	if len(r.played) == 0 {
		return "there is nothing in " + r.file
	}
	best := slices.MinFunc(r.played, func(a, b *recordedPlay) int { return a.key.distance(key) - b.key.distance(key) })
	return fmt.Sprintf("the nearest is at %s:%d, with another %s", r.file, best.line, strings.Join(best.key.differences(key), ", and another "))
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}

// answer returns the recorded answer.
func (r *Replayer) answer(req *http.Request, play *recordedPlay) (*http.Response, error) {
	data, err := play.Response.Body.bytes()
	if err != nil {
		return nil, fmt.Errorf("pulumiapitest: replay %s:%d: %s %s: %w", r.file, play.line, req.Method, play.Request.URL, err)
	}
	resp := &http.Response{
		Status:        strconv.Itoa(play.Response.Status) + " " + http.StatusText(play.Response.Status),
		StatusCode:    play.Response.Status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        play.Response.Header.Clone(),
		Body:          http.NoBody,
		ContentLength: int64(len(data)),
		Request:       req,
	}
	if resp.Header == nil {
		resp.Header = http.Header{}
	}
	if play.Response.CutOff {
		resp.ContentLength = -1
	} else if len(data) > 0 {
		resp.Header.Set("Content-Length", strconv.Itoa(len(data)))
	}
	if len(data) > 0 || play.Response.CutOff {
		resp.Body = &playedBody{data: bytes.NewReader(data), cutOff: play.Response.CutOff, ended: cause(req.Context())}
	}
	return resp, nil
}

// cause returns what tells why the context has ended, if it has: kept in a struct, a
// context looks like one to be used.
func cause(ctx context.Context) func() error {
	return func() error { return context.Cause(ctx) }
}

// playedBody is the body of an answer that is played.
type playedBody struct {
	data   *bytes.Reader
	cutOff bool
	ended  func() error
}

// Read implements [io.Reader].
func (b *playedBody) Read(p []byte) (int, error) {
	if err := b.ended(); err != nil {
		return 0, err
	}
	n, err := b.data.Read(p)
	if err == io.EOF && b.cutOff {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// Close implements [io.Closer].
func (b *playedBody) Close() error { return nil }

// Unused returns what was recorded and has not been played, in the order of the file:
// its line, the method and the URL. Requests that were aborted are not among it, as
// that happens when it happens.
func (r *Replayer) Unused() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var unused []string
	for _, play := range r.played {
		if !play.used && !play.heard && !play.Aborted {
			unused = append(unused, fmt.Sprintf("%s:%d: %s %s", r.file, play.line, play.Request.Method, play.Request.URL))
		}
	}
	return unused
}

// Close returns an error that says which requests were not in the recording, and what
// is [Replayer.Unused], or nil if all has gone as it was recorded. There is nothing to
// close but the test.
func (r *Replayer) Close() error {
	unused := r.Unused()
	r.mu.Lock()
	defer r.mu.Unlock()
	failures := slices.Clone(r.missing)
	if len(unused) > 0 {
		failures = append(failures, fmt.Errorf("pulumiapitest: recorded and not used:\n\t%s", strings.Join(unused, "\n\t")))
	}
	return errors.Join(failures...)
}
