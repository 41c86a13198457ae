package drift

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/pulumiapi/pulumiapi/conformance/internal/spec"
)

// collector gathers the facts of a description. Everything that says what is on the
// wire is a fact; descriptions, examples and extensions (x-…) are not.
type collector map[string]fact

func facts(s *spec.Spec) collector {
	c := collector{}
	doc := s.Document()
	for template, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			c.operation(method+" "+template, operation, slices.Concat(item.Parameters, operation.Parameters))
		}
	}
	for name, schema := range doc.Components.Schemas {
		c.component(name, schema)
	}
	return c
}

func (c collector) operation(name string, operation *openapi3.Operation, parameters openapi3.Parameters) {
	here := fact{operation: name}
	c.add("operation "+name, here, deprecated(operation.Deprecated)+details(operation,
		"tags", "summary", "operationId", "parameters", "requestBody", "responses", "deprecated"))
	for _, parameter := range parameters {
		c.parameter(fmt.Sprintf("%s parameter %s of %s", parameter.Value.In, parameter.Value.Name, name), here, parameter.Value)
	}
	if operation.RequestBody != nil {
		what := "body of " + name
		c.add(what, here, required(operation.RequestBody.Value.Required)+details(operation.RequestBody.Value, "content", "required"))
		c.content(what, name+" body", here, operation.RequestBody.Value.Content)
	}
	for status, response := range operation.Responses.Map() {
		what := fmt.Sprintf("response %s of %s", status, name)
		c.add(what, here, details(response.Value, "headers", "content"))
		for header, ref := range response.Value.Headers {
			c.parameter(fmt.Sprintf("header %s of %s", header, what), here, &ref.Value.Parameter)
		}
		c.content(what, name+" answer", here, response.Value.Content)
	}
}

// parameter adds a parameter, or a header of a response.
func (c collector) parameter(what string, here fact, p *openapi3.Parameter) {
	value := describe(p.Schema) + required(p.Required) + deprecated(p.Deprecated) + serialization(p) +
		details(p, "name", "in", "required", "deprecated", "style", "explode", "schema", "content")
	if p.Schema != nil && p.Schema.Ref == "" {
		value += schemaDetails(p.Schema.Value)
	}
	c.add(what, here, value)
	c.members(place{owner: what}, here, p.Schema)
	c.content(what, what, here, p.Content)
}

// serialization tells how a parameter is written if that is not the way that all are by
// default.
func serialization(p *openapi3.Parameter) string {
	byDefault := &openapi3.Parameter{In: p.In}
	method, err := p.SerializationMethod()
	plain, plainErr := byDefault.SerializationMethod()
	if err != nil || plainErr != nil || *method == *plain {
		return "" // a header has none
	}
	return fmt.Sprintf(", style %s, explode %t", method.Style, method.Explode)
}

// content adds bodies. ids begins the IDs of the properties of those that are described
// where they stand.
func (c collector) content(what, ids string, here fact, content openapi3.Content) {
	for contentType, media := range content {
		typed := what + " as " + contentType
		value := describe(media.Schema) + details(media, "schema")
		if media.Schema != nil && media.Schema.Ref == "" {
			value += schemaDetails(media.Schema.Value)
		}
		c.add(typed, here, value)
		c.members(place{owner: typed, ids: ids}, here, media.Schema)
	}
}

func (c collector) component(name string, ref *openapi3.SchemaRef) {
	here := fact{schema: name}
	value := describe(ref)
	if value == "object" || value == "anything" {
		value = "" // as almost all are
	}
	if ref.Ref == "" {
		value += schemaDetails(ref.Value)
	}
	c.add("schema "+name, here, value)
	c.members(place{owner: name, ids: name}, here, ref)
}

// place is where a schema stands: at a path in a component, or in a body or parameter.
type place struct {
	owner string
	path  string // "", ".tags", ".tags[].name"
	ids   string // begins the IDs of properties, as the package spec has them
}

// String returns "Stack.tags", or "tags of body of PUT /api/… as application/json".
func (p place) String() string {
	switch {
	case p.path == "":
		return p.owner
	case p.owner == p.ids:
		return p.owner + p.path
	}
	return strings.TrimPrefix(p.path, ".") + " of " + p.owner
}

