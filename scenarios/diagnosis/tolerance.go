package diagnosis

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"time"

	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/signing"
)

// ofTime are texts of somebody who has looked at the timestamp.
var ofTime = regexp.MustCompile(`(?i)time ?stamp|expired|stale|too old|tolerance|\bskew|replay|\bclock`)

// timeAlone finds that the check of the time is what refuses a delivery, in ways that
// do not depend on how far the clocks are apart: it is the wrong way round, it takes a
// delivery in the first moments of the second in which it was signed only, or it takes
// a timestamp that is no number, since no number is more than 300 apart from that. All
// of them spoil the experiments that follow: by chance, or because any other form passes.
func (i *investigation) timeAlone() *report.Diagnosis {
	r := i.stamped("soon")
	const far = 15 * 60
	i.timed = map[int64]delivery.Request{far: i.shifted(far), -far: i.shifted(-far)}
	i.ahead([]delivery.Request{r, i.timed[far], i.timed[-far]})
	if d := first(i.wrongWayRound, i.oneWayOnly, i.tightTolerance); d != nil {
		return d
	}
	what, a := i.try(r)
	if what != accepted && what != changed {
		return nil
	}
	i.note("with a timestamp that is no number, rightly signed", a.Outcome)
	i.anyText = true
	if d := i.wrongClock(); d != nil {
		return d
	}
	return &report.Diagnosis{
		Cause: toleranceCause,
		Summary: "the receiver's check of the timestamp refuses a genuine delivery (" + i.seen(i.plain) + "): the same with a timestamp that is no number at all, rightly signed, gets " + i.seen(a.Outcome) +
			", and no other time, up to a year from now, is taken. It allows too little, or calculates with another unit",
		Fix: toleranceFix + " And refuse what is no number: every comparison with NaN is false.",
	}
}

// wrongWayRound is for a check that refuses what is near and takes what is far.
func (i *investigation) wrongWayRound() *report.Diagnosis {
	const far = 15 * 60
	for _, offset := range []int64{far, -far, -100 * far} {
		if what := i.signedAt(offset); what != accepted && what != changed {
			return nil
		}
	}
	i.tried = append(i.tried, "signed 15 minutes ahead, 15 minutes ago and a day ago it is taken, signed now it is not")
	return &report.Diagnosis{
		Cause:   toleranceCause,
		Summary: "the receiver's check of the timestamp is the wrong way round: signed now, the delivery gets " + i.seen(i.plain) + ", and signed 15 minutes ahead, 15 minutes ago or a day ago it is taken",
		Fix:     "Refuse where the difference is greater than 300 s, and not where it is less.",
	}
}

// oneWayOnly is for a check that takes only what is old, or only what lies ahead, from
// some point on and without an end. A clock that is wrong makes the same of a check that
// looks one way only, so the clock of a receiver that tells another time is left alone,
// and where it tells none both are said.
func (i *investigation) oneWayOnly() *report.Diagnosis {
	const far, day, years = 15 * 60, 86400, 8 * 365 * 86400
	for _, side := range []struct {
		sign        int64
		takes, lies string
		clock       string
	}{
		{-1, "only what was signed long ago is taken: 15 minutes, a day and eight years ago", "15 minutes ahead", "slow, and refuses only what lies ahead of it"},
		{1, "only what was signed ahead of now is taken: by 15 minutes, a day and eight years", "15 minutes ago", "fast, and refuses only what is older than it allows"},
	} {
		taken := func(offset int64) bool {
			what := i.signedAt(side.sign * offset)
			return what == accepted || what == changed
		}
		if !taken(far) || !taken(day) || !taken(years) || taken(-far) || i.over() {
			continue
		}
		at, err := http.ParseTime(i.plain.Header.Get("Date"))
		told := err == nil
		const right = 30 * time.Second
		if off := at.Sub(i.plain.Start); told && (off < -right || off > right) {
			i.endless = true
			return nil // its clock is wrong, and says so
		}
		i.tried = append(i.tried, side.takes+"; signed now or "+side.lies+" it is not")
		d := &report.Diagnosis{
			Cause:   toleranceCause,
			Summary: "the receiver's check of the timestamp is the wrong way round: " + side.takes + ", and signed now (" + i.seen(i.plain) + ") or " + side.lies + " it is not",
			Fix:     "Refuse where abs(now − X-Webhook-Timestamp) is greater than 300 s, both in seconds, and take everything else: a comparison, or the sign of the difference, is turned about.",
		}
		if !told {
			d.Summary += ". Or its clock is " + side.clock + ": it tells no time, so these cannot be told apart from outside"
			d.Fix += " And compare its clock with this machine's (date -u on both)."
		}
		return d
	}
	return nil
}

