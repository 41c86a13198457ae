package pulumiapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

// These tests are about secrets that nobody has sent: a response brings them.

// shapedCanaries have the shapes of tokens, and are hidden in every response.
var shapedCanaries = []string{
	"pul-c4n4ryc4n4ryc4n4ryc4n4ryc4n4ryc4n4ryc4n", "pulr-c4n4ry0c4n4ry1", "eyJhbGciOiJub25lIn0.c4n4ryc4n4ry.c4n4ry",
	"ghs_c4n4ryc4n4ryc4n4ryc4n4ryc4n4ry", "glpat-c4n4ryc4n4ryc4n4ry",
}

// newSecret is a canary without a shape. Only responses that may hold a secret hide
// it.
const newSecret = "brand-new c4n4ry"

// bringsSecret reports whether what the method returns has a Secret in it.
func (o operation) bringsSecret(t *testing.T) bool {
	t.Helper()
	client, _ := scriptedClient(t, func(int, *http.Request) (*http.Response, error) { return respond(http.StatusOK, o.body(t)), nil })
	value, err := o.call(t.Context(), client)
	require.NoError(t, err, o.name)
	return value != nil && hasSecret(reflect.TypeOf(value), nil)
}

func hasSecret(t reflect.Type, outer []reflect.Type) bool {
	if t == reflect.TypeFor[pulumiapi.Secret]() {
		return true
	}
	for _, seen := range outer {
		if seen == t {
			return false
		}
	}
	outer = append(outer, t)
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return hasSecret(t.Elem(), outer)
	case reflect.Struct:
		for field := range t.Fields() {
			if hasSecret(field.Type, outer) {
				return true
			}
		}
	default:
	}
	return false
}

// responsesWith are the responses that a service, or what stands before it, may send
// with a secret in them, whether the request has succeeded or not.
func responsesWith(tb testing.TB, o operation, secret string) map[string]func() *http.Response {
	tb.Helper()
	quoted := must(json.Marshal(secret))
	bodies := map[string]string{
		"text":            "the token is " + secret,
		"a page":          "<html><pre>" + html.EscapeString(secret),
		"a JSON string":   string(quoted),
		"JSON of a token": fmt.Sprintf(`{"id":"1","tokenValue":%s,"access_token":%s,"value":%s}`, quoted, quoted, quoted),
		"broken JSON":     fmt.Sprintf(`{"id":"1","tokenValue":%s,`, quoted),
		"wrong JSON":      fmt.Sprintf(`{"id":{%s:1},"tokenValue":[%s],"access_token":{"a":%s},"value":[%s],"message":[%s]}`, quoted, quoted, quoted, quoted, quoted),
		"a refusal": fmt.Sprintf(`{"code":400,"message":%s,"documentationUrl":%s,"errors":[{"resource":%s,"attribute":%s,"errorType":%s,"customMessage":%s}]}`,
			quoted, quoted, quoted, quoted, quoted, quoted),
		"OAuth's refusal":    fmt.Sprintf(`{"error":%s,"error_description":%s,"error_uri":%s,"access_token":%s}`, quoted, quoted, quoted, quoted),
		"a query":            "access_token=" + url.QueryEscape(secret),
		"escaped in a page":  "<p>" + strings.ReplaceAll(html.EscapeString(strings.ReplaceAll(secret, "-", `\u002d`)), ".", "&#x2E;"),
		"what was made up":   strings.ReplaceAll(string(o.body(tb)), `"`, `"`+secret),
		"text before a page": secret + "<html>",
	}
	responses := map[string]func() *http.Response{}
	for what, body := range bodies {
		for i, status := range []int{200, 201, 400, 403, 404, 409, 418, 429, 500, 502} {
			if status < 300 && (what == "JSON of a token" || what == "OAuth's refusal") {
				continue // it is what was asked for
			}
			contentType := []string{"application/json", "text/html"}[i%2]
			responses[fmt.Sprintf("%s, status %d", what, status)] = func() *http.Response {
				return respond(status, []byte(body), "Content-Type", contentType)
			}
		}
	}
	return responses
}

// listening makes a client tell w what it logs and observes.
func listening(w *eavesdropper, opts ...pulumiapi.Option) []pulumiapi.Option {
	return append(opts,
		pulumiapi.WithLogger(slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug}))),
		pulumiapi.WithObserver(pulumiapi.Observer{
			OnAttempt: func(_ context.Context, attempt pulumiapi.Attempt) { w.noteError(attempt.Err) },
			OnWarning: func(_ context.Context, warning pulumiapi.Warning) { _, _ = fmt.Fprintln(w, warning) },
		}))
}

