// Package scaffold writes the first draft of an operation from the description: the
// endpoint, the types, the method, and a stub of its route in the in-memory cloud.
//
// It is scaffolding, not generation: what is written is owned and edited by hand.
package scaffold

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/format"
	"go/token"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/pulumiapi/pulumiapi/conformance/internal/bind"
	"github.com/pulumiapi/pulumiapi/conformance/internal/spec"
	"github.com/pulumiapi/pulumiapi/internal/source"
)

// Drafter writes drafts.
type Drafter struct {
	spec   *spec.Spec
	source *source.Source
	bound  *bind.Bindings
	enums  map[string]string // the Go types of enums, by the properties' IDs and the service's names
	cloud  map[string]bool   // the functions of the in-memory cloud
	noun   string            // what the names of new types begin with, where others are taken
}

// New returns a Drafter. root is the folder of the library.
func New(root string, s *spec.Spec, src *source.Source) (*Drafter, error) {
	bound, err := bind.Find(s, src)
	if err != nil {
		return nil, err
	}
	files, err := source.ReadFolder(filepath.Join(root, "pulumiapitest"))
	if err != nil {
		return nil, err
	}
	d := &Drafter{spec: s, source: src, bound: bound, enums: map[string]string{}, cloud: map[string]bool{}}
	for _, p := range bound.Properties {
		if p.IsEnum() && p.Type.PkgPath() == source.Module {
			d.enums[p.ID] = p.Type.Name()
			d.enums[p.Type.Name()] = p.Type.Name()
		}
	}
	for function := range files.Functions {
		d.cloud[function.Name.Name] = true
	}
	return d, nil
}

// Draft is the first draft of an operation.
type Draft struct {
	// Service and Method are the method's: "AgentPools" and "List".
	Service, Method string
	// Shape says what kind of a method it is: "list by token".
	Shape string
	// Go is a file of the package, Route one of the in-memory cloud.
	Go, Route string
}

// Names are what a user has chosen; empty ones are guessed.
type Names struct{ Service, Method string }

// Draft writes the draft of an operation: "GET /api/orgs/{orgName}/agent-pools".
func (d *Drafter) Draft(operation string, names Names) (*Draft, error) {
	if err := names.check(); err != nil {
		return nil, err
	}
	o, err := d.spec.Operation(operation)
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(d.source.Endpoints, func(e *source.Endpoint) bool { return e.Operation == operation }); i >= 0 {
		return nil, fmt.Errorf("the package has %s: see %s", operation, d.source.Endpoints[i].Position)
	}
	described := d.spec.Document().Paths.Map()[o.Template].Operations()[o.Method]
	b := &builder{Drafter: d, operation: o, described: described, names: names}
	b.noun = singular(goName(lastOf(first(literals(o.Template)))))
	drafter := *d
	drafter.noun = b.noun
	b.Drafter = &drafter
	return b.draft()
}

func first(names []string, _ bool) []string { return names }

func lastOf(names []string) string {
	if len(names) == 0 {
		return "root"
	}
	return names[len(names)-1]
}

// builder builds one draft.
type builder struct {
	*Drafter

	operation  *spec.Operation
	described  *openapi3.Operation
	names      Names
	request    writer
	response   writer
	parameters []parameter
	shape      shape
	newService bool
}

func (b *builder) draft() (*Draft, error) {
	b.parameters = parametersOf(b.operation.Template, b.operation.Path)
	b.shape = b.findShape()
	service := cmp.Or(b.names.Service, b.guessService())
	b.newService = b.source.Types.Scope().Lookup(service+"Service") == nil
	method := cmp.Or(b.names.Method, b.guessMethod(service))
	shared := writer{Drafter: b.Drafter, named: map[string]string{}, taken: map[string]bool{}, imports: map[string]bool{"context": true, "net/http": true}}
	b.request, b.response = shared, shared
	b.request.isRequest = true
	b.request.named = map[string]string{}
	m := b.method(service, method)
	text := b.file(service, m)
	formatted, err := format.Source([]byte(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w:\n%s", b.operation, err, text)
	}
	route, err := format.Source([]byte(b.route(service, method)))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", b.operation, err)
	}
	return &Draft{Service: service, Method: method, Shape: b.shape.name, Go: string(formatted), Route: string(route)}, nil
}

// guessService returns the service of the endpoints that have most of the path in
// common; a new one if none has.
func (b *builder) guessService() string {
	best, most := "", 2 // more than "/api"
	for _, endpoint := range b.source.Endpoints {
		_, template, _ := strings.Cut(endpoint.Operation, " ")
		common := 0
		ours := strings.Split(b.operation.Template, "/")
		for i, segment := range strings.Split(template, "/") {
			if i >= len(ours) || ours[i] != segment {
				break
			}
			common++
		}
		if common > most && len(endpoint.Methods) > 0 {
			service, _, _ := strings.Cut(endpoint.Methods[0].Name, ".")
			best, most = service, common
		}
	}
	return cmp.Or(best, goName(lastOf(first(literals(b.operation.Template)))))
}

