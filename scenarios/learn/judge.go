package learn

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/sentsim/sentsim/scenarios/probe"
	"github.com/sentsim/sentsim/simulator/contract"
	"github.com/sentsim/sentsim/simulator/event"
)

// How a message that a receiver knows only if it sent it comes to be.
const arrangeRemedy = "Say under target.arrange in the config file how a message comes to be that the receiver sent itself."

// flickering is why the state says nothing, though it can be read.
const flickering = "what the state shows comes and goes from one reading to the next, as it does where several processes keep a state each"

// judgeOutbound says what of messages shows, and what deviates.
func (l *Learner) judgeOutbound(t *Traits, first, found *round) {
	switch {
	case !l.reads(probe.KindMessage):
		t.Outbound.Why = "the state of messages cannot be read"
		return
	case l.Plain != PlainMessage && !l.Arranged:
		t.OwnOnly = Tried
		t.Outbound = Sight{Why: "the receiver takes no event of a message that it did not send, and no message that it sent is arranged", Remedy: arrangeRemedy}
		return
	case t.WebhookIDIsEventID:
		t.Outbound = Sight{Why: "the receiver takes X-Webhook-ID for the id of the event, so all events but the first are dropped as duplicates (IDEM-4)", Cause: "webhook-id-as-event-id"}
		t.Deviations = append(t.Deviations, Deviation{
			ID: "webhook-id-as-event-id", Rule: contract.IDEM4, Certainty: Tried,
			Name:   "X-Webhook-ID is taken for the id of the event",
			Reason: "events show only under another X-Webhook-ID than the events before: the receiver takes X-Webhook-ID, which is the webhook's and never changes, for the id of the event, and drops every event but the first as a duplicate",
			Fix:    "Know duplicates by X-Webhook-Event-ID, or by message_id and message_status; never by X-Webhook-ID.",
			Seen:   l.answerOf(first),
		})
		return
	case found.saysNothing("messages", isMessage, &t.Outbound):
		return
	case found.moment() != "":
		t.Outbound = Sight{
			Why:    fmt.Sprintf("what the probe reads as the status of a message is a time, another one for each message (%q): no status can be told by it", found.moment()),
			Remedy: "Let probe.message.status point to the word that a message's status is kept under, and not to the time of its delivery. A state that has only that can be read by a command that turns it into a word (exec:).",
		}
		return
	case len(found.channels) == 0:
		l.nothingShows(t, found)
		return
	}
	t.Outbound.Shows = true
	if t.Edition != EditionOf(l.Driver.Knobs) {
		t.Deviations = append(t.Deviations, editionDeviation(contract.ORD1, EditionOf(l.Driver.Knobs), t.Edition, "are acknowledged and show nothing in the receiver's state"))
	}
	if found.constant != "" {
		t.Outbound = Sight{Why: fmt.Sprintf("every message is %q in the receiver's state, whatever its status (ORD-1 says so)", found.constant), Cause: "status-never-changes"}
		t.Deviations = append(t.Deviations, Deviation{
			ID: "status-never-changes", Rule: contract.ORD1, Certainty: Tried,
			Name:   "the status of a message changes with its events",
			Reason: fmt.Sprintf("a row appears and never changes: every message is %q in the receiver's state, whether its last event was QUEUED, SENT, DELIVERED or FAILED", found.constant),
			Fix:    "Compare message_status as Sent writes it, in capital letters (DELIVERED), or without regard to case, and update the row that is there.",
			Seen:   stateOf(found),
		})
		return
	}
	l.judgeChannels(t, found)
	l.judgeWords(t, found)
}

