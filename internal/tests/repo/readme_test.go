package repo_test

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"go/ast"
	"go/doc/comment"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/internal/source"
	"github.com/pulumiapi/pulumiapi/internal/testkit"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

var update = flag.Bool("update", false, "write the services into README.md, and their methods into "+methodsFile)

// fence is a block of code in Markdown: its language, and what is in it.
var fence = regexp.MustCompile("\n```(\\w*)(\n(?s:.*?)\n)```\n")

// readmeBlocks returns the README's blocks of code in a language.
func readmeBlocks(t *testing.T, language string) []string {
	t.Helper()
	var blocks []string
	for _, match := range fence.FindAllStringSubmatch(readText(t, "README.md"), -1) {
		if match[1] == language {
			blocks = append(blocks, strings.TrimPrefix(match[2], "\n"))
		}
	}
	require.NotEmpty(t, blocks, "README.md has no block of %s", language)
	return blocks
}

func readText(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	require.NoError(t, err)
	return strings.ReplaceAll(string(data), "\r\n", "\n")
}

// normalize makes all white space one blank, so that indentation doesn't count.
func normalize(code string) string { return strings.Join(strings.Fields(code), " ") }

// compiledCode returns the sources whose code is compiled, and run where it
// says so: what documentation shows is a part of it.
func compiledCode(t *testing.T) string {
	t.Helper()
	var files []string
	for _, pattern := range []string{"examples/quickstart/*.go", "example*_test.go"} {
		found, err := filepath.Glob(pattern)
		require.NoError(t, err)
		require.NotEmpty(t, found)
		files = append(files, found...)
	}
	var code strings.Builder
	for _, name := range files {
		code.WriteString(normalize(readText(t, name)) + "\n")
	}
	return code.String()
}

// bodyOfMain returns what is between the braces of a program's main function.
func bodyOfMain(t *testing.T, program string) string {
	t.Helper()
	_, body, found := strings.Cut(program, "\nfunc main() {\n")
	require.True(t, found, "no main function:\n%s", program)
	body, found = strings.CutSuffix(body, "\n}\n")
	require.True(t, found, "main is not the last function:\n%s", program)
	return body
}

func TestREADME_GoCodeIsCompiledCode(t *testing.T) {
	t.Parallel()
	code := compiledCode(t)
	for _, block := range readmeBlocks(t, "go") {
		if strings.HasPrefix(block, "package main\n") {
			block = bodyOfMain(t, block) // TestREADME_FirstProgramRuns looks at the rest
		}
		assert.Contains(t, code, normalize(block), "this code is in README.md, but neither in example*_test.go nor in examples/quickstart")
	}
}

func TestREADME_OutputIsWhatExamplesPrint(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("example*_test.go")
	require.NoError(t, err)
	var examples strings.Builder
	for _, name := range files {
		examples.WriteString(readText(t, name))
	}
	for _, block := range readmeBlocks(t, "text") {
		for line := range strings.Lines(block) {
			assert.Contains(t, examples.String(), "\t// "+line, "README.md shows this output, and no Example has it")
		}
	}
}

// TestREADME_FirstProgramRuns does what a newcomer does: copies the program, and
// runs it with credentials in the environment.
func TestREADME_FirstProgramRuns(t *testing.T) {
	t.Parallel()
	var programs []string
	for _, block := range readmeBlocks(t, "go") {
		if strings.HasPrefix(block, "package main\n") {
			programs = append(programs, block)
		}
	}
	require.NotEmpty(t, programs)
	srv := pulumiapitest.Demo()
	defer srv.Close()
	for _, program := range programs {
		source := filepath.Join(t.TempDir(), "main.go")
		require.NoError(t, os.WriteFile(source, []byte(program), 0o600))
		run := exec.CommandContext(t.Context(), "go", "run", source)
		run.Env = append(os.Environ(), "PULUMI_BACKEND_URL="+srv.URL(), "PULUMI_ACCESS_TOKEN="+srv.Token())
		var stdout, stderr bytes.Buffer
		run.Stdout, run.Stderr = &stdout, &stderr
		require.NoError(t, run.Run(), "%s\n%s", program, &stderr)
		assert.Contains(t, stdout.String(), "acme-corp/webshop/prod 67\n")
	}
}

