package pulumiapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/internal/testkit"
)

func TestClient_Do_RefusesWhatHTTPCannotCarry(t *testing.T) {
	t.Parallel()
	client, s := testkit.Client(t, func(int, *http.Request) (*http.Response, error) { return testkit.Respond(http.StatusOK, nil), nil })
	endpoint := pulumiapi.Endpoint{Method: http.MethodPost, Template: "/api/test"}
	var noReader *bytes.Reader
	var noWriter *bytes.Buffer
	for argument, c := range map[string]struct {
		req pulumiapi.Request
		out any
	}{
		"req.Header":          {req: pulumiapi.Request{Endpoint: endpoint, Header: http.Header{"X Y": {"z"}}}},
		"req.Header[X-Token]": {req: pulumiapi.Request{Endpoint: endpoint, Header: http.Header{"X-Token": {"a\r\nb: c"}}}},
		"req.ContentType":     {req: pulumiapi.Request{Endpoint: endpoint, ContentType: "text/plain\n"}},
		"req.Body":            {req: pulumiapi.Request{Endpoint: endpoint, Body: noReader}},
		"out":                 {req: pulumiapi.Request{Endpoint: endpoint}, out: noWriter},
	} {
		_, err := client.Do(t.Context(), c.req, c.out)
		var wrong *pulumiapi.ArgumentError
		require.ErrorAs(t, err, &wrong, argument)
		assert.Equal(t, argument, wrong.Name)
		assert.NotContains(t, err.Error(), "b: c", "a header's value may be a secret")
		require.NotErrorIs(t, err, pulumiapi.ErrOutcomeUnknown)
	}
	assert.Empty(t, s.Sent())

	_, err := new(pulumiapi.Client).Do(t.Context(), pulumiapi.Request{Endpoint: endpoint}, nil)
	var wrong *pulumiapi.ArgumentError
	require.ErrorAs(t, err, &wrong, "a client that NewClient has not made")
	assert.Equal(t, "client", wrong.Name)
}

func TestClient_Do_RefusesTraitsThatCannotBe(t *testing.T) {
	t.Parallel()
	client, s := testkit.Client(t, func(int, *http.Request) (*http.Response, error) { return testkit.Respond(http.StatusOK, nil), nil })
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		isPost := method == http.MethodPost
		isRead := method == http.MethodGet || method == http.MethodHead
		for _, c := range []struct {
			endpoint pulumiapi.Endpoint
			wrong    string // the trait that is not for the method
			fits     bool
		}{
			{pulumiapi.Endpoint{Read: true}, "Read", isPost},
			{pulumiapi.Endpoint{Idempotent: true}, "Idempotent", isPost || method == http.MethodPatch},
			{pulumiapi.Endpoint{NoRetry: true}, "NoRetry", isRead},
			{pulumiapi.Endpoint{Read: true, NoRetry: true}, "Read", isPost},
			{pulumiapi.Endpoint{Read: true, Idempotent: true}, map[bool]string{true: "Idempotent", false: "Read"}[isPost], false},
			{pulumiapi.Endpoint{Idempotent: true, NoRetry: true}, map[bool]string{true: "NoRetry", false: "Idempotent"}[isPost || method == http.MethodPatch], false},
		} {
			c.endpoint.Method, c.endpoint.Template = method, "/api/test"
			_, err := client.Do(t.Context(), pulumiapi.Request{Endpoint: c.endpoint}, nil)
			if c.fits {
				require.NoError(t, err, "%+v", c.endpoint)
				continue
			}
			var wrong *pulumiapi.ArgumentError
			require.ErrorAs(t, err, &wrong, "%+v", c.endpoint)
			assert.Equal(t, "req.Endpoint."+c.wrong, wrong.Name, "%+v", c.endpoint)
		}
	}
	for _, req := range s.Sent() {
		assert.Contains(t, []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPatch}, req.Method)
	}
}

func TestNilContexts(t *testing.T) {
	t.Parallel()
	client, s := testkit.Client(t, func(int, *http.Request) (*http.Response, error) { return testkit.Respond(http.StatusOK, nil), nil })
	var none context.Context
	assert.Nil(t, pulumiapi.CaptureResponse(none, new(pulumiapi.ResponseInfo)))
	_, found := pulumiapi.EndpointFromContext(none)
	assert.False(t, found)
	var wrong *pulumiapi.ArgumentError
	_, err := client.Stacks.Get(none, testkit.Prod)
	require.ErrorAs(t, err, &wrong)
	assert.Equal(t, "ctx", wrong.Name)
	assert.Empty(t, s.Sent())
}

