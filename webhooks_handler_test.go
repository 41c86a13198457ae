package pulumiapi_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

type webhookEventFunc = func(context.Context, *pulumiapi.WebhookEvent) error

// silently are handlers that log nothing.
func silently(other webhookEventFunc) pulumiapi.WebhookHandlers {
	return pulumiapi.WebhookHandlers{Other: other, Logger: slog.New(slog.DiscardHandler)}
}

func newWebhookHandler(tb testing.TB, handlers pulumiapi.WebhookHandlers) http.Handler {
	tb.Helper()
	handler, err := pulumiapi.NewWebhookHandler([]pulumiapi.Secret{secretOf(hookSecret)}, handlers)
	require.NoError(tb, err)
	return handler
}

// receive hands a request to a handler, and returns the status of its answer.
func receive(handler http.Handler, req *http.Request) int {
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, req)
	return recorder.Code
}

// stackEvent is a delivery with an ID, always the same one.
func stackEvent(id string) *http.Request {
	req := pulumiapitest.SignedWebhook("stack", `{"action":"created"}`, hookSecret)
	req.Header.Set("Pulumi-Webhook-ID", id)
	return req
}

// everyWebhookFunc returns handlers with all functions by kind, each of which
// calls called with the name of its field and the payload.
func everyWebhookFunc(called func(ctx context.Context, field string, payload any) error) pulumiapi.WebhookHandlers {
	var handlers pulumiapi.WebhookHandlers
	v := reflect.ValueOf(&handlers).Elem()
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if field.Type.Kind() != reflect.Func || field.Name == "Other" {
			continue
		}
		v.Field(i).Set(reflect.MakeFunc(field.Type, func(args []reflect.Value) []reflect.Value {
			ctx, _ := reflect.TypeAssert[context.Context](args[0])
			err := reflect.ValueOf(called(ctx, field.Name, args[1].Interface()))
			if !err.IsValid() {
				err = reflect.Zero(reflect.TypeFor[error]())
			}
			return []reflect.Value{err}
		}))
	}
	return handlers
}

func TestWebhookHandler_AFunctionForEachKind(t *testing.T) {
	t.Parallel()
	var called []string
	handlers := everyWebhookFunc(func(ctx context.Context, field string, payload any) error {
		called = append(called, field)
		event, ok := pulumiapi.WebhookEventFromContext(ctx)
		require.True(t, ok, field)
		c := webhookBodies[event.Kind]
		assert.Same(t, event.Payload, payload, field)
		assert.IsType(t, c.payload, payload, field)
		assert.Equal(t, c.body, string(event.Raw), field)
		assert.Equal(t, "id of "+string(event.Kind), event.ID)
		assert.Equal(t, strings.ReplaceAll(string(event.Kind), "_", ""), strings.ToLower(field))
		return nil
	})
	handlers.Other = func(context.Context, *pulumiapi.WebhookEvent) error { panic("not for Other") }
	handler := newWebhookHandler(t, handlers)
	for kind, c := range webhookBodies {
		req := pulumiapitest.SignedWebhook(string(kind), c.body, hookSecret)
		req.Header.Set("Pulumi-Webhook-ID", "id of "+string(kind))
		assert.Equal(t, http.StatusNoContent, receive(handler, req), kind)
	}
	assert.Len(t, called, len(webhookBodies))
	assert.Equal(t, len(webhookBodies)+2, reflect.TypeFor[pulumiapi.WebhookHandlers]().NumField(), "each kind with a type has its function")
	for _, ctx := range []context.Context{t.Context(), nil} {
		event, ok := pulumiapi.WebhookEventFromContext(ctx)
		assert.False(t, ok)
		assert.Nil(t, event)
	}
}

