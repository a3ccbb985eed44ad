package receiver

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
)

func TestServeUntilItIsTold(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	out, in := io.Pipe()
	done := make(chan error, 1)
	go func() {
		done <- Serve(ctx, Config{Secret: secret, Listen: "127.0.0.1:0"}, in)
	}()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	url, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on http://")
	address, path, _ := strings.Cut(url, "/")
	if !ok || "/"+path != DefaultPath {
		t.Errorf("it says %q", line)
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()

	err = Serve(ctx, Config{Secret: secret, Listen: address}, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "--listen") || errors.Is(err, ErrConfig) {
		t.Errorf("a taken address: %v", err)
	}
	stop()
	if err := <-done; err != nil {
		t.Errorf("told to stop: %v", err)
	}
}

func TestEnvironmentFillsWhatIsEmpty(t *testing.T) {
	env := map[string]string{
		"PORT": "8123", "STATE_FILE": "f", "SENT_DM_WEBHOOK_SECRET": secret, "SENT_BASE_URL": "http://b", "SENT_DM_API_KEY": "k",
	}
	getenv := func(name string) string { return env[name] }
	var cfg Config
	if err := cfg.FromEnv(getenv); err != nil {
		t.Fatal(err)
	}
	want := Config{Secret: secret, File: "f", BaseURL: "http://b", APIKey: "k", Listen: "127.0.0.1:8123"}
	if cfg.Listen != want.Listen || cfg.File != want.File || cfg.BaseURL != want.BaseURL || cfg.APIKey != want.APIKey || cfg.Secret != want.Secret {
		t.Errorf("from the environment: %+v", cfg)
	}
	given := Config{File: "g", Listen: ":9"}
	if err := given.FromEnv(getenv); err != nil || given.Listen != ":9" || given.File != "g" {
		t.Errorf("given values: %+v, %v", given, err)
	}
	env["PORT"] = "http"
	if err := (&Config{}).FromEnv(getenv); !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), "PORT") {
		t.Errorf("PORT=http: %v", err)
	}
	env["PORT"], env["SENT_DM_WEBHOOK_SECRET"] = "", ""
	if err := (&Config{}).FromEnv(getenv); !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), "SENT_DM_WEBHOOK_SECRET") {
		t.Errorf("no secret: %v", err)
	}
}
