// Package operations_test holds the suites that look at every operation.
package operations_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/internal/testkit"
)

var update = flag.Bool("update", false, "write what the methods send into "+requestsFolder)

const (
	requestsFolder = "testdata/requests"
	howToUpdate    = "to write it: go test ./internal/tests/operations -run Requests -update"
)

// commonHeader is what most requests have. A request whose header differs shows it.
var commonHeader = http.Header{
	"Accept":          {"application/vnd.pulumi+8"},
	"Accept-Encoding": {"gzip"},
	"Authorization":   {"token " + testkit.Token},
	"Content-Type":    {"application/json"},
	"User-Agent":      {"pulumiapi/"}, // and the version
}

// TestRequests_AreAsRecorded compares what every method sends with its golden file.
func TestRequests_AreAsRecorded(t *testing.T) {
	t.Parallel()
	_, err := testkit.Operations() // before time stands still
	require.NoError(t, err)
	for _, m := range testkit.Methods() {
		t.Run(m.Name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { // where it is always the same time
				sendings, err := m.Sendings(t.Context())
				require.NoError(t, err, m.Name)
				got := recordOf(t, m.Name, sendings)
				file := fileOf(m.Name)
				if *update {
					require.NoError(t, os.WriteFile(file, []byte(got), 0o600))
					return
				}
				want, err := os.ReadFile(file)
				require.NoError(t, err, "%s; %s", m.Name, howToUpdate)
				assert.Equal(t, string(want), got, "%s sends something else than %s says; %s", m.Name, file, howToUpdate)
			})
		})
	}
}

// A file of a method that is gone is wrong.
func TestRequests_FilesAreOfMethods(t *testing.T) {
	t.Parallel()
	var want []string
	for _, name := range testkit.MethodNames() {
		want = append(want, fileOf(name))
	}
	files, err := filepath.Glob(filepath.Join(requestsFolder, "*"))
	require.NoError(t, err)
	for _, file := range files {
		if slices.Contains(want, filepath.ToSlash(file)) {
			continue
		}
		if *update {
			require.NoError(t, os.Remove(file))
			continue
		}
		assert.Fail(t, file+" is of no method", howToUpdate)
	}
}

func fileOf(method string) string { return requestsFolder + "/" + method + ".txt" }

// recordOf returns the golden file of a method.
func recordOf(t *testing.T, method string, sendings []testkit.Sending) string {
	t.Helper()
	var out strings.Builder
	fmt.Fprintf(&out, "# %s\n", method)
	seen := map[pulumiapi.Endpoint]bool{}
	for _, sending := range sendings {
		for _, request := range sending.Requests {
			if !seen[request.Endpoint] {
				seen[request.Endpoint] = true
				fmt.Fprintf(&out, "# %s: %s\n", request.Endpoint, traits(request.Endpoint))
			}
		}
	}
	for _, sending := range sendings {
		fmt.Fprintf(&out, "\n## %s\n", sending.With)
		for _, request := range sending.Requests {
			out.WriteString("\n" + textOf(t, request))
		}
	}
	return out.String()
}

// traits says what an endpoint's traits mean for its requests. The suites derive from
// them what to expect, so that a wrong one shows only here.
func traits(e pulumiapi.Endpoint) string {
	text := "reads"
	if testkit.Writes(e) {
		text = "writes"
	}
	if testkit.Resends(e) {
		return text + ", may be sent again"
	}
	return text + ", is sent once"
}

// textOf returns a request as text.
func textOf(t *testing.T, request testkit.Request) string {
	t.Helper()
	var out strings.Builder
	fmt.Fprintf(&out, "%s %s", request.Method, request.Path)
	if request.Query != "" {
		out.WriteString("?" + request.Query)
	}
	out.WriteString("\n" + headerText(request.Header))
	if len(request.Body) > 0 {
		out.WriteString(bodyText(t, request.Body) + "\n")
	}
	return out.String()
}

// headerText returns the lines of a header that are not common, and for common ones
// that are missing a line that begins with a minus.
func headerText(header http.Header) string {
	var lines []string
	for name, values := range header {
		common, ok := commonHeader[name]
		isSame := slices.Equal(values, common) || name == "User-Agent" && strings.HasPrefix(values[0], common[0])
		if !ok || !isSame {
			lines = append(lines, fmt.Sprintf("%s: %s\n", name, strings.Join(values, ", ")))
		}
	}
	for name := range commonHeader {
		if header[name] == nil {
			lines = append(lines, "-"+name+"\n")
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

// bodyText returns a body. JSON that is sent without white space is indented; other
// bodies are as they are.
func bodyText(t *testing.T, body []byte) string {
	t.Helper()
	var compact, indented bytes.Buffer
	if err := json.Compact(&compact, body); err != nil || !bytes.Equal(compact.Bytes(), body) {
		return string(body)
	}
	require.NoError(t, json.Indent(&indented, body, "", "  "))
	return indented.String()
}

// What records do not show would not be compared.
func TestRequests_RecordsShowEverything(t *testing.T) {
	t.Parallel()
	header := commonHeader.Clone()
	header.Set("Content-Type", "text/plain")
	header.Del("Authorization")
	header.Set("X-More", "1")
	request := testkit.Request{Method: "POST", Path: "/a%2Fb", Query: "q=1", Header: header, Body: []byte(`{ "spaced": 1 }`)}
	assert.Equal(t, "POST /a%2Fb?q=1\n-Authorization\nContent-Type: text/plain\nX-More: 1\n{ \"spaced\": 1 }\n", textOf(t, request))
	request = testkit.Request{Method: "GET", Path: "/a", Header: commonHeader, Body: []byte(`{"b":1.0}`)}
	assert.Equal(t, "GET /a\n{\n  \"b\": 1.0\n}\n", textOf(t, request))
}
