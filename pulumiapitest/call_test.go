package pulumiapitest_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestServer_UnknownQueryParameter(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	const prod = "/api/stacks/acme/web/prod"
	requireError(t, srv, http.StatusBadRequest, `GET /api/user/stacks does not know "org"`, http.MethodGet, "/api/user/stacks?organization=acme&org=acme", "")
	requireError(t, srv, http.StatusBadRequest, `does not know "Force"`, http.MethodDelete, prod+"?Force=true", "")
	requireError(t, srv, http.StatusBadRequest, `does not know "x"`, http.MethodPost, prod+"/tags?x=", `{"name":"a","value":"b"}`)
	requireError(t, srv, http.StatusBadRequest, "invalid query", http.MethodGet, "/api/user/stacks?project=a;b", "")
	requireError(t, srv, http.StatusBadRequest, "invalid query", http.MethodGet, "/api/user/stacks?project=%zz", "")
}

func TestServer_RequestBody(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	tests := map[string]struct{ body, message string }{
		"empty":           {``, "JSON is expected"},
		"malformed":       {`{"stackName":`, "invalid request body: unexpected end"},
		"trailing":        {`{"stackName":"a"} {}`, "invalid request body: invalid character"},
		"array":           {`[]`, "invalid request body"},
		"wrong type":      {`{"stackName":7}`, "cannot unmarshal number"},
		"unknown":         {`{"stackName":"a","name":"a"}`, `POST /api/stacks/{orgName}/{projectName} does not know the member "name"`},
		"case":            {`{"stackname":"a"}`, `"stackname"`},
		"unknown, nested": {`{"stackName":"a","config":{"environment":"e","env":1}}`, `"config.env"`},
		"null":            {`null`, "invalid stack name"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requireError(t, srv, http.StatusBadRequest, test.message, http.MethodPost, "/api/stacks/acme/web", test.body)
		})
	}
	assert.Empty(t, getJSON[stackList](t, srv, "/api/user/stacks").Stacks)
}

func TestServer_RequestBody_ContentType(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	for name, contentType := range map[string]string{
		"good":    "application/json",
		"charset": "application/json; charset=utf-8",
		"text":    "text/plain",
		"yaml":    "application/x-yaml",
		"none":    "",
	} {
		req := newRequest(t, srv, http.MethodPost, "/api/stacks/acme/web", `{"stackName":"`+name+`"}`)
		req.Header.Del("Content-Type")
		if contentType != "" {
			req.Header.Set("Content-Type", contentType)
		}
		a, err := send(t, srv, req)
		require.NoError(t, err)
		if name == "good" || name == "charset" {
			assert.Equal(t, http.StatusOK, a.status, a.body)
		} else {
			assertError(t, a, http.StatusUnsupportedMediaType, "must be application/json, not \""+contentType+`"`)
		}
	}
}
