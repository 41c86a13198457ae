package testkit

import (
	"iter"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/internal/source"
)

// Account is the name of an Insights account.
const Account = "FizzBuzz AWS Staging"

var (
	// Prod is a stack.
	Prod = pulumiapi.StackIdentifier{Org: "acme", Project: "web", Stack: "prod"}
	// ProdEnvironment is an environment.
	ProdEnvironment = pulumiapi.EnvironmentIdentifier{Org: "acme", Project: "web", Environment: "prod"}
)

// Must returns the value of a call that can't fail. It panics if it does.
func Must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// ErrorOf returns the error of a call that returns a value, too.
func ErrorOf[T any](_ T, err error) error { return err }

// Fixture returns a response of the documentation: the file of this name below
// testdata.
func Fixture(tb testing.TB, name string) []byte {
	tb.Helper()
	root, err := source.Root()
	if err != nil {
		tb.Fatalf("the fixture %s: %v", name, err)
	}
	data, err := os.ReadFile(filepath.Join(root, "testdata", name))
	if err != nil {
		tb.Fatalf("the fixture %s: %v", name, err)
	}
	return data
}

// RoundTripperFunc makes a function an [http.RoundTripper].
type RoundTripperFunc func(*http.Request) (*http.Response, error)

// RoundTrip implements [http.RoundTripper].
func (f RoundTripperFunc) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// ReaderFunc makes a function an [io.Reader].
type ReaderFunc func([]byte) (int, error)

func (f ReaderFunc) Read(p []byte) (int, error) { return f(p) }

// CanaryToken must not be found where a token must not show.
const CanaryToken = "pul-canary-93ad0e"

var (
	// GetThing is an endpoint that no service has.
	GetThing = pulumiapi.Endpoint{Method: http.MethodGet, Template: "/api/things/{thing}"}
	// PostThings is another one.
	PostThings = pulumiapi.Endpoint{Method: http.MethodPost, Template: "/api/things"}
)

// MaxCall is the deadline of calls that have one: longer than whatever comes to an end
// by itself takes.
const MaxCall = 30 * time.Second

// FirstOf returns the first that a list yields: a fixture's token or total
// would make the rest endless.
func FirstOf[T any](seq iter.Seq2[*T, error]) (any, error) {
	for item, err := range seq {
		return item, err
	}
	return nil, nil //nolint:nilnil // an empty list has no first
}
