package pulumiapi_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/internal/testkit"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

const (
	hookSecret = "correct horse"
	whose      = `"user":{"name":"Ada Lovelace","githubLogin":"ada","avatarUrl":"https://a.example/ada.png"},
		"organization":{"name":"Acme Corp","githubLogin":"acme","avatarUrl":"https://a.example/acme.png"},`
)

// webhookBodies are bodies as the service delivers them, and what they become.
var webhookBodies = map[pulumiapi.WebhookEventKind]struct {
	body    string
	payload any
}{
	pulumiapi.WebhookEventKindStack: {
		`{` + whose + `"action":"created","projectName":"web","stackName":"prod"}`, &pulumiapi.WebhookStackPayload{},
	},
	pulumiapi.WebhookEventKindStackUpdate: {
		`{` + whose + `"projectName":"web","stackName":"prod","updateUrl":"https://app.example/acme/web/prod/updates/42",
		"kind":"refresh","result":"succeeded","resourceChanges":{"update":3,"delete":1,"update-replace":2},"isPreview":false}`, &pulumiapi.WebhookStackUpdatePayload{},
	},
	pulumiapi.WebhookEventKindStackPreview: {
		`{` + whose + `"projectName":"web","stackName":"prod","updateUrl":"https://app.example/acme/web/prod/previews/11bf162b",
		"kind":"update","result":"failed","resourceChanges":{"same":3},"isPreview":true}`, &pulumiapi.WebhookStackUpdatePayload{},
	},
	pulumiapi.WebhookEventKindDeployment: {
		`{` + whose + `"projectName":"web","stackName":"prod","deploymentUrl":"https://app.example/acme/web/prod/deployments/127",
		"version":127,"operation":"detect-drift","status":"running"}`, &pulumiapi.WebhookDeploymentPayload{},
	},
	pulumiapi.WebhookEventKindDriftDetection: {
		`{` + whose + `"projectName":"web","stackName":"prod","driftDetected":true,"driftRunId":"11bf162b","status":"succeeded",
		"resourceChanges":{"update":3,"delete":1},"referenceUrl":"https://app.example/acme/web/prod/deployments/127"}`, &pulumiapi.WebhookDriftDetectionPayload{},
	},
	pulumiapi.WebhookEventKindDriftRemediation: {
		`{` + whose + `"projectName":"web","stackName":"prod","status":"failed",
		"resourceChanges":{"update":3,"delete":1},"referenceUrl":"https://app.example/acme/web/prod/deployments/128"}`, &pulumiapi.WebhookDriftRemediationPayload{},
	},
	pulumiapi.WebhookEventKindEnvironment: {
		`{` + whose + `"projectName":"web","environmentName":"base","action":"deleted"}`, &pulumiapi.WebhookEnvironmentPayload{},
	},
	pulumiapi.WebhookEventKindEnvironmentRevision: {
		`{` + whose + `"projectName":"web","environmentName":"base","action":"retracted","revision":5}`, &pulumiapi.WebhookEnvironmentRevisionPayload{},
	},
	pulumiapi.WebhookEventKindEnvironmentRevisionTag: {
		`{` + whose + `"projectName":"web","environmentName":"base","tagName":"stable","action":"updated","revision":5}`, &pulumiapi.WebhookEnvironmentRevisionTagPayload{},
	},
	pulumiapi.WebhookEventKindEnvironmentTag: {
		`{` + whose + `"projectName":"web","environmentName":"base","tagName":"owner","action":"created"}`, &pulumiapi.WebhookEnvironmentTagPayload{},
	},
	pulumiapi.WebhookEventKindImportedEnvironmentChanged: {
		`{` + whose + `"projectName":"web","environmentName":"prod","affectedRevisions":[2,5,6],
		"importedEnvironmentReference":{"projectName":"web","environmentName":"base","revision":10}}`, &pulumiapi.WebhookImportedEnvironmentChangedPayload{},
	},
	pulumiapi.WebhookEventKindTeam: {
		`{` + whose + `"action":"updated","team":{"kind":"github","name":"Crew",
		"members":[{"name":"Ada Lovelace","githubLogin":"ada","avatarUrl":"https://a.example/ada.png"}],
		"stacks":[{"stackName":"prod","permission":103}]}}`, &pulumiapi.WebhookTeamPayload{},
	},
	pulumiapi.WebhookEventKindPing: {
		`{"timestamp":1632735487,"message":"🍹 Just a friendly ping from Pulumi 🍹"}`, &pulumiapi.WebhookPingPayload{},
	},
}

