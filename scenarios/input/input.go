// Package input reads the files that a user names. It refuses what would never
// end or never begin, takes no more than a limit, and stops when its context does.
package input

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
)

// How much is read of a file, by what is in it.
const (
	Settings = 1 << 20  // a config file, a profile, scenarios, certificates
	Data     = 64 << 20 // a report, a body
)

// Regular reads a regular file, of limit bytes at most.
func Regular(name string, limit int64) ([]byte, error) {
	f, err := open(name, false, limit)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return All(f, name, limit)
}

// Read reads a regular file, or a pipe that the shell passes on: <(command).
func Read(ctx context.Context, name string, limit int64) ([]byte, error) {
	f, err := open(name, passedOn(name), limit)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return All(Until(ctx, f), name, limit)
}

// Open opens what Read reads, for what is read in parts. The caller closes it.
func Open(ctx context.Context, name string) (io.ReadCloser, error) {
	f, err := open(name, passedOn(name), math.MaxInt64)
	if err != nil {
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{Until(ctx, f), f}, nil
}

// open looks at a file before it opens it, for which a pipe would wait, and reads
// nothing of one that is too large.
func open(name string, anything bool, limit int64) (*os.File, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if err := regular(name, info); err != nil && !anything {
		return nil, err
	}
	if info.Size() > limit {
		return nil, tooLarge(name, limit)
	}
	return os.Open(name)
}

// All reads r to its end. name is what r is called in an error.
func All(r io.Reader, name string, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	var path *fs.PathError
	switch {
	case errors.As(err, &path):
		return nil, err
	case err != nil:
		return nil, fmt.Errorf("%s: %w", name, err)
	case int64(len(data)) > limit:
		return nil, tooLarge(name, limit)
	}
	return data, nil
}

func tooLarge(name string, limit int64) error {
	return fmt.Errorf("%s is larger than %d MiB, which is all that is read of such a file: name a smaller one", name, limit>>20)
}

// Until reads from r, and stops waiting for it when ctx ends. What it has begun to
// read then is lost.
func Until(ctx context.Context, r io.Reader) io.Reader {
	return reader(func(p []byte) (int, error) {
		if ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
		type result struct {
			data []byte
			err  error
		}
		read := make(chan result, 1)
		go func() { // nothing ends the read of a pipe or a terminal, so this ends with the program at the latest
			data := make([]byte, len(p))
			n, err := r.Read(data)
			read <- result{data[:n], err}
		}()
		select {
		case got := <-read:
			return copy(p, got.data), got.err
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
	})
}

type reader func(p []byte) (int, error)

func (r reader) Read(p []byte) (int, error) { return r(p) }

// regular says what a file is that is no regular one. The null device is an empty
// file to everybody.
func regular(name string, info fs.FileInfo) error {
	kind := "a device"
	switch mode := info.Mode(); {
	case mode.IsRegular(), name == os.DevNull:
		return nil
	case mode.IsDir():
		return fmt.Errorf("%s is a folder: name a file in it", name)
	case mode&fs.ModeNamedPipe != 0:
		kind = "a named pipe"
	case mode&fs.ModeSocket != 0:
		kind = "a socket"
	}
	return fmt.Errorf("%s is %s, which may never end: name a regular file", name, kind)
}

// passedOn tells whether name is a descriptor that this program was started with.
func passedOn(name string) bool {
	name = filepath.Clean(name)
	return name == "/dev/stdin" || strings.HasPrefix(name, "/dev/fd/") || strings.HasPrefix(name, "/proc/self/fd/")
}
