package secrets_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/internal/testkit"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

// echoOf is a request as a server may repeat it: all that was sent.
type echoOf struct {
	req  *http.Request
	body string
}

func (e echoOf) String() string {
	var out strings.Builder
	_, _ = fmt.Fprintf(&out, "%s %s\n", e.req.Method, e.req.URL)
	_ = e.req.Header.Write(&out)
	return out.String() + "\n" + e.body
}

// json returns the echo as a JSON string.
func (e echoOf) json() string {
	data, _ := json.Marshal(e.String())
	return string(data)
}

// with puts the echo into an answer's headers.
func (e echoOf) with(resp *http.Response) *http.Response {
	token := e.req.Header.Get("Authorization")
	for name, values := range e.req.Header {
		resp.Header["X-Echo-"+name] = values
	}
	for _, name := range []string{"X-Pulumi-Request-Id", "X-Pulumi-Warning", "X-Echo-Body", "Retry-After", "Www-Authenticate"} {
		resp.Header.Add(name, token+" "+e.body)
	}
	resp.Header.Add("X-Pulumi-Warning", "Sent: "+url.QueryEscape(token+" "+e.body))
	resp.Status = fmt.Sprintf("%d %s", resp.StatusCode, token)
	return resp
}

// secretFaults are what a server or a network does that repeats all it was sent.
var secretFaults = map[string]func(e echoOf) (*http.Response, error){
	"401 in the service's form": refusalOf(http.StatusUnauthorized),
	"403 in the service's form": refusalOf(http.StatusForbidden),
	"404 in the service's form": refusalOf(http.StatusNotFound),
	"409 in the service's form": refusalOf(http.StatusConflict),
	"500 in the service's form": refusalOf(http.StatusInternalServerError),
	"400 as OAuth has it": func(e echoOf) (*http.Response, error) {
		return e.with(testkit.Respond(http.StatusBadRequest, []byte(`{"error":`+e.json()+`,"error_description":`+e.json()+`}`))), nil
	},
	"a proxy's page": func(e echoOf) (*http.Response, error) {
		return e.with(testkit.Respond(http.StatusBadGateway, []byte("<html><pre>"+html.EscapeString(e.String())))), nil
	},
	"text": func(e echoOf) (*http.Response, error) {
		return e.with(testkit.Respond(http.StatusServiceUnavailable, []byte(e.String()))), nil
	},
	"a sign-in page": func(e echoOf) (*http.Response, error) {
		return e.with(testkit.Respond(http.StatusOK, []byte("<html>"+e.body+e.String()), "Content-Type", "text/html; x="+e.req.Header.Get("Authorization"))), nil
	},
	"a JSON string": func(e echoOf) (*http.Response, error) {
		return e.with(testkit.Respond(http.StatusOK, []byte(e.json()))), nil
	},
	"broken JSON": func(e echoOf) (*http.Response, error) {
		return e.with(testkit.Respond(http.StatusOK, []byte(`{"a":`+e.String()))), nil
	},
	"not even JSON": func(e echoOf) (*http.Response, error) {
		return e.with(testkit.Respond(http.StatusOK, []byte(e.body+e.String()))), nil
	},
	"cut off": func(e echoOf) (*http.Response, error) {
		resp := e.with(testkit.Respond(http.StatusOK, nil))
		resp.Body, resp.ContentLength = io.NopCloser(io.MultiReader(strings.NewReader(`{"message":"`+e.String()), failingSource{io.ErrUnexpectedEOF})), -1
		return resp, nil
	},
	"redirected elsewhere": func(e echoOf) (*http.Response, error) {
		return e.with(testkit.Respond(http.StatusFound, nil, "Location", "https://evil.example/"+url.PathEscape(e.req.Header.Get("Authorization")+e.body)+"?"+url.QueryEscape(e.String()))), nil
	},
	"redirected out of the base path": func(e echoOf) (*http.Response, error) {
		return e.with(testkit.Respond(http.StatusTemporaryRedirect, nil, "Location", (&url.URL{Path: "/" + strings.Repeat("x", 80) + e.body + e.req.Header.Get("Authorization")}).String())), nil
	},
	"redirected to nowhere": func(e echoOf) (*http.Response, error) {
		return e.with(testkit.Respond(http.StatusFound, nil, "Location", "http://[::"+e.req.Header.Get("Authorization")+e.body)), nil
	},
	"dropped": func(echoOf) (*http.Response, error) {
		return nil, &net.OpError{Op: "read", Net: "tcp", Err: errors.New("connection reset by peer")}
	},
	"not HTTP": func(e echoOf) (*http.Response, error) {
		return nil, fmt.Errorf("net/http: HTTP/1.x transport connection broken: %w", fmt.Errorf("malformed HTTP response %q", e.String()))
	},
	"two errors": func(e echoOf) (*http.Response, error) {
		return nil, errors.Join(io.ErrUnexpectedEOF, errors.New(e.String()))
	},
	"nothing wrong": func(e echoOf) (*http.Response, error) {
		return e.with(testkit.Respond(http.StatusOK, []byte("{}"))), nil
	},
}

