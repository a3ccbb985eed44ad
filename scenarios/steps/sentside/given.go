package sentside

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/cucumber/godog"
)

func (w *world) bindGiven(sc *godog.ScenarioContext) {
	sc.Step(`^a webhook$`, func() error { return nil })
	sc.Step(`^a webhook with (retry_count|timeout_seconds) (\d+)$`, w.withSetting)
	sc.Step(`^a webhook for "([^"]+)" events$`, w.forParents)
	sc.Step(`^a webhook that filters "([^"]+)" events by "([^"]+)"$`, w.withFilter)
	sc.Step(`^the knob (\w+) is (\S+)$`, w.withKnob)
	sc.Step(`^(?:that|the) endpoint answers (.+)$`, w.answers)
}

// errTooLate: the webhook is registered with the first When.
var errTooLate = errors.New("this must be said before anything happens")

func (w *world) withSetting(name, value string) error {
	n, err := strconv.Atoi(value)
	switch {
	case err != nil:
		return err
	case w.sim != nil:
		return errTooLate
	case name == "retry_count":
		w.cfg.RetryCount = &n
	default:
		w.cfg.TimeoutSeconds = &n
	}
	return nil
}

func (w *world) forParents(parents string) error {
	if w.sim != nil {
		return errTooLate
	}
	w.cfg.EventTypes = list(parents)
	return nil
}

func (w *world) withFilter(parent, suffixes string) error {
	if w.sim != nil {
		return errTooLate
	}
	w.cfg.EventFilters = map[string][]string{parent: list(suffixes)}
	return nil
}

func (w *world) withKnob(name, value string) error {
	if w.sim != nil {
		return errTooLate
	}
	return w.knobs.Set(name, value)
}

func (w *world) answers(text string) error {
	all, err := parseAnswers(text)
	if err != nil {
		return fmt.Errorf("the endpoint: %w", err)
	}
	w.endpoint.willAnswer(all)
	return nil
}

// list reads "a, b and c".
func list(text string) []string {
	return strings.Split(strings.ReplaceAll(text, " and ", ", "), ", ")
}
