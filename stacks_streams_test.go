package pulumiapi_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/internal/testkit"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

// longState returns a state with so many resources, of some 120 bytes each, and
// its deployment alone. 1000 of them are more than what is looked at before any of
// it is handed on.
func longState(resources int) (state, deployment string) {
	var text strings.Builder
	text.WriteString(`{"manifest": {"version": "v3"},"resources":[`)
	for i := range resources {
		if i > 0 {
			text.WriteString(",\n")
		}
		_, _ = fmt.Fprintf(&text, `{"urn":"urn:%d","type":"aws:s3/bucket:Bucket", "inputs":{"policy":"{\"a\":[%d]}","b":[1, 2]},"custom":true}`, i, i)
	}
	text.WriteString(`],"metadata":{}}`)
	return `{"version":3,"deployment":` + text.String() + "}", text.String()
}

// broken is an answer that breaks off after text.
func broken(text string, err error) *http.Response {
	resp := testkit.Respond(http.StatusOK, nil, "X-Pulumi-Request-ID", "8f2c")
	resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(text), iotest.ErrReader(err)))
	resp.ContentLength = -1
	return resp
}

// resourcesOf walks the resources of prod, and returns what came before the error.
func resourcesOf(ctx context.Context, client *pulumiapi.Client) (urns []string, err error) {
	for resource, err := range client.Stacks.ExportResources(ctx, testkit.Prod) {
		if err != nil {
			return urns, err
		}
		urns = append(urns, resource.URN)
	}
	return urns, nil
}

func TestStacks_ExportTo_TheVeryBytes(t *testing.T) {
	t.Parallel()
	for name, resources := range map[string]int{"short": 1, "long": 2000} {
		state, _ := longState(resources)
		for encoding, resp := range map[string]func() *http.Response{
			"plain":     func() *http.Response { return testkit.Respond(http.StatusOK, []byte(" "+state+"\n")) },
			"with mark": func() *http.Response { return testkit.Respond(http.StatusOK, []byte("\ufeff "+state+"\n")) },
			"gzip": func() *http.Response {
				return testkit.Respond(http.StatusOK, testkit.Gzipped(t, []byte(" "+state+"\n")), "Content-Encoding", "gzip")
			},
		} {
			client, _ := testkit.Client(t, func(int, *http.Request) (*http.Response, error) { return resp(), nil })
			var written bytes.Buffer
			n, err := client.Stacks.ExportTo(t.Context(), testkit.Prod, &written)
			require.NoError(t, err, "%s, %s", name, encoding)
			assert.Equal(t, " "+state+"\n", written.String(), "%s, %s", name, encoding)
			assert.EqualValues(t, written.Len(), n, "%s, %s", name, encoding)
		}
	}
}

// The streams are what Export, Import and Decode are.
func TestStacks_Streams_AreTheStateItself(t *testing.T) {
	t.Parallel()
	srv, client := testkit.NewCloud(t, 1)
	id := pulumiapi.StackIdentifier{Org: "acme", Project: "web", Stack: "stack-00"}
	_, deployment := longState(2000)
	require.NoError(t, srv.SetState(id.Org, id.Project, id.Stack, []byte(deployment), 4))

	var file bytes.Buffer
	n, err := client.Stacks.ExportTo(t.Context(), id, &file)
	require.NoError(t, err)
	assert.EqualValues(t, file.Len(), n)
	require.NoError(t, srv.SetState(id.Org, id.Project, id.Stack, []byte("{}"), 3))
	imported, err := client.Stacks.ImportFrom(t.Context(), id, &file)
	require.NoError(t, err)
	assert.NotEmpty(t, imported.UpdateID)

	state, err := client.Stacks.Export(t.Context(), id)
	require.NoError(t, err)
	assert.Equal(t, 4, state.Version)
	assert.Equal(t, deployment, string(state.Deployment))
	snapshot, err := state.Decode()
	require.NoError(t, err)
	walked := client.Stacks.ExportResources(t.Context(), id)
	for range 2 {
		resources, err := pulumiapi.Collect(walked)
		require.NoError(t, err)
		assert.Equal(t, snapshot.Resources, resources)
	}
}

