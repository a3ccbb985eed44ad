package webhook

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/signing"
)

// The limits of a webhook's settings, and what holds when one is left out.
const (
	MinRetryCount         = 1
	MaxRetryCount         = 5
	DefaultRetryCount     = 3
	MinTimeoutSeconds     = 5
	MaxTimeoutSeconds     = 120
	DefaultTimeoutSeconds = 30
)

// Config is what a user says about a webhook.
type Config struct {
	DisplayName string
	EndpointURL string // http or https
	// EventTypes are the families to subscribe to (message, also messages, templates,
	// contact …), or the names of single events ("message.queued"). nil means all.
	EventTypes []string
	// EventFilters narrows a parent down to sub-type suffixes:
	// {"message": {"delivered", "failed"}}. A parent that is missing, or has nil, is not narrowed.
	EventFilters   map[string][]string
	RetryCount     *int // retries after the first attempt; nil: DefaultRetryCount
	TimeoutSeconds *int // nil: DefaultTimeoutSeconds
}

// FieldError is what is wrong with one field of a Config.
type FieldError struct {
	Field   string // as in Sent's API: "endpoint_url"
	Problem string // what is wrong and what to write instead
	Flaw    Flaw   // of which sort it is: Sent's API has a code for each
}

// Flaw is a sort of problem with a field.
type Flaw string

// The flaws.
const (
	Malformed  Flaw = "malformed"
	Missing    Flaw = "missing"
	OutOfRange Flaw = "out of range"
	NotOneOf   Flaw = "none of the accepted values"
)

func (e *FieldError) Error() string { return e.Field + ": " + e.Problem }

// New is an active webhook as cfg says. The error joins a *FieldError for each
// problem, in the order of Config's fields.
func New(id uuid.UUID, secret signing.Secret, cfg Config, now time.Time) (Webhook, error) {
	var v validation
	cfg = cfg.expanded()
	w := Webhook{
		ID:             id,
		DisplayName:    v.displayName(cfg.DisplayName),
		EndpointURL:    v.endpointURL(cfg.EndpointURL),
		EventTypes:     v.eventTypes(cfg.EventTypes),
		EventFilters:   v.eventFilters(cfg.EventFilters),
		SigningSecret:  secret,
		RetryCount:     v.within("retry_count", cfg.RetryCount, MinRetryCount, MaxRetryCount, DefaultRetryCount),
		TimeoutSeconds: v.within("timeout_seconds", cfg.TimeoutSeconds, MinTimeoutSeconds, MaxTimeoutSeconds, DefaultTimeoutSeconds),
		IsActive:       true,
		CreatedAt:      now,
		UpdatedAt:      now,
	}
	if secret.IsZero() {
		v.problem(Missing, "signing_secret", "there is none: generate one")
	}
	if err := errors.Join(v.problems...); err != nil {
		return Webhook{}, err
	}
	return w, nil
}

// Config are the webhook's settings, to be changed and given to Update.
func (w *Webhook) Config() Config {
	c := w.Clone()
	return Config{
		DisplayName: c.DisplayName, EndpointURL: c.EndpointURL, EventTypes: c.EventTypes, EventFilters: c.EventFilters,
		RetryCount: &c.RetryCount, TimeoutSeconds: &c.TimeoutSeconds,
	}
}

// Update gives the webhook other settings; its id, secret and health stay. The
// error is New's, and then nothing has changed.
func (w *Webhook) Update(cfg Config, now time.Time) error {
	next, err := New(w.ID, w.SigningSecret, cfg, now)
	if err != nil {
		return err
	}
	next.CreatedAt, next.IsActive, next.ConsecutiveFailures = w.CreatedAt, w.IsActive, w.ConsecutiveFailures
	next.LastDeliveryAttemptAt, next.LastSuccessfulDeliveryAt = w.LastDeliveryAttemptAt, w.LastSuccessfulDeliveryAt
	*w = next
	return nil
}

// validation collects the problems of a Config while it is read.
type validation struct{ problems []error }

func (v *validation) problem(flaw Flaw, field, format string, args ...any) {
	v.problems = append(v.problems, &FieldError{Field: field, Problem: fmt.Sprintf(format, args...), Flaw: flaw})
}

func (v *validation) displayName(name string) string {
	if strings.TrimSpace(name) == "" {
		v.problem(Missing, "display_name", "is required")
	}
	return name
}

