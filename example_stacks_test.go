package pulumiapi_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

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
