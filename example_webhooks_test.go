package pulumiapi_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

// A receiver that looks at updates that have failed, and keeps count of the rest.
// The Pulumi Cloud in memory delivers to it, as the real one does.
func ExampleNewWebhookHandler() {
	srv := pulumiapitest.NewServer()
	defer srv.Close()
	_, _ = srv.AddWebhook(pulumiapitest.Webhook{Org: "acme", PayloadURL: "https://hooks.example.com/pulumi", Secret: "not so secret"})
	_ = srv.AddStack(pulumiapitest.Stack{Org: "acme", Project: "web", Name: "prod"})

	secret := pulumiapi.NewSecret("not so secret") // from the environment, say
	receiver, err := pulumiapi.NewWebhookHandler([]pulumiapi.Secret{secret}, pulumiapi.WebhookHandlers{
		StackUpdate: func(_ context.Context, update *pulumiapi.WebhookStackUpdatePayload) error {
			if update.Result == pulumiapi.UpdateResultFailed {
				fmt.Println("call somebody:", update.Kind, "of", update.Identifier(), "has failed")
			}
			return nil
		},
		Other: func(_ context.Context, event *pulumiapi.WebhookEvent) error {
			fmt.Println("also:", event.Kind)
			return nil
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux()
	mux.Handle("/pulumi", receiver) // and http.ListenAndServe, where it is not a test
	srv.HandleWebhooks("hooks.example.com", mux)

	running, err := srv.StartUpdate("acme", "web", "prod", pulumiapitest.Update{Kind: "update"})
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = running.Finish(pulumiapitest.Failed)
	srv.WaitForWebhooks()
	_ = srv.Client().Stacks.Delete(context.Background(), pulumiapi.StackIdentifier{Org: "acme", Project: "web", Stack: "prod"}, nil)
	srv.WaitForWebhooks()
	// Output:
	// call somebody: update of acme/web/prod has failed
	// also: stack
}

// What a function does not get as its argument is in its context.
func ExampleWebhookEventFromContext() {
	receiver, err := pulumiapi.NewWebhookHandler([]pulumiapi.Secret{pulumiapi.NewSecret("key")}, pulumiapi.WebhookHandlers{
		Environment: func(ctx context.Context, environment *pulumiapi.WebhookEnvironmentPayload) error {
			if event, ok := pulumiapi.WebhookEventFromContext(ctx); ok {
				fmt.Println(event.Kind, event.ID, environment.EnvironmentName)
				fmt.Println(string(event.Raw))
			}
			return nil
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	req := pulumiapitest.SignedWebhook("environment", `{"environmentName": "prod", "brandNew": true}`, "key")
	req.Header.Set("Pulumi-Webhook-ID", "ea01abd2")
	receiver.ServeHTTP(httptest.NewRecorder(), req)
	// Output:
	// environment ea01abd2 prod
	// {"environmentName": "prod", "brandNew": true}
}

// A handler of one's own, which accepts both secrets while one replaces the other.
func ExampleParseWebhook() {
	older, newer := pulumiapi.NewSecret("older"), pulumiapi.NewSecret("newer")
	receive := func(w http.ResponseWriter, r *http.Request) {
		event, err := pulumiapi.ParseWebhook(r, newer, older)
		switch {
		case errors.Is(err, pulumiapi.ErrWebhookUnsigned), errors.Is(err, pulumiapi.ErrWebhookBadSignature):
			http.Error(w, "not verified", http.StatusUnauthorized)
			return
		case err != nil:
			http.Error(w, "not a webhook", http.StatusBadRequest)
			return
		}
		switch payload := event.Payload.(type) {
		case *pulumiapi.WebhookStackPayload:
			fmt.Println(payload.Identifier(), payload.Action)
		default:
			fmt.Println(event.Kind, string(event.Raw))
		}
	}

	for _, secret := range []string{"older", "newer", "stolen"} {
		const body = `{"organization": {"githubLogin": "acme"}, "projectName": "web", "stackName": "prod", "action": "created"}`
		answer := httptest.NewRecorder()
		receive(answer, pulumiapitest.SignedWebhook("stack", body, secret))
		fmt.Println(answer.Code)
	}
	receive(httptest.NewRecorder(), pulumiapitest.SignedWebhook("policy_violation", `{"policyName": "no-public-buckets"}`, "newer"))
	// Output:
	// acme/web/prod created
	// 200
	// acme/web/prod created
	// 200
	// 401
	// policy_violation {"policyName": "no-public-buckets"}
}
