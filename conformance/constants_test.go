package conformance_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/conformance/internal/bind"
	"github.com/pulumiapi/pulumiapi/conformance/internal/source"
	"github.com/pulumiapi/pulumiapi/conformance/internal/spec"
)

// Where the description has an enum of several values, Go has a type with a constant for each of
// its values.
func TestConstants_CoverEnums(t *testing.T) {
	t.Parallel()
	h := load(t)
	bindings, err := bind.Find(h.spec, h.source)
	require.NoError(t, err)
	require.NotEmpty(t, bindings.Properties)
	for _, property := range bindings.Properties {
		if !property.IsEnum() || h.spec.Exceptions().Has(spec.ExceptConstant, "", property.ID) {
			continue
		}
		var constants []string
		if property.Type.PkgPath() == source.Module {
			for _, value := range h.source.Constants[property.Type.Name()] {
				constants = append(constants, fmt.Sprint(value))
			}
		}
		for _, value := range spec.KnownValues(property.Schema) {
			if value == "" {
				continue // that it is empty
			}
			assert.True(t, slices.Contains(constants, fmt.Sprint(value)),
				"%s is %v, among others: %s (%s) has no constant for it", property.ID, value, property.Go(), property.Type)
		}
	}
}
