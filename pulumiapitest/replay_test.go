package pulumiapitest_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

// writeRecording writes a file with these exchanges, one on a line, from line 2 on.
func writeRecording(t *testing.T, exchanges ...string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "made-up.json")
	text := "{\"format\": 1, \"exchanges\": [\n" + strings.Join(exchanges, ",\n") + "\n]}"
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	return file
}

// recorded is a line of a recording: a request, and an answer with a text.
func recorded(method, url, body, answer string) string {
	if body != "" {
		body = `, "body": {"json": ` + body + `}`
	}
	return fmt.Sprintf(`{"request": {"method": %q, "url": %q%s}, "response": {"status": 200, "header": {}, "body": {"text": [%q]}}}`, method, url, body, answer)
}

func newPlainRequest(t *testing.T, method, url, body string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	return req
}

func TestReplay_SaysHowTheNearestDiffers(t *testing.T) {
	t.Parallel()
	const base = "https://pulumi.test/api"
	file := writeRecording(t,
		recorded("GET", base+"/user/stacks?organization=acme&maxResults=5", "", "stacks"),
		recorded("PATCH", base+"/stacks/acme/web/prod/tags/owner", `{"name": "owner", "value": "ada", "list": [1, {"a": "x"}]}`, "tag"),
		recorded("DELETE", base+"/stacks/acme/web/prod", "", "gone"),
		recorded("POST", base+"/orgs/acme/hooks", `{"secret": "scrubbed0007"}`, "hook"),
	)
	for _, test := range []struct{ method, url, body, want string }{
		{"GET", base + "/user/stacks?organization=acme-corp&maxResults=5", "", `:2, with another query: organization: "acme", not "acme-corp"`},
		{"GET", base + "/user/stacks?organization=acme", "", `:2, with another query: maxResults: "5", not left out`},
		{"GET", base + "/user/stacks?organization=acme&maxResults=5&a=1&a=2", "", `:2, with another query: a: left out, not "1" and "2"`},
		{"POST", base + "/user/stacks?organization=acme&maxResults=5", "", `:2, with another method: GET, not POST`},
		{"GET", "http://pulumi.test/api/user/stacks?organization=acme&maxResults=5", "", `:2, with another host: https://pulumi.test, not http://pulumi.test`},
		{"PATCH", base + "/stacks/acme/web/prod/tags/owner", `{"name": "owner", "value": "grace", "list": [1, {"a": "x"}]}`, `:3, with another body.value: "ada", not "grace"`},
		{"PATCH", base + "/stacks/acme/web/prod/tags/owner", `{"name": "owner", "value": "ada", "list": [1, {"a": "y"}]}`, `:3, with another body.list[1].a: "x", not "y"`},
		{"PATCH", base + "/stacks/acme/web/prod/tags/owner", `{"name": "owner", "list": [1, {"a": "x"}]}`, `:3, with another body.value: "ada", not left out`},
		{"PATCH", base + "/stacks/acme/web/prod/tags/owner", `{"name": "owner", "value": "ada", "list": [1, {"a": "x"}], "z": 1}`, `:3, with another body.z: left out, not 1`},
		{"PATCH", base + "/stacks/acme/web/prod/tags/owner", "", `:3, with another body: {"list":[1,{"a":"x"}],"name":"owner","value":"ada"}, not nothing`},
		{"PATCH", base + "/stacks/acme/web/prod/tags/owner", `"` + strings.Repeat("é", 50) + `"`, `, not "` + strings.Repeat("é", 39) + `…`},
		{"DELETE", base + "/stacks/acme/web/dev", "", `:4, with another path: /api/stacks/acme/web/prod, not /api/stacks/acme/web/dev`},
		{"DELETE", base + "/stacks/acme/web/dev?force=true", "", `:4, with another path: /api/stacks/acme/web/prod, not /api/stacks/acme/web/dev, and another query: force: left out, not "true"`},
		{"POST", base + "/orgs/acme/hooks", `{"secret": ""}`, `:5, with another body.secret: "scrubbed#1", not ""`},
	} {
		replayer := replayOf(t, file)
		_, err := replayer.RoundTrip(newPlainRequest(t, test.method, test.url, test.body))
		require.ErrorIs(t, err, pulumiapitest.ErrNotRecorded, "%s %s %s", test.method, test.url, test.body)
		require.ErrorContains(t, err, test.want, "%s %s %s", test.method, test.url, test.body)
		require.ErrorContains(t, err, test.method+" "+test.url)
		require.ErrorContains(t, replayer.Close(), err.Error())
	}
	_, err := replayOf(t, writeRecording(t)).RoundTrip(newPlainRequest(t, "GET", base, ""))
	require.ErrorContains(t, err, "there is nothing in ")
}

