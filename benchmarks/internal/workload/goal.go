package workload

import (
	"fmt"
	"slices"
	"time"
)

// Metric is one figure of a measurement.
type Metric struct {
	Name string
	// Of returns it, in its unit.
	Of func(*Measurement) float64
	// Text writes it down.
	Text func(float64) string
	// MoreIsBetter says so of a rate.
	MoreIsBetter bool
	// Steady says that it is the same each time and on each machine.
	Steady bool
}

// The metrics.
var (
	Time = &Metric{
		Name: "time", Of: func(m *Measurement) float64 { return float64(m.Time) }, Text: durationText,
	}
	CPU = &Metric{
		Name: "CPU", Of: func(m *Measurement) float64 { return float64(m.CPU) }, Text: durationText,
	}
	Allocs = &Metric{
		Name: "allocs", Of: func(m *Measurement) float64 { return m.Allocs }, Text: countText, Steady: true,
	}
	PeakHeap = &Metric{
		Name: "peak heap", Of: func(m *Measurement) float64 { return float64(m.PeakHeap) }, Text: bytesText,
	}
	Rate = &Metric{
		Name: "rate", MoreIsBetter: true,
		Of:   func(m *Measurement) float64 { return float64(m.StateBytes) / m.Time.Seconds() },
		Text: func(rate float64) string { return bytesText(rate) + "/s" },
	}
)

func durationText(nanoseconds float64) string {
	d := time.Duration(nanoseconds)
	switch {
	case d < time.Millisecond:
		return fmt.Sprintf("%.1f µs", float64(d)/float64(time.Microsecond))
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
	case d < 10*time.Second:
		return fmt.Sprintf("%d ms", d.Round(time.Millisecond).Milliseconds())
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

func countText(count float64) string {
	switch {
	case count < 10_000:
		return fmt.Sprintf("%.0f", count)
	case count < 1_000_000:
		return fmt.Sprintf("%.1f k", count/1e3)
	}
	return fmt.Sprintf("%.2f M", count/1e6)
}

func bytesText(bytes float64) string {
	if bytes < 100*kilobyte {
		return fmt.Sprintf("%.1f kB", bytes/kilobyte)
	}
	return fmt.Sprintf("%.1f MB", bytes/megabyte)
}

// Goal is a bound for what the package does.
type Goal struct {
	Metric *Metric
	// Bound is one for the ratio to raw, or, if Absolute, for the metric itself.
	Bound    float64
	Absolute bool
}

// AtMost bounds the ratio to raw.
func AtMost(metric *Metric, ratio float64) Goal { return Goal{Metric: metric, Bound: ratio} }

// NoMoreThan bounds a metric itself.
func NoMoreThan(metric *Metric, value float64) Goal {
	return Goal{Metric: metric, Bound: value, Absolute: true}
}

// NoLessThan bounds a metric of which more is better.
func NoLessThan(metric *Metric, value float64) Goal {
	return Goal{Metric: metric, Bound: value, Absolute: true}
}

func (g Goal) String() string {
	sign := "≤"
	if g.Metric.MoreIsBetter {
		sign = "≥"
	}
	return fmt.Sprintf("%s %s %s", g.Metric.Name, sign, g.text(g.Bound))
}

func (g Goal) text(value float64) string {
	if g.Absolute {
		return g.Metric.Text(value)
	}
	return fmt.Sprintf("%.2f", value)
}

// Check returns the value that the goal bounds, as text, and whether it is met.
func (g Goal) Check(raw, ours []*Measurement) (value string, met bool) {
	reached := g.Metric.Median(ours)
	if !g.Absolute {
		reached = Ratio(g.Metric, raw, ours)
	}
	if g.Metric.MoreIsBetter {
		return g.text(reached), reached >= g.Bound
	}
	return g.text(reached), reached <= g.Bound
}

// Median returns the median of the metric over the measurements, or 0 without any.
func (m *Metric) Median(measurements []*Measurement) float64 {
	values := make([]float64, 0, len(measurements))
	for _, measurement := range measurements {
		values = append(values, m.Of(measurement))
	}
	return median(values)
}

func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// Ratio returns the metric of ours as a multiple of raw's, each by its median.
func Ratio(metric *Metric, raw, ours []*Measurement) float64 {
	return metric.Median(ours) / metric.Median(raw)
}