// guessMethod returns a verb and the path's noun, which the service does not have
// yet.
func (b *builder) guessMethod(service string) string {
	names, endsOpen := literals(b.operation.Template)
	last := goName(lastOf(names))
	one := singular(last)
	isList := b.shape.isList
	var name string
	switch b.operation.Method {
	case http.MethodGet:
		name = "Get" + one
		if isList {
			name = "List" + last
		} else if !endsOpen {
			name = "Get" + last
		}
	case http.MethodHead:
		name = one + "Exists"
	case http.MethodPatch:
		name = "Update" + one
	case http.MethodPut:
		name = "Set" + one
	case http.MethodDelete:
		name = "Delete" + one
	default:
		name = last
		if isList {
			name = "List" + last
		} else if one != last {
			name = "Create" + one
		}
	}
	for i := len(names) - 2; b.hasMethod(service, name); i-- {
		if i >= 0 {
			name += goName(names[i])
		} else {
			name += "Draft"
		}
	}
	return name
}

func (b *builder) hasMethod(service, method string) bool {
	_, has := b.source.Method(service + "." + method)
	_, hasPage := b.source.Method(service + "." + method + "Page")
	return has || hasPage
}

// variable returns the name of the endpoint's variable, which begins as those of its
// service do.
func (b *builder) variable(service, method string) string {
	prefix := strings.ToLower(service[:1]) + singular(service[1:])
	for _, endpoint := range b.source.Endpoints {
		for _, m := range endpoint.Methods {
			of, name, _ := strings.Cut(m.Name, ".")
			if found, ok := strings.CutSuffix(endpoint.Variable, name+"Endpoint"); ok && of == service && found != "" {
				prefix = found
			}
		}
	}
	name := prefix + method
	for b.source.Types.Scope().Lookup(name+"Endpoint") != nil {
		name += "Draft"
	}
	return name + "Endpoint"
}

// file returns the file of the package.
func (b *builder) file(service, method string) string {
	var out strings.Builder
	out.WriteString("package pulumiapi\n\nimport (\n")
	for _, path := range slices.Sorted(maps.Keys(b.response.imports)) { // which the request shares
		if strings.Contains(path, ".") {
			out.WriteString("\n")
		}
		fmt.Fprintf(&out, "\t%q\n", path)
	}
	out.WriteString(")\n\n")
	if b.newService {
		fmt.Fprintf(&out, "%s%sService is a new service: add it to Client and newClient in client.go, and to doc.go.\ntype %sService struct {\n\tclient *Client\n}\n\n",
			todo, service, service)
	}
	for _, text := range slices.Concat(b.request.types, b.response.types) {
		out.WriteString(text + "\n")
	}
	out.WriteString(method)
	return out.String()
}

// route returns the stub of the in-memory cloud's route.
func (b *builder) route(service, method string) string {
	handler := strings.ToLower(method[:1]) + method[1:]
	for b.cloud[handler] || token.IsKeyword(handler) {
		handler += singular(service) + "Draft"
	}
	var query []string
	for _, parameter := range b.operation.Query {
		query = append(query, fmt.Sprintf("%q", parameter.Name))
	}
	var out strings.Builder
	fmt.Fprintf(&out, "package pulumiapitest\n\n%smove the route to those of its resource, or add the list to allRoutes.\nvar %sRoutes = []route{\n\t{\n\t\tendpoint: %q,\n",
		todo, handler, b.operation.String())
	if len(query) > 0 {
		fmt.Fprintf(&out, "\t\tquery: []string{%s},\n", strings.Join(query, ", "))
	}
	fmt.Fprintf(&out, "\t\thandle: (*Server).%s,\n\t},\n}\n\n%ssay what %s answers, and keep state where users' tests need it.\n", handler, todo, handler)
	fmt.Fprintf(&out, "func (s *Server) %s(*call) (reply, error) {\n\treturn reply{status: %d, body: %s}, nil\n}\n", handler, b.operation.Answer.Status, b.wire())
	return out.String()
}

// wire returns the response as a literal, with the members in the description's order.
func (b *builder) wire() string {
	ref := b.shape.response
	if ref == nil {
		return "nil"
	}
	if ref.Value.Type.Is(openapi3.TypeArray) {
		return "[]any{}"
	}
	properties := propertiesOf(ref)
	if len(properties) == 0 {
		return "map[string]any{}"
	}
	var out strings.Builder
	out.WriteString("map[string]any{\n")
	seen := map[string]bool{}
	for _, p := range properties {
		if seen[p.name] {
			continue
		}
		seen[p.name] = true
		zero := "nil"
		switch t := p.ref.Value.Type; {
		case t.Is(openapi3.TypeArray):
			zero = "[]any{}"
		case t.Is(openapi3.TypeString):
			zero = `""`
		case t.Is(openapi3.TypeInteger), t.Is(openapi3.TypeNumber):
			zero = "0"
		case t.Is(openapi3.TypeBoolean):
			zero = "false"
		}
		fmt.Fprintf(&out, "\t%q: %s,\n", p.name, zero)
	}
	out.WriteString("}")
	return out.String()
}

// check returns an error for names that Go can't have.
func (n Names) check() error {
	for _, name := range []string{n.Service, n.Method} {
		if name != "" && !ast.IsExported(name) {
			return fmt.Errorf("%q is not the name of a service or of a method", name)
		}
	}
	return nil
}
