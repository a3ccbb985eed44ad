package steps

import (
	"errors"
	"fmt"
	"net/http"
	"sync"

	"github.com/sentsim/sentsim/scenarios/driver"
	"github.com/sentsim/sentsim/scenarios/exchange"
	"github.com/sentsim/sentsim/scenarios/rule"
	"github.com/sentsim/sentsim/simulator/delivery"
)

// Failure is what a receiver did that it must not do.
type Failure struct {
	Summary  string    // one sentence: what was seen
	Expected string    // what would have been right
	Seen     string    // the receiver's state as it was read, for failures that an answer does not show
	At       *Exchange // the delivery in question; nil if there is no single one
	Inbound  bool      // it is about inbound texts
	Sporadic bool      // it happens to some of many, of which each was treated alike
}

func (f *Failure) Error() string { return f.Summary }

// NotChecked is why a rule could not be seen, and what would make it visible.
type NotChecked struct {
	Reason, Remedy string
	Again          bool      // it may be seen another time: this machine was starved
	At             *Exchange // the delivery that was refused, where that is why
}

func (n *NotChecked) Error() string { return n.Reason }

func notChecked(format string, args ...any) error {
	return &NotChecked{Reason: fmt.Sprintf(format, args...)}
}

// refusedBefore is a NotChecked for a delivery that was to be accepted before.
func refusedBefore(x Exchange, format string, args ...any) error {
	return &NotChecked{Reason: fmt.Sprintf(format, args...), At: &x}
}

func missing(n rule.Need) error {
	said := unmet()[n]
	return &said
}

// unmet is what is said of each need that is not met.
var unmet = sync.OnceValue(func() map[rule.Need]NotChecked { //nolint:gochecknoglobals // a constant, asked for with each message of a load
	all := map[rule.Need]NotChecked{}
	for _, n := range rule.Needs() {
		all[n] = NotChecked{Reason: n.Missing(), Remedy: n.How()}
	}
	return all
})

// isStarved reports whether an error is one of Starved.
func isStarved(err error) bool {
	var unseen *NotChecked
	return errors.As(err, &unseen) && unseen.Again
}

// Starved is a NotChecked of a scenario that is carried out again: this machine had no time for us meanwhile.
func Starved(what string) error {
	return &NotChecked{Again: true, Reason: "this machine was starved while " + what + ": the receiver cannot be blamed for what took so long"}
}

// TurnedAway is why a scenario could not be carried out: the receiver asked to come
// again later, whatever was sent. It counts neither for nor against a rule, but
// ACK-2's, which asks how many deliveries it takes at once.
type TurnedAway struct {
	At       Exchange
	Together int  // how many deliveries the scenario had sent by then, the last of them together; 0: this one was sent alone
	Paced    bool // it was sent again until the time for that was over
}

func (t *TurnedAway) Error() string {
	switch {
	case t.Together > 0:
		return fmt.Sprintf("the receiver turns some of several deliveries away that come at the same instant (%s), whatever they are: ACK-2 is about that, and nothing else can be told by them", driver.Quote(t.At))
	case t.Paced:
		return fmt.Sprintf("%s was turned away each time it was sent, for %s or as long as the answer asks for (%s)", t.At.What, TurnedAwayTime, driver.Quote(t.At))
	}
	return fmt.Sprintf("%s was turned away (%s)", t.At.What, driver.Quote(t.At))
}

// Refused is the failure that it is where the receiver takes everything else.
func (t *TurnedAway) Refused() *Failure { return notAccepted(t.At) }

// turnedAway is a *TurnedAway for an answer that there are too many requests, nil for
// every other one.
func turnedAway(x Exchange, paced bool) error {
	if x.Outcome.Kind == delivery.Answered && x.Outcome.Status == http.StatusTooManyRequests {
		return &TurnedAway{At: x, Paced: paced}
	}
	return nil
}

// ErrRerun is returned when the target went down and was restarted by somebody
// else while the scenario waited: what it was about to read is gone.
var ErrRerun = errors.New("the receiver was restarted while its state settled")

// LeftOut is why a scenario has nothing to show on this receiver, though its rule
// may have in another: it counts neither for nor against the rule.
type LeftOut struct{ Reason string }

func (l *LeftOut) Error() string { return l.Reason }

func leftOut(format string, args ...any) error {
	return &LeftOut{Reason: fmt.Sprintf(format, args...)}
}

// Exchange is one delivery and what came back.
type Exchange = driver.Exchange

// Seen says what came back in a few words.
func Seen(o delivery.Outcome) string { return exchange.Seen(o) }
