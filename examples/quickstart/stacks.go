package main

import (
	"context"
	"errors"
	"sync"

	"github.com/pulumiapi/pulumiapi"
)

// readers is how many stacks are read at the same time: enough to be quick, and
// few enough to leave the service to others, too.
const readers = 8

// row is a stack in the table.
type row struct {
	pulumiapi.StackSummary

	tags map[string]string
	note string // in place of the tags

	update     *pulumiapi.Update // the last one; nil if there is none
	updateNote string            // in place of the update
}

// name returns the stack's name without the organization, which is the same for
// all.
func (r *row) name() string { return printable(r.ProjectName + "/" + r.StackName) }

// listing is what was found of a list.
type listing struct {
	rows []row
	// limited says that the limit left stacks out, incomplete that an error did.
	limited, incomplete bool
}

// readStacks reads the list page by page up to the limit (0 is none), and what
// the list doesn't tell of each page's stacks. With an error it returns what came
// before.
func readStacks(ctx context.Context, client *pulumiapi.Client, org string, limit int, progress *progress) (listing, error) {
	var found listing
	pages := pulumiapi.Pages(ctx, func(ctx context.Context, cursor pulumiapi.Cursor) (*pulumiapi.Page[pulumiapi.StackSummary], error) {
		return client.Stacks.ListPage(ctx, &pulumiapi.StackListOptions{Organization: org, Cursor: cursor})
	})
	progress.show("0 stacks, listing …")
	for page, err := range pages {
		if err != nil {
			found.incomplete = true
			return found, err
		}
		items := page.Items
		room := limit - len(found.rows)
		full := limit > 0 && len(items) >= room
		if full {
			// The next page is not needed, nor the details of what is not shown.
			found.limited = len(items) > room || page.Next != ""
			items = items[:room]
		}
		rows := make([]row, len(items))
		for i, stack := range items {
			rows[i].StackSummary = stack
		}
		if err := readDetails(ctx, client, rows, func(done int) {
			progress.show("%d stacks, reading details: %d …", len(found.rows)+len(rows), len(found.rows)+done)
		}); err != nil {
			found.incomplete = true
			return found, err
		}
		found.rows = append(found.rows, rows...)
		if full {
			break
		}
		progress.show("%d stacks, listing …", len(found.rows))
	}
	return found, nil
}

// readDetails fills in what the list does not have, several stacks at a time. The
// first error stops it.
func readDetails(ctx context.Context, client *pulumiapi.Client, rows []row, report func(done int)) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	todo := make(chan *row)
	var (
		mu   sync.Mutex
		done int
		work sync.WaitGroup
	)
	for range min(readers, len(rows)) {
		work.Go(func() {
			for r := range todo {
				if err := r.readDetails(ctx, client); err != nil {
					stop(err)
					continue // the others' calls end at once, too
				}
				mu.Lock()
				done++
				report(done)
				mu.Unlock()
			}
		})
	}
	for i := range rows {
		if ctx.Err() != nil {
			break
		}
		todo <- &rows[i]
	}
	close(todo)
	work.Wait()
	return context.Cause(ctx)
}

// readDetails reads the stack's tags, and its last update.
func (r *row) readDetails(ctx context.Context, client *pulumiapi.Client) error {
	stack, err := client.Stacks.Get(ctx, r.Identifier())
	if err != nil {
		r.note, err = excuse(err)
		return err
	}
	r.tags = stack.Tags
	page, err := client.Updates.ListPage(ctx, r.Identifier(), &pulumiapi.UpdateListOptions{PageSize: 1})
	if err != nil {
		r.updateNote, err = excuse(err)
		return err
	}
	if len(page.Items) > 0 {
		r.update = &page.Items[0] // the newest comes first
	}
	return nil
}

// excuse returns a note for an error that is no reason to stop, and other errors
// as they are.
func excuse(err error) (note string, _ error) {
	switch {
	case errors.Is(err, pulumiapi.ErrNotFound):
		return "(deleted meanwhile)", nil // between the list and now
	case errors.Is(err, pulumiapi.ErrForbidden):
		return "(not yours to read)", nil
	}
	return "", err
}
