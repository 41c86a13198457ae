package hostile_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/internal/testkit"
)

// What SECURITY.md promises of a response's memory: freeMemory, and memoryPerByte
// for each byte of its text, or foreignPerByte in a type of the caller's, the text
// included.
const (
	freeMemory     = 8 << 20
	memoryPerByte  = 25
	foreignPerByte = 65
)

// hostileTexts yields texts of about a size that are like a response's, but one
// array or object in it has as many parts as fit, each as short as it can be.
func hostileTexts(body []byte, size int, yield func(name string, text func() []byte)) {
	var whole any
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if decoder.Decode(&whole) != nil {
		return
	}
	const mark = "\x01here"
	text := func(part string) []byte {
		marked, err := json.Marshal(whole)
		if err != nil {
			panic(err)
		}
		return bytes.Replace(marked, []byte(`"\u0001here"`), []byte(part), 1)
	}
	var visit func(path string, node any, set func(any))
	visit = func(path string, node any, set func(any)) {
		switch node := node.(type) {
		case []any:
			set(mark)
			for name, part := range fillers(node) {
				yield(path+" of "+name, func() []byte { return text("[" + repeated(size, func(int) string { return part }) + "]") })
			}
			set(node)
			if len(node) > 0 {
				visit(path+"[]", node[0], func(v any) { node[0] = v })
			}
		case map[string]any:
			set(mark)
			for _, part := range []string{"{}", "[]"} {
				yield(path+" with "+part, func() []byte {
					return text("{" + repeated(size, func(i int) string { return `"` + strconv.FormatInt(int64(i), 36) + `":` + part }) + "}")
				})
			}
			set(node)
			for _, name := range slices.Sorted(maps.Keys(node)) {
				visit(path+"."+name, node[name], func(v any) { node[name] = v })
			}
		}
	}
	visit("", whole, func(v any) { whole = v })
}

// repeated returns parts with commas between them.
func repeated(size int, part func(i int) string) string {
	var text strings.Builder
	for i := 0; text.Len() < size; i++ {
		if i > 0 {
			text.WriteByte(',')
		}
		text.WriteString(part(i))
	}
	return text.String()
}

// fillers returns short elements of an array, among them what is left of its own
// elements without their texts and numbers.
func fillers(array []any) map[string]string {
	short := map[string]string{"{}": "{}", "[]": "[]", "texts": `""`}
	if len(array) == 0 {
		return short
	}
	skeleton, err := json.Marshal(skeletonOf(array[0]))
	if err != nil {
		panic(err)
	}
	short["skeletons"] = string(skeleton)
	return short
}

func skeletonOf(v any) any {
	switch v := v.(type) {
	case map[string]any:
		bones := map[string]any{}
		for name, value := range v {
			switch value.(type) {
			case map[string]any, []any:
				bones[name] = skeletonOf(value)
			}
		}
		return bones
	case []any:
		if len(v) > 0 {
			return []any{skeletonOf(v[0])}
		}
	}
	return v
}

// sampledTexts is how many texts of an operation have one that is in a sample.
const sampledTexts = 12

