package spec_test

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/conformance/internal/spec"
)

// zoo is a description with everything that the derivation has to know of.
const zoo = `{
"openapi": "3.0.3", "info": {"title": "Zoo", "version": "1"},
"paths": {
  "/api/zoo/{accountName}": {
    "post": {
      "tags": ["Zoo"],
      "parameters": [
        {"in": "path", "name": "accountName", "required": true, "schema": {"type": "string"}},
        {"in": "query", "name": "limit", "schema": {"type": "integer"}}
      ],
      "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Cage"}}}},
      "responses": {"200": {"description": "OK", "content": {"application/json": {"schema": {"type": "object"}}}}}
    },
    "get": {
      "parameters": [{"in": "path", "name": "accountName", "required": true, "schema": {"type": "string"}}],
      "responses": {"200": {"description": "OK", "content": {"application/json": {"schema": {"type": "array", "items": {"type": "string", "format": "byte"}}}}}}
    },
    "head": {
      "parameters": [{"in": "path", "name": "accountName", "required": true, "schema": {"type": "string"}}],
      "responses": {"200": {"description": "OK", "content": {"application/json": {"schema": {"type": "string"}}}}}
    },
    "delete": {
      "deprecated": true,
      "parameters": [{"in": "path", "name": "accountName", "required": true, "schema": {"type": "string"}}],
      "responses": {"204": {"description": "gone"}}
    }
  }
},
"components": {"schemas": {
  "Animal": {
    "type": "object", "required": ["kind", "name"],
    "properties": {"kind": {"type": "string"}, "name": {"type": "string"}},
    "discriminator": {"propertyName": "kind", "mapping": {"cat": "#/components/schemas/Cat", "dog": "#/components/schemas/Dog"}}
  },
  "Pet": {"allOf": [{"$ref": "#/components/schemas/Animal"}, {"type": "object", "properties": {"owner": {"type": "string"}}}]},
  "Cat": {"allOf": [{"$ref": "#/components/schemas/Pet"}, {"type": "object", "properties": {"lives": {"type": "integer"}}, "required": ["lives"]}]},
  "Dog": {"allOf": [{"$ref": "#/components/schemas/Animal"}, {"type": "object", "properties": {"born": {"type": "string", "format": "date-time"}}}]},
  "Cage": {
    "type": "object", "required": ["animals"],
    "properties": {
      "animals": {"type": "array", "items": {"$ref": "#/components/schemas/Animal"}},
      "pet": {"$ref": "#/components/schemas/Pet"},
      "key": {"type": "array", "items": {"type": "string", "format": "byte"}},
      "size": {"type": "string", "enum": ["small", "large"]},
      "opened": {"type": "string"},
      "labels": {"type": "object", "additionalProperties": {"type": "string"}},
      "free": {"type": "object"},
      "nested": {"type": "object", "properties": {"a": {"type": "boolean"}}}
    }
  }
}}}`

func load(t *testing.T, exceptions string) *spec.Spec {
	t.Helper()
	file := filepath.Join(t.TempDir(), "exceptions.txt")
	require.NoError(t, os.WriteFile(file, []byte(exceptions), 0o600))
	read, err := spec.ReadExceptions(file)
	require.NoError(t, err)
	s, err := spec.Parse([]byte(zoo), read)
	require.NoError(t, err)
	return s
}

const (
	post = "POST /api/zoo/{accountName}"
	get  = "GET /api/zoo/{accountName}"
	head = "HEAD /api/zoo/{accountName}"
	del  = "DELETE /api/zoo/{accountName}"
)

