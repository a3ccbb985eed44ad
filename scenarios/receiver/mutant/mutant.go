// Package mutant is the reference receiver with one mistake at a time, each one
// that people make. The mutants show that the harness sees what it says it sees.
// The receiver itself knows nothing of them: a mutant replaces one of its steps.
package mutant

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sentsim/sentsim/scenarios/nearest"
	"github.com/sentsim/sentsim/scenarios/receiver"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/contract"
)

// Mutant is the reference receiver with one mistake. It is failed on the rules
// that state its mistake, and on no rule that it does not name. None of them
// looks at who sends or at which message it is: they are wrong for everybody.
type Mutant struct {
	Name    string // stable, kebab-case
	Mistake string // one sentence
	Breaks  []Broken
	// May holds the rules that may carry the mistake as well: each of them is
	// failed or not checked, never passed on a scenario that the mistake touches.
	May []contract.ID

	// change makes the mistake in a receiver that is ready otherwise.
	change func(r *receiver.Receiver, cfg receiver.Config) error
}

// Broken is a rule that states a mutant's mistake.
type Broken struct {
	Rule   contract.ID
	Phrase string // the words of the rule that the mutant does not keep
}

// All is every mutant, in the order of the rules. The caller owns the result.
func All() []Mutant {
	return slices.Concat(
		signatureMutants(), headerMutants(), acknowledgementMutants(), idempotencyMutants(),
		orderMutants(), toleranceMutants(), textMutants(), contactMutants(), laterMutants(),
	)
}

// Apply lets the receiver of a configuration make the mistake of that name; ""
// makes none. Call it last: the mistake may need the secret. An unknown name is
// an error of the configuration.
func Apply(cfg *receiver.Config, name string) error {
	if name == "" {
		return nil
	}
	var names []string
	for _, m := range All() {
		if m.Name == name {
			cfg.Change = m.applied(*cfg)
			return nil
		}
		names = append(names, m.Name)
	}
	return fmt.Errorf("%w: unknown mutant %q%s (--mutant list names them all)",
		receiver.ErrConfig, name, nearest.Hint(name, names))
}

func (m Mutant) applied(cfg receiver.Config) func(*receiver.Receiver) error {
	return func(r *receiver.Receiver) error {
		r.Log.Warn("this receiver makes a mistake on purpose", "mutant", m.Name, "mistake", m.Mistake)
		r.Refuse = refuse
		if err := m.change(r, cfg); err != nil {
			return fmt.Errorf("mutant %s: %w", m.Name, err)
		}
		return nil
	}
}

// List is a text that names every mutant, its mistake and the rules it breaks.
func List() string {
	var b strings.Builder
	for _, m := range All() {
		fmt.Fprintf(&b, "%s (%s)\n    %s\n", m.Name, strings.Join(m.Rules(), ", "), m.Mistake)
	}
	return b.String()
}

// Rules is the ids of the rules that state the mutant's mistake.
func (m Mutant) Rules() []contract.ID {
	ids := make([]contract.ID, len(m.Breaks))
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

// refuse lets an error that is an answer say how it is answered.
func refuse(w http.ResponseWriter, err error, status int, text string) {
	var own *answer
	if errors.As(err, &own) {
		status, text = own.status, own.text
	}
	http.Error(w, text, status)
}

// crash is what a framework answers to an exception that nobody caught.
func crash(text string) error { return &answer{http.StatusInternalServerError, text} }

// verifying replaces the verification.
func verifying(v func(key []byte, h http.Header, body []byte, now time.Time) error) func(*receiver.Receiver, receiver.Config) error {
	return func(r *receiver.Receiver, _ receiver.Config) error {
		r.Verify = v
		return nil
	}
}

// believing verifies nothing that has the same name as an accepted delivery.
func believing(name func(h http.Header, body []byte) string) func(*receiver.Receiver, receiver.Config) error {
	return func(r *receiver.Receiver, _ receiver.Config) error {
		var accepted sync.Map
		r.Verify = func(key []byte, h http.Header, body []byte, now time.Time) error {
			if _, ok := accepted.Load(name(h, body)); ok {
				return nil
			}
			err := receiver.Verify(key, h, body, now)
			if err == nil {
				accepted.Store(name(h, body), true)
			}
			return err
		}
		return nil
	}
}

// reading goes over what was read of a body: change may alter the event, or
// refuse it with an error.
func reading(change func(ev *receiver.Event, h http.Header, envelope, payload receiver.Fields) error) func(*receiver.Receiver, receiver.Config) error {
	return func(r *receiver.Receiver, _ receiver.Config) error {
		read := r.Read
		r.Read = func(h http.Header, body []byte) (receiver.Event, error) {
			ev, err := read(h, body)
			if err != nil {
				return ev, err
			}
			envelope, payload := receiver.Open(body)
			return ev, change(&ev, h, envelope, payload)
		}
		return nil
	}
}

// adding replaces how an event is stored. add gets the store's own way to do it.
func adding(add func(s store, ctx context.Context, ev receiver.Event, reply []byte) (bool, error)) func(*receiver.Receiver, receiver.Config) error {
	return func(r *receiver.Receiver, _ receiver.Config) error {
		r.Add = func(ctx context.Context, ev receiver.Event, reply []byte) (bool, error) {
			return add(store{r.Store}, ctx, ev, reply)
		}
		return nil
	}
}

// store is the receiver's, with what only mutants do to it.
type store struct{ *receiver.Store }

// serving puts something before the receiver.
func serving(around func(next http.Handler) http.Handler) func(*receiver.Receiver, receiver.Config) error {
	return func(r *receiver.Receiver, _ receiver.Config) error {
		r.Handler = around(r.Handler)
		return nil
	}
}

// both makes two changes that only together are one mistake.
func both(first, second func(*receiver.Receiver, receiver.Config) error) func(*receiver.Receiver, receiver.Config) error {
	return func(r *receiver.Receiver, cfg receiver.Config) error {
		return errors.Join(first(r, cfg), second(r, cfg))
	}
}

// takes is how long something takes that a receiver waits for.
func takes(ctx context.Context, d time.Duration) error { return clock.Real{}.Sleep(ctx, d) }
