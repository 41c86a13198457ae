package testkit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"

	"github.com/pulumiapi/pulumiapi"
)

// Sending is what a method sends when it is called with certain arguments.
type Sending struct {
	// With says what the arguments are.
	With     string
	Requests []Request
}

// awkward is what names can have in them that a path can't.
const awkward = ` a/b%2F?#é`

// Sendings calls a method and returns what it sends: with as little as possible, with
// everything set, with zero values, for its next page, with names that have to be
// escaped, with each field set to null that can be, and with arguments that lead to
// another endpoint; and what it sends instead of a request that is refused. What would
// be sent twice is there once.
func (m Method) Sendings(ctx context.Context) ([]Sending, error) {
	src, err := Source()
	if err != nil {
		return nil, err
	}
	s := &sender{method: m, seen: map[pulumiapi.Endpoint]bool{}}
	operations, err := Operations()
	if err != nil {
		return nil, err
	}
	sendsMore := false
	for _, o := range operations {
		if o.Name == m.Name {
			sendsMore = len(o.Instead) > 0
			s.response = o.MadeUp
			if s.response == "" || o.Waits {
				s.response = o.Response
			}
		}
	}
	tries, err := m.Minimal(NewSynthesizer(src.Constants))
	if err != nil {
		return nil, err
	}
	least, err := s.first(ctx, tries)
	if err != nil {
		return nil, err
	}
	all, err := m.Arguments(NewSynthesizer(src.Constants))
	if err != nil {
		return nil, err
	}
	full := all[0]
	if least.Name != full.Name {
		if err := s.send(ctx, full); err != nil {
			return nil, err
		}
	}
	for _, arguments := range []Arguments{least.withZeros(), least.withOptionalZeros()} {
		if err := s.sendUnlessRefused(ctx, arguments); err != nil {
			return nil, err
		}
	}
	if next, ok := full.WithCursor(s.next); ok && s.next != "" {
		s.response = "{}" // the same page again would be an error
		if err := s.send(ctx, next); err != nil {
			return nil, err
		}
	}
	if escaped, ok := least.withAwkwardNames(); ok {
		if err := s.send(ctx, escaped); err != nil {
			return nil, err
		}
	}
	for _, arguments := range all[1:] {
		if strings.HasSuffix(arguments.Name, ": null") {
			if err := s.send(ctx, arguments); err != nil {
				return nil, err
			}
		}
		if err := s.sendElsewhere(ctx, arguments); err != nil {
			return nil, err
		}
	}
	if sendsMore {
		return s.sent, s.sendRefused(ctx, full)
	}
	return s.sent, nil
}

type sender struct {
	method   Method
	response string
	seen     map[pulumiapi.Endpoint]bool // endpoints of first requests
	next     pulumiapi.Cursor
	sent     []Sending
}

func (s *sender) call(ctx context.Context, arguments Arguments) (*Call, error) {
	return s.method.Call(ctx, arguments, 1, func(string) (Response, error) {
		return Response{Status: http.StatusOK, ContentType: "application/json", Body: []byte(s.response)}, nil
	})
}

// first sends the first of some arguments that is not refused, and returns it.
func (s *sender) first(ctx context.Context, tries []Arguments) (Arguments, error) {
	var failure error
	for _, arguments := range tries {
		failure = s.send(ctx, arguments)
		if _, refused := errors.AsType[*pulumiapi.ArgumentError](failure); !refused {
			return arguments, failure
		}
	}
	return Arguments{}, failure
}

func (s *sender) send(ctx context.Context, arguments Arguments) error {
	call, err := s.call(ctx, arguments)
	if err != nil {
		return err
	}
	s.note(arguments, call)
	return nil
}

// note keeps what was sent. What was sent with other arguments, too, is kept once.
func (s *sender) note(arguments Arguments, call *Call) {
	s.seen[call.Requests[0].Endpoint] = true
	if call.Next != "" {
		s.next = call.Next
	}
	for i := range s.sent {
		if reflect.DeepEqual(s.sent[i].Requests, call.Requests) {
			s.sent[i].With += "; " + arguments.Name
			return
		}
	}
	s.sent = append(s.sent, Sending{arguments.Name, call.Requests})
}