func (p place) below(path string) place {
	p.path += path
	return p
}

// members adds what is in a schema that is described where it stands.
func (c collector) members(p place, here fact, ref *openapi3.SchemaRef) {
	if ref == nil || ref.Ref != "" {
		return
	}
	schema := ref.Value
	for _, value := range schema.Enum {
		c.add(fmt.Sprintf("value %s of %s", text(value), p), here, "")
	}
	if tag := schema.Discriminator; tag != nil {
		c.add("discriminator of "+p.String(), here, tag.PropertyName)
		for value, target := range tag.Mapping {
			c.add(fmt.Sprintf("variant %q of %s", value, p), here, last(target.Ref))
		}
	}
	for _, part := range schema.AllOf {
		if part.Ref != "" {
			c.add("base of "+p.String(), here, last(part.Ref))
		}
		c.members(p, here, part)
	}
	for name, property := range schema.Properties {
		at, inProperty := p.below("."+name), here
		inProperty.property = at.ids + at.path
		value := describe(property) + required(slices.Contains(schema.Required, name))
		if property.Ref == "" {
			value += deprecated(property.Value.Deprecated) + schemaDetails(property.Value)
		}
		c.add("property "+at.String(), inProperty, value)
		c.members(at, inProperty, property)
	}
	c.members(p.below("[]"), here, schema.Items)
	c.members(p.below(".*"), here, schema.AdditionalProperties.Schema)
}

func text(value any) string {
	if written, ok := value.(string); ok {
		return strconv.Quote(written)
	}
	return fmt.Sprint(value)
}

func (c collector) add(what string, here fact, value string) {
	here.value = strings.TrimPrefix(value, ", ")
	c[what] = here
}

// describe names a type.
func describe(ref *openapi3.SchemaRef) string {
	switch {
	case ref == nil:
		return "anything"
	case ref.Ref != "":
		return last(ref.Ref)
	}
	schema := ref.Value
	switch {
	case schema.Items != nil:
		return "list of " + element(schema.Items)
	case schema.AdditionalProperties.Schema != nil:
		return "map of " + element(schema.AdditionalProperties.Schema)
	case schema.Type == nil:
		return "anything"
	}
	name := strings.Join(*schema.Type, " or ")
	if schema.Format != "" {
		name += " (" + schema.Format + ")"
	}
	return name
}

// element names the type of the elements of a list or a map, with its details.
func element(ref *openapi3.SchemaRef) string {
	name := describe(ref)
	if ref.Ref == "" {
		if more := deprecated(ref.Value.Deprecated) + schemaDetails(ref.Value); more != "" {
			return "(" + name + more + ")"
		}
	}
	return name
}

// schemaDetails tells what a schema says beside its type and its members, which are
// facts of their own.
func schemaDetails(schema *spec.Schema) string {
	told := []string{"type", "format", "deprecated", "enum", "items", "required", "properties", "allOf", "discriminator"}
	if schema.AdditionalProperties.Schema != nil {
		told = append(told, "additionalProperties")
	}
	return details(schema, told...)
}

// sayNothing are members of the description that say nothing about what is on the wire.
var sayNothing = []string{"title", "description", "example", "examples", "externalDocs", "xml", "links", "$comment"}

// details tells what a part of the description says beside what is told already: name
// and value of each member, so that none is left out that nobody has thought of.
func details(part any, told ...string) string {
	data, err := json.Marshal(part)
	var members map[string]json.RawMessage
	if err == nil {
		err = json.Unmarshal(data, &members)
	}
	if err != nil {
		return ", unreadable: " + err.Error() // it was read, so it is not
	}
	var all strings.Builder
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if strings.HasPrefix(name, "x-") || slices.Contains(sayNothing, name) || slices.Contains(told, name) {
			continue
		}
		all.WriteString(", " + name)
		if value := string(members[name]); value != "true" {
			all.WriteString(" " + value)
		}
	}
	return all.String()
}

func required(is bool) string {
	if is {
		return ", required"
	}
	return ""
}

func deprecated(is bool) string {
	if is {
		return ", deprecated"
	}
	return ""
}

func last(ref string) string { return ref[strings.LastIndexByte(ref, '/')+1:] }