// nothingShows says why no message shows, as far as it can be told.
func (l *Learner) nothingShows(t *Traits, found *round) {
	url := ""
	if e, ok := l.Probe.Endpoint(probe.KindMessage); ok {
		url = e.URL
	}
	look := fmt.Sprintf("If it should know these messages, look at probe.message.url (%s).", url)
	switch {
	case l.Arranged:
		t.Outbound = Sight{Why: "no message shows in the receiver's state, not even one that was arranged as target.arrange says", Remedy: look + " Otherwise look at target.arrange."}
	case l.onlyOne:
		const id = "one-key-for-all-events"
		why := "it takes them all for duplicates of the first"
		if !l.otherShows(found) {
			why += ", or has processed nothing since"
		}
		t.Outbound = Sight{Why: "only the first event of all had an effect: the receiver drops every one after it as a duplicate (IDEM-4)", Cause: id}
		t.Deviations = append(t.Deviations, Deviation{
			ID: id, Rule: contract.IDEM4, Certainty: Matches,
			Name:   "different events all count",
			Reason: fmt.Sprintf("the message of the very first delivery shows in the receiver's state, and not one of the %d after it, though their events were acknowledged: %s", len(found.outbound()), why),
			Fix:    "Know duplicates by X-Webhook-Event-ID, or by message_id and message_status. What stands nowhere in the body, such as event.id, is the same for every event: undefined, null or empty.",
			Seen:   l.firstSeen,
		})
		return
	case l.saysForeign() || l.otherShows(found):
		t.OwnOnly = Matches
		t.Outbound = Sight{Why: "only messages that the receiver sent itself show in its state, and none is arranged (target.arrange)", Remedy: arrangeRemedy + " " + look}
	default:
		t.OwnOnly = Likely
		t.Outbound = Sight{Why: "no message shows in the receiver's state: either it knows only messages that it sent itself (target.arrange), or the probe looks in the wrong place", Remedy: arrangeRemedy + " " + look}
	}
	t.Outbound.Cause = "messages-do-not-show"
}

// otherShows reports whether anything else than messages shows.
func (l *Learner) otherShows(r *round) bool {
	return slices.ContainsFunc(r.tracks, func(t *track) bool { return t.status == "" && t.alive() && t.state.Known })
}

// saysForeign reports whether the answers said that the messages are not the receiver's.
func (l *Learner) saysForeign() bool {
	return slices.ContainsFunc(l.sortedNotes(), func(note string) bool { return strings.Contains(note, "unknown message") })
}

// unread is why one of the round's readings failed, nil if none did.
func (r *round) unread(of func(*track) bool) error {
	for _, t := range r.tracks {
		if of(t) && t.alive() && t.err != nil {
			return t.err
		}
	}
	return nil
}

func isMessage(t *track) bool  { return t.status != "" }
func isText(t *track) bool     { return t.shape != "" }
func isTemplate(t *track) bool { return t.name != "" }

// saysNothing reports whether the state of a kind is of no use: it could not be read, or
// what shows flickers. Then the sight says why.
func (r *round) saysNothing(what string, of func(*track) bool, s *Sight) bool {
	if err := r.unread(of); err != nil {
		*s = Sight{Why: fmt.Sprintf("the state of %s could not be read while the receiver was learned: %v", what, err)}
		return true
	}
	if r.flickers() {
		*s = Sight{Why: flickering, Remedy: "Let all processes of the receiver keep one state, or run one of them only."}
		return true
	}
	return false
}

func (r *round) flickers() bool { return slices.ContainsFunc(r.tracks, (*track).flickers) }

// moments are texts that are times: dates, and Unix times in seconds to nanoseconds.
var moments = regexp.MustCompile(`^(\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*|1\d{9}(\.\d+|\d{3}|\d{6}|\d{9})?)$`)

// moment is a message's status that is a time; "" where none is.
func (r *round) moment() string {
	for _, tr := range r.tracks {
		if isMessage(tr) && tr.state.HasStatus && moments.MatchString(tr.state.Status) {
			return tr.state.Status
		}
	}
	return ""
}

func editionDeviation(rule, sent, taken, what string) Deviation {
	says := map[string]string{}
	for _, e := range editions() {
		says[e.Name] = e.says()
	}
	return Deviation{
		ID: "edition-" + taken, Rule: rule, Certainty: Tried,
		Name: "the receiver reads Sent's events as they are today",
		Reason: fmt.Sprintf("deliveries of edition %s (%s) %s, those of edition %s (%s) are kept: everything else is judged in edition %s",
			sent, says[sent], what, taken, says[taken], taken),
		Fix: fmt.Sprintf("Read the name of the event as edition %s sends it (%s). If the receiver is meant for the older form, confirm it in the config file: knobs: {edition: %s}", sent, says[sent], taken),
	}
}

