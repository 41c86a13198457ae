package pulumiapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/internal/testkit"
)

func TestClient_UnusableAnswers(t *testing.T) {
	t.Parallel()
	page := "<!doctype html>\n<html>\x1b[31m" + strings.Repeat("é", 10_000)
	for what, c := range map[string]struct {
		resp func() *http.Response
		says []string
	}{
		"204":              {func() *http.Response { return testkit.Respond(http.StatusNoContent, nil) }, []string{"no body", "204"}},
		"200 without body": {func() *http.Response { return testkit.Respond(http.StatusOK, []byte(" \n")) }, []string{"no body", "200"}},
		"null":             {func() *http.Response { return testkit.Respond(http.StatusOK, []byte(" null\n")) }, []string{"null"}},
		"HTML": {
			func() *http.Response {
				return testkit.Respond(http.StatusOK, []byte(page), "Content-Type", "text/html; charset=utf-8")
			},
			[]string{"not JSON", `"text/html; charset=utf-8"`, `"<!doctype html> <html>[31mééé`, `é…`},
		},
		"HTML called JSON": {func() *http.Response {
			return testkit.Respond(http.StatusOK, []byte(page), "Content-Type", "application/json")
		}, []string{"not JSON", "application/json"}},
		"text":               {func() *http.Response { return testkit.Respond(http.StatusOK, []byte("OK")) }, []string{"not JSON", `begins "OK"`}},
		"JSON and more":      {func() *http.Response { return testkit.Respond(http.StatusOK, []byte(`{"id":"a"} {"id":"b"}`)) }, []string{"not JSON"}},
		"an array":           {func() *http.Response { return testkit.Respond(http.StatusOK, []byte(`[{"id":"a"}]`)) }, []string{"another form"}},
		"a string":           {func() *http.Response { return testkit.Respond(http.StatusOK, []byte(`"a"`)) }, []string{"another form"}},
		"a number as a name": {func() *http.Response { return testkit.Respond(http.StatusOK, []byte(`{"id":1}`)) }, []string{"another form", "/id"}},
		"half":               {func() *http.Response { return testkit.Respond(http.StatusOK, []byte(`{"id":"a","tags":{`)) }, []string{"cut off after 18 bytes"}},
		"a length that lies": {
			func() *http.Response {
				resp := testkit.Respond(http.StatusOK, []byte(`{"id":`))
				resp.ContentLength = 1 << 62
				return resp
			},
			[]string{"longer than the 64 MiB"},
		},
	} {
		a := &testkit.Script{Answer: func(int, *http.Request) (*http.Response, error) { return c.resp(), nil }}
		stack, err := clientOver(t, a).Stacks.Get(t.Context(), thingStack)
		assert.Nil(t, stack, "Stacks.Get answered %s", what)
		var failed *pulumiapi.CallError
		require.ErrorAs(t, err, &failed, "Stacks.Get answered %s", what)
		for _, says := range c.says {
			require.ErrorContains(t, err, says, "Stacks.Get answered %s", what)
		}
		assert.Less(t, utf8.RuneCountInString(err.Error()), 450, "Stacks.Get answered %s: %s", what, err)
		assert.NotContains(t, err.Error(), "\x1b", "Stacks.Get answered %s", what)
		assert.NotContains(t, err.Error(), "\n", "Stacks.Get answered %s", what)
		require.NotErrorIs(t, err, pulumiapi.ErrOutcomeUnknown, "Stacks.Get answered %s", what)

		// What out held before stays, and so does what is known of the answer.
		out := thing{Name: "before"}
		info, err := clientOver(t, a).Do(t.Context(), getA(testkit.GetThing), &out)
		if what != "a number as a name" { // which is none of a thing's
			require.Error(t, err, "Do answered %s", what)
			assert.Equal(t, thing{Name: "before"}, out, "Do answered %s", what)
		}
		require.NotNil(t, info, "Do answered %s", what)
		assert.NotZero(t, info.StatusCode, "Do answered %s", what)

		// Who asks for nothing is content with anything but a page, which is a proxy's.
		err = clientOver(t, a).Stacks.DeleteTag(t.Context(), thingStack, "a")
		if strings.HasPrefix(what, "HTML") {
			require.ErrorAs(t, err, &failed, "DeleteTag answered %s", what)
			require.ErrorContains(t, err, "not JSON", "DeleteTag answered %s", what)
			continue
		}
		require.NoError(t, err, "DeleteTag answered %s", what)
	}
}

