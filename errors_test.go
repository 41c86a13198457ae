package pulumiapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/internal/transport"
)

var hookEndpoint = Endpoint{Method: http.MethodGet, Template: "/api/orgs/{orgName}/hooks/{hookName}"}

// assertOneLine checks what every error text of foreign origin promises.
func assertOneLine(t *testing.T, text string, limit int, called string) {
	t.Helper()
	assert.LessOrEqual(t, utf8.RuneCountInString(text), limit, "%s: the characters of %q", called, text)
	assert.True(t, utf8.ValidString(text), "%s: %q is UTF-8", called, text)
	for _, r := range text {
		if r != ' ' && !unicode.IsPrint(r) {
			assert.Failf(t, "a character that can't be printed", "%s: %q in %q", called, r, text)
			return
		}
	}
}

func TestAPIError_Error(t *testing.T) {
	t.Parallel()
	for want, e := range map[string]*APIError{
		"pulumiapi: GET /api/orgs/acme/hooks/x: 404: webhook not found (request 8f2c)": {
			StatusCode: 404, Message: "webhook not found", RequestID: "8f2c", Endpoint: hookEndpoint, Path: "/api/orgs/acme/hooks/x", Attempts: 1,
		},
		"pulumiapi: GET /api/orgs/acme/hooks/x: 503: try later (request 8f2c, 4 attempts)": {
			StatusCode: 503, Message: "try later", RequestID: "8f2c", Endpoint: hookEndpoint, Path: "/api/orgs/acme/hooks/x", Attempts: 4,
		},
		"pulumiapi: GET /api/orgs/acme/hooks/x: 429: slow down (retry after 1h0m0s)": {
			StatusCode: 429, Message: "slow down", Endpoint: hookEndpoint, Path: "/api/orgs/acme/hooks/x", Attempts: 1, RetryAfter: time.Hour,
		},
		"pulumiapi: GET /api/orgs/acme/hooks/x: 503: oops (request 8f2c, 2 attempts, outcome unknown)": {
			StatusCode: 503, Message: "oops", Endpoint: hookEndpoint, Path: "/api/orgs/acme/hooks/x", RequestID: "8f2c", Attempts: 2, outcome: callOutcome{unknown: true},
		},
		"pulumiapi: GET /api/orgs/acme/hooks/x: 503: try later (2 attempts)": {
			StatusCode: 503, Message: "try later", Endpoint: hookEndpoint, Path: "/api/orgs/acme/hooks/x", Attempts: 2,
		},
		"pulumiapi: GET /api/orgs/a%20b/hooks/%C3%A4: 404: webhook not found": {
			StatusCode: 404, Message: "webhook not found", Endpoint: hookEndpoint, Path: "/api/orgs/a%20b/hooks/%C3%A4",
		},
		// One of the user's own making, in a test for instance.
		"pulumiapi: GET /api/orgs/{orgName}/hooks/{hookName}: 404: Not Found": {StatusCode: 404, Endpoint: hookEndpoint},
		"pulumiapi: GET /api/x: 409: in progress, try again later (request 8 f2c)": {
			StatusCode: 409, Message: "\r\n in progress,\t\n\n try\u2028again \x1b\x00later\n", RequestID: " 8\nf2c ", Endpoint: Endpoint{Method: "GET"}, Path: "/api\x07/x\x7f",
		},
	} {
		assert.Equal(t, want, e.Error(), "Error of %#v", e)
	}
}

