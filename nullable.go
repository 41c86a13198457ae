package pulumiapi

import "github.com/pulumiapi/pulumiapi/internal/jsonx"

// Nullable is a field of a request that the service can change, clear or leave
// alone. The zero Nullable leaves it alone, [NullableOf] sets it, and [Null]
// clears it. Its json tag must say omitzero.
type Nullable[T any] struct {
	value *T
	null  bool
}

// NullableOf returns a Nullable that sets the field to value.
func NullableOf[T any](value T) Nullable[T] { return Nullable[T]{value: &value} }

// Null returns a Nullable that clears the field: it sends null.
func Null[T any]() Nullable[T] { return Nullable[T]{null: true} }

// Get returns the value that the field is set to, and whether it is set to one.
func (n Nullable[T]) Get() (value T, ok bool) {
	if n.value == nil {
		return value, false
	}
	return *n.value, true
}

// IsNull reports whether the field is cleared.
func (n Nullable[T]) IsNull() bool { return n.null }

// IsZero reports whether the field is left alone.
func (n Nullable[T]) IsZero() bool { return n.value == nil && !n.null }

// MarshalJSON returns the value as JSON, or null. Secrets stay hidden in it;
// request bodies are written by other means.
func (n Nullable[T]) MarshalJSON() ([]byte, error) { return jsonx.Marshal(n.value) }

// wireValue is a pointer, which is null when there is no value.
func (n Nullable[T]) wireValue() any { return n.value }
