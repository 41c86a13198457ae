package pulumiapi_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

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
