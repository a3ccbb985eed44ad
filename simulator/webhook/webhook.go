// Package webhook is one registered endpoint: where it is, what it subscribes
// to, the secret that signs for it, and its health. Its decisions are pure: which
// events it takes (section "subscription and filtering" of Sent's webhook
// documentation) and which failures disable it (section "retries"). It knows no
// HTTP and no clock.
package webhook

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/signing"
)

// Webhook is one webhook as it stands. It is a value; Clone copies what it points to.
type Webhook struct {
	ID            uuid.UUID // X-Webhook-ID of every delivery
	DisplayName   string
	EndpointURL   string
	EventTypes    []string            // parents: event.ParentMessage, event.ParentTemplates
	EventFilters  map[string][]string // parent to sub-type suffixes; a parent that is missing is not filtered
	SigningSecret signing.Secret

	RetryCount     int // 1 to 5
	TimeoutSeconds int // 5 to 120, of one attempt

	IsActive            bool
	ConsecutiveFailures int // see Observe

	LastDeliveryAttemptAt    *time.Time
	LastSuccessfulDeliveryAt *time.Time
	CreatedAt                time.Time
	UpdatedAt                time.Time
}

// Matches reports whether the webhook subscribes to events of that type. A
// template event's type carries no sub-type; give it one, the status in lower
// case ("templates.approved"), to have it filtered by status.
func (w *Webhook) Matches(t event.Type) bool {
	if !slices.Contains(w.EventTypes, t.Parent()) {
		return false
	}
	suffixes, filtered := w.EventFilters[t.Parent()]
	return !filtered || slices.Contains(suffixes, t.SubType())
}

// FilterType is what Matches is asked about e: its type, with a template event's
// status as its sub-type.
func FilterType(e event.Event) event.Type {
	if e.Template != nil {
		return event.Type(event.ParentTemplates + "." + strings.ToLower(e.Template.Status))
	}
	return e.Type
}

// SetActive disables the webhook by hand or enables it again; the count of
// failures then starts at 0.
func (w *Webhook) SetActive(active bool, now time.Time) {
	if active && !w.IsActive {
		w.ConsecutiveFailures = 0
	}
	w.IsActive, w.UpdatedAt = active, now
}

// Rotate replaces the signing secret: the old one is dead at once.
func (w *Webhook) Rotate(secret signing.Secret, now time.Time) {
	w.SigningSecret, w.UpdatedAt = secret, now
}

// Timeout is how long one attempt may take.
func (w *Webhook) Timeout() time.Duration { return time.Duration(w.TimeoutSeconds) * time.Second }

// Clone is a copy that shares nothing with w.
func (w *Webhook) Clone() Webhook {
	c := *w
	c.EventTypes = slices.Clone(w.EventTypes)
	c.EventFilters = maps.Clone(w.EventFilters)
	for parent, suffixes := range c.EventFilters {
		c.EventFilters[parent] = slices.Clone(suffixes)
	}
	c.LastDeliveryAttemptAt = clone(w.LastDeliveryAttemptAt)
	c.LastSuccessfulDeliveryAt = clone(w.LastSuccessfulDeliveryAt)
	return c
}

func clone(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	c := *t
	return &c
}
