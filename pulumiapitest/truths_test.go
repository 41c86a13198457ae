package pulumiapitest_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

// The CLI starts, follows and ends everything under …/update/{updateID}, also what it
// has created elsewhere.
func TestServer_Engine_EveryKindUnderUpdate(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	for _, kind := range []string{"update", "preview", "refresh", "destroy"} {
		e := createUpdate(t, srv, kind, program)
		e.path = strings.Replace(e.path, "/"+kind+"/", "/update/", 1)
		e.start(`{}`)
		a := e.do(http.MethodPost, "/events/batch", `{"events":[{"sequence":0,"timestamp":1,"cancelEvent":{}}]}`)
		assert.Equal(t, http.StatusOK, a.status, a.body)
		a = e.do(http.MethodPost, "/renew_lease", `{"token":"","duration":300}`)
		assert.Equal(t, http.StatusOK, a.status, a.body)
		e.lease = decode[struct{ Token string }](t, a).Token
		a = e.do(http.MethodPatch, "/checkpoint", `{"isInvalid":false,"version":3,"deployment":{}}`)
		if kind == "preview" {
			assertError(t, a, http.StatusForbidden, "not permitted for preview")
		} else {
			assert.Equal(t, http.StatusNoContent, a.status, a.body)
		}
		assert.Equal(t, "running", getJSON[updateStatus](t, srv, e.path).Status)
		assert.Len(t, getJSON[eventList](t, srv, e.path+"/events").Events, 1)
		assert.Equal(t, http.StatusNoContent, e.do(http.MethodPost, "/complete", `{"status":"succeeded"}`).status)

		canceled := createUpdate(t, srv, kind, program)
		canceled.path = strings.Replace(canceled.path, "/"+kind+"/", "/update/", 1)
		canceled.start(`{}`)
		requireNoContent(t, srv, http.MethodPost, canceled.path+"/cancel", "")
	}
}

// The CLI compares these two word by word.
func TestServer_ErrorsThatTheCLIKnows(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	e := createUpdate(t, srv, "update", program)
	e.start(`{}`)
	dead := *e
	a := e.do(http.MethodPost, "/renew_lease", `{"token":"","duration":300}`)
	e.lease = decode[struct{ Token string }](t, a).Token
	for _, sub := range []string{"/renew_lease", "/events/batch", "/complete"} {
		assert.JSONEq(t, `{"code":403,"message":"The provided update token has expired"}`, dead.do(http.MethodPost, sub, `{}`).body)
	}
	a = dead.do(http.MethodPatch, "/checkpoint", `{}`)
	assert.Equal(t, http.StatusForbidden, a.status)
	assert.JSONEq(t, `{"code":403,"message":"The provided update token has expired"}`, a.body)
	assert.Equal(t, http.StatusNoContent, e.do(http.MethodPatch, "/checkpoint", `{"isInvalid":false,"version":3,"deployment":{"resources":[{}]}}`).status)
	assert.Equal(t, http.StatusNoContent, e.do(http.MethodPost, "/complete", `{"status":"succeeded"}`).status)

	a = do(t, srv, http.MethodDelete, prodPath+"?force=false", "")
	assert.Equal(t, http.StatusBadRequest, a.status)
	assert.JSONEq(t, `{"code":400,"message":"Bad Request: Stack still contains resources."}`, a.body)
}

func TestServer_Engine_RequiredPoliciesAreThoseOfTheStacksGroups(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	pack := func(name string) []pulumiapitest.RequiredPolicyPack {
		return []pulumiapitest.RequiredPolicyPack{{Name: name, DisplayName: strings.ToUpper(name), Version: 2, VersionTag: "1.0"}}
	}
	created := func() string { return do(t, srv, http.MethodPost, prodPath+"/update", program).body }
	assert.Contains(t, created(), `"requiredPolicies":[]`)
	require.NoError(t, srv.AddPolicyGroup("acme", pulumiapitest.PolicyGroup{Name: "default", Default: true, Packs: pack("basic")}))
	assert.Contains(t, created(), `"requiredPolicies":[{"displayName":"BASIC","name":"basic","packLocation":"https://packs.pulumi.test/basic/2","version":2,"versionTag":"1.0"}]`)
	for _, mode := range []string{"audit", "preventative"} {
		require.NoError(t, srv.AddPolicyGroup("acme", pulumiapitest.PolicyGroup{Name: mode, Mode: mode, Stacks: []string{"web/prod"}, Packs: pack(mode)}))
	}
	body := created()
	assert.Contains(t, body, `"name":"audit"`)
	assert.Contains(t, body, `"name":"preventative"`)
	assert.NotContains(t, body, `"name":"basic"`)
}

