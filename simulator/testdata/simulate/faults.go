package main

// fault is a mistake put into the code: new text for a text that is there once.
type fault struct {
	name      string
	file      string // in simulator/
	text, new string
}

// faults are mistakes of the sort that one makes: in the dispatcher, in a
// webhook's health, in the schedule, and in what is remembered.
func faults() []fault {
	const (
		dispatcher = "delivery/dispatcher.go"
		queue      = "delivery/queue.go"
		settle     = "delivery/settle.go"
		waiting    = "delivery/waiting.go"
		schedule   = "delivery/schedule.go"
		health     = "webhook/health.go"
		hook       = "webhook/webhook.go"
		memory     = "history/memory.go"
		state      = "state.go"
		traffic    = "traffic.go"
		contacts   = "contacts.go"
		webhooks   = "webhooks.go"
		simulator  = "simulator.go"
	)
	return []fault{
		{"one attempt too many", settle, "len(j.Attempts) >= q.d", "len(j.Attempts) > q.d"},
		{"one attempt too few", dispatcher, "return 1 + retryCount", "return retryCount"},
		{"retry_count is never read as attempts", dispatcher, "r.RetryCountCounts == CountsAttempts", "r.RetryCountCounts == \"\""},
		{"the backoff is one step ahead", schedule, "float64(n-1)", "float64(n)"},
		{"the backoff passes its cap", schedule, "f < float64(s.Cap)", "f < 4*float64(s.Cap)"},
		{"the jitter makes waits longer", schedule, "return d - time.Duration(u*s.Jitter", "return d + time.Duration(u*s.Jitter"},
		{"the wait begins with the attempt, not with its end", settle, "j.DueAt = now.Add(", "j.DueAt = a.At.Add("},
		{"a retry is forgotten", settle, "\t\tq.waiting.add(j)\n", ""},
		{"an alarm is never moved to an earlier time", queue, "if !q.alarmAt.After(first.DueAt) {", "if true {"},
		{"no alarm after an attempt", settle, "\tq.startDue(now)\n", ""},
		{"one attempt too many under way", queue, "first == nil || q.inFlight >= q.d.cfg.Rules.inFlight() || first.DueAt", "first == nil || q.inFlight > q.d.cfg.Rules.inFlight() || first.DueAt"},
		{"what is due in a minute is due now", queue, "first.DueAt.After(now) ||", "first.DueAt.After(now.Add(time.Minute)) ||"},
		{"strict order forgets waiting retries", waiting, "if h.strict || a.DueAt", "if a.DueAt"},
		{"the younger of two goes first", waiting, "return a.Number < b.Number", "return a.Number > b.Number"},
		{"an attempt is written into the next delivery too", queue, "job{Delivery{Attempts: j.Attempts[:0]}}", "job{Delivery{Attempts: j.Attempts}}"},

		{"disabled one failure late", health, "w.ConsecutiveFailures < rules", "w.ConsecutiveFailures <= rules"},
		{"disabled one failure early", health, "w.ConsecutiveFailures < rules.threshold()", "w.ConsecutiveFailures+1 < rules.threshold()"},
		{"a success does not reset the count", health, "\t\tw.ConsecutiveFailures = 0\n", ""},
		{"failures count while it is disabled", health, "!w.IsActive || !counts", "!counts"},
		{"failed attempts never count", health, "r == EventFailed || rules.Counts == CountsAttempts", "r == EventFailed"},
		{"enabling keeps the old count", hook, "\t\tw.ConsecutiveFailures = 0\n", ""},
		{"trouble of our own counts against the receiver", settle, "case a.Outcome.Kind == Cancelled:\n", "case a.Outcome.Kind == Cancelled && q.closed:\n"},
		{"a test delivery moves the count", queue, "\tif !q.removed {\n\t\tq.d.save(", "\tif !q.removed {\n\t\tq.hook.Observe(webhook.EventFailed, q.d.cfg.Rules.Health, j.CompletedAt)\n\t\tq.d.save("},

		{"retries outlive the disabling by hand", queue, "ended = q.endWaiting(\"the webhook was disabled by hand\")", "_ = ended"},
		{"retries outlive the disabling by failures", settle, "(ended []Delivery) {\n\tswitch {\n\tcase disabled:", "(ended []Delivery) {\n\tswitch {\n\tcase disabled && len(q.waiting.jobs) > 0:\n\t\treturn nil\n\tcase disabled:"},
		{"an attempt that was under way is retried though it was disabled", settle, "if q.hook.IsActive {\n\t\t\tq.record(now, j.Delivery)\n\t\t} else {", "if true {\n\t\t\tq.record(now, j.Delivery)\n\t\t} else {"},
		{"events go to disabled webhooks", queue, "if !q.hook.IsActive {\n\t\treturn Delivery{}, ErrInactive\n\t}\n\tif filter", "if filter"},
		{"filters are ignored", queue, "filter != \"\" && !q.hook", "filter == \"x\" && !q.hook"},
		{"the old secret goes on signing", hook, "w.SigningSecret, w.UpdatedAt = secret, now", "w.UpdatedAt = now"},
		{"a rotation is not written down", queue, "q.hook.Rotate(secret, now)\n\tq.record(now)", "q.hook.Rotate(secret, now)"},
		{"a replay has an id of its own", dispatcher, "q.take(\"\", earlier.EventID,", "q.take(\"\", earlier.ID,"},
		{"a removed webhook is still attempted", dispatcher, "\tq.remove()\n", "\tq.d.save(Entry{Webhook: &q.hook, Removed: true})\n"},

		{"a restart forgets waiting retries", dispatcher, "for _, x := range unfinished {\n", "for _, x := range unfinished {\n\t\tif len(x.Attempts) > 0 {\n\t\t\tcontinue\n\t\t}\n"},
		{"a restart makes waiting retries at once", dispatcher, "q.add(x.Clone())", "x.DueAt = d.cfg.Clock.Now()\n\t\t\tq.add(x.Clone())"},
		{"a restart counts deliveries from the beginning", dispatcher, "\td.made = made\n", ""},
		{"a restart drops what was due meanwhile", state, "for _, e := range planned {\n", "for _, e := range planned {\n\t\tif e.CreatedAt.Before(s.clock.Now()) {\n\t\t\tcontinue\n\t\t}\n"},
		{"a restart mixes up what was due meanwhile", state, "return a.CreatedAt.Compare(b.CreatedAt)", "return 0"},
		{"a restart forgets the simulation time", state, "case last.After(cfg.Start):\n\t\treturn last.UTC()\n", "case last.After(cfg.Start):\n\t\treturn cfg.Wall().Truncate(time.Second).UTC()\n"},
		{"simulation time is not written down", state, "c.Wall = clock.WallAt(t.clock, c.At)", "c.At, c.Wall = time.Time{}, clock.Wall()"},
		{"what is accepted is not safe yet", state, "return fmt.Errorf(\"history: %w\", err)\n\t}\n\treturn s.failure()", "return fmt.Errorf(\"history: %w\", err)\n\t}\n\treturn nil"},
		{"a switch by hand is not safe yet", webhooks, "if err := s.dispatcher.SetActive(id, active); err != nil {\n\t\treturn err\n\t}\n\treturn s.failure()", "return s.dispatcher.SetActive(id, active)"},
		{"shutting down cuts short what is under way", simulator, "\ts.dispatcher.Finish(ctx)\n", ""},
		{"shutting down lets more begin", dispatcher, "\td.closed = true\n\td.mu.Unlock()\n\tfor _, q := range d.all() {\n\t\tq.forget()\n\t}\n\tended :=", "\td.mu.Unlock()\n\tended :="},
		{"what has happened stays planned", memory, "m.planned.drop(eventID)", "m.planned.drop(e.Subject())"},
		{"what was cancelled stays planned", memory, "\tfor _, id := range c.Cancelled {\n\t\tm.noLongerPlanned(id)\n\t}\n", ""},
		{"a decision does not end the review", traffic, "s.endReview(e.Template.TemplateID)", "s.endReview(uuid.Nil)"},
		{"a review that is submitted again goes on", traffic, "s.endReview(t.ID)", "s.endReview(uuid.Nil)"},
		{"a decision swallows what was due", state, "\ts.happenUntil(c, s.clock.Now())\n", ""},
		{"edited templates are forgotten", memory, "m.templates.change(c.Edited.ID, func(t *Template) { t.edit(*c.Edited) })", ""},
		{"removed templates stay", memory, "\tm.templates.drop(c.RemovedTemplate)\n", ""},
		{"an edit takes back what a review has decided", "history/message.go", "\tt.Name, t.Language, t.Category, t.Definition, t.UpdatedAt = to.Name, to.Language, to.Category, to.Definition, to.UpdatedAt\n", "\tto.Status = TemplateDraft\n\t*t = to\n"},
		{"a restart forgets opt-outs", memory, "\t\tm.notes[key] = text\n", ""},
		{"an opt-in does not outlive a restart", contacts, "\tnotes[noteOptedOut+number] = \"\"\n", ""},
		{"only the network's signals are opt-outs", contacts, "c.hear(signal, in.From, notes)", "_ = signal"},
		{"a reply says what held when its message was sent", state, "e := s.contacts.settled(c.events[0])", "e := c.events[0]"},
		{"the limit drops messages with events to come", memory, "m.messages.len() > m.limit && m.coming[m.messages.first().ID] == 0", "m.messages.len() > m.limit"},
		{"behind one that is not over the limit drops all messages", memory, "excess > 0 && m.coming[message.ID] == 0", "excess > 0"},
		{"the limit drops what is not over", memory, "len(rows) > m.limit && rows[0].Done()", "len(rows) > m.limit"},
		{"a removed webhook's deliveries stay", memory, "\t\tdelete(m.byWebhook, c.Removed)\n", ""},
		{"forgotten answers stay", "history/answer.go", "\t\tdelete(l.byKey, key)\n", "\t\t_ = key\n"},
		{"an answer is forgotten with the earlier ones to its key", memory, "\tm.answers.save(c)\n", "\tm.answers.save(c)\n\tm.answers.save(Change{Forgotten: c.Forgotten})\n"},
		{"answers are not remembered", memory, "\tm.answers.save(c)\n", ""},
		{"the deliveries of the last webhook only are remembered", memory, "for _, d := range rows {\n\t\t\tif !d.Done()", "s.Waiting = nil\n\t\tfor _, d := range rows {\n\t\t\tif !d.Done()"},
	}
}
