package api

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/signing"
	"github.com/sentsim/sentsim/simulator/webhook"
)

// The longest texts of a webhook, in bytes.
const (
	maxName = 200
	maxURL  = 2048
)

type webhookView struct {
	ID                       uuid.UUID           `json:"id"`
	CustomerID               uuid.UUID           `json:"customer_id"`
	DisplayName              string              `json:"display_name"`
	EndpointURL              string              `json:"endpoint_url"`
	EventTypes               []string            `json:"event_types"`
	EventFilters             map[string][]string `json:"event_filters"`
	IsActive                 bool                `json:"is_active"`
	SigningSecret            *string             `json:"signing_secret"`
	RetryCount               int                 `json:"retry_count"`
	TimeoutSeconds           int                 `json:"timeout_seconds"`
	LastDeliveryAttemptAt    *string             `json:"last_delivery_attempt_at"`
	LastSuccessfulDeliveryAt *string             `json:"last_successful_delivery_at"`
	ConsecutiveFailures      int                 `json:"consecutive_failures"`
	CreatedAt                string              `json:"created_at"`
	UpdatedAt                *string             `json:"updated_at"`
}

// viewWebhook is a webhook as the API shows it, without its secret.
func (c *call) viewWebhook(w webhook.Webhook) webhookView {
	v := webhookView{
		ID: w.ID, CustomerID: c.sim.Account(), DisplayName: w.DisplayName, EndpointURL: w.EndpointURL, EventTypes: w.EventTypes,
		IsActive: w.IsActive, RetryCount: w.RetryCount, TimeoutSeconds: w.TimeoutSeconds,
		ConsecutiveFailures: w.ConsecutiveFailures, CreatedAt: rfc3339(w.CreatedAt),
	}
	if len(w.EventFilters) > 0 {
		v.EventFilters = w.EventFilters
	}
	if w.LastDeliveryAttemptAt != nil {
		v.LastDeliveryAttemptAt = rfc3339OrNull(*w.LastDeliveryAttemptAt)
	}
	if w.LastSuccessfulDeliveryAt != nil {
		v.LastSuccessfulDeliveryAt = rfc3339OrNull(*w.LastSuccessfulDeliveryAt)
	}
	if !w.UpdatedAt.Equal(w.CreatedAt) {
		v.UpdatedAt = rfc3339OrNull(w.UpdatedAt)
	}
	return v
}

// readWebhook reads what a request says about a webhook onto cfg.
func readWebhook(b *body, cfg *webhook.Config) {
	if v := b.text("display_name"); v != nil {
		cfg.DisplayName = *v
	}
	if v := b.text("endpoint_url"); v != nil {
		cfg.EndpointURL = *v
	}
	if v := b.texts("event_types"); v != nil {
		cfg.EventTypes = v
		if slices.ContainsFunc(v, func(name string) bool { return strings.Contains(name, ".") }) {
			cfg.EventFilters = nil // names of events say all of it, whatever the webhook had before
		}
	}
	if b.null("event_filters") {
		cfg.EventFilters = nil
	} else if v := value[map[string][]string](b, "event_filters", "an object of lists of strings"); v != nil {
		cfg.EventFilters = *v
	}
	if v := b.whole("retry_count"); v != nil {
		cfg.RetryCount = v
	}
	if v := b.whole("timeout_seconds"); v != nil {
		cfg.TimeoutSeconds = v
	}
	if len(cfg.DisplayName) > maxName {
		b.bad(codeRange, "display_name", "is longer than %d bytes", maxName)
	}
	if len(cfg.EndpointURL) > maxURL {
		b.bad(codeRange, "endpoint_url", "is longer than %d bytes", maxURL)
	}
}

// note adds what the simulator has against a webhook to the problems of a
// request. A field whose value could not even be read is not complained about twice.
func (b *body) note(err error) {
	var several interface{ Unwrap() []error }
	if errors.As(err, &several) {
		for _, e := range several.Unwrap() {
			b.note(e)
		}
		return
	}
	var f *webhook.FieldError
	if !errors.As(err, &f) || b.has(f.Field) {
		return
	}
	codes := map[webhook.Flaw]string{webhook.Missing: codeRequired, webhook.OutOfRange: codeRange, webhook.NotOneOf: codeEnum}
	code, ok := codes[f.Flaw]
	if !ok {
		code = codeInvalid
	}
	b.bad(code, f.Field, "%s", f.Problem)
}

