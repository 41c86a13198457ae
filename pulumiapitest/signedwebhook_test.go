package pulumiapitest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

func TestSignedWebhook_IsADelivery(t *testing.T) {
	t.Parallel()
	const body = `{ "b":1, "a":"<é>" }`
	for name, payload := range map[string]any{"string": body, "[]byte": []byte(body), "RawMessage": json.RawMessage(body)} {
		req := pulumiapitest.SignedWebhook("stack", payload, "s3cret")
		assert.Equal(t, http.MethodPost, req.Method, name)
		assert.Equal(t, "application/json", req.Header.Get("Content-Type"), name)
		assert.Equal(t, "stack", req.Header.Get("Pulumi-Webhook-Kind"), name)
		assert.Equal(t, signature(body, "s3cret"), req.Header.Get("Pulumi-Webhook-Signature"), name)
		got, err := io.ReadAll(req.Body)
		require.NoError(t, err, name)
		assert.Equal(t, body, string(got), "%s: the body as it is", name) //nolint:testifylint // byte for byte
	}
}

func TestSignedWebhook_EncodesOtherPayloads(t *testing.T) {
	t.Parallel()
	for want, payload := range map[string]any{
		`{"action":"created"}`: map[string]any{"action": "created"},
		`{"A":1}`:              struct{ A int }{1},
		`null`:                 nil,
	} {
		req := pulumiapitest.SignedWebhook("stack", payload, "s3cret")
		got, err := io.ReadAll(req.Body)
		require.NoError(t, err)
		assert.Equal(t, want, string(got))
		assert.Equal(t, signature(want, "s3cret"), req.Header.Get("Pulumi-Webhook-Signature"))
	}
	assert.Panics(t, func() { pulumiapitest.SignedWebhook("stack", func() {}, "s3cret") })
}

func TestSignedWebhook_WithoutASecret(t *testing.T) {
	t.Parallel()
	assert.NotContains(t, pulumiapitest.SignedWebhook("stack", "{}", "").Header, "Pulumi-Webhook-Signature")
}

func TestSignedWebhook_EachHasItsID(t *testing.T) {
	t.Parallel()
	ids := map[string]bool{}
	for range 100 {
		ids[pulumiapitest.SignedWebhook("stack", "{}", "").Header.Get("Pulumi-Webhook-ID")] = true
	}
	assert.Len(t, ids, 100)
	assert.NotContains(t, ids, "")
}

func TestSignedWebhook_IsNotChangedFromOutside(t *testing.T) {
	t.Parallel()
	for _, payload := range []func([]byte) any{
		func(b []byte) any { return b },
		func(b []byte) any { return json.RawMessage(b) },
	} {
		body := []byte(`{"a":1}`)
		req := pulumiapitest.SignedWebhook("stack", payload(body), "")
		clear(body)
		got, err := io.ReadAll(req.Body)
		require.NoError(t, err)
		assert.Equal(t, `{"a":1}`, string(got))
	}
}

// It is a request that a client can send, and send again after a redirect.
func TestSignedWebhook_CanBeSent(t *testing.T) {
	t.Parallel()
	in := &inbox{}
	receiver := httptest.NewServer(in)
	defer receiver.Close()
	req := pulumiapitest.SignedWebhook("stack", `{"a":1}`, "s3cret")
	assert.Equal(t, "https://hooks.example.com/", req.URL.String())
	var err error
	req.URL, err = url.Parse(receiver.URL)
	require.NoError(t, err)
	for range 2 {
		resp, err := receiver.Client().Do(req)
		require.NoError(t, err)
		resp.Body.Close()
		req.Body, err = req.GetBody()
		require.NoError(t, err)
	}
	got := in.all()
	require.Len(t, got, 2)
	assert.Equal(t, got[0].body, got[1].body)
	assert.Equal(t, signature(got[1].body, "s3cret"), got[1].header.Get("Pulumi-Webhook-Signature"))
}
