package trace_test

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/seed"
	"github.com/sentsim/sentsim/simulator/trace"
)

func TestRedrawTellsTheSameStoryOfOthers(t *testing.T) {
	message := chaos.Subject{Kind: chaos.AboutMessage, Index: 1, ID: id(1)}
	contact := chaos.Subject{Kind: chaos.AboutInbound, Index: 2, From: "+14155550100"}
	template := chaos.Subject{Kind: chaos.AboutTemplate, Index: 3, ID: id(3)}
	about := func(s chaos.Subject, event byte, body string, args ...any) chaos.Step {
		return chaos.Step{Kind: chaos.KindDeliver, Subject: s, Event: chaos.Event{ID: id(event)}, Body: chaos.Body(fmt.Sprintf(body, args...))}
	}
	story := []chaos.Step{
		about(message, 11, `{"message_id":"%s","again":"%[1]s","to":"+15550001111"}`, id(1)),
		about(contact, 12, `{"from":"+14155550100","payload":{"text":"order 7654321 of 3, order 7654321"}}`),
		about(contact, 12, `{"from":"14155550100"}`),
		about(contact, 14, `{"payload":{"text":"hi","from":"+14155550100"}}`),
		about(template, 13, "\xff %s", id(3)),
		about(message, 11, `{"message_id":"%s"}`, id(1)),
		{Kind: chaos.KindRestart},
	}
	original := fmt.Sprintf("%+v", story)
	r := trace.NewRedraw(seed.Seed(1).Stream("redraw"))
	got, other := r.Steps(story), r.Steps(story)
	if fmt.Sprintf("%+v", story) != original {
		t.Error("the story itself was changed")
	}
	if again := trace.NewRedraw(seed.Seed(1).Stream("redraw")).Steps(story); !reflect.DeepEqual(again, got) {
		t.Error("the same seed draws others")
	}
	text := gjson.GetBytes(got[1].Body, "payload.text").String()
	if len(text) != len("order 7654321 of 3, order 7654321") {
		t.Fatalf("the text is %q", text)
	}
	order := text[6:13]
	if order == "7654321" || string(got[1].Body) == string(other[1].Body) {
		t.Errorf("the order is still number %s", order)
	}
	want := []chaos.Body{
		chaos.Body(fmt.Sprintf(`{"message_id":"%s","again":"%[1]s","to":"+15550001111"}`, got[0].Subject.ID)),
		chaos.Body(fmt.Sprintf(`{"from":"%s","payload":{"text":"order %s of 3, order %[2]s"}}`, got[1].Subject.From, order)),
		chaos.Body(fmt.Sprintf(`{"from":"%s"}`, got[1].Subject.From[1:])),
		chaos.Body(fmt.Sprintf(`{"payload":{"text":"%s","from":"%s"}}`, gjson.GetBytes(got[3].Body, "payload.text"), got[1].Subject.From)),
		chaos.Body(fmt.Sprintf("\xff %s", got[4].Subject.ID)),
		chaos.Body(fmt.Sprintf(`{"message_id":"%s"}`, got[0].Subject.ID)),
		nil,
	}
	if text := gjson.GetBytes(got[3].Body, "payload.text").String(); !strings.HasPrefix(text, "hi (order ") || text == gjson.GetBytes(other[3].Body, "payload.text").String() {
		t.Errorf("a text without an order is %q", text)
	}
	seen := map[string]bool{}
	for i := range story {
		if !bytes.Equal(got[i].Body, want[i]) {
			t.Errorf("body %d is %q, want %q", i+1, got[i].Body, want[i])
		}
		for _, steps := range [][]chaos.Step{story, got, other} {
			seen[steps[i].Subject.ID.String()+steps[i].Subject.From] = true
		}
	}
	if len(seen) != 3*3+1 { // and the restart's, which has none
		t.Errorf("three tellings have %d subjects, want 9 and none: %v", len(seen), seen)
	}
	if got[0].Subject != got[5].Subject || got[1].Subject != got[2].Subject || got[0].Event.ID != got[5].Event.ID || got[0].Event.ID == id(11) {
		t.Error("the same subject or event has two names")
	}
	if len(got[1].Subject.From) != len(contact.From) || got[1].Subject.From[5:10] != "55501" {
		t.Errorf("%q is not like %q", got[1].Subject.From, contact.From)
	}
}

