package container

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/google/uuid"
	"github.com/moby/moby/api/pkg/authconfig"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"

	"github.com/sentsim/sentsim/scenarios/target/internal/output"
)

// imageTime is how long an image may take to be pulled or built.
const imageTime = 15 * time.Minute

// obtain makes sure that the image of the reference is there. One that the
// engine has is used as it is; any other is pulled.
func (e *engine) obtain(ctx context.Context, ref string) error {
	_, err := e.api.ImageInspect(ctx, ref)
	if err == nil {
		return nil
	}
	if !errdefs.IsNotFound(err) {
		return fmt.Errorf("image %s: %s", ref, oneLine(err))
	}
	within, cancel := context.WithTimeout(ctx, imageTime)
	defer cancel()
	if err := e.pull(within, ref); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("image %s is not here and cannot be pulled (%s); build it first (docker build -t %s .), or correct its name", ref, oneLine(err), ref)
	}
	return nil
}

// digest is the digest under which a registry has the image, or else that of the
// image itself; "" when the engine does not say.
func (e *engine) digest(ctx context.Context, ref string) string {
	image, err := e.api.ImageInspect(ctx, ref)
	if err != nil {
		return ""
	}
	if len(image.RepoDigests) > 0 {
		return image.RepoDigests[0]
	}
	return image.ID
}

func (e *engine) pull(ctx context.Context, ref string) error {
	var o client.ImagePullOptions
	if _, auth, err := testcontainers.DockerImageAuth(ctx, ref); err == nil { // else as anybody
		if o.RegistryAuth, err = authconfig.Encode(auth); err != nil {
			return err
		}
	}
	resp, err := e.api.ImagePull(ctx, ref, o)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Close() }()
	return resp.Wait(ctx)
}

// build makes an image of the Dockerfile at path, which is a folder or the file
// itself, and returns its name. It is for this run.
func (e *engine) build(ctx context.Context, path string) (ref string, err error) {
	dir, file, err := dockerfile(path)
	if err != nil {
		return "", err
	}
	var said bytes.Buffer
	req := testcontainers.ContainerRequest{Labels: e.labels, FromDockerfile: testcontainers.FromDockerfile{
		Context: dir, Dockerfile: file, Repo: "sentsim-target", Tag: uuid.NewString(), BuildLogWriter: &said,
	}}
	within, cancel := context.WithTimeout(ctx, imageTime)
	defer cancel()
	ref, err = e.provider.BuildImage(within, &req)
	if err == nil {
		return ref, nil
	}
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	hint := "; repair " + filepath.Join(dir, file)
	if strings.Contains(err.Error()+said.String(), "BuildKit") {
		hint = "; this Dockerfile needs BuildKit, so build it yourself (docker build -t NAME " + dir + ") and use --image NAME"
	}
	why := oneLine(err)
	if lines := strings.Split(strings.TrimSpace(said.String()), "\n"); lines[len(lines)-1] != "" && !strings.Contains(why, lines[len(lines)-1]) {
		why += "; " + output.Last(lines)
	}
	return "", fmt.Errorf("%s does not build: %s%s", filepath.Join(dir, file), why, hint)
}

// dockerfile takes what a user named apart: where the build starts, and its
// file there.
func dockerfile(path string) (dir, file string, err error) {
	const usual = "Dockerfile"
	info, err := os.Stat(path)
	if err != nil {
		return "", "", fmt.Errorf("%s is neither a folder with a Dockerfile nor a Dockerfile", path)
	}
	if !info.IsDir() {
		return filepath.Dir(path), filepath.Base(path), nil
	}
	if info, err := os.Stat(filepath.Join(path, usual)); err != nil || info.IsDir() {
		return "", "", fmt.Errorf("%s has no Dockerfile in it; name the file itself if it is called otherwise", path)
	}
	return path, usual, nil
}

// listensOn is the port on which a receiver in this image listens: the only TCP
// port that it exposes.
func (e *engine) listensOn(ctx context.Context, ref string) (int, error) {
	image, err := e.api.ImageInspect(ctx, ref)
	if err != nil {
		return 0, fmt.Errorf("image %s: %s", ref, oneLine(err))
	}
	var ports []string
	if image.Config != nil {
		for p := range image.Config.ExposedPorts {
			if number, proto, _ := strings.Cut(p, "/"); proto == "" || proto == "tcp" {
				ports = append(ports, number)
			}
		}
	}
	const hint = "say where the receiver listens with --port N (target.port)"
	switch len(ports) {
	case 0:
		return 0, errors.New("its image exposes no port; " + hint + ", or EXPOSE it in the Dockerfile")
	case 1:
	default:
		return 0, fmt.Errorf("its image exposes %d ports; %s", len(ports), hint)
	}
	port, err := strconv.Atoi(ports[0])
	if err != nil || port < 1 || port > 65535 {
		return 0, fmt.Errorf("its image exposes %s, which is no single port; %s", ports[0], hint)
	}
	return port, nil
}

// imageRef is what an image can be called; the engine says more, but only once
// it is asked.
var imageRef = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/:@-]*$`)
