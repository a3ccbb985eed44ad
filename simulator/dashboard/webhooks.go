package dashboard

import (
	"slices"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/history"
	"github.com/sentsim/sentsim/simulator/webhook"
)

const (
	measured  = 1000 // deliveries that figures and charts are made of
	mostHooks = 10   // webhooks that the overview shows unfolded
)

func overview(v *view) error {
	recent, err := v.Sim.DeliveryPage(uuid.Nil, history.Query{Newest: true, Limit: measured})
	if err != nil {
		return err
	}
	hooks, err := v.healths(v.Sim.Webhooks(), recent.Rows)
	if err != nil {
		return err
	}
	troubledFirst(hooks)
	figures, err := measure(recent.Rows)
	if err != nil {
		return err
	}
	shown := hooks
	if len(hooks) > mostHooks+2 {
		shown = hooks[:mostHooks]
	}
	waiting, troubled := 0, 0
	for _, h := range hooks {
		waiting += h.Waiting
		if h.Troubled() {
			troubled++
		}
	}
	v.concerns(v.Sim.Webhooks()...)
	return v.show("overview", "webhooks", "Webhooks", map[string]any{
		"Hooks": shown, "More": hooks[len(shown):], "Count": len(hooks), "Troubled": troubled, "Waiting": waiting,
		"Figures": figures, "Total": recent.Total, "Recent": v.rows(recent.Rows[:min(len(recent.Rows), 8)]),
		"Parents": v.Families(), "Defaults": emptyForm(v), "Exports": v.exports(),
	})
}

func (v *view) hook() (webhook.Webhook, error) {
	id, err := v.id()
	if err != nil {
		return webhook.Webhook{}, err
	}
	return v.Sim.Webhook(id)
}

func showWebhook(v *view) error {
	w, err := v.hook()
	if err != nil {
		return err
	}
	recent, err := v.Sim.DeliveryPage(w.ID, history.Query{Newest: true, Limit: measured})
	if err != nil {
		return err
	}
	hooks, err := v.healths([]webhook.Webhook{w}, recent.Rows)
	if err != nil {
		return err
	}
	figures, err := measure(recent.Rows)
	if err != nil {
		return err
	}
	groups, err := v.errorGroups(w.ID, history.Query{Newest: true})
	if err != nil {
		return err
	}
	l := listing{Path: "/deliveries", Webhook: w.ID.String()}
	var last *delivery.Delivery // that failed
	if i := slices.IndexFunc(recent.Rows, func(d delivery.Delivery) bool { return d.Error != "" && len(d.Attempts) > 0 }); i >= 0 {
		last = &recent.Rows[i]
	}
	v.concerns(w)
	return v.show("webhook", "webhooks", w.DisplayName, map[string]any{
		"Hook": hooks[0], "Figures": figures, "Groups": groups, "List": l, "Last": last,
		"Recent": v.rows(recent.Rows[:min(len(recent.Rows), 12)]), "Total": recent.Total, "Sample": event.Delivered,
	})
}

func setActive(active bool) func(*view) error {
	return func(v *view) error {
		w, err := v.hook()
		if err != nil {
			return err
		}
		if err := v.Sim.SetActive(w.ID, active); err != nil {
			return err
		}
		m := flash{Tone: tonePassed, Text: w.DisplayName + " is enabled: the next event goes to it. What it missed is not sent again: resend it under Deliveries."}
		if !active {
			m = flash{Tone: toneWarned, Text: w.DisplayName + " is disabled: it gets nothing, and what waited for it has failed."}
		}
		return v.goTo(v.back("/webhooks/"+w.ID.String()), m)
	}
}

func rotateSecret(v *view) error {
	w, err := v.hook()
	if err != nil {
		return err
	}
	secret, err := v.Sim.RotateSecret(w.ID)
	if err != nil {
		return err
	}
	return v.goTo("/webhooks/"+w.ID.String(), flash{
		Tone: tonePassed, Text: "From now on everything is signed with this secret, waiting retries too; the old one is dead:", Secret: secret.Reveal(),
	})
}

func testWebhook(v *view) error {
	w, err := v.hook()
	if err != nil {
		return err
	}
	kind, err := event.Lookup(v.r.PostFormValue("event"))
	if err != nil {
		return v.goTo("/webhooks/"+w.ID.String(), flash{Tone: toneFailed, Text: "Nothing was sent: " + err.Error()})
	}
	return v.sendTest(w, kind)
}

func deleteWebhook(v *view) error {
	w, err := v.hook()
	if err != nil {
		return err
	}
	if err := v.Sim.DeleteWebhook(w.ID); err != nil {
		return err
	}
	return v.goTo("/", flash{Tone: toneWarned, Text: w.DisplayName + " is deleted, and its deliveries with it."})
}
