package trace

import (
	"fmt"
	"regexp"
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
				renamed[old] = r.number()
			}
			s.Subject.From = strings.Replace(s.Subject.From, old, renamed[old], 1)
		}
		out[i] = s
	}
	for i, s := range out {
		out[i].Body = names.ReplaceAllFunc(s.Body, func(old []byte) []byte {
			if fresh := renamed[string(old)]; fresh != "" {
				return []byte(fresh)
			}
			return old
		})
	}
	return out
}

// names finds ids and numbers in bodies.
var names = regexp.MustCompile(`[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9]{10,15}`)

// digits is a number without its plus: so it stands in some bodies.
func digits(number string) string { return strings.TrimPrefix(number, "+") }

// number is another number of those that are reserved for fiction; when most of
// them have been told of, it is one that is hardly anybody's.
func (r *Redraw) number() string {
	for try := 0; ; try++ {
		line := 100 + r.chance.IntN(100)
		if try > 20 {
			line = r.chance.IntN(10_000)
		}
		fresh := fmt.Sprintf("1%d%d%d555%04d", 2+r.chance.IntN(8), r.chance.IntN(9), r.chance.IntN(10), line)
		if !r.taken[fresh] {
			r.taken[fresh] = true
			return fresh
		}
	}
}
