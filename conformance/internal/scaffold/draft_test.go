package scaffold_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/conformance/internal/scaffold"
	"github.com/pulumiapi/pulumiapi/conformance/internal/spec"
	"github.com/pulumiapi/pulumiapi/internal/source"
)

// made is a description with what the service's own has too little of.
const made = `{"openapi":"3.0.3","info":{"title":"t","version":"1"},"paths":{
	"/api/orgs/{orgName}/things/rows":{"parameters":[{"in":"path","name":"orgName","required":true,"schema":{"type":"string"}}],
		"post":{"requestBody":{"content":{"application/json":{"schema":{"$ref":"#/components/schemas/GridRequest"}}}},
			"responses":{"200":{"description":"d","content":{"application/json":{"schema":{"$ref":"#/components/schemas/ListThingsResponse"}}}}}}},
	"/api/orgs/{orgName}/things/{thingId}":{"parameters":[{"in":"path","name":"orgName","required":true,"schema":{"type":"string"}},
			{"in":"path","name":"thingId","required":true,"schema":{"type":"integer"}}],
		"patch":{"parameters":[{"in":"query","name":"force","required":true,"schema":{"type":"boolean"}}],
			"requestBody":{"content":{"application/json":{"schema":{"$ref":"#/components/schemas/UpdateThingRequest"}}}},
			"responses":{"200":{"description":"d","content":{"application/json":{"schema":{"$ref":"#/components/schemas/Thing"}}}}}},
		"head":{"responses":{"204":{"description":"d"}}},
		"put":{"requestBody":{"content":{"application/x-yaml":{"schema":{"type":"string"}}}},"responses":{"204":{"description":"d"}}}}},
	"components":{"schemas":{
		"GridRequest":{"type":"object","properties":{"startRow":{"type":"integer"},"endRow":{"type":"integer"}}},
		"ListThingsResponse":{"type":"object","properties":{"rows":{"type":"array","items":{"$ref":"#/components/schemas/Thing"}},"rowCount":{"type":"integer"}}},
		"UpdateThingRequest":{"type":"object","required":["name"],"properties":{"name":{"type":"string"},"secret":{"type":"string"},
			"owner":{"type":"string","nullable":true},"parts":{"type":"array","items":{"$ref":"#/components/schemas/Thing"}},"at":{"type":"string","format":"date-time"}}},
		"Thing":{"type":"object","required":["inner"],"properties":{
			"zuletzt":{"type":"string","format":"date-time","x-order":1},"tokenValue":{"type":"string","x-order":2},
			"inner":{"$ref":"#/components/schemas/Thing"},"kind":{"type":"string","enum":["big","small-ish"],"x-order":3},
			"seen":{"type":"integer","description":"Unix timestamp","x-order":4},"labels":{"type":"object","additionalProperties":{"type":"string"},"x-order":5},
			"free":{"type":"object","x-order":6}}}}}}`

type workshop struct {
	root    string
	spec    *spec.Spec
	source  *source.Source
	drafter *scaffold.Drafter
}

func newWorkshop(read func() (*spec.Spec, error)) (*workshop, error) {
	root, err := source.Root()
	if err != nil {
		return nil, err
	}
	s, err := read()
	if err != nil {
		return nil, err
	}
	src, err := source.Load(root)
	if err != nil {
		return nil, err
	}
	drafter, err := scaffold.New(root, s, src)
	return &workshop{root: root, spec: s, source: src, drafter: drafter}, err
}

var (
	serviceWorkshop = sync.OnceValues(func() (*workshop, error) {
		return newWorkshop(func() (*spec.Spec, error) {
			exceptions, err := spec.ReadExceptions(filepath.Join("..", "..", "exceptions.txt"))
			if err != nil {
				return nil, err
			}
			return spec.Load(os.Getenv("PULUMI_OPENAPI"), exceptions)
		})
	})
	madeWorkshop = sync.OnceValues(func() (*workshop, error) {
		return newWorkshop(func() (*spec.Spec, error) { return spec.Parse([]byte(made), nil) })
	})
)

