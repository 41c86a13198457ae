package pulumiapitest_test

import (
	"io"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

var acmeProd = pulumiapi.StackIdentifier{Org: "acme", Project: "web", Stack: "prod"}

// roundTripper is a function as a transport.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// recordSession records what a function does with a client of the server, and returns
// the file.
func recordSession(t *testing.T, srv *pulumiapitest.Server, session func(client *pulumiapi.Client), opts ...pulumiapitest.RecordOption) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "session.json")
	opts = append([]pulumiapitest.RecordOption{pulumiapitest.WithTransport(srv.HTTPClient().Transport)}, opts...)
	recorder, err := pulumiapitest.Record(file, opts...)
	require.NoError(t, err)
	session(clientOver(t, srv, recorder))
	require.NoError(t, recorder.Close())
	return file
}

func clientOver(t *testing.T, srv *pulumiapitest.Server, transport http.RoundTripper) *pulumiapi.Client {
	t.Helper()
	client, err := pulumiapi.NewClient(append(srv.Options(), pulumiapi.WithHTTPClient(&http.Client{Transport: transport}))...)
	require.NoError(t, err)
	return client
}

// replayOf opens a file.
func replayOf(t *testing.T, file string) *pulumiapitest.Replayer {
	t.Helper()
	replayer, err := pulumiapitest.Replay(file)
	require.NoError(t, err)
	return replayer
}

func readText(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	return string(data)
}

func TestRecord_Replay_GivesTheSameAgain(t *testing.T) {
	t.Parallel()
	srv := pulumiapitest.Demo()
	defer srv.Close()
	type result struct {
		stacks  []pulumiapi.StackSummary
		updates []pulumiapi.Update
		stack   *pulumiapi.Stack
		issues  []pulumiapi.PolicyIssue
		urns    []string
		err     error
	}
	id := pulumiapi.StackIdentifier{Org: pulumiapitest.DemoOrganization, Project: "webshop", Stack: "prod"}
	session := func(into *result) func(client *pulumiapi.Client) {
		return func(client *pulumiapi.Client) {
			var err error
			into.stacks, err = pulumiapi.Collect(client.Stacks.List(t.Context(), &pulumiapi.StackListOptions{Organization: id.Org, PageSize: 7}))
			require.NoError(t, err)
			into.updates, err = pulumiapi.Collect(client.Updates.List(t.Context(), id, &pulumiapi.UpdateListOptions{PageSize: 3, Parallel: 4}))
			require.NoError(t, err)
			into.issues, err = pulumiapi.Collect(client.PolicyIssues.List(t.Context(), id.Org, nil))
			require.NoError(t, err)
			require.NoError(t, client.Stacks.SetTag(t.Context(), id, "owner", "grace"))
			into.stack, err = client.Stacks.Get(t.Context(), id)
			require.NoError(t, err)
			for resource, err := range client.Stacks.ExportResources(t.Context(), id) {
				require.NoError(t, err)
				into.urns = append(into.urns, resource.URN)
			}
			_, into.err = client.Stacks.Get(t.Context(), acmeProd)
			require.ErrorIs(t, into.err, pulumiapi.ErrNotFound)
		}
	}
	var live, replayed result
	file := recordSession(t, srv, session(&live))
	srv.Close() // nobody is there any more
	replayer := replayOf(t, file)
	session(&replayed)(replayer.Client())
	require.NoError(t, replayer.Close())

	for _, updates := range [][]pulumiapi.Update{live.updates, replayed.updates} {
		require.NotEmpty(t, updates)
		for i := range updates {
			require.Contains(t, updates[i].Config, "webshop:adminToken", "a secret, which is another in the replay")
			updates[i].Config = nil
		}
	}
	require.NotEmpty(t, live.urns)
	require.NotEmpty(t, live.issues)
	assert.Equal(t, live.stacks, replayed.stacks)
	assert.Equal(t, live.updates, replayed.updates)
	assert.Equal(t, live.stack, replayed.stack)
	assert.Equal(t, live.issues, replayed.issues)
	assert.Equal(t, live.urns, replayed.urns)
	assert.Equal(t, live.err.Error(), replayed.err.Error())
}

