package pulumiapitest_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

type deliveryOf struct {
	ID, Kind, Payload             string
	Timestamp, Duration           int64
	RequestURL, RequestHeaders    string
	ResponseCode                  int
	ResponseHeaders, ResponseBody string
}

// received is a request as a webhook's receiver saw it.
type received struct {
	method, url string
	header      http.Header
	body        string
}

func (r received) id() string   { return r.header.Get("Pulumi-Webhook-Id") }
func (r received) kind() string { return r.header.Get("Pulumi-Webhook-Kind") }

// inbox is a receiver that keeps what comes, and answers with its status.
type inbox struct {
	mu     sync.Mutex
	status int
	got    []received
}

func (in *inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(err)
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	in.got = append(in.got, received{r.Method, r.Host + r.URL.String(), r.Header, string(body)})
	w.Header().Set("X-Receiver", "inbox")
	w.WriteHeader(max(in.status, http.StatusOK))
	_, _ = io.WriteString(w, "thanks")
}

func (in *inbox) all() []received {
	in.mu.Lock()
	defer in.mu.Unlock()
	return append([]received(nil), in.got...)
}

func (in *inbox) kinds() map[string]int {
	kinds := map[string]int{}
	for _, r := range in.all() {
		kinds[r.kind()]++
	}
	return kinds
}

// newHookServer returns a server with acme/web/prod, acme's webhook ci and what
// receives its deliveries.
func newHookServer(t *testing.T, w pulumiapitest.Webhook) (*pulumiapitest.Server, *inbox) {
	t.Helper()
	srv, in := newStackServer(t), &inbox{}
	srv.HandleWebhooks("hooks.acme.test", in)
	w.Org, w.Name = "acme", "ci"
	if w.PayloadURL == "" {
		w.PayloadURL = "https://hooks.acme.test/ci?x=1"
	}
	_, err := srv.AddWebhook(w)
	require.NoError(t, err)
	return srv, in
}

func ping(t *testing.T, srv *pulumiapitest.Server) deliveryOf {
	t.Helper()
	return postDelivery(t, srv, hooksPath+"/ci/ping")
}

func postDelivery(t *testing.T, srv *pulumiapitest.Server, path string) deliveryOf {
	t.Helper()
	a := do(t, srv, http.MethodPost, path, "")
	require.Equal(t, http.StatusOK, a.status, a.body)
	return decode[deliveryOf](t, a)
}

func signature(body, secret string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	return hex.EncodeToString(mac.Sum(nil))
}

func TestServer_PingWebhook(t *testing.T) {
	t.Parallel()
	srv, in := newHookServer(t, pulumiapitest.Webhook{Secret: "s3cret"})
	d := ping(t, srv)
	require.Len(t, in.all(), 1)
	got := in.all()[0]
	assert.Equal(t, "POST hooks.acme.test/ci?x=1", got.method+" "+got.url)
	assert.Equal(t, "application/json", got.header.Get("Content-Type"))
	assert.Equal(t, "ping", got.kind())
	assert.Equal(t, d.ID, got.id())
	assert.Equal(t, signature(got.body, "s3cret"), got.header.Get("Pulumi-Webhook-Signature"))
	assert.Equal(t, d.Payload, got.body)
	var payload map[string]any
	require.NoError(t, json.Unmarshal([]byte(got.body), &payload))
	assert.Len(t, payload, 2)
	assert.Contains(t, payload["message"], "friendly ping")
	assert.InDelta(t, time.Now().Unix(), payload["timestamp"], 60)

	assert.Equal(t, "ping", d.Kind)
	assert.Equal(t, 200, d.ResponseCode)
	assert.Equal(t, "thanks", d.ResponseBody)
	assert.Contains(t, d.ResponseHeaders, "X-Receiver: inbox\r\n")
	assert.Contains(t, d.RequestHeaders, "Content-Type: application/json\r\nPulumi-Webhook-Id: "+d.ID+"\r\nPulumi-Webhook-Kind: ping\r\n")
	assert.Equal(t, "https://hooks.acme.test/ci?x=1", d.RequestURL)
	assert.InDelta(t, time.Now().Unix(), d.Timestamp, 60)
	assert.Equal(t, []deliveryOf{d}, getJSON[[]deliveryOf](t, srv, hooksPath+"/ci/deliveries"))
}

