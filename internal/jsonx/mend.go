package jsonx

import (
	"bytes"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Mend blanks out each value in data that stands where Decode would read a T into
// v, and that T refuses, so that null is read there. It calls found with the path of
// each one, as in stacks[3].lastUpdate, and returns how many there were.
//
// It changes data.
func Mend[T any](data []byte, v any, refuses func(value []byte) bool, found func(path string)) int {
	mended := 0
	w := walk{decoder: jsontext.NewDecoder(bytes.NewBuffer(data), decoding), limit: math.MaxInt64, leafType: reflect.TypeFor[T]()}
	w.leaf = func(value jsontext.Value) {
		if !refuses(value) {
			return
		}
		mended++
		found(pathOf(w.decoder))
		end := w.decoder.InputOffset()
		blank(data[end-int64(len(value)) : end])
	}
	_ = w.value(shapeOf(reflect.TypeOf(v).Elem()).shape)
	return mended
}

// blank puts something that becomes the zero value into the place of a JSON value.
func blank(value []byte) {
	for i := range value {
		value[i] = ' '
	}
	if n := copy(value, "null"); n < len("null") {
		copy(value, `0  `)
	}
}

// pathOf returns where in its input a decoder is.
func pathOf(dec *jsontext.Decoder) string {
	names := slices.Collect(dec.StackPointer().Tokens())
	var path strings.Builder
	for i, name := range names {
		if kind, length := dec.StackIndex(i + 1); kind == jsontext.KindBeginArray {
			path.WriteString("[" + strconv.FormatInt(length-1, 10) + "]")
			continue
		}
		if path.Len() > 0 {
			path.WriteByte('.')
		}
		path.WriteString(name)
	}
	return path.String()
}
