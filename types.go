package pulumiapi

import (
	"bytes"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pulumiapi/pulumiapi/internal/jsonx"
)

// wireValuer is implemented by types whose form on the wire is another than
// the one they marshal to elsewhere.
type wireValuer interface {
	wireValue() any
}

// requestEncoder writes the bodies of requests that have no secrets.
var requestEncoder = jsonx.NewEncoder(func(v wireValuer) any { return v.wireValue() })

// encodeRequest returns v as the JSON of a request's body, and the secrets that
// are in it.
func encodeRequest(v any) (data []byte, secrets []string, err error) {
	if v == nil || !mayHoldSecret(reflect.TypeOf(v)) {
		data, err = requestEncoder.Encode(v)
		return data, nil, err
	}
	return encodeWithSecrets(v)
}

func encodeWithSecrets(v any) (data []byte, secrets []string, err error) {
	encoder := jsonx.NewEncoder(func(v wireValuer) any {
		if secret, ok := v.(interface{ Reveal() string }); ok {
			secrets = append(secrets, secret.Reveal())
		}
		return v.wireValue()
	})
	data, err = encoder.Encode(v)
	return data, secrets, err
}

// secretHolders remembers what holdsSecret has found out (BenchmarkW7CreateTag).
var secretHolders sync.Map // reflect.Type → bool

// mayHoldSecret reports whether there can be a Secret in a value of type t.
func mayHoldSecret(t reflect.Type) bool {
	if known, ok := secretHolders.Load(t); ok {
		return known == true
	}
	holds := holdsSecret(t, map[reflect.Type]bool{})
	secretHolders.Store(t, holds)
	return holds
}

// holdsSecret does the work of mayHoldSecret. Types that were seen further out are
// left to there.
func holdsSecret(t reflect.Type, seen map[reflect.Type]bool) bool {
	if seen[t] {
		return false
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Interface:
		return true
	case reflect.Map:
		return holdsSecret(t.Key(), seen) || holdsSecret(t.Elem(), seen)
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return holdsSecret(t.Elem(), seen)
	case reflect.Struct:
		if t == reflect.TypeFor[Secret]() {
			return true
		}
		for field := range t.Fields() {
			if holdsSecret(field.Type, seen) {
				return true
			}
		}
	default:
	}
	return false
}

// Timestamp is a point in time as Pulumi Cloud reports it. The service writes
// times as Unix seconds, as RFC 3339 or as "2006-01-02 15:04:05.000"; all of
// them are read, and the result is always in UTC. The zero Timestamp means
// "never": the service's null, 0, empty text and year 1 all become it, and
// [Timestamp.IsZero] asks for it.
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

// UnmarshalJSON reads any of the forms in which the service writes a time.
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
		return fmt.Errorf("timestamp: %w", err)
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

func (t *Timestamp) parseUnix(text string) error {
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil {
		if seconds < minUnix || seconds > maxUnix {
			return fmt.Errorf("timestamp: %d seconds are out of range", seconds)
		}
		return t.setUnix(seconds, 0)
	}
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil || !(seconds >= minUnix && seconds <= maxUnix) {
		return fmt.Errorf("timestamp: cannot read %.40q", text)
	}
	whole, fraction := math.Modf(seconds)
	// A float64 holds the seconds of our time to about a quarter of a microsecond.
	microseconds := math.Round(fraction * 1e6)
	return t.setUnix(int64(whole), int64(microseconds)*1000)
}

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
		return fmt.Errorf("timestamp: the year %d is out of range", parsed.Year())
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

// Secret is text that must not be shown: an access token, a webhook's secret.
// Whatever prints, logs or marshals it shows "[redacted]"; only
// [Secret.Reveal] returns it, and request bodies carry it. (What follows pointers
// into private fields by reflection shows the text all the same: some packages
// for assertions in tests do.) The zero Secret is empty. Compare with
// [Secret.Equal], not with ==.
type Secret struct {
	// A pointer, as fmt calls no methods on unexported fields and would print
	// a string there.
	value *string
}

const redacted = "[redacted]"

// NewSecret returns a Secret that holds value.
func NewSecret(value string) Secret {
	if value == "" {
		return Secret{}
	}
	return Secret{value: &value}
}

// Reveal returns the text itself.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// IsZero reports whether the Secret is empty.
func (s Secret) IsZero() bool { return s.value == nil }

// Equal reports whether both hold the same text, in time that does not depend
// on where they differ.
func (s Secret) Equal(other Secret) bool {
	return subtle.ConstantTimeCompare([]byte(s.Reveal()), []byte(other.Reveal())) == 1
}

// String returns "[redacted]", whatever the Secret holds.
func (s Secret) String() string { return redacted }

// Format writes "[redacted]" for every verb.
func (s Secret) Format(state fmt.State, _ rune) {
	_, _ = state.Write([]byte(redacted))
}

// LogValue returns "[redacted]" for log/slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalJSON returns the JSON string "[redacted]".
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// MarshalText returns "[redacted]".
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

var errRedacted = errors.New("secret: the text is " + redacted + ", not a secret")

// UnmarshalJSON reads a JSON string. The text "[redacted]" is refused, as it is
// what a marshalled Secret leaves behind.
func (s *Secret) UnmarshalJSON(data []byte) error {
	var text string
	if err := jsonx.Decode(data, &text); err != nil {
		// The library's error may quote what it read.
		return errors.New("secret: not a JSON string")
	}
	return s.UnmarshalText([]byte(text))
}

