package story

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/contract"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/lifecycle"
)

// name says in a line what the story is about.
func (t *teller) name(f Finding) string {
	last := t.steps[len(t.steps)-1]
	forged := slices.IndexFunc(t.steps, func(s chaos.Step) bool { return s.Kind == chaos.KindForge })
	kind := map[chaos.SubjectKind]string{chaos.AboutInbound: "an inbound text", chaos.AboutTemplate: "a template's " + last.Event.Status}[last.Subject.Kind]
	switch {
	case last.Subject.Kind == chaos.AboutContact:
		kind = string(last.Event.Type)
	case kind == "":
		kind = last.Event.Status
	}
	switch f.Claim {
	case Refuses:
		switch {
		case t.steps[0].Kind == chaos.KindRotate:
			return "the old secret is dead once it is rotated"
		case forged < 0:
			return oddness(last) + " is rejected"
		}
		return "a forged delivery is rejected: " + doc(t.steps[max(forged, 0)].Forgery)
	case Hides:
		return "the rejection of a forged delivery tells nothing: " + doc(t.steps[max(forged, 0)].Forgery)
	case Answers:
		return "a signed body that is not an object is answered"
	case Knows:
		return "a forged delivery leaves no trace: " + doc(t.steps[max(forged, 0)].Forgery)
	case Accepts:
		what, old := "", ""
		if f.Verbatim {
			what = oddness(last)
		}
		if minutes := age(last, f.Now); minutes > 1 && f.Verbatim {
			old = fmt.Sprintf(" %d minutes after it happened", minutes)
		}
		switch {
		case t.steps[0].Kind == chaos.KindRotate:
			return "the new secret is taken once it is rotated"
		case what != "" && kind != "" && what[:2] != "an" && last.Event.Status != "":
			return fmt.Sprintf("%s with %s is accepted%s", kind, what, old)
		case what != "":
			return what + " is accepted"
		case len(t.cast) > 1 && last.Group != 0:
			return "deliveries at the same instant are all accepted"
		case slices.ContainsFunc(t.steps[:len(t.steps)-1], func(s chaos.Step) bool { return s.Event.ID == last.Event.ID }):
			return kind + " is accepted when it is delivered again"
		case f.Rule.ID == contract.ORD5:
			return kind + " is accepted as the first that is heard of a message"
		}
		return kind + " is accepted" + old
	case Counts:
		if f.Almost {
			return "two texts of a contact almost at the same instant count as two"
		}
		return t.countName(last, kind)
	case Replies:
		return "an inbound text that is delivered again is not answered again"
	case Stands, Silent:
		return t.contactName(f)
	case Ends:
		want := strings.Join(f.Statuses, " or ")
		switch {
		case t.alone:
			return want + " is still known after a restart"
		case forged >= 0:
			return "a forged delivery does not come in the way of the genuine " + want
		case len(t.steps) > 1 && last.Subject.Kind == chaos.AboutMessage && lifecycle.Precedes(event.Status(last.Event.Status), event.Status(want)):
			return fmt.Sprintf("a late %s does not move a message back from %s", last.Event.Status, want)
		case f.SameSecond:
			return want + " is not lost when something else happened in the same second"
		case len(t.cast) > 1:
			return want + " is not lost on one while others are delivered"
		}
		return want + " is not lost"
	}
	return f.Rule.Title
}

func (t *teller) countName(last chaos.Step, kind string) string {
	var before *chaos.Step
	for i := range t.steps[:len(t.steps)-1] {
		if t.steps[i].Event.ID == last.Event.ID {
			before = &t.steps[i]
		}
	}
	switch {
	case t.sameWords():
		return "the same text from another number is another message"
	case t.alone && (before == nil || last.Kind == chaos.KindRestart):
		return "what was acknowledged is still known after a restart"
	case before == nil && last.Subject.Kind == chaos.AboutInbound && len(t.steps) == 2 && oneSecond(t.steps[0], last):
		return "two texts of a contact in one second count as two"
	case before == nil && last.Subject.Kind == chaos.AboutInbound:
		return "two texts of a contact count as two"
	case before == nil:
		return "each event counts once"
	case t.alone:
		return kind + " counts once, also when the receiver restarts before the retry"
	case last.Group != 0 && before.Group == last.Group:
		return kind + " counts once when its copies arrive at the same instant"
	case before.Sender == delivery.LoseAck || before.Sender == delivery.HangUp:
		return kind + " counts once when its acknowledgement is lost"
	}
	return kind + " counts once when it is delivered again"
}

// doc is a forgery in words.
func doc(name string) string {
	if f, err := chaos.Lookup(name); err == nil {
		return f.Doc
	}
	return name
}