func TestCheck_SeesMistakes(t *testing.T) {
	t.Parallel()
	s := load(t, "")
	o, err := s.Operation(post)
	require.NoError(t, err)
	bytes := base64.StdEncoding.EncodeToString([]byte("key"))
	for text, problem := range map[string]string{
		`{"animals":[]}`: "",
		`{"animals":[{"kind":"cat","name":"a","owner":"b","lives":7},{"kind":"dog","name":"c","born":"2026-01-02T03:04:05Z"}]}`: "",
		`{"animals":[],"pet":{"kind":"cat","name":"a","lives":9}}`:                                                              "",
		`{"animals":[],"key":"` + bytes + `","size":"small","labels":{"any":"thing"},"free":[1,"x",null],"nested":{"a":true}}`:  "",
		`{"animals":[],"pet":null,"size":null,"nested":{"a":null},"free":null}`:                                                 "",
		`{}`:                                                         `$.animals: property "animals" is missing`,
		`{"animals":null}`:                                           `$.animals: is null, but required`,
		`{"animals":[],"colour":"red"}`:                              `$: property "colour" is unsupported`,
		`{"animals":[],"nested":{"b":true}}`:                         `$.nested: property "b" is unsupported`,
		`{"animals":[],"size":"tiny"}`:                               `$.size: value is not one of the allowed values ["small","large"]`,
		`{"animals":[],"key":[1,2]}`:                                 `$.key: value must be a string`,
		`{"animals":[],"key":"***"}`:                                 `$.key: `,
		`{"animals":[],"labels":{"a":1}}`:                            `$.labels.a: value must be a string`,
		`{"animals":[{"kind":"cow","name":"a"}]}`:                    `$.animals[0]`,
		`{"animals":[{"kind":"dog","name":"a","lives":7}]}`:          `lives`,
		`{"animals":[{"kind":"cat","name":"a"}]}`:                    `lives`,
		`{"animals":[],"pet":{"kind":"dog","name":"a"}}`:             `$.pet`,
		`{"animals":[{"kind":"dog","name":"a","born":"yesterday"}]}`: `born`,
		`{"animals":[{"kind":"dog","name":null}]}`:                   `$.animals[0].name: is null, but required`,
		`{"animals":[],"size":"small","opened":"2026-01-02 03:04:05.000","nested":{"a":"false"}}`: `$.nested.a: value must be a boolean`,
	} {
		value, err := spec.DecodeJSON([]byte(text))
		require.NoError(t, err)
		problems := s.Check(o.Body.Value, value)
		if problem == "" {
			assert.Empty(t, problems, text)
		} else if assert.NotEmpty(t, problems, text) {
			assert.Contains(t, problems[0], problem, text)
		}
	}
}

func TestCheckRequest_SeesMistakes(t *testing.T) {
	t.Parallel()
	s := load(t, "")
	const jsonType, body = "application/json", `{"animals":[]}`
	for name, test := range map[string]struct {
		operation string
		request   spec.Request
		problem   string
	}{
		"right":              {post, spec.Request{Path: "/api/zoo/a%252Fb", Query: "limit=3", ContentType: jsonType, Body: []byte(body)}, ""},
		"no query":           {post, spec.Request{Path: "/api/zoo/a", ContentType: jsonType, Body: []byte(body)}, ""},
		"no body":            {post, spec.Request{Path: "/api/zoo/a", ContentType: jsonType}, "body: it is missing"},
		"wrong body":         {post, spec.Request{Path: "/api/zoo/a", ContentType: jsonType, Body: []byte(`[]`)}, "body $: value must be an object"},
		"null":               {post, spec.Request{Path: "/api/zoo/a", ContentType: jsonType, Body: []byte(`{"animals":[],"size":null}`)}, "body $.size: is null"},
		"no JSON":            {post, spec.Request{Path: "/api/zoo/a", ContentType: jsonType, Body: []byte(`{`)}, "body: unexpected EOF"},
		"text":               {post, spec.Request{Path: "/api/zoo/a", ContentType: "text/plain", Body: []byte(body)}, "content type"},
		"unknown query":      {post, spec.Request{Path: "/api/zoo/a", Query: "limits=3", ContentType: jsonType, Body: []byte(body)}, "query parameter limits: the description does not know it"},
		"query of no number": {post, spec.Request{Path: "/api/zoo/a", Query: "limit=x", ContentType: jsonType, Body: []byte(body)}, "query parameter limit"},
		"another path":       {post, spec.Request{Path: "/api/zoos/a", ContentType: jsonType, Body: []byte(body)}, "does not fit"},
		"more segments":      {post, spec.Request{Path: "/api/zoo/a/b", ContentType: jsonType, Body: []byte(body)}, "does not fit"},
		"escaped once":       {post, spec.Request{Path: "/api/zoo/100%25", ContentType: jsonType, Body: []byte(body)}, "is decoded twice"},
		"dots":               {post, spec.Request{Path: "/api/zoo/..", ContentType: jsonType, Body: []byte(body)}, `is ".."`},
		"deleted":            {del, spec.Request{Path: "/api/zoo/a"}, ""},
		"deleted, with body": {del, spec.Request{Path: "/api/zoo/a", ContentType: jsonType, Body: []byte(body)}, "body: the description knows none"},
	} {
		o, err := s.Operation(test.operation)
		require.NoError(t, err)
		problems := s.CheckRequest(o, test.request)
		if test.problem == "" {
			assert.Empty(t, problems, name)
		} else if assert.NotEmpty(t, problems, name) {
			assert.Contains(t, problems[0], test.problem, name)
		}
	}
}

