// Package drift compares two descriptions of the service.
package drift

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/pulumiapi/pulumiapi/conformance/internal/spec"
)

// Kind is what has happened to a fact.
type Kind string

// What happens to facts.
const (
	Added   Kind = "added"
	Removed Kind = "removed"
	Changed Kind = "changed"
)

// Change is one difference between two descriptions.
type Change struct {
	Kind Kind
	// What is what it is about: "property Stack.version".
	What string
	// Old and New say more, where there is more to say.
	Old, New string
	// Operation or Schema is where it belongs.
	Operation, Schema string
	// Property is the property's ID, if it is about one.
	Property string
	// Touches are the Go names of what the package covers and the change is about.
	Touches []string
}

// String returns the change as one line, without what it touches.
func (c Change) String() string {
	switch {
	case c.Kind == Changed:
		return fmt.Sprintf("%s %s: %s -> %s", c.Kind, c.What, cmp.Or(c.Old, "nothing"), cmp.Or(c.New, "nothing"))
	case c.Old+c.New != "":
		return fmt.Sprintf("%s %s: %s", c.Kind, c.What, c.Old+c.New)
	}
	return fmt.Sprintf("%s %s", c.Kind, c.What)
}

// fact is something that a description says.
type fact struct {
	value                       string
	operation, schema, property string
}

// Compare returns what is different in the new description, sorted.
func Compare(before, after *spec.Spec) []Change {
	old, current := facts(before), facts(after)
	names := maps.Clone(old)
	maps.Copy(names, current)
	var changes []Change
	for _, name := range slices.Sorted(maps.Keys(names)) {
		was, had := old[name]
		is, has := current[name]
		place := names[name]
		change := Change{What: name, Old: was.value, New: is.value, Operation: place.operation, Schema: place.schema, Property: place.property}
		switch {
		case !had:
			change.Kind = Added
		case !has:
			change.Kind = Removed
		case was.value != is.value:
			change.Kind = Changed
		default:
			continue
		}
		changes = append(changes, change)
	}
	return withoutParts(changes)
}

// withoutParts leaves out what goes without saying: the parts of an operation or
// a schema that is new or gone as a whole.
func withoutParts(changes []Change) []Change {
	whole := map[string]bool{}
	for _, change := range changes {
		if change.Kind != Changed && strings.HasPrefix(change.What, "operation ") {
			whole[change.Operation] = true
		}
		if change.Kind != Changed && strings.HasPrefix(change.What, "schema ") {
			whole[change.Schema] = true
		}
	}
	return slices.DeleteFunc(changes, func(change Change) bool {
		isWhole := strings.HasPrefix(change.What, "operation ") || strings.HasPrefix(change.What, "schema ")
		return !isWhole && (change.Operation != "" && whole[change.Operation] || change.Schema != "" && whole[change.Schema])
	})
}

// collector gathers the facts of a description.
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
		c.component(name, schema.Value)
	}
	return c
}

func (c collector) operation(name string, operation *openapi3.Operation, parameters openapi3.Parameters) {
	here := fact{operation: name}
	c.add("operation "+name, here, deprecated(operation.Deprecated))
	for _, parameter := range parameters {
		p := parameter.Value
		what := fmt.Sprintf("%s parameter %s of %s", p.In, p.Name, name)
		c.add(what, here, describe(p.Schema)+required(p.Required)+deprecated(p.Deprecated))
		c.enum(what, here, p.Schema)
	}
	if operation.RequestBody != nil {
		c.content("body", name, here, operation.RequestBody.Value.Content)
	}
	for status, response := range operation.Responses.Map() {
		c.add("answer "+status+" of "+name, here, "")
		c.content("answer "+status, name, here, response.Value.Content)
	}
}

func (c collector) content(what, name string, here fact, content openapi3.Content) {
	for contentType, media := range content {
		c.add(fmt.Sprintf("%s of %s as %s", what, name, contentType), here, describe(media.Schema))
	}
}

func (c collector) component(name string, schema *spec.Schema) {
	here := fact{schema: name}
	c.add("schema "+name, here, "")
	c.object(name, here, schema)
}

// object adds what an object declares, under its name.
func (c collector) object(name string, here fact, schema *spec.Schema) {
	if tag := schema.Discriminator; tag != nil {
		for value, target := range tag.Mapping {
			c.add(fmt.Sprintf("variant %q of %s", value, name), here, last(target.Ref))
		}
	}
	for _, part := range schema.AllOf {
		if part.Ref != "" {
			c.add("base of "+name, here, last(part.Ref))
			continue
		}
		c.object(name, here, part.Value)
	}
	for property, ref := range schema.Properties {
		id := name + "." + property
		place := here
		place.property = id
		c.add("property "+id, place, describe(ref)+required(slices.Contains(schema.Required, property))+deprecated(ref.Value.Deprecated))
		c.enum(id, place, ref)
		for ref.Ref == "" && ref.Value.Items != nil {
			id, ref = id+"[]", ref.Value.Items
		}
		if ref.Ref == "" {
			c.object(id, here, ref.Value)
		}
	}
}

// enum adds the values that a place may have.
func (c collector) enum(what string, here fact, ref *openapi3.SchemaRef) {
	if ref == nil || ref.Ref != "" {
		return
	}
	for _, value := range ref.Value.Enum {
		c.add(fmt.Sprintf("value %s of %s", text(value), what), here, "")
	}
	c.enum(what, here, ref.Value.Items)
	c.enum(what, here, ref.Value.AdditionalProperties.Schema)
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
		return "list of " + describe(schema.Items)
	case schema.AdditionalProperties.Schema != nil:
		return "map of " + describe(schema.AdditionalProperties.Schema)
	case schema.Type == nil:
		return "anything"
	}
	name := strings.Join(*schema.Type, " or ")
	if schema.Format != "" {
		name += " (" + schema.Format + ")"
	}
	return name
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
