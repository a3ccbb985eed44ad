package api_test

import (
	"net/http"
	"testing"

	"github.com/sentsim/sentsim/simulator/api"
)

// TestWebhookThatPointsAtUs: no page of this server takes a delivery, and the
// delivery says why.
func TestWebhookThatPointsAtUs(t *testing.T) {
	reached := false
	s := serve(t, api.Config{Pages: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true })})
	for _, path := range []string{"/", "/v3/messages", "/_sentsim/events", "/healthz"} {
		id, _ := s.register(s.url + path)
		r := s.must(http.StatusOK, "POST", "/v3/webhooks/"+id+"/test", `{"event_type":"message.delivered"}`)
		rows := s.must(http.StatusOK, "GET", "/_sentsim/deliveries?webhook_id="+id, "").get("data.deliveries")
		if rows.Get("0.http_status_code").Int() != http.StatusLoopDetected || rows.Get("0.delivery_status").String() != "FAILED" {
			t.Errorf("%s: %s\n%s", path, r.body, rows)
		}
	}
	if reached {
		t.Error("a page took a delivery")
	}
}
