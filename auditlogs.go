package pulumiapi

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pulumiapi/pulumiapi/internal/transport"
)

// AuditLogsService reads the audit log of organizations.
type AuditLogsService struct {
	client *Client
}

// AuditLogEvent is one entry of an audit log.
type AuditLogEvent struct {
	Timestamp Timestamp `json:"timestamp"`
	// SourceIP is the address that the request came from.
	SourceIP string `json:"sourceIP"`
	// Event is what has happened: "Stack Update Started".
	Event       string   `json:"event"`
	Description string   `json:"description"`
	User        UserInfo `json:"user"`
	// TokenID and TokenName are the access token's, if one was used.
	TokenID   string `json:"tokenID"`
	TokenName string `json:"tokenName"`
	// ReqOrgAdmin and ReqStackAdmin say that it took the rights of an
	// administrator of the organization, or of the stack.
	ReqOrgAdmin   bool `json:"reqOrgAdmin"`
	ReqStackAdmin bool `json:"reqStackAdmin"`
	// AuthFailure says that somebody failed to prove who they are.
	AuthFailure bool `json:"authFailure"`
	// ActorName and ActorURN are who did it, if that was no user.
	ActorName string `json:"actorName"`
	ActorURN  string `json:"actorUrn"`
}

// AuditLogListOptions choose a part of an audit log.
type AuditLogListOptions struct {
	// Since and Until are the bounds in time, in whole seconds; no bound if zero.
	Since time.Time `url:"startTime,unix"`
	Until time.Time `url:"endTime,unix,omitempty"`
	// UserFilter leaves only the events of one user, by login.
	UserFilter string `url:"userFilter,omitempty"`
	// EventFilter leaves only one kind of event.
	EventFilter string `url:"eventFilter,omitempty"`
	// Cursor is where to begin: a [Page.Next] of this list.
	Cursor Cursor `url:"-"`
	// NoPrefetch fetches a page only when the loop gets there, never ahead.
	NoPrefetch bool `url:"-"`
}

func (o *AuditLogListOptions) walkOptions() walkOptions {
	return walkOptions{cursor: &o.Cursor, noPrefetch: o.NoPrefetch}
}

// epoch stands in for no lower bound: no source says whether the service would
// do without one.
var epoch = time.Unix(0, 0)

var auditLogListEndpoint = Endpoint{Method: http.MethodGet, Template: "/api/orgs/{orgName}/auditlogs/v2"}

// List walks the events of an organization's audit log, newest first, over all
// pages. The sequence yields a nil event with the first error, and ends.
//
// The service loses events if one second has more than a page holds. If all events
// of a page are of the same second, List counts the events of that second in an
// export. It returns an error if events are missing, or if there is no export:
// [AuditLogsService.Export] returns all events.
//
// Pulumi Cloud: GET /api/orgs/{orgName}/auditlogs/v2, and GET /api/orgs/{orgName}/auditlogs/v2/export
func (s *AuditLogsService) List(ctx context.Context, org string, opts *AuditLogListOptions) iter.Seq2[*AuditLogEvent, error] {
	return walk(ctx, opts, func(ctx context.Context, o *AuditLogListOptions) (*Page[AuditLogEvent], error) {
		return s.ListPage(ctx, org, o)
	})
}

// ListPage returns one page of what [AuditLogsService.List] walks: the first, or
// the one at the Cursor of opts. The service chooses the page size.
//
// Pulumi Cloud: GET /api/orgs/{orgName}/auditlogs/v2, and GET /api/orgs/{orgName}/auditlogs/v2/export
func (s *AuditLogsService) ListPage(ctx context.Context, org string, opts *AuditLogListOptions) (*Page[AuditLogEvent], error) {
	o := optionsOf(opts)
	if o.Since.IsZero() {
		o.Since = epoch
	}
	return auditLogPage(ctx, auditLogListEndpoint, func() (*Page[AuditLogEvent], error) {
		return s.listPage(ctx, call{endpoint: auditLogListEndpoint, args: orgArgs(org)}, o.Cursor, o)
	}, func(ctx context.Context, second time.Time) (io.ReadCloser, error) {
		return s.Export(ctx, org, &AuditLogExportOptions{
			Since: second.Add(-time.Second), Until: second.Add(time.Second), UserFilter: o.UserFilter, EventFilter: o.EventFilter,
		})
	})
}