// held returns how much memory is held by what f returns, or was allocated if that
// is no more than enough.
func held(enough uint64, f func() any) uint64 {
	if took := testkit.Allocated(func() { f() }); took <= enough {
		return took
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	result := f()
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(result)
	return after.HeapAlloc - min(before.HeapAlloc, after.HeapAlloc)
}

// Whatever a success holds, no method makes more of it in memory than SECURITY.md
// says. A method is in it by being in operations().
func TestMemory_OfAnyResponse(t *testing.T) { //nolint:paralleltest // other tests' memory would count
	if testkit.RaceDetected {
		t.Skip("the race detector takes memory, too")
	}
	var response []byte
	client, err := pulumiapi.NewClient(pulumiapi.WithToken("token"), pulumiapi.WithRetry(pulumiapi.RetryPolicy{MaxAttempts: 1}),
		pulumiapi.WithHTTPClient(&http.Client{Transport: testkit.RoundTripperFunc(func(*http.Request) (*http.Response, error) {
			return testkit.Respond(http.StatusOK, response), nil
		})}))
	require.NoError(t, err)
	texts, refused := 0, 0
	// measure returns how many bytes of memory a byte of text took.
	measure := func(o testkit.Operation, name string, text []byte) float64 {
		texts++
		response = text
		perByte := uint64(memoryPerByte)
		if o.Name == genericCall().Name {
			perByte = foreignPerByte
		}
		most := freeMemory + perByte*uint64(len(text))
		size := held(most, func() any {
			got, err := o.Call(t.Context(), client)
			if err != nil && strings.Contains(err.Error(), "too much memory") {
				refused++
			}
			return got
		})
		require.LessOrEqual(t, size, most, "%s answered with %s: bytes of memory for %d bytes of text", o.Name, name, len(text))
		return float64(size) / float64(len(text))
	}
	type text struct {
		o    testkit.Operation
		name string
		per  float64
	}
	var worst []text
	for row, o := range append(testkit.JSONOperations(), genericCall()) {
		if !o.ReturnsValue() || o.Waits || o.Text {
			continue
		}
		column := 0
		hostileTexts([]byte(o.Response), 64<<10, func(name string, body func() []byte) {
			if testkit.InSample(row, column, sampledTexts) {
				worst = append(worst, text{o, name, measure(o, name, body())})
			}
			column++
		})
	}
	longer := 2 // in a sample
	if testkit.Whole() {
		longer = 10
		assert.Greater(t, texts, 1000)
		assert.Greater(t, refused, 50, "the limit was met")
	}

	// In longer ones, what is free counts for less.
	slices.SortFunc(worst, func(a, b text) int { return cmp.Compare(b.per, a.per) })
	most := text{}
	within := slices.IndexFunc(worst, func(w text) bool { return w.per <= memoryPerByte })
	for _, w := range worst[within:min(within+longer, len(worst))] {
		hostileTexts([]byte(w.o.Response), 2<<20, func(name string, body func() []byte) {
			if name != w.name {
				return
			}
			if per := measure(w.o, name, body()); per > most.per {
				most = text{w.o, name, per}
			}
		})
	}
	t.Logf("%d texts, of which %d took too much", texts, refused)
	t.Logf("the most for 64 KiB: %.1f bytes of memory for a byte of text (%s answered with %s)", worst[0].per, worst[0].o.Name, worst[0].name)
	t.Logf("the most for 2 MiB: %.1f bytes of memory for a byte of text (%s answered with %s)", most.per, most.o.Name, most.name)
}

// genericCall is Client.Do, into whatever comes.
func genericCall() testkit.Operation {
	return testkit.Operation{
		Name: "Client.Do", Response: `{"a":[{"b":["c"]}]}`,
		Call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
			var out any
			_, err := client.Do(ctx, pulumiapi.Request{Endpoint: pulumiapi.Endpoint{Method: "GET", Template: "/api/x"}}, &out)
			return out, err
		},
	}
}

// A few kilobytes of gzip are a long page of empty items. They take no more memory
// than SECURITY.md says of a response that is so short on the wire.
func TestMemory_OfATinyResponse(t *testing.T) { //nolint:paralleltest // it counts allocations
	if testkit.RaceDetected {
		t.Skip("the race detector takes memory, too")
	}
	page := testkit.Gzipped(t, []byte(`{"stacks":[`+strings.Repeat("{},", 1<<20)+`{}]}`))
	require.Less(t, len(page), 4<<10)
	for _, timeout := range []time.Duration{0, time.Minute} { // net/http wraps bodies for its timeout
		client := compressing(t, page, timeout)
		var err error
		size := testkit.Allocated(func() { _, err = client.Stacks.ListPage(t.Context(), nil) })
		require.ErrorContains(t, err, "grows to more than 200 times its size")
		var failed *pulumiapi.CallError
		require.ErrorAs(t, err, &failed)
		assert.Equal(t, 1, failed.Attempts, "the next response would be the same")
		assert.Less(t, size, uint64(8<<20), "bytes allocated")
	}
}

