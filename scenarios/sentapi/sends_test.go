package sentapi

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"
)

// The ids that the receiver is answered are there, in order, before it has them.
func TestTheIdsThatWereAnswered(t *testing.T) {
	s := start(t)
	call(t, s, "POST", "/v3/messages", `{"to":["+15550001111"],"text":"before"}`)
	mark := s.Mark()
	_, body := call(t, s, "POST", "/v3/messages", `{"to":["+15550002222","+15550003333"],"channel":["rcs"],"text":"x"}`, "Idempotency-Key", "k")
	call(t, s, "POST", "/v3/messages", `{"to":["+15550002222"],"text":"tried","sandbox":true}`)
	call(t, s, "POST", "/v3/messages", `{"to":["bob"],"text":"refused"}`)
	call(t, s, "POST", "/v3/messages", `{"to":["+15550002222","+15550003333"],"channel":["rcs"],"text":"x"}`, "Idempotency-Key", "k")
	got := s.Sends(mark)
	if len(got) != 4 || len(s.Sends(0)) != 5 {
		t.Fatalf("sends %+v", got)
	}
	for i, send := range got {
		want := gjson.Get(body, "data.recipients").Array()[i%2]
		if send.ID.String() != want.Get("message_id").String() || send.To != want.Get("to").String() || send.Channel != "rcs" ||
			send.Replayed != (i > 1) || time.Since(send.At) > time.Minute {
			t.Errorf("send %d is %+v, answered was %s", i, send, want.Raw)
		}
	}
	if first, err := s.Await(t.Context(), mark, nil); err != nil || first != got[0] {
		t.Errorf("Await: %+v, %v", first, err)
	}
}

func TestAwaitWaits(t *testing.T) {
	s := start(t)
	mark := s.Mark()
	type found struct {
		send Send
		err  error
	}
	waiting := make(chan found, 1)
	go func() {
		send, err := s.Await(t.Context(), mark, func(send Send) bool { return send.To == "+15550002222" })
		waiting <- found{send, err}
	}()
	call(t, s, "POST", "/v3/messages", `{"to":["+15550001111"],"text":"another"}`)
	_, body := call(t, s, "POST", "/v3/messages", `{"to":["+15550002222"],"text":"x"}`)
	if got := <-waiting; got.err != nil || got.send.ID.String() != gjson.Get(body, "data.recipients.0.message_id").String() {
		t.Errorf("%+v, answered was %s", got, body)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := s.Await(ctx, s.Mark(), nil); !errors.Is(err, ErrNoSend) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("nothing is sent: %v", err)
	}
}

// What Sent would refuse of a receiver's reply is an effect all the same.
func TestEverySendIsTaken(t *testing.T) {
	s := start(t)
	for _, body := range []string{
		`{"to":["15550002222"],"channel":["WhatsApp"],"text":"no plus, no conversation"}`,
		`{"to":["+15550002222"],"text":"` + strings.Repeat("x", 5000) + `"}`,
		`{"to":["+15550002222"],"template":{"name":"of its real account"}}`,
	} {
		if status, answer := call(t, s, "POST", "/v3/messages", body); status != http.StatusAccepted {
			t.Errorf("%.60s: %d %s", body, status, answer)
		}
	}
	if n := len(s.Sent("+15550002222")); n != 3 {
		t.Errorf("%d are counted", n)
	}
}
