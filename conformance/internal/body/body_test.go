package body_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/conformance/internal/body"
	"github.com/pulumiapi/pulumiapi/conformance/internal/spec"
)

const farm = `{
"openapi": "3.0.3", "info": {"title": "Farm", "version": "1"},
"paths": {"/api/farm": {"get": {"responses": {"200": {"description": "OK", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Farm"}}}}}}}},
"components": {"schemas": {
  "Animal": {
    "type": "object", "required": ["kind"], "properties": {"kind": {"type": "string"}},
    "discriminator": {"propertyName": "kind", "mapping": {"cow": "#/components/schemas/Cow", "hen": "#/components/schemas/Hen"}}
  },
  "Cow": {"allOf": [{"$ref": "#/components/schemas/Animal"}, {"type": "object", "properties": {"litres": {"type": "number"}, "calf": {"$ref": "#/components/schemas/Animal"}, "herd": {"type": "array", "items": {"$ref": "#/components/schemas/Animal"}}}}]},
  "Hen": {"allOf": [{"$ref": "#/components/schemas/Animal"}, {"type": "object", "properties": {"mood": {"type": "string", "enum": ["calm", "wild"]}}}]},
  "Farm": {
    "type": "object", "required": ["name", "animals"],
    "properties": {
      "name": {"type": "string"}, "founded": {"type": "integer", "format": "int64"}, "acres": {"type": "integer", "format": "int32"},
      "animals": {"type": "array", "items": {"$ref": "#/components/schemas/Animal"}},
      "season": {"type": "string", "enum": ["spring", "autumn"]}, "open": {"type": "boolean"},
      "seal": {"type": "array", "items": {"type": "string", "format": "byte"}},
      "born": {"type": "string", "format": "date-time"},
      "notes": {"type": "object"}, "labels": {"type": "object", "additionalProperties": {"type": "string"}},
      "parent": {"$ref": "#/components/schemas/Farm"}
    }
  }
}}}`

func farmSchema(t *testing.T) (*spec.Spec, *spec.Schema) {
	t.Helper()
	s, err := spec.Parse([]byte(farm), nil)
	require.NoError(t, err)
	o, err := s.Operation("GET /api/farm")
	require.NoError(t, err)
	return s, o.Answer.Schema.Value
}

func TestGenerate_FitsTheSchema(t *testing.T) {
	t.Parallel()
	s, schema := farmSchema(t)
	seen := map[string]bool{}
	for _, generated := range append(body.Generate(schema), body.Another(schema), body.Full(schema)) {
		value, err := spec.DecodeJSON(generated.JSON())
		require.NoError(t, err, generated.Name)
		s.Visit(schema, value, func(id string) { seen[id] = true })
		if generated.Name == "unknown members" {
			assert.NotEmpty(t, s.Check(schema, value), generated.Name)
			value = body.Expected(s, schema, value, func(string) bool { return false })
		}
		assert.Empty(t, s.Check(schema, value), "%s: %s", generated.Name, generated.JSON())
	}
	for _, id := range []string{"Cow.kind", "Cow.litres", "Cow.calf", "Cow.herd", "Hen.mood", "Farm.parent", "Farm.seal", "Farm.notes"} {
		assert.True(t, seen[id], id)
	}
}

func TestGenerate_HasEveryForm(t *testing.T) {
	t.Parallel()
	_, schema := farmSchema(t)
	names := map[string]bool{}
	texts := ""
	for _, generated := range body.Generate(schema) {
		assert.False(t, names[generated.Name], "twice: %s", generated.Name)
		names[generated.Name] = true
		texts += string(generated.JSON())
	}
	for _, form := range []string{`"calm"`, `"wild"`, `"spring"`, `"autumn"`, `"cow"`, `"hen"`, `"notes":null`, `"notes":true`, `"parent":null`, "漢字", "somethingNew"} {
		assert.Contains(t, texts, form)
	}
}

func TestMissing_SeesWhatIsLost(t *testing.T) {
	t.Parallel()
	type inner struct {
		B []any `json:"b"`
	}
	type value struct {
		A      inner               `json:"a"`
		T      pulumiapi.Timestamp `json:"t"`
		S      pulumiapi.Secret    `json:"s"`
		Raw    json.RawMessage     `json:"raw,omitempty"`
		hidden pulumiapi.Secret
	}
	moment := pulumiapi.Timestamp{Time: time.Unix(1612481387, 0)}
	right := value{A: inner{[]any{1, "x"}}, T: moment, S: pulumiapi.NewSecret("hush"), hidden: pulumiapi.NewSecret("psst")}
	want, err := spec.DecodeJSON([]byte(`{"a":{"b":[1,"x"]},"t":1612481387,"s":"hush","n":null,"z":{"y":[],"x":0}}`))
	require.NoError(t, err)
	missing, err := body.Missing(want, right)
	require.NoError(t, err)
	assert.Empty(t, missing)

	for path, change := range map[string]func(*value){
		"$.a.b[0]: want 1, got 2":   func(v *value) { v.A.B = []any{2, "x"} },
		"$.a.b[0]: want 1, got 1":   func(v *value) { v.A.B = []any{"1", "x"} },
		"$.a.b[1]: want x, got <ni": func(v *value) { v.A.B = []any{1} },
		"$.t: want 1612481387":      func(v *value) { v.T = pulumiapi.Timestamp{Time: time.Unix(1, 0)} },
		"$.s: want hush":            func(v *value) { v.S = pulumiapi.NewSecret("other") },
	} {
		wrong := right
		change(&wrong)
		missing, err := body.Missing(want, wrong)
		require.NoError(t, err)
		require.Len(t, missing, 1, path)
		assert.Contains(t, missing[0], path)
	}
	missing, err = body.Missing(map[string]any{"a": map[string]any{"b": "list"}}, right)
	require.NoError(t, err)
	assert.Len(t, missing, 1)
	_, err = body.Missing(nil, func() {})
	require.Error(t, err)
}

func TestLists_AreTheArrays(t *testing.T) {
	t.Parallel()
	_, schema := farmSchema(t)
	assert.Equal(t, []string{"animals"}, body.Lists(schema))
	assert.Empty(t, body.Lists(openapi3.NewStringSchema()))
}
