package repo_test

import (
	"fmt"
	"go/ast"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/internal/source"
	"github.com/pulumiapi/pulumiapi/internal/testkit"
)

// conventions are the checks, each of which returns what is wrong.
var conventions = map[string]func(*source.Source) []string{
	"json tags":      checkJSONTags,
	"tag names":      checkTagNames,
	"doc comments":   checkDocComments,
	"endpoints":      checkEndpoints,
	"Pulumi Cloud":   checkEndpointLines,
	"lists in pairs": checkListPairs,
	"list options":   checkListOptions,
}

func TestConventions(t *testing.T) {
	t.Parallel()
	src, err := testkit.Source()
	require.NoError(t, err)
	for name, check := range conventions {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, complaint := range check(src) {
				assert.Fail(t, complaint)
			}
		})
	}
}

// checkJSONTags: omitempty stands in no json tag, and a Nullable's says omitzero.
func checkJSONTags(src *source.Source) (wrong []string) {
	for _, file := range src.Files.All {
		ast.Inspect(file, func(node ast.Node) bool {
			field, ok := node.(*ast.Field)
			if !ok || field.Tag == nil {
				return true
			}
			text, err := strconv.Unquote(field.Tag.Value)
			if err != nil {
				wrong = append(wrong, src.Files.At(field)+": a tag that can't be read")
				return true
			}
			_, options, _ := strings.Cut(reflect.StructTag(text).Get("json"), ",")
			has := strings.Split(options, ",")
			if slices.Contains(has, "omitempty") {
				wrong = append(wrong, src.Files.At(field)+": omitempty in a json tag: it drops what is set to zero; omitzero is meant")
			}
			if generic, ok := field.Type.(*ast.IndexExpr); ok && source.IsNamed(generic.X, "Nullable") && !slices.Contains(has, "omitzero") {
				wrong = append(wrong, src.Files.At(field)+": the json tag of a Nullable must say omitzero")
			}
			return true
		})
	}
	return wrong
}

// renamed are fields whose names say more than the service's, by their tags'.
var renamed = map[string]string{
	"Since": "startTime", "Until": "endTime", "Ascending": "asc", // filters
	"UpdateInfo": "info", "DurationMilliseconds": "duration", "TimeoutNanoseconds": "timeout",
	"SecretsProvider": "secrets_providers", "SecureStore": "$pulumiSecureStore",
}

// change is how the service begins the names of what a request changes.
var change = regexp.MustCompile(`^(?:set|new)([A-Z])`)

// checkTagNames: a tag names its field, so that two of the same type can't be
// swapped. Where the names differ, they stand in renamed.
func checkTagNames(src *source.Source) (wrong []string) {
	plain := strings.NewReplacer("_", "", "-", "")
	for _, file := range src.Files.All {
		ast.Inspect(file, func(node ast.Node) bool {
			field, ok := node.(*ast.Field)
			if !ok || field.Tag == nil {
				return true
			}
			name := embeddedName(field.Type)
			if len(field.Names) == 1 {
				name = field.Names[0].Name
			}
			text, err := strconv.Unquote(field.Tag.Value)
			if err != nil {
				return true // another check says so
			}
			for _, key := range []string{"json", "url"} {
				tag, _, _ := strings.Cut(reflect.StructTag(text).Get(key), ",")
				if tag == "" || tag == "-" || strings.EqualFold(plain.Replace(tag), name) ||
					strings.EqualFold(change.ReplaceAllString(tag, "$1"), name) || renamed[name] == tag {
					continue
				}
				wrong = append(wrong, fmt.Sprintf("%s: the %s tag of %s says %s", src.Files.At(field), key, name, tag))
			}
			return true
		})
	}
	return wrong
}

func embeddedName(expr ast.Expr) string {
	if ident, ok := expr.(*ast.Ident); ok {
		return ident.Name
	}
	return ""
}

