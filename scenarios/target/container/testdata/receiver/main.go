// Command receiver is what the tests of container targets put into an image: it
// verifies nothing, and misbehaves as MODE says.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	host := ""
	switch os.Getenv("MODE") {
	case "exit":
		fmt.Println("no database, and my secret is", os.Getenv("SENT_DM_WEBHOOK_SECRET"))
		os.Exit(3)
	case "loopback":
		host = "127.0.0.1"
	case "deaf":
		fmt.Println("deaf")
		<-ctx.Done()
		return
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/env", func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(os.Environ()) })
	mux.HandleFunc("/keep", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_ = os.WriteFile("/kept", body, 0o600)
	})
	mux.HandleFunc("/kept", func(w http.ResponseWriter, _ *http.Request) {
		body, _ := os.ReadFile("/kept")
		_, _ = w.Write(body)
	})
	mux.HandleFunc("/crash", func(http.ResponseWriter, *http.Request) { os.Exit(7) })
	mux.HandleFunc("/call", func(w http.ResponseWriter, _ *http.Request) {
		resp, err := http.Get(os.Getenv("SENT_BASE_URL"))
		if err != nil {
			fmt.Fprint(w, err)
			return
		}
		fmt.Fprint(w, resp.Status)
	})
	l, err := net.Listen("tcp", net.JoinHostPort(host, os.Getenv("PORT")))
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	fmt.Println("ready with", os.Getenv("SENT_DM_WEBHOOK_SECRET"))
	go func() { _ = server.Serve(l) }()
	<-ctx.Done()
	fmt.Println("stopped")
}
