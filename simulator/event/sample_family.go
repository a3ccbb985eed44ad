package event

// contact is what a contact's keyword makes; the account and the contact are the
// caller's to set.
func (d *draw) contact(t Type) *Contact {
	to := d.number()
	c := &Contact{Source: InboundKeyword, From: d.number(), To: &to, Channel: SMS, MessageID: d.id()}
	text := "START"
	switch t { //nolint:exhaustive // the other families have samples of their own
	case ContactOptOut:
		text, c.OptOut = "STOP", true
	case ContactHelp:
		text, c.TemplateID = "HELP", d.id()
	case ContactCustomKeyword:
		text, c.TemplateID = "JOIN", d.id()
	}
	c.Text = &text
	return c
}

func (d *draw) market(status string) *Market {
	m := &Market{Country: "US", Channel: SMS, NumberType: "TEN_DLC", Status: status}
	sender := d.number()
	switch status {
	case MarketActionNeeded:
		m.Reason, m.ReasonCode = "The sample messages do not match the use case", "REGISTRY_REJECTED"
	case MarketInactive:
		m.Reason, m.ReasonCode = "The campaign has lapsed", "CAMPAIGN_LAPSED"
		m.SenderValue = &sender
	case MarketActive:
		m.SenderValue = &sender
	}
	return m
}

func (d *draw) link(t Type) *Link {
	l := &Link{Kind: "url", MessageID: d.id(), SenderProfileID: d.id()}
	followed := &LinkRequest{TrafficClass: "likely_human", Country: "US", StatusCode: 302, Method: "GET"}
	switch t.SubType() {
	case "clicked":
		l.Request = followed
	case "downloaded":
		l.Kind, l.Request = "file", followed
		followed.StatusCode = 200
	}
	return l
}

func (d *draw) call(t Type) *Call {
	c := &Call{Number: d.number()}
	switch t.SubType() {
	case "completed":
		c.Ended = &CallEnd{Seconds: 83, Price: 0.0166}
	case "failed":
		c.Reason = "no_answer"
	case "recording_ready":
		c.RecordingID = d.id()
	}
	return c
}
