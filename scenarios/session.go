package scenarios

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/sentsim/sentsim/scenarios/diagnosis"
	"github.com/sentsim/sentsim/scenarios/driver"
	"github.com/sentsim/sentsim/scenarios/probe"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/scenarios/sentapi"
	"github.com/sentsim/sentsim/scenarios/steps"
	"github.com/sentsim/sentsim/scenarios/target"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/signing"
)

// defaultAPIKey is what a target that we start uses for Sent's API.
const defaultAPIKey = "sentsim"

// session is a target under test: started, and stopped by close.
type session struct {
	cfg     Config
	subject *steps.Subject
	started time.Time
	stop    func() error // of the stand-in for Sent's API
	cleanup func() error // of what the embedded receiver keeps

	late      *late
	first     firstDelivery // settled before the first scenario
	unlearned string        // why nothing was learned, where that is our own trouble
	diagnosis *report.Diagnosis
	diagnosed string // the rule whose failure the diagnosis is about; "" for the first delivery's

	life   sync.Mutex       // held while the target is looked at and brought back
	down   string           // why the target is gone for good; "" while it is not
	sender *planned         // who sent last
	fell   string           // when the target went down first
	risen  time.Time        // when it was brought back last
	fells  map[*planned]int // how often it went down in each scenario, or, of several at a time, left a delivery of it without an answer

	mu         sync.Mutex
	hung       int                         // scenarios in which a reading of the state was not answered in time
	blamed     map[*planned]string         // scenarios that fail after the event, and why
	refused    map[*planned]steps.Exchange // genuine deliveries that made their scenario fail
	excused    map[*planned]string         // scenarios that failed by a mistake of another rule, and why
	lossy      map[bool]string             // by whether of inbound texts: which rule says that what is acknowledged is lost now and then
	state      map[*planned]*steps.Failure // scenarios that failed by what the state showed
	sporadic   sporadic
	taken      map[*planned][]steps.Exchange // forged deliveries that a bystander's scenario saw accepted
	copies     steps.Copies                  // what was seen where a duplicate had a second effect
	losses     map[bool]steps.Losses         // the same: what was seen of what comes one after another, where some was lost
	mislearned bool                          // a status seemed not to be kept, and updates are lost: nobody knows which it was
	losing     bool                          // a run has met wrong states: whether it is by losses is to be looked for
	sameSecond steps.SameSecond              // what was seen where two statuses at the same instant went wrong
	forgotten  steps.Forgotten               // what was seen of a retry after all scenarios
	forgets    int                           // after so many events of others; 0 where that was not seen
	wondered   bool                          // whether a tight tolerance was looked for behind a refusal
	shut       *report.Scenario              // how the plain delivery's does; nil while it does not
}

// open starts the target and everything around it. A *TargetError says that it
// could not; every other error is about the configuration.
func open(ctx context.Context, cfg Config) (*session, error) {
	if err := guard(ctx, cfg); err != nil {
		return nil, err
	}
	return reach(ctx, cfg)
}

// reach is open for whoever knows that nothing hostile will be sent.
func reach(ctx context.Context, cfg Config) (*session, error) {
	if cfg.invalid != nil && cfg.Secret.IsZero() {
		return nil, cfg.invalid
	}
	cleanup := func() error { return nil }
	if cfg.Embedded {
		var err error
		if cleanup, err = embed(&cfg); err != nil { //nolint:contextcheck // the receiver ends with the session, not with ctx
			return nil, err
		}
	}
	s, err := start(ctx, cfg)
	if err != nil {
		return nil, errors.Join(err, cleanup())
	}
	s.cleanup = cleanup
	return s, nil
}

