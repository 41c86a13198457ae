package pulumiapi

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"text/template"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/internal/jsonx"
)

// timestampForms are texts that are times, and which; never is the zero time.
var timestampForms = map[string]time.Time{
	// Unix seconds.
	`1700000000`:     time.Date(2023, 11, 14, 22, 13, 20, 0, time.UTC),
	`1`:              time.Date(1970, 1, 1, 0, 0, 1, 0, time.UTC),
	`-1`:             time.Date(1969, 12, 31, 23, 59, 59, 0, time.UTC),
	`1700000000.5`:   time.Date(2023, 11, 14, 22, 13, 20, 500_000_000, time.UTC),
	`1700000000.123`: time.Date(2023, 11, 14, 22, 13, 20, 123_000_000, time.UTC),
	`-1.25`:          time.Date(1969, 12, 31, 23, 59, 58, 750_000_000, time.UTC),
	`1.7e9`:          time.Date(2023, 11, 14, 22, 13, 20, 0, time.UTC),
	`253402300799`:   time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
	// Never.
	`null`:                        {},
	`0`:                           {},
	`-0`:                          {},
	`0.0`:                         {},
	`""`:                          {},
	`"0"`:                         {},
	`"0001-01-01T00:00:00Z"`:      {},
	`"0001-01-01T00:00:00+00:00"`: {},
	`"0001-01-01 00:00:00"`:       {},
	`"0001-01-01T00:00:00+14:00"`: {}, // year 0 in UTC
	`"0000-01-01T00:00:00Z"`:      {},
	`-62135596800`:                {}, // year 1
	// RFC 3339.
	`"2024-02-29T12:30:45Z"`:             time.Date(2024, 2, 29, 12, 30, 45, 0, time.UTC),
	`"2024-02-29T12:30:45.1Z"`:           time.Date(2024, 2, 29, 12, 30, 45, 100_000_000, time.UTC),
	`"2024-02-29T12:30:45.123456789Z"`:   time.Date(2024, 2, 29, 12, 30, 45, 123_456_789, time.UTC),
	`"2024-02-29T12:30:45+02:00"`:        time.Date(2024, 2, 29, 10, 30, 45, 0, time.UTC),
	`"2024-02-29T23:30:45.5-07:30"`:      time.Date(2024, 3, 1, 7, 0, 45, 500_000_000, time.UTC),
	`"2024-02-29T12:30:45\u002b00:00"`:   time.Date(2024, 2, 29, 12, 30, 45, 0, time.UTC),
	`"2024-02-29T12:30:45"`:              time.Date(2024, 2, 29, 12, 30, 45, 0, time.UTC),
	`"2024-02-29T12:30:45.250"`:          time.Date(2024, 2, 29, 12, 30, 45, 250_000_000, time.UTC),
	`"9999-12-31T23:59:59Z"`:             time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
	`"2024-02-29 12:30:45"`:              time.Date(2024, 2, 29, 12, 30, 45, 0, time.UTC),
	`"2024-02-29 12:30:45.000"`:          time.Date(2024, 2, 29, 12, 30, 45, 0, time.UTC),
	`"2024-02-29 12:30:45.678"`:          time.Date(2024, 2, 29, 12, 30, 45, 678_000_000, time.UTC),
	`"1700000000"`:                       time.Date(2023, 11, 14, 22, 13, 20, 0, time.UTC),
	`"-1"`:                               time.Date(1969, 12, 31, 23, 59, 59, 0, time.UTC),
	`"1700000000.5"`:                     time.Date(2023, 11, 14, 22, 13, 20, 500_000_000, time.UTC),
	`"\u0031\u0037\u0030\u0030000000"`:   time.Date(2023, 11, 14, 22, 13, 20, 0, time.UTC),
	`"2262-04-11T23:47:17Z"`:             time.Date(2262, 4, 11, 23, 47, 17, 0, time.UTC), // beyond int64 nanoseconds
	`"1600-01-01T00:00:00.000000001Z"`:   time.Date(1600, 1, 1, 0, 0, 0, 1, time.UTC),
	`"0002-01-01T00:00:00Z"`:             time.Date(2, 1, 1, 0, 0, 0, 0, time.UTC),
	`4102444800`:                         time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC),
	`"1969-12-31T23:59:59.999999Z"`:      time.Date(1969, 12, 31, 23, 59, 59, 999_999_000, time.UTC),
	`"2024-02-29T12:30:45.000000+05:30"`: time.Date(2024, 2, 29, 7, 0, 45, 0, time.UTC),
}

func requireSameTime(t *testing.T, want time.Time, got Timestamp, called string) {
	t.Helper()
	require.Truef(t, want.Equal(got.Time), "%s: want %s, got %s", called, want, got.Time)
	require.Equal(t, time.UTC, got.Location(), "%s: the location", called)
	require.Equal(t, want.IsZero(), got.IsZero(), "%s: IsZero", called)
	if want.IsZero() {
		require.Equal(t, Timestamp{}, got, "%s: never is the zero Timestamp", called)
	}
}

