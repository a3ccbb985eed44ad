package check_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sentsim/sentsim/scenarios/check"
	"github.com/sentsim/sentsim/simulator/event"
)

// signals reads a word for each signal in the order of arrival: its name, the
// second in which it was given, and ? where it may not have been taken.
func signals(text string) []check.Signal {
	var all []check.Signal
	for word := range strings.FieldsSeq(text) {
		name, unsure := strings.CutSuffix(word, "?")
		name, second, _ := strings.Cut(name, "@")
		all = append(all, check.Signal{
			Type: event.Type("contact." + name), At: time.Unix(int64(second[0]-'0'), 0), Unsure: unsure,
		})
	}
	return all
}

func TestStands(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                                  "in",
		"help@1":                            "in",
		"opt_out@1":                         "out",
		"opt_out@1 opt_in@2":                "in",
		"opt_out@2 opt_in@1":                "out",
		"opt_out@1 help@2":                  "out",
		"opt_in@1 custom_keyword@2":         "in",
		"opt_out@3 opt_out@1 opt_in@2":      "out",
		"opt_out@1 opt_in@1":                "in or out",
		"opt_out@1 opt_in@1 opt_in@2":       "in",
		"opt_out@1?":                        "in or out",
		"opt_in@1?":                         "in",
		"opt_in@1 opt_out@2?":               "in or out",
		"opt_in@2 opt_out@1?":               "in",
		"opt_out@1? opt_in@2? opt_out@3?":   "in or out",
		"opt_in@1? opt_out@2 opt_out@3?":    "out",
		"opt_out@1 opt_out@1? help@3":       "out",
		"opt_out@1 opt_in@2? opt_out@3 ":    "out",
		"opt_in@1? custom_keyword@2 help@1": "in",
	} {
		s := check.Stands(signals(text))
		var got []string
		if s.Fits(false) {
			got = append(got, "in")
		}
		if s.Fits(true) {
			got = append(got, "out")
		}
		if strings.Join(got, " or ") != want {
			t.Errorf("%q: got %v, want %s", text, got, want)
		}
	}
}

func TestSignalsAreToldAsTheSentencesDo(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"opt_out@4":                    "opt_out",
		"opt_out@1 opt_in@5":           "opt_out, opt_in",
		"opt_out@5 opt_in@1":           "opt_out at 20 s, opt_in at 10 s",
		"opt_out@9 opt_out@2 opt_in@4": "opt_out at 30 s, opt_out at 10 s, opt_in at 20 s",
		"opt_out@2 opt_in@2":           "opt_out at 10 s, opt_in at 10 s",
	} {
		if got := check.TellSignals(signals(text)); got != want {
			t.Errorf("%q is told as %q, want %q", text, got, want)
		}
	}
	network := []check.Signal{{Type: event.ContactHelp, Network: true, At: time.Unix(2, 0)}, {Type: event.ContactOptOut, At: time.Unix(1, 0)}}
	if got := check.TellSignals(network); got != "help by the network at 20 s, opt_out at 10 s" {
		t.Errorf("got %q", got)
	}
}

// That nothing was sent shows something only where something could have been.
func TestSilence(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		messages     int
		answers      bool
		broken, kept bool
	}{{0, true, false, true}, {0, false, false, false}, {1, true, true, false}, {2, false, true, false}} {
		if broken, kept := check.Silence(tt.messages, tt.answers); broken != tt.broken || kept != tt.kept {
			t.Errorf("%+v: got %t, %t", tt, broken, kept)
		}
	}
}