// start is open for a target that is given.
func start(ctx context.Context, cfg Config) (*session, error) {
	if cfg.APIKey == "" {
		cfg.APIKey = defaultAPIKey
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = time.Duration(cfg.Knobs.TimeoutSeconds) * time.Second
	}
	p, err := newProbe(cfg)
	if err != nil {
		return nil, err
	}
	secret := cfg.Secret
	if secret.IsZero() {
		if secret, err = signing.GenerateTellingSecret(rand.Reader); err != nil {
			return nil, err
		}
	}
	sender, err := newSender(cfg)
	if err != nil {
		return nil, err
	}
	cfg.Target.WaitForTarget, cfg.Target.TLS = cfg.WaitForTarget, target.TLS{CACert: cfg.CACert, Insecure: cfg.Insecure}
	tgt, err := target.New(cfg.Target)
	if err != nil {
		return nil, err
	}
	listen, host := listenAddress(ctx, cfg.SentBaseURL), ""
	if out, ok := tgt.(target.Outside); ok {
		if listen, host, err = out.StandIn(ctx); err != nil {
			return nil, errors.Join(&TargetError{Err: err, Target: tgt.Name()}, tgt.Close())
		}
	}
	api, stop, err := standIn(ctx, listen, cfg.APIKey, hostOf(cfg.SentBaseURL), host)
	if err != nil {
		return nil, errors.Join(err, tgt.Close())
	}
	env := target.Env{Secret: secret, SecretEnv: cfg.SecretEnv, BaseURL: calledFrom(api.URL(), host), APIKey: cfg.APIKey}
	pulse, err := driver.StartPulse(ctx)
	if err != nil {
		return nil, errors.Join(err, stop(), tgt.Close())
	}
	s := &session{
		cfg: cfg, stop: stop, started: clock.Wall(), late: newLate(cfg.Settle, pulse), blamed: map[*planned]string{}, fells: map[*planned]int{}, state: map[*planned]*steps.Failure{}, taken: map[*planned][]steps.Exchange{}, lossy: map[bool]string{}, losses: map[bool]steps.Losses{},
		sporadic: sporadic{met: map[*planned][]sighting{}, together: map[*planned]steps.Exchange{}},
		refused:  map[*planned]steps.Exchange{}, excused: map[*planned]string{},
		subject: steps.NewSubject(&steps.Subject{
			Target: tgt, Env: env, Probe: p, API: api, Sender: sender,
			Seed: cfg.Seed, Start: cfg.Start, Clock: cfg.Clock, Knobs: cfg.Knobs, Headers: cfg.Headers,
			Settle: cfg.Settle, Timeout: cfg.Timeout, AckWithin: cfg.AckWithin, Strict: cfg.Strict,
			Pulse: pulse,
		}),
	}
	if !cfg.Target.Arrange.IsZero() {
		arranger, err := target.NewArranger(cfg.Target, tgt, api, cfg.Settle)
		if err != nil {
			return nil, errors.Join(err, s.close())
		}
		s.subject.Arrange = s.arrange(arranger)
	}
	if err := tgt.Start(ctx, env); err != nil {
		log := tgt.Log()
		return nil, errors.Join(&TargetError{Err: err, Target: tgt.Name(), Log: log}, s.close())
	}
	if err := s.recognise(ctx); err != nil {
		return nil, errors.Join(err, s.close())
	}
	s.subject.Probe.LearnUnknown(ctx, tgt.URL())
	if cfg.NextSeed {
		s.nextSeed(ctx)
	}
	return s, nil
}

// maxSeeds is how many seeds are tried for one whose messages the target does not know.
const maxSeeds = 200

// nextSeed goes on to the first seed whose messages the target does not know: it
// may keep its state from run to run.
func (s *session) nextSeed(ctx context.Context) {
	first := s.cfg.Seed
	knows := s.knownBefore(ctx) != ""
	for n := 0; knows && n < maxSeeds; n++ {
		s.cfg.Seed++
		s.subject.Reseed(s.cfg.Seed)
		knows = s.knownBefore(ctx) != ""
	}
	if knows { // all of them, or whatever it is asked for: the first delivery says so
		s.cfg.Seed = first
		s.subject.Reseed(first)
	}
	if s.cfg.Seed != first {
		s.cfg.Notes = append(slices.Clone(s.cfg.Notes), fmt.Sprintf("the receiver knows the messages of seed %s already, from an earlier run: this one has seed %s", first, s.cfg.Seed))
	}
}

// arrange has the receiver send or store a message itself.
func (s *session) arrange(a *target.Arranger) func(context.Context, driver.Message) (driver.Message, error) {
	return func(ctx context.Context, m driver.Message) (driver.Message, error) {
		made, err := a.Arrange(ctx, s.subject.Env, target.Message{ID: m.ID, To: m.To, From: m.From, Channel: m.Channel})
		if err != nil {
			return m, err
		}
		m.ID, m.To, m.From, m.Channel = made.ID, made.To, made.From, made.Channel
		return m, nil
	}
}

// redial keeps the kernel's long pauses out of what a burst measures (ACK-2): a
// server with a short queue of connections is behind for milliseconds only.
const redial = 200 * time.Millisecond

