package simulator_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/history"
	"github.com/sentsim/sentsim/simulator/lifecycle"
	"github.com/sentsim/sentsim/simulator/webhook"
)

func TestMessageFollowsItsEvents(t *testing.T) {
	e := newEndpoint(t, always(200))
	p := newPlatform(t, e.URL, nil, nil)
	text := "Your order is on its way"
	id, err := p.Send(simulator.Message{Channel: event.WhatsApp, To: "+14155550100", Outcome: lifecycle.EndsRead, Text: &text})
	if err != nil {
		t.Fatal(err)
	}
	m, err := p.Message(id)
	if err != nil || m.Status != event.Queued || len(m.Activities) != 0 || m.To != "+14155550100" || *m.Text != text || m.Inbound {
		t.Errorf("as accepted: %+v, %v", m, err)
	}
	p.drain()
	m, err = p.Message(id)
	if err != nil || m.Status != event.Read || m.Activities[0].Status != event.Queued ||
		len(m.Activities) != len(e.got()) || !m.UpdatedAt.Equal(m.Activities[len(m.Activities)-1].At) || !m.CreatedAt.Equal(start()) {
		t.Errorf("at the end: %+v, %v; %d deliveries", m, err, len(e.got()))
	}
	failed, err := p.Send(simulator.Message{Outcome: lifecycle.EndsFailedQueued})
	if err != nil {
		t.Fatal(err)
	}
	p.drain()
	if m, err := p.Message(failed); err != nil || m.Status != event.Failed || m.Reason == "" {
		t.Errorf("failed: %+v, %v", m, err)
	}
	in, err := p.Receive(simulator.Inbound{From: "+14155550111", Text: &text})
	if err != nil {
		t.Fatal(err)
	}
	if m, err := p.Message(in); err != nil || !m.Inbound || m.Status != event.Received || m.From != "+14155550111" || *m.Text != text {
		t.Errorf("inbound: %+v, %v", m, err)
	}
	if _, err := p.Message(uuid.New()); !errors.Is(err, simulator.ErrNotFound) {
		t.Errorf("unknown: %v", err)
	}
	page, err := p.Messages(history.Query{Newest: true, Limit: 2})
	if err != nil || page.Total != 3 || len(page.Rows) != 2 || page.Rows[0].ID != in || page.Rows[1].ID != failed {
		t.Errorf("%+v, %v", page, err)
	}
	page, err = p.Messages(history.Query{Search: "555010"})
	if err != nil || !slices.ContainsFunc(page.Rows, func(m history.Message) bool { return m.ID == id }) {
		t.Errorf("%+v, %v", page, err)
	}
}

func TestTemplateFollowsItsEvents(t *testing.T) {
	p := newPlatform(t, newEndpoint(t, always(200)).URL, nil, nil)
	id, err := p.CreateTemplate(simulator.Template{Name: "welcome", Definition: []byte(`{"body":"Hi"}`)})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := p.Template(id); err != nil || got.Status != history.TemplateDraft || got.Name != "welcome" || string(got.Definition) != `{"body":"Hi"}` {
		t.Errorf("%+v, %v", got, err)
	}
	p.advance(time.Minute)
	if _, err := p.SubmitTemplate(simulator.Template{ID: id, Name: "welcome", Outcome: lifecycle.TemplateRejected}); err != nil {
		t.Fatal(err)
	}
	p.drain()
	got, err := p.Template(id)
	if err != nil || got.Status != event.TemplateRejected || got.Reason == "" || !got.CreatedAt.Equal(start()) || !got.UpdatedAt.After(start()) {
		t.Errorf("%+v, %v", got, err)
	}
	got, err = p.UpdateTemplate(id, func(t *history.Template) { t.Name = "hello" })
	if err != nil || got.Name != "hello" || got.Status != event.TemplateRejected {
		t.Errorf("%+v, %v", got, err)
	}
	if page, err := p.Templates(history.Query{Search: "HELL"}); err != nil || page.Total != 1 {
		t.Errorf("%+v, %v", page, err)
	}
	if err := p.DeleteTemplate(id); err != nil {
		t.Error(err)
	}
	if _, err := p.Template(id); !errors.Is(err, simulator.ErrNotFound) {
		t.Errorf("deleted: %v", err)
	}
	if err := p.DeleteTemplate(id); !errors.Is(err, simulator.ErrNotFound) {
		t.Errorf("deleted again: %v", err)
	}
}

