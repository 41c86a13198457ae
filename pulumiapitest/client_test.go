package pulumiapitest_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

var createStack = pulumiapi.Endpoint{Method: http.MethodPost, Template: "/api/stacks/{orgName}/{projectName}"}

func createStackRequest(project, name string) pulumiapi.Request {
	return pulumiapi.Request{
		Endpoint: createStack,
		Args:     []string{"acme", project},
		Body:     map[string]any{"stackName": name},
	}
}

func TestServer_Client(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	client, ctx := srv.Client(), t.Context()
	prod := pulumiapi.StackIdentifier{Org: "acme", Project: "web", Stack: "prod"}

	_, err := client.Stacks.Get(ctx, prod)
	require.ErrorIs(t, err, pulumiapi.ErrNotFound)
	require.ErrorContains(t, err, "Stack 'acme/web/prod' not found")
	refused, ok := errors.AsType[*pulumiapi.APIError](err)
	require.True(t, ok)
	assert.Equal(t, srv.Requests()[0].RequestID, refused.RequestID)

	_, err = client.Do(ctx, createStackRequest("web", "prod"), nil)
	require.NoError(t, err)
	_, err = client.Do(ctx, createStackRequest("web", "prod"), nil)
	require.ErrorIs(t, err, pulumiapi.ErrConflict)

	require.NoError(t, client.Stacks.CreateTag(ctx, prod, "owner", "ada"))
	require.NoError(t, client.Stacks.SetTag(ctx, prod, "owner", "bob"))
	require.NoError(t, client.Stacks.SetTag(ctx, prod, "cost:center", "7"))
	require.NoError(t, client.Stacks.DeleteTag(ctx, prod, "owner"))
	stack, err := client.Stacks.Get(ctx, prod)
	require.NoError(t, err)
	assert.Equal(t, prod, stack.Identifier())
	assert.Equal(t, map[string]string{"pulumi:project": "web", "cost:center": "7"}, stack.Tags)

	for _, r := range srv.Requests() {
		assert.NotEmpty(t, r.Endpoint, "%s %s", r.Method, r.Path)
		assert.Equal(t, "application/vnd.pulumi+8", r.Header.Get("Accept"))
	}
	opened, _ := srv.Connections()
	assert.Equal(t, 1, opened)
}

func TestServer_Client_List(t *testing.T) {
	t.Parallel()
	srv := pulumiapitest.Demo()
	t.Cleanup(srv.Close)
	options := &pulumiapi.StackListOptions{Organization: pulumiapitest.DemoOrganization, TagName: "environment", TagValue: "prod"}
	stacks, err := pulumiapi.Collect(srv.Client().Stacks.List(t.Context(), options))
	require.NoError(t, err)
	assert.Len(t, stacks, 15)
	assert.Len(t, srv.Requests(), 2)
}

func TestServer_Client_EscapedNames(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	client := srv.Client()
	for _, name := range []string{"a b", "a/b", "a%2Fb", "100%", "a?b#c", "ü 🚀", "a+b"} {
		id := pulumiapi.StackIdentifier{Org: "acme", Project: name, Stack: name}
		require.NoError(t, srv.AddStack(pulumiapitest.Stack{Org: "acme", Project: name, Name: name}))
		stack, err := client.Stacks.Get(t.Context(), id)
		require.NoError(t, err, name)
		assert.Equal(t, id, stack.Identifier())
	}
}

func TestServer_Options(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	srv.Inject(pulumiapitest.Fault{Status: http.StatusServiceUnavailable})
	client, err := pulumiapi.NewClient(append(srv.Options(), pulumiapi.WithRetry(pulumiapi.RetryPolicy{MaxAttempts: 1}))...)
	require.NoError(t, err)
	_, err = client.Stacks.Get(t.Context(), pulumiapi.StackIdentifier{Org: "acme", Project: "web", Stack: "prod"})
	require.Error(t, err)
	assert.Len(t, srv.Requests(), 1)
}

func TestServer_Client_Synctest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := pulumiapitest.NewServer()
		defer srv.Close()
		require.NoError(t, srv.AddStack(pulumiapitest.Stack{Org: "acme", Project: "web", Name: "prod"}))
		client := srv.Client()
		prod := pulumiapi.StackIdentifier{Org: "acme", Project: "web", Stack: "prod"}

		// The client waits as long as it is told to.
		srv.Inject(pulumiapitest.Fault{Times: 1, Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"17"}}})
		start := time.Now()
		_, err := client.Stacks.Get(t.Context(), prod)
		require.NoError(t, err)
		assert.GreaterOrEqual(t, time.Since(start), 17*time.Second)

		// A drop and a cut-off answer are made up for.
		srv.Inject(pulumiapitest.Fault{Times: 1, Drop: true})
		srv.Inject(pulumiapitest.Fault{Times: 1, Truncate: 20})
		srv.ResetRequests()
		_, err = client.Stacks.Get(t.Context(), prod)
		require.NoError(t, err)
		assert.Len(t, srv.Requests(), 3)

		// A write is not, and nobody knows what became of it.
		srv.Inject(pulumiapitest.Fault{Times: 1, Drop: true, Applied: true})
		_, err = client.Do(t.Context(), createStackRequest("web", "dev"), nil)
		require.ErrorIs(t, err, pulumiapi.ErrOutcomeUnknown)
		_, err = client.Stacks.Get(t.Context(), pulumiapi.StackIdentifier{Org: "acme", Project: "web", Stack: "dev"})
		require.NoError(t, err)

		srv.Inject(pulumiapitest.Fault{Delay: time.Hour})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start = time.Now()
		_, err = client.Stacks.Get(ctx, prod)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, time.Minute, time.Since(start))
	})
}
