package pulumiapi_test

import (
	"bytes"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
)

// answering returns a client whose requests are all answered so.
func answering(t *testing.T, header http.Header, body func() io.Reader, opts ...pulumiapi.Option) *pulumiapi.Client {
	t.Helper()
	client, err := pulumiapi.NewClient(append([]pulumiapi.Option{
		pulumiapi.WithToken("token"),
		pulumiapi.WithHTTPClient(&http.Client{Transport: roundTripperFunc(func(req *http.Request) (*http.Response, error) {
			return &http.Response{
				StatusCode: http.StatusOK, Header: header.Clone(), Body: io.NopCloser(body()), ContentLength: -1, Request: req,
			}, nil
		})}),
	}, opts...)...)
	require.NoError(t, err)
	return client
}

// allocated returns how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestWithMaxAnswer(t *testing.T) {
	t.Parallel()
	const body = `{"version":3,"deployment":{"a":1}}`
	answer := func() io.Reader { return strings.NewReader(body) }
	for _, c := range []struct {
		limit int64
		says  string
	}{
		{int64(len(body)), ""},
		{int64(len(body)) - 1, "the answer is longer than the 33 bytes that are read at most (WithMaxAnswer)"},
		{1, "longer than the 1 bytes"},
		{1 << 62, ""},
	} {
		client := answering(t, nil, answer, pulumiapi.WithMaxAnswer(c.limit))
		var out map[string]any
		_, err := client.Do(t.Context(), pulumiapi.Request{Endpoint: pulumiapi.Endpoint{Method: "GET", Template: "/api/x"}}, &out)
		_, getErr := client.Stacks.Get(t.Context(), webshop)
		_, exportErr := client.Stacks.Export(t.Context(), webshop)
		require.NoError(t, exportErr, "a state has no limit")
		if c.says == "" {
			require.NoError(t, err, "a limit of %d", c.limit)
			require.NoError(t, getErr, "a limit of %d", c.limit)
			continue
		}
		var failed *pulumiapi.CallError
		require.ErrorAs(t, err, &failed)
		require.ErrorContains(t, err, c.says)
		require.ErrorContains(t, getErr, c.says)
		assert.Equal(t, 1, failed.Attempts, "the next answer would be as long")
	}
	for _, limit := range []int64{0, -1} {
		_, err := pulumiapi.NewClient(pulumiapi.WithToken("x"), pulumiapi.WithMaxAnswer(limit))
		var refused *pulumiapi.ArgumentError
		require.ErrorAs(t, err, &refused)
		assert.Equal(t, "WithMaxAnswer", refused.Name)
	}
}

// A few kilobytes of gzip that are a gigabyte of JSON meet the same limit.
func TestLimits_GzipBomb(t *testing.T) { //nolint:paralleltest // it counts allocations
	member := gzipped(t, bytes.Repeat([]byte(" "), 1<<20))
	bomb := func() io.Reader {
		return io.MultiReader(bytes.NewReader(gzipped(t, []byte("{"))), bytes.NewReader(bytes.Repeat(member, 1024)))
	}
	client := answering(t, http.Header{"Content-Encoding": {"gzip"}}, bomb, pulumiapi.WithMaxAnswer(8<<20))
	var err error
	size := allocated(func() { _, err = client.Stacks.Get(t.Context(), webshop) })
	require.ErrorContains(t, err, "longer than the 8 MiB")
	assert.Less(t, size, uint64(64<<20), "bytes allocated")
}

// Nested too deeply, an answer is an error, wherever in it that is.
func TestLimits_DeeplyNested(t *testing.T) {
	t.Parallel()
	const levels = 100_000
	for name, body := range map[string]string{
		"arrays":              strings.Repeat("[", levels) + strings.Repeat("]", levels),
		"objects":             strings.Repeat(`{"a":`, levels) + "1" + strings.Repeat("}", levels),
		"in what is skipped":  `{"unknown":` + strings.Repeat("[", levels) + strings.Repeat("]", levels) + `}`,
		"in free-form JSON":   `{"version":3,"deployment":` + strings.Repeat("[", levels) + strings.Repeat("]", levels) + `}`,
		"in a field":          `{"tags":` + strings.Repeat(`{"a":`, levels) + "1" + strings.Repeat("}", levels) + `}`,
		"without an end":      strings.Repeat("[", levels),
		"in an error message": `{"message":` + strings.Repeat("[", levels),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := answering(t, nil, func() io.Reader { return strings.NewReader(body) })
			var anything any
			_, err := client.Do(t.Context(), pulumiapi.Request{Endpoint: pulumiapi.Endpoint{Method: "GET", Template: "/api/x"}}, &anything)
			require.Error(t, err)
			_, err = client.Stacks.Get(t.Context(), webshop)
			require.Error(t, err)
			_, err = client.Stacks.Export(t.Context(), webshop)
			require.Error(t, err)
			_, err = pulumiapi.Collect(client.Updates.ListEvents(t.Context(), webshop, "1", nil))
			require.Error(t, err)
		})
	}
}
