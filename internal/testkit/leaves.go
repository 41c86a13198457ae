package testkit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
)

// Expected returns the part of the operation's fixture that got should hold.
func (o Operation) Expected(t *testing.T, got any) any {
	t.Helper()
	want := DecodeAny(t, []byte(o.Response))
	if o.Items == "" {
		return want
	}
	for name := range strings.SplitSeq(o.Items, ".") {
		members, _ := want.(map[string]any)
		want = members[name]
	}
	list, _ := want.([]any)
	require.NotEmpty(t, list, "%s has no %s", o.Fixture, o.Items)
	if reflect.ValueOf(got).Kind() == reflect.Slice {
		return list
	}
	return list[0]
}

// MissingLeaves returns the paths of the leaves of want that are not in what
// got encodes to, secrets revealed, or differ there. Times are equal as instants; null, absent
// and zero are one.
func MissingLeaves(t *testing.T, want, got any) []string {
	t.Helper()
	return CompareLeaves("$", want, DecodeAny(t, Encode(t, got)))
}

// CompareLeaves returns the paths of the leaves of want that got lacks, below path.
func CompareLeaves(path string, want, got any) []string {
	switch want := want.(type) {
	case map[string]any:
		members, _ := got.(map[string]any)
		var missing []string
		for name, value := range want {
			missing = append(missing, CompareLeaves(path+"."+name, value, members[name])...)
		}
		return missing
	case []any:
		elements, _ := got.([]any)
		var missing []string
		for i, value := range want {
			var element any
			if i < len(elements) {
				element = elements[i]
			}
			missing = append(missing, CompareLeaves(fmt.Sprintf("%s[%d]", path, i), value, element)...)
		}
		return missing
	}
	if isZero(want) && isZero(got) || reflect.DeepEqual(want, got) || sameInstant(want, got) {
		return nil
	}
	return []string{fmt.Sprintf("%s: want %v, got %v", path, want, got)}
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
		return len(leaf) == 0
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
	read, ok := asTime(want)
	return ok && read.Equal(written)
}

// IsTime reports whether the service writes times so.
func IsTime(text string) bool {
	return new(pulumiapi.Timestamp).UnmarshalText([]byte(text)) == nil
}

// asTime reads a leaf as the service writes times.
func asTime(leaf any) (time.Time, bool) {
	raw, err := json.Marshal(leaf)
	var timestamp pulumiapi.Timestamp
	if err != nil || timestamp.UnmarshalJSON(raw) != nil || timestamp.IsZero() {
		return time.Time{}, false
	}
	return timestamp.Time, true
}

// DecodeAny decodes JSON into maps, slices and the like, with numbers as they stand.
func DecodeAny(t *testing.T, data []byte) any {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var value any
	require.NoError(t, decoder.Decode(&value), "decoding %.100s", data)
	return value
}

// Mutate returns the JSON with each leaf replaced, and with a member called
// extra in each object.
func Mutate(t *testing.T, data []byte, replace func(any) any, extra string) []byte {
	t.Helper()
	var walk func(any) any
	walk = func(value any) any {
		switch value := value.(type) {
		case map[string]any:
			for name, member := range value {
				value[name] = walk(member)
			}
			for _, sibling := range value {
				if extra != "" {
					// In a map it is a value like the others.
					value[extra] = sibling
				}
				break
			}
			return value
		case []any:
			for i := range value {
				value[i] = walk(value[i])
			}
			return value
		}
		return replace(value)
	}
	changed, err := json.Marshal(walk(DecodeAny(t, data)))
	require.NoError(t, err)
	return changed
}