func secretOf(text string) pulumiapi.Secret { return pulumiapi.NewSecret(text) }

func TestParseWebhook_EveryKindLeafByLeaf(t *testing.T) {
	t.Parallel()
	for kind, c := range webhookBodies {
		req := pulumiapitest.SignedWebhook(string(kind), c.body, hookSecret)
		event, err := pulumiapi.ParseWebhook(req, secretOf(hookSecret))
		require.NoError(t, err, kind)
		assert.Equal(t, kind, event.Kind)
		assert.Equal(t, req.Header.Get("Pulumi-Webhook-ID"), event.ID)
		assert.NotEmpty(t, event.ID)
		assert.Equal(t, []byte(c.body), []byte(event.Raw), kind)
		assert.IsType(t, c.payload, event.Payload, kind)
		assert.Empty(t, testkit.MissingLeaves(t, testkit.DecodeAny(t, []byte(c.body)), event.Payload), kind)
		again := reflect.New(reflect.TypeOf(event.Payload).Elem()).Interface()
		require.NoError(t, json.Unmarshal([]byte(c.body), again), kind)
		assert.Equal(t, again, event.Payload, "%s, read by encoding/json", kind)
		if stack, ok := event.Payload.(interface {
			Identifier() pulumiapi.StackIdentifier
		}); ok {
			assert.Equal(t, testkit.Prod.String(), stack.Identifier().String(), kind)
		} else {
			assert.NotContains(t, c.body, `"projectName":"web","stackName"`, "%s has no Identifier", kind)
		}
	}
}

func TestParseWebhook_UnknownKindsAreNoError(t *testing.T) {
	t.Parallel()
	for _, kind := range []pulumiapi.WebhookEventKind{pulumiapi.WebhookEventKindPolicyViolation, "change_request", "whats_new", "STACK", ""} {
		const body = ` { "b": 1, "a": [null] } `
		event, err := pulumiapi.ParseWebhook(pulumiapitest.SignedWebhook(string(kind), body, hookSecret), secretOf(hookSecret))
		require.NoError(t, err, kind)
		assert.Equal(t, kind, event.Kind)
		assert.Nil(t, event.Payload, kind)
		assert.Equal(t, body, string(event.Raw), kind) //nolint:testifylint // byte for byte
	}
}

func TestParseWebhook_DecodesLeniently(t *testing.T) {
	t.Parallel()
	for kind, c := range webhookBodies {
		for name, body := range map[string][]byte{
			"unknown fields and values": testkit.Mutate(t, []byte(c.body), func(leaf any) any {
				if _, ok := leaf.(string); ok {
					return "something-new"
				}
				return leaf
			}, "something-new"),
			"null everywhere":        testkit.Mutate(t, []byte(c.body), func(any) any { return nil }, ""),
			"nothing in it":          []byte(`{}`),
			"null":                   []byte(`null`),
			"names twice":            append([]byte(`{"user":null,"user":null,"x":1,"x":2,`), c.body[1:]...),
			"text that is not UTF-8": []byte("{\"message\":\"\xff\",\"projectName\":\"\xff\"}"),
		} {
			event, err := pulumiapi.ParseWebhook(pulumiapitest.SignedWebhook(string(kind), body, hookSecret), secretOf(hookSecret))
			require.NoError(t, err, "%s with %s", kind, name)
			assert.IsType(t, c.payload, event.Payload, "%s with %s", kind, name)
		}
	}
}

