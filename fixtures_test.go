package pulumiapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/internal/testkit"
)

// withEachAnswer returns the operations that return a value: with the documentation's
// answer, and with one in which everything is set.
func withEachAnswer() []operation {
	var all []operation
	for _, o := range operations() {
		if !o.returnsValue() {
			continue
		}
		all = append(all, o)
		if o.fixture != "" && o.madeUp != "" && !o.waits { // whose answers are those of others
			o.name += " of an answer that is made up"
			o.fixture, o.answer = "", o.madeUp
			all = append(all, o)
		}
	}
	return all
}

// TestFixtures_FoundLeafByLeaf serves the documentation's example bodies to the
// methods, and others in which everything is set, and looks for every leaf of them in
// what the methods return. A tag with a mistake in it loses its leaf of the former.
func TestFixtures_FoundLeafByLeaf(t *testing.T) {
	t.Parallel()
	for _, o := range withEachAnswer() {
		t.Run(o.name, func(t *testing.T) {
			t.Parallel()
			client, _ := scriptedClient(t, func(int, *http.Request) (*http.Response, error) {
				return respond(http.StatusOK, o.body(t)), nil
			})
			got, err := o.call(t.Context(), client)
			require.NoError(t, err, o.name)
			assert.Empty(t, missingLeaves(t, o.expected(t, got), got), "%s lost these of %s", o.name, o.fixture)
		})
	}
}

// expected returns the part of the operation's fixture that got should hold.
func (o operation) expected(t *testing.T, got any) any {
	t.Helper()
	want := decodeAny(t, o.body(t))
	if o.items == "" {
		return want
	}
	for name := range strings.SplitSeq(o.items, ".") {
		members, _ := want.(map[string]any)
		want = members[name]
	}
	list, _ := want.([]any)
	require.NotEmpty(t, list, "%s has no %s", o.fixture, o.items)
	if reflect.ValueOf(got).Kind() == reflect.Slice {
		return list
	}
	return list[0]
}

// missingLeaves returns the paths of the leaves of want that are not in what
// got encodes to, secrets revealed, or differ there. Times are equal as instants; null, absent
// and zero are one.
func missingLeaves(t *testing.T, want, got any) []string {
	t.Helper()
	return compareLeaves("$", want, decodeAny(t, testkit.Encode(t, got)))
}