// UnmarshalText reads text. The text "[redacted]" is refused.
func (s *Secret) UnmarshalText(text []byte) error {
	if string(text) == redacted {
		return errRedacted
	}
	*s = NewSecret(string(text))
	return nil
}

func (s Secret) wireValue() any { return s.Reveal() }

// Nullable is a field of a request that the service can change, clear or leave
// alone. The zero Nullable leaves it alone, [NullableOf] sets it, and [Null]
// clears it. Its json tag must say omitzero.
type Nullable[T any] struct {
	value *T
	null  bool
}

// NullableOf returns a Nullable that sets the field to value.
func NullableOf[T any](value T) Nullable[T] { return Nullable[T]{value: &value} }

// Null returns a Nullable that clears the field: it sends null.
func Null[T any]() Nullable[T] { return Nullable[T]{null: true} }

// Get returns the value that the field is set to, and whether it is set to one.
func (n Nullable[T]) Get() (value T, ok bool) {
	if n.value == nil {
		return value, false
	}
	return *n.value, true
}

// IsNull reports whether the field is cleared.
func (n Nullable[T]) IsNull() bool { return n.null }

// IsZero reports whether the field is left alone.
func (n Nullable[T]) IsZero() bool { return n.value == nil && !n.null }

// MarshalJSON returns the value as JSON, or null. Secrets stay hidden in it;
// request bodies are written by other means.
func (n Nullable[T]) MarshalJSON() ([]byte, error) { return jsonx.Marshal(n.value) }

// wireValue is a pointer, which is null when there is no value.
func (n Nullable[T]) wireValue() any { return n.value }

// StackIdentifier names a stack: its organization, project and stack name.
type StackIdentifier struct {
	Org     string
	Project string
	Stack   string
}

// ParseStackIdentifier reads text of the form "organization/project/stack".
func ParseStackIdentifier(text string) (StackIdentifier, error) {
	org, project, stack, err := splitIdentifier(text, "organization/project/stack")
	return StackIdentifier{Org: org, Project: project, Stack: stack}, err
}

// String returns "organization/project/stack".
func (id StackIdentifier) String() string {
	return id.Org + "/" + id.Project + "/" + id.Stack
}

// MarshalText returns "organization/project/stack", and nothing for the zero
// StackIdentifier. It fails for an identifier that [ParseStackIdentifier] would
// not read back.
func (id StackIdentifier) MarshalText() ([]byte, error) {
	return marshalIdentifier(id, ParseStackIdentifier)
}

// UnmarshalText reads what [ParseStackIdentifier] reads, and empty text as the
// zero StackIdentifier.
func (id *StackIdentifier) UnmarshalText(text []byte) error {
	return unmarshalIdentifier(id, text, ParseStackIdentifier)
}

func (id StackIdentifier) pathArgs() []pathArg {
	return []pathArg{{"id.Org", id.Org}, {"id.Project", id.Project}, {"id.Stack", id.Stack}}
}

// EnvironmentIdentifier names a Pulumi ESC environment: its organization, project
// and environment name.
type EnvironmentIdentifier struct {
	Org         string
	Project     string
	Environment string
}

// ParseEnvironmentIdentifier reads text of the form
// "organization/project/environment".
func ParseEnvironmentIdentifier(text string) (EnvironmentIdentifier, error) {
	org, project, environment, err := splitIdentifier(text, "organization/project/environment")
	return EnvironmentIdentifier{Org: org, Project: project, Environment: environment}, err
}

// String returns "organization/project/environment".
func (id EnvironmentIdentifier) String() string {
	return id.Org + "/" + id.Project + "/" + id.Environment
}

// MarshalText returns "organization/project/environment", and nothing for the zero
// EnvironmentIdentifier. It fails for an identifier that
// [ParseEnvironmentIdentifier] would not read back.
func (id EnvironmentIdentifier) MarshalText() ([]byte, error) {
	return marshalIdentifier(id, ParseEnvironmentIdentifier)
}

// UnmarshalText reads what [ParseEnvironmentIdentifier] reads, and empty text as
// the zero EnvironmentIdentifier.
func (id *EnvironmentIdentifier) UnmarshalText(text []byte) error {
	return unmarshalIdentifier(id, text, ParseEnvironmentIdentifier)
}

// splitIdentifier takes text of the form, which has three parts, apart.
func splitIdentifier(text, form string) (org, project, name string, err error) {
	parts := strings.Split(text, "/")
	if len(parts) != 3 || slices.Contains(parts, "") {
		return "", "", "", newArgumentError("text", text, "is not of the form "+form)
	}
	return parts[0], parts[1], parts[2], nil
}

// marshalIdentifier returns an identifier as text, which parse has to read back, and
// nothing for the zero one.
func marshalIdentifier[T interface {
	comparable
	fmt.Stringer
}](id T, parse func(string) (T, error)) ([]byte, error) {
	if id == *new(T) {
		return []byte{}, nil
	}
	text := id.String()
	if _, err := parse(text); err != nil {
		return nil, err
	}
	return []byte(text), nil
}

// unmarshalIdentifier reads what marshalIdentifier returns. If it fails, id stays.
func unmarshalIdentifier[T any](id *T, text []byte, parse func(string) (T, error)) error {
	if len(text) == 0 {
		*id = *new(T)
		return nil
	}
	parsed, err := parse(string(text))
	if err == nil {
		*id = parsed
	}
	return err
}
