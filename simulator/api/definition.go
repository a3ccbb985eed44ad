package api

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/event"
)

// definition is a template's content, as far as it matters here.
type definition struct {
	Header *content `json:"header"`
	Body   *struct {
		MultiChannel *content `json:"multiChannel"`
		SMS          *content `json:"sms"`
		WhatsApp     *content `json:"whatsapp"`
		RCS          *content `json:"rcs"`
	} `json:"body"`
	Footer  *content         `json:"footer"`
	Buttons []buttonTemplate `json:"buttons"`
}

type content struct {
	Template  string     `json:"template"`
	Variables []variable `json:"variables"`
}

type variable struct {
	ID   int    `json:"id"`
	Name string `json:"name"`
}

type buttonTemplate struct {
	Type  string `json:"type"`
	Props struct {
		Text        string     `json:"text"`
		URL         string     `json:"url"`
		PhoneNumber string     `json:"phoneNumber"`
		OfferCode   string     `json:"offerCode"`
		Variables   []variable `json:"variables"`
	} `json:"props"`
}

// button is one of a message's buttons.
type button struct {
	Type         string  `json:"type"`
	Text         string  `json:"text"`
	Value        string  `json:"value"`
	PostbackData *string `json:"postbackData"`
}

// bodies are the texts of the body, the common one first.
func (d definition) bodies() []*content {
	if d.Body == nil {
		return nil
	}
	return slices.DeleteFunc([]*content{d.Body.MultiChannel, d.Body.SMS, d.Body.WhatsApp, d.Body.RCS}, func(c *content) bool { return c == nil })
}

// on is the text for a channel; nil where there is none.
func (d definition) on(ch event.Channel) *content {
	if d.Body == nil {
		return nil
	}
	own := map[event.Channel]*content{event.SMS: d.Body.SMS, event.WhatsApp: d.Body.WhatsApp, event.RCS: d.Body.RCS}[ch]
	if own != nil {
		return own
	}
	return d.Body.MultiChannel
}

// variables are the names of all variables, each once.
func (d definition) variables() []string {
	names := []string{}
	add := func(variables []variable) {
		for _, v := range variables {
			if v.Name != "" && !slices.Contains(names, v.Name) {
				names = append(names, v.Name)
			}
		}
	}
	for _, c := range append([]*content{d.Header, d.Footer}, d.bodies()...) {
		if c != nil {
			add(c.Variables)
		}
	}
	for _, b := range d.Buttons {
		add(b.Props.Variables)
	}
	return names
}

// channels are those that the template has a text for.
func (d definition) channels() []event.Channel {
	all := []event.Channel{}
	for _, ch := range event.Channels() {
		if d.on(ch) != nil {
			all = append(all, ch)
		}
	}
	return all
}

// usedTemplate is the template of a message.
type usedTemplate struct {
	id         uuid.UUID
	name       string
	status     string // as the API shows it; "": it was not created here
	definition definition
	parameters map[string]string
}

var placeholder = regexp.MustCompile(`\{\{(\d+):[^{}]*\}\}`)

// fill puts the parameters into a text.
func (t *usedTemplate) fill(text string, variables []variable) string {
	return placeholder.ReplaceAllStringFunc(text, func(match string) string {
		id := placeholder.FindStringSubmatch(match)[1]
		for _, v := range variables {
			if fmt.Sprint(v.ID) == id {
				return t.parameters[v.Name]
			}
		}
		return match
	})
}

func (t *usedTemplate) fillContent(c *content) *string {
	if c == nil {
		return nil
	}
	text := t.fill(c.Template, c.Variables)
	return &text
}

// render is the text for a channel, nil when the template has none for it, and
// what the message has beside it: a messageBody in JSON.
func (t *usedTemplate) render(ch event.Channel) (text *string, beside []byte) {
	d := t.definition
	text = t.fillContent(d.on(ch))
	b := messageBody{Header: t.fillContent(d.Header), Footer: t.fillContent(d.Footer)}
	for _, made := range d.Buttons {
		p := made.Props
		value := ""
		for _, v := range []string{p.URL, p.PhoneNumber, p.OfferCode, p.Text} {
			if value == "" {
				value = t.fill(v, p.Variables)
			}
		}
		b.Buttons = append(b.Buttons, button{Type: made.Type, Text: t.fill(p.Text, p.Variables), Value: value})
	}
	if b.Header == nil && b.Footer == nil && b.Buttons == nil {
		return text, nil
	}
	beside, _ = json.Marshal(b) // texts only
	return text, beside
}