// streamed are states that break off, or are none, behind what has been handed on.
var streamed = map[string]struct {
	resp func(t *testing.T, state string) *http.Response
	want string // what the error says
	is   error
	// unseen says that ExportTo, which does not parse the JSON, takes it.
	unseen bool
}{
	"cut off in its chunks": {
		resp: func(_ *testing.T, state string) *http.Response {
			return broken(state[:len(state)/2], io.ErrUnexpectedEOF)
		},
		want: "cut off after", is: io.ErrUnexpectedEOF,
	},
	"a broken connection": {
		resp: func(_ *testing.T, state string) *http.Response { return broken(state[:len(state)/2], errWire) },
		want: "cut off after", is: errWire,
	},
	"a broken connection at the very end": {
		resp: func(_ *testing.T, state string) *http.Response { return broken(state, errWire) },
		want: "cut off after", is: errWire,
	},
	"cut off within the gzip": {
		resp: func(t *testing.T, state string) *http.Response {
			t.Helper()
			zipped := testkit.Gzipped(t, []byte(state))
			return testkit.Respond(http.StatusOK, zipped[:len(zipped)-100], "Content-Encoding", "gzip")
		},
		want: "cut off after", is: io.ErrUnexpectedEOF,
	},
	"gzip of something else": {
		resp: func(t *testing.T, state string) *http.Response {
			t.Helper()
			zipped := testkit.Gzipped(t, []byte(state))
			zipped[len(zipped)-5] ^= 1 // the checksum
			return testkit.Respond(http.StatusOK, zipped, "Content-Encoding", "gzip")
		},
		want: "cut off after",
	},
	"shorter than it was, and nothing says so": {
		resp: func(_ *testing.T, state string) *http.Response {
			return testkit.Respond(http.StatusOK, []byte(strings.TrimRight(state[:len(state)/2], " \n}")))
		},
		want: "cut off after", is: io.ErrUnexpectedEOF,
	},
	"the same, behind a brace": {
		resp: func(_ *testing.T, state string) *http.Response {
			return testkit.Respond(http.StatusOK, []byte(state[:strings.LastIndex(state[:len(state)/2], "}")+1]))
		},
		want: "cut off after", is: io.ErrUnexpectedEOF, unseen: true,
	},
	"a page behind it": {
		resp: func(_ *testing.T, state string) *http.Response {
			return testkit.Respond(http.StatusOK, []byte(state+testkit.SignInPage))
		},
		want: "the answer",
	},
	"another one behind it": {
		resp: func(_ *testing.T, state string) *http.Response {
			return testkit.Respond(http.StatusOK, []byte(state+state))
		},
		want: "not JSON", unseen: true,
	},
}

var errWire = errors.New("the wire broke")

func TestStacks_ExportTo_BreaksOff(t *testing.T) {
	t.Parallel()
	state, _ := longState(2000)
	for name, c := range streamed {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, s := testkit.Client(t, func(int, *http.Request) (*http.Response, error) { return c.resp(t, state), nil })
			var written bytes.Buffer
			n, err := client.Stacks.ExportTo(t.Context(), testkit.Prod, &written)
			assert.Len(t, s.Sent(), 1, "what was written is not written again")
			assert.EqualValues(t, written.Len(), n)
			assert.True(t, strings.HasPrefix(state+testkit.SignInPage, written.String()) || c.unseen, "what came before is there")
			if c.unseen {
				require.NoError(t, err)
				return
			}
			var failed *pulumiapi.CallError
			require.ErrorAs(t, err, &failed)
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, fmt.Sprintf("after %d bytes", n))
			if c.is != nil {
				require.ErrorIs(t, err, c.is)
			}
		})
	}
}