// Whatever a server sends, an error is one short line that forges no other.
func TestAPIError_Error_IsOneShortLine(t *testing.T) {
	t.Parallel()
	texts := map[string]string{
		"nothing":     "",
		"10,000":      strings.Repeat("x", 10_000),
		"multi-byte":  strings.Repeat("😀", 10_000),
		"mixed":       strings.Repeat("aä€😀", 2500),
		"newlines":    strings.Repeat("line\r\n", 2000),
		"ANSI":        strings.Repeat("\x1b[31mred\x1b[0m", 1000),
		"control":     "\x00\x01\x07\x08\x7f\u0085\u009b" + strings.Repeat("\x00", 10_000),
		"bidi":        "\u202e\u2066evil\u2069" + strings.Repeat("\u202e", 5000),
		"not UTF-8":   strings.Repeat("\xff\xfe", 5000),
		"cut rune":    strings.Repeat("a", 199) + "\xf0\x9f\x98",
		"separators":  strings.Repeat("a\u2028b\u2029c\u00a0", 500),
		"zero-width":  strings.Repeat("\u200b\ufeff", 5000) + "end",
		"replacement": strings.Repeat("\ufffd", 400),
	}
	for name, text := range texts {
		for _, e := range []*APIError{
			{Message: text}, {Path: text}, {RequestID: text}, {Message: text, Path: text}, {Message: text, Path: text, RequestID: text},
		} {
			e.StatusCode, e.Endpoint, e.Attempts = 503, hookEndpoint, 1<<30
			called := fmt.Sprintf("Error with message %.20q, path %.20q, request ID %.20q (%s)", e.Message, e.Path, e.RequestID, name)
			assertOneLine(t, e.Error(), maxErrorText, called)
			assert.Contains(t, e.Error(), ": 503: ", called)
			assert.Contains(t, e.Error(), "1073741824 attempts)", called)
		}
		e := &APIError{StatusCode: math.MinInt, Message: text, RequestID: text, Path: text, Endpoint: Endpoint{Method: text, Template: text}}
		assertOneLine(t, e.Error(), maxErrorText, "Error with everything "+name)
	}
}

// What is said after a lot of nothing is not lost.
func TestAPIError_Error_FindsTheMessageBehindBlanks(t *testing.T) {
	t.Parallel()
	e := &APIError{StatusCode: 500, Message: strings.Repeat("\n", 10_000) + "boom", Endpoint: hookEndpoint, Path: "/api/x"}
	assert.Equal(t, "pulumiapi: GET /api/x: 500: boom", e.Error())
}

func TestAPIError_Error_UsesItsRoom(t *testing.T) {
	t.Parallel()
	e := &APIError{StatusCode: 500, Message: strings.Repeat("é", 10_000), Endpoint: hookEndpoint, Path: "/api/x", RequestID: "8f2c"}
	text := e.Error()
	assert.Equal(t, maxErrorText, utf8.RuneCountInString(text), text)
	assert.True(t, strings.HasSuffix(text, "é… (request 8f2c)"), text)
}

var statusSentinels = map[int]error{
	http.StatusUnauthorized:    ErrUnauthorized,
	http.StatusForbidden:       ErrForbidden,
	http.StatusNotFound:        ErrNotFound,
	http.StatusConflict:        ErrConflict,
	http.StatusTooManyRequests: ErrRateLimited,
}

var sentinels = []error{ErrUnauthorized, ErrForbidden, ErrNotFound, ErrConflict, ErrRateLimited, ErrOutcomeUnknown}

func TestAPIError_Is(t *testing.T) {
	t.Parallel()
	for status := 300; status < 600; status++ {
		for _, unknown := range []bool{false, true} {
			refused := &APIError{StatusCode: status, outcome: callOutcome{unknown: unknown}}
			for _, err := range []error{
				refused,
				fmt.Errorf("list hooks: %w", refused),
				errors.Join(io.EOF, fmt.Errorf("deep: %w", fmt.Errorf("deeper: %w", refused))),
			} {
				for _, sentinel := range sentinels {
					want := statusSentinels[status] == sentinel //nolint:errorlint // which one it is
					if sentinel == ErrOutcomeUnknown {          //nolint:errorlint // which one it is
						want = unknown
					}
					assert.Equal(t, want, errors.Is(err, sentinel), "errors.Is(%v, %v), outcome unknown: %t", err, sentinel, unknown)
				}
				var found *APIError
				require.ErrorAs(t, err, &found, "errors.As(%v)", err)
				assert.Same(t, refused, found)
			}
		}
	}
}

