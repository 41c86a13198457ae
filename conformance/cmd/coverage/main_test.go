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
	"/api/user/stacks":{"get":{"tags":["Users"],"responses":{"204":{"description":"OK"}}}}}}`

func TestRun_WritesAndCompares(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	file := filepath.Join(folder, "openapi.json")
	require.NoError(t, os.WriteFile(file, []byte(description), 0o600))
	report := filepath.Join(folder, "docs", "coverage.md")
	var stdout, stderr bytes.Buffer

	assert.Equal(t, 1, run([]string{"-openapi", file, "-o", report, "-check"}, &stdout, &stderr))
	assert.Contains(t, stderr.String(), "is out of date")
	assert.Equal(t, 0, run([]string{"-openapi", file, "-o", report}, &stdout, &stderr))
	assert.Equal(t, 0, run([]string{"-openapi", file, "-o", report, "-check"}, &stdout, &stderr))
	require.NoError(t, os.WriteFile(report, []byte("old"), 0o600))
	assert.Equal(t, 1, run([]string{"-openapi", file, "-o", report, "-check"}, &stdout, &stderr))
	assert.Empty(t, stdout.String())
	assert.Equal(t, 0, run([]string{"-openapi", file, "-o", "-"}, &stdout, &stderr))
	assert.Contains(t, stdout.String(), "- `GET /api/user/stacks`: `Stacks.List`, `Stacks.ListPage`")
}

func TestRun_SaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	none := filepath.Join(t.TempDir(), "none")
	for _, test := range []struct {
		args   []string
		status int
		says   string
	}{
		{[]string{"-h"}, 0, "Exit status"},
		{[]string{"-x"}, 2, "-x"},
		{[]string{"more"}, 2, `unexpected argument "more"`},
		{[]string{"-openapi", ""}, 2, "no description"},
		{[]string{"-openapi", none}, 2, "none"},
	} {
		var stdout, stderr bytes.Buffer
		assert.Equal(t, test.status, run(test.args, &stdout, &stderr), test.args)
		assert.Contains(t, stderr.String(), test.says, test.args)
	}
}
