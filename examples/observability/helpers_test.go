package main

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

// mark is in every name and text of the cloud that makeCalls talks to: what
// holds it would betray an identifier.
const mark = "zz-"

var stackID = pulumiapi.StackIdentifier{Org: "zz-org", Project: "zz-project", Stack: "zz-stack"}

const (
	listStacks   = "GET /api/user/stacks"
	getStack     = "GET /api/stacks/{orgName}/{projectName}/{stackName}"
	exportStack  = "GET /api/stacks/{orgName}/{projectName}/{stackName}/export"
	listUpdates  = "GET /api/stacks/{orgName}/{projectName}/{stackName}/updates"
	updateTag    = "PATCH /api/stacks/{orgName}/{projectName}/{stackName}/tags/{tagName}"
	createTag    = "POST /api/stacks/{orgName}/{projectName}/{stackName}/tags"
	removeMember = "DELETE /api/orgs/{orgName}/members/{userLogin}"
	createStack  = "POST /api/stacks/{orgName}/{projectName}"
)

// newCloud returns a cloud in which things go wrong: makeCalls sees them.
func newCloud(t *testing.T) *pulumiapitest.Server {
	t.Helper()
	srv := newSlowCloud(t)
	srv.Inject(pulumiapitest.Fault{Endpoint: listUpdates, Drop: true})
	srv.Inject(pulumiapitest.Fault{Endpoint: exportStack, Truncate: 5, Times: 1})
	return srv
}

// newSlowCloud returns a cloud in which only the first look at the stack goes wrong, after
// three seconds.
func newSlowCloud(t *testing.T) *pulumiapitest.Server {
	t.Helper()
	srv := pulumiapitest.NewServer(pulumiapitest.ForTest(t))
	require.NoError(t, srv.AddStack(pulumiapitest.Stack{Org: stackID.Org, Project: stackID.Project, Name: stackID.Stack}))
	require.NoError(t, srv.AddMember(stackID.Org, pulumiapitest.Member{User: pulumiapitest.User{Login: "zz-user"}}))
	srv.Inject(pulumiapitest.Fault{
		Endpoint: getStack, Status: http.StatusServiceUnavailable, Body: `{"code":503,"message":"zz-busy"}`,
		Header: http.Header{"X-Pulumi-Warning": {"zz-one", "zz-two"}}, Delay: 3 * time.Second, Times: 1,
	})
	return srv
}

// request is what becomes of one request.
type request struct {
	endpoint, status, outcome string
}

// wantRequests is what makeCalls causes, in order.
var wantRequests = []request{
	{getStack, "503", "refused"},
	{getStack, "200", "success"},
	{getStack, "404", "refused"},
	{listStacks, "200", "success"},
	{exportStack, "200", "failed"}, // cut off
	{exportStack, "200", "success"},
	{updateTag, "404", "refused"}, // and so it is created
	{createTag, "204", "success"},
	{removeMember, "204", "success"},
	{createStack, "200", "success"},
	{listUpdates, "none", "failed"},
	{listUpdates, "none", "failed"},
	{listUpdates, "none", "failed"},
	{listUpdates, "none", "failed"},
}

func makeCalls(ctx context.Context, t *testing.T, client *pulumiapi.Client) {
	t.Helper()
	_, err := client.Stacks.Get(ctx, stackID)
	require.NoError(t, err)
	_, err = client.Stacks.Get(ctx, pulumiapi.StackIdentifier{Org: "zz-org", Project: "zz-project", Stack: "zz-missing"})
	require.ErrorIs(t, err, pulumiapi.ErrNotFound)
	_, err = client.Stacks.ListPage(ctx, &pulumiapi.StackListOptions{Organization: "zz-org", Project: "zz-project", TagName: "zz-tag"})
	require.NoError(t, err)
	_, err = client.Stacks.Export(ctx, stackID)
	require.NoError(t, err)
	require.NoError(t, client.Stacks.SetTag(ctx, stackID, "zz-tag", "zz-value"))
	require.NoError(t, client.Orgs.RemoveMember(ctx, "zz-org", "zz-user"))
	_, err = client.Do(ctx, pulumiapi.Request{
		Endpoint: pulumiapi.Endpoint{Method: "POST", Template: "/api/stacks/{orgName}/{projectName}"},
		Args:     []string{"zz-org", "zz-project"},
		Body:     map[string]any{"stackName": "zz-new"},
	}, nil)
	require.NoError(t, err)
	_, err = client.Updates.ListPage(ctx, stackID, nil)
	var failed *pulumiapi.CallError
	require.ErrorAs(t, err, &failed)
	assert.Equal(t, 4, failed.Attempts)
}
