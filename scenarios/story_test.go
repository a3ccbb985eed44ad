package scenarios_test

import (
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/sentsim/sentsim/scenarios"
	"github.com/sentsim/sentsim/scenarios/config"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/scenarios/target"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/signing"
)

// forgetful is a small receiver of its own, with one mistake or none: "" is right,
// the others are what it does wrong.
type forgetful struct {
	mistake string
	secret  signing.Secret

	mu      sync.Mutex
	seen    map[string]bool
	status  map[string]string
	effects map[string]int
	luck    func() bool // of all that come one after another
}

func newForgetful(mistake string) target.Spec {
	var mu sync.Mutex
	chance := rand.New(rand.NewPCG(1, 6)) // the same runs in every test
	luck := func() bool {
		mu.Lock()
		defer mu.Unlock()
		return chance.IntN(3) == 0
	}
	return target.Spec{Name: "a small receiver", Path: "/webhooks/sent", Handler: func(env target.Env) (http.Handler, func() error, error) {
		return &forgetful{
			mistake: mistake, luck: luck, secret: env.Secret,
			seen: map[string]bool{}, status: map[string]string{}, effects: map[string]int{},
		}, nil, nil
	}}
}

func (f *forgetful) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		f.state(w, r)
		return
	}
	body, _ := io.ReadAll(r.Body)
	genuine := f.secret.Verify(signing.HeadersFrom(r.Header.Get), body, clock.Wall()) == nil
	if genuine || f.mistake == "stores before it verifies" {
		f.take(body)
	}
	if !genuine && f.mistake != "takes forgeries" {
		w.WriteHeader(http.StatusUnauthorized)
	}
}

func (f *forgetful) take(body []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := gjson.GetBytes(body, "payload")
	rank := map[string]int{"QUEUED": 1, "ROUTED": 2, "SENT": 3, "DELIVERED": 4, "READ": 5, "FAILED": 6, "PENDING": 1, "APPROVED": 2}
	var key, of, status string
	switch {
	case p.Get("message_status").Exists():
		of, status = p.Get("message_id").String(), p.Get("message_status").String()
		key = of + status
	case p.Get("inbound_number").Exists():
		of = p.Get("inbound_number").String()
		key = of + p.Get("received_at").String() + p.Get("text").String()
	default:
		of, status = p.Get("template_id").String(), p.Get("status").String()
		key = of + status
	}
	again := f.seen[key]
	f.seen[key] = true
	now := again && f.luck()
	if !again || f.mistake == "counts again" || f.mistake == "counts again, now and then" && now {
		f.effects[of]++
	}
	if rank[status] > rank[f.status[of]] || f.mistake == "moves back" {
		f.status[of] = status
	}
}

func (f *forgetful) state(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	of := r.URL.Query().Get("from")
	if of == "" {
		of = r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
	}
	if f.effects[of] == 0 {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"status": f.status[of], "effects": f.effects[of], "count": f.effects[of]})
}

