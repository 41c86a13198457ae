// Package source reads the package's own source: its files, its endpoints, the
// methods that use them, what they decode, and the constants of its types.
//
// It is the only reader of the source. Tests, the conformance module and the tools
// there use it.
package source

import (
	"errors"
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Source is what the package's source says.
type Source struct {
	// Files are the package's files, without its tests.
	Files *Files
	// Types is the package with its types.
	Types *types.Package
	// Endpoints are sorted by path and method.
	Endpoints []*Endpoint
	// Methods are the exported methods of the client's services, sorted by name.
	Methods []*Method
	// Others are the exported methods of other exported types that use an
	// endpoint, sorted by name: "OIDCTokenSource.Token".
	Others []*Method
	// Constants are the constants of each type: strings, or int64s.
	Constants map[string][]any

	reader *reader
}

// Reach returns the operations that a function of the package calls, itself or
// through what it mentions, sorted, and the names of all that it mentions so.
func (s *Source) Reach(function *ast.FuncDecl) (operations []string, uses map[string]bool) {
	endpoints, uses := s.reader.reach(s.reader.info.Defs[function.Name])
	for _, endpoint := range endpoints {
		operations = append(operations, endpoint.Operation)
	}
	slices.Sort(operations)
	return operations, uses
}

// Endpoint is an endpoint that the package has.
type Endpoint struct {
	// Operation is its method and its template: "GET /api/user/stacks".
	Operation string
	// Variable is the variable that holds it: "stackGetEndpoint".
	Variable string
	// Position is where it stands: "stacks.go:130".
	Position string
	// Methods are those that use it, sorted by name.
	Methods []*Method
}

// Deprecated reports whether one of the methods is marked Deprecated.
func (e *Endpoint) Deprecated() bool {
	return slices.ContainsFunc(e.Methods, func(m *Method) bool { return m.Deprecated })
}

// Method is an exported method of one of the client's services.
type Method struct {
	// Name is as a user writes it after the client's name: "Stacks.List".
	Name string
	// Position is where it stands.
	Position string
	// Doc is its comment.
	Doc string
	// Deprecated reports whether the comment has a paragraph that says so.
	Deprecated bool
	// Operations are the operations that it calls, sorted.
	Operations []string
	// Parameters are the names of its parameters, without the context.
	Parameters []string
	// Results are the types of its results, without the error.
	Results []types.Type
	// Decoded are the types that it decodes responses into.
	Decoded []types.Type
}

// Method returns the method of a service, or of another type, by its name.
func (s *Source) Method(name string) (*Method, bool) {
	for _, m := range slices.Concat(s.Methods, s.Others) {
		if m.Name == name {
			return m, true
		}
	}
	return nil, false
}

// Load reads the package in the folder.
func Load(folder string) (*Source, error) {
	files, err := ReadFolder(folder)
	if err != nil {
		return nil, err
	}
	source, err := read(folder, files)
	if err != nil {
		return nil, err
	}
	if len(source.Endpoints) == 0 {
		return nil, errors.New("source: the package has no endpoints")
	}
	return source, nil
}

// Read reads a package that need not compile: of what is wrong with it, it returns
// an error beside all that it has understood. folder is where imports are looked for.
func Read(folder string, files *Files) (*Source, error) {
	return read(folder, files)
}

func read(folder string, files *Files) (*Source, error) {
	pkg, info, err := check(folder, files)
	if pkg == nil {
		return nil, err
	}
	r := &reader{
		files: files, pkg: pkg, info: info,
		uses:         map[types.Object][]types.Object{},
		endpoints:    map[types.Object][]*Endpoint{},
		declarations: map[types.Object]*ast.FuncDecl{},
	}
	source, readErr := r.read()
	return source, errors.Join(err, readErr)
}

type reader struct {
	files *Files
	pkg   *types.Package
	info  *types.Info
	// uses are the package-level functions, methods and variables that each of
	// them mentions.
	uses         map[types.Object][]types.Object
	endpoints    map[types.Object][]*Endpoint // by the variable that holds them
	declarations map[types.Object]*ast.FuncDecl
}

func (r *reader) read() (*Source, error) {
	var failures []error
	for _, file := range r.files.All {
		for _, declaration := range file.Decls {
			failures = append(failures, r.declaration(declaration))
		}
	}
	source := &Source{Files: r.files, Types: r.pkg, Constants: r.constants(), reader: r}
	seen := map[string]*Endpoint{}
	for _, list := range r.endpoints {
		for _, endpoint := range list {
			if first := seen[endpoint.Operation]; first != nil {
				failures = append(failures, fmt.Errorf("source: %s is at %s and at %s", endpoint.Operation, first.Position, endpoint.Position))
			}
			seen[endpoint.Operation] = endpoint
			source.Endpoints = append(source.Endpoints, endpoint)
		}
	}
	source.Methods, source.Others = r.methods()
	slices.SortFunc(source.Endpoints, func(a, b *Endpoint) int {
		return strings.Compare(byPath(a.Operation), byPath(b.Operation))
	})
	return source, errors.Join(failures...)
}

// byPath turns "GET /x" around, so that it sorts by path.
func byPath(operation string) string {
	method, template, _ := strings.Cut(operation, " ")
	return template + " " + method
}

func (r *reader) declaration(declaration ast.Decl) error {
	switch declaration := declaration.(type) {
	case *ast.FuncDecl:
		object := r.info.Defs[declaration.Name]
		r.declarations[object] = declaration
		r.findUses(object, declaration)
		return r.noEndpointsIn(declaration)
	case *ast.GenDecl:
		if declaration.Tok != token.VAR {
			return nil
		}
		for _, spec := range declaration.Specs {
			values, ok := spec.(*ast.ValueSpec)
			if !ok {
				continue
			}
			for i, value := range values.Values {
				name := values.Names[min(i, len(values.Names)-1)]
				object := r.info.Defs[name] // nil if it is declared again
				r.findUses(object, value)
				if err := r.findEndpoints(name.Name, object, value); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (r *reader) findUses(user types.Object, node ast.Node) {
	ast.Inspect(node, func(node ast.Node) bool {
		name, ok := node.(*ast.Ident)
		if !ok {
			return true
		}
		switch used := r.info.Uses[name].(type) {
		case *types.Func, *types.Var:
			if used.Pkg() == r.pkg {
				r.uses[user] = append(r.uses[user], origin(used))
			}
		}
		return true
	})
}

// origin returns the generic function of which object is an instance.
func origin(object types.Object) types.Object {
	if function, ok := object.(*types.Func); ok {
		return function.Origin()
	}
	return object
}

func (r *reader) isEndpoint(literal *ast.CompositeLit) bool {
	named, ok := r.info.TypeOf(literal).(*types.Named)
	return ok && named.Obj().Pkg() == r.pkg && named.Obj().Name() == "Endpoint"
}

// findEndpoints finds the endpoints in a variable's value.
func (r *reader) findEndpoints(name string, variable types.Object, value ast.Expr) (err error) {
	ast.Inspect(value, func(node ast.Node) bool {
		literal, ok := node.(*ast.CompositeLit)
		if !ok || !r.isEndpoint(literal) {
			return true
		}
		method, template := r.field(literal, "Method"), r.field(literal, "Template")
		if method == "" || template == "" {
			err = errors.Join(err, fmt.Errorf("source: %s: the endpoint has no constant Method and Template", r.position(literal)))
			return false
		}
		r.endpoints[variable] = append(r.endpoints[variable], &Endpoint{
			Operation: method + " " + template,
			Variable:  name,
			Position:  r.position(literal),
		})
		return false
	})
	return err
}

// noEndpointsIn returns an error for an endpoint that a function makes up: only
// those that are package-level values can be found.
func (r *reader) noEndpointsIn(function *ast.FuncDecl) (err error) {
	ast.Inspect(function, func(node ast.Node) bool {
		if literal, ok := node.(*ast.CompositeLit); ok && r.isEndpoint(literal) && r.field(literal, "Template") != "" {
			err = errors.Join(err, fmt.Errorf("source: %s: an endpoint inside of a function; make it a package-level value", r.position(literal)))
		}
		return true
	})
	return err
}

// field returns the constant text of a field of a struct literal.
func (r *reader) field(literal *ast.CompositeLit, name string) string {
	for _, element := range literal.Elts {
		pair, ok := element.(*ast.KeyValueExpr)
		if !ok {
			continue
		}
		key, ok := pair.Key.(*ast.Ident)
		if !ok || key.Name != name {
			continue
		}
		if value := r.info.Types[pair.Value].Value; value != nil && value.Kind() == constant.String {
			return constant.StringVal(value)
		}
	}
	return ""
}

func (r *reader) position(node ast.Node) string { return r.files.At(node) }

// methods returns the exported methods of the services, and those of other types
// that use an endpoint. It enters them into the endpoints that they reach.
func (r *reader) methods() (ofServices, others []*Method) {
	services := r.services()
	for field, service := range services {
		ofServices = append(ofServices, r.methodsOf(field, service)...)
	}
	scope := r.pkg.Scope()
	for _, name := range scope.Names() {
		named, ok := scope.Lookup(name).Type().(*types.Named)
		_, isType := scope.Lookup(name).(*types.TypeName)
		isService := slices.Contains(slices.Collect(maps.Values(services)), named)
		if !ok || !isType || isService || !named.Obj().Exported() || named.Obj().Name() != name {
			continue
		}
		for _, m := range r.methodsOf(name, named) {
			if len(m.Operations) > 0 {
				others = append(others, m)
			}
		}
	}
	slices.SortFunc(ofServices, byName)
	slices.SortFunc(others, byName)
	for _, list := range r.endpoints {
		for _, endpoint := range list {
			slices.SortFunc(endpoint.Methods, byName)
		}
	}
	return ofServices, others
}

// methodsOf returns the exported methods of a type.
func (r *reader) methodsOf(typeName string, named *types.Named) []*Method {
	var methods []*Method
	for method := range named.Methods() {
		if !method.Exported() {
			continue
		}
		declaration := r.declarations[method]
		if declaration == nil {
			continue // it is declared twice
		}
		doc := declaration.Doc.Text()
		m := &Method{
			Name:       typeName + "." + method.Name(),
			Position:   r.position(declaration),
			Doc:        doc,
			Deprecated: strings.HasPrefix(doc, "Deprecated: ") || strings.Contains(doc, "\n\nDeprecated: "),
		}
		endpoints, _ := r.reach(method)
		m.signature(method)
		m.Decoded = r.decodedBy(method)
		for _, endpoint := range endpoints {
			m.Operations = append(m.Operations, endpoint.Operation)
			endpoint.Methods = append(endpoint.Methods, m)
		}
		slices.Sort(m.Operations)
		methods = append(methods, m)
	}
	return methods
}

func byName(a, b *Method) int { return strings.Compare(a.Name, b.Name) }

// services returns the types of the client's exported fields, by the fields'
// names.
func (r *reader) services() map[string]*types.Named {
	services := map[string]*types.Named{}
	client := r.pkg.Scope().Lookup("Client")
	if client == nil {
		return services
	}
	fields, ok := client.Type().Underlying().(*types.Struct)
	if !ok {
		return services
	}
	for field := range fields.Fields() {
		pointer, ok := field.Type().(*types.Pointer)
		if !ok || !field.Exported() {
			continue
		}
		if named, ok := pointer.Elem().(*types.Named); ok {
			services[field.Name()] = named
		}
	}
	return services
}

// signature notes the method's parameters and results.
func (m *Method) signature(method *types.Func) {
	signature := method.Signature()
	for parameter := range signature.Params().Variables() {
		if types.TypeString(parameter.Type(), nil) != "context.Context" {
			m.Parameters = append(m.Parameters, parameter.Name())
		}
	}
	for result := range signature.Results().Variables() {
		if types.TypeString(result.Type(), nil) != "error" {
			m.Results = append(m.Results, result.Type())
		}
	}
}

// reach returns the endpoints that a function mentions, or that what it mentions
// does, and the names of all functions on the way.
func (r *reader) reach(function types.Object) (reached []*Endpoint, names map[string]bool) {
	names = map[string]bool{}
	seen := map[types.Object]bool{}
	var walk func(types.Object)
	walk = func(object types.Object) {
		if object == nil || seen[object] {
			return
		}
		seen[object] = true
		names[object.Name()] = true
		reached = append(reached, r.endpoints[object]...)
		for _, used := range r.uses[object] {
			walk(used)
		}
	}
	walk(function)
	return reached, names
}

// constants returns the values of the package's exported constants, by the names
// of their types.
func (r *reader) constants() map[string][]any {
	constants := map[string][]any{}
	scope := r.pkg.Scope()
	for _, name := range scope.Names() {
		object, ok := scope.Lookup(name).(*types.Const)
		if !ok || !object.Exported() {
			continue
		}
		named, ok := object.Type().(*types.Named)
		if !ok || named.Obj().Pkg() != r.pkg {
			continue
		}
		typeName := named.Obj().Name()
		switch object.Val().Kind() {
		case constant.String:
			constants[typeName] = append(constants[typeName], constant.StringVal(object.Val()))
		case constant.Int:
			if number, exact := constant.Int64Val(object.Val()); exact {
				constants[typeName] = append(constants[typeName], number)
			}
		default:
		}
	}
	for _, name := range slices.Collect(maps.Keys(constants)) {
		slices.SortFunc(constants[name], func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	}
	return constants
}

var operationName = regexp.MustCompile(`\b(GET|HEAD|POST|PUT|PATCH|DELETE) (/[^\s,;]*)`)

// OperationsNamed returns the operations that a comment names.
func OperationsNamed(doc string) []string {
	var names []string
	for _, found := range operationName.FindAllString(doc, -1) {
		names = append(names, strings.TrimRight(found, "."))
	}
	return names
}