func TestStacks_ExportResources_BreaksOff(t *testing.T) {
	t.Parallel()
	state, _ := longState(2000)
	for name, c := range streamed {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, s := testkit.Client(t, func(int, *http.Request) (*http.Response, error) { return c.resp(t, state), nil })
			urns, err := resourcesOf(t.Context(), client)
			var failed *pulumiapi.CallError
			require.ErrorAs(t, err, &failed)
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, "bytes")
			if c.is != nil {
				require.ErrorIs(t, err, c.is)
			}
			assert.Len(t, s.Sent(), 1, "what was yielded is not yielded again")
			require.Greater(t, len(urns), 800, "what came before is there")
			for i, urn := range urns {
				require.Equal(t, fmt.Sprintf("urn:%d", i), urn)
			}
		})
	}
}

// As long as nothing was handed on, what is broken is fetched again.
func TestStacks_Streams_BrokenAtTheStart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		long, _ := longState(2000)
		short, _ := longState(20)
		for name, resp := range map[string]func() *http.Response{
			"long":                    func() *http.Response { return broken(long[:20_000], errWire) },
			"short":                   func() *http.Response { return broken(short, errWire) },
			"short, behind a brace":   func() *http.Response { return testkit.Respond(http.StatusOK, []byte(short[:len(short)-1])) },
			"short, behind something": func() *http.Response { return testkit.Respond(http.StatusOK, []byte(short[:200])) },
		} {
			client, s := testkit.Client(t, func(n int, _ *http.Request) (*http.Response, error) {
				if n%2 == 1 {
					return resp(), nil
				}
				return testkit.Respond(http.StatusOK, []byte(long)), nil
			})
			var written bytes.Buffer
			_, err := client.Stacks.ExportTo(t.Context(), testkit.Prod, &written)
			require.NoError(t, err, name)
			assert.Equal(t, long, written.String(), name)
			urns, err := resourcesOf(t.Context(), client)
			require.NoError(t, err, name)
			assert.Len(t, urns, 2000, name)
			assert.Len(t, s.Sent(), 4, name)
		}
	})
}

// Over a connection, with what is behind a length or in chunks.
func TestStacks_Streams_CutOffOnTheWire(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, client := testkit.NewCloud(t, 1)
		id := pulumiapi.StackIdentifier{Org: "acme", Project: "web", Stack: "stack-00"}
		_, deployment := longState(20_000)
		require.NoError(t, srv.SetState(id.Org, id.Project, id.Stack, []byte(deployment), 3))
		srv.Inject(pulumiapitest.Fault{Endpoint: "GET /api/stacks/{orgName}/{projectName}/{stackName}/export", Truncate: 60_000})
		var written bytes.Buffer
		n, err := client.Stacks.ExportTo(t.Context(), id, &written)
		var failed *pulumiapi.CallError
		require.ErrorAs(t, err, &failed)
		require.ErrorContains(t, err, fmt.Sprintf("cut off after %d bytes", n))
		assert.Equal(t, 1, failed.Attempts)
		assert.Positive(t, n)
		resources, err := pulumiapi.Collect(client.Stacks.ExportResources(t.Context(), id))
		require.ErrorAs(t, err, &failed)
		require.ErrorContains(t, err, "cut off after")
		assert.Equal(t, 1, failed.Attempts)
		assert.NotEmpty(t, resources, "what came before is there")
		assert.Len(t, srv.Requests(), 2)
	})
}

func TestStacks_Streams_Stall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		state, _ := longState(2000)
		silent := func(req *http.Request) *http.Response {
			resp := testkit.Respond(http.StatusOK, nil)
			resp.ContentLength = -1
			resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(state[:100_000]), testkit.ReaderFunc(func([]byte) (int, error) {
				<-req.Context().Done()
				return 0, context.Cause(req.Context())
			})))
			return resp
		}
		client, s := testkit.Client(t, func(_ int, req *http.Request) (*http.Response, error) { return silent(req), nil })
		n, err := client.Stacks.ExportTo(t.Context(), testkit.Prod, io.Discard)
		require.ErrorContains(t, err, "cut off after 100000 bytes: no answer: nothing came for 1m0s")
		assert.EqualValues(t, 100_000, n)
		urns, err := resourcesOf(t.Context(), client)
		require.ErrorContains(t, err, "cut off after 100000 bytes: no answer: nothing came for 1m0s")
		assert.Greater(t, len(urns), 800)

		reason := errors.New("the user pressed a key")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(reason) })
		_, err = resourcesOf(ctx, client)
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorIs(t, err, reason)
		late, cancelLate := context.WithTimeout(t.Context(), time.Hour)
		defer cancelLate()
		_, err = client.Stacks.ExportTo(late, testkit.Prod, io.Discard)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Len(t, s.Sent(), 4)
	})
}

