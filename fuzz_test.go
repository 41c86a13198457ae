package pulumiapi

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/internal/jsonx"
	"github.com/pulumiapi/pulumiapi/internal/transport"
)

// Whatever the arguments are, a request stays on its endpoint's template, and
// the server reads the very same arguments.
func FuzzEndpointPath(f *testing.F) {
	templates := fillableTemplates(f)
	for i := range max(len(oddArgs), len(templates)) {
		arg := func(nth int) string {
			// All but the long ones at the end, which take their time.
			return oddArgs[(i+5*nth)%(len(oddArgs)-4)]
		}
		f.Add(uint16(i), arg(0), arg(1), arg(2), arg(3), arg(4))
		f.Add(uint16(i), "a/b", "100%", "%2F?x=1#f", "../é", "%252e")
		f.Add(uint16(i), "%2F", "%41", "%25", "a/b", "a/b")
		for nth, dots := range []string{"", ".", ".."} {
			args := []string{"acme", "web", "prod", "4e662b3b", "ea01abd2"}
			args[(i+nth)%len(args)] = dots
			f.Add(uint16(i), args[0], args[1], args[2], args[3], args[4])
		}
	}
	bases := map[string]string{"https://api.pulumi.com": "", "https://example.com/a%2Fb/": "/a%2Fb"}
	var wire bytes.Buffer
	clients := make(map[string]*Client)
	for base, prefix := range bases {
		client, err := NewClient(WithToken(canary), WithBaseURL(base), WithHTTPClient(&http.Client{
			Transport: transportFunc(func(req *http.Request) (*http.Response, error) {
				wire.Reset()
				return noContent(req), req.Write(&wire)
			}),
		}))
		require.NoError(f, err)
		clients[prefix] = client
	}
	f.Fuzz(func(t *testing.T, pick uint16, a, b, c, d, e string) {
		template := templates[int(pick)%len(templates)]
		args := []string{a, b, c, d, e}[:strings.Count(template, "{")]
		refused := -1
		for i, arg := range args {
			if refused < 0 && (arg == "" || arg == "." || arg == "..") {
				refused = i
			}
		}
		for prefix, client := range clients {
			wire.Reset()
			_, err := client.Do(t.Context(), Request{Endpoint: Endpoint{Method: http.MethodGet, Template: template}, Args: args}, nil)
			if refused >= 0 {
				var wrong *ArgumentError
				require.ErrorAs(t, err, &wrong, "Do(%s) with %q", template, args)
				require.Contains(t, wrong.Name, "req.Args["+string(rune('0'+refused))+"]")
				require.Zero(t, wire.Len(), "Do(%s) with %q sent %s", template, args, wire.String())
				continue
			}
			require.NoError(t, err, "Do(%s) with %q", template, args)
			requestLine, _, _ := strings.Cut(wire.String(), "\r\n")
			parts := strings.Split(requestLine, " ")
			require.Len(t, parts, 3, "Do(%s) with %q: %q", template, args, requestLine)
			require.Equal(t, args, segmentsOf(t, parts[1], prefix, template), "Do(%s) with %q: %q", template, args, requestLine)
			got, err := http.ReadRequest(bufio.NewReader(&wire))
			require.NoError(t, err, "Do(%s) with %q", template, args)
			require.Empty(t, got.URL.RawQuery)
			require.Len(t, got.Header["Authorization"], 1)
		}
	})
}

// fillableTemplates returns the templates of the package's endpoints that have
// placeholders, and some of endpoints that it does not have yet.
func fillableTemplates(f *testing.F) []string {
	f.Helper()
	templates := []string{
		"/api/preview/insights/{orgName}/accounts/{accountName}/{resourceTypeAndId}",
		"/api/{object}/tags/{a}/{b}/update",
	}
	src, err := loadSource()
	require.NoError(f, err)
	for _, endpoint := range src.Endpoints {
		if _, template, _ := strings.Cut(endpoint.Operation, " "); strings.Contains(template, "{") {
			// Below another path, as what is sent to the endpoint itself is held
			// against the description, where a version is no text.
			templates = append(templates, "/fuzz"+template)
		}
	}
	require.Contains(f, templates, "/fuzz"+insightsGetAccountEndpoint.Template)
	slices.Sort(templates)
	return slices.Compact(templates)
}