func TestRecord_WritesAFileToRead(t *testing.T) {
	t.Parallel()
	base := roundTripper(func(req *http.Request) (*http.Response, error) {
		resp := &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Date": {"today"}, "X-Pulumi-Request-Id": {"8f2c"}}, ContentLength: -1}
		switch req.URL.Path {
		case "/api/json":
			resp.Body = io.NopCloser(strings.NewReader(`{"z": 1.0, "a": ["<b>", 12345678901234567890]}`))
		case "/api/csv":
			resp.Body = io.NopCloser(strings.NewReader("Timestamp,Name\n1,a & b\n"))
		default:
			resp.StatusCode, resp.Body = http.StatusCreated, io.NopCloser(strings.NewReader("\xff\x00"))
		}
		return resp, nil
	})
	file := filepath.Join(t.TempDir(), "below", "session.json")
	recorder, err := pulumiapitest.Record(file, pulumiapitest.WithTransport(base))
	require.NoError(t, err)
	requireAnswer(t, recorder, http.MethodGet, "https://pulumi.test/api/json?b=1&a=2", "")
	requireAnswer(t, recorder, http.MethodGet, "https://pulumi.test/api/csv", "")
	requireAnswer(t, recorder, http.MethodPost, "https://pulumi.test/api/bytes", `{"name":"a b"}`)
	assert.NoFileExists(t, file, "before Close")
	require.NoError(t, recorder.Close())
	want := `{
  "format": 1,
  "exchanges": [
    {
      "request": {
        "method": "GET",
        "url": "https://pulumi.test/api/json?b=1&a=2"
      },
      "response": {
        "status": 200,
        "header": {
          "X-Pulumi-Request-Id": [
            "8f2c"
          ]
        },
        "body": {
          "json": {
            "z": 1.0,
            "a": [
              "<b>",
              12345678901234567890
            ]
          }
        }
      }
    },
    {
      "request": {
        "method": "GET",
        "url": "https://pulumi.test/api/csv"
      },
      "response": {
        "status": 200,
        "header": {
          "X-Pulumi-Request-Id": [
            "8f2c"
          ]
        },
        "body": {
          "text": [
            "Timestamp,Name\n",
            "1,a & b\n"
          ]
        }
      }
    },
    {
      "request": {
        "method": "POST",
        "url": "https://pulumi.test/api/bytes",
        "body": {
          "json": {
            "name": "a b"
          }
        }
      },
      "response": {
        "status": 201,
        "header": {
          "X-Pulumi-Request-Id": [
            "8f2c"
          ]
        },
        "body": {
          "base64": "/wA="
        }
      }
    }
  ]
}
`
	assert.Equal(t, want, readText(t, file))
	entries, err := os.ReadDir(filepath.Dir(file))
	require.NoError(t, err)
	assert.Len(t, entries, 1, "nothing is left beside the file")

	replayer := replayOf(t, file)
	assert.JSONEq(t, `{"z": 1.0, "a": ["<b>", 12345678901234567890]}`, requireAnswer(t, replayer, http.MethodGet, "https://pulumi.test/api/json?a=2&b=1", ""))
	assert.Equal(t, "Timestamp,Name\n1,a & b\n", requireAnswer(t, replayer, http.MethodGet, "https://pulumi.test/api/csv", ""))
	assert.Equal(t, "\xff\x00", requireAnswer(t, replayer, http.MethodPost, "https://pulumi.test/api/bytes", `{ "name": "a b" }`))
	assert.NoError(t, replayer.Close())
}

// requireAnswer sends a request over a transport, and returns the answer's body.
func requireAnswer(t *testing.T, transport http.RoundTripper, method, url, body string) string {
	t.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, url, reader)
	require.NoError(t, err)
	resp, err := (&http.Client{Transport: transport}).Do(req)
	require.NoError(t, err, "%s %s", method, url)
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	require.NoError(t, err, "%s %s", method, url)
	return string(data)
}

