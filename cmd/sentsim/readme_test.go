package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// block is one fenced block of the README.
type block struct{ language, text string }

func readme(t *testing.T) []block {
	t.Helper()
	data, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var all []block
	for _, m := range regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$").FindAllStringSubmatch(string(data), -1) {
		all = append(all, block{m[1], m[2]})
	}
	return all
}

// elsewhere are the commands of the README that this test does not run, and who does.
func elsewhere(line string) bool {
	return strings.HasPrefix(line, "make ") || // CI
		strings.HasPrefix(line, "go install ") // it needs a release
}

// promise is what the README says that a command comes to: # exit 1, broken: 7 MUST …
var promise = regexp.MustCompile(`\s+# exit (\d+), (.*)$`)

// TestReadmeCommands goes through the README as a reader does: it writes the files
// that stand there and runs the commands in their order, in one folder. A command
// that goes on until it is stopped runs beside the others, as in a second terminal.
func TestReadmeCommands(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it takes half a minute")
	}
	if _, err := exec.LookPath("node"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip("no node: ", err)
	}
	dir, ports := t.TempDir(), freePorts(t, "8080", "8700")
	env := []string{"GITHUB_STEP_SUMMARY=", "GITHUB_ACTIONS=", "CI="}
	ran := 0
	for _, b := range readme(t) {
		if name := named(b); name != "" {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(b.text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if b.language != "sh" {
			continue
		}
		for line := range strings.Lines(ports.Replace(b.text)) {
			line = strings.TrimSpace(line)
			switch {
			case elsewhere(line):
			case strings.HasPrefix(line, "export "):
				env = append(env, strings.Fields(strings.TrimPrefix(line, "export "))...)
			case strings.HasPrefix(line, "sentsim serve"), strings.HasPrefix(line, "sentsim receiver --listen"):
				beside(t, dir, line, env)
				ran++
			default:
				want, text := 0, ""
				if m := promise.FindStringSubmatch(line); m != nil {
					want, _ = strconv.Atoi(m[1])
					text = m[2]
				}
				said, status := sh(t, dir, line, env...)
				if status != want || !strings.Contains(said, text) {
					t.Errorf("%s\nends with %d, want %d and %q:\n%s", line, status, want, text, said)
				}
				ran++
			}
		}
	}
	if ran < 15 {
		t.Errorf("only %d commands ran", ran)
	}
}

// named is the name of the file that a block is, as its first line says.
func named(b block) string {
	if m := regexp.MustCompile(`^(?://|#) ([\w.-]+\.(?:mjs|yaml))\n`).FindStringSubmatch(b.text); m != nil {
		return m[1]
	}
	return ""
}

// freePorts replaces ports that the README names by free ones.
func freePorts(t *testing.T, names ...string) *strings.Replacer {
	t.Helper()
	var pairs []string
	for _, name := range names {
		l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		pairs = append(pairs, ":"+name, ":"+strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
	}
	return strings.NewReplacer(pairs...)
}

// beside starts a command that runs until the test ends, and waits until it says
// where it listens.
func beside(t *testing.T, dir, line string, env []string) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-c", "exec "+line)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, w, w
	cmd.Env = append(os.Environ(), env...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = w.Close()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = r.Close()
	})
	var said []byte
	buf := make([]byte, 4096)
	for !strings.Contains(string(said), "http://") {
		n, err := r.Read(buf)
		said = append(said, buf[:n]...)
		if err != nil {
			t.Fatalf("%s: %v\n%s", line, err, said)
		}
	}
	go func() { // it may go on talking
		for {
			if _, err := r.Read(buf); err != nil {
				return
			}
		}
	}()
}

// The README is short enough to be read, and begins with what a newcomer needs.
func TestReadmeIsInOrder(t *testing.T) {
	data, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	if n := strings.Count(text, "\n"); n > 370 {
		t.Errorf("%d lines", n)
	}
	at := -1
	for _, want := range []string{"broken: 7 MUST rules failed", "```sh\nmake run\nmake test\n```", "## Your receiver, in three minutes", "## What it checks", "## In CI", "## In Go", "## How fast"} {
		i := strings.Index(text, want)
		if i <= at {
			t.Error(fmt.Errorf("%q: %w", want, errors.New("is missing, or too early")))
		}
		at = i
	}
	if first := readme(t); first[1].language != "sh" || first[1].text != "make run\nmake test\n" {
		t.Errorf("the first commands are %q", first[1].text)
	}
}
