package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/gofrs/flock"

	"github.com/pulumiapi/pulumiapi/examples/internal/program"
)

// output is the file that an export writes, and where it is.
type output struct {
	files files
	state state
	file  *os.File // nil if all is written
	lock  *flock.Flock
}

// open begins an export, or goes on with the one that was begun. Settings is asked
// what is wanted, given what was begun, if anything was.
func open(path string, settings func(begun *exported) (exported, error)) (*output, error) {
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is a folder, a link, a pipe or a device, and an export that can be interrupted "+
			"needs a file of its own: choose another name with -o", path)
	}
	out := &output{files: files{output: path}}
	if _, err := regular(out.files.lock()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	out.lock = flock.New(out.files.lock(), flock.SetPermissions(0o600))
	locked, err := out.lock.TryLock()
	if err != nil {
		return nil, err
	}
	if !locked {
		return nil, fmt.Errorf("another process is writing %s", path)
	}
	if err := out.begin(settings); err != nil {
		err = errors.Join(err, out.close())
		if begun, _ := exists(out.files.state()); !begun {
			_ = os.Remove(out.files.lock()) // there is nothing to guard
		}
		return nil, err
	}
	return out, nil
}

// begin looks at what there is, and gets it ready to be written to.
func (o *output) begin(settings func(begun *exported) (exported, error)) error {
	known, found, err := o.files.load()
	if err != nil {
		return err
	}
	if !found {
		return o.beginAnew(settings)
	}
	wanted, err := settings(&known.Settings)
	if err != nil {
		return err
	}
	if diff := known.Settings.diff(wanted); diff != "" {
		return program.Usagef("%s was begun with other settings: %s. Give the same ones, or remove it and %s to begin again",
			o.files.partial(), diff, o.files.state())
	}
	o.state = known
	if known.Complete {
		return o.checkComplete()
	}
	return o.truncate()
}

func (o *output) beginAnew(settings func(begun *exported) (exported, error)) error {
	for _, path := range []string{o.files.output, o.files.partial()} {
		switch taken, err := exists(path); {
		case err != nil:
			return err
		case taken:
			return fmt.Errorf("%s is there already: remove it, or choose another name with -o", path)
		}
	}
	wanted, err := settings(nil)
	if err != nil {
		return err
	}
	o.state = state{Settings: wanted}
	if err := o.files.save(&o.state); err != nil {
		return err
	}
	return o.truncate()
}

// truncate opens the unfinished output, and cuts off what was written, but not
// remembered.
func (o *output) truncate() error {
	var err error
	if o.state.Length == 0 {
		o.file, err = createFile(o.files.partial())
	} else {
		o.file, err = openFile(o.files.partial(), os.O_RDWR)
	}
	if err != nil {
		return err
	}
	info, err := o.file.Stat()
	if err != nil {
		return err
	}
	if info.Size() < o.state.Length {
		return fmt.Errorf("%s has %d bytes, and there were %d: remove it and %s to begin again",
			o.files.partial(), info.Size(), o.state.Length, o.files.state())
	}
	if err := o.file.Truncate(o.state.Length); err != nil {
		return err
	}
	_, err = o.file.Seek(o.state.Length, io.SeekStart)
	return err
}

// checkComplete looks for the output after all of it was written: it has the one
// name or the other.
func (o *output) checkComplete() error {
	for _, path := range []string{o.files.partial(), o.files.output} {
		info, err := regular(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return err
		case info.Size() != o.state.Length:
			return fmt.Errorf("%s has %d bytes, and there were %d", path, info.Size(), o.state.Length)
		}
		return nil
	}
	return fmt.Errorf("%s is gone: remove %s to begin again", o.files.partial(), o.files.state())
}

// add writes a part of the output, and then remembers that, with everything else
// that next says.
func (o *output) add(part []byte, next state) error {
	if _, err := o.file.Write(part); err != nil {
		return err
	}
	if err := o.file.Sync(); err != nil {
		return err
	}
	next.Length = o.state.Length + int64(len(part))
	if err := o.files.save(&next); err != nil {
		return err
	}
	o.state = next
	return nil
}

// finish gives the output, which is complete, its name. It can be interrupted, and
// done again, at any point.
func (o *output) finish() error {
	if err := o.closeFile(); err != nil {
		return err
	}
	unnamed, err := exists(o.files.partial())
	if err != nil || !unnamed {
		return err
	}
	switch taken, err := exists(o.files.output); {
	case err != nil:
		return err
	case taken:
		return fmt.Errorf("%s has appeared meanwhile: remove it, and run this again", o.files.output)
	}
	if err := os.Rename(o.files.partial(), o.files.output); err != nil {
		return err
	}
	return syncFolder(o.files.output)
}

// forget removes what is not needed any longer once everybody knows that the output is
// complete.
func (o *output) forget() error {
	return errors.Join(os.Remove(o.files.state()), o.close(), os.Remove(o.files.lock()))
}

// begun reports whether there is anything to go on from.
func (o *output) begun() bool { return o.state.Cursor != "" || o.state.Complete }

// discard removes an export in which there is nothing yet, so that it stands in nobody's
// way. The state goes last: without it, nobody would know whose the output is.
func (o *output) discard() error {
	return errors.Join(o.closeFile(), os.Remove(o.files.partial()), o.forget())
}

// close lets go of the files. It may be called more than once.
func (o *output) close() error {
	return errors.Join(o.closeFile(), o.lock.Close())
}

func (o *output) closeFile() error {
	if o.file == nil {
		return nil
	}
	file := o.file
	o.file = nil
	return file.Close()
}

func exists(path string) (bool, error) {
	_, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
