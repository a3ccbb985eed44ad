package receiver

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/sentsim/sentsim/simulator/clock"
)

// replyTo is the request body that answers ev, or nil if ev gets no answer.
// Nobody who asks not to be written to is written to.
func replyTo(ev Event) []byte {
	if ev.Kind != Inbound || ev.Subject == "" {
		return nil
	}
	switch strings.ToUpper(strings.Trim(strings.TrimSpace(ev.Text), `.!"'`)) {
	case "", "STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT":
		return nil
	}
	request := map[string]any{"to": []string{"+" + ev.Subject}, "text": "Thank you, we will be in touch."}
	if ev.Channel != "" {
		request["channel"] = []string{ev.Channel} // the way the contact chose
	}
	body, _ := json.Marshal(request) // strings only: it cannot fail
	return body
}

// replier sends the replies that the store holds, one after another. They are
// stored together with the event that they answer, so neither a duplicate nor
// a restart brings a second one or loses it.
type replier struct {
	url, apiKey string
	store       *Store
	optedOut    func(ctx context.Context, number string) (bool, error)
	client      *http.Client
	log         *slog.Logger
	work        chan struct{} // holds one token when there may be something to send
	quit        context.CancelFunc
	done        sync.WaitGroup
}

func newReplier(baseURL, apiKey string, log *slog.Logger) (*replier, error) {
	u, err := url.Parse(baseURL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("want an address such as https://api.sent.dm, without /v3")
	}
	return &replier{
		url: u.JoinPath("v3/messages").String(), apiKey: apiKey, log: log,
		client: &http.Client{
			Timeout:   5 * time.Second,
			Transport: http.DefaultTransport.(*http.Transport).Clone(), // its own connections, to close them
			// The API key goes nowhere but to the configured address.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		work: make(chan struct{}, 1),
	}, nil
}

// start sends what an earlier run left behind, and from then on what wake announces.
func (r *replier) start(s *Store, optedOut func(ctx context.Context, number string) (bool, error)) {
	r.store, r.optedOut = s, optedOut
	ctx, quit := context.WithCancel(context.Background())
	r.quit = quit
	r.done.Go(func() {
		for {
			if err := r.sendAll(ctx); err != nil && ctx.Err() == nil {
				r.log.Error("replies stay unsent until the next message", "error", err)
			}
			select {
			case <-r.work:
			case <-ctx.Done():
				return
			}
		}
	})
}

// wake tells that the store holds a reply. It never waits.
func (r *replier) wake() {
	select {
	case r.work <- struct{}{}:
	default: // the token is there already
	}
}

// stop waits for the request under way; the rest stays in the store.
func (r *replier) stop() {
	r.quit()
	r.done.Wait()
	r.client.CloseIdleConnections()
}

func (r *replier) sendAll(ctx context.Context) error {
	// Shutting down ends the loop and its pauses; it doesn't cut a request off
	// half-way, which the client's timeout ends.
	whole := context.WithoutCancel(ctx)
	for ctx.Err() == nil {
		key, to, body, ok, err := r.store.nextReply(whole)
		if err != nil || !ok {
			return err
		}
		out, err := r.optedOut(whole, to)
		if err != nil {
			return err
		}
		for try := 1; try <= 3 && !out; try++ { // with a longer pause after each
			if err = r.send(whole, key, body); err == nil {
				break
			}
			r.log.Warn("reply not sent", "try", try, "error", err)
			if err := (clock.Real{}).Sleep(ctx, time.Duration(try)*time.Second); err != nil {
				return err // shutting down: the next run sends it
			}
		}
		if err := r.store.replied(whole, key); err != nil {
			return err
		}
	}
	return nil
}

// send makes one request. Its idempotency key is the same on every try, so
// Sent sends one message even if an earlier answer was lost.
func (r *replier) send(ctx context.Context, key string, body []byte) error {
	hash := sha256.Sum256([]byte(key))
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("x-api-key", r.apiKey)
	req.Header.Set("Idempotency-Key", hex.EncodeToString(hash[:]))
	resp, err := r.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, _ = io.CopyN(io.Discard, resp.Body, 64<<10) // lets the connection be used again
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return fmt.Errorf("the API answered %s", resp.Status)
	}
	return nil
}
