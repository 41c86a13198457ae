package source_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/conformance/internal/source"
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
