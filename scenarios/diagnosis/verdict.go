package diagnosis

import (
	"net/http"
	"regexp"
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

// lookedAtSignature says how the answers show that the signature was looked at; "" where they do not.
func (i *investigation) lookedAtSignature() string {
	f := i.facts
	switch {
	case ofSignature.MatchString(words(i.plain)) && (!i.same(f.nowhere, f.again) || !isPage(i.plain)):
		return "its answer speaks of the signature"
	case f.unsigned.print != "" && !i.same(f.unsigned, f.again):
		return "a request without signature headers gets another answer"
	case f.nowhere.print != "" && !i.same(f.nowhere, f.again) && isRefusal(i.plain.Status) && saysNoMore.ReplaceAllString(steady(words(i.plain), i.r.URL), "") == "":
		return "a path that does not exist gets another answer, so it is the webhook's own code that refuses"
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
	case i.plain.Status >= http.StatusInternalServerError && !ofSignature.MatchString(words(i.plain)):
		return i.serverError()
	case i.facts.again.Accepted():
		return &report.Diagnosis{
			Cause:   "intermittent",
			Summary: "a genuine delivery was refused (" + i.seen(i.plain) + "), and the next one was accepted: it does not depend on the signature alone",
			Fix:     "Look for what differs from one delivery to the next: a first request that finds the receiver not ready, several instances of which one has another configuration, a body with a character that is changed." + i.lastLine(),
		}
	case looked != "" && i.ended == "" && i.ctx.Err() == nil:
		return &report.Diagnosis{
			Cause:   "wrong-secret",
			Summary: "the receiver looks at the signature and refuses it (" + i.seen(i.plain) + "; " + looked + "), and no known mistake with key, body, time or headers explains it: most likely it verifies with another secret than sentsim signs with",
			Fix:     "Give both the same signing secret, the whole text with whsec_: " + i.secretHint() + " If they are the same, capture a request and give it to `sentsim explain`.",
		}
	case looked != "":
		return i.cannotTell(looked + ", and the experiments ended before all known mistakes had been tried")
	case i.everywhere():
		return &report.Diagnosis{
			Cause: "never-looked",
			Summary: "every request gets the same answer, " + i.seen(i.plain) + ": a genuine delivery, one without a signature, and one to a path that does not exist. " +
				"So nothing shows that the signature was ever looked at: either something ahead of the webhook's code answers (a firewall, a login, an API key, a CSRF check), or the receiver refuses everything, as it does when its signing secret differs",
			Fix: "Find out who writes this answer: look for it in the receiver's log and code. If the receiver never saw the request, exempt the webhook's path from the check that answers; if it did, compare its signing secret with sentsim's: " + i.secretHint(),
		}
	}
	return i.cannotTell("the answers do not show whether the signature was looked at")
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

// secretHint says how the receiver got its secret.
func (i *investigation) secretHint() string {
	if i.r.Started {
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
