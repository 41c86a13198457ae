package scaffold

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// todo begins every comment of a draft: the linter refuses it, so that nobody keeps
// one.
const todo = "// TODO(scaffold): "

// writer writes types and remembers which packages they need.
type writer struct {
	*Drafter

	isRequest bool
	types     []string          // declarations, in the order in which they are needed
	named     map[string]string // by the schema's name: the Go type
	taken     map[string]bool   // names of types that are declared
	imports   map[string]bool
	open      []string // the schemas around the present one
}

const componentPrefix = "#/components/schemas/"

func schemaName(ref *openapi3.SchemaRef) string { return strings.TrimPrefix(ref.Ref, componentPrefix) }

// property is a property of an object, as the description has it.
type property struct {
	name     string
	owner    string // the schema that declares it
	ref      *openapi3.SchemaRef
	required bool
}

// propertiesOf returns an object's properties with those that it inherits, in the
// description's order.
func propertiesOf(ref *openapi3.SchemaRef) []property {
	var all []property
	for _, part := range ref.Value.AllOf {
		all = append(all, propertiesOf(part)...)
	}
	var own []property
	for _, name := range slices.Sorted(maps.Keys(ref.Value.Properties)) {
		own = append(own, property{name, schemaName(ref), ref.Value.Properties[name], slices.Contains(ref.Value.Required, name)})
	}
	slices.SortStableFunc(own, func(a, b property) int { return cmp.Compare(order(a.ref), order(b.ref)) })
	return append(all, own...)
}

// order is where the description wants a property to stand.
func order(ref *openapi3.SchemaRef) float64 {
	for _, extensions := range []map[string]any{ref.Extensions, ref.Value.Extensions} {
		if number, ok := extensions["x-order"].(float64); ok {
			return number
		}
	}
	return 1 << 20
}

var (
	createRequest  = regexp.MustCompile(`^(Create|Update|Delete|Set|Add|Remove|Start)(.+)Request$`)
	createResponse = regexp.MustCompile(`^Create(.+)Response$`)
	isSecret       = regexp.MustCompile(`(?i)(secret|password|tokenValue|accessToken|privateKey)$`)
	isUnixTime     = regexp.MustCompile(`(?i)\b(unix|epoch|timestamp)\b`)
)

// typeName returns the Go name of a schema's type: requests are called after what
// they are about, responses after what they hold.
func (w *writer) typeName(schema string) string {
	name := createRequest.ReplaceAllString(schema, "${2}${1}Request")
	name = createResponse.ReplaceAllString(name, "Created$1")
	name = strings.TrimSuffix(name, "Response")
	if w.isRequest && len(w.open) == 0 && !strings.HasSuffix(name, "Request") {
		name += "Request"
	}
	return w.free(goName(name))
}

// free returns a name that is not taken.
func (w *writer) free(name string) string {
	for w.taken[name] || w.source.Types.Scope().Lookup(name) != nil {
		name = w.noun + name
		if w.noun == "" || len(name) > 100 {
			name += "Draft"
		}
	}
	return name
}

// typeOf returns the Go type of a schema. Place names what it is of.
func (w *writer) typeOf(ref *openapi3.SchemaRef, place property) string {
	schema := ref.Value
	if enum := w.enum(ref, place); enum != "" {
		return enum
	}
	switch {
	case schema.Type.Is(openapi3.TypeArray):
		if schema.Items.Value.Format == "byte" {
			return "[]byte"
		}
		return "[]" + w.typeOf(schema.Items, place)
	case schema.Type.Is(openapi3.TypeString) && schema.Format == "date-time",
		schema.Type.Is(openapi3.TypeInteger) && !w.isRequest && isUnixTime.MatchString(schema.Description):
		if w.isRequest {
			w.imports["time"] = true
			return "time.Time"
		}
		return "Timestamp"
	case schema.Type.Is(openapi3.TypeString) && isSecret.MatchString(place.name):
		return "Secret"
	case schema.Type.Is(openapi3.TypeString):
		return "string"
	case schema.Type.Is(openapi3.TypeInteger):
		return "int"
	case schema.Type.Is(openapi3.TypeNumber):
		return "float64"
	case schema.Type.Is(openapi3.TypeBoolean):
		return "bool"
	case len(propertiesOf(ref)) > 0 && schema.Discriminator == nil:
		return w.structOf(ref, place)
	case schema.AdditionalProperties.Schema != nil:
		return "map[string]" + w.typeOf(schema.AdditionalProperties.Schema, place)
	}
	w.imports["encoding/json"] = true
	return "json.RawMessage"
}

