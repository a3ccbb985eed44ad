package mutant

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sentsim/sentsim/scenarios/receiver"
	"github.com/sentsim/sentsim/simulator/contract"
)

// Mistakes with statuses that come late, early or not at all.
func orderMutants() []Mutant {
	return []Mutant{
		{
			Name:    "last-write-wins",
			Mistake: "The status that arrived last is the message's status.",
			Breaks: []Broken{
				{contract.ORD3, "a late earlier status never moves the message back"},
				{contract.ORD4, "READ before DELIVERED ends READ"},
				{contract.ORD6, "a late SENT does not overwrite FAILED"},
			},
			change: ranking(map[string]int{"QUEUED": 1, "ROUTED": 1, "SENT": 1, "DELIVERED": 1, "READ": 1, "FAILED": 1}),
		},
		{
			Name:    "rank-off-by-one",
			Mistake: "SENT and DELIVERED have the same rank, and of equal ranks the last to arrive counts.",
			Breaks:  []Broken{{contract.ORD3, "a late earlier status never moves the message back"}},
			change:  ranking(map[string]int{"SENT": receiver.Rank("DELIVERED")}, "FAILED", "FILTERED", "BLOCKED"),
		},
		{
			Name:    "read-is-delivered",
			Mistake: "READ and DELIVERED have the same rank, and of equal ranks the last to arrive counts.",
			Breaks:  []Broken{{contract.ORD4, "READ before DELIVERED ends READ"}},
			change:  ranking(map[string]int{"READ": receiver.Rank("DELIVERED")}),
		},
		{
			Name:    "read-needs-delivered",
			Mistake: "READ is passed over as long as the message is not DELIVERED.",
			Breaks:  []Broken{{contract.ORD4, "READ before DELIVERED ends READ"}},
			change: following(func(current string, ev receiver.Event) (bool, error) {
				return ev.Status != "READ" || current == "DELIVERED" || current == "READ", nil
			}),
		},
		{
			Name:    "failed-overwritten",
			Mistake: "FAILED is as far on as SENT, and of equal ranks the last to arrive counts.",
			Breaks:  []Broken{{contract.ORD6, "a late SENT does not overwrite FAILED"}},
			change:  ranking(map[string]int{"FAILED": receiver.Rank("SENT")}),
		},
		{
			Name:    "failed-only-logged",
			Mistake: "FAILED goes to the log and nowhere else.",
			Breaks:  []Broken{{contract.ORD1, "the full lifecycle ends in the last status"}},
			May:     []contract.ID{contract.IDEM4, contract.ORD6, contract.ORD7},
			change:  following(func(_ string, ev receiver.Event) (bool, error) { return ev.Status != "FAILED", nil }),
		},
		{
			Name:    "read-dropped",
			Mistake: "READ is dropped: nobody in the business needs it.",
			Breaks:  []Broken{{contract.ORD1, "the full lifecycle ends in the last status"}},
			May:     []contract.ID{contract.ORD4},
			change:  following(func(_ string, ev receiver.Event) (bool, error) { return ev.Status != "READ", nil }),
		},
		{
			Name:    "skips-passed-over",
			Mistake: "A status counts only if it is the next one after the last: what comes after a gap is passed over.",
			Breaks:  []Broken{{contract.ORD2, "ROUTED → DELIVERED ends DELIVERED"}},
			May:     []contract.ID{contract.ORD4, contract.IDEM4},
			change:  following(func(current string, ev receiver.Event) (bool, error) { return follows(current, ev.Status), nil }),
		},
		{
			Name:    "transitions-enforced",
			Mistake: "A state machine answers 409 to every status that is not the next one.",
			Breaks:  []Broken{{contract.ORD2, "skipped states are accepted"}},
			May:     []contract.ID{contract.ORD3, contract.ORD4, contract.ORD5, contract.ORD6, contract.IDEM4},
			change: following(func(current string, ev receiver.Event) (bool, error) {
				if !follows(current, ev.Status) {
					return false, &answer{http.StatusConflict, "no way from " + current + " to " + ev.Status}
				}
				return true, nil
			}),
		},
		{
			Name:    "unknown-message-refused",
			Mistake: "An event of a message that is not in the database is answered with 404.",
			Breaks:  []Broken{{contract.ORD5, "an event for a message it never saw is acknowledged"}},
			change: following(func(current string, ev receiver.Event) (bool, error) {
				if current == "" && ev.Status != "QUEUED" {
					return false, &answer{http.StatusNotFound, "no such message"}
				}
				return true, nil
			}),
		},
		{
			Name:    "messages-mixed-up",
			Mistake: "A variable of the module holds the message that was SENT last, and takes what happens to a sent message.",
			Breaks:  []Broken{{contract.ORD7, "interleaved messages do not mix"}},
			May:     []contract.ID{contract.IDEM4, contract.IDEM6, contract.ORD1},
			change: func(r *receiver.Receiver, _ receiver.Config) error {
				var mu sync.Mutex
				last := ""
				r.Add = func(ctx context.Context, ev receiver.Event, reply []byte) (bool, error) {
					mu.Lock()
					defer mu.Unlock()
					if ev.Kind == receiver.Message && (ev.Status == "DELIVERED" || ev.Status == "FAILED") {
						if current, _, err := r.Store.State(ctx, receiver.Message, ev.Subject); err == nil && current == "SENT" && last != "" {
							ev.Subject = last
						}
					}
					if ev.Kind == receiver.Message && ev.Status == "SENT" {
						last = ev.Subject
					}
					return r.Store.Add(ctx, ev, reply)
				}
				return nil
			},
		},
		{
			Name:    "found-by-recipient",
			Mistake: "A message is looked up by its recipient's number, and the first one that is found is updated.",
			Breaks:  []Broken{{contract.ORD7, "interleaved messages do not mix"}},
			change: func(r *receiver.Receiver, cfg receiver.Config) error {
				var first sync.Map // messages by number
				return reading(func(ev *receiver.Event, _ http.Header, _, payload receiver.Fields) error {
					if number := cmp.Or(payload.Text("inbound_number"), payload.Text("outbound_number")); ev.Kind == receiver.Message && number != "" {
						found, _ := first.LoadOrStore(number, ev.Subject)
						ev.Subject = found.(string) //nolint:forcetypeassert // nothing else is in it
					}
					return nil
				})(r, cfg)
			},
		},
		{
			Name:    "shared-variable",
			Mistake: "The id of the message that is being handled stands in a variable of the module, which the next request overwrites while the database is waited for.",
			Breaks:  []Broken{{contract.ORD7, "interleaved messages do not mix"}},
			May:     []contract.ID{contract.ACK2, contract.IDEM3, contract.IDEM4, contract.IDEM6, contract.ORD1},
			change: func(r *receiver.Receiver, _ receiver.Config) error {
				var handled atomic.Value
				r.Add = func(ctx context.Context, ev receiver.Event, reply []byte) (bool, error) {
					if ev.Kind == receiver.Message {
						handled.Store(ev.Subject)
					}
					if err := takes(ctx, 5*time.Millisecond); err != nil { // the way to the database and back
						return false, err
					}
					if ev.Kind == receiver.Message {
						ev.Subject, _ = handled.Load().(string)
					}
					return r.Store.Add(ctx, ev, reply)
				}
				return nil
			},
		},
	}
}

