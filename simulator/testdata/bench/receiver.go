package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/signing"
)

// receive is the receiver that everybody sends to: net/http, reads the body,
// says 200 and counts. It checks the signature of one signed delivery in 64,
// and refuses it when it does not fit. It ends with its standard input.
func receive(args []string) error {
	secret, err := signing.ParseSecret(args[0])
	if err != nil {
		return err
	}
	var count atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("POST /", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		n := count.Add(1)
		if signature := r.Header.Get(signing.HeaderSignature); n%64 == 0 && signature != "" {
			h := signing.Headers{ID: r.Header.Get(signing.HeaderID), Timestamp: r.Header.Get(signing.HeaderTimestamp), Signature: signature}
			if secret.Verify(h, body, clock.Wall()) != nil {
				w.WriteHeader(http.StatusUnauthorized)
			}
		}
	})
	mux.HandleFunc("GET /count", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, strconv.FormatInt(count.Swap(0), 10))
	})
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = server.Close()
	}()
	if err := server.Serve(l); err != http.ErrServerClosed {
		return err
	}
	return nil
}
