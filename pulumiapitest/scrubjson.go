package pulumiapitest

import (
	"bytes"
	"encoding/json"
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

type jsonParser struct {
	decoder *json.Decoder
	data    []byte
}

// value reads the next value. Its errors can't come: the JSON is valid.
func (p *jsonParser) value() jsonValue {
	start := p.decoder.InputOffset()
	token, _ := p.decoder.Token()
	v := jsonValue{raw: bytes.TrimLeft(p.data[start:p.decoder.InputOffset()], " \t\r\n,:")}
	switch token := token.(type) {
	case string:
		v.text = token
	case json.Delim:
		v.opening = token
		for p.decoder.More() {
			if token == '{' {
				v.members = append(v.members, jsonMember{name: p.value(), value: p.value()})
			} else {
				v.elements = append(v.elements, p.value())
			}
		}
		_, _ = p.decoder.Token() // what closes it
	}
	return v
}

func (v jsonValue) isString() bool { return len(v.raw) > 0 && v.raw[0] == '"' }

// holdsSecret reports whether an object says of itself that its value is secret, as
// values of a stack's configuration do, and those in its state.
func (v jsonValue) holdsSecret() bool {
	for _, m := range v.members {
		switch m.name.text {
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
		holdsSecret := v.holdsSecret()
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