func TestServer_PingWebhook_Variants(t *testing.T) {
	t.Parallel()
	srv, in := newHookServer(t, pulumiapitest.Webhook{Inactive: true, Filters: []string{"stack_created"}, Format: "slack"})
	in.status = http.StatusTeapot
	d := ping(t, srv)
	assert.Equal(t, http.StatusTeapot, d.ResponseCode, "any answer is one")
	require.Len(t, in.all(), 1, "neither inactive nor filtered")
	assert.NotContains(t, in.all()[0].header, "Pulumi-Webhook-Signature", "there is no secret")
	assert.JSONEq(t, `{"text":"🍹 Just a friendly ping from Pulumi 🍹"}`, in.all()[0].body)
	assert.NotContains(t, d.RequestHeaders, "Signature")
	in.status = 0
	ping(t, srv)
	list := getJSON[[]deliveryOf](t, srv, hooksPath+"/ci/deliveries")
	assert.Equal(t, []int{200, 418}, []int{list[0].ResponseCode, list[1].ResponseCode}, "the newest first")
	assert.NotEqual(t, list[0].ID, list[1].ID)
}

func TestServer_PingWebhook_OverTheNetwork(t *testing.T) {
	t.Parallel()
	in := &inbox{}
	receiver := httptest.NewServer(in)
	t.Cleanup(receiver.Close)
	srv, _ := newHookServer(t, pulumiapitest.Webhook{PayloadURL: receiver.URL + "/x", Secret: "s"})
	assert.Equal(t, 200, ping(t, srv).ResponseCode)
	assert.Equal(t, signature(in.all()[0].body, "s"), in.all()[0].header.Get("Pulumi-Webhook-Signature"))
	srv.HandleWebhooks(receiver.Listener.Addr().String(), http.NotFoundHandler())
	assert.Equal(t, http.StatusNotFound, ping(t, srv).ResponseCode, "a handler goes first")
	srv.HandleWebhooks(receiver.Listener.Addr().String(), nil)
	assert.Equal(t, http.StatusOK, ping(t, srv).ResponseCode)
	receiver.Close()
	d := ping(t, srv)
	assert.Zero(t, d.ResponseCode)
	assert.NotEmpty(t, d.ResponseBody, "what went wrong")
}

func TestServer_PingWebhook_BadReceivers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, _ := newHookServer(t, pulumiapitest.Webhook{})
		defer srv.Close()
		srv.HandleWebhooks("hooks.acme.test", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
		}))
		start := time.Now()
		d := ping(t, srv)
		assert.Equal(t, 10*time.Second, time.Since(start))
		assert.Equal(t, int64(10_000), d.Duration)
		assert.Zero(t, d.ResponseCode)
		assert.Contains(t, d.ResponseBody, "deadline exceeded")

		srv.HandleWebhooks("hooks.acme.test", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
		assert.Zero(t, ping(t, srv).ResponseCode)
		srv.HandleWebhooks("hooks.acme.test", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			assert.NoError(t, err)
			assert.NoError(t, conn.Close())
		}))
		assert.Zero(t, ping(t, srv).ResponseCode)
		srv.HandleWebhooks("hooks.acme.test", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			time.Sleep(2 * time.Second)
			http.Redirect(w, &http.Request{Method: http.MethodGet}, "https://hooks.acme.test/elsewhere", http.StatusFound)
		}))
		d = ping(t, srv)
		assert.Equal(t, http.StatusFound, d.ResponseCode, "not followed")
		assert.Equal(t, int64(2000), d.Duration)
	})
}

// A receiver asks the cloud, while the cloud waits for it.
func TestServer_PingWebhook_ReceiverCallsTheCloud(t *testing.T) {
	t.Parallel()
	srv, _ := newHookServer(t, pulumiapitest.Webhook{})
	srv.HandleWebhooks("hooks.acme.test", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		a, err := send(t, srv, newRequest(t, srv, http.MethodGet, hooksPath+"/ci", "")) //nolint:contextcheck // It is the test's own.
		assert.NoError(t, err)
		w.WriteHeader(a.status)
	}))
	assert.Equal(t, http.StatusOK, ping(t, srv).ResponseCode)
}

