package testkit

import (
	"encoding/json"
	"fmt"
	"go/types"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/pulumiapi/pulumiapi/internal/source"
)

// responseWriter writes the JSON of which a type of the package is decoded, with
// everything set. A text is the name of its member, and a number derives from it.
type responseWriter struct {
	constants map[string][]any
	open      []types.Type // the types around the present one
}

// responseOf returns the JSON of which a type is decoded.
func responseOf(src *source.Source, t types.Type) (string, error) {
	var out strings.Builder
	w := &responseWriter{constants: src.Constants}
	err := w.write(&out, t, "value")
	return out.String(), err
}

// knownResponses are the types that don't show of what they are decoded.
var knownResponses = map[string]func(name string) any{
	"Timestamp": func(name string) any {
		return time.Date(2026, time.January, 2, 3, 4, 5, 0, time.UTC).Add(time.Duration(numberFor(name)) * time.Hour)
	},
	"Secret":     func(name string) any { return name },
	"RawMessage": func(name string) any { return map[string]any{name: []any{"made up", map[string]int{"n": 1}}} },
	"rawAnswer":  func(name string) any { return map[string]any{name: []any{"made up", map[string]int{"n": 1}}} },
}

// final is the value of an enum that ends what is waited for.
const final = "succeeded"

func (w *responseWriter) write(out *strings.Builder, t types.Type, name string) error {
	if named, ok := types.Unalias(t).(*types.Named); ok {
		typeName := named.Obj().Name()
		if known := knownResponses[typeName]; known != nil {
			return encode(out, known(name))
		}
		if constants := w.constants[typeName]; len(constants) > 0 {
			if slices.Contains(constants, any(final)) {
				return encode(out, final)
			}
			return encode(out, zeroLast(constants)[0])
		}
	}
	switch u := t.Underlying().(type) {
	case *types.Basic:
		switch info := u.Info(); {
		case info&types.IsBoolean != 0:
			return encode(out, true)
		case info&types.IsInteger != 0:
			return encode(out, numberFor(name))
		case info&types.IsFloat != 0:
			return encode(out, float64(numberFor(name))+0.5)
		case info&types.IsString != 0:
			return encode(out, name)
		}
	case *types.Pointer:
		return w.write(out, u.Elem(), name)
	case *types.Slice:
		if w.isNested(t) {
			return encode(out, []any{})
		}
		out.WriteString("[")
		if err := w.write(out, u.Elem(), name); err != nil {
			return err
		}
		out.WriteString("]")
		return nil
	case *types.Map:
		fmt.Fprintf(out, "{%q:", name)
		if err := w.write(out, u.Elem(), name); err != nil {
			return err
		}
		out.WriteString("}")
		return nil
	case *types.Struct:
		if w.isNested(t) {
			return encode(out, nil)
		}
		w.open = append(w.open, t)
		defer func() { w.open = w.open[:len(w.open)-1] }()
		out.WriteString("{")
		if _, err := w.members(out, u, 0); err != nil {
			return err
		}
		out.WriteString("}")
		return nil
	case *types.Interface:
		return encode(out, map[string]any{name: 1})
	}
	return fmt.Errorf("no JSON for the type %s can be made up: enter one into knownResponses", t)
}

// zeroLast returns constants with those at the end that are zero: they look like what
// is not set.
func zeroLast(constants []any) []any {
	isZero := func(constant any) bool { return reflect.ValueOf(constant).IsZero() }
	isSet := func(constant any) bool { return !isZero(constant) }
	return append(slices.DeleteFunc(slices.Clone(constants), isZero), slices.DeleteFunc(slices.Clone(constants), isSet)...)
}

// isNested reports whether a type, or what its elements are, stands inside of itself
// as often as is enough.
func (w *responseWriter) isNested(t types.Type) bool {
	if slice, ok := t.Underlying().(*types.Slice); ok {
		t = slice.Elem()
	}
	depth := 0
	for _, outer := range w.open {
		if types.Identical(outer, t) {
			depth++
		}
	}
	return depth >= maxNesting
}

// members writes the members of an object, behind the given number of others, and
// returns how many there are then.
func (w *responseWriter) members(out *strings.Builder, t *types.Struct, written int) (int, error) {
	for i := range t.NumFields() {
		field := t.Field(i)
		tag, _, _ := strings.Cut(reflect.StructTag(t.Tag(i)).Get("json"), ",")
		if tag == "-" {
			continue
		}
		if inner, ok := field.Type().Underlying().(*types.Struct); ok && field.Embedded() && tag == "" {
			var err error
			if written, err = w.members(out, inner, written); err != nil {
				return written, err
			}
			continue
		}
		if !field.Exported() || tag == "" {
			continue
		}
		if written > 0 {
			out.WriteString(",")
		}
		fmt.Fprintf(out, "%q:", tag)
		if err := w.write(out, field.Type(), tag); err != nil {
			return written, fmt.Errorf("%s: %w", tag, err)
		}
		written++
	}
	return written, nil
}

func encode(out *strings.Builder, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("JSON of %T: %w", v, err)
	}
	out.Write(data)
	return nil
}

// pathTo returns where in a decoded type the value is that a method returns: the
// names of members, "project.stacks". It is empty if that is the whole value.
func pathTo(decoded, returned types.Type) (string, bool) {
	if types.Identical(decoded, returned) {
		return "", true
	}
	structure, ok := decoded.Underlying().(*types.Struct)
	if !ok {
		return "", false
	}
	for i := range structure.NumFields() {
		field := structure.Field(i)
		tag, _, _ := strings.Cut(reflect.StructTag(structure.Tag(i)).Get("json"), ",")
		switch {
		case tag == "" || tag == "-":
		case types.Identical(field.Type(), returned):
			return tag, true
		default:
			if _, isNamed := types.Unalias(field.Type()).(*types.Named); isNamed {
				continue // a value of its own, in which a list stands for something else
			}
			if inner, ok := pathTo(field.Type(), returned); ok {
				return tag + "." + inner, true
			}
		}
	}
	return "", false
}

// returnedType returns the type of what a method returns as it stands in a response:
// of a list, the slice of its elements. It is nil if there is none.
func returnedType(m *source.Method) types.Type {
	if len(m.Results) != 1 {
		return nil
	}
	result := m.Results[0]
	if pointer, ok := result.(*types.Pointer); ok {
		result = pointer.Elem()
	}
	named, ok := result.(*types.Named)
	if !ok || named.TypeArgs().Len() == 0 {
		return result
	}
	element := named.TypeArgs().At(0)
	if pointer, ok := element.(*types.Pointer); ok {
		element = pointer.Elem()
	}
	switch named.Obj().Name() {
	case "Page", "Seq2":
		return types.NewSlice(element)
	}
	return result
}
