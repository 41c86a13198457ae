package pulumiapi

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWebhookDeliveries_RemembersTheLast10000(t *testing.T) {
	t.Parallel()
	d := webhookDeliveries{running: map[webhookDeliveryKey]*runningDelivery{}, handled: map[webhookDeliveryKey]struct{}{}}
	deliver := func(from, to int) (news int) {
		for i := from; i < to; i++ {
			key := newWebhookDeliveryKey(&WebhookEvent{ID: fmt.Sprint(i)})
			handled, err := d.begin(t.Context(), key)
			require.NoError(t, err)
			if !handled {
				news++
				d.end(key, true)
			}
		}
		return news
	}
	assert.Equal(t, 10_000, deliver(0, 10_000))
	assert.Zero(t, deliver(0, 10_000), "all of them are remembered")
	assert.Equal(t, 5, deliver(10_000, 10_005), "which makes it forget the oldest five")
	assert.Zero(t, deliver(5, 10_005), "and no other")
	assert.Equal(t, 5, deliver(0, 5))
	assert.Equal(t, 25_000, deliver(20_000, 45_000), "round and round")
	assert.Zero(t, deliver(35_000, 45_000))
	assert.Equal(t, 1, deliver(34_999, 35_000))
	assert.Len(t, d.handled, 10_000)
	assert.Len(t, d.order, 10_000)
	assert.Empty(t, d.running)
}

// What has failed leaves nothing behind.
func TestWebhookDeliveries_ForgetsWhatFailed(t *testing.T) {
	t.Parallel()
	d := webhookDeliveries{running: map[webhookDeliveryKey]*runningDelivery{}, handled: map[webhookDeliveryKey]struct{}{}}
	for range 3 {
		handled, err := d.begin(t.Context(), webhookDeliveryKey{})
		require.NoError(t, err)
		assert.False(t, handled)
		d.end(webhookDeliveryKey{}, false)
	}
	assert.Empty(t, d.handled)
	assert.Empty(t, d.order)
	assert.Empty(t, d.running)
}
