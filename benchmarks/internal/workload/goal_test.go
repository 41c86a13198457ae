package workload_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/pulumiapi/pulumiapi/benchmarks/internal/workload"
)

// times returns measurements that took so many milliseconds.
func times(milliseconds ...int) []*workload.Measurement {
	var measurements []*workload.Measurement
	for _, ms := range milliseconds {
		measurements = append(measurements, &workload.Measurement{
			Time: time.Duration(ms) * time.Millisecond, StateBytes: 1e6, PeakHeap: uint64(ms),
		})
	}
	return measurements
}

func TestMetric_Median(t *testing.T) {
	t.Parallel()
	tests := []struct {
		times []*workload.Measurement
		want  float64
	}{
		{times(), 0},
		{times(3), 3e6},
		{times(3, 1), 2e6},
		{times(100, 1, 3), 3e6},
		{times(9, 1, 100, 2), 5.5e6},
	}
	for _, tt := range tests {
		assert.InDelta(t, tt.want, workload.Time.Median(tt.times), 0, "the median of %d times", len(tt.times))
	}
}

func TestGoal_Check(t *testing.T) {
	t.Parallel()
	tests := []struct {
		goal      workload.Goal
		raw, ours []*workload.Measurement
		text      string
		value     string
		met       bool
	}{
		{workload.AtMost(workload.Time, 0.50), times(10, 10, 90), times(1, 5, 90), "time ≤ 0.50", "0.50", true},
		{workload.AtMost(workload.Time, 0.50), times(10, 10, 90), times(1, 6, 90), "time ≤ 0.50", "0.60", false},
		{workload.AtMost(workload.Time, 1), times(10), times(11), "time ≤ 1.00", "1.10", false},
		{workload.NoMoreThan(workload.PeakHeap, 20), times(1), times(20), "peak heap ≤ 0.0 kB", "0.0 kB", true},
		{workload.NoMoreThan(workload.PeakHeap, 20), times(100), times(21), "peak heap ≤ 0.0 kB", "0.0 kB", false},
		{workload.NoLessThan(workload.Rate, 100e6), times(1), times(10), "rate ≥ 100.0 MB/s", "100.0 MB/s", true},
		{workload.NoLessThan(workload.Rate, 100e6), times(100), times(11), "rate ≥ 100.0 MB/s", "90.9 MB/s", false},
	}
	for _, tt := range tests {
		value, met := tt.goal.Check(tt.raw, tt.ours)
		assert.Equal(t, tt.text, tt.goal.String(), "String")
		assert.Equal(t, tt.value, value, "%s: the value", tt.goal)
		assert.Equal(t, tt.met, met, "%s with %s", tt.goal, value)
	}
}
