package jsonx

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// readItems reads what the tests below stream: {"items": [{"name": …}, …], …}.
func readItems(r io.Reader) (names []string, err error) {
	s := NewStream(r)
	err = s.Object(func(name string) error {
		if name != "items" {
			return s.Skip()
		}
		null, err := s.Null()
		if null || err != nil {
			return err
		}
		return s.Array(func() error {
			var item inner
			err := s.Decode(&item)
			if err == nil {
				names = append(names, item.Name)
			}
			return err
		})
	})
	if err == nil {
		err = s.End()
	}
	return names, err
}

func TestStream_IsLenient(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		`{"items":[{"name":"a"},{"name":"b"}]}`:                                 {"a", "b"},
		`{ "items" : [ {"name" : "a"} ] }`:                                      {"a"},
		`{"more":{"items":[{"name":"x"}]},"items":[{"name":"a"}],"last":[[1]]}`: {"a"},
		`{"items":[{"name":"a","name":"b","other":{"x":1,"x":2}}]}`:             {"b"},
		"{\"\xff\":\"\xff\",\"items\":[{\"name\":\"a\xff\"}]}":                  {"a\uFFFD"},
		`{"x":1,"x":2,"\u0069tems":[null]}`:                                     {""},
		`{"items":[]}`:                                                          nil,
		`{"items":null}`:                                                        nil,
		`{}`:                                                                    nil,
	} {
		for how, wrap := range map[string]func(io.Reader) io.Reader{
			"at once":                        func(r io.Reader) io.Reader { return r },
			"a byte at a time":               iotest.OneByteReader,
			"with the end in the last piece": iotest.DataErrReader,
		} {
			got, err := readItems(wrap(strings.NewReader(text)))
			require.NoError(t, err, "%s, %s", text, how)
			assert.Equal(t, want, got, "%s, %s", text, how)
		}
	}
}

// Each failure is of one kind, wherever the stream ends.
func TestStream_Failures(t *testing.T) {
	t.Parallel()
	const whole = `{"more":{"a":[1,"x",{}]},"items":[{"name":"a"}],"last":null}`
	for i := range len(whole) {
		_, err := readItems(strings.NewReader(whole[:i]))
		assert.True(t, IsTruncated(err), "%s: %v", whole[:i], err)

		broken := errors.New("the wire broke")
		_, err = readItems(io.MultiReader(strings.NewReader(whole[:i]), iotest.ErrReader(broken)))
		require.ErrorIs(t, err, broken, whole[:i])
		assert.False(t, IsTruncated(err) || IsSyntaxError(err) || IsShapeError(err), "%s, broken: %v", whole[:i], err)
	}
	for _, text := range []string{
		`<html>`, `{"items":[{"name":"a"}],}`, `{"items":[{"name":"a"} {"name":"b"}]}`, `{"items":[}`,
		`{"more":tru}`, whole + "x", whole + whole, whole + "\x00",
		`{"more":` + strings.Repeat("[", 1e5), `{"items":[{"x":` + strings.Repeat(`{"a":`, 1e5),
	} {
		_, err := readItems(strings.NewReader(text))
		assert.True(t, IsSyntaxError(err), "%.80s: %v", text, err)
		assert.False(t, IsTruncated(err) || IsShapeError(err), "%.80s: %v", text, err)
	}
	for _, text := range []string{
		`[]`, `"yes"`, `null`, `{"items":{}}`, `{"items":"a"}`, `{"items":[1]}`, `{"items":[{"name":1}]}`,
	} {
		_, err := readItems(strings.NewReader(text))
		assert.True(t, IsShapeError(err), "%s: %v", text, err)
		assert.False(t, IsTruncated(err) || IsSyntaxError(err), "%s: %v", text, err)
	}
	assert.False(t, IsShapeError(nil))
	assert.False(t, IsShapeError(errors.New("other")))
}

