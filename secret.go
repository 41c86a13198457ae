package pulumiapi

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"

	"github.com/pulumiapi/pulumiapi/internal/jsonx"
)

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