// enum returns the type of an enum with constants, which is declared if the package
// has none. It returns the empty string for what is no enum.
func (w *writer) enum(ref *openapi3.SchemaRef, place property) string {
	schema := ref.Value
	if len(schema.Enum) < 2 || !schema.Type.Is(openapi3.TypeString) {
		return ""
	}
	if bound := w.enums[place.owner+"."+place.name]; bound != "" {
		return bound
	}
	key := "enum " + place.owner + "." + place.name
	if known := w.named[key]; known != "" {
		return known
	}
	name, _ := modelOf(ref)["enumTypeName"].(string)
	if bound := w.enums[name]; name != "" && bound != "" {
		return bound
	}
	name = w.free(goName(cmp.Or(name, cmp.Or(place.owner, w.noun)+"_"+place.name)))
	w.taken[name], w.named[key] = true, name
	var out strings.Builder
	fmt.Fprintf(&out, "%ssay what %s is.\ntype %s string\n\n%sname the group.\nconst (\n", todo, name, name, todo)
	seen := map[string]bool{}
	for _, value := range schema.Enum {
		text, _ := value.(string)
		if constant := name + goName(text); text != "" && !seen[constant] {
			seen[constant] = true
			fmt.Fprintf(&out, "\t%s %s = %q\n", constant, name, text)
		}
	}
	w.types = append(w.types, out.String()+")\n")
	return name
}

// modelOf returns what the description says of the Go type that the service has.
func modelOf(ref *openapi3.SchemaRef) map[string]any {
	for _, extensions := range []map[string]any{ref.Extensions, ref.Value.Extensions} {
		if model, ok := extensions["x-pulumi-model-property"].(map[string]any); ok {
			return model
		}
	}
	return nil
}

// structOf returns the struct of a schema: one that the package has, or a new one.
func (w *writer) structOf(ref *openapi3.SchemaRef, place property) string {
	schema := cmp.Or(schemaName(ref), goName(cmp.Or(place.owner, w.noun)+"_"+place.name))
	if known := w.named[schema]; known != "" {
		return known
	}
	for _, bound := range w.bound.Types[schema] {
		if strings.HasSuffix(bound, "Request") == w.isRequest && w.source.Types.Scope().Lookup(bound) != nil {
			w.named[schema] = bound
			return bound
		}
	}
	name := w.typeName(schema)
	w.taken[name], w.named[schema] = true, name
	at := len(w.types)
	w.types = append(w.types, "") // before what it holds
	w.open = append(w.open, schema)
	defer func() { w.open = w.open[:len(w.open)-1] }()
	w.types[at] = fmt.Sprintf("%ssay what %s is.\ntype %s struct {\n%s}\n", todo, name, name, w.fields(ref))
	return name
}

// fields returns the fields of a struct, in the description's order.
func (w *writer) fields(ref *openapi3.SchemaRef) string {
	var out strings.Builder
	seen := map[string]bool{}
	for _, p := range propertiesOf(ref) {
		field := goName(p.name)
		if seen[field] {
			continue
		}
		seen[field] = true
		goType, options := w.typeOf(p.ref, p), ""
		isStruct := w.isNewStruct(goType)
		canBeNil := strings.HasPrefix(goType, "[]") || strings.HasPrefix(goType, "map[") || goType == "json.RawMessage"
		switch {
		case w.isRequest && !p.required:
			options = ",omitzero"
			if p.ref.Value.Nullable {
				goType = "Nullable[" + goType + "]"
			} else if !canBeNil {
				goType = "*" + goType
			}
		case isStruct && (!p.required || w.isOpen(p.ref)):
			goType = "*" + goType
		}
		fmt.Fprintf(&out, "\t%s %s `json:\"%s%s\"`\n", field, goType, p.name, options)
	}
	return out.String()
}

// isNewStruct reports whether a type is a struct for which absent is another thing
// than empty.
func (w *writer) isNewStruct(goType string) bool {
	return !strings.ContainsAny(goType, "[].*") && slices.Contains(slices.Collect(maps.Values(w.named)), goType) &&
		!slices.ContainsFunc(w.types, func(text string) bool { return strings.Contains(text, "type "+goType+" string\n") })
}

// isOpen reports whether a schema stands inside of itself.
func (w *writer) isOpen(ref *openapi3.SchemaRef) bool {
	return slices.Contains(w.open, schemaName(ref))
}
