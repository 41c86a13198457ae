// Package spec reads the service's OpenAPI description, and derives from it the
// closed form in which a mistake shows: no object has other properties than
// those that are described, a type with a discriminator is one of its variants,
// bytes are base64, and a body that is described has to be there.
//
// An object that is described with neither properties nor a name is any JSON
// value: that is how the description writes Go's "any".
package spec

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
)

// Schema is a schema of the description in its closed form.
type Schema = openapi3.Schema

// Spec is the service's description.
type Spec struct {
	doc        *openapi3.T
	exceptions *Exceptions
	mapped     map[string][]string // the variants of each type that has some
	tag        map[string]string   // of each variant: its discriminator's value

	mu         sync.Mutex // guards everything below
	operations map[string]*Operation
	components map[string]*Schema
	names      map[*Schema]string
	properties map[string]*openapi3.SchemaRef
	ids        map[*openapi3.SchemaRef]string
}

// Load reads the description in a file. Exceptions may be nil.
func Load(file string, exceptions *Exceptions) (*Spec, error) {
	data, err := os.ReadFile(file) //nolint:gosec // it is the caller's own
	if err != nil {
		return nil, fmt.Errorf("description: %w", err)
	}
	spec, err := Parse(data, exceptions)
	if err != nil {
		return nil, fmt.Errorf("description %s: %w", file, err)
	}
	return spec, nil
}

// Parse reads a description. Exceptions may be nil.
func Parse(data []byte, exceptions *Exceptions) (*Spec, error) {
	doc, err := openapi3.NewLoader().LoadFromData(data)
	if err != nil {
		return nil, err
	}
	if err := doc.Validate(context.Background(), openapi3.DisableExamplesValidation()); err != nil {
		return nil, fmt.Errorf("is not valid: %w", err)
	}
	if doc.Paths.Len() == 0 {
		return nil, errors.New("has no operations")
	}
	if doc.Components == nil {
		doc.Components = &openapi3.Components{}
	}
	s := &Spec{
		doc:        doc,
		exceptions: exceptions,
		operations: map[string]*Operation{},
		components: map[string]*Schema{},
		names:      map[*Schema]string{},
		properties: map[string]*openapi3.SchemaRef{},
		ids:        map[*openapi3.SchemaRef]string{},
	}
	s.findVariants()
	return s, nil
}

// Exceptions returns what the description was loaded with.
func (s *Spec) Exceptions() *Exceptions { return s.exceptions }

// Operation is one operation of the service.
type Operation struct {
	Method, Template string
	// Tags are the description's; the first is the one to file it under.
	Tags       []string
	Deprecated bool
	// Path and Query are its parameters.
	Path, Query []*openapi3.Parameter
	// Body is what a request's JSON body is to be; nil if it has none.
	Body *openapi3.SchemaRef
	// BodyTypes are the content types of the request's body.
	BodyTypes []string
	// Answer is what a success holds; its Schema is nil if nothing is described.
	Answer Answer
}

// Answer is an answer that an operation gives.
type Answer struct {
	Status      int
	ContentType string
	Schema      *openapi3.SchemaRef
}

// String returns the method and the template, which is how operations are named
// everywhere.
func (o *Operation) String() string { return o.Method + " " + o.Template }

// Names returns the names of all operations, sorted by path and method.
func (s *Spec) Names() []string {
	type named struct{ method, template string }
	var all []named
	for template, item := range s.doc.Paths.Map() {
		for method := range item.Operations() {
			all = append(all, named{method, template})
		}
	}
	slices.SortFunc(all, func(a, b named) int {
		return strings.Compare(a.template+" "+a.method, b.template+" "+b.method)
	})
	names := make([]string, 0, len(all))
	for _, operation := range all {
		names = append(names, operation.method+" "+operation.template)
	}
	return names
}

// Has reports whether the service has an operation of that name.
func (s *Spec) Has(name string) bool {
	_, ok := s.find(name)
	return ok
}

func (s *Spec) find(name string) (*openapi3.Operation, bool) {
	method, template, _ := strings.Cut(name, " ")
	// Not Find, which takes templates for one that differ in their placeholders.
	item := s.doc.Paths.Map()[template]
	if item == nil {
		return nil, false
	}
	operation := item.Operations()[method]
	return operation, operation != nil
}

