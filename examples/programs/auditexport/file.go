package main

import (
	"errors"
	"io/fs"
	"os"
)

// Whoever may write to the output's folder could put links there, in place of the files
// that belong to an export. None of these functions follows one.

var (
	errNotRegular = errors.New("is a folder, a link, a pipe or a device")
	errReplaced   = errors.New("was replaced while it was opened")
)

// createFile creates a file, in place of a file or a link that has its name.
func createFile(path string) (*os.File, error) {
	if info, err := os.Lstat(path); err == nil && !info.IsDir() {
		if err := os.Remove(path); err != nil {
			return nil, err
		}
	}
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // the path is the user's own
}

// openFile opens a regular file that is there.
func openFile(path string, flags int) (*os.File, error) {
	known, err := regular(path)
	if err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, flags, 0) //nolint:gosec // the path is the user's own
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && !os.SameFile(known, info) {
		err = &fs.PathError{Op: "open", Path: path, Err: errReplaced}
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// regular returns what is known of a regular file.
func regular(path string) (fs.FileInfo, error) {
	info, err := os.Lstat(path)
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "open", Path: path, Err: errNotRegular}
	}
	return info, err
}
