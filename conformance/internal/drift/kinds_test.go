package drift_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/conformance/internal/drift"
	"github.com/pulumiapi/pulumiapi/conformance/internal/spec"
	"github.com/pulumiapi/pulumiapi/internal/source"
)

// everyKind is a description that says something of each kind. The method is one that
// the package has, so that its fields are found.
const everyKind = `{
"openapi": "3.0.3", "info": {"title": "A part of the service", "version": "1"},
"paths": {
  "/api/user/tokens": {"post": {
    "parameters": [
      {"in": "query", "name": "reason", "schema": {"type": "string", "maxLength": 20, "default": "none"}},
      {"in": "query", "name": "labels", "schema": {"type": "array", "items": {"type": "string", "enum": ["a"]}}, "style": "spaceDelimited", "explode": false},
      {"in": "header", "name": "X-Reason", "schema": {"type": "string"}}
    ],
    "requestBody": {"required": true, "content": {"application/json": {"schema": {"type": "object", "required": ["description"], "properties": {
      "description": {"type": "string", "minLength": 1, "maxLength": 100, "pattern": "^[a-z]"},
      "expires": {"type": "integer", "format": "int64", "minimum": 0, "maximum": 10, "exclusiveMaximum": true, "multipleOf": 2},
      "rights": {"type": "array", "minItems": 1, "maxItems": 3, "uniqueItems": true, "items": {"type": "object", "properties": {"right": {"type": "string", "enum": ["read"]}}}}
    }}}}},
    "responses": {
      "200": {"description": "OK", "headers": {"X-Left": {"schema": {"type": "integer"}}}, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Created"}}}},
      "400": {"description": "No", "content": {"application/json": {"schema": {"type": "object", "properties": {"message": {"type": "string"}}}}}}
    }
  }},
  "/api/hens": {"post": {
    "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Hen"}}}},
    "responses": {"204": {"description": "OK"}}
  }}
},
"components": {"schemas": {
  "Created": {"type": "object", "additionalProperties": false, "minProperties": 1, "properties": {
    "id": {"type": "string", "nullable": true}, "tokenValue": {"type": "string", "default": "x", "writeOnly": true},
    "tags": {"type": "object", "additionalProperties": {"type": "string", "maxLength": 256}},
    "mood": {"$ref": "#/components/schemas/Mood"}, "shape": {"$ref": "#/components/schemas/Shape"},
    "either": {"oneOf": [{"type": "string"}, {"type": "integer"}]}
  }},
  "Mood": {"type": "string", "enum": ["calm"], "default": "calm"},
  "Shape": {"type": "object", "required": ["kind", "sort"], "discriminator": {"propertyName": "kind", "mapping": {"round": "#/components/schemas/Round"}},
    "properties": {"kind": {"type": "string"}, "sort": {"type": "string"}}},
  "Round": {"allOf": [{"$ref": "#/components/schemas/Shape"}, {"type": "object", "properties": {"radius": {"type": "number"}}}]},
  "Hen": {"type": "object", "properties": {"eggs": {"type": "integer", "maximum": 300}}}
}}}`

func compareKinds(t *testing.T, old, replacement string) []drift.Change {
	t.Helper()
	require.Equal(t, 1, strings.Count(everyKind, old), old)
	before, err := spec.Parse([]byte(everyKind), nil)
	require.NoError(t, err)
	after, err := spec.Parse([]byte(strings.Replace(everyKind, old, replacement, 1)), nil)
	require.NoError(t, err, replacement)
	method := &source.Method{Name: "Tokens.Create", Operations: []string{"POST /api/user/tokens"}}
	covered, err := drift.FindCovered(&source.Source{
		Endpoints: []*source.Endpoint{{Operation: "POST /api/user/tokens", Methods: []*source.Method{method}}},
		Methods:   []*source.Method{method},
	}, before, after)
	require.NoError(t, err)
	changes := drift.Compare(before, after)
	covered.Mark(changes)
	return changes
}

