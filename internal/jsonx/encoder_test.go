package jsonx

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// secret is such a type, with value methods and another usual form.
type secret struct{ value string }

func (s secret) wire() any                    { return s.value }
func (s secret) MarshalJSON() ([]byte, error) { return []byte(`"[redacted]"`), nil }
func (s secret) IsZero() bool                 { return s.value == "" }

// optional is such a type, and generic: unset, null or a value.
type optional[T any] struct {
	set   bool
	value *T
}

func (o optional[T]) IsZero() bool { return !o.set }
func (o optional[T]) wire() any    { return o.value }

// shouting is such a type that is no struct.
type shouting string

func (s shouting) wire() any { return strings.ToUpper(string(s)) }

// byPointer has its methods on the pointer.
type byPointer struct{ Value string }

func (p *byPointer) wire() any { return "pointer to " + p.Value }

func newWireEncoder() *Encoder { return NewEncoder(func(v wired) any { return v.wire() }) }

func TestEncoder_SubstitutesWherever(t *testing.T) {
	t.Parallel()
	type nested struct {
		Secret    secret            `json:"secret"`
		Maybe     secret            `json:"maybe,omitzero"`
		Pointer   *secret           `json:"pointer"`
		MaybePtr  *secret           `json:"maybePtr,omitzero"`
		Slice     []secret          `json:"slice"`
		Pointers  []*secret         `json:"pointers"`
		Map       map[string]secret `json:"map"`
		Any       any               `json:"any"`
		Interface wired             `json:"interface"`
		Array     [2]secret         `json:"array"`
		Struct    struct {
			Deep map[string][]*secret `json:"deep"`
		} `json:"struct"`
	}
	a, b := secret{"a"}, secret{"b"}
	tests := []struct {
		name  string
		value any
		want  string
	}{
		{"alone", a, `"a"`},
		{"pointer", &a, `"a"`},
		{"pointer to pointer", new(&a), `"a"`},
		{"nil pointer", (*secret)(nil), `null`},
		{"nil", nil, `null`},
		{"slice", []secret{a, b}, `["a","b"]`},
		{"slice of pointers", []*secret{&a, nil, &b}, `["a",null,"b"]`},
		{"slice of any", []any{a, &b, "c", nil}, `["a","b","c",null]`},
		{"map", map[string]secret{"x": a}, `{"x":"a"}`},
		{"map of pointers", map[string]*secret{"x": &a, "y": nil}, `{"x":"a","y":null}`},
		{"map of any", map[string]any{"x": a, "y": []any{&b}}, `{"x":"a","y":["b"]}`},
		{"no struct", []shouting{"x"}, `["X"]`},
		{"pointer method, on a pointer", &byPointer{"x"}, `"pointer to x"`},
		{"pointer method, in a slice", []byPointer{{"x"}}, `["pointer to x"]`},
		{"pointer method, nil", []*byPointer{nil}, `[null]`},
		{"zero struct", nested{}, `{"secret":"","pointer":null,"slice":[],"pointers":[],"map":{},"any":null,"interface":null,"array":["",""],"struct":{"deep":{}}}`},
		{
			"struct", func() any {
				n := nested{
					Secret: a, Maybe: b, Pointer: &a, MaybePtr: &b, Slice: []secret{a}, Pointers: []*secret{&b, nil},
					Map: map[string]secret{"x": a}, Any: b, Interface: &a, Array: [2]secret{a, b},
				}
				n.Struct.Deep = map[string][]*secret{"x": {&a, nil}}
				return n
			}(),
			`{"secret":"a","maybe":"b","pointer":"a","maybePtr":"b","slice":["a"],"pointers":["b",null],"map":{"x":"a"},` +
				`"any":"b","interface":"a","array":["a","b"],"struct":{"deep":{"x":["a",null]}}}`,
		},
		{"pointer to struct", &nested{Secret: a, Any: &b}, `{"secret":"a","pointer":null,"slice":[],"pointers":[],"map":{},"any":"b","interface":null,"array":["",""],"struct":{"deep":{}}}`},
	}
	encoder := newWireEncoder()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := encoder.Encode(tt.value)
			require.NoError(t, err, "Encode(%s)", tt.name)
			assert.Equal(t, tt.want, string(got), "Encode(%s)", tt.name)
		})
	}
}