// What reads as a time can be written, and read again as the same instant.
func FuzzTimestamp(f *testing.F) {
	for text := range timestampForms {
		f.Add([]byte(text))
	}
	for _, text := range []string{
		`true`, `{}`, `[1]`, `" "`, `"soon"`, `9223372036854775808`, `1e400`, `"NaN"`, `"0x1p4"`, `"9999-12-31T23:59:59-01:00"`, `253402300799.9999`,
		"", `"`, `"\u`, "\xff", `"2024-02-29T12:30:45,5Z"`, `"2024-02-29T24:00:00Z"`, `1_0`, `1e-9`, `0.0000001`, `-62135596799`, `-0.5`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		check := func(called string, read Timestamp) {
			require.Equal(t, time.UTC, read.Location(), called)
			require.True(t, read.IsZero() || read.Year() > 1, "%s: year 1 is never: %s", called, read)
			written, err := read.MarshalJSON()
			require.NoError(t, err, called)
			require.True(t, json.Valid(written), "%s: %q", called, written)
			var again Timestamp
			require.NoError(t, again.UnmarshalJSON(written), called)
			require.True(t, read.Equal(again.Time), "%s: %s, written and read: %s", called, read, again)
			text, err := read.MarshalText()
			require.NoError(t, err, called)
			require.NoError(t, again.UnmarshalText(text), called)
			require.True(t, read.Equal(again.Time), "%s: %s, written and read as text: %s", called, read, again)
		}
		var direct, viaText, viaOurs, viaStandard Timestamp
		directErr := direct.UnmarshalJSON(data)
		if directErr == nil {
			check("UnmarshalJSON", direct)
		}
		if viaText.UnmarshalText(data) == nil {
			check("UnmarshalText", viaText)
		}
		if !json.Valid(data) {
			return
		}
		oursErr, standardErr := jsonx.Decode(data, &viaOurs), json.Unmarshal(data, &viaStandard)
		require.Equal(t, oursErr == nil, standardErr == nil, "jsonx.Decode: %v, json.Unmarshal: %v", oursErr, standardErr)
		if oursErr == nil {
			check("jsonx.Decode", viaOurs)
			require.True(t, viaOurs.Equal(viaStandard.Time), "jsonx.Decode: %s, json.Unmarshal: %s", viaOurs, viaStandard)
		}
	})
}

// A text either is no cursor, or the only one for its place.
func FuzzCursor(f *testing.F) {
	for _, kind := range cursorKinds {
		for _, list := range cursorLists {
			for _, at := range placesOf(kind) {
				f.Add(string(position{kind: kind, list: list, path: list.Template, size: 10, start: at}.cursor()))
			}
		}
	}
	for _, text := range []string{
		"", " ", "=", "garbage", "\n", string(encodedCursor("page", "GET", "/api/user/stacks", "false", "/api/user/stacks", "+10", "2")),
		string(encodedCursor("page", "GET", "/api/user/stacks", "false", "/api/user/stacks", "10", "-2")),
		string(encodedCursor("group", "GET", "/api/user/stacks", "false", "/api/user/stacks", "10", "-2")), string(encodedCursor("", "", "", "", "", "", "")),
		string(position{kind: pageCursor, list: stackListEndpoint, path: stackListEndpoint.Template, start: "2"}.cursor()) + "\n",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		cursor := Cursor(text)
		for _, kind := range cursorKinds {
			p, err := startOf(kind, stackListEndpoint, cursor, 3)
			if err != nil {
				var refused *ArgumentError
				require.ErrorAs(t, err, &refused, "startOf(%q)", text)
				require.Equal(t, "opts.Cursor", refused.Name)
				continue
			}
			if text == "" {
				require.Equal(t, position{kind: kind, list: stackListEndpoint, path: stackListEndpoint.Template, size: 3}, p)
				continue
			}
			require.Equal(t, cursor, p.cursor(), "startOf(%q)", text)
		}
		p, err := parseCursor(cursor)
		if err != nil {
			return
		}
		require.Equal(t, cursor, p.cursor(), "parseCursor(%q)", text)
		require.GreaterOrEqual(t, p.size, 0)
		require.LessOrEqual(t, p.size, maxPageSize)
		if p.kind == pageCursor || p.kind == rowCursor || p.kind == groupCursor {
			require.Positive(t, p.number(0), "parseCursor(%q)", text)
		}
	})
}

