package oracle

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/tidwall/gjson"

	"github.com/sentsim/sentsim/scenarios/check"
	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/contract"
	"github.com/sentsim/sentsim/simulator/event"
)

// maxWriters bounds the contacts whose replies are looked at: a long run has as
// many as a short one.
const maxWriters = 20_000

// writer is a contact who wrote, or gave signals: what a receiver's replies are
// compared with.
type writer struct {
	subject  chaos.Subject
	texts    map[uuid.UUID]bool // events that the receiver may have taken
	signals  []given            // likewise
	begun    int                // the step that brought the first text, its group, and when it was sent
	group    int
	sent     time.Time
	again    bool // one of them may have been taken twice
	atOnce   bool // copies of one came at the same instant
	stop     bool // all that was written is STOP
	first    int  // epoch of the first arrival
	unjudged bool // it was restarted in between, or a forged delivery is about this contact
}

// writer is the one with a subject's number; nil if there are too many. The caller
// holds the lock.
func (o *Oracle) writer(s chaos.Subject) *writer {
	w := o.writers[s.From]
	if w == nil {
		if len(o.writers) >= maxWriters {
			return nil
		}
		w = &writer{subject: s, texts: map[uuid.UUID]bool{}, stop: true, first: o.epoch}
		o.writers[s.From] = w
	}
	w.unjudged = w.unjudged || w.first != o.epoch
	return w
}

// wrote notes an inbound delivery. The caller holds the lock.
func (o *Oracle) wrote(s chaos.Step, taken Taken, sent time.Time) {
	w := o.writer(s.Subject)
	if w == nil {
		return
	}
	w.unjudged = w.unjudged || s.Kind == chaos.KindForge
	if s.Kind == chaos.KindForge || taken == NotTaken {
		return
	}
	if len(w.texts) == 0 || s.Number < w.begun {
		w.begun, w.group, w.sent, w.subject = s.Number, s.Group, sent, s.Subject
	}
	w.again = w.again || w.texts[s.Event.ID] || taken == Maybe
	w.atOnce = w.atOnce || has(s, chaos.FaultAtOnce)
	w.texts[s.Event.ID] = true
	w.stop = w.stop && isStop(s)
}

// isStop reports whether a delivery's text asks for no more messages.
func isStop(s chaos.Step) bool {
	return s.Event.Type == event.TypeOf(event.Received) && strings.EqualFold(gjson.GetBytes(s.Body, "payload.text").String(), chaos.Stop)
}

// Replies judges what the receiver sent to the contacts, by their number without
// a plus. Contacts whose texts arrived once show how many replies a text gets
// from this receiver: more to one whose text arrived twice breaks IDEM-5, any to
// one who wrote nothing but STOP breaks INB-2, and any to one who wrote after
// opting out breaks CON-2. Without a reply to an ordinary text no missing one
// proves anything, and no reply does to one of whom late says that the opt-out
// showed only afterwards: undecided is how many of those there were.
func (o *Oracle) Replies(sent map[string]int, late map[string]bool) (undecided int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	all := slices.SortedFunc(maps.Values(o.writers), func(a, b *writer) int { return cmp.Compare(a.subject.From, b.subject.From) })
	each, replied := 0, false
	of := func(w *writer) int { return sent[strings.TrimPrefix(w.subject.From, "+")] }
	for _, w := range all {
		if n := of(w); !w.stop && len(w.texts) > 0 {
			replied = replied || n > 0 && len(w.signals) == 0 // HELP may get an answer of its own
			if !w.again && !w.unjudged {
				each = max(each, (n+len(w.texts)-1)/len(w.texts))
			}
		}
	}
	for _, w := range all {
		n := of(w)
		v := Violation{Subject: w.subject, Seen: fmt.Sprintf("POST /v3/messages, %d times", n), Restarted: o.epoch > 0}
		after, out := w.outBefore(w.begun, w.group)
		early := w.sent.Before(after) && !w.sent.IsZero() // steps that a busy machine carries out late overtake each other
		broken, kept := check.Silence(n, replied)
		switch {
		case w.unjudged || len(w.texts) == 0:
		case out && broken && (early || late[w.subject.From]):
			undecided++
		case out && early:
		case out:
			o.judgeSilence(w, n, replied, v)
		case w.stop && broken:
			v.Rule, v.Expected = contract.INB2, "no message to a contact who said STOP"
			v.Summary = fmt.Sprintf("the receiver sent %d messages to %s, who wrote STOP and nothing else", n, name(w.subject))
			o.findings.broken(v)
		case w.stop:
			if kept && len(w.signals) == 0 { // or the signal says so as well
				o.findings.kept(contract.INB2)
			}
		case !w.again || each == 0:
		case n > each*len(w.texts):
			// Which duplicate got the other reply, nobody saw, nor how long it was remembered.
			v.Rule, v.Could = contract.IDEM5, []contract.ID{contract.IDEM5, contract.IDEM2, contract.IDEM6}
			if w.atOnce {
				v.Rule, v.Could = contract.IDEM3, append(v.Could, contract.IDEM3)
			}
			v.Expected = fmt.Sprintf("%d replies at most, as to texts that arrived once", each*len(w.texts))
			v.Summary = fmt.Sprintf("%d messages were sent to %s, whose %d texts arrived more than once: texts that arrive once get %d each", n, name(w.subject), len(w.texts), each)
			o.findings.broken(v)
		case n > 0:
			o.findings.kept(contract.IDEM5)
		}
	}
	return undecided
}
