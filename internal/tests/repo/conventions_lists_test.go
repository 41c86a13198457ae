package repo_test

import (
	"fmt"
	"go/ast"
	"maps"
	"slices"
	"strings"

	"github.com/pulumiapi/pulumiapi/internal/source"
)

// checkListPairs: what walks a list has a sister that gets one page of it, with
// the same arguments and items, and the other way round. What follows a list
// has, instead of a page, a list that it follows: with its arguments and items.
func checkListPairs(src *source.Source) (wrong []string) {
	methods := map[string]*ast.FuncDecl{}
	for _, file := range src.Files.All {
		for _, declaration := range file.Decls {
			if function, ok := declaration.(*ast.FuncDecl); ok && isServiceMethod(function) {
				methods[keyOf(function)] = function
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(methods)) {
		function := methods[key]
		if strings.HasPrefix(function.Name.Name, "Follow") {
			if !slices.ContainsFunc(slices.Collect(maps.Values(methods)), func(list *ast.FuncDecl) bool { return follows(function, list) }) {
				wrong = append(wrong, fmt.Sprintf("%s: %s follows no list: none of its service has its arguments and items", src.Files.At(function), key))
			}
			continue
		}
		var sister, item, sisterItem string
		switch walked, paged := walkedItem(function), pagedItem(function); {
		case walked != "" && strings.HasPrefix(function.Name.Name, "Export"):
			continue // one answer, in pieces: there are no pages
		case walked != "":
			sister, item = key+"Page", walked
			if other := methods[sister]; other != nil {
				sisterItem = pagedItem(other)
			}
		case paged != "":
			sister, item = strings.TrimSuffix(key, "Page"), paged
			if other := methods[sister]; other != nil && other != function {
				sisterItem = walkedItem(other)
			}
		default:
			continue
		}
		switch {
		case !strings.HasPrefix(function.Name.Name, "List"):
			wrong = append(wrong, fmt.Sprintf("%s: %s lists, so its name begins with List", src.Files.At(function), key))
		case sisterItem == "":
			wrong = append(wrong, fmt.Sprintf("%s: %s has no %s beside it: a list is both a walk and a page", src.Files.At(function), key, sister))
		case sisterItem != item:
			wrong = append(wrong, fmt.Sprintf("%s: %s lists %s, but %s lists %s", src.Files.At(function), key, item, sister, sisterItem))
		case !slices.Equal(parameterTypes(function), parameterTypes(methods[sister])):
			wrong = append(wrong, fmt.Sprintf("%s: %s takes other arguments than %s", src.Files.At(function), key, sister))
		}
	}
	return wrong
}

// follows reports whether function can be what follows list.
func follows(function, list *ast.FuncDecl) bool {
	return strings.HasPrefix(list.Name.Name, "List") && source.Receiver(list) == source.Receiver(function) &&
		walkedItem(function) != "" && walkedItem(list) == walkedItem(function) &&
		slices.Equal(parameterTypes(list), parameterTypes(function))
}

// checkListOptions: the options of every list that is walked have NoPrefetch, and
// those of lists by number or by row, and of no others, Parallel.
func checkListOptions(src *source.Source) (wrong []string) {
	fields := fieldTypes(src)
	for _, file := range src.Files.All {
		for _, declaration := range file.Decls {
			function, ok := declaration.(*ast.FuncDecl)
			if !ok || !isServiceMethod(function) || walkedItem(function) == "" || strings.HasPrefix(function.Name.Name, "Export") {
				continue
			}
			parameters := parameterTypes(function)
			options := strings.TrimPrefix(parameters[len(parameters)-1], "*")
			has := fields[options]
			if has["NoPrefetch"] != "bool" {
				wrong = append(wrong, fmt.Sprintf("%s: %s has no NoPrefetch bool", src.Files.At(function), options))
			}
			_, reached := src.Reach(function)
			isCounted := reached["numberedPage"] || reached["rowPage"]
			if isCounted != (has["Parallel"] == "int") {
				wrong = append(wrong, fmt.Sprintf("%s: Parallel int is for lists by number or by row, and they for it: see %s", src.Files.At(function), options))
			}
		}
	}
	return wrong
}

// fieldTypes returns the types of the fields of each struct.
func fieldTypes(src *source.Source) map[string]map[string]string {
	all := map[string]map[string]string{}
	for _, file := range src.Files.All {
		ast.Inspect(file, func(node ast.Node) bool {
			spec, ok := node.(*ast.TypeSpec)
			if !ok {
				return true
			}
			if structure, ok := spec.Type.(*ast.StructType); ok {
				all[spec.Name.Name] = map[string]string{}
				for _, field := range structure.Fields.List {
					for _, name := range field.Names {
						all[spec.Name.Name][name.Name] = source.TypeText(field.Type)
					}
				}
			}
			return true
		})
	}
	return all
}

// walkedItem returns T of a function that returns iter.Seq2[*T, error].
func walkedItem(function *ast.FuncDecl) string {
	if results := function.Type.Results; results != nil && len(results.List) == 1 {
		text := source.TypeText(results.List[0].Type)
		if item, ok := strings.CutPrefix(text, "iter.Seq2[*"); ok {
			return strings.TrimSuffix(item, ", error]")
		}
	}
	return ""
}

// pagedItem returns T of a function that returns (*Page[T], error).
func pagedItem(function *ast.FuncDecl) string {
	if results := function.Type.Results; results != nil && len(results.List) == 2 {
		if item, ok := strings.CutPrefix(source.TypeText(results.List[0].Type), "*Page["); ok {
			return strings.TrimSuffix(item, "]")
		}
	}
	return ""
}

func parameterTypes(function *ast.FuncDecl) []string {
	var all []string
	for _, parameter := range function.Type.Params.List {
		for range max(len(parameter.Names), 1) {
			all = append(all, source.TypeText(parameter.Type))
		}
	}
	return all
}
