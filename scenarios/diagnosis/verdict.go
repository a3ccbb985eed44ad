package diagnosis

import (
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/sentsim/sentsim/scenarios/exchange"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/simulator/delivery"
)

// seen is an answer in a few words, with the first line of what it says.
func (i *investigation) seen(o delivery.Outcome) string {
	said := exchange.Seen(o)
	if q := quote(o); q != "" {
		said += " " + q
	}
	return i.r.Redact(said)
}

// ofSignature are texts that only somebody writes who has looked at the signature.
var ofSignature = regexp.MustCompile(`(?i)signature|\bsig\b|assinatura|handtekening|podpis|подпис|签名|簽名|署名|서명|imza|\bhmac\b|digest|webhook (verification|authentication)|verification failed|not authentic\b|could not be verified|(could not|cannot|unable to) verify (the |this )?(webhook|request|payload|message|origin|sender|event)|unverified|signatur|firma (inv|no)|invalid (webhook )?sign|tamper|mismatch`)

// saysNoMore are the words of a refusal that gives no reason, ids and times put by
// steady among them. One that says more speaks of something else than the
// signature: a login, a plan, a query.
var saysNoMore = regexp.MustCompile(
	`(?is:the server could not verify that you are authorized.*?credentials required|you don.t have the permission.*?by the server|the browser \(or proxy\) sent.*?understand)|` + // Flask
		`(?i:\b(\w*errors?|message|msg|status|status_?code|code|details?|title|type|ok|success|reason|description|name|exception|true|false|null|unauthori[sz]ed|not|authori[sz]ed|authenticated|forbidden|bad|invalid|rejected|refused|denied|access|request|webhooks?|event|delivery|payload|failed|failure|action|resource|permission|allowed|this|is|are|was|you|do|have|to|the|an?|for|on|and|go|away|nope|no|https?|at|id|\w*(request|trace|correlation)\w*id)\b|about:blank)|\b(PATH|TIME|TOKEN|N)\b|[\d\W_]`)

// ofSomethingElse are texts of somebody who has got past the headers and refuses
// for a reason of his own: what he has looked up is unknown, off, or there already.
var ofSomethingElse = regexp.MustCompile(`(?i)already|duplicate|unknown|not (been )?(found|registered|known|active|enabled)|no (such )?(webhook|account|integration|endpoint|tenant)|(id|account|tenant)\b.{0,20}(does not|doesn.t|not) match|suspended|inactive|disabled|locked|maintenance|deploy|subscription|expired|trial|quota|payment|feature|configuration`)

// onlyNotFound is how a receiver hides what it refuses.
var onlyNotFound = regexp.MustCompile(`(?is)^\W*(\w*(error|message|status|code|details?|title)\W+)?(404\W+)?not found\W*$`)

// lookedAtSignature says how the answers show that the signature was looked at; "" where they do not.
func (i *investigation) lookedAtSignature() string {
	f := i.facts
	said := steady(words(i.plain), i.r.URL)
	elsewhere := f.nowhere.print != "" && !i.same(f.nowhere, f.again)
	switch {
	case ofSignature.MatchString(words(i.plain)) && (!i.same(f.nowhere, f.again) || !isPage(i.plain)):
		return "its answer speaks of the signature"
	case i.plain.Status >= http.StatusInternalServerError && i.logSpeaks() != "":
		return "its output speaks of the signature: " + i.logSpeaks()
	case !isRefusal(i.plain.Status) && (i.plain.Status != http.StatusNotFound || !elsewhere):
		return ""
	case f.unsigned.print != "" && !i.same(f.unsigned, f.again) && !ofSomethingElse.MatchString(said):
		return "a request without signature headers gets another answer"
	case elsewhere && saysNoMore.ReplaceAllString(onlyNotFound.ReplaceAllString(said, ""), "") == "":
		return "a path that does not exist gets another answer, so it is the webhook's own code that refuses"
	}
	return ""
}

// logSpeaks is the last line of the receiver's output that finds fault with a
// signature; "" where there is none.
func (i *investigation) logSpeaks() string {
	for _, line := range slices.Backward(i.r.Log()) {
		if ofSignature.MatchString(line) && foundWrong.MatchString(line) {
			return i.r.Redact(strings.TrimSpace(line))
		}
	}
	return ""
}

func isPage(o delivery.Outcome) bool { return looksLikeHTML(o.Body) }

// isRefusal are the statuses with which receivers refuse a signature.
func isRefusal(status int) bool {
	return status == http.StatusBadRequest || status == http.StatusUnauthorized || status == http.StatusForbidden
}