// refusalOf is the service's own form of a refusal, with the echo in every field.
func refusalOf(status int) func(e echoOf) (*http.Response, error) {
	return func(e echoOf) (*http.Response, error) {
		s := e.json()
		return e.with(testkit.Respond(status, fmt.Appendf(nil,
			`{"code":%d,"message":%s,"documentationUrl":%s,"errors":[{"resource":%s,"attribute":%s,"errorType":%s,"customMessage":%s}]}`, status, s, s, s, s, s, s))), nil
	}
}

type failingSource struct{ err error }

func (f failingSource) Read([]byte) (int, error) { return 0, f.err }

// hostile is a transport that strikes requests, and sees to it that a canary was
// in each of them.
type hostile struct {
	fault     func(e echoOf) (*http.Response, error)
	exchanges bool // strike the exchanges of tokens, and not what follows

	mu     sync.Mutex
	struck int
	sent   []string
}

func (h *hostile) RoundTrip(req *http.Request) (*http.Response, error) {
	e := echoOf{req: req}
	if req.Body != nil {
		data, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		_ = req.Body.Close()
		e.body = string(data)
	}
	isExchange := req.URL.Path == "/below/api/oauth/token"
	h.mu.Lock()
	h.sent = append(h.sent, e.String())
	if isExchange == h.exchanges {
		h.struck++
	}
	h.mu.Unlock()
	if isExchange == h.exchanges {
		return h.fault(e)
	}
	return testkit.Respond(http.StatusOK, []byte(`{"access_token":"`+canaryToken+`","expires_in":3600}`)), nil
}

const secretsURL = "https://pulumi.example.com/below"

// canaryCredentials are the ways in which a client comes by the token.
var canaryCredentials = map[string]func(t *testing.T, opts []pulumiapi.Option) pulumiapi.Option{
	"a token": func(*testing.T, []pulumiapi.Option) pulumiapi.Option { return pulumiapi.WithToken(canaryToken) },
	"a source": func(*testing.T, []pulumiapi.Option) pulumiapi.Option {
		return pulumiapi.WithTokenSource(pulumiapi.TokenSourceFunc(func(context.Context) (pulumiapi.Secret, time.Time, error) {
			return pulumiapi.NewSecret(canaryToken), time.Time{}, nil
		}))
	},
	"an exchange": func(t *testing.T, opts []pulumiapi.Option) pulumiapi.Option {
		t.Helper()
		source, err := pulumiapi.NewOIDCTokenSource(canaryExchange, opts...)
		require.NoError(t, err)
		return pulumiapi.WithTokenSource(source)
	},
}

var canaryExchange = pulumiapi.OIDCExchange{
	Organization: "acme",
	IdentityToken: func(context.Context, string) (pulumiapi.Secret, error) {
		return pulumiapi.NewSecret(canaryIdentity), nil
	},
}

// hostileClient returns a client over h, and the eavesdropper of all it does.
func hostileClient(t *testing.T, h *hostile, credentials func(*testing.T, []pulumiapi.Option) pulumiapi.Option) (*pulumiapi.Client, *eavesdropper) {
	t.Helper()
	w := new(eavesdropper)
	opts := append(w.options(), pulumiapi.WithBaseURL(secretsURL), pulumiapi.WithHTTPClient(&http.Client{Transport: h}),
		pulumiapi.WithRetry(pulumiapi.RetryPolicy{MaxAttempts: 2}))
	client, err := pulumiapi.NewClient(append(opts, credentials(t, opts))...)
	require.NoError(t, err)
	return client, w
}