func (l *Learner) judgeChannels(t *Traits, found *round) {
	if len(found.channels) == len(event.Channels()) {
		if len(l.Confirmed.Channels) == 0 {
			return
		}
	} else {
		t.Channels = found.channels
	}
	confirmed := l.Confirmed.Channels
	unseen := slices.DeleteFunc(missing(found.channels), func(ch event.Channel) bool {
		return slices.Contains(found.unarranged, ch) || len(found.readings()[ch]) == 0 // then its events were refused
	})
	switch {
	case len(confirmed) == 0 && len(unseen) == 0 && len(found.unarranged) == 0: // what was not seen was refused
	case len(confirmed) == 0 && len(unseen) == 0:
		l.notes["the app sends no message on "+list(found.unarranged)+" when it is asked to (target.arrange): nothing is judged there"] = true
	case len(confirmed) == 0:
		t.Deviations = append(t.Deviations, Deviation{
			ID: "channels", Rule: contract.ORD1, Certainty: Tried,
			Name:   fmt.Sprintf("messages on %s show", list(unseen)),
			Reason: fmt.Sprintf("events of messages on %s are acknowledged and show nothing in the receiver's state, those on %s do: everything else is judged there", list(unseen), list(found.channels)),
			Fix:    fmt.Sprintf("Handle every channel. If the receiver is meant for %s only, confirm it in the config file: probe: {message: {channels: [%s]}}", list(found.channels), commas(found.channels)),
		})
	case !same(confirmed, found.channels):
		t.Channels = found.channels
		t.Deviations = append(t.Deviations, Deviation{
			ID: "channels", Rule: contract.ORD1, Certainty: Tried,
			Name:   "the channels that the configuration names are those that show",
			Reason: fmt.Sprintf("probe.message.channels says %s, and messages on %s show in the receiver's state", list(confirmed), list(found.channels)),
			Fix:    fmt.Sprintf("If that is meant so, correct the config file: probe: {message: {channels: [%s]}}", commas(found.channels)),
		})
	}
}

func (l *Learner) judgeWords(t *Traits, found *round) {
	problems, confirm, forbidden := found.deviations(l.Confirmed)
	t.Words = maps.Clone(found.words)
	for _, st := range l.Refused {
		t.Words[st] = Word{} // what it refuses it cannot keep
	}
	if len(problems) == 0 {
		return
	}
	d := Deviation{
		ID: "statuses", Rule: contract.ORD1, Certainty: Tried,
		Name:   "every status of a message shows, under a word of its own",
		Reason: strings.Join(problems, "; "),
		Fix:    "Keep each status under a word of its own.",
		Seen:   stateOf(found),
	}
	if forbidden {
		d.Fix = "Keep FAILED, DELIVERED and READ under words of their own: a message that failed must not look like one that arrived."
	}
	if confirm != "" {
		d.Fix += " If that is meant so, confirm it in the config file: probe: {message: {" + confirm + "}}"
	}
	t.Deviations = append(t.Deviations, d)
}

func (l *Learner) judgeInbound(t *Traits, found *round) {
	switch {
	case !l.reads(probe.KindInbound):
		return
	case t.WebhookIDIsEventID:
		t.Inbound = t.Outbound
		return
	case found.saysNothing("inbound texts", isText, &t.Inbound):
		return
	}
	shown := map[event.InboundShape][]event.Channel{}
	taken := false
	for _, tr := range found.tracks {
		if tr.shape == "" || !tr.alive() {
			continue
		}
		taken = taken || tr.shape == found.knobs.Format().InboundShape
		if tr.state.Count > 0 && !slices.Contains(shown[tr.shape], tr.channel) {
			shown[tr.shape] = append(shown[tr.shape], tr.channel)
		}
	}
	for _, shape := range shapes(found.knobs) {
		channels := shown[shape]
		if len(channels) == 0 {
			continue
		}
		t.Inbound.Shows, t.InboundShape, t.Knobs.InboundShape = true, shape, shape
		if own := found.knobs.Format().InboundShape; shape != own && taken {
			t.Deviations = append(t.Deviations, Deviation{
				ID: "inbound-shape", Rule: contract.INB1, Certainty: Tried,
				Name:   "an inbound text shows in the shape in which it is sent",
				Reason: fmt.Sprintf("an inbound text in the %s shape (%s) is acknowledged and not kept, one in the %s shape (%s) is: everything else is judged in that", own, shapeSays(own), shape, shapeSays(shape)),
				Fix:    fmt.Sprintf("Read the contact's number and the text in the %s shape too. If the receiver is meant for the other one, confirm it in the config file: knobs: {inbound_shape: %s}", own, shape),
			})
		}
		l.judgeInboundChannels(t, channels, found)
		return
	}
	if !taken {
		t.Inbound = Sight{Why: "no inbound text was accepted (INB-1 says so)"}
		return
	}
	t.Inbound = Sight{Why: "no inbound text shows in the receiver's state, in whichever shape (INB-1 says so)", Cause: "inbound-lost"}
	t.Deviations = append(t.Deviations, Deviation{
		ID: "inbound-lost", Rule: contract.INB1, Certainty: Tried,
		Name:   "an inbound text shows",
		Reason: "an inbound text is acknowledged and not kept: the count of its number stays 0, in whichever shape it is sent",
		Fix:    "Store what a contact writes before you acknowledge it. If it is kept elsewhere, look at probe.inbound.",
	})
}