// Whatever a description says about the wire, a change of it is told, with the methods
// that it touches.
func TestCompare_TellsEveryKind(t *testing.T) {
	t.Parallel()
	const (
		create   = "Tokens.Create"
		body     = "body of POST /api/user/tokens as application/json"
		property = "changed property "
	)
	for _, test := range []struct {
		kind, old, replacement, change string
		touches                        []string
	}{
		{"required body", `"required": true, "content"`, `"content"`, "changed body of POST /api/user/tokens: required -> nothing", []string{create}},

		{"inline body: type", `"description": {"type": "string", `, `"description": {"type": "array", "items": {"type": "string"}, `, property + `description of ` + body + `: string, required, maxLength 100, minLength 1, pattern "^[a-z]" -> list of string, required, maxLength 100, minLength 1, pattern "^[a-z]"`, []string{"AccessTokenCreateRequest.Description", create}},
		{"inline body: new property", `"expires": {"type": "integer",`, `"admin": {"type": "boolean"}, "expires": {"type": "integer",`, "added property admin of " + body + ": boolean", []string{create}},
		{"inline body: required", `"required": ["description"], `, ``, "", []string{"AccessTokenCreateRequest.Description", create}},
		{"inline body: nested value", `"enum": ["read"]`, `"enum": ["read", "write"]`, `added value "write" of rights[].right of ` + body, []string{create}},
		{"inline response", `"message": {"type": "string"}`, `"message": {"type": "integer"}`, property + "message of response 400 of POST /api/user/tokens as application/json: string -> integer", []string{create}},

		{"nullable", `"type": "string", "nullable": true`, `"type": "string"`, property + "Created.id: string, nullable -> string", []string{"CreatedAccessToken.ID", create}},

		{"limit: maxLength", `"maxLength": 100`, `"maxLength": 99`, "", []string{"AccessTokenCreateRequest.Description", create}},
		{"limit: minLength", `"minLength": 1, `, ``, "", []string{"AccessTokenCreateRequest.Description", create}},
		{"limit: minimum", `"minimum": 0`, `"minimum": 1`, "", []string{create}},
		{"limit: maximum", `"maximum": 10`, `"maximum": 11`, "", []string{create}},
		{"limit: exclusiveMaximum", `, "exclusiveMaximum": true`, ``, "", []string{create}},
		{"limit: multipleOf", `"multipleOf": 2`, `"multipleOf": 3`, "", []string{create}},
		{"limit: minItems", `"minItems": 1`, `"minItems": 2`, "", []string{create}},
		{"limit: maxItems", `"maxItems": 3`, `"maxItems": 4`, "", []string{create}},
		{"limit: uniqueItems", `"uniqueItems": true, `, ``, "", []string{create}},
		{"limit: minProperties", `"minProperties": 1`, `"minProperties": 2`, "changed schema Created: additionalProperties false, minProperties 1 -> additionalProperties false, minProperties 2", []string{"CreatedAccessToken", create}},
		{"limit: of a map's values", `"maxLength": 256`, `"maxLength": 255`, property + "Created.tags: map of (string, maxLength 256) -> map of (string, maxLength 255)", []string{"CreatedAccessToken", create}},
		{"limit: of a parameter", `"maxLength": 20`, `"maxLength": 21`, "changed query parameter reason of POST /api/user/tokens: string, default \"none\", maxLength 20 -> string, default \"none\", maxLength 21", []string{create}},
		{"pattern", `"^[a-z]"`, `"^[A-Z]"`, "", []string{"AccessTokenCreateRequest.Description", create}},

		{"discriminator", `"propertyName": "kind"`, `"propertyName": "sort"`, "changed discriminator of Shape: kind -> sort", []string{create}},
		{"variant", `"round": "#`, `"oval": "#`, `added variant "oval" of Shape: Round`, []string{create}},

		{"additionalProperties", `"additionalProperties": false`, `"additionalProperties": true`, "changed schema Created: additionalProperties false, minProperties 1 -> additionalProperties, minProperties 1", []string{"CreatedAccessToken", create}},
		{"additionalProperties that are new", `"Hen": {"type": "object", `, `"Hen": {"type": "object", "additionalProperties": {"type": "string"}, `, "changed schema Hen: nothing -> map of string", nil},

		{"default of a parameter", `"default": "none"`, `"default": "some"`, "", []string{create}},
		{"default of a property", `"default": "x"`, `"default": "y"`, property + `Created.tokenValue: string, default "x", writeOnly -> string, default "y", writeOnly`, []string{"CreatedAccessToken.TokenValue", create}},
		{"default of a schema", `"default": "calm"`, `"default": null`, `changed schema Mood: string, default "calm" -> string`, []string{create}},

		{"style", `"spaceDelimited"`, `"pipeDelimited"`, "changed query parameter labels of POST /api/user/tokens: list of string, style spaceDelimited, explode false -> list of string, style pipeDelimited, explode false", []string{create}},
		{"explode", `"style": "spaceDelimited", "explode": false`, `"explode": false`, "changed query parameter labels of POST /api/user/tokens: list of string, style spaceDelimited, explode false -> list of string, style form, explode false", []string{create}},

		{"value of a schema", `"enum": ["calm"]`, `"enum": ["calm", "wild"]`, `added value "wild" of Mood`, []string{create}},
		{"value of a parameter's elements", `"enum": ["a"]`, `"enum": ["a", "b"]`, `added value "b" of [] of query parameter labels of POST /api/user/tokens`, []string{create}},
		{"type of a schema", `"Mood": {"type": "string", "enum": ["calm"], "default": "calm"}`, `"Mood": {"type": "integer"}`, `changed schema Mood: string, default "calm" -> integer`, []string{create}},
		{"writeOnly", `, "writeOnly": true`, ``, "", []string{"CreatedAccessToken.TokenValue", create}},
		{"oneOf", `[{"type": "string"}, {"type": "integer"}]`, `[{"type": "string"}]`, "", []string{"CreatedAccessToken", create}},
		{"header of a response", `"X-Left": {"schema": {"type": "integer"}}`, `"X-Left": {"schema": {"type": "string"}}`, "changed header X-Left of response 200 of POST /api/user/tokens: integer -> string", []string{create}},
		{"header of a request", `"name": "X-Reason"`, `"name": "X-Reason", "required": true`, "changed header parameter X-Reason of POST /api/user/tokens: string -> string, required", []string{create}},
		{"security", `"/api/user/tokens": {"post": {`, `"/api/user/tokens": {"post": {"security": [], `, "changed operation POST /api/user/tokens: nothing -> security []", []string{create}},
		{"limit of what is not covered", `"maximum": 300`, `"maximum": 301`, property + "Hen.eggs: integer, maximum 300 -> integer, maximum 301", nil},
	} {
		t.Run(test.kind, func(t *testing.T) {
			t.Parallel()
			changes := compareKinds(t, test.old, test.replacement)
			require.NotEmpty(t, changes)
			touches := map[string][]string{}
			for _, change := range changes {
				touches[change.String()] = change.Touches
			}
			if test.change == "" {
				require.Len(t, changes, 1)
				test.change = changes[0].String()
			}
			require.Contains(t, touches, test.change)
			assert.Equal(t, test.touches, touches[test.change], test.change)
		})
	}
}

