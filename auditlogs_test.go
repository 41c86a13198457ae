package pulumiapi_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/internal/testkit"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

// exports are the methods that export an audit log.
var exports = map[string]func(ctx context.Context, c *pulumiapi.Client) (io.ReadCloser, error){
	"Export": func(ctx context.Context, c *pulumiapi.Client) (io.ReadCloser, error) {
		return c.AuditLogs.Export(ctx, "acme", nil)
	},
	"ExportV1": func(ctx context.Context, c *pulumiapi.Client) (io.ReadCloser, error) {
		return c.AuditLogs.ExportV1(ctx, "acme", nil)
	},
}

func TestAuditLogs_Export_WhateverTheCompression(t *testing.T) {
	t.Parallel()
	text := testkit.Fixture(t, "auditlogs_export_v1.csv")
	answers := map[string]func() *http.Response{
		"gzip without a header": func() *http.Response { return testkit.Respond(http.StatusOK, testkit.Gzipped(t, text)) },
		"gzip with a header": func() *http.Response {
			return testkit.Respond(http.StatusOK, testkit.Gzipped(t, text), "Content-Encoding", "gzip")
		},
		"gzip in gzip": func() *http.Response {
			return testkit.Respond(http.StatusOK, testkit.Gzipped(t, testkit.Gzipped(t, text)), "Content-Encoding", "gzip")
		},
		"plain text": func() *http.Response { return testkit.Respond(http.StatusOK, text) },
	}
	for method, export := range exports {
		for name, answer := range answers {
			client, _ := testkit.Client(t, func(int, *http.Request) (*http.Response, error) { return answer(), nil })
			stream, err := export(t.Context(), client)
			require.NoError(t, err, "AuditLogs.%s answered %s", method, name)
			got, err := io.ReadAll(stream)
			require.NoError(t, err, "AuditLogs.%s answered %s", method, name)
			require.NoError(t, stream.Close())
			assert.Equal(t, string(text), string(got), "AuditLogs.%s answered %s", method, name)
		}
		client, _ := testkit.Client(t, func(int, *http.Request) (*http.Response, error) { return testkit.Respond(http.StatusOK, nil), nil })
		stream, err := export(t.Context(), client)
		require.NoError(t, err, "AuditLogs.%s of an empty log", method)
		got, err := io.ReadAll(stream)
		require.NoError(t, err)
		assert.Empty(t, got)
	}
}

func TestAuditLogs_Export_WhatIsNoLog(t *testing.T) {
	t.Parallel()
	for method, export := range exports {
		for name, body := range map[string][]byte{"a page": []byte(testkit.SignInPage), "a page in gzip": testkit.Gzipped(t, []byte(testkit.SignInPage))} {
			client, s := testkit.Client(t, func(int, *http.Request) (*http.Response, error) {
				return testkit.Respond(http.StatusOK, body, "Content-Type", "text/html"), nil
			})
			_, err := export(t.Context(), client)
			var failed *pulumiapi.CallError
			require.ErrorAs(t, err, &failed, "AuditLogs.%s answered %s", method, name)
			require.ErrorContains(t, err, "not text", "AuditLogs.%s answered %s", method, name)
			assert.Len(t, s.Sent(), 1)
		}
		client, _ := testkit.Client(t, func(int, *http.Request) (*http.Response, error) {
			return testkit.Respond(http.StatusBadRequest, []byte(`{"code":400,"message":"not in your subscription"}`)), nil
		})
		_, err := export(t.Context(), client)
		var refused *pulumiapi.APIError
		require.ErrorAs(t, err, &refused, "AuditLogs.%s", method)
		assert.Equal(t, "not in your subscription", refused.Message)
	}
}

