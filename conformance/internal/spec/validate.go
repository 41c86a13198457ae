package spec

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

// DecodeJSON decodes JSON without losing the digits of its numbers.
func DecodeJSON(data []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	if decoder.More() {
		return nil, errors.New("there is more than one JSON value")
	}
	return value, nil
}

// Check returns what is wrong with a decoded JSON value that the service has
// sent: one line for each place, which begins with its JSON path. What is not
// required may be null.
func (s *Spec) Check(schema *Schema, value any) []string { return s.check(schema, value, false) }

// check is Check, and with strict it is for a value that the service gets, in
// which nothing may be null but what an exception names.
func (s *Spec) check(schema *Schema, value any, strict bool) []string {
	var problems []string
	null := map[string]bool{}
	drop := nullDropper{s, strict, func(path, problem string) {
		null[path] = true
		problems = append(problems, path+": "+problem)
	}}
	if value = drop.nulls(schema, value, "$"); value != nil {
		for _, problem := range validate(schema, value) {
			// What is null is said to be missing, too.
			if path, _, _ := strings.Cut(problem, ": "); !null[path] {
				problems = append(problems, problem)
			}
		}
	}
	slices.Sort(problems)
	return slices.Compact(problems)
}

type nullDropper struct {
	spec     *Spec
	strict   bool
	complain func(path, problem string)
}

// nulls returns value without the members that are null, which is the same as if
// they were absent, and complains about those that have to be there.
func (d nullDropper) nulls(schema *Schema, value any, path string) any {
	if IsAny(schema) {
		return "any"
	}
	if schema.Discriminator != nil {
		variant := Variant(schema, value)
		if variant == nil {
			return value // the validator says what is wrong
		}
		schema = variant
	}
	switch value := value.(type) {
	case nil:
		d.complain(path, "is null")
		return nil
	case map[string]any:
		object := map[string]any{}
		for name, member := range value {
			place := path + "." + name
			property := MemberSchema(schema, name)
			switch {
			case member == nil && property != nil && IsAny(property.Value):
				object[name] = "any"
			case member == nil && IsRequired(schema, name):
				d.complain(place, "is null, but required")
			case member == nil && property != nil:
				if d.strict && !d.spec.exceptions.Has(ExceptNull, "", d.spec.PropertyID(property)) {
					d.complain(place, "is null")
				}
			case property == nil:
				object[name] = member
			default:
				if kept := d.nulls(property.Value, member, place); kept != nil {
					object[name] = kept
				}
			}
		}
		return object
	case []any:
		if schema.Items == nil {
			return value
		}
		list := make([]any, 0, len(value))
		for i, element := range value {
			if kept := d.nulls(schema.Items.Value, element, fmt.Sprintf("%s[%d]", path, i)); kept != nil {
				list = append(list, kept)
			}
		}
		return list
	}
	return value
}

// MemberSchema returns the schema of an object's member, or nil if the object
// has none of the name.
func MemberSchema(schema *Schema, name string) *openapi3.SchemaRef {
	if property := schema.Properties[name]; property != nil {
		return property
	}
	return schema.AdditionalProperties.Schema
}

func validate(schema *Schema, value any) []string {
	options := append([]openapi3.SchemaValidationOption{openapi3.MultiErrors(), openapi3.DisableSchemaErrorDetails()}, formats...)
	err := schema.VisitJSON(value, options...)
	return problemsOf(err)
}

// problemsOf takes the validator's errors apart.
func problemsOf(err error) []string {
	if err == nil {
		return nil
	}
	if several, ok := errors.AsType[openapi3.MultiError](err); ok {
		var problems []string
		for _, one := range several {
			problems = append(problems, problemsOf(one)...)
		}
		return problems
	}
	if one, ok := errors.AsType[*openapi3.SchemaError](err); ok {
		if nested, ok := errors.AsType[openapi3.MultiError](one.Origin); ok && one.Origin != nil {
			return problemsOf(nested)
		}
		var path strings.Builder
		for _, part := range one.JSONPointer() {
			if strings.Trim(part, "0123456789") == "" && part != "" {
				path.WriteString("[" + part + "]")
			} else {
				path.WriteString("." + part)
			}
		}
		return []string{"$" + path.String() + ": " + one.Reason}
	}
	return []string{err.Error()}
}

// Request is a request of an operation.
type Request struct {
	// Path is escaped, and without the base URL's.
	Path string
	// Query is as it stands in the URL.
	Query string
	// ContentType is the body's.
	ContentType string
	// Body is empty if there is none. BodyUnknown says that there may be one
	// that nobody has seen.
	Body        []byte
	BodyUnknown bool
}

