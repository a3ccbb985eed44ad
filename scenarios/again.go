package scenarios

import (
	"runtime"
	"strings"
	"time"

	"github.com/sentsim/sentsim/scenarios/exchange"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/scenarios/target"
)

// again is how a command line of sentsim names this target and configuration:
// as whoever configured the run says, or else as the target's kind allows.
func (s *session) again(command string) string {
	if s.cfg.Again != nil {
		return s.cfg.Again(command)
	}
	return reproduce(s.cfg, s.subject.Target.Name())
}

// command is a whole command line; one that names no target is none.
func (s *session) command(command string, words ...string) string {
	end := s.again(command)
	if end == "" {
		return ""
	}
	return strings.Join(append(append([]string{"sentsim", command}, words...), end), " ")
}

// seedAgain is the seed with which a command that reads state does the same again:
// a receiver that cannot be restarted still knows what this run has sent to it.
func (s *session) seedAgain(state bool) string {
	if state && !s.subject.Target.CanRestart() {
		return "random"
	}
	return s.cfg.Seed.String()
}

// reproduce names the target as the command line does, in whole or not at all:
// name has no credentials, such as a URL's query or assignments in front of a
// command, and a command without them would do something else.
func reproduce(cfg Config, name string) string {
	t := cfg.Target
	var words []string
	switch {
	case cfg.Embedded:
		return "--embedded"
	case t.URL != "" && name == t.URL:
		return "--target " + exchange.Quote(name)
	case t.Exec != "" && name == "exec: "+t.Exec:
		words = []string{"--exec", t.Exec}
	case t.Image != "":
		words = []string{"--image", t.Image}
	case t.Dockerfile != "":
		words = []string{"--dockerfile", t.Dockerfile}
	default:
		return ""
	}
	if t.Path != "" {
		words = append(words, "--path", t.Path)
	}
	return exchange.Join(words)
}

// opened is a report as it begins: of which run it is.
func opened(cfg Config, version, command, name string, started time.Time) report.Report {
	rep := report.Report{
		Schema: report.Schema, Sentsim: version, Command: command, Host: runtime.GOOS + "/" + runtime.GOARCH,
		Seed: uint64(cfg.Seed), Strict: cfg.Strict, RequireAll: cfg.RequireAll, Edition: cfg.Knobs.Edition,
		Target: name, Notes: append([]string{}, cfg.Notes...),
	}
	if !started.IsZero() {
		rep.Started = started.UTC().Format(time.RFC3339)
	}
	return rep
}

// opened is the session's report as it begins.
func (s *session) opened(version, command string) report.Report {
	rep := opened(s.cfg, version, command, s.subject.Target.Name(), s.started)
	if t := s.subject.Traits; t.Learned && t.Edition != "" {
		rep.Edition = t.Edition
	}
	if c, ok := s.subject.Target.(target.Imaged); ok {
		rep.Image = c.ImageDigest()
	}
	return rep
}
