package target

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/sentsim/sentsim/scenarios/nearest"
	"github.com/sentsim/sentsim/scenarios/target/internal/output"
)

// Command is a command line of the config with placeholders, which runs once for
// each thing that is asked of it: a reading of state, a message to arrange. It is
// split into words before the placeholders are filled in, so a value never
// becomes a word of its own.
type Command struct{ line string }

// NewCommand checks line. Braces have a meaning in other programs, so a word in
// braces is refused only where it looks like one of the placeholders mistyped.
func NewCommand(line string, placeholders ...string) (*Command, error) {
	if _, err := parseCommand(line, noEnv); err != nil {
		return nil, err
	}
	for _, name := range placeholderLike.FindAllString(line, -1) {
		if slices.Contains(placeholders, name) {
			continue
		}
		if hint := nearest.Hint(name, placeholders); hint != "" {
			return nil, fmt.Errorf("unknown placeholder %s%s", name, hint)
		}
	}
	return &Command{line}, nil
}

// placeholderLike is what can be a placeholder.
var placeholderLike = regexp.MustCompile(`\{[A-Za-z_]+\}`)

// Call is one run of a Command.
type Call struct {
	Dir    string            // where it runs; "" is the current directory
	Env    []string          // its whole environment, in which its variables are looked up
	Values map[string]string // by placeholder, braces and all
	Limit  int               // bytes of its standard output that are taken
	Hide   Env               // whose secrets are taken out of Result.Said
}

// Result is how a command ended.
type Result struct {
	Program string // as the command line names it
	Stdout  []byte
	Code    int    // exit status; -1 where a signal ended it
	Ended   string // the same in words
	Quiet   bool   // nothing came on standard error
	Said    string // the end of standard error, for a one-line error
}

// CommandEnv is the environment of a command: this process's own without what
// belongs to Sent and to us, PORT as it stands in the target's URL, what env
// says, and over all that extra.
func CommandEnv(env Env, base string, extra map[string]string) []string {
	port := 0
	if u, err := url.Parse(base); err == nil {
		port, _ = strconv.Atoi(u.Port()) // 0 where there is none
	}
	return childEnv(os.Environ(), env, port, extra, nil)
}

// Run runs the command until it ends, or kills it with its children when ctx
// does, and returns ctx's error then. An exit status other than 0 is no error
// here: what it means is the caller's to say.
func (c *Command) Run(ctx context.Context, call Call) (Result, error) {
	parsed, err := parseCommand(c.line, lookup(call.Env))
	if err != nil {
		return Result{}, err
	}
	for _, words := range [][]string{parsed.env, parsed.args} {
		for i := range words {
			if words[i], err = fill(words[i], call.Values); err != nil {
				return Result{}, err
			}
		}
	}
	path, err := parsed.program(call.Dir)
	if err != nil {
		return Result{}, err
	}
	stdout, stderr := &limited{limit: call.Limit}, new(output.Tail)
	stderr.Hide(call.Hide.Secret, call.Hide.APIKey)
	cmd := exec.CommandContext(ctx, path, parsed.args[1:]...)
	cmd.Args[0] = parsed.args[0]
	cmd.Dir, cmd.Env = call.Dir, append(slices.Clone(call.Env), parsed.env...)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	cmd.SysProcAttr = ownGroup()
	cmd.Cancel = func() error { killGroup(cmd.Process.Pid); return nil }
	cmd.WaitDelay = drainTime // a child in a session of its own may hold the pipes

	runtime.LockOSThread() // see process.supervise
	err = cmd.Run()
	runtime.UnlockOSThread()
	if cmd.Process == nil {
		if ctx.Err() != nil {
			return Result{}, ctx.Err()
		}
		return Result{}, startError(path, err)
	}
	killGroup(cmd.Process.Pid)
	stderr.EndLine()
	r := Result{
		Program: parsed.args[0], Stdout: stdout.kept, Code: cmd.ProcessState.ExitCode(), Ended: cmd.ProcessState.String(),
		Quiet: len(stderr.Lines()) == 0, Said: output.Last(stderr.Lines()),
	}
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return r, ctx.Err()
	case stdout.full:
		return r, fmt.Errorf("%s prints more than %d bytes", r.Program, call.Limit)
	case err == nil, errors.As(err, &exit), errors.Is(err, exec.ErrWaitDelay):
		return r, nil
	default:
		return r, fmt.Errorf("%s: %w", r.Program, err)
	}
}

// fill puts values in the places of their placeholders.
func fill(word string, values map[string]string) (string, error) {
	for name, value := range values {
		if !strings.Contains(word, name) {
			continue
		}
		// The command may hand its words to a shell or a database, which would read
		// quotes and the like. Ids and numbers have none.
		if !harmless.MatchString(value) {
			return "", fmt.Errorf("%s is %q, which is not put into a command: only letters, digits and + _ . : @ - are", name, value)
		}
		word = strings.ReplaceAll(word, name, value)
	}
	return word, nil
}

var harmless = regexp.MustCompile(`^[A-Za-z0-9+][A-Za-z0-9+_.:@-]*$`)

// limited keeps what is written to it up to limit, and then ends the writing.
type limited struct {
	kept  []byte
	limit int
	full  bool
}

// Write fails once there is too much: the command's pipe is closed then.
func (l *limited) Write(p []byte) (int, error) {
	if len(l.kept)+len(p) > l.limit {
		l.full = true
		return 0, errors.New("too much output")
	}
	l.kept = append(l.kept, p...)
	return len(p), nil
}