func TestRecord_CompressedAnswersAreReadableAndComeAsTheyCame(t *testing.T) {
	t.Parallel()
	srv := pulumiapitest.Demo()
	defer srv.Close()
	for _, declared := range []bool{true, false} {
		srv.ResetRequests()
		srv.SetExportEncoding(declared)
		var live, replayed string
		session := func(into *string) func(client *pulumiapi.Client) {
			return func(client *pulumiapi.Client) {
				export, err := client.AuditLogs.Export(t.Context(), pulumiapitest.DemoOrganization, nil)
				require.NoError(t, err)
				data, err := io.ReadAll(export)
				require.NoError(t, err)
				require.NoError(t, export.Close())
				*into = string(data)
			}
		}
		file := recordSession(t, srv, session(&live))
		require.Contains(t, live, "Timestamp")
		assert.Contains(t, readText(t, file), `"gzip": 1`)
		assert.Contains(t, readText(t, file), strings.SplitN(live, "\n", 2)[0])

		replayer := replayOf(t, file)
		session(&replayed)(replayer.Client())
		assert.Equal(t, live, replayed, "declared: %t", declared)
		// To the byte: packed, whether the header says so or not.
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.Requests()[0].Path, http.NoBody)
		require.NoError(t, err)
		req.URL.Scheme, req.URL.Host, req.URL.Path = "http", "api.pulumi.test", "/pulumi-cloud"+req.URL.Path
		req.URL.RawQuery = srv.Requests()[0].Query.Encode()
		resp, err := replayOf(t, file).RoundTrip(req)
		require.NoError(t, err)
		magic, err := io.ReadAll(io.LimitReader(resp.Body, 2))
		require.NoError(t, err)
		assert.Equal(t, "\x1f\x8b", string(magic))
		assert.Equal(t, declared, resp.Header.Get("Content-Encoding") == "gzip")
	}
}

func TestRecord_RedirectsArePlayedAgain(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	srv.Inject(pulumiapitest.Fault{
		Endpoint: "GET /api/stacks/{orgName}/{projectName}/{stackName}",
		Status:   http.StatusTemporaryRedirect,
		Header:   http.Header{"Location": {pulumiapitest.BaseURL + "/api/stacks/acme/web/prod?id=1&token=hunter2hunter2"}},
		Times:    1,
	})
	session := func(client *pulumiapi.Client) error {
		_, err := client.Stacks.Get(t.Context(), acmeProd)
		return err
	}
	var live error
	file := recordSession(t, srv, func(client *pulumiapi.Client) { live = session(client) })
	text := readText(t, file)
	assert.NotContains(t, text, "hunter2")
	assert.Contains(t, text, "id=1&token=scrubbed")
	replayer := replayOf(t, file)
	replayed := session(replayer.Client())
	assert.Equal(t, live == nil, replayed == nil, "%v, %v", live, replayed)
	assert.NoError(t, replayer.Close())
}

func TestRecord_LongBodiesArePassedOnAndLeftOut(t *testing.T) {
	t.Parallel()
	var arrived int64
	base := roundTripper(func(req *http.Request) (*http.Response, error) {
		arrived, _ = io.Copy(io.Discard, req.Body)
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(strings.Repeat("y", 2000))), ContentLength: -1}, nil
	})
	file := filepath.Join(t.TempDir(), "long.json")
	recorder, err := pulumiapitest.Record(file, pulumiapitest.WithTransport(base), pulumiapitest.WithMaxBody(1000))
	require.NoError(t, err)
	const url = "https://pulumi.test/api/long"
	assert.Len(t, requireAnswer(t, recorder, http.MethodPost, url, strings.Repeat("x", 3000)), 2000)
	assert.EqualValues(t, 3000, arrived)
	err = recorder.Close()
	require.ErrorContains(t, err, "POST "+url+": the answer is longer than 1000 bytes, and is left out: see WithMaxBody")
	text := readText(t, file)
	assert.NotContains(t, text, "xx")
	assert.NotContains(t, text, "yy")

	replayer := replayOf(t, file)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader("another long one"))
	require.NoError(t, err)
	_, err = replayer.RoundTrip(req)
	require.ErrorContains(t, err, file+":4: POST "+url+": its body was too long to be recorded")
}

func TestRecord_TheRequestIsRecordedThoughTheServerDoesNotReadIt(t *testing.T) {
	t.Parallel()
	base := roundTripper(func(req *http.Request) (*http.Response, error) {
		_ = req.Body.Close()
		return &http.Response{StatusCode: http.StatusUnauthorized, Header: http.Header{}, Body: http.NoBody}, nil
	})
	file := filepath.Join(t.TempDir(), "early.json")
	recorder, err := pulumiapitest.Record(file, pulumiapitest.WithTransport(base))
	require.NoError(t, err)
	requireAnswer(t, recorder, http.MethodPost, "https://pulumi.test/api/a", `{"a":1}`)
	require.NoError(t, recorder.Close())
	replayer := replayOf(t, file)
	requireAnswer(t, replayer, http.MethodPost, "https://pulumi.test/api/a", `{"a":1}`)
	assert.NoError(t, replayer.Close())
}

