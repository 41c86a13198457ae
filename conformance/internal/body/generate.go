// Package body makes JSON bodies from schemas, and looks for their leaves in
// other JSON.
package body

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/pulumiapi/pulumiapi/conformance/internal/spec"
)

// Body is a JSON body and what is special about it.
type Body struct {
	Name  string
	Value any
}

// JSON returns the body as it goes over the wire.
func (b Body) JSON() []byte {
	data, err := json.Marshal(b.Value)
	if err != nil {
		panic(fmt.Sprintf("body: %s: %v", b.Name, err)) // it is made of maps, slices and plain values
	}
	return data
}

// Full returns a body in which everything is set, each leaf to a value of its own.
func Full(schema *spec.Schema) Body {
	return Body{"everything set", new(generator).full(schema)}
}

// Another returns a body in which everything is set, to other values than in
// those that [Generate] returns.
func Another(schema *spec.Schema) Body {
	const beyond = 1_000_000
	return Body{"everything set otherwise", (&generator{leaves: beyond}).full(schema)}
}

// Generate returns bodies that fit a schema:
//
//   - everything is set, each leaf to a value of its own,
//   - only what is required,
//   - what is not required is null,
//   - everything is empty or zero,
//   - texts are long, and not ASCII,
//   - each object has members that nobody knows,
//   - one body for each further value of an enum, each further variant of a
//     type that has variants, and each other form of a value that may be anything.
func Generate(schema *spec.Schema) []Body {
	g := &generator{}
	full := g.full(schema)
	bodies := []Body{
		{"everything set", full},
		{"only what is required", (&generator{mode: minimal}).full(schema)},
		{"null where it may be", (&generator{mode: nulls}).full(schema)},
		{"empty and zero", (&generator{mode: zeros}).full(schema)},
		{"long text, not ASCII", (&generator{mode: long}).full(schema)},
		{"unknown members", (&generator{mode: unknown}).full(schema)},
	}
	for _, choice := range g.choices {
		for option := 1; option < choice.options; option++ {
			chosen := &generator{choose: map[string]int{choice.path: option}}
			bodies = append(bodies, Body{fmt.Sprintf("%s, form %d of %d", choice.path, option+1, choice.options), chosen.full(schema)})
			// A variant has choices of its own.
			for _, inner := range chosen.choices {
				if slices.Contains(g.choices, inner) {
					continue
				}
				for option2 := 1; option2 < inner.options; option2++ {
					both := &generator{choose: map[string]int{choice.path: option, inner.path: option2}}
					bodies = append(bodies, Body{fmt.Sprintf("%s, form %d, and %s, form %d", choice.path, option+1, inner.path, option2+1), both.full(schema)})
				}
			}
		}
	}
	return bodies
}

type mode int

const (
	everything mode = iota
	minimal
	nulls
	zeros
	long
	unknown
)

// choice is a place where a value has several forms.
type choice struct {
	path    string
	options int
}

type generator struct {
	mode    mode
	choose  map[string]int // the options at the places that don't have the first
	choices []choice
	leaves  int
	open    []*spec.Schema // the schemas around the present one
}

func (g *generator) full(schema *spec.Schema) any { return g.value(schema, "$") }

// option returns which of the options to take at a place. What is tried in the
// first element of a list is not tried again in the second.
func (g *generator) option(path string, options int) int {
	if strings.Contains(path, "[1]") {
		return 0
	}
	g.choices = append(g.choices, choice{path, options})
	return g.choose[path] % options
}

func (g *generator) value(schema *spec.Schema, path string) any {
	switch {
	case spec.IsAny(schema):
		return g.anything(path)
	case schema.Discriminator != nil:
		g.enter(schema) // as a variant may hold what it is a variant of
		defer g.leave()
		return g.value(schema.OneOf[g.option(path, len(schema.OneOf))].Value, path)
	case schema.Type.Is(openapi3.TypeObject):
		return g.object(schema, path)
	case schema.Type.Is(openapi3.TypeArray):
		if g.mode == zeros || g.isTooDeep(schema.Items.Value) {
			return []any{}
		}
		return []any{g.value(schema.Items.Value, path+"[0]"), g.value(schema.Items.Value, path+"[1]")}
	}
	g.leaves++
	if known := spec.KnownValues(schema); len(known) > 0 {
		return known[g.option(path, len(known))]
	}
	switch {
	case schema.Type.Is(openapi3.TypeBoolean):
		return g.mode != zeros
	case schema.Type.Is(openapi3.TypeInteger):
		return g.integer(schema)
	case schema.Type.Is(openapi3.TypeNumber):
		return g.number()
	default:
		return g.text(schema)
	}
}

