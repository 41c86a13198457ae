package pulumiapi_test

import (
	"bytes"
	"context"
	"encoding/base64"
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
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

// The canaries: secrets of each kind. What escaping leaves alone of them is in all
// of them, so that a part of one is found, too. None has the shape of a well-known
// token: the client hides them because it knows them.
const (
	canaryCore     = "c4n4ry"
	canaryToken    = "tok-c4n4ry/token+8d1f=="
	canaryHook     = `hook-c4n4ry"&<s3cret>\é`
	canaryIdentity = "idt.c4n4ry-identity.c2ln"
	canaryRefresh  = "ref-c4n4ry+refresh/%41"
)

// canaryTexts are the canaries as careless code may write them.
var canaryTexts = sync.OnceValue(func() []string {
	texts := []string{canaryCore}
	for _, canary := range []string{canaryCore, canaryToken, canaryHook, canaryIdentity, canaryRefresh} {
		decimal := strings.Trim(fmt.Sprintf("%d", []byte(canary)), "[]")
		texts = append(texts, fmt.Sprintf("%x", canary), fmt.Sprintf("%X", canary), fmt.Sprintf("% x", canary), fmt.Sprintf("% X", canary),
			decimal, strings.ReplaceAll(decimal, " ", ","), strings.Trim(fmt.Sprintf("%#v", []byte(canary)[:6]), "[]byte{}"))
		for shift := range 3 {
			// The letters that depend on what stands before and after are left out.
			encoded := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("x", shift) + canary))
			encoded = encoded[(shift+2)/3*4 : len(encoded)-2]
			texts = append(texts, encoded, strings.NewReplacer("+", "-", "/", "_").Replace(encoded))
		}
	}
	slices.Sort(texts)
	return slices.Compact(texts)
})

// leaks returns which canaries are in text, and in which form.
func leaks(text string) []string {
	var found []string
	for _, canary := range canaryTexts() {
		if at := strings.Index(text, canary); at >= 0 {
			found = append(found, fmt.Sprintf("%q in …%q…", canary, text[max(at-100, 0):min(at+100, len(text))]))
		}
	}
	return found
}

func assertNoLeaks(t *testing.T, text, called string) {
	t.Helper()
	require.NotEmpty(t, text, "%s: nothing was printed", called)
	assert.Empty(t, leaks(text), called)
}

func TestSecrets_LeaksAreSeen(t *testing.T) {
	t.Parallel()
	for _, canary := range []string{canaryToken, canaryHook, canaryIdentity, canaryRefresh} {
		bare := []byte(canary)
		for name, text := range map[string]string{
			"itself":       canary,
			"a part":       canary[:strings.Index(canary, canaryCore)+len(canaryCore)],
			"quoted":       strconv.Quote(canary),
			"a query":      url.QueryEscape(canary),
			"HTML":         html.EscapeString(canary),
			"hex":          fmt.Sprintf("%x", bare),
			"base64":       base64.StdEncoding.EncodeToString(bare),
			"in base64":    base64.URLEncoding.EncodeToString([]byte("token " + canary + ", or so")),
			"bytes in Go":  fmt.Sprintf("%#v", bare),
			"bytes, by %d": fmt.Sprintf("%d", bare),
			"spaced hex":   fmt.Sprintf("% X", bare),
		} {
			assert.NotEmpty(t, leaks("before "+text+" after"), "%s of %s", name, canary)
		}
	}
	assert.Empty(t, leaks("[redacted] in some text, GET /api/stacks/acme"))
}

