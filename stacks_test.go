package pulumiapi_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/internal/testkit"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

func TestStacks_List_WalksAllPages(t *testing.T) {
	t.Parallel()
	srv, client := testkit.NewCloud(t, 25)
	all, err := pulumiapi.Collect(client.Stacks.List(t.Context(), &pulumiapi.StackListOptions{Organization: "acme"}))
	require.NoError(t, err)
	require.Len(t, all, 25)
	seen := map[pulumiapi.StackIdentifier]bool{}
	for _, stack := range all {
		seen[stack.Identifier()] = true
	}
	assert.Len(t, seen, 25, "each stack once")
	assert.Len(t, srv.Requests(), 3, "three pages of ten")
	for _, req := range srv.Requests() {
		assert.Equal(t, "acme", req.Query.Get("organization"), "the filter goes with every page")
	}
}

func TestStacks_List_Filters(t *testing.T) {
	t.Parallel()
	srv, client := testkit.NewCloud(t, 3)
	require.NoError(t, srv.AddStack(pulumiapitest.Stack{
		Org: "acme", Project: "data", Name: "prod", Tags: map[string]string{"owner": "ada"},
	}))
	require.NoError(t, srv.AddStack(pulumiapitest.Stack{
		Org: "other", Project: "web", Name: "prod", Tags: map[string]string{"owner": "bob"},
	}))
	for _, c := range []struct {
		opts *pulumiapi.StackListOptions
		want int
	}{
		{nil, 5},
		{&pulumiapi.StackListOptions{Organization: "acme"}, 4},
		{&pulumiapi.StackListOptions{Project: "web"}, 4},
		{&pulumiapi.StackListOptions{Organization: "acme", Project: "data"}, 1},
		{&pulumiapi.StackListOptions{TagName: "owner"}, 2},
		{&pulumiapi.StackListOptions{TagName: "owner", TagValue: "bob"}, 1},
		{&pulumiapi.StackListOptions{Organization: "nobody"}, 0},
	} {
		got, err := pulumiapi.Collect(client.Stacks.List(t.Context(), c.opts))
		require.NoError(t, err, "Stacks.List %+v", c.opts)
		assert.Len(t, got, c.want, "Stacks.List %+v", c.opts)
	}
}

func TestStacks_List_BadOptionsAreRefusedBeforeSending(t *testing.T) {
	t.Parallel()
	srv, client := testkit.NewCloud(t, 1)
	for name, opts := range map[string]*pulumiapi.StackListOptions{
		"opts.TagValue": {TagValue: "ada"},
		"opts.PageSize": {PageSize: -1},
		"opts.Cursor":   {Cursor: "5-"},
	} {
		_, err := pulumiapi.Collect(client.Stacks.List(t.Context(), opts))
		var wrong *pulumiapi.ArgumentError
		require.ErrorAs(t, err, &wrong, name)
		assert.Equal(t, name, wrong.Name)
		_, err = client.Stacks.ListPage(t.Context(), opts)
		require.ErrorAs(t, err, &wrong, name)
	}
	assert.Empty(t, srv.Requests())
}

func TestStacks_List_OptionsAreCopied(t *testing.T) {
	t.Parallel()
	_, client := testkit.NewCloud(t, 3)
	opts := &pulumiapi.StackListOptions{Organization: "acme"}
	seq := client.Stacks.List(t.Context(), opts)
	opts.Organization = "nobody"
	got, err := pulumiapi.Collect(seq)
	require.NoError(t, err)
	assert.Len(t, got, 3)
}

func TestStacks_List_CanBeRangedTwice(t *testing.T) {
	t.Parallel()
	_, client := testkit.NewCloud(t, 12)
	seq := client.Stacks.List(t.Context(), nil)
	for range 2 {
		got, err := pulumiapi.Collect(seq)
		require.NoError(t, err)
		assert.Len(t, got, 12)
	}
}

func TestStacks_List_AConsumerThatLeaves(t *testing.T) {
	t.Parallel()
	leave := map[string]func(seq func(yield func(*pulumiapi.StackSummary, error) bool)){
		"by a break": func(seq func(yield func(*pulumiapi.StackSummary, error) bool)) {
			for _, err := range seq {
				_ = err
				break
			}
		},
		"by a panic": func(seq func(yield func(*pulumiapi.StackSummary, error) bool)) {
			defer func() { _ = recover() }()
			for _, err := range seq {
				panic(err)
			}
		},
	}
	for name, walk := range leave {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// The bubble fails if a goroutine is left.
			synctest.Test(t, func(t *testing.T) {
				srv, client := testkit.NewCloud(t, 25)
				walk(client.Stacks.List(t.Context(), nil))
				assert.Len(t, srv.Requests(), 1, "only the first page was asked for")
				_, err := client.Stacks.ListPage(t.Context(), nil)
				require.NoError(t, err)
				opened, _ := srv.Connections()
				assert.Equal(t, 1, opened, "the connection is used again")
			})
		})
	}
}

