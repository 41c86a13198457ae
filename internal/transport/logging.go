package transport

import (
	"context"
	"log/slog"
)

// maxLoggedError is how many characters of an error a log record has.
const maxLoggedError = 1000

// LogAttempts returns an observer that writes one Debug record an attempt.
func LogAttempts(logger *slog.Logger) func(context.Context, Attempt) {
	return func(ctx context.Context, attempt Attempt) {
		if !logger.Enabled(ctx, slog.LevelDebug) {
			return
		}
		attrs := []slog.Attr{
			slog.String("endpoint", attempt.Endpoint),
			slog.String("path", attempt.Path),
			slog.Int("attempt", attempt.Number),
			slog.Duration("duration", attempt.Duration),
		}
		if attempt.StatusCode != 0 {
			attrs = append(attrs, slog.Int("status", attempt.StatusCode))
		}
		if attempt.RequestID != "" {
			attrs = append(attrs, slog.String("request_id", attempt.RequestID))
		}
		if attempt.Err != nil {
			attrs = append(attrs, slog.String("error", OneLine(attempt.Err.Error(), maxLoggedError)))
		}
		if attempt.WillRetry {
			attrs = append(attrs, slog.Duration("retry_in", attempt.Wait))
		}
		if attempt.OverBudget {
			attrs = append(attrs, slog.String("retry_budget", "used up"))
		}
		logger.LogAttrs(ctx, slog.LevelDebug, "pulumi cloud request", attrs...)
	}
}

// LogWarnings returns an observer that writes the service's warnings.
func LogWarnings(logger *slog.Logger) func(context.Context, Warning) {
	return func(ctx context.Context, warning Warning) {
		logger.LogAttrs(ctx, slog.LevelWarn, warning.Text,
			slog.String("endpoint", warning.Endpoint),
			slog.String("request_id", warning.RequestID))
	}
}
