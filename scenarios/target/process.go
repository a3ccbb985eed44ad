package target

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"sync/atomic"
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
	// followTime is how often one that runs in the background is looked for, and
	// endTime the same once it is to end.
	followTime, endTime = 200 * time.Millisecond, 20 * time.Millisecond
)

// process is a command in a process group of its own. Whatever it starts is in
// that group, and goes when it goes; what leaves the group is known by a mark in
// its environment, on Linux.
type process struct {
	cmd      *exec.Cmd
	mark     string                // NAME=value; "": what leaves the group is none of ours
	left     atomic.Pointer[[]int] // what the command left behind when it ended, which is watched; nil: it has not
	grace    time.Duration
	once     sync.Once
	hurry    <-chan struct{} // closed when there is no time for grace; nil: there is
	stopping chan struct{}   // closed when stop is called
	reaped   chan struct{}   // closed when the process itself is over, and what it left behind
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
	// What has failed is over, whatever it left behind.
	if p.cmd.ProcessState.Success() {
		p.follow(out)
	}
	close(p.reaped)
	select {
	case <-p.stopping:
		// Children have had their SIGTERM too. The output ends with the last that writes it.
		end := clock.Wall().Add(p.grace)
		for waitFor(copied, p.grace); len(family(p.mark)) > 0 && clock.Wall().Before(end); {
			waitFor(nil, endTime)
		}
	default:
	}
	p.kill()
	if err := r.SetReadDeadline(clock.Wall().Add(drainTime)); err != nil {
		_ = r.Close() // a pipe without deadlines; closing ends the copy as well
	}
	<-copied
}

// follow waits for what a command left behind that has gone into the background, as
// daemons do. It is nowhere to be found but on Linux.
func (p *process) follow(out io.Writer) {
	for left := family(p.mark); len(left) > 0; left = family(p.mark) {
		select {
		case <-p.stopping:
			return
		default:
		}
		if p.left.Swap(&left) == nil {
			fmt.Fprintf(out, "sentsim: the command has ended, and process %d, which it left behind, is watched in its place\n", left[0])
		}
		waitFor(p.stopping, followTime)
	}
}

// kill ends all of it at once.
func (p *process) kill() {
	if group := p.group(); group != 0 {
		killGroup(group)
	}
	killFamily(p.mark)
}

// group is its process group; 0 when what it left behind is all there is, since its number
// may be somebody else's by then.
func (p *process) group() int {
	if p.left.Load() != nil {
		return 0
	}
	return p.cmd.Process.Pid
}

// behind are the processes that it left behind, as they were seen last: one that ends is
// nobody's any more.
func (p *process) behind() []int {
	if left := p.left.Load(); left != nil {
		return *left
	}
	return nil
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
	p.terminate()
	if waitUnless(p.hurry, p.done, p.grace) {
		return nil
	}
	p.kill()
	if waitFor(p.done, stopGrace) {
		return nil
	}
	return fmt.Errorf("process %d survived SIGKILL for %s", p.cmd.Process.Pid, stopGrace)
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
