package target

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/sentsim/sentsim/scenarios/target/internal/output"
	"github.com/sentsim/sentsim/scenarios/target/internal/reach"
	"github.com/sentsim/sentsim/simulator/clock"
)

// execTarget is a receiver that runs as a process of ours.
type execTarget struct {
	spec Spec
	name string
	out  *output.Tail

	grace time.Duration // before a process is killed

	port int    // of the last start; kept over a restart
	host string // the loopback address on which it listens
	proc *process
}

// The times that a crash may take until it is seen, and a process that has begun to exit
// until it is gone.
const (
	dyingTime  = 20 * time.Millisecond
	endingTime = 5 * time.Second
)

// errPortTaken is why a start is tried again on another port.
var errPortTaken = errors.New("port taken")

// PortTaken reports whether a target's output says that somebody else listens on its port.
func PortTaken(output []string) bool { return portTaken.MatchString(strings.Join(output, "\n")) }

// portTaken is how programs say so.
var portTaken = regexp.MustCompile(`(?i)address already in use|EADDRINUSE|port \S+ (is )?(already )?(in use|taken)|only one usage of each socket`)

func newExec(spec Spec) (*execTarget, error) {
	cmd, err := parseCommand(spec.Exec, noEnv)
	if err != nil {
		return nil, fmt.Errorf("target.exec: %w", err)
	}
	// Whoever writes PORT=3000 themselves means target.port.
	for _, env := range []map[string]string{assignments(cmd.env), spec.Env} {
		text, ok := env["PORT"]
		if !ok {
			continue
		}
		port, err := strconv.Atoi(text)
		switch {
		case err != nil || port < 1 || port > 65535:
			return nil, fmt.Errorf("target.exec: PORT=%s is not a port (1 to 65535); leave it out for a free one", text)
		case spec.Port != 0 && spec.Port != port:
			return nil, fmt.Errorf("target.port: is %d, but the target gets PORT=%d in its environment; say it once", spec.Port, port)
		}
		spec.Port = port
	}
	t := &execTarget{spec: spec, name: spec.Name, out: new(output.Tail), grace: stopGrace, host: reach.Loopbacks()[0]}
	if t.name == "" {
		// Parsed without values: a name must not carry what is in the environment.
		if cmd, err = parseCommand(spec.Exec, func(name string) string { return "$" + name }); err != nil {
			return nil, fmt.Errorf("target.exec: %w", err)
		}
		t.name = "exec: " + cmd.name()
	}
	return t, nil
}

func assignments(env []string) map[string]string {
	m := make(map[string]string, len(env))
	for _, kv := range env {
		name, value, _ := strings.Cut(kv, "=")
		m[name] = value
	}
	return m
}

func (t *execTarget) Name() string     { return t.name }
func (t *execTarget) CanRestart() bool { return true }
func (t *execTarget) CanRotate() bool  { return true }
func (t *execTarget) Log() []string    { return t.out.Lines() }

func (t *execTarget) URL() string {
	return "http://" + net.JoinHostPort(t.host, strconv.Itoa(t.port)) + t.spec.Path
}

// Alive tells whether the process runs and its port accepts connections.
func (t *execTarget) Alive(ctx context.Context) bool {
	if t.proc == nil || t.proc.exited() {
		return false
	}
	if !t.listens(ctx) {
		return false
	}
	// A process that is going down accepts connections until its last file is
	// closed, and this is asked right after one broke.
	if waitFor(t.proc.reaped, dyingTime) {
		return false
	}
	end := clock.Wall().Add(endingTime)
	for seen := false; ; seen = true {
		if !ending(t.proc.group(), t.proc.behind()) || clock.Wall().After(end) {
			// One that is not ours to bury may have ended since the first look.
			return (!seen || !waitFor(t.proc.reaped, dyingTime)) && t.listens(ctx)
		}
		if (clock.Real{}).Sleep(ctx, time.Millisecond) != nil {
			return true // nobody asks any more
		}
	}
}

// listens tells whether its port accepts a connection.
func (t *execTarget) listens(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, reach.LookTime)
	defer cancel()
	return reach.Dial(ctx, net.JoinHostPort(t.host, strconv.Itoa(t.port))) == nil
}

// Start starts the process and waits until it is ready.
func (t *execTarget) Start(ctx context.Context, env Env) error {
	if t.proc != nil && !t.proc.exited() {
		return fmt.Errorf("%s: has been started already", t.name)
	}
	if err := env.Check(); err != nil {
		return fmt.Errorf("%s: %w", t.name, err)
	}
	if err := t.Close(); err != nil {
		return err
	}
	t.out.Hide(env.Secret, env.APIKey)
	const tries = 3 // a free port may be taken by somebody else before the target listens
	var err error
	for range tries {
		if err = t.start(ctx, env); !errors.Is(err, errPortTaken) || t.spec.Port != 0 {
			break
		}
		t.port = 0
	}
	if err != nil {
		return fmt.Errorf("%s: %w", t.name, err)
	}
	return nil
}

// Restart stops the process and starts it with env, on the same port if that is
// still free.
func (t *execTarget) Restart(ctx context.Context, env Env) error {
	if err := t.Close(); err != nil {
		return err
	}
	return t.Start(ctx, env)
}

// Pause stops the process and its children where they stand.
func (t *execTarget) Pause() error {
	if err := t.signal((*process).pause); err != nil {
		return err
	}
	t.standsStill()
	return nil
}

