package trace

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/seed"
)

// Redraw tells the same story of others: a receiver that remembers the first
// telling must not meet it again. Messages, templates and contacts get new ids
// and numbers, the same one wherever they are named, also inside of bodies;
// everything else stays as it is. It is for one goroutine.
type Redraw struct {
	chance *seed.Stream
	taken  map[string]bool // numbers: there are far fewer of them than ids
}

// NewRedraw draws from chance.
func NewRedraw(chance *seed.Stream) *Redraw {
	return &Redraw{chance: chance, taken: map[string]bool{}}
}

// Steps is steps with other subjects. No two tellings of one Redraw share one.
func (r *Redraw) Steps(steps []chaos.Step) []chaos.Step {
	for _, s := range steps {
		r.taken[digits(s.Subject.From)] = true
	}
	renamed := map[string]string{}
	id := func(old uuid.UUID) uuid.UUID {
		if old == uuid.Nil {
			return old
		}
		if renamed[old.String()] == "" {
			renamed[old.String()] = uuid.Must(uuid.NewRandomFromReader(r.chance)).String() // a stream never fails
		}
		return uuid.MustParse(renamed[old.String()])
	}
	out := make([]chaos.Step, len(steps))
	for i, s := range steps {
		s.Subject.ID, s.Event.ID = id(s.Subject.ID), id(s.Event.ID)
		if s.Subject.From != "" {
			old := digits(s.Subject.From)
			if renamed[old] == "" {
				renamed[old] = r.number(old)
			}
			s.Subject.From = strings.Replace(s.Subject.From, old, renamed[old], 1)
		}
		out[i] = s
	}
	for i, s := range out {
		body := bytes.Clone(s.Body)
		for old, fresh := range renamed {
			body = bytes.ReplaceAll(body, []byte(old), []byte(fresh))
		}
		out[i].Body = body
	}
	return out
}

// digits is a number without its plus: so it stands in some bodies.
func digits(number string) string { return strings.TrimPrefix(number, "+") }

// number is a number like old, with other last digits.
func (r *Redraw) number(old string) string {
	const last = 7
	head := old[:max(len(old)-last, 0)]
	for {
		fresh := fmt.Sprintf("%s%0*d", head, last, r.chance.IntN(10_000_000))
		if !r.taken[fresh] {
			r.taken[fresh] = true
			return fresh
		}
	}
}
