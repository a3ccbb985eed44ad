package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// proveFaults puts every fault into the code, one at a time, and looks for it.
// The work tree is not touched: the compiler is told to read other text.
func proveFaults(ctx context.Context, seeds uint64, only string, stdout, stderr io.Writer) int {
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		fmt.Fprintln(stderr, "simulate: where is the module?", err)
		return 2
	}
	root := strings.TrimSpace(string(out))
	dir, err := os.MkdirTemp("", "sentsim-simulate-")
	if err != nil {
		fmt.Fprintln(stderr, "simulate:", err)
		return 2
	}
	defer os.RemoveAll(dir)
	found, all := 0, 0
	for _, f := range faults() {
		if !strings.Contains(f.name, only) {
			continue
		}
		all++
		began := time.Now()
		binary, err := f.build(ctx, root, dir)
		if err != nil {
			fmt.Fprintf(stderr, "simulate: %s: %v\n", f.name, err)
			return 2
		}
		said, err := f.search(ctx, binary, seeds)
		if err != nil {
			fmt.Fprintf(stdout, "NOT FOUND in %d seeds: %s (%s): %v\n", seeds, f.name, f.file, err)
			continue
		}
		found++
		fmt.Fprintf(stdout, "%s  %s (%s; %.0f s with building)\n", said, f.name, f.file, time.Since(began).Seconds())
	}
	fmt.Fprintf(stdout, "%d of %d faults were found\n", found, all)
	if found < all || all == 0 {
		return 1
	}
	return 0
}

// build is the program with the fault in it.
func (f fault) build(ctx context.Context, root, dir string) (string, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return "", err
	}
	path := filepath.Join(root, "simulator", filepath.FromSlash(f.file))
	source, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	if n := strings.Count(string(source), f.text); n != 1 {
		return "", fmt.Errorf("its text is %d times in %s and must be there once: correct faults.go", n, f.file)
	}
	changed, overlay, binary := filepath.Join(dir, "changed.go"), filepath.Join(dir, "overlay.json"), filepath.Join(dir, "simulate")
	if err := os.WriteFile(changed, []byte(strings.Replace(string(source), f.text, f.new, 1)), 0o600); err != nil {
		return "", err
	}
	replace, err := json.Marshal(map[string]any{"Replace": map[string]string{path: changed}})
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(overlay, replace, 0o600); err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-overlay", overlay, "-o", binary, "./simulator/testdata/simulate")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("it does not compile: %w\n%s", err, out)
	}
	return binary, nil
}

// search looks for the fault: the answer is how many seeds it took, and which
// rule was broken.
func (f fault) search(ctx context.Context, binary string, seeds uint64) (string, error) {
	out, err := exec.CommandContext(ctx, binary, "--jobs", "1", "--brief", "--seeds", fmt.Sprint(seeds)).CombinedOutput()
	if err == nil {
		return "", errors.New("every seed passed")
	}
	if said := regexp.MustCompile(`(?m)^found after .*$`).Find(out); said != nil {
		return string(said), nil
	}
	return "", fmt.Errorf("%w\n%s", err, out)
}
