package pulumiapi_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

// The stacks of a project, from a Pulumi Cloud in memory. With
// NewClient(FromEnvironment()) in place of the server's client they would be
// those of your own organization.
func Example() {
	srv := pulumiapitest.Demo()
	defer srv.Close()
	client := srv.Client()

	opts := &pulumiapi.StackListOptions{Organization: "acme-corp", Project: "identity"}
	for stack, err := range client.Stacks.List(context.Background(), opts) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(stack.Identifier(), stack.ResourceCount)
	}
	// Output:
	// acme-corp/identity/dev 38
	// acme-corp/identity/staging 44
	// acme-corp/identity/prod 59
	// acme-corp/identity/sso-sandbox 0
}

// A client for a self-hosted installation, whose program says who it is.
func ExampleNewClient() {
	client, err := pulumiapi.NewClient(
		pulumiapi.WithBaseURL("https://pulumi.example.com/cloud"),
		pulumiapi.WithToken("pul-0123456789abcdef"),
		pulumiapi.WithUserAgent("acme-inventory/1.2"),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.CloseIdleConnections()

	// What can't be right is refused here, and not by the first call.
	_, err = pulumiapi.NewClient(pulumiapi.WithToken("pul-0123456789abcdef\n"))
	fmt.Println(err)
	// Output:
	// pulumiapi: argument WithToken: the token holds a space, a line break or another character that no token has
}

// The credentials of whoever runs the program: PULUMI_ACCESS_TOKEN, or what
// `pulumi login` left on the machine.
func ExampleFromEnvironment() { //nolint:testableexamples // it needs credentials; TestREADME_FirstProgramRuns runs it
	client, err := pulumiapi.NewClient(pulumiapi.FromEnvironment())
	if err != nil {
		log.Fatal(err)
	}
	opts := &pulumiapi.StackListOptions{Organization: "acme-corp"}
	for stack, err := range client.Stacks.List(context.Background(), opts) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(stack.Identifier(), stack.ResourceCount)
	}
}

// Which stacks has nobody updated for half a year?
func ExampleStacksService_List() {
	srv := pulumiapitest.Demo()
	defer srv.Close()
	client := srv.Client()

	halfYearAgo := time.Now().AddDate(0, -6, 0)
	opts := &pulumiapi.StackListOptions{Organization: "acme-corp"}
	for stack, err := range client.Stacks.List(context.Background(), opts) {
		if err != nil {
			fmt.Println(err)
			return
		}
		if !stack.LastUpdate.IsZero() && stack.LastUpdate.Before(halfYearAgo) {
			fmt.Println(stack.Identifier())
		}
	}
	// Output:
	// acme-corp/network/peering-test
	// acme-corp/webshop/black-friday-load-test
	// acme-corp/data-platform/gpu-spike
	// acme-corp/landing-zone/log-archive
}

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

// Whom to ask before touching a stack: its owner, and who is at it right now.
func ExampleStacksService_Get() {
	srv := pulumiapitest.Demo()
	defer srv.Close()
	client := srv.Client()

	id := pulumiapi.StackIdentifier{Org: "acme-corp", Project: "payments-api", Stack: "prod-us"}
	stack, err := client.Stacks.Get(context.Background(), id)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("owner:", stack.Tags["owner"])
	if op := stack.CurrentOperation; op != nil {
		fmt.Printf("now: %s by %s\n", op.Kind, op.Author)
	}
	// Output:
	// owner: margaret
	// now: update by margaret
}

// Previews of pull requests without an owner become those of the platform team.
func ExampleStacksService_SetTag() {
	srv := pulumiapitest.Demo()
	defer srv.Close()
	client := srv.Client()
	ctx := context.Background()

	opts := &pulumiapi.StackListOptions{Organization: "acme-corp", TagName: "environment", TagValue: "preview"}
	for summary, err := range client.Stacks.List(ctx, opts) {
		if err != nil {
			fmt.Println(err)
			return
		}
		stack, err := client.Stacks.Get(ctx, summary.Identifier())
		if err != nil {
			fmt.Println(err)
			return
		}
		if stack.Tags["owner"] != "" {
			continue
		}
		if err := client.Stacks.SetTag(ctx, stack.Identifier(), "owner", "platform"); err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println("adopted:", stack.Identifier())
	}
	// Output:
	// adopted: acme-corp/payments-api/pr-1467
	// adopted: acme-corp/payments-api/pr-1482
	// adopted: acme-corp/webshop/pr-3310
}