func TestStacks_List_CancelledBetweenPages(t *testing.T) {
	t.Parallel()
	srv, client := testkit.NewCloud(t, 25)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var got int
	var last error
	for _, err := range client.Stacks.List(ctx, nil) {
		if err != nil {
			last = err
			continue
		}
		got++
		cancel()
	}
	require.ErrorIs(t, last, context.Canceled)
	assert.Equal(t, 10, got, "the page that was there is yielded to its end")
	assert.Len(t, srv.Requests(), 1)
}

func TestStacks_List_ErrorComesAfterThePageBeforeIt(t *testing.T) {
	t.Parallel()
	srv, client := testkit.NewCloud(t, 25)
	srv.Inject(pulumiapitest.Fault{Endpoint: "GET /api/user/stacks", Skip: 1, Status: http.StatusForbidden})
	got, err := pulumiapi.Collect(client.Stacks.List(t.Context(), nil))
	require.ErrorIs(t, err, pulumiapi.ErrForbidden)
	assert.Len(t, got, 10)
}

func TestStacks_List_ARepeatedTokenIsAnError(t *testing.T) {
	t.Parallel()
	client, s := testkit.Client(t, func(int, *http.Request) (*http.Response, error) {
		return testkit.Respond(http.StatusOK, []byte(`{"stacks":[{"stackName":"a"}],"continuationToken":"5-"}`)), nil
	})
	got, err := pulumiapi.Collect(client.Stacks.List(t.Context(), nil))
	require.ErrorContains(t, err, "token that was sent")
	assert.Len(t, got, 1)
	assert.Len(t, s.Sent(), 2)
}

func TestStacks_List_AnEmptyPageWithATokenGoesOn(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]string{"null": `,"continuationToken":null`, "absent": "", "empty": `,"continuationToken":""`} {
		client, _ := testkit.Client(t, func(n int, _ *http.Request) (*http.Response, error) {
			return testkit.Respond(http.StatusOK, []byte([]string{
				`{"stacks":[],"continuationToken":"1"}`,
				`{"stacks":[{"stackName":"a"}],"continuationToken":"2"}`,
				`{"continuationToken":"3"}`,
				`{"stacks":[{"stackName":"b"}]` + end + `}`,
			}[n-1])), nil
		})
		got, err := pulumiapi.Collect(client.Stacks.List(t.Context(), nil))
		require.NoError(t, err, name)
		require.Len(t, got, 2, name)
		assert.Equal(t, "b", got[1].StackName)
	}
}

func TestStacks_ListPage_ResumesFromACursor(t *testing.T) {
	t.Parallel()
	srv, client := testkit.NewCloud(t, 25)
	first, err := client.Stacks.ListPage(t.Context(), &pulumiapi.StackListOptions{PageSize: 8})
	require.NoError(t, err)
	require.Len(t, first.Items, 8)
	rest, err := pulumiapi.Collect(client.Stacks.List(t.Context(), &pulumiapi.StackListOptions{Cursor: first.Next}))
	require.NoError(t, err)
	assert.Len(t, rest, 17)
	requests := srv.Requests()
	assert.Equal(t, "8", requests[len(requests)-1].Query.Get("maxResults"), "the cursor keeps the page size")
}

func TestPages_WalksAListWithItsCursor(t *testing.T) {
	t.Parallel()
	_, client := testkit.NewCloud(t, 25)
	opts := pulumiapi.StackListOptions{Organization: "acme", PageSize: 20}
	sizes := []int{}
	for page, err := range pulumiapi.Pages(t.Context(), func(ctx context.Context, cursor pulumiapi.Cursor) (*pulumiapi.Page[pulumiapi.StackSummary], error) {
		opts := opts
		opts.Cursor = cursor
		return client.Stacks.ListPage(ctx, &opts)
	}) {
		require.NoError(t, err)
		sizes = append(sizes, len(page.Items))
	}
	assert.Equal(t, []int{20, 5}, sizes)
}

