package chaos

import (
	"iter"
	"slices"
)

// Message is what is delivered about one of the plan's messages, from 1, in order,
// as it is when nothing else goes on: each message can be carried out alone, on any
// machine, and is the same there. What a plan does to the target as a whole is not
// among it: bursts, pauses, restarts, rotations, and times in which the webhook is
// disabled. Steps and groups are numbered within the message.
func (p Plan) Message(index int) []Step {
	own := slices.DeleteFunc(p.unit(index), func(x parcel) bool { return x.control != "" || x.burst })
	units := iter.Seq[[]parcel](func(yield func([]parcel) bool) { yield(own) })
	all := make([]Step, 0, len(own))
	p.merge(units, merger{rounds: index * roundsOfMessage, varied: index%2 == 0}, func(s Step) bool {
		all = append(all, s)
		return true
	})
	return all
}

// roundsOfMessage is more rounds of forgeries than one message begins: those of
// another message are drawn in another order.
const roundsOfMessage = 1000