func TestParseWebhook_WhatIsNoPayload(t *testing.T) {
	t.Parallel()
	for body, says := range map[string]string{
		``:                      "not JSON",
		`{`:                     "not JSON",
		`{"action":"created"`:   "not JSON",
		`{"action":'created'}`:  "not JSON",
		`{} {}`:                 "not JSON",
		`payload={}`:            "not JSON",
		"\ufeff{}":              "not JSON",
		`[]`:                    "another form than that of the kind stack",
		`"text"`:                "another form than that of the kind stack",
		`{"action":{"a":1}}`:    "another form than that of the kind stack",
		`{"user":[1]}`:          "another form than that of the kind stack",
		`{"organization":true}`: "another form than that of the kind stack",
	} {
		for _, parse := range parsers {
			event, err := parse(pulumiapitest.SignedWebhook("stack", body, hookSecret))
			require.ErrorContains(t, err, says, body)
			if says == "not JSON" {
				assert.Nil(t, event, body)
				_, err = parse(pulumiapitest.SignedWebhook("something_new", body, hookSecret))
				require.ErrorContains(t, err, says, "%s of a kind that is not known", body)
				continue
			}
			require.NotNil(t, event, body)
			assert.NotEmpty(t, event.ID, body)
			assert.Equal(t, pulumiapi.WebhookEventKindStack, event.Kind, body)
			assert.Equal(t, body, string(event.Raw))
			assert.Nil(t, event.Payload, body)
		}
	}
	_, err := pulumiapi.ParseUnverifiedWebhook(pulumiapitest.SignedWebhook("stack", `{"user":`+strings.Repeat("[", 1000)+strings.Repeat("]", 1000)+"}", ""))
	require.Error(t, err)
	assert.Less(t, len(err.Error()), 600)
	assert.NotContains(t, err.Error(), "\n")
}

// parsers are both ways to parse what is signed with hookSecret.
var parsers = []func(*http.Request) (*pulumiapi.WebhookEvent, error){
	pulumiapi.ParseUnverifiedWebhook,
	func(r *http.Request) (*pulumiapi.WebhookEvent, error) {
		return pulumiapi.ParseWebhook(r, secretOf(hookSecret))
	},
}

func TestParseWebhook_Signatures(t *testing.T) {
	t.Parallel()
	const body = `{"action":"created"}`
	good := pulumiapitest.SignedWebhook("stack", body, hookSecret).Header.Get("Pulumi-Webhook-Signature")
	require.Len(t, good, 64)
	for name, c := range map[string]struct {
		signatures []string
		body       string
		want       error
	}{
		"right":                        {[]string{good}, body, nil},
		"upper case":                   {[]string{strings.ToUpper(good)}, body, nil},
		"white space around":           {[]string{" \t" + good + " "}, body, nil},
		"none":                         {nil, body, pulumiapi.ErrWebhookUnsigned},
		"empty":                        {[]string{""}, body, pulumiapi.ErrWebhookUnsigned},
		"white space":                  {[]string{"  "}, body, pulumiapi.ErrWebhookUnsigned},
		"of another body":              {[]string{good}, body + " ", pulumiapi.ErrWebhookBadSignature},
		"of an empty body":             {[]string{good}, "", pulumiapi.ErrWebhookBadSignature},
		"one digit less":               {[]string{good[1:]}, body, pulumiapi.ErrWebhookBadSignature},
		"one byte less":                {[]string{good[2:]}, body, pulumiapi.ErrWebhookBadSignature},
		"one byte more":                {[]string{good + "00"}, body, pulumiapi.ErrWebhookBadSignature},
		"one digit changed":            {[]string{flipped(good)}, body, pulumiapi.ErrWebhookBadSignature},
		"not hexadecimal":              {[]string{strings.Repeat("g", 64)}, body, pulumiapi.ErrWebhookBadSignature},
		"with an algorithm":            {[]string{"sha256=" + good}, body, pulumiapi.ErrWebhookBadSignature},
		"two, the first of them right": {[]string{good, flipped(good)}, body, pulumiapi.ErrWebhookBadSignature},
		"two, the last of them right":  {[]string{"", good}, body, pulumiapi.ErrWebhookBadSignature},
		"two that are the same":        {[]string{good, good}, body, pulumiapi.ErrWebhookBadSignature},
		"two in one":                   {[]string{good + ", " + good}, body, pulumiapi.ErrWebhookBadSignature},
	} {
		req := pulumiapitest.SignedWebhook("stack", c.body, "")
		req.Header["Pulumi-Webhook-Signature"] = c.signatures
		event, err := pulumiapi.ParseWebhook(req, secretOf(hookSecret))
		require.ErrorIs(t, err, c.want, name)
		assert.Equal(t, c.want == nil, event != nil, name)
	}
}