// Whatever a server answers, the error is one short line that can be printed.
func FuzzErrorBody(f *testing.F) {
	for _, body := range []string{
		`{"code":404,"message":"webhook not found"}`, `{"errors":[{"resource":"a","attribute":"b","errorType":"invalid","customMessage":"c"}]}`,
		`{"message":"a\nb\u001b[31m","documentationUrl":"https://x","errors":null}`, `{"message":""}`, `{"errors":[{}]}`, `{"error":"invalid_request"}`,
		"<html>\n<body>Bad gateway</body></html>", "", "null", `"text"`, "404", "[]", "{}", `{"message":`, "\xff\xfe", "\x1b[2J\x00\u202e\u2028", "caf\xe9",
		`{"message":{"a":1}}`, `{"message":"` + strings.Repeat("😀", 400) + `"}`, strings.Repeat(" ", 5000) + "x",
	} {
		f.Add(404, []byte(body), "8f2c", "/api/orgs/acme/hooks/x", 1)
		f.Add(599, []byte(body), body, body, 3)
	}
	f.Fuzz(func(t *testing.T, status int, body []byte, requestID, path string, attempts int) {
		e := &APIError{StatusCode: status, RequestID: requestID, Endpoint: hookEndpoint, Path: path, Attempts: attempts}
		e.readErrorBody(body, transport.Printable)
		assertOneLine(t, e.Error(), maxErrorText, "Error")
		require.True(t, strings.HasPrefix(e.Error(), "pulumiapi: GET "), e.Error())
		if len(e.Details) == 0 {
			require.NotEmpty(t, e.Message, "the message for %q", body)
		}
		if !json.Valid(body) {
			assertOneLine(t, e.Message, maxExcerpt+40, "Message")
		}
		e.Endpoint = Endpoint{Method: requestID, Template: path}
		assertOneLine(t, e.Error(), maxErrorText, "Error with an odd endpoint")
	})
}

// Whatever is in the credentials file, it is read or refused, and what the
// error shows of it is an address at most.
func FuzzCredentialsFile(f *testing.F) {
	for _, file := range []string{
		"", " ", "{}", "null", "[]", `"text"`, "\xff", "\ufeff{}", `{"current":`, canary,
		`{"current":"https://a.example.com/","accessTokens":{"https://a.example.com":"pul-0123456789"},"accounts":{}}`,
		`{"current":"https://a.example.com","accounts":{"https://a.example.com/":{"accessToken":"pul-0123456789","refreshToken":"ref-0123456789"}}}`,
		`{"current":"https://a.example.com","accounts":{"https://a.example.com":{"refreshToken":"ref-0123456789","tokenInformation":{"expiresAt":1}}}}`,
		`{"$pulumiSecureStore":1,"data":"abc"}`, `{"current":"s3://bucket?x=y"}`, `{"current":"https://user:password@host"}`, `{"current":"user:password@host"}`,
		`{"current":"a","current":"b","accessTokens":{"a":"[redacted]"}}`, `{"current":"https://h","accessTokens":{"https://h":"with space"}}`,
		`{"accessTokens":{"https://api.pulumi.com":"pul-0123456789"}}`, `{"current":"HTTPS://h/%2F","accessTokens":{"HTTPS://h/%2F":"t"}}`, `{"current":"://"}`,
	} {
		f.Add([]byte(file), false)
		f.Add([]byte(file), true)
	}
	for _, name := range []string{"PULUMI_ACCESS_TOKEN", "PULUMI_BACKEND_URL", "PULUMI_API", "PULUMI_CREDENTIALS_PATH"} {
		f.Setenv(name, "")
	}
	folder := f.TempDir()
	f.Setenv("PULUMI_HOME", folder)
	path := filepath.Join(folder, "credentials.json")

	f.Fuzz(func(t *testing.T, data []byte, withToken bool) {
		require.NoError(t, os.WriteFile(path, data, 0o600))
		opts := []Option{FromEnvironment()}
		if withToken {
			opts = append(opts, WithToken("explicit"))
		}
		client, err := NewClient(opts...)
		var file struct {
			Current string `json:"current"`
		}
		_ = jsonx.Decode(data, &file) // what can't be read has no address
		if err == nil {
			require.True(t, firstToken(client) != "" || client.tokens != nil, "the client has a token, or can get one")
			require.Empty(t, client.base.User)
			return
		}
		refused, ok := errors.AsType[*ArgumentError](err)
		require.True(t, ok, "%T %v", err, err)
		// Everything that can be said, but for the address.
		address := file.Current
		if address == "" {
			address = defaultBaseURL
		}
		assert.Contains(t, []string{
			"is not a credentials file: delete it, and log in again",
			"is encrypted for the Pulumi CLI: set PULUMI_ACCESS_TOKEN instead, and PULUMI_BACKEND_URL unless you log in to Pulumi's own service",
			"the token holds a space, a line break or another character that no token has",
			"no access token for " + address + ": set PULUMI_ACCESS_TOKEN, or run `pulumi login`",
			"state is kept there and not in Pulumi Cloud: log in to Pulumi Cloud, or set WithBaseURL or PULUMI_BACKEND_URL",
			"is not a URL", "must not hold a user or a password", "must begin with https:// or http://", "has no host", "must not have a query",
			"must not have a fragment", `must not have "." or ".." in its path`,
		}, refused.Reason)
		assert.Contains(t, []string{path, "FromEnvironment"}, refused.Name)
		scheme, _, _ := strings.Cut(file.Current, "://")
		if refused.Value != scheme+"://" {
			assert.Contains(t, []string{"", cut(file.Current)}, refused.Value)
			assert.NotContains(t, refused.Value, "@")
		}
	})
}
