package target

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/clock"
)

const (
	// stopGrace is how long a process may take to end after SIGTERM, and a handler
	// to finish.
	stopGrace = 5 * time.Second
	// drainTime is how long output is still read when all that we know of are
	// dead: a child in a session of its own may hold the pipe for ever.
	drainTime = 500 * time.Millisecond
)

// process is a command in a process group of its own. Whatever it starts is in
// that group, and goes when it goes; what leaves the group is known by a mark in
// its environment, on Linux.
type process struct {
	cmd      *exec.Cmd
	mark     string // NAME=value; "": what leaves the group is none of ours
	behind   int    // a process that it left behind when it ended by itself; after reaped
	grace    time.Duration
	once     sync.Once
	hurry    <-chan struct{} // closed when there is no time for grace; nil: there is
	stopping chan struct{}   // closed when stop is called
	reaped   chan struct{}   // closed when the process itself is over
	done     chan struct{}   // closed when it is reaped, its group killed and its output read
}

// startProcess runs cmd with its output going to out; once asked to end it has
// grace to do so. It must be stopped. Only starting fails; how it ended is in
// cmd.ProcessState after done.
func startProcess(cmd *exec.Cmd, mark string, out io.Writer, grace time.Duration) (*process, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	// A file, not a writer: else Wait would not return while a child that
	// outlives the process holds the output open.
	cmd.Stdout, cmd.Stderr = w, w
	cmd.SysProcAttr = ownGroup()
	p := &process{cmd: cmd, mark: mark, grace: grace, stopping: make(chan struct{}), reaped: make(chan struct{}), done: make(chan struct{})}
	if mark != "" {
		cmd.Env = append(cmd.Environ(), mark)
	}
	started := make(chan error, 1)
	go p.supervise(r, w, out, started)
	return p, <-started
}

// newMark is a variable that nobody else has.
func newMark() string { return "SENTSIM_PROCESS=" + uuid.NewString() }

func (p *process) supervise(r, w *os.File, out io.Writer, started chan<- error) {
	// Where the kernel kills the process with us (ownGroup), it does so when the
	// thread ends that started it: keep that thread.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(p.done)
	defer func() { _ = r.Close() }()
	err := p.cmd.Start()
	_ = w.Close() // the process has its own
	started <- err
	if err != nil {
		return
	}
	copied := make(chan struct{})
	go func() {
		defer close(copied)
		_, _ = io.Copy(out, r) // ends with the pipe, or at the deadline below
	}()
	_ = p.cmd.Wait() // its error is in ProcessState
	select {
	case <-p.stopping:
	default:
		if left := family(p.mark); len(left) > 0 {
			p.behind = left[0]
			fmt.Fprintf(out, "sentsim: the command %s\n", p.inBackground())
		}
	}
	close(p.reaped)
	select {
	case <-p.stopping:
		// Children have had their SIGTERM too. The output ends with the last of them.
		waitFor(copied, p.grace)
	default:
	}
	killGroup(p.cmd.Process.Pid)
	killFamily(p.mark)
	if err := r.SetReadDeadline(clock.Wall().Add(drainTime)); err != nil {
		_ = r.Close() // a pipe without deadlines; closing ends the copy as well
	}
	<-copied
}

// exited tells whether it is over, by itself or stopped.
func (p *process) exited() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// stop ends it and all its children, politely first, and waits until they are
// gone. It does so whatever has become of the run's context.
func (p *process) stop() error {
	p.once.Do(func() { close(p.stopping) })
	if p.exited() {
		return nil
	}
	pid := p.cmd.Process.Pid
	terminateGroup(pid)
	terminateFamily(p.mark, pid)
	_ = resumeGroup(pid) // a paused process does not see its SIGTERM
	if waitUnless(p.hurry, p.done, p.grace) {
		return nil
	}
	killGroup(pid)
	if waitFor(p.done, stopGrace) {
		return nil
	}
	return fmt.Errorf("process %d survived SIGKILL for %s", pid, stopGrace)
}

// inBackground says that it left others behind, and what to do.
func (p *process) inBackground() string {
	return fmt.Sprintf("ended (%s) and left process %d behind, so it runs in the background: start it in the foreground, so that it can be watched, restarted and stopped",
		p.ended(), p.behind)
}

// ended says how it ended, after reaped.
func (p *process) ended() string { return p.cmd.ProcessState.String() }

// waitFor waits for done, for d at most, and tells whether it came. No context
// can cut it short: it is for cleaning up.
func waitFor(done <-chan struct{}, d time.Duration) bool { return waitUnless(nil, done, d) }

// waitUnless is waitFor, given up when hurry is closed.
func waitUnless(hurry, done <-chan struct{}, d time.Duration) bool {
	over := make(chan struct{})
	cancel := clock.Real{}.At(clock.Wall().Add(d), func() { close(over) })
	defer cancel()
	select {
	case <-done:
		return true
	case <-over:
		return false
	case <-hurry:
		return false
	}
}

// startError puts a failed start into words.
func startError(program string, err error) error {
	if errors.Is(err, os.ErrPermission) {
		return fmt.Errorf("%s is not executable", program)
	}
	var pe *os.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	return fmt.Errorf("%s cannot be started: %w", program, err)
}
