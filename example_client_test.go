package pulumiapi_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

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