func TestRedrawGivesNullTextsWords(t *testing.T) {
	step := chaos.Step{
		Kind: chaos.KindDeliver, Subject: chaos.Subject{Kind: chaos.AboutInbound, Index: 2, From: "+14155550100"},
		Event: chaos.Event{ID: id(1)}, Body: chaos.Body(`{"payload":{"text":null}}`),
	}
	other := step
	other.Event.ID = id(2)
	for _, words := range []bool{false, true} {
		r := trace.NewRedraw(seed.Seed(1).Stream("redraw"))
		r.Words = words
		got := r.Steps([]chaos.Step{step, step, other})
		if still := string(got[0].Body) == string(step.Body); still == words {
			t.Errorf("words %t: %s", words, got[0].Body)
		}
		if !bytes.Equal(got[0].Body, got[1].Body) || bytes.Equal(got[0].Body, got[2].Body) == words {
			t.Errorf("words %t: of one event twice and another: %s %s %s", words, got[0].Body, got[1].Body, got[2].Body)
		}
	}
}

// A STOP that is a text like any other is told in other words, the same wherever it
// was the same.
func TestRedrawGivesStopOtherWords(t *testing.T) {
	step := func(from string, event byte) chaos.Step {
		return chaos.Step{
			Kind: chaos.KindDeliver, Subject: chaos.Subject{Kind: chaos.AboutInbound, ID: id(event), From: from},
			Event: chaos.Event{ID: id(event)}, Body: chaos.Body(`{"payload":{"text":"STOP"}}`),
		}
	}
	r := trace.NewRedraw(seed.Seed(1).Stream("redraw"))
	r.Stop = true
	two := []chaos.Step{step("+14155550100", 1), step("+14155550101", 2)}
	got, again := r.Steps(two), r.Steps(two)
	if !bytes.Equal(got[0].Body, got[1].Body) || bytes.Equal(got[0].Body, two[0].Body) || bytes.Equal(got[0].Body, again[0].Body) {
		t.Errorf("%s and %s, in another telling %s", got[0].Body, got[1].Body, again[0].Body)
	}
}

// A contact's texts and signals stay one contact's, a signal's message is another
// one, and STOP stays what it is.
func TestRedrawTellsOfAnotherContact(t *testing.T) {
	contact := chaos.Subject{Kind: chaos.AboutContact, Index: 2, ID: id(1), From: "+14155550100"}
	text := chaos.Subject{Kind: chaos.AboutInbound, Index: 2, ID: id(2), From: contact.From}
	step := func(s chaos.Subject, event byte, body string) chaos.Step {
		return chaos.Step{Kind: chaos.KindDeliver, Subject: s, Event: chaos.Event{ID: id(event)}, Body: chaos.Body(body)}
	}
	got := trace.NewRedraw(seed.Seed(1).Stream("redraw")).Steps([]chaos.Step{
		step(text, 11, fmt.Sprintf(`{"payload":{"message_id":"%s","from":"+14155550100","text":"STOP"}}`, id(2))),
		step(contact, 12, fmt.Sprintf(`{"payload":{"contact_id":"%s","message_id":"%s","from":"+14155550100","text":"STOP"}}`, id(1), id(2))),
		step(contact, 13, fmt.Sprintf(`{"payload":{"contact_id":"%s","message_id":"%s","from":"+14155550100","text":null}}`, id(1), id(3))),
	})
	at := func(i int, field string) string { return gjson.GetBytes(got[i].Body, "payload."+field).String() }
	for i, s := range got {
		if s.Subject.From == contact.From || s.Subject.From != got[0].Subject.From || at(i, "from") != s.Subject.From {
			t.Errorf("step %d is of %s: %s", i+1, s.Subject.From, s.Body)
		}
	}
	if at(0, "text") != chaos.Stop || at(0, "message_id") != at(1, "message_id") || at(1, "contact_id") != got[1].Subject.ID.String() {
		t.Errorf("the text is %s, its signal %s", got[0].Body, got[1].Body)
	}
	for i, old := range []string{id(2).String(), id(2).String(), id(3).String()} {
		if fresh := at(i, "message_id"); fresh == old || fresh == "" {
			t.Errorf("step %d is of the message %q still", i+1, fresh)
		}
	}
}
