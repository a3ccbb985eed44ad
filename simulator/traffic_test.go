package simulator_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/history"
	"github.com/sentsim/sentsim/simulator/lifecycle"
	"github.com/sentsim/sentsim/simulator/webhook"
)

// wire is what the tests read of a body.
type wire struct {
	Field     string    `json:"field"`
	Event     string    `json:"event"`
	Timestamp time.Time `json:"timestamp"`
	Payload   struct {
		AccountID      string  `json:"account_id"`
		MessageID      string  `json:"message_id"`
		MessageStatus  string  `json:"message_status"`
		Channel        string  `json:"channel"`
		InboundNumber  string  `json:"inbound_number"`
		OutboundNumber string  `json:"outbound_number"`
		AgentID        string  `json:"agent_id"`
		Text           *string `json:"text"`
		TemplateID     string  `json:"template_id"`
		TemplateName   string  `json:"template_name"`
		WhatsAppID     string  `json:"whatsapp_template_id"`
		Status         string  `json:"status"`
		Category       string  `json:"category"`
	} `json:"payload"`
}

func (e *endpoint) wires(t *testing.T) []wire {
	t.Helper()
	var all []wire
	for _, r := range e.got() {
		var w wire
		if err := json.Unmarshal(r.Body, &w); err != nil {
			t.Fatalf("%v: %s", err, r.Body)
		}
		all = append(all, w)
	}
	return all
}

func TestSend(t *testing.T) {
	e := newEndpoint(t, always(200))
	p := newPlatform(t, e.URL, nil, nil)
	id, err := p.Send(simulator.Message{Channel: event.RCS, To: "+14155550100", Outcome: lifecycle.EndsRead})
	if err != nil {
		t.Fatal(err)
	}
	if len(e.got()) != 0 {
		t.Error("something was delivered while time stood still")
	}
	p.drain()
	all := e.wires(t)
	last := all[len(all)-1]
	if all[0].Event != "message.queued" || !all[0].Timestamp.Equal(start()) || last.Event != "message.read" || last.Payload.MessageStatus != "READ" {
		t.Errorf("from %+v to %+v", all[0], last)
	}
	for _, w := range all {
		if w.Field != "message" || w.Payload.MessageID != id.String() || w.Payload.AccountID != p.Account().String() ||
			w.Payload.OutboundNumber != "+14155550100" ||
			w.Payload.Channel != "rcs" || w.Payload.AgentID != all[0].Payload.AgentID || w.Payload.AgentID == "" {
			t.Errorf("%+v", w)
		}
	}
	if !p.Now().Truncate(time.Second).Equal(last.Timestamp) || !last.Timestamp.After(start()) {
		t.Errorf("the last event is of %s, it is %s", last.Timestamp, p.Now())
	}
}

// TestMessagesDoNotMoveEachOther: what a caller sets, and other traffic, leave a
// message's own draws alone.
func TestMessagesDoNotMoveEachOther(t *testing.T) {
	run := func(firstMessage simulator.Message, others bool) string {
		e := newEndpoint(t, always(200))
		p := newPlatform(t, e.URL, nil, nil)
		if _, err := p.Send(firstMessage); err != nil {
			t.Fatal(err)
		}
		second, err := p.Send(simulator.Message{})
		if err != nil {
			t.Fatal(err)
		}
		if others {
			if _, err := p.SubmitTemplate(simulator.Template{}); err != nil {
				t.Fatal(err)
			}
			if _, err := p.Receive(simulator.Inbound{}); err != nil {
				t.Fatal(err)
			}
		}
		p.drain()
		var bodies []string
		for _, r := range e.got() {
			if strings.Contains(string(r.Body), second.String()) {
				bodies = append(bodies, string(r.Body))
			}
		}
		return strings.Join(bodies, "\n")
	}
	plain := run(simulator.Message{}, false)
	if plain == "" || run(simulator.Message{}, false) != plain {
		t.Error("two runs with one seed differ")
	}
	busy := run(simulator.Message{ID: uuid.New(), Channel: event.WhatsApp, To: "+4915112345678", Outcome: lifecycle.EndsFailedSent}, true)
	if busy != plain {
		t.Errorf("got\n%s\nwant\n%s", busy, plain)
	}
}

func TestReceive(t *testing.T) {
	e := newEndpoint(t, always(200))
	p := newPlatform(t, e.URL, nil, nil)
	text := "Stop by later"
	if _, err := p.Receive(simulator.Inbound{Channel: event.WhatsApp, From: "+14155550100", Text: &text}); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Receive(simulator.Inbound{}); err != nil {
		t.Fatal(err)
	}
	p.drain()
	all := e.wires(t)
	if len(all) != 2 {
		t.Fatalf("%d deliveries", len(all))
	}
	for _, w := range all {
		switch {
		case w.Event != "message.received" || w.Payload.OutboundNumber == "":
			t.Errorf("%+v", w)
		case w.Payload.Text != nil && (*w.Payload.Text != "Stop by later" || w.Payload.InboundNumber != "+14155550100"):
			t.Errorf("%+v", w)
		}
	}
}

