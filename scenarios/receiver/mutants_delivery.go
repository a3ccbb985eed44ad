package receiver

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// Mistakes with how a delivery is answered.
func acknowledgementMutants() []Mutant {
	return []Mutant{
		{
			Name:    "slow-work-first",
			Mistake: "A template is fetched from the API before its event is acknowledged, which takes more than a second.",
			Breaks:  []Broken{{"ACK-1", "acknowledges within 1 s"}},
			change: working(template, func(ctx context.Context) error {
				return takes(ctx, 1200*time.Millisecond)
			}),
		},
		{
			Name:    "global-lock",
			Mistake: "Everything that is done for a new message is done under one lock, a slow look-up among it.",
			Breaks:  []Broken{{"ACK-2", "all 2xx within 5 s"}},
			change: func(r *Receiver, cfg Config) error {
				var lock sync.Mutex
				return working(message, func(ctx context.Context) error {
					lock.Lock()
					defer lock.Unlock()
					return takes(ctx, 110*time.Millisecond)
				})(r, cfg)
			},
		},
		{
			Name:    "pool-exhausted",
			Mistake: "Each new message holds one of ten connections for a while, and who finds none is answered with 503.",
			Breaks:  []Broken{{"ACK-2", "all 2xx within 5 s"}},
			change: func(r *Receiver, cfg Config) error {
				pool := make(chan struct{}, 10)
				return working(message, func(ctx context.Context) error {
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
				{"SIG-1", "accepts a correctly signed delivery"},
				{"ACK-3", "no redirect"},
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
func working(k kind, work func(context.Context) error) func(*Receiver, Config) error {
	return adding(func(s *store, ctx context.Context, ev event, reply []byte) (bool, error) {
		if ev.kind == k {
			if _, _, err := s.state(ctx, k, ev.subject); err != nil {
				if err := work(ctx); err != nil {
					return false, err
				}
			}
		}
		return s.add(ctx, ev, reply)
	})
}

// Mistakes with what comes much later: retries, templates, another secret.
func laterMutants() []Mutant {
	return []Mutant{
		{
			Name:    "old-event-refused",
			Mistake: "The limit of 300 s is put on the event's own timestamp, so a late retry is never taken.",
			Breaks:  []Broken{{"RET-1", "delivered by a retry minutes later"}},
			change: func(r *Receiver, cfg Config) error {
				return reading(func(_ *event, _ http.Header, envelope, _ fields) error {
					at, err := time.Parse(time.RFC3339, envelope.text("timestamp"))
					if err == nil && r.now().Sub(at) > tolerance*time.Second {
						return &answer{http.StatusBadRequest, "the event is too old"}
					}
					return nil
				})(r, cfg)
			},
		},
		{
			Name:    "gap-refused",
			Mistake: "After a gap in the events' timestamps the next one is refused: something must have been lost.",
			Breaks:  []Broken{{"RET-2", "it takes new events"}},
			change: func(r *Receiver, cfg Config) error {
				var mu sync.Mutex
				var newest time.Time
				return reading(func(_ *event, _ http.Header, envelope, _ fields) error {
					at, err := time.Parse(time.RFC3339, envelope.text("timestamp"))
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
			Breaks:  []Broken{{"TPL-1", "last status kept"}},
			change: reading(func(ev *event, _ http.Header, _, _ fields) error {
				if ev.kind == template {
					ev.key = "template " + ev.subject
				}
				return nil
			}),
		},
		{
			Name:    "category-update-crash",
			Mistake: "CATEGORY_UPDATED is not among the statuses of a review, and throws.",
			Breaks:  []Broken{{"TPL-1", "CATEGORY_UPDATED"}},
			change: reading(func(ev *event, _ http.Header, _, _ fields) error {
				if ev.kind == template && ev.status == "CATEGORY_UPDATED" {
					return crash("ValueError: not a valid ReviewStatus")
				}
				return nil
			}),
		},
		{
			Name:    "old-secret-kept",
			Mistake: "Every secret that was ever configured is kept and tried, so a stolen one is good for ever.",
			Breaks:  []Broken{{"ROT-1", "refuses the old one"}},
			change: func(r *Receiver, _ Config) error {
				keys, err := r.store.secrets(context.Background(), r.key)
				r.verify = func(_ []byte, h http.Header, body []byte, now time.Time) (err error) {
					for _, key := range keys {
						if err = verify(key, h, body, now); err == nil {
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
			Breaks:  []Broken{{"ROT-1", "takes the new secret"}},
			change: func(r *Receiver, _ Config) error {
				keys, err := r.store.secrets(context.Background(), r.key)
				if err == nil {
					r.key = keys[0]
				}
				return err
			},
		},
	}
}

// secrets adds a key to those that are kept, and returns all, the first one first.
func (s *store) secrets(ctx context.Context, key []byte) (keys [][]byte, err error) {
	const add = `CREATE TABLE IF NOT EXISTS secrets (seq INTEGER PRIMARY KEY, key BLOB UNIQUE)`
	if _, err = s.db.ExecContext(ctx, add); err == nil {
		_, err = s.db.ExecContext(ctx, `INSERT OR IGNORE INTO secrets (key) VALUES (?)`, key)
	}
	if err != nil {
		return nil, err
	}
	rows, err := s.db.QueryContext(ctx, `SELECT key FROM secrets ORDER BY seq`)
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
