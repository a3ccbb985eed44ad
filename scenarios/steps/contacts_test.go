package steps

import (
	"testing"
	"time"
)

// How a contact stands after a signal goes by the time of the signals, not by
// the order in which they arrive.
func TestSignalsCountByTheirTime(t *testing.T) {
	for text, want := range map[string][]bool{
		"opt_out":                         {true},
		"opt_out, opt_in":                 {true, false},
		"opt_in at 20 s, opt_out at 10 s": {false, true},
		"opt_out at 30 s, opt_out at 10 s, opt_in at 20 s": {true, true, false},
		"opt_out, help, opt_in by the network":             {true, true, false},
	} {
		all, err := signals(text, time.Unix(0, 0))
		if err != nil {
			t.Fatal(err)
		}
		for i, s := range all {
			if got := optedOutAfter(all, s); got != want[i] {
				t.Errorf("%s: after %+v opted out is %v, want %v", text, s, got, want[i])
			}
		}
	}
	if all, err := signals("help by the network at 7 s", time.Unix(0, 0)); err != nil || !all[0].Network || !all[0].At.Equal(time.Unix(7, 0)) {
		t.Errorf("%+v %v", all, err)
	}
	if _, err := signals("opt_out, opt_over", time.Now()); err == nil {
		t.Error("an unknown signal is no error")
	}
}
