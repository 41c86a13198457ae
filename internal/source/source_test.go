package source_test

import (
	"go/types"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/internal/source"
)

const api = `package api

// Endpoint is one.
type Endpoint struct{ Method, Template string }

// Client has services.
type Client struct {
	Cows *CowsService
	hens *HensService
}

// CowsService has cows.
type CowsService struct{}

// HensService is not exported by the client.
type HensService struct{}

// Farmer has a cow, and is no service.
type Farmer struct{}

// Wake gets a cow: GET /api/cows/{name}.
func (f *Farmer) Wake() { new(CowsService).Get() }

// Sleep needs no cow.
func (f *Farmer) Sleep() {}

// Colour is a cow's.
type Colour string

// The colours.
const (
	ColourRed   Colour = "red"
	ColourBrown Colour = "brown"
)

const prefix = "/api"

var cowGet = Endpoint{Method: "GET", Template: prefix + "/cows/{name}"}

var old = map[string]Endpoint{
	"milk": {Method: "POST", Template: "/api/cows/{name}/milk"},
}

// Get gets a cow.
//
// GET /api/cows/{name}
func (s *CowsService) Get() { s.send(cowGet) }

// Milk milks a cow: POST /api/cows/{name}/milk, and then GET /api/cows/{name}.
//
// Deprecated: use a machine.
func (s *CowsService) Milk() { s.send(old["milk"]); s.Get() }

func (s *CowsService) send(Endpoint) {}

// Get is nobody's.
func (s *HensService) Get() {}
`

func write(t *testing.T, text string) string {
	t.Helper()
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "go.mod"), []byte("module example.com/api\n\ngo 1.26\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "api.go"), []byte(text), 0o600))
	return folder
}

func TestLoad_FindsEndpointsAndMethods(t *testing.T) {
	t.Parallel()
	src, err := source.Load(write(t, api))
	require.NoError(t, err)
	require.Len(t, src.Endpoints, 2)
	get, milk := src.Endpoints[0], src.Endpoints[1]
	assert.Equal(t, "GET /api/cows/{name}", get.Operation)
	assert.Contains(t, get.Position, "api.go:")
	require.Len(t, src.Others, 1)
	assert.Equal(t, "Farmer.Wake", src.Others[0].Name)
	assert.Equal(t, []string{"GET /api/cows/{name}"}, src.Others[0].Operations)
	require.Len(t, get.Methods, 3)
	assert.Equal(t, "POST /api/cows/{name}/milk", milk.Operation)
	assert.True(t, milk.Deprecated())
	require.Len(t, src.Methods, 2)
	assert.Equal(t, "Cows.Get", src.Methods[0].Name)
	assert.False(t, src.Methods[0].Deprecated)
	assert.True(t, src.Methods[1].Deprecated)
	assert.Equal(t, []string{"GET /api/cows/{name}", "POST /api/cows/{name}/milk"}, src.Methods[1].Operations)
	assert.ElementsMatch(t, src.Methods[1].Operations, source.OperationsNamed(src.Methods[1].Doc))
	assert.Equal(t, map[string][]any{"Colour": {"brown", "red"}}, src.Constants)
}

func TestLoad_RefusesWhatItCannotFollow(t *testing.T) {
	t.Parallel()
	for more, problem := range map[string]string{
		`func f() Endpoint { return Endpoint{Method: "GET", Template: "/x"} }`: "inside of a function",
		`var again = Endpoint{Method: "GET", Template: "/api/cows/{name}"}`:    "GET /api/cows/{name} is at",
		`var method = Endpoint{Template: "/api/hens"}`:                         "no constant Method and Template",
		`var wrong int = "text"`:                                               "cannot use",
	} {
		_, err := source.Load(write(t, api+"\n"+more+"\n"))
		require.ErrorContains(t, err, problem, more)
	}
	_, err := source.Load(write(t, "package api\n"))
	require.ErrorContains(t, err, "no endpoints")
	_, err = source.Load(filepath.Join(t.TempDir(), "nowhere"))
	require.Error(t, err)
}

func TestRoot_IsTheLibrary(t *testing.T) {
	t.Parallel()
	root, err := source.Root()
	require.NoError(t, err)
	assert.FileExists(t, filepath.Join(root, "endpoint.go"))
}

const decoders = `package api

type Endpoint struct{ Method, Template string }
type Client struct{ Cows *CowsService }
type CowsService struct{}
type Cow struct{ Name string }
type Page[T any] struct{ Items []T }
type decoding struct{}

func (decoding) read(from string, v any) {}

func fetch[T any]() *T {
	value := new(T)
	func() { decoding{}.read("", value) }()
	return value
}

func fetchAll[T any]() []T { return *fetch[[]T]() }

func fetchPage[A, T any](open func(*A) []T) *Page[T] {
	answer := new(A)
	decoding{}.read("", answer)
	return &Page[T]{open(answer)}
}

var e = Endpoint{Method: "GET", Template: "/api/cows"}

func (s *CowsService) Get(name string) *Cow { return fetch[Cow]() }
func (s *CowsService) All() []Cow { return fetchAll[Cow]() }
func (s *CowsService) Page() *Page[Cow] {
	type herd struct{ Cows []Cow }
	return fetchPage(func(h *herd) []Cow { return h.Cows })
}
func (s *CowsService) Names(by map[string]int) { fetch[map[string]Page[Cow]](); s.Get("") }
func (s *CowsService) Milk() {}
`

func TestLoad_FindsWhatMethodsDecode(t *testing.T) {
	t.Parallel()
	src, err := source.Load(write(t, decoders))
	require.NoError(t, err)
	decoded := map[string][]string{}
	for _, m := range src.Methods {
		for _, one := range m.Decoded {
			decoded[m.Name] = append(decoded[m.Name], types.TypeString(one, func(*types.Package) string { return "" }))
		}
	}
	assert.Equal(t, map[string][]string{
		"Cows.Get": {"Cow"}, "Cows.All": {"[]Cow"}, "Cows.Page": {"herd"}, "Cows.Names": {"map[string]Page[Cow]", "Cow"},
	}, decoded)
	get, ok := src.Method("Cows.Get")
	require.True(t, ok)
	assert.Equal(t, []string{"name"}, get.Parameters)
	assert.Len(t, get.Results, 1)
	for function := range src.Files.Functions {
		if function.Name.Name == "Get" {
			_, uses := src.Reach(function)
			assert.True(t, uses["fetch"])
			assert.False(t, uses["fetchAll"])
		}
	}
	_, ok = src.Method("Cows.Feed")
	assert.False(t, ok)
}

// What does not compile is read nevertheless, as far as it goes.
func TestRead_GoesOnAfterErrors(t *testing.T) {
	t.Parallel()
	files, err := source.Parse(map[string]string{"api.go": decoders + "\nfunc (s *CowsService) Sell() { unheardOf(e) }\n"})
	require.NoError(t, err)
	src, err := source.Read(t.TempDir(), files)
	require.ErrorContains(t, err, "unheardOf")
	sell, ok := src.Method("Cows.Sell")
	require.True(t, ok)
	assert.Equal(t, []string{"GET /api/cows"}, sell.Operations)
	_, err = source.Parse(map[string]string{"api.go": "package"})
	require.ErrorContains(t, err, "api.go")
}
