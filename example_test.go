package pulumiapi_test

import (
	"context"
	"fmt"

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
