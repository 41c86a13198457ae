package testkit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/pulumiapi/pulumiapi"
)

// The members of a list's responses that name the next page, and those that say how
// long the list or a page is.
var (
	tokenMembers = []string{"continuationToken", "nextToken"}
	countMembers = []string{"total", "totalCount", "rowCount"}
	sizeMember   = "itemsPerPage"
)

// IsPagedList reports whether the operation walks a list over several pages.
func (o Operation) IsPagedList() bool {
	results := o.method.method.Type
	if o.Waits || results.NumOut() != 1 || results.Out(0).Kind() != reflect.Func || !results.Out(0).CanSeq2() {
		return false
	}
	members, err := o.members()
	return err == nil && (o.ByToken() || slices.ContainsFunc(countMembers, func(name string) bool { return members[name] != nil }))
}

// ByToken reports whether each response of the list names the next page by a token.
func (o Operation) ByToken() bool {
	members, err := o.members()
	return err == nil && slices.ContainsFunc(tokenMembers, func(name string) bool { return members[name] != nil })
}

func (o Operation) members() (members map[string]any, err error) {
	err = json.Unmarshal([]byte(o.MadeUp), &members)
	return members, err
}

// HasOption reports whether the operation's options have a field.
func (o Operation) HasOption(name string) bool {
	_, ok := o.arguments.with(name, nil, o.method.Types())
	return ok
}

// Walk walks a whole list with these fields of the options set, and returns how
// many items it yielded before its end, or before the error.
func (o Operation) Walk(ctx context.Context, client *pulumiapi.Client, options map[string]any) (items int, err error) {
	arguments := o.arguments
	for name, value := range options {
		var ok bool
		if arguments, ok = arguments.with(name, value, o.method.Types()); !ok {
			return 0, fmt.Errorf("%s has no option %s", o.Name, name)
		}
	}
	call := new(Call)
	err = o.method.callOn(ctx, client, arguments, math.MaxInt, call)
	return call.yielded, err
}

// with returns the arguments with a field of the options set, unless value is nil,
// and whether there is such a field.
func (a Arguments) with(name string, value any, types []reflect.Type) (Arguments, bool) {
	values := slices.Clone(a.values)
	for i, t := range types {
		if t.Kind() != reflect.Pointer || t.Elem().Kind() != reflect.Struct {
			continue
		}
		options := reflect.New(t.Elem())
		if !values[i].IsNil() {
			options.Elem().Set(values[i].Elem())
		}
		field := options.Elem().FieldByName(name)
		if !field.IsValid() {
			continue
		}
		if value != nil {
			field.Set(reflect.ValueOf(value))
		}
		values[i] = options
		return Arguments{Name: a.Name + ", " + name, values: values}, true
	}
	return a, false
}

// PageOf returns a response of the list with an item for each of these numbers. Items
// with different numbers differ. The response names the next page by token, and says
// that the list has total items; it says neither if they are zero.
func (o Operation) PageOf(numbers []int, token string, total int) ([]byte, error) {
	response, err := o.members()
	if err != nil {
		return nil, err
	}
	for _, name := range tokenMembers {
		if response[name] != nil {
			response[name] = token
		}
	}
	for _, name := range countMembers {
		if response[name] != nil {
			response[name] = total
		}
	}
	if response[sizeMember] != nil {
		response[sizeMember] = len(numbers)
	}
	path := strings.Split(o.Items, ".")
	holder := response
	for _, name := range path[:len(path)-1] {
		inner, ok := holder[name].(map[string]any)
		if !ok {
			return nil, fmt.Errorf("%s: the response has no object %q", o.Name, name)
		}
		holder = inner
	}
	last := path[len(path)-1]
	made, ok := holder[last].([]any)
	if !ok || len(made) == 0 {
		return nil, fmt.Errorf("%s: the response has no items at %q", o.Name, o.Items)
	}
	items := []any{}
	for _, number := range numbers {
		items = append(items, numbered(last, made[0], number))
	}
	holder[last] = items
	if len(numbers) > 1 && reflect.DeepEqual(items[0], items[1]) {
		return nil, errors.New(o.Name + ": the items of its response can't be told apart")
	}
	return json.Marshal(response)
}

// numbered returns a copy of a made-up value whose texts, numbers and times depend on
// a number. A made-up text is the name of its member.
func numbered(name string, value any, number int) any {
	switch v := value.(type) {
	case map[string]any:
		changed := map[string]any{}
		for name, member := range v {
			changed[name] = numbered(name, member, number)
		}
		return changed
	case []any:
		var changed []any
		for _, element := range v {
			changed = append(changed, numbered(name, element, number))
		}
		return changed
	case float64:
		return number
	case string:
		if at, err := time.Parse(time.RFC3339, v); err == nil {
			return at.Add(time.Duration(number) * time.Second).Format(time.RFC3339)
		}
		if v == name {
			return fmt.Sprintf("%s-%d", name, number)
		}
	}
	return value
}
