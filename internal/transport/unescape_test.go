package transport

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// escapes are the ways to write a character.
var escapes = map[string]func(r rune) string{
	"as it is":              func(r rune) string { return string(r) },
	"percent":               func(r rune) string { return percent(r, "%%%02x") },
	"percent, capitals":     func(r rune) string { return percent(r, "%%%02X") },
	"percent with a u":      func(r rune) string { return fmt.Sprintf("%%u%04x", r) },
	"JSON":                  func(r rune) string { return fmt.Sprintf(`\u%04x`, r) },
	"JSON, capitals":        func(r rune) string { return fmt.Sprintf(`\u%04X`, r) },
	"braces":                func(r rune) string { return fmt.Sprintf(`\u{%x}`, r) },
	"eight digits":          func(r rune) string { return fmt.Sprintf(`\U%08x`, r) },
	"bytes":                 func(r rune) string { return percent(r, `\x%02x`) },
	"octal":                 func(r rune) string { return percent(r, `\%03o`) },
	"HTML":                  func(r rune) string { return fmt.Sprintf("&#%d;", r) },
	"HTML, zeros":           func(r rune) string { return fmt.Sprintf("&#%06d;", r) },
	"HTML, hexadecimal":     func(r rune) string { return fmt.Sprintf("&#x%x;", r) },
	"HTML, all in capitals": func(r rune) string { return fmt.Sprintf("&#X%X;", r) },
	"a backslash": func(r rune) string {
		if i := strings.IndexRune("\a\b\f\n\r\t\v", r); i >= 0 {
			return `\` + "abfnrtv"[i:i+1]
		}
		if r > '~' || r < ' ' || isDigit(byte(r), 10) || isLetter(byte(r)) {
			return string(r)
		}
		return `\` + string(r)
	},
}

func percent(r rune, format string) string {
	var out strings.Builder
	for _, b := range []byte(string(r)) {
		fmt.Fprintf(&out, format, b)
	}
	return out.String()
}

// escaped writes each character of text that is not a letter or a digit, or all of
// them, in the given way.
func escaped(text string, all bool, escape func(rune) string) string {
	var out strings.Builder
	for _, r := range text {
		if all || r > '~' || !isDigit(byte(r), 10) && !isLetter(byte(r)) {
			out.WriteString(escape(r))
			continue
		}
		out.WriteRune(r)
	}
	return out.String()
}

// Each character is in a secret that is escaped in each way, and that in each way
// again.
func TestRedact_EveryEscapeOfEveryCharacter(t *testing.T) {
	t.Parallel()
	for r := rune(1); r < 0x100; r++ {
		secret := "s3cret" + string(r) + "tail99"
		req := &http.Request{Header: http.Header{"Authorization": {"token " + secret}}}
		if strings.TrimSpace(string(r)) == "" {
			req = withSecret(t, secret)
		}
		redactor := NewRedactor(req)
		for inner, escapeInner := range escapes {
			for outer, escapeOuter := range escapes {
				for _, all := range []bool{false, true} {
					text := escaped(escaped(secret, all, escapeInner), all, escapeOuter)
					require.Equal(t, "x [redacted] y", redactor.Redact("x "+text+" y"), "%U: %s, and then %s: %s", r, inner, outer, text)
				}
			}
		}
	}
}

func withSecret(t *testing.T, secrets ...string) *http.Request {
	t.Helper()
	return (&http.Request{}).WithContext(&state{Context: t.Context(), call: &Call{Body: BytesBody(nil, secrets...), Handler: noValues{}}})
}

type noValues struct{ Handler }

func (noValues) Value(any) any { return nil }

func TestRedact_Escapes(t *testing.T) {
	t.Parallel()
	const secret = `pass/wörd+'"<&😀 %41\n`
	redactor := NewRedactor(withSecret(t, secret))
	for _, text := range []string{
		secret,
		`pass\/w\u00f6rd+\'\"<&\ud83d\ude00 %41\\n`,
		`pass%2fw%c3%b6rd%2b%27%22%3c%26%f0%9f%98%80%20%2541%5cn`,
		`pass%2Fw%C3%B6rd%2B%27%22%3C%26%F0%9F%98%80+%2541%5Cn`,
		`pass&#x2F;w&ouml;rd&#43;&#x27;&quot;&lt;&amp;&#x1F600; %41\n`,
		`pass&sol;w&oumlrd&plus;&apos;&quot&lt&amp&#128512 %41&bsol;n`,
		`pass&amp;#x2F;w&amp;ouml;rd&amp;#43;&amp;#x27;&amp;quot;&amp;lt;&amp;amp;&amp;#x1F600; %41\n`,
		`pass\u002fw\u00F6rd\u002B\u0027\u0022\u003c\u0026\uD83D\uDE00\u0020\u002541\u005cn`,
	} {
		assert.Equal(t, "a [redacted] z", redactor.Redact("a "+text+" z"), "Redact(%s)", text)
	}
}

// What begins like an escape, or says what it can't mean.
func TestUnescaped_BrokenEscapes(t *testing.T) {
	t.Parallel()
	redactor := NewRedactor(withSecret(t, "hunter2hunter2"))
	for _, text := range []string{
		`\`, `%`, `&`, `%4`, `%u12`, `%zz`, `\u`, `\u12`, `\u{`, `\u{}`, `\u{110000000000}`, `\ud83d`, `\ud83d\u0041`, `\U0011`, `\UFFFFFFFF`, `\x`, `\x4`, `\40`,
		`\q`, `&#`, `&#;`, `&#x`, `&#x;`, `&#99999999999;`, `&#xffffffff;`, `&;`, `&nothing;`, `&not`, `\é`, "\xff\\\xff", "é%é&é",
	} {
		for _, around := range []string{"", "x", "é"} {
			text := around + text + around
			assert.Equal(t, text, redactor.Redact(text), "Redact(%q)", text)
			assert.Equal(t, text+"[redacted]", redactor.Redact(text + " hunter2hunter2")[:len(text)]+redactor.Redact("hunter2hunter2"), "%q", text)
		}
	}
}

func FuzzRedact(f *testing.F) {
	const secret = "hunter2/hunter2"
	f.Add(`\u{`, `&#x2`)
	f.Add(`%25%`, `\\\`)
	redactor := Redactor(nil).with(secret)
	f.Fuzz(func(t *testing.T, before, after string) {
		safe := redactor.Redact(before + secret + after)
		assert.NotContains(t, safe, secret)
		assert.Contains(t, safe, redacted)
	})
}