func shapeSays(s event.InboundShape) string {
	if s == event.InboundNumbered {
		return "message_id, inbound_number, outbound_number"
	}
	return "from, to, no message_id"
}

// judgeInboundChannels compares with the channels of outbound messages: what is
// not handled there need not be handled here.
func (l *Learner) judgeInboundChannels(t *Traits, channels []event.Channel, found *round) {
	sent, refused := map[event.Channel]bool{}, map[event.Channel]bool{}
	for _, tr := range found.tracks {
		if tr.shape == t.InboundShape {
			sent[tr.channel] = sent[tr.channel] || tr.alive()
			refused[tr.channel] = refused[tr.channel] || !tr.alive()
		}
	}
	for ch, alive := range sent {
		if !alive || refused[ch] && !slices.Contains(channels, ch) { // that it is lost was not seen
			delete(sent, ch)
		}
	}
	if len(channels) == len(sent) {
		return
	}
	t.InboundChannels = channels
	var lost []event.Channel
	for _, ch := range missing(channels) {
		if sent[ch] && t.Takes(ch) && l.takes(ch) {
			lost = append(lost, ch)
		}
	}
	if len(lost) == 0 {
		return
	}
	d := Deviation{
		ID: "inbound-channels", Rule: contract.INB1, Certainty: Tried,
		Name:   fmt.Sprintf("an inbound text on %s shows", list(lost)),
		Reason: fmt.Sprintf("an inbound text on %s is acknowledged and not kept, one on %s is", list(lost), list(channels)),
		Fix:    "Store what a contact writes on every channel before you acknowledge it.",
	}
	if !t.Outbound.Shows && len(l.Confirmed.Channels) == 0 {
		d.ID, d.Rule = "channels", contract.ORD1
		d.Fix += fmt.Sprintf(" If the receiver is meant for %s only, confirm it in the config file: probe: {message: {channels: [%s]}}", list(channels), commas(channels))
	}
	t.Deviations = append(t.Deviations, d)
}

func (l *Learner) judgeTemplates(t *Traits, found *round) {
	if t.WebhookIDIsEventID {
		t.Template = t.Outbound
		return
	}
	if found.saysNothing("templates", isTemplate, &t.Template) {
		return
	}
	t.Reviews = found.reviewWords()
	if !slices.ContainsFunc(reviews(), func(st string) bool { return bare(t.Reviews.Of(event.Status(st))) != bare(st) }) {
		t.Reviews = nil // they are Sent's own: all other statuses go under these as well
	}
	acked := false
	for _, tr := range found.tracks {
		if tr.name != "" && tr.alive() && tr.err == nil {
			acked = true
			t.Template.Shows = t.Template.Shows || tr.state.Known
		}
	}
	if acked && !t.Template.Shows {
		t.Template.Why = "no template shows in the receiver's state: either it knows only templates that it made itself, or it drops their events, or the probe looks in the wrong place"
		if e, ok := l.Probe.Endpoint(probe.KindTemplate); ok {
			t.Template.Remedy = fmt.Sprintf("If it should know these templates, look at probe.template (%s).", e.URL)
		}
	}
}

func stateOf(r *round) string {
	for _, t := range slices.Backward(r.outbound()) {
		if t.alive() && t.state.Known {
			return t.state.Raw
		}
	}
	return ""
}

func missing(of []event.Channel) []event.Channel {
	return slices.DeleteFunc(event.Channels(), func(ch event.Channel) bool { return slices.Contains(of, ch) })
}

func same(a, b []event.Channel) bool {
	return len(missing(a)) == len(missing(b)) && slices.Equal(missing(a), missing(b))
}

func commas(all []event.Channel) string {
	words := make([]string, len(all))
	for i, ch := range all {
		words[i] = string(ch)
	}
	return strings.Join(words, ", ")
}
