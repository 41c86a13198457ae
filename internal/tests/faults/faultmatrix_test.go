package faults_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/internal/testkit"
)

const (
	// The package's defaults.
	maxAttempts  = 4
	maxBackoff   = 500*time.Millisecond + time.Second + 2*time.Second // in all
	stallTimeout = 60 * time.Second
	// maxDiscarding is how long a body that is of no interest may take.
	maxDiscarding = 5 * time.Second
)

// TestFaultMatrix drives every operation into every fault: when it strikes once,
// always, and always with a deadline. Each cell has a bubble of its own, which
// fails if a goroutine is left.
func TestFaultMatrix(t *testing.T) {
	t.Parallel()
	modes := []mode{strikesOnce, strikesAlways, withDeadline}
	if testkit.RaceDetected {
		modes = modes[:1] // what can race is raced once
	}
	all := faults(t)
	for row, o := range slices.Concat(matrixOperations(), longStateOperations(), []testkit.Operation{testkit.TokenExchange(), testkit.TokenRenewal()}) {
		for i, f := range all {
			for j, m := range modes {
				if !testkit.InSample(row, i*len(modes)+j, len(all)*len(modes)) {
					continue
				}
				c := cell{o: o, f: f, m: m}
				t.Run(c.String(), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, c.check)
				})
			}
		}
	}
}

// Every method is in the matrix, but for those that ask with HEAD.
func TestFaultMatrix_HasEveryMethod(t *testing.T) {
	t.Parallel()
	var names []string
	for _, o := range append(matrixOperations(), asking()...) {
		names = append(names, o.Name)
	}
	slices.Sort(names)
	assert.Equal(t, testkit.MethodNames(), names, "the methods of all services, and those in the matrix")
}

// matrixOperations are all operations, also those whose answer is no JSON, but for
// those that ask with HEAD: to most faults, an answer without a body is immune.
func matrixOperations() []testkit.Operation {
	withBody := slices.DeleteFunc(testkit.JSONOperations(), asksWithHead)
	return append(withBody, testkit.TextOperations()...)
}

func asksWithHead(o testkit.Operation) bool { return o.Endpoint.Method == http.MethodHead }

// asking are the operations that ask with HEAD.
func asking() []testkit.Operation {
	return slices.DeleteFunc(testkit.JSONOperations(), func(o testkit.Operation) bool { return !asksWithHead(o) })
}

// longStateOperations are those that hand on a state as it comes, with one that is
// longer than what they look at beforehand. Such a stream that breaks off is
// an error that says how far it came, and never a short state.
func longStateOperations() []testkit.Operation {
	var urns, resources []string
	for i := range 800 {
		urn := fmt.Sprintf("urn:pulumi:prod::web::aws:s3/bucket:Bucket::bucket-%04d", i)
		urns = append(urns, urn)
		resources = append(resources, fmt.Sprintf(`{"urn":%q,"type":"aws:s3/bucket:Bucket"}`, urn))
	}
	state := `{"version":3,"deployment":{"resources":[` + strings.Join(resources, ",") + `],"more":"none"}}`
	return []testkit.Operation{
		{
			Name: "Stacks.ExportTo of a long state", Response: state, Whole: state, Endpoint: pulumiapi.Endpoint{Method: http.MethodGet},
			Call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				var written strings.Builder
				n, err := client.Stacks.ExportTo(ctx, testkit.Prod, &written)
				if int(n) != written.Len() {
					return nil, fmt.Errorf("%d bytes were written, and it says %d: %w", written.Len(), n, err)
				}
				return written.String(), err
			},
		},
		{
			Name: "Stacks.ExportResources of a long state", Response: state, Whole: strings.Join(urns, ""), Endpoint: pulumiapi.Endpoint{Method: http.MethodGet},
			Call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				var found strings.Builder
				for resource, err := range client.Stacks.ExportResources(ctx, testkit.Prod) {
					if err != nil {
						return found.String(), err
					}
					found.WriteString(resource.URN)
				}
				return found.String(), nil
			},
		},
	}
}

// cell is an operation, and what happens to it.
type cell struct {
	o testkit.Operation
	f fault
	m mode
}

func (c cell) String() string { return fmt.Sprintf("%s/%s/%s", c.o.Name, c.f.name, c.m) }

// expectation is how a call must end.
type expectation struct {
	attempts  int
	sent      int // requests that go through our transport, and reach the server
	fails     bool
	status    int  // of an APIError; 0 is a CallError
	unknown   bool // whether a write may have happened
	succeeded bool // whether a write has happened for certain
	// deadline says that the deadline is what ends it.
	deadline bool
	// shortest and longest are how long it may take.
	shortest, longest time.Duration
}

