package target

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/scenarios/sentapi"
	"github.com/sentsim/sentsim/simulator/event"
)

// The app of these tests sends orders: POST /orders calls Sent's API as its
// fields say, and answers.
type app struct {
	t   *testing.T
	api string
	// What it does with an order.
	late     time.Duration // it calls the API this long after it answered
	never    bool          // it stores what it was told
	number   string        // it writes to this number, not to the one that it was told
	national bool          // it writes to the number without the country's code
	channels []string      // that it sends on; none: the one that it was told
	key      string        // its API key
	status   int           // of its answer
	says     string        // likewise

	mu     sync.Mutex
	orders []string // bodies, or queries
	ids    map[string]string
	sends  sync.WaitGroup
}

const appKey = "app-key"

func (a *app) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var order struct{ Phone, Channel string }
	if json.Unmarshal(body, &order) != nil || order.Phone == "" {
		form, _ := url.ParseQuery(string(body) + r.URL.RawQuery)
		order.Phone, order.Channel = form.Get("phone"), form.Get("channel")
	}
	a.mu.Lock()
	a.orders = append(a.orders, string(body)+r.URL.RawQuery)
	a.mu.Unlock()
	switch {
	case a.never:
	case a.late > 0:
		a.sends.Add(1)
		time.AfterFunc(a.late, func() { defer a.sends.Done(); a.send(order.Phone, order.Channel) }) //nolint:contextcheck // after the answer
	default:
		a.send(order.Phone, order.Channel) //nolint:contextcheck // a call of the app's own
	}
	if a.status != 0 {
		w.WriteHeader(a.status)
	}
	_, _ = io.WriteString(w, a.says)
}

// send calls Sent's API and remembers the id that it gets.
func (a *app) send(phone, channel string) {
	to := phone
	if a.number != "" {
		to = a.number
	}
	if a.national {
		to = strings.TrimPrefix(phone, "+1")
	}
	channels := a.channels
	if channels == nil {
		channels = []string{channel}
	}
	body, _ := json.Marshal(map[string]any{"to": []string{to}, "channel": channels, "text": "your order"})
	req, _ := http.NewRequestWithContext(context.Background(), http.MethodPost, a.api+"/v3/messages", bytes.NewReader(body))
	req.Header.Set("X-Api-Key", appKey)
	if a.key != "" {
		req.Header.Set("X-Api-Key", a.key)
	}
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		a.t.Error(err)
		return
	}
	defer func() { _ = resp.Body.Close() }()
	var answer struct {
		Data struct {
			Recipients []struct {
				Channel   string
				MessageID string `json:"message_id"`
			}
		}
	}
	_ = json.NewDecoder(resp.Body).Decode(&answer)
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, r := range answer.Data.Recipients {
		a.ids[phone+" "+r.Channel] = r.MessageID
	}
}

// arranging is an app and what makes it send.
func arranging(t *testing.T, a *app, how Arrange, late time.Duration) *Arranger {
	t.Helper()
	api, err := sentapi.New("", appKey)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- api.Run(context.Background()) }()
	srv := httptest.NewServer(a)
	t.Cleanup(func() {
		srv.Close()
		a.sends.Wait()
		if err := errors.Join(api.Close(), <-done); err != nil {
			t.Error(err)
		}
	})
	a.t, a.api, a.ids = t, api.URL(), map[string]string{}
	spec := Spec{URL: srv.URL + "/webhooks/sent?token=hidden", Arrange: how}
	tgt, err := New(spec)
	if err != nil {
		t.Fatal(err)
	}
	arranger, err := NewArranger(spec, tgt, api, late)
	if err != nil {
		t.Fatal(err)
	}
	return arranger
}

func orders() Arrange {
	return Arrange{URL: "/orders", Body: `{"phone":"{to}","channel":"{channel}"}`}
}

func wanted(n int) Message {
	return Message{ID: uuid.New(), To: fmt.Sprintf("+1555%07d", n), From: "+15559990000", Channel: event.WhatsApp}
}

