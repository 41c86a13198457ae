// Package bind finds the Go type or field that stands for each schema and
// property of the description.
package bind

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/pulumiapi/pulumiapi/conformance/internal/body"
	"github.com/pulumiapi/pulumiapi/conformance/internal/spec"
	"github.com/pulumiapi/pulumiapi/internal/source"
	"github.com/pulumiapi/pulumiapi/internal/testkit"
)

// Property is a property of the description and the Go field that stands for it.
type Property struct {
	// ID is the property's: "StackTag.name".
	ID string
	// Schema is what the property, or each element of it, is.
	Schema *spec.Schema
	// Owner and Field are the struct and the field.
	Owner reflect.Type
	Field reflect.StructField
	// Type is that of the field, or of each element of it.
	Type reflect.Type
}

// Go is the field as Go writes it: "Stack.Tags".
func (p Property) Go() string { return p.Owner.Name() + "." + p.Field.Name }

// Bindings are the Go names of what the package covers.
type Bindings struct {
	// Properties are sorted by ID and Go name.
	Properties []Property
	// Types are the names of the Go types of each schema, sorted.
	Types map[string][]string
}

type pair struct {
	schema *spec.Schema
	goType reflect.Type
}

type binder struct {
	spec       *spec.Spec
	seen       map[pair]bool
	properties map[string]Property
	types      map[string]map[string]bool
}

// Find walks what all methods send and return beside the schemas of the
// operations that they use.
func Find(s *spec.Spec, src *source.Source) (*Bindings, error) {
	b := &binder{spec: s, seen: map[pair]bool{}, properties: map[string]Property{}, types: map[string]map[string]bool{}}
	operations := map[string][]string{}
	for _, method := range src.Methods {
		operations[method.Name] = method.Operations
	}
	for _, method := range testkit.Methods() {
		for _, name := range operations[method.Name] {
			if !s.Has(name) {
				continue
			}
			o, err := s.Operation(name)
			if err != nil {
				return nil, err
			}
			b.bindOperation(o, method)
		}
	}
	return b.result(), nil
}

func (b *binder) bindOperation(o *spec.Operation, method testkit.Method) {
	if o.Body != nil {
		for _, argument := range method.Types() {
			if argument.Kind() == reflect.Struct && fits(o.Body.Value, argument) > 0 {
				b.bind(o.Body.Value, argument)
			}
		}
	}
	element := method.Element()
	if o.Answer.Schema == nil || element == nil {
		return
	}
	schema := o.Answer.Schema.Value
	if !method.ReturnsList() {
		b.bind(schema, element)
		return
	}
	if schema.Items != nil {
		b.bind(schema.Items.Value, element)
		return
	}
	// The elements are those of one of the answer's members: the one whose
	// properties the type has most of.
	var best *spec.Schema
	for _, name := range body.Lists(schema) {
		items := schema.Properties[name].Value.Items.Value
		if best == nil || fits(items, element) > fits(best, element) {
			best = items
		}
	}
	if best != nil && fits(best, element) > 0 {
		b.bind(best, element)
	}
}

// fits counts the properties of a schema that a struct has.
func fits(schema *spec.Schema, t reflect.Type) int {
	count := 0
	for name := range schema.Properties {
		if _, _, ok := fieldOf(t, name); ok {
			count++
		}
	}
	return count
}

func (b *binder) bind(schema *spec.Schema, t reflect.Type) {
	schema, t = elements(schema, t)
	if t.Kind() != reflect.Struct || b.seen[pair{schema, t}] {
		return
	}
	b.seen[pair{schema, t}] = true
	for _, variant := range schema.OneOf {
		b.bind(variant.Value, t)
	}
	if name := b.spec.Name(schema); name != "" && t.Name() != "" {
		if b.types[name] == nil {
			b.types[name] = map[string]bool{}
		}
		b.types[name][t.Name()] = true
	}
	for name, ref := range schema.Properties {
		owner, field, ok := fieldOf(t, name)
		if !ok {
			continue
		}
		inner, innerType := elements(ref.Value, field.Type)
		property := Property{ID: b.spec.PropertyID(ref), Schema: inner, Owner: owner, Field: field, Type: innerType}
		b.properties[property.ID+" "+property.Go()] = property
		b.bind(ref.Value, field.Type)
	}
}

// elements goes down to what a list or a map holds, in both.
func elements(schema *spec.Schema, t reflect.Type) (inner *spec.Schema, innerType reflect.Type) {
	for {
		switch {
		case t.Kind() == reflect.Pointer:
			t = t.Elem()
		case testkit.IsNullable(t):
			field, _ := t.FieldByName("value")
			t = field.Type
		case schema.Items != nil && t.Kind() == reflect.Slice:
			schema, t = schema.Items.Value, t.Elem()
		case schema.AdditionalProperties.Schema != nil && t.Kind() == reflect.Map:
			schema, t = schema.AdditionalProperties.Schema.Value, t.Elem()
		default:
			return schema, t
		}
	}
}

// fieldOf returns the field of a struct that has the name in JSON, and the
// struct that declares it, which may be embedded.
func fieldOf(t reflect.Type, name string) (owner reflect.Type, found reflect.StructField, ok bool) {
	for field := range t.Fields() {
		tag, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if tag == name && field.IsExported() {
			return t, field, true
		}
		if field.Anonymous && tag == "" && field.Type.Kind() == reflect.Struct {
			if owner, found, ok := fieldOf(field.Type, name); ok {
				return owner, found, true
			}
		}
	}
	return nil, reflect.StructField{}, false
}

func (b *binder) result() *Bindings {
	bindings := &Bindings{Types: map[string][]string{}}
	for _, key := range slices.Sorted(maps.Keys(b.properties)) {
		bindings.Properties = append(bindings.Properties, b.properties[key])
	}
	for name, types := range b.types {
		bindings.Types[name] = slices.Sorted(maps.Keys(types))
	}
	return bindings
}

// IsEnum reports whether the property is one of several known values.
func (p Property) IsEnum() bool {
	return len(spec.KnownValues(p.Schema)) > 1 && !p.Schema.Type.Is(openapi3.TypeObject)
}
