package target

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/mattn/go-shellwords"

	"github.com/sentsim/sentsim/scenarios/target/internal/output"
)

// command is a command line, split.
type command struct {
	env  []string // KEY=VALUE in front of the program
	args []string // the program and its arguments
}

// parseCommand splits line into words as a shell does: quotes, backslashes,
// variables in front, and $NAME or ${NAME} outside single quotes, looked up with
// getenv (so that --port $PORT works). There is no shell: pipes, redirections
// and the like are refused.
func parseCommand(line string, getenv func(string) string) (command, error) {
	p := shellwords.NewParser()
	p.ParseEnv, p.ParseBacktick, p.ParseComment = true, false, false
	p.Getenv = getenv
	env, args, err := p.ParseWithEnvs(line)
	switch quote, at, open := openQuote(line); {
	case open:
		return command{}, fmt.Errorf("the %c at character %d is never closed", quote, at)
	case err != nil:
		return command{}, errors.New("it cannot be split: it ends with a backslash, or ( or ) is not quoted; no shell runs it, so write sh -c '…' for what needs one")
	case p.Position >= 0:
		return command{}, fmt.Errorf("it goes on after %q with what only a shell understands (; & | < >): quote that, or write sh -c '…'", strings.Join(args, " "))
	case len(args) == 0:
		return command{}, errors.New("there is no program in it")
	}
	return command{env, args}, nil
}

// openQuote finds a quote that is not closed, and where it stands, counted from 1.
func openQuote(line string) (quote rune, at int, open bool) {
	escaped := false
	for i, r := range []rune(line) {
		switch {
		case escaped:
			escaped = false
		case r == '\\' && quote != '\'':
			escaped = true
		case quote == 0 && (r == '\'' || r == '"' || r == '`'):
			quote, at = r, i+1
		case r == quote:
			quote = 0
		}
	}
	return quote, at, quote != 0
}

// noEnv is for checking a command line before its environment is known.
func noEnv(string) string { return "x" }

// name is how people see the command: without variables, which may be secret.
func (c command) name() string {
	return output.Redact(strings.Join(c.args, " "))
}

// program is where the command's program is. A relative path is relative to dir,
// which is where it will run.
func (c command) program(dir string) (string, error) {
	name := c.args[0]
	if strings.ContainsRune(name, filepath.Separator) && !filepath.IsAbs(name) && dir != "" {
		abs, err := filepath.Abs(filepath.Join(dir, name))
		if err != nil {
			return "", err
		}
		name = abs
	}
	path, err := exec.LookPath(name)
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return "", fmt.Errorf("there is no program %q in the PATH; is it installed?", c.args[0])
	case errors.Is(err, os.ErrNotExist):
		return "", fmt.Errorf("there is no file %s", name)
	case errors.Is(err, os.ErrPermission):
		return "", fmt.Errorf("%s is not executable; chmod +x it, or put its interpreter in front", name)
	case errors.Is(err, exec.ErrDot):
		return "", fmt.Errorf("%q is in the current directory; write ./%s", c.args[0], c.args[0])
	case err != nil:
		return "", err
	}
	return path, nil
}

// childEnv is the environment of something that we start: this process's own
// without what belongs to Sent and to us, then what env says, then extra (the
// config's), then assigned (in front of the command). port 0 sets no PORT.
func childEnv(parent []string, env Env, port int, extra map[string]string, assigned []string) []string {
	out := make([]string, 0, len(parent)+len(extra)+len(assigned)+len(env.Extra)+4)
	for _, kv := range parent {
		if !strings.HasPrefix(kv, "SENT_") && !strings.HasPrefix(kv, "SENTSIM_") {
			out = append(out, kv)
		}
	}
	if port != 0 {
		out = append(out, "PORT="+strconv.Itoa(port))
	}
	if !env.Secret.IsZero() {
		out = append(out, env.secretEnv()+"="+env.Secret.Reveal())
	}
	if env.BaseURL != "" {
		out = append(out, "SENT_BASE_URL="+env.BaseURL)
	}
	if env.APIKey != "" {
		out = append(out, "SENT_DM_API_KEY="+env.APIKey)
	}
	for _, name := range sortedKeys(extra) {
		out = append(out, name+"="+extra[name])
	}
	out = append(out, env.Extra...)
	return append(out, assigned...)
}

// Variables are what a target is told in its environment: PORT, the secret, Sent's
// API, and over them extra (the config's), then e.Extra. port 0 sets no PORT.
func (e Env) Variables(port int, extra map[string]string) map[string]string {
	return assignments(childEnv(nil, e, port, extra, nil))
}

// lookup reads a variable of an environment in which the last one wins.
func lookup(env []string) func(string) string {
	return func(name string) string {
		for i := len(env) - 1; i >= 0; i-- {
			if v, ok := strings.CutPrefix(env[i], name+"="); ok {
				return v
			}
		}
		return ""
	}
}

// secretEnv is the name under which the secret is given.
func (e Env) secretEnv() string {
	if e.SecretEnv == "" {
		return "SENT_DM_WEBHOOK_SECRET"
	}
	return e.SecretEnv
}

// Check finds what no process can be started with.
func (e Env) Check() error {
	if !isEnvName(e.secretEnv()) {
		return fmt.Errorf("secret_env: %q cannot be the name of a variable", e.SecretEnv)
	}
	for _, kv := range e.Extra {
		name, value, ok := strings.Cut(kv, "=")
		if !ok || !isEnvName(name) || strings.Contains(value, "\x00") {
			return fmt.Errorf("--env %q: write NAME=VALUE", name)
		}
	}
	return nil
}

func isEnvName(name string) bool { return envName.MatchString(name) }

// Dots and dashes are not for shells, but some frameworks read such variables.
var envName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]*$`)