// CreateTag does not change a tag that is there, so of several programs that
// try, one gets the stack.
func ExampleStacksService_CreateTag() {
	srv := pulumiapitest.Demo()
	defer srv.Close()
	client := srv.Client()

	id := pulumiapi.StackIdentifier{Org: "acme-corp", Project: "webshop", Stack: "staging"}
	for _, program := range []string{"janitor-1", "janitor-2"} {
		err := client.Stacks.CreateTag(context.Background(), id, "claimed-by", program)
		if refused, ok := errors.AsType[*pulumiapi.APIError](err); ok && refused.StatusCode == http.StatusBadRequest {
			fmt.Printf("%s has not: %s\n", program, refused.Message)
			continue
		}
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(program, "has it")
	}
	// Output:
	// janitor-1 has it
	// janitor-2 has not: tag 'claimed-by' already exists on stack 'acme-corp/webshop/staging'
}

// Removing what may be gone already.
func ExampleStacksService_DeleteTag() {
	srv := pulumiapitest.Demo()
	defer srv.Close()
	client := srv.Client()

	id := pulumiapi.StackIdentifier{Org: "acme-corp", Project: "webshop", Stack: "staging"}
	for range 2 {
		err := client.Stacks.DeleteTag(context.Background(), id, "owner")
		if err != nil && !errors.Is(err, pulumiapi.ErrNotFound) {
			fmt.Println(err)
			return
		}
		fmt.Println("no owner any more")
	}
	// Output:
	// no owner any more
	// no owner any more
}

// Stacks that were destroyed, and whose name is still there.
func ExampleStacksService_Delete() {
	srv := pulumiapitest.Demo()
	defer srv.Close()
	client := srv.Client()
	ctx := context.Background()

	stacks, err := pulumiapi.Collect(client.Stacks.List(ctx, &pulumiapi.StackListOptions{Organization: "acme-corp"}))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, stack := range stacks {
		if stack.ResourceCount > 0 || stack.LastUpdate.IsZero() {
			continue
		}
		// Should it have got resources meanwhile, the service refuses, as nobody has said Force.
		if err := client.Stacks.Delete(ctx, stack.Identifier(), nil); err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println("deleted:", stack.Identifier())
	}
	// Output:
	// deleted: acme-corp/kubernetes/upgrade-1.33
	// deleted: acme-corp/data-platform/warehouse-migration
}

// A stack moves to another organization, and has another name there.
func ExampleStacksService_Transfer() {
	srv := pulumiapitest.Demo()
	defer srv.Close()
	client := srv.Client()
	ctx := context.Background()
	if err := srv.AddOrganization("acme-labs"); err != nil {
		fmt.Println(err)
		return
	}

	id := pulumiapi.StackIdentifier{Org: "acme-corp", Project: "data-platform", Stack: "gpu-spike"}
	if err := client.Stacks.Transfer(ctx, id, "acme-labs"); err != nil {
		fmt.Println(err)
		return
	}
	id.Org = "acme-labs"
	stack, err := client.Stacks.Get(ctx, id)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(stack.Identifier())
	// Output:
	// acme-labs/data-platform/gpu-spike
}

// What is a stack made of?
func ExampleStackState_Decode() {
	srv := pulumiapitest.Demo()
	defer srv.Close()
	client := srv.Client()

	id := pulumiapi.StackIdentifier{Org: "acme-corp", Project: "identity", Stack: "dev"}
	state, err := client.Stacks.Export(context.Background(), id)
	if err != nil {
		fmt.Println(err)
		return
	}
	snapshot, err := state.Decode()
	if err != nil {
		fmt.Println(err)
		return
	}
	counts := map[string]int{}
	for i := range snapshot.Resources {
		counts[snapshot.Resources[i].Type]++
	}
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		fmt.Println(counts[name], name)
	}
	// Output:
	// 7 acme:identity:Directory
	// 7 aws:cognito/userPool:UserPool
	// 7 aws:cognito/userPoolClient:UserPoolClient
	// 7 aws:kms/key:Key
	// 7 aws:lambda/function:Function
	// 1 pulumi:providers:aws
	// 1 pulumi:pulumi:Stack
	// 1 pulumi:pulumi:StackReference
}

