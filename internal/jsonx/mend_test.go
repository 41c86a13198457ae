package jsonx

import (
	stdjson "encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// picky reads true and null, and refuses all else.
type picky struct{ set bool }

func (p *picky) UnmarshalJSON(data []byte) error {
	if text := string(data); text != "true" && text != "null" && text != "0" {
		return assert.AnError
	}
	p.set = string(data) == "true"
	return nil
}

func (p *picky) refuses(data []byte) bool { return p.UnmarshalJSON(data) != nil }

type withPicky struct {
	At    picky              `json:"at"`
	Many  []picky            `json:"many"`
	Named map[string]picky   `json:"named"`
	Deep  []withPicky        `json:"deep"`
	Time  time.Time          `json:"time"`
	Raw   stdjson.RawMessage `json:"raw"`
}

func TestMend(t *testing.T) {
	t.Parallel()
	for text, paths := range map[string][]string{
		`{}`:          nil,
		`{"at":true}`: nil,
		`{"at":-1e3}`: {"at"},
		`{"at":7}`:    {"at"},
		`{"at":{},"many":[true,[],"x",null,"\u0041"],"unknown":{"at":"x"},"raw":{"at":1}}`:                       {"at", "many[1]", "many[2]", "many[4]"},
		`{"named":{"12":"x","a\u001bb":-1e300,"c":true},"deep":[{"at":true},{"deep":[{"at":"x"}],"at":"long"}]}`: {"named.12", "named.a\x1bb", "deep[1].deep[0].at", "deep[1].at"},
		`{"\u0061t":"x"}`: {"at"},
	} {
		var got []string
		data := []byte(text)
		var v withPicky
		n := Mend[picky](data, &v, new(picky).refuses, func(path string) { got = append(got, path) })
		assert.Equal(t, paths, got, "Mend(%s)", text)
		assert.Equal(t, len(paths), n, "Mend(%s)", text)
		require.NoError(t, Decode(data, &v), "Decode of what Mend made of %s: %s", text, data)

		got = nil
		stream := NewStream(strings.NewReader("[" + text + "]"))
		MendIn[picky](stream, func(path string) { got = append(got, strings.TrimPrefix(path, "[0].")) })
		var other withPicky
		require.NoError(t, stream.Array(func() error { return stream.Decode(&other) }), "a Stream of %s", text)
		assert.Equal(t, paths, got, "a Stream of %s", text)
		assert.Equal(t, v, other, "a Stream of %s", text)
	}
}
