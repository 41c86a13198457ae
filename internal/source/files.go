package source

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Files are the files of a package, parsed with their comments.
type Files struct {
	fset  *token.FileSet
	files map[string]*ast.File
}

// Parse parses files. texts holds their content by file name.
func Parse(texts map[string]string) (*Files, error) {
	f := &Files{fset: token.NewFileSet(), files: map[string]*ast.File{}}
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		file, err := parser.ParseFile(f.fset, name, texts[name], parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, fmt.Errorf("source: %w", err)
		}
		f.files[name] = file
	}
	return f, nil
}

// ReadFolder parses the Go files of a folder, without its tests.
func ReadFolder(folder string) (*Files, error) {
	names, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return nil, fmt.Errorf("source: %w", err)
	}
	texts := map[string]string{}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name) //nolint:gosec // it is the caller's own
		if err != nil {
			return nil, fmt.Errorf("source: %w", err)
		}
		texts[filepath.Base(name)] = string(text)
	}
	if len(texts) == 0 {
		return nil, fmt.Errorf("source: no Go files in %s", folder)
	}
	return Parse(texts)
}

// All yields the files in the order of their names.
func (f *Files) All(yield func(name string, file *ast.File) bool) {
	for _, name := range slices.Sorted(maps.Keys(f.files)) {
		if !yield(name, f.files[name]) {
			return
		}
	}
}

// Functions yields the functions and methods in the order in which they stand.
func (f *Files) Functions(yield func(*ast.FuncDecl) bool) {
	for _, file := range f.All {
		for _, declaration := range file.Decls {
			if function, ok := declaration.(*ast.FuncDecl); ok && !yield(function) {
				return
			}
		}
	}
}

// At returns the position of a node: "stacks.go:130".
func (f *Files) At(node ast.Node) string {
	position := f.fset.Position(node.Pos())
	return fmt.Sprintf("%s:%d", position.Filename, position.Line)
}

// imports returns the paths of all imports, sorted.
func (f *Files) imports() []string {
	paths := map[string]bool{}
	for _, file := range f.All {
		for _, spec := range file.Imports {
			paths[strings.Trim(spec.Path.Value, `"`)] = true
		}
	}
	return slices.Sorted(maps.Keys(paths))
}

// Receiver returns the name of the type that a function is a method of. It returns
// the empty string if the function is no method.
func Receiver(function *ast.FuncDecl) string {
	if function.Recv == nil || len(function.Recv.List) == 0 {
		return ""
	}
	receiver := function.Recv.List[0].Type
	if pointer, ok := receiver.(*ast.StarExpr); ok {
		receiver = pointer.X
	}
	switch generic := receiver.(type) {
	case *ast.IndexExpr:
		receiver = generic.X
	case *ast.IndexListExpr:
		receiver = generic.X
	}
	if name, ok := receiver.(*ast.Ident); ok {
		return name.Name
	}
	return ""
}

// Service returns the field of the client whose exported method the function is:
// "Stacks". It returns false for other functions.
func Service(function *ast.FuncDecl) (string, bool) {
	if !function.Name.IsExported() {
		return "", false
	}
	return strings.CutSuffix(Receiver(function), "Service")
}

// TypeText returns a type as Go writes it: "map[string]*Stack".
func TypeText(expr ast.Expr) string {
	switch e := expr.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.StarExpr:
		return "*" + TypeText(e.X)
	case *ast.SelectorExpr:
		return TypeText(e.X) + "." + e.Sel.Name
	case *ast.ArrayType:
		return "[]" + TypeText(e.Elt)
	case *ast.MapType:
		return "map[" + TypeText(e.Key) + "]" + TypeText(e.Value)
	case *ast.IndexExpr:
		return TypeText(e.X) + "[" + TypeText(e.Index) + "]"
	case *ast.IndexListExpr:
		var arguments []string
		for _, argument := range e.Indices {
			arguments = append(arguments, TypeText(argument))
		}
		return TypeText(e.X) + "[" + strings.Join(arguments, ", ") + "]"
	}
	return fmt.Sprintf("%T", expr)
}

// IsNamed reports whether an expression is the identifier name.
func IsNamed(expr ast.Expr, name string) bool {
	ident, ok := expr.(*ast.Ident)
	return ok && ident.Name == name
}
