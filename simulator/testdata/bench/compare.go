package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// compare lets everybody have their turns and prints what came of it.
func compare(ctx context.Context, o options, stdout io.Writer) (err error) {
	dir, err := os.MkdirTemp("", "sentsim-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	all, err := contenders(dir, o.tools)
	if err != nil {
		return err
	}
	sides, waits, err := prepare(ctx, o, dir)
	if err != nil {
		return err
	}
	if len(sides) > 1 {
		earlier := all[0]
		earlier.name, earlier.command = contenderBefore, []string{sides[1].bench, all[0].name}
		all = append(all, earlier)
	}
	r, err := startReceiver(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.stop()) }()

	fmt.Fprintf(stdout, "%d rounds of %s each, %d connections, bodies of %d bytes, one net/http receiver, %d cores for both sides\n\n",
		o.rounds, o.duration, connections, bodySize, runtime.NumCPU())
	turns := map[string][]turn{}
	for round := range o.rounds {
		for i := range all {
			c := all[(i+round)%len(all)]
			if c.missing != "" {
				continue
			}
			t, err := r.measure(ctx, c, c.more(r.url, o.duration))
			if err != nil {
				return err
			}
			turns[c.name] = append(turns[c.name], t)
		}
	}
	table(stdout, all, turns)
	if o.verdicts {
		if err := verdicts(ctx, waits, o.rounds, sides, stdout); err != nil {
			return err
		}
	}
	if o.memory == nil {
		return nil
	}
	var peaks []turn
	for _, n := range o.memory {
		t, err := r.measure(ctx, all[0], []string{r.url, strconv.Itoa(n)})
		if err != nil {
			return err
		}
		if t.Deliveries != n {
			return fmt.Errorf("%d deliveries of %d messages", t.Deliveries, n)
		}
		peaks = append(peaks, t)
	}
	memory(stdout, peaks)
	return nil
}

// prepare builds what is needed beside this program: the programs of now, those of
// the commit before if one is named, and the tasks that they are measured at.
func prepare(ctx context.Context, o options, dir string) (sides []programs, waits []task, err error) {
	if !o.verdicts && o.before == "" {
		return nil, nil, nil
	}
	root, err := moduleRoot(ctx)
	if err != nil {
		return nil, nil, err
	}
	now, err := build(ctx, root, dir)
	if err != nil {
		return nil, nil, err
	}
	sides = []programs{now}
	if o.before != "" {
		before, err := buildBefore(ctx, root, filepath.Join(dir, "before"), o.before)
		if err != nil {
			return nil, nil, err
		}
		sides = append(sides, before)
	}
	waits, err = tasks(dir, root, o.duration)
	return sides, waits, err
}

// receiver is the receiver's process.
type receiver struct {
	url, count string
	cmd        *exec.Cmd
	stdin      io.Closer
}

func startReceiver(ctx context.Context) (*receiver, error) {
	program, err := self()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, program, receiverRole)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	r := &receiver{cmd: cmd, stdin: stdin}
	address, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the receiver did not start: %w", err), r.stop())
	}
	base := "http://" + strings.TrimSpace(address)
	r.url, r.count = base+"/webhooks/sent", base+"/count"
	return r, nil
}

func (r *receiver) stop() error {
	_ = r.stdin.Close()
	return r.cmd.Wait()
}

// measure is one turn, its count checked against the receiver's.
func (r *receiver) measure(ctx context.Context, c contender, args []string) (turn, error) {
	t, err := c.run(ctx, args)
	if err != nil {
		return t, err
	}
	got, err := r.received(ctx)
	if err != nil {
		return t, err
	}
	if got < t.Deliveries || got > t.Deliveries+c.loose {
		return t, fmt.Errorf("%s counted %d deliveries, the receiver %d", c.name, t.Deliveries, got)
	}
	return t, nil
}

// received is how many deliveries the receiver got since it was asked last. It
// answers once all senders have closed their connections.
func (r *receiver) received(ctx context.Context) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.count, http.NoBody)
	if err != nil {
		return 0, err
	}
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(string(text))
}