func compareLeaves(path string, want, got any) []string {
	switch want := want.(type) {
	case map[string]any:
		members, _ := got.(map[string]any)
		var missing []string
		for name, value := range want {
			missing = append(missing, compareLeaves(path+"."+name, value, members[name])...)
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
			missing = append(missing, compareLeaves(fmt.Sprintf("%s[%d]", path, i), value, element)...)
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

func isTime(text string) bool {
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

func decodeAny(t *testing.T, data []byte) any {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var value any
	require.NoError(t, decoder.Decode(&value), "decoding %.100s", data)
	return value
}

func TestCompareLeaves_SeesWhatIsLost(t *testing.T) {
	t.Parallel()
	for got, lost := range map[string]bool{
		`{"a":{"b":[1,"x"]},"t":1612481387,"n":null}`:                       false,
		`{"a":{"b":[1,"x"]},"t":"2021-02-04T23:29:47Z","more":1}`:           false,
		`{"a":{"b":[1,"x"]},"t":"2021-02-04T23:29:48Z"}`:                    true,
		`{"a":{"B":[1,"x"]},"t":1612481387}`:                                true,
		`{"a":{"b":[1]},"t":1612481387}`:                                    true,
		`{"a":{"b":[2,"x"]},"t":1612481387}`:                                true,
		`{"a":{"b":[1,"x"]}}`:                                               true,
		`{"a":{"b":["1","x"]},"t":1612481387}`:                              true,
		`{"a":{"b":[1,"x"]},"t":1612481387,"n":"something out of nothing"}`: true,
	} {
		missing := compareLeaves("$", decodeAny(t, []byte(`{"a":{"b":[1,"x"]},"t":1612481387,"n":null}`)), decodeAny(t, []byte(got)))
		assert.Equal(t, lost, len(missing) > 0, "%s: %v", got, missing)
	}
}

// TestFixtures_DecodeAlikeElsewhere holds the promise that a user who reads the
// types with encoding/json sees the same.
func TestFixtures_DecodeAlikeElsewhere(t *testing.T) {
	t.Parallel()
	for _, o := range withEachAnswer() {
		client, _ := scriptedClient(t, func(int, *http.Request) (*http.Response, error) {
			return respond(http.StatusOK, o.body(t)), nil
		})
		got, err := o.call(t.Context(), client)
		require.NoError(t, err, o.name)
		again := reflect.New(reflect.Indirect(reflect.ValueOf(got)).Type())
		require.NoError(t, json.Unmarshal(o.rawExpected(t, got), again.Interface()), o.name)
		assert.True(t, reflect.DeepEqual(reflect.Indirect(reflect.ValueOf(got)).Interface(), again.Elem().Interface()),
			"%s returned %+v, encoding/json reads %+v", o.name, got, again)
	}
}

// rawExpected is expected as it stands in the fixture.
func (o operation) rawExpected(t *testing.T, got any) json.RawMessage {
	t.Helper()
	if o.items == "" {
		return o.body(t)
	}
	items := json.RawMessage(o.body(t))
	for name := range strings.SplitSeq(o.items, ".") {
		var members map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(items, &members))
		items = members[name]
	}
	if reflect.ValueOf(got).Kind() == reflect.Slice {
		return items
	}
	var list []json.RawMessage
	require.NoError(t, json.Unmarshal(items, &list))
	return list[0]
}

// holdsNothing are the answers of the next test that hold nothing.
var holdsNothing = map[string]bool{"nothing in it": true, "a null list": true}

// Answers hold what nobody has foreseen, and lack what the description promises.
func TestOperations_DecodeLeniently(t *testing.T) {
	t.Parallel()
	for _, o := range operations() {
		if !o.isObject(t) && !o.isArray(t) {
			continue
		}
		t.Run(o.name, func(t *testing.T) {
			t.Parallel()
			const marker = "something-new"
			unknown := mutate(t, o.body(t), func(leaf any) any {
				if text, ok := leaf.(string); ok && !isTime(text) {
					return marker
				}
				return leaf
			}, marker)
			answers := map[string][]byte{
				"unknown fields and values": unknown,
				"text that is not UTF-8":    bytes.ReplaceAll(unknown, []byte(marker), []byte("\xff\xfe")),
				"null everywhere":           mutate(t, o.body(t), func(any) any { return nil }, ""),
				"nothing in it":             []byte("{}"),
			}
			if object := bytes.TrimSpace(o.body(t)); o.isArray(t) {
				answers["nothing in it"] = []byte("[{}]")
			} else {
				answers["names twice"] = append([]byte(`{"unheardOf":1,"unheardOf":{"x":[2]},`), object[1:]...)
			}
			if o.items != "" {
				answers["a null list"] = []byte(`{"` + strings.ReplaceAll(o.items, ".", `":{"`) + `":null}` + strings.Repeat("}", strings.Count(o.items, ".")))
			}
			for name, answer := range answers {
				synctest.Test(t, func(t *testing.T) {
					client, _ := scriptedClient(t, func(int, *http.Request) (*http.Response, error) {
						return respond(http.StatusOK, answer), nil
					})
					ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
					defer cancel()
					_, err := o.call(ctx, client)
					if o.waits && ctx.Err() != nil {
						require.ErrorIs(t, err, ctx.Err(), "%s answered with %s: not over yet", o.name, name)
						return
					}
					if o.waits {
						// It may be over with a status that nobody knows, which is no success.
						var failed *pulumiapi.CallError
						require.NotErrorAs(t, err, &failed, "%s answered with %s", o.name, name)
						return
					}
					if o.refusesNothing != "" && holdsNothing[name] {
						require.ErrorContains(t, err, o.refusesNothing, "%s answered with %s", o.name, name)
						return
					}
					require.NoError(t, err, "%s answered with %s", o.name, name)
				})
			}
		})
	}
}

// mutate returns the JSON with each leaf replaced, and with a member called
// extra in each object.
func mutate(t *testing.T, data []byte, replace func(any) any, extra string) []byte {
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
	changed, err := json.Marshal(walk(decodeAny(t, data)))
	require.NoError(t, err)
	return changed
}
