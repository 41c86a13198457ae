package pulumiapi

import "context"

// EncodeRequest encodes a value as a request's body is: with its secrets.
func EncodeRequest(v any) ([]byte, error) {
	data, _, err := encodeRequest(v)
	return data, err
}

// WebhookDeliveries is what a handler remembers of the deliveries.
type WebhookDeliveries struct{ webhookDeliveries }

// NewWebhookDeliveries returns a memory without deliveries.
func NewWebhookDeliveries() *WebhookDeliveries {
	return &WebhookDeliveries{webhookDeliveries{running: map[webhookDeliveryKey]*runningDelivery{}, handled: map[webhookDeliveryKey]struct{}{}}}
}

// Deliver delivers an event of this ID. It reports whether that was handled before.
func (d *WebhookDeliveries) Deliver(ctx context.Context, id string, succeeds bool) (bool, error) {
	key := newWebhookDeliveryKey(&WebhookEvent{ID: id})
	handled, err := d.begin(ctx, key)
	if err == nil && !handled {
		d.end(key, succeeds)
	}
	return handled, err
}

// Kept returns how many deliveries are remembered, in what order, and how many are
// running.
func (d *WebhookDeliveries) Kept() (handled, order, running int) {
	return len(d.handled), len(d.order), len(d.running)
}
