// Package container is targets that run in a container: of an image, or of a
// Dockerfile that is built for the run. It is a package of its own, imported for
// its effect alone, because the client of a container engine is large.
//
//	import _ "github.com/sentsim/sentsim/scenarios/target/container"
package container

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"

	"github.com/sentsim/sentsim/scenarios/target"
	"github.com/sentsim/sentsim/scenarios/target/internal/output"
	"github.com/sentsim/sentsim/scenarios/target/internal/reach"
	"github.com/sentsim/sentsim/simulator/clock"
)

// stopGrace is how long a container may take to end after it was asked to, and the
// engine with what nobody waits for any more.
const stopGrace = 5 * time.Second

// receiver is a receiver in a container of ours, from an image or a
// Dockerfile.
//
// Its data is what the container wrote, into its own file system or an
// anonymous volume. It outlives a restart with the same environment, for which
// the same container is stopped and started. Another secret needs another
// container, which begins with the image's data.
//
// What is made is removed by Close, with the image if it was built here. If
// this process is killed, the library's reaper does it, where that is not
// switched off (TESTCONTAINERS_RYUK_DISABLED); else the next start on this
// machine.
type receiver struct {
	spec   target.Spec
	name   string
	out    *output.Tail
	before []string // log of containers that are gone

	engine *engine
	image  string // "" until it was pulled or built
	digest string // of the image's content
	port   int    // inside the container
	ctr    testcontainers.Container
	env    target.Env // that ctr was made with
	said   int        // lines in its log from before it was started last

	host   string // where its port is published
	mapped int
}

// The import of this package is what makes image and Dockerfile targets possible.
//
//nolint:gochecknoinits // as a driver of database/sql registers itself
func init() { target.RegisterContainers(newReceiver) }

func newReceiver(spec target.Spec) (target.Target, error) {
	t := &receiver{spec: spec, name: spec.Name, out: new(output.Tail)}
	name := "image: " + spec.Image
	if spec.Dockerfile != "" {
		if _, _, err := dockerfile(spec.Dockerfile); err != nil {
			return nil, fmt.Errorf("target.dockerfile: %w", err)
		}
		name = "dockerfile: " + spec.Dockerfile
	} else if !imageRef.MatchString(spec.Image) {
		return nil, fmt.Errorf("target.image: %q is not the name of an image; write e.g. my-receiver:ci", spec.Image)
	}
	if t.name == "" {
		t.name = name
	}
	if text, ok := spec.Env["PORT"]; ok {
		port, err := strconv.Atoi(text)
		switch {
		case err != nil || port < 1 || port > 65535:
			return nil, fmt.Errorf("target.env: PORT=%s is not a port (1 to 65535)", text)
		case spec.Port != 0 && spec.Port != port:
			return nil, fmt.Errorf("target.port: is %d, but the target gets PORT=%d in its environment; say it once", spec.Port, port)
		}
		t.spec.Port = port
	}
	return t, nil
}

func (t *receiver) Name() string     { return t.name }
func (t *receiver) CanRestart() bool { return true }
func (t *receiver) CanRotate() bool  { return true }

// ImageDigest implements [target.Imaged].
func (t *receiver) ImageDigest() string { return t.digest }

func (t *receiver) URL() string { return "http://" + t.address() + t.spec.Path }

func (t *receiver) address() string {
	return net.JoinHostPort(t.host, strconv.Itoa(t.mapped))
}

// StandIn is how the container reaches this process.
func (t *receiver) StandIn(ctx context.Context) (listen, host string, err error) {
	if err := t.connect(ctx); err != nil {
		return "", "", err
	}
	return t.engine.standIn(ctx), hostName, nil
}

func (t *receiver) connect(ctx context.Context) error {
	if t.engine != nil {
		return nil
	}
	e, err := connect(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", t.name, err)
	}
	t.engine = e
	return nil
}

// Start pulls or builds the image if it has to, starts a container of it and
// waits until that is ready. The start timeout counts from when it runs.
func (t *receiver) Start(ctx context.Context, env target.Env) error {
	if t.ctr != nil {
		return fmt.Errorf("%s: has been started already", t.name)
	}
	if err := env.Check(); err != nil {
		return fmt.Errorf("%s: %w", t.name, err)
	}
	t.out.Hide(env.Secret, env.APIKey)
	if err := t.connect(ctx); err != nil {
		return err
	}
	t.engine.sweep(ctx)
	return t.finish(t.bringUp(ctx, env)) //nolint:contextcheck // cleaning up must not end with the run
}

