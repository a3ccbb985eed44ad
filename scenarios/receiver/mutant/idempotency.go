package mutant

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/sentsim/sentsim/scenarios/receiver"
	"github.com/sentsim/sentsim/simulator/contract"
)

// Mistakes with what comes twice, and with what only looks as if it did.
func idempotencyMutants() []Mutant {
	acceptsTwice := []Broken{
		{contract.IDEM1, "2xx twice"},
		{contract.IDEM2, "2xx"},
		{contract.IDEM3, "all 2xx"},
	}
	newTimestampNewEvent := []Broken{
		{contract.IDEM2, "a retry with a fresh timestamp and signature"},
		{contract.IDEM5, "inbound duplicates have one effect"},
		{contract.IDEM6, "followed by a retry: one effect"},
		{contract.IDEM7, "still one effect"},
	}
	return []Mutant{
		{
			Name:    "duplicates-refused",
			Mistake: "A delivery that was processed before is a conflict: 409.",
			Breaks:  acceptsTwice,
			change:  duplicates(&answer{http.StatusConflict, "already processed"}),
		},
		{
			Name:    "unique-violation",
			Mistake: "The database refuses the second row of an event, and nobody catches that error.",
			Breaks:  acceptsTwice,
			change:  duplicates(crash("UNIQUE constraint failed: events.key")),
		},
		{
			Name:    "no-dedupe",
			Mistake: "Every delivery is taken for a new event.",
			Breaks: append([]Broken{
				{contract.IDEM1, "one effect"},
				{contract.IDEM3, "one effect"},
			}, newTimestampNewEvent...),
			change: adding(store.addAgain),
		},
		{
			Name:    "timestamp-in-key",
			Mistake: "The idempotency key holds X-Webhook-Timestamp, which is another one on every attempt.",
			Breaks:  newTimestampNewEvent,
			change: reading(func(ev *receiver.Event, h http.Header, _, _ receiver.Fields) error {
				ev.Key += " " + h.Get("X-Webhook-Timestamp")
				return nil
			}),
		},
		{
			Name:    "signature-as-key",
			Mistake: "The idempotency key is the signature, which is another one on every attempt.",
			Breaks:  newTimestampNewEvent,
			change: reading(func(ev *receiver.Event, h http.Header, _, _ receiver.Fields) error {
				ev.Key = h.Get("X-Webhook-Signature")
				return nil
			}),
		},
		{
			Name:    "webhook-id-as-key",
			Mistake: "The idempotency key is X-Webhook-ID, as if that were the event's id: only the first event ever counts.",
			Breaks:  []Broken{{contract.IDEM4, "different events under one X-Webhook-ID"}},
			May:     []contract.ID{contract.ACK2, contract.IDEM5, contract.INB1, contract.ORD1, contract.ORD2, contract.ORD3, contract.ORD4, contract.ORD6, contract.ORD7, contract.RET1, contract.TPL1, contract.SIG13, contract.IDEM1, contract.IDEM2, contract.IDEM3, contract.IDEM6, contract.IDEM7, contract.CON1},
			change: reading(func(ev *receiver.Event, h http.Header, _, _ receiver.Fields) error {
				ev.Key = h.Get("X-Webhook-ID")
				return nil
			}),
		},
		{
			Name:    "message-id-as-key",
			Mistake: "The idempotency key of a message's event is message_id alone: only the first status of a message counts.",
			Breaks:  []Broken{{contract.ORD1, "the full lifecycle ends in the last status"}}, // a row that never changes
			May:     []contract.ID{contract.IDEM4, contract.ORD2, contract.ORD3, contract.ORD4, contract.ORD6, contract.ORD7, contract.RET1},
			change: reading(func(ev *receiver.Event, _ http.Header, _, _ receiver.Fields) error {
				if ev.Kind == receiver.Message {
					ev.Key = "message " + ev.Subject
				}
				return nil
			}),
		},
		{
			Name:    "second-as-key",
			Mistake: "The idempotency key of a message's event is message_id and updated_at: two statuses of one second are one.",
			Breaks:  []Broken{{contract.IDEM4, "two statuses of one message at the same instant"}},
			change: reading(func(ev *receiver.Event, _ http.Header, _, payload receiver.Fields) error {
				if at := payload.Text("updated_at"); ev.Kind == receiver.Message && at != "" {
					ev.Key = "message " + ev.Subject + " " + at
				}
				return nil
			}),
		},
		{
			Name:    "event-id-and-timestamp-as-key",
			Mistake: "The idempotency key is X-Webhook-Event-ID and X-Webhook-Timestamp, which is another one on every attempt.",
			Breaks:  []Broken{{contract.IDEM2, "a retry with a fresh timestamp and signature"}},
			May:     []contract.ID{contract.IDEM5, contract.IDEM6, contract.IDEM7},
			change: reading(func(ev *receiver.Event, h http.Header, _, _ receiver.Fields) error {
				if id := h.Get("X-Webhook-Event-ID"); id != "" {
					ev.Key = id + " " + h.Get("X-Webhook-Timestamp")
				}
				return nil
			}),
		},
		{
			Name:    "check-then-insert",
			Mistake: "One statement looks if the event is there already, another one stores it, and copies slip in between.",
			Breaks:  []Broken{{contract.IDEM3, "N copies at the same instant"}},
			May:     []contract.ID{contract.IDEM5},
			change:  adding(store.lookThenAdd),
		},
		{
			Name:    "keys-in-memory",
			Mistake: "The keys of processed events are kept in a map, the events in a database: a restart forgets the keys.",
			Breaks:  []Broken{{contract.IDEM7, "when the receiver restarts between the two"}},
			change: func(r *receiver.Receiver, _ receiver.Config) error {
				var mu sync.Mutex
				seen := map[string]bool{}
				r.Add = func(ctx context.Context, ev receiver.Event, reply []byte) (bool, error) {
					mu.Lock()
					defer mu.Unlock()
					if seen[ev.Key] {
						return false, nil
					}
					added, err := store{r.Store}.addAgain(ctx, ev, reply)
					seen[ev.Key] = err == nil
					return added, err
				}
				return nil
			},
		},
		{
			Name:    "state-in-memory",
			Mistake: "Everything is kept in memory, and a restart forgets it.",
			Breaks:  []Broken{{contract.IDEM7, "when the receiver restarts between the two"}},
			change: func(r *receiver.Receiver, _ receiver.Config) error {
				memory, err := receiver.OpenStore(context.Background(), "")
				if err != nil {
					return err
				}
				err = r.Store.Close()
				r.Store, r.Add = memory, memory.Add
				return err
			},
		},
		{
			Name:    "last-event-remembered",
			Mistake: "An event is a duplicate if it is the same as the last one of its message: what comes back later is new.",
			Breaks:  []Broken{{contract.IDEM2, "after newer events of the same message"}},
			change: adding(func(s store, ctx context.Context, ev receiver.Event, reply []byte) (bool, error) {
				if ev.Kind != receiver.Message {
					return s.Add(ctx, ev, reply)
				}
				return s.addUnlessLast(ctx, ev, reply)
			}),
		},
		{
			Name:    "marked-before-effect",
			Mistake: "An event is marked as seen in one transaction and has its effect in another: a sender that hangs up cancels what lies between.",
			Breaks:  []Broken{{contract.IDEM6, "a lost acknowledgement"}},
			change: both(serving(hearing), adding(func(s store, ctx context.Context, ev receiver.Event, reply []byte) (bool, error) {
				marked, err := s.mark(ctx, ev.Key)
				if err != nil || !marked {
					return false, err
				}
				if err := takes(heard(ctx), 5*time.Millisecond); err != nil { // the effect's share of work
					return false, err
				}
				return s.addAgain(ctx, ev, reply)
			})),
		},
		{
			Name:    "marked-after-answer",
			Mistake: "An event is marked as seen once the sender is known to have waited for the end: who hung up gets it a second time.",
			Breaks:  []Broken{{contract.IDEM6, "a lost acknowledgement"}},
			change: both(serving(hearing), adding(func(s store, ctx context.Context, ev receiver.Event, reply []byte) (bool, error) {
				key := ev.Key
				gone := func() bool { return takes(heard(ctx), 5*time.Millisecond) != nil }
				added, err := s.Add(ctx, ev, reply)
				if added && err == nil && gone() {
					err = s.rename(ctx, key)
				}
				return added, err
			})),
		},
		{
			Name:    "inbound-not-deduplicated",
			Mistake: "Statuses are deduplicated, what contacts write is not.",
			Breaks: []Broken{
				{contract.IDEM3, "one effect"},
				{contract.IDEM5, "inbound duplicates have one effect"},
			},
			change: adding(func(s store, ctx context.Context, ev receiver.Event, reply []byte) (bool, error) {
				if ev.Kind == receiver.Inbound {
					return s.addAgain(ctx, ev, reply)
				}
				return s.Add(ctx, ev, reply)
			}),
		},
		{
			Name:    "inbound-check-then-insert",
			Mistake: "Statuses have a unique key, and what contacts write is looked for and then stored: copies slip in between.",
			Breaks:  []Broken{{contract.IDEM3, "N copies at the same instant"}},
			May:     []contract.ID{contract.IDEM5},
			change: adding(func(s store, ctx context.Context, ev receiver.Event, reply []byte) (bool, error) {
				if ev.Kind == receiver.Inbound {
					return s.lookThenAdd(ctx, ev, reply)
				}
				return s.Add(ctx, ev, reply)
			}),
		},
		{
			Name:    "inbound-count-read-and-written",
			Mistake: "How many texts a contact has sent is read and written back one higher: of two at the same instant one is not counted.",
			Breaks:  []Broken{{contract.IDEM5, "two different texts from one number have two"}},
			May:     []contract.ID{contract.IDEM4},
			change: adding(func(s store, ctx context.Context, ev receiver.Event, reply []byte) (bool, error) {
				if ev.Kind == receiver.Inbound {
					return s.countOneMore(ctx, ev, reply)
				}
				return s.Add(ctx, ev, reply)
			}),
		},
		{
			Name:    "reply-per-delivery",
			Mistake: "What contacts write is stored once, but answered whenever it is delivered.",
			Breaks:  []Broken{{contract.IDEM5, "inbound duplicates have one effect"}},
			change: adding(func(s store, ctx context.Context, ev receiver.Event, reply []byte) (bool, error) {
				added, err := s.Add(ctx, ev, reply)
				if err != nil || added || reply == nil {
					return added, err
				}
				ev.Kind = "reply"
				return s.addAgain(ctx, ev, reply)
			}),
		},
		{
			Name:    "inbound-by-text",
			Mistake: "What contacts write is the same message if it is the same text.",
			Breaks:  []Broken{{contract.IDEM4, "equal texts at different times"}},
			change:  inboundKey(func(ev receiver.Event, _ receiver.Fields) string { return ev.Text }),
		},
		{
			Name:    "inbound-by-number",
			Mistake: "A contact who has written once is known, and what comes from the number afterwards is a duplicate.",
			Breaks: []Broken{
				{contract.IDEM4, "equal texts at different times"},
				{contract.IDEM5, "two different texts from one number have two"},
			},
			change: inboundKey(func(ev receiver.Event, _ receiver.Fields) string { return ev.Subject }),
		},
		{
			Name:    "inbound-by-second",
			Mistake: "What a contact writes is known by the number and the second: two texts of one second are one.",
			Breaks:  []Broken{{contract.IDEM5, "two different texts from one number have two"}},
			change: inboundKey(func(ev receiver.Event, payload receiver.Fields) string {
				return ev.Subject + " " + payload.Text("received_at", "updated_at")
			}),
		},
	}
}

