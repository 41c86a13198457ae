package pulumiapitest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

const hooksPath = "/api/orgs/acme/hooks"

type hookOf struct {
	OrganizationName, ProjectName, StackName string
	EnvName                                  string
	Name, DisplayName, PayloadURL, Format    string
	Active, HasSecret                        bool
	SecretCiphertext                         string
	Filters, Groups                          []string
}

// sendHook sends a request that is answered with a webhook.
func sendHook(t *testing.T, srv *pulumiapitest.Server, status int, method, path, body string) hookOf {
	t.Helper()
	a := do(t, srv, method, path, body)
	require.Equal(t, status, a.status, a.body)
	require.NotContains(t, a.body, `"secret"`)
	return decode[hookOf](t, a)
}

const newHook = `{"organizationName":"acme","name":"ci","displayName":"CI","payloadUrl":"https://hooks.acme.test/ci","active":true,"secret":"s3cret"}`

func TestServer_CreateWebhook(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	hook := sendHook(t, srv, http.StatusCreated, http.MethodPost, hooksPath, newHook)
	assert.NotEmpty(t, hook.SecretCiphertext)
	assert.NotContains(t, hook.SecretCiphertext, "s3cret")
	assert.Equal(t, hookOf{
		OrganizationName: "acme", Name: "ci", DisplayName: "CI", PayloadURL: "https://hooks.acme.test/ci",
		Format: "raw", Active: true, HasSecret: true, SecretCiphertext: hook.SecretCiphertext,
	}, hook)
	requireAudit(t, srv, "Webhook Created", `Created webhook "ci" of the organization`)
	assert.Equal(t, hook, getJSON[hookOf](t, srv, hooksPath+"/ci"))
	requireError(t, srv, http.StatusConflict, "already exists", http.MethodPost, hooksPath, newHook)

	unnamed := sendHook(t, srv, http.StatusCreated, http.MethodPost, hooksPath,
		`{"organizationName":"acme","displayName":"X","payloadUrl":"http://x.test","active":false,"format":"slack","filters":["stack_created","update_failed"],"groups":["policies"]}`)
	assert.Regexp(t, `^[0-9a-f]{8}$`, unnamed.Name)
	assert.Equal(t, "slack", unnamed.Format)
	assert.Equal(t, []string{"stack_created", "update_failed"}, unnamed.Filters)
	assert.Equal(t, []string{"policies"}, unnamed.Groups)
	assert.False(t, unnamed.Active)
	assert.False(t, unnamed.HasSecret)
	assert.Empty(t, unnamed.SecretCiphertext)
	assert.Equal(t, []hookOf{hook, unnamed}, getJSON[[]hookOf](t, srv, hooksPath))
}

func TestServer_CreateWebhook_Errors(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	for change, message := range map[string]string{
		`"organizationName":"other"`:               "doesn't match URL",
		`"organizationName":null`:                  "are required",
		`"displayName":null`:                       "are required",
		`"displayName":""`:                         "needs a display name",
		`"payloadUrl":null`:                        "are required",
		`"payloadUrl":""`:                          "Invalid payload URL",
		`"payloadUrl":"hooks.acme.test"`:           "Invalid payload URL",
		`"payloadUrl":"ftp://hooks.acme.test"`:     "Invalid payload URL",
		`"active":null`:                            "are required",
		`"name":"a b"`:                             "Invalid webhook name",
		`"name":".."`:                              "Invalid webhook name",
		`"name":"` + strings.Repeat("x", 33) + `"`: "Invalid webhook name",
		`"format":"teams"`:                         "Invalid webhook format",
		`"format":"pulumi_deployments"`:            "can only be used on stack",
		`"filters":["stack_moved"]`:                "Invalid webhook filter",
		`"groups":["stack"]`:                       "Invalid webhook group",
		`"projectName":"web"`:                      "doesn't match URL",
		`"envName":"dev"`:                          "doesn't match URL",
		`"secretName":"x"`:                         "does not know",
	} {
		requireError(t, srv, http.StatusBadRequest, message, http.MethodPost, hooksPath, strings.TrimSuffix(newHook, "}")+","+change+"}")
	}
	requireError(t, srv, http.StatusNotFound, "Organization", http.MethodPost, "/api/orgs/none/hooks", newHook)
	requireError(t, srv, http.StatusNotFound, "Stack", http.MethodPost, "/api/stacks/acme/web/none/hooks", newHook)
	assert.Equal(t, "[]", do(t, srv, http.MethodGet, hooksPath, "").body)
	requireNoAudit(t, srv)
}