// ranking gives statuses other ranks. Those in moved go up behind the highest of
// them, so that they stay where they were relative to the others.
func ranking(ranks map[string]int, moved ...string) func(*receiver.Receiver, receiver.Config) error {
	return reading(func(ev *receiver.Event, _ http.Header, _, _ receiver.Fields) error {
		if other, ok := ranks[ev.Status]; ok && ev.Kind == receiver.Message {
			ev.Rank = other
		}
		if slices.Contains(moved, ev.Status) {
			ev.Rank = receiver.Rank("READ") + 1
		}
		return nil
	})
}

// following lets a mutant pass over an event of a message, or refuse it, because
// of the status that the message is in; "" is a message that is not known.
func following(counts func(current string, ev receiver.Event) (bool, error)) func(*receiver.Receiver, receiver.Config) error {
	return func(r *receiver.Receiver, _ receiver.Config) error {
		var mu sync.Mutex
		r.Add = func(ctx context.Context, ev receiver.Event, reply []byte) (bool, error) {
			if ev.Kind != receiver.Message {
				return r.Store.Add(ctx, ev, reply)
			}
			mu.Lock()
			defer mu.Unlock()
			current, _, err := r.Store.State(ctx, receiver.Message, ev.Subject)
			if err != nil && !errors.Is(err, receiver.ErrUnknown) {
				return false, err
			}
			if there, err := (store{r.Store}).holds(ctx, ev.Key); err != nil || there {
				return false, err // a duplicate is no transition
			}
			if ok, err := counts(current, ev); err != nil || !ok {
				return false, err
			}
			return r.Store.Add(ctx, ev, reply)
		}
		return nil
	}
}

// follows reports whether a status is the next one after current. One that it
// does not know, and FAILED, may come at any time.
func follows(current, status string) bool {
	way := []string{"", "QUEUED", "ROUTED", "SENT", "DELIVERED", "READ"}
	i := slices.Index(way, status)
	if i < 0 {
		return true
	}
	j := slices.Index(way, current)
	return j < 0 || i == j+1
}

// holds reports whether an event is stored under key.
func (s store) holds(ctx context.Context, key string) (there bool, err error) {
	err = s.DB.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM events WHERE key = ?)`, key).Scan(&there)
	return there, err
}
