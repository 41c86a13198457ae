// Package workload says what is measured: each workload as a job that the package
// does, and the same job by hand. Benchmarks and the command share it.
package workload

import (
	"context"
	"fmt"
	"slices"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/benchmarks/internal/cloud"
	"github.com/pulumiapi/pulumiapi/benchmarks/internal/raw"
)

// Workload is a job, done in two ways.
type Workload struct {
	// Name is that of the benchmark, without the word.
	Name string
	// Job says what is done, in the table.
	Job string
	// Load is what the server has for it, and Short a small version of it, which
	// tells as much about allocations.
	Load, Short cloud.Load
	// Times is how often the job is done in one measurement, so that it takes long
	// enough to be measured.
	Times int
	// Raw does it by hand, and Package with the package.
	Raw     func(context.Context, *raw.Client) (Seen, error)
	Package func(context.Context, *pulumiapi.Client) (Seen, error)
	// Goals are what the package is to reach.
	Goals []Goal
}

// Seen is what a job has got to see. Both ways must have seen the same.
type Seen struct {
	Items int `json:"items"`
	// Sum is a checksum of what is in the items.
	Sum uint64 `json:"sum"`
}

// item counts an item that holds these numbers and texts. It looks at little of
// them, as it is no part of the work.
func (s *Seen) item(number int64, texts ...string) {
	s.Items++
	s.add(uint64(number)) //nolint:gosec // any bits will do
	for _, text := range texts {
		s.add(uint64(len(text)))
		if text != "" {
			s.add(uint64(text[len(text)-1]))
		}
	}
}

func (s *Seen) add(bits uint64) { s.Sum = s.Sum*31 + bits }

// The two ways to do a job.
const (
	Raw     = "raw"
	Package = "pulumiapi"
)

// Ways are the ways to do a job.
func Ways() []string { return []string{Raw, Package} }

// token is what both ways send. Nobody looks at it.
const token = "pul-0123456789abcdef0123456789abcdef01234567"

// Doer does one job again and again, with one client.
type Doer struct {
	// Do does it once.
	Do func(context.Context) (Seen, error)
	// Close lets go of the client's connections.
	Close func()
}

// Start returns a Doer that does the job in the given way against the base URL.
func (w *Workload) Start(way, base string) (*Doer, error) {
	switch way {
	case Raw:
		c := raw.New(base, token)
		return &Doer{
			Do:    func(ctx context.Context) (Seen, error) { return w.Raw(ctx, c) },
			Close: c.Close,
		}, nil
	case Package:
		c, err := NewClient(base)
		if err != nil {
			return nil, err
		}
		return &Doer{
			Do:    func(ctx context.Context) (Seen, error) { return w.Package(ctx, c) },
			Close: c.CloseIdleConnections,
		}, nil
	}
	return nil, fmt.Errorf("there is no way %q", way)
}

// NewClient returns the package's client, as most programs make it.
func NewClient(base string) (*pulumiapi.Client, error) {
	return pulumiapi.NewClient(pulumiapi.WithToken(token), pulumiapi.WithBaseURL(base))
}

// Find returns the workload of that name.
func Find(name string) (*Workload, error) {
	all := All()
	i := slices.IndexFunc(all, func(w Workload) bool { return w.Name == name })
	if i < 0 {
		return nil, fmt.Errorf("there is no workload %q", name)
	}
	return &all[i], nil
}