// flipped changes the last hexadecimal digit.
func flipped(signature string) string {
	last := "0"
	if strings.HasSuffix(signature, last) {
		last = "1"
	}
	return signature[:len(signature)-1] + last
}

// The signature is openssl's: printf '{}' | openssl dgst -sha256 -hmac key.
func TestParseWebhook_ASignatureFromElsewhere(t *testing.T) {
	t.Parallel()
	req := pulumiapitest.SignedWebhook("stack", "{}", "")
	req.Header.Set("Pulumi-Webhook-Signature", "a777724d943eb48dc69bca8a4a6d57a04db3f9ec7e1de4e581e860265bdf3032")
	_, err := pulumiapi.ParseWebhook(req, secretOf("key"))
	require.NoError(t, err)
}

func TestParseWebhook_SecretsInRotation(t *testing.T) {
	t.Parallel()
	older, newer := secretOf("older"), secretOf("newer")
	for _, signed := range []string{"older", "newer"} {
		for _, secrets := range [][]pulumiapi.Secret{{older, newer}, {newer, older}, {secretOf("x"), newer, older, secretOf("y")}} {
			_, err := pulumiapi.ParseWebhook(pulumiapitest.SignedWebhook("stack", "{}", signed), secrets...)
			require.NoError(t, err, signed)
		}
	}
	_, err := pulumiapi.ParseWebhook(pulumiapitest.SignedWebhook("stack", "{}", "gone"), older, newer)
	require.ErrorIs(t, err, pulumiapi.ErrWebhookBadSignature)
}

// An empty secret is one that everybody knows.
func TestParseWebhook_NoSecret(t *testing.T) {
	t.Parallel()
	for name, secrets := range map[string][]pulumiapi.Secret{
		"none": nil, "an empty one": {{}}, "an empty one among others": {secretOf(hookSecret), secretOf("")},
	} {
		_, err := pulumiapi.ParseWebhook(pulumiapitest.SignedWebhook("stack", "{}", hookSecret), secrets...)
		require.ErrorIs(t, err, pulumiapi.ErrWebhookNoSecret, name)
		var wrong *pulumiapi.ArgumentError
		require.ErrorAs(t, err, &wrong, name)
		assert.Equal(t, "secrets", wrong.Name)
	}
}

func TestParseWebhook_RequestsThatAreNone(t *testing.T) {
	t.Parallel()
	for _, parse := range parsers {
		_, err := parse(nil)
		var wrong *pulumiapi.ArgumentError
		require.ErrorAs(t, err, &wrong)
		assert.Equal(t, "r", wrong.Name)
		for _, req := range []*http.Request{{}, {Header: http.Header{"Pulumi-Webhook-Signature": {"00"}}}} {
			_, err = parse(req)
			require.Error(t, err)
		}
	}
}

func TestParseWebhook_BodiesThatAreTooLong(t *testing.T) {
	t.Parallel()
	ofLength := func(n int) string { return `"` + strings.Repeat("x", n-2) + `"` }
	for _, parse := range parsers {
		event, err := parse(pulumiapitest.SignedWebhook("new", ofLength(1<<20), hookSecret))
		require.NoError(t, err)
		assert.Len(t, event.Raw, 1<<20)
		_, err = parse(pulumiapitest.SignedWebhook("new", ofLength(1<<20+1), hookSecret))
		var tooLong *http.MaxBytesError
		require.ErrorAs(t, err, &tooLong)
		assert.EqualValues(t, 1<<20, tooLong.Limit)
	}
}

func TestParseWebhook_ABodyThatBreaksOff(t *testing.T) {
	t.Parallel()
	broken := errors.New("connection reset")
	for _, parse := range parsers {
		req := pulumiapitest.SignedWebhook("stack", "{}", hookSecret)
		req.Body = io.NopCloser(&failingReader{strings.NewReader("{}"), broken})
		_, err := parse(req)
		require.ErrorIs(t, err, broken)
	}
}

