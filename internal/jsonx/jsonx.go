// Package jsonx is the one room that knows which JSON library the client uses.
//
// It reads leniently, because the service's data is what it is, and writes
// strictly. Its callers see byte slices, standard struct tags and
// [encoding/json.RawMessage] only.
package jsonx

import (
	"encoding"
	stdjson "encoding/json"
	"errors"
	"io"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// decoding accepts what encoding/json accepts as well: state that an engine
// wrote years ago holds duplicate names and text that is not UTF-8.
var decoding = json.JoinOptions(
	jsontext.AllowDuplicateNames(true),
	jsontext.AllowInvalidUTF8(true),
)

// Decode reads the one JSON value that data holds into v. Unknown members are
// skipped, and null leaves the zero value. Nothing in v refers to data
// afterwards.
func Decode(data []byte, v any) error {
	return json.Unmarshal(data, v, decoding)
}

// inPlace takes raw JSON for the part of the input that it is.
var inPlace = json.WithUnmarshalers(json.UnmarshalFromFunc(func(dec *jsontext.Decoder, raw *stdjson.RawMessage) error {
	value, err := dec.ReadValue()
	*raw = stdjson.RawMessage(value)
	return err
}))

// DecodeInPlace is Decode without copying raw JSON: each RawMessage in v is a part
// of data, which must not change any more.
func DecodeInPlace(data []byte, v any) error {
	return json.Unmarshal(data, v, decoding, inPlace)
}

// IsValid reports whether data is one JSON value that Decode would read.
func IsValid(data []byte) bool {
	return jsontext.Value(data).IsValid(decoding)
}

// IsTruncated reports whether Decode failed because data ends too early.
func IsTruncated(err error) bool {
	return errors.Is(err, io.ErrUnexpectedEOF)
}

// IsSyntaxError reports whether Decode failed because data is not JSON, and not
// because it is JSON of another shape.
func IsSyntaxError(err error) bool {
	var syntactic *jsontext.SyntacticError
	return errors.As(err, &syntactic)
}

// IsTooDeep reports whether Decode failed because there are more values in each
// other than it reads. That is a syntax error, too.
func IsTooDeep(err error) bool {
	syntactic, ok := errors.AsType[*jsontext.SyntacticError](err)
	// jsontext keeps the error to itself.
	return ok && syntactic.Err != nil && syntactic.Err.Error() == "exceeded max depth"
}

// Marshal returns v as JSON, as an Encoder does that substitutes nothing.
func Marshal(v any) ([]byte, error) {
	return json.Marshal(v, json.Deterministic(true))
}

// An Encoder writes request bodies.
type Encoder struct {
	options json.Options
}

// NewEncoder returns an Encoder that puts wire(v) in the place of each value v
// of type T, wherever it stands. T may be an interface, which then means every
// type that implements it; nil pointers are left alone. It is for types whose
// usual JSON form is not the one that the service gets.
func NewEncoder[T any](wire func(T) any) *Encoder {
	substitute := func(enc *jsontext.Encoder, v T) error {
		return json.MarshalEncode(enc, wire(v))
	}
	return &Encoder{options: json.JoinOptions(
		json.WithMarshalers(json.MarshalToFunc(substitute)),
		json.Deterministic(true),
	)}
}

// Check returns an Encoder that writes the same, but asks check before it writes a
// value of a type with a method MarshalJSON or MarshalText, with what that method
// returns. An error of check ends the encoding. Types that e substitutes are not
// checked.
func (e *Encoder) Check(check func(v any, written []byte) error) *Encoder {
	checked := func(v any, marshal func() ([]byte, error)) error {
		written, err := marshal()
		if err == nil {
			err = check(v, written)
		}
		if err == nil {
			return errors.ErrUnsupported // the library writes it as usual
		}
		return err
	}
	substitute, _ := json.GetOption(e.options, json.WithMarshalers)
	return &Encoder{options: json.JoinOptions(e.options, json.WithMarshalers(json.JoinMarshalers(
		substitute,
		json.MarshalToFunc(func(_ *jsontext.Encoder, v stdjson.Marshaler) error { return checked(v, v.MarshalJSON) }),
		json.MarshalToFunc(func(_ *jsontext.Encoder, v encoding.TextMarshaler) error { return checked(v, v.MarshalText) }),
	)))}
}

// Encode returns v as JSON. A nil slice becomes [], a nil map {}.
func (e *Encoder) Encode(v any) ([]byte, error) {
	return json.Marshal(v, e.options)
}
