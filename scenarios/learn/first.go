package learn

import "context"

// readFirst looks at the message of the run's first delivery where no other one shows. It
// did not before that delivery: so the receiver keeps messages that it did not send.
func (l *Learner) readFirst(ctx context.Context, found *round) {
	if l.First == nil || l.Arranged || len(found.channels) > 0 || found.unread(isMessage) != nil {
		return
	}
	for _, t := range found.outbound() {
		if !t.alive() || t.state.Known {
			return
		}
	}
	if st, err := l.First(ctx); err == nil && st.Known {
		l.onlyOne, l.firstSeen = true, st.Raw
	}
}
