package workload

import (
	"context"
	"errors"
	"runtime"
	"runtime/metrics"
	"sync"
	"syscall"
	"time"
)

// Measurement is what doing a job once costs, on average over Times.
type Measurement struct {
	Seen  Seen          `json:"seen"`
	Times int           `json:"times"`
	Time  time.Duration `json:"time"`
	// CPU is the process's own, in user mode and in the kernel.
	CPU time.Duration `json:"cpu"`
	// Allocs and AllocBytes are objects and bytes on the heap.
	Allocs     float64 `json:"allocs"`
	AllocBytes float64 `json:"allocBytes"`
	// PeakHeap is how many bytes the heap held at most beyond what it held before.
	PeakHeap uint64 `json:"peakHeap"`
	// StateBytes is how long the state was, if the job was about one.
	StateBytes int64 `json:"stateBytes"`
}

// Measure does a job once to look at the heap, which also makes the connection and
// fills the caches, and then some times to look at the clock. Whatever else the
// process does is counted, too: it should do nothing else.
func Measure(ctx context.Context, do func(context.Context) (Seen, error), times int) (*Measurement, error) {
	m := &Measurement{Times: times}
	peak, err := PeakHeapOf(func() (err error) {
		m.Seen, err = do(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	m.PeakHeap = peak

	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	start, cpu := time.Now(), processCPU()
	for range times {
		seen, err := do(ctx)
		if err != nil {
			return nil, err
		}
		if seen != m.Seen {
			return nil, errors.New("the job saw something else than the time before")
		}
	}
	m.Time = time.Since(start) / time.Duration(times)
	m.CPU = (processCPU() - cpu) / time.Duration(times)
	runtime.ReadMemStats(&after)
	m.Allocs = float64(after.Mallocs-before.Mallocs) / float64(times)
	m.AllocBytes = float64(after.TotalAlloc-before.TotalAlloc) / float64(times)
	return m, nil
}

func processCPU() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// heapInterval is how often the heap is looked at.
const heapInterval = time.Millisecond

// PeakHeapOf calls do, and returns how many bytes the heap held at most meanwhile,
// with what is garbage but not collected yet, beyond what it held before.
func PeakHeapOf(do func() error) (uint64, error) {
	runtime.GC()
	before := heapBytes()
	var (
		peak   = before
		done   = make(chan struct{})
		looker sync.WaitGroup
	)
	looker.Go(func() {
		ticker := time.NewTicker(heapInterval)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				peak = max(peak, heapBytes())
			case <-done:
				return
			}
		}
	})
	err := do()
	close(done)
	looker.Wait()
	return max(peak, heapBytes()) - before, err
}

func heapBytes() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