func ofService(t *testing.T) *workshop {
	t.Helper()
	if os.Getenv("PULUMI_OPENAPI") == "" {
		t.Skip("!!! NOT CHECKED: PULUMI_OPENAPI does not name the service's description")
	}
	w, err := serviceWorkshop()
	require.NoError(t, err)
	return w
}

func ofMade(t *testing.T) *workshop {
	t.Helper()
	w, err := madeWorkshop()
	require.NoError(t, err)
	return w
}

func (w *workshop) draft(t *testing.T, operation string) *scaffold.Draft {
	t.Helper()
	draft, err := w.drafter.Draft(operation, scaffold.Names{})
	require.NoError(t, err, operation)
	return draft
}

// sample returns some of the operations that the package does not have: count of each
// shape, from all over the description.
func (w *workshop) sample(t *testing.T, count int) []*scaffold.Draft {
	t.Helper()
	byShape := map[string][]*scaffold.Draft{}
	for _, name := range w.spec.Names() {
		if !slices.ContainsFunc(w.source.Endpoints, func(e *source.Endpoint) bool { return e.Operation == name }) {
			draft := w.draft(t, name)
			byShape[draft.Shape] = append(byShape[draft.Shape], draft)
		}
	}
	var all []*scaffold.Draft
	for _, drafts := range byShape {
		for i := range min(count, len(drafts)) {
			all = append(all, drafts[i*len(drafts)/min(count, len(drafts))])
		}
	}
	return all
}

// checkTypes finds out whether a package with one more file compiles, without
// compiling it.
func checkTypes(t *testing.T, folder, text string) error {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(folder, "*.go"))
	require.NoError(t, err)
	texts := map[string]string{"scaffold_draft.go": text}
	for _, name := range names {
		if !strings.HasSuffix(name, "_test.go") {
			data, err := os.ReadFile(name)
			require.NoError(t, err)
			texts[filepath.Base(name)] = string(data)
		}
	}
	files, err := source.Parse(texts)
	require.NoError(t, err)
	_, err = source.Read(folder, files)
	return err
}

