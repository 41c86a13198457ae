package jsonx

import (
	"bytes"
	"errors"
	"reflect"

	"github.com/go-json-experiment/json/jsontext"
)

// Fits reports whether what Decode makes of data in v takes at most limit bytes of
// memory. It never says less than it takes, and mostly more: slices and maps are
// counted with the room that they take while they grow. Data that Decode refuses
// counts up to where it does.
//
// What a type's own UnmarshalJSON makes of its JSON counts as if the type had none.
func Fits(data []byte, v any, limit int64) bool {
	root := shapeOf(reflect.TypeOf(v).Elem())
	// Most answers are so far below the limit that nothing needs to be read for it.
	values := int64(1)
	for _, mark := range []byte{',', '[', '{'} {
		values += int64(bytes.Count(data, []byte{mark}))
	}
	if root.size+values*root.most+int64(len(data)) <= limit {
		return true
	}
	return Weigh(data, v, limit) <= limit
}

// Weigh returns how much memory what Decode makes of data in v takes at most, as
// Fits says. It stops when there is more than limit.
func Weigh(data []byte, v any, limit int64) int64 {
	root := shapeOf(reflect.TypeOf(v).Elem())
	w := walk{decoder: jsontext.NewDecoder(bytes.NewBuffer(data), decoding), held: root.size, limit: limit}
	_ = w.value(root.shape) // what is wrong with it, Decode says
	return w.held
}

// perText is what a string takes beside its text: the size of what holds it is a
// power of two for short ones.
const perText = 16

// growth is how often a slice that grows holds an element: in the old array, in
// the new one, and in what is still free of it (a quarter at least).
const growth = 2

// perTarget is what the target of a pointer takes: Go has pieces of memory of some
// sizes only.
func (s *shape) perTarget() int64 {
	size := s.elem.size + s.elem.embedded
	return size + size/8 + perText
}

// perElement is what an element of a slice takes.
func (s *shape) perElement() int64 {
	if s.inline {
		return 0
	}
	return growth * s.elem.size
}

// Go's maps keep entries in groups of eight, with values up to 128 bytes. There are
// up to four times as many places as entries while a map grows, old and new.
const (
	mapHeader   = 64
	mapGroup    = 8
	mapGrowth   = 4
	maxInlined  = 128
	pointerSize = 8
)

// perEntry is what the entry of a map takes before which there are n.
func (s *shape) perEntry(n int) int64 {
	slot, apart := s.keySize+s.elem.size, int64(0)
	if s.elem.size > maxInlined {
		slot, apart = s.keySize+pointerSize, s.elem.size
	}
	switch n {
	case 0:
		slot *= mapGroup
	case mapGroup:
		slot *= 2*mapGroup + mapGrowth
	default:
		if n < mapGroup {
			slot = 0
			break
		}
		slot *= mapGrowth
	}
	return slot + apart + perText
}

// walk goes through JSON as Decode does with a value of some shape.
type walk struct {
	decoder *jsontext.Decoder
	// held is the memory that is taken so far.
	held, limit int64
	// leaf, if there is one, is told of each value of the type leafType.
	leafType reflect.Type
	leaf     func(value jsontext.Value)
}

var errTooMuch = errors.New("more than the limit")

// value reads the next value, whose shape is s; nil if it is of no interest.
func (w *walk) value(s *shape) error {
	if w.held > w.limit {
		return errTooMuch
	}
	if s == nil {
		return w.decoder.SkipValue()
	}
	if w.leaf != nil && s.typ == w.leafType {
		value, err := w.decoder.ReadValue()
		if err == nil {
			w.leaf(value)
		}
		return err
	}
	kind := w.decoder.PeekKind()
	if kind == jsontext.KindNull {
		return w.decoder.SkipValue()
	}
	switch s.form {
	case formPointer:
		w.held += s.perTarget()
		return w.value(s.elem)
	case formAny:
		if kind == jsontext.KindBeginObject {
			return w.table(anyTable)
		}
		if kind == jsontext.KindBeginArray {
			w.held += anyList.size
			return w.list(anyList)
		}
		w.held += s.size
	case formList:
		if kind == jsontext.KindBeginArray {
			return w.list(s)
		}
	case formTable:
		if kind == jsontext.KindBeginObject {
			return w.table(s)
		}
	case formStruct:
		if kind == jsontext.KindBeginObject {
			return w.object(s)
		}
	case formLeaf:
	}
	value, err := w.decoder.ReadValue()
	if len(value) > 0 && kind != jsontext.KindNumber && kind != jsontext.KindTrue && kind != jsontext.KindFalse {
		w.held += int64(len(value)) + perText
	}
	return err
}

func (w *walk) list(s *shape) error {
	return w.each(func() error {
		w.held += s.perElement()
		return w.value(s.elem)
	})
}

func (w *walk) table(s *shape) error {
	w.held += mapHeader
	entries := 0
	return w.each(func() error {
		name, err := w.decoder.ReadValue()
		if err != nil {
			return err
		}
		w.held += s.perEntry(entries) + int64(len(name))
		entries++
		return w.value(s.elem)
	})
}

func (w *walk) object(s *shape) error {
	return w.each(func() error {
		name, err := w.decoder.ReadValue()
		if err != nil {
			return err
		}
		member, ok := s.members[string(name[1:len(name)-1])]
		if !ok && bytes.IndexByte(name, '\\') >= 0 {
			plain, _ := jsontext.AppendUnquote(nil, name)
			member = s.members[string(plain)]
		}
		return w.value(member)
	})
}

// each reads an array or an object, and calls part for each of its parts.
func (w *walk) each(part func() error) error {
	if _, err := w.decoder.ReadToken(); err != nil {
		return err
	}
	for {
		switch w.decoder.PeekKind() { //nolint:exhaustive // the rest are values
		case jsontext.KindEndArray, jsontext.KindEndObject, jsontext.KindInvalid:
			_, err := w.decoder.ReadToken()
			return err
		}
		if err := part(); err != nil {
			return err
		}
	}
}