// sendUnlessRefused sends what the method may refuse.
func (s *sender) sendUnlessRefused(ctx context.Context, arguments Arguments) error {
	next := s.next // which is of a call with everything set
	err := s.send(ctx, arguments)
	s.next = next
	if _, refused := errors.AsType[*pulumiapi.ArgumentError](err); refused {
		return nil
	}
	return err
}

// sendRefused notes what the method sends if the service refuses everything.
func (s *sender) sendRefused(ctx context.Context, arguments Arguments) error {
	call, err := s.method.Call(ctx, arguments, 1, func(string) (Response, error) {
		return Response{Status: http.StatusNotFound, ContentType: "application/json", Body: []byte(`{"code":404,"message":"not found"}`)}, nil
	})
	if refused, ok := errors.AsType[*pulumiapi.APIError](err); !ok || refused.StatusCode != http.StatusNotFound {
		return fmt.Errorf("%s: refused with a 404, it returns %w", s.method.Name, err)
	}
	arguments.Name = "everything is refused with a 404"
	s.note(arguments, call)
	return nil
}

// sendElsewhere keeps what is sent if it goes to an endpoint that is new.
func (s *sender) sendElsewhere(ctx context.Context, arguments Arguments) error {
	call, err := s.call(ctx, arguments)
	if _, refused := errors.AsType[*pulumiapi.ArgumentError](err); refused {
		return nil
	}
	if err != nil {
		return err
	}
	if !s.seen[call.Requests[0].Endpoint] {
		s.note(arguments, call)
	}
	return nil
}

// withZeros returns the arguments with requests, numbers, lists and maps that are zero.
func (a Arguments) withZeros() Arguments {
	changed := Arguments{Name: "zero values"}
	for _, value := range a.values {
		switch kind := value.Kind(); {
		case kind == reflect.Struct && strings.HasSuffix(value.Type().Name(), "Request"),
			kind == reflect.Int, kind == reflect.Map, kind == reflect.Slice:
			value = reflect.Zero(value.Type())
		}
		changed.values = append(changed.values, value)
	}
	return changed
}

// withOptionalZeros returns the arguments with requests whose optional fields are all
// set, to zero values: those are sent.
func (a Arguments) withOptionalZeros() Arguments {
	changed := Arguments{Name: "optional fields that are zero"}
	for _, value := range a.values {
		if value.Kind() == reflect.Struct && strings.HasSuffix(value.Type().Name(), "Request") {
			request := reflect.New(value.Type()).Elem()
			request.Set(value)
			for i := range request.NumField() {
				field := request.Field(i)
				switch {
				case !canBeLeftOut(request.Type().Field(i)):
				case field.Kind() == reflect.Pointer && field.Type().Elem().PkgPath() != packagePath: // an enum has no zero
					field.Set(reflect.New(field.Type().Elem()))
				case field.Kind() == reflect.Slice && field.Type() != reflect.TypeFor[json.RawMessage]():
					field.Set(reflect.MakeSlice(field.Type(), 0, 0))
				}
			}
			value = request
		}
		changed.values = append(changed.values, value)
	}
	return changed
}

// withAwkwardNames returns the arguments with names that have to be escaped in a
// path, and whether there are any.
func (a Arguments) withAwkwardNames() (Arguments, bool) {
	changed := Arguments{Name: "names to escape"}
	found := false
	for _, value := range a.values {
		fresh := reflect.New(value.Type()).Elem()
		fresh.Set(value)
		switch {
		case value.Type() == reflect.TypeFor[string]():
			fresh.SetString(value.String() + awkward)
			found = true
		case value.Type() == reflect.TypeFor[pulumiapi.WebhookScope]():
			fresh.Set(reflect.ValueOf(pulumiapi.OrgScope("acme" + awkward)))
			found = true
		case value.Kind() == reflect.Struct && strings.HasSuffix(value.Type().Name(), "Identifier"):
			for _, field := range fresh.Fields() {
				if field.Kind() == reflect.String {
					field.SetString(fmt.Sprint(field) + awkward)
					found = true
				}
			}
		}
		changed.values = append(changed.values, fresh)
	}
	return changed, found
}
