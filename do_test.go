package pulumiapi_test

import (
	"bytes"
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
)

func TestClient_Do_RefusesWhatHTTPCannotCarry(t *testing.T) {
	t.Parallel()
	client, s := scriptedClient(t, func(int, *http.Request) (*http.Response, error) { return respond(http.StatusOK, nil), nil })
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
	assert.Empty(t, s.sent)

	_, err := new(pulumiapi.Client).Do(t.Context(), pulumiapi.Request{Endpoint: endpoint}, nil)
	var wrong *pulumiapi.ArgumentError
	require.ErrorAs(t, err, &wrong, "a client that NewClient has not made")
	assert.Equal(t, "client", wrong.Name)
}

func TestClient_Do_RefusesTraitsThatCannotBe(t *testing.T) {
	t.Parallel()
	client, s := scriptedClient(t, func(int, *http.Request) (*http.Response, error) { return respond(http.StatusOK, nil), nil })
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
	for _, req := range s.sent {
		assert.Contains(t, []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPatch}, req.Method)
	}
}

func TestCaptureResponse_HoldsNothingOfTheCallBefore(t *testing.T) {
	t.Parallel()
	client, _ := scriptedClient(t, func(int, *http.Request) (*http.Response, error) {
		return respond(http.StatusOK, []byte(`{"stackName":"prod"}`), "X-Pulumi-Request-ID", "8f2c"), nil
	})
	var info pulumiapi.ResponseInfo
	ctx, cancel := context.WithCancel(pulumiapi.CaptureResponse(t.Context(), &info))
	_, err := client.Stacks.Get(ctx, prod)
	require.NoError(t, err)
	assert.Equal(t, "8f2c", info.RequestID)

	_, err = client.Stacks.Get(ctx, pulumiapi.StackIdentifier{})
	require.Error(t, err)
	assert.Equal(t, pulumiapi.ResponseInfo{}, info, "after a call that sent nothing")

	info.StatusCode = http.StatusTeapot
	cancel()
	_, err = client.Stacks.Get(ctx, prod)
	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, pulumiapi.ResponseInfo{}, info, "after a call whose context had ended")
}

func TestNilContexts(t *testing.T) {
	t.Parallel()
	client, s := scriptedClient(t, func(int, *http.Request) (*http.Response, error) { return respond(http.StatusOK, nil), nil })
	var none context.Context
	assert.Nil(t, pulumiapi.CaptureResponse(none, new(pulumiapi.ResponseInfo)))
	_, found := pulumiapi.EndpointFromContext(none)
	assert.False(t, found)
	var wrong *pulumiapi.ArgumentError
	_, err := client.Stacks.Get(none, prod)
	require.ErrorAs(t, err, &wrong)
	assert.Equal(t, "ctx", wrong.Name)
	assert.Empty(t, s.sent)
}
