//go:build unix

package main

import (
	"bufio"
	"context"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestHangUp: a terminal that goes away ends a server in good order, as SIGTERM
// does; under nohup it goes on.
func TestHangUp(t *testing.T) {
	for name, c := range map[string]struct {
		command string
		send    []syscall.Signal
	}{
		"terminal": {"exec sentsim serve --listen 127.0.0.1:0", []syscall.Signal{syscall.SIGHUP}},
		"nohup":    {"trap '' HUP; exec sentsim serve --listen 127.0.0.1:0", []syscall.Signal{syscall.SIGHUP, syscall.SIGTERM}},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			cmd := exec.CommandContext(ctx, "sh", "-c", c.command)
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			var stderr strings.Builder
			cmd.Stderr = &stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
				t.Fatalf("it said nothing: %v; %s", err, stderr.String())
			}
			ended := make(chan error, 1)
			for i, s := range c.send {
				if err := cmd.Process.Signal(s); err != nil {
					t.Fatalf("signal %d: it has ended: %v", i, err)
				}
				if i == 0 && len(c.send) > 1 {
					select { // nothing to wait for but that nothing happens
					case <-time.After(200 * time.Millisecond):
					case <-ctx.Done():
					}
					if err := cmd.Process.Signal(syscall.Signal(0)); err != nil {
						t.Fatal("under nohup, a hang-up ended it")
					}
				}
			}
			go func() { ended <- cmd.Wait() }()
			if err := <-ended; err != nil {
				t.Errorf("it ended with %v: %s", err, stderr.String())
			}
		})
	}
	if s, ok := ended(syscall.SIGHUP).(*signalled); !ok || s.status != 143 { //nolint:errorlint // it is made there
		t.Errorf("a run that is hung up ends with %+v", s)
	}
}
