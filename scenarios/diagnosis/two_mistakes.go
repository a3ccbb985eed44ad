package diagnosis

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/signing"
)

// What the two questions of this file are about.
const (
	aboutNames = "two mistakes, one with a header's name"
	aboutClock = "two mistakes, one with the clock"
)

// withMistake is a delivery as a receiver with a mistake of the signature alone wants it
// signed; false where the mistake makes no difference to it.
func (i *investigation) withMistake(m signing.Mistake, r delivery.Request) (delivery.Request, bool) {
	text, ok := i.signatureWith(m, r)
	return r.With(signing.HeaderSignature, text), ok
}

// twice tries a mistake once more, where it seems to have made the difference.
func (i *investigation) twice(m signing.Mistake, what effect, again func() delivery.Request) bool {
	r, ok := i.withMistake(m, again())
	if !ok {
		return false
	}
	w, _ := i.try(r)
	return w == what
}

// namesAndMistake looks for a receiver that reads other names of headers and makes a
// mistake of the signature as well: each stands in the way of the other's experiment.
func (i *investigation) namesAndMistake() *report.Diagnosis {
	all := signing.Mistakes()
	if i.slow() {
		all = likelyOnes()
	}
	for _, group := range i.nameGroups() {
		if d := i.mistakeUnder(all, group); d != nil {
			return d
		}
	}
	return nil
}

// mistakeUnder looks for a mistake of the signature that is taken under other names.
func (i *investigation) mistakeUnder(all []signing.Mistake, names []delivery.Header) *report.Diagnosis {
	var mistakes []signing.Mistake
	var requests []delivery.Request
	base := i.genuine()
	for _, m := range all {
		if r, ok := i.withMistake(m, base); ok {
			mistakes, requests = append(mistakes, m), append(requests, underNames(r, names))
		}
	}
	i.ahead(requests)
	for n, m := range mistakes {
		if i.over() {
			return nil
		}
		what, a := i.try(requests[n])
		if what != accepted && what != changed {
			continue
		}
		signed := func() delivery.Request { r, _ := i.withMistake(m, i.genuine()); return r }
		if w, _ := i.try(underNames(signed(), names)); w != what {
			continue // by chance
		}
		needed := i.neededNames(names, a, signed)
		list, spelled := listOf(needed)
		i.note("with the values under the names "+list+", and signed with the mistake "+m.Name, a.Outcome)
		return &report.Diagnosis{
			Cause: causeOfNames(spelled) + "-and-" + m.Name,
			Summary: "the receiver makes two mistakes at once: it reads " + list + " where Sent sends X-Webhook-ID, X-Webhook-Timestamp and X-Webhook-Signature, and it " + strings.TrimPrefix(m.Summary, "the receiver ") +
				"; with both, the delivery gets " + i.seen(a.Outcome) + " instead of " + i.seen(i.plain),
			Fix: "Read X-Webhook-Signature (with X-Webhook-ID and X-Webhook-Timestamp) instead of " + list + ". " + m.Fix,
		}
	}
	return nil
}

// clockAndMistake looks for a receiver whose clock is off and that makes a mistake of the
// signature as well. Of the times the likeliest come first: what its answers tell, then
// an hour more or less, as another time zone makes it.
func (i *investigation) clockAndMistake() *report.Diagnosis {
	const hour, day, told = 3600, 86400, 30
	if at, err := http.ParseTime(i.plain.Header.Get("Date")); err == nil {
		if date := int64(at.Sub(i.plain.Start) / time.Second); date < -told || date > told {
			if d := i.mistakeAt(likelyOnes(), []int64{date}); d != nil {
				return d
			}
		}
	}
	offsets := []int64{hour, -hour, 2 * hour, -2 * hour, 900, -900, 500, -500}
	for h := int64(3); h <= 14; h++ {
		offsets = append(offsets, h*hour, -h*hour)
	}
	return i.mistakeAt(keysAndForms(), append(offsets, day, -day))
}

// keysAndForms are likely mistakes that have nothing to do with the body.
func keysAndForms() []signing.Mistake {
	return slices.DeleteFunc(likelyOnes(), func(m signing.Mistake) bool {
		return strings.HasPrefix(m.Name, "body-as-") || strings.HasPrefix(m.Name, "reserialised") || strings.HasPrefix(m.Name, "timestamp") || m.Name == "body-undefined" || m.Name == "body-empty"
	})
}

// mistakeAt looks for a mistake of the signature that is taken at one of these times, in
// seconds from now.
func (i *investigation) mistakeAt(all []signing.Mistake, times []int64) *report.Diagnosis {
	for _, m := range all {
		requests := make([]delivery.Request, 0, len(times))
		when := make([]int64, 0, len(times))
		for _, s := range times {
			if r, ok := i.withMistake(m, i.shifted(s)); ok {
				requests, when = append(requests, r), append(when, s)
			}
		}
		i.ahead(requests)
		for n, r := range requests {
			if i.over() {
				return nil
			}
			what, a := i.try(r)
			if what != accepted && what != changed || !i.twice(m, what, func() delivery.Request { return i.shifted(when[n]) }) {
				continue
			}
			if i.twice(m, what, i.genuine) { // now as well, so it is no matter of time
				return i.mistakeFound(m.Name, strings.TrimPrefix(m.Summary, "the receiver "), m.Fix, what, a)
			}
			return i.clockAndMistakeFound(m, when[n], a)
		}
	}
	return nil
}

func (i *investigation) clockAndMistakeFound(m signing.Mistake, at int64, a answer) *report.Diagnosis {
	off, way := time.Duration(at)*time.Second, "fast"
	if at < 0 {
		off, way = -off, "slow"
	}
	i.note(fmt.Sprintf("signed %d s from now with the mistake %s", at, m.Name), a.Outcome)
	d := &report.Diagnosis{
		Cause: "clock-skew-and-" + m.Name,
		Summary: fmt.Sprintf("the receiver makes two mistakes at once: it %s, and its clock is about %s %s, or it calculates with the time. Signed with that mistake and %d s from now, the delivery gets %s; with only one of the two it is refused (%s)",
			strings.TrimPrefix(m.Summary, "the receiver "), off, way, at, i.seen(a.Outcome), i.seen(i.plain)),
		Fix: m.Fix + " Then set the clock (NTP) on the receiver's machine, or on this one.",
	}
	const half = 30 * time.Minute
	if off >= half && off%half == 0 {
		d.Summary += ". A whole number of hours looks like a time zone: local time taken for UTC, or the other way"
		d.Fix = m.Fix + " X-Webhook-Timestamp is in Unix seconds, which have no time zone: compare it with time.time(), Date.now() / 1000 or DateTimeOffset.UtcNow.ToUnixTimeSeconds(), never with a local time."
	}
	return d
}
