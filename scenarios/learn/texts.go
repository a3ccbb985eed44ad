package learn

import (
	"context"
	"fmt"
	"time"

	"github.com/sentsim/sentsim/scenarios/driver"
	"github.com/sentsim/sentsim/scenarios/probe"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/seed"
)

// addTexts adds an inbound text of a contact of its own for each shape and channel.
func (r *round) addTexts(name string, slow bool) {
	for k, shape := range shapes(r.knobs) {
		channels := event.Channels()
		if k == 0 && !slow {
			channels = append(channels, channels...) // one of two may be lost
		}
		for i, ch := range channels {
			if slow && ch != event.SMS {
				continue
			}
			r.addText(r.l.Seed.Stream("learn "+name+" text "+string(shape), uint64(i)), shape, ch) //nolint:gosec // counted up from 0
		}
	}
}

// addText adds one inbound text.
func (r *round) addText(st *seed.Stream, shape event.InboundShape, ch event.Channel) {
	d := r.driver()
	d.Knobs.InboundShape = shape
	text := fmt.Sprintf("Is order %08d on its way?", st.IntN(100_000_000))
	from := driver.NewNumber(st)
	t := &track{channel: ch, shape: shape, from: from, send: []delivering{{
		d, driver.Inbound(driver.NewID(st), r.l.Account, from, &text, ch, r.l.Start), fmt.Sprintf("an inbound text on %s in the %s shape", ch, shape),
	}}}
	if r.l.reads(probe.KindInbound) {
		if r.knobs.Numbers == event.NumbersDigits {
			from = from[1:]
		}
		t.read = func(ctx context.Context) (probe.State, error) { return r.l.Probe.Inbound(ctx, r.l.Driver.URL, from) }
	}
	r.tracks = append(r.tracks, t)
}

// moreTexts sends further texts on channels of which none was kept, where some were on
// others: a few that are lost now and then are no channel that is not handled.
func (l *Learner) moreTexts(ctx context.Context, found *round, t *Traits) error {
	kept, sent, some := map[event.Channel]bool{}, map[event.Channel]bool{}, false
	for _, tr := range found.tracks {
		if tr.shape == found.knobs.Format().InboundShape && tr.alive() && tr.err == nil {
			kept[tr.channel] = kept[tr.channel] || tr.state.Count > 0
			sent[tr.channel], some = true, some || kept[tr.channel]
		}
	}
	r := &round{l: l, knobs: found.knobs, patience: max(500*time.Millisecond, 3*found.lag)}
	const more = 3
	for _, ch := range event.Channels() {
		for n := uint64(0); sent[ch] && !kept[ch] && n < more; n++ {
			r.addText(l.Seed.Stream("learn more texts on "+string(ch), n), found.knobs.Format().InboundShape, ch)
		}
	}
	if len(r.tracks) == 0 || !some || l.slowAlone(t) {
		return nil
	}
	found.tracks = append(found.tracks, r.tracks...)
	return r.run(ctx, t)
}
