package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

//go:embed k6.js
var k6Script []byte

//go:embed k6x.js
var k6xScript []byte

//go:embed wrk.lua
var wrkScript []byte

// contender is somebody who sends.
type contender struct {
	name    string
	command []string // without what depends on the turn
	more    func(url string, duration time.Duration) []string
	loose   int    // by how many its count may differ from the receiver's
	missing string // why it cannot take part; "": it can
}

// contenderBefore is sentsim as it was at an earlier commit.
const contenderBefore = "before"

// k6WithUs is k6 with k6/x/sentsim in it.
const k6WithUs = "k6/x"

// contenders are all that can take part, and the reasons of those that cannot.
// dir is for their scripts.
func contenders(dir string, tools bool) ([]contender, error) {
	program, err := self()
	if err != nil {
		return nil, err
	}
	role := func(name string) contender {
		return contender{name: name, command: []string{program, name}, more: func(url string, d time.Duration) []string {
			return []string{url, d.String()}
		}}
	}
	all := []contender{role("sentsim"), role("bare loop"), role("net/http")}
	if !tools {
		return all, nil
	}
	k6, err := script(dir, "k6.js", k6Script)
	if err != nil {
		return nil, err
	}
	k6x, err := script(dir, "k6x.js", k6xScript)
	if err != nil {
		return nil, err
	}
	wrk, err := script(dir, "wrk.lua", wrkScript)
	if err != nil {
		return nil, err
	}
	of := func(url string, d time.Duration) []string {
		return []string{
			"-e", "URL=" + url, "-e", "DURATION=" + d.String(), "-e", "SECRET=" + secretText, "-e", "WEBHOOK_ID=" + webhookID,
			"-e", "BODY=" + string(body()), "-e", "CONNECTIONS=" + strconv.Itoa(connections),
		}
	}
	all = append(all, find(contender{
		name: "k6", command: []string{"k6", "run", "--quiet", "--no-usage-report", k6}, more: of,
	}, "make k6 makes one"), find(contender{
		name: k6WithUs, command: []string{"./bin/k6", "run", "--quiet", "--no-usage-report", k6x}, more: of,
	}, "make k6 makes one"), find(contender{
		name: "wrk", command: []string{"wrk", "-t1", "-c" + strconv.Itoa(connections), "-s", wrk},
		more: func(url string, d time.Duration) []string {
			return []string{"-d" + strconv.Itoa(max(1, int(d.Round(time.Second).Seconds()))) + "s", url}
		},
		loose: connections, // it leaves in the middle of its last requests
	}, "Debian has it as a package"))
	return all, nil
}

func script(dir, name string, text []byte) (string, error) {
	path := filepath.Join(dir, name)
	return path, os.WriteFile(path, text, 0o600)
}

// find looks for c's program in bin/, where make puts it, and on the PATH; for one
// that is named with its folder, there.
func find(c contender, hint string) contender {
	program := c.command[0]
	path, err := exec.LookPath(filepath.Join("bin", program))
	if err != nil {
		path, err = exec.LookPath(program)
	}
	if err != nil {
		c.missing = fmt.Sprintf("there is no %s in bin/ nor on the PATH; %s", program, hint)
		return c
	}
	c.command[0] = path
	return c
}

// turn is one contender's turn, measured.
type turn struct {
	result
	cpu    time.Duration // of the whole process, its start included
	memory int64         // at its peak, in bytes
}

func (t turn) rate() float64 { return float64(t.Deliveries) / t.Seconds }

// cost is the processor time of a delivery in microseconds.
func (t turn) cost() float64 { return float64(t.cpu.Microseconds()) / float64(t.Deliveries) }

// run lets a contender send.
func (c contender) run(ctx context.Context, args []string) (turn, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, c.command[0], append(c.command[1:len(c.command):len(c.command)], args...)...)
	cmd.Env = append(os.Environ(), "BODY="+string(body()))
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return turn{}, fmt.Errorf("%s: %w: %s", c.name, err, strings.TrimSpace(stderr.String()))
	}
	t := turn{cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), memory: peak(cmd.ProcessState)}
	last := bytes.TrimSpace(stdout.Bytes())
	last = last[bytes.LastIndexByte(last, '\n')+1:]
	if err := json.Unmarshal(last, &t.result); err != nil {
		return turn{}, fmt.Errorf("%s: its last line is %.200q: %w", c.name, last, err)
	}
	if t.Deliveries < 1 || t.Seconds <= 0 {
		return turn{}, fmt.Errorf("%s: %d deliveries in %f s: %s", c.name, t.Deliveries, t.Seconds, strings.TrimSpace(stderr.String()))
	}
	return t, nil
}