// Who can't sign is not listened to.
func TestParseWebhook_DoesNotReadWhatIsUnsigned(t *testing.T) {
	t.Parallel()
	req := pulumiapitest.SignedWebhook("stack", "{}", "")
	_, err := pulumiapi.ParseWebhook(req, secretOf(hookSecret))
	require.ErrorIs(t, err, pulumiapi.ErrWebhookUnsigned)
	rest, err := io.ReadAll(req.Body)
	require.NoError(t, err)
	assert.Equal(t, "{}", string(rest))
}

func TestParseUnverifiedWebhook_TakesItFromAnybody(t *testing.T) {
	t.Parallel()
	for _, signature := range []string{"", "wrong"} {
		req := pulumiapitest.SignedWebhook("stack", `{"action":"deleted"}`, "")
		req.Header.Set("Pulumi-Webhook-Signature", signature)
		event, err := pulumiapi.ParseUnverifiedWebhook(req)
		require.NoError(t, err)
		payload, ok := event.Payload.(*pulumiapi.WebhookStackPayload)
		require.True(t, ok)
		assert.Equal(t, pulumiapi.WebhookActionDeleted, payload.Action)
	}
}

// Whatever comes: it is refused, or its parts are what was sent.
func FuzzParseWebhook(f *testing.F) {
	for kind, c := range webhookBodies {
		signature := pulumiapitest.SignedWebhook(string(kind), c.body, hookSecret).Header.Get("Pulumi-Webhook-Signature")
		f.Add(string(kind), "1", signature, []byte(c.body))
		f.Add(string(kind), "", strings.ToUpper(signature), []byte(strings.ReplaceAll(c.body, `"`, "")))
		f.Add(string(kind), "2", "", []byte(`{"user":[],"team":1,"version":1e99,"timestamp":"soon","resourceChanges":{"a":{}}}`))
	}
	for _, body := range []string{"", "null", "[]", `"x"`, "{", "\xff", "\ufeff{}", strings.Repeat("[", 20000), `{"user":{"name":"\ud800"}}`} {
		f.Add("policy_violation", "3", "00", []byte(body))
		f.Add("stack", "\x00", "zz", []byte(body))
	}
	f.Fuzz(func(t *testing.T, kind, id, signature string, body []byte) {
		request := func(signature string) *http.Request {
			req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", bytes.NewReader(body))
			req.Header.Set("Pulumi-Webhook-ID", id)
			req.Header.Set("Pulumi-Webhook-Kind", kind)
			req.Header.Set("Pulumi-Webhook-Signature", signature)
			return req
		}
		right := pulumiapitest.SignedWebhook(kind, body, hookSecret).Header.Get("Pulumi-Webhook-Signature")
		claimed, claimedErr := pulumiapi.ParseWebhook(request(signature), secretOf(hookSecret))
		if !strings.EqualFold(strings.TrimSpace(signature), right) {
			require.Nil(t, claimed)
			require.True(t, errors.Is(claimedErr, pulumiapi.ErrWebhookUnsigned) || errors.Is(claimedErr, pulumiapi.ErrWebhookBadSignature), "%v", claimedErr)
		}
		event, err := pulumiapi.ParseWebhook(request(right), secretOf("other"), secretOf(hookSecret))
		unverified, unverifiedErr := pulumiapi.ParseUnverifiedWebhook(request(signature))
		require.Equal(t, unverified, event, "a signature changes nothing of what is read")
		require.Equal(t, unverifiedErr, err)
		if err != nil {
			require.True(t, strings.HasPrefix(err.Error(), "pulumiapi: webhook: "), err.Error())
			require.NotContains(t, err.Error(), "\n")
			require.Equal(t, strings.Contains(err.Error(), "JSON of another form"), event != nil, err.Error())
			if event == nil {
				return
			}
		}
		require.Equal(t, body, []byte(event.Raw))
		require.Equal(t, kind, string(event.Kind))
		require.Equal(t, id, event.ID)
		c, known := webhookBodies[event.Kind]
		require.Equal(t, known && err == nil, event.Payload != nil)
		if err == nil {
			require.IsType(t, c.payload, event.Payload)
		}
	})
}