// Operation returns the operation of that name in its closed form.
func (s *Spec) Operation(name string) (*Operation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if operation := s.operations[name]; operation != nil {
		return operation, nil
	}
	found, ok := s.find(name)
	if !ok {
		return nil, fmt.Errorf("the description has no operation %s", name)
	}
	method, template, _ := strings.Cut(name, " ")
	o := &Operation{Method: method, Template: template, Tags: found.Tags, Deprecated: found.Deprecated}
	item := s.doc.Paths.Map()[template]
	for _, parameter := range slices.Concat(item.Parameters, found.Parameters) {
		switch parameter.Value.In {
		case openapi3.ParameterInPath:
			o.Path = append(o.Path, parameter.Value)
		case openapi3.ParameterInQuery:
			o.Query = append(o.Query, parameter.Value)
		}
	}
	for _, extra := range s.exceptions.Arguments(ExceptQuery, name) {
		o.Query = append(o.Query, openapi3.NewQueryParameter(extra).WithSchema(openapi3.NewStringSchema()))
	}
	if found.RequestBody != nil {
		for contentType, media := range found.RequestBody.Value.Content {
			o.BodyTypes = append(o.BodyTypes, contentType)
			if contentType == jsonType && media.Schema != nil {
				o.Body = s.closed(media.Schema, name+" body")
			}
		}
		slices.Sort(o.BodyTypes)
	}
	o.Answer = s.answer(name, found)
	if method == http.MethodHead {
		o.Answer = Answer{Status: o.Answer.Status} // which has no body, whatever is described
	}
	s.operations[name] = o
	return o, nil
}

const jsonType = "application/json"

// answer returns the answer of a success: the first that is described with a
// body, or else the first.
func (s *Spec) answer(name string, operation *openapi3.Operation) Answer {
	best := Answer{Status: http.StatusNoContent}
	responses := operation.Responses.Map()
	for status := 299; status >= 200; status-- {
		response := responses[strconv.Itoa(status)]
		if response == nil {
			continue
		}
		if best.ContentType == "" || len(response.Value.Content) > 0 {
			best = Answer{Status: status}
		}
		for contentType, media := range response.Value.Content {
			if best.ContentType != "" && contentType != jsonType {
				continue
			}
			best.ContentType, best.Schema = contentType, nil
			if contentType == jsonType && media.Schema != nil {
				best.Schema = s.closed(media.Schema, name+" answer")
			}
			if best.Schema != nil && best.Schema.Value.Format == FormatBase64 {
				// Bytes that are all of the answer are sent as they are.
				best.Schema = openapi3.NewSchemaRef("", anyValue)
			}
		}
	}
	for _, schema := range s.exceptions.Arguments(ExceptSchema, name) {
		best.ContentType = jsonType
		best.Schema = s.component(schema)
	}
	return best
}

// Name returns a schema's name: that of the component, or of the place where it
// stands.
func (s *Spec) Name(schema *Schema) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.names[schema]
}

// PropertyID returns a property's name with that of the schema that declares it:
// "StackTag.name".
func (s *Spec) PropertyID(property *openapi3.SchemaRef) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ids[property]
}

// Document returns the description as it stands.
func (s *Spec) Document() *openapi3.T { return s.doc }

// Schemas returns the names of the schemas that an operation's requests and
// answers are made of, at any depth, sorted. A type with variants leads to all
// of them.
func (s *Spec) Schemas(operation string) []string {
	found, ok := s.find(operation)
	if !ok {
		return nil
	}
	seen := map[string]bool{}
	var walk func(*openapi3.SchemaRef)
	walk = func(ref *openapi3.SchemaRef) {
		if ref == nil || ref.Value == nil || seen[refName(ref)] {
			return
		}
		if ref.Ref != "" {
			seen[refName(ref)] = true
		}
		for _, part := range ref.Value.AllOf {
			walk(part)
		}
		for _, property := range ref.Value.Properties {
			walk(property)
		}
		walk(ref.Value.Items)
		walk(ref.Value.AdditionalProperties.Schema)
		for _, variant := range s.mapped[refName(ref)] {
			walk(s.original(variant))
		}
	}
	if found.RequestBody != nil {
		for _, media := range found.RequestBody.Value.Content {
			walk(media.Schema)
		}
	}
	for _, response := range found.Responses.Map() {
		for _, media := range response.Value.Content {
			walk(media.Schema)
		}
	}
	for _, schema := range s.exceptions.Arguments(ExceptSchema, operation) {
		walk(s.original(schema))
	}
	return slices.Sorted(maps.Keys(seen))
}

// original returns a reference to a component as it stands in the description.
func (s *Spec) original(name string) *openapi3.SchemaRef {
	if component := s.doc.Components.Schemas[name]; component != nil {
		return &openapi3.SchemaRef{Ref: componentPrefix + name, Value: component.Value}
	}
	return nil
}
