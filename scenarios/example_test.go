package scenarios_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/sentsim/sentsim/scenarios"
	"github.com/sentsim/sentsim/scenarios/probe"
	"github.com/sentsim/sentsim/scenarios/receiver"
)

// webhook stands for your own receiver.
func webhook(secret string) http.Handler {
	r, err := receiver.New(receiver.Config{Secret: secret})
	if err != nil {
		panic(err)
	}
	return r
}

// In your repository this is the whole test.
func ExampleVerify() {
	_ = func(t *testing.T) { //nolint:thelper // a test, not a helper
		cfg := scenarios.Handler(func(secret string) http.Handler { return webhook(secret) })
		// How its state is read, from a route of the same handler.
		cfg.Probe.Message = &probe.Endpoint{URL: "/state/messages/{message_id}", Status: "$.status", Effects: "$.effects"}
		scenarios.Verify(t, cfg)
	}
}

func ExampleHandler() {
	show(scenarios.Handler(webhook))
	// Output: SIG-1 passed
}

func ExampleURL() {
	const secret = "whsec_c2VudHNpbSB0ZXN0IHNlY3JldCBub3QgcmVhbA=="
	server := httptest.NewServer(webhook(secret))
	defer server.Close()
	show(scenarios.URL(server.URL+"/webhooks/sent", secret))
	// Output: SIG-1 passed
}

func ExampleExec() {
	show(scenarios.Exec("go run ../cmd/receiver"))
	// Output: SIG-1 passed
}

// It needs a container engine, and an image that was built before.
func ExampleImage() {
	_ = func(t *testing.T) { //nolint:thelper // a test, not a helper
		cfg := scenarios.Image("my-receiver:ci")
		cfg.Rules = []string{"SIG-1"}
		scenarios.Verify(t, cfg)
	}
}

// show runs one rule, without a testing.T.
func show(cfg scenarios.Config) {
	cfg.Rules = []string{"SIG-1"}
	rep, err := scenarios.Run(context.Background(), cfg)
	if err != nil {
		fmt.Println(err)
	}
	for _, r := range rep.Rules {
		fmt.Println(r.ID, r.Verdict)
	}
}
