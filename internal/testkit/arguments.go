package testkit

import (
	"fmt"
	"hash/fnv"
	"reflect"
	"slices"
	"strings"
	"unicode"
	"unsafe"
)

// Synthesizer makes up arguments. A text is the name of its parameter or field, and
// a number derives from it, so that what one field is set to does not depend on the
// others.
type Synthesizer struct {
	constants map[string][]any
	special   map[reflect.Type][]any
	open      []reflect.Type // the types around the present one
}

// NewSynthesizer returns a Synthesizer. Constants are those of the package, by
// the names of their types.
func NewSynthesizer(constants map[string][]any) *Synthesizer {
	return &Synthesizer{constants: constants, special: special()}
}

// numberFor returns a number from 2 to 98 for a name, always the same.
func numberFor(name string) int64 {
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(name))
	return int64(hash.Sum32()%97) + 2
}

// sample is a value to call something with.
type sample struct {
	name  string // what is special about it
	value reflect.Value
}

// samples returns values of a type for a parameter or a field. In the first
// everything is set; it never returns none.
func (s *Synthesizer) samples(t reflect.Type, name string) ([]sample, error) {
	if special, ok := s.special[t]; ok {
		return s.registered(t, special), nil
	}
	if isOf(t, "Nullable") {
		return s.nullables(t, name)
	}
	if t.PkgPath() == packagePath {
		if constants := s.constants[t.Name()]; len(constants) > 0 {
			return s.registered(t, zeroLast(constants)), nil
		}
	}
	value := reflect.New(t).Elem()
	switch t.Kind() {
	case reflect.Bool:
		value.SetBool(true)
	case reflect.String:
		value.SetString(name)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		value.SetInt(numberFor(name))
	case reflect.Float32, reflect.Float64:
		value.SetFloat(float64(numberFor(name)) + 0.5)
	case reflect.Pointer:
		return s.pointers(t, name)
	case reflect.Slice:
		return s.slices(t, name)
	case reflect.Map:
		return s.maps(t, name)
	case reflect.Struct:
		return s.structs(t)
	default:
		return nil, fmt.Errorf("no value of type %s can be made up: enter one into the synthesizer's special types", t)
	}
	return []sample{{"", value}}, nil
}

// registered returns values of type t that are known.
func (s *Synthesizer) registered(t reflect.Type, known []any) []sample {
	var all []sample
	for _, one := range known {
		value, name := reflect.New(t).Elem(), fmt.Sprint(one)
		if t.Kind() == reflect.Interface {
			value.Set(reflect.ValueOf(one))
			name = fmt.Sprintf("%s %v", reflect.TypeOf(one).Name(), one)
		} else {
			value.Set(reflect.ValueOf(one).Convert(t))
		}
		all = append(all, sample{name, value})
	}
	return all
}

// derive returns samples of t that are made of samples of another type.
func derive(inner []sample, t reflect.Type, put func(into, inner reflect.Value)) []sample {
	var all []sample
	for _, one := range inner {
		value := reflect.New(t).Elem()
		put(value, one.value)
		all = append(all, sample{one.name, value})
	}
	return all
}

// pointers returns pointers, the second of them nil.
func (s *Synthesizer) pointers(t reflect.Type, name string) ([]sample, error) {
	inner, err := s.samples(t.Elem(), name)
	if err != nil {
		return nil, err
	}
	all := derive(inner, t, func(into, inner reflect.Value) {
		pointer := reflect.New(t.Elem())
		pointer.Elem().Set(inner)
		into.Set(pointer)
	})
	return slices.Insert(all, 1, sample{"nil", reflect.Zero(t)}), nil
}

func (s *Synthesizer) slices(t reflect.Type, name string) ([]sample, error) {
	inner, err := s.samples(t.Elem(), name)
	if err != nil {
		return nil, err
	}
	return derive(inner, t, func(into, inner reflect.Value) { into.Set(reflect.Append(into, inner)) }), nil
}