func TestRecord_OfManyAtATime(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	const stacks = 20
	ids := make([]pulumiapi.StackIdentifier, stacks)
	for i := range ids {
		ids[i] = pulumiapi.StackIdentifier{Org: "acme", Project: "web", Stack: "s" + strings.Repeat("x", i)}
		require.NoError(t, srv.AddStack(pulumiapitest.Stack{Org: "acme", Project: "web", Name: ids[i].Stack, Version: i}))
	}
	session := func(client *pulumiapi.Client) {
		var all sync.WaitGroup
		for i, id := range ids {
			all.Go(func() {
				for range 3 {
					stack, err := client.Stacks.Get(t.Context(), id)
					if assert.NoError(t, err) {
						assert.Equal(t, i, stack.Version)
					}
				}
			})
		}
		all.Wait()
	}
	file := recordSession(t, srv, session)
	replayer := replayOf(t, file)
	session(replayer.Client())
	assert.NoError(t, replayer.Close())
}

func TestRecord_CloseIsTheEnd(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	file := filepath.Join(t.TempDir(), "closed.json")
	require.NoError(t, os.WriteFile(file, []byte("as before"), 0o600))
	recorder, err := pulumiapitest.Record(file, pulumiapitest.WithTransport(srv.HTTPClient().Transport))
	require.NoError(t, err)
	assert.Equal(t, "as before", readText(t, file))
	require.NoError(t, recorder.Close())
	require.NoError(t, recorder.Close())
	assert.Contains(t, readText(t, file), `"exchanges": []`)
	_, err = recorder.RoundTrip(newPlainRequest(t, http.MethodPost, pulumiapitest.BaseURL+"/api/a", "body"))
	require.ErrorContains(t, err, "the recorder is closed")
	assert.Empty(t, srv.Requests())
}

func TestRecord_FailsWhereNothingCanBeWritten(t *testing.T) {
	t.Parallel()
	occupied := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(occupied, nil, 0o600))
	_, err := pulumiapitest.Record(filepath.Join(occupied, "session.json"))
	require.ErrorContains(t, err, occupied)
	_, err = pulumiapitest.Record("session.json", pulumiapitest.WithTransport(nil))
	require.ErrorContains(t, err, "the transport is nil")

	// Later than when it began.
	folder := filepath.Join(t.TempDir(), "folder")
	recorder, err := pulumiapitest.Record(filepath.Join(folder, "session.json"))
	require.NoError(t, err)
	require.NoError(t, os.Remove(folder))
	require.ErrorContains(t, recorder.Close(), folder)
	require.ErrorContains(t, recorder.Close(), folder, "still")
	require.NoError(t, os.Mkdir(folder, 0o750))
	require.NoError(t, recorder.Close())
	assert.FileExists(t, filepath.Join(folder, "session.json"))
}

func TestRecord_WithoutALimitForBodies(t *testing.T) {
	t.Parallel()
	echo := roundTripper(func(req *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: req.Body, ContentLength: -1}, nil
	})
	file := filepath.Join(t.TempDir(), "long.json")
	recorder, err := pulumiapitest.Record(file, pulumiapitest.WithTransport(echo), pulumiapitest.WithMaxBody(math.MaxInt64))
	require.NoError(t, err)
	assert.Equal(t, "body", requireAnswer(t, recorder, http.MethodPost, "https://pulumi.test/api/a", "body"))
	require.NoError(t, recorder.Close())
	assert.Equal(t, "body", requireAnswer(t, replayOf(t, file), http.MethodPost, "https://pulumi.test/api/a", "body"))
}

func TestRecord_ClosesIdleConnectionsBelow(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	recorder, err := pulumiapitest.Record(filepath.Join(t.TempDir(), "idle.json"), pulumiapitest.WithTransport(srv.HTTPClient().Transport))
	require.NoError(t, err)
	client := clientOver(t, srv, recorder)
	_, err = client.Stacks.Get(t.Context(), acmeProd)
	require.NoError(t, err)
	client.CloseIdleConnections()
	_, open := srv.Connections()
	assert.Zero(t, open)
}
