package dashboard

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/contract"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/lifecycle"
	"github.com/sentsim/sentsim/simulator/webhook"
)

// What the composer can do with an event besides forging it.
const (
	faultNone  = ""
	faultTwice = "twice"
)

// disturbance is what can go wrong on the way to a receiver, or back.
type disturbance struct {
	Name, Doc string
	Again     bool // Sent does not learn that it was delivered, and sends it again
}

func disturbances() []disturbance {
	return []disturbance{
		{"lost_ack", "the receiver's answer is lost, so Sent sends it again", true},
		{"hang_up", "Sent hangs up before the answer, and sends it again", true},
		{"reset", "the connection breaks in the middle of the request, and Sent sends it again", true},
		{"refuse", "nobody listens at first, and Sent sends it again", true},
		{"duplicate_at_once", "twice at the same instant", false},
		{"slow_sender", "the request arrives in small pieces", false},
	}
}

// faultGroup is a heading in the list of faults and what is under it.
type faultGroup struct {
	Name   string
	Faults []chaos.Forgery
}

// faultGroups are the forgeries by the rule that a receiver breaks by taking them.
func faultGroups() []faultGroup {
	names := map[string]string{
		contract.SIG2: "A changed body", contract.SIG3: "Another key", contract.SIG4: "A missing header", contract.SIG5: "A malformed signature",
		contract.SIG6: "Too old", contract.SIG7: "From the future", contract.SIG10: "Another webhook's id",
	}
	var groups []faultGroup
	for _, f := range chaos.Forgeries() {
		name := names[f.Rule]
		if name == "" {
			name = f.Rule
		}
		if len(groups) == 0 || groups[len(groups)-1].Name != name {
			groups = append(groups, faultGroup{Name: name})
		}
		last := &groups[len(groups)-1]
		last.Faults = append(last.Faults, f)
	}
	return groups
}

func compose(v *view) error {
	extended := v.Sim.Knobs().Extended
	q := v.r.URL.Query()
	v.concerns(v.Sim.Webhooks()...)
	return v.show("compose", "compose", "Send", map[string]any{
		"Faults": faultGroups(), "Disturbances": disturbances(), "CanDisturb": v.cfg.Disturb != nil, "Channels": event.Channels(), "Outcomes": lifecycle.Outcomes(event.WhatsApp, extended),
		"TemplateOutcomes": lifecycle.TemplateOutcomes(), "Hook": q.Get("webhook"), "Event": q.Get("event"), "Fault": q.Get("fault"),
		"Categories": []string{event.Marketing, event.Utility, event.Authentication},
	})
}

// letHappen lets happen what is due now, where the clock does not do it by
// itself. What takes longer than a page may goes on: the page shows it live.
func (v *view) letHappen() {
	if !v.cfg.StandsStill {
		return
	}
	ctx, cancel := context.WithTimeout(v.r.Context(), 2*time.Second)
	defer cancel()
	_ = v.Sim.Advance(ctx, 0) // the history's own error shows in every page
}

func composeEvent(v *view) error {
	get := v.r.PostFormValue
	back := "/compose?" + (formValues{"webhook": get("webhook"), "event": get("event"), "fault": get("fault")}).encode()
	kind, err := event.Lookup(get("event"))
	if err != nil {
		return v.goTo(back, flash{Tone: toneFailed, Text: "Nothing was sent: " + err.Error()})
	}
	id, err := uuid.Parse(get("webhook"))
	if err != nil {
		return v.goTo(back, flash{Tone: toneFailed, Text: "Nothing was sent: choose a webhook."})
	}
	w, err := v.Sim.Webhook(id)
	if err != nil {
		return err
	}
	switch fault := get("fault"); fault {
	case faultNone:
		return v.sendTest(w, kind)
	case faultTwice:
		return v.sendTwice(w, kind, back)
	default:
		if i := slices.IndexFunc(disturbances(), func(x disturbance) bool { return x.Name == fault }); i >= 0 && v.cfg.Disturb != nil {
			return v.sendDisturbed(w, kind, disturbances()[i], back)
		}
		return v.sendForged(w, kind, fault, back)
	}
}