func TestTimestamp_UnmarshalJSON_ReadsEveryForm(t *testing.T) {
	t.Parallel()
	for text, want := range timestampForms {
		before := Timestamp{Time: time.Unix(42, 42).In(time.FixedZone("elsewhere", 3600))}

		got := before
		require.NoError(t, got.UnmarshalJSON([]byte(text)), "UnmarshalJSON(%s)", text)
		requireSameTime(t, want, got, "UnmarshalJSON("+text+")")

		got = before
		require.NoError(t, jsonx.Decode([]byte(text), &got), "jsonx.Decode(%s)", text)
		requireSameTime(t, want, got, "jsonx.Decode("+text+")")

		got = before
		require.NoError(t, json.Unmarshal([]byte(text), &got), "json.Unmarshal(%s)", text)
		requireSameTime(t, want, got, "json.Unmarshal("+text+")")
	}
}

func TestTimestamp_UnmarshalText_ReadsEveryForm(t *testing.T) {
	t.Parallel()
	for text, want := range timestampForms {
		var plain string
		if json.Unmarshal([]byte(text), &plain) != nil {
			plain = text
		}
		var got Timestamp
		require.NoError(t, got.UnmarshalText([]byte(plain)), "UnmarshalText(%q)", plain)
		requireSameTime(t, want, got, "UnmarshalText("+plain+")")
	}
}

func TestTimestamp_RoundTrips(t *testing.T) {
	t.Parallel()
	for text, want := range timestampForms {
		var read Timestamp
		require.NoError(t, jsonx.Decode([]byte(text), &read), "jsonx.Decode(%s)", text)

		for name, marshal := range map[string]func(any) ([]byte, error){
			"jsonx.Marshal": jsonx.Marshal, "json.Marshal": json.Marshal, "EncodeRequest": EncodeRequest,
		} {
			data, err := marshal(read)
			require.NoError(t, err, "%s(%s)", name, read)
			expected := "null"
			if !want.IsZero() {
				expected = `"` + want.Format(time.RFC3339Nano) + `"`
			}
			assert.Equal(t, expected, string(data), "%s of %s", name, text)

			var again Timestamp
			require.NoError(t, jsonx.Decode(data, &again), "jsonx.Decode(%s)", data)
			requireSameTime(t, want, again, name+" and jsonx.Decode of "+text)
		}

		data, err := read.MarshalText()
		require.NoError(t, err, "MarshalText of %s", text)
		var again Timestamp
		require.NoError(t, again.UnmarshalText(data), "UnmarshalText(%q)", data)
		requireSameTime(t, want, again, "MarshalText and UnmarshalText of "+text)
	}
}

func TestTimestamp_UnmarshalJSON_RefusesWhatIsNoTime(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`true`, `false`, `{}`, `{"seconds":1}`, `[]`, `[1700000000]`,
		`" "`, `"soon"`, `"never"`, `"null"`, `"2024-02-29"`, `"12:30:45"`,
		`"2023-02-29T00:00:00Z"`, `"2024-13-01T00:00:00Z"`, `"2024-02-29T25:00:00Z"`,
		`"2024-02-29 12:30:45 CET"`, `"Thu, 29 Feb 2024 12:30:45 GMT"`, `"17000 00000"`, `"1700000000s"`,
		`253402300800`, `-62135596801`, `1700000000000`, `9223372036854775807`, `-9223372036854775808`,
		`9223372036854775808`, `1e300`, `1e400`, `-1e300`, `253402300799.5`, `"253402300800"`,
		`"NaN"`, `"Inf"`, `"-Inf"`, `"infinity"`,
		`"9999-12-31T23:59:59-01:00"`, // the year 10000 in UTC, which could not be written again
		`"10000-01-01T00:00:00Z"`,
	} {
		before := Timestamp{Time: time.Unix(42, 0).UTC()}
		for name, unmarshal := range map[string]func([]byte, any) error{"jsonx.Decode": jsonx.Decode, "json.Unmarshal": json.Unmarshal} {
			got := before
			require.Error(t, unmarshal([]byte(text), &got), "%s(%s) read it as %s", name, text, got)
			assert.Equal(t, before, got, "%s(%s) failed, but changed the Timestamp", name, text)
		}
	}
	for _, text := range []string{"", "tru", "{", `"`, `"2024`, "nul", "\x00", "1 2", "--1", "\xff"} {
		var got Timestamp
		require.Error(t, got.UnmarshalJSON([]byte(text)), "UnmarshalJSON(%q)", text)
	}
}

func TestTimestamp_UnmarshalJSON_ErrorIsShort(t *testing.T) {
	t.Parallel()
	var got Timestamp
	for _, text := range []string{
		`"` + strings.Repeat("x", 10_000) + `"`, strings.Repeat("1", 10_000), "{" + strings.Repeat(" ", 10_000) + "}",
	} {
		err := got.UnmarshalJSON([]byte(text))
		require.Error(t, err, "UnmarshalJSON(%.20s…)", text)
		assert.Less(t, len(err.Error()), 200, "UnmarshalJSON(%.20s…)", text)
	}
}