// checkDocComments: what is exported has a comment that starts with its name.
// Constants and variables may share that of their group. Fields are left to
// their author.
func checkDocComments(src *source.Source) (wrong []string) {
	complain := func(node ast.Node, format string, args ...any) {
		wrong = append(wrong, src.Files.At(node)+": "+fmt.Sprintf(format, args...))
	}
	named := func(node ast.Node, name string, doc *ast.CommentGroup) {
		if text := doc.Text(); text != name && !strings.HasPrefix(text, name+" ") && !strings.HasPrefix(text, name+"\n") {
			complain(node, "the comment of %s must start with its name", name)
		}
	}
	for _, file := range src.Files.All {
		for _, declaration := range file.Decls {
			switch d := declaration.(type) {
			case *ast.FuncDecl:
				if d.Name.IsExported() && (d.Recv == nil || ast.IsExported(source.Receiver(d))) {
					named(d, d.Name.Name, d.Doc)
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					switch s := spec.(type) {
					case *ast.TypeSpec:
						if !s.Name.IsExported() {
							continue
						}
						doc := s.Doc
						if doc == nil {
							doc = d.Doc
						}
						named(s, s.Name.Name, doc)
					case *ast.ValueSpec:
						for _, name := range s.Names {
							switch {
							case !name.IsExported() || (d.Lparen.IsValid() && d.Doc != nil && s.Doc == nil):
							case s.Doc == nil && !d.Lparen.IsValid():
								named(s, name.Name, d.Doc)
							default:
								named(s, name.Name, s.Doc)
							}
						}
					}
				}
			}
		}
	}
	return wrong
}

func isServiceMethod(function *ast.FuncDecl) bool {
	_, ok := source.Service(function)
	return ok
}

// otherRooms are the files that name no operation of the service.
var otherRooms = []string{
	"doc.go", "client.go", "options.go", "credentials.go", "observer.go",
	"endpoint.go", "call.go", "fetch.go", "encode.go", "decode.go", "errors.go", "cursor.go", "pagination.go", "prefetch.go", "poll.go",
	"identifiers.go", "timestamp.go", "secret.go", "nullable.go", "webhooks_events.go", "webhooks_handler.go",
}

// endpointLiteral is a composite literal of an Endpoint.
type endpointLiteral struct {
	file     string
	variable string // empty if it is in a function
	node     *ast.CompositeLit
}

// endpointLiterals finds all of them, also those whose type is left out.
func endpointLiterals(src *source.Source) []endpointLiteral {
	var all []endpointLiteral
	for name, file := range src.Files.All {
		for _, declaration := range file.Decls {
			general, ok := declaration.(*ast.GenDecl)
			if !ok {
				all = append(all, literalsIn(name, "", declaration)...)
				continue
			}
			for _, spec := range general.Specs {
				if value, ok := spec.(*ast.ValueSpec); ok {
					all = append(all, literalsIn(name, value.Names[0].Name, spec)...)
				}
			}
		}
	}
	return all
}

func literalsIn(file, variable string, root ast.Node) []endpointLiteral {
	var all []endpointLiteral
	ast.Inspect(root, func(node ast.Node) bool {
		literal, ok := node.(*ast.CompositeLit)
		if !ok {
			return true
		}
		if source.IsNamed(literal.Type, "Endpoint") {
			all = append(all, endpointLiteral{file, variable, literal})
		}
		var element ast.Expr
		switch collection := literal.Type.(type) {
		case *ast.ArrayType:
			element = collection.Elt
		case *ast.MapType:
			element = collection.Value
		}
		if source.IsNamed(element, "Endpoint") {
			for _, e := range literal.Elts {
				if pair, ok := e.(*ast.KeyValueExpr); ok {
					e = pair.Value
				}
				if inner, ok := e.(*ast.CompositeLit); ok && inner.Type == nil {
					all = append(all, endpointLiteral{file, variable, inner})
				}
			}
		}
		return true
	})
	return all
}

// field returns the source of a keyed field's value: a string's text, or
// "http.MethodGet".
func (l endpointLiteral) field(name string) string {
	for _, element := range l.node.Elts {
		pair, ok := element.(*ast.KeyValueExpr)
		if !ok || !source.IsNamed(pair.Key, name) {
			continue
		}
		switch value := pair.Value.(type) {
		case *ast.BasicLit:
			text, err := strconv.Unquote(value.Value)
			if err != nil {
				return value.Value
			}
			return text
		case *ast.SelectorExpr:
			return fmt.Sprintf("%s.%s", value.X, value.Sel.Name)
		case *ast.Ident:
			return value.Name
		}
		return "?"
	}
	return ""
}

