package mutant

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/sentsim/sentsim/scenarios/receiver"
	"github.com/sentsim/sentsim/simulator/contract"
)

// Mistakes with how a delivery is answered.
func acknowledgementMutants() []Mutant {
	return []Mutant{
		{
			Name:    "slow-work-first",
			Mistake: "A template is fetched from the API before its event is acknowledged, which takes more than a second.",
			Breaks:  []Broken{{contract.ACK1, "acknowledges within 1 s"}},
			change: working(receiver.Template, func(ctx context.Context) error {
				return takes(ctx, 1200*time.Millisecond)
			}),
		},
		{
			Name:    "global-lock",
			Mistake: "Everything that is done for a new message is done under one lock, a slow look-up among it.",
			Breaks:  []Broken{{contract.ACK2, "all 2xx within 5 s"}},
			change: func(r *receiver.Receiver, cfg receiver.Config) error {
				var lock sync.Mutex
				return working(receiver.Message, func(ctx context.Context) error {
					lock.Lock()
					defer lock.Unlock()
					return takes(ctx, 110*time.Millisecond)
				})(r, cfg)
			},
		},
		{
			Name:    "pool-exhausted",
			Mistake: "Each new message holds one of ten connections for a while, and who finds none is answered with 503.",
			Breaks:  []Broken{{contract.ACK2, "all 2xx within 5 s"}},
			change: func(r *receiver.Receiver, cfg receiver.Config) error {
				pool := make(chan struct{}, 10)
				return working(receiver.Message, func(ctx context.Context) error {
					select {
					case pool <- struct{}{}:
					default:
						return &answer{http.StatusServiceUnavailable, "QueuePool limit reached"}
					}
					defer func() { <-pool }()
					return takes(ctx, 60*time.Millisecond)
				})(r, cfg)
			},
		},
		{
			Name:    "redirect-to-login",
			Mistake: "The route stands behind the login of the application, which sends everybody to its form.",
			Breaks: []Broken{
				{contract.SIG1, "accepts a correctly signed delivery"},
				{contract.ACK3, "no redirect"},
			},
			change: serving(func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
					if req.Method == http.MethodPost {
						http.Redirect(w, req, "/login", http.StatusFound)
						return
					}
					next.ServeHTTP(w, req)
				})
			}),
		},
	}
}

// working does something before it stores a new subject of that kind.
func working(k receiver.Kind, work func(context.Context) error) func(*receiver.Receiver, receiver.Config) error {
	return adding(func(s store, ctx context.Context, ev receiver.Event, reply []byte) (bool, error) {
		if ev.Kind == k {
			if _, _, err := s.State(ctx, k, ev.Subject); err != nil {
				if err := work(ctx); err != nil {
					return false, err
				}
			}
		}
		return s.Add(ctx, ev, reply)
	})
}

