package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
)

const description = `{"openapi":"3.0.3","info":{"title":"a","version":"1"},"paths":{"/api/cows":{"get":{"responses":{"204":{"description":"OK"}}}}}}`

func serve(t *testing.T, status int, body string) []pulumiapi.Option {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "/cloud/api/openapi/pulumi-spec.json", r.URL.Path)
		assert.Equal(t, "token pul-x", r.Header.Get("Authorization"))
		w.WriteHeader(status)
		_, err := w.Write([]byte(body))
		assert.NoError(t, err)
	}))
	t.Cleanup(server.Close)
	return []pulumiapi.Option{
		pulumiapi.WithBaseURL(server.URL + "/cloud"), pulumiapi.WithToken("pul-x"),
		pulumiapi.WithRetry(pulumiapi.RetryPolicy{MaxAttempts: 1}),
	}
}

func TestRun_GetsTheDescription(t *testing.T) {
	t.Parallel()
	options := serve(t, http.StatusOK, description)
	var stdout, stderr bytes.Buffer
	assert.Equal(t, 0, run(t.Context(), nil, &stdout, &stderr, options...), stderr.String())
	assert.JSONEq(t, description, stdout.String())

	file := filepath.Join(t.TempDir(), "openapi.json")
	assert.Equal(t, 0, run(t.Context(), []string{"-o", file}, &stdout, &stderr, options...), stderr.String())
	written, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.JSONEq(t, description, string(written))
}

func TestRun_SaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		args    []string
		options []pulumiapi.Option
		status  int
		says    string
	}{
		"help":           {[]string{"-h"}, nil, 0, "Exit status"},
		"flag":           {[]string{"-x"}, nil, 2, "-x"},
		"argument":       {[]string{"more"}, nil, 2, `unexpected argument "more"`},
		"no credentials": {nil, nil, 1, "no access token"},
		"refused":        {nil, serve(t, http.StatusUnauthorized, `{"code":401,"message":"who are you"}`), 1, "401: who are you"},
		"a page":         {nil, serve(t, http.StatusOK, "<html>sign in</html>"), 1, "no description"},
	} {
		var stdout, stderr bytes.Buffer
		assert.Equal(t, test.status, run(t.Context(), test.args, &stdout, &stderr, test.options...), name)
		assert.Contains(t, stderr.String(), test.says, name)
		assert.Empty(t, stdout.String(), name)
	}
}