// duplicates answers what was stored before with an error.
func duplicates(err error) func(*receiver.Receiver, receiver.Config) error {
	return adding(func(s store, ctx context.Context, ev receiver.Event, reply []byte) (bool, error) {
		added, failed := s.Add(ctx, ev, reply)
		if failed == nil && !added {
			return false, err
		}
		return added, failed
	})
}

func inboundKey(key func(ev receiver.Event, payload receiver.Fields) string) func(*receiver.Receiver, receiver.Config) error {
	return reading(func(ev *receiver.Event, _ http.Header, _, payload receiver.Fields) error {
		if ev.Kind == receiver.Inbound {
			ev.Key = "inbound " + key(*ev, payload)
		}
		return nil
	})
}

// hangUp is the key under which a request carries whether its sender is still there.
type hangUp struct{}

// hearing lets what comes after it hear of a sender that hangs up.
func hearing(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		ctx := req.Context()
		next.ServeHTTP(w, req.WithContext(context.WithValue(ctx, hangUp{}, ctx)))
	})
}

// heard is a context that ends when the sender hangs up.
func heard(ctx context.Context) context.Context {
	if sender, ok := ctx.Value(hangUp{}).(context.Context); ok {
		return sender
	}
	return ctx
}

// addAgain stores ev although it may be there already.
func (s store) addAgain(ctx context.Context, ev receiver.Event, reply []byte) (bool, error) {
	_, err := s.DB.ExecContext(ctx, `INSERT INTO events (key, kind, subject, status, rank, reply)
		VALUES (? || ' #' || hex(randomblob(8)), ?, ?, ?, ?, ?)`, ev.Key, ev.Kind, ev.Subject, ev.Status, ev.Rank, reply)
	return err == nil, err
}