func TestREADME_Modules(t *testing.T) {
	t.Parallel()
	const command = "go list -deps -f '{{with .Module}}{{.Path}}{{end}}' github.com/pulumiapi/pulumiapi | sort -u"
	listed, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}",
		"github.com/pulumiapi/pulumiapi").Output()
	require.NoError(t, err)
	modules := slices.Compact(slices.Sorted(strings.FieldsSeq(string(listed))))
	want := "$ " + command + "\n" + strings.Join(modules, "\n") + "\n"
	assert.Contains(t, readmeBlocks(t, "console"), want)
	assert.Contains(t, readText(t, "README.md"), fmt.Sprintf("**%d modules** beside this one", len(modules)-1))
}

func TestREADME_FilesExist(t *testing.T) {
	t.Parallel()
	link := regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`)
	for _, page := range []string{"README.md", "CHANGELOG.md"} {
		for _, match := range link.FindAllStringSubmatch(fence.ReplaceAllString(readText(t, page), ""), -1) {
			_, err := os.Stat(filepath.FromSlash(match[1]))
			require.NoError(t, err, "%s links to it", page)
		}
	}
}

// sources returns the package's own files, parsed: those that declare a service
// come before those that add methods to it.
func sources(t *testing.T) []*ast.File {
	t.Helper()
	src, err := testkit.Source()
	require.NoError(t, err)
	var files []*ast.File
	for _, file := range src.Files.All {
		files = append(files, file)
	}
	slices.SortStableFunc(files, func(a, b *ast.File) int { return cmp.Compare(rank(a), rank(b)) })
	return files
}

func rank(file *ast.File) int {
	for _, declaration := range file.Decls {
		if d, ok := declaration.(*ast.GenDecl); ok && d.Tok == token.TYPE {
			for _, spec := range d.Specs {
				if s, ok := spec.(*ast.TypeSpec); ok && strings.HasSuffix(s.Name.Name, "Service") {
					return 0
				}
			}
		}
	}
	return 1
}

func functions(t *testing.T) []*ast.FuncDecl {
	t.Helper()
	var all []*ast.FuncDecl
	for _, file := range sources(t) {
		for _, declaration := range file.Decls {
			if function, ok := declaration.(*ast.FuncDecl); ok && function.Name.IsExported() {
				all = append(all, function)
			}
		}
	}
	return all
}

func TestREADME_NamesAllOptions(t *testing.T) {
	t.Parallel()
	readme := readText(t, "README.md")
	for _, function := range functions(t) {
		results := function.Type.Results
		if function.Recv != nil || results == nil || len(results.List) != 1 {
			continue
		}
		if result, ok := results.List[0].Type.(*ast.Ident); ok && result.Name == "Option" {
			assert.Contains(t, readme, "| `"+function.Name.Name+"(", "README.md has a table of options, without %s", function.Name)
		}
	}
}

const servicesStart, servicesEnd = "<!-- services -->\n", "<!-- /services -->\n"

const methodsFile = "docs/methods.md"

func TestREADME_Methods(t *testing.T) {
	t.Parallel()
	before, rest, found := strings.Cut(readText(t, "README.md"), servicesStart)
	require.True(t, found)
	table, after, found := strings.Cut(rest, servicesEnd)
	require.True(t, found)
	services := servicesOf(t)
	wantTable, wantFile := servicesTable(services), methodsPage(services)
	if *update {
		require.NoError(t, os.WriteFile("README.md", []byte(before+servicesStart+wantTable+servicesEnd+after), 0o600))
		require.NoError(t, os.WriteFile(methodsFile, []byte(wantFile), 0o600))
		return
	}
	const how = " is out of date: go test ./internal/tests/repo -run TestREADME_Methods -update"
	assert.Equal(t, wantTable, table, "README.md's table of services"+how)
	assert.Equal(t, strings.Split(wantFile, "\n"), strings.Split(readText(t, methodsFile), "\n"), methodsFile+how)
}

// service is a field of Client as the documentation shows it.
type service struct {
	name    string
	about   string // the first sentence of its type's comment
	methods []methodsOfEndpoint
	count   int // of methods
}

// methodsOfEndpoint are methods of the same endpoints, as Markdown.
type methodsOfEndpoint struct{ methods, endpoints string }

var endpointInDoc = regexp.MustCompile(`(?:GET|HEAD|POST|PUT|PATCH|DELETE) /[^\s,]+`)