// sendTest sends one event to one webhook and goes to how it went.
func (v *view) sendTest(w webhook.Webhook, kind event.Kind) error {
	d, err := v.testDelivery(w, kind)
	if err != nil {
		return v.notSent("/webhooks/"+w.ID.String(), w, err)
	}
	return v.goTo("/deliveries/"+d.ID.String(), sent(d))
}

func (v *view) testDelivery(w webhook.Webhook, kind event.Kind) (delivery.Delivery, error) {
	return v.Sim.TestDelivery(v.r.Context(), w.ID, event.Type(kind.Name))
}

func sent(d delivery.Delivery) flash {
	if d.Status == delivery.Delivered {
		return flash{Tone: tonePassed, Text: "Sent, and the receiver took it."}
	}
	return flash{Tone: toneFailed, Text: "Sent, and the receiver did not take it: " + d.Error + "."}
}

func (v *view) sendTwice(w webhook.Webhook, kind event.Kind, back string) error {
	d, err := v.testDelivery(w, kind)
	if err != nil {
		return v.notSent(back, w, err)
	}
	again, err := v.Sim.Replay(d.ID)
	if err != nil {
		return v.notSent(back, w, err)
	}
	v.letHappen()
	return v.goTo("/deliveries/"+again.String(), flash{
		Tone: tonePassed, Text: "The same event went out twice, as Sent may do: the receiver should have counted it once.",
	})
}

func (v *view) sendDisturbed(w webhook.Webhook, kind event.Kind, x disturbance, back string) error {
	if !w.IsActive {
		return v.notSent(back, w, simulator.ErrInactive)
	}
	if err := v.cfg.Disturb(w.ID, x.Name); err != nil {
		return v.notSent(back, w, err)
	}
	d, err := v.testDelivery(w, kind)
	if err != nil {
		return v.notSent(back, w, err)
	}
	if !x.Again || d.Status == delivery.Delivered {
		return v.goTo("/deliveries/"+d.ID.String(), sent(d))
	}
	again, err := v.Sim.Replay(d.ID)
	if err != nil {
		return v.notSent(back, w, err)
	}
	v.letHappen()
	return v.goTo("/deliveries/"+again.String(), flash{
		Tone: tonePassed, Text: "The first time " + lastReason(d) + "; this is the second. The receiver should have counted the event once.",
	})
}

// lastReason is why an attempt failed, as the rest of a sentence.
func lastReason(d delivery.Delivery) string {
	return whatCameBack(d.Attempts[len(d.Attempts)-1].Outcome)
}

// forgedView is what came of a forged delivery.
type forgedView struct {
	Name, Doc, Rule string
	Hook            webhook.Webhook
	Rejected        bool
	Answer          string
	Changed         []string // headers that are not the genuine ones'
	Body            string   // "" when it is the genuine one's
	Curl, Response  string
	ResponseBody    string
}

func (v *view) sendForged(w webhook.Webhook, kind event.Kind, name, back string) error {
	f, err := v.Sim.SendForged(v.r.Context(), w.ID, event.Type(kind.Name), name)
	if err != nil {
		return v.notSent(back, w, err)
	}
	x := forgedView{
		Name: f.Forgery.Name, Doc: f.Forgery.Doc, Rule: f.Forgery.Rule, Hook: w,
		Rejected: f.Outcome.Rejected(), Answer: whatCameBack(f.Outcome),
		Curl: f.Sent.Curl(delivery.CurlOptions{Lines: true}), Response: responseHead(f.Outcome), ResponseBody: plain(string(f.Outcome.Body)),
	}
	for _, h := range f.Genuine.Headers {
		switch got := f.Sent.Get(h.Name); got {
		case h.Value:
		case "":
			x.Changed = append(x.Changed, h.Name+": missing or empty")
		default:
			x.Changed = append(x.Changed, plain(h.Name+": "+got))
		}
	}
	if string(f.Sent.Body) != string(f.Genuine.Body) {
		x.Body = plain(string(f.Sent.Body))
	}
	m := flash{Tone: tonePassed, Text: "The receiver rejected it, as it should: " + x.Answer + ".", Forged: &x}
	if !x.Rejected {
		m.Tone, m.Text = toneFailed, "The receiver should have rejected it with a 4xx: "+x.Answer+"."
	}
	return v.goTo(back, m)
}

