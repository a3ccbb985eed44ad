package receiver

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sentsim/sentsim/scenarios/nearest"
	"github.com/sentsim/sentsim/simulator/clock"
)

// Mutant is this receiver with one mistake that people make. The mutants show
// that the harness sees what it says it sees: each is failed on the rules that
// it breaks and on no other. None of them looks at who sends or at which message
// it is: they are wrong for everybody.
type Mutant struct {
	Name    string // stable, kebab-case
	Mistake string // one sentence
	Breaks  []Broken

	// change makes the mistake in a receiver that is otherwise ready.
	change func(r *Receiver, cfg Config) error
}

// Broken is a rule that a mutant breaks.
type Broken struct {
	Rule   string // its id: SIG-2
	Phrase string // the words of the rule that the mutant does not keep
}

// Mutants is every mutant, in the order of the rules. The caller owns the result.
func Mutants() []Mutant {
	return slices.Concat(
		signatureMutants(), headerMutants(), acknowledgementMutants(), idempotencyMutants(),
		orderMutants(), toleranceMutants(), textMutants(), laterMutants(),
	)
}

// lookupMutant finds a mutant by its name; "" is the receiver without a mistake.
func lookupMutant(name string) (Mutant, error) {
	if name == "" {
		return Mutant{}, nil
	}
	var names []string
	for _, m := range Mutants() {
		if m.Name == name {
			return m, nil
		}
		names = append(names, m.Name)
	}
	return Mutant{}, fmt.Errorf("unknown mutant %q%s (--mutant list names them all)", name, nearest.Hint(name, names))
}

func (m Mutant) apply(r *Receiver, cfg Config) error {
	if m.change == nil {
		return nil
	}
	r.log.Warn("this receiver makes a mistake on purpose", "mutant", m.Name, "mistake", m.Mistake)
	if err := m.change(r, cfg); err != nil {
		return fmt.Errorf("mutant %s: %w", m.Name, err)
	}
	return nil
}

// MutantList is a text that names every mutant, its mistake and the rules it breaks.
func MutantList() string {
	var b strings.Builder
	for _, m := range Mutants() {
		fmt.Fprintf(&b, "%s (%s)\n    %s\n", m.Name, strings.Join(m.Rules(), ", "), m.Mistake)
	}
	return b.String()
}

// Rules is the ids of the rules that the mutant breaks.
func (m Mutant) Rules() []string {
	ids := make([]string, len(m.Breaks))
	for i, b := range m.Breaks {
		ids[i] = b.Rule
	}
	return ids
}

// The functions below are what mutants are made of.

// answer is an error that is answered in its own way.
type answer struct {
	status int
	text   string
}

func (a *answer) Error() string { return a.text }

// crash is what a framework answers to an exception that nobody caught.
func crash(text string) error { return &answer{http.StatusInternalServerError, text} }

// verifying replaces the verification.
func verifying(v func(key []byte, h http.Header, body []byte, now time.Time) error) func(*Receiver, Config) error {
	return func(r *Receiver, _ Config) error {
		r.verify = v
		return nil
	}
}

// reading goes over what was read of a body: change may alter the event, or
// refuse it with an error.
func reading(change func(ev *event, h http.Header, envelope, payload fields) error) func(*Receiver, Config) error {
	return func(r *Receiver, _ Config) error {
		read := r.read
		r.read = func(h http.Header, body []byte) (event, error) {
			ev, err := read(h, body)
			if err != nil {
				return ev, err
			}
			envelope, payload := open(body)
			return ev, change(&ev, h, envelope, payload)
		}
		return nil
	}
}

// adding replaces how an event is stored. add gets the store's own way to do it.
func adding(add func(s *store, ctx context.Context, ev event, reply []byte) (bool, error)) func(*Receiver, Config) error {
	return func(r *Receiver, _ Config) error {
		r.add = func(ctx context.Context, ev event, reply []byte) (bool, error) { return add(r.store, ctx, ev, reply) }
		return nil
	}
}

// serving puts something before the receiver.
func serving(around func(next http.Handler) http.Handler) func(*Receiver, Config) error {
	return func(r *Receiver, _ Config) error {
		r.handler = around(r.handler)
		return nil
	}
}

// both makes two changes that only together are one mistake.
func both(first, second func(*Receiver, Config) error) func(*Receiver, Config) error {
	return func(r *Receiver, cfg Config) error { return errors.Join(first(r, cfg), second(r, cfg)) }
}

// takes is how long something takes that a receiver waits for.
func takes(ctx context.Context, d time.Duration) error { return clock.Real{}.Sleep(ctx, d) }