func TestClient_AnswerLongerThanTheCap(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusOK, http.StatusBadGateway, http.StatusNotFound} {
		var bodies []*endless
		a := &testkit.Script{Answer: func(int, *http.Request) (*http.Response, error) {
			resp := testkit.Respond(status, nil)
			body := new(endless)
			bodies = append(bodies, body)
			resp.Body, resp.ContentLength = body, 64<<20 // as announced, so that the buffer grows but once
			return resp, nil
		}}
		_, err := clientOver(t, a, pulumiapi.WithRetry(pulumiapi.RetryPolicy{MaxAttempts: 1})).Stacks.Get(t.Context(), thingStack)
		require.Error(t, err, "Stacks.Get with an endless answer of status %d", status)
		require.Len(t, bodies, 1)
		limit := int64(1 << 20)
		if status == http.StatusOK {
			require.ErrorContains(t, err, "longer than the 64 MiB")
			limit = 66 << 20
		}
		assert.Less(t, bodies[0].read, limit, "what was read of an endless answer of status %d", status)
		assert.True(t, bodies[0].closed, "the body of an endless answer of status %d", status)
	}
}

func TestClient_RetriesReadsAndNotWrites(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		endpoint pulumiapi.Endpoint
		script   []int
		sent     int
		status   int // that the error has; 0: a CallError; 200: none
		unknown  bool
	}{
		{findThings, []int{503, 429, 0, 204}, 4, 200, false},
		{findThings, []int{503}, 4, 503, false},
		{testkit.GetThing, []int{0}, 4, 0, false},
		{testkit.PostThings, []int{503, 204}, 1, 503, true},
		{testkit.PostThings, []int{429, 204}, 1, 429, true},
		{testkit.PostThings, []int{408, 204}, 1, 408, true},
		{testkit.PostThings, []int{0, 204}, 1, 0, true},
		{testkit.PostThings, []int{-1, -1, 204}, 3, 200, false},
		{testkit.PostThings, []int{-1}, 4, 0, false},
		{testkit.PostThings, []int{-1, 400}, 2, 400, false},
		{testkit.PostThings, []int{-1, 503}, 2, 503, true},
		{testkit.PostThings, []int{400}, 1, 400, false},
		{testkit.PostThings, []int{409}, 1, 409, false},
		{deleteThing, []int{503, 204}, 2, 200, false},
		{deleteThing, []int{503}, 4, 503, true},
		{deleteThing, []int{0, 400}, 2, 400, true},
		{testkit.GetThing, []int{501}, 1, 501, false},
		{testkit.GetThing, []int{404, 204}, 1, 404, false},

		// A DELETE whose earlier attempt may have worked.
		{deleteThing, []int{404}, 1, 404, false},
		{deleteThing, []int{503, 404}, 2, 200, false},
		{deleteThing, []int{429, 404}, 2, 404, true}, // a 429 has not deleted it
		{deleteThing, []int{429, 503, 404}, 3, 200, false},
		{deleteThing, []int{0, 404}, 2, 200, false},
		{deleteThing, []int{503, -1, 404}, 3, 200, false},
		{deleteThing, []int{-1, 404}, 2, 404, false},
		{deleteThing, []int{400, 404}, 1, 400, false},
		{deleteThing, []int{409, 404}, 1, 409, false},
		{deleteThing, []int{503, 403}, 2, 403, true},
		{testkit.GetThing, []int{503, 404}, 2, 404, false},

		// An access token, whose ID may be wrong.
		{revokeThing, []int{503, 404}, 2, 404, true},
		{revokeThing, []int{0, 404}, 2, 404, true},
		{revokeThing, []int{429, 404}, 2, 404, true},
		{revokeThing, []int{404}, 1, 404, false},
		{revokeThing, []int{503, 204}, 2, 200, false},

		// Writes that may be sent twice, and reads that must not be.
		{setThings, []int{503, 429, 0, 204}, 4, 200, false},
		{setThings, []int{503}, 4, 503, true},
		{setThings, []int{0, 404}, 2, 404, true},
		{claimThing, []int{-1, 204}, 2, 200, false},
		{claimThing, []int{503, 204}, 1, 503, true},
		{claimThing, []int{429, 204}, 1, 429, true},
		{claimThing, []int{0, 204}, 1, 0, true},
		{claimThing, []int{404}, 1, 404, false},
	} {
		called := fmt.Sprintf("Do(%s) answered %v", c.endpoint, c.script)
		a := statuses(c.script...)
		req := pulumiapi.Request{Endpoint: c.endpoint, Body: []byte("{}")}
		if strings.Contains(c.endpoint.Template, "{") {
			req.Args = []string{"a"}
		}
		info, err := clientOver(t, a).Do(t.Context(), req, nil)
		require.Len(t, a.Sent(), c.sent, called)
		require.NotNil(t, info, called)
		assert.Equal(t, c.sent, info.Attempts, called)
		var (
			refused *pulumiapi.APIError
			failed  *pulumiapi.CallError
		)
		switch c.status {
		case 200:
			require.NoError(t, err, called)
			continue
		case 0:
			require.ErrorAs(t, err, &failed, called)
			assert.Equal(t, c.sent, failed.Attempts, called)
			assert.Equal(t, c.endpoint, failed.Endpoint, called)
		default:
			require.ErrorAs(t, err, &refused, called)
			assert.Equal(t, c.status, refused.StatusCode, called)
			assert.Equal(t, c.sent, refused.Attempts, called)
			assert.Equal(t, c.endpoint, refused.Endpoint, called)
			assert.Equal(t, c.status, info.StatusCode, called)
		}
		assert.Equal(t, c.unknown, errors.Is(err, pulumiapi.ErrOutcomeUnknown), "%s: is %v an ErrOutcomeUnknown", called, err)
	}
	// Who wants the answer of a DELETE gets the 404: there is no answer.
	_, err := clientOver(t, statuses(503, 404)).Do(t.Context(), getA(deleteThing), new(thing))
	require.ErrorIs(t, err, pulumiapi.ErrNotFound, "Do(%s) answered 503, 404 with an out", deleteThing)
}