// noteError writes down an error with all that is below it and in it.
func (w *eavesdropper) noteError(err error) {
	_, _ = fmt.Fprintf(w, "%v %+v %#v\n", err, err, err)
	if refused, ok := errors.AsType[*pulumiapi.APIError](err); ok {
		_, _ = fmt.Fprintf(w, "%+v\n", *refused)
	}
	if failed, ok := errors.AsType[*pulumiapi.CallError](err); ok {
		w.noteError(failed.Err)
	}
}

// checkResponses sends an operation all responses that bring a secret.
func checkResponses(t *testing.T, o operation, secret string) {
	t.Helper()
	for what, response := range responsesWith(t, o, secret) {
		w := new(eavesdropper)
		h := roundTripperFunc(func(*http.Request) (*http.Response, error) { return response(), nil })
		client, err := pulumiapi.NewClient(listening(w, pulumiapi.WithBaseURL(secretsURL), pulumiapi.WithHTTPClient(&http.Client{Transport: h}),
			pulumiapi.WithRetry(pulumiapi.RetryPolicy{MaxAttempts: 2}), pulumiapi.WithToken("a-token"))...)
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), maxCall)
		_, err = o.call(ctx, client)
		cancel()
		w.noteError(err)
		require.NotContains(t, w.String(), canaryCore, "%s answered %s", o.name, what)
	}
}

func TestSecrets_NoResponseThatBringsOneIsQuoted(t *testing.T) {
	t.Parallel()
	var bringing []string
	for _, o := range allOperations() {
		if o.text || !o.returnsValue() || !o.bringsSecret(t) {
			continue
		}
		bringing = append(bringing, o.name)
		t.Run(o.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { checkResponses(t, o, newSecret) })
		})
	}
	assert.Subset(t, bringing, []string{"Tokens.Create", "Orgs.CreateToken", "Teams.CreateToken"})
	t.Run("Do into a value with a Secret", func(t *testing.T) {
		t.Parallel()
		own := operation{name: "Do", answer: `{"id":"1"}`, call: func(ctx context.Context, c *pulumiapi.Client) (any, error) {
			return c.Do(ctx, pulumiapi.Request{Endpoint: pulumiapi.Endpoint{Method: http.MethodPost, Template: "/api/things"}}, new(secretBody))
		}}
		synctest.Test(t, func(t *testing.T) { checkResponses(t, own, newSecret) })
	})
}

func TestSecrets_NoShapeOfATokenIsQuoted(t *testing.T) {
	t.Parallel()
	for i, o := range allOperations() {
		if o.text || isLeftOut(i) {
			continue
		}
		t.Run(o.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { checkResponses(t, o, shapedCanaries[i%len(shapedCanaries)]) })
		})
	}
}

func TestSecrets_NoExchangeThatBringsOneIsQuoted(t *testing.T) {
	t.Parallel()
	exchange := operation{name: "an exchange", answer: `{"access_token":"a"}`, call: func(ctx context.Context, c *pulumiapi.Client) (any, error) {
		return nil, get(ctx, c)
	}}
	synctest.Test(t, func(t *testing.T) {
		w := new(eavesdropper)
		for what, response := range responsesWith(t, exchange, newSecret) {
			h := roundTripperFunc(func(*http.Request) (*http.Response, error) { return response(), nil })
			opts := listening(w, pulumiapi.WithBaseURL(secretsURL), pulumiapi.WithHTTPClient(&http.Client{Transport: h}))
			e := canaryExchange
			e.IdentityToken = func(context.Context, string) (pulumiapi.Secret, error) {
				return pulumiapi.NewSecret("an-identity"), nil
			}
			source, err := pulumiapi.NewOIDCTokenSource(e, opts...)
			require.NoError(t, err)
			client, err := pulumiapi.NewClient(append(opts, pulumiapi.WithTokenSource(source))...)
			require.NoError(t, err)
			err = get(t.Context(), client)
			require.Error(t, err)
			w.noteError(err)
			_, _, err = source.Token(t.Context())
			require.Error(t, err)
			w.noteError(err)
			require.Empty(t, leaks(w.String()), "an exchange answered %s", what)
		}
	})
}

func TestSecrets_NoRenewalThatBringsOneIsQuoted(t *testing.T) {
	login(t, `{"refreshToken": "a-refresh-token"}`)
	t.Setenv("PULUMI_BACKEND_URL", pulumiapitest.BaseURL)
	synctest.Test(t, func(t *testing.T) {
		w := new(eavesdropper)
		for what, response := range responsesWith(t, operation{answer: `{"access_token":"a"}`}, newSecret) {
			hc := &http.Client{Transport: roundTripperFunc(func(*http.Request) (*http.Response, error) { return response(), nil })}
			client, err := pulumiapi.NewClient(listening(w, pulumiapi.FromEnvironment(), pulumiapi.WithHTTPClient(hc))...)
			require.NoError(t, err)
			err = get(t.Context(), client)
			require.Error(t, err)
			w.noteError(err)
			require.Empty(t, leaks(w.String()), "a renewal answered %s", what)
		}
	})
}