var (
	methodConstant = regexp.MustCompile(`^http\.Method(Get|Head|Post|Put|Patch|Delete)$`)
	goodTemplate   = regexp.MustCompile(`^/api(/([A-Za-z0-9._-]+|\{[A-Za-z][A-Za-z0-9]*\}))+$`)
	dotSegment     = regexp.MustCompile(`/\.{1,2}(/|$)`)
)

// operation returns what the literal stands for: "GET /api/user/stacks".
func (l endpointLiteral) operation() string {
	return strings.ToUpper(strings.TrimPrefix(l.field("Method"), "http.Method")) + " " + l.field("Template")
}

// checkEndpoints: an operation is one package-level Endpoint{…} in a resource
// file, which the coverage check finds in the source, and stands there once.
func checkEndpoints(src *source.Source) (wrong []string) {
	seen := map[string]string{}
	for _, literal := range endpointLiterals(src) {
		complain := func(text string) { wrong = append(wrong, src.Files.At(literal.node)+": "+text) }
		isResource := !slices.Contains(otherRooms, literal.file)
		switch {
		case literal.variable == "" && isResource:
			complain("an Endpoint inside a function: nobody finds it there")
			continue
		case literal.variable == "":
			continue // what a cursor is decoded into, for instance
		case !isResource:
			complain("an Endpoint outside the resource files")
		}
		if !methodConstant.MatchString(literal.field("Method")) {
			complain("an Endpoint must name its Method by net/http's constant")
		}
		if template := literal.field("Template"); !goodTemplate.MatchString(template) || dotSegment.MatchString(template) {
			complain("an Endpoint must name its Template: /api/…/{name}/…, and each placeholder is a whole segment")
		}
		if read := literal.field("Read"); read != "" && (read != "true" || literal.field("Method") != "http.MethodPost") {
			complain("Read is for a POST, and true")
		}
		isPost, isPatch := literal.field("Method") == "http.MethodPost", literal.field("Method") == "http.MethodPatch"
		if set := literal.field("Idempotent"); set != "" && (set != "true" || !isPost && !isPatch || literal.field("Read") != "") {
			complain("Idempotent is for a POST or PATCH that writes, and true")
		}
		isRead := literal.field("Method") == "http.MethodGet" || literal.field("Method") == "http.MethodHead" || literal.field("Read") != ""
		if set := literal.field("NoRetry"); set != "" && (set != "true" || !isRead) {
			complain("NoRetry is for a read, and true")
		}
		if first, again := seen[literal.operation()]; again {
			complain("the same operation as at " + first)
		}
		seen[literal.operation()] = src.Files.At(literal.node)
	}
	return wrong
}

var operationInDoc = regexp.MustCompile(`\b(?:GET|HEAD|POST|PUT|PATCH|DELETE) /[^\s,;]*[^\s,;.]`)

// checkEndpointLines: the comment of every method of a service names exactly
// the operations that the method uses, itself or through what it calls.
func checkEndpointLines(src *source.Source) (wrong []string) {
	for _, file := range src.Files.All {
		for _, declaration := range file.Decls {
			function, ok := declaration.(*ast.FuncDecl)
			if !ok || function.Doc == nil && !isServiceMethod(function) {
				continue
			}
			_, line, found := strings.Cut("\n"+function.Doc.Text(), "\nPulumi Cloud: ")
			if !found {
				if isServiceMethod(function) {
					wrong = append(wrong, fmt.Sprintf("%s: the comment of %s has no line Pulumi Cloud: GET /api/…", src.Files.At(function), function.Name))
				}
				continue
			}
			line, _, _ = strings.Cut(line, "\n\n")
			says := operationInDoc.FindAllString(line, -1)
			slices.Sort(says)
			does, _ := src.Reach(function)
			if !slices.Equal(says, does) {
				wrong = append(wrong, fmt.Sprintf("%s: the comment of %s names the operations %q, but it uses %q", src.Files.At(function), function.Name, says, does))
			}
		}
	}
	return wrong
}

