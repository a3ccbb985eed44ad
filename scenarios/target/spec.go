package target

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Spec says what the receiver is and how to start it. Exactly one of URL, Exec,
// Image, Dockerfile and Handler is set; fields that mean nothing for that kind
// are errors, except where it says that they are ignored.
type Spec struct {
	URL        string  // of a receiver that runs already: absolute, with the path of the webhook
	Exec       string  // a command line, split as a shell would but run without one
	Image      string  // of a container; pulled if the engine does not have it. See ErrNoContainers
	Dockerfile string  // of a container: the folder that it stands in, or its own path. Likewise
	Handler    Factory // a receiver inside this process
	Name       string  // for people; "" makes one of the above

	Path string // of the webhook, where there is no URL; default /webhooks/sent. Ignored for a URL
	// Port is the one to listen on, ignored for a URL. 0 takes a free one, for a
	// container the one that its image exposes.
	Port int
	Dir  string // where Exec is started; "" is the current directory
	// Env is for Exec, over the environment of this process, and for containers.
	Env map[string]string

	Ready         Ready
	StartTimeout  time.Duration // until Ready; default 30 s
	WaitForTarget time.Duration // how long a URL may take to accept connections; 0 tries once

	Rotate      Hook // gives a URL target a new secret
	RestartHook Hook // restarts a URL target
	Arrange     Arrange
	TLS         TLS // for an https URL

	// Hurry is closed when somebody cannot wait: Close then kills the process,
	// with its children, that it would have asked to end. Nil: nobody is in a hurry.
	Hurry <-chan struct{}
}

// Ready says when a target that was started is ready: at most one of its
// fields. The zero value is: when the port accepts connections, and for a
// container when something answers there.
type Ready struct {
	Path string         // when GET of it answers 2xx
	Port int            // when this port accepts connections; for a container the port in there
	Log  *regexp.Regexp // when a line of its output matches; not for a URL or Handler
}

// Hook is how somebody else's receiver is told something: a command or an
// absolute URL, at most one of them. Rotation: the command finds the new secret
// in its environment under the secret's name, the URL gets it in a POST of
// {"secret":"whsec_…"}. Restart: the command has the same environment, the URL
// gets a POST of {}. Each has the start timeout to succeed: status 0, or a 2xx.
type Hook struct {
	Exec string
	URL  string
}

func (h Hook) isZero() bool { return h == Hook{} }

// Factory builds an in-process receiver for env, again for each restart. closeFn
// may be nil; it is called once no request is being handled any more.
type Factory func(env Env) (h http.Handler, closeFn func() error, err error)

const (
	defaultPath         = "/webhooks/sent"
	defaultStartTimeout = 30 * time.Second
)

// New checks spec and makes its target; nothing is started. Errors name the
// key in the config file and all of them are reported.
func New(spec Spec) (Target, error) {
	var given []string
	for _, k := range []struct {
		key string
		set bool
	}{
		{"url", spec.URL != ""},
		{"exec", spec.Exec != ""},
		{"image", spec.Image != ""},
		{"dockerfile", spec.Dockerfile != ""},
		{"handler", spec.Handler != nil},
	} {
		if k.set {
			given = append(given, k.key)
		}
	}
	switch len(given) {
	case 0:
		return nil, errors.New("no target is given: name a URL (--target URL), a command (--exec 'CMD'), an image (--image REF) or a Dockerfile (--dockerfile DIR)")
	case 1:
	default:
		return nil, fmt.Errorf("%d targets are given (%s): a run has one", len(given), strings.Join(given, " and "))
	}
	if spec.Path == "" {
		spec.Path = defaultPath
	}
	if spec.StartTimeout == 0 {
		spec.StartTimeout = defaultStartTimeout
	}
	if err := errors.Join(spec.check(given[0])...); err != nil {
		return nil, err
	}
	switch given[0] {
	case "url":
		return newURL(spec)
	case "exec":
		return newExec(spec)
	case "image", "dockerfile":
		return newContainer(given[0], spec)
	default:
		return newHandler(spec), nil
	}
}

