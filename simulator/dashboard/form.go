package dashboard

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/webhook"
)

// hookForm is what stands in the form of a webhook.
type hookForm struct {
	ID           string // "": a new one
	Name, URL    string
	Families     []family
	Parents      map[string]bool // "message": it subscribes to the family
	Filters      map[string]bool // "message.read"
	Retries      string
	Timeout      string
	Problems     map[string]string
	MinRetries   int
	MaxRetries   int
	MinTimeout   int
	MaxTimeout   int
	OtherProblem string
}

func emptyForm(v *view) hookForm {
	k := v.Sim.Knobs()
	f := hookForm{
		Families: v.Families(), Parents: map[string]bool{}, Filters: map[string]bool{}, Retries: strconv.Itoa(k.RetryCount), Timeout: strconv.Itoa(k.TimeoutSeconds),
		MinRetries: webhook.MinRetryCount, MaxRetries: webhook.MaxRetryCount, MinTimeout: webhook.MinTimeoutSeconds, MaxTimeout: webhook.MaxTimeoutSeconds,
	}
	for _, of := range f.Families {
		f.Parents[of.Name] = true
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
	for _, of := range f.Families {
		f.Parents[of.Name] = slices.Contains(w.EventTypes, of.Name)
	}
	for parent, suffixes := range w.EventFilters {
		for _, s := range suffixes {
			f.Filters[parent+"."+s] = true
		}
	}
	v.concerns(w)
	return v.show("edit", "webhooks", "Edit "+w.DisplayName, f)
}

// posted reads the form. What it says of a field that is no number stays in it.
func posted(v *view) (hookForm, webhook.Config) {
	f := emptyForm(v)
	get := v.r.PostFormValue
	f.Name, f.URL, f.Retries, f.Timeout = get("name"), strings.TrimSpace(get("url")), get("retries"), get("timeout")
	f.Problems = map[string]string{}
	cfg := webhook.Config{DisplayName: f.Name, EndpointURL: f.URL, EventTypes: []string{}}
	for _, of := range f.Families {
		if f.Parents[of.Name] = get(of.Name) != ""; f.Parents[of.Name] {
			cfg.EventTypes = append(cfg.EventTypes, of.Name)
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
		Tone: tonePassed, Text: "The webhook is registered. This is its signing secret, for the receiver:", Secret: w.SigningSecret.Reveal(),
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
	return v.goTo("/webhooks/"+w.ID.String(), flash{Tone: tonePassed, Text: "Saved."})
}
