package receiver

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// sent is a request that reached the stand-in for Sent's API.
type sent struct {
	To             []string `json:"to"`
	Text           string   `json:"text"`
	Channel        []string `json:"channel"`
	key, idem, url string
}

// api stands in for Sent's API. It hands out each request and answers with what
// answers yields, 202 once that is used up.
func api(t *testing.T, answers ...int) (baseURL string, requests <-chan sent) {
	t.Helper()
	ch, i := make(chan sent), 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got := sent{key: r.Header.Get("x-api-key"), idem: r.Header.Get("Idempotency-Key"), url: r.Method + " " + r.URL.Path}
		if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
			t.Error(err)
		}
		status := http.StatusAccepted
		if i < len(answers) {
			status = answers[i]
		}
		i++ // requests come one at a time
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(status)
		select {
		case ch <- got:
		case <-t.Context().Done():
		}
	}))
	t.Cleanup(server.Close)
	return server.URL, ch
}

// next waits for the next request.
func next(t *testing.T, requests <-chan sent) sent {
	t.Helper()
	select {
	case got := <-requests:
		return got
	case <-time.After(20 * time.Second):
		t.Fatal("no reply came")
		return sent{}
	}
}

// Replies come in the order of their messages, so what is answered next shows
// what was not answered before.
func TestRepliesOncePerMessageAndNeverToStop(t *testing.T) {
	url, requests := api(t)
	s := start(t, Config{BaseURL: url + "/", APIKey: "key"})
	s.accepts(received("+14155550101", "Hi!", "T"), received("+14155550101", "Hi!", "T"))
	got := next(t, requests)
	if want := "POST /v3/messages"; got.url != want || got.key != "key" || got.Text == "" || got.idem == "" ||
		fmt.Sprint(got.To, got.Channel) != "[+14155550101] [sms]" {
		t.Errorf("the reply is %+v", got)
	}
	for i, text := range []string{"STOP", "stop", " Stop \n", "StopAll", "unsubscribe", "CANCEL", "end", "quit", "Stop.", "", "  "} {
		s.accepts(received("+14155550101", text, fmt.Sprint("T", i)))
	}
	s.accepts(strings.Replace(received("+14155550101", "x", "N"), `"x"`, "null", 1))
	s.accepts(outbound("m", "DELIVERED"), templated("t", "APPROVED"), received("+14155550101", "Hi!", "T"))
	s.accepts(strings.Replace(received("14155550102", "stopping by", "T"), `"sms"`, `"rcs"`, 1))
	if got := next(t, requests); fmt.Sprint(got.To, got.Channel) != "[+14155550102] [rcs]" {
		t.Errorf("an answer to what wants none: %+v", got)
	}
}

func TestReplyIsTriedAgainUnderOneKey(t *testing.T) {
	// Not followed: a redirect would carry the API key elsewhere.
	url, requests := api(t, http.StatusTemporaryRedirect)
	s := start(t, Config{BaseURL: url})
	s.accepts(received("+1", "a", "T"), received("+2", "b", "T"))
	first, again, other := next(t, requests), next(t, requests), next(t, requests)
	if first.idem != again.idem || again.To[0] != "+1" || again.url != first.url {
		t.Errorf("the second try %+v is not the first %+v again", again, first)
	}
	if other.To[0] != "+2" || other.idem == first.idem {
		t.Errorf("after that comes %+v", other)
	}
}

func TestReplyOutlivesTheReceiver(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state.db")
	broken := httptest.NewServer(http.NotFoundHandler())
	broken.Close()
	first := start(t, Config{File: file, BaseURL: broken.URL})
	first.accepts(received("+1", "a", "T"))
	first.close() // in the pause between two tries, or before the first

	url, requests := api(t)
	second := start(t, Config{File: file, BaseURL: url})
	if got := next(t, requests); got.To[0] != "+1" {
		t.Errorf("left behind was %+v", got)
	}
	second.accepts(received("+1", "a", "T"), received("+2", "b", "T"))
	if got := next(t, requests); got.To[0] != "+2" {
		t.Errorf("a second reply: %+v", got)
	}
}

func TestNeverRepliesWithoutAnAddress(t *testing.T) {
	s := start(t, Config{})
	s.accepts(received("+1", "a", "T"))
	if _, _, _, ok, err := s.receiver.Store.nextReply(t.Context()); ok || err != nil {
		t.Errorf("a reply waits: %t, %v", ok, err)
	}
}
