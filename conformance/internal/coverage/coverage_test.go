package coverage_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/conformance/internal/coverage"
	"github.com/pulumiapi/pulumiapi/conformance/internal/spec"
	"github.com/pulumiapi/pulumiapi/internal/source"
)

const description = `{
"openapi": "3.0.3", "info": {"title": "Farm", "version": "1"},
"paths": {
  "/api/cows": {
    "get": {"tags": ["Cows", "Animals"], "responses": {"204": {"description": "OK"}}},
    "post": {"tags": ["Cows"], "responses": {"204": {"description": "OK"}}}
  },
  "/api/hens": {
    "get": {"tags": ["Hens"], "deprecated": true, "responses": {"204": {"description": "OK"}}},
    "put": {"responses": {"204": {"description": "OK"}}}
  }
}}`

func TestReport_CountsAndLists(t *testing.T) {
	t.Parallel()
	s, err := spec.Parse([]byte(description), nil)
	require.NoError(t, err)
	src := &source.Source{Endpoints: []*source.Endpoint{
		{Operation: "GET /api/cows", Methods: []*source.Method{{Name: "Cows.List"}, {Name: "Cows.ListPage"}}},
		{Operation: "GET /api/hens", Methods: []*source.Method{{Name: "Hens.List"}}},
	}}
	report, err := coverage.Report(s, src)
	require.NoError(t, err)
	for _, part := range []string{
		"| Cows | 1 | 2 | 0 | 0 |\n| Hens | 0 | 0 | 1 | 1 |\n| Other | 0 | 1 | 0 | 0 |\n| **all** | 1 | 3 | 1 | 1 |\n",
		"\n## Cows\n\nCovered:\n\n- `GET /api/cows`: `Cows.List`, `Cows.ListPage`\n\nNot covered:\n\n- `POST /api/cows`\n",
		"\n## Other\n\nNot covered:\n\n- `PUT /api/hens`\n",
		"\n# Deprecated operations\n",
		"\n## Hens (deprecated)\n\nCovered:\n\n- `GET /api/hens`: `Hens.List`\n",
	} {
		assert.Contains(t, report, part)
	}
	again, err := coverage.Report(s, src)
	require.NoError(t, err)
	assert.Equal(t, report, again)
}
