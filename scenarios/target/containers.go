package target

import (
	"errors"
	"fmt"
)

// ErrNoContainers is returned by New for an image or a Dockerfile in a program
// that does not import package target/container: a container engine's client is
// large, and most receivers are tested without one.
var ErrNoContainers = errors.New(`this program was built without containers: add import _ "github.com/sentsim/sentsim/scenarios/target/container"`)

// containers is what package target/container registered; nil: nobody imports it.
//
//nolint:gochecknoglobals // filled by an import, as database/sql's drivers are
var containers func(Spec) (Target, error)

// RegisterContainers has New make targets of images and Dockerfiles with f, which
// gets a checked Spec. Package target/container calls it when it is imported.
func RegisterContainers(f func(Spec) (Target, error)) { containers = f }

// newContainer makes a target of kind image or dockerfile.
func newContainer(kind string, spec Spec) (Target, error) {
	if containers == nil {
		return nil, fmt.Errorf("target.%s: %w", kind, ErrNoContainers)
	}
	return containers(spec)
}
