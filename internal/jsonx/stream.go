package jsonx

import (
	stdjson "encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// A Stream reads one JSON value piece by piece, as leniently as Decode. It holds
// no more of it than what Decode is asked for, or the longest string or number.
// After an error there is no going on.
type Stream struct {
	decoder *jsontext.Decoder
	options json.Options
}

// NewStream returns a Stream of the value that r holds.
func NewStream(r io.Reader) *Stream {
	return &Stream{decoder: jsontext.NewDecoder(r, decoding), options: decoding}
}

// MendIn makes the Stream's Decode leave the zero value where a T refuses what is
// there, and call found with the path of each such place, as Mend does.
func MendIn[T any, P interface {
	*T
	stdjson.Unmarshaler
}](s *Stream, found func(path string),
) {
	s.options = json.JoinOptions(s.options, json.WithUnmarshalers(json.UnmarshalFromFunc(func(dec *jsontext.Decoder, v P) error {
		value, err := dec.ReadValue()
		if err != nil {
			return err
		}
		if v.UnmarshalJSON(value) != nil {
			*v = *new(T)
			found(pathOf(dec))
		}
		return nil
	})))
}

// Object reads an object. It calls member with the name of each of its members;
// member must read the value.
func (s *Stream) Object(member func(name string) error) error {
	return s.each(jsontext.KindBeginObject, func() error {
		name, err := s.decoder.ReadToken()
		if err != nil {
			return err
		}
		return member(name.String())
	})
}

// Array reads an array. It calls element for each of its elements; element must
// read it.
func (s *Stream) Array(element func() error) error {
	return s.each(jsontext.KindBeginArray, element)
}

// each reads what begins with a token of the given kind, and calls read for each
// of the parts between that and the closing one.
func (s *Stream) each(open jsontext.Kind, read func() error) error {
	token, err := s.decoder.ReadToken()
	if err != nil {
		return withoutEOF(err)
	}
	if kind := token.Kind(); kind != open {
		return &shapeError{fmt.Sprintf("json: %s instead of %s at %q", kind, open, s.decoder.StackPointer())}
	}
	for {
		kind := s.decoder.PeekKind()
		if kind == jsontext.KindEndObject || kind == jsontext.KindEndArray || kind == jsontext.KindInvalid {
			_, err := s.decoder.ReadToken()
			return err
		}
		if err := read(); err != nil {
			return err
		}
	}
}

// Null reads a null, if that is what is next, and reports whether it is.
func (s *Stream) Null() (bool, error) {
	if s.decoder.PeekKind() != jsontext.KindNull {
		return false, nil
	}
	_, err := s.decoder.ReadToken()
	return err == nil, err
}

// Decode reads a value into v, as the function Decode does.
func (s *Stream) Decode(v any) error {
	return withoutEOF(json.UnmarshalDecode(s.decoder, v, s.options))
}

// Skip reads a value that is of no interest. Of an array or an object it holds
// one part at a time.
func (s *Stream) Skip() error { return withoutEOF(s.decoder.SkipValue()) }

// End reads on to the reader's end. It is a syntax error if there is more than
// white space.
func (s *Stream) End() error {
	switch _, err := s.decoder.ReadToken(); {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return err
	}
	return &jsontext.SyntacticError{ByteOffset: s.Offset(), Err: errors.New("there is more behind the value")}
}

// Offset is the number of bytes that have been read, up to the end of a piece.
func (s *Stream) Offset() int64 { return s.decoder.InputOffset() }

// withoutEOF makes of the end of the reader, which stands where a value should,
// what it is.
func withoutEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// shapeError says that a Stream holds JSON of another shape.
type shapeError struct{ text string }

func (e *shapeError) Error() string { return e.text }

// IsShapeError reports whether Decode or a Stream failed because what they read is
// JSON, but not of the shape that was expected.
func IsShapeError(err error) bool {
	var (
		shape    *shapeError
		semantic *json.SemanticError
	)
	return errors.As(err, &shape) || errors.As(err, &semantic)
}
