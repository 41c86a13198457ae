package transport

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// newLogger returns a logger of this level, and what reads its records.
func newLogger(t *testing.T, level slog.Level) (*slog.Logger, func() []map[string]any) {
	t.Helper()
	var buffer bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&buffer, &slog.HandlerOptions{
		Level: level,
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		},
	}))
	return logger, func() []map[string]any {
		var records []map[string]any
		for line := range bytes.Lines(buffer.Bytes()) {
			record := make(map[string]any)
			require.NoError(t, json.Unmarshal(line, &record), "the record %s", line)
			records = append(records, record)
		}
		return records
	}
}

func TestLogAttempts(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		attempt Attempt
		want    map[string]any
	}{
		{
			"success",
			Attempt{Endpoint: "GET /api/x/{id}", Path: "/api/x/1", Number: 1, StatusCode: 200, RequestID: "8f2c", Duration: time.Second},
			map[string]any{"endpoint": "GET /api/x/{id}", "path": "/api/x/1", "attempt": 1.0, "status": 200.0, "request_id": "8f2c", "duration": 1e9},
		},
		{
			"no answer",
			Attempt{Endpoint: "GET /a", Path: "/a", Number: 2, Duration: 3, Err: errors.New("the wire broke")},
			map[string]any{"endpoint": "GET /a", "path": "/a", "attempt": 2.0, "duration": 3.0, "error": "the wire broke"},
		},
		{
			"retried",
			Attempt{Endpoint: "GET /a", Path: "/a", Number: 1, StatusCode: 503, Err: errors.New("busy"), WillRetry: true, Wait: time.Second},
			map[string]any{"endpoint": "GET /a", "path": "/a", "attempt": 1.0, "duration": 0.0, "status": 503.0, "error": "busy", "retry_in": 1e9},
		},
		{
			"retried at once",
			Attempt{Endpoint: "GET /a", Path: "/a", Number: 1, StatusCode: 503, Err: errors.New("busy"), WillRetry: true},
			map[string]any{"endpoint": "GET /a", "path": "/a", "attempt": 1.0, "duration": 0.0, "status": 503.0, "error": "busy", "retry_in": 0.0},
		},
		{
			"not retried because of the budget",
			Attempt{Endpoint: "GET /a", Path: "/a", Number: 1, StatusCode: 503, Err: errors.New("busy"), OverBudget: true},
			map[string]any{"endpoint": "GET /a", "path": "/a", "attempt": 1.0, "duration": 0.0, "status": 503.0, "error": "busy", "retry_budget": "used up"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			logger, records := newLogger(t, slog.LevelDebug)
			LogAttempts(logger)(t.Context(), tt.attempt)
			tt.want["level"], tt.want["msg"] = "DEBUG", "pulumi cloud request"
			assert.Equal(t, []map[string]any{tt.want}, records(), "LogAttempts(%+v)", tt.attempt)
		})
	}
}

// A record costs nothing where nobody wants it.
func TestLogAttempts_IsSilentWithoutDebug(t *testing.T) {
	t.Parallel()
	logger, records := newLogger(t, slog.LevelInfo)
	LogAttempts(logger)(t.Context(), Attempt{Number: 1, Err: panickingError{}})
	assert.Empty(t, records(), "LogAttempts at level Info")
}

type panickingError struct{}

func (panickingError) Error() string { panic("nobody asked for this") }

// The level may depend on the call.
func TestLogAttempts_AsksWithTheCallsContext(t *testing.T) {
	t.Parallel()
	logger, records := newLogger(t, slog.LevelDebug)
	log := LogAttempts(slog.New(contextHandler{logger.Handler()}))
	log(t.Context(), Attempt{Number: 1})
	assert.Empty(t, records(), "LogAttempts with a context that is not to be logged")
	log(context.WithValue(t.Context(), contextKey{}, true), Attempt{Number: 1})
	assert.Len(t, records(), 1, "LogAttempts with a context that is to be logged")
}

type contextHandler struct{ slog.Handler }

func (h contextHandler) Enabled(ctx context.Context, _ slog.Level) bool {
	return ctx.Value(contextKey{}) != nil
}

func TestLogWarnings(t *testing.T) {
	t.Parallel()
	logger, records := newLogger(t, slog.LevelWarn)
	LogWarnings(logger)(t.Context(), Warning{Endpoint: "GET /a", Text: "the stack is old", RequestID: "8f2c"})
	assert.Equal(t, []map[string]any{{
		"level": "WARN", "msg": "the stack is old", "endpoint": "GET /a", "request_id": "8f2c",
	}}, records(), "LogWarnings")

	logger, records = newLogger(t, slog.LevelError)
	LogWarnings(logger)(t.Context(), Warning{Text: "the stack is old"})
	assert.Empty(t, records(), "LogWarnings at level Error")
}

func TestClient_Do_Logs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		logger, records := newLogger(t, slog.LevelDebug)
		s := newServer(t, nth(
			after(time.Second, identified("a", status(http.StatusServiceUnavailable, "busy"))),
			func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/cloud/other", http.StatusFound) },
			after(time.Second, identified("b", func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Add("X-Pulumi-Warning", "the stack is old")
			})),
		))
		call := get(t)
		_, err := newClient(t, s.transport, func(c *Config) {
			c.OnAttempt = append(c.OnAttempt, LogAttempts(logger))
			c.OnWarning = append(c.OnWarning, LogWarnings(logger))
		}).Do(call.Call)
		require.NoError(t, err, "%s", call)
		got := records()
		require.Len(t, got, 3, "%s: records", call)
		assert.Positive(t, got[0]["retry_in"], "%s: the first record's retry_in", call)
		delete(got[0], "retry_in")
		assert.Equal(t, []map[string]any{
			{
				"level": "DEBUG", "msg": "pulumi cloud request", "endpoint": "GET /stacks", "path": "/stacks",
				"attempt": 1.0, "duration": 1e9, "status": 503.0, "request_id": "a", "error": "status 503: busy",
			},
			{"level": "WARN", "msg": "the stack is old", "endpoint": "GET /stacks", "request_id": "b"},
			{
				"level": "DEBUG", "msg": "pulumi cloud request", "endpoint": "GET /stacks", "path": "/stacks",
				"attempt": 2.0, "duration": 1e9, "status": 200.0, "request_id": "b",
			},
		}, got, "%s: records", call)
	})
}

// Neither a redirect nor a broken connection brings the token into the log.
func TestClient_Do_LogsNoToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var buffer bytes.Buffer
		logger := slog.New(slog.NewTextHandler(&buffer, &slog.HandlerOptions{Level: slog.LevelDebug}))
		s := newServer(t, nth(
			hangUp,
			func(w http.ResponseWriter, r *http.Request) {
				w.Header().Add("X-Pulumi-Warning", "hello "+testToken)
				w.WriteHeader(http.StatusServiceUnavailable)
			},
			func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "http://evil.test/"+testToken, http.StatusFound)
			}))
		call := get(t)
		_, err := newClient(t, s.transport, func(c *Config) {
			c.OnAttempt = append(c.OnAttempt, LogAttempts(logger))
			c.OnWarning = append(c.OnWarning, LogWarnings(logger))
		}).Do(call.Call)
		require.ErrorContains(t, err, "evil.test", "%s", call)
		assert.Contains(t, buffer.String(), "evil.test", "%s: the log", call)
		assert.NotContains(t, buffer.String(), testToken, "%s: the log", call)
		assert.NotContains(t, err.Error(), testToken, "%s: the error", call)
	})
}