// Unset is left out, null is sent, and a value is a value.
func TestEncoder_Optional(t *testing.T) {
	t.Parallel()
	type request struct {
		Name   optional[string]           `json:"name,omitzero"`
		Count  optional[int]              `json:"count,omitzero"`
		Secret optional[secret]           `json:"secret,omitzero"`
		List   optional[[]secret]         `json:"list,omitzero"`
		Nested optional[optional[string]] `json:"nested,omitzero"`
	}
	tests := []struct {
		name    string
		request request
		want    string
	}{
		{"unset", request{}, `{}`},
		{"null", request{
			Name: optional[string]{set: true}, Count: optional[int]{set: true}, Secret: optional[secret]{set: true},
			List: optional[[]secret]{set: true}, Nested: optional[optional[string]]{set: true},
		}, `{"name":null,"count":null,"secret":null,"list":null,"nested":null}`},
		{"zero values", request{
			Name: optional[string]{true, new("")}, Count: optional[int]{true, new(0)},
			Secret: optional[secret]{true, new(secret{})}, List: optional[[]secret]{true, new([]secret(nil))},
			Nested: optional[optional[string]]{true, &optional[string]{set: true}},
		}, `{"name":"","count":0,"secret":"","list":[],"nested":null}`},
		{"values", request{
			Name: optional[string]{true, new("a")}, Count: optional[int]{true, new(1)},
			Secret: optional[secret]{true, &secret{"s"}}, List: optional[[]secret]{true, &[]secret{{"t"}}},
			Nested: optional[optional[string]]{true, &optional[string]{true, new("n")}},
		}, `{"name":"a","count":1,"secret":"s","list":["t"],"nested":"n"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := newWireEncoder().Encode(tt.request)
			require.NoError(t, err, "Encode(%s)", tt.name)
			assert.Equal(t, tt.want, string(got), "Encode(%s)", tt.name)
			got, err = newWireEncoder().Encode(&tt.request)
			require.NoError(t, err, "Encode of a pointer to %s", tt.name)
			assert.Equal(t, tt.want, string(got), "Encode of a pointer to %s", tt.name)
		})
	}
}

// T may be one type, too: others keep their form.
func TestEncoder_ForOneType(t *testing.T) {
	t.Parallel()
	encoder := NewEncoder(func(s secret) any { return "the secret " + s.value })
	got, err := encoder.Encode(map[string]any{"a": secret{"x"}, "b": &secret{"y"}, "c": shouting("z"), "d": (*secret)(nil)})
	require.NoError(t, err, "Encode")
	assert.JSONEq(t, `{"a":"the secret x","b":"the secret y","c":"z","d":null}`, string(got), "Encode")
}

// Each value is asked once for its form.
func TestEncoder_AsksOnce(t *testing.T) {
	t.Parallel()
	asked := 0
	encoder := NewEncoder(func(s secret) any {
		asked++
		return s.value
	})
	_, err := encoder.Encode(map[string]any{"a": secret{"x"}, "b": []*secret{{"y"}}})
	require.NoError(t, err, "Encode")
	assert.Equal(t, 2, asked, "Encode of two secrets: questions")
}

func TestEncoder_Encode(t *testing.T) {
	t.Parallel()
	type request struct {
		Slice    []string          `json:"slice"`
		Map      map[string]int    `json:"map"`
		Bytes    []byte            `json:"bytes"`
		Optional *string           `json:"optional,omitzero"`
		OmitNil  []string          `json:"omitNil,omitzero"`
		Raw      json.RawMessage   `json:"raw,omitzero"`
		Free     map[string]any    `json:"free,omitzero"`
		Sorted   map[string]string `json:"sorted,omitzero"`
	}
	tests := []struct {
		name  string
		value any
		want  string
	}{
		{"nil slice", []string(nil), `[]`},
		{"nil map", map[string]int(nil), `{}`},
		{"zero", request{}, `{"slice":[],"map":{},"bytes":""}`},
		{"empty is sent", request{OmitNil: []string{}}, `{"slice":[],"map":{},"bytes":"","omitNil":[]}`},
		{"pointer to nothing is sent", request{Optional: new("")}, `{"slice":[],"map":{},"bytes":"","optional":""}`},
		{"sorted", request{Sorted: map[string]string{"c": "", "a": "", "b": ""}}, `{"slice":[],"map":{},"bytes":"","sorted":{"a":"","b":"","c":""}}`},
		{"nested nil", request{Free: map[string]any{"a": []int(nil), "b": nil}}, `{"slice":[],"map":{},"bytes":"","free":{"a":[],"b":null}}`},
		// Escapes and white space are the encoder's: what must stay byte for byte goes around it.
		{"raw", request{Raw: json.RawMessage(`{"z": 1, "a":1.50,"é":"\u00e9"}`)}, `{"slice":[],"map":{},"bytes":"","raw":{"z":1,"a":1.50,"é":"é"}}`},
		{"no HTML escapes", "<a> & b\u2028", "\"<a> & b\u2028\""},
		{"large numbers", []any{int64(math.MaxInt64), uint64(math.MaxUint64), 1e21, 0.1}, `[9223372036854775807,18446744073709551615,1e+21,0.1]`},
	}
	encoder := newWireEncoder()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := encoder.Encode(tt.value)
			require.NoError(t, err, "Encode(%s)", tt.name)
			assert.Equal(t, tt.want, string(got), "Encode(%s)", tt.name)
			assert.True(t, json.Valid(got), "Encode(%s): is JSON", tt.name)
		})
	}
}

func TestEncoder_RefusesWhatIsNoJSON(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]any{
		"channel":                 make(chan int),
		"function":                func() {},
		"NaN":                     math.NaN(),
		"text that is not UTF-8":  "a\xffb",
		"raw that is not JSON":    json.RawMessage(`{"a":`),
		"raw with two of a name":  json.RawMessage(`{"a":1,"a":2}`),
		"a substitute that isn't": []wired{broken{}},
		"a nested one":            map[string]any{"a": []any{func() {}}},
		"a struct that holds one": struct{ C chan int }{make(chan int)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := newWireEncoder().Encode(value)
			require.Error(t, err, "Encode(%s): %s", name, got)
		})
	}
}

type broken struct{}

func (broken) wire() any { return make(chan int) }

// Encode(Decode(x)) gives what the service had sent, in its own words.
func TestEncoder_RoundTrip(t *testing.T) {
	t.Parallel()
	var value everything
	require.NoError(t, Decode([]byte(fullText), &value), "Decode(%s)", fullText)
	got, err := newWireEncoder().Encode(value)
	require.NoError(t, err, "Encode")
	assert.JSONEq(t, fullText, string(got), "Encode")
	plain, err := Marshal(value)
	require.NoError(t, err, "Marshal")
	assert.Equal(t, string(plain), string(got), "Encode and Marshal of what has no substitutes")
}

func TestEncoder_IsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	encoder := newWireEncoder()
	for i := range 8 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			for range 100 {
				got, err := encoder.Encode(map[string]any{"a": secret{fmt.Sprint(i)}, "b": shouting("x")})
				require.NoError(t, err, "Encode")
				require.True(t, bytes.Equal(got, fmt.Appendf(nil, `{"a":"%d","b":"X"}`, i)), "Encode: %s", got)
			}
		})
	}
}
