package pulumiapi

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/pulumiapi/pulumiapi/internal/jsonx"
)

// Timestamp is a point in time as Pulumi Cloud reports it. The service writes
// times as Unix seconds, as milliseconds, as RFC 3339 or as
// "2006-01-02 15:04:05.000"; all of them are read, and the result is always in
// UTC. A whole number above 253402300799, the end of the year 9999, counts
// milliseconds. The zero Timestamp means "never": null, 0, empty text and the
// year 1 are read as the zero Timestamp.
//
// A time that can't be read does not fail a call. The field is the zero
// Timestamp, and a warning names the field: see [Observer.OnWarning] and
// [WithLogger].
//
// A Timestamp marshals to RFC 3339, and to null when it is zero.
type Timestamp struct {
	time.Time
}

// The forms without a zone, which are UTC. Parsing accepts a fraction of a
// second after them.
const (
	zonelessLayout  = time.DateTime
	zonelessLayoutT = "2006-01-02T15:04:05"
)

// UnmarshalJSON reads any of the forms in which the service writes a time. It
// returns an error for any other value, because encoding/json has no way to warn of
// it. The client's methods return the zero Timestamp instead, and warn.
func (t *Timestamp) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		*t = Timestamp{}
		return nil
	}
	if !bytes.HasPrefix(data, []byte(`"`)) {
		if seconds, ok := parseSeconds(data); ok {
			return t.setUnix(seconds, 0)
		}
		return t.parseUnix(string(data))
	}
	if inside, ok := bytes.CutSuffix(data[1:], []byte(`"`)); ok && isPlainText(inside) {
		return t.parseText(string(inside))
	}
	var text string
	if err := jsonx.Decode(data, &text); err != nil {
		return &timestampError{cut(err.Error())}
	}
	return t.parseText(text)
}

// parseSeconds reads digits, as most of the service's times are, without making a
// string of them (BenchmarkW4ListEvents). The rest is left to parseUnix.
func parseSeconds(digits []byte) (seconds int64, ok bool) {
	if len(digits) == 0 || len(digits) > 11 { // fewer than maxUnix has
		return 0, false
	}
	for _, digit := range digits {
		if digit < '0' || digit > '9' {
			return 0, false
		}
		seconds = 10*seconds + int64(digit-'0')
	}
	return seconds, true
}

// isPlainText reports whether the inside of a JSON string is its text.
func isPlainText(inside []byte) bool {
	for _, char := range inside {
		if char < ' ' || char > '~' || char == '\\' || char == '"' {
			return false
		}
	}
	return true
}

// UnmarshalText reads any of the forms in which the service writes a time.
func (t *Timestamp) UnmarshalText(text []byte) error {
	return t.parseText(string(text))
}

func (t *Timestamp) parseText(text string) error {
	if text == "" {
		*t = Timestamp{}
		return nil
	}
	for _, layout := range [...]string{time.RFC3339, zonelessLayout, zonelessLayoutT} {
		if parsed, err := time.Parse(layout, text); err == nil {
			return t.set(parsed)
		}
	}
	return t.parseUnix(text)
}

// Years that RFC 3339 can't write are refused, so that what is read can be
// written again.
const (
	minUnix = -62135596800 // 0001-01-01T00:00:00Z
	maxUnix = 253402300799 // 9999-12-31T23:59:59Z
)

// maxMilli is maxUnix in milliseconds.
const maxMilli = maxUnix*1000 + 999

func (t *Timestamp) parseUnix(text string) error {
	if number, err := strconv.ParseInt(text, 10, 64); err == nil {
		return t.setWhole(number)
	}
	seconds, err := strconv.ParseFloat(text, 64)
	whole, fraction := math.Modf(seconds)
	switch {
	case err != nil, !(seconds >= minUnix && seconds <= maxMilli):
		return &timestampError{fmt.Sprintf("cannot read %.40q", text)}
	case fraction == 0:
		return t.setWhole(int64(whole))
	case seconds > maxUnix:
		return &timestampError{fmt.Sprintf("%.40s seconds are out of range", text)}
	}
	// A float64 holds the seconds of our time to about a quarter of a microsecond.
	microseconds := math.Round(fraction * 1e6)
	return t.setUnix(int64(whole), int64(microseconds)*1000)
}

// setWhole takes a whole number for seconds, or for milliseconds if it is too large
// for them.
func (t *Timestamp) setWhole(number int64) error {
	switch {
	case number < minUnix || number > maxMilli:
		return &timestampError{fmt.Sprintf("%d is out of range", number)}
	case number > maxUnix:
		return t.set(time.UnixMilli(number))
	}
	return t.setUnix(number, 0)
}

// timestampError says that something is no time.
type timestampError struct{ reason string }

func (e *timestampError) Error() string { return "timestamp: " + e.reason }

func (t *Timestamp) setUnix(seconds, nanoseconds int64) error {
	if seconds == 0 && nanoseconds == 0 {
		*t = Timestamp{}
		return nil
	}
	return t.set(time.Unix(seconds, nanoseconds))
}

func (t *Timestamp) set(parsed time.Time) error {
	parsed = parsed.UTC()
	if parsed.Year() > 9999 {
		return &timestampError{fmt.Sprintf("the year %d is out of range", parsed.Year())}
	}
	if parsed.Year() <= 1 {
		parsed = time.Time{}
	}
	t.Time = parsed
	return nil
}

// String returns the time as [time.Time] prints it, or "never" for the zero
// Timestamp.
func (t Timestamp) String() string {
	if t.IsZero() {
		return "never"
	}
	return t.Time.String()
}

// MarshalJSON returns the time in RFC 3339, or null for the zero Timestamp.
func (t Timestamp) MarshalJSON() ([]byte, error) {
	if t.IsZero() {
		return []byte("null"), nil
	}
	return t.Time.MarshalJSON()
}

// MarshalText returns the time in RFC 3339, or nothing for the zero Timestamp.
func (t Timestamp) MarshalText() ([]byte, error) {
	if t.IsZero() {
		return []byte{}, nil
	}
	return t.Time.MarshalText()
}
