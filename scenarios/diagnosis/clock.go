package diagnosis

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/delivery"
)

// offsets are how far from now experiments are signed, in seconds: where an
// ordinary clock may be wrong, then where a time zone taken for another puts it.
func offsets(dateHeader time.Duration) []int64 {
	var all []int64
	if s := int64(dateHeader / time.Second); s < -2 || s > 2 {
		all = append(all, s)
	}
	const hour = 3600
	for _, s := range []int64{300, 900, 60, 5, 1500, 2100, 150} { // windows of 600 s that touch each other
		all = append(all, s, -s)
	}
	for h := int64(1); h <= 14; h++ {
		all = append(all, h*hour, -h*hour)
	}
	for _, s := range []int64{hour / 2, 3*hour + hour/2, 4*hour + hour/2, 5*hour + hour/2, 5*hour + 3*hour/4, 6*hour + hour/2, 8*hour + 3*hour/4, 9*hour + hour/2, 10*hour + hour/2} {
		all = append(all, s, -s)
	}
	for _, days := range []int64{1, 2, 3, 4, 5, 6, 7, 14, 30, 31, 365, 366} { // a machine that slept, or a date read the other way
		all = append(all, days*24*hour, -days*24*hour)
	}
	seen := map[int64]bool{}
	return slices.DeleteFunc(all, func(s int64) bool {
		twice := seen[s]
		seen[s] = true
		return twice
	})
}

// shifted is a delivery that is signed at another time.
func (i *investigation) shifted(offset int64) delivery.Request {
	return i.plainSigned(i.plainBody(), i.now()+offset)
}

func (i *investigation) signedAt(offset int64) effect {
	r, asked := i.timed[offset]
	if delete(i.timed, offset); !asked {
		r = i.shifted(offset)
	}
	what, _ := i.try(r)
	return what
}

// wrongClock looks for a time at which a signature is taken.
func (i *investigation) wrongClock() *report.Diagnosis {
	var date time.Duration
	at, err := http.ParseTime(i.plain.Header.Get("Date"))
	if err == nil {
		date = at.Sub(i.plain.Start)
	}
	if d := i.otherUnits(); d != nil {
		return d
	}
	d := i.offsetAmong(offsets(date))
	if d == nil && !i.over() {
		i.tried = append(i.tried, "signed at other times, up to a year from now: none made a difference")
	}
	return d
}

// offsetAmong looks for the first of some offsets from now, in seconds, at which a
// signature is taken.
func (i *investigation) offsetAmong(all []int64) *report.Diagnosis {
	at, err := http.ParseTime(i.plain.Header.Get("Date"))
	date := at.Sub(i.plain.Start)
	requests := make([]delivery.Request, len(all))
	for n, s := range all {
		requests[n] = i.shifted(s)
	}
	i.ahead(requests)
	for n, s := range all {
		if i.over() {
			return nil
		}
		what, a := i.try(requests[n])
		if what != accepted && what != changed || !i.confirmed(func() delivery.Request { return i.shifted(s) }, a) {
			continue
		}
		return i.skewed(s, what, err == nil && date > -30*time.Second && date < 30*time.Second)
	}
	return nil
}

// otherUnits signs the time in other units, to the last digit: whoever compares
// milliseconds with 300 allows a third of a second.
func (i *investigation) otherUnits() *report.Diagnosis {
	units := []struct {
		name   string
		number bool
		text   func(time.Time) string
	}{
		{"milliseconds", true, func(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }},
		{"microseconds", true, func(t time.Time) string { return strconv.FormatInt(t.UnixMicro(), 10) }},
		{"nanoseconds", true, func(t time.Time) string { return strconv.FormatInt(t.UnixNano(), 10) }},
		{"the form of RFC 3339", false, func(t time.Time) string { return t.UTC().Format(time.RFC3339) }},
		{"minutes", true, func(t time.Time) string { return strconv.FormatInt(t.Unix()/60, 10) }},
	}
	requests := make([]delivery.Request, len(units))
	for n, u := range units {
		requests[n] = i.stamped(u.text(clock.Wall()))
	}
	i.ahead(requests)
	for n, u := range units {
		if i.anyText && !u.number {
			continue
		}
		stamped := func() delivery.Request { return i.stamped(u.text(clock.Wall())) }
		r := requests[n]
		if _, asked := i.known[keyOf(r)]; !asked {
			r = stamped() // a third of a second may be all that it allows
		}
		what, a := i.try(r)
		if what != accepted && what != changed || !i.confirmed(stamped, a) || u.number && i.anyTime(u.text) {
			continue
		}
		i.note("with a timestamp in "+u.name, a.Outcome)
		return &report.Diagnosis{
			Cause:   "timestamp-unit",
			Summary: "the receiver reads X-Webhook-Timestamp as " + u.name + ", and it is in seconds: a delivery with a timestamp in " + u.name + " gets " + i.seen(a.Outcome) + " instead of " + i.seen(i.plain),
			Fix:     "Compare it with the time now in Unix seconds: Math.floor(Date.now() / 1000), time.time(), time(), Time.now.to_i; 300 is in seconds too.",
		}
	}
	return nil
}

