package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const description = `{"openapi":"3.0.3","info":{"title":"a","version":"1"},"paths":{
	"/api/user/stacks":{"get":{"parameters":[{"in":"query","name":"project","schema":{"type":"string"}}],"responses":{"204":{"description":"OK"}}}},
	"/api/cows":{"get":{"responses":{"204":{"description":"OK"}}}}}}`

func TestRun_HasAStatusForCI(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(folder, name)
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		return file
	}
	old := write("old.json", description)
	cows := write("cows.json", strings.Replace(description, "cows", "hens", 1))
	touched := write("touched.json", strings.Replace(strings.Replace(description, `"project"`, `"projects"`, 1), "cows", "hens", 1))
	html := write("page.html", "<html></html>")
	exceptions := write("exceptions.txt", "# none\n")
	for _, test := range []struct {
		args   []string
		status int
		stdout []string
		stderr string
	}{
		{[]string{old, old}, 0, []string{"0 changes, 0 of them touch the package"}, ""},
		{[]string{old, cows}, 0, []string{"added operation GET /api/hens\n", "removed operation GET /api/cows\n", "2 changes, 0 of"}, ""},
		{[]string{old, touched}, 1, []string{
			"added query parameter projects of GET /api/user/stacks: string\n    touches Stacks.List, Stacks.ListPage\n", "GET /api/hens", "4 changes, 2 of",
		}, ""},
		{[]string{"-covered", old, touched}, 1, []string{"4 changes, 2 of"}, ""},
		{[]string{"-h"}, 0, nil, "Exit status"},
		{[]string{"-x"}, 2, nil, "-x"},
		{[]string{old}, 2, nil, "want two descriptions"},
		{[]string{old, filepath.Join(folder, "none")}, 2, nil, "none"},
		{[]string{html, old}, 2, nil, "page.html"},
	} {
		var stdout, stderr bytes.Buffer
		args := test.args
		if strings.HasPrefix(args[0], folder) {
			args = append([]string{"-exceptions", exceptions}, args...)
		}
		assert.Equal(t, test.status, run(args, &stdout, &stderr), test.args)
		for _, part := range test.stdout {
			assert.Contains(t, stdout.String(), part, test.args)
		}
		assert.Contains(t, stderr.String(), test.stderr, test.args)
		if test.args[0] == "-covered" {
			assert.NotContains(t, stdout.String(), "hens")
		}
	}
}
