package simulator

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/webhook"
)

// Knob describes one knob, as a user sets it: with --knob NAME=VALUE or in the
// knobs section of the configuration file.
type Knob struct {
	Name    string
	Default string
	Values  string // what is accepted
	Doc     string // what it does, in a line
}

// KnobTable is every knob, in the order of Knobs' fields.
func KnobTable() []Knob {
	defaults := DefaultKnobs()
	entries := knobEntries()
	table := make([]Knob, len(entries))
	for i, e := range entries {
		table[i] = Knob{Name: e.name, Default: e.kind.get(&defaults), Values: e.kind.values, Doc: e.doc}
	}
	return table
}

// Set sets the knob of that name. The error of an unknown name offers the
// nearest one, that of a bad value the accepted ones.
func (k *Knobs) Set(name, value string) error {
	entries := knobEntries()
	i := slices.IndexFunc(entries, func(e knobEntry) bool { return e.name == name })
	if i < 0 {
		return fmt.Errorf("unknown knob %q: did you mean %q?", name, nearestKnob(name, entries))
	}
	next := *k
	if !entries[i].kind.set(&next, value) {
		return fmt.Errorf("knob %s: %q is not accepted: use %s", name, value, entries[i].kind.values)
	}
	*k = next
	return nil
}

// Get is the value of the knob of that name, as Set takes it; "" when there is no such knob.
func (k Knobs) Get(name string) string {
	for _, e := range knobEntries() {
		if e.name == name {
			return e.kind.get(&k)
		}
	}
	return ""
}

type knobEntry struct {
	name string
	kind knobKind
	doc  string
}

func knobEntries() []knobEntry {
	return []knobEntry{
		{knobEdition, editionKind(), "which Sent: the values of the knobs up to families"},
		{"envelope", oneOf(func(k *Knobs) *event.Envelope { return &k.Envelope }, event.Envelopes()), "dialect of the JSON around the payload"},
		{"inbound_shape", oneOf(func(k *Knobs) *event.InboundShape { return &k.InboundShape }, event.InboundShapes()), "which fields an inbound payload has"},
		{"outbound_shape", oneOf(func(k *Knobs) *event.OutboundShape { return &k.OutboundShape }, event.OutboundShapes()), "which fields the payload of an outbound message has"},
		{"event_id_header", boolean(func(k *Knobs) *bool { return &k.EventIDHeader }), "send the header X-Webhook-Event-ID"},
		{"families", familiesKind(), "the families of events that there are"},
		{"numbers", oneOf(func(k *Knobs) *event.Numbers { return &k.Numbers }, event.NumberForms()), "how phone numbers are written"},
		{"keywords", keywordsKind(), "the account's own keywords: an inbound text that is one makes a contact.custom_keyword event"},
		{"event_type_header", boolean(func(k *Knobs) *bool { return &k.EventTypeHeader }), "send the header X-Webhook-Event-Type"},
		{"order", oneOf(func(k *Knobs) *delivery.Order { return &k.Order }, []delivery.Order{delivery.Concurrent, delivery.Strict}), "deliveries of one webhook: several at a time, or one after another"},
		{"concurrency", whole(func(k *Knobs) *int { return &k.Concurrency }, 1, 10_000), "attempts in flight per webhook, with order concurrent"},
		{"extended", boolean(func(k *Knobs) *bool { return &k.Extended }), "the extended set: scheduled, cancelled, filtered, blocked, reroutes"},
		{"retry_count", whole(func(k *Knobs) *int { return &k.RetryCount }, webhook.MinRetryCount, webhook.MaxRetryCount), "retry_count of webhooks that do not say"},
		{"timeout_seconds", whole(func(k *Knobs) *int { return &k.TimeoutSeconds }, webhook.MinTimeoutSeconds, webhook.MaxTimeoutSeconds), "timeout_seconds of webhooks that do not say"},
		{"retry_count_counts", oneOf(func(k *Knobs) *delivery.RetryCountCounts { return &k.RetryCountCounts }, []delivery.RetryCountCounts{delivery.CountsRetries, delivery.CountsAttempts}), "retry_count is the retries after the first attempt, or all attempts"},
		{"disable_counts", oneOf(func(k *Knobs) *webhook.Counts { return &k.DisableCounts }, []webhook.Counts{webhook.CountsEvents, webhook.CountsAttempts}), "failures in a row that disable a webhook: failed events, or failed attempts"},
		{"disable_threshold", whole(func(k *Knobs) *int { return &k.DisableThreshold }, 1, 1_000_000), "how many of them disable it"},
		{"backoff_base", duration(func(k *Knobs) *time.Duration { return &k.BackoffBase }), "wait before the first retry"},
		{"backoff_factor", number(func(k *Knobs) *float64 { return &k.BackoffFactor }, 1, 1000), "each further wait is so many times as long"},
		{"backoff_cap", duration(func(k *Knobs) *time.Duration { return &k.BackoffCap }), "longest wait"},
		{"backoff_jitter", number(func(k *Knobs) *float64 { return &k.BackoffJitter }, 0, 1), "up to which share a wait is shortened, drawn from the seed"},
	}
}

