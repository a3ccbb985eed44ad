package dashboard

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/history"
	"github.com/sentsim/sentsim/simulator/webhook"
)

// healthView is how a webhook is.
type healthView struct {
	webhook.Webhook
	Threshold int  // so many failures in a row disable it
	Failed    bool // they have
	Causes    []cause
	Last      *delivery.Delivery // that failed
	Now       string
}

// cause is why deliveries failed, and how many did so.
type cause struct {
	Text string
	N    int
}

// failed reports whether failures have disabled a webhook. One that was disabled
// by hand has fewer.
func failed(sim *simulator.Simulator, w webhook.Webhook) bool {
	return !w.IsActive && w.ConsecutiveFailures >= sim.Knobs().DisableThreshold
}

func (v *view) health(w webhook.Webhook) healthView {
	return healthView{Webhook: w, Threshold: v.Sim.Knobs().DisableThreshold, Failed: failed(v.Sim, w)}
}

// explained is health with what its last failures were. The count goes back to
// the last success.
func (v *view) explained(w webhook.Webhook) (healthView, error) {
	h := v.health(w)
	if w.ConsecutiveFailures == 0 {
		return h, nil
	}
	page, err := v.Sim.DeliveryPage(w.ID, history.Query{Status: string(delivery.Failed), Newest: true, Limit: min(w.ConsecutiveFailures, 50)})
	if err != nil {
		return h, err
	}
	counts := map[string]int{}
	for _, d := range page.Rows {
		if d.Test || len(d.Attempts) == 0 {
			continue
		}
		if h.Last == nil {
			h.Last = &d
		}
		counts[whatCameBack(d.Attempts[len(d.Attempts)-1].Outcome)]++
	}
	for text, n := range counts {
		h.Causes = append(h.Causes, cause{text, n})
	}
	slices.SortFunc(h.Causes, func(a, b cause) int { return cmp.Or(b.N-a.N, strings.Compare(a.Text, b.Text)) })
	return h, nil
}

// whatCameBack is an outcome for people who look for the reason.
func whatCameBack(o delivery.Outcome) string {
	if o.Kind == delivery.Answered {
		return strings.TrimSpace(fmt.Sprintf("the receiver answered %d %s", o.Status, http.StatusText(o.Status)))
	}
	return o.Err
}

// overviewRows is how many deliveries the charts are made of.
const overviewRows = 500

func overview(v *view) error {
	var hooks []healthView
	for _, w := range v.Sim.Webhooks() {
		h, err := v.explained(w)
		if err != nil {
			return err
		}
		hooks = append(hooks, h)
	}
	recent, err := v.Sim.DeliveryPage(uuid.Nil, history.Query{Newest: true, Limit: overviewRows})
	if err != nil {
		return err
	}
	pictures, err := draw(recent.Rows, v.Sim.Webhooks())
	if err != nil {
		return err
	}
	return v.show("overview", "webhooks", "Webhooks", map[string]any{
		"Hooks": hooks, "Charts": pictures, "Total": recent.Total, "Drawn": len(recent.Rows),
		"Recent": v.rows(recent.Rows[:min(len(recent.Rows), 8)]),
	})
}

func (v *view) hook() (webhook.Webhook, error) {
	id, err := v.id()
	if err != nil {
		return webhook.Webhook{}, err
	}
	return v.Sim.Webhook(id)
}

func showWebhook(v *view) error {
	w, err := v.hook()
	if err != nil {
		return err
	}
	h, err := v.explained(w)
	if err != nil {
		return err
	}
	recent, err := v.Sim.DeliveryPage(w.ID, history.Query{Newest: true, Limit: 15})
	if err != nil {
		return err
	}
	return v.show("webhook", "webhooks", w.DisplayName, map[string]any{
		"Hook": h, "Recent": v.rows(recent.Rows), "Total": recent.Total, "Events": event.Catalogue(),
	})
}

// hookForm is what stands in the form of a webhook.
type hookForm struct {
	ID             string // "": a new one
	Name, URL      string
	Message        bool
	Templates      bool
	Filters        map[string]bool // "message.read"
	Retries        string
	Timeout        string
	Problems       map[string]string
	Kinds          []event.Kind
	MinRetries     int
	MaxRetries     int
	MinTimeout     int
	MaxTimeout     int
	OtherProblem   string
	FirstIsProblem string
}

func emptyForm(v *view) hookForm {
	k := v.Sim.Knobs()
	f := hookForm{
		Message: true, Templates: true, Filters: map[string]bool{}, Retries: strconv.Itoa(k.RetryCount), Timeout: strconv.Itoa(k.TimeoutSeconds),
		MinRetries: webhook.MinRetryCount, MaxRetries: webhook.MaxRetryCount, MinTimeout: webhook.MinTimeoutSeconds, MaxTimeout: webhook.MaxTimeoutSeconds,
	}
	for _, kind := range event.Catalogue() {
		if !kind.Extended || k.Extended {
			f.Kinds = append(f.Kinds, kind)
		}
	}
	return f
}

func newWebhook(v *view) error {
	return v.show("edit", "webhooks", "New webhook", emptyForm(v))
}

func editWebhook(v *view) error {
	w, err := v.hook()
	if err != nil {
		return err
	}
	f := emptyForm(v)
	f.ID, f.Name, f.URL = w.ID.String(), w.DisplayName, w.EndpointURL
	f.Retries, f.Timeout = strconv.Itoa(w.RetryCount), strconv.Itoa(w.TimeoutSeconds)
	f.Message, f.Templates = slices.Contains(w.EventTypes, event.ParentMessage), slices.Contains(w.EventTypes, event.ParentTemplates)
	for parent, suffixes := range w.EventFilters {
		for _, s := range suffixes {
			f.Filters[parent+"."+s] = true
		}
	}
	return v.show("edit", "webhooks", "Edit "+w.DisplayName, f)
}