// expect says how the call must end.
func (c cell) expect() expectation {
	hit := c.f.effect(c.o, c.m)
	if c.f.slow && c.m == withDeadline {
		hit = lost
	}
	hangs := hit != harmless && hit != unsent && (c.f.stalls || c.f.slow)
	resent := hit == unsent || c.o.Resends() && (hit == lost || hit == refused)

	e := expectation{attempts: 1, fails: hit != harmless}
	switch {
	case hangs && c.m == withDeadline:
		e.deadline = true
	case resent && c.m == strikesOnce:
		e.attempts, e.fails = 2, false
	case resent:
		e.attempts = maxAttempts
	}
	e.sent = e.attempts
	if c.f.follows != nil {
		e.sent += c.f.follows(c.o, c.m)
	}
	if e.fails {
		e.succeeded = c.o.Writes() && c.f.succeeded
		e.unknown = c.o.Writes() && hit != unsent && !e.succeeded
		if hit == refused {
			e.status = c.f.status
		}
	}
	struck := e.attempts
	if c.m == strikesOnce {
		struck = 1
	}
	switch {
	case e.deadline:
		e.shortest, e.longest = testkit.MaxCall, testkit.MaxCall
	case hangs:
		e.shortest = time.Duration(struck) * stallTimeout
		e.longest = e.shortest + maxBackoff
	default:
		e.longest = time.Duration(struck)*max(c.f.takes, maxDiscarding) + maxBackoff
	}
	return e
}

// check makes the call against a server in memory.
func (c cell) check(t *testing.T) {
	server := &faultyServer{fault: c.f, once: c.m == strikesOnce, body: c.goodAnswer(t)}
	defer server.close()
	transport := &http.Transport{
		DialContext:            server.dial,
		DialTLSContext:         server.dial,
		MaxResponseHeaderBytes: maxHeaderBytes,
	}
	sent := &countingTransport{next: transport}
	w := newWitness(t, pulumiapi.WithBaseURL(faultyBase), pulumiapi.WithHTTPClient(&http.Client{Transport: sent}))
	if c.f.reused {
		_, err := w.client.Do(t.Context(), pulumiapi.Request{Endpoint: pulumiapi.Endpoint{Method: http.MethodGet, Template: warmUp}}, nil)
		require.NoError(t, err, "%s: the request before", c)
		sent.requests.Store(0)
		w.forget()
	}

	c.drive(t, w, sent, server)
	assert.Equal(t, map[string]bool{faultyAddr: true}, server.addresses(), "%s: where it connected to", c)
	if c.f.maxRead > 0 {
		// A transport reads 4 KiB at a time, the head is not in the limit, and the
		// answer to the last attempt may be a good one.
		most := server.arrived.Load()*(c.f.maxRead+8<<10) + int64(len(server.body))
		assert.LessOrEqual(t, server.consumed.Load(), most, "%s: bytes read", c)
	}
}

// drive makes the call, and checks how it ends and what it leaves.
func (c cell) drive(t *testing.T, w *witness, sent *countingTransport, server *faultyServer) {
	t.Helper()
	e := c.expect()
	start := time.Now()
	got, err := w.call(t, c, testkit.MaxCall)
	elapsed := time.Since(start)
	assert.GreaterOrEqual(t, elapsed, e.shortest, "%s: gave up too early", c)
	assert.LessOrEqual(t, elapsed, e.longest, "%s: took too long", c)

	w.check(t, c, e, got, err)
	assert.EqualValues(t, e.sent, sent.requests.Load(), "%s: requests that went through our transport", c)
	assert.EqualValues(t, e.sent, server.arrived.Load(), "%s: requests that reached the server", c)

	synctest.Wait() // net/http tidies up in the background
	w.client.CloseIdleConnections()
	synctest.Wait()
	assert.Zero(t, server.open.Load(), "%s: connections left", c)
}

// goodAnswer is what the operation's server answers when all is well: something
// to break off in, also where there is nothing to say.
func (c cell) goodAnswer(t *testing.T) []byte {
	t.Helper()
	if c.o.ReturnsValue() {
		return []byte(c.o.Response)
	}
	return []byte(`{"message":"it is done, as you wanted it to be"}`)
}

// countingTransport counts the requests that it passes on.
type countingTransport struct {
	next     http.RoundTripper
	requests atomic.Int64
}

func (c *countingTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	c.requests.Add(1)
	return c.next.RoundTrip(req)
}

func (c *countingTransport) CloseIdleConnections() {
	if closer, ok := c.next.(interface{ CloseIdleConnections() }); ok {
		closer.CloseIdleConnections()
	}
}

// witness is a client, and all that it says to those who watch it.
type witness struct {
	client   *pulumiapi.Client
	opts     []pulumiapi.Option // the client's
	log      bytes.Buffer
	attempts []pulumiapi.Attempt
	warnings []pulumiapi.Warning
}

func newWitness(t *testing.T, opts ...pulumiapi.Option) *witness {
	t.Helper()
	w := new(witness)
	w.opts = append([]pulumiapi.Option{
		pulumiapi.WithToken(testkit.CanaryToken),
		pulumiapi.WithLogger(slog.New(slog.NewTextHandler(&w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))),
		pulumiapi.WithObserver(pulumiapi.Observer{
			OnAttempt: func(_ context.Context, a pulumiapi.Attempt) { w.attempts = append(w.attempts, a) },
			OnWarning: func(_ context.Context, warning pulumiapi.Warning) { w.warnings = append(w.warnings, warning) },
		}),
	}, opts...)
	client, err := pulumiapi.NewClient(w.opts...)
	require.NoError(t, err, "NewClient")
	w.client = client
	return w
}

