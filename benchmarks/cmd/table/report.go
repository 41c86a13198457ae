package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/pulumiapi/pulumiapi/benchmarks/internal/workload"
)

// report prints the table as it comes about.
type report struct {
	out    io.Writer
	short  bool // times and memory are not looked at
	begun  bool
	missed int
	err    error // of writing, the first
}

// columns are the metrics that each workload is shown with.
var columns = []*workload.Metric{workload.Time, workload.CPU, workload.Allocs, workload.PeakHeap}

func (r *report) workload(w *workload.Workload, f figures) {
	raw, ours := f[workload.Raw], f[workload.Package]
	cells := []string{"**" + w.Name + "** " + w.Job}
	for _, metric := range columns {
		if r.short && !metric.Steady {
			cells = append(cells, "")
			continue
		}
		cells = append(cells, comparison(metric, raw, ours))
	}
	var goals []string
	for _, goal := range w.Goals {
		if r.short && !goal.Metric.Steady {
			continue
		}
		value, met := goal.Check(raw, ours)
		goals = append(goals, r.goal(goal.String(), value, met))
	}
	r.row(append(cells, strings.Join(goals, "<br>")))
}

// programs adds the row of the programs' sizes.
func (r *report) programs(p programs) {
	const maxBytes, maxModules = 8_500_000, 7
	r.row([]string{
		"**" + programName + "** a program that lists stacks",
		p.ours.String() + "<br>raw " + p.raw.String(),
		"", "", "",
		r.goal("≤ 8.5 MB", fmt.Sprintf("%.1f MB", float64(p.ours.bytes)/1e6), p.ours.bytes <= maxBytes) + "<br>" +
			r.goal(fmt.Sprintf("≤ %d modules", maxModules), fmt.Sprint(p.ours.modules), p.ours.modules <= maxModules),
	})
}

// comparison returns what raw and ours have of the metric, and the ratio, unless raw
// has nothing of it.
func comparison(metric *workload.Metric, raw, ours []*workload.Measurement) string {
	text := fmt.Sprintf("%s<br>raw %s", metric.Text(metric.Median(ours)), metric.Text(metric.Median(raw)))
	if metric.Median(raw) > 0 {
		text += fmt.Sprintf("<br>**%.2f**", workload.Ratio(metric, raw, ours))
	}
	return text
}

func (r *report) goal(goal, value string, met bool) string {
	if met {
		return goal + " ✓"
	}
	r.missed++
	return fmt.Sprintf("%s **missed: %s**", goal, value)
}

func (r *report) row(cells []string) {
	if !r.begun {
		r.begun = true
		r.printf("| workload | time | CPU | allocs | peak heap | goals |\n|---|---|---|---|---|---|\n")
	}
	r.printf("| %s |\n", strings.Join(cells, " | "))
}

func (r *report) end() {
	switch r.missed {
	case 0:
		r.printf("\nEvery goal is met.\n")
	case 1:
		r.printf("\n1 goal is missed.\n")
	default:
		r.printf("\n%d goals are missed.\n", r.missed)
	}
}

func (r *report) printf(format string, args ...any) {
	if _, err := fmt.Fprintf(r.out, format, args...); err != nil && r.err == nil {
		r.err = err
	}
}