const (
	toleranceCause = "timestamp-tolerance"
	toleranceFix   = "X-Webhook-Timestamp is in whole seconds: compare it with Math.floor(Date.now() / 1000), time.time() or Time.now.to_i and allow 300 of them; in milliseconds that is 300000."
)

// stamped is a genuine delivery with that text for a timestamp, rightly signed.
func (i *investigation) stamped(stamp string) delivery.Request {
	r := i.genuine()
	content := r.Get(signing.HeaderID) + "." + stamp + "." + string(r.Body)
	return r.With(signing.HeaderTimestamp, stamp).With(signing.HeaderSignature, i.r.Secret.SignContent([]byte(content)))
}

// TightTolerance looks for a receiver that takes a delivery only in the first moments
// of the second in which it was signed, where a genuine one was refused after others
// were taken. Nil where it is none.
func TightTolerance(ctx context.Context, r Receiver, refused delivery.Outcome) *report.Diagnosis {
	i := begin(ctx, r, refused)
	i.tried = nil
	i.note("a genuine delivery, after one that was accepted", refused)
	d := i.tightTolerance()
	if d != nil {
		d.Evidence = i.tried
	}
	return d
}

// tightTolerance looks for a receiver that takes a delivery only in the first
// moments of the second in which it was signed.
func (i *investigation) tightTolerance() *report.Diagnosis {
	const (
		tries = 3
		late  = 900 * time.Millisecond
		// early is how soon in its second a delivery must be answered that proves something
		// by its refusal, where the receiver can be as quick. A busy machine may be late.
		early = 100 * time.Millisecond
	)
	quick := i.plain.Duration < early || i.facts.worthless.Kind == delivery.Answered && i.facts.worthless.Duration < early
	inTime := func(a answer, sent time.Duration) bool { return !quick || sent+a.Duration < early }
	speaks := ofTime.MatchString(words(i.plain))
next:
	for range tries {
		if first, sent := i.inSecond(0); !first.Accepted() {
			if inTime(first, sent) && !speaks {
				return nil
			}
			continue
		}
		var taken, refused string
		// Not in turns: two instances behind a balancer may be asked in turns.
		for _, after := range []time.Duration{0, late, late, 0, late} {
			a, sent := i.inSecond(after)
			if after == 0 && !a.Accepted() && !inTime(a, sent) {
				continue next
			}
			if a.Accepted() != (after == 0) {
				return nil
			}
			if told := fmt.Sprintf("%d ms into its second it gets %s", sent.Milliseconds(), i.seen(a.Outcome)); a.Accepted() {
				taken = told
			} else {
				refused = told
			}
		}
		if !i.ages(late) { // it was chance, as where a part of all signatures is taken
			return nil
		}
		i.tried = append(i.tried, "signed and sent "+taken+", "+refused+", and so each time")
		return &report.Diagnosis{
			Cause:   toleranceCause,
			Summary: "the receiver takes a delivery only in the first moments of the second in which it was signed: sent " + taken + ", " + refused + ". Its check of the timestamp allows less than a second, as one does that compares milliseconds with 300",
			Fix:     toleranceFix,
		}
	}
	return nil
}

// ages reports whether the very same delivery is taken at the beginning of its second and
// refused so long after it: its signature is the same.
func (i *investigation) ages(after time.Duration) bool {
	for range 3 { // a busy machine may be late
		now := clock.Wall()
		second := now.Truncate(time.Second).Add(time.Second)
		if i.over() || (clock.Real{}).Sleep(i.ctx, second.Sub(now)) != nil {
			return false
		}
		r := i.plainSigned(i.plainBody(), second.Unix())
		if !i.send(r).Accepted() {
			continue
		}
		if (clock.Real{}).Sleep(i.ctx, second.Add(after).Sub(clock.Wall())) != nil {
			return false
		}
		return !i.send(r).Accepted()
	}
	return false
}

// inSecond sends a genuine delivery so long after the beginning of a second, signed in
// that second, and says when it went out. Where this machine is late, or took long over a
// refusal, the next second is waited for.
func (i *investigation) inSecond(after time.Duration) (a answer, sent time.Duration) {
	const (
		prompt = 50 * time.Millisecond
		most   = 3 // times that it is tried
	)
	usual := 4 * max(i.plain.Duration, i.facts.worthless.Duration)
	for tries := 1; ; tries++ {
		now := clock.Wall()
		second := now.Truncate(time.Second)
		if now.Sub(second) >= after {
			second = second.Add(time.Second)
		}
		if i.over() || (clock.Real{}).Sleep(i.ctx, second.Add(after).Sub(now)) != nil {
			return answer{}, 0
		}
		r := i.plainSigned(i.plainBody(), second.Unix())
		if sent = clock.Wall().Sub(second); sent-after >= prompt && tries < most {
			continue
		}
		a = i.send(r)
		if a.Accepted() || a.Duration < usual+prompt || tries == most {
			return a, sent
		}
	}
}
