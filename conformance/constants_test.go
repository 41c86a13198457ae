package conformance_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/conformance/internal/bind"
	"github.com/pulumiapi/pulumiapi/conformance/internal/spec"
	"github.com/pulumiapi/pulumiapi/internal/source"
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

// What Go has, the description has: a field that no property stands behind is always empty.
func TestFields_StandForProperties(t *testing.T) {
	t.Parallel()
	h := load(t)
	bindings, err := bind.Find(h.spec, h.source)
	require.NoError(t, err)
	bound := map[reflect.Type]map[string]bool{}
	for _, property := range bindings.Properties {
		if bound[property.Owner] == nil {
			bound[property.Owner] = map[string]bool{}
		}
		bound[property.Owner][property.Field.Name] = true
	}
	require.NotEmpty(t, bound)
	for owner, fields := range bound {
		if owner.PkgPath() != source.Module || owner.Kind() != reflect.Struct {
			continue
		}
		for field := range owner.Fields() {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if name == "" || name == "-" || fields[field.Name] {
				continue
			}
			where := owner.Name() + "." + name
			assert.True(t, h.spec.Exceptions().Has(spec.ExceptExtra, "", where), "%s (%s): the description has no such property", where, field.Name)
		}
	}
}

// A constant is a value that the description knows somewhere, unless an exception says who does.
func TestConstants_AreKnown(t *testing.T) {
	t.Parallel()
	h := load(t)
	bindings, err := bind.Find(h.spec, h.source)
	require.NoError(t, err)
	known := map[string]map[string]bool{}
	for _, property := range bindings.Properties {
		if !property.IsEnum() || property.Type.PkgPath() != source.Module {
			continue
		}
		name := property.Type.Name()
		if known[name] == nil {
			known[name] = map[string]bool{}
		}
		for _, value := range spec.KnownValues(property.Schema) {
			known[name][fmt.Sprint(value)] = true
		}
	}
	require.NotEmpty(t, known)
	for name, values := range known {
		for _, constant := range h.source.Constants[name] {
			value := fmt.Sprint(constant)
			assert.True(t, values[value] || h.spec.Exceptions().Has(spec.ExceptExtra, "", name+"="+value),
				"%s has a constant for %q, which the description does not know", name, value)
		}
	}
}