// servicesOf returns the services with their methods, as the fields of Client stand.
func servicesOf(t *testing.T) []service {
	t.Helper()
	byName := map[string]*service{}
	for _, function := range functions(t) {
		name, ok := source.Service(function)
		if !ok {
			continue
		}
		_, text, found := strings.Cut(function.Doc.Text(), "\nPulumi Cloud: ")
		text, _, _ = strings.Cut(text, "\n\n")
		endpoints := endpointInDoc.FindAllString(text, -1)
		if !found || len(endpoints) == 0 {
			t.Errorf("the documentation of %s.%s names no endpoint, as in: Pulumi Cloud: GET /api/…", name, function.Name)
			continue
		}
		if byName[name] == nil {
			byName[name] = &service{name: name, about: firstSentence(t, name+"Service")}
		}
		byName[name].add("`"+function.Name.Name+"`", "`"+strings.Join(endpoints, "`<br>`")+"`")
	}
	var services []service
	for _, field := range reflect.VisibleFields(reflect.TypeFor[pulumiapi.Client]()) {
		if s := byName[field.Name]; s != nil {
			services = append(services, *s)
		}
	}
	assert.Len(t, services, len(byName), "services that are fields of Client")
	return services
}

func (s *service) add(method, endpoints string) {
	s.count++
	if last := len(s.methods) - 1; last >= 0 && s.methods[last].endpoints == endpoints {
		s.methods[last].methods += ", " + method
		return
	}
	s.methods = append(s.methods, methodsOfEndpoint{method, endpoints})
}

// firstSentence returns what the comment of a type says it does.
func firstSentence(t *testing.T, name string) string {
	t.Helper()
	for _, file := range sources(t) {
		for _, decl := range file.Decls {
			group, ok := decl.(*ast.GenDecl)
			if !ok || len(group.Specs) != 1 {
				continue
			}
			if spec, ok := group.Specs[0].(*ast.TypeSpec); ok && spec.Name.Name == name {
				text := strings.ReplaceAll(strings.TrimPrefix(group.Doc.Text(), name+" "), "\n", " ")
				sentence, _, _ := strings.Cut(text, ".")
				return sentence
			}
		}
	}
	t.Errorf("there is no type %s", name)
	return ""
}

func servicesTable(services []service) string {
	table := "| service | | methods |\n|---|---|--:|\n"
	for _, s := range services {
		table += fmt.Sprintf("| [%#q](%s#%s) | %s | %d |\n", s.name, methodsFile, strings.ToLower(s.name), s.about, s.count)
	}
	return table
}

func methodsPage(services []service) string {
	page := "# Methods\n\nThe methods of the services, which are fields of the `Client`, and the endpoints that they call. " +
		"[coverage.md](coverage.md) has the same by endpoint,\nand what has no method.\n\n" +
		"Generated by `go test ./internal/tests/repo -run TestREADME_Methods -update`; do not edit.\n"
	for _, s := range services {
		page += fmt.Sprintf("\n## %s\n\n%#q %s.\n\n| method | endpoint |\n|---|---|\n", s.name, "client."+s.name, s.about)
		for _, m := range s.methods {
			page += "| " + m.methods + " | " + m.endpoints + " |\n"
		}
	}
	return page
}

// TestPackageComment_IsTrue checks what a machine can: that the names in
// brackets exist, and that the code compiles.
func TestPackageComment_IsTrue(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	var text string
	for _, file := range sources(t) {
		if file.Doc != nil {
			text += file.Doc.Text()
		}
		for _, declaration := range file.Decls {
			switch d := declaration.(type) {
			case *ast.FuncDecl:
				names[strings.TrimPrefix(source.Receiver(d)+"."+d.Name.Name, ".")] = true
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					switch s := spec.(type) {
					case *ast.TypeSpec:
						names[s.Name.Name] = true
					case *ast.ValueSpec:
						for _, name := range s.Names {
							names[name.Name] = true
						}
					}
				}
			}
		}
	}
	require.NotEmpty(t, text)
	services := regexp.MustCompile(`\[\w+Service\]`).FindAllString(text, -1)
	for name := range names {
		if token.IsExported(name) && strings.HasSuffix(name, "Service") {
			assert.Contains(t, services, "["+name+"]", "the services that the package comment names")
		}
	}
	links := comment.Parser{
		LookupPackage: func(name string) (string, bool) { return name, name == "errors" },
		LookupSym: func(receiver, name string) bool {
			return names[strings.TrimPrefix(receiver+"."+name, ".")]
		},
	}
	code := compiledCode(t)
	blocks := 0
	for _, block := range links.Parse(text).Content {
		if block, ok := block.(*comment.Code); ok {
			blocks++
			assert.Contains(t, code, normalize(block.Text), "this code is in the package comment, but not in example_test.go")
		}
	}
	assert.Positive(t, blocks)
	// Links have lost their brackets by now; names that don't exist have not.
	var printer comment.Printer
	assert.NotRegexp(t, `\[\*?(?:[A-Z]\w*|\w+(?:\.\w+)+)\]`, string(printer.Text(links.Parse(text))))
}