func TestClient_Do_RefusesBadRequests(t *testing.T) {
	t.Parallel()
	endpoint := func(method, template string) pulumiapi.Request {
		return pulumiapi.Request{Endpoint: pulumiapi.Endpoint{Method: method, Template: template}}
	}
	var nilThing *thing
	for _, c := range []struct {
		what, name string
		req        pulumiapi.Request
		out        any
	}{
		{"nothing", "req.Endpoint.Method", pulumiapi.Request{}, nil},
		{"no method", "req.Endpoint.Method", endpoint("", "/api/x"), nil},
		{"a small method", "req.Endpoint.Method", endpoint("get", "/api/x"), nil},
		{"a method with a space", "req.Endpoint.Method", endpoint("GET ", "/api/x"), nil},
		{"a method with a line break", "req.Endpoint.Method", endpoint("GET\r\nX", "/api/x"), nil},
		{"no template", "req.Endpoint.Template", endpoint("GET", ""), nil},
		{"a relative template", "req.Endpoint.Template", endpoint("GET", "api/x"), nil},
		{"a URL", "req.Endpoint.Template", endpoint("GET", "https://evil.example/api/x"), nil},
		{"a query", "req.Endpoint.Template", endpoint("GET", "/api/x?a=b"), nil},
		{"a fragment", "req.Endpoint.Template", endpoint("GET", "/api/x#a"), nil},
		{"an escape", "req.Endpoint.Template", endpoint("GET", "/api/%2e%2e/x"), nil},
		{"a backslash", "req.Endpoint.Template", endpoint("GET", `/api\x`), nil},
		{"a space", "req.Endpoint.Template", endpoint("GET", "/api/x y"), nil},
		{"dots", "req.Endpoint.Template", endpoint("GET", "/api/../x"), nil},
		{"a dot at the end", "req.Endpoint.Template", endpoint("GET", "/api/."), nil},
		{"too few arguments", "req.Args", pulumiapi.Request{Endpoint: testkit.GetThing}, nil},
		{"too many arguments", "req.Args", pulumiapi.Request{Endpoint: testkit.GetThing, Args: []string{"a", "b"}}, nil},
		{"arguments for nothing", "req.Args", pulumiapi.Request{Endpoint: testkit.PostThings, Args: []string{"a"}}, nil},
		{"an empty argument", "req.Args[0] (thing)", pulumiapi.Request{Endpoint: testkit.GetThing, Args: []string{""}}, nil},
		{"a body that is no JSON", "req.Body", pulumiapi.Request{Endpoint: testkit.PostThings, Body: make(chan int)}, nil},
		{"a body with a function in it", "req.Body", pulumiapi.Request{Endpoint: testkit.PostThings, Body: map[string]any{"f": func() {}}}, nil},
		{"an out that is no pointer", "out", getA(testkit.GetThing), thing{}},
		{"an out that is a map", "out", getA(testkit.GetThing), map[string]any{}},
		{"an out that is a nil pointer", "out", getA(testkit.GetThing), nilThing},
	} {
		a := always(http.StatusOK, "{}")
		info, err := clientOver(t, a).Do(t.Context(), c.req, c.out)
		testkit.RequireArgumentError(t, err, c.name, "Do with "+c.what)
		assert.Nil(t, info, "Do with %s", c.what)
		assert.Empty(t, a.Sent(), "Do with %s", c.what)
	}
}

func TestClient_Do_Bodies(t *testing.T) {
	t.Parallel()
	const text = "kind: yaml\n\u2028 <&> \x00\xff"
	seekable := strings.NewReader("skipped" + text)
	_, err := seekable.Seek(7, io.SeekStart)
	require.NoError(t, err)
	for what, c := range map[string]struct {
		body any
		want string
	}{
		"nil":                 {nil, ""},
		"a reader":            {readerOnly{strings.NewReader(text)}, text},
		"a reader that seeks": {seekable, text},
		"a buffer":            {bytes.NewBufferString(text), text},
		"an empty reader":     {strings.NewReader(""), ""},
		"bytes":               {[]byte(text), text},
		"no bytes":            {[]byte{}, ""},
		"raw JSON":            {json.RawMessage(`{ "b":1.0, "a" : 1e0}`), `{ "b":1.0, "a" : 1e0}`},
		"a struct":            {thing{Name: "<&>", Raw: json.RawMessage(`{"a":1}`)}, `{"name":"<&>","count":0,"raw":{"a":1}}`},
		"a pointer":           {&thing{Name: "n", Raw: json.RawMessage(`1`)}, `{"name":"n","count":0,"raw":1}`},
		"a map":               {map[string]any{"b": 1, "a": []string(nil)}, `{"a":[],"b":1}`},
		"a string":            {"text", `"text"`},
		"a number":            {7, `7`},
		"a Secret":            {map[string]any{"secret": pulumiapi.NewSecret("s3cret")}, `{"secret":"s3cret"}`},
	} {
		a := always(http.StatusNoContent, "")
		_, err := clientOver(t, a).Do(t.Context(), pulumiapi.Request{Endpoint: testkit.PostThings, Body: c.body}, nil)
		require.NoError(t, err, "Do with %s", what)
		require.Len(t, a.Sent(), 1, "Do with %s", what)
		assert.Equal(t, c.want, string(a.Bodies()[0]), "Do with %s", what)
		assert.Equal(t, "application/json", a.Sent()[0].Header.Get("Content-Type"), "Do with %s", what)
	}
}