func TestTimestamp_InStructsPointersSlicesAndMaps(t *testing.T) {
	t.Parallel()
	type holder struct {
		Plain   Timestamp            `json:"plain"`
		Omitted Timestamp            `json:"omitted,omitzero"`
		Pointer *Timestamp           `json:"pointer"`
		Slice   []Timestamp          `json:"slice"`
		Map     map[string]Timestamp `json:"map"`
		Keys    map[Timestamp]int    `json:"keys"`
	}
	noon := Timestamp{Time: time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC)}

	const wire = `{
		"plain": 1709208000, "omitted": "2024-02-29 12:00:00.000", "pointer": "2024-02-29T13:00:00+01:00",
		"slice": [0, 1709208000, null, "", "0001-01-01T00:00:00Z"], "map": {"a": 1709208000.0, "b": null},
		"keys": {"1709208000": 7}
	}`
	want := holder{
		Plain: noon, Omitted: noon, Pointer: &noon,
		Slice: []Timestamp{{}, noon, {}, {}, {}},
		Map:   map[string]Timestamp{"a": noon, "b": {}},
		Keys:  map[Timestamp]int{noon: 7},
	}
	for name, unmarshal := range map[string]func([]byte, any) error{"jsonx.Decode": jsonx.Decode, "json.Unmarshal": json.Unmarshal} {
		var got holder
		require.NoError(t, unmarshal([]byte(wire), &got), name)
		assert.Equal(t, want, got, name)

		var empty holder
		require.NoError(t, unmarshal([]byte(`{"pointer": null}`), &empty), name)
		assert.Nil(t, empty.Pointer, "%s: a pointer to null", name)
	}
	for name, marshal := range map[string]func(any) ([]byte, error){
		"jsonx.Marshal": jsonx.Marshal, "json.Marshal": json.Marshal, "EncodeRequest": EncodeRequest,
	} {
		data, err := marshal(want)
		require.NoError(t, err, name)
		assert.JSONEq(t, `{
			"plain": "2024-02-29T12:00:00Z", "omitted": "2024-02-29T12:00:00Z", "pointer": "2024-02-29T12:00:00Z",
			"slice": [null, "2024-02-29T12:00:00Z", null, null, null], "map": {"a": "2024-02-29T12:00:00Z", "b": null},
			"keys": {"2024-02-29T12:00:00Z": 7}
		}`, string(data), name)

		data, err = marshal(holder{Slice: []Timestamp{}, Map: map[string]Timestamp{}, Keys: map[Timestamp]int{}})
		require.NoError(t, err, name)
		assert.JSONEq(t, `{"plain": null, "pointer": null, "slice": [], "map": {}, "keys": {}}`, string(data),
			"%s leaves a zero Timestamp out under omitzero", name)
	}
}

func TestTimestamp_MarshalJSON_KeepsTheInstantOfAnyZone(t *testing.T) {
	t.Parallel()
	local := Timestamp{Time: time.Date(2024, 2, 29, 14, 0, 0, 0, time.FixedZone("", 7200))}
	data, err := json.Marshal(local)
	require.NoError(t, err)
	var got Timestamp
	require.NoError(t, json.Unmarshal(data, &got))
	requireSameTime(t, local.UTC(), got, "json.Unmarshal of "+string(data))
}

func TestTimestamp_String(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "never", Timestamp{}.String())
	assert.Equal(t, "[never]", fmt.Sprint([]Timestamp{{}}))
	at := Timestamp{Time: time.Date(2024, 2, 29, 12, 30, 45, 0, time.UTC)}
	assert.Equal(t, at.Time.String(), at.String())
	assert.Equal(t, "["+at.Time.String()+"]", fmt.Sprint([]Timestamp{at}))
}

// canary is a text that must not be found where a secret must not show.
const canary = "pul-canary-6fe1b2"

// forms of the canary in which a verb may show it.
var canaryForms = []string{
	canary, "canary", fmt.Sprintf("%x", canary), fmt.Sprintf("%X", canary), fmt.Sprintf("% x", canary),
	strings.Trim(fmt.Sprintf("%d", []byte(canary)), "[]"), "0x70, 0x75, 0x6c",
	"cHVsLWNhbmFyeS02ZmUxYjI", // base64
}

func assertNoCanary(t *testing.T, text, called string) {
	t.Helper()
	for _, form := range canaryForms {
		assert.NotContains(t, text, form, "%s shows the secret", called)
	}
}

