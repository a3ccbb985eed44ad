package chaos

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/sentsim/sentsim/simulator/event"
)

// withContacts is a plan in an edition that has contacts' signals. The webhook is
// not disabled: of what happens then nothing is delivered.
func withContacts(t *testing.T, messages int) Plan {
	t.Helper()
	plan := planOf(t, DefaultProfile, messages)
	plan.Families = "message,templates,contact"
	delete(plan.Profile.Faults, FaultDisable)
	return plan
}

// signalled are the steps about contacts' signals, by the contact's number.
func signalled(p Plan) map[string][]Step {
	all := map[string][]Step{}
	for s := range p.Steps() {
		if s.Subject.Kind == AboutContact && s.Kind == KindDeliver {
			all[s.Subject.From] = append(all[s.Subject.From], s)
		}
	}
	return all
}

// There are signals only where the edition has them and people write, and what
// else is sent does not depend on them.
func TestSignalsAreDrawnWhereThereAreSome(t *testing.T) {
	t.Parallel()
	plan := withContacts(t, 120)
	without, silent, old := plan, plan, plan
	without.Families, old.Families = "message,templates", ""
	silent.Profile.Mix.Inbound = 0
	for name, p := range map[string]Plan{"an edition without contacts": without, "an old trace": old, "nobody writes": silent} {
		if n := len(signalled(p)); n != 0 {
			t.Errorf("%s, and %d contacts give signals", name, n)
		}
	}
	if n := len(signalled(plan)); n < 25 {
		t.Errorf("only %d contacts give signals", n)
	}
	bodies := func(p Plan) map[string]bool {
		all := map[string]bool{}
		for s := range p.Steps() {
			if k := s.Subject.Kind; k == AboutMessage || k == AboutTemplate {
				all[string(s.Body)] = true
			}
		}
		return all
	}
	with := bodies(plan)
	for body := range bodies(without) {
		if !with[body] {
			t.Fatalf("contacts give signals, and this body is gone: %s", body)
		}
	}
}

// A run of a hundred messages has delivered the signals of each of the contract's
// scenarios, in the order of theirs.
func TestEachDrillOfContactsIsDelivered(t *testing.T) {
	t.Parallel()
	order := func(types []event.Type, networks []bool, at []int64) string {
		var words []string
		times := slices.Sorted(slices.Values(at))
		for i := range types {
			n, _ := slices.BinarySearch(times, at[i])
			words = append(words, fmt.Sprint(types[i], " ", networks[i], " ", n))
		}
		return strings.Join(words, ", ")
	}
	seen := map[string]bool{}
	for _, steps := range signalled(withContacts(t, 100)) {
		var types []event.Type
		var networks []bool
		var at []int64
		for _, s := range steps {
			types, at = append(types, s.Event.Type), append(at, s.Event.At.Unix())
			networks = append(networks, gjson.GetBytes(s.Body, "payload.source").String() == event.ProviderSignal)
		}
		seen[order(types, networks, at)] = true
	}
	for _, drill := range contactDrills() {
		var types []event.Type
		var networks []bool
		var at []int64
		for _, s := range drill {
			types, networks, at = append(types, s.kind), append(networks, s.network), append(at, int64(s.at))
		}
		if want := order(types, networks, at); !seen[want] {
			t.Errorf("nobody's signals arrive as %s", want)
		}
	}
}

// What befalls other events befalls signals, and each says how its contact stands
// after it.
func TestSignalsMeetFaults(t *testing.T) {
	t.Parallel()
	faults := map[Fault]bool{}
	beside, later := 0, 0
	plan := withContacts(t, 1500)
	contacts := signalled(plan)
	recipients := map[string]bool{}
	texts := map[string]bool{} // by message
	for s := range plan.Steps() {
		switch s.Subject.Kind {
		case AboutMessage:
			recipients[gjson.GetBytes(s.Body, "payload.inbound_number").String()] = true
		case AboutInbound:
			texts[gjson.GetBytes(s.Body, "payload.message_id").String()] = true
			if contacts[s.Subject.From] != nil && s.Occurrence == First && !slices.Contains([]string{Stop, "START", "HELP", "JOIN"}, gjson.GetBytes(s.Body, "payload.text").String()) {
				later++
			}
		case AboutTemplate, AboutContact:
		}
	}
	for from, steps := range contacts {
		if recipients[from] {
			t.Errorf("a message goes to %s, who gives signals", from)
		}
		for _, s := range steps {
			for _, f := range s.Faults {
				faults[f] = true
			}
			p := gjson.GetBytes(s.Body, "payload")
			if p.Get("from").String() != from {
				t.Fatalf("step %d is no signal of %s: %s", s.Number, from, s.Body)
			}
			if typ := s.Event.Type; (typ == event.ContactOptOut) != p.Get("opt_out").Bool() && (typ == event.ContactOptOut || typ == event.ContactOptIn) {
				t.Errorf("step %d: %s", s.Number, s.Body)
			}
			if texts[p.Get("message_id").String()] {
				beside++
			}
		}
	}
	for _, f := range []Fault{FaultReorder, FaultTogether, FaultDuplicate, FaultResigned, FaultAtOnce, FaultLateDuplicate, FaultLateRetry, FaultLostAck, FaultHangUp, FaultReset, FaultBurst, FaultNullFields} {
		if !faults[f] {
			t.Errorf("no signal meets %s", f)
		}
	}
	if beside == 0 || later < 100 {
		t.Errorf("%d signals come beside the message that carried them, and %d who have opted out write", beside, later)
	}
}

// Signals come on top of the messages of a burst: what a receiver does for them may
// be less.
func TestABurstHasAsManyMessagesWithSignals(t *testing.T) {
	t.Parallel()
	messages, signals := map[int]int{}, 0
	for s := range withContacts(t, 600).Steps() {
		if !slices.Contains(s.Faults, FaultBurst) || s.Kind != KindDeliver {
			continue
		}
		if s.Subject.Kind == AboutMessage {
			messages[s.Group]++
		} else {
			signals++
		}
	}
	full := 0
	for _, n := range messages {
		if n > MaxBurst {
			t.Errorf("a burst has %d messages", n)
		}
		if n == MaxBurst {
			full++
		}
	}
	if full == 0 || signals == 0 {
		t.Errorf("of %d bursts %d have as many messages as they may; %d signals are in them", len(messages), full, signals)
	}
}
