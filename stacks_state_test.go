package pulumiapi_test

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/internal/testkit"
)

// oddDeployments are JSON that a decoder and an encoder would not leave as it is.
var oddDeployments = map[string]string{
	"escapes":           `{"a":"\u003c\u0041\/\ud83c\udf79","\u0062":"\ud800"}`,
	"odd white space":   "{ \"a\" :\t[ 1 ,\r\n 2 ] , \"b\":{ } }",
	"big numbers":       `{"a":123456789012345678901234567890,"b":1.0000000000000000001,"c":1e400,"d":-0}`,
	"text not in UTF-8": "{\"a\":\"\xff\xfe\",\"b\xc3\":1}",
	"names twice":       `{"a":1,"a":2,"z":0,"b":1}`,
	"HTML":              `{"a":"<script>&amp;</script>\u2028"}`,
}

func TestStacks_Export_KeepsTheBytes(t *testing.T) {
	t.Parallel()
	for name, deployment := range oddDeployments {
		client, _ := testkit.Client(t, func(int, *http.Request) (*http.Response, error) {
			return testkit.Respond(http.StatusOK, []byte(`{"version":3,"deployment": `+deployment+` ,"features":["a"]}`)), nil
		})
		state, err := client.Stacks.Export(t.Context(), testkit.Prod)
		require.NoError(t, err, "Stacks.Export of %s", name)
		assert.Equal(t, deployment, string(state.Deployment), name)
		assert.Equal(t, 3, state.Version)
		assert.Equal(t, []string{"a"}, state.Features)
	}
}

func TestStacks_Import_SendsTheBytes(t *testing.T) {
	t.Parallel()
	for name, deployment := range oddDeployments {
		for features, member := range map[string]string{"": "", "a,b": `"features":["a","b"],`} {
			var sent string
			client, _ := sendingClient(t, &sent, `{"updateId":"938cd018"}`)
			state := pulumiapi.StackState{Version: 4, Deployment: json.RawMessage(deployment)}
			if features != "" {
				state.Features = strings.Split(features, ",")
			}
			result, err := client.Stacks.Import(t.Context(), testkit.Prod, state)
			require.NoError(t, err, "Stacks.Import of %s", name)
			assert.Equal(t, "938cd018", result.UpdateID)
			assert.Equal(t, `{"version":4,`+member+`"deployment":`+deployment+`}`, sent, name)
		}
	}
}

// sendingClient returns a client whose server answers with answer, and keeps
// the last request's body in sent.
func sendingClient(t *testing.T, sent *string, answer string) (*pulumiapi.Client, *http.Client) {
	t.Helper()
	hc := &http.Client{Transport: testkit.RoundTripperFunc(func(req *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(req.Body)
		*sent = string(body)
		return testkit.Respond(http.StatusOK, []byte(answer)), err
	})}
	client, err := pulumiapi.NewClient(pulumiapi.WithToken("pul-test"), pulumiapi.WithHTTPClient(hc))
	require.NoError(t, err)
	return client, hc
}

func TestStacks_Import_RefusesWhatIsNoState(t *testing.T) {
	t.Parallel()
	client, s := testkit.Client(t, func(int, *http.Request) (*http.Response, error) {
		return testkit.Respond(http.StatusOK, []byte(`{"updateId":"938cd018"}`)), nil
	})
	for name, state := range map[string]pulumiapi.StackState{
		"state.Version":    {Deployment: json.RawMessage(`{}`)},
		"state.Deployment": {Version: 3},
		"state.Features":   {Version: 3, Deployment: json.RawMessage(`{}`), Features: []string{"\xff"}},
	} {
		_, err := client.Stacks.Import(t.Context(), testkit.Prod, state)
		var wrong *pulumiapi.ArgumentError
		require.ErrorAs(t, err, &wrong, name)
		assert.Equal(t, name, wrong.Name)
	}
	for _, garbage := range []string{`{"a":`, `{}{}`, `nonsense`, `{"a":1},"version":9`, ``, ` `} {
		_, err := client.Stacks.Import(t.Context(), testkit.Prod, pulumiapi.StackState{Version: 3, Deployment: json.RawMessage(garbage)})
		var wrong *pulumiapi.ArgumentError
		require.ErrorAs(t, err, &wrong, "Stacks.Import of %q", garbage)
	}
	assert.Empty(t, s.Sent())
}