// holders are values that hold the secret, in every way one can.
func holders(secret Secret) map[string]any {
	type exported struct{ Secret Secret }
	type unexported struct{ secret Secret }
	type pointers struct {
		Exported   *Secret
		unexported *Secret
	}
	type embedded struct{ Secret }
	type deep struct {
		inner unexported
		list  []unexported
		byKey map[string]unexported
		any   any
	}
	return map[string]any{
		"itself":                    secret,
		"a pointer":                 &secret,
		"a pointer to a pointer":    new(&secret),
		"an exported field":         exported{secret},
		"an unexported field":       unexported{secret},
		"a pointer to a struct":     &unexported{secret},
		"fields of pointers":        pointers{&secret, &secret},
		"a slice":                   []Secret{secret, secret},
		"a slice of pointers":       []*Secret{&secret},
		"a slice of any":            []any{secret, &secret},
		"an array":                  [1]Secret{secret},
		"a map's value":             map[string]Secret{"key": secret},
		"a map's key":               map[Secret]int{secret: 1},
		"a struct in depth":         deep{unexported{secret}, []unexported{{secret}}, map[string]unexported{"k": {secret}}, unexported{secret}},
		"a Nullable":                NullableOf(secret),
		"a struct with a Nullable":  struct{ N Nullable[Secret] }{NullableOf(secret)},
		"an unexported Nullable":    struct{ n Nullable[Secret] }{NullableOf(secret)},
		"an embedded Secret":        embedded{secret},
		"an interface":              struct{ any any }{secret},
		"the client's own settings": config{token: secret},
		"a client":                  &Client{common: func() http.Header { return http.Header{"Authorization": {authorization(secret)}} }},
		"stored credentials":        storedCredentials{AccessTokens: map[string]Secret{"url": secret}, Accounts: map[string]storedAccount{"url": {AccessToken: secret, RefreshToken: secret}}},
	}
}

func TestSecret_Format_NeverReveals(t *testing.T) {
	t.Parallel()
	verbs := []string{
		"%v", "%+v", "%#v", "%s", "%q", "%#q", "%+q", "%x", "%X", "% x", "%#x", "%d", "%p", "%t", "%c", "%U", "%e", "%g", "%b",
		"%o", "%O", "%w", "%y", "%100v", "%-100s", "%.3s", "%08d", "%+d", "%!",
	}
	for name, holder := range holders(NewSecret(canary)) {
		for _, verb := range verbs {
			called := fmt.Sprintf("Sprintf(%q, %s)", verb, name)
			assertNoCanary(t, fmt.Sprintf(verb, holder), called)
			assertNoCanary(t, fmt.Errorf("wrapped: "+verb, holder).Error(), called) //nolint:err113 // a format that a user may write
		}
		assertNoCanary(t, fmt.Sprint(holder), "Sprint of "+name)
		assertNoCanary(t, fmt.Sprintln(holder, holder), "Sprintln of "+name)
	}
	secret := NewSecret(canary)
	for _, verb := range verbs[:len(verbs)-1] {
		if verb == "%p" || verb == "%w" {
			continue // fmt asks no Formatter there, and prints an address
		}
		assert.Equal(t, redacted, fmt.Sprintf(verb, secret), "Sprintf(%q, secret)", verb)
		assert.Equal(t, redacted, fmt.Sprintf(verb, Secret{}), "Sprintf(%q, Secret{}): whether there is one is not shown", verb)
	}
	assert.Equal(t, redacted, secret.String(), "String()")
	assert.Equal(t, "{[redacted]}", fmt.Sprint(struct{ S Secret }{secret}), "an exported field")
}

func TestSecret_Templates_NeverReveal(t *testing.T) {
	t.Parallel()
	tmpl := template.Must(template.New("").Parse(`{{.}} {{printf "%s" .}} {{print .}} {{html .}} {{js .}}`))
	for name, holder := range holders(NewSecret(canary)) {
		var out strings.Builder
		require.NoError(t, tmpl.Execute(&out, holder), name)
		assertNoCanary(t, out.String(), "a template with "+name)
	}
}

func TestSecret_Slog_NeverReveals(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	options := &slog.HandlerOptions{Level: slog.LevelDebug}
	for name, handler := range map[string]slog.Handler{
		"TextHandler": slog.NewTextHandler(&out, options), "JSONHandler": slog.NewJSONHandler(&out, options),
	} {
		logger := slog.New(handler)
		for what, holder := range holders(NewSecret(canary)) {
			out.Reset()
			logger.InfoContext(t.Context(), "message", "key", holder, slog.Group("group", slog.Any("inner", holder)))
			logger.With("with", holder).InfoContext(t.Context(), "message")
			require.NotZero(t, out.Len(), "%s wrote nothing of %s", name, what)
			assertNoCanary(t, out.String(), name+" with "+what)
		}
		out.Reset()
		logger.InfoContext(t.Context(), "message", "key", NewSecret(canary))
		assert.Contains(t, out.String(), redacted, "%s of a Secret", name)
	}
}

// A handler that looks for itself, with reflection say, gets the text only.
func TestSecret_LogValue(t *testing.T) {
	t.Parallel()
	for _, secret := range []Secret{NewSecret(canary), {}} {
		assert.Equal(t, slog.StringValue(redacted), slog.AnyValue(secret).Resolve(), "AnyValue(secret).Resolve()")
	}
	assert.Equal(t, slog.StringValue(redacted), slog.AnyValue(new(NewSecret(canary))).Resolve(), "AnyValue(&secret).Resolve()")
}