// maxNesting is how often a schema may stand inside of itself.
const maxNesting = 2

// enter notes that what follows is inside of a schema, until leave is called.
func (g *generator) enter(schema *spec.Schema) { g.open = append(g.open, schema) }

func (g *generator) leave() { g.open = g.open[:len(g.open)-1] }

func (g *generator) isTooDeep(schema *spec.Schema) bool {
	depth := 0
	for _, outer := range g.open {
		if outer == schema {
			depth++
		}
	}
	return depth >= maxNesting
}

func (g *generator) object(schema *spec.Schema, path string) any {
	g.enter(schema)
	defer g.leave()
	object := map[string]any{}
	for _, name := range spec.PropertyNames(schema) {
		property := schema.Properties[name].Value
		required := spec.IsRequired(schema, name)
		switch {
		case !required && (g.mode == minimal || g.isTooDeep(property)):
		case !required && g.mode == nulls:
			object[name] = nil
		default:
			object[name] = g.value(property, path+"."+name)
		}
	}
	if values := schema.AdditionalProperties.Schema; values != nil && g.mode != zeros && g.mode != minimal {
		for _, key := range []string{"key", "größe/漢字:x.y"} {
			object[key] = g.value(values.Value, path+"."+key)
		}
	} else if g.mode == unknown {
		object["somethingNew"] = map[string]any{"deep": []any{1, nil, "x"}}
		object["another new thing"] = "y"
	}
	return object
}

// anything returns a value where the description allows any.
func (g *generator) anything(path string) any {
	g.leaves++
	forms := []any{
		map[string]any{"name": fmt.Sprintf("value %d", g.leaves), "list": []any{json.Number("1"), "two", true}},
		fmt.Sprintf("text %d", g.leaves),
		json.Number("9007199254740993"),
		true,
		[]any{"one", map[string]any{"two": json.Number("2")}},
		nil,
	}
	return forms[g.option(path, len(forms))]
}

// integer returns a number of its own for each leaf. A time can be that many
// seconds, and an int32 can't hold it unless that is what it is described as.
func (g *generator) integer(schema *spec.Schema) any {
	number := 200_000_000_000 + g.leaves
	if schema.Format == "int32" {
		number = 1_700_000_000 + g.leaves
	}
	if g.mode == zeros {
		number = 0
	}
	if schema.Max != nil && float64(number) > *schema.Max {
		number = int(*schema.Max)
	}
	if schema.Min != nil && float64(number) < *schema.Min {
		number = int(*schema.Min)
	}
	return json.Number(fmt.Sprint(number))
}

func (g *generator) number() any {
	if g.mode == zeros {
		return json.Number("0")
	}
	return json.Number(fmt.Sprintf("%d.25", g.leaves))
}

// longText is text that has to be escaped, and some of which takes four bytes.
var longText = strings.Repeat("Größe 漢字 🚀 \"quoted\" \\ <&> \u2028 \t \u0000 é ", 200)

func (g *generator) text(schema *spec.Schema) any {
	moment := time.Date(2031, time.March, 4, 5, 6, 7, 0, time.UTC).Add(time.Duration(g.leaves) * time.Hour)
	switch schema.Format {
	case "date-time", spec.FormatTime:
		switch {
		case g.mode == zeros:
			return "0001-01-01T00:00:00Z"
		case g.mode == long:
			return moment.Add(123456789).Format(time.RFC3339Nano)
		case schema.Format == spec.FormatTime:
			return moment.Format(time.DateTime + ".000")
		}
		return moment.Format(time.RFC3339)
	case spec.FormatBase64, "byte":
		if g.mode == zeros {
			return ""
		}
		return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "bytes \xff %d", g.leaves))
	}
	switch g.mode {
	case zeros:
		return ""
	case long:
		return fmt.Sprintf("%d %s", g.leaves, longText)
	default:
		return fmt.Sprintf("text %d", g.leaves)
	}
}

// Lists returns the names of an object's members that are arrays, sorted.
func Lists(schema *spec.Schema) []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		if schema.Properties[name].Value.Type.Is(openapi3.TypeArray) {
			names = append(names, name)
		}
	}
	return names
}
