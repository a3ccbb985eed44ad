package learn

import (
	"slices"
	"strings"
	"testing"

	"github.com/sentsim/sentsim/scenarios/driver"
	"github.com/sentsim/sentsim/scenarios/probe"
	"github.com/sentsim/sentsim/simulator/event"
)

// shown are readings on all channels, of statuses in the order of the lifecycle;
// "" shows nothing.
func shown(words ...string) readings {
	all := readings{}
	for _, ch := range event.Channels() {
		all[ch] = map[event.Status]probe.State{}
		for i, st := range driver.Statuses() {
			if driver.Travels(st, ch) {
				all[ch][st] = probe.State{Known: words[i] != "", HasStatus: words[i] != "", Status: words[i]}
			}
		}
	}
	return all
}

func TestWordsAreReadAndConfirmed(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		shown     readings
		confirmed probe.Statuses
		problem   string // "" for none
		confirm   string
		forbidden bool
	}{
		"Sent's own":       {shown: shown("QUEUED", "ROUTED", "SENT", "DELIVERED", "READ", "FAILED")},
		"in lower case":    {shown: shown("queued", "routed", "sent", "delivered", "read", "message.failed")},
		"numbers":          {shown: shown("1", "2", "3", "5", "6", "4")},
		"another language": {shown: shown("eingereiht", "geleitet", "gesendet", "zugestellt", "gelesen", "gescheitert")},
		"merged": {
			shown: shown("accepted", "accepted", "sent", "delivered", "read", "failed"), problem: `one word, "accepted"`,
			confirm: "statuses: {QUEUED: accepted, ROUTED: accepted}",
		},
		"merged and confirmed": {
			shown:     shown("accepted", "accepted", "sent", "delivered", "read", "failed"),
			confirmed: probe.Statuses{event.Queued: "accepted", event.Routed: "accepted"},
		},
		"not kept": {
			shown: shown("", "", "SENT", "DELIVERED", "DELIVERED", "FAILED"), problem: "QUEUED is not kept",
			confirm: "statuses: {QUEUED: null, ROUTED: null, READ: null}",
		},
		"done either way": {shown: shown("new", "routed", "sent", "done", "read", "done"), problem: "DELIVERED and FAILED", forbidden: true},
		"done either way, and confirmed": {
			shown:     shown("new", "routed", "sent", "done", "read", "done"),
			confirmed: probe.Statuses{event.Delivered: "done", event.Failed: "done"}, problem: "DELIVERED and FAILED", forbidden: true,
		},
		"contradicted": {
			shown: shown("QUEUED", "ROUTED", "SENT", "DELIVERED", "READ", "FAILED"), confirmed: probe.Statuses{event.Read: ""},
			problem: `READ is not kept, and it is "READ"`, confirm: "statuses: {READ: read}",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := vocabularyOf(tt.shown)
			problems, confirm, forbidden := v.deviations(Confirmed{Statuses: tt.confirmed})
			got := strings.Join(problems, "; ")
			if !strings.Contains(got, tt.problem) || tt.problem == "" && got != "" {
				t.Errorf("problems %q, want %q", got, tt.problem)
			}
			if !strings.EqualFold(confirm, tt.confirm) || forbidden != tt.forbidden {
				t.Errorf("confirmed by %q (forbidden %t), want %q (%t)", confirm, forbidden, tt.confirm, tt.forbidden)
			}
		})
	}
}

func TestOneWordForEverythingIsNoVocabulary(t *testing.T) {
	t.Parallel()
	v := vocabularyOf(shown("pending", "pending", "pending", "pending", "pending", "pending"))
	if v.constant != "pending" || len(v.words) > 0 {
		t.Errorf("constant %q, words %v", v.constant, v.words)
	}
}

// What is not the same on all channels is not guessed, unless one of them shows
// Sent's own word.
func TestReadingsThatDiffer(t *testing.T) {
	t.Parallel()
	all := shown("QUEUED", "ROUTED", "SENT", "DELIVERED", "READ", "FAILED")
	all[event.SMS][event.Sent] = probe.State{Known: true, HasStatus: true, Status: "ROUTED"}
	all[event.SMS][event.Failed] = probe.State{}
	for _, ch := range event.Channels() {
		all[ch][event.Delivered] = probe.State{Known: true, HasStatus: true, Status: "on " + string(ch)}
	}
	v := vocabularyOf(all)
	if v.words.Of(event.Sent) != "SENT" || v.words.Of(event.Failed) != "FAILED" {
		t.Errorf("words %v", v.words)
	}
	if len(v.untold) != 1 || v.untold[0] != event.Delivered {
		t.Errorf("untold %v", v.untold)
	}
}

// A channel on which one status only was tried shows if it shows as elsewhere; one on
// which a row stays at what it was first does not.
func TestAChannelOfOneStatus(t *testing.T) {
	t.Parallel()
	all := shown("QUEUED", "ROUTED", "SENT", "DELIVERED", "READ", "FAILED")
	all[event.WhatsApp] = map[event.Status]probe.State{event.Delivered: {Known: true, HasStatus: true, Status: "DELIVERED"}}
	all[event.RCS] = map[event.Status]probe.State{event.Delivered: {Known: true, HasStatus: true, Status: "QUEUED"}}
	if got := vocabularyOf(all).channels; !slices.Equal(got, []event.Channel{event.SMS, event.WhatsApp}) {
		t.Errorf("channels %v", got)
	}
}