func TestClient_Do_SendsABodyAgain(t *testing.T) {
	t.Parallel()
	seekable := strings.NewReader("skipped text")
	_, err := seekable.Seek(8, io.SeekStart)
	require.NoError(t, err)
	for what, c := range map[string]struct {
		body  any
		times int
	}{
		"bytes":               {[]byte("text"), 4},
		"raw JSON":            {json.RawMessage("text"), 4},
		"a reader that seeks": {seekable, 4},
		"a reader":            {readerOnly{strings.NewReader("text")}, 1},
	} {
		a := statuses(http.StatusServiceUnavailable)
		info, err := clientOver(t, a).Do(t.Context(), pulumiapi.Request{Endpoint: findThings, Body: c.body}, nil)
		var refused *pulumiapi.APIError
		require.ErrorAs(t, err, &refused, "Do with %s", what)
		assert.Equal(t, c.times, refused.Attempts, "Do with %s", what)
		assert.Equal(t, c.times, info.Attempts, "Do with %s", what)
		require.Len(t, a.Bodies(), c.times, "Do with %s", what)
		for _, body := range a.Bodies() {
			assert.Equal(t, "text", string(body), "Do with %s", what)
		}
	}
}

func TestClient_Do_Header(t *testing.T) {
	t.Parallel()
	mine := http.Header{
		"accept":       {"text/yaml"},
		"X-Mine":       {"1", "2"},
		"Content-Type": {"application/x-tar"},
		"User-Agent":   {"mine/1"},
	}
	before := mine.Clone()
	a := statuses(http.StatusServiceUnavailable, http.StatusNoContent)
	_, err := clientOver(t, a).Do(t.Context(), pulumiapi.Request{
		Endpoint: testkit.GetThing, Args: []string{"a"}, Header: mine, ContentType: "text/ignored", Query: url.Values{"q": {"1", "2"}},
	}, nil)
	require.NoError(t, err)
	require.Len(t, a.Sent(), 2)
	for _, req := range a.Sent() {
		assert.Equal(t, []string{"text/yaml"}, req.Header["Accept"])
		assert.Equal(t, []string{"1", "2"}, req.Header["X-Mine"])
		assert.Equal(t, []string{"application/x-tar"}, req.Header["Content-Type"], "Header goes before ContentType")
		assert.Equal(t, []string{"mine/1"}, req.Header["User-Agent"])
		assert.Equal(t, []string{"token " + testkit.CanaryToken}, req.Header["Authorization"])
		assert.Equal(t, "q=1&q=2", req.URL.RawQuery)
	}
	assert.Equal(t, before, mine, "the caller's Header is not changed")

	a = statuses(http.StatusNoContent)
	_, err = clientOver(t, a).Do(t.Context(), pulumiapi.Request{
		Endpoint: testkit.PostThings, Body: []byte("a=b"), ContentType: "application/x-www-form-urlencoded",
		Header: http.Header{"authorization": nil, "User-Agent": nil, "Accept": nil},
	}, nil)
	require.NoError(t, err)
	require.Len(t, a.Sent(), 1)
	assert.Equal(t, "application/x-www-form-urlencoded", a.Sent()[0].Header.Get("Content-Type"))
	var wire strings.Builder
	req := a.Sent()[0].Clone(t.Context())
	req.Body = io.NopCloser(strings.NewReader("a=b"))
	require.NoError(t, req.Write(&wire))
	for _, absent := range []string{"Authorization", "User-Agent", "Accept:", testkit.CanaryToken} {
		assert.NotContains(t, wire.String(), absent, "what is sent with %s taken out", absent)
	}
}

