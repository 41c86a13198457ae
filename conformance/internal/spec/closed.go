package spec

import (
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

const componentPrefix = "#/components/schemas/"

// Formats of strings that the closed form has beside the description's.
const (
	// FormatTime is a time in any of the forms that the service has.
	FormatTime = "pulumi-time"
	// FormatBase64 is bytes as base64.
	FormatBase64 = "base64"
)

// anyValue is the schema of any JSON value.
var anyValue = &Schema{}

// knownValues holds the values of an enum that an exception has opened.
const knownValues = "x-known-values"

// KnownValues returns the values that a schema is known to have, whether it may
// have others or not.
func KnownValues(schema *Schema) []any {
	if known, isOpen := schema.Extensions[knownValues].([]any); isOpen {
		return known
	}
	return schema.Enum
}

// IsAny reports whether a schema takes any JSON value.
func IsAny(schema *Schema) bool { return schema == anyValue }

func refName(ref *openapi3.SchemaRef) string {
	return strings.TrimPrefix(ref.Ref, componentPrefix)
}

// findVariants finds, for each type with a discriminator and for each one
// between it and its variants, which variants it stands for.
func (s *Spec) findVariants() {
	s.mapped = map[string][]string{}
	s.tag = map[string]string{}
	parent := map[string]string{}
	for name, schema := range s.doc.Components.Schemas {
		for _, part := range schema.Value.AllOf {
			if part.Ref != "" {
				parent[name] = refName(part)
			}
		}
	}
	isVariant := map[string]bool{}
	for _, schema := range s.doc.Components.Schemas {
		if schema.Value.Discriminator == nil {
			continue
		}
		for value, target := range schema.Value.Discriminator.Mapping {
			variant := strings.TrimPrefix(target.Ref, componentPrefix)
			isVariant[variant] = true
			s.tag[variant] = value
		}
	}
	for variant := range isVariant {
		for ancestor := parent[variant]; ancestor != ""; ancestor = parent[ancestor] {
			if !isVariant[ancestor] && s.discriminator(ancestor, parent) != nil {
				s.mapped[ancestor] = append(s.mapped[ancestor], variant)
			}
		}
	}
	for _, variants := range s.mapped {
		slices.Sort(variants)
	}
}

// discriminator returns that of the type or of what it derives from.
func (s *Spec) discriminator(name string, parent map[string]string) *openapi3.Discriminator {
	for ; name != ""; name = parent[name] {
		if found := s.doc.Components.Schemas[name]; found != nil && found.Value.Discriminator != nil {
			return found.Value.Discriminator
		}
	}
	return nil
}

// component returns a component in its closed form. Callers hold mu.
func (s *Spec) component(name string) *openapi3.SchemaRef {
	closed := s.components[name]
	if closed == nil {
		closed = new(Schema)
		s.components[name] = closed // before it is filled in, as it may refer to itself
		s.names[closed] = name
		s.fill(closed, name)
	}
	return &openapi3.SchemaRef{Ref: componentPrefix + name, Value: closed}
}

func (s *Spec) fill(closed *Schema, name string) {
	if variants := s.mapped[name]; len(variants) > 0 {
		mapping := map[string]openapi3.MappingRef{}
		for _, variant := range variants {
			ref := s.component(variant)
			closed.OneOf = append(closed.OneOf, ref)
			mapping[s.tag[variant]] = openapi3.MappingRef{Ref: ref.Ref}
		}
		closed.Discriminator = &openapi3.Discriminator{PropertyName: s.tagName(name), Mapping: mapping}
		return
	}
	original, ok := s.doc.Components.Schemas[name]
	if !ok {
		return
	}
	object := openapi3.NewObjectSchema()
	object.Properties = openapi3.Schemas{}
	s.collect(object, original.Value, name)
	if object.AdditionalProperties.Schema == nil {
		object.AdditionalProperties = openapi3.AdditionalProperties{Has: new(false)}
	}
	if value, isVariant := s.tag[name]; isVariant {
		tag := s.tagName(name)
		object.Properties[tag] = openapi3.NewSchemaRef("", openapi3.NewStringSchema().WithEnum(value))
		s.ids[object.Properties[tag]] = name + "." + tag
		if !slices.Contains(object.Required, tag) {
			object.Required = append(object.Required, tag)
		}
	}
	slices.Sort(object.Required)
	object.Required = slices.Compact(object.Required)
	*closed = *object
}

// tagName returns the property that tells a type's variants apart.
func (s *Spec) tagName(name string) string {
	schema := s.doc.Components.Schemas[name].Value
	if schema.Discriminator != nil {
		return schema.Discriminator.PropertyName
	}
	for _, part := range schema.AllOf {
		if part.Ref != "" {
			return s.tagName(refName(part))
		}
	}
	return ""
}

// collect adds to object what a schema, of the given name, declares or inherits.
func (s *Spec) collect(object, schema *Schema, name string) {
	for _, part := range schema.AllOf {
		if part.Ref == "" {
			s.collect(object, part.Value, name)
		} else {
			s.collect(object, part.Value, refName(part))
		}
	}
	for property, ref := range schema.Properties {
		object.Properties[property] = s.property(name, property, ref)
		if slices.Contains(schema.Required, property) && !s.exceptions.Has(ExceptNull, "", name+"."+property) {
			object.Required = append(object.Required, property)
		}
	}
	if values := schema.AdditionalProperties.Schema; values != nil {
		object.AdditionalProperties = openapi3.AdditionalProperties{Schema: s.closed(values, name+".*")}
	}
}

// property returns a property in its closed form, always the same for the same
// property.
func (s *Spec) property(owner, name string, ref *openapi3.SchemaRef) *openapi3.SchemaRef {
	id := owner + "." + name
	if known := s.properties[id]; known != nil {
		return known
	}
	closed := *s.closed(ref, id)
	property := &closed
	s.properties[id] = property
	s.ids[property] = id
	return property
}

// closed returns the closed form of a schema that stands at the given place.
func (s *Spec) closed(ref *openapi3.SchemaRef, place string) *openapi3.SchemaRef {
	if ref.Ref != "" {
		return s.component(refName(ref))
	}
	schema := ref.Value
	switch {
	case schema.Type.Is(openapi3.TypeArray):
		if items := schema.Items; items != nil && items.Value.Format == "byte" {
			return openapi3.NewSchemaRef("", openapi3.NewStringSchema().WithFormat(FormatBase64))
		}
		closed := openapi3.NewArraySchema()
		closed.Items = s.closed(schema.Items, place+"[]")
		return openapi3.NewSchemaRef("", closed)
	case len(schema.Properties) > 0 || schema.AdditionalProperties.Schema != nil || len(schema.AllOf) > 0:
		closed := openapi3.NewObjectSchema()
		closed.Properties = openapi3.Schemas{}
		s.names[closed] = place
		s.collect(closed, schema, place)
		if closed.AdditionalProperties.Schema == nil {
			closed.AdditionalProperties = openapi3.AdditionalProperties{Has: new(false)}
		}
		return openapi3.NewSchemaRef("", closed)
	case schema.Type == nil || schema.Type.Is(openapi3.TypeObject):
		return openapi3.NewSchemaRef("", anyValue)
	}
	closed := &Schema{
		Type: schema.Type, Format: schema.Format, Enum: schema.Enum,
		Min: schema.Min, Max: schema.Max, MinLength: schema.MinLength, MaxLength: schema.MaxLength, Pattern: schema.Pattern,
	}
	if len(closed.Enum) > 0 && s.exceptions.Has(ExceptOpen, "", place) {
		closed.Enum, closed.Extensions = nil, map[string]any{knownValues: closed.Enum}
	}
	if closed.Type.Is(openapi3.TypeString) && s.exceptions.Has(ExceptTime, "", place) {
		closed.Format = FormatTime
	}
	return openapi3.NewSchemaRef("", closed)
}

// PropertyNames returns the names of an object's properties, sorted.
func PropertyNames(schema *Schema) []string {
	return slices.Sorted(maps.Keys(schema.Properties))
}

// IsRequired reports whether an object must have the property.
func IsRequired(schema *Schema, property string) bool {
	return slices.Contains(schema.Required, property)
}

// Variant returns the variant of a type with a discriminator that a JSON object
// is, or nil.
func Variant(schema *Schema, value any) *Schema {
	object, _ := value.(map[string]any)
	tag, _ := object[schema.Discriminator.PropertyName].(string)
	target, ok := schema.Discriminator.Mapping[tag]
	if !ok {
		return nil
	}
	for _, variant := range schema.OneOf {
		if variant.Ref == target.Ref {
			return variant.Value
		}
	}
	return nil
}