func TestClient_APIErrorIsComplete(t *testing.T) {
	t.Parallel()
	a := always(http.StatusBadRequest, `{"code":400,"message":"bad name","documentationUrl":"https://www.pulumi.com/docs/","errors":[{"attribute":"name","errorType":"invalid"}]}`,
		"X-Pulumi-Request-ID", "8f2c", "Retry-After", "120", "X-Other", "1", "X-Other", "2")
	info, err := clientOver(t, a).Do(t.Context(), pulumiapi.Request{Endpoint: testkit.GetThing, Args: []string{"a/b"}}, new(thing))
	var refused *pulumiapi.APIError
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, pulumiapi.APIError{
		StatusCode: 400, Message: "bad name", DocumentationURL: "https://www.pulumi.com/docs/",
		Details:   []pulumiapi.ErrorDetail{{Attribute: "name", ErrorType: pulumiapi.ErrorTypeInvalid}},
		RequestID: "8f2c", Endpoint: testkit.GetThing, Path: "/api/things/a%2Fb", RetryAfter: 2 * time.Minute, Attempts: 1,
		Header: http.Header{"X-Pulumi-Request-Id": {"8f2c"}, "Retry-After": {"120"}, "X-Other": {"1", "2"}},
	}, *refused)
	assert.Equal(t, "pulumiapi: GET /api/things/a%2Fb: 400: bad name (request 8f2c, retry after 2m0s)", err.Error())
	assert.Equal(t, pulumiapi.ResponseInfo{StatusCode: 400, Header: refused.Header, RequestID: "8f2c", Attempts: 1}, *info)
}