// conclude is for a refusal that no experiment has explained.
func (i *investigation) conclude() *report.Diagnosis {
	looked := i.lookedAtSignature()
	switch {
	case i.facts.again.Accepted():
		return i.intermittent()
	case i.plain.Status >= http.StatusInternalServerError && looked == "":
		return i.serverError()
	case looked != "" && (i.ended == "" || i.onlyPairsLeft()) && i.ctx.Err() == nil:
		pairs := ""
		if i.ended != "" {
			pairs = " (of two mistakes at once not all were tried: " + i.ended + ")"
		}
		return &report.Diagnosis{
			Cause:   "wrong-secret",
			Summary: "the receiver looks at the signature and refuses it (" + i.seen(i.plain) + "; " + looked + "), and no known mistake with key, body, time or headers explains it" + pairs + ": most likely it verifies with another secret than sentsim signs with",
			Fix:     "Give both the same signing secret, the whole text with whsec_: " + i.secretHint() + " If they are the same, capture a request and give it to `sentsim explain`.",
		}
	case looked != "":
		return i.cannotTell(looked + ", and the experiments ended before all known mistakes had been tried (" + i.ended + "); " + i.account())
	case i.everywhere():
		return &report.Diagnosis{
			Cause: "never-looked",
			Summary: "every request gets the same answer, " + i.seen(i.plain) + ": a genuine delivery, one without a signature, and one to a path that does not exist. " +
				"So nothing shows that the signature was ever looked at: either something ahead of the webhook's code answers (a firewall, a login, an API key, a CSRF check), or the receiver refuses everything, as it does when its signing secret differs",
			Fix: "Find out who writes this answer: look for it in the receiver's log and code. If the receiver never saw the request, exempt the webhook's path from the check that answers; if it did, compare its signing secret with sentsim's: " + i.secretHint(),
		}
	}
	if i.plain.Status == http.StatusNotFound && bareNotFound.MatchString(words(i.plain)) {
		return i.cannotTell("its text does not say what was not found: that may be the path, where another router answers below this one, or how the webhook's code hides what it refuses")
	}
	if i.facts.worthless.print != "" && i.same(i.facts.again, i.facts.worthless) && ofSomethingElse.MatchString(words(i.plain)) {
		return i.saysSomethingElse()
	}
	why := "the answers do not show whether the signature was looked at"
	if i.ended != "" {
		why += ", and " + i.ended
		if told := i.account(); told != "" {
			why += "; " + told
		}
	}
	return i.cannotTell(why)
}

// onlyPairsLeft reports whether the time was up when each known mistake had been tried by
// itself, and only those were left that come together with another name or clock.
func (i *investigation) onlyPairsLeft() bool {
	return i.timeUp && !slices.ContainsFunc(i.untried, func(q string) bool {
		return !strings.HasPrefix(q, aboutNames) && !strings.HasPrefix(q, aboutClock)
	})
}

// intermittent is for a receiver that refuses one delivery and takes the next.
func (i *investigation) intermittent() *report.Diagnosis {
	return &report.Diagnosis{
		Cause:   "intermittent",
		Summary: "a genuine delivery was refused (" + i.seen(i.plain) + "), and the next one was accepted: it does not depend on the signature alone",
		Fix:     "Look for what differs from one delivery to the next: a first request that finds the receiver not ready, several instances of which one has another configuration, a body with a character that is changed." + i.lastLine(),
	}
}

// comesAndGoes is for a receiver of which several instances answer in turns, and not all
// of them refuse: the very same delivery is taken, refused and taken again, which neither
// its signature nor the time explains. Experiments and their controls would come to two
// instances, and seem to show something.
func (i *investigation) comesAndGoes() *report.Diagnosis {
	if i.slow() || i.facts.worthless.Accepted() {
		return nil
	}
	const instances = 4
	for range instances {
		r := i.genuine()
		if !i.send(r).Accepted() {
			continue
		}
		refused := false
		for range 2 * instances {
			switch a := i.send(r); {
			case a.Kind == delivery.Answered && !a.Accepted():
				refused = true
			case refused && a.Accepted():
				i.tried = append(i.tried, "the very same delivery was taken, refused, and taken again")
				d := i.intermittent()
				d.Summary = "the very same genuine delivery is taken one time and refused the next (" + i.seen(i.plain) + "): it does not depend on what is sent"
				return d
			}
		}
		return nil
	}
	return nil
}

