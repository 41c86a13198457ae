package transport

import (
	"html"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// maxUnescapes is how many escapes inside each other are decoded: HTML of JSON of a
// URL has three.
const maxUnescapes = 4

// unescaped is a text with the escapes decoded that HTML, URLs, JSON and string
// literals use. All of them are decoded together, because nothing says which of them
// a text is, and one often stands in another.
type unescaped struct {
	text string
	// at holds the offset in the original from which each byte of text comes, and
	// the length of the original at the end. It is nil if text is the original.
	at []int
}

// span returns the part of the original that a part of the text comes from.
func (u unescaped) span(start, end int) span {
	if u.at == nil {
		return span{start, end}
	}
	last := u.at[end-1]
	for u.at[end] == last { // one escape may be several bytes
		end++
	}
	return span{u.at[start], u.at[end]}
}

// offset returns where in the original a byte of the text comes from.
func (u unescaped) offset(i int) int {
	if u.at == nil {
		return i
	}
	return u.at[i]
}

// again decodes the escapes that are left. It reports whether there were any.
func (u unescaped) again() (unescaped, bool) {
	first := strings.IndexAny(u.text, `\%&`)
	if first < 0 {
		return u, false
	}
	var (
		found bool
		text  = append(make([]byte, 0, len(u.text)), u.text[:first]...)
		at    = make([]int, 0, len(u.text)+1)
		room  [utf8.UTFMax]byte
	)
	for i := range first {
		at = append(at, u.offset(i))
	}
	for i := first; i < len(u.text); {
		decoded, length := decodeEscape(room[:0], u.text[i:])
		if length == 0 {
			decoded, length = append(decoded, u.text[i]), 1
		} else {
			found = true
		}
		for range decoded {
			at = append(at, u.offset(i))
		}
		text = append(text, decoded...)
		i += length
	}
	if !found {
		return u, false
	}
	return unescaped{string(text), append(at, u.offset(len(u.text)))}, true
}

// decodeEscape appends to room what the escape stands for with which text begins,
// and returns the length of the escape; 0 if there is none.
func decodeEscape(room []byte, text string) (decoded []byte, length int) {
	switch text[0] {
	case '%':
		return decodePercent(room, text)
	case '&':
		return decodeEntity(room, text)
	case '\\':
		return decodeBackslash(room, text)
	}
	return room, 0
}

// decodePercent decodes "%2F", and "%u002F" of JavaScript's escape.
func decodePercent(room []byte, text string) ([]byte, int) {
	if code, ok := hexAt(text, 1, 2); ok {
		return append(room, byte(code&0xff)), 3
	}
	if code, ok := hexAt(text, 2, 4); ok && text[1] == 'u' {
		return utf8.AppendRune(room, code), 6
	}
	return room, 0
}

const (
	// maxEntity is longer than "&" and the longest name in HTML, and maxBareEntity
	// than "&" and the longest that needs no semicolon.
	maxEntity, maxBareEntity = 40, 8
	// maxDigits is how many digits of a code point are read: zeros may precede it.
	maxDigits = 10
)

// decodeEntity decodes "&#47;", "&#x2F;", "&amp;", and what browsers take for those.
func decodeEntity(room []byte, text string) ([]byte, int) {
	digits, base := 2, 10
	if len(text) > digits && text[1] == '#' {
		if text[2] == 'x' || text[2] == 'X' {
			digits, base = 3, 16
		}
		end := digits
		for end < len(text) && end-digits < maxDigits && isDigit(text[end], base) {
			end++
		}
		code, err := strconv.ParseUint(text[digits:end], base, 32)
		if err != nil || code > utf8.MaxRune {
			return room, 0
		}
		if end < len(text) && text[end] == ';' {
			end++
		}
		return utf8.AppendRune(room, rune(code)), end
	}
	end := 1
	for end < min(len(text), maxEntity) && (isDigit(text[end], 10) || isLetter(text[end])) {
		end++
	}
	if end < len(text) && text[end] == ';' {
		if character := html.UnescapeString(text[:end+1]); !strings.HasSuffix(character, ";") {
			return append(room, character...), end + 1
		}
	}
	for bare := 3; bare <= min(end, maxBareEntity); bare++ {
		if character := html.UnescapeString(text[:bare]); character != text[:bare] {
			return append(room, character...), bare
		}
	}
	return room, 0
}

// decodeBackslash decodes the escapes of JSON and of string literals.
func decodeBackslash(room []byte, text string) ([]byte, int) {
	if len(text) < 2 {
		return room, 0
	}
	switch letter := text[1]; {
	case letter == 'u':
		return decodeUnicode(room, text)
	case letter == 'U':
		if code, ok := hexAt(text, 2, 8); ok {
			return utf8.AppendRune(room, code), 10
		}
	case letter == 'x':
		if code, ok := hexAt(text, 2, 2); ok {
			return append(room, byte(code&0xff)), 4
		}
	case '0' <= letter && letter <= '3' && len(text) >= 4:
		if code, err := strconv.ParseUint(text[1:4], 8, 8); err == nil {
			return append(room, byte(code&0xff)), 4
		}
	case isLetter(letter):
		if i := strings.IndexByte("abfnrtv", letter); i >= 0 {
			return append(room, "\a\b\f\n\r\t\v"[i]), 2
		}
	case letter < utf8.RuneSelf && !isDigit(letter, 10):
		return append(room, letter), 2
	}
	return room, 0
}

// decodeUnicode decodes "\u002f", "\ud83d\ude00" and "\u{1f600}".
func decodeUnicode(room []byte, text string) ([]byte, int) {
	if code, ok := hexAt(text, 2, 4); ok {
		if utf16.IsSurrogate(code) && len(text) > 7 && text[6:8] == `\u` {
			if low, ok := hexAt(text, 8, 4); ok && utf16.DecodeRune(code, low) != utf8.RuneError {
				return utf8.AppendRune(room, utf16.DecodeRune(code, low)), 12
			}
		}
		return utf8.AppendRune(room, code), 6
	}
	if inBraces, ok := strings.CutPrefix(text, `\u{`); ok {
		if digits, _, ok := strings.Cut(inBraces[:min(len(inBraces), maxDigits)], "}"); ok {
			if code, ok := hexAt(digits, 0, len(digits)); ok {
				return utf8.AppendRune(room, code), len(`\u{}`) + len(digits)
			}
		}
	}
	return room, 0
}

// hexAt returns the number that so many hexadecimal digits of text are.
func hexAt(text string, start, digits int) (rune, bool) {
	if digits == 0 || len(text) < start+digits {
		return 0, false
	}
	for _, digit := range []byte(text[start : start+digits]) {
		if !isDigit(digit, 16) {
			return 0, false
		}
	}
	code, err := strconv.ParseInt(text[start:start+digits], 16, 32)
	return rune(code), err == nil
}

func isDigit(b byte, base int) bool {
	return '0' <= b && b <= '9' || base == 16 && ('a' <= b && b <= 'f' || 'A' <= b && b <= 'F')
}

func isLetter(b byte) bool { return 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' }
