package main

import (
	"context"
	"errors"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pulumiapi/pulumiapi"
)

// newObserver returns an observer that counts and times what clients do, in
// metrics that it registers. It can be given to several clients.
func newObserver(registry prometheus.Registerer) (pulumiapi.Observer, error) {
	attempts := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "pulumi_api_attempts_total",
		Help: "Requests to Pulumi Cloud, each attempt of a call counted.",
	}, []string{"endpoint", "status", "outcome"})
	durations := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "pulumi_api_attempt_duration_seconds",
		Help:    "Time until the answer to a request had been read; of a stream, until it began.",
		Buckets: []float64{0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60},
	}, []string{"endpoint"})
	retries := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "pulumi_api_retries_total",
		Help: "Attempts of a call after its first one.",
	}, []string{"endpoint"})
	warnings := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "pulumi_api_warnings_total",
		Help: "Warnings of Pulumi Cloud; their texts are in the log.",
	}, []string{"endpoint"})
	for _, metric := range []prometheus.Collector{attempts, durations, retries, warnings} {
		if err := registry.Register(metric); err != nil {
			return pulumiapi.Observer{}, err
		}
	}
	return pulumiapi.Observer{
		OnAttempt: func(_ context.Context, attempt pulumiapi.Attempt) {
			endpoint := attempt.Endpoint.String() // never attempt.Path, which has names in it
			attempts.WithLabelValues(endpoint, status(attempt), outcome(attempt)).Inc()
			durations.WithLabelValues(endpoint).Observe(attempt.Duration.Seconds())
			if attempt.Number > 1 {
				retries.WithLabelValues(endpoint).Inc()
			}
		},
		OnWarning: func(_ context.Context, warning pulumiapi.Warning) {
			warnings.WithLabelValues(warning.Endpoint.String()).Inc()
		},
	}, nil
}

func status(attempt pulumiapi.Attempt) string {
	if attempt.StatusCode == 0 {
		return "none"
	}
	return strconv.Itoa(attempt.StatusCode)
}

func outcome(attempt pulumiapi.Attempt) string {
	var refused *pulumiapi.APIError
	switch {
	case attempt.Err == nil:
		return "success"
	case errors.As(attempt.Err, &refused):
		return "refused"
	case errors.Is(attempt.Err, context.Canceled):
		return "cancelled" // by the program itself
	default:
		return "failed"
	}
}
