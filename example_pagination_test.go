package pulumiapi_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

// A list in two sittings: the cursor is text, which a file or a database keeps
// between them.
func ExampleStacksService_ListPage() {
	srv := pulumiapitest.Demo()
	defer srv.Close()
	client := srv.Client()
	ctx := context.Background()

	opts := pulumiapi.StackListOptions{Organization: "acme-corp", Project: "kubernetes", PageSize: 3}
	page, err := client.Stacks.ListPage(ctx, &opts)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(page.Items), "stacks")
	saved := string(page.Next)

	// Later, and in another process perhaps:
	opts.Cursor = pulumiapi.Cursor(saved)
	page, err = client.Stacks.ListPage(ctx, &opts)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(page.Items), "more")
	if page.Next == "" {
		fmt.Println("that was the last page")
	}
	// Output:
	// 3 stacks
	// 2 more
	// that was the last page
}

// A job in two sittings, which goes on after the last page that it has finished.
func ExamplePages() {
	srv := pulumiapitest.Demo()
	defer srv.Close()
	client := srv.Client()

	var saved pulumiapi.Cursor // in a file, so that it outlives the program
	job := func(ctx context.Context, mostPages int) error {
		opts := pulumiapi.StackListOptions{Organization: "acme-corp", PageSize: 15}
		start := saved
		pages := pulumiapi.Pages(ctx, func(ctx context.Context, cursor pulumiapi.Cursor) (*pulumiapi.Page[pulumiapi.StackSummary], error) {
			o := opts
			o.Cursor = cmp.Or(cursor, start) // the first cursor is empty, and must not replace the saved one
			return client.Stacks.ListPage(ctx, &o)
		})
		for page, err := range pages {
			if err != nil {
				return err
			}
			fmt.Printf("%d stacks, from %s on\n", len(page.Items), page.Items[0].Identifier())
			saved = page.Next // now that the page is done; empty after the last one
			if mostPages--; mostPages == 0 {
				return nil
			}
		}
		fmt.Println("done")
		return nil
	}
	if err := job(context.Background(), 1); err != nil {
		fmt.Println(err)
	}
	fmt.Println("- the next day -")
	if err := job(context.Background(), 99); err != nil {
		fmt.Println(err)
	}
	// Output:
	// 15 stacks, from acme-corp/network/dev on
	// - the next day -
	// 15 stacks, from acme-corp/payments-api/pr-1467 on
	// 10 stacks, from acme-corp/data-platform/warehouse-migration on
	// done
}

// The largest stacks: sorting needs all of them at once.
func ExampleCollect() {
	srv := pulumiapitest.Demo()
	defer srv.Close()
	client := srv.Client()

	opts := &pulumiapi.StackListOptions{Organization: "acme-corp"}
	stacks, err := pulumiapi.Collect(client.Stacks.List(context.Background(), opts))
	if err != nil {
		fmt.Println(err)
		return
	}
	slices.SortFunc(stacks, func(a, b pulumiapi.StackSummary) int {
		return cmp.Compare(b.ResourceCount, a.ResourceCount)
	})
	for _, stack := range stacks[:3] {
		fmt.Printf("%4d %s\n", stack.ResourceCount, stack.Identifier())
	}
	// Output:
	//  421 acme-corp/data-platform/prod
	//  312 acme-corp/kubernetes/prod-us-east-1
	//  298 acme-corp/kubernetes/prod-eu-west-1
}
