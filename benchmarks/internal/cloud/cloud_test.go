package cloud_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/benchmarks/internal/cloud"
)

// get returns the status, and the body as it comes.
func get(t *testing.T, url string) (status int, header http.Header, body []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	require.NoError(t, err, "NewRequest")
	client := &http.Client{Transport: &http.Transport{DisableCompression: true, DisableKeepAlives: true}}
	resp, err := client.Do(req)
	require.NoError(t, err, "GET %s", url)
	defer resp.Body.Close()
	body, err = io.ReadAll(resp.Body)
	require.NoError(t, err, "GET %s", url)
	return resp.StatusCode, resp.Header, body
}

func start(t *testing.T) *cloud.Server {
	t.Helper()
	server, err := cloud.Start()
	require.NoError(t, err, "Start")
	t.Cleanup(func() { require.NoError(t, server.Close(), "Close") })
	return server
}

func TestServer_Lists(t *testing.T) {
	t.Parallel()
	url, err := start(t).URL(cloud.Load{Items: 3000})
	require.NoError(t, err, "URL")
	for path, name := range map[string]string{
		"/api/user/stacks": "stacks",
		"/api/stacks/acme/web/prod/update/some/events": "events",
		"/api/orgs/acme/auditlogs/v2":                  "auditLogEvents",
	} {
		items, pages, token := 0, 0, ""
		for {
			status, _, body := get(t, url+path+"?continuationToken="+token)
			require.Equal(t, http.StatusOK, status, "GET %s", path)
			var page map[string]any
			require.NoError(t, json.Unmarshal(body, &page), "GET %s", path)
			list, ok := page[name].([]any)
			require.True(t, ok, "GET %s: %s", path, name)
			pages++
			items += len(list)
			if token, ok = page["continuationToken"].(string); !ok {
				break
			}
		}
		assert.Equal(t, 3000, items, "GET %s", path)
		assert.Greater(t, pages, 2, "GET %s", path)
		status, _, _ := get(t, url+path+"?continuationToken=1000")
		assert.Equal(t, http.StatusBadRequest, status, "GET %s after its end", path)
	}
	status, _, _ := get(t, url+"/api/stacks/acme/web/prod/updates?page=31")
	assert.Equal(t, http.StatusBadRequest, status, "GET of page 31 of 30")
}

func TestServer_Lists_WholePagesOnly(t *testing.T) {
	t.Parallel()
	url, err := start(t).URL(cloud.Load{Items: 150})
	require.NoError(t, err, "URL")
	status, _, _ := get(t, url+"/api/user/stacks")
	assert.Equal(t, http.StatusBadRequest, status, "GET of a page and a half")
}

func TestServer_State(t *testing.T) {
	t.Parallel()
	const path, length = "/api/stacks/acme/web/prod/export", 5_000_000
	server := start(t)
	plain, err := server.URL(cloud.Load{StateBytes: length})
	require.NoError(t, err, "URL")
	_, header, state := get(t, plain+path)
	assert.Empty(t, header.Get("Content-Encoding"), "Content-Encoding")
	assert.InDelta(t, length, len(state), length/20, "the state's length")
	assert.True(t, json.Valid(state), "the state is JSON")

	compressed, err := server.URL(cloud.Load{StateBytes: length, Gzip: true})
	require.NoError(t, err, "URL")
	_, header, body := get(t, compressed+path)
	assert.Equal(t, "gzip", header.Get("Content-Encoding"), "Content-Encoding")
	assert.Greater(t, len(body), length/50, "it can't be compressed to nothing")
	reader, err := gzip.NewReader(bytes.NewReader(body))
	require.NoError(t, err, "gzip")
	decompressed, err := io.ReadAll(reader)
	require.NoError(t, err, "gzip")
	assert.True(t, bytes.Equal(state, decompressed), "the state, from gzip")
}

func TestServer_Latency(t *testing.T) {
	t.Parallel()
	url, err := start(t).URL(cloud.Load{Latency: 50 * time.Millisecond})
	require.NoError(t, err, "URL")
	begin := time.Now()
	status, _, _ := get(t, url+"/api/stacks/acme/web/prod")
	assert.Equal(t, http.StatusOK, status, "GET")
	assert.GreaterOrEqual(t, time.Since(begin), 50*time.Millisecond, "the time until the answer")
}

func TestServer_Forget(t *testing.T) {
	t.Parallel()
	server := start(t)
	url, err := server.URL(cloud.Load{})
	require.NoError(t, err, "URL")
	server.Forget(url)
	status, _, _ := get(t, url+"/api/stacks/acme/web/prod")
	assert.Equal(t, http.StatusBadRequest, status, "GET of what was forgotten")
}
