package report

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

// File is a report that will be written when the run is over. What stood at its
// path before is replaced as a whole, so nobody reads half a report, and an old
// one stays when there is no new one.
type File struct {
	path  string // with symbolic links resolved
	write Writer
	f     *os.File
	temp  string // to be renamed; "" where f is path itself, a pipe say
}

// Create makes sure, before the run, that a report can be written to path. The
// caller calls Write or Discard.
func Create(path string, write Writer) (*File, error) {
	if resolved, err := filepath.EvalSymlinks(path); err == nil {
		path = resolved
	}
	file := &File{path: path, write: write}
	mode := fs.FileMode(0o644)
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return nil, fmt.Errorf("report file %s: is a directory", path)
	case err == nil && !info.Mode().IsRegular(): // a device or a pipe must not be replaced
		if file.f, err = os.OpenFile(path, os.O_WRONLY, 0); err != nil {
			return nil, fmt.Errorf("report file %s: %w", path, withoutPath(err))
		}
		return file, nil
	case err == nil:
		mode = info.Mode().Perm()
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("report file %s: %w", path, withoutPath(err))
	}
	for n := range 100 { // left over from runs that were killed, or another run's
		file.temp = path + "." + strconv.Itoa(os.Getpid()) + "." + strconv.Itoa(n) + ".tmp"
		file.f, err = os.OpenFile(file.temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
		if !errors.Is(err, fs.ErrExist) {
			break
		}
	}
	if err != nil {
		return nil, fmt.Errorf("report file %s: %w", path, withoutPath(err))
	}
	return file, nil
}

// withoutPath is err without the path that it repeats.
func withoutPath(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &link):
		return link.Err
	}
	return err
}

// Write puts rep at the path.
func (f *File) Write(rep Report) error {
	err := f.write(f.f, rep)
	if closeErr := f.f.Close(); err == nil {
		err = closeErr
	}
	f.f = nil
	if f.temp == "" {
		return f.fail(err)
	}
	if err == nil {
		err = os.Rename(f.temp, f.path)
	}
	if err != nil {
		_ = os.Remove(f.temp)
	}
	return f.fail(err)
}

func (f *File) fail(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("report file %s: %w", f.path, withoutPath(err))
}

// Discard leaves what is at the path as it was. After Write it does nothing.
func (f *File) Discard() {
	if f.f == nil {
		return
	}
	_ = f.f.Close()
	f.f = nil
	if f.temp != "" {
		_ = os.Remove(f.temp)
	}
}
