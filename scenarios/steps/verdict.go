package steps

import (
	"errors"
	"fmt"
	"time"

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
}

func (f *Failure) Error() string { return f.Summary }

// NotChecked is why a rule could not be seen, and what would make it visible.
type NotChecked struct{ Reason, Remedy string }

func (n *NotChecked) Error() string { return n.Reason }

func notChecked(format string, args ...any) error {
	return &NotChecked{Reason: fmt.Sprintf(format, args...)}
}

func missing(n rule.Need) error { return &NotChecked{Reason: n.Missing(), Remedy: n.How()} }

// ErrRerun is returned when the target went down and was restarted by somebody
// else while the scenario waited: what it was about to read is gone.
var ErrRerun = errors.New("the receiver was restarted while its state settled")

// Exchange is one delivery and what came back.
type Exchange struct {
	N       int    // its place in the scenario, from 1; 0 where it has none
	What    string // in words: "its DELIVERED event, again"
	Request delivery.Request
	Outcome delivery.Outcome
	Sent    time.Time         // when, on the clock of the scenario
	Genuine *delivery.Request // what a forged request was made of; nil for any other
	Trigger []string          // arguments of `sentsim trigger` that send the same; nil where none do
}

// Seen says what came back in a few words.
func (x Exchange) Seen() string { return Seen(x.Outcome) }

// Seen says what came back in a few words.
func Seen(o delivery.Outcome) string { return exchange.Seen(o) }
