package simulator

import (
	"fmt"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/history"
)

// Message is a message as it stands, with the activities that have happened, else
// ErrNotFound.
func (s *Simulator) Message(id uuid.UUID) (history.Message, error) { return s.store.Message(id) }

// Messages are messages in both directions, in the order in which they were
// accepted, without their activities.
func (s *Simulator) Messages(q history.Query) (history.Page[history.Message], error) {
	return s.store.Messages(q)
}

// Template is a template as it stands, else ErrNotFound.
func (s *Simulator) Template(id uuid.UUID) (history.Template, error) { return s.store.Template(id) }

// Templates are templates in the order in which they were made.
func (s *Simulator) Templates(q history.Query) (history.Page[history.Template], error) {
	return s.store.Templates(q)
}

// CreateTemplate makes a template that is not submitted for review: no event
// tells of it. It returns the template's id.
func (s *Simulator) CreateTemplate(t Template) (uuid.UUID, error) {
	made := s.newTemplate(t, s.next("template"))
	return made.ID, s.accept(history.Change{Template: &made})
}

// UpdateTemplate changes a template's name, language, category or definition,
// without an event; what else change does to it is ignored. It returns the template
// as it then stands.
func (s *Simulator) UpdateTemplate(id uuid.UUID, change func(*history.Template)) (history.Template, error) {
	s.records.Lock()
	defer s.records.Unlock()
	if err := s.failure(); err != nil { // so that what is read is the latest
		return history.Template{}, err
	}
	t, err := s.store.Template(id)
	if err != nil {
		return t, err
	}
	change(&t)
	t.ID, t.UpdatedAt = id, s.clock.Now()
	if err := s.accept(history.Change{Edited: &t}); err != nil {
		return t, err
	}
	return s.store.Template(id) // a review may have decided meanwhile
}

// DeleteTemplate forgets a template. Its events that are still planned happen
// all the same, as Meta's decisions do.
func (s *Simulator) DeleteTemplate(id uuid.UUID) error {
	s.records.Lock()
	defer s.records.Unlock()
	if _, err := s.store.Template(id); err != nil {
		return err
	}
	return s.accept(history.Change{RemovedTemplate: id})
}

// Answers are the answers that the store remembered when this simulator began.
func (s *Simulator) Answers() []history.Answer { return s.answers }

// KeepAnswer remembers an answer to a request, if it is not nil, and forgets others.
// Flush makes it safe.
func (s *Simulator) KeepAnswer(a *history.Answer, forget []string) error {
	if err := s.store.Save(history.Change{Forgotten: forget, Answer: a}); err != nil {
		return fmt.Errorf("history: %w", err)
	}
	return nil
}

// Flush returns once everything that happened so far is safe from the end of the process.
func (s *Simulator) Flush() error { return s.failure() }

// Delivery is one delivery of the history, else ErrNotFound.
func (s *Simulator) Delivery(id uuid.UUID) (delivery.Delivery, error) {
	return s.store.Delivery(id)
}

// Deliveries is a webhook's whole delivery history, oldest first.
func (s *Simulator) Deliveries(webhookID uuid.UUID) ([]delivery.Delivery, error) {
	p, err := s.DeliveryPage(webhookID, history.Query{})
	return p.Rows, err
}

// DeliveryPage is part of a webhook's delivery history; the zero id stands for
// all webhooks.
func (s *Simulator) DeliveryPage(webhookID uuid.UUID, q history.Query) (history.Page[delivery.Delivery], error) {
	if _, err := s.dispatcher.Webhook(webhookID); err != nil && webhookID != uuid.Nil {
		return history.Page[delivery.Delivery]{}, err
	}
	p, err := s.store.Deliveries(webhookID, q)
	if err != nil {
		return p, fmt.Errorf("history: %w", err)
	}
	return p, nil
}
