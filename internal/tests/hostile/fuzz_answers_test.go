package hostile_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"io"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/internal/testkit"
)

// memoryFactor is how many bytes of memory a byte of an answer may take.
const memoryFactor = 400

// requireMemory runs run, and fails the test if what run returns holds more than
// factor times the size of its input and a MiB, or if it took more than a few
// times as much to get there: a slice that grows is copied again and again.
func requireMemory(t *testing.T, factor, size int, called string, run func() any) {
	t.Helper()
	const copies = 4
	most := factor*size + 1<<20
	took := int(testkit.Allocated(func() { run() }))
	require.LessOrEqual(t, took, copies*most, "%s: bytes allocated for an input of %d", called, size)
	if took <= most {
		return // nor does it hold more
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	result := run()
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(result)
	held := int(after.HeapAlloc) - int(before.HeapAlloc)
	require.LessOrEqual(t, held, most, "%s: bytes held for an input of %d", called, size)
}

// requireEnd fails the test, and with it the process, if it runs for longer than
// any input may take.
func requireEnd(t *testing.T) {
	t.Helper()
	hung := time.AfterFunc(20*time.Second, func() { panic("this input has no end") })
	t.Cleanup(func() { hung.Stop() })
}

// fuzzedClient returns a client that gets what answer returns, and asks once.
func fuzzedClient(f *testing.F, token string, answer func() *http.Response) *pulumiapi.Client {
	f.Helper()
	client, err := pulumiapi.NewClient(fuzzedOptions(token, answer)...)
	require.NoError(f, err)
	return client
}

func fuzzedOptions(token string, answer func() *http.Response) []pulumiapi.Option {
	return []pulumiapi.Option{
		pulumiapi.WithToken(token),
		pulumiapi.WithRetry(pulumiapi.RetryPolicy{MaxAttempts: 1}),
		pulumiapi.WithHTTPClient(&http.Client{Transport: testkit.RoundTripperFunc(func(*http.Request) (*http.Response, error) { return answer(), nil })}),
	}
}

// requireCallError checks the error of a success that was no use.
func requireCallError(t *testing.T, err error, called string) {
	t.Helper()
	var failed *pulumiapi.CallError
	require.ErrorAs(t, err, &failed, called)
	require.Less(t, len(err.Error()), 2000, called)
	require.False(t, strings.ContainsFunc(err.Error(), func(r rune) bool { return !unicode.IsPrint(r) }), "%s: %q", called, err)
}

// Whatever a method gets for an answer, it ends, with a value or an error that
// can be shown, and in memory that the answer's size bounds. A method is in it by
// being in operations().
func FuzzAnswer(f *testing.F) {
	const token = "pul-canary0123456789"
	var readers []testkit.Operation
	for _, o := range append(testkit.JSONOperations(), testkit.TokenExchange(), testkit.TokenRenewal()) {
		if o.ReturnsValue() && !o.Waits { // whose answers are those of others
			readers = append(readers, o)
		}
	}
	values := []string{`1e999`, `-1`, `18446744073709551616`, `""`, `"\ud800"`, `[]`, `{"":null}`, `"` + token + `"`}
	for i, o := range readers {
		body := []byte(o.Response)
		f.Add(uint16(i), body)
		f.Add(uint16(i), manyEmpty(f, o))
		f.Add(uint16(i), withEachValue(body, values[i%len(values)]))
		f.Add(uint16(i), []byte(`{"`+o.Items+`":[[null]]}`))
		f.Add(uint16(i), []byte(`{"`+o.Items+`":[],"continuationToken":"x","nextToken":"x","itemsPerPage":1,"total":9,"rowCount":9}`))
	}
	// Any method will do for these: the fuzzer tries others.
	for i, answer := range []string{
		"", "null", "{}", "[]", "[null]", "[{}]", `{"":`, `"` + token + `"`, "0", "-", "1e", `{"a":1,"a":2}`, "{}{}", "\xff", "\x00", "\ufeff", testkit.SignInPage, "<" + token,
		strings.Repeat("[", 10_001), strings.Repeat(`{"a":`, 10_001), strings.Repeat("[", 9_000) + strings.Repeat("]", 9_000), strings.Repeat(" ", 10_000),
		`{"a":` + strings.Repeat("1", 10_000) + "}", `{"stacks":{}}`, `{"deployment":{"resources":[[[]]]},"version":3}`,
	} {
		f.Add(uint16(i), []byte(answer))
	}
	var answer []byte
	respondWithIt := func() *http.Response { return testkit.Respond(http.StatusOK, answer) }
	client := fuzzedClient(f, token, respondWithIt)
	opts := fuzzedOptions(token, respondWithIt)

	f.Fuzz(func(t *testing.T, pick uint16, data []byte) {
		requireEnd(t)
		ctx := testkit.WithOptions(t.Context(), opts)
		o := readers[int(pick)%len(readers)]
		answer = data
		var (
			got any
			err error
		)
		requireMemory(t, memoryFactor, len(data), o.Name, func() any {
			got, err = o.Call(ctx, client)
			if state, ok := got.(*pulumiapi.StackState); ok && err == nil {
				snapshot, _ := state.Decode()
				return snapshot
			}
			return got
		})
		if err != nil {
			if o.RefusesNothing == "" || !strings.Contains(err.Error(), o.RefusesNothing) {
				requireCallError(t, err, o.Name)
			}
			require.NotContains(t, err.Error(), token, o.Name)
			return
		}
		if o.Items == "" && !o.IsArray() {
			require.NotNil(t, got, "%s returned neither a value nor an error", o.Name)
		}
	})
}

// manyEmpty returns an answer of which nearly nothing is left when it is decoded
// but room: an array of empty objects.
func manyEmpty(f *testing.F, o testkit.Operation) []byte {
	f.Helper()
	list := "[" + strings.Repeat("{},", 5_000) + "{}]"
	if o.Items == "" && !o.IsArray() {
		return []byte(`{"deployment":{"resources":` + list + `},"version":3}`)
	}
	if o.Items == "" {
		return []byte(list)
	}
	return []byte(`{"` + o.Items + `":` + list + `}`)
}

// withEachValue returns an indented JSON text with value in the place of each
// string, number and literal at the end of a line.
func withEachValue(body []byte, value string) []byte {
	lines := strings.Split(string(body), "\n")
	for i, line := range lines {
		name, old, found := strings.Cut(line, ": ")
		if !found || strings.HasSuffix(old, "{") || strings.HasSuffix(old, "[") {
			continue
		}
		lines[i] = name + ": " + value
		if strings.HasSuffix(old, ",") {
			lines[i] += ","
		}
	}
	return []byte(strings.Join(lines, "\n"))
}

// Whatever the service sends for an export, compressed by the header's account or
// its own, the caller reads what it holds, or an error. A gzip bomb costs no
// memory, and can be left.
func FuzzAuditLogExport(f *testing.F) {
	text := testkit.Fixture(f, "auditlogs_export_v1.csv")
	zipped, bomb := testkit.Gzipped(f, text), testkit.Gzipped(f, make([]byte, 20<<20))
	header := []byte{0x1f, 0x8b, 8, 0x1f, 0, 0, 0, 0, 0, 3} // with everything that is optional
	for _, data := range [][]byte{
		nil, text, zipped, testkit.Gzipped(f, zipped), testkit.Gzipped(f, testkit.Gzipped(f, zipped)), bomb, testkit.Gzipped(f, bomb), zipped[:len(zipped)/2], zipped[:5], zipped[:len(zipped)-8],
		append(bytes.Clone(zipped), zipped...), append(bytes.Clone(zipped), text...), bytes.Repeat(testkit.Gzipped(f, nil), 100), testkit.Gzipped(f, nil), header,
		append(bytes.Clone(header), bytes.Repeat([]byte{0xff}, 70_000)...), []byte("\x1f"), []byte("\x1f\x8b"), []byte("\x1f\x8bplain"), []byte(testkit.SignInPage),
		testkit.Gzipped(f, []byte(testkit.SignInPage)), []byte("\ufeff \n<html>"), []byte(" \ufeff<"), bytes.Repeat([]byte(" "), 511), append(bytes.Repeat([]byte(" "), 512), '<'),
		testkit.Gzipped(f, bytes.Repeat([]byte("\x1f\x8b"), 1000)), []byte("\x1f\x8b\bA0000001\x00\x00\xff\xff\x00\x00\x00\x00\x00\x00\x00\x00"),
	} {
		f.Add(data, false)
		f.Add(data, true)
	}
	var resp *http.Response
	client := fuzzedClient(f, "pul-canary", func() *http.Response { return resp })
	const enough = 8 << 20 // of an export
	var got, want bytes.Buffer

	f.Fuzz(func(t *testing.T, data []byte, encoded bool) {
		requireEnd(t)
		resp = testkit.Respond(http.StatusOK, data)
		if encoded {
			resp.Header.Set("Content-Encoding", "gzip")
		}
		want.Reset()
		wantErr := plainText(&want, data, encoded, enough)
		got.Grow(enough + bytes.MinRead)
		var err error
		// Each member of a gzip has a header of its own.
		const factor = 1
		requireMemory(t, factor, len(data), "Export", func() any {
			got.Reset()
			var stream io.ReadCloser
			if stream, err = client.AuditLogs.Export(t.Context(), "acme", nil); err != nil {
				return nil
			}
			_, err = got.ReadFrom(io.LimitReader(stream, enough))
			if closeErr := stream.Close(); err == nil {
				err = closeErr
			}
			return stream
		})
		if err != nil {
			requireCallError(t, err, "Export")
		}
		if wantErr == nil && isMarkup(want.Bytes()) {
			require.ErrorContains(t, err, "the answer is not text", "Export of a page")
			require.Zero(t, got.Len(), "Export of a page")
			return
		}
		require.Equal(t, wantErr == nil, err == nil, "Export: %v, and compress/gzip: %v", err, wantErr)
		if err == nil {
			require.True(t, bytes.Equal(want.Bytes(), got.Bytes()), "Export returned other text than is there")
		} else {
			require.True(t, bytes.HasPrefix(want.Bytes(), got.Bytes()), "Export returned text that is not there")
		}
	})
}

// plainText writes at most limit bytes of the text that is in data to w: gzip by
// its header, if encoded, and maybe gzip once more.
func plainText(w io.Writer, data []byte, encoded bool, limit int64) error {
	layers := 1
	if encoded {
		layers++
	}
	var reader io.Reader = bytes.NewReader(data)
	for layer := range layers {
		named := encoded && layer == 0
		start := make([]byte, 2)
		n, err := io.ReadFull(reader, start)
		reader = io.MultiReader(bytes.NewReader(start[:n]), reader)
		switch {
		case named && n == 0:
			return nil // an answer without a body
		case !named && errors.Is(err, io.EOF):
			return nil
		case !named && (err == nil && string(start) != "\x1f\x8b" || errors.Is(err, io.ErrUnexpectedEOF)):
			continue
		}
		unzipped := &strictGzip{source: bufio.NewReader(reader)}
		if err := unzipped.next(); err != nil {
			return noEOF(err)
		}
		reader = unzipped
	}
	_, err := io.Copy(w, io.LimitReader(reader, limit))
	return err
}

// strictGzip reads gzip with the standard library, but refuses headers in which a
// reserved bit is set, as RFC 1952 wants it (section 2.3.1.2).
type strictGzip struct {
	source *bufio.Reader
	member *gzip.Reader
	err    error
}

// next reads the header of a member; [io.EOF] is the end.
func (g *strictGzip) next() error {
	const flags, reserved = 3, 0xe0
	start, err := g.source.Peek(flags + 1)
	switch {
	case len(start) == 0:
		return err
	case len(start) > flags && start[flags]&reserved != 0:
		return gzip.ErrHeader
	}
	if g.member, err = gzip.NewReader(g.source); err != nil {
		return noEOF(err)
	}
	g.member.Multistream(false)
	return nil
}

func (g *strictGzip) Read(p []byte) (int, error) {
	if g.err != nil {
		return 0, g.err
	}
	n, err := g.member.Read(p)
	if errors.Is(err, io.EOF) {
		err = g.next()
	}
	g.err = err
	return n, err
}

func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// isMarkup reports whether text begins, within what is looked at, as a page does.
func isMarkup(text []byte) bool {
	text = bytes.TrimPrefix(text[:min(len(text), 512)], []byte("\ufeff"))
	return bytes.HasPrefix(bytes.TrimSpace(text), []byte("<"))
}

// Whatever is in an export, each line is a record with what encoding/csv finds
// in its columns, up to the first that is broken.
func FuzzAuditLogCSV(f *testing.F) {
	f.Add(testkit.Fixture(f, "auditlogs_export_v1.csv"))
	for _, text := range []string{
		"", "\n", "\r\n\r\n", "Login", "\ufeffLogin\nada\n", "\ufeff\"Login\"\nada\n", "Login,Login\na,b\n", "Login,Event\nada,x\nbob\n", "Login\n\"bob\n", "Login\na\"b\n",
		"Login,Timestamp\nada,2021-04-11T23:51:45Z\nbob,\neve,yesterday\n", "Timestamp,RequireOrgAdmin,RequireStackAdmin,AuthenticationFailure\n,true,T,0\n,,,\n0,TRUE,f,maybe\n",
		"Login,Shoe Size,\nada,42,x\n,,\n", "Login,Description\nada,\"one\r\ntwo\r\"\n", "Login,\x00,\xff\n\x00,\xff,\"\"\"\"\n", testkit.SignInPage, "Login\n" + strings.Repeat("\"\n", 1000),
		"Login" + strings.Repeat(",", 2000), "Login," + manyColumns(1000) + "\n" + strings.Repeat(strings.Repeat(",", 1000)+"\n", 20), "Login\n" + strings.Repeat("a\n", 10_000),
		"Login,AuthenticationFailure\nada," + strings.Repeat("x", 2000) + "\n", // an error must not quote all of it
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		requireEnd(t)
		var (
			records  []pulumiapi.AuditLogRecord
			failures []error
		)
		requireMemory(t, memoryFactor, len(data), "DecodeAuditLogCSV", func() any {
			records, failures = nil, nil
			for record, err := range pulumiapi.DecodeAuditLogCSV(bytes.NewReader(data)) {
				if err != nil {
					failures = append(failures, err)
					continue
				}
				records = append(records, *record)
			}
			return records
		})
		require.LessOrEqual(t, len(failures), 1, "it ends with an error")

		reader := csv.NewReader(bytes.NewReader(data))
		header, err := reader.Read()
		if errors.Is(err, io.EOF) {
			require.Empty(t, records)
			require.Empty(t, failures)
			return
		}
		if err != nil || len(records) == 0 && len(failures) > 0 {
			require.Empty(t, records)
			require.Len(t, failures, 1)
			require.Less(t, len(failures[0].Error()), 1000)
			return
		}
		header[0] = strings.TrimPrefix(header[0], "\ufeff")
		for i, record := range records {
			fields, err := reader.Read()
			require.NoError(t, err, "record %d", i)
			requireRecord(t, header, fields, record)
		}
		fields, err := reader.Read()
		if len(failures) == 0 {
			require.ErrorIs(t, err, io.EOF, "there is one more line: %q", fields)
			return
		}
		require.NotErrorIs(t, err, io.EOF, "%v, and there is no line", failures[0])
		require.Less(t, len(failures[0].Error()), 1000)
	})
}

