package sentside

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/cucumber/godog"

	"github.com/sentsim/sentsim/simulator/delivery"
)

func (w *world) bindThen(sc *godog.ScenarioContext) {
	sc.Step(`^the endpoint (?:has|gets) (?:got )?(\d+) requests?$`, w.requestCount)
	sc.Step(`^the attempts come (\d+(?:, \d+)* and \d+|\d+) minutes after the event$`, w.attemptTimes)
	sc.Step(`^the delivery is (PENDING|RETRYING|DELIVERED|FAILED)$`, w.deliveryIs)
	sc.Step(`^the delivery is FAILED because "([^"]+)"$`, w.failedBecause)
	sc.Step(`^the history has (\d+) deliver(?:y|ies)$`, w.historyHas)
	sc.Step(`^the history says (\d+) (DELIVERED|FAILED)$`, w.historySays)
	sc.Step(`^the webhook is (active|disabled)$`, w.webhookIs)
	sc.Step(`^the webhook counts (\d+) consecutive failures?$`, w.failuresCounted)
	sc.Step(`^(\d+) minutes have passed$`, w.havePassed)
}

func (w *world) requestCount(want int) error {
	return same("requests at the endpoint", len(w.endpoint.got()), want)
}

func (w *world) attemptTimes(minutes string) error {
	d, err := w.last()
	if err != nil {
		return err
	}
	var got []string
	for _, a := range d.Attempts {
		got = append(got, strconv.FormatFloat(a.At.Sub(w.since).Minutes(), 'g', -1, 64))
	}
	return same("minutes of the attempts", strings.Join(got, ", "), strings.Join(list(minutes), ", "))
}

func (w *world) deliveryIs(want string) error {
	d, err := w.last()
	if err != nil {
		return err
	}
	if d.Status != delivery.Status(want) {
		return fmt.Errorf("the delivery is %s after %d attempts (%s), want %s", d.Status, len(d.Attempts), d.Error, want)
	}
	return nil
}

func (w *world) failedBecause(why string) error {
	if err := w.deliveryIs(string(delivery.Failed)); err != nil {
		return err
	}
	d, err := w.last()
	if err == nil && !strings.Contains(d.Error, why) {
		err = fmt.Errorf("the delivery's error is %q; it does not say %q", d.Error, why)
	}
	return err
}

func (w *world) historyHas(want int) error {
	all, err := w.history()
	if err != nil {
		return err
	}
	return same("deliveries in the history", len(all), want)
}

func (w *world) historySays(want int, status string) error {
	all, err := w.history()
	if err != nil {
		return err
	}
	n := 0
	for _, d := range all {
		if d.Status == delivery.Status(status) {
			n++
		}
	}
	return same(status+" deliveries", n, want)
}

func (w *world) webhookIs(state string) error {
	hook, err := w.webhook()
	if err != nil {
		return err
	}
	return same("is_active", hook.IsActive, state == "active")
}

func (w *world) failuresCounted(want int) error {
	hook, err := w.webhook()
	if err != nil {
		return err
	}
	return same("consecutive_failures", hook.ConsecutiveFailures, want)
}

func (w *world) havePassed(minutes int) error {
	return same("time", w.sim.Now().Sub(w.start), time.Duration(minutes)*time.Minute)
}