// finish leaves nothing behind after an error.
func (t *receiver) finish(err error) error {
	if err == nil {
		return nil
	}
	return errors.Join(fmt.Errorf("%s: %w", t.name, err), t.Close())
}

func (t *receiver) bringUp(ctx context.Context, env target.Env) error {
	if err := t.obtain(ctx); err != nil {
		return err
	}
	if err := t.create(ctx, env); err != nil {
		return err
	}
	return t.begin(ctx)
}

func (t *receiver) obtain(ctx context.Context) (err error) {
	if t.image != "" {
		return nil
	}
	image := t.spec.Image
	if t.spec.Dockerfile != "" {
		image, err = t.engine.build(ctx, t.spec.Dockerfile)
	} else {
		err = t.engine.obtain(ctx, image)
	}
	if err != nil {
		return err
	}
	t.image, t.port, t.digest = image, t.spec.Port, t.engine.digest(ctx, image)
	if t.port == 0 {
		t.port, err = t.engine.listensOn(ctx, image)
	}
	return err
}

// create makes the container, which does not run yet.
func (t *receiver) create(ctx context.Context, env target.Env) (err error) {
	if t.host, err = t.engine.host(ctx); err != nil {
		return err
	}
	ports := []int{t.port}
	if p := t.spec.Ready.Port; p != 0 && p != t.port {
		ports = append(ports, p)
	}
	req := testcontainers.ContainerRequest{
		Image: t.image, Labels: t.engine.labels,
		Env: env.Variables(t.port, t.spec.Env),
		HostConfigModifier: func(h *container.HostConfig) {
			h.ExtraHosts = append(h.ExtraHosts, hostName+":host-gateway")
			h.PortBindings = published(t.host, ports)
		},
	}
	for _, p := range ports {
		req.ExposedPorts = append(req.ExposedPorts, strconv.Itoa(p)+"/tcp")
	}
	within, done := outlive(ctx)
	c, err := quietly(func() (testcontainers.Container, error) { return t.engine.provider.CreateContainer(within, req) })
	done()
	if c, ok := c.(*testcontainers.DockerContainer); ok && c != nil {
		t.ctr, t.env = c, env
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil && strings.Contains(err.Error(), "reaper"):
		return fmt.Errorf("the library's reaper, which cleans up after killed runs, does not start (%s); make its image available, or switch it off with TESTCONTAINERS_RYUK_DISABLED=true", oneLine(err))
	case err != nil:
		return fmt.Errorf("its container cannot be made: %s", oneLine(err))
	}
	return nil
}

// published binds ports to free ones of the engine's host: only to loopback
// where that is where we find them, since nobody else has business there.
func published(host string, ports []int) network.PortMap {
	var at netip.Addr
	if a, err := netip.ParseAddr(host); err == nil && a.IsLoopback() {
		at = a
	}
	m := network.PortMap{}
	for _, p := range ports {
		if number, ok := network.PortFrom(uint16(p), network.TCP); ok { //nolint:gosec // checked: 1 to 65535
			m[number] = []network.PortBinding{{HostIP: at, HostPort: "0"}}
		}
	}
	return m
}

// outlive is a context that ends a little after ctx: what the engine is doing
// for us it finishes, even if nobody waits for the answer, and then we had
// better know of it.
func outlive(ctx context.Context) (context.Context, func()) {
	within, cancel := context.WithCancel(context.WithoutCancel(ctx))
	over := make(chan struct{})
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		select {
		case <-over:
		case <-ctx.Done():
			late, done := context.WithTimeout(context.WithoutCancel(ctx), stopGrace)
			_ = clock.Real{}.Wait(late, over)
			done()
		}
		cancel()
	}()
	return within, func() {
		close(over)
		<-watched
	}
}

