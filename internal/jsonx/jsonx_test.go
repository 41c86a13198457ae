package jsonx

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// everything has a field of every kind.
type everything struct {
	Bool      bool              `json:"bool"`
	Int       int               `json:"int"`
	Int64     int64             `json:"int64"`
	Uint8     uint8             `json:"uint8"`
	Float     float64           `json:"float"`
	String    string            `json:"string"`
	Bytes     []byte            `json:"bytes"`
	Slice     []string          `json:"slice"`
	Array     [2]int            `json:"array"`
	Map       map[string]string `json:"map"`
	Pointer   *string           `json:"pointer"`
	Struct    inner             `json:"struct"`
	StructPtr *inner            `json:"structPtr"`
	Any       any               `json:"any"`
	Time      time.Time         `json:"time"`
	Raw       json.RawMessage   `json:"raw"`
}

type inner struct {
	Name string `json:"name"`
}

// full is an everything with something in each field.
func full() everything {
	return everything{
		Bool: true, Int: -1, Int64: math.MaxInt64, Uint8: 255, Float: 1.5, String: "text",
		Bytes: []byte{1, 2}, Slice: []string{"a"}, Array: [2]int{1, 2}, Map: map[string]string{"a": "b"},
		Pointer: new("text"), Struct: inner{"a"}, StructPtr: &inner{"b"}, Any: "anything",
		Time: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), Raw: json.RawMessage(`{"a": 1}`),
	}
}

const fullText = `{
	"bool": true, "int": -1, "int64": 9223372036854775807, "uint8": 255, "float": 1.5, "string": "text",
	"bytes": "AQI=", "slice": ["a"], "array": [1, 2], "map": {"a": "b"},
	"pointer": "text", "struct": {"name": "a"}, "structPtr": {"name": "b"}, "any": "anything",
	"time": "2026-03-01T12:00:00Z", "raw": {"a": 1}
}`

func TestDecode_EveryKind(t *testing.T) {
	t.Parallel()
	var got everything
	require.NoError(t, Decode([]byte(fullText), &got), "Decode(%s)", fullText)
	assert.Equal(t, full(), got, "Decode(%s)", fullText)

	var other everything
	require.NoError(t, json.Unmarshal([]byte(fullText), &other), "encoding/json's Unmarshal(%s)", fullText)
	assert.Equal(t, other, got, "Decode and encoding/json")
}

func TestDecode_NullLeavesTheZeroValue(t *testing.T) {
	t.Parallel()
	var members []string
	for _, name := range []string{
		"bool", "int", "int64", "uint8", "float", "string", "bytes", "slice", "array",
		"map", "pointer", "struct", "structPtr", "any", "time",
	} {
		members = append(members, fmt.Sprintf("%q:null", name))
	}
	text := "{" + strings.Join(members, ",") + "}"
	var got everything
	require.NoError(t, Decode([]byte(text), &got), "Decode(%s)", text)
	assert.Equal(t, everything{}, got, "Decode(%s)", text)

	var slice []inner
	require.NoError(t, Decode([]byte(`[null,{"name":"a"},null]`), &slice), "Decode of nulls in an array")
	assert.Equal(t, []inner{{}, {"a"}, {}}, slice, "Decode of nulls in an array")
	var pointers map[string]*inner
	require.NoError(t, Decode([]byte(`{"a":null}`), &pointers), "Decode of null in an object")
	assert.Equal(t, map[string]*inner{"a": nil}, pointers, "Decode of null in an object")
}

func TestDecode_IsLenient(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text string
		want       inner
	}{
		{"unknown members", `{"other":{"deep":[1,{"x":null}]},"name":"a","more":1e999}`, inner{"a"}},
		{"duplicate names", `{"name":"a","name":"b"}`, inner{"b"}},
		{"duplicate names that are unknown", `{"x":1,"x":2,"name":"a"}`, inner{"a"}},
		{"text that is not UTF-8", "{\"name\":\"a\xffb\"}", inner{"a\uFFFDb"}},
		{"half a surrogate pair", `{"name":"a\ud800b"}`, inner{"a\uFFFDb"}},
		{"name that is not UTF-8", "{\"\xff\":1,\"name\":\"a\"}", inner{"a"}},
		{"white space", " \t\r\n{ \"name\" :\n\"a\" }\n ", inner{"a"}},
		{"nothing", `{}`, inner{}},
		{"null", `null`, inner{}},
		{"escapes", `{"n\u0061me":"\u00e9\n\/\ud83d\ude00"}`, inner{"é\n/😀"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got inner
			require.NoError(t, Decode([]byte(tt.text), &got), "Decode(%s)", tt.text)
			assert.Equal(t, tt.want, got, "Decode(%s)", tt.text)
		})
	}
	t.Run("duplicate names in a map", func(t *testing.T) {
		t.Parallel()
		var got map[string]int
		require.NoError(t, Decode([]byte(`{"a":1,"a":2}`), &got), "Decode of duplicate names")
		assert.Equal(t, map[string]int{"a": 2}, got, "Decode of duplicate names")
		var free any
		require.NoError(t, Decode([]byte(`{"a":{"b":1,"b":2}}`), &free), "Decode of duplicate names into any")
		assert.Equal(t, map[string]any{"a": map[string]any{"b": 2.0}}, free, "Decode of duplicate names into any")
	})
	t.Run("an embedded struct", func(t *testing.T) {
		t.Parallel()
		var got struct {
			inner
			Extra int `json:"extra"`
		}
		require.NoError(t, Decode([]byte(`{"name":"a","extra":1}`), &got), "Decode into an embedded struct")
		assert.Equal(t, inner{"a"}, got.inner, "Decode into an embedded struct")
	})
}