func TestAuditLogs_Export_CutOff(t *testing.T) {
	t.Parallel()
	broken := errors.New("the wire broke")
	text := bytes.Repeat([]byte("Timestamp,Name\n"), 1000)
	cutOff := func(after int) *http.Response {
		resp := testkit.Respond(http.StatusOK, nil, "X-Pulumi-Request-ID", "8f2c")
		resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(text[:after]), testkit.ReaderFunc(func([]byte) (int, error) { return 0, broken })))
		return resp
	}
	for method, export := range exports {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				// At the start, it is fetched again.
				client, s := testkit.Client(t, func(n int, _ *http.Request) (*http.Response, error) {
					if n == 1 {
						return cutOff(3), nil
					}
					return testkit.Respond(http.StatusOK, text), nil
				})
				stream, err := export(t.Context(), client)
				require.NoError(t, err)
				got, err := io.ReadAll(stream)
				require.NoError(t, err)
				require.NoError(t, stream.Close())
				assert.Len(t, got, len(text))
				assert.Len(t, s.Sent(), 2)

				// Later, the caller has a part of it, and is told how much.
				client, s = testkit.Client(t, func(int, *http.Request) (*http.Response, error) { return cutOff(9000), nil })
				stream, err = export(t.Context(), client)
				require.NoError(t, err)
				got, err = io.ReadAll(stream)
				var failed *pulumiapi.CallError
				require.ErrorAs(t, err, &failed)
				require.ErrorIs(t, err, broken)
				require.ErrorContains(t, err, "cut off after 9000 bytes")
				assert.Contains(t, failed.Path, "/api/orgs/acme/auditlogs")
				assert.Equal(t, "8f2c", failed.RequestID)
				require.NoError(t, stream.Close())
				assert.Len(t, got, 9000)
				assert.Len(t, s.Sent(), 1)
			})
		})
	}
}

func TestAuditLogs_Export_TakesLittleMemory(t *testing.T) { //nolint:paralleltest // other tests' memory would count
	const members, size = 1024, 1 << 30
	// A gigabyte, as a thousand members of a gzip stream.
	member := testkit.Gzipped(t, bytes.Repeat([]byte("Timestamp,Name,a\n"), size/members/17+1)[:size/members])
	zipped := func() io.Reader {
		left := members
		var current bytes.Reader
		return testkit.ReaderFunc(func(p []byte) (int, error) {
			if current.Len() == 0 {
				if left == 0 {
					return 0, io.EOF
				}
				left--
				current.Reset(member)
			}
			return current.Read(p)
		})
	}
	for method, export := range exports {
		client, _ := testkit.Client(t, func(int, *http.Request) (*http.Response, error) {
			resp := testkit.Respond(http.StatusOK, nil)
			resp.Body = io.NopCloser(zipped())
			return resp, nil
		})
		stream, err := export(t.Context(), client)
		require.NoError(t, err, method)
		var n int64
		took := testkit.Allocated(func() { n, err = io.Copy(io.Discard, stream) })
		require.NoError(t, err, method)
		require.NoError(t, stream.Close())
		assert.EqualValues(t, size, n, method)
		assert.Less(t, took, uint64(8<<20), "AuditLogs.%s: bytes allocated for %d bytes of log", method, n)
	}
}

func TestAuditLogs_Export_CutOffWithinTheGzip(t *testing.T) {
	t.Parallel()
	var text bytes.Buffer
	for i := range 20_000 {
		_, _ = fmt.Fprintln(&text, i*i)
	}
	zipped := testkit.Gzipped(t, text.Bytes())
	for method, export := range exports {
		client, _ := testkit.Client(t, func(int, *http.Request) (*http.Response, error) {
			return testkit.Respond(http.StatusOK, zipped[:len(zipped)/2]), nil
		})
		stream, err := export(t.Context(), client)
		require.NoError(t, err, method)
		got, err := io.ReadAll(stream)
		var failed *pulumiapi.CallError
		require.ErrorAs(t, err, &failed, method)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF, method)
		require.NoError(t, stream.Close())
		require.Greater(t, len(got), 10_000, "%s: what came before is there", method)
		assert.Equal(t, text.String()[:len(got)], string(got), method)
	}
}

func TestDecodeAuditLogCSV_TheDocumentations(t *testing.T) {
	t.Parallel()
	var records []pulumiapi.AuditLogRecord
	for record, err := range pulumiapi.DecodeAuditLogCSV(bytes.NewReader(testkit.Fixture(t, "auditlogs_export_v1.csv"))) {
		require.NoError(t, err)
		records = append(records, *record)
	}
	require.Len(t, records, 4)
	assert.Equal(t, "2021-04-11T23:51:45Z", records[0].Timestamp.Format("2006-01-02T15:04:05Z07:00"))
	assert.Equal(t, "First Last", records[0].User.Name)
	assert.Equal(t, "user1", records[0].User.GitHubLogin)
	assert.Equal(t, "Member Role Changed", records[0].Event)
	assert.Equal(t, `Changed organization role for "user2" to admin`, records[0].Description)
	assert.Equal(t, "192.168.10.11", records[0].SourceIP)
	assert.True(t, records[0].ReqOrgAdmin)
	assert.False(t, records[0].ReqStackAdmin)
	assert.False(t, records[0].AuthFailure)
	assert.False(t, records[3].ReqOrgAdmin)
	assert.Nil(t, records[0].More)
}

