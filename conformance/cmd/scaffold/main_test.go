package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const description = `{"openapi":"3.0.3","info":{"title":"a","version":"1"},"paths":{
	"/api/user/stacks":{"get":{"responses":{"204":{"description":"OK"}}}},
	"/api/cows":{"get":{"responses":{"204":{"description":"OK"}}}}}}`

func TestRun_PrintsADraft(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	file := filepath.Join(folder, "description.json")
	require.NoError(t, os.WriteFile(file, []byte(description), 0o600))
	exceptions := filepath.Join(folder, "exceptions.txt")
	require.NoError(t, os.WriteFile(exceptions, nil, 0o600))
	for _, test := range []struct {
		args           []string
		status         int
		stdout, stderr string
	}{
		{[]string{"GET /api/cows"}, 0, `Template: "/api/cows"`, ""},
		{[]string{"-service", "Farm", "-method", "Count", "GET /api/cows"}, 0, "func (s *FarmService) Count(ctx context.Context) error {", ""},
		{[]string{"GET /api/user/stacks"}, 2, "", "the package has GET /api/user/stacks"},
		{[]string{"GET /api/hens"}, 2, "", "no operation GET /api/hens"},
		{[]string{"-exceptions", filepath.Join(folder, "nowhere"), "GET /api/cows"}, 2, "", "nowhere"},
		{[]string{"-openapi", "", "GET /api/cows"}, 2, "", "neither -openapi nor PULUMI_OPENAPI"},
		{nil, 2, "", "name one operation"},
		{[]string{"-unheard-of"}, 2, "", "flag provided but not defined"},
		{[]string{"-h"}, 0, "", "Scaffold prints"},
	} {
		var stdout, stderr bytes.Buffer
		status := run(append([]string{"-openapi", file, "-exceptions", exceptions}, test.args...), &stdout, &stderr)
		assert.Equal(t, test.status, status, "%q: %s", test.args, &stderr)
		assert.Contains(t, stdout.String(), test.stdout, "%q", test.args)
		assert.Contains(t, stderr.String(), test.stderr, "%q", test.args)
	}
}
