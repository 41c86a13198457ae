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

	name      string
	temporary *os.File // nil if there is nothing to rename
}

// newFile opens what -o says: a file, "-" for the standard output, or nothing.
func newFile(name string, stdout io.Writer) (*file, error) {
	switch name {
	case "":
		return &file{Writer: io.Discard}, nil
	case "-":
		return &file{Writer: stdout}, nil
	}
	// Nobody else can read it: who can reach what is nobody else's business.
	temporary, err := os.CreateTemp(filepath.Dir(name), ".accessreview-*")
	if err != nil {
		return nil, err
	}
	return &file{Writer: temporary, name: name, temporary: temporary}, nil
}

// commit gives the file its name.
func (f *file) commit() error {
	if f.temporary == nil {
		return nil
	}
	if err := f.temporary.Close(); err != nil {
		return err
	}
	return os.Rename(f.temporary.Name(), f.name)
}

// discard removes what was written, unless it has its name.
func (f *file) discard() {
	if f.temporary != nil {
		_ = f.temporary.Close() // twice, after commit
		_ = os.Remove(f.temporary.Name())
	}
}
