package transport

import (
	"errors"
	"net/http"
)

// maxHeader is how long a response's header may be.
const maxHeader = 1 << 20

// headerLimit refuses responses whose header is too long, whatever the transport
// below it lets through.
type headerLimit struct {
	next http.RoundTripper
}

var errHeaderTooLong = errors.New("the response's header is longer than 1 MiB")

func (l *headerLimit) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := l.next.RoundTrip(req)
	if err != nil || resp == nil || !isTooLong(resp.Header) {
		return resp, err
	}
	if resp.Body != nil {
		_ = resp.Body.Close()
	}
	return nil, Permanent(errHeaderTooLong)
}

// isTooLong reports whether a header is longer than maxHeader, as HTTP/1.1 writes it.
func isTooLong(header http.Header) bool {
	room := maxHeader
	for name, values := range header {
		for _, value := range values {
			room -= len(name) + len(": \r\n") + len(value)
		}
		if room < 0 {
			return true
		}
	}
	return false
}