// TestAnEditDuringTheDecision: a template is approved while its author changes it.
func TestAnEditDuringTheDecision(t *testing.T) {
	p := newPlatform(t, newEndpoint(t, always(200)).URL, nil, nil)
	id, err := p.SubmitTemplate(simulator.Template{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := p.UpdateTemplate(id, func(t *history.Template) {
		p.decide(id, "approved")
		t.Name, t.Language = "hello", "de_DE"
	})
	if err != nil || got.Name != "hello" || got.Language != "de_DE" || got.Status != event.TemplateApproved || got.WhatsAppTemplateID == "" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestUpdateWebhook(t *testing.T) {
	a, b := newEndpoint(t, always(200)), newEndpoint(t, always(200))
	p := newPlatform(t, a.URL, nil, nil)
	cfg := p.hook.Config()
	cfg.EndpointURL, cfg.EventFilters = b.URL, map[string][]string{"message": {"read"}}
	p.advance(time.Minute)
	w, err := p.UpdateWebhook(p.hook.ID, cfg)
	if err != nil || w.EndpointURL != b.URL || !w.SigningSecret.Equal(p.hook.SigningSecret) || w.DisplayName != "test" ||
		!w.CreatedAt.Equal(start()) || !w.UpdatedAt.Equal(p.Now()) {
		t.Errorf("%+v, %v", w, err)
	}
	p.emit("message.sent")
	p.emit("message.read")
	p.drain()
	if len(a.got()) != 0 || len(b.got()) != 1 {
		t.Errorf("%d deliveries to the old endpoint, %d to the new one", len(a.got()), len(b.got()))
	}
	var field *webhook.FieldError
	if _, err := p.UpdateWebhook(p.hook.ID, webhook.Config{DisplayName: "x"}); !errors.As(err, &field) {
		t.Errorf("without an endpoint: %v", err)
	}
	if w := p.webhook(); w.EndpointURL != b.URL {
		t.Errorf("a refused update changed %+v", w)
	}
	if _, err := p.UpdateWebhook(uuid.New(), cfg); !errors.Is(err, simulator.ErrNoWebhook) {
		t.Errorf("of no webhook: %v", err)
	}
}

// TestDeleteWebhook deletes one while an attempt is under way and another waits.
func TestDeleteWebhook(t *testing.T) {
	e := newEndpoint(t, always(500))
	p := newPlatform(t, e.URL, nil, nil)
	p.emit("message.sent")
	p.advance(0) // fails: waits for its retry
	old := p.history()[0].ID
	e.arrived, e.gate = make(chan struct{}), make(chan struct{})
	p.emit("message.read")
	drained := make(chan error)
	go func() { drained <- p.Drain(t.Context()) }()
	<-e.arrived
	if err := p.DeleteWebhook(p.hook.ID); err != nil {
		t.Fatal(err)
	}
	close(e.gate)
	if err := <-drained; err != nil {
		t.Error(err)
	}
	if got := p.Now(); !got.Equal(start()) {
		t.Errorf("it was waited for until %s", got)
	}
	if _, err := p.Webhook(p.hook.ID); !errors.Is(err, simulator.ErrNoWebhook) || len(p.Webhooks()) != 0 {
		t.Errorf("%v, %v", err, p.Webhooks())
	}
	if _, err := p.Delivery(old); !errors.Is(err, simulator.ErrNotFound) {
		t.Errorf("its history: %v", err)
	}
	if err := p.DeleteWebhook(p.hook.ID); !errors.Is(err, simulator.ErrNoWebhook) {
		t.Errorf("again: %v", err)
	}
}

func TestDeliveryPages(t *testing.T) {
	p := newPlatform(t, newEndpoint(t, first(200, 400)).URL, func(cfg *simulator.Config) { cfg.Knobs.RetryCount = 1 }, nil)
	for _, typ := range []event.Type{"message.sent", "message.read", "message.delivered"} {
		p.emit(typ)
		p.drain()
	}
	for _, c := range []struct {
		name  string
		q     history.Query
		total int
		types []event.Type
	}{
		{"all", history.Query{}, 3, []event.Type{"message.sent", "message.read", "message.delivered"}},
		{"newest first", history.Query{Newest: true, Limit: 2}, 3, []event.Type{"message.delivered", "message.read"}},
		{"second page", history.Query{Offset: 2, Limit: 2}, 3, []event.Type{"message.delivered"}},
		{"past the end", history.Query{Offset: 5, Limit: 2}, 3, nil},
		{"by type, in any case", history.Query{Search: "Message.READ"}, 1, []event.Type{"message.read"}},
		{"by error", history.Query{Search: "answered 400"}, 2, []event.Type{"message.read", "message.delivered"}},
		{"by status", history.Query{Status: "DELIVERED"}, 1, []event.Type{"message.sent"}},
		{"no wildcards", history.Query{Search: "%"}, 0, nil},
	} {
		page, err := p.DeliveryPage(p.hook.ID, c.q)
		if err != nil {
			t.Fatal(err)
		}
		var types []event.Type
		for _, d := range page.Rows {
			types = append(types, d.EventType)
		}
		if page.Total != c.total || !slices.Equal(types, c.types) {
			t.Errorf("%s: %d, %v; want %d, %v", c.name, page.Total, types, c.total, c.types)
		}
	}
}