func TestStackState_Decode(t *testing.T) {
	t.Parallel()
	var state pulumiapi.StackState
	require.NoError(t, json.Unmarshal(testkit.Fixture(t, "stacks_export.json"), &state))
	snapshot, err := state.Decode()
	require.NoError(t, err)
	assert.Empty(t, testkit.MissingLeaves(t, testkit.DecodeAny(t, state.Deployment), snapshot), "lost of the documentation's state")
	require.Len(t, snapshot.Resources, 3)
	assert.Equal(t, "aws:ec2/vpc:Vpc", snapshot.Resources[2].Type)
	assert.Equal(t, "v2.22.0", snapshot.Manifest.Version)
	assert.Equal(t, "service", snapshot.SecretsProvider.Type)
}

// everyStateField is a state with every field of the description's schema.
const everyStateField = `{
	"manifest": {"time": "2026-01-02T03:04:05.678+01:00", "magic": "m", "version": "v3", "plugins": [
		{"name": "aws", "path": "/p", "type": "resource", "version": "6.0.0"}]},
	"secrets_providers": {"type": "service", "state": {"url": "u", "deep": [1, null]}},
	"resources": [{
		"urn": "urn:1", "custom": true, "delete": true, "id": "i", "type": "t", "inputs": {"a": {"b": 1}}, "outputs": {"c": [2]},
		"parent": "urn:0", "protect": true, "taint": true, "external": true, "dependencies": ["urn:2"], "initErrors": ["e"],
		"provider": "p::1", "propertyDependencies": {"x": ["urn:3"]}, "pendingReplacement": true,
		"additionalSecretOutputs": ["s"], "aliases": ["al"], "customTimeouts": {"create": 1.5, "update": 2, "delete": 3, "read": 4},
		"importID": "imp", "retainOnDelete": true, "deletedWith": "dw", "replaceWith": ["rw"],
		"created": "2026-01-02T03:04:05Z", "modified": "2026-01-03T03:04:05.5Z", "sourcePosition": "sp",
		"stackTrace": [{"sourcePosition": "st"}], "ignoreChanges": ["ic"], "hideDiff": ["hd"], "replaceOnChanges": ["roc"],
		"replacementTrigger": {"r": 1}, "refreshBeforeUpdate": true, "viewOf": "vo", "resourceHooks": {"after-create": ["h"]},
		"extensionRef": "er", "snippetID": "si"}],
	"pending_operations": [{"resource": {"urn": "urn:4", "custom": true, "type": "t"}, "type": "creating"}],
	"metadata": {"integrity_error": {"version": "v", "command": "c", "error": "e", "env_vars": {"PULUMI_X": "1"}}},
	"snippets": [{"uuid": "u", "name": "n", "type": "t", "code": "c", "references": {"r": "urn:5"}, "descriptor": {
		"name": "d", "version": "1", "downloadURL": "du", "parameterization": {"name": "pn", "version": "pv", "value": "aGVsbG8="}}}],
	"extensions": {"er": {"name": "en", "version": "ev", "value": "d29ybGQ="}}
}`

func TestStackState_Decode_EveryField(t *testing.T) {
	t.Parallel()
	for _, version := range []int{3, 4} {
		state := pulumiapi.StackState{Version: version, Deployment: json.RawMessage(everyStateField)}
		snapshot, err := state.Decode()
		require.NoError(t, err, "version %d", version)
		assert.Empty(t, testkit.MissingLeaves(t, testkit.DecodeAny(t, state.Deployment), snapshot))
		assert.Equal(t, "hello", string(snapshot.Snippets[0].Descriptor.Parameterization.Value))
	}
}

