package pulumiapi_test

import (
	"context"
	"iter"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
)

var prod = pulumiapi.StackIdentifier{Org: "acme", Project: "web", Stack: "prod"}

// operation is one method as the tests that drive all of them see it. A new
// method is added here, and thereby goes through all they do.
type operation struct {
	// name is the method's: "Stacks.Get".
	name string
	call func(ctx context.Context, client *pulumiapi.Client) (any, error)
	// fixture is the file below testdata with the documentation's answer, and
	// answer an answer that the documentation doesn't show. Both are empty if
	// the method returns nothing.
	fixture string
	answer  string
	// items is the member of the fixture that holds what a list returns.
	items string
	// resends says whether a request that may have been carried out is sent
	// again.
	resends bool
	// on404 are the HTTP methods of what it sends if everything is refused
	// with a 404.
	on404 []string
}

// write is what a method returns that returns only an error.
func write(err error) (any, error) { return nil, err }

// firstOf returns the first that a list yields: a fixture's token or total
// would make the rest endless.
func firstOf[T any](seq iter.Seq2[*T, error]) (any, error) {
	for item, err := range seq {
		return item, err
	}
	return nil, nil //nolint:nilnil // an empty list has no first
}

// itemsOf returns a page's items.
func itemsOf[T any](page *pulumiapi.Page[T], err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return page.Items, nil
}

func operations() []operation {
	return []operation{
		{
			name: "Stacks.List", fixture: "stacks_list.json", items: "stacks", resends: true, on404: []string{"GET"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return firstOf(client.Stacks.List(ctx, &pulumiapi.StackListOptions{Organization: "acme"}))
			},
		},
		{
			name: "Stacks.ListPage", fixture: "stacks_list.json", items: "stacks", resends: true, on404: []string{"GET"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return itemsOf(client.Stacks.ListPage(ctx, nil))
			},
		},
		{
			name: "Stacks.Get", fixture: "stacks_get.json", resends: true, on404: []string{"GET"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) { return client.Stacks.Get(ctx, prod) },
		},
		{
			name: "Stacks.CreateTag", on404: []string{"POST"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return write(client.Stacks.CreateTag(ctx, prod, "owner", "ada"))
			},
		},
		{
			name: "Stacks.SetTag", on404: []string{"PATCH", "POST"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return write(client.Stacks.SetTag(ctx, prod, "owner", "ada"))
			},
		},
		{
			name: "Stacks.DeleteTag", resends: true, on404: []string{"DELETE"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return write(client.Stacks.DeleteTag(ctx, prod, "owner"))
			},
		},
		{
			name: "Stacks.Export", fixture: "stacks_export.json", resends: true, on404: []string{"GET"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Stacks.Export(ctx, prod)
			},
		},
		{
			name: "Stacks.Import", answer: `{"updateId":"938cd018"}`, on404: []string{"POST"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Stacks.Import(ctx, prod, pulumiapi.StackState{Version: 3, Deployment: []byte("{}")})
			},
		},
		{
			name: "Stacks.Transfer", on404: []string{"POST"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return write(client.Stacks.Transfer(ctx, prod, "other"))
			},
		},
		{
			name: "Stacks.Delete", resends: true, on404: []string{"DELETE"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return write(client.Stacks.Delete(ctx, prod, nil))
			},
		},
		{
			name: "Updates.List", fixture: "updates_list.json", items: "updates", resends: true, on404: []string{"GET"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return firstOf(client.Updates.List(ctx, prod, nil))
			},
		},
		{
			name: "Updates.ListPage", fixture: "updates_list.json", items: "updates", resends: true, on404: []string{"GET"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return itemsOf(client.Updates.ListPage(ctx, prod, nil))
			},
		},
		{
			name: "Updates.GetStatus", fixture: "updates_get_status.json", resends: true, on404: []string{"GET"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Updates.GetStatus(ctx, prod, "938cd018", nil)
			},
		},
		{
			name: "Updates.ListEvents", fixture: "updates_list_events.json", items: "events", resends: true, on404: []string{"GET"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return firstOf(client.Updates.ListEvents(ctx, prod, "938cd018", nil))
			},
		},
		{
			name: "Updates.ListEventsPage", fixture: "updates_list_events.json", items: "events", resends: true, on404: []string{"GET"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return itemsOf(client.Updates.ListEventsPage(ctx, prod, "938cd018", nil))
			},
		},
		{
			name: "Updates.ListPreviews", fixture: "updates_list_previews.json", items: "updates", resends: true, on404: []string{"GET"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return firstOf(client.Updates.ListPreviews(ctx, prod, nil))
			},
		},
		{
			name: "Updates.ListPreviewsPage", fixture: "updates_list_previews.json", items: "updates", resends: true, on404: []string{"GET"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return itemsOf(client.Updates.ListPreviewsPage(ctx, prod, nil))
			},
		},
	}
}

// returnsValue reports whether the method returns more than an error.
func (o operation) returnsValue() bool { return o.fixture != "" || o.answer != "" }

// body returns what a server answers to the operation when all is well.
func (o operation) body(t *testing.T) []byte {
	t.Helper()
	if o.fixture == "" {
		return []byte(o.answer)
	}
	return readFixture(t, o.fixture)
}

func readFixture(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err, "reading the fixture %s", name)
	return data
}
