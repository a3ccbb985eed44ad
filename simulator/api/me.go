package api

import (
	crand "crypto/rand"
	"encoding/json"
	"io"
)

// me is the account: one without profiles, whose numbers are of those reserved for fiction.
func me(c *call) (any, error) {
	channel := func(number string) map[string]any {
		return map[string]any{"configured": true, "phone_number": number}
	}
	whatsapp := channel(accountNumber)
	whatsapp["business_name"] = "sentsim"
	return map[string]any{
		"id": c.sim.Account(), "type": "user", "name": "sentsim", "email": nil, "icon": nil,
		"description": "A simulated account", "created_at": rfc3339(c.since()),
		"organization_id": nil, "short_name": nil, "status": nil, "settings": nil, "profiles": []any{},
		"channels": map[string]any{"sms": channel(accountNumber), "whatsapp": whatsapp, "rcs": channel(accountNumber)},
	}, nil
}

// accountNumber is what the account sends from.
const accountNumber = "+15005550000"

// secrets is where new signing secrets come from.
func (s *Server) secrets() io.Reader {
	if s.cfg.Simulator.Secrets != nil {
		return s.cfg.Simulator.Secrets
	}
	return crand.Reader
}

// rawBody is bytes that are shown as the JSON that they are, or as text.
type rawBody []byte

// MarshalJSON implements json.Marshaler.
func (b rawBody) MarshalJSON() ([]byte, error) {
	if json.Valid(b) {
		return b, nil
	}
	return json.Marshal(string(b))
}