// keyOf returns the name of a function, "Type.Name" for methods.
func keyOf(function *ast.FuncDecl) string {
	if receiver := source.Receiver(function); receiver != "" {
		return receiver + "." + function.Name.Name
	}
	return function.Name.Name
}

// sourceOf reads a file that need not compile, beside what most of them use.
func sourceOf(t *testing.T, name, text string) *source.Source {
	t.Helper()
	files, err := source.Parse(map[string]string{
		name: strings.Replace(text, "package x\n", "package x\nimport \"net/http\"\n", 1),
		"more.go": "package x\n// Endpoint is one.\ntype Endpoint struct { Method, Template string; Read bool }\n" +
			"func f(...any) {}\nfunc tokenPage() {}\nfunc numberedPage() {}\nfunc rowPage() {}\n",
	})
	require.NoError(t, err)
	src, _ := source.Read(".", files) // with an error for what is missing
	require.NotNil(t, src)
	return src
}

// What the checks are for, each seen to complain.
func TestConventions_SeeWhatIsWrong(t *testing.T) {
	t.Parallel()
	const service = "package x\n// HooksService is a service.\ntype HooksService struct{ client *Client }\n"
	const get = `var hookGetEndpoint = Endpoint{Method: http.MethodGet, Template: "/api/hooks/{hook}"}` + "\n"
	const list = `var hookListEndpoint = Endpoint{Method: http.MethodGet, Template: "/api/hooks"}` + "\n"
	const client = "package x\n// Client is one.\ntype Client struct{ Hooks *HooksService }\ntype HooksService struct{ client *Client }\ntype OthersService struct{ client *Client }\n"
	for _, c := range []struct {
		check, code string
		wrong       string // what the only complaint says; empty: there is none
		file        string // hooks.go, unless given
	}{
		{"json tags", "package x\ntype t struct{ A string `json:\"a,omitzero\" url:\"a,omitempty\"`; N Nullable[int] `json:\"n,omitzero\"` }", "", ""},
		{"json tags", "package x\ntype t struct{ A string `json:\"a,omitempty\"` }", "omitempty", ""},
		{"json tags", "package x\nfunc f() { type t struct{ A string `json:\",omitzero,omitempty\"` } }", "omitempty", ""},
		{"json tags", "package x\nfunc f[T struct{ A int `json:\"a,omitempty\"`}]() {}", "omitempty", ""},
		{"json tags", "package x\ntype t struct{ N Nullable[int] `json:\"n\"` }", "omitzero", ""},

		{"tag names", "package x\ntype t struct{ UserFilter string `url:\"userFilter,omitempty\"`; PendingOps int `json:\"pending_ops\"`; Since int `url:\"startTime,unix\"` }", "", ""},
		{"tag names", "package x\ntype t struct{ UserFilter string `url:\"eventFilter,omitempty\"` }", "the url tag of UserFilter says eventFilter", ""},
		{"tag names", "package x\ntype t struct{ Name string `json:\"displayName\"` }", "the json tag of Name says displayName", ""},
		{"tag names", "package x\ntype t struct{ Until int `url:\"startTime\"` }", "the url tag of Until", ""},

		{"doc comments", "package x\n// T is.\ntype T struct{ A, b int }\n// M does.\nfunc (T) M() {}\nfunc (T) m() {}\nfunc f() {}\ntype u int\nfunc (u) M() {}", "", ""},
		{"doc comments", "package x\n// The kinds.\nconst (\n\tA = 1\n\tB = 2\n)\n// C is.\nvar C, d int\nconst (\n\t// E is.\n\tE = 1\n)", "", ""},
		{"doc comments", "package x\ntype T int", "the comment of T ", ""},
		{"doc comments", "package x\n// A T is.\ntype T int", "the comment of T ", ""},
		{"doc comments", "package x\n// Thing is.\ntype T int", "the comment of T ", ""},
		{"doc comments", "package x\nfunc F() {}", "the comment of F ", ""},
		{"doc comments", "package x\n// T is.\ntype T int\nfunc (t *T) M() {}", "the comment of M ", ""},
		{"doc comments", "package x\n// T is.\ntype T[A any] []A\nfunc (t T[A]) M() {}", "the comment of M ", ""},
		{"doc comments", "package x\nconst A = 1", "the comment of A ", ""},
		{"doc comments", "package x\nvar (\n\ta int\n\tB int\n)", "the comment of B ", ""},
		{"doc comments", "package x\n// The errors.\nvar (\n\t// Says nothing.\n\tB int\n)", "the comment of B ", ""},

		{"endpoints", service + get + list, "", ""},
		{"endpoints", service + get + get, "the same operation", ""},
		{"endpoints", service + get, "outside the resource files", "call.go"},
		{"endpoints", service + "func f() { _ = Endpoint{} }", "", "cursor.go"},
		{"endpoints", service + `func f() { _ = Endpoint{Method: http.MethodGet, Template: "/api/a"} }`, "inside a function", ""},
		{"endpoints", service + `var e = Endpoint{Method: "GET", Template: "/api/a"}`, "Method", ""},
		{"endpoints", service + `var e = Endpoint{Template: "/api/a"}`, "Method", ""},
		{"endpoints", service + `var e = Endpoint{Method: http.MethodGet}`, "Template", ""},
		{"endpoints", service + `var e = Endpoint{Method: http.MethodGet, Template: prefix + "/a"}`, "Template", ""},
		{"endpoints", service + `var e = Endpoint{Method: http.MethodGet, Template: "/hooks"}`, "Template", ""},
		{"endpoints", service + `var e = Endpoint{Method: http.MethodGet, Template: "/api/a/"}`, "Template", ""},
		{"endpoints", service + `var e = Endpoint{Method: http.MethodGet, Template: "/api/x{a}"}`, "Template", ""},
		{"endpoints", service + `var e = Endpoint{Method: http.MethodGet, Template: "/api/../a"}`, "Template", ""},
		{"endpoints", service + `var e = Endpoint{Method: http.MethodGet, Template: "/api/a?b=c"}`, "Template", ""},
		{"endpoints", service + `var e = Endpoint{Method: http.MethodGet, Template: "/api/a", Read: true}`, "Read", ""},
		{"endpoints", service + `var e = Endpoint{Method: http.MethodPost, Template: "/api/a", Read: true}`, "", ""},
		{"endpoints", service + `var e = Endpoint{Method: http.MethodPut, Template: "/api/a", Idempotent: true}`, "Idempotent is for", ""},
		{"endpoints", service + `var e = Endpoint{Method: http.MethodPost, Template: "/api/a", Idempotent: false}`, "Idempotent is for", ""},
		{"endpoints", service + `var e = Endpoint{Method: http.MethodPost, Template: "/api/a", Read: true, Idempotent: true}`, "Idempotent is for", ""},
		{"endpoints", service + `var e = Endpoint{Method: http.MethodPost, Template: "/api/a", Idempotent: true}`, "", ""},
		{"endpoints", service + `var e = Endpoint{Method: http.MethodPatch, Template: "/api/a", Idempotent: true}`, "", ""},
		{"endpoints", service + `var e = Endpoint{Method: http.MethodPost, Template: "/api/a", NoRetry: true}`, "NoRetry is for", ""},
		{"endpoints", service + `var e = Endpoint{Method: http.MethodGet, Template: "/api/a", NoRetry: false}`, "NoRetry is for", ""},
		{"endpoints", service + `var e = Endpoint{Method: http.MethodGet, Template: "/api/a", NoRetry: true}`, "", ""},
		{"endpoints", service + `var e = Endpoint{Method: http.MethodPost, Template: "/api/a", Read: true, NoRetry: true}`, "", ""},
		{"endpoints", service + `var e = map[string]Endpoint{"a": {Template: "/api/a"}}`, "Method", ""},
		{"endpoints", service + `var e = []Endpoint{{Method: http.MethodGet}}`, "Template", ""},

		{"Pulumi Cloud", service + get + "// Get gets.\n//\n// Pulumi Cloud: GET /api/hooks/{hook}\nfunc (s *HooksService) Get() { f(hookGetEndpoint) }", "", ""},
		{"Pulumi Cloud", service + get + "// Get gets.\nfunc (s *HooksService) Get() { f(hookGetEndpoint) }", "has no line", ""},
		{"Pulumi Cloud", service + get + "func (s *HooksService) Get() { f(hookGetEndpoint) }", "has no line", ""},
		{"Pulumi Cloud", service + get + "// Get gets.\n//\n// Pulumi Cloud: GET /api/hooks/{name}\nfunc (s *HooksService) Get() { f(hookGetEndpoint) }", "but it uses", ""},
		{"Pulumi Cloud", service + get + "// Get gets.\n//\n// Pulumi Cloud: POST /api/hooks/{hook}\nfunc (s *HooksService) Get() { f(hookGetEndpoint) }", "but it uses", ""},
		{"Pulumi Cloud", service + get + list + "// Get gets.\n//\n// Pulumi Cloud: GET /api/hooks/{hook}\nfunc (s *HooksService) Get() { f(hookGetEndpoint, hookListEndpoint) }", "but it uses", ""},
		{"Pulumi Cloud", service + get + list + "// Get gets.\n//\n// Pulumi Cloud: GET /api/hooks/{hook},\n// and GET /api/hooks.\nfunc (s *HooksService) Get() { f(hookGetEndpoint, hookListEndpoint) }", "", ""},
		{"Pulumi Cloud", service + get + "// Get gets.\n//\n// Pulumi Cloud: GET /api/hooks/{hook},\n// and GET /api/hooks\nfunc (s *HooksService) Get() { f(hookGetEndpoint) }", "but it uses", ""},
		{"Pulumi Cloud", service + list + "// List lists.\n//\n// Pulumi Cloud: GET /api/hooks\nfunc (s *HooksService) List() { s.list() }\nfunc (s *HooksService) list() { helper() }\nfunc helper() { f(hookListEndpoint) }", "", ""},
		{"Pulumi Cloud", service + list + "// List lists.\n//\n// Pulumi Cloud: GET /api/x\nfunc (s *HooksService) List() { s.list() }\nfunc (s *HooksService) list() { helper() }\nfunc helper() { f(hookListEndpoint) }", "but it uses", ""},
		{"Pulumi Cloud", service + list + "var table = map[string]any{\"a\": hookListEndpoint}\n// List lists.\n//\n// Pulumi Cloud: GET /api/hooks\nfunc (s *HooksService) List() { f(table[\"a\"]) }", "", ""},
		{"Pulumi Cloud", client + list + "func (s *HooksService) list() { f(hookListEndpoint) }\n// Sync syncs.\n//\n// Pulumi Cloud: GET /api/hooks\nfunc (o *OthersService) Sync() { o.client.Hooks.list() }", "", ""},
		{"Pulumi Cloud", client + list + "// Do does.\n//\n// Pulumi Cloud: GET /api/hooks\nfunc Do() {}", "but it uses", ""},

		{"lists in pairs", service + "func (s *HooksService) List(ctx C, o *O) iter.Seq2[*Hook, error] {}\nfunc (s *HooksService) ListPage(ctx C, o *O) (*Page[Hook], error) {}", "", ""},
		{"lists in pairs", service + "func (s *HooksService) ExportHooks(ctx C) iter.Seq2[*Hook, error] {}", "", ""},
		{"lists in pairs", service + "func (s *HooksService) ExportPage(ctx C) (*Page[Hook], error) {}", "begins with List", ""},
		{"lists in pairs", service + "func (s *HooksService) List(ctx C) ([]Hook, error) {}\nfunc (s *HooksService) Get() (*Hook, error) {}", "", ""},
		{"lists in pairs", service + "func (s *HooksService) List(ctx C, o *O) iter.Seq2[*Hook, error] {}", "has no HooksService.ListPage", ""},
		{"lists in pairs", service + "func (s *HooksService) ListPage(ctx C, o *O) (*Page[Hook], error) {}", "has no HooksService.List ", ""},
		{"lists in pairs", service + "func (s *HooksService) List(ctx C, o *O) iter.Seq2[*Hook, error] {}\nfunc (s *HooksService) ListPage(ctx C, o *O) (*Page[Hook], error) {}\nfunc (s *HooksService) Follow(ctx C, o *O) iter.Seq2[*Hook, error] {}", "", ""},
		{"lists in pairs", service + "func (s *HooksService) Follow(ctx C, o *O) iter.Seq2[*Hook, error] {}", "follows no list", ""},
		{"lists in pairs", service + "func (s *HooksService) List(ctx C, o *O) iter.Seq2[*Hook, error] {}\nfunc (s *HooksService) ListPage(ctx C, o *O) (*Page[Hook], error) {}\nfunc (s *HooksService) Follow(ctx C, o *P) iter.Seq2[*Hook, error] {}", "follows no list", ""},
		{"lists in pairs", service + "func (s *HooksService) List(ctx C, o *O) iter.Seq2[*Hook, error] {}\nfunc (s *HooksService) ListPage(ctx C, o *O) (*Page[Hook], error) {}\nfunc (s *HooksService) Follow(ctx C, o *O) iter.Seq2[*Other, error] {}", "follows no list", ""},
		{"lists in pairs", service + "func (s *HooksService) List(ctx C, o *O) ([]Hook, error) {}\nfunc (s *HooksService) Follow(ctx C, o *O) ([]Hook, error) {}", "follows no list", ""},
		{"lists in pairs", service + "func (s *HooksService) Walk(ctx C, o *O) iter.Seq2[*Hook, error] {}", "begins with List", ""},

		{"list options", service + "type O struct{ Cursor Cursor; NoPrefetch bool }\nfunc (s *HooksService) List(ctx C, o *O) iter.Seq2[*Hook, error] { s.ListPage() }\nfunc (s *HooksService) ListPage(ctx C, o *O) (*Page[Hook], error) { tokenPage() }", "", ""},
		{"list options", service + "type O struct{ Cursor Cursor; NoPrefetch bool; Parallel int }\nfunc (s *HooksService) List(ctx C, o *O) iter.Seq2[*Hook, error] { s.list() }\nfunc (s *HooksService) list() { numberedPage() }", "", ""},
		{"list options", service + "type O struct{ Cursor Cursor }\nfunc (s *HooksService) List(ctx C, o *O) iter.Seq2[*Hook, error] {}", "O has no NoPrefetch", ""},
		{"list options", service + "type O struct{ NoPrefetch bool }\nfunc (s *HooksService) List(ctx C, o *O) iter.Seq2[*Hook, error] { s.list() }\nfunc (s *HooksService) list() { numberedPage() }", "Parallel", ""},
		{"list options", service + "type O struct{ NoPrefetch bool }\nfunc (s *HooksService) List(ctx C, o *O) iter.Seq2[*Hook, error] { rowPage() }", "Parallel", ""},
		{"list options", service + "type O struct{ NoPrefetch bool; Parallel int }\nfunc (s *HooksService) List(ctx C, o *O) iter.Seq2[*Hook, error] { tokenPage() }", "Parallel", ""},
	} {
		file := c.file
		if file == "" {
			file = "hooks.go"
		}
		got := conventions[c.check](sourceOf(t, file, c.code))
		if c.wrong == "" {
			assert.Empty(t, got, "%s of\n%s", c.check, c.code)
			continue
		}
		if assert.Len(t, got, 1, "%s of\n%s", c.check, c.code) {
			assert.Contains(t, got[0], c.wrong, "%s of\n%s", c.check, c.code)
		}
	}
	for _, pair := range []string{
		"func (s *HooksService) List(ctx C, o *O) iter.Seq2[*Hook, error] {}\nfunc (s *HooksService) ListPage(ctx C, o *O) (*Page[Other], error) {}",
		"func (s *HooksService) List(ctx C, a, b string) iter.Seq2[*Hook, error] {}\nfunc (s *HooksService) ListPage(ctx C, a string) (*Page[Hook], error) {}",
	} {
		assert.Len(t, checkListPairs(sourceOf(t, "hooks.go", service+pair)), 2, pair)
	}
}
