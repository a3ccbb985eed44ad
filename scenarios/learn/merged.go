package learn

import (
	"context"
	"slices"
	"time"

	"github.com/sentsim/sentsim/scenarios/driver"
	"github.com/sentsim/sentsim/simulator/event"
)

// confirm takes a status for kept that shows the word which the configuration gives
// it, though an earlier status has the same: READ may be kept as delivered.
func (v vocabulary) confirm(c Confirmed) {
	for st, w := range v.words {
		if !w.Kept && w.Text != "" && c.Statuses.Confirms(st) && bare(c.Statuses.Word(st)) == bare(w.Text) {
			v.words[st] = Word{Text: w.Text, Kept: true}
		}
	}
}

// tellMerged finds out whether a message that is READ shows the word of DELIVERED because
// the receiver keeps both under it, or because it does not keep READ: then a message
// that skips DELIVERED shows what it was before.
func (l *Learner) tellMerged(ctx context.Context, found *round, t *Traits) error {
	read, delivered := found.words[event.Read], found.words[event.Delivered]
	if read.Kept || read.Text == "" || !delivered.Kept || bare(read.Text) != bare(delivered.Text) {
		return nil
	}
	i := slices.IndexFunc(found.channels, func(ch event.Channel) bool { return driver.Travels(event.Read, ch) })
	if i < 0 {
		return nil
	}
	alone := &round{l: l, knobs: found.knobs, patience: max(500*time.Millisecond, 3*found.lag)}
	skips, err := alone.addMessage(ctx, l.Seed.Stream("learn merged"), found.channels[i], event.Read, unchanged)
	if err != nil {
		return err
	}
	skips.send = slices.DeleteFunc(skips.send, func(s delivering) bool { return s.e.Type == event.TypeOf(event.Delivered) })
	if err := alone.run(ctx, t); err != nil {
		return err
	}
	if skips.alive() && skips.err == nil && skips.state.HasStatus && bare(skips.state.Status) == bare(delivered.Text) {
		found.words[event.Read] = Word{Text: read.Text, Kept: true}
	}
	return nil
}