// secretBody is a body of a program's own.
type secretBody struct {
	Plain pulumiapi.Secret                      `json:"plain"`
	Deep  map[string][]pulumiapi.Secret         `json:"deep"`
	Maybe pulumiapi.Nullable[*pulumiapi.Secret] `json:"maybe,omitzero"`
}

func canarySecrets() (pulumiapi.WebhookCreateRequest, pulumiapi.WebhookUpdateRequest, pulumiapi.Request) {
	secret := pulumiapi.NewSecret(canaryHook)
	return pulumiapi.WebhookCreateRequest{PayloadURL: "https://example.com", Secret: &secret},
		pulumiapi.WebhookUpdateRequest{Secret: pulumiapi.NullableOf(secret)},
		pulumiapi.Request{
			Endpoint: pulumiapi.Endpoint{Method: http.MethodPost, Template: "/api/things"},
			Body:     secretBody{secret, map[string][]pulumiapi.Secret{"a": {pulumiapi.NewSecret(canaryRefresh)}}, pulumiapi.NullableOf(&secret)},
		}
}

// isLeftOut thins out the operations where the race detector makes each take ten
// times as long: what they share is what can race.
func isLeftOut(i int) bool { return testkit.RaceDetected && !testkit.InSample(i, 0, 1) }

// secretOperations are all operations, and once more those that can carry a
// secret, with one.
func secretOperations() []testkit.Operation {
	create, change, own := canarySecrets()
	return append(
		testkit.JSONOperations(),
		testkit.Operation{Name: "Webhooks.Create with a secret", Call: func(ctx context.Context, c *pulumiapi.Client) (any, error) {
			return c.Webhooks.Create(ctx, pulumiapi.OrgScope("acme"), create)
		}},
		testkit.Operation{Name: "Webhooks.Update with a secret", Call: func(ctx context.Context, c *pulumiapi.Client) (any, error) {
			return c.Webhooks.Update(ctx, testkit.Prod, "4e662b3b", change)
		}},
		testkit.Operation{Name: "Do with secrets", Call: func(ctx context.Context, c *pulumiapi.Client) (any, error) {
			return c.Do(ctx, own, new(struct{ A int }))
		}},
		doWith("Do with another authorization", own, "Bearer "+canaryIdentity),
		doWith("Do with another authorization, without a scheme", own, canaryIdentity),
		doWith("Do with another authorization, of two", own, "Bearer "+canaryIdentity, "token "+canaryToken),
	)
}

// doWith is the request with an authorization of its own.
func doWith(name string, req pulumiapi.Request, authorization ...string) testkit.Operation {
	req.Header = http.Header{"Authorization": authorization}
	return testkit.Operation{Name: name, Call: func(ctx context.Context, c *pulumiapi.Client) (any, error) {
		return c.Do(ctx, req, io.Discard)
	}}
}

// checkHostile makes a call, and looks at everything that comes of it.
func checkHostile(t *testing.T, o testkit.Operation, h *hostile, credentials func(*testing.T, []pulumiapi.Option) pulumiapi.Option, called string) {
	t.Helper()
	client, w := hostileClient(t, h, credentials)
	var info pulumiapi.ResponseInfo
	ctx, cancel := context.WithTimeout(t.Context(), testkit.MaxCall) // for those who wait for a status that never comes
	defer cancel()
	_, err := o.Call(pulumiapi.CaptureResponse(ctx, &info), client)
	w.note(err)
	w.note(info)
	if refused, ok := errors.AsType[*pulumiapi.APIError](err); ok {
		w.note(*refused)
		w.note(refused.Header)
	}
	require.Positive(t, h.struck, called)
	require.NotEmpty(t, leaks(strings.Join(h.sent, "\n")), "%s sent no canary", called)
	assertNoLeaks(t, w.String(), called)
}

func TestSecrets_NoFaultShowsThem(t *testing.T) {
	t.Parallel()
	for i, o := range secretOperations() {
		t.Run(o.Name, func(t *testing.T) {
			t.Parallel()
			for how, credentials := range canaryCredentials {
				if how != "a token" && o.Endpoint.Method != "" {
					continue // how the token was come by makes no difference to each method
				}
				for what, fault := range testkit.Sample(i, secretFaults) {
					synctest.Test(t, func(t *testing.T) {
						checkHostile(t, o, &hostile{fault: fault}, credentials, fmt.Sprintf("%s with %s, answered with %s", o.Name, how, what))
					})
				}
			}
		})
	}
}