// Who writes or works slowly is not a server that is silent.
func TestStacks_Streams_SlowConsumer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		state, _ := longState(2000)
		client, _ := testkit.Client(t, func(int, *http.Request) (*http.Response, error) {
			return testkit.Respond(http.StatusOK, []byte(state)), nil
		})
		slow := writerFunc(func(p []byte) (int, error) {
			time.Sleep(time.Hour)
			return len(p), nil
		})
		n, err := client.Stacks.ExportTo(t.Context(), testkit.Prod, slow)
		require.NoError(t, err)
		assert.EqualValues(t, len(state), n)
		count := 0
		for _, err := range client.Stacks.ExportResources(t.Context(), testkit.Prod) {
			require.NoError(t, err)
			time.Sleep(time.Hour)
			count++
		}
		assert.Equal(t, 2000, count)
	})
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestStacks_ExportTo_WriterFails(t *testing.T) {
	t.Parallel()
	full := errors.New("no space left")
	state, _ := longState(2000)
	for name, c := range map[string]struct {
		write   writerFunc
		written int64
		want    error
	}{
		"at once":    {func([]byte) (int, error) { return 0, full }, 0, full},
		"in between": {func([]byte) (int, error) { return 7, full }, 7, full},
		"a little":   {func([]byte) (int, error) { return 7, nil }, 7, io.ErrShortWrite},
		"too much":   {func(p []byte) (int, error) { return len(p) + 1, nil }, 0, nil},
		"negative":   {func([]byte) (int, error) { return -1, nil }, 0, nil},
	} {
		client, s := testkit.Client(t, func(int, *http.Request) (*http.Response, error) {
			return testkit.Respond(http.StatusOK, []byte(state)), nil
		})
		n, err := client.Stacks.ExportTo(t.Context(), testkit.Prod, c.write)
		var failed *pulumiapi.CallError
		require.ErrorAs(t, err, &failed, name)
		if c.want != nil {
			require.ErrorIs(t, err, c.want, name)
			require.ErrorContains(t, err, fmt.Sprintf("after %d bytes", n), name)
		}
		assert.Equal(t, c.written, n, name)
		assert.Len(t, s.Sent(), 1, name)
	}
}