// lookThenAdd stores ev if it is not there, in two statements.
func (s store) lookThenAdd(ctx context.Context, ev receiver.Event, reply []byte) (bool, error) {
	there, err := s.has(ctx, ev.Key)
	if err == nil && !there {
		err = takes(ctx, 2*time.Millisecond) // the way to the database and back
	}
	if err != nil || there {
		return false, err
	}
	return s.addAgain(ctx, ev, reply)
}

// countOneMore stores a new ev under its number among those of its subject. Two that
// are stored at the same instant get the same number, and one of them is lost.
func (s store) countOneMore(ctx context.Context, ev receiver.Event, reply []byte) (bool, error) {
	marked, err := s.mark(ctx, ev.Key)
	if err != nil || !marked {
		return false, err
	}
	n := 0
	err = s.DB.QueryRowContext(ctx, `SELECT count(*) FROM events WHERE kind = ? AND subject = ?`, ev.Kind, ev.Subject).Scan(&n)
	if err == nil {
		err = takes(ctx, 2*time.Millisecond) // the way to the database and back
	}
	if err != nil {
		return false, err
	}
	ev.Key = fmt.Sprintf("%s %s, number %d", ev.Kind, ev.Subject, n+1)
	return s.Add(ctx, ev, reply)
}

// has looks for what addAgain stored under a key.
func (s store) has(ctx context.Context, key string) (there bool, err error) {
	err = s.DB.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM events WHERE substr(key, 1, length(?1) + 2) = ?1 || ' #')`, key).Scan(&there)
	return there, err
}

// addUnlessLast stores ev unless its subject's last event is the same.
func (s store) addUnlessLast(ctx context.Context, ev receiver.Event, reply []byte) (bool, error) {
	res, err := s.DB.ExecContext(ctx, `INSERT INTO events (key, kind, subject, status, rank, reply)
		SELECT ?1 || ' #' || hex(randomblob(8)), ?2, ?3, ?4, ?5, ?6 WHERE ?4 IS NOT
		(SELECT status FROM events WHERE kind = ?2 AND subject = ?3 ORDER BY seq DESC LIMIT 1)`,
		ev.Key, ev.Kind, ev.Subject, ev.Status, ev.Rank, reply)
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

// rename gives up a key, so that what comes under it next is new.
func (s store) rename(ctx context.Context, key string) error {
	_, err := s.DB.ExecContext(ctx, `UPDATE events SET key = key || ' #' || hex(randomblob(8)) WHERE key = ?`, key)
	return err
}

// mark notes a key and reports whether it is new.
func (s store) mark(ctx context.Context, key string) (bool, error) {
	const table = `CREATE TABLE IF NOT EXISTS marks (key TEXT PRIMARY KEY)`
	if _, err := s.DB.ExecContext(ctx, table); err != nil {
		return false, err
	}
	res, err := s.DB.ExecContext(ctx, `INSERT OR IGNORE INTO marks (key) VALUES (?)`, key)
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n == 1, err
}
