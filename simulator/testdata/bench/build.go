package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// programs are built from one state of the code.
type programs struct {
	sentsim string // the command
	tests   string // the tests of package simulator, for their benchmarks
	bench   string // this program
}

// build builds the programs of the module in root into dir.
func build(ctx context.Context, root, dir string) (programs, error) {
	p := programs{filepath.Join(dir, "sentsim"), filepath.Join(dir, "simulator.test"), filepath.Join(dir, "bench")}
	for _, args := range [][]string{
		{"build", "-o", p.sentsim, "./cmd/sentsim"},
		{"test", "-c", "-o", p.tests, "./simulator"},
		{"build", "-o", p.bench, "./simulator/testdata/bench"},
	} {
		if _, err := output(ctx, root, "go", args...); err != nil {
			return p, err
		}
	}
	return p, nil
}

// buildBefore is build of an earlier commit.
func buildBefore(ctx context.Context, root, dir, commit string) (programs, error) {
	code, archive := filepath.Join(dir, "code"), filepath.Join(dir, "code.tar")
	if err := os.MkdirAll(code, 0o700); err != nil {
		return programs{}, err
	}
	if _, err := output(ctx, root, "git", "archive", "-o", archive, commit); err != nil {
		return programs{}, err
	}
	if _, err := output(ctx, code, "tar", "-xf", archive); err != nil {
		return programs{}, err
	}
	return build(ctx, code, dir)
}

// moduleRoot is the folder of the module that the working directory belongs to.
func moduleRoot(ctx context.Context) (string, error) {
	mod, err := output(ctx, "", "go", "env", "GOMOD")
	if err == nil && filepath.Base(strings.TrimSpace(mod)) != "go.mod" {
		err = errors.New("run it inside the module: it builds what it measures")
	}
	return filepath.Dir(strings.TrimSpace(mod)), err
}

// output runs a program in dir and returns what it printed on stdout.
func output(ctx context.Context, dir, program string, args ...string) (string, error) {
	var stderr strings.Builder
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir, cmd.Stderr = dir, &stderr
	// A run of CI is no place for the reports and annotations of measurements.
	cmd.Env = append(os.Environ(), "CI=", "GITHUB_ACTIONS=", "GITHUB_STEP_SUMMARY=")
	stdout, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w: %s%s", filepath.Base(program), strings.Join(args, " "), err, last(string(stdout)), last(stderr.String()))
	}
	return string(stdout), nil
}

// last is the end of what a program printed.
func last(text string) string {
	text = strings.TrimSpace(text)
	return text[max(0, len(text)-300):]
}