func TestWebhookHandler_OtherGetsWhatHasNoFunction(t *testing.T) {
	t.Parallel()
	var others []pulumiapi.WebhookEventKind
	handlers := pulumiapi.WebhookHandlers{
		Stack: func(context.Context, *pulumiapi.WebhookStackPayload) error { return nil },
		Other: func(ctx context.Context, event *pulumiapi.WebhookEvent) error {
			same, _ := pulumiapi.WebhookEventFromContext(ctx)
			assert.Same(t, event, same)
			others = append(others, event.Kind)
			return nil
		},
	}
	kinds := []string{"stack", "ping", "policy_violation", "something_new"}
	handler := newWebhookHandler(t, handlers)
	for _, kind := range kinds {
		assert.Equal(t, http.StatusNoContent, receive(handler, pulumiapitest.SignedWebhook(kind, "{}", hookSecret)), kind)
	}
	assert.Equal(t, []pulumiapi.WebhookEventKind{"ping", "policy_violation", "something_new"}, others)

	handlers.Other = nil
	handler = newWebhookHandler(t, handlers)
	for _, kind := range kinds {
		assert.Equal(t, http.StatusNoContent, receive(handler, pulumiapitest.SignedWebhook(kind, "{}", hookSecret)), "%s, and no Other", kind)
	}
}

func TestWebhookHandler_JSONOfAnotherForm(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	var other *pulumiapi.WebhookEvent
	handlers := pulumiapi.WebhookHandlers{
		Ping:   func(context.Context, *pulumiapi.WebhookPingPayload) error { panic("not to be called") },
		Logger: slog.New(slog.NewTextHandler(&log, nil)),
	}
	handler := newWebhookHandler(t, handlers)
	assert.Equal(t, http.StatusNoContent, receive(handler, pulumiapitest.SignedWebhook("team", `{"team":"x"}`, hookSecret)), "nobody wants it")
	assert.Zero(t, log.Len(), "%s", &log)
	assert.Equal(t, http.StatusBadRequest, receive(handler, pulumiapitest.SignedWebhook("ping", `{"message":1}`, hookSecret)))
	assert.Contains(t, log.String(), "another form")
	assert.Contains(t, log.String(), "kind=ping")

	log.Reset()
	handlers.Other = func(_ context.Context, event *pulumiapi.WebhookEvent) error {
		other = event
		return nil
	}
	handler = newWebhookHandler(t, handlers)
	for kind, body := range map[string]string{"ping": `{"message":1}`, "team": `{"team":"x"}`} { // with a function, and without one
		req := pulumiapitest.SignedWebhook(kind, body, hookSecret)
		want := &pulumiapi.WebhookEvent{ID: req.Header.Get("Pulumi-Webhook-ID"), Kind: pulumiapi.WebhookEventKind(kind), Raw: []byte(body)}
		assert.Equal(t, http.StatusNoContent, receive(handler, req), kind)
		assert.Equal(t, want, other)
	}
	assert.Zero(t, log.Len(), "%s", &log)
}

func TestNewWebhookHandler_ArgumentsThatCannotBeRight(t *testing.T) {
	t.Parallel()
	good := pulumiapi.WebhookHandlers{Other: func(context.Context, *pulumiapi.WebhookEvent) error { return nil }}
	for _, c := range []struct {
		secrets  []pulumiapi.Secret
		handlers pulumiapi.WebhookHandlers
		wrong    string
	}{
		{nil, good, "secrets"},
		{[]pulumiapi.Secret{{}}, good, "secrets"},
		{[]pulumiapi.Secret{secretOf("a"), {}}, good, "secrets"},
		{[]pulumiapi.Secret{secretOf("a")}, pulumiapi.WebhookHandlers{}, "handlers"},
		{[]pulumiapi.Secret{secretOf("a")}, pulumiapi.WebhookHandlers{Logger: slog.New(slog.DiscardHandler)}, "handlers"},
	} {
		handler, err := pulumiapi.NewWebhookHandler(c.secrets, c.handlers)
		var wrong *pulumiapi.ArgumentError
		require.ErrorAs(t, err, &wrong)
		assert.Equal(t, c.wrong, wrong.Name)
		assert.Equal(t, c.wrong == "secrets", errors.Is(err, pulumiapi.ErrWebhookNoSecret))
		assert.Nil(t, handler)
	}
}