// forget drops what has been said so far.
func (w *witness) forget() {
	w.log.Reset()
	w.attempts, w.warnings = nil, nil
}

// call makes the cell's call, with the deadline if it has one.
func (w *witness) call(t *testing.T, c cell, deadline time.Duration) (any, error) {
	t.Helper()
	ctx := testkit.WithOptions(t.Context(), w.opts)
	if c.m == withDeadline {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, deadline)
		defer cancel()
	}
	return c.o.Call(ctx, w.client)
}

// check compares how the call ended with what was expected, and looks for the
// token in all that was said.
func (w *witness) check(t *testing.T, c cell, e expectation, got any, err error) {
	t.Helper()
	if e.fails {
		c.checkError(t, e, err)
		c.checkPart(t, e, got, err)
	} else {
		require.NoError(t, err, "%s", c)
		c.checkValue(t, got)
	}
	assert.Len(t, w.attempts, e.attempts, "%s: attempts that the observer was told of", c)
	for i, attempt := range w.attempts {
		assert.Equal(t, i+1, attempt.Number, "%s: the number of an attempt", c)
		testkit.AssertNoToken(t, attempt, c.String())
		if attempt.Err != nil {
			testkit.AssertNoToken(t, attempt.Err, c.String())
		}
	}
	testkit.AssertNoToken(t, w.warnings, c.String())
	assert.NotContains(t, w.log.String(), testkit.CanaryToken, "%s: the log", c)
	assert.Equal(t, e.attempts, strings.Count(w.log.String(), "level=DEBUG"), "%s: attempts in the log", c)
}

// checkValue looks for all that the good answer holds. Of a text, whose end does not
// show, the start is enough.
func (c cell) checkValue(t *testing.T, got any) {
	t.Helper()
	text, _ := got.(string)
	switch {
	case c.o.Whole != "":
		assert.Equal(t, len(c.o.Whole), len(text), "%s: not all of it came", c) //nolint:testifylint // it is too long to be shown
		assert.True(t, strings.HasPrefix(c.o.Whole, text), "%s: something else came", c)
	case c.o.Text:
		assert.True(t, len(text) > len(c.o.Response)/2 && strings.HasPrefix(c.o.Response, text), "%s: %q came", c, text)
	case c.o.ReturnsValue():
		assert.Empty(t, testkit.MissingLeaves(t, c.o.Expected(t, got), got), "%s: lost on the way", c)
	}
}

// checkPart checks what a stream that has failed has handed on: a part from its
// start, of which the error says that it is one, unless it is the caller who has
// ended it.
func (c cell) checkPart(t *testing.T, e expectation, got any, err error) {
	t.Helper()
	if c.o.Whole == "" || got == "" {
		return
	}
	part, _ := got.(string)
	assert.True(t, part != "" && strings.HasPrefix(c.o.Whole, part), "%s: %d bytes that are not the start", c, len(part))
	switch {
	case e.deadline:
	case c.o.Whole == c.o.Response:
		require.ErrorContains(t, err, fmt.Sprintf("after %d bytes", len(part)), "%s: how far it came", c)
	default:
		assert.Regexp(t, `after \d+ bytes`, err.Error(), "%s: how far it came", c)
	}
}

func (c cell) checkError(t *testing.T, e expectation, err error) {
	t.Helper()
	require.Error(t, err, "%s", c)
	api, isAPIError := errors.AsType[*pulumiapi.APIError](err)
	call, isCallError := errors.AsType[*pulumiapi.CallError](err)
	switch {
	case e.status != 0:
		if assert.True(t, isAPIError && !isCallError, "%s: %T is no APIError", c, err) {
			assert.Equal(t, e.status, api.StatusCode, "%s: the status", c)
			assert.Equal(t, e.attempts, api.Attempts, "%s: the error's attempts", c)
		}
	default:
		if assert.True(t, isCallError, "%s: %T is no CallError", c, err) {
			assert.Equal(t, e.attempts, call.Attempts, "%s: the error's attempts", c)
		}
	}
	assert.Equal(t, e.unknown, errors.Is(err, pulumiapi.ErrOutcomeUnknown), "%s: is the outcome unknown? %v", c, err)
	assert.Equal(t, e.succeeded, errors.Is(err, pulumiapi.ErrResponseLost), "%s: has the write succeeded? %v", c, err)
	assert.Equal(t, e.deadline, errors.Is(err, context.DeadlineExceeded), "%s: did the deadline end it? %v", c, err)
	for _, text := range c.f.says {
		require.ErrorContains(t, err, text, "%s", c)
	}
	assert.LessOrEqual(t, utf8.RuneCountInString(err.Error()), 300, "%s: characters of %v", c, err)
	testkit.AssertNoToken(t, err, c.String())
}
