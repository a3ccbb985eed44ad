package scenarios

import (
	"net/http"
	"runtime/debug"
	"time"

	"github.com/sentsim/sentsim/scenarios/probe"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/scenarios/rule"
	"github.com/sentsim/sentsim/scenarios/target"
	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/seed"
	"github.com/sentsim/sentsim/simulator/signing"
)

// Config is everything a run needs to know. The constructors, such as Handler, begin
// with DefaultConfig; package config makes one of a file, the environment and flags.
type Config struct {
	Target    target.Spec    // without a handler: see Embedded
	Embedded  bool           // the target is the reference receiver inside this process
	Probe     probe.Config   // how to read the receiver's state
	Secret    signing.Secret // zero: make one and give it to the target; never zero for a URL
	SecretEnv string         // the name of the variable under which a started target gets it

	Seed seed.Seed
	// NextSeed: a target that knows the messages of Seed already, from an earlier
	// run, gets the first seed after it whose messages it does not know.
	NextSeed bool
	Start    time.Time       // where the simulation's clock begins; zero: derived from the wall clock
	Clock    string          // virtual, real or scaled=N
	Knobs    simulator.Knobs // Sent's side

	Settle        time.Duration // how long state may lag behind the acknowledgement
	Timeout       time.Duration // of one delivery attempt, wall time
	AckWithin     time.Duration // how quickly a delivery should be acknowledged (ACK-1)
	WaitForTarget time.Duration // how long a URL may take to accept connections; 0 tries once

	Strict   bool
	FailFast bool
	// TimeLimit ends a run in good order, with the report so far; 0 does not.
	TimeLimit time.Duration
	// RequireAll fails a run in which a MUST rule was not checked.
	RequireAll bool
	Tags       string   // tag expression; "" selects all
	Rules      []string // rule ids in the order of the contract; empty selects all
	Skip       []string // rule ids that are not judged though Rules selects them
	Features   []string // feature files whose scenarios run instead of the contract's own

	Headers     []delivery.Header // sent with every delivery, sorted by name
	CACert      string            // PEM file to trust for an https target; "" trusts the system's
	Insecure    bool              // trust any certificate
	AllowPublic []string          // HOST:PORT that hostile traffic may go to though it is public

	// Again is how a command line of sentsim names this configuration in words for a
	// shell, target included; nil: as the target's kind allows. command is the
	// subcommand that they are for. Notes are what else a report says of the run.
	Again func(command string) string
	Notes []string

	SentBaseURL string // where the target expects Sent's API; "": a free loopback port
	APIKey      string // that the target uses for it; never print it

	invalid error // why a constructor left Secret out; of everything that needs one
}

// DefaultConfig is the configuration when nothing is given, apart from the target.
func DefaultConfig() Config {
	return Config{
		SecretEnv: "SENT_DM_WEBHOOK_SECRET",
		Seed:      1,
		NextSeed:  true,
		Clock:     "virtual",
		Knobs:     simulator.DefaultKnobs(),
		Settle:    2 * time.Second,
		Timeout:   10 * time.Second,
		AckWithin: time.Second,
		Target:    target.Spec{Path: "/webhooks/sent", StartTimeout: 30 * time.Second},
	}
}

// Judged is the rules that a run judges, in the order of the contract.
func (c Config) Judged() ([]rule.Rule, error) {
	rules, err := rule.All(), error(nil)
	if len(c.Rules) > 0 {
		if rules, err = rule.Select(c.Rules); err != nil {
			return nil, err
		}
	}
	return rule.Except(rules, c.Skip)
}

// Handler is the configuration for a receiver inside this process. h is called
// with the signing secret, and again whenever a rule restarts the receiver or
// gives it another secret.
func Handler(h func(secret string) http.Handler) Config {
	cfg := DefaultConfig()
	cfg.Target.Handler = func(env target.Env) (http.Handler, func() error, error) {
		return h(env.Secret.Reveal()), nil, nil
	}
	return cfg
}

// URL is the configuration for a receiver that runs already: where its webhook
// is, and what it verifies with. A secret that is none is an error of Run.
func URL(url, secret string) Config {
	cfg := DefaultConfig()
	cfg.Target.URL = url
	cfg.Secret, cfg.invalid = signing.ParseSecret(secret)
	return cfg
}

// Exec is the configuration for a receiver that a command starts. It finds PORT
// and SENT_DM_WEBHOOK_SECRET in its environment.
func Exec(command string) Config {
	cfg := DefaultConfig()
	cfg.Target.Exec = command
	return cfg
}

// Image is the configuration for a receiver in a container of that image, which
// exposes one port. It finds PORT and SENT_DM_WEBHOOK_SECRET in its environment.
//
// Containers are a package of their own, which the test imports:
//
//	import _ "github.com/sentsim/sentsim/scenarios/target/container"
func Image(ref string) Config {
	cfg := DefaultConfig()
	cfg.Target.Image = ref
	return cfg
}

// Dockerfile is Image for one that is built for the run, of the Dockerfile in
// dir. It needs the same import.
func Dockerfile(dir string) Config {
	cfg := DefaultConfig()
	cfg.Target.Dockerfile = dir
	return cfg
}

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