func TestCallError(t *testing.T) {
	t.Parallel()
	cause := fmt.Errorf("the connection broke: %w", io.ErrUnexpectedEOF)
	for want, e := range map[string]*CallError{
		"pulumiapi: GET /api/orgs/{orgName}/hooks/{hookName}: the connection broke: unexpected EOF": {Endpoint: hookEndpoint, Attempts: 1, Err: cause},
		"pulumiapi: GET /api/orgs/acme/hooks/x: the connection broke: unexpected EOF (request 8f2c, outcome unknown)": {
			Endpoint: hookEndpoint, Path: "/api/orgs/acme/hooks/x", RequestID: "8f2c", Attempts: 1, Err: cause, outcome: callOutcome{unknown: true},
		},
		"pulumiapi: GET /api/orgs/{orgName}/hooks/{hookName}: the connection broke: unexpected EOF (4 attempts)": {Endpoint: hookEndpoint, Attempts: 4, Err: cause},
		"pulumiapi: GET /api/orgs/{orgName}/hooks/{hookName}: context canceled":                                  {Endpoint: hookEndpoint, Err: context.Canceled},
	} {
		assert.Equal(t, want, e.Error())
		assert.Equal(t, e.Err, e.Unwrap(), "Unwrap")
		require.ErrorIs(t, e, e.Err)
	}
	for _, unknown := range []bool{false, true} {
		e := &CallError{Endpoint: hookEndpoint, Err: cause, outcome: callOutcome{unknown: unknown}}
		for _, err := range []error{e, fmt.Errorf("create: %w", e)} {
			for _, sentinel := range sentinels {
				want := unknown && sentinel == ErrOutcomeUnknown //nolint:errorlint // which one it is
				assert.Equal(t, want, errors.Is(err, sentinel), "errors.Is(%v, %v), outcome unknown: %t", err, sentinel, unknown)
			}
			require.ErrorIs(t, err, io.ErrUnexpectedEOF, "errors.Is(%v)", err)
			var found *CallError
			require.ErrorAs(t, err, &found, "errors.As(%v)", err)
		}
	}
	// The service's refusal that came before the context's end shows through.
	e := &CallError{Endpoint: hookEndpoint, Err: errors.Join(context.DeadlineExceeded, &APIError{StatusCode: 429})}
	require.ErrorIs(t, e, context.DeadlineExceeded)
	require.ErrorIs(t, e, ErrRateLimited)
}

// A refusal among the causes doesn't repeat the request: there is room for its reason.
func TestCallError_Error_NamesTheRequestOnce(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/api/x", "/api/" + strings.Repeat("x", 1000)} {
		refused := &APIError{StatusCode: 503, Message: "away", Endpoint: hookEndpoint, Path: path}
		e := &CallError{Endpoint: hookEndpoint, Path: path, Attempts: 4, Err: fmt.Errorf("gave up: %w", refused)}
		assert.Equal(t, "pulumiapi: "+requestText(hookEndpoint, path)+": gave up: 503: away (4 attempts)", e.Error())
	}
	other := &APIError{StatusCode: 503, Message: "away", Endpoint: hookEndpoint, Path: "/api/y"}
	assert.Equal(t, "pulumiapi: GET /api/x: gave up: pulumiapi: GET /api/y: 503: away",
		(&CallError{Endpoint: hookEndpoint, Path: "/api/x", Err: fmt.Errorf("gave up: %w", other)}).Error())
}