// endlessQuote is a field without an end.
type endlessQuote struct {
	start string
	read  int
}

func (e *endlessQuote) Read(p []byte) (int, error) {
	n := copy(p, e.start)
	e.start = e.start[n:]
	for i := n; i < len(p); i++ {
		p[i] = 'x'
	}
	e.read += len(p)
	return len(p), nil
}

func TestDecodeAuditLogCSV(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text    string
		want    int
		failure string
	}{
		"nothing":                  {"", 0, ""},
		"only names":               {"Timestamp,Name\n", 0, ""},
		"columns in another order": {"Login,Timestamp\nada,2021-04-11T23:51:45Z\n", 1, ""},
		"columns of the future":    {"Login,Shoe Size\nada,42\nbob,\n", 2, ""},
		"a line break in a field":  {"Login,Description\nada,\"one\ntwo\"\n", 1, ""},
		"empty flags and times":    {"Timestamp,RequireOrgAdmin\n,\n", 1, ""},
		"a mark at the start":      {"\ufeffLogin\nada\n", 1, ""},
		"a page":                   {"<html>not csv</html>\nfoo\n", 0, "does not name the columns"},
		"a column twice":           {"Login,Login\na,b\n", 0, "two columns"},
		"a short line":             {"Login,Event\nada,x\nbob\n", 1, "line 3"},
		"a broken quote":           {"Login\nada\n\"bob\n", 1, "line 3"},
		"no time":                  {"Login,Timestamp\nada,yesterday\n", 0, "line 2: column Timestamp"},
		"no flag":                  {"Login,RequireOrgAdmin\nada,perhaps\n", 0, "column RequireOrgAdmin"},
	} {
		var records []pulumiapi.AuditLogRecord
		var failure error
		for record, err := range pulumiapi.DecodeAuditLogCSV(strings.NewReader(c.text)) {
			if err != nil {
				require.Nil(t, record, name)
				require.NoError(t, failure, "%s: it ends with an error", name)
				failure = err
				continue
			}
			records = append(records, *record)
		}
		assert.Len(t, records, c.want, name)
		if c.failure == "" {
			require.NoError(t, failure, name)
		} else {
			require.ErrorContains(t, failure, c.failure, name)
		}
	}
	for _, text := range []string{"Login\nada\n", ""} {
		endless := &endlessQuote{start: text + `"`}
		if text == "" {
			endless.start = `"Login`
		}
		got, err := pulumiapi.Collect(pulumiapi.DecodeAuditLogCSV(endless))
		require.ErrorContains(t, err, "a record is longer than 1048576 bytes")
		assert.Len(t, got, strings.Count(text, "ada"))
		assert.Less(t, endless.read, 2<<20, "bytes that were read")
	}
	long := strings.Repeat("x", 1<<20-2)
	records, err := pulumiapi.Collect(pulumiapi.DecodeAuditLogCSV(strings.NewReader("Login\n" + long + "\n" + long + "\n")))
	require.NoError(t, err)
	assert.Len(t, records, 2)
	for record, err := range pulumiapi.DecodeAuditLogCSV(strings.NewReader("Login,Shoe Size\nada,42\n")) {
		require.NoError(t, err)
		assert.Equal(t, map[string]string{"Shoe Size": "42"}, record.More)
	}
	var wrong *pulumiapi.ArgumentError
	for _, err := range pulumiapi.DecodeAuditLogCSV(nil) {
		require.ErrorAs(t, err, &wrong)
	}
	for _, err := range pulumiapi.DecodeAuditLogCSV(testkit.ReaderFunc(func([]byte) (int, error) { return 0, io.ErrUnexpectedEOF })) {
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	}
}

