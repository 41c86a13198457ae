// Package drive calls every method of the package's services, with arguments
// that it makes up by their types, and shows what they sent and returned. It
// finds the methods by reflection, so that there is no list of them to keep.
package drive

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

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/conformance/internal/spec"
)

// baseURL has a path, as that of a self-hosted installation may have.
const (
	baseHost = "https://pulumi.conformance.test"
	basePath = "/cloud"
)

// Method is a method of one of the client's services.
type Method struct {
	// Name is as a user writes it after the client's name: "Stacks.List".
	Name string

	service int // the field of the client
	method  reflect.Method
}

// Waiting are the methods that call others again and again until something has
// ended, which is more than an answer that is made up says. The others are driven.
var Waiting = []string{"Updates.Wait", "Updates.Follow", "Insights.WaitForScan"}

// Methods returns the exported methods of the services that a client has, but
// for those that wait.
func Methods() []Method {
	var methods []Method
	client := reflect.TypeFor[pulumiapi.Client]()
	for i := range client.NumField() {
		field := client.Field(i)
		if !field.IsExported() || field.Type.Kind() != reflect.Pointer || field.Type.Elem().Kind() != reflect.Struct {
			continue
		}
		for method := range field.Type.Methods() {
			if name := field.Name + "." + method.Name; !slices.Contains(Waiting, name) {
				methods = append(methods, Method{Name: name, service: i, method: method})
			}
		}
	}
	return methods
}

// Arguments are the arguments of one call, without the context.
type Arguments struct {
	// Name says what is special about them.
	Name   string
	values []reflect.Value
}

// Arguments returns what to call the method with: at first with everything set,
// then with only what is required, then with each other form of each part.
func (m Method) Arguments(s *Synthesizer) ([]Arguments, error) {
	function := m.method.Type
	if function.NumIn() < 2 || function.In(1) != reflect.TypeFor[context.Context]() {
		return nil, fmt.Errorf("%s: its first parameter is no context", m.Name)
	}
	var forms [][]sample
	for i := 2; i < function.NumIn(); i++ {
		samples, err := s.samples(function.In(i))
		if err != nil {
			return nil, fmt.Errorf("%s: parameter %d: %w", m.Name, i-1, err)
		}
		forms = append(forms, samples)
	}
	pick := func(name string, choose func(i int) int) Arguments {
		arguments := Arguments{Name: name}
		for i := range forms {
			arguments.values = append(arguments.values, forms[i][choose(i)].value)
		}
		return arguments
	}
	all := []Arguments{pick("everything set", func(int) int { return 0 })}
	for varied := range forms {
		for form := 1; form < len(forms[varied]); form++ {
			name := fmt.Sprintf("argument %d: %s", varied+1, forms[varied][form].name)
			all = append(all, pick(name, func(i int) int {
				if i == varied {
					return form
				}
				return 0
			}))
		}
	}
	return all, nil
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
	// IsList says that Value is the elements of a list.
	IsList bool
	// IsPage says that the method returns a page; Next and Total are its.
	IsPage bool
	Next   pulumiapi.Cursor
	Total  int
}

// Request is a request that a method sent.
type Request struct {
	// Operation is what it is for: "GET /api/user/stacks".
	Operation string
	spec.Request
}

// Answer is what the service answers.
type Answer struct {
	Status      int
	ContentType string
	Body        []byte
}

// Call calls the method of a client whose requests are answered by answer. It
// takes no more than limit elements of a list.
func (m Method) Call(ctx context.Context, arguments Arguments, limit int, answer func(operation string) (Answer, error)) (*Call, error) {
	call := new(Call)
	client, err := pulumiapi.NewClient(
		pulumiapi.WithBaseURL(baseHost+basePath),
		pulumiapi.WithToken("pul-conformance"),
		pulumiapi.WithRetry(pulumiapi.RetryPolicy{MaxAttempts: 1}),
		pulumiapi.WithHTTPClient(&http.Client{Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
			return call.respond(req, answer)
		})}),
	)
	if err != nil {
		return nil, err
	}
	service := reflect.ValueOf(client).Elem().Field(m.service)
	values, written := m.withWriter(arguments.values)
	results := m.method.Func.Call(slices.Concat([]reflect.Value{service, reflect.ValueOf(ctx)}, values))
	if err := call.receive(results, limit); err != nil {
		return call, fmt.Errorf("%s (%s): %w", m.Name, arguments.Name, err)
	}
	if written != nil {
		call.Value = json.RawMessage(written.Bytes())
	}
	if len(call.Requests) == 0 {
		return call, fmt.Errorf("%s (%s): nothing was sent", m.Name, arguments.Name)
	}
	return call, nil
}

// withWriter puts a buffer into the place of an argument that is a writer. It
// returns nil for it if there is none.
func (m Method) withWriter(values []reflect.Value) ([]reflect.Value, *bytes.Buffer) {
	i := slices.Index(m.Types(), reflect.TypeFor[io.Writer]())
	if i < 0 {
		return values, nil
	}
	written := new(bytes.Buffer)
	values = slices.Clone(values)
	values[i] = reflect.ValueOf(written)
	return values, written
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func (c *Call) respond(req *http.Request, answer func(string) (Answer, error)) (*http.Response, error) {
	endpoint, ok := pulumiapi.EndpointFromContext(req.Context())
	if !ok {
		return nil, errors.New("the request has no endpoint in its context")
	}
	path, inside := strings.CutPrefix(req.URL.EscapedPath(), basePath)
	if !inside {
		return nil, fmt.Errorf("the request left the base path: %s", req.URL.EscapedPath())
	}
	request := Request{Operation: endpoint.String()}
	request.Path = path
	request.Query = req.URL.RawQuery
	request.ContentType = req.Header.Get("Content-Type")
	if req.Method != endpoint.Method {
		return nil, fmt.Errorf("the request is a %s, the endpoint says %s", req.Method, endpoint)
	}
	if req.Body != nil {
		var err error
		if request.Body, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
	}
	c.Requests = append(c.Requests, request)
	a, err := answer(request.Operation)
	if err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode:    a.Status,
		Header:        http.Header{"Content-Type": {a.ContentType}},
		Body:          io.NopCloser(bytes.NewReader(a.Body)),
		ContentLength: int64(len(a.Body)),
		Request:       req,
		ProtoMajor:    1,
		ProtoMinor:    1,
	}, nil
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
	return fmt.Errorf("it returns %d values and an error: teach the driver what they are", len(results))
}

func (c *Call) receiveValue(value reflect.Value, limit int) error {
	if reader, ok := reflect.TypeAssert[io.ReadCloser](value); ok {
		data, err := io.ReadAll(reader)
		c.Value = string(data)
		return errors.Join(err, reader.Close())
	}
	switch {
	case value.Kind() == reflect.Func && value.Type().CanSeq2() && value.Type().In(0).In(1) == errorType:
		c.IsList = true
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