func TestArgumentError(t *testing.T) {
	t.Parallel()
	assert.Equal(t, `pulumiapi: argument opts.TagValue: "gold": needs opts.TagName`,
		newArgumentError("opts.TagValue", "gold", "needs opts.TagName").Error())
	assert.Equal(t, "pulumiapi: argument scope: is nil", (&ArgumentError{Name: "scope", Reason: "is nil"}).Error())
	assert.Equal(t, `pulumiapi: argument name: "a\nb\x1b[31m": is wrong`, newArgumentError("name", "a\nb\x1b[31m", "is wrong").Error())

	for _, text := range []string{
		strings.Repeat("x", 10_000), strings.Repeat("😀", 10_000), strings.Repeat("ä", 101), strings.Repeat("\xff", 5000),
	} {
		e := newArgumentError("name", text, "is wrong")
		assert.Equal(t, maxErrorValue, utf8.RuneCountInString(e.Value), "the Value of %.10q…", text)
		assert.True(t, strings.HasSuffix(e.Value, "…"), "the Value of %.10q…: %q", text, e.Value)
		assert.True(t, strings.HasPrefix(text, strings.TrimSuffix(e.Value, "…")), "the Value of %.10q…: %q", text, e.Value)
	}
	for _, text := range []string{"", "x", strings.Repeat("x", 100), strings.Repeat("😀", 100)} {
		assert.Equal(t, text, newArgumentError("name", text, "is wrong").Value, "a Value of at most %d characters is kept", maxErrorValue)
	}

	var found *ArgumentError
	require.ErrorAs(t, fmt.Errorf("list: %w", newArgumentError("name", "", "is wrong")), &found)
	assert.Equal(t, "name", found.Name)
}

func TestAPIError_ReadErrorBody(t *testing.T) {
	t.Parallel()
	detail := ErrorDetail{Resource: "webhook", Attribute: "name", ErrorType: ErrorTypeAlreadyExists}
	for name, c := range map[string]struct {
		body   string
		status int
		want   APIError
	}{
		"the service's form": {
			body: `{"code":404,"message":"webhook not found"}`,
			want: APIError{Message: "webhook not found"},
		},
		"the service's form in full": {
			body: `{"code":400,"message":"bad name","documentationUrl":"https://www.pulumi.com/docs/","errors":[
				{"resource":"webhook","attribute":"name","errorType":"already_exists"},
				{"customMessage":"say what","errorType":"brand_new"}]}`,
			want: APIError{
				Message: "bad name", DocumentationURL: "https://www.pulumi.com/docs/",
				Details: []ErrorDetail{detail, {ErrorType: "brand_new", CustomMessage: "say what"}},
			},
		},
		"only details": {
			body: `{"code":400,"errors":[{"resource":"webhook","attribute":"name","errorType":"already_exists"}]}`,
			want: APIError{Message: "webhook name already_exists", Details: []ErrorDetail{detail}},
		},
		"only a detail with a message": {
			body: `{"errors":[{"errorType":"custom","customMessage":"say what"}]}`,
			want: APIError{Message: "say what", Details: []ErrorDetail{{ErrorType: ErrorTypeCustom, CustomMessage: "say what"}}},
		},
		"only a detail without a resource": {
			body: `{"errors":[{"attribute":"name","errorType":"required"}]}`,
			want: APIError{Message: "name required", Details: []ErrorDetail{{Attribute: "name", ErrorType: ErrorTypeRequired}}},
		},
		"nulls": {
			body: `{"code":null,"message":"m","documentationUrl":null,"errors":null}`,
			want: APIError{Message: "m"},
		},
		"unknown members": {
			body: `{"code":"404","message":"m","trace":{"id":[1,2]},"errors":[]}`,
			want: APIError{Message: "m", Details: nil},
		},
		"HTML": {
			body: "<html>\r\n  <head><title>502</title></head>\r\n</html>", status: 502,
			want: APIError{Message: "Bad Gateway: <html> <head><title>502</title></head> </html>"},
		},
		"plain text":              {body: "upstream connect error\n", want: APIError{Message: "Not Found: upstream connect error"}},
		"nothing":                 {body: "", want: APIError{Message: "Not Found"}},
		"blanks":                  {body: " \r\n\t ", want: APIError{Message: "Not Found"}},
		"an unknown status":       {body: "", status: 599, want: APIError{Message: "unknown status"}},
		"text, an unknown status": {body: "what", status: 599, want: APIError{Message: "unknown status: what"}},
		"null":                    {body: "null", want: APIError{Message: "Not Found: null"}},
		"an array":                {body: `["a"]`, want: APIError{Message: `Not Found: ["a"]`}},
		"a string":                {body: `"gone"`, want: APIError{Message: `Not Found: "gone"`}},
		"a number":                {body: `404`, want: APIError{Message: "Not Found: 404"}},
		"an empty object":         {body: `{}`, want: APIError{Message: "Not Found: {}"}},
		"OAuth's form": {
			body: `{"error":"invalid_request","error_description":"no such org"}`,
			want: APIError{Message: "invalid_request: no such org"},
		},
		"OAuth's code alone":          {body: `{"error":"invalid_grant"}`, want: APIError{Message: "invalid_grant"}},
		"OAuth's description alone":   {body: `{"error_description":"no"}`, want: APIError{Message: "no"}},
		"OAuth's form and a message":  {body: `{"message":"m","error":"e"}`, want: APIError{Message: "m"}},
		"something else as the error": {body: `{"error":{"code":"E1"}}`, want: APIError{Message: `Not Found: {"error":{"code":"E1"}}`}},
		"a message of another type":   {body: `{"message":{"text":"m"}}`, want: APIError{Message: `Not Found: {"message":{"text":"m"}}`}},
		"details of another type":     {body: `{"message":"m","errors":"e"}`, want: APIError{Message: `Not Found: {"message":"m","errors":"e"}`}},
		"a detail without anything":   {body: `{"errors":[{}]}`, want: APIError{Details: []ErrorDetail{{}}}},
		"truncated JSON":              {body: `{"code":404,"message":"webhook n`, want: APIError{Message: `Not Found: {"code":404,"message":"webhook n`}},
		"JSON and more":               {body: `{"message":"m"} trailing`, want: APIError{Message: `Not Found: {"message":"m"} trailing`}},
		"not UTF-8":                   {body: "{\"message\":\"caf\xe9\"}", want: APIError{Message: "caf\ufffd"}},
		"not UTF-8, not JSON":         {body: "caf\xe9", want: APIError{Message: "Not Found: caf\ufffd"}},
	} {
		status := c.status
		if status == 0 {
			status = http.StatusNotFound
		}
		got := APIError{StatusCode: status}
		got.readErrorBody([]byte(c.body), transport.Printable)
		c.want.StatusCode = status
		assert.Equal(t, c.want, got, "readErrorBody(%s), %s", c.body, name)
		assertOneLine(t, got.Error(), maxErrorText, "Error of "+name)
	}
}

