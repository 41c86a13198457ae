package operations_test

import (
	"context"
	"iter"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/internal/testkit"
)

type (
	getStatus      = func(context.Context, pulumiapi.StackIdentifier, string, *pulumiapi.UpdateStatusOptions) (*pulumiapi.UpdateResults, error)
	listEvents     = func(context.Context, pulumiapi.StackIdentifier, string, *pulumiapi.EngineEventListOptions) iter.Seq2[*pulumiapi.EngineEvent, error]
	listEventsPage = func(context.Context, pulumiapi.StackIdentifier, string, *pulumiapi.EngineEventListOptions) (*pulumiapi.Page[pulumiapi.EngineEvent], error)
)

// updateKind is a kind of updates that has methods of its own.
type updateKind struct {
	name           string
	getStatus      func(*pulumiapi.Client) getStatus
	listEvents     func(*pulumiapi.Client) listEvents
	listEventsPage func(*pulumiapi.Client) listEventsPage
}

func updateKinds() []updateKind {
	return []updateKind{
		{
			"Preview",
			func(c *pulumiapi.Client) getStatus { return c.Updates.GetPreviewStatus },
			func(c *pulumiapi.Client) listEvents { return c.Updates.ListPreviewEvents },
			func(c *pulumiapi.Client) listEventsPage { return c.Updates.ListPreviewEventsPage },
		},
		{
			"Refresh",
			func(c *pulumiapi.Client) getStatus { return c.Updates.GetRefreshStatus },
			func(c *pulumiapi.Client) listEvents { return c.Updates.ListRefreshEvents },
			func(c *pulumiapi.Client) listEventsPage { return c.Updates.ListRefreshEventsPage },
		},
		{
			"Destroy",
			func(c *pulumiapi.Client) getStatus { return c.Updates.GetDestroyStatus },
			func(c *pulumiapi.Client) listEvents { return c.Updates.ListDestroyEvents },
			func(c *pulumiapi.Client) listEventsPage { return c.Updates.ListDestroyEventsPage },
		},
	}
}

func TestUpdates_OfAKind_GoOnFromAToken(t *testing.T) {
	t.Parallel()
	for _, kind := range updateKinds() {
		client, s := testkit.Client(t, func(n int, _ *http.Request) (*http.Response, error) {
			if n == 1 {
				return testkit.Respond(http.StatusOK, []byte(`{"events":[{"type":"preludeEvent"}],"continuationToken":"a+b"}`)), nil
			}
			return testkit.Respond(http.StatusOK, []byte(`{"events":[{"summaryEvent":{}}]}`)), nil
		})
		opts := &pulumiapi.EngineEventListOptions{Type: []int{3}, URN: "urn:b", IncludeNonActivated: true}
		events, err := pulumiapi.Collect(kind.listEvents(client)(t.Context(), testkit.Prod, "u/1", opts))
		require.NoError(t, err)
		require.Len(t, events, 2)
		assert.Equal(t, pulumiapi.EngineEventTypeSummary, events[1].Type)
		_, err = kind.getStatus(client)(t.Context(), testkit.Prod, "u/1", &pulumiapi.UpdateStatusOptions{ContinuationToken: "t"})
		require.NoError(t, err)

		path := "/below/here/api/stacks/acme/web/prod/" + strings.ToLower(kind.name) + "/u%2F1"
		var sent []string
		for _, req := range s.Sent() {
			sent = append(sent, req.URL.RequestURI())
		}
		assert.Equal(t, []string{
			path + "/events?include_non_activated=true&type=3&urn=urn%3Ab",
			path + "/events?continuationToken=a%2Bb&include_non_activated=true&type=3&urn=urn%3Ab",
			path + "?continuationToken=t",
		}, sent, kind.name)
	}
}
