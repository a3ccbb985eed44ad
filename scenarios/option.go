package scenarios

import (
	"runtime/debug"

	"github.com/sentsim/sentsim/scenarios/report"
)

// Option changes how a run is told. What is judged, and how, stands in its Config.
type Option func(*options)

type options struct {
	version string
	watch   Watcher
}

// WithWatcher has w told how the run goes.
func WithWatcher(w Watcher) Option { return func(o *options) { o.watch = w } }

// WithVersion is what the report calls the version of sentsim, for a program that its
// linker has told; without, it is that of this module in the program.
func WithVersion(version string) Option { return func(o *options) { o.version = version } }

func optionsOf(opts []Option) options {
	o := options{watch: unwatched{}}
	for _, opt := range opts {
		opt(&o)
	}
	if o.version == "" {
		o.version = moduleVersion()
	}
	return o
}

// moduleVersion is the version of this module in the program, as far as its build
// information says.
func moduleVersion() string {
	const module, none = "github.com/sentsim/sentsim", "devel"
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return none
	}
	for _, m := range append(info.Deps, &info.Main) {
		if m.Path == module && m.Version != "" && m.Version != "(devel)" {
			return m.Version
		}
	}
	return none
}

// unwatched is the watcher of a run that is told once it is over.
type unwatched struct{}

func (unwatched) Start(report.Header)  {}
func (unwatched) RuleDone(report.Rule) {}
