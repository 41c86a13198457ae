package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"time"

	"github.com/pulumiapi/pulumiapi/benchmarks/internal/workload"
)

// profileTime is long enough for a CPU profile that says something.
const profileTime = 5 * time.Second

// profile does the job for a CPU profile, and then as often as it is measured for a
// profile of every single allocation.
func (c client) profile(ctx context.Context, job *workload.Doer) error {
	do := func() error {
		_, err := job.Do(ctx)
		return err
	}
	rate := runtime.MemProfileRate
	defer func() { runtime.MemProfileRate = rate }()
	runtime.MemProfileRate = 0
	if err := do(); err != nil { // warms up
		return err
	}
	err := c.writeProfile("cpu", func(file *os.File) error {
		if err := pprof.StartCPUProfile(file); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
		for start := time.Now(); time.Since(start) < profileTime; {
			if err := do(); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	runtime.MemProfileRate = 1
	return c.writeProfile("allocs", func(file *os.File) error {
		for range c.times {
			if err := do(); err != nil {
				return err
			}
		}
		runtime.GC() // a profile shows what there was before the last one
		return pprof.Lookup("allocs").WriteTo(file, 0)
	})
}

func (c client) writeProfile(kind string, write func(*os.File) error) error {
	if err := os.MkdirAll(c.profiles, 0o750); err != nil {
		return err
	}
	file, err := os.Create(filepath.Join(c.profiles, c.workload+"."+c.way+"."+kind+".pprof")) //nolint:gosec // the folder is the user's own
	if err != nil {
		return err
	}
	return errors.Join(write(file), file.Close())
}
