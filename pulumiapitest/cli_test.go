package pulumiapitest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

// cliFolder holds what Pulumi's own CLI, version 3.230.0 with the YAML language host
// 1.25.0, sent to a Server: a file for each command. TestCLI_RecordedConversation can
// record them again, see cli_record_test.go. The program has outputs only, so that it
// needs no provider, and "pulumi stack import" is how it imports.
const cliFolder = "testdata/cli"

// cliCommand is a command of the CLI, and what it sent.
type cliCommand struct {
	Command  string       `json:"command"`
	ExitCode int          `json:"exitCode"`
	Requests []cliRequest `json:"requests"`
}

// cliRequest is a request of the CLI, and the status of the response. The IDs of
// updates are written as their names, see cliUpdate.
type cliRequest struct {
	Method          string          `json:"method"`
	Path            string          `json:"path"`
	Authorization   string          `json:"authorization"` // token or update-token
	ContentEncoding string          `json:"contentEncoding,omitempty"`
	Body            json.RawMessage `json:"body,omitempty"`
	Status          int             `json:"status"`
}

// What the CLI sends with every request.
const (
	cliAccept      = "application/vnd.pulumi+8"
	cliContentType = "application/json"
)

// cliUpdate returns the name of the n-th update that the server has made.
func cliUpdate(n int) string { return fmt.Sprintf("{update-%d}", n) }

// cliUpdateID returns the ID of an update that a response brings, or "".
func cliUpdateID(response string) string {
	var update struct {
		UpdateID string `json:"updateID"` // or updateId: names are matched in any case
	}
	if json.Unmarshal([]byte(response), &update) != nil {
		return ""
	}
	return update.UpdateID
}

func TestCLI_RecordedConversation(t *testing.T) {
	t.Parallel()
	if *recordWith != "" {
		recordCLI(t, *recordWith)
	}
	srv := pulumiapitest.NewServer(pulumiapitest.ForTest(t))
	require.NoError(t, srv.AddOrganization("acme"))
	replay := &cliReplay{srv: srv, leases: map[string]string{}}
	const (
		dev    = "/api/stacks/acme/web/dev"
		prod   = "/api/stacks/acme/web/prod"
		devURN = "urn:pulumi:dev::web::pulumi:pulumi:Stack::web-dev"
		urn    = "urn:pulumi:prod::web::pulumi:pulumi:Stack::web-prod"
	)
	for _, want := range []struct {
		file     string
		stack    string
		activity string                    // the kinds of all updates and previews, the newest first
		outputs  map[string]map[string]any // of the resources in the state, by URN
	}{
		{"01-stack-init", dev, "", map[string]map[string]any{}},
		{"02-stack-import", dev, "import", map[string]map[string]any{devURN: {"greeting": "good morning"}}},
		{"03-preview", dev, "Pupdate import", map[string]map[string]any{devURN: {"greeting": "good morning"}}},
		{"04-up", dev, "update Pupdate Pupdate import", map[string]map[string]any{devURN: {"greeting": "hello"}}},
		{"05-refresh", dev, "refresh Prefresh update Pupdate Pupdate import", map[string]map[string]any{devURN: {"greeting": "hello"}}},
		{"06-stack-rm", dev, "refresh Prefresh update Pupdate Pupdate import", map[string]map[string]any{devURN: {"greeting": "hello"}}},
		{"07-stack-rename", prod, "rename refresh Prefresh update Pupdate Pupdate import", map[string]map[string]any{urn: {"greeting": "hello"}}},
		{"08-up", prod, "update Pupdate rename refresh Prefresh update Pupdate Pupdate import", map[string]map[string]any{urn: {"greeting": "hello"}}},
		{"09-destroy", prod, "destroy Pdestroy update Pupdate rename refresh Prefresh update Pupdate Pupdate import", map[string]map[string]any{}},
		{"10-stack-rm", prod, "", nil},
	} {
		command := readCLICommand(t, want.file)
		for _, request := range command.Requests {
			replay.send(t, want.file, request)
		}
		if want.outputs == nil {
			requireError(t, srv, http.StatusNotFound, "not found", http.MethodGet, want.stack, "")
			continue
		}
		assert.Equal(t, want.activity, replay.activity(t, want.stack), want.file)
		assert.Equal(t, want.outputs, replay.outputs(t, want.stack), want.file)
		assert.Equal(t, map[string]string{
			"pulumi:project": "web", "pulumi:runtime": "yaml", "pulumi:description": "A program that has outputs only",
		}, stackTags(t, srv, want.stack), want.file)
	}
	files, err := filepath.Glob(filepath.Join(cliFolder, "*.json"))
	require.NoError(t, err)
	assert.Len(t, files, 10, "each is played")
}