// What kind of failure it was decides what is said of it, and whether the call
// is made again.
func TestDecode_Failures(t *testing.T) {
	t.Parallel()
	const (
		truncated = iota
		syntax
		semantic
	)
	tests := []struct {
		text string
		kind int
	}{
		{``, truncated},
		{`  `, truncated},
		{`{`, truncated},
		{`{"name"`, truncated},
		{`{"name":`, truncated},
		{`{"name":"a`, truncated},
		{`{"name":"a\`, truncated},
		{`{"name":"a\u00`, truncated},
		{`{"name":"a"`, truncated},
		{`{"name":"a",`, truncated},
		{`{"other":[1,2`, truncated},
		{`{"other":tru`, truncated},
		{`{"other":1`, truncated},
		{`{"other":-`, truncated},

		{`<html>`, syntax},
		{`hello`, syntax},
		{`{"name":"a"}}`, syntax},
		{`{"name":"a"} {"name":"b"}`, syntax},
		{`{"name":"a",}`, syntax},
		{`{name:"a"}`, syntax},
		{`{"name":'a'}`, syntax},
		{"{\"name\":\"a\nb\"}", syntax},
		{`{"other":01}`, syntax},
		{`{"other":.5}`, syntax},
		{`{"other":True}`, syntax},
		{`{"other":[1 2]}`, syntax},
		{"\ufeff{}", syntax},
		{`// comment`, syntax},

		{`[]`, semantic},
		{`"text"`, semantic},
		{`12`, semantic},
		{`true`, semantic},
		{`{"name":1}`, semantic},
		{`{"name":["a"]}`, semantic},
		{`{"name":{}}`, semantic},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			t.Parallel()
			err := Decode([]byte(tt.text), new(inner))
			require.Error(t, err, "Decode(%q)", tt.text)
			assert.Equal(t, tt.kind == truncated, IsTruncated(err), "IsTruncated(Decode(%q)): %v", tt.text, err)
			if tt.kind == truncated {
				return // whether it is a syntax error, too, nobody asks
			}
			assert.Equal(t, tt.kind == syntax, IsSyntaxError(err), "IsSyntaxError(Decode(%q)): %v", tt.text, err)
		})
	}
	for _, err := range []error{nil, errors.New("other")} {
		assert.False(t, IsTruncated(err), "IsTruncated(%v)", err)
		assert.False(t, IsSyntaxError(err), "IsSyntaxError(%v)", err)
	}
	assert.True(t, IsTruncated(fmt.Errorf("reading: %w", io.ErrUnexpectedEOF)), "IsTruncated, wrapped")
}

func TestDecode_NumbersOutOfRange(t *testing.T) {
	t.Parallel()
	for text, target := range map[string]any{
		`256`:                  new(uint8),
		`-1`:                   new(uint8),
		`9223372036854775808`:  new(int64),
		`1.5`:                  new(int),
		`"1"`:                  new(int),
		`1e400`:                new(float64),
		`{"int":1e100}`:        new(everything),
		`{"time":"yesterday"}`: new(everything),
	} {
		err := Decode([]byte(text), target)
		require.Error(t, err, "Decode(%s) into %T", text, target)
		assert.False(t, IsSyntaxError(err), "IsSyntaxError(Decode(%s) into %T): %v", text, target, err)
		assert.False(t, IsTruncated(err), "IsTruncated(Decode(%s) into %T): %v", text, target, err)
	}
}

func TestDecode_DeepNesting(t *testing.T) {
	t.Parallel()
	const depth = 100_000
	open := map[string]string{
		"arrays":    strings.Repeat("[", depth) + strings.Repeat("]", depth),
		"objects":   strings.Repeat(`{"a":`, depth) + "1" + strings.Repeat("}", depth),
		"unclosed":  strings.Repeat("[", depth),
		"in a name": `{"other":` + strings.Repeat("[", depth) + strings.Repeat("]", depth) + `}`,
	}
	for name, text := range open {
		for _, target := range []any{new(any), new(inner), new(json.RawMessage), new(map[string]any)} {
			t.Run(fmt.Sprintf("%s into %T", name, target), func(t *testing.T) {
				t.Parallel()
				start := time.Now()
				err := Decode([]byte(text), target)
				require.Error(t, err, "Decode of %d levels of %s into %T", depth, name, target)
				assert.Less(t, time.Since(start), 5*time.Second, "Decode of %d levels of %s into %T", depth, name, target)
				assert.Less(t, len(err.Error()), 100_000, "Decode of %d levels of %s into %T: the error", depth, name, target)
			})
		}
	}
	// What people really nest is fine.
	text := strings.Repeat("[", 1000) + strings.Repeat("]", 1000)
	require.NoError(t, Decode([]byte(text), new(any)), "Decode of 1000 levels")
}

