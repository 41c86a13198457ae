package secrets_test

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
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/internal/testkit"
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

// responsesWith are the responses that a service, or what stands before it, may send
// with a secret in them, whether the request has succeeded or not.
func responsesWith(tb testing.TB, o testkit.Operation, secret string) map[string]func() *http.Response {
	tb.Helper()
	quoted := testkit.Must(json.Marshal(secret))
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
		"what was made up":   strings.ReplaceAll(string([]byte(o.Response)), `"`, `"`+secret),
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
				return testkit.Respond(status, []byte(body), "Content-Type", contentType)
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

// checkResponses sends an operation the responses of a row that bring a secret.
func checkResponses(t *testing.T, row int, o testkit.Operation, secret string) {
	t.Helper()
	for what, response := range testkit.Sample(row, responsesWith(t, o, secret)) {
		w := new(eavesdropper)
		h := testkit.RoundTripperFunc(func(*http.Request) (*http.Response, error) { return response(), nil })
		client, err := pulumiapi.NewClient(listening(w, pulumiapi.WithBaseURL(secretsURL), pulumiapi.WithHTTPClient(&http.Client{Transport: h}),
			pulumiapi.WithRetry(pulumiapi.RetryPolicy{MaxAttempts: 2}), pulumiapi.WithToken("a-token"))...)
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), testkit.MaxCall)
		_, err = o.Call(ctx, client)
		cancel()
		w.noteError(err)
		require.NotContains(t, w.String(), canaryCore, "%s answered %s", o.Name, what)
	}
}

func TestSecrets_NoResponseThatBringsOneIsQuoted(t *testing.T) {
	t.Parallel()
	var bringing []string
	for row, o := range testkit.AllOperations() {
		if o.Text || !o.ReturnsValue() || !o.BringsSecret(t) {
			continue
		}
		bringing = append(bringing, o.Name)
		t.Run(o.Name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { checkResponses(t, row, o, newSecret) })
		})
	}
	assert.Subset(t, bringing, []string{"Tokens.Create", "Orgs.CreateToken", "Teams.CreateToken"})
	t.Run("Do into a value with a Secret", func(t *testing.T) {
		t.Parallel()
		own := testkit.Operation{Name: "Do", Response: `{"id":"1"}`, Call: func(ctx context.Context, c *pulumiapi.Client) (any, error) {
			return c.Do(ctx, pulumiapi.Request{Endpoint: pulumiapi.Endpoint{Method: http.MethodPost, Template: "/api/things"}}, new(secretBody))
		}}
		synctest.Test(t, func(t *testing.T) { checkResponses(t, 0, own, newSecret) })
	})
}

func TestSecrets_NoShapeOfATokenIsQuoted(t *testing.T) {
	t.Parallel()
	for i, o := range testkit.AllOperations() {
		if o.Text {
			continue
		}
		t.Run(o.Name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { checkResponses(t, i, o, shapedCanaries[i%len(shapedCanaries)]) })
		})
	}
}

func TestSecrets_NoExchangeThatBringsOneIsQuoted(t *testing.T) {
	t.Parallel()
	exchange := testkit.Operation{Name: "an exchange", Response: `{"access_token":"a"}`, Call: func(ctx context.Context, c *pulumiapi.Client) (any, error) {
		return nil, testkit.GetWebshop(ctx, c)
	}}
	synctest.Test(t, func(t *testing.T) {
		for what, response := range responsesWith(t, exchange, newSecret) {
			w := new(eavesdropper)
			h := testkit.RoundTripperFunc(func(*http.Request) (*http.Response, error) { return response(), nil })
			opts := listening(w, pulumiapi.WithBaseURL(secretsURL), pulumiapi.WithHTTPClient(&http.Client{Transport: h}))
			e := canaryExchange
			e.IdentityToken = func(context.Context, string) (pulumiapi.Secret, error) {
				return pulumiapi.NewSecret("an-identity"), nil
			}
			source, err := pulumiapi.NewOIDCTokenSource(e, opts...)
			require.NoError(t, err)
			client, err := pulumiapi.NewClient(append(opts, pulumiapi.WithTokenSource(source))...)
			require.NoError(t, err)
			err = testkit.GetWebshop(t.Context(), client)
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
	testkit.Login(t, `{"refreshToken": "a-refresh-token"}`)
	t.Setenv("PULUMI_BACKEND_URL", pulumiapitest.BaseURL)
	synctest.Test(t, func(t *testing.T) {
		for what, response := range responsesWith(t, testkit.Operation{Response: `{"access_token":"a"}`}, newSecret) {
			w := new(eavesdropper)
			hc := &http.Client{Transport: testkit.RoundTripperFunc(func(*http.Request) (*http.Response, error) { return response(), nil })}
			client, err := pulumiapi.NewClient(listening(w, pulumiapi.FromEnvironment(), pulumiapi.WithHTTPClient(hc))...)
			require.NoError(t, err)
			err = testkit.GetWebshop(t.Context(), client)
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
		for what, response := range responsesWith(t, testkit.Operation{Response: `{"value":"a"}`}, newSecret) {
			hc := &http.Client{Transport: testkit.RoundTripperFunc(func(*http.Request) (*http.Response, error) { return response(), nil })}
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
		h := testkit.RoundTripperFunc(func(*http.Request) (*http.Response, error) {
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
	for i, o := range testkit.JSONOperations() {
		t.Run(o.Name, func(t *testing.T) {
			t.Parallel()
			for what, fault := range testkit.Sample(i, secretFaults) {
				synctest.Test(t, func(t *testing.T) {
					w := new(eavesdropper)
					sent, struck := echoOf{}, 0
					h := testkit.RoundTripperFunc(func(req *http.Request) (*http.Response, error) {
						e := echoOf{req: req}
						if req.Body != nil {
							e.body = string(testkit.Must(io.ReadAll(req.Body)))
						}
						if strings.HasSuffix(req.URL.Path, "/hooks") && req.Method == http.MethodPost && sent.req == nil || req.URL.Path == "/below/api/things" {
							sent = echoOf{req, sent.body + e.body}
							return testkit.Respond(http.StatusOK, []byte("{}")), nil
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
					ctx, cancel := context.WithTimeout(t.Context(), testkit.MaxCall)
					defer cancel()
					_, err = o.Call(pulumiapi.CaptureResponse(ctx, &info), client)
					w.noteError(err)
					w.note(info)
					require.Positive(t, struck)
					assertNoLeaks(t, w.String(), fmt.Sprintf("%s, answered with %s of an earlier call", o.Name, what))
				})
			}
		})
	}
}
