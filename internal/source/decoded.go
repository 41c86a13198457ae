package source

import (
	"go/ast"
	"go/types"
	"slices"
	"strings"
)

// decodeMethod and decodeType name the method that reads a response's JSON into the
// value that its second argument points to.
const (
	decodeType   = "decoding"
	decodeMethod = "read"
)

// decodedBy returns the types that a function decodes responses into, itself or
// through what it mentions. Type parameters are replaced by what they stand for.
func (r *reader) decodedBy(function *types.Func) []types.Type {
	d := &decoders{reader: r, seen: map[string]bool{}}
	d.walk(function, nil)
	return d.found
}

type decoders struct {
	*reader

	found []types.Type
	seen  map[string]bool // functions with their type arguments
}

// walk looks at the body of a function whose type parameters stand for arguments.
func (d *decoders) walk(function *types.Func, arguments map[*types.TypeParam]types.Type) {
	declaration := d.declarations[function]
	if declaration == nil || declaration.Body == nil {
		return
	}
	var key strings.Builder
	key.WriteString(function.FullName())
	for parameter := range function.Signature().TypeParams().TypeParams() {
		if arguments[parameter] != nil {
			key.WriteString(" " + types.TypeString(arguments[parameter], nil))
		}
	}
	if d.seen[key.String()] {
		return
	}
	d.seen[key.String()] = true
	ast.Inspect(declaration.Body, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.CallExpr:
			d.call(node, arguments)
		case *ast.Ident:
			if used, ok := d.info.Uses[node].(*types.Func); ok && used.Pkg() == d.pkg {
				d.walk(used.Origin(), d.argumentsOf(node, used, arguments))
			}
		}
		return true
	})
}

// argumentsOf returns what the type parameters of a function stand for where it is
// mentioned.
func (d *decoders) argumentsOf(mention *ast.Ident, function *types.Func, outer map[*types.TypeParam]types.Type) map[*types.TypeParam]types.Type {
	instance, ok := d.info.Instances[mention]
	if !ok {
		return nil
	}
	arguments := map[*types.TypeParam]types.Type{}
	parameters := function.Origin().Signature().TypeParams()
	for i := range instance.TypeArgs.Len() {
		arguments[parameters.At(i)] = substitute(instance.TypeArgs.At(i), outer)
	}
	return arguments
}

// call notes what a call decodes, if that is what it does.
func (d *decoders) call(call *ast.CallExpr, arguments map[*types.TypeParam]types.Type) {
	selector, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || selector.Sel.Name != decodeMethod || len(call.Args) < 2 {
		return
	}
	receiver, ok := d.info.TypeOf(selector.X).(*types.Named)
	if !ok || receiver.Obj().Pkg() != d.pkg || receiver.Obj().Name() != decodeType {
		return
	}
	pointer, ok := d.info.TypeOf(call.Args[1]).(*types.Pointer)
	if !ok {
		return
	}
	decoded := substitute(pointer.Elem(), arguments)
	same := func(t types.Type) bool { return types.Identical(t, decoded) }
	if !slices.ContainsFunc(d.found, same) {
		d.found = append(d.found, decoded)
	}
}

// substitute returns a type with the type parameters in it replaced.
func substitute(t types.Type, arguments map[*types.TypeParam]types.Type) types.Type {
	switch t := t.(type) {
	case *types.TypeParam:
		if argument := arguments[t]; argument != nil {
			return argument
		}
	case *types.Pointer:
		return types.NewPointer(substitute(t.Elem(), arguments))
	case *types.Slice:
		return types.NewSlice(substitute(t.Elem(), arguments))
	case *types.Map:
		return types.NewMap(substitute(t.Key(), arguments), substitute(t.Elem(), arguments))
	case *types.Named:
		if t.TypeArgs().Len() == 0 {
			return t
		}
		var replaced []types.Type
		for argument := range t.TypeArgs().Types() {
			replaced = append(replaced, substitute(argument, arguments))
		}
		if instance, err := types.Instantiate(nil, t.Origin(), replaced, false); err == nil {
			return instance
		}
	}
	return t
}