// Names that reach another endpoint, or a query, when they are not escaped.
var oddNames = []string{
	"with space", "a/b", "50%", "%2F", "a?x=1", "a#f", "a:b", "ünïcode", "🍹", "a+b", "a&b=c", "a;b", "...", "~", "a\\b", "\x7f",
	strings.Repeat("long", 2500),
}

func TestStacks_Get_OddNames(t *testing.T) {
	t.Parallel()
	srv, client := testkit.NewCloud(t, 0)
	for _, name := range oddNames {
		id := pulumiapi.StackIdentifier{Org: "o " + name, Project: "p " + name, Stack: name}
		require.NoError(t, srv.AddStack(pulumiapitest.Stack{Org: id.Org, Project: id.Project, Name: id.Stack}))
		stack, err := client.Stacks.Get(t.Context(), id)
		require.NoError(t, err, "Stacks.Get %.40q", name)
		assert.Equal(t, id, stack.Identifier())
	}
}

func TestStacks_NamesThatCannotBeSent(t *testing.T) {
	t.Parallel()
	srv, client := testkit.NewCloud(t, 1)
	for _, bad := range []string{"", ".", ".."} {
		for field, id := range map[string]pulumiapi.StackIdentifier{
			"id.Org":     {Org: bad, Project: "web", Stack: "prod"},
			"id.Project": {Org: "acme", Project: bad, Stack: "prod"},
			"id.Stack":   {Org: "acme", Project: "web", Stack: bad},
		} {
			_, getErr := client.Stacks.Get(t.Context(), id)
			for method, err := range map[string]error{
				"Get":       getErr,
				"CreateTag": client.Stacks.CreateTag(t.Context(), id, "a", "b"),
				"SetTag":    client.Stacks.SetTag(t.Context(), id, "a", "b"),
				"DeleteTag": client.Stacks.DeleteTag(t.Context(), id, "a"),
			} {
				var wrong *pulumiapi.ArgumentError
				require.ErrorAs(t, err, &wrong, "Stacks.%s with %s %q", method, field, bad)
				assert.Equal(t, field, wrong.Name, "Stacks.%s", method)
			}
		}
		for method, err := range map[string]error{
			"SetTag":    client.Stacks.SetTag(t.Context(), testkit.Prod, bad, "b"),
			"DeleteTag": client.Stacks.DeleteTag(t.Context(), testkit.Prod, bad),
		} {
			var wrong *pulumiapi.ArgumentError
			require.ErrorAs(t, err, &wrong, "Stacks.%s of tag %q", method, bad)
			assert.Equal(t, "name", wrong.Name)
		}
	}
	var wrong *pulumiapi.ArgumentError
	require.ErrorAs(t, client.Stacks.CreateTag(t.Context(), testkit.Prod, "", "b"), &wrong)
	require.ErrorAs(t, client.Stacks.CreateTag(t.Context(), testkit.Prod, "a", "\xff"), &wrong, "a value that JSON can't carry")
	assert.Empty(t, srv.Requests())
}

func TestStacks_Tags(t *testing.T) {
	t.Parallel()
	srv, client := testkit.NewCloud(t, 0)
	require.NoError(t, srv.AddStack(pulumiapitest.Stack{Org: "acme", Project: "web", Name: "prod"}))
	tag := func(name string) string {
		stack, err := client.Stacks.Get(t.Context(), testkit.Prod)
		require.NoError(t, err)
		return stack.Tags[name]
	}

	require.NoError(t, client.Stacks.CreateTag(t.Context(), testkit.Prod, "team:owner", "ada"))
	assert.Equal(t, "ada", tag("team:owner"))

	err := client.Stacks.CreateTag(t.Context(), testkit.Prod, "team:owner", "bob")
	var refused *pulumiapi.APIError
	require.ErrorAs(t, err, &refused, "creating a tag that exists")
	assert.Equal(t, http.StatusBadRequest, refused.StatusCode)

	require.NoError(t, client.Stacks.SetTag(t.Context(), testkit.Prod, "team:owner", "bob"), "setting a tag that exists")
	assert.Equal(t, "bob", tag("team:owner"))
	require.NoError(t, client.Stacks.SetTag(t.Context(), testkit.Prod, "new", ""), "setting a tag that doesn't")
	assert.Contains(t, mustGet(t, client).Tags, "new")

	require.NoError(t, client.Stacks.DeleteTag(t.Context(), testkit.Prod, "team:owner"))
	assert.NotContains(t, mustGet(t, client).Tags, "team:owner")
	require.ErrorIs(t, client.Stacks.DeleteTag(t.Context(), testkit.Prod, "team:owner"), pulumiapi.ErrNotFound)

	for name, err := range map[string]error{
		"DeleteTag": client.Stacks.DeleteTag(t.Context(), testkit.Prod, "pulumi:project"),
		"SetTag":    client.Stacks.SetTag(t.Context(), testkit.Prod, "pulumi:project", "x"),
		"CreateTag": client.Stacks.CreateTag(t.Context(), testkit.Prod, "no such name", "x"),
	} {
		require.ErrorAs(t, err, &refused, name)
		assert.Equal(t, http.StatusBadRequest, refused.StatusCode, name)
	}
	err = client.Stacks.SetTag(t.Context(), pulumiapi.StackIdentifier{Org: "acme", Project: "web", Stack: "none"}, "a", "b")
	require.ErrorIs(t, err, pulumiapi.ErrNotFound, "setting a tag of a stack that isn't there")
}

