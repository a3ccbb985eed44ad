package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/signing"
)

// receive is the receiver that everybody sends to: net/http, reads the body,
// says 200 and counts; an empty one it refuses. It checks one signature in 64, and refuses what does not
// fit; unsigned requests it takes, for wrk. It prints its address and ends with
// its standard input.
func receive(ctx context.Context, stdin io.Reader, stdout io.Writer) error {
	secret, err := signing.ParseSecret(secretText)
	if err != nil {
		return err
	}
	var count atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("POST /", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || len(body) == 0 {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		h := signing.Headers{ID: r.Header.Get(signing.HeaderID), Timestamp: r.Header.Get(signing.HeaderTimestamp), Signature: r.Header.Get(signing.HeaderSignature)}
		if n := count.Add(1); n%64 == 0 && h.Signature != "" && secret.Verify(h, body, clock.Wall()) != nil {
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	var open atomic.Int64
	closed := make(chan struct{}, 1)
	mux.HandleFunc("GET /count", func(w http.ResponseWriter, r *http.Request) {
		for open.Load() > 1 { // one is the asker's; wrk leaves without waiting for its last answers
			select {
			case <-closed:
			case <-r.Context().Done():
				return
			}
		}
		_, _ = io.WriteString(w, strconv.FormatInt(count.Swap(0), 10))
	})
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(stdout, l.Addr()); err != nil {
		return err
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute, ConnState: func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			open.Add(1)
		case http.StateClosed:
			open.Add(-1)
			select {
			case closed <- struct{}{}:
			default:
			}
		case http.StateActive, http.StateIdle, http.StateHijacked:
		}
	}}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = io.Copy(io.Discard, stdin)
		_ = server.Close()
	}()
	err = server.Serve(l)
	<-ended
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
