package container

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/sentsim/sentsim/scenarios/target"
	"github.com/sentsim/sentsim/simulator/signing"
)

// defaultPath is where a target's webhook is that names no other.
const defaultPath = "/webhooks/sent"

func TestMain(m *testing.M) {
	if os.Getenv("RECEIVER") == "noengine" { // in a process of its own: the library looks for the engine once
		tg, err := target.New(target.Spec{Image: "my-receiver:ci"})
		if err == nil {
			err = tg.Start(context.Background(), target.Env{})
		}
		fmt.Println(err)
		return
	}
	goleak.VerifyTestMain(m)
}

func parse(t *testing.T, text string) signing.Secret {
	t.Helper()
	s, err := signing.ParseSecret(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func secret(t *testing.T) signing.Secret {
	t.Helper()
	return parse(t, "whsec_c2VjcmV0L3NlY3JldCtzZWNyZXQ/c2VjcmV0IT8/Pw==")
}

func otherSecret(t *testing.T) signing.Secret {
	t.Helper()
	return parse(t, "whsec_b3RoZXItb3RoZXItb3RoZXItb3RoZXI=")
}

func self(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func mustNew(t *testing.T, spec target.Spec) target.Target {
	t.Helper()
	tg, err := target.New(spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tg.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return tg
}

func mustStart(t *testing.T, spec target.Spec, env target.Env) target.Target {
	t.Helper()
	tg := mustNew(t, spec)
	if err := tg.Start(t.Context(), env); err != nil {
		t.Fatalf("%v\n%s", err, strings.Join(tg.Log(), "\n"))
	}
	return tg
}

// says checks that err is one line with all of want and nothing of the secret.
func says(t *testing.T, err error, want ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	for _, w := range want {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("error %q does not say %q", err, w)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("error %q has several lines", err)
	}
	for _, form := range secret(t).Spellings() {
		if strings.Contains(err.Error(), form) {
			t.Errorf("error %q prints the secret", err)
		}
	}
}