func TestStackState_Decode_RefusesWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	for version, want := range map[int]string{0: "version 0", 1: "version 1", 2: "version 2", 5: "version 5"} {
		state := pulumiapi.StackState{Version: version, Deployment: json.RawMessage(`{}`)}
		_, err := state.Decode()
		require.ErrorContains(t, err, want)
	}
	for deployment, want := range map[string]string{
		"": "no deployment", "\tnull\n": "no deployment", "[]": "stack state", `{"resources":{}}`: "stack state",
	} {
		state := pulumiapi.StackState{Version: 3, Deployment: json.RawMessage(deployment)}
		_, err := state.Decode()
		require.ErrorContains(t, err, want, "deployment %q", deployment)
	}
}

func TestStacks_Transfer_NeedsAnOrganization(t *testing.T) {
	t.Parallel()
	client, s := testkit.Client(t, func(int, *http.Request) (*http.Response, error) { return testkit.Respond(204, nil), nil })
	var wrong *pulumiapi.ArgumentError
	require.ErrorAs(t, client.Stacks.Transfer(t.Context(), testkit.Prod, ""), &wrong)
	assert.Equal(t, "toOrg", wrong.Name)
	assert.Empty(t, s.Sent())
}

func TestStacks_Delete_SendsForceOnlyWhenAsked(t *testing.T) {
	t.Parallel()
	client, s := testkit.Client(t, func(int, *http.Request) (*http.Response, error) { return testkit.Respond(204, nil), nil })
	require.NoError(t, client.Stacks.Delete(t.Context(), testkit.Prod, nil))
	require.NoError(t, client.Stacks.Delete(t.Context(), testkit.Prod, &pulumiapi.StackDeleteOptions{Force: true}))
	assert.Empty(t, s.Sent()[0].URL.RawQuery)
	assert.Equal(t, "force=true", s.Sent()[1].URL.RawQuery)
}

func TestStacks_ImportFrom_SentAgainIfItCanSeek(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		state, _ := longState(10)
		for name, c := range map[string]struct {
			reader io.Reader
			sent   []string
		}{
			"a seeker": {strings.NewReader(state), []string{state, state}},
			"a stream": {io.MultiReader(strings.NewReader(state)), []string{state}},
		} {
			var sent []string
			client, err := pulumiapi.NewClient(pulumiapi.WithToken("pul-test"), pulumiapi.WithHTTPClient(&http.Client{
				Transport: testkit.RoundTripperFunc(func(req *http.Request) (*http.Response, error) {
					body, err := io.ReadAll(req.Body)
					sent = append(sent, string(body))
					if len(sent) == 1 {
						return nil, &net.OpError{Op: "dial", Err: errors.Join(errWire, err)}
					}
					return testkit.Respond(http.StatusOK, []byte(`{"updateId":"u1"}`)), nil
				}),
			}))
			require.NoError(t, err)
			imported, err := client.Stacks.ImportFrom(t.Context(), testkit.Prod, c.reader)
			assert.Equal(t, c.sent, sent, name)
			if len(c.sent) == 1 {
				require.ErrorIs(t, err, errWire, name)
				continue
			}
			require.NoError(t, err, name)
			assert.Equal(t, "u1", imported.UpdateID)
		}
	})
}

func TestStacks_ImportFrom_ReaderFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, client := testkit.NewCloud(t, 1)
		id := pulumiapi.StackIdentifier{Org: "acme", Project: "web", Stack: "stack-00"}
		require.NoError(t, srv.SetState(id.Org, id.Project, id.Stack, []byte(`{"kept":true}`), 3))
		state, _ := longState(2000)
		gone := errors.New("the disk is gone")
		_, err := client.Stacks.ImportFrom(t.Context(), id, io.MultiReader(strings.NewReader(state[:100_000]), iotest.ErrReader(gone)))
		var failed *pulumiapi.CallError
		require.ErrorAs(t, err, &failed)
		require.ErrorIs(t, err, gone)
		require.ErrorContains(t, err, "the request's body could not be read: the disk is gone")
		assert.Equal(t, 1, failed.Attempts)
		kept, err := client.Stacks.Export(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, `{"kept":true}`, string(kept.Deployment))
	})
}