func (v *view) notSent(back string, w webhook.Webhook, err error) error {
	if errors.Is(err, simulator.ErrInactive) {
		return v.goTo(back, flash{Tone: toneFailed, Text: "Nothing was sent: " + w.DisplayName + " is disabled. Enable it first."})
	}
	return v.goTo(back, flash{Tone: toneFailed, Text: "Nothing was sent: " + err.Error() + "."})
}

func composeMessage(v *view) error {
	get := v.r.PostFormValue
	m := simulator.Message{Channel: event.Channel(get("channel")), To: strings.TrimSpace(get("to")), Outcome: lifecycle.Outcome(get("outcome"))}
	if text := get("text"); text != "" {
		m.Text = &text
	}
	id, err := v.Sim.Send(m)
	if err != nil {
		return v.refused(err)
	}
	v.letHappen()
	text := "The message is accepted."
	if v.cfg.StandsStill {
		text += " Advance time to see its timeline."
	}
	return v.goTo("/messages/"+id.String(), flash{Tone: tonePassed, Text: text})
}

func composeInbound(v *view) error {
	get := v.r.PostFormValue
	in := simulator.Inbound{Channel: event.Channel(get("channel")), From: strings.TrimSpace(get("from"))}
	if text := get("text"); text != "" {
		in.Text = &text
	}
	id, err := v.Sim.Receive(in)
	if err != nil {
		return v.refused(err)
	}
	v.letHappen()
	return v.goTo("/messages/"+id.String(), flash{Tone: tonePassed, Text: "The inbound message is on its way to your webhooks."})
}

func composeTemplate(v *view) error {
	get := v.r.PostFormValue
	if _, err := v.Sim.SubmitTemplate(simulator.Template{
		Name: strings.TrimSpace(get("name")), Category: get("category"), Outcome: lifecycle.TemplateOutcome(get("outcome")),
	}); err != nil {
		return v.refused(err)
	}
	v.letHappen()
	return v.goTo("/templates", flash{Tone: tonePassed, Text: "The template is under review."})
}

func (v *view) refused(err error) error {
	if errors.Is(err, simulator.ErrClosed) {
		return err
	}
	return v.goTo("/compose", flash{Tone: toneFailed, Text: "Not accepted: " + err.Error() + "."})
}

// mostToMove is how much time one press of a button moves the clock at most.
const mostToMove = 30 * 24 * time.Hour

// moveTime is how long a page waits for what happens meanwhile.
const moveTime = 100 * time.Second

func moveClock(v *view) error {
	back := v.back("/")
	if !v.cfg.StandsStill {
		return v.goTo(back, flash{Tone: toneFailed, Text: "This clock moves by itself."})
	}
	ctx, cancel := context.WithTimeout(v.r.Context(), moveTime)
	defer cancel()
	start := v.Sim.Now()
	var err error
	if by := v.r.PostFormValue("by"); by == "all" {
		err = v.Sim.Drain(ctx)
	} else {
		d, parseErr := time.ParseDuration(by)
		if parseErr != nil || d < 0 || d > mostToMove {
			v.failed(http.StatusBadRequest, fmt.Sprintf("The clock cannot be moved by %q.", by))
			return nil
		}
		err = v.Sim.Advance(ctx, d)
	}
	if err != nil && ctx.Err() == nil {
		return err
	}
	m := flash{Tone: tonePassed, Text: "It is " + span(v.Sim.Now().Sub(start)) + " later."}
	if err != nil {
		m = flash{Tone: toneWarned, Text: "Not all is done yet: a receiver takes its time. " + m.Text}
	}
	return v.goTo(back, m)
}
