package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/history"
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
func viewWebhook(w webhook.Webhook) webhookView {
	v := webhookView{
		ID: w.ID, DisplayName: w.DisplayName, EndpointURL: w.EndpointURL, EventTypes: w.EventTypes,
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
	if !errors.As(err, &f) || b.problems.has(f.Field) {
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
// with it is noted in b.
func (c *call) draft(b *body, cfg webhook.Config) (webhook.Webhook, signing.Secret, *problem) {
	secret, err := signing.GenerateSecret(c.secrets())
	if err != nil {
		return webhook.Webhook{}, secret, fromSimulator(err)
	}
	knobs := c.sim.Knobs()
	if cfg.RetryCount == nil {
		cfg.RetryCount = &knobs.RetryCount
	}
	if cfg.TimeoutSeconds == nil {
		cfg.TimeoutSeconds = &knobs.TimeoutSeconds
	}
	w, err := webhook.New(uuid.New(), secret, cfg, c.sim.Now())
	b.note(err)
	if !b.problems.has("endpoint_url") && !c.targets.allows(cfg.EndpointURL) {
		b.bad(codeInvalid, "endpoint_url", "is not a target that this server allows (--allow-target)")
	}
	return w, secret, b.problems.refusal()
}

func createWebhook(c *call) (answer, *problem) {
	b, p := readBody(c.w, c.r)
	if p != nil {
		return answer{}, p
	}
	sandbox := b.isTrue("sandbox")
	var cfg webhook.Config
	readWebhook(b, &cfg)
	w, secret, p := c.draft(b, cfg)
	if p != nil {
		return answer{}, p
	}
	if sandbox {
		c.sandbox()
	} else {
		var err error
		if w, err = c.sim.RegisterWebhookWithSecret(cfg, secret); err != nil {
			return answer{}, fromSimulator(err)
		}
	}
	v := viewWebhook(w)
	v.SigningSecret = textOrNull(secret.Reveal())
	return answer{http.StatusCreated, v}, nil
}

func listWebhooks(c *call) (answer, *problem) {
	q := query{r: c.r}
	page, active, search := q.page(), q.truth("is_active"), strings.ToLower(q.search())
	if p := q.problems.refusal(); p != nil {
		return answer{}, p
	}
	all := slices.DeleteFunc(c.sim.Webhooks(), func(w webhook.Webhook) bool {
		found := strings.Contains(strings.ToLower(w.DisplayName+"\n"+w.EndpointURL), search)
		return !found || active != nil && *active != w.IsActive
	})
	views := []webhookView{}
	for _, w := range of(page, all) {
		views = append(views, viewWebhook(w))
	}
	return answer{http.StatusOK, map[string]any{"webhooks": views, "pagination": page.pagination(len(all))}}, nil
}

// hook is the webhook that the path names.
func (c *call) hook() (webhook.Webhook, *problem) {
	id, p := pathID(c.r)
	if p != nil {
		return webhook.Webhook{}, p
	}
	w, err := c.sim.Webhook(id)
	return w, fromSimulator(err)
}

func getWebhook(c *call) (answer, *problem) {
	w, p := c.hook()
	return answer{http.StatusOK, viewWebhook(w)}, p
}

func updateWebhook(c *call) (answer, *problem) {
	w, p := c.hook()
	if p != nil {
		return answer{}, p
	}
	b, p := readBody(c.w, c.r)
	if p != nil {
		return answer{}, p
	}
	sandbox := b.isTrue("sandbox")
	cfg := w.Config()
	readWebhook(b, &cfg)
	if _, _, p = c.draft(b, cfg); p != nil {
		return answer{}, p
	}
	var err error
	if sandbox {
		c.sandbox()
		err = w.Update(cfg, c.sim.Now())
	} else {
		w, err = c.sim.UpdateWebhook(w.ID, cfg)
	}
	return answer{http.StatusOK, viewWebhook(w)}, fromSimulator(err)
}

// deleteWebhook ignores sandbox, as Sent does.
func deleteWebhook(c *call) (answer, *problem) {
	w, p := c.hook()
	if p != nil {
		return answer{}, p
	}
	return answer{status: http.StatusNoContent}, fromSimulator(c.sim.DeleteWebhook(w.ID))
}

func rotateSecret(c *call) (answer, *problem) {
	w, p := c.hook()
	if p != nil {
		return answer{}, p
	}
	b, p := readBody(c.w, c.r)
	if p != nil {
		return answer{}, p
	}
	sandbox := b.isTrue("sandbox")
	if p := b.problems.refusal(); p != nil {
		return answer{}, p
	}
	var secret signing.Secret
	var err error
	if sandbox {
		c.sandbox()
		secret, err = signing.GenerateSecret(c.secrets())
	} else {
		secret, err = c.sim.RotateSecret(w.ID)
	}
	return answer{http.StatusOK, map[string]any{"signing_secret": secret.Reveal()}}, fromSimulator(err)
}

func toggleStatus(c *call) (answer, *problem) {
	w, p := c.hook()
	if p != nil {
		return answer{}, p
	}
	b, p := readBody(c.w, c.r)
	if p != nil {
		return answer{}, p
	}
	sandbox, active := b.isTrue("sandbox"), b.truth("is_active")
	if active == nil && !b.problems.has("is_active") {
		b.bad(codeRequired, "is_active", "is required")
	}
	if p := b.problems.refusal(); p != nil {
		return answer{}, p
	}
	if sandbox {
		c.sandbox()
		w.SetActive(*active, c.sim.Now())
		return answer{http.StatusOK, viewWebhook(w)}, nil
	}
	if err := c.sim.SetActive(w.ID, *active); err != nil {
		return answer{}, fromSimulator(err)
	}
	w, err := c.sim.Webhook(w.ID)
	return answer{http.StatusOK, viewWebhook(w)}, fromSimulator(err)
}

func testWebhook(c *call) (answer, *problem) {
	w, p := c.hook()
	if p != nil {
		return answer{}, p
	}
	b, p := readBody(c.w, c.r)
	if p != nil {
		return answer{}, p
	}
	sandbox := b.isTrue("sandbox")
	typ := b.eventType("event_type")
	if p := b.problems.refusal(); p != nil {
		return answer{}, p
	}
	if !w.IsActive {
		return answer{}, refusal(http.StatusBadRequest, codeNotNow, "the webhook is not active: activate it first")
	}
	message, success := "Test event delivered successfully", true
	if sandbox {
		c.sandbox()
	} else {
		// The attempt is part of the history, so it is made to its end also when
		// the client has gone away.
		d, err := c.sim.TestDelivery(context.WithoutCancel(c.r.Context()), w.ID, typ)
		if err != nil {
			return answer{}, fromSimulator(err)
		}
		if success = d.Status == delivery.Delivered; !success {
			message = d.Error
		}
	}
	return answer{http.StatusOK, map[string]any{"success": success, "message": message}}, nil
}

// eventType reads the name of an event: "message.sent", "templates".
func (b *body) eventType(field string) event.Type {
	text := b.text(field)
	switch {
	case b.problems.has(field):
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

type deliveryView struct {
	ID                    uuid.UUID  `json:"id"`
	EventType             event.Type `json:"event_type"`
	EventData             rawBody    `json:"event_data"`
	DeliveryStatus        string     `json:"delivery_status"`
	HTTPStatusCode        *int       `json:"http_status_code"`
	ResponseBody          *string    `json:"response_body"`
	DeliveryAttempts      int        `json:"delivery_attempts"`
	ErrorMessage          *string    `json:"error_message"`
	CreatedAt             string     `json:"created_at"`
	ProcessingStartedAt   *string    `json:"processing_started_at"`
	ProcessingCompletedAt *string    `json:"processing_completed_at"`
}

func viewDelivery(d delivery.Delivery) deliveryView {
	v := deliveryView{
		ID: d.ID, EventType: d.EventType, EventData: d.Body, DeliveryStatus: string(d.Status),
		DeliveryAttempts: len(d.Attempts), ErrorMessage: textOrNull(d.Error), CreatedAt: rfc3339(d.CreatedAt),
		ProcessingStartedAt: rfc3339OrNull(d.StartedAt), ProcessingCompletedAt: rfc3339OrNull(d.CompletedAt),
	}
	if n := len(d.Attempts); n > 0 {
		if last := d.Attempts[n-1].Outcome; last.Status != 0 {
			text := strings.ToValidUTF8(string(last.Body), "\uFFFD")
			v.HTTPStatusCode, v.ResponseBody = &last.Status, &text
		}
	}
	return v
}

func listDeliveries(c *call) (answer, *problem) {
	id, p := pathID(c.r)
	if p != nil {
		return answer{}, p
	}
	q := query{r: c.r}
	page, search := q.page(), q.search()
	if p := q.problems.refusal(); p != nil {
		return answer{}, p
	}
	rows, err := c.sim.DeliveryPage(id, history.Query{Search: search, Newest: true, Offset: page.offset(), Limit: page.size})
	if err != nil {
		return answer{}, fromSimulator(err)
	}
	views := []deliveryView{}
	for _, d := range rows.Rows {
		views = append(views, viewDelivery(d))
	}
	return answer{http.StatusOK, map[string]any{"events": views, "pagination": page.pagination(rows.Total)}}, nil
}

type eventTypeView struct {
	Name        string          `json:"name"`
	EventType   string          `json:"event_type"`
	DisplayName string          `json:"display_name"`
	Description string          `json:"description"`
	IsActive    bool            `json:"is_active"`
	SubTypes    []eventTypeView `json:"sub_types"`
}

// listEventTypes lists the parents with their sub-types; those of the extended
// set are not active unless the knob is on.
func listEventTypes(c *call) (answer, *problem) {
	about := map[string][2]string{
		event.ParentMessage:   {"Messages", "Status changes of messages, and messages from contacts"},
		event.ParentTemplates: {"Templates", "Status changes of WhatsApp templates"},
		event.ParentContact:   {"Contacts", "Contacts that opt in or out, ask for help, or write a keyword"},
		event.ParentChannel:   {"Channels", "Countries in which a channel is being opened for you"},
		event.ParentLink:      {"Links", "Links in messages that are followed, or end"},
		event.ParentCall:      {"Calls", "Phone calls and their recordings"},
	}
	var parents []eventTypeView
	for _, name := range c.sim.Knobs().Families.List() {
		parents = append(parents, eventTypeView{
			Name: name, EventType: name, DisplayName: about[name][0], Description: about[name][1], IsActive: true,
		})
	}
	for _, k := range event.Catalogue() {
		if c.sim.Knobs().Has(k) != nil {
			continue
		}
		_, sub, _ := strings.Cut(k.Name, ".")
		i := slices.IndexFunc(parents, func(v eventTypeView) bool { return v.Name == k.Parent() })
		parents[i].SubTypes = append(parents[i].SubTypes, eventTypeView{
			Name: k.Name, EventType: sub, DisplayName: strings.TrimSuffix(parents[i].DisplayName, "s") + " " + strings.ReplaceAll(sub, "_", " "),
			Description: k.Meaning, IsActive: !k.Extended || c.sim.Knobs().Extended,
		})
	}
	return answer{http.StatusOK, map[string]any{"event_types": parents}}, nil
}