func mustGet(t *testing.T, client *pulumiapi.Client) *pulumiapi.Stack {
	t.Helper()
	stack, err := client.Stacks.Get(t.Context(), testkit.Prod)
	require.NoError(t, err)
	return stack
}

func TestStacks_DeleteTag_ThatWorkedButWasNotAnswered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, client := testkit.NewCloud(t, 0)
		require.NoError(t, srv.AddStack(pulumiapitest.Stack{
			Org: "acme", Project: "web", Name: "prod", Tags: map[string]string{"owner": "ada"},
		}))
		srv.Inject(pulumiapitest.Fault{
			Endpoint: "DELETE /api/stacks/{orgName}/{projectName}/{stackName}/tags/{tagName}",
			Times:    1, Applied: true, Drop: true,
		})
		require.NoError(t, client.Stacks.DeleteTag(t.Context(), testkit.Prod, "owner"), "the second attempt's 404 is success")
		assert.NotContains(t, mustGet(t, client).Tags, "owner")
	})
}

func TestStacks_CreateTag_ThatWorkedButWasNotAnswered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, client := testkit.NewCloud(t, 0)
		require.NoError(t, srv.AddStack(pulumiapitest.Stack{Org: "acme", Project: "web", Name: "prod"}))
		srv.Inject(pulumiapitest.Fault{
			Endpoint: "POST /api/stacks/{orgName}/{projectName}/{stackName}/tags",
			Times:    1, Applied: true, Status: http.StatusServiceUnavailable,
		})
		err := client.Stacks.CreateTag(t.Context(), testkit.Prod, "owner", "ada")
		require.ErrorIs(t, err, pulumiapi.ErrOutcomeUnknown)
		assert.Equal(t, "ada", mustGet(t, client).Tags["owner"], "it had happened")
	})
}

func TestStacks_Get_CurrentOperationOnlyWhileOneRuns(t *testing.T) {
	t.Parallel()
	srv := pulumiapitest.Demo(pulumiapitest.Strict())
	t.Cleanup(srv.Close)
	client := srv.Client()
	running, idle := 0, 0
	for summary, err := range client.Stacks.List(t.Context(), &pulumiapi.StackListOptions{Organization: pulumiapitest.DemoOrganization}) {
		require.NoError(t, err)
		stack, err := client.Stacks.Get(t.Context(), summary.Identifier())
		require.NoError(t, err)
		if stack.CurrentOperation == nil {
			idle++
			continue
		}
		running++
		assert.NotEmpty(t, stack.CurrentOperation.Kind)
		assert.WithinDuration(t, time.Now(), stack.CurrentOperation.Started.Time, time.Hour)
	}
	assert.Positive(t, running)
	assert.GreaterOrEqual(t, idle+running, 30)
}

// Self-hosted installations send more in lists than Pulumi Cloud does.
func TestStacks_List_TagsWhereTheServerSendsThem(t *testing.T) {
	t.Parallel()
	client, _ := testkit.Client(t, func(int, *http.Request) (*http.Response, error) {
		return testkit.Respond(http.StatusOK, []byte(`{"stacks":[
			{"orgName":"acme","projectName":"web","stackName":"prod","tags":{"pulumi:project":"web"}},
			{"orgName":"acme","projectName":"web","stackName":"dev"}]}`)), nil
	})
	stacks, err := pulumiapi.Collect(client.Stacks.List(t.Context(), nil))
	require.NoError(t, err)
	require.Len(t, stacks, 2)
	assert.Equal(t, map[string]string{"pulumi:project": "web"}, stacks[0].Tags)
	assert.Nil(t, stacks[1].Tags)
}
