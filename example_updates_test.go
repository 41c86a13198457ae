package pulumiapi_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

// A program that goes on when the update on a stack has ended, for ten minutes
// at most. That the update has failed is another thing than that nobody knows.
func ExampleUpdatesService_Wait() {
	srv := pulumiapitest.Demo()
	defer srv.Close()
	client := srv.Client()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()

	id := pulumiapi.StackIdentifier{Org: "acme-corp", Project: "payments-api", Stack: "prod-us"}
	stack, err := client.Stacks.Get(ctx, id)
	if err != nil {
		fmt.Println(err)
		return
	}
	go endUpdate(srv, id)

	_, err = client.Updates.Wait(ctx, id, stack.ActiveUpdate, &pulumiapi.WaitOptions{MaxInterval: 5 * time.Second})
	var failed *pulumiapi.UpdateFailedError
	switch {
	case errors.As(err, &failed):
		fmt.Println("the update of", failed.Stack, "has", failed.Status)
	case err != nil:
		fmt.Println("nobody knows how it ended:", err)
	default:
		fmt.Println("done")
	}
	// Output:
	// the update of acme-corp/payments-api/prod-us has failed
}

// endUpdate is what happens elsewhere meanwhile.
func endUpdate(srv *pulumiapitest.Server, id pulumiapi.StackIdentifier) {
	running, err := srv.RunningUpdate(id.Org, id.Project, id.Stack)
	if err == nil {
		err = running.Finish(pulumiapitest.Failed)
	}
	if err != nil {
		fmt.Println(err)
	}
}

// What an update says, as it says it, and how it ended.
func ExampleUpdatesService_Follow() {
	srv := pulumiapitest.NewServer()
	defer srv.Close()
	client := srv.Client()
	ctx := context.Background()

	id := pulumiapi.StackIdentifier{Org: "acme", Project: "web", Stack: "prod"}
	running, err := startUpdate(srv, id)
	if err != nil {
		fmt.Println(err)
		return
	}
	go func() { // what happens elsewhere meanwhile
		err := errors.Join(
			running.Emit(pulumiapitest.DiagnosticEvent("info", "", "Creating the bucket")),
			running.Emit(pulumiapitest.DiagnosticEvent("warning", "", "The bucket is public")),
			running.Emit(pulumiapitest.DiagnosticEvent("error", "", "The bucket's name is taken")),
			running.Finish(pulumiapitest.Failed),
		)
		if err != nil {
			fmt.Println(err)
		}
	}()

	for event, err := range client.Updates.Follow(ctx, id, running.ID(), nil) {
		if err != nil {
			fmt.Println(err)
			return
		}
		if message := event.DiagnosticEvent; message != nil {
			fmt.Printf("%s: %s\n", message.Severity, message.Text())
		}
	}
	_, err = client.Updates.Wait(ctx, id, running.ID(), nil)
	if failed, ok := errors.AsType[*pulumiapi.UpdateFailedError](err); ok {
		fmt.Println("the update of", failed.Stack, "has", failed.Status)
	} else if err != nil {
		fmt.Println("nobody knows how it ended:", err)
	}
	// Output:
	// info: Creating the bucket
	// warning: The bucket is public
	// error: The bucket's name is taken
	// the update of acme/web/prod has failed
}

// startUpdate starts an update on a new stack.
func startUpdate(srv *pulumiapitest.Server, id pulumiapi.StackIdentifier) (*pulumiapitest.RunningUpdate, error) {
	if err := srv.AddOrganization(id.Org); err != nil {
		return nil, err
	}
	if err := srv.AddStack(pulumiapitest.Stack{Org: id.Org, Project: id.Project, Name: id.Stack}); err != nil {
		return nil, err
	}
	return srv.StartUpdate(id.Org, id.Project, id.Stack, pulumiapitest.Update{})
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
