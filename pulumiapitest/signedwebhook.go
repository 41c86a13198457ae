package pulumiapitest

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
)

// SignedWebhook returns a delivery of a webhook, as Pulumi Cloud would send it, for
// the test of what receives it: hand it to a handler's ServeHTTP, or send it to a
// server, after its URL has been changed.
//
// The kind is what it is about: "stack_update", say. The payload is the body, as it
// is if it is a string, a []byte or a [json.RawMessage], and encoded as JSON if it
// is anything else. It is signed with the secret, unless that is empty. Each
// delivery has another ID; give one the header Pulumi-Webhook-ID of another to make
// a redelivery of it.
//
// It panics if the payload can't be encoded.
func SignedWebhook(kind string, payload any, secret string) *http.Request {
	body := webhookBody(payload)
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, "https://hooks.example.com/", bytes.NewReader(body))
	if err != nil {
		panic("pulumiapitest: SignedWebhook: " + err.Error()) // only if this package is broken
	}
	req.Header = requestHeader(webhookMessage{id: rand.Text(), kind: kind, payload: body}, secret)
	return req
}

func webhookBody(payload any) []byte {
	switch payload := payload.(type) {
	case string:
		return []byte(payload)
	case []byte:
		return bytes.Clone(payload)
	case json.RawMessage:
		return bytes.Clone(payload)
	}
	body, err := json.Marshal(payload)
	if err != nil {
		panic("pulumiapitest: SignedWebhook: the payload: " + err.Error())
	}
	return body
}