func TestAPIError_ReadErrorBody_Huge(t *testing.T) {
	t.Parallel()
	page := strings.Repeat("<p>😀</p>\n", maxErrorBody/10)
	e := APIError{StatusCode: 502}
	e.readErrorBody([]byte(page), transport.Printable)
	message, found := strings.CutPrefix(e.Message, "Bad Gateway: ")
	assert.True(t, found, e.Message)
	assert.Equal(t, maxExcerpt, utf8.RuneCountInString(message), "the excerpt of a huge page: %q", message)
	assertOneLine(t, e.Message, maxExcerpt+20, "the message of a huge page")

	long := strings.Repeat("a€", 20_000)
	e = APIError{StatusCode: 400}
	e.readErrorBody([]byte(`{"message":"`+long+`"}`), transport.Printable)
	assert.Equal(t, long, e.Message, "the service's own message is kept in full")
	assertOneLine(t, e.Error(), maxErrorText, "Error with a long message")
}

func TestOneLine(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text  string
		limit int
		want  string
	}{
		{"", 10, ""},
		{"abc", 3, "abc"},
		{"abcd", 3, "ab…"},
		{"  a \n\t b  ", 10, "a b"},
		{"a b c d", 5, "a b …"},
		{"a    ", 1, "a"},
		{"a    b", 1, "…"},
		{"a    b", 2, "a…"},
		{"äöü", 3, "äöü"},
		{"äöü€", 3, "äö…"},
		{"a\x00b", 3, "ab"},
		{"anything", 0, "…"},
		{"anything", -5, "…"},
		{strings.Repeat("\x00", 1000) + "abc", 2, "a…"},
	} {
		assert.Equal(t, c.want, oneLine(c.text, c.limit), "oneLine(%.20q, %d)", c.text, c.limit)
	}
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
