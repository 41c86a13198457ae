package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// programName is what -run matches for the programs' sizes.
const programName = "Program"

// The programs that list stacks: in the package's way and by hand.
const (
	module         = "github.com/pulumiapi/pulumiapi/benchmarks"
	packageProgram = module + "/cmd/liststacks"
	rawProgram     = module + "/cmd/liststacksraw"
)

// program is what a program takes.
type program struct {
	bytes   int64 // stripped
	modules int   // its own counted
}

func (p program) String() string {
	return fmt.Sprintf("%.1f MB, %d modules", float64(p.bytes)/1e6, p.modules)
}

type programs struct{ raw, ours program }

// measurePrograms builds both programs, for which it must run in this module.
func measurePrograms(ctx context.Context) (p programs, err error) {
	folder, err := os.MkdirTemp("", "")
	if err != nil {
		return p, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	if p.raw, err = measureProgram(ctx, folder, rawProgram); err != nil {
		return p, err
	}
	p.ours, err = measureProgram(ctx, folder, packageProgram)
	return p, err
}

func measureProgram(ctx context.Context, folder, path string) (program, error) {
	file := filepath.Join(folder, filepath.Base(path))
	if _, err := goCommand(ctx, "build", "-ldflags", "-s -w", "-o", file, path); err != nil {
		return program{}, err
	}
	built, err := os.Stat(file)
	if err != nil {
		return program{}, err
	}
	output, err := goCommand(ctx, "list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", path)
	if err != nil {
		return program{}, err
	}
	modules := strings.Fields(output)
	slices.Sort(modules)
	return program{bytes: built.Size(), modules: len(slices.Compact(modules))}, nil
}

func goCommand(ctx context.Context, args ...string) (string, error) {
	command := exec.CommandContext(ctx, "go", args...) //nolint:gosec // our own arguments
	command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off")
	var stderr bytes.Buffer
	command.Stderr = &stderr
	output, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("go %s: %w: %s", strings.Join(args, " "), err, stderr.String())
	}
	return string(output), nil
}
