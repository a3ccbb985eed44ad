package scenarios_test

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/lifecycle"
	"github.com/sentsim/sentsim/simulator/signing"
)

// plain is a small receiver of its own making, with mistakes to choose from. It
// shares nothing with the reference receiver.
type plain struct {
	// What it does otherwise than it should.
	checkThenInsert   bool          // looks for the key, and only later stores it
	rowsRace          time.Duration // from reading a message's status to writing it
	textsRace         time.Duration // from reading a contact's count to writing it
	noDedupe          bool
	keyHasTimestamp   bool // the signature's
	keyIsMessage      bool // without the status
	keyIsText         bool // of inbound texts
	dedupeInMemory    bool
	lastWins          bool
	deliveredWins     bool // over READ
	sentOverFailed    bool
	mixesUp           bool // works with a variable that requests share
	storesFirst       bool // and verifies afterwards
	remembersFirst    bool // the key, before it verifies
	inboundCounted    bool // each delivery
	templateKept      bool // the first status
	refusesUnknown    bool
	refusesGaps       bool
	crashesOnNull     bool
	abandons          bool // what it has marked as done, when the sender hangs up
	slow              time.Duration
	oneAtATime        bool
	refusesOldEvents  bool // older than five minutes, by the event's own time
	forgetsEverything bool // when it restarts
	// What a good receiver may do.
	queued      time.Duration // processes later than it answers, and loses its queue when it is stopped
	twice       bool          // counts two effects for each event
	onlyForward bool          // counts a status only if it moves the message on
	keepsLast   bool          // of unknown statuses too

	mu       sync.Mutex
	global   sync.Mutex
	seen     map[string]bool
	status   map[string]string
	effects  map[string]int
	inbound  map[string]int
	template map[string]string
	current  string
	starts   int
}

func (p *plain) start(key signing.Secret) http.Handler {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.starts++
	if p.status == nil || p.forgetsEverything {
		p.status, p.effects, p.inbound, p.template = map[string]string{}, map[string]int{}, map[string]int{}, map[string]string{}
		p.seen = map[string]bool{}
	}
	if p.dedupeInMemory {
		p.seen = map[string]bool{}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /webhooks/sent", func(w http.ResponseWriter, r *http.Request) { p.receive(w, r, key) })
	mux.HandleFunc("GET /state/messages/{id}", func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		st, ok := p.status[r.PathValue("id")]
		if !ok {
			http.NotFound(w, r)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"status": st, "effects": p.effects[r.PathValue("id")]})
	})
	mux.HandleFunc("GET /state/templates/{id}", func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		st, ok := p.template[r.PathValue("id")]
		if !ok {
			http.NotFound(w, r)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"status": st})
	})
	mux.HandleFunc("GET /state/inbound", func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		_ = json.NewEncoder(w).Encode(map[string]any{"count": p.inbound[r.URL.Query().Get("from")]})
	})
	return mux
}

type delivered struct {
	Field   string
	Name    string    `json:"event"`
	At      time.Time `json:"timestamp"`
	Payload struct {
		AccountID  string  `json:"account_id"`
		MessageID  string  `json:"message_id"`
		TemplateID *string `json:"template_id"`
		Status     string  `json:"message_status"`
		TStatus    string  `json:"status"`
		From       string  `json:"inbound_number"`
		Text       *string
		ReceivedAt string `json:"received_at"`
	}
}

