package transport

import "net/http"

// Warn tells those who get the service's warnings of something that is wrong with
// a response whose status is a success, and that it is used nevertheless. The text
// must be fit to be shown.
func Warn(resp *http.Response, text string) {
	body, ok := resp.Body.(*guardedBody)
	if !ok {
		return
	}
	warning := Warning{
		Endpoint:  body.st.call.Endpoint.String(),
		Text:      text,
		RequestID: resp.Header.Get(requestIDHeader),
	}
	for _, observe := range body.st.onWarning {
		observe(body.st, warning)
	}
}