func (s *Synthesizer) maps(t reflect.Type, name string) ([]sample, error) {
	keys, err := s.samples(t.Key(), name)
	if err != nil {
		return nil, err
	}
	inner, err := s.samples(t.Elem(), name)
	if err != nil {
		return nil, err
	}
	return derive(inner, t, func(into, inner reflect.Value) {
		into.Set(reflect.MakeMap(t))
		into.SetMapIndex(keys[0].value, inner)
	}), nil
}

// maxNesting is how often a type may stand inside of itself.
const maxNesting = 2

// structs returns structs with all fields set, with only those set that can't be
// left out, and with each other form of each field.
func (s *Synthesizer) structs(t reflect.Type) ([]sample, error) {
	depth := 0
	for _, outer := range s.open {
		if outer == t {
			depth++
		}
	}
	if depth >= maxNesting {
		return []sample{{"", reflect.Zero(t)}}, nil
	}
	s.open = append(s.open, t)
	defer func() { s.open = s.open[:len(s.open)-1] }()

	full, least := reflect.New(t).Elem(), reflect.New(t).Elem()
	forms := map[int][]sample{}
	for i := range t.NumField() {
		field := t.Field(i)
		if !field.IsExported() {
			return nil, fmt.Errorf("no value of type %s can be made up, as its field %s is not exported: "+
				"enter one into the synthesizer's special types", t, field.Name)
		}
		samples, err := s.samples(field.Type, nameOf(field))
		if err != nil {
			return nil, fmt.Errorf("field %s: %w", field.Name, err)
		}
		forms[i] = samples
		full.Field(i).Set(samples[0].value)
		if !canBeLeftOut(field) {
			least.Field(i).Set(samples[0].value)
		}
	}
	all := []sample{{"everything set", full}, {"only what is required", least}}
	for i := range t.NumField() {
		for _, form := range forms[i][1:] {
			value := reflect.New(t).Elem()
			value.Set(full)
			value.Field(i).Set(form.value)
			all = append(all, sample{t.Field(i).Name + ": " + form.name, value})
		}
	}
	return all, nil
}

// nameOf returns the name of a field as a parameter would have it: "urn", "userFilter".
func nameOf(field reflect.StructField) string {
	capitals := 0
	for capitals < len(field.Name) && unicode.IsUpper(rune(field.Name[capitals])) {
		capitals++
	}
	if capitals > 1 && capitals < len(field.Name) {
		capitals-- // the last begins a word
	}
	return strings.ToLower(field.Name[:capitals]) + field.Name[capitals:]
}

// canBeLeftOut reports whether the field's zero value means that it is not sent.
func canBeLeftOut(field reflect.StructField) bool {
	_, isQuery := field.Tag.Lookup("url")
	return isQuery || strings.Contains(field.Tag.Get("json"), ",omitzero")
}

// nullables returns a Nullable that is set, one that is null, and one that is
// neither.
func (s *Synthesizer) nullables(t reflect.Type, name string) ([]sample, error) {
	held, hasValue := t.FieldByName("value")
	_, hasNull := t.FieldByName("null")
	if !hasValue || !hasNull || held.Type.Kind() != reflect.Pointer {
		return nil, fmt.Errorf("%s has changed: teach the synthesizer how to make one", t)
	}
	inner, err := s.samples(held.Type.Elem(), name)
	if err != nil {
		return nil, err
	}
	all := derive(inner, t, func(into, inner reflect.Value) {
		pointer := reflect.New(inner.Type())
		pointer.Elem().Set(inner)
		hidden(into.FieldByName("value")).Set(pointer)
	})
	null := reflect.New(t).Elem()
	hidden(null.FieldByName("null")).SetBool(true)
	return append(all, sample{"null", null}, sample{"left alone", reflect.Zero(t)}), nil
}

// hidden returns an unexported field as one that can be set. A generic function
// such as NullableOf can't be called by reflection.
func hidden(field reflect.Value) reflect.Value {
	return reflect.NewAt(field.Type(), unsafe.Pointer(field.UnsafeAddr())).Elem()
}
