package pulumiapi

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
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
	// Milliseconds.
	`253402300800`:      time.Date(1978, 1, 11, 21, 31, 40, 800_000_000, time.UTC),
	`1700000000123`:     time.Date(2023, 11, 14, 22, 13, 20, 123_000_000, time.UTC),
	`"1700000000123"`:   time.Date(2023, 11, 14, 22, 13, 20, 123_000_000, time.UTC),
	`1.700000000123e12`: time.Date(2023, 11, 14, 22, 13, 20, 123_000_000, time.UTC),
	`253402300799999`:   time.Date(9999, 12, 31, 23, 59, 59, 999_000_000, time.UTC),
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
		`253402300800000`, `-62135596801`, `-1700000000000`, `9223372036854775807`, `-9223372036854775808`,
		`9223372036854775808`, `1e300`, `1e400`, `-1e300`, `253402300799.5`, `1700000000123.5`, `"253402300800000"`,
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