func (s *AuditLogsService) listPage(ctx context.Context, r call, cursor Cursor, query any) (*Page[AuditLogEvent], error) {
	type answer struct {
		AuditLogEvents    []AuditLogEvent `json:"auditLogEvents"`
		ContinuationToken string          `json:"continuationToken"`
	}
	return fetchTokenPage(ctx, s.client, r, paging{cursor: cursor, tokenName: "continuationToken"}, query,
		func(a *answer) (*[]AuditLogEvent, *string) { return &a.AuditLogEvents, &a.ContinuationToken })
}

// AuditLogListV1Options choose a part of an audit log in the older way.
type AuditLogListV1Options struct {
	// StartTime is where to begin, and the list goes back in time from there,
	// in whole seconds: it is the upper bound, whatever its name and the
	// service's documentation say. It is the present if zero.
	StartTime time.Time `url:"startTime,unix,omitempty"`
	// UserFilter leaves only the events of one user, by login.
	UserFilter string `url:"userFilter,omitempty"`
	// EventFilter leaves only one kind of event.
	EventFilter string `url:"eventFilter,omitempty"`
	// Cursor is where to begin: a [Page.Next] of this list.
	Cursor Cursor `url:"-"`
	// NoPrefetch fetches a page only when the loop gets there, never ahead.
	NoPrefetch bool `url:"-"`
}

func (o *AuditLogListV1Options) walkOptions() walkOptions {
	return walkOptions{cursor: &o.Cursor, noPrefetch: o.NoPrefetch}
}

var auditLogListV1Endpoint = Endpoint{Method: http.MethodGet, Template: "/api/orgs/{orgName}/auditlogs"}

// ListV1 walks the events of an organization's audit log in the older way, for
// self-hosted installations that have no other: from StartTime back to the
// log's beginning, newest first. There is no lower bound, so leave the loop
// when you have seen enough. [AuditLogsService.List] has the bounds that one
// expects. If one second has more events than a page holds, ListV1 returns an error,
// as List does, and counts in [AuditLogsService.ExportV1].
//
// Pulumi Cloud: GET /api/orgs/{orgName}/auditlogs, and GET /api/orgs/{orgName}/auditlogs/export
func (s *AuditLogsService) ListV1(ctx context.Context, org string, opts *AuditLogListV1Options) iter.Seq2[*AuditLogEvent, error] {
	return walk(ctx, opts, func(ctx context.Context, o *AuditLogListV1Options) (*Page[AuditLogEvent], error) {
		return s.ListV1Page(ctx, org, o)
	})
}

// ListV1Page returns one page of what [AuditLogsService.ListV1] walks: the
// first, or the one at the Cursor of opts. The service chooses the page size.
//
// Pulumi Cloud: GET /api/orgs/{orgName}/auditlogs, and GET /api/orgs/{orgName}/auditlogs/export
func (s *AuditLogsService) ListV1Page(ctx context.Context, org string, opts *AuditLogListV1Options) (*Page[AuditLogEvent], error) {
	o := optionsOf(opts)
	switch {
	case o.Cursor != "":
		// The token is a time, too, and only one of them can be the bound.
		o.StartTime = time.Time{}
	case o.StartTime.IsZero():
		o.StartTime = time.Now()
	}
	return auditLogPage(ctx, auditLogListV1Endpoint, func() (*Page[AuditLogEvent], error) {
		return s.listPage(ctx, call{endpoint: auditLogListV1Endpoint, args: orgArgs(org)}, o.Cursor, o)
	}, func(ctx context.Context, second time.Time) (io.ReadCloser, error) {
		return s.ExportV1(ctx, org, &AuditLogExportV1Options{
			StartTime: second.Add(time.Second), UserFilter: o.UserFilter, EventFilter: o.EventFilter,
		})
	})
}

// AuditLogFormat is the form of an exported audit log.
type AuditLogFormat string

// The forms of exports.
const (
	// AuditLogFormatCSV has a line of names, and a line for each event;
	// [DecodeAuditLogCSV] reads it.
	AuditLogFormatCSV AuditLogFormat = "csv"
	// AuditLogFormatCEF is the Common Event Format of many security tools.
	AuditLogFormatCEF AuditLogFormat = "cef"
)

// AuditLogExportOptions choose what to export.
type AuditLogExportOptions struct {
	// Since and Until are the bounds in time, in whole seconds; no bound if zero.
	Since time.Time `url:"startTime,unix"`
	Until time.Time `url:"endTime,unix,omitempty"`
	// UserFilter leaves only the events of one user, by login.
	UserFilter string `url:"userFilter,omitempty"`
	// EventFilter leaves only one kind of event.
	EventFilter string `url:"eventFilter,omitempty"`
	// Format is [AuditLogFormatCSV] if empty.
	Format AuditLogFormat `url:"format,omitempty"`
}