// begin starts the container and waits until it is ready.
func (t *receiver) begin(ctx context.Context) error {
	if t.spec.Ready.Log != nil {
		t.said = t.logged(ctx)
	}
	if _, err := t.engine.api.ContainerStart(ctx, t.ctr.GetContainerID(), client.ContainerStartOptions{}); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("its container cannot be started: %s", oneLine(err))
	}
	within, cancel := context.WithTimeout(ctx, t.spec.StartTimeout)
	defer cancel()
	exited := make(chan struct{})
	err := reach.Await(within, exited, func(ctx context.Context) error {
		state, err := t.state(ctx)
		if err != nil {
			return err
		}
		if !state.Running {
			close(exited)
			return reach.ErrExited
		}
		return t.ready(ctx)
	})
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, reach.ErrExited):
		return fmt.Errorf("it ended (%s) before it was ready; %s", t.ended(ctx), output.Last(t.Log())) //nolint:contextcheck // the log must be had also now
	}
	return fmt.Errorf("it was not ready within %s (%w); does it listen on port %d of every interface (0.0.0.0), not only on its own loopback? %s",
		t.spec.StartTimeout, err, t.port, output.Last(t.Log())) //nolint:contextcheck // likewise
}

// Restart stops the container and starts it again, with its data. With another
// environment, such as a new secret, it is made anew instead.
func (t *receiver) Restart(ctx context.Context, env target.Env) error {
	if t.ctr == nil {
		return t.Start(ctx, env)
	}
	if err := env.Check(); err != nil {
		return fmt.Errorf("%s: %w", t.name, err)
	}
	t.out.Hide(env.Secret, env.APIKey)
	return t.finish(t.again(ctx, env)) //nolint:contextcheck // cleaning up must not end with the run
}

func (t *receiver) again(ctx context.Context, env target.Env) error {
	if !t.same(env) {
		if err := t.remove(ctx); err != nil {
			return err
		}
		return t.bringUp(ctx, env)
	}
	id := t.ctr.GetContainerID()
	_, _ = t.engine.api.ContainerUnpause(ctx, id, client.ContainerUnpauseOptions{}) // a paused one cannot be stopped
	seconds := int(stopGrace.Seconds())
	if _, err := t.engine.api.ContainerStop(ctx, id, client.ContainerStopOptions{Timeout: &seconds}); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("its container cannot be stopped: %s", oneLine(err))
	}
	return t.begin(ctx)
}

// same tells whether the container that there is would be made alike for env.
func (t *receiver) same(env target.Env) bool {
	return maps.Equal(t.env.Variables(t.port, nil), env.Variables(t.port, nil))
}

// Pause freezes the container's processes.
func (t *receiver) Pause() error {
	return t.freeze(func(ctx context.Context, id string) error {
		_, err := t.engine.api.ContainerPause(ctx, id, client.ContainerPauseOptions{})
		return err
	})
}

// Resume lets them go on.
func (t *receiver) Resume() error {
	return t.freeze(func(ctx context.Context, id string) error {
		_, err := t.engine.api.ContainerUnpause(ctx, id, client.ContainerUnpauseOptions{})
		return err
	})
}

func (t *receiver) freeze(f func(ctx context.Context, id string) error) error {
	if t.ctr == nil {
		return fmt.Errorf("%s: is not running", t.name)
	}
	ctx, cancel := context.WithTimeout(context.Background(), cleanTime)
	defer cancel()
	if err := f(ctx, t.ctr.GetContainerID()); err != nil {
		return fmt.Errorf("%s: %s", t.name, oneLine(err))
	}
	return nil
}

// remove takes the container away. Its log stays.
func (t *receiver) remove(ctx context.Context) error {
	if t.ctr == nil {
		return nil
	}
	t.before = t.Log() //nolint:contextcheck // it must be had however the run ended
	_, _ = t.engine.api.ContainerUnpause(ctx, t.ctr.GetContainerID(), client.ContainerUnpauseOptions{})
	err := t.ctr.Terminate(ctx, testcontainers.StopTimeout(0)) // nobody needs what it has in hand
	t.ctr = nil
	if err != nil {
		return fmt.Errorf("its container cannot be removed: %s", oneLine(err))
	}
	return nil
}

// Close removes the container and, if it was built here, its image.
func (t *receiver) Close() error {
	if t.engine == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), cleanTime)
	defer cancel()
	err := t.remove(ctx)
	err = errors.Join(err, t.engine.clean(ctx), t.engine.close())
	t.engine, t.image = nil, ""
	if err != nil {
		return fmt.Errorf("%s: %w", t.name, err)
	}
	return nil
}