func (p *plain) receive(w http.ResponseWriter, r *http.Request, key signing.Secret) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, "cut", http.StatusBadRequest)
		return
	}
	if p.oneAtATime {
		p.global.Lock()
		defer p.global.Unlock()
	}
	time.Sleep(p.slow)
	var d delivered
	bad := json.Unmarshal(body, &d) != nil || !strings.HasPrefix(string(body), "{")
	dedupe := p.key(d, r.Header)
	remembered := false
	if p.remembersFirst && !bad {
		p.mu.Lock()
		remembered, p.seen[dedupe] = p.seen[dedupe], true
		p.mu.Unlock()
	}
	if p.storesFirst && !bad {
		p.store(d, dedupe)
	}
	if genuine(key, r.Header, body) != nil {
		http.Error(w, "no", http.StatusUnauthorized)
		return
	}
	switch {
	case bad:
		http.Error(w, "no object", http.StatusBadRequest)
		return
	case remembered, p.storesFirst:
		return
	case p.crashesOnNull && d.Field == "message" && d.Name != "message.received" && d.Payload.TemplateID == nil:
		panic(http.ErrAbortHandler)
	case p.refusesUnknown && d.Field == "message" && d.Name != "message.received" && !known(d.Payload.Status):
		http.Error(w, "what is that", http.StatusUnprocessableEntity)
		return
	case p.refusesOldEvents && time.Since(d.At) > 14*time.Minute:
		http.Error(w, "old", http.StatusBadRequest)
		return
	case p.refusesGaps && d.Payload.Status == "DELIVERED":
		p.mu.Lock()
		before := p.status[d.Payload.MessageID]
		p.mu.Unlock()
		if before != "SENT" && before != "DELIVERED" && before != "READ" {
			http.Error(w, "not sent yet", http.StatusConflict)
			return
		}
	}
	if p.abandons {
		select {
		case <-r.Context().Done():
			p.mu.Lock()
			p.seen[dedupe] = true
			p.mu.Unlock()
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
	if p.queued > 0 {
		p.mu.Lock()
		starts := p.starts
		p.mu.Unlock()
		go func() { // as a worker would
			time.Sleep(p.queued)
			p.mu.Lock()
			lost := p.starts != starts
			p.mu.Unlock()
			if !lost {
				p.store(d, dedupe)
			}
		}()
		return
	}
	p.store(d, dedupe)
}

func genuine(key signing.Secret, h http.Header, body []byte) error {
	return key.Verify(signing.HeadersFrom(h.Get), body, time.Now())
}

func known(status string) bool {
	_, ok := lifecycle.Rank(event.Status(status))
	return ok || status == "FAILED"
}

func (p *plain) key(d delivered, h http.Header) string {
	id := d.Payload.MessageID + d.Payload.Status
	if d.Name == "message.received" {
		id = d.Payload.From + d.Payload.ReceivedAt
		if d.Payload.Text != nil {
			id += *d.Payload.Text
		}
		if p.keyIsText && d.Payload.Text != nil {
			id = d.Payload.From + *d.Payload.Text
		}
	} else if p.keyIsMessage {
		id = d.Payload.MessageID
	}
	if d.Field == "templates" {
		id = *d.Payload.TemplateID + d.Payload.TStatus
	}
	if p.keyHasTimestamp {
		id += h.Get(signing.HeaderTimestamp)
	}
	return id
}

func (p *plain) store(d delivered, dedupe string) {
	p.mu.Lock()
	again := p.seen[dedupe]
	if !p.checkThenInsert {
		p.seen[dedupe] = true
	}
	p.mu.Unlock()
	if p.checkThenInsert {
		time.Sleep(3 * time.Millisecond)
		p.mu.Lock()
		p.seen[dedupe] = true
		p.mu.Unlock()
	}
	if again && !p.noDedupe && !p.remembersFirst && (!p.inboundCounted || d.Name != "message.received") {
		return
	}
	p.mu.Lock()
	id, status := d.Payload.MessageID, d.Payload.Status
	if p.mixesUp {
		p.current = id
		p.mu.Unlock()
		time.Sleep(2 * time.Millisecond)
		p.mu.Lock()
		id = p.current
	}
	defer p.mu.Unlock()
	switch {
	case d.Field == "templates":
		if d.Payload.TemplateID == nil || p.templateKept && p.template[*d.Payload.TemplateID] != "" {
			return
		}
		p.template[*d.Payload.TemplateID] = d.Payload.TStatus
	case d.Name == "message.received":
		n := p.inbound[d.Payload.From]
		if p.textsRace > 0 {
			p.mu.Unlock()
			time.Sleep(p.textsRace)
			p.mu.Lock()
		}
		p.inbound[d.Payload.From] = n + 1
	case d.Field == "message" && (known(status) || p.keepsLast):
		before := event.Status(p.status[id])
		moves := p.moves(before, event.Status(status))
		if p.rowsRace > 0 {
			p.mu.Unlock()
			time.Sleep(p.rowsRace)
			p.mu.Lock()
		}
		if moves {
			p.status[id] = status
		}
		if moves || !p.onlyForward {
			p.effects[id]++
		}
		if p.twice {
			p.effects[id]++
		}
	}
}

// moves tells whether a message in one status goes to another.
func (p *plain) moves(from, to event.Status) bool {
	switch {
	case from == "" || p.lastWins:
		return true
	case p.deliveredWins && from == event.Read && to == event.Delivered:
		return true
	case from == event.Failed && p.sentOverFailed && to == event.Sent:
		return true
	}
	return slices.Contains(lifecycle.Acceptable([]event.Status{from, to}), to)
}