// What says the same in other words is no change, nor are descriptions and examples.
func TestCompare_SaysNothingOfWhatIsTheSame(t *testing.T) {
	t.Parallel()
	for old, replacement := range map[string]string{
		`"name": "reason", `:                      `"name": "reason", "style": "form", "explode": true, "description": "d", "example": "e", `,
		`{"type": "string", "nullable": true}`:    `{"type": "string", "nullable": true, "description": "d", "example": "e", "x-order": 1}`,
		`"Hen": {"type": "object", `:              `"Hen": {"type": "object", "description": "d", "x-order": 1, `,
		`"/api/hens": {"post": {`:                 `"/api/hens": {"post": {"summary": "s", "operationId": "o", "tags": ["t"], `,
		`"requestBody": {"content"`:               `"requestBody": {"required": false, "description": "d", "content"`,
		`"eggs": {"type": "integer", `:            `"eggs": {"type": "integer", "nullable": false, "deprecated": false, "minLength": 0, `,
		`"400": {"description": "No", `:           `"400": {"description": "Never", `,
		`"X-Left": {"schema"`:                     `"X-Left": {"description": "d", "style": "simple", "schema"`,
		`"name": "X-Reason", "schema"`:            `"name": "X-Reason", "explode": false, "schema"`,
		`"style": "spaceDelimited", "explode": f`: `"explode": false, "style": "spaceDelimited", "allowReserved": f`,
	} {
		assert.Empty(t, compareKinds(t, old, replacement), replacement)
	}
}