func TestSecret_Encoders_NeverReveal(t *testing.T) {
	t.Parallel()
	encoders := map[string]func(any) ([]byte, error){
		"encoding/json": json.Marshal,
		"jsonx.Marshal": jsonx.Marshal,
		"encoding/xml":  xml.Marshal,
		"encoding/gob": func(v any) ([]byte, error) {
			var out bytes.Buffer
			err := gob.NewEncoder(&out).Encode(v)
			return out.Bytes(), err
		},
	}
	for name, encode := range encoders {
		for what, holder := range holders(NewSecret(canary)) {
			// Some of them can't be encoded at all. What is written must not show it, nor must the error.
			data, err := encode(holder)
			assertNoCanary(t, string(data), name+" of "+what)
			if err != nil {
				assertNoCanary(t, err.Error(), "the error of "+name+" of "+what)
			}
		}
	}
	for name, encode := range map[string]func(any) ([]byte, error){"encoding/json": json.Marshal, "jsonx.Marshal": jsonx.Marshal} {
		data, err := encode(map[string]any{"value": NewSecret(canary), "pointer": new(NewSecret(canary)), "list": []Secret{NewSecret(canary)}})
		require.NoError(t, err, name)
		assert.JSONEq(t, `{"value": "[redacted]", "pointer": "[redacted]", "list": ["[redacted]"]}`, string(data), name)

		data, err = encode(map[Secret]int{NewSecret(canary): 1})
		require.NoError(t, err, name)
		assert.JSONEq(t, `{"[redacted]": 1}`, string(data), "%s with a Secret as a key", name)

		data, err = encode(struct {
			Secret Secret `json:"secret,omitzero"`
		}{})
		require.NoError(t, err, name)
		assert.JSONEq(t, `{}`, string(data), "%s of an empty Secret under omitzero", name)
	}
}

func TestSecret_RequestEncoder_Reveals(t *testing.T) {
	t.Parallel()
	secret := NewSecret(canary)
	type body struct {
		Plain   Secret            `json:"plain"`
		Empty   Secret            `json:"empty"`
		Omitted Secret            `json:"omitted,omitzero"`
		Pointer *Secret           `json:"pointer"`
		Nil     *Secret           `json:"nil"`
		Slice   []Secret          `json:"slice"`
		Map     map[string]Secret `json:"map"`
		Any     any               `json:"any"`
		Null    Nullable[Secret]  `json:"null,omitzero"`
		Set     Nullable[Secret]  `json:"set,omitzero"`
		Left    Nullable[Secret]  `json:"left,omitzero"`
	}
	data, err := EncodeRequest(body{
		Plain: secret, Pointer: &secret, Slice: []Secret{secret, {}}, Map: map[string]Secret{"a": secret}, Any: secret,
		Null: Null[Secret](), Set: NullableOf(secret),
	})
	require.NoError(t, err)
	want := strings.ReplaceAll(`{
		"plain": "*", "empty": "", "pointer": "*", "nil": null, "slice": ["*", ""], "map": {"a": "*"}, "any": "*",
		"null": null, "set": "*"
	}`, "*", canary)
	assert.JSONEq(t, want, string(data), "EncodeRequest")

	odd := "quo\"te\\ \n <é> \u2028 😀"
	data, err = EncodeRequest(NewSecret(odd))
	require.NoError(t, err)
	var back string
	require.NoError(t, json.Unmarshal(data, &back))
	assert.Equal(t, odd, back, "EncodeRequest of a Secret with odd characters")
}

func TestSecret_RequestEncoder_ErrorDoesNotQuote(t *testing.T) {
	t.Parallel()
	for _, v := range []any{
		map[string]any{"secret": NewSecret(canary + "\xff")},
		map[Secret]int{NewSecret(canary + "\xff"): 1},
		struct {
			Secret Secret
			Bad    func()
		}{Secret: NewSecret(canary)},
	} {
		_, err := jsonBody("req", v)
		var refused *ArgumentError
		require.ErrorAs(t, err, &refused, "jsonBody(%T)", v)
		assert.Empty(t, refused.Value)
		assertNoCanary(t, fmt.Sprintf("%v %+v %#v", err, err, err), fmt.Sprintf("the error of jsonBody(%T)", v))
	}
}

func TestSecret_UnmarshalJSON(t *testing.T) {
	t.Parallel()
	for name, unmarshal := range map[string]func([]byte, any) error{"jsonx.Decode": jsonx.Decode, "json.Unmarshal": json.Unmarshal} {
		secret := NewSecret("before")
		require.NoError(t, unmarshal([]byte(`"`+canary+`"`), &secret), name)
		assert.Equal(t, canary, secret.Reveal(), name)

		require.NoError(t, unmarshal([]byte(`"\u0061b\n"`), &secret), name)
		assert.Equal(t, "ab\n", secret.Reveal(), "%s of escapes", name)

		for _, empty := range []string{`""`, `null`} {
			secret = NewSecret("before")
			require.NoError(t, unmarshal([]byte(empty), &secret), "%s(%s)", name, empty)
			assert.True(t, secret.IsZero(), "%s(%s)", name, empty)
			assert.Empty(t, secret.Reveal(), "%s(%s)", name, empty)

			secret = NewSecret("before")
			require.NoError(t, secret.UnmarshalJSON([]byte(empty)), "UnmarshalJSON(%s)", empty)
			assert.True(t, secret.IsZero(), "UnmarshalJSON(%s)", empty)
		}
	}
}