func (v *validation) endpointURL(text string) string {
	const field = "endpoint_url"
	u, err := url.Parse(text)
	switch {
	case text == "":
		v.problem(Missing, field, "is required")
	case err != nil:
		// The parser's own error repeats the text, and with it a password.
		v.problem(Malformed, field, "is not a URL: write it like https://example.com/webhooks/sent")
	case strings.ContainsFunc(text, unicode.IsSpace):
		v.problem(Malformed, field, "must not contain a space: write %%20")
	case u.Scheme != "http" && u.Scheme != "https":
		v.problem(Malformed, field, "must begin with http:// or https://")
	case u.Hostname() == "":
		v.problem(Malformed, field, "names no host: write it like https://example.com/webhooks/sent")
	case !goodPort(u):
		v.problem(Malformed, field, "has a port that there is not: use 1 to 65535, or leave it out")
	case u.User != nil:
		v.problem(Malformed, field, "must not contain a user name or password: deliveries carry a signature instead")
	case strings.ContainsFunc(u.Host, func(r rune) bool { return r > '~' }):
		v.problem(Malformed, field, "write the host name in its ASCII form (xn--…)")
	}
	return text
}

// goodPort reports whether a URL has no port, or one that there is.
func goodPort(u *url.URL) bool {
	if u.Port() == "" {
		return !strings.HasSuffix(u.Host, ":")
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	return err == nil && port > 0
}

// parent is the family that a user means; ok is false when there is none.
func parent(name string) (p string, ok bool) {
	if name == "messages" {
		return event.ParentMessage, true
	}
	return name, slices.Contains(event.AllFamilies(), name)
}

// expanded is cfg with flat names taken apart: an event_types of "message.queued"
// is the family, narrowed to that sub-type unless the family stands there too.
// In a filter a name may have its family in front.
func (c Config) expanded() Config {
	whole := map[string]bool{}
	for _, name := range c.EventTypes {
		if p, ok := parent(name); ok {
			whole[p] = true
		}
	}
	filters := map[string][]string{}
	for name, suffixes := range c.EventFilters {
		if suffixes != nil {
			filters[name] = []string{}
		}
		for _, suffix := range suffixes {
			if family, sub, flat := flatName(suffix); flat && family == name {
				suffix = sub
			}
			filters[name] = append(filters[name], suffix)
		}
	}
	var types []string
	for _, name := range c.EventTypes {
		family, sub, flat := flatName(name)
		if !flat {
			types = append(types, name)
			continue
		}
		types = append(types, family)
		if !whole[family] {
			filters[family] = append(filters[family], sub)
		}
	}
	if c.EventTypes != nil {
		c.EventTypes = append([]string{}, types...)
	}
	c.EventFilters = filters
	return c
}

// flatName takes "message.queued" apart.
func flatName(name string) (family, sub string, ok bool) {
	family, sub, ok = strings.Cut(name, ".")
	if !ok {
		return "", "", false
	}
	family, ok = parent(family)
	return family, sub, ok
}

func (v *validation) eventTypes(names []string) []string {
	if names == nil {
		return event.AllFamilies()
	}
	if len(names) == 0 {
		v.problem(Malformed, "event_types", "is empty: name %s, or leave it out for all", strings.Join(event.AllFamilies(), ", "))
	}
	parents := make([]string, 0, len(names))
	for _, name := range names {
		p, ok := parent(name)
		if !ok {
			v.problem(NotOneOf, "event_types", "there is no %q: use %s, or the name of an event", name, strings.Join(event.AllFamilies(), ", "))
			continue
		}
		if !slices.Contains(parents, p) {
			parents = append(parents, p)
		}
	}
	return parents
}

func (v *validation) eventFilters(filters map[string][]string) map[string][]string {
	const field = "event_filters"
	known := make(map[string][]string, len(filters))
	for _, name := range slices.Sorted(maps.Keys(filters)) {
		suffixes := filters[name]
		p, ok := parent(name)
		switch {
		case !ok:
			v.problem(NotOneOf, field, "there is no %q: use %s", name, strings.Join(event.AllFamilies(), ", "))
			continue
		case suffixes == nil:
			continue
		case len(suffixes) == 0:
			v.problem(Malformed, field, "%s has an empty list, which would match nothing: leave it out to match all", name)
		}
		for _, s := range suffixes {
			if problem := suffixProblem(p, s); problem != "" {
				v.problem(NotOneOf, field, "%s", problem)
			} else if !slices.Contains(known[p], s) {
				known[p] = append(known[p], s)
			}
		}
	}
	return known
}

func suffixProblem(parent, suffix string) string {
	switch {
	case suffix == "" || suffix != strings.ToLower(suffix):
		return fmt.Sprintf("%q is no sub-type suffix: they are written in lower case, like \"delivered\"", suffix)
	case parent == event.ParentTemplates || parent == event.ParentChannel:
		return "" // open sets: what Meta, registries and carriers say is forwarded as it comes
	}
	if _, err := event.Lookup(parent + "." + suffix); err != nil {
		return err.Error()
	}
	return ""
}

func (v *validation) within(field string, n *int, lo, hi, otherwise int) int {
	if n == nil {
		return otherwise
	}
	if *n < lo || *n > hi {
		v.problem(OutOfRange, field, "%d is out of range: use %d to %d", *n, lo, hi)
	}
	return *n
}
