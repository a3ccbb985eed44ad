package trace

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/signing"
)

// Writer writes a trace. Each line goes out in one write of its own, so what a
// killed run leaves behind can be read up to its last step. It is safe for
// concurrent use. The first error stays: nothing is written after it, and every
// method returns it.
type Writer struct {
	mu         sync.Mutex
	w          io.Writer
	sum        string
	secrets    []string
	steps      int
	violations int
	err        error
}

// NewWriter writes to w, and takes the secrets out of everything.
func NewWriter(w io.Writer, secrets ...signing.Secret) *Writer {
	t := &Writer{w: w}
	for _, s := range secrets {
		t.Hide(s)
	}
	return t
}

// Hide adds a secret, such as the one of a rotation, to those that are never written.
func (t *Writer) Hide(s signing.Secret) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.secrets = append(t.secrets, s.Spellings()...)
	// Longest first: a part of a secret must not hide that it was whole.
	slices.SortStableFunc(t.secrets, func(a, b string) int { return len(b) - len(a) })
}

// Begin writes the first line.
func (t *Writer) Begin(r Run) error { return t.write(runLine{kindRun, Schema, r}) }

// Step writes a step that is over.
func (t *Writer) Step(s chaos.Step, a Answer) error {
	t.mu.Lock()
	t.steps++
	t.mu.Unlock()
	return t.write(stepLine{kindStep, s, a})
}

// Violation writes what the oracle found.
func (t *Writer) Violation(v Violation) error {
	t.mu.Lock()
	t.violations++
	t.mu.Unlock()
	return t.write(violationLine{kindViolation, v})
}

// End writes the last line; the counts in it are the writer's own.
func (t *Writer) End(status int, reason string) error {
	t.mu.Lock()
	e := End{Steps: t.steps, Violations: t.violations, ExitStatus: status, Reason: reason}
	t.mu.Unlock()
	return t.write(endLine{kindEnd, e})
}

func (t *Writer) write(v any) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.err != nil {
		return t.err
	}
	content, err := encode(v)
	if err == nil {
		var line []byte
		line, t.sum = seal(t.sum, t.redact(content))
		_, err = t.w.Write(line)
	}
	if err != nil {
		t.err = fmt.Errorf("the trace cannot be written: %w", err)
	}
	return t.err
}

// redact takes secrets out of a line before its sum is made.
func (t *Writer) redact(content []byte) []byte {
	for _, word := range t.secrets {
		hidden := "***"
		if strings.HasPrefix(word, signing.SecretPrefix) {
			hidden = signing.SecretPrefix + "***"
		}
		content = bytes.ReplaceAll(content, []byte(word), []byte(hidden))
	}
	return content
}

// File is a Writer to a file. Close it.
type File struct {
	*Writer
	f   *lazy
	new bool
}

// Create makes sure that a trace can be written to path. What is there already
// stays until the first line is written, and a file that got none is removed.
func Create(path string, secrets ...signing.Secret) (*File, error) {
	_, statErr := os.Stat(path)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o644) //nolint:gosec // a trace holds no secret and is for colleagues to read
	if err != nil {
		return nil, err
	}
	l := &lazy{f: f}
	return &File{Writer: NewWriter(l, secrets...), f: l, new: os.IsNotExist(statErr)}, nil
}

// Close closes the file.
func (t *File) Close() error {
	err := t.f.f.Close()
	if !t.f.begun && t.new {
		_ = os.Remove(t.f.f.Name())
	}
	return err
}

// lazy empties the file before its first line.
type lazy struct {
	f     *os.File
	begun bool
}

func (l *lazy) Write(p []byte) (int, error) {
	if !l.begun {
		// A pipe or a device cannot be emptied, and need not.
		if info, err := l.f.Stat(); err == nil && info.Mode().IsRegular() {
			if err := l.f.Truncate(0); err != nil {
				return 0, err
			}
		}
		l.begun = true
	}
	return l.f.Write(p)
}