func TestServer_RedeliverWebhook(t *testing.T) {
	t.Parallel()
	srv, in := newHookServer(t, pulumiapitest.Webhook{Secret: "one"})
	first := ping(t, srv)
	ping(t, srv)
	sendHook(t, srv, http.StatusOK, http.MethodPatch, hooksPath+"/ci", `{"secret":"two"}`)
	again := postDelivery(t, srv, hooksPath+"/ci/deliveries/"+first.ID+"/redeliver")
	got := in.all()
	require.Len(t, got, 3)
	assert.Equal(t, got[0].body, got[2].body)
	assert.Equal(t, got[0].id(), got[2].id())
	assert.Equal(t, signature(got[2].body, "two"), got[2].header.Get("Pulumi-Webhook-Signature"))
	assert.Equal(t, first.ID, again.ID)
	assert.Len(t, getJSON[[]deliveryOf](t, srv, hooksPath+"/ci/deliveries"), 3)
	requireError(t, srv, http.StatusNotFound, "event 'x' not found", http.MethodPost, hooksPath+"/ci/deliveries/x/redeliver", "")
}

func TestServer_Webhooks_Events(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, in := newHookServer(t, pulumiapitest.Webhook{Secret: "s"})
		defer srv.Close()
		_, err := srv.AddWebhook(pulumiapitest.Webhook{Org: "acme", Project: "web", Stack: "prod", Name: "own", PayloadURL: "http://own.test"})
		require.NoError(t, err)
		own := &inbox{}
		srv.HandleWebhooks("own.test", own)

		do(t, srv, http.MethodPost, "/api/stacks/acme/web", `{"stackName":"dev"}`)
		synctest.Wait()
		require.Len(t, in.all(), 1)
		assert.JSONEq(t, `{
			"user": {"name": "Pulumi Tester", "githubLogin": "pulumi-tester", "avatarUrl": "https://avatars.pulumi.test/pulumi-tester"},
			"organization": {"name": "acme", "githubLogin": "acme", "avatarUrl": "https://avatars.pulumi.test/acme"},
			"action": "created", "projectName": "web", "stackName": "dev"
		}`, in.all()[0].body)
		assert.Equal(t, "stack", in.all()[0].kind())
		assert.Equal(t, signature(in.all()[0].body, "s"), in.all()[0].header.Get("Pulumi-Webhook-Signature"))
		assert.Empty(t, own.all(), "another stack's")

		running, err := srv.StartUpdate("acme", "web", "prod", pulumiapitest.Update{
			Kind: "destroy", RequestedBy: pulumiapitest.User{Login: "ada"}, ResourceChanges: map[string]int{"delete": 3},
		})
		require.NoError(t, err)
		synctest.Wait()
		assert.Empty(t, own.all(), "nothing has finished")
		require.NoError(t, running.Finish(pulumiapitest.Cancelled))
		synctest.Wait()
		require.Len(t, own.all(), 1)
		assert.JSONEq(t, `{
			"user": {"name": "ada", "githubLogin": "ada", "avatarUrl": "https://avatars.pulumi.test/ada"},
			"organization": {"name": "acme", "githubLogin": "acme", "avatarUrl": "https://avatars.pulumi.test/acme"},
			"projectName": "web", "stackName": "prod", "kind": "destroy", "result": "failed",
			"resourceChanges": {"delete": 3}, "isPreview": false,
			"updateUrl": "https://app.pulumi.test/acme/web/prod/updates/`+running.ID()+`"
		}`, own.all()[0].body)
		preview, err := srv.StartUpdate("acme", "web", "prod", pulumiapitest.Update{Kind: "Pupdate"})
		require.NoError(t, err)
		require.NoError(t, preview.Finish(pulumiapitest.Succeeded))
		requireNoContent(t, srv, http.MethodDelete, prodPath, "")
		synctest.Wait()
		assert.Equal(t, map[string]int{"stack_update": 1, "stack_preview": 1, "stack": 1}, own.kinds())
		assert.Equal(t, map[string]int{"stack_update": 1, "stack_preview": 1, "stack": 2}, in.kinds())
		assert.Len(t, getJSON[[]deliveryOf](t, srv, hooksPath+"/ci/deliveries"), 4)
	})
}

// What an engine records is announced, and in the audit log, as what a test plays is.
func TestServer_Webhooks_Engine(t *testing.T) {
	t.Parallel()
	srv, in := newHookServer(t, pulumiapitest.Webhook{Format: "ms_teams"})
	update := createUpdate(t, srv, "refresh", `{}`)
	update.start(`{}`)
	require.Equal(t, http.StatusNoContent, update.do(http.MethodPost, "/complete", `{"status":"failed"}`).status)
	srv.WaitForWebhooks()
	require.Len(t, in.all(), 1)
	assert.JSONEq(t, `{"text":"The refresh of stack acme/web/prod by pulumi-tester has failed"}`, in.all()[0].body)

	update = createUpdate(t, srv, "update", `{}`)
	update.start(`{}`)
	requireNoContent(t, srv, http.MethodPost, update.path+"/cancel", "")
	require.Equal(t, http.StatusOK, do(t, srv, http.MethodPost, prodPath+"/import", `{"version":3,"deployment":{}}`).status)
	srv.WaitForWebhooks()
	assert.Equal(t, map[string]int{"stack_update": 3}, in.kinds())
	var events []string
	for _, e := range getJSON[auditLog](t, srv, auditPath+"/v2").AuditLogEvents {
		events = append(events, e.Event)
	}
	assert.Equal(t, []string{
		"Stack Imported", "Stack Update Completed", "Stack Update Started", "Stack Update Completed", "Stack Update Started",
	}, events)
}

