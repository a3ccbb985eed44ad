package sentside

import (
	"context"
	"strings"
	"time"

	"github.com/cucumber/godog"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/lifecycle"
)

func (w *world) bindWhen(sc *godog.ScenarioContext) {
	sc.Step(`^an? "([^"]+)" event happens$`, w.emit)
	sc.Step(`^an? "([^"]+)" event is delivered$`, w.delivers)
	sc.Step(`^(\d+) (?:more )?events? (?:fails?|happens?)(?: one after another)?$`, w.oneAfterAnother)
	sc.Step(`^(\d+) (second|minute|hour)s? pass(?:es)?$`, w.pass)
	sc.Step(`^all deliveries are over$`, w.drain)
	sc.Step(`^an? (SMS|WhatsApp|RCS) message is sent that ends as "([^"]+)"$`, w.sendMessage)
	sc.Step(`^a contact writes "([^"]*)"$`, w.contactWrites)
	sc.Step(`^a template is submitted and ends as "([^"]+)"$`, w.submitTemplate)
	sc.Step(`^the webhook is (disabled|re-enabled) by hand$`, w.setActive)
	sc.Step(`^the signing secret is rotated$`, w.rotate)
	sc.Step(`^a test delivery of "([^"]+)" is made$`, w.testDelivery)
	sc.Step(`^Sent replays the event$`, w.replay)
}

// delivers makes an event happen and waits until its delivery is over.
func (w *world) delivers(ctx context.Context, name string) error {
	if err := w.emit(name); err != nil {
		return err
	}
	return w.drain(ctx)
}

func (w *world) oneAfterAnother(ctx context.Context, n int) error {
	for range n {
		if err := w.delivers(ctx, "message.delivered"); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) pass(ctx context.Context, n int, unit string) error {
	if err := w.begin(); err != nil {
		return err
	}
	d := map[string]time.Duration{"second": time.Second, "minute": time.Minute, "hour": time.Hour}[unit]
	return w.sim.Advance(ctx, time.Duration(n)*d)
}

func (w *world) drain(ctx context.Context) error {
	if err := w.begin(); err != nil {
		return err
	}
	return w.sim.Drain(ctx)
}

func (w *world) sendMessage(ctx context.Context, channel, outcome string) error {
	if err := w.begin(); err != nil {
		return err
	}
	ch, err := event.ParseChannel(channel)
	if err != nil {
		return err
	}
	w.since = w.sim.Now()
	if _, err := w.sim.Send(simulator.Message{Channel: ch, Outcome: lifecycle.Outcome(outcome)}); err != nil {
		return err
	}
	return w.sim.Drain(ctx)
}

func (w *world) contactWrites(ctx context.Context, text string) error {
	if err := w.begin(); err != nil {
		return err
	}
	if _, err := w.sim.Receive(simulator.Inbound{Text: &text}); err != nil {
		return err
	}
	return w.sim.Drain(ctx)
}

func (w *world) submitTemplate(ctx context.Context, outcome string) error {
	if err := w.begin(); err != nil {
		return err
	}
	t := simulator.Template{Outcome: lifecycle.TemplateOutcome(strings.ToLower(outcome))}
	if _, err := w.sim.SubmitTemplate(t); err != nil {
		return err
	}
	return w.sim.Drain(ctx)
}

func (w *world) setActive(state string) error {
	if err := w.begin(); err != nil {
		return err
	}
	return w.sim.SetActive(w.id, state == "re-enabled")
}

func (w *world) rotate() error {
	if err := w.begin(); err != nil {
		return err
	}
	secret, err := w.sim.RotateSecret(w.id)
	w.secrets = append(w.secrets, secret)
	return err
}

func (w *world) testDelivery(ctx context.Context, typ string) error {
	if err := w.begin(); err != nil {
		return err
	}
	_, err := w.sim.TestDelivery(ctx, w.id, event.Type(typ))
	return err
}

func (w *world) replay(ctx context.Context) error {
	d, err := w.last()
	if err != nil {
		return err
	}
	if _, err := w.sim.Replay(d.ID); err != nil {
		return err
	}
	return w.sim.Drain(ctx)
}
