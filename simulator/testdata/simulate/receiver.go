package main

import (
	"context"
	"hash/fnv"
	"time"

	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/seed"
)

// mood is how a receiver behaves for a while.
type mood string

const (
	healthy  mood = "healthy"
	refusing mood = "refusing everything"
	flaky    mood = "refusing every other request"
	slow     mood = "slow"
	hanging  mood = "not answering"
	down     mood = "down"
	breaking mood = "breaking connections"
	losing   mood = "processing, and losing acknowledgements"
	odd      mood = "odd: redirects, bad TLS, garbage, trouble of our own"
)

func moods() []mood {
	return []mood{healthy, healthy, refusing, refusing, flaky, flaky, slow, hanging, down, breaking, losing, odd}
}

// answer is what a receiver does with one request: how long it takes, and how
// that looks to the sender. took says that the receiver has processed it.
type answer struct {
	after   time.Duration
	outcome delivery.Outcome
	took    bool
}

// answerOf decides by what is asked and how often, never by who asks first:
// requests of the same instant come in any order.
func (w *world) answerOf(m mood, receiver int, body []byte, timeout time.Duration) answer {
	h := fnv.New64a()
	_, _ = h.Write(body)
	key := h.Sum64() ^ uint64(receiver) //nolint:gosec // a small number
	w.asked[key]++
	st := w.plan.seed.Stream("answer", key, w.asked[key])
	// Some nanoseconds more, so that no two attempts end at the same instant.
	a := answer{after: st.Between(time.Millisecond, time.Second) + time.Duration(st.IntN(1e6))}
	took, refused := delivery.Outcome{Kind: delivery.Answered, Status: 200}, delivery.Outcome{Kind: delivery.Answered, Status: seed.Pick(st, []int{400, 404, 429, 500, 503})}
	a.outcome, a.took = took, true
	switch m {
	case healthy:
	case refusing:
		a.outcome, a.took = refused, false
	case flaky:
		if st.Chance(0.5) {
			a.outcome, a.took = refused, false
		}
	case slow:
		a.after = st.Between(time.Second, timeout+timeout/2) + time.Duration(st.IntN(1e6))
	case hanging:
		a.after = timeout + time.Hour
	case down:
		a.outcome, a.took = failed(delivery.Refused, "connection refused"), false
	case breaking:
		a.outcome, a.took = failed(delivery.Reset, "connection reset"), false
	case losing:
		a.outcome = failed(delivery.Reset, "the connection broke before the response was complete")
	case odd:
		a.took = false
		a.outcome = seed.Pick(st, []delivery.Outcome{
			{Kind: delivery.Answered, Status: 301},
			failed(delivery.TLS, "bad certificate"),
			failed(delivery.Malformed, "not HTTP"),
			failed(delivery.Unreached, "no route"),
			failed(delivery.Cancelled, "no more files can be opened"),
			{Kind: delivery.Answered, Status: 299},
		})
		a.took = a.outcome.Status == 299
	}
	if a.after > timeout {
		a.after = timeout + time.Duration(st.IntN(1e6))
		a.outcome = failed(delivery.Timeout, "no response in time")
	}
	return a
}

func failed(k delivery.Kind, text string) delivery.Outcome {
	return delivery.Outcome{Kind: k, Err: text}
}

// sender is the network of one life of the platform.
type sender struct{ *life }

// Send implements delivery.Sender: the answer takes its time on the virtual clock.
func (s sender) Send(ctx context.Context, r delivery.Request, timeout time.Duration) delivery.Outcome {
	q, a := s.started(r, timeout)
	if q == nil { // it died meanwhile: time stands still for it
		if !s.testing() {
			<-ctx.Done()
		}
		return failed(delivery.Cancelled, "stopped")
	}
	if q.test { // whoever makes a test delivery lets no time pass
		a.after = 0
	} else if err := s.clock.Sleep(ctx, a.after); err != nil {
		s.cutShort(q)
		return failed(delivery.Cancelled, "stopped")
	}
	s.answered(q, a)
	return a.outcome
}
