package container

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"

	"github.com/sentsim/sentsim/scenarios/target/internal/output"
	"github.com/sentsim/sentsim/scenarios/target/internal/reach"
	"github.com/sentsim/sentsim/simulator/clock"
)

// state reads what has become of the container, and where its port is now.
func (t *receiver) state(ctx context.Context) (*container.State, error) {
	found, err := t.engine.api.ContainerInspect(ctx, t.ctr.GetContainerID(), client.ContainerInspectOptions{})
	if err != nil {
		return nil, errors.New(oneLine(err))
	}
	if found.Container.State == nil {
		return nil, errors.New("the engine does not say how it is")
	}
	if n := found.Container.NetworkSettings; n != nil {
		t.mapped = hostPortOf(n.Ports, t.port)
	}
	return found.Container.State, nil
}

// hostPortOf is the port under which a container's port is published, or 0.
func hostPortOf(ports network.PortMap, port int) int {
	for p, bindings := range ports {
		if int(p.Num()) != port || p.Proto() != network.TCP {
			continue
		}
		for _, b := range bindings {
			if n, err := strconv.Atoi(b.HostPort); err == nil {
				return n
			}
		}
	}
	return 0
}

func (t *receiver) ended(ctx context.Context) string {
	state, err := t.state(ctx)
	switch {
	case err != nil:
		return err.Error()
	case state.OOMKilled:
		return "out of memory"
	}
	return "exit status " + strconv.Itoa(state.ExitCode)
}

// logged is how many lines it has printed so far; 0 also if nobody knows.
func (t *receiver) logged(ctx context.Context) int {
	o := t.out.Fresh()
	if t.read(ctx, o, client.ContainerLogsOptions{}) != nil {
		return 0
	}
	o.EndLine()
	return o.Mark()
}

// ready is one look at a container that runs. What it printed since it was started
// cannot be told by the time: the engine may note the start after the first line.
func (t *receiver) ready(ctx context.Context) error {
	if t.mapped == 0 {
		return fmt.Errorf("port %d is not published yet", t.port)
	}
	r := t.spec.Ready
	switch {
	case r.Log != nil:
		o := t.out.Fresh()
		seen := o.Expect(r.Log, t.said)
		if err := t.read(ctx, o, client.ContainerLogsOptions{}); err != nil {
			return err
		}
		select {
		case <-seen:
			return nil
		default:
			return fmt.Errorf("no line of its output matches %s", r.Log)
		}
	case r.Path != "":
		return reach.Get(ctx, &http.Transport{DisableKeepAlives: true}, "http://"+t.address()+r.Path)
	case r.Port != 0 && r.Port != t.port:
		found, err := t.engine.api.ContainerInspect(ctx, t.ctr.GetContainerID(), client.ContainerInspectOptions{})
		if err != nil || found.Container.NetworkSettings == nil {
			return fmt.Errorf("port %d: not published", r.Port)
		}
		return held(ctx, net.JoinHostPort(t.host, strconv.Itoa(hostPortOf(found.Container.NetworkSettings.Ports, r.Port))))
	default:
		return answers(ctx, t.address())
	}
}

// answers is nil once somebody speaks HTTP at address, whatever they say. A
// connection alone proves nothing: the engine takes it for the container, and
// drops it when nobody in there listens.
func answers(ctx context.Context, address string) error {
	err := reach.Get(ctx, &http.Transport{DisableKeepAlives: true}, "http://"+address+"/")
	var refused *reach.StatusError
	if errors.As(err, &refused) {
		return nil
	}
	return err
}

// held is nil when a connection to address is not dropped at once, for what
// speaks no HTTP.
func held(ctx context.Context, address string) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return reach.Reason(err)
	}
	defer func() { _ = conn.Close() }()
	const dropTime = 100 * time.Millisecond
	if err := conn.SetReadDeadline(clock.Wall().Add(dropTime)); err != nil {
		return err
	}
	_, err = conn.Read(make([]byte, 1))
	if err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		return nil
	}
	return errors.New("the connection is dropped: nobody listens in the container")
}

// Alive tells whether the container runs and somebody in it answers. One that
// answers nothing but takes the connection is alive.
func (t *receiver) Alive(ctx context.Context) bool {
	if t.ctr == nil {
		return false
	}
	state, err := t.state(ctx)
	if err != nil || !state.Running || t.mapped == 0 {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, reach.LookTime)
	defer cancel()
	err = answers(ctx, t.address())
	return err == nil || ctx.Err() != nil
}

// Log is the last lines of the container's output, and before them those of the
// containers that it replaced.
func (t *receiver) Log() []string {
	lines := slices.Clone(t.before)
	if t.ctr != nil {
		ctx, cancel := context.WithTimeout(context.Background(), cleanTime)
		defer cancel()
		o := t.out.Fresh()
		_ = t.read(ctx, o, client.ContainerLogsOptions{Tail: strconv.Itoa(output.Kept)}) // what could be read is worth having
		o.EndLine()
		lines = append(lines, o.Lines()...)
	}
	return lines[max(0, len(lines)-output.Kept):]
}

// read copies the container's output to o.
func (t *receiver) read(ctx context.Context, o *output.Tail, options client.ContainerLogsOptions) error {
	options.ShowStdout, options.ShowStderr = true, true
	logs, err := t.engine.api.ContainerLogs(ctx, t.ctr.GetContainerID(), options)
	if err != nil {
		return errors.New(oneLine(err))
	}
	defer func() { _ = logs.Close() }()
	if _, err := stdcopy.StdCopy(o, o, logs); err != nil && !errors.Is(err, io.EOF) {
		return errors.New(oneLine(err))
	}
	return nil
}
