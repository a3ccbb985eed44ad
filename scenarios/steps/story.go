package steps

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cucumber/godog"
	"github.com/google/uuid"

	"github.com/sentsim/sentsim/scenarios/driver"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
)

// Ordinals are the words for the first, the second and so on of a story's
// messages, contacts, templates and texts.
func Ordinals() []string {
	return []string{"first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth"}
}

// place is the position that a sentence says: 1 for "second", "the second" and "the
// second message's", 0 where it says none.
func place(which string) (int, error) {
	word, _, _ := strings.Cut(strings.TrimPrefix(which, "the "), " ")
	if slices.Contains([]string{"", "the", "its", "message's", "template's"}, word) {
		return 0, nil
	}
	if i := slices.Index(Ordinals(), word); i >= 0 {
		return i, nil
	}
	return 0, fmt.Errorf("%q is no ordinal: use first, second, … twelfth", word)
}

// The ways in which a delivery of a story is sent, besides well: the words of its
// column "how". Those of forgeries follow "forged as ".
const (
	HowAgain    = "again" // a retry: the same body, signed anew
	HowTogether = "at the same instant"
	HowLost     = "the answer is lost"
	HowHangUp   = "the sender hangs up"
	HowSlowly   = "in pieces"
	HowCut      = "the connection breaks in the middle"
	HowForged   = "forged as "
)

// dawdle is the pause between two pieces of a request.
const dawdle = 100 * time.Millisecond

// Placeholder stands in a body for what every run draws anew: the message_id of
// the n-th message of the story (from 0), likewise template_id and contact, and
// the n-th of the times at which its events happened.
func Placeholder(name string, n int) string {
	if n == 0 {
		return "{" + name + "}"
	}
	return "{" + Ordinals()[n%len(Ordinals())] + " " + name + "}"
}

// Ago stands in a body for the time so many minutes ago.
func Ago(minutes int) string { return fmt.Sprintf("{%d minutes ago}", minutes) }

var ago = regexp.MustCompile(`\{(\d{1,4}) minutes ago\}`)

// deliversThis delivers a body as it stands. The same text is the same event.
func (w *World) deliversThis(ctx context.Context, name string, doc *godog.DocString) error {
	text := doc.Content
	for i, m := range w.messages {
		text = strings.ReplaceAll(text, Placeholder("message_id", i), m.ID.String())
	}
	for i := range Ordinals() {
		if p := Placeholder("template_id", i); strings.Contains(text, p) {
			text = strings.ReplaceAll(text, p, w.theOrNewTemplate(i).id.String())
		}
		if p := Placeholder("contact", i); strings.Contains(text, p) {
			text = strings.ReplaceAll(text, p, w.form(w.theOrNewContact(i).number))
		}
		text = strings.ReplaceAll(text, Placeholder("time", i), w.at.Add(time.Duration(i)*time.Second).Format(time.RFC3339))
	}
	text = ago.ReplaceAllStringFunc(text, func(p string) string {
		minutes, _ := strconv.Atoi(ago.FindStringSubmatch(p)[1]) // digits
		return w.at.Add(-time.Duration(minutes) * time.Minute).Format(time.RFC3339)
	})
	_, err := w.send(ctx, "a "+name+" event with a body of its own", w.later(w.foreign(event.Type(name), []byte(text)), []byte(text)))
	return err
}

func (w *World) theOrNewTemplate(n int) *template {
	for len(w.templates) <= n {
		w.templates = append(w.templates, &template{id: newID(w.chance)})
	}
	return w.templates[n]
}

func (w *World) theOrNewContact(n int) *contact {
	for len(w.contacts) <= n {
		w.contacts = append(w.contacts, &contact{number: w.newNumber()})
	}
	w.contact = w.contacts[n]
	return w.contact
}

// told is one delivery of a story.
type told struct {
	what     string
	request  delivery.Request
	together bool // at the same instant as the one before
	forged   bool
	genuine  *delivery.Request // what a forged one was made of
	faulty   bool              // nobody asks whether it was accepted: the sender never learned
	loses    bool              // the answer
}

// deliversInOrder delivers what a table's rows say: of what, which event, how.
func (w *World) deliversInOrder(ctx context.Context, table *godog.Table) error {
	if len(table.Rows) < 2 || len(table.Rows[0].Cells) != 3 {
		return fmt.Errorf("the table needs the columns of, event and how, and a row for each delivery")
	}
	for i, column := range []string{"of", "event", "how"} {
		if got := table.Rows[0].Cells[i].Value; got != column {
			return fmt.Errorf("column %d of the table is %q, not %q", i+1, got, column)
		}
	}
	var group []told
	flush := func() error {
		defer func() { group = nil }()
		return w.tell(ctx, group)
	}
	for _, row := range table.Rows[1:] {
		d, err := w.row(row.Cells[0].Value, row.Cells[1].Value, row.Cells[2].Value)
		if err != nil {
			return err
		}
		if !d.together {
			if err := flush(); err != nil {
				return err
			}
		}
		group = append(group, d)
	}
	return flush()
}