// Mistakes with what comes much later: retries, templates, another secret.
func laterMutants() []Mutant {
	return []Mutant{
		{
			Name:    "old-event-refused",
			Mistake: "The limit of 300 s is put on the event's own timestamp, so a late retry is never taken.",
			Breaks:  []Broken{{contract.RET1, "delivered by a retry minutes later"}},
			change: func(r *receiver.Receiver, cfg receiver.Config) error {
				return reading(func(_ *receiver.Event, _ http.Header, envelope, _ receiver.Fields) error {
					at, err := time.Parse(time.RFC3339, envelope.Text("timestamp"))
					if err == nil && r.Now().Sub(at) > receiver.Tolerance*time.Second {
						return &answer{http.StatusBadRequest, "the event is too old"}
					}
					return nil
				})(r, cfg)
			},
		},
		{
			Name:    "gap-refused",
			Mistake: "After a gap in the events' timestamps the next one is refused: something must have been lost.",
			Breaks:  []Broken{{contract.RET2, "it takes new events"}},
			change: func(r *receiver.Receiver, cfg receiver.Config) error {
				var mu sync.Mutex
				var newest time.Time
				return reading(func(_ *receiver.Event, _ http.Header, envelope, _ receiver.Fields) error {
					at, err := time.Parse(time.RFC3339, envelope.Text("timestamp"))
					if err != nil {
						return nil
					}
					mu.Lock()
					defer mu.Unlock()
					if !newest.IsZero() && at.Sub(newest) > 20*time.Second {
						return &answer{http.StatusServiceUnavailable, "events are missing, resynchronise first"}
					}
					if at.After(newest) {
						newest = at
					}
					return nil
				})(r, cfg)
			},
		},
		{
			Name:    "template-id-as-key",
			Mistake: "The idempotency key of a template's event is template_id alone: only its first status counts.",
			Breaks:  []Broken{{contract.TPL1, "last status kept"}},
			change: reading(func(ev *receiver.Event, _ http.Header, _, _ receiver.Fields) error {
				if ev.Kind == receiver.Template {
					ev.Key = "template " + ev.Subject
				}
				return nil
			}),
		},
		{
			Name:    "approved-is-final",
			Mistake: "A template that is approved stays so: what comes of it later is not kept.",
			Breaks:  []Broken{{contract.TPL1, "also when an approved template is edited"}},
			change: reading(func(ev *receiver.Event, _ http.Header, _, _ receiver.Fields) error {
				if ev.Kind == receiver.Template && ev.Status == "APPROVED" {
					ev.Rank = 1
				}
				return nil
			}),
		},
		{
			Name:    "category-update-crash",
			Mistake: "CATEGORY_UPDATED is not among the statuses of a review, and throws.",
			Breaks:  []Broken{{contract.TPL1, "CATEGORY_UPDATED"}},
			change: reading(func(ev *receiver.Event, _ http.Header, _, _ receiver.Fields) error {
				if ev.Kind == receiver.Template && ev.Status == "CATEGORY_UPDATED" {
					return crash("ValueError: not a valid ReviewStatus")
				}
				return nil
			}),
		},
		{
			Name:    "old-secret-kept",
			Mistake: "Every secret that was ever configured is kept and tried, so a stolen one is good for ever.",
			Breaks:  []Broken{{contract.ROT1, "refuses the old one"}},
			change: func(r *receiver.Receiver, _ receiver.Config) error {
				keys, err := store{r.Store}.secrets(context.Background(), r.Key)
				r.Verify = func(_ []byte, h http.Header, body []byte, now time.Time) (err error) {
					for _, key := range keys {
						if err = receiver.Verify(key, h, body, now); err == nil {
							return nil
						}
					}
					return err
				}
				return err
			},
		},
		{
			Name:    "first-secret-kept",
			Mistake: "The secret is copied into the database on the first start and read from there ever after.",
			Breaks:  []Broken{{contract.ROT1, "takes the new secret"}},
			change: func(r *receiver.Receiver, _ receiver.Config) error {
				keys, err := store{r.Store}.secrets(context.Background(), r.Key)
				if err == nil {
					r.Key = keys[0]
				}
				return err
			},
		},
	}
}

// secrets adds a key to those that are kept, and returns all, the first one first.
func (s store) secrets(ctx context.Context, key []byte) (keys [][]byte, err error) {
	const add = `CREATE TABLE IF NOT EXISTS secrets (seq INTEGER PRIMARY KEY, key BLOB UNIQUE)`
	if _, err = s.DB.ExecContext(ctx, add); err == nil {
		_, err = s.DB.ExecContext(ctx, `INSERT OR IGNORE INTO secrets (key) VALUES (?)`, key)
	}
	if err != nil {
		return nil, err
	}
	rows, err := s.DB.QueryContext(ctx, `SELECT key FROM secrets ORDER BY seq`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var key []byte
		if err := rows.Scan(&key); err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, rows.Err()
}