// A backup of a stack's state, taken before something risky, is put back: the
// very same bytes.
func ExampleStacksService_Import() {
	srv := pulumiapitest.Demo()
	defer srv.Close()
	client := srv.Client()
	ctx := context.Background()

	id := pulumiapi.StackIdentifier{Org: "acme-corp", Project: "identity", Stack: "dev"}
	backup, err := client.Stacks.Export(ctx, id)
	if err != nil {
		fmt.Println(err)
		return
	}

	// Something risky goes wrong.

	imported, err := client.Stacks.Import(ctx, id, *backup)
	if err != nil {
		fmt.Println(err)
		return
	}
	results, err := client.Updates.GetStatus(ctx, id, imported.UpdateID, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	state, err := client.Stacks.Export(ctx, id)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(results.Status, bytes.Equal(state.Deployment, backup.Deployment))
	// Output:
	// succeeded true
}

// A backup of a state of any size goes into a file, and not through memory. (A
// buffer stands in for the file.)
func ExampleStacksService_ExportTo() {
	srv := pulumiapitest.Demo()
	defer srv.Close()
	client := srv.Client()

	var file bytes.Buffer
	id := pulumiapi.StackIdentifier{Org: "acme-corp", Project: "identity", Stack: "dev"}
	n, err := client.Stacks.ExportTo(context.Background(), id, &file)
	if err != nil {
		fmt.Println(err) // what is in the file is not the whole state
		return
	}
	fmt.Println(n == int64(file.Len()), strings.HasPrefix(file.String(), `{"version":3,`))
	// Output:
	// true true
}

// A backup is put back from a file. As a file can be read twice, the request is
// sent again if its connection could not be made.
func ExampleStacksService_ImportFrom() {
	srv := pulumiapitest.Demo()
	defer srv.Close()
	client := srv.Client()
	ctx := context.Background()

	file := strings.NewReader(`{"version": 3, "deployment": {"resources": []}}`)
	id := pulumiapi.StackIdentifier{Org: "acme-corp", Project: "identity", Stack: "dev"}
	imported, err := client.Stacks.ImportFrom(ctx, id, file)
	if err != nil {
		fmt.Println(err)
		return
	}
	results, err := client.Updates.GetStatus(ctx, id, imported.UpdateID, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(results.Status)
	// Output:
	// succeeded
}

// Which resources of a stack are protected? The state is looked through while it
// comes, however large it is.
func ExampleStacksService_ExportResources() {
	srv := pulumiapitest.Demo()
	defer srv.Close()
	client := srv.Client()

	id := pulumiapi.StackIdentifier{Org: "acme-corp", Project: "identity", Stack: "dev"}
	count, protected := 0, 0
	for resource, err := range client.Stacks.ExportResources(context.Background(), id) {
		if err != nil {
			fmt.Println(err)
			return
		}
		count++
		if resource.Protect {
			protected++
		}
	}
	fmt.Println(protected, "of", count)
	// Output:
	// 0 of 38
}

// What has failed on a stack during the last month?
func ExampleUpdatesService_List() {
	srv := pulumiapitest.Demo()
	defer srv.Close()
	client := srv.Client()

	id := pulumiapi.StackIdentifier{Org: "acme-corp", Project: "landing-zone", Stack: "sandbox-accounts"}
	monthAgo := time.Now().AddDate(0, -1, 0)
	for update, err := range client.Updates.List(context.Background(), id, nil) {
		if err != nil {
			fmt.Println(err)
			return
		}
		if update.StartTime.Before(monthAgo) {
			break // the newest come first; pages of older ones are never asked for
		}
		if update.Result == pulumiapi.UpdateResultFailed {
			fmt.Printf("%s by %s: %s\n", update.Kind, update.RequestedBy.GitHubLogin, update.Message)
		}
	}
	// Output:
	// update by grace: Accounts for the interns
	// destroy by grace: Close unused accounts
	// update by grace: Move to the new instance type
}

// Waiting until what runs on a stack has ended.
func ExampleUpdatesService_GetStatus() {
	srv := pulumiapitest.Demo()
	defer srv.Close()
	client := srv.Client()
	ctx := context.Background()
	pause := func() { // for a few seconds, in a real program; here, until the update has ended
		running, err := srv.RunningUpdate("acme-corp", "payments-api", "prod-us")
		if err == nil {
			err = running.Finish(pulumiapitest.Succeeded)
		}
		if err != nil {
			fmt.Println(err)
		}
	}

	id := pulumiapi.StackIdentifier{Org: "acme-corp", Project: "payments-api", Stack: "prod-us"}
	stack, err := client.Stacks.Get(ctx, id)
	if err != nil {
		fmt.Println(err)
		return
	}
	var opts pulumiapi.UpdateStatusOptions
	for {
		results, err := client.Updates.GetStatus(ctx, id, stack.ActiveUpdate, &opts)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(results.Status, "with", len(results.Events), "lines of new output")
		if results.Status.IsFinal() {
			break
		}
		opts.ContinuationToken = results.ContinuationToken // what comes after this
		pause()
	}
	// Output:
	// running with 6 lines of new output
	// succeeded with 0 lines of new output
}

// Which policies did the last update of a stack violate?
func ExampleUpdatesService_ListEvents() {
	srv := pulumiapitest.Demo()
	defer srv.Close()
	client := srv.Client()
	ctx := context.Background()

	id := pulumiapi.StackIdentifier{Org: "acme-corp", Project: "landing-zone", Stack: "sandbox-accounts"}
	stack, err := client.Stacks.Get(ctx, id)
	if err != nil {
		fmt.Println(err)
		return
	}
	for event, err := range client.Updates.ListEvents(ctx, id, stack.ActiveUpdate, nil) {
		if err != nil {
			fmt.Println(err)
			return
		}
		if policy := event.PolicyEvent; policy != nil {
			fmt.Printf("%s (%s): %s\n", policy.PolicyName, policy.EnforcementLevel, policy.Text())
		}
	}
	// Output:
	// required-tags (advisory): There is no tag costCenter.
	// no-public-access (mandatory): Anybody on the internet can reach this.
}

// What was tried since the last update, and has not been carried out? (Previews
// have kinds of their own, with a P before the name.)
func ExampleUpdatesService_ListPreviews() {
	srv := pulumiapitest.Demo()
	defer srv.Close()
	client := srv.Client()

	id := pulumiapi.StackIdentifier{Org: "acme-corp", Project: "webshop", Stack: "prod"}
	for preview, err := range client.Updates.ListPreviews(context.Background(), id, nil) {
		if err != nil {
			fmt.Println(err)
			return
		}
		if preview.Kind == pulumiapi.UpdateKindPreviewUpdate {
			fmt.Printf("%s, %s\n", preview.Message, preview.Result)
		}
	}
	// Output:
	// Public bucket for the campaign (#3330), failed
}

// What the service says when it refuses, and what to tell Pulumi's support.
func ExampleAPIError() {
	srv := pulumiapitest.Demo()
	defer srv.Close()
	client := srv.Client()

	id := pulumiapi.StackIdentifier{Org: "acme-corp", Project: "webshop", Stack: "prodd"}
	_, err := client.Stacks.Get(context.Background(), id)
	fmt.Println(err)

	if errors.Is(err, pulumiapi.ErrNotFound) {
		fmt.Println("no such stack, or not for this token's user")
	}
	if refused, ok := errors.AsType[*pulumiapi.APIError](err); ok {
		fmt.Println("status: ", refused.StatusCode)
		fmt.Println("message:", refused.Message)
		fmt.Println("request:", refused.RequestID)
	}
	// Output:
	// pulumiapi: GET /api/stacks/acme-corp/webshop/prodd: 404: Stack 'acme-corp/webshop/prodd' not found (request 00000001-0000-4000-8000-000000000001)
	// no such stack, or not for this token's user
	// status:  404
	// message: Stack 'acme-corp/webshop/prodd' not found
	// request: 00000001-0000-4000-8000-000000000001
}

// Something between here and the service answered in its place.
func ExampleCallError() {
	srv := pulumiapitest.Demo()
	defer srv.Close()
	client := srv.Client()
	srv.Inject(pulumiapitest.Fault{Status: 200, Body: "<html>Welcome to Airport WiFi</html>"})

	_, err := client.Stacks.ListPage(context.Background(), nil)
	if failed, ok := errors.AsType[*pulumiapi.CallError](err); ok {
		fmt.Println(failed.Endpoint)
		fmt.Println(failed.Err)
	}
	// Output:
	// GET /api/user/stacks
	// the answer is not JSON: content type "text/html; charset=utf-8", begins "<html>Welcome to Airport WiFi</html>"
}

// A name that would lead to another endpoint is never sent.
func ExampleArgumentError() {
	srv := pulumiapitest.Demo()
	defer srv.Close()
	client := srv.Client()

	id := pulumiapi.StackIdentifier{Org: "acme-corp", Project: "..", Stack: "prod"}
	_, err := client.Stacks.Get(context.Background(), id)
	if wrong, ok := errors.AsType[*pulumiapi.ArgumentError](err); ok {
		fmt.Println("argument:", wrong.Name)
		fmt.Println("value:   ", wrong.Value)
		fmt.Println("reason:  ", wrong.Reason)
	}
	fmt.Println("requests:", len(srv.Requests()))
	// Output:
	// argument: id.Project
	// value:    ..
	// reason:   must not be empty, "." or ".."
	// requests: 0
}

// A gateway fails after the service has done its work. The write is not
// repeated: the program looks first.
func Example_outcomeUnknown() {
	srv := pulumiapitest.Demo()
	defer srv.Close()
	client := srv.Client()
	srv.Inject(pulumiapitest.Fault{
		Endpoint: "POST /api/stacks/{orgName}/{projectName}/{stackName}/tags",
		Status:   http.StatusBadGateway,
		Applied:  true, // the tag is there, and the client doesn't hear of it
	})
	ctx := context.Background()

	id := pulumiapi.StackIdentifier{Org: "acme-corp", Project: "webshop", Stack: "staging"}
	err := client.Stacks.CreateTag(ctx, id, "claimed-by", "janitor-1")
	if errors.Is(err, pulumiapi.ErrOutcomeUnknown) {
		fmt.Println("unknown outcome, so let us look")
		stack, err := client.Stacks.Get(ctx, id)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println("claimed by:", stack.Tags["claimed-by"])
	}
	// Output:
	// unknown outcome, so let us look
	// claimed by: janitor-1
}

// An operation without a method: a new stack, tagged from the start.
func ExampleClient_Do() {
	srv := pulumiapitest.Demo()
	defer srv.Close()
	client := srv.Client()

	var created struct {
		Messages []struct {
			Message string `json:"message"`
		} `json:"messages"`
	}
	info, err := client.Do(context.Background(), pulumiapi.Request{
		Endpoint: pulumiapi.Endpoint{Method: "POST", Template: "/api/stacks/{orgName}/{projectName}"},
		Args:     []string{"acme-corp", "webshop"},
		Body: map[string]any{
			"stackName": "pr-3341",
			"tags":      map[string]string{"environment": "preview", "owner": "ada"},
		},
	}, &created)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(info.StatusCode, created.Messages)
	// Output:
	// 200 []
}

// Text that is no JSON goes to a writer, as it comes. (The in-memory cloud has no
// environments, and is told here what to answer.)
func ExampleClient_Do_text() {
	srv := pulumiapitest.Demo()
	defer srv.Close()
	client := srv.Client()
	srv.Inject(pulumiapitest.Fault{
		Endpoint: "GET /api/esc/environments/{orgName}/{projectName}/{envName}",
		Body:     "values:\n  region: eu-west-1\n",
	})

	_, err := client.Do(context.Background(), pulumiapi.Request{
		Endpoint: pulumiapi.Endpoint{Method: "GET", Template: "/api/esc/environments/{orgName}/{projectName}/{envName}"},
		Args:     []string{"acme-corp", "webshop", "prod"},
		Header:   http.Header{"Accept": {"application/x-yaml"}},
	}, os.Stdout)
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// values:
	//   region: eu-west-1
}

// newCIClient returns a client for a job of GitHub Actions, which needs no secret.
func newCIClient() (*pulumiapi.Client, error) {
	source, err := pulumiapi.NewOIDCTokenSource(pulumiapi.OIDCExchange{
		Organization:  "acme-corp",
		IdentityToken: pulumiapi.GitHubActionsIdentityToken(nil),
	})
	if err != nil {
		return nil, err
	}
	return pulumiapi.NewClient(pulumiapi.WithTokenSource(source))
}

// Elsewhere than in GitHub Actions, the first call says so.
func ExampleNewOIDCTokenSource() {
	client, err := newCIClient()
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = client.Stacks.ListPage(context.Background(), nil)
	fmt.Println(errors.Unwrap(err))
	// Output:
	// no access token: identity token: this is no job of GitHub Actions with the permission id-token: write: ACTIONS_ID_TOKEN_REQUEST_URL and ACTIONS_ID_TOKEN_REQUEST_TOKEN are not set
}

// A program's own source of tokens: here, a vault's.
func ExampleWithTokenSource() {
	srv := pulumiapitest.Demo()
	defer srv.Close()
	vault := func(context.Context) (pulumiapi.Secret, time.Time, error) {
		fmt.Println("asking the vault")
		return pulumiapi.NewSecret(srv.Token()), time.Now().Add(time.Hour), nil
	}

	client, err := pulumiapi.NewClient(
		pulumiapi.WithBaseURL(pulumiapitest.BaseURL),
		pulumiapi.WithHTTPClient(srv.HTTPClient()),
		pulumiapi.WithTokenSource(pulumiapi.TokenSourceFunc(vault)),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	id := pulumiapi.StackIdentifier{Org: "acme-corp", Project: "webshop", Stack: "prod"}
	for range 2 {
		stack, err := client.Stacks.Get(context.Background(), id)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(stack.Identifier())
	}
	// Output:
	// asking the vault
	// acme-corp/webshop/prod
	// acme-corp/webshop/prod
}

// The request's ID of a call that succeeded, for an audit trail.
func ExampleCaptureResponse() {
	srv := pulumiapitest.Demo()
	defer srv.Close()
	client := srv.Client()

	var info pulumiapi.ResponseInfo
	ctx := pulumiapi.CaptureResponse(context.Background(), &info)
	id := pulumiapi.StackIdentifier{Org: "acme-corp", Project: "webshop", Stack: "staging"}
	if err := client.Stacks.SetTag(ctx, id, "owner", "grace"); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(info.StatusCode, info.RequestID)
	// Output:
	// 204 00000001-0000-4000-8000-000000000001
}

// roundTripperFunc makes a function an http.RoundTripper.
type roundTripperFunc func(*http.Request) (*http.Response, error)

func (f roundTripperFunc) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// A transport of your own sees which operation a request is for, and can name a
// span or a metric without the names of stacks in it.
func ExampleEndpointFromContext() {
	srv := pulumiapitest.Demo()
	defer srv.Close()

	next := srv.HTTPClient().Transport // http.DefaultTransport, outside of tests
	traced := roundTripperFunc(func(req *http.Request) (*http.Response, error) {
		if endpoint, ok := pulumiapi.EndpointFromContext(req.Context()); ok {
			fmt.Println("span:", endpoint)
		}
		return next.RoundTrip(req)
	})
	client, err := pulumiapi.NewClient(
		pulumiapi.WithBaseURL(pulumiapitest.BaseURL),
		pulumiapi.WithToken(srv.Token()),
		pulumiapi.WithHTTPClient(&http.Client{Transport: traced}),
	)
	if err != nil {
		fmt.Println(err)
		return
	}

	id := pulumiapi.StackIdentifier{Org: "acme-corp", Project: "webshop", Stack: "prod"}
	if _, err := client.Stacks.Get(context.Background(), id); err != nil {
		fmt.Println(err)
	}
	// Output:
	// span: GET /api/stacks/{orgName}/{projectName}/{stackName}
}

// Counting for metrics, and handing on what the service wants people to read.
func ExampleWithObserver() {
	srv := pulumiapitest.Demo()
	defer srv.Close()
	srv.Inject(pulumiapitest.Fault{Status: http.StatusServiceUnavailable, Times: 1})
	srv.Inject(pulumiapitest.Fault{Header: http.Header{"X-Pulumi-Warning": {"Your trial ends on Friday."}}})

	var mu sync.Mutex // calls may run at the same time
	statuses := map[int]int{}
	observer := pulumiapi.Observer{
		OnAttempt: func(_ context.Context, attempt pulumiapi.Attempt) {
			mu.Lock()
			defer mu.Unlock()
			statuses[attempt.StatusCode]++
		},
		OnWarning: func(_ context.Context, warning pulumiapi.Warning) {
			fmt.Println("Pulumi Cloud says:", warning.Text)
		},
	}
	client, err := pulumiapi.NewClient(append(srv.Options(), pulumiapi.WithObserver(observer))...)
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := client.Stacks.ListPage(context.Background(), nil); err != nil {
		fmt.Println(err)
	}
	for _, status := range slices.Sorted(maps.Keys(statuses)) {
		fmt.Println(status, statuses[status])
	}
	// Output:
	// Pulumi Cloud says: Your trial ends on Friday.
	// 200 1
	// 503 1
}

// One record an attempt, in the program's own log.
func ExampleWithLogger() {
	srv := pulumiapitest.Demo()
	defer srv.Close()

	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		Level: slog.LevelDebug,
		ReplaceAttr: func(_ []string, attr slog.Attr) slog.Attr {
			if attr.Key == slog.TimeKey || attr.Key == "duration" {
				return slog.Attr{} // they differ each time
			}
			return attr
		},
	}))
	client, err := pulumiapi.NewClient(append(srv.Options(), pulumiapi.WithLogger(logger))...)
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := client.Stacks.ListPage(context.Background(), nil); err != nil {
		fmt.Println(err)
	}
	// Output:
	// level=DEBUG msg="pulumi cloud request" endpoint="GET /api/user/stacks" path=/api/user/stacks attempt=1 status=200 request_id=00000001-0000-4000-8000-000000000001
}

