// Package benchmarks compares the package with what a careful programmer writes by
// hand: net/http, encoding/json, and one page after another.
//
// One command runs everything and prints the table of docs/performance.md, with
// the goals that are missed:
//
//	go -C benchmarks run ./cmd/table
//	go -C benchmarks run ./cmd/table -run W4 -count 10
//	go -C benchmarks run ./cmd/table -run W4 -profiles /tmp/profiles
//
// It measures processes that hold the client alone. The same workloads are
// benchmarks, with client and server in one process, for benchstat and for looking
// closer; with -count, both ways take turns:
//
//	go -C benchmarks test -run '^$' -bench W4 -count 10 .
//
// Two benchmarks show how cost grows: with the number of pages, and with the number
// of goroutines that share a client. Whether a lock is in their way, a profile says:
//
//	go -C benchmarks test -run '^$' -bench Growth .
//	go -C benchmarks test -run '^$' -bench Sharing -mutexprofile mutex.out . && go tool pprof -top benchmarks/mutex.out
//
// A workload is an entry in internal/workload/table.go; the server has its answers
// in internal/cloud.
package benchmarks
