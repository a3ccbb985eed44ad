package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sentsim/sentsim/simulator/clock"
)

// posts is how many POST /v3/messages a second sentsim serve takes, each answered
// with 202, from as little as a client can be.
func posts(ctx context.Context, p programs, duration time.Duration, args ...string) (rate float64, err error) {
	cmd := exec.CommandContext(ctx, p.sentsim, append([]string{"serve", "--listen", "127.0.0.1:0", "--rate-limit", "off", "--api-key", apiKey}, args...)...)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	defer func() {
		_ = cmd.Process.Signal(os.Interrupt)
		if ended := cmd.Wait(); err == nil && ended != nil {
			err = fmt.Errorf("sentsim serve: %w", ended)
		}
	}()
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		return 0, fmt.Errorf("sentsim serve did not start: %w", err)
	}
	_, rest, _ := strings.Cut(line, "http://")
	u, err := url.Parse("http://" + strings.Fields(rest + " ")[0])
	if err != nil {
		return 0, err
	}
	var done atomic.Int64
	var all sync.WaitGroup
	failures := make([]error, connections)
	start := clock.Wall()
	for i := range connections {
		all.Go(func() { failures[i] = post(ctx, u.Host, start.Add(duration), &done) })
	}
	all.Wait()
	return float64(done.Load()) / clock.Wall().Sub(start).Seconds(), errors.Join(failures...)
}

const apiKey = "bench-of-nobody"

// post posts messages over one connection until the time is up.
func post(ctx context.Context, host string, until time.Time, done *atomic.Int64) error {
	dialer := net.Dialer{Timeout: 10 * time.Second}
	conn, err := dialer.DialContext(ctx, "tcp", host)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(until.Add(10 * time.Second)); err != nil {
		return err
	}
	const message = `{"to":["+14155550101"],"text":"Your order is on its way"}`
	request := []byte("POST /v3/messages HTTP/1.1\r\nHost: " + host + "\r\nX-Api-Key: " + apiKey +
		"\r\nContent-Type: application/json\r\nContent-Length: " + strconv.Itoa(len(message)) + "\r\n\r\n" + message)
	in := bufio.NewReaderSize(conn, 4096)
	for clock.Wall().Before(until) {
		if _, err := conn.Write(request); err != nil {
			return err
		}
		if err := answered(in, "202"); err != nil {
			return err
		}
		done.Add(1)
	}
	return nil
}
