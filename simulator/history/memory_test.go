package history_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/history"
)

func row(webhook uuid.UUID, s delivery.Status) delivery.Delivery {
	return delivery.Delivery{ID: uuid.New(), WebhookID: webhook, Status: s}
}

func save(t *testing.T, m *history.Memory, all ...delivery.Delivery) {
	t.Helper()
	for _, d := range all {
		if err := m.Save(history.Change{Deliveries: []delivery.Delivery{d}}); err != nil {
			t.Fatal(err)
		}
	}
}

func ids(t *testing.T, m *history.Memory, webhook uuid.UUID) []uuid.UUID {
	t.Helper()
	all, err := m.Deliveries(webhook, history.Query{})
	if err != nil {
		t.Fatal(err)
	}
	var out []uuid.UUID
	for _, d := range all.Rows {
		out = append(out, d.ID)
	}
	return out
}

func TestRowsStayInOrderAndAreReplaced(t *testing.T) {
	m, hook := history.NewMemory(0), uuid.New()
	a, b, other := row(hook, delivery.Pending), row(hook, delivery.Pending), row(uuid.New(), delivery.Pending)
	save(t, m, a, b, other)
	a.Status, a.Attempts = delivery.Retrying, []delivery.Attempt{{Number: 1}}
	save(t, m, a)
	a.Attempts[0].Number = 99 // ours, not the store's
	got, err := m.Delivery(a.ID)
	if err != nil || got.Status != delivery.Retrying || got.Attempts[0].Number != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	got.Attempts[0].Number = 98
	if again, _ := m.Delivery(a.ID); again.Attempts[0].Number != 1 {
		t.Error("what is returned is not a copy")
	}
	all, _ := m.Deliveries(hook, history.Query{})
	all.Rows[0].Attempts[0].Number = 97
	if again, _ := m.Delivery(a.ID); again.Attempts[0].Number != 1 {
		t.Error("what is listed is not a copy")
	}
	if got := ids(t, m, hook); len(got) != 2 || got[0] != a.ID || got[1] != b.ID {
		t.Errorf("rows %v", got)
	}
	if _, err := m.Delivery(uuid.New()); !errors.Is(err, history.ErrNotFound) {
		t.Errorf("unknown delivery: %v", err)
	}
	if got := ids(t, m, uuid.New()); len(got) != 0 {
		t.Errorf("rows of an unknown webhook: %v", got)
	}
	a.Status, b.Status = delivery.Delivered, delivery.Failed
	save(t, m, a, b)
	if got := ids(t, m, hook); len(got) != 2 {
		t.Errorf("without a limit, %d of 2 rows are kept", len(got))
	}
}

func TestLimit(t *testing.T) {
	one, only := history.NewMemory(1), uuid.New()
	save(t, one, row(only, delivery.Delivered), row(only, delivery.Delivered))
	if got := ids(t, one, only); len(got) != 1 {
		t.Errorf("with limit 1, %d rows are kept", len(got))
	}
	m, hook := history.NewMemory(2), uuid.New()
	a, b, c := row(hook, delivery.Pending), row(hook, delivery.Delivered), row(hook, delivery.Failed)
	save(t, m, a, b, c)
	if got := ids(t, m, hook); len(got) != 2 || got[0] != a.ID || got[1] != c.ID {
		t.Errorf("a delivery that is not over does not stay, or keeps others: %v", got)
	}
	if _, err := m.Delivery(b.ID); !errors.Is(err, history.ErrNotFound) {
		t.Errorf("a dropped delivery: %v", err)
	}
	a.Status = delivery.Delivered
	d := row(hook, delivery.Delivered)
	save(t, m, a, d)
	if got := ids(t, m, hook); len(got) != 2 || got[0] != c.ID || got[1] != d.ID {
		t.Errorf("rows %v", got)
	}
}

func TestConcurrentUse(t *testing.T) {
	m, hook := history.NewMemory(10), uuid.New()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 100 {
				d := row(hook, delivery.Delivered)
				_ = m.Save(history.Change{Deliveries: []delivery.Delivery{d}})
				_, _ = m.Delivery(d.ID)
				_, _ = m.Deliveries(hook, history.Query{})
			}
		})
	}
	all.Wait()
	if got := ids(t, m, hook); len(got) != 10 {
		t.Errorf("%d rows", len(got))
	}
}
