package main

import (
	"io"
	"os"
	"path/filepath"
)

// file is where the report goes. A file of that name is there when all of the report
// is in it, and stays as it was until then.
type file struct {
	io.Writer

	name   string   // to give to opened at the end; empty if it has its own
	opened *os.File // nil if there is nothing to close
}

// newFile opens what -o says: a file, "-" for the standard output, or nothing.
func newFile(name string, stdout io.Writer) (*file, error) {
	switch name {
	case "":
		return &file{Writer: io.Discard}, nil
	case "-":
		return &file{Writer: stdout}, nil
	}
	if target, err := filepath.EvalSymlinks(name); err == nil {
		name = target // a link stays one
	}
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		// A device or a pipe is written to: another file in its place would be a loss.
		opened, err := os.OpenFile(name, os.O_WRONLY, 0) //nolint:gosec // the path is the user's own
		return &file{Writer: opened, opened: opened}, err
	}
	// Nobody else can read it: who can reach what is nobody else's business.
	temporary, err := os.CreateTemp(filepath.Dir(name), ".accessreview-*")
	return &file{Writer: temporary, name: name, opened: temporary}, err
}

// commit closes the file, and gives it its name.
func (f *file) commit() error {
	if f.opened == nil {
		return nil
	}
	if err := f.opened.Close(); err != nil || f.name == "" {
		return err
	}
	return os.Rename(f.opened.Name(), f.name)
}

// discard removes what was written, unless it has its name.
func (f *file) discard() {
	if f.opened == nil {
		return
	}
	_ = f.opened.Close() // twice, after commit
	if f.name != "" {
		_ = os.Remove(f.opened.Name())
	}
}
