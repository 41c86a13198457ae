// Package source reads the package's own source: its endpoints, the methods that
// use them, and the constants of its types.
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

	"golang.org/x/tools/go/packages"
)

// Source is what the package's source says.
type Source struct {
	// Endpoints are sorted by path and method.
	Endpoints []*Endpoint
	// Methods are the exported methods of the client's services, sorted by name.
	Methods []*Method
	// Others are the exported methods of other exported types that use an
	// endpoint, sorted by name: "OIDCTokenSource.Token".
	Others []*Method
	// Constants are the constants of each type: strings, or int64s.
	Constants map[string][]any
}

// Endpoint is an endpoint that the package has.
type Endpoint struct {
	// Operation is its method and its template: "GET /api/user/stacks".
	Operation string
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
}

// Load reads the package in the folder.
func Load(folder string) (*Source, error) {
	config := &packages.Config{
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedSyntax | packages.NeedTypes |
			packages.NeedTypesInfo | packages.NeedImports | packages.NeedExportFile,
		Dir: folder,
	}
	loaded, err := packages.Load(config, ".")
	if err != nil {
		return nil, fmt.Errorf("source: %w", err)
	}
	if len(loaded) != 1 {
		return nil, fmt.Errorf("source: %d packages in %s", len(loaded), folder)
	}
	if len(loaded[0].Errors) > 0 {
		return nil, fmt.Errorf("source: %w", loaded[0].Errors[0])
	}
	r := &reader{pkg: loaded[0], uses: map[types.Object][]types.Object{}, endpoints: map[types.Object][]*Endpoint{}}
	return r.read()
}

type reader struct {
	pkg *packages.Package
	// uses are the package-level functions, methods and variables that each of
	// them mentions.
	uses      map[types.Object][]types.Object
	endpoints map[types.Object][]*Endpoint // by the variable that holds them
	docs      map[types.Object]*ast.FuncDecl
}

func (r *reader) read() (*Source, error) {
	r.docs = map[types.Object]*ast.FuncDecl{}
	for _, file := range r.pkg.Syntax {
		for _, declaration := range file.Decls {
			if err := r.declaration(declaration); err != nil {
				return nil, err
			}
		}
	}
	if len(r.endpoints) == 0 {
		return nil, errors.New("source: the package has no endpoints")
	}
	source := &Source{Constants: r.constants()}
	seen := map[string]*Endpoint{}
	for _, list := range r.endpoints {
		for _, endpoint := range list {
			if first := seen[endpoint.Operation]; first != nil {
				return nil, fmt.Errorf("source: %s is at %s and at %s", endpoint.Operation, first.Position, endpoint.Position)
			}
			seen[endpoint.Operation] = endpoint
			source.Endpoints = append(source.Endpoints, endpoint)
		}
	}
	source.Methods, source.Others = r.methods()
	slices.SortFunc(source.Endpoints, func(a, b *Endpoint) int {
		return strings.Compare(byPath(a.Operation), byPath(b.Operation))
	})
	return source, nil
}

// byPath turns "GET /x" around, so that it sorts by path.
func byPath(operation string) string {
	method, template, _ := strings.Cut(operation, " ")
	return template + " " + method
}

func (r *reader) declaration(declaration ast.Decl) error {
	switch declaration := declaration.(type) {
	case *ast.FuncDecl:
		object := r.pkg.TypesInfo.Defs[declaration.Name]
		r.docs[object] = declaration
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
				object := r.pkg.TypesInfo.Defs[values.Names[min(i, len(values.Names)-1)]]
				r.findUses(object, value)
				if err := r.findEndpoints(object, value); err != nil {
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
		switch used := r.pkg.TypesInfo.Uses[name].(type) {
		case *types.Func, *types.Var:
			if used.Pkg() == r.pkg.Types {
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
	named, ok := r.pkg.TypesInfo.TypeOf(literal).(*types.Named)
	return ok && named.Obj().Pkg() == r.pkg.Types && named.Obj().Name() == "Endpoint"
}

// findEndpoints finds the endpoints in a variable's value.
func (r *reader) findEndpoints(variable types.Object, value ast.Expr) (err error) {
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
		if value := r.pkg.TypesInfo.Types[pair.Value].Value; value != nil && value.Kind() == constant.String {
			return constant.StringVal(value)
		}
	}
	return ""
}

func (r *reader) position(node ast.Node) string {
	position := r.pkg.Fset.Position(node.Pos())
	return fmt.Sprintf("%s:%d", position.Filename[strings.LastIndexByte(position.Filename, '/')+1:], position.Line)
}

// methods returns the exported methods of the services, and those of other types
// that use an endpoint. It enters them into the endpoints that they reach.
func (r *reader) methods() (ofServices, others []*Method) {
	services := r.services()
	for field, service := range services {
		ofServices = append(ofServices, r.methodsOf(field, service)...)
	}
	scope := r.pkg.Types.Scope()
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
		declaration := r.docs[method]
		doc := declaration.Doc.Text()
		m := &Method{
			Name:       typeName + "." + method.Name(),
			Position:   r.position(declaration),
			Doc:        doc,
			Deprecated: strings.HasPrefix(doc, "Deprecated: ") || strings.Contains(doc, "\n\nDeprecated: "),
		}
		for _, endpoint := range r.reach(method) {
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
	client := r.pkg.Types.Scope().Lookup("Client")
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

// reach returns the endpoints that a function mentions, or that what it mentions
// does.
func (r *reader) reach(function types.Object) []*Endpoint {
	var reached []*Endpoint
	seen := map[types.Object]bool{}
	var walk func(types.Object)
	walk = func(object types.Object) {
		if seen[object] {
			return
		}
		seen[object] = true
		reached = append(reached, r.endpoints[object]...)
		for _, used := range r.uses[object] {
			walk(used)
		}
	}
	walk(function)
	return reached
}

// constants returns the values of the package's exported constants, by the names
// of their types.
func (r *reader) constants() map[string][]any {
	constants := map[string][]any{}
	scope := r.pkg.Types.Scope()
	for _, name := range scope.Names() {
		object, ok := scope.Lookup(name).(*types.Const)
		if !ok || !object.Exported() {
			continue
		}
		named, ok := object.Type().(*types.Named)
		if !ok || named.Obj().Pkg() != r.pkg.Types {
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
