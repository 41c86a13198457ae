package operations_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/internal/testkit"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

const hookSecret = "correct horse"

// silently are handlers that log nothing.
func silently(other func(context.Context, *pulumiapi.WebhookEvent) error) pulumiapi.WebhookHandlers {
	return pulumiapi.WebhookHandlers{Other: other, Logger: slog.New(slog.DiscardHandler)}
}

// newHookedCloud returns a cloud whose organization acme has the webhook ci, which
// delivers to the handlers over the cloud's own network.
func newHookedCloud(t *testing.T, secret string, handlers pulumiapi.WebhookHandlers) (*pulumiapitest.Server, *pulumiapi.Client) {
	t.Helper()
	srv := pulumiapitest.NewServer()
	_, err := srv.AddWebhook(pulumiapitest.Webhook{Org: "acme", Name: "ci", PayloadURL: "https://hooks.example.com/pulumi", Secret: secret})
	require.NoError(t, err)
	handler, err := pulumiapi.NewWebhookHandler([]pulumiapi.Secret{pulumiapi.NewSecret(hookSecret)}, handlers)
	require.NoError(t, err)
	mux := http.NewServeMux()
	mux.Handle("POST /pulumi", handler)
	srv.HandleWebhooks("hooks.example.com", mux)
	client := srv.Client()
	return srv, client
}

func TestWebhookHandler_DeliveriesOfTheCloud(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var got []string
		note := func(what ...any) error {
			mu.Lock()
			defer mu.Unlock()
			got = append(got, strings.TrimSpace(fmt.Sprintln(what...)))
			return nil
		}
		srv, client := newHookedCloud(t, hookSecret, pulumiapi.WebhookHandlers{
			Ping: func(_ context.Context, ping *pulumiapi.WebhookPingPayload) error {
				assert.WithinDuration(t, time.Now(), ping.Timestamp.Time, time.Minute)
				return note(ping.Message)
			},
			Stack: func(_ context.Context, stack *pulumiapi.WebhookStackPayload) error {
				return note(stack.Identifier(), stack.Action)
			},
			StackUpdate: func(_ context.Context, update *pulumiapi.WebhookStackUpdatePayload) error {
				return note(update.Identifier(), update.Kind, update.Result, update.ResourceChanges, update.IsPreview)
			},
			StackPreview: func(_ context.Context, update *pulumiapi.WebhookStackUpdatePayload) error {
				return note("preview:", update.Identifier(), update.Result, update.IsPreview)
			},
		})
		defer srv.Close()
		delivery, err := client.Webhooks.Ping(t.Context(), pulumiapi.OrgScope("acme"), "ci")
		require.NoError(t, err)
		assert.Equal(t, http.StatusNoContent, delivery.ResponseCode)

		require.NoError(t, srv.AddStack(pulumiapitest.Stack{Org: "acme", Project: "web", Name: "prod"}))
		for _, kind := range []string{"refresh", "preview"} {
			running, err := srv.StartUpdate("acme", "web", "prod", pulumiapitest.Update{Kind: kind, ResourceChanges: map[string]int{"same": 2}})
			require.NoError(t, err)
			require.NoError(t, running.Finish(pulumiapitest.Succeeded))
			srv.WaitForWebhooks()
		}
		require.NoError(t, client.Stacks.Delete(t.Context(), testkit.Prod, nil))
		srv.WaitForWebhooks()
		assert.Equal(t, []string{
			"🍹 Just a friendly ping from Pulumi 🍹", "acme/web/prod refresh succeeded map[same:2] false",
			"preview: acme/web/prod succeeded true", "acme/web/prod deleted",
		}, got)
	})
}

func TestWebhookHandler_RedeliveriesOfTheCloud(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		srv, client := newHookedCloud(t, hookSecret, silently(func(context.Context, *pulumiapi.WebhookEvent) error {
			if calls++; calls == 1 {
				panic("oh no")
			}
			return nil
		}))
		defer srv.Close()
		delivery, err := client.Webhooks.Ping(t.Context(), pulumiapi.OrgScope("acme"), "ci")
		require.NoError(t, err)
		assert.Equal(t, http.StatusInternalServerError, delivery.ResponseCode)
		assert.Equal(t, "Internal Server Error\n", delivery.ResponseBody)
		for range 3 {
			again, err := client.Webhooks.Redeliver(t.Context(), pulumiapi.OrgScope("acme"), "ci", delivery.ID)
			require.NoError(t, err)
			assert.Equal(t, http.StatusNoContent, again.ResponseCode)
		}
		assert.Equal(t, 2, calls, "what failed is handled again, and what succeeded is not")
	})
}

func TestWebhookHandler_TheCloudWithAnotherSecret(t *testing.T) {
	t.Parallel()
	for _, secret := range []string{"", "other"} {
		srv, client := newHookedCloud(t, secret, silently(func(context.Context, *pulumiapi.WebhookEvent) error { panic("not to be called") }))
		delivery, err := client.Webhooks.Ping(t.Context(), pulumiapi.OrgScope("acme"), "ci")
		require.NoError(t, err)
		assert.Equal(t, http.StatusUnauthorized, delivery.ResponseCode)
		srv.Close()
	}
}