func TestServer_Webhooks_Filters(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		hook pulumiapitest.Webhook
		want map[string]int
	}{
		"all":         {pulumiapitest.Webhook{}, map[string]int{"stack": 2, "stack_update": 2, "stack_preview": 1}},
		"group":       {pulumiapitest.Webhook{Groups: []string{"stacks"}}, map[string]int{"stack": 2, "stack_update": 2, "stack_preview": 1}},
		"other group": {pulumiapitest.Webhook{Groups: []string{"deployments"}}, map[string]int{}},
		"filter":      {pulumiapitest.Webhook{Filters: []string{"update_failed", "stack_deleted"}}, map[string]int{"stack": 1, "stack_update": 1}},
		"both":        {pulumiapitest.Webhook{Filters: []string{"preview_succeeded"}, Groups: []string{"policies"}}, map[string]int{"stack_preview": 1}},
		"inactive":    {pulumiapitest.Webhook{Inactive: true}, map[string]int{}},
		"deployments": {pulumiapitest.Webhook{Format: "pulumi_deployments"}, map[string]int{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, in := newHookServer(t, test.hook)
			do(t, srv, http.MethodPost, "/api/stacks/acme/web", `{"stackName":"dev"}`)
			for kind, result := range map[string]pulumiapitest.Result{
				"update": pulumiapitest.Failed, "refresh": pulumiapitest.Failed, "Pupdate": pulumiapitest.Succeeded,
			} {
				running, err := srv.StartUpdate("acme", "web", "dev", pulumiapitest.Update{Kind: kind})
				require.NoError(t, err)
				require.NoError(t, running.Finish(result))
			}
			requireNoContent(t, srv, http.MethodDelete, "/api/stacks/acme/web/dev", "")
			srv.WaitForWebhooks()
			assert.Equal(t, test.want, in.kinds())
		})
	}
}

// Close ends what is under way, and nothing is delivered after it.
func TestServer_Webhooks_Close(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, in := newHookServer(t, pulumiapitest.Webhook{})
		ended := false
		srv.HandleWebhooks("hooks.acme.test", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
			ended = true
		}))
		running, err := srv.StartUpdate("acme", "web", "prod", pulumiapitest.Update{})
		require.NoError(t, err)
		require.NoError(t, running.Finish(pulumiapitest.Succeeded))
		synctest.Wait()
		start := time.Now()
		srv.Close()
		assert.True(t, ended)
		assert.Zero(t, time.Since(start))
		srv.HandleWebhooks("hooks.acme.test", in)
		running, err = srv.StartUpdate("acme", "web", "prod", pulumiapitest.Update{})
		require.NoError(t, err)
		require.NoError(t, running.Finish(pulumiapitest.Succeeded))
		srv.WaitForWebhooks()
		assert.Empty(t, in.all())
	})
}

func ExampleServer_HandleWebhooks() {
	srv := pulumiapitest.NewServer()
	defer srv.Close()
	// The program under test.
	srv.HandleWebhooks("hooks.example.com", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		fmt.Println("received", r.Header.Get("Pulumi-Webhook-Kind"), "at", r.URL.Path)
	}))
	if err := srv.AddStack(pulumiapitest.Stack{Org: "acme", Project: "web", Name: "prod"}); err != nil {
		fmt.Println(err)
		return
	}
	if _, err := srv.AddWebhook(pulumiapitest.Webhook{Org: "acme", PayloadURL: "https://hooks.example.com/pulumi"}); err != nil {
		fmt.Println(err)
		return
	}
	update, err := srv.StartUpdate("acme", "web", "prod", pulumiapitest.Update{})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := update.Finish(pulumiapitest.Succeeded); err != nil {
		fmt.Println(err)
		return
	}
	srv.WaitForWebhooks()
	// Output: received stack_update at /pulumi
}