// A client may send back what it got.
func TestServer_Webhooks_IgnoreWhatBelongsToResponses(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	const more = `,"hasSecret":true,"secretCiphertext":"AAAB"}`
	body := `{"organizationName":"acme","name":"ci","displayName":"CI","payloadUrl":"https://hooks.acme.test/ci","active":true` + more
	hook := sendHook(t, srv, http.StatusCreated, http.MethodPost, hooksPath, body)
	assert.False(t, hook.HasSecret)
	assert.Empty(t, hook.SecretCiphertext)
	hook = sendHook(t, srv, http.StatusOK, http.MethodPatch, hooksPath+"/ci", `{"displayName":"X"`+more)
	assert.Equal(t, "X", hook.DisplayName)
	assert.False(t, hook.HasSecret)
}

func TestServer_Capabilities(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	assert.JSONEq(t, `{"capabilities":[{"capability":"stack-policy-packs","version":1},
		{"capability":"deployment-schema-version","version":1,"configuration":{"version":4}}]}`, do(t, srv, http.MethodGet, "/api/capabilities", "").body)
}

func TestServer_OpenAPI(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	described := getJSON[struct {
		Paths map[string]map[string]struct {
			OperationID string
			Responses   map[string]struct {
				Content map[string]struct {
					Schema struct {
						Ref string `json:"$ref"`
					}
				}
			}
		}
		Components struct {
			Schemas map[string]any
		}
	}](t, srv, "/api/openapi/pulumi-spec.json")
	assert.Equal(t, map[string]any{"Error": map[string]any{
		"type": "object", "required": []any{"code", "message"},
		"properties": map[string]any{"code": map[string]any{"type": "integer"}, "message": map[string]any{"type": "string"}},
	}}, described.Components.Schemas)
	seen := map[string]string{}
	for path, operations := range described.Paths {
		for method, operation := range operations {
			endpoint := method + " " + path
			assert.Regexp(t, `^[A-Z][A-Za-z0-9]+$`, operation.OperationID, endpoint)
			assert.Empty(t, seen[operation.OperationID], "%s is also %s", operation.OperationID, endpoint)
			seen[operation.OperationID] = endpoint
			assert.Equal(t, "#/components/schemas/Error", operation.Responses["default"].Content["application/json"].Schema.Ref, endpoint)
		}
	}
	assert.Equal(t, "get /api/user/stacks", seen["GetApiUserStacks"])
	assert.Greater(t, len(seen), 200)
}

const namedState = `{ "manifest": {"magic": "<\u003c", "n": 1.0e+02},
  "secrets_providers": {"type": "service", "state": {"url": "u", "owner": "acme", "project": "web", "stack": "prod"}},
  "resources": [
    {"urn": "urn:pulumi:prod::web::pulumi:pulumi:Stack::web-prod", "type": "pulumi:pulumi:Stack",
     "outputs": {"urn": "urn:pulumi:prod::web::t::kept", "stack": "prod", "nested": [{"urn": ["prod"]}]}},
    {"urn" : "urn:pulumi:prod::web::acme:Site$t::web-prod", "parent":"urn:pulumi:prod::web::pulumi:pulumi:Stack::web-prod",
     "provider": "urn:pulumi:prod::web::pulumi:providers:aws::default::04da6b54", "deletedWith": "urn:pulumi:prod::web::t::a",
     "viewOf": "urn:pulumi:prod::web::t::a", "dependencies": ["urn:pulumi:prod::web::t::a", "urn:pulumi:dev::web::t::other", ""],
     "replaceWith": ["urn:pulumi:prod::web::t::\u003ca"], "propertyDependencies": {"a.b": ["urn:pulumi:prod::web::t::a"], "c": null, "d": []}},
    {}, null, "urn:pulumi:prod::web::t::a"],
  "pending_operations": [{"type": "creating", "resource": {"urn": "urn:pulumi:prod::web::t::late", "inputs": {"urn": "urn:pulumi:prod::web::t::a"}}}],
  "metadata": {} }`

