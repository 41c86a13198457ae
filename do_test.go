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
