// Liststacks lists an organization's stacks with the package. It is there to be
// built: how large it becomes, and from how many modules, is compared with liststacksraw.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/pulumiapi/pulumiapi"
)

func main() {
	if err := list(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "liststacks:", err)
		os.Exit(1)
	}
}

func list(ctx context.Context, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("usage: liststacks ORGANIZATION")
	}
	client, err := pulumiapi.NewClient(pulumiapi.FromEnvironment())
	if err != nil {
		return err
	}
	for stack, err := range client.Stacks.List(ctx, &pulumiapi.StackListOptions{Organization: args[0]}) {
		if err != nil {
			return err
		}
		fmt.Println(stack.Identifier(), stack.ResourceCount)
	}
	return nil
}
