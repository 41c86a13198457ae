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
}

// listing is what was found of a list.
type listing struct {
	rows []row
	// limited says that the limit left stacks out, incomplete that an error did.
	limited, incomplete bool
}

// readStacks reads the list page by page up to the limit (0 is none), and the
// tags of each page's stacks. With an error it returns what came before.
func readStacks(ctx context.Context, client *pulumiapi.Client, org string, limit int, progress *progress) (listing, error) {
	var found listing
	pages := pulumiapi.Pages(ctx, func(ctx context.Context, cursor pulumiapi.Cursor) (*pulumiapi.Page[pulumiapi.StackSummary], error) {
		progress.show("%d stacks, listing …", len(found.rows))
		return client.Stacks.ListPage(ctx, &pulumiapi.StackListOptions{Organization: org, Cursor: cursor})
	})
	for page, err := range pages {
		if err != nil {
			found.incomplete = true
			return found, err
		}
		items := page.Items
		room := limit - len(found.rows)
		full := limit > 0 && len(items) >= room
		if full {
			// The next page is not needed, nor are the tags of what is not shown.
			found.limited = len(items) > room || page.Next != ""
			items = items[:room]
		}
		rows := make([]row, len(items))
		for i, stack := range items {
			rows[i].StackSummary = stack
		}
		if err := readTags(ctx, client, rows, func(done int) {
			progress.show("%d stacks, reading tags: %d …", len(found.rows)+len(rows), len(found.rows)+done)
		}); err != nil {
			found.incomplete = true
			return found, err
		}
		found.rows = append(found.rows, rows...)
		if full {
			break
		}
	}
	return found, nil
}

// readTags fills in the tags of all rows, which the list does not have, several
// at a time. The first error stops it.
func readTags(ctx context.Context, client *pulumiapi.Client, rows []row, report func(done int)) error {
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
				if err := r.readTags(ctx, client); err != nil {
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

func (r *row) readTags(ctx context.Context, client *pulumiapi.Client) error {
	stack, err := client.Stacks.Get(ctx, r.Identifier())
	switch {
	case errors.Is(err, pulumiapi.ErrNotFound):
		r.note = "(deleted meanwhile)" // between the list and now: no reason to stop
		return nil
	case errors.Is(err, pulumiapi.ErrForbidden):
		r.note = "(not yours to read)"
		return nil
	case err != nil:
		return err
	}
	r.tags = stack.Tags
	return nil
}
