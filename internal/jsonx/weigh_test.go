package jsonx

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// roomy has everything that takes room.
type roomy struct {
	Big      [64]int64           `json:"big"`
	Texts    []string            `json:"texts"`
	List     []roomy             `json:"list"`
	Pointers []*roomy            `json:"pointers"`
	Table    map[string]string   `json:"table"`
	Bigs     map[string]roomy    `json:"bigs"`
	Lists    map[string][]string `json:"lists"`
	Any      any                 `json:"any"`
	Raw      json.RawMessage     `json:"raw"`
	*Embedded
	Named `json:"named"`
}

type Embedded struct {
	Room  [64]int64 `json:"room"`
	Depth int       `json:"depth"`
}

type Named struct {
	Inner map[string]string `json:"inner"`
}

// selfReading takes the members of Named from beside its own.
type selfReading struct {
	Named `json:"named"`
}

func (s *selfReading) UnmarshalJSON(data []byte) error { return Decode(data, &s.Named) }

// Weigh must never say less than what is held, and for what takes much memory not
// much more.
func TestWeigh_IsWhatIsHeld(t *testing.T) { //nolint:paralleltest // other tests' memory would count
	const n = 20_000
	list := func(part string) string { return "[" + strings.Repeat(part+",", n) + part + "]" }
	table := func(part string) string {
		var members []string
		for i := range n {
			members = append(members, fmt.Sprintf(`"%d":%s`, i, part))
		}
		return "{" + strings.Join(members, ",") + "}"
	}
	for _, c := range []struct {
		name, text string
		into       func() any
		most       float64 // of what is said, for a byte that is held
	}{
		{"structs", list(`{}`), func() any { return new([]roomy) }, 2.5},
		{"nulls", list(`null`), func() any { return new([]roomy) }, 2.5},
		{"pointers", list(`{}`), func() any { return new([]*roomy) }, 2},
		{"embedded structs", list(`{"depth":1}`), func() any { return new([]*roomy) }, 2},
		{"texts", list(`"a"`), func() any { return new([]string) }, 5},
		{"empty texts", list(`""`), func() any { return new([]string) }, 5},
		{"lists", list(`[]`), func() any { return new([][]string) }, 3},
		{"tables", list(`{"a":"b"}`), func() any { return new([]map[string]string) }, 2},
		{"empty tables", list(`{}`), func() any { return new([]map[string]string) }, 2.5},
		{"a table", table(`"x"`), func() any { return new(map[string]string) }, 5},
		{"a table of structs", table(`{}`), func() any { return new(map[string]roomy) }, 3},
		{"tables of nine", list(`{"1":"","2":"","3":"","4":"","5":"","6":"","7":"","8":"","9":""}`), func() any { return new([]map[string]string) }, 3},
		{"tables of fifteen", list(`{"1":0,"2":0,"3":0,"4":0,"5":0,"6":0,"7":0,"8":0,"9":0,"a":0,"b":0,"c":0,"d":0,"e":0,"f":0}`), func() any { return new([]map[string]int) }, 4},
		{"any: objects", list(`{"a":1}`), func() any { return new(any) }, 3},
		{"any: arrays", list(`[]`), func() any { return new(any) }, 5},
		{"any: numbers", list(`12`), func() any { return new(any) }, 5},
		{"any: texts", list(`"ab"`), func() any { return new(any) }, 5},
		{"raw", list(`{"a":1}`), func() any { return new([]json.RawMessage) }, 3},
		{"in members", `{"list":` + list(`{"table":{"a":"b"},"lists":{"a":["b"]},"any":{"a":[1]},"raw":[1],"named":{"inner":{"a":"b"}}}`) + `}`, func() any { return new(roomy) }, 3},
		{"what reads itself", list(`{"inner":{"a":"b"}}`), func() any { return new([]selfReading) }, 3},
	} {
		data := []byte(c.text)
		said := Weigh(data, c.into(), 1<<40)
		v := c.into()
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		require.NoError(t, Decode(data, v), c.name)
		runtime.GC()
		runtime.ReadMemStats(&after)
		runtime.KeepAlive(v)
		runtime.KeepAlive(data)
		held := int64(after.HeapAlloc) - int64(before.HeapAlloc)
		assert.GreaterOrEqual(t, said, held, "%s: Weigh", c.name)
		assert.LessOrEqual(t, float64(said), c.most*float64(held), "%s: Weigh, of %d", c.name, held)
		assert.True(t, Fits(data, c.into(), said), "%s: Fits", c.name)
		assert.False(t, Fits(data, c.into(), said-1), "%s: Fits", c.name)
	}
}

func TestFits_WhatIsNotDecodedTakesNothing(t *testing.T) {
	t.Parallel()
	filler := "[" + strings.Repeat("{},", 10_000) + "{}]"
	for _, text := range []string{
		`{"unknown":` + filler + `}`, `{"table":` + filler + `}`, `{"texts":{"a":` + filler + `}}`, `{"raw":` + filler + `}`,
	} {
		assert.True(t, Fits([]byte(text), new(roomy), 2000+int64(len(text))), "Fits(%.20s…)", text)
	}
	assert.False(t, Fits([]byte(`{"li\u0073t":`+filler+`}`), new(roomy), 100_000), "a name that is escaped")
	// Broken ones count as far as they go.
	assert.False(t, Fits([]byte(`{"list":`+filler), new(roomy), 100_000))
	assert.True(t, Fits([]byte(`{"list":[{}x`+filler), new(roomy), 100_000))
	assert.True(t, Fits(nil, new(roomy), 100_000))
}