func TestSubmitTemplate(t *testing.T) {
	e := newEndpoint(t, always(200))
	p := newPlatform(t, e.URL, nil, nil)
	id, err := p.SubmitTemplate(simulator.Template{Name: "welcome", Outcome: lifecycle.TemplateCategoryUpdated})
	if err != nil {
		t.Fatal(err)
	}
	p.drain()
	var states []string
	for _, w := range e.wires(t) {
		states = append(states, w.Payload.Status)
		approved := w.Payload.Status != "PENDING"
		if w.Field != "templates" || w.Event != "" || w.Payload.TemplateID != id.String() || w.Payload.TemplateName != "welcome" ||
			(w.Payload.WhatsAppID != "") != approved || w.Payload.Category == "" {
			t.Errorf("%+v", w)
		}
	}
	if got := strings.Join(states, " "); got != "PENDING APPROVED CATEGORY_UPDATED" {
		t.Errorf("statuses %s", got)
	}
}

// A decision that comes at the moment of the submission ends the review, and comes
// after what tells of the submission: that is due already.
func TestADecisionComesAfterTheSubmission(t *testing.T) {
	e := newEndpoint(t, always(200))
	p := newPlatform(t, e.URL, func(cfg *simulator.Config) { cfg.Knobs.Order = delivery.Strict }, nil)
	id, err := p.SubmitTemplate(simulator.Template{Outcome: lifecycle.TemplateApproved})
	if err != nil {
		t.Fatal(err)
	}
	p.decide(id, "rejected")
	p.drain()
	var states []string
	for _, w := range e.wires(t) {
		states = append(states, w.Payload.Status)
	}
	if got := strings.Join(states, " "); got != "PENDING REJECTED" {
		t.Errorf("statuses %s", got)
	}
	if !p.Now().Equal(start()) {
		t.Errorf("the review went on until %s", p.Now())
	}
}

