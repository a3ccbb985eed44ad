package probe

import (
	"strings"
	"testing"
)

func TestContactsAreReadInManyShapes(t *testing.T) {
	for _, tt := range []struct {
		body              string
		code              int
		optedOut, ok, bad bool
	}{
		{`{"o":true}`, 200, true, true, false},
		{`{"o":false}`, 200, false, true, false},
		{`{"o":1}`, 200, true, true, false},
		{`{"o":0}`, 200, false, true, false},
		{`{"o":"1"}`, 200, true, true, false},
		{`{"o":"false"}`, 200, false, true, false},
		{`{"o":"Yes"}`, 200, true, true, false},
		{`{"o":"f"}`, 200, false, true, false},
		{`{"o":"OPTED_OUT"}`, 200, true, true, false},
		{`{"o":"opted-in"}`, 200, false, true, false},
		{`{"o":"unsubscribed"}`, 200, true, true, false},
		{`{"o":"subscribed"}`, 200, false, true, false},
		{`{"o":null}`, 200, false, true, false},
		{`{"o":"2026-11-28T12:00:00Z"}`, 200, true, true, false},
		{`{"o":"2026-11-28 12:00:00.123"}`, 200, true, true, false},
		{`{"o":"2026-11-28T12:00:00.123+01:00"}`, 200, true, true, false},
		{`{"o":1795861000}`, 200, true, true, false},
		{`{"o":""}`, 200, false, true, false},
		{`{}`, 200, false, false, false},
		{`null`, 200, false, false, false},
		{`{"o":true}`, 404, false, false, false},
		{`{"o":2}`, 200, false, false, true},
		{`{"o":"perhaps"}`, 200, false, false, true},
		{`{"o":[true]}`, 200, false, false, true},
	} {
		p := mustNew(t, Config{Contact: &Endpoint{URL: "/c?n={from}", OptedOut: "$.o"}})
		s, err := p.Contact(t.Context(), answering(t, tt.code, tt.body), "+15550001111")
		if (err != nil) != tt.bad || s.OptedOut != tt.optedOut || s.HasOptedOut != tt.ok || s.Known != tt.ok {
			t.Errorf("%s: %+v, %v", tt.body, s, err)
		}
		if tt.bad && !strings.Contains(err.Error(), "probe.contact: GET") {
			t.Errorf("%s: %v", tt.body, err)
		}
	}
}