func TestClient_Do_Out(t *testing.T) {
	t.Parallel()
	body := ` {"name": "n", "raw": { "z": 1.0, "a": 12345678901234567890 }, "unknown": 1} ` + "\n"
	client := clientOver(t, always(http.StatusOK, body, "X-Pulumi-Request-ID", "8f2c"))

	var aThing thing
	info, err := client.Do(t.Context(), getA(testkit.GetThing), &aThing)
	require.NoError(t, err)
	assert.Equal(t, thing{Name: "n", Raw: json.RawMessage(`{ "z": 1.0, "a": 12345678901234567890 }`)}, aThing)
	assert.Equal(t, http.StatusOK, info.StatusCode)
	assert.Equal(t, "8f2c", info.RequestID)
	assert.Equal(t, 1, info.Attempts)
	assert.Equal(t, "8f2c", info.Header.Get("X-Pulumi-Request-ID"))

	// What a pointer leads to is replaced, not merged into.
	aThing = thing{Name: "old", Count: 7, Raw: json.RawMessage("1")}
	_, err = client.Do(t.Context(), getA(testkit.GetThing), &aThing)
	require.NoError(t, err)
	assert.Zero(t, aThing.Count, "Count is not in the answer")
	aMap := map[string]any{"old": 1}
	_, err = client.Do(t.Context(), getA(testkit.GetThing), &aMap)
	require.NoError(t, err)
	assert.NotContains(t, aMap, "old")
	assert.Equal(t, "n", aMap["name"])

	var anything any
	_, err = client.Do(t.Context(), getA(testkit.GetThing), &anything)
	require.NoError(t, err)
	assert.Contains(t, anything, "name")
	var pointer *thing
	_, err = client.Do(t.Context(), getA(testkit.GetThing), &pointer)
	require.NoError(t, err)
	assert.Equal(t, "n", pointer.Name)
	var raw json.RawMessage
	_, err = client.Do(t.Context(), getA(testkit.GetThing), &raw)
	require.NoError(t, err)
	assert.Equal(t, []byte(strings.TrimSpace(body)), []byte(raw), "raw JSON stays as it is")

	var buffer bytes.Buffer
	_, err = client.Do(t.Context(), getA(testkit.GetThing), &buffer)
	require.NoError(t, err)
	assert.Equal(t, []byte(body), buffer.Bytes(), "a writer gets the bytes")
	_, err = client.Do(t.Context(), getA(testkit.GetThing), nil)
	require.NoError(t, err)

	// Buffers are used again; what was decoded from them stays.
	_, err = clientOver(t, always(http.StatusOK, strings.Repeat("[", 100)+strings.Repeat("]", 100))).Do(t.Context(), getA(testkit.GetThing), new(any))
	require.NoError(t, err)
	assert.Equal(t, []byte(strings.TrimSpace(body)), []byte(raw), "raw JSON after another call")
	assert.Equal(t, `{ "z": 1.0, "a": 12345678901234567890 }`, string(aThing.Raw), "raw JSON after another call")
}

func TestClient_Do_WriterGetsWhatIsNotJSON(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"", "null", "kind: yaml\n", "\x1f\x8b\x00", "event: a\n\n"} {
		var buffer bytes.Buffer
		_, err := clientOver(t, always(http.StatusOK, body, "Content-Type", "application/x-tar")).Do(t.Context(), getA(testkit.GetThing), &buffer)
		require.NoError(t, err, "Do with the answer %q", body)
		assert.Equal(t, body, buffer.String())
	}
	// A refusal is not written.
	var buffer bytes.Buffer
	_, err := clientOver(t, statuses(http.StatusNotFound)).Do(t.Context(), getA(testkit.GetThing), &buffer)
	require.ErrorIs(t, err, pulumiapi.ErrNotFound)
	assert.Zero(t, buffer.Len())
}

func TestClient_Do_WriterFailsOrAnswerBreaks(t *testing.T) {
	t.Parallel()
	full := errors.New("disk full")
	for _, after := range []int{0, 3} {
		a := always(http.StatusOK, "text that is long")
		_, err := clientOver(t, a).Do(t.Context(), getA(testkit.GetThing), &failingWriter{after, full})
		var failed *pulumiapi.CallError
		require.ErrorAs(t, err, &failed, "Do with a writer that fails after %d bytes", after)
		require.ErrorIs(t, err, full, "Do with a writer that fails after %d bytes", after)
		assert.Len(t, a.Sent(), 1, "a writer that fails is not tried again")
	}
	for text, times := range map[string]int{"": 4, "some": 1} {
		a := &testkit.Script{Answer: func(int, *http.Request) (*http.Response, error) {
			resp := testkit.Respond(http.StatusOK, nil)
			resp.ContentLength = 100
			resp.Body = io.NopCloser(&failingReader{strings.NewReader(text), io.ErrUnexpectedEOF})
			return resp, nil
		}}
		var buffer bytes.Buffer
		_, err := clientOver(t, a).Do(t.Context(), getA(testkit.GetThing), &buffer)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF, "Do with an answer cut off after %q", text)
		require.ErrorContains(t, err, fmt.Sprintf("cut off after %d bytes", len(text)))
		assert.Len(t, a.Sent(), times, "Do with an answer cut off after %q: not again once the writer has a part", text)
		assert.Equal(t, text, buffer.String())
	}
}
