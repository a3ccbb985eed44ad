package scenarios

import (
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/sentsim/sentsim/scenarios/exchange"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/scenarios/rule"
	"github.com/sentsim/sentsim/scenarios/steps"
	"github.com/sentsim/sentsim/scenarios/target"
	"github.com/sentsim/sentsim/simulator/contract"
	"github.com/sentsim/sentsim/simulator/signing"
)

const (
	maxStory     = 12   // exchanges in the evidence of one scenario
	maxBodyShown = 8192 // bytes of a request's body that are printed
)

// evidence is what a failure rests on: the delivery in question first, then, if
// the receiver's state is what is wrong, the deliveries that led there.
func (s *session) evidence(p *planned, f *steps.Failure, w *steps.World) []report.Evidence {
	var out []report.Evidence
	if f.At != nil {
		e := s.exchange(p, *f.At)
		e.Expected = f.Expected
		if f.Seen != "" {
			e.State = s.redact(oneLine(f.Seen))
			e.Response += "\nstate: " + e.State
			e.Reproduce = s.reproduceRule(p) // one delivery alone does not lead there
		}
		out = append(out, e)
	} else {
		state := s.redact(oneLine(f.Seen))
		out = append(out, report.Evidence{Response: "state: " + state, State: state, Expected: f.Expected, Reproduce: s.reproduceRule(p)})
	}
	story := w.Exchanges()
	if f.Seen == "" && len(story) < 2 {
		return out // it is the story
	}
	for i := range out {
		if f.At != nil && f.At.N > 0 {
			out[i].SentMS = f.At.Sent.Sub(story[0].Sent).Milliseconds()
		}
	}
	for _, x := range story[:min(len(story), maxStory)] {
		e := s.exchange(p, x)
		e.SentMS = x.Sent.Sub(story[0].Sent).Milliseconds()
		e.Expected = fmt.Sprintf("step %d of the story: %s", x.N, x.What)
		e.Changed, e.Reproduce = "", ""
		out = append(out, e)
	}
	return out
}

func (s *session) exchange(p *planned, x steps.Exchange) report.Evidence {
	e := report.Evidence{
		Step: x.N, What: x.What,
		Request:   s.redact(exchange.Curl(x.Request, exchange.CurlOptions{Private: s.cfg.Headers, MaxBody: maxBodyShown})),
		Response:  s.redact(exchange.Response(x.Outcome)),
		Reproduce: s.reproduceRule(p),
	}
	if x.Genuine != nil && len(x.Request.Body) <= maxBodyShown {
		e.Changed = s.redact(exchange.Diff(*x.Genuine, x.Request, s.cfg.Headers))
	}
	if x.Trigger != nil {
		e.Reproduce = s.command("trigger", exchange.Join(x.Trigger))
	}
	return e
}

// stateAfter is a state that was read once an exchange was over.
func (s *session) stateAfter(x *steps.Exchange, state, expected string) report.Evidence {
	e := report.Evidence{Response: "state: " + s.redact(oneLine(state)), Expected: expected}
	if x != nil {
		e.Request = s.redact(x.What)
	}
	return e
}

// besideScenarios is how a rule fails by what no scenario of its own asked about.
func besideScenarios(name, reason string, evidence ...report.Evidence) report.Scenario {
	return report.Scenario{Name: name, File: "seen beside the scenarios", Verdict: report.Failed, Reason: reason, Evidence: evidence}
}

// reproduceRule is the command that judges the scenario's rule again, after others if
// there are any, with the same ids where the receiver does not know them already.
func (s *session) reproduceRule(p *planned, others ...contract.ID) string {
	words := []string{"--rule " + strings.Join(append(others, p.rule.ID), ","), "--seed " + s.seedAgain(p.scenario.Tagged("@state"))}
	for _, file := range s.cfg.Features {
		words = append(words, "--feature "+exchange.Quote(file))
	}
	if s.cfg.Strict || p.rule.Level == rule.Should { // by itself a warning would judge nothing
		words = append(words, "--strict")
	}
	return s.command("verify", words...)
}

// redact takes secrets out of what is printed: the signing secrets of the run,
// which a receiver may have put into an answer (SIG-14), and the query of the
// target's URL, which may be a token.
func (s *session) redact(text string) string {
	for _, secret := range s.subject.Secrets() {
		for _, word := range secret.Spellings() {
			if !strings.Contains(text, word) {
				continue
			}
			hidden := "***"
			if strings.HasPrefix(word, signing.SecretPrefix) {
				hidden = secret.String()
			}
			for _, padded := range []string{word + "==", word + "=", word} {
				text = strings.ReplaceAll(text, padded, hidden)
			}
		}
	}
	if _, query, found := strings.Cut(s.cfg.Target.URL, "?"); found && query != "" {
		text = strings.ReplaceAll(text, "?"+query, "?…")
	}
	return text
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

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

// byVerify stands for the command that judges what a run had no occasion for, until
// all of that is known.
const byVerify = "verify"

// lookAtAll gives the rules that a run had no occasion for one command for all of them.
func (s *session) lookAtAll(rules []report.Rule) {
	var ids []string
	words := []string{"", "--seed " + s.seedAgain(true)}
	for _, r := range rules {
		if r.Remedy == byVerify {
			ids = append(ids, r.ID)
			if r.Level == string(rule.Should) && len(words) == 2 { // else it is nothing but a warning
				words = append(words, "--strict")
			}
		}
	}
	words[0] = "--rule " + strings.Join(ids, ",")
	command := s.command("verify", words...)
	for i := range rules {
		if rules[i].Remedy == byVerify {
			rules[i].Remedy = command
		}
		for n := range rules[i].Scenarios {
			if sc := &rules[i].Scenarios[n]; sc.Remedy == byVerify {
				sc.Remedy = command
			}
		}
	}
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
