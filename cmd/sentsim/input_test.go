//go:build unix

package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// ends runs a command line, which must end by itself or soon after it is interrupted.
func ends(t *testing.T, interrupt bool, stdin io.Reader, args ...string) (status int, said string) {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	if interrupt {
		time.AfterFunc(100*time.Millisecond, func() { cancel(ended(os.Interrupt)) })
	}
	var out bytes.Buffer
	done := make(chan int, 1)
	go func() {
		done <- run(ctx, invocation{args: args, stdin: stdin, stdout: io.Discard, stderr: &out})
	}()
	select {
	case status = <-done:
		return status, out.String()
	case <-time.After(10 * time.Second):
		t.Errorf("%s does not end", strings.Join(args, " "))
		return -1, ""
	}
}

// A file that is named and never ends must neither stop the program nor fill the
// machine's memory.
func TestEndlessFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pipe, large, huge := filepath.Join(dir, "pipe"), filepath.Join(dir, "large"), filepath.Join(dir, "huge")
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, size := range map[string]int64{large: 1<<20 + 1, huge: 64<<20 + 1} {
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(name, size); err != nil {
			t.Fatal(err)
		}
	}
	id := "5f1c1b9e-7f0a-4c27-9d36-0d5f6a7b8c90"
	for _, c := range []struct{ args, says string }{
		{"config --config " + pipe, pipe + " is a named pipe, which may never end: name a regular file"},
		{"config --config /dev/zero", "/dev/zero is a device, which may never end"},
		{"config --config " + large, large + " is larger than 1 MiB"},
		{"config --config " + dir, dir + " is a folder: name a file in it"},
		{"compare " + pipe + " " + pipe, pipe + " is a named pipe"},
		{"compare /dev/zero /dev/zero", "/dev/zero is a device"},
		{"compare " + huge + " " + huge, huge + " is larger than 64 MiB"},
		{"explain --secret " + testSecret + " " + pipe, pipe + " is a named pipe"},
		{"sign --secret " + testSecret + " --id " + id + " --body-file " + pipe, pipe + " is a named pipe"},
		{"trigger message.sent --embedded --body-file " + pipe, pipe + " is a named pipe"},
		{"verify --embedded --dry-run --feature " + pipe, pipe + " is a named pipe"},
		{"verify --target https://127.0.0.1:1/ --secret " + testSecret + " --cacert " + pipe, pipe + " is a named pipe"},
		{"chaos --embedded --dry-run --profile " + pipe, pipe + " is a named pipe"},
		{"replay --embedded --dry-run " + pipe, pipe + " is a named pipe"},
	} {
		if status, said := ends(t, false, strings.NewReader(""), strings.Fields(c.args)...); status != 2 || !strings.Contains(said, c.says) {
			t.Errorf("%s: exit %d: %s\nwant 2 and %q", c.args, status, said, c.says)
		}
	}
}

// A pipe that is passed on purpose is read, and waiting for it can be interrupted.
func TestPipesOnPurpose(t *testing.T) {
	t.Parallel()
	if said, status := sh(t, t.TempDir(), "echo 'settle: 7s' | sentsim config --embedded --config /dev/stdin"); status != 0 || !strings.Contains(said, "7s") {
		t.Errorf("a pipe: exit %d: %s", status, said)
	}
	if said, status := sh(t, t.TempDir(), "sentsim config --embedded --config /dev/null"); status != 0 {
		t.Errorf("the null device: exit %d: %s", status, said)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	silent, talker := io.Pipe()
	defer talker.Close()
	descriptor := filepath.Join("/dev/fd", strconv.Itoa(int(r.Fd())))
	for _, args := range []string{
		"config --config " + descriptor,
		"chaos --embedded --dry-run --profile " + descriptor,
		"verify --embedded --dry-run --feature " + descriptor,
		"replay --embedded --dry-run " + descriptor,
		"compare - -",
		"config --target http://127.0.0.1:1/ --secret-stdin",
	} {
		if status, said := ends(t, true, silent, strings.Fields(args)...); status != 130 || said != "sentsim: interrupted\n" {
			t.Errorf("%s, interrupted: exit %d: %s", args, status, said)
		}
	}
}
