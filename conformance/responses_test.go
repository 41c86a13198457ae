package conformance_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/conformance/internal/body"
	"github.com/pulumiapi/pulumiapi/conformance/internal/spec"
	"github.com/pulumiapi/pulumiapi/internal/testkit"
)

// lists says which members of answers lists return, and which they don't, and the
// same of the variants that an answer may have.
type lists struct {
	mu       sync.Mutex
	returned map[string]bool
	others   map[string]string // by the member: the operation
}

// addVariants notes which of an answer's variants a method returns.
func (l *lists) addVariants(operation string, schema *spec.Schema, returned string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, variant := range schema.OneOf {
		l.others[operation+" "+variant.Ref] = operation
	}
	l.returned[operation+" "+returned] = true
}

// TestResponses_AreFoundLeafByLeaf serves each method bodies that are generated
// from its operation's schema, and looks for every leaf of them in what it
// returns.
func TestResponses_AreFoundLeafByLeaf(t *testing.T) { //nolint:tparallel // what follows the methods needs all of them
	t.Parallel()
	h := load(t)
	l := &lists{returned: map[string]bool{}, others: map[string]string{}}
	t.Run("methods", func(t *testing.T) {
		for _, method := range drivenMethods() {
			t.Run(method.Name, func(t *testing.T) {
				t.Parallel()
				h.serve(t, method, l)
			})
		}
	})
	// One list of an answer, or one variant of it, may be one method's, and another
	// another's.
	for _, member := range slices.Sorted(maps.Keys(l.others)) {
		assert.True(t, l.returned[member], "%s answers with %s, which no method returns", l.others[member], member)
	}
}

// serve calls a method with arguments for each operation that it can be about.
func (h harness) serve(t *testing.T, method testkit.Method, l *lists) {
	t.Helper()
	if _, open := inOpenParts[method.Name]; open {
		return // there is nothing to generate it from
	}
	all, err := method.Arguments(testkit.NewSynthesizer(h.source.Constants))
	require.NoError(t, err)
	served := map[string]bool{}
	for i, arguments := range all {
		probe, err := method.Call(t.Context(), arguments, enough, h.fullAnswer)
		if refused(err) && i > 0 {
			continue
		}
		require.NoError(t, err)
		operation := probe.Requests[0].Endpoint.String()
		if served[operation] || !h.spec.Has(operation) {
			continue
		}
		served[operation] = true
		s := server{harness: h, method: method, arguments: arguments, operation: operation}
		s.answer = h.operation(t, operation).Answer
		if schema := s.answer.Schema; schema != nil && schema.Value.Discriminator != nil {
			probe = s.chooseVariant(t, schema.Value)
			l.addVariants(operation, schema.Value, s.answer.Schema.Ref)
		}
		s.serveEverything(t, probe, l)
	}
}

// server answers the first request of a method, which is of one operation.
type server struct {
	harness

	method    testkit.Method
	arguments testkit.Arguments
	operation string
	answer    spec.Answer
	list      string // the member of the answer whose elements the method returns
}

// chooseVariant finds out which of the variants of the answer the method returns:
// the one that is found best. It returns the call where that has everything set.
func (s *server) chooseVariant(t *testing.T, schema *spec.Schema) *testkit.Call {
	t.Helper()
	var best *testkit.Call
	fewest := 0
	for _, variant := range schema.OneOf {
		full := body.Generate(variant.Value)[0]
		tried := server{harness: s.harness, method: s.method, arguments: s.arguments, operation: s.operation, answer: s.answer}
		tried.answer.Schema = variant
		call, err := s.method.Call(t.Context(), s.arguments, enough, func(string) (testkit.Response, error) {
			return testkit.Response{Status: s.answer.Status, ContentType: s.answer.ContentType, Body: full.JSON()}, nil
		})
		require.NoError(t, err)
		tried.findList(t, full, call, &lists{returned: map[string]bool{}, others: map[string]string{}})
		if count := len(tried.missing(t, full.Value, call, tried.list)); best == nil || count < fewest {
			best, fewest, s.answer = call, count, tried.answer
		}
	}
	require.NotNil(t, best, "%s has no variants", s.operation)
	return best
}

// serveEverything answers with every body that the operation can have. probe is
// the call where the answer has everything set.
func (s server) serveEverything(t *testing.T, probe *testkit.Call, l *lists) {
	t.Helper()
	if s.answer.Schema == nil {
		if s.answer.ContentType != "" && probe.Value != nil {
			assert.Equal(t, plainText, probe.Value, "%s: what %s returns", s.operation, s.method.Name)
		}
		return
	}
	if probe.Value == nil {
		assert.True(t, s.spec.Exceptions().Has(spec.ExceptUnread, "", s.operation),
			"%s answers with a body, of which %s returns nothing", s.operation, s.method.Name)
		return
	}
	schema := s.answer.Schema.Value
	generated := body.Generate(schema)
	s.findList(t, generated[0], probe, l)
	for _, one := range generated {
		if one.Value == nil {
			continue // JSON of any form, and there is none: an error
		}
		served := one.JSON()
		call, err := s.method.Call(t.Context(), s.arguments, enough, func(asked string) (testkit.Response, error) {
			if asked != s.operation {
				return s.fullAnswer(asked)
			}
			return testkit.Response{Status: s.answer.Status, ContentType: s.answer.ContentType, Body: served}, nil
		})
		require.NoError(t, err, "%s answers with %s: %.2000s", s.operation, one.Name, served)
		value, err := spec.DecodeJSON(served)
		require.NoError(t, err)
		for _, missing := range s.missing(t, value, call, s.list) {
			assert.Fail(t, s.method.Name+" lost "+missing, "%s answers with %s", s.operation, one.Name)
		}
		if call.IsPage {
			s.checkPage(t, one.Name, value, call)
			s.checkNext(t, call, value)
		}
	}
}

