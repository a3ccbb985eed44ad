package target

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"

	"github.com/sentsim/sentsim/simulator/signing"
)

const (
	keptLines  = 200
	keptLine   = 1000 // bytes of a line that are kept
	readLine   = 8192 // bytes of a line that are looked at: a secret that the cut at keptLine would split is still found whole
	redacted   = signing.SecretPrefix + "***"
	shortWords = 8 // a shorter key than this would redact ordinary text
)

// output keeps the last lines of what a target prints. They are kept as they
// came, which costs a chatty target least; secrets are taken out on the only way
// out, clean. It is safe for concurrent use.
type output struct {
	mu      sync.Mutex
	lines   []string // raw
	total   int      // lines ever, kept or not
	partial []byte   // of the line that is not complete yet
	words   []string // to take out
	watch   *regexp.Regexp
	after   int           // lines that watch does not look at
	seen    chan struct{} // closed when a line matches watch
}

// hide takes env's secret and API key out of every line. What was hidden before
// stays hidden: a restarted target may still print its old secret.
func (o *output) hide(env Env) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, w := range append(env.Secret.Spellings(), env.APIKey) {
		if len(w) >= shortWords && !slices.Contains(o.words, w) {
			o.words = append(o.words, w)
		}
	}
	slices.SortFunc(o.words, func(a, b string) int { return len(b) - len(a) }) // the whole before its parts
}

// fresh is an output with nothing in it that hides the same.
func (o *output) fresh() *output {
	o.mu.Lock()
	defer o.mu.Unlock()
	return &output{words: slices.Clone(o.words)}
}

// expect starts to look for a line that matches re, after the first so many; the
// channel is closed at the first.
func (o *output) expect(re *regexp.Regexp, after int) <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.watch, o.after, o.seen = re, after, make(chan struct{})
	return o.seen
}

// Write takes output as it comes. It never fails.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for rest := p; len(rest) > 0; {
		var line []byte
		var complete bool
		line, rest, complete = bytes.Cut(rest, []byte("\n"))
		o.partial = append(o.partial, line[:min(len(line), readLine-len(o.partial))]...)
		o.match() // also before the line ends: a prompt has no line end
		if complete {
			o.flush()
		}
	}
	return len(p), nil
}

// endLine completes a line that broke off, when its writer is gone.
func (o *output) endLine() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.partial) > 0 {
		o.flush()
	}
}

func (o *output) flush() {
	o.total++
	if len(o.lines) == keptLines {
		o.lines = slices.Delete(o.lines, 0, 1)
	}
	o.lines = append(o.lines, string(o.partial))
	o.partial = o.partial[:0]
}

func (o *output) match() {
	if o.watch != nil && o.total >= o.after && o.watch.MatchString(o.clean(string(o.partial))) {
		close(o.seen)
		o.watch = nil
	}
}

// clean makes a printable line without secrets. Colours go first, so that none
// can hide a secret.
func (o *output) clean(line string) string {
	s := escapes.ReplaceAllString(line, "")
	s = secretLike.ReplaceAllString(s, redacted)
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

// Lines are the last lines, oldest first, or nil.
func (o *output) Lines() []string { return o.since(0) }

// mark is a place in the output, for since.
func (o *output) mark() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.total
}

// since is what is kept of the lines after mark.
func (o *output) since(mark int) []string {
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

// last is the end of lines for a one-line error.
func last(lines []string) string {
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