func TestCaptureResponse(t *testing.T) {
	t.Parallel()
	a := &testkit.Script{Answer: func(n int, _ *http.Request) (*http.Response, error) {
		switch n {
		case 1:
			return testkit.Respond(http.StatusServiceUnavailable, nil, "X-Pulumi-Request-ID", "first"), nil
		case 2:
			return testkit.Respond(http.StatusOK, []byte(`{"id":"a"}`), "X-Pulumi-Request-ID", "second", "X-Other", "1"), nil
		case 3:
			return testkit.Respond(http.StatusForbidden, nil, "X-Pulumi-Request-ID", "third"), nil
		case 4:
			return testkit.Respond(http.StatusOK, []byte("not JSON"), "X-Pulumi-Request-ID", "fourth"), nil
		case 5:
			return testkit.Respond(http.StatusNoContent, nil, "X-Pulumi-Request-ID", "fifth"), nil
		}
		return nil, io.ErrUnexpectedEOF
	}}
	client := clientOver(t, a)
	var info pulumiapi.ResponseInfo
	ctx := pulumiapi.CaptureResponse(t.Context(), &info)

	_, err := client.Stacks.Get(ctx, thingStack)
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, info.StatusCode, "after a success")
	assert.Equal(t, "second", info.RequestID, "after a success")
	assert.Equal(t, "1", info.Header.Get("X-Other"), "after a success")
	assert.Equal(t, 2, info.Attempts, "after a success")

	_, err = client.Stacks.Get(ctx, thingStack)
	require.ErrorIs(t, err, pulumiapi.ErrForbidden)
	assert.Equal(t, pulumiapi.ResponseInfo{
		StatusCode: http.StatusForbidden, RequestID: "third", Attempts: 1, Header: http.Header{"X-Pulumi-Request-Id": {"third"}},
	}, info, "after a refusal")

	_, err = client.Stacks.Get(ctx, thingStack)
	require.Error(t, err)
	assert.Equal(t, "fourth", info.RequestID, "after an answer that is not JSON")

	require.NoError(t, client.Stacks.DeleteTag(ctx, thingStack, "a"))
	assert.Equal(t, "fifth", info.RequestID, "after a method that returns nothing")

	got, err := client.Do(ctx, getA(testkit.GetThing), nil)
	require.Error(t, err)
	assert.Equal(t, pulumiapi.ResponseInfo{Attempts: 4}, info, "without an answer")
	assert.Equal(t, info, *got, "Do returns the same")

	none := pulumiapi.CaptureResponse(t.Context(), nil)
	assert.Equal(t, t.Context(), none, "CaptureResponse without an info")
	_, err = client.Stacks.Get(none, thingStack)
	require.Error(t, err)
}

func TestCaptureResponse_OfEachPage(t *testing.T) {
	t.Parallel()
	a := &testkit.Script{Answer: func(n int, _ *http.Request) (*http.Response, error) {
		next := fmt.Sprintf(`"%d"`, n)
		if n == 3 {
			next = "null"
		}
		return testkit.Respond(http.StatusOK, []byte(fmt.Sprintf(`{"stacks":[{"stackName":"%d"}],"continuationToken":%s}`, n, next)), "X-Pulumi-Request-ID", fmt.Sprint(n)), nil
	}}
	var info pulumiapi.ResponseInfo
	var seen []string
	for stack, err := range clientOver(t, a).Stacks.List(pulumiapi.CaptureResponse(t.Context(), &info), nil) {
		require.NoError(t, err)
		seen = append(seen, stack.StackName+info.RequestID)
	}
	assert.Equal(t, []string{"11", "22", "33"}, seen)
}

func TestClient_NilContext(t *testing.T) {
	t.Parallel()
	var none context.Context
	a := always(http.StatusOK, "{}")
	client := clientOver(t, a)
	_, err := client.Stacks.Get(none, thingStack)
	testkit.RequireArgumentError(t, err, "ctx", "Stacks.Get without a context")
	testkit.RequireArgumentError(t, client.Stacks.SetTag(none, thingStack, "a", "b"), "ctx", "Stacks.SetTag without a context")
	_, err = client.Stacks.ListPage(none, nil)
	testkit.RequireArgumentError(t, err, "ctx", "Stacks.ListPage without a context")
	_, err = pulumiapi.Collect(client.Stacks.List(none, nil))
	testkit.RequireArgumentError(t, err, "ctx", "Stacks.List without a context")
	info, err := client.Do(none, getA(testkit.GetThing), nil)
	testkit.RequireArgumentError(t, err, "ctx", "Do without a context")
	assert.Nil(t, info)
	assert.Empty(t, a.Sent())
}