// draft is the webhook that cfg describes, registered nowhere; what is wrong
// with it is noted.
func (c *call) draft(cfg webhook.Config, secret signing.Secret) (webhook.Webhook, error) {
	b, knobs := c.body, c.sim.Knobs()
	if cfg.RetryCount == nil {
		cfg.RetryCount = &knobs.RetryCount
	}
	if cfg.TimeoutSeconds == nil {
		cfg.TimeoutSeconds = &knobs.TimeoutSeconds
	}
	w, err := webhook.New(uuid.New(), secret, cfg, c.sim.Now())
	b.note(err)
	if !b.has("endpoint_url") && !c.targets.allows(cfg.EndpointURL) {
		b.bad(codeInvalid, "endpoint_url", "is not a target that this server allows (--allow-target)")
	}
	return w, c.check()
}

// newSecret is the signing secret of a new webhook: the one that the request
// brings, that of the server's configuration, or one of its own.
func (c *call) newSecret() (signing.Secret, error) {
	text := c.body.text("signing_secret")
	switch {
	case text == nil && !c.cfg.Secret.IsZero():
		return c.cfg.Secret, nil
	case text == nil:
		return signing.GenerateSecret(c.secrets())
	}
	secret, err := signing.ParseSecret(*text)
	if err != nil {
		// Its own error might show a part of it.
		c.body.bad(codeInvalid, "signing_secret", "must be whsec_ and base64, or left out")
		return signing.GenerateSecret(c.secrets())
	}
	return secret, nil
}

func createWebhook(c *call) (any, error) {
	secret, err := c.newSecret()
	if err != nil {
		return nil, err
	}
	c.body.text("sender_profile") // whose events it shall get: the account has no profiles
	var cfg webhook.Config
	readWebhook(c.body, &cfg)
	w, err := c.draft(cfg, secret)
	if err == nil && !c.sandbox() {
		w, err = c.sim.RegisterWebhookWithSecret(cfg, secret)
	}
	v := c.viewWebhook(w)
	v.SigningSecret = textOrNull(secret.Reveal())
	return v, err
}

func listWebhooks(c *call) (any, error) {
	page, active, search := c.page(), c.truth("is_active"), strings.ToLower(c.search())
	if err := c.check(); err != nil {
		return nil, err
	}
	all := slices.DeleteFunc(c.sim.Webhooks(), func(w webhook.Webhook) bool {
		found := strings.Contains(strings.ToLower(w.DisplayName+"\n"+w.EndpointURL), search)
		return !found || active != nil && *active != w.IsActive
	})
	return listed("webhooks", page, len(all), of(page, all), c.viewWebhook), nil
}

// hook is the webhook that the path names.
func (c *call) hook() (webhook.Webhook, error) {
	id, err := c.pathID()
	if err != nil {
		return webhook.Webhook{}, err
	}
	return c.sim.Webhook(id)
}

func getWebhook(c *call) (any, error) {
	w, err := c.hook()
	return c.viewWebhook(w), err
}

func updateWebhook(c *call) (any, error) {
	w, err := c.hook()
	if err != nil {
		return nil, err
	}
	cfg := w.Config()
	readWebhook(c.body, &cfg)
	if _, err := c.draft(cfg, w.SigningSecret); err != nil {
		return nil, err
	}
	if c.sandbox() {
		err = w.Update(cfg, c.sim.Now())
	} else {
		w, err = c.sim.UpdateWebhook(w.ID, cfg)
	}
	return c.viewWebhook(w), err
}

// deleteWebhook ignores sandbox, as Sent does.
func deleteWebhook(c *call) (any, error) {
	w, err := c.hook()
	if err != nil {
		return nil, err
	}
	return nil, c.sim.DeleteWebhook(w.ID)
}