func TestArrangedMessages(t *testing.T) {
	told := Arrange{URL: "/orders", Body: `{"phone":"{to}","channel":"{channel}","id":"{message_id}"}`}
	for _, tt := range []struct {
		name string
		app  *app
		how  Arrange
		want string // the number and channel of the call; "" for none
	}{
		{"the app calls the API", &app{}, orders(), "+15550000001 whatsapp"},
		{"from a queue", &app{late: 100 * time.Millisecond}, orders(), "+15550000001 whatsapp"},
		{"from a queue, though it was told", &app{late: 100 * time.Millisecond}, told, "+15550000001 whatsapp"},
		{"on a channel of its own", &app{channels: []string{"sms"}}, orders(), "+15550000001 sms"},
		{"on several", &app{channels: []string{"rcs", "whatsapp", "sms"}}, orders(), "+15550000001 whatsapp"},
		{"from a queue, on several", &app{channels: []string{"rcs", "whatsapp"}, late: time.Millisecond}, orders(), "+15550000001 whatsapp"},
		{"without the country's code", &app{national: true}, orders(), "+5550000001 whatsapp"},
		{"to a number of its own", &app{number: "+15551234567"}, Arrange{URL: "/orders", Body: "{}"}, "+15551234567 sms"},
		{"with a redirect after a form", &app{status: 303}, Arrange{URL: "/orders", Body: "phone={to}&channel={channel}"}, "+15550000001 whatsapp"},
		{"by a query", &app{}, Arrange{Method: "GET", URL: "/orders?phone={to}&channel={channel}"}, "+15550000001 whatsapp"},
		{"it stores what it was told", &app{never: true, says: `{"message_id":"another"}`}, told, ""},
		{"it is told no id and calls nothing", &app{never: true}, orders(), ""},
		{"it writes to somebody else", &app{number: "+15551234567"}, orders(), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := tt.app
			if a.number != "" && tt.want != "" {
				a.channels = []string{"sms"}
			}
			if strings.HasPrefix(tt.how.Body, "phone") {
				tt.how.Headers = map[string]string{"X-Id": "{message_id}"}
			}
			m := wanted(1)
			got, err := arranging(t, a, tt.how, 400*time.Millisecond).Arrange(t.Context(), Env{}, m)
			if err != nil {
				t.Fatal(err)
			}
			if len(a.orders) != 1 {
				t.Errorf("asked %d times: %q", len(a.orders), a.orders)
			}
			if tt.want == "" {
				if got != (Arranged{Message: m}) {
					t.Errorf("got %+v, want what was asked for, %+v", got, m)
				}
				return
			}
			knows := func() bool { // which the app notes once it has read the answer to its call
				a.mu.Lock()
				defer a.mu.Unlock()
				return slices.Contains(slices.Collect(maps.Values(a.ids)), got.ID.String())
			}
			for end := time.Now().Add(10 * time.Second); !knows() && time.Now().Before(end); {
				time.Sleep(time.Millisecond)
			}
			if !got.Called || !knows() || got.From != m.From || got.To+" "+string(got.Channel) != tt.want {
				t.Errorf("got %+v, want %s", got, tt.want)
			}
		})
	}
}

// Side by side, every message is the one of its number, from a queue too; where
// the app writes to a number of its own, every call still belongs to one message.
func TestArrangementsSideBySide(t *testing.T) {
	for name, a := range map[string]*app{
		"at once": {}, "from a queue": {late: 50 * time.Millisecond}, "to a number of its own": {number: "+15551234567", channels: []string{"sms"}},
	} {
		t.Run(name, func(t *testing.T) {
			how := orders()
			if a.number != "" {
				how.Body = "{}"
			}
			arranger := arranging(t, a, how, 2*time.Second)
			const messages = 20
			ids := make(chan uuid.UUID, messages)
			var g sync.WaitGroup
			for n := range messages {
				g.Go(func() {
					m := wanted(n / 2) // two of each number
					got, err := arranger.Arrange(t.Context(), Env{}, m)
					if err != nil || !got.Called || a.number == "" && got.To != m.To {
						t.Errorf("%+v, %v", got, err)
					}
					ids <- got.ID
				})
			}
			g.Wait()
			close(ids)
			different := map[uuid.UUID]bool{}
			for id := range ids {
				different[id] = true
			}
			if len(a.orders) != messages || len(different) != messages {
				t.Errorf("asked %d times, and got %d messages, want %d", len(a.orders), len(different), messages)
			}
		})
	}
}