// TestWhatEndsAReviewIsSavedWithIt: else a process that is killed in between leaves
// a template that nothing decides on any more.
func TestWhatEndsAReviewIsSavedWithIt(t *testing.T) {
	var mu sync.Mutex
	var cancelling []history.Change
	p := newPlatform(t, newEndpoint(t, always(200)).URL, func(cfg *simulator.Config) {
		cfg.Watch = func(c history.Change) {
			mu.Lock()
			defer mu.Unlock()
			if len(c.Cancelled) > 0 {
				cancelling = append(cancelling, c)
			}
		}
	}, nil)
	id, err := p.SubmitTemplate(simulator.Template{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.SubmitTemplate(simulator.Template{ID: id, Name: "again"}); err != nil {
		t.Fatal(err)
	}
	p.decide(id, "rejected")
	p.drain()
	mu.Lock()
	defer mu.Unlock()
	if len(cancelling) != 2 || len(cancelling[0].Planned) == 0 || cancelling[0].Template == nil || cancelling[0].Template.Name != "again" ||
		cancelling[1].Happened == nil || cancelling[1].Happened.Template.Status != event.TemplateRejected {
		t.Errorf("a review is cancelled by %+v", cancelling)
	}
}

// TestARefusedSubmissionLeavesTheReview: nothing has taken its place.
func TestARefusedSubmissionLeavesTheReview(t *testing.T) {
	p := newPlatform(t, newEndpoint(t, always(200)).URL, nil, nil)
	id, err := p.SubmitTemplate(simulator.Template{Outcome: lifecycle.TemplateApproved})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.SubmitTemplate(simulator.Template{ID: id, Outcome: "lost"}); err == nil {
		t.Fatal("it was accepted")
	}
	p.drain()
	if got, err := p.Template(id); err != nil || got.Status != event.TemplateApproved {
		t.Errorf("%+v, %v", got, err)
	}
}

// decide has a template's review end now.
func (p *platform) decide(id uuid.UUID, outcome string) {
	p.t.Helper()
	e, err := p.Sample("templates." + outcome)
	if err != nil {
		p.t.Fatal(err)
	}
	e.Template.TemplateID = id
	if _, err := p.Emit(e); err != nil {
		p.t.Fatal(err)
	}
}

func TestRefusedTraffic(t *testing.T) {
	p := newPlatform(t, "http://127.0.0.1:9", nil, nil)
	for name, send := range map[string]func() (uuid.UUID, error){
		`message: to "0123" is no number in E.164`: func() (uuid.UUID, error) { return p.Send(simulator.Message{To: "0123"}) },
		`message: from "+1415x550100" is no number`: func() (uuid.UUID, error) {
			return p.Send(simulator.Message{From: "+1415x550100"})
		},
		`inbound message: unknown channel "fax"`: func() (uuid.UUID, error) { return p.Receive(simulator.Inbound{Channel: "fax"}) },
		`message: `:                              func() (uuid.UUID, error) { return p.Send(simulator.Message{Channel: "fax"}) },
		`message`:                                func() (uuid.UUID, error) { return p.Send(simulator.Message{Outcome: lifecycle.EndsRead}) },
		`template: `:                             func() (uuid.UUID, error) { return p.SubmitTemplate(simulator.Template{Outcome: "lost"}) },
		`inbound message: from "+0123456789" is`: func() (uuid.UUID, error) { return p.Receive(simulator.Inbound{From: "+0123456789"}) },
	} {
		if _, err := send(); err == nil || !strings.HasPrefix(err.Error(), name) {
			t.Errorf("got %v, want %s…", err, name)
		}
	}
	p.drain() // nothing was planned
	if !p.Now().Equal(start()) {
		t.Errorf("it is %s", p.Now())
	}
}

func TestEventsGoToEveryWebhookThatTakesThem(t *testing.T) {
	a, b := newEndpoint(t, always(500)), newEndpoint(t, always(200))
	p := newPlatform(t, a.URL, nil, nil)
	second, err := p.RegisterWebhook(webhook.Config{DisplayName: "second", EndpointURL: b.URL})
	if err != nil {
		t.Fatal(err)
	}
	if all := p.Webhooks(); len(all) != 2 || all[0].ID != p.hook.ID || all[1].ID != second.ID || all[0].SigningSecret.Equal(all[1].SigningSecret) {
		t.Errorf("webhooks %+v", all)
	}
	ids, err := p.Emit(event.Event{Type: "message.sent", CreatedAt: start()})
	if err != nil || len(ids) != 2 {
		t.Fatalf("deliveries %v, %v", ids, err)
	}
	p.drain()
	if len(a.got()) != 4 || len(b.got()) != 1 {
		t.Errorf("%d and %d requests", len(a.got()), len(b.got()))
	}
	if string(a.got()[0].Body) != string(b.got()[0].Body) {
		t.Error("the two webhooks got different bodies")
	}
	all, err := p.Deliveries(second.ID)
	if err != nil || len(all) != 1 || all[0].ID != ids[1] {
		t.Errorf("history of the second: %+v, %v", all, err)
	}
	if _, err := p.Deliveries(uuid.New()); !errors.Is(err, simulator.ErrNoWebhook) {
		t.Errorf("history of no webhook: %v", err)
	}
	if err := p.SetActive(uuid.New(), true); !errors.Is(err, simulator.ErrNoWebhook) {
		t.Errorf("enabling no webhook: %v", err)
	}
	var field *webhook.FieldError
	if _, err := p.RegisterWebhook(webhook.Config{DisplayName: "third"}); !errors.As(err, &field) || field.Field != "endpoint_url" {
		t.Errorf("without an endpoint: %v", err)
	}
}

// TestRun uses the simulator while time runs, as a server does.
func TestRun(t *testing.T) {
	for _, ck := range []clock.Clock{clock.NewVirtual(start()), clock.NewScaled(start(), 600)} {
		e := newEndpoint(t, first(500, 200))
		e.arrived = make(chan struct{})
		p := newPlatform(t, e.URL, func(cfg *simulator.Config) { cfg.Clock = ck }, nil)
		ctx, cancel := context.WithCancel(t.Context())
		ran := make(chan error)
		go func() { ran <- p.Run(ctx) }()
		p.emit("message.sent")
		<-e.arrived
		<-e.arrived // a minute later
		p.drain()
		p.emit("message.read")
		<-e.arrived // time still runs
		cancel()
		if err := <-ran; err != nil {
			t.Error(err)
		}
		stood := p.Now()
		if _, err := p.Send(simulator.Message{}); err != nil {
			t.Error(err)
		}
		if _, virtual := ck.(*clock.Virtual); virtual && !p.Now().Equal(stood) {
			t.Error("time goes on after Run")
		}
	}
}

func TestDrainEndsWithItsContext(t *testing.T) {
	e := newEndpoint(t, always(200))
	e.arrived, e.gate = make(chan struct{}), make(chan struct{})
	p := newPlatform(t, e.URL, nil, nil)
	p.emit("message.sent")
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-e.arrived
		cancel()
	}()
	if err := p.Drain(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("drain: %v", err)
	}
	close(e.gate)
	p.drain()
	if d := p.history()[0]; len(d.Attempts) != 1 || !d.Done() {
		t.Errorf("%+v", d)
	}
}
