package pulumiapi_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

// adoptPreviews is what the README tests: code of a user, so to say.
func adoptPreviews(ctx context.Context, client *pulumiapi.Client, owner string) error {
	opts := &pulumiapi.StackListOptions{TagName: "environment", TagValue: "preview"}
	for stack, err := range client.Stacks.List(ctx, opts) {
		if err != nil {
			return err
		}
		if err := client.Stacks.SetTag(ctx, stack.Identifier(), "owner", owner); err != nil {
			return err
		}
	}
	return nil
}

func TestAdoptPreviews(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // in here, waiting takes no time
		srv := pulumiapitest.NewServer(pulumiapitest.ForTest(t)) // closed at the end of the test
		require.NoError(t, srv.AddStack(pulumiapitest.Stack{
			Org: "acme", Project: "web", Name: "pr-7",
			Tags: map[string]string{"environment": "preview"},
		}))
		srv.Inject(pulumiapitest.Fault{
			Endpoint: "GET /api/user/stacks",
			Status:   http.StatusTooManyRequests,
			Header:   http.Header{"Retry-After": {"20"}},
			Times:    1,
		})

		require.NoError(t, adoptPreviews(t.Context(), srv.Client(), "ada"))

		stack, err := srv.Client().Stacks.Get(t.Context(), pulumiapi.StackIdentifier{Org: "acme", Project: "web", Stack: "pr-7"})
		require.NoError(t, err)
		assert.Equal(t, "ada", stack.Tags["owner"])
		assert.Equal(t, http.StatusTooManyRequests, srv.Requests()[0].Status)
	})
}
