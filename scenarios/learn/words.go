package learn

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sentsim/sentsim/scenarios/driver"
	"github.com/sentsim/sentsim/scenarios/probe"
	"github.com/sentsim/sentsim/simulator/event"
)

// readings are what the state showed of messages that ended in a status, by
// channel.
type readings map[event.Channel]map[event.Status]probe.State

// vocabulary is what readings come to.
type vocabulary struct {
	words    Words
	channels []event.Channel // that show
	constant string          // the one word for every status; "" where there are several
	untold   []event.Status  // whose readings differ
}

// ofOne reports whether one status only was tried on a channel, and shows there as on
// another.
func (r readings) ofOne(ch event.Channel) bool {
	if len(r[ch]) != 1 {
		return false
	}
	for st, here := range r[ch] {
		for other, there := range r {
			if s, ok := there[st]; ok && other != ch && here.HasStatus && s.HasStatus && bare(s.Status) == bare(here.Status) {
				return true
			}
		}
	}
	return false
}

// vocabularyOf makes words of readings. It is pure: the same readings, the same words.
func vocabularyOf(all readings) vocabulary {
	v := vocabulary{words: Words{}}
	most := 0
	for _, ch := range event.Channels() {
		most = max(most, len(distinct(all[ch])))
	}
	for _, ch := range event.Channels() {
		// A channel on which a row appears and never changes, while others change, is
		// not handled either.
		if n := len(distinct(all[ch])); n > 1 || n == 1 && (most == 1 || all.ofOne(ch)) {
			v.channels = append(v.channels, ch)
		}
	}
	if len(v.channels) == 0 {
		return v
	}
	if most == 1 {
		words := map[string]string{}
		count := 0
		for _, ch := range v.channels {
			for _, st := range all[ch] {
				if st.HasStatus {
					words[bare(st.Status)] = st.Status
					count++
				}
			}
		}
		if len(words) == 1 && count > 3 {
			for _, word := range words {
				v.constant = word
			}
			return v
		}
	}
	for _, st := range driver.Statuses() {
		text, told, taken := v.wordOf(all, st)
		switch {
		case !taken: // no such message was taken
		case !told:
			v.untold = append(v.untold, st)
		default:
			v.words[st] = Word{Text: text, Kept: text != ""}
		}
	}
	v.drop()
	return v
}

// wordOf is the one word that all channels show for a status. Where they differ,
// Sent's own word is assumed if one shows it.
func (v vocabulary) wordOf(all readings, st event.Status) (text string, told, taken bool) {
	seen := map[string]string{}
	for _, ch := range v.channels {
		if s, ok := all[ch][st]; ok {
			taken = true
			if s.HasStatus {
				seen[bare(s.Status)] = s.Status
			} else {
				seen[""] = ""
			}
		}
	}
	if own, ok := seen[bare(string(st))]; ok {
		return own, true, taken
	}
	if len(seen) == 1 {
		for _, word := range seen {
			return word, true, taken
		}
	}
	return "", false, taken
}

// drop finds the statuses that are not kept: their message shows the word of an
// earlier status, which is kept.
func (v vocabulary) drop() {
	for _, st := range driver.Statuses() {
		w, ok := v.words[st]
		if !ok || !w.Kept || bare(w.Text) == bare(string(st)) {
			continue
		}
		for _, before := range driver.Statuses() {
			earlier, ok := v.words[before]
			if ok && earlier.Kept && driver.Before(before, st) && bare(earlier.Text) == bare(w.Text) && bare(w.Text) == bare(string(before)) {
				v.words[st] = Word{Text: w.Text}
			}
		}
		if st == event.Read || st == event.Failed { // the end of a way: it shows what came before it
			for _, before := range []event.Status{event.Delivered, event.Sent} {
				earlier, ok := v.words[before]
				if ok && driver.Before(before, st) && bare(earlier.Text) == bare(w.Text) {
					v.words[st] = Word{Text: w.Text}
				}
			}
		}
	}
}

