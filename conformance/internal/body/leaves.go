package body

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/conformance/internal/spec"
)

// Expected returns what of a served value has to be found again: not what the
// schema doesn't know. skip says which properties, by their IDs, are left out.
func Expected(s *spec.Spec, schema *spec.Schema, value any, skip func(id string) bool) any {
	if spec.IsAny(schema) {
		return value
	}
	if schema.Discriminator != nil {
		if schema = spec.Variant(schema, value); schema == nil {
			return nil
		}
	}
	switch value := value.(type) {
	case map[string]any:
		object := map[string]any{}
		for name, member := range value {
			property := spec.MemberSchema(schema, name)
			if property == nil || skip(s.PropertyID(property)) {
				continue
			}
			object[name] = Expected(s, property.Value, member, skip)
		}
		return object
	case []any:
		list := make([]any, len(value))
		for i, element := range value {
			list[i] = Expected(s, schema.Items.Value, element, skip)
		}
		return list
	}
	return value
}

// Missing returns the leaves of want that got does not have, or has otherwise:
// one line each, which begins with the JSON path. got is a Go value as a method
// returns it. Times are equal as instants; null, absent and zero are one; a
// secret counts by what it holds.
func Missing(want, got any) ([]string, error) {
	encoded, err := json.Marshal(got)
	if err != nil {
		return nil, fmt.Errorf("encoding %T: %w", got, err)
	}
	decoded, err := spec.DecodeJSON(encoded)
	if err != nil {
		return nil, fmt.Errorf("decoding what %T encodes to: %w", got, err)
	}
	c := comparison{secrets: map[string]bool{}}
	c.findSecrets(reflect.ValueOf(got))
	c.compare("$", want, decoded)
	return c.missing, nil
}

type comparison struct {
	secrets map[string]bool
	missing []string
}

func (c *comparison) compare(path string, want, got any) {
	switch want := want.(type) {
	case map[string]any:
		object, isObject := got.(map[string]any)
		if !isObject && got != nil {
			c.differ(path, "an object", got)
			return
		}
		for _, name := range slices.Sorted(maps.Keys(want)) {
			c.compare(path+"."+name, want[name], object[name])
		}
		return
	case []any:
		list, isList := got.([]any)
		if !isList && got != nil {
			c.differ(path, "a list", got)
			return
		}
		for i, element := range want {
			var other any
			if i < len(list) {
				other = list[i]
			}
			c.compare(fmt.Sprintf("%s[%d]", path, i), element, other)
		}
		return
	}
	if !c.same(want, got) {
		c.differ(path, want, got)
	}
}

func (c *comparison) differ(path string, want, got any) {
	c.missing = append(c.missing, fmt.Sprintf("%s: want %.80v, got %.80v", path, want, got))
}

func (c *comparison) same(want, got any) bool {
	text, isText := want.(string)
	return isZero(want) && isZero(got) || reflect.DeepEqual(want, got) || sameInstant(want, got) ||
		isText && got == "[redacted]" && c.secrets[text]
}

func isZero(leaf any) bool {
	switch leaf := leaf.(type) {
	case nil:
		return true
	case string:
		return leaf == "" || leaf == "0001-01-01T00:00:00Z"
	case bool:
		return !leaf
	case json.Number:
		return leaf == "0"
	case map[string]any:
		for _, member := range leaf {
			if !isZero(member) {
				return false
			}
		}
		return true
	case []any:
		return len(leaf) == 0
	}
	return false
}

// sameInstant reports whether both are times, the second in the form in which
// the package writes times.
func sameInstant(want, got any) bool {
	text, _ := got.(string)
	written, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return false
	}
	raw, err := json.Marshal(want)
	var read pulumiapi.Timestamp
	return err == nil && read.UnmarshalJSON(raw) == nil && !read.IsZero() && read.Time.Equal(written)
}

var secretType = reflect.TypeFor[pulumiapi.Secret]()

// findSecrets finds what secrets a value holds.
func (c *comparison) findSecrets(value reflect.Value) {
	if !value.IsValid() {
		return
	}
	if value.Type() == secretType {
		if secret, ok := reflect.TypeAssert[pulumiapi.Secret](value); ok {
			c.secrets[secret.Reveal()] = true
		}
		return
	}
	switch value.Kind() {
	case reflect.Pointer, reflect.Interface:
		c.findSecrets(value.Elem())
	case reflect.Struct:
		for field, member := range value.Fields() {
			if field.IsExported() {
				c.findSecrets(member)
			}
		}
	case reflect.Slice, reflect.Array:
		for i := range value.Len() {
			c.findSecrets(value.Index(i))
		}
	case reflect.Map:
		for _, member := range value.Seq2() {
			c.findSecrets(member)
		}
	default:
	}
}