const renamedState = `{ "manifest": {"magic": "<\u003c", "n": 1.0e+02},
  "secrets_providers": {"type": "service", "state": {"url": "u", "owner": "acme", "project": "shop", "stack": "live"}},
  "resources": [
    {"urn": "urn:pulumi:live::shop::pulumi:pulumi:Stack::shop-live", "type": "pulumi:pulumi:Stack",
     "outputs": {"urn": "urn:pulumi:prod::web::t::kept", "stack": "prod", "nested": [{"urn": ["prod"]}]}},
    {"urn" : "urn:pulumi:live::shop::acme:Site$t::web-prod", "parent":"urn:pulumi:live::shop::pulumi:pulumi:Stack::shop-live",
     "provider": "urn:pulumi:live::shop::pulumi:providers:aws::default::04da6b54", "deletedWith": "urn:pulumi:live::shop::t::a",
     "viewOf": "urn:pulumi:live::shop::t::a", "dependencies": ["urn:pulumi:live::shop::t::a", "urn:pulumi:dev::web::t::other", ""],
     "replaceWith": ["urn:pulumi:live::shop::t::\u003ca"], "propertyDependencies": {"a.b": ["urn:pulumi:live::shop::t::a"], "c": null, "d": []}},
    {}, null, "urn:pulumi:prod::web::t::a"],
  "pending_operations": [{"type": "creating", "resource": {"urn": "urn:pulumi:live::shop::t::late", "inputs": {"urn": "urn:pulumi:prod::web::t::a"}}}],
  "metadata": {} }`

// A rename changes the names in the state, and nothing else of its bytes. The version
// before keeps them.
func TestServer_RenameStack_ChangesTheState(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	require.Equal(t, http.StatusOK, do(t, srv, http.MethodPost, prodPath+"/import", `{"version":3,"deployment":`+namedState+`}`).status)
	require.Equal(t, http.StatusOK, do(t, srv, http.MethodPost, prodPath+"/rename", `{"newName":"live","newProject":"shop"}`).status)
	assertExport(t, srv, "/api/stacks/acme/shop/live", `{"version":3,"deployment":`+renamedState+`}`)
	for version, state := range []string{namedState, renamedState} {
		exported := do(t, srv, http.MethodGet, fmt.Sprintf("/api/stacks/acme/shop/live/export/%d", version+1), "").body
		assert.Equal(t, `{"version":3,"deployment":`+state+`}`, exported)
	}

	// There and back, with nothing but the name.
	require.Equal(t, http.StatusOK, do(t, srv, http.MethodPost, "/api/stacks/acme/shop/live/rename", `{"newName":"prod","newProject":""}`).status)
	assert.Contains(t, do(t, srv, http.MethodGet, "/api/stacks/acme/shop/prod/export", "").body, `"urn:pulumi:prod::shop::pulumi:pulumi:Stack::shop-prod"`)
	require.Equal(t, http.StatusOK, do(t, srv, http.MethodPost, "/api/stacks/acme/shop/prod/rename", `{"newName":"","newProject":"web"}`).status)
	assertExport(t, srv, prodPath, `{"version":3,"deployment":`+namedState+`}`)
}

// The key of the secrets is at the server that has exported them, by the name that the
// client has for it.
func TestDemo_StatesNameTheServersOwnURL(t *testing.T) {
	t.Parallel()
	srv := pulumiapitest.Demo(pulumiapitest.ForTest(t))
	const path = "/api/stacks/acme-corp/webshop/prod/export"
	type export struct {
		Deployment struct {
			SecretsProviders struct {
				State struct{ URL string }
			} `json:"secrets_providers"`
		}
	}
	urlOf := func(body string) string {
		return decode[export](t, answer{body: body}).Deployment.SecretsProviders.State.URL
	}
	assert.Equal(t, pulumiapitest.BaseURL, urlOf(do(t, srv, http.MethodGet, path, "").body))

	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL()+path, http.NoBody)
	require.NoError(t, err)
	req.Header.Set("Authorization", "token "+srv.Token())
	client := &http.Client{Transport: &http.Transport{}}
	t.Cleanup(client.CloseIdleConnections)
	resp, err := client.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	assert.Equal(t, srv.URL(), urlOf(string(body)))
	assert.Equal(t, pulumiapitest.BaseURL, urlOf(do(t, srv, http.MethodGet, path, "").body), "and for the other client as before")
}
