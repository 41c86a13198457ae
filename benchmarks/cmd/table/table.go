package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/pulumiapi/pulumiapi/benchmarks/internal/cloud"
	"github.com/pulumiapi/pulumiapi/benchmarks/internal/workload"
)

// errDifferent says that the two ways have not done the same.
var errDifferent = errors.New("the package and raw saw different things")

// table measures those of the workloads that were asked for, and prints the table.
func (s *settings) table(ctx context.Context, workloads []workload.Workload, stdout, stderr io.Writer) (err error) {
	server, err := cloud.Start()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	if s.short {
		s.count = 1
	}
	r := &report{out: stdout, short: s.short}
	for _, w := range workloads {
		if !s.run.MatchString(w.Name) {
			continue
		}
		figures, err := s.measure(ctx, server, &w, stderr)
		if err != nil {
			return fmt.Errorf("%s: %w", w.Name, err)
		}
		r.workload(&w, figures)
	}
	if !s.short && s.run.MatchString(programName) {
		sizes, err := measurePrograms(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", programName, err)
		}
		r.programs(sizes)
	}
	if !r.begun {
		return fmt.Errorf("no workload is called %s", s.run)
	}
	r.end()
	if s.check && r.missed > 0 {
		return errMissed
	}
	return r.err
}

// figures are the measurements of a workload, by the way it was done.
type figures map[string][]*workload.Measurement

// measure does the workload in both ways, in turns, and each goes first as often as
// the other.
func (s *settings) measure(ctx context.Context, server *cloud.Server, w *workload.Workload, stderr io.Writer) (figures, error) {
	load, times := w.Load, w.Times
	if s.short {
		load, times = w.Short, min(times, shortTimes)
	}
	url, err := server.URL(load)
	if err != nil {
		return nil, err
	}
	defer server.Forget(url)
	found := figures{}
	for round := range s.count {
		ways := workload.Ways()
		if round%2 == 1 {
			slices.Reverse(ways)
		}
		for _, way := range ways {
			c := client{workload: w.Name, way: way, times: times, url: url}
			if way == workload.Package {
				c.profiles = s.profiles
			}
			m, err := c.measure(ctx, stderr)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", way, err)
			}
			m.StateBytes = load.StateBytes
			found[way] = append(found[way], m)
		}
	}
	return found, found.compare()
}

// shortTimes is how often a job is done at most when it is not about the time. It
// is often enough for the connection not to count.
const shortTimes = 100

// compare returns an error if the two ways have not seen the same.
func (f figures) compare() error {
	want := f[workload.Raw][0].Seen
	for way, measurements := range f {
		for _, m := range measurements {
			if m.Seen != want || m.Seen.Items == 0 {
				return fmt.Errorf("%w: raw %+v, %s %+v", errDifferent, want, way, m.Seen)
			}
		}
	}
	return nil
}
