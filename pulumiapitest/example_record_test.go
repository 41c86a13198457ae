package pulumiapitest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

// record is done once, against the real service: by a test that has a flag for it, as
// in "go test -run Inventory -record". What stands for the service here is in memory.
func record(ctx context.Context, file string) error {
	service := pulumiapitest.Demo() //nolint:contextcheck // it ends with Close
	defer service.Close()
	recorder, err := pulumiapitest.Record(file, pulumiapitest.WithTransport(service.HTTPClient().Transport))
	if err != nil {
		return err
	}
	client, err := pulumiapi.NewClient(
		pulumiapi.WithToken(service.Token()), // or pulumiapi.FromEnvironment()
		pulumiapi.WithBaseURL(pulumiapitest.BaseURL),
		pulumiapi.WithHTTPClient(&http.Client{Transport: recorder}),
	)
	if err != nil {
		return err
	}
	if _, err := countUnowned(ctx, client, pulumiapitest.DemoOrganization); err != nil {
		return err
	}
	return recorder.Close()
}

// The program under test runs against what the service has answered once.
func ExampleReplay() {
	ctx := context.Background()
	folder, err := os.MkdirTemp("", "") // or "testdata"
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(folder) }()
	file := filepath.Join(folder, "inventory.json")
	if err := record(ctx, file); err != nil {
		fmt.Println(err)
		return
	}

	replayer, err := pulumiapitest.Replay(file)
	if err != nil {
		fmt.Println(err)
		return
	}
	unowned, err := countUnowned(ctx, replayer.Client(), pulumiapitest.DemoOrganization)
	fmt.Println(unowned, err)
	fmt.Println(replayer.Close()) // whether all has gone as it was recorded

	// Output:
	// 11 <nil>
	// <nil>
}

// What was not recorded fails, and says what is the nearest to it.
func ExampleErrNotRecorded() {
	folder, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(folder) }()
	file := filepath.Join(folder, "user.json")
	const recording = `{"format": 1, "exchanges": [
		{
			"request": {"method": "GET", "url": "https://api.pulumi.com/api/user/stacks?organization=acme"},
			"response": {"status": 200, "header": {}, "body": {"json": {"stacks": []}}}
		}
	]}`
	if err := os.WriteFile(file, []byte(recording), 0o600); err != nil {
		fmt.Println(err)
		return
	}
	replayer, err := pulumiapitest.Replay(file)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = pulumiapi.Collect(replayer.Client().Stacks.List(context.Background(), &pulumiapi.StackListOptions{Organization: "acme-corp"}))
	fmt.Println(errors.Is(err, pulumiapitest.ErrNotRecorded))
	_, why, _ := strings.Cut(err.Error(), file)
	fmt.Println(why)

	// Output:
	// true
	// :2, with another query: organization: "acme", not "acme-corp" (4 attempts)
}