func TestNewWebhookHandler_CopiesTheSecrets(t *testing.T) {
	t.Parallel()
	secrets := []pulumiapi.Secret{secretOf(hookSecret), secretOf("older")}
	handler, err := pulumiapi.NewWebhookHandler(secrets, silently(func(context.Context, *pulumiapi.WebhookEvent) error { return nil }))
	require.NoError(t, err)
	clear(secrets)
	for secret, want := range map[string]int{hookSecret: 204, "older": 204, "other": 401} {
		assert.Equal(t, want, receive(handler, pulumiapitest.SignedWebhook("stack", "{}", secret)), secret)
	}
	// An empty secret signs nothing: this is unsigned.
	assert.Equal(t, 401, receive(handler, pulumiapitest.SignedWebhook("stack", "{}", "")))
	assert.NotContains(t, fmt.Sprintf("%+v %#v", handler, handler), hookSecret)
}

func TestWebhookHandler_StatusesOfWhatIsRefused(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	handler := newWebhookHandler(t, pulumiapi.WebhookHandlers{
		Other:  func(context.Context, *pulumiapi.WebhookEvent) error { panic("not to be called") },
		Stack:  func(context.Context, *pulumiapi.WebhookStackPayload) error { panic("not to be called") },
		Logger: slog.New(slog.NewTextHandler(&log, nil)),
	})
	signed := func(change func(*http.Request)) *http.Request {
		req := pulumiapitest.SignedWebhook("stack", "{}", hookSecret)
		change(req)
		return req
	}
	for name, c := range map[string]struct {
		req    *http.Request
		status int
		logged string
	}{
		"not signed":           {pulumiapitest.SignedWebhook("stack", "{}", ""), 401, ""},
		"wrongly signed":       {pulumiapitest.SignedWebhook("stack", "{}", "other"), 401, ""},
		"GET":                  {signed(func(req *http.Request) { req.Method = http.MethodGet }), 405, ""},
		"PUT":                  {signed(func(req *http.Request) { req.Method = http.MethodPut }), 405, ""},
		"too long":             {pulumiapitest.SignedWebhook("stack", strings.Repeat(" ", 1<<20)+"{}", hookSecret), 413, ""},
		"too long, for others": {signed(func(req *http.Request) { req.Body = http.MaxBytesReader(nil, req.Body, 1) }), 413, ""},
		"broken off": {signed(func(req *http.Request) {
			req.Body = io.NopCloser(&failingReader{strings.NewReader("{"), errors.New("gone")})
		}), 400, ""},
		"not JSON":           {pulumiapitest.SignedWebhook("stack", "{", hookSecret), 400, "not JSON"},
		"not JSON, new kind": {pulumiapitest.SignedWebhook("new", "{", hookSecret), 400, "not JSON"},
	} {
		log.Reset()
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, c.req)
		assert.Equal(t, c.status, recorder.Code, name)
		assert.Equal(t, http.StatusText(c.status)+"\n", recorder.Body.String(), name)
		assert.Equal(t, c.status == 405, recorder.Header().Get("Allow") == "POST", name)
		assert.Equal(t, c.logged == "", log.Len() == 0, "%s: %s", name, &log)
		assert.Contains(t, log.String(), c.logged, name)
	}
}

func TestWebhookHandler_Failures(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fail   func() error
		logged string
		stack  bool
	}{
		"an error":           {func() error { return errors.New("no room") }, `error="no room"`, false},
		"the context's":      {func() error { return context.Canceled }, `error="context canceled"`, false},
		"a panic":            {func() error { panic("oh no") }, `error="panic: oh no"`, true},
		"a panic with nil":   {func() error { panic(nil) }, `error="panic: panic called with nil argument`, true},
		"a runtime error":    {func() error { return (*[1]error)(nil)[0] }, `nil pointer dereference`, true},
		"an aborted handler": {func() error { panic(http.ErrAbortHandler) }, `error="panic: net/http: abort Handler"`, true},
	} {
		var log bytes.Buffer
		calls := 0
		handler := newWebhookHandler(t, pulumiapi.WebhookHandlers{
			Stack: func(context.Context, *pulumiapi.WebhookStackPayload) error {
				if calls++; calls == 1 {
					return c.fail()
				}
				return nil
			},
			Logger: slog.New(slog.NewTextHandler(&log, nil)),
		})
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, stackEvent("e1\nlevel=INFO"))
		assert.Equal(t, http.StatusInternalServerError, recorder.Code, name)
		assert.Equal(t, "Internal Server Error\n", recorder.Body.String(), "%s: what went wrong is nobody else's business", name)
		assert.Contains(t, log.String(), `level=ERROR msg="pulumi cloud webhook failed" id="e1 level=INFO" kind=stack `, name)
		assert.Contains(t, log.String(), c.logged, name)
		assert.Equal(t, c.stack, strings.Contains(log.String(), "webhooks_handler_test.go"), "%s: where it happened: %s", name, &log)
		assert.Equal(t, 1, strings.Count(log.String(), "level=ERROR"), name)
		for range 3 {
			assert.Equal(t, http.StatusNoContent, receive(handler, stackEvent("e1\nlevel=INFO")), "%s: a redelivery", name)
		}
		assert.Equal(t, 2, calls, "%s: what failed is handled again, and what succeeded is not", name)
	}
}

