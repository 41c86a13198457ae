package testkit

import (
	"net/http"
	"reflect"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
)

// BringsSecret reports whether what the method returns has a Secret in it.
func (o Operation) BringsSecret(t *testing.T) bool {
	t.Helper()
	client, _ := Client(t, func(int, *http.Request) (*http.Response, error) {
		return Respond(http.StatusOK, []byte(o.Response)), nil
	})
	value, err := o.Call(t.Context(), client)
	require.NoError(t, err, o.Name)
	return value != nil && hasSecret(reflect.TypeOf(value), nil)
}

func hasSecret(t reflect.Type, outer []reflect.Type) bool {
	if t == reflect.TypeFor[pulumiapi.Secret]() {
		return true
	}
	if slices.Contains(outer, t) {
		return false
	}
	outer = append(outer, t)
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return hasSecret(t.Elem(), outer)
	case reflect.Struct:
		for field := range t.Fields() {
			if hasSecret(field.Type, outer) {
				return true
			}
		}
	default:
	}
	return false
}