// A nightly job can wait: it tries longer before it gives up.
func ExampleWithRetry() {
	srv := pulumiapitest.Demo()
	defer srv.Close()
	srv.Inject(pulumiapitest.Fault{Status: http.StatusServiceUnavailable, Times: 1})

	client, err := pulumiapi.NewClient(append(srv.Options(),
		pulumiapi.WithRetry(pulumiapi.RetryPolicy{
			MaxAttempts: 10,
			MaxWait:     5 * time.Minute,
		}))...)
	if err != nil {
		fmt.Println(err)
		return
	}
	var info pulumiapi.ResponseInfo
	ctx := pulumiapi.CaptureResponse(context.Background(), &info)
	if _, err := client.Stacks.ListPage(ctx, nil); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("attempts:", info.Attempts)
	// Output:
	// attempts: 2
}

// A stack as a command-line flag.
func ExampleParseStackIdentifier() {
	id, err := pulumiapi.ParseStackIdentifier("acme-corp/webshop/prod")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(id.Project)

	var target pulumiapi.StackIdentifier
	flags := flag.NewFlagSet("janitor", flag.ContinueOnError)
	flags.TextVar(&target, "stack", pulumiapi.StackIdentifier{}, "the stack, as `org/project/stack`")
	if err := flags.Parse([]string{"-stack", "acme-corp/webshop/staging"}); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(target.Stack)
	// Output:
	// webshop
	// staging
}

// A secret stays out of logs, whoever prints it.
func ExampleSecret() {
	secret := pulumiapi.NewSecret("pul-0123456789abcdef")
	fmt.Println(secret)
	fmt.Printf("%+v %q\n", struct{ Token pulumiapi.Secret }{secret}, secret)
	fmt.Println(strings.HasPrefix(secret.Reveal(), "pul-"))
	// Output:
	// [redacted]
	// {Token:[redacted]} [redacted]
	// true
}

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
