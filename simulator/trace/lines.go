package trace

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// lines reads a trace line by line and holds each to its sum.
type lines struct {
	r    *bufio.Reader
	n    int // of the last line that was read
	sum  string
	done int64 // bytes of the whole lines so far
	last int   // bytes of the last whole line
}

func newLines(r io.Reader) *lines { return &lines{r: bufio.NewReaderSize(r, 64<<10)} }

// next is the next line's content. io.EOF says that there is none; any other
// error is a *Problem, or of reading.
func (l *lines) next() ([]byte, error) {
	line, ended, err := l.read()
	switch {
	case err != nil:
		return nil, err
	case len(line) == 0 && !ended:
		return nil, io.EOF
	}
	content, given, sealed := unseal(bytes.TrimSuffix(line, []byte("\r")))
	if l.n == 1 {
		if p := first(line); p != nil {
			return nil, l.at(p)
		}
	}
	switch {
	case !sealed && !ended:
		return nil, l.at(&Problem{Byte: len(line), Err: ErrCut, Reason: fmt.Sprintf("the trace ends in the middle of this line, after %d bytes in all", l.done+int64(len(line)))})
	case !sealed:
		return nil, l.at(&Problem{Byte: len(line), Field: "sum", Err: ErrEdited, Reason: "is missing at the end: this line was changed after it was written"})
	case given != sum(l.sum, content):
		return nil, l.at(&Problem{Byte: len(line) - sumTail + 2, Field: "sum", Err: ErrEdited, Reason: "does not fit: this line was changed, or one before it left out, moved or put in"})
	case !utf8.Valid(content):
		return nil, l.at(&Problem{Byte: invalid(content), Err: ErrFormat, Reason: "is not UTF-8"})
	}
	l.sum = given
	l.done += int64(len(line)) + 1
	l.last = len(line)
	return content, nil
}

// read is one line without its end; ended tells whether it had one.
func (l *lines) read() (line []byte, ended bool, err error) {
	l.n++
	for {
		part, err := l.r.ReadSlice('\n')
		if len(line)+len(part) > MaxLine+1 {
			return nil, false, l.at(&Problem{Byte: MaxLine + 1, Err: ErrFormat, Reason: fmt.Sprintf("goes on, and no line of a trace is longer than %d bytes", MaxLine)})
		}
		line = append(line, part...)
		switch {
		case err == nil:
			return line[:len(line)-1], true, nil
		case errors.Is(err, io.EOF):
			return line, false, nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, false, fmt.Errorf("line %d: %w", l.n, err)
		}
	}
}

func (l *lines) at(p *Problem) *Problem {
	p.Line = l.n
	p.Byte = max(p.Byte, 1)
	return p
}

// invalid is where the first byte stands, from 1, that is not UTF-8.
func invalid(text []byte) int {
	at := 0
	for at < len(text) {
		r, size := utf8.DecodeRune(text[at:])
		if r == utf8.RuneError && size <= 1 {
			break
		}
		at += size
	}
	return at + 1
}
