package pulumiapi_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/internal/testkit"
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
	assert.Equal(t, "First Last", records[0].Name)
	assert.Equal(t, "user1", records[0].Login)
	assert.Equal(t, "Member Role Changed", records[0].Event)
	assert.Equal(t, `Changed organization role for "user2" to admin`, records[0].Description)
	assert.Equal(t, "192.168.10.11", records[0].SourceIP)
	assert.True(t, records[0].RequireOrgAdmin)
	assert.False(t, records[0].RequireStackAdmin)
	assert.False(t, records[0].AuthenticationFailure)
	assert.False(t, records[3].RequireOrgAdmin)
	assert.Nil(t, records[0].More)
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
