package main

import (
	"context"
	"encoding/json"
	"flag"
	"io"
	"os"
	"os/exec"
	"strconv"

	"github.com/pulumiapi/pulumiapi/benchmarks/internal/workload"
)

// clientCommand is the first argument of the processes that are measured.
const clientCommand = "client"

// client is one measurement to make, in a process of its own.
type client struct {
	workload string
	way      string
	times    int
	url      string
	profiles string // a folder; none if empty
}

// measure starts the process and returns what it has measured.
func (c client) measure(ctx context.Context, stderr io.Writer) (*workload.Measurement, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	process := exec.CommandContext(ctx, program, clientCommand, //nolint:gosec // this program
		"-workload", c.workload, "-way", c.way, "-times", strconv.Itoa(c.times), "-url", c.url, "-profiles", c.profiles)
	process.Stderr = stderr
	output, err := process.Output()
	if err != nil {
		return nil, err
	}
	m := new(workload.Measurement)
	return m, json.Unmarshal(output, m)
}

// runClient is what the process does.
func runClient(ctx context.Context, args []string, stdout io.Writer) error {
	var c client
	flags := flag.NewFlagSet(clientCommand, flag.ContinueOnError)
	flags.StringVar(&c.workload, "workload", "", "")
	flags.StringVar(&c.way, "way", "", "")
	flags.IntVar(&c.times, "times", 1, "")
	flags.StringVar(&c.url, "url", "", "")
	flags.StringVar(&c.profiles, "profiles", "", "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	w, err := workload.Find(c.workload)
	if err != nil {
		return err
	}
	job, err := w.Start(c.way, c.url)
	if err != nil {
		return err
	}
	defer job.Close()
	if c.profiles != "" {
		if err := c.profile(ctx, job); err != nil {
			return err
		}
	}
	m, err := workload.Measure(ctx, job.Do, c.times)
	if err != nil {
		return err
	}
	return json.NewEncoder(stdout).Encode(m)
}
