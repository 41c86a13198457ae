package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/types"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
)

// check finds out the types of a package's files. folder is where its imports are
// looked for. It returns all errors that it finds, and goes on behind each.
func check(folder string, files *Files) (*types.Package, *types.Info, error) {
	info := &types.Info{
		Types:     map[ast.Expr]types.TypeAndValue{},
		Defs:      map[*ast.Ident]types.Object{},
		Uses:      map[*ast.Ident]types.Object{},
		Instances: map[*ast.Ident]types.Instance{},
	}
	imports, err := importerFor(folder, files)
	if err != nil {
		return nil, nil, err
	}
	var failures []error
	config := types.Config{
		Importer: imports,
		Error:    func(err error) { failures = append(failures, fmt.Errorf("source: %w", err)) },
	}
	var parsed []*ast.File
	for _, file := range files.All {
		parsed = append(parsed, file)
	}
	pkg, err := config.Check(Module, files.fset, parsed, info)
	if pkg == nil {
		return nil, nil, fmt.Errorf("source: %w", err)
	}
	return pkg, info, errors.Join(failures...)
}

// importers holds an importer for each folder and what is imported there, as one
// that has read a package has it for the next one, too.
var importers struct {
	sync.Mutex

	made map[string]types.Importer
}

// importerFor returns an importer of what the files import: the compiler's own
// results, of which go list says where they are.
func importerFor(folder string, files *Files) (types.Importer, error) {
	paths := files.imports()
	key := strings.Join(append(slices.Clone(paths), folder), "\n")
	importers.Lock()
	defer importers.Unlock()
	if made := importers.made[key]; made != nil {
		return made, nil
	}
	exports, err := exportsOf(folder, paths)
	if err != nil {
		return nil, err
	}
	made := importer.ForCompiler(files.fset, "gc", func(path string) (io.ReadCloser, error) {
		file, ok := exports[path]
		if !ok {
			return nil, fmt.Errorf("go list does not know the package %s", path)
		}
		return os.Open(file) //nolint:gosec // go list has named it
	})
	if importers.made == nil {
		importers.made = map[string]types.Importer{}
	}
	importers.made[key] = &sharedImporter{importer: made}
	return importers.made[key], nil
}

// sharedImporter is an importer that several goroutines may use.
type sharedImporter struct {
	mu       sync.Mutex
	importer types.Importer
}

// Import implements [types.Importer].
func (s *sharedImporter) Import(path string) (*types.Package, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.importer.Import(path)
}

// exportsOf returns the files with the exported types of packages and of all that
// they depend on.
func exportsOf(folder string, paths []string) (map[string]string, error) {
	exports := map[string]string{}
	if len(paths) == 0 {
		return exports, nil
	}
	list := exec.CommandContext(context.Background(), "go", //nolint:gosec // what a package imports
		slices.Concat([]string{"list", "-export", "-deps", "-f", "{{if .Export}}{{.ImportPath}}\t{{.Export}}{{end}}", "--"}, paths)...)
	list.Dir = folder
	var stderr bytes.Buffer
	list.Stderr = &stderr
	output, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("source: go list: %w: %s", err, bytes.TrimSpace(stderr.Bytes()))
	}
	for line := range strings.Lines(string(output)) {
		if path, file, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok {
			exports[path] = file
		}
	}
	return exports, nil
}
