package webhook_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/signing"
	"github.com/sentsim/sentsim/simulator/webhook"
)

func moment() time.Time { return time.Date(2025, 10, 31, 10, 0, 0, 0, time.UTC) }

func secret(t *testing.T, seed string) signing.Secret {
	t.Helper()
	s, err := signing.GenerateSecret(strings.NewReader(strings.Repeat(seed, 64)))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func plain() webhook.Config {
	return webhook.Config{DisplayName: "orders", EndpointURL: "https://example.com/webhooks/sent"}
}

func newWebhook(t *testing.T, cfg webhook.Config) webhook.Webhook {
	t.Helper()
	w, err := webhook.New(uuid.New(), secret(t, "a"), cfg, moment())
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestDefaults(t *testing.T) {
	id := uuid.New()
	w, err := webhook.New(id, secret(t, "a"), plain(), moment())
	if err != nil || w.ID != id || !w.SigningSecret.Equal(secret(t, "a")) || w.EndpointURL != plain().EndpointURL || w.DisplayName != "orders" {
		t.Errorf("%+v, %v", w, err)
	}
	if !w.IsActive || w.RetryCount != 3 || w.TimeoutSeconds != 30 || w.Timeout() != 30*time.Second || w.ConsecutiveFailures != 0 ||
		w.LastDeliveryAttemptAt != nil || w.LastSuccessfulDeliveryAt != nil || !w.CreatedAt.Equal(moment()) || !w.UpdatedAt.Equal(moment()) {
		t.Errorf("%+v", w)
	}
	for _, k := range event.Catalogue() {
		if !w.Matches(k.Type) {
			t.Errorf("a webhook without filters does not take %s", k.Name)
		}
	}
	if w.Matches("orders.created") {
		t.Error("it takes another platform's events")
	}
}

func TestConfigProblems(t *testing.T) {
	n := func(i int) *int { return &i }
	for _, c := range []struct {
		name   string
		change func(*webhook.Config)
		want   string // "" accepted
	}{
		{"fewest retries", func(c *webhook.Config) { c.RetryCount = n(1) }, ""},
		{"most retries", func(c *webhook.Config) { c.RetryCount = n(5) }, ""},
		{"no retries", func(c *webhook.Config) { c.RetryCount = n(0) }, "retry_count: 0 is out of range: use 1 to 5"},
		{"too many retries", func(c *webhook.Config) { c.RetryCount = n(6) }, "retry_count: 6 is out of range: use 1 to 5"},
		{"shortest timeout", func(c *webhook.Config) { c.TimeoutSeconds = n(5) }, ""},
		{"longest timeout", func(c *webhook.Config) { c.TimeoutSeconds = n(120) }, ""},
		{"too short", func(c *webhook.Config) { c.TimeoutSeconds = n(4) }, "timeout_seconds: 4 is out of range: use 5 to 120"},
		{"too long", func(c *webhook.Config) { c.TimeoutSeconds = n(121) }, "timeout_seconds: 121 is out of range: use 5 to 120"},
		{"no name", func(c *webhook.Config) { c.DisplayName = " " }, "display_name: is required"},

		{"http", func(c *webhook.Config) { c.EndpointURL = "http://127.0.0.1:8080" }, ""},
		{"IPv6", func(c *webhook.Config) { c.EndpointURL = "http://[::1]:8080/x?y=z" }, ""},
		{"no URL", func(c *webhook.Config) { c.EndpointURL = "" }, "endpoint_url: is required"},
		{"no scheme", func(c *webhook.Config) { c.EndpointURL = "example.com/x" }, "endpoint_url: must begin with http:// or https://"},
		{"other scheme", func(c *webhook.Config) { c.EndpointURL = "ws://example.com/x" }, "endpoint_url: must begin with http:// or https://"},
		{"no host", func(c *webhook.Config) { c.EndpointURL = "https:///x" }, "endpoint_url: names no host: write it like https://example.com/webhooks/sent"},
		{"only a port", func(c *webhook.Config) { c.EndpointURL = "https://:80/x" }, "endpoint_url: names no host: write it like https://example.com/webhooks/sent"},
		{"no URL at all", func(c *webhook.Config) { c.EndpointURL = "http://u:hunter2@exa mple" }, "endpoint_url: is not a URL: write it like https://example.com/webhooks/sent"},
		{"password", func(c *webhook.Config) { c.EndpointURL = "https://u:hunter2@example.com" }, "endpoint_url: must not contain a user name or password: deliveries carry a signature instead"},
		{"non-ASCII host", func(c *webhook.Config) { c.EndpointURL = "https://bücher.example/" }, "endpoint_url: write the host name in its ASCII form (xn--…)"},

		{"alias", func(c *webhook.Config) { c.EventTypes = []string{"messages", "message"} }, ""},
		{"no types", func(c *webhook.Config) { c.EventTypes = []string{} }, "event_types: is empty: name message, templates, contact, channel, link, call, or leave it out for all"},
		{"flat names", func(c *webhook.Config) {
			c.EventTypes = []string{"message.sent", "messages.read", "contact.opt_out", "templates"}
		}, ""},
		{"no such name", func(c *webhook.Config) { c.EventTypes = []string{"message.eaten"} }, `event_filters: unknown event "message.eaten": did you mean "message.routed"?`},
		{"unknown parent in filters", func(c *webhook.Config) { c.EventFilters = map[string][]string{"letter": {"created"}} }, `event_filters: there is no "letter": use message, templates, contact, channel, link, call`},
		{"null filter", func(c *webhook.Config) { c.EventFilters = map[string][]string{"messages": nil} }, ""},
		{"empty filter", func(c *webhook.Config) { c.EventFilters = map[string][]string{"message": {}} }, "event_filters: message has an empty list, which would match nothing: leave it out to match all"},
		{"extended sub-type", func(c *webhook.Config) { c.EventFilters = map[string][]string{"message": {"scheduled"}} }, ""},
		{"mistyped sub-type", func(c *webhook.Config) { c.EventFilters = map[string][]string{"message": {"deliverd"}} }, `event_filters: unknown event "message.deliverd": did you mean "message.delivered"?`},
		{"full name", func(c *webhook.Config) { c.EventFilters = map[string][]string{"message": {"message.sent"}} }, ""},
		{"upper case", func(c *webhook.Config) { c.EventFilters = map[string][]string{"message": {"SENT"}} }, `event_filters: "SENT" is no sub-type suffix: they are written in lower case, like "delivered"`},
		{"nothing", func(c *webhook.Config) { c.EventFilters = map[string][]string{"message": {""}} }, `event_filters: "" is no sub-type suffix: they are written in lower case, like "delivered"`},
		{"any template status", func(c *webhook.Config) { c.EventFilters = map[string][]string{"templates": {"in_appeal"}} }, ""},
		{
			"all problems at once", func(c *webhook.Config) { *c = webhook.Config{RetryCount: n(9), EventTypes: []string{"a"}} },
			"display_name: is required\nendpoint_url: is required\nevent_types: there is no \"a\": use message, templates, contact, channel, link, call, or the name of an event\nretry_count: 9 is out of range: use 1 to 5",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := plain()
			c.change(&cfg)
			_, err := webhook.New(uuid.New(), secret(t, "a"), cfg, moment())
			var field *webhook.FieldError
			switch {
			case c.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case c.want != "" && (err == nil || err.Error() != c.want || !errors.As(err, &field)):
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
	if _, err := webhook.New(uuid.New(), signing.Secret{}, plain(), moment()); err == nil || err.Error() != "signing_secret: there is none: generate one" {
		t.Errorf("without a secret: %v", err)
	}
}

func TestMatches(t *testing.T) {
	cfg := plain()
	cfg.EventFilters = map[string][]string{"messages": {"delivered", "failed"}, "templates": {"approved"}}
	filtered := newWebhook(t, cfg)
	cfg.EventTypes = []string{"templates"}
	onlyTemplates := newWebhook(t, cfg)
	cfg.EventTypes, cfg.EventFilters = []string{"messages"}, map[string][]string{"message": nil}
	onlyMessages := newWebhook(t, cfg)
	for _, c := range []struct {
		typ                      event.Type
		filtered, templates, all bool
	}{
		{"message.delivered", true, false, true},
		{"message.failed", true, false, true},
		{"message.read", false, false, true},
		{"message.something", false, false, true},
		{"templates.approved", true, true, false},
		{"templates.rejected", false, false, false},
		{"templates", false, false, false},
	} {
		for i, w := range []webhook.Webhook{filtered, onlyTemplates, onlyMessages} {
			if want := []bool{c.filtered, c.templates, c.all}[i]; w.Matches(c.typ) != want {
				t.Errorf("webhook %d, %s: %v", i, c.typ, !want)
			}
		}
	}
	approved := event.Event{Type: event.Templates, Template: &event.Template{Status: "CATEGORY_UPDATED"}}
	if got := webhook.FilterType(approved); got != "templates.category_updated" {
		t.Errorf("filter type %q", got)
	}
	if got := webhook.FilterType(event.Event{Type: "message.sent", Outbound: &event.Outbound{}}); got != "message.sent" {
		t.Errorf("filter type %q", got)
	}
}

func TestCloneSharesNothing(t *testing.T) {
	cfg := plain()
	cfg.EventFilters = map[string][]string{"message": {"sent"}}
	w := newWebhook(t, cfg)
	if c := w.Clone(); c.LastDeliveryAttemptAt != nil || c.LastSuccessfulDeliveryAt != nil {
		t.Errorf("a copy without attempts: %+v", c)
	}
	w.Observe(webhook.AttemptSucceeded, webhook.HealthRules{}, moment())
	c := w.Clone()
	c.EventTypes[0], c.EventFilters["message"][0], c.EventFilters["templates"] = "x", "y", nil
	*c.LastDeliveryAttemptAt, *c.LastSuccessfulDeliveryAt = time.Time{}, time.Time{}
	if !w.Matches("message.sent") || !w.Matches("templates.approved") || !w.LastDeliveryAttemptAt.Equal(moment()) || !w.LastSuccessfulDeliveryAt.Equal(moment()) {
		t.Errorf("changing the copy changed %+v", w)
	}
}

func TestRotate(t *testing.T) {
	w, later := newWebhook(t, plain()), moment().Add(time.Hour)
	w.Rotate(secret(t, "b"), later)
	if !w.SigningSecret.Equal(secret(t, "b")) || !w.UpdatedAt.Equal(later) {
		t.Errorf("%+v", w)
	}
}

// A flat name subscribes to one event of its family; the family's own name to all.
func TestFlatNamesAreFilters(t *testing.T) {
	cfg := plain()
	cfg.EventTypes = []string{"message.sent", "messages.read", "contact.opt_out", "contact", "templates"}
	w, err := webhook.New(uuid.New(), secret(t, "a"), cfg, moment())
	if err != nil {
		t.Fatal(err)
	}
	for typ, want := range map[event.Type]bool{
		"message.sent": true, "message.read": true, "message.queued": false, "contact.help": true, "templates.approved": true, "call.answered": false,
	} {
		if got := w.Matches(typ); got != want {
			t.Errorf("%s: %v", typ, got)
		}
	}
	if !slices.Equal(w.EventTypes, []string{"message", "contact", "templates"}) || len(w.EventFilters) != 1 {
		t.Errorf("types %v, filters %v", w.EventTypes, w.EventFilters)
	}
}
