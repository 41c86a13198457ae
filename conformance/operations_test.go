package conformance_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/internal/source"
	"github.com/pulumiapi/pulumiapi/internal/testkit"
)

func TestOperations_ExistInTheDescription(t *testing.T) {
	t.Parallel()
	h := load(t)
	for _, endpoint := range h.source.Endpoints {
		assert.True(t, h.spec.Has(endpoint.Operation),
			"%s: the description has no operation %s", endpoint.Position, endpoint.Operation)
	}
}

func TestOperations_HaveMethods(t *testing.T) {
	t.Parallel()
	h := load(t)
	for _, endpoint := range h.source.Endpoints {
		assert.NotEmpty(t, endpoint.Methods, "%s: no exported method uses %s", endpoint.Position, endpoint.Operation)
	}
	for _, method := range h.source.Methods {
		assert.NotEmpty(t, method.Operations, "%s: %s uses no endpoint", method.Position, method.Name)
	}
}

func TestOperations_AreDeprecatedInGoToo(t *testing.T) {
	t.Parallel()
	h := load(t)
	for _, endpoint := range h.source.Endpoints {
		if h.spec.Has(endpoint.Operation) && h.operation(t, endpoint.Operation).Deprecated {
			assert.True(t, endpoint.Deprecated(), "%s: %s is deprecated, but no method is marked so", endpoint.Position, endpoint.Operation)
		}
	}
	for _, method := range h.source.Methods {
		deprecated := len(method.Operations) > 0
		for _, operation := range method.Operations {
			deprecated = deprecated && h.spec.Has(operation) && h.operation(t, operation).Deprecated
		}
		if deprecated {
			assert.True(t, method.Deprecated, "%s: %s uses deprecated operations only, but is not marked Deprecated", method.Position, method.Name)
		}
	}
}

// A method's comment names its endpoints, and no others.
func TestOperations_AreNamedInComments(t *testing.T) {
	t.Parallel()
	h := load(t)
	for _, method := range slices.Concat(h.source.Methods, h.source.Others) {
		assert.ElementsMatch(t, method.Operations, source.OperationsNamed(method.Doc),
			"%s: the comment of %s names other endpoints than the method uses", method.Position, method.Name)
	}
}

// What is found in the source and what is found by reflection are the same, but
// for the methods that wait: what they send, others send, too.
func TestOperations_AllMethodsAreDriven(t *testing.T) {
	t.Parallel()
	h := load(t)
	var found, driven, waiting []string
	for _, method := range drivenMethods() {
		driven = append(driven, method.Name)
	}
	var reached, waitedFor []string
	for _, method := range h.source.Methods {
		found = append(found, method.Name)
		if slices.Contains(driven, method.Name) {
			reached = append(reached, method.Operations...)
		} else {
			waitedFor = append(waitedFor, method.Operations...)
		}
	}
	for _, method := range testkit.Methods() {
		if method.Waits() {
			waiting = append(waiting, method.Name)
		}
	}
	require.NotEmpty(t, found)
	assert.ElementsMatch(t, found, slices.Concat(driven, waiting))
	assert.Subset(t, reached, waitedFor)
}