// anyTime reports whether a timestamp in a unit is taken that is more than a year off in
// that unit, before and after: then it is its size in seconds that is taken, and nothing
// shows that the unit is read. One that looks one way only refuses one of them.
func (i *investigation) anyTime(text func(time.Time) string) bool {
	const year = 400 * 24 * time.Hour
	for _, off := range []time.Duration{-year, year} {
		if what, _ := i.try(i.stamped(text(clock.Wall().Add(off)))); what != accepted && what != changed {
			return false
		}
	}
	return true
}

// skewed measures the window in which signatures are taken, around an offset at
// which one was.
func (i *investigation) skewed(at int64, what effect, dateIsRight bool) *report.Diagnosis {
	const reach = 1200 // seconds that the window may be wide on either side
	low, high := at, at
	if i.slow() { // to find the edges takes twenty answers
		i.tried = append(i.tried, fmt.Sprintf("signed %d s from now it gets another answer, signed now it does not; the window was not measured, for each answer takes long", at))
	} else {
		low, high = i.edge(at, at-reach, what), i.edge(at, at+reach, what)
		i.tried = append(i.tried, fmt.Sprintf("signed between %d s and %d s from now it gets another answer, signed now it does not", low, high))
	}
	middle := (low + high) / 2
	fastOrSlow := "fast"
	if middle < 0 {
		fastOrSlow = "slow"
	}
	off := middle
	if off < 0 {
		off = -off
	}
	d := &report.Diagnosis{
		Cause:   "clock-skew",
		Summary: fmt.Sprintf("the receiver's clock is about %s %s, more than its check of the timestamp allows: signed now, the delivery gets %s, and signed %d s from now it is taken", time.Duration(off)*time.Second, fastOrSlow, i.seen(i.plain), at),
		Fix:     "Set the clock (NTP) on the receiver's machine, or on this one; in a virtual machine or container it is the host's.",
	}
	if high > low && high-low < 2*reach-60 && high-low < 550 {
		d.Summary += fmt.Sprintf(" (its window is %d s wide)", high-low)
	}
	const quarter = 900
	nearest := (off + quarter/2) / quarter * quarter
	switch {
	case nearest >= 2*quarter && off-nearest < 45 && nearest-off < 45 && off <= 14*3600+60:
		d.Cause = "time-zone"
		d.Summary += ". That looks like a time zone: local time taken for UTC, or the other way"
		d.Fix = "X-Webhook-Timestamp is in Unix seconds, which have no time zone: compare it with time.time(), Date.now() / 1000 or DateTimeOffset.UtcNow.ToUnixTimeSeconds(), never with a local time (datetime.utcnow().timestamp(), DateTime.Now)."
	case dateIsRight:
		d.Summary += ". Its Date header is right, so either a proxy on a machine with a right clock writes that, or the code calculates with the time"
		d.Fix += " Here the Date header is right: look at the clock of the machine behind the proxy, and at how the code compares the times."
	}
	return d
}

// edge is the last offset, on the way from one that is taken to one far away,
// that is taken.
func (i *investigation) edge(taken, far int64, what effect) int64 {
	if i.signedAt(far) == what {
		return far
	}
	for taken-far > 2 || far-taken > 2 {
		if i.over() {
			break
		}
		if middle := (taken + far) / 2; i.signedAt(middle) == what {
			taken = middle
		} else {
			far = middle
		}
	}
	return taken
}
