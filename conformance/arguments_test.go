package conformance_test

import (
	"errors"
	"net/url"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/conformance/internal/body"
	"github.com/pulumiapi/pulumiapi/conformance/internal/spec"
	"github.com/pulumiapi/pulumiapi/internal/testkit"
)

// enough is how many elements of a list are asked for: as many as a generated
// body has.
const enough = 2

// fullAnswer answers every operation with everything set, and so does
// nextAnswer, but with other values: an answer that repeats the one before it
// would be taken for a loop.
func (h harness) fullAnswer(operation string) (testkit.Response, error) {
	return h.answer(operation, body.Full)
}

func (h harness) nextAnswer(operation string) (testkit.Response, error) {
	return h.answer(operation, body.Another)
}

func (h harness) answer(operation string, choose func(*spec.Schema) body.Body) (testkit.Response, error) {
	o, err := h.spec.Operation(operation)
	if err != nil {
		return testkit.Response{}, err
	}
	answer := testkit.Response{Status: o.Answer.Status, ContentType: o.Answer.ContentType}
	switch {
	case o.Answer.Schema != nil:
		answer.Body = choose(o.Answer.Schema.Value).JSON()
	case answer.ContentType != "":
		answer.Body = []byte(plainText)
	}
	return answer, nil
}

// inOpenParts are the methods that return what stands in a part of the answer that
// the description leaves open, by their names, with an answer that has it.
var inOpenParts = map[string]string{
	"Stacks.ExportResources": `{"version": 3, "deployment": {"resources": [{"urn": "a"}]}}`,
}

// readableAnswer is fullAnswer, or what the method can read instead.
func (h harness) readableAnswer(method testkit.Method) func(string) (testkit.Response, error) {
	text, open := inOpenParts[method.Name]
	if !open {
		return h.fullAnswer
	}
	return func(operation string) (testkit.Response, error) {
		answer, err := h.fullAnswer(operation)
		answer.Body = []byte(text)
		return answer, err
	}
}

// plainText is the answer of an operation that does not answer with JSON.
const plainText = "text, größe, 漢字\n"

// drivenMethods are all methods but those that wait: a response that is made up does
// not end that, and what they send, others send, too.
func drivenMethods() []testkit.Method {
	return slices.DeleteFunc(testkit.Methods(), testkit.Method.Waits)
}

// sending is what calling all methods with everything that can be made up sends.
type sending struct {
	mu         sync.Mutex
	properties map[string]bool            // those that bodies have had, by their IDs
	query      map[string]map[string]bool // by operation: the names that queries have had
}

// TestArguments_FitAndReachEverything calls each method with all fields set,
// with only those set that must be, and with each other form of each field. What
// it sends has to fit, and together it has to reach everything that the
// description has.
func TestArguments_FitAndReachEverything(t *testing.T) { //nolint:tparallel // what follows the methods needs all of them
	t.Parallel()
	h := load(t)
	sent := &sending{properties: map[string]bool{}, query: map[string]map[string]bool{}}
	t.Run("methods", func(t *testing.T) {
		for _, method := range drivenMethods() {
			t.Run(method.Name, func(t *testing.T) {
				t.Parallel()
				h.callWithEverything(t, method, sent)
			})
		}
	})
	reached := func(id string) bool { return sent.properties[id] }
	excused := func(id string) bool { return h.spec.Exceptions().Has(spec.ExceptUnsent, "", id) }
	for _, endpoint := range h.source.Endpoints {
		if !h.spec.Has(endpoint.Operation) || isNarrowed() && sent.query[endpoint.Operation] == nil {
			continue
		}
		o := h.operation(t, endpoint.Operation)
		for _, parameter := range o.Query {
			assert.True(t, sent.query[endpoint.Operation][parameter.Name] ||
				h.spec.Exceptions().Has(spec.ExceptUnsent, parameter.Name, endpoint.Operation),
				"%s: no method can send the query parameter %s", endpoint.Operation, parameter.Name)
		}
		if o.Body != nil {
			assert.Empty(t, h.spec.Unreached(o.Body.Value, reached, excused), "%s: no method can send these", endpoint.Operation)
		}
	}
}

func (h harness) callWithEverything(t *testing.T, method testkit.Method, sent *sending) {
	t.Helper()
	all, err := method.Arguments(testkit.NewSynthesizer(h.source.Constants))
	require.NoError(t, err)
	for i, arguments := range all {
		call, err := method.Call(t.Context(), arguments, enough, h.readableAnswer(method))
		if refused(err) && i > 0 {
			continue
		}
		require.NoError(t, err)
		h.checkSent(t, method, arguments, call, sent)
		if next, ok := arguments.WithCursor(call.Next); ok && call.Next != "" {
			call, err := method.Call(t.Context(), next, enough, h.nextAnswer)
			require.NoError(t, err)
			h.checkSent(t, method, next, call, sent)
		}
	}
}

// refused reports whether a method has refused what was made up for it: a
// request that changes nothing, say. With everything set it must not.
func refused(err error) bool {
	_, is := errors.AsType[*pulumiapi.ArgumentError](err)
	return is
}

func (h harness) checkSent(t *testing.T, method testkit.Method, arguments testkit.Arguments, call *testkit.Call, sent *sending) {
	t.Helper()
	for _, request := range call.Requests {
		operation := request.Endpoint.String()
		if !h.spec.Has(operation) {
			continue // the test of the operations says so
		}
		o := h.operation(t, operation)
		assert.Empty(t, h.spec.CheckRequest(o, spec.Request{
			Path: request.Path, Query: request.Query, ContentType: request.Header.Get("Content-Type"), Body: request.Body,
		}), "%s (%s) sends %s, query %q, body %s", method.Name, arguments.Name, operation, request.Query, request.Body)
		sent.note(t, h, o, request)
	}
}

// note remembers what a request has had.
func (s *sending) note(t *testing.T, h harness, o *spec.Operation, request testkit.Request) {
	t.Helper()
	query, err := url.ParseQuery(request.Query)
	require.NoError(t, err)
	operation := request.Endpoint.String()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.query[operation] == nil {
		s.query[operation] = map[string]bool{}
	}
	for name := range query {
		s.query[operation][name] = true
	}
	if o.Body == nil || len(request.Body) == 0 {
		return
	}
	value, err := spec.DecodeJSON(request.Body)
	require.NoError(t, err)
	h.spec.Visit(o.Body.Value, value, func(id string) { s.properties[id] = true })
}