// An app that stores what it is told is waited for once only.
func TestNoCallIsWaitedForOnce(t *testing.T) {
	arranger := arranging(t, &app{never: true}, orders(), 300*time.Millisecond)
	begin := time.Now()
	for n := range 20 {
		if got, err := arranger.Arrange(t.Context(), Env{}, wanted(n)); err != nil || got.Called {
			t.Fatalf("%+v, %v", got, err)
		}
	}
	if took := time.Since(begin); took < 300*time.Millisecond || took > 5*time.Second {
		t.Errorf("took %s", took)
	}
}

func TestArrangementsThatFail(t *testing.T) {
	for _, tt := range []struct {
		name string
		app  *app
		how  Arrange
		want []string
	}{
		{"the app refuses", &app{never: true, status: 422, says: "\n  no such product, and my keys are whsec_c2VudHNpbSB0ZXN0 hidden-key\nat line 2"}, orders(), []string{"target.arrange: POST http://127.0.0.1:", "/orders answered 422: no such product, and my keys are whsec_*** ***"}},
		{"it fails without a word", &app{never: true, status: 500}, orders(), []string{"answered 500: with nothing in it"}},
		{"it wants a login", &app{never: true, status: 302}, orders(), []string{"answered 302, a redirect"}},
		{"the API refuses", &app{key: "wrong"}, orders(), []string{"the app called POST /v3/messages of Sent's API and was refused: 401 AUTH_002"}},
		{"a query is not shown", &app{never: true, status: 404}, Arrange{URL: "/orders?key=hidden"}, []string{"/orders answered 404"}},
		{"nobody is there", &app{}, Arrange{URL: "http://127.0.0.1:1/orders?key=hidden"}, []string{"POST http://127.0.0.1:1/orders: connection refused"}},
		{"the command fails", &app{}, Arrange{Exec: `sh -c 'echo "no database" >&2; exit 3' {to}`}, []string{"target.arrange: sh ended with exit status 3; its last lines: no database"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := arranging(t, tt.app, tt.how, 50*time.Millisecond).Arrange(t.Context(), Env{APIKey: "hidden-key"}, wanted(1))
			if err == nil {
				t.Fatalf("no error, but %+v", got)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "hidden") || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %q", err)
			}
		})
	}
}

// An app that called for one message and not for another leaves the second
// without an id: that is said, and nothing is guessed.
func TestACallThatIsMissing(t *testing.T) {
	a := &app{}
	arranger := arranging(t, a, orders(), 50*time.Millisecond)
	if _, err := arranger.Arrange(t.Context(), Env{}, wanted(1)); err != nil {
		t.Fatal(err)
	}
	a.never = true
	_, err := arranger.Arrange(t.Context(), Env{}, wanted(2))
	if err == nil || !strings.Contains(err.Error(), "did not call POST /v3/messages within 50ms") {
		t.Errorf("%v", err)
	}
}

func TestAnArrangementEndsWithItsContext(t *testing.T) {
	arranger := arranging(t, &app{never: true}, orders(), time.Minute)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	first, second := make(chan error), make(chan error)
	go func() { _, err := arranger.Arrange(ctx, Env{}, wanted(1)); first <- err }()
	go func() { _, err := arranger.Arrange(ctx, Env{}, wanted(1)); second <- err }()
	for _, ended := range []chan error{first, second} {
		if err := <-ended; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
	}
}

// A command has the target's environment and the run's, and its placeholders.
func TestACommandArranges(t *testing.T) {
	dir := t.TempDir()
	arranger := arranging(t, &app{}, Arrange{Exec: `sh -c 'echo "$A $SENT_DM_API_KEY $*" > asked' sh {message_id} {to} {from} {channel}`, Dir: dir}, time.Millisecond)
	arranger.spec.Env = map[string]string{"A": "b"}
	m := wanted(1)
	got, err := arranger.Arrange(t.Context(), Env{APIKey: appKey}, m)
	if err != nil || got != (Arranged{Message: m}) {
		t.Fatalf("%+v, %v", got, err)
	}
	said, err := os.ReadFile(filepath.Join(dir, "asked"))
	if want := fmt.Sprintf("b %s %s %s %s whatsapp\n", appKey, m.ID, m.To, m.From); err != nil || string(said) != want {
		t.Errorf("asked %q, %v, want %q", said, err, want)
	}
}
