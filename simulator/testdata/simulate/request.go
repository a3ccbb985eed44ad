package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/signing"
)

// started is what the network sees of an attempt that begins. It is nil for a
// life that is over.
func (l *life) started(r delivery.Request, timeout time.Duration) (*request, answer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.dead {
		return nil, answer{}
	}
	l.moveTo(l.clock.Now())
	l.requests++
	if l.stopping {
		l.violated(goodOrder, "an attempt began while it was shutting down")
	}
	q := &request{start: l.now, test: l.op != nil && l.op.kind == test}
	q.stamp, _ = strconv.ParseInt(r.Get(signing.HeaderTimestamp), 10, 64)
	id, _ := uuid.Parse(r.Get(signing.HeaderID))
	if q.hook = l.hook(id); q.hook == nil {
		l.violated(silence, "something was sent to a webhook that is not there: %s", id)
		q.hook = &hook{gone: true}
		return q, answer{outcome: failed(delivery.Refused, "nobody")}
	}
	l.checkRequest(q, r, timeout)
	if !q.test {
		l.assign(q, r.Body)
	}
	q.answer = l.answerOf(l.moods[receiverOf(q.hook.EndpointURL)], receiverOf(q.hook.EndpointURL), r.Body, timeout)
	return q, q.answer
}

// testing reports whether somebody waits for a test delivery, and lets no time pass.
func (l *life) testing() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.op != nil && l.op.kind == test
}

// checkRequest is about what does not depend on the delivery.
func (l *life) checkRequest(q *request, r delivery.Request, timeout time.Duration) {
	h := q.hook
	if !h.IsActive {
		l.violated(silence, "%s is disabled, and something was sent to it", l.name(h))
	}
	if l.stamped[q.stamp] || q.stamp > l.stamps {
		l.violated(secretLaw, "%s: the timestamp is not this attempt's own", l.name(h))
	}
	l.stamped[q.stamp] = true
	if want := sign(h.SigningSecret.Reveal(), h.ID.String(), q.stamp, r.Body); r.Get(signing.HeaderSignature) != want {
		l.violated(secretLaw, "%s: an attempt is not signed with the secret that holds now", l.name(h))
	}
	if r.URL != h.EndpointURL || timeout != time.Duration(h.TimeoutSeconds)*time.Second {
		l.violated(historyLaw, "%s: an attempt went to %s with %s to answer, and its settings say %s and %d s",
			l.name(h), r.URL, timeout, h.EndpointURL, h.TimeoutSeconds)
	}
}

// sign is the scheme of the contract's first section.
func sign(secret, id string, stamp int64, body []byte) string {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		return err.Error()
	}
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%d.%s", id, stamp, body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// assign finds the delivery that is attempted: the first that waits with this body.
func (l *life) assign(q *request, body []byte) {
	h := q.hook
	var waits bool
	for _, r := range h.open {
		if r.flight != nil || string(r.Body) != string(body) {
			continue
		}
		if waits = true; !r.DueAt.After(l.now) && (q.row == nil || l.before(r, q.row)) {
			q.row = r
		}
	}
	switch {
	case q.row == nil && waits:
		l.violated(early, "%s: a delivery was attempted before it was due", l.name(h))
		return
	case q.row == nil:
		l.violated(tooMany, "%s: something was sent that does not wait to be sent", l.name(h))
		return
	}
	q.row.flight = q
	h.flying++
	h.started = append(h.started, q.row)
	if h.flying > l.limit() {
		l.violated(orderLaw, "%s: %d attempts are under way, and %d are allowed", l.name(h), h.flying, l.limit())
	}
	if first := h.open[0]; l.plan.knobs.Order == delivery.Strict && first != q.row {
		l.violated(orderLaw, "%s: delivery %d was attempted while delivery %d is not over", l.name(h), q.row.Number, first.Number)
	}
}

// answered is the end of an attempt, as the sender sees it.
func (l *life) answered(q *request, a answer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.dead {
		return
	}
	l.moveTo(l.clock.Now())
	l.tell(q.start, "%s: %s answers after %s: %s", l.name(q.hook), about(q), a.after.Round(time.Millisecond), a.outcome)
	l.ended = append(l.ended, q)
	if q.row != nil {
		q.hook.flying--
	}
}

func about(q *request) string {
	if q.row == nil {
		return "the test delivery"
	}
	return fmt.Sprintf("attempt %d of delivery %d", len(q.row.Attempts)+1, q.row.Number)
}

// cutShort is an attempt that the end of the platform ended.
func (l *life) cutShort(q *request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.phantoms++
	if l.stopping {
		l.violated(goodOrder, "%s: %s was under way, and shutting down cut it short", l.name(q.hook), about(q))
	}
	if q.row != nil && !l.dead {
		q.hook.flying--
		q.row.flight = nil
	}
}

// endpoint is the URL of a receiver.
func endpoint(receiver int) string { return fmt.Sprintf("http://receiver.example/%d", receiver) }

func receiverOf(url string) int {
	n, _ := strconv.Atoi(url[strings.LastIndex(url, "/")+1:])
	return n % receivers
}
