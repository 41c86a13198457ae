package jsonx

import (
	"encoding"
	stdjson "encoding/json"
	"reflect"
	"strings"
	"sync"

	"github.com/go-json-experiment/json"
)

// shape is the part of a Go type that says what JSON becomes in it.
type shape struct {
	typ  reflect.Type
	form form
	// size is the size of a value of the type.
	size int64
	// elem is the shape of the elements of a slice or an array, of the values of
	// a map, or of what a pointer points to. inline is set for an array, whose
	// elements take no memory of their own.
	elem   *shape
	inline bool
	// keySize is the size of the key of a map.
	keySize int64
	// members are the fields of a struct by their names in JSON.
	members map[string]*shape
	// embedded is the size of the structs that a struct embeds by pointer.
	embedded int64
}

// form is what JSON becomes.
type form int

const (
	// formLeaf is a value without parts: a number, a string, raw JSON, or what a
	// type's own method makes of its JSON.
	formLeaf form = iota
	formAny
	formList
	formTable
	formPointer
	formStruct
)

// shapes holds the shapes of the types that were asked for.
var shapes sync.Map // from reflect.Type to rootShape

// rootShape is the shape of what is decoded into, and the most memory that one
// JSON value in it takes, apart from its text.
type rootShape struct {
	*shape

	most int64
}

// shapeOf returns the shape of a type.
func shapeOf(t reflect.Type) rootShape {
	if known, ok := shapes.Load(t); ok {
		return known.(rootShape) //nolint:forcetypeassert,errcheck // nothing else is in it
	}
	known := map[reflect.Type]*shape{}
	root := rootShape{shape: newShape(t, known)}
	var element, target, table int64
	for _, s := range known {
		switch s.form {
		case formList:
			element = max(element, s.perElement())
		case formPointer:
			target = max(target, s.perTarget())
		case formTable:
			table = max(table, mapHeader+s.perEntry(mapGroup))
		case formAny:
			table = max(table, mapHeader+anyTable.perEntry(mapGroup))
			element = max(element, anyList.perElement())
		case formLeaf, formStruct:
		}
	}
	root.most = element + target + table + perText
	shapes.Store(t, root)
	return root
}

// What the parts of an any become.
var (
	anyShape = &shape{form: formAny, size: sizeOf(reflect.TypeFor[any]())}
	anyList  = &shape{form: formList, elem: anyShape, size: sizeOf(reflect.TypeFor[[]any]())}
	anyTable = &shape{form: formTable, keySize: sizeOf(reflect.TypeFor[string]()), elem: anyShape}
)

var (
	jsonReader   = reflect.TypeFor[stdjson.Unmarshaler]()
	streamReader = reflect.TypeFor[json.UnmarshalerFrom]()
	textReader   = reflect.TypeFor[encoding.TextUnmarshaler]()
)

func sizeOf(t reflect.Type) int64 { return int64(t.Size()) } //nolint:gosec // no type is that large

// newShape returns the shape of a type, and adds it and those of its parts to known.
func newShape(t reflect.Type, known map[reflect.Type]*shape) *shape {
	if s, ok := known[t]; ok {
		return s
	}
	s := &shape{typ: t, size: sizeOf(t)}
	known[t] = s
	pointer := reflect.PointerTo(t)
	reads := pointer.Implements(jsonReader) || pointer.Implements(streamReader)
	if t.Kind() != reflect.Struct && t.Kind() != reflect.Pointer && (reads || pointer.Implements(textReader)) {
		return s
	}
	switch t.Kind() {
	case reflect.Interface:
		s.form = formAny
	case reflect.Slice:
		if t.Elem().Kind() != reflect.Uint8 {
			s.form, s.elem = formList, newShape(t.Elem(), known)
		}
	case reflect.Array:
		s.form, s.elem, s.inline = formList, newShape(t.Elem(), known), true
	case reflect.Map:
		s.form, s.keySize, s.elem = formTable, sizeOf(t.Key()), newShape(t.Elem(), known)
	case reflect.Pointer:
		s.form, s.elem = formPointer, newShape(t.Elem(), known)
	case reflect.Struct:
		s.form, s.members = formStruct, map[string]*shape{}
		s.addFields(t, reads, known)
	default: // a leaf
	}
	return s
}

// addFields adds the fields of the struct t, and those of the structs that it
// embeds. A type that reads itself may find the members of an embedded struct
// beside its own, although the struct has a name: pulumiapi.Update does.
func (s *shape) addFields(t reflect.Type, reads bool, known map[reflect.Type]*shape) {
	for field := range t.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "-" {
			continue
		}
		inner := field.Type
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		if field.Anonymous && inner.Kind() == reflect.Struct && (name == "" || reads) {
			if inner != field.Type {
				s.embedded += sizeOf(inner)
			}
			s.addFields(inner, reads, known)
			if name == "" {
				continue
			}
		}
		if !field.IsExported() {
			continue
		}
		if name == "" {
			name = field.Name
		}
		s.members[name] = newShape(field.Type, known)
	}
}
