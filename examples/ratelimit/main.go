// Command ratelimit lists the stacks of an organization with two clients that
// share one limit: ten requests a second, and five of them at once.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer) error {
	cloud := pulumiapitest.Demo() //nolint:contextcheck // a server lives until it is closed
	defer cloud.Close()
	limiter := rate.NewLimiter(rate.Every(100*time.Millisecond), 5)

	start := time.Now()
	group, ctx := errgroup.WithContext(ctx)
	for range 2 {
		client, err := pulumiapi.NewClient(append(cloud.Options(), pulumiapi.WithRateLimiter(limiter))...)
		if err != nil {
			return err
		}
		group.Go(func() error {
			opts := &pulumiapi.StackListOptions{Organization: pulumiapitest.DemoOrganization, PageSize: 4}
			_, err := pulumiapi.Collect(client.Stacks.List(ctx, opts))
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "%d requests in %.1f s\n", len(cloud.Requests()), time.Since(start).Seconds())
	return err
}