// build compiles the package and the in-memory cloud with the draft in them.
func (w *workshop) build(t *testing.T, draft *scaffold.Draft) {
	t.Helper()
	folder := t.TempDir()
	replace := map[string]string{}
	for name, text := range map[string]string{"scaffold_draft.go": draft.Go, "pulumiapitest/scaffold_draft.go": draft.Route} {
		file := filepath.Join(folder, strings.ReplaceAll(name, "/", "_"))
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		replace[filepath.Join(w.root, filepath.FromSlash(name))] = file
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	require.NoError(t, err)
	file := filepath.Join(folder, "overlay.json")
	require.NoError(t, os.WriteFile(file, overlay, 0o600))
	build := exec.CommandContext(t.Context(), "go", "build", "-overlay", file, ".", "./pulumiapitest")
	build.Dir = w.root
	output, err := build.CombinedOutput()
	require.NoError(t, err, "%s.%s, %s: %s\n%s\n%s", draft.Service, draft.Method, draft.Shape, output, draft.Go, draft.Route)
}

func TestDraft_EveryShapeCompiles(t *testing.T) {
	t.Parallel()
	w := ofService(t)
	cloud := filepath.Join(w.root, "pulumiapitest")
	for _, draft := range w.sample(t, 3) {
		require.NoError(t, checkTypes(t, w.root, draft.Go), "%s.%s, %s:\n%s", draft.Service, draft.Method, draft.Shape, draft.Go)
		require.NoError(t, checkTypes(t, cloud, draft.Route), "%s.%s, %s:\n%s", draft.Service, draft.Method, draft.Shape, draft.Route)
	}
	w.build(t, w.draft(t, "GET /api/orgs/{orgName}/oidc/issuers"))
}

func TestDraft_MadeUpShapesCompile(t *testing.T) {
	t.Parallel()
	w := ofMade(t)
	for _, name := range w.spec.Names() {
		w.build(t, w.draft(t, name))
	}
}

func TestDraft_HasThePackagesTypes(t *testing.T) {
	t.Parallel()
	w := ofMade(t)
	text := w.draft(t, "PATCH /api/orgs/{orgName}/things/{thingId}").Go
	plain := regexp.MustCompile(` +`).ReplaceAllString(text, " ")
	for _, part := range []string{
		"type ThingUpdateRequest struct {", "Name string `json:\"name\"`", "Secret *Secret `json:\"secret,omitzero\"`",
		"Owner Nullable[string] `json:\"owner,omitzero\"`", "At *time.Time `json:\"at,omitzero\"`",
		"Zuletzt Timestamp `json:\"zuletzt\"`\n\tTokenValue Secret `json:\"tokenValue\"`\n\tKind ", "Seen Timestamp `json:\"seen\"`",
		"Labels map[string]string `json:\"labels\"`", "Free json.RawMessage `json:\"free\"`", "Inner *Thing `json:\"inner\"`",
		"KindSmallIsh ", `= "small-ish"`, "the service wants force", `{"thingID", strconv.Itoa(thingID)}`, "http.MethodPatch",
	} {
		assert.Contains(t, plain, part, text)
	}
	rows := w.draft(t, "POST /api/orgs/{orgName}/things/rows")
	assert.Equal(t, "a list by row", rows.Shape)
	assert.Contains(t, rows.Go, "Read: true")
	assert.Contains(t, rows.Go, "iter.Seq2[*Thing, error]")
	assert.Contains(t, w.draft(t, "PUT /api/orgs/{orgName}/things/{thingId}").Go, `contentType: "application/x-yaml"`)
}

func TestDraft_OfTheService(t *testing.T) {
	t.Parallel()
	w := ofService(t)
	draft := w.draft(t, "POST /api/orgs/{orgName}/agent-pools")
	assert.Equal(t, "AgentPools", draft.Service)
	assert.Equal(t, "CreateAgentPool", draft.Method)
	assert.Contains(t, draft.Go, "fetchWithBody[CreatedAccessToken]", "a type that stands for the schema is used again")
	assert.Contains(t, draft.Route, `endpoint: "POST /api/orgs/{orgName}/agent-pools"`)
	draft, err := w.drafter.Draft("GET /api/orgs/{orgName}/oidc/issuers", scaffold.Names{Service: "OIDCIssuers", Method: "List"})
	require.NoError(t, err)
	assert.Contains(t, draft.Go, "func (s *OIDCIssuersService) List(ctx context.Context, org string)")
	assert.Contains(t, draft.Go, "type OIDCIssuersService struct", "a new service")
}

func TestDraft_Refuses(t *testing.T) {
	t.Parallel()
	w := ofService(t)
	for operation, problem := range map[string]string{
		"GET /api/user":      "the package has GET /api/user: see user.go:",
		"GET /api/not-there": "no operation",
		"nonsense":           "no operation",
	} {
		_, err := w.drafter.Draft(operation, scaffold.Names{})
		require.ErrorContains(t, err, problem, operation)
	}
	_, err := w.drafter.Draft("GET /api/orgs/{orgName}/oidc/issuers", scaffold.Names{Method: "list"})
	require.ErrorContains(t, err, `"list" is not the name`)
}

// The linter refuses the comments of a draft, so that nobody keeps them.
func TestDraft_CommentsAreForTheLinter(t *testing.T) {
	t.Parallel()
	w := ofMade(t)
	config, err := os.ReadFile(filepath.Join(w.root, ".golangci.yml"))
	require.NoError(t, err)
	assert.Regexp(t, `(?m)^    - godox\b`, string(config))
	assert.Contains(t, string(config), "- TODO(scaffold)")
	for _, name := range w.spec.Names() {
		draft := w.draft(t, name)
		lines := strings.Split(draft.Go+draft.Route, "\n")
		for i, line := range lines {
			isExported := regexp.MustCompile(`^(type [A-Z]|func \(s \*[A-Z]\w*\) [A-Z]|const \()`).MatchString(line)
			if !isExported {
				continue
			}
			first := i - 1
			for strings.HasPrefix(lines[first-1], "//") {
				first--
			}
			assert.True(t, strings.HasPrefix(lines[first], "// TODO(scaffold): "), "%s: %q stands above %q", name, lines[first], line)
		}
	}
}
