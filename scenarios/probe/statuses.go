package probe

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/sentsim/sentsim/scenarios/nearest"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/lifecycle"
)

// Statuses are a receiver's own words for the statuses of a message. A status
// that stands there with an empty word is not kept; one that does not stand
// there has the word of the contract.
type Statuses map[event.Status]string

// NamedStatuses are the statuses of the contract, in the order of the lifecycle:
// those that a receiver may have its own word for.
func NamedStatuses() []event.Status {
	return []event.Status{
		event.Scheduled, event.Queued, event.Processed, event.Routed, event.Sent, event.Delivered, event.Read,
		event.Failed, event.Filtered, event.Blocked, "CANCELLED",
	}
}

// Word is the word for s, "" where s is not kept.
func (t Statuses) Word(s event.Status) string {
	if word, ok := t[s]; ok {
		return word
	}
	return string(s)
}

// Kept reports whether s is kept.
func (t Statuses) Kept(s event.Status) bool { return t.Word(s) != "" }

// Confirms reports whether s stands there.
func (t Statuses) Confirms(s event.Status) bool {
	_, ok := t[s]
	return ok
}

// OneWordForBoth finds an end of a message that brought it to its recipient and
// one that did not under one word: a receiver that keeps both as "done" breaks
// ORD-1, whatever the config says.
func (t Statuses) OneWordForBoth() (arrived, failed event.Status, found bool) {
	for _, arrived := range arrivals() {
		if t.Kept(arrived) && t.Kept(event.Failed) && SameWord(t.Word(arrived), t.Word(event.Failed)) {
			return arrived, event.Failed, true
		}
	}
	return "", "", false
}

func arrivals() []event.Status { return []event.Status{event.Delivered, event.Read} }

// String is t as it stands in a config file: {QUEUED: accepted, READ: null}.
func (t Statuses) String() string {
	var all []string
	for _, s := range NamedStatuses() {
		word, ok := t[s]
		switch {
		case !ok:
		case word == "":
			all = append(all, string(s)+": null")
		default:
			all = append(all, string(s)+": "+yamlWord(word))
		}
	}
	return "{" + strings.Join(all, ", ") + "}"
}

// yamlWord is a word as YAML reads it back as text or as the same number.
func yamlWord(word string) string {
	plain := word != "" && !strings.ContainsFunc(word, func(r rune) bool {
		return r != '_' && r != '-' && r != ' ' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
	first := strings.ToLower(word[:min(1, len(word))])
	if plain && first >= "a" && first <= "z" && word == strings.TrimSpace(word) &&
		!slices.Contains([]string{"null", "true", "false", "yes", "no", "on", "off", "y", "n"}, strings.ToLower(word)) {
		return word
	}
	if n, err := strconv.Atoi(word); err == nil && strconv.Itoa(n) == word {
		return word
	}
	return strconv.Quote(word)
}

// SameWord reports whether two statuses are the same: in any case, with or
// without what stands in front of a dot ("message.delivered",
// "Status.DELIVERED"), and as numbers however they are written (3, 3.0).
func SameWord(a, b string) bool { return bareWord(a) == bareWord(b) }

func bareWord(text string) string {
	text = strings.TrimSpace(text)
	if n, err := strconv.ParseFloat(text, 64); err == nil {
		return strconv.FormatFloat(n, 'g', -1, 64)
	}
	if i := strings.LastIndexByte(text, '.'); i > 0 && i < len(text)-1 && !strings.ContainsAny(text, " \t") {
		text = text[i+1:]
	}
	return strings.ToLower(text)
}

// parseStatuses checks what a config confirms; the errors name their keys as
// they are written there.
func parseStatuses(words map[string]string) (Statuses, []error) {
	if words == nil {
		return nil, nil
	}
	var problems []error
	problem := func(key, format string, args ...any) {
		problems = append(problems, fmt.Errorf("probe.message.statuses.%s: %w", key, fmt.Errorf(format, args...)))
	}
	t, keys := Statuses{}, map[event.Status]string{}
	for _, key := range slices.Sorted(maps.Keys(words)) {
		s, err := parseStatus(key)
		switch other, twice := keys[s]; {
		case err != nil:
			problem(key, "%w", err)
		case twice:
			problem(key, "%s is there already, as %s", s, other)
		case !utf8.ValidString(words[key]):
			problem(key, "%q is no text in UTF-8", words[key])
		case words[key] != "" && bareWord(words[key]) == "":
			problem(key, "%q is no word; write null for a status that is not kept", words[key])
		default:
			t[s], keys[s] = words[key], key
		}
	}
	if len(problems) > 0 {
		return nil, problems
	}
	for i, a := range NamedStatuses() {
		for _, b := range NamedStatuses()[i+1:] {
			if !t.Kept(a) || !t.Kept(b) || !SameWord(t.Word(a), t.Word(b)) || onTheWay(a, b) || endsApart(a, b) {
				continue
			}
			key := keys[b]
			if key == "" {
				key = keys[a]
			}
			problem(key, "%s and %s have one word (%s), and neither is on the way to the other: a receiver that cannot tell them apart is not judged by it",
				a, b, t.Word(b))
		}
	}
	if !slices.ContainsFunc(append(arrivals(), event.Queued, event.Routed, event.Sent, event.Failed), t.Kept) {
		problem(keys[event.Delivered], "no status is kept, so there is nothing to read")
	}
	return t, problems
}

func parseStatus(key string) (event.Status, error) {
	var known []string
	for _, s := range NamedStatuses() {
		if SameWord(key, string(s)) {
			return s, nil
		}
		known = append(known, string(s))
	}
	if hint := nearest.Hint(key, known); hint != "" {
		return "", errors.New("is not a status of a message" + hint)
	}
	return "", errors.New("is not a status of a message: known are " + strings.Join(known, ", "))
}

// onTheWay reports whether a message comes through one of them to the other.
func onTheWay(a, b event.Status) bool { return lifecycle.Precedes(a, b) || lifecycle.Precedes(b, a) }

// endsApart reports whether a and b are what OneWordForBoth finds: that is for
// the run to judge, not for the config to refuse.
func endsApart(a, b event.Status) bool {
	return a == event.Failed && slices.Contains(arrivals(), b) || b == event.Failed && slices.Contains(arrivals(), a)
}

// parseChannels checks which channels a config confirms.
func parseChannels(names []string) ([]event.Channel, []error) {
	var channels []event.Channel
	for _, name := range names {
		ch, err := event.ParseChannel(strings.TrimSpace(name))
		switch {
		case err != nil:
			return nil, []error{fmt.Errorf("probe.message.channels: %w", err)}
		case !slices.Contains(channels, ch):
			channels = append(channels, ch)
		}
	}
	return channels, nil
}