func TestSecret_UnmarshalJSON_RefusesWhatIsNoSecret(t *testing.T) {
	t.Parallel()
	for name, unmarshal := range map[string]func([]byte, any) error{"jsonx.Decode": jsonx.Decode, "json.Unmarshal": json.Unmarshal} {
		for _, text := range []string{
			`"[redacted]"`, `"\u005bredacted]"`, `1`, `true`, `{}`, `{"` + canary + `": "` + canary + `"}`, `["` + canary + `"]`,
		} {
			secret := NewSecret("before")
			err := unmarshal([]byte(text), &secret)
			require.Error(t, err, "%s(%s)", name, text)
			assertNoCanary(t, fmt.Sprintf("%v %+v", err, err), fmt.Sprintf("the error of %s(%s)", name, text))
			assert.Equal(t, "before", secret.Reveal(), "%s(%s) failed, but changed the Secret", name, text)
		}
	}
	for _, text := range []string{``, `"` + canary, canary, `"` + canary + `" "`, `"\u00"`} {
		var secret Secret
		err := secret.UnmarshalJSON([]byte(text))
		require.Error(t, err, "UnmarshalJSON(%q)", text)
		assertNoCanary(t, err.Error(), fmt.Sprintf("the error of UnmarshalJSON(%q)", text))
	}
	var secret Secret
	require.Error(t, secret.UnmarshalText([]byte(redacted)), "UnmarshalText(%q)", redacted)
	require.NoError(t, secret.UnmarshalText([]byte(canary)))
	assert.Equal(t, canary, secret.Reveal(), "UnmarshalText")
}

// A Secret that was marshalled does not come back as one.
func TestSecret_Marshal_IsNotReadBack(t *testing.T) {
	t.Parallel()
	data, err := json.Marshal(NewSecret(canary))
	require.NoError(t, err)
	var secret Secret
	require.ErrorIs(t, json.Unmarshal(data, &secret), errRedacted, "json.Unmarshal(%s)", data)
}

func TestSecret_Equal(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b Secret
		want bool
	}{
		{NewSecret("a"), NewSecret("a"), true},
		{NewSecret("a"), NewSecret("b"), false},
		{NewSecret("a"), NewSecret("ab"), false},
		{NewSecret("a"), Secret{}, false},
		{Secret{}, NewSecret("a"), false},
		{Secret{}, Secret{}, true},
		{Secret{}, NewSecret(""), true},
	} {
		assert.Equal(t, c.want, c.a.Equal(c.b), "NewSecret(%q).Equal(NewSecret(%q))", c.a.Reveal(), c.b.Reveal())
	}
	assert.True(t, NewSecret("").IsZero(), `NewSecret("").IsZero()`)
	assert.False(t, NewSecret(" ").IsZero(), `NewSecret(" ").IsZero()`)
	assert.Equal(t, Secret{}, NewSecret(""), "an empty Secret is the zero Secret, for omitzero")
}

// nullables is a request's body as the package's own are: every Nullable says omitzero.
type nullables struct {
	Text   Nullable[string]         `json:"text,omitzero"`
	Number Nullable[int]            `json:"number,omitzero"`
	Flag   Nullable[bool]           `json:"flag,omitzero"`
	Secret Nullable[Secret]         `json:"secret,omitzero"`
	List   Nullable[[]string]       `json:"list,omitzero"`
	Time   Nullable[Timestamp]      `json:"time,omitzero"`
	Struct Nullable[stackTagFields] `json:"struct,omitzero"`
}

type stackTagFields struct {
	Name   string `json:"name"`
	Secret Secret `json:"secret,omitzero"`
}

func TestNullable_RequestEncoder_KnowsThreeStates(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body nullables
		want string
	}{
		"left alone": {nullables{}, `{}`},
		"cleared": {
			nullables{
				Text: Null[string](), Number: Null[int](), Flag: Null[bool](), Secret: Null[Secret](), List: Null[[]string](),
				Time: Null[Timestamp](), Struct: Null[stackTagFields](),
			},
			`{"text": null, "number": null, "flag": null, "secret": null, "list": null, "time": null, "struct": null}`,
		},
		"set": {
			nullables{
				Text: NullableOf("a"), Number: NullableOf(7), Flag: NullableOf(true), Secret: NullableOf(NewSecret(canary)),
				List: NullableOf([]string{"a"}), Time: NullableOf(Timestamp{Time: time.Unix(1700000000, 0).UTC()}),
				Struct: NullableOf(stackTagFields{Name: "n", Secret: NewSecret(canary)}),
			},
			`{"text": "a", "number": 7, "flag": true, "secret": "` + canary + `", "list": ["a"], "time": "2023-11-14T22:13:20Z",
				"struct": {"name": "n", "secret": "` + canary + `"}}`,
		},
		"set to zero": {
			nullables{
				Text: NullableOf(""), Number: NullableOf(0), Flag: NullableOf(false), Secret: NullableOf(Secret{}),
				List: NullableOf([]string(nil)), Time: NullableOf(Timestamp{}), Struct: NullableOf(stackTagFields{}),
			},
			`{"text": "", "number": 0, "flag": false, "secret": "", "list": [], "time": null, "struct": {"name": ""}}`,
		},
	} {
		data, err := EncodeRequest(c.body)
		require.NoError(t, err, "EncodeRequest, %s", name)
		assert.JSONEq(t, c.want, string(data), "EncodeRequest, %s", name)

		data, err = EncodeRequest(&c.body)
		require.NoError(t, err, "EncodeRequest of a pointer, %s", name)
		assert.JSONEq(t, c.want, string(data), "EncodeRequest of a pointer, %s", name)

		// The same elsewhere, but for secrets.
		data, err = json.Marshal(c.body)
		require.NoError(t, err, "json.Marshal, %s", name)
		elsewhere := strings.ReplaceAll(c.want, canary, redacted)
		elsewhere = strings.ReplaceAll(elsewhere, `"secret": ""`, `"secret": "[redacted]"`)
		assert.JSONEq(t, elsewhere, string(data), "json.Marshal, %s", name)
	}
}

