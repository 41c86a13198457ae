package drift

import (
	"maps"
	"slices"
	"strings"

	"github.com/pulumiapi/pulumiapi/conformance/internal/bind"
	"github.com/pulumiapi/pulumiapi/conformance/internal/spec"
	"github.com/pulumiapi/pulumiapi/internal/source"
)

// Covered is what the package covers of a description.
type Covered struct {
	methods    map[string][]string // by operation
	schemas    map[string][]string // by schema: the methods that send or return it
	types      map[string][]string // by schema: the Go types
	properties map[string][]string // by property: the Go fields
}

// FindCovered finds what the package covers of the descriptions: of the old one,
// and of the new one, where a schema may have taken another's place.
func FindCovered(src *source.Source, descriptions ...*spec.Spec) (*Covered, error) {
	c := &Covered{
		methods: map[string][]string{}, schemas: map[string][]string{},
		types: map[string][]string{}, properties: map[string][]string{},
	}
	for _, s := range descriptions {
		for _, endpoint := range src.Endpoints {
			for _, method := range endpoint.Methods {
				add(c.methods, endpoint.Operation, method.Name)
			}
			for _, schema := range s.Schemas(endpoint.Operation) {
				for _, method := range endpoint.Methods {
					add(c.schemas, schema, method.Name)
				}
			}
		}
		bindings, err := bind.Find(s, src)
		if err != nil {
			return nil, err
		}
		for _, property := range bindings.Properties {
			add(c.properties, property.ID, property.Go())
		}
		for schema, types := range bindings.Types {
			add(c.types, schema, types...)
		}
	}
	return c, nil
}

func add(names map[string][]string, key string, more ...string) {
	names[key] = append(names[key], more...)
	slices.Sort(names[key])
	names[key] = slices.Compact(names[key])
}

// Mark fills in what each change touches.
func (c *Covered) Mark(changes []Change) {
	for i := range changes {
		change := &changes[i]
		touched := map[string]bool{}
		note := func(names []string) {
			for _, name := range names {
				touched[name] = true
			}
		}
		note(c.methods[change.Operation])
		schema, _, _ := strings.Cut(change.Schema, ".")
		note(c.schemas[schema])
		if len(c.properties[change.Property]) > 0 {
			note(c.properties[change.Property])
		} else {
			note(c.types[schema])
		}
		change.Touches = slices.Sorted(maps.Keys(touched))
	}
}
