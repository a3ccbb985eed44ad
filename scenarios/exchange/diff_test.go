package exchange_test

import (
	"strings"
	"testing"

	"github.com/sentsim/sentsim/scenarios/exchange"
	"github.com/sentsim/sentsim/simulator/delivery"
)

func TestDiff(t *testing.T) {
	t.Parallel()
	own := []delivery.Header{{Name: "Authorization", Value: "Bearer hunter2"}}
	genuine := delivery.Request{
		URL:     "http://a/",
		Headers: append([]delivery.Header{{Name: "X-Webhook-Signature", Value: "v1,AAAA"}}, own...),
		Body:    []byte(`{"field":"message","payload":{"text":"a, \"b\""}}`),
	}
	if got := exchange.Diff(genuine, genuine, own); got != "" {
		t.Errorf("equal requests differ: %s", got)
	}
	tampered := genuine.WithBody([]byte(strings.Replace(string(genuine.Body), "message", "massage", 1)))
	got := exchange.Diff(genuine, tampered, own)
	want := "@@ -3,6 +3,6 @@\n Authorization: ***\n \n {\n-\"field\":\"message\",\n+\"field\":\"massage\",\n \"payload\":{\n \"text\":\"a, \\\"b\\\"\"}}"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	unsigned := genuine.With("X-Webhook-Signature", "")
	if got := exchange.Diff(genuine, unsigned, own); !strings.Contains(got, "-X-Webhook-Signature: v1,AAAA\n+X-Webhook-Signature: ") || strings.Contains(got, "hunter2") {
		t.Errorf("got\n%s", got)
	}
}