func TestNullable_Get(t *testing.T) {
	t.Parallel()
	value, ok := NullableOf("").Get()
	assert.True(t, ok, `NullableOf("").Get()`)
	assert.Empty(t, value)
	value, ok = NullableOf("a").Get()
	assert.True(t, ok)
	assert.Equal(t, "a", value)
	assert.False(t, NullableOf("").IsNull(), `NullableOf("").IsNull()`)
	assert.False(t, NullableOf("").IsZero(), `NullableOf("").IsZero()`)

	_, ok = Null[string]().Get()
	assert.False(t, ok, "Null().Get()")
	assert.True(t, Null[string]().IsNull(), "Null().IsNull()")
	assert.False(t, Null[string]().IsZero(), "Null().IsZero()")

	var left Nullable[string]
	_, ok = left.Get()
	assert.False(t, ok, "Nullable{}.Get()")
	assert.False(t, left.IsNull(), "Nullable{}.IsNull()")
	assert.True(t, left.IsZero(), "Nullable{}.IsZero()")
}

func TestNullable_NullableOf_KeepsItsOwnValue(t *testing.T) {
	t.Parallel()
	value := "before"
	nullable := NullableOf(value)
	value = "after"
	got, _ := nullable.Get()
	assert.Equal(t, "before", got, "Get after the variable has become %q", value)
}

