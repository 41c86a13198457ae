package transport

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestClient_Do_ContextEndedBefore(t *testing.T) {
	t.Parallel()
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newServer(t, status(http.StatusOK, ""))
				ctx, cancel := context.WithCancelCause(t.Context())
				cancel(errShutdown)
				call := newCall(ctx, t, method, "/stacks", Body{})
				outcome, err := newClient(t, s.transport).Do(call.Call)
				require.ErrorIs(t, err, context.Canceled, "%s", call)
				require.ErrorIs(t, err, errShutdown, "%s: the cause", call)
				assert.Empty(t, s.seen(), "%s: what was sent", call)
				assert.Equal(t, Outcome{}, outcome, "%s: the outcome", call)
			})
		})
	}
}

func TestClient_Do_ContextEndedDuringTheRequest(t *testing.T) {
	t.Parallel()
	t.Run("in the first attempt", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			s := newServer(t, silent)
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(time.Minute, func() { cancel(errShutdown) })
			call := newCall(ctx, t, http.MethodPost, "/stacks", Body{})
			outcome, err := newClient(t, s.transport).Do(call.Call)
			require.ErrorIs(t, err, context.Canceled, "%s", call)
			require.ErrorIs(t, err, errShutdown, "%s: the cause", call)
			assert.Equal(t, "context canceled: the program shuts down", err.Error(), "%s: the error's text", call)
			assert.Equal(t, time.Minute, time.Since(start), "%s: the time it took", call)
			assert.Equal(t, Outcome{Attempts: 1, Uncertain: true}, outcome, "%s: the outcome", call)
		})
	})
	t.Run("in the second attempt", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			s := newServer(t, nth(status(http.StatusServiceUnavailable, "busy"), silent))
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Minute, cancel)
			call := newCall(ctx, t, http.MethodGet, "/stacks", Body{})
			outcome, err := newClient(t, s.transport).Do(call.Call)
			require.ErrorIs(t, err, context.Canceled, "%s", call)
			requireStatus(t, http.StatusServiceUnavailable, err, call)
			assert.Equal(t, "context canceled; before that: status 503: busy", err.Error(), "%s: the error's text", call)
			assert.Equal(t, 2, outcome.Attempts, "%s: attempts", call)
		})
	})
	t.Run("by its deadline", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			s := newServer(t, silent)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			call := newCall(ctx, t, http.MethodGet, "/stacks", Body{})
			outcome, err := newClient(t, s.transport).Do(call.Call)
			require.ErrorIs(t, err, context.DeadlineExceeded, "%s", call)
			assert.Equal(t, "context deadline exceeded", err.Error(), "%s: the error's text", call)
			assert.Equal(t, 1, outcome.Attempts, "%s: attempts", call)
			assert.Equal(t, time.Minute, time.Since(start), "%s: the time it took", call)
		})
	})
	t.Run("while connecting", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			n := newNetwork()
			n.listen("api.test:80") // accepts nothing
			transport := &http.Transport{DialContext: n.dial}
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Minute, cancel)
			call := newCall(ctx, t, http.MethodPost, "/stacks", Body{})
			outcome, err := newClient(t, transport).Do(call.Call)
			require.ErrorIs(t, err, context.Canceled, "%s", call)
			assert.Equal(t, Outcome{Attempts: 1}, outcome, "%s: the outcome", call)
			n.hosts["api.test:80"].shut()
		})
	})
}

func TestClient_Do_ContextEndedDuringTheBody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		s := newServer(t, nth(status(http.StatusBadGateway, "busy"), startOf(http.StatusOK, "the first half")))
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Minute, func() { cancel(errShutdown) })
		call := newCall(ctx, t, http.MethodGet, "/stacks", Body{})
		outcome, err := newClient(t, s.transport).Do(call.Call)
		require.ErrorIs(t, err, context.Canceled, "%s", call)
		require.ErrorIs(t, err, errShutdown, "%s: the cause", call)
		requireStatus(t, http.StatusBadGateway, err, call)
		assert.Equal(t, 2, outcome.Attempts, "%s: attempts", call)
		assert.Equal(t, time.Minute, time.Since(start), "%s: the time it took", call)
	})
}

// A refusal whose body was cut off by the context's end is known all the same.
func TestClient_Do_ContextEndedDuringARefusal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, startOf(http.StatusConflict, ""))
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		call := newCall(ctx, t, http.MethodPost, "/stacks", Body{})
		outcome, err := newClient(t, s.transport).Do(call.Call)
		require.ErrorIs(t, err, context.Canceled, "%s", call)
		requireStatus(t, http.StatusConflict, err, call)
		assert.Equal(t, Outcome{Attempts: 1}, outcome, "%s: the outcome", call)
	})
}

func TestClient_Do_ContextEndedWhileWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second/4, func() { cancel(errShutdown) })
		call := newCall(ctx, t, http.MethodGet, "/stacks", Body{})
		outcome, err := newClient(t, script(answer(http.StatusServiceUnavailable, "busy"))).Do(call.Call)
		require.ErrorIs(t, err, context.Canceled, "%s", call)
		require.ErrorIs(t, err, errShutdown, "%s: the cause", call)
		requireStatus(t, http.StatusServiceUnavailable, err, call)
		assert.Equal(t, "context canceled: the program shuts down; before that: status 503: busy", err.Error(),
			"%s: the error's text", call)
		assert.Equal(t, Outcome{Attempts: 1, Uncertain: true, Transient: true}, outcome, "%s: the outcome", call)
		assert.Equal(t, time.Second/4, time.Since(start), "%s: the time it took", call)
	})
}

// The answer came first: it is what counts.
func TestClient_Do_ContextEndedAfterAFinalAnswer(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	call := newCall(ctx, t, http.MethodGet, "/stacks", Body{})
	handle := call.Handle
	call.Handle = func(resp *http.Response, sofar Outcome) error {
		err := handle(resp, sofar)
		cancel()
		return err
	}
	_, err := newClient(t, script(answer(http.StatusNotFound, "gone"))).Do(call.Call)
	requireStatus(t, http.StatusNotFound, err, call)
	require.NotErrorIs(t, err, context.Canceled, "%s", call)
}

// This answer would have been followed by another attempt.
func TestClient_Do_ContextEndedAfterABusyAnswer(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	var attempts []Attempt
	call := newCall(ctx, t, http.MethodGet, "/stacks", Body{})
	call.Handle = func(resp *http.Response, sofar Outcome) error {
		err := call.handle(resp, sofar)
		cancel(errShutdown)
		return err
	}
	_, err := newClient(t, script(answer(http.StatusServiceUnavailable, "busy")), withAttempts(&attempts)).Do(call.Call)
	require.ErrorIs(t, err, context.Canceled, "%s", call)
	require.ErrorIs(t, err, errShutdown, "%s: the cause", call)
	requireStatus(t, http.StatusServiceUnavailable, err, call)
	require.Len(t, attempts, 1, "%s: attempts observed", call)
	assert.False(t, attempts[0].WillRetry, "%s: WillRetry", call)
}