// compressing returns a client whose requests are answered with gzip.
func compressing(t *testing.T, zipped []byte, timeout time.Duration) *pulumiapi.Client {
	t.Helper()
	client, err := pulumiapi.NewClient(pulumiapi.WithToken("token"),
		pulumiapi.WithHTTPClient(&http.Client{Timeout: timeout, Transport: testkit.RoundTripperFunc(func(*http.Request) (*http.Response, error) {
			return testkit.Respond(http.StatusOK, zipped, "Content-Encoding", "gzip"), nil
		})}))
	require.NoError(t, err)
	return client
}

// An honest response is never refused, however many items it has, however few
// members they have, and however well they compress.
func TestMemory_HonestResponses(t *testing.T) {
	t.Parallel()
	const count = 100_000
	list := func(before, after string, item func(i int) string) []byte {
		text := []byte(before)
		for i := range count {
			if i > 0 {
				text = append(text, ',')
			}
			text = append(text, item(i)...)
		}
		return append(text, after...)
	}
	urn := func(i int) string { return fmt.Sprintf("urn:pulumi:prod::web::aws:s3/bucket:Bucket::bucket-%d", i) }
	for name, c := range map[string]struct {
		body []byte
		call func(*pulumiapi.Client) (int, error)
	}{
		"resources": {
			list(`{"resources":[`, `],"version":7}`, func(i int) string {
				return fmt.Sprintf(`{"resource":{"urn":%q,"id":"bucket-%d","type":"aws:s3/bucket:Bucket","custom":true,"inputs":{"acl":"private","tags":{"n":%d}},"outputs":{"arn":"arn:aws:s3:::bucket-%d"},"dependencies":[%q]}}`,
					urn(i), i, i, i, urn(i-1))
			}),
			func(client *pulumiapi.Client) (int, error) {
				got, err := client.Stacks.GetResources(t.Context(), testkit.Prod)
				if err != nil {
					return 0, err
				}
				return len(got.Resources), nil
			},
		},
		"resources with little": {
			list(`{"resources":[`, `]}`, func(i int) string { return fmt.Sprintf(`{"resource":{"urn":%q}}`, urn(i)) }),
			func(client *pulumiapi.Client) (int, error) {
				got, err := client.Stacks.GetResources(t.Context(), testkit.Prod)
				if err != nil {
					return 0, err
				}
				return len(got.Resources), nil
			},
		},
		"stacks of a self-hosted installation": {
			list(`{"stacks":[`, `]}`, func(i int) string {
				return fmt.Sprintf(`{"orgName":"acme","projectName":"web","stackName":"s%d"}`, i)
			}),
			func(client *pulumiapi.Client) (int, error) {
				got, err := client.Stacks.ListPage(t.Context(), nil)
				if err != nil {
					return 0, err
				}
				return len(got.Items), nil
			},
		},
		"updates in the older form": {
			list(`{"updates":[`, `]}`, func(i int) string {
				return fmt.Sprintf(`{"kind":"update","startTime":17%08d,"result":"succeeded"}`, i)
			}),
			func(client *pulumiapi.Client) (int, error) {
				got, err := client.Updates.ListPage(t.Context(), testkit.Prod, nil)
				if err != nil {
					return 0, err
				}
				return len(got.Items), nil
			},
		},
		"events": {
			list(`{"auditLogEvents":[`, `]}`, func(i int) string { return fmt.Sprintf(`{"timestamp":17%08d,"event":"Stack Created"}`, i) }),
			func(client *pulumiapi.Client) (int, error) {
				got, err := client.AuditLogs.ListPage(t.Context(), "acme", nil)
				if err != nil {
					return 0, err
				}
				return len(got.Items), nil
			},
		},
		"policy issues": {
			list(`{"policyIssues":[`, `]}`, func(i int) string { return fmt.Sprintf(`{"id":"3f2504e0-4f89-11d3-9a0c-%012d"}`, i) }),
			func(client *pulumiapi.Client) (int, error) {
				got, err := client.PolicyIssues.ListPage(t.Context(), "acme", nil)
				if err != nil {
					return 0, err
				}
				return len(got.Items), nil
			},
		},
		"at a ratio of 100": {
			list(`{"stacks":[`, `]}`, func(i int) string {
				return fmt.Sprintf(`{"orgName":"acme","projectName":"web","stackName":"s%d","id":%q}`, i%10, strings.Repeat("0", 300))
			}),
			func(client *pulumiapi.Client) (int, error) {
				got, err := client.Stacks.ListPage(t.Context(), nil)
				if err != nil {
					return 0, err
				}
				return len(got.Items), nil
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Less(t, len(c.body), 64<<20)
			zipped := testkit.Gzipped(t, c.body)
			if name == "at a ratio of 100" {
				require.Greater(t, len(c.body), 100*len(zipped))
			}
			got, err := c.call(compressing(t, zipped, 0))
			require.NoError(t, err)
			assert.Equal(t, count, got)
		})
	}
}

