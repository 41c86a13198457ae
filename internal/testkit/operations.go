package testkit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/types"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"unicode"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/internal/source"
)

// Operation is a method of a service with all that the suites need to drive it. It
// is derived from the method's signature, the source and the endpoint.
type Operation struct {
	// Name is the method's: "Stacks.Get".
	Name string
	// Endpoint is the one that the method calls first.
	Endpoint pulumiapi.Endpoint
	// Call calls the method with as little as possible. It returns the first element
	// of a list, the items of a page, the whole text of a stream.
	Call func(ctx context.Context, client *pulumiapi.Client) (any, error)
	// Fixture is the file below testdata that holds the documentation's response.
	Fixture string
	// Response is what a server answers if all is well: the fixture, or else what is
	// made up. It is empty if the method returns nothing of it.
	Response string
	// MadeUp is a JSON response with everything set that the method decodes. It is
	// empty if the method decodes nothing by itself.
	MadeUp string
	// Items is the member of the response that holds what the method returns:
	// "project.stacks". It is empty if that is the whole response.
	Items string

	// Text reports whether the response is text that the caller reads as it comes.
	Text bool
	// Waits reports whether the method asks until a response says that it is over.
	Waits bool
	// Asks reports whether the method asks if there is something: then a 404 is an
	// answer, and no error.
	Asks bool
	// Whole is what the method hands on, as it comes, of a response that is a long state.
	// Call then returns what came of it with an error, too. It is empty for others.
	Whole string
	// AnyJSON reports whether the response may be JSON of any form.
	AnyJSON bool

	Exception

	method    Method
	arguments Arguments // of Call
}

// Exception is what can't be derived of a method.
type Exception struct {
	// Instead are the HTTP methods of further requests that the method sends if the
	// first is refused with a 404.
	Instead []string
	// RefusesNothing is what the error says of a response without content. It is
	// empty if the method takes such a response.
	RefusesNothing string
	// MayBeEmpty reports whether the response may have no body.
	MayBeEmpty bool

	fixture, items string
}

// exceptions are the methods of which not all can be derived.
var exceptions = map[string]Exception{
	// It changes a tag, and creates it if there is none.
	"Stacks.SetTag": {Instead: []string{http.MethodPost}},
	// These read a state as it comes, and decode it, if at all, by themselves.
	"Stacks.ExportTo":        {fixture: "stacks_export.json"},
	"Stacks.ExportResources": {fixture: "stacks_export.json", items: "deployment.resources", RefusesNothing: "version 0 is not known"},
	// A scan of an account that has children is no run.
	"Insights.StartScan": {MayBeEmpty: true},
}

// text is what a stream of text holds: it is long enough to break off when its
// reading has begun.
var text = strings.Repeat("1612481387,Ada,ada,stack-created\n", 100)

// Resends reports whether a request is sent again that may have been carried out.
func Resends(e pulumiapi.Endpoint) bool {
	idempotent := slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete}, e.Method)
	return !e.NoRetry && (e.Read || e.Idempotent || idempotent)
}

// Writes reports whether a request can change something.
func Writes(e pulumiapi.Endpoint) bool {
	return e.NoRetry || !e.Read && e.Method != http.MethodGet && e.Method != http.MethodHead
}

// On404 returns the HTTP methods of what the operation sends if everything is
// refused with a 404.
func (o Operation) On404() []string { return append([]string{o.Endpoint.Method}, o.Instead...) }

// Operations returns all operations, in the order of the services and methods. An
// error names the methods that can't be driven: they have something that users don't
// expect, or teach the test kit about them.
var Operations = sync.OnceValues(func() ([]Operation, error) {
	src, err := Source()
	if err != nil {
		return nil, err
	}
	root, err := source.Root()
	if err != nil {
		return nil, err
	}
	fixtures, err := fixturesOf(root, src)
	if err != nil {
		return nil, err
	}
	var (
		operations []Operation
		failures   []error
	)
	for _, m := range Methods() {
		operation, err := m.operation(src, fixtures)
		operations, failures = append(operations, operation), append(failures, err)
	}
	for name := range exceptions {
		if !slices.ContainsFunc(operations, func(o Operation) bool { return o.Name == name }) {
			failures = append(failures, fmt.Errorf("there is no method %s: remove its exception", name))
		}
	}
	return operations, errors.Join(failures...)
})

