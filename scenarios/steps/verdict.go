package steps

import (
	"errors"
	"fmt"
	"net/http"
	"time"

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
	What    string // in words: "its DELIVERED event, again"
	Request delivery.Request
	Outcome delivery.Outcome
	Trigger []string // arguments of `sentsim trigger` that send the same; nil where none do
}

// Seen says what came back in a few words.
func (x Exchange) Seen() string { return Seen(x.Outcome) }

// Seen says what came back in a few words.
func Seen(o delivery.Outcome) string {
	switch o.Kind {
	case delivery.Answered:
		text := fmt.Sprintf("%d %s", o.Status, http.StatusText(o.Status))
		if to := o.Header.Get("Location"); to != "" && o.Status/100 == 3 {
			text += " to " + to
		}
		return text
	case delivery.Timeout:
		return "no answer within " + o.Duration.Round(time.Millisecond).String()
	case delivery.Refused:
		return "connection refused"
	case delivery.Unreached:
		return "unreachable: " + o.Err
	case delivery.Reset:
		return "connection dropped: " + o.Err
	case delivery.TLS:
		return "TLS failure: " + o.Err
	case delivery.Malformed:
		return "not an HTTP response: " + o.Err
	default:
		return string(o.Kind)
	}
}