func TestClient_ContextEndedBefore(t *testing.T) {
	t.Parallel()
	cause := errors.New("the user has left")
	cancelled, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	expired, stop := context.WithDeadline(t.Context(), time.Unix(1, 0))
	defer stop()
	for want, ctx := range map[error]context.Context{context.Canceled: cancelled, context.DeadlineExceeded: expired} {
		a := always(http.StatusOK, "{}")
		client := clientOver(t, a)
		for called, call := range map[string]func() error{
			"Get":       func() error { _, err := client.Stacks.Get(ctx, thingStack); return err },
			"SetTag":    func() error { return client.Stacks.SetTag(ctx, thingStack, "a", "b") },
			"DeleteTag": func() error { return client.Stacks.DeleteTag(ctx, thingStack, "a") },
			"ListPage":  func() error { _, err := client.Stacks.ListPage(ctx, nil); return err },
			"List":      func() error { _, err := pulumiapi.Collect(client.Stacks.List(ctx, nil)); return err },
			"Do":        func() error { _, err := client.Do(ctx, getA(testkit.GetThing), nil); return err },
		} {
			err := call()
			require.ErrorIs(t, err, want, "%s after the context has ended", called)
			var failed *pulumiapi.CallError
			require.ErrorAs(t, err, &failed, "%s after the context has ended", called)
			assert.Zero(t, failed.Attempts, "%s after the context has ended", called)
			require.NotErrorIs(t, err, pulumiapi.ErrOutcomeUnknown, "%s after the context has ended", called)
		}
		assert.Empty(t, a.Sent(), "nothing is sent after the context has ended")
	}
}

// A server that sends the token back must not bring it into errors or logs.
func TestClient_EchoedTokenShowsNowhere(t *testing.T) {
	t.Parallel()
	assertEchoIsHidden(t, map[string]func() *http.Response{
		"a message": func() *http.Response {
			return testkit.Respond(http.StatusUnauthorized, []byte(`{"code":401,"message":"bad token `+testkit.CanaryToken+`"}`))
		},
		"details": func() *http.Response {
			return testkit.Respond(http.StatusBadRequest, []byte(`{"message":"no","documentationUrl":"https://x/?`+testkit.CanaryToken+`","errors":[{"resource":"`+testkit.CanaryToken+`","attribute":"`+testkit.CanaryToken+`","errorType":"`+testkit.CanaryToken+`","customMessage":"`+testkit.CanaryToken+`"}]}`))
		},
		"only details": func() *http.Response {
			return testkit.Respond(http.StatusBadRequest, []byte(`{"errors":[{"customMessage":"`+testkit.CanaryToken+`"}]}`))
		},
		"a refusal's page": func() *http.Response {
			return testkit.Respond(http.StatusBadGateway, []byte("<html>Authorization: token "+testkit.CanaryToken))
		},
		"a refusal's header": func() *http.Response {
			return testkit.Respond(http.StatusForbidden, nil, "X-Echo", "token "+testkit.CanaryToken, "X-Echo", testkit.CanaryToken)
		},
		"a success's page": func() *http.Response {
			return testkit.Respond(http.StatusOK, []byte("<html>Authorization: token "+testkit.CanaryToken))
		},
		"a redirect": func() *http.Response {
			return testkit.Respond(http.StatusFound, nil, "Location", "https://evil.example/"+testkit.CanaryToken+"?"+testkit.CanaryToken)
		},
		"a redirect to itself": func() *http.Response {
			return testkit.Respond(http.StatusMovedPermanently, nil, "Location", "https://"+testkit.CanaryToken+".example/")
		},
		"JSON of another form": func() *http.Response {
			return testkit.Respond(http.StatusOK, []byte(`{"version":"`+testkit.CanaryToken+`"}`))
		},
		"a request ID": func() *http.Response {
			return testkit.Respond(http.StatusForbidden, nil, "X-Pulumi-Request-ID", testkit.CanaryToken)
		},
		"a content type": func() *http.Response {
			return testkit.Respond(http.StatusOK, []byte("<html>"), "Content-Type", "text/"+testkit.CanaryToken)
		},
		"a half answer": func() *http.Response { return testkit.Respond(http.StatusOK, []byte(`{"id":"`+testkit.CanaryToken)) },
	})
}