// findList finds out which member of the answer a list is: the one whose
// elements are found best.
func (s *server) findList(t *testing.T, full body.Body, probe *testkit.Call, l *lists) {
	t.Helper()
	schema := s.answer.Schema.Value
	if !probe.IsList || schema.Items != nil {
		return
	}
	fewest := 0
	for _, name := range listsIn(schema) {
		if count := len(s.missing(t, full.Value, probe, name)); s.list == "" || count < fewest {
			s.list, fewest = name, count
		}
	}
	require.NotEmpty(t, s.list, "%s answers without a list, but %s returns one", s.operation, s.method.Name)
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, name := range spec.PropertyNames(schema) {
		id := s.spec.PropertyID(schema.Properties[name])
		switch {
		case name == strings.SplitN(s.list, ".", 2)[0]:
			l.returned[id] = true
		case !isOfPages(name) && !s.spec.Exceptions().Has(spec.ExceptUnread, "", id):
			l.others[id] = s.operation
		}
	}
}

// listsIn returns the members of an answer that are lists, or, where there are
// none, those of its members: "project.stacks".
func listsIn(schema *spec.Schema) []string {
	names := body.Lists(schema)
	if len(names) > 0 {
		return names
	}
	for _, outer := range slices.Sorted(maps.Keys(schema.Properties)) {
		for _, inner := range body.Lists(schema.Properties[outer].Value) {
			names = append(names, outer+"."+inner)
		}
	}
	return names
}

// missing returns the leaves of the served value that the call did not return.
// For a list, it looks at one member of the value only.
func (s server) missing(t *testing.T, served any, call *testkit.Call, list string) []string {
	t.Helper()
	want := body.Expected(s.spec, s.answer.Schema.Value, served, func(id string) bool {
		return s.spec.Exceptions().Has(spec.ExceptUnread, "", id)
	})
	path := "$"
	if list != "" {
		path += "." + list
		for member := range strings.SplitSeq(list, ".") {
			object, _ := want.(map[string]any)
			want = object[member]
		}
	}
	missing, err := body.Missing(want, call.Value)
	require.NoError(t, err)
	for i := range missing {
		missing[i] = path + strings.TrimPrefix(missing[i], "$")
	}
	return missing
}

// The members of an answer by which one page follows another. They become a
// page's Next and Total.
var (
	tokenMembers = []string{"continuationToken", "nextToken"}
	totalMembers = []string{"total", "rowCount", "totalCount"}
	sizeMembers  = []string{"itemsPerPage"}
)

func isOfPages(name string) bool {
	return slices.Contains(slices.Concat(tokenMembers, totalMembers, sizeMembers), name)
}

// checkPage compares Next and Total with what was served.
func (s server) checkPage(t *testing.T, name string, served any, call *testkit.Call) {
	t.Helper()
	object, isObject := served.(map[string]any)
	if !isObject {
		return
	}
	for _, member := range totalMembers {
		if total, ok := object[member].(json.Number); ok {
			assert.Equal(t, total.String(), fmt.Sprint(call.Total), "%s answers with %s: Total", s.operation, name)
		}
	}
	for _, member := range s.readTokens() {
		if token, ok := object[member].(string); ok {
			assert.Equal(t, token == "", call.Next == "", "%s answers with %s, and %s %q: Next is %q", s.operation, name, member, token, call.Next)
		}
	}
}

// checkNext follows a page's Next, and looks for the token in what is sent.
func (s server) checkNext(t *testing.T, call *testkit.Call, served any) {
	t.Helper()
	object, _ := served.(map[string]any)
	for _, member := range s.readTokens() {
		token, _ := object[member].(string)
		if token == "" {
			continue
		}
		next, ok := s.arguments.WithCursor(call.Next)
		require.True(t, ok, "the options of %s have no Cursor", s.method.Name)
		following, err := s.method.Call(t.Context(), next, enough, s.nextAnswer)
		require.NoError(t, err)
		query, err := url.ParseQuery(following.Requests[0].Query)
		require.NoError(t, err)
		var values []string
		for _, list := range query {
			values = append(values, list...)
		}
		assert.Contains(t, append(values, textsIn(following.Requests[0].Body)...), token,
			"%s does not send the token that Next holds", s.method.Name)
	}
}

// readTokens returns the members of the answer that are tokens, but for those
// that are left unread.
func (s server) readTokens() []string {
	return slices.DeleteFunc(slices.Clone(tokenMembers), func(name string) bool {
		property := s.answer.Schema.Value.Properties[name]
		return property != nil && s.spec.Exceptions().Has(spec.ExceptUnread, "", s.spec.PropertyID(property))
	})
}

// textsIn returns the members of a body that are texts.
func textsIn(data []byte) []string {
	var members map[string]any
	if err := json.Unmarshal(data, &members); err != nil {
		return nil // it is no object
	}
	var texts []string
	for _, member := range members {
		if text, ok := member.(string); ok {
			texts = append(texts, text)
		}
	}
	return texts
}
