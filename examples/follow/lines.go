package main

import (
	"context"
	"fmt"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/examples/internal/program"
)

// showLines follows an update with a line for each thing that there is to tell.
func showLines(ctx context.Context, u *update, out *program.Output) error {
	if _, err := fmt.Fprintf(out.Stdout, "%s  %s\n", program.Bold(program.Printable(u.stack.String())), u.title); err != nil {
		return err
	}
	told := newStory(u.resources)
	status, err := u.follow(ctx, func(event *pulumiapi.EngineEvent) error {
		for _, news := range told.add(event) {
			if _, err := fmt.Fprintln(out.Stdout, news); err != nil {
				return err
			}
		}
		return nil
	})
	if status == "" {
		return err
	}
	if _, printErr := fmt.Fprintln(out.Stdout, told.closing(status)); printErr != nil {
		return printErr
	}
	return err
}
