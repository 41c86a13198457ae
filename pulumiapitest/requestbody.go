package pulumiapitest

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strings"
)

// maxUnzipped is the size of a decompressed request body beyond which it is refused.
const maxUnzipped = 64 << 20

// decodeBody undoes the Content-Encoding of a request's body, on every endpoint. If
// that fails, it returns the body as it is, and the error for the client.
func decodeBody(header http.Header, body []byte) ([]byte, error) {
	switch encoding := strings.ToLower(strings.Join(header.Values("Content-Encoding"), ", ")); encoding {
	case "", "identity":
		return body, nil
	case "gzip":
		unzipped, err := unzip(body)
		switch {
		case err != nil:
			return body, badRequest("invalid request body: Content-Encoding is gzip, and it is not: %v", err)
		case len(unzipped) > maxUnzipped:
			return body, errorf(http.StatusRequestEntityTooLarge, "the request body has more than %d bytes when it is decompressed", maxUnzipped)
		}
		return unzipped, nil
	default:
		return body, errorf(http.StatusUnsupportedMediaType, "Content-Encoding of a request must be gzip, not %q", encoding)
	}
}

// unzip returns the plain bytes, or the first of them if there are too many.
func unzip(body []byte) ([]byte, error) {
	zip, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(zip, maxUnzipped+1))
}