func TestOperation_IsWhatTheDescriptionSays(t *testing.T) {
	t.Parallel()
	s := load(t, "schema Cage | "+post+" | the description only says object\nquery page | "+post+" | it is there")
	assert.Equal(t, []string{del, get, head, post}, s.Names())
	o, err := s.Operation(post)
	require.NoError(t, err)
	assert.Equal(t, "Cage", s.Name(o.Answer.Schema.Value))
	assert.Len(t, o.Query, 2)
	assert.False(t, o.Deprecated)
	o, err = s.Operation(del)
	require.NoError(t, err)
	assert.True(t, o.Deprecated)
	assert.Equal(t, spec.Answer{Status: 204}, o.Answer)
	_, err = s.Operation("GET /api/zoo/{name}")
	require.ErrorContains(t, err, "no operation")
	assert.Empty(t, s.Exceptions().Unused())
	assert.Equal(t, []string{"Animal", "Cage", "Cat", "Dog", "Pet"}, s.Schemas(post))
	assert.Empty(t, s.Schemas("GET /api/zoo"))
}

func TestOperation_AnswersThatAreNoneOrRaw(t *testing.T) {
	t.Parallel()
	s := load(t, "")
	o, err := s.Operation(head)
	require.NoError(t, err)
	assert.Equal(t, spec.Answer{Status: 200}, o.Answer, "an answer to HEAD has no body")
	o, err = s.Operation(get)
	require.NoError(t, err)
	assert.Empty(t, s.Check(o.Answer.Schema.Value, map[string]any{"any": "thing"}), "bytes that are all of an answer")
}

func TestExceptions_ChangeTheClosedForm(t *testing.T) {
	t.Parallel()
	s := load(t, `
# a comment
open | Cage.size | there are more
time | Cage.opened | described as text
null | Cage.animals | left out when empty
open | Cage.sizes | a mistake
unsent | Cage.key | nobody needs it
`)
	o, err := s.Operation(post)
	require.NoError(t, err)
	for text, right := range map[string]bool{
		`{"size":"tiny","animals":null}`:       true,
		`{"opened":"2026-01-02 03:04:05.000"}`: true,
		`{"opened":"2026-01-02T03:04:05.5Z"}`:  true,
		`{"opened":"soon"}`:                    false,
		`{"size":3}`:                           false,
	} {
		value, err := spec.DecodeJSON([]byte(text))
		require.NoError(t, err)
		assert.Equal(t, right, len(s.Check(o.Body.Value, value)) == 0, text)
	}
	unused := s.Exceptions().Unused()
	require.Len(t, unused, 2)
	assert.Contains(t, unused[0], ":6: open at Cage.sizes is needed no more")
	assert.True(t, s.Exceptions().Has(spec.ExceptUnsent, "", "Cage.key"))
	assert.Len(t, s.Exceptions().Unused(), 1)
}

func TestReadExceptions_RefusesMistakes(t *testing.T) {
	t.Parallel()
	for text, problem := range map[string]string{
		"open | Cage.size":                       "what | where | reason",
		"open | Cage.size |":                     "none of them empty",
		"opne | Cage.size | a":                   `"opne" is no kind of exception`,
		"open wide | Cage.size | a":              "takes none",
		"schema | GET /x | a":                    "takes an argument",
		"open | A.b | one\n\nopen | A.b | again": ":3: line 1 says the same",
	} {
		file := filepath.Join(t.TempDir(), "exceptions.txt")
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		_, err := spec.ReadExceptions(file)
		require.ErrorContains(t, err, problem, text)
	}
	_, err := spec.ReadExceptions(filepath.Join(t.TempDir(), "none"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestParse_RefusesWhatIsNoDescription(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "<html>", "[]", "{}", `{"openapi":"3.0.3","info":{"title":"a","version":"1"},"paths":{}}`} {
		_, err := spec.Parse([]byte(text), nil)
		require.Error(t, err, text)
	}
	_, err := spec.Load(filepath.Join(t.TempDir(), "none"), nil)
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestUnreached_LooksIntoWhatIsReached(t *testing.T) {
	t.Parallel()
	s := load(t, "")
	o, err := s.Operation(post)
	require.NoError(t, err)
	value, err := spec.DecodeJSON([]byte(`{"animals":[{"kind":"cat","name":"a","owner":"b","lives":7}],"size":"small","labels":{"a":"b"}}`))
	require.NoError(t, err)
	reached := map[string]bool{}
	s.Visit(o.Body.Value, value, func(id string) { reached[id] = true })
	missing := s.Unreached(o.Body.Value, func(id string) bool { return reached[id] }, func(id string) bool { return id == "Cage.pet" })
	assert.Equal(t, []string{"Cage.free", "Cage.key", "Cage.nested", "Cage.opened", "Dog.born", "Dog.kind"}, missing)
}
