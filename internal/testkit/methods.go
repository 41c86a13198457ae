package testkit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/internal/source"
)

// Method is a method of one of the client's services.
type Method struct {
	// Name is as a user writes it after the client's name: "Stacks.List".
	Name string

	service int // the field of the client
	method  reflect.Method
}

// Waits reports whether the method calls others again and again until something has
// ended. Its name says so.
func (m Method) Waits() bool {
	return strings.HasPrefix(m.method.Name, "Wait") || strings.HasPrefix(m.method.Name, "Follow")
}

// Methods returns the exported methods of the services that a client has.
func Methods() []Method {
	var methods []Method
	client := reflect.TypeFor[pulumiapi.Client]()
	for i := range client.NumField() {
		field := client.Field(i)
		if !field.IsExported() || field.Type.Kind() != reflect.Pointer || field.Type.Elem().Kind() != reflect.Struct {
			continue
		}
		for method := range field.Type.Methods() {
			methods = append(methods, Method{Name: field.Name + "." + method.Name, service: i, method: method})
		}
	}
	return methods
}

// MethodNames returns the names of all methods, sorted.
func MethodNames() []string {
	var names []string
	for _, m := range Methods() {
		names = append(names, m.Name)
	}
	slices.Sort(names)
	return names
}

// Source returns what the package's source says. It is read once.
var Source = sync.OnceValues(func() (*source.Source, error) {
	root, err := source.Root()
	if err != nil {
		return nil, err
	}
	return source.Load(root)
})

// Arguments are the arguments of one call, without the context.
type Arguments struct {
	// Name says what is special about them.
	Name   string
	values []reflect.Value
}

// forms are the values that each parameter of a method can have.
type forms [][]sample

// formsOf makes up values for all parameters, but for the context.
func (m Method) formsOf(s *Synthesizer) (forms, error) {
	if m.method.Type.NumIn() < 2 || m.method.Type.In(1) != reflect.TypeFor[context.Context]() {
		return nil, fmt.Errorf("%s: its first parameter is no context", m.Name)
	}
	names, err := m.parameters()
	if err != nil {
		return nil, err
	}
	var all forms
	for i, t := range m.Types() {
		samples, err := s.samples(t, names[i])
		if err != nil {
			return nil, fmt.Errorf("%s: parameter %s: %w", m.Name, names[i], err)
		}
		all = append(all, samples)
	}
	return all, nil
}

// parameters returns the names of the method's parameters, which only the source
// has.
func (m Method) parameters() ([]string, error) {
	src, err := Source()
	if err != nil {
		return nil, err
	}
	found, ok := src.Method(m.Name)
	if !ok || len(found.Parameters) != len(m.Types()) {
		return nil, fmt.Errorf("%s: the source has no such method with %d parameters", m.Name, len(m.Types()))
	}
	return found.Parameters, nil
}

// pick returns arguments of which choose says which form each parameter has.
func (f forms) pick(name string, choose func(i int) int) Arguments {
	arguments := Arguments{Name: name}
	for i := range f {
		arguments.values = append(arguments.values, f[i][choose(i)].value)
	}
	return arguments
}

// Arguments returns what to call the method with: at first with everything set,
// then with only what is required, then with each other form of each part.
func (m Method) Arguments(s *Synthesizer) ([]Arguments, error) {
	forms, err := m.formsOf(s)
	if err != nil {
		return nil, err
	}
	names, err := m.parameters()
	if err != nil {
		return nil, err
	}
	all := []Arguments{forms.pick("everything set", everythingSet)}
	for varied := range forms {
		for form := 1; form < len(forms[varied]); form++ {
			name := names[varied] + ": " + forms[varied][form].name
			all = append(all, forms.pick(name, func(i int) int {
				if i == varied {
					return form
				}
				return 0
			}))
		}
	}
	return all, nil
}

func everythingSet(int) int { return 0 }

// Minimal returns the arguments to try for a call with as little as possible: no
// options, and requests that have only what is required. Where a method refuses
// that, the next ones hold more.
func (m Method) Minimal(s *Synthesizer) ([]Arguments, error) {
	forms, err := m.formsOf(s)
	if err != nil {
		return nil, err
	}
	kind := func(i int) reflect.Kind { return m.Types()[i].Kind() }
	least := func(i int, kinds ...reflect.Kind) int {
		if len(forms[i]) > 1 && slices.Contains(kinds, kind(i)) {
			return 1
		}
		return 0
	}
	return []Arguments{
		forms.pick("only what is required", func(i int) int { return least(i, reflect.Pointer, reflect.Struct) }),
		forms.pick("no options", func(i int) int { return least(i, reflect.Pointer) }),
		forms.pick("everything set", everythingSet),
	}, nil
}

