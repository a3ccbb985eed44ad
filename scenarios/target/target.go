// Package target is how a receiver under test is reached and controlled: a URL,
// a process or a container started for the run, or an in-process handler.
package target

import (
	"context"
	"errors"

	"github.com/sentsim/sentsim/simulator/signing"
)

// ErrNoControl is returned by Restart where this target cannot be restarted, or
// cannot be given a new secret: rules that need it are then not checked.
var ErrNoControl = errors.New("this target cannot be controlled")

// Env is what a target is started with.
type Env struct {
	Secret    signing.Secret
	SecretEnv string   // name of the variable that carries Secret; default SENT_DM_WEBHOOK_SECRET
	BaseURL   string   // SENT_BASE_URL: where the harness stands in for Sent's API, without /v3
	APIKey    string   // SENT_DM_API_KEY
	Extra     []string // KEY=VALUE
}

// Target is a receiver under test. Its methods are not called concurrently,
// except that deliveries go on while it is controlled.
type Target interface {
	// Name is how a user would name it, e.g. "exec: node server.js". No secrets.
	Name() string
	// Start brings it up and waits until it is ready, within its own start
	// timeout. Errors say in one line what to do and end a run with status 3.
	// ctx bounds the start alone: what was started runs on until Close.
	Start(ctx context.Context, env Env) error
	// URL is where deliveries go, with the path. Valid after Start; a restart may change it.
	URL() string
	// Restart stops it and starts it again with env, keeping the data that it
	// keeps itself. It is also how a target gets a new secret and how a dead one
	// is brought back. Where it fails, nothing is left running.
	Restart(ctx context.Context, env Env) error
	// Pause makes it stand still, as a machine that swaps or a container that was
	// paused: connections are taken, nothing is answered until Resume. Restart
	// and Close end a pause.
	Pause() error
	Resume() error
	// CanRestart tells whether Restart works, CanRotate whether a new secret takes effect.
	CanRestart() bool
	CanRotate() bool
	// Alive tells whether it still takes connections.
	Alive(ctx context.Context) bool
	// Log is the last lines of its output, or nil.
	Log() []string
	// Close stops what Start started, which may be started again. It is safe to
	// call it more than once, and before Start.
	Close() error
}

// Outside is a target to which this machine's loopback is not its own.
type Outside interface {
	// StandIn is where the stand-in for Sent's API is to listen so that this
	// target reaches it, and what that machine is called from there. listen is
	// HOST:0; where that cannot be had, loopback does. The error is as Start's.
	StandIn(ctx context.Context) (listen, host string, err error)
}

// Imaged is a target that runs from a container image.
type Imaged interface {
	// ImageDigest names the image's content, as sha256:…; "" before Start.
	ImageDigest() string
}