func TestStream_StopsWhereItsCallerDoes(t *testing.T) {
	t.Parallel()
	enough := errors.New("enough")
	s := NewStream(strings.NewReader(`[1,2,3]`))
	var seen []int
	err := s.Array(func() error {
		var n int
		require.NoError(t, s.Decode(&n))
		if seen = append(seen, n); n == 2 {
			return enough
		}
		return nil
	})
	require.ErrorIs(t, err, enough)
	assert.Equal(t, []int{1, 2}, seen)
	assert.EqualValues(t, len(`[1,2`), s.Offset())
}

// What was decoded does not change when the stream goes on.
func TestStream_KeepsNothingOfItsBuffer(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	for i := range 1000 {
		_, _ = fmt.Fprintf(&text, `{"deployment":{"number":%d}} `, i)
	}
	s := NewStream(strings.NewReader("[" + strings.ReplaceAll(strings.TrimSpace(text.String()), "} {", "},{") + "]"))
	var all []json.RawMessage
	require.NoError(t, s.Array(func() error {
		var state struct {
			Deployment json.RawMessage `json:"deployment"`
		}
		err := s.Decode(&state)
		all = append(all, state.Deployment)
		return err
	}))
	require.Len(t, all, 1000)
	for i, raw := range all {
		assert.JSONEq(t, fmt.Sprintf(`{"number":%d}`, i), string(raw))
	}
}

// It does not run beside other tests, whose memory would count.
func TestStream_HoldsLittle(t *testing.T) { //nolint:paralleltest // see above
	item := `{"name":"a","other":[1,2,3]},`
	items := strings.Repeat(item, 2000)
	times := 200 // some 12 MB, once to be skipped and once to be read
	endless := func(end string) io.Reader {
		readers := make([]io.Reader, 0, times+1)
		for range times {
			readers = append(readers, strings.NewReader(items))
		}
		return io.MultiReader(append(readers, strings.NewReader(end))...)
	}
	s := NewStream(io.MultiReader(strings.NewReader(`{"more":[`), endless(`0],"items":[`), endless(`null]}`)))
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	count, most := 0, uint64(0)
	require.NoError(t, s.Object(func(name string) error {
		if name == "more" {
			return s.Skip()
		}
		return s.Array(func() error {
			if count++; count%100_000 == 1 {
				runtime.GC()
				runtime.ReadMemStats(&now)
				most = max(most, now.HeapAlloc)
			}
			return s.Decode(new(inner))
		})
	}))
	assert.Equal(t, 2000*times+1, count)
	assert.Less(t, most, before.HeapAlloc+1<<20)
}

func TestDecodeInPlace(t *testing.T) {
	t.Parallel()
	type state struct {
		Version    int             `json:"version"`
		Deployment json.RawMessage `json:"deployment"`
		More       []struct {
			Raw json.RawMessage `json:"raw"`
		} `json:"more"`
	}
	for _, text := range []string{
		`{"version":3,"deployment": { "b" : 1, "a":[ 1 ] } ,"more":[{"raw":"x"},{"raw":null},{}]}`,
		`{"deployment":null}`, `{}`, `null`, "{\"deployment\":\"\xff\",\"deployment\":1.50}",
	} {
		var copied, inPlace state
		require.NoError(t, Decode([]byte(text), &copied), text)
		data := []byte(text)
		require.NoError(t, DecodeInPlace(data, &inPlace), text)
		assert.Equal(t, copied, inPlace, text)
		if len(inPlace.Deployment) > 0 {
			start := strings.LastIndex(text, string(inPlace.Deployment))
			assert.Same(t, &data[start], &inPlace.Deployment[0], "%s: a part of the input", text)
			_ = append(inPlace.Deployment, "overwritten"...)
			assert.Equal(t, text, string(data), "appending leaves the input alone")
		}
	}
	for _, text := range []string{`{"deployment":`, `{"deployment":{]}`, `{"deployment":1} x`, `{"version":"x"}`, `<html>`} {
		want, got := Decode([]byte(text), new(state)), DecodeInPlace([]byte(text), new(state))
		require.Error(t, got, text)
		assert.Equal(t, IsTruncated(want), IsTruncated(got), "%s: %v", text, got)
		assert.Equal(t, IsSyntaxError(want), IsSyntaxError(got), "%s: %v", text, got)
	}
}