// Nothing that was decoded may change when the buffer is used for the next answer.
func TestDecode_KeepsNothingOfItsInput(t *testing.T) {
	t.Parallel()
	data := []byte(fullText)
	var got everything
	require.NoError(t, Decode(data, &got), "Decode(%s)", fullText)
	for i := range data {
		data[i] = 'x'
	}
	assert.Equal(t, full(), got, "Decode(%s), after the input was overwritten", fullText)
}

func TestDecode_RawMessageIsByteForByte(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{
		`{ "b" : 1 , "a":[ 1,2 ,3 ],"a" : 1 }`,
		"{\n\t\"a\": 1.50e+01,\r\n \"b\": -0.0 }",
		`"\u00e9\/<&>\u2028"`,
		"\"a\xffb\"",
		`12345678901234567890.123456789e-5`,
		`[ ]`,
		`null`,
		`true`,
	} {
		t.Run(raw, func(t *testing.T) {
			t.Parallel()
			text := `{"version" : 3, "deployment" : ` + raw + ` , "more":1}`
			data := []byte(text)
			var state struct {
				Deployment json.RawMessage `json:"deployment"`
			}
			require.NoError(t, Decode(data, &state), "Decode(%s)", text)
			for i := range data {
				data[i] = 'x'
			}
			assert.Equal(t, raw, string(state.Deployment), "Decode(%s): the RawMessage", text)

			var values map[string]json.RawMessage
			require.NoError(t, Decode([]byte(text), &values), "Decode(%s) into a map", text)
			assert.Equal(t, raw, string(values["deployment"]), "Decode(%s) into a map", text)

			var slice []json.RawMessage
			require.NoError(t, Decode([]byte("["+raw+", "+raw+"]"), &slice), "Decode([%s, %s])", raw, raw)
			assert.Equal(t, []json.RawMessage{json.RawMessage(raw), json.RawMessage(raw)}, slice, "Decode([%s, %s])", raw, raw)
		})
	}
	t.Run("absent", func(t *testing.T) {
		t.Parallel()
		var got everything
		require.NoError(t, Decode([]byte(`{}`), &got), "Decode({})")
		assert.Nil(t, got.Raw, "Decode({}): the RawMessage")
	})
	t.Run("the whole answer", func(t *testing.T) {
		t.Parallel()
		data := []byte(`{ "a": 1 }`)
		var got json.RawMessage
		require.NoError(t, Decode(data, &got), "Decode(%s)", data)
		data[2] = 'x'
		assert.Equal(t, `{ "a": 1 }`, string(got), "Decode into a RawMessage")
	})
}

func TestIsValid(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		`{}`:                     true,
		` [1, "a", null] `:       true,
		`{"a":1,"a":2}`:          true,
		"\"a\xffb\"":             true,
		``:                       false,
		`{`:                      false,
		`{} {}`:                  false,
		`{"a":1,}`:               false,
		`hello`:                  false,
		"\ufeff{}":               false,
		strings.Repeat("[", 1e5): false,
	} {
		assert.Equal(t, want, IsValid([]byte(text)), "IsValid(%.40q)", text)
		assert.Equal(t, want, Decode([]byte(text), new(any)) == nil, "Decode(%.40q), as IsValid says", text)
	}
}

func TestMarshal(t *testing.T) {
	t.Parallel()
	tests := []struct {
		value any
		want  string
	}{
		{map[string]int{"b": 2, "a": 1, "c": 3}, `{"a":1,"b":2,"c":3}`},
		{[]string(nil), `[]`},
		{map[string]string(nil), `{}`},
		{[]byte{1, 2}, `"AQI="`},
		{(*inner)(nil), `null`},
		{inner{"<a> & b"}, `{"name":"<a> & b"}`},
		{json.RawMessage(`{"b":1,"a":1.50}`), `{"b":1,"a":1.50}`},
		{shouting("hello"), `"hello"`},
	}
	for _, tt := range tests {
		got, err := Marshal(tt.value)
		require.NoError(t, err, "Marshal(%#v)", tt.value)
		assert.Equal(t, tt.want, string(got), "Marshal(%#v)", tt.value)
	}
	_, err := Marshal(make(chan int))
	require.Error(t, err, "Marshal(chan)")
	_, err = Marshal(math.NaN())
	require.Error(t, err, "Marshal(NaN)")
	_, err = Marshal("a\xffb")
	require.Error(t, err, "Marshal of text that is not UTF-8")
}

// wired is what knows its form on the wire, as the package's Secret and
// Nullable do.
type wired interface{ wire() any }
