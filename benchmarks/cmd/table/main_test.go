package main

import (
	"bytes"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/benchmarks/internal/workload"
)

// The processes that are measured are this program again.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == clientCommand {
		main()
	}
	os.Exit(m.Run())
}

func TestRun_Usage(t *testing.T) {
	t.Parallel()
	tests := []struct {
		args   []string
		status int
		text   string
	}{
		{[]string{"-h"}, 0, "go -C benchmarks run ./cmd/table"},
		{[]string{"-nothing"}, 2, "-nothing"},
		{[]string{"W1"}, 2, `unexpected argument "W1"`},
		{[]string{"-count", "0"}, 2, "-count"},
		{[]string{"-run", "("}, 2, "missing closing )"},
		{[]string{clientCommand, "-workload", "W0"}, 2, `no workload "W0"`},
	}
	for _, tt := range tests {
		var stderr bytes.Buffer
		assert.Equal(t, tt.status, run(t.Context(), tt.args, io.Discard, &stderr), "table %q", tt.args)
		assert.Contains(t, stderr.String(), tt.text, "table %q", tt.args)
	}
}

func TestRun_Short(t *testing.T) {
	t.Parallel()
	var stdout, stderr bytes.Buffer
	status := run(t.Context(), []string{"-short", "-run", "W2ListStacks$|W7"}, &stdout, &stderr)
	require.Equal(t, 0, status, "table -short: %s", stderr.String())
	assert.Regexp(t, `(?m)^\| \*\*W2ListStacks\*\* .* allocs ≤ 0\.66 .*\|$`, stdout.String(), "table -short")
	assert.Regexp(t, `(?m)^\| \*\*W7CreateTag\*\* .* allocs ≤ 1\.08 .*\|$`, stdout.String(), "table -short")
	assert.NotContains(t, stdout.String(), "time ≤", "table -short")
	assert.NotContains(t, stdout.String(), "W2ListStacksSlowly", "table -short")
}

func TestRun_NoSuchWorkload(t *testing.T) {
	t.Parallel()
	var stderr bytes.Buffer
	assert.Equal(t, 2, run(t.Context(), []string{"-run", "W0"}, io.Discard, &stderr), "table -run W0")
	assert.Contains(t, stderr.String(), "W0", "table -run W0")
}

// What -check and the status come to does not depend on how fast the package is.
func TestSettings_Table_Check(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		goal   workload.Goal
		check  bool
		status int
		text   string
	}{
		{"met", workload.AtMost(workload.Allocs, 1000), true, 0, "Every goal is met."},
		{"missed", workload.AtMost(workload.Allocs, 0.001), true, 1, "**missed: "},
		{"missed, but not checked", workload.AtMost(workload.Allocs, 0.001), false, 0, "1 goal is missed."},
		{"of a time, in a short run", workload.AtMost(workload.Time, 0), true, 0, "Every goal is met."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w, err := workload.Find("W7CreateTag")
			require.NoError(t, err, "Find")
			w.Goals = []workload.Goal{tt.goal}
			s := settings{run: regexp.MustCompile("W7"), count: 1, short: true, check: tt.check}
			var stdout, stderr strings.Builder
			status := exitStatus(s.table(t.Context(), []workload.Workload{*w}, &stdout, &stderr), &stderr)
			assert.Equal(t, tt.status, status, "table with a goal that is %s: %s", tt.name, stderr.String())
			assert.Contains(t, stdout.String(), tt.text, "table with a goal that is %s", tt.name)
		})
	}
}

func TestFigures_Compare(t *testing.T) {
	t.Parallel()
	saw := func(items ...int) (measurements []*workload.Measurement) {
		for _, n := range items {
			measurements = append(measurements, &workload.Measurement{Seen: workload.Seen{Items: n, Sum: 7}})
		}
		return measurements
	}
	require.NoError(t, figures{workload.Raw: saw(5, 5), workload.Package: saw(5, 5)}.compare(), "the same")
	require.ErrorIs(t, figures{workload.Raw: saw(5, 5), workload.Package: saw(5, 4)}.compare(), errDifferent, "once less")
	require.ErrorIs(t, figures{workload.Raw: saw(0), workload.Package: saw(0)}.compare(), errDifferent, "nothing")
	other := saw(5)
	other[0].Seen.Sum++
	err := figures{workload.Raw: saw(5), workload.Package: other}.compare()
	require.ErrorIs(t, err, errDifferent, "as many, but others")
	assert.Equal(t, 1, exitStatus(err, io.Discard), "the status")
}

func TestReport_Workload(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	r := &report{out: &out}
	r.workload(&workload.Workload{
		Name: "W0Nothing", Job: "do nothing",
		Goals: []workload.Goal{workload.AtMost(workload.Time, 0.5), workload.AtMost(workload.Allocs, 0.5)},
	}, figures{
		workload.Raw:     {{Time: 10 * time.Millisecond, Allocs: 10}, {Time: 20 * time.Millisecond, Allocs: 10}, {Time: time.Second, Allocs: 10}},
		workload.Package: {{Time: time.Millisecond, Allocs: 6}, {Time: 10 * time.Millisecond, Allocs: 6}, {Time: 2 * time.Second, Allocs: 6}},
	})
	r.end()
	assert.Contains(t, out.String(), "| **W0Nothing** do nothing | 10 ms<br>raw 20 ms<br>**0.50** | 0.0 µs<br>raw 0.0 µs | 6<br>raw 10<br>**0.60** |", "the row")
	assert.Contains(t, out.String(), "| time ≤ 0.50 ✓<br>allocs ≤ 0.50 **missed: 0.60** |", "the goals")
	assert.Equal(t, 1, r.missed, "goals that were missed")
}