// stories are feature files as a reduced run writes them; each fails a receiver
// with one mistake and passes a receiver with none.
func stories() map[string]string {
	return map[string]string{
		"counts again": `Feature: Stories
  @IDEM-2 @MUST @state
  Scenario: messages
    Given a message on "sms"
    And another message on "rcs"
    When Sent delivers, in this order:
      | of                 | event     | how   |
      | the first message  | DELIVERED |       |
      | the second message | SENT      |       |
      | the second message | SENT      | again |
    Then the second message's events have had the same effect as on a message that got each of them once

  @IDEM-3 @MUST @state
  Scenario: messages that do not get the same events
    Given a message on "sms"
    And another message on "whatsapp"
    When Sent delivers, in this order:
      | of                 | event     | how                        |
      | the first message  | DELIVERED |                            |
      | the second message | SENT      |                            |
      | the second message | READ      |                            |
      | the second message | READ      | again, at the same instant |
    Then each message's events have had the same effect as on a message that got each of them once

  @IDEM-5 @MUST @state
  Scenario: contacts
    When Sent delivers, in this order:
      | of                 | event           | how                        |
      | the first contact  | the first text  |                            |
      | the second contact | the first text  |                            |
      | the first contact  | the second text |                            |
      | the first contact  | the first text  | again                      |
      | the first contact  | the first text  | again, at the same instant |
    Then the receiver has counted 2 inbound messages from the first contact
    And the receiver has counted 1 inbound message from the second contact

  @IDEM-1 @MUST @state
  Scenario: a template
    When Sent delivers, in this order:
      | of           | event    | how                           |
      | the template | PENDING  | the sender hangs up           |
      | the template | PENDING  | again, the answer is lost     |
      | the template | APPROVED |                               |
    Then the template's events have had the same effect as on a template that got each of them once
`,
		"moves back": `Feature: Stories
  @ORD-3 @MUST @state
  Scenario: a message
    Given a message on "whatsapp"
    When Sent delivers, in this order:
      | of          | event | how |
      | the message | READ  |     |
      | the message | SENT  |     |
    Then the first message ends as "READ"

  @ORD-4 @MUST @state
  Scenario: the second of two messages
    Given a message on "whatsapp"
    And another message on "whatsapp"
    When Sent delivers, in this order:
      | of                 | event | how |
      | the first message  | SENT  |     |
      | the second message | READ  |     |
      | the second message | SENT  |     |
    Then the second message ends as "DELIVERED" or "READ"

  @TPL-1 @MUST @state
  Scenario: a template
    When Sent delivers, in this order:
      | of                  | event    | how   |
      | the second template | PENDING  |       |
      | the second template | APPROVED |       |
      | the second template | PENDING  | again |
    Then the second template ends as "APPROVED"
`,
		"stores before it verifies": `Feature: Stories
  @SIG-13 @MUST @state
  Scenario: a message that nobody sent
    Given a message on "sms"
    When Sent delivers, in this order:
      | of          | event     | how                       |
      | the message | DELIVERED | forged as body-tampered |
    Then the receiver knows nothing of the message
`,
		"takes forgeries": `Feature: Stories
  @SIG-3 @MUST
  Scenario: a message that nobody sent
    Given a message on "sms"
    When Sent delivers, in this order:
      | of          | event     | how                      |
      | the message | QUEUED    |                          |
      | the message | DELIVERED | forged as wrong-secret |
    Then the receiver rejects the forged one
`,
	}
}

func TestStoriesFailWhoTheyAreAbout(t *testing.T) {
	t.Parallel()
	takesLong(t)
	for mistake, text := range stories() {
		t.Run(mistake, func(t *testing.T) {
			t.Parallel()
			for _, of := range []string{mistake, ""} {
				rep := verify(t, storyConfig(t, text, of))
				want := report.Failed
				if of == "" {
					want = report.Passed
				}
				if n := strings.Count(text, "Scenario:"); len(rep.Rules) != n {
					t.Errorf("%d rules judged, %d asked for", len(rep.Rules), n)
				}
				for _, r := range rep.Rules {
					if r.Verdict != want {
						t.Errorf("a receiver that %q: %s is %s, want %s: %s", of, r.ID, r.Verdict, want, r.Reason)
					}
				}
			}
		})
	}
}

func storyConfig(t *testing.T, text, mistake string) scenarios.Config {
	t.Helper()
	path := filepath.Join(t.TempDir(), "story.feature")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := config.Default()
	cfg.Settle = 100 * time.Millisecond
	cfg.Probe = referenceProbe()
	cfg.Target = newForgetful(mistake)
	cfg.Features = []string{path}
	return cfg
}

// TestStoriesThatCannotBeTold: what is wrong with a table is said, and is never
// the receiver's fault.
func TestStoriesThatCannotBeTold(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"| of | what | how |\n| the message | SENT | |":              `column 2 of the table is "what", not "event"`,
		"| of | event |\n| the message | SENT |":                     "the table needs the columns of, event and how",
		"| of | event | how |\n| the second message | SENT | |":      "the scenario has no message number 2",
		"| of | event | how |\n| the last message | SENT | |":        `"last" is no ordinal`,
		"| of | event | how |\n| the webhook | SENT | |":             "a story is of a message, a contact or a template",
		"| of | event | how |\n| the contact | hello | |":            "of a contact come the first text",
		"| of | event | how |\n| the message | SENT | again |":       "is delivered again, but was not delivered before",
		"| of | event | how |\n| the message | SENT | slyly |":       `no way to deliver an event "slyly"`,
		"| of | event | how |\n| the message | SENT | forged as x |": `unknown forgery "x"`,
	}
	for table, want := range tests {
		text := "Feature: Stories\n  @ORD-3 @MUST @state\n  Scenario: it\n    Given a message on \"sms\"\n    When Sent delivers, in this order:\n" +
			table + "\n    Then the message ends as \"SENT\"\n"
		rep := verify(t, storyConfig(t, text, ""))
		if r := rep.Rules[0]; r.Verdict != report.Errored || !strings.Contains(r.Reason, want) {
			t.Errorf("%s\n%s: %s, want %s", table, r.Verdict, r.Reason, want)
		}
	}
}