func (m Method) operation(src *source.Source, fixtures *fixtures) (Operation, error) {
	o := Operation{Name: m.Name, Waits: m.Waits(), Exception: exceptions[m.Name]}
	inSource, ok := src.Method(m.Name)
	if !ok {
		return o, fmt.Errorf("%s: the source has no such method", m.Name)
	}
	if m.method.Type.NumOut() > 1 {
		result := m.method.Type.Out(0)
		o.Text = result == reflect.TypeFor[io.ReadCloser]()
		o.Asks = result.Kind() == reflect.Bool
		o.AnyJSON = result == reflect.TypeFor[json.RawMessage]()
	}
	if err := o.findResponse(src, inSource, fixtures); err != nil {
		return o, fmt.Errorf("%s: %w", m.Name, err)
	}
	tries, err := m.Minimal(NewSynthesizer(src.Constants))
	if err != nil {
		return o, err
	}
	for _, arguments := range tries {
		call, err := m.Call(context.Background(), arguments, 1, func(string) (Response, error) {
			return Response{Status: http.StatusOK, ContentType: "application/json", Body: []byte(o.Response)}, nil
		})
		if _, refused := errors.AsType[*pulumiapi.ArgumentError](err); refused {
			continue
		}
		if err != nil {
			return o, err
		}
		o.Endpoint = call.Requests[0].Endpoint
		o.Call = m.caller(arguments)
		o.method, o.arguments = m, arguments
		return o, nil
	}
	return o, fmt.Errorf("%s: it refuses everything that is made up for it", m.Name)
}

// findResponse finds out what a server answers to the method.
func (o *Operation) findResponse(src *source.Source, m *source.Method, fixtures *fixtures) error {
	o.Items = o.items
	o.Fixture = fixtures.of(m)
	if o.fixture != "" {
		o.Fixture = o.fixture
	}
	returned := returnedType(m)
	if len(m.Results) == 1 && len(m.Decoded) > 0 {
		path, ok := pathTo(m.Decoded[0], returned)
		if !ok {
			path, _ = pathTo(m.Decoded[0].Underlying(), returned.Underlying())
		}
		o.Items = path
	}
	if len(m.Decoded) > 0 {
		var err error
		if o.MadeUp, err = responseOf(src, m.Decoded[0]); err != nil {
			return err
		}
	}
	switch {
	case o.Fixture != "":
		o.Response = string(fixtures.texts[o.Fixture])
	case o.Text:
		o.Response = text
	case o.MadeUp != "":
		o.Response = o.MadeUp
	case len(m.Results) > 0 && !o.Asks:
		return fmt.Errorf("it returns %s, and nothing shows of what that is decoded", m.Results[0])
	}
	return nil
}

// caller returns a function that calls the method with arguments.
func (m Method) caller(arguments Arguments) func(ctx context.Context, client *pulumiapi.Client) (any, error) {
	return func(ctx context.Context, client *pulumiapi.Client) (any, error) {
		call := new(Call)
		err := m.callOn(ctx, client, arguments, 1, call)
		if err != nil {
			return nil, err
		}
		if elements, ok := call.Value.([]any); ok && call.IsSequence {
			if len(elements) == 0 {
				return nil, nil // an empty list has no first
			}
			return elements[0], nil
		}
		return call.Value, nil
	}
}

// fixtures are the documentation's responses, by the names of their files.
type fixtures struct {
	texts map[string][]byte
	// byType has those whose method decodes a type.
	byType []typedFixture
}

type typedFixture struct {
	name              string
	service           string
	decoded, returned types.Type
}

// fixturesOf reads the fixtures. That of a method is called after it:
// "stacks_list.json".
func fixturesOf(root string, src *source.Source) (*fixtures, error) {
	names, err := filepath.Glob(filepath.Join(root, "testdata", "*.json"))
	if err != nil {
		return nil, err
	}
	f := &fixtures{texts: map[string][]byte{}}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		f.texts[filepath.Base(name)] = data
	}
	for _, m := range src.Methods {
		if name := fixtureName(m.Name); f.texts[name] != nil && len(m.Decoded) > 0 {
			service, _, _ := strings.Cut(m.Name, ".")
			f.byType = append(f.byType, typedFixture{name, service, m.Decoded[0], returnedType(m)})
		}
	}
	return f, nil
}

// fixtureName returns the name of the file with a method's response: that of
// "Updates.GetStatus" is "updates_get_status.json".
func fixtureName(method string) string {
	service, name, _ := strings.Cut(method, ".")
	var snake strings.Builder
	for i, letter := range name {
		startsWord := unicode.IsUpper(letter) && i > 0 && !unicode.IsUpper(rune(name[i-1]))
		if startsWord {
			snake.WriteByte('_')
		}
		snake.WriteRune(unicode.ToLower(letter))
	}
	return strings.ToLower(service) + "_" + snake.String() + ".json"
}

// of returns the fixture of a method, or that of another method of its service that
// decodes and returns the same types; empty if there is none.
func (f *fixtures) of(m *source.Method) string {
	for _, name := range []string{m.Name, strings.TrimSuffix(m.Name, "Page")} {
		if name := fixtureName(name); f.texts[name] != nil && len(m.Decoded) > 0 {
			return name
		}
	}
	if len(m.Decoded) == 0 {
		return ""
	}
	service, _, _ := strings.Cut(m.Name, ".")
	for _, typed := range f.byType {
		if typed.service == service && types.Identical(typed.decoded, m.Decoded[0]) && types.Identical(typed.returned, returnedType(m)) {
			return typed.name
		}
	}
	return ""
}
