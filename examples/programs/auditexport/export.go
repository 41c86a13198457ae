package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/examples/internal/program"
)

// exporter fetches pages of an audit log, newest first, and adds them to an output.
//
// It uses the list of the service, not its export: only the list has cursors to go
// on from. What a cursor promises is not quite enough, though. It is a second in
// time, and a page may end in the middle of one: then the rest of that second's
// events may be on no page, or the first of them on the next page again. So where a
// page ends, the second at its end is asked for by itself, and what other pages tell
// of it is left out. A second with more events than a page holds is an error of
// ListPage.
type exporter struct {
	client *pulumiapi.Client
	output *output
	format format
}

// options choose what was asked for, and a second more on either side, which encode
// leaves out: nobody says whether the service counts its bounds in.
func (x *exporter) options() pulumiapi.AuditLogListOptions {
	s := x.output.state.Settings
	return pulumiapi.AuditLogListOptions{
		Since: s.From.Add(-time.Second), Until: s.To, UserFilter: s.User, EventFilter: s.Event,
	}
}

// run adds pages until there are no more, or as many as most if that is not 0, and
// says which.
func (x *exporter) run(ctx context.Context, most int, progress *program.Progress) (complete bool, err error) {
	org, opts, saved := x.output.state.Settings.Org, x.options(), x.output.state.Cursor
	pages := pulumiapi.Pages(ctx, func(ctx context.Context, cursor pulumiapi.Cursor) (*pulumiapi.Page[pulumiapi.AuditLogEvent], error) {
		o := opts
		o.Cursor = cmp.Or(cursor, saved)
		return x.client.AuditLogs.ListPage(ctx, org, &o)
	})
	n := 0
	for page, err := range pages {
		if err != nil {
			return false, err
		}
		added, err := x.addPage(ctx, page)
		if err != nil {
			return false, err
		}
		progress.Add(added)
		if reached := x.output.state.Reached; reached != 0 {
			progress.Describe("exporting, back to %s", time.Unix(reached, 0).UTC().Format(time.DateOnly))
		}
		if n++; n == most {
			break
		}
	}
	return x.output.state.Complete, nil
}

// addPage adds what is new on a page, and returns how many events that is.
func (x *exporter) addPage(ctx context.Context, page *pulumiapi.Page[pulumiapi.AuditLogEvent]) (added int, err error) {
	next := x.output.state
	next.Cursor = page.Next
	next.Complete = page.Next == ""
	if err := checkOrder(next.Reached, page.Items); err != nil {
		return 0, err
	}
	events := slices.DeleteFunc(slices.Clone(page.Items), func(e pulumiapi.AuditLogEvent) bool {
		return next.Reached != 0 && e.Timestamp.Unix() >= next.Reached
	})
	if len(events) > 0 {
		next.Reached = events[len(events)-1].Timestamp.Unix()
		if events, err = x.completeSecond(ctx, &next, events); err != nil {
			return 0, err
		}
	}
	part, added, err := x.encode(events)
	if err != nil {
		return 0, err
	}
	next.Events += added
	return added, x.output.add(part, next)
}

// checkOrder fails if a page is not in order, or not behind the second that was
// reached: then nobody could say what is missing.
func checkOrder(reached int64, events []pulumiapi.AuditLogEvent) error {
	last := reached
	for i := range events {
		at := events[i].Timestamp.Unix()
		if last != 0 && at > last {
			return fmt.Errorf("the audit log is not in order: %s comes after %s",
				time.Unix(at, 0).UTC().Format(time.RFC3339), time.Unix(last, 0).UTC().Format(time.RFC3339))
		}
		last = at
	}
	return nil
}

// completeSecond returns the events with all of those in the second that next has
// reached, of which they may have only the first.
func (x *exporter) completeSecond(ctx context.Context, next *state, events []pulumiapi.AuditLogEvent) ([]pulumiapi.AuditLogEvent, error) {
	begin := slices.IndexFunc(events, func(e pulumiapi.AuditLogEvent) bool { return e.Timestamp.Unix() == next.Reached })
	second := events[begin:]
	if !next.Complete {
		opts := x.options()
		opts.Since, opts.Until = time.Unix(next.Reached, 0), time.Unix(next.Reached, 0)
		page, err := x.client.AuditLogs.ListPage(ctx, next.Settings.Org, &opts)
		if err != nil {
			return nil, err
		}
		if err := checkSecond(next.Reached, second, page.Items); err != nil {
			return nil, err
		}
		second = page.Items
	}
	return append(events[:begin], second...), nil
}

// checkSecond fails if all events of a second are not that: if there are others among
// them, or fewer than are known.
func checkSecond(second int64, known, all []pulumiapi.AuditLogEvent) error {
	for i := range all {
		if at := all[i].Timestamp.Unix(); at != second {
			return fmt.Errorf("the service was asked for the events of second %d, and told one of %d", second, at)
		}
	}
	if len(all) < len(known) {
		return fmt.Errorf("the service tells %d events of second %d alone, and %d among others", len(all), second, len(known))
	}
	return nil
}

// encode returns the events that were asked for as a part of the output, and how
// many they are.
func (x *exporter) encode(events []pulumiapi.AuditLogEvent) (part []byte, added int, err error) {
	var text bytes.Buffer
	settings := x.output.state.Settings
	if x.output.state.Length == 0 {
		text.Write(x.format.header)
	}
	for i := range events {
		if at := events[i].Timestamp; at.Before(settings.From) || !at.Before(settings.To) {
			continue
		}
		if err := x.format.write(&text, &events[i]); err != nil {
			return nil, 0, err
		}
		added++
	}
	return text.Bytes(), added, nil
}