func TestClient_EchoedTokenShowsNowhere_InJSON(t *testing.T) {
	t.Parallel()
	assertEchoIsHidden(t, map[string]func() *http.Response{
		"a member's name": func() *http.Response {
			return testkit.Respond(http.StatusOK, []byte(`{"tags":{"`+testkit.CanaryToken+`":1}}`))
		},
		"a time": func() *http.Response {
			return testkit.Respond(http.StatusOK, []byte(`{"currentOperation":{"started":"`+testkit.CanaryToken+`","kind":7}}`))
		},
	})
}

func TestClient_ShowsNoToken(t *testing.T) {
	t.Parallel()
	a := statuses(http.StatusNotFound)
	client := clientOver(t, a)
	option := pulumiapi.WithToken(testkit.CanaryToken)
	_, refused := client.Stacks.Get(t.Context(), thingStack)
	require.Error(t, refused)
	_, failed := clientOver(t, statuses(0)).Stacks.Get(t.Context(), thingStack)
	require.Error(t, failed)
	for what, v := range map[string]any{
		"the client": client, "the client itself": *client, "a struct with the client": struct{ client *pulumiapi.Client }{client},
		"a service": client.Stacks, "a service itself": *client.Stacks, "an option": option, "options": []pulumiapi.Option{option},
		"an APIError": refused, "a CallError": failed, "a client in a map": map[string]any{"client": *client},
	} {
		testkit.AssertNoToken(t, v, what)
		data, err := json.Marshal(map[string]any{"v": v})
		if err == nil {
			assert.NotContains(t, string(data), testkit.CanaryToken, "json.Marshal of %s", what)
		}
		var log bytes.Buffer
		slog.New(slog.NewJSONHandler(&log, nil)).InfoContext(t.Context(), "message", "v", v)
		slog.New(slog.NewTextHandler(&log, nil)).InfoContext(t.Context(), "message", "v", v)
		assert.NotContains(t, log.String(), testkit.CanaryToken, "slog of %s", what)
	}
}

func TestCaptureResponse_HoldsNothingOfTheCallBefore(t *testing.T) {
	t.Parallel()
	client, _ := testkit.Client(t, func(int, *http.Request) (*http.Response, error) {
		return testkit.Respond(http.StatusOK, []byte(`{"stackName":"prod"}`), "X-Pulumi-Request-ID", "8f2c"), nil
	})
	var info pulumiapi.ResponseInfo
	ctx, cancel := context.WithCancel(pulumiapi.CaptureResponse(t.Context(), &info))
	_, err := client.Stacks.Get(ctx, testkit.Prod)
	require.NoError(t, err)
	assert.Equal(t, "8f2c", info.RequestID)

	_, err = client.Stacks.Get(ctx, pulumiapi.StackIdentifier{})
	require.Error(t, err)
	assert.Equal(t, pulumiapi.ResponseInfo{}, info, "after a call that sent nothing")

	info.StatusCode = http.StatusTeapot
	cancel()
	_, err = client.Stacks.Get(ctx, testkit.Prod)
	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, pulumiapi.ResponseInfo{}, info, "after a call whose context had ended")
}

func TestPages_WithoutAContext(t *testing.T) {
	t.Parallel()
	var none context.Context
	for _, err := range pulumiapi.Pages(none, func(context.Context, pulumiapi.Cursor) (*pulumiapi.Page[int], error) {
		return &pulumiapi.Page[int]{Items: []int{1, 2}, Next: "more"}, nil
	}) {
		var refused *pulumiapi.ArgumentError
		require.ErrorAs(t, err, &refused)
		assert.Equal(t, "ctx", refused.Name)
	}
}
