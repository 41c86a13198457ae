package conformance_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pulumiapi/pulumiapi/conformance/internal/spec"
)

// TestRequests_FitTheDescription holds everything that any test of the package
// and any example sends against the description. Requests of operations that a
// test has made up are nobody's business.
func TestRequests_FitTheDescription(t *testing.T) {
	t.Parallel()
	h := load(t)
	recording := record()
	if recording.err != nil {
		assert.Fail(t, "the package's tests or examples fail, so what they send may not be all", "%v", recording.err)
	}
	sent := map[string]bool{}
	problems := map[string]bool{}
	for _, request := range recording.Requests {
		if !h.spec.Has(request.Operation) {
			continue
		}
		sent[request.Operation] = true
		for _, problem := range h.spec.CheckRequest(h.operation(t, request.Operation), spec.Request{
			Path: request.Path, Query: request.Query, ContentType: request.ContentType,
			Body: request.Body, BodyUnknown: request.BodyUnknown,
		}) {
			line := fmt.Sprintf("%s, sent by %s: %s", request.Operation, request.Program, problem)
			if !problems[line] {
				problems[line] = true
				assert.Fail(t, line, "path %s, query %q, body %.500s", request.Path, request.Query, request.Body)
			}
		}
	}
	for _, endpoint := range h.source.Endpoints {
		assert.True(t, sent[endpoint.Operation], "no test and no example sends %s (%s)", endpoint.Operation, endpoint.Position)
	}
}
