package history

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"sync/atomic"
)

var (
	// ErrNotAFile is returned for a directory, a named pipe, a device: what is no file.
	ErrNotAFile = errors.New("is not a regular file: name another one")
	// ErrNotPrivate is returned for a file that others can read, where that cannot be changed.
	ErrNotPrivate = errors.New("other users can read it, and it holds signing secrets: make it private (chmod 600), or use another file")
	// ErrGone is returned when the file is not at its place any more: what would be
	// written now, nobody would find.
	ErrGone = errors.New("it was removed, replaced or cut while it was in use, and nothing more is written: start again")
	// ErrFull is returned when the file cannot grow.
	ErrFull = errors.New("the disk is full: make room and start again; everything that was accepted is in it")
)

// beside are the file and what SQLite keeps next to it.
func beside(file string) []string {
	return []string{file, file + "-wal", file + "-shm", file + "-journal"}
}

// onlyFiles refuses what is no file before it is opened: reading from a named pipe
// would wait for ever.
func onlyFiles(file string) error {
	for _, name := range beside(file) {
		info, err := os.Stat(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return err
		case !info.Mode().IsRegular():
			return fmt.Errorf("%s: %s %w", name, sortOf(info.Mode()), ErrNotAFile)
		}
	}
	return nil
}

// sortOf says what something is that is no file.
func sortOf(m fs.FileMode) string {
	switch {
	case m.IsDir():
		return "a directory"
	case m&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case m&fs.ModeSocket != 0:
		return "a socket"
	case m&fs.ModeDevice != 0:
		return "a device"
	}
	return "it"
}

// makePrivate takes the file, and its log, from everybody but its owner.
func makePrivate(file string) error {
	if runtime.GOOS == "windows" { // a file's mode says nothing there
		return nil
	}
	for _, name := range beside(file) {
		info, err := os.Stat(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return err
		case info.Mode().Perm()&0o077 == 0:
		default:
			if err := os.Chmod(name, info.Mode().Perm()&0o700); err != nil {
				return fmt.Errorf("%s: %w", name, ErrNotPrivate)
			}
		}
	}
	return nil
}

// place is where the file was when it was opened, and its log.
type place struct {
	file      string
	data, log os.FileInfo // log: nil where there is none

	// How large they were when that was last looked at: only we may cut them.
	dataSize, logSize atomic.Int64
}

func placeOf(file string) (*place, error) {
	data, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	log, _ := os.Stat(file + "-wal")
	p := &place{file: file, data: data, log: log}
	p.measure()
	return p, nil
}

// check is ErrGone when another file is there now, or none, or less than there was.
func (p *place) check() error {
	if !sameFile(p.file, p.data, &p.dataSize) || p.log != nil && !sameFile(p.file+"-wal", p.log, &p.logSize) {
		return ErrGone
	}
	return nil
}

// measure notes how large the file and its log have become. That they are smaller than
// they were is for check to find.
func (p *place) measure() {
	for name, size := range map[string]*atomic.Int64{p.file: &p.dataSize, p.file + "-wal": &p.logSize} {
		if info, err := os.Stat(name); err == nil && info.Size() > size.Load() {
			size.Store(info.Size())
		}
	}
}

// mayShrink says that the file and its log may get smaller, until they are measured.
func (p *place) mayShrink() {
	p.dataSize.Store(0)
	p.logSize.Store(0)
}

// foreignLog reports whether the log that is there now is somebody else's.
func (p *place) foreignLog() bool {
	_, err := os.Stat(p.file + "-wal")
	return err == nil && (p.log == nil || !sameFile(p.file+"-wal", p.log, nil))
}

// sameFile reports whether the file of then stands at its place, with no less than size.
func sameFile(name string, then os.FileInfo, size *atomic.Int64) bool {
	least := int64(0)
	if size != nil {
		least = size.Load() // before the look: it falls before the file does
	}
	now, err := os.Stat(name)
	return err == nil && os.SameFile(now, then) && now.Size() >= least
}