// hasPassed is for a receiver that takes by now what it refused before, and a new genuine
// delivery, and no spoilt one. A new one alone may be one that it always took: that
// depends on the characters of its signature where it has another alphabet in mind.
func (i *investigation) hasPassed() *report.Diagnosis {
	if i.facts.again.Accepted() {
		return nil
	}
	last, a := i.try(i.genuine())
	if last != accepted {
		return nil
	}
	second, b := i.try(i.facts.second)
	if second != accepted {
		return nil
	}
	i.note("a last genuine delivery", a.Outcome)
	i.note("the second one once more", b.Outcome)
	return &report.Diagnosis{
		Cause:   "intermittent",
		Summary: "genuine deliveries were refused at first (" + i.seen(i.plain) + "), and at last they were accepted, the very same one as well: what refuses them has passed, or comes and goes",
		Fix:     "Look for what passes by itself: a limit on requests, a lockout, a receiver that listens before it is ready, several instances of which one has another configuration." + i.lastLine(),
	}
}

// lockedOut is for a receiver that turns everything away after the first deliveries
// that it refused: what it refused them for does not show any more.
func (i *investigation) lockedOut() *report.Diagnosis {
	f := i.facts
	o := f.again.Outcome
	if o.Status == i.plain.Status || o.Status != http.StatusForbidden && o.Status != http.StatusServiceUnavailable && o.Status != http.StatusTooManyRequests ||
		f.again.print != f.worthless.print || f.again.print != f.unsigned.print {
		return nil
	}
	return &report.Diagnosis{
		Cause: "locked-out",
		Summary: "the first genuine delivery is refused with " + i.seen(i.plain) + ", and since then every request gets " + i.seen(o) +
			": the receiver locks out whoever has failed, and why the first one failed does not show any more",
		Fix: "Take the lockout off the webhook's path: whoever forges deliveries locks Sent out with it (SIG-1). Then start the receiver anew and run this again; if the first delivery is refused still, compare its signing secret with sentsim's: " + i.secretHint(),
	}
}

// same compares two answers, by their status alone where two equal requests get different texts.
func (i *investigation) same(a, b answer) bool {
	if i.facts.flickers {
		return a.Kind == b.Kind && a.Status == b.Status
	}
	return a.print == b.print
}

// everywhere reports whether every request got one and the same answer.
func (i *investigation) everywhere() bool {
	f := i.facts
	return f.again.print != "" && i.neverLooked() && i.same(f.again, f.nowhere)
}

// neverLooked reports whether signed or not makes no difference.
func (i *investigation) neverLooked() bool {
	f := i.facts
	return f.again.print == "" || i.same(f.again, f.unsigned) && i.same(f.again, f.worthless)
}

func (i *investigation) cannotTell(why string) *report.Diagnosis {
	return &report.Diagnosis{
		Cause:   "cannot-tell",
		Summary: "the genuine delivery is refused with " + i.seen(i.plain) + ", and why cannot be told from outside: " + why,
		Fix:     "Look for this answer in the receiver's log and code. What was tried stands below; a captured request can be given to `sentsim explain`." + i.lastLine(),
	}
}

// saysSomethingElse is for a text that is about no signature, and that a wrong one
// gets as well.
func (i *investigation) saysSomethingElse() *report.Diagnosis {
	d := i.cannotTell("its text speaks of something else than the signature, and a spoilt one gets the same, so nothing shows that it was compared")
	if regexp.MustCompile(`(?i)webhook`).MatchString(words(i.plain)) {
		d.Fix += " If it looks the webhook up: sentsim's X-Webhook-ID is " + i.r.Webhook.String() + " with this seed."
	}
	if regexp.MustCompile(`(?i)already|duplicate`).MatchString(words(i.plain)) {
		d.Fix += " X-Webhook-ID is the webhook's and the same on every delivery: whoever deduplicates by it takes the first one only. Answer a duplicate with a 2xx."
	}
	return d
}

// secretHint says how the receiver got its secret.
func (i *investigation) secretHint() string {
	switch {
	case i.r.Handed:
		return "it was handed to the function that makes the handler."
	case i.r.Started:
		return "the receiver got it in the environment variable " + i.r.SecretEnv + " (--secret-env, or target.secret_env in the config file, names another)."
	}
	return "sentsim took it from --secret, SENT_DM_WEBHOOK_SECRET or target.secret in the config file."
}

// lastLine quotes the last line of the receiver's output, as a sentence.
func (i *investigation) lastLine() string {
	lines := i.r.Log()
	for n := len(lines) - 1; n >= 0; n-- {
		if line := strings.TrimSpace(lines[n]); line != "" {
			return " The last line of its output: " + i.r.Redact(line)
		}
	}
	return ""
}