func readCLICommand(t *testing.T, file string) cliCommand {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(cliFolder, file+".json"))
	require.NoError(t, err)
	var command cliCommand
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(&command), file)
	require.NotEmpty(t, command.Requests, file)
	return command
}

// cliReplay sends again what the CLI sent, with the IDs and leases of this server.
type cliReplay struct {
	srv     *pulumiapitest.Server
	updates []string          // IDs
	leases  map[string]string // by the ID of their update
}

func (r *cliReplay) send(t *testing.T, file string, recorded cliRequest) {
	t.Helper()
	path, body := recorded.Path, string(recorded.Body)
	for i, id := range slices.Backward(r.updates) {
		path, body = strings.ReplaceAll(path, cliUpdate(i+1), id), strings.ReplaceAll(body, cliUpdate(i+1), id)
	}
	if recorded.ContentEncoding != "" {
		require.Equal(t, "gzip", recorded.ContentEncoding)
		body = gzipped(t, body)
	}
	req := newRequest(t, r.srv, recorded.Method, path, body)
	req.Header.Set("Accept", cliAccept)
	req.Header.Set("Content-Type", cliContentType)
	if recorded.ContentEncoding != "" {
		req.Header.Set("Content-Encoding", recorded.ContentEncoding)
	}
	updateID := ""
	if segments := strings.Split(path, "/"); len(segments) > 7 {
		updateID = segments[7]
	}
	switch recorded.Authorization {
	case "token":
	case "update-token":
		require.NotEmpty(t, r.leases[updateID], "%s: %s", file, path)
		req.Header.Set("Authorization", "update-token "+r.leases[updateID])
	default:
		require.Fail(t, "unknown authorization", recorded.Authorization)
	}
	a, err := send(t, r.srv, req)
	require.NoError(t, err)
	require.Equal(t, recorded.Status, a.status, "%s: %s %s %s: %s", file, recorded.Method, path, recorded.Body, a.body)
	if id := cliUpdateID(a.body); id != "" {
		r.updates = append(r.updates, id)
	}
	var lease struct {
		Token string `json:"token"`
	}
	if json.Unmarshal([]byte(a.body), &lease) == nil && lease.Token != "" {
		r.leases[updateID] = lease.Token
	}
}

// activity returns the kinds of a stack's updates and previews, all of which have
// succeeded.
func (r *cliReplay) activity(t *testing.T, stack string) string {
	t.Helper()
	list := getJSON[struct {
		Activity []struct {
			Update struct {
				Info struct{ Kind, Result string }
			}
		}
	}](t, r.srv, stack+"/activity?page=1&pageSize=100")
	var kinds []string
	for _, activity := range list.Activity {
		assert.Equal(t, "succeeded", activity.Update.Info.Result, stack)
		kinds = append(kinds, activity.Update.Info.Kind)
	}
	return strings.Join(kinds, " ")
}

// outputs returns what the resources in a stack's state have put out.
func (r *cliReplay) outputs(t *testing.T, stack string) map[string]map[string]any {
	t.Helper()
	state := getJSON[struct {
		Deployment struct {
			Resources []struct {
				URN     string
				Outputs map[string]any
			}
		}
	}](t, r.srv, stack+"/export")
	outputs := map[string]map[string]any{}
	for _, resource := range state.Deployment.Resources {
		outputs[resource.URN] = resource.Outputs
	}
	return outputs
}