// knobEdition is the knob that sets several others.
const knobEdition = "edition"

// EditionKnobs are the names of the knobs that an edition decides.
func EditionKnobs() []string {
	return []string{"envelope", "inbound_shape", "outbound_shape", "event_id_header", "families"}
}

// knobKind is how one sort of knob is read and written.
type knobKind struct {
	values string
	get    func(k *Knobs) string
	set    func(k *Knobs, value string) (accepted bool)
}

func oneOf[T ~string](field func(*Knobs) *T, accepted []T) knobKind {
	names := make([]string, len(accepted))
	for i, a := range accepted {
		names[i] = string(a)
	}
	last := len(names) - 1
	return knobKind{
		values: strings.Join(names[:last], ", ") + " or " + names[last],
		get:    func(k *Knobs) string { return string(*field(k)) },
		set: func(k *Knobs, value string) bool {
			*field(k) = T(value)
			return slices.Contains(accepted, T(value))
		},
	}
}

func editionKind() knobKind {
	names := event.EditionNames()
	last := len(names) - 1
	return knobKind{
		values: strings.Join(names[:last], ", ") + " or " + names[last],
		get:    func(k *Knobs) string { return k.Edition },
		set: func(k *Knobs, value string) bool {
			e, err := event.LookupEdition(value)
			*k = k.In(e)
			return err == nil
		},
	}
}

func familiesKind() knobKind {
	return knobKind{
		values: "some of " + strings.Join(event.AllFamilies(), ",") + ", with commas between",
		get:    func(k *Knobs) string { return string(k.Families) },
		set: func(k *Knobs, value string) (ok bool) {
			f, err := event.ParseFamilies(value)
			k.Families = f
			return err == nil
		},
	}
}

func keywordsKind() knobKind {
	return knobKind{
		values: "words with commas between, or nothing",
		get:    func(k *Knobs) string { return k.Keywords },
		set: func(k *Knobs, value string) bool {
			k.Keywords = value
			return !strings.ContainsFunc(value, unicode.IsControl)
		},
	}
}

func boolean(field func(*Knobs) *bool) knobKind {
	return knobKind{
		values: "true or false",
		get:    func(k *Knobs) string { return strconv.FormatBool(*field(k)) },
		set: func(k *Knobs, value string) bool {
			*field(k) = value == "true"
			return value == "true" || value == "false"
		},
	}
}

func whole(field func(*Knobs) *int, lo, hi int) knobKind {
	return knobKind{
		values: fmt.Sprintf("a whole number from %d to %d", lo, hi),
		get:    func(k *Knobs) string { return strconv.Itoa(*field(k)) },
		set: func(k *Knobs, value string) bool {
			n, err := strconv.Atoi(value)
			*field(k) = n
			return err == nil && n >= lo && n <= hi
		},
	}
}

func number(field func(*Knobs) *float64, lo, hi float64) knobKind {
	return knobKind{
		values: fmt.Sprintf("a number from %v to %v", lo, hi),
		get:    func(k *Knobs) string { return strconv.FormatFloat(*field(k), 'g', -1, 64) },
		set: func(k *Knobs, value string) bool {
			f, err := strconv.ParseFloat(value, 64)
			*field(k) = f
			return err == nil && !math.IsNaN(f) && f >= lo && f <= hi
		},
	}
}

func duration(field func(*Knobs) *time.Duration) knobKind {
	return knobKind{
		values: `a duration above zero, such as "90s" or "1h"`,
		get:    func(k *Knobs) string { return shortDuration(*field(k)) },
		set: func(k *Knobs, value string) bool {
			d, err := time.ParseDuration(value)
			*field(k) = d
			return err == nil && d > 0
		},
	}
}

// shortDuration is d without its zero units at the end: 1h, not 1h0m0s.
func shortDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// nearestKnob is the knob that shares most pairs of neighbouring letters with name.
func nearestKnob(name string, entries []knobEntry) string {
	name = strings.ReplaceAll(strings.ToLower(name), "-", "_")
	best, score := entries[0].name, -1.0
	for _, e := range entries {
		if s := alike(name, e.name); s > score {
			best, score = e.name, s
		}
	}
	return best
}

// alike is the share of letter pairs that a and b have in common (Dice's coefficient).
func alike(a, b string) float64 {
	pairs := map[string]int{}
	for i := range max(len(a)-1, 0) {
		pairs[a[i:i+2]]++
	}
	common := 0
	for i := range max(len(b)-1, 0) {
		if p := b[i : i+2]; pairs[p] > 0 {
			pairs[p]--
			common++
		}
	}
	return 2 * float64(common) / float64(len(a)+len(b)+1)
}
