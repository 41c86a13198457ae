package pulumiapitest_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

// To build the two programs, outside of this repository:
//
//	go mod init x
//	go get -tool github.com/pulumi/pulumi/pkg/v3/cmd/pulumi@v3.230.0
//	go get -tool github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml@v1.25.0
//	go build -trimpath -o FOLDER tool
//
// (in a module each, if they don't agree about their dependencies), and then here:
//
//	go test . -run TestCLI -record-with FOLDER
var recordWith = flag.String("record-with", "", "record the conversation of Pulumi's CLI anew, with the programs in this `folder`")

// cliCommands are what is recorded, by the names of the files, in the order in which
// they run.
var cliCommands = []struct {
	file, args string
	exitCode   int
}{
	{"01-stack-init", "stack init acme/dev", 0},
	{"02-stack-import", "stack import --file ../state.json", 0},
	{"03-preview", "preview", 0},
	{"04-up", "up --yes", 0},
	{"05-refresh", "refresh --yes", 0},
	{"06-stack-rm", "stack rm --yes", 1}, // the stack has resources
	{"07-stack-rename", "stack rename acme/web/prod", 0},
	{"08-up", "up --yes", 0},
	{"09-destroy", "destroy --yes", 0},
	{"10-stack-rm", "stack rm --yes", 0},
}

const (
	cliProgram = "name: web\nruntime: yaml\ndescription: A program that has outputs only\noutputs:\n  greeting: hello\n"
	cliState   = `{"version":3,"deployment":{"manifest":{"time":"2025-01-02T03:04:05Z","magic":"","version":""},"resources":[
		{"urn":"urn:pulumi:dev::web::pulumi:pulumi:Stack::web-dev","custom":false,"type":"pulumi:pulumi:Stack","outputs":{"greeting":"good morning"}}]}}`
)

// recordCLI runs the CLI against a server, and writes what it sends into the files.
func recordCLI(t *testing.T, folder string) {
	t.Helper()
	folder, err := filepath.Abs(folder)
	require.NoError(t, err)
	srv := pulumiapitest.NewServer(pulumiapitest.ForTest(t))
	require.NoError(t, srv.AddOrganization("acme"))
	recorder := &cliRecorder{t: t, srv: srv}
	front := httptest.NewServer(recorder)
	defer front.Close()
	base := front.URL + strings.TrimPrefix(pulumiapitest.BaseURL, "http://api.pulumi.test")

	home := t.TempDir()
	program := filepath.Join(home, "web")
	require.NoError(t, os.Mkdir(program, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(program, "Pulumi.yaml"), []byte(cliProgram), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(home, "state.json"), []byte(cliState), 0o600))
	for _, command := range cliCommands {
		recorder.requests = nil
		run := exec.CommandContext(t.Context(), filepath.Join(folder, "pulumi"), append(strings.Fields(command.args), "--non-interactive")...)
		run.Dir = program
		run.Env = []string{
			"PATH=" + folder, "HOME=" + home, "PULUMI_HOME=" + filepath.Join(home, ".pulumi"),
			"PULUMI_BACKEND_URL=" + base, "PULUMI_ACCESS_TOKEN=" + srv.Token(),
			"PULUMI_SKIP_UPDATE_CHECK=true", "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true",
		}
		output, err := run.CombinedOutput()
		if _, exited := errors.AsType[*exec.ExitError](err); !exited {
			require.NoError(t, err)
		}
		require.Equal(t, command.exitCode, run.ProcessState.ExitCode(), "pulumi %s: %s", command.args, output)
		recorder.write(command.file, cliCommand{
			Command: "pulumi " + command.args, ExitCode: run.ProcessState.ExitCode(), Requests: recorder.requests,
		}, strings.NewReplacer(base, pulumiapitest.BaseURL))
	}
}

// cliRecorder passes requests to the server, and keeps them.
type cliRecorder struct {
	t   *testing.T
	srv *pulumiapitest.Server

	mu       sync.Mutex
	requests []cliRequest
	updates  int
	names    []string // IDs of updates, each with the name that is written instead
}

func (r *cliRecorder) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	assert.NoError(r.t, err)
	assert.Equal(r.t, cliAccept, req.Header.Get("Accept"))
	assert.Equal(r.t, cliContentType, req.Header.Get("Content-Type"))
	_, path, _ := strings.Cut(req.RequestURI, "/pulumi-cloud")
	scheme, _, _ := strings.Cut(req.Header.Get("Authorization"), " ")
	recorded := cliRequest{
		Method: req.Method, Path: path, Authorization: scheme, ContentEncoding: req.Header.Get("Content-Encoding"), Body: r.plain(req, body),
	}
	r.mu.Lock() // one after the other, so that the order is that of the effects
	defer r.mu.Unlock()
	forwarded, err := http.NewRequestWithContext(req.Context(), req.Method, pulumiapitest.BaseURL+path, bytes.NewReader(body))
	assert.NoError(r.t, err)
	forwarded.Header = req.Header.Clone()
	forwarded.Header.Set("Accept-Encoding", "identity")
	a, err := send(r.t, r.srv, forwarded)
	assert.NoError(r.t, err)
	recorded.Status = a.status
	r.requests = append(r.requests, recorded)
	if id := cliUpdateID(a.body); id != "" {
		r.updates++
		r.names = append(r.names, id, cliUpdate(r.updates))
	}
	maps.Copy(w.Header(), a.header)
	w.WriteHeader(a.status)
	_, err = io.WriteString(w, a.body)
	assert.NoError(r.t, err)
}

func (r *cliRecorder) plain(req *http.Request, body []byte) []byte {
	if req.Header.Get("Content-Encoding") != "gzip" {
		return body
	}
	zip, err := gzip.NewReader(bytes.NewReader(body))
	if assert.NoError(r.t, err) {
		body, err = io.ReadAll(zip)
		assert.NoError(r.t, err)
	}
	return body
}

// write writes a file without what differs from machine to machine.
func (r *cliRecorder) write(file string, command cliCommand, replacer *strings.Replacer) {
	r.t.Helper()
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	require.NoError(r.t, encoder.Encode(command))
	scrubbed := strings.NewReplacer(r.names...).Replace(replacer.Replace(text.String()))
	require.NotContains(r.t, scrubbed, r.srv.Token())
	require.NotContains(r.t, scrubbed, "127.0.0.1")
	for _, machine := range []string{os.TempDir() + "/", "/pkg/mod/", "/root/", "/home/"} {
		require.NotContains(r.t, scrubbed, machine)
	}
	require.NoError(r.t, os.MkdirAll(cliFolder, 0o755))
	require.NoError(r.t, os.WriteFile(filepath.Join(cliFolder, file+".json"), []byte(scrubbed), 0o644))
}
