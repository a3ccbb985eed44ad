// Package output is what a target prints, as a report may show it: its last lines,
// printable and without secrets.
package output

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"

	"github.com/sentsim/sentsim/simulator/signing"
)

// Kept is how many lines a Tail keeps.
const Kept = 200

// ReadLine is how many bytes of a line are looked at: a secret that the cut at keptLine
// would split is still found whole.
const ReadLine = 8192

const (
	keptLine   = 1000 // bytes of a line that are kept
	redacted   = signing.SecretPrefix + "***"
	shortWords = 8 // a shorter key than this would redact ordinary text
)

// Tail keeps the last lines of what a target prints. They are kept as they
// came, which costs a chatty target least; secrets are taken out on the only way
// out, clean. It is safe for concurrent use.
type Tail struct {
	mu      sync.Mutex
	lines   []string // raw
	total   int      // lines ever, kept or not
	partial []byte   // of the line that is not complete yet
	words   []string // to take out
	watch   *regexp.Regexp
	after   int           // lines that watch does not look at
	seen    chan struct{} // closed when a line matches watch
}

// Hide takes a target's secret and API key out of every line. What was hidden before
// stays hidden: a restarted target may still print its old secret.
func (o *Tail) Hide(secret signing.Secret, apiKey string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, w := range append(secret.Spellings(), apiKey) {
		if len(w) >= shortWords && !slices.Contains(o.words, w) {
			o.words = append(o.words, w)
		}
	}
	slices.SortFunc(o.words, func(a, b string) int { return len(b) - len(a) }) // the whole before its parts
}

// Fresh is a Tail with nothing in it that hides the same.
func (o *Tail) Fresh() *Tail {
	o.mu.Lock()
	defer o.mu.Unlock()
	return &Tail{words: slices.Clone(o.words)}
}

// Expect starts to look for a line that matches re, after the first so many; the
// channel is closed at the first.
func (o *Tail) Expect(re *regexp.Regexp, after int) <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.watch, o.after, o.seen = re, after, make(chan struct{})
	return o.seen
}

// Write takes output as it comes. It never fails.
func (o *Tail) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for rest := p; len(rest) > 0; {
		var line []byte
		var complete bool
		line, rest, complete = bytes.Cut(rest, []byte("\n"))
		o.partial = append(o.partial, line[:min(len(line), ReadLine-len(o.partial))]...)
		o.match() // also before the line ends: a prompt has no line end
		if complete {
			o.flush()
		}
	}
	return len(p), nil
}

// EndLine completes a line that broke off, when its writer is gone.
func (o *Tail) EndLine() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.partial) > 0 {
		o.flush()
	}
}

func (o *Tail) flush() {
	o.total++
	if len(o.lines) == Kept {
		o.lines = slices.Delete(o.lines, 0, 1)
	}
	o.lines = append(o.lines, string(o.partial))
	o.partial = o.partial[:0]
}

func (o *Tail) match() {
	if o.watch != nil && o.total >= o.after && o.watch.MatchString(o.clean(string(o.partial))) {
		close(o.seen)
		o.watch = nil
	}
}

// clean makes a printable line without secrets. Colours go first, so that none
// can hide a secret.
func (o *Tail) clean(line string) string {
	s := escapes.ReplaceAllString(line, "")
	s = Redact(s)
	for _, w := range o.words {
		s = strings.ReplaceAll(s, w, "***")
	}
	s = strings.Map(func(r rune) rune {
		if r != '\t' && unicode.IsControl(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	if len(s) > keptLine {
		s = strings.ToValidUTF8(s[:keptLine], "") + "…"
	}
	return strings.TrimRight(s, " \t")
}

// Redact takes every signing secret out of a text, also somebody else's.
func Redact(text string) string { return secretLike.ReplaceAllString(text, redacted) }

// Lines are the last lines, oldest first, or nil.
func (o *Tail) Lines() []string { return o.Since(0) }

// Mark is a place in the output, for since.
func (o *Tail) Mark() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.total
}

// Since is what is kept of the lines after mark.
func (o *Tail) Since(mark int) []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	var lines []string
	for _, l := range o.lines[max(0, len(o.lines)-(o.total-mark)):] {
		lines = append(lines, o.clean(l))
	}
	if len(o.partial) > 0 {
		lines = append(lines, o.clean(string(o.partial)))
	}
	return lines
}

// Last is the end of lines for a one-line error.
func Last(lines []string) string {
	const shown = 5
	var said []string
	for _, l := range lines {
		if l = strings.TrimSpace(l); l != "" {
			said = append(said, l)
		}
	}
	if len(said) == 0 {
		return "it printed nothing"
	}
	return "its last lines: " + strings.Join(said[max(0, len(said)-shown):], " | ")
}

var (
	// secretLike is any signing secret, also somebody else's. The backslash is
	// for JSON that escapes slashes.
	secretLike = regexp.MustCompile(regexp.QuoteMeta(signing.SecretPrefix) + `[A-Za-z0-9+/=_\\-]+`)
	// escapes are terminal control sequences: colours, titles.
	escapes = regexp.MustCompile("\x1b\\[[0-9;?]*[ -/]*[@-~]|\x1b\\][^\x07\x1b]*(\x07|\x1b\\\\)?|\x1b[@-Z\\\\^_]")
)
