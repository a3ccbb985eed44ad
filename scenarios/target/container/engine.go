package container

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
	tclog "github.com/testcontainers/testcontainers-go/log"

	"github.com/sentsim/sentsim/scenarios/target/internal/reach"
)

// Everything that we make in a container engine carries these labels: whose it
// is, and whether that process still runs. labelMark alone finds all of it.
const (
	labelMark    = "sentsim"         // always "target"
	labelHost    = "sentsim.host"    // where the owner runs, with its process namespace
	labelPID     = "sentsim.pid"     // the owner
	labelStarted = "sentsim.started" // when the owner started, as its kernel tells; "" where that is unknown
	labelRun     = "sentsim.run"     // one target of one owner
)

// hostName is how a container calls the machine that it runs on.
const hostName = "host.docker.internal"

// cleanTime is how long removing what we made may take, whatever has become of
// the run's context.
const cleanTime = 30 * time.Second

// engine is a connection to the container engine, and who we are to it.
type engine struct {
	provider *testcontainers.DockerProvider
	api      client.APIClient
	labels   map[string]string
}

// connect finds the engine as every Docker client does: DOCKER_HOST, the
// current user's socket, the system's.
func connect(ctx context.Context) (*engine, error) {
	p, err := quietly(func() (*testcontainers.DockerProvider, error) {
		if strings.Contains(os.Getenv("DOCKER_HOST"), "podman.sock") {
			return testcontainers.NewDockerProvider(testcontainers.Generic2DockerOptions(testcontainers.WithLogger(tclog.NewNoopLogger()))[0],
				testcontainers.WithDefaultBridgeNetwork(testcontainers.Podman))
		}
		return testcontainers.NewDockerProvider(testcontainers.Generic2DockerOptions(testcontainers.WithLogger(tclog.NewNoopLogger()))[0],
			testcontainers.WithDefaultBridgeNetwork(testcontainers.Bridge))
	})
	if err != nil {
		return nil, noEngine(err)
	}
	e := &engine{provider: p, api: p.Client()}
	// Where nobody answers at DOCKER_HOST the library goes on to the next place,
	// which is not the engine that was meant.
	if named := os.Getenv("DOCKER_HOST"); named != "" && named != e.api.DaemonHost() && p.Config().Config.TestcontainersHost == "" {
		_ = p.Close()
		return nil, noEngine(fmt.Errorf("DOCKER_HOST is %s, and nobody is there", named))
	}
	ping, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if _, err := e.api.Ping(ping, client.PingOptions{}); err != nil {
		_ = p.Close()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, noEngine(err)
	}
	e.labels = map[string]string{
		labelMark: "target", labelRun: uuid.NewString(),
		labelHost: thisHost(), labelPID: strconv.Itoa(os.Getpid()), labelStarted: startOf(os.Getpid()),
	}
	return e, nil
}

func noEngine(err error) error {
	why := oneLine(err)
	if strings.Contains(why, "rootless Docker not found") { // the last place that the library looks at
		why = "none of its usual sockets is there"
	}
	return fmt.Errorf("no container engine answers (%s); start Docker, or name another with DOCKER_HOST, or test a receiver without one: --exec 'CMD' or --target URL", why)
}

// logSwap guards the library's one logger.
//
//nolint:gochecknoglobals // what it guards is global too
var logSwap sync.Mutex

// quietly keeps the library from printing a banner about the engine, which it
// does for the first connection of a process, whatever logger that was given.
func quietly[T any](f func() (T, error)) (T, error) {
	logSwap.Lock()
	defer logSwap.Unlock()
	before := tclog.Default()
	tclog.SetDefault(tclog.NewNoopLogger())
	defer tclog.SetDefault(before)
	return f()
}

// oneLine is an error that fits into one line.
func oneLine(err error) string {
	return strings.Join(strings.Fields(err.Error()), " ")
}