func TestSecrets_NoIdentityTokenOfGitHubIsQuoted(t *testing.T) {
	t.Setenv("ACTIONS_ID_TOKEN_REQUEST_URL", "https://github.example.com/token?a=b")
	t.Setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "a-runner-token")
	synctest.Test(t, func(t *testing.T) {
		for what, response := range responsesWith(t, operation{answer: `{"value":"a"}`}, newSecret) {
			hc := &http.Client{Transport: roundTripperFunc(func(*http.Request) (*http.Response, error) { return response(), nil })}
			_, err := pulumiapi.GitHubActionsIdentityToken(hc)(t.Context(), "urn:pulumi:org:acme")
			require.Error(t, err, what)
			require.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, err), canaryCore, "GitHub answered %s", what)
		}
	})
}

// A call whose error of net/http quotes what came.
func TestSecrets_NoBrokenResponseThatBringsOneIsQuoted(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`net/http: HTTP/1.x transport connection broken: malformed HTTP response "{\"tokenValue\":\"` + newSecret + `\"}"`,
		"bad chunk: `" + newSecret + "`",
	} {
		h := roundTripperFunc(func(*http.Request) (*http.Response, error) {
			return nil, fmt.Errorf("%w: %s", io.ErrUnexpectedEOF, text)
		})
		client, err := pulumiapi.NewClient(pulumiapi.WithToken("a-token"), pulumiapi.WithHTTPClient(&http.Client{Transport: h}))
		require.NoError(t, err)
		_, err = client.Tokens.Create(t.Context(), pulumiapi.AccessTokenCreateRequest{})
		require.ErrorContains(t, err, "[redacted]")
		assertNoLeaks(t, printed(err), text)
	}
}

// What an earlier attempt, or an earlier call of the client, has sent.
func TestSecrets_NoEchoOfEarlierCallsShowsThem(t *testing.T) {
	t.Parallel()
	create, _, own := canarySecrets()
	for i, o := range operations() {
		if isLeftOut(i) {
			continue
		}
		t.Run(o.name, func(t *testing.T) {
			t.Parallel()
			for what, fault := range secretFaults {
				synctest.Test(t, func(t *testing.T) {
					w := new(eavesdropper)
					sent, struck := echoOf{}, 0
					h := roundTripperFunc(func(req *http.Request) (*http.Response, error) {
						e := echoOf{req: req}
						if req.Body != nil {
							e.body = string(must(io.ReadAll(req.Body)))
						}
						if strings.HasSuffix(req.URL.Path, "/hooks") && req.Method == http.MethodPost && sent.req == nil || req.URL.Path == "/below/api/things" {
							sent = echoOf{req, sent.body + e.body}
							return respond(http.StatusOK, []byte("{}")), nil
						}
						struck++
						if struck > 1 {
							return fault(e)
						}
						return fault(sent)
					})
					token := canaryToken
					tokens := pulumiapi.TokenSourceFunc(func(context.Context) (pulumiapi.Secret, time.Time, error) {
						return pulumiapi.NewSecret(token), time.Now().Add(time.Minute), nil
					})
					client, err := pulumiapi.NewClient(listening(w, pulumiapi.WithTokenSource(tokens), pulumiapi.WithBaseURL(secretsURL),
						pulumiapi.WithHTTPClient(&http.Client{Transport: h}), pulumiapi.WithRetry(pulumiapi.RetryPolicy{MaxAttempts: 2}))...)
					require.NoError(t, err)
					_, err = client.Webhooks.Create(t.Context(), pulumiapi.OrgScope("acme"), create)
					require.NoError(t, err)
					_, err = client.Do(t.Context(), own, nil)
					require.NoError(t, err)
					require.NotEmpty(t, leaks(sent.String()))
					token = "another-one"
					time.Sleep(2 * time.Minute)

					var info pulumiapi.ResponseInfo
					ctx, cancel := context.WithTimeout(t.Context(), maxCall)
					defer cancel()
					_, err = o.call(pulumiapi.CaptureResponse(ctx, &info), client)
					w.noteError(err)
					w.note(info)
					require.Positive(t, struck)
					assertNoLeaks(t, w.String(), fmt.Sprintf("%s, answered with %s of an earlier call", o.name, what))
				})
			}
		})
	}
}
