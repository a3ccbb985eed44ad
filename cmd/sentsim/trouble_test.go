package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestWhoseTrouble: a mistake of the user's is 2, trouble of this machine is 4, and
// each says what it is about.
func TestWhoseTrouble(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, c := range []struct {
		args   string
		status int
		says   string
	}{
		{"serve --listen 127.0.0.1:99999", 2, "99999"},
		{"serve --listen 127.0.0.1:http-and-a-half", 2, "http-and-a-half"},
		{"serve --listen 203.0.113.9:8700 --allow-remote --api-key one-of-my-own", 2, "203.0.113.9"},
		{"serve --listen " + l.Addr().String(), 4, "choose another address"},
		{"serve --data " + t.TempDir(), 2, "a directory"},
		{"--help > /dev/full", 4, "standard output: "},
		{"help > /dev/full", 4, "standard output: "},
		{"verify --help > /dev/full", 4, "standard output: "},
		{"completion bash > /dev/full", 4, "no space left"},
		{"receiver --mutant list > /dev/full", 4, "standard output: "},
		{"rules > /dev/full", 4, "standard output: "},
		{"__complete verify --clock x > /dev/full", 4, "standard output: "},
		{"chaos --embedded --messages 5 --record /dev/full", 4, "no space left"},
	} {
		if strings.Contains(c.args, "/dev/full") {
			if _, err := os.Stat("/dev/full"); err != nil {
				continue
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		stdout, stderr := io.Discard, bytes.Buffer{}
		args, full := strings.CutSuffix(c.args, " > /dev/full")
		if full {
			if stdout, err = os.OpenFile("/dev/full", os.O_WRONLY, 0); err != nil {
				t.Fatal(err)
			}
		}
		status := run(ctx, invocation{args: strings.Fields(args), stdin: strings.NewReader(""), stdout: stdout, stderr: &stderr})
		cancel()
		if status != c.status || !strings.Contains(stderr.String(), c.says) {
			t.Errorf("%s: exit status %d, want %d, and it must say %q: %s", c.args, status, c.status, c.says, stderr.String())
		}
	}
}

// TestTraceThatCannotBeWritten: what ended the run is the last that is said, without
// the many rules that it therefore did not come to.
func TestTraceThatCannotBeWritten(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	go func() { // its reader goes away in the middle
		_, _ = r.Read(make([]byte, 1<<10))
		_ = r.Close()
	}()
	for path, why := range map[string]string{
		"/dev/full":                            "no space left on device",
		"/dev/fd/" + strconv.Itoa(int(w.Fd())): "broken pipe",
	} {
		var stdout, stderr bytes.Buffer
		args := []string{"chaos", "--embedded", "--messages", "60", "--record", path}
		status := run(t.Context(), invocation{args: args, stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr})
		const says = "the trace cannot be written: "
		lines := strings.Split(strings.TrimSpace(stdout.String()), "\n")
		if last := lines[len(lines)-1]; status != 4 || !strings.HasPrefix(last, "no verdict: "+says) || !strings.Contains(last, why) || strings.Contains(stdout.String(), "NOT CHECKED") {
			t.Errorf("exit %d:\n%s", status, stdout.String())
		}
		if got, want := stderr.String(), "sentsim: "+says+path+": "+why+"\n"; !strings.HasSuffix(got, want) || strings.Count(got, "sentsim:") != 1 {
			t.Errorf("it says %q, want %q", got, want)
		}
	}
}