// auditLists are the ways to walk an audit log.
var auditLists = map[string]func(ctx context.Context, c *pulumiapi.Client, user string) iter.Seq2[*pulumiapi.AuditLogEvent, error]{
	"List": func(ctx context.Context, c *pulumiapi.Client, user string) iter.Seq2[*pulumiapi.AuditLogEvent, error] {
		return c.AuditLogs.List(ctx, "acme", &pulumiapi.AuditLogListOptions{UserFilter: user})
	},
	"List without prefetching": func(ctx context.Context, c *pulumiapi.Client, user string) iter.Seq2[*pulumiapi.AuditLogEvent, error] {
		return c.AuditLogs.List(ctx, "acme", &pulumiapi.AuditLogListOptions{UserFilter: user, NoPrefetch: true})
	},
	"ListV1": func(ctx context.Context, c *pulumiapi.Client, user string) iter.Seq2[*pulumiapi.AuditLogEvent, error] {
		return c.AuditLogs.ListV1(ctx, "acme", &pulumiapi.AuditLogListV1Options{UserFilter: user})
	},
}

// Every event of the log is yielded, or there is an error.
func TestAuditLogs_List_LosesNoEventsOfASecond(t *testing.T) {
	t.Parallel()
	const pageSize = 10
	for name, c := range map[string]struct {
		perSecond []int // how many events each second has, from the newest
		complete  bool
	}{
		"more than a page in the only second":       {[]int{40}, false},
		"more than a page in the newest second":     {[]int{40, 3, 3}, false},
		"more than a page in the oldest second":     {[]int{3, 3, 40}, false},
		"more than a page in a second between":      {[]int{3, 11, 3}, false},
		"one event more than a page":                {[]int{pageSize + 1}, false},
		"exactly a page":                            {[]int{pageSize}, true},
		"exactly a page, and older events":          {[]int{pageSize, 2, 2}, true},
		"exactly a page, and newer events":          {[]int{2, 2, pageSize}, true},
		"only seconds that fill a page":             {[]int{pageSize, pageSize, pageSize}, true},
		"a second that begins in the middle":        {[]int{5, 8, 4}, true},
		"a larger second that begins in the middle": {[]int{5, pageSize + 2}, false},
		"a second that ends with the page":          {[]int{2, 8, 1, 1}, true},
		"a second that continues behind the page":   {[]int{2, 9, 1, 1}, true},
		"small seconds":                             {[]int{1, 1, 1, 2, 3, 1, 1, 4, 4, 4, 1, 1, 1, 9, 9}, true},
		"one event":                                 {[]int{1}, true},
		"no event":                                  {nil, true},
	} {
		for method, list := range auditLists {
			synctest.Test(t, func(t *testing.T) {
				srv := pulumiapitest.NewServer()
				defer srv.Close()
				require.NoError(t, srv.AddOrganization("acme"))
				srv.SetPageSize(pageSize)
				want := []string{}
				newest := time.Now().Add(-time.Hour).Truncate(time.Second)
				for i, count := range slices.Backward(c.perSecond) {
					for n := range count {
						description := fmt.Sprintf("second %d, event %d", i, n)
						require.NoError(t, srv.AddAuditLogEvent("acme", pulumiapitest.AuditLogEvent{
							Time: newest.Add(-time.Duration(i) * time.Second), Event: "Stack Created", Description: description,
						}))
						want = append(want, description)
					}
				}
				slices.Reverse(want)
				called := fmt.Sprintf("%s of %s", method, name)
				got := []string{}
				var failure error
				for event, err := range list(t.Context(), srv.Client(), "") {
					if failure = err; err == nil {
						got = append(got, event.Description)
					}
				}
				if c.complete {
					require.NoError(t, failure, called)
					assert.Equal(t, want, got, called)
					return
				}
				var failed *pulumiapi.CallError
				require.ErrorAs(t, failure, &failed, called)
				require.ErrorContains(t, failure, "Export returns them all", called)
				assert.Contains(t, failed.Endpoint.Template, "/auditlogs", called)
				assert.Equal(t, want[:len(got)], got, "%s: the events before the error are those of the log", called)
			})
		}
	}
}

