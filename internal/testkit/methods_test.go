package testkit

import (
	"encoding/json"
	"errors"
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
)

type tree struct {
	Name     string `json:"name"`
	Children []tree `json:"children,omitzero"`
}

type request struct {
	Plain    string                            `json:"plain"`
	Kind     pulumiapi.UpdateKind              `json:"kind"`
	Optional *int                              `json:"optional,omitzero"`
	Cleared  pulumiapi.Nullable[string]        `json:"cleared,omitzero"`
	Map      map[string]float64                `json:"map,omitzero"`
	Raw      json.RawMessage                   `json:"raw,omitzero"`
	Tree     tree                              `json:"tree"`
	Flags    []bool                            `json:"flags,omitzero"`
	Stacks   map[pulumiapi.StackIdentifier]int `json:"-"`
}

func TestSynthesizer_SetsEverything(t *testing.T) {
	t.Parallel()
	s := NewSynthesizer(map[string][]any{"UpdateKind": {"update", "destroy"}})
	samples, err := s.samples(reflect.TypeFor[request](), "req")
	require.NoError(t, err)
	full, ok := reflect.TypeAssert[request](samples[0].value)
	require.True(t, ok)
	for field, value := range samples[0].value.Fields() {
		assert.False(t, value.IsZero(), field.Name)
	}
	assert.Equal(t, pulumiapi.UpdateKindUpdate, full.Kind)
	text, isSet := full.Cleared.Get()
	assert.True(t, isSet)
	assert.NotEmpty(t, text)
	assert.NotEmpty(t, full.Tree.Children)

	least, ok := reflect.TypeAssert[request](samples[1].value)
	require.True(t, ok)
	assert.NotEmpty(t, least.Plain)
	assert.Nil(t, least.Optional)
	assert.True(t, least.Cleared.IsZero())

	var isDestroy, isNull, isLeftAlone, isNil bool
	for _, sample := range samples[2:] {
		value, ok := reflect.TypeAssert[request](sample.value)
		require.True(t, ok)
		isDestroy = isDestroy || value.Kind == pulumiapi.UpdateKindDestroy
		isNull = isNull || value.Cleared.IsNull()
		isLeftAlone = isLeftAlone || value.Cleared.IsZero()
		isNil = isNil || value.Optional == nil
	}
	assert.True(t, isDestroy && isNull && isLeftAlone && isNil, "%d samples", len(samples))
}

func TestSynthesizer_SaysWhatItCannotMakeUp(t *testing.T) {
	t.Parallel()
	type closed struct{ hidden int }
	for _, one := range []any{
		new(any), new(func()), new(chan int), new(closed), new([]func()),
		new(map[string]func()), new(map[any]int), new(*closed), new(struct{ F func() }), new(pulumiapi.Nullable[any]),
	} {
		_, err := NewSynthesizer(nil).samples(reflect.TypeOf(one).Elem(), "req")
		require.ErrorContains(t, err, "can be made up", "%T", one)
	}
	assert.Zero(t, closed{}.hidden)
}

func method(t *testing.T, name string) Method {
	t.Helper()
	for _, m := range Methods() {
		if m.Name == name {
			return m
		}
	}
	require.Fail(t, "there is no method "+name)
	return Method{}
}

func TestCall_ShowsWhatIsSentAndReturned(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		body   string
		isList bool
		isPage bool
		value  string
	}{
		"Stacks.ListPage": {`{"stacks":[{"id":"a"},{"id":"b"}],"continuationToken":"t"}`, true, true, `[{"id":"a"`},
		"Stacks.List":     {`{"stacks":[{"id":"a"},{"id":"b"}],"continuationToken":"t"}`, true, false, `[{"id":"a"`},
		"Stacks.Get":      {`{"id":"a"}`, false, false, `{"id":"a"`},
		"Stacks.Delete":   {``, false, false, `null`},
		"Meta.GetOpenAPI": {`{"paths":{}}`, false, false, `{"paths":{}}`},
	} {
		m := method(t, name)
		all, err := m.Arguments(NewSynthesizer(nil))
		require.NoError(t, err)
		call, err := m.Call(t.Context(), all[0], 2, func(string) (Response, error) {
			return Response{Status: 200, ContentType: "application/json", Body: []byte(test.body)}, nil
		})
		require.NoError(t, err, name)
		require.Len(t, call.Requests, 1, name)
		assert.Contains(t, call.Requests[0].Endpoint.Template, "/api/", name)
		assert.NotContains(t, call.Requests[0].Path, basePath, name)
		assert.Equal(t, test.isList, call.IsList, name)
		assert.Equal(t, test.isPage, call.IsPage, name)
		value, err := json.Marshal(call.Value)
		require.NoError(t, err)
		assert.Contains(t, string(value), test.value, name)
		if test.isPage {
			next, ok := all[0].WithCursor(call.Next)
			require.True(t, ok)
			again, err := m.Call(t.Context(), next, 2, func(string) (Response, error) {
				return Response{Status: 200, ContentType: "application/json", Body: []byte(`{}`)}, nil
			})
			require.NoError(t, err)
			assert.Contains(t, again.Requests[0].Query, "continuationToken=t")
		}
	}
}

func TestCall_Fails(t *testing.T) {
	t.Parallel()
	m := method(t, "Stacks.Get")
	all, err := m.Arguments(NewSynthesizer(nil))
	require.NoError(t, err)
	_, err = m.Call(t.Context(), all[0], 2, func(string) (Response, error) { return Response{}, errors.New("no answer") })
	require.ErrorContains(t, err, "Stacks.Get (everything set)")
	_, ok := all[0].WithCursor("x")
	assert.False(t, ok)
}

func TestMethods_KnowTheirTypes(t *testing.T) {
	t.Parallel()
	assert.Equal(t, reflect.TypeFor[pulumiapi.StackSummary](), method(t, "Stacks.List").Element())
	assert.Equal(t, reflect.TypeFor[pulumiapi.StackSummary](), method(t, "Stacks.ListPage").Element())
	assert.Equal(t, reflect.TypeFor[pulumiapi.Stack](), method(t, "Stacks.Get").Element())
	assert.Nil(t, method(t, "Stacks.Delete").Element())
	assert.True(t, method(t, "Stacks.List").ReturnsList())
	assert.False(t, method(t, "Stacks.Get").ReturnsList())
}