func rotateSecret(c *call) (any, error) {
	w, err := c.hook()
	if err == nil {
		err = c.check()
	}
	if err != nil {
		return nil, err
	}
	var secret signing.Secret
	if c.sandbox() {
		secret, err = signing.GenerateSecret(c.secrets())
	} else {
		secret, err = c.sim.RotateSecret(w.ID)
	}
	return map[string]any{"signing_secret": secret.Reveal()}, err
}

func toggleStatus(c *call) (any, error) {
	w, err := c.hook()
	if err != nil {
		return nil, err
	}
	active := c.body.truth("is_active")
	c.body.required("is_active")
	if err := c.check(); err != nil {
		return nil, err
	}
	if c.sandbox() {
		w.SetActive(*active, c.sim.Now())
		return c.viewWebhook(w), nil
	}
	if err := c.sim.SetActive(w.ID, *active); err != nil {
		return nil, err
	}
	w, err = c.sim.Webhook(w.ID)
	return c.viewWebhook(w), err
}

func testWebhook(c *call) (any, error) {
	w, err := c.hook()
	if err != nil {
		return nil, err
	}
	typ := c.body.eventType("event_type")
	switch err := c.check(); {
	case err != nil:
		return nil, err
	case !w.IsActive:
		return nil, simulator.ErrInactive
	}
	message, success := "Test event delivered successfully", true
	if !c.sandbox() {
		// The attempt is part of the history, so it is made to its end also when
		// the client has gone away.
		d, err := c.sim.TestDelivery(context.WithoutCancel(c.r.Context()), w.ID, typ)
		if err != nil {
			return nil, err
		}
		if success = d.Status == delivery.Delivered; !success {
			message = d.Error
		}
	}
	return map[string]any{"success": success, "message": message}, nil
}

// eventType reads the name of an event: "message.sent", "templates".
func (b *body) eventType(field string) event.Type {
	text := b.text(field)
	switch {
	case b.has(field):
		return ""
	case text == nil || *text == "":
		b.bad(codeRequired, field, "is required")
		return ""
	}
	typ, err := event.ParseType(*text)
	if err != nil {
		b.bad(codeEnum, field, "%s", printable(err.Error()))
	}
	return typ
}

type eventTypeView struct {
	Name        string          `json:"name"`
	EventType   string          `json:"event_type"`
	DisplayName string          `json:"display_name"`
	Description string          `json:"description"`
	IsActive    bool            `json:"is_active"`
	SubTypes    []eventTypeView `json:"sub_types"`
}

// listEventTypes lists the families of the edition with their events; without its
// knob the extended set is not active.
func listEventTypes(c *call) (any, error) {
	page := page{1, maxPageSize}
	if c.param("page") != "" || c.param("page_size") != "" {
		page = c.page()
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	texts := map[string][2]string{
		event.ParentMessage: {"Messages", "Status changes of messages, and messages from contacts"}, event.ParentTemplates: {"Templates", "Status changes of templates"},
		event.ParentContact: {"Contacts", "What contacts want: opt-outs, opt-ins, keywords"}, event.ParentChannel: {"Channels", "Where countries stand in being opened for a channel"},
		event.ParentLink: {"Links", "Short links that were followed, or are over"}, event.ParentCall: {"Calls", "Phone calls and their recordings"},
	}
	knobs := c.sim.Knobs()
	families := views(knobs.Families.List(), func(family string) eventTypeView {
		v := eventTypeView{Name: family, EventType: family, DisplayName: texts[family][0], Description: texts[family][1], IsActive: true}
		for _, k := range event.Catalogue() {
			if k.Parent() == family {
				sub := strings.TrimPrefix(k.Name, family+".")
				v.SubTypes = append(v.SubTypes, eventTypeView{
					Name: k.Name, EventType: sub, DisplayName: strings.TrimSuffix(v.DisplayName, "s") + " " + strings.ReplaceAll(sub, "_", " "),
					Description: k.Meaning, IsActive: !k.Extended || knobs.Extended,
				})
			}
		}
		return v
	})
	return listed("event_types", page, len(families), of(page, families), func(v eventTypeView) eventTypeView { return v }), nil
}