// row reads one row of the table.
func (w *World) row(of, name, how string) (told, error) {
	e, first, err := w.eventOf(of, name)
	if err != nil {
		return told{}, err
	}
	d := told{what: fmt.Sprintf("the %s event of %s", name, of), request: w.signed(e)}
	ways := strings.Split(how, ", ")
	if how == "" {
		ways = nil
	}
	for _, way := range ways {
		forgery, forged := strings.CutPrefix(way, HowForged)
		switch {
		case way == HowAgain && first:
			return told{}, fmt.Errorf("%s is delivered again, but was not delivered before", d.what)
		case way == HowAgain:
			d.what += ", again"
			d.request = w.later(e, d.request.Body)
		case way == HowTogether:
			d.together = true
		case way == HowLost:
			d.faulty, d.loses = true, true
		case way == HowHangUp:
			d.faulty, d.request.HangUp = true, true
		case way == HowCut:
			d.faulty, d.request.Cut = true, true
		case way == HowSlowly:
			d.request.Dawdle = dawdle
		case forged:
			d.forged = true
			d.what = article(forgery) + " delivery of " + d.what
			forgedOne, genuine, err := w.forge(forgery, e)
			if err != nil {
				return told{}, err
			}
			d.request, d.genuine = forgedOne, &genuine
		default:
			return told{}, fmt.Errorf("no way to deliver an event %q", way)
		}
	}
	if first && !d.forged {
		w.toldOf(of, name, e)
	}
	return d, nil
}

// tell sends deliveries at the same instant, or the only one.
func (w *World) tell(ctx context.Context, group []told) error {
	planned := make([]driver.Planned, len(group))
	for i, d := range group {
		planned[i] = driver.Planned{What: d.what, Request: d.request, Genuine: d.genuine}
		if d.loses {
			planned[i].How = delivery.LoseAck
		}
	}
	var xs []Exchange
	if len(planned) == 1 && !group[0].loses {
		xs = []Exchange{w.sendPaced(ctx, planned[0])}
	} else {
		xs = w.driver().SendTogether(ctx, planned)
	}
	for i, x := range xs {
		before := len(w.pending)
		x = w.keep(x)
		if group[i].forged {
			w.forged = append(w.forged, forgedDelivery{at: x})
		}
		if group[i].forged || group[i].faulty {
			w.pending = w.pending[:before] // nobody asks whether it was accepted
		}
		if err := driver.Stopped(ctx, x); err != nil {
			return err
		}
	}
	return nil
}

// eventOf is the event of a story's message, contact or template by that name;
// first says that nobody delivered it yet.
func (w *World) eventOf(of, name string) (e event.Event, first bool, err error) {
	word, kind, found := strings.Cut(strings.TrimPrefix(of, "the "), " ")
	if !found {
		word, kind = "", word
	}
	n, err := place(word)
	if err != nil {
		return e, false, fmt.Errorf("%q: %w", of, err)
	}
	if e, told := w.stories[of+" "+name]; told {
		return e, false, nil
	}
	switch kind {
	case "message":
		m, err := w.the(n)
		if err != nil {
			return e, false, err
		}
		return w.event(m, event.Status(name)), true, nil
	case "contact":
		return w.textOf(n, name)
	case "template":
		t := w.theOrNewTemplate(n)
		e := w.templateEvent(t.id, name)
		e.CreatedAt = e.CreatedAt.Add(time.Duration(len(t.history)) * time.Second)
		return e, true, nil
	}
	return e, false, fmt.Errorf("%q: a story is of a message, a contact or a template", of)
}

// textOf is a text of the n-th contact. The texts of a contact are a minute apart.
func (w *World) textOf(n int, name string) (e event.Event, first bool, err error) {
	word, _, ok := strings.Cut(strings.TrimPrefix(name, "the "), " text")
	k, err := place(word)
	if !ok || err != nil {
		return e, false, fmt.Errorf("%q: of a contact come the first text, the second text and so on", name)
	}
	w.theOrNewContact(n)
	text := w.newText()
	return w.inboundAt(&text, event.SMS, w.at.Add(time.Duration(k-len(Ordinals()))*time.Minute)), true, nil
}

// toldOf notes an event that was delivered.
func (w *World) toldOf(of, name string, e event.Event) {
	if w.stories == nil {
		w.stories = map[string]event.Event{}
	}
	w.stories[of+" "+name] = e
	switch {
	case e.Outbound != nil:
		i := slices.IndexFunc(w.messages, func(m *message) bool { return m.ID == e.Outbound.MessageID })
		w.messages[i].history = append(w.messages[i].history, e.Outbound.Status)
	case e.Template != nil:
		i := slices.IndexFunc(w.templates, func(t *template) bool { return t.id == e.Template.TemplateID })
		w.templates[i].history = append(w.templates[i].history, e.Template.Status)
	}
}

// template is a template of a story.
type template struct {
	id      uuid.UUID
	history []string
}