// The JSON has the form that is expected, and other values.
func TestSecrets_NoValueOfAnAnswerShowsThem(t *testing.T) {
	t.Parallel()
	for i, o := range testkit.JSONOperations() {
		if !o.ReturnsValue() || isLeftOut(i) {
			continue
		}
		t.Run(o.Name, func(t *testing.T) {
			t.Parallel()
			h := &hostile{fault: func(e echoOf) (*http.Response, error) {
				repeat := func(any) any { return e.String() }
				return testkit.Respond(http.StatusOK, testkit.Mutate(t, []byte(o.Response), repeat, e.req.Header.Get("Authorization"))), nil
			}}
			synctest.Test(t, func(t *testing.T) { // what waits for an end waits for MaxCall
				checkHostile(t, o, h, canaryCredentials["a token"], o.Name)
			})
		})
	}
}

func TestSecrets_NoExchangeShowsThem(t *testing.T) {
	t.Parallel()
	for _, o := range testkit.JSONOperations()[:4] {
		for what, fault := range secretFaults {
			t.Run(o.Name+", "+what, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					checkHostile(t, o, &hostile{fault: fault, exchanges: true}, canaryCredentials["an exchange"], o.Name+", exchange answered with "+what)
				})
			})
		}
	}
}

func TestSecrets_NoRenewalShowsThem(t *testing.T) {
	testkit.Login(t, `{"refreshToken": "`+canaryRefresh+`"}`)
	t.Setenv("PULUMI_BACKEND_URL", pulumiapitest.BaseURL)
	for what, fault := range secretFaults {
		synctest.Test(t, func(t *testing.T) {
			h := &hostile{fault: fault}
			hc := &http.Client{Transport: h}
			w := new(eavesdropper)
			client, err := pulumiapi.NewClient(append(w.options(), pulumiapi.FromEnvironment(), pulumiapi.WithHTTPClient(hc))...)
			require.NoError(t, err)
			err = testkit.GetWebshop(t.Context(), client)
			require.Error(t, err)
			w.note(err)
			w.note(client)
			require.Contains(t, strings.Join(h.sent, "\n"), "refresh_token="+url.QueryEscape(canaryRefresh))
			assertNoLeaks(t, w.String(), "a renewal answered with "+what)
		})
	}
}

func TestSecrets_NoEndOfTheContextShowsThem(t *testing.T) {
	t.Parallel()
	for i, o := range secretOperations() {
		if isLeftOut(i) {
			continue
		}
		t.Run(o.Name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				h := &hostile{fault: func(e echoOf) (*http.Response, error) {
					cancel(errors.New("the user has left"))
					return secretFaults["text"](e)
				}}
				inner := o.Call
				o.Call = func(_ context.Context, client *pulumiapi.Client) (any, error) { return inner(ctx, client) }
				checkHostile(t, o, h, canaryCredentials["a source"], o.Name+", cancelled")
			})
		})
	}
}

// What programs hold, print and compare.
func TestSecrets_NoValueShowsThem(t *testing.T) {
	t.Parallel()
	h := &hostile{fault: func(echoOf) (*http.Response, error) {
		return testkit.Respond(http.StatusOK, []byte(`{"id":"1","tokenValue":"`+canaryToken+`"}`)), nil
	}}
	create, change, own := canarySecrets()
	values := map[string]any{
		"a secret":      pulumiapi.NewSecret(canaryToken),
		"WithToken":     pulumiapi.WithToken(canaryToken),
		"a new webhook": create, "a changed webhook": change, "a request": own,
		"an exchange": canaryExchange,
	}
	for how, credentials := range canaryCredentials {
		client, _ := hostileClient(t, h, credentials)
		created, err := client.Tokens.Create(t.Context(), pulumiapi.AccessTokenCreateRequest{})
		require.NoError(t, err)
		require.Equal(t, canaryToken, created.TokenValue.Reveal())
		values["a client with "+how], values["a client's value with "+how] = client, *client
		values["a service with "+how], values["a new token with "+how] = client.Tokens, created
	}
	source, err := pulumiapi.NewOIDCTokenSource(canaryExchange)
	require.NoError(t, err)
	values["a source"] = source
	for name, v := range values {
		assertNoLeaks(t, printed(v), name)
		assertNoLeaks(t, printed(&v), "a pointer to "+name)
	}
}