func TestServer_CreateWebhook_OfAStack(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	hook := sendHook(t, srv, http.StatusCreated, http.MethodPost, prodPath+"/hooks",
		`{"organizationName":"acme","projectName":"web","stackName":"prod","name":"d","displayName":"D","payloadUrl":"web/docs","active":true,"format":"pulumi_deployments","groups":["deployments"]}`)
	assert.Equal(t, "web prod", hook.ProjectName+" "+hook.StackName)
	requireAudit(t, srv, "Webhook Created", `Created webhook "d" of stack "web/prod"`)
	assert.Empty(t, getJSON[[]hookOf](t, srv, hooksPath), "not the organization's")
	assert.Len(t, getJSON[[]hookOf](t, srv, prodPath+"/hooks"), 1)
	requireError(t, srv, http.StatusBadRequest, "Invalid webhook group", http.MethodPatch, prodPath+"/hooks/d", `{"groups":["environments"]}`)
	requireError(t, srv, http.StatusBadRequest, "doesn't match URL", http.MethodPatch, prodPath+"/hooks/d", `{"stackName":"dev"}`)
	requireError(t, srv, http.StatusBadRequest, "nowhere to deliver", http.MethodPost, prodPath+"/hooks/d/ping", "")

	require.NoError(t, srv.AddOrganization("other"))
	requireNoContent(t, srv, http.MethodPost, prodPath+"/transfer", `{"toOrg":"other"}`)
	assert.Equal(t, "other", getJSON[hookOf](t, srv, "/api/stacks/other/web/prod/hooks/d").OrganizationName, "it goes with the stack")
}

func TestServer_UpdateWebhook(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	created := sendHook(t, srv, http.StatusCreated, http.MethodPost, hooksPath, newHook)
	patch := func(body string) hookOf {
		return sendHook(t, srv, http.StatusOK, http.MethodPatch, hooksPath+"/ci", body)
	}
	renamed := patch(`{"organizationName":"acme","name":"ci","displayName":"New","active":false}`)
	assert.Equal(t, "New", renamed.DisplayName)
	assert.False(t, renamed.Active)
	assert.Equal(t, created.SecretCiphertext, renamed.SecretCiphertext, "left alone, as is all that is not sent")
	assert.Equal(t, created.PayloadURL, renamed.PayloadURL)
	requireAudit(t, srv, "Webhook Updated", `Updated webhook "ci" of the organization`)

	other := patch(`{"secret":"another"}`)
	assert.True(t, other.HasSecret)
	assert.NotEqual(t, created.SecretCiphertext, other.SecretCiphertext)
	assert.False(t, patch(`{"secret":null}`).HasSecret)
	assert.True(t, patch(`{"secret":"x"}`).HasSecret)
	assert.False(t, patch(`{"secret":""}`).HasSecret)
	assert.Equal(t, []string{"stack_created"}, patch(`{"filters":["stack_created"]}`).Filters)
	assert.Empty(t, patch(`{"filters":[]}`).Filters)

	requireError(t, srv, http.StatusBadRequest, "doesn't match URL", http.MethodPatch, hooksPath+"/ci", `{"organizationName":"x"}`)
	requireError(t, srv, http.StatusBadRequest, "keeps its name", http.MethodPatch, hooksPath+"/ci", `{"name":"x"}`)
	requireError(t, srv, http.StatusBadRequest, "Invalid payload URL", http.MethodPatch, hooksPath+"/ci", `{"displayName":"Y","payloadUrl":"x"}`)
	assert.Equal(t, "New", getJSON[hookOf](t, srv, hooksPath+"/ci").DisplayName, "nothing of what is refused stays")
}