// A function that ends its goroutine, as a test's FailNow does, leaves nothing behind.
func TestWebhookHandler_AFunctionThatEndsItsGoroutine(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	calls := 0
	handler := newWebhookHandler(t, pulumiapi.WebhookHandlers{
		Other: func(context.Context, *pulumiapi.WebhookEvent) error {
			if calls++; calls == 1 {
				runtime.Goexit()
			}
			return nil
		},
		Logger: slog.New(slog.NewTextHandler(&log, nil)),
	})
	recorder, ended := httptest.NewRecorder(), make(chan struct{})
	go func() {
		defer close(ended)
		handler.ServeHTTP(recorder, stackEvent("e1"))
	}()
	<-ended
	assert.Equal(t, http.StatusInternalServerError, recorder.Code)
	assert.Contains(t, log.String(), `error="the function ended its goroutine"`)
	assert.Equal(t, http.StatusNoContent, receive(handler, stackEvent("e1")))
	assert.Equal(t, 2, calls)
}

// brokenLog is where a log goes that is broken.
type brokenLog struct{}

func (brokenLog) Write([]byte) (int, error) { panic("the log is broken") }

func TestWebhookHandler_ALoggerThatPanics(t *testing.T) {
	t.Parallel()
	calls := 0
	handler := newWebhookHandler(t, pulumiapi.WebhookHandlers{
		Stack: func(context.Context, *pulumiapi.WebhookStackPayload) error {
			switch calls++; calls {
			case 1:
				return errors.New("no room")
			case 2:
				panic("oh no")
			}
			return nil
		},
		Logger: slog.New(slog.NewTextHandler(brokenLog{}, nil)),
	})
	for _, status := range []int{500, 500, 204, 204} {
		require.NotPanics(t, func() { assert.Equal(t, status, receive(handler, stackEvent("e1"))) })
	}
	assert.Equal(t, 3, calls)
	require.NotPanics(t, func() {
		assert.Equal(t, 400, receive(handler, pulumiapitest.SignedWebhook("stack", "[]", hookSecret)))
	})
}

// It is the default logger at the time of the failure that counts.
func TestWebhookHandler_LogsToTheDefaultLogger(t *testing.T) { //nolint:paralleltest // it replaces the default logger
	var log bytes.Buffer
	handler := newWebhookHandler(t, pulumiapi.WebhookHandlers{
		Other: func(context.Context, *pulumiapi.WebhookEvent) error { return errors.New("no room") },
	})
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	defer slog.SetDefault(before)
	assert.Equal(t, http.StatusInternalServerError, receive(handler, stackEvent("e1")))
	assert.Contains(t, log.String(), "no room")
}

func TestWebhookHandler_WhatCountsAsTheSame(t *testing.T) {
	t.Parallel()
	calls := 0
	handler := newWebhookHandler(t, silently(func(context.Context, *pulumiapi.WebhookEvent) error { calls++; return nil }))
	with := func(id, kind, body string) *http.Request {
		req := pulumiapitest.SignedWebhook(kind, body, hookSecret)
		req.Header.Set("Pulumi-Webhook-ID", id)
		return req
	}
	for _, c := range []struct {
		name    string
		req     *http.Request
		handled bool
	}{
		{"the first", with("e1", "stack", `{"a":1}`), true},
		{"the same", with("e1", "stack", `{"a":1}`), false},
		{"another ID", with("e2", "stack", `{"a":1}`), true},
		{"another body", with("e1", "stack", `{"a":2}`), true},
		{"another kind", with("e1", "team", `{"a":1}`), true},
		{"the first again", with("e1", "stack", `{"a":1}`), false},
		{"a boundary", with("a b", "c", `{}`), true},
		{"another boundary", with("a", "b c", `{}`), true},
		{"no ID", with("", "stack", `{"a":1}`), true},
		{"no ID again", with("", "stack", `{"a":1}`), true},
	} {
		before := calls
		assert.Equal(t, http.StatusNoContent, receive(handler, c.req), c.name)
		assert.Equal(t, c.handled, calls > before, c.name)
	}
}