// A program's own functions panic: what the runtime prints of that.
func TestSecrets_NoPanicShowsThem(t *testing.T) {
	t.Parallel()
	broken := func() { panic("it is broken") }
	options := map[string]pulumiapi.Option{
		"the observer": pulumiapi.WithObserver(pulumiapi.Observer{OnAttempt: func(context.Context, pulumiapi.Attempt) { broken() }}),
		"the limiter":  pulumiapi.WithRateLimiter(limiterFunc(broken)),
		"the transport": pulumiapi.WithHTTPClient(&http.Client{Transport: testkit.RoundTripperFunc(func(*http.Request) (*http.Response, error) {
			broken()
			return nil, nil //nolint:nilnil // it does not come to this
		})}),
		"the log": pulumiapi.WithLogger(slog.New(slog.NewTextHandler(panicking{}, &slog.HandlerOptions{Level: slog.LevelDebug}))),
		"the token source": pulumiapi.WithTokenSource(pulumiapi.TokenSourceFunc(func(context.Context) (pulumiapi.Secret, time.Time, error) {
			broken()
			return pulumiapi.NewSecret(canaryToken), time.Time{}, nil
		})),
	}
	for row, o := range secretOperations() {
		for name, opt := range testkit.Sample(row, options) {
			if strings.HasPrefix(o.Name, "Do with another authorization") && name == "the token source" {
				continue // it is not asked
			}
			w := new(eavesdropper)
			client, err := pulumiapi.NewClient(pulumiapi.WithToken(canaryToken), pulumiapi.WithHTTPClient(&http.Client{Transport: &hostile{fault: refusalOf(http.StatusNotFound)}}), opt)
			require.NoError(t, err)
			func() {
				defer func() {
					w.note(recover())
					_, _ = w.Write(debug.Stack())
				}()
				_, err := o.Call(t.Context(), client)
				w.note(err)
			}()
			require.Contains(t, w.String(), "it is broken", name)
			assertNoLeaks(t, w.String(), name+" panics in "+o.Name)
		}
	}
}

type limiterFunc func()

func (f limiterFunc) Wait(context.Context) error { f(); return nil }

type panicking struct{}

func (panicking) Write([]byte) (int, error) { panic("it is broken") }

// The cloud in memory keeps what it was sent: bodies as they are, for a test to
// look into, and everything else without secrets.
func TestSecrets_TheCloudInMemoryShowsNone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := pulumiapitest.Demo()
		defer srv.Close()
		srv.TrustIdentityToken(pulumiapitest.DemoOrganization, canaryIdentity)
		exchange := canaryExchange
		exchange.Organization = pulumiapitest.DemoOrganization
		w := new(eavesdropper)
		opts := append(testkit.ExchangeOptions(srv), w.options()...)
		source, err := pulumiapi.NewOIDCTokenSource(exchange, opts...)
		require.NoError(t, err)
		client, err := pulumiapi.NewClient(append(opts, pulumiapi.WithTokenSource(source))...)
		require.NoError(t, err)
		create, change, _ := canarySecrets()
		scope := pulumiapi.OrgScope(pulumiapitest.DemoOrganization)
		create.DisplayName, change.DisplayName, change.PayloadURL = "signed", "signed", create.PayloadURL
		hook, err := client.Webhooks.Create(t.Context(), scope, create)
		require.NoError(t, err)
		w.note(hook)
		w.note(testkit.Must(client.Webhooks.Update(t.Context(), scope, hook.Name, change)))
		w.note(testkit.Must(client.Webhooks.List(t.Context(), scope)))
		w.note(testkit.Must(client.Webhooks.Ping(t.Context(), scope, hook.Name)))
		w.note(testkit.Must(client.Webhooks.ListDeliveries(t.Context(), scope, hook.Name)))
		w.note(testkit.Must(pulumiapi.Collect(client.AuditLogs.List(t.Context(), pulumiapitest.DemoOrganization, nil))))

		bodies := 0
		for _, request := range srv.Requests() {
			bodies += len(leaks(string(request.Body)))
			if request.Path != "/api/oauth/token" {
				assert.Equal(t, []string{"[redacted]"}, request.Header["Authorization"])
			}
			request.Body = nil
			w.note(request)
		}
		assert.Positive(t, bodies, "the secrets were sent, and can be looked at")
		assertNoLeaks(t, w.String(), "the cloud in memory")
	})
}
