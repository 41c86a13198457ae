// Signatures prints what a package exports, without comments: the files in api/ are
// made of it, so that a change of the public API shows in a review, and a change of a
// comment doesn't.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/build"
	"go/doc"
	"go/parser"
	format "go/printer"
	"go/token"
	"io"
	"os"
	"path/filepath"
	"strings"
)

const usage = `Signatures prints what the package in a folder exports, without comments.

	go -C conformance run ./cmd/signatures FOLDER

`

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("signatures", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() { _, _ = fmt.Fprint(stderr, usage) }
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	case flags.NArg() != 1:
		_, _ = fmt.Fprintf(stderr, "signatures: want one folder, got %d; see signatures -h\n", flags.NArg())
		return 2
	}
	text, err := signatures(flags.Arg(0))
	if err == nil {
		_, err = stdout.Write(text)
	}
	if err != nil {
		_, _ = fmt.Fprintln(stderr, "signatures:", err)
		return 2
	}
	return 0
}

// signatures returns the exported declarations of the package in a folder, sorted as go
// doc sorts them: constants and variables, functions, and types with theirs.
func signatures(folder string) ([]byte, error) {
	// For one platform, so that every machine gets the same.
	platform := build.Default
	platform.GOOS, platform.GOARCH, platform.CgoEnabled = "linux", "amd64", false
	found, err := platform.ImportDir(folder, 0)
	if err != nil {
		return nil, err
	}
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range found.GoFiles {
		// Without comments, which belong to no signature.
		file, err := parser.ParseFile(fset, filepath.Join(folder, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	pkg, err := doc.NewFromFiles(fset, files, found.Name)
	if err != nil {
		return nil, err
	}
	p := printer{fset: fset}
	_, _ = fmt.Fprintf(&p.out, "package %s\n", pkg.Name)
	p.values(pkg.Consts)
	p.values(pkg.Vars)
	p.functions(pkg.Funcs)
	for _, t := range pkg.Types {
		p.declaration(t.Decl)
		p.values(t.Consts)
		p.values(t.Vars)
		p.functions(t.Funcs)
		p.functions(t.Methods)
	}
	return p.out.Bytes(), p.err
}

type printer struct {
	fset *token.FileSet
	out  bytes.Buffer
	err  error
}

func (p *printer) values(values []*doc.Value) {
	for _, value := range values {
		for _, spec := range value.Decl.Specs {
			if variable, ok := spec.(*ast.ValueSpec); ok && value.Decl.Tok == token.VAR {
				hideValue(variable)
			}
		}
		p.declaration(value.Decl)
	}
}

// hideValue leaves out the value of a variable whose type is known without it: the text
// of an error is not a part of the API.
func hideValue(variable *ast.ValueSpec) {
	if variable.Type == nil && len(variable.Values) == 1 {
		if call, ok := variable.Values[0].(*ast.CallExpr); ok {
			if f, ok := call.Fun.(*ast.SelectorExpr); ok && (f.Sel.Name == "New" || f.Sel.Name == "Errorf") {
				variable.Type = ast.NewIdent("error")
			}
		}
	}
	if variable.Type != nil {
		variable.Values = nil
	}
}

func (p *printer) functions(functions []*doc.Func) {
	for _, function := range functions {
		function.Decl.Body = nil
		p.declaration(function.Decl)
	}
}

// raw separates columns by \v and lines by \f instead of aligning them, so that a new
// field is one line of a diff.
var raw = format.Config{Mode: format.RawFormat}

var columns = strings.NewReplacer("\v", "\t", "\f", "\n", "\xff", "")

// declaration prints a declaration without the blank lines that its comments have left.
func (p *printer) declaration(decl ast.Node) {
	var text bytes.Buffer
	if err := raw.Fprint(&text, p.fset, decl); err != nil && p.err == nil {
		p.err = err
	}
	p.out.WriteByte('\n')
	for line := range strings.Lines(columns.Replace(text.String()) + "\n") {
		if text := strings.TrimSpace(line); text != "" {
			indent, _, _ := strings.Cut(line, text)
			cells := strings.FieldsFunc(text, func(r rune) bool { return r == '\t' })
			p.out.WriteString(indent + strings.Join(cells, " ") + "\n")
		}
	}
}