func TestStackIdentifier_RoundTrips(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]StackIdentifier{
		"acme/web/prod":       {"acme", "web", "prod"},
		"a/b/c":               {"a", "b", "c"},
		"acme corp/we b/pr d": {"acme corp", "we b", "pr d"},
		"ä/é/😀":               {"ä", "é", "😀"},
		"a%2Fb/c/d":           {"a%2Fb", "c", "d"}, // as it is: nothing is decoded here
		" a/b/c ":             {" a", "b", "c "},
		`"a"/b/\`:             {`"a"`, "b", `\`},
	} {
		got, err := ParseStackIdentifier(text)
		require.NoError(t, err, "ParseStackIdentifier(%q)", text)
		assert.Equal(t, want, got, "ParseStackIdentifier(%q)", text)
		assert.Equal(t, text, got.String(), "ParseStackIdentifier(%q).String()", text)

		marshalled, err := got.MarshalText()
		require.NoError(t, err, "MarshalText of %q", text)
		assert.Equal(t, text, string(marshalled), "MarshalText")
		var again StackIdentifier
		require.NoError(t, again.UnmarshalText(marshalled), "UnmarshalText(%q)", marshalled)
		assert.Equal(t, want, again, "UnmarshalText(%q)", marshalled)
	}
}

func TestStackIdentifier_RefusesWhatHasNotThreeParts(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "/", "//", "acme", "acme/web", "acme/web/", "/web/prod", "acme//prod", "acme/web/prod/", "/acme/web/prod", "acme/web/prod/x",
		strings.Repeat("ä", 1000), strings.Repeat("a/", 1000),
	} {
		_, err := ParseStackIdentifier(text)
		var refused *ArgumentError
		require.ErrorAs(t, err, &refused, "ParseStackIdentifier(%.20q)", text)
		assert.Equal(t, "text", refused.Name)
		assert.LessOrEqual(t, len([]rune(refused.Value)), maxErrorValue, "the Value of ParseStackIdentifier(%.20q)", text)

		id := StackIdentifier{"before", "be", "fore"}
		if text == "" {
			require.NoError(t, id.UnmarshalText(nil), "UnmarshalText of nothing")
			assert.Zero(t, id, "UnmarshalText of nothing")
			continue
		}
		require.ErrorAs(t, id.UnmarshalText([]byte(text)), &refused, "UnmarshalText(%.20q)", text)
		assert.Equal(t, StackIdentifier{"before", "be", "fore"}, id, "UnmarshalText(%.20q) failed, but changed it", text)
	}
	for _, id := range []StackIdentifier{
		{"acme", "web", ""}, {"", "web", "prod"}, {"acme", "", "prod"}, {"a/b", "web", "prod"}, {"acme", "web", "pr/od"},
	} {
		_, err := id.MarshalText()
		require.Error(t, err, "MarshalText of %#v", id)
		_, err = json.Marshal(id)
		require.Error(t, err, "json.Marshal of %#v", id)
	}
}

// The zero StackIdentifier is empty text, so that a flag or a field may be left out.
func TestStackIdentifier_ZeroIsEmptyText(t *testing.T) {
	t.Parallel()
	text, err := StackIdentifier{}.MarshalText()
	require.NoError(t, err)
	assert.Empty(t, text)
	data, err := json.Marshal(map[string]StackIdentifier{"id": {}})
	require.NoError(t, err)
	assert.JSONEq(t, `{"id": ""}`, string(data))
	got := map[string]StackIdentifier{"id": {"a", "b", "c"}}
	require.NoError(t, json.Unmarshal(data, &got))
	assert.Zero(t, got["id"])
}

func TestStackIdentifier_JSON(t *testing.T) {
	t.Parallel()
	type holder struct {
		ID   StackIdentifier            `json:"id"`
		List []StackIdentifier          `json:"list"`
		Map  map[StackIdentifier]string `json:"map"`
	}
	a, b := StackIdentifier{"acme", "web", "prod"}, StackIdentifier{"acme", "web", "dev"}
	value := holder{a, []StackIdentifier{a, b}, map[StackIdentifier]string{a: "A", b: "B"}}
	const wire = `{"id": "acme/web/prod", "list": ["acme/web/prod", "acme/web/dev"], "map": {"acme/web/prod": "A", "acme/web/dev": "B"}}`

	data, err := json.Marshal(value)
	require.NoError(t, err, "json.Marshal")
	assert.JSONEq(t, wire, string(data), "json.Marshal")
	data, err = EncodeRequest(value)
	require.NoError(t, err, "EncodeRequest")
	assert.JSONEq(t, wire, string(data), "EncodeRequest")
	for name, unmarshal := range map[string]func([]byte, any) error{"jsonx.Decode": jsonx.Decode, "json.Unmarshal": json.Unmarshal} {
		var got holder
		require.NoError(t, unmarshal([]byte(wire), &got), name)
		assert.Equal(t, value, got, name)
		require.Error(t, unmarshal([]byte(`{"id": "acme/web"}`), &got), name)
		require.Error(t, unmarshal([]byte(`{"map": {"acme/web": "A"}}`), &got), name)
	}
}

func TestStackIdentifier_IsAFlag(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		initial StackIdentifier
		args    []string
		want    StackIdentifier
	}{
		{StackIdentifier{}, nil, StackIdentifier{}},
		{StackIdentifier{"acme", "web", "dev"}, nil, StackIdentifier{"acme", "web", "dev"}},
		{StackIdentifier{}, []string{"-stack", "acme/web/prod"}, StackIdentifier{"acme", "web", "prod"}},
		{StackIdentifier{"acme", "web", "dev"}, []string{"-stack=acme/web/prod"}, StackIdentifier{"acme", "web", "prod"}},
	} {
		var id StackIdentifier
		flags := flag.NewFlagSet("test", flag.ContinueOnError)
		flags.SetOutput(io.Discard)
		flags.TextVar(&id, "stack", c.initial, "the stack")
		require.NoError(t, flags.Parse(c.args), "Parse(%q)", c.args)
		assert.Equal(t, c.want, id, "Parse(%q)", c.args)
		flags.PrintDefaults() // must not panic
	}
	var id StackIdentifier
	flags := flag.NewFlagSet("test", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.TextVar(&id, "stack", StackIdentifier{}, "the stack")
	err := flags.Parse([]string{"-stack", "acme/web"})
	require.ErrorContains(t, err, "organization/project/stack", "Parse(-stack acme/web)")
	require.NotErrorIs(t, err, flag.ErrHelp)
}

func TestEnvironmentIdentifier_IsText(t *testing.T) {
	t.Parallel()
	id := EnvironmentIdentifier{Org: "acme", Project: "web", Environment: "prod"}
	data, err := json.Marshal(map[EnvironmentIdentifier]EnvironmentIdentifier{id: {}})
	require.NoError(t, err)
	assert.JSONEq(t, `{"acme/web/prod":""}`, string(data))
	got := map[EnvironmentIdentifier]EnvironmentIdentifier{}
	require.NoError(t, json.Unmarshal(data, &got))
	assert.Equal(t, map[EnvironmentIdentifier]EnvironmentIdentifier{id: {}}, got)
	for _, text := range []string{"acme/web", "acme/web/", "/web/prod", "acme//prod", "acme/web/prod/1"} {
		var refused *ArgumentError
		_, err := ParseEnvironmentIdentifier(text)
		require.ErrorAs(t, err, &refused, text)
		assert.Equal(t, text, refused.Value)
		require.ErrorAs(t, id.UnmarshalText([]byte(text)), &refused, text)
	}
	assert.Equal(t, "prod", id.Environment, "UnmarshalText failed, but changed it")
	_, err = EnvironmentIdentifier{Org: "a", Project: "b/c", Environment: "d"}.MarshalText()
	require.Error(t, err)
}