func TestReplay_WhatEqualsARecordedRequest(t *testing.T) {
	t.Parallel()
	const url = "https://pulumi.test/api/orgs/acme/hooks"
	file := writeRecording(t,
		recorded("POST", url+"?token=scrubbed0003&a=1&b=2", `{"secret": "scrubbed0003", "other": {"password": "scrubbed0004"}}`, "equal and not"),
		recorded("POST", url, `{"secret": "scrubbed0003", "other": {"password": "scrubbed0003"}}`, "both equal"),
	)
	for _, test := range []struct{ url, body, want string }{
		{url + "?b=2&a=1&token=hunter2", `{"other": {"password": "another"}, "secret": "hunter2"}`, "equal and not"},
		{url, `{"secret": "hunter2", "other": {"password": "hunter2"}}`, "both equal"},
	} {
		req := newPlainRequest(t, "POST", test.url, test.body)
		req.Header.Set("Authorization", "token anything")
		resp, err := replayOf(t, file).RoundTrip(req)
		require.NoError(t, err, test.want)
		data, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		assert.Equal(t, test.want, string(data))
		assert.Equal(t, resp.ContentLength, int64(len(data)))
		assert.Equal(t, "200 OK", resp.Status)
		assert.Same(t, req, resp.Request)
	}
	// Secrets that are equal in one and not in the other.
	_, err := replayOf(t, file).RoundTrip(newPlainRequest(t, "POST", url, `{"secret": "hunter2", "other": {"password": "another"}}`))
	require.ErrorContains(t, err, `body.secret: "scrubbed#1", not "scrubbed#2"`)
}

// The recording may have learned from a later exchange what is a secret.
func TestReplay_ASecretThatOnlyTheRecordingKnows(t *testing.T) {
	t.Parallel()
	const url = "https://pulumi.test/api/stacks/acme"
	file := writeRecording(t, recorded("POST", url+"/scrubbed0003/x?note=a+scrubbed0003", `{"note": "it is scrubbed0003.", "n": 1}`, "yes"))
	for _, test := range []struct {
		url, body string
		recorded  bool
	}{
		{url + "/production/x?note=a+production", `{"note": "it is production.", "n": 1}`, true},
		{url + "/production/x?note=a+production", `{"note": "it is production?", "n": 1}`, false},
		{url + "/production/x?note=a+production", `{"note": "it is production.", "n": 2}`, false},
		{url + "/production/x?note=a+production", `{"note": "it is production."}`, false},
		{url + "/production/y/x?note=a+production", `{"note": "it is production.", "n": 1}`, false},
		{url + "/production/x?note=production", `{"note": "it is production.", "n": 1}`, false},
	} {
		_, err := replayOf(t, file).RoundTrip(newPlainRequest(t, "POST", test.url, test.body))
		assert.Equal(t, test.recorded, err == nil, "%s %s: %v", test.url, test.body, err)
	}
}

func TestReplay_InTheOrderOfTheRecordingAndNoMore(t *testing.T) {
	t.Parallel()
	const url = "https://pulumi.test/api/a"
	file := writeRecording(t, recorded("GET", url, "", "first"), recorded("GET", url+"/b", "", "other"), recorded("GET", url, "", "second"))
	replayer := replayOf(t, file)
	assert.Equal(t, "other", requireAnswer(t, replayer, "GET", url+"/b", ""))
	assert.Equal(t, []string{file + ":2: GET " + url, file + ":4: GET " + url}, replayer.Unused())
	assert.Equal(t, "first", requireAnswer(t, replayer, "GET", url, ""))
	err := replayer.Close()
	require.EqualError(t, err, "pulumiapitest: recorded and not used:\n\t"+file+":4: GET "+url)
	assert.Equal(t, "second", requireAnswer(t, replayer, "GET", url, ""))
	require.NoError(t, replayer.Close())
	for range 2 { // as a retry does
		_, err = replayer.RoundTrip(newPlainRequest(t, "GET", url, ""))
		require.EqualError(t, err, fmt.Sprintf("pulumiapitest: not recorded: GET %s: it was recorded 2 times, and has been played: %s:2, %s:4", url, file, file))
	}
	require.EqualError(t, replayer.Close(), err.Error(), "once")
}

func TestReplay_AClientHearsOfItWithoutWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		replayer := replayOf(t, writeRecording(t, recorded("GET", "https://pulumi.test/base/api/user", "", "{}")))
		client := replayer.Client()
		assert.Equal(t, "https://pulumi.test/base", client.BaseURL())
		_, err := client.Stacks.Get(t.Context(), acmeProd)
		require.ErrorIs(t, err, pulumiapitest.ErrNotRecorded)
		_, err = client.User.Get(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "https://api.pulumi.com", replayOf(t, writeRecording(t)).Client().BaseURL())
	})
}

