package pulumiapi

import (
	"context"
	"fmt"
	"io"
	"time"
)

// auditLogPage fetches a page of an audit log, and returns an error if it lacks
// events.
//
// The service continues a list at the second of a page's last event, and a page ends
// with a whole second if it can. If one second has more events than a page holds, the
// page has events of that second only, and the rest of them is on no page. For such a
// page, the events are counted in an export of that second, which is complete.
func auditLogPage(
	ctx context.Context, list Endpoint, fetchPage func() (*Page[AuditLogEvent], error),
	exportSecond func(ctx context.Context, second time.Time) (io.ReadCloser, error),
) (*Page[AuditLogEvent], error) {
	page, err := fetchPage()
	if err != nil {
		return nil, err
	}
	for retried := false; ; retried = true {
		second, ok := onlySecond(page.Items)
		if !ok {
			return page, nil
		}
		exported, err := countAuditLog(ctx, second, exportSecond)
		if err != nil {
			return nil, auditLogSecondError(list, second, fmt.Errorf("the page may lack some, and they cannot be counted: %w", err))
		}
		switch {
		case exported == len(page.Items):
			return page, nil
		case retried || exported < len(page.Items): // then the export proves nothing
			return nil, auditLogSecondError(list, second, fmt.Errorf("the page has %d of them, the log has %d: Export returns them all", len(page.Items), exported))
		}
		// Events may have been logged after the page was fetched.
		if page, err = fetchPage(); err != nil {
			return nil, err
		}
	}
}

func auditLogSecondError(list Endpoint, second time.Time, reason error) error {
	return &CallError{Endpoint: list, Attempts: 1, Err: fmt.Errorf("the events of %s: %w", second.Format(time.RFC3339), reason)}
}

// onlySecond returns the second of which all events are, if they are of the same and
// there is more than one: no page holds a single event only. Times that are missing or
// unreadable are zero, and show nothing.
func onlySecond(events []AuditLogEvent) (second time.Time, ok bool) {
	if len(events) < 2 || events[0].Timestamp.IsZero() {
		return time.Time{}, false
	}
	for _, event := range events[1:] {
		if event.Timestamp.Unix() != events[0].Timestamp.Unix() {
			return time.Time{}, false
		}
	}
	return time.Unix(events[0].Timestamp.Unix(), 0).UTC(), true
}

// countAuditLog returns how many events of a second are in an export.
func countAuditLog(
	ctx context.Context, second time.Time, exportSecond func(context.Context, time.Time) (io.ReadCloser, error),
) (count int, err error) {
	if ctx.Value(captureKey{}) != nil {
		ctx = CaptureResponse(ctx, new(ResponseInfo)) // the caller's is of the page
	}
	stream, err := exportSecond(ctx, second)
	if err != nil {
		return 0, err
	}
	defer stream.Close() //nolint:errcheck // it was only read
	for record, err := range DecodeAuditLogCSV(stream) {
		if err != nil {
			return 0, err
		}
		switch at := record.Timestamp.Unix(); {
		case at == second.Unix():
			count++
		case at < second.Unix() && count > 0:
			return count, nil // the newest come first
		}
	}
	return count, nil
}