// sweep removes what owners left behind that no longer run: a killed process
// cleans nothing up. What belongs to another machine stays. It is no reason not
// to go on that something cannot be removed.
func (e *engine) sweep(ctx context.Context) {
	mine := client.Filters{}.Add("label", labelMark, labelHost+"="+e.labels[labelHost])
	if found, err := e.api.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: mine}); err == nil {
		for _, c := range found.Items {
			if orphaned(c.Labels) {
				e.removeContainer(ctx, c.ID)
			}
		}
	}
	if found, err := e.api.ImageList(ctx, client.ImageListOptions{Filters: mine}); err == nil {
		for _, i := range found.Items {
			if orphaned(i.Labels) {
				e.removeImage(ctx, i.ID)
			}
		}
	}
}

// clean removes whatever this run made and does not know of, because its
// context ended while the engine was at it.
func (e *engine) clean(ctx context.Context) error {
	ours := client.Filters{}.Add("label", labelRun+"="+e.labels[labelRun])
	found, err := e.api.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: ours})
	if err != nil {
		return fmt.Errorf("looking for what is left of it: %s", oneLine(err))
	}
	for _, c := range found.Items {
		e.removeContainer(ctx, c.ID)
	}
	images, err := e.api.ImageList(ctx, client.ImageListOptions{Filters: ours})
	if err != nil {
		return fmt.Errorf("looking for what is left of it: %s", oneLine(err))
	}
	for _, i := range images.Items {
		e.removeImage(ctx, i.ID)
	}
	return nil
}

func (e *engine) removeContainer(ctx context.Context, id string) {
	_, _ = e.api.ContainerRemove(ctx, id, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
}

func (e *engine) removeImage(ctx context.Context, id string) {
	_, _ = e.api.ImageRemove(ctx, id, client.ImageRemoveOptions{Force: true, PruneChildren: true})
}

// orphaned tells whether the owner of something with these labels is gone. An
// owner that cannot be told is taken to be alive.
func orphaned(labels map[string]string) bool {
	pid, err := strconv.Atoi(labels[labelPID])
	if err != nil || pid <= 0 {
		return false
	}
	if !running(pid) {
		return true
	}
	started, now := labels[labelStarted], startOf(pid)
	return started != "" && now != "" && started != now // somebody else has that number by now
}

// thisHost names the machine and, where there are several, the namespace in
// which a process number means anything.
func thisHost() string {
	name, err := os.Hostname()
	if err != nil {
		name = "unknown"
	}
	if space, err := os.Readlink("/proc/self/ns/pid"); err == nil {
		name += "/" + space
	}
	return name
}

// startOf is when a process started, in its kernel's own measure; "" where
// there is no /proc to say so.
func startOf(pid int) string {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return ""
	}
	text := string(data)
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:]) // its name may have blanks in it
	const start = 19                                                    // the 22nd, the first after the name being the third
	if len(fields) <= start {
		return ""
	}
	return fields[start]
}

// standIn is where on this machine its containers reach us: the address that we
// have on their bridge, which nobody else can connect to. Where they run in a
// virtual machine (Docker Desktop), there is no such address, and the engine
// forwards to our loopback.
func (e *engine) standIn(ctx context.Context) (listen string) {
	const loopback = "127.0.0.1:0"
	name := testcontainers.Bridge
	if strings.Contains(os.Getenv("DOCKER_HOST"), "podman.sock") {
		name = testcontainers.Podman
	}
	bridge, err := e.api.NetworkInspect(ctx, name, client.NetworkInspectOptions{})
	if err != nil {
		return loopback
	}
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return loopback
	}
	for _, c := range bridge.Network.IPAM.Config {
		for _, a := range addresses {
			p, err := netip.ParsePrefix(a.String())
			// Not the gateway that the network names: it may not be told, and we
			// can listen on what is ours only.
			if err == nil && p.Addr().Is4() && c.Subnet.Contains(p.Addr()) {
				return net.JoinHostPort(p.Addr().String(), "0")
			}
		}
	}
	return loopback
}

// host is where published ports are.
func (e *engine) host(ctx context.Context) (string, error) {
	host, err := e.provider.DaemonHost(ctx)
	if err != nil {
		return "", fmt.Errorf("where its ports are: %s", oneLine(err))
	}
	if host == "localhost" { // published for IPv4 only
		host = reach.Loopbacks()[0]
	}
	return host, nil
}

func (e *engine) close() error {
	if err := e.provider.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}
