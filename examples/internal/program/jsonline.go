package program

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode"
)

// JSONLine returns a value as a line of JSON. What is not printable is escaped, so
// that it can do no harm on a terminal.
func JSONLine(v any) ([]byte, error) {
	var line bytes.Buffer
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, err
	}
	if bytes.IndexFunc(line.Bytes(), isHidden) < 0 {
		return line.Bytes(), nil
	}
	var escaped bytes.Buffer
	for _, r := range line.String() {
		switch {
		case !isHidden(r):
			escaped.WriteRune(r)
		case r > 0xffff:
			r -= 0x10000
			fmt.Fprintf(&escaped, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		default:
			fmt.Fprintf(&escaped, `\u%04x`, r)
		}
	}
	return escaped.Bytes(), nil
}

// isHidden reports whether a character, other than the line feed at the end, is not
// to be seen. Those below the space are escaped already.
func isHidden(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }
