package hostile_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/internal/testkit"
)

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
		client := testkit.Responding(t, nil, answer, pulumiapi.WithMaxAnswer(c.limit))
		var out map[string]any
		_, err := client.Do(t.Context(), pulumiapi.Request{Endpoint: pulumiapi.Endpoint{Method: "GET", Template: "/api/x"}}, &out)
		_, getErr := client.Stacks.Get(t.Context(), testkit.Webshop)
		_, exportErr := client.Stacks.Export(t.Context(), testkit.Webshop)
		_, streamErr := client.Stacks.ExportTo(t.Context(), testkit.Webshop, io.Discard)
		require.NoError(t, streamErr, "a stream has no limit")
		if c.says == "" {
			require.NoError(t, err, "a limit of %d", c.limit)
			require.NoError(t, getErr, "a limit of %d", c.limit)
			require.NoError(t, exportErr, "a limit of %d", c.limit)
			continue
		}
		var failed *pulumiapi.CallError
		require.ErrorAs(t, err, &failed)
		require.ErrorContains(t, err, c.says)
		require.ErrorContains(t, getErr, c.says)
		require.ErrorContains(t, exportErr, c.says)
		assert.Equal(t, 1, failed.Attempts, "the next answer would be as long")
	}
	for _, limit := range []int64{0, -1} {
		_, err := pulumiapi.NewClient(pulumiapi.WithToken("x"), pulumiapi.WithMaxAnswer(limit))
		var refused *pulumiapi.ArgumentError
		require.ErrorAs(t, err, &refused)
		assert.Equal(t, "WithMaxAnswer", refused.Name)
	}
}

// Without WithMaxAnswer, a state may be longer than other answers, but not endless.
func TestLimits_OfAState(t *testing.T) {
	t.Parallel()
	for claimed, says := range map[int64]string{64<<20 + 1: "cut off", 1 << 30: "cut off", 1<<30 + 1: "longer than the 1024 MiB"} {
		client, err := pulumiapi.NewClient(
			pulumiapi.WithToken("token"),
			pulumiapi.WithRetry(pulumiapi.RetryPolicy{MaxAttempts: 1}),
			pulumiapi.WithHTTPClient(&http.Client{Transport: testkit.RoundTripperFunc(func(req *http.Request) (*http.Response, error) {
				return &http.Response{
					StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader("{")), ContentLength: claimed, Request: req,
				}, nil
			})}))
		require.NoError(t, err)
		_, err = client.Stacks.Export(t.Context(), testkit.Webshop)
		require.ErrorContains(t, err, says, "a state of %d bytes", claimed)
		_, err = client.Stacks.Get(t.Context(), testkit.Webshop)
		require.ErrorContains(t, err, "longer than the 64 MiB", "a stack of %d bytes", claimed)
	}
}

// JSON without an end that has come as a whole is fetched again only if it is
// short.
func TestLimits_LongIncompleteJSONIsNotFetchedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for size, attempts := range map[int]int{1 << 20: 4, 1<<20 + 1: 1} {
			body := "{" + strings.Repeat(" ", size-2) + `"`
			client := testkit.Responding(t, nil, func() io.Reader { return strings.NewReader(body) })
			_, err := client.Stacks.Export(t.Context(), testkit.Webshop)
			var failed *pulumiapi.CallError
			require.ErrorAs(t, err, &failed)
			require.ErrorContains(t, err, fmt.Sprintf("after %d bytes", size))
			assert.Equal(t, attempts, failed.Attempts, "attempts to get %d bytes", size)
		}
	})
}

// A few kilobytes of gzip that are a gigabyte of JSON are not read to their end.
func TestLimits_GzipBomb(t *testing.T) { //nolint:paralleltest // it counts allocations
	if testkit.RaceDetected {
		t.Skip("the race detector takes memory, too")
	}
	member := testkit.Gzipped(t, bytes.Repeat([]byte(" "), 1<<20))
	bomb := func() io.Reader {
		return io.MultiReader(bytes.NewReader(testkit.Gzipped(t, []byte("{"))), bytes.NewReader(bytes.Repeat(member, 1024)))
	}
	client := testkit.Responding(t, http.Header{"Content-Encoding": {"gzip"}}, bomb, pulumiapi.WithMaxAnswer(8<<20))
	for name, c := range map[string]struct {
		call func() error
		says string
	}{
		"Get": {func() error { _, err := client.Stacks.Get(t.Context(), testkit.Webshop); return err }, "grows to more than 200 times its size"},
		// All that is compressed is there when it is read.
		"Export": {func() error { _, err := client.Stacks.Export(t.Context(), testkit.Webshop); return err }, "longer than the 8 MiB"},
	} {
		var err error
		size := testkit.Allocated(func() { err = c.call() })
		require.ErrorContains(t, err, c.says, name)
		assert.Less(t, size, uint64(64<<20), "%s: bytes allocated", name)
	}
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
			client := testkit.Responding(t, nil, func() io.Reader { return strings.NewReader(body) })
			var anything any
			_, err := client.Do(t.Context(), pulumiapi.Request{Endpoint: pulumiapi.Endpoint{Method: "GET", Template: "/api/x"}}, &anything)
			require.ErrorContains(t, err, "the answer is nested too deeply")
			_, err = client.Stacks.Get(t.Context(), testkit.Webshop)
			require.Error(t, err)
			_, err = client.Stacks.Export(t.Context(), testkit.Webshop)
			require.Error(t, err)
			if name == "in free-form JSON" {
				require.ErrorContains(t, err, "the answer is nested too deeply")
			}
			_, err = pulumiapi.Collect(client.Stacks.ExportResources(t.Context(), testkit.Webshop))
			require.Error(t, err)
			if name == "in what is skipped" {
				require.ErrorContains(t, err, "the answer is nested too deeply")
			}
			_, err = pulumiapi.Collect(client.Updates.ListEvents(t.Context(), testkit.Webshop, "1", nil))
			require.Error(t, err)
		})
	}
}