func TestServer_DeleteWebhook(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	sendHook(t, srv, http.StatusCreated, http.MethodPost, hooksPath, newHook)
	requireNoContent(t, srv, http.MethodDelete, hooksPath+"/ci", "")
	requireAudit(t, srv, "Webhook Deleted", `Deleted webhook "ci" of the organization`)
	for _, request := range []string{"DELETE ", "GET ", "PATCH ", "POST /ping", "GET /deliveries", "POST /deliveries/x/redeliver"} {
		method, path, _ := strings.Cut(request, " ")
		requireError(t, srv, http.StatusNotFound, "Webhook 'ci' not found", method, hooksPath+"/ci"+path, "")
	}
}

func TestServer_WebhooksOfEnvironments(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	const env = "/api/esc/environments/acme/web/prod/hooks"
	body := `{"organizationName":"acme","projectName":"web","envName":"prod","name":"ci","displayName":"CI","payloadUrl":"https://hooks.acme.test/ci","active":true,"format":"pulumi_deployments"}`
	hook := sendHook(t, srv, http.StatusCreated, http.MethodPost, env, body)
	assert.Equal(t, []string{"acme", "web", "", "prod"}, []string{hook.OrganizationName, hook.ProjectName, hook.StackName, hook.EnvName})
	requireAudit(t, srv, "Webhook Created", `Created webhook "ci" of environment "web/prod"`)
	requireError(t, srv, http.StatusConflict, "already exists", http.MethodPost, env, body)
	assert.Equal(t, []hookOf{hook}, getJSON[[]hookOf](t, srv, env))
	for _, other := range []string{hooksPath, prodPath + "/hooks", "/api/esc/environments/acme/web/dev/hooks", "/api/esc/environments/acme/api/prod/hooks"} {
		assert.Empty(t, getJSON[[]hookOf](t, srv, other), other)
	}
	for _, wrong := range []string{`"envName":"dev"`, `"projectName":"api"`, `"stackName":"prod"`} {
		requireError(t, srv, http.StatusBadRequest, "doesn't match URL", http.MethodPatch, env+"/ci", `{`+wrong+`}`)
	}
	assert.Equal(t, "New", sendHook(t, srv, http.StatusOK, http.MethodPatch, env+"/ci", `{"displayName":"New"}`).DisplayName)
	requireNoContent(t, srv, http.MethodDelete, env+"/ci", "")
	requireError(t, srv, http.StatusNotFound, "Webhook 'ci' not found", http.MethodGet, env+"/ci", "")
	requireError(t, srv, http.StatusNotFound, "Organization", http.MethodGet, "/api/esc/environments/none/web/prod/hooks", "")
}

func TestServer_AddWebhook_Errors(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	add := func(w pulumiapitest.Webhook) error {
		_, err := srv.AddWebhook(w)
		return err
	}
	require.NoError(t, add(pulumiapitest.Webhook{Org: "acme", Name: "a b"}), "the rules are for clients")
	require.ErrorContains(t, add(pulumiapitest.Webhook{Org: "acme", Name: "a b"}), "exists")
	require.ErrorContains(t, add(pulumiapitest.Webhook{Org: "acme", Name: ".."}), "webhook name")
	require.ErrorContains(t, add(pulumiapitest.Webhook{}), "organization name")
	require.ErrorContains(t, add(pulumiapitest.Webhook{Org: "acme", Project: "web", Stack: "dev"}), "no stack")
	require.ErrorContains(t, add(pulumiapitest.Webhook{Org: "acme", Project: "web", Stack: "prod", Environment: "prod"}), "a stack or to an environment")
	require.NoError(t, add(pulumiapitest.Webhook{Org: "acme", Project: "web", Environment: "new", Name: "env"}))
	assert.Equal(t, "new", getJSON[hookOf](t, srv, "/api/esc/environments/acme/web/new/hooks/env").EnvName)
	name, err := srv.AddWebhook(pulumiapitest.Webhook{Org: "acme", Project: "web", Stack: "prod", Secret: "x"})
	require.NoError(t, err)
	hook := getJSON[hookOf](t, srv, prodPath+"/hooks/"+name)
	assert.True(t, hook.HasSecret)
	assert.Equal(t, "raw "+name, hook.Format+" "+hook.DisplayName)
}
