package pulumiapitest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
)

// The member that marks a secret in a stack's state, and its value.
const (
	secretMark      = "4dabf18193072939515e22adb298388d"
	secretMarkValue = `"1b47061264138c4ac30d75fd1eb44270"`
)

// jsonValue is a JSON value as it was written: the order of members and the form of
// numbers are the server's own, and go into the recording.
type jsonValue struct {
	raw      []byte // of what is no object and no array
	text     string // of a string
	opening  json.Delim
	members  []jsonMember
	elements []jsonValue
}

type jsonMember struct {
	name  jsonValue
	value jsonValue
}

// json returns JSON, which must be valid, without its secrets and without white
// space.
func (s *scrubber) json(data []byte) []byte {
	p := jsonParser{decoder: json.NewDecoder(bytes.NewReader(data)), data: data}
	p.decoder.UseNumber()
	var out bytes.Buffer
	s.writeJSON(&out, p.value(), false)
	return out.Bytes()
}

// jsonInText returns text that is a JSON document without its secrets, if it is one:
// the text as it was, if there are none.
func (s *scrubber) jsonInText(text string) (clean string, ok bool) {
	data := []byte(strings.TrimSpace(text))
	if !beginsJSON(data) || !json.Valid(data) {
		return "", false
	}
	var was bytes.Buffer
	_ = json.Compact(&was, data) // it is valid
	scrubbed := s.json(data)
	if bytes.Equal(scrubbed, was.Bytes()) {
		return text, true
	}
	return string(scrubbed), true
}

// jsonDocuments returns JSON documents, line by line, without their secrets, if that is
// what data is. The last one may be cut off: then it ends behind its last value that is
// whole, as half a secret is one, too.
func (s *scrubber) jsonDocuments(data []byte) (lines string, ok bool) {
	if !beginsJSON(bytes.TrimSpace(data)) {
		return "", false
	}
	p := jsonParser{decoder: json.NewDecoder(bytes.NewReader(data)), data: data}
	p.decoder.UseNumber()
	var out bytes.Buffer
	for {
		v := p.value()
		if v.isMissing() {
			break
		}
		s.writeJSON(&out, v, false)
		out.WriteByte('\n')
	}
	if !errors.Is(p.err, io.EOF) && !errors.Is(p.err, io.ErrUnexpectedEOF) {
		return "", false // something else follows
	}
	lines = out.String()
	if p.open > 0 || data[len(data)-1] != '\n' {
		lines = strings.TrimSuffix(lines, "\n")
	}
	return lines[:len(lines)-p.open], true
}

// beginsJSON reports whether data begins as an object or an array does.
func beginsJSON(data []byte) bool { return len(data) > 0 && (data[0] == '{' || data[0] == '[') }

type jsonParser struct {
	decoder *json.Decoder
	data    []byte
	err     error // the first one; there is none as long as the JSON is valid
	open    int   // how many objects and arrays nothing has closed
}

func (p *jsonParser) token() json.Token {
	token, err := p.decoder.Token()
	if p.err == nil {
		p.err = err
	}
	return token
}

// value reads the next value.
func (p *jsonParser) value() jsonValue {
	start := p.decoder.InputOffset()
	token := p.token()
	if p.err != nil {
		return jsonValue{}
	}
	v := jsonValue{raw: bytes.TrimLeft(p.data[start:p.decoder.InputOffset()], " \t\r\n,:")}
	switch token := token.(type) {
	case string:
		v.text = token
	case json.Delim:
		v.opening = token
		for p.decoder.More() {
			var name jsonValue
			if token == '{' {
				name = p.value()
			}
			value := p.value()
			switch {
			case value.isMissing():
			case token == '{':
				v.members = append(v.members, jsonMember{name, value})
			default:
				v.elements = append(v.elements, value)
			}
			if p.err != nil {
				break
			}
		}
		if p.token(); p.err != nil {
			p.open++
		}
	}
	return v
}

func (v jsonValue) isMissing() bool { return len(v.raw) == 0 }

func (v jsonValue) isString() bool { return len(v.raw) > 0 && v.raw[0] == '"' }

// holdsSecret reports whether an object says of itself that its value is secret, as
// values of a stack's configuration do, and those in its state, and variables that
// have the name of a secret.
func (s *scrubber) holdsSecret(v jsonValue) bool {
	for _, m := range v.members {
		switch m.name.text {
		case "name", "key":
			if s.isSecretName(m.value.text) {
				return true
			}
		case "secret", "isSecret":
			if string(m.value.raw) == "true" {
				return true
			}
		case secretMark:
			return string(m.value.raw) == secretMarkValue
		}
	}
	return false
}

// writeJSON writes a value. secret says that it is one, with all that is in it.
func (s *scrubber) writeJSON(out *bytes.Buffer, v jsonValue, secret bool) {
	switch {
	case v.opening == '{':
		holdsSecret := s.holdsSecret(v)
		out.WriteByte('{')
		for i, m := range v.members {
			if i > 0 {
				out.WriteByte(',')
			}
			s.writeString(out, m.name, false)
			out.WriteByte(':')
			isValue := holdsSecret && (m.name.text == "value" || m.name.text == "string")
			s.writeJSON(out, m.value, m.name.text != secretMark && (secret || isValue || s.isSecretName(m.name.text)))
		}
		out.WriteByte('}')
	case v.opening == '[':
		out.WriteByte('[')
		for i, element := range v.elements {
			if i > 0 {
				out.WriteByte(',')
			}
			s.writeJSON(out, element, secret)
		}
		out.WriteByte(']')
	case v.isString():
		s.writeString(out, v, secret)
	case secret && strings.IndexByte("-0123456789", v.raw[0]) >= 0:
		out.WriteByte('0')
	default:
		out.Write(v.raw)
	}
}

func (s *scrubber) writeString(out *bytes.Buffer, v jsonValue, secret bool) {
	text := v.text
	switch {
	case !secret:
		text = s.text(text)
	case isScrubbed(text):
	case strings.IndexAny(text, `"{[`) == 0 && json.Valid([]byte(text)):
		// JSON in JSON, as a plaintext in a state is: so is what stands for it.
		text = `"` + s.secret(text) + `"`
	default:
		text = s.secret(text)
	}
	if text == v.text {
		out.Write(v.raw)
		return
	}
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(text)    // cannot fail: a text, into a buffer
	out.Truncate(out.Len() - 1) // the encoder's line end
}