// WithCursor returns the arguments with the field Cursor of the options set, and
// whether there is one.
func (a Arguments) WithCursor(cursor pulumiapi.Cursor) (Arguments, bool) {
	values := slices.Clone(a.values)
	for i, value := range values {
		if value.Kind() != reflect.Pointer || value.IsNil() || value.Elem().Kind() != reflect.Struct {
			continue
		}
		if !value.Elem().FieldByName("Cursor").IsValid() {
			continue
		}
		options := reflect.New(value.Type().Elem())
		options.Elem().Set(value.Elem())
		options.Elem().FieldByName("Cursor").Set(reflect.ValueOf(cursor))
		values[i] = options
		return Arguments{Name: a.Name + ", next page", values: values}, true
	}
	return a, false
}

// Types returns the types of the method's arguments behind the context.
func (m Method) Types() []reflect.Type {
	var all []reflect.Type
	for i := 2; i < m.method.Type.NumIn(); i++ {
		all = append(all, m.method.Type.In(i))
	}
	return all
}

// Call is what a method sent and returned.
type Call struct {
	// Requests are what it sent.
	Requests []Request
	// Value is what it returned but for the error: a page's items, a list's
	// elements, what a pointer points to. Of a method that takes a writer it is the
	// JSON that was written. It is nil if it returns nothing.
	Value any
	// IsList says that Value is the elements of a list, and IsSequence that they came
	// one by one.
	IsList, IsSequence bool
	// IsPage says that the method returns a page; Next and Total are its.
	IsPage bool
	Next   pulumiapi.Cursor
	Total  int

	yielded int // elements of a sequence
}

// Request is a request that a method sent.
type Request struct {
	// Endpoint is what it is for.
	Endpoint pulumiapi.Endpoint
	Method   string
	// Path is escaped, and without the base URL's.
	Path, Query string
	Header      http.Header
	Body        []byte
}

// Response is what the service answers.
type Response struct {
	Status      int
	ContentType string
	Body        []byte
}

// Call calls the method of a client whose requests are answered by answer. It
// takes no more than limit elements of a list.
func (m Method) Call(ctx context.Context, arguments Arguments, limit int, answer func(operation string) (Response, error)) (*Call, error) {
	call := new(Call)
	script := &Script{Answer: func(_ int, req *http.Request) (*http.Response, error) { return call.respond(req, answer) }}
	client, err := newClient(script, pulumiapi.WithRetry(pulumiapi.RetryPolicy{MaxAttempts: 1}))
	if err != nil {
		return nil, err
	}
	if err := m.callOn(ctx, client, arguments, limit, call); err != nil {
		return call, fmt.Errorf("%s (%s): %w", m.Name, arguments.Name, err)
	}
	if len(call.Requests) == 0 {
		return call, fmt.Errorf("%s (%s): nothing was sent", m.Name, arguments.Name)
	}
	return call, nil
}

// callOn calls the method of a client, and notes in call what it returned.
func (m Method) callOn(ctx context.Context, client *pulumiapi.Client, arguments Arguments, limit int, call *Call) error {
	service := reflect.ValueOf(client).Elem().Field(m.service)
	values, written := m.withStreams(arguments.values)
	results := m.method.Func.Call(slices.Concat([]reflect.Value{service, reflect.ValueOf(ctx)}, values))
	if written != nil {
		results = results[len(results)-1:] // not how much was written
	}
	err := call.receive(results, limit)
	if written != nil && err == nil {
		call.Value = json.RawMessage(bytes.TrimSpace(written.Bytes()))
	}
	return err
}

// withStreams puts readers and writers of the call's own into the places of those
// among the arguments. It returns nil if there is no writer.
func (m Method) withStreams(values []reflect.Value) (fresh []reflect.Value, written *bytes.Buffer) {
	fresh = slices.Clone(values)
	for i, t := range m.Types() {
		switch t {
		case reflect.TypeFor[io.Writer]():
			written = new(bytes.Buffer)
			fresh[i] = reflect.ValueOf(written)
		case reflect.TypeFor[io.Reader]():
			fresh[i] = reflect.ValueOf(strings.NewReader(stateToImport))
		}
	}
	return fresh, written
}

func (c *Call) respond(req *http.Request, answer func(string) (Response, error)) (*http.Response, error) {
	endpoint, ok := pulumiapi.EndpointFromContext(req.Context())
	if !ok {
		return nil, errors.New("the request has no endpoint in its context")
	}
	path, inside := strings.CutPrefix(req.URL.EscapedPath(), basePath)
	if !inside {
		return nil, fmt.Errorf("the request left the base path: %s", req.URL.EscapedPath())
	}
	if req.Method != endpoint.Method {
		return nil, fmt.Errorf("the request is a %s, the endpoint says %s", req.Method, endpoint)
	}
	request := Request{Endpoint: endpoint, Method: req.Method, Path: path, Query: req.URL.RawQuery, Header: req.Header}
	if req.Body != nil {
		var err error
		if request.Body, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
	}
	c.Requests = append(c.Requests, request)
	a, err := answer(endpoint.String())
	if err != nil {
		return nil, err
	}
	return Respond(a.Status, a.Body, "Content-Type", a.ContentType), nil
}

var errorType = reflect.TypeFor[error]()

// receive takes apart what a method returned.
func (c *Call) receive(results []reflect.Value, limit int) error {
	if last := len(results) - 1; last >= 0 && results[last].Type() == errorType {
		if err, _ := reflect.TypeAssert[error](results[last]); err != nil {
			return err
		}
		results = results[:last]
	}
	switch len(results) {
	case 0:
		return nil
	case 1:
		return c.receiveValue(results[0], limit)
	}
	return fmt.Errorf("it returns %d values and an error: teach the test kit what they are", len(results))
}

func (c *Call) receiveValue(value reflect.Value, limit int) error {
	if reader, ok := reflect.TypeAssert[io.ReadCloser](value); ok {
		data, err := io.ReadAll(reader)
		c.Value = string(data)
		return errors.Join(err, reader.Close())
	}
	switch {
	case value.Kind() == reflect.Func && value.Type().CanSeq2() && value.Type().In(0).In(1) == errorType:
		c.IsList, c.IsSequence = true, true
		return c.collect(value, limit)
	case isList(value.Type()):
		c.IsList = true
	case value.Kind() == reflect.Pointer && value.IsNil():
		return errors.New("it returned nil without an error")
	case isPage(value.Type()):
		c.IsList, c.IsPage = true, true
		c.Next = pulumiapi.Cursor(value.Elem().FieldByName("Next").String())
		c.Total = int(value.Elem().FieldByName("Total").Int())
		value = value.Elem().FieldByName("Items")
	}
	if value.Kind() == reflect.Pointer {
		value = value.Elem()
	}
	c.Value = value.Interface()
	return nil
}

// collect takes the first elements of a sequence.
func (c *Call) collect(sequence reflect.Value, limit int) error {
	var elements []any
	for element, failure := range sequence.Seq2() {
		if err, _ := reflect.TypeAssert[error](failure); err != nil {
			return err
		}
		elements = append(elements, element.Interface())
		c.yielded++
		if len(elements) >= limit {
			break
		}
	}
	c.Value = elements
	return nil
}

// isList reports whether t is a slice of elements. JSON that is the caller's to
// decode is none.
func isList(t reflect.Type) bool {
	return t.Kind() == reflect.Slice && t != reflect.TypeFor[json.RawMessage]()
}

func isPage(t reflect.Type) bool {
	return t.Kind() == reflect.Pointer && isOf(t.Elem(), "Page")
}

// isOf reports whether t is an instance of a generic type of the package.
func isOf(t reflect.Type, generic string) bool {
	return t.PkgPath() == packagePath && strings.HasPrefix(t.Name(), generic+"[")
}

// IsNullable reports whether t is a Nullable.
func IsNullable(t reflect.Type) bool { return isOf(t, "Nullable") }

// ReturnsList reports whether the method returns a list, in one of the ways in
// which that can be.
func (m Method) ReturnsList() bool {
	if m.method.Type.NumOut() == 0 {
		return false
	}
	t := m.method.Type.Out(0)
	return isPage(t) || isList(t) || t.Kind() == reflect.Func && t.CanSeq2()
}

var packagePath = reflect.TypeFor[pulumiapi.Client]().PkgPath()

// Element returns the type of what the method returns: of a page's items, a
// list's elements, or of what a pointer points to. It is nil if the method
// returns nothing, or something that has no fields.
func (m Method) Element() reflect.Type {
	if m.method.Type.NumOut() == 0 {
		return nil
	}
	t := m.method.Type.Out(0)
	switch {
	case t == errorType:
		return nil
	case t.Kind() == reflect.Func && t.CanSeq2():
		t = t.In(0).In(0)
	case t.Kind() == reflect.Slice:
		t = t.Elem()
	case isPage(t):
		field, _ := t.Elem().FieldByName("Items")
		t = field.Type.Elem()
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	return t
}