// check finds what is wrong with the fields that are not a kind's own.
func (s Spec) check(kind string) []error {
	var problems []error
	problem := func(format string, args ...any) { problems = append(problems, fmt.Errorf("target."+format, args...)) }

	if u, err := url.Parse(s.Path); !strings.HasPrefix(s.Path, "/") || err != nil || u.Host != "" {
		problem("path: %q is not a path; it begins with one /, e.g. %s", s.Path, defaultPath)
	}
	if s.Port < 0 || s.Port > 65535 {
		problem("port: %d is not a port (1 to 65535, or 0 for a free one)", s.Port)
	}
	if s.StartTimeout < 0 || s.WaitForTarget < 0 {
		problem("start_timeout: a negative time")
	}
	problems = append(problems, s.Ready.check(kind)...)
	for _, h := range []struct {
		key  string
		hook Hook
	}{{"rotate", s.Rotate}, {"restart", s.RestartHook}} {
		if h.hook.isZero() {
			continue
		}
		if kind != "url" {
			problem("%s: is for a url target; this one is started by us, so we restart it, with a new secret too", h.key)
			continue
		}
		if err := h.hook.check(); err != nil {
			problem("%s.%w", h.key, err)
		}
	}
	problems = append(problems, s.Arrange.check()...)
	if kind != "exec" && s.Dir != "" {
		problem("dir: is for an exec target")
	}
	if s.Dir != "" {
		if info, err := os.Stat(s.Dir); err != nil || !info.IsDir() {
			problem("dir: %s is not a directory", s.Dir)
		}
	}
	if kind != "exec" && !isContainer(kind) && len(s.Env) > 0 {
		problem("env: is for an exec or container target")
	}
	for _, name := range sortedKeys(s.Env) {
		if !isEnvName(name) {
			problem("env: %q cannot be the name of a variable", name)
		}
		if strings.Contains(s.Env[name], "\x00") {
			problem("env.%s: has a NUL in it", name)
		}
	}
	if kind != "url" && s.TLS != (TLS{}) {
		problem("url: --cacert and --insecure are for an https:// URL")
	}
	return problems
}

func isContainer(kind string) bool { return kind == "image" || kind == "dockerfile" }

func (r Ready) check(kind string) []error {
	var problems []error
	given := 0
	if r.Path != "" {
		given++
		if u, err := url.Parse(r.Path); !strings.HasPrefix(r.Path, "/") || err != nil || u.Host != "" {
			problems = append(problems, fmt.Errorf("target.ready: %q is not a path on the target; it begins with one /, e.g. /healthz", r.Path))
		}
	}
	if r.Port != 0 {
		given++
		if r.Port < 0 || r.Port > 65535 {
			problems = append(problems, fmt.Errorf("target.ready.port: %d is not a port (1 to 65535)", r.Port))
		}
	}
	if r.Log != nil {
		given++
		if kind != "exec" && !isContainer(kind) {
			problems = append(problems, errors.New("target.ready.log: only the output of an exec or container target can be read"))
		}
	}
	if given > 1 {
		problems = append(problems, errors.New("target.ready: name one of a path, port and log"))
	}
	return problems
}

func (h Hook) check() error {
	if h.Exec != "" && h.URL != "" {
		return errors.New("exec: there is a url too; a hook has one of them")
	}
	if h.Exec != "" {
		if _, err := parseCommand(h.Exec, noEnv); err != nil {
			return fmt.Errorf("exec: %w", err)
		}
		return nil
	}
	if _, err := parseTargetURL(h.URL); err != nil {
		return fmt.Errorf("url: %w", err)
	}
	return nil
}

// parseTargetURL takes an absolute http or https URL apart; an error says what
// is missing and how to write it.
func parseTargetURL(text string) (*url.URL, error) {
	const example = "write e.g. http://127.0.0.1:8080" + defaultPath
	text = FullURL(text)
	if strings.TrimSpace(text) != text || text == "" {
		return nil, fmt.Errorf("%q: is empty or has blanks around it; %s", text, example)
	}
	if !strings.Contains(text, "://") {
		host := strings.TrimLeft(text, "/")
		if strings.HasPrefix(host, ":") {
			host = "127.0.0.1" + host
		}
		if strings.HasPrefix(text, "/") && !strings.HasPrefix(text, "//") {
			return nil, fmt.Errorf("%q: is a path without a host; %s", text, example)
		}
		return nil, fmt.Errorf("%q: the scheme is missing; write http://%s", withoutUser(text), withoutUser(host))
	}
	u, err := url.Parse(text)
	var ue *url.Error
	if errors.As(err, &ue) {
		err = ue.Err
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("%q: is not a URL: %w", withoutUser(text), err)
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("%q: the scheme is %q, and webhooks go over http or https; %s", withoutUser(text), u.Scheme, example)
	case u.Hostname() == "":
		return nil, fmt.Errorf("%q: the host is missing; %s", withoutUser(text), example)
	case u.User != nil:
		return nil, fmt.Errorf("%q: a user in the URL is not sent; send it as --header 'Authorization: …'", withoutUser(text))
	}
	if p := u.Port(); p != "" {
		if n, err := strconv.Atoi(p); err != nil || n < 1 || n > 65535 {
			return nil, fmt.Errorf("%q: %s is not a port (1 to 65535)", text, p)
		}
	}
	u.Fragment, u.RawFragment = "", ""
	return u, nil
}

// withoutUser hides the user and password that may stand in a URL.
func withoutUser(text string) string {
	start := 0
	if i := strings.Index(text, "://"); i >= 0 {
		start = i + len("://")
	}
	end := len(text)
	if i := strings.IndexAny(text[start:], "/?#"); i >= 0 {
		end = start + i
	}
	if at := strings.LastIndexByte(text[start:end], '@'); at >= 0 {
		return text[:start] + "…" + text[start+at:]
	}
	return text
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
