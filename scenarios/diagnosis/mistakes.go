package diagnosis

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/signing"
)

// knownMistake tries what receivers are known to do wrong, as signers: where one
// of them gets another answer than the same signature spoilt does, the receiver
// makes that mistake.
func (i *investigation) knownMistake() *report.Diagnosis {
	return i.oneOf("ways that receivers are known to get wrong", append(signing.Mistakes(), signing.AddressMistakes(http.MethodPost, i.r.URL)...))
}

// otherAlphabet tries the mistakes that spoil only some signatures. They come
// first: a receiver that takes one delivery in four seems to take any change.
func (i *investigation) otherAlphabet() *report.Diagnosis {
	return i.oneOf("other base64 alphabets", slices.DeleteFunc(signing.Mistakes(), func(m signing.Mistake) bool { return !strings.HasPrefix(m.Name, "urlsafe-") }))
}

func (i *investigation) oneOf(what string, all []signing.Mistake) *report.Diagnosis {
	tried := 0
	for some := range slices.Chunk(all, max(1, i.width, sideBySide)) {
		d, n := i.oneOfFew(some)
		if tried += n; d != nil {
			return d
		}
	}
	i.tried = append(i.tried, fmt.Sprintf("signed in %d %s: none made a difference", tried, what))
	return nil
}

// oneOfFew is oneOf for as many as are sent side by side: all of them are signed at
// once, and none is old when it arrives.
func (i *investigation) oneOfFew(all []signing.Mistake) (found *report.Diagnosis, tried int) {
	body := i.plainBody() // one for all of them: most sign each in their own way
	var mistakes []signing.Mistake
	var requests []delivery.Request
	for _, m := range all {
		if i.endless && m.Name == "timestamp-milliseconds" {
			continue // that is far ahead too, and shows no unit
		}
		if r, ok := i.signedWith(m, body); ok {
			mistakes, requests = append(mistakes, m), append(requests, r)
		}
	}
	i.ahead(requests)
	for n, m := range mistakes {
		if i.over() {
			break
		}
		tried++
		what, a := i.try(requests[n])
		if what != accepted && what != changed {
			continue
		}
		return i.mistakeFound(m.Name, strings.TrimPrefix(m.Summary, "the receiver "), m.Fix, what, a), tried
	}
	return nil, tried
}

// mistakeFound is the diagnosis of a mistake that a signature with it has shown.
func (i *investigation) mistakeFound(name, does, fix string, what effect, a answer) *report.Diagnosis {
	i.note("signed with the mistake "+name, a.Outcome)
	d := &report.Diagnosis{
		Cause:   name,
		Summary: "the receiver makes a known mistake: " + does + "; signed like that, the delivery gets " + i.seen(a.Outcome),
		Fix:     fix,
	}
	if what == changed {
		d.Summary += ", and with that signature spoilt " + i.seen(i.facts.worthless.Outcome) + " as always"
	}
	if i.r.Started && (name == "empty-key" || strings.HasPrefix(name, "key-is-")) {
		d.Fix += " It was given in " + i.r.SecretEnv + ": if the receiver reads another variable, name that with --secret-env NAME (target.secret_env in the config file)."
	}
	return d
}

// signedWith is a delivery as a receiver with that mistake wants it signed. Some
// make no difference to some events; after a few tries it gives up.
func (i *investigation) signedWith(m signing.Mistake, body []byte) (delivery.Request, bool) {
	const tries = 8
	for n := range tries {
		if n > 0 {
			body = i.plainBody()
		}
		r := i.plainSigned(body, i.now())
		signed := m.Sign(i.r.Secret, r.Get(signing.HeaderID), i.now(), r.Body)
		if len(signed.Headers) == 0 {
			continue
		}
		return withSignature(r, signed), true
	}
	return delivery.Request{}, false
}

func withSignature(r delivery.Request, signed signing.Signed) delivery.Request {
	r = unsigned(r)
	for _, h := range signed.Headers {
		r.Headers = append(r.Headers, delivery.Header{Name: h.Name, Value: h.Value})
	}
	return r
}

// Sometimes looks for a known mistake of a receiver that took one genuine delivery
// and refuses another: some, as the other base64 alphabet, spoil only some
// signatures or bodies, and a tight tolerance takes what comes early in a second. Nil
// where none is found, or the refusal is not the one that a wrong signature gets.
func Sometimes(ctx context.Context, r Receiver, refused delivery.Outcome) *report.Diagnosis {
	i := begin(ctx, r, refused)
	i.tried = nil
	i.note("a genuine delivery, after one that was accepted", refused)
	d := i.tightTolerance()
	if i.facts.worthless = i.send(spoilt(i.genuine())); d == nil && printOf(refused, i.r.URL) == i.facts.worthless.print {
		d = first(i.knownMistake, i.otherRequest, i.changedBody)
	}
	if d != nil {
		d.Evidence = i.tried
	}
	return d
}

// first asks one question after another until one has an answer.
func first(questions ...func() *report.Diagnosis) *report.Diagnosis {
	for _, ask := range questions {
		if d := ask(); d != nil {
			return d
		}
	}
	return nil
}