func TestWebhookHandler_AConcurrentDuplicateWaits(t *testing.T) {
	t.Parallel()
	for name, fails := range map[string]bool{"the first succeeds": false, "the first fails": true} {
		synctest.Test(t, func(t *testing.T) {
			var calls, running atomic.Int32
			handler := newWebhookHandler(t, silently(func(context.Context, *pulumiapi.WebhookEvent) error {
				assert.EqualValues(t, 1, running.Add(1), "%s: never two at a time", name)
				defer running.Add(-1)
				n := calls.Add(1)
				time.Sleep(time.Second)
				if fails && n == 1 {
					panic("oh no")
				}
				return nil
			}))
			statuses := make([]int, 5)
			var all sync.WaitGroup
			for i := range statuses {
				all.Go(func() { statuses[i] = receive(handler, stackEvent("e1")) })
			}
			synctest.Wait()
			assert.EqualValues(t, 1, calls.Load(), name)
			start := time.Now()
			all.Wait()
			count := map[int]int{}
			for _, status := range statuses {
				count[status]++
			}
			if fails {
				assert.Equal(t, map[int]int{204: 4, 500: 1}, count, name)
				assert.EqualValues(t, 2, calls.Load(), "%s: one of those that waited handles it", name)
				assert.Equal(t, 2*time.Second, time.Since(start), name)
			} else {
				assert.Equal(t, map[int]int{204: 5}, count, name)
				assert.EqualValues(t, 1, calls.Load(), name)
				assert.Equal(t, time.Second, time.Since(start), name)
			}
		})
	}
}

// Each request that waits holds its body, so not all of them may.
func TestWebhookHandler_OnlyAFewDuplicatesWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int32
		handler := newWebhookHandler(t, silently(func(context.Context, *pulumiapi.WebhookEvent) error {
			calls.Add(1)
			time.Sleep(time.Minute)
			return nil
		}))
		deliver := func(count int, want map[int]int) {
			t.Helper()
			var mu sync.Mutex
			got := map[int]int{}
			var all sync.WaitGroup
			for range count {
				all.Go(func() {
					ctx, cancel := context.WithTimeout(t.Context(), time.Second)
					defer cancel()
					status := receive(handler, stackEvent("e1").WithContext(ctx))
					mu.Lock()
					defer mu.Unlock()
					got[status]++
				})
			}
			synctest.Wait()
			mu.Lock()
			assert.Equal(t, want, got, "those that are told at once to come later")
			mu.Unlock()
			all.Wait()
		}
		var first sync.WaitGroup
		first.Go(func() { assert.Equal(t, 204, receive(handler, stackEvent("e1"))) })
		synctest.Wait()
		deliver(108, map[int]int{http.StatusServiceUnavailable: 100})
		deliver(8, map[int]int{})
		first.Wait()
		assert.Equal(t, 204, receive(handler, stackEvent("e1")))
		assert.EqualValues(t, 1, calls.Load())
	})
}

func TestWebhookHandler_OtherEventsDoNotWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int32
		handler := newWebhookHandler(t, silently(func(context.Context, *pulumiapi.WebhookEvent) error {
			calls.Add(1)
			time.Sleep(time.Second)
			return nil
		}))
		start := time.Now()
		var all sync.WaitGroup
		for i := range 100 {
			all.Go(func() { assert.Equal(t, 204, receive(handler, stackEvent(fmt.Sprint(i)))) })
		}
		all.Wait()
		assert.Equal(t, time.Second, time.Since(start), "nothing is locked while functions run")
		assert.EqualValues(t, 100, calls.Load())
	})
}