// CheckRequest returns what is wrong with a request of an operation, one line
// for each thing.
func (s *Spec) CheckRequest(o *Operation, r Request) []string {
	query, err := url.ParseQuery(r.Query)
	if err != nil {
		return []string{"query: " + err.Error()}
	}
	var problems []string
	path, err := pathValues(o.Template, r.Path)
	if err != nil {
		problems = append(problems, err.Error())
	}
	input := &openapi3filter.RequestValidationInput{
		Request:     &http.Request{Method: o.Method, URL: &url.URL{Path: r.Path, RawQuery: r.Query}, Header: http.Header{}},
		PathParams:  path,
		QueryParams: query,
		Route:       &routers.Route{Spec: s.doc, Path: o.Template, Method: o.Method, Operation: &openapi3.Operation{}},
		Options:     &openapi3filter.Options{MultiError: true},
	}
	for _, parameter := range slices.Concat(o.Path, o.Query) {
		if parameter.In == openapi3.ParameterInPath && err != nil {
			continue
		}
		if err := openapi3filter.ValidateParameter(context.Background(), input, parameter); err != nil {
			problems = append(problems, fmt.Sprintf("%s parameter %s: %v", parameter.In, parameter.Name, firstLine(err)))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(query)) {
		if !slices.ContainsFunc(o.Query, func(p *openapi3.Parameter) bool { return p.Name == name }) {
			problems = append(problems, fmt.Sprintf("query parameter %s: the description does not know it", name))
		}
	}
	return append(problems, s.checkRequestBody(o, r)...)
}

func (s *Spec) checkRequestBody(o *Operation, r Request) []string {
	if r.BodyUnknown {
		return nil
	}
	mediaType, _, _ := mime.ParseMediaType(r.ContentType)
	switch {
	case len(o.BodyTypes) == 0:
		if len(r.Body) > 0 {
			return []string{"body: the description knows none"}
		}
	case len(r.Body) == 0:
		return []string{"body: it is missing"}
	case mediaType != jsonType && s.exceptions.Has(ExceptBody, mediaType, o.Method+" "+o.Template):
		return nil
	case !slices.Contains(o.BodyTypes, mediaType):
		return []string{fmt.Sprintf("body: the content type is %q, not %s", r.ContentType, strings.Join(o.BodyTypes, " or "))}
	case mediaType == jsonType && o.Body != nil:
		value, err := DecodeJSON(r.Body)
		if err != nil {
			return []string{"body: " + err.Error()}
		}
		problems := s.check(o.Body.Value, value, true)
		for i := range problems {
			problems[i] = "body " + problems[i]
		}
		return problems
	}
	return nil
}

// decodedTwice are the placeholders whose values the service decodes twice.
var decodedTwice = []string{"accountName", "resourceTypeAndId", "object"}

// pathValues returns the values of a template's placeholders in an escaped path.
func pathValues(template, path string) (map[string]string, error) {
	pattern, segments := strings.Split(template, "/"), strings.Split(path, "/")
	mismatch := fmt.Errorf("path %s: does not fit %s", path, template)
	if len(pattern) != len(segments) {
		return nil, mismatch
	}
	values := map[string]string{}
	for i, part := range pattern {
		value, err := url.PathUnescape(segments[i])
		if err != nil {
			return nil, fmt.Errorf("path %s: %w", path, err)
		}
		name, isParameter := strings.CutPrefix(part, "{")
		if !isParameter {
			if value != part {
				return nil, mismatch
			}
			continue
		}
		name = strings.TrimSuffix(name, "}")
		if slices.Contains(decodedTwice, name) {
			if value, err = url.PathUnescape(value); err != nil {
				return nil, fmt.Errorf("path %s: %s is decoded twice: %w", path, name, err)
			}
		}
		if value == "" || value == "." || value == ".." {
			return nil, fmt.Errorf("path %s: %s is %q", path, name, value)
		}
		values[name] = value
	}
	return values, nil
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// Visit calls visit with the ID of each property that value has, at any depth.
func (s *Spec) Visit(schema *Schema, value any, visit func(id string)) {
	if schema.Discriminator != nil {
		variant := Variant(schema, value)
		if variant == nil {
			return
		}
		schema = variant
	}
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			property := MemberSchema(schema, name)
			if property == nil {
				continue
			}
			if id := s.PropertyID(property); id != "" {
				visit(id)
			}
			s.Visit(property.Value, member, visit)
		}
	case []any:
		if schema.Items == nil {
			return
		}
		for _, element := range value {
			s.Visit(schema.Items.Value, element, visit)
		}
	}
}

// Unreached returns the IDs of the properties that a value of the schema can
// have, at any depth, that are neither reached nor excused, sorted. It looks for
// nothing inside of one that is not reached itself.
func (s *Spec) Unreached(schema *Schema, reached, excused func(id string) bool) []string {
	missing := map[string]bool{}
	seen := map[*Schema]bool{}
	var walk func(*Schema)
	walk = func(schema *Schema) {
		if seen[schema] {
			return
		}
		seen[schema] = true
		for _, variant := range schema.OneOf {
			walk(variant.Value)
		}
		for _, property := range schema.Properties {
			switch id := s.PropertyID(property); {
			case reached(id):
				walk(property.Value)
			case !excused(id):
				missing[id] = true
			}
		}
		if schema.Items != nil {
			walk(schema.Items.Value)
		}
		if values := schema.AdditionalProperties.Schema; values != nil {
			walk(values.Value)
		}
	}
	walk(schema)
	return slices.Sorted(maps.Keys(missing))
}