// A claim of a length takes no more memory than what arrives.
func TestMemory_OfWhatResponsesClaim(t *testing.T) { //nolint:paralleltest // it counts allocations
	if testkit.RaceDetected {
		t.Skip("the race detector takes memory, too")
	}
	const arrives = 1 << 10
	claim := func(size int64, body io.Reader) *pulumiapi.Client {
		client, err := pulumiapi.NewClient(pulumiapi.WithToken("token"), pulumiapi.WithRetry(pulumiapi.RetryPolicy{MaxAttempts: 1}),
			pulumiapi.WithHTTPClient(&http.Client{Transport: testkit.RoundTripperFunc(func(*http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(body), ContentLength: size}, nil
			})}))
		require.NoError(t, err)
		return client
	}
	for name, call := range map[string]func(*pulumiapi.Client) error{
		"Get":    func(c *pulumiapi.Client) error { return testkit.ErrorOf(c.Stacks.Get(t.Context(), testkit.Prod)) },
		"Export": func(c *pulumiapi.Client) error { return testkit.ErrorOf(c.Stacks.Export(t.Context(), testkit.Prod)) },
		"GetResources": func(c *pulumiapi.Client) error {
			return testkit.ErrorOf(c.Stacks.GetResources(t.Context(), testkit.Prod))
		},
	} {
		for _, size := range []int64{1 << 20, 64 << 20} {
			client := claim(size, strings.NewReader(strings.Repeat(" ", arrives)))
			var err error
			took := testkit.Allocated(func() { err = call(client) })
			require.Error(t, err, name)
			assert.Less(t, took, uint64(1<<20), "%s: bytes allocated for a claim of %d and %d that arrive", name, size, arrives)
		}
		// What does arrive is not copied often.
		const long = 32 << 20
		client := claim(long, strings.NewReader(`{"version":3,"deployment":"`+strings.Repeat(" ", long-29)+`"}`))
		var err error
		took := testkit.Allocated(func() { err = call(client) })
		require.NoError(t, err, name)
		assert.Less(t, took, uint64(long+long/4), "%s: bytes allocated for %d", name, long)
	}
}

// A resource of a state that is walked is held as a whole, so it has a limit.
func TestMemory_OfOneResourceWithoutAnEnd(t *testing.T) {
	t.Parallel()
	endless := func() io.Reader {
		return io.MultiReader(strings.NewReader(`{"version":3,"deployment":{"resources":[{"urn":"a"},{"urn":"`), zeros{})
	}
	client := testkit.Responding(t, nil, endless, pulumiapi.WithMaxAnswer(1<<20))
	resources, err := pulumiapi.Collect(client.Stacks.ExportResources(t.Context(), testkit.Prod))
	require.ErrorContains(t, err, "a part of the state is longer than what is read into memory")
	assert.Len(t, resources, 1)
}

// zeros is text without an end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '0'
	}
	return len(p), nil
}
