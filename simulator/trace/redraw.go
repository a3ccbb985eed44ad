package trace

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/google/uuid"
	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/seed"
)

// Redraw tells the same story of others: a receiver that remembers the first
// telling must not meet it again. Messages, templates and contacts get new ids
// and numbers, and so do the orders that contacts write about: the same one
// wherever it is named, also inside of bodies. Everything else stays as it is. It
// is for one goroutine.
type Redraw struct {
	// Words gives texts that are null some words: all of those are one to a
	// receiver that knows texts by nothing else.
	Words bool
	// Stop gives STOP other words as well, for a story in which it is a text like
	// any other: there is one STOP, and a receiver may have heard it before.
	Stop bool

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
	marks := map[string]string{} // of texts that name no order
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
		if message, err := uuid.Parse(gjson.GetBytes(s.Body, "payload.message_id").String()); err == nil && s.Subject.Kind == chaos.AboutContact {
			id(message) // that carried the signal, whether or not it is among the steps
		}
		if s.Subject.Kind == chaos.AboutInbound {
			r.reorder(gjson.GetBytes(s.Body, "payload.text"), renamed, marks)
		}
		out[i] = s
	}
	spoken := map[uuid.UUID]string{} // what null texts have become, by event
	for i, s := range out {
		text := gjson.GetBytes(s.Body, "payload.text")
		words := marks[text.String()]
		if r.Words && text.Type == gjson.Null && text.Exists() {
			if spoken[s.Event.ID] == "" {
				spoken[s.Event.ID] = fmt.Sprintf("About order %0*d", orderDigits, r.chance.IntN(10_000_000))
			}
			words = spoken[s.Event.ID]
		}
		if s.Subject.Kind == chaos.AboutInbound && words != "" {
			if body, err := sjson.SetBytes(s.Body, "payload.text", words); err == nil {
				s.Body = body
			}
		}
		out[i].Body = names.ReplaceAllFunc(s.Body, func(old []byte) []byte {
			if fresh := renamed[string(old)]; fresh != "" {
				return []byte(fresh)
			}
			return old
		})
	}
	return out
}

// reorder draws other orders for those that a text names. One that names none is
// marked: a receiver may know texts by nothing but their words. With a mark behind
// it STOP is none.
func (r *Redraw) reorder(text gjson.Result, renamed, marks map[string]string) {
	number := func() string { return fmt.Sprintf("%0*d", orderDigits, r.chance.IntN(10_000_000)) }
	named := false
	for _, old := range orders.FindAllString(text.String(), -1) {
		if len(old) == orderDigits {
			named = true
			if renamed[old] == "" {
				renamed[old] = number()
			}
		}
	}
	words := text.String()
	if named || text.Type != gjson.String || marks[words] != "" || !r.Stop && strings.EqualFold(words, chaos.Stop) {
		return
	}
	const longest = 4096 // characters in a text (TOL-5)
	mark := " (order " + number() + ")"
	runes := []rune(words)
	marks[words] = string(runes[:min(len(runes), longest-len(mark))]) + mark
}

// orderDigits is how long the numbers of orders are.
const orderDigits = 7

// names finds ids and numbers in bodies, orders the numbers in texts.
var (
	names  = regexp.MustCompile(`[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9]{7,15}`)
	orders = regexp.MustCompile(`[0-9]+`)
)

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