// auditService answers lists and exports of an audit log.
func auditService(t *testing.T, answer func(export bool, n int) (*http.Response, error)) (client *pulumiapi.Client, sent func() int) {
	t.Helper()
	counts := map[bool]int{}
	client, s := testkit.Client(t, func(_ int, req *http.Request) (*http.Response, error) {
		export := strings.Contains(req.URL.Path, "export")
		counts[export]++
		return answer(export, counts[export])
	})
	return client, func() int { return len(s.Sent()) }
}

func auditEvents(n int) []byte {
	return []byte(`{"auditLogEvents":[` + strings.TrimPrefix(strings.Repeat(`,{"timestamp":1615413432,"event":"e"}`, n), ",") + `]}`)
}

func auditCSV(n int) []byte {
	return []byte("Timestamp,Event\n2021-03-10T21:57:13Z,newer\n" + strings.Repeat("2021-03-10T21:57:12Z,e\n", n) + "2021-03-10T21:57:11Z,older\n")
}

func TestAuditLogs_List_CountsTheEventsOfAFullSecond(t *testing.T) {
	t.Parallel()
	refused := func() *http.Response {
		return testkit.Respond(http.StatusForbidden, []byte(`{"message":"no exports"}`))
	}
	for name, c := range map[string]struct {
		page, export func(n int) *http.Response
		want, sent   int
		failure      string // empty if there is none
	}{
		"an event was logged after the page": {
			page:   func(n int) *http.Response { return testkit.Respond(http.StatusOK, auditEvents(1+n)) },
			export: func(int) *http.Response { return testkit.Respond(http.StatusOK, auditCSV(3)) },
			want:   3, sent: 4,
		},
		"the page is complete": {
			page:   func(int) *http.Response { return testkit.Respond(http.StatusOK, auditEvents(2)) },
			export: func(int) *http.Response { return testkit.Respond(http.StatusOK, auditCSV(2)) },
			want:   2, sent: 2,
		},
		"a page of one event": {
			page: func(int) *http.Response { return testkit.Respond(http.StatusOK, auditEvents(1)) },
			want: 1, sent: 1,
		},
		"the page lacks an event": {
			page:   func(int) *http.Response { return testkit.Respond(http.StatusOK, auditEvents(2)) },
			export: func(int) *http.Response { return testkit.Respond(http.StatusOK, auditCSV(3)) },
			sent:   4, failure: "the page has 2 of them, the log has 3",
		},
		"the export lacks an event": {
			page:   func(int) *http.Response { return testkit.Respond(http.StatusOK, auditEvents(2)) },
			export: func(int) *http.Response { return testkit.Respond(http.StatusOK, auditCSV(1)) },
			sent:   2, failure: "the page has 2 of them, the log has 1",
		},
		"the export is empty": {
			page:   func(int) *http.Response { return testkit.Respond(http.StatusOK, auditEvents(2)) },
			export: func(int) *http.Response { return testkit.Respond(http.StatusOK, nil) },
			sent:   2, failure: "the page has 2 of them, the log has 0",
		},
		"the export is refused": {
			page:   func(int) *http.Response { return testkit.Respond(http.StatusOK, auditEvents(2)) },
			export: func(int) *http.Response { return refused() },
			sent:   2, failure: "cannot be counted",
		},
		"the export is no log": {
			page:   func(int) *http.Response { return testkit.Respond(http.StatusOK, auditEvents(2)) },
			export: func(int) *http.Response { return testkit.Respond(http.StatusOK, []byte("a,b\n1,2\n")) },
			sent:   2, failure: "cannot be counted",
		},
	} {
		for method, list := range auditLists {
			called := fmt.Sprintf("%s: %s", method, name)
			client, sent := auditService(t, func(export bool, n int) (*http.Response, error) {
				if export {
					return c.export(n), nil
				}
				return c.page(n), nil
			})
			var info pulumiapi.ResponseInfo
			events, err := pulumiapi.Collect(list(pulumiapi.CaptureResponse(t.Context(), &info), client, ""))
			assert.Len(t, events, c.want, called)
			assert.Equal(t, c.sent, sent(), "%s: requests", called)
			if c.failure == "" {
				require.NoError(t, err, called)
				continue
			}
			var failed *pulumiapi.CallError
			require.ErrorAs(t, err, &failed, called)
			require.ErrorContains(t, err, c.failure, called)
			assert.Equal(t, name == "the export is refused", errors.Is(err, pulumiapi.ErrForbidden), called)
		}
	}
}
