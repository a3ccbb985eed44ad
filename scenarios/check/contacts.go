package check

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/event"
)

// Signal is one of a contact's signals.
type Signal struct {
	Type    event.Type
	Network bool      // reported by the network: without message, text and the account's number
	At      time.Time // when it was given, as its envelope says
	Unsure  bool      // no acknowledgement was seen: the receiver may have it or not
}

// SignalOf is the signal that a step of a chaos run delivers.
func SignalOf(s chaos.Step) Signal {
	return Signal{
		Type: s.Event.Type, At: s.Event.At,
		Network: gjson.GetBytes(s.Body, "payload.source").String() == event.ProviderSignal,
	}
}

// Standing is how a contact may stand. Where both are so, either is right.
type Standing struct{ OptedIn, OptedOut bool }

// Fits reports whether a contact may stand so.
func (s Standing) Fits(optedOut bool) bool {
	if optedOut {
		return s.OptedOut
	}
	return s.OptedIn
}

// Stands is how a contact stands after signals, in whatever order they arrived
// (CON-1): the latest opt-in or opt-out says so. The same second is unordered.
// One without any has opted in.
func Stands(signals []Signal) Standing {
	sure := false
	var latest time.Time // of those that the receiver has
	for _, s := range signals {
		if changes(s) && !s.Unsure {
			sure = true
			if s.At.After(latest) {
				latest = s.At
			}
		}
	}
	out := Standing{OptedIn: !sure}
	for _, s := range signals {
		if !changes(s) || sure && s.At.Before(latest) {
			continue
		}
		out.OptedOut = out.OptedOut || s.Type == event.ContactOptOut
		out.OptedIn = out.OptedIn || s.Type == event.ContactOptIn
	}
	return out
}

// changes reports whether a signal changes anything: help and keywords do not.
func changes(s Signal) bool {
	return s.Type == event.ContactOptIn || s.Type == event.ContactOptOut
}

// TellSignals writes signals, in the order in which they arrived, as the
// sentences of the contract do: "opt_out at 20 s, help by the network at 10 s".
// The times are left out where the signals arrived in the order in which they
// were given.
func TellSignals(signals []Signal) string {
	var times []time.Time
	for _, s := range signals {
		times = append(times, s.At)
	}
	inOrder := slices.IsSortedFunc(times, time.Time.Compare)
	slices.SortFunc(times, time.Time.Compare)
	times = slices.CompactFunc(times, time.Time.Equal)
	inOrder = inOrder && len(times) == len(signals)
	var words []string
	for _, s := range signals {
		word := strings.TrimPrefix(string(s.Type), event.ParentContact+".")
		if s.Network {
			word += " by the network"
		}
		if !inOrder {
			n, _ := slices.BinarySearchFunc(times, s.At, time.Time.Compare)
			word += fmt.Sprintf(" at %d s", 10*(n+1))
		}
		words = append(words, word)
	}
	return strings.Join(words, ", ")
}

// Silence judges what must not be sent (INB-2, CON-2). A message breaks the rule
// at once. That there was none shows something only where the receiver was seen
// to answer an ordinary text.
func Silence(messages int, answers bool) (broken, kept bool) {
	return messages > 0, messages == 0 && answers
}
