package pulumiapi

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"

	"github.com/pulumiapi/pulumiapi/internal/jsonx"
	"github.com/pulumiapi/pulumiapi/internal/transport"
)

// answerBuffer is what an answer is read into.
type answerBuffer struct {
	bytes.Buffer

	source io.LimitedReader // here, as one piece of memory costs less than two (BenchmarkW2ListStacks)
}

// A response's claim to be long is believed step by step: first to be firstRoom
// bytes long, and then trust times as long as what has arrived. That is one step
// more for 64 MiB, and nearly nothing is copied.
const (
	firstRoom = 256 << 10
	trust     = 256
)

// fill reads from the source to its end. claimed is how long the response says
// that it is; 0 or less if it doesn't say.
func (b *answerBuffer) fill(claimed int64) error {
	for {
		if b.Available() < bytes.MinRead {
			b.Grow(b.room(int(claimed)))
		}
		free := b.AvailableBuffer()
		n, err := b.source.Read(free[:cap(free)])
		_, _ = b.Write(free[:n]) // it is in its place already
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// room returns how many bytes more the buffer needs now, at least.
func (b *answerBuffer) room(claimed int) int {
	if claimed < b.Len() {
		return bytes.MinRead // it doubles
	}
	return min(claimed, max(firstRoom, trust*b.Len())) - b.Len() + bytes.MinRead
}

// The memory that a response may take beside its own text when it is decoded:
// freeMemory, and for each byte of the text memoryPerByte, or, in a type of the
// caller's, which may be any, foreignPerByte. What the service sends takes up to
// 5 bytes for each of its own, and an item with nothing but its name up to 20.
const (
	freeMemory     = 8 << 20
	memoryPerByte  = 24
	foreignPerByte = 64
)

var errTooMuchMemory = errors.New("the response would take too much memory: it has far more items than text")

// decode reads JSON into v with decode, which is one of jsonx, unless that would
// take too much memory. A time that can't be read becomes the zero Timestamp, and
// draws a warning.
func (d decoding) decode(resp *http.Response, body []byte, v any, decode func([]byte, any) error) error {
	perByte := int64(memoryPerByte)
	if d.foreign {
		perByte = foreignPerByte
	}
	if !jsonx.Fits(body, v, freeMemory+perByte*int64(len(body))) {
		return errTooMuchMemory
	}
	err := decode(body, v)
	if _, isTime := errors.AsType[*timestampError](err); !isTime {
		return err
	}
	times := unreadableTimes{resp: resp}
	jsonx.Mend[Timestamp](body, v, func(value []byte) bool {
		return new(Timestamp).UnmarshalJSON(value) != nil
	}, times.found)
	times.end()
	reflect.ValueOf(v).Elem().SetZero() // what is there is a part
	return decode(body, v)
}

// unreadableTimes warns of the times in a response that can't be read.
type unreadableTimes struct {
	resp  *http.Response
	count int
}

// maxTimeWarnings is how many unreadable times of a response are named.
const maxTimeWarnings = 5

func (t *unreadableTimes) found(path string) {
	if t.count++; t.count <= maxTimeWarnings {
		transport.Warn(t.resp, "the response has a time that cannot be read: "+oneLine(redactor(t.resp)(path), maxErrorPath))
	}
}

// end is called when there are no more.
func (t *unreadableTimes) end() {
	if more := t.count - maxTimeWarnings; more > 0 {
		transport.Warn(t.resp, fmt.Sprintf("the response has %d more times that cannot be read", more))
	}
}