// standsStill waits until the process has noticed, which on a busy machine takes a
// while: until then it still answers. Where nobody can tell, it doesn't wait.
func (t *execTarget) standsStill() {
	end := clock.Wall().Add(pauseTime)
	for clock.Wall().Before(end) {
		var threads []string
		for _, pid := range family(t.proc.mark) {
			of, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
			threads = append(threads, of...)
		}
		moves := slices.ContainsFunc(threads, func(file string) bool {
			stat, err := os.ReadFile(file) // "1234 (the name) T 1 …"
			state := stat[bytes.LastIndexByte(stat, ')')+1:]
			return err == nil && !bytes.HasPrefix(state, []byte(" T"))
		})
		if !moves || (clock.Real{}).Sleep(context.Background(), time.Millisecond) != nil {
			return
		}
	}
}

// pauseTime is how long that may take.
const pauseTime = time.Second

// Resume lets them go on.
func (t *execTarget) Resume() error { return t.signal((*process).resume) }

func (t *execTarget) signal(send func(*process) error) error {
	if t.proc == nil || t.proc.exited() {
		return fmt.Errorf("%s: is not running", t.name)
	}
	if err := send(t.proc); err != nil {
		return fmt.Errorf("%s: %w", t.name, err)
	}
	return nil
}

// Close stops the process and all its children.
func (t *execTarget) Close() error {
	if t.proc == nil {
		return nil
	}
	if err := t.proc.stop(); err != nil {
		return fmt.Errorf("%s: %w", t.name, err)
	}
	t.proc = nil
	return nil
}

func (t *execTarget) start(ctx context.Context, env Env) error {
	if err := t.choosePort(ctx); err != nil {
		return err
	}
	cmd, err := t.command(ctx, env)
	if err != nil {
		return err
	}
	mark := t.out.Mark()
	seen := t.out.Expect(t.spec.Ready.Log, 0)
	p, err := startProcess(cmd, newMark(), t.out, t.grace)
	if err != nil {
		return startError(cmd.Path, err)
	}
	p.hurry = t.spec.Hurry
	within, cancel := context.WithTimeout(ctx, t.spec.StartTimeout)
	defer cancel()
	err = reach.Await(within, p.reaped, func(ctx context.Context) error { return t.ready(ctx, seen) })
	select {
	case <-p.reaped: // what is ready is not what was started
		err = reach.ErrExited
	default:
	}
	if err == nil {
		t.proc = p
		return nil
	}
	stopErr := p.stop()
	t.out.EndLine()
	said := t.out.Since(mark)
	switch {
	case errors.Is(err, reach.ErrExited):
		err = fmt.Errorf("it ended (%s) before it was ready; %s", p.ended(), output.Last(said))
		if PortTaken(said) {
			err = fmt.Errorf("%w: %w", errPortTaken, err)
		}
	case ctx.Err() != nil:
		err = ctx.Err()
	default:
		err = fmt.Errorf("it was not ready within %s (%w); does it listen on $PORT? %s", t.spec.StartTimeout, err, output.Last(said))
	}
	return errors.Join(err, stopErr)
}

func (t *execTarget) command(ctx context.Context, env Env) (*exec.Cmd, error) {
	// Variables in the command are those that its process will have.
	parent := os.Environ()
	c, err := parseCommand(t.spec.Exec, lookup(childEnv(parent, env, t.port, t.spec.Env, nil)))
	if err != nil {
		return nil, err
	}
	path, err := c.program(t.spec.Dir)
	if err != nil {
		return nil, err
	}
	// Not bound to ctx, which would kill one process of several; stop does it.
	cmd := exec.CommandContext(context.WithoutCancel(ctx), path, c.args[1:]...)
	cmd.Args[0] = c.args[0]
	cmd.Dir = t.spec.Dir
	cmd.Env = childEnv(parent, env, t.port, t.spec.Env, c.env)
	return cmd, nil
}

// ready is one look at the target. It notes on which address it listens.
func (t *execTarget) ready(ctx context.Context, seen <-chan struct{}) error {
	r := t.spec.Ready
	switch {
	case r.Log != nil:
		select {
		case <-seen:
		default:
			return fmt.Errorf("no line of its output matches %s", r.Log)
		}
		if host, err := reach.DialLoopback(ctx, t.port); err == nil {
			t.host = host
		}
		return nil
	case r.Path != "":
		rt := &http.Transport{DisableKeepAlives: true}
		var first error
		for _, host := range reach.Loopbacks() {
			err := reach.Get(ctx, rt, "http://"+net.JoinHostPort(host, strconv.Itoa(t.port))+r.Path)
			if err == nil {
				t.host = host
				return nil
			}
			if first == nil {
				first = err
			}
		}
		return first
	case r.Port != 0:
		host, err := reach.DialLoopback(ctx, r.Port)
		if err == nil {
			t.host = host
		}
		return err
	default:
		host, err := reach.DialLoopback(ctx, t.port)
		if err == nil {
			t.host = host
		}
		return err
	}
}

// choosePort settles on which port the target is to listen, and makes sure that
// nobody else does: the run would test them instead.
func (t *execTarget) choosePort(ctx context.Context) error {
	if t.spec.Port != 0 {
		t.port = t.spec.Port
	}
	if t.port != 0 && free(ctx, t.port) {
		return nil
	}
	if t.spec.Port != 0 {
		return fmt.Errorf("port %d is taken; stop what listens there, or leave the port out for a free one", t.port)
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(reach.Loopbacks()[0], "0"))
	if err != nil {
		return fmt.Errorf("no port is free: %w", reach.Reason(err))
	}
	t.port = l.Addr().(*net.TCPAddr).Port
	return l.Close()
}

// free tells whether one could listen on port, on loopback and on every interface.
func free(ctx context.Context, port int) bool {
	for _, host := range append(reach.Loopbacks(), "") {
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(port)))
		if err == nil {
			_ = l.Close()
			continue
		}
		if !errors.Is(err, syscall.EADDRINUSE) {
			continue // no IPv6 here, or not ours to use: for the target to find out
		}
		return false
	}
	return true
}
