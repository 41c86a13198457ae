package pulumiapi_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/internal/testkit"
)

// Self-hosted servers return no body where the description has one.
func TestFetch_AWriteWithoutABodyReturnsWhatIsKnown(t *testing.T) {
	t.Parallel()
	call := func(do func(context.Context, *pulumiapi.Client) (any, error)) any {
		t.Helper()
		var results []any
		for _, status := range []int{http.StatusOK, http.StatusNoContent} {
			client, s := testkit.Client(t, func(int, *http.Request) (*http.Response, error) { return testkit.Respond(status, nil), nil })
			result, err := do(t.Context(), client)
			require.NoError(t, err, "status %d", status)
			assert.Len(t, s.Sent(), 1)
			results = append(results, result)
		}
		assert.Equal(t, results[0], results[1], "200 and 204")
		return results[0]
	}

	assert.Equal(t, &pulumiapi.CreatedStack{}, call(func(ctx context.Context, c *pulumiapi.Client) (any, error) {
		return c.Stacks.Create(ctx, testkit.Prod, pulumiapi.StackCreateRequest{})
	}))
	assert.Equal(t, &pulumiapi.StackRename{}, call(func(ctx context.Context, c *pulumiapi.Client) (any, error) {
		return c.Stacks.Rename(ctx, testkit.Prod, pulumiapi.StackRenameRequest{NewName: "live"})
	}))
	assert.Equal(t, &pulumiapi.StackConfig{Environment: "web/prod"}, call(func(ctx context.Context, c *pulumiapi.Client) (any, error) {
		return c.Stacks.UpdateConfig(ctx, testkit.Prod, pulumiapi.StackConfigUpdateRequest{Environment: "web/prod"})
	}))
	assert.Equal(t, &pulumiapi.UserInfo{}, call(func(ctx context.Context, c *pulumiapi.Client) (any, error) {
		return c.Stacks.ReassignOwnership(ctx, testkit.Prod, "ada")
	}))
	settings := pulumiapi.StackNotificationSettings{NotifyUpdateFailure: true}
	assert.Equal(t, &pulumiapi.StackMetadata{
		OrgName: testkit.Prod.Org, ProjectName: testkit.Prod.Project, StackName: testkit.Prod.Stack, NotificationSettings: settings,
	}, call(func(ctx context.Context, c *pulumiapi.Client) (any, error) {
		return c.Stacks.UpdateNotificationSettings(ctx, testkit.Prod, pulumiapi.StackNotificationSettingsUpdateRequest(settings))
	}))
	assert.Equal(t, &pulumiapi.OrgMetadata{
		DefaultStackPermission: pulumiapi.StackPermissionRead, MembersCanCreateTeams: true, MaxAccessTokenExpiryDays: new(30),
	}, call(func(ctx context.Context, c *pulumiapi.Client) (any, error) {
		return c.Orgs.Update(ctx, "acme", pulumiapi.OrgUpdateRequest{
			DefaultStackPermission:   new(pulumiapi.StackPermissionRead),
			MembersCanCreateTeams:    new(true),
			MaxAccessTokenExpiryDays: new(30),
			DefaultAgentPoolID:       new("no field of the result"),
		})
	}))
}

func TestFetch_AWriteSaysWhatIsLost(t *testing.T) {
	t.Parallel()
	client, _ := testkit.Client(t, func(int, *http.Request) (*http.Response, error) {
		return testkit.Respond(http.StatusNoContent, nil), nil
	})
	_, err := client.Tokens.Create(t.Context(), pulumiapi.AccessTokenCreateRequest{Description: "ci"})
	require.ErrorIs(t, err, pulumiapi.ErrResponseLost)
	require.NotErrorIs(t, err, pulumiapi.ErrOutcomeUnknown)
	require.EqualError(t, err, "pulumiapi: POST /api/user/tokens: the response (status 204) has no body, "+
		"so the CreatedAccessToken is lost (the write succeeded)")
	failed, is := errors.AsType[*pulumiapi.CallError](err)
	require.True(t, is)
	assert.Equal(t, 1, failed.Attempts)
}
