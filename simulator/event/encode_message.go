package event

func (o *Outbound) append(dst []byte, f Format) []byte {
	classic := f.OutboundShape == OutboundClassic
	dst = append(dst, `{"account_id":`...)
	dst = appendID(dst, o.AccountID)
	dst = append(dst, `,"message_id":`...)
	dst = appendID(dst, o.MessageID)
	dst = appendField(dst, "message_status", string(o.Status))
	dst = appendField(dst, "channel", string(o.Channel))
	if classic {
		dst = appendField(dst, "inbound_number", number(o.InboundNumber, f))
		dst = appendField(dst, "outbound_number", number(o.OutboundNumber, f))
	} else {
		dst = appendField(dst, "outbound_number", number(o.InboundNumber, f))
		dst = o.appendBody(dst)
	}
	dst = appendOptionalID(dst, "template_id", o.TemplateID)
	if !classic {
		dst = appendGiven(dst, "template_name", o.TemplateName)
	}
	dst = appendGiven(dst, "agent_id", o.AgentID)
	dst = appendTime(dst, "updated_at", o.UpdatedAt)
	if !classic {
		dst = appendGiven(dst, "reason_code", o.ReasonCode)
	}
	dst = appendGiven(dst, "reason", o.Reason)
	if !classic {
		dst = appendGiven(dst, "schedule_reason", o.ScheduleReason)
		if !o.ScheduledAt.IsZero() {
			dst = appendTime(dst, "scheduled_at", o.ScheduledAt)
		}
	}
	return append(dst, '}')
}

func (o *Outbound) appendBody(dst []byte) []byte {
	dst = appendKey(dst, "body")
	if o.Body == nil {
		return append(dst, "null"...)
	}
	return appendString(dst, firstOf(*o.Body, MaxBody))
}

// firstOf is the beginning of text, at most n characters as JavaScript and .NET
// count them: those beyond the basic plane count twice, and none is cut in two.
func firstOf(text string, n int) string {
	if len(text) <= n {
		return text // no character is shorter than a byte
	}
	units := 0
	for at, r := range text {
		units++
		if r > 0xffff {
			units++
		}
		if units > n {
			return text[:at]
		}
	}
	return text
}

func (in *Inbound) append(dst []byte, f Format) []byte {
	dst = append(dst, `{"account_id":`...)
	dst = appendID(dst, in.AccountID)
	if f.InboundShape == InboundClassic {
		dst = appendField(dst, "from", number(in.From, f))
		dst = appendField(dst, "to", number(in.To, f))
		dst = appendOptional(dst, "text", in.Text)
		dst = appendField(dst, "channel", string(in.Channel))
		dst = appendField(dst, "provider", in.Provider)
		dst = appendTime(dst, "received_at", in.ReceivedAt)
		return append(dst, '}')
	}
	dst = append(dst, `,"message_id":`...)
	dst = appendID(dst, in.MessageID)
	dst = appendField(dst, "inbound_number", number(in.From, f))
	dst = appendField(dst, "outbound_number", number(in.To, f))
	dst = appendOptional(dst, "text", in.Text)
	dst = appendField(dst, "channel", string(in.Channel))
	dst = appendTime(dst, "received_at", in.ReceivedAt)
	dst = appendTime(dst, "updated_at", in.ReceivedAt)
	if len(in.Media) > 0 {
		dst = appendMedia(appendKey(dst, "media"), in.Media)
	}
	return append(dst, '}')
}

func appendMedia(dst []byte, media []Media) []byte {
	dst = append(dst, '[')
	for i, m := range media {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, `{"url":`...)
		dst = appendString(dst, m.URL)
		dst = appendField(dst, "mime_type", m.MIMEType)
		dst = appendInt(dst, "size_bytes", m.SizeBytes)
		dst = appendField(dst, "hash_sha256", m.HashSHA256)
		dst = append(dst, '}')
	}
	return append(dst, ']')
}

func (t *Template) append(dst []byte, f Format) []byte {
	classic := f.OutboundShape == OutboundClassic
	dst = append(dst, `{"account_id":`...)
	dst = appendID(dst, t.AccountID)
	dst = append(dst, `,"template_id":`...)
	dst = appendID(dst, t.TemplateID)
	dst = appendField(dst, "template_name", t.Name)
	dst = appendField(dst, "whatsapp_template_id", t.WhatsAppTemplateID)
	dst = appendField(dst, "status", t.Status)
	dst = appendField(dst, "language", t.Language)
	dst = appendField(dst, "category", t.Category)
	if classic || !t.Whole {
		dst = appendField(dst, "channel", string(t.Channel))
	}
	dst = appendOptional(dst, "reason", t.Reason)
	if !classic {
		dst = appendGiven(dst, "auto_reply_action", t.AutoReplyAction)
	}
	return append(dst, '}')
}