func TestWebhookHandler_WhoWaitsCanLeave(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int32
		handler := newWebhookHandler(t, silently(func(context.Context, *pulumiapi.WebhookEvent) error {
			calls.Add(1)
			time.Sleep(time.Minute)
			return nil
		}))
		var all sync.WaitGroup
		all.Go(func() { assert.Equal(t, 204, receive(handler, stackEvent("e1"))) })
		synctest.Wait()
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		assert.Equal(t, http.StatusServiceUnavailable, receive(handler, stackEvent("e1").WithContext(ctx)))
		assert.Equal(t, time.Second, time.Since(start))
		all.Wait()
		assert.Equal(t, 204, receive(handler, stackEvent("e1")))
		assert.EqualValues(t, 1, calls.Load(), "who left has changed nothing")
	})
}

func TestWebhookHandler_TheContextIsTheRequests(t *testing.T) {
	t.Parallel()
	type key struct{}
	handler := newWebhookHandler(t, silently(func(ctx context.Context, _ *pulumiapi.WebhookEvent) error {
		assert.Equal(t, "value", ctx.Value(key{}))
		return ctx.Err()
	}))
	ctx, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "value"))
	assert.Equal(t, 204, receive(handler, stackEvent("e1").WithContext(ctx)))
	cancel()
	assert.Equal(t, 500, receive(handler, stackEvent("e2").WithContext(ctx)))
}

// Deliveries that are verified, parsed and dispatched in a second, by one core.
func BenchmarkWebhookHandler(b *testing.B) {
	handled := 0
	handler := newWebhookHandler(b, pulumiapi.WebhookHandlers{
		StackUpdate: func(context.Context, *pulumiapi.WebhookStackUpdatePayload) error { handled++; return nil },
	})
	body := webhookBodies[pulumiapi.WebhookEventKindStackUpdate].body
	signed := pulumiapitest.SignedWebhook("stack_update", body, hookSecret)
	b.ReportAllocs()
	received := 0
	for b.Loop() {
		received++
		req := *signed
		req.Header = signed.Header.Clone()
		req.Header.Set("Pulumi-Webhook-ID", fmt.Sprint(received))
		req.Body = io.NopCloser(strings.NewReader(body))
		handler.ServeHTTP(httptest.NewRecorder(), &req)
	}
	require.Equal(b, received, handled)
	b.ReportMetric(float64(received)/b.Elapsed().Seconds(), "deliveries/s")
}

func TestWebhookDeliveries_RemembersTheLast10000(t *testing.T) {
	t.Parallel()
	d := pulumiapi.NewWebhookDeliveries()
	deliver := func(from, to int) (news int) {
		for i := from; i < to; i++ {
			handled, err := d.Deliver(t.Context(), fmt.Sprint(i), true)
			require.NoError(t, err)
			if !handled {
				news++
			}
		}
		return news
	}
	assert.Equal(t, 10_000, deliver(0, 10_000))
	assert.Zero(t, deliver(0, 10_000), "all of them are remembered")
	assert.Equal(t, 5, deliver(10_000, 10_005), "which makes it forget the oldest five")
	assert.Zero(t, deliver(5, 10_005), "and no other")
	assert.Equal(t, 5, deliver(0, 5))
	assert.Equal(t, 25_000, deliver(20_000, 45_000), "round and round")
	assert.Zero(t, deliver(35_000, 45_000))
	assert.Equal(t, 1, deliver(34_999, 35_000))
	handled, order, running := d.Kept()
	assert.Equal(t, 10_000, handled)
	assert.Equal(t, 10_000, order)
	assert.Zero(t, running)
}

// What has failed leaves nothing behind.
func TestWebhookDeliveries_ForgetsWhatFailed(t *testing.T) {
	t.Parallel()
	d := pulumiapi.NewWebhookDeliveries()
	for range 3 {
		handled, err := d.Deliver(t.Context(), "", false)
		require.NoError(t, err)
		assert.False(t, handled)
	}
	handled, order, running := d.Kept()
	assert.Zero(t, handled)
	assert.Zero(t, order)
	assert.Zero(t, running)
}
