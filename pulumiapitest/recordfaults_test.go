package pulumiapitest_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

func TestRecord_RetriesAndFaultsArePlayedAgain(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]pulumiapitest.Fault{
		"a status":  {Status: http.StatusServiceUnavailable, Times: 2},
		"dropped":   {Drop: true, Times: 1},
		"truncated": {Truncate: 20, Times: 1},
		"for ever":  {Status: http.StatusBadGateway, Body: "<html>"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv := newStackServer(t)
				srv.Inject(fault)
				var attempts, again pulumiapi.ResponseInfo
				var live, replayed error
				file := recordSession(t, srv, func(client *pulumiapi.Client) {
					_, live = client.Stacks.Get(pulumiapi.CaptureResponse(t.Context(), &attempts), acmeProd)
				})
				srv.Close()
				replayer := replayOf(t, file)
				_, replayed = replayer.Client().Stacks.Get(pulumiapi.CaptureResponse(t.Context(), &again), acmeProd)
				assert.Equal(t, live == nil, replayed == nil, "%v, %v", live, replayed)
				assert.Equal(t, attempts.Attempts, again.Attempts)
				assert.NotContains(t, readText(t, file), `"aborted"`, "it was the service")
				assert.NoError(t, replayer.Close())
			})
		})
	}
}

func TestRecord_WhatIsCutOffIsCutOffAgain(t *testing.T) {
	t.Parallel()
	base := roundTripper(func(*http.Request) (*http.Response, error) {
		body := io.MultiReader(strings.NewReader("abc"), failing{io.ErrUnexpectedEOF})
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(body), ContentLength: 5}, nil
	})
	file := filepath.Join(t.TempDir(), "cut.json")
	recorder, err := pulumiapitest.Record(file, pulumiapitest.WithTransport(base))
	require.NoError(t, err)
	read := func(over http.RoundTripper) {
		resp, err := over.RoundTrip(newPlainRequest(t, http.MethodGet, "https://pulumi.test/api/a", ""))
		require.NoError(t, err)
		data, err := io.ReadAll(resp.Body)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		assert.Equal(t, "abc", string(data))
		require.NoError(t, resp.Body.Close())
	}
	read(recorder)
	require.NoError(t, recorder.Close())
	assert.Contains(t, readText(t, file), `"cutOff": true`)
	read(replayOf(t, file))
}

func TestRecord_AFailureToConnectIsOneInTheReplay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := newStackServer(t)
		attempts := 0
		flaky := roundTripper(func(req *http.Request) (*http.Response, error) {
			if attempts++; attempts == 1 {
				return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
			}
			return srv.HTTPClient().Transport.RoundTrip(req)
		})
		// A POST is repeated only if there was no connection.
		session := func(client *pulumiapi.Client) {
			require.NoError(t, client.Stacks.CreateTag(t.Context(), acmeProd, "a", "b"))
		}
		file := recordSession(t, srv, session, pulumiapitest.WithTransport(flaky))
		replayer := replayOf(t, file)
		session(replayer.Client())
		assert.NoError(t, replayer.Close())
	})
}

func TestRecord_WhatIsAbortedIsAbortedAgain(t *testing.T) {
	t.Parallel()
	for name, base := range map[string]roundTripper{
		"before the answer": func(req *http.Request) (*http.Response, error) {
			<-req.Context().Done()
			return nil, req.Context().Err()
		},
		"in the middle of it": func(req *http.Request) (*http.Response, error) {
			body := io.MultiReader(strings.NewReader(`{"a":`), blocked(req.Context().Done()))
			return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(body), ContentLength: -1}, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				session := func(client *pulumiapi.Client) {
					ctx, cancel := context.WithCancel(t.Context())
					go func() { synctest.Wait(); cancel() }()
					_, err := client.Stacks.Get(ctx, acmeProd)
					require.ErrorIs(t, err, context.Canceled)
				}
				file := recordSession(t, newStackServer(t), session, pulumiapitest.WithTransport(base))
				replayer := replayOf(t, file)
				assert.Empty(t, replayer.Unused())
				session(replayer.Client())
				assert.NoError(t, replayer.Close())
			})
		})
	}
}

// Whoever leaves a list aborts the pages that were asked for ahead, and may want them
// later. Nobody is to wait for that to happen again.
func TestRecord_WhatIsAbortedIsAnsweredIfItIsWanted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := newStackServer(t)
		aborted := 3
		base := roundTripper(func(req *http.Request) (*http.Response, error) {
			if aborted--; aborted >= 0 {
				<-req.Context().Done()
				return nil, req.Context().Err()
			}
			return srv.HTTPClient().Transport.RoundTrip(req)
		})
		file := recordSession(t, srv, func(client *pulumiapi.Client) {
			for range 2 {
				ctx, cancel := context.WithCancel(t.Context())
				go func() { synctest.Wait(); cancel() }()
				_, err := client.Stacks.Get(ctx, acmeProd)
				require.ErrorIs(t, err, context.Canceled)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err := client.Stacks.Get(ctx, acmeProd)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			_, err = client.Stacks.Get(t.Context(), acmeProd)
			require.NoError(t, err)
		}, pulumiapitest.WithTransport(base))

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		for _, needed := range []int{1, 2} {
			replayer := replayOf(t, file)
			for range needed {
				_, err := replayer.Client().Stacks.Get(ctx, acmeProd)
				require.NoError(t, err)
				require.NoError(t, replayer.Close())
			}
			if needed == 2 { // what timed out does so again
				_, err := replayer.Client().Stacks.Get(ctx, acmeProd)
				require.ErrorIs(t, err, context.DeadlineExceeded)
				_, err = replayer.Client().Stacks.Get(t.Context(), acmeProd)
				require.NoError(t, err)
				require.NoError(t, replayer.Close())
			}
		}
	})
}

// blocked is a body from which nothing comes.
type blocked <-chan struct{}

func (b blocked) Read([]byte) (int, error) {
	<-b
	return 0, context.Canceled
}

func TestRecord_ABodyThatFailsIsNotSent(t *testing.T) {
	t.Parallel()
	broken := errors.New("the disk is gone")
	recorder, err := pulumiapitest.Record(filepath.Join(t.TempDir(), "broken.json"), pulumiapitest.WithTransport(roundTripper(func(*http.Request) (*http.Response, error) {
		t.Error("it was sent")
		return nil, io.EOF
	})))
	require.NoError(t, err)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, "https://pulumi.test/api/a", io.MultiReader(strings.NewReader("a"), failing{broken}))
	require.NoError(t, err)
	_, err = recorder.RoundTrip(req)
	assert.ErrorIs(t, err, broken)
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