func TestReplay_AContextThatHasEndedUsesNothing(t *testing.T) {
	t.Parallel()
	const url = "https://pulumi.test/api/a"
	replayer := replayOf(t, writeRecording(t, recorded("GET", url, "", "first")))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	req := newPlainRequest(t, "GET", url, "")
	_, err := replayer.RoundTrip(req.WithContext(ctx))
	require.ErrorIs(t, err, context.Canceled)

	ctx, cancel = context.WithCancel(t.Context())
	resp, err := replayer.RoundTrip(req.WithContext(ctx))
	require.NoError(t, err)
	cancel()
	_, err = io.ReadAll(resp.Body)
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, resp.Body.Close())
}

func TestReplay_ErrorsInTheFileNameTheLine(t *testing.T) {
	t.Parallel()
	good := recorded("GET", "https://pulumi.test/api/a", "", "a")
	otherFormat := filepath.Join(t.TempDir(), "made-up.json")
	require.NoError(t, os.WriteFile(otherFormat, []byte("{}"), 0o600))
	for name, test := range map[string]struct {
		file string
		want string
	}{
		"none":             {filepath.Join(t.TempDir(), "none.json"), "none.json: no such file"},
		"not JSON":         {writeRecording(t, good, good, "{"), "made-up.json:5: "},
		"of another type":  {writeRecording(t, good, `{"request": "GET"}`), "made-up.json:3: "},
		"on a later line":  {writeRecording(t, good, "{\n\n\"request\": \"GET\"}"), "made-up.json:5: "},
		"a typo":           {writeRecording(t, `{"reqest": {}}`), `made-up.json:2: json: unknown field "reqest"`},
		"no method":        {writeRecording(t, good, good, `{"request": {"url": "/a"}}`), "made-up.json:4: a request needs a method and a url"},
		"no answer":        {writeRecording(t, `{"request": {"method": "GET", "url": "/a"}}`), "made-up.json:2: there is neither a response nor an error"},
		"a status of none": {writeRecording(t, strings.Replace(good, "200", "20", 1)), "made-up.json:2: the status 20 is none"},
		"a scheme of none": {writeRecording(t, recorded("GET", "ftp://pulumi.test/api/a", "", "")), "made-up.json: pulumiapi: argument WithBaseURL"},
		"a url of none":    {writeRecording(t, recorded("GET", "http://[", "", "")), "made-up.json:2: the url can't be read"},
		"another format":   {otherFormat, "made-up.json:1: the format is 0, and only 1 is known"},
	} {
		_, err := pulumiapitest.Replay(test.file)
		require.ErrorContains(t, err, test.want, name)
		require.ErrorContains(t, err, "pulumiapitest: replay", name)
	}
}

// Names in other cases are the same to encoding/json, and null is an array of none.
func TestReplay_OfAFileThatIsHardlyRight(t *testing.T) {
	t.Parallel()
	for text, unused := range map[string]int{
		`{"exchanges": null, "format": 1}`: 0,
		`{"format": 1}`:                    0,
		`{"Exchanges": [{"request": {"method": "GET", "url": "/a"}, "error": {"text": "x"}}], "format": 1}`:          1,
		"{\"format\": 1, \"exchanges\": [\n\n{\"request\": {\"method\": \"GET\", \"url\": \"/a\"}, \"error\": {}}]}": 1,
	} {
		file := filepath.Join(t.TempDir(), "made-up.json")
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		assert.Len(t, replayOf(t, file).Unused(), unused, text)
	}
}

// Options of the recording count in the replay: the file has the names in it.
func TestReplay_ScrubsAsTheRecorderDid(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	session := func(licence string) func(client *pulumiapi.Client) {
		return func(client *pulumiapi.Client) {
			_, err := client.Do(t.Context(), pulumiapi.Request{
				Endpoint: pulumiapi.Endpoint{Method: "POST", Template: "/api/licences"},
				Body:     map[string]string{"License_Key": licence, "note": "c4n4ry-text"},
			}, nil)
			requireNotImplemented(t, err)
		}
	}
	file := recordSession(t, srv, session("ABCD-EFGH"), pulumiapitest.WithSecretNames("licenseKey"), pulumiapitest.WithSecrets("c4n4ry-text"))
	text := readText(t, file)
	assert.NotContains(t, text, "ABCD-EFGH")
	assert.NotContains(t, text, "c4n4ry")
	replayer := replayOf(t, strings.TrimSpace(file))
	_, err := replayer.RoundTrip(newPlainRequest(t, "POST", pulumiapitest.BaseURL+"/api/licences", `{"License_Key": "ZZZZ-ZZZZ", "note": "scrubbed0009"}`))
	require.NoError(t, err)
}