// posted reads the form. What it says of a field that is no number stays in it.
func posted(v *view) (hookForm, webhook.Config) {
	f := emptyForm(v)
	get := v.r.PostFormValue
	f.Name, f.URL, f.Retries, f.Timeout = get("name"), strings.TrimSpace(get("url")), get("retries"), get("timeout")
	f.Message, f.Templates = get("message") != "", get("templates") != ""
	f.Problems = map[string]string{}
	cfg := webhook.Config{DisplayName: f.Name, EndpointURL: f.URL, EventTypes: []string{}}
	for parent, on := range map[string]bool{event.ParentMessage: f.Message, event.ParentTemplates: f.Templates} {
		if on {
			cfg.EventTypes = append(cfg.EventTypes, parent)
		}
	}
	slices.Sort(cfg.EventTypes)
	for _, name := range v.r.PostForm["filter"] {
		f.Filters[name] = true
		parent, suffix, _ := strings.Cut(name, ".")
		if cfg.EventFilters == nil {
			cfg.EventFilters = map[string][]string{}
		}
		cfg.EventFilters[parent] = append(cfg.EventFilters[parent], suffix)
	}
	number := func(field, text string) *int {
		n, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil {
			f.Problems[field] = "must be a whole number"
			return nil
		}
		return &n
	}
	cfg.RetryCount, cfg.TimeoutSeconds = number("retry_count", f.Retries), number("timeout_seconds", f.Timeout)
	if v.cfg.AllowTarget != nil && !v.cfg.AllowTarget(f.URL) {
		f.Problems["endpoint_url"] = "is not a target that this server allows"
	}
	return f, cfg
}

// wrong shows the form again, with what is wrong beside each field.
func (v *view) wrong(f hookForm, title string, err error) error {
	var joined interface{ Unwrap() []error }
	all := []error{err}
	if errors.As(err, &joined) {
		all = joined.Unwrap()
	}
	for _, e := range all {
		var field *webhook.FieldError
		switch {
		case e == nil:
		case errors.As(e, &field):
			f.Problems[field.Field] = field.Problem
		default:
			f.OtherProblem = e.Error()
		}
	}
	v.status = http.StatusUnprocessableEntity
	return v.show("edit", "webhooks", title, f)
}

func createWebhook(v *view) error {
	f, cfg := posted(v)
	if len(f.Problems) > 0 {
		return v.wrong(f, "New webhook", nil)
	}
	w, err := v.Sim.RegisterWebhook(cfg)
	if err != nil {
		return v.wrong(f, "New webhook", err)
	}
	return v.goTo("/webhooks/"+w.ID.String(), flash{
		Tone: "passed", Text: "The webhook is registered. This is its signing secret:", Secret: w.SigningSecret.Reveal(),
	})
}

func updateWebhook(v *view) error {
	w, err := v.hook()
	if err != nil {
		return err
	}
	f, cfg := posted(v)
	f.ID = w.ID.String()
	if len(f.Problems) > 0 {
		return v.wrong(f, "Edit "+w.DisplayName, nil)
	}
	if _, err := v.Sim.UpdateWebhook(w.ID, cfg); err != nil {
		if errors.Is(err, simulator.ErrNoWebhook) {
			return err
		}
		return v.wrong(f, "Edit "+w.DisplayName, err)
	}
	return v.goTo("/webhooks/"+w.ID.String(), flash{Tone: "passed", Text: "Saved."})
}

func setActive(active bool) func(*view) error {
	return func(v *view) error {
		w, err := v.hook()
		if err != nil {
			return err
		}
		if err := v.Sim.SetActive(w.ID, active); err != nil {
			return err
		}
		m := flash{Tone: "passed", Text: w.DisplayName + " is enabled: the next event goes to it. Nothing that was missed is sent again."}
		if !active {
			m = flash{Tone: "warned", Text: w.DisplayName + " is disabled: it gets nothing, and what waited for it has failed."}
		}
		return v.goTo(v.back("/webhooks/"+w.ID.String()), m)
	}
}

func rotateSecret(v *view) error {
	w, err := v.hook()
	if err != nil {
		return err
	}
	secret, err := v.Sim.RotateSecret(w.ID)
	if err != nil {
		return err
	}
	return v.goTo("/webhooks/"+w.ID.String(), flash{
		Tone: "passed", Text: "From now on everything is signed with this secret, waiting retries too; the old one is dead:", Secret: secret.Reveal(),
	})
}

func testWebhook(v *view) error {
	w, err := v.hook()
	if err != nil {
		return err
	}
	kind, err := event.Lookup(v.r.PostFormValue("event"))
	if err != nil {
		return v.goTo("/webhooks/"+w.ID.String(), flash{Tone: "failed", Text: "Nothing was sent: " + err.Error()})
	}
	return v.sendTest(w, kind)
}

func deleteWebhook(v *view) error {
	w, err := v.hook()
	if err != nil {
		return err
	}
	if err := v.Sim.DeleteWebhook(w.ID); err != nil {
		return err
	}
	return v.goTo("/", flash{Tone: "warned", Text: w.DisplayName + " is deleted, and its deliveries with it."})
}