// printed returns v as a program may print it, in all ways at once, with what is
// below an error.
func printed(v any) string {
	var out strings.Builder
	for _, verb := range []string{
		"%v", "%+v", "%#v", "%s", "%q", "%+q", "%#q", "%x", "%X", "% x", "%#x", "%d", "%o", "%b", "%c", "%U", "%e", "%t", "%p", "%T", "%20v", "%.9s",
	} {
		fmt.Fprintf(&out, verb+"\n", v)
	}
	fmt.Fprintln(&out, v, []any{v}, map[string]any{"v": v}, struct{ v any }{v}, &struct{ V any }{v})
	if data, err := json.Marshal(v); err == nil {
		out.Write(data)
	} else {
		fmt.Fprintf(&out, "%+v", err)
	}
	for _, handler := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(handler).With("with", v).Info("message", "v", v, slog.Group("group", slog.Any("v", v)))
	}
	switch err := v.(type) {
	case interface{ Unwrap() error }:
		if below := err.Unwrap(); below != nil {
			out.WriteString(printed(below))
		}
	case interface{ Unwrap() []error }:
		for _, below := range err.Unwrap() {
			out.WriteString(printed(below))
		}
	}
	return out.String()
}

// eavesdropper writes down all that a client tells, logs included.
type eavesdropper struct {
	mu  sync.Mutex
	out bytes.Buffer
}

func (w *eavesdropper) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.out.Write(p)
}

func (w *eavesdropper) note(v any) { _, _ = io.WriteString(w, printed(v)) }

func (w *eavesdropper) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.out.String()
}

// options make a client tell the eavesdropper everything.
func (w *eavesdropper) options() []pulumiapi.Option {
	debug := &slog.HandlerOptions{Level: slog.LevelDebug, AddSource: true}
	both := slog.NewMultiHandler(slog.NewTextHandler(w, debug), slog.NewJSONHandler(w, debug))
	return []pulumiapi.Option{
		pulumiapi.WithLogger(slog.New(both)),
		pulumiapi.WithObserver(pulumiapi.Observer{
			OnAttempt: func(ctx context.Context, attempt pulumiapi.Attempt) {
				w.note(attempt)
				w.note(attempt.Err)
				_, _ = fmt.Fprintf(w, "%v %+v %#v", ctx, ctx, ctx)
			},
			OnWarning: func(_ context.Context, warning pulumiapi.Warning) { w.note(warning) },
		}),
	}
}

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
		return e.with(respond(http.StatusBadRequest, []byte(`{"error":`+e.json()+`,"error_description":`+e.json()+`}`))), nil
	},
	"a proxy's page": func(e echoOf) (*http.Response, error) {
		return e.with(respond(http.StatusBadGateway, []byte("<html><pre>"+html.EscapeString(e.String())))), nil
	},
	"text": func(e echoOf) (*http.Response, error) {
		return e.with(respond(http.StatusServiceUnavailable, []byte(e.String()))), nil
	},
	"a sign-in page": func(e echoOf) (*http.Response, error) {
		return e.with(respond(http.StatusOK, []byte("<html>"+e.body+e.String()), "Content-Type", "text/html; x="+e.req.Header.Get("Authorization"))), nil
	},
	"a JSON string": func(e echoOf) (*http.Response, error) { return e.with(respond(http.StatusOK, []byte(e.json()))), nil },
	"broken JSON": func(e echoOf) (*http.Response, error) {
		return e.with(respond(http.StatusOK, []byte(`{"a":`+e.String()))), nil
	},
	"not even JSON": func(e echoOf) (*http.Response, error) {
		return e.with(respond(http.StatusOK, []byte(e.body+e.String()))), nil
	},
	"cut off": func(e echoOf) (*http.Response, error) {
		resp := e.with(respond(http.StatusOK, nil))
		resp.Body, resp.ContentLength = io.NopCloser(io.MultiReader(strings.NewReader(`{"message":"`+e.String()), failingSource{io.ErrUnexpectedEOF})), -1
		return resp, nil
	},
	"redirected elsewhere": func(e echoOf) (*http.Response, error) {
		return e.with(respond(http.StatusFound, nil, "Location", "https://evil.example/"+url.PathEscape(e.req.Header.Get("Authorization")+e.body)+"?"+url.QueryEscape(e.String()))), nil
	},
	"redirected out of the base path": func(e echoOf) (*http.Response, error) {
		return e.with(respond(http.StatusTemporaryRedirect, nil, "Location", (&url.URL{Path: "/" + strings.Repeat("x", 80) + e.body + e.req.Header.Get("Authorization")}).String())), nil
	},
	"redirected to nowhere": func(e echoOf) (*http.Response, error) {
		return e.with(respond(http.StatusFound, nil, "Location", "http://[::"+e.req.Header.Get("Authorization")+e.body)), nil
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
	"nothing wrong": func(e echoOf) (*http.Response, error) { return e.with(respond(http.StatusOK, []byte("{}"))), nil },
}