func manyColumns(count int) string {
	names := make([]string, count)
	for i := range names {
		names[i] = strconv.Itoa(i)
	}
	return strings.Join(names, ",")
}

// requireRecord looks for each field of a line in the record.
func requireRecord(t *testing.T, header, fields []string, record pulumiapi.AuditLogRecord) {
	t.Helper()
	more := 0
	for i, name := range header {
		var got string
		switch name {
		case "Timestamp":
			var want pulumiapi.Timestamp
			require.NoError(t, want.UnmarshalText([]byte(fields[i])))
			require.Equal(t, want, record.Timestamp)
			continue
		case "RequireOrgAdmin":
			requireFlag(t, fields[i], record.ReqOrgAdmin)
			continue
		case "RequireStackAdmin":
			requireFlag(t, fields[i], record.ReqStackAdmin)
			continue
		case "AuthenticationFailure":
			requireFlag(t, fields[i], record.AuthFailure)
			continue
		case "Name":
			got = record.User.Name
		case "Login":
			got = record.User.GitHubLogin
		case "Event":
			got = record.Event
		case "Description":
			got = record.Description
		case "SourceIP":
			got = record.SourceIP
		default:
			more++
			got = record.More[name]
		}
		require.Equal(t, fields[i], got, "column %q", name)
	}
	require.Len(t, record.More, more)
}

func requireFlag(t *testing.T, text string, got bool) {
	t.Helper()
	want, err := strconv.ParseBool(text)
	require.True(t, err == nil || text == "", "%q is a flag", text)
	require.Equal(t, want, got, "the flag %q", text)
}
