package receiver

import (
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

// shutdownGrace is how long deliveries under way have to finish.
const shutdownGrace = 5 * time.Second

// ServeConfig is a Receiver and where it listens.
type ServeConfig struct {
	Config

	Listen string // host:port; "" is DefaultListen; port 0 takes a free one
}

// FromEnv fills what c leaves empty from the environment: Listen from PORT (on
// 127.0.0.1), File from STATE_FILE, and Secret, BaseURL and
// APIKey from Sent's own SENT_DM_WEBHOOK_SECRET, SENT_BASE_URL and
// SENT_DM_API_KEY. It returns ErrConfig for a PORT that is none.
func (c *ServeConfig) FromEnv(getenv func(string) string) error {
	if port := getenv("PORT"); port != "" && c.Listen == "" {
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return fmt.Errorf("%w: PORT %q is not a port number (0 to 65535)", ErrConfig, port)
		}
		c.Listen = net.JoinHostPort("127.0.0.1", port)
	}
	for name, value := range map[string]*string{
		"STATE_FILE": &c.File, "SENT_DM_WEBHOOK_SECRET": &c.Secret,
		"SENT_BASE_URL": &c.BaseURL, "SENT_DM_API_KEY": &c.APIKey,
	} {
		if *value == "" {
			*value = getenv(name)
		}
	}
	if c.Secret == "" {
		return fmt.Errorf("%w: no signing secret: set SENT_DM_WEBHOOK_SECRET to the webhook's secret (whsec_…)", ErrConfig)
	}
	return nil
}

// Serve runs a Receiver until ctx ends, and prints its address to stdout once
// it takes connections. Deliveries under way are answered before it returns.
func Serve(ctx context.Context, cfg ServeConfig, stdout io.Writer) (err error) {
	if cfg.Listen == "" {
		cfg.Listen = DefaultListen
	}
	if cfg.Path == "" {
		cfg.Path = DefaultPath
	}
	r, err := New(cfg.Config) //nolint:contextcheck // its worker ends with Close, after the last delivery, not with ctx
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
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
	defer cancel()
	if err = server.Shutdown(grace); err != nil {
		err = errors.Join(err, server.Close())
	}
	<-served // always ErrServerClosed by now
	return err
}