func TestStacks_ExportResources_WhateverTheOrder(t *testing.T) {
	t.Parallel()
	const one, two = `{"urn":"one"}`, `{"urn":"two","inputs":{ "a" : 1 }}`
	filler := strings.Repeat(" ", 40_000)
	for text, c := range map[string]struct {
		want    []string
		failure string
	}{
		`{"version":3,"deployment":{"resources":[` + one + `,` + two + `]}}`:                                           {[]string{"one", "two"}, ""},
		`{"version":4,"features":["a"],"deployment":{"manifest":{"x":[{}]},"resources":[` + one + `],"x":1}}`:          {[]string{"one"}, ""},
		`{"deployment":{"pending_operations":[{"resource":` + two + `}],"resources":[` + one + `]},"version":3}`:       {[]string{"one"}, ""},
		`{"x":{"deployment":{"resources":[` + two + `]}},"version":3,"deployment":{"resources":[` + one + `]},"y":[]}`: {[]string{"one"}, ""},
		`{"resources":[` + two + `],"version":3,"deployment":{"x":{"resources":[` + two + `]}}}`:                       {nil, ""},
		`{"version":3,"deployment":{"resources":null}}`:                                                                {nil, ""},
		`{"version":3,"deployment":{"resources":[]}}`:                                                                  {nil, ""},
		`{"version":3,"deployment":{}}`:                                                                                {nil, ""},

		`{"version":7,"deployment":{"resources":[` + one + `]}}`:           {nil, "version 7 is not known, only 3 and 4 are"},
		`{"deployment":{"resources":[` + one + `]},"version":7}`:           {[]string{"one"}, "version 7 is not known, only 3 and 4 are"},
		`{"deployment":{"resources":[` + one + `]}}`:                       {[]string{"one"}, "version 0 is not known, only 3 and 4 are"},
		`{"version":3,"deployment":null}`:                                  {nil, "there is no deployment"},
		`{"version":3}`:                                                    {nil, "there is no deployment"},
		`{"version":3,"deployment":{"resources":{}}}`:                      {nil, "another form"},
		`{"version":3,"deployment":[]}`:                                    {nil, "another form"},
		`{"version":"3","deployment":{"resources":[` + one + `]}}`:         {nil, "another form"},
		`{"version":3,"deployment":{"resources":[` + one + `,{"urn":1}]}}`: {[]string{"one"}, "another form"},
	} {
		for _, text := range []string{text, strings.Replace(text, "{", "{"+filler, 1)} {
			client, s := testkit.Client(t, func(int, *http.Request) (*http.Response, error) {
				return testkit.Respond(http.StatusOK, []byte(text)), nil
			})
			urns, err := resourcesOf(t.Context(), client)
			what := strings.ReplaceAll(text, filler, "…")
			assert.Equal(t, c.want, urns, what)
			assert.Len(t, s.Sent(), 1, what)
			if c.failure == "" {
				require.NoError(t, err, what)
				continue
			}
			require.ErrorContains(t, err, c.failure, what)
			var failed *pulumiapi.CallError
			require.ErrorAs(t, err, &failed, what)
		}
	}
}

// However the loop is left, the connection is closed and no goroutine is left.
func TestStacks_ExportResources_LeavingTheLoop(t *testing.T) {
	t.Parallel()
	_, deployment := longState(20_000)
	for name, leave := range map[string]func(){
		"break":  nil,
		"panic":  func() { panic("the loop's") },
		"Goexit": runtime.Goexit,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv, client := testkit.NewCloud(t, 1)
				id := pulumiapi.StackIdentifier{Org: "acme", Project: "web", Stack: "stack-00"}
				require.NoError(t, srv.SetState(id.Org, id.Project, id.Stack, []byte(deployment), 3))
				done := make(chan any)
				go func() {
					defer func() { done <- recover() }()
					for resource, err := range client.Stacks.ExportResources(t.Context(), id) {
						assert.NoError(t, err)
						assert.Equal(t, "urn:0", resource.URN)
						if leave == nil {
							break
						}
						leave()
					}
				}()
				recovered := <-done
				assert.Equal(t, name == "panic", recovered != nil)
				synctest.Wait()
				_, open := srv.Connections()
				assert.Zero(t, open)
				// The client is as good as before.
				resources, err := pulumiapi.Collect(client.Stacks.ExportResources(t.Context(), id))
				require.NoError(t, err)
				assert.Len(t, resources, 20_000)
				client.CloseIdleConnections()
			})
		})
	}
}

func TestStacks_Streams_NilArguments(t *testing.T) {
	t.Parallel()
	client, s := testkit.Client(t, func(int, *http.Request) (*http.Response, error) { return nil, errWire })
	for name, call := range map[string]func() error{
		"w": func() error { return testkit.ErrorOf(client.Stacks.ExportTo(t.Context(), testkit.Prod, nil)) },
		"r": func() error { return testkit.ErrorOf(client.Stacks.ImportFrom(t.Context(), testkit.Prod, nil)) },
	} {
		var wrong *pulumiapi.ArgumentError
		require.ErrorAs(t, call(), &wrong)
		assert.Equal(t, name, wrong.Name)
	}
	var wrong *pulumiapi.ArgumentError
	require.ErrorAs(t, testkit.ErrorOf(client.Stacks.ExportTo(t.Context(), testkit.Prod, (*os.File)(nil))), &wrong)
	require.ErrorAs(t, testkit.ErrorOf(client.Stacks.ImportFrom(t.Context(), testkit.Prod, (*os.File)(nil))), &wrong)
	for _, err := range client.Stacks.ExportResources(t.Context(), pulumiapi.StackIdentifier{Org: "acme"}) {
		require.ErrorAs(t, err, &wrong)
	}
	assert.Empty(t, s.Sent())
}

