package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/pulumiapi/pulumiapi"
)

// state is what the export remembers from page to page, in a file beside the output.
// It is written after the output that it tells of, so whatever the output has beyond
// Length was written by a process that ended before it could remember it.
type state struct {
	Settings exported `json:"settings"`
	// Cursor leads to the next page; empty at the start.
	Cursor pulumiapi.Cursor `json:"cursor"`
	// Reached is the last second, in Unix time, of which the output has all events;
	// 0 at the start.
	Reached int64 `json:"reached"`
	// Length is how many bytes the output has, and Events how many events.
	Length int64 `json:"length"`
	Events int   `json:"events"`
	// Complete says that there are no more pages.
	Complete bool `json:"complete"`
}

// exported is what was asked for. An export goes on only if that is the same.
type exported struct {
	Cloud  string    `json:"cloud"`
	Org    string    `json:"org"`
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	User   string    `json:"user"`
	Event  string    `json:"event"`
	Format string    `json:"format"`
}

// diff says where wanted differs from what was begun; empty if it does not.
func (e exported) diff(wanted exported) string {
	for _, c := range []struct{ name, begun, wanted string }{
		{"the Pulumi Cloud", e.Cloud, wanted.Cloud},
		{"-org", e.Org, wanted.Org},
		{"-from", e.From.Format(time.RFC3339), wanted.From.Format(time.RFC3339)},
		{"-to", e.To.Format(time.RFC3339), wanted.To.Format(time.RFC3339)},
		{"-user", e.User, wanted.User},
		{"-event", e.Event, wanted.Event},
		{"-format", e.Format, wanted.Format},
	} {
		if c.begun != c.wanted {
			return fmt.Sprintf("%s was %q, and is %q now", c.name, c.begun, c.wanted)
		}
	}
	return ""
}

// files are the names of an export's files.
type files struct {
	output string // there when it is complete
}

func (f files) partial() string { return f.output + ".partial" }
func (f files) state() string   { return f.output + ".state" }
func (f files) lock() string    { return f.output + ".lock" }

// load returns what was remembered, and whether there is anything.
func (f files) load() (s state, found bool, err error) {
	file, err := openFile(f.state(), os.O_RDONLY)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return s, false, nil
	case err != nil:
		return s, false, err
	}
	data, err := io.ReadAll(file)
	if err := errors.Join(err, file.Close()); err != nil {
		return s, false, err
	}
	if err := json.Unmarshal(data, &s); err != nil {
		return s, false, fmt.Errorf("%s: %w", f.state(), err)
	}
	return s, true, nil
}

// save remembers the state. Whenever the process or the machine stops, the file is
// as it was before, or as it is to be.
func (f files) save(s *state) error {
	data, err := json.Marshal(s)
	if err != nil {
		return err
	}
	next := f.state() + ".next"
	if err := writeFile(next, data); err != nil {
		return err
	}
	if err := os.Rename(next, f.state()); err != nil {
		return err
	}
	return syncFolder(f.output)
}

// writeFile writes a file so that it outlives the machine's power.
func writeFile(path string, data []byte) error {
	file, err := createFile(path)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

// syncFolder does for the names in a file's folder what Sync does for a file.
func syncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil // which has no such thing
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
