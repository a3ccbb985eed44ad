package receiver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"time"
)

// ErrConfig is wrapped by every error that a better configuration would prevent.
var ErrConfig = errors.New("configuration")

// DefaultListen is where Serve listens unless told otherwise: reachable from
// this machine only.
const DefaultListen = "127.0.0.1:8080"

// FromEnv fills what c leaves empty from the environment: PORT (on 127.0.0.1),
// STATE_FILE, and Sent's own SENT_DM_WEBHOOK_SECRET, SENT_BASE_URL and
// SENT_DM_API_KEY. It returns ErrConfig for a PORT that is none.
func (c *Config) FromEnv(getenv func(string) string) error {
	if port := getenv("PORT"); port != "" && c.Listen == "" {
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return fmt.Errorf("%w: PORT %q is not a port number (0 to 65535)", ErrConfig, port)
		}
		c.Listen = net.JoinHostPort("127.0.0.1", port)
	}
	c.File = cmp.Or(c.File, getenv("STATE_FILE"))
	c.Secret = cmp.Or(c.Secret, getenv("SENT_DM_WEBHOOK_SECRET"))
	c.BaseURL = cmp.Or(c.BaseURL, getenv("SENT_BASE_URL"))
	c.APIKey = cmp.Or(c.APIKey, getenv("SENT_DM_API_KEY"))
	if c.Secret == "" {
		return fmt.Errorf("%w: no signing secret: set SENT_DM_WEBHOOK_SECRET to the webhook's secret (whsec_…)", ErrConfig)
	}
	return nil
}

// Serve runs a Receiver until ctx ends, and prints its address to stdout once
// it takes connections. Deliveries under way are answered before it returns.
func Serve(ctx context.Context, cfg Config, stdout io.Writer) (err error) {
	cfg.Listen, cfg.Path = cmp.Or(cfg.Listen, DefaultListen), cmp.Or(cfg.Path, DefaultPath)
	r, err := New(cfg) //nolint:contextcheck // its worker ends with Close, after the last delivery, not with ctx
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", cfg.Listen)
	if err != nil {
		return fmt.Errorf("%w (choose another address with --listen)", err)
	}
	server := &http.Server{
		Handler:           r,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second, // a body that never ends is answered, too
		WriteTimeout:      25 * time.Second,
		IdleTimeout:       time.Minute,
		ErrorLog:          slog.NewLogLogger(r.Log.Handler(), slog.LevelWarn),
	}
	if r.Listen != nil {
		listener = r.Listen(server, listener)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	fmt.Fprintf(stdout, "listening on http://%s%s\n", listener.Addr(), cfg.Path)

	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	// Deliveries under way have a moment to finish.
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err = server.Shutdown(grace); err != nil {
		err = errors.Join(err, server.Close())
	}
	<-served // always ErrServerClosed by now
	return err
}
