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

const description = `{
"openapi": "3.0.3", "info": {"title": "A part of the service", "version": "1"},
"paths": {
  "/api/user/stacks": {"get": {
    "parameters": [{"in": "query", "name": "project", "schema": {"type": "string"}}],
    "responses": {"200": {"description": "OK", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/List"}}}}}
  }},
  "/api/cows": {"get": {"responses": {"204": {"description": "OK"}}}}
},
"components": {"schemas": {
  "List": {"type": "object", "required": ["stacks"], "properties": {"stacks": {"type": "array", "items": {"$ref": "#/components/schemas/Summary"}}}},
  "Summary": {"type": "object", "properties": {
    "id": {"type": "string"}, "resourceCount": {"type": "integer"}, "mood": {"type": "string", "enum": ["calm"]}
  }},
  "Cow": {"type": "object", "properties": {"name": {"type": "string"}}}
}}}`

func compare(t *testing.T, old, replacement string) []drift.Change {
	t.Helper()
	require.Contains(t, description, old)
	before, err := spec.Parse([]byte(description), nil)
	require.NoError(t, err)
	after, err := spec.Parse([]byte(strings.Replace(description, old, replacement, 1)), nil)
	require.NoError(t, err)
	method := &source.Method{Name: "Stacks.ListPage", Operations: []string{"GET /api/user/stacks"}}
	covered, err := drift.FindCovered(&source.Source{
		Endpoints: []*source.Endpoint{{Operation: "GET /api/user/stacks", Methods: []*source.Method{method}}},
		Methods:   []*source.Method{method},
	}, before, after)
	require.NoError(t, err)
	changes := drift.Compare(before, after)
	covered.Mark(changes)
	return changes
}

func TestCompare_FindsWhatHasChanged(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		old, replacement, change string
		touches                  []string
	}{
		{`{"type": "integer"}`, `{"type": "string"}`, "changed property Summary.resourceCount: integer -> string", []string{"StackSummary.ResourceCount", "Stacks.ListPage"}},
		{`"resourceCount": {"type": "integer"}, `, ``, "removed property Summary.resourceCount: integer", []string{"StackSummary.ResourceCount", "Stacks.ListPage"}},
		{`"id": {"type": "string"}`, `"id": {"type": "string"}, "colour": {"type": "string"}`, "added property Summary.colour: string", []string{"StackSummary", "Stacks.ListPage"}},
		{`"enum": ["calm"]`, `"enum": ["calm", "wild"]`, `added value "wild" of Summary.mood`, []string{"StackSummary", "Stacks.ListPage"}},
		{`"required": ["stacks"], `, ``, "changed property List.stacks: list of Summary, required -> list of Summary", []string{"Stacks.ListPage"}},
		{`"name": "project", "schema": {"type": "string"}`, `"name": "project", "required": true, "schema": {"type": "string"}`, "changed query parameter project of GET /api/user/stacks: string -> string, required", []string{"Stacks.ListPage"}},
		{`"name": "project"`, `"name": "projects"`, "added query parameter projects of GET /api/user/stacks: string", []string{"Stacks.ListPage"}},
		{`"/api/user/stacks": {"get": {`, `"/api/user/stacks": {"get": {"deprecated": true, `, "changed operation GET /api/user/stacks: nothing -> deprecated", []string{"Stacks.ListPage"}},
		{`"/api/cows": {"get"`, `"/api/cows": {"put"`, "added operation PUT /api/cows", nil},
		{`"Cow": {"type": "object", "properties": {"name": {"type": "string"}}}`, `"Hen": {"type": "object", "properties": {"name": {"type": "string"}}}`, "added schema Hen", nil},
		{`"properties": {"name": {"type": "string"}}`, `"properties": {"name": {"type": "integer"}}`, "changed property Cow.name: string -> integer", nil},
	} {
		changes := compare(t, test.old, test.replacement)
		require.NotEmpty(t, changes, test.change)
		assert.LessOrEqual(t, len(changes), 2, "what belongs to %s goes without saying", test.change)
		touches := map[string][]string{}
		for _, change := range changes {
			touches[change.String()] = change.Touches
		}
		require.Contains(t, touches, test.change)
		assert.Equal(t, test.touches, touches[test.change], test.change)
	}
	assert.Empty(t, compare(t, "calm", "calm"))
}
