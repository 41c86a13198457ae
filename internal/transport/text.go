package transport

import (
	"bufio"
	"errors"
	"io"
	"net/http"
)

// textStart is how much of a text is looked at before it is handed on.
const textStart = 512

// OpenText returns a success's body as text, decompressed if it is gzip, whether
// the header says so or not, and its first bytes, which are still to be read
// from it. It closes the body when it fails.
func OpenText(resp *http.Response) (body io.ReadCloser, start []byte, err error) {
	text := bufio.NewReader(resp.Body)
	if magic, _ := text.Peek(2); string(magic) == "\x1f\x8b" {
		text = bufio.NewReader(newGzipReader(text))
	}
	start, err = text.Peek(textStart)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, nil, errors.Join(err, resp.Body.Close())
	}
	return struct {
		io.Reader
		io.Closer
	}{text, resp.Body}, start, nil
}
