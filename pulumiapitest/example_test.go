package pulumiapitest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

// countUnowned is the program under test: it counts the stacks that nobody owns.
func countUnowned(ctx context.Context, client *pulumiapi.Client, org string) (int, error) {
	unowned := 0
	for summary, err := range client.Stacks.List(ctx, &pulumiapi.StackListOptions{Organization: org}) {
		if err != nil {
			return 0, err
		}
		stack, err := client.Stacks.Get(ctx, summary.Identifier())
		if err != nil {
			return 0, err
		}
		if stack.Tags["owner"] == "" {
			unowned++
		}
	}
	return unowned, nil
}

func Example() {
	ctx := context.Background()
	srv := pulumiapitest.NewServer()
	defer srv.Close()
	for _, stack := range []pulumiapitest.Stack{
		{Org: "acme", Project: "web", Name: "prod", Tags: map[string]string{"owner": "ada"}},
		{Org: "acme", Project: "web", Name: "old experiment"},
	} {
		if err := srv.AddStack(stack); err != nil {
			fmt.Println(err)
			return
		}
	}
	client := srv.Client()

	// When all is well.
	unowned, err := countUnowned(ctx, client, "acme")
	fmt.Println(unowned, err)
	for _, request := range srv.Requests() {
		fmt.Println(request.Method, request.Path, request.Query.Encode(), request.Status)
	}

	// When the second stack may not be read.
	srv.Inject(pulumiapitest.Fault{
		Endpoint: "GET /api/stacks/{orgName}/{projectName}/{stackName}",
		Skip:     1,
		Times:    1,
		Status:   http.StatusForbidden,
	})
	_, err = countUnowned(ctx, client, "acme")
	fmt.Println(errors.Is(err, pulumiapi.ErrForbidden))

	// Output:
	// 1 <nil>
	// GET /api/user/stacks organization=acme 200
	// GET /api/stacks/acme/web/prod  200
	// GET /api/stacks/acme/web/old%20experiment  200
	// true
}

// The answer to a request that creates a stack gets lost. Did it happen?
func ExampleServer_Inject() {
	ctx := context.Background()
	srv := pulumiapitest.NewServer()
	defer srv.Close()
	if err := srv.AddOrganization("acme"); err != nil {
		fmt.Println(err)
		return
	}
	srv.Inject(pulumiapitest.Fault{
		Endpoint: "POST /api/stacks/{orgName}/{projectName}",
		Times:    1,
		Applied:  true,
		Drop:     true,
	})

	client := srv.Client()
	_, err := client.Do(ctx, pulumiapi.Request{
		Endpoint: pulumiapi.Endpoint{Method: http.MethodPost, Template: "/api/stacks/{orgName}/{projectName}"},
		Args:     []string{"acme", "web"},
		Body:     map[string]any{"stackName": "prod"},
	}, nil)
	fmt.Println("outcome unknown:", errors.Is(err, pulumiapi.ErrOutcomeUnknown))

	stack, err := client.Stacks.Get(ctx, pulumiapi.StackIdentifier{Org: "acme", Project: "web", Stack: "prod"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("it exists:", stack.StackName)

	// Output:
	// outcome unknown: true
	// it exists: prod
}

// An update runs while the program under test looks at the stack.
func ExampleServer_StartUpdate() {
	ctx := context.Background()
	srv := pulumiapitest.NewServer()
	defer srv.Close()
	if err := srv.AddStack(pulumiapitest.Stack{Org: "acme", Project: "web", Name: "prod"}); err != nil {
		fmt.Println(err)
		return
	}
	running, err := srv.StartUpdate("acme", "web", "prod", pulumiapitest.Update{
		Kind:        "refresh",
		RequestedBy: pulumiapitest.User{Login: "ada"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	client := srv.Client()
	prod := pulumiapi.StackIdentifier{Org: "acme", Project: "web", Stack: "prod"}
	stack, err := client.Stacks.Get(ctx, prod)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("busy:", stack.CurrentOperation.Kind, "by", stack.CurrentOperation.Author)

	err = errors.Join(
		running.Emit(pulumiapitest.DiagnosticEvent("warning", "", "the bucket has changed")),
		running.SetState([]byte(`{"resources":[]}`), 3),
		running.Finish(pulumiapitest.Succeeded),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	stack, err = client.Stacks.Get(ctx, prod)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("busy:", stack.CurrentOperation != nil, "version:", stack.Version)

	// Output:
	// busy: refresh by ada
	// busy: false version: 1
}
