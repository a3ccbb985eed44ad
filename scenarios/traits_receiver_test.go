package scenarios_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/sentsim/sentsim/scenarios/target"
	"github.com/sentsim/sentsim/simulator/signing"
)

// app is a receiver that keeps the contract, but for one trait.
type app struct {
	word    func(status string) string // of a status; "" is not kept
	reviews func(status string) string // of a template's
	takes   func(e webhookEvent) bool  // what it handles; the rest is acknowledged
	refuses func(e webhookEvent) (status int, text string)
	late    time.Duration // between the acknowledgement and the state
	behind  time.Duration // the same of everything
	race    time.Duration // between reading a row and writing it
	seconds bool          // statuses are ordered by updated_at, of equal ones the last counts
	loses   int           // every n-th update, though it is acknowledged
	drops   int           // every n-th inbound text, though it is acknowledged
	keeps   int           // the latest rows of messages, if not all
	begins  string        // the status of a row that POST /orders/{id} makes; others are not made
	orders  string        // the only channel on which it makes them
	unknown string        // the status that it shows of a message that it does not know
	queue   time.Duration // of an event's work, one after another
	tired   int           // after so many updates that takes twelve times as long
	slow    time.Duration // each answer, one after another

	working sync.Mutex
	mu      sync.Mutex
	updates int
	arrived int // inbound texts
	rows    map[string]*appRow
	latest  []string // the ids of the rows, where not all are kept
	texts   map[string]map[string]bool
}

type appRow struct {
	status string
	rank   int
	seen   map[string]bool
}

// webhookEvent is what a delivery says.
type webhookEvent struct {
	Field   string          `json:"field"`
	Event   string          `json:"event"`
	Request json.RawMessage `json:"request_id"`
	SubType string          `json:"sub_type"`
	Payload struct {
		ID       string `json:"message_id"`
		Status   string `json:"message_status"`
		Channel  string `json:"channel"`
		From     string `json:"from"`
		Inbound  string `json:"inbound_number"`
		Received string `json:"received_at"`
		Text     string `json:"text"`
		Template string `json:"template_id"`
		Review   string `json:"status"`
		Updated  string `json:"updated_at"`
	} `json:"payload"`
	hook string // X-Webhook-ID
}

func (e webhookEvent) isText() bool { return e.Field != "templates" && e.Payload.Status == "" }

func (a *app) build(env target.Env) http.HandlerFunc {
	a.mu.Lock() // the last one's work may still be on its way
	a.rows, a.texts = map[string]*appRow{}, map[string]map[string]bool{}
	a.mu.Unlock()
	return func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodPost && strings.HasPrefix(r.URL.Path, "/orders/"):
			if by := r.URL.Query().Get("by"); a.orders != "" && by != a.orders {
				http.Error(w, "no such channel", http.StatusUnprocessableEntity)
				return
			}
			a.mu.Lock()
			defer a.mu.Unlock()
			a.rows[strings.TrimPrefix(r.URL.Path, "/orders/")] = &appRow{status: a.begins, seen: map[string]bool{}}
		case r.Method == http.MethodPost:
			body, _ := io.ReadAll(r.Body)
			if a.slow > 0 {
				a.working.Lock()
				defer a.working.Unlock()
				time.Sleep(a.slow)
			}
			h := signing.Headers{ID: r.Header.Get(signing.HeaderID), Timestamp: r.Header.Get(signing.HeaderTimestamp), Signature: r.Header.Get(signing.HeaderSignature)}
			if env.Secret.Verify(h, body, time.Now()) != nil {
				http.Error(w, "bad signature", http.StatusUnauthorized)
				return
			}
			var e webhookEvent
			var object map[string]any
			if json.Unmarshal(body, &object) != nil || object == nil {
				http.Error(w, "no event", http.StatusBadRequest)
				return
			}
			_ = json.Unmarshal(body, &e) // what has another form is not ours
			e.hook = h.ID
			if a.refuses != nil {
				if status, text := a.refuses(e); status != 0 {
					http.Error(w, text, status)
					return
				}
			}
			switch {
			case a.takes != nil && !a.takes(e):
			case a.behind > 0:
				time.AfterFunc(a.behind, func() { a.handle(e) })
			default:
				a.handle(e)
			}
		case strings.HasPrefix(r.URL.Path, "/state/inbound"):
			a.mu.Lock()
			defer a.mu.Unlock()
			fmt.Fprintf(w, `{"count":%d}`, len(a.texts[r.URL.Query().Get("from")]))
		default:
			a.mu.Lock()
			defer a.mu.Unlock()
			row := a.rows[r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]]
			if row == nil && a.unknown != "" {
				row = &appRow{status: a.unknown}
			}
			if row == nil {
				http.NotFound(w, r)
				return
			}
			_ = json.NewEncoder(w).Encode(map[string]any{"status": row.status, "effects": len(row.seen)})
		}
	}
}

func (a *app) handle(e webhookEvent) {
	switch {
	case e.Field == "templates":
		word := e.Payload.Review
		if a.reviews != nil {
			word = a.reviews(word)
		}
		a.update(e.Payload.Template, e.Payload.Review, word, nil)
	case e.isText():
		from := e.Payload.From + e.Payload.Inbound
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.arrived++; a.drops > 0 && a.arrived%a.drops == 0 {
			return
		}
		if a.texts[from] == nil {
			a.texts[from] = map[string]bool{}
		}
		a.texts[from][e.Payload.ID+e.Payload.Received+e.Payload.Text] = true
	default:
		rank, known := map[string]int{"QUEUED": 1, "ROUTED": 2, "SENT": 3, "FAILED": 4, "DELIVERED": 5, "READ": 6}[e.Payload.Status]
		word := e.Payload.Status
		if a.word != nil {
			word = a.word(word)
		}
		if !known || word == "" {
			return
		}
		if at, err := time.Parse(time.RFC3339, e.Payload.Updated); a.seconds && err == nil {
			rank = int(at.Unix())
		}
		if a.queue > 0 {
			go func() {
				a.working.Lock()
				defer a.working.Unlock()
				time.Sleep(a.work())
				a.update(e.Payload.ID, e.Payload.Status, word, &rank)
			}()
			return
		}
		if a.late > 0 {
			time.AfterFunc(a.late, func() { a.update(e.Payload.ID, e.Payload.Status, word, &rank) })
			return
		}
		a.update(e.Payload.ID, e.Payload.Status, word, &rank)
	}
}

// work is how long the next event of the queue takes.
func (a *app) work() time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.tired > 0 && a.updates >= a.tired {
		return 12 * a.queue
	}
	return a.queue
}

// update writes a row; nil is a rank above any other.
func (a *app) update(id, status, word string, rank *int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	row := a.rows[id]
	if row == nil && a.begins != "" && rank != nil {
		return
	}
	if row == nil {
		row = &appRow{seen: map[string]bool{}}
		a.rows[id] = row
		if a.latest = append(a.latest, id); a.keeps > 0 && len(a.latest) > a.keeps {
			delete(a.rows, a.latest[0])
			a.latest = a.latest[1:]
		}
	}
	if a.updates++; a.loses > 0 && rank != nil && a.updates%a.loses == 0 || row.seen[status] {
		return
	}
	row.seen[status] = true
	before := row.rank
	if a.race > 0 {
		a.mu.Unlock()
		time.Sleep(a.race)
		a.mu.Lock()
	}
	if rank == nil {
		row.status = word
	} else if *rank > before || a.seconds && *rank == before {
		row.rank, row.status = *rank, word
	}
}