// megabyteOfResources returns resources, with a comma behind each. Some of it does
// not compress, or it would look like a bomb.
var megabyteOfResources = sync.OnceValue(func() string {
	random, digits := rand.New(rand.NewPCG(1, 2)), make([]byte, 950)
	var text strings.Builder
	for i := 0; text.Len()+1000 < 1<<20; i++ {
		if i%64 == 0 {
			for j := range digits {
				digits[j] = "0123456789abcdef"[random.IntN(16)]
			}
		}
		text.WriteString(`{"urn":"urn","inputs":{"a":"` + string(digits) + `"}},`)
	}
	return text.String()
})

// stateOfMegabytes answers with a state that is never in memory as a whole.
func stateOfMegabytes(megabytes int) *http.Response {
	megabyte := megabyteOfResources()
	readers := []io.Reader{strings.NewReader(`{"version":3,"deployment":{"resources":[`)}
	for range megabytes {
		readers = append(readers, strings.NewReader(megabyte))
	}
	resp := testkit.Respond(http.StatusOK, nil)
	resp.Body = io.NopCloser(io.MultiReader(append(readers, strings.NewReader(`null]}}`))...))
	resp.ContentLength = int64(40 + megabytes*len(megabyte) + 7)
	return resp
}

// It does not run beside other tests, whose memory would count.
func TestStacks_Exports_TakeLittleMemory(t *testing.T) { //nolint:paralleltest // see above
	if testkit.RaceDetected {
		t.Skip("the race detector takes memory, too")
	}
	resp := stateOfMegabytes(100)
	length := resp.ContentLength
	client, _ := testkit.Client(t, func(int, *http.Request) (*http.Response, error) {
		resp.Body, resp.ContentLength = stateOfMegabytes(100).Body, length
		return resp, nil
	})
	const overhead = 3 << 20 // a megabyte's text, made above, and buffers
	assert.Less(t, testkit.Allocated(func() {
		n, err := client.Stacks.ExportTo(t.Context(), testkit.Prod, io.Discard)
		require.NoError(t, err)
		assert.Equal(t, length, n)
	}), uint64(overhead), "ExportTo: bytes allocated")

	inUse := func() uint64 {
		var memory runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&memory)
		return memory.HeapAlloc
	}
	before, most, count := inUse(), uint64(0), 0
	for _, err := range client.Stacks.ExportResources(t.Context(), testkit.Prod) {
		require.NoError(t, err)
		if count++; count%20_000 == 0 {
			most = max(most, inUse())
		}
	}
	assert.Greater(t, count, 100_000)
	assert.Less(t, most, before+overhead, "ExportResources: bytes in use")

	client, _ = testkit.Client(t, func(int, *http.Request) (*http.Response, error) { return stateOfMegabytes(30), nil })
	assert.Less(t, testkit.Allocated(func() {
		state, err := client.Stacks.Export(t.Context(), testkit.Prod)
		require.NoError(t, err)
		assert.Greater(t, len(state.Deployment), 29<<20)
	}), uint64(30<<20+overhead), "Export: bytes allocated, for the state itself and little else")

	text, err := io.ReadAll(stateOfMegabytes(30).Body)
	require.NoError(t, err)
	zipped := testkit.Gzipped(t, text)
	client, _ = testkit.Client(t, func(int, *http.Request) (*http.Response, error) {
		return testkit.Respond(http.StatusOK, zipped, "Content-Encoding", "gzip"), nil
	})
	assert.Less(t, testkit.Allocated(func() {
		_, err := client.Stacks.Export(t.Context(), testkit.Prod)
		require.NoError(t, err)
	}), uint64(30<<20+overhead), "Export: bytes allocated, from gzip")
}