// refusalOf is the service's own form of a refusal, with the echo in every field.
func refusalOf(status int) func(e echoOf) (*http.Response, error) {
	return func(e echoOf) (*http.Response, error) {
		s := e.json()
		return e.with(respond(status, fmt.Appendf(nil,
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
	return respond(http.StatusOK, []byte(`{"access_token":"`+canaryToken+`","expires_in":3600}`)), nil
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
func isLeftOut(i int) bool { return raceDetected && i%8 != 0 }

// secretOperations are all operations, and once more those that can carry a
// secret, with one.
func secretOperations() []operation {
	create, change, own := canarySecrets()
	return append(
		operations(),
		operation{name: "Webhooks.Create with a secret", call: func(ctx context.Context, c *pulumiapi.Client) (any, error) {
			return c.Webhooks.Create(ctx, pulumiapi.OrgScope("acme"), create)
		}},
		operation{name: "Webhooks.Update with a secret", call: func(ctx context.Context, c *pulumiapi.Client) (any, error) {
			return c.Webhooks.Update(ctx, prod, "4e662b3b", change)
		}},
		operation{name: "Do with secrets", call: func(ctx context.Context, c *pulumiapi.Client) (any, error) {
			return c.Do(ctx, own, new(struct{ A int }))
		}},
		doWith("Do with another authorization", own, "Bearer "+canaryIdentity),
		doWith("Do with another authorization, without a scheme", own, canaryIdentity),
		doWith("Do with another authorization, of two", own, "Bearer "+canaryIdentity, "token "+canaryToken),
	)
}

// doWith is the request with an authorization of its own.
func doWith(name string, req pulumiapi.Request, authorization ...string) operation {
	req.Header = http.Header{"Authorization": authorization}
	return operation{name: name, call: func(ctx context.Context, c *pulumiapi.Client) (any, error) {
		return c.Do(ctx, req, io.Discard)
	}}
}

// checkHostile makes a call, and looks at everything that comes of it.
func checkHostile(t *testing.T, o operation, h *hostile, credentials func(*testing.T, []pulumiapi.Option) pulumiapi.Option, called string) {
	t.Helper()
	client, w := hostileClient(t, h, credentials)
	var info pulumiapi.ResponseInfo
	ctx, cancel := context.WithTimeout(t.Context(), maxCall) // for those who wait for a status that never comes
	defer cancel()
	_, err := o.call(pulumiapi.CaptureResponse(ctx, &info), client)
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
		if isLeftOut(i) {
			continue
		}
		t.Run(o.name, func(t *testing.T) {
			t.Parallel()
			for how, credentials := range canaryCredentials {
				if how != "a token" && o.on404 != nil {
					continue // how the token was come by makes no difference to each method
				}
				for what, fault := range secretFaults {
					synctest.Test(t, func(t *testing.T) {
						checkHostile(t, o, &hostile{fault: fault}, credentials, fmt.Sprintf("%s with %s, answered with %s", o.name, how, what))
					})
				}
			}
		})
	}
}

// The JSON has the form that is expected, and other values.
func TestSecrets_NoValueOfAnAnswerShowsThem(t *testing.T) {
	t.Parallel()
	for i, o := range operations() {
		if !o.returnsValue() || isLeftOut(i) {
			continue
		}
		t.Run(o.name, func(t *testing.T) {
			t.Parallel()
			h := &hostile{fault: func(e echoOf) (*http.Response, error) {
				repeat := func(any) any { return e.String() }
				return respond(http.StatusOK, mutate(t, o.body(t), repeat, e.req.Header.Get("Authorization"))), nil
			}}
			checkHostile(t, o, h, canaryCredentials["a token"], o.name)
		})
	}
}

func TestSecrets_NoExchangeShowsThem(t *testing.T) {
	t.Parallel()
	for _, o := range operations()[:4] {
		for what, fault := range secretFaults {
			t.Run(o.name+", "+what, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					checkHostile(t, o, &hostile{fault: fault, exchanges: true}, canaryCredentials["an exchange"], o.name+", exchange answered with "+what)
				})
			})
		}
	}
}

func TestSecrets_NoRenewalShowsThem(t *testing.T) {
	login(t, `{"refreshToken": "`+canaryRefresh+`"}`)
	t.Setenv("PULUMI_BACKEND_URL", pulumiapitest.BaseURL)
	for what, fault := range secretFaults {
		synctest.Test(t, func(t *testing.T) {
			h := &hostile{fault: fault}
			hc := &http.Client{Transport: h}
			w := new(eavesdropper)
			client, err := pulumiapi.NewClient(append(w.options(), pulumiapi.FromEnvironment(), pulumiapi.WithHTTPClient(hc))...)
			require.NoError(t, err)
			err = get(t.Context(), client)
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
		t.Run(o.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				h := &hostile{fault: func(e echoOf) (*http.Response, error) {
					cancel(errors.New("the user has left"))
					return secretFaults["text"](e)
				}}
				inner := o.call
				o.call = func(_ context.Context, client *pulumiapi.Client) (any, error) { return inner(ctx, client) }
				checkHostile(t, o, h, canaryCredentials["a source"], o.name+", cancelled")
			})
		})
	}
}

