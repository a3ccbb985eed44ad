package diagnosis

import (
	"net/http"

	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/simulator/delivery"
)

const acknowledgeAll = "Acknowledge every correctly signed event with a 2xx, also of a message that is not in your database (ORD-5), of a status or kind that you do not use (TOL-1, TOL-3), and with fields that are new or missing (TOL-4)."

// eventRefused is for a receiver that answers a wrong signature in another way
// than the right one: the signature was accepted, and the event refused.
func (i *investigation) eventRefused() *report.Diagnosis {
	f := i.facts
	if f.worthless.Kind != delivery.Answered || f.again.Kind != delivery.Answered || f.again.Accepted() || i.same(f.worthless, f.again) || f.flickers && f.worthless.Status/100 == f.again.Status/100 {
		return nil
	}
	genuine := i.genuine()
	control := i.send(genuine)
	if control.Accepted() || i.same(control, f.worthless) {
		return nil // by chance
	}
	// Where the check of the time allows less than a second, what came early is answered
	// in another way than what came late: a spoilt copy comes later than this one did.
	if i.same(i.send(spoilt(genuine)), control) {
		return nil
	}
	if f.worthless.Accepted() { // the wrong way round: it is the genuine one that is refused
		return nil
	}
	if d := i.noSecret(); d != nil && f.worthless.Status == i.plain.Status {
		return d
	}
	if d := i.otherEvents(); d != nil {
		return d
	}
	d := &report.Diagnosis{
		Cause:   "event-refused",
		Summary: "the signature is accepted (a spoilt one gets " + i.seen(f.worthless.Outcome) + "), but the event is refused: " + i.seen(i.plain),
		Fix:     acknowledgeAll,
	}
	if i.plain.Status >= http.StatusInternalServerError {
		d.Cause = "handler-fails"
		d.Summary = "the signature is accepted (a spoilt one gets " + i.seen(f.worthless.Outcome) + "), and then the handler fails: " + i.seen(i.plain)
		d.Fix = "Look at the receiver's log for this delivery." + i.lastLine() + " " + acknowledgeAll
	}
	return d
}

// otherEvents tries other genuine deliveries than the one that was refused.
func (i *investigation) otherEvents() *report.Diagnosis {
	for _, v := range i.r.Others {
		other := func() delivery.Request { return i.event(v.Type, v.Knobs) }
		what, a := i.try(other())
		if what != accepted || !i.confirmed(other, a) {
			continue
		}
		i.note("a genuine delivery of "+v.Name, a.Outcome)
		d := &report.Diagnosis{
			Cause:   "event-refused",
			Summary: "the signature is right and accepted (the receiver takes " + v.Name + "), but this event is refused: " + i.seen(i.plain),
			Fix:     v.Fix,
		}
		if d.Fix == "" {
			d.Fix = acknowledgeAll
		}
		return d
	}
	return nil
}