// newProbe reads the state of an https target with the trust that deliveries have.
func newProbe(cfg Config) (*probe.Probe, error) {
	if cfg.CACert == "" && !cfg.Insecure {
		return probe.New(cfg.Probe, nil)
	}
	conf, err := target.TLS{CACert: cfg.CACert, Insecure: cfg.Insecure}.Config()
	if err != nil {
		return nil, err
	}
	return probe.New(cfg.Probe, &http.Transport{TLSClientConfig: conf, DisableKeepAlives: true})
}

func newSender(cfg Config) (delivery.HTTP, error) {
	trust := target.TLS{CACert: cfg.CACert, Insecure: cfg.Insecure}
	pool, err := trust.Pool()
	return delivery.HTTP{RootCAs: pool, Insecure: cfg.Insecure, Redial: redial}, err
}

// standIn listens where the receiver is told that Sent's API is. What the
// environment says about that address matters for a target that we do not
// start: it was told the same.
func standIn(ctx context.Context, listen, apiKey string, names ...string) (*sentapi.Server, func() error, error) {
	api, err := sentapi.New(listen, apiKey, names...)
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx)) // it ends with the session
	done := make(chan error, 1)
	go func() { done <- api.Run(ctx) }()
	return api, func() error {
		cancel()
		return errors.Join(api.Close(), <-done)
	}, nil
}

// hostOf is the name of a URL's host, "" for none.
func hostOf(base string) string {
	u, err := url.Parse(base)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// calledFrom is a base URL under another name of its host; "" is its own.
func calledFrom(base, host string) string {
	u, err := url.Parse(base)
	if host == "" || err != nil {
		return base
	}
	u.Host = net.JoinHostPort(host, u.Port())
	return u.String()
}

// close stops the target and whatever else open started.
func (s *session) close() error {
	s.late.end(false)
	err := errors.Join(s.subject.Pulse.Close(), s.subject.Target.Close(), s.stop())
	if s.cleanup != nil {
		err = errors.Join(err, s.cleanup())
	}
	return err
}

// Connection is a target that was reached or started for deliveries one at a
// time. It is for one goroutine. Close it.
type Connection struct{ s *session }

// Connect reaches or starts the target of cfg. With hostile, which is whatever is
// not a genuine delivery, a public address must have been named in
// cfg.AllowPublic. The errors are those of Run.
func Connect(ctx context.Context, cfg Config, hostile bool) (*Connection, error) {
	begin := reach
	if hostile {
		begin = open
	}
	s, err := begin(ctx, cfg)
	if err != nil {
		return nil, err
	}
	return &Connection{s: s}, nil
}

// Name is how a user would name the target. No secrets.
func (c *Connection) Name() string { return c.s.subject.Target.Name() }

// URL is where deliveries go.
func (c *Connection) URL() string { return c.s.subject.Target.URL() }

// Secret is what the target verifies with.
func (c *Connection) Secret() signing.Secret { return c.s.subject.Env.Secret }

// Send makes one attempt, with the configuration's timeout.
func (c *Connection) Send(ctx context.Context, r delivery.Request) delivery.Outcome {
	return c.s.subject.Sender.Send(ctx, r, c.s.subject.Timeout)
}

// Diagnose finds out why a genuine delivery was answered with o, by experiments as
// verify makes them. At a public address that nobody allowed it makes none, for
// some are with signatures that are wrong, and only looks at the answer. Nil where
// that says nothing.
func (c *Connection) Diagnose(ctx context.Context, o delivery.Outcome) *report.Diagnosis {
	if guard(ctx, c.s.cfg) != nil {
		return diagnosis.Named(o)
	}
	r := c.s.underDiagnosis()
	plain := diagnosis.Plain(ctx, r)
	if plain.Accepted() {
		return &report.Diagnosis{
			Cause:   "event-refused",
			Summary: "an ordinary message.queued delivery is accepted, so key, clock and path are fine, and it is this event or body that is refused",
			Fix:     "Acknowledge every correctly signed event with a 2xx, also one that you do not use.",
		}
	}
	d := diagnosis.Of(ctx, r, plain)
	return &d
}

// Redact takes the signing secret out of what is printed.
func (c *Connection) Redact(text string) string { return c.s.redact(text) }

// Log is the last lines of the target's output.
func (c *Connection) Log() []string { return c.s.subject.Target.Log() }

// Close stops the target if Connect started it.
func (c *Connection) Close() error { return c.s.close() }