// What programs hold, print and compare.
func TestSecrets_NoValueShowsThem(t *testing.T) {
	t.Parallel()
	h := &hostile{fault: func(echoOf) (*http.Response, error) {
		return respond(http.StatusOK, []byte(`{"id":"1","tokenValue":"`+canaryToken+`"}`)), nil
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
	for name, opt := range map[string]pulumiapi.Option{
		"the observer": pulumiapi.WithObserver(pulumiapi.Observer{OnAttempt: func(context.Context, pulumiapi.Attempt) { broken() }}),
		"the limiter":  pulumiapi.WithRateLimiter(limiterFunc(broken)),
		"the transport": pulumiapi.WithHTTPClient(&http.Client{Transport: roundTripperFunc(func(*http.Request) (*http.Response, error) {
			broken()
			return nil, nil //nolint:nilnil // it does not come to this
		})}),
		"the log": pulumiapi.WithLogger(slog.New(slog.NewTextHandler(panicking{}, &slog.HandlerOptions{Level: slog.LevelDebug}))),
		"the token source": pulumiapi.WithTokenSource(pulumiapi.TokenSourceFunc(func(context.Context) (pulumiapi.Secret, time.Time, error) {
			broken()
			return pulumiapi.NewSecret(canaryToken), time.Time{}, nil
		})),
	} {
		for _, o := range secretOperations() {
			if strings.HasPrefix(o.name, "Do with another authorization") && name == "the token source" {
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
				_, err := o.call(t.Context(), client)
				w.note(err)
			}()
			require.Contains(t, w.String(), "it is broken", name)
			assertNoLeaks(t, w.String(), name+" panics in "+o.name)
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
		opts := append(exchangeOptions(srv), w.options()...)
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
		w.note(must(client.Webhooks.Update(t.Context(), scope, hook.Name, change)))
		w.note(must(client.Webhooks.List(t.Context(), scope)))
		w.note(must(client.Webhooks.Ping(t.Context(), scope, hook.Name)))
		w.note(must(client.Webhooks.ListDeliveries(t.Context(), scope, hook.Name)))
		w.note(must(pulumiapi.Collect(client.AuditLogs.List(t.Context(), pulumiapitest.DemoOrganization, nil))))

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
