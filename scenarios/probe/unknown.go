package probe

import (
	"context"

	"github.com/google/uuid"
)

// absent is an id that no message and no template has.
func absent() uuid.UUID { return uuid.NewSHA1(uuid.NameSpaceURL, []byte("sentsim: an id of nothing")) }

// LearnUnknown reads what the receiver shows for an id that does not exist. An
// endpoint that answers such a question with a row ("unknown", no effects) shows no
// trace by it: a reading like it is unknown from then on. It must be called before any
// other reading; what cannot be read is left to those.
func (p *Probe) LearnUnknown(ctx context.Context, base string) {
	for _, kind := range []Kind{KindMessage, KindTemplate} {
		if _, ok := p.Endpoint(kind); !ok {
			continue
		}
		if st, err := p.read(ctx, kind, base, absent().String()); err == nil && st.Known {
			p.unknown[kind] = st
		}
	}
}

// known takes a reading back that shows what shows for an id that does not exist.
func (p *Probe) known(kind Kind, s State) State {
	if n, ok := p.unknown[kind]; ok && s.HasStatus == n.HasStatus && s.Status == n.Status && s.Effects == n.Effects {
		s.Known, s.HasStatus, s.Status = false, false, ""
	}
	return s
}