var auditLogExportEndpoint = Endpoint{Method: http.MethodGet, Template: "/api/orgs/{orgName}/auditlogs/v2/export"}

// Export returns an organization's audit log as text, decompressed while it is
// read: a log of any size takes little memory. The caller closes it, and keeps
// the context alive until then. A stream that is cut off ends with a
// [*CallError] instead of [io.EOF]. An organization whose subscription has no
// audit log is an [*APIError] of status 400.
//
// Pulumi Cloud: GET /api/orgs/{orgName}/auditlogs/v2/export
func (s *AuditLogsService) Export(ctx context.Context, org string, opts *AuditLogExportOptions) (io.ReadCloser, error) {
	o := optionsOf(opts)
	if o.Since.IsZero() {
		o.Since = epoch
	}
	return s.export(ctx, call{endpoint: auditLogExportEndpoint, args: orgArgs(org)}, o)
}

// AuditLogExportV1Options choose what to export in the older way.
type AuditLogExportV1Options struct {
	// StartTime is where to begin, and the export goes back in time from there,
	// in whole seconds: it is the upper bound, whatever its name and the
	// service's documentation say. It is the present if zero.
	StartTime time.Time `url:"startTime,unix,omitempty"`
	// UserFilter leaves only the events of one user, by login.
	UserFilter string `url:"userFilter,omitempty"`
	// EventFilter leaves only one kind of event.
	EventFilter string `url:"eventFilter,omitempty"`
	// Format is [AuditLogFormatCSV] if empty.
	Format AuditLogFormat `url:"format,omitempty"`
}

var auditLogExportV1Endpoint = Endpoint{Method: http.MethodGet, Template: "/api/orgs/{orgName}/auditlogs/export"}

// ExportV1 is [AuditLogsService.Export] in the older way, for self-hosted
// installations that have no other: from StartTime back in time.
//
// Pulumi Cloud: GET /api/orgs/{orgName}/auditlogs/export
func (s *AuditLogsService) ExportV1(ctx context.Context, org string, opts *AuditLogExportV1Options) (io.ReadCloser, error) {
	o := optionsOf(opts)
	if o.StartTime.IsZero() {
		o.StartTime = time.Now()
	}
	return s.export(ctx, call{endpoint: auditLogExportV1Endpoint, args: orgArgs(org)}, o)
}

func (s *AuditLogsService) export(ctx context.Context, r call, query any) (io.ReadCloser, error) {
	var err error
	if r.query, err = encodeQuery(query); err != nil {
		return nil, err
	}
	return openText(ctx, s.client, r)
}

// openText makes a call whose answer is text that the caller reads.
func openText(ctx context.Context, c *Client, r call) (io.ReadCloser, error) {
	stream := &textStream{call: r}
	r.receive = stream.open
	info, err := c.send(ctx, r)
	if err != nil {
		return nil, err
	}
	stream.info = info
	return stream, nil
}

// textStream is an answer that the caller reads.
type textStream struct {
	call call
	info *ResponseInfo
	body io.ReadCloser
	read int64
}

// open begins to read the answer, so that one that is broken from the start, or
// is no text of the service's, can still be told from a good one.
func (s *textStream) open(resp *http.Response) error {
	body, start, err := transport.OpenText(resp)
	if err != nil {
		return fmt.Errorf("the answer was cut off at its start: %w", err)
	}
	if isPage(resp, start) {
		_ = body.Close()
		return s.call.decoding.unexpected("text", resp, start)
	}
	s.body = body
	return nil
}

func (s *textStream) Read(p []byte) (int, error) {
	n, err := s.body.Read(p)
	s.read += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		path, _ := s.call.endpoint.path(s.call.args) // as it was sent
		err = &CallError{
			Endpoint:  s.call.endpoint,
			Path:      path,
			RequestID: s.info.RequestID,
			Attempts:  s.info.Attempts,
			Err:       fmt.Errorf("the answer was cut off after %d bytes: %w", s.read, err),
		}
	}
	return n, err
}

func (s *textStream) Close() error { return s.body.Close() }

