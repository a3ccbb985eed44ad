package history_test

import (
	"errors"
	"net/http"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/history"
	_ "github.com/sentsim/sentsim/simulator/history/sqlite" // some of these stores are files
	"github.com/sentsim/sentsim/simulator/signing"
	"github.com/sentsim/sentsim/simulator/webhook"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func openSQLite(t *testing.T, file string, limit int) *history.SQLite {
	t.Helper()
	s, err := history.OpenSQLite(t.Context(), file, limit)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// eachStore runs a test on every kind of store. again is the store as a new
// process finds it.
func eachStore(t *testing.T, limit int, test func(t *testing.T, s history.Store, again func() history.Store)) {
	t.Helper()
	t.Run("memory", func(t *testing.T) {
		m := history.NewMemory(limit)
		test(t, m, func() history.Store { return m })
	})
	t.Run("sqlite", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "a file?with#odd %20 characters.db")
		s := openSQLite(t, file, limit)
		test(t, s, func() history.Store {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			return openSQLite(t, file, limit)
		})
	})
}

func noon() time.Time { return time.Date(2025, 10, 31, 12, 0, 0, 123456789, time.UTC) }

func newWebhook(t *testing.T) webhook.Webhook {
	t.Helper()
	secret, err := signing.ParseSecret("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")
	if err != nil {
		t.Fatal(err)
	}
	w, err := webhook.New(uuid.New(), secret, webhook.Config{
		DisplayName: "orders", EndpointURL: "http://127.0.0.1:1/", EventFilters: map[string][]string{"message": {"read"}},
	}, noon())
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func saveAll(t *testing.T, s history.Store, changes ...history.Change) {
	t.Helper()
	for _, c := range changes {
		if err := s.Save(c); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
}

func outbound(id uuid.UUID, status event.Status, at time.Time) event.Event {
	return event.Event{ID: uuid.New(), Type: event.TypeOf(status), CreatedAt: at, Outbound: &event.Outbound{
		AccountID: uuid.New(), MessageID: id, Status: status, Channel: event.RCS, AgentID: "agent", Reason: "because", UpdatedAt: at,
	}}
}

// TestNothingIsForgotten saves one of everything and reads it as the next process does.
func TestNothingIsForgotten(t *testing.T) {
	eachStore(t, 0, func(t *testing.T, s history.Store, again func() history.Store) {
		t.Helper()
		w, gone := newWebhook(t), newWebhook(t)
		w.LastDeliveryAttemptAt, w.ConsecutiveFailures, w.IsActive = new(noon()), 7, false
		text, account := "hello", uuid.New()
		m := history.Message{
			ID: uuid.New(), Channel: event.SMS, From: "+14155550100", To: "+14155550101", Text: &text, TemplateID: uuid.New(), TemplateName: "t",
			Status: event.Queued, CreatedAt: noon(), UpdatedAt: noon(),
		}
		tpl := history.Template{
			ID: uuid.New(), Name: "t", Language: "en", Category: "UTILITY", Status: "DRAFT", Definition: []byte(`{}`), CreatedAt: noon(), UpdatedAt: noon(),
		}
		queued, sent := outbound(m.ID, event.Queued, noon()), outbound(m.ID, event.Sent, noon().Add(time.Second))
		in := event.Event{ID: uuid.New(), Type: "message.received", CreatedAt: noon(), Inbound: &event.Inbound{
			MessageID: uuid.New(), From: "+14155550111", To: "+14155550100", Channel: event.SMS, ReceivedAt: noon(),
		}}
		why := "no"
		reviewed := event.Event{ID: uuid.New(), Type: event.Templates, CreatedAt: noon().Add(time.Minute), Template: &event.Template{
			TemplateID: tpl.ID, Status: "REJECTED", Category: "MARKETING", Reason: &why, WhatsAppTemplateID: "1",
		}}
		d := delivery.Delivery{
			ID: uuid.New(), Number: 3, WebhookID: w.ID, EventID: queued.ID, EventType: queued.Type, Body: []byte(`{"a":"ä"}`), Status: delivery.Retrying,
			Error: "it answered 500", CreatedAt: noon(), StartedAt: noon(), DueAt: noon().Add(time.Minute), Attempts: []delivery.Attempt{{
				Number: 1, At: noon(), Timestamp: 1761912000, Signature: "v1,x", Outcome: delivery.Outcome{
					Kind: delivery.Answered, Status: 500, Header: http.Header{"X-A": {"b", "c"}}, Body: []byte{0xff, 0}, Truncated: true,
					Start: noon(), Duration: 1234567,
				},
			}},
		}
		first := d
		first.Status, first.Error, first.Attempts, first.StartedAt = delivery.Pending, "", nil, time.Time{}
		over := d
		over.ID, over.Number, over.Status, over.CompletedAt = uuid.New(), 4, delivery.Delivered, noon().Add(time.Hour)
		lost := d
		lost.ID, lost.Number, lost.WebhookID = uuid.New(), 5, gone.ID
		dropped := sent
		dropped.ID = uuid.New()
		late := lost
		late.ID, late.Number = uuid.New(), 6
		kept := history.Answer{Key: "order-3", RequestID: "req_3", At: noon(), Status: 202, ContentType: "application/json", Body: []byte("{}")}
		old, old2, renewed := kept, kept, kept
		old.Key, old2.Key, renewed.Key, renewed.RequestID, renewed.Status, renewed.Body = "order-1", "order-2", "order-2", "req_4", 200, []byte("[]")
		saveAll(t, s,
			history.Change{Account: account},
			history.Change{Counters: map[string]uint64{"message": 2, "webhook": 5}},
			history.Change{Counters: map[string]uint64{"message": 1}},
			history.Change{Webhook: &gone},
			history.Change{Webhook: &w},
			history.Change{Messages: []history.Message{m}, Planned: []event.Event{queued, sent, dropped}},
			history.Change{Cancelled: []uuid.UUID{dropped.ID, uuid.New()}, Notes: map[string]string{"seed": "7", "b": "1"}},
			history.Change{Notes: map[string]string{"b": ""}},
			history.Change{Template: &tpl},
			history.Change{Happened: &queued, Deliveries: []delivery.Delivery{first}},
			history.Change{Deliveries: []delivery.Delivery{d}},
			history.Change{Deliveries: []delivery.Delivery{over, lost}},
			history.Change{Happened: &in},
			history.Change{Happened: &reviewed},
			history.Change{Removed: gone.ID},
			history.Change{Deliveries: []delivery.Delivery{late}},
			history.Change{Answer: &old},
			history.Change{Answer: &old2},
			history.Change{Answer: &kept},
			history.Change{Forgotten: []string{old.Key}},
			history.Change{Forgotten: []string{old2.Key}, Answer: &renewed},
		)
		s = again()

		state, err := s.Restore()
		if err != nil {
			t.Fatal(err)
		}
		want := history.State{
			Account: account, Counters: map[string]uint64{"message": 2, "webhook": 5, "delivery": 5},
			Webhooks: []webhook.Webhook{w}, Planned: []event.Event{sent}, Waiting: []delivery.Delivery{d},
			Answers: []history.Answer{kept, renewed}, Notes: map[string]string{"seed": "7"},
		}
		if len(state.Webhooks) != 1 || !state.Webhooks[0].SigningSecret.Equal(w.SigningSecret) {
			t.Fatalf("webhooks %+v", state.Webhooks)
		}
		state.Webhooks[0].SigningSecret = w.SigningSecret
		if !reflect.DeepEqual(state, want) {
			t.Errorf("state\n%+v, want\n%+v", state, want)
		}
		if got, err := s.Delivery(over.ID); err != nil || !reflect.DeepEqual(got, over) {
			t.Errorf("delivery\n%+v, want\n%+v; %v", got, over, err)
		}
		if _, err := s.Delivery(lost.ID); !errors.Is(err, history.ErrNotFound) {
			t.Errorf("delivery to a removed webhook: %v", err)
		}
		if _, err := s.Delivery(late.ID); !errors.Is(err, history.ErrNotFound) {
			t.Errorf("delivery that came after its webhook was removed: %v", err)
		}
		m.Channel, m.Reason = event.RCS, "because"
		m.Activities = []history.Activity{{Status: event.Queued, Channel: event.RCS, Reason: "because", At: noon()}}
		if got, err := s.Message(m.ID); err != nil || !reflect.DeepEqual(got, m) {
			t.Errorf("message\n%+v, want\n%+v; %v", got, m, err)
		}
		if got, err := s.Message(in.Subject()); err != nil || !got.Inbound || got.Text != nil || got.Status != event.Received {
			t.Errorf("inbound %+v, %v", got, err)
		}
		tpl.Status, tpl.Category, tpl.Reason, tpl.WhatsAppTemplateID, tpl.UpdatedAt = "REJECTED", "MARKETING", "no", "1", reviewed.CreatedAt
		if got, err := s.Template(tpl.ID); err != nil || !reflect.DeepEqual(got, tpl) {
			t.Errorf("template\n%+v, want\n%+v; %v", got, tpl, err)
		}
		saveAll(t, s, history.Change{RemovedTemplate: tpl.ID})
		if _, err := s.Template(tpl.ID); !errors.Is(err, history.ErrNotFound) {
			t.Errorf("removed template: %v", err)
		}
		if _, err := s.Message(uuid.New()); !errors.Is(err, history.ErrNotFound) {
			t.Errorf("unknown message: %v", err)
		}
	})
}

// TestAnEditLeavesTheReview: what an author writes has nothing to do with what a
// review decides, which may come at the same time.
func TestAnEditLeavesTheReview(t *testing.T) {
	eachStore(t, 0, func(t *testing.T, s history.Store, again func() history.Store) {
		t.Helper()
		made := history.Template{ID: uuid.New(), Name: "t", Language: "en", Category: "UTILITY", Status: "PENDING", CreatedAt: noon(), UpdatedAt: noon()}
		edited := made
		edited.Name, edited.Language, edited.Category, edited.Definition = "u", "de", "MARKETING", []byte(`{}`)
		edited.CreatedAt, edited.UpdatedAt = time.Time{}, noon().Add(time.Hour)
		why, unknown := "fine", edited
		unknown.ID = uuid.New()
		saveAll(t, s,
			history.Change{Template: &made},
			history.Change{Happened: &event.Event{ID: uuid.New(), CreatedAt: noon(), Template: &event.Template{
				TemplateID: made.ID, Status: "APPROVED", Category: "UTILITY", WhatsAppTemplateID: "1", Reason: &why,
			}}},
			history.Change{Edited: &edited},
			history.Change{Edited: &unknown},
		)
		want := edited
		want.Status, want.Reason, want.WhatsAppTemplateID, want.CreatedAt = "APPROVED", "fine", "1", noon()
		s = again()
		if got, err := s.Template(made.ID); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("template\n%+v, want\n%+v; %v", got, want, err)
		}
		if _, err := s.Template(unknown.ID); !errors.Is(err, history.ErrNotFound) {
			t.Errorf("an edit of none made one: %v", err)
		}
	})
}

func TestPages(t *testing.T) {
	eachStore(t, 0, func(t *testing.T, s history.Store, _ func() history.Store) {
		t.Helper()
		hook := uuid.New()
		numbers := func(q history.Query) (total int, found []uint64) {
			p, err := s.Deliveries(hook, q)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range p.Rows {
				found = append(found, d.Number)
			}
			return p.Total, found
		}
		for n := uint64(1); n <= 4; n++ {
			d := delivery.Delivery{
				ID: uuid.New(), Number: n, WebhookID: hook, EventType: "message.sent", Status: delivery.Delivered, Body: []byte(`{"n":"Body_` + string(rune('0'+n)) + `"}`),
				CreatedAt: noon().Add(time.Duration(n) * time.Minute), CompletedAt: noon(),
			}
			switch n {
			case 2:
				d.EventType = "messages.odd" // of no family that others begin with
			case 3:
				d.Status, d.Error = delivery.Failed, `all 4 attempts failed: 100% \ lost`
			case 4:
				d.Status, d.CompletedAt = delivery.Retrying, time.Time{}
			}
			other := d
			other.ID, other.Number, other.WebhookID = uuid.New(), n+100, uuid.New()
			saveAll(t, s, history.Change{Deliveries: []delivery.Delivery{d, other}})
		}
		for _, c := range []struct {
			name  string
			q     history.Query
			total int
			want  []uint64
		}{
			{"all", history.Query{}, 4, []uint64{1, 2, 3, 4}},
			{"first page", history.Query{Limit: 3}, 4, []uint64{1, 2, 3}},
			{"second page, newest first", history.Query{Limit: 3, Offset: 3, Newest: true}, 4, []uint64{1}},
			{"past the end", history.Query{Limit: 3, Offset: 30}, 4, nil},
			{"before the start", history.Query{Limit: 1, Offset: -1}, 4, []uint64{1}},
			{"by status", history.Query{Status: "FAILED"}, 1, []uint64{3}},
			{"by no status", history.Query{Status: "failed"}, 0, nil},
			{"by body, in any case", history.Query{Search: "bODY_2"}, 1, []uint64{2}},
			{"by error, with characters that mean something elsewhere", history.Query{Search: `0% \ l`}, 1, []uint64{3}},
			{"a wildcard is a character", history.Query{Search: "d_1_"}, 0, nil},
			{"by both", history.Query{Search: "message.sent", Status: "DELIVERED", Limit: 1}, 1, []uint64{1}},
			{"by type", history.Query{Type: "message.sent"}, 3, []uint64{1, 3, 4}},
			{"by family", history.Query{Type: "message"}, 3, []uint64{1, 3, 4}},
			{"a wildcard in a type is a character", history.Query{Type: "message_sent"}, 0, nil},
			{"unfinished", history.Query{Unfinished: true}, 1, []uint64{4}},
			{"since", history.Query{Since: noon().Add(3 * time.Minute)}, 2, []uint64{3, 4}},
			{"until", history.Query{Until: noon().Add(3 * time.Minute)}, 2, []uint64{1, 2}},
			{"by everything", history.Query{Type: "message", Status: "FAILED", Since: noon(), Until: noon().Add(time.Hour), Search: "lost"}, 1, []uint64{3}},
		} {
			if total, found := numbers(c.q); total != c.total || !slices.Equal(found, c.want) {
				t.Errorf("%s: %d, %v; want %d, %v", c.name, total, found, c.total, c.want)
			}
		}
		// Of all webhooks, in the order in which they were made.
		hook = uuid.Nil
		if total, found := numbers(history.Query{Newest: true, Limit: 5}); total != 8 || !slices.Equal(found, []uint64{104, 103, 102, 101, 4}) {
			t.Errorf("of all webhooks: %d, %v", total, found)
		}
		if total, found := numbers(history.Query{Status: "FAILED"}); total != 2 || !slices.Equal(found, []uint64{3, 103}) {
			t.Errorf("failed ones of all webhooks: %d, %v", total, found)
		}
	})
}

// TestLimits: what is over goes, oldest first; what is not stays.
func TestLimits(t *testing.T) {
	eachStore(t, 2, func(t *testing.T, s history.Store, again func() history.Store) {
		t.Helper()
		w := newWebhook(t)
		saveAll(t, s, history.Change{Webhook: &w})
		var all []delivery.Delivery
		var messages []history.Message
		for n := range uint64(5) {
			d := delivery.Delivery{ID: uuid.New(), Number: n + 1, WebhookID: w.ID, Status: delivery.Delivered, CompletedAt: noon()}
			m := history.Message{ID: uuid.New(), Status: event.Queued}
			all, messages = append(all, d), append(messages, m)
			planned := outbound(m.ID, event.Queued, noon())
			saveAll(t, s, history.Change{Deliveries: []delivery.Delivery{d}}, history.Change{Messages: []history.Message{m}, Planned: []event.Event{planned}})
			if n > 0 {
				saveAll(t, s, history.Change{Happened: &planned})
			}
			if err := s.Flush(); err != nil {
				t.Fatal(err)
			}
		}
		s = again()
		p, err := s.Deliveries(w.ID, history.Query{})
		if err != nil || p.Total != 2 || p.Rows[0].ID != all[3].ID || p.Rows[1].ID != all[4].ID {
			t.Errorf("%+v, %v", p, err)
		}
		if _, err := s.Message(messages[0].ID); err != nil {
			t.Errorf("a message that is not over: %v", err)
		}
		late := delivery.Delivery{ID: uuid.New(), Number: 6, WebhookID: w.ID, Status: delivery.Delivered, CompletedAt: noon()}
		saveAll(t, s, history.Change{Deliveries: []delivery.Delivery{late}})
		if p, err := s.Deliveries(w.ID, history.Query{}); err != nil || p.Total != 2 || p.Rows[1].ID != late.ID {
			t.Errorf("after the restart: %+v, %v", p, err)
		}
	})
}
