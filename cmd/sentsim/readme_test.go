package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
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
	var all []block
	for _, m := range regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$").FindAllStringSubmatch(readmeText(t), -1) {
		all = append(all, block{m[1], m[2]})
	}
	return all
}

// elsewhere are the commands of the README that this test does not run, and who does.
func elsewhere(line string) bool {
	return strings.HasPrefix(line, "make ") || // CI
		strings.HasPrefix(line, "bin/k6 ") || strings.HasPrefix(line, "sentsim merge ") || // cmd/k6, and TestMergeCommand
		strings.HasPrefix(line, "go install ") // it needs a release
}

// promise is what the README says that a command comes to: # exit 1, broken: 7 MUST …
var promise = regexp.MustCompile(`\s+# exit (\d+), (.*)$`)

// TestReadmeCommands goes through the README as a reader does: it writes the files
// that stand there and runs the commands in their order, in one folder. A command
// that goes on until it is stopped runs beside the others, as in a second terminal.
func TestReadmeCommands(t *testing.T) {
	t.Parallel()
	takesLong(t)
	if _, err := exec.LookPath("node"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip("no node: ", err)
	}
	dir, ports := t.TempDir(), freePorts(t, "8080", "8700")
	env := []string{"GITHUB_STEP_SUMMARY=", "GITHUB_ACTIONS=", "CI="}
	ran := 0
	outputs := map[string]string{}
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
				outputs[strings.TrimSpace(promise.ReplaceAllString(line, ""))] = said
				ran++
			}
		}
	}
	if ran < 15 {
		t.Errorf("only %d commands ran", ran)
	}
	sampleIsTrue(t, outputs["sentsim verify --exec 'node server.mjs'"])
	unprobed := t.TempDir() // without the config file, which says where the state is
	if err := os.Rename(filepath.Join(dir, "good.mjs"), filepath.Join(unprobed, "good.mjs")); err != nil {
		t.Fatal(err)
	}
	said, _ := sh(t, unprobed, "sentsim verify --exec 'node good.mjs'", env...)
	headlinesAreTrue(t, said)
}

// sampleIsTrue compares the sample at the README's beginning, and what is said of
// it further down, with what the run says: the same lines in the same order, where
// … stands for anything.
func sampleIsTrue(t *testing.T, said string) {
	t.Helper()
	rest := spaces(said)
	for line := range strings.Lines(readme(t)[0].text) {
		want := regexp.MustCompile(strings.ReplaceAll(regexp.QuoteMeta(spaces(line)), "…", ".*?"))
		at := want.FindStringIndex(rest)
		if at == nil {
			t.Errorf("the run of server.mjs does not say %q, as the README does; it ends with\n%s", strings.TrimSpace(line), lastLine(said))
			continue
		}
		rest = rest[at[1]:]
	}
	unchecked := regexp.MustCompile(`(\d+) rules are \*not checked\*`).FindStringSubmatch(readmeText(t))
	if unchecked == nil || !strings.Contains(lastLine(said), " "+unchecked[1]+" not checked,") {
		t.Errorf("the README says %q, and the run of server.mjs: %s", unchecked, lastLine(said))
	}
}

// headlinesAreTrue compares the headline of a run without a probe, as README and
// changelog have it, with what the run says.
func headlinesAreTrue(t *testing.T, said string) {
	t.Helper()
	for _, file := range []string{"README.md", "CHANGELOG.md"} {
		text, err := os.ReadFile("../../" + file)
		if err != nil {
			t.Fatal(err)
		}
		headline := regexp.MustCompile("`(kept as far as seen: [^`]*no probe[^`]*)`").FindStringSubmatch(spaces(string(text)))
		if headline == nil {
			t.Errorf("%s has no headline of a run without a probe", file)
			continue
		}
		if !regexp.MustCompile(strings.ReplaceAll(regexp.QuoteMeta(headline[1]), "…", ".*")).MatchString(lastLine(said)) {
			t.Errorf("%s says %q, and the run of good.mjs without a probe: %s", file, headline[1], lastLine(said))
		}
	}
}

func readmeText(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// spaces writes any white space as one space: lines are broken elsewhere.
func spaces(text string) string { return strings.Join(strings.Fields(text), " ") }

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
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
		l, err := listenAside(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		pairs = append(pairs, ":"+name, ":"+strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
	}
	return strings.NewReplacer(pairs...)
}

// listenAside takes a port below those that systems give to whoever asks for any: when it is
// closed, nobody takes the port by chance.
func listenAside(ctx context.Context) (l net.Listener, err error) {
	for range 100 {
		l, err = new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:"+strconv.Itoa(20000+rand.IntN(12000)))
		if err == nil {
			return l, nil
		}
	}
	return nil, err
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
	text := readmeText(t)
	if n := strings.Count(text, "\n"); n > 400 {
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