// AuditLogRecord is one line of an audit log in the form CSV. Its fields have the
// names of [AuditLogEvent]; an export lacks some of them.
type AuditLogRecord struct {
	Timestamp Timestamp
	// User has the Name and the GitHubLogin only.
	User UserInfo
	// Event is what has happened.
	Event       string
	Description string
	// SourceIP is the address that the request came from.
	SourceIP string
	// ReqOrgAdmin and ReqStackAdmin report whether it took the rights of an
	// administrator of the organization, or of the stack.
	ReqOrgAdmin   bool
	ReqStackAdmin bool
	// AuthFailure reports whether an authentication failed.
	AuthFailure bool
	// More are the values of columns that have no field here, by their names.
	More map[string]string
}

// DecodeAuditLogCSV reads an audit log in the form CSV, as
// [AuditLogsService.Export] returns it. Columns are told by the names in the
// first line. The sequence yields a nil record with the first error, and ends;
// it can be ranged over once. A record of more than 1 MiB is an error.
func DecodeAuditLogCSV(r io.Reader) iter.Seq2[*AuditLogRecord, error] {
	return func(yield func(*AuditLogRecord, error) bool) {
		if r == nil {
			yield(nil, &ArgumentError{Name: "r", Reason: "is nil"})
			return
		}
		limited := &recordLimit{reader: r, left: maxAuditLogRecord}
		reader := csv.NewReader(limited)
		reader.ReuseRecord = true
		header, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return // nothing was logged
		}
		header = slices.Clone(header)
		if err == nil {
			err = checkAuditLogHeader(header)
		}
		for err == nil {
			limited.left = maxAuditLogRecord
			var fields []string
			if fields, err = reader.Read(); err != nil {
				break
			}
			record := new(AuditLogRecord)
			if err = record.set(header, fields); err != nil {
				line, _ := reader.FieldPos(0)
				err = fmt.Errorf("line %d: %w", line, err)
				break
			}
			if !yield(record, nil) {
				return
			}
		}
		if !errors.Is(err, io.EOF) {
			yield(nil, fmt.Errorf("pulumiapi: audit log: %w", err))
		}
	}
}

// maxAuditLogRecord is how long a record may be, or how much is read ahead of it.
const maxAuditLogRecord = 1 << 20

var errLongRecord = fmt.Errorf("a record is longer than %d bytes", maxAuditLogRecord)

// recordLimit is a reader that fails when one record takes too much of it.
type recordLimit struct {
	reader io.Reader
	left   int // for the present record
}

func (l *recordLimit) Read(p []byte) (int, error) {
	if l.left == 0 {
		return 0, errLongRecord
	}
	n, err := l.reader.Read(p[:min(len(p), l.left)])
	l.left -= n
	return n, err
}

// checkAuditLogHeader refuses a first line that is not that of an audit log, and
// takes away the mark that some programs put before it.
func checkAuditLogHeader(header []string) error {
	header[0] = strings.TrimPrefix(header[0], "\ufeff")
	seen := map[string]bool{}
	for _, name := range header {
		if seen[name] {
			return fmt.Errorf("there are two columns %q", cut(name))
		}
		seen[name] = true
	}
	if !seen["Timestamp"] && !seen["Event"] && !seen["Login"] {
		return fmt.Errorf("the first line does not name the columns of an audit log: %q", cut(strings.Join(header, ",")))
	}
	return nil
}

// set fills the record in from a line. The reader has seen to it that it is as
// long as the header.
func (r *AuditLogRecord) set(header, fields []string) error {
	for i, name := range header {
		var err error
		switch value := fields[i]; name {
		case "Timestamp":
			err = r.Timestamp.UnmarshalText([]byte(value))
		case "Name":
			r.User.Name = value
		case "Login":
			r.User.GitHubLogin = value
		case "Event":
			r.Event = value
		case "Description":
			r.Description = value
		case "SourceIP":
			r.SourceIP = value
		case "RequireOrgAdmin":
			r.ReqOrgAdmin, err = parseFlag(value)
		case "RequireStackAdmin":
			r.ReqStackAdmin, err = parseFlag(value)
		case "AuthenticationFailure":
			r.AuthFailure, err = parseFlag(value)
		default:
			if r.More == nil {
				r.More = map[string]string{}
			}
			r.More[name] = value
		}
		if err != nil {
			return fmt.Errorf("column %s: %w", name, err)
		}
	}
	return nil
}

func parseFlag(text string) (bool, error) {
	if text == "" {
		return false, nil
	}
	flag, err := strconv.ParseBool(text)
	if err != nil { // whose text has no limit
		return false, fmt.Errorf("%q is neither true nor false", cut(text))
	}
	return flag, nil
}

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
	defer stream.Close()
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
