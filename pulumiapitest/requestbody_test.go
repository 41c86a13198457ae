package pulumiapitest_test

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

func gzipped(t *testing.T, text string) string {
	t.Helper()
	var buf bytes.Buffer
	zip := gzip.NewWriter(&buf)
	_, err := zip.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, zip.Close())
	return buf.String()
}

// doEncoded sends a request whose body has an encoding.
func doEncoded(t *testing.T, srv *pulumiapitest.Server, path, encoding, body string) answer {
	t.Helper()
	req := newRequest(t, srv, http.MethodPost, path, body)
	req.Header.Set("Content-Encoding", encoding)
	a, err := send(t, srv, req)
	require.NoError(t, err)
	return a
}

func TestServer_CompressedRequestBody(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	const body = `{"stackName":"prod"}`
	for _, encoding := range []string{"gzip", "GZIP"} {
		a := doEncoded(t, srv, "/api/stacks/acme/web", encoding, gzipped(t, body))
		require.Equal(t, http.StatusOK, a.status, a.body)
		requireNoContent(t, srv, http.MethodDelete, prodPath, "")
		assert.JSONEq(t, body, string(srv.Requests()[0].Body), "what was sent can be read")
	}
	a := doEncoded(t, srv, "/api/stacks/acme/web", "identity", body)
	require.Equal(t, http.StatusOK, a.status, a.body)
}

func TestServer_CompressedRequestBody_Errors(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	whole := gzipped(t, `{"stackName":"prod"}`)
	for name, test := range map[string]struct {
		encoding, body string
		status         int
		message        string
	}{
		"plain":      {"gzip", `{"stackName":"prod"}`, http.StatusBadRequest, "Content-Encoding is gzip, and it is not"},
		"cut off":    {"gzip", whole[:len(whole)-4], http.StatusBadRequest, "unexpected EOF"},
		"other":      {"br", "x", http.StatusUnsupportedMediaType, `not "br"`},
		"two":        {"gzip, gzip", whole, http.StatusUnsupportedMediaType, `not "gzip, gzip"`},
		"not JSON":   {"gzip", gzipped(t, "x"), http.StatusBadRequest, "invalid request body"},
		"compressed": {"", whole, http.StatusBadRequest, "invalid request body"},
		"too large":  {"gzip", gzipped(t, `{"stackName":"`+strings.Repeat("x", 64<<20)+`"}`), http.StatusRequestEntityTooLarge, "more than 67108864 bytes"},
	} {
		t.Log(name)
		assertError(t, doEncoded(t, srv, "/api/stacks/acme/web", test.encoding, test.body), test.status, test.message)
	}
	req := newRequest(t, srv, http.MethodPost, "/api/stacks/acme/web", "plain")
	req.Header.Set("Content-Encoding", "gzip")
	req.Header.Del("Authorization")
	a, err := send(t, srv, req)
	require.NoError(t, err)
	assert.Equal(t, "plain", string(srv.Requests()[7].Body), "what can't be read is kept as it came")
	assert.GreaterOrEqual(t, a.status, 400)
}