func distinct(of map[event.Status]probe.State) map[string]bool {
	words := map[string]bool{}
	for _, s := range of {
		if s.HasStatus {
			words[bare(s.Status)] = true
		} else if s.Known {
			words["\x00"] = true // known, without a status
		}
	}
	return words
}

// merged are the statuses that share a word of the receiver's own, by that word.
func (v vocabulary) merged() map[string][]event.Status {
	groups := map[string][]event.Status{}
	for _, st := range driver.Statuses() {
		if w, ok := v.words[st]; ok && w.Kept {
			groups[bare(w.Text)] = append(groups[bare(w.Text)], st)
		}
	}
	maps.DeleteFunc(groups, func(_ string, all []event.Status) bool { return len(all) < 2 })
	return groups
}

// Confirmed is what the configuration says of the receiver's words and channels.
type Confirmed struct {
	Statuses probe.Statuses // its own words
	Channels []event.Channel
}

// Traits are those of a receiver of which nothing was learned, and that is taken to
// be as the configuration says.
func (c Confirmed) Traits() Traits {
	t := Traits{Channels: c.Channels, InboundChannels: c.Channels, Words: Words{}}
	for st, word := range c.Statuses {
		t.Words[st] = Word{Text: word, Kept: word != ""}
	}
	return t
}

// onTheWay reports whether of every two statuses one comes before the other.
func onTheWay(all []event.Status) bool {
	for i, a := range all {
		for _, b := range all[i+1:] {
			if !driver.Before(a, b) && !driver.Before(b, a) {
				return false
			}
		}
	}
	return true
}

// deviations hold the words against what is confirmed: each problem as a
// sentence, and what would confirm all that can be confirmed, as it stands in the
// configuration.
func (v vocabulary) deviations(c Confirmed) (problems []string, confirm string, forbidden bool) {
	says := probe.Statuses{}
	word := func(st event.Status) string {
		if w := v.words[st]; w.Kept {
			return w.Text
		}
		return ""
	}
	confirmed := func(st event.Status) bool {
		w := v.words[st]
		return c.Statuses.Confirms(st) && (!c.Statuses.Kept(st) && !w.Kept || w.Text != "" && bare(c.Statuses.Word(st)) == bare(w.Text))
	}
	for _, st := range driver.Statuses() {
		w, ok := v.words[st]
		if !ok {
			continue
		}
		if c.Statuses.Confirms(st) && !confirmed(st) {
			problems = append(problems, fmt.Sprintf("the configuration says that %s is %s, and it is %s", st, kept(c.Statuses.Word(st)), kept(word(st))))
			says[st] = word(st)
			continue
		}
		if !w.Kept && !confirmed(st) {
			shown := "nothing shows"
			if w.Text != "" {
				shown = fmt.Sprintf("the message stays %q", w.Text)
			}
			problems = append(problems, fmt.Sprintf("%s is not kept: %s", st, shown))
			says[st] = ""
		}
	}
	for _, shared := range slices.Sorted(maps.Keys(v.merged())) {
		all := v.merged()[shared]
		if !onTheWay(all) {
			problems = append(problems, fmt.Sprintf("%s are kept under one word, %q: whether a message arrived can no longer be told", list(all), v.words[all[0]].Text))
			forbidden = true
			continue
		}
		open := slices.DeleteFunc(slices.Clone(all), confirmed)
		if len(open) > 1 || len(open) == 1 && len(all) == 1 {
			problems = append(problems, fmt.Sprintf("%s are kept under one word, %q", list(all), v.words[all[0]].Text))
			for _, st := range all {
				says[st] = v.words[st].Text
			}
		}
	}
	if len(says) == 0 {
		return problems, "", forbidden
	}
	for st := range c.Statuses { // what stands there already stays
		if !says.Confirms(st) {
			says[st] = c.Statuses.Word(st)
		}
	}
	return problems, "statuses: " + says.String(), forbidden
}

func kept(word string) string {
	if word == "" {
		return "not kept"
	}
	return fmt.Sprintf("%q", word)
}

func list[T ~string](all []T) string {
	words := make([]string, len(all))
	for i, s := range all {
		words[i] = string(s)
	}
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}
